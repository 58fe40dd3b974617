"""The routes of the counts: dashboard, members, export."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from app.web.access import access
from app.web.organizer import counts_export, counts_page

counts = Blueprint("organizer_counts", __name__)


@counts.get("")
@access("organizer")
def index() -> Response:
    return counts_page.show_dashboard()


@counts.get("/members")
@access("organizer")
def members() -> Response:
    return counts_page.show_members()


@counts.get("/export")
@access("exporter")
def export() -> Response:
    return counts_export.show_export()


@counts.get("/export/file")
@access("exporter", fresh=True)
def export_file() -> Response:
    return counts_export.send_export()
