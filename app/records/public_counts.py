"""The numbers that everybody may see.

The totals of people and letters are exact and of this moment. The numbers of the states would
tell too much if they were: "one more from Wyoming at 14:03" is one person. So

1. each is rounded down to a multiple of five, and below five none is shown;
2. all of them are renewed together, and only when, state by state, at least five signatures
   have been added or taken away since they were last renewed.

Two fetches, however they are chosen, then differ by nothing or by a multiple of five, and
since every state's number may be up to four too low, the exact total minus the shown numbers
does not give away a state that is not shown.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from app.records.counts import count
from app.records.database import NotStoredError, reading, writing

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


def by_state(db: sqlite3.Connection, campaign: str) -> tuple[PublicState, ...]:
    """The states with five people or more, by the rule above, largest first.

    Renews what is shown when it is time; where that cannot be stored, the last one stays.
    """
    with reading(db):
        now, shown = _now(db, campaign), _shown(db, campaign)
    if _is_time(now, shown):
        with suppress(NotStoredError):
            shown = _renew(db, campaign)
    rows = [PublicState(state, rounded(number)) for state, number in shown.items()]
    return tuple(
        sorted((row for row in rows if row.at_least), key=lambda row: (-row.at_least, row.state))
    )


def _now(db: sqlite3.Connection, campaign: str) -> dict[str, int]:
    return {row.group: row.signatures for row in count(db, campaign, "state")}


def _shown(db: sqlite3.Connection, campaign: str) -> dict[str, int]:
    return dict(
        db.execute("SELECT state, signatures FROM shown WHERE campaign = ?", (campaign,)).fetchall()
    )


def _is_time(now: Mapping[str, int], shown: Mapping[str, int]) -> bool:
    changed = sum(abs(now.get(s, 0) - shown.get(s, 0)) for s in {*now, *shown})
    return changed >= STEP


def _renew(db: sqlite3.Connection, campaign: str) -> dict[str, int]:
    """Take the counts of this moment. Looked at again: another process may have been first."""
    with writing(db, wait=0):  # nobody who only looks waits for somebody who writes
        now, shown = _now(db, campaign), _shown(db, campaign)
        if not _is_time(now, shown):
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
