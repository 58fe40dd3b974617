"""``flask backup`` and ``flask upgrade``: verified copies, restoring, and upgrading."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import click

from app.cli.plain import (
    FILE,
    NEW_FOLDER,
    PlainCommand,
    PlainGroup,
    passphrase,
    passphrase_option,
    some,
)
from app.errors import ExplainedError
from app.files import typed
from app.records import backup
from app.records.audit import COMMAND_LINE, Actor, What
from app.records.backup import Copy, Unpacked
from app.records.counts import recount, totals
from app.records.database import aside, open_database, writing
from app.records.health import changed_keys, check_site
from app.records.identity import note_moved
from app.records.keys import require_long
from app.records.migrations import applied_steps, damage
from app.records.retention import purge_and_note
from app.records.running import stopped
from app.site import backups
from app.site.daily import policy_of
from app.site.settings import Settings, load_settings, read_settings

from_stream = click.option(
    "--stream", "from_stream", is_flag=True, help="From where stream_to sends every change."
)
folder_argument = click.argument("folder", type=NEW_FOLDER)
file_argument = click.argument("file", required=False, type=FILE)
keys_option = click.option(
    "--keys", "keys_file", type=FILE,
    help="The sealed copy of the site’s keys, for a computer that does not have them.",
)  # fmt: skip
FOR_KEYS = "Passphrase for the copy of the keys"


@click.group("backup", cls=PlainGroup)
def backup_group() -> None:
    """Copies of the site: take them, look at them, put one back."""


@backup_group.command("now")
@folder_argument
@click.option("--keys", "keys_folder", type=NEW_FOLDER,
              help="Also copy the keys, sealed to a passphrase, to another place.")  # fmt: skip
@click.option("--moving", is_flag=True, help="The site continues elsewhere, and never here again.")
@passphrase_option
def now_command(
    folder: Path, keys_folder: Path | None, moving: bool, passphrase_file: Path | None
) -> None:
    """Put a copy of the site into FOLDER, check it, and delete those that are too old.

    People may keep signing. The keys are not in it: anyone who has both can guess who signed. Copy
    them once, and again when they change, to another place.

    With --moving the site must not be running, and does not start here afterward: two would count
    apart.

    \b
    Example:
      flask backup now /var/backups/letters
      flask backup now /var/backups/letters --keys /media/stick
    """
    settings = load_settings()
    there = {folder.resolve(), *folder.resolve().parents}
    if keys_folder and (
        keys_folder.resolve() in there or keys_folder.resolve().is_relative_to(folder.resolve())
    ):
        raise click.ClickException(
            "Keep the keys apart from the database: anyone who has both can guess who signed. "
            "Choose another folder for them."
        )
    if moving and keys_folder is None:
        raise click.UsageError("Where it continues, the keys are needed too: --keys FOLDER")
    now = datetime.now(UTC)
    with stopped(settings.database) if moving else nullcontext():
        if keys_folder is not None:  # ask before the long work
            words = passphrase(passphrase_file, f"{FOR_KEYS} (at least 12 characters)", new=True)
            require_long(words)
        done = backups.take_copy(settings, folder, now)
        click.echo(f"{done.path}  {_describe_copy(done)}, checked.")
        if keys_folder is not None:
            path = backups.seal_keys(settings, keys_folder, words, now)
            click.echo(f"{path}  the keys, sealed. Without the passphrase no one can open them.")
        if moving:
            note_moved(settings.database, f"{now:%Y-%m-%d}")
    if moving:
        click.echo(
            "Carry both over. This site no longer takes anything in. When the other place is well, "
            f"delete {settings.instance}: anyone who withdraws there is still in it."
        )
    elif keys_folder is None and "keys" not in backup.notes(settings.instance):
        click.echo(
            "The keys were never copied, and without them a copy is of little use: add "
            "--keys FOLDER, with a folder in another place.",
            err=True,
        )


def _describe_copy(copy: Copy) -> str:
    if copy.manifest is None:
        return copy.problem
    rows = copy.manifest.rows.get("signatures", 0)
    size = f"{copy.size / 1e6:.1f} MB"
    return f"{copy.manifest.at:%Y-%m-%d %H:%M} UTC, {some(rows, 'signature')}, {size}"


def _open_keys(keys_file: Path | None, passphrase_file: Path | None) -> Mapping[str, bytes]:
    if keys_file is None:
        return {}
    return backups.open_keys(keys_file, passphrase(passphrase_file, FOR_KEYS))


@backup_group.command("list")
@folder_argument
def list_command(folder: Path) -> None:
    """The copies in FOLDER, oldest first.

    \b
    Example:
      flask backup list /var/backups/letters
    """
    found = backup.copies(folder)
    if not found:
        click.echo(f"There is no copy in {folder}. To take one: flask backup now {typed(folder)}")
    for copy in found:
        click.echo(f"{copy.path.name}  {_describe_copy(copy)}")


def _require_one_source(settings: Settings, file: Path | None, *, from_stream: bool) -> None:
    """Refuse a command without exactly one source, or a stream that is not configured."""
    if (file is None) != from_stream:
        raise click.UsageError("Name a copy, or say --stream.")
    if from_stream:
        backups.litestream(settings, "restore")


@contextmanager
def _checked_copy(settings: Settings, file: Path | None) -> Iterator[tuple[Path, Unpacked]]:
    """The chosen copy, unpacked and checked, with the path that it came from."""
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.instance, prefix=".copy-") as name:
        path = file or Path(name) / "streamed.db"
        if file is None:
            backups.fetch_stream(settings, path)
        with backup.unpacked(path, settings.instance) as found:
            yield path, found


@backup_group.command("drill")
@file_argument
@from_stream
@keys_option
@passphrase_option
def drill_command(
    file: Path | None, from_stream: bool, keys_file: Path | None, passphrase_file: Path | None
) -> None:
    """Restore a copy into a folder that is thrown away, and say whether all of it is there.

    A copy that was never tried is a hope. Do it once a month, with the sealed keys.

    \b
    Example:
      flask backup drill /var/backups/letters/dear-congress-20261129-031500.zip
    """
    settings = load_settings()
    name = "the stream" if file is None else str(file)
    facts = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "file": name}
    _require_one_source(settings, file, from_stream=from_stream)
    opened = _open_keys(keys_file, passphrase_file)
    try:
        with _checked_copy(settings, file) as (_, copy):
            _refuse_mismatch(settings, copy, {**settings.own_keys, **_site_keys(opened)})
            said = _describe_counts(copy)
            lacks = _describe_missing(settings, copy)
    except (click.ClickException, ExplainedError) as error:
        problem = error.message if isinstance(error, click.ClickException) else str(error)
        backup.note(settings.instance, "drill", {**facts, "problem": problem})
        raise
    backup.note(settings.instance, "drill", {**facts, "problem": ""})
    click.echo(f"{said} It can be restored: whole, counted, and it matches the keys.")
    click.echo(lacks)


def _site_keys(opened: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: opened[name] for name in ("secret.key", "person.key") if name in opened}


def _describe_counts(copy: Unpacked) -> str:
    with closing(backup.plain_connection(copy.database)) as db:
        total = totals(db, None)
    wrong = f" {copy.differences} counts do not agree with the rows." if copy.differences else ""
    return (
        f"This copy is of {copy.at:%Y-%m-%d %H:%M} UTC: "
        f"{some(total.signatures, 'person', 'people')}, {some(total.letters, 'letter')}.{wrong}"
    )


def _refuse_mismatch(settings: Settings, copy: Unpacked, keys: Mapping[str, bytes]) -> None:
    """Raise ``ClickException`` for a copy of another site, or if the keys do not match it."""
    if backup.of_another_site(copy, settings.database):
        raise click.ClickException(
            "This is a copy of another site than the one that lives here. To restore it, name an "
            "empty folder: DEAR_CONGRESS_INSTANCE=…"
        )
    with closing(backup.plain_connection(copy.database)) as db:
        wrong = [*(n for n, key in keys.items() if not key), *changed_keys(db, keys)]
    if wrong:
        raise click.ClickException(
            f"{' and '.join(dict.fromkeys(wrong))} here is not the one that this copy was used "
            "with: earlier signers and receipts would not be recognized. Give the sealed copy of "
            "the keys: --keys FILE"
        )


def _describe_missing(settings: Settings, copy: Unpacked) -> str:
    """A sentence about what the copy lacks."""
    if not backup.readable(settings.database):
        return "What was signed after it is not known: the database here cannot be read."
    found = backup.missing(copy.database, settings.database)
    if not (found.people or found.waiting or found.texts):
        return "Nothing was signed after it that the database here knows of."
    days = found.first if found.first == found.last else f"{found.first} to {found.last}"
    parts = [f"{some(found.people, 'signature')} that count, with {some(found.letters, 'letter')}"
             + (f" ({days})" if found.people else "")]  # fmt: skip
    if found.waiting:
        parts.append(f"{some(found.waiting, 'signature')} that wait")
    if found.texts:
        parts.append(f"{some(found.texts, 'text')} that organizers saved")
    return f"The database here has more, which this copy lacks: {'; '.join(parts)}."


@backup_group.command("restore")
@file_argument
@from_stream
@keys_option
@passphrase_option
@click.option("--all", "everything", is_flag=True, help="Also settings, tables and letters as "
              "they were; else only where there are none.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore_command(
    *, file: Path | None, from_stream: bool, keys_file: Path | None, passphrase_file: Path | None,
    everything: bool, yes: bool,
) -> None:  # fmt: skip
    """Put a copy back: FILE, or what was streamed last. The site must not be running.

    Says first what the copy lacks. What is here now is moved to instance/aside/. Everyone known to
    have withdrawn since is withdrawn again. Mail that waited is not sent automatically.

    \b
    Example:
      flask backup restore /var/backups/letters/dear-congress-20261129-031500.zip
      flask backup restore --stream --keys /media/stick/dear-congress-keys-….sealed
    """
    settings = read_settings()
    now = datetime.now(UTC)
    _require_one_source(settings, file, from_stream=from_stream)
    opened = _open_keys(keys_file, passphrase_file)
    keys = backups.keys_for(settings, opened)
    with (
        stopped(settings.database),
        _checked_copy(settings, file) as (path, copy),
    ):
        _refuse_mismatch(settings, copy, keys)
        click.echo(_describe_counts(copy))
        click.echo(_describe_missing(settings, copy))
        if not yes:
            click.confirm("Put it back?", abort=True)
        again = _reapply_withdrawals(settings, path, copy)
        messages, letters = backup.cancel_pending(copy.database, now)
        put_aside = aside(settings.database, "before-restore-files")
        changed = backups.write_files(
            settings.instance, _instance_files(settings, copy, opened, keys, everything), put_aside
        )
        if everything:
            changed += backups.write_files(settings.letters, _letters(copy), put_aside / "letters")
        moved = backup.replace_database(copy, settings.database)
    _note_restored(settings, copy, again, now)
    click.echo(f"Done{f'; what was here is in {moved}' if moved else ''}.")
    if changed:
        click.echo(f"Also put back: {', '.join(changed)}.")
    if again:
        which = some(again, "signature that was withdrawn since is",
                     "signatures that were withdrawn since are")  # fmt: skip
        click.echo(f"{which} withdrawn again.")
    if messages or letters:
        click.echo(
            f"{some(messages, 'message')} and {some(letters, 'letter')} to offices waited then "
            "and may have left since: they are not sent by themselves."
        )
    click.echo("Accounts are as they were then: flask organizers list. Now start the site, and "
               "look: flask doctor")  # fmt: skip


def _instance_files(
    settings: Settings,
    copy: Unpacked,
    opened: Mapping[str, bytes],
    keys: Mapping[str, bytes],
    everything: bool,
) -> dict[str, bytes]:
    """Files for the instance folder: keys, and others if missing or ``everything``."""
    files: dict[str, bytes] = {}
    whole = {**{n: c for n, c in copy.files.items() if not n.startswith("letters/")}, **opened}
    for name, content in whole.items():
        if everything or name.startswith("keys/") or not (settings.instance / name).exists():
            files[name] = content
    own = {name: key for name, key in keys.items() if not settings.own_keys[name]}
    return {**files, **own}


def _letters(copy: Unpacked) -> dict[str, bytes]:
    return {
        name.removeprefix("letters/"): content
        for name, content in copy.files.items()
        if name.startswith("letters/")
    }


def _reapply_withdrawals(settings: Settings, path: Path, found: Unpacked) -> int:
    """Withdraw in the copy what the current database or the newest copy has withdrawn."""
    again = 0
    if backup.readable(settings.database):
        again += backup.reapply(found.database, settings.database)
    later = [
        (copy.manifest.at, copy.path)
        for copy in backup.copies(path.parent)
        if copy.manifest and copy.manifest.site == found.site and copy.path != path
    ]
    if later and max(later)[0] >= found.at:
        with backup.unpacked(max(later)[1], settings.instance) as newest:
            again += backup.reapply(found.database, newest.database)
    return again


def _note_restored(settings: Settings, copy: Unpacked, again: int, now: datetime) -> None:
    loaded = load_settings()
    with closing(open_database(settings.database)) as db:
        by = Actor(db, COMMAND_LINE, now)
        with writing(db):
            subject = f"{copy.at:%Y-%m-%d %H:%M} UTC"
            by.record(What.COPY_RESTORED, subject, after={"withdrawn again": again})
        purge_and_note(by, policy_of(loaded), settings.instance)
    facts = {"at": now.isoformat(timespec="seconds"), "of": copy.at.isoformat(timespec="seconds")}
    backup.note(settings.instance, "restore", facts)


@backup_group.command("stream")
def stream_command() -> None:
    """Send every change to where stream_to says, until stopped. `make run` does so by itself.

    \b
    Example:
      flask backup stream
    """
    settings = load_settings()
    check_site(settings.database, settings.own_keys)  # keep another site's changes out
    backups.stream(settings)


@click.command("upgrade", cls=PlainCommand)
def upgrade_command() -> None:
    """Bring the database up to this version of the program: copied before, checked after.

    The site does the same by itself when it starts. May be stopped and killed at any moment:
    either all of it is done or nothing, and calling it again continues.

    \b
    Example:
      flask upgrade
    """
    settings = load_settings()
    existed = settings.database.is_file()
    before = backup.before_upgrades(settings.database)
    with closing(open_database(settings.database)) as db:
        now = applied_steps(db)
        wrong, differences = damage(db), recount(db)
    copied = [copy for copy in backup.before_upgrades(settings.database) if copy not in before]
    if copied:
        with closing(backup.plain_connection(copied[0])) as db:
            new = [step for step in now if step not in applied_steps(db)]
        click.echo(f"Upgraded: {', '.join(new)}. To go back: install the version of before, then "
                   f"flask backup restore {typed(copied[0])}")  # fmt: skip
    else:
        done = "the database is of this version" if existed else "a new database was made"
        click.echo(f"Nothing to do: {done} ({now[-1]}).")
    if wrong or differences:
        found = wrong[0] if wrong else f"{len(differences)} counts differ from the rows"
        raise click.ClickException(f"The check afterward found: {found}. See: flask doctor")
