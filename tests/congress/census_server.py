"""A server on this machine that plays the Census geocoder, as it is and as it can fail."""

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

import app.congress.geocode  # noqa: F401 - loading it takes a moment, which no test should time
from app.congress.model import StreetAnswer
from app.congress.street import GeocoderSettings, locate_street
from app.congress.tables import load_tables
from tests.congress.asking import TODAY

Behaviour = Callable[[BaseHTTPRequestHandler], None]

STREET, CITY = "88 Heron St", "Cambridge"


class Census:
    """A server that answers as told; the last behaviour repeats. Keeps what was asked of it."""

    def __init__(self) -> None:
        self.behaviours: list[Behaviour] = []
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
                number = min(len(census.asked), len(census.behaviours)) - 1
                census.behaviours[number](self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/geocoder/geographies/onelineaddress"

    def says(self, *behaviours: Behaviour) -> Census:
        self.behaviours = list(behaviours)
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


# --- behaviours --------------------------------------------------------------------------


def reply(body: object, status: int = 200, kind: str = "application/json") -> Behaviour:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return behave


def record(geoid: str = "2505", session: str = "119", **changes: Any) -> dict[str, Any]:
    """A district record as the vintage ACS2025 sends it: without a key ``CD119``."""
    made = {"GEOID": geoid, "STATE": geoid[:2], "CDSESSN": session, "BASENAME": geoid[2:]} | changes
    return {key: value for key, value in made.items() if value is not None}


def match(*records: Any, layer: str = "119th Congressional Districts") -> dict[str, Any]:
    return {
        "matchedAddress": "88 HERON ST, CAMBRIDGE, MA, 02138",
        "coordinates": {"x": -71.1, "y": 42.4},
        "addressComponents": {"zip": "02138", "state": "MA", "city": "CAMBRIDGE"},
        "geographies": {layer: list(records)},
    }


def matches(*found: dict[str, Any]) -> Behaviour:
    return reply({"result": {"input": {}, "addressMatches": list(found)}})


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection so that the other side gets a reset."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def sleeping(census: Census, seconds: float = 60) -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        census.stop.wait(seconds)
        matches(match(record()))(handler)

    return behave


def answering_the_second(census: Census) -> Behaviour:
    """Answer nobody before a second question has come."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        census.came_again.wait(60)
        matches(match(record()))(handler)

    return behave


def dripping(census: Census, *, headers: bool) -> Behaviour:
    """Send a byte now and then, each soon enough to keep a socket's own time-out away."""

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
