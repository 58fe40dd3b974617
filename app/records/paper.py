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

from app.records.audit import What, record
from app.records.database import writing
from app.records.paper_check import Good, PaperLetters
from app.records.signing import receipt_token, source_tag
from app.records.stamps import minute, token_digest

TEMPLATE = "paper"
"""What stands in the place of a template: the words were those of the sheet."""
VERSION = "sheet"
USUAL_SOURCE = "paper"

_INSERT = (
    "INSERT INTO signatures (receipt, person, campaign, status, day, at, state, district, template,"
    " version, length, language, match, source, edited, own_share, letters)"
    " VALUES (?, ?, ?, 'counted', ?, ?, ?, ?, ?, ?, 'full', ?, ?, ?, 0, 0, ?)"
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


@dataclass(frozen=True, slots=True)
class Added:
    """What came of a batch."""

    signatures: int
    letters: int
    before: int
    """People who had signed already, on paper or online; nothing was added for them."""


def add_paper(
    db: sqlite3.Connection,
    rows: Iterable[Good],
    batch: Batch,
    *,
    letters: PaperLetters,
    secret: bytes,
    progress: Callable[[int], object] = lambda _done: None,
) -> Added:
    """Store every row and one audit event, or nothing at all.

    Other writers wait meanwhile: about a second for ten thousand rows. ``progress`` is told
    how many rows are done. Raises ``NotStoredError``.
    """
    at, source = minute(batch.at), source_tag(batch.source) or USUAL_SOURCE
    added = written = before = 0
    with writing(db):
        for done, row in enumerate(rows, start=1):
            to = letters.to(row.delegation)
            count = sum(letter.bioguide is not None for letter in to)
            new = db.execute(
                _INSERT,
                (
                    _receipt(secret, row.person), row.person, batch.campaign,
                    batch.day.isoformat(), at, row.delegation.state, row.delegation.district,
                    TEMPLATE, VERSION, batch.language, row.match, source, count,
                ),
            )  # fmt: skip
            if new.rowcount == 1:
                number = new.lastrowid
                db.executemany(
                    _INSERT_LETTER,
                    [(number, x.seat, x.bioguide, x.ask, x.state, at) for x in to],
                )
                added += 1
                written += count
            else:
                before += 1
            if done % 100 == 0:
                progress(done)
        record(
            db, at=batch.at, who=batch.who, what=What.PAPER_ADDED, subject=batch.campaign,
            after={"added": added, "signed before": before, "source": source,
                   "language": batch.language, "way": batch.way},
        )  # fmt: skip
    return Added(added, written, before)


def signed_before(
    db: sqlite3.Connection, campaign: str, rows: Iterable[Good], secret: bytes
) -> list[int]:
    """The numbers of the rows whose people signed already, on paper or online."""
    found = []
    for row in rows:
        known = db.execute(
            "SELECT 1 FROM signatures WHERE campaign = ? AND person = ?"
            " UNION ALL SELECT 1 FROM signatures WHERE receipt = ?",
            (campaign, row.person, _receipt(secret, row.person)),
        ).fetchone()
        if known:
            found.append(row.number)
    return found


def take_back_paper(
    db: sqlite3.Connection, person: bytes, secret: bytes, *, campaign: str, who: str, at: datetime
) -> bool:
    """Take a signature on paper back, as its owner asked: every count goes down.

    True when it counted until now. False changes nothing: no such signature on paper, or taken
    back before; one that was given online is taken back with its own receipt. Raises
    ``NotStoredError``.
    """
    with writing(db):
        changed = db.execute(
            "UPDATE signatures SET withdrawn = 1, person = NULL, status = 'withdrawn'"
            " WHERE receipt = ? AND campaign = ? AND withdrawn = 0",
            (_receipt(secret, person), campaign),
        ).rowcount
        if changed:
            record(db, at=at, who=who, what=What.PAPER_WITHDRAWN, subject=campaign,
                   after={"signatures": changed})  # fmt: skip
    return changed == 1


def _receipt(secret: bytes, person: bytes) -> bytes:
    return token_digest(receipt_token(secret, f"paper {person.hex()}"))
