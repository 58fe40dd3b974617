"""Organizers: their accounts, managing them, and their sessions.

Every change is written together with its audit event.

A session ends after half an hour without use, after twelve hours, when someone ends it, or when
its organizer is disabled. Only the digest of its token is stored. Logging in (``logins``) always
makes a new token, so an earlier token is worthless (no session fixation).
"""

from __future__ import annotations

import json
import sqlite3
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from app.records import throttle
from app.records.acts import token_digest
from app.records.audit import COMMAND_LINE, Actor, What, stamp
from app.records.credentials import HashCost, hash_password, new_token, password_problem
from app.records.database import writing
from app.records.keyed import lock, unlock
from app.text import mark as _mark
from app.text import normalized

Role = Literal["editor", "exporter", "admin"]
ROLES: tuple[Role, ...] = ("editor", "exporter", "admin")
"""An editor changes the letters and the campaign, decides on held signatures and adds paper
signatures; an exporter exports counts; an admin does all of this, makes packets, and manages keys,
organizers and the audit trail. Everyone sees the counts."""

Need = Literal["organizer", "editor", "exporter", "admin"]
"""What a page requires; ``organizer`` is anyone who is logged in."""


@dataclass(frozen=True, slots=True)
class Organizer:
    """One organizer. Passwords and secrets are never part of it."""

    id: int
    name: str
    role: Role
    created: datetime
    disabled: datetime | None
    """When the account was disabled; None while it is enabled."""
    logged_in: datetime | None
    """The last complete log-in; None before the first."""
    has_password: bool
    has_second_factor: bool

    def may(self, need: Need) -> bool:
        """Whether this organizer's role is sufficient for a page."""
        return need == "organizer" or self.role in ("admin", need)

    @property
    def is_ready(self) -> bool:
        """Whether the account is set up and enabled, so that its owner can log in."""
        return self.has_password and self.has_second_factor and self.disabled is None


def level(name: str) -> str:
    """A name with case, width and spacing normalized, for comparison."""
    storable = name.encode("utf-8", "replace").decode("utf-8")
    return " ".join(normalized("NFKC", storable).casefold().split())


_COLUMNS = (
    "id, name, role, created, disabled, logged_in, password IS NOT NULL, totp IS NOT NULL"
    " FROM organizers"
)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _time(seconds: int | None) -> datetime | None:
    return None if seconds is None else _moment(seconds)


def _organizer(row: tuple[Any, ...]) -> Organizer:
    number, name, role, created, disabled, logged_in, password, totp = row
    return Organizer(
        number,
        name,
        role,
        _moment(created),
        _time(disabled),
        _time(logged_in),
        bool(password),
        bool(totp),
    )


def organizer_by_id(db: sqlite3.Connection, number: int) -> Organizer | None:
    """The organizer with this number, disabled or not; None if there is none."""
    row = db.execute(f"SELECT {_COLUMNS} WHERE id = ?", (number,)).fetchone()
    return None if row is None else _organizer(row)


def organizer_by_name(db: sqlite3.Connection, name: str) -> Organizer | None:
    """The organizer with this name, in any capitalization and spacing; None if there is none."""
    row = db.execute(f"SELECT {_COLUMNS} WHERE name_key = ?", (level(name),)).fetchone()
    return None if row is None else _organizer(row)


def all_organizers(db: sqlite3.Connection) -> list[Organizer]:
    """All organizers by name, disabled ones last."""
    rows = db.execute(f"SELECT {_COLUMNS} ORDER BY disabled IS NOT NULL, name_key")
    return [_organizer(row) for row in rows]


# --- Managing organizers ---


NAME_MAX = 60
LINK_HOURS = 48


@dataclass(frozen=True, slots=True)
class OneTimeLink:
    """A link's token, shown once; ``organizer`` can set a password with it until ``expires``."""

    organizer: Organizer
    token: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class NameTaken:
    """Another organizer, perhaps a disabled one, already has this name."""

    organizer: Organizer


@dataclass(frozen=True, slots=True)
class BadName:
    """A name that cannot be used; ``NAME_PROBLEMS`` says what to do."""

    why: Literal["empty", "long", "characters"]


NAME_PROBLEMS = {
    "empty": _mark("Enter a name."),
    "long": _mark("Enter a name of at most %(most)d characters."),
    "characters": _mark("Enter a name of letters, digits, spaces and plain punctuation."),
}


