"""Sealed details as a file: written on the server, opened on the organizer's computer."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import click

from app.cli.keys import keys_group, passphrase_option, unlock_file
from app.cli.plain import CampaignCommand, PlainCommand, some
from app.records import audit
from app.records.audit import COMMAND_LINE, What
from app.records.csv_files import BOM, csv_line
from app.records.database import open_database, writing
from app.records.model import Purpose
from app.records.sealed_files import OpenedRow, SealedExport, export_sealed, open_sealed_file
from app.site.live import chosen_campaign
from app.site.settings import Settings, load_settings

_AGREED = {
    "consent": "consent", "consent_day": "day", "consent_version": "consent_version",
    "language": "language", "signature": "signature",
}  # fmt: skip
COLUMNS: dict[str, dict[str, str]] = {
    "action-network": {
        "email": "email", "first_name": "first", "last_name": "last", "zip_code": "zip", **_AGREED,
    },
    "everyaction": {
        "First Name": "first", "Last Name": "last", "Email": "email", "Zip/Postal": "zip",
        "Email Opt-In": "yes", **_AGREED,
    },
    "nationbuilder": {
        "email": "email", "first_name": "first", "last_name": "last", "address_zip": "zip",
        "email_opt_in": "yes", **_AGREED,
    },
}  # fmt: skip
"""By tool: the head of a column, named like the tool's own field, and which fact stands below.
Action Network and NationBuilder match these by their names; EveryAction asks for each column. What
a tool does not know it offers as a field of one's own."""

key_option = click.option(
    "--key",
    "private_files",
    multiple=True,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A private key file; may be given more than once.",
)

__all__ = ["contacts_command", "export_command", "keys_group", "open_command"]


def export_here(
    settings: Settings, file: Path, purpose: Purpose | None, subject: str = ""
) -> SealedExport:
    """Write this site's sealed details to ``file``, still sealed, and note it in the audit trail
    under ``subject``, or the file's name.

    Raises ``FileExistsError`` and ``OSError``.
    """
    with closing(open_database(settings.database)) as db:

        def note(done: SealedExport) -> None:
            facts: audit.Facts = {
                "campaign": done.campaign,
                "purpose": done.purpose or "all",
                "rows": done.rows,
                "keys": ", ".join(done.keys),
            }
            with writing(db):
                audit.record(
                    db,
                    at=done.at,
                    who=COMMAND_LINE,
                    what=What.SEALED_EXPORTED,
                    subject=subject or done.path.name,
                    after=facts,
                )

        return export_sealed(
            db,
            file,
            campaign=chosen_campaign(settings),
            purpose=purpose,
            at=datetime.now(UTC),
            audit=note,
        )


@click.command("export", cls=CampaignCommand)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--purpose", type=click.Choice(["packet", "contact"]), help="Both if left out.")
def export_command(file: Path, purpose: Purpose | None) -> None:
    """Write the sealed details of counted signatures to FILE, still sealed."""
    try:
        done = export_here(load_settings(), file, purpose)
    except OSError as error:
        raise click.ClickException(f"Nothing was exported: {error}") from None
    click.echo(f"{done.rows} rows in {file}. To open it: flask signatures open {file} --key KEY")


@click.command("open", cls=PlainCommand)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@key_option
@passphrase_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write to this file, readable only by you, instead of the terminal.",
)
def open_command(
    file: Path, private_files: tuple[Path, ...], passphrase_file: Path | None, out: Path | None
) -> None:
    """Open an exported FILE of sealed details on your own computer.

    Needs no network and no database. Prints one JSON object a line. Rows that do not open are
    named, and the command then ends with 1; the others are printed all the same.
    """
    opened = [unlock_file(path, passphrase_file) for path in private_files]
    target = _private_file(out) if out else sys.stdout
    good = bad = 0
    try:
        for row in open_sealed_file(file, opened):
            if isinstance(row, OpenedRow):
                good += 1
                line = {
                    "signature": row.signature,
                    "purpose": row.purpose,
                    "day": row.day.isoformat(),
                    "details": row.details,
                }
                # A terminal may not know every letter; a file that we write does.
                target.write(json.dumps(line, ensure_ascii=out is None) + "\n")
            else:
                bad += 1
                click.echo(f"{file.name}, line {row.line}: {row.reason}", err=True)
    finally:
        if out:
            target.close()
    click.echo(f"{good} rows opened, {bad} not.", err=True)
    if bad:
        sys.exit(1)


