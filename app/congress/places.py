"""ZIP codes and towns as people write them.

A ZIP that can mean only one thing is accepted (spaces, typographic hyphens, full-width digits,
a trailing hyphen). An ambiguous one is never silently changed but questioned with a suggestion: a
ZIP that lost its leading zero, a "+4" with missing digits. Towns match however they are accented,
abbreviated or hyphenated.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from app.congress.model import (
    ASSOCIATED_STATES,
    DELEGATE_AREAS,
    MILITARY_STATES,
    STATES,
    STATES_ES,
)
from app.text import clean_line, fold_digits, plain

ZipProblemKind = Literal["missing", "foreign", "four_digits", "bad_plus4", "malformed"]


@dataclass(frozen=True, slots=True)
class Zip:
    """A well-formed ZIP code; whether it exists is another question."""

    five: str
    plus4: str | None = None

    def __str__(self) -> str:
        """``02138`` or ``02138-1234``."""
        return f"{self.five}-{self.plus4}" if self.plus4 else self.five


@dataclass(frozen=True, slots=True)
class ZipProblem:
    """Why a text is not a ZIP code, and what the person may have meant."""

    kind: ZipProblemKind
    suggestion: str | None = None


# --- States --------------------------------------------------------------------------------

_SHORT = """
    ALA AL, ALAS AK, ARIZ AZ, ARK AR, CAL CA, CALIF CA, COLO CO, CONN CT, DEL DE, FLA FL, IDA ID,
    ILL IL, IND IN, KAN KS, KANS KS, MASS MA, MICH MI, MINN MN, MISS MS, MONT MT, NEB NE, NEBR NE,
    NEV NV, N MEX NM, N DAK ND, OKLA OK, ORE OR, OREG OR, PENN PA, PENNA PA, S DAK SD, TENN TN,
    TEX TX, WASH WA, W VA WV, WIS WI, WISC WI, WYO WY, WASHINGTON DC DC, WASHINGTON D C DC,
    US VIRGIN ISLANDS VI, USVI VI, UNITED STATES VIRGIN ISLANDS VI, VIRGIN ISLANDS VI,
    ISLAS VIRGENES VI, CNMI MP, SAIPAN MP, COMMONWEALTH OF THE NORTHERN MARIANA ISLANDS MP,
    ISLAS MARIANAS MP, NUEVA HAMPSHIRE NH, TEJAS TX, VIRGINIA DEL OESTE WV, HAW HI, GUAHAN GU,
    NO CAROLINA NC, SO CAROLINA SC, NO DAKOTA ND, SO DAKOTA SD, WEST VA WV, NEW YORK STATE NY,
    WASHINGTON STATE WA, NUEVO MEJICO NM, NORTHERN MARIANAS MP, N MARIANA ISLANDS MP,
    MICRONESIA FM, PALAU PW, MARSHALL ISLANDS MH, RMI MH
