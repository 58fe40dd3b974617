"""The counts in a real browser: axe, a narrow screen, the keyboard, no JavaScript."""

from __future__ import annotations

from itertools import pairwise

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from app.congress.maps import load_map
from tests.axe import objections
from tests.organizers.conftest import PASSWORD, Clock, Office
from tests.organizers.test_browser import address, enter, new_page, seen

__all__ = ["address", "seen"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("some"),
]

PAGES = {
    "": "Counts",
    "?since=x": "Counts",
    "/places": "Counts by place",
    "/places?map=states": "Counts by place",
    "/places?state=CA&status=every": "Counts by place",
    "/compare": "Counts compared",
    "/by/district": "All districts",
    "/members": "Letters to members",
    "/members?q=zzz": "Letters to members",
    "/export?shape=letters": "Export counts",
    "/export?state=ZZ": "Export counts",
}


def check(page: Page) -> None:
    assert not objections(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_every_page_is_accessible_at_both_widths_and_color_schemes(
    chromium: Chromium, address: str, staff: Office, clock: Clock, seen: list[str]
) -> None:
    who = staff.add("Boss", "admin")
    page = new_page(chromium, address, seen)
    enter(page, address, who, clock)
    for path, title in PAGES.items():
        page.goto(f"{address}/organize/counts{path}")
        expect(page.locator("h1")).to_have_text(title)
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.set_viewport_size({"width": 1280, "height": 800})
        check(page)
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        page.set_viewport_size({"width": 320, "height": 800})
        check(page)


def test_the_keyboard_reaches_every_district_and_its_table_row(
    chromium: Chromium, address: str, staff: Office, clock: Clock, seen: list[str]
) -> None:
    page = new_page(chromium, address, seen)
    enter(page, address, staff.add("Boss", "admin"), clock)
    page.goto(f"{address}/organize/counts/places")
    page.get_by_role("link", name="Skip the map and go to its table").focus()
    drawing = page.frame_locator("iframe").locator("svg").element_handle()
    assert drawing
    frame = drawing.owner_frame()
    assert frame
    frame.evaluate(
        "self.reached = [];"
        " document.addEventListener('focusin', e => reached.push(e.target.getAttribute('href')))"
    )
    for number in range(441):
        page.keyboard.press("Tab")
        if number < 2 or number > 438:  # checks the first and last ones, and tabs past the others
            assert (
                frame.evaluate(
                    "getComputedStyle(document.activeElement.querySelector('path')).strokeWidth"
                )
                == "4px"
            )
    reached, root = frame.evaluate("reached"), "/organize/counts/places"
    assert reached == [f"{root}?state={name[:2]}#d-{name}" for name in load_map().districts]
    link = page.frame_locator("iframe").get_by_role("link", name="CA-12, Lateefah Simon: 12 people")
    link.press("Enter")
    page.wait_for_url("**state=CA#d-CA-12")
    expect(page.locator("tr:target")).to_contain_text("Lateefah Simon")
    expect(page.locator("tr:target")).to_be_in_viewport()
    # One key press skips all of them.
    page.get_by_role("link", name="Skip the map and go to its table").press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#places') !== null")


def test_everything_works_without_javascript(
    chromium: Chromium, address: str, staff: Office, clock: Clock, seen: list[str]
) -> None:
    page = new_page(chromium, address, seen, script=False)
    enter(page, address, staff.add("Boss", "admin"), clock)
    page.goto(f"{address}/organize/counts/places?map=states")
    california = "California: 12 people signed"
    page.frame_locator("iframe").get_by_role("link", name=california).press("Enter")
    page.wait_for_url("**state=CA*")
    page.get_by_role("link", name="Summary").click()
    expect(page.locator(".numbers .big").first).to_have_text("12")
    page.locator("#letter").select_option("general")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**letter=general*")
    page.get_by_role("link", name="Members").click()
    page.locator("#q").fill("padilla")
    page.locator("#q").press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Export").click()
    page.get_by_label("CSV, table only").check()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download").click()
    assert waiting.value.suggested_filename.endswith(".csv")
    assert "state=CA" in waiting.value.url


def test_the_password_page_left_after_a_download_explains_it(
    chromium: Chromium, address: str, staff: Office, clock: Clock, seen: list[str]
) -> None:
    page = new_page(chromium, address, seen)
    enter(page, address, staff.add("Boss", "admin"), clock)
    page.goto(f"{address}/organize/counts/export")
    clock.forward(minutes=10)
    page.get_by_role("button", name="Download").click()
    page.locator("#password").fill(PASSWORD)
    with page.expect_download():
        page.locator("#password").press("Enter")
    expect(page.locator("h1")).to_have_text("Enter your password again")
    expect(page.locator("main")).to_contain_text("it downloads from here, and this page stays")


def test_map_colors_and_borders_have_enough_contrast(
    chromium: Chromium, address: str, staff: Office, clock: Clock, seen: list[str]
) -> None:
    """Borders contrast 3 to 1 with every color, or the two colors that they separate do."""
    page = new_page(chromium, address, seen)
    enter(page, address, staff.add("Boss", "admin"), clock)
    page.goto(f"{address}/organize/counts/map.svg")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = page.evaluate(
            """() => {
              const style = getComputedStyle(document.documentElement);
              return ['--sheet', '--map-edge', '--s0', '--s1', '--s2', '--s3', '--s4', '--s5']
                .map(n => style.getPropertyValue(n).trim());
            }"""
        )
        sheet, edge, *steps = (luminance(color) for color in found)
        assert contrast(sheet, edge) >= 3
        assert steps == sorted(steps, reverse=scheme == "light")
        assert contrast(steps[1], steps[5]) >= 3
        for one, other in pairwise(steps):
            assert contrast(one, other) >= 1.25


def luminance(color: str) -> float:
    """Relative luminance as WCAG defines it, of ``#rrggbb``."""
    parts = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)
