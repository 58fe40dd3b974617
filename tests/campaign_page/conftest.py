"""Shared by tests of the Campaign page: the shipped files, members, a status file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from flask import Flask

from app.campaign.backing_lists import read_list
from app.campaign.load import read_files
from app.campaign.stance import Backing
from app.campaign.supporter_files import Knowledge
from app.congress.tables import load_tables
from tests.campaign.seats import every_seat, few_seats
from tests.organizers.browser import Browser
from tests.organizers.conftest import Clock, Office, app, clock, site_url, staff

__all__ = ["app", "clock", "every_seat", "few_seats", "site_url", "staff"]

FOLDER = Path(__file__).resolve().parents[2] / "letters" / "protect-immigration-act"
TODAY = date(2026, 11, 25)


@pytest.fixture
def ana(app: Flask, staff: Office, clock: Clock) -> Browser:
    """Another organizer's browser, logged in."""
    return Browser(app, clock).enter(staff.add("Ana"))


@pytest.fixture(scope="session")
def files() -> dict[str, str]:
    return read_files(FOLDER)


@pytest.fixture(scope="session")
def toml(files: dict[str, str]) -> str:
    return files["campaign.toml"]


@pytest.fixture(scope="session")
def shipped(files: dict[str, str]) -> tuple[Backing, ...]:
    related = ["hr1236-115", "s-115", "hr2729-116", "s1440-116", "hr2805-117", "s1336-117"]
    backings, problems = read_list("cosponsors.csv", files["cosponsors.csv"], related)
    assert not problems
    return backings


@pytest.fixture(scope="session")
def known() -> Knowledge:
    tables = load_tables()
    members = {
        h.member.bioguide: (h.member.full_name, h.member.last) for h in tables.holders if h.member
    }
    bills = {"current": "current", "hr6890-119": "current", "hr2805-117": "hr2805-117"}
    seats = {
        h.member.bioguide: h.seat.state + (f"-{h.seat.district}" if h.seat.district else "")
        for h in tables.holders
        if h.member
    }
    return Knowledge(TODAY, bills, members, {"current": date(2025, 12, 18)}, seats)


def person_xml(backing: Backing, withdrawn: str = "", *, old_format: bool = False) -> str:
    first, _, last = backing.name.rpartition(" ")
    ids = f"<bioguideId>{backing.bioguide}</bioguideId>"
    if old_format:
        ids = f"<identifiers>{ids}</identifiers>"
    day = backing.day.isoformat()
    joined = "" if backing.role == "sponsor" else f"<sponsorshipDate>{day}</sponsorshipDate>"
    left = f"<sponsorshipWithdrawnDate>{withdrawn}</sponsorshipWithdrawnDate>" if withdrawn else ""
    return (
        f"<item>{ids}<fullName>Rep. {escape(backing.name)}</fullName>"
        f"<firstName>{escape(first)}</firstName><lastName>{escape(last)}</lastName>"
        f"{joined}<isOriginalCosponsor>True</isOriginalCosponsor>{left}</item>"
    )


def status_xml(
    backings: Iterable[Backing],
    *,
    kind: str = "HR",
    number: str = "6890",
    congress: str = "119",
    updated: str = "2026-11-20T08:06:35Z",
    extra: str = "",
    old_format: bool = False,
    introduced: str = "2025-12-18",
    more: str = "",
) -> bytes:
    """A status file in govinfo's format, with the parts that matter and some that do not."""
    lines = [b for b in backings if b.bill == "current"]
    sponsors = "".join(person_xml(b, old_format=old_format) for b in lines if b.role == "sponsor")
    others = "".join(person_xml(b, old_format=old_format) for b in lines if b.role != "sponsor")
    names = ("billNumber", "billType") if old_format else ("number", "type")
    return f"""<?xml version="1.0" encoding="utf-8" standalone="no"?>
<billStatus>
  <version>3.0.0</version>
  <bill>
    <{names[0]}>{number}</{names[0]}>
    <updateDate>{updated}</updateDate>
    <{names[1]}>{kind}</{names[1]}>
    <introducedDate>{introduced}</introducedDate>
    <congress>{congress}</congress>
    <notes><item><text><![CDATA[<pre>Mr. QUIGLEY</pre>]]></text></item></notes>
    <actions><item><actionDate>2025-12-18</actionDate></item></actions>
    {more}
    <sponsors>{sponsors}</sponsors>
    <cosponsors>{others}{extra}</cosponsors>
  </bill>
  <dublinCore xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:format>text/xml</dc:format></dublinCore>
</billStatus>
""".encode()


def files_of() -> dict[str, str]:
    """The shipped files."""
    return read_files(FOLDER)
