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
from dataclasses import dataclass, replace
from datetime import date

from app.records.database import reading, writing
from app.records.model import STATUSES, CountRow, Difference, State, Status, Totals

BREAKDOWNS = (
    "state", "district", "day", "template", "recipient",
    "version", "language", "match", "source", "edited", "own_share",
)  # fmt: skip
"""Everything that a count can be broken down by. ``own_share`` is in steps of ten per cent."""


def totals(db: sqlite3.Connection, campaign: str | None, *, status: Status = "counted") -> Totals:
    """People and letters of a campaign, or of all campaigns together (None).

    Across campaigns somebody who signed two of them is two signatures; see ``people``.
    """
    rows = _from_tallies(db, "all", Filter(campaign, status))
    return Totals(*rows[0][1:]) if rows else Totals(0, 0)


def by_status(db: sqlite3.Connection, campaign: str | None) -> dict[Status, Totals]:
    """Every status with its totals, the empty ones too, in the order of ``STATUSES``."""
    return {status: totals(db, campaign, status=status) for status in STATUSES}


def anybody_signed(db: sqlite3.Connection, campaign: str) -> bool:
    """Whether a campaign has any signature of a resident, whatever became of it."""
    found = by_status(db, campaign)
    return any(total.signatures for status, total in found.items() if status != "test")


def count(
    db: sqlite3.Connection, campaign: str | None, by: str, *, status: Status = "counted"
) -> list[CountRow]:
    """One row per value that has any, in natural order (``CA-2`` before ``CA-12``).

    ``by`` is one of ``BREAKDOWNS`` (``ValueError`` otherwise); ``campaign`` None adds up all
    campaigns. Except for ``recipient``, the rows add up to ``totals``.
    """
    if by not in BREAKDOWNS:
        raise ValueError(f"Cannot count by {by!r}. Known: {', '.join(BREAKDOWNS)}.")
    return [CountRow(*row) for row in _from_tallies(db, by, Filter(campaign, status))]


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


def counts(db: sqlite3.Connection, by: str, chosen: Filter) -> list[CountRow]:
    """Like ``count``, for any filter.

    Reads the tallies where they know the answer, and the rows where the filter is finer.
    Raises ``ValueError`` for an unknown breakdown.
    """
    if by not in BREAKDOWNS:
        raise ValueError(f"Cannot count by {by!r}. Known: {', '.join(BREAKDOWNS)}.")
    if chosen.within() and (by != "recipient" or not chosen.finer):
        return [CountRow(*row) for row in _from_tallies(db, by, chosen)]
    where, values = chosen.where()
    if by == "recipient":
        query = (
            "SELECT l.bioguide, count(*), count(*) FROM signatures s NOT INDEXED"
            " CROSS JOIN letters l ON l.signature = s.id"
            f" WHERE l.bioguide IS NOT NULL AND {where} GROUP BY 1"
        )  # fmt: skip
    else:
        query = f"SELECT s.{by}, count(*), sum(s.letters) FROM countable s WHERE {where} GROUP BY 1"
    rows = (CountRow(*row) for row in db.execute(query, values))
    return sorted(rows, key=lambda row: natural(row.group))


def _from_tallies(
    db: sqlite3.Connection, by: str, chosen: Filter, group: str = "value"
) -> list[tuple[str, int, int]]:
    """Value (or status), people and letters, without reading a signature."""
    within = chosen.within()
    assert within is not None
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


def statuses(db: sqlite3.Connection, chosen: Filter) -> dict[Status, Totals]:
    """Every status with its people and letters, whatever status the filter asks for."""
    every = replace(chosen, status=None)
    if chosen.within():
        rows = _from_tallies(db, "all", every, "status")
    else:
        where, values = every.where()
        rows = db.execute(
            f"SELECT s.status, count(*), sum(s.letters) FROM countable s WHERE {where} GROUP BY 1",
            values,
        ).fetchall()
    found = {status: Totals(*numbers) for status, *numbers in rows}
    return {status: found.get(status, Totals(0, 0)) for status in STATUSES}


def ways_of(db: sqlite3.Connection, chosen: Filter) -> dict[State, int]:
    """The letters by what is known of their way, the most frequent first.

    They add up to the letters of ``totals_of``: each letter is in exactly one state.
    """
    if chosen.within():
        found = {state: letters for state, _, letters in _from_tallies(db, "way", chosen)}
    else:
        where, values = chosen.where()
        query = (
            "SELECT l.state, count(*) FROM signatures s NOT INDEXED"
            " CROSS JOIN letters l ON l.signature = s.id"
            f" WHERE l.bioguide IS NOT NULL AND {where} GROUP BY 1"
        )
        found = dict(db.execute(query, values).fetchall())
    ordered = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return dict(ordered)  # type: ignore[return-value]


def totals_of(db: sqlite3.Connection, chosen: Filter) -> Totals:
    """Like ``totals``, for any filter. Each signature is in exactly one state."""
    rows = counts(db, "state", chosen)
    return Totals(sum(row.signatures for row in rows), sum(row.letters for row in rows))


# --- Several breakdowns at once, for a page that shows them beside each other ---


PIECE = 2_000
"""Rows that are counted at once."""


@dataclass(frozen=True, slots=True)
class Breakdowns:
    """The counts of one filter."""

    statuses: Mapping[Status, Totals]
    """Every status, whatever status the filter asks for."""
    by: Mapping[str, list[CountRow]]
    """The same rows as ``counts`` gives, by each breakdown that was asked for."""


def breakdowns(db: sqlite3.Connection, chosen: Filter, names: Sequence[str]) -> Breakdowns:
    """Count by each of ``names``, all but ``recipient``. Call it inside ``reading``."""
    if chosen.within():
        return Breakdowns(statuses(db, chosen), {name: counts(db, name, chosen) for name in names})
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
