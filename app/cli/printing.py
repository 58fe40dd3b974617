"""Things to print: ``flask letters labels``, ``poster``, ``signup`` and ``blank``, and the day
sheets of ``flask signatures sheets``."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import click

from app.campaign.words import Language, said
from app.cli.plain import (
    FILE,
    NEW_FILE,
    CampaignCommand,
    PlainCommand,
    StateCode,
    Tag,
    day_option,
    language_option,
    name_ended_terms,
    progress,
    some,
    template_option,
)
from app.congress.model import Holder, ordinal
from app.congress.names import inside_address
from app.congress.places import Zip, parse_zip
from app.congress.tables import Tables
from app.delivery.writer_rows import NEEDED, BadRow, read_rows
from app.documents.day_sheet import book_pdf, sheets_pdf
from app.documents.letter import return_address
from app.documents.pdf import missing_glyphs
from app.documents.printables import (
    Link,
    blank_letters_pdf,
    labels_pdf,
    may_be_signed,
    poster_pdf,
    signup_pdf,
)
from app.files import write_file
from app.records.database import local_database
from app.records.fillers import is_street
from app.records.office_numbers import office_sheets, sheet_facts
from app.site.live import chosen_standing
from app.site.paper_links import find_district, link_for
from app.site.services import campaign_and_tables, moment_of_site, today_of_site
from app.site.settings import load_settings

NO_ADDRESS = "Set site_url in settings.toml first, because the QR code on the paper leads there."
ENDED = "This campaign has ended and no one can sign it, so nothing was made."
LAW = (
    "The bill has become law, so there is no sheet that asks for or against it. Print blank "
    "letters, which ask what the letters ask now: flask letters blank"
)

_out = click.option("--out", required=True, type=NEW_FILE,
                    help="The PDF file to write.")  # fmt: skip
_source = click.option("--source", default="", metavar="TAG", type=Tag(),
                       help="A source tag for the QR code, like library.")  # fmt: skip


def _link(tag: str, language: Language, usual: str) -> Link:
    settings = load_settings()
    standing = chosen_standing(settings)
    if standing.state == "ended":
        raise click.ClickException(ENDED)
    link = link_for(settings.site_url, tag, language, usual, standing.prefix)
    if link is None:
        raise click.ClickException(NO_ADDRESS)
    return link


def _save(out: Path, pdf: bytes, *, private: bool = False) -> None:
    write_file(out, pdf, mode=0o600 if private else 0o666)
    click.echo(f"Wrote {out}.")


@click.command("labels", cls=PlainCommand)
@_out
@click.option("--people", type=FILE,
              help="Make labels for the people in this file (CSV or opened details).")  # fmt: skip
@click.option("--state", metavar="CA", type=StateCode(), help="Only the offices of this state.")
@click.option("--local", is_flag=True, help="Use the local offices instead of those in Washington.")
@click.option("--or-washington", is_flag=True,
              help="With --local, use Washington for members without a local office.")  # fmt: skip
@click.option("--first-place", type=click.IntRange(1, 30), default=1, show_default=True,
              help="The first label to use on a partly used sheet.")  # fmt: skip
@click.option("--frames", is_flag=True, help="Draw the edges, for a test on plain paper.")
def labels_command(
    *, out: Path, people: Path | None, state: str | None, local: bool, or_washington: bool,
    first_place: int, frames: bool,
) -> None:  # fmt: skip
    """Make mailing labels for the offices of Congress, or for people, on sheets like Avery 5160.

    Print at 100%, not “fit to page”. Vacant seats and members without a local office are listed.

    \b
    Example:
      flask letters labels --state CA --out labels.pdf
      flask letters labels --state OH --local --or-washington --out labels.pdf
      flask letters labels --people opened.jsonl --out labels.pdf
    """
    if people:
        addresses = _people(people)
    else:
        settings = load_settings()
        campaign, tables = campaign_and_tables(settings)
        addresses = _offices(tables, state, local=local, or_washington=or_washington)
        chosen = [h for h in tables.holders if state in (None, h.seat.state)]
        name_ended_terms(chosen, tables, today_of_site(settings, campaign))
    if not addresses:
        raise click.ClickException("There are no addresses to make labels for.")
    _save(out, labels_pdf(addresses, first_place=first_place, frames=frames), private=bool(people))


def _offices(
    tables: Tables, state: str | None, *, local: bool, or_washington: bool
) -> list[tuple[str, ...]]:
    """The offices' addresses; prints the seats that have none."""
    addresses: list[tuple[str, ...]] = []
    homeless, vacant, awaited = list[str](), list[str](), list[str]()
    for holder in tables.holders:
        if state and holder.seat.state != state:
            continue
        if holder.member is None:
            (awaited if holder.awaited else vacant).append(holder.seat.id)
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
    if awaited:
        click.echo(
            f"No label for {some(len(awaited), 'seat')} whose member is not in the list of "
            f"{tables.as_of}: {', '.join(awaited)}", err=True,
        )  # fmt: skip
    if homeless:
        what = (
            "Using the address in Washington" if or_washington
            else "No label (use --or-washington for the address there)"
        )  # fmt: skip
        click.echo(
            f"{what} for {some(len(homeless), 'member')} without a listed local office:"
            f" {', '.join(homeless)}", err=True,
        )  # fmt: skip
    return addresses


