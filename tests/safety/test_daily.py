"""A running site purges automatically once a day, however many workers it has."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.congress.refresh import refreshed
from app.records import keys
from app.records.audit import TrailFilter, every
from app.records.database import open_database
from app.records.sealing import seal_details, sealed_counts
from app.site import daily
from app.site.daily import fetch_members, purge_if_due, refresh_if_due, start_daily_jobs
from app.site.settings import ROOT, Settings, load_settings
from tests.bench.servers import serving

from .people import DETAILS, TODAY, signed

NOW = datetime.now(UTC)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A site with an unknown campaign and details from 200 days ago."""
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.setenv("DEAR_CONGRESS_LETTERS", str(tmp_path / "letters"))
    settings = load_settings()
    forgotten(settings, 1)
    return settings


def forgotten(settings: Settings, number: int) -> None:
    key = keys.first_key(settings.keys, today=TODAY)
    with closing(open_database(settings.database)) as db:
        day = (NOW - timedelta(days=200)).date()
        signature, _ = signed(db, number, day=day)
        seal_details(db, signature, "packet", DETAILS, key, day=day)


def left(settings: Settings) -> int:
    with closing(open_database(settings.database)) as db:
        return sum(sealed_counts(db).values())


def test_the_purge_runs_once_a_day(site: Settings) -> None:
    assert purge_if_due(site, NOW)
    assert left(site) == 0
    forgotten(site, 2)
    assert not purge_if_due(site, NOW + timedelta(hours=23))
    assert left(site) == 1
    assert purge_if_due(site, NOW + timedelta(hours=24))
    assert left(site) == 0


def look(settings: Settings, answers: multiprocessing.Queue[bool]) -> None:
    answers.put(purge_if_due(settings, NOW))


def test_only_one_of_several_workers_purges(site: Settings) -> None:
    fork = multiprocessing.get_context("fork")
    answers = fork.Queue()
    workers = [fork.Process(target=look, args=(site, answers)) for _ in range(4)]
    for worker in workers:
        worker.start()
    found = [answers.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert sorted(found) == [False, False, False, True]
    with closing(open_database(site.database)) as db:
        assert [event.what.value for event in every(db, TrailFilter())] == ["purged"]


def test_a_failed_purge_is_logged_and_retried(
    site: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "letters" / "broken"
    folder.mkdir(parents=True)
    (folder / "campaign.toml").write_text("this is [not a campaign")
    assert not purge_if_due(site, NOW)
    assert "The daily purge did not run" in caplog.text
    assert left(site) == 1
    (folder / "campaign.toml").unlink()
    assert purge_if_due(site, NOW)


def test_the_daily_thread_purges_at_startup_and_is_a_daemon(site: Settings) -> None:
    thread = start_daily_jobs(site)
    assert thread.daemon
    for _ in range(600):
        if (site.instance / "purged").exists() and left(site) == 0:
            break
        thread.join(0.1)
    assert left(site) == 0
    assert thread.is_alive()


def test_a_purge_that_was_once_run_by_a_wrong_clock_runs_again(site: Settings) -> None:
    assert purge_if_due(site, NOW + timedelta(days=3650))
    forgotten(site, 2)
    assert purge_if_due(site, NOW)
    assert left(site) == 0


def test_the_other_daily_jobs_run_when_one_breaks(
    site: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As when the disk is too full for SQLite to vacuum."""

    def full(*_args: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    reached = threading.Event()
    monkeypatch.setattr(daily, "purge", full)
    monkeypatch.setattr(daily, "send_alerts", lambda *_args: reached.set())
    thread = start_daily_jobs(site)
    assert reached.wait(30)
    assert thread.is_alive()
    assert "OperationalError" in caplog.text


@pytest.mark.slow
def test_a_running_site_purges_at_startup(site: Settings) -> None:
    """With several workers, as ``make run`` starts them: rows, files, and raw bytes."""
    old_mail = site.instance / "outbox" / "old.eml"
    old_mail.parent.mkdir(exist_ok=True)
    old_mail.write_text("an old message")
    long_ago = (NOW - timedelta(days=30)).timestamp()
    os.utime(old_mail, (long_ago, long_ago))
    with closing(open_database(site.database)) as db:
        (box,) = db.execute("SELECT box FROM sealed").fetchone()
    letters = site.letters
    shutil.copytree(ROOT / "letters", letters)
    file = letters / "protect-immigration-act" / "campaign.toml"
    text = file.read_text(encoding="utf-8")
    # Ended long ago, so that its details are due.
    file.write_text(text.replace("ends = 2027-01-03T", "ends = 2026-01-03T"), encoding="utf-8")
    with serving(
        "wsgi:app", site.instance, workers=2, DEAR_CONGRESS_LETTERS=str(letters)
    ):  # fmt: skip
        deadline, done = time.monotonic() + 120, site.instance / "purged"
        # The purge creates the file when it starts, and writes it when it ends.
        while not (done.exists() and done.stat().st_size) or left(site) or old_mail.exists():
            assert time.monotonic() < deadline, "nothing was purged"
            time.sleep(0.1)
    with closing(open_database(site.database)) as db:
        [event] = [e for e in every(db, TrailFilter()) if e.after.get("kind") == "sealed details"]
        assert event.who == "daily job"
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert not [p for p in site.instance.rglob("*") if p.is_file() and box[8:40] in p.read_bytes()]


# --- the list of members --------------------------------------------------------------------


def test_the_member_list_is_fetched_once_a_day_if_enabled(site: Settings) -> None:
    asked: list[datetime] = []

    def fetch(source: str, lines: str, instance: Path, now: datetime) -> None:
        assert (source, lines) == (site.congress_source, site.lines_source)
        assert instance == site.instance
        asked.append(now)

    assert not refresh_if_due(site, NOW, fetch)
    site = replace(site, congress_refresh=True)
    later = NOW + timedelta(hours=23)
    tomorrow = NOW + timedelta(hours=24)
    assert [refresh_if_due(site, now, fetch) for now in (NOW, later, tomorrow)] == [
        True, False, True,
    ]  # fmt: skip
    assert asked == [NOW, tomorrow]


def test_a_failed_member_list_fetch_is_recorded_and_changes_nothing(
    site: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    site = replace(site, congress_refresh=True, congress_source="http://127.0.0.1:9/")
    assert refresh_if_due(site, NOW, fetch_members)
    assert "The list of members was not changed." in caplog.text
    last = refreshed(site.instance)
    assert last is not None
    assert last.at == NOW
    assert "could not be fetched" in last.problem
    assert not (site.instance / "congress/current").exists()
