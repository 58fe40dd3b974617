"""A letter as the data that the Typst template sets: directions, isolation, line break points.

It prepares three things that Typst does not do by itself:

* a word without a break point (a URL, six thousand letters) gets some, or it would run off the
  page;
* a right-to-left name inside a left-to-right line is isolated, or the digits and punctuation
  after it would be drawn into it (``שירה לוי, 12 Main St.``);
* a paragraph that is mostly right-to-left is set from the right.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from app.documents.letter import TRANSLATION, PostalLetter
from app.documents.typesetting import families_for

Line = str | list[str | dict[str, str]]

BREAK = "\u200b"
"""A break point. The template sets an empty box for it, so that text copied from the PDF has
nothing between its letters."""
HARD_BREAK = "\ufdd1"
"""A break point where Unicode's rules forbid a break at a box, as after an opening quote. The
template sets a zero-width space for it, which a reader may copy; it is therefore used only between
characters that no link has, or if there is no other place."""
_NEAR = 8
"""One break point within this many characters is enough."""
_LONGEST_RUN = 30
"""Estimated width in ems of the longest run without a break point; a line holds about 42 of the
widest letters."""
_LONGEST_NAME = 40
_LONGEST_CHAIN = 8
_TAIL, _LINE = 180, 60
"""The last paragraphs, up to this many characters in total, stay with the sign-off; a line counts
as at least 60."""

# A space at which Unicode's line breaking rules certainly allow a break. They forbid one after an
# opening bracket, before a closing one, between two dashes and so on.
_SURE_SPACE = re.compile(r"(?<=[\w.,;:!?)”’\"'—–-]) (?=[^\W_])|(?<=[\w.,;:]) (?=[\"'“‘(—–$#&])")
_SURE_HYPHEN = re.compile(r"(?<=[^\W\d_]{2}-)(?=[^\W\d_]{2})")
_STRONG_RTL = ("R", "AL")


def _width_bound(char: str) -> int:
    """A rough upper bound in ems: most letters 1, ideographs and pictures 2, the rest 3."""
    if char < "\u0700":
        return 1
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 3


def _is_joined(before: str, char: str) -> bool:
    """Whether the two belong to one visible character, which must not be split."""
    return (
        before == "\u200d"
        or char in "\u200c\u200d"
        or unicodedata.category(char) in ("Mn", "Me", "Mc")
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # skin tones
        or ("\U0001f1e6" <= char <= "\U0001f1ff" and "\U0001f1e6" <= before <= "\U0001f1ff")
    )


def _breakable_run(run: str) -> str:
    if len(run) * 3 <= _LONGEST_RUN or sum(map(_width_bound, run)) <= _LONGEST_RUN:
        return run
    out: list[str] = []
    joined = since = 0
    for before, char in zip(" " + run, run, strict=False):
        joined = joined + 1 if _is_joined(before, char) else 0
        # Emoji can be joined in an endless chain: the chain is cut, but never before an accent.
        if joined >= _LONGEST_CHAIN and unicodedata.category(char) not in ("Mn", "Me"):
            joined = 0
        since += not joined
        place = ""
        if not joined and _is_word(before) and _is_word(char):
            place = BREAK
        elif not joined and (since > _NEAR or _width_bound(char) > 1):
            place = HARD_BREAK
        since = 0 if place else since
        out.append(place + char)
    return "".join(out)


def _is_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char)[0] == "M"


def with_breaks(text: str) -> str:
    """The text with invisible break points in every run that would be too long without.

    A keycap digit, which no font here has, becomes the digit.
    """
    text = text.replace("\ufe0f\u20e3", "").replace("\u20e3", "")
    if len(text) <= _LONGEST_RUN // 3:
        return text
    runs = []
    for run in _SURE_SPACE.split(text):
        pieces = _SURE_HYPHEN.split(run) if len(run) > _LONGEST_RUN and "-" in run else [run]
        runs.append("".join(map(_breakable_run, pieces)))
    return " ".join(runs)


def is_rtl(text: str) -> bool:
    """Whether most of the letters belong to right-to-left scripts."""
    if text.isascii():
        return False
    kinds = [unicodedata.bidirectional(char) for char in text]
    return sum(kind in _STRONG_RTL for kind in kinds) > kinds.count("L")


def isolated(text: str) -> Line:
    """The text, or its parts if some run from right to left: those become ``{"rtl": …}``.

    The template sets such a part in a box with its own direction, which isolates it but keeps it
    on one line. A longer part is wrapped in Unicode's isolate characters, which do the same but
    stick to a neighbor when the text is copied from the PDF.
    """
    if text.isascii():
        return text
    kinds = [unicodedata.bidirectional(char) for char in text]
    parts: list[str | dict[str, str]] = []
    start = at = 0
    while at < len(text):
        if kinds[at] not in _STRONG_RTL:
            at += 1
            continue
        end = last = at
        while end < len(text) and kinds[end] != "L":
            if kinds[end] in (*_STRONG_RTL, "NSM"):
                last = end
            end += 1
        run = text[at : last + 1]
        short = len(run) <= _LONGEST_NAME
        parts += [text[start:at], {"rtl": run} if short else f"\u2067{run}\u2069"]
        start = at = last + 1
    parts.append(text[start:])
    return [part for part in parts if part] if len(parts) > 1 else text


def _line(text: str) -> Line:
    return isolated(with_breaks(text))


def paragraph_data(text: str) -> dict[str, Any]:
    """One paragraph for the template: its direction and its lines."""
    rtl = is_rtl(text)
    lines = map(with_breaks, text.split("\n"))
    return {"rtl": rtl, "lines": list(lines if rtl else map(isolated, lines))}


def _split_tail(paragraphs: tuple[str, ...]) -> int:
    """How many paragraphs precede the short ones that stay with the sign-off."""
    room = _TAIL
    for index in range(len(paragraphs) - 1, 0, -1):
        lines = paragraphs[index].count("\n") + 1
        room -= max(len(paragraphs[index]), _LINE * lines)
        if room < 0:
            return index + 1
    return min(1, len(paragraphs))


def template_data(
    page: PostalLetter, paragraph: Callable[[str], dict[str, Any]] = paragraph_data
) -> dict[str, Any]:
    """What the template needs for one letter, as plain JSON types.

    Pass a caching ``paragraph`` to set many letters that share paragraphs.
    """
    text = "".join((*page.return_address, *page.paragraphs, page.name))
    body = _split_tail(page.paragraphs)
    return {
        "fonts": families_for(text),
        "return_address": list(map(_line, page.return_address)),
        "date": page.date,
        "inside_address": list(map(_line, page.inside_address)),
        "subject": _line(page.subject),
        "salutation": _line(page.salutation),
        "body": list(map(paragraph, page.paragraphs[:body])),
        "tail": list(map(paragraph, page.paragraphs[body:])),
        "closing": _line(page.closing),
        "name": _line(page.name),
        "translation": list(map(paragraph, page.translation)),
        "translation_head": TRANSLATION,
        "language": page.language,
    }
