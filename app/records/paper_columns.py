"""What the columns of a sheet mean, and what a row says about a person.

Headers are recognized in English and Spanish, including those of the tools used in the field
(NationBuilder, EveryAction, Salesforce, ActBlue, Action Network and the like). Whatever is
uncertain becomes a question for the organizer, whose answer is remembered for the next sheet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from app.congress.places import COUNTRY, read_state
from app.records.comparing import address_of, is_suffix
from app.text import plain

Flag = Literal["date", "formula", "error", "long"]
"""Why a cell's text is not what someone typed."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row of a sheet. ``number`` is the row number that a spreadsheet program shows."""

    number: int
    cells: tuple[str, ...] = field(repr=False)
    flags: dict[int, Flag] = field(default_factory=dict)
    hidden: bool = False
    """Hidden by hand or by a filter."""
    crossed: frozenset[int] = frozenset()
    """The columns, from 0, whose cells are crossed out."""


COLUMNS = ("first", "last", "street", "city", "state", "zip", "district", "email")
"""The columns of a ``SheetRow``. Each role of a sheet's column feeds into one of them."""

_NAMES: dict[str, str] = {
    "first": "first, first name, firstname, fname, f name, given name, given names, forename, "
             "nombre, nombres, primer nombre, nombre de pila, nombre s",
    "last": "last, last name, lastname, lname, l name, surname, family name, apellido, apellidos, "
            "primer apellido, apellido s, apellido paterno",
    "second": "apellido materno, segundo apellido, second last name, second surname, last name 2, "
              "maternal last name, maternal surname",
    "suffix": "suffix, name suffix, sufijo",
    "name": "name, full name, fullname, printed name, print name, name printed, signer, "
            "signer name, contact name, last name first name, first and last name, "
            "last first, first last, nombre completo, nombre y apellidos, nombre y apellido, "
            "nombres y apellidos",
    "house": "house number, house no, house num, house, houseno, housenumber, house nbr, "
             "street number, street no, street num, streetno, streetnumber, address number, "
             "addr no, building number, numero de casa, numero exterior",
    "street": "street, street address, streetaddress, street name, streetname, address, addr, "
              "address line, street line, address street, home address, residential address, "
              "residence address, calle, calle y numero, calle y no, calle y num, calle numero, "
              "direccion, direccion completa, full address, direccion postal, "
              "direccion residencial, direccion fisica, domicilio, user address, "
              "nombre de la calle, number and street, street and number, street number and name, "
              "street name and number, house number and street, addrline 1, numero y calle, "
              "direccion de la casa, direccion de su casa, direccion particular",
    "street_type": "street type, streettype, st type, designator, street designator",
    "before": "street prefix, streetprefix, pre direction, predirection, street direction, dir, "
              "pre dir, predir, direction, prefix direction",
    "after": "street suffix, streetsuffix, post direction, postdirection, post dir, postdir, "
             "suffix direction",
    "unit_type": "apt type, apttype, unit type",
    "unit": "unit, apt, apartment, suite, apt no, aptno, unit number, unit no, apt number, "
            "apt unit, apt suite, apartment number, street line 2, address line 2, address 2, "
            "addr 2, street address 2, street address line 2, street 2, supplemental address, "
            "supplemental address 1, secondary addr, secondary address, "
            "address 3, address line 3, extra address line, extended address, direccion 2, "
            "apartamento, apto, no apto, num apto, departamento, depto, piso, "
            "urbanizacion, urb, numero interior, unidad, apt num, apartment num, addrline 2, "
            "lot, lot number, lot no, space number, trailer, barrio, urb barrio, "
            "urbanizacion barrio, urbanizacion o barrio",
    "city": "city, town, locality, city town, town city, municipality, ciudad, localidad, "
            "municipio, poblacion, pueblo",
    "state": "state, st, state territory, state province, state abbreviation, state abbreviated, "
             "state code, province, region, estado, edo, estado o territorio",
    "zip": "zip, zip code, zipcode, zip 5, zip5, postal, postal code, postalcode, postcode, "
           "post code, zip postal code, zip postcode, postal zip, postal zip code, "
           "postal code zip, zip code 5, codigo postal, codigo zip, codigo postal zip, "
           "zip codigo postal, cp, c p",
    "plus4": "zip 4, zip4, zip plus 4, zip plus four, plus 4, plus four, plus4, "
             "postal code suffix, zip suffix, zip extension, zip ext, zip code 4, zip code suffix, "
             "zip code extension, zip code ext",
    "place": "city state zip, city st zip, city state zip code, city state postal code, "
             "city state and zip, city state, city st, town state zip, csz, ciudad estado zip, "
             "ciudad estado codigo postal, ciudad estado y zip, ciudad estado y codigo postal, "
             "city zip, city zip code, city and zip, city and zip code, town zip, town zip code, "
             "town and zip, town and zip code, ciudad zip, ciudad y zip, ciudad codigo postal, "
             "ciudad y codigo postal, pueblo y zip, pueblo y codigo postal",
    "district": "district, congressional district, cd, us house district, "
                "u s house district, us congressional district, distrito, distrito congresional, "
                "distrito electoral",
    "email": "email, e mail, email address, e mail address, emailaddress, mail, preferred email, "
             "email 1, e mail 1, e mail 1 value, "
             "correo, correo electronico, correo e, direccion de correo electronico",
}  # fmt: skip
ROLES = tuple(_NAMES)
"""The roles that a sheet's column can have."""
_ALIASES = {alias.strip(): role for role, names in _NAMES.items() for alias in names.split(",")}
# The first address line has many names; none of them means a unit.
_ALIASES |= {
    f"{one} {number}": "street"
    for one in ("address", "addr", "address line", "street", "street address", "street line",
                "street address line", "direccion")
    for number in ("1", "one")
}  # fmt: skip
_ALIASES |= {
    f"{alias} 1": role for alias, role in _ALIASES.items() if role in ("city", "state", "zip")
}

