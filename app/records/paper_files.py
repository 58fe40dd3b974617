"""Reading a sheet of paper signatures: CSV from any program, or an Excel workbook.

What comes out are rows of text by column name, with the numbers that the sheet's own program
shows beside them. Nothing is judged here but the file as a whole.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import IO, Any, Literal
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook  # type: ignore[import-untyped]
from openpyxl.utils.exceptions import InvalidFileException  # type: ignore[import-untyped]

COLUMNS = ("first", "last", "street", "city", "state", "zip", "district", "email")
"""What is read of a sheet; ``name`` is taken apart, everything else is left aside."""

_NAMES: dict[str, tuple[str, ...]] = {
    "first": ("first", "first name", "firstname", "fname", "f name", "given name", "given names",
              "forename", "nombre", "nombres", "primer nombre", "nombre de pila", "nombre s"),
    "last": ("last", "last name", "lastname", "lname", "l name", "surname", "family name",
             "apellido", "apellidos", "primer apellido", "apellido s", "apellido paterno"),
    "name": ("name", "full name", "fullname", "printed name", "print name", "name printed",
             "signer", "signer name", "nombre completo", "nombre y apellidos",
             "nombre y apellido", "nombres y apellidos"),
    "street": ("street", "street address", "streetaddress", "street address 1", "street name",
               "address", "address 1", "address1", "addr", "addr 1", "address line 1",
               "home address", "residential address", "residence address", "mailing address",
               "calle", "calle y numero", "direccion", "direccion 1", "direccion postal",
               "domicilio"),
    "city": ("city", "town", "city town", "town city", "municipality", "ciudad", "localidad",
             "municipio", "poblacion", "pueblo"),
    "state": ("state", "st", "state territory", "state province", "state abbreviation", "estado",
              "estado o territorio"),
    "zip": ("zip", "zip code", "zipcode", "zip5", "zip 5", "postal code", "postalcode", "postcode",
            "post code", "zip 4", "zip4", "zip postal code", "zip postcode", "codigo postal",
            "codigo zip", "codigo postal zip", "zip codigo postal", "cp", "c p"),
    "district": ("district", "congressional district", "cd", "house district", "us house district",
                 "u s house district", "distrito", "distrito congresional", "distrito electoral"),
    "email": ("email", "e mail", "email address", "e mail address", "emailaddress", "mail",
              "correo", "correo electronico", "correo e", "direccion de correo electronico"),
}  # fmt: skip
_ALIASES = {alias: column for column, aliases in _NAMES.items() for alias in aliases}

HEADER_WITHIN = 25
"""Rows from the top among which the row with the columns' names is looked for."""
LARGEST_UNPACKED = 300 * 1024 * 1024
"""Bytes that a workbook may have when unpacked: a hundred thousand rows have about 40 MB."""
MOST_COLUMNS = 200
LONGEST_CELL = 500

Flag = Literal["date", "formula", "error", "long"]
"""Why a cell's text is not what somebody typed."""

FileTrouble = Literal[
    "empty", "no_header", "doubled", "old_excel", "locked", "ods", "not_a_sheet", "too_big", "quote"
]


class SheetError(Exception):
    """The file as a whole cannot be read. ``kind`` says why, ``detail`` names a column or row."""

    def __init__(self, kind: FileTrouble, detail: str = "") -> None:
        super().__init__(kind, detail)
        self.kind: FileTrouble = kind
        self.detail = detail


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One person's row. ``number`` is what the sheet's own program shows beside it."""

    number: int
    values: dict[str, str] = field(repr=False)
    flags: dict[str, Flag] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that can be read. ``rows`` can be gone through once."""

    rows: Iterator[SheetRow]
    columns: tuple[str, ...]
    ignored: tuple[str, ...]
    """Headers of columns that are not used."""
    guessed_encoding: bool = False
    """The text was no Unicode, so accents should be looked at."""


