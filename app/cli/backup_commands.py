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
from app.records.retention import purge
from app.records.running import stopped
from app.site import backups
from app.site.daily import policy_of
from app.site.settings import Settings, load_settings, read_settings

from_stream = click.option(
    "--stream", "from_stream", is_flag=True, help="Use what stream_to has stored, instead of FILE."
)
folder_argument = click.argument("folder", type=NEW_FOLDER)
file_argument = click.argument("file", required=False, type=FILE)
keys_option = click.option(
    "--keys", "keys_file", type=FILE,
    help="The sealed copy of the site’s keys, if this machine does not have them.",
)  # fmt: skip
FOR_KEYS = "Passphrase for the copy of the keys"


backup_group = PlainGroup("backup")


@backup_group.command("now")
@folder_argument
@click.option("--keys", "keys_folder", type=NEW_FOLDER,
              help="Also copy the keys, sealed with a passphrase, to this place.")  # fmt: skip
@click.option(
    "--moving", is_flag=True, help="The site moves to another machine and never runs here again."
)
@passphrase_option
def now_command(
    folder: Path, keys_folder: Path | None, moving: bool, passphrase_file: Path | None
) -> None:
    """Make a copy of the site in FOLDER, check it, and delete copies that are too old.

    People can sign meanwhile. The copy does not include the keys, because anyone who has both can
    guess who signed. Copy the keys to another place once, and again whenever they change.

    With --moving, stop the site first. It will not start here again, because two sites would count
    separately.

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
    if keys_folder:
        backups.refuse_inside(settings, keys_folder)
    if moving and keys_folder is None:
        raise click.UsageError("The new machine needs the keys too. Add --keys FOLDER.")
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
            "Copy both files to the new machine. This site accepts nothing more. When the new "
            f"one works, delete {settings.instance}, which still holds people who withdraw there."
        )
    elif keys_folder is None and "keys" not in backup.notes(settings.instance):
        click.echo(
            "The keys have never been copied, and a copy is of little use without them. Add "
            "--keys FOLDER, with a folder in another place.",
            err=True,
        )


def _describe_copy(copy: Copy) -> str:
    if copy.manifest is None:
        return copy.problem
    rows = copy.manifest.rows.get("signatures", 0)
    size = f"{copy.size / 1e6:.1f} MB"
    return f"{_describe_moment(copy.manifest.at)}, {some(rows, 'signature')}, {size}"


def _describe_moment(at: datetime) -> str:
    ahead = " (in the future: a clock was wrong)" if at > datetime.now(UTC) else ""
    return f"{at:%Y-%m-%d %H:%M} UTC{ahead}"


def _open_keys(keys_file: Path | None, passphrase_file: Path | None) -> Mapping[str, bytes]:
    if keys_file is None:
        return {}
    return backups.open_keys(keys_file, passphrase(passphrase_file, FOR_KEYS))


@backup_group.command("list")
@folder_argument
def list_command(folder: Path) -> None:
    """List the copies in FOLDER, oldest first.

    \b
    Example:
      flask backup list /var/backups/letters
    """
    found = backup.copies(folder)
    if not found:
        click.echo(
            f"There are no copies in {folder}. To make one: flask backup now {typed(folder)}"
        )
    for copy in found:
        click.echo(f"{copy.path.name}  {_describe_copy(copy)}")


def _require_one_source(settings: Settings, file: Path | None, *, from_stream: bool) -> None:
    """Refuse a command without exactly one source, or a stream that is not configured."""
    if (file is None) != from_stream:
        raise click.UsageError("Name one copy, or give --stream.")
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
    """Test a copy: restore it to a temporary folder and check that it is complete.

    An untested copy is only a hope. Test one once a month, with the sealed keys.

    \b
    Example:
      flask backup drill /var/backups/letters/dear-congress-20261129-031500.zip
    """
    settings = load_settings()
    name = "the stream" if file is None else str(file)
    facts = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "file": name}
    _require_one_source(settings, file, from_stream=from_stream)
    opened = _open_keys(keys_file, passphrase_file)
    own = {name: opened.get(name, key) for name, key in settings.own_keys.items()}
    try:
        with _checked_copy(settings, file) as (_, copy):
            _refuse_mismatch(settings, copy, own)
            said = _describe_counts(copy)
            lacks = _describe_missing(settings, copy)
    except (click.ClickException, ExplainedError) as error:
        problem = error.message if isinstance(error, click.ClickException) else str(error)
        backup.note(settings.instance, "drill", {**facts, "problem": problem})
        raise
    backup.note(settings.instance, "drill", {**facts, "problem": ""})
    click.echo(f"{said} It is complete, its keys match, and it can be restored.")
    click.echo(lacks)


def _describe_counts(copy: Unpacked) -> str:
    with closing(backup.plain_connection(copy.database)) as db:
        total = totals(db, None)
    wrong = f" {_describe_differences(copy.differences)}." if copy.differences else ""
    return (
        f"This copy was made at {_describe_moment(copy.at)}: "
        f"{some(total.signatures, 'person', 'people')}, {some(total.letters, 'letter')}.{wrong}"
    )


def _describe_differences(number: int) -> str:
    return f"{some(number, 'count does', 'counts do')} not match the rows"


def _refuse_mismatch(settings: Settings, copy: Unpacked, keys: Mapping[str, bytes]) -> None:
    """Raise ``ClickException`` for a copy of another site, or if the keys do not match it."""
    if backup.of_another_site(copy, settings.database):
        raise click.ClickException(
            "This copy is from another site. To restore it, name an empty folder: "
            "DEAR_CONGRESS_INSTANCE=…"
        )
    with closing(backup.plain_connection(copy.database)) as db:
        wrong = [*(n for n, key in keys.items() if not key), *changed_keys(db, keys)]
    if wrong:
        raise click.ClickException(
            f"This copy was used with a different {' and '.join(dict.fromkeys(wrong))}, so "
            "earlier signers and receipts would not be recognized. Give the sealed copy of the "
            "keys: --keys FILE"
        )


def _describe_missing(settings: Settings, copy: Unpacked) -> str:
    """A sentence about what the copy lacks."""
    if not backup.readable(settings.database):
        return "What was signed later is unknown, because the current database cannot be read."
    found = backup.missing(copy.database, settings.database)
    if not (found.people or found.waiting or found.texts):
        return "The current database has no later signatures."
    parts = []
    if found.people:
        days = found.first if found.first == found.last else f"{found.first} to {found.last}"
        people, letters = some(found.people, "counted signature"), some(found.letters, "letter")
        parts.append(f"{people}, with {letters} ({days})")
    if found.waiting:
        parts.append(f"{some(found.waiting, 'pending signature')}")
    if found.texts:
        parts.append(f"{some(found.texts, 'text')} saved by organizers")
    return f"This copy lacks what the current database has: {'; '.join(parts)}."


@backup_group.command("restore")
@file_argument
@from_stream
@keys_option
@passphrase_option
@click.option("--all", "everything", is_flag=True, help="Also replace the current settings, tables "
              "and letters. Default: restore only missing ones.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore_command(
    *, file: Path | None, from_stream: bool, keys_file: Path | None, passphrase_file: Path | None,
    everything: bool, yes: bool,
) -> None:  # fmt: skip
    """Restore a copy, either FILE or the latest streamed state. Stop the site first.

    First says what the copy lacks. The current database moves to instance/aside/. Everyone known
    to have withdrawn since is withdrawn again. Mail that was queued is not sent automatically.

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
    with stopped(settings.database), _checked_copy(settings, file) as (path, copy):
        _refuse_mismatch(settings, copy, keys)
        click.echo(_describe_counts(copy))
        click.echo(_describe_missing(settings, copy))
        if not yes:
            click.confirm("Restore this copy?", abort=True)
        again = _reapply_withdrawals(settings, path, copy, now)
        messages, letters = backup.cancel_pending(copy.database, now)
        put_aside = aside(settings.database, "before-restore-files")
        changed = backups.write_files(
            settings.instance, _instance_files(settings, copy, opened, keys, everything), put_aside
        )
        if everything:
            changed += backups.write_files(settings.letters, _letters(copy), put_aside / "letters")
        moved = backup.replace_database(copy, settings.database)
    _note_restored(settings, copy, again, now)
    click.echo(f"Done{f'; the previous database is in {moved}' if moved else ''}.")
    if changed:
        click.echo(f"Also restored: {', '.join(changed)}.")
    if again:
        which = some(again, "signature that was withdrawn since the copy is",
                     "signatures that were withdrawn since the copy are")  # fmt: skip
        click.echo(f"{which} withdrawn again.")
    if messages or letters:
        click.echo(
            f"Not sent, because they may have left already: {some(messages, 'queued message')} "
            f"and {some(letters, 'queued letter')} to offices."
        )
    click.echo("Accounts are as they were then; see flask organizers list. Start the site, then "
               "run flask doctor.")  # fmt: skip


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


