"""Sessions end when idle, when old, when someone ends them, and with their organizer."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records import audit, organizers
from app.records.database import open_database
from app.records.organizers import organizer_by_name
from app.records.throttle import Client
from tests.organizers.conftest import LOGIN, Clock, Office


def used(office: Office, token: str) -> organizers.Session | organizers.NoSession:
    found = office.session(token)
    if isinstance(found, organizers.Session):
        organizers.touch(office.db, found, office.clock.at)
    return found


def test_a_session_ends_after_half_an_hour_without_use(office: Office) -> None:
    rosa = office.add("Rosa")
    office.clock.forward(minutes=30)
    assert isinstance(office.session(rosa.token), organizers.Session)
    office.clock.forward(seconds=1)
    assert office.session(rosa.token) == "idle"


def test_a_session_from_a_clock_that_was_ahead_has_ended(office: Office) -> None:
    office.clock.forward(days=400)
    rosa = office.add("Rosa")
    owner = organizer_by_name(office.db, rosa.name)
    assert owner is not None
    assert len(organizers.live_sessions(office.db, owner, office.clock.at)) == 1
    office.clock.forward(days=-400, minutes=-1)
    assert office.session(rosa.token) == "idle"
    assert organizers.live_sessions(office.db, owner, office.clock.at) == []


def test_use_keeps_a_session_alive_for_twelve_hours_and_no_longer(office: Office) -> None:
    rosa = office.add("Rosa")
    for _ in range(36):
        office.clock.forward(minutes=20)
        assert isinstance(used(office, rosa.token), organizers.Session)
    office.clock.forward(seconds=1)
    assert used(office, rosa.token) == "idle"


def test_a_half_session_lasts_ten_minutes(office: Office) -> None:
    office.add("Rosa")
    half = office.half("Rosa")
    office.clock.forward(minutes=10)
    assert isinstance(used(office, half.token), organizers.Session)
    office.clock.forward(seconds=1)
    assert office.session(half.token) == "idle"


def test_only_the_hash_of_a_token_is_stored(office: Office, tmp_path: Path) -> None:
    rosa = office.add("Rosa")
    office.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert rosa.token.encode() not in (tmp_path / "site.db").read_bytes()


@given(st.text(max_size=80))
def test_no_forged_token_finds_a_session(tmp_path_factory: pytest.TempPathFactory, t: str) -> None:
    db = open_database(tmp_path_factory.getbasetemp() / "made-up.db")
    assert organizers.find_session(db, t, Clock().at) == "none"
    db.close()


def test_the_list_shows_only_ones_live_sessions_last_used_first(office: Office) -> None:
    rosa, ana = office.add("Rosa"), office.add("Ana")
    phone = office.log_in(rosa, Client("203.0.113.9", "", "Safari on iPhone"))
    office.half("Rosa")
    owner = organizer_by_name(office.db, "Rosa")
    assert owner is not None
    listed = organizers.live_sessions(office.db, owner, office.clock.at)
    assert [s.device for s in listed] == ["Safari on iPhone", "Firefox on Linux"]
    assert listed[0].id == phone.session.id
    other = office.session(ana.token)
    assert isinstance(other, organizers.Session)
    assert other.id not in [s.id for s in listed]


def test_a_revoked_session_ends_at_once(office: Office) -> None:
    rosa = office.add("Rosa")
    here, there = office.log_in(rosa), office.log_in(rosa)
    owner = here.session.organizer
    assert organizers.revoke_session(office.by("Rosa"), owner, there.session.id)
    assert office.session(there.token) == "ended"
    assert isinstance(office.session(here.token), organizers.Session)


def test_no_one_can_revoke_another_organizers_session_by_number(office: Office) -> None:
    rosa, ana = office.add("Rosa"), office.add("Ana")
    mine, theirs = office.session(rosa.token), office.session(ana.token)
    assert isinstance(mine, organizers.Session)
    assert isinstance(theirs, organizers.Session)
    for number in (theirs.id, 0, -1, 10**12):
        assert not organizers.revoke_session(office.by("Rosa"), mine.organizer, number)
    assert isinstance(office.session(ana.token), organizers.Session)


def test_logging_out_ends_the_session(office: Office) -> None:
    rosa = office.add("Rosa")
    session = office.session(rosa.token)
    assert isinstance(session, organizers.Session)
    organizers.end_session(office.db, session, office.clock.at)
    assert office.session(rosa.token) == "ended"
    last = list(audit.every(office.db, audit.TrailFilter()))[-1]
    assert (last.who, last.what) == ("Rosa", audit.What.LOGGED_OUT)


def test_all_sessions_but_the_current_one_can_be_ended(office: Office) -> None:
    rosa = office.add("Rosa")
    one, two = office.log_in(rosa), office.log_in(rosa)
    owner = one.session.organizer
    ended = organizers.revoke_all(office.by("Rosa"), owner, keep=two.session.id)
    assert ended == 2
    assert isinstance(office.session(two.token), organizers.Session)
    assert office.session(one.token) == "ended"
    assert organizers.revoke_all(office.by("x"), owner) == 1
    last = list(audit.every(office.db, audit.TrailFilter(what="sessions revoked")))[-1]
    assert (last.before, last.after) == ({"sessions": 1}, {"sessions": 0})


def test_disabling_an_organizer_ends_their_sessions(office: Office) -> None:
    office.add("Boss", "admin")
    rosa = office.add("Rosa")
    owner = organizer_by_name(office.db, "Rosa")
    assert owner is not None
    half = office.half("Rosa")
    organizers.set_disabled(office.by("Boss"), LOGIN.secret, owner.id, True)
    assert office.session(rosa.token) == "ended"
    organizers.set_disabled(office.by("Boss"), LOGIN.secret, owner.id, False)
    assert office.session(rosa.token) == "ended"
    assert office.session(half.token) == "ended"


def test_a_disabled_organizers_session_is_invalid_even_if_not_ended(
    office: Office,
) -> None:
    rosa = office.add("Rosa")
    office.db.execute("UPDATE organizers SET disabled = 1")
    assert office.session(rosa.token) == "ended"


def test_a_new_role_applies_to_open_sessions(office: Office) -> None:
    rosa = office.add("Rosa", "editor")
    owner = organizer_by_name(office.db, "Rosa")
    assert owner is not None
    organizers.set_role(office.by("Boss"), owner.id, "exporter")
    session = office.session(rosa.token)
    assert isinstance(session, organizers.Session)
    assert session.organizer.may("exporter")
    assert not session.organizer.may("editor")


def test_last_use_is_written_at_most_every_fifteen_seconds(office: Office) -> None:
    rosa = office.add("Rosa")
    start = office.clock.at
    office.clock.forward(seconds=14)
    used(office, rosa.token)
    found = office.session(rosa.token)
    assert isinstance(found, organizers.Session)
    assert found.seen == start
    office.clock.forward(seconds=1)
    used(office, rosa.token)
    found = office.session(rosa.token)
    assert isinstance(found, organizers.Session)
    assert found.seen == office.clock.at
