"""A gunicorn worker that gives a thread only to requests that have arrived.

The usual one hands a connection to a thread and waits there, without an end, for somebody who
sends a byte now and then: eight such connections and nobody else is served. Here a thread looks
at what has arrived without taking it, for a tenth of a second; an incomplete request is set
aside, looked at ten times a second, and closed after ``READ_SECONDS``. A body too large to
look at as a whole may be waited for in a thread, but never in more than half of them.
"""

from __future__ import annotations

import re
import select
import socket
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from gunicorn.http.errors import (  # type: ignore[import-untyped]
    InvalidHeader,
    UnsupportedTransferCoding,
)
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from app.web.sending import SendingSocket

READ_SECONDS = 20.0
"""A request must be here as a whole within so many seconds."""
PATIENCE = 0.1
"""Seconds for which a thread waits, and between two looks at those set aside."""
LOOK = 64 * 1024
"""Bytes that are looked at. The kernel holds at least twice as many."""
LONGEST_HEAD = 16 * 1024

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,12})[ \t]*\r\n", re.IGNORECASE)
_OPEN_END = re.compile(rb"\r\n(?:transfer-encoding|expect|upgrade):", re.IGNORECASE)
_PARKED = object()


def look_at(data: bytes) -> str:
    """``whole``, ``part`` (its body is too large to look at as a whole), or ``more`` to come."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return "more" if len(data) < LONGEST_HEAD else "whole"  # which the parser then refuses
    head = data[: end + 2]
    if _OPEN_END.search(head):
        return "part"
    length = _LENGTH.search(head)
    missing = end + 4 + int(length[1]) - len(data) if length else 0
    if missing <= 0:
        return "whole"
    return "part" if len(data) >= LOOK else "more"


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """The threaded worker, which nobody can keep waiting."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._parked: list[tuple[Any, float]] = []
        self._until: dict[Any, float] = {}
        self._slow: dict[Any, float] = {}
        self._sending_places = threading.BoundedSemaphore(max(1, self.cfg.threads // 2))
        self._slow_places = threading.BoundedSemaphore(max(1, self.cfg.threads // 2))

    def handle(self, conn: Any) -> Any:
        """Handle a request that is here, or set its connection aside. In a thread."""
        if self.cfg.is_ssl or (conn.initialized and conn.parser.unreader.buf.getvalue()):
            return super().handle(conn)
        if not isinstance(conn.sock, SendingSocket):
            conn.sock = SendingSocket(conn.sock, self._sending_places)
        state = self._look(conn, PATIENCE)
        if state == "more":
            return _PARKED
        if state == "whole":
            return super().handle(conn)
        if not self._slow_places.acquire(blocking=False):
            return _PARKED
        self._slow[conn] = time.monotonic() + READ_SECONDS
        try:
            return super().handle(conn)
        finally:
            self._slow.pop(conn, None)
            self._slow_places.release()

    def _look(self, conn: Any, patience: float) -> str:
        deadline = time.monotonic() + patience
        seen = -1
        while True:
            try:
                data = conn.sock.recv(LOOK, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            except BlockingIOError:
                data = None
            except OSError:
                return "whole"  # broken: the usual way finds out and closes it
            if data == b"":
                return "whole"
            state = look_at(data) if data else "more"
            left = deadline - time.monotonic()
            if state != "more" or left <= 0:
                return state
            if data is None:
                select.select([conn.sock], [], [], left)
            elif len(data) == seen:
                time.sleep(min(left, 0.002))
            seen = len(data) if data else -1

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """After ``handle``, in the main thread."""
        if not fs.cancelled() and fs.exception() is None and fs.result() is _PARKED:
            until = self._until.setdefault(conn, time.monotonic() + READ_SECONDS)
            self._parked.append((conn, until))
            return
        self._until.pop(conn, None)
        super().finish_request(conn, fs)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """As usual, but back soon while somebody is set aside."""
        super().wait_for_and_dispatch_events(min(timeout, PATIENCE) if self._parked else timeout)

    def murder_pending(self) -> None:
        """Called at every turn of the main loop: look again at those set aside."""
        super().murder_pending()
        now = time.monotonic()
        parked, self._parked = self._parked, []
        for conn, deadline in parked:
            if now > deadline or not self.alive:
                self._until.pop(conn, None)
                self.nr_conns -= 1
                conn.close()
            elif self._look(conn, 0) == "more":
                self._parked.append((conn, deadline))
            else:
                self.enqueue_req(conn)
        for conn, deadline in list(self._slow.items()):
            if now > deadline:  # the thread's read ends, and so does the request
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RD)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Any) -> Any:
        """Answer what could not be read. A coding that nobody knows is the sender's mistake."""
        if isinstance(exc, UnsupportedTransferCoding):
            exc = InvalidHeader("Transfer-Encoding")
        return super().handle_error(req, client, addr, exc)
