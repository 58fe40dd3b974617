"""What an export holds: one definition of the rows for every format.

Three shapes: counts by a breakdown; one row per signature; one row per letter. None has
anything personal in it, because nothing personal is kept. The order of the columns is part of
the promise to whoever built on a file: a column is never renamed or moved, new ones go to the
end.
"""

# ruff: noqa: S608 - the statements are put together from the constants in this file only

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from app.records.counting import (
    BREAKDOWNS,
    BY_TERM,
    by_status,
    count,
    definitions_for,
    natural,
    people,
)
from app.records.model import STATUSES, CountRow, Status, Totals
from app.records.tabular import CHUNK, Cell, Chunk, Column, Row, Table, file_name, in_chunks
from app.records.tally_sql import DIMENSIONS

Shape = Literal["counts", "signatures", "letters"]
SHAPES: tuple[Shape, ...] = ("counts", "signatures", "letters")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which signatures are meant. The default is all that count."""

    campaign: str | None = None
    """None for all campaigns."""
    status: Status | None = "counted"
    """None for every status."""
    state: str | None = None
    since: date | None = None
    """First day, in the campaign's time zone."""
    until: date | None = None
    """Last day, included."""
    template: str | None = None
    """The letter that people started from."""
    source: str | None = None
    """The source tag of the link; the empty text is for no tag, None for all."""
    language: str | None = None

    @property
    def finer(self) -> bool:
        """Whether it asks for more than a campaign and a status, so that rows must be read."""
        wanted = (self.state, self.since, self.until, self.template, self.source, self.language)
        return any(value is not None for value in wanted)

    def described(self) -> dict[str, str]:
        """In words, for the file itself."""
        return {
            "campaign": self.campaign or "all campaigns",
            "status": self.status or "every status",
            "state": self.state or "all states",
            "from day": self.since.isoformat() if self.since else "the first",
            "to day": self.until.isoformat() if self.until else "the last",
            "letter": self.template or "all letters",
            "source": "all sources" if self.source is None else self.source or "no source",
            "language": self.language or "all languages",
        }

    def where(self) -> tuple[str, list[str]]:
        """The same as SQL on ``signatures s``, with its values."""
        wanted = (
            ("s.campaign = ?", self.campaign),
            ("s.status = ?", self.status),
            ("s.state = ?", self.state),
            ("s.day >= ?", self.since),
            ("s.day <= ?", self.until),
            ("s.template = ?", self.template),
            ("s.source = ?", self.source),
            ("s.language = ?", self.language),
        )
        used = [(condition, str(value)) for condition, value in wanted if value is not None]
        return " AND ".join(["true", *(c for c, _ in used)]), [value for _, value in used]


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


def counts_table(db: sqlite3.Connection, by: str, chosen: Filter, occasion: Occasion) -> Table:
    """Counts by one of ``BREAKDOWNS``: the group, its people, its letters.

    ``recipient`` has the member's name as a fourth column.
    """
    rows: Iterator[Row] = (
        (row.group, row.signatures, row.letters) for row in counts(db, by, chosen)
    )
    columns = [
        Column(by, "day" if by == "day" else "text", _meaning(by)),
        Column("signatures", "number", BY_TERM["signatures"].meaning),
        Column("letters", "number", BY_TERM["letters"].meaning),
    ]
    if by == "recipient":
        columns.append(Column("name", "text", "The member's name, where known."))
        rows = ((*row, occasion.names.get(str(row[0]), "")) for row in rows)
    whole = totals_of(db, chosen)
    about = {
        "total signatures": whole.signatures,
        "total letters": whole.letters,
        **_about(db, by, chosen, occasion),
    }
    return Table(f"Counts by {by}", tuple(columns), in_chunks(rows), about)


def counts(db: sqlite3.Connection, by: str, chosen: Filter) -> list[CountRow]:
    """Like ``count``, for any filter.

    Reads the tallies where they know the answer, and the rows where the filter is finer.
    Raises ``ValueError`` for an unknown breakdown.
    """
    if by not in BREAKDOWNS:
        raise ValueError(f"Cannot count by {by!r}. Known: {', '.join(BREAKDOWNS)}.")
    if not chosen.finer:
        return _from_tallies(db, by, chosen)
    where, values = chosen.where()
    if by == "recipient":
        query = (
            "SELECT l.bioguide, count(*), count(*) FROM signatures s NOT INDEXED"
            " CROSS JOIN letters l ON l.signature = s.id"
            f" WHERE l.bioguide IS NOT NULL AND {where} GROUP BY 1"
        )  # fmt: skip
    else:
        value = dict(DIMENSIONS)[by].format(row="s")
        query = (
            f"SELECT {value}, count(*), sum(s.letters) FROM signatures s NOT INDEXED"
            f" WHERE {where} GROUP BY 1"
        )
    rows = (CountRow(*row) for row in db.execute(query, values))
    return sorted(rows, key=lambda row: natural(row.group))


