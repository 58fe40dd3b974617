"""The routes of the counts: dashboard, map, members, tables, export."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from app.web.access import access
from app.web.organizer import counts_export, counts_map, counts_page, counts_tables

counts = Blueprint("organizer_counts", __name__)


@counts.get("")
@access("organizer")
def index() -> Response:
    return counts_page.show_dashboard()


@counts.get("/places")
@access("organizer")
def places() -> Response:
    return counts_page.show_places()


@counts.get("/compare")
@access("organizer")
def compare() -> Response:
    return counts_page.show_compared()


@counts.get("/members")
@access("organizer")
def members() -> Response:
    return counts_tables.show_members()


@counts.get("/by/<by>")
@access("organizer")
def table(by: str) -> Response:
    return counts_tables.show_table(by)


@counts.get("/map.svg")
@access("organizer")
def picture() -> Response:
    return counts_map.show_map()


@counts.get("/export")
@access("exporter")
def export() -> Response:
    return counts_export.show_export()


@counts.get("/export/file")
@access("exporter", fresh=True)
def export_file() -> Response:
    return counts_export.send_export()
