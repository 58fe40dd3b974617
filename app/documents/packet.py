"""A packet: one office's letters for delivery by hand, with a cover sheet, numbered.

Packets are printed, so they carry no tags for screen readers; that and working in chunks keeps
time and memory per letter the same for ten letters and ten thousand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import pikepdf

from app.congress import inside_address
from app.congress.model import Holder
from app.congress.names import seat_name, titled_name
from app.documents.fitting import fits_one_page
from app.documents.fonts import FAMILIES
from app.documents.layout import paragraph_data, template_data
from app.documents.model import Addressed
from app.documents.postal import long_date, postal
from app.documents.typesetting import LETTER, typeset

CHUNK = 100
"""Letters that are set together. More saves no time and takes more memory."""
TOWNS = 60
"""Towns that a cover sheet lists; the rest are summed up."""


@dataclass(frozen=True, slots=True)
class Cover:
    """What stands on the sheet before an office's letters."""

    holder: Holder
    people: int
    """Constituents whose letters to this office are in the packet, all files together."""
    asks: tuple[tuple[str, int], ...]
    """What the letters ask in a line each, with how many ask it; the most frequent first."""
    towns: tuple[tuple[str, int], ...]
    """Town and state with the number of letters, in the order of the letters."""
    subject: str
    day: date
    """When the packet was made."""
    group: str
    contact: str = ""
    first: int = 1
    """The number of the first letter behind this sheet; more than 1 in a further file."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A letter with its number in the packet."""

    item: Addressed
    number: int
    of: int


def cover_pdf(cover: Cover) -> bytes:
    """The cover sheet, one page. Raises ``ValueError`` for a vacant seat."""
    listed = cover.towns[:TOWNS]
    rest = sum(count for _town, count in cover.towns[TOWNS:])
    data = {
        "to": list(inside_address(cover.holder)),
        "title": titled_name(cover.holder),
        "seat": seat_name(cover.holder),
        "people": f"{cover.people:,}",
        "many": cover.people != 1,
        "asks": [[text, f"{count:,}"] for text, count in cover.asks],
        "towns": [[town, f"{count:,}"] for town, count in listed],
        "more_towns": len(cover.towns) - len(listed),
        "more_letters": f"{rest:,}",
        "subject": cover.subject,
        "day": long_date(cover.day),
        "group": cover.group,
        "contact": cover.contact,
        "first": f"{cover.first:,}" if cover.first > 1 else "",
    }
    return typeset("cover.typ", data, tagged=False)


def letters_pdf(letters: Sequence[Numbered]) -> bytes:
    """Up to ``CHUNK`` letters, each from a page of its own with ``No. 37 of 312`` at its foot.

    Raises ``ValueError`` for none or too many.
    """
    return set_letters(letters_data(letters))


def letters_data(letters: Sequence[Numbered]) -> dict[str, Any]:
    """The first half of ``letters_pdf``: Python's work, for whoever has another thread set it."""
    if not 0 < len(letters) <= CHUNK:
        raise ValueError(f"a chunk holds 1 to {CHUNK} letters, not {len(letters)}")
    # Most paragraphs are the campaign's and the same in many letters.
    known: dict[str, dict[str, Any]] = {}

    def paragraph(text: str) -> dict[str, Any]:
        if text not in known:
            known[text] = paragraph_data(text)
        return known[text]

    pages = []
    words: dict[str, int] = {}
    for letter in letters:
        sheet = postal(letter.item.letter, letter.item.writer, letter.item.office)
        page = template_data(sheet, paragraph)
        page["mark"] = f"No. {letter.number:,} of {letter.of:,}"
        if _is_plain(page):
            page["fonts"] = FAMILIES[:1]  # fewer to look through for each word
            page["single"] = fits_one_page(sheet, words)
        pages.append(page)
    return {"language": "en", "letters": pages}


def set_letters(data: Mapping[str, Any]) -> bytes:
    """The second half: Typst's work, during which other threads of Python go on."""
    return typeset(LETTER, data, tagged=False)


_MARKS = frozenset("\u200b–—‘’“”…•")


def _is_plain(page: dict[str, Any]) -> bool:
    """Whether a letter has only characters that its first font surely has."""
    text = str((page["return_address"], page["inside_address"], page["name"],
                page["body"], page["tail"]))  # fmt: skip
    return all(char < "\u0180" or char in _MARKS for char in set(text))


def join(pdfs: Iterable[bytes], target: Path | BinaryIO) -> int:
    """Write several PDFs as one file and return its pages.

    Memory grows with the pages of this one file (about 16 KB a page), so a caller limits it.
    """
    with pikepdf.new() as joined:
        sources = []  # each is needed until the file is saved
        try:
            for content in pdfs:
                source = pikepdf.open(BytesIO(content))
                sources.append(source)
                joined.pages.extend(source.pages)
            pages = len(joined.pages)
            joined.save(target, object_stream_mode=pikepdf.ObjectStreamMode.generate)
        finally:
            for source in sources:
                source.close()
    return pages
