"""The letter as a telephone call: to the person who answers, and as voicemail."""

from __future__ import annotations

from typing import Any

import pytest

from app.campaign.entities import Spoken
from app.congress.model import Seat
from app.documents.call import CallScript, to_call_script
from tests.documents.factory import holder, letter, writer

SPOKEN = Spoken(
    "I am calling about H.R. 6890, a bill to end agreements.",
    "I would like Senator Padilla to introduce a Senate version.",
    "I believe federal work belongs to federal officers.",
)
SPOKEN_ES = Spoken("Llamo por H.R. 6890.", "Quisiera que presente una versión.", "Así lo creo.")


def script(**changes: Any) -> CallScript:
    return to_call_script(
        letter(holder_=holder(**changes), spoken=SPOKEN, spoken_es=SPOKEN_ES), writer()
    )


def test_the_call_script_says_who_what_and_why_in_order() -> None:
    assert script().words.person == (
        "Hello, this is Siobhán O'Dell, a constituent from Fremont, California, 94538.",
        "I am calling about H.R. 6890, a bill to end agreements. I would like Senator Padilla to "
        "introduce a Senate version.",
        "I believe federal work belongs to federal officers. Thank you for passing this on.",
    )


def test_voicemail_names_the_recipient_and_the_caller_twice() -> None:
    first, *_, last = script().words.voicemail
    assert first == (
        "This is Siobhán O'Dell, a constituent from Fremont, California, 94538, with a message "
        "for Senator Padilla."
    )
    assert last.endswith("Again, Siobhán O'Dell, 94538. Thank you.")


def test_the_spanish_call_script_says_the_same() -> None:
    aid = script().aid
    assert aid.person == (
        "Hola, le habla Siobhán O'Dell. Vivo en Fremont, California, 94538.",
        "Llamo por H.R. 6890. Quisiera que presente una versión.",
        "Así lo creo. Gracias por pasar este mensaje.",
    )
    assert "Este es un mensaje para Alex Padilla." in aid.voicemail[0]
    assert aid.voicemail[-1].endswith("De nuevo, Siobhán O'Dell, 94538. Gracias.")


@pytest.mark.parametrize(
    "listed",
    ["202-224-3553", "(202) 224-3553", "202.224.3553", "+1 202 224 3553", "1-202-224-3553",
     "2022243553", " 202-224-3553 ext. 12"],
)  # fmt: skip
def test_a_phone_number_is_printed_and_linked_in_one_format(listed: str) -> None:
    made = script(phone=listed)
    assert made.phone == "(202) 224-3553"
    assert made.tel_uri == "tel:+12022243553"


@pytest.mark.parametrize("listed", [None, "", " ", "n/a", "224-3553", "000-000-0000"])
def test_without_a_usable_number_there_are_words(listed: str | None) -> None:
    made = to_call_script(letter(holder_=holder(phone=listed), spoken=SPOKEN), writer())
    assert (made.phone, made.tel_uri) == ("", "")
    assert made.words.person[1].startswith("I am calling about")


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
    assert title in " ".join(made.words.voicemail)


@pytest.mark.parametrize(
    ("state", "changes", "home", "casa"),
    [
        ("DC", {"city": "Washington", "zip": "20009"}, "from Washington, DC, 20009.",
         "Vivo en Washington, DC, 20009."),
        ("VI", {"city": "", "zip": "00802"}, "from the U.S. Virgin Islands, 00802.",
         "Vivo en las Islas Vírgenes de los Estados Unidos, 00802."),
        ("MN", {"city": "St. Paul", "zip": "55101-1234"}, "from St. Paul, Minnesota, 55101.",
         "Vivo en St. Paul, Minnesota, 55101."),
        ("MN", {"city": ".", "zip": ""}, "a constituent from Minnesota.", "Vivo en Minnesota."),
        ("MN", {"city": "APO", "state": "AE"}, "My voting address is in Minnesota.",
         "Mi dirección para votar está en Minnesota."),
    ],
)  # fmt: skip
def test_the_caller_names_the_place_where_they_vote(
    state: str, changes: dict[str, str], home: str, casa: str
) -> None:
    chosen = letter(holder_=holder(Seat(state, "house", district=0)))
    made = to_call_script(chosen, writer(**{"state": state} | changes))
    assert made.words.person[0].endswith(home)
    assert made.aid.person[0].endswith(casa)
    assert "APO" not in f"{made}"


def test_a_caller_can_have_one_name_or_none() -> None:
    made = to_call_script(letter(), writer(first="Suharni", last=""))
    assert made.words.person[0].startswith("Hello, this is Suharni, a constituent from")
    nobody = to_call_script(letter(), writer(first="", last=""))
    assert nobody.words.person[0].startswith("Hello, this is a constituent from Fremont")
    assert nobody.words.voicemail[-1].endswith("Again, 94538. Thank you.")


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (("My son fears the road to the old school. He is nine.",),
         "My son fears the road to the old school."),
        (("My son fears the road to school.",),
         f"My son fears the road to school. {SPOKEN.reason}"),
        (("I’m a nurse\nin Fremont. It is bad.",), f"I’m a nurse in Fremont. {SPOKEN.reason}"),
        (("Our church is half empty!",), f"Our church is half empty! {SPOKEN.reason}"),
        (("Why do I write? Because.",), SPOKEN.reason),
        (("Tengo miedo de manejar.",), SPOKEN.reason),
        (("Mystery stories help. I read them.",), SPOKEN.reason),
        ((), SPOKEN.reason),
        (("I have no full stop",), SPOKEN.reason),
        (("I " + "word " * 17 + ".",), SPOKEN.reason),
    ],
)  # fmt: skip
def test_the_writers_own_sentence_is_used_if_it_is_short(own: tuple[str, ...], said: str) -> None:
    made = to_call_script(letter(own_paragraphs=own, spoken=SPOKEN), writer())
    assert made.words.person[-1] == f"{said} Thank you for passing this on."


def test_an_ask_without_call_words_uses_its_summary() -> None:
    made = to_call_script(letter(), writer())
    assert made.words.person[1] == "Introduce a Senate companion."
