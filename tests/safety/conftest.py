"""A database, a key pair, and limits that a test can reach."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.records.database import open_database
from app.records.keys import CampaignKey, OpenKey, make_key, unlock
from app.records.limiting import LIMITS, Limit, check

from .people import PASSPHRASE, SECRET


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_database(tmp_path / "site.db")
    yield connection
    connection.close()


Made = tuple[Path, CampaignKey, OpenKey]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A key pair, made once, because making one is slow on purpose."""
    folder = tmp_path_factory.mktemp("pair") / "keys"
    key = make_key(folder, PASSPHRASE, today=date(2026, 11, 25), strength="interactive")
    opened = unlock(folder / f"{key.id}.private.json", PASSPHRASE)
    return folder, key, opened


@pytest.fixture
def pair(tmp_path: Path, made: Made) -> tuple[CampaignKey, OpenKey]:
    """The pair, with its files in the folder ``keys``."""
    folder, key, opened = made
    shutil.copytree(folder, tmp_path / "keys")
    return key, opened


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a test can reach: 6 for a visitor, 10 for a network, held above 2 and 4."""
    for name in LIMITS:
        monkeypatch.setitem(LIMITS, name, Limit(600, 6, 10))
    monkeypatch.setitem(LIMITS, "sign", Limit(600, 6, 10, held_above=(2, 4)))
    monkeypatch.setitem(LIMITS, "email", Limit(600, 6, 10, about=(2, 600), open_when_broken=False))


def answers(counters: Any, name: Any, ip: str, number: int, **more: Any) -> list[str]:
    """A limit's answers to ``number`` requests of one visitor, as type names."""
    return [type(check(counters, name, ip, secret=SECRET, **more)).__name__ for _ in range(number)]
