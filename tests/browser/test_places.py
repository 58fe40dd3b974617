"""The pages that determine the place, on a phone and on a wide screen, light and dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.bench.servers import Server
from tests.browser.conftest import LOOKS, Visitor, visit

pytestmark = pytest.mark.browser

PLACES = {
    "choose": ("60618", "IL"),
    "choose where nearly all live in one": ("12463", "NY"),
    "choose one that is vacant": ("94541", "CA"),
    "outside": ("09012", ""),
    "no seat": ("96941", ""),
    "which state": ("42223", ""),
    "another state": ("60618", "CA"),
    "unknown": ("00001", "NY"),
    "unknown and no state": ("99999", ""),
    "one delegate": ("00802", ""),
    "found": ("90001", ""),
}


@pytest.mark.parametrize("lang", LOOKS)
def test_every_page_a_zip_can_lead_to_is_accessible(
    chromium: Browser, site: Server, lang: str
) -> None:
    someone = visit(chromium, site)
    for zip_code, state in PLACES.values():
        someone.goto(f"{lang}/find")
        someone.page.locator("input[name=zip]:visible").first.fill(zip_code)
        someone.page.locator("select[name=state]:visible").first.select_option(state)
        with someone.page.expect_navigation():
            someone.page.locator("main form button:visible").first.click()
        for width, dark in LOOKS[lang]:
            someone.look(width, dark=dark)
            someone.judge()
            colors = someone.page.eval_on_selector_all(
                "button[name=district]", "all => all.map(b => getComputedStyle(b).backgroundColor)"
            )
            assert len(set(colors)) <= 1, "no district is pressed on anybody"
    someone.context.close()


def test_a_typed_street_survives_another_language_and_enter_looks_it_up(
    visitor: Visitor,
) -> None:
    page = visitor.page
    visitor.find("60647", "/es/find")
    page.locator("#street").fill("2533 N Kedzie Blvd")
    with page.expect_navigation():
        page.get_by_role("button", name="English").click()
    expect(page.locator("h1")).to_have_text("Which district do you live in?")
    expect(page.locator("#street")).to_have_value("2533 N Kedzie Blvd")
    page.locator("#street").focus()
    visitor.enter()
    expect(page.locator(".notice")).to_contain_text("We used your ZIP code instead.")
