"""Lines up the threads of one process that want to write.

SQLite has a single write lock and no queue for it. Here the threads of a process form a queue
(``Turn``), and only the first one competes for the lock. A thread with a small write need not take
the lock at all: the first thread runs that write in its own transaction (``SharedWrites``).
"""

from __future__ import annotations

import os
import select
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import TypeVar, cast

T = TypeVar("T")

BUSY_SECONDS = 10.0
"""How long a connection waits for another writer. A write takes about a millisecond."""
WAIT_WHEN_BUSY = f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}"
FAIL_WHEN_BUSY = "PRAGMA busy_timeout=0"
STUCK_SECONDS = 3.0
"""Once the first thread has waited this long for the lock, with nothing written by others, a thread
behind it gives up; if there are n behind it, they give up after 1/n of this."""
SLOW_SECONDS = 0.5
"""But never sooner than this: a flush to a busy disk can take a tenth of a second or more."""
POLL_SECONDS = 0.004
"""How often to retry the lock when no ``_Doorbell`` rings. SQLite's own retries back off to ten a
second, so the thread that came first could wait a long time while later ones get in."""


class _Doorbell:
    """Wakes waiting threads after a write, in every process forked from the same parent, so that
    they need not poll for the lock. Correctness never depends on it: other programs write without
    ringing."""

    def __init__(self) -> None:
        self._read_end, self._write_end = os.pipe()
        for end in (self._read_end, self._write_end):
            os.set_blocking(end, False)

    def notify(self) -> None:
        with suppress(BlockingIOError):  # full: no one has waited for a long time
            os.write(self._write_end, b"!")

    def wait(self, seconds: float) -> None:
        """Wait at most ``seconds`` for a notification. One that came since the last wait counts."""
        poller = select.poll()
        poller.register(self._read_end, select.POLLIN)
        if poller.poll(1000 * seconds):
            with suppress(BlockingIOError):  # another process read it first
                os.read(self._read_end, 4096)


_doorbell = _Doorbell()


class Turn:
    """A line in front of SQLite's write lock: one thread competes with other processes for the
    lock, and the rest wait here.

    When another process holds the lock for a long time, a long line would use up every thread,
    and readers would get none. So all but the first thread fail fast then, and so does every new
    one behind it, until a write gets through or the line is empty.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._blocked_since = 0.0
        """When the wait for SQLite's lock began, or another process last committed during it; 0 if
        no thread is waiting for it."""
        self._waiting = 0

    def begin(self, db: sqlite3.Connection, wait: float, *, never_waits: bool = False) -> None:
        """Begin a transaction that holds the write lock; ``end`` must follow.

        ``never_waits``: the connection has no busy timeout of its own, so none has to be switched
        off here. Raises ``sqlite3.Error``.
        """
        deadline = time.monotonic() + wait
        if not self._lock.acquire(blocking=False):
            self.wait_in_line(lambda seconds: self._lock.acquire(timeout=seconds), deadline)
        try:
            self._compete(db, deadline, never_waits=never_waits)
            self._blocked_since = 0.0
        except BaseException:
            if not self._waiting:  # the next wait, perhaps much later, begins anew
                self._blocked_since = 0.0
            self._lock.release()
            raise

    def _compete(self, db: sqlite3.Connection, deadline: float, *, never_waits: bool) -> None:
        """Take the write lock; once the deadline has passed, raise SQLite's own error."""
        if not never_waits:
            db.execute(FAIL_WHEN_BUSY).close()
        try:
            seen = None
            while True:
                try:
                    db.execute("BEGIN IMMEDIATE")
                    return
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                        raise
                    if time.monotonic() >= deadline:
                        raise
                # As long as other processes commit, the lock is busy but not stuck.
                [(version,)] = db.execute("PRAGMA data_version").fetchall()
                if not self._blocked_since or seen not in (None, version):
                    self._blocked_since = time.monotonic()
                seen = version
                _doorbell.wait(POLL_SECONDS)
        finally:
            if not never_waits:
                db.execute(WAIT_WHEN_BUSY).close()

    def wait_in_line(self, attempt: Callable[[float], bool], deadline: float) -> None:
        """Call ``attempt`` with a timeout in seconds until it returns True.

        Raises ``sqlite3.OperationalError`` at the deadline, or sooner when the line is stuck.
        """
        self._waiting += 1
        try:
            while not attempt(max(0, min(deadline - time.monotonic(), 0.1))):
                now, since = time.monotonic(), self._blocked_since
                stuck = max(STUCK_SECONDS / self._waiting, SLOW_SECONDS)
                if now >= deadline or (since and now - since > stuck):
                    raise sqlite3.OperationalError("database is locked")
        finally:
            self._waiting -= 1

    def end(self) -> None:
        """Let the next thread write."""
        self._lock.release()
        _doorbell.notify()


