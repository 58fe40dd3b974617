"""Letters as PDF: for one person, and numbered with a cover for one office's packet.

Packets are printed, so they carry no tags for screen readers; that, and working in chunks, keeps
the time and memory per letter the same for ten letters and ten thousand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.campaign.words import date_words
from app.congress.model import Holder
from app.congress.names import inside_address, seat_name, titled_name
from app.documents.layout import paragraph_data, template_data
from app.documents.letter import Addressed, PostalLetter, postal
from app.documents.typesetting import FAMILIES, typeset, unprintable
from app.text import clean_text

LETTER = "letter.typ"
CHUNK = 100
"""How many letters are set together for a packet. More would save no time and take more memory."""
TOWNS = 60
"""How many towns a cover sheet lists; the rest are summed up."""


def to_pdf(letters: Sequence[Addressed]) -> bytes:
    """One PDF in which each letter starts a new page; Typst takes a megabyte per letter.

    A character that no font has is printed as ``\ufffd``; call ``missing_glyphs`` first so that
    the person can change it. Raises ``ValueError`` for no letters, and ``PdfError``.
    """
    if not letters:
        raise ValueError("no letters to print")
    pages = [
        template_data(postal(item.letter, item.writer, item.office, item.translation))
        for item in letters
    ]
    return typeset(LETTER, {"language": pages[0]["language"], "letters": pages})


def missing_glyphs(*texts: str) -> tuple[str, ...]:
    """The characters of these texts that the printed letter cannot show, each once, in order.

    Empty for everything the fonts cover: Latin, Vietnamese, Greek, Cyrillic, Hebrew, Arabic,
    Chinese, Japanese, Korean, the scripts of South and Southeast Asia, Ethiopic, Armenian,
    Georgian, emoji. Warn before printing; ``to_pdf`` prints ``\ufffd`` in their place.
    """
    text = "\n".join(map(clean_text, texts))
    if all(char < "\u0250" for char in text):
        return ()
    page = PostalLetter((), "", (), "", "", tuple(text.split("\n")), "", "")
    return unprintable(LETTER, {"language": "en", "letters": [template_data(page)]})


# --- one office's packet ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cover:
    """The content of the sheet on top of an office's letters."""

    holder: Holder
    people: int
    """Constituents whose letters to this office are in the packet, over all its files."""
    asks: tuple[tuple[str, int], ...]
    """One line for each ask of the letters, and how many letters ask it; most frequent first."""
    towns: tuple[tuple[str, int], ...]
    """Town and state, and the number of letters from there, in the order of the letters."""
    subject: str
    day: date
    """When the packet was made."""
    group: str
    contact: str = ""
    first: int = 1
    """The number of the first letter after this sheet; more than 1 if the packet is continued."""


@dataclass(frozen=True, slots=True)
class NumberedLetter:
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
        "day": date_words(cover.day),
        "group": cover.group,
        "contact": cover.contact,
        "first": f"{cover.first:,}" if cover.first > 1 else "",
    }
    return typeset("cover.typ", data, tagged=False)


def letters_data(letters: Sequence[NumberedLetter]) -> dict[str, Any]:
    """The template's data for up to ``CHUNK`` letters, each with ``No. 37 of 312`` at its foot.

    This is Python's half of the work; another thread can meanwhile do Typst's half,
    ``typeset_letters``. Raises ``ValueError`` for no letters or too many.
    """
    if not 0 < len(letters) <= CHUNK:
        raise ValueError(f"a chunk holds 1 to {CHUNK} letters, not {len(letters)}")
    # Most paragraphs are the campaign's, the same in many letters.
    known: dict[str, dict[str, Any]] = {}

    def paragraph(text: str) -> dict[str, Any]:
        if text not in known:
            known[text] = paragraph_data(text)
        return known[text]

    pages = []
    widths: dict[str, int] = {}
    for letter in letters:
        sheet = postal(letter.item.letter, letter.item.writer, letter.item.office)
        page = template_data(sheet, paragraph)
        page["mark"] = f"No. {letter.number:,} of {letter.of:,}"
        if _is_plain(page):
            page["fonts"] = FAMILIES[:1]  # fewer fonts to search for each word
            page["single"] = fits_one_page(sheet, widths)
        pages.append(page)
    return {"language": "en", "letters": pages}


