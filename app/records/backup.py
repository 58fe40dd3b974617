"""Backup copies: one file with the database and what belongs to it, verified when it is written.

A copy is a ZIP file: ``manifest.json``, ``dear-congress.db`` and further files. The manifest has
the digest of each file and the number of rows in every table. It contains no secret of the site:
``flask backup now --keys`` writes those to a separate file, under a passphrase.

A copy does not know what was withdrawn after it was made. ``reapply`` withdraws that again in an
unpacked copy, from any later state of the same database.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.errors import ExplainedError, NotStoredError
from app.files import flush, locked, rename_noreplace, write_file
from app.records.counts import recount
from app.records.database import aside, copy_to, open_database
from app.records.identity import NotItselfError, known_id, moved_on, note_moved
from app.records.migrations import STEPS, applied_steps, damage, migrate
from app.records.signing import FORGET
from app.records.turns import BUSY_SECONDS

KIND = "dear-congress copy"
VERSION = 1
DATABASE = "dear-congress.db"
MANIFEST = "manifest.json"
PATTERN = "dear-congress-*.zip"
ROOM = 3
"""Free space required, as a multiple of the database's size: the copy, the ZIP, and a reserve."""
KEEP_ALL = timedelta(days=2)
"""How long every copy is kept; after that, only the last of each day."""


_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, ValueError, KeyError, TypeError,
            AttributeError, EOFError, RuntimeError, OverflowError)  # fmt: skip
"""What Python raises for a ZIP file or a manifest with altered bytes."""


class CopyError(ExplainedError):
    """A copy cannot be made or used. The message is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A copy's description of itself."""

    at: datetime
    """When it was taken; aware, UTC."""
    program: str
    """The version of the program that wrote it."""
    site: str
    """The database's id."""
    steps: tuple[str, ...]
    """The migration steps of its schema."""
    rows: Mapping[str, int]
    """Number of rows by table."""
    files: Mapping[str, str]
    """SHA-256 of each file in it, in hex, including the database."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy in a folder. ``problem`` says why it cannot be used; empty if it can."""

    path: Path
    size: int
    """In bytes."""
    manifest: Manifest | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SinceCopy:
    """What a later state of the database has that a copy does not."""

    people: int = 0
    """Counted signatures."""
    letters: int = 0
    waiting: int = 0
    """Signatures that are held or wait for confirmation."""
    first: str = ""
    last: str = ""
    """Days of the earliest and the latest counted one."""
    texts: int = 0
    """Texts of campaigns that were saved or published since."""


# --- Making one ------------------------------------------------------------------------------


