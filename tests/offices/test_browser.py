"""Offices, the public count and the check, in a real browser: axe, 320 pixels, no JavaScript."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pypdf
import pytest
from flask import Flask
from nacl.signing import SigningKey
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from app.congress.tables import Tables
from app.records.statements import make_statement, publish, statements_of
from app.site.services import services
from tests.axe import objections
from tests.offices.conftest import Signers
from tests.offices.site import Office, app, clock, site_url, staff
from tests.organizers.test_browser import _Quiet, address, check, enter, new_page, seen
from tests.records.build import CAMPAIGN

__all__ = ["address", "app", "clock", "seen", "site_url", "staff"]
pytestmark = pytest.mark.browser


@pytest.fixture
def signers(staff: Office, tables: Tables) -> Signers:
    signers = Signers(staff.db, tables)
    for week in range(12):
        signers.sign("CA", 12, week + 1, template="faith-and-community",
                     day=date(2026, 9, 7) + timedelta(weeks=week))  # fmt: skip
    signers.sign("VT", 0, 7)
    return signers


def state_the_count(app: Flask, staff: Office) -> None:
    with app.app_context():
        folder = statements_of(services().settings.instance, CAMPAIGN)
    made = make_statement(
        staff.db, CAMPAIGN, "The Act", SigningKey(b"k" * 32),
        at=datetime(2026, 11, 25, 17, tzinfo=UTC), zone="America/New_York", districts=["CA-12"],
        tree=folder.parent.parent / "draft",
    )  # fmt: skip
    publish(folder, made)


def test_the_organizers_pages_are_accessible(
    chromium: Chromium, address: str, staff: Office, signers: Signers, seen: list[str]
) -> None:
    page = new_page(chromium, address, seen)
    enter(page, address, staff.add(), staff.clock)
    for path, title in {
        "": "Offices",
        "?q=padilla": "Offices",
        "?q=zzz": "Offices",
        "/CA-12": "Representative Lateefah Simon",
        "/CA-14": "Vacant seat",
        "/WY-0": "Representative Harriet M. Hageman",
    }.items():
        page.goto(f"{address}/organize/offices{path}")
        check(page, title)


def test_a_sheet_printed_from_the_browser_is_one_page(
    chromium: Chromium, address: str, staff: Office, signers: Signers, seen: list[str]
) -> None:
    for tag in ("library", "newsletter", "rally", "church"):
        signers.sign("CA", 12, 5, template=tag, town="Oakland")
    page = new_page(chromium, address, seen)
    enter(page, address, staff.add(), staff.clock)
    page.goto(f"{address}/organize/offices/CA-12")
    printed = pypdf.PdfReader(BytesIO(page.pdf(format="Letter", prefer_css_page_size=True)))
    assert len(printed.pages) == 1


def test_an_organizer_finds_a_sheet_by_keyboard_and_without_javascript(
    chromium: Chromium, address: str, staff: Office, signers: Signers, seen: list[str]
) -> None:
    page = new_page(chromium, address, seen, script=False)
    enter(page, address, staff.add(), staff.clock)
    page.goto(f"{address}/organize/offices")
    page.locator("#q").fill("simon")
    page.locator("#q").press("Enter")
    page.get_by_role("link", name="Representative Lateefah Simon").press("Enter")
    expect(page.locator("h1")).to_have_text("Representative Lateefah Simon")
    with page.expect_download() as download:
        page.get_by_role("link", name="This sheet as PDF").click()
    assert download.value.suggested_filename == "day-sheet-CA-12-2026-11-25.pdf"


def test_the_public_pages_are_accessible_from_receipt_to_proof(
    chromium: Chromium,
    address: str,
    app: Flask,
    staff: Office,
    signers: Signers,
    *,
    seen: list[str],
) -> None:
    (token,) = signers.sign("CA", 12)
    page = new_page(chromium, address, seen)
    page.goto(f"{address}/verify")
    check(page, "Is my signature in the count?")
    state_the_count(app, staff)
    page.goto(address)
    expect(page.locator(".by-state")).to_contain_text("California")
    assert not objections(page)
    page.goto(f"{address}/receipt/{token}")
    check(page, "Thank you")
    page.get_by_role("button", name="Check the count").click()
    check(page, "Is my signature in the count?")
    expect(page.locator(".notice.good")).to_contain_text("Yes. Your receipt is in the count")
    assert page.url == f"{address}/verify"
    page.get_by_text("The proof", exact=True).click()
    check(page, "Is my signature in the count?")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the proof").click()
    assert download.value.suggested_filename == "proof.json"
    page.locator("#commitment").fill("0" * 64)
    page.locator("#commitment").press("Enter")
    check(page, "Is my signature in the count?")
    expect(page.locator(".notice.attention")).to_contain_text("Your receipt is not in the count")
    page.locator("#commitment").fill("12")
    page.locator("#commitment").press("Enter")
    check(page, "Is my signature in the count?")
    assert page.evaluate("document.activeElement.className") == "summary"


@contextmanager
def serving(app: Flask) -> Iterator[int]:
    """The port of a threaded server, because a browser preconnects and leaves connections idle."""
    server = make_server("127.0.0.1", 0, app, request_handler=_Quiet, threaded=True)
    server.daemon_threads = True  # type: ignore[attr-defined]
    server.block_on_close = False  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def ours(app: Flask) -> Iterator[str]:
    with serving(app) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def elsewhere(ours: str) -> Iterator[str]:
    """Another site, with the counter in a frame."""
    stranger = Flask("stranger")

    @stranger.get("/")
    def home() -> str:
        return f'<title>x</title><iframe src="{ours}/counter" title="count"></iframe>'

    with serving(stranger) as port:
        yield f"http://localhost:{port}"


def counter_in(page: Page) -> str:
    return page.frame_locator("iframe").locator("[data-count=signatures]").inner_text()


def test_the_counter_updates_in_another_sites_frame(
    chromium: Chromium, ours: str, elsewhere: str, signers: Signers
) -> None:
    page = chromium.new_context().new_page()
    refused: list[str] = []
    page.on("console", lambda m: refused.append(m.text) if m.type == "error" else None)
    page.clock.install()
    page.goto(elsewhere)
    assert counter_in(page) == "85"
    signers.sign("CA", 12, 1000)
    page.clock.run_for(26_000)
    expect(page.frame_locator("iframe").locator("[data-count=signatures]")).to_have_text("1,085")
    assert page.context.cookies() == []
    assert [text for text in refused if "favicon" not in text and "404" not in text] == []
    page.goto(f"{ours}/counter")
    assert not objections(page, without=("page-has-heading-one",))


def test_the_counter_shows_its_numbers_without_javascript(
    chromium: Chromium, ours: str, elsewhere: str, signers: Signers
) -> None:
    page = chromium.new_context(java_script_enabled=False).new_page()
    page.goto(elsewhere)
    assert counter_in(page) == "85"
