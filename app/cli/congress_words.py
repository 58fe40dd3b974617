"""Every outcome of a lookup in words, with the next step, for ``flask congress find``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from app.congress import (
    NOTICES,
    STATES,
    STREET_REASONS,
    Choose,
    ChooseState,
    Disagree,
    Found,
    Holder,
    Outcome,
    OutOfDate,
    Outside,
    Tables,
    Unavailable,
    ZipUnknown,
    seat_name,
    titled_name,
)

HOW_MATCHED = {
    "zip": "by the ZIP code",
    "street": "by the street address",
    "chosen": "as you chose",
}

WHY_CHOOSE = {
    "split": "This ZIP code lies in several districts.",
    "no_row": "This ZIP code (a PO box or a single building) has no district of its own.",
    "state_confirmed": "The ZIP code does not help within this state.",
    "street_ambiguous": "This street address fits places in several districts.",
    "street_failed": "The street address did not settle it; this is what the ZIP code says.",
}

OUTSIDE = {
    "military": (
        "This is a military address. Its district is that of the home where you vote.",
        "Next: find with the ZIP code and the state of your home address in the United States.",
    ),
    "associated_state": (
        "Micronesia, the Marshall Islands and Palau have no seat in Congress.",
        "Next: if you vote in a state, find with the ZIP code and state of your home there.",
    ),
    "foreign": (
        "This is not a US ZIP code.",
        "Next: if you vote in a state, find with the ZIP code and state of your home there.",
    ),
}


def holder_line(holder: Holder) -> str:
    """``CA-12  Representative Simon``, or that the seat is vacant."""
    return f"{holder.seat.id}  {'vacant' if holder.vacant else titled_name(holder)}"


def _details(holder: Holder, today: date) -> Iterator[str]:
    member = holder.member
    if member is None:
        yield f"  {holder.seat.id}: this seat is vacant; write to the others."
        return
    ended = f", listed term ended {member.term_end}: check" if holder.term_ended(today) else ""
    contact = ", ".join(part for part in (member.phone, member.contact_url) if part)
    yield f"  {holder.seat.id}: {holder.seat.title} {member.full_name}{ended}"
    yield f"    {', '.join(member.washington.lines)}"
    if contact:
        yield f"    {contact}"


def _found(outcome: Found, tables: Tables, today: date) -> Iterator[str]:
    delegation = outcome.delegation
    yield (
        f"Found {HOW_MATCHED[outcome.match]}: {seat_name(delegation.house)} "
        f"({delegation.state}-{delegation.district}), members as of {tables.as_of}."
    )
    for holder in delegation.holders:
        yield from _details(holder, today)
    if not delegation.senate:
        yield f"{STATES[delegation.state]} has no senators: one letter."


def _choose(outcome: Choose, today: date) -> Iterator[str]:
    yield f"{WHY_CHOOSE[outcome.reason]} Possible in {STATES[outcome.state]}:"
    for number, candidate in enumerate(outcome.candidates):
        share = f", {candidate.share:.0%} of the ZIP's land" if candidate.share is not None else ""
        likely = ", suggested by the town" if number < outcome.likely else ""
        yield f"  {holder_line(candidate.holder)}{share}{likely}"
    if outcome.senate:
        yield "The senators are the same in all of them:"
        for holder in outcome.senate:
            yield from _details(holder, today)
    yield "Next: add --street and --city, or pick one with --district (any of the state's)."


def describe(outcome: Outcome, tables: Tables, today: date) -> Iterator[str]:
    """The lines that say what was found and what to do next."""
    match outcome:
        case Found():
            yield from _found(outcome, tables, today)
        case Choose():
            yield from _choose(outcome, today)
        case ChooseState(zip5, states):
            yield f"ZIP {zip5} lies in {' and '.join(STATES[s] for s in states)}."
            yield f"Next: say which with --state {' or --state '.join(states)}."
        case Disagree(zip5, state, states):
            there = " and ".join(STATES[s] for s in states)
            yield f"ZIP {zip5} is in {there}, not in {STATES.get(state, state)}."
            yield "Next: correct the one that is wrong, or add --state-confirmed."
        case ZipUnknown(zip5):
            yield f"ZIP {zip5} is not known to the Postal Service or in the district tables."
            yield "Next: check it; if it is right, add --state and --state-confirmed."
        case Outside(kind):
            yield from OUTSIDE[kind]
        case OutOfDate(congress, ended):
            yield f"The tables are of the {congress}th Congress, which ended on {ended}."
            yield "Next: build them from the new files: flask congress build --from DIR"
        case Unavailable(reason, fallback):
            yield STREET_REASONS[reason]
            yield from describe(fallback, tables, today)
    notice = outcome.notice if isinstance(outcome, Found | Choose) else None
    if notice:
        yield f"Note: {NOTICES[notice]}"
