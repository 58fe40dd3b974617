"""Delivery to the offices' own systems in a real browser: narrow, with and without JavaScript."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect

from app.delivery.queue import Worker
from app.site.outgoing import office_post
from app.site.settings import load_settings
from tests.bench.servers import Server, serving
from tests.browser.conftest import Visitor, visit
from tests.delivery.cwc_server import CwcServer, running

pytestmark = pytest.mark.browser

numbers = itertools.count(1)
AGENT = {
    "cwc_agent": "Example Letters, Inc.", "cwc_ack_email": "cwc@letters.example",
    "cwc_contact_name": "Robin Example", "cwc_contact_email": "robin@letters.example",
    "cwc_contact_phone": "202-555-0147", "cwc_mode": "production",
}  # fmt: skip


@pytest.fixture(scope="module")
def offices() -> Iterator[CwcServer]:
    with running() as found:
        found.offices = ["SMA01"]
        yield found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, offices: CwcServer) -> Iterator[Server]:
    values = {
        **AGENT, "cwc_house_key": offices.key, "cwc_senate_key": offices.key,
        "cwc_house_url": offices.url, "cwc_senate_url": offices.url,
        "geocoder_url": "http://127.0.0.1:9/nothing",
    }  # fmt: skip
    folder = tmp_path_factory.mktemp("site")
    lines = "".join(f'{name} = "{value}"\n' for name, value in values.items())
    (folder / "settings.toml").write_text(lines, encoding="utf-8")
    with serving("wsgi:app", folder, workers=1) as found:
        yield found


@pytest.fixture(params=["script", "no-script", "spanish dark"])
def person(
    request: pytest.FixtureRequest, chromium: Browser, site: Server
) -> Iterator[tuple[Visitor, str]]:
    someone = visit(
        chromium, site, script=request.param != "no-script", dark="dark" in request.param
    )
    yield someone, "/es" if "spanish" in request.param else ""
    someone.context.close()


def work(site: Server) -> None:
    """Run the worker at a time when no system is down for maintenance."""
    now = datetime.now(UTC)
    noon = now.replace(hour=17, minute=0) + timedelta(days=1)
    settings = load_settings({}, instance=site.instance)
    office = office_post(settings, clock=lambda: noon)
    assert office is not None
    Worker(office.outbound, (office,), office.clock).work()


def test_letters_go_to_the_offices_systems_and_onto_the_receipt(
    person: tuple[Visitor, str], site: Server, offices: CwcServer
) -> None:
    visitor, lang = person
    page = visitor.page
    visitor.goto(f"{lang}/find?zip=01930")
    page.locator("form#page-form button.btn").first.click()
    page.wait_for_load_state()
    visitor.write(
        "We know our deputies by name.", first="Zoë", last=f"O’Dell {next(numbers)}",
        street="12 Larkspur Ct", city="Gloucester",
    )  # fmt: skip
    for _review_then_sign in range(2):
        visitor.forward()
    visitor.judge()
    page.locator("section[aria-labelledby=official-title] button").click()
    page.wait_for_load_state()
    visitor.judge()
    page.locator("#d_email").fill("no address")
    page.locator("button[value=filled]").click()
    page.wait_for_load_state()
    expect(page.locator("#d_prefix-error")).to_be_visible()
    expect(page.locator("#d_email")).to_have_value("no address")
    expect(page.locator(".summary")).to_be_focused()
    visitor.judge()
    page.locator("#d_prefix").select_option("Ms.")
    page.locator("#d_email").fill("zoe@example.org")
    page.locator("#d_email").press("Enter")
    page.wait_for_load_state()
    expect(page.locator("#about-you")).to_be_visible()
    visitor.judge()
    before = len(offices.taken)
    page.locator("button[value=go]").click()
    page.wait_for_load_state()
    expect(page.locator(".state-mark")).to_have_count(3)
    visitor.judge()
    assert len(offices.taken) == before
    work(site)
    page.locator("#copies > summary").click()
    page.locator("section[aria-labelledby=keep-title] form button").click()
    page.wait_for_load_state()
    expect(page.locator(".done-mark")).to_have_count(2)
    visitor.judge()
    assert len(offices.taken) == before + 2
    page.locator("main form[action*='/receipt/'] button").last.click()
    page.wait_for_load_state()
    expect(page.locator("li.card details")).to_have_count(3)
    page.locator("li.card summary").first.click()
    expect(page.locator("li.card .sheet").first).to_contain_text("deputies by name")
    visitor.judge()
