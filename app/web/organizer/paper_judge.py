"""All rows of a sheet, judged: what can be added, what is wrong, who is there already."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from app.records.paper import signed_before
from app.records.paper_check import Good, Twice, Wrong, check_rows
from app.records.paper_files import SheetRow
from app.site.services import services
from app.web.organizer.paper_enter import place

STEP = 500
"""Rows between two signs of life."""


@dataclass(frozen=True, slots=True)
class Judged:
    """All rows of a sheet with what came of them."""

    rows: list[SheetRow]
    good: list[Good]
    wrong: list[Wrong]
    twice: list[Twice]
    before: list[int]
    """Rows whose people signed already."""

    @property
    def new(self) -> int:
        return len(self.good) - len(self.before)


def judging(rows: list[SheetRow]) -> Generator[int, None, Judged]:
    """Look at every row, and in the database whether its person signed before.

    Yields now and then how many rows are done, and returns what came of them.
    """
    good: list[Good] = []
    wrong: list[Wrong] = []
    twice: list[Twice] = []
    before: list[int] = []
    site = services()
    fresh: list[Good] = []

    def ask() -> None:
        before.extend(signed_before(site.db(), site.campaign.slug, fresh, site.settings.secret_key))
        fresh.clear()

    for done, result in enumerate(check_rows(rows, place()), start=1):
        if isinstance(result, Good):
            good.append(result)
            fresh.append(result)
        elif isinstance(result, Wrong):
            wrong.append(result)
        else:
            twice.append(result)
        if done % STEP == 0:
            ask()
            yield done
    ask()
    return Judged(rows, good, wrong, twice, before)


def judge(rows: list[SheetRow]) -> Judged:
    """The same at once."""
    steps = judging(rows)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            judged: Judged = end.value
            return judged
