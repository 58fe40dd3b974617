"""The tables in memory: seats, members, and the districts of every ZIP, as of a moment.

``load_tables`` reads the files once and caches them. Its result is valid at one moment;
``Tables.at`` gives the tables as of another. Nothing varies between two changes (the noon at which
a Congress begins, the day on which a term does), so each such period is computed once and shared
by all threads.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import threading
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from app.congress.model import (
    FIRST_CONGRESS,
    STATES,
    Candidate,
    Choose,
    CommitteeSeat,
    Delegation,
    FormRules,
    Found,
    Holder,
    Listed,
    Member,
    Office,
    Seat,
    Standing,
    TablesError,
    all_seats,
    as_moment,
    change_of,
    congress_at,
    congress_years,
    district_key,
    district_numbers,
    effective_end,
    moment_of,
    senate_seats,
)
from app.congress.places import town_keys

FOLDER = Path(__file__).resolve().parent / "tables"
CURRENT = "congress/current"
"""Under ``instance/``: the link to the tables that ``flask congress refresh`` installed."""

CHAMBER_LINE = {"house": "U.S. House of Representatives", "senate": "United States Senate"}
CHAMBER_CITY_LINE = {"house": "Washington, DC 20515", "senate": "Washington, DC 20510"}

MOST_VACANCIES = 20
"""More seats than this have never been vacant at once. If more have no name, the list is
incomplete, and those seats are awaited, not vacant."""

STALE_AFTER_DAYS = 120
"""Members change several times a year; operators are told to refresh a list older than this."""

_EARLIEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class ZipState(NamedTuple):
    """The part of a ZIP in one state, with the district of the largest share first."""

    state: str
    candidates: tuple[Candidate, ...]
    plain: Found | Choose
    """The answer from the ZIP alone; built once, because most lookups need no more."""


class Postal(NamedTuple):
    """What the Postal Service knows about a ZIP that the district table does not settle."""

    state: str
    kind: str
    active: bool
    city: str


class EnactedPlan(NamedTuple):
    """The lines that a state enacted for the coming Congress, and by which act."""

    state: str
    congress: int
    """The Congress whose lines apply: the coming one, or (Missouri) still the one before."""
    act: str
    decided: date
    note: str


class _Term(NamedTuple):
    seat: Seat
    begins: datetime
    until: datetime
    member: Member


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """Who represents whom from ``since`` until just before ``until``."""

    since: datetime
    until: datetime
    as_of: date
    """The date of the list of members; seats may have changed hands since."""
    list_congress: int
    """The Congress of that list."""
    congress: int
    """The Congress sitting in this period."""
    begins: date
    ends: date
    """The day on which this Congress ends at noon in Washington."""
    has_lines: bool
    """Whether the tables have this Congress's districts; without them, lookups are refused."""
    first_known: int
    last_known: int
    """The first and last Congress whose districts the tables have."""
    holders: tuple[Holder, ...]
    """All 541 seats with whoever sits in them, by state, House before Senate."""
    sources: Mapping[str, str]
    plans_as_of: date | None
    """The day up to which ``plans`` are complete."""
    plans: Mapping[str, EnactedPlan]
    """By state, the plan enacted for the last Congress of these tables, if any."""
    committee_names: Mapping[str, str]
    zips: Mapping[str, tuple[ZipState, ...]]
    """By ZIP, the states that it touches, the largest share of its land first."""
    postal: Mapping[str, Postal]
    border: Mapping[str, tuple[str, ...]]
    """By ZIP, further states in which other sources, or slivers of its land, put a part of it."""
    delegations: Mapping[tuple[str, int], Delegation]
    """By state and district."""
    ended: frozenset[str]
    """States with a senator whose listed term has ended, although they may still sit."""
    _candidates: Mapping[str, tuple[Candidate, ...]]
    people: Mapping[str, Listed]
    """By bioguide id, everyone in this list or in earlier ones of this site, so that the recipient
    of an old letter can be named. An id used in the first days of a Congress in place of the
    bioguide id maps to the same person."""
    _by_seat: Mapping[str, Holder]
    _facts: _Facts

    def at(self, when: date) -> Tables:
        """The same tables as of an aware datetime, or of noon in Washington on a plain day."""
        moment = as_moment(when)
        return self if self.since <= moment < self.until else self._facts.at(moment)

    @property
    def drawn_from(self) -> tuple[object, ...]:
        """The plans and the digests of the ZIP tables, which are equal for the same lines."""
        index = self._facts.index
        files = index["files"]
        return index["lines"], index["plans"], files["zips.csv"], files["new_zips.csv"]

    def holder(self, seat_id: str) -> Holder | None:
        """The seat with this id (``CA-12``, ``CA-S3``) and its member; None if there is none."""
        return self._by_seat.get(seat_id)

    def member(self, bioguide: str) -> Member | None:
        """The sitting member with this bioguide id."""
        holder = self.holder_of(bioguide)
        return holder.member if holder else None

    def holder_of(self, bioguide: str) -> Holder | None:
        """The seat in which the member with this bioguide id sits."""
        person = self.people.get(bioguide)
        return person.holder if person and person.standing == "sits" else None

    def current_ids(self) -> dict[str, str]:
        """By each id that once took the place of a bioguide id, the id that the person has now."""
        return {
            other: person.member.bioguide
            for other, person in self.people.items()
            if other != person.member.bioguide
        }

    def standing_in(self, bioguide: str, seat_id: str) -> Standing:
        """Whether this member sits in this seat, so that letters to them can still go."""
        here, person = self.holder(seat_id), self.people.get(bioguide)
        if person is None:
            return "unsure"  # a list keeps everyone, so this one is older than the letter
        if here and here.member:
            return "sits" if person.member.bioguide == here.member.bioguide else "left"
        return person.standing if person.holder.seat.id == seat_id else "left"

    def still_holds(self, bioguide: str, seat_id: str) -> bool:
        """Whether the list shows this member in this seat."""
        return self.standing_in(bioguide, seat_id) == "sits"

    def member_at(self, seat_id: str, when: date) -> Member | None:
        """Who sat in a seat at an aware datetime, or at noon in Washington on a plain day."""
        return self._facts.member_at(seat_id, as_moment(when))

    def members_of(self, seat_id: str, congress: int) -> tuple[Member, ...]:
        """Who sat in a seat during a Congress, in order, as far as the list shows."""
        begins, until = change_of(congress), change_of(congress + 1)
        return tuple(
            term.member
            for term in self._facts.terms.get(seat_id, ())
            if term.begins < until and max(term.begins, begins) < term.until
        )

    def delegation(self, state: str, district: int) -> Delegation | None:
        """The seats that represent a district; None if the state has no such district."""
        return self.delegations.get((state, district))

    def districts(self, state: str) -> tuple[int, ...]:
        """A state's House districts, ``(0,)`` at large; empty if not a state."""
        return district_numbers(state)

    def candidates(self, state: str) -> tuple[Candidate, ...]:
        """Every House district of a state as a choice, in number order, without shares."""
        return self._candidates.get(state, ())

    def senators(self, state: str) -> tuple[Holder, ...]:
        """The state's two Senate seats; empty for DC and the territories."""
        candidates = self._candidates.get(state)
        return self.delegations[state, candidates[0].district].senate if candidates else ()

    def town_districts(self, state: str, town: str) -> tuple[int, ...]:
        """The districts that a town touches, largest first; empty if the town is not known."""
        towns = self._facts.towns[self.lines_of(state)]
        for key in town_keys(town) if town else ():
            if districts := towns.get(f"{state},{key}"):
                return tuple(map(int, districts.split()))
        return ()

    def vacancies(self) -> tuple[Seat, ...]:
        """The seats that were vacant when the list was made."""
        return tuple(h.seat for h in self.holders if h.vacant and not h.awaited)

    def awaited(self) -> tuple[Seat, ...]:
        """The seats whose holders the list does not have yet."""
        return tuple(h.seat for h in self.holders if h.awaited)

    def lines_of(self, state: str) -> int:
        """The Congress whose district lines are in force in ``state`` in this period.

        If the state kept its plan, that is the previous Congress: the plan decides, not the year.
        """
        return self._facts.lines_of(state, self.congress)

    def counted_as(self, seat: Seat) -> tuple[str, ...]:
        """The groups in which a seat's constituents are counted: the state for a Senate seat, else
        the district (``district_key``) in each Congress with the lines now in force here."""
        if seat.chamber == "senate":
            return (seat.state,)
        lines = self.lines_of(seat.state)
        return tuple(
            district_key(seat.id, congress)
            for congress in range(FIRST_CONGRESS, self.congress + 1)
            if congress == self.congress
            or (self.has_lines and self._facts.lines_of(seat.state, congress) == lines)
        )

    def equivalent_lines(self, state: str) -> frozenset[int]:
        """The Congresses whose lines in ``state`` are the same as those now in force.

        These are all known Congresses if the state enacted no plan, else only the one in force,
        even where an enacted plan was stayed.
        """
        lines = self.lines_of(state)
        return frozenset({lines} if state in self.plans else self._facts.congresses | {lines})


