"""Which signatures are an organizer's tests."""

from __future__ import annotations

import hashlib
import re
import sqlite3

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def is_test(db: sqlite3.Connection, token: str) -> bool:
    """Whether the receipt with this token belongs to a test; False when there is none."""
    if not _TOKEN.fullmatch(token):
        return False
    digest = hashlib.sha256(token.encode("ascii")).digest()
    row = db.execute(
        "SELECT 1 FROM signatures WHERE receipt = ? AND status = 'test'", (digest,)
    ).fetchone()
    return row is not None
