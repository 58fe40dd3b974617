"""Signatures that an organizer looks at before they count, or sets aside; always reversible.

A held signature was taken and has its receipt; it is only not counted. Nothing here deletes.
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
"""Rows on one page, and at most so many in one decision."""

# A further signing of somebody who had signed waits like any other, so that its receipt says the
# same. Its status stays, and no count changes whatever is decided.
_FURTHER = (
    "(s.status = 'repeated' AND s.withdrawn = 0 AND h.signature IS NOT NULL AND NOT EXISTS"
    " (SELECT 1 FROM confirmations c WHERE c.signature = s.id AND c.confirmed IS NULL))"
)
_WHERE: dict[View, str] = {
    "waiting": f"(s.status = 'held' OR {_FURTHER}) AND coalesce(h.decision, '') = ''",
    "set aside": f"(s.status = 'held' OR {_FURTHER}) AND h.decision = 'set aside'",
    "released": f"(s.status = 'counted' OR {_FURTHER}) AND h.decision = 'released'",
}
_SEEN = " OR ".join(f"({where})" for where in _WHERE.values())
_SEEN = f"({_SEEN})"
_FROM = "FROM signatures s LEFT JOIN held h ON h.signature = s.id WHERE s.campaign = ? AND "


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One signature as an organizer sees it: nothing in it names anyone."""

    number: int
    day: date
    state: str
    district: int
    template: str
    reason: HeldReason


@dataclass(frozen=True, slots=True)
class HeldPage:
    """The oldest rows of one view first, and how many each view has."""

    rows: tuple[HeldRow, ...]
    numbers: dict[View, int]


def held_page(db: sqlite3.Connection, campaign: str, view: View = "waiting") -> HeldPage:
    """The first hundred rows of a view. What is decided leaves it, so the next ones move up."""
    rows = db.execute(
        "SELECT s.id, s.day, s.state, s.district, s.template, coalesce(h.reason, 'by hand')"
        f" {_FROM}{_WHERE[view]} ORDER BY s.id LIMIT {PAGE}",
        (campaign,),
    )
    found = tuple(HeldRow(row[0], date.fromisoformat(row[1]), *row[2:]) for row in rows)
    numbers = {
        name: int(db.execute(f"SELECT count(*) {_FROM}{where}", (campaign,)).fetchone()[0])
        for name, where in _WHERE.items()
    }
    return HeldPage(found, numbers)


@dataclass(frozen=True, slots=True)
class _Step:
    before: str | None
    """The status that is asked for; None for whatever was decided here."""
    after: str
    decision: str
    what: What


def release(by: Actor, campaign: str, numbers: Sequence[int]) -> int:
    """Count held signatures from now on, also those set aside; returns how many."""
    step = _Step("held", "counted", "released", What.SIGNATURES_RELEASED)
    return _decide(by, campaign, numbers, step)


def set_aside(by: Actor, campaign: str, numbers: Sequence[int]) -> int:
    """Leave held signatures uncounted and out of the list of those that wait."""
    step = _Step("held", "held", "set aside", What.SIGNATURES_SET_ASIDE)
    return _decide(by, campaign, numbers, step)


def hold_again(by: Actor, campaign: str, numbers: Sequence[int]) -> int:
    """Take a decision back: released or set aside, they wait again."""
    step = _Step(None, "held", "", What.SIGNATURES_HELD_AGAIN)
    return _decide(by, campaign, numbers, step)


def _decide(by: Actor, campaign: str, numbers: Sequence[int], step: _Step) -> int:
    """All or none, with its line in the trail. Raises ``NotStoredError``."""
    db, done = by.db, list[int]()
    with writing(db):
        for number in sorted(set(numbers))[:PAGE]:
            row = db.execute(
                "SELECT s.status, coalesce(h.decision, '') FROM signatures s LEFT JOIN held h"  # noqa: S608
                f" ON h.signature = s.id WHERE s.id = ? AND s.campaign = ? AND {_SEEN}",
                (number, campaign),
            ).fetchone()
            if row is None or row[1] == step.decision:
                continue
            if row[1] == "released" if step.before else row[1] == "":
                continue
            if row[0] != "repeated":
                db.execute("UPDATE signatures SET status = ? WHERE id = ?", (step.after, number))
            db.execute(
                "INSERT INTO held (signature, reason, decision) VALUES (?, 'by hand', ?)"
                " ON CONFLICT (signature) DO UPDATE SET decision = excluded.decision",
                (number, step.decision),
            )
            done.append(number)
        if done:
            facts: Facts = {"rows": len(done), "numbers": ", ".join(map(str, done))}
            by.record(step.what, campaign, after=facts)
    return len(done)


def held_waiting(db: sqlite3.Connection, campaign: str) -> int:
    """How many signatures wait for an organizer."""
    query = f"SELECT count(*) {_FROM}{_WHERE['waiting']}"
    return int(db.execute(query, (campaign,)).fetchone()[0])
