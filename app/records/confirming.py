"""Whether a signature's e-mail address belongs to whoever signed: asked once, by a link.

Until the button behind the link is pressed the signature is ``unconfirmed`` and counted
nowhere. Nobody can keep the owner of an address from signing by giving it first: whoever
confirms from that mailbox takes the place of an earlier signature that nobody confirmed.
"""

from __future__ import annotations

import base64
import hmac
import re
import sqlite3
from datetime import UTC, datetime
from typing import Literal

from app.records.database import writing
from app.records.same import earlier_of, is_full, trade_places
from app.records.stamps import token_digest

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
Question = Literal["open", "answered", "unknown"]


def confirmation_token(secret: bytes, key: str) -> str:
    """The token of the link for a form's idempotency key: 43 URL-safe characters."""
    if not secret:
        raise ValueError("The secret that links are made with is empty.")
    code = hmac.digest(secret, b"confirm" + key.encode(), "sha256")
    return base64.urlsafe_b64encode(code).rstrip(b"=").decode("ascii")


def question(db: sqlite3.Connection, token: str) -> Question:
    """Whether a link still waits for its button. Changes nothing, so a GET may ask."""
    row = _find(db, token)
    return "unknown" if row is None else "answered" if row[2] else "open"


def _find(
    db: sqlite3.Connection, token: str
) -> tuple[int, bytes | None, str | None, str, str] | None:
    if not _TOKEN.fullmatch(token):
        return None
    found: tuple[int, bytes | None, str | None, str, str] | None = db.execute(
        "SELECT c.signature, c.person, c.confirmed, s.status, s.campaign FROM confirmations c"
        " JOIN signatures s ON s.id = c.signature WHERE c.token = ?",
        (token_digest(token),),
    ).fetchone()
    return found


def confirm(db: sqlite3.Connection, token: str, *, at: datetime) -> bool:
    """The button was pressed: count the signature, or hold it if there is a reason to.

    Harmless a second time. False when there is no such question (any more). Raises
    ``NotStoredError``.
    """
    with writing(db):
        row = _find(db, token)
        if row is None:
            return False
        number, person, confirmed, status, campaign = row
        if confirmed:
            return True
        if status == "unconfirmed" and is_full(db, number):
            _let_go(db, number)
        elif status == "unconfirmed":
            db.execute("UPDATE signatures SET status = ? WHERE id = ?", (_next(db, number), number))
        elif status == "repeated" and person is not None:
            _take_the_place(db, number, person, campaign)
        db.execute(
            "DELETE FROM likenesses WHERE signature ="
            " (SELECT id FROM signatures WHERE id = ? AND person IS NULL)",
            (number,),
        )
        db.execute(
            "UPDATE confirmations SET confirmed = ?, person = NULL WHERE signature = ?",
            (at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), number),
        )
    return True


def _next(db: sqlite3.Connection, number: int) -> str:
    held = db.execute("SELECT 1 FROM held WHERE signature = ?", (number,)).fetchone()
    return "held" if held else "counted"


def _take_the_place(db: sqlite3.Connection, number: int, person: bytes, campaign: str) -> None:
    """Count a further signing whose owner confirmed it, unless one that stands was confirmed."""
    others = db.execute(
        "SELECT id, status FROM signatures WHERE campaign = ?1 AND person IS NOT NULL"
        " AND (person = ?2 OR id = ?3)",
        (campaign, person, earlier_of(db, number)),
    ).fetchall()
    if any(status != "unconfirmed" for _, status in others):
        return  # they had signed before, and that one stands
    for earlier, _ in others:
        _let_go(db, earlier)
        trade_places(db, earlier, number)
    db.execute(
        "UPDATE signatures SET person = ?, status = ? WHERE id = ?",
        (person, _next(db, number), number),
    )
    if is_full(db, number):
        _let_go(db, number)


def _let_go(db: sqlite3.Connection, number: int) -> None:
    db.execute("UPDATE signatures SET person = NULL, status = 'repeated' WHERE id = ?", (number,))
