"""``flask signatures``: counting and exporting what was signed.

Reads the database of ``instance/``; a running site goes on signing meanwhile.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from app.cli.attest import attest_command, verify_command
from app.cli.paper import import_command, undo_command
from app.cli.plain import Day, PlainCommand
from app.cli.sealed import contacts_command, open_command
from app.cli.sheets import sheets_command
from app.cli.signature_output import Format, format_of, show_lookalikes, show_table, write_export
from app.cli.signature_scope import Scope, open_scope
from app.congress import STATES
from app.records import STATUSES, lookalikes, rebuild, recount, source_tag
from app.records.audit import COMMAND_LINE
from app.records.counts import Filter
from app.records.database import open_database, reading
from app.records.exports import GROUPINGS, SHAPES, counts_table
from app.records.retention import purge, purge_and_note
from app.site.daily import policy_of
from app.site.settings import load_settings

signatures = AppGroup("signatures", help="Count, export, open and purge what people signed.")
signatures.add_command(contacts_command)
signatures.add_command(open_command)
signatures.add_command(import_command)
signatures.add_command(undo_command)
signatures.add_command(sheets_command)
signatures.add_command(attest_command)
signatures.add_command(verify_command)

NOTES = click.option(
    "--notes", is_flag=True,
    help="Let CSV begin with rows that say what it is; the table comes after an empty line.",
)  # fmt: skip
Command = Callable[..., None]
LANGUAGES = ("en", "es")
NO_SOURCE = "(none)"
"""As in the addresses of the organizers' pages: brackets can be in no tag."""


def choosing(command: Command) -> Command:
    """The options that choose which signatures are meant; they become ``chosen``."""
    options = (
        click.option("--campaign", metavar="SLUG", help="A campaign; the site's own if left out."),
        click.option("--all-campaigns", is_flag=True, help="All campaigns together."),
        click.option(
            "--status", type=click.Choice([*STATUSES, "every"]), default="counted",
            show_default=True, help="Only signatures that stand so.",
        ),
        click.option("--state", metavar="CA", help="Only people in this state or territory."),
        click.option(
            "--since", "--from", "since", type=Day(),
            help="First day, in the campaign's time zone.",
        ),
        click.option(
            "--until", "--to", "until", type=Day(), help="Last day, included.",
        ),
        click.option("--letter", metavar="NAME", help="Only who started from this letter."),
        click.option("--source", metavar="TAG", help="Only with this source tag; (none) for none."),
        click.option("--language", metavar="en", help="Only who used pages in this language."),
    )  # fmt: skip

    @wraps(command)
    def wrapped(
        *,
        campaign: str | None,
        all_campaigns: bool,
        status: str,
        state: str | None,
        since: date | None,
        until: date | None,
        letter: str | None,
        source: str | None,
        language: str | None,
        **rest: Any,
    ) -> None:
        if campaign and all_campaigns:
            raise click.UsageError("Give --campaign or --all-campaigns, not both.")
        if state and state.upper() not in STATES:
            raise click.UsageError(f"There is no state {state}. Known: {', '.join(STATES)}.")
        if since and until and since > until:
            raise click.UsageError("The last day is before the first.")
        if language and language not in LANGUAGES:
            raise click.UsageError(f"--language is one of {', '.join(LANGUAGES)}.")
        if source and source != NO_SOURCE and not source_tag(source):
            raise click.UsageError(f"{source} cannot be a tag: letters, digits and hyphens only.")
        scope = open_scope(campaign, all_campaigns=all_campaigns)
        if letter and letter not in scope.letters:
            raise click.UsageError(
                f"There is no letter {letter!r}. Known: {', '.join(sorted(scope.letters))}."
            )
        chosen = Filter(
            campaign=scope.campaign,
            status=None if status == "every" else status,  # type: ignore[arg-type]
            state=state.upper() if state else None,
            since=since,
            until=until,
            template=letter or None,
            source=None if not source else "" if source == NO_SOURCE else source_tag(source),
            language=language or None,
        )
        command(scope, chosen, **rest)

    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped


@signatures.command("count", with_appcontext=False)
@click.option("--by", type=click.Choice(GROUPINGS), help="Break down; by status if left out.")
@NOTES
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table",
    show_default=True, help="How to print it.",
)  # fmt: skip
@choosing
def count_command(
    scope: Scope, chosen: Filter, *, by: str | None, form: Format, notes: bool
) -> None:
    """Count people and letters. The two are separate numbers; every number is defined.

    \b
    Examples:
      flask signatures count
      flask signatures count --by district
      flask signatures count --by day --state CA --format csv > days.csv
      flask signatures count --by recipient --format json
      flask signatures count --by way --letter faith --source parish --from 2026-11-01
    """
    with reading(scope.db):
        show_table(
            counts_table(scope.db, by or "status", chosen, scope.occasion), form, notes=notes
        )


@signatures.command("recount", with_appcontext=False)
@click.option("--rebuild", "anew", is_flag=True, help="Then make the tallies afresh from the rows.")
def recount_command(anew: bool) -> None:
    """Count everything afresh from the rows and compare with the tallies that are kept.

    Ends with status 1 and says where, if any number differs.

    \b
    Examples:
      flask signatures recount
      flask signatures recount --rebuild
    """
    scope = open_scope(None, all_campaigns=True)
    differences = recount(scope.db)
    if not differences:
        click.echo("ok: every tally agrees with the rows")
        return
    for found in differences:
        click.echo(
            f"{found.campaign}, {found.status}, {found.dimension} {found.value!r}: kept"
            f" {found.kept.signatures} signatures and {found.kept.letters} letters, but the rows"
            f" say {found.actual.signatures} and {found.actual.letters}",
            err=True,
        )
    click.echo(
        f"{len(differences)} tallies do not agree with the rows. Copy the database before you do"
        " anything else; then --rebuild makes the tallies afresh.",
        err=True,
    )
    if anew:
        rebuild(scope.db)
        click.echo("The tallies were made afresh from the rows.", err=True)
    sys.exit(1)


@signatures.command("alike", with_appcontext=False)
@click.option("--campaign", metavar="SLUG", help="A campaign; the site's own if left out.")
def alike_command(campaign: str | None) -> None:
    """List signatures of people who look alike (``ana+2@…`` and ``ana@…``), for your eyes.

    All of them are counted: two people may well look alike. The numbers are those of
    ``flask signatures export --shape signatures``.

    \b
    Example:
      flask signatures alike
    """
    scope = open_scope(campaign, all_campaigns=False)
    assert scope.campaign is not None
    show_lookalikes(lookalikes(scope.db, scope.campaign))


@signatures.command("export", with_appcontext=False)
@click.option(
    "--shape", type=click.Choice([*SHAPES, "all"]), default="counts", show_default=True,
    help="Counts; one row per signature; one row per letter; all (xlsx and sqlite).",
)  # fmt: skip
@click.option(
    "--by", type=click.Choice(GROUPINGS), default="state", show_default=True,
    help="What counts are broken down by.",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(["csv", "json", "xlsx", "sqlite"]),
    help="Told by the end of --out if left out; CSV for a folder.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path, allow_dash=True), default=Path(), metavar="FILE",
    help="A file or a folder; - writes CSV or JSON to the terminal. Here, if left out.",
)  # fmt: skip
@NOTES
@choosing
def export_command(
    scope: Scope, chosen: Filter, *, shape: str, by: str, form: Format | None, out: Path,
    notes: bool,
) -> None:  # fmt: skip
    """Write counts, signatures or letters to a file. Nothing personal is in any of them.

    What to know about the numbers (campaign, filter, definitions, time and time zone, the dates
    of the data) is in the file. For CSV it lies beside it, in a file that ends in -metadata.json,
    so that the first row names the columns; with --notes it is in the first rows of the CSV.

    \b
    Examples:
      flask signatures export --by district
      flask signatures export --shape letters --out letters.xlsx
      flask signatures export --shape all --out counts.db
      flask signatures export --shape signatures --from "Nov 1 2026" --out november.csv
      flask signatures export --by day --letter faith --source parish --notes --out parish.csv
    """
    write_export(scope, chosen, shape=shape, by=by, form=format_of(out, form), out=out, notes=notes)


@signatures.command("purge", cls=PlainCommand)
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
