"""Letters that their writers want given to the offices' own systems: the way through a queue.

A page puts a letter in, encrypted, and returns; no request ever waits for an office. The mail
worker hands over what is due, one after another, under a delivery id that stays the same at
every try. Unlike mail, a try without an answer is safe to repeat: the office's system knows the
ids that it has taken. Each letter ends in exactly one of accepted, refused, unknown and not
attempted.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.congress.model import Chamber
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
from app.records.deliveries import (
    ClaimedDelivery,
    Deliveries,
    DeliveryEnd,
    DeliveryRow,
    NewDelivery,
    NotQueued,
    SweptDeliveries,
)
from app.records.keyed import lock, unlock
from app.records.persons import Person

PAUSES = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 720))
"""After each try without a clear answer; the last pause again until the time has run out."""
LEASE = timedelta(minutes=15)
"""Longer than any try can last, its waits for the pace included."""
KEEP_TRYING = timedelta(days=5)
"""So long a letter is tried, or waits until its signature counts; then it ends."""
TEST_SYSTEM = "taken by the test system"
FIELDS = (
    "Prefix", "FirstName", "LastName", "Address1", "City", "StateAbbreviation", "Zip", "Phone",
    "Email",
)  # fmt: skip
"""Fields of the format whose names a refusal may hold; the rest of its text is not kept."""
_PURPOSE = "office delivery"


@dataclass(frozen=True, slots=True)
class Posted:
    """A letter with all that is needed to queue it."""

    receipt: str = field(repr=False)
    person: Person = field(repr=False)
    """The keyed code of whoever the message names."""
    seat: str
    message: CwcMessage = field(repr=False)
    until: datetime
    """When the letter's words are no longer true, such as the end of the Congress."""
    round: int = 0


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _nobody() -> None:
    """Nobody to tell: the sweep of every minute finds the letter."""


class OfficePost:
    """One site's letters to the offices' own systems. Safe to share between threads.

    ``notify`` is called when something new can be tried; losing that is harmless.
    """

    def __init__(
        self,
        database: Path,
        client: CwcClient,
        secret: bytes,
        *,
        clock: Callable[[], datetime] = _utc_now,
        notify: Callable[[], None] = _nobody,
    ) -> None:
        self.deliveries = Deliveries(database)
        self.client = client
        self.notify = notify
        self._secret, self._clock = secret, clock
        self._busy = threading.Lock()

    @property
    def is_test(self) -> bool:
        """Whether letters go to the test systems, where nobody receives anything."""
        return self.client.settings.mode != "production"

    def reaches(self, chamber: Chamber) -> bool:
        """Whether this site has a key of the chamber's system."""
        settings = self.client.settings
        return bool(settings.house_key if chamber == "house" else settings.senate_key)

    def put(self, posted: Posted, now: datetime) -> DeliveryRow | NotQueued:
        """Queue a letter, once however often it is pressed. Raises ``NotStoredError``."""
        message = posted.message
        head = json.dumps({"office": message.office, "id": message.delivery_id}).encode()
        new = NewDelivery(
            seat=posted.seat,
            chamber=_chamber(message.office),
            payload=lock(head + b"\n" + message.xml, self._secret, _PURPOSE),
            until=min(posted.until, now + KEEP_TRYING),
            round=posted.round,
        )
        row = self.deliveries.put(posted.receipt, posted.person, new, now)
        if isinstance(row, DeliveryRow) and row.state == "queued":
            self.notify()
        return row

    def work(self, seconds: float = 50.0) -> int:
        """Hand over what is due for at most about so many seconds; how many were tried.

        One thread at a time: a second call returns at once. A chamber whose system asks to
        try later, or is down for maintenance, is left alone for this time.
        """
        if not self._busy.acquire(blocking=False):
            return 0
        try:
            return self._work(time.monotonic() + seconds)
        finally:
            self._busy.release()

    def _work(self, end: float) -> int:
        tried = 0
        closed: set[Chamber] = {
            chamber
            for chamber in ("house", "senate")
            if not self.reaches(chamber) or maintenance_ends(chamber, self._clock()) is not None
        }
        for delivery, chamber, _seat in self.deliveries.due(self._clock()):
            if time.monotonic() > end or len(closed) == len(("house", "senate")):
                break
            if chamber in closed:
                continue
            result = self.deliver(delivery)
            tried += result is not None
            if isinstance(result, TryLater):
                closed.add(chamber)
        return tried

    def deliver(self, delivery: str) -> CwcResult | None:
        """Try one letter, in a worker; None when it is not due, or another worker has it."""
        claimed = self.deliveries.claim(delivery, self._clock())
        if claimed is None:
            return None
        message = self._open(claimed)
        result: CwcResult = (
            NotAttempted("It was encrypted with another secret.")
            if message is None
            else self.client.send(message)
        )
        self._note(claimed, result)
        return result

    def _open(self, claimed: ClaimedDelivery) -> CwcMessage | None:
        plain = unlock(claimed.payload, self._secret, _PURPOSE)
        if plain is None:
            return None
        head, _, xml = plain.partition(b"\n")
        values = json.loads(head)
        return CwcMessage(values["office"], values["id"], xml)

    def _note(self, claimed: ClaimedDelivery, result: CwcResult) -> None:
        now = self._clock()
        if isinstance(result, TryLater | Unknown):
            pause = PAUSES[min(claimed.attempt, len(PAUSES)) - 1]
            after = now + pause
            if isinstance(result, TryLater):
                after = max(result.after, after)
            maybe = isinstance(result, Unknown)
            self.deliveries.defer(claimed, result.reason, now, after, maybe=maybe)
            return
        self.deliveries.finish(claimed, *ending(result), now)

    def sweep(self) -> SweptDeliveries:
        """Put right what killed workers left, and end what ran out of time."""
        return self.deliveries.sweep(self._clock(), lease=LEASE)


def ending(result: Accepted | Refused | NotAttempted) -> tuple[DeliveryEnd, str]:
    """The end of a letter after a clear answer, and its cause in words of our own."""
    match result:
        case Accepted(production=True, earlier=earlier):
            return "accepted", "the system had it already" if earlier else ""
        case Accepted():
            return "not attempted", TEST_SYSTEM
        case Refused(reasons):
            named = [name for name in FIELDS if any(name in text for text in reasons)]
            return "refused", f"it did not take: {', '.join(named)}" if named else ""
        case NotAttempted(reason):
            return "not attempted", reason


def _chamber(office: str) -> Chamber:
    return "house" if office.startswith("H") else "senate"
