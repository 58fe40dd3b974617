"""Concurrent processes, and processes that die: nothing acknowledged is ever lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.records.counts import Totals, recount, totals
from app.records.database import open_database, reading
from app.records.migrations import STEPS
from app.records.signing import receipt
from tests.records.build import CAMPAIGN

ROOT = Path(__file__).resolve().parents[2]

Worker = subprocess.Popen[str]


@contextmanager
def workers(path: Path, *jobs: list[str]) -> Iterator[list[Worker]]:
    """One process per list of keys, each running and waiting for ``start``."""
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.records.worker", str(path), *job],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )
        for job in jobs
    ]  # fmt: skip
    try:
        for worker in running:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        yield running
    finally:
        for worker in running:
            worker.kill()
            worker.communicate()


def start(running: list[Worker]) -> None:
    for worker in running:
        assert worker.stdin is not None
        worker.stdin.write("\n")
        worker.stdin.flush()


def acknowledged(running: list[Worker]) -> list[tuple[str, str]]:
    """(key, receipt) from every complete line of output, after all processes have ended."""
    lines: list[tuple[str, str]] = []
    for worker in running:
        output, errors = worker.communicate()
        assert errors == ""
        for line in output.splitlines(keepends=True):
            key, _, token = line.partition(" ")
            if token.endswith("\n"):
                lines.append((key, token.strip()))
    return lines


def sane(db: sqlite3.Connection) -> None:
    assert recount(db) == []
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.slow
def test_sixty_signatures_from_four_processes_while_a_long_read_runs(
    path: Path, db: sqlite3.Connection
) -> None:
    """CC01"""
    jobs = [[f"{process}-{n}" for n in range(15)] for process in range(4)]
    with workers(path, *jobs) as running, reading(db):
        assert totals(db, CAMPAIGN) == Totals(0, 0)
        start(running)
        assert len(acknowledged(running)) == 60
        assert totals(db, CAMPAIGN) == Totals(0, 0)
    assert totals(db, CAMPAIGN) == Totals(60, 180)
    sane(db)


@pytest.mark.slow
def test_the_same_forms_posted_to_two_processes_at_once_count_once_each(
    path: Path, db: sqlite3.Connection
) -> None:
    """CC02: one row and one set of letters per key; both processes get the same receipt."""
    keys = [f"form-{n}" for n in range(50)]
    with workers(path, keys, keys) as running:
        start(running)
        answers = acknowledged(running)
    assert len(answers) == 100
    assert set(Counter(answers).values()) == {2}
    assert totals(db, CAMPAIGN) == Totals(50, 150)
    assert db.execute("SELECT count(*) FROM signatures").fetchone() == (50,)
    assert db.execute("SELECT count(*) FROM letters").fetchone() == (150,)
    sane(db)


@pytest.mark.slow
def test_processes_starting_at_once_create_the_database_once(path: Path) -> None:
    with workers(path, *[[f"{process}"] for process in range(6)]) as running:
        start(running)
        assert len(acknowledged(running)) == 6
    db = open_database(path)
    assert totals(db, CAMPAIGN) == Totals(6, 18)
    steps = db.execute("SELECT name FROM _sqlite_migrations").fetchall()
    assert len(steps) == len(set(steps)) == len(STEPS)
    db.close()


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.4])
def test_every_acknowledged_signature_is_stored_once_after_a_kill_under_load(
    path: Path, db: sqlite3.Connection, seconds: float
) -> None:
    """``kill -9`` at some point: what was acknowledged stands, and nothing is stored twice."""
    jobs = [[f"*worker-{process}"] for process in range(4)]
    with workers(path, *jobs) as running:
        start(running)
        while totals(db, CAMPAIGN).signatures < 40:  # all of them have started signing
            time.sleep(0.01)
        time.sleep(seconds)
        for worker in running:
            worker.kill()
        answers = acknowledged(running)
    assert len(answers) >= 36
    db.close()
    db = open_database(path)
    assert all(receipt(db, token) is not None for _, token in answers)
    whole = totals(db, CAMPAIGN)
    # Each process may have stored at most one signature that it had not yet acknowledged.
    assert len(answers) <= whole.signatures <= len(answers) + len(jobs)
    assert whole.letters == 3 * whole.signatures
    sane(db)
    before = whole.signatures
    with workers(path, *[[key for key, _ in answers[:40]]] * 2) as running:  # people press again
        start(running)
        acknowledged(running)
    assert totals(db, CAMPAIGN).signatures == before
    db.close()
