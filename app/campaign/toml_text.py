"""A TOML text line by line: finding its values, and moving its tables with their comments.

``tomllib`` gives values without positions. This module follows headers and keys, with just enough
TOML to skip the contents of multi-line strings. A table moves with the comments right above it;
comments and blank lines between tables stay where they are, so a section's heading never moves
with a table.
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
    """The values of a TOML text, with or without a byte order mark and ``\\r\\n`` line endings.

    A page reads many fields of two or three texts, so the last few are cached: callers share the
    result and must not change it. Raises ``TOMLDecodeError``.
    """
    return tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n"))


def _classify(lines: Iterable[str]) -> Iterator[tuple[LineKind, re.Match[str] | None]]:
    """The kind of each line, with the match of its header or key. All lines of a multi-line
    string belong to its value."""
    closing = ""
    for line in lines:
        if closing:
            closing = "" if closing in line else closing
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
                closing = value[:3]
            yield "value", key


def key_lines(text: str) -> dict[str, int]:
    """The line (from 1) of each table and value by dotted path.

    The n-th ``[[asks]]`` is ``asks.n`` (from 0) and its key ``text`` is ``asks.n.text``. For
    a multi-line string, it is the line on which the words begin.
    """
    lines: dict[str, int] = {}
    counts: Counter[str] = Counter()
    table = ""
    for number, (kind, found) in enumerate(_classify(text.split("\n")), start=1):
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
    """The line that a TOML error names; the last line if something is missing at the end."""
    match = _AT_LINE.search(str(error))
    return int(match[1]) if match else text.count("\n") + 1


def toml_message(error: tomllib.TOMLDecodeError, text: str) -> Message:
    """A TOML error's message without its position. Word processors curl quotation marks, which
    ``tomllib`` calls an invalid value."""
    line = text.split("\n")[toml_line(error, text) - 1]
    if re.search(r"=\s*[“”„«‘’]", line):
        return Message.of("toml", why="put its value in straight quotation marks")
    words = _AT_LINE.sub("", str(error)).replace(" (at end of document)", "").rstrip(".")
    return Message.of("toml", why=words)


# --- whole tables ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TableLines:
    """The lines of one table, from 0: ``first`` up to but not including ``end``, comments
    included; ``header`` is the line ``[[name]]``."""

    first: int
    header: int
    end: int


def line_kinds(lines: list[str]) -> list[LineKind]:
    """The kind of each line."""
    return [kind for kind, _found in _classify(lines)]


def blocks_of(text: str, name: str) -> tuple[TableLines, ...]:
    """The tables ``[[name]]`` of a text, or ``[name.growth]``, in order."""
    lines = text.split("\n")
    kinds = line_kinds(lines)
    headers = [n for n, kind in enumerate(kinds) if kind == "header"]
    blocks: list[TableLines] = []
    for position, header in enumerate(headers):
        match = _HEADER.match(lines[header])
        if match is None or not (match[2] == name if match[1] else match[2].startswith(f"{name}.")):
            continue
        after = headers[position + 1] if position + 1 < len(headers) else len(lines)
        end = max(n for n in range(header, after) if kinds[n] in ("header", "value")) + 1
        first = header
        while first and kinds[first - 1] == "comment":
            first -= 1
        # A comment directly below another table's values belongs to that table.
        if first and kinds[first - 1] == "value":
            first = header
        while end < after and kinds[end] == "comment":
            end += 1
        if end == after and after < len(lines):
            # A comment right above the next header belongs to that header.
            while kinds[end - 1] == "comment":
                end -= 1
        blocks.append(TableLines(first, header, end))
    return tuple(blocks)


def move_block(text: str, name: str, index: int, by: int) -> str:
    """The text with table ``index`` moved by ``by`` positions; unchanged if there is no such
    table or position."""
    blocks = blocks_of(text, name)
    target = index + by
    if not (0 <= index < len(blocks) and 0 <= target < len(blocks)) or by == 0:
        return text
    step = 1 if by > 0 else -1
    for here in range(index, target, step):
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


def remove_block(text: str, name: str, index: int) -> str:
    """The text without table ``index``; comments that are not its own stay."""
    block = blocks_of(text, name)[index]
    lines = text.split("\n")
    end = block.end
    if end < len(lines) and not lines[end].strip() and end < len(lines) - 1:
        end += 1
    return "\n".join(lines[: block.first] + lines[end:])


def insert_block(text: str, name: str, index: int, body: str) -> str:
    """The text with ``body`` (``[[name]]`` and its values) before table ``index``.

    It goes after the last table if ``index`` is larger, and at the end of the text if there is
    no such table yet.
    """
    blocks = blocks_of(text, name)
    lines = text.split("\n")
    new = body.strip("\n").split("\n")
    if not blocks:
        return text.rstrip("\n") + "\n\n" + "\n".join(new) + "\n"
    if index < len(blocks):
        at = blocks[index].first
        return "\n".join([*lines[:at], *new, "", *lines[at:]])
    at = blocks[-1].end
    return "\n".join([*lines[:at], "", *new, *lines[at:]])