"""
"""Other names for states, besides their codes and full names; traditional abbreviations first."""


def read_state(text: str) -> str | None:
    """The postal code of a state, territory, military region or associated state, however it is
    written in English or Spanish: ``vt``, ``Vt.``, ``N. Dakota``, ``Nueva York``, ``Iowa (IA)``.
    None for anything else.
    """
    if text in _CODES:
        return text
    text = _COUNTRY_AFTER.sub("", text)
    codes = {_STATE_WORDS.get(_state_words(part)) for part in re.split("[-–(/]", text)}
    return codes.pop() if len(codes) == 1 else None


def _state_words(text: str) -> str:
    words = re.sub(r"[.,)\s]+", " ", plain(text).replace("'", "")).upper().strip()  # Hawaiʻi
    words = re.sub("^(STATE|COMMONWEALTH) OF ", "", words)
    letters = words.replace(" ", "")
    return letters if len(letters) == 2 else words  # N. Y.


COUNTRY = (
    r"(?:U\.? ?S\.?(?: ?A)?|United States(?: of America)?|EE?\.? ?UU?|Estados Unidos)(?![a-z])\.?"
)
"""The United States as people write it after an address; for use without regard to case."""
# A run of spaces and commas is tried only from its start, or many of them would take minutes.
_COUNTRY_AFTER = re.compile(rf"(?:^|(?<![\s,])[\s,]+){COUNTRY}$", re.IGNORECASE)
_HALF_A_STREET = re.compile(r"[\W\d]*|(?:.*\s)?(?:calle|avenida|camino|paseo)", re.IGNORECASE)
"""What is left of a street that is named like its town: *12 Calle Ponce PR*."""
_ZIP_AFTER = re.compile(r"(?<=[^\s,])[\s,]+\d{5}(-\d{4})?$")


def address_alone(street: str, street2: str, city: str, state: str) -> tuple[str, str, str]:
    """The street, the second line and the town of an address, each without the town, state, ZIP
    and country after it, which have their own fields or need none.

    >>> address_alone("12 Main St, Stowe VT 05672", "Stowe, VT", "Stowe, VT 05672, USA", "VT")
    ('12 Main St', '', 'Stowe')
    """
    city = _town_alone(city, state)
    street = _street_alone(street, city, state)
    if street2:
        street2 = _street_alone(street2, city, state)
        rest = _town_alone(street2, state)
        if not rest or town_key(rest) in {town_key(street), town_key(city)} - {""}:
            street2 = ""
    return street, street2, city


def _town_alone(text: str, state: str) -> str:
    town = _ZIP_AFTER.sub("", _COUNTRY_AFTER.sub("", text))
    before, comma, after = town.rpartition(",")
    rest, _, last = town.rpartition(" ")
    if len(last.replace(".", "")) == 2 and not (comma and read_state(after)):
        before, after = rest, last  # Washington D.C.
    elif rest and not comma and last.upper() in _LAST_WORDS:  # Brooklyn New York
        words = town.split(" ")
        for size in range(1, min(len(words), _MOST_WORDS + 1)):
            if read_state(after := " ".join(words[-size:])) == state:
                # University of Georgia
                return town if words[-size - 1].lower() == "of" else " ".join(words[:-size])
    return before.strip(" ,") if before and read_state(after) == state else town


def _street_alone(text: str, city: str, state: str) -> str:
    rest = _town_alone(text, state)
    before, comma, town = rest.rpartition(",")
    if not comma and rest != text:  # 12 Main St Stowe VT
        at = len(rest) - len(city)
        apart = rest[at - 1 : at] == " " and not _HALF_A_STREET.fullmatch(rest[:at].strip())
        before, town = (rest[:at], rest[at:]) if apart else ("", "")
    return before.strip() if before and city and town_key(town) == town_key(city) else text


def other_zip_in(street: str, zip5: str) -> str:
    """The ZIP after a state at the end of a street, if it is not ``zip5``; else empty.

    >>> other_zip_in("12 Main St, Stowe, VT 05672", "10013")
    '05672'
    """
    found = re.fullmatch(r"(.*[^\s,])[\s,]+(\d{5})(?:-\d{4})?", _COUNTRY_AFTER.sub("", street))
    if found is None or found[2] == zip5:
        return ""
    words = found[1].replace(",", " ").split()
    named = any(read_state(" ".join(words[-n:])) for n in (1, 2, 3))
    return found[2] if named else ""


def other_state_in(town: str, state: str) -> str:
    """The state after a town and a comma, if it is another than ``state``; else empty.

    >>> other_state_in("Hackensack, NJ", "NY")
    'NJ'
    """
    before, _, after = _ZIP_AFTER.sub("", _COUNTRY_AFTER.sub("", town)).rpartition(",")
    other = read_state(after) if before else None
    return other if other and other != state else ""


_CODES = STATES.keys() | MILITARY_STATES | ASSOCIATED_STATES
_STATE_WORDS = {
    **{code: code for code in _CODES},
    **{_state_words(name): code for code, name in STATES.items()},
    **{_state_words(re.sub("^(el|las) ", "", name)): code for code, name in STATES_ES.items()},
    **{
        f"{name[0]} {name.split()[1].upper()}": code  # N. Dakota, W. Virginia
        for code, name in STATES.items()
        if re.match("(North|South|West|New) ", name)
    },
    **dict(row.strip().rsplit(" ", 1) for row in _SHORT.split(",")),
}

_LAST_WORDS = {name.rpartition(" ")[2].upper() for name in (*STATES.values(), *STATES_ES.values())}
"""Words with which a state's name ends."""
_MOST_WORDS = max(len(name.split()) for name in _STATE_WORDS)
"""How many words a state's name has at most."""

