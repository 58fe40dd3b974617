"""Counting at 10,000 and at 1,000,000 signatures, and a million rows as CSV.

The dashboard reads tallies, so its time must not grow with the signatures. The export is compared
with the ``sqlite3`` program writing the same rows from the same file. Everything else that is made
from all rows (workbook, database, statement, day sheets) must use little memory.
"""

from __future__ import annotations

import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from nacl.signing import SigningKey

from app.campaign.load import load_campaign
from app.congress.model import STATES
from app.congress.tables import load_tables
from app.documents.day_sheet import book_pdf
from app.records.counts import Filter
from app.records.database import open_database
from app.records.exports import Occasion, letters_table, signatures_table
from app.records.office_numbers import office_sheets, sheet_facts
from app.records.statements import make_statement
from app.records.tabular import csv_lines, json_lines, write_sqlite, write_text, write_xlsx
from app.web.organizer.counts_read import survey
from tests.bench.fill import CAMPAIGN, fill
from tests.bench.pdf import peak_memory

FEW, MANY = 10_000, 1_000_000
ROUNDS = 15
TODAY = date(2026, 11, 25)
NARROW = {
    "a state (goal: under 50)": Filter(CAMPAIGN, state="CA"),
    "a letter (the same)": Filter(CAMPAIGN, template="general"),
    "a source (the same)": Filter(CAMPAIGN, source="parish"),
    "a month (the same)": Filter(CAMPAIGN, since=date(2026, 11, 1), until=date(2026, 11, 30)),
    "a state and a letter": Filter(CAMPAIGN, state="CA", template="general"),
}
OCCASION = Occasion(datetime(2026, 11, 25, 12, tzinfo=UTC), "America/New_York")
ROOT = Path(__file__).resolve().parents[2]
SAME_ROWS = (
    "SELECT id, campaign, status, day, at, state, state || '-' || district, template, version,"
    " length, language, match, source, edited, own_share, letters FROM signatures ORDER BY id"
)
SAME_LETTERS = (
    "SELECT s.id, s.campaign, s.status, s.day, s.state, s.state || '-' || s.district, l.seat,"
    " l.bioguide, l.ask, l.state, l.state_at FROM signatures s JOIN letters l"
    " ON l.signature = s.id ORDER BY s.id, l.seat"
)


def milliseconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000


def dashboards(few: Path, many: Path) -> None:
    """The dashboard's data, unfiltered from both databases in turn, and filtered."""
    plain = Filter(CAMPAIGN)
    with closing(open_database(few)) as small, closing(open_database(many)) as large:
        pairs = [
            (
                milliseconds(lambda: survey(small, plain, TODAY)),
                milliseconds(lambda: survey(large, plain, TODAY)),
            )
            for _ in range(ROUNDS)
        ]
        narrowed = [
            (name, statistics.median(
                milliseconds(partial(survey, large, chosen, TODAY)) for _ in range(ROUNDS)
            ))
            for name, chosen in NARROW.items()
        ]  # fmt: skip
    one, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(b / a for a, b in pairs)
    print(f"Dashboard's data, {ROUNDS} rounds in turn, medians")
    print(f"  {FEW:>9,} signatures                     {one:8.1f} ms")
    print(f"  {MANY:>9,} signatures (goal: under 30)    {other:8.1f} ms")
    print(f"  ratio (goal: about 1)                    {ratio:8.2f}")
    for name, took in narrowed:
        print(f"  {MANY:>9,} narrowed to {name:<24}  {took:8.1f} ms")


def write(database: Path, what: str, path: Path) -> None:
    """Make a complete export, statement or book, as the page and the command line do."""
    form, _, shape = what.partition(" ")
    with closing(open_database(database)) as db:
        if form == "statement":
            state_the_count(db, path)
            return
        if form == "sheets":
            path.write_bytes(book(db))
            return
        table = signatures_table if shape == "signatures" else letters_table
        rows = table(db, Filter(CAMPAIGN, status=None), OCCASION)
        if form == "csv":
            write_text(csv_lines(rows), path)
        elif form == "json":
            write_text(json_lines(rows), path)
        else:
            {"xlsx": write_xlsx, "sqlite": write_sqlite}[form]([rows], path)


