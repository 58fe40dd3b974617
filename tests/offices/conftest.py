"""A database with people from several places who wrote to their real members."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.campaign.entities import Campaign
from app.campaign.load import load_campaign
from app.congress.model import Holder
from app.congress.tables import Tables, load_tables
from app.documents.day_sheet import Facts
from app.records.acts import LetterRow
from app.records.database import open_database
from app.records.office_numbers import sheet_facts
from app.records.signing import sign
from app.site.settings import ROOT
from tests.records.build import CAMPAIGN, SECRET, signature

TODAY = date(2026, 11, 25)


@dataclass
class Signers:
    """Signs one person after another, each with letters to everyone who represents them."""

    db: sqlite3.Connection
    tables: Tables
    number: int = 0

    def sign(self, state: str, district: int, times: int = 1, **changes: Any) -> list[str]:
        """Their receipts."""
        delegation = self.tables.delegation(state, district)
        assert delegation
        letters = tuple(
            LetterRow(h.seat.id, h.member.bioguide if h.member else None, "everyone")
            for h in delegation.holders
        )
        receipts = []
        for _ in range(times):
            self.number += 1
            request = signature(
                f"k{self.number}",
                **{"state": state, "district": district, "letters": letters, **changes},
            )
            receipts.append(sign(self.db, request, SECRET).receipt)
        return receipts


@pytest.fixture(scope="session")
def tables() -> Tables:
    return load_tables()


@pytest.fixture(scope="session")
def campaign() -> Campaign:
    return load_campaign(ROOT / "letters" / CAMPAIGN)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_database(tmp_path / "dear-congress.db")
    yield connection
    connection.close()


@pytest.fixture
def signers(db: sqlite3.Connection, tables: Tables) -> Signers:
    return Signers(db, tables)


@pytest.fixture
def facts(campaign: Campaign, tables: Tables) -> Facts:
    return sheet_facts(campaign, group="Our group", today=TODAY, members_as_of=tables.as_of)


def holder(tables: Tables, seat: str) -> Holder:
    found = tables.holder(seat)
    assert found
    return found
