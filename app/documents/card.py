"""The picture that other sites show with a link: drawn once, kept as a static file."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import typst

from app.documents.fonts import font_folders
from app.documents.pdf import TEMPLATES

SIZE = (1200, 630)
"""Pixels: the shape that every network shows uncut."""


@dataclass(frozen=True, slots=True)
class CardWords:
    """What the picture says. Nothing of it is about any person."""

    lang: str
    heading: str
    line: str
    small: str


def to_card(words: CardWords) -> bytes:
    """The picture as PNG. Takes about a second: for building the site, not for a page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(TEMPLATES / "card.typ", folder)
        (folder / "words.json").write_text(json.dumps(asdict(words)), encoding="utf-8")
        picture = typst.compile(
            str(folder / "card.typ"),
            root=str(folder),
            format="png",
            ppi=72,
            font_paths=[str(path) for path in font_folders()],
            ignore_system_fonts=True,
        )
    assert isinstance(picture, bytes)
    return picture
