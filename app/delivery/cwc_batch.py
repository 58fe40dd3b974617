"""Handing a folder of messages to the offices' systems, so that it can stop and go on.

Every result is a line in ``results.csv`` the moment it is known. A second run leaves alone
what was accepted or refused, and tries the rest again under the same delivery ids.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.congress.model import Chamber
from app.delivery.cwc_client import (
    Accepted,
    CwcClient,
    CwcResult,
    NotAttempted,
    Refused,
    TryLater,
    Unknown,
)
from app.delivery.cwc_files import listed_files
from app.delivery.cwc_notes import LetterBook
from app.documents.cwc import CwcMessage

HEADER = ("file", "result", "reason", "at")
SETTLED = ("accepted", "refused")


@dataclass(frozen=True, slots=True)
class Handed:
    """One file and what came of it."""

    file: str
    result: CwcResult


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was settled in an earlier run."""

    file: str


def messages_in(folder: Path) -> list[str]:
    """The message files under a folder, as ``HCA12/<delivery id>.xml``, in a steady order.

    Where the folder has an index, only what that names: a file left from an earlier run, whose
    words were changed since, must not go out.
    """
    there = (p.relative_to(folder).as_posix() for p in folder.glob("*/*.xml"))
    if (folder / "index.csv").exists():
        listed = listed_files(folder)
        there = (name for name in there if name in listed)
    return sorted(there)


def hand_over_folder(
    folder: Path,
    client: CwcClient,
    clock: Callable[[], datetime],
    book: LetterBook | None = None,
) -> Iterator[Handed | Skipped]:
    """Hand over every message of a folder, one after the other.

    With a ``book`` what belongs to signatures of this site is held back where it must not
    leave, and every result is noted with its letter. Raises ``NotStoredError``.

    When a chamber's system asks to try later, its other messages get the same answer
    without a call; the other chamber's go on.
    """
    table = folder / "results.csv"
    settled = _settled(table)
    waiting: dict[Chamber, TryLater] = {}
    is_new = not table.exists()
    descriptor = os.open(table, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(HEADER)
        for name in messages_in(folder):
            if name in settled:
                yield Skipped(name)
                continue
            office, delivery_id = name.removesuffix(".xml").split("/")
            chamber: Chamber = "house" if office.startswith("H") else "senate"
            result: CwcResult
            if book is not None and (reason := book.held_back(name)):
                result = NotAttempted(reason)
            elif chamber in waiting:
                result = waiting[chamber]
            else:
                xml = (folder / name).read_bytes()
                result = client.send(CwcMessage(office, delivery_id, xml))
            if isinstance(result, TryLater):
                waiting[chamber] = result
            at = clock()
            writer.writerow((name, *words(result), at.isoformat(timespec="seconds")))
            file.flush()
            if book is not None:
                book.note(name, words(result)[0], at)
            yield Handed(name, result)


def _settled(table: Path) -> set[str]:
    if not table.exists():
        return set()
    with table.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return {row["file"] for row in rows if row["result"] in SETTLED}


def words(result: CwcResult) -> tuple[str, str]:
    """A result as one word for a table and as its reason. A test system's yes is only a test."""
    match result:
        case Accepted(production=True, earlier=earlier):
            return "accepted", "accepted earlier" if earlier else ""
        case Accepted():
            return "accepted by the test system", ""
        case Refused(reasons):
            return "refused", "; ".join(reasons)
        case TryLater(after, reason):
            return "try later", f"{reason} Not before {after.isoformat(timespec='seconds')}."
        case Unknown(reason):
            return "unknown", reason
        case NotAttempted(reason):
            return "not attempted", reason
