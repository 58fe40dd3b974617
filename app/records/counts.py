"""What is counted, and the numbers. Every count on the site comes from here.

Banners, tables, exports and the command line agree because they call the same functions. If a
filter selects one state, letter or source, or a range of days, and nothing more, these read the
tallies, which have one row per campaign, status, dimension and value (``schema.sql``, section 7).
Triggers update them in the transaction of the change itself, so a count never disagrees with the
rows and reading one never scans them; ``recount`` proves it.
"""

# ruff: noqa: S608 - the statements are built only from constants in this file

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
"""Everything that a count can be broken down by. ``own_share`` is in steps of ten percent."""


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
    """One tally that disagrees with the rows it was made from."""

    campaign: str
    status: str
    dimension: str
    value: str
    kept: Totals
    """What the tally says."""
    actual: Totals
    """What the rows say."""


# --- Which signatures to count ---

_LAST_VALUE = "\U0010ffff"
"""Sorts after every value of a tally."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which signatures to count. The default is all that count."""

    campaign: str | None = None
    """None for all campaigns."""
    status: Status | None = "counted"
    """None for every status."""
    state: str | None = None
    since: date | None = None
    """First day, in the campaign's time zone."""
    until: date | None = None
    """Last day, inclusive."""
    template: str | None = None
    """The letter that people started from."""
    source: str | None = None
    """The link's source tag; an empty string for no tag, None for all."""
    language: str | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether the filter selects by more than campaign and status."""
        wanted = (self.state, self.since, self.until, self.template, self.source, self.language)
        return any(value is not None for value in wanted)

    def tally_range(self, by: str) -> tuple[str, str, str, str] | None:
        """The first and last dimension, and the first and last value, of the tallies that count
        ``by`` (``all`` or a breakdown) under this filter; None if no tallies do."""
        wanted = {"state": self.state, "template": self.template, "source": self.source}
        named = [(name, text, text) for name, text in wanted.items() if text is not None]
        if (self.since, self.until) != (None, None):
            named.append(("day", str(self.since or date.min), str(self.until or date.max)))
        if self.language is not None or len(named) > 1:
            return None
        if not named:
            return by, by, "", _LAST_VALUE
        [(name, first, last)] = named
        if by in ("all", name):
            return name, name, first, last
        return f"{by} in {name} {first}", f"{by} in {name} {last}", "", _LAST_VALUE

    def described(self) -> dict[str, str]:
        """The filter in words, for an exported file."""
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
        """An SQL condition on ``signatures s`` or ``countable s``, and its values."""
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


Selection = Filter | str | None
"""A filter, or a campaign's counted signatures, or those of all campaigns (None)."""


def _as_filter(chosen: Selection) -> Filter:
    return chosen if isinstance(chosen, Filter) else Filter(chosen)


# --- The numbers ---


def totals(db: sqlite3.Connection, chosen: Selection) -> Totals:
    """People and letters of a campaign, of all campaigns together (None), or of a filter.

    Across campaigns, a person who signed two of them is two signatures; see ``people``.
    """
    rows = _counted(db, "all", _as_filter(chosen))
    return Totals(*rows[0][1:]) if rows else Totals(0, 0)


def count(db: sqlite3.Connection, chosen: Selection, by: str) -> list[CountRow]:
    """One row per value with a count, in natural order (``CA-2`` before ``CA-12``).

    ``by`` is one of ``BREAKDOWNS`` (``ValueError`` otherwise). Except for ``recipient``, the rows
    add up to ``totals``.
    """
    if by not in BREAKDOWNS:
        raise ValueError(f"Cannot count by {by!r}. Known: {', '.join(BREAKDOWNS)}.")
    return [CountRow(*row) for row in _counted(db, by, _as_filter(chosen))]


def count_recipients(
    db: sqlite3.Connection, chosen: Selection, current_ids: Mapping[str, str]
) -> list[CountRow]:
    """``count`` by recipient, with each member in one row: letters to an earlier id of theirs
    (``Tables.current_ids``) count under the current one."""
    found: dict[str, CountRow] = {}
    for row in count(db, chosen, "recipient"):
        who = current_ids.get(row.group, row.group)
        so_far = found.get(who, CountRow(who, 0, 0))
        people, letters = so_far.signatures + row.signatures, so_far.letters + row.letters
        found[who] = CountRow(who, people, letters)
    return sorted(found.values(), key=lambda row: natural(row.group))


