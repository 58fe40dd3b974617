"""A sheet between two pages: what was read of a file, and what an organizer said of it so far.

Nothing of an upload stays on the server. It travels in the form itself, locked, so that nobody
can read it there and only what this site sent comes back.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import IO, Literal

from app.records.keyed import lock, unlock
from app.records.paper_columns import Columns, cell, find_header, roles_in
from app.records.paper_files import TOP, RawRow, SheetError, read_file

# --- a file, held in memory ----------------------------------------------------------

Unread = Literal["hidden", "no_header", "no_rows"]


@dataclass(frozen=True, slots=True)
class HeldSheet:
    """A sheet with a header row, and its rows that are not empty."""

    name: str
    header: RawRow
    rows: tuple[RawRow, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class HeldFile:
    """What was read of a file: its sheets with people, and why the others are left aside."""

    sheets: tuple[HeldSheet, ...]
    unread: tuple[tuple[str, Unread], ...] = ()
    guessed_encoding: bool = False
    shows_hidden: bool = True


class TooManyRowsError(Exception):
    """The file has more rows than are taken here."""


def hold_file(file: IO[bytes], most: int | None = None) -> HeldFile:
    """Read every visible sheet that has a header row.

    Raises ``SheetError`` where there is none, ``TooManyRowsError`` above ``most`` rows.
    """
    raw = read_file(file)
    unread: list[tuple[str, Unread]] = [(name, "hidden") for name in raw.hidden_sheets]
    held: list[HeldSheet] = []
    seen_any, total = False, 0
    for sheet in raw.sheets:
        top = list(islice(sheet.rows, TOP))
        seen_any = seen_any or any(any(row.cells) for row in top)
        header = find_header(top)
        if header is None:
            unread.append(
                (sheet.name, "no_header" if any(any(r.cells) for r in top) else "no_rows")
            )
            continue
        rows = []
        for row in chain(top, sheet.rows):
            if row.number > header.number and (any(row.cells) or row.flags):
                rows.append(row)
                if most is not None and total + len(rows) > most:
                    raise TooManyRowsError
        total += len(rows)
        held.append(HeldSheet(sheet.name, header, tuple(rows)))
    # Beside a sheet of people, one that only has two words in common with such is something else.
    if any(_whole(sheet) for sheet in held):
        unread += [(sheet.name, "no_header") for sheet in held if not _whole(sheet)]
        held = [sheet for sheet in held if _whole(sheet)]
    unread += [(sheet.name, "no_rows") for sheet in held if not sheet.rows]
    filled = tuple(sheet for sheet in held if sheet.rows)
    if not filled:
        raise SheetError("no_rows" if held else "no_header" if seen_any else "empty")
    return HeldFile(filled, tuple(unread), raw.guessed_encoding, raw.shows_hidden)


def _whole(sheet: HeldSheet) -> bool:
    roles = roles_in(sheet.header)
    return bool(roles & {"first", "last", "name", "email"}) and bool(
        roles & {"zip", "plus4", "place", "street"}
    )


# --- what an organizer said ----------------------------------------------------------

Hidden = Literal["", "count", "leave"]


@dataclass(frozen=True, slots=True)
class Choices:
    """What an organizer said about a file. Rows go by their keys (``SheetRow.key``)."""

    columns: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """By sheet: the role of each column."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The role of each column with such a plain header, on whatever sheet."""
    hidden: Hidden = ""
    """What becomes of rows that the sheet hides; empty until it is said."""
    edits: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    """What was typed into cells, by row and column."""
    located: Mapping[str, str] = field(default_factory=dict)
    """Rows whose street was looked up, with the seat that it lies in."""
    out: frozenset[str] = frozenset()
    """Rows to leave out."""
    keep: frozenset[str] = frozenset()
    """Odd rows to count all the same."""
    same: frozenset[str] = frozenset()
    """Rows of which it was said that they are of somebody who stands already (``Likely``)."""
    zeros: bool = False
    """Put back the zeros that ZIP codes lost."""

    def with_what(self, said: Said) -> Choices:
        """These, and what was said afterwards."""
        more = said.more
        edits = {key: dict(typed) for key, typed in self.edits.items()}
        for key, typed in more.edits.items():
            edits.setdefault(key, {}).update(typed)
        nothing = frozenset[str]()
        return Choices(
            columns={**self.columns, **more.columns}, headers={**self.headers, **more.headers},
            hidden=more.hidden or self.hidden, edits=edits,
            located={**self.located, **more.located},
            out=nothing if said.restore else self.out | more.out,
            keep=nothing if said.restore else self.keep | more.keep,
            same=(self.same - said.others) | more.same, zeros=self.zeros or more.zeros,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """What one form says of a file."""

    more: Choices = Choices()
    others: frozenset[str] = frozenset()
    """Rows of which it says that they are not of somebody who stands already."""
    restore: bool = False
    """Take back in what was left out, and leave out again what is odd."""


# --- as one field of a form -------------------------------------------------------------

MOST_CARRIED = 400_000
"""Cells that travel. Where there are more, columns that are not used stay behind."""
_PURPOSE = "sheet between two pages"


def pack(file: HeldFile, columns: Sequence[Columns], choices: Choices, secret: bytes) -> str:
    """A file, with what its columns are, and the choices, as text."""
    cells = sum(len(sheet.rows) * len(sheet.header.cells) for sheet in file.sheets)
    sheets: list[list[object]] = []
    for sheet, known in zip(file.sheets, columns, strict=True):
        used = [
            place
            for place, (header, role) in enumerate(zip(known.headers, known.roles, strict=True))
            if role or (header and (cells <= MOST_CARRIED or known.questions))
        ]
        places = {place: at for at, place in enumerate(used)}
        rows = [
            [row.number, [cell(row, place) for place in used],
             {places[place]: flag for place, flag in row.flags.items() if place in places},
             row.hidden]
            for row in sheet.rows
        ]  # fmt: skip
        roles = [known.roles[p] for p in used] if len(sheets) in choices.columns else None
        sheets.append([sheet.name, sheet.header.number, [known.headers[p] for p in used], rows,
                       roles])  # fmt: skip
    text = json.dumps(
        [sheets, file.unread, file.guessed_encoding, file.shows_hidden,
         [choices.hidden, choices.edits, choices.located, sorted(choices.out),
          sorted(choices.keep), sorted(choices.same), choices.zeros]],
        separators=(",", ":"),
    )  # fmt: skip
    locked = lock(zlib.compress(text.encode()), secret, _PURPOSE)
    return base64.b64encode(locked).decode("ascii")


def unpack(packed: str, secret: bytes, most: int) -> tuple[HeldFile, Choices] | None:
    """What ``pack`` made; None where it is something else, or has more than ``most`` rows."""
    try:
        content = unlock(base64.b64decode(packed, validate=True), secret, _PURPOSE)
    except ValueError:
        return None
    if content is None:
        return None
    sheets, unread, guessed, shows, said = json.loads(zlib.decompress(content))
    if sum(len(rows) for _name, _number, _headers, rows, _roles in sheets) > most:
        return None
    held, columns = [], {}
    for at, (name, number, headers, rows, roles) in enumerate(sheets):
        lines = (
            RawRow(line, tuple(cells), {int(place): flag for place, flag in flags.items()}, hidden)
            for line, cells, flags, hidden in rows
        )
        held.append(HeldSheet(name, RawRow(number, tuple(headers)), tuple(lines)))
        if roles is not None:
            columns[at] = tuple(roles)
    hidden, edits, located, *rows, zeros = said
    out, keep, same = map(frozenset, rows)
    file = HeldFile(tuple(held), tuple((name, why) for name, why in unread), guessed, shows)
    return file, Choices(columns, {}, hidden, edits, located, out, keep, same, zeros)
