"""The tables in memory: seats, members, and the districts of every ZIP, as of a moment.

``load_tables`` reads the files once and keeps them. What it returns holds at one moment;
``Tables.at`` gives what holds at another. Between two changes (the noon at which a Congress
begins, the day on which a term does) nothing moves, so each such stretch is worked out once
and shared by all threads.
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
    TablesError,
    all_seats,
    as_moment,
    change_of,
    congress_at,
    congress_years,
    district_key,
    district_numbers,
    moment_of,
    over_on,
    senate_seats,
)
from app.congress.places import town_keys

FOLDER = Path(__file__).resolve().parent / "tables"
CURRENT = "congress/current"
"""Under ``instance/``: the link to the tables that ``flask congress refresh`` installed."""

CHAMBER_LINE = {"house": "U.S. House of Representatives", "senate": "United States Senate"}
CHAMBER_CITY_LINE = {"house": "Washington, DC 20515", "senate": "Washington, DC 20510"}

MOST_VACANCIES = 20
"""More seats than this have never been vacant at once: then the list lacks names, and a seat
without one is said to be awaited, not vacant."""

_ALWAYS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class ZipState(NamedTuple):
    """The part of one ZIP that lies in one state, its districts with the largest share first."""

    state: str
    candidates: tuple[Candidate, ...]
    plain: Found | Choose
    """What the ZIP alone says in this state; made once, since most questions end here."""


class Postal(NamedTuple):
    """What the Postal Service knows of a ZIP, where the district table says too little."""

    state: str
    kind: str
    active: bool
    city: str


class EnactedPlan(NamedTuple):
    """The lines that a state enacted for the coming Congress, and who says so."""

    state: str
    congress: int
    """Whose lines hold: the new ones, or (Missouri) still those of the Congress before."""
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
    """Who represents whom at the moments from ``since`` until just before ``until``."""

    since: datetime
    until: datetime
    as_of: date
    """The date of the members' file; seats may have changed hands since."""
    list_congress: int
    """The Congress of that file."""
    congress: int
    """The Congress that sits at these moments."""
    begins: date
    ends: date
    """The day on which this Congress ends at noon in Washington."""
    has_lines: bool
    """Whether the tables know this Congress's districts; without, nobody is looked up."""
    first_known: int
    last_known: int
    """The first and the last Congress whose districts the tables know."""
    holders: tuple[Holder, ...]
    """All 541 seats with whoever sits in them, by state, House before Senate."""
    sources: Mapping[str, str]
    plans_as_of: date | None
    """Up to which day those plans were followed."""
    plans: Mapping[str, EnactedPlan]
    """State to the plan that it enacted for the last Congress of these tables, if it did."""
    committee_names: Mapping[str, str]
    zips: Mapping[str, tuple[ZipState, ...]]
    """ZIP to the states that it touches, the largest share of its land first."""
    postal: Mapping[str, Postal]
    border: Mapping[str, tuple[str, ...]]
    """ZIP to states in which other sources, or slivers, place a part of it."""
    delegations: Mapping[tuple[str, int], Delegation]
    """By state and district."""
    ended: frozenset[str]
    """States with a senator whose listed term is over, though the seat may not be."""
    _candidates: Mapping[str, tuple[Candidate, ...]]
    people: Mapping[str, Listed]
    """By bioguide id everybody whom the list has, or had while others of this site's lists did:
    whom a letter of earlier went to is named from here. An id that stood in for the bioguide id
    in the first days of a Congress leads to the same person."""
    _by_seat: Mapping[str, Holder]
    _facts: _Facts

    def at(self, when: date) -> Tables:
        """The same tables as they hold at an aware datetime, or at noon of a plain day."""
        moment = as_moment(when)
        return self if self.since <= moment < self.until else self._facts.at(moment)

    @property
    def drawn_from(self) -> tuple[object, ...]:
        """The plans and the digests of the ZIP tables: equal in two sets of the same lines."""
        index = self._facts.index
        files = index["files"]
        return index["lines"], index["plans"], files["zips.csv"], files["new_zips.csv"]

    def holder(self, seat_id: str) -> Holder | None:
        """The seat with this id (``CA-12``, ``CA-S3``) and its member; None for no such seat."""
        return self._by_seat.get(seat_id)

    def member(self, bioguide: str) -> Member | None:
        """The sitting member with this bioguide id."""
        holder = self.holder_of(bioguide)
        return holder.member if holder else None

    def holder_of(self, bioguide: str) -> Holder | None:
        """The seat in which the member with this bioguide id sits."""
        person = self.people.get(bioguide)
        return person.holder if person and person.standing == "sits" else None

    def still_holds(self, bioguide: str, seat_id: str) -> bool:
        """Whether somebody sits in this seat now; what was written to them is for nobody else."""
        holder = self.holder_of(bioguide)
        return holder is not None and holder.seat.id == seat_id

    def member_at(self, seat_id: str, when: date) -> Member | None:
        """Who sat in a seat at an aware datetime, or at noon of a plain day."""
        return self._facts.member_at(seat_id, as_moment(when))

    def members_of(self, seat_id: str, congress: int) -> tuple[Member, ...]:
        """Who sat in a seat during a Congress, one after the other, as far as the list shows."""
        begins, until = change_of(congress), change_of(congress + 1)
        return tuple(
            term.member
            for term in self._facts.terms.get(seat_id, ())
            if term.begins < until and max(term.begins, begins) < term.until
        )

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
        towns = self._facts.towns[self.lines_of(state)]
        for key in town_keys(town) if town else ():
            if districts := towns.get(f"{state},{key}"):
                return tuple(map(int, districts.split()))
        return ()

    def vacancies(self) -> tuple[Seat, ...]:
        """The seats in which nobody sat when the list was made."""
        return tuple(h.seat for h in self.holders if h.vacant and not h.awaited)

    def awaited(self) -> tuple[Seat, ...]:
        """The seats whose holder the list does not have yet."""
        return tuple(h.seat for h in self.holders if h.awaited)

    def lines_of(self, state: str) -> int:
        """The Congress whose district lines hold in ``state`` at these moments.

        They are those of the Congress before wherever the state kept its plan: the plan counts,
        not the year.
        """
        return self._facts.lines_of(state, self.congress)

    def counted_as(self, seat: Seat) -> tuple[str, ...]:
        """The groups in which those are counted whom a seat represents: its state, for a senator;
        else its district (``district_key``) in each Congress whose lines still hold here."""
        if seat.chamber == "senate":
            return (seat.state,)
        lines = self.lines_of(seat.state)
        return tuple(
            district_key(seat.id, congress)
            for congress in range(FIRST_CONGRESS, self.congress + 1)
            if congress == self.congress
            or (self.has_lines and self._facts.lines_of(seat.state, congress) == lines)
        )

    def good_lines(self, state: str) -> frozenset[int]:
        """The Congresses whose lines say the same in ``state`` as those that hold now.

        Where no plan was enacted the lines of both are the same; where one was, or where one
        was enacted and stayed, only those that hold.
        """
        lines = self.lines_of(state)
        return frozenset({lines} if state in self.plans else self._facts.congresses | {lines})


