"""A running site and a real Chromium with a phone's screen, with and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.axe import objections
from tests.bench.servers import Server, serving
from tests.conftest import BROWSER_TIMEOUT

LOOKS = {"": ((320, False), (1280, True)), "/es": ((320, True),)}
"""By the URL prefix of a language: pairs of a width, and whether in dark mode."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The site as operators run it, without network access."""
    with serving(
        "wsgi:app",
        tmp_path_factory.mktemp("site"),
        workers=1,
        DEAR_CONGRESS_GEOCODER_URL="http://127.0.0.1:9/nothing",
    ) as running:
        yield running


@dataclass
class Visitor:
    """One person's browser window, which records every request to another site."""

    page: Page
    context: BrowserContext
    address: str
    foreign_requests: list[str]
    refused: list[str]
    script: bool = True

    def goto(self, path: str) -> None:
        self.page.goto(self.address + path)

    def press(self, name: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name, exact=True).click()

    def enter(self) -> None:
        """Press Enter and wait for the page that follows."""
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def forward(self) -> None:
        """Press the button that continues, whatever its label."""
        with self.page.expect_navigation():
            self.page.locator("#page-form .foot .btn").first.click()

    def find(self, zip_code: str = "01930", path: str = "/find") -> None:
        """Enter a ZIP code and wait for the page that follows."""
        self.goto(path)
        self.page.locator("#zip").fill(zip_code)
        self.enter()

    def write(self, story: str, **details: str) -> None:
        """Fill in both pages, for the story and for name and address, and stay on the second."""
        self.page.locator("#story").fill(story)
        self.forward()
        for name, text in details.items():
            self.page.locator(f"#{name}").fill(text)

    def look(self, width: int, *, dark: bool) -> None:
        """Set the width and color scheme, with transitions off."""
        self.page.set_viewport_size({"width": width, "height": 700})
        scheme: Literal["dark", "light"] = "dark" if dark else "light"
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")

    def judge(self) -> None:
        """Check that axe finds nothing, that nothing is wider than the screen, and that the page
        contacts no other site and sets no cookie.

        Axe is JavaScript, so it runs only with scripts on; the page is the same without.
        """
        found = objections(self.page) if self.script else []
        assert not found, (self.page.title(), found)
        width = self.page.evaluate("document.documentElement.scrollWidth")
        screen = self.page.viewport_size
        assert screen
        assert width <= screen["width"], (self.page.title(), width)
        assert not self.foreign_requests
        assert not self.refused
        assert self.context.cookies() == []


def visit(
    chromium: Browser, site: Server, *, script: bool = True, width: int = 320, dark: bool = False
) -> Visitor:
    context = chromium.new_context(
        java_script_enabled=script,
        viewport={"width": width, "height": 700},
        color_scheme="dark" if dark else "light",
        accept_downloads=True,
    )
    context.set_default_timeout(BROWSER_TIMEOUT)
    address = f"http://127.0.0.1:{site.port}"
    visitor = Visitor(context.new_page(), context, address, [], [], script)
    context.on(
        "request",
        lambda r: (
            None if r.url.startswith((address, "data:")) else visitor.foreign_requests.append(r.url)
        ),
    )
    visitor.page.on(
        "console",
        lambda m: visitor.refused.append(m.text) if "Content Security Policy" in m.text else None,
    )
    return visitor


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def visitor(request: pytest.FixtureRequest, chromium: Browser, site: Server) -> Iterator[Visitor]:
    """A person on a narrow phone, once with and once without JavaScript."""
    someone = visit(chromium, site, script=request.param)
    yield someone
    someone.context.close()
