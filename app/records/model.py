"""The value types of what is kept: a signature, its letters, its receipt."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from app.records.likeness import Likeness

State = Literal[
    "written", "downloaded", "copied", "printed", "mailed to self",
    "queued", "accepted by the office's system", "refused", "unknown", "not attempted",
]  # fmt: skip
"""What is known of a letter's way. The person's own reports are ``downloaded``, ``copied``,
``printed``, ``mailed to self``. ``queued`` waits to be given to the office's own system; only
that system makes ``accepted by the office's system``, and ``unknown`` is a letter that was given
to it without a clear answer."""

GROUPINGS = ("state", "district", "day", "template", "recipient")
"""What a count can be broken down by on the command line."""

Cause = Literal[
    "signed", "vacant seat", "person", "mail server", "office system", "withdrawn"
]  # fmt: skip
"""Who or what brought a letter into its state; ``accounting`` has the rules."""

OWN_STATES: tuple[State, ...] = ("downloaded", "copied", "printed", "mailed to self")
"""What a person can tell us about their own letter; everything else comes from elsewhere."""

Status = Literal["counted", "held", "unconfirmed", "withdrawn", "repeated", "test"]
"""Where a signature stands; every row has exactly one, and only ``counted`` is counted.

``held`` waits for an organizer's eyes, ``unconfirmed`` for the person's own click in an
e-mail, ``withdrawn`` was taken back, ``repeated`` came from somebody who had signed before
(it exists so that they get a receipt like everybody else) and ``test`` from an organizer.
"""

STATUSES: tuple[Status, ...] = (
    "counted", "held", "unconfirmed", "withdrawn", "repeated", "test",
)  # fmt: skip


HeldReason = Literal[
    "field filled in", "field missing", "too fast", "no proof", "crowd", "no address", "by hand"
]  # fmt: skip
"""Why a signature waits for an organizer: a program's mark in the form, too little time since
the form was made, no proof of work where one is asked for, unusually many from one place, no
address where one is to be confirmed, or held on the command line."""


@dataclass(frozen=True, slots=True)
class LetterRow:
    """One letter of a signature: whom it goes to, never what it says."""

    seat: str
    """``CA-12`` or ``CA-S3``."""
    bioguide: str | None
    """None for a vacant seat: the row says that no letter could be written."""
    ask: str
    state: State = "written"
    at: datetime | None = field(default=None, compare=False)
    """Since when, aware, to the minute; None before it is stored."""
    cause: Cause = field(default="signed", compare=False)


@dataclass(frozen=True, slots=True)
class SignatureRequest:
    """All that is written when a person signs. No name, street, e-mail, text or IP."""

    key: str
    """The idempotency key issued with the form."""
    person: bytes
    """The keyed HMAC of the person (``person_key``), 32 bytes."""
    campaign: str
    day: date
    """In the campaign's time zone."""
    at: datetime
    """Aware, UTC."""
    state: str
    district: int
    template: str
    version: str
    length: str
    language: str
    match: str
    source: str
    """The source tag of the link the person followed, or empty."""
    edited: bool
    own_share: int
    """Per cent of the letters that are the person's own words, 0 to 100."""
    letters: tuple[LetterRow, ...]
    status: Status = "counted"
    """``held``, ``unconfirmed`` or ``test`` where the signature does not count yet (or ever)."""
    town: str | None = None
    """Only where the campaign keeps towns, and only the name of a town that is on the map."""
    held_for: HeldReason | None = None
    """Why it is held, or will be once it is confirmed."""
    likeness: Likeness | None = field(default=None, repr=False)
    """Codes by which the same person is known under another spelling of the name."""
    confirm: bytes = b""
    """The SHA-256 of the token in the link that asks for confirmation; empty for none."""
    congress: int = 0
    """The Congress whose district it is; 0 for the one that sits at ``at``."""


@dataclass(frozen=True, slots=True)
class Signed:
    """The signature is on disk (or was already). ``receipt`` is the token of the receipt.

    The same for a first signature, a second press of the button and a person who signed
    before, so that the page tells a stranger nothing.
    """

    receipt: str
    new: bool = field(default=True, compare=False)
    """Whether this press of the button stored it: nothing was kept for it before. Never shown."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt page shows; found by its token only."""

    campaign: str
    day: date
    state: str
    district: int
    congress: int
    letters: tuple[LetterRow, ...]
    withdrawn: bool
    language: str
    waits_for: Literal["", "organizer", "confirmation"] = ""
    """Who has to act before the signature counts. Says the same to somebody who had signed."""
    kept: tuple[str, ...] = ()
    """For which purposes sealed details are kept."""


@dataclass(frozen=True, slots=True)
class CountRow:
    """One line of a count: people and letters are separate numbers."""

    group: str
    signatures: int
    letters: int


@dataclass(frozen=True, slots=True)
class Totals:
    """People and their letters. One person writes one to three letters, so never add the two."""

    signatures: int
    letters: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One tally that does not agree with the rows it was made from."""

    campaign: str
    status: str
    dimension: str
    value: str
    kept: Totals
    """What the tally says."""
    actual: Totals
    """What the rows say."""


@dataclass(frozen=True, slots=True)
class LetterVersion:
    """The text that a signature's ``template``, ``length`` and ``version`` stand for."""

    campaign: str
    template: str
    length: str
    version: str
    source: str
    """The template's source, front matter included, exactly as it was."""


@dataclass(frozen=True, slots=True)
class UnknownVersion:
    """No text was kept under this name: nobody can have signed it on this site."""

    campaign: str
    template: str
    length: str
    version: str
