"""Other things on paper than a single letter: packets, labels, sheets, posters.

Each is a template in ``typst/`` that gets its contents as JSON, under the same rules as a
letter (``pdf``): text is only ever placed, and nothing is read from anywhere else.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import segno
import typst

from app.documents import pdf
from app.documents.fonts import families_for, font_folders

LETTER = "letter.typ"


@cache
def _compiler(template: str) -> typst.Compiler:
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(folder) for folder in font_folders()],
    )
    return typst.Compiler(
        str(pdf.TEMPLATES / template),
        root=str(pdf.TEMPLATES),
        font_paths=fonts,
        ignore_system_fonts=True,
    )


def typeset(template: str, data: Mapping[str, Any], *, tagged: bool = True) -> bytes:
    """The PDF of a template. A character that no font has is printed as ``\ufffd``.

    ``tagged`` is for a document that is read on a screen (PDF/UA-1); what only goes to a
    printer is smaller without. Raises ``PdfError`` without a word of the contents.
    """
    payload = json.dumps({"fonts": families_for(""), **data}, ensure_ascii=False)
    try:
        return _set(template, payload, [pdf._STANDARD] if tagged else [], tagged)
    finally:
        pdf._forget()


def _set(template: str, payload: str, standards: list[Any], tagged: bool) -> bytes:
    for _ in range(3):
        try:
            return _run(template, payload, standards, tagged)
        except typst.TypstError as error:
            report = getattr(error, "diagnostic", "")
        if not pdf._UNPRINTABLE.search(report):
            raise pdf.PdfError("The page could not be set as a PDF.")
        missing = pdf._unprintable(report)
        if not missing:
            break
        payload = payload.translate({ord(char): pdf._stand_in(char) for char in missing})
    return _run(template, payload, [], tagged)


def _run(template: str, payload: str, standards: list[Any], tagged: bool) -> bytes:
    key = "letters" if template == LETTER else "data"
    with pdf._lock:
        made = _compiler(template).compile(
            format="pdf", sys_inputs={key: payload}, pdf_standards=standards, pdf_tags=tagged
        )
    assert isinstance(made, bytes)
    return made


def qr_svg(address: str) -> str:
    """A QR code as an SVG picture with its quiet zone, robust enough for a creased sheet."""
    picture = io.BytesIO()
    segno.make(address, error="q", micro=False).save(
        picture, kind="svg", border=4, dark="#000000", light="#ffffff", xmldecl=False
    )
    return picture.getvalue().decode("utf-8")