# --- ZIP codes -----------------------------------------------------------------------------

_LONGEST = 80
_DASHES = "\N{MINUS SIGN}\N{KATAKANA-HIRAGANA PROLONGED SOUND MARK}"
_SEPARATORS = re.compile(r"[._/+~-]+")
_HARMLESS = re.compile(
    r"(?<![A-Z0-9])(?:(?:ZIP ?\+ ?4|ZIP ?CODE|ZIP|CODE|C[OÓ]DIGO|POSTAL|C\.? ?P\.?)(?![A-Z])\.?"
    rf"|{COUNTRY})",
    re.IGNORECASE,
)
"""Words that say only that this is a ZIP code, or that the country is the United States."""
_LOOKALIKES = str.maketrans({"O": "0", "Ο": "0", "О": "0", "I": "1", "Ι": "1", "І": "1", "L": "1"})
"""Latin, Greek and Cyrillic letters that look like 0 or 1."""
_STATE_NAMES = sorted({*_STATE_WORDS, *(name.upper() for name in STATES.values())}, key=len)
_STATE = re.compile(rf"(?<![A-Z])(?:{'|'.join(reversed(_STATE_NAMES))})(?![A-Z])\.?")
_POINTS = re.compile(r"(?<![A-Z])([A-Z])\. ?([A-Z])\.(?![A-Z])")
_AFTER_STATE = re.compile(rf"{_STATE.pattern}[\s,.-]*([0-9]{{5}}(?:-[0-9]{{4}})?)(?![\w-])")
_FIVE = re.compile(rf"(?<![\w-])([0-9]{{5}}(?:-[0-9]{{4}})?)(?:(?![\w-])|-?(?={_STATE.pattern}$))")
_GROUPED = re.compile(r"[0-9]{1,2},[0-9]{3}")
"""A number with a thousands separator, as spreadsheets show it: 60,647."""
_FOUR = re.compile(r"(?<![\w-])[0-9]{4}(?![\w-])")
_ZERO_STATES = frozenset(["CT", "MA", "ME", "NH", "NJ", "RI", "VT", "PR", "VI", "AE"])
"""Where ZIPs begin with 0. (A few of New York's do too, but hardly anyone has one.)"""


def _normalized(text: str) -> str:
    """One clean line in upper case, with ASCII digits, and ``-`` for every kind of dash."""
    line = fold_digits(clean_line(text))
    return "".join("-" if _is_dash(char) else char.upper() for char in line)


def _is_dash(char: str) -> bool:
    return unicodedata.category(char) == "Pd" or char in _DASHES


_HOLTSVILLE = ("00501", "00544")
"""The ZIPs below 00601, the first of Puerto Rico. No other has two zeros to lose."""


def _from_digits(compact: str) -> Zip | ZipProblem:
    """Read a text of digits and single hyphens, with no hyphen at either end."""
    head, _, tail = compact.partition("-")
    digits = head + tail
    if "-" in tail or (tail and len(head) not in (3, 4, 5)):
        return ZipProblem("malformed")
    if not tail and len(head) > 5:
        # Nine digits without a hyphen, or a run in which some are missing.
        head, tail = (head[:4], head[4:]) if len(head) == 8 else (head[:5], head[5:])
    if len(head) == 5 and len(tail) in (0, 4):
        return Zip(head, tail or None)
    if len(head) == 5 and len(digits) <= 10:
        return ZipProblem("bad_plus4", head)
    filled = head.zfill(5)
    if len(head) in (3, 4) and len(tail) in (0, 4) and (filled >= "006" or filled in _HOLTSVILLE):
        return ZipProblem(
            "four_digits" if len(head) == 4 else "malformed", str(Zip(filled, tail or None))
        )
    return ZipProblem("malformed")


