"""What is counted, and the numbers. Every number anywhere in the site comes from here.

A banner, a table, an export and the command line agree because they ask the same functions.
Where a filter asks for one state, letter or source, or for a range of days, and for nothing finer,
these read the tallies, which have one row per campaign, status, dimension and value
(``schema.sql``, section 7). Triggers keep them in the transaction of the change itself,
so a count never disagrees with the rows and reading one never scans them; ``recount`` proves it.
"""

# ruff: noqa: S608 - the statements are put together from the constants in this file only

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date

from app.errors import NotStoredError
from app.records.acts import STATUSES, State, Status
from app.records.database import reading, writing

BREAKDOWNS = (
    "state", "district", "day", "template", "recipient",
    "version", "language", "match", "source", "edited", "own_share",
)  # fmt: skip
"""Everything that a count can be broken down by. ``own_share`` is in steps of ten per cent."""


@dataclass(frozen=True, slots=True)
class CountRow:
    """One line of a count: people and letters are separate numbers."""

    group: str
    signatures: int
    letters: int


@dataclass(frozen=True, slots=True)
class Totals:
    """People and their letters. One person writes one to three letters, so never add the two."""

    signatures: int
    letters: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One tally that does not agree with the rows it was made from."""

    campaign: str
    status: str
    dimension: str
    value: str
    kept: Totals
    """What the tally says."""
    actual: Totals
    """What the rows say."""


# --- Which signatures are meant ---


@dataclass(frozen=True, slots=True)
class Filter:
    """Which signatures are meant. The default is all that count."""

    campaign: str | None = None
    """None for all campaigns."""
    status: Status | None = "counted"
    """None for every status."""
    state: str | None = None
    since: date | None = None
    """First day, in the campaign's time zone."""
    until: date | None = None
    """Last day, included."""
    template: str | None = None
    """The letter that people started from."""
    source: str | None = None
    """The source tag of the link; the empty text is for no tag, None for all."""
    language: str | None = None

    @property
    def finer(self) -> bool:
        """Whether it asks for more than a campaign and a status, so that rows must be read."""
        wanted = (self.state, self.since, self.until, self.template, self.source, self.language)
        return any(value is not None for value in wanted)

    def within(self) -> tuple[str, str] | None:
        """What the tallies' dimensions end with under this filter, the first and the last of a
        range; None where the tallies do not know the answer."""
        days = (self.since, self.until) != (None, None)
        wanted = {"state": self.state, "template": self.template, "source": self.source}
        named = [f" in {name} {value}" for name, value in wanted.items() if value is not None]
        if self.language is not None or len(named) + days > 1:
            return None
        if days:
            first, last = self.since or date.min, self.until or date.max
            return f" in day {first}", f" in day {last}"
        return (named[0], named[0]) if named else ("", "")

    def described(self) -> dict[str, str]:
        """In words, for the file itself."""
        return {
            "campaign": self.campaign or "all campaigns",
            "status": self.status or "every status",
            "state": self.state or "all states",
            "from day": self.since.isoformat() if self.since else "the first",
            "to day": self.until.isoformat() if self.until else "the last",
            "letter": self.template or "all letters",
            "source": "all sources" if self.source is None else self.source or "no source",
            "language": self.language or "all languages",
        }

    def where(self) -> tuple[str, list[str]]:
        """The same as SQL on ``signatures s`` or ``countable s``, with its values."""
        wanted = (
            ("s.campaign = ?", self.campaign),
            ("s.status = ?", self.status),
            ("s.state = ?", self.state),
            ("s.day >= ?", self.since),
            ("s.day <= ?", self.until),
            ("s.template = ?", self.template),
            ("s.source = ?", self.source),
            ("s.language = ?", self.language),
        )
        used = [(condition, str(value)) for condition, value in wanted if value is not None]
        return " AND ".join(["true", *(c for c, _ in used)]), [value for _, value in used]


