"""Residents see what was published: in every worker, never half of it, never broken."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.campaign.problems import CampaignError
from app.records import workshop
from app.records.audit import Actor
from app.records.database import open_database
from app.records.workshop import FileVersion
from app.site.live import LiveCampaign
from app.site.settings import ROOT
from tests.records.build import kept_text

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SLUG = "protect-immigration-act"
LETTERS = ROOT / "letters" / SLUG


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    db = open_database(tmp_path / "site.db")
    yield db
    db.close()


def put_live(db: sqlite3.Connection, live: LiveCampaign, texts: dict[str, str]) -> None:
    seen = workshop.change_counter(db, SLUG)
    answer = workshop.publish_texts(
        Actor(db, "Rosa", NOW), SLUG, texts, folder=live.folder, seen=seen
    )
    assert answer is not None


def changed(live: LiveCampaign) -> str:
    return live.folder["general.txt"].replace("A traffic stop is", "Any traffic stop is")


def test_every_worker_sees_a_publication_on_its_next_read(db: sqlite3.Connection) -> None:
    workers = [LiveCampaign(LETTERS), LiveCampaign(LETTERS)]
    before = [worker.now(db) for worker in workers]
    assert before[0].templates == before[1].templates
    put_live(db, workers[0], {"general.txt": changed(workers[0])})
    for worker in workers:
        template = worker.now(db).template("general")
        assert template is not None
        assert "Any traffic stop is" in template.body


def test_without_a_publication_nothing_is_reloaded(db: sqlite3.Connection) -> None:
    live = LiveCampaign(LETTERS)
    first = live.now(db)
    draft = workshop.save_draft(Actor(db, "Rosa", NOW), SLUG, "general.txt", "+++", base=0)
    assert isinstance(draft, FileVersion)
    assert live.now(db) is first


def test_a_retired_letter_is_gone_and_the_others_stay(db: sqlite3.Connection) -> None:
    live = LiveCampaign(LETTERS)
    names = [n for n in live.folder if n.startswith("local-budget.")]
    workshop.retire(Actor(db, "Rosa", NOW), SLUG, names, folder=live.folder, seen=0)
    templates = live.now(db).templates
    assert ("local-budget", "full") not in templates
    assert ("general", "full") in templates


def test_an_unreadable_letter_keeps_the_last_good_ones_and_logs_once(
    db: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    live = LiveCampaign(LETTERS)
    put_live(db, live, {"general.txt": changed(live)})
    good = live.now(db)
    put_live(db, live, {"general.txt": "{{ legislater_name }}"})
    with caplog.at_level(logging.ERROR):
        assert live.now(db) is good
        assert live.now(db) is good
    assert len([r for r in caplog.records if r.levelno == logging.CRITICAL]) == 1
    assert "general.txt:1" in caplog.text
    put_live(db, live, {"general.txt": live.folder["general.txt"]})
    assert live.now(db) is not good


def test_every_offered_text_is_already_stored(
    db: sqlite3.Connection,
) -> None:
    live = LiveCampaign(LETTERS)
    offered = [live.now(db)]
    put_live(db, live, {"general.txt": changed(live)})
    offered.append(live.now(db))
    for campaign in offered:
        for t in campaign.templates.values():
            found = kept_text(db, SLUG, t.id, t.length, t.version)
            assert found.endswith(t.body), t.source_name
    assert offered[0].templates["general", "full"] != offered[1].templates["general", "full"]


def test_an_unreadable_folder_prevents_start(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(LETTERS, tmp_path / SLUG))
    (folder / "general.txt").write_bytes(b"+++\xff")
    with pytest.raises(CampaignError, match="UTF-8"):
        LiveCampaign(folder)
