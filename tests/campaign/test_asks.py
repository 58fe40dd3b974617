"""Who is asked for what, and when: stages, stances and asks of real members."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from app.campaign.asks import ask_for, values_for
from app.campaign.entities import Campaign, Stance
from app.campaign.faults import _ASK, sentences
from app.campaign.stance import (
    CURRENT,
    Backing,
    bill_names,
    is_ending,
    moment_of,
    moments,
    stage_of,
    stance_of,
    stances_from,
)
from app.congress.model import CommitteeSeat, Holder, Member
from app.congress.tables import Tables

from .conftest import DAYS, ENDING, EXPIRED, LAST_WEEKS, PENDING


def holder(tables: Tables, seat_id: str) -> Holder:
    found = tables.holder(seat_id)
    assert found is not None
    return found


def member(tables: Tables, seat_id: str) -> Member:
    found = holder(tables, seat_id).member
    assert found is not None
    return found


# --- stages ---------------------------------------------------------------------------


def test_the_stages_follow_the_calendar(campaign: Campaign) -> None:
    assert stage_of(campaign, date(2026, 11, 3)) == "pending"
    assert stage_of(campaign, date(2026, 11, 4)) == "last_weeks"
    assert stage_of(campaign, date(2027, 1, 2)) == "last_weeks"
    assert stage_of(campaign, date(2027, 1, 3)) == "expired"
    assert stage_of(campaign, date(2031, 1, 1)) == "expired"


def test_the_bill_expires_at_noon_in_washington_and_not_a_second_before(campaign: Campaign) -> None:
    noon = datetime(2027, 1, 3, 17, tzinfo=UTC)
    for before in (timedelta(seconds=1), timedelta(hours=12), timedelta(hours=13)):
        assert stage_of(campaign, noon - before) == "last_weeks"
        assert is_ending(campaign, "house", noon - before)
    for after in (timedelta(0), timedelta(seconds=1), timedelta(hours=1)):
        assert stage_of(campaign, noon + after) == "expired"
        assert not is_ending(campaign, "house", noon + after)


def test_an_enacted_bill_stays_enacted(campaign: Campaign) -> None:
    law = replace(campaign, enacted=date(2026, 12, 1))
    assert stage_of(law, date(2026, 11, 30)) == "last_weeks"
    assert stage_of(law, date(2026, 12, 1)) == "enacted"
    assert stage_of(law, date(2027, 6, 1)) == "enacted"
    assert moments(law) == (*moments(campaign)[:2], ("enacted", date(2026, 12, 1)))


def test_no_letter_says_that_a_law_was_not_acted_on(campaign: Campaign, tables: Tables) -> None:
    law, day = replace(campaign, enacted=date(2026, 12, 1)), date(2026, 12, 26)
    values = values_for(law, holder(tables, "MA-6"), today=day, length="full")
    assert (values["ending"], values["time_note"]) == (False, "")


def test_each_chamber_is_ending_after_its_own_planned_last_day(campaign: Campaign) -> None:
    assert not is_ending(campaign, "house", date(2026, 12, 17))
    assert is_ending(campaign, "house", date(2026, 12, 18))
    assert not is_ending(campaign, "senate", date(2026, 12, 18))
    assert is_ending(campaign, "senate", date(2026, 12, 19))
    assert is_ending(campaign, "senate", date(2027, 1, 2))
    assert not is_ending(campaign, "senate", date(2027, 1, 3))


def test_both_chambers_are_ending_after_the_later_last_day(campaign: Campaign) -> None:
    late = replace(campaign, last_weeks_from=date(2026, 12, 30))
    days = [date(2026, 12, day) for day in (18, 19, 31)]
    assert [moment_of(late, day) for day in days] == ["pending", "ending", "ending"]
    assert moment_of(late, days[0], "house") == "ending"


def test_the_moments_to_check_cover_every_wording(campaign: Campaign) -> None:
    found = moments(campaign)
    assert [moment for moment, _ in found] == ["pending", "last_weeks", "ending", "expired"]
    assert [moment_of(campaign, day) for _, day in found] == [moment for moment, _ in found]
    stages = [stage_of(campaign, day) for _, day in found]
    assert stages == ["pending", "last_weeks", "last_weeks", "expired"]
    for chamber in ("house", "senate"):
        assert [is_ending(campaign, chamber, day) for _, day in found] == [0, 0, 1, 0]


# --- stances --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seat", "name", "since", "led", "bills"),
    [
        ("IL-5", "sponsor", date(2025, 12, 18), False, ()),
        ("WA-7", "cosponsor", date(2025, 12, 18), False, ()),
        ("NV-4", "cosponsor", date(2026, 2, 5), False, ()),
        ("DC-0", "cosponsor", date(2025, 12, 18), False, ()),
        ("TX-27", "opposes", date(2025, 1, 28), True, ("H.R. 756 (119th Congress)",)),
        ("TX-21", "opposes", date(2025, 1, 28), False, ("H.R. 756 (119th Congress)",)),
        ("ID-S2", "opposes", date(2025, 7, 23), True, ("S. 2401 (119th Congress)",)),
        ("CA-18", "earlier", date(2017, 2, 27), False, ("H.R. 1236 (115th Congress)",)),
        ("NY-13", "earlier", date(2021, 4, 22), False,
         ("H.R. 2729 (116th Congress)", "H.R. 2805 (117th Congress)")),
        ("NJ-S2", "earlier", date(2021, 4, 22), True,
         ("Senate bill without a known number (115th Congress)",
          "S. 1440 (116th Congress)", "S. 1336 (117th Congress)")),
        ("CA-12", "none", None, False, ()),
    ],
)  # fmt: skip
def test_stances_follow_the_lists(
    campaign: Campaign, tables: Tables, *, seat: str, name: str, since: date, led: bool,
    bills: tuple[str, ...],
) -> None:  # fmt: skip
    stance = stance_of(campaign, member(tables, seat))
    assert (stance.name, stance.since, stance.led) == (name, since, led)
    assert bill_names(campaign, stance) == bills


def test_a_members_current_stance_outranks_earlier_ones(campaign: Campaign) -> None:
    def backing(bill: str, role: str = "cosponsor", year: int = 2025) -> Backing:
        return Backing("X000001", "X", bill, "sponsor" if role == "sponsor" else "cosponsor",
                       date(year, 1, 1))  # fmt: skip

    lines = [backing("hr2729-116", "sponsor", 2019), backing("hr756-119"), backing(CURRENT)]
    assert stances_from(lines, campaign.related)["X000001"].name == "cosponsor"
    assert stances_from(lines[:2], campaign.related)["X000001"].name == "opposes"
    assert not stances_from(lines[:2], campaign.related)["X000001"].led
    assert stances_from(lines[:1], campaign.related)["X000001"].led


# --- the asks -------------------------------------------------------------------------

LIVE = [
    ("IL-5", "sponsor", "keep adding cosponsors"),
    ("WA-7", "cosponsor", "ask one colleague"),
    ("DC-0", "cosponsor", "ask one colleague"),
    ("TX-27", "opposes", "press for them"),
    ("TX-21", "opposes", "press for them"),
    ("ID-S2", "opposes", "press for them"),
    ("NY-13", "earlier", "join it again as a cosponsor"),
    ("CA-18", "earlier", "join it again as a cosponsor"),
    ("NJ-S2", "earlier-senate", "bring the Senate bill back"),
    ("VT-S1", "earlier-senate", "bring the Senate bill back"),
    ("HI-S1", "earlier-senate", "bring the Senate bill back"),
    ("CA-S3", "senator", "introduce one, or join one"),
    ("ME-S1", "senator", "introduce one, or join one"),
    ("VA-S1", "senator", "introduce one, or join one"),
    ("TX-S2", "senator-republican", "a new audit of the program"),
    ("PR-0", "delegate", "cosponsor it and speak for it"),
    ("GU-0", "delegate", "tell me where you stand"),
    ("OH-4", "house-republican", "tell me where you stand"),
    ("CA-3", "house-republican", "tell me where you stand"),
    ("AK-0", "house-republican", "tell me where you stand"),
    ("CA-12", "everyone-else", "please cosponsor it"),
]


@pytest.mark.parametrize("today", [PENDING, LAST_WEEKS], ids=["pending", "last_weeks"])
@pytest.mark.parametrize(("seat", "ask", "words"), LIVE)
def test_each_recipient_gets_the_ask_for_their_stance(
    campaign: Campaign, tables: Tables, *, seat: str, ask: str, words: str, today: date
) -> None:
    found = ask_for(campaign, holder(tables, seat), today)
    assert found.id == ask
    assert words in found.text
    assert found.summary
    assert found.summary_es


@pytest.mark.parametrize(("seat", "ask", "words"), LIVE)
def test_each_stance_has_its_own_ask_after_the_congress(
    campaign: Campaign, tables: Tables, seat: str, ask: str, words: str
) -> None:
    found = ask_for(campaign, holder(tables, seat), EXPIRED)
    assert found.id == f"{ask}-after"
    assert not re.search(r"\b(cosponsor|join|read) H\.R\.", found.text)


@pytest.mark.parametrize("moment", list(DAYS))
@pytest.mark.parametrize("length", ["full", "short"])
def test_each_member_is_asked_exactly_one_thing(
    campaign: Campaign, tables: Tables, moment: str, length: str
) -> None:
    for seat in tables.holders:
        if seat.member is None:
            continue
        ask = ask_for(campaign, seat, DAYS[moment])
        text = ask.short if length == "short" else f"{ask.opening} {ask.text}"
        asked = [s for s in sentences(text) if _ASK.search(s)]
        assert len(asked) == 1, (seat.seat.id, asked)


def test_a_cosponsor_is_thanked_in_one_sentence(campaign: Campaign, tables: Tables) -> None:
    for seat in ("NV-4", "DC-0", "WA-7"):
        ask = ask_for(campaign, holder(tables, seat), LAST_WEEKS)
        for text in (ask.opening, ask.short):
            assert text.startswith("Thank you for cosponsoring H.R. 6890, the PROTECT Immigration")
            assert text.count("Thank you") == 1


def test_leading_and_cosponsoring_an_earlier_bill_are_distinguished(
    campaign: Campaign, tables: Tables
) -> None:
    booker = ask_for(campaign, holder(tables, "NJ-S2"), LAST_WEEKS)
    assert "leading" in booker.opening
    assert "S. 1336 in the 117th Congress" in booker.opening
    hirono = ask_for(campaign, holder(tables, "HI-S1"), LAST_WEEKS)
    assert "cosponsoring" in hirono.opening
    assert "S. 1440 in the 116th Congress" in hirono.opening


def test_introducing_and_cosponsoring_the_opposite_bill_are_distinguished(
    campaign: Campaign, tables: Tables
) -> None:
    cloud = ask_for(campaign, holder(tables, "TX-27"), LAST_WEEKS)
    assert "you introduced H.R. 756, the 287(g) Program Protection Act" in cloud.opening
    roy = ask_for(campaign, holder(tables, "TX-21"), LAST_WEEKS)
    assert "you cosponsored H.R. 756" in roy.opening
    risch = ask_for(campaign, holder(tables, "ID-S2"), LAST_WEEKS)
    assert "you introduced S. 2401" in risch.opening


@pytest.mark.parametrize(
    ("seat", "words"),
    [
        ("OH-4", "As chair of the Judiciary Committee, to which the bill was referred, you"),
        ("CA-5", "As chair of the Judiciary Committee’s immigration subcommittee"),
        ("MD-8", "As ranking member of the Judiciary Committee, you"),
        ("WA-7", "As ranking member of the Judiciary Committee’s immigration subcommittee"),
        ("GA-4", "The bill was referred to the Judiciary Committee, where you"),
        ("TX-21", "From the Judiciary Committee, your question would carry weight"),
        ("CA-18", "The bill was referred to the Judiciary Committee, where you"),
        ("IA-S3", "As chair of the Judiciary Committee, you"),
        ("TX-S2", "As chair of the Judiciary Committee’s immigration subcommittee"),
        ("IL-S2", "As ranking member of the Judiciary Committee, you"),
        ("CA-S3", "As ranking member of the Judiciary Committee’s immigration subcommittee"),
        ("NJ-S2", "On the Judiciary Committee, you could also press"),
        ("UT-S3", "From the Judiciary Committee, your question would carry weight"),
    ],
)
def test_a_judiciary_members_ask_has_a_sentence_for_their_role(
    campaign: Campaign, tables: Tables, seat: str, words: str
) -> None:
    found = holder(tables, seat)
    assert words in ask_for(campaign, found, PENDING).text
    assert "Judiciary" in ask_for(campaign, found, LAST_WEEKS).text
    for day in (LAST_WEEKS, ENDING, EXPIRED):
        ask = ask_for(campaign, found, day)
        assert "hearing" not in ask.text
        assert "Judiciary" not in ask.short
    for late in (ENDING, EXPIRED):
        assert "Judiciary" not in ask_for(campaign, found, late).text


@pytest.mark.parametrize("title", ["Chair", "Chairman", "Chairwoman"])
def test_a_chair_is_recognized_by_any_title_of_the_source(
    campaign: Campaign, tables: Tables, title: str
) -> None:
    found = holder(tables, "CA-12")
    assert found.member is not None
    for name, words in (
        (title, "As chair of"),
        ("Vice Chair", "was referred to the"),
        (None, "was referred to the"),
    ):
        seated = replace(found.member, committees=(CommitteeSeat("HSJU", name),))
        assert words in ask_for(campaign, replace(found, member=seated), PENDING).text


def test_members_off_the_committee_get_no_committee_sentence(
    campaign: Campaign, tables: Tables
) -> None:
    for seat in ("IL-5", "CA-12", "AK-0", "PR-0", "VT-S1"):
        assert "Judiciary" not in ask_for(campaign, holder(tables, seat), LAST_WEEKS).text


@pytest.mark.parametrize("seat", ["DC-0", "PR-0", "GU-0", "VI-0", "AS-0", "MP-0"])
def test_a_delegate_is_never_asked_to_vote(campaign: Campaign, tables: Tables, seat: str) -> None:
    for day in DAYS.values():
        ask = ask_for(campaign, holder(tables, seat), day)
        assert not re.search(r"\bvot", f"{ask.opening} {ask.text} {ask.short}", re.IGNORECASE)


def test_the_wording_survives_a_stale_list(campaign: Campaign, tables: Tables) -> None:
    for seat in ("CA-12", "PR-0", "NY-13"):
        ask = ask_for(campaign, holder(tables, seat), LAST_WEEKS)
        assert "If you have not already done so" in ask.text
        assert "If you have not already" in ask.short


def test_each_stage_is_honest_about_the_time_left(campaign: Campaign, tables: Tables) -> None:
    simon = holder(tables, "CA-12")
    texts = {moment: ask_for(campaign, simon, day) for moment, day in DAYS.items()}
    assert "before this Congress ends on January 3, 2027." in texts["pending"].text
    assert "only weeks left, but each name is a head start" in texts["last_weeks"].text
    assert "As far as I know, this Congress is ending without action" in texts["ending"].text
    assert "expired with the last Congress on January 3, 2027" in texts["expired"].opening


def test_before_the_end_no_member_is_presumed_to_return(campaign: Campaign, tables: Tables) -> None:
    for seat in tables.holders:
        if seat.member is None:
            continue
        for day in (PENDING, LAST_WEEKS, ENDING):
            ask = ask_for(campaign, seat, day)
            for sentence in sentences(f"{ask.opening} {ask.text} {ask.short}"):
                if "new Congress" in sentence or "next Congress" in sentence:
                    assert "if you serve" in sentence or "a colleague" in sentence, sentence


@pytest.mark.parametrize("moment", list(DAYS))
def test_claims_the_lists_may_have_outdated_are_hedged(
    campaign: Campaign, tables: Tables, moment: str
) -> None:
    """Lack of action on the bill and of a Senate bill is said only as the writer's knowledge."""
    hedged = re.compile(
        r"that I know of|[Aa]s far as I know|I kn[oe]w of no|expired|If you have not"
    )
    for seat in tables.holders:
        if seat.member is None:
            continue
        ask = ask_for(campaign, seat, DAYS[moment])
        for sentence in sentences(f"{ask.opening} {ask.text} {ask.short}"):
            if re.search(r"without action|not had a hearing|no Senate", sentence):
                assert hedged.search(sentence), sentence


