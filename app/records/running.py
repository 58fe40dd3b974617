"""Whether a site runs on a database, so that nobody puts another one in its place meanwhile."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import NotStoredError

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
    with unserved(path) as free:
        if not free or _is_open_elsewhere(path):
            raise NotStoredError(RUNNING)
        yield


@contextmanager
def unserved(path: Path) -> Iterator[bool]:
    """Whether no site has noted that it runs on a database; none starts meanwhile."""
    descriptor = os.open(_serving_file(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
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
