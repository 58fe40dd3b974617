"""Looking after organizers: adding one, one-time links, roles, switching off and on.

Every change is written together with its audit event. ``by`` is who does it: an organizer's
name, or ``audit.COMMAND_LINE``.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from app.records import audit, throttle
from app.records.audit import What
from app.records.credentials import HashCost, hash_password, new_token, password_problem, token_hash
from app.records.database import writing
from app.records.organizer_rows import (
    ROLES,
    Organizer,
    Role,
    level,
    organizer_by_id,
    organizer_by_name,
)
from app.records.sessions import Opened, end_all, open_session

NAME_MAX = 60
LINK_HOURS = 48


@dataclass(frozen=True, slots=True)
class OneTimeLink:
    """A link's token, shown once, with which ``organizer`` sets a password until ``expires``."""

    organizer: Organizer
    token: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class NameTaken:
    """Another organizer, perhaps a disabled one, has this name already."""

    organizer: Organizer


@dataclass(frozen=True, slots=True)
class BadName:
    """A name that cannot be used: ``empty``, ``long`` or ``characters``."""

    why: Literal["empty", "long", "characters"]


@dataclass(frozen=True, slots=True)
class Changed:
    """The change is made. ``organizer`` is as it is now."""

    organizer: Organizer


@dataclass(frozen=True, slots=True)
class NothingToChange:
    """It was so already; nothing was written."""

    organizer: Organizer


@dataclass(frozen=True, slots=True)
class LastAdmin:
    """Refused: nobody would be left who can look after the organizers."""

    organizer: Organizer


@dataclass(frozen=True, slots=True)
class NoSuchOrganizer:
    """Nobody has this name or number."""


@dataclass(frozen=True, slots=True)
class DeadLink:
    """A one-time link that cannot be used (any more)."""

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
    # Letters, marks, digits, punctuation and plain spaces; nothing invisible, so that the
    # audit trail shows whom it names, and not the name that stands for the operator.
    plain = all(unicodedata.category(ch)[0] in "LMNP" or ch == " " for ch in name)
    if not plain or level(name) == level(audit.COMMAND_LINE):
        return BadName("characters")
    return None


def _make_link(
    db: sqlite3.Connection, organizer: Organizer, hours: int, by: str, at: datetime
) -> OneTimeLink:
    """Inside a transaction: a new link; earlier ones that were not used stop working."""
    token, expires = new_token(), int(at.timestamp()) + hours * 3600
    db.execute("DELETE FROM organizer_links WHERE organizer = ? AND used IS NULL", (organizer.id,))
    db.execute(
        "INSERT INTO organizer_links (hash, organizer, expires) VALUES (?,?,?)",
        (token_hash(token), organizer.id, expires),
    )
    until = datetime.fromtimestamp(expires, UTC)
    audit.record(
        db,
        at=at,
        who=by,
        what=What.PASSWORD_LINK_MADE,
        subject=organizer.name,
        after={"expires": audit.stamp(until)},
    )
    return OneTimeLink(organizer, token, until)


def add_organizer(
    db: sqlite3.Connection, name: str, role: Role, *, by: str, at: datetime, hours: int = LINK_HOURS
) -> OneTimeLink | NameTaken | BadName:
    """Add an organizer without a password, and a one-time link with which to set one.

    Raises ``ValueError`` for a role that does not exist.
    """
    if role not in ROLES:
        raise ValueError(f"no such role: {role}")
    name = " ".join(unicodedata.normalize("NFC", name).split())
    problem = _name_problem(name)
    if problem:
        return problem
    with writing(db):
        taken = organizer_by_name(db, name)
        if taken:
            return NameTaken(taken)
        db.execute(
            "INSERT INTO organizers (name, name_key, role, created) VALUES (?,?,?,?)",
            (name, level(name), role, int(at.timestamp())),
        )
        added = organizer_by_name(db, name)
        assert added is not None
        audit.record(
            db, at=at, who=by, what=What.ORGANIZER_ADDED, subject=name, after={"role": role}
        )
        return _make_link(db, added, hours, by, at)


