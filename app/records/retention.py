"""How long data is kept, the purge that deletes it, and the proof that nothing older is left.

Each kind of data has its own retention period; the defaults are safe. A purge deletes, truncates
SQLite's WAL, and vacuums the file if deleted data could still be read from its raw bytes.

``prove`` checks independently whether that worked: it counts rows that are too old, searches the
raw files for sealed boxes that no row owns and for free pages that are not blank, and rehearses the
whole purge with marked rows in a scratch database next to the real one.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from app.records.audit import Actor, Facts, What
from app.records.database import open_database, writing
from app.records.erasing import blank_what_was_deleted, empty_log, scan_files, traces
from app.records.raw_scan import MARK


@dataclass(frozen=True, slots=True)
class Policy:
    """How many days each kind is kept. ``ends`` has the last day of each known campaign's
    Congress; a campaign may go on after it."""

    sealed: int = 90
    """After the Congress's end or the day of signing, whichever is later; at least one. Pages
    promise deletion by the last of these days, so the purge on that day deletes."""
    letters: int = 90
    """The same, for letters kept behind a receipt."""
    audit: int = 730
    mail: int = 7
    logs: int = 14
    copies: int = 30
    """Databases and keys that were set aside by an upgrade or a restore."""
    throttle: int = 1
    sessions: int = 30
    unconfirmed: int = 1
    """The purge deletes an older question and, with it, a signature that was never confirmed."""
    ends: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExpiringRows:
    """The rows of one table that have expired. ``old`` is an SQL condition.

    It may use ``:stamp`` and ``:seconds`` (the time before which rows are too old, as text and in
    seconds since 1970), ``:today``, ``:ends`` (a JSON object) and ``:days``.
    """

    name: str
    setting: str
    table: str
    old: str


KINDS: tuple[ExpiringRows, ...] = (
    ExpiringRows(
        "sealed details",
        "sealed",
        "sealed",
        "id IN (SELECT sealed.id FROM sealed JOIN signatures ON signatures.id = sealed.signature"
        " LEFT JOIN json_each(:ends) AS ends ON ends.key = signatures.campaign"
        " WHERE date(max(coalesce(ends.value, ''), signatures.day),"
        " '+' || max(:days, 1) || ' days') <= :today)",
    ),
    ExpiringRows(
        "letters kept with a receipt",
        "letters",
        "kept_letters",
        # CROSS JOIN: otherwise SQLite reads every signature, as an index covers what is needed.
        "signature IN (SELECT k.signature FROM kept_letters k"
        " CROSS JOIN signatures ON signatures.id = k.signature"
        " LEFT JOIN json_each(:ends) AS ends ON ends.key = signatures.campaign"
        " WHERE date(max(coalesce(ends.value, ''), signatures.day),"
        " '+' || max(:days, 1) || ' days') <= :today)",
    ),
    ExpiringRows("audit events", "audit", "audit_events", "at < :stamp"),
    # A week for what waits to leave: letters to offices are tried for five days. Two years more
    # for alerts to organizers, which name no one, so that none is sent twice. Why an office's
    # system did not accept a letter stays as long as the receipt that says so.
    ExpiringRows(
        "queued messages and letters to offices",
        "mail",
        "outbound",
        "queued_at < :seconds + 86400 * CASE WHEN payload IS NOT NULL THEN min(:days - 7, 0)"
        " WHEN kind = 'other' AND state = 'accepted' THEN -730 ELSE 0 END"
        " AND NOT (payload IS NULL AND kind IN ('house', 'senate') AND state <> 'accepted'"
        " AND EXISTS (SELECT 1 FROM signatures s WHERE s.receipt = outbound.receipt"
        " AND s.withdrawn = 0))",
    ),
    ExpiringRows("email confirmations", "unconfirmed", "confirmations", "at < :stamp"),
    ExpiringRows("failed logins", "throttle", "login_failures", "at < :seconds"),
    ExpiringRows("login waits", "throttle", "login_waits", "since < :seconds"),
    ExpiringRows("login locations", "throttle", "login_sources", "until < :seconds"),
    ExpiringRows("sessions", "sessions", "organizer_sessions", "created < :seconds"),
)


@dataclass(frozen=True, slots=True)
class Purged:
    """How much of one kind was deleted, or would be."""

    kind: str
    days: int
    number: int


def _values(policy: Policy, kind: ExpiringRows, now: datetime) -> dict[str, object]:
    days = getattr(policy, kind.setting)
    before = now.astimezone(UTC) - timedelta(days=days)
    return {
        "stamp": before.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "seconds": int(before.timestamp()),
        "today": now.astimezone(UTC).date().isoformat(),
        "days": days,
        "ends": json.dumps({name: end.isoformat() for name, end in policy.ends.items()}),
    }


def old_rows(db: sqlite3.Connection, kind: ExpiringRows, policy: Policy, now: datetime) -> int:
    """Number of rows of a kind that are older than the policy allows at ``now``."""
    query = f"SELECT count(*) FROM {kind.table} WHERE {kind.old}"  # noqa: S608 - from KINDS
    return int(db.execute(query, _values(policy, kind, now)).fetchone()[0])


def delete_old_rows(db: sqlite3.Connection, now: datetime, policy: Policy) -> list[Purged]:
    """Delete the rows that are too old, each kind in its own short transaction."""
    done = []
    for kind in KINDS:
        query = f"DELETE FROM {kind.table} WHERE {kind.old}"  # noqa: S608 - from KINDS
        with writing(db):
            number = db.execute(query, _values(policy, kind, now)).rowcount
        done.append(Purged(kind.name, getattr(policy, kind.setting), number))
    return done


FILES = {
    "mail in files": ("outbox", "mail"),
    "log files": ("log", "logs"),
    "copies set aside": ("aside", "copies"),
    "copies that a killed process left": (".copy-*", "copies"),
    "exports that a killed process left": (".export-*", "copies"),
}
"""Kinds of files in the instance folder: their subfolders, and their field in ``Policy``."""


def old_files(instance: Path, policy: Policy, now: datetime) -> Iterator[tuple[str, int, Path]]:
    """Files in the instance folder that are too old by modification time: kind, days and path."""
    for kind, (folder, setting) in FILES.items():
        days = getattr(policy, setting)
        before = (now - timedelta(days=days)).timestamp()
        for path in sorted(instance.glob(f"{folder}/**/*")):
            if path.is_file() and path.stat().st_mtime < before:
                yield kind, days, path


def expired(
    db: sqlite3.Connection, now: datetime, policy: Policy, instance: Path
) -> tuple[Purged, ...]:
    """What ``purge`` would delete."""
    rows = (
        Purged(kind.name, getattr(policy, kind.setting), old_rows(db, kind, policy, now))
        for kind in KINDS
    )
    files = Counter(name for name, _, _ in old_files(instance, policy, now))
    return (*rows, *_purged_files(files, policy))


def purge(by: Actor, policy: Policy, instance: Path) -> tuple[tuple[Purged, ...], bool]:
    """Delete everything that is older than the policy allows, and every trace of it in the file.

    The files (``FILES``) in ``instance`` are swept too. The audit trail records how much of each
    kind was deleted, and by whom. Also returns whether no trace is left. Safe to run while people
    sign: each kind is one short transaction. Raises ``NotStoredError`` if the database is busy;
    each kind is then deleted completely or not at all.
    """
    files = Counter[str]()
    rows = delete_old_rows(by.db, by.at, policy)
    for name, _, path in old_files(instance, policy, by.at):
        path.unlink(missing_ok=True)
        files[name] += 1
    done = (*rows, *_purged_files(files, policy))
    for one in done:
        if one.number:
            facts: Facts = {"kind": one.kind, "days": one.days, "rows": one.number}
            with writing(by.db):
                by.record(What.PURGED, one.kind, after=facts)
    return done, blank_what_was_deleted(by.db)


def _purged_files(files: Counter[str], policy: Policy) -> Iterator[Purged]:
    for name, (_, setting) in FILES.items():
        yield Purged(name, getattr(policy, setting), files[name])


# --- The proof -------------------------------------------------------------------------------

GRACE = timedelta(days=1)
"""The purge runs daily, so data may be up to a day too old before it counts as left behind."""
PLANTED = "Planted-to-be-found-7c1e"
PLANTED_ROWS = 40


@dataclass(frozen=True, slots=True)
class PurgeProof:
    """``problems`` are sentences; empty if nothing too old is left, not even as a trace."""

    problems: tuple[str, ...]
    checked: tuple[str, ...]


def prove(path: Path, now: datetime, policy: Policy, *, instance: Path | None = None) -> PurgeProof:
    """Prove that nothing is left that is more than a day too old, not even in raw bytes.

    Reads the database and its WAL as files, so it may take a second per gigabyte. Its only change
    is to truncate the WAL. Raises ``NotStoredError`` if the file cannot be opened.
    """
    problems: list[str] = []
    with closing(open_database(path)) as db:
        for kind in KINDS:
            if number := old_rows(db, kind, policy, now - GRACE):
                problems.append(
                    f"{number} {kind.name} are older than {getattr(policy, kind.setting)} days."
                )
        if not empty_log(db):
            problems.append("A long read keeps the write-ahead log from being emptied.")
        problems += traces(db, path)
    if instance is not None:
        left = Counter((name, days) for name, days, _ in old_files(instance, policy, now - GRACE))
        problems += [f"{n} {name} are older than {days} days." for (name, days), n in left.items()]
    problems += rehearse(path.parent, now)
    checked = (*(kind.name for kind in KINDS), "raw file and log", "rehearsal with marked rows")
    return PurgeProof(tuple(problems), checked)


def rehearse(folder: Path, now: datetime) -> list[str]:
    """Purge marked rows of every kind from a scratch database, and search its raw bytes.

    Shows that this machine's SQLite, with this site's settings, really overwrites deleted data.
    Returns sentences about what was found; empty if all is well.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix=".rehearsal-") as name:
        path = Path(name) / "scratch.db"
        with closing(open_database(path)) as db:
            db.execute("PRAGMA foreign_keys=OFF")
            db.execute("PRAGMA ignore_check_constraints=ON")
            for kind in KINDS:
                _plant(db, kind)
            empty_log(db)
            if not scan_files(path, [PLANTED.encode()])["marks"]:
                return [
                    "The purge test did not find its own marked rows, so the search does not work."
                ]
            done = delete_old_rows(db, now, Policy())
            if short := [one.kind for one in done if one.number < PLANTED_ROWS]:
                return [f"The purge test left marked rows behind: {', '.join(short)}."]
            empty_log(db)  # without VACUUM: deleted data must be blank even so
            found = scan_files(path, [PLANTED.encode()])["marks"]
    places = [place.partition(":")[0] for place in found]
    return [f"Deleted rows can still be read in {place}." for place in places]


def _plant(db: sqlite3.Connection, kind: ExpiringRows) -> None:
    """Insert expired rows of one kind, with marks in their texts and blobs."""
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
