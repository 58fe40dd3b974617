"""A letter folded in thirds shows the office's address in a No. 10 window envelope.

The usual single window is 4 1/2 by 1 1/8 inches, 7/8 inch from the left and 1/2 inch from the
bottom of an envelope of 9 1/2 by 4 1/8. The folded sheet, 8 1/2 by 3 2/3, stands on the
envelope's bottom and may slide sideways. The Postal Service wants 1/8 inch around an address.
"""

from __future__ import annotations

import io

import pytest
from PIL import Image

from app.campaign.compose import compose
from app.campaign.entities import Writer
from app.congress.model import Holder, Office
from app.congress.names import inside_address
from app.documents.layout import template_data
from app.documents.letter import Addressed, postal
from app.documents.pdf import to_pdf
from app.documents.typesetting import draw

from .conftest import TODAY, campaign, tables
from .places import Piece, pieces

ENVELOPE, SHEET = (9.5, 4.125), (8.5, 11 / 3)
WINDOW_WIDTH, WINDOW_HEIGHT, FROM_LEFT, FROM_BOTTOM = 4.5, 1.125, 0.875, 0.5
CLEAR = 0.125
SLIDES = ENVELOPE[0] - SHEET[0]
TOP = ENVELOPE[1] - FROM_BOTTOM - WINDOW_HEIGHT - (ENVELOPE[1] - SHEET[1])
"""The window's top edge, measured from the sheet's top edge."""
BOTTOM = TOP + WINDOW_HEIGHT
LEFT, RIGHT = FROM_LEFT, FROM_LEFT + WINDOW_WIDTH - SLIDES
"""The part of the sheet's width that shows however far it slides."""
CAPITAL, DESCENDER = 0.105, 0.035
"""Inches of 11 point type above and below its baseline."""


def addressed(holder: Holder, office: Office | None = None, **changes: str) -> Addressed:
    state = holder.seat.state
    writer = Writer(
        **{"first": "Ana", "last": "Li", "street": "12 Main St", "street2": "Apt 4",
           "city": "Chicago", "state": state, "zip": "60618", **changes}
    )  # fmt: skip
    home = next(
        d for n in tables().districts(state) if (d := tables().delegation(state, n))
        and holder in d.holders
    )  # fmt: skip
    template = campaign().template("general")
    assert template
    letter = compose(campaign(), template, holder, writer=writer, district_place=home,
                     story="", today=TODAY)  # fmt: skip
    return Addressed(letter, writer, office)


def blocks(item: Addressed) -> tuple[list[Piece], list[Piece], list[Piece]]:
    """The text above the address, the address, and the text below it."""
    found = pieces(to_pdf([item]))
    start = next(i for i, piece in enumerate(found) if piece.text.startswith("The Honorable"))
    size = len(inside_address(item.letter.holder, item.office))
    return found[:start], found[start : start + size], found[start + size :]


def members() -> list[Holder]:
    return [holder for holder in tables().holders if holder.member]


def test_no_washington_address_has_more_than_five_lines() -> None:
    assert max(len(inside_address(holder)) for holder in members()) <= 5


@pytest.mark.parametrize("street2", ["", "Apt 4"])
@pytest.mark.parametrize("lines", [3, 4, 5])
def test_the_address_is_inside_the_window(lines: int, street2: str) -> None:
    holder = next(h for h in members() if len(inside_address(h)) == lines)
    above, address, below = blocks(addressed(holder, street2=street2))
    assert address[0].y - CAPITAL >= TOP + CLEAR
    assert address[-1].y + DESCENDER <= BOTTOM - CLEAR
    assert all(piece.x >= LEFT + CLEAR for piece in address)
    # Nothing of the writer shows, and nothing of the letter.
    assert max(piece.y for piece in above) + DESCENDER <= TOP
    assert min(piece.y for piece in below) - CAPITAL >= BOTTOM


LONG = {
    "street": "Rämistrasse 71, Gebäude KOL-Nordflügel, Zimmer 1234567, Institut für lange Namen",
    "street2": "c/o Frau Dr. Müller-Lüdenscheidt von und zu Hohenzollern-Sigmaringen-Altshausen",
    "city": "8006 Zürich, Schweizerische Eidgenossenschaft, Switzerland",
}


@pytest.mark.parametrize(
    "writer",
    [
        LONG,
        {"street": "W" * 120, "street2": "M" * 120, "city": "X" * 100},
        {"street": "רחוב הרצל 12", "street2": "דירה 4", "city": "תל אביב"},
        {"street": "台北市信義區市府路1號", "street2": "二樓", "city": "臺北"},
        {"street": "PSC 88 Box 1203", "street2": "Unit 1", "city": "APO"},
    ],
)
@pytest.mark.parametrize("lines", [3, 4, 5])
def test_a_long_or_foreign_return_address_keeps_the_address_in_the_window(
    lines: int, writer: dict[str, str]
) -> None:
    holder = next(h for h in members() if len(inside_address(h)) == lines)
    above, address, below = blocks(addressed(holder, None, **writer))
    assert max(piece.y for piece in above) + DESCENDER <= TOP
    assert address[0].y - CAPITAL >= TOP + CLEAR
    assert address[-1].y + DESCENDER <= BOTTOM - CLEAR
    assert min(piece.y for piece in below) - CAPITAL >= BOTTOM


def local_offices() -> list[tuple[Holder, Office]]:
    """The longest, the widest and a few others."""
    found = [(h, o) for h in members() if h.member for o in h.member.local_offices]

    def size(pair: tuple[Holder, Office]) -> tuple[int, int]:
        lines = inside_address(*pair)
        return len(lines), len(max(lines, key=len))

    found.sort(key=size)
    widest = sorted(found, key=lambda pair: size(pair)[1])[-5:]
    return [*found[-4:], *widest, *found[::300]]


def test_every_kind_of_local_address_fits_the_window() -> None:
    for holder, office in local_offices():
        top, bottom, right = ink_of(addressed(holder, office, **LONG))
        where = inside_address(holder, office)
        assert top >= TOP + CLEAR, where
        assert bottom <= BOTTOM - CLEAR, where
        assert right <= RIGHT - CLEAR, where


def test_the_widest_washington_addresses_fit_the_window() -> None:
    widest = sorted(members(), key=lambda h: len(max(inside_address(h), key=len)))[-6:]
    for holder in widest:
        _top, _bottom, right = ink_of(addressed(holder))
        assert right <= RIGHT - CLEAR, inside_address(holder)


PPI = 144


def ink_of(item: Addressed) -> tuple[float, float, float]:
    """Top, bottom and right edge, in inches, of the ink where the window may be."""
    data = template_data(postal(item.letter, item.writer, item.office))
    first = draw("letter.typ", {"language": "en", "letters": [data]}, ppi=PPI)[0]
    page = Image.open(io.BytesIO(first)).convert("L").point(lambda v: 255 * (v < 200))
    ink = page.crop((0, int((TOP + 0.04) * PPI), page.width, int(BOTTOM * PPI))).getbbox()
    assert ink is not None
    return ink[1] / PPI + TOP + 0.04, ink[3] / PPI + TOP + 0.04, ink[2] / PPI
