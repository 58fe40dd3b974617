"""Which districts a ZIP or a town touches: files of the Census Bureau, and postal facts.

Two formats are read for each: the Bureau's relationship file (pipe-delimited, UTF-8 with a
byte-order mark, one row for each piece of land) and the compact CSV made from it.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from app.congress.model import FIPS, STATES, BuildError, district_of_code
from app.congress.places import place_name, town_keys

_ACROSS_A_STATE_LINE = """
02861 MA RI; 10506 CT NY; 10509 CT NY; 10590 CT NY; 19973 DE MD; 20135 VA WV; 21874 DE MD;
21912 DE MD; 24604 VA WV; 24622 VA WV; 27048 NC VA; 28675 NC VA; 30165 AL GA; 30741 GA TN;
35958 AL GA; 37642 TN VA; 37752 TN VA; 38079 KY TN; 38326 MS TN; 38549 KY TN; 38769 AR MS;
38852 AL MS; 40965 KY TN; 42223 KY TN; 42234 KY TN; 42602 KY TN; 51001 IA SD; 51023 IA SD;
51360 IA MN; 51557 IA NE; 51640 IA MO; 52542 IA MO; 52573 IA MO; 52626 IA MO; 54540 MI WI;
56027 IA MN; 56136 MN SD; 56144 MN SD; 56164 MN SD; 56219 MN SD; 56220 MN SD; 56257 MN SD;
56744 MN ND; 57005 IA SD; 57026 MN SD; 57030 MN SD; 57034 IA SD; 57068 MN SD; 57717 MT WY SD;
57724 MT SD; 57735 NE SD; 58030 MN ND; 58225 MN ND; 58621 MT ND; 59221 MT ND; 59270 MT ND;
59275 MT ND; 59847 ID MT; 63673 IL MO; 65729 AR MO; 65733 AR MO; 65761 AR MO; 66541 KS NE;
66955 KS NE; 68325 KS NE; 68327 KS NE; 68420 KS NE; 68719 NE SD; 68755 NE SD; 68943 KS NE;
68978 KS NE; 69026 KS NE; 69168 CO NE; 69201 NE SD; 69212 NE SD; 69216 NE SD; 69337 NE SD;
71937 AR OK; 71953 AR OK; 72338 AR TN; 72644 AR MO; 73949 OK TX; 75556 AR TX; 79835 NM TX;
79837 NM TX; 79922 NM TX; 80737 CO NE; 81120 CO NM; 81137 CO NM; 81324 CO UT; 82063 CO WY;
82082 CO NE WY; 82801 MT WY; 82930 UT WY; 83120 ID WY; 83127 ID WY; 83342 ID UT; 83856 ID WA;
84034 NV UT; 84531 AZ UT; 84536 AZ UT; 86044 AZ UT; 86504 AZ NM; 86514 AZ UT; 86515 AZ NM;
87328 AZ NM; 88430 NM TX; 89010 CA NV; 89019 CA NV; 89060 CA NV; 89061 CA NV; 89439 CA NV;
89832 ID NV; 97635 CA OR; 97910 ID OR; 97913 ID OR; 99033 ID WA; 99128 ID WA; 99362 OR WA
"""
"""ZIPs that the Census Bureau's tracts or the housing department's file place in two states.

The land across the line is often under 1 % of the ZIP, and then the district table leaves it
out. These ZIPs never settle a state by themselves: the person is asked.
"""


def across_a_state_line() -> dict[str, set[str]]:
    """ZIP to every state in which some source places a part of it."""
    entries = (entry.split() for entry in _ACROSS_A_STATE_LINE.split(";"))
    return {code: set(states) for code, *states in entries}


@dataclass(frozen=True, slots=True)
class PostOffice:
    """What the Postal Service knows of a ZIP; ``kind`` is standard, po_box, unique or military."""

    state: str
    kind: str
    active: bool
    city: str


def read_postal() -> dict[str, PostOffice]:
    """Every ZIP that the installed ``zipcodes`` package knows (42,789 in release 3.0.0)."""
    import zipcodes  # only a build needs it, and its data takes most of a second to list

    return {
        row["zip_code"]: PostOffice(
            state=row["state"],
            kind=row["zip_code_type"].lower().replace(" ", "_"),
            active=bool(row["active"]),
            city=row["city"],
        )
        for row in zipcodes.list_all()
    }


def postal_version() -> str:
    """The release of the ``zipcodes`` package, for the tables' list of sources."""
    import zipcodes

    return str(zipcodes.__version__)


SMALLEST_SHARE = 0.01
"""Pieces under 1 % of a ZIP's land are left out: slivers along a river or a ridge."""


@dataclass(slots=True)
class ZipDistricts:
    """What one file says: the Congress, each ZIP's districts, and slivers in other states."""

    congress: int
    zips: dict[str, list[tuple[str, int, float]]]
    """ZIP to (state, district, share of land 0 to 1), largest share first."""
    slivers: dict[str, set[str]] = field(default_factory=dict)
    """ZIP to the states in which only pieces under 1 % of its land lie."""


def find_source(folder: Path, kind: str) -> tuple[Path, int]:
    """The newest file of a kind (``zip`` or ``town``) in ``folder``, with its Congress.

    The Bureau's own file is preferred to the compact CSV. Raises ``BuildError``.
    """
    layer = {"zip": "zcta5", "town": "place"}[kind]
    patterns = (rf"tab20_cd(\d+)20_{layer}20_natl\.txt", rf"{kind}_districts_(\d+)\.csv")
    for pattern in patterns:
        found = [
            (int(match[1]), path)
            for path in folder.iterdir()
            if (match := re.fullmatch(pattern, path.name))
        ]
        if found:
            congress, path = max(found)
            return path, congress
    raise BuildError(
        f"{folder} has neither tab20_cd11920_{layer}20_natl.txt (from the Census Bureau) nor "
        f"{kind}_districts_119.csv. Download one of them into that folder and build again."
    )


