"""What a person asked us to keep, encrypted so that this site cannot read it back.

*Details* for a purpose are sealed to the campaign's public key. A box is made during the request
with the public key only (libsodium's sealed boxes, with an ephemeral key pair per box) and stored
with the signature. It is padded to one of a few sizes, so that its length reveals little. It
contains its signature and purpose: a box that was moved to another row is detected when it is
opened.

*Letters* kept behind a receipt are encrypted with a key derived from the receipt's token. The site
keeps only a hash of the token, so neither a thief of the disk nor the site's operator can read
them; anyone with the receipt's address can.

Withdrawing deletes both, and so do a button and the daily purge.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path
from typing import Any

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from app.files import drafted
from app.records.acts import PURPOSES, Purpose, token_digest
from app.records.audit import Actor, Facts, What
from app.records.database import reading, writing
from app.records.erasing import blank_what_was_deleted, erase, heads_of
from app.records.keyed import lock, unlock
from app.records.keys import CampaignKey, OpenKey, fingerprint
from app.records.raw_scan import MARK

SMALLEST = 1024
LARGEST = 1 << 20
_OVERHEAD = len(MARK) + 48  # libsodium: 32 bytes of ephemeral public key, 16 bytes of tag

THEIRS = (
    "(s.receipt = ?1 OR s.replaces = 1"
    " AND s.earlier = (SELECT id FROM signatures WHERE receipt = ?1))"
)
"""The signature of a receipt, and those of the same person that replace what it keeps."""

Details = Mapping[str, Any]
"""JSON values under text keys."""


class TooLargeToSealError(ValueError):
    """More than a mebibyte; no genuine set of letters comes near that."""


class CannotOpenError(Exception):
    """A box does not open with this key, or is damaged. The message is a sentence."""


def sealed_size(length: int) -> int:
    """The size class that a plaintext of ``length`` bytes is padded to."""
    size = SMALLEST
    while size < length + 1:
        size *= 2
    if size > LARGEST:
        raise TooLargeToSealError(f"{length} bytes are too many to seal in one box.")
    return size


def _padded(plain: bytes) -> bytes:
    return (plain + b"\x80").ljust(sealed_size(len(plain)), b"\0")


def seal(public_key: bytes, plaintext: bytes) -> bytes:
    """Seal to a public key (32 bytes). Only the holder of its private half can open the box.

    Boxes come in sizes of 1 KiB, 2 KiB, 4 KiB and so on, plus 56 bytes. Raises
    ``TooLargeToSealError`` above 1 MiB.
    """
    return MARK + SealedBox(PublicKey(public_key)).encrypt(_padded(plaintext))


def unseal(key: OpenKey, box: bytes) -> bytes:
    """The plaintext of a box. Raises ``CannotOpenError``."""
    if not box.startswith(MARK) or len(box) < _OVERHEAD:
        raise CannotOpenError("This is not a sealed box, or it is incomplete.")
    try:
        padded = SealedBox(PrivateKey(key.private)).decrypt(box[len(MARK) :])
    except CryptoError:
        raise CannotOpenError("The box was sealed to another key, or it is damaged.") from None
    plaintext, mark, rest = padded.rpartition(b"\x80")
    if not mark or rest.strip(b"\0"):
        raise CannotOpenError("The box opened, but what is inside is damaged.")
    return plaintext


def pack(signature: int, purpose: Purpose, details: Details, corrects: int | None = None) -> bytes:
    """The plaintext of a box: the details, with their signature and purpose.

    ``corrects`` is an earlier signature of the same person, whose details these replace.
    """
    content = {"version": 1, "signature": signature, "purpose": purpose, "details": dict(details)}
    if corrects is not None:
        content["corrects"] = corrects
    # A broken browser may send lone surrogates; that must not cost anyone a signature.
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
    """Seal what a person asked us to keep, inside the caller's write transaction.

    Replaces what was sealed for the same signature and purpose. False if the signature is
    withdrawn; then nothing is kept. Raises ``TooLargeToSealError``. The plaintext is never written
    anywhere.
    """
    box = seal(key.public, pack(signature, purpose, details, corrects))
    stored = db.execute(
        "INSERT INTO sealed (signature, purpose, key, box, day) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (signature, purpose) DO UPDATE SET"
        " key = excluded.key, box = excluded.box, day = excluded.day",
        (signature, purpose, key.id, box, day.isoformat()),
    )
    return stored.rowcount == 1


def forget_details(db: sqlite3.Connection, token: str) -> bool:
    """Delete everything sealed for a receipt, and what has replaced it; the signature stands.

    False if there is no such receipt. Raises ``NotStoredError``.
    """
    receipt = [token_digest(token)]
    with writing(db):
        gone = heads_of(db, "sealed", THEIRS, receipt)
        # So that the same form, sent again, counts as changed and may ask to keep them again.
        rows = db.execute(
            f"UPDATE signatures AS s SET content = NULL WHERE {THEIRS} RETURNING id",  # noqa: S608
            receipt,
        ).fetchall()
        db.executemany("DELETE FROM sealed WHERE signature = ?", rows)
    if rows:
        erase(db, gone)
    return bool(rows)


def sealed_counts(db: sqlite3.Connection) -> dict[str, int]:
    """How many rows are sealed to each key, by key id."""
    return dict(db.execute("SELECT key, count(*) FROM sealed GROUP BY key").fetchall())


@dataclass(frozen=True, slots=True)
class Resealed:
    """What a rotation did."""

    moved: int
    unreadable: tuple[int, ...]
    """Ids of signatures whose box did not open with the old key; it was left unchanged."""


def reseal(
    db: sqlite3.Connection,
    old: OpenKey,
    new: CampaignKey,
    *,
    batch: int = 100,
    progress: Callable[[int], object] | None = None,
) -> Resealed:
    """Move every row from the old key to the new one, a batch at a time.

    Can be killed at any time and restarted: each batch is one transaction, and the rows still
    sealed to the old key are what is left to do. A row that its owner replaces or withdraws
    meanwhile is skipped. ``progress`` is called with the number moved so far. Raises
    ``NotStoredError``, and ``ValueError`` for equal or mismatched keys.
    """
    if new.id == old.id or fingerprint(new.public) != new.id:
        raise ValueError("A rotation needs two different keys.")
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
            progress(moved)
    if erase(db):
        blank_what_was_deleted(db)
    return Resealed(moved, tuple(unreadable))


# --- Letters kept behind a receipt -------------------------------------------------------------

KEPT = "kept letters"
LETTERS_LIMIT = 8
"""A person writes to at most three seats; more than this is not a set of letters."""


def keep_letters(
    db: sqlite3.Connection, token: str, letters: Mapping[str, str], *, day: date
) -> bool:
    """Keep the texts, by seat, for this receipt; True once they are on disk.

    Replaces what was kept before. False if there is no such receipt or its signature is withdrawn,
    or for no or too many letters; then nothing is kept. Raises ``NotStoredError`` and
    ``TooLargeToSealError``.
    """
    if not token or not 0 < len(letters) <= LETTERS_LIMIT:
        return False
    box = _locked(token, letters)
    with writing(db):
        stored = db.execute(
            "INSERT INTO kept_letters (signature, box, day) SELECT id, ?, ? FROM signatures"
            " WHERE receipt = ? AND withdrawn = 0"
            " ON CONFLICT (signature) DO UPDATE SET box = excluded.box, day = excluded.day",
            (box, day.isoformat(), token_digest(token)),
        )
        return stored.rowcount == 1


def keep_changed_letters(
    db: sqlite3.Connection, token: str, texts: Callable[[], Mapping[str, str]]
) -> None:
    """If letters are kept for this receipt, replace them, inside the caller's write transaction.

    ``texts`` is called only in that case.
    """
    kept = db.execute(
        "SELECT k.signature FROM kept_letters k JOIN signatures s ON s.id = k.signature"
        " WHERE s.receipt = ?",
        (token_digest(token),),
    ).fetchone()
    if kept is not None:
        box = _locked(token, texts())
        db.execute("UPDATE kept_letters SET box = ? WHERE signature = ?", (box, *kept))


def _locked(token: str, letters: Mapping[str, str]) -> bytes:
    text = json.dumps({"version": 1, "letters": dict(letters)}, ensure_ascii=False)
    plain = text.encode("utf-8", "surrogatepass")
    return MARK + lock(_padded(plain), token.encode("utf-8", "surrogatepass"), KEPT)


def kept_letters(db: sqlite3.Connection, token: str) -> dict[str, str]:
    """The texts kept for this receipt, by seat; empty if there are none."""
    row = db.execute(
        "SELECT k.box FROM kept_letters k JOIN signatures s ON s.id = k.signature"
        " WHERE s.receipt = ?",
        (token_digest(token),),
    ).fetchone()
    if row is None:
        return {}
    padded = unlock(row[0][len(MARK) :], token.encode("utf-8", "surrogatepass"), KEPT)
    if padded is None:
        return {}  # damaged, or moved here from another row
    plain, _, _ = padded.rpartition(b"\x80")
    letters = json.loads(plain.decode("utf-8", "surrogatepass"))["letters"]
    return {str(seat): str(text) for seat, text in letters.items()}


def drop_letters(db: sqlite3.Connection, token: str) -> bool:
    """Delete the letters kept for this receipt; True if there were any.

    Raises ``NotStoredError``.
    """
    receipt = [token_digest(token)]
    with writing(db):
        gone = heads_of(db, "kept_letters", "s.receipt = ?", receipt)
        db.execute(
            "DELETE FROM kept_letters WHERE signature ="
            " (SELECT id FROM signatures WHERE receipt = ?)",
            receipt,
        )
    if gone:
        erase(db, gone)
    return bool(gone)


# --- Sealed details as one file ----------------------------------------------------------------
#
# For carrying to the computer that holds the private key. The file is JSON lines. The first line
# says what it is; each line after it is one box with the signature it belongs to; the last line
# has the number of rows, so that a truncated file is detected.

KIND = "dear-congress sealed export"
VERSION = 1


@dataclass(frozen=True, slots=True)
class OpenedRow:
    """One box, opened."""

    signature: int
    purpose: Purpose
    day: date
    """The day of sealing, in the campaign's time zone."""
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unopened:
    """A line that could not be opened, and why, as a sentence. The others still open."""

    line: int
    reason: str


