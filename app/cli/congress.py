"""``flask congress``: build the tables, show what they contain, look up an address.

Needs no running site or database, and to build, no tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import click

from app.cli.plain import FILE, FOLDER, NEW_FOLDER, Day, PlainGroup, step
from app.congress.lookup import find_delegation
from app.congress.model import (
    STATES,
    WASHINGTON,
    Choose,
    ChooseState,
    Disagree,
    Found,
    Holder,
    Outcome,
    OutOfDate,
    Outside,
    StreetAnswer,
    Unavailable,
    ZipUnknown,
    as_moment,
    congress_at,
    congress_years,
    day_in_washington,
    ordinal,
)
from app.congress.names import NOTICES, STREET_REASONS, seat_code, seat_name, titled_name
from app.congress.places import ZipProblem, parse_district, parse_zip, read_state
from app.congress.street import locate_street
from app.congress.tables import STALE_AFTER_DAYS, Tables, load_tables
from app.site.services import geocoder_of
from app.site.settings import load_settings
from app.text import read_day

Command = TypeVar("Command", bound=Callable[..., object])

congress_cli = PlainGroup("congress")

ZIP_PROBLEMS = {
    "missing": "Enter a ZIP code with --zip.",
    "foreign": "U.S. ZIP codes only: five digits, like 94538.",
    "four_digits": "A ZIP code has five digits; this one lost its leading zero.",
    "bad_plus4": "The part after the hyphen needs four digits. You can leave it out.",
    "malformed": "A ZIP code is five digits, like 94538, or nine, like 94538-1234.",
}


def _load(when: datetime) -> Tables:
    """The tables for a moment. Raises ``ClickException`` if they do not cover it."""
    tables = load_tables(load_settings().instance, when)
    if tables.first_known <= tables.congress == congress_at(when):
        return tables
    raise click.ClickException(
        f"The tables cover noon on {congress_years(tables.first_known)[0]}-01-03 to noon on "
        f"{congress_years(tables.last_known)[1]}-01-03 in Washington, but not "
        f"{when.astimezone(WASHINGTON):%Y-%m-%d %H:%M}."
    )


class _Moment(click.ParamType[datetime]):
    """Noon of a day as people write it, or a minute such as 2027-01-03T11:59, in Washington."""

    name = "day"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        if day := read_day(value):
            return as_moment(day)
        try:
            there = datetime.fromisoformat(value.strip())
        except ValueError:
            self.fail(
                f"{value!r} is not a day or a minute. Write it like 2027-01-04 or "
                "2027-01-03T11:59.", param, ctx,
            )  # fmt: skip
        return (there if there.tzinfo else there.replace(tzinfo=WASHINGTON)).astimezone(UTC)


def _moment(given: datetime | None) -> datetime:
    """The given moment, otherwise the site's rehearsal day, otherwise now."""
    if given is not None:
        return given
    rehearsal = load_settings().today
    return as_moment(date.fromisoformat(rehearsal)) if rehearsal else datetime.now(UTC)


_moment_option = click.option(
    "--today", "--on", "given", metavar="DAY", type=_Moment(),
    help="Pretend that it is noon on this day, like 2027-01-04, or this minute in Washington, "
         "like 2027-01-03T11:59.",
)  # fmt: skip
_as_of_option = click.option(
    "--as-of", type=Day(), metavar="DAY",
    help="The date of the member files. Default: what their server, the folder’s README.md or "
         "the files say.",
)  # fmt: skip


def _from_option(what: str, *, required: bool = True) -> Callable[[Command], Command]:
    return click.option("--from", "source", required=required, type=FOLDER, metavar="DIR",
                        help=what)  # fmt: skip


@congress_cli.command("build")
@_from_option("The folder with the official files.")
@click.option("--to", "target", type=NEW_FOLDER, metavar="DIR",
              help="Where to write the tables. Default: the site’s own.")  # fmt: skip
