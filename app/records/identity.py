"""Checks that the database on disk is still the one that this site uses.

A site stops writing when its database is no longer the file that it opened. A small file next to
the database holds the database's id: while that file exists, no new database is created and none
with another id is opened. Every write compares the open files with those on disk.

Copying a file over the database (``cp backup.db dear-congress.db``) keeps the inode, so SQLite
does not notice: it would checkpoint its WAL into the copy and destroy it. So every write is
numbered in the file header (``application_id``), and the header on disk, read without SQLite, must
fit: it contains the id, its number never goes back, and it is never ahead of what SQLite sees. The
same test detects a WAL left next to a restored copy, before SQLite opens it.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NoReturn

from app.errors import NotStoredError
from app.files import write_file

log = logging.getLogger("dear_congress")


class NotItselfError(NotStoredError):
    """The database or a key is not the one that this site had. Nothing was written.

    The message tells the operator what happened and what to do. Retrying does not help.
    """


RESTORE = (
    "Stop the site, put the original file back or restore a copy, start it again and run `flask "
    "doctor`. If you made this change on purpose, run: flask adopt"
)

Stamp = tuple[tuple[int, int] | None, ...]
"""Device and inode of the database, its WAL and its shared-memory file; None for a missing file."""

MOVED = "moved "

PAGE = 4096
"""Page size of our databases, in bytes: SQLite's default since 2016."""
FIRST_PAGES = 8 * PAGE
"""In bytes. Even an empty database of ours is larger."""
_HEADER = struct.Struct(">40xI24xI")
"""The schema version and the number of the last write, in the first page of a file."""
FRAME = 24
"""Bytes of a frame header, which precedes each page in the WAL; the WAL's own header has 32."""


