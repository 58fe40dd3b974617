"""How much a tired person on a phone must read and scroll, and how many buttons compete."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.bench.servers import Server
from tests.browser.conftest import Visitor, visit

pytestmark = pytest.mark.browser

SCREEN = {"width": 390, "height": 844}
FILLED = ".btn:not(.second, .danger)"


def screens(page: Page) -> float:
    """The height of the whole page, header and footer included, in phone screens."""
    return float(page.evaluate("document.documentElement.scrollHeight")) / SCREEN["height"]


def words(page: Page) -> int:
    """The number of words visible without opening anything."""
    return len(page.evaluate("document.body.innerText").split())


def most_filled(page: Page) -> int:
    """The most filled buttons in view at once while scrolling down."""
    return int(
        page.evaluate(
            """() => {
            const clear = 'rgba(0, 0, 0, 0)';
            const tops = [...document.querySelectorAll('.btn')]
              .filter(e => e.checkVisibility() && getComputedStyle(e).backgroundColor !== clear)
              .map(e => e.getBoundingClientRect());
            return Math.max(0, ...tops.map(a => tops.filter(
              b => b.top >= a.top && b.bottom <= a.top + innerHeight).length));
            }"""
        )
    )


@pytest.fixture(params=["", "/es"], ids=["en", "es"])
def phone(request: pytest.FixtureRequest, chromium: Browser, site: Server) -> Iterator[Visitor]:
    someone = visit(chromium, site, width=SCREEN["width"])
    someone.page.set_viewport_size({"width": SCREEN["width"], "height": SCREEN["height"]})
    someone.address += request.param
    yield someone
    someone.context.close()


def test_the_start_page_is_short_with_one_main_button(phone: Visitor) -> None:
    phone.goto("/")
    assert words(phone.page) <= 250
    assert screens(phone.page) <= 2.5
    assert most_filled(phone.page) == 1
    button = phone.page.locator(f"main {FILLED}").bounding_box()
    assert button is not None
    assert button["y"] + button["height"] < SCREEN["height"]
    phone.judge()


STORY = (
    "I teach fourth grade off Forest Hill Avenue. In October a mother asked me whether it was safe "
    "to report that her car window had been broken in our parking lot. She never did. I want the "
    "families I teach to call for help without a second thought, and the deputies I know want that "
    "too."
)


DETAILS = {
    "first": "Dana", "last": "Whitlock", "street": "118 Larkspur Court", "city": "Gloucester",
}  # fmt: skip


def signed(someone: Visitor) -> None:
    """Go to the page for handing over, with an ordinary story and three offices."""
    someone.find()
    someone.write(STORY, **DETAILS)
    for _review_then_sign in range(2):
        someone.forward()


@pytest.mark.parametrize(
    "zip_code", ["01930", "78701", "20009", "32081"]
)  # the last is the longest
def test_every_page_up_to_signing_is_short_with_its_main_button_in_view(
    phone: Visitor, zip_code: str
) -> None:
    page = phone.page

    def look(at_most: float, words_at_most: int) -> None:
        assert screens(page) <= at_most, page.title()
        assert words(page) <= words_at_most, page.title()
        assert most_filled(page) == 1, page.title()
        button = page.locator(f"main {FILLED}").bounding_box()
        assert button is not None
        assert button["y"] + button["height"] <= SCREEN["height"], page.title()

    phone.goto("/find")
    look(1.5, 300)
    page.locator("#zip").fill(zip_code)
    phone.enter()
    page.locator("#story").fill(STORY)
    page.evaluate("window.scrollTo(0, 0)")
    look(2.5, 260)
    phone.write(STORY, **DETAILS)
    page.evaluate("window.scrollTo(0, 0)")
    look(2.5, 380)
    phone.forward()
    look(4.0, 660)
    page.evaluate("window.scrollTo(0, document.querySelector('.other, .aside').offsetTop)")
    assert page.locator("#sign").is_visible()
    own = page.locator(".sheet mark").first
    expect(own).to_have_text(STORY)
    first = page.locator(".letter .sheet").first
    expect(first).to_be_visible()
    assert first.get_attribute("lang") == page.evaluate("document.documentElement.lang")


def test_offices_open_one_at_a_time_and_keep_keyboard_focus(phone: Visitor) -> None:
    signed(phone)
    page = phone.page
    phone.context.grant_permissions(["clipboard-read", "clipboard-write"])
    offices = page.locator("details.office[name=office]")
    phone.judge()
    for number in range(3):
        assert [o.get_attribute("open") is not None for o in offices.all()] == [
            n == number for n in range(3)
        ]
        assert screens(page) <= 2.5
        assert most_filled(page) == 1
        office = offices.nth(number)
        copy = office.locator("button[data-copy]")
        if number:  # an old browser, or one that was told to refuse
            page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
        copy.click()
        steps = office.locator(".by-form .todo > li")
        expect(steps.nth(0)).to_have_class("done")
        expect(steps.nth(1)).to_have_class("now")
        expect(copy).to_be_focused()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == office.locator(".by-form textarea").input_value()
        assert office.locator(".by-form details[open]").count() == 0, "opened for nothing"
        with page.expect_navigation():
            office.locator("button[name=did][value$=pasted]").click()
        if number < 2:
            expect(offices.nth(number + 1).locator("h2")).to_be_focused()
    assert page.locator("details.office[name=office][open]").count() == 0
    assert page.locator(f"main {FILLED}").last.is_visible()
    phone.judge()


def test_every_way_of_handing_over_fits_a_phone(phone: Visitor) -> None:
    signed(phone)
    office = phone.page.locator("details.office[open]")
    for way in ("call", "post", "form"):
        office.locator(f".way-{way}").check()
        assert office.locator(f".by-{way}").is_visible()
        assert office.locator(".panel:visible").count() == 1
        assert screens(phone.page) <= 2.5, way
        assert most_filled(phone.page) <= 1
        phone.judge()
