"""Letter templates as files: TOML front matter between ``+++`` lines, then the text.

``general.txt`` is the full form, ``general.short.txt`` the short one, and ``general.es.txt``
and ``general.short.es.txt`` their Spanish reading aids.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from app.campaign.language import Parsed, parse_template
from app.campaign.model import Length, LetterTemplate
from app.campaign.problems import Message, Problem
from app.campaign.reading_aids import KEY
from app.campaign.toml_lines import key_lines

NAME = re.compile(r"([a-z][a-z0-9-]{0,39})(\.short)?(\.es)?\.txt")
"""What a template's file may be called."""

_ENGLISH_KEYS = ("title", "title_es", "about", "about_es", "subject", "closing")
_AID_KEYS = (KEY,)
_REQUIRED = ("title", "subject")
_MATTER_CHARACTERS = 300
_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)")


@dataclass(frozen=True, slots=True)
class SourceName:
    """What the name of a template's file says."""

    id: str
    length: Length
    reading_aid: bool


def read_name(name: str) -> SourceName | None:
    """``general.short.es.txt`` → general, short, reading aid; None for another kind of file."""
    match = NAME.fullmatch(name)
    if match is None:
        return None
    return SourceName(match[1], "short" if match[2] else "full", bool(match[3]))


def read_template(
    name: str, text: str, *, facts: Iterable[str] = ()
) -> LetterTemplate | tuple[Problem, ...]:
    """The template in a file's text, checked, or every problem found with its line.

    ``name`` is the file's name, which says id and length. ``facts`` are the ids of the
    campaign's dated facts. The version is the first 12 hex digits of the text's SHA-256.
    """
    kind = read_name(name)
    if kind is None:
        return (Problem(name, 0, Message.of("letter-name")),)
    parted = _front_matter(name, text)
    if isinstance(parted, Problem):
        return (parted,)
    matter, lines, body, first_line = parted
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
    )


def version_of(text: str) -> str:
    """The first 12 hex digits of the SHA-256 of a template's source."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _front_matter(
    name: str, text: str
) -> Problem | tuple[dict[str, object], dict[str, int], str, int]:
    """Front matter, the file's line of each of its keys, the body and its first line."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != "+++":
        return Problem(name, 1, Message.of("heading-begins"))
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == "+++"), None)
    if end is None:
        return Problem(name, 1, Message.of("heading-ends"))
    head = "\n".join(lines[1:end])
    try:
        matter = tomllib.loads(head)
    except tomllib.TOMLDecodeError as error:
        return Problem(name, toml_line(error, head) + 1, toml_message(error))
    rest = end + 1
    while rest < len(lines) and not lines[rest].strip():
        rest += 1
    keys = {key: line + 1 for key, line in key_lines(head).items()}
    return matter, keys, "\n".join(lines[rest:]), min(rest, len(lines) - 1) + 1


def _check_matter(
    name: str, matter: dict[str, object], lines: dict[str, int], *, reading_aid: bool
) -> list[Problem]:
    problems = [
        Problem(name, 1, Message.of("heading-missing", key=key, example=f'{key} = "…"'))
        for key in (() if reading_aid else _REQUIRED)
        if not matter.get(key)
    ]
    known = (*_ENGLISH_KEYS, *_AID_KEYS) if reading_aid else _ENGLISH_KEYS
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
        elif len(value) > _MATTER_CHARACTERS or "\n" in value:
            what = Message.of("heading-line", key=key, most=_MATTER_CHARACTERS)
            problems.append(Problem(name, line, what))
    return problems


def toml_line(error: tomllib.TOMLDecodeError, text: str) -> int:
    """The line that a TOML error names; the last one for what is missing at the end."""
    match = _AT_LINE.search(str(error))
    return int(match[1]) if match else text.count("\n") + 1


def toml_message(error: tomllib.TOMLDecodeError) -> Message:
    """What a TOML error says, without its position."""
    words = _AT_LINE.sub("", str(error)).replace(" (at end of document)", "").rstrip(".")
    return Message.of("toml", why=words)
