"""A large sheet of paper signatures: all or none, while people go on signing.

One transaction of 50,000 signatures would keep everybody else from writing for seconds. So a
large import stores a few hundred at a time and notes each in ``paper_pending`` in the same
transaction. When the last is stored the notes go; where that never happens, by an error or a
power cut, the noted signatures are removed: at once, by the site within the hour, or before the
next import begins.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.records.database import reading, writing
from app.records.paper import Added, Batch, note_batch, receipt_of, store_row
from app.records.paper_check import Good, PaperLetters

CHUNK = 400
PAUSE = 0.03
"""Seconds between two chunks in which other writers get their turn."""


def paper_lock(instance: Path) -> Path:
    """The file that lets one import work at a time, in a site's folder."""
    return instance / "paper-import.lock"


class ImportRunningError(Exception):
    """Another import is at work; nothing was stored."""


def import_steps(
    db: sqlite3.Connection,
    rows: Sequence[Good],
    batch: Batch,
    *,
    letters: PaperLetters,
    secret: bytes,
    lock: Path,
) -> Iterator[Added]:
    """Store every row and one audit event, or nothing in the end; yields the total so far.

    All is stored once the iterator has come to its end. Whoever stops asking for the next step
    (closes the iterator) stops the import, and what was stored is removed. The counts grow
    while it works. ``lock`` is a file that lets one import work at a time; another raises
    ``ImportRunningError``. Raises ``NotStoredError``.
    """
    total = Added(0, 0, 0)
    with _alone(lock):
        undo_unfinished(db)
        try:
            for start in range(0, len(rows), CHUNK):
                with writing(db):
                    for row in rows[start : start + CHUNK]:
                        added = store_row(db, row, batch, letters, secret)
                        if added.signatures:
                            _note(db, receipt_of(secret, row.person))
                        total = total.plus(added)
                yield total
                time.sleep(PAUSE)
            with writing(db):
                db.execute("DELETE FROM paper_pending")
                note_batch(db, batch, total)
        except BaseException:
            undo_unfinished(db)
            raise


def import_paper(
    db: sqlite3.Connection,
    rows: Sequence[Good],
    batch: Batch,
    *,
    letters: PaperLetters,
    secret: bytes,
    lock: Path,
    progress: Callable[[int], object] = lambda _done: None,
) -> Added:
    """All steps of ``import_steps``; ``progress`` is told how many rows are done."""
    total = Added(0, 0, 0)
    for total in import_steps(db, rows, batch, letters=letters, secret=secret, lock=lock):
        progress(total.signatures + total.before)
    return total


def undo_interrupted(db: sqlite3.Connection, lock: Path) -> int:
    """Remove what an import left that was killed; 0 where there is none or one is at work.

    Raises ``NotStoredError``.
    """
    with reading(db):
        if db.execute("SELECT 1 FROM paper_pending LIMIT 1").fetchone() is None:
            return 0
    try:
        with _alone(lock):
            return undo_unfinished(db)
    except ImportRunningError:
        return 0


def undo_unfinished(db: sqlite3.Connection) -> int:
    """Remove what an import stored that never came to its end; returns how many signatures."""
    removed = 0
    while pending := db.execute("SELECT receipt FROM paper_pending LIMIT ?", (CHUNK,)).fetchall():
        with writing(db):
            removed += db.executemany("DELETE FROM signatures WHERE receipt = ?", pending).rowcount
            db.executemany("DELETE FROM paper_pending WHERE receipt = ?", pending)
    return removed


def _note(db: sqlite3.Connection, receipt: bytes) -> None:
    db.execute("INSERT INTO paper_pending (receipt) VALUES (?)", (receipt,))


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One import at a time. The kernel lets go when a process is killed."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ImportRunningError(
                "Another import is at work. Wait until it has ended; nothing was added."
            ) from None
        yield
    finally:
        os.close(descriptor)
