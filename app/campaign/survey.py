"""Who gets which ask at which moment, and whose letter a change makes another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from app.campaign.asks import AskWords, ask_words, values_for
from app.campaign.check import SAMPLE_WRITER
from app.campaign.compose import make_draft
from app.campaign.entities import Ask, Campaign, LetterTemplate
from app.campaign.stance import moments
from app.campaign.values import Values, writer_values
from app.congress.model import Holder

Moment = Literal["pending", "last_weeks", "ending", "expired"]
MOMENTS: tuple[Moment, ...] = ("pending", "last_weeks", "ending", "expired")
"""The days of ``stage.moments`` by name: ``ending`` is after the chambers' planned last day."""


@dataclass(frozen=True, slots=True)
class AskGroup:
    """The seats that get one ask at one moment."""

    moment: Moment
    ask: Ask
    seats: int
    changed: int
    """For how many of them the letter reads otherwise than before."""
    example: Holder
    """One whose letter changes, if any does."""
    before: tuple[str, ...]
    """The example's paragraphs as they are; empty where there is no letter to compare with."""
    after: tuple[str, ...]


@dataclass(slots=True)
class _Tally:
    ask: Ask
    seats: int = 0
    changed: int = 0
    example: tuple[Holder, tuple[str, ...], tuple[str, ...]] | None = None


def survey(
    campaign: Campaign,
    template: LetterTemplate,
    holders: Iterable[Holder],
    *,
    before: tuple[Campaign, LetterTemplate] | None = None,
) -> tuple[AskGroup, ...]:
    """Compose ``template`` for every seat at every moment, and group what comes out by ask.

    ``before`` is the letter as it is live now. In the order of moments and, in each, of seats
    by number. Vacant seats get no letter and are in no group.
    """
    tallies: dict[tuple[Moment, str], _Tally] = {}
    # Whether anything but the letters differs.
    apart = before is not None and (
        replace(campaign, templates={}) != replace(before[0], templates={})
    )
    for moment, (_stage, today) in zip(MOMENTS, moments(campaign), strict=True):
        for holder in holders:
            if holder.member is None:
                continue
            values = _values(campaign, template, holder, today)
            words = ask_words(campaign, values, template.length)
            draft = make_draft(campaign, template, values, words=words)
            after = (draft.subject, *draft.frame)
            then = _before(before, holder, today, (values, words), apart=apart)
            tally = tallies.setdefault((moment, words.ask.id), _Tally(words.ask))
            tally.seats += 1
            other = bool(then) and then != after
            tally.changed += other
            if tally.example is None or (other and tally.changed == 1):
                tally.example = (holder, then, after)
    order = {moment: place for place, moment in enumerate(MOMENTS)}
    groups = []
    for (moment, _id), tally in tallies.items():
        assert tally.example is not None
        groups.append(AskGroup(moment, tally.ask, tally.seats, tally.changed, *tally.example))
    return tuple(sorted(groups, key=lambda g: (order[g.moment], -g.seats)))


def _values(campaign: Campaign, template: LetterTemplate, holder: Holder, today: date) -> Values:
    values = values_for(campaign, holder, today=today, length=template.length)
    return values | writer_values(SAMPLE_WRITER, holder.seat.state)


def _before(
    before: tuple[Campaign, LetterTemplate] | None,
    holder: Holder,
    today: date,
    known: tuple[Values, AskWords],
    *,
    apart: bool,
) -> tuple[str, ...]:
    """The paragraphs as they are live. What both campaigns share is not worked out twice."""
    if before is None:
        return ()
    other, template = before
    values, words = known
    if apart:
        values = _values(other, template, holder, today)
        words = ask_words(other, values, template.length)
    draft = make_draft(other, template, values, words=words)
    return (draft.subject, *draft.frame)
