"""The words of somebody's letters, kept behind the address of their receipt, if they ask for it.

They are encrypted with a key made from the receipt's token. The site keeps only a hash of the
token, so neither a copy of the disk nor whoever runs the site can read them; whoever has the
address of the receipt can. Withdrawing deletes them, and so do a button and the daily purge.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import date
from hashlib import blake2b

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from app.records.database import writing
from app.records.sealing import MARK, sealed_size
from app.records.stamps import TOKEN, token_digest

LETTERS_LIMIT = 8
"""One person writes to at most three seats; more is not a set of letters."""


def _box(token: str) -> SecretBox:
    code = blake2b(token.encode("ascii"), digest_size=32, person=b"kept letters")
    return SecretBox(code.digest())


def keep_letters(
    db: sqlite3.Connection, token: str, letters: Mapping[str, str], *, day: date
) -> bool:
    """Keep the texts, by seat, for this receipt; True when they are on the disk.

    A second time replaces the first. False when there is no such receipt or its signature is
    withdrawn: then nothing is kept. Raises ``NotStoredError`` and ``TooLargeToSealError``.
    """
    if not TOKEN.fullmatch(token) or not 0 < len(letters) <= LETTERS_LIMIT:
        return False
    text = json.dumps({"version": 1, "letters": dict(letters)}, ensure_ascii=False)
    plain = text.encode("utf-8", "surrogatepass")
    padded = (plain + b"\x80").ljust(sealed_size(len(plain)), b"\0")
    box = MARK + bytes(_box(token).encrypt(padded))
    with writing(db):
        stored = db.execute(
            "INSERT INTO kept_letters (signature, box, day) SELECT id, ?, ? FROM signatures"
            " WHERE receipt = ? AND withdrawn = 0"
            " ON CONFLICT (signature) DO UPDATE SET box = excluded.box, day = excluded.day",
            (box, day.isoformat(), token_digest(token)),
        )
        return stored.rowcount == 1


def kept_letters(db: sqlite3.Connection, token: str) -> dict[str, str]:
    """The texts that are kept for this receipt, by seat; empty when there are none."""
    if not TOKEN.fullmatch(token):
        return {}
    row = db.execute(
        "SELECT k.box FROM kept_letters k JOIN signatures s ON s.id = k.signature"
        " WHERE s.receipt = ?",
        (token_digest(token),),
    ).fetchone()
    if row is None:
        return {}
    try:
        padded = _box(token).decrypt(row[0][len(MARK) :])
        plain, _, _ = padded.rpartition(b"\x80")
        letters = json.loads(plain.decode("utf-8", "surrogatepass"))["letters"]
    except (CryptoError, ValueError, KeyError):
        return {}  # damaged, or moved here from another row
    return {str(seat): str(text) for seat, text in letters.items()}


def drop_letters(db: sqlite3.Connection, token: str) -> bool:
    """Delete what is kept for this receipt; True when something was there.

    Raises ``NotStoredError``.
    """
    if not TOKEN.fullmatch(token):
        return False
    with writing(db):
        return (
            db.execute(
                "DELETE FROM kept_letters WHERE signature IN"
                " (SELECT id FROM signatures WHERE receipt = ?)",
                (token_digest(token),),
            ).rowcount
            == 1
        )
