"""How a member is addressed on an envelope and greeted in a letter.

A constituent writes to the Speaker or the President pro tempore as to any other member: the
forms of those offices are for writing about the office.
"""

from __future__ import annotations

from app.congress.model import STATES, Holder, Member, Office
from app.congress.seats import ordinal


def _member_of(holder: Holder) -> Member:
    if holder.member is None:
        raise ValueError(f"{holder.seat.id} is vacant: no letter can be addressed to it.")
    return holder.member


def inside_address(holder: Holder, office: Office | None = None) -> tuple[str, ...]:
    """The inside address, line by line; no line is ever empty.

    ``office`` is one of the member's local offices; without it the letter goes to Washington.
    Sources: US ITA "Models of Address and Salutation"; the commissioner's own line is custom.
    Raises ``ValueError`` for a vacant seat, to which nothing is written.
    """
    member = _member_of(holder)
    place = office or member.washington
    return (f"The Honorable {member.full_name}", *(line for line in place.lines if line.strip()))


def salutation(holder: Holder) -> str:
    """``Dear Senator Padilla:``, ``Dear Delegate Norton:``. Raises ``ValueError`` when vacant."""
    return f"Dear {titled_name(holder)}:"


def titled_name(holder: Holder) -> str:
    """``Representative Wasserman Schultz``: title and surname. ``ValueError`` when vacant."""
    return f"{holder.seat.title} {_member_of(holder).last}"


def seat_name(holder: Holder) -> str:
    """The seat in words: ``California’s 12th district``, ``Vermont, at large``, ``Guam``."""
    seat = holder.seat
    state = STATES[seat.state]
    if seat.chamber == "senate" or seat.is_delegate:
        return state
    return f"{state}’s {ordinal(seat.district)} district" if seat.district else f"{state}, at large"
