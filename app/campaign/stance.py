"""What a member has done on the bill, from the campaign's dated lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from app.campaign.model import Campaign, RelatedBill, Stance
from app.campaign.words import ordinal
from app.congress.model import Member

NO_STANCE = Stance("none")


@dataclass(frozen=True, slots=True)
class Backing:
    """One line of a list: a person put their name to a bill on a day."""

    bioguide: str
    name: str
    bill: str
    """``current``, or the id of a ``RelatedBill``."""
    role: Literal["sponsor", "cosponsor"]
    day: date


CURRENT = "current"


def stance_of(campaign: Campaign, member: Member) -> Stance:
    """The member's stance; ``none`` for anyone on no list. Names of parties play no part."""
    return campaign.stances.get(member.bioguide, NO_STANCE)


def stances_from(backings: Iterable[Backing], related: dict[str, RelatedBill]) -> dict[str, Stance]:
    """One stance for each person on the lists.

    The present counts before the past: who sponsors or cosponsors the bill now is thanked for
    that; else who backs the bill for the opposite; else who backed an earlier version.
    """
    by_person: dict[str, list[Backing]] = {}
    for backing in backings:
        by_person.setdefault(backing.bioguide, []).append(backing)
    return {person: _stance(lines, related) for person, lines in by_person.items()}


def _stance(lines: list[Backing], related: dict[str, RelatedBill]) -> Stance:
    now = sorted((line for line in lines if line.bill == CURRENT), key=lambda b: b.day)
    if now:
        return Stance(now[0].role, since=now[0].day)
    opposing = [line for line in lines if related[line.bill].kind == "opposes"]
    chosen = opposing or lines
    chosen.sort(key=lambda line: (related[line.bill].congress, line.day))
    bills = [related[line.bill] for line in chosen]
    return Stance(
        "opposes" if opposing else "earlier",
        since=chosen[-1].day,
        bills=tuple(_printed(bill) for bill in bills),
        led=any(line.role == "sponsor" for line in chosen),
        related=tuple(bill.id for bill in bills),
    )


def _printed(bill: RelatedBill) -> str:
    number = bill.number or f"{bill.chamber.title()} bill without a known number"
    return f"{number} ({ordinal(bill.congress)} Congress)"
