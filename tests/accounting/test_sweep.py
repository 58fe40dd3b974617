"""Stuck letters are found, and ``flask doctor`` reports them in a sentence."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from app.cli.diagnosis import Site
from app.cli.doctor import CHECKS, letters_are_accounted_for
from app.congress.model import change_of
from app.records.accounting import ACCEPTED, mark, note_office, sweep_letters
from app.records.acts import LetterRow, State
from app.records.database import open_database
from app.records.signing import sign, withdraw
from app.site.settings import Settings
from tests.congress.rehearsal import another_sits
from tests.records.build import CAMPAIGN, SECRET, letters_of, signature

NOON = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(Settings(instance=tmp_path, secret_key=b"s" * 32, person_key=b"p" * 32), NOON)


@pytest.fixture
def db(site: Site) -> Iterator[sqlite3.Connection]:
    with closing(open_database(site.settings.database)) as connection:
        yield connection


def signed(db: sqlite3.Connection, name: str = "one", *, at: datetime = NOON) -> str:
    return sign(db, signature(name, at=at), SECRET).receipt


def test_the_doctor_checks_letters() -> None:
    assert CHECKS["letters"] is letters_are_accounted_for


def test_a_new_site_passes_the_letter_check(site: Site, db: sqlite3.Connection) -> None:
    assert letters_are_accounted_for(site).level == "ok"
    signed(db)
    assert letters_are_accounted_for(site).level == "ok"


@pytest.mark.parametrize("state", ["refused", "not attempted"])
def test_a_letter_not_accepted_by_a_system_is_stuck_after_two_days(
    site: Site, db: sqlite3.Connection, state: State
) -> None:
    token = signed(db)
    note_office(db, 1, "CA-12", state, campaign=CAMPAIGN, at=NOON - timedelta(days=2))
    assert not sweep_letters(db, NOON).stuck
    found = sweep_letters(db, NOON + timedelta(minutes=1))
    assert (found.stuck.total(), found.since) == (1, NOON - timedelta(days=2))
    later = Site(site.settings, NOON + timedelta(minutes=1))
    finding = letters_are_accounted_for(later)
    assert finding.level == "warn"
    assert "1 letter was refused or not accepted by an office's system" in finding.sentence
    assert "2026-11-23" in finding.sentence
    assert mark(db, token, "CA-12", "printed", at=NOON)
    assert letters_are_accounted_for(later).level == "ok"


def test_of_letters_that_can_no_longer_go_only_the_writers_are_to_be_told(
    site: Site, db: sqlite3.Connection
) -> None:
    house = LetterRow("CA-12", "S001231", "everyone"), LetterRow("TN-9", "C001068", "everyone")
    for number, (name, letters) in enumerate((("one", house[:1]), ("two", house[1:])), 1):
        sign(db, signature(name, letters=letters, at=NOON), SECRET)
        seat = letters[0].seat
        note_office(db, number, seat, "not attempted", campaign=CAMPAIGN, at=NOON)

    def finding(when: datetime) -> str:
        return letters_are_accounted_for(Site(site.settings, when)).sentence

    later = NOON + timedelta(days=7)
    again, never = "Deliver them again or tell the writers.", "be delivered now, because the member"
    assert again in finding(later)
    assert never not in finding(later)
    another_sits(site.settings.instance, "TN-9", date(2026, 11, 28))
    assert f"1 of them cannot {never}" in finding(later)
    assert again in finding(later)
    ended = finding(change_of(120))
    assert f"None of them can {never}" in ended
    assert ended.endswith("Tell the writers.")


def test_letters_of_a_held_signature_wait_for_an_organizer(
    site: Site, db: sqlite3.Connection
) -> None:
    sign(db, signature("one", held_for="crowd", status="held", at=NOON), SECRET)
    db.execute("UPDATE letters SET state = 'queued', cause = 'person' WHERE seat = 'CA-12'")
    later = Site(site.settings, NOON + timedelta(days=3))
    for decision, words in (
        ("", "1 letter to an office waits until an organizer decides"), ("set aside", "a cause"),
        ("released", "left waiting, the first on 2026-11-25. Deliver"),
    ):  # fmt: skip
        db.execute("UPDATE held SET decision = ?", (decision,))
        assert words in letters_are_accounted_for(later).sentence
        assert ("left waiting" in letters_are_accounted_for(later).sentence) == (
            decision == "released"
        )


def test_accepted_vacant_and_withdrawn_letters_are_never_stuck(db: sqlite3.Connection) -> None:
    long_ago = NOON - timedelta(days=60)
    letters = (*letters_of("CA", 12)[:1], LetterRow("CA-S1", None, "", "not attempted"))
    sign(db, signature("one", letters=letters, at=long_ago), SECRET)
    note_office(db, 1, "CA-12", ACCEPTED, campaign=CAMPAIGN, at=long_ago)
    token = signed(db, "two", at=long_ago)
    note_office(db, 2, "CA-12", "refused", campaign=CAMPAIGN, at=long_ago)
    withdraw(db, token)
    found = sweep_letters(db, NOON)
    assert (found.stuck.total(), found.unnoted, found.wrong, found.quiet) == (0, 0, 0, 0)


def test_long_silence_is_reported_but_is_not_a_problem(site: Site, db: sqlite3.Connection) -> None:
    signed(db, at=NOON - timedelta(days=14, minutes=1))
    finding = letters_are_accounted_for(site)
    assert finding.level == "ok"
    assert "No one has reported handing over 3 of them" in finding.sentence


@pytest.mark.parametrize(
    ("state", "cause"),
    [(ACCEPTED, "person"), (ACCEPTED, "mail server"), ("printed", "signed"),
     ("written", "office system"), ("mailed to self", "person"), ("copied", "vacant seat")],
)  # fmt: skip
def test_an_unreachable_state_fails_the_letter_check(
    site: Site, db: sqlite3.Connection, state: str, cause: str
) -> None:
    signed(db)
    db.execute("UPDATE letters SET state = ?, cause = ? WHERE seat = 'CA-12'", (state, cause))
    finding = letters_are_accounted_for(site)
    assert finding.level == "fail"
    assert finding.sentence.startswith("1 letter is in a state")


@pytest.mark.parametrize(
    ("message", "age", "found"),
    [(("copy", "accepted", "accepted: 250"), 61, 3),
     (("copy", "accepted", "accepted: 250"), 59, 0),
     (("copy", "accepted", "written to the outbox"), 61, 0),
     (("receipt", "accepted", "accepted: 250"), 61, 0),
     (("copy", "failed", "recipient: 550"), 61, 0)],
)  # fmt: skip
def test_a_mailed_copy_that_was_never_noted_is_found(
    db: sqlite3.Connection, message: tuple[str, str, str], age: int, found: int
) -> None:
    signed(db)
    at = int((NOON - timedelta(minutes=age)).timestamp())
    db.execute(
        "INSERT INTO outbound (id, once, kind, receipt, state, cause, queued_at, state_at, next_at)"
        " SELECT ?, randomblob(32), ?, receipt, ?, ?, ?, ?, ? FROM signatures",
        ("0" * 32, *message, at, at, at),
    )
    assert sweep_letters(db, NOON).unnoted == found