def take(
    database: Path, folder: Path, *, at: datetime, program: str, extra: Mapping[str, bytes]
) -> Copy:
    """Write a copy into ``folder``, and read it back. ``extra`` are further files by name.

    People can sign meanwhile. Raises ``CopyError`` if the database is damaged, the disk has no
    room or the file does not read back as written; then nothing is left behind. Raises
    ``NotStoredError`` and ``OSError``.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"dear-congress-{at.astimezone(UTC):%Y%m%d-%H%M%S}.zip"
    if path.exists():
        raise CopyError(f"{path} already exists.")
    if not database.is_file() and not known_id(database):
        raise CopyError("There is no database yet, so there is nothing to copy.")
    size = database.stat().st_size if database.is_file() else 0  # opening it says what is wrong
    free, needed = shutil.disk_usage(folder).free, ROOM * size
    if free < needed:
        raise CopyError(
            f"{folder} has {free / 1e6:.0f} MB free, but a copy may need {needed / 1e6:.0f} MB. "
            "Nothing was written."
        )
    with tempfile.TemporaryDirectory(dir=folder, prefix=".copy-") as name:
        raw, packed = Path(name) / DATABASE, Path(name) / path.name
        with closing(open_database(database)) as db:
            copy_to(db, raw)
        with closing(sqlite3.connect(raw, isolation_level=None)) as copy:
            if found := damage(copy, whole=True):
                raise CopyError(f"The database is damaged ({found[0]}), so it was not copied.")
            manifest = Manifest(
                at=at.astimezone(UTC).replace(microsecond=0),
                program=program,
                site=str(copy.execute("SELECT value FROM site WHERE name = 'id'").fetchone()[0]),
                steps=applied_steps(copy),
                rows=rows_of(copy),
                files={DATABASE: _digest(raw)}
                | {name: hashlib.sha256(content).hexdigest() for name, content in extra.items()},
            )
        _pack(packed, raw, manifest, extra)
        _read_back(packed, manifest)
        rename_noreplace(packed, path)
    flush(folder)
    return Copy(path, path.stat().st_size, manifest)


def _pack(packed: Path, raw: Path, manifest: Manifest, extra: Mapping[str, bytes]) -> None:
    said = {"kind": KIND, "version": VERSION, **asdict(manifest), "at": manifest.at.isoformat()}
    packed.touch(mode=0o600)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(MANIFEST, json.dumps(said, indent=1))
        archive.write(raw, DATABASE)
        for name, content in extra.items():
            archive.writestr(name, content)
    flush(packed)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def plain_connection(path: Path) -> sqlite3.Connection:
    """A read-only connection to a file as it is, with no upgrade and no identity check."""
    db = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
    db.execute("PRAGMA query_only=ON")
    return db


def before_upgrades(database: Path) -> list[Path]:
    """The copies of the database that upgrades made before they changed it, oldest first."""
    return sorted((database.parent / "aside").glob("*-before-upgrade.db"))


def rows_of(db: sqlite3.Connection) -> dict[str, int]:
    """The number of rows in each of our tables."""
    names = [
        str(row[0])
        for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    ]
    return {
        name: int(db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608
        for name in names
        if not name.startswith(("sqlite_", "_"))
    }


# --- Reading one -----------------------------------------------------------------------------


def copies(folder: Path) -> list[Copy]:
    """The copies in a folder by file name, so oldest first; only their manifests are read."""
    return [_read_copy(path) for path in sorted(folder.glob(PATTERN))]


def _read_copy(path: Path) -> Copy:
    size = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            return Copy(path, size, _manifest(archive))
    except (OSError, *_DAMAGED):
        return Copy(path, size, None, "This is not a copy of a site, or it is incomplete.")


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    said: dict[str, Any] = json.loads(archive.read(MANIFEST))
    if said["kind"] != KIND or said["version"] != VERSION:
        raise ValueError
    return Manifest(
        at=datetime.fromisoformat(said["at"]),
        program=str(said["program"]),
        site=str(said["site"]),
        steps=tuple(said["steps"]),
        rows={str(name): int(number) for name, number in said["rows"].items()},
        files={str(name): str(digest) for name, digest in said["files"].items()},
    )


def _read_back(path: Path, expected: Manifest | None = None) -> Manifest:
    """Check every file against its digest. Raises ``CopyError``."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _manifest(archive)
            if set(archive.namelist()) != {MANIFEST, *manifest.files}:
                raise ValueError
            for name, digest in manifest.files.items():
                with archive.open(name) as content:
                    if hashlib.file_digest(content, "sha256").hexdigest() != digest:  # type: ignore[arg-type]
                        raise ValueError
    except _DAMAGED as error:
        raise CopyError(f"{path} is damaged or not a copy of a site. Use another copy.") from error
    except OSError as error:
        raise CopyError(f"{path} cannot be read: {error.strerror or error}.") from None
    if expected is not None and manifest != expected:
        raise CopyError(f"{path} was not written correctly. Check the disk.")
    return manifest


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A copy that was unpacked and checked, in a temporary folder."""

    database: Path
    at: datetime
    site: str
    rows: Mapping[str, int]
    files: Mapping[str, bytes]
    """The other files in it."""
    differences: int
    """Tallies that disagree with the rows. Zero, unless they already disagreed in the original."""


@contextmanager
def unpacked(path: Path, folder: Path) -> Iterator[Unpacked]:
    """Unpack a copy, or a bare database file, below ``folder``; check, upgrade and recount it.

    Raises ``CopyError`` if it is incomplete, does not belong to this program, or comes from a
    newer version of it.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix=".copy-") as name:
        raw = Path(name) / DATABASE
        bare, manifest = _is_database(path), None
        files: dict[str, bytes] = {}
        if bare:
            _copy_bare(path, raw)
        else:
            manifest = _read_back(path)
            with zipfile.ZipFile(path) as archive:
                with archive.open(DATABASE) as content, raw.open("wb") as file:
                    shutil.copyfileobj(content, file, 1 << 20)
                files = {n: archive.read(n) for n in manifest.files if n != DATABASE}
        raw.chmod(0o600)
        with closing(sqlite3.connect(raw, isolation_level=None)) as db:
            if found := damage(db, whole=True):
                raise CopyError(
                    f"The database in {path} is damaged ({found[0]}). Use another copy."
                )
            if applied_steps(db)[:1] != (STEPS[0].__name__,):
                raise CopyError(f"{path} is not a database of this program.")
            rows = rows_of(db)
            if manifest is not None and rows != dict(manifest.rows):
                raise CopyError(
                    f"{path} does not have the rows that were counted when it was "
                    "made. Use another copy."
                )
            try:
                db.execute("PRAGMA foreign_keys=ON")
                db.execute("PRAGMA secure_delete=ON")
                migrate(db)
            except sqlite3.DatabaseError as error:
                raise CopyError(f"{path} cannot be used: {error}.") from None
            site = str(db.execute("SELECT value FROM site WHERE name = 'id'").fetchone()[0])
            differences = len(recount(db))
        at = manifest.at if manifest else datetime.fromtimestamp(path.stat().st_mtime, UTC)
        yield Unpacked(raw, at, site, rows, files, differences)


