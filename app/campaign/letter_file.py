"""Reading and editing letter files: TOML front matter between ``+++`` lines, then the text.

``general.txt`` is the full form, ``general.short.txt`` the short one, and ``general.es.txt``
and ``general.short.es.txt`` their Spanish reading aids. The editor splits a file into the parts of
a form; parts that were not changed there stay as they were, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from app.campaign.campaign_fields import AID_NOTES
from app.campaign.entities import Length, LetterTemplate
from app.campaign.language import Parsed, parse_template
from app.campaign.problems import Message, Problem
from app.campaign.toml_text import key_lines, toml_line, toml_message

NAME = re.compile(r"([a-z][a-z0-9-]{0,39})(\.short)?(\.es)?\.txt")
"""What a template file may be called."""

HEADING = (
    "title", "title_es", "about", "about_es", "subject", "closing", "spoken", "spoken_es",
)  # fmt: skip
"""The keys of a letter's front matter, in the order in which they are written."""
_AID_KEYS = (AID_NOTES,)
_REQUIRED = ("title", "subject")
_VALUE_CHARACTERS = 300
_RULE = "+++"


@dataclass(frozen=True, slots=True)
class SourceName:
    """What a template's file name says."""

    id: str
    length: Length
    reading_aid: bool


def read_name(name: str) -> SourceName | None:
    """``general.short.es.txt`` → general, short, reading aid; None for any other file name."""
    match = NAME.fullmatch(name)
    if match is None:
        return None
    return SourceName(match[1], "short" if match[2] else "full", bool(match[3]))


def read_template(
    name: str, text: str, *, facts: Iterable[str] = ()
) -> LetterTemplate | tuple[Problem, ...]:
    """The checked template in a file's text, or every problem found with its line.

    ``name`` is the file name, which gives id and length. ``facts`` are the ids of the campaign's
    dated facts. The version is the first 12 hex digits of the text's SHA-256.
    """
    kind = read_name(name)
    if kind is None:
        return (Problem(name, 0, Message.of("letter-name")),)
    split = _front_matter(name, text)
    if isinstance(split, Problem):
        return (split,)
    matter, lines, body, first_line = split
    problems = _check_matter(name, matter, lines, reading_aid=kind.reading_aid)
    facts = tuple(facts)
    result = parse_template(body, facts=facts, first_line=first_line)
    if not isinstance(result, Parsed):
        problems += [Problem(name, p.line, p.what, p.source) for p in result]
    elif not body.strip():
        problems.append(Problem(name, first_line, Message.of("no-words")))
    subject = str(matter.get("subject", ""))
    parsed = parse_template(subject, facts=facts, scope="ask", first_line=lines.get("subject", 1))
    if not isinstance(parsed, Parsed):
        problems += [
            Problem(name, p.line, Message.of("subject", more=p.what), p.source) for p in parsed
        ]
    if problems:
        return tuple(problems)
    return LetterTemplate(
        id=kind.id,
        title=str(matter.get("title", "")),
        title_es=str(matter.get("title_es") or matter.get("title", "")),
        about=str(matter.get("about", "")),
        about_es=str(matter.get("about_es") or matter.get("about", "")),
        length=kind.length,
        subject=subject,
        body=body,
        version=version_of(text),
        source_name=name,
        first_body_line=first_line,
        closing=str(matter.get("closing", "Sincerely,")),
        spoken=str(matter.get("spoken", "")),
        spoken_es=str(matter.get("spoken_es", "")),
    )


