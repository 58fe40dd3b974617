"""Rooms for slow work: each has a fixed number of places and refuses callers when full.

A place is a locked file in ``instance/rooms/``, so all processes of a site share a room and the
kernel frees the place of a killed one. Each process also gives only a few of its threads to slow
work; the others are for reading and signing. The longest work (books, whole files, sheets of
signatures) runs in a subprocess: in a thread it would hold the interpreter lock, and its memory
would stay with the web process.
"""

from __future__ import annotations

import fcntl
import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, ParamSpec, TypeVar

from app.site.quiet import keep_no_cores
from app.site.settings import ROOT

RoomName = Literal["street", "books", "exports", "uploads", "checks"]

SIZES: dict[RoomName, int] = {"street": 8, "books": 1, "exports": 2, "uploads": 1, "checks": 2}
"""Places in each room: street look-ups, PDF books and packets, files of counts, sheets of paper
signatures, checks of a letter against the whole Congress."""
SLOW_THREADS = 2
"""Threads per process that may wait for a geocoder, and as many again for all other rooms. The
rest (``app.site.server.THREADS``) sign and read."""
LARGEST_FILE = 12 * 1024 * 1024
"""Bytes of an uploaded file with its form; a sheet of 50,000 rows is smaller."""

_for_streets = threading.BoundedSemaphore(SLOW_THREADS)
_for_the_rest = threading.BoundedSemaphore(SLOW_THREADS)

P = ParamSpec("P")
T = TypeVar("T")
NICENESS = 19
"""The niceness of subprocesses, which yields the CPU to web processes."""

full_at: Callable[[RoomName], object] = lambda _room: None  # noqa: E731
"""Called each time a room is full; the metrics replace it."""


class RoomFullError(Exception):
    """All places are taken. Nothing was started; a retry in two minutes makes sense."""

    def __init__(self, room: RoomName) -> None:
        super().__init__(room)
        self.room = room


class SubprocessEndedError(OSError):
    """A subprocess ended without a result: it was killed, took too long, or exceeded its
    memory."""


class Place:
    """A place in a room, acquired at once or not at all, and released by ``with`` or ``leave``.

    Raises ``RoomFullError``. Garbage collection releases it too.
    """

    def __init__(self, instance: Path, room: RoomName) -> None:
        self._held: tuple[threading.BoundedSemaphore, IO[bytes] | None] | None = None
        threads = _for_streets if room == "street" else _for_the_rest
        if not threads.acquire(blocking=False):
            full_at(room)
            raise RoomFullError(room)
        try:
            self._held = threads, _lock_a_file(instance / "rooms", room)
        except RoomFullError:
            threads.release()
            full_at(room)
            raise

    def leave(self) -> None:
        """Free the place. Idempotent."""
        if self._held:
            (threads, file), self._held = self._held, None
            if file:
                file.close()
            threads.release()

    __del__ = leave

    def __enter__(self) -> Place:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.leave()


def _lock_a_file(folder: Path, room: RoomName) -> IO[bytes] | None:
    """One of the room's files, locked; None where such files cannot be made."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        for number in range(SIZES[room]):
            file = (folder / f"{room}.{number}").open("ab")
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return file
            file.close()
    except OSError:  # the disk is full or read-only: the semaphores still limit
        return None
    raise RoomFullError(room)


@dataclass(frozen=True, slots=True)
class Subprocess:
    """Runs work in a subprocess, with its niceness and limits.

    ``work`` is a module-level function whose arguments and results can be pickled. Starting takes
    as long as importing its module. Raises ``SubprocessEndedError``, or ``MemoryError`` if Python
    itself runs out of memory.
    """

    nice: int = NICENESS
    memory: int = 0
    """The subprocess's address space in bytes; 0 for no limit."""
    seconds: int = 0
    """After which it is killed; 0 for never."""

    def __call__(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Return or raise what ``work`` does."""
        (answer,) = self._values_of(work, args, named)
        return answer  # type: ignore[no-any-return]

    def pieces(
        self, work: Callable[P, Iterator[T]], *args: P.args, **named: P.kwargs
    ) -> Generator[T, None, None]:
        """Yield the pieces that ``work`` yields. Closing the generator ends the subprocess."""
        return self._values_of(work, args, named)

    def _values_of(
        self, work: Callable[..., object], args: tuple[Any, ...], named: dict[str, Any]
    ) -> Generator[Any, None, None]:
        bounds = map(str, (self.nice, self.memory, self.seconds))
        command = [sys.executable, "-m", "app.site.rooms", *bounds]
        with subprocess.Popen(  # noqa: S603 - a fixed command
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            assert process.stdin
            assert process.stdout
            try:
                with process.stdin:
                    pickle.dump((work, args, named), process.stdin)
                while True:
                    kind, value = pickle.load(process.stdout)  # noqa: S301 - from our own process
                    if kind == "end":
                        return
                    if kind == "error":
                        raise value
                    yield value
            except (EOFError, BrokenPipeError, pickle.UnpicklingError):
                raise SubprocessEndedError("a subprocess ended without an answer") from None
            finally:
                process.kill()


in_subprocess = Subprocess()
pieces_from_subprocess = in_subprocess.pieces


def _run_subprocess(bounds: Subprocess) -> None:
    """The subprocess's side, over standard input and output."""
    os.nice(bounds.nice)
    with suppress(OSError):  # out of memory, the kernel kills this before a web process
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")
    keep_no_cores()
    if bounds.memory:
        with suppress(OSError, ValueError):  # not on every system
            resource.setrlimit(resource.RLIMIT_AS, (bounds.memory, bounds.memory))
    signal.alarm(bounds.seconds)  # unhandled, so the kernel ends the process
    work, args, named = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own process
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a print must not become part of the answer

    def send(kind: str, value: object = None) -> None:
        pickle.dump((kind, value), answer)
        answer.flush()

    try:
        result = work(*args, **named)
        for value in result if isinstance(result, Iterator) else (result,):
            send("value", value)
        send("end")
    except Exception as error:  # noqa: BLE001 - the caller's process raises it
        send("error", error)


if __name__ == "__main__":
    _run_subprocess(Subprocess(*map(int, sys.argv[1:])))
