"""A test journey works to the end and never counts, and no one can forge one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from app.records import audit
from app.records.audit import TrailFilter
from app.records.counts import totals
from app.site.services import services
from app.site.tokens import sign
from app.web import practice
from tests.organizers.browser import Browser
from tests.organizers.conftest import Clock, Office
from tests.web.lint import Client, Html, words
from tests.web.resident import Resident

SLUG = "protect-immigration-act"
PERSON = {
    "first": "Ana", "last": "Test", "street": "12 Main St", "city": "Gloucester", "email": "",
}  # fmt: skip


@pytest.fixture
def marker(app: Flask, clock: Clock, staff: Office) -> str:
    browser = Browser(app, clock).enter(staff.add("Rosa"))
    browser.get("/organize/test").send("/organize/test")
    assert browser.path.startswith("/find?test=")
    assert "Test run. Nothing here is counted." in browser.last.get_data(as_text=True).replace(
        "</strong>", ""
    ).replace("<strong>", "")
    return browser.page.form()["test"][0]


def rows(staff: Office) -> list[tuple[str, object]]:
    return list(staff.db.execute("SELECT status, coalesce(by_email, by_address) FROM signatures"))


def banner(page: Html) -> str:
    found = [e for e in page.all("aside") if e.get("class") == "testing"]
    return " ".join("".join(found[0].itertext()).split()) if found else ""


def walk(app: Flask, clock: Clock, marker: str, lang: str = "en") -> list[Html]:
    """Go through every page of the journey with the fields that each form carries."""
    resident = Resident(Client(app.test_client()), lang, dict(PERSON))
    pages = [resident.find("01930", test=marker)]
    pages.append(resident.review(resident.filled(pages[-1])))
    clock.forward(minutes=5)  # a person takes a while
    pages.append(resident.sign(pages[-1].form()))
    pages.append(resident.client.get(resident.receipt_path(pages[-1])))
    return pages


@pytest.mark.parametrize("lang", ["en", "es"])
def test_every_page_of_a_test_journey_says_so_and_nothing_is_counted(
    app: Flask, staff: Office, marker: str, clock: Clock, lang: str
) -> None:
    for page in walk(app, clock, marker, lang):
        assert banner(page), page.title
    assert rows(staff) == [("test", None)]
    assert totals(staff.db, SLUG).signatures == 0


@pytest.mark.parametrize("change", [
    lambda m: "", lambda m: "x", lambda m: m[:-1] + ("A" if m[-1] != "A" else "B"),
    lambda m: "o1" + m[m.index("."):].swapcase(), lambda m: m.replace("o1", "o2"),
    lambda m: m.rpartition(".")[0], lambda m: "o1.aaaa.bbbb", lambda m: m + m, lambda m: "é" * 50,
    lambda m: "x" * 100_000,
])  # fmt: skip
def test_a_forged_marker_is_ignored_and_the_journey_counts(
    app: Flask, staff: Office, marker: str, clock: Clock, change: Callable[[str], str]
) -> None:
    pages = walk(app, clock, change(marker))
    assert not any(banner(page) for page in pages)
    assert [status for status, _p in rows(staff)] != ["test"]


def test_an_expired_test_is_refused_and_counts_nothing(
    app: Flask, staff: Office, marker: str, clock: Clock
) -> None:
    clock.forward(minutes=practice.MINUTES + 1)
    resident = Resident(Client(app.test_client()), person=dict(PERSON))
    form = resident.review(resident.filled(resident.find("01930", test=marker))).form()
    page = resident.sign(form, 409)
    assert "over" in banner(page)
    assert "Nothing was signed or counted" in page.words
    assert rows(staff) == []


def test_only_an_organizer_starts_a_test_and_it_is_audited(
    app: Flask, staff: Office, marker: str, clock: Clock
) -> None:
    events = [
        e for e in audit.page(staff.db, TrailFilter()).events if e.what == "test journey started"
    ]
    assert [(e.who, set(e.after)) for e in events] == [("Rosa", {"expires"})]
    boss = Browser(app, clock).enter(staff.add("Boss", "admin"))
    trail = boss.get("/organize/audit").page
    assert "test run started" in [words(cell) for cell in trail.all("td")]
    stranger = Browser(app, clock)
    assert stranger.post("/organize/test").path.startswith("/organize/login")
    exporter = Browser(app, clock).enter(staff.add("Eve", "exporter"))
    assert exporter.get("/organize/test").status == 403


def test_a_marker_of_another_site_or_kind_is_ignored(app: Flask, marker: str) -> None:
    with app.test_request_context("/"):
        site = services()
        assert practice.state_of(marker, site) == "on"
        foreign = sign(b"another secret", "test journey", f"o1.{int(site.clock().timestamp())}")
        assert practice.state_of(foreign, site) == "none"
        form_token = site.tokens.issue()
        assert practice.state_of(form_token, site) == "none"
        assert site.tokens.read(marker).state == "forged"