Change = Literal["changed", "nothing to change", "last admin"]
"""The outcome of a change. ``last admin``: refused, because no one who can log in would be left to
manage the organizers."""


@dataclass(frozen=True, slots=True)
class DeadLink:
    """A one-time link that cannot be used, or no longer."""

    why: Literal["unknown", "used", "expired"]


@dataclass(frozen=True, slots=True)
class BadPassword:
    """A new password breaks a rule: ``short``, ``long``, ``simple`` or ``name``."""

    why: str


def _name_problem(name: str) -> BadName | None:
    if not name:
        return BadName("empty")
    if len(name) > NAME_MAX:
        return BadName("long")
    # Letters, marks, digits, punctuation and plain spaces, so that nothing in the audit trail is
    # invisible; and not the name that the operator has there.
    plain = all(unicodedata.category(ch)[0] in "LMNP" or ch == " " for ch in name)
    if not plain or level(name) == level(COMMAND_LINE):
        return BadName("characters")
    return None


def _make_link(by: Actor, organizer: Organizer, hours: int) -> OneTimeLink:
    """Inside a transaction: make a new link; earlier unused ones stop working."""
    token, expires = new_token(), by.seconds + hours * 3600
    _drop_links(by.db, organizer.id)
    by.db.execute(
        "INSERT INTO organizer_links (hash, organizer, expires) VALUES (?,?,?)",
        (token_digest(token), organizer.id, expires),
    )
    until = _moment(expires)
    by.record(What.PASSWORD_LINK_MADE, organizer.name, after={"expires": stamp(until)})
    return OneTimeLink(organizer, token, until)


def _drop_links(db: sqlite3.Connection, organizer: int) -> None:
    db.execute("DELETE FROM organizer_links WHERE organizer = ? AND used IS NULL", (organizer,))


def add_organizer(
    by: Actor, name: str, role: Role, *, hours: int = LINK_HOURS
) -> OneTimeLink | NameTaken | BadName:
    """Add an organizer without a password, and make a one-time link to set one.

    Raises ``ValueError`` for an unknown role.
    """
    if role not in ROLES:
        raise ValueError(f"no such role: {role}")
    name = " ".join(unicodedata.normalize("NFC", name).split())
    problem = _name_problem(name)
    if problem:
        return problem
    with writing(by.db):
        taken = organizer_by_name(by.db, name)
        if taken:
            return NameTaken(taken)
        by.db.execute(
            "INSERT INTO organizers (name, name_key, role, created) VALUES (?,?,?,?)",
            (name, level(name), role, by.seconds),
        )
        added = organizer_by_name(by.db, name)
        assert added is not None
        by.record(What.ORGANIZER_ADDED, name, after={"role": role})
        return _make_link(by, added, hours)


def reset_organizer(
    by: Actor, secret: bytes, name: str, *, second_factor: bool = False, hours: int = LINK_HOURS
) -> OneTimeLink | None:
    """Remove an organizer's password, end their sessions, and make a new one-time link; None if
    there is no such organizer.

    With ``second_factor`` their authenticator, passkeys and recovery codes are removed too, for
    someone who has lost their phone; otherwise the old second factor remains required.
    """
    db = by.db
    with writing(db):
        found = organizer_by_name(db, name)
        if found is None:
            return None
        db.execute("UPDATE organizers SET password = NULL WHERE id = ?", (found.id,))
        if second_factor:
            db.execute("UPDATE organizers SET totp = NULL WHERE id = ?", (found.id,))
            db.execute("DELETE FROM organizer_recovery_codes WHERE organizer = ?", (found.id,))
            db.execute("DELETE FROM organizer_passkeys WHERE organizer = ?", (found.id,))
            if found.has_second_factor:
                by.record(What.SECOND_FACTOR_REMOVED, found.name)
        throttle.forget(db, secret, level(name))
        end_all_sessions(by, found)
        return _make_link(by, _reload(db, found), hours)


