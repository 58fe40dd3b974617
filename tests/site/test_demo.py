"""Invented people fill a site, and are told from real ones and removed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.records.counts import Filter, recount, totals
from app.records.database import open_database
from app.records.organizers import organizer_by_name
from app.records.signing import sign
from app.records.site_campaigns import campaigns_here
from app.site.settings import load_settings
from tests.commands import flask
from tests.records.build import SECRET, signature

CAMPAIGN = "protect-immigration-act"
SECOND = "thank-the-cosponsors"


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(tmp_path))
    load_settings()


def test_a_demo_site_counts_its_invented_signatures_and_can_be_emptied(tmp_path: Path) -> None:
    made = flask("demo", "--people", "60")
    assert made.exit_code == 0, made.output
    assert made.output.count("/organize/set-password/") == 2
    db = open_database(tmp_path / "dear-congress.db")
    assert totals(db, CAMPAIGN).signatures == 60
    assert totals(db, SECOND).signatures == 12
    assert totals(db, Filter(source="demo")).signatures == 72
    zone = ZoneInfo("America/New_York")
    for day, at in db.execute("SELECT day, at FROM signatures"):
        assert day == datetime.fromisoformat(at).astimezone(zone).date().isoformat()
    assert (
        "thank-the-cosponsors: open, at /c/thank-the-cosponsors/, 12 signatures"
        in flask("campaign", "list").output
    )
    assert "already" in flask("demo").output
    gone = flask("demo", "--remove")
    assert "72 invented signatures were removed" in gone.output
    assert totals(db, CAMPAIGN).signatures == 0
    assert [one.slug for one in campaigns_here(db, CAMPAIGN)] == [CAMPAIGN]
    assert not recount(db)
    admin = organizer_by_name(db, "Demo Admin")
    assert admin is not None
    assert admin.disabled
    db.close()


def test_a_site_with_real_people_is_left_alone(tmp_path: Path) -> None:
    db = open_database(tmp_path / "dear-congress.db")
    at = datetime(2026, 11, 25, 18, tzinfo=UTC)
    sign(db, signature("one", at=at, source="demo"), SECRET)  # from a link to a demonstration
    refused = flask("demo")
    assert refused.exit_code == 1
    assert "real signatures" in refused.output
    flask("demo", "--remove")
    assert totals(db, CAMPAIGN).signatures == 1
    db.close()
