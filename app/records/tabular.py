"""Tables written to files: JSON, CSV, an XLSX workbook or a SQLite database.

Every format gets the same rows. They are streamed, so memory use does not grow with their
number. Text is cleaned the same way for all formats, so a character that one of them forbids
never breaks a file.
"""

# ruff: noqa: S608 - names of tables and columns are quoted
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from app.files import drafted
from app.text import NO_TEXT

if TYPE_CHECKING:  # slow to import, and only a workbook needs it
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

Kind = Literal["text", "number", "day", "time", "yes/no"]
Cell = str | int | None
"""Days are ``2026-03-08``, times ``2026-03-08 21:30`` in the column's zone, yes/no 1 and 0."""
Row = Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``name`` never changes after a release; new columns go at the end."""

    name: str
    kind: Kind
    meaning: str
    zone: str = ""
    """For ``time``: the name of the time zone."""

    @property
    def header(self) -> str:
        """The name, with the time zone if there is one: ``signed_at (America/Chicago)``."""
        return f"{self.name} ({self.zone})" if self.zone else self.name

    def described(self) -> dict[str, str]:
        """The column as a JSON document describes it."""
        zone = {"zone": self.zone} if self.zone else {}
        return {"name": self.name, "kind": self.kind, "meaning": self.meaning, **zone}


Chunk = list[Sequence[Cell]]
"""Some rows, transposed: one sequence of cells per column, all of the same length."""

CHUNK = 128
"""Rows in a chunk. Working by column is several times faster than cell by cell."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to be written to a file, in chunks that can be consumed once."""

    title: str
    columns: tuple[Column, ...]
    chunks: Iterable[Chunk]
    about: Mapping[str, Any]
    """What a reader must know: campaign, filter, definitions, time, time zone."""

    @property
    def rows(self) -> Iterator[Row]:
        """The rows one by one."""
        for chunk in self.chunks:
            yield from zip(*chunk, strict=True)


def described(table: Table) -> Iterator[tuple[str, str]]:
    """A table's description as names and values: filter, time, definitions, columns."""
    yield "title", table.title
    for name, value in table.about.items():
        yield name, str(value)
    for column in table.columns:
        yield f"column: {column.header}", column.meaning


def in_chunks(rows: Iterable[Row]) -> Iterator[Chunk]:
    """Rows as the chunks that a ``Table`` takes."""
    left = iter(rows)
    while some := list(islice(left, CHUNK)):
        yield list(zip(*some, strict=True))


class Memo(dict[Cell, Any]):
    """Caches the conversion of cells, since most columns repeat a few values."""

    def __init__(self, change: Callable[[Cell], Any]) -> None:
        super().__init__()
        self.change = change

    def __missing__(self, cell: Cell) -> Any:
        if len(self) >= 10_000:  # a column of stories must not fill up memory
            self.clear()
        self[cell] = changed = self.change(cell)
        return changed


def clean_chunks(table: Table) -> Iterator[Chunk]:
    """The table's chunks with all text cleaned."""
    texts = [
        (place, Memo(clean_cell))
        for place, column in enumerate(table.columns)
        if column.kind == "text"
    ]
    for chunk in table.chunks:
        for place, memo in texts:
            chunk[place] = list(map(memo.__getitem__, chunk[place]))
        yield chunk


def clean_cell(cell: Cell) -> Cell:
    return clean(cell) if isinstance(cell, str) else cell


_LINE_END = re.compile("\r\n?|\x85|\u2028|\u2029")


def clean(text: str) -> str:
    """The text with line feeds as line ends and U+FFFD for each forbidden character."""
    if text.isascii() and text.isprintable():  # nearly always
        return text
    return NO_TEXT.sub("\ufffd", _LINE_END.sub("\n", text))


