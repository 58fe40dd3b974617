"""Normalizing and parsing text that people type or paste.

* ``clean_text`` and ``clean_line`` remove characters without meaning.
* ``NO_TEXT`` matches what no output format can contain, for text that must stay as typed.
* ``has_letter`` tells a name from symbols, spaces and invisible characters.
* ``fold_digits`` converts the digits that keyboards have, in any script, and no others.
* ``decode`` reads bytes that may be in the wrong encoding; ``undoubled`` text that was.
* ``read_email`` validates email addresses; ``suggest_email`` detects typos in common domains.
* ``read_day`` parses a day in the usual notations of both languages.
* ``mark`` marks the program's own strings for translation.

    >>> clean_line("  Zoe\\u0308\\u200b \\v Ortiz ")
    'Zoë Ortiz'
    >>> read_email("<mailto:ana@example.org>,")
    Email(text='ana@example.org', wire='ana@example.org')
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Literal

from babel.dates import get_day_names, get_month_names
from email_validator import EmailNotValidError, validate_email

NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What no page, letter, table or XML can contain: control characters except tab, line feed and
carriage return, lone surrogates, and noncharacters."""
APOSTROPHES = "'’‘ʼʻʽʾʿ′‛´`ꞌꞋ＇׳՚"
"""What keyboards give for the apostrophe of O'Dell, the ʻokina of Hawaiʻi and their like."""
_APOSTROPHES_TO_ASCII = str.maketrans(dict.fromkeys(APOSTROPHES, "'"))
_BREAKS = re.compile("\r\n?|[\v\f\x1c\x1d\x1e\x85\u2028]")
_SPACES = re.compile(r"[ \t]+")
_EMPTY_LINES = re.compile(r"\n{3,}")

