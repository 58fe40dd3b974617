"""One press about a sheet of paper signatures: from its bytes to what a page says of it.

What somebody uploads is read, judged and added in a process of its own, for which this module is
enough with what it is handed. Nothing of it is written anywhere; it goes with the process. What
comes back is an ``Outline``, which has no more rows than a page shows. Between two pages what was
read, and what an organizer said of it so far, travels in the form itself, locked, so that nobody
can read it there and only what this site sent comes back.
"""

from __future__ import annotations

import base64
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from app.campaign.entities import Campaign
from app.congress.tables import load_tables
from app.errors import NotStoredError
from app.records.database import local_database
from app.records.keyed import lock, unlock
from app.records.paper import (
    Added,
    Batch,
    ImportRunningError,
    PaperLetters,
    import_steps,
    paper_lock,
    remember_columns,
)
from app.records.paper_columns import RawRow, cell
from app.records.paper_files import HeldFile, HeldSheet, SheetError, hold_file
from app.records.paper_plan import (
    Choices,
    ImportPlace,
    ImportPlan,
    Said,
    Wrong,
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
    """An ``ImportPlan`` as a page shows it: its first rows of each kind, and how many there are."""

    plan: ImportPlan = field(repr=False)
    """Without the file's rows and those that count, with ``SHOWN`` or ``LIKELY`` of the others."""
    new: int
    wrong: int
    odd: int
    likely: tuple[str, ...]
    """All of them, by key; so is ``same``."""
    same: tuple[str, ...]
    zeros: int
    """Rows whose ZIP code lost its zeros."""
    split: int
    """Rows whose district a street could settle."""
    streets: tuple[Wrong, ...] = field(repr=False)
    """Those whose streets one press looks up."""
    digest: str
    packed: str = field(default="", repr=False)
    """File and choices as one field of a form; empty where no form follows."""

    @classmethod
    def of(cls, plan: ImportPlan) -> Outline:
        """Of a plan, with nothing packed."""
        split = [row for row in plan.wrong if row.is_split]
        sheets = tuple(replace(sheet, rows=()) for sheet in plan.file.sheets)
        shown = replace(
            plan, file=replace(plan.file, sheets=sheets), new=(), wrong=plan.wrong[:SHOWN],
            odd=plan.odd[:SHOWN], likely=plan.likely[:LIKELY],
        )  # fmt: skip
        return cls(
            shown, len(plan.new), len(plan.wrong), len(plan.odd),
            tuple(row.key for row in plan.likely), plan.same,
            sum(any(p.why == "zip_zeros" for p in row.problems) for row in plan.wrong),
            len(split), tuple(split[:STREETS]), plan.digest,
        )  # fmt: skip


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
        site.campaign, load_tables(site.instance, site.now), site.now, site.person_key, site.secret
    )
    db = local_database(site.database)
    for step in plan_steps(file, before.with_what(said), place, db):
        if isinstance(step, ImportPlan):
            plan = step
        elif step % STEP == 0:
            yield Step("rows", step, every)
    outline = Outline.of(plan)
    if adding is None or not plan.ready or plan.digest != adding.shown:
        yield replace(outline, packed=pack(plan, site.secret))
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
        yield replace(outline, packed=pack(plan, site.secret))
        raise
    yield outline
    yield added


# --- as one field of a form -------------------------------------------------------------

MOST_CARRIED = 400_000
"""Cells that travel. Where there are more, columns that are not used stay behind."""
_PURPOSE = "sheet between two pages"


def pack(plan: ImportPlan, secret: bytes) -> str:
    """A plan's file, with what its columns are, and the choices, as text."""
    file, choices = plan.file, plan.choices
    cells = sum(len(sheet.rows) * len(sheet.header.cells) for sheet in file.sheets)
    sheets: list[list[object]] = []
    for sheet, known in zip(file.sheets, plan.columns, strict=True):
        used = [
            place
            for place, (header, role) in enumerate(zip(known.headers, known.roles, strict=True))
            if role or (header and (cells <= MOST_CARRIED or known.questions))
        ]
        places = {place: at for at, place in enumerate(used)}
        rows = [
            [row.number, [cell(row, place) for place in used],
             {places[place]: flag for place, flag in row.flags.items() if place in places},
             row.hidden]
            for row in sheet.rows
        ]  # fmt: skip
        roles = [known.roles[p] for p in used] if len(sheets) in choices.columns else None
        sheets.append([sheet.name, sheet.header.number, [known.headers[p] for p in used], rows,
                       roles])  # fmt: skip
    text = json.dumps(
        [sheets, file.unread, file.guessed_encoding, file.shows_hidden,
         [choices.hidden, choices.edits, choices.located, sorted(choices.out),
          sorted(choices.keep), sorted(choices.same), choices.zeros]],
        separators=(",", ":"),
    )  # fmt: skip
    locked = lock(zlib.compress(text.encode()), secret, _PURPOSE)
    return base64.b64encode(locked).decode("ascii")


def unpack(packed: str, secret: bytes, most: int) -> tuple[HeldFile, Choices] | None:
    """What ``pack`` made; None where it is something else, or has more than ``most`` rows."""
    try:
        content = unlock(base64.b64decode(packed, validate=True), secret, _PURPOSE)
    except ValueError:
        return None
    if content is None:
        return None
    sheets, unread, guessed, shows, said = json.loads(zlib.decompress(content))
    if sum(len(rows) for _name, _number, _headers, rows, _roles in sheets) > most:
        return None
    held, columns = [], {}
    for at, (name, number, headers, rows, roles) in enumerate(sheets):
        lines = (
            RawRow(line, tuple(cells), {int(place): flag for place, flag in flags.items()}, hidden)
            for line, cells, flags, hidden in rows
        )
        held.append(HeldSheet(name, RawRow(number, tuple(headers)), tuple(lines)))
        if roles is not None:
            columns[at] = tuple(roles)
    hidden, edits, located, *rows, zeros = said
    out, keep, same = map(frozenset, rows)
    file = HeldFile(tuple(held), tuple((name, why) for name, why in unread), guessed, shows)
    return file, Choices(columns, {}, hidden, edits, located, out, keep, same, zeros)
