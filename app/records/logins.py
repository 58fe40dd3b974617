"""Logging in, in two halves; confirming one's password later; the second factor.

The same answer and the same work for every reason why a name and password do not fit, so
that neither words nor time tell who is an organizer. Hashing takes place outside of write
transactions.
"""

from __future__ import annotations

import base64
import sqlite3
from dataclasses import dataclass
from datetime import datetime

from app.records import audit, throttle
from app.records.acts import token_digest
from app.records.audit import What
from app.records.credentials import (
    OUR_COST,
    PASSWORD_MAX,
    BusyError,
    HashCost,
    check_password,
    hash_password,
    looks_like_recovery_code,
    needs_rehash,
    new_recovery_codes,
    open_totp,
    password_problem,
    recovery_hash,
    seal_totp,
    totp_step,
)
from app.records.database import writing
from app.records.keyed import keyed_code
from app.records.organizers import (
    BadPassword,
    OpenedSession,
    Organizer,
    Session,
    close,
    count_live,
    end_all,
    level,
    note_confirmed,
    note_wrong,
    open_session,
    organizer_by_id,
    organizer_by_name,
    write_password,
)
from app.records.passkeys import Party, use_passkey
from app.records.throttle import Client, TooSoon, Try

BUSY_SECONDS = 3
UNKNOWN_NAME = "(unknown name)"
"""In the audit trail instead of what was typed, which may be a password in the wrong box."""


@dataclass(frozen=True, slots=True)
class Door:
    """What checking a password or code needs to know about the site."""

    secret: bytes
    cost: HashCost = OUR_COST


@dataclass(frozen=True, slots=True)
class LoginRefused:
    """Not accepted. ``ended``: that was one time too many, and logging in starts again."""

    ended: bool = False


@dataclass(frozen=True, slots=True)
class NeedsRecoveryCode:
    """Too many wrong codes for this account from everywhere: only a recovery code is taken."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The password was right; the session counts as confirmed for five minutes."""


@dataclass(frozen=True, slots=True)
class SecondFactorSet:
    """The second factor works. ``codes`` are shown once; ``opened`` replaces the session."""

    codes: tuple[str, ...]
    opened: OpenedSession


def enter_password(
    db: sqlite3.Connection, door: Door, name: str, password: str, *, client: Client, at: datetime
) -> OpenedSession | LoginRefused | TooSoon:
    """The first half of logging in. The session that it opens is good for a code only."""
    attempt = throttle.begin_try(db, door.secret, level(name), client, step="password", at=at)
    if isinstance(attempt, TooSoon):
        return attempt
    organizer = organizer_by_name(db, name)
    kept = _password_of(db, organizer)
    right = _check(db, attempt, kept, password, door)
    if isinstance(right, TooSoon):
        return right
    better = None
    if right and kept is not None and needs_rehash(kept, door.cost):
        better = hash_password(password, door.cost)
    with writing(db):
        if not right or organizer is None:
            subject = UNKNOWN_NAME if organizer is None else organizer.name
            _record_refused(db, subject, "password", at)
            return LoginRefused()
        if better is not None:
            db.execute("UPDATE organizers SET password = ? WHERE id = ?", (better, organizer.id))
        throttle.settle_half(db, attempt)
        return open_session(db, organizer, "password", client.label, at)


def _check(
    db: sqlite3.Connection, attempt: Try, kept: str | None, password: str, door: Door
) -> bool | TooSoon:
    """Whether a password is right; a try that found no free turn does not count as one."""
    try:
        return check_password(kept, password[: PASSWORD_MAX + 1], door.cost)
    except BusyError:
        with writing(db):
            throttle.settle_half(db, attempt)
        return TooSoon(BUSY_SECONDS)


def _password_of(db: sqlite3.Connection, organizer: Organizer | None) -> str | None:
    """The kept hash of an organizer who may log in; None for all others."""
    row = db.execute(
        "SELECT password FROM organizers WHERE id = ? AND disabled IS NULL",
        (organizer.id if organizer else 0,),
    ).fetchone()
    return None if row is None else row[0]


def _record_refused(db: sqlite3.Connection, subject: str, step: str, at: datetime) -> None:
    audit.record(db, at=at, who="", what=What.LOGIN_REFUSED, subject=subject, after={"step": step})


