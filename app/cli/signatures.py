"""``flask signatures``: counting and exporting signatures.

Reads the database in ``instance/``; a running site keeps signing meanwhile.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, Literal

import click

from app.campaign.entities import Campaign
from app.campaign.problems import CampaignError
from app.cli.plain import (
    CampaignCommand,
    Day,
    PlainGroup,
    StateCode,
    Tag,
    operator,
    progress,
    show_columns,
    some,
)
from app.congress.model import TablesError
from app.congress.tables import Tables, load_tables
from app.records.acts import STATUSES
from app.records.counts import Filter, count, rebuild, recount, totals
from app.records.database import Connection, local_database, reading
from app.records.exports import GROUPINGS, SHAPES, Occasion, counts_table, export_name, table_of
from app.records.persons import lookalikes
from app.records.retention import expired, purge
from app.records.tabular import (
    Chunk,
    Table,
    clean,
    csv_lines,
    csv_metadata,
    described,
    json_lines,
    metadata_path,
    write_sqlite,
    write_text,
    write_xlsx,
)
from app.site.live import CHOSEN, chosen_campaign, live_campaign
from app.site.services import moment_of_site
from app.site.settings import Settings, load_settings

signatures = PlainGroup("signatures")

Format = Literal["table", "csv", "json", "xlsx", "sqlite"]
ENDINGS: dict[Format, str] = {"csv": "csv", "json": "json", "xlsx": "xlsx", "sqlite": "db"}
_BY_ENDING: dict[str, Format] = {
    **{ending: form for form, ending in ENDINGS.items()}, "sqlite": "sqlite", "sqlite3": "sqlite",
}  # fmt: skip

NOTES = click.option(
    "--notes", is_flag=True,
    help="Begin the CSV with rows that explain the numbers; the table follows after an empty line.",
)  # fmt: skip
Command = Callable[..., None]
LANGUAGES = ("en", "es")
NO_SOURCE = "(none)"
"""As in the addresses of the organizers' pages; a tag cannot contain parentheses."""


class _TagOrNone(Tag):
    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return "" if value == NO_SOURCE else super().convert(value, param, ctx)


def choosing(command: Command) -> Command:
    """Add the options that select signatures; the command gets them as ``chosen``."""
    options = (
        click.option("--all-campaigns", is_flag=True, help="All campaigns together."),
        click.option(
            "--status", type=click.Choice([*STATUSES, "every"]), default="counted",
            show_default=True, help="Only signatures with this status.",
        ),
        click.option("--state", metavar="CA", type=StateCode(),
                     help="Only people in this state or territory."),
        click.option(
            "--since", "--from", "since", type=Day(),
            help="First day, in the campaign's time zone.",
        ),
        click.option("--until", "--to", "until", type=Day(), help="Last day, inclusive."),
        click.option("--letter", "template", metavar="NAME",
                     help="Only people who started from this letter."),
        click.option("--source", metavar="TAG", type=_TagOrNone(),
                     help="Only signatures with this source tag; (none) for those without one."),
        click.option("--language", type=click.Choice(LANGUAGES),
                     help="Only people who used the pages in this language."),
    )  # fmt: skip

    @wraps(command)
    def wrapped(*, all_campaigns: bool, status: Any, template: str | None, **rest: Any) -> None:
        fields = {
            name: rest.pop(name) for name in ("state", "since", "until", "source", "language")
        }
        if CHOSEN.get() and all_campaigns:
            raise click.UsageError("Use either --campaign or --all-campaigns, not both.")
        if fields["since"] and fields["until"] and fields["since"] > fields["until"]:
            raise click.UsageError("The last day (--to) is before the first (--from).")
        scope = open_scope(all_campaigns=all_campaigns)
        if template and template not in scope.letters:
            raise click.UsageError(
                f"There is no letter {template!r}. Use one of these: "
                f"{', '.join(sorted(scope.letters))}."
            )
        wanted = None if status == "every" else status
        command(scope, Filter(scope.campaign, wanted, template=template, **fields), **rest)

    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped


