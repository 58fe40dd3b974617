"""Noting with each letter what its office's own system said: as it is said, or from a folder."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.records import Connection, State, note_office
from app.records.deliveries import sendable

STATES: Mapping[str, State] = {
    "accepted": "accepted by the office's system",
    "refused": "refused",
    "unknown": "unknown",
    "not attempted": "not attempted",
}
"""What a result makes of a letter. A test system's yes and ``try later`` are not here: no office
has heard of the letter then."""


@dataclass(frozen=True, slots=True)
class Noted:
    """How many letters now say so, and how many results could not be noted."""

    noted: int
    of_nobody_here: int
    """From a file of one's own, so that no signature belongs to them."""
    unchanged: int
    """Withdrawn, gone, or accepted before."""


class LetterBook:
    """The letters of a folder that belong to signatures of this site.

    For handing a folder over on the site itself: what may not leave is held back, and every
    result is noted the moment it is known.
    """

    def __init__(self, folder: Path, db: Connection, campaign: str) -> None:
        self._db, self._campaign = db, campaign
        self._belongs = _index(folder)
        self.noted = 0

    def held_back(self, file: str) -> str:
        """Why this letter must not leave; empty where nothing is known against it."""
        found = self._belongs.get(file)
        if found is None or sendable(self._db, found[0], self._campaign) is not False:
            return ""
        return "Its signature was withdrawn, or does not count yet."

    def note(self, file: str, result: str, at: datetime) -> None:
        """Note one result with its letter, if it says anything of it. Raises ``NotStoredError``."""
        found, state = self._belongs.get(file), STATES.get(result)
        if found is not None and state is not None:
            number, seat = found
            self.noted += note_office(self._db, number, seat, state, campaign=self._campaign, at=at)


class NotesError(Exception):
    """The folder has no results to note; the message says what to do."""


def note_results(folder: Path, db: Connection, campaign: str) -> Noted:
    """Note every result of a folder, oldest first; may be run again, which changes nothing.

    Raises ``NotesError`` and ``NotStoredError``.
    """
    belongs = _index(folder)
    noted: set[str] = set()
    nobody: set[str] = set()
    unchanged: set[str] = set()
    for row in _rows(folder / "results.csv", ("file", "result", "at")):
        state, file = STATES.get(row["result"]), row["file"]
        if state is None:
            continue
        if file not in belongs:
            nobody.add(file)
            continue
        number, seat = belongs[file]
        at = datetime.fromisoformat(row["at"])
        done = note_office(db, number, seat, state, campaign=campaign, at=at)
        (noted if done else unchanged).add(file)
    return Noted(len(noted), len(nobody), len(unchanged - noted))


def _index(folder: Path) -> dict[str, tuple[int, str]]:
    """Signature and seat of each file that belongs to a signature. Raises ``NotesError``."""
    return {
        row["file"]: (int(row["signature"]), row["seat"])
        for row in _rows(folder / "index.csv", ("file", "seat"))
        if (row.get("signature") or "").isdecimal()
    }


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
