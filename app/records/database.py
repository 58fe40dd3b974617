"""The one SQLite file: how every connection to it is opened, and how it is written to.

An acknowledged signature must survive a power cut, so every connection uses WAL with
``synchronous=FULL`` (the log is flushed before a commit returns). What is deleted is
overwritten (``secure_delete``), and nobody but the site's own user can read the file.

A site stops writing when its database is not the file that it opened. Beside the database lies
a small file with the database's id: where that is, no database is made anew, and none with
another id is opened. Each write compares the open files with those on the disk.

A file that was copied over the database (``cp backup.db dear-congress.db``) keeps its place on
the disk, and SQLite itself does not notice: its log would be written into the copy and destroy
it. So each write is numbered in the file's header (``application_id``), and the header as it is
on the disk, read past SQLite, has to fit: it has the id, it never goes back, and it never is
ahead of what SQLite sees. A log that was left beside a restored copy is told in the same way
before SQLite opens it.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import sqlite3
import stat
import struct
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import NoReturn, TypeVar

from app.errors import ExplainedError
from app.files import of_another, write_file
from app.records.migrations import migrate
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


class NotStoredError(ExplainedError):
    """Nothing was written, and nothing that was there before is lost. Trying again is safe."""


class NotItselfError(NotStoredError):
    """The database or a key is not the one that this site had. Nothing was written.

    The message says what happened and what to do, for the operator. Trying again is of no use.
    """


RESTORE = (
    "Stop the site, put back what was there or restore a backup, and start it again. "
    "`flask doctor` says whether all is well; if this is so on purpose, run: flask adopt"
)

BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
PUT_BACK = " Stop the site, and put the last good copy back: flask backup restore FILE"

Stamp = tuple[tuple[int, int] | None, ...]
"""Device and inode of the database, its log and the log's index; None for one that is not there."""


PAGE = 4096
"""Bytes of a page of ours: SQLite's default since 2016."""
FIRST_PAGES = 8 * PAGE
"""Bytes. An empty database of ours has more."""
_HEADER = struct.Struct(">40xI24xI")
"""The schema's version and the number of the last write in a file's first page."""
FRAME = 24
"""Bytes before each page in the log; 32 stand before the first."""


def _behind(one: int, other: int) -> bool:
    """Whether a write has a lower number than another; after 2**31 they begin anew."""
    return one != other and (other - one) % 2**31 < 2**30


@dataclass(frozen=True, slots=True)
class _Head:
    """What the beginning of the database file says, without the log."""

    version: int
    """Of the schema: every VACUUM adds one, so a copy made by ``VACUUM INTO`` is told too."""
    number: int
    """Of the last write that was moved from the log into the file."""
    pages: bytes = b""
    """The first few. The table ``site``, with the id, is among the first that are made."""

    @classmethod
    def of(cls, beginning: bytes) -> _Head | None:
        """None where there is not yet so much of a file."""
        if len(beginning) < FIRST_PAGES:
            return None
        version, number = _HEADER.unpack_from(beginning)
        return cls(version, number, beginning)


class _RawFile:
    """The database file as it is on the disk, for all connections of this process to it.

    It is kept open as long as any of them: when a process closes a file, it loses all its locks
    on it, SQLite's too.
    """

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.users = 0
        self.last: _Head | None = None
        self.turn = Turn()
        self.shared = SharedWrites(self.turn)
        self.writer: _Watched | None = None
        """What ``writing_together`` writes with, as long as anybody else has the file open."""

    def head(self) -> _Head | None:
        beginning = os.pread(self.descriptor, FIRST_PAGES, 0)
        if self.last is not None and self.last.pages == beginning:  # nearly always
            return self.last
        return _Head.of(beginning)


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
    db.stamp = _stamp(path)
    with _opening:
        others = [one for one in _open if one.key == db.key and one.stamp != db.stamp]
        if others:
            raise NotItselfError(
                f"The database {path} was replaced while the site was running. {RESTORE}"
            )
        _open.add(db)


MOVED = "moved "


def id_file(path: Path) -> Path:
    """Where the id of the database ``path`` stands beside it."""
    return path.with_suffix(".id")