def state_the_count(db: sqlite3.Connection, path: Path) -> None:
    tables = load_tables()
    districts = [f"{state}-{n}" for state in STATES for n in tables.districts(state)]
    key = SigningKey(b"k" * 32)
    make_statement(db, CAMPAIGN, "Bench", key, at=OCCASION.at, zone=OCCASION.zone,
                   districts=districts, tree=path)  # fmt: skip


def book(db: sqlite3.Connection) -> bytes:
    tables, campaign = load_tables(), load_campaign(ROOT / "letters" / CAMPAIGN)
    sheets = office_sheets(db, campaign, tables.holders, today=TODAY, tables=tables)
    facts = sheet_facts(campaign, group="Bench", today=TODAY, members_as_of=tables.as_of)
    return book_pdf(sheets, facts)


def export(database: Path, what: str, path: Path) -> tuple[float, int]:
    """The milliseconds and peak megabytes of an export in a fresh process."""
    command = [sys.executable, "-m", "tests.bench.counting", str(database), what, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    took, peak = done.stdout.split()
    return float(took), int(peak)


def by_program(program: str, database: Path, query: str, folder: Path) -> None:
    """The same rows, written by SQLite's command-line program."""
    with (folder / "theirs.csv").open("wb") as out:
        command = [program, "-readonly", "-csv", "-header", str(database), query]
        subprocess.run(command, check=True, stdout=out)


def exports(database: Path, folder: Path) -> None:
    program = shutil.which("sqlite3")
    for shape, query in (("signatures", SAME_ROWS), ("letters", SAME_LETTERS)):
        took, theirs, peaks = [], [], []
        for _ in range(3):
            ours, peak = export(database, f"csv {shape}", folder / "ours.csv")
            took.append(ours)
            peaks.append(peak)
            if program:
                theirs.append(milliseconds(partial(by_program, program, database, query, folder)))
        with (folder / "ours.csv").open("rb") as file:
            lines = sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b"")) - 1
        print(f"{lines:,} {shape} as CSV, medians of 3")
        print(f"  this export                              {statistics.median(took):8.0f} ms")
        if program:
            ratio = statistics.median(a / b for a, b in zip(took, theirs, strict=True))
            print(f"  the sqlite3 program, the same rows       {statistics.median(theirs):8.0f} ms")
            print(f"  ratio (goal: at most 3)                  {ratio:8.2f}")
        else:
            print("  The sqlite3 program is missing, so there is no ratio: apt-get install sqlite3")
        print(f"  peak memory (goal: under 150)            {max(peaks):8d} MB")


def others(few: Path, many: Path, folder: Path) -> None:
    """Everything else that is made from all rows: memory must not grow with them."""
    print(f"Memory with {FEW:,} and with {MANY:,} signatures, and seconds with the second")
    for what in ("json signatures", "sqlite signatures", "sqlite letters", "xlsx signatures",
                 "statement", "sheets"):  # fmt: skip
        _, small = export(few, what, folder / "other")
        took, large = export(many, what, folder / "other")
        goal = "541 sheets, goal: under 60 s" if what == "sheets" else "goal: under 150 MB"
        print(f"  {f'{what} ({goal})':<44}{small:4d} MB {large:4d} MB {took / 1000:8.1f} s")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, many = folder / "few.db", folder / "many.db"
        fill(few, FEW)
        fill(many, MANY)
        dashboards(few, many)
        exports(many, folder)
        others(few, many, folder)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        database, what, path = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
        print(milliseconds(lambda: write(database, what, path)), peak_memory())
    else:
        main()
