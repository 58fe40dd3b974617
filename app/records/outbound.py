"""One queue for everything that leaves the site: mail, and letters to the offices' own systems.

Every step is one short transaction: ``held`` → ``queued`` → ``sending`` → ``handing over`` → an
end state. ``sending`` and ``handing over`` can also become ``deferred``, which is claimed again
later. Mail ends as ``accepted``, ``failed`` or ``unknown``; a letter as ``accepted``, ``refused``,
``unknown`` or ``not attempted``. At the end the payload is erased, and the letters that the row
stands for move in the same transaction, by the rules of ``accounting``.

A killed worker leaves a row in ``sending`` (nothing had left, so it is queued again) or in
``handing over`` (the server may have it). In the second case mail becomes ``unknown`` and is never
resent automatically. A letter is sent again under the same delivery id, because the office's
system recognizes an id that it has already accepted; until then ``maybe`` records that the office
may have it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

from app.congress.model import Chamber
from app.records.accounting import IN_OUTBOX, MAILED, QUEUED, move
from app.records.acts import Cause, State, token_digest
from app.records.database import local_database, writing
from app.records.erasing import drop_mail_files
from app.records.keyed import lock, unlock
from app.records.persons import Person

End = Literal["accepted", "failed", "refused", "unknown", "not attempted"]
OutboundState = Literal["held", "queued", "sending", "handing over", "deferred"] | End
LETTER: dict[str, State] = {
    "accepted": "accepted by the office's system",
    "refused": "refused",
    "unknown": "unknown",
    "not attempted": "not attempted",
}
"""The state of a letter for each end of its delivery to an office's system."""
LEASE = timedelta(minutes=15)
"""Longer than any attempt can last; after that, its worker is presumed dead."""
ROUNDS = 5
"""How many times one letter may be queued; after a refusal its writer can correct something."""
DAY = timedelta(days=1)
TIME_OVER = "its time ran out"
"""The cause of a letter's end that was not accepted in time."""
CHANGED = "its writer changed it"
"""The cause of the end of a letter that was corrected before it left."""
_PURPOSE = "waiting to leave"

_SENDABLE = (
    "s.withdrawn = 0 AND s.status IN ('counted', 'repeated')"
    " AND NOT EXISTS (SELECT 1 FROM confirmations c WHERE c.signature = s.id"
    " AND c.confirmed IS NULL)"
    " AND NOT EXISTS (SELECT 1 FROM held h WHERE h.signature = s.id AND h.decision <> 'released')"
)
"""Whether a signature's letters may leave. A repeated signature must look the same from outside, so
it waits for whatever a first one would wait for."""
_OFFICE = "o.kind IN ('house', 'senate')"
_WAITS = f"o.payload IS NOT NULL AND {_OFFICE} AND o.state IN ('queued', 'deferred')"
_LETTER = (
    "(signatures s JOIN letters l ON l.signature = s.id)"
    " ON s.receipt = o.receipt AND l.seat = o.seats ->> 0"
)
"""A join to the letter that a row stands for."""
_MAY_LEAVE = (
    f"(NOT {_OFFICE} OR EXISTS"  # noqa: S608 - both are our own
    f" (SELECT 1 FROM signatures s WHERE s.receipt = o.receipt AND {_SENDABLE}))"
)
_DUE = (
    "o.payload IS NOT NULL AND o.next_at <= ?1 AND o.state IN ('queued', 'deferred')"
    f" AND (o.until IS NULL OR o.until > ?1) AND {_MAY_LEAVE}"
)


@dataclass(frozen=True, slots=True)
class NewMail:
    """A message to be queued."""

    once: bytes
    """Idempotency key: 32 bytes, the same for the same request."""
    kind: str
    recipient: bytes
    """32 bytes: a keyed code of the address."""
    payload: bytes = field(repr=False)
    receipt: str = field(default="", repr=False)
    """The token of the receipt that shows this message's state. Stored as a digest."""
    seats: tuple[str, ...] = ()
    """The letters of this receipt that become *mailed to self* once a server accepts it."""


