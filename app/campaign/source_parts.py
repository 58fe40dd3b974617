"""A letter's file as the parts of a form, and the form's parts as a file again.

What was not changed stays as it was, to the byte: the heading is written anew only when one of
its values is another one, the words only when they are.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

HEADING = ("title", "title_es", "about", "about_es", "subject", "closing")
"""What a letter's heading can say, in the order in which it is written."""
_RULE = "+++"


@dataclass(frozen=True, slots=True)
class SourceParts:
    """A file's heading and words. ``heading`` and ``words`` use ``\\n`` for line ends."""

    heading: dict[str, str]
    words: str
    words_line: int
    """The file's line on which the words begin, so that a message can name a line of theirs."""


def split_source(text: str) -> SourceParts | None:
    """The parts of a file; None where its heading cannot be read, so that it is shown whole."""
    lines = _lines(text)
    end = _end(lines)
    if end is None:
        return None
    try:
        matter = tomllib.loads("\n".join(lines[1:end]))
    except tomllib.TOMLDecodeError:
        return None
    if not all(isinstance(value, str) for value in matter.values()):
        return None
    start = _start(lines, end)
    return SourceParts(matter, "\n".join(lines[start:]), min(start, len(lines) - 1) + 1)


def join_source(before: str, heading: Mapping[str, str], words: str) -> str:
    """The file with this heading and these words.

    ``before`` is the file as it was, or empty for a new one; what is the same there is kept as
    it is. An empty value of the heading leaves its line out. Line ends of a form (``\\r\\n``)
    become ``\\n``, and the words end with one.
    """
    words = plain_lines(words)
    parts = split_source(before)
    given = {key: value for key, value in heading.items() if value}
    if parts is not None:
        same_heading = {k: v for k, v in parts.heading.items() if v} == given
        same_words = parts.words.rstrip("\n") == words.rstrip("\n")
        if same_heading and same_words:
            return before
        if same_heading:
            lines = _lines(before)
            end = _end(lines)
            assert end is not None
            start = _start(lines, end) if parts.words.strip() else end + 1
            head = "\n".join(lines[:start]) + ("" if parts.words.strip() else "\n")
            return f"{head}\n{words.rstrip()}\n"
    order = [*(k for k in HEADING if k in given), *(k for k in given if k not in HEADING)]
    head = "".join(f"{key} = {_quoted(given[key])}\n" for key in order)
    return f"{_RULE}\n{head}{_RULE}\n\n{words.rstrip()}\n"


def plain_lines(text: str) -> str:
    """A typed text with ``\\n`` for line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _quoted(value: str) -> str:
    """A TOML string. JSON's escapes are TOML's, but for the delete character."""
    one_line = " ".join(plain_lines(value).split("\n"))
    return json.dumps(one_line, ensure_ascii=False).replace("\x7f", "\\u007F")


def _lines(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")


def _end(lines: list[str]) -> int | None:
    if lines[0].rstrip() != _RULE:
        return None
    return next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == _RULE), None)


def _start(lines: list[str], end: int) -> int:
    start = end + 1
    while start < len(lines) and not lines[start].strip():
        start += 1
    return start
