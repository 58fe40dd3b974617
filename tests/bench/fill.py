"""Fills a database with made-up signatures, many thousands a second, for benchmarks.

The rows are as ``records.signing`` writes them. One SQL statement inserts them without triggers;
the tallies are then rebuilt from the rows, as ``flask signatures recount --rebuild`` does.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

from app.congress.tables import load_tables
from app.records.counts import rebuild
from app.records.database import open_database

CAMPAIGN = "protect-immigration-act"
DAYS = 120

_SIGNATURES = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)
INSERT INTO signatures (id, receipt, by_email, campaign, status, day, at, state, district, template,
    version, length, language, match, source, edited, own_share, letters)
SELECT i + 1, CAST(printf('%032d', i) AS BLOB), CAST(printf('%016x', i) AS BLOB), :campaign,
    CASE WHEN i % 97 = 0 THEN 'held' WHEN i % 131 = 0 THEN 'unconfirmed' ELSE 'counted' END,
    date('2026-11-25', '-' || d || ' days'),
    date('2026-11-25', '-' || d || ' days') || 'T' || printf('%02d:%02dZ', 12 + i % 11, i % 60),
    p.state, p.district,
    CASE i % 5 WHEN 0 THEN 'family' WHEN 1 THEN 'faith' ELSE 'general' END,
    printf('%012x', i % 3 * 7919), CASE i % 4 WHEN 0 THEN 'short' ELSE 'full' END,
    CASE i % 6 WHEN 0 THEN 'es' ELSE 'en' END,
    CASE i % 3 WHEN 0 THEN 'street' WHEN 1 THEN 'chosen' ELSE 'zip' END,
    CASE i % 4 WHEN 0 THEN '' WHEN 1 THEN 'mail' WHEN 2 THEN 'parish' ELSE 'w' || (i % 40) END,
    i % 3 = 0, i * 31 % 101, p.letters
FROM (
    -- More in some districts than in others, and more of late: squares of evenly spread numbers.
    SELECT i, x * x / 1000 * :places / 1000 AS number, (y * y / 1000 * :days / 1000 + i % 3) AS d
    FROM (SELECT i, i * 7919 % 1000 AS x, i * 104729 % 1009 * 1000 / 1009 AS y FROM n)
) JOIN places p USING (number)
"""
_LETTERS = """
INSERT INTO letters (signature, seat, bioguide, ask, state, state_at)
SELECT s.id, r.seat, r.bioguide, 'cosponsor', 'written', s.at
FROM signatures s JOIN recipients r ON r.state = s.state AND r.district = s.district
ORDER BY s.id, r.seat
"""


def filled(path: Path, count: int) -> sqlite3.Connection:
    """An open database with ``count`` signatures, spread over all districts and 120 days."""
    db = open_database(path)
    db.execute("PRAGMA synchronous=OFF")  # the file is discarded if anything fails
    db.execute("PRAGMA cache_size=-300000")
    triggers = db.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'tally_%'"
    ).fetchall()
    for name, _ in triggers:
        db.execute(f"DROP TRIGGER {name}")
    db.execute("CREATE TEMP TABLE places (number INTEGER PRIMARY KEY, state, district, letters)")
    db.execute(
        "CREATE TEMP TABLE recipients (state, district, seat, bioguide,"
        " PRIMARY KEY (state, district, seat)) WITHOUT ROWID"
    )
    db.execute("BEGIN")
    places = sorted(
        load_tables().delegations.items(),
        key=lambda place: hashlib.sha256(repr(place[0]).encode()).digest(),
    )
    for number, ((state, district), delegation) in enumerate(places):
        db.execute(
            "INSERT INTO places VALUES (?, ?, ?, ?)",
            (number, state, district, len(delegation.recipients)),
        )
        db.executemany(
            "INSERT INTO recipients VALUES (?, ?, ?, ?)",
            [
                (state, district, holder.seat.id, holder.member and holder.member.bioguide)
                for holder in delegation.holders
            ],
        )
    db.execute(
        _SIGNATURES, {"count": count, "campaign": CAMPAIGN, "days": DAYS, "places": len(places)}
    )
    db.execute(_LETTERS)
    db.execute("COMMIT")
    for _, statement in triggers:
        db.execute(statement)
    rebuild(db)
    db.close()
    return open_database(path)


def fill(path: Path, count: int) -> None:
    """``filled``, and closed."""
    with closing(filled(path, count)):
        pass
