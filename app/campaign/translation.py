"""A reading aid beside its letter, paragraph by paragraph, and whether it still fits.

For each paragraph of a reading aid its file says, under ``reading_aid_of``, which English it
was made for: the first eight hex digits of the SHA-256 of that paragraph's words. When the
English changes, the paragraph is stale until somebody changes it or says that it still fits.
The note stands in the text file itself, so it goes wherever the text goes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

AidState = Literal["current", "stale", "missing", "left_over", "unknown"]
"""``missing``: no Spanish yet. ``left_over``: its English is gone. ``unknown``: the file does
not say which English it was made for."""

NONE_YET = "-"
"""Stands for a paragraph whose English is not known."""
KEY = "reading_aid_of"
_GAP = re.compile(r"\n[ \t]*\n\s*")
_MARK = re.compile(r"[0-9a-f]{8}|-")


@dataclass(frozen=True, slots=True)
class Pair:
    """One paragraph in both languages; either may be empty."""

    english: str
    spanish: str
    state: AidState
    mark: str = NONE_YET
    """Which English the Spanish was made for, as its file says."""


def paragraphs(body: str) -> tuple[str, ...]:
    """The parts of a source between empty lines, tags and fields as they stand."""
    text = body.replace("\r\n", "\n").strip()
    return tuple(part.strip("\n") for part in _GAP.split(text)) if text else ()


def mark_of(english: str) -> str:
    """Names the words of a paragraph; breaking its lines elsewhere changes nothing."""
    words = " ".join(english.split())
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def read_marks(note: str) -> tuple[str, ...]:
    """The marks in a file's ``reading_aid_of``."""
    return tuple(_MARK.findall(note))


def write_marks(marks: Iterable[str]) -> str:
    """Marks as a file keeps them."""
    return " ".join(marks)


def pair(english: str, spanish: str, note: str = "") -> tuple[Pair, ...]:
    """The paragraphs of a letter beside those of its reading aid.

    A Spanish paragraph goes to the English that it was made for wherever that stands now;
    between two such pairs the others are put side by side in order and are stale. Without a
    note, paragraphs are put side by side in order and their state is unknown.
    """
    ours, theirs, marks = paragraphs(english), paragraphs(spanish), read_marks(note)
    if len(marks) != len(theirs):
        marks = tuple(NONE_YET for _ in theirs)
    wanted = [mark_of(text) for text in ours]
    pairs: list[Pair] = []
    if all(mark == NONE_YET for mark in marks):
        pairs = _side_by_side(ours, theirs, marks)
    else:
        steps = SequenceMatcher(None, wanted, marks, autojunk=False).get_opcodes()
        for step, a, b, c, d in steps:
            if step == "equal":
                both = zip(ours[a:b], theirs[c:d], marks[c:d], strict=True)
                pairs += [Pair(here, there, "current", mark) for here, there, mark in both]
            else:
                pairs += _side_by_side(ours[a:b], theirs[c:d], marks[c:d])
    return tuple(pairs)


def _side_by_side(ours: Sequence[str], theirs: Sequence[str], marks: Sequence[str]) -> list[Pair]:
    pairs = []
    for place in range(max(len(ours), len(theirs))):
        here = ours[place] if place < len(ours) else ""
        there = theirs[place] if place < len(theirs) else ""
        state: AidState = "stale"
        if not there:
            state = "missing"
        elif not here:
            state = "left_over"
        elif marks[place] == NONE_YET:
            state = "unknown"
        pairs.append(Pair(here, there, state, marks[place] if there else NONE_YET))
    return pairs


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed for one paragraph, beside what it was before."""

    english: str
    """The mark of the English that was shown beside it, or ``-`` where there was none."""
    spanish: str
    before: str
    """The Spanish as it was shown."""
    mark: str
    """The mark that it had, or ``-``."""
    fits: bool
    """Whether the box "still fits" was ticked."""


def join(typed: Iterable[Typed]) -> tuple[str, str]:
    """The body of a reading aid and its note, of what was typed.

    A paragraph that was changed or ticked fits the English beside it; another keeps its mark.
    An empty one is left out; one that was typed as two counts as two for the same English.
    """
    body: list[str] = []
    marks: list[str] = []
    for one in typed:
        changed = one.fits or paragraphs(one.spanish) != paragraphs(one.before)
        for text in paragraphs(one.spanish):
            body.append(text)
            marks.append(one.english if changed and one.english != NONE_YET else one.mark)
    return "\n\n".join(body), write_marks(marks)
