"""``flask signatures sheets``: the pages to lay on the table, one for each office."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import Progress

from app.campaign import Campaign, CampaignError
from app.cli.plain import CampaignCommand
from app.congress import STATES, Holder, Tables, TablesError, load_tables
from app.documents import PdfError
from app.documents.day_sheet import book_pdf, sheets_pdf
from app.records import local_database
from app.records.offices import office_sheets, sheet_facts
from app.site.live import live_campaign
from app.site.services import moment_of_site
from app.site.settings import Settings, load_settings


@click.command("sheets", cls=CampaignCommand)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True,
              metavar="FILE", help="The PDF to write.")  # fmt: skip
@click.option("--state", metavar="CA", help="Only the delegation of this state.")
@click.option("--member", metavar="P000145", help="Only one: a bioguide id or a seat, CA-12.")
def sheets_command(out: Path, state: str | None, member: str | None) -> None:
    """Write day sheets as one PDF: a page for each office, with its number and its ask.

    Without --state or --member for all 541 seats, with a cover and an index.

    \b
    Examples:
      flask signatures sheets --out all-offices.pdf
      flask signatures sheets --state CA --out california.pdf
      flask signatures sheets --member CA-12 --out ca-12.pdf
    """
    if state and member:
        raise click.UsageError("Give --state or --member, not both.")
    settings = load_settings()
    campaign, tables = _facts(settings)
    holders = _chosen(tables, state, member)
    today = _today(settings, campaign)
    started = time.monotonic()
    sheets = office_sheets(
        local_database(settings.database), campaign, holders, today=today,
        congress=tables.congress,
        towns=settings.keep_towns,
    )  # fmt: skip
    facts = sheet_facts(
        campaign, group=settings.group_name, today=today, members_as_of=tables.as_of
    )
    try:
        if state or member:
            pdf = sheets_pdf(sheets, facts)
        else:
            with _progress(len(sheets)) as progress:
                pdf = book_pdf(sheets, facts, title="Day sheets for all offices", progress=progress)
    except PdfError as error:
        raise click.ClickException(str(error)) from error
    out.write_bytes(pdf)
    seconds = time.monotonic() - started
    click.echo(f"Wrote {out}: {len(sheets)} sheets in {seconds:.1f} s", err=True)


def _facts(settings: Settings) -> tuple[Campaign, Tables]:
    try:
        return live_campaign(settings), load_tables(settings.instance, moment_of_site(settings))
    except (CampaignError, TablesError) as error:
        raise click.ClickException(str(error)) from error


def _today(settings: Settings, campaign: Campaign) -> date:
    if settings.today:
        return date.fromisoformat(settings.today)
    return datetime.now(UTC).astimezone(ZoneInfo(campaign.timezone)).date()


def _chosen(tables: Tables, state: str | None, member: str | None) -> list[Holder]:
    if state:
        found = [holder for holder in tables.holders if holder.seat.state == state.upper()]
        if not found:
            raise click.ClickException(f"There is no state {state}. Known: {', '.join(STATES)}.")
        return found
    if member:
        name = member.upper()
        holder = tables.holder(name) or tables.holder_of(name)
        if holder is None:
            raise click.ClickException(
                f"Nobody with the id {member} sits in Congress, as listed on {tables.as_of}, and "
                "there is no such seat. Seats are written CA-12 and CA-S3."
            )
        return [holder]
    return list(tables.holders)


@contextmanager
def _progress(whole: int) -> Iterator[Callable[[int], None]]:
    """A bar where somebody is looking."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _done: None
        return
    with Progress(console=console) as bar:
        task = bar.add_task("Sheets", total=whole)
        yield lambda done: bar.update(task, completed=done)
