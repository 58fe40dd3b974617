"""A campaign's texts as organizers edit them: drafts, live texts, every version.

A campaign is a set of named text files (``campaign.toml``, ``cosponsors.csv``,
``general.txt``). The files in the folder are the first versions. The database holds the later
ones: at most one draft and one live text per name, and everything that was ever saved. Nothing
is deleted. A caller that changes a text passes the revision it started from; if that is no longer
current, nothing is written and ``Moved`` is returned.

A change to what residents see (publishing drafts, retiring a letter, bringing one back) is one
transaction over all the files it touches, so no reader sees half of it, and it increments
``change_counter``, so every process notices. A caller that publishes passes the counter at which
the texts were checked (``seen``), so two changes that were checked separately cannot be combined
unchecked.

A signature names a version of a text; each such text is kept once, forever
(``remember_versions``).
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from app.errors import NotStoredError
from app.records.audit import Actor, What
from app.records.database import reading, writing

NOTE_CHARACTERS = 200

FileStatus = Literal["draft", "saved", "discarded", "live", "past", "retired"]

_COLUMNS = (
    "id, campaign, name, source, version, status, author, at, note, began_from, number,"
    " published_by, published_at"
)


@dataclass(frozen=True, slots=True)
class FileVersion:
    """One saved text of one file. Immutable except for its status."""

    id: int
    campaign: str
    name: str
    source: str
    version: str
    """The SHA-256 of the text, 64 hex digits."""
    status: FileStatus
    author: str
    """Who wrote it; empty for the text from the folder."""
    at: datetime
    note: str
    began_from: int
    number: int | None
    """Numbers the file's published texts from 1; None until published."""
    published_by: str
    published_at: datetime | None

    @property
    def short(self) -> str:
        """The first 12 hex digits, by which signatures name a version."""
        return self.version[:12]


@dataclass(frozen=True, slots=True)
class FileState:
    """The state of one file. Without a live text, the file in the folder is used."""

    name: str
    current: FileVersion | None = None
    """The live or retired text."""
    draft: FileVersion | None = None

    @property
    def live(self) -> FileVersion | None:
        return self.current if self.current and self.current.status == "live" else None

    @property
    def retired(self) -> bool:
        return self.current is not None and self.current.status == "retired"

    @property
    def revision(self) -> int:
        """The id of the text that the next draft builds on, for an editor's form; 0 if only the
        folder has one."""
        newest = self.draft or self.current
        return newest.id if newest else 0


@dataclass(frozen=True, slots=True)
class Moved:
    """Someone else changed the file first, so nothing was written. ``state`` is the current one."""

    state: FileState


@dataclass(frozen=True, slots=True)
class LiveFiles:
    """A consistent snapshot of a campaign's live texts, by name."""

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
    """The texts that match a constant SQL condition."""
    sql = f"SELECT {_COLUMNS} FROM campaign_files WHERE {where} ORDER BY {order}"  # noqa: S608
    return tuple(_file_version(row) for row in db.execute(sql, values))


def set_status(db: sqlite3.Connection, version: FileVersion, status: FileStatus) -> FileVersion:
    """Change a text's status inside the caller's transaction."""
    db.execute("UPDATE campaign_files SET status = ? WHERE id = ?", (status, version.id))
    return replace(version, status=status)


def text_version(source: str) -> str:
    """The SHA-256 of a text, 64 hex digits."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()


def change_counter(db: sqlite3.Connection, campaign: str) -> int:
    """How many changes visible to residents a campaign has had; 0 at first.

    Raises ``NotStoredError`` if the database cannot be read.
    """
    sql = "SELECT counter FROM campaign_changes WHERE campaign = ?"
    try:
        row = db.execute(sql, (campaign,)).fetchone()
    except sqlite3.OperationalError as error:
        raise NotStoredError(f"The database cannot be read: {error}.") from error
    return int(row[0]) if row else 0


def live_files(db: sqlite3.Connection, campaign: str, folder: Mapping[str, str]) -> LiveFiles:
    """The live texts: those in the folder, overlaid with what was published or retired."""
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
    """Every file that was ever changed in the database, by name."""
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
    """The state of one file."""
    return states(db, campaign).get(name, FileState(name))


def history(db: sqlite3.Connection, campaign: str, name: str) -> tuple[FileVersion, ...]:
    """Every text of a file, newest first; the folder's text, which came first, is last."""
    return rows(db, "campaign = ? AND name = ?", (campaign, name), "author = '', id DESC")


