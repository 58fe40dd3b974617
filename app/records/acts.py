"""Value types of a person's act: the request, its letters, its receipt, and their states."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal, get_args

from app.records.keys import CampaignKey
from app.records.persons import Person


def token_digest(token: str) -> bytes:
    """What is stored of a token. Accepts any text: the digest of a wrong token matches no row."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def minute(moment: datetime) -> str:
    """UTC to the minute; seconds would only help to match a row with someone's log.

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
``spoke by phone``, ``left a voicemail``). A ``queued`` letter is waiting for the office's own
system; only that system's answer makes it ``accepted by the office's system``, and it is
``unknown`` if the system got it but gave no clear answer."""

Cause = Literal[
    "signed", "vacant seat", "person", "mail server", "office system", "withdrawn"
]  # fmt: skip
"""Who or what put a letter into its state; ``accounting`` has the rules."""

Status = Literal["counted", "held", "unconfirmed", "withdrawn", "repeated", "test"]
"""Where a signature stands; every row has exactly one, and only ``counted`` is counted.

``held`` waits for an organizer to look at it, ``unconfirmed`` for the person's click in an email.
``withdrawn`` was taken back. ``repeated`` came from a person who had already signed; it exists so
that they get a receipt like anyone else. ``test`` came from an organizer.
"""

STATUSES: tuple[Status, ...] = get_args(Status)


Purpose = Literal["packet", "contact"]
"""What sealed details are kept for."""
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)

HeldReason = Literal[
    "field filled in", "field missing", "too fast", "no proof", "crowd", "no address", "by hand"
]  # fmt: skip
"""Why a signature waits for an organizer: signs of a bot in the form (a field filled in or
missing), too little time since the form was issued, no proof of work where one is required,
unusually many from one place, no address where one must be confirmed, or held by hand."""


@dataclass(frozen=True, slots=True)
class LetterRow:
    """One letter of a signature: who it goes to, never what it says."""

    seat: str
    """``CA-12`` or ``CA-S3``."""
    bioguide: str | None
    """None for a vacant seat: the row records that no letter could be written."""
    ask: str
    state: State = "written"
    at: datetime | None = field(default=None, compare=False)
    """When it entered that state: aware, to the minute; None before it is stored."""
    cause: Cause = field(default="signed", compare=False)


@dataclass(frozen=True, slots=True)
class SignatureRequest:
    """What is stored when a person signs. Apart from ``keep``, which is sealed, and ``mailbox``,
    ``words`` and ``texts``, it has no name, street, email address, text or IP address."""

    key: str
    """The key issued with the form; no one else has it."""
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
    """The source tag of the link that the person followed, or empty."""
    edited: bool
    own_share: int
    """Percentage of the letters that is the person's own words, 0 to 100."""
    letters: tuple[LetterRow, ...]
    current_ids: Mapping[str, str] = field(default_factory=dict)
    """The recipients' bioguide ids by ids that they had before (``Tables.current_ids``)."""
    status: Status = "counted"
    """``held``, ``unconfirmed`` or ``test`` if the signature does not count yet (or ever)."""
    town: str | None = None
    """Only if the campaign keeps towns, and only the name of a town that is on the map."""
    held_for: HeldReason | None = None
    """Why it is held, or will be once it is confirmed."""
    mailbox: str = field(default="", repr=False)
    """The address to confirm as the signer's, as sent to the mail server; empty for none."""
    keep: Mapping[Purpose, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    """What the person asked us to keep, by purpose: sealed in the same transaction."""
    seal_to: CampaignKey | None = field(default=None, repr=False)
    """The key to seal it to; required if there is anything to keep."""
    words: Sequence[str] = field(default=(), repr=False)
    """The words of the letters, used only to detect whether they have changed."""
    texts: Callable[[], Mapping[str, str]] = field(default=dict, repr=False)
    """The letters by seat, called only if letters are already kept for this receipt."""
    congress: int = 0
    """The Congress that the district belongs to; 0 for the one sitting at ``at``."""


@dataclass(frozen=True, slots=True)
class Signed:
    """The act is on disk (or already was). ``receipt`` is the token of its receipt.

    A first signature, a second press of the button and a person who had signed before all look
    alike, so that the page tells a stranger nothing.
    """

    receipt: str
    confirm: str = field(default="", compare=False)
    """The token of the confirmation link; empty if no confirmation is asked for."""
    new: bool = field(default=True, compare=False)
    """Whether this press of the button stored a new act. Never shown."""
    changed: bool = field(default=False, compare=False)
    """Whether it corrected what the same person had signed with the same form."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt page shows; found by its token only."""

    campaign: str
    day: date
    signed_at: datetime
    """When the letters were signed as they are now, to the minute."""
    state: str
    district: int
    congress: int
    letters: tuple[LetterRow, ...]
    withdrawn: bool
    language: str
    waits_for: Literal["", "organizer", "confirmation"] = ""
    """Who must act before the signature counts. The same for a person who had already signed."""
    kept: tuple[str, ...] = ()
    """The purposes for which sealed details are kept."""
    changed: datetime | None = None
    """When it was last corrected, to the minute."""
    test: bool = False
    """An organizer's test, which never counts."""