def link_owner(db: sqlite3.Connection, token: str, at: datetime) -> Organizer | DeadLink:
    """The link's owner. Looking does not use the link up, so a mail scanner cannot."""
    row = db.execute(
        "SELECT organizer, expires, used FROM organizer_links WHERE hash = ?",
        (token_digest(token),),
    ).fetchone()
    if row is None:
        return DeadLink("unknown")
    owner, expires, used = tuple(row)
    if used is not None:
        return DeadLink("used")
    organizer = organizer_by_id(db, owner)
    if int(at.timestamp()) >= expires or organizer is None or organizer.disabled is not None:
        return DeadLink("expired")
    return organizer


def use_link(
    db: sqlite3.Connection, cost: HashCost, token: str, password: str, *, device: str, at: datetime
) -> OpenedSession | DeadLink | BadPassword:
    """Set the password with a one-time link, which works once, and open a half session.

    The second half of logging in (a code, or setting up the second factor) must follow.
    """
    owner = link_owner(db, token, at)
    if isinstance(owner, DeadLink):
        return owner
    problem = password_problem(password, owner.name)
    if problem:
        return BadPassword(problem)
    hashed = hash_password(password, cost)
    with writing(db):
        used = db.execute(
            "UPDATE organizer_links SET used = ? WHERE hash = ? AND used IS NULL",
            (int(at.timestamp()), token_digest(token)),
        ).rowcount
        if not used:
            return DeadLink("used")
        write_password(db, owner, hashed, at)
        return open_session(db, owner, "password", device, at)


def write_password(
    db: sqlite3.Connection, organizer: Organizer, hashed: str, at: datetime, keep: int | None = None
) -> None:
    """Inside a transaction: set a new password, which ends all sessions except ``keep``."""
    db.execute("UPDATE organizers SET password = ? WHERE id = ?", (hashed, organizer.id))
    by = Actor(db, organizer.name, at)
    end_all_sessions(by, organizer, keep=keep)
    by.record(What.PASSWORD_SET, organizer.name)


def is_last_admin(db: sqlite3.Connection, organizer: Organizer) -> bool:
    """Whether this is an enabled admin and no other admin can log in.

    An admin who was invited but has not finished setting up may never do so.
    """
    if organizer.role != "admin" or organizer.disabled is not None:
        return False
    return not any(o.id != organizer.id for o in ready_admins(db))


def ready_admins(db: sqlite3.Connection) -> list[Organizer]:
    """The admins who can log in."""
    return [o for o in all_organizers(db) if o.role == "admin" and o.is_ready]


def set_role(by: Actor, number: int, role: Role) -> Change | None:
    """Change an organizer's role, which applies from their next request on; None if there is no
    such organizer."""
    if role not in ROLES:
        raise ValueError(f"no such role: {role}")
    with writing(by.db):
        found = organizer_by_id(by.db, number)
        if found is None:
            return None
        if found.role == role:
            return "nothing to change"
        if is_last_admin(by.db, found):
            return "last admin"
        by.db.execute("UPDATE organizers SET role = ? WHERE id = ?", (role, number))
        by.record(What.ROLE_CHANGED, found.name, before={"role": found.role}, after={"role": role})
        return "changed"


def _reload(db: sqlite3.Connection, organizer: Organizer) -> Organizer:
    """The organizer, read again."""
    now = organizer_by_id(db, organizer.id)
    assert now is not None
    return now


def set_disabled(
    by: Actor, secret: bytes, number: int, disabled: bool, *, even_last_admin: bool = False
) -> Change | None:
    """Disable an account, which ends its sessions at once, or enable it again; None if there is no
    such organizer."""
    db = by.db
    with writing(db):
        found = organizer_by_id(db, number)
        if found is None:
            return None
        if (found.disabled is not None) == disabled:
            return "nothing to change"
        if disabled and not even_last_admin and is_last_admin(db, found):
            return "last admin"
        since = by.seconds if disabled else None
        db.execute("UPDATE organizers SET disabled = ? WHERE id = ?", (since, number))
        if disabled:
            throttle.forget(db, secret, level(found.name))
            end_all_sessions(by, found)
            _drop_links(db, number)
        by.record(
            What.ORGANIZER_DISABLED if disabled else What.ORGANIZER_ENABLED, found.name,
            before={"disabled": not disabled}, after={"disabled": disabled},
        )  # fmt: skip
        return "changed"


# --- Where an organizer gets alerts by email ---


