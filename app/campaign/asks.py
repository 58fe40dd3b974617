"""The one thing asked of one recipient: the first ask whose condition matches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from app.campaign.entities import Addition, Ask, Campaign, Length, Spoken
from app.campaign.language import Parsed, compiled, first_match, parse_condition
from app.campaign.stance import moment_of
from app.campaign.values import Values, recipient_values
from app.campaign.words import Language, one_line, said
from app.congress.model import Holder


def ask_for(campaign: Campaign, holder: Holder, today: date) -> Ask:
    """The ask of ``holder`` on ``today`` in its final wording.

    ``text``, ``opening`` and ``short`` are rendered for this recipient in both languages, and the
    text includes any matching addition, such as one for committee members. ``holder`` must have a
    member.
    """
    full = values_for(campaign, holder, today=today, length="full")
    spanish = values_for(campaign, holder, today=today, length="full", language="es")
    words, words_es = ask_words(campaign, full, "full"), ask_words(campaign, spanish, "full", "es")
    return replace(
        words.ask,
        opening=words.opening,
        opening_es=words_es.opening,
        text=words.text,
        text_es=words_es.text,
        short=ask_words(campaign, {**full, "length": "short"}, "short").text,
        short_es=ask_words(campaign, {**spanish, "length": "short"}, "short", "es").text,
    )


def values_for(
    campaign: Campaign, holder: Holder, *, today: date, length: Length, language: Language = "en"
) -> Values:
    """Every field that does not depend on the writer, including ``time_note``."""
    values = recipient_values(campaign, holder, today=today, length=length, language=language)
    moment = moment_of(campaign, today, holder.seat.chamber)
    note = campaign.time_notes.get(moment, "")
    if language == "es":
        note = campaign.time_notes.get(f"{moment}_es", note)
    values["time_note"] = _render(campaign, note, values)
    return values


@dataclass(frozen=True, slots=True)
class AskWords:
    """The chosen ask, worded for one recipient in one length and language."""

    ask: Ask
    opening: str
    text: str
    thanks: str = ""


def choose_ask(campaign: Campaign, values: Values) -> Ask:
    """The first ask of the stage whose condition matches, not yet rendered.

    ``load_campaign`` ensures that each stage's last ask matches everyone.
    """
    asks = [ask for ask in campaign.asks if values["stage"] in ask.stages]
    index = first_match(tuple(ask.when for ask in asks), tuple(campaign.facts), values)
    if index is None:
        raise LookupError(f"no ask fits in stage {values['stage']}")
    return asks[index]


def ask_words(
    campaign: Campaign, values: Values, length: Length, language: Language = "en"
) -> AskWords:
    """The ask for ``values`` with its opening and the matching addition, if any.

    The short form has no separate opening: its text includes one.
    """
    ask = choose_ask(campaign, values)
    addition = _addition(campaign, values)
    short = length == "short" and bool(ask.short)
    text = (short and said(ask, "short", language)) or said(ask, "text", language)
    opening = "" if short else said(ask, "opening", language)
    words = _render(campaign, text, values)
    if addition is not None:
        more = said(addition, "short" if length == "short" else "text", language)
        words = f"{words} {_render(campaign, more, values)}".rstrip()
    thanks = said(ask, "thanks", language)
    return AskWords(
        ask, _render(campaign, opening, values), words, _render(campaign, thanks, values)
    )


def fields_of_asks(campaign: Campaign) -> tuple[str, ...]:
    """The fields that ``ask_words`` may print or test, for any recipient."""
    facts = tuple(campaign.facts)
    parts: list[tuple[Ask | Addition, tuple[str, ...]]]
    parts = [(ask, ("opening", "text", "short", "thanks")) for ask in campaign.asks]
    parts += [(addition, ("text", "short")) for addition in campaign.additions]
    fields = {"stage"}  # each part lists its stages next to its condition
    for part, names in parts:
        condition = parse_condition(part.when, facts=facts)
        fields |= condition.fields if isinstance(condition, Parsed) else set()
        for name in names:
            for end in ("", "_es"):
                fields |= compiled(getattr(part, name + end), facts, "ask").fields
    return tuple(fields)


def spoken_words(campaign: Campaign, ask: Ask, values: Values, language: Language = "en") -> Spoken:
    """What the caller says on the telephone, without the letter's own reason.

    An ask without words for the telephone uses its summary.
    """
    about = campaign.telephone.get("about_es" if language == "es" else "about", "")
    call = said(ask, "call", language) or said(ask, "summary", language)
    return Spoken(_render(campaign, about, values), _render(campaign, call, values))


def _addition(campaign: Campaign, values: Values) -> Addition | None:
    additions = [item for item in campaign.additions if values["stage"] in item.stages]
    index = first_match(tuple(item.when for item in additions), tuple(campaign.facts), values)
    return additions[index] if index is not None else None


def _render(campaign: Campaign, text: str, values: Values) -> str:
    if "{" in text:
        text = compiled(text, tuple(campaign.facts), "ask").render(values)
    return one_line(text)


@dataclass(frozen=True, slots=True)
class AskMove:
    """How many members one ask reaches before and after a change."""

    ask: str
    summary: str
    before: int
    after: int

    @property
    def moved(self) -> bool:
        return self.before != self.after


def count_asks(campaign: Campaign, holders: Iterable[Holder], today: date) -> Counter[str]:
    """How many members each ask reaches on ``today``, by the ask's id."""
    return Counter(
        choose_ask(campaign, recipient_values(campaign, h, today=today, length="full")).id
        for h in holders
        if h.member is not None
    )


def compare_asks(
    before: Campaign, after: Campaign, holders: tuple[Holder, ...], today: date
) -> tuple[AskMove, ...]:
    """Every ask that reaches a member before or after, in the order of ``after``."""
    old, new = count_asks(before, holders, today), count_asks(after, holders, today)
    summaries = {ask.id: ask.summary for ask in (*after.asks, *before.asks)}
    order = dict.fromkeys([*(a.id for a in after.asks), *(a.id for a in before.asks)])
    return tuple(
        AskMove(ask, summaries[ask], old[ask], new[ask]) for ask in order if old[ask] or new[ask]
    )
