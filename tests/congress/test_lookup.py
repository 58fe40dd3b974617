"""Who represents an address: the rules, case by case and for every ZIP."""

from __future__ import annotations

from datetime import date

import pytest

from app.congress.lookup import find_delegation
from app.congress.model import (
    POUCH_ZIPS,
    STATES,
    Choose,
    ChooseState,
    Disagree,
    Found,
    Located,
    OutOfDate,
    Outside,
    ZipUnknown,
)
from app.congress.tables import Tables
from tests.congress.asking import BEFORE_THE_ELECTION, TODAY, choose, found, look, names

# --- one district, several, none ---------------------------------------------------------


@pytest.mark.parametrize("state", ["IL", None, "il", " Illinois "])
def test_lk01_a_split_zip_offers_each_district_largest_share_first(state: str | None) -> None:
    outcome = choose("60647", state)
    assert [(c.district, c.share) for c in outcome.candidates] == [
        (3, 0.8433),
        (5, 0.1533),
        (7, 0.003398),
    ]
    assert [c.holder.member.last for c in outcome.candidates if c.holder.member] == [
        "Ramirez",
        "Quigley",
        "Davis",
    ]
    assert outcome.reason == "split"
    assert names(outcome) == ["Durbin", "Duckworth"]


def test_a_vacant_seat_never_decides_a_split_zip_by_elimination(tables: Tables) -> None:
    vacant = {(s.state, s.district) for s in tables.vacancies()}
    split = [
        (code, part.state)
        for code, parts in tables.zips.items()
        for part in parts
        if len(part.candidates) == 2
        and any((part.state, c.district) in vacant for c in part.candidates)
    ]
    assert split
    chosen = 0
    for code, state in split:
        outcome = look(code, state)
        if isinstance(outcome, Found):  # nearly all share one district; the sliver is offered
            (sliver,) = outcome.slivers
            assert outcome.delegation.house.vacant or sliver.holder.vacant
            continue
        assert isinstance(outcome, Choose)
        assert len(outcome.candidates) == 2
        assert any(c.holder.vacant for c in outcome.candidates)
        chosen += 1
    assert chosen


@pytest.mark.parametrize(
    ("zip5", "state", "district"),
    [("42223", "TN", 7), ("42223", "KY", 1), ("86515", "AZ", 2), ("86515", "NM", 3)],
)
def test_lk06_the_state_given_decides_in_a_zip_spanning_two_states(
    zip5: str, state: str, district: int
) -> None:
    delegation = found(zip5, state).delegation
    assert (delegation.state, delegation.district) == (state, district)
    assert all(holder.seat.state == state for holder in delegation.senate)
    assert look(zip5, None) == ChooseState(zip5, look(zip5, None).states)  # type: ignore[union-attr]


def test_lk03_rome_is_in_georgia_and_its_zip_alone_asks_for_the_state() -> None:
    outcome = found("30165", "GA", city="Rome")
    assert outcome.delegation.district == 14
    assert names(outcome) == ["Ossoff", "Warnock"]
    assert look("30165", None) == ChooseState("30165", ("GA", "AL"))


@pytest.mark.parametrize("zip5", ["57255", "57638", "57648", "57717", "81120", "81137", "81324"])
def test_zips_across_a_state_line_can_be_found_in_their_own_state(
    zip5: str, tables: Tables
) -> None:
    own = "SD" if zip5.startswith("57") else "CO"
    assert own in {part.state for part in tables.zips[zip5]}
    assert found(zip5, own).delegation.state == own
    outcome = look(zip5, None)
    assert isinstance(outcome, ChooseState)
    assert own in outcome.states


@pytest.mark.parametrize(
    ("zip5", "state", "touched"),
    [("94110", "NY", ("CA",)), ("42223", "CA", ("TN", "KY")), ("20500", "VA", ("DC",))],
)
def test_lk19_a_state_the_zip_does_not_touch_must_be_confirmed(
    zip5: str, state: str, touched: tuple[str, ...]
) -> None:
    assert look(zip5, state) == Disagree(zip5, state, touched)
    # Only the person's own confirmation settles it, not a street or a picked district.
    assert look(zip5, state, street=Located(state, 1)) == Disagree(zip5, state, touched)
    assert look(zip5, state, district=1) == Disagree(zip5, state, touched)


