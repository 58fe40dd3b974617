"""The value types of what is kept: a signature, its letters, its receipt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

State = Literal[
    "written", "downloaded", "copied", "printed", "mailed to self",
    "accepted by the office's system", "refused", "not attempted",
]  # fmt: skip
"""What is known of a letter's way. The person's own reports are ``downloaded``, ``copied``,
``printed``; only an office's system makes ``accepted by the office's system``."""

GROUPINGS = ("state", "district", "day", "template", "recipient")


@dataclass(frozen=True, slots=True)
class LetterRow:
    """One letter of a signature: whom it goes to, never what it says."""

    seat: str
    """``CA-12`` or ``CA-S3``."""
    bioguide: str | None
    """None for a vacant seat: the row says that no letter could be written."""
    ask: str
    state: State = "written"


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


@dataclass(frozen=True, slots=True)
class Signed:
    """The signature is on disk (or was already). ``receipt`` is the token of the receipt.

    The same for a first signature, a second press of the button and a person who signed
    before, so that the page tells a stranger nothing.
    """

    receipt: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt page shows; found by its token only."""

    campaign: str
    day: date
    state: str
    district: int
    letters: tuple[LetterRow, ...]
    withdrawn: bool
    language: str


@dataclass(frozen=True, slots=True)
class CountRow:
    """One line of a count: people and letters are separate numbers."""

    group: str
    signatures: int
    letters: int
