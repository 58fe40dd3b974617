"""One press about a sheet of paper signatures: from its bytes to what a page says of it.

What somebody uploads is read, judged and added in a process of its own, for which this module is
enough with what it is handed. Nothing of it is written anywhere; it goes with the process. What
comes back is an ``Outline``, which has no more rows than a page shows.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from app.campaign.entities import Campaign
from app.congress.tables import load_tables
from app.records.database import NotStoredError, local_database
from app.records.paper import (
    Added,
    Batch,
    ImportRunningError,
    PaperLetters,
    import_steps,
    paper_lock,
    remember_columns,
)
from app.records.paper_columns import Columns, SheetRow
from app.records.paper_files import SheetError
from app.records.paper_held import Choices, Hidden, Said, Unread, hold_file, pack, unpack
from app.records.paper_plan import (
    ImportPlace,
    ImportPlan,
    Likely,
    Odd,
    Wrong,
    place_of,
    plan_steps,
    said_columns,
)

SHOWN = 40
"""Rows with problems, and rows that hardly are people, on one page."""
LIKELY = 200
"""Rows on one page that may be of somebody who stands already."""
STREETS = 10
"""Streets that one press looks up."""
LARGE = 100_000
"""Bytes of a file, or of what a form carries, that are not read before anybody wonders."""
STEP = 500
"""Rows between two signs of life."""


@dataclass(frozen=True, slots=True)
class SheetSite:
    """What a sheet is judged against and added to."""

    instance: Path
    database: Path
    campaign: str
    now: datetime
    """See ``ImportPlace``."""
    person_key: bytes = field(repr=False)
    secret: bytes = field(repr=False)
    """The one that receipts are made with."""


@dataclass(frozen=True, slots=True)
class Adding:
    """What it takes to add what was shown."""

    batch: Batch
    campaign: Campaign = field(repr=False)
    """It says which ask each letter carries."""
    day: date
    """As which letters are written."""
    shown: str
    """The digest of the plan that somebody saw."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far the work is."""

    what: Literal["reading", "rows", "signatures"]
    done: int = 0
    all: int = 0


@dataclass(frozen=True, slots=True)
class Outline:
    """What a page says of an ``ImportPlan``: numbers, names of rows, and the first few whole."""

    sheets: tuple[str, ...]
    unread: tuple[tuple[str, Unread], ...]
    guessed_encoding: bool
    shows_hidden: bool
    columns: tuple[Columns, ...]
    first_rows: tuple[SheetRow, ...]
    said_hidden: Hidden
    rows: int
    new: int
    wrong: int
    odd: int
    left_out: int
    questions: bool
    ready: bool
    digest: str
    twice: tuple[tuple[str, str], ...]
    before: tuple[str, ...]
    full: tuple[str, ...]
    hidden: tuple[str, ...]
    likely: tuple[str, ...]
    same: tuple[str, ...]
    zeros: int
    """Rows whose ZIP code lost its zeros."""
    split: int
    """Rows whose district a street could settle."""
    shown_wrong: tuple[Wrong, ...] = field(repr=False)
    shown_odd: tuple[Odd, ...] = field(repr=False)
    shown_likely: tuple[Likely, ...] = field(repr=False)
    streets: tuple[Wrong, ...] = field(repr=False)
    """Rows whose streets one press looks up."""
    packed: str = field(default="", repr=False)
    """File and choices as one field of a form; empty where no form follows."""

    @classmethod
    def of(cls, plan: ImportPlan) -> Outline:
        """Of a plan, with nothing packed."""
        file = plan.file
        split = [row for row in plan.wrong if row.is_split]
        return cls(
            sheets=tuple(sheet.name for sheet in file.sheets), unread=file.unread,
            guessed_encoding=file.guessed_encoding, shows_hidden=file.shows_hidden,
            columns=plan.columns, first_rows=plan.first_rows, said_hidden=plan.choices.hidden,
            rows=plan.rows, new=len(plan.new), wrong=len(plan.wrong), odd=len(plan.odd),
            left_out=plan.left_out, questions=plan.questions, ready=plan.ready,
            digest=plan.digest, twice=plan.twice, before=plan.before, full=plan.full,
            hidden=plan.hidden, likely=tuple(row.key for row in plan.likely), same=plan.same,
            zeros=sum(any(p.why == "zip_zeros" for p in row.problems) for row in plan.wrong),
            split=len(split), shown_wrong=plan.wrong[:SHOWN], shown_odd=plan.odd[:SHOWN],
            shown_likely=plan.likely[:LIKELY], streets=tuple(split[:STREETS]),
        )  # fmt: skip

    def name(self, key: str) -> tuple[str, str]:
        """Like ``ImportPlan.name``."""
        return place_of(key, self.sheets)


def press(
    sheet: bytes | str, said: Said, site: SheetSite, most: int, adding: Adding | None = None
) -> Iterator[Step | Outline | Added]:
    """Read a file, or what ``pack`` made of one, judge it, and add it where that was pressed.

    Gives how far the work is, then the outline of the plan, and at last what was added: nothing
    where the plan is not ready or not the one that was shown. Whoever ends this process while it
    adds leaves an import behind that ``undo_interrupted`` removes. Raises ``SheetError``,
    ``TooManyRowsError`` above ``most`` rows, ``NotStoredError`` and ``ImportRunningError``; the
    last two after the outline, when nothing could be added.
    """
    if len(sheet) > LARGE:
        yield Step("reading")
    if isinstance(sheet, bytes):
        file, before = hold_file(io.BytesIO(sheet), most), Choices()
    else:
        found = unpack(sheet, site.secret, most)
        if found is None:
            raise SheetError("lost")
        file, before = found
    del sheet
    every = sum(len(one.rows) for one in file.sheets)
    place = ImportPlace(
        site.campaign, load_tables(site.instance, site.now), site.now, site.person_key
    )
    db = local_database(site.database)
    steps = plan_steps(file, before.with_what(said), place, db, secret=site.secret)
    while True:
        try:
            done = next(steps)
        except StopIteration as end:
            plan: ImportPlan = end.value
            break
        if done % STEP == 0:
            yield Step("rows", done, every)
    outline = Outline.of(plan)
    if adding is None or not plan.ready or plan.digest != adding.shown:
        yield replace(outline, packed=pack(plan.file, plan.columns, plan.choices, site.secret))
        return
    try:
        if headers := said_columns(plan):
            remember_columns(db, headers)
        letters = PaperLetters(adding.campaign, adding.day)
        added = Added(0, 0, 0)
        for added in import_steps(
            db, plan.new, adding.batch, letters=letters, secret=site.secret,
            lock=paper_lock(site.instance),
        ):  # fmt: skip
            yield Step("signatures", added.signatures + added.before, len(plan.new))
    except (NotStoredError, ImportRunningError):
        yield replace(outline, packed=pack(plan.file, plan.columns, plan.choices, site.secret))
        raise
    yield outline
    yield added
