"""A site in a temporary folder, with a settable clock and a stub geocoder."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask import Flask

from app.records.database import local_database
from app.site.settings import Settings
from tests.sites import Sites
from tests.web.lint import Client
from tests.web.resident import Resident


@dataclass
class Clock:
    """A clock that a test moves by hand."""

    now: datetime = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **kwargs: float) -> None:
        self.now += timedelta(**kwargs)


@dataclass
class Geocoder:
    """A stub that replies as told and records its requests."""

    url: str
    reply: Callable[[], tuple[int, str, bytes]] = lambda: (200, "application/json", b"{}")
    asked: list[str] = field(default_factory=list)

    def says(self, *places: tuple[str, str]) -> None:
        """Reply with matches in these places: state FIPS and two-character district."""
        matches = [
            {
                "matchedAddress": "1 MAIN ST",
                "geographies": {
                    "119th Congressional Districts": [
                        {"GEOID": fips + code, "STATE": fips, "CDSESSN": "119", "NAME": "x"}
                    ]
                },
            }
            for fips, code in places
        ]
        body = json.dumps({"result": {"addressMatches": matches}}).encode()
        self.reply = lambda: (200, "application/json", body)


@pytest.fixture
def geocoder() -> Iterator[Geocoder]:
    class Handler(BaseHTTPRequestHandler):
        stub: ClassVar[Geocoder]

        def do_GET(self) -> None:
            self.stub.asked.append(self.path)
            status, kind, body = self.stub.reply()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub = Geocoder(f"http://127.0.0.1:{server.server_address[1]}/geographies/onelineaddress")
    Handler.stub = stub
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield stub
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path, geocoder: Geocoder) -> Settings:
    return Settings(
        instance=tmp_path,
        geocoder_url=geocoder.url,
        geocoder_timeout=5.0,
        secret_key=b"s" * 32,
        person_key=b"p" * 32,
        contact="help@letters.example",
        limits=False,  # here one IP address acts for many people, who press immediately;
        form_seconds=0,  # test_held and test_limits test these two
    )


@pytest.fixture
def app(settings: Settings, clock: Clock, sites: Sites) -> Iterator[Flask]:
    app = sites.open(settings, clock=clock)
    app.testing = True
    yield app
    local_database(settings.database).close()


@pytest.fixture
def client(app: Flask) -> Client:
    return Client(app.test_client())


@pytest.fixture
def resident(client: Client) -> Resident:
    return Resident(client)


@pytest.fixture(params=("en", "es"))
def anyone(request: pytest.FixtureRequest, client: Client) -> Resident:
    """A resident in each language."""
    return Resident(client, request.param)
