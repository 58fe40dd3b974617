"""The organizers' first page warns of outdated facts, each kind after its own limit."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from app.campaign import edit
from app.records.audit import Actor
from app.records.organizers import Role, all_organizers
from app.records.site_campaigns import move
from app.records.workshop import publish_texts
from app.site.services import EXTENSION, Services
from app.web.organizer.overview import notices
from tests.campaign_page.conftest import files_of
from tests.organizers.browser import Browser
from tests.organizers.conftest import Clock, Office

SLUG = "protect-immigration-act"


def texts(app: Flask, staff: Office, role: Role = "editor") -> list[str]:
    staff.add(f"Somebody {clock_mark(staff)}", role)
    me = all_organizers(staff.db)[-1]
    with app.test_request_context("/organize/"):
        return [notice.text for notice in notices(site(app), me)]


def clock_mark(staff: Office) -> int:
    return len(all_organizers(staff.db))


def site(app: Flask) -> Services:
    found = app.extensions[EXTENSION]
    assert isinstance(found, Services)
    return found


def on(clock: Clock, day: date) -> None:
    clock.at = datetime(day.year, day.month, day.day, 17, tzinfo=UTC)


def says(found: list[str], words: str) -> bool:
    return any(words in text for text in found)


@pytest.mark.parametrize(("days", "warned"), [(0, False), (14, False), (15, True), (281, True)])
def test_a_list_older_than_fourteen_days_gives_a_warning(
    app: Flask, staff: Office, clock: Clock, days: int, warned: bool
) -> None:
    on(clock, date(2026, 3, 27) + timedelta(days=days))
    assert says(texts(app, staff), "The list of cosponsors is dated March 27, 2026") == warned


def test_after_the_congress_no_newer_list_is_asked_for(
    app: Flask, staff: Office, clock: Clock
) -> None:
    noon = site(app).campaign.ends
    for at, asked in ((noon - timedelta(hours=1), True), (noon, False)):
        clock.at = at
        assert says(texts(app, staff), "The list of cosponsors is dated") == asked
        browser = Browser(app, clock).log_in(staff.add(f"Ana {asked}"))
        assert ("days old" in browser.get("/organize/cosponsors/").words) == asked


def test_days_left_are_shown_until_the_congress_ends(
    app: Flask, staff: Office, clock: Clock
) -> None:
    noon = site(app).campaign.ends
    for at, shown in ((noon - timedelta(hours=1), True), (noon, False)):
        clock.at = at
        browser = Browser(app, clock).enter(staff.add(f"Ana {shown}"))
        clock.at = at
        assert ("until this Congress ends" in browser.get("/organize/").words) == shown


def test_an_ended_campaign_gives_no_warnings_about_its_bill(
    app: Flask, staff: Office, clock: Clock
) -> None:
    on(clock, date(2027, 2, 1))
    assert says(texts(app, staff), "This campaign’s Congress ended")
    move(Actor(staff.db, "Rosa", clock.at), SLUG, "ended", first=SLUG)
    for day in (date(2026, 12, 10), date(2027, 2, 1)):
        on(clock, day)
        assert not says(texts(app, staff), "Congress end")
        assert not says(texts(app, staff), "list of cosponsors")


@pytest.mark.parametrize(("day", "words"), [
    (date(2026, 11, 30), ""), (date(2026, 12, 1), "ends in 33 days, at noon in Washington on"),
    (date(2027, 1, 2), "ends in one day"), (date(2027, 1, 3), "ended on January 3, 2027"),
])  # fmt: skip
def test_the_last_weeks_of_a_congress_are_counted_down(
    app: Flask, staff: Office, clock: Clock, day: date, words: str
) -> None:
    on(clock, day)
    found = texts(app, staff)
    assert says(found, words) if words else not says(found, "This Congress ends")


def test_old_tables_or_those_of_another_congress_give_a_warning(
    app: Flask, staff: Office, clock: Clock
) -> None:
    on(clock, site(app).tables.as_of + timedelta(days=120))
    assert not says(texts(app, staff), "list of members is")
    on(clock, site(app).tables.as_of + timedelta(days=121))
    assert says(texts(app, staff), "121 days old (June 15, 2026). Ask your site operator")
    on(clock, date(2027, 1, 3))
    found = texts(app, staff)
    assert says(found, "Our list of June 15, 2026 does not say who holds")
    assert not says(found, "not in our list of members"), "they served to the end"


def steps(app: Flask, staff: Office) -> str:
    staff.add(f"Somebody {clock_mark(staff)}", "editor")
    me = all_organizers(staff.db)[-1]
    with app.test_request_context("/organize/"):
        return " | ".join(s for notice in notices(site(app), me) for s in notice.steps)


def test_the_countdown_says_what_is_ready_and_what_to_do(
    app: Flask, staff: Office, clock: Clock
) -> None:
    on(clock, date(2026, 12, 10))
    found = steps(app, staff)
    assert "Ready: the districts of the 120th Congress" in found
    assert "To do: ask your site operator to update the list" in found
    assert "enter signatures on paper" in found
    site(app).settings = replace(site(app).settings, congress_refresh=True)
    assert "Ready: the site fetches the list of members every day" in steps(app, staff)


def test_on_the_last_morning_the_countdown_says_today(
    app: Flask, staff: Office, clock: Clock
) -> None:
    clock.at = datetime(2027, 1, 3, 16, 59, tzinfo=UTC)
    assert says(texts(app, staff), "This Congress ends today")


def test_changes_in_the_member_list_are_shown_for_two_weeks(
    app: Flask, staff: Office, clock: Clock
) -> None:
    home = site(app).settings.instance / "congress"
    home.mkdir(exist_ok=True)
    note = {
        "at": "2026-11-20T06:00:00+00:00", "problem": "", "changed": "2026-11-20",
        "joined": ["FL-S3 Senator New"], "left": ["FL-S3 Senator Old"], "moved": [], "offices": [],
    }  # fmt: skip
    (home / "refreshed.json").write_text(json.dumps(note))
    on(clock, date(2026, 12, 4))
    assert "Joined: FL-S3 Senator New | Left: FL-S3 Senator Old" in steps(app, staff)
    on(clock, date(2026, 12, 5))
    assert "Joined" not in steps(app, staff)
    (home / "refreshed.json").write_text(json.dumps({**note, "problem": "cut short"}))
    assert says(texts(app, staff), "on November 20, 2026 and could not use it")
    (home / "refreshed.json").write_text("not a note")
    assert not says(texts(app, staff), "could not use it")


def test_a_listed_backer_missing_from_the_member_list_is_named(
    app: Flask, staff: Office, clock: Clock
) -> None:
    assert not says(texts(app, staff), "not in our list of members")
    text = files_of()["cosponsors.csv"] + "X000999,Gone Person,current,cosponsor,2026-05-01\n"
    dated = edit.set_fields(files_of()["campaign.toml"], {"as_of": "2026-11-25"})
    assert isinstance(dated, str)
    publish_texts(
        Actor(staff.db, "Rosa", clock.at), SLUG, {"cosponsors.csv": text, "campaign.toml": dated},
        folder=files_of(), seen=0,
    )  # fmt: skip
    found = texts(app, staff)
    assert says(found, "not in our list of members: Gone Person.")
    assert not says(found, "The list of cosponsors is dated")


def test_only_organizers_who_can_act_are_warned(app: Flask, staff: Office, clock: Clock) -> None:
    assert texts(app, staff, "exporter") == []
    assert texts(app, staff, "admin") != []


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_the_overview_shows_the_warnings(
    app: Flask, staff: Office, clock: Clock, prefix: str
) -> None:
    browser = Browser(app, clock).log_in(staff.add("Rosa"), prefix=prefix)
    (tasks, *_steps) = [e for e in browser.page.all("ul") if e.get("class") == "plain tasks"]
    assert len(tasks) >= 2
    links = [a.get("href") for a in browser.page.all("a")]
    assert f"{prefix}/organize/cosponsors/import" in links
