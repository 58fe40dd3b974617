"""The tables that tell whether somebody signs again, and the triggers that empty them.

Apart from the functions that use them, because a migration makes them.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlite_utils import Database

STATEMENTS = (
    """
    CREATE TABLE likenesses (
        signature INTEGER PRIMARY KEY REFERENCES signatures (id) ON DELETE CASCADE,
        have BLOB NOT NULL CHECK (length(have) >= 4),
        place BLOB NOT NULL CHECK (length(place) = 4)
    ) STRICT
    """,
    """
    CREATE TABLE signed_again (
        signature INTEGER PRIMARY KEY REFERENCES signatures (id) ON DELETE CASCADE,
        earlier INTEGER NOT NULL REFERENCES signatures (id) ON DELETE CASCADE,
        replaces INTEGER NOT NULL CHECK (replaces IN (0, 1))
    ) STRICT
    """,
    "CREATE INDEX signed_again_by_earlier ON signed_again (earlier)",
    # What was given last by the same person, and neither taken back nor waiting for anyone.
    """
    CREATE VIEW replacements AS
    SELECT a.signature, a.earlier FROM signed_again a JOIN signatures s ON s.id = a.signature
    WHERE a.replaces = 1 AND s.withdrawn = 0
    AND NOT EXISTS (SELECT 1 FROM confirmations c
                    WHERE c.signature = a.signature AND c.confirmed IS NULL)
    AND NOT EXISTS (SELECT 1 FROM held h
                    WHERE h.signature = a.signature AND h.decision <> 'released')
    """,
    # Whoever withdraws leaves no code of a name, nor what they gave when they signed again.
    """
    CREATE TRIGGER likeness_goes_with_withdrawal
    AFTER UPDATE OF withdrawn ON signatures WHEN NEW.withdrawn = 1
    BEGIN
        DELETE FROM likenesses WHERE signature = NEW.id;
        UPDATE signatures SET withdrawn = 1 WHERE withdrawn = 0 AND id IN
            (SELECT signature FROM signed_again WHERE earlier = NEW.id AND replaces = 1);
        DELETE FROM sealed WHERE signature IN
            (SELECT signature FROM signed_again WHERE earlier = NEW.id AND replaces = 1);
    END
    """,
    # A question that nobody answered leaves none either.
    """
    CREATE TRIGGER likeness_goes_with_its_question
    AFTER DELETE ON confirmations WHEN OLD.confirmed IS NULL
    BEGIN
        DELETE FROM likenesses WHERE signature = OLD.signature
        AND EXISTS (SELECT 1 FROM signatures WHERE id = OLD.signature AND person IS NULL);
    END
    """,
)


def same_001_likenesses(db: Database) -> None:
    """Codes of a name (``likeness``) beside the signatures that have a person's code.

    ``signed_again`` points from the row of a further signing to the signature that it was
    found to be the same person's; ``replaces`` says that it came from the same house, so that
    what was sealed with it stands for what was sealed before.
    """
    for statement in STATEMENTS:
        db.execute(statement)


SAME_STEPS: tuple[Callable[[Database], None], ...] = (same_001_likenesses,)
"""In order. A step is never changed after a release; add one at the end."""