def by_status(db: sqlite3.Connection, chosen: Selection) -> dict[Status, Totals]:
    """Every status with its totals, including zeros, in the order of ``STATUSES``; a filter's
    own status is ignored."""
    rows = _counted(db, "status", replace(_as_filter(chosen), status=None))
    found = {status: Totals(*numbers) for status, *numbers in rows}
    return {status: found.get(status, Totals(0, 0)) for status in STATUSES}


def ways_of(db: sqlite3.Connection, chosen: Selection) -> dict[State, int]:
    """The letters by what is known of their way, most frequent first.

    They add up to the letters of ``totals``: each letter is in exactly one state.
    """
    found = {state: letters for state, _, letters in _counted(db, "way", _as_filter(chosen))}
    ordered = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return dict(ordered)  # type: ignore[return-value]


def anyone_signed(db: sqlite3.Connection, campaign: str) -> bool:
    """Whether a campaign has any signature that is not a test, whatever its status."""
    found = by_status(db, campaign)
    return any(total.signatures for status, total in found.items() if status != "test")


def signed_campaigns(db: sqlite3.Connection) -> tuple[str, ...]:
    """The campaigns that anyone has ever signed, in alphabetical order."""
    rows = db.execute(
        "WITH RECURSIVE every (name) AS (SELECT min(campaign) FROM tallies UNION ALL"
        " SELECT (SELECT min(campaign) FROM tallies WHERE campaign > name) FROM every"
        " WHERE name IS NOT NULL) SELECT name FROM every WHERE name IS NOT NULL"
    )  # skips from one campaign to the next, since each has many tallies
    return tuple(row[0] for row in rows)


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """A sort key that orders numbers inside a text by value."""
    return tuple(
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", text)
    )


Group = tuple[str, int, int]
"""A value, people and letters."""


def _counted(db: sqlite3.Connection, by: str, chosen: Filter) -> list[Group]:
    """Count from the tallies if they can answer the filter, otherwise from the rows.

    Besides the breakdowns, ``by`` may be ``all`` (one group), ``status`` or ``way``.
    """
    between = chosen.tally_range("all" if by == "status" else by)
    if between and (by != "recipient" or not chosen.is_narrowed):
        return _from_tallies(db, by, chosen, between)
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


def _from_tallies(
    db: sqlite3.Connection, by: str, chosen: Filter, between: tuple[str, str, str, str]
) -> list[Group]:
    """The same counts without reading a signature."""
    group = {"status": "status", "all": "''"}.get(by, "value")
    rows = db.execute(
        f"SELECT {group}, sum(signatures), sum(letters) FROM tallies"
        " WHERE campaign IN (SELECT value FROM json_each(?))"
        " AND status IN (SELECT value FROM json_each(?)) AND dimension BETWEEN ? AND ?"
        " AND value BETWEEN ? AND ?"
        " GROUP BY 1 HAVING sum(signatures) <> 0 OR sum(letters) <> 0",
        (
            json.dumps(signed_campaigns(db) if chosen.campaign is None else [chosen.campaign]),
            json.dumps([chosen.status] if chosen.status else STATUSES),
            *between,
        ),
    )
    return sorted(rows, key=lambda row: natural(row[0]))


# --- Several breakdowns at once, for a page that shows them side by side ---


FETCH_ROWS = 2_000
"""Rows fetched and counted at a time."""


@dataclass(frozen=True, slots=True)
class Breakdowns:
    """The counts of one filter."""

    statuses: Mapping[Status, Totals]
    """Every status; the filter's own status is ignored."""
    by: Mapping[str, list[CountRow]]
    """The rows that ``count`` returns, for each requested breakdown."""


