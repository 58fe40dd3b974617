"""Details that a person asked us to keep, sealed so that this site cannot read them back.

A box is made in the request, with the campaign's public key only (libsodium's sealed boxes:
a throw-away key pair per box), and stored beside the signature. It is padded to a few sizes,
so that its length tells little. Inside stands whose it is and what for: a box that somebody
moved to another row is noticed when it is opened.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from app.records.database import writing
from app.records.keys import CampaignKey, OpenKey, fingerprint

Purpose = Literal["packet", "contact"]
PURPOSES: tuple[Purpose, ...] = ("packet", "contact")

MARK = b"DCSEAL1\n"
"""The first eight bytes of every box: a format's version, and what a raw search looks for."""
SMALLEST = 1024
LARGEST = 1 << 20
_OVERHEAD = len(MARK) + 48  # libsodium: 32 bytes throw-away public key, 16 bytes tag

Details = Mapping[str, Any]
"""What JSON can hold, under text keys."""


class TooLargeToSealError(ValueError):
    """More than a mebibyte; no honest set of letters is near it."""


class CannotOpenError(Exception):
    """This box does not open with this key, or is damaged. The message is a sentence."""


def sealed_size(length: int) -> int:
    """The size class that a plaintext of ``length`` bytes is padded to."""
    size = SMALLEST
    while size < length + 1:
        size *= 2
    if size > LARGEST:
        raise TooLargeToSealError(f"{length} bytes are more than can be sealed in one box.")
    return size


def seal(public_key: bytes, plaintext: bytes) -> bytes:
    """Seal to a public key (32 bytes). Nobody but the holder of its private half can open it.

    Boxes come in sizes of 1 KiB, 2 KiB, 4 KiB and so on, plus 56 bytes. Raises
    ``TooLargeToSealError`` above 1 MiB.
    """
    size = sealed_size(len(plaintext))
    padded = (plaintext + b"\x80").ljust(size, b"\0")
    return MARK + SealedBox(PublicKey(public_key)).encrypt(padded)


def unseal(key: OpenKey, box: bytes) -> bytes:
    """The plaintext of a box. Raises ``CannotOpenError``."""
    if not box.startswith(MARK) or len(box) < _OVERHEAD:
        raise CannotOpenError("This is not a sealed box, or it is cut off.")
    try:
        padded = SealedBox(PrivateKey(key.private)).decrypt(box[len(MARK) :])
    except CryptoError:
        raise CannotOpenError("The box was sealed to another key, or it is damaged.") from None
    plaintext, mark, rest = padded.rpartition(b"\x80")
    if not mark or rest.strip(b"\0"):
        raise CannotOpenError("The box opened, but what is inside is damaged.")
    return plaintext


def pack(signature: int, purpose: Purpose, details: Details, corrects: int | None = None) -> bytes:
    """The plaintext of a box: the details, with whose they are and what for.

    ``corrects`` is an earlier signature of the same person, whose details these stand for.
    """
    content = {"version": 1, "signature": signature, "purpose": purpose, "details": dict(details)}
    if corrects is not None:
        content["corrects"] = corrects
    # Lone surrogates can come out of a broken browser; they must not cost anyone a signature.
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def unpack(plaintext: bytes, signature: int, purpose: str) -> dict[str, Any]:
    """The details in a plaintext. Raises ``CannotOpenError`` if they belong to another row."""
    try:
        content = json.loads(plaintext.decode("utf-8", "surrogatepass"))
        details = content["details"]
        belongs = (content["version"], content["purpose"])
        whose = (content["signature"], content.get("corrects"))
    except (ValueError, KeyError, TypeError):
        raise CannotOpenError("The box opened, but what is inside is damaged.") from None
    if belongs != (1, purpose) or signature not in whose or not isinstance(details, dict):
        raise CannotOpenError("The box belongs to another signature or purpose: it was moved.")
    return details


