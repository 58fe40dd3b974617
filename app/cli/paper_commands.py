"""``flask signatures import`` and ``undo-import``: sheets of paper signatures."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click

from app.cli.plain import FILE, CampaignCommand, Tag, language_option, operator, progress, some
from app.files import write_file
from app.records.audit import COMMAND_LINE
from app.records.database import Connection, local_database
from app.records.health import check_site
from app.records.paper import (
    Added,
    Batch,
    ImportRunningError,
    NotUndoneError,
    PaperLetters,
    import_steps,
    list_imports,
    paper_lock,
    remember_columns,
    undo_import,
)
from app.records.paper_columns import COLUMNS, ROLES, plain_header
from app.records.paper_files import ParsedFile, SheetError, parse_file
from app.records.paper_plan import Choices, Hidden, ImportPlace, ImportPlan, Odd, Wrong, make_plan
from app.records.tabular import csv_text
from app.site.paper_words import (
    cell_words,
    likely_words,
    odd_words,
    person_words,
    question_words,
    row_name,
    row_names,
    sheet_words,
    unread_words,
)
from app.site.services import campaign_and_tables, moment_of_site, today_of_site
from app.site.settings import Settings, load_settings

BUSY = "Another import is running. Wait for it to finish; nothing was changed."


def _not_on_dry_run(context: click.Context, _option: click.Parameter, delete: bool) -> bool:
    if delete and context.params["dry_run"]:  # parsed before, because it is eager
        raise click.UsageError("--dry-run changes nothing, so it cannot --delete. Leave one out.")
    return delete


@click.command("import", cls=CampaignCommand)
@click.argument("file", type=FILE)
@click.option("--source", default="", metavar="TAG", type=Tag(),
              help="A source tag for these signatures, like fair-2026.")  # fmt: skip
@language_option
@click.option("--column", "columns", multiple=True, metavar="HEADER=WHAT",
              help=f"What a column holds: {', '.join(ROLES)}; or nothing, to ignore it. Can be "
                   "repeated, and is remembered for the next sheet.")  # fmt: skip
@click.option("--hidden", type=click.Choice(["count", "leave"]),
              help="What to do with rows that are hidden or crossed out.")  # fmt: skip
@click.option("--restore-zeros", is_flag=True,
              help="Restore leading zeros that a spreadsheet removed from ZIP codes.")  # fmt: skip
@click.option("--count-odd", is_flag=True,
              help="Also count rows that do not look like people (n/a, ???).")  # fmt: skip
@click.option("--likely", type=click.Choice(["count", "leave"]),
              help="What to do with rows that may be people who are already counted.")  # fmt: skip
@click.option("--same", multiple=True, metavar="ROW",
              help="The number of such a row that is the same person; the others count. Can be "
                   "repeated.")  # fmt: skip
@click.option("--leave-out", is_flag=True, help="Count the good rows and leave out the rest.")
@click.option("--dry-run", is_flag=True, is_eager=True, help="Only show what would happen.")
@click.option("--delete", is_flag=True, callback=_not_on_dry_run,
              help="Delete FILE afterward, even if nothing was counted.")  # fmt: skip
def import_command(
    *, file: Path, source: str, language: str, columns: tuple[str, ...], hidden: Hidden | None,
    restore_zeros: bool, count_odd: bool, likely: Literal["count", "leave"] | None,
    same: tuple[str, ...], leave_out: bool, dry_run: bool, delete: bool,
) -> None:  # fmt: skip
    """Count the paper signatures in FILE (CSV, XLSX, XLS or ODS): all of them or none.

    Reads every visible sheet that has a row with column names: first name, last name, street,
    city, state, ZIP, and optionally district and email, or the names that common tools export.
    Names and addresses are used only to find who represents each person and to count no one twice.
    They are not stored. Importing the same file again adds nothing.

    Rows with a problem go to FILE-problems.csv with their row numbers. Then the command exits with
    status 1 and counts nothing, unless you give --leave-out. For rows that may be people who are
    already counted, decide with --likely or --same. People can sign online meanwhile. An
    interrupted import leaves nothing behind; undo-import undoes a complete one.

    \b
    Example:
      flask signatures import fair.xlsx --source fair --dry-run
      flask signatures import fair.xlsx --source fair --delete
    """
    try:
        with file.open("rb") as content:
            held = parse_file(content)
        said = _column_roles(columns, held)
        choices = Choices(headers=said, hidden=hidden or "", zeros=restore_zeros)
        settings = load_settings()
        check_site(settings.database, settings.own_keys)
        db = local_database(settings.database)
        batch, place, letters = _batch(settings, source, language)
        plan = _plan(held, choices, place, db)
        if count_odd and plan.odd:
            choices = replace(choices, keep=frozenset(row.key for row in plan.odd))
            plan = _plan(held, choices, place, db)
        if same or (likely == "leave" and plan.likely):
            choices = replace(choices, same=_same_rows(plan, same))
            plan = _plan(held, choices, place, db)
        undecided = bool(plan.likely and not likely and not same)
        _show(plan, file)
        if obstacle := _obstacle(plan, leave_out=leave_out, undecided=undecided):
            click.echo(f"Nothing {'would be' if dry_run else 'was'} added. {obstacle}", err=True)
        elif dry_run:
            click.echo(f"{len(plan.new):,} would be added; {len(plan.before):,} signed before.")
        else:
            if said:
                remember_columns(db, said)
            _add(plan, db, settings, batch, letters)
    except SheetError as error:
        raise click.ClickException(sheet_words(error)) from None
    except ImportRunningError:
        raise click.ClickException(BUSY) from None
    finally:
        if delete:
            with suppress(FileNotFoundError):
                file.unlink()
    if undecided or not plan.ready:
        sys.exit(1)


def _add(
    plan: ImportPlan, db: Connection, settings: Settings, batch: Batch, letters: PaperLetters
) -> None:
    """Add a plan's new rows, and print how many."""
    with progress("Adding", len(plan.new)) as bar:
        added = Added(0, 0, 0)
        for added in import_steps(
            db, plan.new, batch, letters=letters, secret=settings.secret_key,
            lock=paper_lock(settings.instance),
        ):  # fmt: skip
            bar(added.signatures + added.before)
    click.echo(
        f"{some(added.signatures, 'signature')} added ({some(added.letters, 'letter')}); "
        f"{added.before + len(plan.before):,} signed before."
    )
    if added.signatures:
        click.echo(f"To undo this import: flask signatures undo-import {added.number}")


