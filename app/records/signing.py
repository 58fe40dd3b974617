"""A person signs, looks at their receipt, tells us what they did, and can take it back."""

from __future__ import annotations

import base64
import hmac
import re
import sqlite3
from collections.abc import Sequence
from datetime import UTC, date, datetime

from app.congress.model import congress_at
from app.records.accounting import first_cause
from app.records.database import writing
from app.records.model import (
    LetterRow,
    Receipt,
    SignatureRequest,
    Signed,
    Status,
)
from app.records.same import note_again, remember, signed_before
from app.records.stamps import TOKEN, minute, token_digest

_INSERT = (
    "INSERT INTO signatures (receipt, person, campaign, status, day, at, state, district, congress,"
    " template, version, length, language, match, source, edited, own_share, letters, town)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_LETTERS = (
    "INSERT INTO letters (signature, seat, bioguide, ask, state, state_at, cause) VALUES "
)
_ONE_LETTER = "(?, ?, ?, ?, ?, ?, ?)"


def sign(db: sqlite3.Connection, request: SignatureRequest, secret: bytes) -> Signed:
    """Count one person's act, once. When this returns, the row is on the disk.

    The same key again (a reload, a double click, two workers at the same moment) finds the
    row that is there. A person who signed this campaign before gets a receipt of their own
    with its own row of status ``repeated``, which is never counted and cannot withdraw the
    first. So does a person whose name is near one that stands at the same address (``same``).
    All look the same from outside.

    ``secret`` makes the receipt's token from the key; it must not be empty (``ValueError``).
    Raises ``NotStoredError`` when nothing could be written; the same request can then be tried
    again.
    """
    token = receipt_token(secret, request.key)
    digest = token_digest(token)
    at = minute(request.at)
    letters = [
        (row.seat, row.bioguide, row.ask, row.state, at, first_cause(row))
        for row in request.letters
    ]
    person = None if request.status in ("test", "repeated") else request.person
    likeness = request.likeness if person is not None else None
    with writing(db):
        before = None
        if person is not None and likeness is not None:
            before = signed_before(db, request.campaign, person, likeness)
        try:
            if before is None:
                number = _insert(db, request, digest, person, request.status)
            else:
                number = _insert(db, request, digest, None, "repeated")
        except sqlite3.IntegrityError:
            if _receipt_exists(db, digest):
                return Signed(token, new=False)
            if not _has_signed(db, request.campaign, person):
                raise
            number = _insert(db, request, digest, None, "repeated")
        # One statement for all: between two of them another thread may take its turn while
        # everybody else waits for this transaction.
        if letters:
            db.execute(
                _INSERT_LETTERS + ", ".join([_ONE_LETTER] * len(letters)),
                [value for letter in letters for value in (number, *letter)],
            )
        _let_wait(db, number, request)
        if before is not None:
            note_again(db, number, before)
        if likeness is not None and (before is None or request.confirm):
            remember(db, number, likeness)
    return Signed(token)


def _let_wait(db: sqlite3.Connection, number: int, request: SignatureRequest) -> None:
    """Note for whom the signature waits; for a repeated one too, so that it looks the same."""
    if request.held_for is not None:
        db.execute("INSERT INTO held (signature, reason) VALUES (?, ?)", (number, request.held_for))
    if request.confirm:
        db.execute(
            "INSERT INTO confirmations (signature, token, person, at)"
            " SELECT id, ?, CASE status WHEN 'repeated' THEN ? END, ? FROM signatures WHERE id = ?",
            (request.confirm, request.person, _second(request.at), number),
        )


