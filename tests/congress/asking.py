"""Shorthand for looking up who represents an address, for the tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from app.congress.lookup import find_delegation
from app.congress.model import Choose, Found, Outcome

TODAY = date(2026, 11, 25)
BEFORE_THE_ELECTION = date(2026, 10, 1)
NOON = datetime(2027, 1, 3, 17, tzinfo=UTC)
"""The change of Congress: noon in Washington."""
JUST_BEFORE = NOON - timedelta(seconds=1)


def look(zip5: str, state: str | None, **more: object) -> Outcome:
    return find_delegation(zip5, state, **({"now": TODAY} | more))  # type: ignore[arg-type]


def found(zip5: str, state: str | None, **more: object) -> Found:
    outcome = look(zip5, state, **more)
    assert isinstance(outcome, Found), outcome
    return outcome


def choose(zip5: str, state: str | None, **more: object) -> Choose:
    outcome = look(zip5, state, **more)
    assert isinstance(outcome, Choose), outcome
    return outcome


def names(outcome: Found | Choose) -> list[str]:
    holders = outcome.delegation.senate if isinstance(outcome, Found) else outcome.senate
    return [holder.member.last for holder in holders if holder.member]
