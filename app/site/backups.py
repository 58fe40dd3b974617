"""Backups of one site: the files that go with its database, its keys, and the stream.

``app.records.backup`` knows the database; this module knows the site: which files belong to a
copy, which are secret and copied separately, and how Litestream is configured to send every
change elsewhere.
"""

from __future__ import annotations

import base64
import ctypes
import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import tomlkit
from tomlkit.exceptions import TOMLKitError

from app import __version__
from app.files import write_file
from app.records import backup
from app.records.backup import Copy, CopyError
from app.records.keys import KeyFolderError, open_sealed, require_long, sealed_text
from app.site.settings import KEY_FILES, Settings, rules

KEYS_KIND = "dear-congress copy of keys"
LARGEST = 20 << 20
"""Bytes of a file in a copy; no letter or table is this large."""


# --- What a copy holds -----------------------------------------------------------------------


def _files_of(settings: Settings) -> dict[str, bytes]:
    """The site's files other than its database and its secrets."""
    found = {}
    for name, folder, pattern in (
        ("letters", settings.letters, "**/*"),
        ("congress", settings.instance / "congress", "**/*"),
        ("keys", settings.keys, "*.public.*"),
        ("keys", settings.keys, "current"),
    ):
        for path in sorted(folder.glob(pattern)):
            if path.is_file() and path.name[0] != "." and path.stat().st_size <= LARGEST:
                found[f"{name}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    if (text := _settings_without_secrets(settings)) is not None:
        found["settings.toml"] = text.encode()
    return found


def _settings_without_secrets(settings: Settings) -> str | None:
    """The settings file without its secrets; None if it is missing or cannot be read."""
    try:
        text = (settings.instance / "settings.toml").read_text(encoding="utf-8-sig")
        content = tomlkit.parse(text)
    except (OSError, UnicodeDecodeError, TOMLKitError):
        return None
    table = rules()
    for name in [n for n in content if n not in table or table[n].secret]:
        del content[name]
    return tomlkit.dumps(content)


def refuse_inside(settings: Settings, folder: Path) -> None:
    """Raise ``CopyError`` for a place for copies that is in the site's own folder."""
    if folder.resolve().is_relative_to(settings.instance.resolve()):
        raise CopyError(
            f"{folder} is inside the site's own folder, so one accident could destroy both. "
            "Choose another folder, preferably on another disk."
        )


def take_copy(settings: Settings, folder: Path, now: datetime) -> Copy:
    """Write a copy of the site to ``folder``, and delete those that are too old.

    Raises ``CopyError``, ``NotStoredError`` and ``OSError``.
    """
    refuse_inside(settings, folder)
    try:
        done = backup.take(
            settings.database, folder, at=now, program=__version__, extra=_files_of(settings)
        )
    finally:  # a full disk must not keep old copies, which may be what fills it
        backup.thin(folder, now, settings.keep_backup_days)
    facts = {"at": now.isoformat(timespec="seconds"), "file": str(done.path)}
    backup.note(settings.instance, "copy", facts)
    return done


# --- The keys, separately --------------------------------------------------------------------


def fingerprint_of_keys(settings: Settings) -> str:
    """A digest that tells whether the secret files have changed since they were copied."""
    whole = json.dumps({n: _b64(c) for n, c in sorted(_secrets_of(settings).items())})
    return hashlib.sha256(b"copied keys:" + whole.encode()).hexdigest()[:20]


def _b64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _secrets_of(settings: Settings) -> dict[str, bytes]:
    found = {name: key for name, key in settings.own_keys.items() if key}
    for path in sorted(settings.keys.glob("*")):
        if path.is_file() and path.name[0] != ".":
            found[f"keys/{path.name}"] = path.read_bytes()
    if (settings.instance / "settings.toml").is_file():
        found["settings.toml"] = (settings.instance / "settings.toml").read_bytes()
    return found


def seal_keys(settings: Settings, folder: Path, passphrase: str, now: datetime) -> Path:
    """Seal the site's keys and complete settings in one file under a passphrase, and verify it.

    Raises ``KeyFolderError`` with a message for the operator, and ``OSError``.
    """
    require_long(passphrase)
    secret = _secrets_of(settings)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"dear-congress-keys-{now.astimezone(UTC):%Y%m%d-%H%M%S}.sealed"
    if path.exists():
        raise KeyFolderError(f"{path} already exists.")
    content = json.dumps({name: _b64(value) for name, value in secret.items()}).encode()
    about = {"at": now.isoformat(timespec="seconds")}
    write_file(path, sealed_text(KEYS_KIND, about, content, passphrase, "moderate"))
    if open_keys(path, passphrase) != secret:
        raise KeyFolderError(f"{path} was not written correctly. Check the disk.")
    facts = {**about, "file": str(path), "fingerprint": fingerprint_of_keys(settings)}
    backup.note(settings.instance, "keys", facts)
    return path


def open_keys(path: Path, passphrase: str) -> dict[str, bytes]:
    """The files in a sealed copy of keys, by name. Raises ``KeyFolderError``."""
    _about, content = open_sealed(path, KEYS_KIND, "copy of keys", passphrase)
    return {str(n): base64.b64decode(v) for n, v in json.loads(content).items()}


def write_files(instance: Path, files: Mapping[str, bytes], aside: Path) -> list[str]:
    """Write files to the instance folder, first copying those that differ to ``aside``.

    Returns the names of the files written.
    """
    written = []
    for name, content in files.items():
        path = instance / name
        if not path.resolve().is_relative_to(instance.resolve()):
            continue  # not a name from one of our copies
        if path.is_file() and path.read_bytes() == content:
            continue
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists():
            (aside / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copy2(path, aside / name)
            os.utime(aside / name)
        write_file(path, content)
        written.append(name)
    return written


def keys_for(settings: Settings, opened: Mapping[str, bytes]) -> dict[str, bytes]:
    """The site's two keys: from the settings, else from a sealed copy, else from their files."""
    found = {}
    for name in KEY_FILES:
        key = settings.own_keys[name] or opened.get(name, b"")
        if not key and (settings.instance / name).is_file():
            key = (settings.instance / name).read_bytes().strip()
        found[name] = key
    return found


# --- Streaming every change: Litestream ------------------------------------------------------

STREAM = """\
# The site writes this file from its settings (stream_to and others) each time it starts.
logging:
  level: error
snapshot:
  interval: 24h
  retention: {hours}h
levels:
  - interval: 30s
  - interval: 5m
  - interval: 1h
dbs:
  - path: {database}
    monitor-interval: 500ms
    # Litestream always holds a read transaction, so only it can restart the WAL. It does so after
    # each change, and the site then truncates what was deleted.
    min-checkpoint-page-count: 2
    replica:
{replica}      sync-interval: 500ms
      # Start over if the destination was emptied. Otherwise nothing more would be sent.
      auto-recover: true
"""


def stream_file(settings: Settings) -> Path:
    """Write Litestream's configuration, which contains no secret; returns its path."""

    def quoted(text: str) -> str:
        return json.dumps(text)  # a JSON string is a YAML string

    target = settings.stream_to
    if target.startswith("s3://"):
        bucket, _, path = target.removeprefix("s3://").partition("/")
        lines = {"type": "s3", "bucket": bucket, "path": path or "dear-congress"}
        if settings.stream_endpoint:
            lines |= {"endpoint": settings.stream_endpoint}
    else:
        lines = {"type": "file", "path": str(Path(target).expanduser())}
    replica = "".join(f"      {name}: {quoted(value)}\n" for name, value in lines.items())
    if settings.stream_endpoint and target.startswith("s3://"):
        replica += "      force-path-style: true\n"
    file = settings.instance / "litestream.yml"
    write_file(
        file,
        STREAM.format(
            # Snapshots are a day apart; changes between two expire with the earlier one.
            hours=max(24 * (settings.keep_backup_days - 1), 12),
            database=quoted(str(settings.database.resolve())),
            replica=replica,
        ),
    )
    return file


def litestream(settings: Settings, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """Litestream’s command line and environment. Raises ``CopyError`` if it cannot be run."""
    if not settings.stream_to:
        raise CopyError("Set stream_to to a folder's full path, or to s3://bucket/folder.")
    program = Path(sys.executable).with_name("litestream")
    found = str(program) if program.is_file() else shutil.which("litestream")
    if not found:
        raise CopyError(
            "Litestream is not installed, because it does not exist for this kind of machine. "
            "Leave stream_to empty and set backup_folder for daily copies."
        )
    environment = dict(os.environ)
    if settings.stream_key_id:
        environment["LITESTREAM_ACCESS_KEY_ID"] = settings.stream_key_id
        environment["LITESTREAM_SECRET_ACCESS_KEY"] = settings.stream_secret
    command = [found, arguments[0], "-config", str(stream_file(settings)), *arguments[1:]]
    return command, environment


def stream_cache(settings: Settings) -> Path:
    """The folder in which Litestream keeps changes that it is sending or has just sent."""
    return settings.instance / f".{settings.database.name}-litestream"


def stream(settings: Settings, *, tied: bool = False) -> NoReturn:
    """Replace this process with Litestream, which sends every change elsewhere until stopped.

    Two at once would corrupt the stream, so a second waits until the first has ended. With
    ``tied`` the kernel ends it when the parent process dies (on Linux). Raises ``CopyError``.
    """
    command, environment = litestream(settings, "replicate")
    if tied and sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    lock = os.open(settings.instance / "streaming", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    destination = f"{settings.stream_to} {settings.stream_endpoint}".encode()
    if os.pread(lock, len(destination) + 1, 0) != destination:  # a new destination needs everything
        shutil.rmtree(stream_cache(settings), ignore_errors=True)
        os.ftruncate(lock, os.pwrite(lock, destination, 0))
    os.set_inheritable(lock, True)  # held until Litestream exits
    os.execve(command[0], command, environment)  # noqa: S606 - a fixed command


def fetch_stream(settings: Settings, target: Path) -> None:
    """Restore the last streamed state of the database to a new file.

    Raises ``CopyError``.
    """
    command, environment = litestream(settings, "restore", "-o", str(target))
    done = subprocess.run(  # noqa: S603 - a fixed command
        [*command, str(settings.database.resolve())],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode or not target.is_file():
        lines = (done.stderr or done.stdout).strip().splitlines() or ["it gave no reason"]
        raise CopyError(f"Nothing could be fetched from {settings.stream_to}: {lines[-1][:300]}")
    target.chmod(0o600)