@_as_of_option
def build(source: Path, target: Path | None, as_of: date | None) -> None:
    """Build the tables from the official files.

    Nothing is written unless every file can be read.

    \b
    The folder must have:
      legislators-current.yaml, legislators-district-offices.yaml,
      committees-current.yaml and committee-membership-current.yaml
      a ZIP file: tab20_cd11920_zcta520_natl.txt from the Census Bureau,
        or zip_districts_119.csv
      a town file: tab20_cd11920_place20_natl.txt, or town_districts_119.csv

    \b
    It may have:
      the people's shares (zip_people_119.csv) and slivers
        (zip_slivers_119.csv), or the Census Bureau's block files instead
        (see flask congress blocks)
      for the next Congress: plans_120.csv with zip_people_120.csv
      senate_forms.csv
      the districts' outlines: the Census Bureau's cb_2024_us_cd119_20m
        as GeoJSON, named cd119-20m.geojson

    \b
    Example:
      flask congress build --from ~/official-files --as-of 2026-11-20
    """
    from app.congress.build import build_tables
    from app.congress.tables import FOLDER as TABLES

    built = build_tables(source, target or TABLES, as_of=as_of, progress=step, detail=step)
    click.echo(
        f"Wrote {built.members} members, {built.zips} ZIPs and {built.towns} towns "
        f"({built.size / 1e6:.1f} MB) to {built.folder}"
    )
    for notice in built.notices:
        click.echo(f"Note: {notice}")
    if built.forms_kept:
        click.echo("That folder has no senate_forms.csv, so the previous table was kept.")
    if built.map_kept:
        click.echo("That folder has no district outlines, so the previous map was kept.")


@congress_cli.command("blocks")
@_from_option("The folder with the Census Bureau’s block files.")
@click.option(
    "--congress",
    type=int,
    required=True,
    metavar="N",
    help="The Congress whose district lines to count, like 120.",
)
@click.option("--to", "target", required=True, type=FOLDER, metavar="DIR",
              help="Where to write zip_people_N.csv and town_districts_N.csv.")  # fmt: skip
@click.option("--compare", type=FILE, metavar="FILE",
              help="List the differences from this other zip_people_N.csv.")  # fmt: skip
def blocks(source: Path, congress: int, target: Path, compare: Path | None) -> None:
    """Count the people of each ZIP by district from the Census Bureau's block files.

    The folder holds cd120.zip (blocks to districts), tab20_zcta520_tabblock20_natl.txt (blocks
    to ZIPs, over a gigabyte), the geographic headers of the 2020 redistricting data
    (cageo2020.pl, or ca2020.pl.zip, for every state) and, for towns, the block assignment
    (BlockAssign_ST06_CA.zip, for every state). Build can read these files itself; this command
    saves the result, so that the next build does not need them.

    \b
    Example:
      flask congress blocks --from ~/census --congress 120 --to ~/official-files
    """
    from app.congress.sources.blocks import count_blocks, differences, write_people, write_towns

    counted = count_blocks(source, congress, step)
    found = differences(counted.zips, compare) if compare else []
    path = target / f"zip_people_{congress}.csv"
    write_people(counted.zips, path)
    click.echo(f"Wrote {len(counted.zips)} ZIPs to {path.name}")
    if counted.towns:
        path = target / f"town_districts_{congress}.csv"
        write_towns(counted.towns, path)
        click.echo(f"Wrote {len(counted.towns)} towns to {path.name}")
    if compare:
        _section(f"Different in {compare.name}", found)


@congress_cli.command("refresh")
@_from_option("Read the files from this folder instead of downloading them.", required=False)
@_as_of_option
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
def refresh_command(source: Path | None, as_of: date | None, dry_run: bool) -> None:
    """Fetch the list of members, check it, and install it for this site.

    Running workers use it from their next page. A list that is incomplete, mixed or older than the
    installed one changes nothing, and the command says why.

    \b
    With --from DIR, the folder must have:
      legislators-current.yaml, legislators-district-offices.yaml,
      committees-current.yaml and committee-membership-current.yaml
    It may have:
      plans_120.csv and zip_people_120.csv, the coming district lines
        (instead of the setting lines_source)
      a ZIP file, from which the districts are rebuilt as by build

    \b
    Examples:
      flask congress refresh --dry-run
      flask congress refresh --from ~/lists
    """
    from app.congress.refresh import RefreshError, fetch_and_refresh, refresh

    settings, moment = load_settings(), datetime.now(UTC)
    try:
        if source is None:
            changes = fetch_and_refresh(
                settings.congress_source, settings.instance, now=moment, as_of=as_of,
                lines=settings.lines_source, dry_run=dry_run, progress=step,
            )  # fmt: skip
        else:
            changes = refresh(source, settings.instance, now=moment, as_of=as_of, dry_run=dry_run)
    except RefreshError as error:
        raise click.ClickException(f"Nothing was changed. {error}") from None
    click.echo(f"Members as of {changes.after} (before: {changes.before})")
    for title, lines in (
        ("Joined", changes.joined),
        ("Left", changes.left),
        ("Moved to another seat", changes.moved),
        ("New address, phone or form", changes.offices),
        ("Other district lines", changes.lines),
        ("Notes", changes.notices),
    ):
        if lines:
            _section(title, lines, most=60)
    if changes.folder is None:
        click.echo("Nothing was installed (--dry-run).")
    else:
        click.echo(
            f"Installed: {changes.folder.name}. Running workers use it from their next page."
        )


