"""A database with signatures, a key pair, and a person whose every word is marked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from app.records.database import open_database
from app.records.key_files import CampaignKey, OpenKey
from app.records.keys import make_key, unlock

from .people import PASSPHRASE


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_database(tmp_path / "site.db")
    yield connection
    connection.close()


@pytest.fixture
def pair(tmp_path: Path) -> tuple[CampaignKey, OpenKey]:
    folder = tmp_path / "keys"
    key = make_key(folder, PASSPHRASE, today=date(2026, 11, 25), strength="interactive")
    opened = unlock(folder / f"{key.id}.private.json", PASSPHRASE)
    assert isinstance(opened, OpenKey)
    return key, opened
