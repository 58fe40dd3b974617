"""The letter on paper as lines of text."""

from __future__ import annotations

import unicodedata
from dataclasses import fields
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.congress.model import Office, Seat
from app.documents.letter import postal, to_text
from tests.documents.factory import holder, letter, writer


def test_the_plain_text_letter_has_all_parts_in_order() -> None:
    text = to_text(letter(body=("One.", "Two.")), writer())
    assert text == (
        "12 Larkspur Court\nApartment 4\nFremont, CA 94538\n\n"
        "November 25, 2026\n\n"
        "The Honorable Alex Padilla\nUnited States Senate\n331 Hart Senate Office Building\n"
        "Washington, DC 20510\n\n"
        "Re: Please introduce a Senate companion to the PROTECT Immigration Act\n\n"
        "Dear Senator Padilla:\n\nOne.\n\nTwo.\n\nSincerely,\n\nSiobhán O'Dell\n"
    )


def test_a_local_office_replaces_the_washington_address() -> None:
    fresno = Office("fresno", "Fresno", "CA", "93721", ("2500 Tulare Street", "Fresno, CA 93721"))
    lines = postal(letter(), writer(), fresno).inside_address
    assert lines[0] == "The Honorable Alex Padilla"
    assert lines[-2:] == ("2500 Tulare Street", "Fresno, CA 93721")
    assert not any("20510" in line for line in lines)


@pytest.mark.parametrize("day", [(date(2026, 1, 3), "January 3, 2026"), (date(2027, 12, 31), "")])
def test_the_date_is_written_out_in_english(day: tuple[date, str]) -> None:
    printed = postal(letter(written_on=day[0]), writer()).date
    assert printed == (day[1] or "December 31, 2027")


NOTHING = [
    "", " ", "   ", "\t", "\u00a0", "\u2003", "\r\n", "\u200b", "\ufeff", "\x00",  # AD02
    ".", "..", "-", "--", "—", ",", "#", "...", "/", "_", "*", " . ", "., -",  # AD04
    "N/A", "n/a", "None", "none", "NONE.", "null", "na", "No",
]  # fmt: skip


@pytest.mark.parametrize("blank", NOTHING)
def test_an_empty_second_address_line_is_left_out(blank: str) -> None:
    """AD02, AD04."""
    page = postal(letter(), writer(street2=blank, city="St. Paul", state="MN", zip="55101"))
    assert page.return_address == ("12 Larkspur Court", "St. Paul, MN 55101")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"street": "."}, ("Apartment 4", "Fremont, CA 94538")),
        ({"street": " "}, ("Apartment 4", "Fremont, CA 94538")),
        ({"street": "", "street2": ""}, ("Fremont, CA 94538",)),
        ({"city": ""}, ("12 Larkspur Court", "Apartment 4", "CA 94538")),
        ({"city": "."}, ("12 Larkspur Court", "Apartment 4", "CA 94538")),
        ({"city": "Fremont,"}, ("12 Larkspur Court", "Apartment 4", "Fremont, CA 94538")),
        ({"zip": ""}, ("12 Larkspur Court", "Apartment 4", "Fremont, CA")),
        ({"zip": "02138-1234"}, ("12 Larkspur Court", "Apartment 4", "Fremont, CA 02138-1234")),
        ({"street2": "#4"}, ("12 Larkspur Court", "#4", "Fremont, CA 94538")),
        ({"street2": "Núñez House"}, ("12 Larkspur Court", "Núñez House", "Fremont, CA 94538")),
        (
            {"street": "PSC 88 Box 1203", "street2": "", "city": "APO", "state": "AE"},
            ("PSC 88 Box 1203", "APO, AE 94538"),
        ),
        ({"street": "12 Main\nSt", "street2": "."}, ("12 Main St", "Fremont, CA 94538")),
    ],
)
def test_each_part_of_the_return_address_is_in_place(
    changes: dict[str, str], expected: tuple[str, ...]
) -> None:
    assert postal(letter(), writer(**changes)).return_address == expected


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        ("Suharni", "", "Suharni"),  # NM02
        ("  Suharni ", "", "Suharni"),
        ("Siobhán", "O'Dell", "Siobhán O'Dell"),  # NM01
        ("DeShawn", "van der Berg III", "DeShawn van der Berg III"),  # NM04
        ("Renée", "O'Neill-McDonald", "Renée O'Neill-McDonald"),
        ("Rene\u0301e", "Nun\u0303ez", "Renée Nuñez"),
        ("{{ config }}", "", "{{ config }}"),  # TP02
        ("<b>Ann</b>", "& Co", "<b>Ann</b> & Co"),
        ("陳美玲", "", "陳美玲"),
    ],
)
def test_a_name_is_signed_as_it_was_typed(first: str, last: str, name: str) -> None:
    assert postal(letter(), writer(first=first, last=last)).name == name
    assert to_text(letter(), writer(first=first, last=last)).endswith(f"\n\n{name}\n")


def test_a_letter_without_subject_or_name_has_no_gap() -> None:
    text = to_text(letter(subject=" ", body=("One.",)), writer(first="", last="", street2="."))
    assert "Re:" not in text
    assert text.endswith("Dear Senator Padilla:\n\nOne.\n\nSincerely,\n")


def test_blank_lines_in_a_story_make_paragraphs_and_line_breaks_stay() -> None:
    body = ("One.\r\n\r\nTwo,\r\nstill two.", "", " \n ", "Three.\n\n\n\nFour.\n")
    assert postal(letter(body=body), writer()).paragraphs == (
        "One.", "Two,\nstill two.", "Three.", "Four.",
    )  # fmt: skip


def test_typed_text_that_looks_like_code_is_printed_as_typed() -> None:
    story = 'Our motto is {{ 7*7 }} and {% raise %} <3 & <img src=x onerror=alert(1)> #read("x")'
    assert postal(letter(body=(story,)), writer()).paragraphs == (story,)


def test_a_delegate_is_addressed_like_every_other_member() -> None:
    norton = holder(Seat("DC", "house", district=0), full_name="Eleanor Holmes Norton")
    page = postal(letter(holder_=norton), writer())
    assert page.inside_address[0] == "The Honorable Eleanor Holmes Norton"


people = st.fixed_dictionaries(
    {
        name: st.text(max_size=40)
        for name in ("first", "last", "street", "street2", "city", "state", "zip")
    }
)


@given(people, st.lists(st.text(max_size=200), max_size=4))
def test_no_paper_rendering_has_an_empty_part(person_: dict[str, str], body: list[str]) -> None:
    person = writer(**person_)
    page = postal(letter(body=tuple(body)), person)
    for field in fields(page):
        value = getattr(page, field.name)
        for line in (value,) if isinstance(value, str) else value:
            assert line == line.strip()
            assert line or field.name in ("subject", "name")
            assert "\n\n" not in line
    for line in page.return_address:
        assert any(unicodedata.category(char)[0] in "LNS" for char in line)
    text = to_text(letter(body=tuple(body)), person)
    assert "\n\n\n" not in text
    assert "None" not in text or "None" in "".join((*person_.values(), *body))