NotQueued = Literal["no such letter", "withdrawn", "test", "somebody else's", "settled"]
"""Why a letter was not queued; nothing was changed."""


class Addressee(NamedTuple):
    """The member to whom a letter was written, and the seat that they held."""

    bioguide: str
    seat: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that only this worker may now try to send. ``attempt`` counts from 1."""

    id: str
    kind: str
    attempt: int
    maybe: bool
    """Whether an earlier try got no answer, so that it may have arrived."""
    addressee: Addressee | None
    """None for mail."""
    payload: bytes | None = field(repr=False)
    """None if it was encrypted with another secret."""


@dataclass(frozen=True, slots=True)
class OutboundRow:
    """What may be shown of a row: never whose it is, who it goes to or what it says."""

    id: str
    kind: str
    seats: tuple[str, ...]
    round: int
    state: OutboundState
    attempts: int
    cause: str
    queued_at: datetime
    state_at: datetime
    next_at: datetime
    maybe: bool
    """Whether a try got no answer, so that it may have arrived."""

    @property
    def is_last_round(self) -> bool:
        """Whether this letter cannot be queued again."""
        return self.round + 1 >= ROUNDS


_ROW = (
    "o.id, o.kind, o.seats, o.round, o.state, o.attempts, o.cause, o.queued_at, o.state_at,"
    " o.next_at, o.maybe"
)


class Outbound:
    """The queue of one database. Cheap to create; safe to share between threads.

    Payloads are encrypted with ``secret``. Methods that write raise ``NotStoredError``.
    """

    def __init__(self, path: Path, secret: bytes) -> None:
        self._path, self._secret = path, secret

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        db = local_database(self._path)
        with writing(db):
            yield db

    # --- queuing ---

    def put_mail(
        self,
        new: NewMail,
        now: datetime,
        *,
        limit: int,
        release: bytes | None = None,
        until: datetime | None = None,
        again: bool = False,
    ) -> OutboundRow | None:
        """Queue a message; None if this address has had ``limit`` messages within a day.

        If there is a row with the same ``once``, that row is returned and nothing is queued. With
        ``again``, a new message replaces one that ``failed`` or is ``unknown``. With ``release``
        (a hash of 32 bytes) the message is held until ``release_held``, and dropped at ``until``.
        """
        with self._writing() as db:
            known = _find(db, "o.once = ?", new.once)
            if known and not (again and known.state in ("failed", "unknown")):
                return known
            (recent,) = db.execute(
                "SELECT count(*) FROM outbound WHERE recipient = ? AND queued_at > ?",
                (new.recipient, _seconds(now - DAY)),
            ).fetchone()
            if recent >= limit:
                return None
            return self._insert(
                db, now, new.payload, until,
                once=new.once, kind=new.kind, recipient=new.recipient, release=release,
                receipt=token_digest(new.receipt) if new.receipt else None,
                seats=json.dumps(new.seats), state="held" if release else "queued",
            )  # fmt: skip

    def put_letter(
        self,
        now: datetime,
        payload: bytes,
        until: datetime,
        *,
        receipt: str,
        person: Person,
        seat: str,
        chamber: Chamber,
        round_: int,
    ) -> OutboundRow | NotQueued:
        """Queue a letter of a receipt, once: a second press returns the existing row.

        ``person`` is the one that the letter names, and must be the one who signed. After ``until``
        it is no longer tried. After ``refused`` or ``not attempted``, a higher ``round_`` queues a
        new message in its place.
        """
        digest = token_digest(receipt)
        once = hashlib.sha256(digest + seat.encode()).digest()
        with self._writing() as db:
            found = db.execute(
                "SELECT id, withdrawn, status, by_email, by_address, near FROM signatures"
                " WHERE receipt = ?",
                (digest,),
            ).fetchone()
            if found is None:
                return "no such letter"
            signature, withdrawn, status, *codes = found
            if withdrawn:
                return "withdrawn"
            if status == "test":
                return "test"
            if any(codes) and not person.has_signed_as(*codes):
                return "somebody else's"
            row = _find(db, "o.once = ?", once)
            if row is not None and (row.state not in LETTER or round_ <= row.round):
                return row
            if round_ >= ROUNDS:
                return "settled"
            if not move(db, signature, seat, (QUEUED, "person"), now):
                return row or "settled"
            return self._insert(
                db, now, payload, until, once=once, kind=chamber, round=round_, receipt=digest,
                seats=json.dumps([seat]), state="queued",
            )  # fmt: skip

    def _insert(
        self,
        db: sqlite3.Connection,
        now: datetime,
        payload: bytes,
        until: datetime | None,
        **columns: object,
    ) -> OutboundRow:
        """Insert a row, replacing the one with the same ``once``."""
        moment = _seconds(now)
        columns |= {
            "id": secrets.token_hex(16), "queued_at": moment, "state_at": moment,
            "next_at": moment, "until": _seconds(until) if until else None,
            "payload": lock(payload, self._secret, _PURPOSE),
        }  # fmt: skip
        db.execute("DELETE FROM outbound WHERE once = ?", (columns["once"],))
        db.execute(
            f"INSERT INTO outbound ({', '.join(columns)})"  # noqa: S608 - our own names
            f" VALUES ({', '.join('?' * len(columns))})",
            tuple(columns.values()),
        )
        made = _find(db, "o.id = ?", columns["id"])
        assert made is not None
        return made

    def release_held(self, release: bytes, now: datetime) -> int:
        """Queue what was held under this hash; returns how many. A second call finds nothing."""
        with self._writing() as db:
            return db.execute(
                "UPDATE outbound SET state = 'queued', release = NULL, until = NULL,"
                " state_at = ?1, next_at = ?1 WHERE release = ?2 AND state = 'held'",
                (_seconds(now), release),
            ).rowcount

    def is_held(self, release: bytes) -> bool:
        """Whether something is held under this hash. Read-only."""
        return _find(local_database(self._path), "o.release = ?", release) is not None

    # --- one attempt ---

    def due(self, now: datetime, kinds: Collection[str]) -> list[tuple[str, str]]:
        """Id and kind of up to 500 rows that can be tried now, longest waiting first."""
        found: list[tuple[str, str]] = (
            local_database(self._path)
            .execute(
                f"SELECT o.id, o.kind FROM outbound o WHERE {_DUE}"  # noqa: S608
                " AND o.kind IN (SELECT value FROM json_each(?2))"
                " ORDER BY o.next_at, o.rowid LIMIT 500",
                (_seconds(now), json.dumps(list(kinds))),
            )
            .fetchall()
        )
        return found

    def claim(self, row: str, now: datetime) -> Claimed | None:
        """Claim a row for an attempt; None if it is not due, may not leave, or is taken."""
        with self._writing() as db:
            found = db.execute(
                "UPDATE outbound AS o SET state = 'sending', attempts = attempts + 1,"  # noqa: S608
                f" state_at = ?1 WHERE o.id = ?2 AND {_DUE}"
                " RETURNING id, kind, attempts, maybe, payload",
                (_seconds(now), row),
            ).fetchone()
            if found is None:
                return None
            to = db.execute(
                f"SELECT l.bioguide, l.seat FROM outbound o JOIN {_LETTER}"  # noqa: S608
                f" WHERE o.id = ? AND {_OFFICE}",
                (row,),
            ).fetchone()
        claimed, kind, attempt, maybe, payload = found
        return Claimed(
            claimed, kind, attempt, bool(maybe), Addressee(*to) if to else None,
            unlock(payload, self._secret, _PURPOSE),
        )  # fmt: skip

    def leaving(self, claimed: Claimed, now: datetime) -> bool:
        """Record on disk that it is about to leave. False if the claim was lost."""
        with self._writing() as db:
            return _step(db, claimed, now, {"state": "handing over"}, start=("sending",))

    def defer(
        self, claimed: Claimed, cause: str, now: datetime, until: datetime, *, maybe: bool = False
    ) -> bool:
        """Retry it at ``until`` or later; ``maybe``: it may have arrived. False if the claim was
        lost."""
        columns = {"state": "deferred", "cause": cause, "next_at": _seconds(until)}
        with self._writing() as db:
            return _step(db, claimed, now, columns | ({"maybe": 1} if maybe else {}))

    def finish(
        self, claimed: Claimed, end: End, cause: str, now: datetime, *, letters: State | None = None
    ) -> bool:
        """Record how it ended, and erase the payload. False if the claim was lost.

        ``letters`` is the new state of the letters that the row stands for.
        """
        with self._writing() as db:
            done = _step(db, claimed, now, {"state": end, "cause": cause, "payload": None})
            if done and letters is not None:
                _move_letters(db, claimed.id, letters, now)
            if done:
                _drop_seconds(db, claimed.id)
        if cause == IN_OUTBOX:
            # The signature may have been withdrawn while the file was being written.
            with suppress(OSError):
                drop_mail_files(db)
        return done

    def sweep(self, now: datetime) -> None:
        """Recover rows of killed workers, and end what ran out of time or was withdrawn.

        Also erases codes of addresses after a day.
        """
        moment, old = _seconds(now), _seconds(now - LEASE)
        with self._writing() as db:
            db.execute(
                "UPDATE outbound SET state = 'queued', state_at = ?1, next_at = ?1,"
                " cause = 'the worker stopped before the message left'"
                " WHERE payload IS NOT NULL AND state = 'sending' AND state_at < ?2",
                (moment, old),
            )
            db.execute(
                "UPDATE outbound AS o SET state_at = ?1, next_at = ?1, maybe = 1,"  # noqa: S608
                f" state = CASE WHEN {_OFFICE} THEN 'deferred' ELSE 'unknown' END,"
                f" payload = CASE WHEN {_OFFICE} THEN payload END,"
                " cause = 'the worker stopped while the message left'"
                " WHERE payload IS NOT NULL AND state = 'handing over' AND state_at < ?2",
                (moment, old),
            )
            db.execute(
                "DELETE FROM outbound WHERE payload IS NOT NULL AND state = 'held' AND until <= ?",
                (moment,),
            )
            over = db.execute(
                "SELECT o.id, o.maybe FROM outbound o JOIN signatures s ON s.receipt = o.receipt"  # noqa: S608
                f" WHERE {_WAITS} AND (o.until <= ? OR s.withdrawn = 1)",
                (moment,),
            ).fetchall()
            _end_letters(db, over, TIME_OVER, now)
            db.execute(
                "UPDATE outbound SET recipient = NULL WHERE recipient IS NOT NULL"
                " AND queued_at <= ?",
                (_seconds(now - DAY),),
            )

    def waiting_addressees(self) -> set[Addressee]:
        """To whom the letters in the queue were written. Read-only."""
        rows = local_database(self._path).execute(
            f"SELECT DISTINCT l.bioguide, l.seat FROM outbound o JOIN {_LETTER}"  # noqa: S608
            f" WHERE {_WAITS}"
        )
        return {Addressee(*row) for row in rows}

    def end_letters(self, to: Collection[Addressee], cause: str, now: datetime) -> None:
        """End the waiting letters that were written to any of these, with this cause."""
        with self._writing() as db:
            rows = db.execute(
                f"SELECT o.id, o.maybe FROM outbound o JOIN {_LETTER} WHERE {_WAITS}"  # noqa: S608
                " AND json_array(l.bioguide, l.seat) IN (SELECT value FROM json_each(?))",
                (json.dumps(list(to)),),
            ).fetchall()
            _end_letters(db, rows, cause, now)

    # --- reading ---

    def by_once(self, once: bytes) -> OutboundRow | None:
        """The row with this idempotency key, or None if there is none, or no longer."""
        return _find(local_database(self._path), "o.once = ?", once)

    def row(self, row: str) -> OutboundRow | None:
        """The row with this id, or None."""
        return _find(local_database(self._path), "o.id = ?", row)

    def numbers(self, *, letters_since: datetime | None = None) -> dict[OutboundState, int]:
        """Number of messages, or of letters to offices that wait or were queued since this time,
        in each state that has any."""
        since = _seconds(letters_since) if letters_since else 0
        rows = local_database(self._path).execute(
            "SELECT o.state, count(*) FROM outbound o"  # noqa: S608 - our own
            f" WHERE ({_OFFICE}) = ? AND (o.payload IS NOT NULL OR o.queued_at >= ?)"
            " GROUP BY 1 ORDER BY 1",
            (letters_since is not None, since),
        )
        return {row[0]: row[1] for row in rows}

    def stuck(
        self, now: datetime, *, longer_than: timedelta, chambers: Collection[Chamber] | None = None
    ) -> tuple[OutboundRow, ...]:
        """Rows that have been due or claimed for longer than this. Oldest first.

        Messages only; with ``chambers``, only the letters to these that were free to leave.
        """
        which = "o.kind IN (SELECT value FROM json_each(?2))"
        return _rows(
            local_database(self._path),
            "o.payload IS NOT NULL AND o.state <> 'held' AND max(o.next_at, o.state_at) < ?1"
            f" AND {which if chambers is not None else f'NOT {_OFFICE} AND ?2 IS NOT NULL'}"
            f" AND {_MAY_LEAVE} ORDER BY o.next_at, o.id",
            _seconds(now - longer_than), json.dumps(list(chambers or ())),
        )  # fmt: skip


def mail_of(db: sqlite3.Connection, token: str) -> tuple[OutboundRow, ...]:
    """The messages of a receipt, oldest first."""
    return _rows(
        db, f"o.receipt = ? AND NOT {_OFFICE} ORDER BY o.queued_at, o.rowid", token_digest(token)
    )


def letters_of(db: sqlite3.Connection, token: str) -> dict[str, OutboundRow]:
    """The queue's row for each letter of a receipt, by seat."""
    rows = _rows(db, f"o.receipt = ? AND {_OFFICE}", token_digest(token))
    return {row.seats[0]: row for row in rows}


