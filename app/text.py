"""Text that people type or paste, read in one way by everything that keeps or prints it.

* ``clean_text`` and ``clean_line`` decide which characters mean nothing and go.
* ``NO_TEXT`` is what nothing can carry, for texts that must stay as they were typed.
* ``has_letter`` tells a name from signs, blanks and invisible characters.
* ``fold_digits`` reads the digits that keyboards have, in any script, and no others.
* ``decode`` reads bytes that a browser or a file sent in the wrong encoding.
* ``read_email`` is the one judge of e-mail addresses; ``suggest_email`` sees slips in the
  domains that most people have.
* ``read_day`` reads a day however it is written, in both languages.
* ``mark`` marks words of the program's own for translation.

    >>> clean_line("  Zoe\\u0308\\u200b \\v Ortiz ")
    'Zoë Ortiz'
    >>> read_email("<mailto:ana@example.org>,")
    Email(text='ana@example.org', wire='ana@example.org')
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Literal

from babel.dates import get_day_names, get_month_names
from email_validator import EmailNotValidError, validate_email

NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What no page, letter, table or XML can carry: control characters but tab, line feed and carriage
return, halves of surrogate pairs, and code points that are no characters."""
_BREAKS = re.compile("\r\n?|[\v\f\x1c\x1d\x1e\x85\u2028]")
_BLANKS = re.compile(r"[ \t]+")
_EMPTY_LINES = re.compile(r"\n{3,}")