def open_database(path: Path, *, threads: bool = False, moved: bool = False) -> _Watched:
    """Open the database, making and migrating it where needed.

    The connection is in autocommit mode (``isolation_level=None``); write with ``writing``.
    It belongs to the thread that opened it; with ``threads``, to whoever has the turn to write.
    Several processes may call this at the same moment on a file that does not exist yet. Raises
    ``NotStoredError`` with a sentence for the operator when the file cannot be opened or comes
    from a newer version of the program, and ``NotItselfError`` when a database was here that is
    gone, or that was another one, or whose site moved, unless with ``moved``, to look into it.
    """
    known = _awaited_id(path, moved=moved)
    try:
        keep_private(path)
        before = _stamp(path)[:1]
        key, raw = _hold(path)
    except OSError as error:
        said = f"Cannot open the database {path}: {error.strerror}. {of_another(path, path.parent)}"
        raise NotStoredError(said.strip()) from error
    try:
        if _log_of_another(path, raw, known):
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
        if known and _id_of(db) != known:
            raise NotItselfError(f"The database {path} is not the one that was here. {RESTORE}")
        use_wal(db)
        migrate(db, before=lambda: _before_upgrade(path))
        _join(db, path)
        if db.stamp[:1] != before:
            raise NotItselfError(f"The database {path} was replaced just now. {RESTORE}")
        if not known:
            # Into the file itself, not only into its log, before anybody relies on it.
            db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            own, head = _id_of(db), raw.head()
            if head is not None and own.encode() in head.pages:
                _note_id(path, own)
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


RUNNING = (
    "The site is running. Stop it first (Ctrl-C, or systemctl stop), and its mail worker with it."
)
_serving: dict[Path, int] = {}