REHEARSED = (
    ("38103", "TN"), ("84101", "UT"), ("78701", "TX"), ("90210", "CA"), ("35203", "AL"),
    ("33101", "FL"), ("70112", "LA"), ("27601", "NC"), ("43215", "OH"), ("64108", "MO"),
    ("01930", "MA"), ("05602", "VT"), ("20009", "DC"), ("00926", "PR"), ("96910", "GU"),
)  # fmt: skip
"""ZIPs in the nine states with new lines, in Missouri, in other states, and in territories."""


@congress_cli.command("rehearse")
@_moment_option
def rehearse(given: datetime | None) -> None:
    """Show what residents would see at a given time, with the current tables.

    \b
    Example:
      flask congress rehearse --on 2027-01-03T12:01
    """
    moment = _moment(given)
    tables = _load(moment)
    there = moment.astimezone(WASHINGTON)
    click.echo(f"{there:%Y-%m-%d %H:%M:%S} in Washington: the {ordinal(tables.congress)} Congress")
    held = sum(h.member is not None for h in tables.holders)
    click.echo(
        f"{held} seats with a member, {len(tables.awaited())} whose member is not listed yet, "
        f"{len(tables.vacancies())} vacant; list of {tables.as_of}"
    )
    for zip5, state in REHEARSED:
        outcome = find_delegation(zip5, state, now=moment, tables=tables)
        click.echo(f"{zip5} {state}:")
        for line in describe(outcome, tables, day_in_washington(moment)):
            if not line.startswith(("    ", "Next:")):
                click.echo(f"  {line}")
    for warning in _warnings(tables, moment):
        click.echo(f"Warning: {warning}", err=True)


@congress_cli.command("status")
@_moment_option
def status(given: datetime | None) -> None:
    """Show how old the tables are and what they lack.

    Fails only if the tables cannot be used.

    \b
    Example:
      flask congress status
    """
    moment = _moment(given)
    tables, day = _load(moment), day_in_washington(moment)
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
    for plan in tables.plans.values():
        click.echo(f"  {plan.state}: {plan.act} ({plan.decided})")
    _section("Vacant", (seat.id for seat in vacancies))
    if awaited := tables.awaited():
        _section("Name not listed yet", (seat.id for seat in awaited), most=20)
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
    for warning in _warnings(tables, moment):
        click.echo(f"Warning: {warning}", err=True)


def _section(title: str, lines: Iterable[str], *, most: int = 600) -> None:
    found = list(lines)
    click.echo(f"{title}: {len(found)}")
    for line in found[:most]:
        click.echo(f"  {line}")
    if len(found) > most:
        click.echo(f"  and {len(found) - most} more")


def _missing(tables: Tables) -> None:
    """Print the members without each field; where there are many, only their number."""
    lacking: dict[str, list[str]] = {}
    for holder in tables.holders:
        for name in holder.member.missing if holder.member else ():
            lacking.setdefault(name, []).append(holder_line(holder))
    click.echo("Members with missing fields:")
    for name, people in sorted(lacking.items()):
        click.echo(
            f"  {name}: {len(people)}" + (f" ({'; '.join(people)})" if len(people) < 10 else "")
        )


def _warnings(tables: Tables, moment: datetime) -> Iterable[str]:
    how = "Run: flask congress refresh"
    day = day_in_washington(moment)
    if not tables.has_lines:
        yield (
            f"the tables have no districts for the {ordinal(tables.congress)} Congress. The site "
            f"says so and looks no one up until new tables are installed. {how}"
        )
    elif tables.awaited():
        yield f"{len(tables.awaited())} seats have a member whom the list does not name yet. {how}"
    elif (tables.ends - day).days <= 45:
        yield (
            f"this Congress ends in {(tables.ends - day).days} days, at noon on {tables.ends}. "
            f"From then on, no one whose term ended gets letters. {how} in the first days after "
            "that."
        )
    age = (day - tables.as_of).days
    if age > STALE_AFTER_DAYS:
        yield f"the members' file is {age} days old; seats may have changed hands. {how}"