Cell = tuple[str, Flag | None]


def read_sheet(file: IO[bytes]) -> Sheet:
    """The rows of a CSV or XLSX file, whatever its name. Raises ``SheetError``."""
    head = file.read(8)
    file.seek(0)
    if head.startswith(b"PK\x03\x04"):
        return _sheet(_workbook_rows(file))
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        content = file.read()
        locked = "EncryptedPackage".encode("utf-16-le") in content
        raise SheetError("locked" if locked else "old_excel")
    text, guessed = _decoded(file.read())
    return _sheet(_csv_rows(text), guessed)


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
        return content.decode("cp1252", "replace"), True


def _csv_rows(text: str) -> Iterator[list[Cell]]:
    top = "\n".join(text[:20_000].splitlines()[:HEADER_WITHIN])
    delimiter = max(",;\t|", key=lambda mark: _best_header(top, mark))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    number = 1
    try:
        for cells in reader:
            number += 1
            yield [(cell, None) for cell in cells]
    except csv.Error:
        raise SheetError("quote", str(number)) from None


def _best_header(top: str, delimiter: str) -> tuple[int, int]:
    """How many columns are recognised in the best row when parted so; then, how many parts."""
    try:
        rows = list(csv.reader(io.StringIO(top, newline=""), delimiter=delimiter))
    except csv.Error:
        return 0, 0
    return max(((len(_recognised(row)), len(row)) for row in rows), default=(0, 0))


# --- XLSX ----------------------------------------------------------------------------


def _workbook_rows(file: IO[bytes]) -> Iterator[list[Cell]]:
    has_formulas = _look_inside(file)
    try:
        values = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        # Where there are formulas, a second reading beside the first says which cells they are.
        typed = load_workbook(file, read_only=True, keep_links=False) if has_formulas else None
        place = next(
            (i for i, sheet in enumerate(values.worksheets) if sheet.sheet_state == "visible"), None
        )
        if place is None:
            raise SheetError("empty")
        sheet = values.worksheets[place]
        sheet.reset_dimensions()  # what a workbook says of its own size may be wrong
        if typed is None:
            for cells in sheet.iter_rows():
                yield [_cell(cell) for cell in cells[:MOST_COLUMNS]]
            return
        beside = typed.worksheets[place]
        beside.reset_dimensions()
        for results, sources in zip(sheet.iter_rows(), beside.iter_rows(), strict=False):
            pairs = zip(results[:MOST_COLUMNS], sources[:MOST_COLUMNS], strict=False)
            yield [_cell(result, source.data_type == "f") for result, source in pairs]
    except (InvalidFileException, KeyError, ValueError, TypeError, ParseError, OSError,
            IndexError, AttributeError, zipfile.BadZipFile, zlib.error, EOFError):  # fmt: skip
        # What a damaged or half-made workbook can make the reader stumble over.
        raise SheetError("not_a_sheet") from None


def _look_inside(file: IO[bytes]) -> bool:
    """Whether the workbook has any formula. Raises ``SheetError`` where it is no workbook."""
    try:
        with zipfile.ZipFile(file) as archive:
            if "content.xml" in archive.namelist():
                raise SheetError("ods")
            if sum(info.file_size for info in archive.infolist()) > LARGEST_UNPACKED:
                raise SheetError("too_big")
            return any(
                _has_formula(archive, name)
                for name in archive.namelist()
                if name.startswith("xl/worksheets/") and name.endswith(".xml")
            )
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, EOFError):
        raise SheetError("not_a_sheet") from None


def _has_formula(archive: zipfile.ZipFile, name: str) -> bool:
    kept = b""
    with archive.open(name) as part:
        while piece := part.read(1 << 20):
            if re.search(rb"<(?:\w+:)?f[ />]", kept + piece):
                return True
            kept = piece[-16:]
    return False


_ZEROS = re.compile(r"0{5}(-0{4})?")


