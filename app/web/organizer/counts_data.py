"""All numbers of the dashboard, from the one place that counts, in one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from app.records import Connection, CountRow, State, Status, Totals
from app.records.counts import Filter, breakdowns, ways_of
from app.records.database import reading

SHOWN = ("day", "state", "district", "template", "version", "source", "language", "match",
         "edited", "own_share")  # fmt: skip
"""What the dashboard breaks down by."""

SHORTEST_CURVE = 14
"""Days."""

EARLIEST = date(2000, 1, 1)
"""A filter may name an earlier day; a curve does not begin there."""


@dataclass(frozen=True, slots=True)
class Survey:
    """The numbers for one filter at one moment."""

    total: Totals
    today: Totals
    week: Totals
    """Today and the six days before."""
    statuses: Mapping[Status, Totals]
    by: Mapping[str, list[CountRow]]
    """By each of ``SHOWN``."""
    ways: Mapping[State, int]
    """Letters by what is known of their way."""
    days: tuple[tuple[date, Totals], ...]
    """Every day from the first to the last, none left out, oldest first; two weeks at least."""


def survey(db: Connection, chosen: Filter, today: date) -> Survey:
    """Read the numbers. Without a finer filter no signature is read, however many there are."""
    with reading(db):
        read = breakdowns(db, chosen, SHOWN)
        ways = ways_of(db, chosen)
    signed = {
        date.fromisoformat(row.group): Totals(row.signatures, row.letters) for row in read.by["day"]
    }
    week = [number for day, number in signed.items() if 0 <= (today - day).days < 7]
    return Survey(
        total=added(list(signed.values())),
        today=signed.get(today, Totals(0, 0)),
        week=added(week),
        statuses=read.statuses,
        by=read.by,
        ways=ways,
        days=every_day(signed, chosen, today),
    )


def added(parts: list[Totals]) -> Totals:
    """Totals added up, people and letters apart."""
    return Totals(sum(p.signatures for p in parts), sum(p.letters for p in parts))


def every_day(
    signed: Mapping[date, Totals], chosen: Filter, today: date
) -> tuple[tuple[date, Totals], ...]:
    """A row for every day of the calendar, those on which nobody signed too.

    From the first signature to today, or to the last one where that is later, as far as the
    filter reaches. Counted in days of the calendar: a day of 23 or 25 hours is a day.
    """
    last = max([today, *signed])
    if chosen.until:
        last = max([min(chosen.until, last), EARLIEST, *signed])
    first = min([last - timedelta(SHORTEST_CURVE - 1), *signed])
    days = (first + timedelta(n) for n in range((last - first).days + 1))
    return tuple((day, signed.get(day, Totals(0, 0))) for day in days)
