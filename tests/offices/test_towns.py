"""Towns: kept only if the campaign says so and discloses it, only real ones, named from five on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from app.congress.tables import Tables
from app.records.database import local_database
from app.records.office_numbers import office_numbers
from app.records.signing import withdraw
from app.site.settings import Settings
from tests.offices.conftest import Signers, holder
from tests.records.build import CAMPAIGN, SECRET
from tests.sites import Sites
from tests.web.lint import Client
from tests.web.resident import Resident


def site(tmp_path: Path, sites: Sites, *, keep: bool) -> Flask:
    settings = Settings(
        instance=tmp_path, secret_key=SECRET, person_key=b"p" * 32, form_seconds=0,
        keep_towns=keep, today="2026-11-25",
    )  # fmt: skip
    app = sites.open(settings)
    app.testing = True
    return app


@pytest.fixture
def keeping(tmp_path: Path, sites: Sites) -> Iterator[Resident]:
    yield Resident(Client(site(tmp_path, sites, keep=True).test_client()))
    local_database(tmp_path / "dear-congress.db").close()


@pytest.fixture
def plain(tmp_path: Path, sites: Sites) -> Iterator[Resident]:
    yield Resident(Client(site(tmp_path, sites, keep=False).test_client()))
    local_database(tmp_path / "dear-congress.db").close()


def towns(db: sqlite3.Connection) -> list[str | None]:
    return [town for (town,) in db.execute("SELECT town FROM signatures ORDER BY id")]


def test_no_town_is_stored_unless_the_campaign_says_so(
    plain: Resident, db: sqlite3.Connection
) -> None:
    form = plain.reviewing("94612", city="Oakland").form()
    plain.sign(form)
    assert towns(db) == [None]
    for path in ("/privacy", "/", "/es/privacy"):
        assert "town" not in plain.client.get(path).text.replace("hometown", "")


@pytest.mark.parametrize(
    ("city", "kept"),
    [
        ("Oakland", "Oakland"),
        ("  OAKLAND ", "Oakland"),
        ("San leandro", "San Leandro"),
        ("Nowhereville", None),
        ("Oakland, Mary Smith", None),
        ("Oakland (c/o Mary Smith)", None),
        ("Oakland 12", None),
        ("Oakland mary@example.org", None),
        ("=1+1 Oakland", None),
    ],
)
def test_only_a_known_town_is_stored(
    keeping: Resident, db: sqlite3.Connection, city: str, kept: str | None
) -> None:
    keeping.sign(keeping.reviewing("94612", city=city).form())
    assert towns(db) == [kept]


def test_the_town_of_a_mailbox_elsewhere_is_not_stored_as_home(
    keeping: Resident, db: sqlite3.Connection
) -> None:
    # San Leandro is a town of the home state too, and the ZIP is its own.
    page = keeping.reviewing("94612", city="San Leandro", mail_zip="94577", elsewhere="1")
    keeping.sign(page.form())
    assert towns(db) == [None]


def test_residents_are_told_about_towns_before_they_sign(keeping: Resident) -> None:
    review = keeping.reviewing("94612", city="Oakland")
    assert "your state, district and town" in review.words
    assert "the town of your address" in keeping.client.get("/privacy").words
    assert "your name, street, city" not in keeping.client.get("/privacy").words
    spanish = replace(keeping, lang="es")
    assert "su estado, distrito y ciudad o pueblo" in spanish.reviewing("94612", city="x").words
    assert "su ciudad o pueblo, si está en el mapa" in keeping.client.get("/es/privacy").words


def test_withdrawing_deletes_the_town(db: sqlite3.Connection, signers: Signers) -> None:
    (token,) = signers.sign("VT", 0, town="Burlington")
    withdraw(db, token)
    assert towns(db) == [None]


def test_spellings_of_one_town_are_counted_together(
    db: sqlite3.Connection, tables: Tables, signers: Signers
) -> None:
    signers.sign("VT", 0, 3, town="St Albans")
    signers.sign("VT", 0, 2, town="Saint Albans")
    (found,) = office_numbers(db, CAMPAIGN, [holder(tables, "VT-0")], tables=tables, towns=True)
    assert found.towns
    assert [number for _town, number in found.towns] == [5]
