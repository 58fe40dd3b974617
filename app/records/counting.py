"""What is counted, and the numbers. Every number anywhere in the site comes from here.

A banner, a table, an export and the command line agree because they ask the same functions,
and these read tallies that the database keeps (``tallies``), never the rows.
"""

from __future__ import annotations

import re
import sqlite3

from app.records.model import STATUSES, CountRow, Status, Totals

BREAKDOWNS = (
    "state", "district", "day", "template", "recipient",
    "version", "language", "match", "source", "edited", "own_share",
)  # fmt: skip
"""Everything that a count can be broken down by. ``own_share`` is in steps of ten per cent."""


def totals(db: sqlite3.Connection, campaign: str | None, *, status: Status = "counted") -> Totals:
    """People and letters of a campaign, or of all campaigns together (None).

    Across campaigns somebody who signed two of them is two signatures; see ``people``.
    """
    row = db.execute(
        "SELECT coalesce(sum(signatures), 0), coalesce(sum(letters), 0) FROM tallies"
        " WHERE campaign IN (SELECT campaign FROM tallies WHERE ?1 IS NULL UNION SELECT ?1)"
        " AND status = ?2 AND dimension = 'all' AND value = ''",
        (campaign, status),
    ).fetchone()
    return Totals(*row)


def by_status(db: sqlite3.Connection, campaign: str | None) -> dict[Status, Totals]:
    """Every status with its totals, the empty ones too, in the order of ``STATUSES``."""
    return {status: totals(db, campaign, status=status) for status in STATUSES}


def count(
    db: sqlite3.Connection, campaign: str | None, by: str, *, status: Status = "counted"
) -> list[CountRow]:
    """One row per value that has any, in natural order (``CA-2`` before ``CA-12``).

    ``by`` is one of ``BREAKDOWNS`` (``ValueError`` otherwise); ``campaign`` None adds up all
    campaigns. Except for ``recipient``, the rows add up to ``totals``.
    """
    if by not in BREAKDOWNS:
        raise ValueError(f"Cannot count by {by!r}. Known: {', '.join(BREAKDOWNS)}.")
    rows = db.execute(
        "SELECT value, sum(signatures), sum(letters) FROM tallies"
        " WHERE campaign IN (SELECT campaign FROM tallies WHERE ?1 IS NULL UNION SELECT ?1)"
        " AND status = ?2 AND dimension = ?3"
        " GROUP BY value HAVING sum(signatures) <> 0 OR sum(letters) <> 0",
        (campaign, status, by),
    )
    return sorted((CountRow(*row) for row in rows), key=lambda row: natural(row.group))


def people(db: sqlite3.Connection, campaign: str | None = None) -> int:
    """How many different people have a counted signature, in one campaign or in all together.

    Unlike the other counts this reads the rows: about a second for a million.
    """
    found = db.execute(
        "SELECT count(DISTINCT substr(person, 17)) FROM signatures"
        " WHERE status = 'counted' AND (?1 IS NULL OR campaign = ?1)",
        (campaign,),
    ).fetchone()
    return int(found[0])


def lookalikes(db: sqlite3.Connection, campaign: str) -> list[tuple[int, ...]]:
    """Groups of signatures whose people are alike (``person``), oldest first in each.

    All of them are counted: this is a list for an organizer's eyes, and no verdict.
    """
    rows = db.execute(
        "SELECT group_concat(id) FROM signatures WHERE campaign = ? AND person IS NOT NULL"
        " GROUP BY substr(person, 1, 16) HAVING count(*) > 1",
        (campaign,),
    )
    return sorted(tuple(sorted(int(number) for number in ids.split(","))) for (ids,) in rows)


def campaigns(db: sqlite3.Connection) -> tuple[str, ...]:
    """The campaigns that anybody has ever signed, in alphabetical order."""
    rows = db.execute("SELECT DISTINCT campaign FROM tallies WHERE dimension = 'all' ORDER BY 1")
    return tuple(row[0] for row in rows)


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """A key that sorts numbers inside a text by their size."""
    return tuple(
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", text)
    )
