"""How many members are asked what: for seeing at a glance what a change does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.campaign.asks import choose_ask
from app.campaign.model import Campaign
from app.campaign.values import recipient_values
from app.congress.model import Holder


@dataclass(frozen=True, slots=True)
class AskMove:
    """How many members one ask reaches before and after a change."""

    ask: str
    summary: str
    before: int
    after: int


def count_asks(campaign: Campaign, holders: Iterable[Holder], today: date) -> Counter[str]:
    """By the id of an ask how many members it reaches on ``today``."""
    return Counter(
        choose_ask(campaign, recipient_values(campaign, h, today=today, length="full")).id
        for h in holders
        if h.member is not None
    )


def compare_asks(
    before: Campaign, after: Campaign, holders: tuple[Holder, ...], today: date
) -> tuple[AskMove, ...]:
    """Every ask that reaches somebody before or after, in the order of ``after``."""
    old, new = count_asks(before, holders, today), count_asks(after, holders, today)
    summaries = {ask.id: ask.summary for ask in (*after.asks, *before.asks)}
    order = dict.fromkeys([*(a.id for a in after.asks), *(a.id for a in before.asks)])
    return tuple(
        AskMove(ask, summaries[ask], old[ask], new[ask]) for ask in order if old[ask] or new[ask]
    )
