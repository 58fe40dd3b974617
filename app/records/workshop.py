"""A campaign's texts as organizers shape them: drafts, what is live, every version.

A campaign is a set of named text files (``campaign.toml``, ``cosponsors.csv``,
``general.txt``). The ones in the folder are the first version of each. Here are the later
ones: at most one draft and one live text for each name, and everything that was ever saved.
Nothing is deleted. Whoever changes a text says which revision they had before them; when it
has moved on, nothing is written and they are told (``Moved``).
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from app.records import audit
from app.records.audit import What
from app.records.database import NotStoredError, reading, writing

__all__ = [
    "NOTE_CHARACTERS", "FileState", "FileVersion", "LiveFiles", "Moved", "NoSuchVersion", "Saved",
    "change_counter", "discard_draft", "find_version", "history", "live_files", "save_draft",
    "state_of", "states", "text_version",
]  # fmt: skip

NOTE_CHARACTERS = 200

FileStatus = Literal["draft", "saved", "discarded", "live", "past", "retired"]

_COLUMNS = (
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


@dataclass(frozen=True, slots=True)
class FileState:
    """Where one file stands. Without a live text, the file in the folder counts."""

    name: str
    current: FileVersion | None = None
    """The live or the retired text."""
    draft: FileVersion | None = None

    @property
    def live(self) -> FileVersion | None:
        return self.current if self.current and self.current.status == "live" else None

    @property
    def retired(self) -> bool:
        return self.current is not None and self.current.status == "retired"

    @property
    def revision(self) -> int:
        """What an editor's form carries: the row on which the next draft builds; 0 is the file."""
        newest = self.draft or self.current
        return newest.id if newest else 0


@dataclass(frozen=True, slots=True)
class Saved:
    """The draft as it is stored now. ``new`` is false when it said the same before."""

    version: FileVersion
    new: bool = True


@dataclass(frozen=True, slots=True)
class Moved:
    """Somebody was faster, so nothing was written. ``state`` is what they made of the file."""

    state: FileState


@dataclass(frozen=True, slots=True)
class NoSuchVersion:
    """There is no such row for this file."""

    name: str
    id: int


@dataclass(frozen=True, slots=True)
class LiveFiles:
    """One moment of a campaign: the live texts by name, never half of a publication."""

    counter: int
    files: dict[str, str]


# --- reading ------------------------------------------------------------------------------


def _file_version(row: tuple[Any, ...]) -> FileVersion:
    """A row of ``_COLUMNS``."""
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
    sql = f"SELECT {_COLUMNS} FROM campaign_files WHERE {where} ORDER BY {order}"  # noqa: S608
    return tuple(_file_version(row) for row in db.execute(sql, values))


def set_status(db: sqlite3.Connection, version: FileVersion, status: FileStatus) -> None:
    """Move a text on, inside the caller's transaction."""
    db.execute("UPDATE campaign_files SET status = ? WHERE id = ?", (status, version.id))


def text_version(source: str) -> str:
    """The SHA-256 of a text, 64 hex digits."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()


def change_counter(db: sqlite3.Connection, campaign: str) -> int:
    """How often something that residents can notice was changed; 0 at first.

    Raises ``NotStoredError`` when the database cannot be read just now.
    """
    sql = "SELECT counter FROM campaign_changes WHERE campaign = ?"
    try:
        row = db.execute(sql, (campaign,)).fetchone()
    except sqlite3.OperationalError as error:
        raise NotStoredError(f"The database cannot be read: {error}.") from error
    return int(row[0]) if row else 0


def live_files(db: sqlite3.Connection, campaign: str, folder: Mapping[str, str]) -> LiveFiles:
    """The live texts: those of the folder, and over them what was published or retired here."""
    with nullcontext() if db.in_transaction else reading(db):
        counter = change_counter(db, campaign)
        found = rows(db, "campaign = ? AND status IN ('live', 'retired')", (campaign,))
    files = dict(folder)
    for version in found:
        if version.status == "live":
            files[version.name] = version.source
        else:
            files.pop(version.name, None)
    return LiveFiles(counter, files)


def states(db: sqlite3.Connection, campaign: str) -> dict[str, FileState]:
    """Every file that was ever touched here, by name."""
    found: dict[str, FileState] = {}
    for version in rows(
        db, "campaign = ? AND status IN ('live', 'retired', 'draft')", (campaign,), "name, id"
    ):
        state = found.get(version.name, FileState(version.name))
        if version.status == "draft":
            found[version.name] = replace(state, draft=version)
        else:
            found[version.name] = replace(state, current=version)
    return found


def state_of(db: sqlite3.Connection, campaign: str, name: str) -> FileState:
    """Where one file stands."""
    return states(db, campaign).get(name, FileState(name))


def history(db: sqlite3.Connection, campaign: str, name: str) -> tuple[FileVersion, ...]:
    """Every text of a file, the newest first. That of the folder was there first: it is last."""
    return rows(db, "campaign = ? AND name = ?", (campaign, name), "author = '', id DESC")


def find_version(
    db: sqlite3.Connection, campaign: str, name: str, number: int
) -> FileVersion | NoSuchVersion:
    """The text with this row number, if it belongs to this file."""
    found = rows(db, "campaign = ? AND name = ? AND id = ?", (campaign, name, number))
    return found[0] if found else NoSuchVersion(name, number)


# --- drafts -------------------------------------------------------------------------------


def save_draft(
    db: sqlite3.Connection,
    campaign: str,
    name: str,
    source: str,
    *,
    base: int,
    by: str,
    at: datetime,
    note: str = "",
    what: What = What.DRAFT_SAVED,
) -> Saved | Moved:
    """Keep a draft. Residents see nothing of it.

    ``base`` is the ``FileState.revision`` that the writer had before them. The draft that was
    there stays in the history. The same text once more writes nothing.
    """
    version = text_version(source)
    with writing(db):
        state = state_of(db, campaign, name)
        if state.draft and state.draft.version == version:
            return Saved(state.draft, new=False)
        if state.revision != base:
            return Moved(state)
        began_from = state.current.id if state.current else 0
        if state.draft:
            began_from = state.draft.began_from
            set_status(db, state.draft, "saved")
        number = db.execute(
            "INSERT INTO campaign_files (campaign, name, source, version, status, author, at,"
            " note, began_from) VALUES (?, ?, ?, ?, 'draft', ?, ?, ?, ?)",
            (campaign, name, source, version, by, audit.stamp(at), note[:NOTE_CHARACTERS],
             began_from),
        ).lastrowid  # fmt: skip
        before = state.draft or state.current
        audit.record(
            db, at=at, who=by, what=what, subject=name,
            before={"version": before.short if before else ""}, after={"version": version[:12]},
        )  # fmt: skip
        return Saved(rows(db, "id = ?", (number,))[0])


def discard_draft(
    db: sqlite3.Connection, campaign: str, name: str, *, base: int, by: str, at: datetime
) -> Saved | Moved:
    """Take the draft away; its text stays in the history. ``Saved`` holds it."""
    with writing(db):
        state = state_of(db, campaign, name)
        if state.draft is None or state.draft.id != base:
            return Moved(state)
        set_status(db, state.draft, "discarded")
        audit.record(
            db, at=at, who=by, what=What.DRAFT_DISCARDED, subject=name,
            before={"version": state.draft.short},
        )  # fmt: skip
        return Saved(replace(state.draft, status="discarded"))