def enter_code(
    db: sqlite3.Connection, door: Door, session: Session, code: str, *, client: Client, at: datetime
) -> OpenedSession | LoginRefused | TooSoon | NeedsRecoveryCode:
    """The second half of logging in: a code from the authenticator, or a recovery code.

    The half session ends and a full one with a new token takes its place. A second press of
    the button within a few seconds, with the same code, is answered like the first.
    """
    name = session.organizer.name
    attempt = throttle.begin_try(db, door.secret, level(name), client, step="code", at=at)
    if isinstance(attempt, TooSoon):
        return attempt
    recovery = looks_like_recovery_code(code)
    with writing(db):
        if not recovery and throttle.needs_recovery_code(db, attempt):
            throttle.settle_half(db, attempt)
            return NeedsRecoveryCode()
        right = (_use_recovery_code if recovery else _use_totp)(db, door, session, code, at)
        if not right:
            _record_refused(db, name, "code", at)
            return LoginRefused(ended=note_wrong(db, session, at))
        return _complete(db, door, session, attempt, client=client, at=at)


def enter_passkey(
    db: sqlite3.Connection,
    door: Door,
    session: Session,
    token: str,
    answer: str,
    *,
    party: Party,
    client: Client,
    at: datetime,
) -> OpenedSession | LoginRefused | TooSoon:
    """The second half of logging in with a passkey: what the browser answered, as JSON."""
    name = session.organizer.name
    attempt = throttle.begin_try(db, door.secret, level(name), client, step="code", at=at)
    if isinstance(attempt, TooSoon):
        return attempt
    with writing(db):
        if not use_passkey(db, door.secret, session, token, answer, party=party, at=at):
            _record_refused(db, name, "passkey", at)
            return LoginRefused(ended=note_wrong(db, session, at))
        return _complete(db, door, session, attempt, client=client, at=at)


def _complete(
    db: sqlite3.Connection,
    door: Door,
    session: Session,
    attempt: Try,
    *,
    client: Client,
    at: datetime,
) -> OpenedSession:
    name, now = session.organizer.name, int(at.timestamp())
    throttle.settle(db, door.secret, attempt, client, at)
    close(db, session.id, at)
    db.execute("UPDATE organizer_sessions SET passed = ? WHERE id = ?", (now, session.id))
    db.execute("UPDATE organizers SET logged_in = ? WHERE id = ?", (now, session.organizer.id))
    opened = open_session(db, session.organizer, "full", client.label, at)
    audit.record(
        db, at=at, who=name, what=What.LOGGED_IN, subject=name, after={"device": client.label[:80]}
    )
    return opened


def _use_totp(
    db: sqlite3.Connection, door: Door, session: Session, code: str, at: datetime
) -> bool:
    """Whether a code is right, and later than the last one that was accepted."""
    row = db.execute(
        "SELECT totp, totp_step FROM organizers WHERE id = ?", (session.organizer.id,)
    ).fetchone()
    secret = open_totp(door.secret, row[0]) if row and row[0] is not None else None
    step = totp_step(secret, code, at) if secret else None
    if step is None:
        return False
    if session.passed:
        return bool(step == row[1])
    db.execute("UPDATE organizers SET totp_step = ? WHERE id = ?", (step, session.organizer.id))
    return bool(step > row[1])


def _use_recovery_code(
    db: sqlite3.Connection, door: Door, session: Session, code: str, at: datetime
) -> bool:
    """Whether a recovery code is one of those left; it is used up."""
    owner, name = session.organizer.id, session.organizer.name
    before = recovery_codes_left(db, session.organizer)
    used = db.execute(
        "DELETE FROM organizer_recovery_codes WHERE organizer = ? AND hash = ?",
        (owner, recovery_hash(door.secret, code)),
    ).rowcount
    if not used:
        return False
    audit.record(
        db,
        at=at,
        who=name,
        what=What.RECOVERY_CODE_USED,
        subject=name,
        before={"codes left": before},
        after={"codes left": before - 1},
    )
    return True


def recovery_codes_left(db: sqlite3.Connection, organizer: Organizer) -> int:
    """How many recovery codes an organizer still has."""
    (number,) = db.execute(
        "SELECT count(*) FROM organizer_recovery_codes WHERE organizer = ?", (organizer.id,)
    ).fetchone()
    return int(number)