# Format characters that are seen: the Arabic, Syriac and Kaithi number signs.
_SEEN_FORMATS = frozenset("\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd") | {
    chr(code) for code in range(0x0600, 0x0606)
}
_MARKS_OF_DIRECTION = frozenset("\u200e\u200f\u061c")
_JOINERS = frozenset("\u200c\u200d")
_SELECTORS = frozenset(chr(code) for code in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, marks and signs that are drawn as nothing: Hangul and Khmer fillers and their kin."""
_OBJECT = "\ufffc"
"""Stands for a picture in copied text, and comes without it."""
_KEYCAPS = frozenset("0123456789#*©®")
_MARKS_PER_LETTER = 4
"""Vietnamese needs two, Hebrew and Thai three; towers of marks would run into other lines."""


def mark(text: str) -> str:
    """Marks words of the program's own for the catalogue of translations, and returns them."""
    return text


def clean_text(text: str) -> str:
    """Text in NFC with ``\\n`` line breaks, at most one empty line in a row and none at the ends.

    Lines have single blanks and none at their ends. Whatever breaks a line somewhere (vertical
    tab, form feed, U+0085, U+2028) breaks it here. What means nothing is gone: control and
    hidden characters, lone surrogates, noncharacters, marks that would turn the direction of
    other text, joiners where nothing is joined. Every visible character stays.
    Idempotent.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    if text.isascii() and all(map(str.isprintable, lines)):  # as nearly everybody types
        text = "\n".join([" ".join(line.split()) for line in lines])
    else:
        text = _BREAKS.sub("\n", text).replace("\u2029", "\n\n").replace("\t", " ")
        text = _without_hidden(text)
        text = "\n".join(_BLANKS.sub(" ", line).strip() for line in text.split("\n"))
    if "\n\n\n" in text:  # seldom, and to look for it so takes no time
        text = _EMPTY_LINES.sub("\n\n", text)
    return text.strip("\n")


def clean_line(text: str) -> str:
    """The same on one line: every run of white space, of whatever kind, is one blank."""
    plain = text.isascii() and text.isprintable()
    return " ".join((text if plain else clean_text(text)).split())


def split_paragraphs(*texts: str) -> tuple[str, ...]:
    """The clean paragraphs of texts: split at empty lines, single line breaks kept."""
    return tuple(p for text in texts for p in clean_text(text).split("\n\n") if p)


def _without_hidden(text: str) -> str:
    # A text has few different characters, so each is looked at once. What is hidden goes first:
    # it can stand between a letter and its accent. Taking one thing out may leave another
    # without a meaning, so this goes on until nothing changes.
    before = None
    while before != text:
        before = text
        seen = set(text)
        hidden = {ord(char): None for char in seen if _means_nothing(char)}
        if seen & _MARKS_OF_DIRECTION and not any(map(_runs_left, seen)):
            hidden.update({ord(char): None for char in _MARKS_OF_DIRECTION})
        text = text.translate(hidden) if hidden else text
        if seen & _JOINERS or seen & _SELECTORS:
            text = _with_useful_joiners(text)
        text = unicodedata.normalize("NFC", text)
        if any(unicodedata.category(char) in ("Mn", "Me") for char in set(text)):
            text = _with_few_marks(text)
    return text


@lru_cache(maxsize=4096)
def _means_nothing(char: str) -> bool:
    category = unicodedata.category(char)
    if category in ("Cc", "Cs"):
        return char != "\n"
    if category == "Cf":
        return char not in _SEEN_FORMATS and char not in _JOINERS | _MARKS_OF_DIRECTION
    code = ord(char)
    noncharacter = 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE
    return noncharacter or char in _BLANK_LETTERS or char == _OBJECT


def _runs_left(char: str) -> bool:
    return unicodedata.bidirectional(char) in ("R", "AL") and char not in _MARKS_OF_DIRECTION


def _with_useful_joiners(text: str) -> str:
    """Joiners and selectors of shape only where they do something: Persian, Hindi, emoji."""
    out: list[str] = []
    for char in text:
        last = out[-1] if out else " "
        if char in _JOINERS:
            if last not in _SELECTORS and not _takes_joiner(last):
                continue
        elif char in _SELECTORS and not (_takes_joiner(last) or last in _KEYCAPS):
            continue
        out.append(char)
    return "".join(out)


def _takes_joiner(char: str) -> bool:
    """Whether the character belongs to a script, or to pictures, whose shapes join."""
    base = unicodedata.normalize("NFD", char)[0]
    return base >= "\u0590" and char not in _SELECTORS and unicodedata.category(base)[0] in "LMS"


def _with_few_marks(text: str) -> str:
    out: list[str] = []
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if marks <= _MARKS_PER_LETTER:
            out.append(char)
    return "".join(out)


def has_letter(text: str) -> bool:
    """Whether a name has a letter in it, of any script, that can be seen."""
    return any(
        unicodedata.category(char) in ("Lu", "Ll", "Lt", "Lo") and char not in _BLANK_LETTERS
        for char in text
    )


def says_something(line: str) -> bool:
    """Whether a line has a letter, a digit or a picture; ``.`` and ``--`` have none."""
    return any(
        unicodedata.category(char)[0] in "LN" or unicodedata.category(char) == "So" for char in line
    )


def fold_digits(text: str) -> str:
    """Full-width characters and the decimal digits of every script as ASCII, nothing else.

    Keyboards have those. Raised (``²``), circled and mathematical digits are signs of their own,
    which nobody has on a keyboard, and stay what they are.
    """
    if text.isascii():
        return text
    return "".join(map(_folded, text))


def _folded(char: str) -> str:
    if "\uff01" <= char <= "\uff5e":
        return chr(ord(char) - 0xFEE0)
    if unicodedata.category(char) == "Nd" and not unicodedata.decomposition(char):
        return str(unicodedata.decimal(char))
    return " " if char == "\u3000" else char


def decode(raw: bytes) -> str:
    """UTF-8, or else the encoding that Windows has in the West: what a page or file not in
    UTF-8 most likely is. Never fails, and never leaves an escape where a letter was."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        try:
            return raw.decode("cp1252")
        except UnicodeDecodeError:  # five bytes are no character there
            return raw.decode("latin-1")


# --- E-mail addresses ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Email:
    """An address that mail can take."""

    text: str
    """As typed, without what was pasted around it."""
    wire: str
    """In ASCII, as a mail server hears it: ``ana@xn--bcher-kva.example``."""


@dataclass(frozen=True, slots=True)
class BadEmail:
    """Why a text is no such address.

    ``letters``: the part before the @ has others than a mail server must be able to take; many
    take none, and nobody finds out before the mail comes back. ``form``: anything else.
    """

    why: Literal["form", "letters"]


_AROUND = " <>\"'“”‘’«»()[]"
_NAMED = re.compile(r"[^<>]*<([^<>]+)>[\s,;.]*")


def read_email(text: str) -> Email | BadEmail:
    """Read an address as people type and paste it. Nothing is looked up, nothing is sent.

    What comes along is taken off: ``mailto:`` and its subject, angle brackets with the name
    before them, quotes, a comma, semicolon or full stop behind, invisible characters. Unusual
    addresses pass unchanged (``o'dell+parks.2026@example.museum``).
    """
    address = fold_digits(clean_line(text)).replace("’", "'")
    if named := _NAMED.fullmatch(address):
        address = named[1]
    address = address.strip(_AROUND).rstrip(",;." + _AROUND)
    if address[:7].lower() == "mailto:":
        address = address[7:].partition("?")[0].strip(_AROUND)
    try:
        found = validate_email(address, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return BadEmail("form")
    if found.ascii_email is None:
        return BadEmail("letters")
    return Email(address, found.ascii_email)


_DOMAINS = (
    "gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com", "comcast.net",
    "verizon.net", "sbcglobal.net", "bellsouth.net", "charter.net", "earthlink.net",
    "optonline.net", "rocketmail.com", "googlemail.com", "protonmail.com", "ymail.com",
    "live.com", "aol.com", "msn.com", "att.net", "cox.net",
)  # fmt: skip
"""The domains of most private addresses in the United States."""
_OTHERS = frozenset({"mail", "email", "gmx", "mailo", "inbox", "hotmai", "ymail", "live", "love"})
"""Names of other services, or words, that differ from one above by a letter."""
_SLIPS = {
    "com": frozenset({"con", "cim", "cpm", "xom", "vom", "dom", "cmo", "ocm", "comm", "coom",
                      "om", "cm", "ccom", "com"}),
    "net": frozenset({"ner", "ney", "met", "bet", "nte", "nett", "nt", "ne", "net"}),
}  # fmt: skip
"""Endings as fingers write them. ``.co`` is a country's, and many real domains end in it."""
_NOWHERE = {
    **dict.fromkeys(("con", "cim", "cpm", "xom", "vom", "cmo", "ocm", "comm", "coom"), "com"),
    **dict.fromkeys(("ner", "ney", "nte", "nett"), "net"), "ogr": "org", "orgg": "org",
}  # fmt: skip
"""Endings that no domain has (the root zone's list of November 2026)."""
_LONG_NAME = 5
"""Letters. A shorter name, one letter changed, is too often another domain that exists."""


def suggest_email(email: str) -> str:
    """The address that was most likely meant, when its domain looks like a slip; else empty.

    Only ever a hint: the domain as typed may exist all the same.
    """
    local, _, domain = email.rpartition("@")
    domain = domain.lower()
    name, _, ending = domain.partition(".")
    if not local or not domain.isascii() or domain in _DOMAINS:
        return ""
    for known in _DOMAINS:
        wanted, _, wanted_ending = known.partition(".")
        if ending not in _SLIPS[wanted_ending]:
            continue
        near = len(wanted) >= _LONG_NAME and name not in _OTHERS and _one_slip(name, wanted)
        if name == wanted or near:
            return f"{local}@{known}"
    rest, _, last = domain.rpartition(".")
    return f"{local}@{rest}.{_NOWHERE[last]}" if rest and last in _NOWHERE else ""


def _one_slip(typed: str, meant: str) -> bool:
    """Whether one letter is missing, added, wrong, or has changed places with the next."""
    if abs(len(typed) - len(meant)) > 1:
        return False
    start = 0
    while start < min(len(typed), len(meant)) and typed[start] == meant[start]:
        start += 1
    a, b = typed[start:], meant[start:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


# --- days ------------------------------------------------------------------------------

_PARTS = re.compile(r"\d+|[^\W\d_]+")
_NO_WORDS = frozenset({"de", "del", "of", "the", "st", "nd", "rd", "th", "o", "ro"})
"""Words in a day that say nothing of it; nor does a day of the week."""


def read_day(text: str) -> date | None:
    """The day that somebody wrote; None where it is none, or could be read in two ways.

    Known are ``2026-11-01``, ``11/01/2026`` and ``11-1-26`` (the month first, as in the United
    States; where the first number can be no month, it is the day), ``Nov 1 2026``,
    ``November 1st, 2026``, ``1 nov. 2026`` and ``1 de noviembre de 2026``. A year of two
    digits is in this century. A year before 1900 is taken for a mistake.
    """
    passed = _NO_WORDS | (_week() - _months().keys())  # Spanish "mar" is a month too
    parts = [part for part in _PARTS.findall(plain(text)) if part not in passed]
    if len(parts) != 3 or len(text) > 40:
        return None
    words = [part for part in parts if not part.isdecimal()]
    numbers = [int(part) for part in parts if part.isdecimal()]
    if len(words) == 1 and len(numbers) == 2:
        month = _months().get(words[0])
        # 2026 Nov 1 as well as Nov 1 2026 and 1 Nov 2026.
        day, year = reversed(numbers) if numbers[0] > 31 else numbers
    elif not words and len(parts[0]) == 4:
        year, month, day = numbers
    elif not words:
        month, day, year = numbers
        if month > 12:
            month, day = day, month
    else:
        return None
    if year < 100:
        year += 2000
    if month is None or year < 1900:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def plain(text: str) -> str:
    """A text without accents and case: ``Hernández`` is found by ``hernandez``."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.replace("’", "'")).casefold()
    return "".join(ch for ch in apart if not unicodedata.combining(ch))


def capital(words: str) -> str:
    """With a capital letter at its beginning, and otherwise as it is."""
    return words[:1].upper() + words[1:]


def slug(text: str) -> str:
    """A text as a file's name or an id: ``Hernández Rivera`` becomes ``hernandez-rivera``. Empty
    where nothing of it is left."""
    return re.sub(r"[^a-z0-9]+", "-", plain(text)).strip("-")


@cache
def _months() -> dict[str, int]:
    """The months by their names and short names, in the languages of the pages."""
    found = {"sept": 9}
    for language in ("en", "es"):
        for width in ("wide", "abbreviated"):
            for number, name in get_month_names(width, locale=language).items():
                found[plain(name).strip(".")] = number
    return found


@cache
def _week() -> frozenset[str]:
    return frozenset(
        plain(name).strip(".")
        for language in ("en", "es")
        for width in ("wide", "abbreviated")
        for name in get_day_names(width, locale=language).values()
    )
