"""A handful of seats instead of all 541, for tests that are not about the whole Congress."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from app.campaign.check import Report, check_campaign
from app.campaign.survey import AskGroup, survey
from app.cli import letter_commands
from app.congress.model import Holder
from app.congress.tables import Tables
from app.web.organizer import campaign_check, letters_shelf

SEATS = ("IL-5", "WA-7", "TX-27", "CA-12", "OH-4", "DC-0", "CA-S3", "NJ-S2")
"""A sponsor, a cosponsor, an opponent, a member on no list, a committee chair, a delegate, and two
senators: one who backed an earlier bill, and one who did not."""


@dataclass(frozen=True)
class Few:
    """Stands in for the tables, with only some seats."""

    holders: tuple[Holder, ...]

    @classmethod
    def of(cls, tables: Tables) -> Few:
        found = [tables.holder(seat) for seat in SEATS]
        return cls(tuple(holder for holder in found if holder is not None))


@pytest.fixture
def every_seat() -> Iterator[None]:
    """Requested by tests whose pages check letters to the whole Congress."""
    for clear in (campaign_check._cache.clear, letters_shelf._survey.cache_clear):
        clear()
    yield
    for clear in (campaign_check._cache.clear, letters_shelf._survey.cache_clear):
        clear()


@pytest.fixture(autouse=True)
def few_seats(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages check letters to a few seats, in their own process, unless the test requests
    ``every_seat``."""
    if "every_seat" in request.fixturenames:
        return

    def some(holders: Iterable[Holder]) -> tuple[Holder, ...]:
        return tuple(holder for holder in holders if holder.seat.id in SEATS)

    def check_some(campaign: Any, holders: tuple[Holder, ...], **how: Any) -> Report:
        return check_campaign(campaign, some(holders), **how)

    def survey_some(
        campaign: Any, template: Any, holders: tuple[Holder, ...], **how: Any
    ) -> tuple[AskGroup, ...]:
        return survey(campaign, template, some(holders), **how)

    def run_here(
        work: Callable[..., Iterator[Any]], *args: Any, holders: tuple[Holder, ...]
    ) -> Iterator[Any]:
        return work(*args, holders=some(holders))

    monkeypatch.setattr(campaign_check, "pieces_from_subprocess", run_here)
    monkeypatch.setattr(letter_commands, "check_campaign", check_some)
    monkeypatch.setattr(letters_shelf, "survey", survey_some)
