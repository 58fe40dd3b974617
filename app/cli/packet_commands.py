"""``flask letters packets``: for each office, the letters to deliver by hand."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click

from app.cli.key_commands import export_here, unlock_file
from app.cli.plain import (
    FILE,
    NEW_FOLDER,
    CampaignCommand,
    day_option,
    name_ended_terms,
    passphrase_option,
    progress,
    some,
    template_option,
)
from app.congress.model import as_moment, day_in_washington
from app.delivery.packets import (
    INDEX,
    PROBLEMS,
    PacketLetters,
    Sender,
    Split,
    parse_split,
    problems_csv,
    write_packets,
)
from app.delivery.writer_rows import BadRow, WriterRow, read_opened
from app.records.keys import OpenKey
from app.records.sealing import KIND, OpenedRow, head_of, open_sealed_file
from app.site.live import choosing, chosen_campaign
from app.site.services import campaign_and_tables, moment_of_site
from app.site.settings import load_settings

SEALED = ".sealed.jsonl"


def _split(_context: click.Context, _option: click.Parameter, text: str) -> Split:
    split = parse_split(text)
    if split is None:
        raise click.BadParameter("Use office, state, a number of letters (500) or a size (20MB).")
    return split


@click.command("packets", cls=CampaignCommand)
@click.argument("file", required=False, type=FILE)
@click.option("--key", "private_files", type=FILE, multiple=True,
              help="A private key file. Can be repeated.")  # fmt: skip
@passphrase_option
@click.option("--out", required=True, type=NEW_FOLDER,
              help="The folder to write to. It must not hold packets yet.")  # fmt: skip
@click.option("--split", default="office", callback=_split, metavar="office|state|SIZE",
              show_default=True,
              help="SIZE: letters per file (500) or megabytes per file (20MB).")  # fmt: skip
@template_option
@day_option
def packets_command(
    *, file: Path | None, private_files: tuple[Path, ...], passphrase_file: Path | None,
    out: Path, split: Split, template: str, day: date | None,
) -> None:  # fmt: skip
    """Make a PDF for each office: a cover sheet, then the numbered letters, sorted by town.

    FILE is a sealed export (flask keys export --purpose packet), which --key opens, or the JSON
    lines that flask keys open wrote. Without FILE, on the server itself, the sealed details of this
    site are used, and the audit trail records it. The packets have only the letters of people who
    asked for delivery by hand. More than 1,000 letters to an office become several files.
    OUT/index.csv lists every letter; OUT/problems.csv lists the lines that produced none. Exits
    with status 1 if there are any.

    OUT has people's names and addresses. Keep it on your own computer, and delete it when the
    packets are delivered.

    \b
    Example:
      flask letters packets sealed.jsonl --key campaign.private.json --out packets
      flask letters packets sealed.jsonl --key campaign.private.json --out print --split 20MB
    """
    settings = load_settings()
    named = str(head_of(file).get("campaign", "")) if file else ""
    with choosing(named):
        if named and chosen_campaign(settings) != named:
            raise click.ClickException(f"{file} has letters of another campaign, {named!r}.")
        campaign, tables = campaign_and_tables(settings)
    now = as_moment(day) if day else moment_of_site(settings)
    today = day_in_washington(now)
    _refuse_used(out)
    keys = [unlock_file(path, passphrase_file) for path in private_files]
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    source = file or out / SEALED
    if file is None:
        export_here(settings, source, "packet", "packets")
    sender = Sender(settings.group_name, settings.contact, today)
    try:
        with PacketLetters(campaign, tables, now=now, template=template) as letters:
            bad = _read(letters, source, keys, out)
            total = sum(len(pile.letters) for pile in letters.piles())
            files = _write(letters, out, sender, split, total)
            name_ended_terms([pile.holder for pile in letters.piles()], tables, today)
    finally:
        if file is None:
            source.unlink(missing_ok=True)
    click.echo(
        f"{some(total, 'letter')} in {some(files, 'file')} written to {out}; {INDEX} lists them."
    )
    if bad:
        click.echo(f"{some(bad, 'line')} with problems. See {out / PROBLEMS}", err=True)
        sys.exit(1)


def _refuse_used(out: Path) -> None:
    if (out / INDEX).exists():
        raise click.ClickException(f"{out} already has packets. Use another folder.")


def _read(letters: PacketLetters, source: Path, keys: list[OpenKey], out: Path) -> int:
    """Read every line into the piles; returns how many have problems, which a file lists."""
    troubles: list[BadRow] = []
    rows = _rows(source, keys, troubles)
    with progress("Reading", max(source.stat().st_size // 1000, 1)) as bar:  # about 1 KB a letter
        for count, result in enumerate(letters.read(rows)):
            if isinstance(result, BadRow):
                troubles.append(result)
            if count % 100 == 0:
                bar(count)
    if troubles:
        (out / PROBLEMS).write_text(problems_csv(troubles), encoding="utf-8", newline="")
    return len({t.number for t in troubles})


def _rows(source: Path, keys: list[OpenKey], troubles: list[BadRow]) -> Iterator[WriterRow]:
    """The packet rows of a sealed or an opened file."""
    with source.open(encoding="utf-8", errors="replace") as file:
        sealed = KIND in file.readline()
    if sealed and not keys:
        raise click.ClickException("This file is sealed. Give the private key with --key.")
    if sealed:
        for number, row in enumerate(open_sealed_file(source, keys), start=2):
            if not isinstance(row, OpenedRow):
                troubles.append(BadRow(row.line, row.reason))
            elif row.purpose == "packet":
                yield WriterRow.opened(number, row.details, row.day)
        return
    for line in read_opened(source):
        if isinstance(line, BadRow):
            troubles.append(line)
        else:
            yield line


def _write(letters: PacketLetters, out: Path, sender: Sender, split: Split, total: int) -> int:
    files = 0
    with progress("Making PDFs", total) as bar:
        for step in write_packets(letters, out, sender, split):
            bar(step.letters)
            files = step.files
    return files
