"""The campaigns of a site: each has its own address, and one of them is on the start page.

The campaign named in the settings, ``first``, exists from the beginning, open and on the start
page. Organizers make others. Every change leaves an audit event.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from app.errors import NotStoredError
from app.records import workshop
from app.records.acts import token_digest
from app.records.audit import Actor, What
from app.records.database import writing

CampaignState = Literal["preparing", "open", "ended"]
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
"""A campaign's name in a URL."""


class NotOpenError(NotStoredError):
    """The campaign accepts no signatures, or no longer, so nothing was stored."""


@dataclass(frozen=True, slots=True)
class SiteCampaign:
    """One campaign of this site and its state."""

    slug: str
    state: CampaignState = "open"
    starts: bool = False
    """Whether it is on the start page."""
    ended_at: datetime | None = None
    changes: int | None = field(default=None, compare=False)
    """Its ``workshop.change_counter``, if it was queried."""

    @property
    def prefix(self) -> str:
        """The path prefix of its pages; empty for the campaign on the start page."""
        return "" if self.starts else f"/c/{self.slug}"


_CHANGES = "coalesce((SELECT counter FROM campaign_changes WHERE campaign = slug), 0)"
_ALL = (
    f"SELECT slug, state, starts, ended_at, {_CHANGES} FROM campaigns"  # noqa: S608
    f" UNION ALL SELECT slug, 'open', NOT EXISTS (SELECT 1 FROM campaigns WHERE starts = 1), NULL,"
    f" {_CHANGES} FROM (SELECT ? AS slug) WHERE slug NOT IN (SELECT slug FROM campaigns)"
)


def campaigns_here(db: sqlite3.Connection, first: str) -> tuple[SiteCampaign, ...]:
    """All campaigns of the site: the one on the start page first, the others by name.

    Raises ``NotStoredError`` if the database cannot be read.
    """
    try:
        rows = db.execute(_ALL, (first,)).fetchall()
    except sqlite3.OperationalError as error:
        raise NotStoredError(f"The database cannot be read: {error}.") from error
    found = [
        SiteCampaign(
            slug, state, bool(starts), datetime.fromisoformat(ended) if ended else None, changes
        )
        for slug, state, starts, ended, changes in rows
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (not one.starts, one.slug)))


def begin(by: Actor, slug: str, files: Mapping[str, str], *, first: str) -> bool:
    """Make a campaign from these texts, at first visible only to organizers.

    False if the site has, or ever had, a campaign of that name; then nothing is written.
    """
    db = by.db
    with writing(db):
        if any(one.slug == slug for one in campaigns_here(db, first)) or _known(db, slug):
            return False
        db.execute(
            "INSERT INTO campaigns (slug, state, begun_at) VALUES (?, 'preparing', ?)",
            (slug, by.stamp),
        )
        by.record(What.CAMPAIGN_BEGUN, slug)
        workshop.put_live(by, slug, files, folder={})
    return True


def _known(db: sqlite3.Connection, slug: str) -> bool:
    query = (
        "SELECT 1 FROM campaign_files WHERE campaign = ?1"
        " UNION ALL SELECT 1 FROM signatures WHERE campaign = ?1 LIMIT 1"
    )
    return db.execute(query, (slug,)).fetchone() is not None


def move(
    by: Actor, slug: str, state: Literal["open", "ended"], *, first: str
) -> SiteCampaign | None:
    """Open a campaign to everyone, or end it; returns its new state.

    Idempotent. None if the site has no such campaign. A campaign that was ended too early can be
    opened again. One in preparation stays as it is instead of ending: its archive would show
    everyone texts that were never checked.
    """
    with writing(by.db):
        now = _ensure_row(by, slug, first)
        if now is None or now.state == state or (now.state, state) == ("preparing", "ended"):
            return now
        by.db.execute(
            "UPDATE campaigns SET state = ?, ended_at = ? WHERE slug = ?",
            (state, by.stamp if state == "ended" else None, slug),
        )
        by.record(What.CAMPAIGN_MOVED, slug, before={"state": now.state}, after={"state": state})
        return _one(by.db, slug, first)


def remove_campaign(by: Actor, slug: str) -> bool:
    """Remove a campaign from the site; False if it has signatures or is on the start page."""
    with writing(by.db):
        gone = by.db.execute(
            "DELETE FROM campaigns WHERE slug = ?1 AND starts = 0"
            " AND NOT EXISTS (SELECT 1 FROM signatures WHERE campaign = ?1)",
            (slug,),
        ).rowcount
        if gone:
            by.record(What.CAMPAIGN_TAKEN_AWAY, slug)
    return bool(gone)


def put_on_start_page(by: Actor, slug: str, *, first: str) -> SiteCampaign | None:
    """Show this campaign on the start page; the previous one moves to its own address.

    None if there is no such campaign or it is still being prepared.
    """
    db = by.db
    with writing(db):
        before = next(one for one in campaigns_here(db, first) if one.starts)
        now = _ensure_row(by, slug, first)
        if now is None or now.state == "preparing":
            return None
        if not now.starts:
            db.execute("UPDATE campaigns SET starts = 0 WHERE starts = 1")
            db.execute("UPDATE campaigns SET starts = 1 WHERE slug = ?", (slug,))
            by.record(
                What.START_PAGE_CHANGED, slug,
                before={"campaign": before.slug}, after={"campaign": slug},
            )  # fmt: skip
        return _one(db, slug, first)


def _one(db: sqlite3.Connection, slug: str, first: str) -> SiteCampaign | None:
    return next((one for one in campaigns_here(db, first) if one.slug == slug), None)


def _ensure_row(by: Actor, slug: str, first: str) -> SiteCampaign | None:
    """The campaign; the one named in the settings gets a row if it has none yet."""
    found = _one(by.db, slug, first)
    if found is not None and slug == first:
        by.db.execute(
            "INSERT OR IGNORE INTO campaigns (slug, state, starts, begun_at)"
            " VALUES (?, 'open', ?, ?)",
            (slug, found.starts, by.stamp),
        )
    return found


def require_open(db: sqlite3.Connection, slug: str) -> None:
    """Inside the caller's transaction: raise ``NotOpenError`` unless the campaign is open."""
    row = db.execute("SELECT state FROM campaigns WHERE slug = ?", (slug,)).fetchone()
    if row is not None and row[0] != "open":
        raise NotOpenError("This campaign takes no signatures.")


def campaign_of_link(db: sqlite3.Connection, token: str) -> str:
    """The campaign of a receipt or of a confirmation email, by its token; empty if unknown."""
    row = db.execute(
        "SELECT campaign FROM signatures WHERE receipt = ?1 UNION ALL SELECT s.campaign"
        " FROM confirmations c JOIN signatures s ON s.id = c.signature WHERE c.token = ?1",
        (token_digest(token),),
    ).fetchone()
    return str(row[0]) if row else ""
