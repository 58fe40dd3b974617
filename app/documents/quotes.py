"""Typographic quotation marks in place of straight ones.

Some offices' forms strip straight double quotes, some refuse them. The marks are told apart by
what stands beside them, as a typesetter would: an apostrophe in ``don't``, a left-out century in
``'90s``, feet and inches in ``5'10"``, and otherwise an opening or a closing mark.
"""

from __future__ import annotations

import re

_OPENERS = "([{<«¿¡/“‘„‚"
_DASHES = "—–―-"
_STRAIGHT = str.maketrans({"＂": '"', "＇": "'", "`": "'", "´": "'"})

_FEET_AND_INCHES = re.compile(r"""(\d)'( ?)(\d{1,2}(?:[.½¼¾]\d*)?)(?:"|'')""")
_SHORTENED = re.compile(
    r"(?:\d\ds?|tis|twas|twere|twould|til|till|em|cause|bout|round|n)(?![^\W_])",
    re.IGNORECASE,
)


def _opens(before: str, after: str, is_open: bool) -> bool:
    """Whether a mark between these two characters opens a quotation (``""`` is the edge)."""
    if not after or after.isspace():
        return False
    if not before or before.isspace() or before in _OPENERS:
        return True
    # After a dash: he said—"no", but "No—" she said.
    return before in _DASHES and not is_open and (after.isalnum() or after in "\"'‘“…([$#")


def _closes_later(text: str, mark: str, start: int) -> bool:
    """Whether a mark that can close a quotation comes before one that can open one."""
    at = text.find(mark, start)
    while at >= 0:
        before, after = text[at - 1], text[at + 1 : at + 2]
        if not before.isspace() and not after.isalnum():
            return True
        if before.isspace() or not before.isalnum():
            return False
        at = text.find(mark, at + 1)
    return False


def _double(text: str, at: int, is_open: bool) -> str:
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if before.isdigit() and not after.isalnum():
        # a 24" pipe: inches, unless this is what closes an open quotation.
        if not is_open or _closes_later(text, '"', at + 1):
            return "″"
        return "”"
    if _opens(before, after, is_open):
        return "“"
    if (not before or before.isspace()) and (not after or after.isspace()):
        return "”" if is_open else "“"
    return "”"


def _single(text: str, at: int, is_open: bool) -> str:
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if before.isalnum() and after.isalnum():
        return "’"
    if before.isdigit() and not is_open and not after.isalnum():
        return "′"
    if not _opens(before, after, is_open):
        return "’"
    shortened = _SHORTENED.match(text, at + 1)
    if shortened is None:
        return "‘"
    word = shortened.group()
    if word.lower() == "n" and text[shortened.end() : shortened.end() + 1] == "'":
        return "’"  # rock 'n' roll
    if not word.isdigit() and word.lower() not in ("round", "cause", "till", "bout"):
        return "’"
    # '98 or 'cause stand for themselves, unless the quotation they may open is closed later.
    return "‘" if _closes_later(text, "'", shortened.end()) else "’"


def _typographic_line(text: str) -> str:
    if "``" in text:
        text = text.replace("``", '"').replace("''", '"')
    text = _FEET_AND_INCHES.sub("\\1′\\2\\3″", text.translate(_STRAIGHT))
    double = single = False
    done = ""
    for at, char in enumerate(text):
        mark = char
        if char == '"':
            mark = _double(done + text[at:], at, double)
        elif char == "'":
            mark = _single(done + text[at:], at, single)
        if mark in "“”":
            double = mark == "“"
        elif mark == "‘":
            single = True
        elif mark == "’" and not text[at + 1 : at + 2].isalnum():
            single = False
        done += mark
    return done


def typographic(text: str) -> str:
    """The text with no straight quote, apostrophe or backtick left; nothing else changes.

    Each line stands for itself: a quotation that runs over several paragraphs opens each.
    """
    if not any(mark in text for mark in "\"'`´＂＇"):
        return text
    return "\n".join(_typographic_line(line) for line in text.split("\n"))
