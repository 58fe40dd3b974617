"""Deleted data is searched for in the files, and reported as gone only once it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from app.records import erasing
from app.records.database import open_database
from app.records.erasing import blank_what_was_deleted, codes_of, erase, waits_to_be_erased
from app.records.keys import CampaignKey, OpenKey
from app.records.raw_scan import MARK
from app.records.sealing import keep_letters, seal_details

from .people import DETAILS, TODAY, signed

Pair = tuple[CampaignKey, OpenKey]


@pytest.fixture(autouse=True)
def tries(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """The work of retry threads, which are not started here."""
    work: list[Callable[[], None]] = []

    class Kept:
        def __init__(self, *, target: Callable[[], None], **_more: Any) -> None:
            work.append(target)

        def start(self) -> None:
            pass

    monkeypatch.setattr("app.records.erasing.threading.Thread", Kept)
    monkeypatch.setattr(erasing, "_retrying", Lock())
    return work


def raw(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("site.db*")))


@pytest.fixture
def missed(db: sqlite3.Connection, pair: Pair, tmp_path: Path) -> bytes:
    """The head of a box whose row is gone but whose bytes are still in a page."""
    for number in range(1, 8):
        signature, _ = signed(db, number)
        seal_details(db, signature, "packet", DETAILS, pair[0], day=TODAY)
    head = MARK + bytes(range(100, 132))
    db.execute("PRAGMA secure_delete=OFF").fetchone()
    db.execute("CREATE TABLE scratch (n INTEGER PRIMARY KEY, box BLOB)")
    db.executemany("INSERT INTO scratch VALUES (?, ?)", [(1, b"x"), (2, head), (3, b"y")])
    db.execute("DELETE FROM scratch WHERE n = 2")
    db.execute("PRAGMA secure_delete=ON").fetchone()
    assert erase(db), "with nothing to search for, only the WAL is truncated"
    assert head in raw(tmp_path), "otherwise these tests could not fail"
    return head


def test_bytes_left_in_a_page_are_found_and_the_file_is_rewritten(
    db: sqlite3.Connection, missed: bytes, tmp_path: Path
) -> None:
    others = [head for (head,) in db.execute("SELECT substr(box, 1, 40) FROM sealed")]
    assert erase(db, [missed])
    assert not waits_to_be_erased(db)
    left = raw(tmp_path)
    assert missed not in left
    assert all(head in left for head in others)


def test_too_many_values_to_search_for_rewrite_the_file_unsearched(
    db: sqlite3.Connection, missed: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(erasing, "scan_files")
    assert erase(db, [bytes([n]) * 16 for n in range(erasing.MOST_SEARCHED)] + [missed])
    assert missed not in raw(tmp_path)


def test_erasing_from_a_large_file_stays_pending_until_the_purge(
    db: sqlite3.Connection, missed: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "LARGEST_VACUUM", 0)
    assert not erase(db, [missed])
    assert waits_to_be_erased(db)
    for others in ([], [b"somebody else's code"]):
        assert not erase(db, others)
        assert waits_to_be_erased(db), "the first is still there"
    blank_what_was_deleted(db)
    assert not waits_to_be_erased(db)
    assert missed not in raw(tmp_path)
    assert erase(db, [missed])


@pytest.mark.parametrize("error", [OSError("no more processes"), sqlite3.OperationalError("busy")])
def test_a_failed_search_is_recorded_and_completed_by_the_next_erasure(
    db: sqlite3.Connection, missed: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:  # fmt: skip
    def fail(*_words: Any) -> Any:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(erasing, "scan_files", fail)
        assert not erase(db, [missed])
    assert waits_to_be_erased(db)
    assert erase(db), "with nothing to search for, it still vacuums for the earlier attempt"
    assert not waits_to_be_erased(db)
    assert missed not in raw(tmp_path)


def test_a_thread_retries_once_the_reader_has_finished(
    db: sqlite3.Connection, missed: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    tries: list[Callable[[], None]],
) -> None:  # fmt: skip
    monkeypatch.setattr(erasing, "READER_SECONDS", 0.01)
    monkeypatch.setattr(erasing, "RETRY_SECONDS", 0)
    with closing(open_database(tmp_path / "site.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM signatures").fetchone()
        db.execute("DELETE FROM sealed WHERE signature = 5")
        assert not erase(db, [missed])
        assert not erase(db)
        assert waits_to_be_erased(db)
    [again] = tries  # one thread, however many erasures are waiting
    again()
    assert not waits_to_be_erased(db)
    assert missed not in raw(tmp_path)
    assert erasing._retrying.acquire(blocking=False), "the next thread can start"
    erasing._retrying.release()


def test_every_code_and_box_of_a_person_is_searched_for(db: sqlite3.Connection, pair: Pair) -> None:
    number, token = signed(db, 1)
    other, _ = signed(db, 2)
    for signature in (number, other):
        seal_details(db, signature, "packet", DETAILS, pair[0], day=TODAY)
        seal_details(db, signature, "contact", DETAILS, pair[0], day=TODAY)
    keep_letters(db, token, {"CA-12": "words"}, day=TODAY)
    heads = db.execute(
        "SELECT substr(box, 1, 40) FROM sealed WHERE signature = ?1"
        " UNION SELECT substr(box, 1, 40) FROM kept_letters WHERE signature = ?1", (number,),
    ).fetchall()  # fmt: skip
    assert len(heads) == 3
    columns = "by_email, by_address, near, alike"
    codes = db.execute(f"SELECT {columns} FROM signatures WHERE id = ?", (number,)).fetchone()
    wanted = {code for code in codes if code} | {head for (head,) in heads}
    assert set(codes_of(db, "s.id = ?", [number])) == wanted


def test_a_wal_already_emptied_by_another_process_blocks_no_one(tmp_path: Path) -> None:
    path = tmp_path / "dear-congress.db"
    with closing(open_database(path)) as db:
        assert erasing.empty_log(db)
        assert Path(f"{path}-wal").stat().st_size == 0
        erasing._truncate_log(db, path)
        assert not db.in_transaction
