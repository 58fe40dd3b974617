"""What the ``flask signatures`` commands work on: the database, a campaign, its time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import click

from app.campaign import CampaignError
from app.congress import TablesError, load_tables
from app.records import Connection, NotStoredError, campaigns, local_database
from app.records.exports import Occasion
from app.site.live import live_campaign
from app.site.settings import Settings, SettingsError, load_settings


@dataclass(frozen=True, slots=True)
class Scope:
    """An open database and what a count from it needs."""

    db: Connection
    campaign: str | None
    """None: all campaigns."""
    occasion: Occasion


def open_scope(campaign: str | None, *, all_campaigns: bool) -> Scope:
    """Open the site's database for a campaign that is known here.

    Raises ``click.ClickException`` with words for the operator.
    """
    try:
        settings = load_settings()
        db = local_database(settings.database)
    except (SettingsError, NotStoredError) as error:
        raise click.ClickException(str(error)) from error
    slug = None if all_campaigns else campaign or settings.campaign
    known = {settings.campaign, *campaigns(db)}
    if slug is not None and slug not in known:
        raise click.ClickException(
            f"Nobody has signed a campaign called {slug!r}. Known: {', '.join(sorted(known))}."
        )
    return Scope(db, slug, _occasion(settings, slug or settings.campaign))


def _occasion(settings: Settings, slug: str) -> Occasion:
    """The campaign's time zone, and the members' names where the tables know them."""
    facts: dict[str, str] = {}
    names: dict[str, str] = {}
    try:
        tables = load_tables()
    except TablesError as error:
        click.echo(f"Without members' names: {error}", err=True)
    else:
        facts["members of Congress"] = tables.as_of.isoformat()
        for holder in tables.holders:
            if holder.member:
                names[holder.member.bioguide] = f"{holder.seat.title} {holder.member.full_name}"
    try:
        campaign = live_campaign(settings, slug)
    except CampaignError:  # the words of an old campaign may be gone; its counts are not
        zone = "UTC"
    else:
        zone = campaign.timezone
        facts["cosponsors"] = campaign.as_of.isoformat()
    return Occasion(at=datetime.now(UTC), zone=zone, facts=facts, names=names)