def json_lines(table: Table) -> Iterator[str]:
    """A JSON document piece by piece: ``title``, ``about``, ``columns``, and ``rows`` as objects.

    Yes/no cells are ``true`` and ``false``; a missing value is ``null``.
    """
    head = {
        "title": clean(table.title),
        "about": table.about,
        "columns": [column.described() for column in table.columns],
    }
    yield json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "rows": ['
    encode = json.JSONEncoder(ensure_ascii=False).encode
    names = [column.name for column in table.columns]
    separator = "\n  "
    for chunk in clean_chunks(table):
        for place, column in enumerate(table.columns):
            if column.kind == "yes/no":
                chunk[place] = [cell if cell is None else bool(cell) for cell in chunk[place]]
        rows = zip(*chunk, strict=True)
        yield separator + ",\n  ".join([encode(dict(zip(names, row, strict=True))) for row in rows])
        separator = ",\n  "
    yield "\n ]\n}\n"


# --- CSV -------------------------------------------------------------------------------------
#
# Spreadsheet programs read CSV as if it had been typed in, so text that could be taken for a
# formula is prefixed with an apostrophe. The other formats mark text as text.

BOM = "\ufeff"
"""Tells spreadsheet programs that the file is UTF-8."""

END = "\r\n"

# People often write a leading + or -. These cannot do harm, and a spreadsheet program shows them
# unchanged: a telephone number (with a space or parenthesis, or without hyphens, which would be
# taken for minus signs), a plain number, or words without digits, operators or parentheses.
_HARMLESS = re.compile(
    r"\+(?=[^-]*[\s(]|[^-]*$)[\s(]*[0-9](?:[\s().-]*[0-9])*"
    r"|[+-][0-9]+(?:[.,][0-9]+)?"
    r"|[+-]\s?[^\W\d_]+(?:[ .'’-]+[^\W\d_]+)*[.'’]?"
)
_TRIGGERS = frozenset("=+-@|%")

# In locales with a decimal comma, spreadsheet programs split cells at semicolons and ignore the
# quotes around ours, so whatever follows a semicolon or a line end starts a new cell.
_SEPARATORS = re.compile("[;\n]")
_SEPARATED = re.compile(
    r"([;\n](?:[^\S\n]|[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffd])*)"
    r"([=@＝＠﹦﹫]|[+＋﹢－﹣-](?=[^;\n]*(?:[|!]|\w\(|[0-9][^;\n]*[+*/^-])))"
)


def safe_csv(text: str) -> str:
    """The text as a CSV cell that no spreadsheet program takes for a formula.

    Whatever precedes the first visible character is ignored, and look-alikes of the signs (such
    as the full-width ``＝``) count as the signs.
    """
    if text.isascii() and text.isprintable():
        if (text[:1].isalnum() and ";" not in text) or not text:
            return text
    else:
        text = clean(text)
    visible = _from_first_visible(text)
    if _SEPARATORS.search(text):
        text = _SEPARATED.sub(r"\1'\2", text)
    if not visible or unicodedata.normalize("NFKC", visible[0])[0] not in _TRIGGERS:
        return text
    if visible[0] in "+-" and _HARMLESS.fullmatch(visible.strip()):
        return text
    return f"'{text}"


def _from_first_visible(text: str) -> str:
    """The text from its first visible character on."""
    for place, character in enumerate(text):
        if not character.isspace() and unicodedata.category(character)[0] not in "CZ":
            return text[place:]
    return ""


def csv_lines(table: Table, *, bom: bool = True, notes: bool = False) -> Iterator[str]:
    """A CSV file piece by piece: header and rows; lines end in CR LF as in RFC 4180.

    Encode it as UTF-8. ``bom`` is for files that people open in a spreadsheet program; omit it
    if a program reads the output. There is a header row even if there are no rows. Yes/no cells
    are ``yes`` and ``no``; a missing value is empty. With ``notes`` the first rows describe the
    table (``described``), and an empty line separates them from the header.
    """
    alone = len(table.columns) == 1
    fields = [_fields(column.kind, alone=alone) for column in table.columns]
    yield BOM if bom else ""
    if notes:
        yield "".join(csv_line(pair) for pair in described(table)) + END
    yield csv_line(column.header for column in table.columns)
    for chunk in table.chunks:
        columns = [change(cells) for change, cells in zip(fields, chunk, strict=True)]
        yield END.join([*map(",".join, zip(*columns, strict=True)), ""])


def csv_line(texts: Iterable[str]) -> str:
    """One line of a file, with no cell that could be taken for a formula."""
    return ",".join(_quoted(safe_csv(text)) for text in texts) + END


def csv_text(rows: Iterable[Iterable[str]]) -> str:
    """A whole file for people to open."""
    return BOM + "".join(map(csv_line, rows))


def _fields(kind: Kind, *, alone: bool) -> Callable[[Sequence[Cell]], Iterable[str]]:
    """A function that turns the cells of one column into CSV fields.

    An empty field that is alone in its row is quoted, or the row would look like an empty line.
    """

    def field(cell: Cell) -> str:
        if cell is None or cell == "":
            return '""' if alone else ""
        if kind == "yes/no":
            return "yes" if cell else "no"
        if kind == "text":
            return _quoted(safe_csv(str(cell)))
        return str(cell)

    memo = Memo(field)
    # Numbers, days and times never need quotes or an apostrophe.
    plain = kind in ("number", "day", "time") and not alone

    def fields(cells: Sequence[Cell]) -> Iterable[str]:
        if plain and None not in cells:
            return map(str, cells) if kind == "number" else cast("Sequence[str]", cells)
        return map(memo.__getitem__, cells)

    return fields


_NEEDS_QUOTES = re.compile('[,"\r\n]')


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _NEEDS_QUOTES.search(text) else text


def csv_metadata(table: Table, name: str) -> Iterator[str]:
    """The metadata of a CSV file, to be placed next to it as ``<name>-metadata.json``.

    It uses the vocabulary of the W3C's "CSV on the Web", because a CSV file cannot hold metadata
    and remain a plain table.
    """
    types = {"number": "integer", "day": "date", "yes/no": "boolean"}
    yield json.dumps(
        {
            "@context": "http://www.w3.org/ns/csvw",
            "url": name,
            "dc:title": clean(table.title),
            "dialect": {"encoding": "utf-8", "header": True},
            "notes": [table.about],
            "tableSchema": {
                "columns": [
                    {
                        "name": column.name,
                        "titles": safe_csv(column.header),
                        "dc:description": column.meaning,
                        "datatype": types.get(column.kind, "string"),
                    }
                    for column in table.columns
                ]
            },
        },
        ensure_ascii=False,
        indent=1,
    )
    yield "\n"


# --- Files -----------------------------------------------------------------------------------

_ILLEGAL_IN_FILE = re.compile(r'[^\w.-]+|[<>:"/\\|?*]')
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)}
)


