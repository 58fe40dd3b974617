"""Reading a file of paper signatures: CSV from any program, or an Excel or OpenDocument workbook.

What comes out is every sheet with people as rows of text cells, with the numbers that the sheet's
own program shows beside them and which rows it hides. What the columns mean is said in
``paper_columns``; nothing is judged here but the file as a whole.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from typing import IO, Any, Literal

from lxml import etree
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)

from app.records.paper_columns import Flag, RawRow, find_header, roles_in
from app.text import clean_line

TOP = 25
"""Rows from the top among which the row with the columns' names is looked for."""
LARGEST_UNPACKED = 300 * 1024 * 1024
"""Bytes that a workbook may have when unpacked: a hundred thousand rows have about 40 MB."""
MOST_CELLS = 8_000_000
"""Cells in the rectangle that holds all of a sheet: the reader keeps room for each of them."""
MOST_COLUMNS = 200
LONGEST_CELL = 500

FileTrouble = Literal[
    "empty", "no_header", "no_rows", "locked", "not_a_sheet", "too_big", "too_wide", "quote", "lost"
]


class SheetError(Exception):
    """The file as a whole cannot be read. ``kind`` says why, ``detail`` names a row or sheet."""

    def __init__(self, kind: FileTrouble, detail: str = "") -> None:
        super().__init__(kind, detail)
        self.kind: FileTrouble = kind
        self.detail = detail


Unread = Literal["hidden", "no_header", "no_rows"]


@dataclass(frozen=True, slots=True)
class HeldSheet:
    """A visible sheet with a header row, and its rows that are not empty. The name of a CSV
    file's is empty."""

    name: str
    header: RawRow
    rows: tuple[RawRow, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class HeldFile:
    """What was read of a file: its sheets with people, and why the others are left aside."""

    sheets: tuple[HeldSheet, ...]
    unread: tuple[tuple[str, Unread], ...] = ()
    guessed_encoding: bool = False
    """The text was no Unicode, so accents should be looked at."""
    shows_hidden: bool = True
    """False where this kind of file does not tell which rows are hidden or crossed out
    (``.xls``)."""


class TooManyRowsError(Exception):
    """The file has more rows than are taken here."""


_Sheets = Iterator[tuple[str, Iterator[RawRow] | None]]
"""Each sheet's name and rows; None for the rows of one that is hidden."""


def hold_file(file: IO[bytes], most: int | None = None) -> HeldFile:
    """Every sheet with a header row of a CSV, XLSX, XLS or ODS file, whatever its name.

    Raises ``SheetError`` where there is none, ``TooManyRowsError`` above ``most`` rows.
    """
    head = file.read(8)
    file.seek(0)
    if head.startswith(b"PK\x03\x04"):
        return _held(_workbook(file, _look_inside(file)), most)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        content = file.read()
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise SheetError("locked")
        return replace(_held(_workbook(io.BytesIO(content), None), most), shows_hidden=False)
    text, guessed = _decoded(file.read())
    if text.lstrip().startswith("<"):  # a page of HTML or XML, which old tools call .xls
        raise SheetError("not_a_sheet")
    return replace(_held(iter([("", _csv_rows(text))]), most), guessed_encoding=guessed)


def _held(sheets: _Sheets, most: int | None) -> HeldFile:
    unread: list[tuple[str, Unread]] = []
    held: list[HeldSheet] = []
    seen_any, total = False, 0
    for name, every in sheets:
        if every is None:
            unread.append((name, "hidden"))
            continue
        top = list(islice(every, TOP))
        any_here = any(any(row.cells) for row in top)
        seen_any = seen_any or any_here
        header = find_header(top)
        if header is None:
            unread.append((name, "no_header" if any_here else "no_rows"))
            continue
        rows = []
        for row in chain(top, every):
            if row.number > header.number and (any(row.cells) or row.flags):
                rows.append(row)
                if most is not None and total + len(rows) > most:
                    raise TooManyRowsError
        total += len(rows)
        held.append(HeldSheet(name, header, tuple(rows)))
    # Beside a sheet of people, one that only has two words in common with such is something else.
    if any(_whole(sheet) for sheet in held):
        unread += [(sheet.name, "no_header") for sheet in held if not _whole(sheet)]
        held = [sheet for sheet in held if _whole(sheet)]
    unread += [(sheet.name, "no_rows") for sheet in held if not sheet.rows]
    filled = tuple(sheet for sheet in held if sheet.rows)
    if not filled:
        raise SheetError("no_rows" if held else "no_header" if seen_any else "empty")
    return HeldFile(filled, tuple(unread))


def _whole(sheet: HeldSheet) -> bool:
    roles = roles_in(sheet.header)
    return bool(roles & {"first", "last", "name", "email"}) and bool(
        roles & {"zip", "plus4", "place", "street"}
    )


# --- CSV -----------------------------------------------------------------------------


def _decoded(content: bytes) -> tuple[str, bool]:
    """The text, and whether its encoding had to be guessed."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"),
                           (b"\xfe\xff", "utf-16")):  # fmt: skip
        if content.startswith(mark):
            return content.decode(encoding, "replace"), False
    sample = content[:400]
    if sample.count(0) > len(sample) // 3:
        little = sample[1:2] == b"\0"
        return content.decode("utf-16-le" if little else "utf-16-be", "replace"), True
    if sample.count(0):
        raise SheetError("not_a_sheet")
    try:
        return content.decode("utf-8"), False
    except UnicodeDecodeError:
        # What Excel saves as plain “CSV” in the Americas; five bytes have no character there.
        # Whoever ends lines as old Macs did writes accents as they did, too.
        old_mac = b"\r" in content and b"\n" not in content
        return content.decode("mac_roman" if old_mac else "cp1252", "replace"), True


_SAID = re.compile(r'\A"?sep=(.)"?[^\S\r\n]*(?:\r\n?|\n)', re.IGNORECASE)
"""Excel's own first line, which spreadsheet programs obey and do not show."""


def _csv_rows(text: str) -> Iterator[RawRow]:
    said = _SAID.match(text)
    if said:
        text = text[said.end() :]
    top = "\n".join(text[:20_000].splitlines()[: TOP + 5])
    delimiter, skip = max(
        ((mark, skip) for mark in (said[1] if said else ",;\t|") for skip in (False, True)),
        key=lambda dialect: _evenness(top, *dialect),
    )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=skip)
    number, widest = 0, 0  # the first row can have swallowed nothing that counts
    try:
        for number, cells in enumerate(reader, start=1):
            if _swallowed(cells, delimiter, widest):
                raise SheetError("quote", str(number - 1))
            widest = max(widest, len(cells), 2)
            yield _row(number, [(cell, None) for cell in cells])
    except csv.Error:
        raise SheetError("quote", str(number + 1)) from None