def seal_details(
    db: sqlite3.Connection,
    signature: int,
    purpose: Purpose,
    details: Details,
    key: CampaignKey,
    *,
    day: date,
    corrects: int | None = None,
) -> bool:
    """Seal what a person asked us to keep, and store it. True when it is on the disk.

    A second time for the same signature and purpose replaces the first. False when the
    signature is withdrawn: then nothing is kept. Raises ``NotStoredError`` and
    ``TooLargeToSealError``. The plaintext is never written anywhere.
    """
    box = seal(key.public, pack(signature, purpose, details, corrects))
    with writing(db):
        stored = db.execute(
            "INSERT INTO sealed (signature, purpose, key, box, day) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (signature, purpose) DO UPDATE SET"
            " key = excluded.key, box = excluded.box, day = excluded.day",
            (signature, purpose, key.id, box, day.isoformat()),
        )
        return stored.rowcount == 1


def seal_for_receipt(
    db: sqlite3.Connection,
    token: str,
    purpose: Purpose,
    details: Details,
    key: CampaignKey,
    *,
    day: date,
) -> bool:
    """``seal_details`` for whoever has just signed and has this receipt.

    False too when there is no such receipt. Works the same for a repeated signature, so that
    the page tells a stranger nothing. What that seals is exported only where it stands for
    what the same person gave before (``same``).
    """
    digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
    row = db.execute(
        "SELECT id, (SELECT earlier FROM signed_again WHERE signature = id AND replaces = 1)"
        " FROM signatures WHERE receipt = ?",
        (digest,),
    ).fetchone()
    if row is None:
        return False
    return seal_details(db, row[0], purpose, details, key, day=day, corrects=row[1])


def drop_for_receipt(db: sqlite3.Connection, token: str, purpose: Purpose) -> bool:
    """Remove what was sealed for a purpose, because its owner no longer wants it kept.

    True when something was there. Costs one look-up where nothing is. Raises ``NotStoredError``.
    """
    digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
    row = db.execute(
        "SELECT sealed.id FROM sealed JOIN signatures ON signatures.id = sealed.signature"
        " WHERE signatures.receipt = ? AND sealed.purpose = ?",
        (digest, purpose),
    ).fetchone()
    if row is None:
        return False
    with writing(db):
        return db.execute("DELETE FROM sealed WHERE id = ?", row).rowcount == 1


def sealed_counts(db: sqlite3.Connection) -> dict[str, int]:
    """How many rows are sealed to each key, by key id."""
    return dict(db.execute("SELECT key, count(*) FROM sealed GROUP BY key").fetchall())


@dataclass(frozen=True, slots=True)
class Resealed:
    """What a rotation did. ``unreadable`` rows were left as they are."""

    moved: int
    unreadable: tuple[int, ...]
    """Ids of signatures whose box did not open with the old key."""


def reseal(
    db: sqlite3.Connection,
    old: OpenKey,
    new: CampaignKey,
    *,
    batch: int = 100,
    progress: Callable[[int, int], object] | None = None,
) -> Resealed:
    """Move every row from the old key to the new one, a batch at a time.

    Can be killed at any moment and started again: each batch is one transaction, and what is
    still sealed to the old key is what is left to do. A row that its owner replaces or
    withdraws meanwhile is left to them. ``progress`` gets (done, total). Raises ``NotStoredError``.
    """
    if new.id == old.id or fingerprint(new.public) != new.id:
        raise ValueError("A rotation needs two different keys.")
    (total,) = db.execute("SELECT count(*) FROM sealed WHERE key = ?", (old.id,)).fetchone()
    last = moved = 0
    unreadable: list[int] = []
    while rows := db.execute(
        "SELECT id, signature, box FROM sealed WHERE key = ? AND id > ? ORDER BY id LIMIT ?",
        (old.id, last, batch),
    ).fetchall():
        changes = []
        for number, signature, box in rows:
            try:
                changes.append((seal(new.public, unseal(old, box)), new.id, number, old.id, box))
            except CannotOpenError:
                unreadable.append(signature)
        with writing(db):
            updated = db.executemany(
                "UPDATE sealed SET box = ?, key = ? WHERE id = ? AND key = ? AND box = ?", changes
            )
        last = rows[-1][0]
        moved += max(updated.rowcount, 0)
        if progress is not None:
            progress(moved, total)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return Resealed(moved, tuple(unreadable))
