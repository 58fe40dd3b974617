"""The page for packets in a real browser: axe, a narrow screen, a real download."""

from __future__ import annotations

import zipfile

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from tests.organizers.conftest import (  # noqa: F401 - fixtures
    Clock,
    Office,
    app,
    clock,
    site_url,
    staff,
)
from tests.organizers.test_browser import (  # noqa: F401 - fixtures
    address,
    check,
    enter,
    new_page,
    seen,
)

from .conftest import person
from .test_pages import Ask, ask  # noqa: F401 - fixtures

pytestmark = pytest.mark.browser


@pytest.fixture
def page(
    chromium: Chromium,
    address: str,  # noqa: F811
    staff: Office,  # noqa: F811
    clock: Clock,  # noqa: F811
    seen: list[str],  # noqa: F811
) -> Page:
    """An admin's browser, logged in."""
    opened = new_page(chromium, address, seen)
    enter(opened, address, staff.add("Ada", "admin"), clock)
    return opened


def test_an_admin_downloads_the_packets(page: Page, address: str, ask: Ask) -> None:  # noqa: F811
    page.goto(f"{address}/organize/packets/")
    check(page, "Packets")
    ask(person(), person(first="Bo"))
    page.goto(f"{address}/organize/packets/")
    check(page, "Packets")
    page.get_by_label("One file for").select_option("state")
    with page.expect_download() as download:
        page.get_by_role("button", name="Make the packets").click()
    with zipfile.ZipFile(download.value.path()) as packets:
        assert packets.namelist() == ["IL.pdf", "index.csv"]
    page.goto(f"{address}/es/organize/packets/")
    check(page, "Paquetes")
