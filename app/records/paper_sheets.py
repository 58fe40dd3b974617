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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from app.campaign.entities import Campaign
from app.congress.tables import load_tables
from app.records.database import NotStoredError, local_database
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
from app.records.paper_columns import Columns, RawRow, SheetRow, cell
from app.records.paper_files import HeldFile, HeldSheet, SheetError, Unread, hold_file
from app.records.paper_plan import (
    Choices,
    Hidden,
    ImportPlace,
    ImportPlan,
    Likely,
    Odd,
    Said,
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


# --- as one field of a form -------------------------------------------------------------

MOST_CARRIED = 400_000
"""Cells that travel. Where there are more, columns that are not used stay behind."""
_PURPOSE = "sheet between two pages"


def pack(file: HeldFile, columns: Sequence[Columns], choices: Choices, secret: bytes) -> str:
    """A file, with what its columns are, and the choices, as text."""
    cells = sum(len(sheet.rows) * len(sheet.header.cells) for sheet in file.sheets)
    sheets: list[list[object]] = []
    for sheet, known in zip(file.sheets, columns, strict=True):
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
