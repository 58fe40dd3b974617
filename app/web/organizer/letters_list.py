"""The list of letters."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response

from app.web.organizer.letters_shelf import shelf
from app.web.organizer.show import page
from app.web.services import services


def show_letters() -> Response:
    """Every letter with where it stands."""
    books = shelf(services())
    return page("letters/index", letters=books.letters, done=request.args.get("done", ""))
