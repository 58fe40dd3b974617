"""Which stage the bill is in on a day, and where a member stands on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from app.campaign.entities import Campaign, RelatedBill, StageName, Stance
from app.campaign.words import CHAMBERS_ES, Language, ordinal
from app.congress.model import Chamber, Member, as_moment, day_in_washington

NO_STANCE = Stance("none")


@dataclass(frozen=True, slots=True)
class Backing:
    """One line of a list: a member signed on to a bill on a day."""

    bioguide: str
    name: str
    bill: str
    """``current``, or the id of a ``RelatedBill``."""
    role: Literal["sponsor", "cosponsor"]
    day: date


CURRENT = "current"


def stance_of(campaign: Campaign, member: Member) -> Stance:
    """The member's stance; ``none`` for anyone on no list. Party plays no part."""
    return campaign.stances.get(member.bioguide, NO_STANCE)


def stances_from(backings: Iterable[Backing], related: dict[str, RelatedBill]) -> dict[str, Stance]:
    """One stance for each person on the lists.

    The present outranks the past: backing the current bill comes first, then backing an opposing
    bill, then having backed an earlier version.
    """
    by_person: dict[str, list[Backing]] = {}
    for backing in backings:
        by_person.setdefault(backing.bioguide, []).append(backing)
    return {person: _stance(lines, related) for person, lines in by_person.items()}


def _stance(lines: list[Backing], related: dict[str, RelatedBill]) -> Stance:
    current = sorted((line for line in lines if line.bill == CURRENT), key=lambda b: b.day)
    if current:
        return Stance(current[0].role, since=current[0].day)
    opposing = [line for line in lines if related[line.bill].kind == "opposes"]
    chosen = opposing or lines
    chosen.sort(key=lambda line: (related[line.bill].congress, line.day))
    return Stance(
        "opposes" if opposing else "earlier",
        since=chosen[-1].day,
        led=any(line.role == "sponsor" for line in chosen),
        related=tuple(related[line.bill].id for line in chosen),
    )


def bill_names(campaign: Campaign, stance: Stance, language: Language = "en") -> tuple[str, ...]:
    """The bills of a stance as printed: ``S. 567 (117th Congress)``."""
    return tuple(_printed(campaign.related[bill], language) for bill in stance.related)


def _printed(bill: RelatedBill, language: Language) -> str:
    congress = ordinal(bill.congress, language)
    if language == "es":
        place = CHAMBERS_ES[bill.chamber]
        return f"{bill.number or f'proyecto sin número conocido, {place}'} ({congress} Congreso)"
    number = bill.number or f"{bill.chamber.title()} bill without a known number"
    return f"{number} ({congress} Congress)"


def stage_of(campaign: Campaign, when: date) -> StageName:
    """The stage at an aware datetime, to the second; a plain day means noon in Washington.

    The Congress and its bills end at noon, so its last morning still belongs to the last weeks.
    """
    day = day_in_washington(when)
    if campaign.enacted is not None and day >= campaign.enacted:
        return "enacted"
    if has_ended(campaign, when):
        return "expired"
    return "last_weeks" if day >= campaign.last_weeks_from else "pending"


def has_ended(campaign: Campaign, when: date) -> bool:
    """Whether the campaign's Congress has ended at ``when`` (read as in ``stage_of``)."""
    return as_moment(when) >= campaign.ends


def is_ending(campaign: Campaign, chamber: Chamber, when: date) -> bool:
    """Whether the chamber's planned last day has passed while the bill can still pass."""
    past = campaign.last_day[chamber] < day_in_washington(when)
    return past and stage_of(campaign, when) in ("pending", "last_weeks")


Moment = Literal["pending", "last_weeks", "ending", "expired", "enacted"]
"""A wording that a letter can need: one for each stage, and ``ending``, which is between both
chambers' planned last day and the end of the Congress."""


def moment_of(campaign: Campaign, when: date, chamber: Chamber | None = None) -> Moment:
    """The moment at ``when``, in one chamber or, without ``chamber``, in both."""
    chambers = [chamber] if chamber else campaign.last_day
    ending = all(is_ending(campaign, one, when) for one in chambers)
    return "ending" if ending else stage_of(campaign, when)


def moments(campaign: Campaign) -> tuple[tuple[Moment, date], ...]:
    """One day for each moment that the campaign can have. A law has none after the day on which
    it became law."""
    day = timedelta(days=1)
    found: tuple[tuple[Moment, date], ...] = (
        ("pending", campaign.last_weeks_from - day),
        ("last_weeks", campaign.last_weeks_from),
        ("ending", max(campaign.last_day.values()) + day),
        ("expired", campaign.ends.date() + day),
    )
    law = campaign.enacted
    if law is None:
        return found
    return (*((moment, day) for moment, day in found if day < law), ("enacted", law))