def _cell(result: Any, formula: bool = False) -> Cell:
    """A cell as text. ``00000`` is how a sheet shows leading zeros that its number lacks."""
    value = result.value
    if value is None or value == "":
        return "", "formula" if formula else None
    if isinstance(value, bool):
        return str(value), None
    if isinstance(value, datetime | date | time):
        return str(value).removesuffix(" 00:00:00"), "date"
    if result.data_type == "e":
        return str(value), "error"
    if isinstance(value, int | float):
        text = str(int(value)) if value == int(value) else repr(value)
        shown = str(result.number_format).partition(";")[0].replace("\\", "")
        if _ZEROS.fullmatch(shown) and text.isdigit():
            digits = text.zfill(shown.count("0"))
            text = f"{digits[:5]}-{digits[5:]}" if len(digits) > 5 else digits
        return text, None
    return str(value), None


# --- both ----------------------------------------------------------------------------


def _plain(header: str) -> str:
    """A header in lower case without accents, brackets and marks, as the aliases are."""
    text = header.casefold().translate(str.maketrans("áéíóúüñ", "aeiouun"))
    text = re.sub(r"\(.*?\)", " ", text)
    words = re.sub(r"[^a-z0-9]+", " ", text).split()
    return " ".join(words[1:] if words[:1] in (["your"], ["su"], ["sus"]) else words)


def _recognised(cells: Iterable[str]) -> dict[int, str]:
    """The columns of a header row by their place."""
    found = {i: _ALIASES.get(_plain(cell), "") for i, cell in enumerate(cells)}
    return {i: column for i, column in found.items() if column}


def _is_header(columns: Sequence[str]) -> bool:
    return "zip" in columns and bool({"first", "last", "name", "email"} & set(columns))


def _sheet(rows: Iterator[list[Cell]], guessed: bool = False) -> Sheet:
    """Find the row with the columns' names; titles and merged cells above it are left aside."""
    seen_any = False
    for number, cells in enumerate(rows, start=1):
        texts = [text for text, _flag in cells]
        seen_any = seen_any or any(text.strip() for text in texts)
        columns = _recognised(texts)
        if _is_header(tuple(columns.values())):
            doubled = [c for c in columns.values() if list(columns.values()).count(c) > 1]
            if doubled:
                raise SheetError("doubled", doubled[0])
            ignored = [t.strip() for i, t in enumerate(texts) if t.strip() and i not in columns]
            return Sheet(
                _people(rows, number, columns), tuple(columns.values()), tuple(ignored), guessed
            )
        if number >= HEADER_WITHIN:
            break
    raise SheetError("no_header" if seen_any else "empty")


def _people(rows: Iterator[list[Cell]], header: int, columns: dict[int, str]) -> Iterator[SheetRow]:
    """The rows below the header that have anything in a column that is used."""
    for number, cells in enumerate(rows, start=header + 1):
        values: dict[str, str] = {}
        flags: dict[str, Flag] = {}
        for place, column in columns.items():
            text, flag = cells[place] if place < len(cells) else ("", None)
            text = " ".join(text.split())
            if len(text) > LONGEST_CELL:
                text, flag = text[:LONGEST_CELL], "long"
            values[column] = text
            if flag is not None:
                flags[column] = flag
        if any(values.values()) or flags:
            yield SheetRow(number, *_parted(values, flags))


def _parted(
    values: dict[str, str], flags: dict[str, Flag]
) -> tuple[dict[str, str], dict[str, Flag]]:
    """With a full name taken apart at its last blank: it only serves to recognise a person."""
    if "name" in values:
        name, flag = values.pop("name"), flags.pop("name", None)
        first, _, last = name.rpartition(" ")
        if not values.get("first") and not values.get("last"):
            values["first"], values["last"] = (first, last) if first else (last, "")
            if flag is not None:
                flags["first"] = flag
    return values, flags
