"""Where people signed: the town, where a campaign keeps towns, and what was last shown.

Apart from the functions that use them, because a migration makes them.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlite_utils import Database


def places_001_towns(db: Database) -> None:
    """The town of a signature, NULL unless the campaign keeps towns.

    The index holds all that a page about one office counts, so that such a page reads the
    state's part of it and no row.
    """
    db.execute("ALTER TABLE signatures ADD COLUMN town TEXT")
    db.execute(
        "CREATE INDEX signatures_by_place ON signatures"
        " (campaign, status, state, district, day, own_share, source, town)"
    )


def places_002_shown(db: Database) -> None:
    """The counts by state from which the public table was last made (``public_counts``)."""
    db.execute(
        """
        CREATE TABLE shown (
            campaign TEXT NOT NULL,
            state TEXT NOT NULL,
            signatures INTEGER NOT NULL,
            PRIMARY KEY (campaign, state)
        ) STRICT, WITHOUT ROWID
        """
    )


PLACE_STEPS: tuple[Callable[[Database], None], ...] = (places_001_towns, places_002_shown)
