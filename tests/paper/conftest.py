"""Sheets as people make them, and an organizer who enters them."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app.records.database import Connection, open_database
from app.records.paper import Added, Batch, CountableRow, PaperLetters, import_steps
from app.records.paper_columns import SheetRow, assign, person_row
from app.records.paper_files import ParsedFile, parse_file
from app.records.paper_plan import Choices, ImportPlace, ImportPlan, judge, make_plan
from app.web.organizer import paper_entry
from tests.organizers.browser import Browser
from tests.organizers.conftest import (  # noqa: F401 - fixtures
    Clock,
    Office,
    app,
    clock,
    site_url,
    staff,
)
from tests.packets.conftest import campaign, tables

TODAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SECRET = b"s" * 32
HEADER = ("First name", "Last name", "Street", "City", "State", "ZIP", "District", "E-mail")
ANA = ("Ana", "Li", "12 Main St", "Stowe", "VT", "05672", "", "")
BO = ("Bo", "Ng", "9 Elm St", "Stowe", "VT", "05672", "", "bo@example.org")
SPLIT = ("Cy", "Ortiz", "3 Oak St", "Chicago", "IL", "60647", "", "")
ZEROS = ("Di", "Cohen", "4 Oak St", "Boston", "MA", "2108", "", "")


def csv_file(
    *rows: Sequence[str],
    delimiter: str = ",",
    encoding: str = "utf-8",
    header: Sequence[str] = HEADER,
) -> bytes:
    """A CSV file with a header."""
    lines = (delimiter.join(row) for row in (header, *rows))
    return ("\r\n".join(lines) + "\r\n").encode(encoding)


def workbook(*rows: Sequence[Any], header: Sequence[str] = HEADER) -> openpyxl.Workbook:
    """A workbook with one sheet; ``None`` leaves a cell empty."""
    book = openpyxl.Workbook()
    for row in (header, *rows):
        book.active.append(row)
    return book


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parsed(content: bytes) -> ParsedFile:
    return parse_file(io.BytesIO(content))


def rows_of(content: bytes) -> list[SheetRow]:
    """The rows as people, with the columns as they are recognized."""
    return [
        row
        for at, sheet in enumerate(parsed(content).sheets)
        for raw in sheet.rows
        if (row := person_row(raw, assign(sheet.header, sheet.rows[:50], {}), at))
    ]


def place() -> ImportPlace:
    return ImportPlace(campaign().slug, tables(), TODAY, b"p" * 32, SECRET)


def planned(content: bytes, db: Connection, choices: Choices | None = None) -> ImportPlan:
    """What an import would do with a file."""
    return make_plan(parsed(content), choices or Choices(), place(), db)


def countable(count: int) -> list[CountableRow]:
    """Rows of different people that can be counted."""
    header = ("first", "last", "street", "city", "state", "zip")
    rows = [
        SheetRow(n + 2, dict(zip(header, (f"P{n}", *ANA[1:6]), strict=True))) for n in range(count)
    ]
    return [found for row in rows if isinstance(found := judge(row, place()), CountableRow)]


def batch(**changes: str) -> Batch:
    values = {"language": "es", "source": "Fair", "who": "Rosa", "way": "sheet", **changes}
    return Batch(campaign().slug, TODAY, NOW, **values)


def lock_of(db: Connection) -> Path:
    """The lock file next to a database."""
    return Path(db.execute("PRAGMA database_list").fetchone()[2]).with_name("import.lock")


def run(
    db: Connection,
    rows: Sequence[CountableRow],
    progress: Callable[[int], object] = lambda _done: None,
    what: Batch | None = None,
) -> Added:
    """Import rows; ``progress`` receives how many are done."""
    added = Added(0, 0, 0)
    for added in import_steps(
        db, rows, what or batch(), letters=PaperLetters(campaign(), TODAY), secret=SECRET,
        lock=lock_of(db),
    ):  # fmt: skip
        progress(added.signatures + added.before)
    return added


class SameProcess:
    """Replaces the separate process, which takes half a second to start. Arguments and results
    are pickled all the same."""

    def pieces(self, work: Callable[..., Iterator[Any]], *args: Any) -> Generator[Any, None, None]:
        work, args = pickle.loads(pickle.dumps((work, args)))  # noqa: S301 - our own
        for piece in work(*args):
            yield pickle.loads(pickle.dumps(piece))  # noqa: S301 - our own


@pytest.fixture(autouse=True)
def same_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read sheets in the test's own process."""
    monkeypatch.setattr(paper_entry, "READ_SUBPROCESS", SameProcess())
    monkeypatch.setattr(paper_entry, "ADD_SUBPROCESS", SameProcess())


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Connection]:
    opened = open_database(tmp_path / "site.db")
    yield opened
    opened.close()


@pytest.fixture
def editor(app: Flask, staff: Office, clock: Clock) -> Browser:  # noqa: F811
    """An editor's browser, logged in."""
    browser = Browser(app, clock)
    browser.enter(staff.add("Rosa", "editor"))
    return browser


def upload(
    browser: Browser, content: bytes, name: str = "sheet.csv", *, prefix: str = "", **typed: str
) -> Browser:
    """Choose a file on the upload page and send it."""
    browser.get(f"{prefix}/organize/paper/upload")
    path, data = browser.form("/paper/upload")
    fields = {**data, **typed, "file": FileStorage(io.BytesIO(content), filename=name)}
    # Werkzeug's client would spool a large form to a file.
    boundary, body = encode_multipart(fields)
    kind = f"multipart/form-data; boundary={boundary}"
    sent = browser.client.post(path, data=body, content_type=kind, **browser._environ())
    return browser._take(sent, path)
