"""The pages where an admin invites an organizer, makes a new link, and revokes access."""

from __future__ import annotations

import re

import pyotp
import pytest
from flask import Flask

from app.records.organizers import all_organizers, organizer_by_name
from app.site.services import services
from app.web.resident.sharing import prefilled
from tests.organizers.browser import Browser
from tests.organizers.conftest import PASSWORD, Clock, Office


@pytest.fixture
def boss(app: Flask, clock: Clock, staff: Office) -> Browser:
    return Browser(app, clock).log_in(staff.add("Boss", "admin"))


def shown_link(browser: Browser) -> str:
    """The path of the one-time link that the page shows."""
    found = re.search(r"http://localhost:\d+(/\S+)", browser.words)
    assert found, browser.words
    return found[1]


def test_an_invited_organizer_sets_a_password_and_second_factor(
    app: Flask, boss: Browser, staff: Office
) -> None:
    boss.get("/organize/people").send("/people", name="Ana  Lee", role="exporter")
    assert boss.title == "Give this link to Ana Lee"
    guest = Browser(app, staff.clock).get(shown_link(boss))
    guest.send(shown_link(boss), password=PASSWORD, again=PASSWORD)
    secret = re.sub(r"\s", "", "".join(guest.page.one("code").itertext()))
    guest.send("/second-factor", code=pyotp.TOTP(secret).at(staff.clock.at))
    assert guest.title == "Your recovery codes"
    assert Browser(app, staff.clock).get(shown_link(boss)).status == 410
    ana = organizer_by_name(staff.db, "Ana Lee")
    assert ana
    assert ana.role == "exporter"


@pytest.mark.parametrize(
    ("name", "role", "says"),
    [
        ("boss", "editor", "Boss is in the list already"),
        (" ", "editor", "Enter a name."),
        ("x" * 61, "editor", "at most 60 characters"),
        ("Ana\u200bLee", "editor", "letters, digits, spaces"),
        ("Ana", "", "Choose one of the roles."),
    ],
)
def test_an_invalid_invitation_says_why(
    boss: Browser, staff: Office, name: str, role: str, says: str
) -> None:
    boss.get("/organize/people").send("/people", name=name, role=role)
    assert boss.status == 422
    assert says in boss.words
    assert len(all_organizers(staff.db)) == 1


def test_a_new_link_ends_the_password_and_on_request_the_second_factor(
    app: Flask, boss: Browser, staff: Office
) -> None:
    rosa = staff.add("Rosa")
    there = Browser(app, staff.clock).log_in(rosa)
    boss.get("/organize/people/2").send("/new-link")
    assert boss.title == "Give this link to Rosa"
    assert there.get("/organize/").title == "Organizer login"
    now = organizer_by_name(staff.db, "Rosa")
    assert now
    assert (now.has_password, now.has_second_factor) == (False, True)
    boss.get("/organize/people/2").send("/new-link", lost="phone")
    now = organizer_by_name(staff.db, "Rosa")
    assert now
    assert not now.has_second_factor


def test_an_admin_cannot_make_a_link_for_themselves(boss: Browser, staff: Office) -> None:
    assert "Make a new link" not in boss.get("/organize/people/1").words
    token = boss.form("/logout")[1]["token"]
    boss.post("/organize/people/1/new-link", {"token": token})
    assert boss.status == 409
    me = organizer_by_name(staff.db, "Boss")
    assert me
    assert me.has_password


def test_only_an_admin_can_invite(app: Flask, staff: Office, clock: Clock) -> None:
    rosa = Browser(app, clock).log_in(staff.add("Rosa"))
    token = rosa.form("/logout")[1]["token"]
    for path in ("people", "people/1/new-link"):
        rosa.post(f"/organize/{path}", {"token": token, "name": "Eve", "role": "admin"})
        assert rosa.status == 403
    assert len(all_organizers(staff.db)) == 1


def test_a_shared_link_carries_its_source_letter_and_language(boss: Browser, app: Flask) -> None:
    boss.get("/organize/links?source=First%20Church")
    assert boss.status == 422
    boss.get("/organize/links?source=first-church&letter=public-safety&language=es")
    link = boss.page.one("textarea", id="link").text or ""
    assert link.endswith("/es/?source=first-church&letter=public-safety")
    assert "<iframe" in (boss.page.one("textarea", id="embed").text or "")
    with app.test_request_context():
        found = prefilled({"utm_source": "newsletter"}, services())
        assert found.source == "newsletter"
        found = prefilled({"utm_source": "newsletter", "source": "church"}, services())
        assert found.source == "church"
