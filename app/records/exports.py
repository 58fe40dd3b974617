"""What an export holds: one definition of the rows for every format.

Three shapes: counts by a breakdown; one row per signature; one row per letter. None has
anything personal in it, because nothing personal is kept. The order of the columns is part of
the promise to whoever built on a file: a column is never renamed or moved, new ones go to the
end.
"""

# ruff: noqa: S608 - the statements are put together from constants; names are quoted
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import json
import re
import sqlite3
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast
from zoneinfo import ZoneInfo

from app.files import drafted
from app.records.counts import BREAKDOWNS, Filter, by_status, count, totals, ways_of
from app.records.database import open_database, reading
from app.records.definitions import BY_TERM, in_a_file
from app.records.persons import people
from app.records.tabular import (
    CHUNK,
    Cell,
    Chunk,
    Column,
    Kind,
    Memo,
    Row,
    Table,
    clean,
    clean_chunks,
    described,
    file_name,
    in_chunks,
    write_text,
)

if TYPE_CHECKING:  # only a workbook needs it, and every command would wait for it
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet


Shape = Literal["counts", "signatures", "letters"]
SHAPES: tuple[Shape, ...] = ("counts", "signatures", "letters")
GROUPINGS = (*BREAKDOWNS, "status", "way")
"""Everything that a file of counts can be broken down by."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and where an export is made, and what a reader needs to understand it."""

    at: datetime
    """Aware."""
    zone: str
    """The campaign's time zone, such as ``America/Chicago``; all times are shown in it."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Dates of the data behind it, such as ``{"members of Congress": "2026-06-15"}``."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Names of the members by bioguide id, where known."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """Titles of campaigns by their short names, where known."""


_STATUS = "Where the signature stands; only those that are counted count."


def _meaning(by: str) -> str:
    return _STATUS if by == "status" else BY_TERM[by].meaning


_WHOSE = (
    Column("campaign", "text", "The campaign's short name."),
    Column("status", "text", _STATUS),
    Column("day", "day", _meaning("day")),
)
_PLACE = tuple(Column(name, "text", _meaning(name)) for name in ("state", "district"))
_CONGRESS = Column(
    "congress", "number",
    "The Congress whose district it is: a number of the next one is other people.",
)  # fmt: skip


def counts_table(db: sqlite3.Connection, by: str, chosen: Filter, occasion: Occasion) -> Table:
    """Counts by one of ``GROUPINGS``: the group, its people, its letters.

    ``recipient`` has the member's name as a fourth column; ``way`` has no people, because the
    letters of one person can be in different states; ``status`` has the empty ones too, whatever
    status the filter asks for. Raises ``ValueError`` for an unknown grouping.
    """
    group = Column(by, "day" if by == "day" else "text", _meaning(by))
    letters = Column("letters", "number", BY_TERM["letters"].meaning)
    columns = [group, Column("signatures", "number", BY_TERM["signatures"].meaning), letters]
    rows: Iterator[Row]
    if by == "status":
        chosen = replace(chosen, status=None)
        rows = ((name, t.signatures, t.letters) for name, t in by_status(db, chosen).items())
    elif by == "way":
        columns = [group, letters]
        rows = iter(ways_of(db, chosen).items())
    else:
        rows = ((row.group, row.signatures, row.letters) for row in count(db, chosen, by))
    if by == "recipient":
        columns.append(Column("name", "text", "The member's name, where known."))
        rows = ((*row, occasion.names.get(str(row[0]), "")) for row in rows)
    about = _about(db, columns, chosen, occasion)
    return Table(f"Counts by {by}", tuple(columns), in_chunks(rows), about)


def signatures_table(db: sqlite3.Connection, chosen: Filter, occasion: Occasion) -> Table:
    """One row per signature, oldest first, without anything personal."""
    where, values = chosen.where()
    local = _local_times(occasion.zone)
    query = (
        "SELECT s.id, s.campaign, s.status, s.day, s.at, s.state, s.state || '-' || s.district,"
        " s.template, s.version, s.length, s.language, s.match, s.source, s.edited, s.own_share,"
        # In the order in which they lie: an index would have all of them sorted first.
        f" s.letters, s.congress FROM signatures s NOT INDEXED WHERE {where} ORDER BY s.id"
    )
    columns = (
        Column("signature", "number", "A number that the letters of the signature share."),
        *_WHOSE,
        Column("signed_at", "time", "When the person signed, to the minute.", occasion.zone),
        *_PLACE,
        Column("template", "text", _meaning("template")),
        Column("version", "text", "The version of the letter's text, by its fingerprint."),
        Column("length", "text", "Whether the full or the short form was used."),
        Column("language", "text", _meaning("language")),
        Column("match", "text", _meaning("match")),
        Column("source", "text", _meaning("source")),
        Column("edited", "yes/no", _meaning("edited")),
        Column("own_share", "number", "Per cent of the letters in the person's own words."),
        Column("letters", "number", BY_TERM["letters"].meaning),
        _CONGRESS,
    )

    def finish(cells: Chunk) -> None:
        cells[4] = local(cells[4])

    chunks = _finished(db.execute(query, values), finish)
    return Table("Signatures", columns, chunks, _about(db, columns, chosen, occasion))


def letters_table(db: sqlite3.Connection, chosen: Filter, occasion: Occasion) -> Table:
    """One row per letter per recipient, with what is known of its way.

    A vacant seat has a row with no recipient, because nobody could be written to.
    """
    where, values = chosen.where()
    local = _local_times(occasion.zone)
    query = (
        "SELECT s.id, s.campaign, s.status, s.day, s.state, s.state || '-' || s.district,"
        " l.seat, l.bioguide, l.ask, l.state, l.state_at, l.cause, s.congress"
        " FROM signatures s NOT INDEXED"
        f" JOIN letters l ON l.signature = s.id WHERE {where} ORDER BY s.id, l.seat"
    )
    columns = (
        Column("signature", "number", "The number of the signature that it belongs to."),
        *_WHOSE,
        *_PLACE,
        Column("seat", "text", "The seat in Congress: CA-12 in the House, CA-S3 in the Senate."),
        Column("recipient", "text", "The member's bioguide id; empty where the seat was vacant."),
        Column("name", "text", "The member's name, where known."),
        Column("ask", "text", "What the letter asks for."),
        Column("handed_over", "text", _meaning("way")),
        Column("handed_over_at", "time", "Since when this is known.", occasion.zone),
        Column("handed_over_cause", "text", "Who or what told us: the signing itself, the person, "
               "a mail server, an office's system, or a vacant seat."),
        _CONGRESS,
    )  # fmt: skip

    def finish(cells: Chunk) -> None:
        cells[10] = local(cells[10])
        cells.insert(8, [occasion.names.get(str(bioguide), "") for bioguide in cells[7]])

    chunks = _finished(db.execute(query, values), finish)
    return Table("Letters", columns, chunks, _about(db, columns, chosen, occasion))


def _finished(found: sqlite3.Cursor, finish: Callable[[Chunk], None]) -> Iterator[Chunk]:
    """What was found, chunk by chunk, after ``finish`` has changed columns in place."""
    while some := found.fetchmany(CHUNK):
        chunk: Chunk = list(zip(*some, strict=True))
        finish(chunk)
        yield chunk


def table_of(
    db: sqlite3.Connection, shape: str, by: str, chosen: Filter, occasion: Occasion
) -> Table:
    """The table of one of ``SHAPES``; ``by`` is for counts."""
    if shape == "signatures":
        return signatures_table(db, chosen, occasion)
    if shape == "letters":
        return letters_table(db, chosen, occasion)
    return counts_table(db, by, chosen, occasion)


def write_whole(
    database: Path, path: Path, *, shape: str, by: str, chosen: Filter, occasion: Occasion
) -> None:
    """Write a workbook (``.xlsx``), or a database with its metadata in a ZIP file (``.zip``).

    All rows are of one moment, on a connection of their own. Raises ``OSError`` and
    ``NotStoredError``.
    """
    with closing(open_database(database)) as db, reading(db):
        tables = [table_of(db, shape, by, chosen, occasion)]
        if path.suffix == ".xlsx":
            write_xlsx(tables, path)
            return
        draft = path.with_suffix(".db")
        write_sqlite(tables, draft)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for part in (draft, metadata_path(draft)):
            archive.write(part, part.name)


def export_name(shape: str, chosen: Filter, occasion: Occasion, ending: str) -> str:
    """``protect-immigration-act-counts-by-state-2026-11-25.csv``, safe on every system."""
    day = occasion.at.astimezone(ZoneInfo(occasion.zone)).date().isoformat()
    return file_name(chosen.campaign or "all-campaigns", shape, day, ending=ending)


def _about(
    db: sqlite3.Connection, columns: Iterable[Column], chosen: Filter, occasion: Occasion
) -> dict[str, Any]:
    """What a file says of itself. The names are promised; new ones are added."""
    local = occasion.at.astimezone(ZoneInfo(occasion.zone))
    whole = totals(db, chosen)
    # Who signed two campaigns is two signatures, and one person.
    across = {} if chosen.campaign else {"people in all campaigns": people(db)}
    words = in_a_file(column.name for column in columns)
    title = occasion.titles.get(chosen.campaign or "", "")
    return {
        **chosen.described(),
        **({"campaign title": title} if title else {}),
        "total signatures": whole.signatures,
        "total letters": whole.letters,
        **across,
        "made at": f"{local:%Y-%m-%d %H:%M}",
        "time zone": occasion.zone,
        **{f"data: {name}": when for name, when in occasion.facts.items()},
        **{f"definition: {term}": meaning for term, meaning in words.items()},
    }


class _Hours(dict[str, str]):
    """A UTC hour as it is in a zone; ``KeyError`` where its minutes are not all in one hour."""

    def __init__(self, exact: Callable[[str], str]) -> None:
        super().__init__()
        self.exact = exact

    def __missing__(self, hour: str) -> str:
        first, last = self.exact(f"{hour}:00Z"), self.exact(f"{hour}:59Z")
        if first[13:] != ":00" or last != f"{first[:13]}:59":
            raise KeyError(hour)
        self[hour] = first[:13]
        return first[:13]


def _local_times(zone: str) -> Callable[[Sequence[Cell]], list[str]]:
    """From a column of UTC minutes as they are stored to text in the zone.

    Worked out once for each hour, where the whole hour has one offset of full hours (that is,
    nearly always in America), so that a row costs no more than putting two texts together.
    """
    there = ZoneInfo(zone)

    @lru_cache(maxsize=65_536)
    def exact(stored: str) -> str:
        moment = datetime.fromisoformat(stored).astimezone(there)
        return f"{moment:%Y-%m-%d %H:%M}"

    hours = _Hours(exact)

    def local(stored: Sequence[str]) -> list[str]:
        try:
            return [hours[text[:13]] + text[13:16] for text in stored]
        except KeyError:
            return list(map(exact, stored))

    return cast("Callable[[Sequence[Cell]], list[str]]", local)


# --- As an XLSX workbook: real dates, numbers as numbers, everything else as text ---


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
    """``The Act: Counts by state``: what a program shows as the workbook's own title."""
    about = tables[0].about if tables else {}
    campaign = about.get("campaign title") or about.get("campaign", "")
    return _cut(clean(": ".join(filter(None, (campaign, tables[0].title if tables else "")))), 255)


def _write_sheet(
    book: Workbook, table: Table, names: list[str], formats: dict[Kind, Format], bold: Format
) -> None:
    sheet = _new_sheet(book, table, names, bold)
    styles = [formats[column.kind] for column in table.columns]
    values = [Memo(partial(_value, column.kind)) for column in table.columns]
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


# --- As a SQLite file that opens in Datasette, with a metadata file beside it ---


def metadata_path(path: Path) -> Path:
    """Where the metadata goes: ``counts.metadata.json`` beside ``counts.db``."""
    return path.with_suffix(".metadata.json")


def write_sqlite(tables: Sequence[Table], path: Path) -> None:
    """Write one SQL table per table, and ``metadata_path`` for ``datasette --metadata``.

    The table ``about`` has the same words as the metadata, so that the file alone says them too.
    A file of that name is replaced when the new one is complete. Raises ``OSError``.
    """
    try:
        with (
            drafted(path, mode=0o666) as draft,
            closing(sqlite3.connect(draft, isolation_level=None)) as db,
        ):
            # The draft is thrown away if anything fails, so it needs no journal of its own.
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
