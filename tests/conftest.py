"""Fixtures that every test may use, and how a run is arranged."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from tests.sites import Sites

# A run that passes passes again, on a busy machine too. HYPOTHESIS_PROFILE=default looks further.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

# Thousands of databases are made, each of which waits for its disk; in memory none has to.
MEMORY = Path("/dev/shm")  # noqa: S108
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2 << 30:
    os.environ.setdefault("TMPDIR", str(MEMORY))

CANDIDATES = (
    "chromium", "chromium-browser", "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)  # fmt: skip
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that no worker is alone with one at the end."""
    long = {
        i.path for i in items if i.get_closest_marker("browser") or i.get_closest_marker("slow")
    }
    items.sort(key=lambda item: item.path not in long)


def pytest_collection_finish() -> None:
    """Leave what was collected out of each later search for garbage."""
    gc.freeze()


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
