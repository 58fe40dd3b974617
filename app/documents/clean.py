"""Typed text made fit for paper and for forms: nothing visible is lost, nothing hidden stays.

All renderings of a letter clean their text here, so that they agree.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_BREAKS = re.compile(r"\r\n?|[\n\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
_BLANKS = re.compile(r"[ \t]+")
_BETWEEN_PARAGRAPHS = re.compile(r"\n\s*\n")

# Format characters that carry meaning: joiners (Persian, emoji families), direction marks, and
# the visible Arabic, Syriac and Kaithi number signs. All others are invisible: soft hyphens,
# zero-width spaces, byte-order marks, direction overrides, tags that hide text.
_KEPT_FORMATS = frozenset("\u200c\u200d\u200e\u200f\u061c\u06dd\u070f\u08e2\U000110bd") | {
    chr(code) for code in range(0x0600, 0x0606)
}
_MARKS_PER_LETTER = 4
"""Vietnamese needs two, Hebrew and Thai three; towers of marks would run into other lines."""


def _is_noncharacter(code: int) -> bool:
    return 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE


def _keep(char: str) -> bool:
    category = unicodedata.category(char)
    if category in ("Cc", "Cs"):
        return char == "\n"
    if category == "Cf":
        return char in _KEPT_FORMATS
    return not _is_noncharacter(ord(char)) and char != "\ufffc"


def _limit_marks(text: str) -> str:
    out: list[str] = []
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if marks <= _MARKS_PER_LETTER:
            out.append(char)
    return "".join(out)


def clean_text(text: str) -> str:
    """Text in NFC with ``\\n`` line breaks, single blanks, and no control or hidden character.

    Lines are stripped at both ends. Tabs become a blank. Every visible character stays.
    """
    text = _BREAKS.sub("\n", text).replace("\t", " ")
    if not (text.isascii() and text.replace("\n", "").isprintable()):
        # What is hidden goes first: it can stand between a letter and its accent.
        # A text has few different characters, so each is looked at once.
        hidden = {ord(char): None for char in set(text) if not _keep(char)}
        text = unicodedata.normalize("NFC", text.translate(hidden) if hidden else text)
        if any(unicodedata.category(char) in ("Mn", "Me") for char in set(text)):
            text = _limit_marks(text)
    return "\n".join(_BLANKS.sub(" ", line).strip() for line in text.split("\n"))


def clean_line(text: str) -> str:
    """The same on one line: a line break becomes a blank."""
    return _BLANKS.sub(" ", clean_text(text).replace("\n", " ")).strip()


def clean_paragraphs(texts: Iterable[str]) -> tuple[str, ...]:
    """Paragraphs without an empty one; a blank line inside a text starts a new paragraph."""
    return tuple(
        paragraph.strip()
        for text in texts
        for paragraph in _BETWEEN_PARAGRAPHS.split(clean_text(text))
        if paragraph.strip()
    )


def says_something(line: str) -> bool:
    """Whether a line has a letter, a digit or a picture; ``.`` and ``--`` have none."""
    return any(
        unicodedata.category(char)[0] in "LN" or unicodedata.category(char) == "So" for char in line
    )