def _same_rows(plan: ImportPlan, named: tuple[str, ...]) -> frozenset[str]:
    """The keys of the rows named ``7`` or ``7 Page 2``; without names, of all likely repeats."""
    keys = {" ".join(filter(None, plan.name(row.key))): row.key for row in plan.likely}
    if missing := sorted(set(named) - set(keys)):
        raise click.ClickException(
            f"--same {missing[0]} is not one of the rows that may be already counted: "
            f"{', '.join(keys) or 'there are none'}."
        )
    return frozenset(keys[name] for name in named or keys)


def _column_roles(options: tuple[str, ...], held: ParsedFile) -> dict[str, str]:
    """The roles that ``--column`` gives the file's columns, by plain header."""
    known = {plain_header(cell) for sheet in held.sheets for cell in sheet.header.cells}
    said = {}
    for text in options:
        header, equals, role = text.rpartition("=")
        if not equals or (role and role not in ROLES):
            raise click.ClickException(f"--column {text}: write HEADER=WHAT, where WHAT is one "
                                       f"of {', '.join(ROLES)}, or empty.")  # fmt: skip
        if plain_header(header) not in known:
            raise click.ClickException(f"The file has no column “{header}”.")
        said[plain_header(header)] = role
    return said


def _batch(
    settings: Settings, source: str, language: str
) -> tuple[Batch, ImportPlace, PaperLetters]:
    campaign, tables = campaign_and_tables(settings)
    now, moment = datetime.now(UTC), moment_of_site(settings)
    today = today_of_site(settings, campaign)
    return (
        Batch(campaign.slug, today, now, language, source, COMMAND_LINE, "file"),
        ImportPlace(campaign.slug, tables, moment, settings.person_key, settings.secret_key),
        PaperLetters(campaign, moment),
    )


def _plan(held: ParsedFile, choices: Choices, place: ImportPlace, db: Connection) -> ImportPlan:
    with progress("Reading", sum(len(sheet.rows) for sheet in held.sheets)) as bar:
        return make_plan(held, choices, place, db, progress=bar)


