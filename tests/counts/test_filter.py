"""The finer filters, and that every way to count agrees on them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from app.records.acts import STATUSES
from app.records.counts import BREAKDOWNS, Filter, Totals, breakdowns, by_status, count, totals
from app.records.database import open_database
from app.records.exports import Occasion, counts_table, letters_table, signatures_table
from app.records.signing import sign, withdraw
from app.records.tabular import Table
from tests.records.build import CAMPAIGN, SECRET, signature

OCCASION = Occasion(datetime(2026, 11, 25, 12, tzinfo=UTC), "America/Chicago")


@pytest.fixture
def db(tmp_path: Path) -> sqlite3.Connection:
    db = open_database(tmp_path / "x.db")
    for number in range(24):
        row = signature(
            f"k{number}",
            state=("CA", "DC")[number % 2],
            district=(12, 0)[number % 2],
            template=("general", "faith")[number % 3 == 0],
            source=("", "mail")[number % 4 == 0],
            language=("en", "es")[number % 5 == 0],
            status="counted" if STATUSES[number % 6] == "withdrawn" else STATUSES[number % 6],
            day=date(2026, 11, 1 + number),
        )
        signed = sign(db, row, SECRET)
        if STATUSES[number % 6] == "withdrawn":
            withdraw(db, signed.receipt)
    return db


FILTERS = [
    Filter(CAMPAIGN, template="faith"),
    Filter(CAMPAIGN, source="mail"),
    Filter(CAMPAIGN, source=""),
    Filter(CAMPAIGN, language="es"),
    Filter(CAMPAIGN, status=None, language="en"),
    Filter(CAMPAIGN, status=None),
    Filter(None, status=None),
    Filter(CAMPAIGN, state="CA"),
    Filter(None, status=None, since=date(2026, 11, 5), until=date(2026, 11, 20)),
    Filter(CAMPAIGN, until=date(2026, 11, 20)),
    Filter(CAMPAIGN, state="DC", source="", status=None, since=date(2026, 11, 5)),
]


@pytest.mark.parametrize("chosen", FILTERS, ids=str)
def test_rows_and_counts_agree_under_every_filter(db: sqlite3.Connection, chosen: Filter) -> None:
    rows = list(signatures_table(db, chosen, OCCASION).rows)
    whole = Totals(len(rows), sum(int(row[15] or 0) for row in rows))
    assert whole.signatures
    assert totals(db, chosen) == whole
    for by in ("day", "template", "source", "language", "version", "own_share", "district"):
        found = count(db, chosen, by)
        assert sum(row.signatures for row in found) == whole.signatures
        assert sum(row.letters for row in found) == whole.letters
    about = counts_table(db, "state", chosen, OCCASION).about
    assert about["total signatures"] == whole.signatures


@pytest.mark.parametrize("chosen", FILTERS, ids=str)
def test_breakdowns_in_one_pass_match_single_ones(db: sqlite3.Connection, chosen: Filter) -> None:
    names = [name for name in BREAKDOWNS if name != "recipient"]
    found = breakdowns(db, chosen, names)
    assert found.statuses == by_status(db, chosen)
    assert found.by == {name: count(db, chosen, name) for name in names}


@pytest.mark.parametrize("chosen", FILTERS, ids=str)
def test_statuses_add_up_to_every_status(db: sqlite3.Connection, chosen: Filter) -> None:
    found = by_status(db, chosen)
    assert tuple(found) == STATUSES
    whole = totals(db, replace(chosen, status=None))
    assert sum(part.signatures for part in found.values()) == whole.signatures
    assert sum(part.letters for part in found.values()) == whole.letters


def test_the_empty_source_means_no_tag(db: sqlite3.Connection) -> None:
    assert [row.group for row in count(db, Filter(CAMPAIGN, source=""), "source")] == [""]
    assert "no source" in Filter(source="").described().values()
    assert "all sources" in Filter().described().values()


def test_unfiltered_counts_read_no_signature_rows(db: sqlite3.Connection) -> None:
    db.execute("DROP TRIGGER tally_signature_delete")
    db.execute("DROP TRIGGER tally_letter_delete")
    before = by_status(db, CAMPAIGN)
    db.execute("DELETE FROM signatures")
    assert by_status(db, Filter(CAMPAIGN)) == before
    assert totals(db, Filter(CAMPAIGN)).signatures == before["counted"].signatures


@pytest.mark.parametrize("table", [signatures_table, letters_table])
@pytest.mark.parametrize("chosen", FILTERS, ids=str)
def test_rows_are_exported_in_storage_order_without_sorting(
    db: sqlite3.Connection, chosen: Filter, table: Callable[..., Table]
) -> None:
    """Sorting a million rows first would take memory and time before the first byte."""
    asked: list[str] = []
    db.set_trace_callback(asked.append)
    list(table(db, chosen, OCCASION).rows)
    db.set_trace_callback(None)
    query = next(q for q in asked if "ORDER BY s.id" in q)
    plan = " ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}"))
    assert "TEMP B-TREE" not in plan
