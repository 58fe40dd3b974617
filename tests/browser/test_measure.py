"""How much of a page a tired person on a phone has to read and scroll, and what calls to them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.bench.servers import Server
from tests.browser.conftest import Visitor, visit

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("chromium")]

SCREEN = {"width": 390, "height": 844}
FILLED = ".btn:not(.second, .danger)"


def screens(page: Page) -> float:
    """The height of the whole page, with head and foot, in screens of a phone."""
    return float(page.evaluate("document.documentElement.scrollHeight")) / SCREEN["height"]


def words(page: Page) -> int:
    """The words that can be seen without opening anything."""
    return len(page.evaluate("document.body.innerText").split())


def most_filled(page: Page) -> int:
    """The most filled buttons that are in sight together while one scrolls down."""
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


def test_the_start_page_is_short_and_has_one_thing_to_press(phone: Visitor) -> None:
    phone.goto("/")
    assert words(phone.page) <= 250
    assert screens(phone.page) <= 2.5
    assert most_filled(phone.page) == 1
    button = phone.page.locator(f"main {FILLED}").bounding_box()
    assert button is not None
    assert button["y"] + button["height"] < SCREEN["height"]
    phone.judge()