# Visible format characters: the Arabic, Syriac and Kaithi number signs.
_VISIBLE_FORMATS = frozenset("\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd") | {
    chr(code) for code in range(0x0600, 0x0606)
}
_DIRECTION_MARKS = frozenset("\u200e\u200f\u061c")
_JOINERS = frozenset("\u200c\u200d")
_VARIATION_SELECTORS = frozenset(
    chr(code) for code in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
)
_INVISIBLE_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, marks and symbols without a glyph: Hangul and Khmer fillers and similar."""
_OBJECT_REPLACEMENT = "\ufffc"
"""The object replacement character, left in copied text where a picture was."""
_KEYCAPS = frozenset("0123456789#*©®")
_MARKS_PER_LETTER = 4
"""Vietnamese needs two, Hebrew and Thai three; taller stacks would overlap other lines."""


def mark(text: str) -> str:
    """Mark a string of the program for the translation catalogue, and return it."""
    return text


def clean_text(text: str) -> str:
    """Text in NFC with ``\\n`` line breaks, at most one empty line in a row and none at the ends.

    Spaces are single, with none at the ends of lines. Every kind of line break (vertical tab,
    form feed, U+0085, U+2028) becomes ``\\n``. Removed are control and hidden characters, lone
    surrogates, noncharacters, marks that would change the direction of other text, and joiners
    that join nothing. Every visible character stays. Idempotent.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    if text.isascii() and all(map(str.isprintable, lines)):  # the common case
        text = "\n".join([" ".join(line.split()) for line in lines])
    else:
        text = _BREAKS.sub("\n", text).replace("\u2029", "\n\n").replace("\t", " ")
        text = _without_hidden(text)
        text = "\n".join(_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    if "\n\n\n" in text:  # rare, and cheap to test
        text = _EMPTY_LINES.sub("\n\n", text)
    return text.strip("\n")


def clean_line(text: str) -> str:
    """Like ``clean_text``, on one line: every run of whitespace becomes one space."""
    plain = text.isascii() and text.isprintable()
    return " ".join((text if plain else clean_text(text)).split())


def split_paragraphs(*texts: str) -> tuple[str, ...]:
    """The cleaned paragraphs of texts: split at empty lines, keeping single line breaks."""
    return tuple(p for text in texts for p in clean_text(text).split("\n\n") if p)


def _without_hidden(text: str) -> str:
    # A text has few distinct characters, so each is classified once. Hidden ones are removed
    # first, because one can separate a letter from its accent. A removal can make another
    # character meaningless, so repeat until nothing changes.
    before = None
    while before != text:
        before = text
        seen = set(text)
        hidden = {ord(char): None for char in seen if _is_ignorable(char)}
        if seen & _DIRECTION_MARKS and not any(map(_is_right_to_left, seen)):
            hidden.update({ord(char): None for char in _DIRECTION_MARKS})
        text = text.translate(hidden) if hidden else text
        if seen & _JOINERS or seen & _VARIATION_SELECTORS:
            text = _keep_useful_joiners(text)
        text = normalized("NFC", text)
        marks = {char for char in set(text) if unicodedata.category(char) in ("Mn", "Me")}
        text = _limit_marks(text, marks, _MARKS_PER_LETTER)
    return text


@lru_cache(maxsize=4096)
def _is_ignorable(char: str) -> bool:
    category = unicodedata.category(char)
    if category in ("Cc", "Cs"):
        return char != "\n"
    if category == "Cf":
        return char not in _VISIBLE_FORMATS and char not in _JOINERS | _DIRECTION_MARKS
    code = ord(char)
    noncharacter = 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE
    return noncharacter or char in _INVISIBLE_LETTERS or char == _OBJECT_REPLACEMENT


def _is_right_to_left(char: str) -> bool:
    return unicodedata.bidirectional(char) in ("R", "AL") and char not in _DIRECTION_MARKS


def _keep_useful_joiners(text: str) -> str:
    """Keep joiners and variation selectors only where they matter: Persian, Hindi, emoji."""
    out: list[str] = []
    for char in text:
        last = out[-1] if out else " "
        if char in _JOINERS:
            if last not in _VARIATION_SELECTORS and not _takes_joiner(last):
                continue
        elif char in _VARIATION_SELECTORS and not (_takes_joiner(last) or last in _KEYCAPS):
            continue
        out.append(char)
    return "".join(out)


def _takes_joiner(char: str) -> bool:
    """Whether the character is of a script, or a pictograph, that uses joiners."""
    base = unicodedata.normalize("NFD", char)[0]
    return (
        base >= "\u0590"
        and char not in _VARIATION_SELECTORS
        and unicodedata.category(base)[0] in "LMS"
    )


def normalized(form: Literal["NFC", "NFKC", "NFKD"], text: str) -> str:
    """``unicodedata.normalize`` in linear time: it sorts each run of combining marks by insertion,
    so runs are cut to 30 marks first, as in Unicode's Stream-Safe Text Format (UAX #15).
    """
    marks = {c for c in set(text) if unicodedata.combining(unicodedata.normalize("NFKD", c)[0])}
    return unicodedata.normalize(form, _limit_marks(text, marks, 30))


def _limit_marks(text: str, marks: Set[str], most: int) -> str:
    if not marks:
        return text
    out: list[str] = []
    run = 0
    for char in text:
        run = run + 1 if char in marks else 0
        if run <= most:
            out.append(char)
    return "".join(out)


def has_letter(text: str) -> bool:
    """Whether a name has a visible letter, of any script."""
    return any(
        unicodedata.category(char) in ("Lu", "Ll", "Lt", "Lo") and char not in _INVISIBLE_LETTERS
        for char in text
    )


def says_something(line: str) -> bool:
    """Whether a line has a letter, a digit or a pictograph; ``.`` and ``--`` have none."""
    return any(
        unicodedata.category(char)[0] in "LN" or unicodedata.category(char) == "So" for char in line
    )


_NOTHINGS = frozenset({
    "", "none", "n/a", "na", "no", "nil", "null", "nan", "undefined", "nada", "ninguno", "ninguna",
})  # fmt: skip


def says_nothing(text: str) -> bool:
    """Whether a text only fills a field: empty, dots, dashes, or a word such as ``N/A``."""
    return clean_line(text[:40]).strip(" .…-–—_").lower() in _NOTHINGS and len(text) <= 40


def fold_digits(text: str) -> str:
    """Convert full-width characters and the decimal digits of every script to ASCII.

    Those are on keyboards. Superscript (``²``), circled and mathematical digits are not, and
    stay as they are.
    """
    if text.isascii():
        return text
    return "".join(map(_fold_digit, text))


def _fold_digit(char: str) -> str:
    if "\uff01" <= char <= "\uff5e":
        return chr(ord(char) - 0xFEE0)
    if unicodedata.category(char) == "Nd" and not unicodedata.decomposition(char):
        return str(unicodedata.decimal(char))
    return " " if char == "\u3000" else char


def decode(raw: bytes) -> str:
    """Decode UTF-8, or else Windows-1252, the most likely encoding of a page or file that is not
    UTF-8. Never fails, and never leaves an escape in place of a letter."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        try:
            return raw.decode("cp1252")
        except UnicodeDecodeError:  # five bytes are undefined there
            return raw.decode("latin-1")


_LATER = "\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_DOUBLED = (
    # JOSÉ’S has such a pair by chance, so most letters must be followed by another sign.
    ("cp1252", re.compile(f"[ÂÃ][{_LATER}]|[Ä-ß](?![’”–—…])[{_LATER}]|[à-ï][{_LATER}]{{2}}")),
    ("mac_roman", re.compile("√[^\0-\x7f]|‚Ä[^\0-\x7f]")),
)
"""Encodings, and the pairs that the bytes of UTF-8 make in them."""


def undoubled(text: str) -> str:
    """Text whose UTF-8 some program has read in an older encoding and saved again: ``JosÃ©`` and
    ``Jos√©`` as ``José``. Other text is unchanged.

    >>> undoubled("JosÃ© NÃºÃ±ez"), undoubled("José Núñez")
    ('José Núñez', 'José Núñez')
    """
    if text.isascii():
        return text
    for encoding, pair in _DOUBLED:
        if pair.search(text):
            try:
                return b"".join(_as_byte(char, encoding) for char in text).decode("utf-8")
            except UnicodeError:
                continue
    return text


def _as_byte(char: str, encoding: str) -> bytes:
    try:
        return char.encode(encoding)
    except UnicodeEncodeError:  # cp1252 leaves five bytes undefined
        return char.encode("latin-1")


# --- Email addresses -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Email:
    """A syntactically valid address."""

    text: str
    """As typed, without anything pasted around it."""
    wire: str
    """In ASCII, as sent to a mail server: ``ana@xn--bcher-kva.example``."""


@dataclass(frozen=True, slots=True)
class BadEmail:
    """Why a text is not an address.

    ``letters``: the local part has non-ASCII letters. A mail server need not accept them, many
    do not, and the sender only finds out when the message bounces. ``form``: anything else.
    """

    why: Literal["form", "letters"]


_WRAPPERS = " <>\"'“”‘’«»()[]`*|"
_LABEL = re.compile(r"(e-?mail|correo( electr[oó]nico)?)\s*:\s*", re.IGNORECASE)
_NAME_AND_ADDRESS = re.compile(r"[^<>]*<([^<>]+)>[\s,;.]*")


def read_email(text: str) -> Email | BadEmail:
    """Parse an address as people type and paste it. Nothing is looked up or sent.

    Removed are ``mailto:`` and its subject, ``Email:``, angle brackets and the name before them,
    quotes, a trailing comma, semicolon, period or slash, and invisible characters. Unusual
    addresses pass unchanged (``o'dell+parks.2026@example.museum``).
    """
    address = fold_digits(clean_line(text)).replace("’", "'")
    if named := _NAME_AND_ADDRESS.fullmatch(address):
        address = named[1]
    address = _LABEL.sub("", address.strip(_WRAPPERS), count=1).rstrip(",;./\\" + _WRAPPERS)
    if address[:7].lower() == "mailto:":
        address = address[7:].partition("?")[0].strip(_WRAPPERS + "/")
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
"""The most common domains of personal addresses in the United States."""
_OTHER_NAMES = frozenset(
    {"mail", "email", "gmx", "mailo", "inbox", "hotmai", "ymail", "live", "love"}
)
"""Other services or words that differ from one above by a letter."""
_TYPOS = {
    "com": frozenset({"con", "cim", "cpm", "xom", "vom", "dom", "cmo", "ocm", "comm", "coom",
                      "om", "cm", "ccom", "com"}),
    "net": frozenset({"ner", "ney", "met", "bet", "nte", "nett", "nt", "ne", "net"}),
}  # fmt: skip
"""Typos of endings. ``.co`` is a country's, and many real domains have it."""
_INVALID_ENDINGS = {
    **dict.fromkeys(("con", "cim", "cpm", "xom", "vom", "cmo", "ocm", "comm", "coom"), "com"),
    **dict.fromkeys(("ner", "ney", "nte", "nett"), "net"),
    **dict.fromkeys(("ogr", "orgg", "ort", "prg", "orh"), "org"), "eud": "edu", "eduu": "edu",
    "c0m": "com", "gvo": "gov",
}  # fmt: skip
"""Endings that no domain has (root zone, November 2026)."""
_OTHER_ENDINGS = ("com", "net", "org")
"""Hardly anyone's address has a known service's name with another of these."""
_SHORTEST_NAME = 5
"""Letters. A shorter name with one letter changed is too often another real domain."""


def suggest_email(email: str) -> str:
    """The most likely intended address if the domain looks like a typo; otherwise empty.

    Only a hint: the domain as typed may exist.
    """
    local, _, domain = email.rpartition("@")
    domain = domain.lower()
    name, _, ending = domain.partition(".")
    if not local or not domain.isascii() or domain in _DOMAINS:
        return ""
    if domain == "icould.com":  # two letters off
        return f"{local}@icloud.com"
    for known in _DOMAINS:
        wanted, _, wanted_ending = known.partition(".")
        doubled = f"{wanted_ending}.{wanted_ending}"
        long = len(wanted) >= _SHORTEST_NAME
        if name == wanted and (ending == doubled or (long and ending in _OTHER_ENDINGS)):
            return f"{local}@{known}"
        if ending not in _TYPOS[wanted_ending]:
            continue
        near = long and name not in _OTHER_NAMES and _one_typo(name, wanted)
        if name == wanted or near:
            return f"{local}@{known}"
    rest, _, last = domain.rpartition(".")
    return f"{local}@{rest}.{_INVALID_ENDINGS[last]}" if rest and last in _INVALID_ENDINGS else ""


def _one_typo(typed: str, meant: str) -> bool:
    """Whether one letter is missing, added, wrong, or swapped with the next."""
    if abs(len(typed) - len(meant)) > 1:
        return False
    start = 0
    while start < min(len(typed), len(meant)) and typed[start] == meant[start]:
        start += 1
    a, b = typed[start:], meant[start:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


# --- days ------------------------------------------------------------------------------

_PARTS = re.compile(r"\d+|[^\W\d_]+")
_FILLER_WORDS = frozenset({"de", "del", "of", "the", "st", "nd", "rd", "th", "o", "ro"})
"""Words in a date without information; days of the week have none either."""


def read_day(text: str) -> date | None:
    """Parse a day; None if it is not one or is ambiguous.

    Accepts ``2026-11-01``, ``11/01/2026`` and ``11-1-26`` (month first, as in the United States;
    a first number that cannot be a month is the day), ``Nov 1 2026``, ``November 1st, 2026``,
    ``1 nov. 2026`` and ``1 de noviembre de 2026``. A two-digit year is in this century. A year
    before 1900 is rejected.
    """
    passed = _FILLER_WORDS | (_week() - _months().keys())  # Spanish "mar" is a month too
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
    """The text without accents and case, so that ``hernandez`` finds ``Hernández``."""
    if text.isascii():
        return text.lower()
    decomposed = normalized("NFKD", text.translate(_APOSTROPHES_TO_ASCII)).casefold()
    return "".join(ch for ch in decomposed if not unicodedata.combining(ch))


def capital(words: str) -> str:
    """The text with its first letter capitalized and the rest unchanged."""
    return words[:1].upper() + words[1:]


def slug(text: str) -> str:
    """The text as a file name or id: ``Hernández Rivera`` becomes ``hernandez-rivera``. Empty if
    nothing is left."""
    return re.sub(r"[^a-z0-9]+", "-", plain(text)).strip("-")


@cache
def _months() -> dict[str, int]:
    """Month numbers by full and short name, in the languages of the pages."""
    found = {"sept": 9, "set": 9}
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