@dataclass(eq=False)
class _Facts:
    """Everything in one folder of tables, and the stretches of time worked out so far."""

    index: Mapping[str, Any]
    terms: Mapping[str, tuple[_Term, ...]]
    """By seat, in the order in which they begin."""
    zips: Mapping[str, str]
    new_zips: Mapping[str, str]
    """The same for the states with new lines, in those states only."""
    postal: Mapping[str, Postal]
    border: Mapping[str, tuple[str, ...]]
    towns: Mapping[int, Mapping[str, str]]
    _known: dict[int, Tables] = field(default_factory=dict)

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
        """Those whose lines are here."""
        return frozenset(self.index["lines"])

    def lines_of(self, state: str, congress: int) -> int:
        first, last = min(self.congresses), max(self.congresses)
        if congress <= first or state not in self.plans:
            return first
        return min(self.plans[state].congress, last)

    @cached_property
    def changes(self) -> list[datetime]:
        """The moments at which something is different from just before."""
        found = {change_of(n + more) for n in self.congresses for more in (0, 1)}
        for terms in self.terms.values():
            for term in terms:
                found |= {term.begins, term.until}
                if term.member.term_end_is_expected:
                    found.add(moment_of(term.member.term_end + timedelta(days=1)))
        return sorted(found)

    def at(self, moment: datetime) -> Tables:
        place = bisect_right(self.changes, moment)
        known = self._known.get(place)
        if known is None:
            with _quickly():
                known = self._known[place] = self._work_out(place)
        return known

    def _work_out(self, place: int) -> Tables:
        earliest, latest = _ALWAYS
        since = self.changes[place - 1] if place else earliest
        until = self.changes[place] if place < len(self.changes) else latest
        moment = since if place else self.changes[0] - timedelta(seconds=1)
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
        """Who sits where, by seat: a term that has begun and is not over at ``moment``."""
        sitting = {seat.id: self.member_at(seat.id, moment) for seat in all_seats()}
        names_missing = sum(member is None for member in sitting.values()) > MOST_VACANCIES
        return {
            seat.id: Holder(seat, sitting[seat.id], names_missing and sitting[seat.id] is None)
            for seat in all_seats()
        }

    def member_at(self, seat_id: str, moment: datetime) -> Member | None:
        terms = self.terms.get(seat_id, ())
        now = [t.member for t in terms if t.begins <= moment < t.until]
        return now[-1] if now else None

    def _people(self, moment: datetime, holders: tuple[Holder, ...]) -> dict[str, Listed]:
        """Everybody of the list by each of their ids, as of ``moment``."""
        last: dict[str, _Term] = {}
        terms = sorted(chain(*self.terms.values()), key=lambda term: term.begins)
        for term in terms:
            # A term that has not begun counts for those only who have had no other.
            if term.begins <= moment or term.member.bioguide not in last:
                last[term.member.bioguide] = term
        now = {h.member.bioguide: h for h in holders if h.member}
        found: dict[str, Listed] = {}
        for who, term in last.items():
            if who in now:
                found[who] = Listed(now[who], congress_at(moment), "sits")
                continue
            congress, after = self._shown_in(term)
            there = Holder(term.seat, term.member)
            found[who] = Listed(there, congress, "left" if after else "unsure")
        for term in terms:
            for other in term.member.former_ids:
                found.setdefault(other, found[term.member.bioguide])
        return found

    def _shown_in(self, term: _Term) -> tuple[int, bool]:
        """The last Congress in which the list shows somebody in this term, and whether the list is
        from after it."""
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
        """The ZIPs by state; and of those whose people all live elsewhere by the new lines, the
        states in which they still have land."""
        states_of = lru_cache(maxsize=None)(reader.states)  # most ZIPs share a text with others
        zips = {code: states_of(text) for code, text in self.zips.items()}
        first = min(self.congresses)
        new = {state for state in self.plans if self.lines_of(state, congress) > first}
        left: dict[str, tuple[str, ...]] = {}
        for code, states in zips.items() if new else ():
            redrawn = states_of(self.new_zips[code]) if code in self.new_zips else ()
            if redrawn or any(part.state in new for part in states):
                there = {part.state: part for part in redrawn}
                kept = [there.pop(p.state, None) if p.state in new else p for p in states]
                zips[code] = (*(part for part in kept if part), *there.values())
                if None in kept:
                    names = [p.state for p, now in zip(states, kept, strict=True) if now is None]
                    left[code] = (*self.border.get(code, ()), *names)
        return zips, left


