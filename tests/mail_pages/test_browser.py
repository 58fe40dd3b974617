"""The mail and sharing pages in a real, narrow browser, with and without JavaScript."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from app.site.outgoing import mail_queue
from app.site.settings import load_settings
from tests.bench.servers import Server, serving
from tests.browser.conftest import Visitor, visit

pytestmark = pytest.mark.browser

Someone = tuple[Visitor, str]
"""A visitor, and the URL prefix of their language."""

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(
        "wsgi:app",
        tmp_path_factory.mktemp("site"),
        workers=1,
        DEAR_CONGRESS_GEOCODER_URL="http://127.0.0.1:9/nothing",
        DEAR_CONGRESS_FORM_SECONDS="0",
        DEAR_CONGRESS_LIMITS="false",
        DEAR_CONGRESS_TODAY="",
        DEAR_CONGRESS_SITE_URL="",
    ) as running:
        yield running


@pytest.fixture(params=["script", "no-script", "spanish"])
def person(request: pytest.FixtureRequest, chromium: Browser, site: Server) -> Iterator[Someone]:
    someone = visit(chromium, site, script=request.param != "no-script")
    yield someone, "/es" if request.param == "spanish" else ""
    someone.context.close()


def judge(someone: Visitor) -> None:
    """In light and in dark colors."""
    for dark in (True, False):
        someone.look(320, dark=dark)
        someone.judge()


def taken(someone: Visitor, lang: str) -> None:
    """A new person on the page with the letters."""
    page = someone.page
    someone.goto(f"{lang}/find?zip=01930&letter=public-safety&source=card")
    expect(page.locator("#zip")).to_have_value("01930")
    judge(someone)
    page.keyboard.press("Tab")
    page.locator("form#page-form button.btn").first.click()
    page.wait_for_load_state()
    expect(page.locator("input[name=template]:checked")).to_have_value("public-safety")
    someone.write(
        "We know our deputies by name.", first="Zoë", last=f"O’Dell {next(numbers)}",
        street="12 Larkspur Ct", city="Gloucester",
    )  # fmt: skip
    someone.forward()
    expect(page.locator("article.sheet")).to_have_count(3)
    someone.forward()
    page.locator("#copies > summary").click()
    expect(page.locator("#copy_to")).to_be_visible()


def worked(site: Server) -> str:
    """The newest message's text, after the worker has handled everything that is due."""
    mail_queue(load_settings({}, instance=site.instance)).worker.work()
    newest = max((site.instance / "outbox").glob("*.eml"), key=lambda p: p.stat().st_mtime_ns)
    return re.sub(r"=\r?\n", "", newest.read_text("utf-8"))


def test_a_copy_is_requested_confirmed_and_shown_on_the_receipt(
    person: Someone, site: Server
) -> None:
    visitor, lang = person
    page = visitor.page
    taken(visitor, lang)
    judge(visitor)
    page.locator("#copy_to").fill("no address")
    page.locator("#copy_to").press("Enter")
    page.wait_for_load_state()
    expect(page.locator("#copy_to-error")).to_be_visible()
    expect(page.locator(".summary")).to_be_focused()
    judge(visitor)
    page.locator("#copy_to").fill(f"me{next(numbers)}@example.org")
    page.locator("#copy_to").press("Enter")
    page.wait_for_load_state()
    expect(page.locator("[role=status]")).to_be_focused()
    judge(visitor)
    page.reload()
    expect(page.locator("h1")).to_be_visible()
    link = re.search(r"localhost:\d+((?:/es)?/copy/[0-9a-f]{64})", worked(site))
    assert link
    receipt = page.locator("form[action*='/receipt/']").first
    receipt_path = receipt.get_attribute("action")
    visitor.goto(link[1])
    judge(visitor)
    page.locator("main form button").click()
    page.wait_for_load_state()
    judge(visitor)
    expect(page.locator("main form")).to_have_count(0)
    assert "letter-MA-S1.pdf" in worked(site)
    visitor.goto(link[1])
    judge(visitor)
    assert receipt_path
    visitor.goto(receipt_path)
    expect(page.locator("a[href^='sms:']")).to_be_visible()
    assert page.locator("main").inner_text().count("instance/outbox") == 0
    judge(visitor)