def _insert(
    db: sqlite3.Connection,
    request: SignatureRequest,
    digest: bytes,
    person: bytes | None,
    status: Status,
) -> int:
    cursor = db.execute(
        _INSERT,
        (
            digest,
            person,
            request.campaign,
            status,
            request.day.isoformat(),
            minute(request.at),
            request.state,
            request.district,
            request.congress or congress_at(request.at),
            request.template,
            request.version,
            request.length,
            request.language,
            request.match,
            source_tag(request.source),
            request.edited,
            request.own_share,
            sum(row.bioguide is not None for row in request.letters),
            request.town,
        ),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _receipt_exists(db: sqlite3.Connection, digest: bytes) -> bool:
    found = db.execute("SELECT 1 FROM signatures WHERE receipt = ?", (digest,))
    return found.fetchone() is not None


def _has_signed(db: sqlite3.Connection, campaign: str, person: bytes | None) -> bool:
    found = db.execute(
        "SELECT 1 FROM signatures WHERE campaign = ? AND person = ?", (campaign, person)
    )
    return found.fetchone() is not None


def receipt(db: sqlite3.Connection, token: str) -> Receipt | None:
    """What the receipt with this token says, or None when there is no such receipt."""
    if not TOKEN.fullmatch(token):
        return None
    row = db.execute(
        "SELECT id, campaign, day, state, district, congress, withdrawn, language FROM signatures"
        " WHERE receipt = ?",
        (token_digest(token),),
    ).fetchone()
    if row is None:
        return None
    number, campaign, day, state, district, congress, withdrawn, language = row
    letters = db.execute(
        "SELECT seat, bioguide, ask, state, state_at, cause FROM letters"
        " WHERE signature = ? ORDER BY seat",
        (number,),
    )
    waits = db.execute(
        "SELECT (SELECT 1 FROM confirmations WHERE signature = ?1 AND confirmed IS NULL),"
        " (SELECT 1 FROM held WHERE signature = ?1 AND decision <> 'released')",
        (number,),
    ).fetchone()
    kept = db.execute("SELECT purpose FROM sealed WHERE signature = ? ORDER BY purpose", (number,))
    return Receipt(
        campaign=campaign,
        day=date.fromisoformat(day),
        state=state,
        district=district,
        congress=congress,
        letters=tuple(
            LetterRow(seat, bioguide, ask, state, datetime.fromisoformat(at), cause)
            for seat, bioguide, ask, state, at, cause in letters
        ),
        withdrawn=bool(withdrawn),
        language=language,
        waits_for="confirmation" if waits[0] else "organizer" if waits[1] else "",
        kept=tuple(purpose for (purpose,) in kept),
    )


def withdraw(db: sqlite3.Connection, token: str) -> Receipt | None:
    """Take a signature back: every count goes down, and the person's code is erased.

    Harmless a second time. The receipt of somebody who had signed before says withdrawn and
    changes no count. None when there is no such receipt. Raises ``NotStoredError``.
    """
    if not TOKEN.fullmatch(token):
        return None
    with writing(db):
        db.execute(
            "UPDATE signatures SET withdrawn = 1, person = NULL, town = NULL, status ="
            " CASE WHEN status IN ('repeated', 'test') THEN status ELSE 'withdrawn' END"
            " WHERE receipt = ? AND withdrawn = 0",
            (token_digest(token),),
        )
        return receipt(db, token)


def set_status(db: sqlite3.Connection, numbers: Sequence[int], status: Status) -> int:
    """Hold, release or confirm signatures (``held``, ``unconfirmed``, ``counted``).

    Reversible, and in one transaction: all or none. Returns how many changed; signatures that
    are withdrawn, repeated or tests stay what they are. Raises ``ValueError`` for another
    status and ``NotStoredError``.
    """
    if status not in ("counted", "held", "unconfirmed"):
        raise ValueError(f"A signature cannot be made {status!r}; its owner withdraws it.")
    with writing(db):
        changed = [
            db.execute(
                "UPDATE signatures SET status = ? WHERE id = ? AND status <> ?"
                " AND status IN ('counted', 'held', 'unconfirmed')",
                (status, number, status),
            ).rowcount
            for number in numbers
        ]
    return sum(changed)


def remove(db: sqlite3.Connection, numbers: Sequence[int]) -> int:
    """Delete signatures with their letters and receipts, all or none; returns how many.

    Every count goes down. For rows that should never have been; a person who changes their
    mind withdraws instead. Raises ``NotStoredError``.
    """
    with writing(db):
        gone = [
            db.execute("DELETE FROM signatures WHERE id = ?", (number,)).rowcount
            for number in numbers
        ]
    return sum(gone)


def receipt_token(secret: bytes, key: str) -> str:
    """The token of the receipt that belongs to an idempotency key: 43 URL-safe characters."""
    if not secret:
        raise ValueError("The secret that receipts are made with is empty.")
    code = hmac.digest(secret, b"receipt" + key.encode(), "sha256")
    return base64.urlsafe_b64encode(code).rstrip(b"=").decode("ascii")


def source_tag(text: str) -> str:
    """A link's source tag as it is kept: ``a-z 0-9 . _ -``, at most 32 characters, else empty.

    Anybody can write anything into a link, so what is not plainly a tag is not kept.
    """
    tag = text.strip().lower()
    return tag if re.fullmatch(r"[a-z0-9._-]{1,32}", tag) else ""


def _second(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
