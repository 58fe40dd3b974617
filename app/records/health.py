"""Whether the database file itself is sound."""

from __future__ import annotations

import sqlite3


def damage(db: sqlite3.Connection, *, most: int = 10) -> tuple[str, ...]:
    """What SQLite's quick check and the references between tables complain of; empty is sound.

    Reads the whole file: about a second per gigabyte. At most ``most`` lines of each.
    """
    try:
        lines = [str(row[0]) for row in db.execute(f"PRAGMA quick_check({int(most)})")]
        found = [] if lines == ["ok"] else lines
        for table, row, parent, _ in db.execute("PRAGMA foreign_key_check").fetchmany(most):
            found.append(f"row {row} of {table} points at a missing row of {parent}")
    except sqlite3.DatabaseError as error:  # too damaged even to look
        return (str(error),)
    return tuple(found)