def set_alerts(
    db: sqlite3.Connection, secret: bytes, organizer: Organizer, email: str, language: str
) -> None:
    """Store the address for alerts, encrypted; an empty address stops them."""
    kept = lock(json.dumps([email, language]).encode(), secret, "alerts") if email else None
    with writing(db):
        db.execute("UPDATE organizers SET alerts = ? WHERE id = ?", (kept, organizer.id))


def alert_addresses(
    db: sqlite3.Connection, secret: bytes, only: Organizer | None = None
) -> list[tuple[str, str]]:
    """Address and language of every enabled organizer who wants alerts, or of one organizer."""
    rows = db.execute(
        "SELECT alerts FROM organizers WHERE alerts IS NOT NULL AND disabled IS NULL"
        " AND id = coalesce(?, id) ORDER BY id",
        (only.id if only else None,),
    )
    opened = (unlock(row[0], secret, "alerts") for row in rows)
    return [tuple(json.loads(plain)) for plain in opened if plain is not None]


# --- Sessions ---


IDLE = 30 * 60
LIFETIME = 12 * 3600
HALF_LIFETIME = 10 * 60
"""How long after the first half the second half of logging in may come."""
CONFIRMED_FOR = 5 * 60
"""How long a typed password is good for actions that require it: exports, roles, second
factors."""
SEEN_EVERY = 15
"""Seconds between two updates of a session's last use, and so the precision of the idle time."""
REPEAT_SECONDS = 15
"""How long a second press of the log-in button counts as the first, in seconds."""
WRONG_MAX = 5
"""How many wrong codes or confirmations end a session."""
KEPT = 30 * 24 * 3600

Stage = Literal["password", "full"]


@dataclass(frozen=True, slots=True)
class Session:
    """A live session."""

    id: int
    """Never reused, and not a secret."""
    organizer: Organizer
    stage: Stage
    device: str
    created: datetime
    seen: datetime
    confirmed: datetime
    """When the organizer last typed their password."""
    passed: bool = False
    """The code was accepted moments ago: this is a second press of the button."""

    def is_fresh(self, at: datetime) -> bool:
        """Whether the password was typed within the last five minutes."""
        return (at - self.confirmed).total_seconds() <= CONFIRMED_FOR


NoSession = Literal["none", "idle", "ended"]
"""There is no such session, or no longer. ``idle`` means that it timed out."""


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new session. ``token`` goes into the cookie and is stored nowhere else."""

    token: str
    session: Session


def open_session(
    db: sqlite3.Connection, organizer: Organizer, stage: Stage, device: str, at: datetime
) -> OpenedSession:
    """Inside the caller's transaction: open a new session with its own token."""
    token, now = new_token(), int(at.timestamp())
    db.execute("DELETE FROM organizer_sessions WHERE created <= ?", (now - KEPT,))
    row = db.execute(
        "INSERT INTO organizer_sessions (hash, organizer, stage, device, created, seen, confirmed)"  # noqa: S608
        f" VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?5) RETURNING {_SESSION}",
        (token_digest(token), organizer.id, stage, device[:80], now),
    ).fetchone()
    return OpenedSession(token, _session(row, organizer))


_SESSION = "id, organizer, stage, device, created, seen, confirmed, passed, ended"


def find_session(db: sqlite3.Connection, token: str, at: datetime) -> Session | NoSession:
    """The session of a cookie's token. Only reads; record its use with ``touch``."""
    now = int(at.timestamp())
    row = db.execute(
        f"SELECT {_SESSION} FROM organizer_sessions WHERE hash = ?",  # noqa: S608
        (token_digest(token),),
    ).fetchone()
    if row is None:
        return "none"
    _number, owner, stage, _device, created, seen, _confirmed, passed, ended = row
    again = passed is not None and now - passed <= REPEAT_SECONDS
    if ended is not None and not again:
        return "ended"
    # A last use in the future was recorded by a clock that was ahead.
    if abs(now - seen) > IDLE or now - created > (LIFETIME if stage == "full" else HALF_LIFETIME):
        return "idle"
    organizer = organizer_by_id(db, owner)
    if organizer is None or organizer.disabled is not None:
        return "ended"
    return _session(row, organizer, passed=again)


def _session(row: tuple[Any, ...], organizer: Organizer, *, passed: bool = False) -> Session:
    number, _owner, stage, device, *times = row[:7]
    created, seen, confirmed = map(_moment, times)
    return Session(number, organizer, stage, device, created, seen, confirmed, passed)


