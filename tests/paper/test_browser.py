"""The pages about paper in a real browser: axe, a narrow screen, the keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import FilePayload, Page, expect

from app.site.rooms import LARGEST_FILE
from tests.organizers.conftest import Clock, Office
from tests.organizers.test_browser import (  # noqa: F401 - fixtures
    address,
    check,
    enter,
    new_page,
    seen,
)

from .conftest import ANA, BO, SPLIT, ZEROS, csv_file

pytestmark = pytest.mark.browser
SHEET = csv_file(ANA, SPLIT, ("", "", "5 St", "Stowe", "VT", "05672", "", ""), ZEROS, BO)


@pytest.fixture
def page(
    chromium: Chromium,
    address: str,  # noqa: F811
    staff: Office,
    clock: Clock,
    seen: list[str],  # noqa: F811
) -> Page:
    """An editor's browser, logged in."""
    opened = new_page(chromium, address, seen)
    enter(opened, address, staff.add("Rosa", "editor"), clock)
    return opened


def choose(page: Page, address: str, content: bytes = SHEET) -> None:  # noqa: F811
    page.goto(f"{address}/organize/paper/upload")
    page.locator("#file").set_input_files(
        FilePayload(name="sheet.csv", mimeType="text/csv", buffer=content)
    )
    page.get_by_role("button", name="Look at the sheet").click()


def test_every_page_is_accessible(page: Page, address: str) -> None:  # noqa: F811
    for path, title in (
        ("", "Paper"),
        ("blank.pdf?district=x", "Paper"),
        ("enter", "Enter paper signatures"),
        ("upload", "Upload a sheet"),
        ("back", "Withdraw a paper signature"),
    ):
        page.goto(f"{address}/organize/paper/{path}")
        check(page, title)
    page.locator("#last").press("Enter")
    check(page, "Withdraw a paper signature")
    page.goto(f"{address}/organize/paper/enter")
    page.locator("#first").press("Enter")
    check(page, "Enter paper signatures")
    choose(page, address, b"nothing")
    check(page, "Upload a sheet")
    choose(page, address)
    check(page, "What is in the sheet")
    moved = (*ANA[:2], "80 Birch St", *ANA[3:])
    choose(page, address, csv_file(ANA, moved))
    check(page, "What is in the sheet")
    page.get_by_label("The same person: do not count this row").check()
    page.get_by_role("button", name="Check the sheet again").last.click()
    check(page, "What is in the sheet")
    page.get_by_role("button", name="Add one signature").click()
    check(page, "The sheet was added")
    page.goto(f"{address}/organize/paper/enter")
    for field, text in zip(
        ("first", "last", "street", "city", "state", "zip"), moved, strict=False
    ):
        page.locator(f"#{field}").fill(text)
    page.locator("#zip").press("Enter")
    expect(page.get_by_label("Someone else: count them too")).to_be_visible()
    check(page, "Enter paper signatures")


def test_the_spanish_pages_are_accessible(page: Page, address: str) -> None:  # noqa: F811
    for path, title in (
        ("", "Papel"),
        ("enter", "Agregar firmas en papel"),
        ("upload", "Subir una hoja"),
        ("back", "Retirar una firma en papel"),
    ):
        page.goto(f"{address}/es/organize/paper/{path}")
        check(page, title)


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(
    page: Page,
    address: str,  # noqa: F811
) -> None:
    choose(page, address, b"x" * (LARGEST_FILE + 1))
    said = page.locator("#file").evaluate("field => field.validationMessage")
    assert said == "This file is larger than 12 MB. Choose a smaller one."
    expect(page.get_by_role("heading", name="Upload a sheet")).to_be_visible()
    page.locator("#file").set_input_files(
        FilePayload(name="sheet.csv", mimeType="text/csv", buffer=SHEET)
    )
    page.get_by_role("button", name="Look at the sheet").click()
    expect(page.get_by_role("heading", name="What is in the sheet")).to_be_visible()


def test_a_person_is_entered_by_keyboard_alone(page: Page, address: str) -> None:  # noqa: F811
    page.goto(f"{address}/organize/paper/enter")
    expect(page.locator("#first")).to_be_focused()
    for text in ("Ana", "Li", "12 Main St", "Stowe", "VT", "05672"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".done")).to_contain_text("Added.")
    expect(page.locator("#first")).to_be_focused()
    for text in ("Bo", "Ng", "9 Elm St"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".done")).to_contain_text("2 signatures in this sitting.")


def test_enter_in_a_cell_checks_again_without_restoring_zeros(page: Page, address: str) -> None:  # noqa: F811
    choose(page, address)
    page.locator("#cell-4-first").fill("Mo")
    page.locator("#cell-4-first").press("Enter")
    expect(page.locator("h1")).to_have_text("What is in the sheet")
    expect(page.locator("#cell-4-first")).to_have_count(0)
    expect(page.locator("#cell-5-zip")).to_have_value("2108")
    page.get_by_role("button", name="Restore the zeros").click()
    expect(page.locator("#cell-5-zip")).to_have_count(0)


def test_a_large_sheets_result_pages_are_accessible(
    page: Page, address: str, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    monkeypatch.setattr("app.records.paper_sheets.PROGRESS_ROWS", 1)
    monkeypatch.setattr("app.web.organizer.paper_entry.PROGRESS_SECONDS", 0.0)
    choose(page, address)
    check(page, "What is in the sheet")
    expect(page.locator(".working")).to_be_hidden()
    choose(page, address, csv_file(ANA, BO))
    page.get_by_role("button", name="Add 2 signatures").click()
    check(page, "The sheet was added")
    expect(page).to_have_title(re.compile("^The sheet was added · "))
