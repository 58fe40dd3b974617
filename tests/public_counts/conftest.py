"""A site with a fixed clock, and people who sign."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.records.database import local_database, open_database
from app.records.signing import sign
from app.site.settings import Settings
from tests.records.build import SECRET, signature
from tests.sites import Sites
from tests.web.lint import Client


@dataclass
class Clock:
    """A clock that stands still until it is set."""

    now: datetime = datetime(2026, 11, 25, 18, 0, 7, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class People:
    """Has different people sign, one after the other."""

    db: sqlite3.Connection
    number: int = 0

    def sign(self, state: str, times: int = 1, **changes: Any) -> list[str]:
        """Sign as new people; returns their receipts."""
        receipts = []
        for _ in range(times):
            self.number += 1
            values = {"state": state, "district": 0 if state in ("DC", "WY") else 1, **changes}
            request = signature(f"k{self.number}", **values)
            receipts.append(sign(self.db, request, SECRET).receipt)
        return receipts


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_database(tmp_path / "dear-congress.db")
    yield connection
    connection.close()


@pytest.fixture
def people(db: sqlite3.Connection) -> People:
    return People(db)


@pytest.fixture
def app(tmp_path: Path, clock: Clock, sites: Sites) -> Iterator[Flask]:
    settings = Settings(
        instance=tmp_path, secret_key=SECRET, person_key=b"p" * 32, group_name="Our group"
    )
    app = sites.open(settings, clock=clock)
    app.testing = True
    yield app
    local_database(settings.database).close()


@pytest.fixture
def client(app: Flask) -> Client:
    return Client(app.test_client())
