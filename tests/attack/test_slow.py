"""Clients that send or read a little now and then keep nobody else waiting: a running server."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest

from app.web import sending as sending_module
from app.web.sending import SendingSocket
from app.web.worker import LOOK, look_at
from tests.attack.test_running_site import token
from tests.bench.people import sign_form
from tests.bench.servers import Server, serving

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("server")]

POST = (
    b"POST /find HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving("wsgi:app", tmp_path_factory.mktemp("site"), workers=1) as running:
        yield running


def open_many(stack: ExitStack, server: Server, count: int, first: bytes) -> list[socket.socket]:
    found = []
    for _ in range(count):
        one = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))
        one.sendall(first)
        found.append(one)
    return found


def answered(server: Server) -> float:
    """Seconds until a look-up of somebody else is answered."""
    begin = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=15)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/find", b"zip=01930&state=MA", headers)
        assert connection.getresponse().status == 200
    finally:
        connection.close()
    return time.monotonic() - begin


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"G",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        POST,
        POST + b"Content-Length: 400\r\n\r\nzip=01930",
        POST + b"Content-Length: 400000\r\n\r\nzip=01930",
        POST + b"Content-Length: 400000\r\n\r\n" + b"z" * (LOOK + 5_000),
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nzip=0",
        POST + b"Expect: 100-continue\r\nContent-Length: 400\r\n\r\n",
    ],
    ids=["nothing", "byte", "header", "headers", "body", "large", "half", "chunked", "expect"],
)  # fmt: skip
def test_thirty_slow_clients_keep_nobody_waiting(server: Server, first: bytes) -> None:
    with ExitStack() as stack:
        slow = open_many(stack, server, 30, first)
        time.sleep(0.3)
        for one in slow:
            one.sendall(b"x" if first else b"G")
        assert answered(server) < 5


def deaf(stack: ExitStack, server: Server, request: bytes) -> None:
    """A client that asks and reads nothing of the answer, and whose packets are tiny."""
    one = stack.enter_context(socket.socket())
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    with suppress(OSError):
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 88)
    one.connect(("127.0.0.1", server.port))
    one.sendall(request)


@pytest.mark.parametrize("what", ["picture", "letters"])
def test_clients_that_do_not_read_keep_nobody_waiting(server: Server, what: str) -> None:
    if what == "picture":
        request = b"GET /static/card-en.png HTTP/1.1\r\nHost: localhost\r\n\r\n"
    else:
        form = {**sign_form(1, token(server)), "story": "你好 नमस्ते مرحبا " * 300}
        body = urlencode(form).encode()
        request = (
            POST.replace(b"/find", b"/letters.pdf")
            + f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
    with ExitStack() as stack:
        for _ in range(12):
            deaf(stack, server, request)
        time.sleep(3)
        assert answered(server) < 5


def pair(buffer: int = 4096) -> tuple[SendingSocket, socket.socket]:
    ours, theirs = socket.socketpair()
    sending = SendingSocket(ours, threading.BoundedSemaphore(1))
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
    return sending, theirs


def read_all(sock: socket.socket, size: int, piece: int, pause: float) -> bytes:
    found = b""
    while len(found) < size and (data := sock.recv(piece)):
        found += data
        time.sleep(pause)
    return found


def test_an_answer_goes_out_whole_to_whoever_reads_it_slowly(tmp_path: Path) -> None:
    data = bytes(range(256)) * 2000
    file = tmp_path / "answer"
    file.write_bytes(data)
    sending, theirs = pair()
    with theirs, ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read_all, theirs, 2 * len(data), 20_000, 0.002)
        sending.sendall(data)
        with file.open("rb") as opened:
            assert sending.sendfile(opened, 0, len(data)) == len(data)
        assert reading.result(20) == data + data
        sending.close()


@pytest.mark.parametrize("piece", [0, 1])
def test_whoever_reads_nothing_or_next_to_nothing_is_let_go(
    monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(sending_module, "STANDSTILL", 0.3)
    sending, theirs = pair()
    begin = time.monotonic()
    stop = threading.Event()

    def trickle() -> None:
        while piece and not stop.wait(0.05):
            theirs.recv(piece)

    reader = threading.Thread(target=trickle)
    reader.start()
    try:
        with pytest.raises(BrokenPipeError):
            sending.sendall(b"x" * 4_000_000)
    finally:
        stop.set()
        reader.join()
    assert time.monotonic() - begin < 5
    theirs.close()
    sending.close()


def test_at_most_so_many_threads_wait_for_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending_module, "STANDSTILL", 1.0)
    places = threading.BoundedSemaphore(1)
    held = [socket.socketpair() for _ in range(2)]
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(SendingSocket(held[0][0], places).sendall, b"x" * 9_000_000)
        time.sleep(0.2)
        begin = time.monotonic()
        with pytest.raises(BrokenPipeError):
            SendingSocket(held[1][0], places).sendall(b"x" * 9_000_000)
        assert time.monotonic() - begin < 0.5
        with pytest.raises(BrokenPipeError):
            first.result(10)
    assert places.acquire(blocking=False)  # given back
    for one in held:
        for end in one:
            end.close()


def test_a_request_in_small_pieces_is_answered(server: Server) -> None:
    body = b"zip=01930&state=MA"
    whole = POST + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as one:
        for start in range(0, len(whole), 24):
            one.sendall(whole[start : start + 24])
            time.sleep(0.15)
        assert one.recv(100).startswith(b"HTTP/1.1 200")


def test_a_large_form_is_taken_as_a_whole(server: Server) -> None:
    body = b"zip=01930&state=MA&story=" + b"%C3%A9" * 50_000
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for _ in range(3):  # on one connection, kept alive
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/find", body, headers)
        response = connection.getresponse()
        response.read()
        assert response.status == 200
    connection.close()


def test_what_has_arrived_is_judged_by_its_own_length() -> None:
    head = POST + b"Content-Length: 3\r\n\r\n"
    assert look_at(b"") == look_at(POST) == look_at(head) == look_at(head + b"ab") == "more"
    assert look_at(head + b"abc") == look_at(b"GET / HTTP/1.1\r\n\r\n") == "whole"
    assert look_at(b"a" * 20_000) == "whole"  # no head is so long: the parser refuses it
    assert look_at(POST + b"Content-Length: 900000\r\n\r\n" + b"a" * LOOK) == "part"
    assert look_at(POST + b"Transfer-Encoding: chunked\r\n\r\n") == "part"