_PREFIXES = (
    "", "home", "residential", "residence", "physical", "primary", "registered", "registration",
    "voting", "voter", "v", "user submitted", "can2 user", "can2", "donor", "signer", "petitioner",
    "resident", "res", "supporter", "contact", "constituent", "person", "mailing", "mail", "m",
    "billing", "address", "address 1", "addresses",
)  # fmt: skip
"""Words that tools put before a column's name. If a sheet has two addresses, the prefix listed
earlier is the likelier home address."""
_AFTER = ("home", "residence", "residential", "primary", "mailing")
"""Those that some tools put after it: *City - Home*."""
_KIND_OF_COLUMN = re.compile(r"(?<=.) (?:desc|cd|lbl|txt)$")
"""What voter files put after a name: *state_cd*, *name_suffix_lbl*."""
_NOT_THE_SIGNER = re.compile(
    r"\b(spouse|partner|parent|friend|employer|company|organi[sz]ation|work|business|job|emergency"
    r"|witness|circulator|collector|notary|volunteer|referred|previous|old|birth|middle|maiden"
    r"|nick|county|country|user|pareja|empleador|empresa|testigo|condado|pais)\b"
)
"""Words in a header that mean the column is not about the signer or not what its ending says."""
_ADDRESS = ("house", "before", "street", "street_type", "after", "unit_type", "unit", "place",
            "city", "state", "zip", "plus4")  # fmt: skip
_STREET = _ADDRESS[:7]
"""The parts of a street address in written order."""
_REPEATABLE = frozenset({"unit"})
"""Roles that several columns may share (Address 2 and Address 3)."""

Asking = Literal["doubled", "no_zip", "no_name", "house", "zip"]


@dataclass(frozen=True, slots=True)
class Question:
    """Something about the columns that an organizer must answer before anything is counted."""

    why: Asking
    places: tuple[int, ...] = ()
    """The columns in question, from 0."""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """A sheet's header row and the role of each column (empty: not read)."""

    number: int
    """The header's row number."""
    headers: tuple[str, ...]
    roles: tuple[str, ...]
    questions: tuple[Question, ...] = ()

    @property
    def unread(self) -> tuple[str, ...]:
        """The headers of the columns that are not used."""
        pairs = zip(self.headers, self.roles, strict=True)
        return tuple(header for header, role in pairs if header and not role)


