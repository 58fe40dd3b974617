"""Shared fixtures, and how a test run is set up and ordered."""

from __future__ import annotations

import gc
import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, expect, sync_playwright

from app.site.settings import ALIASES, PREFIX
from tests.sites import Sites

# Deterministic, without deadlines for busy machines. HYPOTHESIS_PROFILE=default searches further.
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

# Tests make thousands of databases, each of which flushes to disk; in memory that is free.
MEMORY = Path("/dev/shm")  # noqa: S108
MEMORY_IS_LARGE = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2 << 30

# A run keeps over a thousand databases open; often 1,024 files are allowed at first, or 256.
FILES, MOST_FILES = resource.getrlimit(resource.RLIMIT_NOFILE)
if FILES < 8192 and MOST_FILES != FILES:
    wanted = 8192 if MOST_FILES == resource.RLIM_INFINITY else min(8192, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, MOST_FILES))

# The settings of a site on this machine, or of its shell, are not those of the tests.
for setting in list(os.environ):
    if setting in ALIASES or setting.startswith(PREFIX):
        del os.environ[setting]

IS_CONTROLLER = "PYTEST_XDIST_WORKER" not in os.environ
if IS_CONTROLLER:  # its child processes inherit the folder
    home = os.environ.get("TMPDIR") or (str(MEMORY) if MEMORY_IS_LARGE else None)
    tempfile.tempdir = os.environ["TMPDIR"] = tempfile.mkdtemp(prefix="tests-", dir=home)

BROWSER_TIMEOUT = 90_000
"""Timeout for a browser in milliseconds, long enough for a busy machine."""
expect.set_options(timeout=BROWSER_TIMEOUT)

CHROMIUM_NAMES = (
    "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)  # fmt: skip
CHROMIUM_ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


SLOWEST = (
    "attack/test_forms", "paper/test_apart", "browser/test_places", "browser/test_measure",
    "browser/test_journey",
    "campaign_page/test_web_campaign", "congress/test_refresh", "workshop/test_cases",
    "counts/test_agreement", "attack/test_odd_requests", "campaign_page/test_web_cosponsors",
    "official/test_pages", "official/test_outcomes", "counts/test_pages",
    "offices/test_sheets", "workshop/test_pages",
    "mail_pages/test_copies", "congress/test_rehearsal", "campaign_page/test_edit",
    "safety/test_commands", "safety/test_acts", "attack/test_routes", "campaign/test_check",
    "documents/test_layout", "organizers/test_web_access", "paper/test_pages", "web/test_taking",
    "counts/test_export", "counts/test_filter", "web/test_security", "documents/test_pdf",
    "safety/test_keys", "packets/test_pages", "safety/test_same_person", "safety/test_retention",
    "web/test_changed_by_hand", "web/test_odd_input", "safety/test_sealing", "paper/test_import",
    "packets/test_packets", "records/test_exports", "packets/test_commands", "paper/test_plan",
    "offices/test_towns", "official/test_worker", "safety/test_consent",
    "organizers/test_web_pages",
    "workshop/test_after_signing", "campaign_page/test_next_campaign", "paper/test_large",
    "organizers/test_web_entering", "safety/test_web_confirming", "safety/test_web_limits",
    "official/test_keeping", "campaign_page/test_translation", "packets/test_window",
    "site/test_rooms", "attest/test_statements", "paper/test_likely", "workshop/test_files",
    "campaign_page/test_practice", "organizers/test_held_and_keys", "accounting/test_moves",
    "campaign/test_compose", "web/test_change", "campaign/test_language_fuzz",
    "documents/test_agreement", "public_counts/test_pages", "safety/test_proof",
    "records/test_identity", "packets/test_labels", "mail_pages/test_receipt",
    "mail_pages/test_sharing", "site/test_backup", "public_counts/test_rule",
    "congress/test_street", "delivery/test_queue", "records/test_database",
    "congress/test_build", "offices/test_pages",
)  # fmt: skip
"""Files that take more than two seconds, longest first."""


def pytest_xdist_auto_num_workers() -> int:
    """One and a half times the processors: a third of the time is waiting, for deliberate delays
    or for a browser."""
    return (os.cpu_count() or 1) * 3 // 2


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slowest files first, so that no worker is left with one at the end."""
    turns = {f"{name}.py": turn for turn, name in enumerate(SLOWEST)}
    named = {item: "/".join(item.path.parts[-2:]) for item in items}
    for item in items:
        if named[item] in turns:
            item.add_marker("slow")
    long = {
        i.path for i in items if i.get_closest_marker("browser") or i.get_closest_marker("slow")
    }
    last = len(turns)
    items.sort(key=lambda i: (turns.get(named[i], last), i.path not in long))


def pytest_collection_finish() -> None:
    """Exempt the collected tests from garbage collection, and collect less often: every parsed
    page leaves thousands of elements behind."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Delete the temporary folder, unless there is a failure to look into."""
    if IS_CONTROLLER and not getattr(config, "failures", 0):
        shutil.rmtree(tempfile.gettempdir(), ignore_errors=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    session.config.failures = session.testsfailed  # type: ignore[attr-defined]


@pytest.fixture
def sites() -> Iterator[Sites]:
    """Opens sites; their applications are reused by later tests."""
    opened = Sites()
    yield opened
    opened.close()


@contextmanager
def open_chromium() -> Iterator[Browser]:
    """The machine's own Chromium, headless."""
    path = next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)
    assert path, "Chromium is missing: run `make browser`"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=CHROMIUM_ARGS, timeout=BROWSER_TIMEOUT
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with open_chromium() as browser:
        yield browser