def export_sealed(
    by: Actor, path: Path, *, campaign: str, purpose: Purpose | None = None, subject: str = ""
) -> int:
    """Write the boxes of a campaign's counted signatures to ``path`` (mode 0600); returns their
    number.

    Only ``counted`` signatures: one that is held, unconfirmed, repeated or withdrawn does not
    belong in a packet. If the same person signed again to correct something, their newest box
    replaces the earlier one. The audit event, under ``subject`` or the file's name, is stored
    before the file gets its name, so that no export exists without it. Raises ``NotStoredError``,
    and ``FileExistsError`` rather than overwrite.
    """
    if path.exists():
        raise FileExistsError(f"{path} already exists. Choose another file.")
    keys: set[str] = set()
    rows = 0
    with drafted(path, new=True) as draft:
        with draft.open("w", encoding="ascii") as file, reading(by.db):
            head = {
                "kind": KIND,
                "version": VERSION,
                "campaign": campaign,
                "purpose": purpose or "all",
                "exported": by.at.astimezone(UTC).isoformat(timespec="seconds"),
            }
            file.write(json.dumps(head) + "\n")
            for number, what, key, box, day in _boxes(by.db, campaign, purpose):
                line = {
                    "signature": number,
                    "purpose": what,
                    "key": key,
                    "day": day,
                    "box": base64.b64encode(box).decode("ascii"),
                }
                file.write(json.dumps(line) + "\n")
                keys.add(key)
                rows += 1
            file.write(json.dumps({"end": True, "rows": rows}) + "\n")
        record_export(by, subject or path.name, campaign, purpose, rows=rows, keys=keys)
    return rows


