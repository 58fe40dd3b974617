"""Changing what residents see: publish drafts, retire a letter, bring one back.

Each change is one transaction over all files that it touches, so that no reader ever meets
half of it, and it counts ``change_counter`` up, so that every worker notices. Whoever changes
something says at which counter they checked it (``seen``): two changes that were each checked
alone can not come together unchecked.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.records import audit
from app.records.audit import What
from app.records.database import writing
from app.records.workshop import (
    NOTE_CHARACTERS,
    FileState,
    FileVersion,
    Moved,
    change_counter,
    rows,
    set_status,
    state_of,
    states,
    text_version,
)


@dataclass(frozen=True, slots=True)
class Published:
    """What residents see from now on. ``counter`` tells the workers to read anew."""

    counter: int
    versions: tuple[FileVersion, ...]


@dataclass(frozen=True, slots=True)
class CampaignMoved:
    """Something else was published since the check, so it has to be made again."""

    counter: int


def publish(
    db: sqlite3.Connection,
    campaign: str,
    drafts: Mapping[str, int],
    *,
    folder: Mapping[str, str],
    seen: int,
    by: str,
    at: datetime,
    note: str = "",
) -> Published | Moved | CampaignMoved:
    """Make drafts live, all of them at one moment or none.

    ``drafts`` has the row of each draft by name, as it was checked; ``seen`` is the change
    counter of the texts with which it was checked. ``folder`` are the texts of the files.
    """
    with writing(db):
        counter = change_counter(db, campaign)
        if counter != seen:
            return CampaignMoved(counter)
        known = states(db, campaign)
        for name, number in drafts.items():
            state = known.get(name, FileState(name))
            if state.draft is None or state.draft.id != number:
                return Moved(state)
        made = []
        for name in drafts:
            draft = known[name].draft
            assert draft is not None
            made.append(_go_live(db, known[name], draft, folder, by=by, at=at, note=note))
        return Published(_count_change(db, campaign), tuple(made))


def publish_texts(
    db: sqlite3.Connection,
    campaign: str,
    texts: Mapping[str, str],
    *,
    folder: Mapping[str, str],
    seen: int,
    by: str,
    at: datetime,
    note: str = "",
    also: Callable[[], None] | None = None,
) -> Published | CampaignMoved:
    """Make texts live that were never drafts here, such as files brought back from a folder.

    Drafts are left as they are. A text that is live already is left alone. ``also`` writes what
    belongs to the change, such as an event that says more about it, in the same transaction.
    """
    with writing(db):
        counter = change_counter(db, campaign)
        if counter != seen:
            return CampaignMoved(counter)
        made = []
        for name, source in texts.items():
            state = state_of(db, campaign, name)
            now = state.current.source if state.current else folder.get(name)
            if now == source and not state.retired:
                continue
            number = db.execute(
                "INSERT INTO campaign_files (campaign, name, source, version, status, author, at,"
                " note, began_from) VALUES (?, ?, ?, ?, 'saved', ?, ?, '', ?)",
                (campaign, name, source, text_version(source), by, audit.stamp(at),
                 state.current.id if state.current else 0),
            ).lastrowid  # fmt: skip
            new = rows(db, "id = ?", (number,))[0]
            made.append(_go_live(db, state, new, folder, by=by, at=at, note=note))
        if also is not None:
            also()
        return Published(_count_change(db, campaign) if made else counter, tuple(made))


def retire(
    db: sqlite3.Connection,
    campaign: str,
    names: Iterable[str],
    *,
    folder: Mapping[str, str],
    seen: int,
    by: str,
    at: datetime,
) -> Published | CampaignMoved:
    """Offer these texts to residents no longer. Their versions stay, and so do drafts."""
    with writing(db):
        counter = change_counter(db, campaign)
        if counter != seen:
            return CampaignMoved(counter)
        made = []
        for name in names:
            current = state_of(db, campaign, name).current
            if current is None and name in folder:
                current = _keep_file(db, campaign, name, folder[name], status="live", at=at)
            if current is None or current.status == "retired":
                continue
            set_status(db, current, "retired")
            audit.record(
                db, at=at, who=by, what=What.TEXT_RETIRED, subject=name,
                before={"version": current.short},
            )  # fmt: skip
            made.append(replace(current, status="retired"))
        return Published(_count_change(db, campaign), tuple(made))


def bring_back(
    db: sqlite3.Connection, campaign: str, names: Iterable[str], *, seen: int, by: str, at: datetime
) -> Published | CampaignMoved:
    """Offer retired texts again, as they were."""
    with writing(db):
        counter = change_counter(db, campaign)
        if counter != seen:
            return CampaignMoved(counter)
        made = []
        for name in names:
            state = state_of(db, campaign, name)
            if state.current is None or not state.retired:
                continue
            set_status(db, state.current, "live")
            audit.record(
                db, at=at, who=by, what=What.TEXT_BROUGHT_BACK, subject=name,
                after={"version": state.current.short},
            )  # fmt: skip
            made.append(replace(state.current, status="live"))
        return Published(_count_change(db, campaign), tuple(made))


def _count_change(db: sqlite3.Connection, campaign: str) -> int:
    db.execute(
        "INSERT INTO campaign_changes (campaign, counter) VALUES (?, 1)"
        " ON CONFLICT (campaign) DO UPDATE SET counter = counter + 1",
        (campaign,),
    )
    return change_counter(db, campaign)


def _keep_file(
    db: sqlite3.Connection, campaign: str, name: str, source: str, *, status: str, at: datetime
) -> FileVersion:
    """Keep the text of the folder's file as version one, before it is no longer what counts."""
    stamp = audit.stamp(at)
    number = db.execute(
        "INSERT INTO campaign_files (campaign, name, source, version, status, author, at, note,"
        " began_from, number, published_at) VALUES (?, ?, ?, ?, ?, '', ?, '', 0, 1, ?)",
        (campaign, name, source, text_version(source), status, stamp, stamp),
    ).lastrowid
    return rows(db, "id = ?", (number,))[0]


def _go_live(
    db: sqlite3.Connection,
    state: FileState,
    new: FileVersion,
    folder: Mapping[str, str],
    *,
    by: str,
    at: datetime,
    note: str,
) -> FileVersion:
    before = state.current
    if before is not None:
        set_status(db, before, "past")
    elif new.name in folder:
        before = _keep_file(db, new.campaign, new.name, folder[new.name], status="past", at=at)
    (last,) = db.execute(
        "SELECT coalesce(max(number), 0) FROM campaign_files WHERE campaign = ? AND name = ?",
        (new.campaign, new.name),
    ).fetchone()
    db.execute(
        "UPDATE campaign_files SET status = 'live', number = ?, published_by = ?,"
        " published_at = ?, note = CASE ? WHEN '' THEN note ELSE ? END WHERE id = ?",
        (last + 1, by, audit.stamp(at), note, note[:NOTE_CHARACTERS], new.id),
    )
    audit.record(
        db, at=at, who=by, what=What.TEXT_PUBLISHED, subject=new.name,
        before={"version": before.short if before else ""}, after={"version": new.short},
    )  # fmt: skip
    return rows(db, "id = ?", (new.id,))[0]
