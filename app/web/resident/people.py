"""Seats and members as a page names them, in the language of the request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.congress import STATES, Candidate, Holder, Tables
from app.site.i18n import gettext as _
from app.site.i18n import long_date


@dataclass(frozen=True, slots=True)
class Person:
    """A seat with whoever sits in it, in words. ``note`` is empty where nothing needs saying."""

    seat: str
    title_name: str
    role: str
    note: str
    vacant: bool
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class District:
    """One district to choose, in words. ``share`` is empty where the land share is not known."""

    number: int
    name: str
    who: str
    share: str
    bar: str
    """The class of a bar as long as the share: ``b0`` to ``b10``."""
    ended: str


def title_name(holder: Holder) -> str:
    """``Senator Alex Padilla``; for a vacant seat, that it is vacant."""
    if holder.member is None:
        return _("Vacant seat")
    name = holder.member.full_name
    return {
        "Senator": _("Senator %(name)s", name=name),
        "Representative": _("Representative %(name)s", name=name),
        "Delegate": _("Delegate %(name)s", name=name),
        "Resident Commissioner": _("Resident Commissioner %(name)s", name=name),
    }[holder.seat.title]


def role(holder: Holder) -> str:
    """What the seat is: ``House of Representatives, California, district 12``."""
    seat = holder.seat
    state = STATES[seat.state]
    if seat.chamber == "senate":
        return _("Senate, %(state)s", state=state)
    if seat.is_delegate:
        return _("House of Representatives, for all of %(state)s", state=state)
    if seat.district == 0:
        return _("House of Representatives, %(state)s (the whole state)", state=state)
    return _("House of Representatives, %(state)s, district %(number)d",
             state=state, number=seat.district)  # fmt: skip


def term_note(holder: Holder, today: date, tables: Tables) -> str:
    """That the listed term is over, with the date of the list; empty while it runs."""
    if holder.member is None or not holder.term_ended(today):
        return ""
    return _(
        "The listed term ended on %(end)s. Our list is of %(list)s: please check that this is "
        "still the right person.",
        end=long_date(holder.member.term_end), list=long_date(tables.as_of),
    )  # fmt: skip


def person(
    holder: Holder, today: date, tables: Tables, to: tuple[str, ...] | None = None
) -> Person:
    """The holder in words; ``chosen`` unless ``to`` leaves it out."""
    seat = holder.seat.id
    return Person(
        seat=seat,
        title_name=title_name(holder),
        role=role(holder),
        note=term_note(holder, today, tables),
        vacant=holder.vacant,
        chosen=to is None or seat in to,
    )


def district_name(state: str, number: int) -> str:
    """``District 12 (CA-12)``."""
    return _("District %(number)d (%(code)s)", number=number, code=f"{state}-{number}")


def district(candidate: Candidate, today: date, tables: Tables) -> District:
    """The candidate in words, with its share of the ZIP's land in whole per cent."""
    holder, share = candidate.holder, candidate.share
    words = ""
    if share is not None and share < 0.01:
        words = _("Less than 1% of the ZIP code’s land")
    elif share is not None:
        words = _("%(share)d%% of the ZIP code’s land", share=round(share * 100))
    return District(
        number=candidate.district,
        name=district_name(holder.seat.state, candidate.district),
        who=title_name(holder) if holder.member
        else _("This seat is vacant now. You would write to your senators."),
        share=words,
        bar=f"b{round(share * 10)}" if share is not None else "",
        ended=term_note(holder, today, tables),
    )  # fmt: skip


def states_in_words(codes: tuple[str, ...]) -> str:
    """``Alabama`` or ``Alabama or Georgia``."""
    names = [STATES.get(code, code) for code in codes]
    if len(names) < 2:
        return "".join(names)
    return _("%(some)s or %(last)s", some=", ".join(names[:-1]), last=names[-1])