def _from_words(text: str) -> Zip | ZipProblem:
    """Read a text with letters: a slip to be questioned, or another country's code."""
    text = _POINTS.sub(r"\1\2", text)
    rest = _HARMLESS.sub(" ", text)
    if not re.search("[0-9]", rest):
        return ZipProblem("malformed")
    if not any(char.isalpha() for char in rest):
        return _from_marks(rest)
    candidate = rest.strip(" ,;:.#-").translate(_LOOKALIKES)
    if re.fullmatch(r"[0-9]{5}(-[0-9]{4})?", candidate):
        return ZipProblem("malformed", candidate)
    states = [read_state(name) for name in _STATE.findall(rest)]
    if re.search(r"[0-9]{5} (OR|AND|O|Y) [0-9]{5}", rest):
        return ZipProblem("malformed")  # two ZIPs, not one in Oregon
    if not states and rest == text:
        return ZipProblem("foreign")
    # A whole line of an address: question the part that is where a ZIP would be.
    for found in (_AFTER_STATE.findall(rest), _FIVE.findall(rest)):
        if len(found) == 1:
            return ZipProblem("malformed", found[0])
        if found:
            return ZipProblem("malformed")
    four = _FOUR.findall(rest)
    if len(four) == 1 and not _ZERO_STATES.isdisjoint(states):
        return ZipProblem("four_digits", f"0{four[0]}")
    mixed = re.search(r"[^\W\d_][0-9]|[0-9][^\W\d_]", rest)
    return ZipProblem("foreign" if mixed else "malformed")


def _from_marks(text: str) -> Zip | ZipProblem:
    """Read a text of digits, spaces and punctuation."""
    # A space after five digits separates them from the four.
    text = re.sub(r"(?<![0-9])([0-9]{5})\s+(?=[0-9])", r"\1-", text)
    compact = _SEPARATORS.sub("-", re.sub(r"\s", "", text))
    compact = re.sub(r"^\W+|\W+$", "", compact)
    if _GROUPED.fullmatch(compact):
        read = _from_digits(compact.replace(",", ""))
        return ZipProblem("malformed", read.five) if isinstance(read, Zip) else read
    if not re.fullmatch(r"[0-9]+(-[0-9]+)*", compact):
        return ZipProblem("malformed")
    return _from_digits(compact)


def parse_zip(text: str | None) -> Zip | ZipProblem:
    """Read a typed ZIP code.

    Returns ``Zip`` (``five`` and perhaps ``plus4``), or ``ZipProblem`` whose kind is
    ``missing`` (nothing typed), ``foreign`` (letters and digits, as in Canada or Britain),
    ``four_digits`` (a leading zero was lost; the suggestion has it), ``bad_plus4`` (the part after
    the hyphen does not have four digits; the suggestion is the ZIP without it) or ``malformed``
    (with a suggestion if there is one obvious guess).
    """
    if text and len(text) == 5 and text.isascii() and text.isdigit():
        return Zip(text)  # what nearly everyone types
    line = _normalized(text or "").strip()
    if not line:
        return ZipProblem("missing")
    if len(line) > _LONGEST:
        return ZipProblem("malformed")
    if any(char.isalpha() for char in line):
        return _from_words(line)
    return _from_marks(line.removesuffix(".0"))  # what a spreadsheet makes of a number


_ABBREVIATIONS = {"saint": "st", "sainte": "ste", "fort": "ft", "mount": "mt"}
_STATUS = (
    r"city and borough|zona urbana|metro township|city|town|village|borough|CDP"
    r"|municipality|corporation|comunidad"
)
_CONSOLIDATED = (
    r"(?:(?:consolidated|metropolitan|metro|unified) government|urban county|city)? ?\(balance\)$"
)


_DISTRICT = re.compile(
    # A run of separators or zeros is tried only from its start.
    r"(?:(.*?)(?<![\s-])[\s-]*)??(?:(?<!0)0*([0-9]{1,2})(?:ST|ND|RD|TH|[ºª°]|\.0)?|AL|AT[ -]LARGE)",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"\b(?:U\.?S\.?|CONGRESS?IONAL|HOUSE|DISTRICT|DISTRITO|DIST|CD|NO|N[UÚ]M)\b\.?|\bCD(?=\d)|#",
    re.IGNORECASE,
)
_DELEGATE = 98
"""How the Census Bureau numbers the district of a delegate."""


