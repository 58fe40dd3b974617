"""The value types of a message in the format of the offices' own delivery system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.congress.model import Seat

Position = Literal["Pro", "Con"]


@dataclass(frozen=True, slots=True)
class Missing:
    """The format needs a field that this writer did not give: ask for it now, and only now.

    ``field`` is a field of ``Writer``; ``message`` is one fixed English sentence per kind,
    so that it can be looked up in a catalogue.
    """

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A field has a value that the format does not take. ``message`` says what to do."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class BillRef:
    """A bill as the format names it: Congress, type in that chamber's spelling, number."""

    congress: int
    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class DeliveryAgent:
    """Who hands the messages over, exactly as on the access application of both chambers."""

    name: str
    """The exact legal name."""
    ack_email: str
    contact_name: str
    contact_email: str
    contact_phone: str
    """``202-555-0147``."""
    organization: str = ""
    """The group that runs the campaign; empty leaves it out."""
    organization_about: str = ""


@dataclass(frozen=True, slots=True)
class MessageParts:
    """What one message says, without its writer."""

    seat: Seat
    subject: str
    campaign_id: str
    """Groups equal messages: one for each campaign, Congress and position."""
    statement: str
    """The campaign's unedited words; may be empty when ``own`` is not."""
    own: str
    """The writer's own words; may be empty when ``statement`` is not."""
    topics: tuple[str, ...] = ("Immigration",)
    bill: BillRef | None = None
    position: Position = "Pro"
    response_requested: bool = True
    newsletter: bool = False
    email_confirmed: bool | None = None
    """Whether the writer confirmed the e-mail address; None leaves the element out."""


@dataclass(frozen=True, slots=True)
class CwcMessage:
    """A message that is ready to be handed over. ``xml`` is UTF-8 with its declaration."""

    office: str
    delivery_id: str
    xml: bytes


@dataclass(frozen=True, slots=True)
class NotReady:
    """Why a message could not be written: each thing once, with the field's name."""

    reasons: tuple[Missing | Problem, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(reason.field for reason in self.reasons)
