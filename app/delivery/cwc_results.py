"""What can come of handing a message to an office's own system."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.records.model import State


@dataclass(frozen=True, slots=True)
class Accepted:
    """The office's system took the message. It does not say that a person read it.

    ``production`` is False in the test system, where nobody receives anything.
    ``earlier`` is True when the system knew this delivery id already.
    """

    production: bool
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The office's system looked at the message and said no, with its reasons."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TryLater:
    """Nothing was taken. Hand over the same message, same delivery id, from ``after`` on."""

    after: datetime
    """Aware, UTC."""
    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The message left and no clear answer came. The same delivery id can safely go again."""

    reason: str


SIT_OUT = "This senator's office does not take part in the system."
"""The reason of ``NotAttempted`` that pages have words of their own for."""


@dataclass(frozen=True, slots=True)
class NotAttempted:
    """Nothing was handed over: not configured, not our own format, or no such recipient."""

    reason: str


CwcResult = Accepted | Refused | TryLater | Unknown | NotAttempted


def letter_state(result: CwcResult) -> State | None:
    """The letter's state after a result, or None where the result settles nothing.

    Only an acceptance by the production system counts as accepted by the office's system.
    """
    match result:
        case Accepted(production=True):
            return "accepted by the office's system"
        case Refused():
            return "refused"
        case NotAttempted():
            return "not attempted"
        case Unknown():
            return "unknown"
        case _:
            return None
