"""What a large import of paper signatures has stored so far, so that it can be undone.

Apart from the functions that use it, because a migration makes it.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlite_utils import Database


def paper_001_pending(db: Database) -> None:
    """The receipts of an import that is not finished; empty at all other times."""
    db.execute(
        "CREATE TABLE paper_pending (receipt BLOB PRIMARY KEY CHECK (length(receipt) = 32))"
        " STRICT, WITHOUT ROWID"
    )


PAPER_STEPS: tuple[Callable[[Database], None], ...] = (paper_001_pending,)
