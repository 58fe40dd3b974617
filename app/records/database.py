"""The one SQLite file: how connections to it are opened, and how it is written.

An acknowledged signature must survive a power cut, so every connection uses WAL with
``synchronous=FULL`` (the WAL is flushed before a commit returns). Deleted content is overwritten
(``secure_delete``), and only the site's own user can read the file. Nothing is written to a file
other than the one that was opened (``identity``).
"""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from app.errors import NotStoredError
from app.files import wrong_owner
from app.records.identity import (
    FIRST_PAGES,
    RESTORE,
    Head,
    NotItselfError,
    Stamp,
    check_files,
    expected_id,
    foreign_log_message,
    has_foreign_log,
    id_of,
    known_id,
    note_id,
    refuse_overwritten,
    stamp_of,
)
from app.records.migrations import migrate
from app.records.running import unserved
from app.records.turns import BUSY_SECONDS, FAIL_WHEN_BUSY, WAIT_WHEN_BUSY, SharedWrites, Turn

log = logging.getLogger("dear_congress")

T = TypeVar("T")

Connection = sqlite3.Connection
"""For type hints in other packages, so that none of them imports SQLite itself."""

SETTINGS = (
    WAIT_WHEN_BUSY,
    "PRAGMA synchronous=FULL",
    "PRAGMA fullfsync=ON",  # macOS flushes to the disk itself only when asked; no effect elsewhere
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA journal_size_limit=67108864",  # the WAL shrinks back to 64 MB after a long read
    # Checkpoint at 16 MB instead of the default 4: a page that every signature changes is then
    # copied a quarter as often, and under load the WAL cannot be restarted right away anyway.
    "PRAGMA wal_autocheckpoint=4000",
)

BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
PUT_BACK = " Stop the site and restore the last good copy: flask backup restore FILE"


class _RawFile:
    """The database file as it is on disk, shared by all of this process's connections to it.

    It stays open as long as any of them does: a process that closes a file loses all its locks on
    that file, including SQLite's.
    """

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.users = 0
        self.last: Head | None = None
        self.turn = Turn()
        self.shared = SharedWrites(self.turn)
        self.writer: _Watched | None = None
        """The connection of ``writing_together``; closed when it is the last one left."""

    def head(self) -> Head | None:
        beginning = os.pread(self.descriptor, FIRST_PAGES, 0)
        if self.last is not None and self.last.pages == beginning:  # nearly always
            return self.last
        return Head.of(beginning)


_Key = tuple[int, Path]
"""Process id and path: a child process has its own connections and files."""
_raw: dict[_Key, _RawFile] = {}


def _acquire(path: Path) -> tuple[_Key, _RawFile]:
    key = (os.getpid(), path)
    with _opening:
        if key not in _raw:
            _raw[key] = _RawFile(path)
        _raw[key].users += 1
        return key, _raw[key]


def _release(key: _Key) -> None:
    if key[0] != os.getpid():
        return  # it belongs to the parent process, which still uses it
    with _opening:
        raw = _raw[key]
        raw.users -= 1
        if raw.users == 1 and raw.writer is not None:
            writer, raw.writer = raw.writer, None
            writer.close()
        elif not raw.users:
            os.close(_raw.pop(key).descriptor)


class _Watched(sqlite3.Connection):
    """A connection that remembers which files it opened."""

    path: Path
    stamp: Stamp
    key: _Key
    raw: _RawFile
    known: bytes
    """The id that the database must have; empty if none is recorded yet."""
    release: weakref.finalize[[_Key], _Watched]

    def close(self) -> None:
        with _opening:
            _open.discard(self)
        super().close()
        if hasattr(self, "release"):
            self.release()


_open: weakref.WeakSet[_Watched] = weakref.WeakSet()
_opening = threading.RLock()  # reentrant: garbage collection may release a connection under it


def _register(db: _Watched, path: Path) -> None:
    """Refuse a new connection that sees other files than this process's existing ones."""
    db.stamp = stamp_of(path)
    with _opening:
        others = [one for one in _open if one.key == db.key and one.stamp != db.stamp]
        if others:
            raise NotItselfError(
                f"The database {path} was replaced while the site was running. {RESTORE}"
            )
        _open.add(db)