def find_header(top: Sequence[RawRow]) -> RawRow | None:
    """The row with the column names among a sheet's first rows, or None.

    Titles, notes and merged cells above it are skipped.
    """
    best, most = None, 1
    for row in top:
        roles = roles_in(row)
        # A note with one known word ("Name") is not a header; a row naming a place and a person is.
        known = len(roles) + 10 * _is_header(roles)
        if known > most:
            best, most = row, known
    # A form's export may have nothing but questions in its first row.
    return best or next((row for row in top[:1] if _is_header(_whole(row))), None)


def _whole(row: RawRow) -> set[str]:
    """All roles of a row, for which one column with addresses may hold the ZIP codes, too."""
    roles = roles_in(row, ends=True)
    return roles | {"place"} if "street" in roles else roles


def roles_in(header: RawRow, *, ends: bool = False) -> set[str]:
    """All roles that a header row names; with ``ends``, also those matched by a header's ending."""
    found = _match_headers(header.cells)
    if ends:
        found |= _match_endings(header.cells, found)
    return {role for role, _rank in found.values()}


def _is_header(roles: set[str]) -> bool:
    return bool(roles & {"zip", "plus4", "place"} and roles & _PERSON)


_PERSON = {"first", "last", "name", "email"}
_WHOLE_NAME = {"first", "last", "second", "name"}


def assign(header: RawRow, sample: Sequence[RawRow], remembered: Mapping[str, str]) -> Columns:
    """The role of each column of a sheet, with questions where that is uncertain.

    ``sample`` is rows below the header; ``remembered`` is the roles organizers gave to columns
    earlier, by ``plain_header``.
    """
    found = _match_headers(header.cells, remembered)
    found |= _match_endings(header.cells, found, remembered)
    taken: dict[str, list[int]] = {}
    main = _main_prefix(found)
    for place, (role, rank) in sorted(
        found.items(), key=lambda item: (item[1][1] != main, item[1][1], item[0])
    ):
        others = taken.setdefault(role, [])
        if not others or rank == found[others[0]][1]:
            others.append(place)
    if "plus4" in taken and "zip" not in taken:
        taken["zip"] = taken.pop("plus4")  # “ZIP+4” alone is the whole code
    questions = []
    roles = [""] * len(header.cells)
    for role, places in taken.items():
        for place in places if role in _REPEATABLE else places[:1]:
            roles[place] = role
        if len(places) > 1 and role not in _REPEATABLE:
            questions.append(Question("doubled", tuple(places), role))
    for place in taken.get("suffix", ()):
        if place and roles[place - 1] in _STREET and "street_type" not in taken:
            roles[place] = "street_type"  # of "Main", not of a name
    questions += _questions(header, roles, sample)
    return Columns(header.number, header.cells, tuple(roles), tuple(questions))


def columns_as_told(header: RawRow, roles: Sequence[str], sample: Sequence[RawRow]) -> Columns:
    """The columns with the roles an organizer gave them; asks only about required and doubled
    roles."""
    known = [role if role in ROLES else "" for role in roles][: len(header.cells)]
    known += [""] * (len(header.cells) - len(known))
    questions = [
        Question("doubled", tuple(p for p, other in enumerate(known) if other == role), role)
        for role in dict.fromkeys(known)
        if role and role not in _REPEATABLE and known.count(role) > 1
    ]
    questions += [q for q in _questions(header, known, sample) if q.why in ("no_zip", "no_name")]
    return Columns(header.number, header.cells, tuple(known), tuple(questions))


def _main_prefix(found: Mapping[int, tuple[str, int]]) -> int:
    """The prefix of the address to read: the one with the most columns, then the likeliest home."""
    ranks = [rank for role, rank in found.values() if role in _ADDRESS]
    return max(set(ranks), key=lambda rank: (ranks.count(rank), -rank), default=0)


