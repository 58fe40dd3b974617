"""The routes of the day sheets."""

from __future__ import annotations

from flask import Blueprint, request
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from app.site.services import services
from app.web.access import access
from app.web.limits import in_room
from app.web.organizer import offices as sheets
from app.web.organizer.nav import Entry, add_entry

offices = Blueprint("organizer_offices", __name__)

add_entry(
    Entry(
        "organizer_offices.index",
        _l("Offices"),
        "organizer",
        31,
        _l("A page for each office to take to a visit, with its number and its ask."),
    )
)


@offices.get("")
@access("organizer")
def index() -> Response:
    return sheets.show_list(request.args, services())


@offices.get("/all.pdf")
@access("organizer")
@in_room("books")
def book() -> Response:
    return sheets.book_file(services())


@offices.get("/state/<state>.pdf")
@access("organizer")
@in_room("books")
def delegation(state: str) -> Response:
    return sheets.delegation_file(state, services())


@offices.get("/<name>.pdf")
@access("organizer")
def sheet_pdf(name: str) -> Response:
    return sheets.sheet_file(name, services())


@offices.get("/<name>")
@access("organizer")
def sheet(name: str) -> Response:
    return sheets.show_sheet(name, services())
