"""The proof that a purge worked: nothing too old is left, not even as a trace.

``prove`` looks for itself: it counts what is too old, searches the raw files for sealed boxes
that no row owns and for free pages that are not blank, and tries the whole purge with
marked rows on a scratch database beside the real one.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from app.records.database import open_database, writing
from app.records.retention import KINDS, Kind, Policy, delete_old_rows, old_files, old_rows
from app.records.sealing import MARK
from app.records.traces import empty_log, scan_files, traces

GRACE = timedelta(days=1)
"""The purge runs daily, so something may be up to a day too old before it counts as left."""
PLANTED = "Planted-to-be-found-7c1e"
PLANTED_ROWS = 40


@dataclass(frozen=True, slots=True)
class Proof:
    """``problems`` are sentences; empty means that nothing too old is left, not even as a trace."""

    problems: tuple[str, ...]
    checked: tuple[str, ...]

    @property
    def good(self) -> bool:
        return not self.problems


def prove(path: Path, now: datetime, policy: Policy, *, instance: Path | None = None) -> Proof:
    """Prove that nothing is left that is more than a day too old, in raw bytes either.

    Reads the database and its log as files, so it may take a second per gigabyte. Changes
    nothing but the log, which it empties. Raises ``NotStoredError`` when the file cannot be opened.
    """
    problems: list[str] = []
    with closing(open_database(path)) as db:
        for kind in KINDS:
            if number := old_rows(db, kind, policy, now - GRACE):
                problems.append(
                    f"{number} {kind.name} are older than {getattr(policy, kind.setting)} days."
                )
        if not empty_log(db):
            problems.append("Something has been reading for long, so the log is not empty.")
        problems += traces(db, path)
    if instance is not None:
        left = Counter((name, days) for name, days, _ in old_files(instance, policy, now - GRACE))
        problems += [f"{n} {name} are older than {days} days." for (name, days), n in left.items()]
    problems += rehearse(path.parent, now)
    checked = (*(kind.name for kind in KINDS), "raw file and log", "rehearsal with marked rows")
    return Proof(tuple(problems), checked)


def rehearse(folder: Path, now: datetime) -> list[str]:
    """Purge marked rows of every kind from a scratch database, and search its raw bytes.

    Shows that this machine's SQLite, with this site's settings, really blanks what is
    deleted. Returns sentences about what was found; empty is good.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix=".rehearsal-") as name:
        path = Path(name) / "scratch.db"
        with closing(open_database(path)) as db:
            db.execute("PRAGMA foreign_keys=OFF")
            db.execute("PRAGMA ignore_check_constraints=ON")
            for kind in KINDS:
                _plant(db, kind)
            empty_log(db)
            if len(scan_files(path, [PLANTED])["marks"]) == 0:
                return ["The rehearsal could not find its own marks; the search does not work."]
            done = delete_old_rows(db, now, Policy())
            if short := [one.kind for one in done if one.number < PLANTED_ROWS]:
                return [f"The purge left marked rows behind: {', '.join(short)}."]
            empty_log(db)  # and no VACUUM: what is deleted must be blank without it
            found = scan_files(path, [PLANTED])["marks"]
    places = [place.removesuffix(f": {PLANTED}") for place in found]
    return [f"Rows that were deleted can still be read in {place}." for place in places]


def _plant(db: sqlite3.Connection, kind: Kind) -> None:
    """Rows of one kind that are long too old, their texts and blobs marked."""
    columns: list[tuple[str, str]] = db.execute(
        "SELECT name, type FROM pragma_table_info(?)", (kind.table,)
    ).fetchall()
    names = ", ".join(name for name, _ in columns)
    places = ", ".join("?" * len(columns))
    query = f"INSERT INTO {kind.table} ({names}) VALUES ({places})"  # noqa: S608 - from the schema
    with writing(db):
        for number in range(1, PLANTED_ROWS + 1):
            row: list[object] = []
            for name, what in columns:
                if name in ("day", "at") and what == "TEXT":
                    row.append("2001-01-01T00:00:00Z"[: 10 if name == "day" else 20])
                elif what == "INTEGER":
                    row.append(number)
                elif what == "BLOB":
                    row.append(MARK + f"{PLANTED} {name} {number} ".encode() * (1 + number * 3))
                else:
                    row.append(f"{PLANTED} {name} {number} " * (1 + number % 7))
            db.execute(query, row)
        if kind.table in ("sealed", "kept_letters"):
            _plant_signatures(db, kind.table)


def _plant_signatures(db: sqlite3.Connection, table: str) -> None:
    db.execute(
        "INSERT OR IGNORE INTO signatures (id, receipt, campaign, status, day, at, state,"  # noqa: S608 - from KINDS
        " district, template, version, length, language, match, source, edited, own_share, letters)"
        " SELECT signature, randomblob(32), 'rehearsal', 'repeated', day, day, 'CA', 1,"
        f" '', '', '', '', '', '', 0, 0, 0 FROM {table}"
    )
