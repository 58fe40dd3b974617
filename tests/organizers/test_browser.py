"""The organizers' pages in a real browser: axe, a narrow screen, the keyboard, no JavaScript."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pyotp
import pytest
from flask import Flask
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import CDPSession, Page, expect
from werkzeug.serving import WSGIRequestHandler, make_server

from app.records import organizers
from app.records.organizers import OneTimeLink
from tests.axe import objections
from tests.conftest import BROWSER_TIMEOUT
from tests.organizers.conftest import PASSWORD, Clock, Office, Someone

pytestmark = pytest.mark.browser


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        pass


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def check(page: Page, title: str) -> None:
    """Axe finds nothing, and the page is at most 320 pixels wide on a narrow screen."""
    expect(page.locator("h1")).to_have_text(title)
    assert not objections(page)
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, title
    page.set_viewport_size({"width": 1280, "height": 800})


def log_in(page: Page, address: str, who: Someone, clock: Clock) -> None:
    clock.forward(minutes=1)
    page.goto(f"{address}/organize/login")
    page.locator("#name").fill(who.name)
    page.locator("#password").fill(PASSWORD)
    page.locator("#password").press("Enter")
    page.locator("#code").fill(pyotp.TOTP(who.totp).at(clock.at))
    page.locator("#code").press("Enter")
    page.wait_for_url(re.compile(r"/organize/$"))


def enter(page: Page, address: str, who: Someone, clock: Clock) -> None:
    """Log in by setting the session cookie, a minute after the organizer was added."""
    clock.forward(minutes=1)
    page.context.add_cookies([{"name": "organizer", "value": who.token, "url": address}])


@pytest.fixture(autouse=True)
def seen() -> Iterator[list[str]]:
    """Requests to other hosts, and what the browser blocked; there must be neither."""
    found: list[str] = []
    yield found
    assert found == []


def new_page(chromium: Chromium, address: str, seen: list[str], *, script: bool = True) -> Page:
    context = chromium.new_context(java_script_enabled=script)
    context.set_default_timeout(BROWSER_TIMEOUT)
    page = context.new_page()
    page.on("console", lambda m: seen.append(m.text) if "Content Security" in m.text else None)
    page.on("request", lambda r: seen.append(r.url) if not r.url.startswith(address) else None)
    return page


def link(staff: Office, name: str = "Rosa") -> str:
    made = organizers.add_organizer(staff.by("Boss"), name, "editor")
    assert isinstance(made, OneTimeLink)
    return f"/organize/set-password/{made.token}"


def test_a_new_organizer_gets_in_and_every_page_is_accessible(
    chromium: Chromium, address: str, staff: Office, seen: list[str]
) -> None:
    page = new_page(chromium, address, seen)
    page.goto(address + link(staff))
    check(page, "Choose a password")
    page.locator("#password").fill("short")
    page.locator("#again").fill("short")
    page.locator("#again").press("Enter")
    check(page, "Choose a password")
    assert page.evaluate("document.activeElement.className") == "summary"
    page.locator("#password").fill(PASSWORD)
    page.locator("#again").fill(PASSWORD)
    page.locator("#again").press("Enter")
    page.wait_for_url("**/second-factor")
    check(page, "Set up your authenticator app")
    picture = page.locator("svg.qr").bounding_box()
    assert picture
    assert picture["width"] > 150
    secret = page.locator("code.secret").inner_text().replace(" ", "")
    page.locator("#code").fill(pyotp.TOTP(secret).at(staff.clock.at))
    page.locator("#code").press("Enter")
    check(page, "Your recovery codes")
    page.get_by_role("link", name="I saved them. Continue").click()
    check(page, "Overview")
    page.goto(f"{address}/organize/people")
    check(page, "You do not have access")
    page.goto(f"{address}/organize/set-password/AAAA")
    check(page, "This link does not work")


TITLES = {
    "": "Overview",
    "account": "Your account",
    "links": "Links",
    "packets/contacts": "Contacts",
    "sessions": "Your devices",
    "people": "Organizers",
    "people/1": "Rosa",
    "people/999": "Not found",
    "audit": "Audit trail",
    "audit?since=x": "Audit trail",
    "account/password": "Change your password",
    "account/second-factor": "Set up your authenticator app",
    "confirm": "Enter your password again",
}


def test_every_page_of_an_admin_is_accessible(
    chromium: Chromium, address: str, staff: Office, seen: list[str]
) -> None:
    staff.add("Rosa")
    boss = staff.add("Boss", "admin")
    page = new_page(chromium, address, seen)
    page.goto(f"{address}/organize/login?why=idle")
    check(page, "Organizer login")
    log_in(page, address, boss, staff.clock)
    for path, title in TITLES.items():
        page.goto(f"{address}/organize/{path}")
        check(page, title)


def test_a_role_is_changed_by_keyboard_after_the_session_expired(
    chromium: Chromium, address: str, staff: Office, seen: list[str]
) -> None:
    staff.add("Rosa")
    boss = staff.add("Boss", "admin")
    page = new_page(chromium, address, seen)
    log_in(page, address, boss, staff.clock)
    page.goto(f"{address}/organize/people/1")
    page.locator("#role-editor").focus()
    page.keyboard.press("ArrowDown")
    staff.clock.forward(hours=2)
    page.keyboard.press("Enter")
    check(page, "Organizer login")
    page.locator("#name").fill("Boss")
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator("#code").fill(boss.code(staff.clock.at))
    page.keyboard.press("Enter")
    check(page, "Send this again")
    page.get_by_role("button", name="Send it now").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#role-exporter")).to_be_checked()


def test_everything_works_without_javascript(
    chromium: Chromium, address: str, staff: Office, seen: list[str]
) -> None:
    boss = staff.add("Boss", "admin")
    page = new_page(chromium, address, seen, script=False)
    log_in(page, address, boss, staff.clock)
    page.locator("nav.menu .mine summary").click()
    page.get_by_role("link", name="Your devices").click()
    page.get_by_role("button", name="Log out this device").click()
    expect(page.get_by_role("button", name="Log out this device")).to_have_count(0)
    with page.expect_download() as download:
        page.goto(f"{address}/organize/audit")
        page.get_by_role("link", name="Export CSV").click()
    assert download.value.suggested_filename == "audit-trail-2026-11-25.csv"
    page.goto(f"{address}/organize/")
    page.locator("nav.menu .mine summary").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("main")).to_contain_text("You are logged out.")


def virtual_device(page: Page) -> CDPSession:
    """A virtual authenticator in Chromium that is always present and always consents."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }})  # fmt: skip
    return devtools


