"""The letter as a telephone call."""

from __future__ import annotations

from typing import Any

import pytest

from app.congress.model import Seat
from app.documents import CallScript, NoPhone, to_call_script
from tests.documents.factory import holder, letter, writer


def script(**changes: Any) -> CallScript:
    made = to_call_script(letter(holder_=holder(**changes)), writer())
    assert isinstance(made, CallScript)
    return made


def test_a_call_says_who_and_where_and_asks_one_thing_and_thanks() -> None:
    text = script().text
    assert text.startswith(
        "Hello, my name is Siobhán O'Dell. I live in Fremont, California, ZIP code 94538, and I "
        "am a constituent of Senator Padilla."
    )
    assert "Introduce a Senate companion." in text
    assert "the PROTECT Immigration Act" in text
    assert "Thank you" in text
    assert "voicemail" in text
    assert "None" not in text


@pytest.mark.parametrize(
    "listed",
    ["202-224-3553", "(202) 224-3553", "202.224.3553", "+1 202 224 3553", "1-202-224-3553",
     "2022243553", " 202-224-3553 ext. 12"],
)  # fmt: skip
def test_a_number_is_printed_and_linked_however_it_is_listed(listed: str) -> None:
    made = script(phone=listed)
    assert made.phone == "(202) 224-3553"
    assert made.tel_uri == "tel:+12022243553"


@pytest.mark.parametrize("listed", [None, "", " ", "n/a", "224-3553", "000-000-0000"])
def test_without_a_usable_number_the_words_are_ready_and_the_site_is_named(
    listed: str | None,
) -> None:
    made = to_call_script(letter(holder_=holder(phone=listed)), writer())
    assert isinstance(made, NoPhone)
    assert made.website == "https://www.padilla.senate.gov"
    assert "Senator Padilla" in made.text
    assert "None" not in made.text


@pytest.mark.parametrize(
    ("seat", "title"),
    [
        (Seat("CA", "house", district=12), "Representative Padilla"),
        (Seat("GU", "house", district=0), "Delegate Padilla"),
        (Seat("PR", "house", district=0), "Resident Commissioner Padilla"),
    ],
)
def test_each_recipient_has_the_right_title(seat: Seat, title: str) -> None:
    made = to_call_script(letter(holder_=holder(seat)), writer())
    assert f"constituent of {title}." in made.text


@pytest.mark.parametrize(
    ("state", "changes", "home"),
    [
        ("DC", {"city": "Washington", "zip": "20009"}, "I live in Washington, DC, ZIP code 20009,"),
        ("VI", {"city": "", "zip": "00802"}, "I live in the U.S. Virgin Islands, ZIP code 00802,"),
        ("MN", {"city": "St. Paul", "zip": "55101-1234"}, "St. Paul, Minnesota, ZIP code 55101,"),
        ("MN", {"city": ".", "zip": ""}, "I live in Minnesota,"),
        ("MN", {"city": "APO", "state": "AE"}, "My voting address is in Minnesota,"),
    ],
)  # fmt: skip
def test_the_place_is_the_one_where_the_person_votes(
    state: str, changes: dict[str, str], home: str
) -> None:
    chosen = letter(holder_=holder(Seat(state, "house", district=0)))
    made = to_call_script(chosen, writer(**{"state": state} | changes))
    assert home in made.text


def test_a_person_with_one_name_is_greeted_with_it() -> None:
    made = to_call_script(letter(), writer(first="Suharni", last=""))
    assert made.text.startswith("Hello, my name is Suharni. I live")


def test_the_ask_is_said_in_its_short_form_where_there_is_one() -> None:
    made = to_call_script(letter(spoken_ask="I ask you to cosponsor\nH.R. 6890."), writer())
    assert "My message for Senator Padilla: I ask you to cosponsor H.R. 6890.\n\n" in made.text
    assert "Introduce a Senate companion." not in made.text


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (("My son fears the road to school. He is nine.",), "My son fears the road to school.\n"),
        (("Why do\nI write? Because.",), "Why do I write?\n"),
        ((), "(one or two sentences of your own)"),
        (("no full stop",), "(one or two sentences of your own)"),
        (("word " * 100 + ".",), "(one or two sentences of your own)"),
    ],
)
def test_the_first_sentence_of_the_persons_own_words_says_why(
    own: tuple[str, ...], said: str
) -> None:
    assert said in to_call_script(letter(own_paragraphs=own), writer()).text
