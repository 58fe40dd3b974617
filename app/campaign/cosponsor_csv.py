"""Reading a list of cosponsors from a spreadsheet's CSV, with every error in its own cell.

Columns are found by their names, in any order: ``bioguide`` and ``date`` are needed, ``name``,
``role``, ``bill`` and ``withdrawn`` may be there, others are left aside and named. The
campaign's own ``cosponsors.csv`` is such a file.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from app.campaign.stance import CURRENT, Backing
from app.text import clean_line

MOST_BYTES = 500_000
MOST_ROWS = 2_000
MOST_SHOWN = 50
"""Failing rows that are shown at once; the others are counted."""
MOST_CELL = 200

COLUMNS = ("bioguide", "name", "bill", "role", "date", "withdrawn")
NEEDED = ("bioguide", "date")
_BIOGUIDE = re.compile(r"[A-Z]\d{6}")
_US_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")

FileWhy = Literal["large", "encoding", "empty", "columns", "quotes", "rows", "cells"]
"""What is wrong with a file as a whole: too large, not UTF-8, nothing in it, needed columns
missing, a quotation mark that never closes, too many rows; ``cells`` says that single cells
are wrong."""

CellWhy = Literal[
    "missing", "bioguide", "other_person", "twice", "formula", "long", "bill", "role",
    "two_sponsors", "day", "future", "early", "before_joining", "extra",
]  # fmt: skip
"""What is wrong with a cell."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as it stands in the file, cut to what a page can show."""

    value: str
    why: CellWhy | None = None
    more: str = ""
    """What the message needs: the person whose id it is, the day before which it lies."""


@dataclass(frozen=True, slots=True)
class FailingRow:
    """A row with at least one wrong cell, in the order of the file's known columns."""

    line: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class CsvList:
    """A list that can be used."""

    backings: tuple[Backing, ...]
    withdrawn: tuple[Backing, ...]
    """Those who have a day of withdrawal; ``day`` is the day on which they joined."""
    bills: frozenset[str]
    """The bills that the file is about: their lists are replaced, the others stay."""
    ignored: tuple[str, ...]
    """Columns that were left aside."""


@dataclass(frozen=True, slots=True)
class CsvTrouble:
    """A list that cannot be used, and why, cell by cell."""

    why: FileWhy
    more: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[FailingRow, ...] = ()
    failing: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """What the reader knows about the world."""

    today: date
    bills: Mapping[str, str]
    """Every id that may stand in the column ``bill``, to the id that the list uses:
    ``current`` and ``hr6890-119`` both to ``current``."""
    members: Mapping[str, tuple[str, str]]
    """Full and last name of every sitting member by bioguide id."""
    introduced: Mapping[str, date]
    """By bill: nobody joined before."""


def read_cosponsor_csv(data: bytes, known: Known) -> CsvList | CsvTrouble:
    """The list in a CSV file, or every wrong cell of it.

    Comma, semicolon and tab part the columns; days are ``2025-12-18`` or ``12/18/2025``. The
    name of a sitting member is the official one, whatever the file says, and it must fit.
    """
    table = _table(data)
    if isinstance(table, CsvTrouble):
        return table
    head, rows = table
    ignored = tuple(name[:40] for name in head if name and name not in COLUMNS)
    columns = tuple(name for name in head if name in COLUMNS)
    reader = _Rows(known, columns)
    for line, cells in rows:
        reader.read(line, dict(zip(head, cells, strict=False)), extra=len(cells) > len(head))
    if reader.failing:
        return CsvTrouble("cells", "", columns, tuple(reader.shown), reader.failing)
    return CsvList(
        tuple(reader.backings), tuple(reader.withdrawn), frozenset(reader.bills), ignored
    )