NARROW = 4
"""Columns of a table whose rows have no more commas than one address can have."""


def _swallowed(cells: Sequence[str], delimiter: str, widest: int) -> bool:
    """Whether a cell holds the end of its row and the beginning of another, as after a quotation
    mark that nothing closes: somebody wrote it for *the same as above*."""
    bare = re.compile(f"{re.escape(delimiter)}(?! )")  # an address in one cell has blanks there
    # An address alone has as many commas as a table of few columns, in a row that is complete.
    narrow = len(cells) == widest <= NARROW
    for place, cell in enumerate(cells):
        if narrow and not cell.startswith((delimiter, "\r", "\n")):
            continue
        first, *others = cell.splitlines() or [""]
        if others and len(bare.findall(first)) == widest - 1 - place:
            return len(bare.findall(cell)) >= widest - 1
    return False


def _evenness(top: str, delimiter: str, skip: bool) -> tuple[int, int, bool]:
    """How well the first rows split so: rows as long as most, then how long, then no blanks.

    A title above the table and a comma in an address make some rows longer or shorter.
    """
    try:
        rows = csv.reader(io.StringIO(top, newline=""), delimiter=delimiter, skipinitialspace=skip)
        lengths = [len(row) for row in rows if len(row) > 1]
    except csv.Error:
        return 0, 0, False
    if not lengths:
        return 0, 0, False
    usual = max(set(lengths), key=lambda length: (lengths.count(length), length))
    return lengths.count(usual), usual, skip


# --- workbooks -----------------------------------------------------------------------


@dataclass(slots=True)
class _SheetFacts:
    """What a workbook's own XML says of one sheet and its reader does not."""

    hidden: set[int] = field(default_factory=set)
    """Numbers of rows that are hidden, filtered away or crossed out."""
    flags: dict[tuple[int, int], Flag] = field(default_factory=dict)
    """By row number and column from 0: a formula without a result, an error."""
    padded: set[tuple[int, int]] = field(default_factory=set)
    """Numbers that are shown with leading zeros: the format ``00000`` or ``00000-0000``."""


