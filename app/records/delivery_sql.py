"""The tables of letters on their way to the offices' own systems, and of letters kept for a
receipt. Apart from the functions that use them, because a migration makes them.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlite_utils import Database

from app.records.tally_sql import DIMENSIONS_1, install_triggers

NOW = "strftime('%Y-%m-%dT%H:%MZ', 'now')"
"""The present minute as ``stamps.minute`` writes it."""


def delivery_001_states(db: Database) -> None:
    """A letter may be ``queued`` and ``unknown`` too, and be moved by a withdrawal."""
    kept = db.execute(
        "SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'letters'"
        " AND sql IS NOT NULL"
    ).fetchall()
    db.execute(
        """
        CREATE TABLE letters_new (
            signature INTEGER NOT NULL REFERENCES signatures (id) ON DELETE CASCADE,
            seat TEXT NOT NULL,
            bioguide TEXT,
            ask TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN
                ('written', 'downloaded', 'copied', 'printed', 'mailed to self', 'queued',
                 'accepted by the office''s system', 'refused', 'unknown', 'not attempted')),
            state_at TEXT NOT NULL,
            cause TEXT NOT NULL DEFAULT 'signed' CHECK (cause IN
                ('signed', 'vacant seat', 'person', 'mail server', 'office system',
                 'withdrawn')),
            PRIMARY KEY (signature, seat)
        ) STRICT, WITHOUT ROWID
        """
    )
    columns = "signature, seat, bioguide, ask, state, state_at, cause"
    db.execute(f"INSERT INTO letters_new ({columns}) SELECT {columns} FROM letters")
    db.execute("DROP TABLE letters")
    # Triggers on other tables name the letters, which are not there for this moment.
    db.execute("PRAGMA legacy_alter_table=ON")
    db.execute("ALTER TABLE letters_new RENAME TO letters")
    db.execute("PRAGMA legacy_alter_table=OFF")
    for (statement,) in kept:
        db.execute(statement)
    install_triggers(db.conn, DIMENSIONS_1)


# ruff: noqa: S608 - put together from the constant above only

DELIVERIES = (
    """
    CREATE TABLE deliveries (
        id TEXT PRIMARY KEY CHECK (length(id) = 32),
        signature INTEGER NOT NULL REFERENCES signatures (id) ON DELETE CASCADE,
        seat TEXT NOT NULL,
        chamber TEXT NOT NULL CHECK (chamber IN ('house', 'senate')),
        round INTEGER NOT NULL DEFAULT 0,
        state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'deferred',
            'accepted', 'refused', 'unknown', 'not attempted')),
        attempts INTEGER NOT NULL DEFAULT 0,
        maybe INTEGER NOT NULL DEFAULT 0 CHECK (maybe IN (0, 1)),
        cause TEXT NOT NULL DEFAULT '',
        queued_at INTEGER NOT NULL,
        state_at INTEGER NOT NULL,
        next_at INTEGER NOT NULL,
        until INTEGER NOT NULL,
        payload BLOB,
        UNIQUE (signature, seat),
        CHECK ((payload IS NULL) = (state IN ('accepted', 'refused', 'unknown', 'not attempted')))
    ) STRICT
    """,
    "CREATE INDEX deliveries_on_their_way ON deliveries (next_at) WHERE payload IS NOT NULL",
    # Whoever withdraws takes out of the queue what has not left. What is leaving at this
    # moment gets its own end.
    f"""
    CREATE TRIGGER nothing_delivered_after_withdrawal
    AFTER UPDATE OF withdrawn ON signatures WHEN NEW.withdrawn = 1 AND OLD.withdrawn = 0
    BEGIN
        UPDATE letters SET state = 'not attempted', cause = 'withdrawn', state_at = {NOW}
        WHERE signature = NEW.id AND state = 'queued' AND NOT EXISTS (SELECT 1 FROM deliveries d
            WHERE d.signature = NEW.id AND d.seat = letters.seat
            AND (d.state = 'sending' OR d.maybe = 1));
        DELETE FROM deliveries WHERE signature = NEW.id AND state <> 'sending' AND maybe = 0;
    END
    """,
    # No letter waits for a message that is not there any more, whatever took it away.
    f"""
    CREATE TRIGGER no_letter_waits_without_its_message
    AFTER DELETE ON deliveries WHEN OLD.payload IS NOT NULL
    BEGIN
        UPDATE letters SET state = CASE OLD.maybe WHEN 1 THEN 'unknown' ELSE 'not attempted' END,
            cause = 'office system', state_at = {NOW}
        WHERE signature = OLD.signature AND seat = OLD.seat AND state = 'queued';
    END
    """,
)


def delivery_002_deliveries(db: Database) -> None:
    """One row for each letter that its writer wants given to the office's own system.

    ``payload`` is the message itself, encrypted with the site's own key, and is there only
    while it still has a way to go. ``maybe`` says that a try ended without an answer, so that
    the office may have it. ``round`` counts the wishes after a refusal. Times are seconds
    since 1970; after ``until`` it is not tried any more.
    """
    for statement in DELIVERIES:
        db.execute(statement)


KEPT = (
    """
    CREATE TABLE kept_letters (
        signature INTEGER PRIMARY KEY REFERENCES signatures (id) ON DELETE CASCADE,
        box BLOB NOT NULL CHECK (substr(box, 1, 8) = x'44435345414c310a'),
        day TEXT NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]')
    ) STRICT
    """,
    """
    CREATE TRIGGER kept_letters_go_with_withdrawal
    AFTER UPDATE OF status, withdrawn ON signatures
    WHEN NEW.status = 'withdrawn' OR NEW.withdrawn = 1
    BEGIN DELETE FROM kept_letters WHERE signature = NEW.id; END
    """,
    """
    CREATE TRIGGER no_letters_kept_after_withdrawal
    BEFORE INSERT ON kept_letters
    WHEN (SELECT status = 'withdrawn' OR withdrawn = 1 FROM signatures WHERE id = NEW.signature)
    BEGIN SELECT RAISE(IGNORE); END
    """,
)


def delivery_003_kept_letters(db: Database) -> None:
    """The words of somebody's letters, where they asked for it, encrypted with a key that is
    made from their receipt's token, which this site does not keep.
    """
    for statement in KEPT:
        db.execute(statement)


def delivery_004_marking(db: Database) -> None:
    """A letter's new state touches only the counts of states, not those of recipients."""
    install_triggers(db.conn, DIMENSIONS_1)


DELIVERY_STEPS: tuple[Callable[[Database], None], ...] = (
    delivery_001_states,
    delivery_002_deliveries,
    delivery_003_kept_letters,
    delivery_004_marking,
)
"""In order. A step is never changed after a release; add one at the end."""
