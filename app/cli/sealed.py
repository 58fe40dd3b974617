"""Sealed details as a file: written on the server, opened on the organizer's computer."""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import click

from app.cli.keys import keys_group, passphrase_option, unlock_file
from app.cli.plain import CampaignCommand, PlainCommand
from app.records import audit
from app.records.audit import COMMAND_LINE, What
from app.records.database import open_database, writing
from app.records.model import Purpose
from app.records.sealed_files import OpenedRow, SealedExport, export_sealed, open_sealed_file
from app.site.live import chosen_campaign
from app.site.settings import load_settings

__all__ = ["export_command", "keys_group", "open_command"]


@click.command("export", cls=CampaignCommand)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--purpose", type=click.Choice(["packet", "contact"]), help="Both if left out.")
def export_command(file: Path, purpose: Purpose | None) -> None:
    """Write the sealed details of counted signatures to FILE, still sealed."""
    settings = load_settings()
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
                    subject=done.path.name,
                    after=facts,
                )

        try:
            done = export_sealed(
                db,
                file,
                campaign=chosen_campaign(settings),
                purpose=purpose,
                at=datetime.now(UTC),
                audit=note,
            )
        except OSError as error:
            raise click.ClickException(f"Nothing was exported: {error}") from None
    click.echo(f"{done.rows} rows in {file}. To open it: flask signatures open {file} --key KEY")


@click.command("open", cls=PlainCommand)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--key",
    "private_files",
    multiple=True,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A private key file; may be given more than once.",
)
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


def _private_file(path: Path) -> TextIO:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.ClickException(f"Cannot write {path}: {error.strerror}.") from None
    return os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogatepass")


keys_group.add_command(export_command)
keys_group.add_command(open_command)
