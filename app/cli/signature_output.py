"""How the ``flask signatures`` commands print and write tables."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Literal

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table as RichTable
from rich.text import Text

from app.cli.signature_scope import Scope
from app.records.counts import Filter, totals_of
from app.records.csv_files import csv_lines, csv_metadata
from app.records.database import reading
from app.records.exports import (
    GROUPINGS,
    counts_table,
    export_name,
    letters_table,
    metadata_path,
    signatures_table,
    write_sqlite,
    write_xlsx,
)
from app.records.tabular import Chunk, Column, Table, clean, described, json_lines, write_text

Format = Literal["table", "csv", "json", "xlsx", "sqlite"]

ENDINGS: dict[Format, str] = {"csv": "csv", "json": "json", "xlsx": "xlsx", "sqlite": "db"}
_BY_ENDING: dict[str, Format] = {
    **{ending: form for form, ending in ENDINGS.items()}, "sqlite": "sqlite", "sqlite3": "sqlite",
}  # fmt: skip


def format_of(out: Path, form: Format | None) -> Format:
    """The format of a file: as asked for, as its name says, else CSV.

    Raises ``click.UsageError`` where the two contradict each other, or where the name ends in
    something else: a workbook's name on a CSV file misleads every program that opens it.
    """
    ending = "" if out.is_dir() or str(out) == "-" else out.suffix[1:].lower()
    named = _BY_ENDING.get(ending)
    if form and named and form != named:
        raise click.UsageError(
            f"{out.name} is the name of a {named} file, and --format says {form}. Name the file "
            f"….{ENDINGS[form]}, or leave --format out."
        )
    if form is None and ending and named is None:
        raise click.UsageError(
            f"{out.name} does not say what it is: end it in "
            f"{', '.join(f'.{known}' for known in ENDINGS.values())}, or give --format."
        )
    return form or named or "csv"


def show_table(table: Table, form: Format, *, notes: bool = False) -> None:
    """Print a table: for people, as CSV (without BOM, for programs) or as JSON.

    What a CSV cannot say without ``notes`` goes to the terminal's other stream, so that the
    numbers are never without their meaning and a program still reads the table alone.
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
    if sys.stdout.isatty():
        _show_on_terminal(table, rows)
    else:
        _show_plainly(table.columns, rows)
    click.echo()
    for name, value in table.about.items():
        click.echo(f"{name}: {value}")


def _show_on_terminal(table: Table, rows: Sequence[Sequence[str]]) -> None:
    shown = RichTable(title=table.title)
    for column in table.columns:
        shown.add_column(Text(column.name), justify="right" if column.kind == "number" else "left")
    for row in rows:
        shown.add_row(*map(Text, row))
    Console().print(shown)


def _show_plainly(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Columns one under the other, two spaces apart, as programs and people can read."""
    lines = [[column.name for column in columns], *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    for line in lines:
        cells = (
            text.rjust(width) if column.kind == "number" else text.ljust(width)
            for text, width, column in zip(line, widths, columns, strict=True)
        )
        click.echo("  ".join(cells).rstrip())


def show_lookalikes(groups: Sequence[Sequence[int]]) -> None:
    """Print the groups, one a line."""
    for group in groups:
        click.echo(", ".join(str(number) for number in group))
    click.echo(f"{len(groups)} groups of signatures whose people look alike", err=True)


def write_export(
    scope: Scope, chosen: Filter, *, shape: str, by: str, form: Format, out: Path, notes: bool
) -> None:
    """Write one export and say where it is. One snapshot: the tables in it agree."""
    to_terminal = str(out) == "-"
    if form not in ("csv", "json"):
        if to_terminal:
            raise click.UsageError("Only CSV and JSON can go to the terminal.")
    elif shape == "all":
        raise click.UsageError("CSV and JSON hold one table: choose a --shape, or xlsx or sqlite.")
    name = export_name(
        f"counts-by-{by}" if shape == "counts" else shape, chosen, scope.occasion, ENDINGS[form]
    )
    path = out / name if out.is_dir() else out
    with reading(scope.db), _progress(to_terminal) as progress:
        tables = [_watched(t, progress, scope, chosen) for t in _tables(scope, chosen, shape, by)]
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
                f"Wrote {path.name}-metadata.json beside it: what its numbers mean", err=True
            )


def _tables(scope: Scope, chosen: Filter, shape: str, by: str) -> list[Table]:
    db, occasion = scope.db, scope.occasion
    if shape == "counts":
        return [counts_table(db, by, chosen, occasion)]
    if shape == "signatures":
        return [signatures_table(db, chosen, occasion)]
    if shape == "letters":
        return [letters_table(db, chosen, occasion)]
    return [
        *(counts_table(db, each, chosen, occasion) for each in ("status", *GROUPINGS[:-2], "way")),
        signatures_table(db, chosen, occasion),
        letters_table(db, chosen, occasion),
    ]


def _write(tables: Sequence[Table], form: Format, path: Path | None, *, notes: bool) -> None:
    if path is None:
        show_table(tables[0], form, notes=notes)
    elif form == "csv":
        write_text(csv_lines(tables[0], notes=notes), path)
        if not notes:
            beside = path.with_name(f"{path.name}-metadata.json")
            write_text(csv_metadata(tables[0], path.name), beside)
    elif form == "json":
        write_text(json_lines(tables[0]), path)
    elif form == "xlsx":
        write_xlsx(tables, path)
    else:
        write_sqlite(tables, path)
        click.echo(f"Wrote {metadata_path(path)}", err=True)


def _progress(to_terminal: bool) -> Progress | nullcontext[None]:
    """A progress bar, where somebody is looking and it is in nobody's way."""
    console = Console(stderr=True)
    if to_terminal or not console.is_terminal:
        return nullcontext()
    return Progress(console=console)


def _watched(table: Table, progress: Progress | None, scope: Scope, chosen: Filter) -> Table:
    """The same table, whose rows move the progress bar on as they are taken."""
    if progress is None or table.title not in ("Signatures", "Letters"):
        return table
    whole = totals_of(scope.db, chosen)
    expected = whole.signatures if table.title == "Signatures" else whole.letters
    task = progress.add_task(table.title, total=expected)

    def chunks() -> Iterator[Chunk]:
        for chunk in table.chunks:
            yield chunk
            progress.advance(task, len(chunk[0]))

    return replace(table, chunks=chunks())
