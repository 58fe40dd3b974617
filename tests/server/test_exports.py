"""EX15, CC01: large files from the real server while people sign."""

from __future__ import annotations

import csv
import http.client
import io
import json
import sqlite3
import threading
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.records.counts import recount
from app.records.database import open_database
from app.site.settings import load_settings
from tests.bench.fill import fill
from tests.bench.load import Result, post_all
from tests.bench.people import sign_bodies
from tests.bench.servers import Server, serving
from tests.organizers.conftest import Clock, Office

pytestmark = pytest.mark.slow

ROWS = 20_000


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A site on which many have signed, and an exporter who has just logged in."""
    instance = tmp_path_factory.mktemp("large")
    load_settings({}, instance=instance)  # makes the keys, as the first start does
    fill(instance / "dear-congress.db", ROWS)
    with closing(open_database(instance / "dear-congress.db")) as db:
        who = Office(db, Clock(datetime.now(UTC))).add("Boss", "exporter")
    with serving("wsgi:app", instance, workers=2) as server:
        yield server, who.token


def take(server: Server, token: str, query: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        path = f"/organize/counts/export/file?status=every&{query}"
        connection.request("GET", path, headers={"Cookie": f"organizer={token}"})
        response = connection.getresponse()
        assert response.status == 200, response.read()[:500]
        return response.read()
    finally:
        connection.close()


def numbers(rows: Iterator[dict[str, str]]) -> list[int]:
    return [int(row["signature"]) for row in rows]


def test_a_large_export_is_complete_while_people_keep_signing(session: tuple[Server, str]) -> None:
    server, token = session
    bodies = sign_bodies(server.instance, 60)
    results: list[Result] = []
    signing = threading.Thread(
        target=lambda: results.append(post_all(server.port, "/sign", bodies, expect=307, clients=8))
    )
    signing.start()
    table = take(server, token, "shape=signatures&format=csv").decode("utf-8-sig")
    found = numbers(csv.DictReader(io.StringIO(table)))
    signing.join()
    assert table.endswith("\r\n")
    assert found[:ROWS] == list(range(1, ROWS + 1)), "a row is missing or twice"
    assert len(found) <= ROWS + 60
    assert not results[0].refused
    assert len(results[0].acknowledged) == 60
    document = json.loads(take(server, token, "shape=signatures&format=json"))
    assert len(document["rows"]) == document["about"]["total signatures"] == ROWS + 60
    with closing(open_database(server.instance / "dear-congress.db")) as db:
        assert recount(db) == []


def test_a_large_database_export_is_complete(session: tuple[Server, str], tmp_path: Path) -> None:
    server, token = session
    data = take(server, token, "shape=letters&format=sqlite")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".db"))
        path = archive.extract(name, tmp_path)
    with closing(sqlite3.connect(path)) as db:
        letters, people = db.execute(
            "SELECT count(recipient), count(DISTINCT signature) FROM letters"
        ).fetchone()
        said = dict(db.execute("SELECT name, value FROM about").fetchall())
    assert (letters, people) == (int(said["total letters"]), int(said["total signatures"]))
    assert people >= ROWS
    assert not list(server.instance.glob(".export-*"))
