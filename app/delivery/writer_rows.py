"""Reading the people of a batch, row by row, with the row numbers of their own file.

Two kinds of file: CSV with a header line, and JSON lines as ``flask keys open`` (the
opened sealed export) prints them. Nothing is kept of a row once the next one is read.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from app.congress.model import as_moment, congress_at
from app.errors import ExplainedError

NEEDED = ("first", "last", "street", "city", "state", "zip", "email")
OPTIONAL = (
    "prefix", "street2", "phone", "district", "congress", "home_state", "home_zip", "template",
    "length", "story", "body", "tongue",
)  # fmt: skip
ALIASES = {
    "first_name": "first", "last_name": "last", "address": "street", "address1": "street",
    "address_1": "street", "address2": "street2", "address_2": "street2", "zip_code": "zip",
    "zipcode": "zip", "postal_code": "zip", "e_mail": "email", "email_address": "email",
    "title": "prefix", "phone_number": "phone", "message": "story", "comment": "story",
}  # fmt: skip
"""Other programs' usual names for our columns, in lower case with ``_`` for spaces."""


class WriterFileError(ExplainedError):
    """The file as a whole cannot be read; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class WriterRow:
    """One person. ``number`` is the row as the file's own program counts it."""

    number: int
    values: dict[str, str] = field(repr=False)
    letters: dict[str, str] | None = field(default=None, repr=False)
    """The person's final words by seat (``CA-12``), where they differ by recipient."""
    signature: int | None = None
    """The number of the signature that the row belongs to, in an opened sealed export."""

    def get(self, name: str) -> str:
        return self.values.get(name, "")


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read, and why."""

    number: int
    message: str


def read_rows(path: Path) -> Iterator[WriterRow | BadRow]:
    """The rows of a ``.csv``, ``.jsonl`` or ``.json`` file. Raises ``WriterFileError``."""
    if path.suffix.lower() in (".jsonl", ".json", ".ndjson"):
        return _json_rows(path)
    return _csv_rows(path)


def _column(name: str) -> str:
    plain = "_".join(name.strip().lower().replace("-", "_").split())
    return ALIASES.get(plain, plain)


def _csv_rows(path: Path) -> Iterator[WriterRow | BadRow]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [_column(name) for name in next(reader, [])]
            lacking = [name for name in NEEDED if name not in header]
            if lacking:
                raise WriterFileError(
                    f"{path.name} has no column {', '.join(lacking)}. The first line must name "
                    f"the columns: {', '.join(NEEDED)}; and may name {', '.join(OPTIONAL)}."
                )
            doubled = sorted({name for name in header if name and header.count(name) > 1})
            if doubled:
                raise WriterFileError(f"{path.name} names the column {doubled[0]} twice.")
            for number, cells in enumerate(reader, start=2):
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) > len(header) and any(c.strip() for c in cells[len(header) :]):
                    yield BadRow(number, "The row has more cells than the header has names.")
                    continue
                pairs = zip(header, cells, strict=False)
                yield WriterRow(number, {k: v.strip() for k, v in pairs if k})
    except UnicodeDecodeError:
        raise WriterFileError(f"{path.name} is not UTF-8. Save it as “CSV UTF-8”.") from None
    except csv.Error as error:
        raise WriterFileError(f"{path.name} is not a CSV file: {error}.") from None


def _json_rows(path: Path) -> Iterator[WriterRow | BadRow]:
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                content = json.loads(line)
                details = content.get("details", content)
                row = _from_details(number, details, content.get("signature"))
                if "day" in content:
                    day = date.fromisoformat(content["day"])
                    row.values.setdefault("congress", str(congress_at(as_moment(day))))
            except (ValueError, TypeError, AttributeError):
                yield BadRow(number, "The line is not an opened row of details.")
                continue
            if content.get("purpose", "packet") == "packet":
                yield row
            # Whoever only allowed us to contact them has not given us a letter to deliver.


def _from_details(number: int, details: dict[str, Any], signature: object) -> WriterRow:
    letters = details.get("letters")
    values = {
        _column(name): str(value).strip()
        for name, value in details.items()
        if isinstance(value, str | int) and not isinstance(value, bool)
    }
    by_seat = {str(seat): str(text) for seat, text in letters.items()} if letters else None
    known = signature if type(signature) is int else None
    return WriterRow(number, values, by_seat, known)