@dataclass(eq=False)
class _Facts:
    """Everything in one folder of tables, and the periods computed so far."""

    index: Mapping[str, Any]
    terms: Mapping[str, tuple[_Term, ...]]
    """By seat, in the order in which they begin."""
    zips: Mapping[str, str]
    new_zips: Mapping[str, str]
    """The pieces on new lines, only in the states that have them."""
    postal: Mapping[str, Postal]
    border: Mapping[str, tuple[str, ...]]
    towns: Mapping[int, Mapping[str, str]]
    _periods: dict[int, Tables] = field(default_factory=dict)

    @cached_property
    def as_of(self) -> date:
        return date.fromisoformat(self.index["members_as_of"])

    @cached_property
    def plans_as_of(self) -> date | None:
        day = self.index["plans_as_of"]
        return date.fromisoformat(day) if day else None

    @cached_property
    def plans(self) -> dict[str, EnactedPlan]:
        rows = self.index["plans"]
        return {r[0]: EnactedPlan(r[0], r[1], r[2], date.fromisoformat(r[3]), r[4]) for r in rows}

    @cached_property
    def congresses(self) -> frozenset[int]:
        """The Congresses whose lines are here."""
        return frozenset(self.index["lines"])

    def lines_of(self, state: str, congress: int) -> int:
        first, last = min(self.congresses), max(self.congresses)
        if congress <= first or state not in self.plans:
            return first
        return min(self.plans[state].congress, last)

    @cached_property
    def changes(self) -> list[datetime]:
        """The moments at which anything changes, in order."""
        found = {change_of(n + more) for n in self.congresses for more in (0, 1)}
        for terms in self.terms.values():
            for term in terms:
                found |= {term.begins, term.until}
                if term.member.term_end_is_expected:
                    found.add(moment_of(term.member.term_end + timedelta(days=1)))
        return sorted(found)

    def at(self, moment: datetime) -> Tables:
        period = bisect_right(self.changes, moment)
        tables = self._periods.get(period)
        if tables is None:
            with _gc_paused():
                tables = self._periods[period] = self._compute(period)
        return tables

    def _compute(self, period: int) -> Tables:
        since = self.changes[period - 1] if period else _EARLIEST
        until = self.changes[period] if period < len(self.changes) else _LATEST
        moment = since if period else self.changes[0] - timedelta(seconds=1)
        congress = congress_at(moment)
        begins, ends = congress_years(congress)
        by_seat = self._holders(moment)
        holders = tuple(by_seat.values())
        candidates: dict[str, tuple[Candidate, ...]] = {}
        delegations: dict[tuple[str, int], Delegation] = {}
        for state in STATES:
            senate = tuple(by_seat[seat.id] for seat in senate_seats(state))
            numbers = district_numbers(state)
            candidates[state] = tuple(Candidate(by_seat[f"{state}-{n}"], None) for n in numbers)
            for choice in candidates[state]:
                key = (state, choice.district)
                delegations[key] = Delegation(*key, choice.holder, senate, congress)
        ended = frozenset(
            h.seat.state
            for h in holders
            if h.seat.chamber == "senate"
            and h.member
            and moment_of(h.member.term_end + timedelta(days=1)) <= moment
        )
        zips, left = self._zips_of(congress, _CellReader(by_seat, delegations, ended))
        return Tables(
            since=since,
            until=until,
            as_of=self.as_of,
            list_congress=self.index["members_of"],
            congress=congress,
            begins=date(begins, 1, 3),
            ends=date(ends, 1, 3),
            has_lines=congress in self.congresses,
            first_known=min(self.congresses),
            last_known=max(self.congresses),
            holders=holders,
            sources=self.index["sources"],
            plans_as_of=self.plans_as_of,
            plans=self.plans,
            committee_names=self.index["committees"],
            zips=zips,
            postal=self.postal,
            border={**self.border, **left},
            delegations=delegations,
            ended=ended,
            people=self._people(moment, holders),
            _candidates=candidates,
            _by_seat=by_seat,
            _facts=self,
        )

    def _holders(self, moment: datetime) -> dict[str, Holder]:
        """Who sits in each seat, by a term that has begun and not ended at ``moment``."""
        sitting = {seat.id: self.member_at(seat.id, moment) for seat in all_seats()}
        incomplete = sum(member is None for member in sitting.values()) > MOST_VACANCIES
        return {
            seat.id: Holder(seat, sitting[seat.id], incomplete and sitting[seat.id] is None)
            for seat in all_seats()
        }

    def member_at(self, seat_id: str, moment: datetime) -> Member | None:
        terms = self.terms.get(seat_id, ())
        current = [t.member for t in terms if t.begins <= moment < t.until]
        return current[-1] if current else None

    def _people(self, moment: datetime, holders: tuple[Holder, ...]) -> dict[str, Listed]:
        """Everyone in the list by each of their ids, as of ``moment``."""
        last: dict[str, _Term] = {}
        terms = sorted(chain(*self.terms.values()), key=lambda term: term.begins)
        for term in terms:
            # A term that has not begun counts only for someone with no earlier one.
            if term.begins <= moment or term.member.bioguide not in last:
                last[term.member.bioguide] = term
        sitting = {h.member.bioguide: h for h in holders if h.member}
        found: dict[str, Listed] = {}
        for who, term in last.items():
            if who in sitting:
                found[who] = Listed(sitting[who], congress_at(moment), "sits")
                continue
            congress, after = self._shown_in(term)
            holder = Holder(term.seat, term.member)
            found[who] = Listed(holder, congress, "left" if after else "unsure")
        for term in terms:
            for other in term.member.former_ids:
                found.setdefault(other, found[term.member.bioguide])
        return found

    def _shown_in(self, term: _Term) -> tuple[int, bool]:
        """The last Congress in which the list shows this term, and whether the list was made after
        the term."""
        last = max(congress_at(term.until - timedelta(seconds=1)), congress_at(term.begins))
        listed = self.index["members_of"]
        if term.until == change_of(last + 1):
            after = listed > last
        else:
            after = term.until <= as_moment(self.as_of)
        return max(min(last, listed), congress_at(term.begins)), after

    def _zips_of(
        self, congress: int, reader: _CellReader
    ) -> tuple[dict[str, tuple[ZipState, ...]], dict[str, tuple[str, ...]]]:
        """Each ZIP's parts by state; and, for ZIPs that have land but no people in some state on
        the new lines, the border states with that one added."""
        read = lru_cache(maxsize=None)(reader.states)  # most ZIPs share their cell with others
        zips = {code: read(text) for code, text in self.zips.items()}
        first = min(self.congresses)
        new = {state for state in self.plans if self.lines_of(state, congress) > first}
        left: dict[str, tuple[str, ...]] = {}
        for code, states in zips.items() if new else ():
            redrawn = read(self.new_zips[code]) if code in self.new_zips else ()
            if redrawn or any(part.state in new for part in states):
                new_parts = {part.state: part for part in redrawn}
                kept = [new_parts.pop(p.state, None) if p.state in new else p for p in states]
                zips[code] = (*(part for part in kept if part), *new_parts.values())
                if None in kept:
                    names = [p.state for p, now in zip(states, kept, strict=True) if now is None]
                    left[code] = (*self.border.get(code, ()), *names)
        return zips, left