def record_export(
    by: Actor,
    subject: str,
    campaign: str,
    purpose: Purpose | None,
    *,
    rows: int,
    keys: Iterable[str],
) -> None:
    """Record in the audit trail that sealed details left, and which keys open them."""
    facts: Facts = {
        "campaign": campaign, "purpose": purpose or "all", "rows": rows,
        "keys": ", ".join(sorted(keys)),
    }  # fmt: skip
    with writing(by.db):
        by.record(What.SEALED_EXPORTED, subject, after=facts)


def head_of(path: Path) -> dict[str, Any]:
    """The first line of a file of sealed details, such as ``campaign`` and ``purpose`` (a purpose
    or ``all``); empty for a file that does not begin with a JSON object."""
    with path.open(encoding="utf-8", errors="replace") as file:
        first = file.readline(2_000)
    try:
        head = json.loads(first)
    except ValueError:
        return {}
    return head if isinstance(head, dict) else {}


def _boxes(
    db: sqlite3.Connection, campaign: str, purpose: Purpose | None
) -> Iterator[tuple[int, str, str, bytes, str]]:
    first, last = (purpose, purpose) if purpose else (PURPOSES[0], PURPOSES[-1])
    yield from db.execute(
        "SELECT s.id, b.purpose, b.key, b.box, b.day"
        " FROM sealed b LEFT JOIN replacements r ON r.signature = b.signature"
        " JOIN signatures s ON s.id = coalesce(r.earlier, b.signature)"
        " WHERE s.campaign = ? AND s.status = 'counted' AND b.purpose IN (?, ?)"
        " AND NOT EXISTS (SELECT 1 FROM replacements newer JOIN sealed n"
        " ON n.signature = newer.signature AND n.purpose = b.purpose"
        " WHERE newer.earlier = s.id AND newer.signature > b.signature) ORDER BY b.id",
        (campaign, first, last),
    )


