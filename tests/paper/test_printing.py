"""Posters, sign-up sheets and blank letters."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from flask import Flask

from app.campaign.new_campaign import AskKind, NewCampaign, initial_files
from app.records.site_campaigns import begin, move
from tests.organizers.browser import Browser
from tests.organizers.conftest import Clock, Office
from tests.packets.conftest import pages


@pytest.mark.parametrize("site_url", ["https://letters.example.org"])
@pytest.mark.parametrize(
    ("asks", "language", "asked"),
    [
        (("cosponsor",), "en", "to support this bill"),
        (("cosponsor",), "es", "que apoyen este proyecto"),
        (("oppose",), "en", "to oppose this bill"),
        (("oppose",), "es", "que se opongan a este proyecto"),
    ],
)
def test_the_sign_up_sheet_asks_what_the_campaign_asks(
    app: Flask, staff: Office, clock: Clock, *, asks: tuple[AskKind, ...], language: str, asked: str
) -> None:
    new = NewCampaign(
        kind="hr", number=21, congress=119, title="Library Cards Act", does="end fees",
        as_of=date(2026, 2, 1), asks=asks, letters=("own-words",),
    )  # fmt: skip
    first = "protect-immigration-act"
    begin(staff.by("Eve"), "cards", initial_files(new), first=first)
    move(staff.by("Eve"), "cards", "open", first=first)
    browser = Browser(app, clock, base="https://letters.example.org")
    browser.log_in(staff.add("Eve", "exporter"))
    browser.get(f"/c/cards/organize/paper/signup.pdf?language={language}")
    (sheet,) = pages(browser.last.data)
    assert asked in " ".join(sheet.split())


@pytest.mark.parametrize("site_url", ["https://letters.example.org"])
@pytest.mark.parametrize("kind", ["poster", "signup", "blank"])
def test_nothing_is_printed_for_a_campaign_that_has_ended(
    app: Flask, staff: Office, clock: Clock, kind: str
) -> None:
    first = "protect-immigration-act"
    move(staff.by("Eve"), first, "ended", first=first)
    browser = Browser(app, clock, base="https://letters.example.org")
    browser.log_in(staff.add("Eve", "editor"))
    browser.get(f"/organize/paper/{kind}.pdf?district=IL-5")
    assert browser.status == 409
    assert "This campaign has ended" in browser.words
    assert "Make the" not in browser.words
    assert "The PROTECT Immigration Act ended" in browser.words, "as on every page of it"
    assert "Poster" not in browser.get("/organize/links").words


@pytest.mark.parametrize("site_url", ["https://letters.example.org"])
@pytest.mark.parametrize("kind", ["poster", "signup", "blank"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_every_printable_is_a_pdf(
    app: Flask, staff: Office, clock: Clock, kind: str, language: str
) -> None:
    browser = Browser(app, clock, base="https://letters.example.org")
    browser.log_in(staff.add("Eve", "exporter"))
    browser.get(f"/organize/paper/{kind}.pdf?language={language}&source=fair&district=IL-5")
    assert browser.status == 200
    assert browser.last.mimetype == "application/pdf"
    assert "letters.example.org" in " ".join(pages(browser.last.data))
    assert browser.last.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("site_url", ["https://letters.example.org"])
def test_an_invalid_district_or_tag_is_an_error_at_its_field(
    app: Flask, staff: Office, clock: Clock
) -> None:
    browser = Browser(app, clock, base="https://letters.example.org")
    browser.log_in(staff.add("Eve", "exporter"))
    browser.get("/organize/paper/blank.pdf?district=nowhere")
    assert browser.status == 422
    assert browser.page.by_id("district").get("aria-invalid") == "true"
    browser.get("/organize/paper/poster.pdf?source=a+b")
    assert browser.page.by_id("source-poster").get("aria-invalid") == "true"


@pytest.mark.parametrize("site_url", ["https://letters.example.org"])
def test_a_district_whose_seats_are_all_vacant_has_no_blank_letter(
    app: Flask, staff: Office, clock: Clock
) -> None:
    browser = Browser(app, clock, base="https://letters.example.org")
    clock.at = datetime(2027, 2, 1, 17, tzinfo=UTC)
    browser.log_in(staff.add("Eve", "exporter"))
    browser.get("/organize/paper/blank.pdf?district=DC")
    assert browser.status == 422
    assert browser.page.by_id("district").get("aria-invalid") == "true"


def test_without_a_site_address_nothing_is_printed(editor: Browser) -> None:
    editor.get("/organize/paper/poster.pdf")
    assert editor.status == 409
    assert editor.words.count("no public address yet") == 1
    assert "Make the" not in editor.words
    assert "Poster" not in editor.get("/organize/links").words
