"""What one try to hand a message to a mail server can end in: exactly one of four."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["accepted", "deferred", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Result:
    """``accepted``: the server said that it has it. ``deferred``: it has not; try again later.
    ``failed``: it will never take it. ``unknown``: it may have it, and nobody can tell.

    ``cause`` is made of our own words and the server's code: a server's text can hold the
    address, and a cause is kept.
    """

    outcome: Outcome
    cause: str
    by_server: bool = True
    """False where no server was involved: the message was written to a file."""


class NotOursAnymoreError(Exception):
    """Another worker took the message over; this try must stop before it sends anything."""
