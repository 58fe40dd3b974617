"""``flask signatures attest`` and ``verify``: sign a statement of the count, and check one."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from app.cli.plain import FILE, NEW_FILE, CampaignCommand, PlainCommand
from app.congress.model import FIRST_CONGRESS, STATES, district_key
from app.files import write_file
from app.records.database import local_database
from app.records.statements import (
    Statement,
    includes,
    make_statement,
    openings_of,
    openings_text,
    opens_to,
    printed_key,
    publish,
    read_commitment,
    read_statement,
    signing_key,
    statement_text,
    statements_of,
)
from app.site.live import chosen_campaign
from app.site.services import campaign_and_tables
from app.site.settings import load_settings


@click.command("attest", cls=CampaignCommand)
@click.option("--out", type=NEW_FILE, required=True, metavar="FILE",
              help="Where to write the statement.")  # fmt: skip
@click.option(
    "--openings", type=NEW_FILE, metavar="FILE",
    help="Also write each district's exact count and salt to this file. Give an office only its "
         "own line. A published statement always keeps them next to it.",
)  # fmt: skip
@click.option("--publish/--no-publish", "show", default=True, show_default=True,
              help="Publish it on the site, at /statements/latest.json and /verify.")  # fmt: skip
def attest_command(out: Path, openings: Path | None, show: bool) -> None:
    """Publish a statement of the current count, signed with the campaign's key.

    The first run makes the key, in instance/keys. Anyone who has the statement can check it with
    `flask signatures verify`; docs/verifying.md says what that proves and what it does not.

    \b
    Examples:
      flask signatures attest --out statement.json
      flask signatures attest --out statement.json --openings for-the-offices.json
    """
    settings = load_settings()
    campaign, tables = campaign_and_tables(settings)
    districts = [
        district_key(f"{state}-{n}", congress)
        for congress in range(FIRST_CONGRESS, tables.congress + 1)
        for state in STATES for n in tables.districts(state)
    ]  # fmt: skip
    folder = statements_of(settings.instance, chosen_campaign(settings))
    draft = folder / f".draft-{os.getpid()}"
    try:
        made = make_statement(
            local_database(settings.database), chosen_campaign(settings), campaign.title,
            signing_key(settings.keys), at=datetime.now(UTC), zone=campaign.timezone,
            districts=districts, tree=draft,
        )  # fmt: skip
        write_file(out, statement_text(made.statement), mode=0o644)
        if openings:
            write_file(openings, openings_text(made))
        kept = publish(folder, made) if show else None
    finally:
        draft.unlink(missing_ok=True)
    _show(made.statement)
    click.echo(f"Wrote {out}" + (" and published it." if kept else ". It is not published."))
    if kept:
        click.echo(f"Each district's exact count and salt: {openings_of(kept)}")


def _show(statement: Statement) -> None:
    content = statement.content
    click.echo(f"{content['title']}, {content['at']}")
    click.echo(f"  signatures (people): {content['signatures']}")
    click.echo(f"  letters:             {content['letters']}")
    click.echo(f"  receipts in list:    {content['receipts']}")
    click.echo(f"  root:                {content['root']}")
    click.echo(f"  signed with key:     {printed_key(statement.public_key)}")


@click.command("verify", cls=PlainCommand)
@click.argument("file", type=FILE)
@click.option("--commitment", metavar="TEXT", help="The commitment shown on your receipt.")
@click.option("--public-key", metavar="TEXT", help="The campaign's key, from its page or a card.")
@click.option(
    "--district", metavar="CA-12", help="Check this district's count, with --count and --salt."
)
@click.option("--count", "number", type=click.IntRange(min=0), help="The district's exact count.")
@click.option("--salt", metavar="TEXT", help="The salt that came with the count.")
def verify_command(
    *, file: Path, commitment: str | None, public_key: str | None, district: str | None,
    number: int | None, salt: str | None,
) -> None:  # fmt: skip
    """Check a statement, and that it includes a receipt or a district's count.

    Needs no network and no database. Exits with status 1 if any check fails.

    \b
    Examples:
      flask signatures verify statement.json
      flask signatures verify my-proof.json --commitment 5f2a…
      flask signatures verify statement.json --district CA-12 --count 47 --salt 9c01…
    """
    found = read_statement(file.read_text(encoding="utf-8", errors="replace"))
    if isinstance(found, str):
        raise click.ClickException(f"{file}: {found}")
    _show(found)
    problems = [
        *_key_problems(found, public_key),
        *(_receipt_problems(found, commitment) if commitment else ()),
        *(_count_problems(found, district, number, salt) if district else ()),
    ]
    for problem in problems:
        click.echo(f"NO: {problem}", err=True)
    if problems:
        sys.exit(1)
    click.echo("ok: the statement is unchanged since it was signed.")
    if commitment:
        click.echo("ok: this receipt is in its list.")
    if district:
        click.echo(f"ok: {number} is the count that it commits to for {district}.")
    if not public_key:
        click.echo("Compare the key above with the one that the campaign publishes elsewhere.")


def _key_problems(found: Statement, public_key: str | None) -> list[str]:
    if public_key is None or "".join(public_key.split()).lower() in (
        found.public_key.hex(), printed_key(found.public_key).replace(" ", ""),
    ):  # fmt: skip
        return []
    return ["it was signed with a different key than the one you gave."]


def _receipt_problems(found: Statement, text: str) -> list[str]:
    wanted = read_commitment(text)
    if wanted is None:
        return ["a commitment has 64 characters, 0 to 9 and a to f; copy all of it."]
    if found.proof is None:
        return [
            "this file has no proof for a receipt. Download the file with the proof from the "
            "site's page /verify."
        ]
    return (
        []
        if includes(found, wanted)
        else ["its proof does not show that this receipt is in the list."]
    )


def _count_problems(
    found: Statement, district: str, number: int | None, salt: str | None
) -> list[str]:
    if number is None or salt is None:
        return ["--district needs --count and --salt as well."]
    try:
        plain = bytes.fromhex("".join(salt.split()))
    except ValueError:
        return ["the salt has 32 characters, 0 to 9 and a to f; copy all of it."]
    good = opens_to(found, district.upper(), number, plain)
    return (
        [] if good else [f"it does not commit to {number} for {district.upper()} with this salt."]
    )
