"""Fixtures that every test may use."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from tests.sites import Sites

# A run that passes passes again, on a busy machine too. HYPOTHESIS_PROFILE=default looks further.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

CANDIDATES = (
    "chromium", "chromium-browser", "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)  # fmt: skip
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture
def sites() -> Iterator[Sites]:
    """Opens sites; their applications serve later tests again."""
    opened = Sites()
    yield opened
    opened.close()


@contextmanager
def open_chromium() -> Iterator[Browser]:
    """The machine's own Chromium, without a window."""
    path = next((found for name in CANDIDATES if (found := shutil.which(name))), None)
    assert path, "Chromium is missing: run `make browser`"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with open_chromium() as browser:
        yield browser
