"""Logging in, in two halves; confirming the password later; the second factor.

Whatever is wrong with a name and password, the answer and the work are the same, so neither the
wording nor the timing reveals who is an organizer. Hashing is done outside write transactions.
"""

from __future__ import annotations

import base64
import sqlite3
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.records import throttle
from app.records.acts import token_digest
from app.records.audit import Actor, What
from app.records.credentials import (
    DEFAULT_COST,
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
    count_open_sessions,
    end_all_sessions,
    level,
    mark_ended,
    note_confirmed,
    note_wrong,
    open_session,
    organizer_by_id,
    organizer_by_name,
    write_password,
)
from app.records.passkeys import RelyingParty, use_passkey
from app.records.throttle import Client, Step, Try, Wait

BUSY_SECONDS = 3
UNKNOWN_NAME = "(unknown name)"
"""Recorded in the audit trail instead of the typed name, which may be a misplaced password."""


@dataclass(frozen=True, slots=True)
class LoginConfig:
    """What the site contributes to checking a password or code."""

    secret: bytes
    cost: HashCost = DEFAULT_COST


@dataclass(frozen=True, slots=True)
class LoginRefused:
    """Not accepted. ``ended``: too many wrong tries ended the session; log in again."""

    ended: bool = False


@dataclass(frozen=True, slots=True)
class NeedsRecoveryCode:
    """Too many wrong codes for this account from anywhere: only a recovery code is accepted."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The password was right; the session is confirmed for five minutes."""


@dataclass(frozen=True, slots=True)
class SecondFactorSet:
    """The second factor works. ``codes`` are shown once; ``opened`` replaces the session."""

    codes: tuple[str, ...]
    opened: OpenedSession


