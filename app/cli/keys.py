"""``flask keys``: the campaign's keys, on the server and on the organizer's computer."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import click

from app.cli.plain import PlainGroup
from app.records import audit, keys
from app.records.audit import COMMAND_LINE, What
from app.records.database import open_database, writing
from app.records.keys import NotAKey, OpenKey, WrongPassphrase
from app.records.sealing import reseal, sealed_counts
from app.site.settings import Settings, load_settings

passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read the passphrase from this file instead of asking for it.",
)
out_option = click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write the private key here, such as to a USB stick, and not on this server.",
)


@click.group("keys", cls=PlainGroup)
def keys_group() -> None:
    """The keys that people's details are sealed to."""


@keys_group.command("make")
@passphrase_option
@out_option
def make(passphrase_file: Path | None, out: Path | None) -> None:
    """Make a key pair, and seal to it from now on."""
    settings = load_settings()
    key = _make(settings, passphrase_file, out)
    click.echo(f"New details are sealed to key {key.printed} from now on.")
    if out is None:
        click.echo("Its private half is on this server. Move it away: flask keys move")


@keys_group.command("use")
@click.argument("public_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def use(public_file: Path) -> None:
    """Seal from now on to a public key that was made on another computer."""
    settings = load_settings()
    key = keys.use_key(settings.keys, public_file)
    _note(settings, What.KEY_USED, {"key": key.id})
    click.echo(f"New details are sealed to key {key.printed} from now on.")
    click.echo("Compare these 20 characters with what the other computer shows.")


@keys_group.command("show")
def show() -> None:
    """Each key: its fingerprint, where its private half is, and how many rows need it."""
    settings = load_settings()
    with closing(open_database(settings.database)) as db:
        counts = sealed_counts(db)
    lines = keys.key_status(settings.keys, counts)
    if not lines:
        click.echo("There is no key yet. The site makes one when it starts: make run")
    for line in lines:
        use = "in use" if line.current else "retired" if line.key.retired else "not in use"
        click.echo(f"{line.key.printed}  made {line.key.made}, {use}, {line.sealed} sealed rows")
        click.echo(f"    {where(line)}")


def where(status: keys.KeyStatus) -> str:
    """A sentence about where a private key is, for a terminal."""
    if status.private is None:
        return "Private key: not on this server."
    if status.passphrase_beside:
        return (
            f"Private key: ON THIS SERVER with its passphrase beside it ({status.private}). "
            "Whoever copies this disk can read what is sealed. Move it: flask keys move"
        )
    return f"Private key: on this server, under its passphrase ({status.private})."


@keys_group.command("move")
@click.option("--out", required=True, type=click.Path(path_type=Path),
              help="Where the private key goes: a file or folder off this server.")  # fmt: skip
@click.option("--key", "key_id", help="Which key; the one in use if left out.")
@passphrase_option
@click.option("--new-passphrase-file", type=click.Path(exists=True, path_type=Path),
              help="Read the new passphrase from this file.")  # fmt: skip
def move(
    out: Path, key_id: str | None, passphrase_file: Path | None, new_passphrase_file: Path | None
) -> None:
    """Move a private key off this server, under a passphrase of your own."""
    settings = load_settings()
    key = _find(settings, key_id)
    opened = unlock_file(settings.keys / f"{key.id}.private.json", passphrase_file)
    words = _new_passphrase(new_passphrase_file)
    path = keys.move_private(settings.keys, key, opened, words, out)
    _note(settings, What.KEY_MOVED, {"key": key.id})
    click.echo(f"The private key is in {path} and no longer in {settings.keys}.")
    click.echo("Keep a second copy somewhere safe: without it, nothing sealed can be read.")


@keys_group.command("rotate")
@click.option("--key", "private_file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="The old private key file; looked for on this server if left out.")  # fmt: skip
@passphrase_option
@click.option("--new-passphrase-file", type=click.Path(exists=True, path_type=Path),
              help="Read the new key's passphrase from this file.")  # fmt: skip
@out_option
def rotate(
    private_file: Path | None,
    passphrase_file: Path | None,
    new_passphrase_file: Path | None,
    out: Path | None,
) -> None:
    """Move all sealed rows from an old key to the key in use.

    If the old key is still the one in use, a new pair is made first. May be stopped at any
    moment and started again with the same old key; it goes on where it was.
    """
    settings = load_settings()
    old = unlock_file(private_file or _only_old_key(settings), passphrase_file)
    new = keys.current_key(settings.keys)
    if new is None or new.id == old.id:
        new = _make(settings, new_passphrase_file, out)
        click.echo(f"New details are sealed to key {new.printed} from now on.")
    with closing(open_database(settings.database)) as db:
        total = sealed_counts(db).get(old.id, 0)
        with click.progressbar(length=total, label="Sealing again", file=sys.stderr) as bar:
            done = reseal(db, old, new, progress=lambda moved, _: bar.update(moved - bar.pos))
    facts: audit.Facts = {"key": new.id, "rows": done.moved, "unreadable": len(done.unreadable)}
    _note(settings, What.KEYS_ROTATED, facts, before={"key": old.id})
    click.echo(f"{done.moved} rows are now sealed to key {new.printed}.")
    if done.unreadable:
        numbers = ", ".join(str(number) for number in done.unreadable[:10])
        raise click.ClickException(
            f"{len(done.unreadable)} rows did not open with the old key and were left as they "
            f"are (signatures {numbers})."
        )
    click.echo(f"Then: flask keys retire {old.id}")


@keys_group.command("retire")
@click.argument("key_id")
def retire(key_id: str) -> None:
    """Mark a key as no longer used. Refused while rows are sealed to it."""
    settings = load_settings()
    key = _find(settings, key_id)
    with closing(open_database(settings.database)) as db:
        sealed = sealed_counts(db).get(key.id, 0)
    keys.retire_key(settings.keys, key, sealed=sealed, today=_today())
    _note(settings, What.KEY_RETIRED, {"key": key.id})
    click.echo(f"Key {key.printed} is retired.")
    click.echo("Files that were exported earlier still need its private half.")


def _today() -> date:
    return datetime.now(UTC).date()


def _note(
    settings: Settings, what: What, after: audit.Facts, before: audit.Facts | None = None
) -> None:
    with closing(open_database(settings.database)) as db, writing(db):
        audit.record(db, at=datetime.now(UTC), who=COMMAND_LINE, what=what, subject="keys",
                     before=before, after=after)  # fmt: skip


def _make(settings: Settings, passphrase_file: Path | None, out: Path | None) -> keys.CampaignKey:
    words = _new_passphrase(passphrase_file)
    key = keys.make_key(settings.keys, words, today=_today(), out=out)
    _note(settings, What.KEY_MADE, {"key": key.id, "private half on this server": out is None})
    return key


def _new_passphrase(file: Path | None) -> str:
    if file is not None:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    words: str = click.prompt(
        f"Passphrase for the new key (at least {keys.SHORTEST_PASSPHRASE} characters)",
        hide_input=True, confirmation_prompt=True, err=True,
    )  # fmt: skip
    return words


def unlock_file(file: Path, passphrase_file: Path | None) -> OpenKey:
    """Open a private key file, asking for the passphrase where nobody gave it."""
    words = keys.passphrase_beside(file)
    if passphrase_file is not None:
        words = passphrase_file.read_text(encoding="utf-8").rstrip("\r\n")
    elif words is None:
        words = click.prompt(f"Passphrase of {file.name}", hide_input=True, err=True)
    answer = keys.unlock(file, words or "")
    if isinstance(answer, OpenKey):
        return answer
    if isinstance(answer, WrongPassphrase):
        raise click.ClickException("This passphrase does not open the key. Nothing was changed.")
    assert isinstance(answer, NotAKey)
    raise click.ClickException(answer.reason)


def _find(settings: Settings, key_id: str | None) -> keys.CampaignKey:
    """A key by its id, or the beginning of it, with or without spaces."""
    wanted = (key_id or "").replace(" ", "").lower()
    if not wanted:
        current = keys.current_key(settings.keys)
        if current is None:
            raise click.ClickException("There is no key yet.")
        return current
    found = [key for key in keys.public_keys(settings.keys) if key.id.startswith(wanted)]
    if len(found) != 1:
        raise click.ClickException(
            f"{'No' if not found else 'More than one'} key begins with {wanted}. "
            "See them with: flask keys show"
        )
    return found[0]


def _only_old_key(settings: Settings) -> Path:
    """The private key of the one key that rows have to be moved away from."""
    with closing(open_database(settings.database)) as db:
        lines = keys.key_status(settings.keys, sealed_counts(db))
    here = [line for line in lines if line.private is not None]
    waiting = [line for line in here if line.sealed and not line.current]
    chosen = waiting or [line for line in here if line.current]
    if len(chosen) != 1 or chosen[0].private is None:
        raise click.ClickException("Say which old private key: --key FILE")
    return chosen[0].private
