"""``flask congress``: build the tables, say what they hold, look somebody up.

The group needs no running site and no database. It is registered with the others in the
application factory.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from app.cli.congress_words import describe, holder_line
from app.congress import (
    GeocoderSettings,
    Outcome,
    StreetAnswer,
    Tables,
    TablesError,
    ZipProblem,
    find_delegation,
    load_tables,
    locate_street,
    parse_zip,
)

congress_cli = AppGroup("congress", help="Who represents whom: the tables and the lookup.")

STALE_AFTER_DAYS = 120
"""Members change several times a year; older tables get a warning."""

ZIP_PROBLEMS = {
    "missing": "Give a ZIP code with --zip.",
    "foreign": "US ZIP codes only: five digits, such as 94538.",
    "four_digits": "A ZIP code has five digits; this one has lost its leading zero.",
    "bad_plus4": "The part after the hyphen has four digits, or leave it out.",
    "malformed": "A ZIP code is five digits, such as 94538, perhaps with -1234 after them.",
}


def _today(given: datetime | None) -> date:
    """The day in Washington, where Congresses begin and end."""
    return given.date() if given else datetime.now(ZoneInfo("America/New_York")).date()


def _load() -> Tables:
    try:
        return load_tables()
    except TablesError as error:
        raise click.ClickException(str(error)) from None


_today_option = click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="Pretend that it is this day, such as 2027-01-04.",
)


@congress_cli.command(
    "build",
    with_appcontext=False,
    epilog="Example: flask congress build --from ~/official-files --as-of 2026-11-20",
)
@click.option(
    "--from",
    "source",
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="The folder with the official files.",
)
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where to write the tables; the site's own if left out.",
)
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="The date of the member files. Otherwise the folder's README.md or the file says.",
)
def build(source: Path, target: Path | None, as_of: datetime | None) -> None:
    """Build the tables from the official files.

    The folder holds legislators-current.yaml, legislators-district-offices.yaml,
    committees-current.yaml and committee-membership-current.yaml; a ZIP file
    (tab20_cd11920_zcta520_natl.txt from the Census Bureau, or zip_districts_119.csv); a town
    file (tab20_cd11920_place20_natl.txt, or town_districts_119.csv); and, if you have it,
    senate_forms.csv and the districts' outlines (the Census Bureau's cb_2024_us_cd119_20m as
    GeoJSON, named cd119-20m.geojson). Nothing is written unless all of it can be read.
    """
    from app.congress.build import STEPS, TABLES, build_tables
    from app.congress.model import BuildError

    given = as_of.date() if as_of else None
    try:
        if sys.stdout.isatty():
            from rich.progress import Progress

            with Progress(transient=True) as bar:
                task = bar.add_task("starting", total=STEPS)
                built = build_tables(
                    source,
                    target or TABLES,
                    as_of=given,
                    progress=lambda step: bar.update(task, description=step, advance=1),
                )
        else:
            built = build_tables(source, target or TABLES, as_of=given)
    except BuildError as error:
        raise click.ClickException(str(error)) from None
    click.echo(
        f"Wrote {built.members} members, {built.zips} ZIPs and {built.towns} towns "
        f"({built.size / 1e6:.1f} MB) to {built.folder}"
    )
    if built.forms_kept:
        click.echo("There is no senate_forms.csv in that folder: the former table was kept.")
    if built.map_kept:
        click.echo("There are no outlines of districts in that folder: the former map was kept.")


@congress_cli.command("status", with_appcontext=False, epilog="Example: flask congress status")
@_today_option
def status(today: datetime | None) -> None:
    """Say how old the tables are and what they lack.

    Ends with an error only when the tables cannot be used.
    """
    tables, day = _load(), _today(today)
    split = sum(len(p.candidates) > 1 for parts in tables.zips.values() for p in parts)
    click.echo(f"Congress: {tables.congress} ({tables.begins} to noon on {tables.ends})")
    click.echo(f"Members as of: {tables.as_of}")
    for name, source in tables.sources.items():
        click.echo(f"  {name}: {source}")
    click.echo(
        f"ZIPs: {len(tables.zips)} with districts ({split} split), "
        f"{len(tables.postal)} known to the Postal Service alone"
    )
    seats = Counter(holder.seat.chamber for holder in tables.holders)
    click.echo(
        f"Seats: {len(tables.holders)} ({seats['house']} in the House, {seats['senate']} in the "
        "Senate)"
    )
    vacancies = tables.vacancies()
    _section("Vacant", (seat.id for seat in vacancies))
    _section(
        "Listed term has ended",
        (
            f"{holder_line(holder)}: {holder.member.term_end}"
            for holder in tables.holders
            if holder.member and holder.term_ended(day)
        ),
        most=20,
    )
    _missing(tables)
    for warning in _warnings(tables, day):
        click.echo(f"Warning: {warning}", err=True)


def _section(title: str, lines: Iterable[str], *, most: int = 600) -> None:
    found = list(lines)
    click.echo(f"{title}: {len(found)}")
    for line in found[:most]:
        click.echo(f"  {line}")
    if len(found) > most:
        click.echo(f"  and {len(found) - most} more")


def _missing(tables: Tables) -> None:
    """Fields that the source lacks, by field; the most frequent only as numbers."""
    lacking: dict[str, list[str]] = {}
    for holder in tables.holders:
        for name in holder.member.missing if holder.member else ():
            lacking.setdefault(name, []).append(holder_line(holder))
    click.echo("Members with missing fields:")
    for name, people in sorted(lacking.items()):
        click.echo(
            f"  {name}: {len(people)}" + (f" ({'; '.join(people)})" if len(people) < 10 else "")
        )


def _warnings(tables: Tables, day: date) -> Iterable[str]:
    how = "Download the official files and run: flask congress build --from DIR"
    if day >= tables.ends:
        yield (
            f"the {tables.congress}th Congress ended on {tables.ends}. The site says so and looks "
            f"nobody up until the tables are of the present one. {how}"
        )
    elif (tables.ends - day).days <= 45:
        yield (
            f"this Congress ends in {(tables.ends - day).days} days. From {tables.ends} the site "
            "looks nobody up until the tables are built from the new files."
        )
    age = (day - tables.as_of).days
    if age > STALE_AFTER_DAYS:
        yield f"the members' file is {age} days old; seats may have changed hands. {how}"


@congress_cli.command(
    "find",
    with_appcontext=False,
    epilog="Example: flask congress find --zip 94538 --state CA "
    '--street "39550 Liberty St" --city Fremont',
)
@click.option("--zip", "zip_text", required=True, metavar="ZIP", help="The ZIP code of the home.")
@click.option("--state", metavar="CA", help="The state of the home.")
@click.option(
    "--street",
    metavar="TEXT",
    help="The street address. It is sent to the configured geocoder (the Census Bureau).",
)
@click.option("--city", default="", metavar="TEXT", help="The town.")
@click.option("--district", type=int, metavar="N", help="The district, picked by hand.")
@click.option("--state-confirmed", is_flag=True, help="The state is right, whatever the ZIP says.")
@_today_option
def find(
    *,
    zip_text: str,
    state: str | None,
    street: str | None,
    city: str,
    district: int | None,
    state_confirmed: bool,
    today: datetime | None,
) -> None:
    """Say who represents an address, and if that is open, what to do next."""
    parsed = parse_zip(zip_text)
    if isinstance(parsed, ZipProblem):
        meant = f" Did you mean {parsed.suggestion}?" if parsed.suggestion else ""
        raise click.UsageError(ZIP_PROBLEMS[parsed.kind] + meant)
    tables, day = _load(), _today(today)
    answer: StreetAnswer | None = None
    if street and day < tables.ends:
        answer = locate_street(street, city, state, parsed.five, geocoder=_geocoder(tables))
    outcome: Outcome = find_delegation(
        parsed.five,
        state,
        today=day,
        district=district,
        state_confirmed=state_confirmed,
        city=city,
        street=answer,
        tables=tables,
    )
    for line in describe(outcome, tables, day):
        click.echo(line)


def _geocoder(tables: Tables) -> GeocoderSettings:
    from app.site.settings import SettingsError, load_settings

    try:
        settings = load_settings()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    if not settings.street_lookup:
        raise click.ClickException(
            "Looking up streets is turned off on this site (the setting street_lookup)."
        )
    return GeocoderSettings(
        provider=settings.geocoder_provider,
        url=settings.geocoder_url,
        vintage=settings.geocoder_vintage,
        timeout=settings.geocoder_timeout,
        congress=tables.congress,
    )
