"""An office's own system's answer is recorded for the letter that it is about."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.cwc.folder import Noted, NotesError, note_results
from app.delivery.writer_rows import WriterRow, read_rows
from app.records.accounting import mark
from app.records.database import open_database
from app.records.signing import sign, withdraw
from tests.commands import flask
from tests.records.build import CAMPAIGN, SECRET, signature

AT = "2026-11-25T18:00:00+00:00"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(tmp_path / "dear-congress.db")) as connection:
        yield connection


def write(folder: Path, results: list[tuple[str, str]], index: list[tuple[str, str, str]]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, header, rows in (
        ("index.csv", ("file", "seat", "signature"), index),
        ("results.csv", ("file", "result", "reason", "at"), [(f, r, "", AT) for f, r in results]),
    ):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    return folder


def states(db: sqlite3.Connection) -> dict[str, str]:
    return dict(db.execute("SELECT seat, state FROM letters WHERE signature = 1"))


INDEX = [("a.xml", "CA-12", "1"), ("b.xml", "CA-S1", "1"), ("c.xml", "CA-S3", "1")]


def test_results_become_states_and_only_an_office_accepts(
    tmp_path: Path, db: sqlite3.Connection
) -> None:
    sign(db, signature("one"), SECRET)
    folder = write(
        tmp_path / "xml",
        [("a.xml", "try later"), ("b.xml", "refused"), ("c.xml", "accepted by the test system"),
         ("a.xml", "accepted")],
        INDEX,
    )  # fmt: skip
    assert note_results(folder, db, CAMPAIGN) == Noted(2, 0, 0)
    expected = {
        "CA-12": "accepted by the office's system", "CA-S1": "refused", "CA-S3": "written",
    }  # fmt: skip
    assert states(db) == expected
    note_results(folder, db, CAMPAIGN)
    assert states(db) == expected


def test_recording_results_again_keeps_what_the_writer_reported_since(
    tmp_path: Path, db: sqlite3.Connection
) -> None:
    receipt = sign(db, signature("one"), SECRET).receipt
    refused = [(name, "refused") for name, _seat, _signature in INDEX]
    folder = write(tmp_path / "xml", refused, INDEX)
    later = datetime.fromisoformat(AT) + timedelta(days=1)
    assert mark(db, receipt, "CA-S1", "printed", at=later)
    assert note_results(folder, db, CAMPAIGN) == Noted(3, 0, 0), "they did not know of it yet"
    assert mark(db, receipt, "CA-12", "mailed", at=later)
    assert mark(db, receipt, "CA-S3", "printed", at=later)
    assert note_results(folder, db, CAMPAIGN) == Noted(1, 0, 2)
    assert states(db) == {"CA-12": "mailed", "CA-S1": "refused", "CA-S3": "printed"}
    write(folder, [("a.xml", "accepted")], INDEX)
    assert note_results(folder, db, CAMPAIGN) == Noted(1, 0, 0), "an acceptance is final"


@pytest.mark.parametrize("result", ["try later", "accepted by the test system", "sent"])
def test_results_that_do_not_come_from_the_office_change_nothing(
    tmp_path: Path, db: sqlite3.Connection, result: str
) -> None:
    sign(db, signature("one"), SECRET)
    folder = write(tmp_path / "xml", [("a.xml", result)], INDEX)
    assert note_results(folder, db, CAMPAIGN) == Noted(0, 0, 0)
    assert set(states(db).values()) == {"written"}


def test_results_for_withdrawn_and_unknown_letters_are_counted_separately(
    tmp_path: Path, db: sqlite3.Connection
) -> None:
    withdraw(db, sign(db, signature("one"), SECRET).receipt)
    results = [("a.xml", "accepted"), ("b.xml", "accepted"), ("x.xml", "accepted")]
    index = [("a.xml", "CA-12", "1"), ("b.xml", "CA-S1", "")]
    folder = write(tmp_path / "xml", results, index)
    assert note_results(folder, db, CAMPAIGN) == Noted(0, 2, 1)


def test_a_folder_without_results_is_an_error(tmp_path: Path, db: sqlite3.Connection) -> None:
    with pytest.raises(NotesError, match=r"flask letters deliver"):
        note_results(tmp_path, db, CAMPAIGN)


def test_only_integer_signature_ids_are_read_from_opened_rows(tmp_path: Path) -> None:
    details = {"first": "Ana", "last": "López"}
    lines = [{"signature": n, "purpose": "packet", "details": details} for n in (7, "8", True, 1.5)]
    path = tmp_path / "opened.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    rows = [row for row in read_rows(path) if isinstance(row, WriterRow)]
    assert [row.signature for row in rows] == [7, None, None, None]


def test_the_note_command_reports_its_counts_and_its_error(
    tmp_path: Path, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(tmp_path))
    for name in ("SECRET_KEY", "PERSON_KEY"):  # the database exists before any command runs
        monkeypatch.setenv(f"DEAR_CONGRESS_{name}", "0123456789abcdef" * 2)
    sign(db, signature("one"), SECRET)
    folder = write(tmp_path / "xml", [("a.xml", "accepted")], INDEX)
    result = flask("letters note", folder)
    assert result.exit_code == 0
    assert "1  letters updated" in result.output
    empty = flask("letters note", tmp_path)
    assert empty.exit_code == 1
    assert "flask letters deliver" in empty.output
