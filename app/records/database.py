"""The one SQLite file: how every connection to it is opened, and how it is written to.

An acknowledged signature must survive a power cut, so every connection uses WAL with
``synchronous=FULL`` (the log is flushed before a commit returns). What is deleted is
overwritten (``secure_delete``), and nobody but the site's own user can read the file.

A site stops writing when its database is not the file that it opened. Beside the database lies
a small file with the database's id: where that is, no database is made anew, and none with
another id is opened. Each write compares the open files with those on the disk.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from app.records.migrations import migrate

log = logging.getLogger("dear_congress")

Connection = sqlite3.Connection
"""What other packages call a connection, so that none of them needs SQLite itself."""

BUSY_SECONDS = 10.0
"""How long a connection waits for another writer. A write takes about a millisecond."""

SETTINGS = (
    f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}",
    "PRAGMA synchronous=FULL",
    "PRAGMA fullfsync=ON",  # macOS flushes to the disk itself only when asked; no effect elsewhere
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA journal_size_limit=67108864",  # after a long read the log shrinks to 64 MB again
)


class NotStoredError(Exception):
    """Nothing was written, and nothing that was there before is lost. Trying again is safe."""


class NotItselfError(NotStoredError):
    """The database or a key is not the one that this site had. Nothing was written.

    The message says what happened and what to do, for the operator. Trying again is of no use.
    """


RESTORE = (
    "Stop the site, put back what was there or restore a backup, and start it again. "
    "`flask doctor` says whether all is well; if this is so on purpose, run: flask adopt"
)

Stamp = tuple[tuple[int, int] | None, ...]
"""Device and inode of the database, its log and the log's index; None for one that is not there."""


class _Watched(sqlite3.Connection):
    """A connection that remembers which files it opened."""

    path: Path
    stamp: Stamp
    key: tuple[int, Path]
    """The process, and the path: a child process has connections of its own."""

    def close(self) -> None:
        with _opening:
            _open.discard(self)
        super().close()


_open: weakref.WeakSet[_Watched] = weakref.WeakSet()
_opening = threading.Lock()


def _join(db: _Watched, path: Path) -> None:
    """Have a new connection see the same files as the others of this process, or refuse it."""
    db.path, db.stamp = path, _stamp(path)
    key = (os.getpid(), path)
    with _opening:
        others = [one for one in _open if one.key == key and one.stamp != db.stamp]
        if others:
            raise NotItselfError(
                f"The database {path} was replaced while the site was running. {RESTORE}"
            )
        db.key = key
        _open.add(db)


def id_file(path: Path) -> Path:
    """Where the id of the database ``path`` stands beside it."""
    return path.with_suffix(".id")


def open_database(path: Path) -> sqlite3.Connection:
    """Open the database, making and migrating it where needed.

    The connection is in autocommit mode (``isolation_level=None``); write with ``writing``.
    It belongs to the thread that opened it. Several processes may call this at the same
    moment on a file that does not exist yet. Raises ``NotStoredError`` with a sentence for the
    operator when the file cannot be opened or comes from a newer version of the program, and
    ``NotItselfError`` when a database was here that is gone, or that was another one.
    """
    known = known_id(path)
    if known and not path.exists():
        raise NotItselfError(f"The database {path} is gone. {RESTORE}")
    try:
        _keep_private(path)
        before = _stamp(path)[:1]
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS,
            isolation_level=None, factory=_Watched,
        )  # fmt: skip
    except (OSError, sqlite3.Error) as error:
        raise NotStoredError(f"Cannot open the database {path}: {error}.") from error
    try:
        for setting in SETTINGS:
            db.execute(setting).close()
        if known and _id_of(db) != known:
            raise NotItselfError(f"The database {path} is not the one that was here. {RESTORE}")
        _use_wal(db)
        migrate(db)
        _join(db, path)
        if db.stamp[:1] != before:
            raise NotItselfError(f"The database {path} was replaced just now. {RESTORE}")
        if not known:
            _note_id(path, _id_of(db))
    except sqlite3.Error as error:
        db.close()
        raise NotStoredError(f"Cannot use the database {path}: {error}.") from error
    except BaseException:
        db.close()
        raise
    return db


