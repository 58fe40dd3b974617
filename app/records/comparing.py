"""Normalizes names and street addresses for comparison; nothing here is stored.

    >>> name_of("Dr. José", "Núñez, Jr.")
    ('jose', 'nunez', 'jr')
    >>> address_of("12 North Fifth Street, Apt. 4-B")
    ('12 n 5 st', '4b')

The words of an address are those of the Postal Service, from ``postal_words.txt``.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.text import APOSTROPHES

# --- Names -----------------------------------------------------------------------------------

_JUNIOR = {
    "jr": "jr", "junior": "jr", "sr": "sr", "senior": "sr", "ii": "2", "2nd": "2", "iii": "3",
    "3rd": "3", "iv": "4", "4th": "4",
}  # fmt: skip
_TITLES = frozenset({
    "mr", "mrs", "ms", "mx", "miss", "dr", "rev", "reverend", "fr", "prof", "rabbi", "capt", "sgt",
    "sr", "sra", "srta", "dra",
})  # fmt: skip
_SHORT_FORMS = {
    name: row[0]
    for row in (
        "a beto drew gus nancy sandy sasha tono tony xander", "c kate kathy katie tina", "d lola",
        "e gene beth betsy betty kike lalo libby liz lizzy mundo ned neto quique ted",
        "f nando paco pancho", "g lupe memo tavo", "i chabela nacho", "j chema chuy pepa pepe",
        "l lucho", "m peggy polly", "p tricia trish", "r bob bobby charo dick", "w bill billy",
    )
    for name in row[1:].split()
}  # fmt: skip
"""Short forms of first names that begin with a different letter, in English and Spanish."""
_DEGREES = frozenset({
    "md", "phd", "jd", "rn", "dds", "dvm", "cpa", "esq", "esquire", "bsn", "msn", "msw", "lcsw",
    "mba", "mph", "mpa", "edd", "psyd",
})  # fmt: skip
"""Only after a name: "Md" before one is short for Mohammed."""
_SUFFIXES = _JUNIOR.keys() | _DEGREES
_NO_NAME = frozenset({
    "fnu", "lnu", "nfn", "nln", "none", "x", "xx", "xxx", "unknown", "no last name",
    "sin apellido", "ninguno",
})  # fmt: skip
"""What forms make people with a single name put into the other field; FNU and LNU are from visas:
"first name unknown"."""
_FAMILY_FIRST = frozenset({
    "nguyen", "tran", "pham", "huynh", "phan", "bui", "ngo", "truong", "doan", "wang", "zhang",
    "liu", "zhao", "zhou", "xu", "huang", "wu", "guo", "luo", "zheng", "xie", "deng", "cao",
    "zeng", "zhu", "park", "choi", "jeong", "yoon", "jang", "kwon", "hwang", "ahn", "ryu",
})  # fmt: skip
"""Last names of families that put them first, and that hardly anyone has as a first name."""
_HIDDEN = frozenset({"Cc", "Cf"})
_SAME_LETTERS = str.maketrans(
    {**dict.fromkeys(APOSTROPHES), "ی": "ي", "ى": "ي", "ک": "ك", "ـ": None}
)
"""Apostrophes, which are dropped, and Arabic letters that look alike or only lengthen a word."""
_FRACTION = re.compile(r"(?=[¼-¾⅐-⅞])")
"""A house number ends before one of these: 12½ is 12 1/2."""
_ASCII = {
    n: None if chr(n) in APOSTROPHES or n < 32 or n == 127
    else chr(n) if chr(n).isalnum() else " "
    for n in range(128)
}  # fmt: skip
_LETTERS = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}


def name_of(first: str, last: str, *, accents: bool = False) -> tuple[str, str, str]:
    """First and last name in plain words, and the generational suffix, such as ``jr`` or ``2``.

    A whole name may be in either field, and a family name that plainly comes first is the last
    name. Titles are dropped. Latin letters lose their accents,
    unless ``accents``.
    """
    typed = (words_of(first), words_of(last))
    given, family = ((text if accents else bare(text)).split() for text in typed)
    if given and _is_no_name(family):
        family = []
    elif family and given[:1] in (["fnu"], ["nfn"]):
        given = given[1:]
    junior = ""
    for words in (family, given):
        if len(words) > 2 and "".join(words[-2:]) in _DEGREES:  # M.D., Ph.D.
            del words[-2:]
        while len(words) > 1 and words[-1] in _SUFFIXES:
            junior = _JUNIOR.get(words.pop(), junior)
    while len(given) > (1 if family else 2) and given[0] in _TITLES:
        given.pop(0)  # but Mr. Ruiz and Mrs. Ruiz are two people
    if given == family:  # a single name, entered twice
        family = []
    one = given or family
    if not (given and family) and len(one) > 1:  # a whole name in one field
        given, family = one[:-1], one[-1:]
    if (
        given
        and bare(given[0]) in _FAMILY_FIRST
        and family
        and bare(family[0]) not in _FAMILY_FIRST
    ):
        given, family = family, given  # Nguyễn Thị Lan
    return " ".join(given), " ".join(family), junior


def is_suffix(text: str) -> bool:
    """Whether a text is what follows a name: ``Jr.``, ``2nd``, ``Ph.D.``"""
    return joined(words_of(text)) in _SUFFIXES


def _is_no_name(words: list[str]) -> bool:
    """Whether the words of a field only fill it."""
    return " ".join(words) in _NO_NAME or not any(map(str.isalnum, "".join(words)))


def initials_of(given: str) -> tuple[str, ...]:
    """The initial of a first name as given and, for a short form, that of the full name."""
    first = given.partition(" ")[0]
    return tuple(dict.fromkeys((given[:1], _SHORT_FORMS.get(first, given[:1]))))


def words_of(text: str) -> str:
    """The letters, digits and marks of a text, folded, with one space between the words."""
    if text.isascii():  # a shortcut for most people, with the same result
        return " ".join(text.translate(_ASCII).lower().split()) or folded(compact(text))
    kept = "".join(
        c if unicodedata.category(c)[0] in "LNM" else " "
        for c in unicodedata.normalize("NFKC", _FRACTION.sub(" ", text.translate(_SAME_LETTERS)))
        if unicodedata.category(c) not in _HIDDEN
    )
    return " ".join(folded(kept).split()) or folded(compact(text))


def bare(text: str) -> str:
    """Without accents and vowel points where people leave them out (Latin, Hebrew, Arabic); in
    other scripts a mark is part of the letter."""
    if text.isascii():
        return text
    kept: list[str] = []
    optional = False
    for c in unicodedata.normalize("NFD", text):
        if unicodedata.category(c) == "Mn":
            if optional:
                continue
        else:
            optional = c < "\u0250" or "\u0590" <= c < "\u0700"
        kept.append(_LETTERS.get(c, c))
    return unicodedata.normalize("NFC", "".join(kept))


def compact(text: str) -> str:
    """Without spaces and invisible characters."""
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) not in _HIDDEN)


def folded(text: str) -> str:
    """NFC and case-folded, the same for all canonically equivalent spellings."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFD", text).casefold()
    return unicodedata.normalize("NFC", decomposed)


