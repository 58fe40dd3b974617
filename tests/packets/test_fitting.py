"""A letter predicted to fit on one page does, and the prediction covers most letters."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageFont

from app.campaign.compose import compose
from app.campaign.entities import Writer
from app.congress.names import inside_address
from app.documents.letter import Addressed, postal
from app.documents.pdf import (
    _CHAR_WIDTHS,
    _WIDEST,
    NumberedLetter,
    fits_one_page,
    letters_data,
    lines_of,
    typeset_letters,
)
from app.documents.typesetting import font_folders

from .conftest import TODAY, campaign, tables

LONGEST_ADDRESS = max(
    (holder for holder in tables().holders if holder.member),
    key=lambda holder: (len(inside_address(holder)), len(max(inside_address(holder), key=len))),
)
SHORT_ADDRESS = next(h for h in tables().holders if h.seat.id == "IL-5")


def addressed(paragraphs: list[str], *, longest: bool = False, **writer: str) -> Addressed:
    holder = LONGEST_ADDRESS if longest else SHORT_ADDRESS
    state = holder.seat.state
    home = tables().delegation(state, holder.seat.district or 0)
    template = campaign().template("general")
    assert home
    assert template
    person = Writer(
        **{"first": "Ana", "last": "Li", "street": "12 Main St", "street2": "Apt 4",
           "city": "Chicago", "state": state, "zip": "60618", **writer}
    )  # fmt: skip
    letter = compose(campaign(), template, holder, writer=person, district_place=home,
                     story="", today=TODAY)  # fmt: skip
    return Addressed(replace(letter, body=tuple(paragraphs)), person)


def pages_of(item: Addressed) -> int:
    pdf = typeset_letters(letters_data([NumberedLetter(item, 1, 1)]))
    with pikepdf.open(io.BytesIO(pdf)) as made:
        return len(made.pages)


def fits(item: Addressed) -> bool:
    return fits_one_page(postal(item.letter, item.writer, item.office), {})


WORDS = st.text(st.sampled_from("WMmil-—“” .,éŵÆabcdefghij"), min_size=1, max_size=25)
PARAGRAPHS = st.lists(
    st.lists(WORDS, min_size=1, max_size=60).map(" ".join).filter(str.strip),
    min_size=1, max_size=9,
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(PARAGRAPHS, st.booleans())
def test_a_letter_reported_to_fit_is_one_page(paragraphs: list[str], longest: bool) -> None:
    item = addressed(paragraphs, longest=longest)
    if fits(item):
        assert pages_of(item) == 1


@pytest.mark.parametrize("longest", [False, True])
@pytest.mark.parametrize("count", [1, 2, 5, 10])
def test_the_fitting_limit_is_close_to_the_page_end(count: int, longest: bool) -> None:
    def with_lines(lines: int) -> Addressed:
        return addressed(["\n".join(["x"] * (lines - count + 1))] + ["x"] * (count - 1),
                         longest=longest)  # fmt: skip

    last = max(n for n in range(count, 30) if fits(with_lines(n)))
    assert pages_of(with_lines(last)) == 1
    # The safety margin is at most a line and a half.
    assert pages_of(with_lines(last + 2)) == 2


def test_a_two_line_name_takes_up_room() -> None:
    name = "Maria " * 25
    lines = max(n for n in range(1, 30) if fits(addressed(["\n".join(["x"] * n)])))
    assert not fits(addressed(["\n".join(["x"] * lines)], first=name))


def test_a_long_return_address_is_never_reported_to_fit() -> None:
    assert not fits(addressed(["Short."], street="12 Main St " * 8))


def test_the_character_widths_match_the_font() -> None:
    file = next(Path(font_folders()[0]).rglob("SourceSerif4[[]opsz*.ttf"))
    font = ImageFont.truetype(file, 1000)
    font.set_variation_by_axes([400, 11])
    for char, width in _CHAR_WIDTHS.items():
        assert width * 10 >= font.getlength(char), char
        assert width * 10 <= font.getlength(char) + 75, char
    assert max(font.getlength(chr(n)) for n in range(0xA0, 0x180)) <= _WIDEST * 10


def test_lines_are_counted_as_they_wrap() -> None:
    text = "I want our deputies to know our street, and our street to trust our deputies. " * 4
    assert lines_of(text.strip(), {}) == 4
    assert lines_of("one\ntwo\n", {}) == 3
    assert lines_of("W" * 200, {}) > 4
