"""Letters on their way to the offices' own systems: every step one short transaction.

``queued`` → ``sending`` → ``accepted``, ``refused``, ``unknown`` or ``not attempted``; from
``sending`` also ``deferred``, which is claimed again later. The last four are ends: with them
the message itself is erased. A try without an answer sets ``maybe``; the same message under the
same delivery id can safely go again, because the office's system knows an id that it has taken.
The letter's own state moves in the same transaction, by the rules of ``accounting``.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from app.records.accounting import QUEUED, move
from app.records.database import local_database, writing
from app.records.model import TOKEN, State, token_digest
from app.records.persons import Person

Chamber = Literal["house", "senate"]
DeliveryState = Literal[
    "queued", "sending", "deferred", "accepted", "refused", "unknown", "not attempted"
]
DeliveryEnd = Literal["accepted", "refused", "unknown", "not attempted"]
LETTER: dict[DeliveryEnd, State] = {
    "accepted": "accepted by the office's system",
    "refused": "refused",
    "unknown": "unknown",
    "not attempted": "not attempted",
}
"""What an end makes of the letter."""
ROUNDS = 5
"""So often one letter may be queued; after a refusal its writer can correct something."""
FORGOTTEN = timedelta(days=30)
"""After so long the row of a letter whose delivery has ended goes."""

_SENDABLE = (
    "s.withdrawn = 0 AND s.status IN ('counted', 'repeated')"
    " AND NOT EXISTS (SELECT 1 FROM confirmations c WHERE c.signature = s.id"
    " AND c.confirmed IS NULL)"
    " AND NOT EXISTS (SELECT 1 FROM held h WHERE h.signature = s.id AND h.decision <> 'released')"
)
"""Whether a signature's letters may leave. A repeated one looks the same from outside, so it is
treated the same: it waits for whatever a first one would wait for."""


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A letter as it is queued. ``payload`` is encrypted already."""

    seat: str
    chamber: Chamber
    payload: bytes = field(repr=False)
    until: datetime
    """After that it is not tried any more."""
    round: int = 0


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """What is known of a delivery: never whose letter or what it says."""

    id: str
    seat: str
    round: int
    state: DeliveryState
    attempts: int
    cause: str
    state_at: datetime
    next_at: datetime


