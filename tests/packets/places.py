"""The positions of text on a page, read from the PDF itself."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from pypdf import PdfReader

INCH = 72


@dataclass(frozen=True)
class Piece:
    """A run of text: its left edge and its baseline in inches from the page's top left, and its
    type size in points."""

    text: str
    x: float
    y: float
    size: float


def pieces(pdf: bytes, page: int = 0) -> list[Piece]:
    """The runs of a page in drawing order."""
    found: list[Piece] = []
    sheet = PdfReader(io.BytesIO(pdf)).pages[page]
    height = float(sheet.mediabox.height)

    def visit(text: str, cm: list[float], tm: list[float], _font: Any, size: float) -> None:
        if not text.strip():
            return
        # The text matrix within the page's.
        x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
        y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
        found.append(Piece(text.strip(), x / INCH, (height - y) / INCH, size * abs(tm[3] * cm[3])))

    sheet.extract_text(visitor_text=visit)
    return found
