"""Labels are where the sheet is cut, whatever is printed on them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.congress.names import inside_address
from app.documents.printables import AVERY_5160, labels_pdf

from .conftest import pages, tables
from .places import pieces


def test_every_label_contains_its_address() -> None:
    found = pieces(labels_pdf([(f"Name {n}", "12 Main St.", "Town, MA 02138") for n in range(30)]))
    assert len(found) == 90
    for n in range(30):
        row, column = divmod(n, 3)
        left, top = 0.1875 + 2.75 * column, 0.5 + 1.0 * row
        lines = found[3 * n : 3 * n + 3]
        assert [piece.text for piece in lines] == [f"Name {n}", "12 Main St.", "Town, MA 02138"]
        for piece in lines:
            assert piece.x == pytest.approx(left + 0.14, abs=0.005)
            assert top + 0.1 <= piece.y <= top + 0.95
        # The three lines are vertically centered on the label.
        assert lines[1].y - 0.05 == pytest.approx(top + 0.5, abs=0.03)


def test_the_label_sheet_has_averys_dimensions() -> None:
    sheet = AVERY_5160
    across = sheet["left"] * 2 + sheet["columns"] * sheet["width"] + 2 * sheet["gap"]
    assert across == pytest.approx(8.5)
    assert sheet["top"] * 2 + sheet["rows"] * sheet["height"] == pytest.approx(11)


def test_31_labels_take_two_sheets_and_a_used_sheet_can_start_later() -> None:
    assert len(pages(labels_pdf([("A",)] * 31))) == 2
    assert len(pages(labels_pdf([("A",)] * 30, first_place=2))) == 2
    (piece,) = pieces(labels_pdf([("A",)], first_place=5))
    assert (round(piece.x, 1), int(piece.y)) == (3.1, 2)


@pytest.mark.parametrize("place", [0, 31, -1])
def test_a_start_place_outside_the_sheet_is_refused(place: int) -> None:
    with pytest.raises(ValueError, match="places 1 to 30"):
        labels_pdf([("A",)], first_place=place)


def test_an_empty_list_of_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="no labels"):
        labels_pdf([])


def test_blank_and_missing_lines_leave_no_gap() -> None:
    text = pages(labels_pdf([("Ana Li", "", "   ", "Boston, MA 02138")]))[0]
    assert text.split("\n") == ["Ana Li", "Boston, MA 02138"]


def test_every_member_gets_exactly_one_label_in_readable_type() -> None:
    addresses = [inside_address(h) for h in tables().holders if h.member]
    pdf = labels_pdf(addresses)
    texts = pages(pdf)
    assert len(texts) == -(-len(addresses) // 30)
    assert sum(text.count("The Honorable") for text in texts) == len(addresses)
    sizes = [piece.size for page in range(len(texts)) for piece in pieces(pdf, page)]
    assert min(sizes) >= 8  # points


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text(max_size=120), min_size=1, max_size=8))
def test_no_text_leaves_its_label(lines: list[str]) -> None:
    pdf = labels_pdf([lines, ("NEXT", "TOWN")])
    assert len(pages(pdf)) == 1
    after = [piece for piece in pieces(pdf) if piece.text == "NEXT"]
    assert after
    assert all(round(piece.x, 1) == 3.1 for piece in after[-1:])


def test_long_lines_wrap_inside_the_label_uncut() -> None:
    """N35"""
    long = (
        "Bo Wolfeschlegelsteinhausenbergerdorff-Montgomery III",
        "100000 Southwest Martin Luther King Junior Boulevard",
        "Building 14 Apartment 2203-B",
        "Truth or Consequences, NM 87901",
    )
    found = pieces(labels_pdf([long, ("王小明", *long[1:])]))
    columns = [[p for p in found if (p.x > 2.9) == second] for second in (False, True)]
    for left, name, column in zip((0.1875, 2.9375), (long[0], "王小明"), columns, strict=True):
        text = "".join(p.text for p in column).replace("\u200b", "").replace(" ", "")
        assert text == "".join((name, *long[1:])).replace(" ", "")
        assert all(left < p.x < left + 2.625 - 0.14 and 0.5 < p.y <= 1.5 for p in column)