def open_database(path: Path, *, threads: bool = False, moved: bool = False) -> _Watched:
    """Open the database, creating and migrating it as needed.

    The connection is in autocommit mode (``isolation_level=None``); write with ``writing``.
    It belongs to the thread that opened it or, with ``threads``, to the thread whose turn it is to
    write. Several processes may call this at once on a file that does not exist yet. Raises
    ``NotStoredError`` with a sentence for the operator if the file cannot be opened or comes from
    a newer version of the program, and ``NotItselfError`` if the database of this site is gone or
    is a different one, or if the site has moved (``moved`` opens it all the same, to look inside).
    """
    known = expected_id(path, moved=moved)
    try:
        make_private(path)
        before = stamp_of(path)[:1]
        key, raw = _acquire(path)
    except OSError as error:
        said = (
            f"Cannot open the database {path}: {error.strerror}. {wrong_owner(path, path.parent)}"
        )
        raise NotStoredError(said.strip()) from error
    try:
        if has_foreign_log(path, raw.head, known):
            raise NotItselfError(f"{foreign_log_message(path)} {RESTORE}")
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS,
            isolation_level=None, factory=_Watched, check_same_thread=not threads,
        )  # fmt: skip
    except (OSError, sqlite3.Error) as error:
        _release(key)
        raise NotStoredError(f"Cannot open the database {path}: {error}.") from error
    except NotItselfError:
        _release(key)
        raise
    db.path, db.key, db.raw, db.known = path, key, raw, known.encode()
    db.release = weakref.finalize(db, _release, key)
    db.release.atexit = False
    try:
        for setting in SETTINGS:
            db.execute(setting).close()
        if known and id_of(db) != known:
            raise NotItselfError(f"The database {path} is not this site's database. {RESTORE}")
        use_wal(db)
        migrate(db, before=lambda: _before_upgrade(path))
        _register(db, path)
        if db.stamp[:1] != before:
            raise NotItselfError(f"The database {path} was just replaced. {RESTORE}")
        if not known:
            # The id must be in the file itself, not only in the WAL, before anything relies on it.
            db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            own, head = id_of(db), raw.head()
            if head is not None and own.encode() in head.pages:
                note_id(path, own)
                db.known = own.encode()
        raw.last = raw.last or raw.head()
    except sqlite3.Error as error:
        db.close()
        remedy = PUT_BACK if getattr(error, "sqlite_errorcode", 0) in BROKEN else ""
        raise NotStoredError(f"Cannot use the database {path}: {error}.{remedy}") from error
    except BaseException:
        db.close()
        raise
    return db


def put_foreign_log_aside(path: Path) -> None:
    """Rename a WAL that does not belong to the database next to it. The site must be stopped."""
    if not path.exists():
        return
    key, raw = _acquire(path)
    try:
        if has_foreign_log(path, raw.head, known_id(path)):
            Path(f"{path}-wal").replace(f"{path}-wal.aside")
            Path(f"{path}-shm").unlink(missing_ok=True)
    finally:
        _release(key)


def aside(path: Path, why: str) -> Path:
    """A path for a database file that is set aside, in a folder that the purge sweeps."""
    folder = path.parent / "aside"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S.%f}-{why}"


def copy_to(db: sqlite3.Connection, target: Path) -> None:
    """Write a snapshot of a whole database to a new file (mode 0600).

    Readers and writers are not blocked. Raises ``OSError`` or ``sqlite3.Error``, and leaves no
    file then.
    """
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(sqlite3.connect(target, isolation_level=None)) as copy:
            db.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE").fetchone()
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _before_upgrade(path: Path) -> None:
    """Copy a database that is about to be upgraded. Raises ``sqlite3.DatabaseError``."""
    try:
        with unserved(path) as free:
            if not free:
                raise sqlite3.OperationalError(
                    "this version of the program must upgrade it first. Stop the site and start "
                    "it again"
                )
            target = aside(path, "before-upgrade.db")
            with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as reader:
                copy_to(reader, target)
    except OSError as error:
        raise sqlite3.OperationalError(
            f"it needs an upgrade, but could not be copied first: {error}. Nothing was changed"
        ) from error
    log.warning("Upgrading the database. A copy from before the upgrade is in %s", target)


def _check_in_place(db: sqlite3.Connection) -> None:
    if isinstance(db, _Watched):
        check_files(db.path, db.stamp)


def _check_not_overwritten(db: sqlite3.Connection) -> None:
    """Raises ``NotItselfError`` if another file was copied over the database.

    Do not call this inside a read transaction: its snapshot may be older than the file.
    """
    if not isinstance(db, _Watched):
        return
    last, head = db.raw.last, db.raw.head()
    if head is last:
        return
    if head is None or db.known not in head.pages:
        if db.known:
            refuse_overwritten(db.path)
        return
    number = int(db.execute("PRAGMA application_id").fetchone()[0])
    version = int(db.execute("PRAGMA schema_version").fetchone()[0])
    if not head.lies_between(last.number if last else None, number, version):
        refuse_overwritten(db.path)
    db.raw.last = head