def file_name(*parts: str, ending: str) -> str:
    """A file name made from words in any language, safe on every system.

    At most 120 bytes; never empty, hidden, or a name reserved by Windows.
    """
    stem = "-".join(
        word
        for part in parts
        if (
            word := _ILLEGAL_IN_FILE.sub("-", unicodedata.normalize("NFC", clean(part))).strip(
                "-._"
            )
        )
    )
    stem = stem.encode()[:100].decode(errors="ignore").strip("-._")
    if not stem or stem.split(".")[0].lower() in _RESERVED:
        stem = f"export-{stem}".rstrip("-")
    return f"{stem}.{ending}"


def write_text(pieces: Iterable[str], path: Path) -> None:
    """Write the pieces as UTF-8; the file appears under its name once it is complete."""
    with drafted(path, mode=0o666) as draft, draft.open("wb") as file:
        file.writelines(piece.encode() for piece in pieces)


# --- XLSX workbooks: real dates, numbers as numbers, everything else as text ------------------


MOST_ROWS = 1_048_576
"""Row limit of one sheet, header included; further rows go on another sheet."""

MOST_CHARACTERS = 32_767
"""Character limit of one cell."""

FORMATS: dict[Kind, str] = {
    "text": "@", "number": "0", "day": "yyyy-mm-dd", "time": "yyyy-mm-dd hh:mm", "yes/no": "@",
}  # fmt: skip

_WIDTHS: dict[Kind, int] = {"text": 20, "number": 12, "day": 12, "time": 18, "yes/no": 8}

_NOT_IN_A_TITLE = re.compile(r"[\[\]:*?/\\]")


def sheet_name(title: str, taken: Sequence[str] = ()) -> str:
    """A sheet name that spreadsheet programs accept, different from those ``taken``.

    At most 31 characters, none of ``[]:*?/\\``, no apostrophe at either end, not ``History``.
    """
    name = " ".join(_NOT_IN_A_TITLE.sub(" ", clean(title).replace("\n", " ")).split())
    name = _cut(name, 31).strip("' ") or "Sheet"
    lower = {other.lower() for other in (*taken, "History")}
    candidate, number = name, 2
    while candidate.lower() in lower:
        ending = f" {number}"
        candidate = _cut(name, 31 - len(ending)) + ending
        number += 1
    return candidate


def _cut(text: str, units: int) -> str:
    """Cut to at most ``units`` UTF-16 units, which is how spreadsheet programs count."""
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore")


