"""The table of a campaign's texts, as a migration makes it, and how its rows are read."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlite_utils import Database

FileStatus = Literal["draft", "saved", "discarded", "live", "past", "retired"]


def workshop_001_files(db: Database) -> None:
    """Every text that was ever saved for a file of a campaign, each in a row of its own.

    ``draft`` is the one draft of a file and ``saved`` an earlier state of it; ``live`` is what
    residents see and ``past`` what they saw before; ``retired`` was live last and is no longer
    offered. Where a file has no live or retired row, its text in the folder counts.
    ``number`` is given when a text is published. ``began_from`` is the live row (0: the file
    in the folder) on which a draft was begun.

    ``campaign_changes`` counts what residents can notice, so that every worker sees with one
    cheap question whether it has to read anew.
    """
    db.execute(
        """
        CREATE TABLE campaign_files (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            campaign TEXT NOT NULL,
            name TEXT NOT NULL,
            source TEXT NOT NULL,
            version TEXT NOT NULL CHECK (length(version) = 64),
            status TEXT NOT NULL CHECK (status IN
                ('draft', 'saved', 'discarded', 'live', 'past', 'retired')),
            author TEXT NOT NULL,
            at TEXT NOT NULL,
            note TEXT NOT NULL,
            began_from INTEGER NOT NULL,
            number INTEGER,
            published_by TEXT NOT NULL DEFAULT '',
            published_at TEXT,
            CHECK ((number IS NULL) = (status IN ('draft', 'saved', 'discarded')))
        ) STRICT
        """
    )
    db.execute(
        "CREATE UNIQUE INDEX one_live_text ON campaign_files (campaign, name)"
        " WHERE status IN ('live', 'retired')"
    )
    db.execute(
        "CREATE UNIQUE INDEX one_draft ON campaign_files (campaign, name) WHERE status = 'draft'"
    )
    db.execute(
        "CREATE UNIQUE INDEX one_number ON campaign_files (campaign, name, number)"
        " WHERE number IS NOT NULL"
    )
    db.execute("CREATE INDEX files_by_name ON campaign_files (campaign, name, id)")
    db.execute(
        "CREATE TABLE campaign_changes (campaign TEXT PRIMARY KEY, counter INTEGER NOT NULL)"
        " STRICT, WITHOUT ROWID"
    )


WORKSHOP_STEPS: tuple[Callable[[Database], None], ...] = (workshop_001_files,)
"""In order. A step is never changed after a release; add one at the end."""

COLUMNS = (
    "id, campaign, name, source, version, status, author, at, note, began_from, number,"
    " published_by, published_at"
)


@dataclass(frozen=True, slots=True)
class FileVersion:
    """One text of one file, as it was saved. Never changed; only its status moves on."""

    id: int
    campaign: str
    name: str
    source: str
    version: str
    """The SHA-256 of the text, 64 hex digits."""
    status: FileStatus
    author: str
    """Who wrote it; empty for the text of the file in the folder."""
    at: datetime
    note: str
    began_from: int
    number: int | None
    """Counts the published texts of the file from 1; None while it was never published."""
    published_by: str
    published_at: datetime | None

    @property
    def short(self) -> str:
        """The first 12 hex digits, as signatures name a version."""
        return self.version[:12]


def file_version(row: tuple[Any, ...]) -> FileVersion:
    """A row of ``COLUMNS``."""
    (id_, campaign, name, source, version, status, author, at, note, began_from, number,
     published_by, published_at) = row  # fmt: skip
    return FileVersion(
        id=id_, campaign=campaign, name=name, source=source, version=version, status=status,
        author=author, at=datetime.fromisoformat(at), note=note, began_from=began_from,
        number=number, published_by=published_by,
        published_at=datetime.fromisoformat(published_at) if published_at else None,
    )  # fmt: skip


def rows(
    db: sqlite3.Connection, where: str, values: tuple[object, ...], order: str = "id"
) -> tuple[FileVersion, ...]:
    """The texts that fit a constant condition."""
    sql = f"SELECT {COLUMNS} FROM campaign_files WHERE {where} ORDER BY {order}"  # noqa: S608
    return tuple(file_version(row) for row in db.execute(sql, values))


def set_status(db: sqlite3.Connection, version: FileVersion, status: FileStatus) -> None:
    """Move a text on, inside the caller's transaction."""
    db.execute("UPDATE campaign_files SET status = ? WHERE id = ?", (status, version.id))


def text_version(source: str) -> str:
    """The SHA-256 of a text, 64 hex digits."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
