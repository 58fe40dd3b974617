"""A database, a clock that only moves when told to, and organizers who can log in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from flask import Flask

from app.records import logins, organizers
from app.records.audit import Actor
from app.records.credentials import HashCost
from app.records.database import open_database
from app.records.organizers import Role
from app.records.throttle import Client, Wait
from app.site.services import services
from app.site.settings import Settings
from app.web.organizer.gate import EXTENSION
from tests.sites import Sites

SECRET = b"a secret of the site, only for tests"
CHEAP = HashCost(time=1, memory=8, lanes=1)
LOGIN = logins.LoginConfig(SECRET, CHEAP)
PASSWORD = "correct horse battery"
HOME = Client("198.51.100.7", "", "Firefox on Linux")


@dataclass
class Clock:
    """A clock that moves only when told to."""

    at: datetime = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **how: float) -> datetime:
        self.at += timedelta(**how)
        return self.at


@dataclass
class Someone:
    """An organizer and their secrets: the authenticator's, recovery codes, the session's token."""

    name: str
    role: Role
    totp: str = ""
    codes: tuple[str, ...] = ()
    token: str = ""

    def code(self, at: datetime) -> str:
        return pyotp.TOTP(self.totp).at(at)


def wrong_code(totp: str, at: datetime) -> str:
    """A code that this authenticator does not show at any time near ``at``."""
    near = {pyotp.TOTP(totp).at(at + timedelta(seconds=30 * n)) for n in range(-4, 5)}
    return next(digits for n in range(10) if (digits := f"{n:06}") not in near)


@dataclass
class Office:
    """The database and the clock, with the steps that many tests share."""

    db: sqlite3.Connection
    clock: Clock = field(default_factory=Clock)

    def by(self, who: str) -> Actor:
        """The actor of a change made now."""
        return Actor(self.db, who, self.clock.at)

    def add(self, name: str = "Rosa", role: Role = "editor") -> Someone:
        """Add an organizer who has set a password and a second factor and is logged in."""
        link = organizers.add_organizer(self.by("command line"), name, role)
        assert isinstance(link, organizers.OneTimeLink)
        half = organizers.use_link(
            self.db, CHEAP, link.token, PASSWORD, device="", at=self.clock.at
        )
        assert isinstance(half, organizers.OpenedSession)
        secret = logins.offered_totp_secret(LOGIN, half.token)
        done = logins.LoginFlow(self.db, LOGIN, HOME, self.clock.at).set_second_factor(
            half.session, half.token, pyotp.TOTP(secret).at(self.clock.at)
        )
        assert isinstance(done, logins.SecondFactorSet)
        return Someone(name, role, secret, done.codes, done.opened.token)

    def password(
        self, name: str, password: str = PASSWORD, client: Client = HOME
    ) -> organizers.OpenedSession | logins.LoginRefused | Wait:
        return logins.LoginFlow(self.db, LOGIN, client, self.clock.at).enter_password(
            name, password
        )

    def code(
        self, half: organizers.Session, code: str, client: Client = HOME
    ) -> organizers.OpenedSession | logins.LoginRefused | Wait | logins.NeedsRecoveryCode:
        return logins.LoginFlow(self.db, LOGIN, client, self.clock.at).enter_code(half, code)

    def half(self, name: str, client: Client = HOME) -> organizers.OpenedSession:
        """Do the first half of logging in, the password."""
        opened = self.password(name, client=client)
        assert isinstance(opened, organizers.OpenedSession)
        return opened

    def log_in(self, who: Someone, client: Client = HOME) -> organizers.OpenedSession:
        """Log in with password and code, a minute later, so that the code is a new one."""
        self.clock.forward(minutes=1)
        half = self.half(who.name, client)
        opened = self.code(half.session, who.code(self.clock.at), client)
        assert isinstance(opened, organizers.OpenedSession)
        return opened

    def session(self, token: str) -> organizers.Session | organizers.NoSession:
        return organizers.find_session(self.db, token, self.clock.at)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    db = open_database(tmp_path / "site.db")
    yield Office(db)
    db.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site_url() -> str:
    return ""


@pytest.fixture
def app(tmp_path: Path, clock: Clock, site_url: str, sites: Sites) -> Iterator[Flask]:
    """A site with cheap password hashes."""
    settings = Settings(
        instance=tmp_path, secret_key=SECRET, person_key=b"p" * 32, site_url=site_url
    )
    app = sites.open(settings, clock=clock)
    app.extensions[EXTENSION] = LOGIN
    yield app
    with app.app_context():
        services().db().close()


@pytest.fixture
def staff(app: Flask, clock: Clock) -> Office:
    """The office of ``app``: same database, same clock."""
    with app.app_context():
        return Office(services().db(), clock)
