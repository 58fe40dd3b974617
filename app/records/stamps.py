"""How a receipt's token and a moment are written down."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
"""What the token of a receipt looks like."""


def token_digest(token: str) -> bytes:
    """What is stored of a token of any kind, of a receipt, a link, or a session: its SHA-256."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def minute(moment: datetime) -> str:
    """UTC to the minute; seconds would only help to match a row with somebody's log.

    Raises ``ValueError`` for a time without a time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("A time without a time zone cannot be stored.")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
