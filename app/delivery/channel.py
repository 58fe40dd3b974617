"""A way out of the queue: what mail and letters to offices have in common, and where they differ.

The queue (``app.delivery.queue``) tries what is due; a channel says how one thing is sent, and
what an answer means.
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
    """``accepted``: the other side said that it has it. ``deferred``: it has not; try again later.
    ``failed`` and ``refused``: it will never take it. ``unknown``: it may have it, and nobody can
    tell. ``not attempted``: it was never given to anyone.

    ``cause`` is made of our own words and the server's code: a server's text can hold the
    address, and a cause is kept.
    """

    outcome: Outcome
    cause: str
    by_server: bool = True
    """False where no server was involved: the message was written to a file."""
    after: datetime | None = None
    """The whole other side asks to be left alone until then."""


class NotOursAnymoreError(Exception):
    """Another worker took the message over; this try must stop before it sends anything."""


def _nobody() -> None:
    """Nobody to tell: the worker of every minute finds what is new."""


class Channel:
    """One site's messages of some kinds, and what the queue must know of them.

    Safe to share between threads. ``notify`` is called when something new can be tried; losing
    that is harmless, because a worker looks every minute for whatever is due.
    """

    kinds: tuple[str, ...]
    """The kinds of rows that are sent this way."""
    pauses: Sequence[timedelta]
    """After each try that did not settle it; the last one again and again."""
    tries: int | None = None
    """After so many it has failed; None: it is tried until its time has run out."""
    repeatable = False
    """Whether it can safely go again when nobody knows whether it arrived."""
    never_left: End = "failed"
    """The end of what was never handed over."""
    turn: Lock | None = None
    """Where only one thread may be at it: whose turn it is."""

    def __init__(self, database: Path, secret: bytes, clock: Callable[[], datetime]) -> None:
        self.outbound, self.clock = Outbound(database, secret), clock
        self.notify: Callable[[], None] = _nobody

    def closed(self, _now: datetime) -> frozenset[str]:
        """The kinds that nobody takes at this moment."""
        return frozenset()

    def send(self, claimed: Claimed, leaving: Callable[[], None]) -> Result:
        """One try. ``leaving`` is called before anything leaves; what it raises passes through."""
        raise NotImplementedError

    def letters(self, result: Result) -> State | None:
        """What this end makes of the letters that the row stands for."""
        raise NotImplementedError
