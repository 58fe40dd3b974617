"""What a monitor sees: liveness, readiness, metrics without personal data, and a line-based log."""

from __future__ import annotations

import http.client
import io
import json
import logging
import re
import shutil
import sqlite3
import time
from collections import namedtuple
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.records.database import local_database
from app.site import watching
from app.site.quiet import log_in_lines
from app.site.settings import Settings, SettingsError, read_settings
from tests.bench.people import sign_bodies
from tests.bench.servers import free_port, serving
from tests.sites import Sites


@pytest.fixture
def app(tmp_path: Path, sites: Sites) -> Iterator[Flask]:
    settings = Settings(
        instance=tmp_path, secret_key=b"s" * 32, person_key=b"p" * 32, today="2026-11-25"
    )
    yield sites.open(settings)
    local_database(settings.database).close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.test_client().get("/")
    return app.test_client()


def readiness(client: FlaskClient) -> tuple[int, str]:
    answer = client.get("/readyz")
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.text.strip()


def test_a_healthy_site_is_alive_and_ready(client: FlaskClient) -> None:
    assert client.get("/healthz").text == "alive\n"
    assert client.get("/healthz").headers["Cache-Control"] == "no-store"
    assert readiness(client) == (200, "ready")


def test_a_local_monitor_can_probe_by_ip_address(tmp_path: Path, sites: Sites) -> None:
    client = sites.open(Settings(
        instance=tmp_path, secret_key=b"s" * 32, person_key=b"p" * 32,
        site_url="https://letters.example.org",
    )).test_client()  # fmt: skip
    for name in ("127.0.0.1:8000", "letters.example.org"):
        for path, words in (("/healthz", "alive\n"), ("/readyz", "ready\n")):
            answer = client.get(path, base_url=f"http://{name}")
            assert (answer.status_code, answer.text) == (200, words)
    assert client.get("/privacy", base_url="http://127.0.0.1:8000").status_code == 400


def test_a_site_whose_database_is_locked_is_not_ready_but_alive(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOCK_SECONDS", 0.05)
    with closing(sqlite3.connect(tmp_path / "dear-congress.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert readiness(client) == (503, "not ready: database")
        assert client.get("/healthz").status_code == 200
        other.execute("ROLLBACK")
    assert readiness(client) == (200, "ready")


def test_a_site_with_a_read_only_database_is_not_ready(client: FlaskClient, tmp_path: Path) -> None:
    assert readiness(client) == (200, "ready")
    db = local_database(tmp_path / "dear-congress.db")
    before = db.execute("SELECT * FROM site ORDER BY name").fetchall()
    db.execute("PRAGMA query_only=ON")  # as on a disk that cannot be written to
    assert readiness(client) == (503, "not ready: database")
    db.execute("PRAGMA query_only=OFF")
    assert readiness(client) == (200, "ready")
    assert db.execute("SELECT * FROM site ORDER BY name").fetchall() == before


def test_a_site_whose_database_was_moved_is_not_ready(client: FlaskClient, tmp_path: Path) -> None:
    (tmp_path / "dear-congress.db").rename(tmp_path / "elsewhere.db")
    assert readiness(client) == (503, "not ready: database")
    (tmp_path / "elsewhere.db").rename(tmp_path / "dear-congress.db")
    assert readiness(client) == (200, "ready")


def test_a_site_on_a_full_disk_is_not_ready(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(100, 99, 1))
    assert readiness(client) == (503, "not ready: disk full")


@pytest.mark.parametrize("wrong", ["9464", "localhost", "localhost:0", "localhost:99999", ":9464"])
def test_the_metrics_setting_must_be_an_address_and_a_port(wrong: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="an address and a port, like"):
        read_settings({}, instance=tmp_path, metrics=wrong)
    assert read_settings({}, instance=tmp_path, metrics="[::1]:9464").metrics == "[::1]:9464"


def test_a_log_record_is_one_json_line_without_the_exceptions_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    out = io.StringIO()
    log_in_lines(out)
    try:
        raise ValueError("88 Zebrawood Lane")
    except ValueError:
        logging.getLogger("dear_congress").exception("The letters\ncannot be read:")
    logging.getLogger("somebody.else").info("nobody asked")
    (line,) = out.getvalue().splitlines()
    told = json.loads(line)
    assert told["level"] == "error"
    assert told["from"] == "dear_congress"
    assert told["what"] == "The letters\ncannot be read: (ValueError)"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["time"])
    assert "Zebrawood" not in line


@pytest.mark.slow
def test_metrics_sum_all_processes_on_their_own_port_and_identify_no_one(
    tmp_path: Path,
) -> None:
    port = free_port()
    with serving(
        "wsgi:app", tmp_path, workers=3, DEAR_CONGRESS_METRICS=f"127.0.0.1:{port}"
    ) as server:
        for body in sign_bodies(tmp_path, 6):
            assert ask(server.port, "POST", "/sign", body)[0] == 307
        place = urlencode({"zip": "60647", "state": "IL"}).encode()
        assert ask(server.port, "POST", "/find?source=zebrawood", place)[0] == 200
        assert ask(server.port, "GET", "/zebrawood")[0] == 404
        status, text = when_it_answers(port, "/metrics")
        assert ask(server.port, "GET", "/metrics")[0] == 404
    assert status == 200
    numbers = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert numbers['dear_congress_answers_total{part="signing",status="3xx"}'] == "6.0"
    assert numbers['dear_congress_answer_seconds_count{part="signing"}'] == "6.0"
    assert numbers["dear_congress_signatures"] == "6.0"
    assert numbers["dear_congress_ready"] == "1.0"
    assert numbers["dear_congress_keys"] == "2.0"
    assert not re.search(r"zebrawood|60647|\bIL\b|127|Reyes|Heron", " ".join(numbers))
    labels = set(re.findall(r'(\w+)="([^"]*)"', text))
    assert {name for name, _ in labels} <= {"part", "status", "le", "room"}
    assert {value for name, value in labels if name == "part"} <= set(watching.PARTS)


def when_it_answers(port: int, path: str) -> tuple[int, str]:
    """``ask`` a process that may still be starting."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return ask(port, "GET", path)
        except ConnectionError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def ask(port: int, method: str, path: str, body: bytes = b"") -> tuple[int, str]:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path, body, form)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
