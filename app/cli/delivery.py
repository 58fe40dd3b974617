"""Commands for outgoing mail and delivery: ``flask mail``, and ``flask letters xml``, ``deliver``
and ``note`` for the offices' own systems."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import click

from app.cli.plain import (
    FILE,
    FOLDER,
    NEW_FOLDER,
    CampaignCommand,
    PlainGroup,
    day_option,
    progress,
    template_option,
)
from app.congress.model import Chamber, as_moment
from app.cwc.folder import (
    FolderOrder,
    LetterBook,
    NotesError,
    Summary,
    hand_over_folder,
    messages_in,
    note_results,
    result_words,
    write_batch,
)
from app.cwc.message import check_agent
from app.delivery.mail import Mail, parse_address
from app.delivery.queue import STUCK
from app.delivery.writer_rows import read_rows
from app.records.database import local_database
from app.site.live import chosen_campaign
from app.site.outgoing import cwc_client, delivery_agent, mail_queue, offices_of, standing_now
from app.site.services import campaign_and_tables, moment_of_site
from app.site.settings import load_settings

CHAMBERS: dict[str, tuple[Chamber, ...]] = {
    "both": ("house", "senate"),
    "house": ("house",),
    "senate": ("senate",),
}
AGENT_SETTINGS = {"agent name": "cwc_agent", "agent organization": "group_name"}


mail_group = PlainGroup("mail")


@mail_group.command("status")
def status_command() -> None:
    """Show how many messages are in each state, and list those that are stuck.

    Exits with status 1 if a message has been stuck for an hour (is a worker running?).

    \b
    Example:
      flask mail status
    """
    settings = load_settings()
    outbound = mail_queue(settings).post.outbound
    numbers = outbound.numbers()
    for state, number in numbers.items():
        click.echo(f"{number:>8,}  {state}")
    if not numbers:
        click.echo("No messages.")
    if (offices := offices_of(settings)) is not None:
        since = datetime.now(UTC) - timedelta(days=settings.keep_mail_days)
        for name, number in offices.outbound.numbers(letters_since=since).items():
            click.echo(f"{number:>8,}  letters to offices' own systems: {name}")
    stuck = outbound.stuck(datetime.now(UTC), longer_than=STUCK)
    for row in stuck[:100]:
        cause = f" ({row.cause})" if row.cause else ""
        click.echo(f"Stuck: {row.kind} {row.id}, {row.state} since {row.state_at:%Y-%m-%d %H:%M} "
                   f"UTC{cause}")  # fmt: skip
    if stuck:
        click.echo("Start a worker: flask worker", err=True)
        sys.exit(1)


@mail_group.command("test")
@click.argument("address")
def test_command(address: str) -> None:
    """Send a test message to ADDRESS now, without the worker, and print the result.

    \b
    Example:
      flask mail test me@example.org
    """
    to = parse_address(address)
    if to is None:
        raise click.ClickException("Enter a full email address, like name@example.org.")
    queue = mail_queue(load_settings())
    queue.post.notify = lambda: None
    text = "This is a test of the site’s mail. “It’s ours” — 40° 🐢.\n"
    mail = Mail("other", to, "A test of the site’s mail", text)
    put = queue.post.enqueue(mail, idempotency_key=datetime.now(UTC).isoformat())
    if put is None:
        raise click.ClickException(
            "This address has had all the messages it may get today (mail_per_address_a_day)."
        )
    result = queue.worker.deliver(put.id)
    assert result is not None
    click.echo(f"{result.outcome}: {result.cause}")
    if result.outcome != "accepted":
        sys.exit(1)


@click.command("xml", cls=CampaignCommand)
@click.argument("file", type=FILE)
@click.option("--out", required=True, type=NEW_FOLDER,
              help="The folder to write to.")  # fmt: skip
@template_option
@click.option("--length", type=click.Choice(["full", "short"]), default="full", show_default=True,
              help="The form of the letter, where a row names none.")  # fmt: skip
@click.option("--chamber", type=click.Choice(["both", "house", "senate"]), default="both",
              show_default=True, help="The chamber whose offices get letters.")  # fmt: skip
@click.option("--phone-needed", is_flag=True, help="Require a phone number in every row.")
@click.option("--names-in-own-words", is_flag=True,
              help="Keep a writer’s name or address where their own words contain it.")  # fmt: skip
@day_option
def xml_command(
    *, file: Path, out: Path, template: str, length: str, chamber: str, phone_needed: bool,
    names_in_own_words: bool, day: date | None,
) -> None:  # fmt: skip
    """Write the letters of the people in FILE in the offices’ own delivery format.

    For groups whose letters an approved vendor delivers. FILE is a CSV, or the JSON lines of an
    opened sealed export. The first line of the CSV must name the columns first, last, street,
    city, state, zip and email. It may also name prefix, street2, phone, district, congress,
    home_state, home_zip, template, length, story, body and tongue (es: to Puerto Rico in Spanish).
    Include only letters that the named people approved. Letters to a Congress that has ended are
    left out.

    Writes OUT/<office>/<delivery id>.xml, OUT/index.csv and, with the row numbers of FILE,
    OUT/problems.csv. Sends nothing. Exits with status 1 if any row has a problem.

    \b
    Example:
      flask letters xml people.csv --out xml
      flask keys open sealed.jsonl --key campaign.private.json --out opened.jsonl
      flask letters xml opened.jsonl --out xml --names-in-own-words
    """
    settings = load_settings()
    campaign, tables = campaign_and_tables(settings)
    agent = delivery_agent(settings)
    if faults := check_agent(agent):
        names = [
            AGENT_SETTINGS.get(p.field, f"cwc_{p.field.removeprefix('agent ')}") for p in faults
        ]
        lines = [f"{name}: {p.message}" for name, p in zip(names, faults, strict=True)]
        raise click.ClickException("\n".join(["Fix these in settings.toml first:", *lines]))
    order = FolderOrder(
        campaign=campaign, tables=tables, agent=agent,
        now=as_moment(day) if day else moment_of_site(settings), secret=settings.secret_key,
        template=template, length="short" if length == "short" else "full",
        chambers=CHAMBERS[chamber],
        phone_needed=phone_needed, names_in_own_words=names_in_own_words,
    )  # fmt: skip
    done = Summary(0, 0, 0)
    with progress("Writing", sum(1 for _ in read_rows(file))) as bar:
        for done in write_batch(read_rows(file), order, out):
            bar(done.rows)
    click.echo(f"{done.rows:,} rows, {done.messages:,} messages in {out}. Nothing was sent.")
    if done.rows_with_problems:
        click.echo(f"{done.rows_with_problems:,} rows have problems. See {out / 'problems.csv'}")
        sys.exit(1)


@click.command("deliver", cls=CampaignCommand)
@click.argument("folder", type=FOLDER)
@click.option("--elsewhere", is_flag=True,
              help="The letters come from another computer: record nothing in this site’s "
                   "database.")  # fmt: skip
def deliver_command(folder: Path, *, elsewhere: bool) -> None:
    """Deliver the messages in FOLDER (from flask letters xml) to the offices’ systems.

    Needs cwc_mode and the keys in settings.toml, which only approved delivery agents have. Each
    result is written to FOLDER/results.csv. Run it again to retry what is not settled; nothing goes
    out twice. With cwc_mode = "test" no office receives anything. Exits with status 1 while
    anything is not settled.

    A letter whose member no longer holds the seat, by the list of members here, is not delivered:
    the office would give it to the successor.

    On the site itself, each result is also recorded with its letter, so that receipts and exports
    show it. Letters whose signature was withdrawn or does not count yet are not delivered, nor
    those that their writer has queued on the page, perhaps in other words. On another computer,
    use --elsewhere, then run flask letters note on the site.

    \b
    Example:
      flask letters deliver xml
    """
    settings = load_settings()
    client = cwc_client(settings)
    if settings.cwc_mode == "off":
        raise click.ClickException(
            "Delivery to the offices’ own systems is off. Set cwc_mode to turn it on."
        )
    counts: Counter[str] = Counter()
    reasons: dict[str, str] = {}
    db = local_database(settings.database)
    try:
        book = None if elsewhere else LetterBook(folder, db, chosen_campaign(settings))
    except NotesError:
        book = None  # the files are from elsewhere: no letter here belongs to them
    with progress("Handing over", len(messages_in(folder))) as bar:
        standing = partial(standing_now, settings)
        for result in hand_over_folder(folder, client, lambda: datetime.now(UTC), standing, book):
            word, reason = result_words(result) if result else ("settled", "")
            counts[word] += 1
            reasons.setdefault(word, reason)
            bar(counts.total())
    for word, number in sorted(counts.items()):
        click.echo(f"{number:>8,}  {word}" + (f": {reasons[word]}" if reasons[word] else ""))
    if book is not None and book.noted:
        click.echo(f"{book.noted:>8,}  letters of this site updated")
    if set(counts) - {"accepted", "settled"}:
        sys.exit(1)


@click.command("note", cls=CampaignCommand)
@click.argument("folder", type=FOLDER)
def note_command(folder: Path) -> None:
    """Record what each office’s own system said about its letter, from the results in FOLDER.

    For folders made from an opened sealed export and delivered on another computer. On the site
    itself, flask letters deliver already does this. Receipts and exports then say what was accepted
    and what was refused. It is safe to run again.

    \b
    Example:
      flask letters note xml
    """
    settings = load_settings()
    done = note_results(folder, local_database(settings.database), chosen_campaign(settings))
    click.echo(f"{done.noted:>8,}  letters updated")
    click.echo(
        f"{done.unchanged:>8,}  unchanged: withdrawn, deleted, accepted, queued, or handed over "
        "since"
    )
    click.echo(f"{done.without_signature:>8,}  from people without a signature here")