class _CellReader(NamedTuple):
    """Reads the cells of the ZIP tables for one stretch of time."""

    by_seat: Mapping[str, Holder]
    delegations: Mapping[tuple[str, int], Delegation]
    ended: frozenset[str]

    def states(self, text: str) -> tuple[ZipState, ...]:
        """``IL-3:0.81 IL-5:0.19`` as candidates by state, in the order in which they stand.

        A colon stands before a share of the people, a tilde before one of the land; a district
        without either has no known share. No share of the land at all is a sliver's.
        """
        by_state: dict[str, list[Candidate]] = {}
        for piece in text.split(" "):
            by_land = "~" in piece
            place, _, share = piece.partition("~" if by_land else ":")
            candidate = Candidate(self.by_seat[place], float(share) if share else None, by_land)
            by_state.setdefault(place[:2], []).append(candidate)
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


class _quickly:  # noqa: N801 - used like a function
    """Without looking for garbage: tens of thousands of objects are made that all stay."""

    def __enter__(self) -> None:
        self.collecting = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self.collecting:
            gc.enable()


def _rows(text: str, name: str, columns: int) -> Iterator[list[str]]:
    """The cells of a table without its header; tables hold no quotes and no commas in cells."""
    for number, line in enumerate(text.splitlines()[1:], start=2):
        cells = line.split(",")
        if len(cells) != columns:
            raise TablesError(f"{name}, line {number}: {columns} cells were expected.")
        yield cells


