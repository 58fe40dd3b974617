"""Clients that send or read slowly keep no one else waiting, on a running server."""

from __future__ import annotations

import http.client
import os
import selectors
import socket
import stat
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest

from app.site.server import FILES_IN_MEMORY, IDLE_SECONDS, LARGEST_BODY
from tests.attack.test_cores import workers_of
from tests.attack.test_running_site import token
from tests.bench.people import sign_form
from tests.bench.servers import Server, serving

pytestmark = pytest.mark.slow

POST = (
    b"POST /find HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
)
MANY = 200
LOOKUP = POST + b"Content-Length: 18\r\nConnection: close\r\n\r\nzip=01930&state=MA"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    elsewhere = str(tmp_path_factory.mktemp("temporary"))
    site = tmp_path_factory.mktemp("site")
    with serving("wsgi:app", site, workers=2, TMPDIR=elsewhere) as running:
        yield running


def connect(stack: ExitStack, server: Server, first: bytes) -> socket.socket:
    one = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=60))
    one.sendall(first)
    return one


def answered(server: Server) -> float:
    """How long another visitor's lookup takes, in seconds."""
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as one:
        one.sendall(LOOKUP)
        found = b""
        while piece := one.recv(65536):
            found += piece
    assert found.startswith(b"HTTP/1.1 200")
    return time.monotonic() - begin


def residents(server: Server) -> float:
    """The median time of twenty lookups, in seconds."""
    return statistics.median(answered(server) for _ in range(20))


def wait_as_little_as(alone: float, server: Server) -> bool:
    """Whether residents are not kept waiting. A slow client would delay every measurement, while
    other load on this machine passes, so one quick measurement of several is enough."""
    return any(residents(server) < 10 * alone + 0.05 for _ in range(5))


@contextmanager
def meanwhile(act: Callable[[], None]) -> Iterator[None]:
    """Repeat something in another thread while the block runs."""
    stop = threading.Event()

    def go_on() -> None:
        while not stop.is_set():
            with suppress(OSError):
                act()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"G",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        POST,
        POST + b"Content-Length: 400\r\n\r\nzip=01930",
        POST + b"Content-Length: 400000\r\n\r\nzip=01930",
        POST + b"Content-Length: 400000\r\n\r\n" + b"z" * 70_000,
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nzip=0",
        POST + b"Expect: 100-continue\r\nContent-Length: 400\r\n\r\n",
    ],
    ids=["nothing", "byte", "header", "headers", "body", "large", "half", "chunked", "expect"],
)  # fmt: skip
def test_clients_that_trickle_bytes_keep_no_one_waiting(server: Server, first: bytes) -> None:
    alone = residents(server)
    with ExitStack() as stack:
        slow = [connect(stack, server, first) for _ in range(MANY)]

        def trickle() -> None:
            for one in slow:
                one.sendall(b"x" if first else b"G")
            time.sleep(0.05)

        with meanwhile(trickle):
            assert wait_as_little_as(alone, server)


def test_unfinished_requests_keep_no_one_waiting(server: Server) -> None:
    """As many connections as a client can open, each with the start of a request, then dropped."""
    alone = residents(server)

    def begin_one() -> None:
        with ExitStack() as stack:
            for _ in range(10):
                connect(stack, server, b"GET / HTTP/1.1\r\nHost: localh")
            time.sleep(0.02)

    with meanwhile(begin_one):
        assert wait_as_little_as(alone, server)


def deaf(stack: ExitStack, server: Server, request: bytes) -> socket.socket:
    """A client with a tiny receive window that sends a request and never reads the response."""
    one = stack.enter_context(socket.socket())
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    with suppress(OSError):
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 88)
    one.connect(("127.0.0.1", server.port))
    one.sendall(request)
    return one


@pytest.mark.parametrize("what", ["picture", "letters"])
def test_clients_that_do_not_read_keep_no_one_waiting(server: Server, what: str) -> None:
    request, count = b"GET /static/card-en.png HTTP/1.1\r\nHost: localhost\r\n\r\n", MANY
    if what == "letters":
        form = {**sign_form(1, token(server)), "story": "你好 नमस्ते مرحبا " * 300}
        body = urlencode(form).encode()
        head = POST.replace(b"/find", b"/letters.pdf")
        request, count = head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body, 12
    alone = residents(server)
    with ExitStack() as stack, selectors.DefaultSelector() as begun:
        for _ in range(count):
            begun.register(deaf(stack, server, request), selectors.EVENT_READ)
        while begun.get_map():  # each has the beginning of its answer
            for key, _ in begun.select(30):
                begun.unregister(key.fileobj)
        assert wait_as_little_as(alone, server)