def test_an_invalid_state_is_questioned_and_never_an_error() -> None:
    for confirmed in (False, True):
        assert look("94110", "ZZ", state_confirmed=confirmed) == Disagree("94110", "ZZ", ("CA",))
    assert look("99999", "Ontario") == ZipUnknown("99999")


@pytest.mark.parametrize(
    ("zip5", "state", "code"),
    [
        ("20009", "D.C.", "DC"),
        ("20009", "Washington, D.C.", "DC"),
        ("20009", "washington dc", "DC"),
        ("96950", "CNMI", "MP"),
        ("96950", "northern mariana islands", "MP"),
        ("00802", "U.S. Virgin Islands", "VI"),
        ("00802", "Virgin Islands", "VI"),
        ("00926", " puerto  rico ", "PR"),
        ("94110", "California", "CA"),
        ("94110", " ca ", "CA"),
        ("58501", "N.D.", "ND"),
        ("58501", "N. Dakota", "ND"),
        ("10013", "Nueva York", "NY"),
        ("94110", "Calif.", "CA"),
        ("94110", "CA - California", "CA"),
        ("10013", "New York (NY)", "NY"),
    ],
)
def test_states_are_recognized_as_people_write_them(zip5: str, state: str, code: str) -> None:
    outcome = find_delegation(zip5, state, now=TODAY)
    assert isinstance(outcome, Found | Choose)
    assert outcome.state == code


def test_a_confirmed_state_offers_all_of_its_districts() -> None:
    outcome = choose("94110", "NY", state_confirmed=True)
    assert [c.district for c in outcome.candidates] == list(range(1, 27))
    assert all(c.share is None for c in outcome.candidates)
    assert (outcome.reason, outcome.notice) == ("state_confirmed", "state_confirmed")
    assert names(outcome) == ["Gillibrand", "Schumer"]


def test_a_confirmed_state_with_one_seat_is_found_as_chosen() -> None:
    for state in ("VT", "DC", "GU"):
        outcome = found("94110", state, state_confirmed=True)
        assert (outcome.delegation.state, outcome.match) == (state, "chosen")
        assert outcome.notice == "state_confirmed"


def test_a_confirmed_state_that_the_zip_touches_still_uses_the_zip() -> None:
    assert look("60647", "IL", state_confirmed=True) == look("60647", "IL")


# --- at large, delegates, vacancies ------------------------------------------------------


@pytest.mark.parametrize(
    ("zip5", "state", "last", "title"),
    [
        ("00802", "VI", "Plaskett", "Delegate"),
        ("96910", "GU", "Moylan", "Delegate"),
        ("96799", "AS", "Radewagen", "Delegate"),
        ("96950", "MP", "King-Hinds", "Delegate"),
        ("20009", "DC", "Norton", "Delegate"),
        ("20500", "DC", "Norton", "Delegate"),
        ("00926", "PR", "Hernández Rivera", "Resident Commissioner"),
        ("00936", "PR", "Hernández Rivera", "Resident Commissioner"),
    ],
)
@pytest.mark.parametrize("say_state", [True, False])
def test_lk08_lk09_one_delegate_no_senators_one_letter(
    zip5: str, state: str, last: str, title: str, say_state: bool
) -> None:
    delegation = found(zip5, state if say_state else None).delegation
    assert delegation.senate == ()
    (only,) = delegation.recipients
    assert only.member is not None
    assert (delegation.state, delegation.district) == (state, 0)
    assert (only.member.last, only.seat.title) == (last, title)


def test_every_zip_of_a_delegate_area_or_at_large_state_is_found(tables: Tables) -> None:
    for state in STATES:
        if len(tables.districts(state)) == 1:
            codes = [c for c, p in tables.zips.items() if any(x.state == state for x in p)]
            codes += [code for code, post in tables.postal.items() if post.state == state]
            for code in set(codes) - POUCH_ZIPS.keys():
                outcome = found(code, state)
                assert (outcome.delegation.district, outcome.match) == (0, "zip"), code