def typeset_letters(data: Mapping[str, Any]) -> bytes:
    """The PDF of ``letters_data``. Typst releases the GIL, so other threads go on."""
    return typeset(LETTER, data, tagged=False)


_MARKS = frozenset("\u200b–—‘’“”…•")


def _is_plain(page: dict[str, Any]) -> bool:
    """Whether a letter has only characters that the first font certainly covers."""
    text = str((page["return_address"], page["inside_address"], page["name"],
                page["body"], page["tail"]))  # fmt: skip
    return all(char < "\u0180" or char in _MARKS for char in set(text))


# --- whether a letter certainly fits on one page ------------------------------------------
#
# If that is known, a letter is set in half the time: without a page counter, which makes Typst lay
# everything out twice, and without keeping the sign-off together. To find out, the lines are broken
# here with the widths of the letter's font. Kerning (``AV``) and breaks within words are ignored,
# so this never counts too few lines.

_WIDTHS = (
    24, 29, 40, 53, 53, 96, 74, 19, 38, 38, 47, 54, 31, 33, 31, 35, 55, 55, 55, 55, 55, 55, 55,
    55, 55, 55, 31, 31, 54, 54, 54, 42, 84, 74, 67, 68, 76, 66, 63, 75, 83, 38, 39, 74, 63, 96,
    79, 76, 64, 76, 71, 56, 65, 78, 73, 103, 69, 69, 61, 35, 35, 35, 54, 52, 40, 56, 64, 54, 64,
    55, 38, 58, 66, 35, 32, 62, 35, 99, 67, 60, 65, 63, 48, 49, 38, 65, 62, 88, 60, 63, 51, 37,
    29, 37, 54,
)  # fmt: skip
"""Source Serif 4 at 11 points, from space to tilde, in hundredths of an em, rounded up."""
_OTHER_WIDTHS = {
    "\u200b": 0,
    "–": 54,
    "—": 82,
    "‘": 25,
    "’": 25,
    "“": 48,
    "”": 48,
    "…": 88,
    "•": 35,
}
_WIDEST = 103
"""The widest of all Latin letters, accented ones included."""
_SPACE = _WIDTHS[0]
_LINE = 4_190
"""The line of 6.42 inches, less a small margin."""
_ROOM = 23.41
"""How many lines of body fit below a one-line subject and a four-line address."""
_ADDRESS = 4
_BETWEEN = 0.481
"""The space between two paragraphs, in lines."""

_CHAR_WIDTHS = {chr(32 + place): width for place, width in enumerate(_WIDTHS)} | _OTHER_WIDTHS


def lines_of(text: str, words: dict[str, int]) -> int:
    """The most lines that one paragraph can take. ``words`` caches widths between calls."""
    lines = 0
    for line in text.split("\n"):
        lines += 1
        used = 0
        for word in line.split(" "):
            width = words.get(word)
            if width is None:
                width = words[word] = sum(_CHAR_WIDTHS.get(char, _WIDEST) for char in word)
            if used and used + _SPACE + width > _LINE:
                lines += 1
                used = 0
            if width > _LINE:
                lines += width // (_LINE - _WIDEST)
                used = _LINE
            else:
                used += width + (_SPACE if used else 0)
    return lines


def fits_one_page(page: PostalLetter, words: dict[str, int]) -> bool:
    """Whether a letter in the Latin alphabet certainly fits on one page.

    ``words`` caches widths between calls.
    """
    own, office = page.return_address, page.inside_address
    if len(own) > 3 or any(len(line) >= 60 for line in own):
        return False  # it pushes everything down
    lines = sum(lines_of(text, words) for text in page.paragraphs)
    single = (*office, page.salutation, page.closing, page.name)
    more = sum(lines_of(text, words) - 1 for text in single)
    more += len(page.subject) // 64  # in bold, which is wider
    height = lines + _BETWEEN * (len(page.paragraphs) - 1) + more + max(len(office) - _ADDRESS, 0)
    return height <= _ROOM
