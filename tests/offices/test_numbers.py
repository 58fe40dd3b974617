"""The numbers of one office: people and letters separate, in agreement with every other count."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.congress.tables import Tables
from app.documents.day_sheet import OfficeNumbers
from app.records.acts import LetterRow
from app.records.counts import count, totals
from app.records.database import open_database
from app.records.office_numbers import office_numbers
from app.records.signing import withdraw
from tests.congress.asking import JUST_BEFORE, NOON
from tests.offices.conftest import Signers, holder
from tests.records.build import CAMPAIGN, set_status


def numbers(db: sqlite3.Connection, tables: Tables, seat: str, **how: bool) -> OfficeNumbers:
    (found,) = office_numbers(db, CAMPAIGN, [holder(tables, seat)], tables=tables, **how)
    return found


def test_people_and_letters_are_counted_separately(
    db: sqlite3.Connection, tables: Tables, signers: Signers
) -> None:
    """EX10: one signer with three letters is one constituent of each; DC gives one and one."""
    signers.sign("NY", 10)
    signers.sign("DC", 0)
    for seat in ("NY-10", "NY-S1", "NY-S3"):
        found = numbers(db, tables, seat)
        assert (found.signatures, found.letters) == (1, 1), seat
    found = numbers(db, tables, "DC-0")
    assert (found.signatures, found.letters) == (1, 1)
    assert numbers(db, tables, "NY-11") == OfficeNumbers()
    house = [h for h in tables.holders if h.seat.chamber == "house"]
    whole = office_numbers(db, CAMPAIGN, house, tables=tables)
    assert sum(each.signatures for each in whole) == totals(db, CAMPAIGN).signatures == 2


def test_a_signer_who_skips_a_recipient_is_a_constituent_without_a_letter(
    db: sqlite3.Connection, tables: Tables, signers: Signers
) -> None:
    signers.sign("CA", 12)
    signers.sign("CA", 12, letters=())
    found = numbers(db, tables, "CA-12")
    assert (found.signatures, found.letters) == (2, 1)


def test_letters_under_a_temporary_id_stay_with_their_member(
    db: sqlite3.Connection, tables: Tables, signers: Signers
) -> None:
    signers.sign("CA", 12, letters=(LetterRow("CA-12", "govtrack-990001", "everyone"),))
    signers.sign("CA", 12)
    people = {**tables.people, "govtrack-990001": tables.people["S001231"]}
    assert numbers(db, tables, "CA-12").letters == 1
    assert numbers(db, replace(tables, people=people), "CA-12").letters == 2


def test_a_vacant_seat_has_constituents_and_no_letter(
    db: sqlite3.Connection, tables: Tables, signers: Signers
) -> None:
    vacant = next(h.seat for h in tables.holders if h.vacant)
    signers.sign(vacant.state, vacant.district or 0, 3)
    found = numbers(db, tables, vacant.id)
    assert (found.signatures, found.letters) == (3, 0)


def test_a_district_keeps_its_people_into_a_new_congress_if_its_lines_stay(
    db: sqlite3.Connection, tables: Tables, signers: Signers
) -> None:
    for state, district in (("MA", 6), ("MO", 5), ("TX", 10)):
        signers.sign(state, district, 2)
        signers.sign(state, district, congress=120)
    before, after, later = (
        tables.at(moment) for moment in (JUST_BEFORE, NOON, datetime(2029, 2, 1, tzinfo=UTC))
    )
    found = [
        (seat, n.signatures, sum(people for _week, people in n.weeks), n.earlier)
        for then in (before, after, later)
        for seat in ("MA-6", "MO-5", "TX-10", "TX-S1")
        for n in [numbers(db, then, seat)]
    ]
    assert found == [
        ("MA-6", 2, 2, 0), ("MO-5", 2, 2, 0), ("TX-10", 2, 2, 0), ("TX-S1", 3, 3, 0),
        ("MA-6", 3, 3, 0), ("MO-5", 3, 3, 0), ("TX-10", 1, 1, 2), ("TX-S1", 3, 3, 0),
        # The lines of 2029 are unknown here.
        ("MA-6", 0, 0, 3), ("MO-5", 0, 0, 3), ("TX-10", 0, 0, 3), ("TX-S1", 3, 3, 0),
    ]  # fmt: skip


def test_uncounted_signatures_are_not_on_the_sheet(
    db: sqlite3.Connection, tables: Tables, signers: Signers
) -> None:
    """EX11 and EX12: no number includes deleted, held, unconfirmed or test signatures."""
    receipts = signers.sign("CA", 12, 40, template="faith")
    for token in receipts[:3]:
        withdraw(db, token)
    set_status(db, [10, 11], "held")
    signers.sign("CA", 12, status="unconfirmed")
    signers.sign("CA", 12, status="test")
    found = numbers(db, tables, "CA-12")
    assert found.signatures == found.letters == found.own_words == 35
    assert sum(n for _week, n in found.weeks) == 35
    assert found.themes == (("faith", 35),)


def test_only_this_campaigns_signatures_are_on_the_sheet(
    db: sqlite3.Connection, tables: Tables, signers: Signers
) -> None:
    """EX13"""
    signers.sign("CA", 12, 2)
    signers.sign("CA", 12, 5, campaign="another")
    assert numbers(db, tables, "CA-12").signatures == 2


def test_weeks_begin_on_monday(db: sqlite3.Connection, tables: Tables, signers: Signers) -> None:
    """TZ01: the Sunday on which clocks go forward belongs to the week that ends with it."""
    signers.sign("IL", 5, day=date(2026, 3, 8))
    signers.sign("IL", 5, 2, day=date(2026, 3, 9))
    signers.sign("IL", 7, day=date(2026, 3, 2))
    assert numbers(db, tables, "IL-5").weeks == ((date(2026, 3, 2), 1), (date(2026, 3, 9), 2))
    assert numbers(db, tables, "IL-S2").weeks == ((date(2026, 3, 2), 2), (date(2026, 3, 9), 2))


def test_a_letter_with_a_tenth_of_own_words_counts_as_a_story(
    db: sqlite3.Connection, tables: Tables, signers: Signers
) -> None:
    for share in (0, 9, 10, 100):
        signers.sign("CA", 12, own_share=share)
    found = numbers(db, tables, "CA-12")
    assert found.own_words == 2
    beyond = sum(r.signatures for r in count(db, CAMPAIGN, "own_share") if r.group != "00")
    assert found.own_words == beyond


def test_themes_and_towns_of_fewer_than_five_are_not_named(
    db: sqlite3.Connection, tables: Tables, signers: Signers
) -> None:
    signers.sign("CA", 12, 4, template="few", town="Piedmont")
    signers.sign("CA", 12, 5, template="five", town="Oakland")
    signers.sign("CA", 12, 7)
    found = numbers(db, tables, "CA-12", towns=True)
    assert found.themes == (("general", 7), ("five", 5))
    assert found.towns == (("Oakland", 5),)
    assert numbers(db, tables, "CA-12").towns is None


PLACES = [("CA", 12), ("CA", 14), ("WY", 0), ("DC", 0), ("PR", 0), ("NY", 10)]
Act = tuple[tuple[str, int], int, int, int, bool]
ACT = st.tuples(
    st.sampled_from(PLACES), st.integers(1, 6), st.integers(0, 80), st.integers(0, 100),
    st.booleans(),
)  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(acts=st.lists(ACT, max_size=8))
def test_numbers_for_all_seats_match_those_for_each_and_add_up(
    tmp_path_factory: pytest.TempPathFactory, tables: Tables, acts: list[Act]
) -> None:
    db = open_database(tmp_path_factory.mktemp("offices") / "x.db")
    signers = Signers(db, tables)
    for (state, district), times, day, own_share, withdrawn in acts:
        tokens = signers.sign(
            state, district, times, day=date(2026, 9, 1) + timedelta(days=day),
            own_share=own_share, template="a" if day % 2 else "b",
        )  # fmt: skip
        if withdrawn:
            withdraw(db, tokens[0])
    whole = dict(
        zip(
            tables.holders, office_numbers(db, CAMPAIGN, tables.holders, tables=tables), strict=True
        )
    )
    for seat in ("CA-12", "CA-14", "CA-S1", "WY-0", "DC-0", "PR-0", "NY-S3"):
        assert whole[holder(tables, seat)] == numbers(db, tables, seat), seat
    for held, each in whole.items():
        assert sum(n for _week, n in each.weeks) == each.signatures, held.seat.id
        assert each.letters <= each.signatures
        assert each.own_words <= each.signatures
    house = sum(n.signatures for h, n in whole.items() if h.seat.chamber == "house")
    assert house == totals(db, CAMPAIGN).signatures
    assert sum(n.letters for n in whole.values()) == totals(db, CAMPAIGN).letters
    db.close()
