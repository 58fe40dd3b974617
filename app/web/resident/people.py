"""Seats and members in words, in the language of the request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.campaign.words import state_words
from app.congress.model import Candidate, Choose, Holder
from app.congress.names import seat_code
from app.congress.tables import Tables
from app.site.i18n import gettext as _
from app.site.i18n import language, long_date


@dataclass(frozen=True, slots=True)
class SeatInWords:
    """A seat and its member, in words. ``note`` is empty if there is nothing to note."""

    seat: str
    title_name: str
    role: str
    note: str
    """A note on the member's term; for a seat without a member, why no one can be written to."""
    vacant: bool
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class District:
    """One district to choose from, in words. ``share`` is empty if it is not known."""

    number: int
    name: str
    who: str
    share: str
    bar: str
    """The CSS class for the length of the share's bar: ``b0`` to ``b10``."""
    ended: str


def title_name(holder: Holder) -> str:
    """``Senator Alex Padilla``; for a seat without a member, that it is vacant or not listed."""
    if holder.member is None:
        return _("Name not listed yet") if holder.awaited else _("Vacant seat")
    name = holder.member.full_name
    return {
        "Senator": _("Senator %(name)s", name=name),
        "Representative": _("Representative %(name)s", name=name),
        "Delegate": _("Delegate %(name)s", name=name),
        "Resident Commissioner": _("Resident Commissioner %(name)s", name=name),
    }[holder.seat.title]


def state_name(code: str, *, in_a_sentence: bool = False) -> str:
    """A state in the reader's language; with its article in a sentence, as in ``the District of
    Columbia``."""
    return state_words(code, language(), article=in_a_sentence)


def role(holder: Holder) -> str:
    """What the seat is: ``House of Representatives, California, district 12``."""
    seat = holder.seat
    state = state_name(seat.state)
    if seat.chamber == "senate":
        return _("Senate, %(state)s", state=state)
    if seat.is_delegate:
        return _("House of Representatives, for all of %(state)s",
                 state=state_name(seat.state, in_a_sentence=True))  # fmt: skip
    if seat.district == 0:
        return _("House of Representatives, %(state)s (the whole state)", state=state)
    return _("House of Representatives, %(state)s, district %(number)d",
             state=state, number=seat.district)  # fmt: skip


def term_note(holder: Holder, today: date, tables: Tables) -> str:
    """That the listed term has ended, with the list's date; empty while the term runs."""
    if holder.member is None or not holder.term_ended(today):
        return ""
    return _(
        "Their listed term ended on %(end)s. Our list is dated %(list)s. Check that this is "
        "still the right person.",
        end=long_date(holder.member.term_end), list=long_date(tables.as_of),
    )  # fmt: skip


def no_letter(holder: Holder, tables: Tables) -> str:
    """Why there is no letter to this seat, with the date of the list."""
    if not holder.awaited:
        return _("This seat was vacant on %(list)s, the day of our list.",
                 list=long_date(tables.as_of))  # fmt: skip
    if tables.as_of < tables.begins:
        return _(
            "Our list of %(list)s is older than this Congress, which began on %(day)s. It does "
            "not say who holds this seat now.",
            day=long_date(tables.begins), list=long_date(tables.as_of),
        )  # fmt: skip
    return _("Our list of %(list)s does not have its member’s name yet.",
             list=long_date(tables.as_of))  # fmt: skip


def seat_in_words(
    holder: Holder, today: date, tables: Tables, to: tuple[str, ...] | None = None
) -> SeatInWords:
    """The holder in words; ``chosen`` unless ``to`` omits its seat."""
    seat = holder.seat.id
    return SeatInWords(
        seat=seat,
        title_name=title_name(holder),
        role=role(holder),
        note=no_letter(holder, tables) if holder.vacant else term_note(holder, today, tables),
        vacant=holder.vacant,
        chosen=to is None or seat in to,
    )


def district_name(state: str, number: int) -> str:
    """``District 12 (CA-12)``; ``The whole state (VT-AL)``."""
    if not number:
        return _("The whole state (%(code)s)", code=seat_code(state, number))
    return _("District %(number)d (%(code)s)", number=number, code=seat_code(state, number))


def district(candidate: Candidate, today: date, tables: Tables) -> District:
    """The candidate in words, with its share of the ZIP's people (or land) in whole percent."""
    holder, share = candidate.holder, candidate.share
    words = ""
    if share is not None and share < 0.01:
        words = (
            _("Less than 1% of this ZIP code’s land") if candidate.by_land
            else _("Less than 1% of this ZIP code’s people")
        )  # fmt: skip
    elif share is not None:
        percent = min(99, round(share * 100))
        words = (
            _("%(share)d%% of this ZIP code’s land", share=percent) if candidate.by_land
            else _("%(share)d%% of this ZIP code’s people", share=percent)
        )  # fmt: skip
    return District(
        number=candidate.district,
        name=district_name(holder.seat.state, candidate.district),
        who=title_name(holder) if holder.member else _no_letter_but_senators(holder, tables),
        share=words,
        bar=f"b{round(share * 10)}" if share is not None else "",
        ended=term_note(holder, today, tables),
    )  # fmt: skip


def _no_letter_but_senators(holder: Holder, tables: Tables) -> str:
    """Why there is no letter to this seat, and to which of the state's senators there is one."""
    reason = no_letter(holder, tables)
    left = [one for one in tables.senators(holder.seat.state) if not one.vacant]
    if len(left) == 1:
        return _("%(reason)s You can write to %(name)s.", reason=reason, name=title_name(left[0]))
    return _("%(reason)s You can write to your senators.", reason=reason) if left else reason


def small_share(outcome: Choose, candidate: Candidate, zip5: str) -> str:
    """``About 2 in 100 people of 01862 live in MA-6.``, for a district with few of them."""
    code, share = seat_code(outcome.state, candidate.district), candidate.share or 0
    if candidate.by_land or candidate.share is None:
        return _("A small part of the land of %(zip)s is in %(code)s.", zip=zip5, code=code)
    if share < 0.001:
        return _("Fewer than 1 in 1,000 people of %(zip)s live in %(code)s.", zip=zip5, code=code)
    count, of = (round(share * 100), "100") if share >= 0.01 else (round(share * 1000), "1,000")
    return _("About %(count)d in %(of)s people of %(zip)s live in %(code)s.",
             count=count, of=of, zip=zip5, code=code)  # fmt: skip


def states_in_words(codes: tuple[str, ...]) -> str:
    """``Alabama`` or ``Alabama or Georgia``."""
    names = [state_name(code, in_a_sentence=True) for code in codes]
    if len(names) < 2:
        return "".join(names)
    return _("%(some)s or %(last)s", some=", ".join(names[:-1]), last=names[-1])
