"""How the database is opened, kept private, migrated and written."""

from __future__ import annotations

import os
import queue
import sqlite3
import stat
import threading
import time
from collections.abc import Callable
from contextlib import closing
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from app.errors import NotStoredError
from app.records import migrations, turns
from app.records.counts import Totals, recount, totals
from app.records.database import local_database, open_database, reading, writing, writing_together
from app.records.signing import sign
from app.records.turns import Turn
from app.records.workshop import remember_versions
from tests.records.build import CAMPAIGN, SECRET, kept_text, signature


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("busy_timeout", 10_000), ("foreign_keys", 1),
     ("secure_delete", 1), ("fullfsync", 1)],
)  # fmt: skip
def test_every_connection_sets_its_durability_timeout_and_deletion_pragmas(
    path: Path, pragma: str, value: object
) -> None:
    for _ in range(2):
        db = open_database(path)
        assert db.execute(f"PRAGMA {pragma}").fetchone() == (value,)
        db.close()


def test_database_files_are_readable_only_by_their_owner(
    path: Path, db: sqlite3.Connection
) -> None:
    sign(db, signature("one"), SECRET)
    files = sorted(path.parent.iterdir())
    assert len(files) == 4
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * 4


def test_opening_tightens_loose_file_permissions(path: Path) -> None:
    open_database(path).close()
    path.chmod(0o644)
    open_database(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_reopening_a_database_changes_nothing(path: Path, db: sqlite3.Connection) -> None:
    sign(db, signature("one"), SECRET)
    before = db.execute("SELECT name, applied_at FROM _sqlite_migrations").fetchall()
    again = open_database(path)
    assert again.execute("SELECT name, applied_at FROM _sqlite_migrations").fetchall() == before
    assert totals(again, CAMPAIGN) == Totals(1, 3)
    again.close()


def version_2(db: Database) -> None:
    """A made-up step, like one that a later release might add."""
    db.execute("ALTER TABLE signatures ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue'")
    db.execute("UPDATE signatures SET district = 13")


def test_a_version_1_database_is_upgraded_with_its_data(
    path: Path, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign(db, signature("one"), SECRET)
    monkeypatch.setattr(migrations, "STEPS", [*migrations.STEPS, version_2])
    for _ in range(2):
        with closing(open_database(path)) as later:
            assert later.execute("SELECT colour, district FROM signatures").fetchall() == [
                ("blue", 13)
            ]
            assert recount(later) == []
            names = later.execute("SELECT name FROM _sqlite_migrations ORDER BY id").fetchall()
            assert names == [("version_1_0_0",), ("version_2",)]


def test_a_new_database_applies_every_migration(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "STEPS", [*migrations.STEPS, version_2])
    with closing(open_database(path)) as db:
        assert db.execute("SELECT colour FROM signatures").fetchall() == []


def test_a_failed_upgrade_leaves_the_database_unchanged(
    path: Path, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version_3(db: Database) -> None:
        db.execute("CREATE TABLE colours (name TEXT) STRICT")
        raise sqlite3.OperationalError("boom")

    sign(db, signature("one"), SECRET)
    before = "\n".join(db.iterdump())
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "STEPS", [*migrations.STEPS, version_2, version_3])
        with pytest.raises(NotStoredError, match="boom"):
            open_database(path)
    assert "\n".join(db.iterdump()) == before
    open_database(path).close()


def test_a_database_of_a_newer_version_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "STEPS", [*migrations.STEPS, version_2])
        open_database(path).close()
    with pytest.raises(NotStoredError, match=r"newer version .*version_2"):
        open_database(path)


def test_a_database_from_before_version_1_is_refused_with_advice(path: Path) -> None:
    """Whichever step it has: none of those databases was ever released."""
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        Migrations("dear-congress").ensure_migrations_table(Database(old))
        old.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('dear-congress', 'm001_signatures', '2026-10-01')"
        )
        old.execute("CREATE TABLE signatures (id INTEGER PRIMARY KEY)")
        before = "\n".join(old.iterdump())
        with pytest.raises(NotStoredError, match=r"before version 1.*Move it away"):
            open_database(path)
        assert "\n".join(old.iterdump()) == before


