"""Atomic file writes, and locks between processes."""

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
    """An empty file next to ``path`` to write to, renamed to ``path`` when the block ends.

    It is flushed to disk first. If anything fails, ``path`` is unchanged. With ``new`` an
    existing file is never replaced, even one created meanwhile (``FileExistsError``). A device or
    a pipe, such as ``/dev/stdout``, is never replaced (``OSError``): root would take it from every
    other program.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "This is a device or a pipe. Choose a file", str(path))
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
    except OSError as error:
        error.filename = str(path)  # the caller does not know the draft's name
        raise
    try:
        yield draft
        flush(draft)
        if new:
            rename_noreplace(draft, path)
        else:
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    flush(path.parent)


NO_HARD_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)
"""What FAT (USB sticks), some network file systems and mounted buckets return."""


def rename_noreplace(draft: Path, path: Path) -> None:
    """Rename a finished file without replacing another one (``FileExistsError``)."""
    try:
        os.link(draft, path)
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # claims the name
        draft.replace(path)


def write_file(path: Path, content: str | bytes, *, mode: int = 0o600, new: bool = False) -> None:
    """Write ``content`` to ``path`` atomically; see ``drafted``."""
    with drafted(path, mode=mode, new=new) as draft:
        draft.write_bytes(content.encode() if isinstance(content, str) else content)


def flush(path: Path) -> None:
    """Flush a file's contents, or a folder's entries, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[int]:
    """Hold an exclusive lock on ``path`` across processes; yields the open descriptor.

    The kernel releases it when the process is killed. ``path`` can be a folder, which leaves no
    lock file behind that another user cannot open. Without ``wait``, raises ``BlockingIOError``
    if another process holds the lock.
    """
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield descriptor
    finally:
        os.close(descriptor)


def wrong_owner(*paths: Path) -> str:
    """Advice about the first of ``paths`` that another user owns; empty if there is none.

    The site cannot read what root writes into its folder.
    """
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
            return f"{path} belongs to {its}, but this runs as {ours}: {', or '.join(ways)}"
    return ""


def why_unusable(error: OSError, *folders: Path) -> str:
    """What the system refuses, as a sentence for the operator, with ``wrong_owner`` of the file
    and then of ``folders``, which are the site's own: the advice may be to take them over."""
    if not error.filename:
        return f"{error.strerror or error}."
    path = Path(error.filename)
    whose = wrong_owner(path, *folders)
    return f"{path} cannot be used: {error.strerror}. {whose}".strip()


def typed(path: Path | str) -> str:
    """The path as typed in a shell: quoted where necessary."""
    return shlex.quote(str(path))


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # a container has no such user
        return str(number)
