"""A fresh database for each test."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.records.database import open_database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dear-congress.db"


@pytest.fixture
def db(path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_database(path)
    yield connection
    connection.close()