def sendable(
    db: sqlite3.Connection, signature: int, seat: str, campaign: str
) -> tuple[bool, State] | None:
    """Whether the letters of a signature, by number, may leave, and the state of the one to a seat;
    None if there is no such letter."""
    found = db.execute(
        f"SELECT {_SENDABLE}, l.state FROM signatures s"  # noqa: S608
        " JOIN letters l ON l.signature = s.id AND l.seat = ? WHERE s.id = ? AND s.campaign = ?",
        (seat, signature, campaign),
    ).fetchone()
    return None if found is None else (bool(found[0]), found[1])


def end_changed_letters(db: sqlite3.Connection, signature: int, now: datetime) -> None:
    """End the waiting letters of a signature that is being corrected, inside the caller's
    transaction. A try that is under way is the last with the earlier words. An office may have
    them from a try without an answer; to ask again could give them to it only now."""
    rows = db.execute(
        f"SELECT o.id, o.maybe FROM outbound o JOIN {_LETTER} WHERE {_WAITS} AND s.id = ?",  # noqa: S608
        (signature,),
    ).fetchall()
    _end_letters(db, rows, CHANGED, now)
    db.execute(
        "UPDATE outbound AS o SET until = ? WHERE o.state IN ('sending', 'handing over')"  # noqa: S608
        f" AND {_OFFICE} AND o.receipt = (SELECT receipt FROM signatures WHERE id = ?)",
        (_seconds(now), signature),
    )