def _rows(
    path: Path, delimiter: Literal["|", ","], needed: set[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        if delimiter == "|":  # the Bureau's own format has no quoting: a quote is a letter
            reader = csv.DictReader(file, delimiter="|", quoting=csv.QUOTE_NONE)
        else:
            reader = csv.DictReader(file)
        missing = needed - set(reader.fieldnames or ())
        if missing:
            raise BuildError(
                f"{path.name} has no column {', '.join(sorted(missing))}. Is it the right file?"
            )
        for row in reader:
            yield reader.line_num, row


def _place_of(geoid: str) -> tuple[str, int] | None:
    """A Census district GEOID (state FIPS and two characters) as state and number."""
    state = FIPS.get(geoid[:2])
    district = district_of_code(geoid[2:])
    return None if state is None or district is None else (state, district)


def _number(path: Path, line: int, text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        raise BuildError(f"{path.name}, line {line}: {text!r} is not a number.") from None


def read_zip_districts(folder: Path) -> ZipDistricts:
    """The districts of every ZIP, from whichever ZIP file ``folder`` has."""
    path, congress = find_source(folder, "zip")
    if path.suffix == ".txt":
        return _zips_from_relationship(path, congress)
    return _zips_from_csv(path, congress)


def _sorted(pieces: list[tuple[str, int, float]]) -> list[tuple[str, int, float]]:
    return sorted(pieces, key=lambda piece: (-piece[2], piece[0], piece[1]))


def _zips_from_csv(path: Path, congress: int) -> ZipDistricts:
    zips: dict[str, list[tuple[str, int, float]]] = defaultdict(list)
    for line, row in _rows(path, ",", {"zip", "state", "district", "land_share"}):
        code, state, district = row["zip"], row["state"], row["district"]
        if not re.fullmatch(r"\d{5}", code) or state not in STATES or not district.isdigit():
            raise BuildError(
                f"{path.name}, line {line}: {code}, {state}, {district} is no district."
            )
        zips[code].append((state, int(district), _number(path, line, row["land_share"])))
    return ZipDistricts(congress, {code: _sorted(zips[code]) for code in sorted(zips)})


def _zips_from_relationship(path: Path, congress: int) -> ZipDistricts:
    column = f"GEOID_CD{congress}_20"
    land: dict[str, dict[tuple[str, int], float]] = defaultdict(lambda: defaultdict(float))
    for line, row in _rows(path, "|", {column, "GEOID_ZCTA5_20", "AREALAND_PART"}):
        code, place = row["GEOID_ZCTA5_20"], _place_of(row[column])
        if code and place:  # rows without a ZCTA or in open water name nobody's home
            land[code][place] += _number(path, line, row["AREALAND_PART"])
    zips: dict[str, list[tuple[str, int, float]]] = {}
    slivers: dict[str, set[str]] = {}
    for code in sorted(land):
        pieces = land[code]
        whole = sum(pieces.values())
        shares = [
            (state, district, area / whole if whole else 1 / len(pieces))
            for (state, district), area in pieces.items()
        ]
        zips[code] = _sorted([piece for piece in shares if piece[2] >= SMALLEST_SHARE])
        states = {piece[0] for piece in zips[code]}
        if dropped := {s for s, _, share in shares if share > 0 and s not in states}:
            slivers[code] = dropped
    return ZipDistricts(congress, zips, slivers)


def read_town_districts(folder: Path) -> dict[tuple[str, str], list[int]]:
    """(state, town key) to districts, the largest piece of land first."""
    path, congress = find_source(folder, "town")
    if path.suffix == ".txt":
        named = _towns_from_relationship(path, congress)
    else:
        named = _towns_from_csv(path)
    towns: dict[tuple[str, str], list[int]] = defaultdict(list)
    for name, state, districts in named:
        for key in town_keys(name):
            known = towns[state, key]
            known += [number for number in districts if number not in known]
    return {pair: towns[pair] for pair in sorted(towns)}


def _towns_from_csv(path: Path) -> Iterator[tuple[str, str, list[int]]]:
    for line, row in _rows(path, ",", {"town", "state", "district"}):
        if row["state"] not in STATES or not row["district"].isdigit():
            raise BuildError(f"{path.name}, line {line}: {row['state']}-{row['district']}?")
        yield row["town"], row["state"], [int(row["district"])]


def _towns_from_relationship(path: Path, congress: int) -> Iterator[tuple[str, str, list[int]]]:
    column = f"GEOID_CD{congress}_20"
    land: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    names: dict[str, tuple[str, str]] = {}
    needed = {column, "GEOID_PLACE_20", "NAMELSAD_PLACE_20", "AREALAND_PART"}
    for line, row in _rows(path, "|", needed):
        place, geoid = _place_of(row[column]), row["GEOID_PLACE_20"]
        if geoid and place:
            names[geoid] = (place_name(row["NAMELSAD_PLACE_20"]), place[0])
            land[geoid][place[1]] += _number(path, line, row["AREALAND_PART"])
    for geoid, (name, state) in names.items():
        pieces = land[geoid]
        whole = sum(pieces.values())
        kept = [d for d in pieces if not whole or pieces[d] / whole >= SMALLEST_SHARE]
        yield name, state, sorted(kept, key=lambda d: (-pieces[d], d))
