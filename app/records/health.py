"""Checks that the database works, and still belongs to this site and its keys."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

from app.records.database import open_database, put_foreign_log_aside, writing
from app.records.identity import RESTORE, NotItselfError, id_file
from app.records.migrations import migrate


class _RollBackError(Exception):
    """Rolls back the probe of ``try_to_write``."""


def try_to_write(db: sqlite3.Connection, *, wait: float) -> None:
    """Write something and roll it back: the lock alone would not reveal a read-only disk.

    Raises ``NotStoredError`` if that is not possible within ``wait`` seconds.
    """
    with suppress(_RollBackError), writing(db, wait=wait):
        db.execute("UPDATE site SET value = value WHERE name = 'id'")
        raise _RollBackError


def schema_differences(db: sqlite3.Connection) -> tuple[str, ...]:
    """Names of tables, indexes, triggers and views that are missing, extra or different from what
    this program creates; also missing or extra rows of ``breakdowns``.

    A missing trigger or row would make the counts wrong with no error, and a recount, which uses
    the same ``breakdowns``, would not reveal the row.
    """

    def parts(of: sqlite3.Connection) -> dict[str, str]:
        rows = of.execute("SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql NOT NULL")
        found = {name: sql for name, sql in rows if name.split()[1][0] != "_"}
        if "table breakdowns" in found:
            kept = of.execute("SELECT breakdown, within FROM breakdowns")
            found.update((f"breakdown {name} in {within}", "") for name, within in kept)
        return found

    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        migrate(fresh)
        wanted, found = parts(fresh), parts(db)
    return tuple(sorted(n for n in {*wanted, *found} if wanted.get(n) != found.get(n)))


def last_activity(db: sqlite3.Connection) -> datetime | None:
    """When the last signature or audit event was stored; aware."""
    row = db.execute(
        "SELECT max((SELECT max(at) FROM signatures), (SELECT max(at) FROM audit_events)),"
        " coalesce((SELECT max(at) FROM signatures), (SELECT max(at) FROM audit_events))"
    ).fetchone()
    text = row[0] or row[1]
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def log_size(path: Path) -> int:
    """Size of the write-ahead log, in bytes."""
    try:
        return Path(f"{path}-wal").stat().st_size
    except OSError:
        return 0


def _fingerprint(key: bytes) -> str:
    return hashlib.sha256(b"fingerprint of a site's key:" + key).hexdigest()[:32]


def changed_keys(db: sqlite3.Connection, keys: Mapping[str, bytes]) -> tuple[str, ...]:
    """Names of the keys that differ from those that this database was used with before."""
    noted = dict(db.execute("SELECT name, value FROM site").fetchall())
    prints = {name: _fingerprint(key) for name, key in keys.items()}
    return tuple(name for name, own in prints.items() if noted.get(name, own) != own)


def check_site(path: Path, keys: Mapping[str, bytes]) -> None:
    """Open the database when a site starts, and record its keys the first time.

    Raises ``NotItselfError`` if the database is gone or is a different one, or a key has changed,
    and ``NotStoredError`` if it cannot be used; both with a message for the operator.
    """
    with closing(open_database(path)) as db:
        if changed := changed_keys(db, keys):
            raise NotItselfError(
                f"This database was used with a different {' and '.join(changed)}, so earlier "
                f"signers and receipts would not be recognized. {RESTORE}"
            )
        _record_keys(db, keys, "INSERT OR IGNORE")


def adopt_site(path: Path, keys: Mapping[str, bytes]) -> None:
    """Accept the current database and keys as this site's own from now on.

    A WAL that does not belong to the database is renamed with the suffix ``.aside``.
    """
    put_foreign_log_aside(path)
    id_file(path).unlink(missing_ok=True)
    with closing(open_database(path)) as db:
        _record_keys(db, keys, "INSERT OR REPLACE")


def _record_keys(db: sqlite3.Connection, keys: Mapping[str, bytes], how: str) -> None:
    noted = dict(db.execute("SELECT name, value FROM site").fetchall())
    new = [(n, _fingerprint(k)) for n, k in keys.items() if noted.get(n) != _fingerprint(k)]
    if new:
        with writing(db):
            db.executemany(f"{how} INTO site VALUES (?, ?)", new)
