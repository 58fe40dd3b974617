"""Signing once and repeatedly; receipts; withdrawing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import NotStoredError
from app.records.accounting import MAILED, OWN, mark
from app.records.acts import LetterRow, Receipt, State
from app.records.counts import Totals, by_status, count, totals
from app.records.database import open_database, writing_together
from app.records.signing import receipt, remove, sign, source_tag, withdraw
from tests.records.build import CAMPAIGN, SECRET, letters_of, person, set_status, signature


def test_a_californian_is_one_signature_and_three_letters(db: sqlite3.Connection) -> None:
    sign(db, signature("one"), SECRET)
    assert totals(db, CAMPAIGN) == Totals(signatures=1, letters=3)


def test_a_dc_resident_is_one_signature_and_one_letter(db: sqlite3.Connection) -> None:
    """EX10"""
    sign(db, signature("one", state="DC", district=0), SECRET)
    assert totals(db, CAMPAIGN) == Totals(signatures=1, letters=1)


def test_a_vacant_seat_makes_no_letter_but_is_shown(db: sqlite3.Connection) -> None:
    letters = (LetterRow("CA-12", None, "vacant"), *letters_of("CA", 12)[1:])
    signed = sign(db, signature("one", letters=letters), SECRET)
    assert totals(db, CAMPAIGN) == Totals(signatures=1, letters=2)
    shown = receipt(db, signed.receipt)
    assert shown is not None
    assert shown.letters == letters
    assert "CA-12" not in {row.group for row in count(db, CAMPAIGN, "recipient")}


def test_the_receipt_shows_what_was_signed(db: sqlite3.Connection) -> None:
    signed = sign(db, signature("one", language="es"), SECRET)
    assert receipt(db, signed.receipt) == Receipt(
        campaign=CAMPAIGN, day=date(2026, 11, 24), signed_at=signature("one").at.replace(second=0),
        state="CA", district=12, congress=119, letters=letters_of("CA", 12), withdrawn=False,
        language="es",
    )  # fmt: skip


def test_one_district_in_two_congresses_is_two_rows(db: sqlite3.Connection) -> None:
    noon = datetime(2027, 1, 3, 17, tzinfo=UTC)
    before = sign(db, signature("one", at=noon - timedelta(minutes=1)), SECRET)
    after = sign(db, signature("two", at=noon), SECRET)
    assert {row.group: row.signatures for row in count(db, CAMPAIGN, "district")} == {
        "CA-12": 1,
        "CA-12/120": 1,
    }
    assert [r.congress for s in (before, after) if (r := receipt(db, s.receipt))] == [119, 120]
    withdraw(db, after.receipt)
    assert [row.group for row in count(db, CAMPAIGN, "district") if row.signatures] == ["CA-12"]


def test_a_signature_can_name_the_congress_that_was_looked_up(db: sqlite3.Connection) -> None:
    noon = datetime(2027, 1, 3, 17, tzinfo=UTC)
    sign(db, signature("one", at=noon, congress=119), SECRET)
    assert [row.group for row in count(db, CAMPAIGN, "district")] == ["CA-12"]


def test_the_same_form_twice_counts_once_and_gives_the_same_receipt(
    db: sqlite3.Connection,
) -> None:
    """CC02, CC03"""
    first = sign(db, signature("one"), SECRET)
    second = sign(db, signature("one", own_share=99), SECRET)
    assert first == second
    assert totals(db, CAMPAIGN) == Totals(1, 3)
    assert by_status(db, CAMPAIGN)["repeated"] == Totals(0, 0)


def test_someone_who_already_signed_gets_an_identical_looking_receipt(
    db: sqlite3.Connection,
) -> None:
    """DI01: the reply tells a stranger nothing."""
    first = sign(db, signature("one", person=person("Imani")), SECRET)
    second = sign(db, signature("two", person=person("Imani")), SECRET)
    assert first.receipt != second.receipt
    assert len(first.receipt) == len(second.receipt)
    assert receipt(db, first.receipt) == receipt(db, second.receipt)
    assert mark(db, second.receipt, "CA-12", "printed")
    assert totals(db, CAMPAIGN) == Totals(1, 3)


def test_the_second_receipt_cannot_withdraw_the_first_signature(db: sqlite3.Connection) -> None:
    sign(db, signature("one", person=person("Imani")), SECRET)
    second = sign(db, signature("two", person=person("Imani")), SECRET)
    taken = withdraw(db, second.receipt)
    assert taken is not None
    assert taken.withdrawn
    assert totals(db, CAMPAIGN) == Totals(1, 3)
    assert by_status(db, CAMPAIGN)["withdrawn"] == Totals(0, 0)


def test_resubmitting_a_repeat_signature_makes_one_row(
    db: sqlite3.Connection,
) -> None:
    sign(db, signature("one", person=person("Imani")), SECRET)
    again = signature("two", person=person("Imani"))
    assert sign(db, again, SECRET) == sign(db, again, SECRET)
    assert by_status(db, CAMPAIGN)["repeated"] == Totals(1, 3)


def test_one_person_signs_two_campaigns(db: sqlite3.Connection) -> None:
    """EX13"""
    for campaign in ("one", "two"):
        sign(db, signature(campaign, campaign=campaign, person=person("Imani")), SECRET)
    assert totals(db, "one") == totals(db, "two") == Totals(1, 3)
    assert totals(db, None) == Totals(2, 6)


def test_withdrawing_lowers_every_count_and_is_harmless_twice(db: sqlite3.Connection) -> None:
    """PR05"""
    kept = sign(db, signature("one"), SECRET)
    signed = sign(db, signature("two"), SECRET)
    for _ in range(2):
        taken = withdraw(db, signed.receipt)
        assert taken is not None
        assert taken.withdrawn
    assert totals(db, CAMPAIGN) == Totals(1, 3)
    for by in ("state", "district", "day", "template", "recipient"):
        assert {row.signatures for row in count(db, CAMPAIGN, by)} == {1}
    assert by_status(db, CAMPAIGN)["withdrawn"] == Totals(1, 3)
    untouched = receipt(db, kept.receipt)
    assert untouched is not None
    assert not untouched.withdrawn


def test_withdrawing_erases_the_person_who_may_sign_again(db: sqlite3.Connection) -> None:
    first = sign(db, signature("one", person=person("Imani")), SECRET)
    withdraw(db, first.receipt)
    assert db.execute(
        "SELECT count(by_email) + count(by_address) + count(near) FROM signatures"
    ).fetchone() == (0,)
    second = sign(db, signature("two", person=person("Imani")), SECRET)
    assert totals(db, CAMPAIGN) == Totals(1, 3)
    withdraw(db, first.receipt)
    assert totals(db, CAMPAIGN) == Totals(1, 3)
    withdraw(db, second.receipt)
    assert totals(db, CAMPAIGN) == Totals(0, 0)


def test_resubmitting_a_withdrawn_form_signs_again_with_a_new_receipt(
    db: sqlite3.Connection,
) -> None:
    signed = sign(db, signature("one"), SECRET)
    withdraw(db, signed.receipt)
    again = sign(db, signature("one"), SECRET)
    assert again.receipt != signed.receipt
    assert totals(db, CAMPAIGN) == Totals(1, 3)
    withdraw(db, signed.receipt)
    assert totals(db, CAMPAIGN) == Totals(1, 3)


@pytest.mark.parametrize("state", [*sorted(OWN), MAILED])
def test_people_report_what_they_did_with_a_letter(db: sqlite3.Connection, state: State) -> None:
    signed = sign(db, signature("one"), SECRET)
    assert mark(db, signed.receipt, "CA-S1", state)
    assert mark(db, signed.receipt, "CA-S1", state)
    shown = receipt(db, signed.receipt)
    assert shown is not None
    assert {row.seat: row.state for row in shown.letters} == {
        "CA-12": "written", "CA-S1": state, "CA-S3": "written",
    }  # fmt: skip


def test_the_last_report_wins(db: sqlite3.Connection) -> None:
    signed = sign(db, signature("one"), SECRET)
    for state in ("printed", "downloaded", "copied"):
        assert mark(db, signed.receipt, "CA-12", state)
    shown = receipt(db, signed.receipt)
    assert shown is not None
    assert shown.letters[0].state == "copied"


@pytest.mark.parametrize(
    "state",
    ["accepted by the office's system", "refused", "not attempted", "written", "sent", "", "=1"],
)
def test_signers_can_report_only_their_own_actions(db: sqlite3.Connection, state: State) -> None:
    signed = sign(db, signature("one"), SECRET)
    assert not mark(db, signed.receipt, "CA-12", state)
    shown = receipt(db, signed.receipt)
    assert shown is not None
    assert shown.letters == letters_of("CA", 12)


def test_an_accepted_letter_stays_accepted_and_a_refused_one_can_be_printed(
    db: sqlite3.Connection,
) -> None:
    accepted = letters_of("CA", 12, "accepted by the office's system")
    refused = letters_of("CA", 13, "refused")
    one = sign(db, signature("one", letters=accepted), SECRET)
    two = sign(db, signature("two", district=13, letters=refused), SECRET)
    assert not mark(db, one.receipt, "CA-12", "printed")
    assert mark(db, two.receipt, "CA-13", "printed")


def test_reports_on_other_seats_vacant_seats_or_withdrawn_letters_are_refused(
    db: sqlite3.Connection,
) -> None:
    letters = (LetterRow("CA-12", None, "vacant"), *letters_of("CA", 12)[1:])
    signed = sign(db, signature("one", letters=letters), SECRET)
    assert not mark(db, signed.receipt, "CA-12", "printed")
    assert not mark(db, signed.receipt, "TX-1", "printed")
    withdraw(db, signed.receipt)
    assert not mark(db, signed.receipt, "CA-S1", "printed")


TOKENS = st.one_of(
    st.text(),
    st.text(alphabet="abcXYZ019-_", min_size=43, max_size=43),
    st.sampled_from(["\ud800" * 43, "\0" * 43, "é" * 43, "a" * 44, "a" * 42 + "\n", "' OR 1=1 --"]),
)


@pytest.fixture(scope="module")
def one_signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    connection = open_database(tmp_path_factory.mktemp("records") / "one.db")
    sign(connection, signature("one"), SECRET)
    yield connection
    connection.close()


@given(token=TOKENS)
def test_a_wrong_token_finds_nothing(one_signed: sqlite3.Connection, token: str) -> None:
    assert receipt(one_signed, token) is None
    assert withdraw(one_signed, token) is None
    assert not mark(one_signed, token, "CA-12", "printed")
    assert totals(one_signed, CAMPAIGN) == Totals(1, 3)


def test_receipts_depend_on_the_secret_and_are_not_stored_in_the_clear(
    db: sqlite3.Connection,
) -> None:
    """PR02"""
    signed = sign(db, signature("one"), SECRET)
    other = sign(db, signature("two"), b"another secret")
    assert receipt(db, signed.receipt) is not None
    assert signed.receipt != other.receipt
    stored = db.execute("SELECT receipt FROM signatures").fetchall()
    assert signed.receipt.encode() not in {row[0] for row in stored}


def test_an_empty_secret_is_refused_and_stores_nothing(db: sqlite3.Connection) -> None:
    with pytest.raises(ValueError, match="empty"):
        sign(db, signature("one"), b"")
    assert totals(db, CAMPAIGN) == Totals(0, 0)


@pytest.mark.parametrize("status", ["held", "unconfirmed", "test"])
def test_held_unconfirmed_and_test_signatures_are_not_counted(
    db: sqlite3.Connection, status: str
) -> None:
    """EX12, SP02"""
    sign(db, signature("one", status=status), SECRET)
    sign(db, signature("two"), SECRET)
    assert totals(db, CAMPAIGN) == Totals(1, 3)
    assert [row.signatures for row in count(db, CAMPAIGN, "state")] == [1]
    assert by_status(db, CAMPAIGN)[status] == Totals(1, 3)  # type: ignore[index]


def test_an_organizer_can_make_repeated_test_signatures_and_still_sign(
    db: sqlite3.Connection,
) -> None:
    me = person("Organizer")
    for key in ("one", "two"):
        sign(db, signature(key, person=me, status="test"), SECRET)
    sign(db, signature("three", person=me), SECRET)
    assert by_status(db, CAMPAIGN)["test"] == Totals(2, 6)
    assert totals(db, CAMPAIGN) == Totals(1, 3)


def test_holding_is_reversible(db: sqlite3.Connection) -> None:
    """EX11"""
    for n in range(40):
        sign(db, signature(f"key {n}"), SECRET)
    numbers = [row[0] for row in db.execute("SELECT id FROM signatures ORDER BY id")]
    assert remove(db, [*numbers[:3], 999_999]) == 3
    assert set_status(db, numbers[:5], "held") == 2
    assert totals(db, CAMPAIGN) == Totals(35, 105)
    for by in ("state", "district", "day", "template"):
        assert sum(row.signatures for row in count(db, CAMPAIGN, by)) == 35
    assert set_status(db, numbers, "counted") == 2
    assert totals(db, CAMPAIGN) == Totals(37, 111)


def test_removing_leaves_no_letters_behind(db: sqlite3.Connection) -> None:
    signed = sign(db, signature("one"), SECRET)
    remove(db, [1])
    assert receipt(db, signed.receipt) is None
    assert db.execute("SELECT count(*) FROM letters").fetchone() == (0,)


def test_nothing_is_stored_if_a_letter_cannot_be(db: sqlite3.Connection) -> None:
    twice = (LetterRow("CA-12", "H1", "everyone"), LetterRow("CA-12", "H1", "everyone"))
    with pytest.raises(sqlite3.IntegrityError):
        sign(db, signature("one", letters=twice), SECRET)
    assert totals(db, CAMPAIGN) == Totals(0, 0)
    assert not db.in_transaction
    sign(db, signature("one"), SECRET)
    assert totals(db, CAMPAIGN) == Totals(1, 3)


def test_an_invalid_value_raises_and_is_not_a_repeat(db: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        sign(db, signature("one", own_share=101), SECRET)
    assert by_status(db, CAMPAIGN)["repeated"] == Totals(0, 0)


def test_signing_fails_on_a_full_disk_and_succeeds_on_retry(db: sqlite3.Connection) -> None:
    """N37"""

    def may_have(pages: int) -> None:
        writing_together(db, lambda own: own.execute(f"PRAGMA max_page_count={pages}").fetchone())

    def sign_many() -> None:
        for n in range(1000):
            sign(db, signature(f"key {n}"), SECRET)

    may_have(db.execute("PRAGMA page_count").fetchone()[0])
    with pytest.raises(NotStoredError, match="full"):
        sign_many()
    before = totals(db, CAMPAIGN).signatures
    may_have(100_000)
    sign(db, signature(f"key {before}"), SECRET)
    assert totals(db, CAMPAIGN).signatures == before + 1


def test_times_are_stored_in_utc_to_the_minute(db: sqlite3.Connection) -> None:
    """TZ01: the day is the campaign's, the time is UTC."""
    chicago = timezone(timedelta(hours=-5))
    at = datetime(2026, 3, 8, 21, 30, 59, tzinfo=chicago)
    sign(db, signature("one", day=date(2026, 3, 8), at=at), SECRET)
    kept = db.execute("SELECT day, at FROM signatures").fetchone()
    assert kept == ("2026-03-08", "2026-03-09T02:30Z")
    assert [row.group for row in count(db, CAMPAIGN, "day")] == ["2026-03-08"]


