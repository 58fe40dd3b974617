"""The texts that were signed. A signature names a version; the text is kept once, for ever."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from app.records.database import writing
from app.records.model import LetterVersion, UnknownVersion


def remember_versions(db: sqlite3.Connection, versions: Iterable[LetterVersion]) -> int:
    """Keep the texts that are not kept yet; returns how many were new.

    Call it with every live template before a page offers one. Writes nothing, and waits for
    nobody, when all are known. A version that is kept is never overwritten.
    """
    new = [version for version in versions if isinstance(version_text(db, version), UnknownVersion)]
    if new:
        with writing(db):
            db.executemany(
                "INSERT OR IGNORE INTO letter_versions"
                " (campaign, template, length, version, source) VALUES (?, ?, ?, ?, ?)",
                [(v.campaign, v.template, v.length, v.version, v.source) for v in new],
            )
    return len(new)


def version_text(
    db: sqlite3.Connection, wanted: LetterVersion | UnknownVersion
) -> LetterVersion | UnknownVersion:
    """The kept text under the names of ``wanted``, or ``UnknownVersion`` with the same names."""
    names = (wanted.campaign, wanted.template, wanted.length, wanted.version)
    row = db.execute(
        "SELECT source FROM letter_versions"
        " WHERE campaign = ? AND template = ? AND length = ? AND version = ?",
        names,
    ).fetchone()
    return UnknownVersion(*names) if row is None else LetterVersion(*names, source=row[0])