class _CellReader(NamedTuple):
    """Parses the cells of the ZIP tables for one period."""

    by_seat: Mapping[str, Holder]
    delegations: Mapping[tuple[str, int], Delegation]
    ended: frozenset[str]

    def states(self, text: str) -> tuple[ZipState, ...]:
        """The candidates in ``IL-3:0.81 IL-5:0.19`` by state, in the given order.

        A colon precedes a share of the people, a tilde a share of the land; a district with
        neither has no known share. A land share of 0 marks a sliver.
        """
        by_state: dict[str, list[Candidate]] = {}
        for piece in text.split(" "):
            by_land = "~" in piece
            seat_id, _, share = piece.partition("~" if by_land else ":")
            candidate = Candidate(self.by_seat[seat_id], float(share) if share else None, by_land)
            by_state.setdefault(seat_id[:2], []).append(candidate)
        return tuple(self._state(state, tuple(found)) for state, found in by_state.items())

    def _state(self, state: str, candidates: tuple[Candidate, ...]) -> ZipState:
        notice = "term_ended" if state in self.ended else None
        delegation = self.delegations[state, candidates[0].district]
        pieces = tuple(c for c in candidates if c.share or not c.by_land) or candidates
        slivers = tuple(c for c in candidates if c not in pieces)
        if len(pieces) == 1:
            return ZipState(state, candidates, Found(delegation, "zip", notice, slivers))
        choose = Choose(state, pieces, delegation.senate, "split", notice, slivers=slivers)
        return ZipState(state, candidates, choose)


