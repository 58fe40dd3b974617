"""The real campaign and the real seats, and a short way to compose a letter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from app.campaign.compose import compose
from app.campaign.entities import Campaign, Letter, Writer
from app.campaign.load import load_campaign
from app.congress.model import Delegation
from app.congress.tables import Tables, load_tables

ROOT = Path(__file__).resolve().parents[2]
LETTERS = ROOT / "letters" / "protect-immigration-act"
SHARED = ROOT.parent / "shared"

PENDING = date(2026, 10, 1)
LAST_WEEKS = date(2026, 11, 25)
ENDING = date(2026, 12, 20)
EXPIRED = date(2027, 2, 1)
DAYS = {"pending": PENDING, "last_weeks": LAST_WEEKS, "ending": ENDING, "expired": EXPIRED}

WRITER = Writer(first="Ana", last="Lee", street="1 Elm St", city="Springfield")

LetterTo = Callable[..., Letter]


@pytest.fixture(scope="session")
def campaign() -> Campaign:
    return load_campaign(LETTERS)


@pytest.fixture(scope="session")
def tables() -> Tables:
    return load_tables()


def place_of(tables: Tables, seat_id: str) -> Delegation:
    """A delegation to which the seat belongs."""
    holder = tables.holder(seat_id)
    assert holder is not None
    seat = holder.seat
    district = seat.district if seat.district is not None else tables.districts(seat.state)[0]
    delegation = tables.delegation(seat.state, district)
    assert delegation is not None
    return delegation


@pytest.fixture(scope="session")
def letter_to(campaign: Campaign, tables: Tables) -> LetterTo:
    """``letter_to("CA-12", today=…, template=…, length=…, story=…, writer=…)``."""

    def make(
        seat_id: str,
        today: date = LAST_WEEKS,
        *,
        template: str = "general",
        length: str = "full",
        story: str = "",
        writer: Writer = WRITER,
        body_override: str | None = None,
    ) -> Letter:
        holder = tables.holder(seat_id)
        assert holder is not None
        chosen = campaign.template(template, "short" if length == "short" else "full")
        assert chosen is not None
        return compose(
            campaign,
            chosen,
            holder,
            writer=writer,
            district_place=place_of(tables, seat_id),
            story=story,
            today=today,
            body_override=body_override,
        )

    return make
