"""Comparing two texts, and merging two people's changes to one.

Lines are compared first, then the words within changed lines. The results are plain text, left
for a page to mark up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile
from operator import eq
from typing import Literal, TypeVar

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_MOST_WORDS = 4_000
"""Longer runs of changed lines are compared by line only."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words: the same in both texts, or only in the old or the new one."""

    kind: Literal["same", "old", "new"]
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """One line, or a run of lines that changed together."""

    kind: Literal["same", "changed", "old", "new"]
    line: int
    """The line of the new text on which the run begins, from 1."""
    pieces: tuple[Piece, ...]


def changes(old: str, new: str) -> tuple[Change, ...]:
    """Both texts merged line by line, with the changed words marked."""
    before, after = old.split("\n"), new.split("\n")
    found: list[Change] = []
    for tag, a, b, c, d in _steps(before, after):
        left, right = "\n".join(before[a:b]), "\n".join(after[c:d])
        if tag == "equal":
            found += [
                Change("same", c + n + 1, (Piece("same", line),))
                for n, line in enumerate(before[a:b])
            ]
        elif tag == "delete":
            found.append(Change("old", c + 1, (Piece("old", left),)))
        elif tag == "insert":
            found.append(Change("new", c + 1, (Piece("new", right),)))
        else:
            found.append(Change("changed", c + 1, word_changes(left, right)))
    return tuple(found)


def _steps(before: list[str], after: list[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """The opcodes of ``SequenceMatcher``. What both begin or end with is matched first: among
    identical lines, the longest match may be of others, and one change would become two."""
    start = len([*takewhile(bool, map(eq, before, after))])
    end = len([*takewhile(bool, map(eq, reversed(before[start:]), reversed(after[start:])))])
    old, new = len(before) - end, len(after) - end
    if start:
        yield "equal", 0, start, 0, start
    middle = SequenceMatcher(None, before[start:old], after[start:new], autojunk=False)
    for tag, a, b, c, d in middle.get_opcodes():
        yield tag, a + start, b + start, c + start, d + start
    if end:
        yield "equal", old, len(before), new, len(after)


def word_changes(old: str, new: str) -> tuple[Piece, ...]:
    """Both texts merged, with the words that only one of them has marked."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    if len(before) + len(after) > _MOST_WORDS:
        return (Piece("old", old), Piece("new", new))
    pieces: list[Piece] = []
    for tag, a, b, c, d in _steps(before, after):
        if tag == "equal":
            pieces.append(Piece("same", "".join(before[a:b])))
            continue
        if b > a:
            pieces.append(Piece("old", "".join(before[a:b])))
        if d > c:
            pieces.append(Piece("new", "".join(after[c:d])))
    return _join_adjacent(pieces)


def _join_adjacent(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Join changes that only white space separates, so a changed sentence reads as one."""
    joined: list[Piece] = []
    old = new = ""
    for index, piece in enumerate(pieces):
        if piece.kind == "old":
            old += piece.text
        elif piece.kind == "new":
            new += piece.text
        elif not piece.text.strip() and (old or new) and index + 1 < len(pieces):
            old, new = old + piece.text, new + piece.text
        else:
            joined += _pieces(old, new)
            old = new = ""
            joined.append(piece)
    return (*joined, *_pieces(old, new))


def _pieces(old: str, new: str) -> Iterator[Piece]:
    if old.strip() == "" and new.strip() == "" and old == new and old:
        yield Piece("same", old)
        return
    if old:
        yield Piece("old", old)
    if new:
        yield Piece("new", new)


# --- merging ------------------------------------------------------------------------------


Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Merged:
    """A suggested text with both people's changes."""

    text: str
    clashes: int
    """How many conflicts there are; each has their version first, then yours."""


def three_way(base: Value, theirs: Value, mine: Value) -> Value | None:
    """The version of a value with both people's changes; None if they changed it differently."""
    if mine in (theirs, base):
        return theirs
    return mine if theirs == base else None


def merge(base: str, theirs: str, mine: str) -> Merged:
    """Both people's changes to ``base`` in one text, merged by line or, in a conflict, by word."""
    whole = three_way(base, theirs, mine)
    if whole is not None:
        return Merged(whole, 0)
    lines: list[str] = []
    clashes = 0
    for region in _regions(base.split("\n"), theirs.split("\n"), mine.split("\n")):
        if isinstance(region, list):
            lines += region
            continue
        merged = _merge_words(*("\n".join(part) for part in region))
        if merged is not None:
            lines += merged.split("\n")
        else:
            clashes += 1
            lines += [*region[1], *region[2]]
    return Merged("\n".join(lines), clashes)


def _merge_words(base: str, theirs: str, mine: str) -> str | None:
    parts = [_WORDS.findall(text) for text in (base, theirs, mine)]
    if sum(map(len, parts)) > _MOST_WORDS:
        return None
    words: list[str] = []
    for region in _regions(*parts):
        if not isinstance(region, list):
            return None
        words += region
    return "".join(words)


Clash = tuple[Sequence[str], Sequence[str], Sequence[str]]


def _regions(base: list[str], theirs: list[str], mine: list[str]) -> Iterator[list[str] | Clash]:
    """The merged runs in order, and each conflict as (base, theirs, mine)."""
    b = t = m = 0
    end = len(base), len(theirs), len(mine), 0
    for base_at, their_at, my_at, size in (*_common(base, theirs, mine), end):
        old, first, second = base[b:base_at], theirs[t:their_at], mine[m:my_at]
        kept = three_way(old, first, second)
        yield (old, first, second) if kept is None else kept
        yield base[base_at : base_at + size]
        b, t, m = base_at + size, their_at + size, my_at + size


def _common(
    base: list[str], theirs: list[str], mine: list[str]
) -> Iterator[tuple[int, int, int, int]]:
    """The runs that all three share: their start in each, and their length."""
    first = [step[1:4] for step in _steps(base, theirs) if step[0] == "equal"]
    second = [step[1:4] for step in _steps(base, mine) if step[0] == "equal"]
    i = j = 0
    while i < len(first) and j < len(second):
        (a, a_end, in_theirs), (b, b_end, in_mine) = first[i], second[j]
        start, end = max(a, b), min(a_end, b_end)
        if start < end:
            yield start, in_theirs + start - a, in_mine + start - b, end - start
        if a_end <= b_end:
            i += 1
        else:
            j += 1
