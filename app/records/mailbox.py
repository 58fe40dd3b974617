"""Messages on their way: a state machine whose every step is one short transaction.

``held`` → ``queued`` → ``sending`` → ``handing over`` → ``accepted``, ``failed`` or
``unknown``; from ``sending`` and ``handing over`` also ``deferred``, which is claimed again
later. The last three are ends: with them the message itself is erased. A worker that was
killed leaves ``sending`` (nothing had left: it is queued again) or ``handing over`` (the
other server may have it: it becomes ``unknown`` and is never sent again by itself).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from app.records.database import local_database, writing
from app.records.model import token_digest

MessageState = Literal[
    "held", "queued", "sending", "handing over", "accepted", "deferred", "failed", "unknown"
]
End = Literal["accepted", "failed", "unknown"]
DAY = timedelta(days=1)
FORGOTTEN = timedelta(days=30)
"""After so long the row of a message that is done goes too."""


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message as it is put in. ``payload`` is encrypted already."""

    once: bytes
    """32 bytes that are the same for the same wish."""
    kind: str
    recipient: bytes
    """32 bytes: a keyed code of the address."""
    payload: bytes
    receipt: bytes | None = None
    """The SHA-256 of a receipt's token, so that the receipt can show the state."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this worker, and no other, may now try. ``attempt`` counts from 1."""

    id: str
    kind: str
    attempt: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class MessageRow:
    """What is known of a message: never to whom or what."""

    id: str
    kind: str
    state: MessageState
    attempts: int
    cause: str
    queued_at: datetime
    state_at: datetime
    next_at: datetime


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found: messages to try now, and how many it put right or let go."""

    due: tuple[str, ...]
    requeued: int
    unknown: int
    expired: int


_ROW = "id, kind, state, attempts, cause, queued_at, state_at, next_at"


class Mailbox:
    """The messages of one database. Cheap to make; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(
        self,
        message: NewMessage,
        now: datetime,
        *,
        limit: int,
        release: bytes | None = None,
        again: bool = False,
    ) -> MessageRow | None:
        """Put a message in; None when this address has had ``limit`` messages in a day.

        The same wish (``once``) puts nothing in and gives the row that is there; only with
        ``again``, and only after ``failed`` or ``unknown``, a new message takes its place.
        With ``release`` (32 bytes, a hash) it is held until ``let_go``. Raises
        ``NotStoredError``.
        """
        db = local_database(self._path)
        moment = _seconds(now)
        with writing(db):
            known = db.execute(
                f"SELECT {_ROW} FROM messages WHERE once = ?",  # noqa: S608
                (message.once,),
            ).fetchone()
            if known and not (again and known[2] in ("failed", "unknown")):
                return _row(known)
            recent = db.execute(
                "SELECT count(*) FROM messages WHERE recipient = ? AND queued_at > ?",
                (message.recipient, _seconds(now - DAY)),
            ).fetchone()[0]
            if recent >= limit:
                return None
            db.execute("DELETE FROM messages WHERE once = ?", (message.once,))
            made = db.execute(
                "INSERT INTO messages (id, once, kind, receipt, recipient, release, state,"
                " queued_at, state_at, next_at, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " RETURNING id, kind, state, attempts, cause, queued_at, state_at, next_at",
                (
                    secrets.token_hex(16), message.once, message.kind, message.receipt,
                    message.recipient, release, "held" if release else "queued",
                    moment, moment, moment, message.payload,
                ),
            ).fetchone()  # fmt: skip
        return _row(made)

    def let_go(self, release: bytes, now: datetime) -> tuple[str, ...]:
        """Queue what was held under this hash; a second call finds nothing. Ids, for the queue."""
        db = local_database(self._path)
        with writing(db):
            rows = db.execute(
                "UPDATE messages SET state = 'queued', release = NULL, state_at = ?, next_at = ?"
                " WHERE release = ? AND state = 'held' RETURNING id",
                (_seconds(now), _seconds(now), release),
            ).fetchall()
        return tuple(row[0] for row in rows)

    def is_held(self, release: bytes) -> bool:
        """Whether something waits under this hash. Changes nothing."""
        db = local_database(self._path)
        found = db.execute("SELECT 1 FROM messages WHERE release = ?", (release,)).fetchone()
        return found is not None

    def claim(self, message_id: str, now: datetime) -> Claimed | None:
        """Take a message to try it; None when it is not due or another worker has it."""
        db = local_database(self._path)
        with writing(db):
            row = db.execute(
                "UPDATE messages SET state = 'sending', attempts = attempts + 1, state_at = ?"
                " WHERE id = ? AND state IN ('queued', 'deferred') AND next_at <= ?"
                " RETURNING id, kind, attempts, payload",
                (_seconds(now), message_id, _seconds(now)),
            ).fetchone()
        return Claimed(*row) if row else None

    def handing_over(self, claimed: Claimed, now: datetime) -> bool:
        """Note, on the disk, that the message is about to leave. False: it is not ours any more."""
        db = local_database(self._path)
        with writing(db):
            return (
                db.execute(
                    "UPDATE messages SET state = 'handing over', state_at = ?"
                    " WHERE id = ? AND attempts = ? AND state = 'sending'",
                    (_seconds(now), claimed.id, claimed.attempt),
                ).rowcount
                == 1
            )

    def finish(self, claimed: Claimed, end: End, cause: str, now: datetime) -> bool:
        """Note how it ended, and erase the message. False: this attempt was given up before."""
        db = local_database(self._path)
        with writing(db):
            return (
                db.execute(
                    "UPDATE messages SET state = ?, cause = ?, state_at = ?, payload = NULL"
                    " WHERE id = ? AND attempts = ? AND state IN ('sending', 'handing over')",
                    (end, cause, _seconds(now), claimed.id, claimed.attempt),
                ).rowcount
                == 1
            )

    def defer(self, claimed: Claimed, cause: str, now: datetime, until: datetime) -> bool:
        """Note that it was not taken and may be tried again from ``until`` on."""
        db = local_database(self._path)
        with writing(db):
            return (
                db.execute(
                    "UPDATE messages SET state = 'deferred', cause = ?, state_at = ?, next_at = ?"
                    " WHERE id = ? AND attempts = ? AND state IN ('sending', 'handing over')",
                    (cause, _seconds(now), _seconds(until), claimed.id, claimed.attempt),
                ).rowcount
                == 1
            )

    def sweep(self, now: datetime, *, lease: timedelta, hold: timedelta, most: int = 500) -> Swept:
        """Put right what a killed worker left, drop what was held too long, list what is due.

        ``lease`` is how long an attempt can last at most. Codes of addresses older than a day
        are erased, and so are rows that have been done for 30 days.
        """
        db = local_database(self._path)
        moment, old = _seconds(now), _seconds(now - lease)
        with writing(db):
            requeued = db.execute(
                "UPDATE messages SET state = 'queued', state_at = ?, next_at = ?,"
                " cause = 'the worker stopped before the message left'"
                " WHERE state = 'sending' AND payload IS NOT NULL AND state_at < ?",
                (moment, moment, old),
            ).rowcount
            unknown = db.execute(
                "UPDATE messages SET state = 'unknown', state_at = ?, payload = NULL,"
                " cause = 'the worker stopped while the message left'"
                " WHERE state = 'handing over' AND payload IS NOT NULL AND state_at < ?",
                (moment, old),
            ).rowcount
            expired = db.execute(
                "DELETE FROM messages WHERE state = 'held' AND payload IS NOT NULL"
                " AND queued_at < ?",
                (_seconds(now - hold),),
            ).rowcount
            db.execute(
                "UPDATE messages SET recipient = NULL WHERE recipient IS NOT NULL"
                " AND queued_at <= ?",
                (_seconds(now - DAY),),
            )
            db.execute(
                "DELETE FROM messages WHERE payload IS NULL AND state_at < ?",
                (_seconds(now - FORGOTTEN),),
            )
        due = db.execute(
            "SELECT id FROM messages WHERE state IN ('queued', 'deferred')"
            " AND payload IS NOT NULL AND next_at <= ? ORDER BY next_at, id LIMIT ?",
            (moment, most),
        ).fetchall()
        return Swept(tuple(row[0] for row in due), requeued, unknown, expired)

    def row(self, message_id: str) -> MessageRow | None:
        """One message's state, or None when there is no such message."""
        found = local_database(self._path).execute(
            f"SELECT {_ROW} FROM messages WHERE id = ?",  # noqa: S608
            (message_id,),
        )
        row = found.fetchone()
        return _row(row) if row else None

    def of_wish(self, once: bytes) -> MessageRow | None:
        """The message that a wish put in, or None when there is none (any more)."""
        found = local_database(self._path).execute(
            f"SELECT {_ROW} FROM messages WHERE once = ?",  # noqa: S608
            (once,),
        )
        row = found.fetchone()
        return _row(row) if row else None

    def of_receipt(self, token: str) -> tuple[MessageRow, ...]:
        """The messages that belong to a receipt, oldest first."""
        rows = local_database(self._path).execute(
            f"SELECT {_ROW} FROM messages WHERE receipt = ? ORDER BY queued_at, rowid",  # noqa: S608
            (token_digest(token),),
        )
        return tuple(_row(row) for row in rows)

    def numbers(self) -> dict[MessageState, int]:
        """How many messages there are in each state that has any."""
        rows = local_database(self._path).execute(
            "SELECT state, count(*) FROM messages GROUP BY state ORDER BY state"
        )
        return {row[0]: row[1] for row in rows}

    def stuck(self, now: datetime, *, longer_than: timedelta) -> tuple[MessageRow, ...]:
        """Messages that should have moved and have not: due, or claimed, for so long."""
        rows = local_database(self._path).execute(
            f"SELECT {_ROW} FROM messages WHERE payload IS NOT NULL AND state <> 'held'"  # noqa: S608
            " AND max(next_at, state_at) < ? ORDER BY next_at, id LIMIT 100",
            (_seconds(now - longer_than),),
        )
        return tuple(_row(row) for row in rows)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _row(row: tuple[str, str, MessageState, int, str, int, int, int]) -> MessageRow:
    message_id, kind, state, attempts, cause, *times = row
    queued, changed, following = (datetime.fromtimestamp(t, UTC) for t in times)
    return MessageRow(message_id, kind, state, attempts, cause, queued, changed, following)
