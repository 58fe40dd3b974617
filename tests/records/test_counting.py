"""Counts, their definitions and their order; the tallies behind them."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import date

import pytest

from app.records.acts import STATUSES
from app.records.counts import (
    BREAKDOWNS,
    CountRow,
    Filter,
    Totals,
    breakdowns,
    by_status,
    count,
    rebuild,
    recount,
    signed_campaigns,
    totals,
    ways_of,
)
from app.records.definitions import BY_TERM, DEFINITIONS
from app.records.persons import lookalikes, people, person_of
from app.records.signing import sign, withdraw
from tests.records.build import CAMPAIGN, SECRET, set_status, signature


def test_an_empty_site_counts_nothing(db: sqlite3.Connection) -> None:
    assert totals(db, CAMPAIGN) == totals(db, None) == Totals(0, 0)
    for by in BREAKDOWNS:
        assert count(db, CAMPAIGN, by) == []
    assert by_status(db, CAMPAIGN) == dict.fromkeys(STATUSES, Totals(0, 0))
    assert signed_campaigns(db) == ()
    assert people(db) == 0
    assert recount(db) == []


def test_the_sums_of_every_breakdown_but_recipients_are_the_totals(db: sqlite3.Connection) -> None:
    """EX10: people and letters are stated separately and districts add up to the people."""
    places = [("CA", 12), ("CA", 2), ("TX", 30), ("DC", 0), ("NY", 10)]
    for n in range(23):
        state, district = places[n % 5]
        sign(
            db,
            signature(
                f"key {n}", state=state, district=district, day=date(2026, 11, 1 + n),
                template=("general", "faith")[n % 2], language=("en", "es")[n % 3 % 2],
                match=("zip", "street", "chosen")[n % 3], source=("", "flyer")[n % 2],
                edited=n % 4 == 0, own_share=n * 4,
            ),
            SECRET,
        )  # fmt: skip
    whole = totals(db, CAMPAIGN)
    assert whole == Totals(23, 23 * 3 - 4 * 2)
    for by in BREAKDOWNS:
        rows = count(db, CAMPAIGN, by)
        assert sum(row.letters for row in rows) == whole.letters, by
        if by == "recipient":
            assert sum(row.signatures for row in rows) == whole.letters
        else:
            assert sum(row.signatures for row in rows) == whole.signatures, by


def test_rows_are_in_natural_order(db: sqlite3.Connection) -> None:
    for district in (12, 2, 1, 30):
        sign(db, signature(f"CA {district}", district=district), SECRET)
    sign(db, signature("AK", state="AK", district=0), SECRET)
    assert [row.group for row in count(db, CAMPAIGN, "district")] == [
        "AK-0", "CA-1", "CA-2", "CA-12", "CA-30",
    ]  # fmt: skip


def test_a_recipient_counts_people_and_letters_once_each(db: sqlite3.Connection) -> None:
    sign(db, signature("one"), SECRET)
    sign(db, signature("two", district=13), SECRET)
    assert count(db, CAMPAIGN, "recipient") == [
        CountRow("HCA012", 1, 1), CountRow("HCA013", 1, 1),
        CountRow("SCA1", 2, 2), CountRow("SCA3", 2, 2),
    ]  # fmt: skip


def test_own_share_is_counted_in_steps_of_ten(db: sqlite3.Connection) -> None:
    for share in (0, 9, 10, 99, 100):
        sign(db, signature(f"share {share}", own_share=share), SECRET)
    rows = count(db, CAMPAIGN, "own_share")
    assert [(row.group, row.signatures) for row in rows] == [("00", 2), ("10", 1), ("90", 2)]


def test_campaigns_are_counted_apart_and_together(db: sqlite3.Connection) -> None:
    """EX13: one person in two campaigns is two signatures and one person."""
    for campaign in ("a", "b"):
        code = person_of(SECRET, email="imani@example.org", first="Imani", last="", zip5="")
        sign(db, signature(f"in {campaign}", campaign=campaign, person=code), SECRET)
    assert [totals(db, campaign) for campaign in ("a", "b", "c", None)] == [
        Totals(1, 3), Totals(1, 3), Totals(0, 0), Totals(2, 6),
    ]  # fmt: skip
    assert count(db, "a", "state") == [CountRow("CA", 1, 3)]
    assert count(db, None, "state") == [CountRow("CA", 2, 6)]
    assert people(db) == 1
    assert signed_campaigns(db) == ("a", "b")


@pytest.mark.parametrize(
    ("signed", "expected"),
    [
        ("a #4, b #5", 2),
        ("a #4, b #4", 1),
        ("a, b #4", 1),
        ("a #4, a #5, b", 2),
        ("a #4, a #5, b, c #5, c #4", 2),
        ("a, b #4, b #5", 2),
        ("a Hà, b Hạ", 2),
        ("a Hà, b Ha", 1),
        ("a ana@example.org, a #4, b #4 ana@example.org", 2),
        ("a #4 ana@example.org, b #4, c ana@example.org", 1),
        ("a #4 ana@example.org, b ana@example.org, b #4", 2),
    ],
)
def test_people_of_all_campaigns_are_told_apart_as_in_one(
    db: sqlite3.Connection, signed: str, expected: int
) -> None:
    """A campaign, and the unit, the first name or the email address that were given there."""
    for number, one in enumerate(signed.split(", ")):
        campaign, *given = one.split()
        house = "@" not in one or "#" in one
        who = person_of(
            SECRET,
            first=next((word for word in given if word[0] == "H"), "Ana"), last="Ruiz",
            street="12 Elm St" if house else "", street2="".join(w for w in given if w[0] == "#"),
            zip5="05672" if house else "", email="".join(word for word in given if "@" in word),
        )  # fmt: skip
        sign(db, signature(f"key {number}", campaign=campaign, person=who), SECRET)
    assert totals(db, None).signatures == signed.count(",") + 1
    assert people(db) == expected


def test_lookalikes_are_shown_and_all_counted(db: sqlite3.Connection) -> None:
    """DI01"""
    emails = ["imani@example.org", "Imani+2@example.org", "IMANI@EXAMPLE.ORG", "joe@example.org"]
    for email in emails:
        code = person_of(SECRET, email=email, first="", last="", zip5="")
        last = sign(db, signature(email, person=code), SECRET)
    assert totals(db, CAMPAIGN).signatures == 3
    assert lookalikes(db, CAMPAIGN) == [(1, 2)]
    assert lookalikes(db, "another") == []
    withdraw(db, last.receipt)
    assert lookalikes(db, CAMPAIGN) == [(1, 2)]


def test_an_unknown_breakdown_is_refused(db: sqlite3.Connection) -> None:
    with pytest.raises(ValueError, match="shoe size"):
        count(db, CAMPAIGN, "shoe size")


def test_every_counted_term_is_defined() -> None:
    terms = {definition.term for definition in DEFINITIONS}
    assert terms >= {"signatures", "letters", *STATUSES}
    assert len(terms) == len(DEFINITIONS)


@pytest.mark.parametrize("by", BREAKDOWNS)
def test_every_breakdown_is_defined(by: str) -> None:
    assert BY_TERM[by].meaning


def test_every_breakdown_has_a_tally_and_every_tally_a_breakdown(db: sqlite3.Connection) -> None:
    sign(db, signature("one"), SECRET)
    kept = {name for (name,) in db.execute("SELECT DISTINCT dimension FROM tallies")}
    assert {name.partition(" in ")[0] for name in kept} == {"all", "way", *BREAKDOWNS}
    within = {name.partition(" in ")[2].partition(" ")[0] for name in kept}
    assert within == {"", "state", "day", "template", "source"}


def test_each_breakdown_is_its_own_column(db: sqlite3.Connection) -> None:
    """A finer filter counts by the same columns as the tallies, under the same names."""
    sign(db, signature("one"), SECRET)
    names = [name for name in BREAKDOWNS if name != "recipient"]
    row = db.execute(f"SELECT {', '.join(names)} FROM countable").fetchone()
    assert dict(zip(names, row, strict=True)) == dict(
        db.execute("SELECT dimension, value FROM tallies WHERE dimension NOT IN"
                   " ('all', 'way', 'recipient') AND dimension NOT LIKE '% in %'")
    )  # fmt: skip


@pytest.mark.parametrize(
    ("damage", "dimension", "value"),
    [
        ("UPDATE tallies SET signatures = 7 WHERE dimension = 'state'", "state", "CA"),
        ("UPDATE tallies SET letters = 7 WHERE dimension = 'all'", "all", ""),
        ("DELETE FROM tallies WHERE dimension = 'recipient' AND value = 'SCA1'",
         "recipient", "SCA1"),
        ("INSERT INTO tallies VALUES ('c', 'counted', 'day', '2026-01-01', 1, 1)",
         "day", "2026-01-01"),
    ],
)  # fmt: skip
def test_recount_reports_a_tally_that_drifted(
    db: sqlite3.Connection, damage: str, dimension: str, value: str
) -> None:
    """EX11"""
    sign(db, signature("one"), SECRET)
    assert recount(db) == []
    db.execute(damage)
    assert [(d.dimension, d.value) for d in recount(db)] == [(dimension, value)]
    rebuild(db)
    assert recount(db) == []
    assert totals(db, CAMPAIGN) == Totals(1, 3)


NARROWED = (
    Filter(CAMPAIGN, state="CA"),
    Filter(CAMPAIGN, status=None, state="TX"),
    Filter(None, template="general"),
    Filter(CAMPAIGN, source=""),
    Filter(CAMPAIGN, source="parish"),
    Filter(CAMPAIGN, since=date(2026, 11, 2), until=date(2026, 11, 3)),
    Filter(CAMPAIGN, since=date(2026, 11, 3)),
    Filter(CAMPAIGN, until=date(2026, 11, 2)),
    Filter(CAMPAIGN, status=None),
)


@pytest.mark.parametrize("chosen", NARROWED, ids=str)
def test_common_filters_read_only_tallies_and_agree_with_the_rows(
    db: sqlite3.Connection, chosen: Filter
) -> None:
    for number in range(12):
        sign(db, signature(
            f"person {number}", day=date(2026, 11, 1 + number % 4),
            state="CA" if number % 3 else "TX", source="parish" if number % 2 else "",
            template="faith" if number % 5 else "general",
            campaign=CAMPAIGN if number % 6 else "other",
        ), SECRET)  # fmt: skip
    set_status(db, [3], "held")
    read: list[str] = []
    names = [name for name in BREAKDOWNS if name != "recipient"]
    db.set_trace_callback(read.append)
    found = breakdowns(db, chosen, names)
    ways = ways_of(db, chosen)
    db.set_trace_callback(None)
    assert not [query for query in read if "signatures s" in query or "countable" in query]
    where, values = chosen.where()
    for name in names:
        rows = db.execute(
            f"SELECT {name}, count(*), sum(letters) FROM countable s WHERE {where} GROUP BY 1",
            values,
        )
        assert {(r.group, r.signatures, r.letters) for r in found.by[name]} == set(rows), name
    assert found.statuses == {
        status: totals(db, replace(chosen, status=status)) for status in STATUSES
    }
    assert sum(ways.values()) == totals(db, chosen).letters


def test_combined_filters_count_only_what_matches_both(db: sqlite3.Connection) -> None:
    sign(db, signature("one", state="CA", source="parish"), SECRET)
    sign(db, signature("two", state="CA"), SECRET)
    assert totals(db, Filter(CAMPAIGN, state="CA", source="parish")).signatures == 1


def test_recount_reports_a_lost_letter(db: sqlite3.Connection) -> None:
    sign(db, signature("one"), SECRET)
    db.execute("DELETE FROM letters WHERE seat = 'CA-S1'")
    (difference,) = recount(db)
    assert (difference.dimension, difference.value) == ("letters of a signature", "1")
    assert (difference.kept.letters, difference.actual.letters) == (3, 2)


def test_correcting_rows_by_hand_keeps_the_tallies_right(db: sqlite3.Connection) -> None:
    sign(db, signature("one"), SECRET)
    sign(db, signature("two"), SECRET)
    db.execute("UPDATE signatures SET district = 13, campaign = 'other' WHERE id = 1")
    db.execute("UPDATE letters SET bioguide = 'X000001' WHERE signature = 2 AND seat = 'CA-S1'")
    db.execute("UPDATE letters SET bioguide = NULL WHERE signature = 2 AND seat = 'CA-S3'")
    db.execute("UPDATE signatures SET letters = 2 WHERE id = 2")
    assert recount(db) == []
    db.execute("DELETE FROM signatures")
    assert recount(db) == []
    assert totals(db, None) == Totals(0, 0)
