"""Removes deleted data from the files too: from the WAL, from free pages, from gaps in pages.

``secure_delete`` overwrites a deleted row in its page, but the WAL keeps earlier versions of that
page until it is truncated, and a row that SQLite moved between pages may leave a copy in the
unused space of the old one. So code that deletes something calls ``erase`` afterwards, with the
bytes that must be gone: it truncates the WAL, searches for them, and vacuums if they are still
there. It also deletes the messages that a site without a mail server wrote to files, if the act
they belong to is gone.

Truncating the WAL waits up to two seconds for current readers. If that is not enough, ``unerased``
gets a row, so that pages can say so, and the work is retried.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from app.errors import NotStoredError
from app.records import raw_scan
from app.records.database import open_database, writing
from app.records.identity import FRAME, PAGE
from app.records.persons import MARK as MARK_BYTES
from app.records.turns import BUSY_SECONDS, WAIT_WHEN_BUSY

READER_SECONDS = 2.0
"""How long a request waits for readers."""
NUDGE_SECONDS = 0.5
"""How long to wait for the WAL to restart before making a write that lets it."""
RETRY_SECONDS = 20.0
"""Between later attempts, in a thread of this process."""
LARGEST_VACUUM = 256 << 20
"""In bytes. A larger file is vacuumed by the daily purge, not while a request waits."""
MOST_SEARCHED = 64
"""Byte strings to search for. Beyond that, a vacuum is faster than the search."""


def erase(db: sqlite3.Connection, gone: Sequence[bytes] = ()) -> bool:
    """Erase deleted data from the files; True once none of it is left in them.

    ``gone`` are deleted byte strings to search for. False if that was not possible now, mostly
    because of a long read: it is retried, and ``waits_to_be_erased`` is true until it succeeds.
    Call it outside any transaction. Never raises.
    """
    with suppress(NotStoredError, sqlite3.Error, OSError, subprocess.SubprocessError):
        drop_mail_files(db)
        if _erase_from_files(db, gone):
            return True
    with suppress(NotStoredError, sqlite3.Error), writing(db):
        db.execute("INSERT OR IGNORE INTO unerased (id) VALUES (1)")
    _retry_later(_path(db))
    return False


def waits_to_be_erased(db: sqlite3.Connection) -> bool:
    """Whether the files may still hold something that was deleted."""
    return db.execute("SELECT 1 FROM unerased").fetchone() is not None


def codes_of(db: sqlite3.Connection, condition: str, values: Sequence[object]) -> list[bytes]:
    """The identifying bytes of the signatures that an SQL condition selects: their codes and the
    heads of their boxes, to search for once they are deleted."""
    row = (
        "SELECT s.by_email, s.by_address, s.near, s.alike FROM signatures s"  # noqa: S608
        f" WHERE {condition}"
    )
    found = []
    for by_email, by_address, near, alike in db.execute(row, values):
        found += [code for code in (by_email, by_address, alike) if code]
        if near and len(near) >= 4 * MARK_BYTES:
            found.append(near)
    for table in ("sealed", "kept_letters"):
        found += heads_of(db, table, condition, values)
    return found


def heads_of(
    db: sqlite3.Connection, table: str, condition: str, values: Sequence[object]
) -> list[bytes]:
    """The first bytes of the boxes in one table that belong to such signatures."""
    heads = db.execute(
        f"SELECT substr(b.box, 1, {raw_scan.HEAD}) FROM {table} b"  # noqa: S608
        f" JOIN signatures s ON s.id = b.signature WHERE {condition}",
        values,
    )
    return [head for (head,) in heads]


def drop_mail_files(db: sqlite3.Connection) -> None:
    """Delete outbox files whose signature was withdrawn or removed, or that no row of the queue
    owns any longer. Raises ``OSError`` and ``sqlite3.Error``."""
    files = {
        found[1]: path
        for path in (_path(db).parent / "outbox").glob("*.eml")
        if (found := _MAIL_FILE.search(path.name))
    }
    if not files:
        return
    owned = {
        number for (number,) in db.execute(
            "SELECT m.id FROM outbound m LEFT JOIN signatures s ON s.receipt = m.receipt"
            " WHERE m.receipt IS NULL OR s.withdrawn = 0"
        )
    }  # fmt: skip
    for number in files.keys() - owned:
        files[number].unlink(missing_ok=True)


_MAIL_FILE = re.compile(r"-([0-9a-f]{32})\.eml$")


def _path(db: sqlite3.Connection) -> Path:
    return Path(db.execute("PRAGMA database_list").fetchone()[2])


def _erase_from_files(db: sqlite3.Connection, gone: Sequence[bytes]) -> bool:
    """Truncate the WAL, and vacuum if the file may still hold deleted data; True when clean."""
    if not empty_log(db, READER_SECONDS):
        return False
    path, waits = _path(db), waits_to_be_erased(db)
    if not waits and len(gone) <= MOST_SEARCHED and not (gone and scan_files(path, gone)["marks"]):
        return True
    # What an earlier attempt was searching for is no longer known, so rewrite the whole file.
    if path.stat().st_size > LARGEST_VACUUM:
        return False
    db.execute("VACUUM")
    if not empty_log(db, READER_SECONDS):
        return False
    if waits:
        _mark_erased(db)
    return True


def _mark_erased(db: sqlite3.Connection) -> None:
    with writing(db):
        db.execute("DELETE FROM unerased")


def _retry_later(path: Path) -> None:
    """Retry in a thread until it succeeds. A large file is left to the daily purge."""
    if not _retrying.acquire(blocking=False):
        return

    def work() -> None:
        try:
            while path.stat().st_size <= LARGEST_VACUUM:
                time.sleep(RETRY_SECONDS)
                with suppress(NotStoredError, sqlite3.Error), closing(open_database(path)) as db:
                    if _erase_from_files(db, ()):
                        return
        except OSError:  # the folder is gone, as at the end of a test
            return
        finally:
            _retrying.release()

    threading.Thread(target=work, name="erase", daemon=True).start()


_retrying = threading.Lock()


def blank_what_was_deleted(db: sqlite3.Connection) -> bool:
    """Truncate the WAL, and vacuum if the raw bytes of the file still hold deleted data.

    False if a long read prevents that.
    """
    drop_mail_files(db)
    if not empty_log(db):
        return False
    if waits_to_be_erased(db) or traces(db, _path(db)):
        db.execute("VACUUM")
    if not empty_log(db):
        return False
    if waits_to_be_erased(db):
        _mark_erased(db)
    return True


def empty_log(db: sqlite3.Connection, seconds: float = BUSY_SECONDS) -> bool:
    """Checkpoint the WAL and truncate it; False if a long read prevents that.

    A program that replicates the WAL (Litestream) keeps a read open, so SQLite never truncates
    it. That program does let the WAL restart, and then the old frames behind the new ones are cut
    off here. A restart needs a write, so if there is none, one is made here.
    """
    path, began = _path(db), time.monotonic()
    before, nudged = _log_salt(path), False
    try:
        while True:
            db.execute("PRAGMA busy_timeout=25").close()  # writers are blocked while it waits
            with suppress(sqlite3.OperationalError):  # another checkpoint is running
                if not db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                    return True
                if _log_salt(path) != before:
                    _truncate_log(db, path)
                    return True
            waited = time.monotonic() - began
            if waited > seconds:
                return False
            if waited > NUDGE_SECONDS and not nudged:
                nudged = True
                with suppress(NotStoredError), writing(db, wait=0.1):
                    db.execute("UPDATE site SET value = value WHERE name = 'id'")
            time.sleep(0.02)
    finally:
        db.execute(WAIT_WHEN_BUSY).close()


def _log_salt(path: Path) -> bytes:
    """The salt in the WAL's header, which changes when it restarts; nothing for an empty WAL."""
    with Path(f"{path}-wal").open("rb") as file:
        return file.read(32)[16:24]


