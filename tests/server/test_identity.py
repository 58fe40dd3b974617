"""A running site whose database or key disappears: it says so, and loses no signature."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.records.database import open_database
from app.records.health import adopt_site
from app.site.settings import load_settings
from tests.attack.test_cores import workers_of
from tests.bench.load import FORM
from tests.bench.people import sign_bodies
from tests.bench.servers import Server, serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc"),
]

ROUNDS = 6
"""Requests enough for each of two processes to answer some, nearly always."""


class Site:
    def __init__(self, server: Server) -> None:
        self.server, self.acknowledged = server, 0
        self.database = server.instance / "dear-congress.db"
        self.bodies = iter(sign_bodies(server.instance, 80))

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, str]:
        address = ("127.0.0.1", self.server.port)
        with closing(http.client.HTTPConnection(*address, timeout=120)) as one:
            one.request(method, path, body, FORM if body else {})
            answer = one.getresponse()
            return answer.status, answer.read().decode()

    def sign(self, *, path: str = "/sign") -> tuple[int, str]:
        status, page = self.ask("POST", path, next(self.bodies))
        self.acknowledged += status == 307
        return status, page

    def takes_nothing(self) -> None:
        for path, words in (("/sign", "copy your letters"), ("/es/sign", "Puede copiar sus")):
            for _ in range(ROUNDS):
                status, page = self.sign(path=path)
                assert status == 503
                assert words in page
                assert "Person" in page or 'name="first"' in page, "the form is kept"
        assert self.ask("GET", "/")[0] == self.ask("GET", "/privacy")[0] == 200
        assert self.ask("POST", "/find", b"zip=01930&state=MA")[0] == 200

    def files(self) -> list[Path]:
        return sorted(self.database.parent.glob("dear-congress.db*"))

    def replace_a_process(self) -> None:
        gone = workers_of(self.server)[0]
        os.kill(gone, signal.SIGKILL)
        deadline = time.monotonic() + 120
        while gone in (there := workers_of(self.server)) or len(there) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def opened(self) -> bool:
        """Whether each process has the database open, seen by its read lock. Only root could
        list its open files."""
        held = rf" (\d+) [0-9a-f]+:[0-9a-f]+:{self.database.stat().st_ino} "
        holders = {int(number) for number in re.findall(held, Path("/proc/locks").read_text())}
        return holders >= set(workers_of(self.server))

    def counted(self) -> int:
        with closing(sqlite3.connect(self.database)) as db:
            return int(db.execute("SELECT count(*) FROM signatures").fetchone()[0])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    load_settings({}, instance=tmp_path / "instance")
    with serving("wsgi:app", tmp_path / "instance", workers=2) as server:
        found = Site(server)
        for _ in range(ROUNDS):
            assert found.sign()[0] == 307
        tries = iter(range(5000))
        while not found.opened():  # one process may have answered all so far
            assert next(tries, None) is not None, "one process opens no database"
            assert found.ask("GET", "/counts.json")[0] == 200
        yield found


def delete(site: Site) -> None:
    for file in site.files():
        file.unlink()


def move(site: Site) -> None:
    aside = site.database.parent.parent / "aside"
    aside.mkdir()
    for file in site.files():
        file.rename(aside / file.name)


def replace_by_a_copy(site: Site) -> None:
    shutil.copy(site.database, site.database.parent / "copy")
    (site.database.parent / "copy").replace(site.database)


def copy_an_earlier_one_over(site: Site) -> None:
    """``cp`` of a backup over the running site's database: the inode stays the same."""
    backup = site.database.parent.parent / "backup.db"
    with closing(sqlite3.connect(site.database)) as db:
        db.execute("VACUUM INTO ?", (str(backup),))
    shutil.copyfile(backup, site.database)


def copy_another_over(site: Site) -> None:
    other = site.database.parent.parent / "other.db"
    open_database(other).close()
    shutil.copyfile(other, site.database)


def lose_person_key(site: Site) -> None:
    (site.database.parent / "person.key").unlink()


# tests/records/test_identity.py covers the other ways to lose them, without a server.
ACTS: list[Callable[[Site], None]] = [delete, replace_by_a_copy, copy_an_earlier_one_over,
                                      copy_another_over, lose_person_key]  # fmt: skip


@pytest.mark.parametrize("act", ACTS)
def test_every_process_refuses_signatures_once_the_database_or_key_is_lost(
    act: Callable[[Site], None], site: Site
) -> None:
    act(site)
    site.takes_nothing()
    assert site.acknowledged == ROUNDS


def test_a_new_worker_creates_no_database_and_signing_resumes_when_it_is_back(site: Site) -> None:
    move(site)
    site.replace_a_process()
    site.takes_nothing()
    assert site.files() == []
    for file in (site.database.parent.parent / "aside").iterdir():
        file.rename(site.database.parent / file.name)
    for _ in range(ROUNDS):
        assert site.sign()[0] == 307
    assert site.counted() == site.acknowledged == 2 * ROUNDS


def test_a_site_restarted_without_its_database_says_so(
    site: Site, capfd: pytest.CaptureFixture[str]
) -> None:
    move(site)
    site.server.kill_all()
    capfd.readouterr()
    with pytest.raises(RuntimeError), serving("wsgi:app", site.server.instance):
        pass
    said = capfd.readouterr().err
    assert said.startswith("The site cannot start.\nThe database ")
    assert "is missing" in said
    assert "flask adopt" in said
    assert site.files() == []


def test_a_backup_copied_over_a_running_site_stays_intact(
    site: Site, capfd: pytest.CaptureFixture[str]
) -> None:
    copy_an_earlier_one_over(site)
    backup = site.database.read_bytes()
    assert site.sign()[0] == 503
    site.server.process.terminate()
    site.server.process.wait(120)
    assert site.database.read_bytes() == backup
    capfd.readouterr()
    with pytest.raises(RuntimeError), serving("wsgi:app", site.server.instance):
        pass
    assert "does not belong to the database" in capfd.readouterr().err
    assert site.database.read_bytes() == backup
    adopt_site(site.database, load_settings({}, instance=site.server.instance).own_keys)
    with serving("wsgi:app", site.server.instance) as server:
        again = Site(server)
        assert again.sign()[0] == 307
    assert again.counted() == ROUNDS + 1