def joined(text: str) -> str:
    """The words joined into one."""
    return text.replace(" ", "")


# --- Street addresses ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _PostalWords:
    """The tables of ``postal_words.txt``."""

    words: dict[str, str]
    """Each spelling of a word and its short form: suffixes, directions, numbers."""
    suffixes: frozenset[str]
    """The short forms of the suffixes."""
    units: dict[str, str]
    """The same for words before a unit's number; those for a dwelling, such as Apt, add nothing."""
    alone: dict[str, str]
    """The same for units that have no number."""
    phrases: dict[tuple[str, ...], tuple[str, ...]]


@cache
def _tables() -> _PostalWords:
    text = Path(__file__).with_name("postal_words.txt").read_text("utf-8")
    sections: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("["):
            rows = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            rows.append(line)

    def table(*names: str) -> dict[str, str]:
        return {
            word: row.split()[0] for name in names for row in sections[name] for word in row.split()
        }

    phrases = {}
    for row in sections["phrases"]:
        short, _, written = row.partition(":")
        for phrase in written.split(","):
            phrases[tuple(phrase.split())] = tuple(short.split())
    return _PostalWords(
        table("streets", "directions", "numbers"),
        frozenset(table("streets").values()),
        table("units"),
        table("units without a number"),
        phrases,
    )