def parse_district(text: str, state: str = "") -> tuple[str, int] | None:
    """``IL-5``, ``5``, ``5th``, ``CD 5``, ``at large`` as state and number. ``state`` is used if
    the text names none. None for anything else, or if the text names a different state."""
    found = _DISTRICT.fullmatch(_FILLER.sub(" ", text).strip())
    if found is None:
        return None
    named = read_state(found[1].strip()) if found[1] else ""
    if named is None or (named and state and named != read_state(state)):
        return None
    code, number = named or state, int(found[2] or 0)
    return code, 0 if number == _DELEGATE and read_state(code) in DELEGATE_AREAS else number


def town_key(name: str) -> str:
    """A town's name folded for comparison: ``Cañon City`` and ``CANON CITY`` have the same key.

    Accents, case and punctuation are dropped; ``Saint``, ``Fort`` and ``Mount`` are abbreviated as
    the Postal Service does; then spaces are dropped, because it also writes ``Mc Intosh``. Empty
    if nothing is left.
    """
    words = re.findall(r"[a-z0-9]+", plain(name))
    return "".join(_ABBREVIATIONS.get(word, word) for word in words)


def town_keys(name: str) -> tuple[str, ...]:
    """Every key under which a Census place is known to its residents.

    ``Nashville-Davidson metropolitan government (balance)`` is also ``nashville``;
    ``Bath (Berkeley Springs)`` is both.
    """
    whole = re.sub(_CONSOLIDATED, "", name)
    keys = [town_key(whole)]
    if whole != name:
        keys.append(town_key(re.split(r"[-/]", whole)[0]))
    elif match := re.fullmatch(r"(.+?) \((.+)\)", name):
        keys += [town_key(match[1]), town_key(match[2])]
    if "," in name:
        keys.append(town_key(name.split(",", 1)[0]))
    return tuple(dict.fromkeys(key for key in keys if key))


@cache
def _towns_in(state: str) -> dict[str, set[str]]:
    """By key, each name that the Postal Service knows for a town of the state, and its ZIPs."""
    import zipcodes  # its first answer takes most of a second

    found: dict[str, set[str]] = {}
    for row in zipcodes.filter_by(state=state):
        for name in (row["city"], *row["acceptable_cities"], *row["unacceptable_cities"]):
            found.setdefault(town_key(name), set()).add(row["zip_code"])
    return found


@lru_cache(4096)
def _state_of(zip5: str) -> str:
    import zipcodes

    found = zipcodes.matching(zip5) if len(zip5) == 5 else ()
    return str(found[0]["state"]) if found else ""


_DIRECTIONS = frozenset({
    "north", "south", "east", "west", "northeast", "northwest", "southeast", "southwest",
})  # fmt: skip
"""Names of towns, too, but at the end of an address a part of the street."""


def town_at_end(address: str, state: str, zip5: str) -> str:
    """The town of a ZIP with which an address ends, as written there; else empty.

    The longest name of any town in the state (by default the ZIP's) decides, so that *West
    Springfield* is not Springfield. What is before it need not be a street.

    >>> town_at_end("12 Elm St Springfield", "MA", "01103")
    'Springfield'
    """
    words, towns = address.split(), _towns_in(state or _state_of(zip5))
    ends = (" ".join(words[-size:]) for size in range(min(5, len(words) - 1), 0, -1))
    town = next((end for end in ends if "," not in end and town_key(end) in towns), "")
    key = town_key(town)
    return town if zip5 in towns.get(key, ()) and key not in _DIRECTIONS else ""


def place_name(namelsad: str) -> str:
    """A Census ``NAMELSAD`` without its legal status: ``Cañon City city`` → ``Cañon City``.

    Only the last status word is removed, because many towns have one in their name.
    """
    if "(balance)" in namelsad:
        return namelsad
    return re.sub(rf" (?:{_STATUS})$", "", namelsad)
