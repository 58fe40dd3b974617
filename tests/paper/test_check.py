"""Judging rows: representation, what is wrong in which cell, and the same person twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.records.paper_check import (
    Good,
    PaperLetters,
    Twice,
    Wrong,
    check_row,
    check_rows,
    person_in,
    with_zeros,
)
from app.records.paper_files import COLUMNS, SheetRow
from app.records.persons import person_of
from tests.packets.conftest import campaign, tables

from .conftest import ANA, BO, HEADER, TODAY, csv_file, judged, place

BASE = {"first": "Ana", "last": "Li", "street": "12 Main St", "city": "Stowe", "state": "VT",
        "zip": "05672", "district": "", "email": ""}  # fmt: skip


def row(**changes: str) -> Good | Wrong:
    return check_row(SheetRow(7, {**BASE, **changes}), place())


def problems(**changes: str) -> dict[str, str]:
    result = row(**changes)
    assert isinstance(result, Wrong), result
    return {p.column: p.why for p in result.problems}


def test_a_good_row_finds_its_delegation() -> None:
    result = row()
    assert isinstance(result, Good)
    assert (result.number, result.delegation.house.seat.id, result.match) == (7, "VT-0", "zip")


def test_the_person_is_the_same_as_on_the_site() -> None:
    result = row(email="Ana@Example.org")
    assert isinstance(result, Good)
    assert result.person == person_of(
        b"p" * 32,
        email="ana@example.org",
        **{name: BASE[name] for name in ("first", "last", "street")},
        zip5="05672",
    )
    assert person_in({**BASE, "zip": "05672-1234"}, place()) == person_in(BASE, place())


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"zip": "2138", "state": "MA"}, {"zip": "zip_zeros"}),
        ({"zip": "926", "state": "PR"}, {"zip": "zip_zeros"}),
        ({"zip": ""}, {"zip": "zip_missing"}),
        ({"zip": "K1A 0B1"}, {"zip": "zip_form"}),
        ({"zip": "0567"}, {"zip": "zip_zeros"}),
        ({"zip": "00000"}, {"zip": "zip_unknown"}),
        ({"zip": "1/2/2026"}, {"zip": "zip_date"}),
        ({"zip": "2-Mar"}, {"zip": "zip_date"}),
        ({"zip": "Mar-38"}, {"zip": "zip_date"}),
        ({"zip": "2026-11-25"}, {"zip": "zip_date"}),
        ({"zip": "09012", "state": "AE"}, {"zip": "zip_outside"}),
        ({"zip": "60647", "state": "IL"}, {"district": "district_needed"}),
        ({"zip": "60647", "state": "IL", "district": "IL-99"}, {"district": "district_none"}),
        ({"zip": "60647", "state": "IL", "district": "CA-5"}, {"district": "district_form"}),
        ({"zip": "60647", "state": "IL", "district": "north"}, {"district": "district_form"}),
        ({"state": "Vermontt"}, {"state": "state_unknown"}),
        ({"state": "CA"}, {"state": "state_differs", "zip": "state_differs"}),
        ({"zip": "30165", "state": ""}, {"state": "state_needed"}),
        ({"first": "", "last": ""}, {"first": "missing"}),
        ({"street": ""}, {"street": "missing"}),
        ({"email": "ana at example.org"}, {"email": "email_form"}),
        ({"email": "x", "zip": "", "first": "", "last": ""},
         {"email": "email_form", "zip": "zip_missing", "first": "missing"}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_its_cell(changes: dict[str, str], found: dict[str, str]) -> None:
    assert problems(**changes) == found


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "vermont"},
        {"state": "Vt."},
        {"state": ""},
        {"zip": "05672-1234"},
        {"zip": " 05672 "},
        {"zip": "05672.0"},
        {"last": ""},
        {"first": "", "last": "Madonna"},
        {"street": "", "email": "o'dell+parks.2026@example.museum"},
        {"zip": "60647", "state": "IL", "district": "5"},
        {"zip": "60647", "state": "IL", "district": "il 05"},
        {"zip": "60647", "state": "", "district": "IL-5"},
        {"zip": "60647", "state": "Illinois", "district": "5th"},
        {"district": "VT-0"},
        {"district": "at large"},
        {"first": "=1+1", "last": "<script>"},
    ],
)
def test_what_can_only_mean_one_thing_is_taken(changes: dict[str, str]) -> None:
    assert isinstance(row(**changes), Good)


def test_nobody_is_assigned_to_one_of_two_districts() -> None:
    result = row(zip="60647", state="IL")
    assert isinstance(result, Wrong)
    assert result.problems[0].choices == ("IL-3", "IL-5", "IL-7")
    chosen = row(zip="60647", state="IL", district="IL-5")
    assert isinstance(chosen, Good)
    assert chosen.match == "chosen"


def test_lost_zeros_are_put_back_only_where_they_were_lost() -> None:
    assert with_zeros({"zip": "2138"})["zip"] == "02138"
    assert with_zeros({"zip": "2138.0"})["zip"] == "02138"
    assert with_zeros({"zip": "926"})["zip"] == "00926"
    for untouched in ("02138", "K1A 0B1", "", "60618-12", "6O618", "1/2/2026"):
        assert with_zeros({"zip": untouched})["zip"] == untouched


def test_the_same_person_twice_is_counted_once_from_the_first_row() -> None:
    twin = ("ANA", "Li.", "12  main st.", *ANA[3:])
    again = ("BO.", "Else", *BO[2:7], "BO@example.org ")
    results = judged(csv_file(ANA, BO, twin, again))
    assert [type(r) for r in results] == [Good, Good, Twice, Twice]
    assert [(r.number, r.first) for r in results if isinstance(r, Twice)] == [(4, 2), (5, 3)]


def test_flags_of_the_file_are_problems_of_their_cells() -> None:
    flagged = SheetRow(2, {**BASE, "zip": "2138-01-01"}, {"zip": "date", "first": "formula"})
    result = check_row(flagged, place())
    assert isinstance(result, Wrong)
    assert {p.column: p.why for p in result.problems} == {"zip": "zip_date", "first": "formula"}


def test_after_the_congress_has_ended_nothing_is_entered() -> None:
    later = replace(place(), today=date(2029, 1, 3))  # no lines are known from then
    result = check_row(SheetRow(2, BASE), later)
    assert isinstance(result, Wrong)
    assert result.problems[0].why == "out_of_date"


def test_letters_name_each_seat_and_its_ask_and_vacant_seats_get_none() -> None:
    letters = PaperLetters(campaign(), TODAY)
    vacant = next(h for h in tables().holders if h.vacant and h.seat.chamber == "house")
    delegation = tables().delegation(vacant.seat.state, vacant.seat.district or 0)
    assert delegation
    rows = letters.to(delegation)
    assert (rows[0].seat, rows[0].bioguide, rows[0].state) == (
        vacant.seat.id, None, "not attempted",
    )  # fmt: skip
    assert all(r.ask and r.bioguide for r in rows[1:])


@settings(max_examples=150, deadline=None)
@given(st.fixed_dictionaries({c: st.text(max_size=20) for c in COLUMNS}))
def test_no_row_at_all_makes_it_stumble(values: dict[str, str]) -> None:
    (result,) = check_rows([SheetRow(2, values)], place())
    assert isinstance(result, Good | Wrong)


assert len(HEADER) == len(COLUMNS)