def is_served(server: Server, client: socket.socket) -> bool:
    """Whether the server still holds its end of a connection. The client learns that only by
    reading or writing, after which it is no longer idle."""
    ends = (f":{server.port:04X} ", f":{client.getsockname()[1]:04X} 01 ")  # 01: established
    lines = Path("/proc/net/tcp").read_text().splitlines()
    return any(all(end in line for end in ends) for line in lines)


@pytest.mark.skipif(sys.platform != "linux", reason="looks up connections in /proc")
def test_idle_connections_are_closed(server: Server) -> None:
    with ExitStack() as stack:
        silent = connect(stack, server, b"GET / HTTP/1.1\r\n")
        # More than socket buffers hold, where one whole picture waits for no reader.
        asked = MANY * b"GET /static/card-en.png HTTP/1.1\r\nHost: localhost\r\n\r\n"
        reading_nothing = deaf(stack, server, asked)
        assert is_served(server, reading_nothing)
        silent.settimeout(IDLE_SECONDS + 60)
        assert silent.recv(1) == b"", "closed by the server"
        deadline = time.monotonic() + 60
        while is_served(server, reading_nothing):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_request_sent_in_small_pieces_is_answered(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as one:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(LOOKUP), 24):
            one.sendall(LOOKUP[start : start + 24])
            time.sleep(0.01)
        assert one.recv(100).startswith(b"HTTP/1.1 200")


def test_a_large_form_is_accepted(server: Server) -> None:
    body = b"zip=01930&state=MA&story=" + b"%C3%A9" * 50_000
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    for _ in range(3):  # on one connection, kept alive
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/find", body, headers)
        response = connection.getresponse()
        response.read()
        assert response.status == 200
    connection.close()


@pytest.mark.parametrize(
    ("head", "status", "words"),
    [
        (b"GET /?" + b"a" * 3000 + b" HTTP/1.1\r\nHost: localhost", 414, b"too long"),
        (b"GET /es/?" + b"a" * 3000 + b" HTTP/1.1\r\nHost: localhost", 414, b"demasiado larga"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n"
         + b"\r\n".join(b"X-%d: y" % n for n in range(80)), 431, b"too long"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 40_000, 431, b""),
        (POST + b"Content-Length: 700000\r\n\r\n" + b"z" * 700_000, 413, b"10,000 characters"),
        (POST + b"Content-Length: %d" % (LARGEST_BODY + 1), 413, b""),
    ],
    ids=["address", "address in Spanish", "headers", "long header", "form", "body"],
)  # fmt: skip
def test_oversized_heads_and_bodies_are_refused(
    server: Server, head: bytes, status: int, words: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as one:
        found = b""
        with suppress(OSError):  # closed before all of it was sent, the answer may be lost
            one.sendall(head + (b"" if b"\r\n\r\n" in head else b"\r\n\r\n"))
            one.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while piece := one.recv(65536):
                found += piece
    assert found[9:12] == b"%d" % status or not (found or words)
    assert words in found


def waiting_bodies(server: Server) -> list[str]:
    """Where the processes of a site keep incomplete requests that are too large for memory."""
    found = []
    for file in (f for pid in workers_of(server) for f in Path(f"/proc/{pid}/fd").iterdir()):
        with suppress(FileNotFoundError):  # closed meanwhile
            kind, name = file.stat(), str(file.readlink())
            if stat.S_ISREG(kind.st_mode) and kind.st_size > 600_000 and "(deleted)" in name:
                found.append(name)
    return found


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root sees the files of a process"
)
@pytest.mark.skipif(not os.access(FILES_IN_MEMORY, os.W_OK), reason="has no files in memory")
def test_an_upload_in_progress_is_never_on_disk(server: Server) -> None:
    with ExitStack() as stack:
        one = connect(stack, server, POST + b"Content-Length: 3000000\r\n\r\n")
        one.sendall(b"x" * 1_000_000)
        deadline = time.monotonic() + 60
        while not (places := waiting_bodies(server)) and time.monotonic() < deadline:
            answered(server)
        assert places
        assert all(place.rpartition("/")[0] == FILES_IN_MEMORY for place in places), places
