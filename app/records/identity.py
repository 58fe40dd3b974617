"""Whether the database on the disk is the one that this site had.

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

import logging
import os
import sqlite3
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NoReturn

from app.errors import NotStoredError
from app.files import write_file

log = logging.getLogger("dear_congress")


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

MOVED = "moved "

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
class Head:
    """What the beginning of the database file says, without the log."""

    version: int
    """Of the schema: every VACUUM adds one, so a copy made by ``VACUUM INTO`` is told too."""
    number: int
    """Of the last write that was moved from the log into the file."""
    pages: bytes = b""
    """The first few. The table ``site``, with the id, is among the first that are made."""

    @classmethod
    def of(cls, beginning: bytes) -> Head | None:
        """None where there is not yet so much of a file."""
        if len(beginning) < FIRST_PAGES:
            return None
        version, number = _HEADER.unpack_from(beginning)
        return cls(version, number, beginning)

    def lies_between(self, earliest: int | None, latest: int, version: int) -> bool:
        """Whether the file can be the one whose writes have these numbers, in that schema."""
        return not (
            (earliest is not None and _behind(self.number, earliest))
            or _behind(latest, self.number)
            or self.version > version
        )


def id_file(path: Path) -> Path:
    """Where the id of the database ``path`` stands beside it."""
    return path.with_suffix(".id")


def known_id(path: Path) -> str:
    """The id that stands beside the database; empty where there was none yet."""
    return _beside_it(path)[0]


def awaited_id(path: Path, *, moved: bool) -> str:
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


def id_of(db: sqlite3.Connection) -> str:
    """The id within the database; empty where it has none, and so is not one of ours."""
    try:
        row = db.execute("SELECT value FROM site WHERE name = 'id'").fetchone()
    except sqlite3.OperationalError:
        return ""
    return str(row[0]) if row else ""


def note_id(path: Path, value: str) -> None:
    """Write the id beside the database. Whoever comes at the same moment writes the same."""
    draft = id_file(path).with_name(f".{id_file(path).name}.{os.getpid()}.{threading.get_ident()}")
    with suppress(FileExistsError):
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{value}\n")
        draft.replace(id_file(path))


def stamp_of(path: Path) -> Stamp:
    """The files of a database as they lie on the disk now."""
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


def check_place(path: Path, stamp: Stamp) -> None:
    """Raises ``NotItselfError`` when the files of a database are not those that were opened."""
    found = stamp_of(path)
    if found != stamp:
        if found[0] is None:
            _stop_writing(f"The database {path} was removed while the site was running. {RESTORE}")
        if found[0] != stamp[0]:
            _stop_writing(f"The database {path} was replaced while the site was running. {RESTORE}")
        _stop_writing(f"The log beside the database {path} (-wal, -shm) was removed. {RESTORE}")
    for file in _beside.get(path, ()):
        if not os.path.exists(file):  # noqa: PTH110 - as above
            _stop_writing(f"{file} is gone. {RESTORE}")


def foreign_log(path: Path) -> str:
    """What it means that the log beside the database is of another file."""
    return (
        f"The log {path.name}-wal beside the database {path} is of another file: someone copied a "
        "database over it. Together they would be destroyed, so neither is touched. If the "
        "copy is what you want, `flask adopt` puts the log aside."
    )


def has_foreign_log(path: Path, read: Callable[[], Head | None], known: str) -> bool:
    """Whether the log beside the database cannot follow on the file that it lies beside, whose
    head is ``read``.

    Only asked before SQLite has opened them in this process. Another process may move the log
    into the file and begin it anew meanwhile, so a doubt is looked at again.
    """
    for _ in range(5):
        head, (first, last) = read(), _ends_of_log(path)
        if head is None or first is None or last is None:
            return False
        before = (first.number - 1) % 2**31
        if known.encode() in head.pages and head.lies_between(before, last.number, last.version):
            return False
        time.sleep(0.01)
    return True


def _ends_of_log(path: Path) -> tuple[Head | None, Head | None]:
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
                last = Head(*_HEADER.unpack_from(frame, FRAME))
                first = first or last
            place += FRAME + PAGE
    return first, last


def overwritten(path: Path) -> NoReturn:
    """Raises ``NotItselfError`` where something was copied over the database."""
    _stop_writing(
        f"Something was copied over the database {path} while the site was running. {RESTORE}"
    )


def _stop_writing(words: str) -> NoReturn:
    _log_once(words)
    raise NotItselfError(words)


@cache
def _log_once(words: str) -> None:
    log.critical("Nothing more is taken in. %s", words)
