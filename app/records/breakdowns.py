"""Several breakdowns at once, for a page that shows them beside each other.

Without a finer filter they come from the tallies. Otherwise all are counted in one pass over the
signatures, in the order in which these lie on the disk: about three seconds for a million, where
a query for each breakdown would take many times as long.
"""

# ruff: noqa: S608 - the statements are put together from constants

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.records.counting import natural
from app.records.filtered import Filter, counts, statuses
from app.records.model import STATUSES, CountRow, Status, Totals

PIECE = 2_000
"""Rows that are counted at once."""


@dataclass(frozen=True, slots=True)
class Breakdowns:
    """The counts of one filter."""

    statuses: Mapping[Status, Totals]
    """Every status, whatever status the filter asks for."""
    by: Mapping[str, list[CountRow]]
    """The same rows as ``counts`` gives, by each breakdown that was asked for."""


def breakdowns(db: sqlite3.Connection, chosen: Filter, names: Sequence[str]) -> Breakdowns:
    """Count by each of ``names``, all but ``recipient``. Call it inside ``reading``."""
    if not chosen.finer:
        return Breakdowns(statuses(db, chosen), {name: counts(db, name, chosen) for name in names})
    where, values = replace(chosen, status=None).where()
    columns = ", ".join(f"s.{name}" for name in names)
    cursor = db.execute(
        f"SELECT s.status, s.letters, {columns} FROM countable s WHERE {where}", values
    )
    standing: Counter[tuple[str, int]] = Counter()
    found: list[Counter[tuple[str, int, str]]] = [Counter() for _ in names]
    while rows := cursor.fetchmany(PIECE):
        status, letters, *groups = zip(*rows, strict=True)
        standing.update(zip(status, letters, strict=True))
        for counter, column in zip(found, groups, strict=True):
            counter.update(zip(status, letters, column, strict=True))
    every = {name: Totals(0, 0) for name in STATUSES}
    for (name, each), people in standing.items():
        every[name] = _more(every[name], people, each)  # type: ignore[index]
    return Breakdowns(
        every,
        {name: _rows(counter, chosen) for name, counter in zip(names, found, strict=True)},
    )


def _rows(counter: Counter[tuple[str, int, str]], chosen: Filter) -> list[CountRow]:
    groups: dict[str, Totals] = {}
    for (status, letters, group), people in counter.items():
        if chosen.status in (None, status):
            groups[group] = _more(groups.get(group, Totals(0, 0)), people, letters)
    rows = [CountRow(group, total.signatures, total.letters) for group, total in groups.items()]
    return sorted(rows, key=lambda row: natural(row.group))


def _more(total: Totals, people: int, letters: int) -> Totals:
    """``total`` and so many people with so many letters each."""
    return Totals(total.signatures + people, total.letters + people * letters)