def _behind(one: int, other: int) -> bool:
    """Whether a write has a lower number than another; numbers wrap around at 2**31."""
    return one != other and (other - one) % 2**31 < 2**30


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of the database file, without the WAL."""

    version: int
    """Of the schema. Every VACUUM adds one, so this also gives away a ``VACUUM INTO`` copy."""
    number: int
    """Of the last write that was checkpointed into the file."""
    pages: bytes = b""
    """The first few. The table ``site``, with the id, is among the first that are created."""

    @classmethod
    def of(cls, beginning: bytes) -> Head | None:
        """None for a file that is still too short."""
        if len(beginning) < FIRST_PAGES:
            return None
        version, number = _HEADER.unpack_from(beginning)
        return cls(version, number, beginning)

    def lies_between(self, earliest: int | None, latest: int, version: int) -> bool:
        """Whether the file can be the one with writes in this range and this schema version."""
        return not (
            (earliest is not None and _behind(self.number, earliest))
            or _behind(latest, self.number)
            or self.version > version
        )


def id_file(path: Path) -> Path:
    """The file next to the database ``path`` that holds its id."""
    return path.with_suffix(".id")


def known_id(path: Path) -> str:
    """The id in that file; empty if there is none yet."""
    return _read_id_file(path)[0]


def expected_id(path: Path, *, moved: bool) -> str:
    """The id that the database must have; empty if none is known yet.

    Raises ``NotItselfError`` if no database may be opened here: the known one is gone, or the
    site has moved (with ``moved``, that is ignored).
    """
    if not moved and (day := moved_on(path)):
        raise NotItselfError(
            f"The site in {path.parent} moved to another machine on {day}. It accepts nothing "
            "here, because two sites would count separately. To continue here after all, run: "
            "flask adopt"
        )
    known = known_id(path)
    if known and not path.exists():
        raise NotItselfError(f"The database {path} is missing. {RESTORE}")
    return known


def moved_on(path: Path) -> str:
    """The day on which the site moved elsewhere; empty if it did not."""
    return _read_id_file(path)[1]


def _read_id_file(path: Path) -> tuple[str, str]:
    """The id, and the day of the move; either may be empty."""
    try:
        text = id_file(path).read_text(encoding="ascii", errors="replace")
    except OSError:
        return "", ""
    known, _, day = text.partition(MOVED)
    return known.strip(), day.strip()


def note_moved(path: Path, day: str) -> None:
    """Record that the site moved elsewhere on ``day``, so that its old database is not opened; an
    empty ``day`` takes that back. Call it within ``stopped``."""
    write_file(id_file(path), f"{known_id(path)}\n{MOVED + day if day else ''}\n")


def id_of(db: sqlite3.Connection) -> str:
    """The id in the database itself; empty if it has none, and so is not one of ours."""
    try:
        row = db.execute("SELECT value FROM site WHERE name = 'id'").fetchone()
    except sqlite3.OperationalError:
        return ""
    return str(row[0]) if row else ""


def note_id(path: Path, value: str) -> None:
    """Write the id next to the database. Concurrent callers write the same value."""
    write_file(id_file(path), f"{value}\n")


def stamp_of(path: Path) -> Stamp:
    """The files of a database as they are on disk now."""
    name = str(path)
    found: list[tuple[int, int] | None] = []
    for file in (name, name + "-wal", name + "-shm"):
        try:
            status = os.stat(file)  # noqa: PTH116 - a microsecond, at every write
            found.append((status.st_dev, status.st_ino))
        except FileNotFoundError:
            found.append(None)
    return tuple(found)


_required: dict[Path, tuple[str, ...]] = {}


def require_files(path: Path, files: tuple[Path, ...]) -> None:
    """Refuse writes to the database ``path`` while any of ``files``, such as keys, is missing."""
    _required[path] = tuple(map(str, files))


def check_files(path: Path, stamp: Stamp) -> None:
    """Raises ``NotItselfError`` if the files of a database are not those that were opened, or a
    required file is missing."""
    found = stamp_of(path)
    if found != stamp:
        if found[0] is None:
            _stop_writing(f"The database {path} was removed while the site was running. {RESTORE}")
        if found[0] != stamp[0]:
            _stop_writing(f"The database {path} was replaced while the site was running. {RESTORE}")
        _stop_writing(
            f"The write-ahead log of the database {path} (-wal, -shm) was removed. {RESTORE}"
        )
    for file in _required.get(path, ()):
        if not os.path.exists(file):  # noqa: PTH110 - as above
            _stop_writing(f"{file} is missing. {RESTORE}")


def foreign_log_message(path: Path) -> str:
    """What to tell the operator when the WAL belongs to another file."""
    return (
        f"The write-ahead log {path.name}-wal does not belong to the database {path}, because "
        "another database was copied over it. Used together they would be destroyed, so neither "
        "was changed."
    )


def has_foreign_log(path: Path, read: Callable[[], Head | None], known: str) -> bool:
    """Whether the WAL cannot be a continuation of the database file next to it.

    ``read`` returns the head of that file. Call this only before this process has opened the
    database through SQLite. Another process may checkpoint and restart the WAL between the two
    reads, so a mismatch is checked again.
    """
    for _ in range(5):
        head, (first, last) = read(), _log_ends(path)
        if head is None or first is None or last is None:
            return False
        before = (first.number - 1) % 2**31
        if known.encode() in head.pages and head.lies_between(before, last.number, last.version):
            return False
        time.sleep(0.01)
    return True


def _log_ends(path: Path) -> tuple[Head | None, Head | None]:
    """The first and the last version of the database's first page in its WAL.

    The format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
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
                break  # left over from before the WAL was restarted
            if frame[:4] == b"\0\0\0\1":
                last = Head(*_HEADER.unpack_from(frame, FRAME))
                first = first or last
            place += FRAME + PAGE
    return first, last


def refuse_overwritten(path: Path) -> NoReturn:
    """Raises ``NotItselfError``: something was copied over the database."""
    _stop_writing(f"The database {path} was overwritten while the site was running. {RESTORE}")


def _stop_writing(words: str) -> NoReturn:
    _log_once(words)
    raise NotItselfError(words)


@cache
def _log_once(words: str) -> None:
    log.critical("The site accepts nothing until this is fixed. %s", words)
