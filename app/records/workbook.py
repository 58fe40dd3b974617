"""The same tables as an XLSX workbook: real dates, numbers as numbers, everything else as text."""

# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.records.tabular import Cell, Kind, Known, Table, clean

MOST_ROWS = 1_048_576
"""Rows that one sheet can have, header included; more go on to a further sheet."""

MOST_CHARACTERS = 32_767
"""What one cell can hold."""

FORMATS: dict[Kind, str] = {
    "text": "@", "number": "0", "day": "yyyy-mm-dd", "time": "yyyy-mm-dd hh:mm", "yes/no": "@",
}  # fmt: skip

_WIDTHS: dict[Kind, int] = {"text": 20, "number": 12, "day": 12, "time": 18, "yes/no": 8}

_ILLEGAL = re.compile(r"[\[\]:*?/\\]")


def sheet_name(title: str, taken: Sequence[str] = ()) -> str:
    """A sheet name that spreadsheet programs accept, different from those ``taken``.

    At most 31 characters, none of ``[]:*?/\\``, no apostrophe at an end, not ``History``.
    """
    name = " ".join(_ILLEGAL.sub(" ", clean(title).replace("\n", " ")).split())
    name = _cut(name, 31).strip("' ") or "Sheet"
    lower = {other.lower() for other in (*taken, "History")}
    candidate, number = name, 2
    while candidate.lower() in lower:
        ending = f" {number}"
        candidate = _cut(name, 31 - len(ending)) + ending
        number += 1
    return candidate


def _cut(text: str, units: int) -> str:
    """At most so many UTF-16 units, which is how spreadsheet programs count characters."""
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore")


def write_xlsx(tables: Sequence[Table], path: Path) -> None:
    """Write the tables, one sheet each, and a sheet ``About`` with what to know about them.

    Rows go to disk as they come (temporary files beside ``path``); the workbook appears
    under its name when it is complete. Nothing in it is a formula or a link. Raises
    ``OSError``.
    """
    draft = path.with_name(f".{path.name}.part")
    options = {
        "constant_memory": True, "tmpdir": str(path.parent), "strings_to_formulas": False,
        "strings_to_urls": False, "strings_to_numbers": False,
    }  # fmt: skip
    try:
        draft.touch()  # says at once, and plainly, that the place cannot be written to
        with Workbook(str(draft), options) as book:
            formats = {kind: book.add_format({"num_format": f}) for kind, f in FORMATS.items()}
            bold = book.add_format({"bold": True, "num_format": "@"})
            names: list[str] = []
            for table in tables:
                _write_table(book, table, names, formats, bold)
            about = book.add_worksheet(sheet_name("About", names))
            _write_about(about, tables, formats["text"], bold)
        draft.replace(path)
    except FileCreateError as error:
        raise OSError(str(error)) from error
    finally:
        draft.unlink(missing_ok=True)


def _write_table(
    book: Workbook, table: Table, names: list[str], formats: dict[Kind, Format], bold: Format
) -> None:
    sheet = _new_sheet(book, table, names, bold)
    styles = [formats[column.kind] for column in table.columns]
    values = [Known(partial(_value, column.kind)) for column in table.columns]
    line = 0
    for chunk in table.chunks:
        columns = [
            map(known.__getitem__, cells) for known, cells in zip(values, chunk, strict=True)
        ]
        for row in zip(*columns, strict=True):
            line += 1
            if line == MOST_ROWS:
                sheet = _new_sheet(book, table, names, bold)
                line = 1
            for place, (value, style) in enumerate(zip(row, styles, strict=True)):
                _write_cell(sheet, (line, place), value, style)


def _new_sheet(book: Workbook, table: Table, names: list[str], bold: Format) -> Worksheet:
    names.append(sheet_name(table.title, names))
    sheet = book.add_worksheet(names[-1])
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(table.columns):
        width = max(_WIDTHS[column.kind], min(len(column.header) + 2, 40))
        sheet.set_column(place, place, width)
    for place, column in enumerate(table.columns):
        sheet.write_string(0, place, clean(column.header), bold)
    return sheet


def _value(kind: Kind, cell: Cell) -> str | int | datetime | None:
    """What a cell is in a workbook."""
    if cell is None:
        return None
    if kind == "text":
        return _cut(clean(str(cell)), MOST_CHARACTERS)
    if kind == "yes/no":
        return "yes" if cell else "no"
    return int(cell) if kind == "number" else datetime.fromisoformat(str(cell))


def _write_cell(
    sheet: Worksheet, place: tuple[int, int], value: str | int | datetime | None, style: Format
) -> None:
    if isinstance(value, str):
        sheet.write_string(*place, value, style)
    elif isinstance(value, int):
        sheet.write_number(*place, value, style)
    elif value is not None:
        sheet.write_datetime(*place, value, style)


def _write_about(sheet: Worksheet, tables: Sequence[Table], text: Format, bold: Format) -> None:
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 90)
    line = 0
    for table in tables:
        lines = [(table.title, "", bold)]
        lines += [(name, str(value), text) for name, value in table.about.items()]
        lines += [(column.header, column.meaning, text) for column in table.columns]
        for left, right, style in [*lines, ("", "", text)]:
            sheet.write_string(line, 0, clean(left), style)
            sheet.write_string(line, 1, _cut(clean(right), MOST_CHARACTERS), style)
            line += 1