def breakdowns(db: sqlite3.Connection, chosen: Filter, names: Sequence[str]) -> Breakdowns:
    """Count by each of ``names`` (not ``recipient``). Call it inside ``reading``."""
    if chosen.tally_range("all"):
        return Breakdowns(by_status(db, chosen), {name: count(db, chosen, name) for name in names})
    where, values = replace(chosen, status=None).where()
    columns = ", ".join(f"s.{name}" for name in names)
    cursor = db.execute(
        f"SELECT s.status, s.letters, {columns} FROM countable s WHERE {where}", values
    )
    by_letters: Counter[tuple[str, int]] = Counter()
    found: list[Counter[tuple[str, int, str]]] = [Counter() for _ in names]
    while rows := cursor.fetchmany(FETCH_ROWS):
        status, letters, *groups = zip(*rows, strict=True)
        by_letters.update(zip(status, letters, strict=True))
        for counter, column in zip(found, groups, strict=True):
            counter.update(zip(status, letters, column, strict=True))
    every = {name: Totals(0, 0) for name in STATUSES}
    for (name, each), people in by_letters.items():
        every[name] = _plus(every[name], people, each)  # type: ignore[index]
    return Breakdowns(
        every,
        {name: _count_rows(counter, chosen) for name, counter in zip(names, found, strict=True)},
    )


def _count_rows(counter: Counter[tuple[str, int, str]], chosen: Filter) -> list[CountRow]:
    groups: dict[str, Totals] = {}
    for (status, letters, group), people in counter.items():
        if chosen.status in (None, status):
            groups[group] = _plus(groups.get(group, Totals(0, 0)), people, letters)
    rows = [CountRow(group, total.signatures, total.letters) for group, total in groups.items()]
    return sorted(rows, key=lambda row: natural(row.group))


def _plus(total: Totals, people: int, letters: int) -> Totals:
    """``total`` plus ``people`` with ``letters`` each."""
    return Totals(total.signatures + people, total.letters + people * letters)


# --- The public numbers ---
#
# The totals of people and letters are exact and current. The states' numbers would reveal too
# much if they were: "one more from Wyoming at 14:03" is one person. So
#
# 1. each is rounded down to a multiple of five, and none below five is shown;
# 2. all of them are renewed together, and only once at least five signatures, summed over the
#    states, have been added or removed since the last renewal.
#
# Any two fetches then differ by nothing or by a multiple of five, and since every state's number
# may be up to four too low, the exact total minus the shown numbers does not reveal a state that
# is not shown.


STEP = 5
"""The fewest people that a public number of a state or district represents, and its steps."""

MILESTONES = tuple(base * 10**power for power in range(1, 7) for base in (10, 25, 50))
"""100, 250, 500, 1,000 and so on."""


@dataclass(frozen=True, slots=True)
class PublicState:
    """``at_least`` people of the state have signed; up to four more have."""

    state: str
    at_least: int


@dataclass(frozen=True, slots=True)
class Milestone:
    """``signatures`` people had signed by the end of ``day``, in the campaign's time zone."""

    signatures: int
    day: date


def rounded(signatures: int) -> int:
    """A count as the public may see it: rounded down to a multiple of five, so 0 below five."""
    return max(0, signatures) // STEP * STEP


def public_states(db: sqlite3.Connection, campaign: str) -> tuple[PublicState, ...]:
    """The states with five people or more, by the rule above, largest first.

    Renews the shown numbers when due; if they cannot be stored, the previous ones stay.
    """
    with reading(db):
        now, shown = _states_now(db, campaign), _states_shown(db, campaign)
    if _is_renewal_due(now, shown):
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


def _is_renewal_due(now: Mapping[str, int], shown: Mapping[str, int]) -> bool:
    changed = sum(abs(now.get(s, 0) - shown.get(s, 0)) for s in {*now, *shown})
    return changed >= STEP


def _renew_states(db: sqlite3.Connection, campaign: str) -> dict[str, int]:
    """Show the current counts. Checks again, since another process may have been first."""
    with writing(db, wait=0):  # a reader must never wait for a writer
        now, shown = _states_now(db, campaign), _states_shown(db, campaign)
        if not _is_renewal_due(now, shown):
            return shown
        db.execute("DELETE FROM shown WHERE campaign = ?", (campaign,))
        db.executemany(
            "INSERT INTO shown (campaign, state, signatures) VALUES (?, ?, ?)",
            [(campaign, state, number) for state, number in now.items()],
        )
    return now