def _from_tallies(db: sqlite3.Connection, by: str, chosen: Filter) -> list[CountRow]:
    """Counts of one status, or of all added up, without reading a row."""
    if chosen.status:
        return count(db, chosen.campaign, by, status=chosen.status)
    added: dict[str, CountRow] = {}
    for status in STATUSES:
        for row in count(db, chosen.campaign, by, status=status):
            known = added.get(row.group, CountRow(row.group, 0, 0))
            added[row.group] = CountRow(
                row.group, known.signatures + row.signatures, known.letters + row.letters
            )
    return sorted(added.values(), key=lambda row: natural(row.group))


def statuses(db: sqlite3.Connection, chosen: Filter) -> dict[Status, Totals]:
    """Every status with its people and letters, whatever status the filter asks for."""
    if not chosen.finer:
        return by_status(db, chosen.campaign)
    where, values = replace(chosen, status=None).where()
    query = (
        "SELECT s.status, count(*), sum(s.letters) FROM signatures s NOT INDEXED"
        f" WHERE {where} GROUP BY 1"
    )
    found = {status: Totals(*numbers) for status, *numbers in db.execute(query, values)}
    return {status: found.get(status, Totals(0, 0)) for status in STATUSES}


def statuses_table(db: sqlite3.Connection, chosen: Filter, occasion: Occasion) -> Table:
    """People and letters by status, the empty ones too, whatever status the filter asks for."""
    found = statuses(db, chosen)
    columns = (
        Column("status", "text", _STATUS),
        Column("signatures", "number", BY_TERM["signatures"].meaning),
        Column("letters", "number", BY_TERM["letters"].meaning),
    )
    rows = [(status, whole.signatures, whole.letters) for status, whole in found.items()]
    about = _about(db, "status", replace(chosen, status=None), occasion)
    about |= {f"definition: {status}": BY_TERM[status].meaning for status in STATUSES}
    return Table("Counts by status", columns, in_chunks(rows), about)


def totals_of(db: sqlite3.Connection, chosen: Filter) -> Totals:
    """Like ``totals``, for any filter. Each signature is in exactly one state."""
    rows = counts(db, "state", chosen)
    return Totals(sum(row.signatures for row in rows), sum(row.letters for row in rows))


def signatures_table(db: sqlite3.Connection, chosen: Filter, occasion: Occasion) -> Table:
    """One row per signature, oldest first, without anything personal."""
    where, values = chosen.where()
    local = _local_time(occasion.zone)
    query = (
        "SELECT s.id, s.campaign, s.status, s.day, s.at, s.state, s.state || '-' || s.district,"
        " s.template, s.version, s.length, s.language, s.match, s.source, s.edited, s.own_share,"
        # In the order in which they lie: an index would have all of them sorted first.
        f" s.letters FROM signatures s NOT INDEXED WHERE {where} ORDER BY s.id"
    )
    columns = (
        Column("signature", "number", "A number that the letters of the signature share."),
        Column("campaign", "text", "The campaign's short name."),
        Column("status", "text", _STATUS),
        Column("day", "day", BY_TERM["day"].meaning),
        Column("signed_at", "time", "When the person signed, to the minute.", occasion.zone),
        Column("state", "text", _meaning("state")),
        Column("district", "text", _meaning("district")),
        Column("template", "text", _meaning("template")),
        Column("version", "text", "The version of the letter's text, by its fingerprint."),
        Column("length", "text", "Whether the full or the short form was used."),
        Column("language", "text", _meaning("language")),
        Column("match", "text", _meaning("match")),
        Column("source", "text", _meaning("source")),
        Column("edited", "yes/no", _meaning("edited")),
        Column("own_share", "number", "Per cent of the letters in the person's own words."),
        Column("letters", "number", BY_TERM["letters"].meaning),
    )

    def finish(cells: Chunk) -> None:
        cells[4] = list(map(local, cells[4]))

    chunks = _finished(db.execute(query, values), finish)
    return Table("Signatures", columns, chunks, _about(db, "signatures", chosen, occasion))