def _match_headers(
    cells: Iterable[str], remembered: Mapping[str, str] | None = None
) -> dict[int, tuple[str, int]]:
    """The role and the prefix rank of each recognized header, by column."""
    found = {}
    for place, cell in enumerate(cells):
        plain = plain_header(cell)
        if remembered and plain in remembered:
            if remembered[plain]:
                found[place] = remembered[plain], -1
            continue
        plain = _KIND_OF_COLUMN.sub("", plain)
        for rank, prefix in enumerate(_PREFIXES):
            rest = plain.removeprefix(f"{prefix} ".lstrip())
            if rest == plain and prefix in _AFTER:
                rest = plain.removesuffix(f" {prefix}")
            if prefix and rest == plain:
                continue
            # Some tools use two prefixes in a row: "Contact: Mailing City".
            rests = [rest, *(rest.removeprefix(f"{more} ") for more in _PREFIXES if prefix)]
            role = next((_ALIASES[rest] for rest in rests if rest in _ALIASES), None)
            if role and _is_meant(role, plain):
                found[place] = role, rank
                break
    return found


def _match_endings(
    cells: Iterable[str],
    found: Mapping[int, tuple[str, int]],
    remembered: Mapping[str, str] | None = None,
) -> dict[int, tuple[str, int]]:
    """Roles that no header names outright, found at the end of the other headers: "What is your
    first name?"."""
    known = {role for role, _rank in found.values()}
    more: dict[int, tuple[str, int]] = {}
    for place, text in enumerate(cells):
        plain = plain_header(text)
        words = plain.split()
        if place in found or plain in (remembered or ()) or _NOT_THE_SIGNER.search(plain):
            continue
        ends = (" ".join(words[-size:]) for size in (3, 2, 1))
        role = next((_ALIASES[end] for end in ends if end in _ALIASES), None)
        if role == "name" and known & _WHOLE_NAME:
            continue  # Precinct Name
        if role and role not in known and _is_meant(role, plain):
            more[place] = role, len(_PREFIXES)
    return more


def _is_meant(role: str, plain: str) -> bool:
    """Whether a header can mean what its ending says. Voter files have state house districts,
    voting districts and others that are not congressional districts; an address has suffixes,
    too."""
    if role == "suffix" and re.search(r"\b(zip|postal|address|addresses|phone)\b", plain):
        return False
    return role != "district" or plain in _ALIASES or bool(re.search("congres|us house", plain))


_PART = re.compile(r"(?:[^()]*\b)?(?:name|address|nombre|direccion)\s*\(([^()]*)\)\s*")
"""How form plugins name the parts of one field: *Address (City)*."""


def plain_header(header: str) -> str:
    """A header in lower case without accents, brackets or punctuation: ``mZip5`` as ``m zip 5``.

    Brackets stay if they name the column: ``Address (City)`` as ``address city``.
    """
    text = plain(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header))
    part = _PART.fullmatch(text)
    if part is None or plain_header(part[1]) not in _ALIASES:
        text = re.sub(r"\(.*?\)", " ", text)
    words = re.sub(r"[^a-z0-9]+", " ", re.sub(r"(?<=[a-z]{3})(?=[0-9]\b)", " ", text)).split()
    return " ".join(words[1:] if words[:1] in (["your"], ["su"], ["sus"]) else words)


# --- what is uncertain -----------------------------------------------------------------

_HOUSE = re.compile(r"#?\d{1,6}(?:-\d{1,4})?\s?[A-Za-z]?(?:\s?1/2)?")
_NUMBER = re.compile(r"(?<!\d)\d+(?!\d|(?:st|nd|rd|th)\b)", re.IGNORECASE)
"""A number in a street's address that may be the house's; *5th Ave* has none."""
_ZIP = re.compile(r"\d{5}(?:-?\d{4})?")


def _questions(header: RawRow, roles: Sequence[str], sample: Sequence[RawRow]) -> list[Question]:
    asked = []
    if not {"first", "last", "name"} & set(roles):
        asked.append(Question("no_name"))
    if "zip" not in roles and "place" not in roles:
        texts = [cell(row, roles.index("street")) for row in sample if "street" in roles]
        if not _mostly(texts, lambda text: _split_place(text) is not None):
            like = _unassigned_matching(header, roles, sample, _ZIP)
            asked.append(Question("no_zip", like, "zip" if like else ""))
    if "street" in roles and "house" not in roles:
        texts = [cell(row, roles.index("street")) for row in sample]
        if _mostly(texts, lambda text: not _NUMBER.search(text)):
            like = _unassigned_matching(header, roles, sample, _HOUSE)
            if like:
                asked.append(Question("house", like, "house"))
    return asked


