"""Counters for limits in a small SQLite file of its own, shared by all workers.

A storage for the ``limits`` package, which has none for SQLite. Losing the file loses
nothing but a few minutes' counts, so a commit does not wait for the disk and a damaged
file is replaced. Keys come in already hashed; expired counters are deleted as others are
written.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from math import floor
from pathlib import Path
from typing import TypeVar

from limits.storage import SlidingWindowCounterSupport, Storage
from limits.storage.base import TimestampedSlidingWindow

SWEEP_EVERY = 60.0
"""Seconds between two deletions of expired counters, in each process."""
BUSY_SECONDS = 2.0

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS counters (key TEXT PRIMARY KEY, count INTEGER NOT NULL,"
    " expires REAL NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS counters_expire ON counters (expires)",
)

T = TypeVar("T")


class SQLiteStorage(Storage, SlidingWindowCounterSupport, TimestampedSlidingWindow):
    """``sqlite:////path/to/limits.db`` for ``limits``: fixed windows and sliding counters.

    Every change is one transaction that takes the write lock first, so that workers never
    lose a count. Each thread of each process has its own connection.
    """

    STORAGE_SCHEME = ["sqlite"]  # noqa: RUF012 - declared so by the package

    def __init__(
        self, uri: str, wrap_exceptions: bool = False, **_options: float | str | bool
    ) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self.path = Path(uri.removeprefix("sqlite://"))
        self._local = threading.local()
        self._next_sweep = 0.0

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        return (sqlite3.Error, OSError)

    # What the package asks of every storage

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = time.time()
        return self._safely(lambda db: self._add(db, key, now, now + expiry, amount))

    def get(self, key: str) -> int:
        now = time.time()
        return self._safely(lambda db: self._read(db, key, now)[0], write=False)

    def get_expiry(self, key: str) -> float:
        now = time.time()
        return self._safely(lambda db: self._read(db, key, now)[1] or now, write=False)

    def check(self) -> bool:
        """Whether counters can be written."""
        try:
            self.sweep()
        except self.base_exceptions:
            return False
        return True

    def reset(self) -> int | None:
        return self._safely(lambda db: db.execute("DELETE FROM counters").rowcount)

    def clear(self, key: str) -> None:
        self._safely(lambda db: db.execute("DELETE FROM counters WHERE key = ?", (key,)))

    # Sliding windows: this window's count and a falling share of the one before

    def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        now = time.time()

        def acquire(db: sqlite3.Connection) -> bool:
            before, before_left, count, _ = self._window(db, key, expiry, now)
            if floor(before * before_left / expiry + count) + amount > limit:
                return False
            # Until the end of the next window: there it is the one before.
            ends = (now // expiry + 2) * expiry
            self._add(db, self.sliding_window_keys(key, expiry, now)[1], now, ends, amount)
            return True

        return self._safely(acquire)

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        now = time.time()
        return self._safely(lambda db: self._window(db, key, expiry, now), write=False)

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        for name in self.sliding_window_keys(key, expiry, time.time()):
            self.clear(name)

    def _window(
        self, db: sqlite3.Connection, key: str, expiry: int, now: float
    ) -> tuple[int, float, int, float]:
        before_key, key = self.sliding_window_keys(key, expiry, now)
        before, _ = self._read(db, before_key, now)
        count, expires = self._read(db, key, now)
        # From the clock, not from when the first entry came: windows start at fixed moments.
        left = expiry - now % expiry
        return before, left if before else 0.0, count, max(0.0, expires - now)

    # Rows

    def _read(self, db: sqlite3.Connection, key: str, now: float) -> tuple[int, float]:
        row = db.execute(
            "SELECT count, expires FROM counters WHERE key = ? AND expires > ?", (key, now)
        ).fetchone()
        return (row[0], row[1]) if row else (0, 0.0)

    def _add(self, db: sqlite3.Connection, key: str, now: float, ends: float, amount: int) -> int:
        row = db.execute(
            "INSERT INTO counters (key, count, expires) VALUES (?1, ?2, ?3)"
            " ON CONFLICT (key) DO UPDATE SET"
            " count = CASE WHEN expires > ?4 THEN count + ?2 ELSE ?2 END,"
            " expires = CASE WHEN expires > ?4 THEN expires ELSE ?3 END"
            " RETURNING count",
            (key, amount, ends, now),
        ).fetchone()
        return int(row[0])

    def sweep(self, now: float | None = None) -> int:
        """Delete expired counters; returns how many."""
        moment = time.time() if now is None else now
        return self._safely(
            lambda db: db.execute("DELETE FROM counters WHERE expires <= ?", (moment,)).rowcount
        )

    # Connections

    def _safely(self, work: Callable[[sqlite3.Connection], T], *, write: bool = True) -> T:
        """Do ``work`` in one transaction; a damaged file is replaced once, and tried again."""
        try:
            return self._transact(work, write)
        except sqlite3.OperationalError:
            raise  # busy, or no room: the file itself is sound
        except sqlite3.DatabaseError:
            self.close()
            for end in ("", "-wal", "-shm"):
                Path(f"{self.path}{end}").unlink(missing_ok=True)
            return self._transact(work, write)

    def _transact(self, work: Callable[[sqlite3.Connection], T], write: bool) -> T:
        db = self._connection()
        if not write:  # both windows are read at one moment, and nobody is kept waiting
            db.execute("BEGIN")
            try:
                return work(db)
            finally:
                if db.in_transaction:
                    db.execute("ROLLBACK")
        db.execute("BEGIN IMMEDIATE")
        try:
            now = time.time()
            if now >= self._next_sweep:
                self._next_sweep = now + SWEEP_EVERY
                db.execute("DELETE FROM counters WHERE expires <= ?", (now,))
            answer = work(db)
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        return answer

    def _connection(self) -> sqlite3.Connection:
        kept: tuple[int, sqlite3.Connection] | None = getattr(self._local, "kept", None)
        if kept is None or kept[0] != os.getpid():  # a connection never crosses a fork
            self._local.kept = kept = (os.getpid(), self._open())
        return kept[1]

    def _open(self) -> sqlite3.Connection:
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        db = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            deadline = time.monotonic() + BUSY_SECONDS
            while db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                try:  # SQLite does not wait for others here, so we do
                    db.execute("PRAGMA journal_mode=WAL").fetchone()
                except sqlite3.OperationalError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.01)
            db.execute("PRAGMA synchronous=OFF")
            db.execute("PRAGMA secure_delete=ON")
            db.execute("PRAGMA journal_size_limit=1048576")
            for statement in _SCHEMA:
                db.execute(statement)
        except BaseException:
            db.close()
            raise
        return db

    def close(self) -> None:
        """Close this thread's connection, if it has one."""
        kept: tuple[int, sqlite3.Connection] | None = getattr(self._local, "kept", None)
        if kept is not None and kept[0] == os.getpid():
            kept[1].close()
        self._local.kept = None
