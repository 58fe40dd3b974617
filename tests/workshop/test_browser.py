"""The workshop in a real browser: axe, narrow and wide, keyboard only, no JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from tests.axe import objections
from tests.organizers.conftest import Office
from tests.organizers.test_browser import address, enter, new_page, seen
from tests.workshop.test_pages import NEW, OLD

__all__ = ["address", "seen"]

pytestmark = pytest.mark.browser

PATHS = (
    "",
    "new?copy=general",
    "general/",
    "general/full/edit",
    "general/full-es/edit",
    "general/check",
    "general/publish",
    "general/preview?q=padilla&text=full-es",
    "general/preview?kind=senate-committee&form=web",
    "general/preview?kind=delegate&form=call",
    "general/preview?kind=vacant",
    "general/preview?q=nobody",
    "general/full/versions",
)


def judge(page: Page) -> None:
    """Axe finds nothing at either width, and the page is no wider than a small phone."""
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert not objections(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url


def open_everything(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")


def type_over(page: Page, old: str, new: str) -> None:
    words = page.locator("#words")
    words.fill(words.input_value().replace(old, new))


@pytest.fixture
def editor(chromium: Chromium, address: str, staff: Office, seen: list[str]) -> Iterator[Page]:
    page = new_page(chromium, address, seen)
    enter(page, address, staff.add("Rosa"), staff.clock)
    yield page
    page.context.close()


def test_every_page_with_and_without_a_draft_is_accessible(editor: Page, address: str) -> None:
    home = f"{address}/organize/letters/"
    editor.goto(home + "general/full/edit")
    type_over(editor, OLD, NEW)
    editor.get_by_role("button", name="Save the draft").click()
    expect(editor.get_by_role("status")).to_contain_text("The draft is saved")
    for path in PATHS:
        editor.goto(home + path)
        open_everything(editor)
        judge(editor)
    editor.goto(home + "general/full/versions?old=0&new=1")
    judge(editor)
    editor.goto(f"{address}/es/organize/letters/general/publish")
    judge(editor)


def test_errors_and_edit_conflicts_are_accessible(
    chromium: Chromium, editor: Page, address: str, staff: Office, seen: list[str]
) -> None:
    other = new_page(chromium, address, seen)
    enter(other, address, staff.add("Ben"), staff.clock)
    for page in (editor, other):
        page.goto(f"{address}/organize/letters/general/full/edit")
    type_over(editor, "{{ place }}", "{{ legislater_name }}")
    editor.get_by_role("button", name="Save the draft").click()
    expect(editor.locator("#shown")).to_contain_text("Did you mean legislator_name?")
    assert editor.evaluate("document.activeElement.className") == "summary"
    judge(editor)
    type_over(editor, "{{ legislater_name }}", "{{ place }}")
    type_over(editor, OLD, NEW)
    editor.get_by_role("button", name="Save the draft").click()
    expect(editor.get_by_role("status")).to_contain_text("The draft is saved")
    type_over(other, "I want people", "I would like people")
    other.get_by_role("button", name="Save the draft").click()
    expect(other.locator("h1")).to_contain_text("Someone else changed this letter")
    expect(other.locator("#words")).to_have_value(re.compile(NEW))
    judge(other)
    other.get_by_role("button", name="Save this as the draft").click()
    expect(other.get_by_role("status")).to_contain_text("The draft is saved")
    other.context.close()


def press_until(page: Page, what: str, most: int = 120) -> None:
    """Press Tab until the focused element says ``what``, like someone without a mouse."""
    for _ in range(most):
        page.keyboard.press("Tab")
        label = page.evaluate(
            "(document.activeElement.labels && document.activeElement.labels[0] ||"
            " document.activeElement).innerText || ''"
        )
        if label.strip().startswith(what):
            return
    raise AssertionError(f"{what} was not reached")


def go(page: Page, what: str, title: str) -> None:
    """Reach a link or button by Tab, press Enter, and wait for its page."""
    press_until(page, what)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(title)


def test_a_letter_is_edited_and_published_by_keyboard_alone(editor: Page, address: str) -> None:
    editor.goto(f"{address}/organize/letters/")
    go(editor, "General", "General")
    go(editor, "Full letter", "Full letter")
    press_until(editor, "The words of the letter")
    editor.keyboard.press("Control+End")
    editor.keyboard.type("\n\nYours in hope.")
    press_until(editor, "Save the draft")
    editor.keyboard.press("Enter")
    expect(editor.get_by_role("status")).to_contain_text("The draft is saved")
    go(editor, "General", "General")
    go(editor, "See the changes and publish", "Publish")
    expect(editor.locator(".diff")).to_contain_text("Yours in hope.")
    press_until(editor, "Publish now")
    editor.keyboard.press("Enter")
    expect(editor.get_by_role("status")).to_contain_text("Published.")


def test_a_button_inserts_a_field_at_the_cursor(editor: Page, address: str) -> None:
    editor.goto(f"{address}/organize/letters/general/full/edit")
    words = editor.locator("#words")
    words.evaluate("e => e.setSelectionRange(2, 2)")
    editor.get_by_text("Insert a field").click()
    editor.get_by_role("button", name="Insert city").click()
    assert words.input_value().startswith("I {{ city }}am a constituent")
    assert editor.evaluate("document.activeElement.id") == "words"
    editor.keyboard.press("Control+z")
    assert words.input_value().startswith("I am a constituent")


def test_the_preview_follows_typing(editor: Page, address: str) -> None:
    editor.goto(f"{address}/organize/letters/general/full/edit")
    words, sheet = editor.locator("#words"), editor.locator(".peek")
    words.evaluate("e => { e.focus(); e.setSelectionRange(0, 0); }")
    editor.keyboard.type("Good day. ")
    expect(sheet).to_contain_text("Good day. I am a constituent")
    editor.get_by_label("Search").fill("Tuberville")
    expect(sheet).to_contain_text("Dear Senator Tuberville:")
    expect(editor.get_by_label("Search")).to_be_focused()
    editor.get_by_label("Recipient").select_option(index=2)
    expect(sheet).not_to_contain_text("Tuberville")
    words.evaluate("e => { e.focus(); e.setSelectionRange(0, 0); }")
    editor.keyboard.type("{{ plce }} ")
    expect(editor.locator("#shown")).to_contain_text("Did you mean place?")
    expect(sheet).to_have_count(0)
    judge(editor)
    editor.get_by_role("button", name="Undo").click()
    expect(sheet).to_contain_text("I am a constituent")


def test_a_conditional_passage_is_inserted_and_undone_on_the_page(
    editor: Page, address: str
) -> None:
    editor.goto(f"{address}/organize/letters/general/full/edit")
    words = editor.locator("#words")
    before = words.input_value()
    words.evaluate("e => { e.focus(); e.setSelectionRange(10, 10); }")
    editor.get_by_text("A passage for some recipients or states only").click()
    editor.get_by_label("What only they read").fill("Your party has asked for this.")
    editor.get_by_label("Chamber").select_option("senate")
    editor.get_by_label("Party").select_option("republican")
    expect(editor.locator("#only-fits")).to_contain_text("53 members match today.")
    editor.get_by_role("button", name="Put it into the words").click()
    expect(editor.locator("#shown")).to_contain_text("senators, and Republicans")
    assert 'type == "sen" and caucus == "Republican" %}\nYour party' in words.input_value()
    editor.get_by_role("button", name="Undo").click()
    expect(words).to_have_value(before)


def test_a_failed_preview_keeps_the_last_one_and_says_so(editor: Page, address: str) -> None:
    editor.goto(f"{address}/organize/letters/general/full/edit")
    editor.route("**/edit?show=part", lambda route: route.abort())
    editor.locator("#words").press_sequentially("x")
    expect(editor.locator("#unmade")).to_be_visible()
    expect(editor.locator(".peek")).to_be_visible()
    editor.unroute("**/edit?show=part")
    editor.locator("#words").press_sequentially("y")
    expect(editor.locator("#unmade")).to_be_hidden()


def test_on_a_phone_links_lead_to_the_letter_and_back(editor: Page, address: str) -> None:
    editor.set_viewport_size({"width": 390, "height": 844})
    editor.goto(f"{address}/organize/letters/general/full/edit")
    editor.get_by_role("link", name="The letter").click()
    expect(editor.locator(".peek")).to_be_in_viewport()
    editor.get_by_role("link", name="The words").click()
    expect(editor.locator("#words")).to_be_in_viewport()


def test_everything_works_without_javascript(
    chromium: Chromium, address: str, staff: Office, seen: list[str]
) -> None:
    page = new_page(chromium, address, seen, script=False)
    enter(page, address, staff.add("Rosa"), staff.clock)
    page.goto(f"{address}/organize/letters/")
    page.get_by_role("link", name="Write a new letter").click()
    page.locator("#title").fill("For teachers")
    page.get_by_role("button", name="Create draft").click()
    page.get_by_role("link", name="Full letter").first.click()
    page.get_by_text("Insert a field").click()
    expect(page.locator("[data-insert]").first).to_be_hidden()
    expect(page.locator(".fields code").first).to_be_visible()
    page.locator("#words").fill("I teach in {{ place }}. {{ ask }}")
    page.locator("#find").fill("Padilla")
    page.get_by_role("button", name="Show the letter").click()
    expect(page.locator(".peek")).to_contain_text("Dear Senator Padilla:")
    expect(page.locator(".peek")).to_contain_text("I teach in")
    page.locator("#words").fill("I teach in {{ place }}. {{ ask }}\n\n{{ story }}\n\nThank you.")
    page.get_by_role("button", name="Save and see other moments and forms").click()
    expect(page.locator(".sheet").first).to_contain_text("I teach in")
    page.locator("#q").fill("Padilla")
    page.locator("#kind").select_option("")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#to-title")).to_have_text("Senator Alex Padilla")
    page.get_by_role("link", name="For teachers").click()
    page.get_by_role("link", name="See the changes and publish").click()
    page.get_by_role("button", name="Publish now").click()
    expect(page.get_by_role("status")).to_contain_text("Published.")
    page.get_by_role("link", name="Versions Full letter").click()
    page.get_by_text("Read it").first.click()
    page.get_by_role("link", name="For teachers").click()
    page.get_by_role("button", name="Retire this letter").click()
    page.get_by_role("button", name="Offer it again").click()
    expect(page.get_by_role("status")).to_contain_text("offered this letter again")
    page.context.close()


def test_a_phone_shows_the_letter_first_after_its_choices(editor: Page, address: str) -> None:
    editor.set_viewport_size({"width": 320, "height": 568})
    editor.goto(f"{address}/organize/letters/general/preview")
    editor.locator("#kind").select_option("delegate")
    editor.get_by_role("button", name="Show").click()
    expect(editor.get_by_role("heading", name="Delegate")).to_be_in_viewport()
    editor.goto(f"{address}/organize/letters/general/full/edit")
    editor.get_by_role("button", name="Save and see other moments").click()
    expect(editor.locator("#to-title")).to_be_in_viewport()
