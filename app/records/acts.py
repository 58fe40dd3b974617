"""A person's act as values: what is signed, its letters, its receipt, and where each stands."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal, get_args

from app.records.keys import CampaignKey
from app.records.persons import Person


def token_digest(token: str) -> bytes:
    """What is stored of a token. Whatever is none has a digest too, which stands in no row."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def minute(moment: datetime) -> str:
    """UTC to the minute; seconds would only help to match a row with somebody's log.

    Raises ``ValueError`` for a time without a time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("A time without a time zone cannot be stored.")
    return f"{moment.astimezone(UTC).isoformat(timespec='minutes')[:16]}Z"


State = Literal[
    "written", "downloaded", "copied", "printed", "mailed to self", "line busy", "call later",
    "pasted", "mailed", "spoke by phone", "left a voicemail",
    "queued", "accepted by the office's system", "refused", "unknown", "not attempted",
]  # fmt: skip
"""What is known of a letter's way. By the person's own report it was begun (``downloaded``,
``copied``, ``printed``, ``line busy``, ``call later``) or handed over (``pasted``, ``mailed``,
``spoke by phone``, ``left a voicemail``). ``queued`` waits to be given to the office's own
system; only that system makes ``accepted by the office's system``, and ``unknown`` is a letter
that was given to it without a clear answer."""

Cause = Literal[
    "signed", "vacant seat", "person", "mail server", "office system", "withdrawn"
]  # fmt: skip
"""Who or what brought a letter into its state; ``accounting`` has the rules."""

Status = Literal["counted", "held", "unconfirmed", "withdrawn", "repeated", "test"]
"""Where a signature stands; every row has exactly one, and only ``counted`` is counted.

``held`` waits for an organizer's eyes, ``unconfirmed`` for the person's own click in an
e-mail, ``withdrawn`` was taken back, ``repeated`` came from somebody who had signed before
(it exists so that they get a receipt like everybody else) and ``test`` from an organizer.
"""

STATUSES: tuple[Status, ...] = get_args(Status)


Purpose = Literal["packet", "contact"]
"""What sealed details may be kept for."""
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)

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
    """The key issued with the form, which nobody else has."""
    person: Person
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
    mailbox: str = field(default="", repr=False)
    """The address that is asked whether it is the signer's, as the wire has it; empty: none."""
    keep: Mapping[Purpose, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    """What the person asked us to keep, by purpose: sealed in the same transaction."""
    seal_to: CampaignKey | None = field(default=None, repr=False)
    """The key that it is sealed to; needed where there is anything to keep."""
    words: Sequence[str] = field(default=(), repr=False)
    """The words of the letters, only to tell whether they are others than before."""
    texts: Callable[[], Mapping[str, str]] = field(default=dict, repr=False)
    """The letters as they are kept behind a receipt, by seat, for where they are."""
    congress: int = 0
    """The Congress whose district it is; 0 for the one that sits at ``at``."""


@dataclass(frozen=True, slots=True)
class Signed:
    """The act is on disk (or was already). ``receipt`` is the token of its receipt.

    The same for a first signature, a second press of the button and a person who signed
    before, so that the page tells a stranger nothing.
    """

    receipt: str
    confirm: str = field(default="", compare=False)
    """The token of the link that asks for confirmation; empty where nobody is asked."""
    new: bool = field(default=True, compare=False)
    """Whether this press of the button stored it: nothing was kept for it before. Never shown."""
    changed: bool = field(default=False, compare=False)
    """Whether it changed what the same person had signed with the same form."""


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
    changed: datetime | None = None
    """When it was corrected last, to the minute."""
    test: bool = False
    """An organizer's test, which never counts."""
