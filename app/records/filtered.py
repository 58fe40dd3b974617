"""Which signatures are meant, and the counts of them: the one query layer behind every number.

The dashboard, every file, the command line and the property tests ask these functions, so they
agree. Without a finer filter the numbers are the kept tallies, else they are read from the rows.
"""

# ruff: noqa: S608 - the statements are put together from the constants in this file only

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import date

from app.records.accounting import ways
from app.records.counting import BREAKDOWNS, by_status, count, natural
from app.records.model import STATUSES, CountRow, State, Status, Totals


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
    if not chosen.finer:
        return _from_tallies(db, by, chosen)
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


def _from_tallies(db: sqlite3.Connection, by: str, chosen: Filter) -> list[CountRow]:
    """Counts of one status, or of all added up, without reading a row."""
    if chosen.status:
        return count(db, chosen.campaign, by, status=chosen.status)
    added: dict[str, CountRow] = {}
    for status in STATUSES:
        for row in count(db, chosen.campaign, by, status=status):
            known = added.get(row.group, CountRow(row.group, 0, 0))
            added[row.group] = CountRow(
                row.group, known.signatures + row.signatures, known.letters + row.letters
            )
    return sorted(added.values(), key=lambda row: natural(row.group))


def statuses(db: sqlite3.Connection, chosen: Filter) -> dict[Status, Totals]:
    """Every status with its people and letters, whatever status the filter asks for."""
    if not chosen.finer:
        return by_status(db, chosen.campaign)
    where, values = replace(chosen, status=None).where()
    query = f"SELECT s.status, count(*), sum(s.letters) FROM countable s WHERE {where} GROUP BY 1"
    found = {status: Totals(*numbers) for status, *numbers in db.execute(query, values)}
    return {status: found.get(status, Totals(0, 0)) for status in STATUSES}


def ways_of(db: sqlite3.Connection, chosen: Filter) -> dict[State, int]:
    """The letters by what is known of their way, the most frequent first.

    They add up to the letters of ``totals_of``: each letter is in exactly one state.
    """
    if chosen.finer:
        where, values = chosen.where()
        query = (
            "SELECT l.state, count(*) FROM signatures s NOT INDEXED"
            " CROSS JOIN letters l ON l.signature = s.id"
            f" WHERE l.bioguide IS NOT NULL AND {where} GROUP BY 1"
        )
        found = dict(db.execute(query, values).fetchall())
    else:
        found = {}
        for status in [chosen.status] if chosen.status else STATUSES:
            for way in ways(db, chosen.campaign, status=status):
                found[way.state] = found.get(way.state, 0) + way.letters
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def totals_of(db: sqlite3.Connection, chosen: Filter) -> Totals:
    """Like ``totals``, for any filter. Each signature is in exactly one state."""
    rows = counts(db, "state", chosen)
    return Totals(sum(row.signatures for row in rows), sum(row.letters for row in rows))
