"""``flask signatures purge``: end what has been kept long enough."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

import click

from app.cli.plain import PlainCommand
from app.records.audit import COMMAND_LINE
from app.records.database import open_database
from app.records.retention import purge, purge_and_note
from app.site.daily import policy_of
from app.site.settings import load_settings


@click.command("purge", cls=PlainCommand)
@click.option("--dry-run", "dry_run", is_flag=True, help="Only say what would be deleted.")
@click.option("--now", "now", is_flag=True, help="Delete. For the daily job.")
def purge_command(dry_run: bool, now: bool) -> None:
    """Delete what has been kept as long as the settings allow, and every trace of it."""
    if dry_run == now:
        raise click.UsageError("Say --dry-run to see what would be deleted, or --now to delete it.")
    settings = load_settings()
    policy = policy_of(settings)
    at = datetime.now(UTC)
    with closing(open_database(settings.database)) as db:
        if now:
            done = purge_and_note(db, at, policy, who=COMMAND_LINE, instance=settings.instance)
        else:
            done = purge(db, at, policy, dry_run=True, instance=settings.instance)
    for one in done:
        verb = "would be deleted" if dry_run else "deleted"
        click.echo(f"{one.number:>7} {one.kind} {verb} (kept {one.days} days)")