def _people(path: Path) -> list[tuple[str, ...]]:
    found = []
    for row in read_rows(path, NEEDED[:-1]):  # mail needs no email address
        number = row.number
        if isinstance(row, BadRow):
            click.echo(f"No label for row {number}: {row.message}", err=True)
        elif not (row.writer.name.strip() and is_street(row.writer.street)):
            click.echo(f"No label for row {number}: it has no name or no street.", err=True)
        else:
            code = parse_zip(row.writer.zip)
            if not isinstance(code, Zip) and code.kind == "four_digits":
                click.echo(f"Row {number}: ZIP code {row.writer.zip} lacked its leading zero. The "
                           f"label has {code.suggestion}.", err=True)  # fmt: skip
                row.values["zip"] = code.suggestion or row.writer.zip
            elif not isinstance(code, Zip):
                click.echo(f"Row {number}: “{row.writer.zip}” is not a ZIP code. The label has it "
                           "unchanged.", err=True)  # fmt: skip
            address = (row.writer.name, *return_address(row.writer))
            if lost := missing_glyphs(*address):
                click.echo(f"Row {number}: no font here has {' '.join(lost)}. The label has a "
                           "mark instead: write it by hand.", err=True)  # fmt: skip
            found.append(address)
    return found


@click.command("poster", cls=CampaignCommand)
@_out
@language_option
@_source
def poster_command(*, out: Path, language: Language, source: str) -> None:
    """Make a poster with a QR code, on US Letter paper.

    \b
    Example:
      flask letters poster --language es --source library --out poster.pdf
    """
    settings = load_settings()
    campaign, _tables = campaign_and_tables(settings)
    link = _link(source, language, "poster")
    title = said(campaign, "title", language)
    _save(out, poster_pdf(title=title, group=settings.group_name, link=link, language=language))


@click.command("signup", cls=CampaignCommand)
@_out
@language_option
@_source
def signup_command(*, out: Path, language: Language, source: str) -> None:
    """Make a sign-up sheet for a table. Enter what people write on it under “Paper”.

    \b
    Example:
      flask letters signup --source fair --out signup.pdf
    """
    settings = load_settings()
    campaign, _tables = campaign_and_tables(settings)
    link = _link(source, language, "table")
    now = moment_of_site(settings)
    if not may_be_signed(campaign, now):
        raise click.ClickException(LAW)
    _save(out, signup_pdf(campaign, group=settings.group_name, link=link, when=now,
                          language=language))  # fmt: skip


@click.command("blank", cls=CampaignCommand)
@click.argument("district")
@_out
@language_option
@_source
@template_option
@day_option
def blank_command(
    *, district: str, out: Path, language: Language, source: str, template: str, day: date | None
) -> None:
    """Make letters to the members for DISTRICT (IL-5, or VT) with lines to fill in by hand.

    \b
    Example:
      flask letters blank IL-5 --source fair --out blank.pdf
    """
    settings = load_settings()
    campaign, tables = campaign_and_tables(settings)
    delegation = find_district(tables, district)
    words = campaign.template(template)
    if delegation is None:
        raise click.ClickException(f"{district} is not a district. Write it like IL-5 or VT.")
    if words is None:
        raise click.ClickException(f"The campaign has no letter named {template!r}.")
    today = day or today_of_site(settings, campaign)
    link = _link(source, language, "blank-letter")
    _save(out, blank_letters_pdf(campaign, words, delegation, today=today, link=link,
                                 language=language))  # fmt: skip


@click.command("sheets", cls=CampaignCommand)
@_out
@click.option("--state", metavar="CA", type=StateCode(),
              help="Only this state’s delegation.")  # fmt: skip
@click.option(
    "--member", metavar="P000145", help="Only this member: a bioguide id, or a seat like CA-12."
)
def sheets_command(out: Path, state: str | None, member: str | None) -> None:
    """Make day sheets as one PDF: a page for each office, with its number and its ask.

    Without --state or --member it covers all 541 seats, with a cover and an index.

    \b
    Examples:
      flask signatures sheets --out all-offices.pdf
      flask signatures sheets --state CA --out california.pdf
      flask signatures sheets --member CA-12 --out ca-12.pdf
    """
    if state and member:
        raise click.UsageError("Use either --state or --member, not both.")
    settings = load_settings()
    campaign, tables = campaign_and_tables(settings)
    holders = _chosen(tables, state, member)
    today = today_of_site(settings, campaign)
    started = time.monotonic()
    sheets = office_sheets(
        local_database(settings.database), campaign, holders, today=today,
        tables=tables, towns=settings.keep_towns,
    )  # fmt: skip
    facts = sheet_facts(
        campaign, group=settings.group_name, today=today, members_as_of=tables.as_of
    )
    if state or member:
        pdf = sheets_pdf(sheets, facts)
    else:
        with progress("Sheets", len(sheets)) as bar:
            pdf = book_pdf(sheets, facts, progress=bar)
    write_file(out, pdf, mode=0o666)
    seconds = time.monotonic() - started
    click.echo(f"Wrote {out}: {some(len(sheets), 'sheet')} in {seconds:.1f} s", err=True)


def _chosen(tables: Tables, state: str | None, member: str | None) -> list[Holder]:
    if state:
        return [holder for holder in tables.holders if holder.seat.state == state]
    if member:
        name = member.upper()
        holder = tables.holder(name) or tables.holder_of(name)
        if holder is None and (person := tables.people.get(name)):
            seat, who = person.holder.seat.id, person.member.full_name
            raise click.ClickException(
                f"{who} held {seat} in the {ordinal(person.congress)} Congress; the list of "
                f"{tables.as_of} does not show that they sit now. Name the seat instead: "
                f"--member {seat}"
            )
        if holder is None:
            raise click.ClickException(
                f"{member} is not the id of anyone in Congress (list of {tables.as_of}), nor a "
                "seat. Write seats like CA-12 or CA-S3."
            )
        return [holder]
    return list(tables.holders)
