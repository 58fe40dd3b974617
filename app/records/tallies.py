"""The numbers that are kept ready, by triggers, as rows arrive and change.

``tallies`` has one row per campaign, status, dimension and value, with the people and the
letters counted there (``schema.sql``, section 7). The triggers run in the transaction of the
change itself, so a count never disagrees with the rows, and reading one never scans the
signatures. ``recount`` proves it from the rows.
"""

from __future__ import annotations

import sqlite3

from app.records.database import reading, writing
from app.records.model import Difference, Totals

ACTUAL = (
    "SELECT campaign, status, dimension, value, count(*), sum(letters)"
    " FROM signature_dimensions GROUP BY 1, 2, 3, 4"
    " UNION ALL SELECT campaign, status, dimension, value, sum(signatures), count(*)"
    " FROM letter_dimensions GROUP BY 1, 2, 3, 4"
)
"""What the tallies should say, from the rows alone."""


def recount(db: sqlite3.Connection) -> list[Difference]:
    """Every tally that differs from the rows, counted afresh; empty when all agree.

    Also compares the number of letters noted on each signature with its letter rows
    (dimension ``letters of a signature``, value the signature's id). One snapshot: signing
    goes on meanwhile.
    """
    with reading(db):
        kept = {
            (campaign, status, dimension, value): Totals(signatures, letters)
            for campaign, status, dimension, value, signatures, letters in db.execute(
                "SELECT campaign, status, dimension, value, signatures, letters FROM tallies"
                " WHERE signatures <> 0 OR letters <> 0"
            )
        }
        actual = {
            (campaign, status, dimension, value): Totals(signatures, letters)
            for campaign, status, dimension, value, signatures, letters in db.execute(ACTUAL)
        }
        differences = [
            Difference(campaign, status, "letters of a signature", str(number),
                       kept=Totals(1, noted), actual=Totals(1, found))
            for campaign, status, number, noted, found in db.execute(
                "SELECT campaign, status, id, letters, found FROM (SELECT s.campaign, s.status,"
                " s.id, s.letters, (SELECT count(l.bioguide) FROM letters l"
                " WHERE l.signature = s.id) AS found FROM signatures s) WHERE letters <> found"
            )
        ]  # fmt: skip
    nothing = Totals(0, 0)
    for place in sorted(kept.keys() | actual.keys()):
        if kept.get(place, nothing) != actual.get(place, nothing):
            differences.append(
                Difference(*place, kept=kept.get(place, nothing), actual=actual.get(place, nothing))
            )
    return differences


def rebuild(db: sqlite3.Connection) -> None:
    """Make the tallies afresh from the rows, in one write transaction.

    For an operator whose ``recount`` found a difference, after a copy was put aside; nothing
    in the program needs it.
    """
    with writing(db):
        db.execute("DELETE FROM tallies")
        db.execute(f"INSERT INTO tallies {ACTUAL}")
