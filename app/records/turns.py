"""Whose turn it is to write, among the threads of one process.

SQLite has one lock for everybody who writes, and no queue before it. Here the threads of a process
form one (``Turn``), so that only the first of them asks for the lock. Those who only want to add
something small need not even have it: the first does their work with its own (``SharedWrites``).
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
PATIENT = f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}"
HASTY = "PRAGMA busy_timeout=0"
STUCK_SECONDS = 3.0
"""When the first in this process has waited so long for the lock, nobody stands behind it; where
several do, sooner: as many times as they are."""
LOOK_SECONDS = 0.004
"""Between two looks whether the lock is free, where nobody rings (``_Bell``). SQLite itself looks
ever more seldom, up to ten times a second, so that who came first may wait long while others pass.
"""


class _Bell:
    """Rung by whoever has written, and heard by all processes that were forked from one: they need
    not look again and again for the lock. Nothing depends on it: other programs do not ring."""

    def __init__(self) -> None:
        self._heard, self._rope = os.pipe()
        for end in (self._heard, self._rope):
            os.set_blocking(end, False)

    def ring(self) -> None:
        with suppress(BlockingIOError):  # full: nobody has waited for a long time
            os.write(self._rope, b"!")

    def wait(self, seconds: float) -> None:
        """Until it rings, or has rung since somebody waited last; at most so long."""
        ears = select.poll()
        ears.register(self._heard, select.POLLIN)
        if ears.poll(1000 * seconds):
            with suppress(BlockingIOError):  # another one took it
                os.read(self._heard, 4096)


_bell = _Bell()


class Turn:
    """One thread asks SQLite for its lock, which other processes want too; the others stand behind
    it here. When somebody holds the lock for long, waiting behind would take every thread from
    those who only read. Then all but the first are told at once, and as long as no write came
    through, so is everybody who comes.
    """

    def __init__(self) -> None:
        self._ours = threading.RLock()
        self._since = 0.0
        """When the lock was first asked for in vain; 0 where the last one had it."""
        self._behind = 0

    def begin(self, db: sqlite3.Connection, wait: float, *, hasty: bool = False) -> None:
        """Begin a transaction with the lock; ``end`` must follow. Raises ``sqlite3.Error``.

        ``hasty``: the connection never waits for the lock by itself, so it need not be told.
        """
        deadline = time.monotonic() + wait
        if not self._ours.acquire(blocking=False):
            self.stand_behind(lambda seconds: self._ours.acquire(timeout=seconds), deadline)
        try:
            self._since = self._since or time.monotonic()
            _begin(db, deadline, hasty=hasty)
            self._since = 0.0
        except BaseException:
            self._ours.release()
            raise

    def stand_behind(self, comes: Callable[[float], bool], deadline: float) -> None:
        """Wait until something comes, which is asked with how many seconds it may take. Raises
        ``sqlite3.OperationalError`` where that is of no use."""
        self._behind += 1
        try:
            while not comes(max(0, min(deadline - time.monotonic(), 0.1))):
                now, since = time.monotonic(), self._since
                if now >= deadline or (since and (now - since) * self._behind > STUCK_SECONDS):
                    raise sqlite3.OperationalError("database is locked")
        finally:
            self._behind -= 1

    def end(self) -> None:
        """Let the next one write."""
        self._ours.release()
        _bell.ring()


def _begin(db: sqlite3.Connection, deadline: float, *, hasty: bool) -> None:
    """Take the write lock, or raise what SQLite says when the deadline has passed."""
    if not hasty:
        db.execute(HASTY).close()
    try:
        while True:
            try:
                db.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                if time.monotonic() >= deadline:
                    raise
            _bell.wait(LOOK_SECONDS)
    finally:
        if not hasty:
            db.execute(PATIENT).close()


_Transaction = Callable[[sqlite3.Connection], AbstractContextManager[None]]


@dataclass(eq=False, slots=True)
class _Wish:
    """What one thread wants to have written."""

    work: Callable[[sqlite3.Connection], object]
    context: Context = field(default_factory=copy_context)
    told: threading.Event = field(default_factory=threading.Event)
    """Set once it is done, or its thread is the one to do it."""
    leads: bool = False
    result: object = None
    error: BaseException | None = None

    def do(self, db: sqlite3.Connection) -> None:
        self.result = self.context.run(self.work, db)


class SharedWrites:
    """Work that waits for the lock at the same moment, and is done in one transaction.

    The first to come leads: when it has the lock, it does all that is wished by then, and tells
    each who wished it. Who came meanwhile goes on with the first of them in the lead.
    """

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._guard = threading.Lock()
        self._wishes: list[_Wish] = []
        self._led = False

    def write(
        self,
        db: sqlite3.Connection,
        work: Callable[[sqlite3.Connection], T],
        *,
        transaction: _Transaction,
        wait: float,
    ) -> T:
        """What ``work`` returns, once a ``transaction`` that it was done in has ended.

        Raises what ``work`` or the transaction raises, and ``sqlite3.OperationalError`` after
        ``wait`` seconds, or at once where others wait in vain.
        """
        wish = _Wish(work)
        with self._guard:
            self._wishes.append(wish)
            wish.leads, self._led = not self._led, True
        if not wish.leads:
            self._stand_behind(wish, time.monotonic() + wait)
        if wish.leads:
            self._lead(db, wish, transaction)
        if wish.error is not None:
            raise wish.error
        return cast(T, wish.result)

    def _stand_behind(self, wish: _Wish, deadline: float) -> None:
        try:
            self._turn.stand_behind(wish.told.wait, deadline)
        except sqlite3.OperationalError:
            with self._guard:
                if wish in self._wishes and not wish.leads:
                    self._wishes.remove(wish)
                    raise
            wish.told.wait()  # it is being written at this moment

    def _lead(self, db: sqlite3.Connection, own: _Wish, transaction: _Transaction) -> None:
        taken = [own]
        try:
            with transaction(db):
                with self._guard:
                    taken, self._wishes = self._wishes, []
                for wish in taken:
                    wish.do(db)
        except BaseException as error:  # noqa: BLE001 - raised again in the threads that wished
            if len(taken) > 1 and isinstance(error, Exception):
                for wish in taken:
                    self._do_alone(db, wish, transaction)
            else:
                for wish in taken:
                    wish.error = error
        finally:
            with self._guard:
                self._wishes = [wish for wish in self._wishes if wish is not own]
                following = self._wishes[:1]
                self._led = bool(following)
                for wish in following:
                    wish.leads = True
            for wish in (*taken, *following):
                wish.told.set()

    def _do_alone(self, db: sqlite3.Connection, wish: _Wish, transaction: _Transaction) -> None:
        try:
            with transaction(db):
                wish.do(db)
        except Exception as error:  # noqa: BLE001 - raised again in the thread that wished it
            wish.error = error