_KEPT_AS_TEXT = re.compile(r"""=\s*"(?P<formula>[^"]*)"|'(?P<mark>\d.*)""", re.DOTALL)
"""How people protect leading zeros from a spreadsheet: ="05672", '05672."""


def cell(row: RawRow, place: int) -> str:
    """A cell's text; rows may be shorter than their header."""
    text = row.cells[place] if place < len(row.cells) else ""
    kept = _KEPT_AS_TEXT.fullmatch(text)
    return (kept["formula"] or kept["mark"] or "") if kept else text


def _mostly(texts: Iterable[str], fits: Callable[[str], object]) -> bool:
    """Whether more than half of the nonempty texts fit."""
    given = [text for text in texts if text]
    return bool(given) and sum(bool(fits(text)) for text in given) * 2 > len(given)


def _unassigned_matching(
    header: RawRow, roles: Sequence[str], sample: Sequence[RawRow], pattern: re.Pattern[str]
) -> tuple[int, ...]:
    return tuple(
        place
        for place in range(len(header.cells))
        if not roles[place] and _mostly((cell(row, place) for row in sample), pattern.fullmatch)
    )


# --- a row -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One person's row: text by column name, and the cells that the spreadsheet altered."""

    number: int
    values: dict[str, str] = field(repr=False)
    flags: dict[str, Flag] = field(default_factory=dict)
    sheet: int = 0
    """The sheet's place in the workbook, from 0."""
    hidden: bool = False
    """Hidden, or the name or everything is crossed out."""

    @property
    def key(self) -> str:
        """Identifies the row in a form: ``7``, or ``2.7`` on the second sheet."""
        return f"{self.sheet + 1}.{self.number}" if self.sheet else str(self.number)


TownAtEnd = Callable[[str, str, str, str], str]
"""The town at the end of an address without a comma, given its state (which may be missing), its
ZIP and the city's cell; empty if none is known, or no street would be left."""


def person_row(
    row: RawRow, columns: Columns, sheet: int = 0, town_at_end: TownAtEnd = lambda *_: ""
) -> SheetRow | None:
    """What a row says about a person; None if its used columns are all empty."""
    said: dict[str, list[str]] = {}
    flags: dict[str, Flag] = {}
    for place, role in enumerate(columns.roles):
        if not role:
            continue
        text = cell(row, place)
        said.setdefault(role, []).append(text)
        if place in row.flags:
            flags[_COLUMN.get(role, role)] = row.flags[place]
    if not any(text for texts in said.values() for text in texts) and not flags:
        return None
    one = {role: " ".join(filter(None, texts)) for role, texts in said.items()}
    one |= {
        role: _IN_A_LIST.sub("", one[role], count=1) for role in ("name", "first") if role in one
    }
    values = {column: one.get(column, "") for column in COLUMNS if _has(column, one)}
    if "name" in one and not values.get("first"):
        first, last = split_name(one["name"])
        given = values.get("last") or last  # a sheet may have both "Name" and "Last name"
        values["first"], values["last"] = first if given == last else one["name"], given
    for more in ("second", "suffix"):
        if one.get(more):
            values["last"] = " ".join(filter(None, (values.get("last", ""), one[more])))
    if not one.get("unit_type") and _BARE_UNIT.fullmatch(one.get("unit", "")):
        one["unit"] = f"#{one['unit']}"  # otherwise it would read as part of the street name
    one["house"] = one.get("house", "").removesuffix(".0")
    if one["house"] and one.get("street", "").startswith(f"{one['house']} "):
        one["house"] = ""  # the street's column has the number, too
    street = " ".join(filter(None, (one.get(piece, "") for piece in _STREET)))
    alone = not one.get("street") and not one["house"] and one.get("unit", "")
    if street and not (alone and address_of("", alone)[1]):  # a unit alone is no address
        values["street"] = street
    _split_place_cells(values, one.get("place", ""), town_at_end)
    _split_town_of_zip(values, town_at_end)
    return SheetRow(row.number, values, flags, sheet, row.hidden or _is_crossed_out(row, columns))


def _is_crossed_out(row: RawRow, columns: Columns) -> bool:
    """Whether the name is crossed out; without a name, all that is used."""
    used = [place for place, role in enumerate(columns.roles) if role and cell(row, place)]
    names = [place for place in used if columns.roles[place] in _WHOLE_NAME]
    return bool(row.crossed) and row.crossed.issuperset(names or used)


