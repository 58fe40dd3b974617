"""Which districts a ZIP or a town touches, from Census Bureau files and postal facts.

Land is read in two formats: the Bureau's relationship file (pipe-delimited, UTF-8 with a byte
order mark, one row per piece of land) and the compact CSV made from it. If the people of a ZIP's
pieces are known, they decide; land only tells which pieces exist.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from app.congress.model import FIPS, STATES, BuildError, district_numbers, district_of_code, ordinal
from app.congress.places import place_name, town_keys
from app.congress.tables import EnactedPlan, Postal

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
"""ZIPs that the Census Bureau's tracts or the housing department's file put in several states.

The land across the line is often under 1 % of the ZIP and so missing from the district table.
These ZIPs alone never settle a state: the person is asked.
"""


def across_a_state_line() -> dict[str, set[str]]:
    """By ZIP, every state in which some source puts a part of it."""
    entries = (entry.split() for entry in _ACROSS_A_STATE_LINE.split(";"))
    return {code: set(states) for code, *states in entries}


def read_postal() -> dict[str, Postal]:
    """Every ZIP that the installed ``zipcodes`` package knows (42,789 in release 3.0.0)."""
    import zipcodes  # listing its data takes most of a second

    return {
        row["zip_code"]: Postal(
            row["state"],
            row["zip_code_type"].lower().replace(" ", "_"),
            bool(row["active"]),
            row["city"],
        )
        for row in zipcodes.list_all()
    }


def postal_version() -> str:
    """The release of the ``zipcodes`` package, for the tables' list of sources."""
    import zipcodes

    return str(zipcodes.__version__)


Piece = tuple[int, float | None, bool]
"""A district's piece of a ZIP: its number, its share, and whether the share is of land."""

Pieces = dict[str, dict[str, list[Piece]]]
"""Pieces by ZIP, then state; the largest share of people (or of land) first."""

Town = tuple[str, str, list[int]]
"""A town's name, its state, and its districts, the largest piece first."""


@dataclass(slots=True)
class Lines:
    """The districts of every ZIP in one Congress, and in the next if its plans are known."""

    congress: int
    zips: Pieces
    sources: list[str]
    new: Pieces = field(default_factory=dict)
    """The next Congress's pieces, only in the states with new lines."""
    plans: list[EnactedPlan] = field(default_factory=list)

    @property
    def both(self) -> tuple[int, int]:
        """This Congress and the next, even if its lines are not known."""
        return self.congress, self.congress + 1

    @property
    def congresses(self) -> list[int]:
        return [self.congress, self.congress + 1] if self.plans else [self.congress]


def _named(folder: Path, pattern: str) -> dict[int, Path]:
    """By Congress, the files in ``folder`` and its ``lines`` whose names match ``pattern``."""
    return {
        int(match[1]): path
        for directory in (folder, folder / "lines")
        if directory.is_dir()
        for path in sorted(directory.iterdir())
        if (match := re.fullmatch(pattern, path.name))
    }


def find_sources(folder: Path, kind: str) -> dict[int, Path]:
    """The land files of a kind (``zip`` or ``town``) by Congress, at least one.

    The Bureau's own file is preferred to the compact CSV. Raises ``BuildError`` if there is none.
    """
    layer = {"zip": "zcta5", "town": "place"}[kind]
    compact = _named(folder, rf"{kind}_districts_(\d+)\.csv")
    found = compact | _named(folder, rf"tab20_cd(\d+)20_{layer}20_natl\.txt")
    if not found:
        raise BuildError(
            f"{folder} has neither tab20_cd11920_{layer}20_natl.txt (from the Census Bureau) nor "
            f"{kind}_districts_119.csv. Download one of them into that folder and build again."
        )
    return found


