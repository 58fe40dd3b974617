"""The tables in memory: seats, members, and the districts of every ZIP.

Read once from ``app/congress/tables`` and kept for the life of the process; nothing here
changes after loading, so threads may share it.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from app.congress.model import (
    STATES,
    Candidate,
    CommitteeSeat,
    Delegation,
    FormRules,
    Holder,
    Member,
    Office,
    Seat,
    all_seats,
    district_numbers,
    senate_seats,
)
from app.congress.places import town_keys

FOLDER = Path(__file__).resolve().parent / "tables"

CHAMBER_LINE = {"house": "U.S. House of Representatives", "senate": "United States Senate"}
CHAMBER_CITY_LINE = {"house": "Washington, DC 20515", "senate": "Washington, DC 20510"}


class TablesError(Exception):
    """The tables are missing or broken; the message says which and what to do."""


class ZipState(NamedTuple):
    """The part of one ZIP that lies in one state, its districts with the largest share first."""

    state: str
    candidates: tuple[Candidate, ...]


class Postal(NamedTuple):
    """What the Postal Service knows of a ZIP, where the district table says too little."""

    state: str
    kind: str
    active: bool
    city: str


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """Who represents whom in one Congress, as of a date."""

    as_of: date
    """The date of the members' file; seats may have changed hands since."""
    congress: int
    begins: date
    ends: date
    """The day on which this Congress ends at noon; from that day nobody is looked up."""
    holders: tuple[Holder, ...]
    """All 541 seats with whoever sits in them, by state, House before Senate."""
    sources: Mapping[str, str]
    committee_names: Mapping[str, str]
    zips: Mapping[str, tuple[ZipState, ...]]
    """ZIP to the states that it touches, the largest share of its land first."""
    postal: Mapping[str, Postal]
    border: Mapping[str, tuple[str, ...]]
    """ZIP to states in which other sources, or slivers, place a part of it."""
    _towns: Mapping[str, str]
    """``CA,oakland`` to its districts as they stand in the table: ``12 14``."""
    _by_seat: Mapping[str, Holder]
    _by_bioguide: Mapping[str, Holder]
    delegations: Mapping[tuple[str, int], Delegation]
    """By state and district."""
    _candidates: Mapping[str, tuple[Candidate, ...]]
    first_end: Mapping[str, date]
    """State to the earliest listed end of a term among its two senators, if it has any."""

    def holder(self, seat_id: str) -> Holder | None:
        """The seat with this id (``CA-12``, ``CA-S3``) and its member; None for no such seat."""
        return self._by_seat.get(seat_id)

    def member(self, bioguide: str) -> Member | None:
        """The sitting member with this bioguide id."""
        holder = self._by_bioguide.get(bioguide)
        return holder.member if holder else None

    def holder_of(self, bioguide: str) -> Holder | None:
        """The seat in which the member with this bioguide id sits."""
        return self._by_bioguide.get(bioguide)

    def delegation(self, state: str, district: int) -> Delegation | None:
        """The seats that represent a district; None when the state has no such district."""
        return self.delegations.get((state, district))

    def districts(self, state: str) -> tuple[int, ...]:
        """A state's House districts, ``(0,)`` at large; empty for no such state."""
        return district_numbers(state)

    def candidates(self, state: str) -> tuple[Candidate, ...]:
        """Every House district of a state as a choice, in number order, without shares."""
        return self._candidates.get(state, ())

    def senators(self, state: str) -> tuple[Holder, ...]:
        """The state's two Senate seats; empty for DC and the territories."""
        candidates = self._candidates.get(state)
        return self.delegations[state, candidates[0].district].senate if candidates else ()

    def town_districts(self, state: str, town: str) -> tuple[int, ...]:
        """The districts that a town touches, largest first; empty when it is not known."""
        for key in town_keys(town) if town else ():
            if districts := self._towns.get(f"{state},{key}"):
                return tuple(map(int, districts.split()))
        return ()

    def vacancies(self) -> tuple[Seat, ...]:
        """The seats in which nobody sits."""
        return tuple(holder.seat for holder in self.holders if holder.vacant)


