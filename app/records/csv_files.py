"""Tables as CSV.

Spreadsheet programs read CSV as if somebody had typed it, so text that could be taken for a
formula gets an apostrophe in front. The other formats say themselves what is text.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import cast

from app.records.tabular import Cell, Kind, Known, Table, clean, described

BOM = "\ufeff"
"""Tells spreadsheet programs that the file is UTF-8."""

END = "\r\n"

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

# Where a comma is the sign of decimals, spreadsheet programs part cells at semicolons, and see no
# quotes around ours: what comes after one, or after a line end, begins a cell of its own.
_SEPARATORS = re.compile("[;\n]")
_SEPARATED = re.compile(
    r"([;\n](?:[^\S\n]|[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffd])*)"
    r"([=@＝＠﹦﹫]|[+＋﹢－﹣-](?=[^;\n]*(?:[|!]|\w\(|[0-9][^;\n]*[+*/^-])))"
)


def safe_csv(text: str) -> str:
    """The text as a CSV cell that no spreadsheet program takes for a formula.

    Whatever comes before the first visible character is looked through, and look-alikes of
    the signs (such as the full-width ``＝``) count as the signs.
    """
    if text.isascii() and text.isprintable():
        if (text[:1].isalnum() and ";" not in text) or not text:
            return text
    else:
        text = clean(text)
    visible = _visible(text)
    if _SEPARATORS.search(text):
        text = _SEPARATED.sub(r"\1'\2", text)
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


def csv_lines(table: Table, *, bom: bool = True, notes: bool = False) -> Iterator[str]:
    """A CSV file piece by piece: header and rows; lines end in CR LF as in RFC 4180.

    Encode as UTF-8. ``bom`` is for files, which people open in a spreadsheet program; leave it
    out where another program reads. A header row comes even where there are no rows. Yes and
    no are ``yes`` and ``no``; a missing value is empty. With ``notes`` the first rows say what
    the file is about (``described``), and an empty line parts them from the header.
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
    """One line of a file, of which no cell is taken for a formula."""
    return ",".join(_quoted(safe_csv(text)) for text in texts) + END


def _fields(kind: Kind, *, alone: bool) -> Callable[[Sequence[Cell]], Iterable[str]]:
    """How the cells of one column become CSV fields.

    An empty field alone in its row is quoted, or the row would be taken for an empty line.
    """

    def field(cell: Cell) -> str:
        if cell is None or cell == "":
            return '""' if alone else ""
        if kind == "yes/no":
            return "yes" if cell else "no"
        if kind == "text":
            return _quoted(safe_csv(str(cell)))
        return str(cell)

    known = Known(field)
    # Neither digits nor the days and times made of them ever need quotes or an apostrophe.
    plain = kind in ("number", "day", "time") and not alone

    def fields(cells: Sequence[Cell]) -> Iterable[str]:
        if plain and None not in cells:
            return map(str, cells) if kind == "number" else cast("Sequence[str]", cells)
        return map(known.__getitem__, cells)

    return fields


_NEEDS_QUOTES = re.compile('[,"\r\n]')


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _NEEDS_QUOTES.search(text) else text


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
