"""A running site purges by itself, once a day, with however many workers."""

from __future__ import annotations

import multiprocessing
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.cli.daily import purge_if_due, start_purging
from app.records import keys
from app.records.audit import Filter, every
from app.records.database import open_database
from app.records.sealing import seal_details, sealed_counts
from app.settings import Settings, load_settings

from .people import DETAILS, TODAY, signed

NOW = datetime.now(UTC)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A site whose campaign is unknown, with details that are 200 days old."""
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.setenv("DEAR_CONGRESS_LETTERS", str(tmp_path / "letters"))
    settings = load_settings()
    forgotten(settings, 1)
    return settings


def forgotten(settings: Settings, number: int) -> None:
    key = keys.first_key(settings.keys, today=TODAY)
    with closing(open_database(settings.database)) as db:
        signature, _ = signed(db, number)
        day = (NOW - timedelta(days=200)).date()
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


def test_of_several_workers_one_purges(site: Settings) -> None:
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
        assert [event.what.value for event in every(db, Filter())] == ["purged"]


def test_what_goes_wrong_is_logged_and_tried_again(
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


def test_the_thread_purges_at_the_start_and_does_not_hold_the_process(site: Settings) -> None:
    thread = start_purging(site)
    assert thread.daemon
    for _ in range(200):
        if (site.instance / "purged").exists() and left(site) == 0:
            break
        thread.join(0.1)
    assert left(site) == 0
    assert thread.is_alive()