def _rows(folder: Path, name: str, columns: int) -> Iterator[list[str]]:
    """The cells of a table without its header; tables hold no quotes and no commas in cells."""
    lines = (folder / name).read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines[1:], start=2):
        cells = line.split(",")
        if len(cells) != columns:
            raise TablesError(f"{name}, line {number}: {columns} cells were expected.")
        yield cells


def _form_rules(folder: Path) -> dict[str, FormRules]:
    rules = {}
    for cells in _rows(folder, "senate_forms.csv", 10):
        bioguide, prefix, phone, subject, topic, captcha, confirms, limit, strips, touched = cells
        rules[bioguide] = FormRules(
            known=True,
            asks_prefix=bool(prefix),
            asks_phone=bool(phone),
            asks_subject=bool(subject),
            asks_topic=bool(topic),
            has_captcha=captcha == "True",
            confirms_email=confirms == "True",
            max_characters=int(limit) if limit else None,
            as_of=date.fromisoformat(touched),
            strips_double_quotes=strips == "True",
        )
    return rules


def _office(raw: Mapping[str, Any], heading: tuple[str, ...]) -> Office:
    return Office(
        id=raw["id"],
        city=raw["city"],
        state=raw["state"],
        zip=raw["zip"],
        lines=(*heading, *raw["lines"]),
        phone=raw.get("phone"),
        building=raw.get("building"),
    )


def _member(raw: Mapping[str, Any], seat: Seat, form: FormRules) -> Member:
    heading: tuple[str, ...] = (CHAMBER_LINE[seat.chamber],)
    if seat.state == "PR" and seat.chamber == "house":
        heading = ("Resident Commissioner of Puerto Rico", *heading)
    lines = raw.get("washington") or [CHAMBER_CITY_LINE[seat.chamber]]
    washington = {
        "id": "washington",
        "city": "Washington",
        "state": "DC",
        "zip": lines[-1].rpartition(" ")[2],
        "lines": lines,
        "phone": raw.get("phone"),
    }
    return Member(
        bioguide=raw["bioguide"],
        full_name=raw["full_name"],
        first=raw["first"],
        last=raw["last"],
        suffix=raw.get("suffix"),
        party=raw["party"],
        caucus=raw.get("caucus"),
        term_start=date.fromisoformat(raw["start"]),
        term_end=date.fromisoformat(raw["end"]),
        term_end_is_expected=raw.get("end_is_expected", False),
        washington=_office(washington, heading),
        local_offices=tuple(_office(office, heading) for office in raw.get("offices", ())),
        phone=raw.get("phone"),
        url=raw.get("url"),
        contact_form=raw.get("contact_form"),
        committees=tuple(CommitteeSeat(*item) for item in raw.get("committees", ())),
        leadership=tuple(raw.get("leadership", ())),
        form=form,
        missing=tuple(raw.get("missing", ())),
    )


def _holders(folder: Path) -> tuple[Holder, ...]:
    forms, unknown = _form_rules(folder), FormRules()
    raw_members = json.loads((folder / "members.json").read_text(encoding="utf-8"))
    by_seat = {raw["seat"]: raw for raw in raw_members}
    holders = []
    for seat in all_seats():
        raw = by_seat.pop(seat.id, None)
        member = _member(raw, seat, forms.get(raw["bioguide"], unknown)) if raw else None
        holders.append(Holder(seat, member))
    if by_seat:
        raise TablesError(f"members.json has seats that do not exist: {', '.join(by_seat)}.")
    return tuple(holders)