def version_of(text: str) -> str:
    """The first 12 hex digits of the SHA-256 of a template's source."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _front_matter(
    name: str, text: str
) -> Problem | tuple[dict[str, object], dict[str, int], str, int]:
    """The front matter, the line of each of its keys, the body and the body's first line."""
    lines = _lines(text)
    if lines[0].rstrip() != _RULE:
        return Problem(name, 1, Message.of("heading-begins"))
    end = _closing_rule(lines)
    if end is None:
        return Problem(name, 1, Message.of("heading-ends"))
    head = "\n".join(lines[1:end])
    try:
        matter = tomllib.loads(head)
    except tomllib.TOMLDecodeError as error:
        return Problem(name, toml_line(error, head) + 1, toml_message(error, head))
    start = _body_start(lines, end)
    keys = {key: line + 1 for key, line in key_lines(head).items()}
    return matter, keys, "\n".join(lines[start:]), min(start, len(lines) - 1) + 1


def _check_matter(
    name: str, matter: dict[str, object], lines: dict[str, int], *, reading_aid: bool
) -> list[Problem]:
    problems = [
        Problem(name, 1, Message.of("heading-missing", key=key, example=f'{key} = "…"'))
        for key in (() if reading_aid else _REQUIRED)
        if not matter.get(key)
    ]
    known = (*HEADING, *_AID_KEYS) if reading_aid else HEADING
    for key, value in matter.items():
        line = lines.get(key, 1)
        if key not in known:
            close = get_close_matches(key, known, n=1)
            what = Message.of("heading-key", key=key, known=", ".join(known))
            if close:
                what = Message.of("key-did-you-mean", key=key, other=close[0])
            problems.append(Problem(name, line, what))
        elif not isinstance(value, str):
            problems.append(Problem(name, line, Message.of("heading-words", key=key)))
        elif (len(value) > _VALUE_CHARACTERS and key not in _AID_KEYS) or "\n" in value:
            what = Message.of("heading-line", key=key, most=_VALUE_CHARACTERS)
            problems.append(Problem(name, line, what))
    return problems


# --- as the parts of a form -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SourceParts:
    """A file's front matter and body, both with ``\\n`` line endings."""

    heading: dict[str, str]
    words: str
    words_line: int
    """The line of the file on which the words begin, so messages can number lines from there."""


def split_source(text: str) -> SourceParts | None:
    """The parts of a file; None if its heading cannot be read and it must be shown whole."""
    split = _front_matter("", text)
    if isinstance(split, Problem):
        return None
    matter, _key_lines, words, first = split
    heading = {key: value for key, value in matter.items() if isinstance(value, str)}
    return SourceParts(heading, words, first) if len(heading) == len(matter) else None


def join_source(before: str, heading: Mapping[str, str], words: str) -> str:
    """The file with this heading and these words.

    ``before`` is the file as it was, or empty for a new one; unchanged parts are kept as they are.
    An empty heading value omits its line. A form's line endings (``\\r\\n``) become ``\\n``, and
    the words end with one.
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
            end = _closing_rule(lines)
            assert end is not None
            start = _body_start(lines, end) if parts.words.strip() else end + 1
            head = "\n".join(lines[:start]) + ("" if parts.words.strip() else "\n")
            return f"{head}\n{words.rstrip()}\n"
    order = [*(k for k in HEADING if k in given), *(k for k in given if k not in HEADING)]
    head = "".join(f"{key} = {_quoted(given[key])}\n" for key in order)
    return f"{_RULE}\n{head}{_RULE}\n\n{words.rstrip()}\n"


def plain_lines(text: str) -> str:
    """A typed text with ``\\n`` line endings."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _quoted(value: str) -> str:
    """A TOML string. JSON's escapes are valid TOML; only DEL must also be escaped."""
    one_line = " ".join(plain_lines(value).split("\n"))
    return json.dumps(one_line, ensure_ascii=False).replace("\x7f", "\\u007F")


def _lines(text: str) -> list[str]:
    return plain_lines(text.removeprefix("\ufeff")).split("\n")


def _closing_rule(lines: list[str]) -> int | None:
    if lines[0].rstrip() != _RULE:
        return None
    return next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == _RULE), None)


def _body_start(lines: list[str], end: int) -> int:
    start = end + 1
    while start < len(lines) and not lines[start].strip():
        start += 1
    return start
