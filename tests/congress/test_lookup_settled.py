"""What a district picked by hand or a street adds to the ZIP, and that no input raises."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.congress.lookup import find_delegation
from app.congress.model import (
    STATES,
    Choose,
    ChooseState,
    Found,
    Located,
    LookupFailed,
    NoMatch,
    OtherState,
    SeveralDistricts,
    StreetAnswer,
    Unavailable,
    WrongCongress,
)
from app.congress.names import NOTICES, STREET_REASONS
from tests.congress.asking import choose, found, look, names

# --- a pick by hand ----------------------------------------------------------------------


def test_a_pick_settles_a_split_zip() -> None:
    outcome = found("60647", "IL", district=5)
    assert (outcome.delegation.district, outcome.match) == (5, "chosen")


def test_any_district_of_the_state_can_be_picked_but_no_other() -> None:
    assert found("60647", "IL", district=17).match == "chosen"
    assert found("94110", "CA", district=12).match == "chosen"
    for wrong in (0, 18, 99, -1, 10**9):
        outcome = choose("60647", "IL", district=wrong)
        assert outcome.notice == "invalid_district"
        assert [c.district for c in outcome.candidates] == [3, 5, 7]


def test_a_wrong_pick_in_a_one_district_zip_asks_again() -> None:
    for zip5, state, only in (("94110", "CA", 11), ("05602", "VT", 0)):
        outcome = choose(zip5, state, district=99)
        assert [c.district for c in outcome.candidates] == [only]
        assert outcome.notice == "invalid_district"


def test_a_pick_that_agrees_with_the_zip_is_a_zip_match() -> None:
    assert found("94110", "CA", district=11).match == "zip"
    assert found("05602", "VT", district=0).match == "zip"


# --- a street ----------------------------------------------------------------------------


def test_a_street_settles_a_split_zip() -> None:
    outcome = found("60647", "IL", street=Located("IL", 5))
    assert (outcome.delegation.district, outcome.match) == (5, "street")


def test_a_street_can_settle_the_state_if_none_was_given() -> None:
    assert found("42223", None, street=Located("KY", 1)).delegation.state == "KY"
    assert isinstance(look("42223", None, street=Located("NY", 1)), ChooseState)


def test_a_street_in_a_district_the_zip_lacks_is_accepted_within_the_state() -> None:
    assert found("94110", "CA", street=Located("CA", 15)).match == "street"


def test_ad05_street_matches_in_different_districts_ask_the_person() -> None:
    outcome = choose("60647", "IL", street=SeveralDistricts((Located("IL", 5), Located("IL", 3))))
    assert outcome.reason == "street_ambiguous"
    assert [(c.district, c.share) for c in outcome.candidates] == [(3, 0.8433), (5, 0.1533)]
    assert names(outcome) == ["Durbin", "Duckworth"]
    outside = SeveralDistricts((Located("IL", 5), Located("WI", 1)))
    assert found("60647", "IL", street=outside).delegation.district == 5


ANSWERS: list[tuple[StreetAnswer, str]] = [
    (LookupFailed("timeout"), "timeout"),
    (LookupFailed("unreachable"), "unreachable"),
    (LookupFailed("bad_reply"), "bad_reply"),
    (LookupFailed("no_district"), "no_district"),
    (LookupFailed("provider"), "provider"),
    (NoMatch(), "no_match"),
    (WrongCongress(120), "wrong_congress"),
    (OtherState("NY"), "other_state"),
    (Located("NY", 3), "other_state"),
    (Located("IL", 18), "no_district"),
    (SeveralDistricts((Located("NY", 1), Located("NY", 2))), "other_state"),
]


@pytest.mark.parametrize(("answer", "reason"), ANSWERS)
def test_ad05_lk12_a_failed_lookup_falls_back_to_the_zip(answer: StreetAnswer, reason: str) -> None:
    outcome = look("60647", "IL", street=answer)
    assert isinstance(outcome, Unavailable)
    assert outcome.reason == reason
    assert reason in STREET_REASONS
    assert isinstance(outcome.fallback, Choose)
    assert outcome.fallback.reason == "street_failed"
    assert outcome.fallback.candidates == choose("60647", "IL").candidates
    alone = look("60619", "IL", street=answer)
    assert isinstance(alone, Unavailable)
    assert alone.fallback == found("60619", "IL")


def test_the_persons_pick_overrides_a_failed_or_different_street() -> None:
    assert found("60647", "IL", street=LookupFailed("timeout"), district=5).match == "chosen"
    assert found("60647", "IL", street=Located("IL", 3), district=5).match == "chosen"
    assert found("60647", "IL", street=Located("IL", 5), district=5).match == "street"


# --- every input


answers = st.sampled_from([None, Located("IL", 3), Located("TX", 1), *(a for a, _ in ANSWERS)])


@given(
    zip5=st.one_of(
        st.sampled_from(["60647", "42223", "20500", "09012", "96960", "94604", "99999", "30165"]),
        st.text(max_size=8),
        st.from_regex(r"\A[0-9]{5}\Z"),
    ),
    state=st.one_of(
        st.none(), st.sampled_from([*STATES, "AE", "FM", "XX", "", "tx"]), st.text(max_size=4)
    ),
    district=st.one_of(st.none(), st.integers(-5, 60)),
    confirmed=st.booleans(),
    city=st.text(max_size=12),
    street=answers,
    today=st.dates(date(2025, 1, 3), date(2029, 3, 1)),
)
def test_no_input_raises_and_the_state_given_is_never_overruled(
    *,
    zip5: str,
    state: str | None,
    district: int | None,
    confirmed: bool,
    city: str,
    street: StreetAnswer | None,
    today: date,
) -> None:
    outcome = find_delegation(
        zip5, state, now=today, district=district, state_confirmed=confirmed, city=city,
        street=street,
    )  # fmt: skip
    if isinstance(outcome, Unavailable):
        outcome = outcome.fallback
    if isinstance(outcome, Found | Choose):
        assert today < date(2029, 1, 3)
        assert outcome.notice is None or outcome.notice in NOTICES
        if state in STATES:
            assert outcome.state == state