def _form_rules(text: str) -> dict[str, FormRules]:
    rules = {}
    for cells in _rows(text, "senate_forms.csv", 10):
        bioguide, prefix, phone, subject, topic, captcha, confirms, limit, _strips, touched = cells
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
        until = moment_of(over_on(member.term_end, expected=member.term_end_is_expected))
        found.setdefault(raw["seat"], []).append(_Term(seat, begins, until, member))
    return {key: tuple(sorted(terms, key=lambda t: t.begins)) for key, terms in found.items()}


def _texts(folder: Path, files: Mapping[str, str]) -> dict[str, str]:
    """The files of the index, each as it was built: a cut or changed one is named."""
    texts = {}
    for name, known in files.items():
        data = (folder / name).read_bytes()
        if hashlib.sha256(data).hexdigest() != known:
            raise TablesError(
                f"{name} is not as it was built: it was cut short or changed. {HOW_TO_MEND}"
            )
        texts[name] = data.decode("utf-8")
    return texts


HOW_TO_MEND = (
    "Install the tables again with: flask congress refresh, or put the program's own files back."
)


def read_tables(folder: Path) -> Tables:
    """Read the tables from ``folder``, as they hold on the day of their list of members.

    Raises ``TablesError`` with a sentence for the operator.
    """
    try:
        with _quickly():
            return _read(folder)
    except FileNotFoundError as error:
        name = Path(str(error.filename)).name
        raise TablesError(f"{name} is missing from the tables. {HOW_TO_MEND}") from None
    except (OSError, KeyError, ValueError, TypeError, IndexError) as error:
        raise TablesError(f"The tables cannot be read ({error!r}). {HOW_TO_MEND}") from None


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
    """Where a site's tables are: those it installed under ``instance/``, else the program's own.

    The installed ones stand behind a link, which is replaced in one step. So the name that this
    returns is another one after a refresh, and whoever asks again has the new tables.
    """
    if instance and os.path.islink(link := f"{instance}/{CURRENT}"):  # noqa: PTH114 - asked often
        return Path(link).resolve()
    return FOLDER


def load_tables(instance: Path | None = None, when: date | None = None) -> Tables:
    """A site's tables as they hold at ``when`` (a moment, or noon of a day).

    Without ``when``: on the day of their list of members. They are read at the first call, and
    again after a refresh. Raises ``TablesError``.
    """
    with _loading:
        tables = _cached(tables_folder(instance))
    return tables if when is None else tables.at(when)