def _truncate_log(db: sqlite3.Connection, path: Path) -> None:
    """Cut off the frames left over from before the WAL restarted. SQLite does the same, under the
    same lock, for ``journal_size_limit``."""
    db.execute("BEGIN IMMEDIATE")
    try:
        with Path(f"{path}-wal").open("r+b") as file:
            salt, place = file.read(32)[16:24], 32
            if not salt:  # another process has truncated it
                return
            while os.pread(file.fileno(), 16, place)[8:] == salt:
                place += FRAME + PAGE
            file.truncate(place)
    finally:
        db.execute("ROLLBACK")


def scan_files(path: Path, marks: Sequence[bytes] = ()) -> dict[str, Any]:
    """Heads of boxes, unclean free pages and marks in the raw files; see ``raw_scan.scan``."""
    # In a separate process: see raw_scan.
    script = str(Path(raw_scan.__file__))
    answer = subprocess.run(  # noqa: S603 - our own file and our own database
        [sys.executable, "-I", "-S", script, str(path)],
        input=json.dumps([mark.hex() for mark in marks]),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def traces(db: sqlite3.Connection, path: Path) -> list[str]:
    """Sentences about data in the raw files that no row owns.

    Looks up to three times, because signatures that arrive during a scan look like such data.
    """
    problems: list[str] = []
    for wait in (0.0, 0.3, 1.0):
        time.sleep(wait)
        found = scan_files(path)
        boxes = db.execute(
            "SELECT hex(substr(box, 1, 40)) FROM sealed"
            " UNION ALL SELECT hex(substr(box, 1, 40)) FROM kept_letters"
        )
        heads = {row[0] for row in boxes}
        stray = [head for head in found["heads"] if head.upper() not in heads]
        problems = []
        if stray:
            problems.append(
                f"The raw database file has {len(stray)} sealed boxes that belong to no row."
            )
        if found["unclean"]:
            problems.append(f"{found['unclean']} free pages of the database file are not blank.")
        if not problems:
            break
        empty_log(db)
    return problems
