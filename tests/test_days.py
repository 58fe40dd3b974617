"""Dates in the usual notations are parsed, and nothing else is."""

from __future__ import annotations

from datetime import date

import pytest
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as st

from app.text import read_day

DAYS = st.dates(date(1900, 1, 1), date(2999, 12, 31))


@pytest.mark.parametrize(
    "text",
    ["2026-11-01", "11/01/2026", "11/1/26", "11-01-2026", "11.1.2026", "Nov 1 2026", "nov. 1, 2026",
     "November 1st, 2026", "1 November 2026", "1 de noviembre de 2026",
     "1.º de noviembre de 2026", "1 nov 2026", "1/nov/2026",
     " 2026/11/01 ", "NOVEMBER 1 2026", "2026 Nov 1", "1 de NOVIEMBRE del 2026",
     "Sunday, November 1, 2026",
     "domingo, 1 de noviembre de 2026", "Sun 1 Nov 2026"],
)  # fmt: skip
def test_common_formats_read_as_the_same_day(text: str) -> None:
    assert read_day(text) == date(2026, 11, 1)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-02-30", "02/29/2027", "11/2026", "Nov 2026", "1 2 3 4", "13/13/2026",
     "Novembre 1 2026", "0000-00-00", "2026-11-01T10:00", "1/1/1799", "9" * 50, "Nov"],
)  # fmt: skip
def test_text_that_is_not_a_day_is_none(text: str) -> None:
    assert read_day(text) is None


def test_both_spanish_spellings_of_september_are_read() -> None:
    assert read_day("5 set. 2026") == read_day("5 sept. 2026") == date(2026, 9, 5)


def test_the_month_comes_first_unless_it_cannot_be_a_month() -> None:
    assert read_day("3/4/2026") == date(2026, 3, 4)
    assert read_day("25/12/2026") == date(2026, 12, 25)


@given(day=DAYS, language=st.sampled_from(["en", "es"]), width=st.sampled_from(["long", "medium"]))
def test_a_day_as_the_pages_show_it_can_be_read_back(day: date, language: str, width: str) -> None:
    assert read_day(format_date(day, width, locale=language)) == day
    assert read_day(day.isoformat()) == day
    assert read_day(f"{day.month}/{day.day}/{day.year}") == day


@given(st.text(max_size=60))
def test_any_text_is_a_day_or_none(text: str) -> None:
    assert read_day(text) is None or isinstance(read_day(text), date)