_DWELLING = "apt"
_ESTATE = "urb"
_NUMBER_SIGNS = frozenset({"hash", "num", "no"})
_GLUED = re.compile(r"\b(pobox|rr|hc|fm|rm|cr|sr|sh|us|ih|i|psc|cmr|box|apt|lot|bldg)(?=\d)")
"""What people write without a space before a number: RR2, FM1960, I35."""
_HOUSE_OR_CALLE = re.compile(r"\d|^(calle|ave)$")
_TENS = frozenset(str(number) for number in range(20, 100, 10))
_ENDS_A_STREET = frozenset({"st", "ave", "dr", "ln", "ct", "pl", "blvd", "ter", "cir", "way"})
"""Suffixes after which a number is a unit; after others it may be the road's number."""


def address_of(street: str, street2: str = "") -> tuple[str, str]:
    """House and street in the Postal Service's abbreviations, and the unit; both may be empty.

    >>> address_of("12 North Fifth Street, Apt. 4-B")
    ('12 n 5 st', '4b')
    >>> address_of("12 N. 5th St", "#4B")
    ('12 n 5 st', '4b')

    Only a unit is read from a second line, which may also name a building or a person. In Puerto
    Rico the urbanization counts as a unit: two of them in one ZIP can each have a 12 Calle 3.
    """
    street_words, second = _address_words(street), _address_words(street2)
    if street_words and _tables().units.get(street_words[0]) == _ESTATE:
        street_words, second = street_words + second, []  # the street may be on the second line
    street_words, unit = _without_unit(street_words)
    _, other = _without_unit(["", "", *second])
    if not other and len(second) == 1 and (len(second[0]) == 1 or second[0][0].isdigit()):
        other = second[0]
    if not street_words and second and not other:
        street_words = second
    if len(street_words) > 2 and street_words[0] in ("calle", "ave") and street_words[-1].isdigit():
        street_words.insert(0, street_words.pop())  # Calle Luna 12
    both = " ".join(sorted({*unit.split(), *other.split()}))
    return " ".join(street_words), both


def has_street(text: str) -> bool:
    """Whether a text has a box, or the number, name and suffix of a street (or *Broadway*).

    >>> has_street("12 Elm St"), has_street("12 Elm"), has_street("12 Lake")
    (True, False, False)
    """
    words = address_of(text)[0].split()
    suffixes = _tables().suffixes | {"calle"}
    complete = len(words) > 2 and not suffixes.isdisjoint(words)
    return complete or not {"box", "broadway"}.isdisjoint(words)


def _address_words(text: str) -> list[str]:
    tables = _tables()
    if not text:
        return []
    words = _GLUED.sub(r"\1 ", bare(words_of(text.replace("#", " hash ")))).split()
    short: list[str] = []
    # "#12 Main St" is 12 Main St, but "#4 12 Main St" begins with a unit.
    at = int(len(words) > 2 and words[0] in _NUMBER_SIGNS and words[1][0].isdigit()
             and not words[2][0].isdigit())  # fmt: skip
    while at < len(words):
        if words[at] in _NUMBER_SIGNS and short[-1:] in (["box"], ["rr"], ["hc"]):
            at += 1
            continue
        for size in (5, 4, 3, 2, 1):
            phrase = tables.phrases.get(tuple(words[at : at + size]))
            if phrase is not None:
                short += phrase
                at += size
                break
        else:
            number = words[at + 1 : at + 2] and words[at + 1][0].isdigit()
            # "12 No. Main St" is North; "12 Main St No. 4" is a number.
            is_number_sign = words[at] == "no" and at > 1 and number
            short.append("num" if is_number_sign else _short(words[at], tables))
            at += 1
    return _merge_words(short)