def find_version(
    db: sqlite3.Connection, campaign: str, name: str, number: int
) -> FileVersion | None:
    """The text with this id, if it belongs to this file."""
    found = rows(db, "campaign = ? AND name = ? AND id = ?", (campaign, name, number))
    return found[0] if found else None


# --- drafts -------------------------------------------------------------------------------


def save_draft(
    by: Actor,
    campaign: str,
    name: str,
    source: str,
    *,
    base: int,
    note: str = "",
    what: What = What.DRAFT_SAVED,
) -> FileVersion | Moved:
    """Save a draft and return it as stored. Residents do not see it.

    ``base`` is the ``FileState.revision`` that the writer started from. The previous draft stays
    in the history. Saving the same text again writes nothing.
    """
    with writing(by.db):
        state = state_of(by.db, campaign, name)
        if state.draft and state.draft.version == text_version(source):
            return state.draft
        if state.revision != base:
            return Moved(state)
        began_from = state.current.id if state.current else 0
        if state.draft:
            began_from = state.draft.began_from
            set_status(by.db, state.draft, "saved")
        new = _insert(
            by, campaign, name, source, status="draft", author=by.who,
            note=note[:NOTE_CHARACTERS], began_from=began_from,
        )  # fmt: skip
        _record(by, what, new, before=state.draft or state.current)
        return new


def discard_draft(by: Actor, campaign: str, name: str, *, base: int) -> FileVersion | Moved:
    """Discard the draft; its text stays in the history."""
    with writing(by.db):
        state = state_of(by.db, campaign, name)
        if state.draft is None or state.draft.id != base:
            return Moved(state)
        gone = set_status(by.db, state.draft, "discarded")
        _record(by, What.DRAFT_DISCARDED, gone)
        return gone


# --- publishing ---------------------------------------------------------------------------


def publish(
    by: Actor,
    campaign: str,
    drafts: Mapping[str, int],
    *,
    folder: Mapping[str, str],
    seen: int,
    note: str = "",
) -> list[FileVersion] | None:
    """Make drafts live, all at once or none, and return their versions. None if something else was
    published since the check, or a draft has changed: then the check must be repeated.

    ``drafts`` maps names to the ids of the drafts that were checked; ``seen`` is the change
    counter at that check. ``folder`` is the texts in the folder.
    """
    with writing(by.db):
        if change_counter(by.db, campaign) != seen:
            return None
        known = states(by.db, campaign)
        for name, number in drafts.items():
            state = known.get(name, FileState(name))
            if state.draft is None or state.draft.id != number:
                return None
        made = []
        for name in drafts:
            draft = known[name].draft
            assert draft is not None
            made.append(_go_live(by, known[name], draft, folder, note))
        _count_up(by.db, campaign)
        return made


def publish_texts(
    by: Actor,
    campaign: str,
    texts: Mapping[str, str],
    *,
    folder: Mapping[str, str],
    seen: int,
    note: str = "",
    also: Callable[[], object] | None = None,
) -> list[FileVersion] | None:
    """Make texts live that were never drafts, such as files imported from a folder; None as for
    ``publish``.

    Drafts and texts that are already live are left alone. ``also`` writes whatever belongs to the
    change, such as a more specific audit event, in the same transaction.
    """
    with writing(by.db):
        if change_counter(by.db, campaign) != seen:
            return None
        done = put_live(by, campaign, texts, folder=folder, note=note)
        if also is not None:
            also()
        return done


def put_live(
    by: Actor, campaign: str, texts: Mapping[str, str], *, folder: Mapping[str, str], note: str = ""
) -> list[FileVersion]:
    """``publish_texts`` inside the caller's transaction, which has checked the counter."""
    made = []
    for name, source in texts.items():
        state = state_of(by.db, campaign, name)
        now = state.current.source if state.current else folder.get(name)
        if now == source and not state.retired:
            continue
        began_from = state.current.id if state.current else 0
        new = _insert(
            by, campaign, name, source, status="saved", author=by.who, began_from=began_from
        )
        made.append(_go_live(by, state, new, folder, note))
    if made:
        _count_up(by.db, campaign)
    return made


