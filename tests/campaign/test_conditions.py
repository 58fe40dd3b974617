"""Conditions as choices: choices become code, code becomes choices, and both mean the same."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.campaign.conditions import CHOICES, STANCES, Who, code_of, reach, who_of
from app.campaign.entities import Campaign
from app.campaign.language import Parsed, parse_condition
from app.campaign.patterns import compile_claim, phrase
from app.campaign.problems import Message
from app.congress.model import STATES
from app.congress.tables import Tables

TODAY = date(2026, 11, 25)


def one_of(criterion: str) -> st.SearchStrategy[str]:
    return st.sampled_from(["", *CHOICES[criterion]])


WHOS = st.builds(
    Who,
    chamber=one_of("chamber"), party=one_of("party"), committee=one_of("committee"),
    leader=one_of("leader"), delegate=one_of("delegate"),
    stance=st.sets(st.sampled_from(STANCES)).map(lambda s: tuple(x for x in STANCES if x in s)),
    states=st.sets(st.sampled_from(sorted(STATES)), max_size=5).map(lambda s: tuple(sorted(s))),
    other_states=st.booleans(), join=st.sampled_from(["all", "any"]),
)  # fmt: skip


@given(WHOS)
def test_every_choice_round_trips_through_its_condition(who: Who) -> None:
    code = code_of(who)
    assert isinstance(parse_condition(code), Parsed), code
    back = who_of(code)
    assert back is not None
    assert code_of(back) == code


@pytest.mark.parametrize(
    ("code", "who"),
    [
        ("", Who()),
        ('stance == "earlier" and type == "sen"', Who(chamber="senate", stance=("earlier",))),
        ('caucus == "Republican" or is_delegate',
         Who(party="republican", delegate="yes", join="any")),
        ('stance != "none"', Who(stance=("sponsor", "cosponsor", "earlier", "opposes"))),
        ('state == "NY"', Who(states=("NY",))),
        ("not committee_role", Who(committee="outside")),
    ],
)  # fmt: skip
def test_handwritten_conditions_are_shown_as_choices(code: str, who: Who) -> None:
    assert who_of(code) == who


@pytest.mark.parametrize(
    "code",
    ['type == "sen" and type == "rep"', "stage == \"pending\"", "committee_role and not ending",
     'type == "sen" and (is_delegate or caucus == "Democrat")', "not (type == \"sen\")",
     'stance != "none" and stance != "sponsor"', "1 == 1",
     'state in ["CA", "TX"] and state not in ["TX"]', 'state == "CA" or state != "TX"',
     'stance not in ["sponsor", "cosponsor", "earlier", "opposes", "none"]'],
)  # fmt: skip
def test_conditions_that_choices_cannot_express_stay_code(code: str) -> None:
    assert who_of(code) is None


def test_reach_counts_matching_members_and_those_a_change_adds(
    campaign: Campaign, tables: Tables
) -> None:
    senate, both = (
        code_of(Who(chamber="senate")),
        code_of(Who(chamber="senate", party="republican", join="any")),
    )
    found = reach(campaign, both, senate, tables.holders, TODAY)
    senators = [h for h in tables.holders if h.member and h.seat.chamber == "senate"]
    assert len(found.fit) == len(senators) + len(found.joined)
    assert found.joined
    assert not found.left
    assert not reach(campaign, both, None, tables.holders, TODAY).joined, "nothing is live"


def test_a_phrase_matches_whole_words_only_if_asked() -> None:
    for words, sentence, whole, anywhere in [
        ("amnesty", "No AMNESTY here.", True, True),
        ("ice", "Prices rise.", False, True),
        ("open borders", "open\n  borders", True, True),
        ("don't", "We don’t.", True, True),
        ("don’t", "We don't.", True, True),
    ]:
        for tick, expected in ((True, whole), (False, anywhere)):
            claim = compile_claim(phrase(words, whole=tick))
            assert not isinstance(claim, Message)
            assert bool(claim.search(sentence)) is expected, (words, tick)