_LOST = (CalamineError, zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, KeyError,
         ValueError, IndexError, zlib.error, EOFError, etree.XMLSyntaxError)  # fmt: skip
"""What a damaged or half-made workbook can make its readers stumble over."""


@contextmanager
def _as_sheet_error() -> Iterator[None]:
    try:
        yield
    except PasswordError:
        raise SheetError("locked") from None
    except _LOST:
        raise SheetError("not_a_sheet") from None
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # how the reader, in Rust, gives up
            raise SheetError("not_a_sheet") from None
        raise


def _workbook(file: IO[bytes], facts: list[_SheetFacts] | None) -> _Sheets:
    with _as_sheet_error():
        file.seek(0)
        book: CalamineWorkbook = load_workbook(file)
        every = book.sheets_metadata
    for place, about in enumerate(every):
        if about.typ == SheetTypeEnum.WorkSheet:
            known = facts[place] if facts and place < len(facts) else _SheetFacts()
            seen = about.visible == SheetVisibleEnum.Visible
            yield about.name, _sheet_rows(book, place, known) if seen else None


def _sheet_rows(book: CalamineWorkbook, place: int, facts: _SheetFacts) -> Iterator[RawRow]:
    with _as_sheet_error():
        sheet: CalamineSheet = book.get_sheet_by_index(place)
        top, left = sheet.start or (0, 0)
        yield from (RawRow(number, ()) for number in range(1, top + 1))
        for number, values in enumerate(sheet.iter_rows(), start=top + 1):
            cells = [("", None)] * left + [
                _cell(value, (number, left + at), facts)
                for at, value in enumerate(values[: MOST_COLUMNS - left])
            ]
            yield _row(number, cells, number in facts.hidden)


def _cell(value: Any, place: tuple[int, int], facts: _SheetFacts) -> tuple[str, Flag | None]:
    """A cell as text."""
    if isinstance(value, str):
        return value, facts.flags.get(place) if value == "" or place in facts.flags else None
    if isinstance(value, bool):
        return str(value), None
    if isinstance(value, datetime | date | time | timedelta):
        return str(value).removesuffix(" 00:00:00"), "date"
    if isinstance(value, float) and value == value // 1:
        text = str(int(value))
        if place in facts.padded:
            text = text.zfill(5) if len(text) <= 5 else f"{text.zfill(9)[:5]}-{text.zfill(9)[5:]}"
        return text, None
    return str(value), None


def _look_inside(file: IO[bytes]) -> list[_SheetFacts]:
    """The facts of every sheet, in the workbook's order. Raises ``SheetError``."""
    with _as_sheet_error(), zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        if sum(info.file_size for info in archive.infolist()) > LARGEST_UNPACKED:
            raise SheetError("too_big")
        if "content.xml" in names:
            with archive.open("content.xml") as content:
                return _opendocument_facts(content)
        parts = _sheet_parts(archive) if "xl/workbook.xml" in names else []
        padded, crossed = _styles(archive) if "xl/styles.xml" in names else (set(), set())
        facts = []
        for part in parts:
            if part not in names:
                facts.append(_SheetFacts())
                continue
            with archive.open(part) as content:
                facts.append(_excel_facts(content, padded, crossed))
        return facts


def _sheet_parts(archive: zipfile.ZipFile) -> list[str]:
    """The names of the sheets' parts, in the workbook's order."""
    relations = etree.fromstring(archive.read("xl/_rels/workbook.xml.rels"), _parser())
    found = relations.iterfind("{*}Relationship")
    targets = {one.get("Id"): one.get("Target", "") for one in found}
    book = etree.fromstring(archive.read("xl/workbook.xml"), _parser())
    parts = []
    for sheet in book.iterfind("{*}sheets/{*}sheet"):
        key = next((v for k, v in sheet.attrib.items() if str(k).endswith("}id")), "")
        target = str(targets.get(key, ""))
        parts.append(target[1:] if target.startswith("/") else f"xl/{target}")
    return parts


_ZEROS = re.compile(r"0{5}(-0{4})?")


