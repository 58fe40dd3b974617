"""What the ``flask signatures`` commands work on: the database, a campaign, its time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import click

from app.campaign import Campaign, CampaignError
from app.congress import TablesError, load_tables
from app.records import (
    STATUSES,
    Connection,
    NotStoredError,
    count,
    local_database,
    signed_campaigns,
)
from app.records.campaigns import campaigns_here
from app.records.exports import Occasion
from app.site.live import live_campaign
from app.site.services import moment_of_site
from app.site.settings import Settings, SettingsError, load_settings


@dataclass(frozen=True, slots=True)
class Scope:
    """An open database and what a count from it needs."""

    db: Connection
    campaign: str | None
    """None: all campaigns."""
    occasion: Occasion
    letters: frozenset[str]
    """The letters that the campaign has, or that anybody has signed."""


def open_scope(campaign: str | None, *, all_campaigns: bool) -> Scope:
    """Open the site's database for a campaign that is known here.

    Raises ``click.ClickException`` with words for the operator.
    """
    try:
        settings = load_settings()
        db = local_database(settings.database)
    except (SettingsError, NotStoredError) as error:
        raise click.ClickException(str(error)) from error
    here = campaigns_here(db, settings.campaign)
    slug = None if all_campaigns else campaign or here[0].slug
    known = {*(one.slug for one in here), *signed_campaigns(db)}
    if slug is not None and slug not in known:
        raise click.ClickException(
            f"There is no campaign called {slug!r} here. Known: {', '.join(sorted(known))}."
        )
    campaign_now = _campaign(settings, slug or here[0].slug)
    letters = {
        row.group for status in STATUSES for row in count(db, slug, "template", status=status)
    }
    if campaign_now:
        letters |= {name for name, _length in campaign_now.templates}
    return Scope(db, slug, _occasion(campaign_now, settings), frozenset(letters))


def _campaign(settings: Settings, slug: str) -> Campaign | None:
    """The campaign's words; None where they are gone. Its counts are not."""
    try:
        return live_campaign(settings, slug)
    except CampaignError:
        return None


def _occasion(campaign: Campaign | None, settings: Settings) -> Occasion:
    """The campaign's title and time zone, and the members' names where the tables know them."""
    facts: dict[str, str] = {}
    names: dict[str, str] = {}
    try:
        tables = load_tables(settings.instance, moment_of_site(settings))
    except TablesError as error:
        click.echo(f"Without members' names: {error}", err=True)
    else:
        facts["members of Congress"] = tables.as_of.isoformat()
        for holder in tables.holders:
            if holder.member:
                names[holder.member.bioguide] = f"{holder.seat.title} {holder.member.full_name}"
    if campaign is None:
        return Occasion(at=datetime.now(UTC), zone="UTC", facts=facts, names=names)
    facts["cosponsors"] = campaign.as_of.isoformat()
    return Occasion(
        at=datetime.now(UTC), zone=campaign.timezone, facts=facts, names=names,
        titles={campaign.slug: campaign.title},
    )  # fmt: skip
