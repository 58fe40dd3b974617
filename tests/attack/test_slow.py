"""Clients that send a little now and then keep nobody else waiting: a running server."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from app.web.worker import LOOK, look_at
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