def retire(
    by: Actor, campaign: str, names: Iterable[str], *, folder: Mapping[str, str], seen: int
) -> list[FileVersion] | None:
    """Stop offering these texts to residents; None as for ``publish``. Their versions and drafts
    stay."""
    with writing(by.db):
        if change_counter(by.db, campaign) != seen:
            return None
        made = []
        for name in names:
            current = state_of(by.db, campaign, name).current
            if current is None and name in folder:
                current = _store_folder_text(by, campaign, name, folder[name], status="live")
            if current is None or current.status == "retired":
                continue
            made.append(set_status(by.db, current, "retired"))
            _record(by, What.TEXT_RETIRED, current)
        _count_up(by.db, campaign)
        return made


def bring_back(
    by: Actor, campaign: str, names: Iterable[str], *, seen: int
) -> list[FileVersion] | None:
    """Offer retired texts again, unchanged; None as for ``publish``."""
    with writing(by.db):
        if change_counter(by.db, campaign) != seen:
            return None
        made = []
        for name in names:
            state = state_of(by.db, campaign, name)
            if state.current is None or not state.retired:
                continue
            made.append(set_status(by.db, state.current, "live"))
            _record(by, What.TEXT_BROUGHT_BACK, state.current)
        _count_up(by.db, campaign)
        return made


def _record(by: Actor, what: What, text: FileVersion, before: FileVersion | None = None) -> None:
    """Record the audit event of a text, with the version that was there ``before``."""
    subject, now = f"{text.campaign}/{text.name}", {"version": text.short}
    if not what.after:
        by.record(what, subject, before=now)
        return
    was = {"version": before.short if before else ""} if what.before else None
    by.record(what, subject, before=was, after=now)


def _insert(by: Actor, campaign: str, name: str, source: str, **columns: str | int) -> FileVersion:
    """Store a text inside the caller's transaction."""
    columns = {
        "campaign": campaign, "name": name, "source": source, "version": text_version(source),
        "at": by.stamp, "note": "", **columns,
    }  # fmt: skip
    row = by.db.execute(
        f"INSERT INTO campaign_files ({', '.join(columns)})"  # noqa: S608 - our own names
        f" VALUES ({', '.join('?' * len(columns))}) RETURNING {_COLUMNS}",
        tuple(columns.values()),
    ).fetchone()
    return _file_version(row)


def _count_up(db: sqlite3.Connection, campaign: str) -> None:
    db.execute(
        "INSERT INTO campaign_changes (campaign, counter) VALUES (?, 1)"
        " ON CONFLICT (campaign) DO UPDATE SET counter = counter + 1",
        (campaign,),
    )


def _store_folder_text(
    by: Actor, campaign: str, name: str, source: str, *, status: FileStatus
) -> FileVersion:
    """Store the folder's text as version one before another text replaces it."""
    return _insert(
        by, campaign, name, source, status=status, author="", began_from=0, number=1,
        published_at=by.stamp,
    )  # fmt: skip


def _go_live(
    by: Actor, state: FileState, new: FileVersion, folder: Mapping[str, str], note: str
) -> FileVersion:
    before = state.current
    if before is not None:
        set_status(by.db, before, "past")
    elif new.name in folder:
        before = _store_folder_text(by, new.campaign, new.name, folder[new.name], status="past")
    row = by.db.execute(
        "UPDATE campaign_files SET status = 'live', published_by = ?, published_at = ?,"  # noqa: S608
        " number = 1 + (SELECT coalesce(max(number), 0) FROM campaign_files"
        " WHERE campaign = ? AND name = ?),"
        f" note = CASE ? WHEN '' THEN note ELSE ? END WHERE id = ? RETURNING {_COLUMNS}",
        (by.who, by.stamp, new.campaign, new.name, note, note[:NOTE_CHARACTERS], new.id),
    ).fetchone()
    _record(by, What.TEXT_PUBLISHED, new, before=before)
    return _file_version(row)


# --- the texts that were signed -----------------------------------------------------------


def remember_versions(
    db: sqlite3.Connection, campaign: str, texts: Iterable[tuple[str, str, str, str]]
) -> int:
    """Store the texts that are not stored yet; returns how many were new.

    Each text is (template, length, version, source), named as a signature names it. Call this
    with every live template before a page offers one. If all are known, it neither writes nor
    waits for a lock. A stored version is never overwritten.
    """
    kept = "SELECT template, length, version FROM letter_versions WHERE campaign = ?"
    known = set(db.execute(kept, (campaign,)))
    new = [(campaign, *text) for text in texts if text[:3] not in known]
    if new:
        with writing(db):
            db.executemany(
                "INSERT OR IGNORE INTO letter_versions"
                " (campaign, template, length, version, source) VALUES (?, ?, ?, ?, ?)",
                new,
            )
    return len(new)
