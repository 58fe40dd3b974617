"""The one SQLite file: how every connection to it is opened, and how it is written to.

An acknowledged signature must survive a power cut, so every connection uses WAL with
``synchronous=FULL`` (the log is flushed before a commit returns). What is deleted is
overwritten (``secure_delete``), and nobody but the site's own user can read the file.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.records.migrations import migrate

Connection = sqlite3.Connection
"""What other packages call a connection, so that none of them needs SQLite itself."""

BUSY_SECONDS = 10.0
"""How long a connection waits for another writer. A write takes about a millisecond."""

SETTINGS = (
    f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}",
    "PRAGMA synchronous=FULL",
    "PRAGMA fullfsync=ON",  # macOS flushes to the disk itself only when asked; no effect elsewhere
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA journal_size_limit=67108864",  # after a long read the log shrinks to 64 MB again
)


class NotStoredError(Exception):
    """Nothing was written, and nothing that was there before is lost. Trying again is safe."""


def open_database(path: Path) -> sqlite3.Connection:
    """Open the database, making and migrating it where needed.

    The connection is in autocommit mode (``isolation_level=None``); write with ``writing``.
    It belongs to the thread that opened it. Several processes may call this at the same
    moment on a file that does not exist yet. Raises ``NotStoredError`` with a sentence for the
    operator when the file cannot be opened or comes from a newer version of the program.
    """
    try:
        _keep_private(path)
        db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise NotStoredError(f"Cannot open the database {path}: {error}.") from error
    try:
        for setting in SETTINGS:
            db.execute(setting).close()
        _use_wal(db)
        migrate(db)
    except sqlite3.Error as error:
        db.close()
        raise NotStoredError(f"Cannot use the database {path}: {error}.") from error
    except BaseException:
        db.close()
        raise
    return db


def _keep_private(path: Path) -> None:
    """Make the file with mode 0600, or take other people's rights to it away.

    SQLite gives its log files the rights of the main file. An existing file is never opened
    here: closing it again would drop the locks of this process's other connections.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o600)


def _use_wal(db: sqlite3.Connection) -> None:
    """Switch to WAL once. SQLite does not wait for other connections here, so we do."""
    deadline = time.monotonic() + BUSY_SECONDS
    while db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            db.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


_local = threading.local()


def local_database(path: Path) -> sqlite3.Connection:
    """This thread's own connection to ``path``, opened once and kept.

    A connection never crosses a fork: a child process opens its own. One that somebody closed
    is opened anew.
    """
    kept: dict[tuple[int, Path], sqlite3.Connection] = _local.__dict__.setdefault("kept", {})
    key = (os.getpid(), path)
    if key not in kept or _is_closed(kept[key]):
        kept[key] = open_database(path)
    return kept[key]


def _is_closed(db: sqlite3.Connection) -> bool:
    try:
        return db.total_changes < 0
    except sqlite3.ProgrammingError:
        return True


@contextmanager
def writing(db: sqlite3.Connection) -> Iterator[None]:
    """One short write transaction. When the block ends, what it wrote is on the disk.

    The write lock is taken at the start, so the block never fails half-way because another
    writer came first. Raises ``NotStoredError``, with everything undone, when the lock is not
    free within ``BUSY_SECONDS`` or the disk refuses.
    """
    try:
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
    except sqlite3.OperationalError as error:
        raise NotStoredError(f"Nothing was stored: {error}.") from error


@contextmanager
def reading(db: sqlite3.Connection) -> Iterator[None]:
    """One snapshot for several reads: all see the same moment, and no writer waits for them."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