def confirm_password(
    db: sqlite3.Connection,
    door: Door,
    session: Session,
    password: str,
    *,
    client: Client,
    at: datetime,
) -> Confirmed | LoginRefused | TooSoon:
    """Check the password of someone who is logged in, before what needs it."""
    organizer = session.organizer
    attempt = throttle.begin_try(
        db, door.secret, level(organizer.name), client, step="password", at=at
    )
    if isinstance(attempt, TooSoon):
        return attempt
    kept = _password_of(db, organizer)
    right = _check(db, attempt, kept, password, door)
    if isinstance(right, TooSoon):
        return right
    with writing(db):
        if not right:
            _record_refused(db, organizer.name, "password", at)
            return LoginRefused(ended=note_wrong(db, session, at))
        throttle.settle_half(db, attempt)
        note_confirmed(db, session, at)
        audit.record(db, at=at, who=organizer.name, what=What.CONFIRMED, subject=organizer.name)
        return Confirmed()


def change_password(
    db: sqlite3.Connection, door: Door, session: Session, password: str, at: datetime
) -> Confirmed | BadPassword:
    """Set another password for someone who just confirmed theirs; other sessions end."""
    problem = password_problem(password, session.organizer.name)
    if problem:
        return BadPassword(problem)
    hashed = hash_password(password, door.cost)
    with writing(db):
        write_password(db, session.organizer, hashed, at, but=session.id)
        return Confirmed()


def offered_totp_secret(door: Door, token: str) -> str:
    """The secret that one session is offered for a new authenticator.

    Made from the session's token and the site's secret, so it is the same when the page is
    reloaded, different in every session, and kept nowhere until a code proves it.
    """
    raw = keyed_code(door.secret, "offered second factor", token_digest(token).hex())
    return base64.b32encode(raw[:20]).decode("ascii")


def set_second_factor(
    db: sqlite3.Connection,
    door: Door,
    session: Session,
    token: str,
    code: str,
    *,
    client: Client,
    at: datetime,
) -> SecondFactorSet | LoginRefused | TooSoon:
    """Take the offered authenticator into use, once a code shows that it works.

    Makes new recovery codes, ends all earlier sessions, and opens a full one.
    """
    organizer = session.organizer
    attempt = throttle.begin_try(db, door.secret, level(organizer.name), client, step="code", at=at)
    if isinstance(attempt, TooSoon):
        return attempt
    secret = offered_totp_secret(door, token)
    step = totp_step(secret, code, at)
    with writing(db):
        organizer = organizer_by_id(db, organizer.id) or organizer
        # The password alone must never replace a second factor that exists.
        if session.stage == "password" and organizer.has_second_factor:
            return LoginRefused(ended=note_wrong(db, session, at))
        if step is None:
            return LoginRefused(ended=note_wrong(db, session, at))
        db.execute(
            "UPDATE organizers SET totp = ?, totp_step = ? WHERE id = ?",
            (seal_totp(door.secret, secret), step, organizer.id),
        )
        audit.record(
            db, at=at, who=organizer.name, what=What.SECOND_FACTOR_SET_UP, subject=organizer.name
        )
        codes = _write_recovery_codes(db, door, organizer, at)
        close(db, session.id, at)
        if count_live(db, organizer.id):
            end_all(db, organizer.id, organizer.name, by=organizer.name, at=at)
        now = organizer_by_id(db, organizer.id)
        assert now is not None
        opened = _complete(db, door, _with(session, now), attempt, client=client, at=at)
        return SecondFactorSet(codes, opened)


def _with(session: Session, organizer: Organizer) -> Session:
    return Session(
        session.id,
        organizer,
        session.stage,
        session.device,
        session.created,
        session.seen,
        session.confirmed,
    )


def make_recovery_codes(
    db: sqlite3.Connection, door: Door, session: Session, at: datetime
) -> tuple[str, ...]:
    """Ten new recovery codes, shown once; all earlier ones stop working."""
    with writing(db):
        return _write_recovery_codes(db, door, session.organizer, at)


def _write_recovery_codes(
    db: sqlite3.Connection, door: Door, organizer: Organizer, at: datetime
) -> tuple[str, ...]:
    codes = new_recovery_codes()
    db.execute("DELETE FROM organizer_recovery_codes WHERE organizer = ?", (organizer.id,))
    db.executemany(
        "INSERT INTO organizer_recovery_codes (organizer, hash) VALUES (?,?)",
        [(organizer.id, recovery_hash(door.secret, code)) for code in codes],
    )
    audit.record(
        db,
        at=at,
        who=organizer.name,
        what=What.RECOVERY_CODES_MADE,
        subject=organizer.name,
        after={"codes": len(codes)},
    )
    return codes
