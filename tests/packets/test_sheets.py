"""Posters, sign-up sheets and blank letters: one page, both languages, a working QR code."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

import pytest
from pypdf import PdfReader

from app.documents.printables import (
    ROWS,
    SIGNUP_WORDS,
    Link,
    blank_letters_pdf,
    poster_pdf,
    signup_pdf,
)
from app.site.paper_links import find_district, link_for

from .conftest import TODAY, campaign, pages, tables

Language = Literal["en", "es"]
LINK = Link("https://letters.example.org/find?source=table", "letters.example.org")


def poster(language: Language, **changes: str) -> bytes:
    words = {"title": "The PROTECT Immigration Act", "group": "Neighbors of Cook County",
             "shown": LINK.shown, **changes}  # fmt: skip
    link = Link(LINK.address, words.pop("shown"))
    return poster_pdf(language=language, link=link, **words)


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Write to the people who represent you."), ("es", "Escriba a quienes le representan.")],
)
def test_the_poster_is_one_letter_page_in_its_language(language: Language, words: str) -> None:
    pdf = poster(language)
    (text,) = pages(pdf)
    assert words in " ".join(text.split())
    assert "letters.example.org" in text
    page = PdfReader(io.BytesIO(pdf)).pages[0]
    assert (page.mediabox.width, page.mediabox.height) == (612, 792)
    assert str(PdfReader(io.BytesIO(pdf)).root_object["/Lang"]) == language


def test_a_long_name_and_address_stay_on_the_posters_one_page() -> None:
    long = poster("es", group="Coalición de vecinos " * 6, title="La ley PROTECT " * 6,
                  shown="letters.of-the-whole-community.example.org/campaign")  # fmt: skip
    assert len(pages(long)) == 1


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_printed_address_is_unbroken_and_typable(language: Language) -> None:
    """Spanish repeats a hyphen at a line break."""
    shown = "letters.example.org/c/protecting-family-and-small-business-tax-cuts-act-120"
    link = Link(f"https://{shown}/", shown)
    for pdf in (
        poster(language, shown=shown),
        signup_pdf(campaign(), group="G", link=link, when=TODAY, language=language),
        blank("IL-5", language, link),
    ):
        assert shown in "".join(pages(pdf)[0].split())
    assert shown in pages(poster(language, shown=shown))[0].splitlines()


@pytest.mark.parametrize("make", ["poster", "signup", "blank"])
def test_the_qr_code_has_alternative_text(make: str) -> None:
    made = {
        "poster": lambda: poster("en"),
        "signup": lambda: signup_pdf(campaign(), group="G", link=LINK, when=TODAY),
        "blank": lambda: blank("IL-5"),
    }[make]()
    assert "QR code that opens letters.example.org" in alternatives(made)


def alternatives(pdf: bytes) -> list[str]:
    found = []
    reader = PdfReader(io.BytesIO(pdf))
    for number in range(1, len(reader.xref_objStm) + sum(map(len, reader.xref.values())) + 2):
        try:
            item: Any = reader.get_object(number)
        except Exception:  # noqa: BLE001, S112 - a number without an object
            continue
        if hasattr(item, "get") and item.get("/Alt"):
            found.append(str(item["/Alt"]))
    return found


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_sign_up_sheet_is_one_page_with_numbered_lines(language: Language) -> None:
    (text,) = pages(
        signup_pdf(campaign(), group="Neighbors", link=LINK, when=TODAY, language=language)
    )
    for column in SIGNUP_WORDS[language]["columns"]:
        assert column in " ".join(text.split())
    assert f"\n{ROWS}\n" in text
    assert "Neighbors" in text


def test_after_the_congress_the_sign_up_sheet_asks_to_bring_the_bill_back() -> None:
    noon = campaign().ends
    before = noon - timedelta(seconds=1)
    for when, asked in ((before, "to support this bill."), (noon, "to help bring this bill back.")):
        (text,) = pages(signup_pdf(campaign(), group="G", link=LINK, when=when))
        assert asked in " ".join(text.split())


def test_no_sign_up_sheet_is_made_once_the_bill_is_law() -> None:
    law = replace(campaign(), enacted=TODAY)
    with pytest.raises(ValueError, match="law"):
        signup_pdf(law, group="G", link=LINK, when=TODAY)


def blank(district: str, language: Language = "en", link: Link = LINK) -> bytes:
    delegation = find_district(tables(), district)
    template = campaign().template("general")
    assert delegation
    assert template
    return blank_letters_pdf(
        campaign(), template, delegation, today=TODAY, link=link, language=language
    )


@pytest.mark.parametrize(("district", "letters"), [("IL-5", 3), ("DC", 1), ("PR", 1), ("vt", 3)])
def test_there_is_a_blank_letter_for_each_member_of_a_delegation(
    district: str, letters: int
) -> None:
    texts = pages(blank(district))
    assert len(texts) == letters
    assert all("The Honorable" in t and "Sincerely," in t and "Your street" in t for t in texts)
    assert not [t for t in texts if "\u2e3b" in t or "None" in t or "{{" in t]


def test_every_template_gives_one_page_blank_letters() -> None:
    delegation = find_district(tables(), "IL-5")
    assert delegation
    for (name, length), template in campaign().templates.items():
        made = blank_letters_pdf(campaign(), template, delegation, today=TODAY, link=LINK)
        assert len(pages(made)) == 3, (name, length)


def test_instructions_are_spanish_and_the_letter_english() -> None:
    text = pages(blank("IL-5", "es"))[0]
    assert "Su calle" in text
    assert "I am a constituent" in text


@pytest.mark.parametrize(
    ("text", "seat"),
    [
        ("IL-5", "IL-5"),
        ("il 5", "IL-5"),
        (" VT ", "VT-0"),
        ("VT-0", "VT-0"),
        ("DC", "DC-0"),
        ("Vermont at large", "VT-0"),
        ("IL 5th", "IL-5"),
    ],
)
def test_a_district_is_read_in_any_common_form(text: str, seat: str) -> None:
    found = find_district(tables(), text)
    assert found is not None
    assert found.house.seat.id == seat


@pytest.mark.parametrize("text", ["", "IL", "IL-99", "XX-1", "5", "IL-５", "IL-5-5", "IL-x"])
def test_text_that_is_not_a_district_is_not_guessed(text: str) -> None:
    assert find_district(tables(), text) is None


def test_the_code_links_to_the_first_step_in_its_language_with_a_tag() -> None:
    english = link_for("https://l.example.org/", "Fair-2", "en", "table")
    spanish = link_for("https://l.example.org", "no tag!", "es", "table")
    assert english == Link("https://l.example.org/find?source=fair-2", "l.example.org")
    assert spanish == Link("https://l.example.org/es/find?source=table", "l.example.org")
    assert link_for("", "x", "en", "table") is None
