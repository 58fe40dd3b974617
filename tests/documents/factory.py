"""Letters for these tests: a senator, a representative, a delegate, and one writer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from app.campaign.entities import Ask, Letter, Writer
from app.congress.model import FormRules, Holder, Member, Office, Seat
from app.documents.letter import Addressed

BODY = (
    "I live in Fremont and I am one of your constituents. I am writing to ask you to introduce a "
    "Senate companion to H.R. 6890, the PROTECT Immigration Act.",
    "When our police officers are asked to do the work of federal immigration agents, neighbors "
    "stop calling for help and witnesses stop coming forward. I have seen this at the school gate "
    "and in the clinic where I work: people wait too long, because they fear a question that has "
    "nothing to do with why they came.",
    "Local officers should answer to the town that they serve. The bill would end the agreements "
    "that give them federal immigration work, and leave that work with the federal government.",
    "Thank you for your time and for your service.",
)

WASHINGTON = Office(
    id="washington",
    city="Washington",
    state="DC",
    zip="20510",
    lines=("United States Senate", "331 Hart Senate Office Building", "Washington, DC 20510"),
)


def member(**changes: Any) -> Member:
    """Senator Padilla, or someone made from him."""
    base = Member(
        bioguide="P000145",
        full_name="Alex Padilla",
        first="Alex",
        last="Padilla",
        suffix=None,
        party="Democrat",
        caucus=None,
        term_start=date(2023, 1, 3),
        term_end=date(2029, 1, 3),
        term_end_is_expected=False,
        washington=WASHINGTON,
        phone="202-224-3553",
        url="https://www.padilla.senate.gov",
    )
    return replace(base, **changes)


def holder(seat: Seat | None = None, **changes: Any) -> Holder:
    return Holder(seat or Seat("CA", "senate", senate_class=3), member(**changes))


def letter(*, limit: int | None = None, holder_: Holder | None = None, **changes: Any) -> Letter:
    """A plain letter; ``limit`` is the limit of the office's web form."""
    base = Letter(
        holder=holder_ or holder(form=FormRules(known=True, max_characters=limit)),
        ask=Ask(id="senator", summary="Introduce a Senate companion.", text="", when=""),
        subject="Please introduce a Senate companion to the PROTECT Immigration Act",
        salutation="Dear Senator Padilla:",
        body=BODY,
        closing="Sincerely,",
        written_on=date(2026, 11, 25),
        template="general",
        version="0123456789ab",
    )
    return replace(base, **changes)


def writer(**changes: Any) -> Writer:
    base = Writer(
        first="Siobhán",
        last="O'Dell",
        street="12 Larkspur Court",
        street2="Apartment 4",
        city="Fremont",
        state="CA",
        zip="94538",
    )
    return replace(base, **changes)


def addressed(writer_: Writer | None = None, **changes: Any) -> Addressed:
    return Addressed(letter(**changes), writer_ or writer())
