"""Sheets as people make them, and an organizer who enters them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app.records.paper_check import Checked, Place, check_rows
from app.records.paper_files import SheetRow, read_sheet
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
HEADER = ("First name", "Last name", "Street", "City", "State", "ZIP", "District", "E-mail")
ANA = ("Ana", "Li", "12 Main St", "Stowe", "VT", "05672", "", "")
BO = ("Bo", "Ng", "9 Elm St", "Stowe", "VT", "05672", "", "bo@example.org")


def csv_file(*rows: Sequence[str], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """A CSV file with a header."""
    lines = (delimiter.join(row) for row in (HEADER, *rows))
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


def rows_of(content: bytes) -> list[SheetRow]:
    return list(read_sheet(io.BytesIO(content)).rows)


def place() -> Place:
    return Place(campaign(), tables(), TODAY, b"p" * 32)


def judged(content: bytes) -> list[Checked]:
    return list(check_rows(rows_of(content), place()))


@pytest.fixture
def editor(app: Flask, staff: Office, clock: Clock) -> Browser:  # noqa: F811
    """An editor's browser, logged in."""
    browser = Browser(app, clock)
    browser.log_in(staff.add("Rosa", "editor"))
    return browser


def upload(browser: Browser, content: bytes, name: str = "sheet.csv", **typed: str) -> Browser:
    """Choose a file on the upload page and send it."""
    browser.get("/organize/paper/upload")
    path, data = browser.form("/paper/upload")
    fields = {**data, **typed, "file": FileStorage(io.BytesIO(content), filename=name)}
    # The client itself would put a large form into a file.
    boundary, body = encode_multipart(fields)
    kind = f"multipart/form-data; boundary={boundary}"
    sent = browser.client.post(path, data=body, content_type=kind, **browser._environ())
    return browser._take(sent, path)
