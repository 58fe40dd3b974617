"""Which campaigns a site has: each at its own address, one of them on the start page.

The campaign that the settings name, ``first``, is there from the beginning, open and on the start
page. Others are made by organizers. Whoever looks gets the same answer from one moment of the
database; whoever changes something leaves it in the audit trail.
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
"""What a campaign can be called in an address."""


class NotOpenError(NotStoredError):
    """The campaign takes no signatures (any more), so nothing was stored."""


@dataclass(frozen=True, slots=True)
class SiteCampaign:
    """One campaign of this site, and where it stands."""

    slug: str
    state: CampaignState = "open"
    starts: bool = False
    """Whether it is the one on the start page."""
    ended_at: datetime | None = None
    changes: int | None = field(default=None, compare=False)
    """How often something of it that residents can notice was changed, where that was asked."""

    @property
    def prefix(self) -> str:
        """What its addresses begin with, before the page's own: empty on the start page."""
        return "" if self.starts else f"/c/{self.slug}"


_CHANGES = "coalesce((SELECT counter FROM campaign_changes WHERE campaign = slug), 0)"
_HERE = (
    f"SELECT slug, state, starts, ended_at, {_CHANGES} FROM campaigns"  # noqa: S608
    f" UNION ALL SELECT slug, 'open', NOT EXISTS (SELECT 1 FROM campaigns WHERE starts = 1), NULL,"
    f" {_CHANGES} FROM (SELECT ? AS slug) WHERE slug NOT IN (SELECT slug FROM campaigns)"
)


def campaigns_here(db: sqlite3.Connection, first: str) -> tuple[SiteCampaign, ...]:
    """Every campaign of the site: that of the start page before the others, those by name.

    Raises ``NotStoredError`` when the database cannot be read just now.
    """
    try:
        rows = db.execute(_HERE, (first,)).fetchall()
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
    """Make a campaign of these texts, for organizers alone at first.

    False where the site has, or ever had, something of that name: then nothing is written.
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
    """Open a campaign to everybody, or end it for good; returns it as it is now.

    Harmless a second time. None where the site has no such campaign. One that has ended can be
    opened again, by whoever ended it too early.
    """
    with writing(by.db):
        now = _own_row(by, slug, first)
        if now is None or now.state == state:
            return now
        by.db.execute(
            "UPDATE campaigns SET state = ?, ended_at = ? WHERE slug = ?",
            (state, by.stamp if state == "ended" else None, slug),
        )
        by.record(What.CAMPAIGN_MOVED, slug, before={"state": now.state}, after={"state": state})
        return _one(by.db, slug, first)


def take_away(by: Actor, slug: str) -> bool:
    """Take a campaign off the site that nobody signed and that is not on the start page."""
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
    """Show this campaign on the start page; the one that was there has its own address now.

    None where there is no such campaign, or it is still being prepared.
    """
    db = by.db
    with writing(db):
        before = next(one for one in campaigns_here(db, first) if one.starts)
        now = _own_row(by, slug, first)
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


def _own_row(by: Actor, slug: str, first: str) -> SiteCampaign | None:
    """The campaign, with a row of its own from now on where it is the settings' own."""
    found = _one(by.db, slug, first)
    if found is not None and slug == first:
        by.db.execute(
            "INSERT OR IGNORE INTO campaigns (slug, state, starts, begun_at)"
            " VALUES (?, 'open', ?, ?)",
            (slug, found.starts, by.stamp),
        )
    return found


def require_open(db: sqlite3.Connection, slug: str) -> None:
    """Raise ``NotOpenError`` unless the campaign takes signatures, inside the caller's write."""
    row = db.execute("SELECT state FROM campaigns WHERE slug = ?", (slug,)).fetchone()
    if row is not None and row[0] != "open":
        raise NotOpenError("This campaign takes no signatures.")


def campaign_of_link(db: sqlite3.Connection, token: str) -> str:
    """The campaign of a receipt, or of a question by e-mail, by its token; empty if unknown."""
    row = db.execute(
        "SELECT campaign FROM signatures WHERE receipt = ?1 UNION ALL SELECT s.campaign"
        " FROM confirmations c JOIN signatures s ON s.id = c.signature WHERE c.token = ?1",
        (token_digest(token),),
    ).fetchone()
    return str(row[0]) if row else ""