def make_private(path: Path) -> None:
    """Create the file with mode 0600, or remove other users' permissions from it.

    SQLite gives the WAL the permissions of the main file. An existing file is never opened here:
    closing it would drop the locks of this process's other connections.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o600)


def use_wal(db: sqlite3.Connection, wait: float = BUSY_SECONDS) -> None:
    """Switch to WAL. SQLite's busy timeout does not apply here, so wait for other connections."""
    deadline = time.monotonic() + wait
    while db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        if isinstance(db, _Watched) and db.raw.last is not None:
            refuse_overwritten(db.path)  # this process uses it already, so it was in WAL mode
        try:
            db.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


_local = threading.local()


def local_database(path: Path) -> sqlite3.Connection:
    """This thread's own connection to ``path``, opened once and kept.

    A connection never crosses a fork: a child process opens its own. One that was closed is
    replaced. Raises what ``open_database`` raises, and ``NotItselfError`` if something was copied
    over the file: SQLite would read a mixture of both.
    """
    kept: dict[tuple[int, Path], sqlite3.Connection] = _local.__dict__.setdefault("kept", {})
    key = (os.getpid(), path)
    db = kept.get(key)
    if db is None or _is_closed(db):
        db = kept[key] = open_database(path)
    elif not db.in_transaction:
        _check_not_overwritten(db)
    return db


def _is_closed(db: sqlite3.Connection) -> bool:
    try:
        return db.total_changes < 0
    except sqlite3.ProgrammingError:
        return True


@contextmanager
def writing(db: sqlite3.Connection, *, wait: float = BUSY_SECONDS) -> Iterator[None]:
    """One short write transaction. When the block ends, what it wrote is on disk.

    The write lock is taken at the start, so the block never fails halfway because another writer
    came first. Raises ``NotStoredError``, with everything rolled back, if the lock is not free
    within ``wait`` seconds (or sooner, when this process's line for it is stuck) or the disk
    refuses, and ``NotItselfError`` if the database on disk is no longer the one that was opened.
    """
    turn, never_waits = (
        (db.raw.turn, db is db.raw.writer) if isinstance(db, _Watched) else (Turn(), False)
    )
    try:
        _check_in_place(db)
        turn.begin(db, wait, never_waits=never_waits)
        try:
            _check_not_overwritten(db)
            before = db.total_changes
            yield
            if db.total_changes != before:
                number = db.execute("PRAGMA application_id").fetchone()[0]
                db.execute(f"PRAGMA application_id={(number + 1) % 2**31}").close()
            db.execute("COMMIT")
            # Nor acknowledge a write to a file that was moved or overwritten in the meantime.
            _check_in_place(db)
            _check_not_overwritten(db)
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        finally:
            turn.end()
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise  # the program's own mistake
    except sqlite3.DatabaseError as error:
        raise NotStoredError(f"Nothing was stored: {error}.") from error


def writing_together(db: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    """What ``work`` returns, once all that it wrote is on disk: ``writing`` for busy times.

    While the lock is taken, writes of this process's threads pile up; the first thread to get the
    lock runs them all in one transaction, with one flush to disk. If any of them fails, each is
    run again in its own transaction, so that one failure does not spread. So ``work`` must change
    only the database that it is given, and must be safe to run twice. It runs in the caller's
    context, though perhaps in another thread. Raises like ``writing``, and what ``work`` raises.
    """
    if not isinstance(db, _Watched):
        with writing(db):
            return work(db)
    try:
        wait = BUSY_SECONDS
        transaction = partial(writing, wait=wait)
        return db.raw.shared.write(_writer(db), work, transaction=transaction, wait=wait)
    except sqlite3.OperationalError as error:
        raise NotStoredError(f"Nothing was stored: {error}.") from error


def _writer(db: _Watched) -> _Watched:
    """The connection that all shared writes of this process use: its prepared statements and page
    cache stay warm, unlike those of each thread's own connection."""
    with _opening:
        if db.raw.writer is None or _is_closed(db.raw.writer):
            db.raw.writer = open_database(db.path, threads=True)
            db.raw.writer.execute(FAIL_WHEN_BUSY).close()  # it only ever writes through ``Turn``
        return db.raw.writer


@contextmanager
def reading(db: sqlite3.Connection) -> Iterator[None]:
    """One snapshot for several reads: all see the same state, and no writer waits for them."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
