"""A local server that behaves as the offices' systems are documented to."""

from __future__ import annotations

import json
import socket
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from lxml import etree

from app.cwc.message import schema_errors


@dataclass
class Scripted:
    """A scripted answer to the next request whose path has this ending."""

    path: str
    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    before: str = "record"
    """``record`` takes the message first; ``drop`` disconnects; ``hang`` never answers."""


class CwcServer(ThreadingHTTPServer):
    daemon_threads = True
    key = "good-key"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, str, str]] = []
        self.taken: dict[str, bytes] = {}
        self.script: deque[Scripted] = deque()
        self.offices = ["SCA03", "SNV01"]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: CwcServer

    def log_message(self, format: str, *args: object) -> None:
        pass

    def answer(self, status: int, body: str, kind: str = "text/plain", **headers: str) -> None:
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        self.handle_any(b"")

    def do_POST(self) -> None:
        self.handle_any(self.rfile.read(int(self.headers["Content-Length"])))

    def handle_any(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        server = self.server
        server.requests.append((self.command, parts.path, self.headers.get("Content-Type") or ""))
        if server.script and parts.path.endswith(server.script[0].path):
            scripted = server.script.popleft()
            if scripted.before == "record-then-drop":
                server.taken[delivery_id(body)] = body
            if scripted.before in ("drop", "record-then-drop"):
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            if scripted.before == "hang":
                server.taken[delivery_id(body)] = body
                self.connection.settimeout(60)
                self.connection.recv(1)
                return
            kind = scripted.headers.pop("kind", "text/plain")
            self.answer(scripted.status, scripted.body, kind, **scripted.headers)
            return
        if parse_qs(parts.query).get("apikey") != [server.key]:
            self.answer(401, "no")
        elif parts.path == "/api/active_offices/":
            rows = [{"name": f"X [bioguide_id: {c}]", "office_code": c} for c in server.offices]
            self.answer(200, json.dumps(rows), "application/json")
        elif self.headers.get("Content-Type") != "application/xml":
            self.answer(415, "unsupported")
        elif errors := schema_errors(body):
            texts = "".join(f"<Error>{e}</Error>" for e in errors)
            self.answer(400, f"<Errors>{texts}</Errors>", "application/xml")
        elif parts.path == "/v2/validate":
            self.answer(200, "Validation Passed")
        elif delivery_id(body) in server.taken:
            self.answer(409, "<Errors><Error>DeliveryId already used</Error></Errors>")
        else:
            server.taken[delivery_id(body)] = body
            self.answer(200 if parts.path == "/v2/message" else 201, "")


def delivery_id(body: bytes) -> str:
    return etree.fromstring(body).findtext(".//DeliveryId") or ""


@contextmanager
def running() -> Iterator[CwcServer]:
    server = CwcServer()
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
