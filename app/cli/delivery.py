"""Commands for outgoing mail and delivery: ``flask mail``, and ``flask letters xml``, ``deliver``
and ``note`` for the offices' own systems."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, date, datetime
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
    HandedOver,
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
from app.delivery.mail import Address, Mail, parse_address
from app.delivery.post import Queued
from app.delivery.queue import STUCK
from app.delivery.writer_rows import read_rows
from app.records.database import local_database
from app.site.live import chosen_campaign
from app.site.outgoing import cwc_client, delivery_agent, mail_queue, offices_of
from app.site.services import campaign_and_tables, moment_of_site
from app.site.settings import load_settings

CHAMBERS: dict[str, tuple[Chamber, ...]] = {
    "both": ("house", "senate"),
    "house": ("house",),
    "senate": ("senate",),
}
AGENT_SETTINGS = {"agent name": "cwc_agent", "agent organization": "group_name"}


mail_group = PlainGroup("mail", help="The site’s own mail: its state, and a test.")


@mail_group.command("status")
def status_command() -> None:
    """Say how many messages are in each state, and name those that do not move.

    Ends with 1 if any message has not moved for an hour (is a worker running?).

    \b
    Example:
      flask mail status
    """
    queue = mail_queue(load_settings())
    outbound = queue.post.outbound
    numbers = outbound.numbers()
    for state, number in numbers.items():
        click.echo(f"{number:>8,}  {state}")
    if not numbers:
        click.echo("No messages.")
    if (offices := offices_of(load_settings())) is not None:
        for name, number in offices.outbound.numbers(offices=True).items():
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
    """Send a test message to ADDRESS now, without the worker, and say what came of it.

    \b
    Example:
      flask mail test me@example.org
    """
    to = parse_address(address)
    if not isinstance(to, Address):
        raise click.ClickException(to.message)
    queue = mail_queue(load_settings())
    queue.post.notify = lambda: None
    text = "This is a test of the site’s mail. “It’s ours” — 40° 🐢.\n"
    mail = Mail("other", to, "A test of the site’s mail", text)
    put = queue.post.enqueue(mail, wish=datetime.now(UTC).isoformat())
    if not isinstance(put, Queued):
        raise click.ClickException("This address has had its share of mail for today.")
    result = queue.worker.deliver(put.row.id)
    assert result is not None
    click.echo(f"{result.outcome}: {result.cause}")
    if result.outcome != "accepted":
        sys.exit(1)


@click.command("xml", cls=CampaignCommand)
@click.argument("file", type=FILE)
@click.option("--out", required=True, type=NEW_FOLDER,
              help="The folder to write to.")  # fmt: skip
@template_option
@click.option("--length", type=click.Choice(["full", "short"]), default="full", show_default=True)
@click.option("--chamber", type=click.Choice(["both", "house", "senate"]), default="both",
              show_default=True)  # fmt: skip
@click.option("--phone-needed", is_flag=True, help="Ask every row for a phone number.")
@click.option("--names-in-own-words", is_flag=True,
              help="Leave a writer’s name or address in their own words as it is.")  # fmt: skip
@day_option
def xml_command(
    *, file: Path, out: Path, template: str, length: str, chamber: str, phone_needed: bool,
    names_in_own_words: bool, day: date | None,
) -> None:  # fmt: skip
    """Write the letters of the people in FILE in the offices’ own delivery format.

    For groups that have an approved vendor hand them over. FILE is a CSV whose first line
    names the columns first, last, street, city, state, zip, email, and may name prefix,
    street2, phone, district, congress, home_state, home_zip, template, length, story, body,
    tongue (es: to Puerto Rico in Spanish); or the JSON lines of an opened sealed export. A
    letter to a Congress that is over is not written. Only letters that the named people
    approved belong in it.

    Writes OUT/<office>/<delivery id>.xml, OUT/index.csv and, with the row numbers of FILE,
    OUT/problems.csv. Nothing is sent. Ends with 1 if any row has a problem.

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
        raise click.ClickException("\n".join(["Set these in settings.toml first:", *lines]))
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
        click.echo(f"{done.rows_with_problems:,} rows have problems: {out / 'problems.csv'}")
        sys.exit(1)


@click.command("deliver", cls=CampaignCommand)
@click.argument("folder", type=FOLDER)
@click.option("--elsewhere", is_flag=True,
              help="The letters come from another computer: note nothing here.")  # fmt: skip
def deliver_command(folder: Path, *, elsewhere: bool) -> None:
    """Deliver the messages in FOLDER (from flask letters xml) to the offices’ systems.

    Needs cwc_mode and the keys in settings.toml, which only approved delivery agents have.
    Each result is noted in FOLDER/results.csv; run it again to try what is not settled, and
    nothing goes out twice. Only an office’s own system can accept a letter: with cwc_mode
    test nobody receives anything. Ends with 1 while anything is not settled.

    On the site itself each result is noted with its letter too, so that receipts and exports
    say it, and letters whose signature was withdrawn or does not count yet stay here. On
    another computer use --elsewhere, and on the site flask letters note afterwards.

    \b
    Example:
      flask letters deliver xml
    """
    settings = load_settings()
    client = cwc_client(settings)
    if settings.cwc_mode == "off":
        raise click.ClickException("Delivery to the offices’ own systems is off (cwc_mode).")
    counts: Counter[str] = Counter()
    reasons: dict[str, str] = {}
    db = local_database(settings.database)
    try:
        book = None if elsewhere else LetterBook(folder, db, chosen_campaign(settings))
    except NotesError:
        book = None  # the files are from elsewhere: no letter here belongs to them
    with progress("Handing over", len(messages_in(folder))) as bar:
        for step in hand_over_folder(folder, client, lambda: datetime.now(UTC), book):
            word, reason = (
                result_words(step.result) if isinstance(step, HandedOver) else ("settled", "")
            )
            counts[word] += 1
            reasons.setdefault(word, reason)
            bar(counts.total())
    for word, number in sorted(counts.items()):
        click.echo(f"{number:>8,}  {word}" + (f": {reasons[word]}" if reasons[word] else ""))
    if book is not None and book.noted:
        click.echo(f"{book.noted:>8,}  letters of this site say so now")
    if set(counts) - {"accepted", "settled"}:
        sys.exit(1)


@click.command("note", cls=CampaignCommand)
@click.argument("folder", type=FOLDER)
def note_command(folder: Path) -> None:
    """Note with each letter here what its office’s own system said, from FOLDER’s results.

    For folders made of an opened sealed export and handed over on another computer; where
    flask letters deliver runs on the site it does this by itself. Receipts and exports
    then say what was accepted and what was refused. May be run again.

    \b
    Example:
      flask letters note xml
    """
    settings = load_settings()
    done = note_results(folder, local_database(settings.database), chosen_campaign(settings))
    click.echo(f"{done.noted:>8,}  letters say so now")
    click.echo(f"{done.unchanged:>8,}  unchanged: withdrawn, gone, or accepted before")
    click.echo(f"{done.without_signature:>8,}  of people without a signature here")
