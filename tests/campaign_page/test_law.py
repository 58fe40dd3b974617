"""A campaign whose bill became law: published in the browser, then seen by everyone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from flask import Flask

from app.campaign.load import load_campaign, read_campaign
from app.campaign.new_campaign import NewCampaign, initial_files
from tests.campaign_page.conftest import FOLDER
from tests.organizers.browser import Browser
from tests.organizers.conftest import Clock, Office
from tests.web.lint import Html

ASKED = "is law now. Please see that it is carried out."


@pytest.fixture
def site_url() -> str:
    return "https://letters.example.org"


@pytest.fixture
def law(app: Flask, clock: Clock, staff: Office, few_seats: None) -> Browser:
    """An admin's browser, just after the bill that became law was published."""
    browser = Browser(app, clock, base="https://letters.example.org")
    browser.log_in(staff.add("Boss", "admin")).get("/organize/campaign/asks/new")
    path, new = browser.form("/asks/new")
    for stage in ("pending", "last_weeks"):
        del new[f"asks-stages-{stage}"]
    words = dict.fromkeys(("asks-text", "asks-call"), f"The {{{{ bill_title }}}} {ASKED}")
    browser.post(path, {**new, **words, "asks-stages-enacted": "1",
                        "asks-summary": "Asks for oversight."})  # fmt: skip
    browser.get("/organize/campaign/bill").send("/campaign/bill", enacted="2026-11-20")
    browser.get("/organize/campaign/publish")
    assert "expired" not in browser.words
    assert "H.R. 6890 is law now." in browser.words
    said = {("".join(q.itertext()), q.get("lang")) for q in browser.page.all("blockquote")}
    assert {("H.R. 6890 would end them.", "en"), ("Qué haría", "es")} <= said
    return browser.send("/campaign/publish")


def test_a_law_is_previewed_as_a_law(law: Browser) -> None:
    law.get("/organize/letters/general/preview?seat=MA-6")
    assert "Asks for oversight." in law.words
    assert "After the bill has become law (November 25, 2026)." in law.words
    assert "After the Congress has ended" not in law.words


def test_the_start_page_says_that_it_is_law(law: Browser) -> None:
    for path, said in (("/", "It has become law."), ("/es/", "Ya es ley.")):
        assert said in Html(law.client.get(path, base_url=law.base).text).words


def test_the_sheet_of_an_office_has_what_is_asked_after_the_law(law: Browser) -> None:
    assert ASKED in law.get("/organize/offices/MA-6").words


def test_paper_offers_no_sign_up_sheet_for_a_law_and_says_why(law: Browser) -> None:
    said = "It has become law, so there is no sheet"
    assert said in law.get("/organize/paper/").words
    assert not [f for f in law.page.all("form") if "signup" in (f.get("action") or "")]
    law.get("/organize/paper/signup.pdf")
    assert law.status == 409
    assert said in law.words


def test_the_overview_does_not_await_the_return_of_a_law(
    law: Browser, clock: Clock, staff: Office
) -> None:
    for days, name in ((15, "Ana"), (60, "Ben")):
        clock.forward(days=days)
        law.log_in(staff.add(name, "admin")).get("/organize/")
        assert ("This Congress ends in" in law.words) == (name == "Ana")
        assert "comes back" not in law.words
        assert "The list of cosponsors is dated" not in law.words


@pytest.mark.parametrize(
    ("enacted", "end"),
    [(None, "which expired with that Congress."), (date(2026, 12, 1), "which became law.")],
)
def test_the_next_campaign_says_how_the_earlier_bill_ended(enacted: date | None, end: str) -> None:
    new = NewCampaign(
        kind="hr", number=21, congress=120, title="Library Cards Act", does="end fees",
        as_of=date(2027, 2, 1), asks=("cosponsor",), letters=("own-words",),
        before=replace(load_campaign(FOLDER), enacted=enacted),
    )  # fmt: skip
    about = read_campaign("cards", initial_files(new)).about[0]
    assert about.text.rstrip().endswith(end)
    assert ("se convirtió en ley" in about.text_es) == (enacted is not None)