def drop_letter(db: sqlite3.Connection, signature: int, seat: str) -> None:
    """Delete a letter with what became of it at its office's system, inside the caller's
    transaction."""
    db.execute(
        "DELETE FROM outbound AS o WHERE o.receipt = (SELECT receipt FROM signatures WHERE id = ?)"  # noqa: S608
        f" AND {_OFFICE} AND o.seats ->> 0 = ?",
        (signature, seat),
    )
    db.execute("DELETE FROM letters WHERE signature = ? AND seat = ?", (signature, seat))


def _step(
    db: sqlite3.Connection,
    claimed: Claimed,
    now: datetime,
    columns: Mapping[str, object],
    *,
    start: tuple[OutboundState, ...] = ("sending", "handing over"),
) -> bool:
    """Move an attempt to its next state; False if a later attempt has taken over the row."""
    places = "".join(f", {name} = ?" for name in columns)
    changed = db.execute(
        f"UPDATE outbound SET state_at = ?{places} WHERE id = ? AND attempts = ?"  # noqa: S608
        " AND state IN (SELECT value FROM json_each(?))",
        (_seconds(now), *columns.values(), claimed.id, claimed.attempt, json.dumps(start)),
    ).rowcount
    return changed == 1


def _end_letters(
    db: sqlite3.Connection, rows: Sequence[tuple[str, int]], cause: str, now: datetime
) -> None:
    """End letters (id, ``maybe``) that will not be tried again, inside the caller's transaction."""
    for row, maybe in rows:
        end = "unknown" if maybe else "not attempted"
        db.execute(
            "UPDATE outbound SET state = ?1, state_at = ?2, payload = NULL,"
            " cause = CASE cause WHEN '' THEN ?3 ELSE ?3 || '; the last: ' || cause END"
            " WHERE id = ?4",
            (end, _seconds(now), cause, row),
        )
        _move_letters(db, row, LETTER[end], now)
        _drop_seconds(db, row)