def _short(word: str, tables: _PostalWords) -> str:
    if word[0].isdigit():
        number = word[:-2] if word[-2:] in ("st", "nd", "rd", "th") else word
        return number.lstrip("0") or "0"
    return tables.words.get(word, word)


def _merge_words(words: list[str]) -> list[str]:
    """Joins ``n e``, which is one direction, and ``20 1``, which is one spelled-out number."""
    out: list[str] = []
    for word in words:
        last = out[-1] if out else ""
        if last in ("n", "s") and word in ("e", "w") and len(out) > 1:
            out[-1] = last + word
        elif last in _TENS and len(word) == 1 and word.isdigit() and len(out) > 1:
            out[-1] = last[0] + word
        else:
            out.append(word)
    return out


def _without_unit(words: list[str]) -> tuple[list[str], str]:
    """The street and the unit: ``4b``, or ``bldg2 4`` if there is more than a dwelling's number."""
    tables = _tables()
    units: list[str] = []
    if len(words) > 3 and tables.units.get(words[0]) == _DWELLING and words[1][0].isdigit():
        units.append(words[1])  # before the house number
        words = words[2:]
    if words and tables.units.get(words[0]) == _ESTATE:
        begin = next((at for at, word in enumerate(words) if _HOUSE_OR_CALLE.search(word)), 0)
        units += ["".join([_ESTATE, *words[1:begin]])] if begin else []
        words = words[begin:] or words
    if words and words[0] in ("calle", "ave"):
        words = _house_first(words)
    start = next((at for at in range(2, len(words)) if _begins_unit(words, at)), len(words))
    street, rest = words[:start], words[start:]
    while rest:
        what = tables.units.get(rest[0]) or tables.alone.get(rest[0], "")
        if rest[0].isdigit() and len(rest) > 1 and tables.units.get(rest[1]) == "fl":
            units.append(f"fl{rest[0]}")  # 3rd floor
            rest = rest[2:]
            continue
        number = ""
        at = 1 if what else 0
        while at < len(rest) and (not number or not _begins_unit(rest, at)):
            if rest[at] not in tables.units:  # "apt #4" has two words for a unit
                number += rest[at]
            at += 1
            if what in tables.alone.values() and what not in tables.units.values():
                break
        units.append(f"{'' if what == _DWELLING else what}{number}")
        rest = rest[at:]
    return street, " ".join(sorted(unit.lstrip("0") for unit in units if unit))


def _house_first(words: list[str]) -> list[str]:
    """``Calle Luna #12`` as ``12 Calle Luna``."""
    at = next((at for at, word in enumerate(words) if at > 1 and word in ("hash", "num")), 0)
    if not at or not words[at + 1 :]:
        return words
    if not words[at + 1][0].isdigit() or (at > 2 and words[at - 1][0].isdigit()):
        return words
    return [words[at + 1], *words[:at], *words[at + 2 :]]


def _begins_unit(words: list[str], at: int) -> bool:
    tables = _tables()
    word = words[at]
    later = words[at + 1] if at + 1 < len(words) else ""
    if word in tables.units and (later or word not in tables.alone):
        return bool(later) and (word not in ("num", "number") or later[0].isdigit())
    if word in tables.alone:
        return not later or later in tables.units or later in tables.alone
    if word[0].isdigit() and tables.units.get(later) == "fl":
        return True
    number = word[0].isdigit() or (len(word) == 1 and word not in "nesw")
    return number and not later and at > 2 and words[at - 1] in _ENDS_A_STREET