Chosen = Filter | str | None
"""A filter; or what counts of a campaign, or of all (None)."""


def _filter(chosen: Chosen) -> Filter:
    return chosen if isinstance(chosen, Filter) else Filter(chosen)


# --- The numbers ---


def totals(db: sqlite3.Connection, chosen: Chosen) -> Totals:
    """People and letters of a campaign, of all campaigns together (None), or of a filter.

    Across campaigns somebody who signed two of them is two signatures; see ``people``.
    """
    rows = _found(db, "all", _filter(chosen))
    return Totals(*rows[0][1:]) if rows else Totals(0, 0)


def count(db: sqlite3.Connection, chosen: Chosen, by: str) -> list[CountRow]:
    """One row per value that has any, in natural order (``CA-2`` before ``CA-12``).

    ``by`` is one of ``BREAKDOWNS`` (``ValueError`` otherwise). Except for ``recipient``, the rows
    add up to ``totals``.
    """
    if by not in BREAKDOWNS:
        raise ValueError(f"Cannot count by {by!r}. Known: {', '.join(BREAKDOWNS)}.")
    return [CountRow(*row) for row in _found(db, by, _filter(chosen))]


def by_status(db: sqlite3.Connection, chosen: Chosen) -> dict[Status, Totals]:
    """Every status with its totals, the empty ones too, in the order of ``STATUSES``, whatever
    status a filter asks for."""
    rows = _found(db, "status", replace(_filter(chosen), status=None))
    found = {status: Totals(*numbers) for status, *numbers in rows}
    return {status: found.get(status, Totals(0, 0)) for status in STATUSES}


def ways_of(db: sqlite3.Connection, chosen: Chosen) -> dict[State, int]:
    """The letters by what is known of their way, the most frequent first.

    They add up to the letters of ``totals``: each letter is in exactly one state.
    """
    found = {state: letters for state, _, letters in _found(db, "way", _filter(chosen))}
    ordered = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return dict(ordered)  # type: ignore[return-value]


def anybody_signed(db: sqlite3.Connection, campaign: str) -> bool:
    """Whether a campaign has any signature of a resident, whatever became of it."""
    found = by_status(db, campaign)
    return any(total.signatures for status, total in found.items() if status != "test")


def signed_campaigns(db: sqlite3.Connection) -> tuple[str, ...]:
    """The campaigns that anybody has ever signed, in alphabetical order."""
    rows = db.execute(
        "WITH RECURSIVE every (name) AS (SELECT min(campaign) FROM tallies UNION ALL"
        " SELECT (SELECT min(campaign) FROM tallies WHERE campaign > name) FROM every"
        " WHERE name IS NOT NULL) SELECT name FROM every WHERE name IS NOT NULL"
    )  # from one to the next, because there are many tallies of each
    return tuple(row[0] for row in rows)


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """A key that sorts numbers inside a text by their size."""
    return tuple(
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", text)
    )


Group = tuple[str, int, int]
"""A value, people and letters."""


def _found(db: sqlite3.Connection, by: str, chosen: Filter) -> list[Group]:
    """Reads the tallies where they know the answer, and the rows where the filter is finer.

    Besides the breakdowns, ``by`` is ``all`` (one group), ``status`` or ``way``.
    """
    if chosen.within() and (by != "recipient" or not chosen.finer):
        return _from_tallies(db, by, chosen)
    where, values = chosen.where()
    if by in ("recipient", "way"):
        column = "l.bioguide" if by == "recipient" else "l.state"
        query = (
            f"SELECT {column}, count(*), count(*) FROM signatures s NOT INDEXED"
            " CROSS JOIN letters l ON l.signature = s.id"
            f" WHERE l.bioguide IS NOT NULL AND {where} GROUP BY 1"
        )
    else:
        column = "''" if by == "all" else f"s.{by}"
        query = (
            f"SELECT {column}, count(*), sum(s.letters) FROM countable s WHERE {where} GROUP BY 1"
        )
    return sorted(db.execute(query, values), key=lambda row: natural(row[0]))