@congress_cli.command("find")
@click.option("--zip", "zip_text", required=True, metavar="ZIP", help="The ZIP code of the home.")
@click.option("--state", metavar="CA", help="The state of the home.")
@click.option("--street", metavar="TEXT", help="The street address. It is sent to the configured "
              "geocoder (the Census Bureau).")  # fmt: skip
@click.option("--city", default="", metavar="TEXT", help="The town.")
@click.option("--district", default="", metavar="CA-12",
              help="Choose the district yourself: CA-12, 12 or at large.")  # fmt: skip
@click.option(
    "--state-confirmed",
    is_flag=True,
    help="Trust --state even if the ZIP code is in another state.",
)
@_moment_option
def find(
    *, zip_text: str, state: str | None, street: str | None, city: str, district: str,
    state_confirmed: bool, given: datetime | None,
) -> None:  # fmt: skip
    """Show who represents an address, or what else is needed to tell.

    \b
    Example:
      flask congress find --zip 94538 --state CA --street "39550 Liberty St" --city Fremont
    """
    parsed = parse_zip(zip_text)
    if isinstance(parsed, ZipProblem):
        meant = f" Did you mean {parsed.suggestion}?" if parsed.suggestion else ""
        raise click.UsageError(ZIP_PROBLEMS[parsed.kind] + meant)
    if state and read_state(state) is None:
        raise click.UsageError(f"{state} is not a state or territory: write it like CA.")
    number: int | None = None
    if district:
        picked = parse_district(district, state or "")
        if picked is None:
            raise click.UsageError(
                f"{district} is not a district{f' of {state}' if state else ''}: write it like "
                "CA-12, 12 or at large."
            )
        state, number = picked[0] or state, picked[1]
    moment = _moment(given)
    tables = _load(moment)
    answer: StreetAnswer | None = None
    if street and tables.has_lines:
        answer = _ask(street, city, state, parsed.five, tables)
    outcome = find_delegation(
        parsed.five, state, now=moment, district=number, state_confirmed=state_confirmed,
        city=city, street=answer, tables=tables,
    )  # fmt: skip
    for line in describe(outcome, tables, day_in_washington(moment)):
        click.echo(line)
    if isinstance(outcome, Found) and outcome.match == "chosen":
        plain = find_delegation(
            parsed.five, outcome.delegation.state, now=moment, state_confirmed=state_confirmed,
            city=city, tables=tables,
        )  # fmt: skip
        here, chosen = _districts(plain), outcome.delegation.house.seat.id
        if here and chosen not in here:
            click.echo(f"Note: {parsed.five} is in {', '.join(here)}, not in {chosen}.")


def _districts(outcome: Outcome) -> list[str]:
    """The seats of a ZIP code's districts; empty if it does not narrow them down."""
    if isinstance(outcome, Found):
        return [outcome.delegation.house.seat.id, *(c.holder.seat.id for c in outcome.slivers)]
    if isinstance(outcome, Choose) and outcome.reason == "split":
        return [c.holder.seat.id for c in (*outcome.candidates, *outcome.slivers)]
    return []


def _ask(street: str, city: str, state: str | None, five: str, tables: Tables) -> StreetAnswer:
    settings = load_settings()
    if not settings.street_lookup:
        raise click.ClickException(
            "Street lookup is turned off on this site (the setting street_lookup)."
        )
    return locate_street(street, city, state, five, geocoder=geocoder_of(settings), tables=tables)


# --- every outcome of a lookup in words, with the next step --------------------------------

HOW_MATCHED = {
    "zip": "by the ZIP code",
    "street": "by the street address",
    "chosen": "as you chose",
}

WHY_CHOOSE = {
    "split": "This ZIP code covers several districts.",
    "no_row": "This ZIP code (a PO box or a single building) has no district of its own.",
    "state_confirmed": "The ZIP code does not narrow it down within this state.",
    "street_ambiguous": "This street address matches places in several districts.",
    "street_failed": (
        "The street address did not settle it, so these are the districts of the ZIP code."
    ),
}

OUTSIDE = {
    "military": (
        "This is a military or diplomatic address. Your district is that of your home, where you "
        "vote.",
        "Next: find with the ZIP code and the state of your home address in the United States.",
    ),
    "associated_state": (
        "Micronesia, the Marshall Islands and Palau have no seat in Congress.",
        "Next: if you vote in a state, find with the ZIP code and state of your home there.",
    ),
    "foreign": (
        "This is not a US ZIP code.",
        "Next: if you vote in a state, find with the ZIP code and state of your home there.",
    ),
}


