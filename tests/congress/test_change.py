"""The change of Congress: noon in Washington on January 3, 2027, to the second."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from app.congress.lookup import find_delegation
from app.congress.model import STATES, Choose, ChooseState, Found, as_moment, congress_at, moment_of
from app.congress.tables import Tables, load_tables
from tests.congress.asking import JUST_BEFORE, NOON, choose, found, look

A_SECOND = timedelta(seconds=1)
NEW_LINES = {"AL", "CA", "FL", "LA", "NC", "OH", "TN", "TX", "UT"}


def districts(zip5: str, state: str, now: date) -> list[int]:
    outcome = look(zip5, state, now=now)
    if isinstance(outcome, Found):
        return [outcome.delegation.district]
    assert isinstance(outcome, Choose)
    return [c.district for c in outcome.candidates]


# --- places by people --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zip5", "state", "first", "other"),
    [
        ("01862", "MA", 3, 6),
        ("12463", "NY", 19, 18),
        ("12138", "NY", 19, 20),
        ("12068", "NY", 21, 20),
        ("12524", "NY", 18, 17),
        ("62097", "IL", 15, 13),
    ],
)
def test_a_sparsely_populated_district_is_listed_after_the_main_one(
    zip5: str, state: str, first: int, other: int
) -> None:
    outcome = choose(zip5, state)
    assert [c.district for c in outcome.candidates] == [first, other]
    assert outcome.nearly_all
    assert not any(c.by_land for c in outcome.candidates)


@pytest.mark.parametrize(
    ("zip5", "state", "first"),
    [("01731", "MA", 5), ("01027", "MA", 1), ("02122", "MA", 7), ("02186", "MA", 8),
     ("62221", "IL", 13)],
)  # fmt: skip
def test_the_first_choice_is_where_most_people_live(zip5: str, state: str, first: int) -> None:
    assert choose(zip5, state).candidates[0].district == first


def test_a_district_with_no_residents_in_the_zip_is_not_offered() -> None:
    assert found("01002", "MA").delegation.district == 2  # a sliver of MA-1 is empty


def test_slivers_known_only_by_land_are_offered_separately() -> None:
    assert [c.district for c in found("84101", "UT").slivers] == [1]
    choice = choose("90210", "CA")
    assert [c.district for c in choice.candidates] == [32, 36]
    assert [c.district for c in choice.slivers] == [30]
    assert choose("90210", "CA", now=NOON).slivers == ()


# --- two sets of lines, one clock --------------------------------------------------------


@pytest.mark.parametrize(
    ("zip5", "state", "before", "after"),
    [
        ("38103", "TN", [9], [5]),
        ("84101", "UT", [2], [1]),
        ("78701", "TX", [37], [10, 37]),
        ("90210", "CA", [32, 36], [36, 32, 30]),
        ("64108", "MO", [5], [5]),
        ("35203", "AL", [7], [7]),
        ("38118", "TN", [9], [9]),
    ],
)
def test_districts_change_at_noon_in_washington_and_not_a_second_before(
    zip5: str, state: str, before: list[int], after: list[int]
) -> None:
    midnight = datetime(2027, 1, 3, 5, tzinfo=UTC)
    for moment in (midnight - A_SECOND, midnight, midnight + A_SECOND, NOON - A_SECOND):
        assert districts(zip5, state, moment) == before
    for moment in (NOON, NOON + A_SECOND, NOON + timedelta(days=40)):
        assert districts(zip5, state, moment) == after


def test_land_without_residents_still_supports_the_state_given() -> None:
    """All residents of 72338 live in Arkansas, but two thirds of its land is in Tennessee."""
    there = choose("72338", "TN", now=NOON)
    assert {c.holder.seat.state for c in there.candidates} == {"TN"}
    assert there.notice != "state_confirmed"
    assert look("72338", None, now=NOON) == ChooseState("72338", ("AR", "TN"))


def test_the_change_happens_at_the_same_moment_in_every_time_zone() -> None:
    for hours in (-10, -8, -5, 0, 10):
        zone = timezone(timedelta(hours=hours))
        assert districts("38103", "TN", JUST_BEFORE.astimezone(zone)) == [9]
        assert districts("38103", "TN", NOON.astimezone(zone)) == [5]


def test_shares_of_an_austin_zip_are_of_its_population() -> None:
    first, second = choose("78701", "TX", now=NOON).candidates
    assert (first.share, second.share) == (0.8091, 0.1909)


def test_states_without_a_new_plan_have_the_same_districts_after_noon(tables: Tables) -> None:
    before, after = tables.at(JUST_BEFORE), tables.at(NOON)
    for code, parts in before.zips.items():
        for part, later in zip(parts, after.zips[code], strict=False):
            if part.state not in NEW_LINES:
                assert later.state == part.state
                assert [(c.district, c.share) for c in later.candidates] == [
                    (c.district, c.share) for c in part.candidates
                ]


def test_every_new_plan_has_its_act_and_date_and_missouri_keeps_its_lines(tables: Tables) -> None:
    after = tables.at(NOON)
    assert set(after.plans) == NEW_LINES | {"MO"}
    assert all(plan.act and plan.decided > date(2025, 1, 1) for plan in after.plans.values())
    assert {s for s in STATES if after.lines_of(s) == 120} == NEW_LINES
    assert {s for s in STATES if tables.at(JUST_BEFORE).lines_of(s) == 120} == set()
    assert after.equivalent_lines("MO") == {119}
    assert after.equivalent_lines("MA") == {119, 120}
    assert after.equivalent_lines("TN") == {120}


def test_every_district_of_both_congresses_has_a_zip(tables: Tables) -> None:
    for moment in (JUST_BEFORE, NOON):
        now = tables.at(moment)
        there = {(p.state, c.district) for parts in now.zips.values() for p in parts
                 for c in p.candidates}  # fmt: skip
        assert there == {(s, n) for s in STATES for n in now.districts(s)}


# --- members after noon ------------------------------------------------------------------


def test_with_the_old_list_65_senators_continue_and_no_one_whose_term_ended(tables: Tables) -> None:
    after = tables.at(NOON)
    sitting = [h for h in after.holders if h.member]
    assert sum(h.seat.chamber == "senate" for h in sitting) == 65
    assert [h.seat.id for h in sitting if h.seat.chamber == "house"] == ["PR-0"]
    assert all(h.member and moment_of(h.member.term_end) > NOON for h in sitting)
    assert len(after.awaited()) == 541 - 66
    assert after.vacancies() == ()


def test_a_seat_without_a_listed_name_gets_no_letter() -> None:
    delegation = found("38118", "TN", now=NOON).delegation
    assert delegation.house.awaited
    assert [h.member.last for h in delegation.recipients if h.member] == ["Blackburn"]


def test_until_noon_the_members_are_the_same_as_in_december(tables: Tables) -> None:
    december = tables.at(date(2026, 12, 20))
    assert tables.at(JUST_BEFORE) is december
    assert not december.awaited()
    assert len(december.vacancies()) == 4


def test_an_appointed_senator_is_shown_only_until_the_congress_ends(
    tables: Tables,
) -> None:
    assert tables.at(JUST_BEFORE).ended == {"FL", "OH"}
    for state in ("FL", "OH"):
        assert sum(h.member is not None for h in tables.at(JUST_BEFORE).senators(state)) == 2
        assert sum(h.member is not None for h in tables.at(NOON).senators(state)) == 1


# --- moments -----------------------------------------------------------------------------


def test_congresses_begin_at_noon_in_washington_in_odd_years() -> None:
    assert congress_at(JUST_BEFORE) == 119
    assert congress_at(NOON) == 120
    assert congress_at(datetime(2028, 1, 3, 17, tzinfo=UTC)) == 120
    assert as_moment(date(2027, 1, 3)) == NOON
    assert moment_of(date(2027, 1, 3)) == NOON
    assert moment_of(date(2026, 11, 3)) == datetime(2026, 11, 3, 5, tzinfo=UTC)


def test_tables_for_one_period_are_computed_once() -> None:
    tables = load_tables(when=date(2027, 2, 1))
    assert tables.since == NOON
    assert tables.at(datetime(2027, 3, 1, tzinfo=UTC)) is tables
    assert load_tables(when=JUST_BEFORE).until == NOON


def test_tables_loaded_just_before_noon_advance_at_noon() -> None:
    before = load_tables().at(JUST_BEFORE)
    districts = []
    for now in (JUST_BEFORE, NOON):
        outcome = find_delegation("84101", "UT", now=now, tables=before)
        assert isinstance(outcome, Found)
        districts.append(outcome.delegation.district)
    assert districts == [2, 1]
