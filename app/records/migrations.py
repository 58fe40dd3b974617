"""How the database came to look as it does: named steps, each applied once.

A step is never changed after a release; a new wish is a new step at the end. Names of applied
steps are kept by sqlite-utils in ``_sqlite_migrations``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from app.records.accounting_sql import ACCOUNTING_STEPS
from app.records.delivery_sql import DELIVERY_STEPS
from app.records.holding_sql import HOLDING_STEPS, holding_002_no_proof
from app.records.mailbox_schema import MAIL_STEPS
from app.records.organizer_schema import ORGANIZER_STEPS
from app.records.paper_sql import PAPER_STEPS
from app.records.places_sql import PLACE_STEPS
from app.records.same_sql import SAME_STEPS
from app.records.sealed_sql import SEALED_STEPS
from app.records.tally_sql import DIMENSIONS_1, install_triggers
from app.records.workshop_sql import WORKSHOP_STEPS


def m001_signatures(db: Database) -> None:
    """People and their letters: the least that can be counted.

    ``receipt`` is the SHA-256 of the receipt's token, which is made from the form's
    idempotency key: its unique constraint is what makes a second press of the button harmless.

    ``person`` is the keyed code of the person while their signature stands. The unique index
    over it is what makes one person one signature. When they withdraw, the code is erased, so
    that they can sign again and the row says nothing about anyone; ``repeated`` and ``test``
    rows never have one.
    """
    db.execute(
        """
        CREATE TABLE signatures (
            id INTEGER PRIMARY KEY,
            receipt BLOB NOT NULL UNIQUE CHECK (length(receipt) = 32),
            campaign TEXT NOT NULL,
            person BLOB CHECK (length(person) = 32),
            status TEXT NOT NULL CHECK (status IN
                ('counted', 'held', 'unconfirmed', 'withdrawn', 'repeated', 'test')),
            withdrawn INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn IN (0, 1)),
            day TEXT NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
            at TEXT NOT NULL,
            state TEXT NOT NULL CHECK (length(state) = 2),
            district INTEGER NOT NULL CHECK (district BETWEEN 0 AND 99),
            template TEXT NOT NULL,
            version TEXT NOT NULL,
            length TEXT NOT NULL,
            language TEXT NOT NULL,
            match TEXT NOT NULL,
            source TEXT NOT NULL,
            edited INTEGER NOT NULL CHECK (edited IN (0, 1)),
            own_share INTEGER NOT NULL CHECK (own_share BETWEEN 0 AND 100),
            letters INTEGER NOT NULL CHECK (letters >= 0),
            CHECK ((person IS NULL) = (status IN ('withdrawn', 'repeated', 'test')))
        ) STRICT
        """
    )
    db.execute(
        "CREATE UNIQUE INDEX one_signature_per_person ON signatures (campaign, person)"
        " WHERE person IS NOT NULL"
    )
    # Clustered by signature: one person's letters lie together, in the order House, Senate.
    db.execute(
        """
        CREATE TABLE letters (
            signature INTEGER NOT NULL REFERENCES signatures (id) ON DELETE CASCADE,
            seat TEXT NOT NULL,
            bioguide TEXT,
            ask TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN
                ('written', 'downloaded', 'copied', 'printed', 'mailed to self',
                 'accepted by the office''s system', 'refused', 'not attempted')),
            state_at TEXT NOT NULL,
            PRIMARY KEY (signature, seat)
        ) STRICT, WITHOUT ROWID
        """
    )


def m002_letter_versions(db: Database) -> None:
    """The texts that signatures point at."""
    db.table("letter_versions").create(
        {"campaign": str, "template": str, "length": str, "version": str, "source": str},
        pk=("campaign", "template", "length", "version"),
        not_null={"campaign", "template", "length", "version", "source"},
        strict=True,
    )


def m003_tallies(db: Database) -> None:
    """Counts that are kept as rows arrive."""
    db.execute(
        """
        CREATE TABLE tallies (
            campaign TEXT NOT NULL,
            status TEXT NOT NULL,
            dimension TEXT NOT NULL,
            value TEXT NOT NULL,
            signatures INTEGER NOT NULL,
            letters INTEGER NOT NULL,
            PRIMARY KEY (campaign, status, dimension, value)
        ) STRICT, WITHOUT ROWID
        """
    )
    install_triggers(db.conn, DIMENSIONS_1)


STEPS: tuple[Callable[[Database], None], ...] = (
    m001_signatures,
    m002_letter_versions,
    m003_tallies,
    *SEALED_STEPS,
    *ORGANIZER_STEPS,
    *MAIL_STEPS,
    *WORKSHOP_STEPS,
    *HOLDING_STEPS,
    *ACCOUNTING_STEPS,
    *PLACE_STEPS,
    *PAPER_STEPS,
    *DELIVERY_STEPS,
    *SAME_STEPS,
    holding_002_no_proof,
)
"""In order."""

_steps = Migrations("dear-congress")
for _step in STEPS:
    _steps()(_step)


def migrate(db: sqlite3.Connection) -> None:
    """Apply the steps that are missing, all or none.

    Several processes may come here at once: the first takes the write lock, the others wait
    for it and find nothing left to do. Raises ``sqlite3.DatabaseError`` if the database has
    steps that this version of the program does not know.
    """
    wrapped = Database(db, recursive_triggers=False)
    _refuse_newer(wrapped)
    if not _steps.pending(wrapped):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        _steps.apply(wrapped)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _refuse_newer(db: Database) -> None:
    known = {step.__name__ for step in STEPS}
    unknown = [step.name for step in _steps.applied(db) if step.name not in known]
    if unknown:
        raise sqlite3.DatabaseError(
            f"it was made by a newer version of this program (it has the step {unknown[0]});"
            " install that version, or restore a backup from before the update"
        )
