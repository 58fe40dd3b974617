"""A running site under attack: raw bytes, several workers, then a search for marked words."""

from __future__ import annotations

import http.client
import re
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from app.records.counts import recount
from app.records.database import open_database
from tests.attack.surface import PAYLOADS, encoded
from tests.bench.people import sign_form
from tests.bench.servers import Server, serving
from tests.safety.people import traces

pytestmark = pytest.mark.slow

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MARKS = ("Quillfeather", "Zebrawood", "marked-person", "Xiomara-Vale", "203.0.113.77")
PERSON = {
    "first": "Imani", "last": "Quillfeather", "street": "88 Zebrawood Lane",
    "email": "marked-person@mail.example.org", "story": "My cousin Xiomara-Vale.",
    "packet": "1", "contact": "1",
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("site")
    with serving(
        "wsgi:app", folder, workers=2, DEAR_CONGRESS_LIMITS="on", DEAR_CONGRESS_CONFIRM_EMAIL="on"
    ) as running:
        yield running


def ask(
    server: Server, method: str, path: str, body: bytes = b"", **headers: Any
) -> tuple[int, dict[str, str], str]:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        connection.request(method, path, body, {**FORM, **headers})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode(errors="replace")


def raw(server: Server, data: bytes) -> bytes:
    """The response to these bytes; empty if the connection is simply closed."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as one:
        found = b""
        with suppress(OSError):
            one.sendall(data)
            one.shutdown(socket.SHUT_WR)
        with suppress(OSError):
            while part := one.recv(65536):
                found += part
        return found


def token(server: Server) -> str:
    page = ask(server, "POST", "/find", urlencode({"zip": "01930", "state": "MA"}).encode())[2]
    match = re.search(r'name="token" value="([^"]+)"', page)
    assert match
    return match[1]


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET //evil.example/%2e%2e HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /static/../../instance/secret.key HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /static/%2e%2e/%2e%2e/settings.py HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /find HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\nzip=1",
        b"POST /find HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Content-Length: 50\r\n\r\nzip=1",
        b"POST /find HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /organize/ HTTP/1.1\r\n\r\n",
        b"POST /find HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"POST /find HTTP/1.1\r\nHost: localhost\r\n"
        b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        b"POST /find HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: braided\r\n\r\nzip=1",
        b"POST /find HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    ],
)  # fmt: skip
def test_malformed_requests_are_refused_and_the_site_keeps_answering(
    server: Server, data: bytes
) -> None:
    answer = raw(server, data)
    status = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
    # 501 means that the encoding is not supported; nothing failed.
    assert status is None or int(status[1]) < 500 or status[1] == b"501", answer[:200]
    assert b"root:" not in answer
    assert b"secret" not in answer.lower().split(b"\r\n\r\n")[0]
    assert ask(server, "GET", "/privacy")[0] == 200


def test_a_ten_megabyte_body_is_refused_and_the_site_keeps_answering(server: Server) -> None:
    for path in ("/find", "/sign", "/organize/login", "/letters.pdf"):
        # Closing the connection before all of it was sent is just as good.
        with suppress(ConnectionError, http.client.HTTPException):
            assert ask(server, "POST", path, b"story=" + b"A" * 10_000_000)[0] == 413
    assert ask(server, "GET", "/privacy")[0] == 200


def test_no_file_or_output_of_a_running_site_contains_residents_data(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving("wsgi:app", tmp_path, workers=2, DEAR_CONGRESS_CONFIRM_EMAIL="on") as running:
        here: dict[str, Any] = {
            "X-Forwarded-For": "203.0.113.77",
            "User-Agent": "Zebrawood",
            "Referer": "/?Zebrawood",
        }
        for number in range(6):
            form = {**sign_form(number, token(running)), **PERSON, "last": f"Quillfeather{number}",
                    "email": f"n{number}-{PERSON['email']}"}  # fmt: skip
            status, headers, _ = ask(running, "POST", "/sign", urlencode(form).encode(), **here)
            assert status == 307
            assert "Quillfeather" not in str(headers)
            for path in (
                "/take", "/print", "/letters.pdf", "/review", "/address", "/write", "/copy",
            ):  # fmt: skip
                answer = ask(running, "POST", path, urlencode(form).encode(), **here)
                assert answer[0] < 500, path
            for name in form:  # whatever goes wrong must not be written down either
                broken = [(n, v) for n, v in form.items() if n != name]
                broken.append((name, "Quillfeather" + PAYLOADS["nul"]))
                assert ask(running, "POST", "/sign", encoded(broken), **here)[0] < 500
        ask(running, "GET", "/find?street=88+Zebrawood+Lane&first=Quillfeather", **here)
        ask(running, "GET", "/nowhere/Quillfeather", **here)
        for line in (
            b"GET /?Quillfeather&88+Zebrawood HTTP/9.9", b"Quillfeather", b"GET /Quillfeather",
            b"GET /" + b"Zebrawood" * 900 + b" HTTP/1.1",
            b"GET / HTTP/1.1\r\nQuillfeather: \x00", b"GET / HTTP/1.1\r\nContent-Length: Zebrawood",
        ):  # fmt: skip
            raw(running, line + b"\r\nHost: localhost\r\n\r\n")
        kept = [m for m in traces(tmp_path, MARKS) if not m.startswith("limits")]
        assert kept == [], "while it runs"
    assert traces(tmp_path, MARKS) == [], "after it was stopped"
    printed = "".join(capfd.readouterr())
    assert not [mark for mark in (*MARKS, "127.0.0.1") if mark in printed]
    with closing(open_database(tmp_path / "dear-congress.db")) as db:
        assert not recount(db)
        assert db.execute("SELECT count(*) FROM sealed").fetchone()[0] >= 12
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Proto": "https"}, {"X-Forwarded-Ssl": "on"}, {"X-Forwarded-Protocol": "ssl"},
        {"SCRIPT_NAME": "//evil.example"}, {"SCRIPT_NAME": "/<b>evil.example"},
        {"PATH_INFO": "/evil.example"}, {"X-Forwarded-Prefix": "//evil.example"},
        {"X-Forwarded-Host": "evil.example"}, {"REMOTE_ADDR": "evil.example"},
        {"Proxy": "http://evil.example"}, {"Forwarded": "host=evil.example;proto=https"},
    ],
)  # fmt: skip
def test_proxy_headers_are_ignored_even_from_localhost(
    server: Server, headers: dict[str, Any]
) -> None:
    for path in ("/", "/es/privacy", "/nowhere"):
        status, answer, text = ask(server, "GET", path, **headers)
        assert status == (404 if path == "/nowhere" else 200)
        assert "Strict-Transport-Security" not in answer
        assert "evil.example" not in text + str(answer)
        if status == 200:
            assert text == ask(server, "GET", path)[2]


def test_headers_of_a_trusted_proxy_are_used(tmp_path: Path) -> None:
    with serving("wsgi:app", tmp_path, workers=1, DEAR_CONGRESS_TRUSTED_PROXIES="1") as running:
        secure: dict[str, Any] = {"X-Forwarded-Proto": "https"}
        assert "Strict-Transport-Security" in ask(running, "GET", "/", **secure)[1]
        assert "Strict-Transport-Security" not in ask(running, "GET", "/")[1]


def test_limits_apply_across_workers_and_send_retry_after(server: Server) -> None:
    statuses, begun = [], time.monotonic()
    for _ in range(1000):
        status, headers, _ = ask(server, "POST", "/find", b"zip=01930&state=MA")
        statuses.append(status)
        if status == 429:
            assert int(headers["Retry-After"]) >= 1
            break
    # The window slides: meanwhile one of the first requests may expire every two seconds.
    assert statuses.count(200) <= 301 + (time.monotonic() - begun) / 2
    assert statuses[-1] == 429
    other = {"X-Forwarded-For": "198.51.100.9"}
    again = [ask(server, "POST", "/find", b"zip=01930&state=MA", **other)[0] for _ in range(9)]
    assert 429 in again
    with closing(sqlite3.connect(server.instance / "limits.db")) as db:
        assert db.execute("SELECT max(length(key)) FROM counters").fetchone()[0] < 80