def test_a_time_without_a_zone_is_refused(db: sqlite3.Connection) -> None:
    naive = datetime(2026, 3, 8, 21, 30, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValueError, match="zone"):
        sign(db, signature("one", at=naive), SECRET)


@pytest.mark.parametrize(
    ("text", "kept"),
    [("flyer-2", "flyer-2"), (" Library ", "library"), ("", ""), ("a" * 33, ""),
     ("ana@example.org", ""), ("=1+1", ""), ("<b>", ""), ("\ud800", ""), ("a\0", ""), ("ünï", "")],
)  # fmt: skip
def test_only_a_plain_tag_is_stored_as_a_source(
    db: sqlite3.Connection, text: str, kept: str
) -> None:
    assert source_tag(text) == kept
    sign(db, signature("one", source=text), SECRET)
    assert db.execute("SELECT source FROM signatures").fetchone() == (kept,)


def test_only_the_minimal_row_is_stored(db: sqlite3.Connection) -> None:
    """DESIGN §5: no name, street, email address, text or IP address."""
    columns = {row[1] for row in db.execute("PRAGMA table_info(signatures)")}
    assert columns == {
        "id", "receipt", "form", "salt", "content", "campaign", "status", "withdrawn", "earlier",
        "replaces", "changed", "day", "at", "state", "district", "template", "version", "length",
        "language", "match", "source", "edited", "own_share", "letters", "town", "by_email",
        "by_address", "near", "alike", "congress",
    }  # fmt: skip
    sign(db, signature("k"), SECRET)
    assert db.execute("SELECT town FROM signatures").fetchall() == [(None,)]
    assert {row[1] for row in db.execute("PRAGMA table_info(letters)")} == {
        "signature", "seat", "bioguide", "ask", "state", "state_at", "cause", "before_report",
    }  # fmt: skip


def test_a_different_town_on_the_same_form_is_a_correction(db: sqlite3.Connection) -> None:
    sign(db, signature("one", town="Salem"), SECRET)
    again = sign(db, signature("one", town="Bend"), SECRET)
    assert (again.new, again.changed) == (False, True)
    assert db.execute("SELECT town FROM signatures").fetchall() == [("Bend",)]


def test_a_members_new_id_is_no_change_and_keeps_what_was_reported(db: sqlite3.Connection) -> None:
    senators = letters_of("CA", 12)[1:]
    letters = (LetterRow("CA-12", "govtrack-990001", "everyone"), *senators)
    token = sign(db, signature("one", letters=letters), SECRET).receipt
    assert mark(db, token, "CA-12", "pasted")
    letters = (LetterRow("CA-12", "S001231", "everyone"), *senators)
    now = {"letters": letters, "current_ids": {"govtrack-990001": "S001231"}}
    assert not sign(db, signature("one", **now), SECRET).changed
    assert sign(db, signature("one", town="Bend", **now), SECRET).changed
    shown = receipt(db, token)
    assert shown is not None
    assert (shown.letters[0].seat, shown.letters[0].state) == ("CA-12", "pasted")