def letters_table(db: sqlite3.Connection, chosen: Filter, occasion: Occasion) -> Table:
    """One row per letter per recipient, with what is known of its way.

    A vacant seat has a row with no recipient, because nobody could be written to.
    """
    where, values = chosen.where()
    local = _local_time(occasion.zone)
    query = (
        "SELECT s.id, s.campaign, s.status, s.day, s.state, s.state || '-' || s.district, l.seat,"
        " l.bioguide, l.ask, l.state, l.state_at, l.cause FROM signatures s NOT INDEXED"
        f" JOIN letters l ON l.signature = s.id WHERE {where} ORDER BY s.id, l.seat"
    )
    columns = (
        Column("signature", "number", "The number of the signature that it belongs to."),
        Column("campaign", "text", "The campaign's short name."),
        Column("status", "text", _STATUS),
        Column("day", "day", BY_TERM["day"].meaning),
        Column("state", "text", _meaning("state")),
        Column("district", "text", _meaning("district")),
        Column("seat", "text", "The seat in Congress: CA-12 in the House, CA-S3 in the Senate."),
        Column("recipient", "text", "The member's bioguide id; empty where the seat was vacant."),
        Column("name", "text", "The member's name, where known."),
        Column("ask", "text", "What the letter asks for."),
        Column("handed_over", "text", "What is known of the letter's way."),
        Column("handed_over_at", "time", "Since when this is known.", occasion.zone),
        Column("handed_over_cause", "text", "Who or what told us: the signing itself, the person, "
               "a mail server, an office's system, or a vacant seat."),
    )  # fmt: skip

    def finish(cells: Chunk) -> None:
        cells[10] = list(map(local, cells[10]))
        cells.insert(8, [occasion.names.get(str(bioguide), "") for bioguide in cells[7]])

    chunks = _finished(db.execute(query, values), finish)
    return Table("Letters", columns, chunks, _about(db, "letters", chosen, occasion))


def _finished(found: sqlite3.Cursor, finish: Callable[[Chunk], None]) -> Iterator[Chunk]:
    """What was found, chunk by chunk, after ``finish`` has changed columns in place."""
    while some := found.fetchmany(CHUNK):
        chunk: Chunk = list(zip(*some, strict=True))
        finish(chunk)
        yield chunk


def export_name(shape: str, chosen: Filter, occasion: Occasion, ending: str) -> str:
    """``protect-immigration-act-counts-by-state-2026-11-25.csv``, safe on every system."""
    day = occasion.at.astimezone(ZoneInfo(occasion.zone)).date().isoformat()
    return file_name(chosen.campaign or "all-campaigns", shape, day, ending=ending)


_STATUS = "Where the signature stands; only those that are counted count."

_MEANINGS = {
    "state": "The state or territory that the person said they live in.",
    "district": "The congressional district; 0 is at large or a delegate's.",
    "template": "The letter that the person started from.",
    "version": "Letter, length, and the version of its text.",
    "language": "The language of the pages that the person used.",
    "match": "How the district was found: by ZIP, by street, or chosen by hand.",
    "source": "The tag of the link that the person followed; empty where there was none.",
    "edited": "Whether the person changed the letter's own words.",
    "own_share": "Per cent of the letters in the person's own words: 40 stands for 40 to 49.",
}


def _meaning(by: str) -> str:
    return BY_TERM[by].meaning if by in BY_TERM else _MEANINGS[by]


def _about(db: sqlite3.Connection, by: str, chosen: Filter, occasion: Occasion) -> dict[str, str]:
    local = occasion.at.astimezone(ZoneInfo(occasion.zone))
    words = definitions_for(by, chosen.status or "counted")
    # Who signed two campaigns is two signatures, and one person.
    across = {} if chosen.campaign else {"people in all campaigns": str(people(db))}
    return {
        **chosen.described(),
        **across,
        "made at": f"{local:%Y-%m-%d %H:%M}",
        "time zone": occasion.zone,
        **{f"data: {name}": when for name, when in occasion.facts.items()},
        **{f"definition: {word.term}": word.meaning for word in words},
    }


def _local_time(zone: str) -> Callable[[Cell], str]:
    """From the UTC minute that is stored to text in the zone.

    Worked out once for each hour, where the whole hour has one offset of full hours (that is,
    nearly always in America), so that a row costs no more than putting two texts together.
    """
    there = ZoneInfo(zone)

    @lru_cache(maxsize=65_536)
    def exact(stored: str) -> str:
        moment = datetime.fromisoformat(stored).astimezone(there)
        return f"{moment:%Y-%m-%d %H:%M}"

    hours: dict[str, str] = {}

    def local(stored: Cell) -> str:
        text = str(stored)
        hour = text[:13]
        known = hours.get(hour)
        if known is None:
            first, last = exact(f"{hour}:00Z"), exact(f"{hour}:59Z")
            plain = first[13:] == ":00" and last == f"{first[:13]}:59"
            known = hours[hour] = first[:13] if plain else ""
        return known + text[13:16] if known else exact(text)

    return local
