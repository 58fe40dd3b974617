"""How the file is opened, kept private, migrated and written to."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from app.records import (
    LetterVersion,
    NotStoredError,
    Totals,
    UnknownVersion,
    local_database,
    open_database,
    remember_versions,
    sign,
    totals,
    version_text,
)
from app.records.database import reading, writing
from tests.records.build import CAMPAIGN, SECRET, signature


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("busy_timeout", 10_000), ("foreign_keys", 1),
     ("secure_delete", 1), ("fullfsync", 1)],
)  # fmt: skip
def test_every_connection_is_durable_patient_and_forgets_what_is_deleted(
    path: Path, pragma: str, value: object
) -> None:
    for _ in range(2):
        db = open_database(path)
        assert db.execute(f"PRAGMA {pragma}").fetchone() == (value,)
        db.close()


def test_only_the_owner_can_read_any_of_the_files(path: Path, db: sqlite3.Connection) -> None:
    sign(db, signature("one"), SECRET)
    files = sorted(path.parent.iterdir())
    assert len(files) == 3
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * 3


def test_a_file_restored_with_loose_rights_is_made_private_again(path: Path) -> None:
    open_database(path).close()
    path.chmod(0o644)
    open_database(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_opening_again_changes_nothing(path: Path, db: sqlite3.Connection) -> None:
    sign(db, signature("one"), SECRET)
    before = db.execute("SELECT name, applied_at FROM _sqlite_migrations").fetchall()
    again = open_database(path)
    assert again.execute("SELECT name, applied_at FROM _sqlite_migrations").fetchall() == before
    assert totals(again, CAMPAIGN) == Totals(1, 3)
    again.close()


def test_a_database_of_a_newer_version_is_not_touched(path: Path, db: sqlite3.Connection) -> None:
    db.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
        " VALUES ('dear-congress', 'm999_later', '2030-01-01')"
    )
    with pytest.raises(NotStoredError, match=r"newer version .*m999_later"):
        open_database(path)


def test_a_step_that_fails_leaves_nothing_behind(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("boom")

    with monkeypatch.context() as patch:
        patch.setattr("app.records.migrations.install_triggers", fail)
        with pytest.raises(NotStoredError, match="boom"):
            open_database(path)
    with sqlite3.connect(path) as bare:
        assert bare.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    bare.close()
    open_database(path).close()


def test_something_that_is_no_database_is_refused_with_its_name(tmp_path: Path) -> None:
    text = tmp_path / "notes.db"
    text.write_text("This is a text, and a long one. " * 100)
    for wrong in (text, tmp_path, tmp_path / "missing" / "x.db"):
        with pytest.raises(NotStoredError, match=str(wrong)):
            open_database(wrong)


def test_a_block_that_fails_is_undone(db: sqlite3.Connection) -> None:
    def fail() -> None:
        with writing(db):
            db.execute("INSERT INTO tallies VALUES ('c', 'counted', 'all', '', 1, 1)")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert totals(db, "c") == Totals(0, 0)
    assert not db.in_transaction


def test_a_writer_that_waits_too_long_says_that_nothing_was_stored(
    path: Path, db: sqlite3.Connection
) -> None:
    other = open_database(path)
    other.execute("PRAGMA busy_timeout=20")
    with writing(db), pytest.raises(NotStoredError, match="locked"):
        sign(other, signature("one"), SECRET)
    sign(other, signature("one"), SECRET)
    assert totals(db, CAMPAIGN) == Totals(1, 3)
    other.close()


def test_a_long_read_sees_one_moment_and_holds_nobody_up(
    path: Path, db: sqlite3.Connection
) -> None:
    other = open_database(path)
    with reading(db):
        assert totals(db, CAMPAIGN) == Totals(0, 0)
        sign(other, signature("one"), SECRET)
        assert totals(db, CAMPAIGN) == Totals(0, 0)
    assert totals(db, CAMPAIGN) == Totals(1, 3)
    other.close()


def test_each_thread_keeps_one_connection_of_its_own(path: Path) -> None:
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


def test_a_closed_connection_of_this_thread_is_opened_anew(path: Path) -> None:
    local_database(path).close()
    assert totals(local_database(path), CAMPAIGN) == Totals(0, 0)
    local_database(path).close()


V1 = LetterVersion(CAMPAIGN, "general", "full", "0123456789ab", "---\ntitle: One\n---\r\nDear …\n")
V2 = LetterVersion(CAMPAIGN, "general", "full", "ba9876543210", "Another text")


def test_the_first_signature_still_leads_to_the_first_text(db: sqlite3.Connection) -> None:
    """TP10"""
    assert remember_versions(db, [V1]) == 1
    sign(db, signature("one", version=V1.version), SECRET)
    assert remember_versions(db, [V1, V2]) == 1
    sign(db, signature("two", version=V2.version), SECRET)
    names = db.execute(
        "SELECT campaign, template, length, version FROM signatures ORDER BY id"
    ).fetchall()
    assert [version_text(db, UnknownVersion(*name)) for name in names] == [V1, V2]


def test_a_kept_text_is_never_overwritten(db: sqlite3.Connection) -> None:
    remember_versions(db, [V1])
    forged = LetterVersion(CAMPAIGN, "general", "full", V1.version, "Something else")
    assert remember_versions(db, [forged]) == 0
    assert version_text(db, forged) == V1


def test_an_unknown_version_is_said_to_be_unknown(db: sqlite3.Connection) -> None:
    wanted = UnknownVersion(CAMPAIGN, "general", "full", "000000000000")
    assert version_text(db, wanted) == wanted


def test_known_texts_need_no_lock(path: Path, db: sqlite3.Connection) -> None:
    remember_versions(db, [V1, V2])
    other = open_database(path)
    other.execute("PRAGMA busy_timeout=0")
    with writing(db):
        assert remember_versions(other, [V1, V2]) == 0
    other.close()