@signatures.command("count", cls=CampaignCommand)
@click.option(
    "--by", type=click.Choice(GROUPINGS), help="What to break the counts down by. Default: status."
)
@NOTES
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table",
    show_default=True, help="The output format.",
)  # fmt: skip
@choosing
def count_command(
    scope: Scope, chosen: Filter, *, by: str | None, form: Format, notes: bool
) -> None:
    """Count people and letters, as two separate numbers. The output defines each number.

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


@signatures.command("recount")
@click.option(
    "--rebuild",
    "rebuilding",
    is_flag=True,
    help="Rebuild the tallies from the rows if they differ.",
)
def recount_command(rebuilding: bool) -> None:
    """Recount everything from the rows and compare with the tallies.

    Lists each number that differs, and then exits with status 1.

    \b
    Examples:
      flask signatures recount
      flask signatures recount --rebuild
    """
    db = local_database(load_settings().database)
    differences = recount(db)
    if not differences:
        click.echo("ok: every tally matches the rows")
        return
    for found in differences:
        click.echo(
            f"{found.campaign}, {found.status}, {found.dimension} {found.value!r}: the tally has "
            f"{found.kept.signatures} signatures and {found.kept.letters} letters, the rows have "
            f"{found.actual.signatures} and {found.actual.letters}",
            err=True,
        )
    if rebuilding:
        rebuild(db)
        click.echo("The tallies were rebuilt from the rows.", err=True)
    else:
        click.echo(
            f"{some(len(differences), 'tally does', 'tallies do')} not match the rows. Make a copy "
            "of the site first (flask backup now FOLDER), then use --rebuild.",
            err=True,
        )
    sys.exit(1)


@signatures.command("alike", cls=CampaignCommand)
def alike_command() -> None:
    """List signatures that look like the same person (ana+2@… and ana@…), for you to review.

    All of them count, because they may be different people. The numbers are the same as in
    flask signatures export --shape signatures.

    \b
    Example:
      flask signatures alike
    """
    settings = load_settings()
    groups = lookalikes(local_database(settings.database), chosen_campaign(settings))
    for group in groups:
        click.echo(", ".join(str(number) for number in group))
    click.echo(f"{len(groups)} groups of signatures that look alike", err=True)


@signatures.command("export", cls=CampaignCommand)
@click.option(
    "--shape", type=click.Choice([*SHAPES, "all"]), default="counts", show_default=True,
    help="counts; signatures (one row each); letters (one row each); all (xlsx and sqlite only).",
)  # fmt: skip
@click.option(
    "--by", type=click.Choice(GROUPINGS), default="state", show_default=True,
    help="What to break counts down by.",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(["csv", "json", "xlsx", "sqlite"]),
    help="The file format. Default: from the file name in --out; CSV for a folder.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path, allow_dash=True), default=Path(), metavar="FILE",
    help="A file or a folder; - prints CSV or JSON. Default: the current folder.",
)  # fmt: skip
@NOTES
@choosing
def export_command(
    scope: Scope, chosen: Filter, *, shape: str, by: str, form: Format | None, out: Path,
    notes: bool,
) -> None:  # fmt: skip
    """Export counts, signatures or letters to a file, without personal data.

    The file says what the numbers mean: campaign, filter, definitions, time and time zone, the
    dates of the data. For CSV this is in a separate file that ends in -metadata.json, so that the
    first row of the CSV names the columns; with --notes it is at the top of the CSV.

    \b
    Examples:
      flask signatures export --by district
      flask signatures export --shape letters --out letters.xlsx
      flask signatures export --shape all --out counts.db
      flask signatures export --shape signatures --from "Nov 1 2026" --out november.csv
      flask signatures export --by day --letter faith --source parish --notes --out parish.csv
    """
    write_export(scope, chosen, shape=shape, by=by, form=format_of(out, form), out=out, notes=notes)


@signatures.command("purge")
@click.option("--dry-run", "dry_run", is_flag=True, help="Only show what would be deleted.")
@click.option("--now", "now", is_flag=True, help="Delete it now, like the daily job.")
def purge_command(dry_run: bool, now: bool) -> None:
    """Delete data that has been kept as long as the settings allow, and every trace of it.

    \b
    Example:
      flask signatures purge --dry-run
    """
    if dry_run == now:
        raise click.UsageError("Use --dry-run to see what would be deleted, or --now to delete it.")
    from app.site.daily import policy_of  # only this command needs it

    settings = load_settings()
    policy = policy_of(settings)
    by = operator(local_database(settings.database))
    blank = True
    if now:
        done, blank = purge(by, policy, settings.instance)
    else:
        done = expired(by.db, by.at, policy, settings.instance)
    for one in done:
        verb = "would be deleted" if dry_run else "deleted"
        click.echo(f"{one.number:>7} {one.kind} {verb} (kept {some(one.days, 'day')})")
    if not blank:
        raise click.ClickException(
            "Traces of deleted data may still be in the files, because a program keeps a read of "
            "the database open. Close it, or restart the site, then run this again."
        )


# --- The commands' scope, and writing tables -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scope:
    """An open database and what a count needs."""

    db: Connection
    campaign: str | None
    """None: all campaigns."""
    occasion: Occasion
    letters: frozenset[str]
    """The letters that the campaign has or that anyone has signed."""


def open_scope(*, all_campaigns: bool) -> Scope:
    """Open the site's database for the chosen campaign, or for all."""
    settings = load_settings()
    db = local_database(settings.database)
    slug = None if all_campaigns else chosen_campaign(settings)
    campaign = _campaign(settings)
    letters = {row.group for row in count(db, Filter(slug, None), "template")}
    if campaign:
        letters |= {name for name, _length in campaign.templates}
    occasion = Occasion.of(datetime.now(UTC), campaign, _tables_of(settings))
    return Scope(db, slug, occasion, frozenset(letters))


def _campaign(settings: Settings) -> Campaign | None:
    """The campaign; None if its texts are gone, which leaves its counts."""
    try:
        return live_campaign(settings)
    except CampaignError:
        return None


