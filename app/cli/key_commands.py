"""``flask keys``: the campaign's keys and what is sealed to them, on the server and on an
organizer's own computer."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TextIO

import click

from app.cli.plain import (
    FILE,
    NEW_PATH,
    CampaignCommand,
    PlainCommand,
    PlainGroup,
    operator,
    passphrase,
    passphrase_option,
    progress,
    some,
    words_of,
)
from app.files import typed
from app.records import audit, keys
from app.records.acts import Purpose
from app.records.audit import What
from app.records.database import local_database, writing
from app.records.keys import OpenKey
from app.records.sealing import (
    OpenedRow,
    export_sealed,
    head_of,
    open_sealed_file,
    reseal,
    sealed_counts,
)
from app.records.tabular import csv_text, safe_csv
from app.site.live import chosen_campaign
from app.site.settings import Settings, load_settings

_AGREED = {
    "consent": "consent", "consent_day": "day", "consent_version": "consent_version",
    "language": "language", "campaign": "campaign", "signature": "signature",
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
"""By tool: each column's header, named like the tool's own field, and the fact below it.

Read in November 2026. NationBuilder (support.nationbuilder.com, "Fields available for import" and
"Import people"): UTF-8 and commas; ``email``, ``first_name``, ``last_name`` and ``email_opt_in``
(Y or N) are its names, "Address zip" is the home ZIP code, each column is chosen from a list, and
an unknown one becomes a custom field or a tag. Action Network (help.actionnetwork.org, "File
formats for list uploads"): any headers, mapped by hand, or automatically where they are named like
its fields; email is required, ZIP code recommended, other columns become custom fields; only
people who opted in. Not verified: which headers Action Network maps automatically (its sample file
is behind a log-in), and all of EveryAction's, whose upload guide is not public; there each column
is mapped once by hand."""

out_option = click.option(
    "--out", type=NEW_PATH,
    help="Write the private key to this file or folder, like a USB stick, and not to this server.",
)  # fmt: skip
key_option = click.option("--key", "private_files", type=FILE, multiple=True, required=True,
                          help="A private key file. Can be repeated.")  # fmt: skip
new_passphrase_option = click.option("--new-passphrase-file", type=FILE,
                                     help="Read the new passphrase from this file.")  # fmt: skip


keys_group = PlainGroup("keys")


@keys_group.command("make")
@passphrase_option
@out_option
def make(passphrase_file: Path | None, out: Path | None) -> None:
    """Make a key pair, and seal new details to it from now on.

    \b
    Example:
      flask keys make --out /media/usb
    """
    settings = load_settings()
    key = _make(settings, passphrase_file, out)
    click.echo(f"New details are sealed to key {key.printed} from now on.")
    if out is None:
        click.echo("Its private key is on this server. Move it off: flask keys move")


@keys_group.command("use")
@click.argument("public_file", type=FILE)
def use(public_file: Path) -> None:
    """Seal new details to a public key that was made on another computer.

    \b
    Example:
      flask keys use campaign.public.json
    """
    settings = load_settings()
    key = keys.use_key(settings.keys, public_file)
    _note(settings, What.KEY_USED, {"key": key.id})
    click.echo(f"New details are sealed to key {key.printed} from now on.")
    click.echo("Check that these 20 characters match what the other computer shows.")


@keys_group.command("show")
def show() -> None:
    """Show each key's fingerprint, where its private key is, and how many rows need it.

    \b
    Example:
      flask keys show
    """
    settings = load_settings()
    lines = keys.key_status(settings.keys, sealed_counts(local_database(settings.database)))
    if not lines:
        click.echo("There is no key yet. The site makes one when it starts: make run")
    for line in lines:
        use = "in use" if line.current else "retired" if line.key.retired else "not in use"
        click.echo(f"{line.key.printed}  made {line.key.made}, {use}, {line.sealed} sealed rows")
        click.echo(f"    {where(line)}")


def where(status: keys.KeyStatus) -> str:
    """A sentence that says where a private key is, for a terminal."""
    if status.private is None:
        return "Private key: not on this server."
    if status.passphrase_beside:
        return (
            f"Private key: ON THIS SERVER with its passphrase next to it ({status.private}). "
            "Anyone who copies this disk can read what is sealed. Move it off: flask keys move"
        )
    return f"Private key: on this server, protected by its passphrase ({status.private})."


@keys_group.command("move")
@click.option("--out", required=True, type=NEW_PATH,
              help="The file or folder for the private key, off this server.")  # fmt: skip
@click.option("--key", "key_id", help="The key to move. Default: the one in use.")
@passphrase_option
@new_passphrase_option
def move(
    out: Path, key_id: str | None, passphrase_file: Path | None, new_passphrase_file: Path | None
) -> None:
    """Move a private key off this server, protected by a passphrase that you choose.

    \b
    Example:
      flask keys move --out /media/usb
    """
    settings = load_settings()
    _refuse_inside(settings, out)
    key = _find(settings, key_id)
    opened = unlock_file(settings.keys / f"{key.id}.private.json", passphrase_file)
    words = _new_passphrase(new_passphrase_file)
    path = keys.move_private(settings.keys, key, opened, words, out)
    _note(settings, What.KEY_MOVED, {"key": key.id})
    click.echo(f"The private key is now in {path} and no longer in {settings.keys}.")
    click.echo("Keep a second copy somewhere safe. Without the key, nothing sealed can be read.")


@keys_group.command("rotate")
@click.option("--key", "private_file", type=FILE,
              help="The old private key file. Default: the one on this server.")  # fmt: skip
@passphrase_option
@new_passphrase_option
@out_option
def rotate(
    private_file: Path | None,
    passphrase_file: Path | None,
    new_passphrase_file: Path | None,
    out: Path | None,
) -> None:
    """Reseal every row from an old key to the key in use.

    If the old key is still in use, this makes a new pair first. It is safe to interrupt: run it
    again with the same old key, and it continues where it stopped.

    \b
    Example:
      flask keys rotate --out /media/usb
    """
    settings = load_settings()
    old = unlock_file(private_file or _only_old_key(settings), passphrase_file)
    new = keys.current_key(settings.keys)
    if new is None or new.id == old.id:
        new = _make(settings, new_passphrase_file, out)
        click.echo(f"New details are sealed to key {new.printed} from now on.")
    db = local_database(settings.database)
    with progress("Resealing", sealed_counts(db).get(old.id, 0)) as bar:
        done = reseal(db, old, new, progress=bar)
    facts: audit.Facts = {"key": new.id, "rows": done.moved, "unreadable": len(done.unreadable)}
    _note(settings, What.KEYS_ROTATED, facts, before={"key": old.id})
    click.echo(f"{done.moved} rows are now sealed to key {new.printed}.")
    if done.unreadable:
        numbers = ", ".join(str(number) for number in done.unreadable[:10])
        raise click.ClickException(
            f"{len(done.unreadable)} rows did not open with the old key and were left as they "
            f"were (signatures {numbers})."
        )
    click.echo(f"Next: flask keys retire {old.id}")


@keys_group.command("retire")
@click.argument("key_id")
def retire(key_id: str) -> None:
    """Mark a key as no longer used. Refuses while rows are sealed to it.

    \b
    Example:
      flask keys retire 5f2a
    """
    settings = load_settings()
    key = _find(settings, key_id)
    sealed = sealed_counts(local_database(settings.database)).get(key.id, 0)
    keys.retire_key(settings.keys, key, sealed=sealed, today=_today())
    _note(settings, What.KEY_RETIRED, {"key": key.id})
    click.echo(f"Key {key.printed} is retired.")
    click.echo("Earlier exports still need its private key.")


def _today() -> date:
    return datetime.now(UTC).date()


def _note(
    settings: Settings, what: What, after: audit.Facts, before: audit.Facts | None = None
) -> None:
    db = local_database(settings.database)
    with writing(db):
        operator(db).record(what, "keys", before=before, after=after)


def _make(settings: Settings, passphrase_file: Path | None, out: Path | None) -> keys.CampaignKey:
    if out is not None:
        _refuse_inside(settings, out)
    words = _new_passphrase(passphrase_file)
    key = keys.make_key(settings.keys, words, today=_today(), out=out)
    _note(settings, What.KEY_MADE, {"key": key.id, "private half on this server": out is None})
    return key


def _refuse_inside(settings: Settings, out: Path) -> None:
    """Raise ``ClickException`` for a private key's place that is in the site's own folder."""
    if out.resolve().is_relative_to(settings.instance.resolve()):
        raise click.ClickException(
            f"{out} is inside the site's own folder, so the key would stay with what it opens. "
            "Choose another place, like a USB stick."
        )


def _new_passphrase(file: Path | None) -> str:
    least = f"at least {keys.SHORTEST_PASSPHRASE} characters"
    return passphrase(file, f"Passphrase for the new key ({least})", new=True)


def unlock_file(file: Path, passphrase_file: Path | None) -> OpenKey:
    """Open a private key file, asking for the passphrase if it was not given."""
    words = None if passphrase_file else keys.passphrase_beside(file)
    if words is None and file.exists():
        words = passphrase(passphrase_file, f"Passphrase of {file.name}")
    return keys.unlock(file, words or "")


def _find(settings: Settings, key_id: str | None) -> keys.CampaignKey:
    """A key by its id or a prefix of it, with or without spaces."""
    wanted = (key_id or "").replace(" ", "").lower()
    if not wanted:
        current = keys.current_key(settings.keys)
        if current is None:
            raise click.ClickException("There is no key yet.")
        return current
    found = [key for key in keys.public_keys(settings.keys) if key.id.startswith(wanted)]
    if len(found) != 1:
        raise click.ClickException(
            f"{'No' if not found else 'More than one'} key begins with {wanted}. To list the "
            "keys: flask keys show"
        )
    return found[0]


def _only_old_key(settings: Settings) -> Path:
    """The private key file of the one key that has rows to reseal."""
    lines = keys.key_status(settings.keys, sealed_counts(local_database(settings.database)))
    here = [line for line in lines if line.private is not None]
    waiting = [line for line in here if line.sealed and not line.current]
    chosen = waiting or [line for line in here if line.current]
    if len(chosen) != 1 or chosen[0].private is None:
        raise click.ClickException("Name the old private key: --key FILE")
    return chosen[0].private


# --- Sealed exports: written on the server, opened on the organizer's computer --------------------


def export_here(settings: Settings, file: Path, purpose: Purpose | None, subject: str = "") -> int:
    """Write this site's sealed details to ``file``, still sealed, with an audit event under
    ``subject`` or the file's name; returns the number of boxes.

    Raises ``FileExistsError`` and ``OSError``.
    """
    by = operator(local_database(settings.database))
    return export_sealed(
        by, file, campaign=chosen_campaign(settings), purpose=purpose, subject=subject
    )


@keys_group.command("export", cls=CampaignCommand)
@click.argument("file", type=NEW_PATH)
@click.option("--purpose", type=click.Choice(["packet", "contact"]), help="Default: both.")
def export_command(file: Path, purpose: Purpose | None) -> None:
    """Export the sealed details of counted signatures to FILE, still sealed.

    \b
    Example:
      flask keys export sealed.jsonl --purpose packet
    """
    rows = export_here(load_settings(), file, purpose)
    click.echo(
        f"{rows} rows written to {file}. To open it: flask signatures open {typed(file)} --key KEY"
    )


@click.command("open", cls=PlainCommand)
@click.argument("file", type=FILE)
@key_option
@passphrase_option
@click.option("--out", type=NEW_PATH,
              help="Write to this file, readable only by you, not to the terminal.")  # fmt: skip
def open_command(
    file: Path, private_files: tuple[Path, ...], passphrase_file: Path | None, out: Path | None
) -> None:
    """Open an exported FILE of sealed details on your own computer.

    Needs no network and no database. Prints one JSON object per line. Rows that do not open are
    listed, and the command then exits with status 1.

    \b
    Example:
      flask keys open sealed.jsonl --key campaign.private.json --out opened.jsonl
    """
    opened = [unlock_file(path, passphrase_file) for path in private_files]
    target = _private_file(out) if out else sys.stdout
    good = bad = 0
    try:
        for row in open_sealed_file(file, opened):
            if isinstance(row, OpenedRow):
                good += 1
                line = {"signature": row.signature, "purpose": row.purpose,
                        "day": row.day.isoformat(), "details": row.details}  # fmt: skip
                # A terminal may not support every character; our file does.
                target.write(json.dumps(line, ensure_ascii=out is None) + "\n")
            else:
                bad += 1
                click.echo(f"{file.name}, line {row.line}: {row.reason}", err=True)
    finally:
        if out:
            target.close()
    click.echo(f"{good} rows opened, {bad} did not open.", err=True)
    if bad:
        sys.exit(1)


@click.command("contacts", cls=CampaignCommand)
@click.argument("file", required=False, type=FILE)
@key_option
@passphrase_option
@click.option("--out", required=True, type=NEW_PATH,
              help="The CSV to write, readable only by you.")  # fmt: skip
@click.option("--for", "tool", type=click.Choice(list(COLUMNS)), default="action-network",
              show_default=True, help="The tool whose columns to use.")  # fmt: skip
@click.option("--before", type=FILE,
              help="The previous CSV, to list who has withdrawn since.")  # fmt: skip
def contacts_command(
    *, file: Path | None, private_files: tuple[Path, ...], passphrase_file: Path | None, out: Path,
    tool: str, before: Path | None,
) -> None:  # fmt: skip
    """Export the people who may be contacted as a CSV that other tools import.

    FILE is the sealed list from the page Contacts; it is opened with --key and needs no network.
    Without FILE, on the server itself, this site's own list is used. Each row has the words that
    the person agreed to, the version of these words, and the day. With --before, a second file next
    to OUT lists the addresses to remove: the site no longer knows them, so it compares with your
    previous file.

    \b
    Examples:
      flask signatures contacts sealed.jsonl --key campaign.private.json --out contacts.csv
      flask signatures contacts sealed.jsonl --key KEY --out new.csv --before contacts.csv
    """
    if file and head_of(file).get("purpose") == "packet":
        raise click.ClickException(
            f"{file} is the export for packets, which names no one who may be contacted. Use the "
            "sealed list from the page Contacts."
        )
    keys = [unlock_file(path, passphrase_file) for path in private_files]
    campaign = str(head_of(file).get("campaign")) if file else chosen_campaign(load_settings())
    earlier = _signatures_in(before, campaign) if before else {}
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
    _write_csv(out, [tuple(COLUMNS[tool]), *(contact_row(tool, row, campaign) for row in rows)])
    click.echo(f"{some(len(rows), 'person', 'people')} in {out}.")
    for row in bad:
        click.echo(f"{source.name}, line {row.line}: {row.reason}", err=True)
    if bad:
        raise click.ClickException("Because some rows did not open, no one is listed for removal.")
    if before:
        # By address, as tools do: two people may share one, and someone may change theirs.
        here = {safe_csv(str(row.details.get("email", ""))).casefold() for row in rows}
        had = {email.casefold(): email for email in earlier.values()}
        gone = [(email,) for folded, email in had.items() if folded not in here]
        if len(gone) == len(had) > 1:
            click.echo(f"No one in {before} is on this list anymore. If that is unlikely, "
                       f"{before} is from another site: remove no one.", err=True)  # fmt: skip
        path = out.with_name(f"{out.stem}-remove{out.suffix}")
        _write_csv(path, [("email",), *gone])
        click.echo(f"{some(len(gone), 'address', 'addresses')} in {path}. Remove these from your "
                   "list, then delete the file.")  # fmt: skip


def contact_row(tool: str, row: OpenedRow, campaign: str) -> tuple[str, ...]:
    """One person as a row in a tool's columns."""
    facts = {
        "campaign": campaign,
        **{name: str(row.details.get(name, "")) for name in
           ("first", "last", "email", "zip", "consent", "consent_version", "language")},
        "yes": "Y", "day": row.day.isoformat(), "signature": str(row.signature),
    }  # fmt: skip
    return tuple(facts[what] for what in COLUMNS[tool].values())


def _write_csv(path: Path, rows: Sequence[tuple[str, ...]]) -> None:
    with _private_file(path) as target:
        target.write(csv_text(rows))


def _signatures_in(path: Path, campaign: str) -> dict[str, str]:
    """Email address by signature number, from a file that this command wrote earlier."""
    rows = list(csv.DictReader(io.StringIO(words_of(path), newline="")))
    needed = ("email", "campaign", "signature")
    heads = {what: head for table in COLUMNS.values() for head, what in table.items()
             if rows and head in rows[0] and what in needed}  # fmt: skip
    if rows and len(heads) < len(needed):
        raise click.ClickException(
            f"{path} is not a file that this command wrote: it lacks the columns for email "
            "address, campaign and signature."
        )
    for number, row in enumerate(rows, start=1):
        if not row[heads["email"]] or not str(row[heads["signature"]]).isdecimal():
            raise click.ClickException(
                f"Row {number} of {path} has no email address or signature number, so it cannot "
                "show who has withdrawn. Use the file as this command wrote it."
            )
        if row[heads["campaign"]] != campaign:
            raise click.ClickException(
                f"{path} is from another campaign, {row[heads['campaign']]!r}; this one is "
                f"{campaign!r}. Use the previous file of this campaign."
            )
    return {row[heads["signature"]]: row[heads["email"]] for row in rows}


def _private_file(path: Path) -> TextIO:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.ClickException(f"Cannot write {path}: {error.strerror}.") from None
    return os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogatepass")


keys_group.add_command(open_command)