def test_another_programs_database_is_refused_and_unchanged(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
        with pytest.raises(NotStoredError, match=r"another program.*Move it away"):
            open_database(path)
        assert other.execute("SELECT name FROM sqlite_schema").fetchall() == [("recipes",)]


def test_a_failed_first_migration_leaves_nothing_behind(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version_1_0_0(db: Database) -> None:
        migrations.version_1_0_0(db)
        raise sqlite3.OperationalError("boom")

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "STEPS", [version_1_0_0])
        with pytest.raises(NotStoredError, match="boom"):
            open_database(path)
    with closing(sqlite3.connect(path)) as bare:
        assert bare.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    open_database(path).close()


def test_a_path_that_is_not_a_database_is_refused_by_name(tmp_path: Path) -> None:
    text = tmp_path / "notes.db"
    text.write_text("This is a text, and a long one. " * 100)
    for wrong in (text, tmp_path, tmp_path / "missing" / "x.db"):
        with pytest.raises(NotStoredError, match=str(wrong)):
            open_database(wrong)


def test_a_failed_write_block_is_rolled_back(db: sqlite3.Connection) -> None:
    def fail() -> None:
        with writing(db):
            db.execute("INSERT INTO tallies VALUES ('c', 'counted', 'all', '', 1, 1)")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert totals(db, "c") == Totals(0, 0)
    assert not db.in_transaction


def test_a_writer_that_times_out_reports_that_nothing_was_stored(
    path: Path, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = open_database(path)
    monkeypatch.setattr("app.records.database.BUSY_SECONDS", 0.02)
    with writing(db), pytest.raises(NotStoredError, match="locked"):
        sign(other, signature("one"), SECRET)
    sign(other, signature("one"), SECRET)
    assert totals(db, CAMPAIGN) == Totals(1, 3)
    other.close()


def test_only_one_thread_of_a_process_waits_behind_a_held_lock(
    path: Path, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others fail fast, so that their threads are free for readers."""
    monkeypatch.setattr("app.records.turns.STUCK_SECONDS", 0.2)
    results, begun = queue.SimpleQueue[str](), threading.Event()

    def write(name: str) -> None:
        with closing(open_database(path)) as own:
            begun.set()
            try:
                with writing(own, wait=60):
                    own.execute("UPDATE site SET value = value")
            except NotStoredError:
                results.put(f"{name} failed")
            else:
                results.put(f"{name} wrote")

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        first = threading.Thread(target=write, args=("first",))
        first.start()
        assert begun.wait(30)
        wait_until(lambda: is_blocked(db))
        rest = [threading.Thread(target=write, args=(f"{n}",)) for n in range(3)]
        for thread in rest:
            thread.start()
        assert sorted(results.get(timeout=30) for _ in rest) == [f"{n} failed" for n in range(3)]
        assert totals(db, CAMPAIGN) == Totals(0, 0), "readers never wait"
        other.execute("ROLLBACK")
    assert results.get(timeout=60) == "first wrote"
    write("after")
    assert results.get(timeout=30) == "after wrote"
    for thread in (first, *rest):
        thread.join()


def test_writes_waiting_together_are_stored_in_one_transaction(
    path: Path, db: sqlite3.Connection
) -> None:
    """One flush to disk for all of them, and each gets its own result."""
    before = db.execute("PRAGMA application_id").fetchone()[0]
    answers = run_while_locked(path, db, [put("a"), put("b"), put("c")])
    assert answers == ["a", "b", "c"]
    assert kept(db) == ["a", "b", "c"]
    assert db.execute("PRAGMA application_id").fetchone()[0] == before + 1
    results = queue.SimpleQueue[object]()
    in_thread(path, put("later"), results).join()
    assert results.get(timeout=30) == "later", "no leader is left over"


def test_an_error_in_one_batched_write_does_not_affect_the_others(
    path: Path, db: sqlite3.Connection
) -> None:
    def wrong(shared: sqlite3.Connection) -> str:
        put("wrong")(shared)
        raise ValueError("wrong")

    answers = run_while_locked(path, db, [put("a"), wrong, put("c")])
    assert [answers[0], answers[2]] == ["a", "c"]
    assert isinstance(answers[1], ValueError)
    assert kept(db) == ["a", "c"]


def test_no_write_of_a_failed_batch_is_acknowledged(
    path: Path, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even to those whose write another thread ran."""

    def gone(_db: sqlite3.Connection) -> None:
        raise NotStoredError("gone")

    monkeypatch.setattr("app.records.database._check_not_overwritten", gone)
    answers = run_while_locked(path, db, [put("a"), put("b")])
    assert [type(answer) for answer in answers] == [NotStoredError] * 2
    assert kept(db) == []


def test_a_write_run_for_another_thread_uses_its_language(
    path: Path, db: sqlite3.Connection
) -> None:
    spoken: ContextVar[str] = ContextVar("spoken", default="none")

    def say(_shared: sqlite3.Connection) -> str:
        return spoken.get()

    answers = run_while_locked(path, db, [say, say], lambda n: spoken.set(("en", "es")[n]))
    assert answers == ["en", "es"]


def test_batched_writes_behind_a_held_lock_fail_fast(
    path: Path, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.records.turns.STUCK_SECONDS", 0.2)
    results = queue.SimpleQueue[object]()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        threads = [in_thread(path, put("first"), results)]
        wait_until(lambda: is_blocked(db))
        threads += [in_thread(path, put(f"{n}"), results) for n in range(3)]
        assert [type(results.get(timeout=30)) for _ in range(3)] == [NotStoredError] * 3
        other.execute("ROLLBACK")
    assert results.get(timeout=60) == "first"
    for thread in threads:
        thread.join()
    assert kept(db) == ["first"], "a write that failed is not stored later"
    assert writing_together(db, put("after")) == "after"


def test_the_batch_writer_is_released_with_the_last_open_connection(path: Path) -> None:
    """Otherwise this process could never open another database in its place."""
    for name in ("one", "two"):
        with closing(open_database(path)) as db:
            assert writing_together(db, put(name)) == name
            assert kept(db) == [name]
        for file in path.parent.glob(f"{path.stem}.*"):
            file.unlink()


def test_a_waiting_process_is_notified_when_another_finishes_writing(
    path: Path, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.records.turns.POLL_SECONDS", 3600.0)
    waiting, real_wait = threading.Event(), turns._doorbell.wait

    def wait_for_doorbell(seconds: float) -> None:
        waiting.set()
        real_wait(seconds)

    monkeypatch.setattr(turns._doorbell, "wait", wait_for_doorbell)
    here, there = Turn(), Turn()  # standing in for two processes
    results = queue.SimpleQueue[str]()

    def wait() -> None:
        with closing(open_database(path)) as own:
            there.begin(own, 3600.0)
            there.end()
            results.put("wrote")

    here.begin(db, 10.0)
    other = threading.Thread(target=wait, daemon=True)
    other.start()
    assert waiting.wait(60)
    db.execute("COMMIT")
    here.end()
    assert results.get(timeout=60) == "wrote"
    other.join()


@pytest.mark.parametrize("others_write", [True, False])
def test_a_lock_passed_between_writers_does_not_look_stuck(
    path: Path, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, *, others_write: bool
) -> None:
    """Many people who sign at once on a slow disk wait for one another; no one is turned away."""
    now, turn, waited = [1000.0], Turn(), []
    monkeypatch.setattr(turns, "time", SimpleNamespace(monotonic=lambda: now[0]))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        def meanwhile(_seconds: float) -> None:
            waited.append(now[0] - turn._blocked_since)
            now[0] += 1
            if others_write:  # and take the lock again, before we have heard of it
                other.execute("INSERT INTO site VALUES (?, '')", (f"{now[0]}",))
                other.execute("COMMIT")
                other.execute("BEGIN IMMEDIATE")

        monkeypatch.setattr(turns._doorbell, "wait", meanwhile)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            turn.begin(db, 5)
        expected = [0.0] * 5 if others_write else [0.0, 1.0, 2.0, 3.0, 4.0]
        assert waited == expected
        waited.clear()
        now[0] += 3600
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            turn.begin(db, 5)
        assert waited == expected, "a write that failed an hour ago does not count as waiting"


Put = Callable[[sqlite3.Connection], object]


def put(name: str) -> Put:
    def work(shared: sqlite3.Connection) -> str:
        shared.execute("INSERT INTO site VALUES (?, '')", (f"put {name}",))
        return name

    return work


def kept(db: sqlite3.Connection) -> list[str]:
    rows = db.execute("SELECT substr(name, 5) FROM site WHERE name GLOB 'put *' ORDER BY name")
    return [name for (name,) in rows]


def in_thread(
    path: Path,
    work: Put,
    results: queue.SimpleQueue[object],
    begin: Callable[[], object] = lambda: None,
) -> threading.Thread:
    def write() -> None:
        begin()
        with closing(open_database(path)) as own:
            try:
                results.put(writing_together(own, work))
            except Exception as error:  # noqa: BLE001 - for the test to inspect
                results.put(error)

    thread = threading.Thread(target=write)
    thread.start()
    return thread


def run_while_locked(
    path: Path,
    db: sqlite3.Connection,
    works: list[Put],
    begin: Callable[[int], object] = lambda number: None,
) -> list[object]:
    """The results of writes that were all pending before the first one got the lock."""
    results = [queue.SimpleQueue[object]() for _ in works]
    threads = []
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(turns, "STUCK_SECONDS", 3600.0)
        other.execute("BEGIN IMMEDIATE")
        for number, work in enumerate(works):
            threads.append(in_thread(path, work, results[number], partial(begin, number)))
            wait_until(lambda: pending_writes(db) == len(threads))
        other.execute("ROLLBACK")
    for thread in threads:
        thread.join()
    return [answer.get(timeout=60) for answer in results]


def pending_writes(db: sqlite3.Connection) -> int:
    return len(db.raw.shared._pending)  # type: ignore[attr-defined]


def is_blocked(db: sqlite3.Connection) -> bool:
    """Whether a thread is waiting for SQLite's lock."""
    return bool(db.raw.turn._blocked_since)  # type: ignore[attr-defined]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_write_with_zero_wait_does_not_wait_for_the_lock(
    path: Path, db: sqlite3.Connection
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(NotStoredError, match="locked"), writing(db, wait=0):
            pass
        other.execute("ROLLBACK")
    assert db.execute("PRAGMA busy_timeout").fetchone() == (10_000,), "the timeout is restored"
    with writing(db, wait=0):
        pass


def test_a_long_read_sees_one_snapshot_and_blocks_no_writer(
    path: Path, db: sqlite3.Connection
) -> None:
    other = open_database(path)
    with reading(db):
        assert totals(db, CAMPAIGN) == Totals(0, 0)
        sign(other, signature("one"), SECRET)
        assert totals(db, CAMPAIGN) == Totals(0, 0)
    assert totals(db, CAMPAIGN) == Totals(1, 3)
    other.close()


def test_each_thread_keeps_its_own_connection(path: Path) -> None:
    mine = local_database(path)
    assert local_database(path) is mine
    others: list[sqlite3.Connection] = []
    thread = threading.Thread(target=lambda: others.append(local_database(path)))
    thread.start()
    thread.join()
    assert others[0] is not mine
    mine.close()


def test_a_fork_opens_its_own_connection(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = local_database(path)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    child = local_database(path)
    assert child is not mine
    child.close()
    mine.close()


def test_a_threads_closed_connection_is_reopened(path: Path) -> None:
    local_database(path).close()
    assert totals(local_database(path), CAMPAIGN) == Totals(0, 0)
    local_database(path).close()


V1 = ("general", "full", "0123456789ab", "---\ntitle: One\n---\r\nDear …\n")
V2 = ("general", "full", "ba9876543210", "Another text")


def test_each_signature_keeps_the_text_version_it_signed(db: sqlite3.Connection) -> None:
    """TP10"""
    assert remember_versions(db, CAMPAIGN, [V1]) == 1
    sign(db, signature("one", version="0123456789ab"), SECRET)
    assert remember_versions(db, CAMPAIGN, [V1, V2]) == 1
    sign(db, signature("two", version="ba9876543210"), SECRET)
    names = db.execute(
        "SELECT campaign, template, length, version FROM signatures ORDER BY id"
    ).fetchall()
    assert [kept_text(db, *name) for name in names] == [V1[-1], V2[-1]]


def test_a_stored_text_is_never_overwritten(db: sqlite3.Connection) -> None:
    remember_versions(db, CAMPAIGN, [V1])
    assert remember_versions(db, CAMPAIGN, [(*V1[:3], "Something else")]) == 0
    assert kept_text(db, CAMPAIGN, *V1[:3]) == V1[-1]


def test_remembering_known_texts_takes_no_lock(path: Path, db: sqlite3.Connection) -> None:
    remember_versions(db, CAMPAIGN, [V1, V2])
    other = open_database(path)
    with writing(db):
        assert remember_versions(other, CAMPAIGN, [V1, V2]) == 0
    other.close()