_COLUMN = {
    "name": "first", "second": "last", "suffix": "last", "plus4": "zip", "place": "zip",
    **dict.fromkeys(_STREET, "street"),
}  # fmt: skip


def _has(column: str, one: Mapping[str, str]) -> bool:
    return column in one or column in {_COLUMN.get(role) for role in one}


_IN_A_LIST = re.compile(r"#?\d{1,4}[.)] +")
"""The number that a list puts before a name: *1. Ana Li*."""
_BARE_UNIT = re.compile(r"\d{1,5}-?[a-z]?|[a-z]-?\d{0,4}", re.IGNORECASE)
"""A unit without a word such as Apt: 4, 2B, B-2, C."""


def split_name(name: str) -> tuple[str, str]:
    """First and last name from a full name: ``Bo Ng``, ``Ng, Bo``, ``Bo Ng, Jr.``, ``Madonna``."""

    def ends(part: str) -> bool:
        return is_suffix(part) or part.upper() == "V"

    parts = [part for text in name.split(",") if (part := text.strip())] or [name]
    last, *more = parts
    # After a last name alone comes a first name: Smith, J.D.
    first = [part for part in more if not ends(part)] or more[: " " not in last]
    suffix = "".join(f" {part}" for part in more if part not in first)
    if first:
        return " ".join(first), last + suffix
    name = last
    words = name.split()
    if len(words) > 2 and ends(words[-1]):
        suffix = f" {words.pop()}{suffix}"
    if len(words) < 2:
        return (name, suffix.strip()) if words else ("", suffix.strip())
    return " ".join(words[:-1]), words[-1] + suffix


_GAP = r"[\s,;/()–-]"
_PLACE = re.compile(
    rf"(.*?){_GAP}*(?<!\d)(?:zip(?: ?code)?[:.]? ?)?(\d{{4,5}}(?:-?\d{{4}})?)"
    rf"(?:{_GAP}+{COUNTRY})?(?:{_GAP}+[^\W\d][\w .'-]* County\)?)?\.?",
    re.IGNORECASE,
)
_SHORTEST_TOWN = 5
"""Letters; fewer are a code or an abbreviation of a state: *VT 05672*, *V.T.*"""
_TOWN_AND_ZIP = re.compile(rf"([^\d,]*[^\W\d])\.?{_GAP}+(\d{{5}}(?:-\d{{4}})?)")
_ZIP_FIRST = re.compile(rf"(\d{{5}}(?:-\d{{4}})?){_GAP}+(\D+)")


def _split_place(text: str) -> tuple[str, str, str] | None:
    """``Stowe, VT 05672`` as the text before the state, the state, and the ZIP.

    None if the text does not end in a state and a ZIP. The ZIP may have lost its leading zero:
    ``Acton, MA 1720``.
    """
    found = _PLACE.fullmatch(text.strip()) if re.search(r"\d{4}", text) else None
    parts = _split_state(found[1]) if found else None
    return (*parts, found[2]) if found and parts else None


def _split_state(text: str, *, names: bool = True) -> tuple[str, str] | None:
    """``Stowe, VT`` as the text before the state and the state, or None. Without ``names``, the
    state must be a code: *Port Washington* is a town."""
    starts = [word.start() for word in re.finditer(rf"{_GAP.replace('[', '[^')}+", text)]
    # The last word alone if it is a code (Washington, DC), else the longest name (West Virginia).
    codes = [at for at in starts[-1:] if len(text[at:].replace(".", "").strip(" ,)")) == 2]
    for at in (*codes, *(starts[-4:] if names else ())):
        state = text[at:].strip(" ,)")
        if read_state(state):
            return text[:at].strip(" ,;/(–-"), state
    return None


_LABELLED = re.compile(r"([^:]{3,40}): ?(.*)")