def _zip_states(text: str, candidates: Mapping[tuple[str, int], Candidate]) -> tuple[ZipState, ...]:
    """``IL-3:0.81 IL-5:0.18`` as candidates by state, in the order in which they stand."""
    by_state: dict[str, list[Candidate]] = {}
    for piece in text.split(" "):
        place, _, share = piece.partition(":")
        state, _, number = place.partition("-")
        holder = candidates[state, int(number)].holder
        by_state.setdefault(state, []).append(Candidate(holder, float(share)))
    return tuple(ZipState(state, tuple(found)) for state, found in by_state.items())


def _zips(
    folder: Path, candidates: Mapping[tuple[str, int], Candidate]
) -> dict[str, tuple[ZipState, ...]]:
    # Most ZIPs lie in one district with all their land: each distinct text is read once.
    read: dict[str, tuple[ZipState, ...]] = {}
    zips = {}
    for code, text in _rows(folder, "zips.csv", 2):
        states = read.get(text)
        if states is None:
            states = read[text] = _zip_states(text, candidates)
        zips[code] = states
    return zips


def _first_ends(holders: Iterable[Holder]) -> dict[str, date]:
    ends: dict[str, date] = {}
    for holder in holders:
        if holder.member and holder.seat.chamber == "senate":
            end = holder.member.term_end
            ends[holder.seat.state] = min(end, ends.get(holder.seat.state, end))
    return ends


def read_tables(folder: Path) -> Tables:
    """Read the tables from ``folder``. Raises ``TablesError`` with a sentence for the operator."""
    # Loading makes tens of thousands of objects that all stay: looking for garbage among them
    # would double the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _read(folder)
    except FileNotFoundError as error:
        raise TablesError(
            f"{error.filename} is missing. Build the tables with: flask congress build --from DIR"
        ) from None
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise TablesError(
            f"The tables in {folder} cannot be read ({error!r}). "
            "Build them again with: flask congress build --from DIR"
        ) from None
    finally:
        if collecting:
            gc.enable()


def _read(folder: Path) -> Tables:
    index = json.loads((folder / "tables.json").read_text(encoding="utf-8"))
    holders = _holders(folder)
    by_seat = {holder.seat.id: holder for holder in holders}
    candidates: dict[str, tuple[Candidate, ...]] = {}
    delegations: dict[tuple[str, int], Delegation] = {}
    for state in STATES:
        senate = tuple(by_seat[seat.id] for seat in senate_seats(state))
        numbers = district_numbers(state)
        candidates[state] = tuple(Candidate(by_seat[f"{state}-{n}"], None) for n in numbers)
        for choice in candidates[state]:
            key = (state, choice.district)
            delegations[key] = Delegation(*key, choice.holder, senate)
    each = {(c.holder.seat.state, c.district): c for found in candidates.values() for c in found}
    return Tables(
        as_of=date.fromisoformat(index["members_as_of"]),
        congress=index["congress"],
        begins=date.fromisoformat(index["begins"]),
        ends=date.fromisoformat(index["ends"]),
        holders=holders,
        sources=index["sources"],
        committee_names=index["committees"],
        zips=_zips(folder, each),
        postal={
            cells[0]: Postal(cells[1], cells[2], cells[3] == "yes", cells[4])
            for cells in _rows(folder, "postal.csv", 5)
        },
        border={
            code: tuple(states.split()) for code, states in _rows(folder, "border_zips.csv", 2)
        },
        _towns={f"{state},{town}": found for state, town, found in _rows(folder, "towns.csv", 3)},
        _by_seat=by_seat,
        _by_bioguide={holder.member.bioguide: holder for holder in holders if holder.member},
        delegations=delegations,
        _candidates=candidates,
        first_end=_first_ends(holders),
    )


@lru_cache(maxsize=4)
def _cached(folder: Path) -> Tables:
    return read_tables(folder)


def load_tables(folder: Path = FOLDER) -> Tables:
    """The tables, read at the first call and shared afterwards. Raises ``TablesError``."""
    return _cached(folder)