def _from_tallies(db: sqlite3.Connection, by: str, chosen: Filter) -> list[Group]:
    """The same without reading a signature."""
    within = chosen.within()
    assert within is not None
    group, by = ("status", "all") if by == "status" else ("value", by)
    rows = db.execute(
        f"SELECT {group}, sum(signatures), sum(letters) FROM tallies"
        " WHERE campaign IN (SELECT value FROM json_each(?))"
        " AND status IN (SELECT value FROM json_each(?)) AND dimension BETWEEN ? AND ?"
        " GROUP BY 1 HAVING sum(signatures) <> 0 OR sum(letters) <> 0",
        (
            json.dumps(signed_campaigns(db) if chosen.campaign is None else [chosen.campaign]),
            json.dumps([chosen.status] if chosen.status else STATUSES),
            *(by + end for end in within),
        ),
    )
    return sorted(rows, key=lambda row: natural(row[0]))


# --- Several breakdowns at once, for a page that shows them beside each other ---


PIECE = 2_000
"""Rows that are counted at once."""


@dataclass(frozen=True, slots=True)
class Breakdowns:
    """The counts of one filter."""

    statuses: Mapping[Status, Totals]
    """Every status, whatever status the filter asks for."""
    by: Mapping[str, list[CountRow]]
    """The same rows as ``count`` gives, by each breakdown that was asked for."""


def breakdowns(db: sqlite3.Connection, chosen: Filter, names: Sequence[str]) -> Breakdowns:
    """Count by each of ``names``, all but ``recipient``. Call it inside ``reading``."""
    if chosen.within():
        return Breakdowns(by_status(db, chosen), {name: count(db, chosen, name) for name in names})
    where, values = replace(chosen, status=None).where()
    columns = ", ".join(f"s.{name}" for name in names)
    cursor = db.execute(
        f"SELECT s.status, s.letters, {columns} FROM countable s WHERE {where}", values
    )
    standing: Counter[tuple[str, int]] = Counter()
    found: list[Counter[tuple[str, int, str]]] = [Counter() for _ in names]
    while rows := cursor.fetchmany(PIECE):
        status, letters, *groups = zip(*rows, strict=True)
        standing.update(zip(status, letters, strict=True))
        for counter, column in zip(found, groups, strict=True):
            counter.update(zip(status, letters, column, strict=True))
    every = {name: Totals(0, 0) for name in STATUSES}
    for (name, each), people in standing.items():
        every[name] = _more(every[name], people, each)  # type: ignore[index]
    return Breakdowns(
        every,
        {name: _rows(counter, chosen) for name, counter in zip(names, found, strict=True)},
    )


def _rows(counter: Counter[tuple[str, int, str]], chosen: Filter) -> list[CountRow]:
    groups: dict[str, Totals] = {}
    for (status, letters, group), people in counter.items():
        if chosen.status in (None, status):
            groups[group] = _more(groups.get(group, Totals(0, 0)), people, letters)
    rows = [CountRow(group, total.signatures, total.letters) for group, total in groups.items()]
    return sorted(rows, key=lambda row: natural(row.group))


def _more(total: Totals, people: int, letters: int) -> Totals:
    """``total`` and so many people with so many letters each."""
    return Totals(total.signatures + people, total.letters + people * letters)


# --- The numbers that everybody may see ---
#
# The totals of people and letters are exact and of this moment. The numbers of the states would
# tell too much if they were: "one more from Wyoming at 14:03" is one person. So
#
# 1. each is rounded down to a multiple of five, and below five none is shown;
# 2. all of them are renewed together, and only when, state by state, at least five signatures
#    have been added or taken away since they were last renewed.
#
# Two fetches, however they are chosen, then differ by nothing or by a multiple of five, and
# since every state's number may be up to four too low, the exact total minus the shown numbers
# does not give away a state that is not shown.


STEP = 5
"""The fewest people that a public number of a part stands for, and its steps."""

