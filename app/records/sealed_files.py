"""Sealed details as one file, to carry to the computer that holds the private key.

The file is JSON lines. The first line says what it is; each further line is one box with
the signature it belongs to; the last line has the number of rows, so that a file that was
cut off on the way is noticed. Nothing in it can be read without the private key.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from app.records.database import reading
from app.records.keys import OpenKey
from app.records.model import PURPOSES, Purpose
from app.records.sealing import CannotOpenError, unpack, unseal

KIND = "dear-congress sealed export"
VERSION = 1


@dataclass(frozen=True, slots=True)
class SealedExport:
    """What was exported: for the audit trail, and for the person at the terminal."""

    path: Path
    campaign: str
    purpose: Purpose | None
    """None for both."""
    at: datetime
    rows: int
    keys: tuple[str, ...]
    """The ids of the keys that are needed to open it."""


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
    db: sqlite3.Connection,
    path: Path,
    *,
    campaign: str,
    at: datetime,
    audit: Callable[[SealedExport], None],
    purpose: Purpose | None = None,
) -> SealedExport:
    """Write the boxes of a campaign's counted signatures to ``path`` (mode 0600).

    Only ``counted`` signatures: one that is held, unconfirmed, repeated or withdrawn has no
    place in a packet. Where the same person signed again to correct something, their newest
    box stands for the earlier one. ``audit`` is called before the file gets its name, so that
    no export exists without its audit event. Raises ``FileExistsError`` rather than overwrite.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists already; name another file.")
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    keys: set[str] = set()
    rows = 0
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file, reading(db):
            head = {
                "kind": KIND,
                "version": VERSION,
                "campaign": campaign,
                "purpose": purpose or "all",
                "exported": at.astimezone(UTC).isoformat(timespec="seconds"),
            }
            file.write(json.dumps(head) + "\n")
            for number, what, key, box, day in _boxes(db, campaign, purpose):
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
            file.flush()
            os.fsync(file.fileno())
        done = SealedExport(path, campaign, purpose, at, rows, tuple(sorted(keys)))
        audit(done)
        os.link(draft, path)  # unlike a rename, this never replaces a file that came meanwhile
    finally:
        draft.unlink(missing_ok=True)
    return done


def campaign_of(path: Path) -> str:
    """Whose sealed details a file holds; empty for a file of another kind."""
    with path.open(encoding="utf-8", errors="replace") as file:
        first = file.readline(2_000)
    try:
        head = json.loads(first)
    except ValueError:
        return ""
    return str(head.get("campaign", "")) if isinstance(head, dict) else ""


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
    """Open what ``export_sealed`` would export, where it lies; lines are numbered from 1."""
    by_id = {key.id: key for key in keys}
    with reading(db):
        for line, row in enumerate(_boxes(db, campaign, purpose), start=1):
            yield _open_row(line, row, by_id)


def sealed_people(db: sqlite3.Connection, campaign: str, purpose: Purpose) -> dict[str, int]:
    """For how many people ``export_sealed`` would export details, by the id of the key."""
    with reading(db):
        return dict(Counter(key for _n, _what, key, _box, _day in _boxes(db, campaign, purpose)))


def open_sealed_file(path: Path, keys: Sequence[OpenKey]) -> Iterator[OpenedRow | Unopened]:
    """Open an exported file, row by row, on a computer that needs no database or network.

    Each line gives an ``OpenedRow``, or an ``Unopened`` that says why not; a file that is cut
    off or is no sealed export ends with an ``Unopened``. Raises ``OSError`` when the file
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
    yield Unopened(number + 1, "The file is cut off: rows are missing. Export or copy it again.")


def _open_line(number: int, line: dict[str, Any], keys: dict[str, OpenKey]) -> OpenedRow | Unopened:
    try:
        row = (int(line["signature"]), line["purpose"], str(line["key"]),
               base64.b64decode(line["box"], validate=True), str(line["day"]))  # fmt: skip
        date.fromisoformat(row[-1])
    except (ValueError, KeyError, TypeError):
        return Unopened(number, "This line is damaged or cut off.")
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
