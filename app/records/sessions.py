"""Organizers' sessions: opened by logging in, found by a token, ended in four ways.

A session ends when it is idle for half an hour, when it is twelve hours old, when somebody
ends it, and when its organizer is disabled. Only the SHA-256 of its token is kept. Logging in
always makes a new token, so a token from before is worth nothing (no session fixation).
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from app.records import audit
from app.records.credentials import new_token, token_hash
from app.records.database import writing
from app.records.organizer_rows import Organizer, organizer_by_id

IDLE = 30 * 60
LIFETIME = 12 * 3600
HALF_LIFETIME = 10 * 60
"""How long the second half of logging in may take after the first."""
CONFIRMED_FOR = 5 * 60
"""How long a typed password counts for what needs it: exports, roles, second factors."""
SEEN_EVERY = 15
"""Seconds between two notes of use; the idle time is exact to that much."""
TWICE = 15
"""Seconds in which a second press of the log-in button is still the first."""
WRONG_MAX = 5
"""Wrong codes or confirmations after which a session ends."""
KEPT = 30 * 24 * 3600

Stage = Literal["password", "full"]


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is alive."""

    id: int
    """Never used twice; no secret."""
    organizer: Organizer
    stage: Stage
    device: str
    created: datetime
    seen: datetime
    confirmed: datetime
    """When the organizer last typed their password."""
    passed: bool = False
    """The code was accepted a moment ago: this is the second press of the button."""

    def is_fresh(self, at: datetime) -> bool:
        """Whether the password was typed within the last five minutes."""
        return (at - self.confirmed).total_seconds() <= CONFIRMED_FOR


@dataclass(frozen=True, slots=True)
class NoSession:
    """There is no such session, or not any more. ``idle`` means that it timed out."""

    why: Literal["none", "idle", "ended"]


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session. ``token`` goes into the cookie and is kept nowhere else."""

    token: str
    session: Session


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def open_session(
    db: sqlite3.Connection, organizer: Organizer, stage: Stage, device: str, at: datetime
) -> Opened:
    """Inside the caller's transaction: a new session with a token of its own."""
    token, now = new_token(), int(at.timestamp())
    db.execute("DELETE FROM organizer_sessions WHERE created <= ?", (now - KEPT,))
    number = db.execute(
        "INSERT INTO organizer_sessions (hash, organizer, stage, device, created, seen, confirmed)"
        " VALUES (?,?,?,?,?,?,?)",
        (token_hash(token), organizer.id, stage, device[:80], now, now, now),
    ).lastrowid
    assert number is not None
    moment = _moment(now)
    return Opened(token, Session(number, organizer, stage, device[:80], moment, moment, moment))


_COLUMNS = "id, organizer, stage, device, created, seen, confirmed, passed, ended"


def find_session(db: sqlite3.Connection, token: str, at: datetime) -> Session | NoSession:
    """The session of a cookie's token. Reads only; say that it was used with ``touch``."""
    now = int(at.timestamp())
    row = db.execute(
        f"SELECT {_COLUMNS} FROM organizer_sessions WHERE hash = ?",  # noqa: S608
        (token_hash(token),),
    ).fetchone()
    if row is None:
        return NoSession("none")
    number, owner, stage, device, created, seen, confirmed, passed, ended = tuple(row)
    again = passed is not None and now - passed <= TWICE
    if ended is not None and not again:
        return NoSession("ended")
    if now - seen > IDLE or now - created > (LIFETIME if stage == "full" else HALF_LIFETIME):
        return NoSession("idle")
    organizer = organizer_by_id(db, owner)
    if organizer is None or organizer.disabled is not None:
        return NoSession("ended")
    return Session(
        number, organizer, stage, device, _moment(created), _moment(seen), _moment(confirmed), again
    )


def touch(db: sqlite3.Connection, session: Session, at: datetime) -> None:
    """Note that a session is in use, at most every fifteen seconds."""
    now = int(at.timestamp())
    if now - int(session.seen.timestamp()) >= SEEN_EVERY:
        with writing(db):
            db.execute(
                "UPDATE organizer_sessions SET seen = ? WHERE id = ? AND seen < ?",
                (now, session.id, now),
            )