def _drop_seconds(db: sqlite3.Connection, row: str) -> None:
    """Round the times of a letter down to the minute. Its row may be kept as long as its receipt,
    and seconds would help to match it with a server's log."""
    times = ", ".join(f"{x} = {x} / 60 * 60" for x in ("queued_at", "state_at", "next_at", "until"))
    db.execute(f"UPDATE outbound AS o SET {times} WHERE id = ? AND {_OFFICE}", (row,))  # noqa: S608


def _move_letters(db: sqlite3.Connection, row: str, state: State, now: datetime) -> None:
    """Move the letters that a row stands for, inside the caller's transaction."""
    cause: Cause = "mail server" if state == MAILED else "office system"
    letters = db.execute(
        "SELECT s.id, seat.value FROM outbound o JOIN signatures s ON s.receipt = o.receipt,"
        " json_each(o.seats) AS seat WHERE o.id = ? AND (s.withdrawn = 0 OR ? = 'office system')",
        (row, cause),
    ).fetchall()
    for signature, seat in letters:
        move(db, signature, seat, (state, cause), now)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _rows(db: sqlite3.Connection, where: str, *values: object) -> tuple[OutboundRow, ...]:
    found = db.execute(f"SELECT {_ROW} FROM outbound o WHERE {where}", values)  # noqa: S608
    return tuple(
        OutboundRow(
            row[0], row[1], tuple(json.loads(row[2])), *row[3:7],
            *(datetime.fromtimestamp(seconds, UTC) for seconds in row[7:10]),
            *map(bool, row[10:]),
        )
        for row in found
    )  # fmt: skip


def _find(db: sqlite3.Connection, where: str, value: object) -> OutboundRow | None:
    return next(iter(_rows(db, where, value)), None)