def holder_line(holder: Holder) -> str:
    """``CA-12  Representative Simon``, or that no one is listed."""
    if holder.member:
        return f"{holder.seat.id}  {titled_name(holder)}"
    return f"{holder.seat.id}  {'no name listed yet' if holder.awaited else 'vacant'}"


def _details(holder: Holder, tables: Tables, day: date) -> Iterator[str]:
    member = holder.member
    if member is None:
        if holder.awaited:
            what = "our list does not yet say who holds this seat"
        else:
            what = "this seat is vacant"
        yield f"  {holder.seat.id}: {what} (list of {tables.as_of}); write to the others."
        return
    ended = f", listed term ended {member.term_end}: check" if holder.term_ended(day) else ""
    contact = ", ".join(part for part in (member.phone, member.contact_url) if part)
    yield f"  {holder.seat.id}: {holder.seat.title} {member.full_name}{ended}"
    yield f"    {', '.join(member.washington.lines)}"
    if contact:
        yield f"    {contact}"


def _found(outcome: Found, tables: Tables, today: date) -> Iterator[str]:
    delegation = outcome.delegation
    yield (
        f"Found {HOW_MATCHED[outcome.match]}: {seat_name(delegation.house)} "
        f"({seat_code(delegation.state, delegation.district)}), members as of {tables.as_of}."
    )
    for holder in delegation.holders:
        yield from _details(holder, tables, today)
    yield from _slivers(outcome)
    if not delegation.senate:
        yield f"{STATES[delegation.state]} has no senators: one letter."


def _slivers(outcome: Found | Choose) -> Iterator[str]:
    for candidate in outcome.slivers:
        yield f"  {holder_line(candidate.holder)}, for people on less than 1% of the ZIP's land"


def _choose(outcome: Choose, tables: Tables, today: date) -> Iterator[str]:
    state, only = STATES[outcome.state], len(outcome.candidates) == 1
    another = "choose any of the state's districts with --district"
    steps = f"add --street and --city, or {another}"
    if not only:
        yield f"{WHY_CHOOSE[outcome.reason]} Districts in {state}:"
    elif outcome.candidates[0].holder.seat.district:
        # The ZIP settles it, but --district names a district that does not exist.
        yield f"This ZIP code is in one district of {state}:"
        steps = f"leave out --district, or {another}"
    else:
        yield f"{state} has one seat in the House and no numbered districts:"
        steps = "leave out --district"
    for number, candidate in enumerate(outcome.candidates):
        of = "land" if candidate.by_land else "people"
        share = f", {candidate.share:.1%} of the ZIP's {of}" if candidate.share is not None else ""
        likely = ", suggested by the town" if number < outcome.likely else ""
        yield f"  {holder_line(candidate.holder)}{share}{likely}"
    yield from _slivers(outcome)
    if outcome.senate:
        yield "The senators:" if only else "The senators are the same in all of them:"
        for holder in outcome.senate:
            yield from _details(holder, tables, today)
    yield f"Next: {steps}."


def describe(outcome: Outcome, tables: Tables, today: date) -> Iterator[str]:
    """The result of a lookup in lines, with what to do next."""
    match outcome:
        case Found():
            yield from _found(outcome, tables, today)
        case Choose():
            yield from _choose(outcome, tables, today)
        case ChooseState(zip5, states):
            yield f"ZIP {zip5} is in {' and '.join(STATES[s] for s in states)}."
            yield f"Next: choose one with --state {' or --state '.join(states)}."
        case Disagree(zip5, state, states):
            there = " and ".join(STATES[s] for s in states)
            yield f"ZIP {zip5} is in {there}, not in {STATES.get(state, state)}."
            yield "Next: correct the one that is wrong, or add --state-confirmed."
        case ZipUnknown(zip5, senate):
            for holder in senate:
                yield from _details(holder, tables, today)
            yield f"ZIP {zip5} is not known to the Postal Service or in the district tables."
            yield "Next: check it. If it is right, add --state and --state-confirmed."
        case Outside(kind):
            yield from OUTSIDE[kind]
        case OutOfDate(congress, ended):
            yield (
                f"The tables have no districts after the {ordinal(congress)} Congress, which ended "
                f"on {ended}."
            )
            yield "Next: install new tables: flask congress refresh"
        case Unavailable(reason, fallback):
            yield STREET_REASONS[reason]
            yield from describe(fallback, tables, today)
    notice = outcome.notice if isinstance(outcome, Found | Choose) else None
    if notice:
        yield f"Note: {NOTICES[notice]}"
