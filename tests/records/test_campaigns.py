"""Several campaigns on one site: one on the start page, and only open ones take signatures."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.records.audit import Actor
from app.records.counts import totals
from app.records.database import open_database
from app.records.signing import sign
from app.records.site_campaigns import (
    NotOpenError,
    SiteCampaign,
    begin,
    campaigns_here,
    move,
    put_on_start_page,
    remove_campaign,
)
from app.records.workshop import live_files
from tests.records.build import signature

FIRST = "first"
NOW = datetime(2027, 2, 1, 12, tzinfo=UTC)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_database(tmp_path / "site.db")
    yield opened
    opened.close()


def ana(db: sqlite3.Connection) -> Actor:
    return Actor(db, "Ana", NOW)


def test_the_campaign_in_the_settings_is_on_the_start_page(db: sqlite3.Connection) -> None:
    assert campaigns_here(db, FIRST) == (SiteCampaign(FIRST, starts=True),)


def test_a_new_campaign_starts_in_preparation_with_its_texts(
    db: sqlite3.Connection,
) -> None:
    assert begin(ana(db), "next", {"campaign.toml": "title = 1"}, first=FIRST)
    assert campaigns_here(db, FIRST)[1] == SiteCampaign("next", "preparing")
    assert live_files(db, "next", {}).files == {"campaign.toml": "title = 1"}
    assert not begin(ana(db), "next", {}, first=FIRST)
    assert not begin(ana(db), FIRST, {}, first=FIRST)


def test_exactly_one_public_campaign_is_on_the_start_page(db: sqlite3.Connection) -> None:
    begin(ana(db), "next", {}, first=FIRST)
    assert put_on_start_page(ana(db), "next", first=FIRST) is None, "it is not public yet"
    move(ana(db), "next", "open", first=FIRST)
    assert put_on_start_page(ana(db), "next", first=FIRST) == SiteCampaign("next", starts=True)
    assert [one.prefix for one in campaigns_here(db, FIRST)] == ["", "/c/first"]
    put_on_start_page(ana(db), FIRST, first=FIRST)
    assert [one.prefix for one in campaigns_here(db, FIRST)] == ["", "/c/next"]


@pytest.mark.parametrize("state", ["preparing", "ended"])
def test_only_an_open_campaign_accepts_signatures(db: sqlite3.Connection, state: str) -> None:
    begin(ana(db), "next", {}, first=FIRST)
    if state == "ended":
        move(ana(db), "next", "open", first=FIRST)
        move(ana(db), "next", "ended", first=FIRST)
    with pytest.raises(NotOpenError):
        sign(db, signature("Ada", campaign="next"), b"s" * 32)
    assert totals(db, "next").signatures == 0
    move(ana(db), "next", "open", first=FIRST)
    sign(db, signature("Ada", campaign="next"), b"s" * 32)
    sign(db, signature("Ada", campaign=FIRST), b"s" * 32)
    assert (totals(db, "next").signatures, totals(db, FIRST).signatures) == (1, 1)


def test_a_campaign_in_preparation_cannot_end(db: sqlite3.Connection) -> None:
    begin(ana(db), "next", {}, first=FIRST)
    assert move(ana(db), "next", "ended", first=FIRST) == SiteCampaign("next", "preparing")
    assert campaigns_here(db, FIRST)[1] == SiteCampaign("next", "preparing")


def test_the_database_rejects_signatures_to_an_ended_campaign(db: sqlite3.Connection) -> None:
    move(ana(db), FIRST, "ended", first=FIRST)
    row = db.execute("SELECT count(*) FROM campaigns WHERE state = 'ended'").fetchone()
    assert row == (1,)
    with pytest.raises(sqlite3.IntegrityError, match="takes no signatures"):
        db.execute(
            "INSERT INTO signatures (receipt, campaign, status, day, at, state, district, template,"
            " version, length, language, match, source, edited, own_share, letters) VALUES"
            " (randomblob(32), 'first', 'counted', '2027-02-01', '', 'CA', 1, '', '', 'full', 'en',"
            " 'zip', '', 0, 0, 0)"
        )


def test_a_campaign_with_signatures_or_on_the_start_page_cannot_be_removed(
    db: sqlite3.Connection,
) -> None:
    for slug in ("next", "third"):
        begin(ana(db), slug, {}, first=FIRST)
    move(ana(db), "next", "open", first=FIRST)
    put_on_start_page(ana(db), "next", first=FIRST)
    assert not remove_campaign(ana(db), "next"), "it is on the start page"
    put_on_start_page(ana(db), FIRST, first=FIRST)
    sign(db, signature("one", campaign="next"), b"s" * 32)
    assert not remove_campaign(ana(db), "next"), "it has a signature"
    assert remove_campaign(ana(db), "third")
    assert [one.slug for one in campaigns_here(db, FIRST)] == [FIRST, "next"]