# --- reading -----------------------------------------------------------------------------


class _gc_paused:  # noqa: N801 - used like a function
    """Pauses garbage collection while tens of thousands of lasting objects are created."""

    def __enter__(self) -> None:
        self.was_enabled = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self.was_enabled:
            gc.enable()


def _rows(text: str, name: str, columns: int) -> Iterator[list[str]]:
    """The cells of a table without its header; cells contain no quotes and no commas."""
    for number, line in enumerate(text.splitlines()[1:], start=2):
        cells = line.split(",")
        if len(cells) != columns:
            raise TablesError(f"{name}, line {number}: expected {columns} cells.")
        yield cells


def _form_rules(text: str) -> dict[str, FormRules]:
    rules = {}
    for cells in _rows(text, "senate_forms.csv", 10):
        bioguide, prefix, phone, subject, topic, captcha, confirms, limit, *_rest = cells
        rules[bioguide] = FormRules(
            known=True,
            asks_prefix=bool(prefix),
            asks_phone=bool(phone),
            asks_subject=bool(subject),
            asks_topic=bool(topic),
            has_captcha=captcha == "True",
            confirms_email=confirms == "True",
            max_characters=int(limit) if limit else None,
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
        former_ids=tuple(raw.get("former_ids", ())),
    )


def _terms(members: str, forms: str) -> dict[str, tuple[_Term, ...]]:
    rules, unknown = _form_rules(forms), FormRules()
    seats = {seat.id: seat for seat in all_seats()}
    found: dict[str, list[_Term]] = {}
    for raw in json.loads(members):
        seat = seats[raw["seat"]]
        member = _member(raw, seat, rules.get(raw["bioguide"], unknown))
        begins = moment_of(member.term_start)
        until = moment_of(effective_end(member.term_end, expected=member.term_end_is_expected))
        found.setdefault(raw["seat"], []).append(_Term(seat, begins, until, member))
    return {key: tuple(sorted(terms, key=lambda t: t.begins)) for key, terms in found.items()}


