"""Signatures for tests."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from app.records.acts import LetterRow, SignatureRequest, State, Status
from app.records.audit import Actor
from app.records.database import writing
from app.records.persons import STANDING, Person, person_of
from app.records.retention import Policy, Purged, purge

SECRET = b"a secret for tests"
CAMPAIGN = "protect-immigration-act"


def person(name: str, **changes: str) -> Person:
    """A person with this first name, and a mailbox and house derived from it."""
    box = hashlib.sha256(name.encode()).hexdigest()[:12]
    values = {"first": name, "last": "Reyes", "street": f"{box} Elm St", "zip5": "94601", **changes}
    return person_of(SECRET, **{"email": f"{box}@example.org", **values})


def purged(
    db: sqlite3.Connection, now: datetime, policy: Policy, instance: Path = Path("no such folder")
) -> tuple[Purged, ...]:
    """Delete what is too old, as the daily job does; returns how much of each kind was."""
    done, _blank = purge(Actor(db, "daily job", now), policy, instance)
    return done


def letters_of(state: str, district: int, written: State = "written") -> tuple[LetterRow, ...]:
    """Letters to the House member and two senators; in DC only to the delegate."""
    house = LetterRow(f"{state}-{district}", f"H{state}{district:03}", "everyone", written)
    if state == "DC":
        return (house,)
    senate = (LetterRow(f"{state}-S{n}", f"S{state}{n}", "introduce", written) for n in (1, 3))
    return (house, *senate)


def signature(key: str, **changes: Any) -> SignatureRequest:
    """A Californian's signature; each ``key`` is a new person unless one is given."""
    values: dict[str, Any] = {
        "key": key,
        "person": person(key),
        "campaign": CAMPAIGN,
        "day": date(2026, 11, 24),
        "at": datetime(2026, 11, 25, 3, 4, 5, tzinfo=UTC),
        "state": "CA",
        "district": 12,
        "template": "general",
        "version": "0123456789ab",
        "length": "full",
        "language": "en",
        "match": "zip",
        "source": "",
        "edited": False,
        "own_share": 40,
        **changes,
    }
    values.setdefault("letters", letters_of(values["state"], values["district"]))
    return SignatureRequest(**values)


def set_status(db: sqlite3.Connection, numbers: Sequence[int], status: Status) -> int:
    """Make signatures ``held``, ``unconfirmed`` or ``counted``, as organizers and signers do.

    Returns how many changed: withdrawn and repeated ones and tests are left alone.
    """
    with writing(db):
        changed = [
            db.execute(
                f"UPDATE signatures SET status = ? WHERE id = ? AND status <> ? AND {STANDING}",
                (status, number, status),
            ).rowcount
            for number in numbers
        ]
        decision = "" if status == "held" else "released"
        db.executemany(
            "INSERT INTO held (signature, reason, decision) SELECT id, 'by hand', ?"
            " FROM signatures WHERE id = ? AND status = ?"
            " ON CONFLICT DO UPDATE SET decision = excluded.decision",
            [(decision, number, status) for number in numbers],
        )
    return sum(changed)


def kept_text(
    db: sqlite3.Connection, campaign: str, template: str, length: str, version: str
) -> str:
    """The stored text of the version that a signature refers to."""
    sql = (
        "SELECT source FROM letter_versions"
        " WHERE (campaign, template, length, version) = (?, ?, ?, ?)"
    )
    return str(db.execute(sql, (campaign, template, length, version)).fetchone()[0])
