"""Sends answers without letting anybody who does not read them keep a thread.

The kernel takes most answers at once, because each connection gets a large buffer. What does
not fit is waited for in at most half of a worker's threads, and only while it moves: a client
that takes nothing for ``STANDSTILL`` seconds, or less than ``SLOWEST`` bytes a second, is let go.
"""

from __future__ import annotations

import errno
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import BoundedSemaphore
from typing import Any

BUFFER = 1024 * 1024
"""Bytes that are asked for; the system's own limit (``net.core.wmem_max``) may be lower."""
STANDSTILL = 10.0
SLOWEST = 2048
"""Bytes a second, after the first ``STANDSTILL`` seconds."""
PIECE = 64 * 1024


class SendingSocket:
    """A connection whose ``sendall`` never waits for long. All else is the socket's own."""

    def __init__(self, sock: socket.socket, places: BoundedSemaphore) -> None:
        self._sock, self._places = sock, places
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendall(self, data: bytes) -> None:
        """Send all of it. Raises ``BrokenPipeError`` when the client takes it too slowly."""
        rest = self._take(memoryview(data))
        if not rest:
            return
        with self._place():
            begin = moved = time.monotonic()
            total = len(rest)
            while rest:
                allowed = begin + STANDSTILL + (total - len(rest)) / SLOWEST
                wait = min(moved + STANDSTILL, allowed) - time.monotonic()
                if wait <= 0 or not _writable(self._sock, wait):
                    _let_go()
                before, rest = len(rest), self._take(rest)
                if len(rest) < before:
                    moved = time.monotonic()

    def _take(self, data: memoryview) -> memoryview:
        """What is left of the data after the kernel took what it could at once."""
        while data:
            try:
                data = data[self._sock.send(data, socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                break
        return data

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            _let_go()
        try:
            yield
        finally:
            self._places.release()

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """Send a file, or ``count`` bytes of it, in pieces."""
        file.seek(offset)
        sent = 0
        while count is None or sent < count:
            piece = file.read(PIECE if count is None else min(PIECE, count - sent))
            if not piece:
                break
            self.sendall(piece)
            sent += len(piece)
        return sent


def _writable(sock: socket.socket, seconds: float) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    return bool(poll.poll(seconds * 1000))


def _let_go() -> None:
    # What the server does with a connection that its client closed: nothing is logged.
    raise BrokenPipeError(errno.EPIPE, "the client does not read")
