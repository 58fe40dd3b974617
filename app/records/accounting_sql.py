"""What a migration does so that every letter's state has a cause, and is counted."""

from __future__ import annotations

from collections.abc import Callable

from sqlite_utils import Database

from app.records.tally_sql import DIMENSIONS_1, WAYS_SQL, install_triggers


def accounting_001_causes(db: Database) -> None:
    """Why each letter is in its state; what is there already is told by the state itself."""
    db.execute(
        "ALTER TABLE letters ADD COLUMN cause TEXT NOT NULL DEFAULT 'signed' CHECK (cause IN"
        " ('signed', 'vacant seat', 'person', 'mail server', 'office system'))"
    )
    db.execute(
        "UPDATE letters SET cause = CASE"
        " WHEN bioguide IS NULL THEN 'vacant seat'"
        " WHEN state IN ('downloaded', 'copied', 'printed') THEN 'person'"
        " WHEN state = 'mailed to self' THEN 'mail server'"
        " ELSE 'office system' END"
        " WHERE bioguide IS NULL OR state <> 'written'"
    )


def accounting_002_ways(db: Database) -> None:
    """Letters are counted by their state too, as rows arrive and change."""
    install_triggers(db.conn, DIMENSIONS_1)
    db.execute("DELETE FROM tallies WHERE dimension = 'way'")
    db.execute(
        f"INSERT INTO tallies (campaign, status, dimension, value, signatures, letters) {WAYS_SQL}"
    )


ACCOUNTING_STEPS: tuple[Callable[[Database], None], ...] = (
    accounting_001_causes,
    accounting_002_ways,
)
"""In order. A step is never changed after a release; add one at the end."""