@click.command("contacts", cls=CampaignCommand)
@click.argument("file", required=False,
                type=click.Path(exists=True, dir_okay=False, path_type=Path))  # fmt: skip
@key_option
@passphrase_option
@click.option("--out", required=True, type=click.Path(path_type=Path),
              help="The CSV to write, readable only by you.")  # fmt: skip
@click.option("--for", "tool", type=click.Choice(list(COLUMNS)), default="action-network",
              show_default=True, help="Whose columns the file has.")  # fmt: skip
@click.option("--before", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="The CSV of last time, to list who has withdrawn since.")  # fmt: skip
def contacts_command(
    *, file: Path | None, private_files: tuple[Path, ...], passphrase_file: Path | None, out: Path,
    tool: str, before: Path | None,
) -> None:  # fmt: skip
    """Write the people who may be contacted as a CSV that other tools import.

    FILE is the sealed list from the page Contacts, opened here with --key and without a network.
    Without FILE, on the server itself, the list of this site is used. Each row has the words that
    the person agreed to, the day, and the version of these words. With --before, a second file
    beside OUT lists who is to be taken off: we do not know them, so the file of last time says who
    they were.

    \b
    Examples:
      flask signatures contacts sealed.jsonl --key campaign.private.json --out contacts.csv
      flask signatures contacts sealed.jsonl --key KEY --out new.csv --before contacts.csv
    """
    keys = [unlock_file(path, passphrase_file) for path in private_files]
    earlier = _signatures_in(before) if before else {}
    source = file or out.with_name(f".{out.name}.sealed")
    if file is None:
        export_here(load_settings(), source, "contact", "contacts")
    try:
        found = list(open_sealed_file(source, keys))
    finally:
        if file is None:
            source.unlink(missing_ok=True)
    rows = [row for row in found if isinstance(row, OpenedRow) and row.purpose == "contact"]
    bad = [row for row in found if not isinstance(row, OpenedRow)]
    _write_csv(out, tuple(COLUMNS[tool]), [contact_row(tool, row) for row in rows])
    click.echo(f"{some(len(rows), 'person').replace('persons', 'people')} in {out}.")
    for row in bad:
        click.echo(f"{source.name}, line {row.line}: {row.reason}", err=True)
    if bad:
        raise click.ClickException("Who is missing is not known, so nobody is listed to take off.")
    if before:
        here = {str(row.signature) for row in rows}
        gone = [(email,) for number, email in earlier.items() if number not in here]
        path = out.with_name(f"{out.stem}-remove{out.suffix}")
        _write_csv(path, ("email",), gone)
        click.echo(f"{some(len(gone), 'address').replace('addresss', 'addresses')} in {path}: "
                   "take these off your list, and delete the file.")  # fmt: skip


def contact_row(tool: str, row: OpenedRow) -> tuple[str, ...]:
    """One person as a row of a tool's columns."""
    facts = {
        **{name: str(row.details.get(name, "")) for name in
           ("first", "last", "email", "zip", "consent", "consent_version", "language")},
        "yes": "Y", "day": row.day.isoformat(), "signature": str(row.signature),
    }  # fmt: skip
    return tuple(facts[what] for what in COLUMNS[tool].values())


def _write_csv(path: Path, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    with _private_file(path) as target:
        target.write(BOM + "".join(csv_line(line) for line in (head, *rows)))


def _signatures_in(path: Path) -> dict[str, str]:
    """Address by signature number, of a file that this command wrote."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    heads = {what: head for table in COLUMNS.values() for head, what in table.items()
             if rows and head in rows[0] and what in ("email", "signature")}  # fmt: skip
    if rows and len(heads) < 2:
        raise click.ClickException(f"{path} has no columns of e-mail address and signature.")
    return {row[heads["signature"]]: row[heads["email"]] for row in rows}


def _private_file(path: Path) -> TextIO:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.ClickException(f"Cannot write {path}: {error.strerror}.") from None
    return os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogatepass")


keys_group.add_command(export_command)
keys_group.add_command(open_command)
