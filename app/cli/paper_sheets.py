"""``flask letters labels``, ``poster``, ``signup`` and ``blank``: what a group prints itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

import click

from app.campaign import Writer
from app.campaign.words import Language
from app.cli.packets import load_letters
from app.cli.plain import CampaignCommand, Day, PlainCommand, some
from app.congress import Tables, inside_address
from app.congress.model import STATES
from app.delivery.writer_rows import WriterFileError, WriterRow, read_rows
from app.documents.letter import return_address
from app.documents.printables import Link, blank_letters_pdf, labels_pdf, poster_pdf, signup_pdf
from app.records import source_tag
from app.site.live import chosen_standing
from app.site.paper_links import find_district, link_for, title_in
from app.site.settings import load_settings

Command = TypeVar("Command", bound=Callable[..., object])
NO_ADDRESS = "Set site_url in settings.toml first: the code on the paper leads there."

_out = click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path),
                    help="The PDF to write.")  # fmt: skip
_language = click.option("--language", type=click.Choice(["en", "es"]), default="en",
                         show_default=True)  # fmt: skip
_source = click.option("--source", default="", metavar="TAG",
                       help="A source tag for the code: a-z, 0-9, dot, hyphen.")  # fmt: skip


def _link(tag: str, language: Language, usual: str) -> Link:
    if tag and not source_tag(tag):
        raise click.ClickException("A source tag has up to 32 of a-z 0-9 . - _ and no spaces.")
    settings = load_settings()
    link = link_for(settings.site_url, tag, language, usual, chosen_standing(settings).prefix)
    if link is None:
        raise click.ClickException(NO_ADDRESS)
    return link


def _save(out: Path, pdf: bytes, *, private: bool = False) -> None:
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if private else 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pdf)
    click.echo(f"{out} is ready.")


@click.command("labels", cls=PlainCommand)
@_out
@click.option("--people", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="For the people in this file (CSV, or opened details).")  # fmt: skip
@click.option("--state", metavar="CA", help="Only the offices of this state.")
@click.option("--local", is_flag=True, help="The offices at home, not those in Washington.")
@click.option("--or-washington", is_flag=True,
              help="With --local: Washington for members without an office at home.")  # fmt: skip
@click.option("--first-place", type=click.IntRange(1, 30), default=1, show_default=True,
              help="Where to begin on a sheet that was used before.")  # fmt: skip
@click.option("--frames", is_flag=True, help="Draw the edges, to try on plain paper.")
def labels_command(
    *, out: Path, people: Path | None, state: str | None, local: bool, or_washington: bool,
    first_place: int, frames: bool,
) -> None:  # fmt: skip
    """Mailing labels for the offices of Congress, or for people, on sheets like Avery 5160.

    Print at 100 %, not “fit to page”. Members without an address there are named, and so are
    vacant seats.

    \b
    Example:
      flask letters labels --state CA --out labels.pdf
      flask letters labels --state OH --local --or-washington --out labels.pdf
      flask letters labels --people opened.jsonl --out labels.pdf
    """
    if people:
        addresses = _people(people)
    else:
        _campaign, tables = load_letters(load_settings())
        addresses = _offices(tables, state, local=local, or_washington=or_washington)
    if not addresses:
        raise click.ClickException("There is nobody to make labels for.")
    _save(out, labels_pdf(addresses, first_place=first_place, frames=frames), private=bool(people))


def _offices(
    tables: Tables, state: str | None, *, local: bool, or_washington: bool
) -> list[tuple[str, ...]]:
    """The addresses, and on the terminal whom there is none for."""
    code = state.upper() if state else None
    if code and code not in STATES:
        raise click.ClickException(f"{state} is not the postal code of a state.")
    addresses: list[tuple[str, ...]] = []
    homeless, vacant = [], []
    for holder in tables.holders:
        if code and holder.seat.state != code:
            continue
        if holder.member is None:
            vacant.append(holder.seat.id)
        elif local and holder.member.local_offices:
            addresses += [inside_address(holder, office) for office in holder.member.local_offices]
        else:
            if local:
                homeless.append(f"{holder.member.full_name} ({holder.seat.id})")
            if or_washington or not local:
                addresses.append(inside_address(holder))
    if vacant:
        click.echo(
            f"No label for {some(len(vacant), 'vacant seat')}: {', '.join(vacant)}", err=True
        )
    if homeless:
        what = (
            "The address in Washington is used" if or_washington
            else "No label (--or-washington gives the address there)"
        )  # fmt: skip
        click.echo(
            f"{what} for {some(len(homeless), 'member')} of whom no office at home is listed:"
            f" {', '.join(homeless)}", err=True,
        )  # fmt: skip
    return addresses


def _people(path: Path) -> list[tuple[str, ...]]:
    found = []
    try:
        for row in read_rows(path):
            if isinstance(row, WriterRow):
                writer = Writer(
                    first=row.get("first"), last=row.get("last"), street=row.get("street"),
                    street2=row.get("street2"), city=row.get("city"),
                    state=row.get("state").upper(), zip=row.get("zip"),
                )  # fmt: skip
                found.append((writer.name, *return_address(writer)))
    except WriterFileError as error:
        raise click.ClickException(str(error)) from None
    return found


@click.command("poster", cls=CampaignCommand)
@_out
@_language
@_source
def poster_command(*, out: Path, language: Language, source: str) -> None:
    """A poster with a QR code, on US Letter paper.

    \b
    Example:
      flask letters poster --language es --source library --out poster.pdf
    """
    settings = load_settings()
    campaign, _tables = load_letters(settings)
    link = _link(source, language, "poster")
    pdf = poster_pdf(title=title_in(campaign, language), group=settings.group_name,
                     address=link.address, shown=link.shown, language=language)  # fmt: skip
    _save(out, pdf)


@click.command("signup", cls=CampaignCommand)
@_out
@_language
@_source
def signup_command(*, out: Path, language: Language, source: str) -> None:
    """A sign-up sheet for a table. What is written on it is entered under “Paper”.

    \b
    Example:
      flask letters signup --source fair --out signup.pdf
    """
    settings = load_settings()
    campaign, _tables = load_letters(settings)
    link = _link(source, language, "table")
    title = title_in(campaign, language)
    _save(out, signup_pdf(title=title, group=settings.group_name, link=link, language=language))


@click.command("blank", cls=CampaignCommand)
@click.argument("district")
@_out
@_language
@_source
@click.option("--template", default="general", show_default=True)
@click.option("--today", "day", type=Day(), help="Default: today.")
def blank_command(
    *, district: str, out: Path, language: Language, source: str, template: str, day: date | None
) -> None:
    """Letters to the members for DISTRICT (IL-5, or VT) with lines to fill in by hand.

    \b
    Example:
      flask letters blank IL-5 --source fair --out blank.pdf
    """
    campaign, tables = load_letters(load_settings())
    delegation = find_district(tables, district)
    words = campaign.template(template)
    if delegation is None:
        raise click.ClickException(f"{district} is not a district; write it like IL-5 or VT.")
    if words is None:
        raise click.ClickException(f"The campaign has no letter called {template!r}.")
    today = day or date.today()  # noqa: DTZ011
    link = _link(source, language, "blank-letter")
    _save(out, blank_letters_pdf(campaign, words, delegation, today=today, link=link,
                                 language=language))  # fmt: skip
