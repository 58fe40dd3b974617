"""Migrations of the database: named steps, each applied once.

Version 1 is ``schema.sql``. A step is never changed after a release; a new need is a new step at
the end. sqlite-utils keeps the names of applied steps in ``_sqlite_migrations``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

Step = Callable[[Database], None]


def version_1_0_0(db: Database) -> None:
    """Everything in ``schema.sql``, one statement at a time: ``executescript`` would commit."""
    statement = ""
    text = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""


STEPS: list[Step] = [version_1_0_0]
"""In order."""


def migrate(db: sqlite3.Connection, before: Callable[[], None] = lambda: None) -> None:
    """Apply the missing steps, all or none. An existing database is checked for damage before the
    commit, and ``before`` is called before it is changed.

    Several processes may call this at once: the first takes the write lock, and the others wait
    and find nothing left to do. Raises ``sqlite3.DatabaseError``, with a sentence for the
    operator, if the database has steps that this version of the program does not know, belongs to
    another program, or would be damaged.
    """
    wrapped = Database(db, recursive_triggers=False)
    steps = Migrations("dear-congress")
    for step in STEPS:
        steps()(step)
    known = [step.__name__ for step in STEPS]
    _refuse_unknown([step.name for step in steps.applied(wrapped)], known)
    if not steps.pending(wrapped):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        earlier = bool(list(steps.applied(wrapped)))
        _refuse_foreign(db, applied=earlier)
        if earlier and steps.pending(wrapped):
            before()
        steps.apply(wrapped)
        if earlier:
            _refuse_damage(db)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _refuse_unknown(applied: list[str], known: list[str]) -> None:
    unknown = [name for name in applied if name not in known]
    if not unknown:
        return
    if known[0] not in applied:
        raise sqlite3.DatabaseError(
            "it was made before version 1 of this program and cannot be upgraded; it was not "
            "changed. Move it away, and the site makes a new one"
        )
    raise sqlite3.DatabaseError(
        f"it was made by a newer version of this program (it has the step {unknown[0]}); install "
        "that version, or restore a copy from before the update"
    )


def _refuse_damage(db: sqlite3.Connection) -> None:
    """Raises ``sqlite3.DatabaseError`` if a check of the upgraded tables finds anything."""
    if found := damage(db, most=1):
        raise sqlite3.DatabaseError(
            f"the upgrade would have damaged it ({found[0]}), so it was not changed. Go back to "
            "the previous version of the program"
        )


def damage(db: sqlite3.Connection, *, most: int = 10, whole: bool = False) -> tuple[str, ...]:
    """Complaints of SQLite's quick check and its foreign key check; empty if the file is sound.

    Reads the whole file: about one second per gigabyte, or ten with ``whole``, which also compares
    every index with its table. At most ``most`` lines of each.
    """
    check = "integrity_check" if whole else "quick_check"
    try:
        lines = [str(row[0]) for row in db.execute(f"PRAGMA {check}({int(most)})")]
        found = [] if lines == ["ok"] else lines
        for table, row, parent, _ in db.execute("PRAGMA foreign_key_check").fetchmany(most):
            found.append(f"row {row} of {table} points at a missing row of {parent}")
    except sqlite3.DatabaseError as error:  # too damaged for the checks themselves
        return (str(error),)
    return tuple(found)


def applied_steps(db: sqlite3.Connection) -> tuple[str, ...]:
    """Names of the steps that a database has; empty if it is not one of ours."""
    try:
        rows = db.execute(
            "SELECT name FROM _sqlite_migrations WHERE migration_set = 'dear-congress' ORDER BY id"
        )
        return tuple(str(row[0]) for row in rows)
    except sqlite3.DatabaseError:
        return ()


def _refuse_foreign(db: sqlite3.Connection, *, applied: bool) -> None:
    """Raises ``sqlite3.DatabaseError`` for a file that has tables but none of our steps."""
    own = "SELECT count(*) FROM sqlite_schema WHERE tbl_name <> '_sqlite_migrations'"
    if not applied and db.execute(own).fetchone()[0]:
        raise sqlite3.DatabaseError(
            "it belongs to another program or was made before version 1 of this one; it was not "
            "changed. Move it away, and the site makes a new one"
        )