def _styles(archive: zipfile.ZipFile) -> tuple[set[str], set[str]]:
    """The numbers of the cell styles that show leading zeros which the number lacks, and of those
    that cross out."""
    root = etree.fromstring(archive.read("xl/styles.xml"), _parser())
    codes = {
        one.get("numFmtId"): str(one.get("formatCode", "")).partition(";")[0].replace("\\", "")
        for one in root.iterfind("{*}numFmts/{*}numFmt")
    }
    fonts = [font.find("{*}strike") for font in root.iterfind("{*}fonts/{*}font")]
    strikes = {
        str(number)
        for number, strike in enumerate(fonts)
        if strike is not None and strike.get("val") not in ("0", "false")
    }
    styles = [(str(n), one) for n, one in enumerate(root.iterfind("{*}cellXfs/{*}xf"))]
    return (
        {n for n, one in styles if _ZEROS.fullmatch(codes.get(one.get("numFmtId"), ""))},
        {n for n, one in styles if one.get("fontId") in strikes},
    )


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)


def _each(content: IO[bytes], tag: str) -> Iterator[Any]:
    """Each element of a kind when it is complete; it is emptied afterwards."""
    for _event, element in etree.iterparse(
        content, tag=f"{{*}}{tag}", resolve_entities=False, no_network=True, huge_tree=True
    ):
        yield element
        element.clear()
        above = element.getparent()
        while above is not None and above[0] is not element:
            del above[0]


def _excel_facts(content: IO[bytes], padded: set[str], crossed: set[str]) -> _SheetFacts:
    facts = _SheetFacts()
    number, widest = 0, 0
    first = None
    for row in _each(content, "row"):
        number = int(row.get("r") or number + 1)
        if row.get("hidden") in ("1", "true"):
            facts.hidden.add(number)
        column = -1
        styles = set()
        for cell in row.iterchildren("{*}c"):
            column = _column(cell.get("r")) if cell.get("r") else column + 1
            value = cell.find("{*}v")
            if value is None or not value.text:
                if cell.find("{*}f") is not None:
                    facts.flags[number, column] = "formula"
                elif cell.find("{*}is") is None:
                    continue
            elif cell.get("t") == "e":
                facts.flags[number, column] = "error"
            elif cell.get("s") in padded:
                facts.padded.add((number, column))
            styles.add(cell.get("s"))
            first = first or number
            widest = max(widest, column + 1)
        if styles and styles <= crossed:
            facts.hidden.add(number)
    if first and (number - first + 1) * widest > MOST_CELLS:
        raise SheetError("too_wide")
    return facts


def _column(reference: str) -> int:
    """``B7`` as 1."""
    column = 0
    for letter in reference.rstrip("0123456789"):
        column = column * 26 + ord(letter) - 64
    return column - 1


def _opendocument_facts(content: IO[bytes]) -> list[_SheetFacts]:
    """Hidden, filtered and crossed out rows. One empty row may stand for the million below the
    last."""
    every: list[_SheetFacts] = []
    facts, number = _SheetFacts(), 0
    crossed = set[str]()
    tags = ["{*}style", "{*}table-row", "{*}table"]
    for _event, element in etree.iterparse(
        content, tag=tags, resolve_entities=False, no_network=True, huge_tree=True
    ):
        about, kind = _attributes(element), etree.QName(element).localname
        if kind == "table":
            every.append(facts)
            facts, number = _SheetFacts(), 0
        elif kind == "style":
            texts = map(_attributes, element.iterchildren("{*}text-properties"))
            if any(text.get("text-line-through-style", "none") != "none" for text in texts):
                crossed.add(about.get("name", ""))
        else:
            repeated = int(about.get("number-rows-repeated", 1))
            filled = [
                _attributes(cell) for cell in element.iterchildren("{*}table-cell") if len(cell)
            ]
            styles = {cell.get("style-name", "") for cell in filled}
            hidden = about.get("visibility") in ("collapse", "filter")
            if (hidden or (styles and styles <= crossed)) and repeated < MOST_CELLS // 100:
                facts.hidden.update(range(number + 1, number + repeated + 1))
            number += repeated
        element.clear()
    return every


def _attributes(element: Any) -> dict[str, str]:
    """By their names alone."""
    return {etree.QName(name).localname: str(value) for name, value in element.attrib.items()}


# --- both ----------------------------------------------------------------------------


def _row(number: int, cells: list[tuple[str, Flag | None]], hidden: bool = False) -> RawRow:
    texts: list[str] = []
    flags: dict[int, Flag] = {}
    for place, (typed, flag) in enumerate(cells[:MOST_COLUMNS]):
        text = clean_line(typed)
        texts.append(text[:LONGEST_CELL])
        if len(text) > LONGEST_CELL:
            flags[place] = "long"
        elif flag is not None:
            flags[place] = flag
    return RawRow(number, tuple(texts), flags, hidden)