@pytest.mark.parametrize(("zip5", "district"), [("59801", 1), ("59601", 2)])
def test_lk11_montana_has_two_districts(zip5: str, district: int) -> None:
    assert found(zip5, "MT").delegation.district == district


def test_lk11_bozeman_is_split() -> None:
    outcome = choose("59715", "MT")
    assert [c.district for c in outcome.candidates] == [1, 2]
    assert outcome.nearly_all


@pytest.mark.parametrize(
    ("zip5", "state"), [("94541", "CA"), ("33313", "FL"), ("30250", "GA"), ("78840", "TX")]
)
def test_lk13_a_vacant_seat_is_shown_and_the_senators_remain(zip5: str, state: str) -> None:
    delegation = found(zip5, state).delegation
    assert delegation.house.vacant
    assert len(delegation.holders) == 3
    assert [holder.seat.chamber for holder in delegation.recipients] == ["senate", "senate"]


# --- what the Postal Service knows -------------------------------------------------------


@pytest.mark.parametrize("state", ["AE", "NY", None])
def test_lk21_a_military_zip_asks_for_the_home_address(state: str | None) -> None:
    assert look("09012", state) == Outside("military", "09012")


@pytest.mark.parametrize(("zip5", "state"), [("20521", "DC"), ("20189", "VA")])
def test_lk21_the_zip_of_a_diplomatic_pouch_asks_for_the_home_address(
    zip5: str, state: str
) -> None:
    assert look(zip5, None) == look(zip5, state) == look(zip5, "TX") == Outside("military", zip5)
    assert found(zip5, "VT", state_confirmed=True).delegation.state == "VT"


@pytest.mark.parametrize("zip5", ["34002", "09978", "96201", "09899", "96699", "34099"])
def test_military_zips_are_recognized_by_range_too(zip5: str) -> None:
    assert look(zip5, None) == Outside("military", zip5)
    assert look(zip5, "TX") == Outside("military", zip5)


def test_a_military_state_with_any_zip_asks_for_the_home_address() -> None:
    for state in ("AA", "AE", "AP", "ae"):
        for confirmed in (False, True):
            outcome = look("94110", state, state_confirmed=confirmed)
            assert outcome == Outside("military", "94110")


def test_a_confirmed_home_state_resolves_a_military_zip() -> None:
    outcome = choose("09012", "TX", state_confirmed=True)
    assert len(outcome.candidates) == 38
    assert outcome.notice == "home_state"
    assert found("09012", "TX", state_confirmed=True, district=7).match == "chosen"
    assert found("09012", "VT", state_confirmed=True).delegation.state == "VT"


@pytest.mark.parametrize(
    ("zip5", "state"),
    [("96941", "FM"), ("96960", "MH"), ("96970", None), ("96939", "PW"), ("96940", "HI")],
)
def test_freely_associated_states_have_no_seat(zip5: str, state: str | None) -> None:
    assert look(zip5, state) == Outside("associated_state", zip5)
    assert look("96813", "PW") == Outside("associated_state", "96813")


@pytest.mark.parametrize("text", ["K1A 0B1", "SW1A 1AA", "k1a0b1"])
def test_lk22_a_foreign_code_is_outside(text: str) -> None:
    assert look(text, None) == Outside("foreign", text)


@pytest.mark.parametrize("text", ["99999", "00000", "", "2138", "abc", "941101234567"])
def test_an_unknown_zip_is_its_own_outcome(text: str) -> None:
    assert look(text, None) == ZipUnknown(text)
    unknown = look(text, "CA")
    assert isinstance(unknown, ZipUnknown)
    assert unknown.zip == text


def test_an_unknown_zip_in_a_known_state_still_names_the_senators(tables: Tables) -> None:
    assert look("99999", "CA") == ZipUnknown("99999", tables.senators("CA"))
    assert look("99999", "DC") == ZipUnknown("99999")


