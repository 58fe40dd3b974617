"""``flask letters``: read the letters as every office would, before anyone signs one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from app.campaign import (
    FIELDS,
    FILTERS,
    Campaign,
    CampaignError,
    Report,
    check_campaign,
    read_campaign,
    read_files,
)
from app.campaign.campaign_file import FILE
from app.congress import Tables, TablesError, load_tables
from app.site.live import chosen_campaign, live_campaign
from app.site.services import moment_of_site
from app.site.settings import SettingsError, load_settings

letters_cli = AppGroup("letters", help="The letters of a campaign: read and check them.")


@letters_cli.command(with_appcontext=False)
@click.option("--campaign", "slug", help="The campaign’s folder. Default: the site’s campaign.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Read the files there, such as before an import: a campaign’s folder, or the folder of "
    "several campaigns. Default: what is live, which is the site’s letters folder where nothing "
    "was published in the browser.",
)
def check(slug: str | None, folder: Path | None) -> None:
    """Compose every letter to every seat of Congress at every stage, and read it.

    Prints what is wrong with file, line, sentence and advice, or one line that ends in ok. The
    exit status is 1 if anything must or should be put right.

    \b
    Example:
      flask letters check
      flask letters check --campaign protect-immigration-act
      flask letters check --folder letters
    """
    campaign, tables = _load(slug, folder)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed} of {task.total} seats"),
        console=Console(stderr=True),
        transient=True,
        disable=not Console(stderr=True).is_terminal,
    ) as progress:
        task = progress.add_task("Reading the letters", total=len(tables.holders))
        report = check_campaign(
            campaign, tables, progress=lambda done, _total: progress.update(task, completed=done)
        )
    _print(report, f"letters/{campaign.slug}")
    if not report.ok:
        raise SystemExit(1)


@letters_cli.command(with_appcontext=False)
def fields() -> None:
    """List the fields and filters that a letter may use, each with an example.

    \b
    Example:
      flask letters fields
    """
    for field in FIELDS:
        click.echo(f"{{{{ {field.name} }}}}  ({field.kind})\n    {field.description}")
        click.echo(f"    For example: {field.example}")
        if not field.printable or field.kind == "yes or no":
            click.echo("    For tests only.")
    for name, words in FILTERS.items():
        click.echo(f"{{{{ field | {name} }}}}\n    {words[0].upper()}{words[1:]}.")


def _load(slug: str | None, folder: Path | None) -> tuple[Campaign, Tables]:
    try:
        settings = load_settings() if slug is None or folder is None else None
        slug = slug or (chosen_campaign(settings) if settings else "")
        if folder is not None:
            alone = (folder / FILE).is_file()
            return read_campaign(slug, read_files(folder if alone else folder / slug)), load_tables(
                settings.instance if settings else None, datetime.now(UTC)
            )
        assert settings is not None
        return live_campaign(settings, slug), load_tables(
            settings.instance, moment_of_site(settings)
        )
    except CampaignError as error:
        count = len(error.problems)
        lines = [f"letters/{slug}/{problem}" for problem in error.problems]
        lines.append("1 problem" if count == 1 else f"{count} problems")
        raise click.ClickException("\n".join(["The letters cannot be read.", *lines])) from None
    except (SettingsError, TablesError) as error:
        raise click.ClickException(str(error)) from None


def _print(report: Report, place: str) -> None:
    for problem in report.problems:
        seats = "1 seat" if problem.seats == 1 else f"{problem.seats:,} seats"
        where = f"at {seats}; " if problem.seats else ""
        click.echo(f"{place}/{problem} ({where}{_LEVELS[problem.level]})")
    click.echo(report.summary)


_LEVELS = {"must": "must be fixed", "should": "should be fixed", "nice": "a hint"}