@pytest.mark.parametrize("moment", list(DAYS))
def test_letters_to_senators_say_that_the_number_is_a_house_bills(
    campaign: Campaign, tables: Tables, moment: str
) -> None:
    for seat in tables.holders:
        if seat.seat.chamber != "senate" or seat.member is None:
            continue
        ask = ask_for(campaign, seat, DAYS[moment])
        for text in (f"{ask.opening} {ask.text}", ask.short):
            if "H.R. 6890" in text and moment != "expired":
                assert "House" in text, (seat.seat.id, text)


def test_backers_of_the_opposite_bill_are_not_told_about_the_bill_ambiguously(
    campaign: Campaign, tables: Tables
) -> None:
    """Their letter names two bills, and both were referred to the same committee."""
    for seat in tables.holders:
        if seat.member and stance_of(campaign, seat.member).name == "opposes":
            for day in (PENDING, LAST_WEEKS):
                ask = ask_for(campaign, seat, day)
                assert "to which the bill was referred" not in f"{ask.text} {ask.short}"


def test_a_senate_letter_names_only_past_senate_bill_numbers(
    campaign: Campaign, tables: Tables
) -> None:
    past = {bill.number for bill in campaign.related.values()}
    for seat in tables.holders:
        if seat.seat.chamber == "senate" and seat.member is not None:
            for day in DAYS.values():
                ask = ask_for(campaign, seat, day)
                numbers = re.findall(r"\bS\. \d+", f"{ask.opening} {ask.text} {ask.short}")
                assert set(numbers) <= past


