"""Logging in through the pages: links, passwords, codes, cookies, and every refusal."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import quote

import pyotp
import pytest
from flask import Flask

from app.records import organizers
from app.records.organizers import OneTimeLink
from tests.organizers.browser import Browser
from tests.organizers.conftest import PASSWORD, Clock, Office, wrong_code


@pytest.fixture
def browser(app: Flask, clock: Clock) -> Browser:
    return Browser(app, clock)


def link_for(staff: Office, name: str = "Rosa") -> str:
    link = organizers.add_organizer(staff.by("Boss"), name, "editor")
    assert isinstance(link, OneTimeLink)
    return f"/organize/set-password/{link.token}"


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_a_new_organizer_gets_in_with_the_link(
    browser: Browser, staff: Office, prefix: str
) -> None:
    path = prefix + link_for(staff)
    browser.get(path)
    assert "Rosa" in browser.words
    browser.send(path, password=PASSWORD, again=PASSWORD)
    assert browser.path == f"{prefix}/organize/second-factor"
    secret = re.sub(r"\s", "", "".join(browser.page.one("code").itertext()))
    browser.send("/second-factor", code=pyotp.TOTP(secret).at(browser.clock.at))
    codes = ["".join(e.itertext()) for e in browser.page.all("code")]
    assert len(codes) == 10
    browser.get(f"{prefix}/organize/")
    assert "Rosa" in browser.last.text
    menu = [e for e in browser.page.all("main")[0].iter("nav") if "menu" in (e.get("class") or "")]
    assert not menu, "whoever skips to the content has passed it"
    browser.send("/logout")
    browser.get(f"{prefix}/organize/login").send("/login", name="Rosa", password=PASSWORD)
    browser.send("/code", code=codes[0])
    assert browser.path == f"{prefix}/organize/"


@pytest.mark.parametrize(("seconds", "taken"), [(-30, True), (30, True), (-90, False)])
def test_an_authenticators_clock_may_be_one_step_off_at_setup(
    browser: Browser, staff: Office, seconds: int, taken: bool
) -> None:
    """N38"""
    path = link_for(staff)
    browser.get(path).send(path, password=PASSWORD, again=PASSWORD)
    secret = re.sub(r"\s", "", "".join(browser.page.one("code").itertext()))
    code = pyotp.TOTP(secret).at(browser.clock.at + timedelta(seconds=seconds))
    browser.send("/second-factor", code=code)
    assert (len(browser.page.all("code")) == 10) is taken
    assert ("set your phone’s clock to automatic" in browser.words) is not taken


def test_the_qr_code_needs_nothing_the_content_policy_forbids(
    browser: Browser, staff: Office
) -> None:
    path = link_for(staff)
    browser.get(path).send(path, password=PASSWORD, again=PASSWORD)
    text = browser.last.get_data(as_text=True)
    (svg,) = re.findall(r"<svg[^>]*class=\"qr\".*?</svg>", text, re.DOTALL)
    assert "<title>" in svg
    assert not re.search(r"style=|<style|<script|href|http", svg)
    assert 'href="otpauth://totp/' in text


def test_a_reloaded_page_offers_the_same_secret(browser: Browser, staff: Office) -> None:
    path = link_for(staff)
    browser.get(path).send(path, password=PASSWORD, again=PASSWORD)
    first = "".join(browser.page.one("code").itertext())
    browser.get("/organize/second-factor")
    assert "".join(browser.page.one("code").itertext()) == first


@pytest.mark.parametrize(
    ("password", "again", "says"),
    [
        ("short", "short", "at least 12"),
        (PASSWORD, PASSWORD + "x", "not the same"),
        ("", "", "at least 12"),
        ("aaaaaaaaaaaaaa", "aaaaaaaaaaaaaa", "repeats"),
    ],
)
def test_a_bad_password_is_explained_and_the_link_still_works(
    browser: Browser, staff: Office, password: str, again: str, says: str
) -> None:
    path = link_for(staff)
    browser.get(path).send(path, password=password, again=again)
    assert browser.status == 422
    assert says in browser.words
    browser.send(path, password=PASSWORD, again=PASSWORD)
    assert browser.path == "/organize/second-factor"


def test_used_expired_and_forged_links_are_explained(browser: Browser, staff: Office) -> None:
    path = link_for(staff)
    browser.get(path).send(path, password=PASSWORD, again=PASSWORD)
    assert browser.get(path).status == 410
    assert "already used" in browser.words
    old = link_for(staff, "Ana")
    browser.clock.forward(hours=49)
    assert browser.get(old).status == 410
    assert "It expired" in browser.words
    assert browser.get("/organize/set-password/AAAA").status == 404
    assert "incomplete" in browser.words


def test_fetching_the_link_repeatedly_does_not_use_it_up(app: Flask, staff: Office) -> None:
    path = link_for(staff)
    for _ in range(3):
        scanner = Browser(app, staff.clock)
        scanner.get(path)
        scanner.client.head(path)
    me = Browser(app, staff.clock).get(path).send(path, password=PASSWORD, again=PASSWORD)
    assert me.path == "/organize/second-factor"


def test_an_organizer_logs_in_and_out(browser: Browser, staff: Office) -> None:
    rosa = staff.add("Rosa")
    browser.log_in(rosa)
    assert browser.title == "Overview"
    token = browser.cookie("organizer")
    browser.send("/logout")
    assert "logged out" in browser.words
    assert not isinstance(staff.session(token), organizers.Session)
    assert browser.get("/organize/").title == "Organizer login"


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_an_unknown_name_and_a_wrong_password_get_the_same_page(
    app: Flask, staff: Office, prefix: str
) -> None:
    staff.add("Rosa")
    pages: list[tuple[int, str]] = []
    for name, password in (("Rosa", "wrong horse battery"), ("Asor", PASSWORD)):
        browser = Browser(app, staff.clock, address=f"192.0.2.{len(pages) + 1}")
        browser.get(f"{prefix}/organize/login").send("/login", name=name, password=password)
        text = browser.last.get_data(as_text=True).replace(name, "NAME")
        pages.append((browser.status, re.sub(r'name="token" value="[^"]*"', "", text)))
    assert pages[0] == pages[1]
    assert pages[0][0] == 422


def test_a_failed_login_keeps_the_name_but_not_the_password(
    browser: Browser, staff: Office
) -> None:
    browser.get("/organize/login").send("/login", name='Ro"sa<b>', password="wrong horse <battery>")
    assert browser.form("/login")[1]["name"] == 'Ro"sa<b>'
    assert "battery" not in browser.last.get_data(as_text=True)


def test_a_code_cannot_be_replayed_from_another_browser(app: Flask, staff: Office) -> None:
    rosa = staff.add("Rosa")
    Browser(app, staff.clock).log_in(rosa)
    thief = Browser(app, staff.clock, address="192.0.2.66")
    thief.get("/organize/login").send("/login", name="Rosa", password=PASSWORD)
    thief.send("/code", code=rosa.code(staff.clock.at))
    assert thief.status == 422
    assert "already used" in thief.words
    assert thief.get("/organize/").path.startswith("/organize/code")


def test_too_many_tries_say_when_to_try_again(browser: Browser, staff: Office) -> None:
    staff.add("Rosa")
    browser.get("/organize/login")
    for _ in range(5):
        browser.send("/login", name="Rosa", password="wrong horse battery")
        assert browser.status == 422
    browser.send("/login", name="Rosa", password=PASSWORD)
    assert browser.status == 429
    assert browser.last.headers["Retry-After"] == "15"
    assert "15 seconds" in browser.words
    browser.clock.forward(seconds=15)
    browser.send("/login", name="Rosa", password=PASSWORD)
    assert browser.path == "/organize/code"


def test_an_attack_does_not_slow_a_browser_that_logged_in_before(
    app: Flask, browser: Browser, staff: Office
) -> None:
    rosa = staff.add("Rosa")
    browser.log_in(rosa)
    browser.send("/logout")
    attacker = Browser(app, staff.clock, address="192.0.2.66")
    attacker.get("/organize/login")
    for n in range(60):
        attacker.address = f"192.0.2.{n % 200}"
        attacker.send("/login", name="Rosa", password="wrong horse battery")
    browser.address = "192.0.2.1"
    browser.log_in(rosa)
    assert browser.title == "Overview"


def test_a_forged_forwarded_address_does_not_evade_the_throttle(app: Flask, staff: Office) -> None:
    browser = Browser(app, staff.clock)
    browser.get("/organize/login")
    path, data = browser.form("/login")
    statuses = []
    for n in range(6):
        answer = browser.client.post(
            path,
            data={**data, "name": "Rosa", "password": "wrong horse battery"},
            headers={"X-Forwarded-For": f"203.0.113.{n}", "Forwarded": f"for=203.0.113.{n}"},
        )
        statuses.append(answer.status_code)
    assert statuses == [422] * 5 + [429]


def test_five_wrong_codes_return_to_the_login(browser: Browser, staff: Office) -> None:
    rosa = staff.add("Rosa")
    browser.get("/organize/login").send("/login", name="Rosa", password=PASSWORD)
    for _ in range(5):
        browser.send("/code", code=wrong_code(rosa.totp, browser.clock.at))
        browser.clock.forward(minutes=1)
    assert browser.title == "Organizer login"
    assert "Five wrong tries" in browser.words


def test_an_empty_form_does_not_count_as_a_try(browser: Browser, staff: Office) -> None:
    browser.get("/organize/login")
    for _ in range(8):
        browser.send("/login", name="", password="")
        assert browser.status == 422


def test_the_session_token_changes_at_each_stage_and_a_planted_one_fails(
    browser: Browser, staff: Office
) -> None:
    rosa = staff.add("Rosa")
    planted = "A" * 43
    browser.client.set_cookie("organizer", planted)
    browser.get("/organize/login").send("/login", name="Rosa", password=PASSWORD)
    half = browser.cookie("organizer")
    browser.clock.forward(minutes=1)
    browser.send("/code", code=rosa.code(browser.clock.at))
    full = browser.cookie("organizer")
    assert len({planted, half, full}) == 3
    for token in (planted, half):
        browser.clock.forward(seconds=16)
        other = Browser(browser.app, browser.clock)
        other.client.set_cookie("organizer", token)
        assert other.get("/organize/").title == "Organizer login"


@pytest.mark.parametrize("site_url", ["https://letters.example.org"])
def test_cookies_on_an_https_site_are_host_bound_and_secure(
    app: Flask, staff: Office, clock: Clock
) -> None:
    rosa = staff.add("Rosa")
    browser = Browser(app, clock, base="https://letters.example.org")
    browser.get("/organize/login")
    seen = dict(browser.set_cookies())
    browser.send("/login", name="Rosa", password=PASSWORD, follow=False)
    seen |= browser.set_cookies()
    assert set(seen) == {
        "__Host-organizer", "__Host-organizer-form", "__Host-organizer-device"
    }  # fmt: skip
    for line in seen.values():
        attributes = {part.strip().lower() for part in line.split(";")[1:]}
        assert {"secure", "httponly", "samesite=strict", "path=/"} <= attributes
        assert not any(a.startswith("domain") for a in attributes)
    assert "max-age" not in seen["__Host-organizer"].lower()
    assert rosa.name not in str(seen)


def test_cookies_without_https_are_http_only_and_strict(browser: Browser, staff: Office) -> None:
    staff.add("Rosa")
    browser.get("/organize/login").send("/login", name="Rosa", password=PASSWORD, follow=False)
    for name, line in browser.set_cookies().items():
        assert name in ("organizer", "organizer-device")
        assert "HttpOnly" in line
        assert "SameSite=Strict" in line
        assert "Secure" not in line


def test_residents_get_no_cookies(browser: Browser) -> None:
    for path in ("/", "/es/", "/find", "/privacy", "/no-such-page"):
        response = browser.client.get(path)
        assert "Set-Cookie" not in response.headers
        response = browser.client.post(path)
        assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example",
        "/organize/..//evil.example", "javascript:alert(1)", "/organize\r\nSet-Cookie: a=b",
        "/organize/%0d%0aX: y\n", "http:/organize/", "/es/organize@evil.example",
        "/organize.evil.example", "/organizer", " /organize/", "/organize/\t", "///organize",
        "/organize/?next=https://evil.example", "/find",
    ],
)  # fmt: skip
def test_logging_in_redirects_only_to_organizer_pages(
    browser: Browser, staff: Office, target: str
) -> None:
    rosa = staff.add("Rosa")
    browser.clock.forward(minutes=1)
    browser.get("/organize/login")
    path, data = browser.form("/login")
    browser.post(path, {**data, "name": "Rosa", "password": PASSWORD, "next": target})
    path, data = browser.form("/code")
    code = rosa.code(browser.clock.at)
    browser.post(path, {**data, "code": code, "next": target}, follow=False)
    assert browser.last.headers["Location"] == "/organize/"
    browser.get(f"/organize/login?next={quote(target)}", follow=False)
    assert browser.last.headers["Location"] == "/organize/"


def test_logging_in_continues_to_the_requested_page(browser: Browser, staff: Office) -> None:
    rosa = staff.add("Rosa")
    browser.get("/organize/sessions?a=b&c=d")
    assert browser.title == "Organizer login"
    browser.clock.forward(minutes=1)
    browser.send("/login", name="Rosa", password=PASSWORD)
    browser.send("/code", code=rosa.code(browser.clock.at))
    assert browser.path == "/organize/sessions?a=b&c=d"


def test_an_idle_session_says_so(browser: Browser, staff: Office) -> None:
    browser.log_in(staff.add("Rosa"))
    browser.clock.forward(minutes=29)
    assert browser.get("/organize/account").title == "Your account"
    browser.clock.forward(minutes=31)
    browser.get("/organize/account")
    assert "you were away" in browser.words


def test_a_half_session_sees_only_the_code_page(browser: Browser, staff: Office) -> None:
    staff.add("Boss", "admin")
    browser.get("/organize/login").send("/login", name="Boss", password=PASSWORD)
    for path in ("", "account", "sessions", "people", "people/1", "audit", "audit.csv", "confirm",
                 "account/password", "account/second-factor", "second-factor"):  # fmt: skip
        browser.get(f"/organize/{path}")
        assert browser.title == "Enter a code", path


def test_login_pages_redirect_a_logged_in_organizer(browser: Browser, staff: Office) -> None:
    browser.log_in(staff.add("Rosa"))
    for path in ("login", "code", "second-factor"):
        assert browser.get(f"/organize/{path}").path == "/organize/"


def test_pressing_log_in_twice_gets_in(app: Flask, staff: Office, clock: Clock) -> None:
    rosa = staff.add("Rosa")
    browser = Browser(app, clock)
    clock.forward(minutes=1)
    browser.get("/organize/login").send("/login", name="Rosa", password=PASSWORD)
    half = browser.cookie("organizer")
    path, data = browser.form("/code")
    data["code"] = rosa.code(clock.at)
    browser.post(path, data)
    browser.client.set_cookie("organizer", half)
    clock.forward(seconds=2)
    browser.post(path, data)
    assert browser.title == "Overview"
    clock.forward(minutes=1)
    browser.client.set_cookie("organizer", half)
    browser.post(path, data)
    assert browser.title == "Organizer login"


def test_sessions_expire_on_a_rehearsed_day_too(app: Flask, staff: Office, clock: Clock) -> None:
    object.__setattr__(app.extensions["dear_congress"].settings, "today", "2027-01-04")
    browser = Browser(app, clock).log_in(staff.add("Rosa"))
    assert browser.title == "Overview"
    clock.forward(minutes=31)
    assert browser.get("/organize/").title == "Organizer login"