def serve_from(path: Path) -> None:
    """Note for as long as this process and its children live that a site runs on a database.

    Raises ``NotStoredError`` while somebody puts a copy back, or upgrades it.
    """
    try:  # only to read, so that a site starts, and shows its pages, on a disk that is read-only
        descriptor = os.open(_serving_file(path), os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise NotStoredError(f"Cannot use the folder of the database {path}: {error}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise NotStoredError(
            "A copy is being put back, or the database upgraded, at this moment. Start the site "
            "when that is done."
        ) from None
    _serving[path] = descriptor


@contextmanager
def stopped(path: Path) -> Iterator[None]:
    """Keep a site from running on a database meanwhile. Raises ``NotStoredError`` if one does.

    Also told, by SQLite's own locks, is a program that has the file open and noted nothing. So
    no connection of this process may be open.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(_serving_file(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotStoredError(RUNNING) from None
        if _is_open_elsewhere(path):
            raise NotStoredError(RUNNING)
        yield
    finally:
        os.close(descriptor)


def _is_open_elsewhere(path: Path) -> bool:
    """Whether another process has the database open: in WAL mode each shares these bytes."""
    try:
        with path.open("r+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN):
            return True
        raise
    return False


def _serving_file(path: Path) -> Path:
    return path.with_suffix(".serving")


def foreign_log(path: Path) -> str:
    """What it means that the log beside the database is of another file."""
    return (
        f"The log {path.name}-wal beside the database {path} is of another file: someone copied a "
        "database over it. Together they would be destroyed, so neither is touched. If the "
        "copy is what you want, `flask adopt` puts the log aside."
    )


def _log_of_another(path: Path, raw: _RawFile, known: str) -> bool:
    """Whether the log beside the database cannot follow on the file that it lies beside.

    Only asked before SQLite has opened them in this process. Another process may move the log
    into the file and begin it anew meanwhile, so a doubt is looked at again.
    """
    for _ in range(5):
        head, (first, last) = raw.head(), _ends_of_log(path)
        if head is None or first is None or last is None:
            return False
        fits = (
            known.encode() in head.pages
            and not _behind(head.number, (first.number - 1) % 2**31)
            and not _behind(last.number, head.number)
            and head.version <= last.version
        )
        if fits:
            return False
        time.sleep(0.01)
    return True


def put_foreign_log_aside(path: Path) -> None:
    """Rename a log that is not of the database that it lies beside. The site must not run."""
    if not path.exists():
        return
    key, raw = _hold(path)
    try:
        if _log_of_another(path, raw, known_id(path)):
            Path(f"{path}-wal").replace(f"{path}-wal.aside")
            Path(f"{path}-shm").unlink(missing_ok=True)
    finally:
        _let_go(key)


def _ends_of_log(path: Path) -> tuple[_Head | None, _Head | None]:
    """The first and the last state of the database's first page in its log.

    See https://www.sqlite.org/fileformat2.html#the_write_ahead_log for the format.
    """
    first = last = None
    try:
        file = Path(f"{path}-wal").open("rb")  # noqa: SIM115 - closed below
    except OSError:
        return None, None
    with file:
        start = file.read(32)
        place, salt = 32, start[16:24]
        while len(frame := os.pread(file.fileno(), FRAME + 100, place)) == FRAME + 100:
            if frame[8:16] != salt:
                break  # of an earlier use of the log
            if frame[:4] == b"\0\0\0\1":
                last = _Head(*_HEADER.unpack_from(frame, FRAME))
                first = first or last
            place += FRAME + PAGE
    return first, last


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
    file = os.open(_serving_file(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as reader:
            target = aside(path, "before-upgrade.db")
            copy_to(reader, target)
        log.warning("The database is upgraded now. As it was, it is in %s", target)
    except BlockingIOError:
        raise sqlite3.OperationalError(
            "this version of the program has to upgrade it. Stop the site, and start it again"
        ) from None
    except OSError as error:
        raise sqlite3.OperationalError(
            f"it has to be upgraded, and could not be copied before: {error}. Nothing was changed"
        ) from error
    finally:
        os.close(file)


def known_id(path: Path) -> str:
    """The id that stands beside the database; empty where there was none yet."""
    return _beside_it(path)[0]


def _awaited_id(path: Path, *, moved: bool) -> str:
    """The id that the database has to have. Raises ``NotItselfError`` where none may be opened."""
    if not moved and (day := moved_on(path)):
        raise NotItselfError(
            f"The site in {path.parent} moved to another place on {day}, and two would count "
            "apart, so nothing is taken in here. If it is to continue here, run: flask adopt"
        )
    known = known_id(path)
    if known and not path.exists():
        raise NotItselfError(f"The database {path} is gone. {RESTORE}")
    return known


def moved_on(path: Path) -> str:
    """The day on which the site moved to another place; empty where it did not."""
    return _beside_it(path)[1]


def _beside_it(path: Path) -> tuple[str, str]:
    try:
        text = id_file(path).read_text(encoding="ascii", errors="replace")
    except OSError:
        return "", ""
    known, _, day = text.partition(MOVED)
    return known.strip(), day.strip()


def note_moved(path: Path, day: str) -> None:
    """Have nobody open the database ``path`` any more, because its site goes on elsewhere; with
    no day, take that back. Call it within ``stopped``."""
    write_file(id_file(path), f"{known_id(path)}\n{MOVED + day if day else ''}\n")


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
    name = str(path)
    found: list[tuple[int, int] | None] = []
    for file in (name, name + "-wal", name + "-shm"):
        try:
            status = os.stat(file)  # noqa: PTH116 - a microsecond, at every write
            found.append((status.st_dev, status.st_ino))
        except FileNotFoundError:
            found.append(None)
    return tuple(found)


_beside: dict[Path, tuple[str, ...]] = {}


def keep_beside(path: Path, files: tuple[Path, ...]) -> None:
    """Name files without which nothing may be written to the database ``path``, such as keys."""
    _beside[path] = tuple(map(str, files))


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
            _overwritten(db)
        return
    number = int(db.execute("PRAGMA application_id").fetchone()[0])
    version = int(db.execute("PRAGMA schema_version").fetchone()[0])
    if (
        (last is not None and _behind(head.number, last.number))
        or _behind(number, head.number)
        or head.version > version
    ):
        _overwritten(db)
    db.raw.last = head


def _overwritten(db: _Watched) -> NoReturn:
    _stopped(
        f"Something was copied over the database {db.path} while the site was running. {RESTORE}"
    )


def _stopped(words: str) -> NoReturn:
    _log_once(words)
    raise NotItselfError(words)


@cache
def _log_once(words: str) -> None:
    log.critical("Nothing more is taken in. %s", words)


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
            _overwritten(db)  # others here have it in use, so it had been switched
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
        _be_itself(db)
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
            _be_itself(db)
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
