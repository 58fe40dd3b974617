"""The routes of the pages about paper: what to print, and what people signed by hand."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from werkzeug.wrappers import Response

from app.web.access import access
from app.web.organizer import paper_enter, paper_print, paper_upload

paper = Blueprint("organizer_paper", __name__)

PRINTED = "<any(poster, signup, blank):kind>"


@paper.url_value_preprocessor
def limits(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    paper_upload.raise_limits(endpoint)


@paper.get("/paper/")
@access("organizer")
def index() -> Response:
    return paper_print.show_index()


@paper.get(f"/paper/{PRINTED}.pdf")
@access("organizer")
def printed(kind: str) -> Response:
    return paper_print.printed(kind)


@paper.get("/paper/enter")
@access("editor")
def enter() -> Response:
    return paper_enter.show_enter()


@paper.post("/paper/enter")
@access("editor")
def enter_post() -> Response:
    return paper_enter.take_enter()


@paper.get("/paper/back")
@access("editor")
def back() -> Response:
    return paper_enter.show_back()


@paper.post("/paper/back")
@access("editor")
def back_post() -> Response:
    return paper_enter.take_back()


@paper.get("/paper/upload")
@access("editor")
def upload() -> Response:
    return paper_upload.show_upload()


@paper.post("/paper/upload")
@access("editor")
def upload_post() -> Response:
    return paper_upload.take_upload()


@paper.post("/paper/check")
@access("editor")
def check() -> Response:
    return paper_upload.take_check()