@pytest.mark.parametrize("moment", list(DAYS))
def test_a_senate_companion_with_a_number_is_known_to_every_letter(
    campaign: Campaign, tables: Tables, moment: str
) -> None:
    joined = member(tables, "MA-S1").bioguide
    both = replace(
        campaign,
        bills={**campaign.bills, "senate": replace(campaign.bills["senate"], number="S. 567")},
        stances={**campaign.stances, joined: Stance("cosponsor", since=PENDING)},
    )
    for seat in tables.holders:
        if seat.seat.chamber != "senate" or seat.member is None:
            continue
        ask = ask_for(both, seat, DAYS[moment])
        for text in (f"{ask.opening} {ask.text}", ask.short):
            assert "no Senate companion" not in text, (seat.seat.id, text)
            if seat.member.bioguide == joined:
                assert "H.R." not in text
                assert ("S. 567" in text) == (moment != "expired")
        if seat.seat.id == "MA-S2" and moment == "last_weeks":
            assert "please cosponsor it before this Congress ends" in ask.text


def test_a_vacant_seat_gets_no_letter(campaign: Campaign, tables: Tables) -> None:
    with pytest.raises(ValueError, match="vacant"):
        ask_for(campaign, replace(holder(tables, "CA-12"), member=None), LAST_WEEKS)


def test_the_ask_changes_at_each_stage_boundary(campaign: Campaign, tables: Tables) -> None:
    simon, day = holder(tables, "CA-12"), timedelta(days=1)
    for border in (date(2026, 11, 4), date(2026, 12, 18), date(2027, 1, 3)):
        before = ask_for(campaign, simon, border - day)
        assert before.text != ask_for(campaign, simon, border).text
