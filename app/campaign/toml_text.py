"""A TOML text line by line: where its values stand, and moving its tables with their comments.

The standard reader gives values without positions, and its writer knows nothing of comments.
This follows headers and keys and knows just enough of TOML to skip the inside of long strings.
A table takes the comments that stand right above it along; comments and empty lines between
tables stay where they are, so that the heading of a section never wanders with a table.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from app.campaign.problems import Message

_HEADER = re.compile(r"\s*\[(\[)?\s*([A-Za-z0-9_.\"-]+)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_.-]+|\"[^\"]*\")\s*=\s*(.*)")
_QUOTES = ('"""', "'''")
_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)")
LineKind = Literal["blank", "comment", "header", "value"]


@lru_cache(maxsize=8)
def toml_values(text: str) -> dict[str, Any]:
    """What a TOML text says, whatever marks its beginning and ends its lines.

    A page asks for many fields of two or three texts, so the last ones stay read: what comes
    back belongs to everybody and is not to be changed. Raises ``TOMLDecodeError``.
    """
    return tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n"))


def _read(lines: Iterable[str]) -> Iterator[tuple[LineKind, re.Match[str] | None]]:
    """What each line is, with its header or its key; every line of a long string is part of its
    value."""
    until = ""
    for line in lines:
        if until:
            until = "" if until in line else until
            yield "value", None
        elif not line.strip():
            yield "blank", None
        elif line.lstrip().startswith("#"):
            yield "comment", None
        elif header := _HEADER.match(line):
            yield "header", header
        else:
            key = _KEY.match(line)
            value = key[2] if key else ""
            if value.startswith(_QUOTES) and value[:3] not in value[3:]:
                until = value[:3]
            yield "value", key


def key_lines(text: str) -> dict[str, int]:
    """The line (from 1) of each table and value by dotted path.

    The n-th ``[[asks]]`` is ``asks.n`` (from 0) and its key ``text`` is ``asks.n.text``. For
    a long string the line is that on which its words begin.
    """
    lines: dict[str, int] = {}
    counts: Counter[str] = Counter()
    table = ""
    for number, (kind, found) in enumerate(_read(text.split("\n")), start=1):
        if kind == "header" and found:
            name = found[2].replace('"', "")
            table = f"{name}.{counts[name]}" if found[1] else name
            counts[name] += 1
            lines[table] = number
        elif found:
            name = found[1].strip('"')
            below = found[2].startswith(_QUOTES) and not found[2][3:].strip()
            lines[f"{table}.{name}" if table else name] = number + below
    return lines


def toml_line(error: tomllib.TOMLDecodeError, text: str) -> int:
    """The line that a TOML error names; the last one for what is missing at the end."""
    match = _AT_LINE.search(str(error))
    return int(match[1]) if match else text.count("\n") + 1


def toml_message(error: tomllib.TOMLDecodeError) -> Message:
    """What a TOML error says, without its position."""
    words = _AT_LINE.sub("", str(error)).replace(" (at end of document)", "").rstrip(".")
    return Message.of("toml", why=words)


# --- whole tables ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TableLines:
    """The lines of one table, from 0: ``first`` to before ``end``; ``header`` is ``[[name]]``."""

    first: int
    header: int
    end: int


def line_kinds(lines: list[str]) -> list[LineKind]:
    """What each line is."""
    return [kind for kind, _found in _read(lines)]


def blocks_of(text: str, name: str) -> tuple[TableLines, ...]:
    """The tables ``[[name]]`` of a text in order, or those inside it: ``[name.growth]``."""
    lines = text.split("\n")
    kinds = line_kinds(lines)
    headers = [n for n, kind in enumerate(kinds) if kind == "header"]
    blocks: list[TableLines] = []
    for place, header in enumerate(headers):
        match = _HEADER.match(lines[header])
        if match is None or not (match[2] == name if match[1] else match[2].startswith(f"{name}.")):
            continue
        after = headers[place + 1] if place + 1 < len(headers) else len(lines)
        end = max(n for n in range(header, after) if kinds[n] in ("header", "value")) + 1
        first = header
        while first and kinds[first - 1] == "comment":
            first -= 1
        # A comment that follows the values of another table without a gap belongs to that one.
        if first and kinds[first - 1] == "value":
            first = header
        while end < after and kinds[end] == "comment":
            end += 1
        if end == after and after < len(lines):
            # Right above the next header: that one's own comment.
            while kinds[end - 1] == "comment":
                end -= 1
        blocks.append(TableLines(first, header, end))
    return tuple(blocks)


def move_block(text: str, name: str, place: int, by: int) -> str:
    """The text with table number ``place`` moved ``by`` places; unchanged at either end."""
    blocks = blocks_of(text, name)
    target = place + by
    if not (0 <= place < len(blocks) and 0 <= target < len(blocks)) or by == 0:
        return text
    step = 1 if by > 0 else -1
    for here in range(place, target, step):
        text = _swap(text, *blocks_of(text, name)[min(here, here + step) :][:2])
    return text


def _swap(text: str, upper: TableLines, lower: TableLines) -> str:
    lines = text.split("\n")
    return "\n".join(
        lines[: upper.first]
        + lines[lower.first : lower.end]
        + lines[upper.end : lower.first]
        + lines[upper.first : upper.end]
        + lines[lower.end :]
    )


def remove_block(text: str, name: str, place: int) -> str:
    """The text without table number ``place``; comments that are not its own stay."""
    block = blocks_of(text, name)[place]
    lines = text.split("\n")
    end = block.end
    if end < len(lines) and not lines[end].strip() and end < len(lines) - 1:
        end += 1
    return "\n".join(lines[: block.first] + lines[end:])


def insert_block(text: str, name: str, place: int, body: str) -> str:
    """The text with ``body`` (``[[name]]`` and its values) before table number ``place``.

    Behind the last one for a larger number; at the end of the text if there is none.
    """
    blocks = blocks_of(text, name)
    lines = text.split("\n")
    new = body.strip("\n").split("\n")
    if not blocks:
        return text.rstrip("\n") + "\n\n" + "\n".join(new) + "\n"
    if place < len(blocks):
        at = blocks[place].first
        return "\n".join([*lines[:at], *new, "", *lines[at:]])
    at = blocks[-1].end
    return "\n".join([*lines[:at], "", *new, *lines[at:]])