def _table(data: bytes) -> tuple[list[str], list[tuple[int, list[str]]]] | CsvTrouble:
    """The column names in small letters, and the rows that are not empty with their lines."""
    if len(data) > MOST_BYTES:
        return CsvTrouble("large", f"{len(data):,}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return CsvTrouble("encoding", str(data.count(b"\n", 0, error.start) + 1))
    if "\0" in text:
        return CsvTrouble("encoding", "1")
    first = text.lstrip("\r\n").partition("\n")[0]
    mark = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((reader.line_num, cells))
            if len(rows) > MOST_ROWS + 1:
                return CsvTrouble("rows", f"{MOST_ROWS:,}")
    except csv.Error:
        return CsvTrouble("quotes", str(reader.line_num))
    if len(rows) < 2:
        return CsvTrouble("empty")
    head = [cell.strip().lower()[:MOST_CELL] for cell in rows[0][1]]
    missing = [name for name in NEEDED if head.count(name) != 1]
    twice = [name for name in COLUMNS if head.count(name) > 1 and name not in missing]
    if missing or twice:
        return CsvTrouble("columns", ", ".join(missing + twice))
    return head, rows[1:]


class _Rows:
    """Reads row by row and keeps what was found."""

    def __init__(self, known: Known, columns: tuple[str, ...]) -> None:
        self.known = known
        self.columns = columns
        self.backings: list[Backing] = []
        self.withdrawn: list[Backing] = []
        self.bills: set[str] = set()
        self.shown: list[FailingRow] = []
        self.failing = 0
        self._seen: set[tuple[str, str]] = set()
        self._sponsored: set[str] = set()

    def read(self, line: int, raw: Mapping[str, str], *, extra: bool) -> None:
        cells = {name: clean_line(raw.get(name, "")) for name in COLUMNS}
        wrong: dict[str, tuple[CellWhy, str]] = {}
        bioguide = cells["bioguide"].upper()
        bill = self.known.bills.get(cells["bill"].lower() or CURRENT, "")
        role = cells["role"].lower() or "cosponsor"
        joined, left = read_day(cells["date"]), read_day(cells["withdrawn"])
        self._check_person(bioguide, cells["name"], wrong)
        if not bill:
            wrong["bill" if "bill" in self.columns else "bioguide"] = ("bill", "")
        if role not in ("sponsor", "cosponsor"):
            wrong["role"] = ("role", "")
        elif role == "sponsor" and not left and bill in self._sponsored:
            wrong["role"] = ("two_sponsors", "")
        self._check_days(cells, joined, left, bill, wrong)
        if (bioguide, bill) in self._seen and not left and "bioguide" not in wrong:
            wrong["bioguide"] = ("twice", "")
        if extra:
            wrong[self.columns[-1]] = ("extra", "")
        for name, value in cells.items():
            if len(value) > MOST_CELL:
                wrong.setdefault(name, ("long", ""))
        if wrong:
            self._note(line, cells, wrong)
            return
        assert joined is not None
        official = self.known.members.get(bioguide)
        one: Literal["sponsor", "cosponsor"] = "sponsor" if role == "sponsor" else "cosponsor"
        backing = Backing(bioguide, official[0] if official else cells["name"], bill, one, joined)
        self.bills.add(bill)
        if left is not None:
            self.withdrawn.append(backing)
            return
        self._seen.add((bioguide, bill))
        if role == "sponsor":
            self._sponsored.add(bill)
        self.backings.append(backing)

    def _check_person(
        self, bioguide: str, name: str, wrong: dict[str, tuple[CellWhy, str]]
    ) -> None:
        official = self.known.members.get(bioguide)
        if not bioguide:
            wrong["bioguide"] = ("missing", "")
        elif not _BIOGUIDE.fullmatch(bioguide):
            wrong["bioguide"] = ("bioguide", "")
        elif official and name and not _fits(name, official[1]):
            wrong["bioguide"] = ("other_person", official[0])
        if name.lstrip(" '\"").startswith(_FORMULA):
            wrong["name"] = ("formula", "")
        elif not name and not official and "bioguide" not in wrong:
            wrong["name" if "name" in self.columns else "bioguide"] = ("missing", "name")

    def _check_days(
        self,
        cells: Mapping[str, str],
        joined: date | None,
        left: date | None,
        bill: str,
        wrong: dict[str, tuple[CellWhy, str]],
    ) -> None:
        first = self.known.introduced.get(bill)
        if joined is None:
            wrong["date"] = ("day" if cells["date"] else "missing", "")
        elif joined > self.known.today:
            wrong["date"] = ("future", "")
        elif first is not None and joined < first:
            wrong["date"] = ("early", first.isoformat())
        if cells["withdrawn"] and left is None:
            wrong["withdrawn"] = ("day", "")
        elif left is not None and left > self.known.today:
            wrong["withdrawn"] = ("future", "")
        elif left is not None and joined is not None and left < joined:
            wrong["withdrawn"] = ("before_joining", "")

    def _note(
        self, line: int, cells: Mapping[str, str], wrong: Mapping[str, tuple[CellWhy, str]]
    ) -> None:
        self.failing += 1
        if len(self.shown) < MOST_SHOWN:
            row = []
            for name in self.columns:
                why, more = wrong.get(name, (None, ""))
                row.append(Cell(cells[name][:60], why, more))
            self.shown.append(FailingRow(line, tuple(row)))


def read_day(text: str) -> date | None:
    """``2025-12-18``, or as a spreadsheet in the United States writes it, ``12/18/2025``."""
    match = _US_DAY.fullmatch(text)
    try:
        if match:
            return date(int(match[3]), int(match[1]), int(match[2]))
        return date.fromisoformat(text) if len(text) == len("2025-12-18") else None
    except ValueError:
        return None


def fold(text: str) -> str:
    """Letters only, without accents and capitals, for comparing names."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    return "".join(ch for ch in letters if ch.isalnum())


def _fits(name: str, last: str) -> bool:
    return fold(last) in fold(name)


def write_list(backings: Iterable[Backing]) -> str:
    """A list as the campaign keeps it: ``bioguide,name,bill,role,date``."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("bioguide", "name", "bill", "role", "date"))
    for b in backings:
        writer.writerow((b.bioguide, b.name, b.bill, b.role, b.day.isoformat()))
    return out.getvalue()
