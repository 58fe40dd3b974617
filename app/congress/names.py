"""How to address and greet a member, what seats are called, and what the outcomes' codes mean.

A constituent addresses the Speaker or the President pro tempore like any other member; the forms
of address for those offices are for letters about the office.
"""

from __future__ import annotations

from app.congress.model import STATES, Holder, Member, Office, ordinal
from app.text import mark as _mark


def _member_of(holder: Holder) -> Member:
    if holder.member is None:
        raise ValueError(f"{holder.seat.id} is vacant: no letter can be addressed to it.")
    return holder.member


def inside_address(holder: Holder, office: Office | None = None) -> tuple[str, ...]:
    """The inside address, line by line; no line is ever empty.

    ``office`` is one of the member's local offices; without it the letter goes to Washington.
    Sources: US ITA "Models of Address and Salutation"; the resident commissioner's line follows
    custom. Raises ``ValueError`` for a vacant seat.
    """
    member = _member_of(holder)
    lines = (office or member.washington).lines
    return (f"The Honorable {member.full_name}", *(line for line in lines if line.strip()))


def salutation(holder: Holder) -> str:
    """``Dear Senator Padilla:``, ``Dear Delegate Norton:``. Raises ``ValueError`` if vacant."""
    return f"Dear {titled_name(holder)}:"


def titled_name(holder: Holder) -> str:
    """Title and surname: ``Representative Wasserman Schultz``. Raises ``ValueError`` if vacant."""
    return f"{holder.seat.title} {surname(_member_of(holder))}"


def surname(member: Member) -> str:
    """The surname as the official name prints it.

    Pablo José Hernández is listed under Hernández Rivera; a letter with one name on the envelope
    and another in the greeting reads as if meant for someone else.
    """
    words = member.last.split()
    while words and " ".join(words) not in member.full_name:
        words.pop()
    return " ".join(words) or member.last


def seat_name(holder: Holder) -> str:
    """The seat in words: ``California’s 12th district``, ``Vermont, at large``, ``Guam``."""
    seat = holder.seat
    state = STATES[seat.state]
    if seat.chamber == "senate" or seat.is_delegate:
        return state
    return f"{state}’s {ordinal(seat.district)} district" if seat.district else f"{state}, at large"


NOTICES: dict[str, str] = {
    "invalid_district": _mark(
        "That district is not in your state. Choose again. Nothing else was changed."
    ),
    "inactive_zip": _mark(
        "The Postal Service says this ZIP code is no longer used. Check it, then continue."
    ),
    "state_confirmed": _mark(
        "We used the state you chose, although this ZIP code is listed in another."
    ),
    "home_state": _mark("This ZIP code is outside the states. We used the home state you chose."),
    "unlisted_zip": _mark(
        "We cannot find this ZIP code. We used the state you chose. Check the ZIP code."
    ),
    "term_ended": _mark(
        "The listed term of one of these members has ended. They may have been replaced since. "
        "Check before you write."
    ),
}
"""Codes of ``Found.notice`` and ``Choose.notice``, most important first; only one is given."""

STREET_REASONS: dict[str, str] = {
    "timeout": _mark("The address lookup timed out."),
    "unreachable": _mark("We could not reach the address lookup."),
    "busy": _mark("The address lookup is busy with other people’s addresses right now."),
    "bad_reply": _mark("The address lookup gave an answer we could not use."),
    "provider": _mark("The address lookup is not set up correctly."),
    "no_match": _mark(
        "The address lookup cannot find this street address. P.O. boxes and new streets are "
        "often missing."
    ),
    "no_district": _mark("The address lookup found the address, but no district."),
    "wrong_congress": _mark(
        "The address lookup gave district lines that are not in force in this state today."
    ),
    "other_state": _mark("The address lookup found this address in a different state."),
}
"""Codes of ``Unavailable.reason``: why the street did not settle the district."""


def seat_code(state: str, district: int) -> str:
    """A district as people write it: ``CA-12``, ``VT-AL`` at large, ``DC-AL`` for a delegate."""
    return f"{state}-{district or 'AL'}"
