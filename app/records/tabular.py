"""Tables as text files: CSV and JSON. XLSX is in ``workbook``, SQLite in ``datasette``.

There is one definition of the rows and several ways to write them. Rows are streamed, so memory
does not grow with their number. Text is cleaned the same for all formats, so that no character
that a file format forbids ever breaks a file. In CSV, which spreadsheet programs read as if
somebody had typed it, text that could be taken for a formula gets an apostrophe in front.
The other formats say themselves what is text, and need none.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["text", "number", "day", "time", "yes/no"]
Cell = str | int | None
"""Days are ``2026-03-08``, times ``2026-03-08 21:30`` in the column's zone, yes and no 1 and 0."""
Row = Sequence[Cell]

BOM = "\ufeff"
"""Tells spreadsheet programs that the file is UTF-8."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``name`` is never changed once released; new columns go to the end."""

    name: str
    kind: Kind
    meaning: str
    zone: str = ""
    """For ``time``: the time zone that the times are in, by name."""

    @property
    def header(self) -> str:
        """The name, with the time zone where there is one: ``signed_at (America/Chicago)``."""
        return f"{self.name} ({self.zone})" if self.zone else self.name

    def described(self) -> dict[str, str]:
        """The column as a JSON document describes it."""
        zone = {"zone": self.zone} if self.zone else {}
        return {"name": self.name, "kind": self.kind, "meaning": self.meaning, **zone}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows on their way to a file; the rows can be taken once."""

    title: str
    columns: tuple[Column, ...]
    rows: Iterable[Row]
    about: Mapping[str, Any]
    """What a reader must know: campaign, filter, definitions, time, time zone."""


# What no text file, XML part or spreadsheet can carry: control characters but tab and line
# feed, halves of surrogate pairs, and the two code points that are no characters.
_BAD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LINE_END = re.compile("\r\n?|\x85|\u2028|\u2029")


def clean(text: str) -> str:
    """The text with line ends as line feeds and each forbidden character as U+FFFD."""
    return _BAD.sub("\ufffd", _LINE_END.sub("\n", text))


# A leading + or - is common in what people write. These cannot reach out, and a spreadsheet
# program shows them as they are: a telephone number (with a space or bracket, or without
# hyphens, which would be taken for minus signs), a plain number, words without digit, operator
# or bracket.
_HARMLESS = re.compile(
    r"\+(?=[^-]*[\s(]|[^-]*$)[\s(]*[0-9](?:[\s().-]*[0-9])*"
    r"|[+-][0-9]+(?:[.,][0-9]+)?"
    r"|[+-]\s?[^\W\d_]+(?:[ .'’-]+[^\W\d_]+)*[.'’]?"
)
_TRIGGERS = frozenset("=+-@|%")


def safe_csv(text: str) -> str:
    """The text as a CSV cell that no spreadsheet program takes for a formula.

    Whatever comes before the first visible character is looked through, and look-alikes of
    the signs (such as the full-width ``＝``) count as the signs.
    """
    if text.isascii() and text.isprintable():
        if text[:1].isalnum() or not text:  # by far the most
            return text
    else:
        text = clean(text)
    visible = _visible(text)
    if not visible or unicodedata.normalize("NFKC", visible[0])[0] not in _TRIGGERS:
        return text
    if visible[0] in "+-" and _HARMLESS.fullmatch(visible.strip()):
        return text
    return f"'{text}"


def _visible(text: str) -> str:
    """The text from its first character that can be seen."""
    for place, character in enumerate(text):
        if not character.isspace() and unicodedata.category(character)[0] not in "CZ":
            return text[place:]
    return ""


def csv_lines(table: Table, *, bom: bool = True) -> Iterator[str]:
    """A CSV file piece by piece: header and rows; lines end in CR LF as in RFC 4180.

    Encode as UTF-8. ``bom`` is for files, which people open in a spreadsheet program; leave it
    out where another program reads. A header row comes even where there are no rows. Yes and
    no are ``yes`` and ``no``; a missing value is empty.
    """
    texts = [n for n, column in enumerate(table.columns) if column.kind == "text"]
    answers = [n for n, column in enumerate(table.columns) if column.kind == "yes/no"]
    buffer = io.StringIO()
    write = csv.writer(buffer).writerow
    buffer.write(BOM if bom else "")
    write([safe_csv(column.header) for column in table.columns])
    for number, row in enumerate(table.rows, 1):
        cells = list(row)
        for place in texts:
            cell = cells[place]
            if cell is not None:
                cells[place] = safe_csv(str(cell))
        for place in answers:
            cells[place] = "yes" if cells[place] else "no"
        write(cells)
        if number % 1000 == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def csv_metadata(table: Table, name: str) -> Iterator[str]:
    """What to know about a CSV file, to lie beside it as ``<name>-metadata.json``.

    The vocabulary is that of the W3C's "CSV on the Web": a CSV file has no room of its own
    for such things without ceasing to be a plain table.
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


def json_lines(table: Table) -> Iterator[str]:
    """A JSON document piece by piece: ``title``, ``about``, ``columns``, ``rows`` as objects.

    Yes and no are ``true`` and ``false``, a missing value is ``null``.
    """
    head = {
        "title": clean(table.title),
        "about": table.about,
        "columns": [column.described() for column in table.columns],
    }
    yield json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "rows": ['
    separator = "\n  "
    for row in table.rows:
        cells = {
            column.name: _json_cell(column, cell)
            for column, cell in zip(table.columns, row, strict=True)
        }
        yield separator + json.dumps(cells, ensure_ascii=False)
        separator = ",\n  "
    yield "\n ]\n}\n"


def _json_cell(column: Column, cell: Cell) -> Cell:
    if isinstance(cell, str):
        return clean(cell)
    return bool(cell) if column.kind == "yes/no" and cell is not None else cell


_ILLEGAL_IN_FILE = re.compile(r'[^\w.-]+|[<>:"/\\|?*]')
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)}
)


def file_name(*parts: str, ending: str) -> str:
    """A file name from words in any language, safe on every system.

    At most 120 bytes; never empty, hidden, or a name that Windows keeps for itself.
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
    """Write the pieces as UTF-8; the file appears under its name when it is complete."""
    draft = path.with_name(f".{path.name}.part")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