@dataclass(frozen=True, slots=True)
class LoginFlow:
    """The steps of logging in, for one client at one moment."""

    db: sqlite3.Connection = field(repr=False)
    config: LoginConfig = field(repr=False)
    client: Client
    at: datetime

    def enter_password(self, name: str, password: str) -> OpenedSession | LoginRefused | Wait:
        """The first half of logging in. The half session that it opens only admits the second."""
        attempt = self._begin(name, "password")
        if isinstance(attempt, Wait):
            return attempt
        db, organizer = self.db, organizer_by_name(self.db, name)
        kept = self._password_of(organizer)
        right = self._check(attempt, kept, password)
        if isinstance(right, Wait):
            return right
        better = None
        if right and kept is not None and needs_rehash(kept, self.config.cost):
            better = hash_password(password, self.config.cost)
        with writing(db):
            # The password may have been changed or removed, or the account disabled, meanwhile.
            if not right or organizer is None or self._password_of(organizer) != kept:
                self._record_refused(UNKNOWN_NAME if organizer is None else organizer.name)
                return LoginRefused()
            if better is not None:
                db.execute(
                    "UPDATE organizers SET password = ? WHERE id = ?", (better, organizer.id)
                )
            throttle.settle_half(db, attempt)
            return open_session(db, organizer, "password", self.client.label, self.at)

    def enter_code(
        self, session: Session, code: str
    ) -> OpenedSession | LoginRefused | Wait | NeedsRecoveryCode:
        """The second half of logging in: a code from the authenticator, or a recovery code.

        A full session with a new token replaces the half session. A second press of the button
        within ``REPEAT_SECONDS``, with the same code, is answered like the first.
        """
        attempt = self._begin(session.organizer.name, "code")
        if isinstance(attempt, Wait):
            return attempt
        recovery = looks_like_recovery_code(code)
        with writing(self.db):
            if not recovery and throttle.needs_recovery_code(self.db, attempt):
                throttle.settle_half(self.db, attempt)
                return NeedsRecoveryCode()
            right = self._use_recovery_code if recovery else self._use_totp
            if not right(session, code):
                return self._refuse(session, "code")
            return self._complete(session, attempt)

    def enter_passkey(
        self, session: Session, token: str, answer: str, party: RelyingParty
    ) -> OpenedSession | LoginRefused | Wait:
        """The second half of logging in, with a passkey. ``answer`` is the browser's JSON."""
        attempt = self._begin(session.organizer.name, "code")
        if isinstance(attempt, Wait):
            return attempt
        with writing(self.db):
            if not use_passkey(
                self.db, self.config.secret, session, token, answer, party=party, at=self.at
            ):
                return self._refuse(session, "passkey")
            return self._complete(session, attempt)

    def confirm_password(self, session: Session, password: str) -> Confirmed | LoginRefused | Wait:
        """Check the password of a logged-in organizer before an action that requires it."""
        organizer = session.organizer
        attempt = self._begin(organizer.name, "password")
        if isinstance(attempt, Wait):
            return attempt
        right = self._check(attempt, self._password_of(organizer), password)
        if isinstance(right, Wait):
            return right
        with writing(self.db):
            if not right:
                return self._refuse(session, "password")
            throttle.settle_half(self.db, attempt)
            note_confirmed(self.db, session, self.at)
            self._by(organizer).record(What.CONFIRMED, organizer.name)
            return Confirmed()

    def set_second_factor(
        self, session: Session, token: str, code: str
    ) -> SecondFactorSet | LoginRefused | Wait:
        """Activate the offered authenticator if a code shows that it works.

        Makes new recovery codes, ends all earlier sessions, and opens a full one.
        """
        organizer, db = session.organizer, self.db
        attempt = self._begin(organizer.name, "code")
        if isinstance(attempt, Wait):
            return attempt
        secret = offered_totp_secret(self.config, token)
        step = totp_step(secret, code, self.at)
        with writing(db):
            organizer = organizer_by_id(db, organizer.id) or organizer
            # A password alone must never replace an existing second factor.
            replaces = session.stage == "password" and organizer.has_second_factor
            if step is None or replaces:
                return LoginRefused(ended=note_wrong(db, session, self.at))
            db.execute(
                "UPDATE organizers SET totp = ?, totp_step = ? WHERE id = ?",
                (seal_totp(self.config.secret, secret), step, organizer.id),
            )
            by = self._by(organizer)
            by.record(What.SECOND_FACTOR_SET_UP, organizer.name)
            codes = _write_recovery_codes(by, self.config, organizer)
            mark_ended(db, session.id, self.at)
            if count_open_sessions(db, organizer.id):
                end_all_sessions(by, organizer)
            now = organizer_by_id(db, organizer.id)
            assert now is not None
            return SecondFactorSet(codes, self._complete(replace(session, organizer=now), attempt))

    def _by(self, organizer: Organizer) -> Actor:
        return Actor(self.db, organizer.name, self.at)

    def _begin(self, name: str, step: Step) -> Try | Wait:
        return throttle.begin_try(
            self.db, self.config.secret, level(name), self.client, step=step, at=self.at
        )

    def _password_of(self, organizer: Organizer | None) -> str | None:
        """The stored hash of an organizer who may log in; None for everyone else."""
        row = self.db.execute(
            "SELECT password FROM organizers WHERE id = ? AND disabled IS NULL",
            (organizer.id if organizer else 0,),
        ).fetchone()
        return None if row is None else row[0]

    def _check(self, attempt: Try, kept: str | None, password: str) -> bool | Wait:
        """Whether a password is right; if no hashing slot is free, the try does not count."""
        try:
            return check_password(kept, password[: PASSWORD_MAX + 1], self.config.cost)
        except BusyError:
            with writing(self.db):
                throttle.settle_half(self.db, attempt)
            return Wait(BUSY_SECONDS)

    def _record_refused(self, subject: str, step: str = "password") -> None:
        Actor(self.db, "", self.at).record(What.LOGIN_REFUSED, subject, after={"step": step})

    def _refuse(self, session: Session, step: str) -> LoginRefused:
        self._record_refused(session.organizer.name, step)
        return LoginRefused(ended=note_wrong(self.db, session, self.at))

    def _complete(self, session: Session, attempt: Try) -> OpenedSession:
        db, owner, label = self.db, session.organizer, self.client.label
        throttle.settle(db, self.config.secret, attempt, self.client, self.at)
        mark_ended(db, session.id, self.at)
        now = int(self.at.timestamp())
        db.execute("UPDATE organizer_sessions SET passed = ? WHERE id = ?", (now, session.id))
        db.execute("UPDATE organizers SET logged_in = ? WHERE id = ?", (now, owner.id))
        opened = open_session(db, owner, "full", label, self.at)
        self._by(owner).record(What.LOGGED_IN, owner.name, after={"device": label[:80]})
        return opened

    def _use_totp(self, session: Session, code: str) -> bool:
        """Whether a code is right and later than the last accepted one."""
        owner = session.organizer.id
        row = self.db.execute(
            "SELECT totp, totp_step FROM organizers WHERE id = ?", (owner,)
        ).fetchone()
        secret = open_totp(self.config.secret, row[0]) if row and row[0] is not None else None
        step = totp_step(secret, code, self.at) if secret else None
        if step is None:
            return False
        if session.passed:
            return bool(step == row[1])
        self.db.execute("UPDATE organizers SET totp_step = ? WHERE id = ?", (step, owner))
        return bool(step > row[1])

    def _use_recovery_code(self, session: Session, code: str) -> bool:
        """Whether this is an unused recovery code; it is then used up."""
        owner = session.organizer
        before = recovery_codes_left(self.db, owner)
        used = self.db.execute(
            "DELETE FROM organizer_recovery_codes WHERE organizer = ? AND hash = ?",
            (owner.id, recovery_hash(self.config.secret, code)),
        ).rowcount
        if used:
            self._by(owner).record(
                What.RECOVERY_CODE_USED, owner.name,
                before={"codes left": before}, after={"codes left": before - 1},
            )  # fmt: skip
        return bool(used)


