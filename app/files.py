"""Files that are whole or not there, and one process at a time with them."""

from __future__ import annotations

import errno
import fcntl
import os
import pwd
import secrets
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def drafted(path: Path, *, mode: int = 0o600, new: bool = False) -> Iterator[Path]:
    """An empty file beside ``path`` to write to, which gets that name when the block ends.

    By then all of it is on the disk. Where anything fails, what was there before is as it was. With
    ``new`` no other file is ever replaced (``FileExistsError``), also one that came meanwhile.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
    except OSError as error:
        error.filename = str(path)  # nobody has heard of a draft
        raise
    try:
        yield draft
        flush(draft)
        if new:
            name_new(draft, path)
        else:
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    flush(path.parent)


NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)
"""As FAT, which sticks have, and some disks of other machines and of buckets answer."""


def name_new(draft: Path, path: Path) -> None:
    """Give a finished file its name, never over another one (``FileExistsError``)."""
    try:
        os.link(draft, path)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # the name is ours
        draft.replace(path)


def write_file(path: Path, content: str | bytes, *, mode: int = 0o600, new: bool = False) -> None:
    """Let ``path`` be this content, as a whole; see ``drafted``."""
    with drafted(path, mode=mode, new=new) as draft:
        draft.write_bytes(content.encode() if isinstance(content, str) else content)


def flush(path: Path) -> None:
    """Have what was written to a file, or a folder's names, on the disk itself."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[int]:
    """Keep other processes from the same block meanwhile; gives the open file's descriptor.

    The kernel lets go when a process is killed. A folder can stand for itself, so that no file is
    left that another user may not open. Without ``wait`` raises ``BlockingIOError`` where another
    is within.
    """
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield descriptor
    finally:
        os.close(descriptor)


def of_another(*paths: Path) -> str:
    """What to do about the first of these that belongs to another user than this process's; empty
    where there is none. What root writes in a site's folder the site itself cannot read."""
    here = os.geteuid()
    for path in paths:
        try:
            owner = path.stat().st_uid
        except OSError:
            continue
        if owner != here:
            its, ours = _user(owner), _user(here)
            as_its = its if its != str(owner) else f"'#{owner}'"
            ways = [f"run it as {its} (sudo -u {as_its} …)"] if owner else []
            ways += [f"sudo chown -R {ours} {typed(path)}"] if here else []
            return f"{path} belongs to {its}, and this runs as {ours}: {', or '.join(ways)}"
    return ""


def typed(path: Path | str) -> str:
    """The path as whoever runs the site types it in a shell: in quotes where it has blanks."""
    return shlex.quote(str(path))


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # as in a container
        return str(number)