def live_sessions(db: sqlite3.Connection, organizer: Organizer, at: datetime) -> list[Session]:
    """All sessions of one organizer that are alive, the last used first."""
    now = int(at.timestamp())
    rows = db.execute(
        "SELECT id, stage, device, created, seen, confirmed FROM organizer_sessions"
        " WHERE organizer = ? AND stage = 'full' AND ended IS NULL AND seen >= ? AND created >= ?"
        " ORDER BY seen DESC, id DESC",
        (organizer.id, now - IDLE, now - LIFETIME),
    )
    return [
        Session(number, organizer, stage, device, _moment(made), _moment(seen), _moment(confirmed))
        for number, stage, device, made, seen, confirmed in rows
    ]


def end_session(db: sqlite3.Connection, session: Session, at: datetime) -> None:
    """Log out: end this one session."""
    with writing(db):
        close(db, session.id, at)
        if session.stage == "full":
            name = session.organizer.name
            audit.record(db, at=at, who=name, what=audit.What.LOGGED_OUT, subject=name)


def close(db: sqlite3.Connection, number: int, at: datetime) -> None:
    """Inside the caller's transaction: end one session, without a word."""
    db.execute(
        "UPDATE organizer_sessions SET ended = ? WHERE id = ? AND ended IS NULL",
        (int(at.timestamp()), number),
    )


def note_wrong(db: sqlite3.Connection, session: Session, at: datetime) -> bool:
    """Inside the caller's transaction: count a wrong code; True when that ended the session."""
    (wrong,) = db.execute(
        "UPDATE organizer_sessions SET wrong = wrong + 1 WHERE id = ? RETURNING wrong",
        (session.id,),
    ).fetchone()
    if wrong >= WRONG_MAX:
        close(db, session.id, at)
    return bool(wrong >= WRONG_MAX)


def note_confirmed(db: sqlite3.Connection, session: Session, at: datetime) -> None:
    """Inside the caller's transaction: the organizer typed their password just now."""
    db.execute(
        "UPDATE organizer_sessions SET confirmed = ?, wrong = 0 WHERE id = ?",
        (int(at.timestamp()), session.id),
    )


def revoke_session(
    db: sqlite3.Connection, owner: Organizer, number: int, *, by: str, at: datetime
) -> bool:
    """End one of ``owner``'s own sessions. False when they have no such session alive."""
    with writing(db):
        before = count_live(db, owner.id)
        done = db.execute(
            "UPDATE organizer_sessions SET ended = ? WHERE id = ? AND organizer = ?"
            " AND ended IS NULL",
            (int(at.timestamp()), number, owner.id),
        ).rowcount
        if done:
            _record_revoked(db, owner.name, before, before - 1, by=by, at=at)
    return done == 1


def revoke_all(
    db: sqlite3.Connection, owner: Organizer, *, by: str, at: datetime, but: int | None = None
) -> int:
    """End all sessions of an organizer, except perhaps the one in use; how many there were."""
    with writing(db):
        return end_all(db, owner.id, owner.name, by=by, at=at, but=but)


def end_all(
    db: sqlite3.Connection,
    organizer: int,
    name: str,
    *,
    by: str,
    at: datetime,
    but: int | None = None,
) -> int:
    """Inside the caller's transaction: end all sessions of an organizer and record it."""
    before = count_live(db, organizer)
    ended = db.execute(
        "UPDATE organizer_sessions SET ended = ? WHERE organizer = ? AND ended IS NULL AND id <> ?",
        (int(at.timestamp()), organizer, but if but is not None else 0),
    ).rowcount
    # A second press of the log-in button must not bring an ended session back.
    db.execute("UPDATE organizer_sessions SET passed = NULL WHERE organizer = ?", (organizer,))
    if ended:
        _record_revoked(db, name, before, before - ended, by=by, at=at)
    return ended


def count_live(db: sqlite3.Connection, organizer: int) -> int:
    """How many sessions of an organizer nobody has ended, timed out or not."""
    (number,) = db.execute(
        "SELECT count(*) FROM organizer_sessions WHERE organizer = ? AND ended IS NULL",
        (organizer,),
    ).fetchone()
    return int(number)


def _record_revoked(
    db: sqlite3.Connection, name: str, before: int, after: int, *, by: str, at: datetime
) -> None:
    audit.record(
        db,
        at=at,
        who=by,
        what=audit.What.SESSIONS_REVOKED,
        subject=name,
        before={"sessions": before},
        after={"sessions": after},
    )