def _texts(folder: Path, files: Mapping[str, str]) -> dict[str, str]:
    """The files in the index, verified by digest. Raises ``TablesError`` for a changed one."""
    texts = {}
    for name, digest in files.items():
        data = (folder / name).read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            raise TablesError(f"{name} was cut short or changed after it was built. {REPAIR_HINT}")
        texts[name] = data.decode("utf-8")
    return texts


REPAIR_HINT = (
    "Install the tables again with flask congress refresh, or restore the program's original files."
)


def read_tables(folder: Path) -> Tables:
    """Read the tables from ``folder``, as of the day of their list of members.

    Raises ``TablesError`` with a sentence for the operator.
    """
    try:
        with _gc_paused():
            return _read(folder)
    except FileNotFoundError as error:
        name = Path(str(error.filename)).name
        raise TablesError(f"{name} is missing from the tables. {REPAIR_HINT}") from None
    except (OSError, KeyError, ValueError, TypeError, IndexError) as error:
        raise TablesError(f"The tables cannot be read ({error!r}). {REPAIR_HINT}") from None


def _read(folder: Path) -> Tables:
    index = json.loads((folder / "tables.json").read_text(encoding="utf-8"))
    texts = _texts(folder, index["files"])

    def pairs(name: str) -> dict[str, str]:
        return {code: text for code, text in _rows(texts[name], name, 2)}  # noqa: C416 - lists

    def towns(name: str) -> dict[str, str]:
        return {f"{state},{town}": found for state, town, found in _rows(texts[name], name, 3)}

    first, *later = index["lines"]
    facts = _Facts(
        index=index,
        terms=_terms(texts["members.json"], texts["senate_forms.csv"]),
        zips=pairs("zips.csv"),
        new_zips=pairs("new_zips.csv"),
        postal={
            cells[0]: Postal(cells[1], cells[2], cells[3] == "yes", cells[4])
            for cells in _rows(texts["postal.csv"], "postal.csv", 5)
        },
        border={code: tuple(s.split()) for code, s in pairs("border_zips.csv").items()},
        towns={first: towns("towns.csv"), **dict.fromkeys(later, towns("new_towns.csv"))},
    )
    return facts.at(as_moment(facts.as_of))


# --- which folder ------------------------------------------------------------------------

_loading = threading.Lock()


@lru_cache(maxsize=4)
def _cached(folder: Path) -> Tables:
    return read_tables(folder)


def tables_folder(instance: Path | None = None) -> Path:
    """The folder of a site's tables: installed under ``instance/``, or else the program's own.

    The installed ones are behind a symbolic link, which is replaced atomically. It is resolved
    here, so the folder's name changes after a refresh, and the next call gets the new tables.
    """
    if instance and os.path.islink(link := f"{instance}/{CURRENT}"):  # noqa: PTH114 - asked often
        return Path(link).resolve()
    return FOLDER


def load_tables(instance: Path | None = None, when: date | None = None) -> Tables:
    """A site's tables as of ``when`` (a moment, or noon in Washington on a plain day).

    Without ``when``, they are as of the day of their list of members. They are read on the first
    call, and again after a refresh. Raises ``TablesError``.
    """
    with _loading:
        tables = _cached(tables_folder(instance))
    return tables if when is None else tables.at(when)
