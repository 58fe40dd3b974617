"""The pages on which a place is settled, on a phone and on a wide screen, light and dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.bench.servers import Server
from tests.browser.conftest import visit

PLACES = {
    "choose": ("60618", "IL"),
    "choose-nearly-all": ("12463", "NY"),
    "outside": ("09012", ""),
    "which-state": ("42223", ""),
    "other-state": ("60618", "CA"),
    "unknown": ("00001", "NY"),
}


@pytest.mark.parametrize(
    ("width", "dark"), [(320, False), (320, True), (1280, False), (1280, True)]
)
def test_whatever_a_zip_leads_to_can_be_read(
    chromium: Browser, site: Server, width: int, dark: bool
) -> None:
    for zip_code, state in PLACES.values():
        someone = visit(chromium, site, width=width, dark=dark)
        someone.context.set_default_timeout(6000)
        someone.goto("/find")
        someone.page.locator("input[name=zip]:visible").first.fill(zip_code)
        if state:
            someone.page.locator("select[name=state]:visible").first.select_option(state)
        with someone.page.expect_navigation():
            someone.page.locator("main form button:visible").first.click()
        someone.judge()
        colors = someone.page.eval_on_selector_all(
            "button[name=district]", "all => all.map(b => getComputedStyle(b).backgroundColor)"
        )
        assert len(set(colors)) <= 1, "no district is pressed on anybody"
        someone.context.close()
    someone = visit(chromium, site, width=width, dark=dark)
    someone.goto("/districts")
    someone.judge()
    someone.context.close()