def touch(db: sqlite3.Connection, session: Session, at: datetime) -> None:
    """Record that a session is in use, at most every ``SEEN_EVERY`` seconds."""
    now = int(at.timestamp())
    if now - int(session.seen.timestamp()) >= SEEN_EVERY:
        with writing(db):
            db.execute(
                "UPDATE organizer_sessions SET seen = ? WHERE id = ? AND seen < ?",
                (now, session.id, now),
            )


def live_sessions(db: sqlite3.Connection, organizer: Organizer, at: datetime) -> list[Session]:
    """All live sessions of one organizer, most recently used first."""
    now = int(at.timestamp())
    rows = db.execute(
        f"SELECT {_SESSION} FROM organizer_sessions"  # noqa: S608
        " WHERE organizer = ? AND stage = 'full' AND ended IS NULL AND seen BETWEEN ? AND ?"
        " AND created >= ? ORDER BY seen DESC, id DESC",
        (organizer.id, now - IDLE, now + IDLE, now - LIFETIME),
    )
    return [_session(row, organizer) for row in rows]


def end_session(db: sqlite3.Connection, session: Session, at: datetime) -> None:
    """Log out: end this one session."""
    with writing(db):
        mark_ended(db, session.id, at)
        if session.stage == "full":
            name = session.organizer.name
            Actor(db, name, at).record(What.LOGGED_OUT, name)


def mark_ended(db: sqlite3.Connection, number: int, at: datetime) -> None:
    """Inside the caller's transaction: end one session without an audit event."""
    db.execute(
        "UPDATE organizer_sessions SET ended = ? WHERE id = ? AND ended IS NULL",
        (int(at.timestamp()), number),
    )


def note_wrong(db: sqlite3.Connection, session: Session, at: datetime) -> bool:
    """Inside the caller's transaction: count a wrong code; True if that ended the session."""
    (wrong,) = db.execute(
        "UPDATE organizer_sessions SET wrong = wrong + 1 WHERE id = ? RETURNING wrong",
        (session.id,),
    ).fetchone()
    if wrong >= WRONG_MAX:
        mark_ended(db, session.id, at)
    return bool(wrong >= WRONG_MAX)


def note_confirmed(db: sqlite3.Connection, session: Session, at: datetime) -> None:
    """Inside the caller's transaction: record that the organizer just typed their password."""
    db.execute(
        "UPDATE organizer_sessions SET confirmed = ?, wrong = 0 WHERE id = ?",
        (int(at.timestamp()), session.id),
    )


def revoke_session(by: Actor, owner: Organizer, number: int) -> bool:
    """End one of ``owner``'s sessions. False if they have no such live session."""
    with writing(by.db):
        return _end(by, owner, "id = ?", number) == 1


def revoke_all(by: Actor, owner: Organizer, *, keep: int | None = None) -> int:
    """End all sessions of an organizer except ``keep``; returns how many."""
    with writing(by.db):
        return end_all_sessions(by, owner, keep=keep)


def end_all_sessions(by: Actor, owner: Organizer, *, keep: int | None = None) -> int:
    """Inside the caller's transaction: end all sessions of an organizer except ``keep``."""
    ended = _end(by, owner, "id <> ?", keep or 0)
    # A second press of the log-in button must not revive an ended session.
    by.db.execute("UPDATE organizer_sessions SET passed = NULL WHERE organizer = ?", (owner.id,))
    return ended


def _end(by: Actor, owner: Organizer, which: str, number: int) -> int:
    before = count_open_sessions(by.db, owner.id)
    ended = by.db.execute(
        "UPDATE organizer_sessions SET ended = ? WHERE organizer = ? AND ended IS NULL"  # noqa: S608
        f" AND {which}",
        (by.seconds, owner.id, number),
    ).rowcount
    if ended:
        by.record(
            What.SESSIONS_REVOKED, owner.name,
            before={"sessions": before}, after={"sessions": before - ended},
        )  # fmt: skip
    return ended


def count_open_sessions(db: sqlite3.Connection, organizer: int) -> int:
    """How many of an organizer's sessions have not been ended, timed out or not."""
    (number,) = db.execute(
        "SELECT count(*) FROM organizer_sessions WHERE organizer = ? AND ended IS NULL",
        (organizer,),
    ).fetchone()
    return int(number)