MILESTONES = tuple(base * 10**power for power in range(1, 7) for base in (10, 25, 50))
"""100, 250, 500, 1,000 and so on."""


@dataclass(frozen=True, slots=True)
class PublicState:
    """``at_least`` people of the state have signed; up to four more have."""

    state: str
    at_least: int


@dataclass(frozen=True, slots=True)
class Milestone:
    """So many people had signed by the end of ``day``, in the campaign's time zone."""

    signatures: int
    day: date


def rounded(signatures: int) -> int:
    """A count as the public may see it: down to a multiple of five, so 0 below five."""
    return max(0, signatures) // STEP * STEP


def public_states(db: sqlite3.Connection, campaign: str) -> tuple[PublicState, ...]:
    """The states with five people or more, by the rule above, largest first.

    Renews what is shown when it is time; where that cannot be stored, the last one stays.
    """
    with reading(db):
        now, shown = _states_now(db, campaign), _states_shown(db, campaign)
    if _is_time_to_renew(now, shown):
        with suppress(NotStoredError):
            shown = _renew_states(db, campaign)
    rows = [PublicState(state, rounded(number)) for state, number in shown.items()]
    return tuple(
        sorted((row for row in rows if row.at_least), key=lambda row: (-row.at_least, row.state))
    )


def _states_now(db: sqlite3.Connection, campaign: str) -> dict[str, int]:
    return {row.group: row.signatures for row in count(db, campaign, "state")}


def _states_shown(db: sqlite3.Connection, campaign: str) -> dict[str, int]:
    return dict(
        db.execute("SELECT state, signatures FROM shown WHERE campaign = ?", (campaign,)).fetchall()
    )


def _is_time_to_renew(now: Mapping[str, int], shown: Mapping[str, int]) -> bool:
    changed = sum(abs(now.get(s, 0) - shown.get(s, 0)) for s in {*now, *shown})
    return changed >= STEP


def _renew_states(db: sqlite3.Connection, campaign: str) -> dict[str, int]:
    """Take the counts of this moment. Looked at again: another process may have been first."""
    with writing(db, wait=0):  # nobody who only looks waits for somebody who writes
        now, shown = _states_now(db, campaign), _states_shown(db, campaign)
        if not _is_time_to_renew(now, shown):
            return shown
        db.execute("DELETE FROM shown WHERE campaign = ?", (campaign,))
        db.executemany(
            "INSERT INTO shown (campaign, state, signatures) VALUES (?, ?, ?)",
            [(campaign, state, number) for state, number in now.items()],
        )
    return now


def milestones(db: sqlite3.Connection, campaign: str) -> tuple[Milestone, ...]:
    """The milestones that the counted signatures of today reach, oldest first.

    Counted afresh from the days: after withdrawals a milestone moves or goes.
    """
    found: list[Milestone] = []
    reached = 0
    for row in count(db, campaign, "day"):
        reached += row.signatures
        passed = [number for number in MILESTONES if number <= reached]
        found += [
            Milestone(number, date.fromisoformat(row.group)) for number in passed[len(found) :]
        ]
    return tuple(found)


# --- The numbers that are kept ready, by triggers, as rows arrive and change ---


PARTS = ("all", *(name for name in BREAKDOWNS if name != "recipient"))
NARROW = ("all", "state", "day", "template", "source")
"""What the tallies are kept within; ``all`` is not narrowed."""
Cell = tuple[str, str, str, str]
"""Campaign, status, dimension, value."""


