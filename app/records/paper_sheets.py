"""One request about a sheet of paper signatures: from its bytes to what the page shows.

An upload is read, judged and added in a separate process, which needs only this module and its
arguments. The upload is never written to disk and vanishes with the process. The process returns
a ``PlanSummary``, which has no more rows than a page shows. Between two pages, the parsed file
and the organizer's answers so far travel in the form itself, encrypted and authenticated, so no
one can read them there and only what this site sent is accepted.
"""

from __future__ import annotations

import base64
import io
import json
import zlib
from collections.abc import Iterator, Mapping
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
from app.records.paper_files import ParsedFile, ParsedSheet, SheetError, parse_file
from app.records.paper_plan import (
    Answers,
    Choices,
    ImportPlace,
    ImportPlan,
    Wrong,
    corrected_columns,
    plan_steps,
)

MOST_SHOWN = 40
"""Rows with problems on one page, and odd rows on one page."""
MOST_LIKELY = 200
"""Likely repeats on one page."""
STREETS = 10
"""Streets that one request looks up."""
LARGE_BYTES = 100_000
"""From this size on, reading a file or a form's field takes long enough to report it."""
PROGRESS_ROWS = 500
"""Rows between two progress reports."""


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
    """The key that receipts are made with."""


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What is needed to add the plan that was shown."""

    batch: Batch
    campaign: Campaign = field(repr=False)
    """Decides which ask each letter carries."""
    day: date
    """The day on which the letters are written."""
    shown: str
    """The digest of the plan that the organizer saw."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far the work has come."""

    what: Literal["reading", "rows", "signatures"]
    done: int = 0
    all: int = 0


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """An ``ImportPlan`` as a page shows it: the first rows of each kind, and their totals."""

    plan: ImportPlan = field(repr=False)
    """Without the file's rows, ``new`` and the names of columns that do not travel; at most
    ``MOST_SHOWN`` wrong and odd rows and ``MOST_LIKELY`` likely repeats."""
    new: int
    wrong: int
    odd: int
    likely: tuple[str, ...]
    """The keys of all likely repeats; ``same`` holds keys, too."""
    same: tuple[str, ...]
    zeros: int
    """Rows whose ZIP code lost its zeros."""
    split: int
    """Rows whose district a street could settle."""
    streets: tuple[Wrong, ...] = field(repr=False)
    """The split rows whose streets the next request can look up."""
    digest: str
    packed: str = field(default="", repr=False)
    """File and choices as one form field; empty if no form follows."""

    @classmethod
    def of(cls, plan: ImportPlan) -> PlanSummary:
        """Summarize a plan, with nothing packed."""
        split = [row for row in plan.wrong if row.is_split]
        sheets = tuple(replace(sheet, rows=()) for sheet in plan.file.sheets)
        columns = tuple(
            replace(known, headers=tuple(
                header if place in used else "" for place, header in enumerate(known.headers)
            ))
            for known, used in zip(plan.columns, _carried(plan), strict=True)
        )  # fmt: skip
        shown = replace(
            plan, file=replace(plan.file, sheets=sheets), columns=columns, new=(),
            wrong=plan.wrong[:MOST_SHOWN], odd=plan.odd[:MOST_SHOWN],
            likely=plan.likely[:MOST_LIKELY],
        )  # fmt: skip
        return cls(
            shown, len(plan.new), len(plan.wrong), len(plan.odd),
            tuple(row.key for row in plan.likely), plan.same,
            sum(any(p.why == "zip_zeros" for p in row.problems) for row in plan.wrong),
            len(split), tuple(split[:STREETS]), plan.digest,
        )  # fmt: skip


