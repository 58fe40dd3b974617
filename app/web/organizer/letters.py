"""The routes of the workshop, under ``/organize/letters``: editors only, ``gate`` sees to it.

``letter`` in an address is the name of a letter's files (``general``), ``part`` one of its
texts: ``full``, ``short``, and their reading aids ``full-es`` and ``short-es``.
"""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from app.web.access import access
from app.web.organizer import (
    letters_check,
    letters_edit,
    letters_list,
    letters_preview,
    letters_publish,
    letters_versions,
)

letters = Blueprint("organizer_letters", __name__)


@letters.get("/")
@access("editor")
def index() -> Response:
    return letters_list.show_letters()


@letters.get("/new")
@access("editor")
def new() -> Response:
    return letters_edit.show_new()


@letters.post("/new")
@access("editor")
def new_post() -> Response:
    return letters_edit.take_new()


@letters.get("/<letter>/")
@access("editor")
def letter(letter: str) -> Response:
    return letters_publish.show_letter(letter)


@letters.get("/<letter>/<part>/edit")
@access("editor")
def edit(letter: str, part: str) -> Response:
    return letters_edit.show_edit(letter, part)


@letters.post("/<letter>/<part>/edit")
@access("editor")
def edit_post(letter: str, part: str) -> Response:
    return letters_edit.take_edit(letter, part)


@letters.post("/<letter>/<part>/discard")
@access("editor")
def discard(letter: str, part: str) -> Response:
    return letters_publish.take_discard(letter, part)


@letters.get("/<letter>/<part>/versions")
@access("editor")
def versions(letter: str, part: str) -> Response:
    return letters_versions.show_versions(letter, part)


@letters.post("/<letter>/<part>/restore")
@access("editor")
def restore(letter: str, part: str) -> Response:
    return letters_versions.take_restore(letter, part)


@letters.get("/<letter>/check")
@access("editor")
def check(letter: str) -> Response:
    return letters_check.show_check(letter)


@letters.get("/<letter>/preview")
@access("editor")
def preview(letter: str) -> Response:
    return letters_preview.show_preview(letter)


@letters.get("/<letter>/preview.pdf")
@access("editor")
def preview_pdf(letter: str) -> Response:
    return letters_preview.show_pdf(letter)


@letters.get("/<letter>/publish")
@access("editor")
def publish(letter: str) -> Response:
    return letters_publish.show_publish(letter)


@letters.post("/<letter>/publish")
@access("editor")
def publish_post(letter: str) -> Response:
    return letters_publish.take_publish(letter)


@letters.post("/<letter>/retire")
@access("editor")
def retire(letter: str) -> Response:
    return letters_publish.take_retire(letter)


@letters.post("/<letter>/bring-back")
@access("editor")
def bring_back(letter: str) -> Response:
    return letters_publish.take_bring_back(letter)
