"""Two campaigns on one site: each at its own address, and nothing leaks from one to the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from app.campaign.load import read_files
from app.records.audit import Actor
from app.records.counts import totals
from app.records.signing import receipt
from app.records.site_campaigns import begin, move, put_on_start_page
from app.site.services import Services, services
from app.site.settings import Settings
from tests.web.conftest import Clock
from tests.web.lint import Client
from tests.web.resident import Resident

FIRST = "protect-immigration-act"
SECOND = "second"
LETTERS = Path(__file__).resolve().parents[2] / "letters"


@pytest.fixture
def two(app: Flask, clock: Clock) -> Services:
    """The site with a second open campaign, which has the same texts and another title."""
    files = read_files(LETTERS / FIRST)
    title = 'title = "The PROTECT Immigration Act"'
    files["campaign.toml"] = files["campaign.toml"].replace(title, 'title = "The second one"', 1)
    with app.app_context():
        site = services()
    assert begin(Actor(site.db(), "Ana", clock()), SECOND, files, first=FIRST)
    move(Actor(site.db(), "Ana", clock()), SECOND, "open", first=FIRST)
    return site


def at(resident: Resident, prefix: str) -> Resident:
    """The same resident at another campaign's address."""
    return replace(resident, prefix=prefix)


def counted(site: Services) -> tuple[int, int]:
    return totals(site.db(), FIRST).signatures, totals(site.db(), SECOND).signatures


def test_each_campaign_is_signed_at_its_own_address(two: Services, resident: Resident) -> None:
    there = at(resident, "/c/second")
    taken = there.signed("01930", "MA")
    assert counted(two) == (0, 1)
    path = there.receipt_path(taken)
    assert path.startswith("/c/second/receipt/")
    found = receipt(two.db(), path.rpartition("/")[2])
    assert found is not None
    assert found.campaign == SECOND
    resident.signed("01930", "MA")
    assert counted(two) == (1, 1), "one person signs each campaign once"
    there.signed("01930", "MA")
    assert counted(two) == (1, 1)


def test_every_link_of_a_page_stays_with_its_campaign(two: Services, client: Client) -> None:
    page = client.get("/c/second/")
    links = [a.get("href") or "" for a in page.all("a")]
    own = [link for link in links if link.startswith("/")]
    assert own
    assert all(link.startswith("/c/second/") for link in own), own
    assert client.flask.get("/c/second/counts.json").get_json()["title"] == "The second one"
    assert client.flask.get("/counts.json").get_json()["campaign"] == FIRST


def test_an_unknown_campaign_is_not_found(client: Client) -> None:
    client.get("/c/nobody/", 404)
    client.get(f"/c/{SECOND}/find", 404)


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example", "///evil.example"])
def test_no_campaign_address_redirects_to_another_site(
    two: Services, client: Client, path: str
) -> None:
    answer = client.flask.get(f"/c/{FIRST}{path}")
    assert answer.status_code == 307
    assert answer.headers["Location"].startswith("/evil.example")


def test_a_draft_stays_with_its_campaign_when_another_takes_the_start_page(
    two: Services, resident: Resident, clock: Clock
) -> None:
    review = resident.reviewing("01930", "MA")
    form = review.form()
    put_on_start_page(Actor(two.db(), "Ana", clock()), SECOND, first=FIRST)
    moved = resident.client.flask.post("/sign", data=form)
    assert (moved.status_code, moved.headers["Location"]) == (307, f"/c/{FIRST}/sign")
    taken = at(resident, f"/c/{FIRST}").sign(form)
    assert counted(two) == (1, 0)
    token = at(resident, f"/c/{FIRST}").receipt_path(taken).rpartition("/")[2]
    led = resident.client.flask.get(f"/receipt/{token}")
    assert (led.status_code, led.headers["Location"]) == (307, f"/c/{FIRST}/receipt/{token}")
    led = resident.client.flask.get("/c/second/find?zip=01930")
    assert (led.status_code, led.headers["Location"]) == (307, "/find?zip=01930")


def test_an_ended_campaign_is_an_archive_and_returns_a_late_draft(
    two: Services, resident: Resident, clock: Clock
) -> None:
    taken = resident.signed("01930", "MA")
    path = resident.receipt_path(taken)
    form = resident.reviewing("02138", "MA", first="Ben", story="My own words.").form()
    put_on_start_page(Actor(two.db(), "Ana", clock()), SECOND, first=FIRST)
    move(Actor(two.db(), "Ana", clock()), FIRST, "ended", first=FIRST)
    form = {**form, "words-MA-6": ["A letter edited by hand."]}
    late = resident.client.flask.post(f"/c/{FIRST}/sign", data=form)
    assert late.status_code == 200
    assert "My own words." in late.text
    assert "A letter edited by hand." in late.text
    assert counted(two) == (1, 0)
    there = at(resident, f"/c/{FIRST}")
    home = there.client.get(there.url("/"))
    assert "takes no more signatures" in home.words
    assert "One person has signed. 3 letters were written." in home.words
    assert "287(g)" in home.words, "its letters"
    assert [a.get("href") for a in home.all("a") if a.get("class") == "btn"] == ["/"], (
        "what is open"
    )
    about = there.client.get(there.url("/about-the-bill"))
    assert not [a for a in about.all("a") if a.get("class") == "btn"], "nothing to sign"
    assert "This Congress ends" in about.words
    assert "A letter still counts" not in about.words, "none can be written"
    kept = there.client.get(there.url(path))
    assert "you cannot sign again" in kept.words
    assert "Ask one more person" not in kept.words, "nobody can sign"
    assert "Start someone else’s letter" not in kept.words
    there.client.flask.post(there.url(f"{path}/withdraw"))
    assert counted(two) == (0, 0), "a receipt goes on working"


def test_an_archive_shows_its_letters_unchanged_however_old_the_tables_are(
    two: Services, resident: Resident, clock: Clock
) -> None:
    put_on_start_page(Actor(two.db(), "Ana", clock()), SECOND, first=FIRST)
    move(Actor(two.db(), "Ana", clock()), FIRST, "ended", first=FIRST)
    there = at(resident, f"/c/{FIRST}")
    for moment in (clock(), datetime(2027, 1, 5, tzinfo=UTC), datetime(2029, 2, 5, tzinfo=UTC)):
        clock.now = moment
        home = there.client.get(there.url("/"))
        assert "Dear Representative Begich:" in home.words
        assert "would end these agreements" in home.words


def test_a_campaign_in_preparation_is_not_public(
    two: Services, client: Client, clock: Clock
) -> None:
    begin(Actor(two.db(), "Ana", clock()), "third", read_files(LETTERS / FIRST), first=FIRST)
    client.get("/c/third/", 404)
    assert client.flask.get("/c/third/counts.json").status_code == 404
    assert "third" not in client.flask.get("/sitemap.xml").text


def test_the_statement_of_one_campaign_is_not_shown_for_another(
    two: Services, settings: Settings, client: Client
) -> None:
    from app.records.statements import LATEST, statements_of

    folder = statements_of(settings.instance, FIRST)
    folder.mkdir(parents=True)
    (folder / LATEST).write_text("{}", encoding="utf-8")
    assert client.flask.get("/c/second/statements/latest.json").status_code == 404
