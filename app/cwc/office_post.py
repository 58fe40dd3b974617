"""The queue's channel for letters that their writers want delivered to the offices' own systems.

A page enqueues a letter, encrypted, and returns; no request ever waits for an office. The worker
hands over whatever is due, one letter at a time, under a delivery id that is the same at every
try. Unlike mail, a try without an answer is safe to repeat, because the office's system knows the
ids that it has accepted. Each letter ends in exactly one of accepted, refused, unknown and not
attempted.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

from app.congress.model import CHAMBERS, Chamber, Standing
from app.cwc.client import (
    Accepted,
    CwcClient,
    CwcResult,
    NotAttempted,
    Refused,
    TryLater,
    Unknown,
    maintenance_ends,
)
from app.cwc.message import CwcMessage
from app.delivery.channel import Channel, Result
from app.records.acts import State
from app.records.outbound import LETTER, Addressee, Claimed, End, NotQueued, OutboundRow
from app.records.persons import Person

PAUSES = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 720))
"""The pause after each try without a clear answer; the last one repeats until the letter
expires."""
KEEP_TRYING = timedelta(days=5)
"""How long a letter is tried, or waits for its signature to count, before it expires."""
TEST_SYSTEM = "taken by the test system"
LEFT_SEAT = "the member no longer holds the seat"
OLD_LIST = "the list of members is too old to show who holds the seat"
FIELDS = (
    "Prefix", "FirstName", "LastName", "Address1", "City", "StateAbbreviation", "Zip", "Phone",
    "Email",
)  # fmt: skip
"""Fields whose names may be stored if a refusal mentions them; its other text is discarded."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A letter with everything needed to queue it."""

    receipt: str = field(repr=False)
    person: Person = field(repr=False)
    """The keyed codes of the person named in the message."""
    seat: str
    message: CwcMessage = field(repr=False)
    until: datetime
    """When the letter's words cease to be true: the end of the Congress to which it was written."""
    round: int = 0


class OfficePost(Channel):
    """One site's letters to the offices' own systems.

    An office's address names its seat, so the system would give a letter to a member who has left
    to the successor. ``standing`` tells, by the current list, whether a member still sits.
    """

    kinds = CHAMBERS
    pauses = PAUSES
    repeatable = True
    never_left: End = "not attempted"

    def __init__(
        self,
        database: Path,
        client: CwcClient,
        secret: bytes,
        *,
        clock: Callable[[], datetime],
        standing: Callable[[Addressee], Standing],
    ) -> None:
        super().__init__(database, secret, clock)
        self.client, self._standing = client, standing
        # The systems limit the rate, so only one thread hands over, one letter at a time.
        self.turn = Lock()

    @property
    def is_test(self) -> bool:
        """Whether letters go to the test systems, where no one receives anything."""
        return self.client.settings.mode != "production"

    def reaches(self, chamber: Chamber) -> bool:
        """Whether this site has a key for the chamber's system."""
        settings = self.client.settings
        return bool(settings.house_key if chamber == "house" else settings.senate_key)

    def put(self, posted: Posted, now: datetime) -> OutboundRow | NotQueued:
        """Queue a letter; idempotent for the same letter. Raises ``NotStoredError``."""
        message = posted.message
        head = json.dumps({"office": message.office, "id": message.delivery_id}).encode()
        row = self.outbound.put_letter(
            now, head + b"\n" + message.xml, min(posted.until, now + KEEP_TRYING),
            receipt=posted.receipt, person=posted.person, seat=posted.seat,
            chamber=message.chamber, round_=posted.round,
        )  # fmt: skip
        if isinstance(row, OutboundRow) and row.state == "queued":
            self.notify()
        return row

    # --- called by the worker ---

    def closed(self, now: datetime) -> frozenset[str]:
        """The chambers without a key, or down for their regular maintenance."""
        return frozenset(
            chamber
            for chamber in CHAMBERS
            if not self.reaches(chamber) or maintenance_ends(chamber, now) is not None
        )

    def sweep(self, now: datetime) -> None:
        """End the letters to members who no longer hold their seats."""
        left = [x for x in self.outbound.waiting_addressees() if self._standing(x) == "left"]
        if left:
            self.outbound.end_letters(left, LEFT_SEAT, now)

    def send(self, claimed: Claimed, leaving: Callable[[], None]) -> Result:
        """Try once to hand the letter to the office's system, if its member still sits."""
        assert claimed.payload is not None
        assert claimed.addressee is not None
        standing = self._standing(claimed.addressee)
        if standing == "left":
            return Result("not attempted", LEFT_SEAT, by_server=False)
        if standing == "unsure":
            return Result("deferred", OLD_LIST, by_server=False)
        head, _, xml = claimed.payload.partition(b"\n")
        values = json.loads(head)
        leaving()
        return result_of(self.client.send(CwcMessage(values["office"], values["id"], xml)))

    def letters(self, result: Result) -> State | None:
        """The letter takes on the result of every try that ends it."""
        return LETTER[result.outcome]


def result_of(said: CwcResult) -> Result:
    """What an answer means for a letter, with its cause in our own words."""
    match said:
        case Accepted(production=True, earlier=earlier):
            return Result("accepted", "the system had it already" if earlier else "")
        case Accepted():
            return Result("not attempted", TEST_SYSTEM)
        case Refused(reasons):
            named = [name for name in FIELDS if any(name in text for text in reasons)]
            return Result("refused", f"it did not take: {', '.join(named)}" if named else "")
        case NotAttempted(reason):
            return Result("not attempted", reason)
        case TryLater(after, reason):
            return Result("deferred", reason, after=after)
        case Unknown(reason):
            return Result("unknown", reason)