def _tables_of(settings: Settings) -> Tables | None:
    try:
        return load_tables(settings.instance, moment_of_site(settings))
    except TablesError as error:
        click.echo(f"Members' names are left out: {error}", err=True)
        return None


def format_of(out: Path, form: Format | None) -> Format:
    """The format of a file: as requested, else by its suffix, else CSV.

    Raises ``click.UsageError`` if the two contradict each other or the suffix is unknown: a
    workbook's suffix on a CSV file misleads every program that opens it.
    """
    ending = "" if out.is_dir() or str(out) == "-" else out.suffix[1:].lower()
    named = _BY_ENDING.get(ending)
    if form and named and form != named:
        raise click.UsageError(
            f"{out.name} has the extension of a {named} file, but --format is {form}. Name the "
            f"file ….{ENDINGS[form]}, or leave out --format."
        )
    if form is None and ending and named is None:
        raise click.UsageError(
            f"The format of {out.name} is unclear. Use the extension "
            f"{' or '.join(f'.{known}' for known in ENDINGS.values())}, or give --format."
        )
    return form or named or "csv"


def show_table(table: Table, form: Format, *, notes: bool = False) -> None:
    """Print a table: aligned for people, as CSV (without BOM, for programs) or as JSON.

    Without ``notes``, the definitions of a CSV go to standard error, so that the numbers never
    lack their meaning and a program still reads only the table.
    """
    if form == "json":
        _print(json_lines(table))
    elif form == "csv":
        _print(csv_lines(table, bom=False, notes=notes))
        for name, value in () if notes else described(table):
            click.echo(f"# {clean(name)}: {clean(value)}", err=True)
    else:
        _show_for_people(table)


def _print(pieces: Iterator[str]) -> None:
    for piece in pieces:
        click.echo(piece.replace("\r\n", "\n"), nl=False)


def _show_for_people(table: Table) -> None:
    rows = [["" if cell is None else clean(str(cell)) for cell in row] for row in table.rows]
    show_columns(
        [[column.name for column in table.columns], *rows],
        right={place for place, column in enumerate(table.columns) if column.kind == "number"},
    )
    click.echo()
    for name, value in table.about.items():
        click.echo(f"{name}: {value}")


def write_export(
    scope: Scope, chosen: Filter, *, shape: str, by: str, form: Format, out: Path, notes: bool
) -> None:
    """Write one export and print its path. All its tables are from one snapshot."""
    to_terminal = str(out) == "-"
    if form not in ("csv", "json"):
        if to_terminal:
            raise click.UsageError("Only CSV and JSON can be printed to the terminal.")
    elif shape == "all":
        raise click.UsageError(
            "CSV and JSON hold one table. Choose another --shape, or the format xlsx or sqlite."
        )
    name = export_name(
        f"counts-by-{by}" if shape == "counts" else shape, chosen, scope.occasion, ENDINGS[form]
    )
    path = out / name if out.is_dir() else out
    with reading(scope.db):
        tables = _tables(scope, chosen, shape, by)
        if not to_terminal:
            tables = [_with_progress(table, scope, chosen) for table in tables]
        try:
            _write(tables, form, None if to_terminal else path, notes=notes)
        except OSError as error:
            raise click.ClickException(
                f"Cannot write {path}: {error.strerror or error}."
            ) from error
    if not to_terminal:
        click.echo(f"Wrote {path}", err=True)
        if form == "csv" and not notes:
            click.echo(
                f"Wrote {path.name}-metadata.json next to it: what the numbers mean", err=True
            )


def _tables(scope: Scope, chosen: Filter, shape: str, by: str) -> list[Table]:
    wanted = [(shape, by)]
    if shape == "all":
        wanted = [("counts", each) for each in ("status", *GROUPINGS[:-2], "way")]
        wanted += [("signatures", ""), ("letters", "")]
    return [table_of(scope.db, *one, chosen, scope.occasion) for one in wanted]


def _write(tables: Sequence[Table], form: Format, path: Path | None, *, notes: bool) -> None:
    if path is None:
        show_table(tables[0], form, notes=notes)
    elif form == "csv":
        write_text(csv_lines(tables[0], notes=notes), path)
        if not notes:
            metadata = path.with_name(f"{path.name}-metadata.json")
            write_text(csv_metadata(tables[0], path.name), metadata)
    elif form == "json":
        write_text(json_lines(tables[0]), path)
    elif form == "xlsx":
        write_xlsx(tables, path)
    else:
        write_sqlite(tables, path)
        click.echo(f"Wrote {metadata_path(path)}", err=True)


def _with_progress(table: Table, scope: Scope, chosen: Filter) -> Table:
    """The same table, with a progress bar that advances as its rows are read."""
    if table.title not in ("Signatures", "Letters"):
        return table
    whole = totals(scope.db, chosen)
    expected = whole.signatures if table.title == "Signatures" else whole.letters

    def chunks() -> Iterator[Chunk]:
        done = 0
        with progress(table.title, expected) as bar:
            for chunk in table.chunks:
                yield chunk
                bar(done := done + len(chunk[0]))

    return replace(table, chunks=chunks())
