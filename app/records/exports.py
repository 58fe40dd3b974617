"""What an export contains: one definition of the rows for every format.

Three shapes: counts by a breakdown; one row per signature; one row per letter. None contains
anything personal, because nothing personal is kept. Column names and order are a stable
interface: a column is never renamed or moved, and new ones go at the end.
"""

# ruff: noqa: S608 - the statements are built from constants

from __future__ import annotations

import sqlite3
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from app.campaign.entities import Campaign
from app.congress.tables import Tables
from app.records.counts import (
    BREAKDOWNS,
    Filter,
    by_status,
    count,
    count_recipients,
    totals,
    ways_of,
)
from app.records.database import open_database, reading
from app.records.definitions import BY_TERM, file_definitions
from app.records.persons import people
from app.records.tabular import (
    CHUNK,
    Cell,
    Chunk,
    Column,
    Row,
    Table,
    file_name,
    in_chunks,
    metadata_path,
    write_sqlite,
    write_xlsx,
)

Shape = Literal["counts", "signatures", "letters"]
SHAPES: tuple[Shape, ...] = ("counts", "signatures", "letters")
GROUPINGS = (*BREAKDOWNS, "status", "way")
"""Everything that a file of counts can be broken down by."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """When an export is made, in which time zone, and what a reader needs to understand it."""

    at: datetime
    """Aware."""
    zone: str
    """The campaign's time zone, such as ``America/Chicago``; all times are shown in it."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """The dates of the data used, such as ``{"members of Congress": "2026-06-15"}``."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Members' names by bioguide id, where known."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """Campaigns' titles by short name, where known."""
    current_ids: Mapping[str, str] = field(default_factory=dict)
    """Members' bioguide ids by ids under which letters to them were stored before."""

    @classmethod
    def of(cls, at: datetime, campaign: Campaign | None, tables: Tables | None) -> Occasion:
        """Build it from what is available: a campaign's counts may outlive its texts."""
        facts, names, ids = {}, {}, {}
        if tables is not None:
            ids = tables.current_ids()
            facts["members of Congress"] = tables.as_of.isoformat()
            # Includes members who have left or whom the list no longer places in a seat.
            names = {
                who: f"{person.holder.seat.title} {person.member.full_name}"
                for who, person in tables.people.items()
            }
        if campaign is None:
            return cls(at, "UTC", facts, names, {}, ids)
        facts["cosponsors"] = campaign.as_of.isoformat()
        return cls(at, campaign.timezone, facts, names, {campaign.slug: campaign.title}, ids)


_STATUS = "The status of the signature. Only counted ones count."


def _meaning(by: str) -> str:
    return _STATUS if by == "status" else BY_TERM[by].meaning


_COMMON = (
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

    ``recipient`` has the member's name as a fourth column; ``way`` has no people, because one
    person's letters can be in different states; ``status`` includes zeros and ignores the filter's
    own status. Raises ``ValueError`` for an unknown grouping.
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
        found = (
            count_recipients(db, chosen, occasion.current_ids)
            if by == "recipient"
            else count(db, chosen, by)
        )
        rows = ((row.group, row.signatures, row.letters) for row in found)
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
        # In row order: using an index would mean sorting all of them first.
        f" s.letters, s.congress FROM signatures s NOT INDEXED WHERE {where} ORDER BY s.id"
    )
    columns = (
        Column("signature", "number", "A number that the letters of the signature share."),
        *_COMMON,
        Column("signed_at", "time", "When the person signed, to the minute.", occasion.zone),
        *_PLACE,
        Column("template", "text", _meaning("template")),
        Column("version", "text", "The version of the letter's text, by its fingerprint."),
        Column("length", "text", "Whether the full or the short form was used."),
        Column("language", "text", _meaning("language")),
        Column("match", "text", _meaning("match")),
        Column("source", "text", _meaning("source")),
        Column("edited", "yes/no", _meaning("edited")),
        Column("own_share", "number", "Percent of the letters in the person's own words."),
        Column("letters", "number", BY_TERM["letters"].meaning),
        _CONGRESS,
    )

    def finish(cells: Chunk) -> None:
        cells[4] = local(cells[4])

    chunks = _fetch_chunks(db.execute(query, values), finish)
    return Table("Signatures", columns, chunks, _about(db, columns, chosen, occasion))