@dataclass(frozen=True, slots=True)
class NotQueued:
    """The letter was not queued, and nothing was changed."""

    reason: Literal["no such letter", "withdrawn", "test", "somebody else's", "settled"]


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A letter that this worker, and no other, may now try. ``attempt`` counts from 1."""

    id: str
    signature: int
    seat: str
    attempt: int
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SweptDeliveries:
    """What a sweep put right: tries that a killed worker left, and letters that ran out of time."""

    retried: int
    ended: int


_ROW = "id, seat, round, state, attempts, cause, state_at, next_at"


class Deliveries:
    """The deliveries of one database. Cheap to make; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(
        self, token: str, person: Person, new: NewDelivery, now: datetime
    ) -> DeliveryRow | NotQueued:
        """Queue the letter of a receipt, once: a second press gives the row that is there.

        ``person`` is whoever the message names, who must be the one who signed. After
        ``refused`` and ``not attempted`` a new message, of the next round, takes the place of
        the old one. Raises ``NotStoredError``.
        """
        db = local_database(self._path)
        with writing(db):
            found = self._signature(db, token)
            if found is None:
                return NotQueued("no such letter")
            signature, withdrawn, status, codes = found
            if withdrawn:
                return NotQueued("withdrawn")
            if status == "test":
                return NotQueued("test")
            if any(codes) and not person.has_signed_as(*codes):
                return NotQueued("somebody else's")
            row = self._of(db, signature, new.seat)
            if row is not None and (row.state in ("queued", "sending", "deferred")
                                    or new.round <= row.round):  # fmt: skip
                return row
            if new.round >= ROUNDS:
                return NotQueued("settled")
            if not move(db, signature, new.seat, (QUEUED, "person"), now):
                return row or NotQueued("settled")
            db.execute(
                "DELETE FROM deliveries WHERE signature = ? AND seat = ?", (signature, new.seat)
            )
            moment = _seconds(now)
            db.execute(
                "INSERT INTO deliveries (id, signature, seat, chamber, round, state, queued_at,"
                " state_at, next_at, until, payload) VALUES (?, ?, ?, ?, ?, 'queued', ?, ?, ?, ?,"
                " ?)",
                (
                    secrets.token_hex(16), signature, new.seat, new.chamber, new.round,
                    moment, moment, moment, _seconds(new.until), new.payload,
                ),
            )  # fmt: skip
            made = self._of(db, signature, new.seat)
        assert made is not None
        return made

    def of_receipt(self, token: str) -> dict[str, DeliveryRow]:
        """By seat: where each letter of a receipt is on its way to its office's system."""
        if not TOKEN.fullmatch(token):
            return {}
        rows = local_database(self._path).execute(
            "SELECT d.id, d.seat, d.round, d.state, d.attempts, d.cause, d.state_at, d.next_at"
            " FROM deliveries d JOIN signatures s ON s.id = d.signature WHERE s.receipt = ?",
            (token_digest(token),),
        )
        return {row[1]: _row(row) for row in rows}

    def due(self, now: datetime, *, most: int = 500) -> list[tuple[str, Chamber, str]]:
        """Id, chamber and seat of what can be tried now, the longest waiting first."""
        found: list[tuple[str, Chamber, str]] = (
            local_database(self._path)
            .execute(
                "SELECT d.id, d.chamber, d.seat FROM deliveries d JOIN signatures s"  # noqa: S608
                " ON s.id = d.signature WHERE d.payload IS NOT NULL AND d.next_at <= ?1"
                f" AND d.until > ?1 AND d.state IN ('queued', 'deferred') AND {_SENDABLE}"
                " ORDER BY d.next_at, d.rowid LIMIT ?2",
                (_seconds(now), most),
            )
            .fetchall()
        )
        return found

    def claim(self, delivery: str, now: datetime) -> ClaimedDelivery | None:
        """Take a letter to try it; None when it is not due, not to be sent, or another's."""
        db = local_database(self._path)
        moment = _seconds(now)
        with writing(db):
            row = db.execute(
                "UPDATE deliveries SET state = 'sending', attempts = attempts + 1, state_at = ?1"  # noqa: S608
                " WHERE id = ?2 AND state IN ('queued', 'deferred') AND next_at <= ?1"
                " AND until > ?1 AND EXISTS (SELECT 1 FROM signatures s"
                f" WHERE s.id = deliveries.signature AND {_SENDABLE})"
                " RETURNING id, signature, seat, attempts, payload",
                (moment, delivery),
            ).fetchone()
        return ClaimedDelivery(*row) if row else None

    def finish(self, claimed: ClaimedDelivery, end: DeliveryEnd, cause: str, now: datetime) -> bool:
        """Note how it ended, with the letter, and erase the message. False: given up before."""
        db = local_database(self._path)
        with writing(db):
            done = db.execute(
                "UPDATE deliveries SET state = ?, cause = ?, state_at = ?, payload = NULL"
                " WHERE id = ? AND attempts = ? AND state = 'sending'",
                (end, cause, _seconds(now), claimed.id, claimed.attempt),
            ).rowcount
            if done:
                move(db, claimed.signature, claimed.seat, (LETTER[end], "office system"), now)
        return done == 1

    def defer(
        self,
        claimed: ClaimedDelivery,
        cause: str,
        now: datetime,
        until: datetime,
        *,
        maybe: bool,
    ) -> bool:
        """Note that it is to be tried again from ``until`` on; ``maybe``: it may have arrived."""
        db = local_database(self._path)
        with writing(db):
            done = db.execute(
                "UPDATE deliveries SET state = 'deferred', cause = ?, state_at = ?, next_at = ?,"
                " maybe = max(maybe, ?) WHERE id = ? AND attempts = ? AND state = 'sending'",
                (cause, _seconds(now), _seconds(until), maybe, claimed.id, claimed.attempt),
            ).rowcount
        return done == 1

    def sweep(self, now: datetime, *, lease: timedelta) -> SweptDeliveries:
        """Put right what a killed worker left, and end what ran out of time or was withdrawn.

        ``lease`` is how long a try can last at most. What was being sent may have arrived; the
        next try, under the same delivery id, finds out.
        """
        db = local_database(self._path)
        moment = _seconds(now)
        with writing(db):
            retried = db.execute(
                "UPDATE deliveries SET state = 'deferred', state_at = ?, next_at = ?, maybe = 1,"
                " cause = 'the worker stopped while the letter left'"
                " WHERE state = 'sending' AND payload IS NOT NULL AND state_at < ?",
                (moment, moment, _seconds(now - lease)),
            ).rowcount
            over = db.execute(
                "SELECT d.id, d.signature, d.seat, d.maybe FROM deliveries d JOIN signatures s"
                " ON s.id = d.signature WHERE d.payload IS NOT NULL AND d.state <> 'sending'"
                " AND (d.until <= ? OR s.withdrawn = 1)",
                (moment,),
            ).fetchall()
            for delivery, signature, seat, maybe in over:
                end: DeliveryEnd = "unknown" if maybe else "not attempted"
                db.execute(
                    "UPDATE deliveries SET state = ?, state_at = ?, payload = NULL,"
                    " cause = CASE cause WHEN '' THEN 'its time ran out' ELSE"
                    " 'its time ran out; the last: ' || cause END WHERE id = ?",
                    (end, moment, delivery),
                )
                move(db, signature, seat, (LETTER[end], "office system"), now)
            db.execute(
                "DELETE FROM deliveries WHERE payload IS NULL AND state_at < ?",
                (_seconds(now - FORGOTTEN),),
            )
        return SweptDeliveries(retried, len(over))

    def numbers(self) -> dict[DeliveryState, int]:
        """How many letters there are in each state that has any."""
        rows = local_database(self._path).execute(
            "SELECT state, count(*) FROM deliveries GROUP BY state ORDER BY state"
        )
        return {row[0]: row[1] for row in rows}

    def stuck(self, now: datetime, chambers: Iterable[Chamber], *, longer_than: timedelta) -> int:
        """How many letters to these chambers could have been tried for so long and were not."""
        (found,) = (
            local_database(self._path)
            .execute(
                "SELECT count(*) FROM deliveries d JOIN signatures s ON s.id = d.signature"  # noqa: S608
                f" WHERE d.payload IS NOT NULL AND max(d.next_at, d.state_at) < ? AND {_SENDABLE}"
                " AND d.chamber IN (SELECT value FROM json_each(?))",
                (_seconds(now - longer_than), json.dumps(list(chambers))),
            )
            .fetchone()
        )
        return int(found)

    @staticmethod
    def _signature(
        db: sqlite3.Connection, token: str
    ) -> tuple[int, int, str, tuple[bytes | None, bytes | None, bytes | None]] | None:
        if not TOKEN.fullmatch(token):
            return None
        found = db.execute(
            "SELECT id, withdrawn, status, by_email, by_address, near FROM signatures"
            " WHERE receipt = ?",
            (token_digest(token),),
        ).fetchone()
        return None if found is None else (*found[:3], found[3:])

    @staticmethod
    def _of(db: sqlite3.Connection, signature: int, seat: str) -> DeliveryRow | None:
        found = db.execute(
            f"SELECT {_ROW} FROM deliveries WHERE signature = ? AND seat = ?",  # noqa: S608
            (signature, seat),
        ).fetchone()
        return _row(found) if found else None


def sendable(db: sqlite3.Connection, signature: int, campaign: str) -> bool | None:
    """Whether the letters of a signature, by its number, may leave; None: no such signature."""
    found = db.execute(
        f"SELECT {_SENDABLE} FROM signatures s WHERE s.id = ? AND s.campaign = ?",  # noqa: S608
        (signature, campaign),
    ).fetchone()
    return None if found is None else bool(found[0])


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _row(row: tuple[str, str, int, DeliveryState, int, str, int, int]) -> DeliveryRow:
    delivery, seat, round_, state, attempts, cause, changed, following = row
    return DeliveryRow(
        delivery, seat, round_, state, attempts, cause,
        datetime.fromtimestamp(changed, UTC), datetime.fromtimestamp(following, UTC),
    )  # fmt: skip
