"""Where the bill stands on a given day."""

from __future__ import annotations

from datetime import date, timedelta

from app.campaign.model import Campaign, StageName
from app.congress.model import Chamber


def stage_of(campaign: Campaign, today: date) -> StageName:
    """The stage on ``today``, a date in Washington.

    The day on which the Congress ends (at noon) counts as expired: a letter written that
    morning is read after it.
    """
    if campaign.enacted is not None and today >= campaign.enacted:
        return "enacted"
    if today >= campaign.ends.date():
        return "expired"
    return "last_weeks" if today >= campaign.last_weeks_from else "pending"


def is_ending(campaign: Campaign, chamber: Chamber, today: date) -> bool:
    """Whether the chamber's planned last day has passed while the Congress has not ended."""
    return campaign.last_day[chamber] < today < campaign.ends.date()


def moments(campaign: Campaign) -> tuple[tuple[StageName, date], ...]:
    """One day for every wording that a letter can need: each stage, and the last days of the
    Congress after both chambers' planned last day."""
    day = timedelta(days=1)
    return (
        ("pending", campaign.last_weeks_from - day),
        ("last_weeks", campaign.last_weeks_from),
        ("last_weeks", max(campaign.last_day.values()) + day),
        ("expired", campaign.ends.date() + day),
    )
