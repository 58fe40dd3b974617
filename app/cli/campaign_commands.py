"""``flask campaign``: a site's campaigns, and the list of who backs a bill."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import with_appcontext

from app.campaign.load import read_campaign, read_files
from app.campaign.problems import CampaignError
from app.campaign.stance import Backing
from app.campaign.supporter_files import Unusable
from app.campaign.words import bill_key
from app.cli.plain import FILE, FOLDER, CampaignCommand, PlainGroup, operator, some
from app.congress.refresh import RefreshError, fetch
from app.records.counts import totals
from app.records.site_campaigns import SLUG, begin
from app.site.live_supporters import (
    Lists,
    Proposal,
    change_of,
    live_lists,
    propose,
    put_live,
)
from app.site.services import Services, services

campaign_cli = PlainGroup("campaign")
cosponsors_cli = PlainGroup("cosponsors", help="Manage the list of cosponsors of the bill.")
campaign_cli.add_command(cosponsors_cli)


@campaign_cli.command("list")
@with_appcontext
def list_command() -> None:
    """List the site's campaigns with their state, address and number of signatures.

    \b
    Example:
      flask campaign list
    """
    site = services()
    for one in site.campaigns:
        where = "on the start page" if one.starts else f"at {one.prefix}/"
        people = totals(site.db(), one.slug).signatures
        click.echo(f"{one.slug}: {one.state}, {where}, {some(people, 'signature')}")


@campaign_cli.command("begin")
@click.argument("folder", type=FOLDER)
@with_appcontext
def begin_command(folder: Path) -> None:
    """Begin a campaign with the texts in FOLDER. It gets the folder's name.

    Organizers see it right away; everyone else sees it once an admin opens it in the browser.

    \b
    Example:
      flask campaign begin letters/thank-the-cosponsors
    """
    site, folder = services(), folder.resolve()
    slug = folder.name
    if not SLUG.fullmatch(slug):
        raise click.ClickException(
            f"{slug!r} is not allowed in an address. Name the folder with lowercase letters, "
            "digits and hyphens."
        )
    try:
        files = read_files(folder)
        read_campaign(slug, files)
    except CampaignError as error:
        raise click.ClickException(f"Nothing was begun. Fix these problems:\n{error}") from None
    # Texts in the site's own letters folder stay there and are not copied to the database.
    ours = folder.parent == site.settings.letters.resolve()
    done = begin(operator(site.db()), slug, {} if ours else files, first=site.settings.campaign)
    if not done:
        raise click.ClickException(f"The site already has a campaign named {slug!r}.")
    click.echo(f"Begun: /c/{slug}/organize/campaigns/")


@cosponsors_cli.command("refresh", cls=CampaignCommand)
@click.option("--from", "source", type=FILE,
              help="Read this XML, JSON or CSV file instead of downloading one.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--yes", is_flag=True, help="Apply it without asking.")
@with_appcontext
def refresh_command(source: Path | None, dry_run: bool, yes: bool) -> None:
    """Update the list of cosponsors from the bill's official status file.

    Shows who joined and who withdrew, and asks before it changes anything. No one leaves the list
    only because a file lacks them: they are named, and stay until an organizer removes them.

    \b
    Example:
      flask campaign cosponsors refresh
      flask campaign cosponsors refresh --from BILLSTATUS-119hr1234.xml --dry-run
    """  # fmt: skip
    site = services()
    now = live_lists(site)
    found = propose(site, source.read_bytes() if source else _download(site))
    if not isinstance(found, Proposal):
        raise click.ClickException(_refusal(found))
    _tell(site, now, found)
    if dry_run:
        return
    change = change_of(site, now, found.lines)
    if change.empty and found.day == site.campaign.as_of:
        click.echo("The list is up to date.")
        return
    if not yes:
        click.confirm("Apply this?", abort=True)
    name = source.name if source else "official file"
    done = put_live(operator(site.db()), site, now, found.lines, found.day, source=name)
    if not done:
        raise click.ClickException("Not published: someone else just published. Run this again.")
    click.echo(f"The list of {found.day.isoformat()} is live.")


def _refusal(found: Unusable) -> str:
    """Why a file cannot be used; for a list, cell by cell."""
    said = [f"Nothing was changed. {found.what}"]
    said += [
        f"  row {row.line}, {name} {cell.value or 'empty'}: {cell.what}"
        for row in found.rows
        for name, cell in zip(found.columns, row.cells, strict=True)
        if cell.what
    ]
    if more := found.failing - len(found.rows):
        said.append(f"  and {some(more, 'more row')}")
    return "\n".join(said)


def _tell(site: Services, now: Lists, found: Proposal) -> None:
    change = change_of(site, now, found.lines)
    for note in found.notes:
        click.echo(f"Note: {note}")
    _people("joined", change.joined)
    _people("left", change.left)
    _people("another day or role", [one.after for one in change.redated])
    _people("missing from the file; stays on the list", found.missing)
    _people("not in our list of members", change.unknown)
    click.echo(f"{len(change.joined)} joined, {len(change.left)} left.")


def _people(what: str, lines: list[Backing] | tuple[Backing, ...]) -> None:
    for line in lines:
        click.echo(f"  {what}: {line.name} ({line.bioguide}), {line.role}, {line.day.isoformat()}")


def _download(site: Services) -> bytes:
    """Download the status file of the campaign's first bill that has a number."""
    campaign = site.campaign
    key, congress = next(
        ((bill_key(b.number), b.congress) for b in campaign.bills.values() if bill_key(b.number)),
        (None, 0),
    )
    if key is None:
        raise click.ClickException(
            "No bill of this campaign has a number, so there is no file to download."
        )
    kind, number = key
    name = f"BILLSTATUS-{congress}{kind}{number}.xml"
    folder = f"{site.settings.bill_status_url.rstrip('/')}/{congress}/{kind}"
    try:
        data, _changed = fetch(folder, name)
    except RefreshError as error:
        raise click.ClickException(f"Nothing was changed. {error}") from None
    assert data is not None
    return data
