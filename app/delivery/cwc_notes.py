"""Noting with each letter what its office's own system said, from a folder's results."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.records import Connection, State, note_office

STATES: Mapping[str, State] = {
    "accepted": "accepted by the office's system",
    "refused": "refused",
    "not attempted": "not attempted",
}
"""What a result makes of a letter. A test system's yes, ``try later`` and ``unknown`` are not
here: they say nothing about what an office has."""


@dataclass(frozen=True, slots=True)
class Noted:
    """How many letters now say so, and how many results could not be noted."""

    noted: int
    of_nobody_here: int
    """From a file of one's own, so that no signature belongs to them."""
    unchanged: int
    """Withdrawn, gone, or accepted before."""


class NotesError(Exception):
    """The folder has no results to note; the message says what to do."""


def note_results(folder: Path, db: Connection, campaign: str) -> Noted:
    """Note every result of a folder, oldest first; may be run again, which changes nothing.

    Raises ``NotesError`` and ``NotStoredError``.
    """
    belongs = {
        row["file"]: (row.get("signature") or "", row["seat"])
        for row in _rows(folder / "index.csv", ("file", "seat"))
    }
    noted: set[str] = set()
    nobody: set[str] = set()
    unchanged: set[str] = set()
    for row in _rows(folder / "results.csv", ("file", "result", "at")):
        state, file = STATES.get(row["result"]), row["file"]
        if state is None:
            continue
        signature, seat = belongs.get(file, ("", ""))
        if not signature.isdecimal():
            nobody.add(file)
            continue
        at = datetime.fromisoformat(row["at"])
        done = note_office(db, int(signature), seat, state, campaign=campaign, at=at)
        (noted if done else unchanged).add(file)
    return Noted(len(noted), len(nobody), len(unchanged - noted))


def _rows(path: Path, needed: tuple[str, ...]) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if not set(needed) <= set(reader.fieldnames or ()):
                raise NotesError(f"{path} is not a table that this program wrote.")
            yield from reader
    except FileNotFoundError:
        raise NotesError(
            f"There is no {path.name} in {path.parent}. First: flask letters deliver {path.parent}"
        ) from None