def letters_table(db: sqlite3.Connection, chosen: Filter, occasion: Occasion) -> Table:
    """One row per letter per recipient, with what is known of its way.

    A vacant seat has a row without a recipient, because there was no one to write to.
    """
    where, values = chosen.where()
    local, ids = _local_times(occasion.zone), occasion.current_ids
    query = (
        "SELECT s.id, s.campaign, s.status, s.day, s.state, s.state || '-' || s.district,"
        " l.seat, l.bioguide, l.ask, l.state, l.state_at, l.cause, s.congress"
        " FROM signatures s NOT INDEXED"
        f" JOIN letters l ON l.signature = s.id WHERE {where} ORDER BY s.id, l.seat"
    )
    columns = (
        Column("signature", "number", "The number of the signature that it belongs to."),
        *_COMMON,
        *_PLACE,
        Column("seat", "text", "The seat in Congress: CA-12 in the House, CA-S3 in the Senate."),
        Column("recipient", "text", "The member's bioguide id. Empty where the seat was vacant."),
        Column("name", "text", "The member's name, where known."),
        Column("ask", "text", "What the letter asks for."),
        Column("handed_over", "text", _meaning("way")),
        Column("handed_over_at", "time", "Since when this is known.", occasion.zone),
        Column("handed_over_cause", "text", "Who or what told us: the signing itself, the person, "
               "a mail server, an office's system, or a vacant seat."),
        _CONGRESS,
    )  # fmt: skip

    def finish(cells: Chunk) -> None:
        cells[7] = [ids.get(str(who), who) for who in cells[7]]
        cells[10] = local(cells[10])
        cells.insert(8, [occasion.names.get(str(bioguide), "") for bioguide in cells[7]])

    chunks = _fetch_chunks(db.execute(query, values), finish)
    return Table("Letters", columns, chunks, _about(db, columns, chosen, occasion))


def count_letter_rows(db: sqlite3.Connection, chosen: Filter) -> int:
    """How many rows ``letters_table`` has: the letters, and a row for each vacant seat."""
    where, values = chosen.where()
    query = (
        "SELECT count(*) FROM signatures s NOT INDEXED"
        f" JOIN letters l ON l.signature = s.id WHERE {where}"
    )
    (number,) = db.execute(query, values).fetchone()
    return int(number)


def _fetch_chunks(found: sqlite3.Cursor, finish: Callable[[Chunk], None]) -> Iterator[Chunk]:
    """The rows, chunk by chunk, after ``finish`` has changed columns in place."""
    while some := found.fetchmany(CHUNK):
        chunk: Chunk = list(zip(*some, strict=True))
        finish(chunk)
        yield chunk


def table_of(
    db: sqlite3.Connection, shape: str, by: str, chosen: Filter, occasion: Occasion
) -> Table:
    """The table of one of ``SHAPES``; only counts use ``by``."""
    if shape == "signatures":
        return signatures_table(db, chosen, occasion)
    if shape == "letters":
        return letters_table(db, chosen, occasion)
    return counts_table(db, by, chosen, occasion)


def write_export(
    database: Path, path: Path, *, shape: str, by: str, chosen: Filter, occasion: Occasion
) -> None:
    """Write a workbook (``.xlsx``), or a database with its metadata in a ZIP file (``.zip``).

    All rows come from one snapshot on a separate connection. Raises ``OSError`` and
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
    """``protect-immigration-act-counts-by-state-2026-11-25.csv``, safe on every system.

    What the filter narrows follows the day, as in ``…-2026-11-25-CA``, so that files of different
    filters do not replace each other.
    """
    day = occasion.at.astimezone(ZoneInfo(occasion.zone)).date().isoformat()
    every = Filter(chosen.campaign).described()
    narrowed = [
        f"{term.removesuffix(' day')}-{value}" if term.endswith(" day") else value
        for term, value in chosen.described().items()
        if value != every[term]
    ]
    return file_name(chosen.campaign or "all-campaigns", shape, day, *narrowed, ending=ending)


def _about(
    db: sqlite3.Connection, columns: Iterable[Column], chosen: Filter, occasion: Occasion
) -> dict[str, Any]:
    """What a file says about itself. The names are a stable interface; new ones may be added."""
    local = occasion.at.astimezone(ZoneInfo(occasion.zone))
    whole = totals(db, chosen)
    # A person who signed two campaigns is two signatures, but one person. ``people`` has no filter.
    everyone = chosen in (Filter(), Filter(status=None))
    across = {"people in all campaigns": people(db)} if everyone else {}
    words = file_definitions(column.name for column in columns)
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


class _LocalHours(dict[str, str]):
    """UTC hours to local hours; ``KeyError`` if the minutes do not fall into one local hour."""

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
    """A function that turns a column of stored UTC minutes into local times as text.

    If an hour has one offset of full hours (in America nearly always), it is converted only once,
    so a row costs no more than joining two strings.
    """
    there = ZoneInfo(zone)

    @lru_cache(maxsize=65_536)
    def exact(stored: str) -> str:
        moment = datetime.fromisoformat(stored).astimezone(there)
        return f"{moment:%Y-%m-%d %H:%M}"

    hours = _LocalHours(exact)

    def local(stored: Sequence[str]) -> list[str]:
        try:
            return [hours[text[:13]] + text[13:16] for text in stored]
        except KeyError:
            return list(map(exact, stored))

    return cast("Callable[[Sequence[Cell]], list[str]]", local)