def process_sheet(
    sheet: bytes | str,
    answers: Answers,
    site: SheetSite,
    most: int,
    adding: ImportRequest | None = None,
) -> Iterator[Step | PlanSummary | Added]:
    """Read a file or the output of ``pack``, judge it, and add it if ``adding`` is given.

    Yields progress, then the summary of the plan, then what was added; nothing is added if the
    plan is not ready or differs from the one shown. Killing the process while it adds leaves an
    unfinished import, which ``undo_interrupted`` removes. Raises ``SheetError``,
    ``TooManyRowsError`` above ``most`` rows, ``NotStoredError`` if the database cannot be read;
    after the summary, ``NotStoredError`` and ``ImportRunningError`` if nothing could be added.
    """
    if len(sheet) > LARGE_BYTES:
        yield Step("reading")
    if isinstance(sheet, bytes):
        file, before = parse_file(io.BytesIO(sheet), most), Choices()
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
    for step in plan_steps(file, before.updated_with(answers), place, db):
        if isinstance(step, ImportPlan):
            plan = step
        elif step % PROGRESS_ROWS == 0:
            yield Step("rows", step, every)
    summary = PlanSummary.of(plan)
    if adding is None or not plan.ready or plan.digest != adding.shown:
        yield replace(summary, packed=pack(plan, site.secret))
        return
    try:
        if headers := corrected_columns(plan):
            remember_columns(db, headers)
        letters = PaperLetters(adding.campaign, adding.day)
        added = Added(0, 0, 0)
        for added in import_steps(
            db, plan.new, adding.batch, letters=letters, secret=site.secret,
            lock=paper_lock(site.instance),
        ):  # fmt: skip
            yield Step("signatures", added.signatures + added.before, len(plan.new))
    except (NotStoredError, ImportRunningError):
        yield replace(summary, packed=pack(plan, site.secret))
        raise
    yield summary
    yield added


# --- as one form field ------------------------------------------------------------------

MOST_CARRIED = 400_000
"""How many cells travel with unused columns; above this, unused columns are dropped."""
_PURPOSE = "sheet with numbered columns between two pages"


def _carried(plan: ImportPlan) -> list[list[int]]:
    """By sheet, the columns that travel: those with a name, or only those with a role, and those
    that a question is about."""
    cells = sum(len(sheet.rows) * len(sheet.header.cells) for sheet in plan.file.sheets)
    return [
        [
            place
            for place, (header, role) in enumerate(zip(known.headers, known.roles, strict=True))
            if role
            or (header and (cells <= MOST_CARRIED or known.questions))
            or any(place in question.places for question in known.questions)
        ]
        for known in plan.columns
    ]


def pack(plan: ImportPlan, secret: bytes) -> str:
    """A plan's file, the roles of its columns and the choices, as text."""
    file, choices = plan.file, plan.choices
    sheets: list[list[object]] = []
    for sheet, known, used in zip(file.sheets, plan.columns, _carried(plan), strict=True):
        rows = [
            [row.number, [cell(row, place) for place in used],
             {place: flag for place, flag in row.flags.items() if place in used},
             row.hidden, sorted(row.crossed.intersection(used))]
            for row in sheet.rows
        ]  # fmt: skip
        roles = known.roles if len(sheets) in choices.columns else None
        headers = {place: known.headers[place] for place in used}
        sheets.append([sheet.name, sheet.header.number, headers, rows, roles])
    text = json.dumps(
        [sheets, file.unread, file.guessed_encoding, file.shows_hidden,
         [choices.hidden, choices.edits, choices.located, sorted(choices.out),
          sorted(choices.keep), sorted(choices.same), choices.zeros]],
        separators=(",", ":"),
    )  # fmt: skip
    locked = lock(zlib.compress(text.encode()), secret, _PURPOSE)
    return base64.b64encode(locked).decode("ascii")


def unpack(packed: str, secret: bytes, most: int) -> tuple[ParsedFile, Choices] | None:
    """The reverse of ``pack``; None for any other text, or above ``most`` rows."""
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
        names = {int(place): header for place, header in headers.items()}
        lines = (
            RawRow(
                line,
                _in_places(dict(zip(names, cells, strict=True))),
                {int(place): flag for place, flag in flags.items()},
                hidden,
                frozenset(crossed),
            )
            for line, cells, flags, hidden, crossed in rows
        )
        held.append(ParsedSheet(name, RawRow(number, _in_places(names)), tuple(lines)))
        if roles is not None:
            columns[at] = tuple(roles)
    hidden, edits, located, *rows, zeros = said
    out, keep, same = map(frozenset, rows)
    file = ParsedFile(tuple(held), tuple((name, why) for name, why in unread), guessed, shows)
    return file, Choices(columns, {}, hidden, edits, located, out, keep, same, zeros)


def _in_places(texts: Mapping[int, str]) -> tuple[str, ...]:
    """Texts by column as a row's cells. Columns keep their places, by which forms name them."""
    return tuple(texts.get(place, "") for place in range(max(texts, default=-1) + 1))
