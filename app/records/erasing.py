"""What was deleted is gone from the files too: from the log, from free pages, from their gaps.

``secure_delete`` overwrites a deleted row in its page, but the log keeps earlier states of that
page until it is emptied, and a row that SQLite moved between pages may leave a copy in the gap
of the old one. So whoever deletes something calls ``erase`` afterwards, with the bytes that have
to be gone: it empties the log, looks for them, and rewrites the file where they are still there.
With it go the messages that a site without a mail server wrote into files, where their act is gone.

Emptying the log waits for whoever is reading at that moment, for two seconds at most. Where
that is not enough it is noted in ``unerased``, so that pages can say so, and tried again.
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
from app.records.turns import BUSY_SECONDS, PATIENT

WAIT = 2.0
"""Seconds that a request waits for readers."""
STIR = 0.5
"""Seconds that a log is given to begin anew by itself."""
AGAIN = 20.0
"""Seconds between two tries afterwards, in a thread of this process."""
LARGE = 256 << 20
"""Bytes. A larger file is not rewritten while a request waits, but by the daily purge."""
MANY = 64
"""Pieces of bytes. To look for more of them takes longer than to rewrite the file."""


def erase(db: sqlite3.Connection, gone: Sequence[bytes] = ()) -> bool:
    """Blank what was deleted before: True when none of it is in the files any more.

    ``gone`` are bytes that were deleted, to look for. False where that could not be done now,
    mostly because somebody has been reading for long: then it is tried again, and
    ``waits_to_be_erased`` until it is done. Call it outside any transaction. Never raises.
    """
    with suppress(NotStoredError, sqlite3.Error, OSError, subprocess.SubprocessError):
        drop_mail_files(db)
        if _blank(db, gone):
            return True
    with suppress(NotStoredError, sqlite3.Error), writing(db):
        db.execute("INSERT OR IGNORE INTO unerased (id) VALUES (1)")
    _later(_path(db))
    return False


def waits_to_be_erased(db: sqlite3.Connection) -> bool:
    """Whether the files may still hold something that was deleted."""
    return db.execute("SELECT 1 FROM unerased").fetchone() is not None


def codes_of(db: sqlite3.Connection, condition: str, values: Sequence[object]) -> list[bytes]:
    """All that names somebody in the signatures that a condition in SQL selects: their codes and
    the heads of their boxes, to look for once they are deleted."""
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
    """The beginnings of the boxes in one table that belong to such signatures."""
    heads = db.execute(
        f"SELECT substr(b.box, 1, {raw_scan.HEAD}) FROM {table} b"  # noqa: S608
        f" JOIN signatures s ON s.id = b.signature WHERE {condition}",
        values,
    )
    return [head for (head,) in heads]


def drop_mail_files(db: sqlite3.Connection) -> None:
    """Delete the messages in the outbox whose act was taken back or removed, or that no row of
    the queue owns any more. Raises ``OSError`` and ``sqlite3.Error``."""
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


def _blank(db: sqlite3.Connection, gone: Sequence[bytes]) -> bool:
    """Empty the log, and rewrite the file where it may hold more of what was deleted."""
    if not empty_log(db, WAIT):
        return False
    path, waits = _path(db), waits_to_be_erased(db)
    if not waits and len(gone) <= MANY and not (gone and scan_files(path, gone)["marks"]):
        return True
    # What an earlier try was to look for is not known any more, so all of it is rewritten.
    if path.stat().st_size > LARGE:
        return False
    db.execute("VACUUM")
    if not empty_log(db, WAIT):
        return False
    if waits:
        _note_done(db)
    return True


def _note_done(db: sqlite3.Connection) -> None:
    with writing(db):
        db.execute("DELETE FROM unerased")


def _later(path: Path) -> None:
    """Try again from a thread, until it is done. A large file is left to the daily purge."""
    if not _trying.acquire(blocking=False):
        return

    def work() -> None:
        try:
            while path.stat().st_size <= LARGE:
                time.sleep(AGAIN)
                with suppress(NotStoredError, sqlite3.Error), closing(open_database(path)) as db:
                    if _blank(db, ()):
                        return
        except OSError:  # the folder is gone, as at the end of a test
            return
        finally:
            _trying.release()

    threading.Thread(target=work, name="erase", daemon=True).start()


_trying = threading.Lock()


def blank_what_was_deleted(db: sqlite3.Connection) -> None:
    """Empty the log, and rewrite the file if its raw bytes still hold something deleted."""
    drop_mail_files(db)
    if empty_log(db):
        if waits_to_be_erased(db) or traces(db, _path(db)):
            db.execute("VACUUM")
        if empty_log(db) and waits_to_be_erased(db):
            _note_done(db)


def empty_log(db: sqlite3.Connection, seconds: float = BUSY_SECONDS) -> bool:
    """Move the log into the file and cut it to nothing; False when a long read prevents it.

    Where a program that copies the log (Litestream) reads all the time, SQLite never cuts it
    to nothing. That program lets it begin anew; then what is left of before is cut off here. It
    does so only when something was written: where nobody writes, that is done here too.
    """
    path, began = _path(db), time.monotonic()
    before, stirred = _mark_of_log(path), False
    try:
        while True:
            db.execute("PRAGMA busy_timeout=25").close()  # while it waits, nobody can write
            with suppress(sqlite3.OperationalError):  # another checkpoint is at work
                if not db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                    return True
                if _mark_of_log(path) != before:
                    _cut_log(db, path)
                    return True
            waited = time.monotonic() - began
            if waited > seconds:
                return False
            if waited > STIR and not stirred:
                stirred = True
                with suppress(NotStoredError), writing(db, wait=0.1):
                    db.execute("UPDATE site SET value = value WHERE name = 'id'")
            time.sleep(0.02)
    finally:
        db.execute(PATIENT).close()


def _mark_of_log(path: Path) -> bytes:
    """What marks the frames that the log got since it was begun anew; nothing where it is empty."""
    with Path(f"{path}-wal").open("rb") as file:
        return file.read(32)[16:24]


def _cut_log(db: sqlite3.Connection, path: Path) -> None:
    """Cut off what stands behind the frames of the log's present use. SQLite does the same, under
    the same lock, for ``journal_size_limit``."""
    db.execute("BEGIN IMMEDIATE")
    try:
        with Path(f"{path}-wal").open("r+b") as file:
            mark, place = file.read(32)[16:24], 32
            if not mark:  # somebody else cut it to nothing meanwhile
                return
            while os.pread(file.fileno(), 16, place)[8:] == mark:
                place += FRAME + PAGE
            file.truncate(place)
    finally:
        db.execute("ROLLBACK")


def scan_files(path: Path, marks: Sequence[bytes] = ()) -> dict[str, Any]:
    """Heads of boxes, unclean free pages and marks in the raw files; see ``raw_scan.scan``."""
    # In a program of its own: see raw_scan.
    script = str(Path(raw_scan.__file__))
    answer = subprocess.run(  # noqa: S603 - our own file and our own database
        [sys.executable, "-I", "-S", script, str(path)],
        input=json.dumps([mark.hex() for mark in marks]),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def traces(db: sqlite3.Connection, path: Path) -> list[str]:
    """Sentences about what the raw files hold that no row owns. Tried again: people sign."""
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
            problems.append(f"{len(stray)} sealed boxes are in the raw file that no row owns.")
        if found["unclean"]:
            problems.append(f"{found['unclean']} free pages of the file are not blank.")
        if not problems:
            break
        empty_log(db)
    return problems