def test_a_passkey_replaces_the_code(
    chromium: Chromium, address: str, staff: Office, seen: list[str]
) -> None:
    address = address.replace("127.0.0.1", "localhost")  # passkeys do not work at an IP address
    rosa = staff.add("Rosa")
    page = new_page(chromium, address, seen)
    virtual_device(page)
    log_in(page, address, rosa, staff.clock)
    page.goto(f"{address}/organize/account")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator("main")).to_contain_text("Your passkey works from now on.")
    check(page, "Your account")
    page.locator("nav.menu .mine summary").click()
    page.get_by_role("button", name="Log out").click()

    page.locator("#name").fill("Rosa")
    page.locator("#password").fill(PASSWORD)
    page.locator("#password").press("Enter")
    check(page, "Enter a code")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(re.compile(r"/organize/$"))

    page.goto(f"{address}/organize/account")
    expect(page.locator("main")).to_contain_text("last used")
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("main")).to_contain_text("The passkey is removed.")


def test_no_passkey_is_offered_where_browsers_do_not_support_them(
    chromium: Chromium, address: str, staff: Office, seen: list[str]
) -> None:
    page = new_page(chromium, address, seen)
    log_in(page, address, staff.add("Rosa"), staff.clock)
    page.goto(f"{address}/organize/account")
    expect(page.get_by_role("button", name="Add a passkey")).to_have_count(0)
