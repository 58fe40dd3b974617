"""The tables of signatures that wait: for an organizer's eyes, or for a click in an e-mail.

Apart from the functions that use them, because a migration makes them.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlite_utils import Database

STATEMENTS = (
    """
    CREATE TABLE held (
        signature INTEGER PRIMARY KEY REFERENCES signatures (id) ON DELETE CASCADE,
        reason TEXT NOT NULL CHECK (reason IN
            ('field filled in', 'field missing', 'too fast', 'crowd', 'no address',
             'by hand')),
        decision TEXT NOT NULL DEFAULT '' CHECK (decision IN ('', 'released', 'set aside'))
    ) STRICT
    """,
    """
    CREATE TABLE confirmations (
        signature INTEGER PRIMARY KEY REFERENCES signatures (id) ON DELETE CASCADE,
        token BLOB NOT NULL UNIQUE CHECK (length(token) = 32),
        person BLOB CHECK (person IS NULL OR length(person) = 32),
        at TEXT NOT NULL,
        confirmed TEXT
    ) STRICT
    """,
    # Whoever withdraws leaves no code and no open question behind.
    """
    CREATE TRIGGER nothing_waits_after_withdrawal
    AFTER UPDATE OF withdrawn ON signatures WHEN NEW.withdrawn = 1
    BEGIN
        DELETE FROM confirmations WHERE signature = NEW.id;
        DELETE FROM held WHERE signature = NEW.id;
    END
    """,
    # A signature that its owner never confirmed ends with the question.
    """
    CREATE TRIGGER unconfirmed_goes_with_its_question
    AFTER DELETE ON confirmations WHEN OLD.confirmed IS NULL
    BEGIN
        DELETE FROM signatures WHERE id = OLD.signature AND status = 'unconfirmed';
    END
    """,
)


def holding_001_waiting(db: Database) -> None:
    """Why a signature is held and what was decided; and the question sent by e-mail.

    ``confirmations.token`` is the SHA-256 of the token in the link. ``confirmations.person``
    is the code of somebody whose row does not have it because another row does, until they
    have shown that the address is theirs.
    """
    for statement in STATEMENTS:
        db.execute(statement)


def holding_002_no_proof(db: Database) -> None:
    """One more reason. SQLite cannot change a check, so the table is made anew.

    What names it goes first and comes back as it was.
    """
    named = db.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('trigger', 'view')"
        " AND tbl_name <> 'held' AND sql LIKE '%held%'"
    ).fetchall()
    for kind, name, _ in named:
        db.execute(f'DROP {kind} "{name}"')
    old = STATEMENTS[0]
    new = old.replace("'too fast', 'crowd'", "'too fast', 'no proof', 'crowd'")
    db.execute("ALTER TABLE held RENAME TO held_before")
    db.execute(new)
    db.execute("INSERT INTO held SELECT * FROM held_before")
    db.execute("DROP TABLE held_before")
    for _, _, statement in named:
        db.execute(statement)


HOLDING_STEPS: tuple[Callable[[Database], None], ...] = (holding_001_waiting,)
"""In order. A step is never changed after a release; add one at the end."""
