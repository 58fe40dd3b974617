"""Which ask each seat gets at each moment, and whose letter an edit changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from app.campaign.asks import AskWords, ask_words, values_for
from app.campaign.check import SAMPLE_WRITER
from app.campaign.compose import make_draft
from app.campaign.entities import Ask, Campaign, LetterTemplate
from app.campaign.stance import Moment, moments
from app.campaign.values import Values, writer_values
from app.congress.model import Holder


@dataclass(frozen=True, slots=True)
class AskGroup:
    """The seats that get one ask at one moment."""

    moment: Moment
    ask: Ask
    seats: int
    changed: int
    """How many of them get a different letter than before."""
    example: Holder
    """One whose letter changes, if any does."""
    before: tuple[str, ...]
    """The example's live paragraphs; empty if there is no letter to compare with."""
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
    """Compose ``template`` for every seat at every moment, and group the results by ask.

    ``before`` is the live letter. Groups are ordered by moment, then by descending number of
    seats. Vacant seats get no letter and are in no group.
    """
    tallies: dict[tuple[Moment, str], _Tally] = {}
    settings_differ = before is not None and (
        replace(campaign, templates={}) != replace(before[0], templates={})
    )
    days = moments(campaign)
    for moment, today in days:
        for holder in holders:
            if holder.member is None:
                continue
            values = _values(campaign, template, holder, today)
            words = ask_words(campaign, values, template.length)
            draft = make_draft(campaign, template, values, words=words)
            after = (draft.subject, *draft.frame)
            live = _live(before, holder, today, (values, words), settings_differ=settings_differ)
            tally = tallies.setdefault((moment, words.ask.id), _Tally(words.ask))
            tally.seats += 1
            changed = bool(live) and live != after
            tally.changed += changed
            if tally.example is None or (changed and tally.changed == 1):
                tally.example = (holder, live, after)
    order = {moment: index for index, (moment, _day) in enumerate(days)}
    groups = []
    for (moment, _id), tally in tallies.items():
        assert tally.example is not None
        groups.append(AskGroup(moment, tally.ask, tally.seats, tally.changed, *tally.example))
    return tuple(sorted(groups, key=lambda g: (order[g.moment], -g.seats)))


def _values(campaign: Campaign, template: LetterTemplate, holder: Holder, today: date) -> Values:
    values = values_for(campaign, holder, today=today, length=template.length)
    return values | writer_values(SAMPLE_WRITER, holder.seat.state)


def _live(
    before: tuple[Campaign, LetterTemplate] | None,
    holder: Holder,
    today: date,
    edited: tuple[Values, AskWords],
    *,
    settings_differ: bool,
) -> tuple[str, ...]:
    """The live subject and paragraphs. Reuses the ``edited`` values and words unless the two
    campaigns differ in more than their letters."""
    if before is None:
        return ()
    campaign, template = before
    values, words = edited
    if settings_differ:
        values = _values(campaign, template, holder, today)
        words = ask_words(campaign, values, template.length)
    draft = make_draft(campaign, template, values, words=words)
    return (draft.subject, *draft.frame)