def _without_labels(lines: Sequence[str]) -> Sequence[str]:
    """``Street Address: 12 Main St``, ``City: Stowe`` and so on as street and place; other lines
    unchanged. Form builders export an address so."""
    pairs = [(plain_header(m[1]), m[2]) for line in lines if (m := _LABELLED.fullmatch(line))]
    said = {role: text for label, text in pairs if (role := _ALIASES.get(label)) in _ADDRESS}
    if len(pairs) < len(lines) or len(said) < 2:
        return lines
    street = " ".join(said[part] for part in _STREET if said.get(part))
    place = f"{said.get('city', '')}, {said.get('state', '')} {said.get('zip', '')}"
    return [street, place.strip(" ,")]


def address_line(lines: Sequence[str]) -> str:
    """The lines of a cell as one. Where the last ones are a town with its state and ZIP, a comma
    separates them from the street."""
    lines = _without_labels(lines)
    for at in range(len(lines) - 1, 0, -1):
        parts = _split_place(place := " ".join(lines[at:]))
        if parts and parts[0]:
            return f"{' '.join(lines[:at]).rstrip(',')}, {place}"
    return " ".join(lines)


def _place_parts(place: str) -> tuple[str, str, str]:
    """City, state and ZIP in a cell for them; empty for what it lacks."""
    if zip_first := _ZIP_FIRST.fullmatch(place):
        place = f"{zip_first[2]} {zip_first[1]}"
    if parts := _split_place(place):
        return parts
    if _ZIP.fullmatch(place):
        return "", "", place
    if town := _TOWN_AND_ZIP.fullmatch(place):
        return town[1], "", town[2]
    if found := _split_state(place, names=False):
        return (*found, "")
    city, comma, state = place.rpartition(",")
    return (city.strip() or place, state.strip(), "") if comma else (place, "", "")


def _split_place_cells(values: dict[str, str], place: str, town_at_end: TownAtEnd) -> None:
    """Fill in city, state and ZIP if they share one cell, or follow the street in its cell."""
    parts = _place_parts(place) if place else None
    if parts and not parts[0] and len(parts[1]) >= _SHORTEST_TOWN:
        parts = (parts[1], "", parts[2])  # in such a column, Washington 20009 is a town
    if not place and (parts := _split_place(values.get("zip", ""))):
        values["zip"] = ""
    if parts:
        if not values.get("street"):  # perhaps the whole address
            state, zip_code = parts[1] or values.get("state", ""), parts[2] or values.get("zip", "")
            street, city = _split_street(parts[0], state, zip_code, "", town_at_end)
            if city and re.search(r"\d", street):
                values["street"], parts = street, (city, *parts[1:])
        for column, text in zip(("city", "state", "zip"), parts, strict=True):
            values[column] = values.get(column) or text
        return
    for column in ("state", "city", "street"):
        found = _split_place(values.get(column, ""))
        if found is None or (column == "street" and len(found[2].partition("-")[0]) < 5):
            continue  # four digits at the end of a street are a road or house number
        before, state, zip_code = found
        if (values.get("zip") or zip_code)[:5] != zip_code[:5]:
            continue
        values["zip"] = values.get("zip") or zip_code
        if column == "state" or not values.get("state"):
            values["state"] = state
        if column == "street":
            city = values.get("city", "")
            values["street"], town = _split_street(before, state, zip_code, city, town_at_end)
            values["city"] = city or town
        elif before:
            values["city"] = before
        return


def _split_town_of_zip(values: dict[str, str], town_at_end: TownAtEnd) -> None:
    """Fill in the city if it follows the street, and the ZIP is in its own cell."""
    street, _, town = values.get("street", "").rpartition(", ")
    if town and not values.get("city"):
        state, zip_code = values.get("state", ""), values.get("zip", "")
        if town_at_end(f"{street} {town}", state, zip_code, "") == town:
            values["street"], values["city"] = street, town


def _split_street(
    text: str, state: str, zip_code: str, city: str, town_at_end: TownAtEnd
) -> tuple[str, str]:
    """The text before a state as the street and the town, which may be empty."""
    street, comma, town = text.replace(";", ",").rpartition(",")
    if comma and not re.search(r"\d", town):
        return street.strip(), town.strip()
    # Not “Apt 4 Springfield” after the comma.
    if known := town_at_end(text, state, zip_code, city):
        return text.removesuffix(known).rstrip(" ,;"), known
    return (street.strip(), town.strip()) if comma else (text, "")
