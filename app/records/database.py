"""The one SQLite file: how every connection to it is opened, and how it is written to.

An acknowledged signature must survive a power cut, so every connection uses WAL with
``synchronous=FULL`` (the log is flushed before a commit returns). What is deleted is
overwritten (``secure_delete``), and nobody but the site's own user can read the file. Nothing is
written to a file that is not the one that was opened (``identity``).
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
from app.files import of_another
from app.records.identity import (
    FIRST_PAGES,
    RESTORE,
    Head,
    NotItselfError,
    Stamp,
    awaited_id,
    check_place,
    foreign_log,
    has_foreign_log,
    id_of,
    known_id,
    note_id,
    overwritten,
    stamp_of,
)
from app.records.migrations import migrate
from app.records.running import unserved
from app.records.turns import BUSY_SECONDS, HASTY, PATIENT, SharedWrites, Turn

log = logging.getLogger("dear_congress")

T = TypeVar("T")

Connection = sqlite3.Connection
"""What other packages call a connection, so that none of them needs SQLite itself."""

SETTINGS = (
    PATIENT,
    "PRAGMA synchronous=FULL",
    "PRAGMA fullfsync=ON",  # macOS flushes to the disk itself only when asked; no effect elsewhere
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA journal_size_limit=67108864",  # after a long read the log shrinks to 64 MB again
    # The log is moved into the file at 16 MB, not at 4: a page that every signature changes is then
    # moved once for four times, and while many sign the log cannot be begun anew at once.
    "PRAGMA wal_autocheckpoint=4000",
)

BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
PUT_BACK = " Stop the site, and put the last good copy back: flask backup restore FILE"


class _RawFile:
    """The database file as it is on the disk, for all connections of this process to it.

    It is kept open as long as any of them: when a process closes a file, it loses all its locks
    on it, SQLite's too.
    """

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.users = 0
        self.last: Head | None = None
        self.turn = Turn()
        self.shared = SharedWrites(self.turn)
        self.writer: _Watched | None = None
        """What ``writing_together`` writes with, as long as anybody else has the file open."""

    def head(self) -> Head | None:
        beginning = os.pread(self.descriptor, FIRST_PAGES, 0)
        if self.last is not None and self.last.pages == beginning:  # nearly always
            return self.last
        return Head.of(beginning)


_Key = tuple[int, Path]
"""The process, and the path: a child process has connections and files of its own."""
_raw: dict[_Key, _RawFile] = {}


def _hold(path: Path) -> tuple[_Key, _RawFile]:
    key = (os.getpid(), path)
    with _opening:
        if key not in _raw:
            _raw[key] = _RawFile(path)
        _raw[key].users += 1
        return key, _raw[key]


def _let_go(key: _Key) -> None:
    if key[0] != os.getpid():
        return  # the parent's, which it still uses
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
    """The id that the database has to have; empty where none was noted yet."""
    let_go: weakref.finalize[[_Key], _Watched]

    def close(self) -> None:
        with _opening:
            _open.discard(self)
        super().close()
        if hasattr(self, "let_go"):
            self.let_go()


_open: weakref.WeakSet[_Watched] = weakref.WeakSet()
_opening = threading.RLock()  # a connection may be collected, and let go, while it is held


def _join(db: _Watched, path: Path) -> None:
    """Have a new connection see the same files as the others of this process, or refuse it."""
    db.stamp = stamp_of(path)
    with _opening:
        others = [one for one in _open if one.key == db.key and one.stamp != db.stamp]
        if others:
            raise NotItselfError(
                f"The database {path} was replaced while the site was running. {RESTORE}"
            )
        _open.add(db)


def open_database(path: Path, *, threads: bool = False, moved: bool = False) -> _Watched:
    """Open the database, making and migrating it where needed.

    The connection is in autocommit mode (``isolation_level=None``); write with ``writing``.
    It belongs to the thread that opened it; with ``threads``, to whoever has the turn to write.
    Several processes may call this at the same moment on a file that does not exist yet. Raises
    ``NotStoredError`` with a sentence for the operator when the file cannot be opened or comes
    from a newer version of the program, and ``NotItselfError`` when a database was here that is
    gone, or that was another one, or whose site moved, unless with ``moved``, to look into it.
    """
    known = awaited_id(path, moved=moved)
    try:
        keep_private(path)
        before = stamp_of(path)[:1]
        key, raw = _hold(path)
    except OSError as error:
        said = f"Cannot open the database {path}: {error.strerror}. {of_another(path, path.parent)}"
        raise NotStoredError(said.strip()) from error
    try:
        if has_foreign_log(path, raw.head, known):
            raise NotItselfError(f"{foreign_log(path)} {RESTORE}")
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS,
            isolation_level=None, factory=_Watched, check_same_thread=not threads,
        )  # fmt: skip
    except (OSError, sqlite3.Error) as error:
        _let_go(key)
        raise NotStoredError(f"Cannot open the database {path}: {error}.") from error
    except NotItselfError:
        _let_go(key)
        raise
    db.path, db.key, db.raw, db.known = path, key, raw, known.encode()
    db.let_go = weakref.finalize(db, _let_go, key)
    db.let_go.atexit = False
    try:
        for setting in SETTINGS:
            db.execute(setting).close()
        if known and id_of(db) != known:
            raise NotItselfError(f"The database {path} is not the one that was here. {RESTORE}")
        use_wal(db)
        migrate(db, before=lambda: _before_upgrade(path))
        _join(db, path)
        if db.stamp[:1] != before:
            raise NotItselfError(f"The database {path} was replaced just now. {RESTORE}")
        if not known:
            # Into the file itself, not only into its log, before anybody relies on it.
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
    """Rename a log that is not of the database that it lies beside. The site must not run."""
    if not path.exists():
        return
    key, raw = _hold(path)
    try:
        if has_foreign_log(path, raw.head, known_id(path)):
            Path(f"{path}-wal").replace(f"{path}-wal.aside")
            Path(f"{path}-shm").unlink(missing_ok=True)
    finally:
        _let_go(key)


def aside(path: Path, why: str) -> Path:
    """A name for something of the database that is put aside, in a folder that is swept."""
    folder = path.parent / "aside"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S.%f}-{why}"


def copy_to(db: sqlite3.Connection, target: Path) -> None:
    """Write all of a database to a new file (mode 0600), as it is at one moment.

    Nobody waits for it. Raises ``OSError`` or ``sqlite3.Error``; then there is no file.
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
                    "this version of the program has to upgrade it. Stop the site, and start it "
                    "again"
                )
            target = aside(path, "before-upgrade.db")
            with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as reader:
                copy_to(reader, target)
    except OSError as error:
        raise sqlite3.OperationalError(
            f"it has to be upgraded, and could not be copied before: {error}. Nothing was changed"
        ) from error
    log.warning("The database is upgraded now. As it was, it is in %s", target)


