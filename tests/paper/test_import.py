"""A large import: all or none in the end, however it ends, while people go on signing."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.records import open_database, recount, set_status, totals
from app.records.database import writing
from app.records.paper import Added
from app.records.paper_check import Good, PaperLetters
from app.records.paper_import import CHUNK, ImportRunningError, import_paper, undo_unfinished
from tests.packets.conftest import campaign

from .conftest import TODAY
from .test_store import SECRET, batch, events, good

COUNT = 3 * CHUNK + 7


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "site.db"


@pytest.fixture
def db(path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_database(path)
    yield opened
    opened.close()


def run(
    db: sqlite3.Connection,
    path: Path,
    rows: list[Good],
    progress: Callable[[int], object] = lambda _done: None,
) -> Added:
    letters, lock = PaperLetters(campaign(), TODAY), path.with_suffix(".lock")
    return import_paper(
        db, rows, batch(way="file"), letters=letters, secret=SECRET, lock=lock, progress=progress
    )


def counted(db: sqlite3.Connection) -> int:
    return totals(db, campaign().slug).signatures


def pending(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM paper_pending").fetchone()[0])


def test_all_are_added_and_nothing_is_pending(db: sqlite3.Connection, path: Path) -> None:
    told: list[int] = []
    assert run(db, path, good(COUNT), progress=told.append) == Added(COUNT, 3 * COUNT, 0)
    assert (counted(db), pending(db)) == (COUNT, 0)
    assert told[-1] == COUNT
    assert recount(db) == []
    assert [after["added"] for _who, _what, after in events(db)] == [COUNT]
    assert run(db, path, good(COUNT)) == Added(0, 0, COUNT)


def test_an_error_half_way_leaves_nothing(db: sqlite3.Connection, path: Path) -> None:
    def stop(done: int) -> None:
        if done >= 2 * CHUNK:
            raise KeyboardInterrupt

    earlier = good(5)
    run(db, path, earlier)
    with pytest.raises(KeyboardInterrupt):
        run(db, path, good(COUNT), progress=stop)
    assert (counted(db), pending(db)) == (5, 0)
    assert len(events(db)) == 1
    assert recount(db) == []


def _die_half_way(path: Path) -> None:
    def die(done: int) -> None:
        if done >= 2 * CHUNK:
            os.kill(os.getpid(), signal.SIGKILL)

    run(open_database(path), path, good(COUNT), progress=die)


def test_after_a_kill_the_next_import_first_removes_what_was_left(
    db: sqlite3.Connection, path: Path
) -> None:
    child = multiprocessing.get_context("spawn").Process(target=_die_half_way, args=(path,))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert pending(db) == 2 * CHUNK
    assert undo_unfinished(db) == 2 * CHUNK
    assert (counted(db), pending(db)) == (0, 0)
    assert recount(db) == []
    assert run(db, path, good(3)).signatures == 3


def test_two_imports_do_not_mix(db: sqlite3.Connection, path: Path) -> None:
    def second(_done: int) -> None:
        with pytest.raises(ImportRunningError):
            run(db, path, good(1))

    assert run(db, path, good(CHUNK + 1), progress=second).signatures == CHUNK + 1


def test_people_go_on_signing_meanwhile(db: sqlite3.Connection, path: Path) -> None:
    run(db, path, good(1))
    done = threading.Event()
    longest = [0.0]

    def sign_all_the_time() -> None:
        own = open_database(path)
        while not done.is_set():
            start = time.monotonic()
            with writing(own):
                own.execute("UPDATE signatures SET at = at WHERE id = 1")
            longest[0] = max(longest[0], time.monotonic() - start)
            time.sleep(0.01)
        own.close()

    thread = threading.Thread(target=sign_all_the_time)
    thread.start()
    try:
        run(db, path, good(8 * CHUNK))
    finally:
        done.set()
        thread.join()
    assert longest[0] < 5, "somebody waited too long"


def test_who_was_there_before_is_not_removed_by_an_undo(db: sqlite3.Connection, path: Path) -> None:
    rows = good(10)
    run(db, path, rows)
    set_status(db, [1], "held")

    def stop(_done: int) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        run(db, path, good(20), progress=stop)
    assert counted(db) == 9
