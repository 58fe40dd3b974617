"""A channel out of the queue: what mail and letters to offices share, and where they differ.

The queue (``app.delivery.queue``) tries whatever is due; a channel knows how to send one item and
what the server's answer means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Literal

from app.records.acts import State
from app.records.outbound import Claimed, End, Outbound

Outcome = Literal["deferred"] | End


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one try.

    ``accepted``: the server confirmed that it has the message. ``deferred``: it does not have it;
    try again later. ``failed`` and ``refused``: it will never take it. ``unknown``: it may have
    it, and there is no way to tell. ``not attempted``: the message was never given to a server.

    ``cause`` consists of our own words and the server's code only, because it is stored and a
    server's text can contain the address.
    """

    outcome: Outcome
    cause: str
    by_server: bool = True
    """False if no server was involved, as when the message was written to a file."""
    after: datetime | None = None
    """The server asks for no messages at all before this time."""


class TakenOverError(Exception):
    """Another worker has taken the message over; this try must stop before it sends anything."""


def _notify_no_one() -> None:
    """The default ``notify``: the worker's regular check will find what is new."""


class Channel:
    """One site's messages of certain kinds, and what the queue must know about them.

    Safe to share between threads. ``notify`` is called when something new can be tried; a lost
    call is harmless, because a worker checks every minute for whatever is due.
    """

    kinds: tuple[str, ...]
    """The kinds of rows that are sent through this channel."""
    pauses: Sequence[timedelta]
    """The pause after each unsettled try; the last one repeats."""
    tries: int | None = None
    """The message fails after this many tries; None: it is tried until it expires."""
    repeatable = False
    """Whether a message can safely be sent again if no one knows whether it arrived."""
    never_left: End = "failed"
    """The end state of a message that was never handed over."""
    turn: Lock | None = None
    """Held by the one thread that may send, if only one may at a time."""

    def __init__(self, database: Path, secret: bytes, clock: Callable[[], datetime]) -> None:
        self.outbound, self.clock = Outbound(database, secret), clock
        self.notify: Callable[[], None] = _notify_no_one

    def closed(self, _now: datetime) -> frozenset[str]:
        """The kinds that cannot be sent at this moment."""
        return frozenset()

    def sweep(self, now: datetime) -> None:
        """End what waits and must no longer be sent. Called about once a minute."""

    def send(self, claimed: Claimed, leaving: Callable[[], None]) -> Result:
        """Try once. ``leaving`` is called before anything is sent; its exceptions propagate."""
        raise NotImplementedError

    def letters(self, result: Result) -> State | None:
        """The new state of the row's letters after this result; None leaves it unchanged."""
        raise NotImplementedError
