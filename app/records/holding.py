"""Signatures that an organizer reviews before they count, or sets aside; always reversible.

A held signature has been accepted and has its receipt; it is just not counted. Nothing here
deletes anything.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from app.records.acts import HeldReason
from app.records.audit import Actor, Facts, What
from app.records.database import writing

View = Literal["waiting", "set aside", "released"]
VIEWS: tuple[View, ...] = ("waiting", "set aside", "released")
PAGE = 100
"""Rows per page, and the most in one decision."""

# A repeated signature waits like any other, so that its receipt says the same. Its status stays,
# and no count changes, whatever is decided.
_REPEATED = (
    "(s.status = 'repeated' AND s.withdrawn = 0 AND h.signature IS NOT NULL AND NOT EXISTS"
    " (SELECT 1 FROM confirmations c WHERE c.signature = s.id AND c.confirmed IS NULL))"
)
# `IN` makes SQLite use the index on status; otherwise it reads the whole campaign.
_NOT_COUNTED = f"s.status IN ('held', 'repeated') AND (s.status = 'held' OR {_REPEATED})"
_WHERE: dict[View, str] = {
    "waiting": f"{_NOT_COUNTED} AND coalesce(h.decision, '') = ''",
    "set aside": f"{_NOT_COUNTED} AND h.decision = 'set aside'",
    "released": f"(s.status = 'counted' OR {_REPEATED}) AND h.decision = 'released'",
}
_SEEN = " OR ".join(f"({where})" for where in _WHERE.values())
_SEEN = f"({_SEEN})"


def _in_view(view: View) -> str:
    # Most counted signatures were never held, so the released ones are found from that side.
    tables = (
        "signatures s LEFT JOIN held h" if view != "released" else "held h CROSS JOIN signatures s"
    )
    return f"FROM {tables} ON h.signature = s.id WHERE s.campaign = ? AND {_WHERE[view]}"


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One signature as an organizer sees it, with nothing that names anyone."""

    number: int
    day: date
    state: str
    district: int
    template: str
    reason: HeldReason


@dataclass(frozen=True, slots=True)
class HeldPage:
    """Rows of one view, oldest first, and the number of rows in each view."""

    rows: tuple[HeldRow, ...]
    numbers: dict[View, int]


def held_page(db: sqlite3.Connection, campaign: str, view: View = "waiting") -> HeldPage:
    """The first hundred rows of a view. Decided rows leave it, so the next ones move up."""
    rows = db.execute(
        "SELECT s.id, s.day, s.state, s.district, s.template, coalesce(h.reason, 'by hand')"
        f" {_in_view(view)} ORDER BY s.id LIMIT {PAGE}",
        (campaign,),
    )
    found = tuple(HeldRow(row[0], date.fromisoformat(row[1]), *row[2:]) for row in rows)
    numbers = {
        name: int(db.execute(f"SELECT count(*) {_in_view(name)}", (campaign,)).fetchone()[0])
        for name in VIEWS
    }
    return HeldPage(found, numbers)


@dataclass(frozen=True, slots=True)
class Decision:
    """What an organizer decides about held signatures."""

    name: str
    """Empty if it takes earlier decisions back."""
    status: str
    """The status that counted and held signatures get."""
    what: What


RELEASE = Decision("released", "counted", What.SIGNATURES_RELEASED)
"""Count them, including those set aside."""
SET_ASIDE = Decision("set aside", "held", What.SIGNATURES_SET_ASIDE)
"""Leave them uncounted, and take them off the waiting list; not for released ones."""
HOLD_AGAIN = Decision("", "held", What.SIGNATURES_HELD_AGAIN)
"""Released or set aside, they wait again."""


def decide(by: Actor, campaign: str, numbers: Sequence[int], decision: Decision) -> int:
    """Returns how many were decided: all or none, with an audit event. Raises
    ``NotStoredError``."""
    db, done = by.db, list[int]()
    with writing(db):
        for number in sorted(set(numbers))[:PAGE]:
            row = db.execute(
                "SELECT s.status, coalesce(h.decision, '') FROM signatures s LEFT JOIN held h"  # noqa: S608
                f" ON h.signature = s.id WHERE s.id = ? AND s.campaign = ? AND {_SEEN}",
                (number, campaign),
            ).fetchone()
            if row is None or row[1] == decision.name:
                continue
            if row[1] == "released" and decision is SET_ASIDE:
                continue
            if row[0] != "repeated":
                db.execute(
                    "UPDATE signatures SET status = ? WHERE id = ?", (decision.status, number)
                )
            db.execute(
                "INSERT INTO held (signature, reason, decision) VALUES (?, 'by hand', ?)"
                " ON CONFLICT (signature) DO UPDATE SET decision = excluded.decision",
                (number, decision.name),
            )
            done.append(number)
        if done:
            facts: Facts = {"rows": len(done), "numbers": ", ".join(map(str, done))}
            by.record(decision.what, campaign, after=facts)
    return len(done)


def held_waiting(db: sqlite3.Connection, campaign: str) -> int:
    """Number of signatures waiting for an organizer."""
    query = f"SELECT count(*) {_in_view('waiting')}"
    return int(db.execute(query, (campaign,)).fetchone()[0])