def known_id(path: Path) -> str:
    """The id that stands beside the database; empty where there was none yet."""
    try:
        return id_file(path).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _id_of(db: sqlite3.Connection) -> str:
    """The id within the database; empty where it has none, and so is not one of ours."""
    try:
        row = db.execute("SELECT value FROM site WHERE name = 'id'").fetchone()
    except sqlite3.OperationalError:
        return ""
    return str(row[0]) if row else ""


def _note_id(path: Path, value: str) -> None:
    """Write the id beside the database. Whoever comes at the same moment writes the same."""
    draft = id_file(path).with_name(f".{id_file(path).name}.{os.getpid()}.{threading.get_ident()}")
    with suppress(FileExistsError):
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{value}\n")
        draft.replace(id_file(path))


def _stamp(path: Path) -> Stamp:
    found: list[tuple[int, int] | None] = []
    for suffix in ("", "-wal", "-shm"):
        try:
            status = os.stat(f"{path}{suffix}")  # noqa: PTH116 - a microsecond, at every write
            found.append((status.st_dev, status.st_ino))
        except FileNotFoundError:
            found.append(None)
    return tuple(found)


_beside: dict[Path, tuple[Path, ...]] = {}


def keep_beside(path: Path, files: tuple[Path, ...]) -> None:
    """Name files without which nothing may be written to the database ``path``, such as keys."""
    _beside[path] = files


def _be_itself(db: sqlite3.Connection) -> None:
    """Raises ``NotItselfError`` when the files of a connection are not those on the disk."""
    if not isinstance(db, _Watched):
        return
    found = _stamp(db.path)
    if found != db.stamp:
        if found[0] is None:
            _stopped(f"The database {db.path} was removed while the site was running. {RESTORE}")
        if found[0] != db.stamp[0]:
            _stopped(f"The database {db.path} was replaced while the site was running. {RESTORE}")
        _stopped(f"The log beside the database {db.path} (-wal, -shm) was removed. {RESTORE}")
    for file in _beside.get(db.path, ()):
        if not os.path.exists(file):  # noqa: PTH110 - as above
            _stopped(f"{file} is gone. {RESTORE}")


def _stopped(words: str) -> None:
    _log_once(words)
    raise NotItselfError(words)


@cache
def _log_once(words: str) -> None:
    log.critical("Nothing is taken in any more. %s", words)


def _keep_private(path: Path) -> None:
    """Make the file with mode 0600, or take other people's rights to it away.

    SQLite gives its log files the rights of the main file. An existing file is never opened
    here: closing it again would drop the locks of this process's other connections.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o600)


def _use_wal(db: sqlite3.Connection) -> None:
    """Switch to WAL once. SQLite does not wait for other connections here, so we do."""
    deadline = time.monotonic() + BUSY_SECONDS
    while db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            db.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


_local = threading.local()


def local_database(path: Path) -> sqlite3.Connection:
    """This thread's own connection to ``path``, opened once and kept.

    A connection never crosses a fork: a child process opens its own. One that somebody closed
    is opened anew.
    """
    kept: dict[tuple[int, Path], sqlite3.Connection] = _local.__dict__.setdefault("kept", {})
    key = (os.getpid(), path)
    if key not in kept or _is_closed(kept[key]):
        kept[key] = open_database(path)
    return kept[key]


def _is_closed(db: sqlite3.Connection) -> bool:
    try:
        return db.total_changes < 0
    except sqlite3.ProgrammingError:
        return True


@contextmanager
def writing(db: sqlite3.Connection) -> Iterator[None]:
    """One short write transaction. When the block ends, what it wrote is on the disk.

    The write lock is taken at the start, so the block never fails half-way because another
    writer came first. Raises ``NotStoredError``, with everything undone, when the lock is not
    free within ``BUSY_SECONDS`` or the disk refuses, and ``NotItselfError`` when the database is
    not on the disk as it was opened.
    """
    try:
        _be_itself(db)
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
            _be_itself(db)  # what was moved away meanwhile is not acknowledged either
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise  # the program's own mistake
    except sqlite3.DatabaseError as error:
        raise NotStoredError(f"Nothing was stored: {error}.") from error


@contextmanager
def reading(db: sqlite3.Connection) -> Iterator[None]:
    """One snapshot for several reads: all see the same moment, and no writer waits for them."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
