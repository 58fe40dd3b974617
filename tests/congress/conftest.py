"""Fixtures for the tests of representation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.congress.tables import Tables, load_tables
from tests.congress.census_server import Census

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def tables() -> Tables:
    return load_tables()


@pytest.fixture(scope="session")
def official_files() -> Path:
    """The folder of official files, next to the project."""
    if not SHARED.is_dir():
        pytest.skip("the official files are not beside the project")
    return SHARED


@pytest.fixture
def census() -> Iterator[Census]:
    server = Census()
    yield server
    server.close()