def _show(plan: ImportPlan, file: Path) -> None:
    """Print what the page about a sheet shows."""

    def say(text: str) -> None:
        click.echo(text, err=True)

    if len(plan.file.sheets) > 1:
        say(f"Sheets: {', '.join(sheet.name for sheet in plan.file.sheets)}")
    if plan.file.unread:
        say(f"Not read: {'; '.join(unread_words(*one) for one in plan.file.unread)}")
    for columns in plan.columns:
        if columns.unread:
            say(f"Ignored columns: {', '.join(columns.unread[:20])}")
        for question in columns.questions:
            say(question_words(question, columns.headers) + " (--column)")
    if plan.file.guessed_encoding:
        say("The file is not Unicode. If accents look wrong, save it again as “CSV UTF-8”.")
    if not plan.file.shows_hidden:
        say(
            "This file format does not show which rows are hidden or crossed out, so all were read."
        )
    if plan.hidden:
        done = {"": "Choose --hidden count or --hidden leave.", "count": "They are counted.",
                "leave": "They are left out."}[plan.choices.hidden]  # fmt: skip
        rows = some(len(plan.hidden), "hidden or crossed-out row")
        say(f"{rows}: {row_names(plan, plan.hidden)}. {done}")
    _show_repeats(plan, say)
    if plan.odd:
        say(f"{some(len(plan.odd), 'row')} left out as not looking like a person: "
            f"{row_names(plan, tuple(row.key for row in plan.odd))}")  # fmt: skip
    if plan.wrong or plan.odd:
        problems = _write_problems(file, plan)
        wrong = f"{some(len(plan.wrong), 'row')} with problems. " if plan.wrong else ""
        say(f"{wrong}See {problems}")


def _show_repeats(plan: ImportPlan, say: Callable[[str], None]) -> None:
    if plan.twice:
        rows = ", ".join(f"{row_name(plan, row)} (as {row_name(plan, first)})"
                         for row, first in plan.twice[:10])  # fmt: skip
        say(f"{some(len(plan.twice), 'row')} that repeat a person in this file: {rows}")
    if plan.full:
        say(f"{some(len(plan.full), 'row')} not counted, because four people have signed with "
            f"the same email address: {row_names(plan, plan.full)}")  # fmt: skip
    if plan.likely:
        say(f"{some(len(plan.likely), 'row')} that may be someone who is already counted:")
    for row in plan.likely:
        done = "not counted" if row.key in plan.same else "counted"
        say(f"  {row_name(plan, row.key)} ({person_words(row.values)}), {done}; like "
            + "; ".join(likely_words(plan, row)))  # fmt: skip


def _obstacle(plan: ImportPlan, *, leave_out: bool, undecided: bool) -> str:
    """What to do before anything can be added; empty if nothing is in the way."""
    if plan.questions:
        return "Use --column to say what the columns are."
    if plan.hidden and not plan.choices.hidden:
        return "Use --hidden to decide about the hidden rows."
    if undecided:
        return (
            "Use --likely count, --likely leave or --same ROW to decide about the rows that may "
            "be already counted."
        )
    if plan.wrong and not leave_out:
        return "Fix the rows, or use --leave-out."
    return ""


def _write_problems(file: Path, plan: ImportPlan) -> Path:
    """Write the rows with problems to a sheet that can be corrected and imported."""
    path = file.with_name(f"{file.stem}-problems.csv")
    rows: tuple[Wrong | Odd, ...] = (*plan.wrong, *plan.odd)
    lines: list[tuple[str, ...]] = [("row", *COLUMNS, "problem")]
    for row in rows:
        words = (
            odd_words(row.why) if isinstance(row, Odd)
            else "; ".join(f"{p.column}: {cell_words(p)}" for p in row.problems)
        )  # fmt: skip
        cells = (row.values.get(column, "") for column in COLUMNS)
        number, sheet = plan.name(row.key)
        lines.append((f"{number} {sheet}".strip(), *cells, words))
    write_file(path, csv_text(lines))
    return path


@click.command("undo-import", cls=CampaignCommand)
@click.argument("number", type=int, required=False)
def undo_command(number: int | None) -> None:
    """Undo the whole import NUMBER; without NUMBER, list the imports.

    Removes its signatures from every count. An import can no longer be undone once one of its
    people has continued online.

    \b
    Example:
      flask signatures undo-import
      flask signatures undo-import 3
    """
    settings = load_settings()
    db = local_database(settings.database)
    campaign, _tables = campaign_and_tables(settings)
    if number is None:
        imports = list_imports(db, campaign.slug)
        if not imports:
            click.echo("No sheets were imported.")
        for one in imports:
            stays = f"; cannot be undone: {one.taken_up:,} continued online" if one.taken_up else ""
            click.echo(f"{one.number}: {one.at:%Y-%m-%d %H:%M} UTC, {one.who}, {one.source},"
                       f" {some(one.signatures, 'signature')}{stays}")  # fmt: skip
        return
    try:
        removed = undo_import(
            operator(db), number, campaign.slug, lock=paper_lock(settings.instance)
        )
    except NotUndoneError as error:
        raise click.ClickException(
            (f"Nothing was undone, because {error.taken_up:,} of its people have continued online "
            "since.")
            if error.taken_up else (f"This campaign has no import {number}. To list the imports: "
                                    "flask signatures undo-import")
        ) from None  # fmt: skip
    except ImportRunningError:
        raise click.ClickException(BUSY) from None
    click.echo(f"Import undone: {some(removed, 'signature')} removed.")
