"""The table of sealed details, and what empties it.

Apart from the functions that use it, because a migration makes it.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlite_utils import Database

STATEMENTS = (
    """
    CREATE TABLE sealed (
        id INTEGER PRIMARY KEY,
        signature INTEGER NOT NULL REFERENCES signatures (id) ON DELETE CASCADE,
        purpose TEXT NOT NULL CHECK (purpose IN ('packet', 'contact')),
        key TEXT NOT NULL CHECK (length(key) = 20),
        box BLOB NOT NULL CHECK (substr(box, 1, 8) = x'44435345414c310a'),
        day TEXT NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
        UNIQUE (signature, purpose)
    ) STRICT
    """,
    "CREATE INDEX sealed_by_key ON sealed (key)",
    # Whoever withdraws, by whatever way in the program, leaves nothing sealed behind.
    """
    CREATE TRIGGER sealed_goes_with_withdrawal
    AFTER UPDATE OF status, withdrawn ON signatures
    WHEN NEW.status = 'withdrawn' OR NEW.withdrawn = 1
    BEGIN DELETE FROM sealed WHERE signature = NEW.id; END
    """,
    # And a slow second request cannot put it back.
    """
    CREATE TRIGGER nothing_sealed_after_withdrawal
    BEFORE INSERT ON sealed
    WHEN (SELECT status = 'withdrawn' OR withdrawn = 1 FROM signatures WHERE id = NEW.signature)
    BEGIN SELECT RAISE(IGNORE); END
    """,
)


def sealed_001_details(db: Database) -> None:
    """Details that somebody asked us to keep for a purpose, each in a box of its own.

    ``key`` is the id of the public key that the box is sealed to, ``day`` the day of sealing
    in the campaign's time zone.
    """
    for statement in STATEMENTS:
        db.execute(statement)


SEALED_STEPS: tuple[Callable[[Database], None], ...] = (sealed_001_details,)
"""In order. A step is never changed after a release; add one at the end."""
