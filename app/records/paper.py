"""Signatures that were given on paper: counted like the others, all of a sheet or none.

Of a person only the keyed code is kept. The receipt of a signature on paper is made from that
code, so the same sheet a second time adds nothing, not even for somebody whose signature was
taken back in the meantime.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from app.congress.model import congress_at
from app.records.audit import What, record
from app.records.database import writing
from app.records.model import minute, token_digest
from app.records.paper_check import Good, PaperLetters
from app.records.persons import Person, standing
from app.records.signing import receipt_token, source_tag

TEMPLATE = "paper"
"""What stands in the place of a template: the words were those of the sheet."""
VERSION = "sheet"
USUAL_SOURCE = "paper"

_INSERT = (
    "INSERT INTO signatures (receipt, campaign, status, day, at, state, district, congress,"
    " template, version, length, language, match, source, edited, own_share, letters, by_email,"
    " by_address, near, alike)"
    " VALUES (?, ?, 'counted', ?, ?, ?, ?, ?, ?, ?, 'full', ?, ?, ?, 0, 0, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO NOTHING"
)
_INSERT_LETTER = (
    "INSERT INTO letters (signature, seat, bioguide, ask, state, state_at)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True)
class Batch:
    """What is the same for all signatures that are entered together."""

    campaign: str
    day: date
    """In the campaign's time zone: the day of entering."""
    at: datetime
    language: str
    """The language of the sheet that was signed."""
    source: str
    who: str
    """The organizer, or ``command line``."""
    way: str
    """``form``, ``sheet`` or ``file``."""

    @property
    def tag(self) -> str:
        """The source tag as it is kept."""
        return source_tag(self.source) or USUAL_SOURCE


@dataclass(frozen=True, slots=True)
class Added:
    """What came of a batch."""

    signatures: int
    letters: int
    before: int
    """People who had signed already, on paper or online; nothing was added for them."""

    def plus(self, other: Added) -> Added:
        """Both together."""
        return Added(
            self.signatures + other.signatures,
            self.letters + other.letters,
            self.before + other.before,
        )


def add_paper(
    db: sqlite3.Connection,
    rows: Iterable[Good],
    batch: Batch,
    *,
    letters: PaperLetters,
    secret: bytes,
    progress: Callable[[int], object] = lambda _done: None,
) -> Added:
    """Store every row and one audit event in one transaction: all, or nothing at all.

    Other writers wait meanwhile, so a large sheet goes through ``import_paper``. ``progress``
    is told how many rows are done. Raises ``NotStoredError``.
    """
    total = Added(0, 0, 0)
    with writing(db):
        for done, row in enumerate(rows, start=1):
            total = total.plus(store_row(db, row, batch, letters, secret))
            if done % 100 == 0:
                progress(done)
        note_batch(db, batch, total)
    return total


def store_row(
    db: sqlite3.Connection, row: Good, batch: Batch, letters: PaperLetters, secret: bytes
) -> Added:
    """Store one row inside the caller's transaction, unless its person signed before."""
    person = row.person
    if standing(db, batch.campaign, person) is not None:
        return Added(0, 0, 1)
    at = minute(batch.at)
    to = letters.to(row.delegation)
    count = sum(letter.bioguide is not None for letter in to)
    new = db.execute(
        _INSERT,
        (
            receipt_of(secret, person), batch.campaign, batch.day.isoformat(), at,
            row.delegation.state, row.delegation.district, congress_at(batch.at), TEMPLATE,
            VERSION, batch.language, row.match, batch.tag, count, person.by_email,
            person.by_address, person.near, person.alike,
        ),
    )  # fmt: skip
    if new.rowcount != 1:
        return Added(0, 0, 1)
    assert new.lastrowid is not None
    db.executemany(
        _INSERT_LETTER,
        [(new.lastrowid, x.seat, x.bioguide, x.ask, x.state, at) for x in to],
    )
    return Added(1, count, 0)


def note_batch(db: sqlite3.Connection, batch: Batch, total: Added) -> None:
    """The audit event of a batch, inside the caller's transaction."""
    record(
        db, at=batch.at, who=batch.who, what=What.PAPER_ADDED, subject=batch.campaign,
        after={"added": total.signatures, "signed before": total.before, "source": batch.tag,
               "language": batch.language, "way": batch.way},
    )  # fmt: skip


def signed_before(
    db: sqlite3.Connection, campaign: str, rows: Iterable[Good], secret: bytes
) -> list[int]:
    """The numbers of the rows whose people signed already, on paper or online."""
    found = []
    for row in rows:
        known = db.execute(
            "SELECT 1 FROM signatures WHERE receipt = ?", (receipt_of(secret, row.person),)
        ).fetchone()
        if known or standing(db, campaign, row.person) is not None:
            found.append(row.number)
    return found


def take_back_paper(
    db: sqlite3.Connection, person: Person, secret: bytes, *, campaign: str, who: str, at: datetime
) -> bool:
    """Take a signature on paper back, as its owner asked: every count goes down.

    True when it counted until now. False changes nothing: no such signature on paper, or taken
    back before; one that was given online is taken back with its own receipt. Raises
    ``NotStoredError``.
    """
    with writing(db):
        changed = db.execute(
            "UPDATE signatures SET withdrawn = 1, by_email = NULL, by_address = NULL, near = NULL,"
            " alike = NULL, status = 'withdrawn'"
            " WHERE receipt = ? AND campaign = ? AND withdrawn = 0",
            (receipt_of(secret, person), campaign),
        ).rowcount
        if changed:
            record(db, at=at, who=who, what=What.PAPER_WITHDRAWN, subject=campaign,
                   after={"signatures": changed})  # fmt: skip
    return changed == 1


def receipt_of(secret: bytes, person: Person) -> bytes:
    """The digest of the receipt that a person's signature on paper has."""
    return token_digest(receipt_token(secret, f"paper {person.code.hex()}"))
