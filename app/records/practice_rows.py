"""Which signatures are an organizer's tests."""

from __future__ import annotations

import sqlite3

from app.records.stamps import TOKEN, token_digest


def is_test(db: sqlite3.Connection, token: str) -> bool:
    """Whether the receipt with this token belongs to a test; False when there is none."""
    if not TOKEN.fullmatch(token):
        return False
    digest = token_digest(token)
    row = db.execute(
        "SELECT 1 FROM signatures WHERE receipt = ? AND status = 'test'", (digest,)
    ).fetchone()
    return row is not None