def reset_organizer(
    db: sqlite3.Connection,
    secret: bytes,
    name: str,
    *,
    by: str,
    at: datetime,
    second_factor: bool = False,
    hours: int = LINK_HOURS,
) -> OneTimeLink | NoSuchOrganizer:
    """Take an organizer's password away, end their sessions, and make a new one-time link.

    With ``second_factor`` their authenticator and recovery codes are removed too, for someone
    who lost the phone; otherwise the new password needs the old second factor.
    """
    with writing(db):
        found = organizer_by_name(db, name)
        if found is None:
            return NoSuchOrganizer()
        db.execute("UPDATE organizers SET password = NULL WHERE id = ?", (found.id,))
        if second_factor:
            db.execute("UPDATE organizers SET totp = NULL WHERE id = ?", (found.id,))
            db.execute("DELETE FROM organizer_recovery_codes WHERE organizer = ?", (found.id,))
            if found.has_second_factor:
                audit.record(db, at=at, who=by, what=What.SECOND_FACTOR_REMOVED, subject=found.name)
        throttle.forget(db, secret, level(name))
        end_all(db, found.id, found.name, by=by, at=at)
        now = organizer_by_id(db, found.id)
        assert now is not None
        return _make_link(db, now, hours, by, at)


def link_owner(db: sqlite3.Connection, token: str, at: datetime) -> Organizer | DeadLink:
    """Whose link this is. Looking does not use it up, so a mail scanner cannot."""
    row = db.execute(
        "SELECT organizer, expires, used FROM organizer_links WHERE hash = ?", (token_hash(token),)
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
) -> Opened | DeadLink | BadPassword:
    """Set the password by a one-time link, which works once, and open half a session.

    The second half (a code, or setting up the second factor) is still to come.
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
            (int(at.timestamp()), token_hash(token)),
        ).rowcount
        if not used:
            return DeadLink("used")
        write_password(db, owner, hashed, at)
        return open_session(db, owner, "password", device, at)


def write_password(
    db: sqlite3.Connection, organizer: Organizer, hashed: str, at: datetime, but: int | None = None
) -> None:
    """Inside a transaction: a new password, which ends the organizer's other sessions."""
    db.execute("UPDATE organizers SET password = ? WHERE id = ?", (hashed, organizer.id))
    name = organizer.name
    end_all(db, organizer.id, name, by=name, at=at, but=but)
    audit.record(db, at=at, who=name, what=What.PASSWORD_SET, subject=name)


def _is_last_admin(db: sqlite3.Connection, organizer: Organizer) -> bool:
    if organizer.role != "admin" or organizer.disabled is not None:
        return False
    (others,) = db.execute(
        "SELECT count(*) FROM organizers WHERE role = 'admin' AND disabled IS NULL AND id <> ?",
        (organizer.id,),
    ).fetchone()
    return bool(others == 0)


def set_role(
    db: sqlite3.Connection, number: int, role: Role, *, by: str, at: datetime
) -> Changed | NothingToChange | LastAdmin | NoSuchOrganizer:
    """Give an organizer another role. It holds from their next click on."""
    if role not in ROLES:
        raise ValueError(f"no such role: {role}")
    with writing(db):
        found = organizer_by_id(db, number)
        if found is None:
            return NoSuchOrganizer()
        if found.role == role:
            return NothingToChange(found)
        if _is_last_admin(db, found):
            return LastAdmin(found)
        db.execute("UPDATE organizers SET role = ? WHERE id = ?", (role, number))
        audit.record(
            db,
            at=at,
            who=by,
            what=What.ROLE_CHANGED,
            subject=found.name,
            before={"role": found.role},
            after={"role": role},
        )
        return _changed(db, number)


def _changed(db: sqlite3.Connection, number: int) -> Changed:
    organizer = organizer_by_id(db, number)
    assert organizer is not None
    return Changed(organizer)


def set_disabled(
    db: sqlite3.Connection,
    secret: bytes,
    number: int,
    disabled: bool,
    *,
    by: str,
    at: datetime,
    even_last_admin: bool = False,
) -> Changed | NothingToChange | LastAdmin | NoSuchOrganizer:
    """Switch an account off, which ends its sessions at once, or on again."""
    with writing(db):
        found = organizer_by_id(db, number)
        if found is None:
            return NoSuchOrganizer()
        if (found.disabled is not None) == disabled:
            return NothingToChange(found)
        if disabled and not even_last_admin and _is_last_admin(db, found):
            return LastAdmin(found)
        since = int(at.timestamp()) if disabled else None
        db.execute("UPDATE organizers SET disabled = ? WHERE id = ?", (since, number))
        if disabled:
            throttle.forget(db, secret, level(found.name))
            end_all(db, number, found.name, by=by, at=at)
            db.execute(
                "DELETE FROM organizer_links WHERE organizer = ? AND used IS NULL", (number,)
            )
        audit.record(
            db,
            at=at,
            who=by,
            what=What.ORGANIZER_DISABLED if disabled else What.ORGANIZER_ENABLED,
            subject=found.name,
            before={"disabled": not disabled},
            after={"disabled": disabled},
        )
        return _changed(db, number)