def open_kept(
    db: sqlite3.Connection, keys: Sequence[OpenKey], *, campaign: str, purpose: Purpose
) -> Iterator[OpenedRow | Unopened]:
    """Open what ``export_sealed`` would export, right in the database; lines start at 1."""
    by_id = {key.id: key for key in keys}
    with reading(db):
        for line, row in enumerate(_boxes(db, campaign, purpose), start=1):
            yield _open_row(line, row, by_id)


def sealed_people(db: sqlite3.Connection, campaign: str, purpose: Purpose) -> dict[str, int]:
    """How many people ``export_sealed`` would export details of, by key id."""
    with reading(db):
        return dict(Counter(key for _n, _what, key, _box, _day in _boxes(db, campaign, purpose)))


def open_sealed_file(path: Path, keys: Sequence[OpenKey]) -> Iterator[OpenedRow | Unopened]:
    """Open an exported file row by row, with no need for a database or network.

    Each line gives an ``OpenedRow``, or an ``Unopened`` that says why not; a truncated file, or
    one that is not a sealed export, ends with an ``Unopened``. Raises ``OSError`` if the file
    cannot be read at all.
    """
    by_id = {key.id: key for key in keys}
    rows = number = 0
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, text in enumerate(file, start=1):
            try:
                line: dict[str, Any] = json.loads(text)
                if number == 1:
                    if line["kind"] != KIND or line["version"] != VERSION:
                        raise ValueError
                    continue
                if line.get("end") is True:
                    if line["rows"] != rows:
                        yield Unopened(
                            number, f"The file should have {line['rows']} rows but has {rows}."
                        )
                    return
            except (ValueError, KeyError, TypeError, AttributeError):
                if number == 1:
                    yield Unopened(1, "This file is not a sealed export of Dear Congress.")
                    return
                line = {}
            rows += 1
            yield _open_line(number, line, by_id)
    yield Unopened(number + 1, "The file is incomplete: rows are missing. Export or copy it again.")


def _open_line(number: int, line: dict[str, Any], keys: dict[str, OpenKey]) -> OpenedRow | Unopened:
    try:
        row = (int(line["signature"]), line["purpose"], str(line["key"]),
               base64.b64decode(line["box"], validate=True), str(line["day"]))  # fmt: skip
        date.fromisoformat(row[-1])
    except (ValueError, KeyError, TypeError):
        return Unopened(number, "This line is damaged or incomplete.")
    return _open_row(number, row, keys)


def _open_row(
    number: int, row: tuple[int, Any, str, bytes, str], keys: dict[str, OpenKey]
) -> OpenedRow | Unopened:
    signature, purpose, key_id, box, day = row
    if key_id not in keys:
        have = ", ".join(sorted(keys)) or "no key"
        return Unopened(number, f"This row is sealed to key {key_id}; you gave {have}.")
    try:
        details = unpack(unseal(keys[key_id], box), signature, purpose)
    except CannotOpenError as error:
        return Unopened(number, str(error))
    return OpenedRow(signature, purpose, date.fromisoformat(day), details)