def recovery_codes_left(db: sqlite3.Connection, organizer: Organizer) -> int:
    """How many recovery codes an organizer still has."""
    (number,) = db.execute(
        "SELECT count(*) FROM organizer_recovery_codes WHERE organizer = ?", (organizer.id,)
    ).fetchone()
    return int(number)


def change_password(
    db: sqlite3.Connection, config: LoginConfig, session: Session, password: str, at: datetime
) -> Confirmed | BadPassword:
    """Change the password of someone who just confirmed it; their other sessions end."""
    problem = password_problem(password, session.organizer.name)
    if problem:
        return BadPassword(problem)
    hashed = hash_password(password, config.cost)
    with writing(db):
        write_password(db, session.organizer, hashed, at, keep=session.id)
        return Confirmed()


def offered_totp_secret(config: LoginConfig, token: str) -> str:
    """The secret that a session is offered for a new authenticator.

    Derived from the session's token and the site's secret, so it is the same when the page is
    reloaded, different in every session, and not stored until a code proves it.
    """
    raw = keyed_code(config.secret, "offered second factor", token_digest(token).hex())
    return base64.b32encode(raw[:20]).decode("ascii")


def make_recovery_codes(
    db: sqlite3.Connection, config: LoginConfig, session: Session, at: datetime
) -> tuple[str, ...]:
    """Ten new recovery codes, shown once; all earlier ones stop working."""
    with writing(db):
        owner = session.organizer
        return _write_recovery_codes(Actor(db, owner.name, at), config, owner)


def _write_recovery_codes(by: Actor, config: LoginConfig, organizer: Organizer) -> tuple[str, ...]:
    codes = new_recovery_codes()
    by.db.execute("DELETE FROM organizer_recovery_codes WHERE organizer = ?", (organizer.id,))
    by.db.executemany(
        "INSERT INTO organizer_recovery_codes (organizer, hash) VALUES (?,?)",
        [(organizer.id, recovery_hash(config.secret, code)) for code in codes],
    )
    by.record(What.RECOVERY_CODES_MADE, organizer.name, after={"codes": len(codes)})
    return codes
