"""Reading a file of paper signatures: CSV from any program, or an Excel or OpenDocument workbook.

The result is every sheet with people, as rows of text cells with the row numbers that a
spreadsheet program shows and whether each row is hidden. ``paper_columns`` decides what the
columns mean; only the file as a whole is judged here.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import chain, dropwhile, islice
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

from app.records.paper_columns import Flag, RawRow, address_line, find_header, roles_in
from app.text import clean_line, undoubled

TOP = 25
"""How many rows, from the first that is not empty, to search for the header row."""
LARGEST_UNPACKED = 300 * 1024 * 1024
"""Limit on a workbook's unpacked size in bytes: a hundred thousand rows take about 40 MB."""
MOST_CELLS = 8_000_000
"""Limit on the cells in a sheet's bounding rectangle: the reader allocates all of them."""
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
class ParsedSheet:
    """A visible sheet with a header row and its nonempty rows. A CSV file's sheet has an empty
    name."""

    name: str
    header: RawRow
    rows: tuple[RawRow, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """What was read from a file: its sheets with people, and why the others are ignored."""

    sheets: tuple[ParsedSheet, ...]
    unread: tuple[tuple[str, Unread], ...] = ()
    guessed_encoding: bool = False
    """The text was not Unicode, so accents should be checked."""
    shows_hidden: bool = True
    """False if this format (``.xls``, ``.xlsb``) does not tell which rows are hidden or crossed
    out."""


class TooManyRowsError(Exception):
    """The file has more rows than allowed."""


_Sheets = Iterator[tuple[str, Iterator[RawRow] | None]]
"""Each sheet's name and rows; None instead of the rows of a hidden sheet."""


_DOCUMENTS = (b"%PDF", b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*", b"{\\rtf")
"""How scans, photos and texts begin; a phone's photo has ``ftyp`` after its first four bytes."""


def parse_file(file: IO[bytes], most: int | None = None) -> ParsedFile:
    """Every sheet with a header row in a CSV, XLSX, XLS or ODS file, whatever the file's name.

    Raises ``SheetError`` if there is none, ``TooManyRowsError`` above ``most`` rows.
    """
    head = file.read(12)
    file.seek(0)
    if head.startswith(_DOCUMENTS) or head[4:8] == b"ftyp":
        raise SheetError("not_a_sheet")
    if head.startswith(b"PK\x03\x04"):
        facts = _read_facts(file)
        return replace(_parsed(_workbook(file, facts), most), shows_hidden=bool(facts))
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        content = file.read()
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise SheetError("locked")
        return replace(_parsed(_workbook(io.BytesIO(content), None), most), shows_hidden=False)
    text, guessed = _decoded(file.read())
    if text.lstrip().startswith("<"):  # HTML or XML, which old tools save as .xls
        raise SheetError("not_a_sheet")
    return replace(_parsed(iter([("", _csv_rows(text))]), most), guessed_encoding=guessed)


def _parsed(sheets: _Sheets, most: int | None) -> ParsedFile:
    unread: list[tuple[str, Unread]] = []
    parsed: list[ParsedSheet] = []
    seen_any, total = False, 0
    for name, every in sheets:
        if every is None:
            unread.append((name, "hidden"))
            continue
        every = dropwhile(lambda row: not any(row.cells), every)  # noqa: PLW2901
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
        parsed.append(ParsedSheet(name, header, tuple(rows)))
    # Next to a sheet of people, one with only two matching headers is something else.
    if any(_is_people_sheet(sheet) for sheet in parsed):
        unread += [(sheet.name, "no_header") for sheet in parsed if not _is_people_sheet(sheet)]
        parsed = [sheet for sheet in parsed if _is_people_sheet(sheet)]
    unread += [(sheet.name, "no_rows") for sheet in parsed if not sheet.rows]
    filled = tuple(sheet for sheet in parsed if sheet.rows)
    if not filled:
        raise SheetError("no_rows" if parsed else "no_header" if seen_any else "empty")
    return ParsedFile(filled, tuple(unread))


def _is_people_sheet(sheet: ParsedSheet) -> bool:
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
        lines = re.split(rb"(?<=[\r\n])", content)
        foreign = [line for line in lines if not _is_unicode(line)]
        encoding = _likeliest_encoding(b"".join(foreign)[:100_000])
        return "".join(
            line.decode("utf-8" if _is_unicode(line) else encoding, "replace") for line in lines
        ), True


def _is_unicode(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _likeliest_encoding(content: bytes) -> str:
    """The encoding in which most letters with accents fit into their words.

    Excel in the Americas saves plain “CSV” as cp1252; it can also save for an old Macintosh and
    for MS-DOS.
    """

    def strange(encoding: str) -> int:
        text = content.decode(encoding, "replace")
        pairs = zip(" " + text, text, strict=False)
        return sum(
            not char.isalpha() or (char.isupper() and before.islower())
            for before, char in pairs
            if char > "\x7f"
        )

    return min(("cp1252", "mac_roman", "cp850"), key=strange)


_SEP_LINE = re.compile(r'\A"?sep=(.)"?[^\S\r\n]*(?:\r\n?|\n)', re.IGNORECASE)
"""Excel's own first line, which spreadsheet programs obey and hide."""


_AROUND_QUOTES = re.compile(r'(?<=[,;|])\xa0+(?=")')
"""Spaces that the reader of CSV does not skip."""
_CURLY = re.compile(r"^\s*“[^”\n]*”\s*[,;\t|]\s*“")


def _with_plain_quotes(text: str) -> str:
    """The text with the quotation marks of CSV where a word processor has made them curly."""
    return re.sub("[“”]", '"', text) if _CURLY.match(text.partition("\n")[2]) else text


def _csv_rows(text: str) -> Iterator[RawRow]:
    sep = _SEP_LINE.match(text)
    if sep:
        text = text[sep.end() :]
    text = _AROUND_QUOTES.sub(lambda found: found[0].strip("\xa0"), _with_plain_quotes(text))
    top = "\n".join(text[:20_000].splitlines()[: TOP + 5])
    delimiter, skip = max(
        (
            (mark, skip)
            for mark in (sep[1] if sep and sep[1] in text else ",;\t|")
            for skip in (False, True)
        ),
        key=lambda dialect: _evenness(top, *dialect),
    )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=skip)
    number, widest = 0, 0  # nothing of value precedes the first row, so it may swallow rows
    try:
        for number, cells in enumerate(reader, start=1):
            if _swallowed(cells, delimiter, widest):
                raise SheetError("quote", str(number - 1))
            widest = max(widest, len(cells), 2)
            yield _row(number, [(cell, None) for cell in cells])
    except csv.Error:
        raise SheetError("quote", str(number + 1)) from None


NARROW = 4
"""Up to this many columns, a row has no more commas than one address can have."""


def _swallowed(cells: Sequence[str], delimiter: str, widest: int) -> bool:
    """Whether a cell holds the end of its row and the start of another, as after an unclosed
    quotation mark: people write one for *the same as above*."""
    bare = re.compile(f"{re.escape(delimiter)}(?! )")  # an address in one cell has spaces there
    # In a complete row, an address alone has as many commas as a narrow table.
    narrow = len(cells) == widest <= NARROW
    for place, cell in enumerate(cells):
        if narrow and not cell.startswith((delimiter, "\r", "\n")):
            continue
        first, *others = cell.splitlines() or [""]
        if others and len(bare.findall(first)) == widest - 1 - place:
            return len(bare.findall(cell)) >= widest - 1
    return False


def _evenness(top: str, delimiter: str, skip: bool) -> tuple[int, int, bool]:
    """How evenly a dialect splits the first rows: the number of rows of the commonest length,
    that length, and whether spaces after delimiters are skipped.

    A title above the table or a comma in an address makes some rows longer or shorter.
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
    """What a workbook's XML says about one sheet and the reader does not report."""

    hidden: set[int] = field(default_factory=set)
    """Numbers of rows that are hidden or filtered out."""
    crossed: set[tuple[int, int]] = field(default_factory=set)
    """Cells whose whole text is struck through, by row number and column from 0."""
    flags: dict[tuple[int, int], Flag] = field(default_factory=dict)
    """By row number and column from 0: a formula without a result, an error."""
    padded: set[tuple[int, int]] = field(default_factory=set)
    """Cells shown with leading zeros, by the format ``00000`` or ``00000-0000``."""


_READ_ERRORS = (
    CalamineError, zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, KeyError,
    ValueError, IndexError, zlib.error, EOFError, etree.XMLSyntaxError,
)  # fmt: skip
"""What the readers raise on a damaged or incomplete workbook."""


@contextmanager
def _as_sheet_error() -> Iterator[None]:
    try:
        yield
    except PasswordError:
        raise SheetError("locked") from None
    except _READ_ERRORS:
        raise SheetError("not_a_sheet") from None
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # the Rust reader
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
        _top, left = sheet.start or (0, 0)  # the reader gives empty rows above, but no columns
        merged = _Merged(sheet)
        for number, values in enumerate(sheet.iter_rows(), start=1):
            cells = [("", None)] * left + [
                _cell(value, (number, left + at), facts)
                for at, value in enumerate(values[: MOST_COLUMNS - left])
            ]
            cells = merged.filled(number - 1, cells)
            crossed = (at for at in range(len(cells)) if (number, at) in facts.crossed)
            yield _row(
                number, cells, number in facts.hidden, frozenset(crossed if facts.crossed else ())
            )


_Cell = tuple[str, Flag | None]


class _Merged:
    """The cells of a sheet that are merged with cells below: a family's address, or a column's
    name next to a group of columns. The reader gives their text only in the first row."""

    def __init__(self, sheet: CalamineSheet) -> None:
        ranges = sheet.merged_cell_ranges or ()
        self._last = {first: row for first, (row, _column) in ranges if row > first[0]}
        self._open: dict[int, tuple[int, _Cell]] = {}

    def filled(self, row: int, cells: list[_Cell]) -> list[_Cell]:
        """A row's cells, from row 0 downwards, with those that are merged into it."""
        if not self._last:
            return cells
        given = any(text for text, _flag in cells)
        for column, cell in enumerate(cells):
            if last := self._last.get((row, column)):
                self._open[column] = last, cell
            elif given and column in self._open and row <= self._open[column][0]:
                cells[column] = self._open[column][1]
        return cells


def _cell(value: Any, place: tuple[int, int], facts: _SheetFacts) -> _Cell:
    """A cell as text, with the flag that it deserves, if any."""
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


def _read_facts(file: IO[bytes]) -> list[_SheetFacts]:
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
        struck = set[str]()
        if "xl/sharedStrings.xml" in names:
            with archive.open("xl/sharedStrings.xml") as content:
                every = enumerate(_elements(content, "si"))
                struck = {str(number) for number, one in every if _is_struck(one)}
        facts = []
        for part in parts:
            if part not in names:
                facts.append(_SheetFacts())
                continue
            with archive.open(part) as content:
                facts.append(_excel_facts(content, padded, crossed, struck))
        return facts


def _sheet_parts(archive: zipfile.ZipFile) -> list[str]:
    """The archive names of the sheets, in the workbook's order."""
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
    """The numbers of the cell styles that pad with leading zeros, and of those that strike
    through."""
    root = etree.fromstring(archive.read("xl/styles.xml"), _parser())
    codes = {
        one.get("numFmtId"): str(one.get("formatCode", "")).partition(";")[0].replace("\\", "")
        for one in root.iterfind("{*}numFmts/{*}numFmt")
    }
    fonts = enumerate(root.iterfind("{*}fonts/{*}font"))
    strikes = {str(number) for number, font in fonts if _strikes(font)}
    styles = [(str(n), one) for n, one in enumerate(root.iterfind("{*}cellXfs/{*}xf"))]
    return (
        {n for n, one in styles if _ZEROS.fullmatch(codes.get(one.get("numFmtId"), ""))},
        {n for n, one in styles if one.get("fontId") in strikes},
    )


def _strikes(font: Any) -> bool:
    """Whether a font, or the properties of a run of text, strikes through."""
    strike = font.find("{*}strike")
    return strike is not None and strike.get("val") not in ("0", "false")


def _is_struck(text: Any) -> bool:
    """Whether all words of a rich text are struck through."""
    runs = [run for run in text.iterchildren("{*}r") if "".join(run.itertext()).strip()]
    return bool(runs) and all(
        (font := run.find("{*}rPr")) is not None and _strikes(font) for run in runs
    )


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)


def _elements(content: IO[bytes], tag: str) -> Iterator[Any]:
    """Each element with this tag once it is complete; it is cleared afterwards."""
    for _event, element in etree.iterparse(
        content, tag=f"{{*}}{tag}", resolve_entities=False, no_network=True, huge_tree=True
    ):
        yield element
        element.clear()
        above = element.getparent()
        while above is not None and above[0] is not element:
            del above[0]


def _excel_facts(
    content: IO[bytes], padded: set[str], crossed: set[str], struck: set[str]
) -> _SheetFacts:
    """The facts of one sheet, given the cell styles that pad and strike through, and the shared
    texts that are struck through."""
    facts = _SheetFacts()
    number, widest = 0, 0
    first = None
    for row in _elements(content, "row"):
        number = int(row.get("r") or number + 1)
        if row.get("hidden") in ("1", "true") or row.get("ht") in ("0", "0.0"):
            facts.hidden.add(number)
        column = -1
        for cell in row.iterchildren("{*}c"):
            column = _column(cell.get("r")) if cell.get("r") else column + 1
            value, inline = cell.find("{*}v"), cell.find("{*}is")
            if value is None or not value.text:
                if cell.find("{*}f") is not None:
                    facts.flags[number, column] = "formula"
                elif inline is None:
                    continue
            elif cell.get("t") == "e":
                facts.flags[number, column] = "error"
            elif cell.get("s") in padded:
                facts.padded.add((number, column))
            shared = value is not None and cell.get("t") == "s" and value.text in struck
            if cell.get("s") in crossed or shared or (inline is not None and _is_struck(inline)):
                facts.crossed.add((number, column))
            first = first or number
            widest = max(widest, column + 1)
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
    """The hidden and filtered rows and the crossed-out cells of each sheet. One empty row element
    may stand for the million rows below the last."""
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
            numbers = range(number + 1, number + min(repeated, MOST_CELLS // 100) + 1)
            if about.get("visibility") in ("collapse", "filter"):
                facts.hidden.update(numbers)
            column = 0
            for cell in element.iterchildren("{*}table-cell", "{*}covered-table-cell"):
                shown = _attributes(cell)
                if len(cell) and _is_struck_text(cell, shown, crossed):
                    facts.crossed.update((row, column) for row in numbers)
                column += int(shown.get("number-columns-repeated", 1))
            number += repeated
        element.clear()
    return every


def _is_struck_text(cell: Any, about: Mapping[str, str], crossed: set[str]) -> bool:
    """Whether an OpenDocument cell is struck through, as a whole or in all pieces of its text."""
    spans = [span for text in cell for span in text.iterchildren("{*}span")]
    return about.get("style-name", "") in crossed or (
        bool(spans)
        and all(_attributes(span).get("style-name", "") in crossed for span in spans)
        and not any((text.text or "").strip() for text in cell)
        and not any((span.tail or "").strip() for span in spans)
    )


def _attributes(element: Any) -> dict[str, str]:
    """The element's attributes, by name without namespace."""
    return {etree.QName(name).localname: str(value) for name, value in element.attrib.items()}


# --- both ----------------------------------------------------------------------------

_ERRORS = re.compile(r"#[A-Z0-9/_]+[!?]|#GETTING_DATA|Err:\d{3}|Loading(?:\.\.\.|…)")
"""What spreadsheet programs show for a formula that fails; ``#N/A`` is read as a filler."""
_IN_LINES = re.compile(r"[\r\n]+| {2,}")
"""How a cell's lines are separated; some exports put two spaces between them."""
_WHOLE_NAME = re.compile(r"[^\W\d]\S*(?: [^\W\d]\S*)+")


def _row(
    number: int,
    cells: list[tuple[str, Flag | None]],
    hidden: bool = False,
    crossed: frozenset[int] = frozenset(),
) -> RawRow:
    texts: list[str] = []
    flags: dict[int, Flag] = {}
    for place, (given, flag) in enumerate(cells[:MOST_COLUMNS]):
        typed = undoubled(given)
        text = clean_line(typed)
        if len(text) <= LONGEST_CELL and _IN_LINES.search(typed):
            lines = [line for line in map(clean_line, _IN_LINES.split(typed)) if line]
            text = address_line(lines)
            if len(lines) > 1 and "\n" in typed and all(map(_WHOLE_NAME.fullmatch, lines)):
                text = "; ".join(lines)  # two people, if it is a name's cell
        texts.append(text[:LONGEST_CELL])
        if len(text) > LONGEST_CELL:
            flags[place] = "long"
        elif flag is not None or _ERRORS.fullmatch(text):
            flags[place] = flag or "error"
    return RawRow(number, tuple(texts), flags, hidden, crossed)
