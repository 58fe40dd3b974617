"""Rooms for what is slow: each has so many places, and nobody stands in a queue before a door.

A place is a locked file in ``instance/rooms/``, so all processes of a site share a room, and the
kernel frees the place of one that was killed. Besides, a process gives only a few of its threads
to slow work of any kind: the others are for reading and signing. The longest work (books, whole
files, sheets of signatures) is done ``apart``: a thread beside it would get Python only now and
then, and its memory would be theirs.
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
"""Places in each room: look-ups of streets, PDF books and packets, files of counts, sheets of
paper signatures, checks of a letter against the whole Congress."""
IN_ONE_PROCESS = 2
"""Threads of a process that may wait for a geocoder, and as many again for all other rooms. A
process has more than both for those who sign and read (``app.site.server.THREADS``)."""
LARGEST_FILE = 12 * 1024 * 1024
"""Bytes of a file that an organizer may send, with its form: a sheet of 50,000 rows is smaller."""

_for_streets = threading.BoundedSemaphore(IN_ONE_PROCESS)
_for_the_rest = threading.BoundedSemaphore(IN_ONE_PROCESS)

P = ParamSpec("P")
T = TypeVar("T")
POLITE = 19
"""How much less of the processors work apart gets where others want them, as ``nice`` counts."""

full_at: Callable[[RoomName], object] = lambda _room: None  # noqa: E731
"""Told of each caller who found a room full, for whoever counts them."""


class RoomFullError(Exception):
    """All places are taken. Nothing was begun; trying again in two minutes is of use."""

    def __init__(self, room: RoomName) -> None:
        super().__init__(room)
        self.room = room


class EndedError(OSError):
    """Work apart ended without an answer: somebody killed it, it took too long, or it wanted
    more memory of the system than it may have."""


class Place:
    """A place in a room, taken at once or not at all; to be left, with ``with`` or by hand.

    Raises ``RoomFullError``. One that everybody forgot is free again.
    """

    def __init__(self, instance: Path, room: RoomName) -> None:
        self._held: tuple[threading.BoundedSemaphore, IO[bytes] | None] | None = None
        threads = _for_streets if room == "street" else _for_the_rest
        if not threads.acquire(blocking=False):
            full_at(room)
            raise RoomFullError(room)
        try:
            self._held = threads, _locked(instance / "rooms", room)
        except RoomFullError:
            threads.release()
            full_at(room)
            raise

    def leave(self) -> None:
        """Free the place; once is enough."""
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


def _locked(folder: Path, room: RoomName) -> IO[bytes] | None:
    """A file of the room that nobody else has; None where this site cannot have such files."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        for number in range(SIZES[room]):
            file = (folder / f"{room}.{number}").open("ab")
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return file
            file.close()
    except OSError:  # the disk is full or read-only: the threads are counted all the same
        return None
    raise RoomFullError(room)


@dataclass(frozen=True, slots=True)
class Apart:
    """How work is done in a process of its own: how far it gives way, and what ends it.

    ``work`` is a function of a module; what it takes and gives must be such that ``pickle`` can
    carry it. Beginning costs as long as loading that module does. Raises ``EndedError``, and
    ``MemoryError`` where Python itself was refused memory.
    """

    nice: int = POLITE
    memory: int = 0
    """Bytes that the process may have in all; 0 for as many as there are."""
    seconds: int = 0
    """After which it is ended, whatever it does; 0 for never."""

    def __call__(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """What ``work`` returns or raises."""
        (answer,) = self._values_of(work, args, named)
        return answer  # type: ignore[no-any-return]

    def pieces(
        self, work: Callable[P, Iterator[T]], *args: P.args, **named: P.kwargs
    ) -> Generator[T, None, None]:
        """The same for work that gives pieces one by one. Whoever stops asking for them ends it."""
        return self._values_of(work, args, named)

    def _values_of(
        self, work: Callable[..., object], args: tuple[Any, ...], named: dict[str, Any]
    ) -> Generator[Any, None, None]:
        bounds = map(str, (self.nice, self.memory, self.seconds))
        command = [sys.executable, "-m", "app.site.rooms", *bounds]
        with subprocess.Popen(  # noqa: S603 - our own words
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            assert process.stdin
            assert process.stdout
            try:
                with process.stdin:
                    pickle.dump((work, args, named), process.stdin)
                while True:
                    kind, value = pickle.load(process.stdout)  # noqa: S301 - of our own process
                    if kind == "end":
                        return
                    if kind == "error":
                        raise value
                    yield value
            except (EOFError, BrokenPipeError, pickle.UnpicklingError):
                raise EndedError("work apart ended without an answer") from None
            finally:
                process.kill()


apart = Apart()
pieces_apart = apart.pieces


def _be_apart(bounds: Apart) -> None:
    """The other side, over standard input and output."""
    os.nice(bounds.nice)
    with suppress(OSError):  # where memory runs out, this ends and nothing that takes signatures
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")
    keep_no_cores()
    if bounds.memory:
        with suppress(OSError, ValueError):  # not on every system
            resource.setrlimit(resource.RLIMIT_AS, (bounds.memory, bounds.memory))
    signal.alarm(bounds.seconds)  # nobody listens for it, so the kernel ends the process
    work, args, named = pickle.load(sys.stdin.buffer)  # noqa: S301 - of our own process
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what somebody prints is no answer

    def say(kind: str, value: object = None) -> None:
        pickle.dump((kind, value), answer)
        answer.flush()

    try:
        result = work(*args, **named)
        for value in result if isinstance(result, Iterator) else (result,):
            say("value", value)
        say("end")
    except Exception as error:  # noqa: BLE001 - the other side raises it
        say("error", error)


if __name__ == "__main__":
    _be_apart(Apart(*map(int, sys.argv[1:])))
