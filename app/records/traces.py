"""Traces of deleted rows in the raw bytes of the database, and how they are blanked.

``secure_delete`` overwrites what is deleted; this looks whether it did. The search runs as a
program of its own, see ``raw_scan``.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.records import raw_scan


def blank_what_was_deleted(db: sqlite3.Connection) -> None:
    """Empty the log, and rewrite the file if its raw bytes still hold something deleted."""
    path = Path(db.execute("PRAGMA database_list").fetchone()[2])
    if empty_log(db) and traces(db, path):
        db.execute("VACUUM")
        empty_log(db)


def empty_log(db: sqlite3.Connection) -> bool:
    """Move the log into the file and cut it to nothing; False when a long read prevents it."""
    for _ in range(3):
        busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            return True
    return False


def scan_files(path: Path, marks: Sequence[str] = ()) -> dict[str, Any]:
    """Heads of boxes, unclean free pages and marks in the raw files; see ``raw_scan.scan``."""
    # In a program of its own: see raw_scan.
    script = str(Path(raw_scan.__file__))
    answer = subprocess.run(  # noqa: S603 - our own file and our own database
        [sys.executable, "-I", "-S", script, str(path)],
        input=json.dumps(list(marks)), capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def traces(db: sqlite3.Connection, path: Path) -> list[str]:
    """Sentences about what the raw files hold that no row owns. Tried again: people sign."""
    problems: list[str] = []
    for wait in (0.0, 0.3, 1.0):
        time.sleep(wait)
        found = scan_files(path)
        boxes = db.execute(
            "SELECT hex(substr(box, 1, 40)) FROM sealed"
            " UNION ALL SELECT hex(substr(box, 1, 40)) FROM kept_letters"
        )
        heads = {row[0] for row in boxes}
        stray = [head for head in found["heads"] if head.upper() not in heads]
        problems = []
        if stray:
            problems.append(f"{len(stray)} sealed boxes are in the raw file that no row owns.")
        if found["unclean"]:
            problems.append(f"{found['unclean']} free pages of the file are not blank.")
        if not problems:
            break
        empty_log(db)
    return problems