_Transaction = Callable[[sqlite3.Connection], AbstractContextManager[None]]


@dataclass(eq=False, slots=True)
class _PendingWrite:
    """One thread's write, until it is done."""

    work: Callable[[sqlite3.Connection], object]
    context: Context = field(default_factory=copy_context)
    ready: threading.Event = field(default_factory=threading.Event)
    """Set when the write is done, or when its own thread is to lead."""
    leads: bool = False
    result: object = None
    error: BaseException | None = None

    def run(self, db: sqlite3.Connection) -> None:
        self.result = self.context.run(self.work, db)


class SharedWrites:
    """Batches the writes that are waiting for the lock into one transaction.

    The first thread leads: once it has the lock, it runs every write that is pending and wakes
    the threads that asked for them. Of the threads that arrived meanwhile, the first leads next.
    """

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._guard = threading.Lock()
        self._pending: list[_PendingWrite] = []
        self._has_leader = False

    def write(
        self,
        db: sqlite3.Connection,
        work: Callable[[sqlite3.Connection], T],
        *,
        transaction: _Transaction,
        wait: float,
    ) -> T:
        """What ``work`` returns, once the ``transaction`` that it ran in has committed.

        Raises what ``work`` or the transaction raises, and ``sqlite3.OperationalError`` after
        ``wait`` seconds, or sooner when the line is stuck.
        """
        own = _PendingWrite(work)
        with self._guard:
            self._pending.append(own)
            own.leads, self._has_leader = not self._has_leader, True
        if not own.leads:
            self._wait_until_ready(own, time.monotonic() + wait)
        if own.leads:
            self._lead(db, own, transaction)
        if own.error is not None:
            raise own.error
        return cast(T, own.result)

    def _wait_until_ready(self, own: _PendingWrite, deadline: float) -> None:
        try:
            self._turn.wait_in_line(own.ready.wait, deadline)
        except sqlite3.OperationalError:
            with self._guard:
                if own in self._pending and not own.leads:
                    self._pending.remove(own)
                    raise
            own.ready.wait()  # a leader has taken it: its outcome is moments away

    def _lead(self, db: sqlite3.Connection, own: _PendingWrite, transaction: _Transaction) -> None:
        batch = [own]
        try:
            with transaction(db):
                with self._guard:
                    batch, self._pending = self._pending, []
                for write in batch:
                    write.run(db)
        except BaseException as error:  # noqa: BLE001 - raised again in the threads that asked
            if len(batch) > 1 and isinstance(error, Exception):
                for write in batch:
                    self._run_alone(db, write, transaction)
            else:
                for write in batch:
                    write.error = error
        finally:
            with self._guard:
                self._pending = [write for write in self._pending if write is not own]
                following = self._pending[:1]
                self._has_leader = bool(following)
                for write in following:
                    write.leads = True
            for write in (*batch, *following):
                write.ready.set()

    def _run_alone(
        self, db: sqlite3.Connection, write: _PendingWrite, transaction: _Transaction
    ) -> None:
        try:
            with transaction(db):
                write.run(db)
        except Exception as error:  # noqa: BLE001 - raised again in the thread that asked
            write.error = error