def write_xlsx(tables: Sequence[Table], path: Path) -> None:
    """Write the tables, one sheet each, and a sheet ``About`` that describes them.

    Rows go to disk as they arrive (in temporary files next to ``path``); the workbook appears
    under its name once it is complete. It contains no formulas or links. Raises ``OSError``.
    """
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    options = {
        "constant_memory": True, "tmpdir": str(path.parent), "strings_to_formulas": False,
        "strings_to_urls": False, "strings_to_numbers": False,
    }  # fmt: skip
    with drafted(path, mode=0o666) as draft:
        try:
            with Workbook(str(draft), options) as book:
                book.set_properties({"title": _book_title(tables)})
                formats = {kind: book.add_format({"num_format": f}) for kind, f in FORMATS.items()}
                bold = book.add_format({"bold": True, "num_format": "@"})
                names: list[str] = []
                for table in tables:
                    _write_sheet(book, table, names, formats, bold)
                about = book.add_worksheet(sheet_name("About", names))
                _write_about_sheet(about, tables, formats["text"], bold)
        except FileCreateError as error:
            raise OSError(str(error)) from error


def _book_title(tables: Sequence[Table]) -> str:
    """The title in the workbook's properties: ``The Act: Counts by state``."""
    about = tables[0].about if tables else {}
    campaign = about.get("campaign title") or about.get("campaign", "")
    return _cut(clean(": ".join(filter(None, (campaign, tables[0].title if tables else "")))), 255)


def _write_sheet(
    book: Workbook, table: Table, names: list[str], formats: dict[Kind, Format], bold: Format
) -> None:
    sheet = _new_sheet(book, table, names, bold)
    styles = [formats[column.kind] for column in table.columns]
    memos = [Memo(partial(_value, column.kind)) for column in table.columns]
    line = 0
    for chunk in table.chunks:
        columns = [map(memo.__getitem__, cells) for memo, cells in zip(memos, chunk, strict=True)]
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
    """The value to write into a workbook's cell."""
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


def _write_about_sheet(
    sheet: Worksheet, tables: Sequence[Table], text: Format, bold: Format
) -> None:
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


# --- SQLite files that open in Datasette, each with a metadata file next to it ---------------


def metadata_path(path: Path) -> Path:
    """The metadata file's path: ``counts.metadata.json`` next to ``counts.db``."""
    return path.with_suffix(".metadata.json")


def write_sqlite(tables: Sequence[Table], path: Path) -> None:
    """Write one SQL table per table, and ``metadata_path`` for ``datasette --metadata``.

    The table ``about`` repeats the metadata, so that the file is complete on its own. An existing
    file is replaced once the new one is complete. Raises ``OSError``.
    """
    try:
        with (
            drafted(path, mode=0o666) as draft,
            closing(sqlite3.connect(draft, isolation_level=None)) as db,
        ):
            # The draft is discarded if anything fails, so it needs no journal.
            db.execute("PRAGMA journal_mode=OFF")
            db.execute("PRAGMA synchronous=OFF")
            db.execute("BEGIN")
            for table in tables:
                _write_table(db, table)
            _write_about(db, tables)
            db.execute("COMMIT")
    except sqlite3.OperationalError as error:
        raise OSError(str(error)) from error
    write_text([json.dumps(_metadata(tables, path), ensure_ascii=False, indent=1), "\n"],
               metadata_path(path))  # fmt: skip


def _write_table(db: sqlite3.Connection, table: Table) -> None:
    name = table_name(table.title)
    columns = ", ".join(
        f'"{column.name}" {"INTEGER" if column.kind in ("number", "yes/no") else "TEXT"}'
        for column in table.columns
    )
    db.execute(f'CREATE TABLE "{name}" ({columns}) STRICT')
    insert = f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(table.columns))})'
    for cells in clean_chunks(table):
        db.executemany(insert, zip(*cells, strict=True))


def _write_about(db: sqlite3.Connection, tables: Sequence[Table]) -> None:
    db.execute("CREATE TABLE about (table_name TEXT, name TEXT, value TEXT) STRICT")
    db.executemany(
        "INSERT INTO about VALUES (?, ?, ?)",
        [
            (table_name(table.title), clean(name), clean(value))
            for table in tables
            for name, value in described(table)
        ],
    )


def table_name(title: str) -> str:
    """``Counts by state`` becomes ``counts_by_state``; never empty."""
    return re.sub(r"\W+", "_", clean(title).lower()).strip("_") or "rows"


def _metadata(tables: Sequence[Table], path: Path) -> dict[str, object]:
    known = {
        table_name(table.title): {
            "title": table.title,
            "description": "\n".join(f"{name}: {value}" for name, value in table.about.items()),
            "columns": {
                column.name: column.meaning + (f" Time zone: {column.zone}." if column.zone else "")
                for column in table.columns
            },
        }
        for table in tables
    }
    return {
        "title": tables[0].title if tables else path.stem,
        "databases": {path.stem: {"tables": known}},
    }