def _in_place(db: sqlite3.Connection) -> None:
    if isinstance(db, _Watched):
        check_place(db.path, db.stamp)


def _same_file(db: sqlite3.Connection) -> None:
    """Raises ``NotItselfError`` when another file was copied over the database's own.

    Not to be asked within a transaction that only reads: others may be further by then.
    """
    if not isinstance(db, _Watched):
        return
    last, head = db.raw.last, db.raw.head()
    if head is last:
        return
    if head is None or db.known not in head.pages:
        if db.known:
            overwritten(db.path)
        return
    number = int(db.execute("PRAGMA application_id").fetchone()[0])
    version = int(db.execute("PRAGMA schema_version").fetchone()[0])
    if not head.lies_between(last.number if last else None, number, version):
        overwritten(db.path)
    db.raw.last = head


def keep_private(path: Path) -> None:
    """Make the file with mode 0600, or take other people's rights to it away.

    SQLite gives its log files the rights of the main file. An existing file is never opened
    here: closing it again would drop the locks of this process's other connections.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o600)


def use_wal(db: sqlite3.Connection, wait: float = BUSY_SECONDS) -> None:
    """Switch to WAL once. SQLite does not wait for other connections here, so we do."""
    deadline = time.monotonic() + wait
    while db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        if isinstance(db, _Watched) and db.raw.last is not None:
            overwritten(db.path)  # others here have it in use, so it had been switched
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
    is opened anew. Raises ``NotItselfError`` also where something was copied over the file: what
    SQLite reads then is a mixture of both.
    """
    kept: dict[tuple[int, Path], sqlite3.Connection] = _local.__dict__.setdefault("kept", {})
    key = (os.getpid(), path)
    db = kept.get(key)
    if db is None or _is_closed(db):
        db = kept[key] = open_database(path)
    elif not db.in_transaction:
        _same_file(db)
    return db


def _is_closed(db: sqlite3.Connection) -> bool:
    try:
        return db.total_changes < 0
    except sqlite3.ProgrammingError:
        return True


@contextmanager
def writing(db: sqlite3.Connection, *, wait: float = BUSY_SECONDS) -> Iterator[None]:
    """One short write transaction. When the block ends, what it wrote is on the disk.

    The write lock is taken at the start, so the block never fails half-way because another
    writer came first. Raises ``NotStoredError``, with everything undone, when the lock is not
    free within ``wait`` seconds (or at once, where others of this process wait in vain), or the
    disk refuses, and ``NotItselfError`` when the database is not on the disk as it was opened.
    """
    turn, hasty = (
        (db.raw.turn, db is db.raw.writer) if isinstance(db, _Watched) else (Turn(), False)
    )
    try:
        _in_place(db)
        turn.begin(db, wait, hasty=hasty)
        try:
            _same_file(db)
            before = db.total_changes
            yield
            if db.total_changes != before:
                number = db.execute("PRAGMA application_id").fetchone()[0]
                db.execute(f"PRAGMA application_id={(number + 1) % 2**31}").close()
            db.execute("COMMIT")
            # What was moved away or overwritten meanwhile is not acknowledged either.
            _in_place(db)
            _same_file(db)
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
    """What ``work`` returns, once all that it wrote is on the disk: ``writing`` for the many.

    Where several threads of this process come while the lock is taken, the first who gets it does
    the work of all in one transaction, with one flush to the disk. Should any of it fail, each is
    done again in a transaction of its own, so that nobody's mistake is another one's: ``work``
    changes nothing but the database that it is given, and can be asked twice. It runs in the
    caller's context, maybe in another thread. Raises like ``writing``, and what ``work`` raises.
    """
    if not isinstance(db, _Watched):
        with writing(db):
            return work(db)
    try:
        wait = BUSY_SECONDS
        patient = partial(writing, wait=wait)
        return db.raw.shared.write(_writer(db), work, transaction=patient, wait=wait)
    except sqlite3.OperationalError as error:
        raise NotStoredError(f"Nothing was stored: {error}.") from error


def _writer(db: _Watched) -> _Watched:
    """The one connection with which this process writes for many: its statements are prepared and
    its pages at hand, where each thread's own would have to begin anew."""
    with _opening:
        if db.raw.writer is None or _is_closed(db.raw.writer):
            db.raw.writer = open_database(db.path, threads=True)
            db.raw.writer.execute(HASTY).close()  # it does nothing but write, in its turn
        return db.raw.writer


@contextmanager
def reading(db: sqlite3.Connection) -> Iterator[None]:
    """One snapshot for several reads: all see the same moment, and no writer waits for them."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
