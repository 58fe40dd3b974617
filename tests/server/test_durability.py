"""The served site: four processes, one SQLite file, real connections."""

from __future__ import annotations

import http.client
import itertools
import re
import sqlite3
import statistics
import threading
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest

from app.records.counts import recount
from app.records.database import open_database
from app.records.turns import BUSY_SECONDS
from tests.bench.load import FORM, Result, post_all
from tests.bench.people import sign_bodies, sign_form
from tests.bench.servers import Server, serving

pytestmark = pytest.mark.slow


def counted(instance: Path) -> int:
    with sqlite3.connect(instance / "dear-congress.db") as db:
        return int(
            db.execute("SELECT count(*) FROM signatures WHERE status = 'counted'").fetchone()[0]
        )


def test_killing_every_worker_loses_and_duplicates_no_acknowledged_signature(
    tmp_path: Path,
) -> None:
    bodies: list[bytes] = []
    results: list[Result] = []
    with serving("wsgi:app", tmp_path) as server:
        bodies = sign_bodies(tmp_path, 3000)

        def load() -> None:
            results.append(post_all(server.port, "/sign", bodies, expect=307))

        clients = threading.Thread(target=load)
        clients.start()
        deadline = time.monotonic() + 120
        while counted(tmp_path) < 60 and time.monotonic() < deadline:
            time.sleep(0.02)
        server.kill_all()
        clients.join()
    acknowledged = results[0].acknowledged
    assert len(acknowledged) >= 50
    assert not results[0].refused
    stored = counted(tmp_path)
    assert len(acknowledged) <= stored <= len(acknowledged) + 8  # at most one in flight a client
    with serving("wsgi:app", tmp_path) as server:
        again = [bodies[index] for index in acknowledged]
        repeated = post_all(server.port, "/sign", again, expect=307)
        assert len(repeated.acknowledged) == len(again)
    assert counted(tmp_path) == stored, "an acknowledged signature was not there, or counts twice"
    db = open_database(tmp_path / "dear-congress.db")
    try:
        assert not recount(db)
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    finally:
        db.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> object:
    """A server shared by the tests that need no fresh site."""
    with serving("wsgi:app", tmp_path_factory.mktemp("site")) as running:
        yield running


def request(server: Server, method: str, path: str, body: bytes | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    try:
        connection.request(method, path, body, FORM if body else {})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_a_form_loaded_before_a_restart_works_after_it_on_every_worker(
    tmp_path: Path,
) -> None:
    with serving("wsgi:app", tmp_path) as first:
        found = urlencode({"zip": "01930", "state": "MA"}).encode()
        status, page = request(first, "POST", "/find", found)
        assert status == 200
        match = re.search(r'name="token" value="([^"]+)"', page) or re.search(
            r'value="([^"]+)"[^>]*name="token"', page
        )
        assert match
        token = match[1]
    with serving("wsgi:app", tmp_path) as second:
        body = urlencode(sign_form(0, token)).encode()
        statuses = [request(second, "POST", "/sign", body)[0] for _ in range(10)]
    assert statuses == [307] * 10
    assert counted(tmp_path) == 1


def test_sixty_people_sign_at_once_and_all_are_counted(server: Server) -> None:
    before = counted(server.instance)
    bodies = sign_bodies(server.instance, 60, first=50_000)
    result = post_all(server.port, "/sign", bodies, expect=307, clients=30)
    assert not result.refused
    assert len(result.acknowledged) == 60
    assert counted(server.instance) == before + 60


def test_behind_a_held_lock_readers_do_not_wait_and_signers_keep_their_text(
    tmp_path: Path,
) -> None:
    """Without a limit on waiting, all threads would wait for the lock."""
    begun, done, pages = threading.Event(), threading.Event(), list[tuple[int, str]]()
    with serving("wsgi:app", tmp_path, workers=2) as locked:
        assert request(locked, "GET", "/counts.json")[0] == 200
        bodies = itertools.cycle(sign_bodies(tmp_path, 64))

        def sign() -> None:
            while not done.is_set():
                status, text = request(locked, "POST", "/sign", next(bodies))
                pages.append((status, text))
                begun.set()

        with closing(sqlite3.connect(tmp_path / "dear-congress.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            signers = [threading.Thread(target=sign) for _ in range(16)]
            for thread in signers:
                thread.start()
            assert begun.wait(60)
            took = []
            for path in ("/", "/counts.json", "/es/privacy") * 5:
                before = time.monotonic()
                assert request(locked, "GET", path)[0] == 200
                took.append(time.monotonic() - before)
            other.execute("ROLLBACK")
        done.set()
        for thread in signers:
            thread.join()
        assert request(locked, "POST", "/sign", next(bodies))[0] == 307, "all is well again"
    assert statistics.median(took) < BUSY_SECONDS / 2
    refused = [text for status, text in pages if status == 503]
    assert refused
    for text in refused:
        assert "Nothing was lost. Press the button again in a minute." in text
        assert 'value="Imani"' in text
        assert "My neighbor stopped driving" in text


def test_a_double_click_counts_once_and_both_get_the_same_page(server: Server) -> None:
    before = counted(server.instance)
    [body] = sign_bodies(server.instance, 1, first=90_000)
    result = post_all(server.port, "/sign", [body] * 8, expect=307, clients=8)
    assert len(result.acknowledged) == 8
    assert counted(server.instance) == before + 1


def test_the_server_log_names_no_person(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with serving("wsgi:app", tmp_path) as quiet:
        form = {**sign_form(1, "forged"), "street": "88 Heron St", "first": "Zebulon"}
        request(
            quiet, "POST", "/find", urlencode({"zip": "02138", "street": "88 Heron St"}).encode()
        )
        request(quiet, "POST", "/sign", urlencode(form).encode())
        request(quiet, "GET", "/no-such-page?street=88+Heron+St")
    printed = "".join(capfd.readouterr())
    assert "Heron" not in printed
    assert "Zebulon" not in printed
