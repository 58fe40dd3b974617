"""Alerts by email to organizers who want them: one for each event, with no personal details."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from app.campaign.load import read_files
from app.delivery.mail import Address, parse_address
from app.delivery.wordings import absolute_link
from app.records.audit import Actor
from app.records.backup import note
from app.records.organizers import alert_addresses, organizer_by_name, set_alerts
from app.records.retention import Policy, delete_old_rows
from app.records.signing import sign
from app.records.site_campaigns import begin, move
from app.site import alerts
from app.site.alerts import Alert, copied_lately, every_alert, send_alerts
from app.site.backups import take_copy
from app.site.daily import copy_if_due
from app.site.live import live_campaign
from app.site.services import services
from app.site.settings import ROOT, Settings
from tests.organizers.browser import Browser
from tests.organizers.conftest import SECRET, Clock, Office
from tests.records.build import set_status, signature

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
"""Within two weeks of the date of the shipped list of cosponsors."""


@pytest.fixture
def settings(staff: Office, app: Flask) -> Settings:
    staff.add("Rosa")
    rosa = organizer_by_name(staff.db, "Rosa")
    assert rosa
    set_alerts(staff.db, SECRET, rosa, "rosa@example.org", "en")
    with app.app_context():
        return services().settings


def waiting(staff: Office) -> int:
    number: int = staff.db.execute("SELECT count(*) FROM outbound").fetchone()[0]
    return number


def test_no_alert_is_sent_when_nothing_needs_attention(settings: Settings, staff: Office) -> None:
    assert send_alerts(settings, NOW) == 0
    assert waiting(staff) == 0


def test_held_signatures_are_alerted_once_a_week(settings: Settings, staff: Office) -> None:
    sign(staff.db, signature("one"), SECRET)
    set_status(staff.db, [1], "held")
    for hours in (0, 1, 30):
        send_alerts(settings, NOW + timedelta(hours=hours))
    assert waiting(staff) == 1
    send_alerts(settings, NOW + timedelta(days=7))
    assert waiting(staff) == 2
    send_alerts(settings, NOW + timedelta(days=14))
    assert waiting(staff) == 4, "by then the list of cosponsors is old too"


def test_an_overdue_backup_is_alerted_where_the_site_makes_them(
    settings: Settings, staff: Office, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("copies")
    daily = dataclasses.replace(settings, backup_folder=str(folder))
    take_copy(daily, folder, NOW)
    assert send_alerts(daily, NOW + timedelta(days=1)) == 0
    assert send_alerts(daily, NOW + timedelta(days=3)) == 1
    assert send_alerts(settings, NOW + timedelta(days=3)) == 0
    take_copy(daily, folder, NOW + timedelta(days=2))
    assert send_alerts(daily, NOW + timedelta(days=3)) == 0


def test_a_backup_that_failed_is_none(settings: Settings) -> None:
    daily = dataclasses.replace(settings, backup_folder=str(settings.instance / "copies"))
    assert not copy_if_due(daily, NOW)
    assert not copied_lately(daily, NOW)


def test_doctor_findings_are_alerted_again_only_when_they_change(
    settings: Settings, staff: Office
) -> None:
    note(settings.instance, "doctor", {"broken": "disk, copies"})
    assert send_alerts(settings, NOW) == send_alerts(settings, NOW + timedelta(hours=1)) == 1
    assert waiting(staff) == 1
    note(settings.instance, "doctor", {"broken": "disk, copies, clock"})
    send_alerts(settings, NOW + timedelta(hours=2))
    assert waiting(staff) == 2
    note(settings.instance, "doctor", {"broken": ""})
    assert send_alerts(settings, NOW + timedelta(hours=3)) == 0


def test_a_reached_goal_is_alerted_once(
    settings: Settings, staff: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        alerts, "live_campaign", lambda s, slug: dataclasses.replace(live_campaign(s, slug), goal=2)
    )
    sign(staff.db, signature("one"), SECRET)
    assert send_alerts(settings, NOW) == 0
    sign(staff.db, signature("two"), SECRET)
    assert send_alerts(settings, NOW) == 1
    sign(staff.db, signature("three"), SECRET)
    send_alerts(settings, NOW + timedelta(hours=1))
    assert waiting(staff) == 1


def test_no_alert_is_sent_again_after_the_purge(settings: Settings, staff: Office) -> None:
    sign(staff.db, signature("one"), SECRET)
    set_status(staff.db, [1], "held")
    send_alerts(settings, NOW)
    staff.db.execute("UPDATE outbound SET state = 'accepted', payload = NULL, queued_at = ?",
                     (int(NOW.timestamp()),))  # fmt: skip
    later = NOW + timedelta(days=3)
    delete_old_rows(staff.db, later, Policy(mail=1))
    send_alerts(settings, later)
    rows = "SELECT state, count(*) FROM outbound GROUP BY 1"
    assert staff.db.execute(rows).fetchall() == [("accepted", 1)]
    delete_old_rows(staff.db, NOW + timedelta(days=732), Policy(mail=1))
    assert waiting(staff) == 0


@pytest.mark.parametrize("language", ["en", "es"])
def test_an_alert_has_its_number_a_link_and_nothing_of_a_signer(
    settings: Settings, staff: Office, language: str
) -> None:
    sign(staff.db, signature("one"), SECRET)
    set_status(staff.db, [1], "held")
    (held,) = every_alert(settings, staff.db, NOW)
    assert held == Alert(settings.campaign, "held", "2026-W14", 1)
    for kind in ("held", "list", "goal", "copy", "doctor"):
        to = parse_address("rosa@example.org")
        assert isinstance(to, Address)
        mail = alerts._mail(settings, to, language, Alert("a", kind, "x", 1234))
        assert "{" not in mail.subject + mail.text
        link = absolute_link(settings.address, f"{'/es' * (language == 'es')}/organize/")
        assert re.findall(r"\S*/\S*", mail.text) == [link]
        number = [] if kind in ("copy", "doctor") else ["1,234"]
        assert re.findall(r"[\d,.]*\d", mail.text.replace(link, "")) == number
        assert "@" not in mail.subject + mail.text


def test_alerts_of_every_open_campaign_name_it_and_link_to_it(
    settings: Settings, staff: Office
) -> None:
    files = read_files(ROOT / "letters" / "thank-the-cosponsors")
    at = settings.campaign
    begin(Actor(staff.db, "Rosa", NOW), "thank-the-cosponsors", files, first=at)
    sign(staff.db, signature("one"), SECRET)
    staff.db.execute("UPDATE signatures SET campaign = 'thank-the-cosponsors', status = 'held'")
    found = list(every_alert(settings, staff.db, NOW))
    assert "thank-the-cosponsors" not in {alert.slug for alert in found}, "it is prepared only"
    assert move(Actor(staff.db, "Rosa", NOW), "thank-the-cosponsors", "open", first=at)
    (held,) = [a for a in every_alert(settings, staff.db, NOW) if a.kind == "held"]
    assert (held.slug, held.number) == ("thank-the-cosponsors", 1)
    to = parse_address("rosa@example.org")
    assert isinstance(to, Address)
    mail = alerts._mail(settings, to, "es", held)
    assert "/c/thank-the-cosponsors/es/organize/" in mail.text
    assert mail.text.startswith(held.titles[1])
    assert send_alerts(settings, NOW) == len(found) + 1
    assert move(Actor(staff.db, "Rosa", NOW), "thank-the-cosponsors", "ended", first=at)
    after = [a.kind for a in every_alert(settings, staff.db, NOW + timedelta(days=60))
             if a.slug == "thank-the-cosponsors"]  # fmt: skip
    assert after == ["held"]


def test_an_organizer_turns_alerts_on_and_off(app: Flask, staff: Office, clock: Clock) -> None:
    rosa = Browser(app, clock).log_in(staff.add("Rosa"))
    assert "cannot send email yet" in rosa.get("/organize/account").words
    with app.app_context():
        site = services()
        site.settings = dataclasses.replace(site.settings, mail_server="mail.example.org")
    rosa.get("/organize/account").send("/alerts", email="rosa@")
    assert rosa.status == 422
    rosa.get("/organize/account").send("/alerts", email=" rosa@example.org ")
    assert "We email you when something needs you" in rosa.words
    assert alert_addresses(staff.db, SECRET) == [("rosa@example.org", "en")]
    kept = staff.db.execute("SELECT alerts FROM organizers").fetchone()[0]
    assert b"rosa" not in kept
    rosa.get("/organize/account").send("/alerts", email="")
    assert alert_addresses(staff.db, SECRET) == []


def test_disabled_organizers_get_no_alerts(settings: Settings, staff: Office) -> None:
    staff.db.execute("UPDATE organizers SET disabled = 1")
    assert alert_addresses(staff.db, SECRET) == []
    assert Path(settings.database).exists()
