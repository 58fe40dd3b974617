"""A local server that stands in for the Census geocoder, in normal operation and in failure."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import app.congress.geocode  # noqa: F401 - loading it is slow and must not count in a timed test
from app.congress.model import StreetAnswer
from app.congress.street import GeocoderSettings, locate_street
from app.congress.tables import load_tables
from tests.congress.asking import TODAY

Behavior = Callable[[BaseHTTPRequestHandler], None]

STREET, CITY = "88 Heron St", "Cambridge"


class Census:
    """A server with scripted behaviors, of which the last repeats. Records its requests."""

    def __init__(self) -> None:
        self.behaviors: list[Behavior] = []
        self.asked: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.stop = threading.Event()
        self.came = threading.Event()
        """Set by the first question."""
        self.came_again = threading.Event()
        """Set by the second."""
        census = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                census.paths.append(parts.path)
                census.asked.append({k: v[0] for k, v in parse_qs(parts.query).items()})
                (census.came_again if census.came.is_set() else census.came).set()
                number = min(len(census.asked), len(census.behaviors)) - 1
                census.behaviors[number](self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/geocoder/geographies/onelineaddress"

    def says(self, *behaviors: Behavior) -> Census:
        self.behaviors = list(behaviors)
        return self

    def locate(
        self, state: str | None = "MA", zip5: str = "02138", now: date = TODAY, **more: Any
    ) -> StreetAnswer:
        settings = GeocoderSettings(url=self.url, **({"timeout": 10.0} | more))
        tables = load_tables(when=now)
        return locate_street(STREET, CITY, state, zip5, geocoder=settings, tables=tables)

    def close(self) -> None:
        self.stop.set()
        self.server.shutdown()
        self.server.server_close()


# --- behaviors ---------------------------------------------------------------------------


def reply(body: object, status: int = 200, kind: str = "application/json") -> Behavior:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return behave


def record(geoid: str = "2505", session: str = "119", **changes: Any) -> dict[str, Any]:
    """A district record as the vintage ACS2025 sends it, without a key ``CD119``."""
    made = {"GEOID": geoid, "STATE": geoid[:2], "CDSESSN": session, "BASENAME": geoid[2:]} | changes
    return {key: value for key, value in made.items() if value is not None}


def match(*records: Any, layer: str = "119th Congressional Districts") -> dict[str, Any]:
    return {
        "matchedAddress": "88 HERON ST, CAMBRIDGE, MA, 02138",
        "coordinates": {"x": -71.1, "y": 42.4},
        "addressComponents": {"zip": "02138", "state": "MA", "city": "CAMBRIDGE"},
        "geographies": {layer: list(records)},
    }


def matches(*found: dict[str, Any]) -> Behavior:
    return reply({"result": {"input": {}, "addressMatches": list(found)}})


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection so that the client gets a reset."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def sleeping(census: Census, seconds: float = 60) -> Behavior:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        census.stop.wait(seconds)
        matches(match(record()))(handler)

    return behave


def answering_the_second(census: Census) -> Behavior:
    """Answer no request before a second one has arrived."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        census.came_again.wait(60)
        matches(match(record()))(handler)

    return behave


def dripping(census: Census, *, headers: bool) -> Behavior:
    """Send a byte now and then, often enough that the socket's own timeout never fires."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        if headers:
            handler.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow: ")
        else:
            handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 9999\r\n\r\n")
        while not census.stop.wait(0.05):
            handler.wfile.write(b" ")
            handler.wfile.flush()

    def quiet(handler: BaseHTTPRequestHandler) -> None:
        try:
            behave(handler)
        except OSError:
            hang_up(handler)

    return quiet
