"""``flask signatures import``: a large sheet of paper signatures, with a progress bar."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from app.cli.packets import load_letters
from app.cli.plain import PlainCommand, piped, some
from app.records import local_database, source_tag
from app.records.audit import COMMAND_LINE
from app.records.csv_files import BOM, safe_csv
from app.records.paper import Batch, signed_before
from app.records.paper_check import Good, PaperLetters, Place, Twice, Wrong, check_rows, with_zeros
from app.records.paper_files import COLUMNS, SheetError, SheetRow, read_sheet
from app.records.paper_import import ImportRunningError, import_paper, paper_lock
from app.site.paper_words import problem_words, sheet_words
from app.site.settings import load_settings


@click.command("import", cls=PlainCommand)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", default="", metavar="TAG", help="A source tag, such as fair-2026.")
@click.option("--language", type=click.Choice(["en", "es"]), default="en", show_default=True,
              help="The language of the sheet that people signed.")  # fmt: skip
@click.option("--restore-zeros", is_flag=True,
              help="Put back the zeros that ZIP codes lost in a spreadsheet.")  # fmt: skip
@click.option("--leave-out", is_flag=True, help="Count the good rows and leave out the others.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--delete", is_flag=True, help="Delete FILE in the end, whatever happens.")
def import_command(
    *, file: Path, source: str, language: str, restore_zeros: bool, leave_out: bool,
    dry_run: bool, delete: bool,
) -> None:  # fmt: skip
    """Count the paper signatures in FILE, a CSV or XLSX sheet: all of them, or none.

    One of the first rows names the columns: first name, last name, street, city, state, ZIP,
    and perhaps district and e-mail. Names and addresses are only read to find who represents
    each person and to count nobody twice; they are not stored. The same file a second time
    adds nothing. Rows with a problem go to FILE-problems.csv, with their own row numbers;
    then nothing is counted, unless --leave-out is given. Ends with 1 where there are any.
    People can go on signing meanwhile; an import that is broken off leaves nothing behind.

    \b
    Example:
      flask signatures import fair.xlsx --source fair --dry-run
      flask signatures import fair.xlsx --source fair --delete
    """
    try:
        _import(file, source, language, zeros=restore_zeros, leave_out=leave_out, dry_run=dry_run)
    except SheetError as error:
        raise click.ClickException(sheet_words(error)) from None
    except ImportRunningError as error:
        raise click.ClickException(str(error)) from None
    finally:
        if delete:
            with suppress(FileNotFoundError):
                file.unlink()


def _import(
    file: Path, source: str, language: str, *, zeros: bool, leave_out: bool, dry_run: bool
) -> None:
    if source and not source_tag(source):
        raise click.ClickException("A source tag has up to 32 of a-z 0-9 . - _ and no spaces.")
    settings = load_settings()
    campaign, tables = load_letters(settings)
    now = datetime.now(UTC)
    today = now.astimezone(ZoneInfo(campaign.timezone)).date()
    if settings.today:
        today = date.fromisoformat(settings.today)
    place = Place(campaign, tables, today, settings.person_key)
    good: list[Good] = []
    wrong: list[Wrong] = []
    twice: list[Twice] = []
    for result in check_rows(_rows(file, zeros=zeros), place):
        if isinstance(result, Good):
            good.append(result)
        elif isinstance(result, Wrong):
            wrong.append(result)
        else:
            twice.append(result)
    if wrong:
        problems = _write_problems(file, wrong)
        click.echo(f"{some(len(wrong), 'row')} with problems: {problems}", err=True)
    if twice:
        rows = ", ".join(f"{t.number} (as {t.first})" for t in twice[:10])
        click.echo(
            f"{some(len(twice), 'row')} of people who are in this file already: {rows}", err=True
        )
    db = local_database(settings.database)
    if dry_run:
        before = len(signed_before(db, campaign.slug, good, settings.secret_key))
        click.echo(f"{len(good) - before:,} would be added; {before:,} had signed before.")
    elif wrong and not leave_out:
        click.echo("Nothing was added. Correct the rows, or give --leave-out.", err=True)
    else:
        batch = Batch(campaign.slug, today, now, language, source, COMMAND_LINE, "file")
        with click.progressbar(length=len(good), label="Adding", file=sys.stderr,
                               hidden=piped()) as bar:  # fmt: skip
            added = import_paper(
                db, good, batch, letters=PaperLetters(campaign, today),
                secret=settings.secret_key, lock=paper_lock(settings.instance),
                progress=lambda done: bar.update(done - bar.pos),
            )  # fmt: skip
        click.echo(
            f"{some(added.signatures, 'signature')} added ({some(added.letters, 'letter')});"
            f" {added.before:,} had signed before."
        )
    if wrong:
        sys.exit(1)


def _rows(file: Path, *, zeros: bool) -> Iterator[SheetRow]:
    with file.open("rb") as content:
        sheet = read_sheet(content)
        if sheet.ignored:
            names = ", ".join(sheet.ignored[:20])
            click.echo(f"These columns are not used: {names}", err=True)
        if sheet.guessed_encoding:
            click.echo("The file is not Unicode: it was read as Windows-1252.", err=True)
        with click.progressbar(sheet.rows, label="Reading", file=sys.stderr,
                               hidden=piped()) as rows:  # fmt: skip
            for row in rows:
                yield replace(row, values=with_zeros(row.values)) if zeros else row


def _write_problems(file: Path, wrong: list[Wrong]) -> Path:
    """The rows with problems as a sheet that can be corrected and given to this command."""
    path = file.with_name(f"{file.stem}-problems.csv")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
        out.write(BOM)
        table = csv.writer(out)
        table.writerow(("row", *COLUMNS, "problem"))
        for row in wrong:
            words = "; ".join(f"{p.column}: {problem_words(p)}" for p in row.problems)
            cells = (safe_csv(row.values.get(column, "")) for column in COLUMNS)
            table.writerow((row.number, *cells, safe_csv(words)))
    return path