def _reapply_withdrawals(settings: Settings, path: Path, found: Unpacked, now: datetime) -> int:
    """Withdraw in the copy what the current database or later copies have withdrawn."""
    again = 0
    if backup.readable(settings.database):
        again += backup.reapply(found.database, settings.database)
    for later in backup.later_copies(path, found, now):
        with backup.unpacked(later, settings.instance) as other:
            again += backup.reapply(found.database, other.database)
    return again


def _note_restored(settings: Settings, copy: Unpacked, again: int, now: datetime) -> None:
    loaded = load_settings()
    with closing(open_database(settings.database)) as db:
        by = Actor(db, COMMAND_LINE, now)
        with writing(db):
            subject = f"{copy.at:%Y-%m-%d %H:%M} UTC"
            by.record(What.COPY_RESTORED, subject, after={"withdrawn again": again})
        purge(by, policy_of(loaded), settings.instance)
    facts = {"at": now.isoformat(timespec="seconds"), "of": copy.at.isoformat(timespec="seconds")}
    backup.note(settings.instance, "restore", facts)


@backup_group.command("stream")
def stream_command() -> None:
    """Stream every change to the destination in stream_to until stopped. `make run` includes this.

    \b
    Example:
      flask backup stream
    """
    settings = load_settings()
    check_site(settings.database, settings.own_keys)  # keep another site's changes out
    backups.stream(settings)


@click.command("upgrade", cls=PlainCommand)
def upgrade_command() -> None:
    """Upgrade the database to this version of the program. It is copied before and checked after.

    The site does the same when it starts. It is safe to interrupt: either the whole upgrade is done
    or none of it, and you can run it again.

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
        click.echo(f"Upgraded: {', '.join(new)}. To go back, install the previous version and "
                   f"run: flask backup restore {typed(copied[0])}")  # fmt: skip
    else:
        done = "the database is already at this version" if existed else "a new database was made"
        click.echo(f"Nothing to upgrade: {done} ({now[-1]}).")
    if wrong or differences:
        found = wrong[0] if wrong else _describe_differences(len(differences))
        raise click.ClickException(f"The check of the database found: {found}. Run flask doctor.")