def test_a_confirmed_state_or_street_overrides_an_unknown_zip() -> None:
    outcome = choose("99999", "MA", state_confirmed=True)
    assert (len(outcome.candidates), outcome.notice) == (9, "unlisted_zip")
    assert found("99999", "AK", state_confirmed=True).match == "chosen"
    assert found("99999", "MA", street=Located("MA", 5)).match == "street"
    assert isinstance(look("99999", "MA", street=Located("CA", 5)), ZipUnknown)


def test_a_po_box_zip_offers_the_towns_districts_before_all_others() -> None:
    outcome = choose("94604", "CA")  # Oakland, PO boxes
    assert (outcome.reason, outcome.likely) == ("no_row", 1)
    assert outcome.candidates[0].district == 12
    assert sorted(c.district for c in outcome.candidates) == list(range(1, 53))
    assert names(outcome) == ["Schiff", "Padilla"]


def test_the_town_typed_takes_precedence_over_the_post_offices() -> None:
    outcome = choose("94604", "CA", city="  SAN FRANCISCO ")
    assert {c.district for c in outcome.candidates[: outcome.likely]} == {11, 15}
    unknown = choose("94604", "CA", city="Nowhere at all")
    assert unknown == choose("94604", "CA")


def test_lk23_the_senators_are_known_whenever_the_state_is() -> None:
    assert found("01930", "MA").delegation.district == 6
    for state in STATES:
        outcome = look("99999", state, state_confirmed=True)
        assert isinstance(outcome, Found | Choose)
        expected = 0 if state in ("DC", "PR", "GU", "VI", "AS", "MP") else 2
        assert len(names(outcome)) == expected


def test_an_inactive_zip_is_looked_up_with_a_notice(tables: Tables) -> None:
    inactive = [
        (c, p.state) for c, p in tables.postal.items() if not p.active and p.kind != "military"
    ]
    assert len(inactive) > 500
    for code, state in inactive:
        outcome = look(code, state)
        assert isinstance(outcome, Found | Choose)
        assert outcome.notice == "inactive_zip"


# --- time --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zip5", "state", "ended"), [("43215", "OH", "Husted"), ("33101", "FL", "Moody")]
)
def test_lk16_a_senator_whose_listed_term_has_ended_is_shown_with_a_note(
    zip5: str, state: str, ended: str
) -> None:
    outcome = look(zip5, state)
    assert isinstance(outcome, Found | Choose)
    assert len(names(outcome)) == 2
    assert ended in names(outcome)
    assert outcome.notice == "term_ended"
    holders = outcome.delegation.senate if isinstance(outcome, Found) else outcome.senate
    assert [h.member.last for h in holders if h.member and h.term_ended(TODAY)] == [ended]
    before = look(zip5, state, now=BEFORE_THE_ELECTION)
    assert isinstance(before, Found | Choose)
    assert before.notice is None


def test_lk17_nothing_is_looked_up_after_the_last_congress_with_known_lines() -> None:
    ended = OutOfDate(120, date(2029, 1, 3))
    for zip5 in ("75001", "09012", "K1A 0B1", "99999", "20009"):
        assert look(zip5, "TX", now=date(2029, 1, 3), district=24) == ended
        assert look(zip5, "TX", now=date(2029, 1, 2), district=24) != ended


# --- everything --------------------------------------------------------------------------


def test_every_zip_finds_that_states_members_in_each_state_it_touches(
    tables: Tables,
) -> None:
    for code, parts in tables.zips.items():
        for part in parts:
            outcome = find_delegation(code, part.state, now=BEFORE_THE_ELECTION, tables=tables)
            assert isinstance(outcome, Found | Choose)
            assert outcome.state == part.state
            if isinstance(outcome, Choose):
                shares = [c.share or 0 for c in outcome.candidates]
                assert shares == sorted(shares, reverse=True)
                assert len(shares) > 1
            assert all(h.seat.state == part.state for h in tables.senators(part.state))
