"""Tells whether a site is running on a database, so that the file is not replaced under it."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import NotStoredError

RUNNING = "The site or its mail worker is running. Stop both first (Ctrl-C or systemctl stop)."
_serving: dict[Path, int] = {}


def serve_from(path: Path) -> None:
    """Mark a database as in use for as long as this process or one of its children lives.

    Raises ``NotStoredError`` while the database is being restored from a copy or upgraded.
    """
    try:  # read-only, so that a site can start and show its pages on a read-only disk
        descriptor = os.open(_serving_file(path), os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise NotStoredError(f"Cannot use the folder of the database {path}: {error}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise NotStoredError(
            "The database is being restored or upgraded. Start the site when that is done."
        ) from None
    _serving[path] = descriptor


@contextmanager
def stopped(path: Path) -> Iterator[None]:
    """Keep any site from starting on a database. Raises ``NotStoredError`` if one is running.

    SQLite's own locks also reveal programs that have the file open without having called
    ``serve_from``. This process must have no open connection to it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with unserved(path) as free:
        if not free or _is_open_elsewhere(path):
            raise NotStoredError(RUNNING)
        yield


@contextmanager
def unserved(path: Path) -> Iterator[bool]:
    """Whether no site is marked as running on a database; none can start inside the block."""
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
    """Whether another process has the database open: in WAL mode each share-locks these bytes."""
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
