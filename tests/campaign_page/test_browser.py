"""The Campaign page in a real browser: axe, 320 pixels, the keyboard, no JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Dialog, expect

from app.campaign.backing_lists import read_list
from app.campaign.stance import Backing
from app.records.workshop import live_files, state_of
from tests.campaign_page.conftest import files_of, status_xml
from tests.organizers.conftest import Office
from tests.organizers.test_browser import address, check, enter, new_page

__all__ = ["address"]
pytestmark = pytest.mark.browser
SLUG = "protect-immigration-act"
LIEU = Backing("L000582", "Ted Lieu", "current", "cosponsor", date(2026, 10, 2))


def shipped_list() -> tuple[Backing, ...]:
    text = files_of()["cosponsors.csv"]
    head, *lines = text.splitlines()
    only = "\n".join([head, *(line for line in lines if ",current," in line)])
    return read_list("cosponsors.csv", only, ())[0]


@pytest.fixture(autouse=True)
def seen() -> Iterator[list[str]]:
    """Requests to other hosts, and what the browser blocked; there must be neither."""
    found: list[str] = []
    yield found
    assert found == []


PAGES = {
    "campaign/": "Campaign",
    "campaign/bill": "The bill and its dates",
    "campaign/asks/senator": "Ask: senator",
    "campaign/asks/new": "Ask: new",
    "campaign/prompts/1": "Question for a story: 1",
    "campaign/forbidden/1": "Claim to avoid: 1",
    "campaign/committees": "Committees",
    "campaign/states": "States with a law of their own",
    "campaign/telephone": "What a call is about",
    "campaign/facts/growth": "Dated fact: growth",
    "campaign/facts/new": "Dated fact: new",
    "campaign/additions/house-chair": "Sentence added to an ask: house-chair",
    "campaign/related/s1440-116": "Earlier or opposing bill: s1440-116",
    "campaign/versions": "Versions of the campaign",
    "cosponsors/?q=garcia": "Cosponsors",
    "cosponsors/add/L000582": "Add Ted Lieu",
    "cosponsors/import": "Import a list",
    "cosponsors/versions": "Earlier lists",
    "translation": "Translation",
    "letters/general/translation/full": "Translation: General",
    "test": "Test run",
    "campaigns/": "Campaigns",
    "campaigns/new": "Begin a campaign",
}


def test_every_page_is_accessible(
    chromium: Chromium, address: str, staff: Office, seen: list[str]
) -> None:
    page = new_page(chromium, address, seen)
    enter(page, address, staff.add("Rosa"), staff.clock)
    for path, title in PAGES.items():
        page.goto(f"{address}/organize/{path}")
        check(page, title)


def test_an_error_is_fixed_and_published_by_keyboard_alone(
    chromium: Chromium, address: str, staff: Office, seen: list[str]
) -> None:
    page = new_page(chromium, address, seen)
    enter(page, address, staff.add("Rosa"), staff.clock)
    page.goto(f"{address}/organize/campaign/bill")
    page.locator("#last_weeks_from").fill("soon")
    page.locator("#title").fill("Another name")
    page.keyboard.press("Enter")
    check(page, "The bill and its dates")
    assert page.evaluate("document.activeElement.className") == "summary"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "last_weeks_from"
    expect(page.locator("#title")).to_have_value("Another name")
    page.locator("#last_weeks_from").fill("2026-11-05")
    page.keyboard.press("Enter")
    check(page, "Campaign")
    page.get_by_role("link", name="Compare and publish").focus()
    page.keyboard.press("Enter")
    check(page, "Compare and publish")
    page.locator("#note").focus()
    page.keyboard.press("Enter")
    check(page, "Campaign")
    assert "Another name" in live_files(staff.db, SLUG, files_of()).files["campaign.toml"]
    page.goto(f"{address}/organize/campaign/versions")
    check(page, "Versions of the campaign")
    page.get_by_role("link", name="Number 1").press("Enter")
    check(page, "Version 1")


@pytest.mark.parametrize("script", [True, False])
def test_switching_language_never_loses_typed_words(
    chromium: Chromium, address: str, staff: Office, seen: list[str], script: bool
) -> None:
    page = new_page(chromium, address, seen, script=script)
    enter(page, address, staff.add("Rosa"), staff.clock)
    page.goto(f"{address}/organize/campaign/facts/growth")
    if script:  # nothing was typed, so it opens in place
        page.locator("a.language").click()
        expect(page.locator("h1")).to_have_text("Dato con fecha: growth")
        page.goto(f"{address}/organize/campaign/facts/growth")
    page.locator("#facts-source").fill("Half of a sour")
    with page.context.expect_page() as opened:
        page.locator("a.language").click()
    expect(opened.value.locator("h1")).to_have_text("Dato con fecha: growth")
    expect(page.locator("#facts-source")).to_have_value("Half of a sour")
    page.locator("#facts-as_of").fill("soon")
    page.get_by_role("button", name="Save as a draft").click()
    expect(page.locator("#facts-source")).to_have_value("Half of a sour")
    with page.context.expect_page():  # a page returned with an error is not saved either
        page.locator("a.language").click()
    expect(page.locator("#facts-as_of")).to_have_value("soon")


def test_leaving_with_unsaved_changes_asks_first(
    chromium: Chromium, address: str, staff: Office, seen: list[str]
) -> None:
    page = new_page(chromium, address, seen)
    enter(page, address, staff.add("Rosa"), staff.clock)
    page.goto(f"{address}/organize/campaign/related/s-115")
    page.locator("#related-kind").select_option("opposes")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.locator("nav.menu summary", has_text="Words").click()
    with page.expect_event("dialog"):
        page.get_by_role("link", name="Translation").click(no_wait_after=True)
    assert asked == ["beforeunload"]
    expect(page.locator("#related-kind")).to_have_value("opposes")
    page.get_by_role("button", name="Save as a draft").click()
    check(page, "Campaign")
    assert asked == ["beforeunload"]


def test_an_ask_moves_without_javascript(
    chromium: Chromium, address: str, staff: Office, seen: list[str]
) -> None:
    page = new_page(chromium, address, seen, script=False)
    enter(page, address, staff.add("Rosa"), staff.clock)
    page.goto(f"{address}/organize/campaign/")
    page.locator("#asks-cosponsor button[value=up]").click()
    expect(page.locator(".ordered li").first).to_have_attribute("id", "asks-cosponsor")
    assert page.url.endswith("#asks-cosponsor")
    assert state_of(staff.db, SLUG, "campaign.toml").draft


def test_the_official_list_is_imported_without_javascript(
    chromium: Chromium, address: str, staff: Office, seen: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "BILLSTATUS-119hr6890.xml"
    file.write_bytes(status_xml([*shipped_list()[:18], LIEU]))
    page = new_page(chromium, address, seen, script=False)
    enter(page, address, staff.add("Rosa"), staff.clock)
    page.goto(f"{address}/organize/cosponsors/import")
    page.set_input_files("#file", str(file))
    page.get_by_role("button", name="Show what this changes").click()
    expect(page.locator("main")).to_contain_text("1 joined, 0 left.")
    gone = shipped_list()[18]
    page.get_by_role("group", name="Missing from the file").get_by_label(gone.name).check()
    page.get_by_role("button", name="Apply the list").click()
    expect(page.locator("main")).to_contain_text("The list is live.")
    expect(page.locator("main")).to_contain_text("Ted Lieu")
    current = page.get_by_role("region", name="H.R. 6890 (this campaign)")
    expect(current).not_to_contain_text(gone.name)


def test_import_errors_and_changes_are_accessible(
    chromium: Chromium, address: str, staff: Office, seen: list[str], tmp_path: Path
) -> None:
    bad, good = tmp_path / "bad.csv", tmp_path / "good.xml"
    bad.write_text("bioguide,name,role,date\nX99,=1+1,fan,soon\n")
    good.write_bytes(status_xml([*shipped_list()[:18], LIEU]))
    page = new_page(chromium, address, seen)
    enter(page, address, staff.add("Rosa"), staff.clock)
    for file, title in ((bad, "Import a list"), (good, "What this changes")):
        page.goto(f"{address}/organize/cosponsors/import")
        page.set_input_files("#file", str(file))
        page.get_by_role("button", name="Show what this changes").click()
        check(page, title)


def test_a_test_journeys_banner_is_accessible(
    chromium: Chromium, address: str, staff: Office, seen: list[str]
) -> None:
    page = new_page(chromium, address, seen)
    enter(page, address, staff.add("Rosa"), staff.clock)
    page.goto(f"{address}/organize/test")
    page.get_by_role("button", name="Start a test run").click()
    check(page, "Where do you live?")
    page.locator("#zip").fill("01930")
    page.keyboard.press("Enter")
    expect(page.locator(".testing")).to_contain_text("Nothing here is counted.")
