"""The proof of work before signing, in a real browser, with and without JavaScript."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from playwright.sync_api import Browser, Request, expect

from app.web.proof import proves
from tests.bench.servers import Server, serving
from tests.browser.conftest import Visitor, visit
from tests.browser.test_journey import write

pytestmark = pytest.mark.browser

BITS = 12


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(
        "wsgi:app", tmp_path_factory.mktemp("proof"), workers=1,
        DEAR_CONGRESS_PROOF_OF_WORK=str(BITS),
    ) as running:  # fmt: skip
        yield running


@contextmanager
def visiting(chromium: Browser, server: Server, *, script: bool = True) -> Iterator[Visitor]:
    someone = visit(chromium, server, script=script)
    yield someone
    someone.context.close()


def statuses(server: Server) -> list[str]:
    with closing(sqlite3.connect(server.instance / "dear-congress.db")) as db:
        return [row[0] for row in db.execute("SELECT status FROM signatures ORDER BY id")]


def reviewing(someone: Visitor, path: str = "") -> None:
    someone.goto(f"{path}/find")
    someone.page.locator("#zip").fill("01930")
    someone.page.locator("#state").select_option("MA")
    with someone.page.expect_navigation():
        someone.page.locator("main form button").first.click()
    write(someone)
    someone.forward()


def sign(someone: Visitor) -> None:
    someone.page.locator(".foot button").first.click()


@pytest.mark.parametrize("path", ["", "/es"])
def test_with_javascript_the_proof_of_work_is_found_and_the_signature_counts(
    chromium: Browser, asking: Server, path: str
) -> None:
    before = statuses(asking)
    with visiting(chromium, asking) as someone:
        reviewing(someone, path)
        field = someone.page.locator("#proof")
        expect(field).not_to_have_value("")  # while the letters are being read
        nonce = someone.page.locator("[name=token]").first.input_value().split(".")[0]
        assert proves(nonce, field.input_value(), BITS)
        expect(someone.page.locator("#proof-without")).to_be_hidden()
        someone.judge()
        with someone.page.expect_navigation():
            sign(someone)
        assert someone.page.url.endswith(f"{path}/take")
    assert statuses(asking) == [*before, "counted"]


def test_after_a_reload_the_proof_of_work_is_still_found(chromium: Browser, asking: Server) -> None:
    before = statuses(asking)
    with visiting(chromium, asking) as someone:
        reviewing(someone)
        someone.page.reload()
        expect(someone.page.locator("#sign")).to_be_visible()
        with someone.page.expect_navigation():
            sign(someone)
        assert someone.page.url.endswith("/take")
    assert statuses(asking) == [*before, "counted"]


def test_signing_before_the_proof_is_ready_waits_and_signs_once(
    chromium: Browser, asking: Server
) -> None:
    before = statuses(asking)
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            sent.append(re.sub(r".*/", "/", request.url))

    with visiting(chromium, asking) as someone:
        # The search does not start before its message has been seen.
        someone.page.add_init_script(
            "{ const later = [], go = window.setTimeout; window.setTimeout = f => later.push(f);"
            " window.begin = () => { window.setTimeout = go; later.forEach(f => go(f)); }; }"
        )
        reviewing(someone)
        someone.page.on("request", note)
        sign(someone)
        words = someone.page.locator("#proof-words")
        expect(words).to_contain_text("A short calculation to keep bots out")
        sign(someone)  # impatient
        someone.page.evaluate("begin()")
        someone.page.wait_for_url("**/take")
    assert sent == ["/sign", "/take"]
    assert statuses(asking) == [*before, "counted"]


def test_without_javascript_a_second_press_holds_the_signature(
    chromium: Browser, asking: Server
) -> None:
    before = statuses(asking)
    with visiting(chromium, asking, script=False) as someone:
        reviewing(someone)
        expect(someone.page.locator("main")).to_contain_text(
            "Without JavaScript, you press the button again"
        )
        with someone.page.expect_navigation():
            sign(someone)
        expect(someone.page.locator("main")).to_contain_text("Press the button again")
        with someone.page.expect_navigation():
            sign(someone)
        assert someone.page.url.endswith("/take")
        expect(someone.page.locator("main")).to_contain_text("Not counted yet")
    assert statuses(asking) == [*before, "held"]