def read_rows(
    path: Path, needed: set[str], *, delimiter: Literal["|", ","] = ","
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a table with their line numbers. Raises ``BuildError`` if a column is missing."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        if delimiter == "|":  # the Bureau's format has no quoting, so quotes are literal
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
    """The state and number of a Census district GEOID (state FIPS and two characters)."""
    state = FIPS.get(geoid[:2])
    district = district_of_code(geoid[2:])
    return None if state is None or district is None else (state, district)


def _number(path: Path, line: int, text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        raise BuildError(f"{path.name}, line {line}: {text!r} is not a number.") from None


def read_lines(folder: Path, counted: Mapping[int, Pieces] | None = None) -> Lines:
    """The districts of every ZIP, from whichever files ``folder`` has.

    ``counted`` has, by Congress, the pieces with people counted from the Bureau's block files;
    they take precedence over any file of shares.

    Land files tell which districts a ZIP touches. ``zip_people_<congress>.csv`` tells how many of
    its people live in each: if the file covers a state but not one of its ZIPs, all people of that
    ZIP live in one district. ``plans_<congress>.csv`` tells which states get new lines in the next
    Congress; those are read from that Congress's files. Raises ``BuildError``.
    """
    land_files = find_sources(folder, "zip")
    newest = max(land_files)
    first = newest - 1 if newest - 1 in land_files else newest
    plan_files = _named(folder, r"plans_(\d+)\.csv")
    plans = _read_plans(plan_files[first], first) if first in plan_files else []
    if kept := [plan.state for plan in plans if plan.congress < first]:
        raise BuildError(
            f"{plan_files[first].name} says that {', '.join(kept)} keep the lines of the "
            f"{ordinal(first - 1)} Congress: put its ZIP file into the folder too."
        )
    people_files = _named(folder, r"zip_people_(\d+)\.csv")
    paths = [land_files[first]]
    land = read_land(land_files[first], first)
    if first in (slivers := _named(folder, r"zip_slivers_(\d+)\.csv")):
        paths.append(slivers[first])
        _add_slivers(land, slivers[first])
    blocks = counted or {}
    people: Pieces = blocks.get(first, {})
    if not people and first in people_files:
        paths.append(people_files[first])
        people = read_people(people_files[first])
    lines = read_new_lines(folder, first, blocks.get(first + 1))
    lines.zips = _by_people(land, people)
    lines.sources = [*(path.name for path in paths), *lines.sources]
    lines.sources += [f"cd{n}.zip" for n in sorted(blocks)]
    _check(lines.zips, set(STATES), land_files[first].name)
    return lines


def read_new_lines(folder: Path, congress: int, counted: Pieces | None = None) -> Lines:
    """The lines in ``folder`` that follow those of ``congress``: which states have new ones, and
    the pieces of their ZIPs. Without ``plans_<next>.csv`` there are none.

    ``counted`` has the pieces counted from block files, if any. Raises ``BuildError``.
    """
    coming = congress + 1
    lines = Lines(congress, {}, [])
    plans = _named(folder, r"plans_(\d+)\.csv").get(coming)
    if plans is None:
        return lines
    lines.plans = _read_plans(plans, coming)
    paths = [plans]
    people = _named(folder, r"zip_people_(\d+)\.csv").get(coming)
    land = _named(folder, rf"(?:zip_districts_|tab20_cd)({coming})(?:\.csv|20_zcta520_natl\.txt)")
    found: Pieces = {}
    if counted is not None:
        found = counted
    elif people is not None:
        paths.append(people)
        found = read_people(people)
    elif land:
        paths.append(land[coming])
        found = read_land(land[coming], coming)
    redrawn = {plan.state for plan in lines.plans if plan.congress == coming}
    lines.new = {
        code: there
        for code, states in found.items()
        if (there := {state: pieces for state, pieces in states.items() if state in redrawn})
    }
    lines.sources = [path.name for path in paths]
    _check(lines.new, redrawn, people.name if people else f"zip_people_{coming}.csv")
    return lines


def _check(zips: Pieces, states: set[str], name: str) -> None:
    """Every district must have a ZIP; otherwise a file is for another map or truncated."""
    found = {
        (state, piece[0])
        for by_state in zips.values()
        for state, pieces in by_state.items()
        for piece in pieces
    }
    wanted = {(state, number) for state in states for number in district_numbers(state)}
    if found != wanted:
        odd = ", ".join(f"{state}-{number}" for state, number in sorted(found ^ wanted)[:8])
        raise BuildError(
            f"{name} and the {len(wanted)} House seats do not agree on {odd}. Is the file "
            "complete and for the current map?"
        )


def _read_plans(path: Path, congress: int) -> list[EnactedPlan]:
    plans = []
    for line, row in read_rows(path, {"state", "plan_of", "act_or_order", "decided", "note"}):
        state, plan_of = row["state"], int(_number(path, line, row["plan_of"]))
        known = state in STATES and plan_of in (congress - 1, congress)
        if not known or not re.fullmatch(r"\d{4}-\d\d-\d\d", row["decided"]):
            raise BuildError(f"{path.name}, line {line}: {state}, {plan_of}?")
        decided = date.fromisoformat(row["decided"])
        plans.append(EnactedPlan(state, plan_of, row["act_or_order"], decided, row["note"]))
    return plans


def _place(path: Path, line: int, row: dict[str, str]) -> tuple[str, str, int]:
    code, state, district = row["zip"], row["state"], row["district"]
    if not re.fullmatch(r"\d{5}", code) or state not in STATES or not district.isdecimal():
        raise BuildError(
            f"{path.name}, line {line}: {code}, {state}, {district} is not a district."
        )
    return code, state, int(district)


def _sorted(pieces: list[Piece]) -> list[Piece]:
    return sorted(pieces, key=lambda piece: (-(piece[1] or 0), piece[0]))


def _pieces() -> defaultdict[str, defaultdict[str, list[Piece]]]:
    return defaultdict(lambda: defaultdict(list))


def read_land(path: Path, congress: int) -> Pieces:
    """Every piece with its share of the ZIP's land, the state with the most land first."""
    zips = _pieces()
    if path.suffix == ".csv":
        for line, row in read_rows(path, {"zip", "state", "district", "land_share"}):
            code, state, district = _place(path, line, row)
            share = _number(path, line, row["land_share"])
            zips[code][state].append((district, share, True))
    else:
        for code, areas in _areas(path, congress).items():
            whole = sum(areas.values())
            for (state, district), area in areas.items():
                if area or not whole:
                    share = area / whole if whole else 1 / len(areas)
                    zips[code][state].append((district, share, True))
    ordered: Pieces = {}
    for code in sorted(zips):
        states = {state: _sorted(pieces) for state, pieces in zips[code].items()}
        total = {state: sum(p[1] or 0 for p in pieces) for state, pieces in states.items()}
        ordered[code] = {s: states[s] for s in sorted(states, key=lambda s: (-total[s], s))}
    return ordered


def _areas(path: Path, congress: int) -> dict[str, dict[tuple[str, int], float]]:
    column = f"GEOID_CD{congress}_20"
    land: dict[str, dict[tuple[str, int], float]] = defaultdict(lambda: defaultdict(float))
    for line, row in read_rows(path, {column, "GEOID_ZCTA5_20", "AREALAND_PART"}, delimiter="|"):
        code, place = row["GEOID_ZCTA5_20"], _place_of(row[column])
        if code and place:  # no one lives on land without a ZCTA or in open water
            land[code][place] += _number(path, line, row["AREALAND_PART"])
    return land


def _add_slivers(land: Pieces, path: Path) -> None:
    """Add the pieces under 1 % of a ZIP's land, whose exact share the file does not give."""
    for line, row in read_rows(path, {"zip", "state", "district"}):
        code, state, district = _place(path, line, row)
        pieces = land.setdefault(code, {}).setdefault(state, [])
        if district not in {piece[0] for piece in pieces}:
            pieces.append((district, 0.0, True))


def read_people(path: Path) -> Pieces:
    """Shares of people; None for a ZIP in which no one lived at the census."""
    zips = _pieces()
    for line, row in read_rows(path, {"zip", "state", "district", "people_share"}):
        code, state, district = _place(path, line, row)
        share = _number(path, line, row["people_share"]) if row["people_share"] else None
        zips[code][state].append((district, share, False))
    for code, states in zips.items():
        for state, pieces in states.items():
            if abs(sum(piece[1] or 0 for piece in pieces) - 1) > 0.001 and any(
                piece[1] is not None for piece in pieces
            ):
                raise BuildError(
                    f"{path.name}: the shares of {code} in {state} do not add up to 1."
                )
            states[state] = _sorted(pieces)
    return {code: dict(zips[code]) for code in sorted(zips)}


def _by_people(land: Pieces, people: Pieces) -> Pieces:
    """The pieces of land with residents, by how many there are.

    If all residents live in one district and the land does not tell which (several have 1 % or
    more), each stays, with its share of land. In states without counted people, every piece stays.
    """
    counted = {state for states in people.values() for state in states}
    zips: Pieces = {}
    for code, states in land.items():
        zips[code] = {}
        for state, pieces in states.items():
            kept = people.get(code, {}).get(state)
            if kept is None:
                kept = pieces
                if state in counted:
                    kept = [
                        piece for piece in pieces if (piece[1] or 0) >= SMALLEST_SHARE
                    ] or pieces
                if len(kept) == 1:
                    kept = [(kept[0][0], 1.0, False)]
            zips[code][state] = kept
    return zips


SMALLEST_SHARE = 0.01
"""A piece with a smaller share of land cannot be the one where all people of a ZIP live."""


def read_town_districts(folder: Path, congress: int) -> dict[tuple[str, str], list[int]]:
    """The districts of ``congress`` by (state, town key), the largest piece first."""
    if congress not in find_sources(folder, "town"):
        raise BuildError(
            f"The ZIP file is of the {ordinal(congress)} Congress, and {folder} has no town file "
            f"of it (tab20_cd{congress}20_place20_natl.txt, or town_districts_{congress}.csv)."
        )
    path = find_sources(folder, "town")[congress]
    if path.suffix == ".txt":
        named = _towns_from_relationship(path, congress)
    else:
        named = _towns_from_csv(path)
    return by_town_key(named)


def _towns_from_csv(path: Path) -> Iterator[Town]:
    for line, row in read_rows(path, {"town", "state", "district"}):
        if row["state"] not in STATES or not row["district"].isdigit():
            raise BuildError(f"{path.name}, line {line}: {row['state']}-{row['district']}?")
        yield row["town"], row["state"], [int(row["district"])]


def _towns_from_relationship(path: Path, congress: int) -> Iterator[Town]:
    column = f"GEOID_CD{congress}_20"
    land: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    names: dict[str, tuple[str, str]] = {}
    needed = {column, "GEOID_PLACE_20", "NAMELSAD_PLACE_20", "AREALAND_PART"}
    for line, row in read_rows(path, needed, delimiter="|"):
        place, geoid = _place_of(row[column]), row["GEOID_PLACE_20"]
        if geoid and place:
            names[geoid] = (place_name(row["NAMELSAD_PLACE_20"]), place[0])
            land[geoid][place[1]] += _number(path, line, row["AREALAND_PART"])
    for geoid, (name, state) in names.items():
        pieces = land[geoid]
        whole = sum(pieces.values())
        kept = [d for d in pieces if not whole or pieces[d] / whole >= SMALLEST_SHARE]
        yield name, state, sorted(kept, key=lambda d: (-pieces[d], d))


def by_town_key(towns: Iterable[Town]) -> dict[tuple[str, str], list[int]]:
    """The districts of towns by (state, town key)."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for name, state, districts in towns:
        for key in town_keys(name):
            known = found[state, key]
            known += [number for number in districts if number not in known]
    return {pair: found[pair] for pair in sorted(found)}


def read_new_towns(
    folder: Path, lines: Lines, counted: Iterable[Town] = ()
) -> dict[tuple[str, str], list[int]]:
    """The districts by (state, town key) on the new lines, in the states that have them.

    The Bureau publishes no town file for new lines. Towns ``counted`` from blocks are used, or
    those counted earlier (``town_districts_<congress>.csv``), or else ``towns_by_zip``.
    """
    path = _named(folder, r"town_districts_(\d+)\.csv").get(lines.congress + 1)
    towns = list(counted) or (list(_towns_from_csv(path)) if path else [])
    redrawn = {plan.state for plan in lines.plans if plan.congress == lines.congress + 1}
    return by_town_key(town for town in towns if town[1] in redrawn) or towns_by_zip(lines)


def towns_by_zip(lines: Lines) -> dict[tuple[str, str], list[int]]:
    """The districts by (state, town key) on the new lines, from the ZIPs with a town's name.

    They only order a list of choices.
    """
    postal = read_postal()
    weights: dict[tuple[str, str], dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for code, states in lines.new.items():
        for state, pieces in states.items():
            office = postal.get(code)
            if office and office.state == state:
                for key in town_keys(office.city):
                    for district, share, _ in pieces:
                        weights[state, key][district] += share or 0
    return {
        pair: sorted(found, key=lambda district: (-found[district], district))
        for pair, found in sorted(weights.items())
    }