def _actual(db: sqlite3.Connection) -> dict[Cell, Totals]:
    """What the tallies should say, from the rows alone, in one pass over each table.

    Counted here and not by the views of the triggers: so it proves them, and fifty groupings of
    a million rows take seconds.
    """
    found: dict[Cell, Totals] = {}
    pairs = [(narrow, part) for narrow in NARROW for part in PARTS]
    columns = ", ".join(f"{name} AS {name}" for name in PARTS[1:])
    people = f"SELECT campaign, status, letters, '', {columns} FROM countable"
    for (narrow, part), counter in _grouped(db.execute(people), PARTS, pairs).items():
        for (campaign, status, letters, within, value), number in counter.items():
            cell = (campaign, status, _dimension(part, narrow, within), value)
            found[cell] = _more(found.get(cell, Totals(0, 0)), number, letters)
    names = ("all", "recipient", "way", "state", "day", "template", "source")
    letter = (
        "SELECT s.campaign, s.status, 1, '', l.bioguide, l.state, s.state, s.day, s.template,"
        " s.source FROM letters l JOIN signatures s ON s.id = l.signature"
        " WHERE l.bioguide IS NOT NULL"
    )
    pairs = [("all", "recipient"), *((narrow, "way") for narrow in NARROW)]
    for (narrow, part), counter in _grouped(db.execute(letter), names, pairs).items():
        for (campaign, status, _one, within, value), number in counter.items():
            cell = (campaign, status, _dimension(part, narrow, within), value)
            found[cell] = Totals(number if part == "recipient" else 0, number)
    return found


def _dimension(part: str, narrow: str, within: str) -> str:
    return part if narrow == "all" else f"{part} in {narrow} {within}"


def _grouped(
    cursor: sqlite3.Cursor, names: Sequence[str], pairs: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], Counter[tuple[str, str, int, str, str]]]:
    """How often each pair of values occurs under a campaign, a status and a number of letters."""
    found: dict[tuple[str, str], Counter[tuple[str, str, int, str, str]]] = {
        pair: Counter() for pair in pairs
    }
    while rows := cursor.fetchmany(PIECE):
        campaign, status, letters, *columns = zip(*rows, strict=True)
        column = dict(zip(names, columns, strict=True))
        for (narrow, part), counter in found.items():
            counter.update(
                zip(campaign, status, letters, column[narrow], column[part], strict=True)
            )
    return found


def recount(db: sqlite3.Connection) -> list[Difference]:
    """Every tally that differs from the rows, counted afresh; empty when all agree.

    Also compares the number of letters noted on each signature with its letter rows
    (dimension ``letters of a signature``, value the signature's id). One snapshot: signing
    goes on meanwhile.
    """
    with reading(db):
        kept: dict[Cell, Totals] = {
            (campaign, status, dimension, value): Totals(signatures, letters)
            for campaign, status, dimension, value, signatures, letters in db.execute(
                "SELECT campaign, status, dimension, value, signatures, letters FROM tallies"
                " WHERE signatures <> 0 OR letters <> 0"
            )
        }
        actual = _actual(db)
        differences = [
            Difference(campaign, status, "letters of a signature", str(number),
                       kept=Totals(1, noted), actual=Totals(1, found))
            for campaign, status, number, noted, found in db.execute(
                "SELECT campaign, status, id, letters, found FROM (SELECT s.campaign, s.status,"
                " s.id, s.letters, (SELECT count(l.bioguide) FROM letters l"
                " WHERE l.signature = s.id) AS found FROM signatures s) WHERE letters <> found"
            )
        ]  # fmt: skip
    nothing = Totals(0, 0)
    for place in sorted(kept.keys() | actual.keys()):
        if kept.get(place, nothing) != actual.get(place, nothing):
            differences.append(
                Difference(*place, kept=kept.get(place, nothing), actual=actual.get(place, nothing))
            )
    return differences


def rebuild(db: sqlite3.Connection) -> None:
    """Make the tallies afresh from the rows, in one write transaction.

    For an operator whose ``recount`` found a difference, after a copy was put aside; nothing
    in the program needs it.
    """
    with writing(db):
        db.execute("DELETE FROM tallies")
        db.executemany(
            "INSERT INTO tallies VALUES (?,?,?,?,?,?)",
            ((*cell, total.signatures, total.letters) for cell, total in _actual(db).items()),
        )