def milestones(db: sqlite3.Connection, campaign: str) -> tuple[Milestone, ...]:
    """The milestones that the current signatures reach, oldest first.

    Recomputed from the days: after withdrawals a milestone moves or disappears.
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


# --- The tallies, which triggers update as rows arrive and change ---


PARTS = ("all", *(name for name in BREAKDOWNS if name != "recipient"))
SCOPES = ("all", "state", "day", "template", "source")
"""What the tallies can be narrowed to one value of; ``all`` is not narrowed."""
TallyKey = tuple[str, str, str, str]
"""Campaign, status, dimension, value."""


def _tallies_from_rows(db: sqlite3.Connection) -> dict[TallyKey, Totals]:
    """What the tallies should say, computed from the rows alone in one pass over each table.

    Not computed by the triggers' views: this way it proves them, and fifty groupings of a million
    rows take seconds.
    """
    found: dict[TallyKey, Totals] = {}
    pairs = [
        (scope, part)
        for scope in SCOPES
        for part in PARTS
        if scope == "all" or part not in ("all", scope)
    ]
    columns = ", ".join(f"{name} AS {name}" for name in PARTS[1:])
    people = f"SELECT campaign, status, letters, '', {columns} FROM countable"
    for (scope, part), counter in _grouped(db.execute(people), PARTS, pairs).items():
        for (campaign, status, letters, scope_value, value), number in counter.items():
            cell = (campaign, status, _dimension(part, scope, scope_value), value)
            found[cell] = _plus(found.get(cell, Totals(0, 0)), number, letters)
    names = ("all", "recipient", "way", "state", "day", "template", "source")
    letter = (
        "SELECT s.campaign, s.status, 1, '', l.bioguide, l.state, s.state, s.day, s.template,"
        " s.source FROM letters l JOIN signatures s ON s.id = l.signature"
        " WHERE l.bioguide IS NOT NULL"
    )
    pairs = [("all", "recipient"), *((scope, "way") for scope in SCOPES)]
    for (scope, part), counter in _grouped(db.execute(letter), names, pairs).items():
        for (campaign, status, _one, scope_value, value), number in counter.items():
            cell = (campaign, status, _dimension(part, scope, scope_value), value)
            found[cell] = Totals(number if part == "recipient" else 0, number)
    return found


def _dimension(part: str, scope: str, scope_value: str) -> str:
    return part if scope == "all" else f"{part} in {scope} {scope_value}"


def _grouped(
    cursor: sqlite3.Cursor, names: Sequence[str], pairs: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], Counter[tuple[str, str, int, str, str]]]:
    """How often each pair of values occurs with a campaign, a status and a number of letters."""
    found: dict[tuple[str, str], Counter[tuple[str, str, int, str, str]]] = {
        pair: Counter() for pair in pairs
    }
    while rows := cursor.fetchmany(FETCH_ROWS):
        campaign, status, letters, *columns = zip(*rows, strict=True)
        column = dict(zip(names, columns, strict=True))
        for (scope, part), counter in found.items():
            counter.update(zip(campaign, status, letters, column[scope], column[part], strict=True))
    return found


def recount(db: sqlite3.Connection) -> list[Difference]:
    """Every tally that differs from a fresh count of the rows; empty if all agree.

    Also compares the number of letters stored on each signature with its letter rows (dimension
    ``letters of a signature``, value the signature's id). Reads one snapshot; signing goes on
    meanwhile.
    """
    with reading(db):
        kept: dict[TallyKey, Totals] = {
            (campaign, status, dimension, value): Totals(signatures, letters)
            for campaign, status, dimension, value, signatures, letters in db.execute(
                "SELECT campaign, status, dimension, value, signatures, letters FROM tallies"
                " WHERE signatures <> 0 OR letters <> 0"
            )
        }
        actual = _tallies_from_rows(db)
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
    for key in sorted(kept.keys() | actual.keys()):
        if kept.get(key, nothing) != actual.get(key, nothing):
            differences.append(
                Difference(*key, kept=kept.get(key, nothing), actual=actual.get(key, nothing))
            )
    return differences


def rebuild(db: sqlite3.Connection) -> None:
    """Rebuild the tallies from the rows, in one write transaction.

    For an operator whose ``recount`` found a difference and who has put a copy aside; nothing in
    the program needs it.
    """
    with writing(db):
        db.execute("DELETE FROM tallies")
        db.executemany(
            "INSERT INTO tallies VALUES (?,?,?,?,?,?)",
            (
                (*cell, total.signatures, total.letters)
                for cell, total in _tallies_from_rows(db).items()
            ),
        )