def _is_database(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError as error:
        raise CopyError(f"{path} cannot be read: {error.strerror}.") from None


def _copy_bare(path: Path, raw: Path) -> None:
    """Copy a database file, including its WAL if it has one."""
    if Path(f"{path}-wal").exists():
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as db:
            copy_to(db, raw)
    else:
        shutil.copyfile(path, raw)
        with closing(sqlite3.connect(raw, isolation_level=None)) as db, suppress(sqlite3.Error):
            db.execute("PRAGMA journal_mode=DELETE").fetchone()


# --- What it is missing ----------------------------------------------------------------------


@contextmanager
def _opened(copy: Path, other: Path | None = None) -> Iterator[sqlite3.Connection]:
    """A connection to an unpacked copy, with a later state of it attached as ``other``."""
    with closing(sqlite3.connect(copy, isolation_level=None, timeout=BUSY_SECONDS)) as db:
        db.execute("PRAGMA foreign_keys=ON")
        db.execute("PRAGMA secure_delete=ON")
        if other is not None:
            db.execute("ATTACH ? AS other", (str(other),))
        yield db


def readable(database: Path) -> bool:
    """Whether the current database can safely be read."""
    if not database.is_file() or not database.stat().st_size:
        return False
    try:
        with closing(open_database(database, moved=True)) as db:
            return not damage(db)
    except NotItselfError:
        return False
    except NotStoredError:  # perhaps from a newer version that is being rolled back
        with suppress(sqlite3.Error), closing(plain_connection(database)) as db:
            return not damage(db)
        return False


def missing(copy: Path, other: Path) -> SinceCopy:
    """What was signed and saved after the copy, according to a later state of the database."""
    new = "FROM other.signatures WHERE receipt NOT IN (SELECT receipt FROM main.signatures)"
    with _opened(copy, other) as db:
        people, letters, first, last = db.execute(
            f"SELECT count(*), coalesce(sum(letters), 0), min(day), max(day) {new}"
            " AND status = 'counted'"
        ).fetchone()
        waiting = db.execute(
            f"SELECT count(*) {new} AND status IN ('held', 'unconfirmed')"
        ).fetchone()[0]
        texts = db.execute(
            "SELECT count(*) FROM other.campaign_files"
            " WHERE id NOT IN (SELECT id FROM main.campaign_files)"
        ).fetchone()[0]
    return SinceCopy(people, letters, waiting, first or "", last or "", texts)


def reapply(copy: Path, other: Path) -> int:
    """Withdraw in the copy what is withdrawn in another state of the database, whichever is later.
    If the other one is later, also delete what people have deleted there.

    Returns how many signatures were withdrawn.
    """
    with _opened(copy, other) as db:
        db.execute("BEGIN IMMEDIATE")
        withdrawn = db.execute(
            f"UPDATE main.signatures SET withdrawn = 1, {FORGET}, status ="  # noqa: S608
            " CASE WHEN status IN ('repeated', 'test') THEN status ELSE 'withdrawn' END"
            " WHERE withdrawn = 0"
            " AND receipt IN (SELECT receipt FROM other.signatures WHERE withdrawn = 1)"
        ).rowcount
        # An earlier or diverged state lacks whole signatures, so details that are missing from it
        # have not necessarily been deleted. A later one lacks only signatures that were never
        # confirmed, and those of imports that were undone, whose numbers it has passed.
        earlier = db.execute(
            "SELECT 1 FROM main.signatures WHERE id NOT IN"
            " (SELECT signature FROM main.confirmations WHERE confirmed IS NULL)"
            " AND id NOT IN (SELECT signature FROM main.paper_rows"
            " WHERE import NOT IN (SELECT id FROM other.paper_imports)"
            " AND import <= (SELECT seq FROM other.sqlite_sequence WHERE name = 'paper_imports'))"
            " AND receipt NOT IN (SELECT receipt FROM other.signatures)"
        ).fetchone()
        for table, same in (("sealed", "AND b.purpose = t.purpose"), ("kept_letters", "")):
            if not earlier:
                db.execute(
                    f"DELETE FROM main.{table} AS t WHERE NOT EXISTS (SELECT 1"  # noqa: S608
                    f" FROM other.{table} b JOIN other.signatures o ON o.id = b.signature"
                    " JOIN main.signatures m ON m.receipt = o.receipt"
                    f" WHERE m.id = t.signature {same})"
                )
        db.execute("COMMIT")
        db.execute("VACUUM main")
    return int(withdrawn)


def later_copies(path: Path, found: Unpacked, now: datetime) -> list[Path]:
    """The copies next to one from which to ``reapply``: the newest, if it is later, and those dated
    after ``now``. A clock was ahead when they were made, so they may be later, too.
    """
    others = [
        (copy.manifest.at, copy.path)
        for copy in copies(path.parent)
        if copy.manifest and copy.manifest.site == found.site and copy.path != path
    ]
    ahead = [file for at, file in others if at > now]
    later = sorted((at, file) for at, file in others if at <= now and not at < found.at <= now)
    return [*ahead, *(file for _, file in later[-1:])]


def cancel_pending(copy: Path, at: datetime) -> tuple[int, int]:
    """Keep a restored copy from repeating the past.

    Queued mail and letters may have left since it was made, so they become ``unknown``; all
    organizers are logged out. Returns how many messages and how many letters that affects.
    """
    seconds, minute = int(at.timestamp()), f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
    waits, office = "payload IS NOT NULL AND state <> 'held'", "kind IN ('house', 'senate')"
    with _opened(copy) as db:
        db.execute("BEGIN IMMEDIATE")
        letters, every = db.execute(
            f"SELECT count(*) FILTER (WHERE {office}), count(*) FROM outbound WHERE {waits}"  # noqa: S608
        ).fetchone()
        db.execute(
            "UPDATE letters SET state = 'unknown', cause = 'office system', state_at = ?"  # noqa: S608
            " WHERE state = 'queued' AND (signature, seat) IN"
            " (SELECT s.id, o.seats ->> 0 FROM outbound o JOIN signatures s"
            f" ON s.receipt = o.receipt WHERE {office} AND o.payload IS NOT NULL)",
            (minute,),
        )
        db.execute(
            "UPDATE outbound SET state = 'unknown', state_at = ?, payload = NULL, release = NULL,"  # noqa: S608
            f" cause = 'an earlier copy of the database was put back' WHERE {waits}",
            (seconds,),
        )
        db.execute("DELETE FROM organizer_sessions")
        db.execute("COMMIT")
    return int(every - letters), int(letters)


# --- Restoring one ---------------------------------------------------------------------------


def replace_database(copy: Unpacked, database: Path) -> Path | None:
    """Replace the database with an unpacked copy; call it within ``stopped``.

    The old database is moved aside with its WAL; returns where to. Safe to kill at any time: until
    the copy is in place there is no database, and a site does not start without one.
    """
    moved = None
    present = [Path(f"{database}{end}") for end in ("", "-wal", "-shm")]
    if any(file.exists() for file in present):
        moved = aside(database, "before-restore")
        moved.mkdir(mode=0o700)
        for file in present:
            if file.exists():
                os.utime(file)  # the purge counts its age from now
        # The database first: a site must never see it without its WAL.
        for file in present:
            if file.exists():
                file.replace(moved / file.name)
    flush(database.parent)
    copy.database.replace(database)
    flush(database.parent)
    if moved_on(database):
        note_moved(database, "")
    return moved


def of_another_site(copy: Unpacked, database: Path) -> bool:
    """Whether a copy belongs to a different site than the one here."""
    known = known_id(database)
    return bool(known) and known != copy.site


# --- Thinning out ----------------------------------------------------------------------------


def thin(folder: Path, now: datetime, days: int) -> list[Path]:
    """Delete copies older than ``days``, and after ``KEEP_ALL`` all but the last of each day.

    The newest copy always stays. One from further ahead than ``days`` was dated by a wrong clock
    and would outlive its time. Returns what was deleted.
    """
    for draft in folder.glob(".copy-*"):
        if now.timestamp() - draft.stat().st_mtime > KEEP_ALL.total_seconds():
            shutil.rmtree(draft, ignore_errors=True)
    found = [(c.manifest.at, c.path) for c in copies(folder) if c.manifest is not None]
    found.sort(key=lambda one: (one[0] <= now, *one), reverse=True)
    gone, seen = [], set()
    for place, (at, path) in enumerate(found):
        extra = now - at > KEEP_ALL and at.date() in seen
        seen.add(at.date())
        if place and (extra or abs(now - at) > timedelta(days=days)):
            path.unlink(missing_ok=True)
            gone.append(path)
    return gone


# --- Notes of the last actions ---------------------------------------------------------------

Notes = dict[str, dict[str, Any]]


def notes(instance: Path) -> Notes:
    """Notes of the last ``copy``, ``keys``, ``drill`` and ``restore``, and of the daily check
    (``doctor``), by these names."""
    try:
        found = json.loads((instance / "copies.json").read_text(encoding="utf-8"))
        return {str(k): dict(v) for k, v in found.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def note(instance: Path, what: str, facts: Mapping[str, Any]) -> None:
    """Record what was just done or found, for the doctor and for alerts. Raises ``OSError``."""
    # Two commands at once would lose one of the notes; a lock on a missing folder would be a file.
    with locked(instance.resolve(strict=True)):
        known = {**notes(instance), what: dict(facts)}
        write_file(instance / "copies.json", json.dumps(known, indent=1) + "\n")
