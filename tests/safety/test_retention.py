"""Nothing is kept longer than promised, and deleted data is gone from the raw bytes too."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.records import database, erasing, retention
from app.records.audit import Actor, TrailFilter, every
from app.records.database import open_database
from app.records.erasing import scan_files
from app.records.keys import CampaignKey, OpenKey
from app.records.retention import (
    KINDS,
    Policy,
    Purged,
    expired,
    prove,
    purge,
    rehearse,
)
from app.records.sealing import seal_details, sealed_counts
from app.records.signing import withdraw
from tests.records.build import purged

from .people import CAMPAIGN, DETAILS, TODAY, signed

Pair = tuple[CampaignKey, OpenKey]
END = date(2027, 1, 3)
POLICY = Policy(ends={CAMPAIGN: END})
DAY = timedelta(days=1)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def number(done: tuple[Purged, ...], kind: str) -> int:
    return next(one.number for one in done if one.kind == kind)


def test_deleting_old_rows_never_scans_the_signatures(db: sqlite3.Connection) -> None:
    """It holds the write lock, for which people who sign wait."""
    asked: list[str] = []
    db.set_trace_callback(asked.append)
    retention.delete_old_rows(db, noon(END), POLICY)
    db.set_trace_callback(None)
    deleting = [query for query in asked if query.startswith("DELETE")]
    assert len(deleting) == len(KINDS)
    for query in deleting:
        plan = db.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
        assert not [step for *_ids, step in plan if step.startswith("SCAN signatures")]


def fill(
    db: sqlite3.Connection, key: CampaignKey, rows: int = 30, campaign: str = CAMPAIGN,
    day: date = date(2026, 11, 1),
) -> None:  # fmt: skip
    for n in range(rows):
        signature, _ = signed(db, n + 1, campaign=campaign, day=day)
        seal_details(
            db, signature, "packet", DETAILS, key, day=day + DAY
        )  # the day of signing decides


@pytest.mark.parametrize("signed_on", [TODAY, END - DAY, END + 200 * DAY])
@pytest.mark.parametrize(("after", "gone"), [(88, 0), (89, 0), (90, 30), (400, 30)])
def test_sealed_details_are_deleted_ninety_days_after_congress_or_signing(
    db: sqlite3.Connection, pair: Pair, signed_on: date, after: int, gone: int
) -> None:
    fill(db, pair[0], day=signed_on)
    day = max(END, signed_on) + after * DAY
    assert number(purged(db, noon(day), POLICY), "sealed details") == gone
    assert sum(sealed_counts(db).values()) == 30 - gone


def test_a_campaign_with_no_known_end_keeps_details_ninety_days_from_signing(
    db: sqlite3.Connection, pair: Pair
) -> None:
    fill(db, pair[0], 3, "forgotten")
    fill(db, pair[0], 2)
    assert number(purged(db, noon(date(2027, 1, 29)), POLICY), "sealed details") == 0
    assert number(purged(db, noon(date(2027, 1, 30)), POLICY), "sealed details") == 3


def test_details_are_never_deleted_before_the_campaign_ends(
    db: sqlite3.Connection, pair: Pair
) -> None:
    fill(db, pair[0], 2)
    at_once = Policy(sealed=0, ends={CAMPAIGN: END})
    assert number(purged(db, noon(END), at_once), "sealed details") == 0
    assert number(purged(db, noon(END + DAY), at_once), "sealed details") == 2


def test_the_signature_itself_stays_counted(db: sqlite3.Connection, pair: Pair) -> None:
    fill(db, pair[0], 5)
    purged(db, noon(END + 100 * DAY), POLICY)
    assert db.execute("SELECT count(*) FROM signatures WHERE status = 'counted'").fetchone() == (5,)


def test_a_dry_run_counts_the_same_and_deletes_nothing(
    db: sqlite3.Connection, pair: Pair, tmp_path: Path
) -> None:
    fill(db, pair[0])
    old_file(tmp_path, "outbox/a.eml", 8)
    late = noon(END + 100 * DAY)
    rehearsed = expired(db, late, POLICY, tmp_path)
    assert sum(sealed_counts(db).values()) == 30
    assert (tmp_path / "outbox/a.eml").exists()
    assert purged(db, late, POLICY, tmp_path) == rehearsed
    assert number(rehearsed, "sealed details") == 30


def audit_event(db: sqlite3.Connection, at: str) -> None:
    db.execute(
        "INSERT INTO audit_events (at, who, what, subject, before, after)"
        " VALUES (?, 'ana', 'logged in', '', '{}', '{}')",
        (at,),
    )


def test_audit_events_are_deleted_after_two_years(db: sqlite3.Connection) -> None:
    for at in ("2024-11-24T11:59:59Z", "2024-11-25T11:59:59Z", "2024-11-25T12:00:00Z",
               "2026-11-25T00:00:00Z"):  # fmt: skip
        audit_event(db, at)
    assert number(purged(db, noon(date(2026, 11, 25)), POLICY), "audit events") == 2
    logins = db.execute("SELECT at FROM audit_events WHERE what = 'logged in' ORDER BY at")
    left = [row[0] for row in logins]
    assert left == ["2024-11-25T12:00:00Z", "2026-11-25T00:00:00Z"]


def outbound_row(
    db: sqlite3.Connection, name: str, kind: str, state: str, queued: datetime
) -> None:
    at, waits = int(queued.timestamp()), state in ("queued", "deferred", "held")
    db.execute(
        "INSERT INTO outbound (id, once, kind, state, queued_at, state_at, next_at, payload)"
        " VALUES (?, randomblob(32), ?, ?, ?, ?, ?, ?)",
        (f"{name:x<32}", kind, state, at, at, at, b"x" if waits else None),
    )


def left_in_queue(db: sqlite3.Connection, now: datetime, mail: int) -> set[str]:
    """What a purge leaves in the queue if the states of mail are kept for so many days."""
    purged(db, now, Policy(mail=mail))
    return {name.rstrip("x") for (name,) in db.execute("SELECT id FROM outbound")}


def test_what_still_waits_to_leave_is_tried_for_a_week_whatever_the_setting(
    db: sqlite3.Connection,
) -> None:
    """Mail is tried for almost two days, and a letter to an office for five."""
    now = noon(date(2026, 11, 25))
    for name, state in (("late", "deferred"), ("asked", "held"), ("done", "accepted")):
        outbound_row(db, name, "copy", state, now - 5 * DAY)
    assert left_in_queue(db, now, 1) == {"late", "asked"}
    assert left_in_queue(db, now + 3 * DAY, 30) == {"late", "asked"}
    assert left_in_queue(db, now + 3 * DAY, 1) == set()


def test_login_failures_and_waits_are_deleted_after_a_day(db: sqlite3.Connection) -> None:
    now = noon(date(2026, 11, 25))
    for hours in (1, 23, 25, 90):
        at = int(now.timestamp()) - hours * 3600
        db.execute("INSERT INTO login_failures VALUES (x'00', x'00', x'00', 'password', ?)", (at,))
        db.execute("INSERT INTO login_waits VALUES (?, x'00', ?)", (bytes([hours]), at))
    done = purged(db, now, POLICY)
    assert number(done, "failed logins") == 2
    assert number(done, "login waits") == 2


def old_file(folder: Path, name: str, days: float, now: date = END + 100 * DAY) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("words of somebody")
    at = noon(now).timestamp() - days * 86400
    os.utime(path, (at, at))
    return path


def test_mail_files_are_deleted_after_a_week_and_logs_after_two(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    gone = [old_file(tmp_path, "outbox/new/a.eml", 7.1), old_file(tmp_path, "log/a.log", 14.1)]
    kept = [old_file(tmp_path, "outbox/b.eml", 6.9), old_file(tmp_path, "log/b.log", 13.9),
            old_file(tmp_path, "keys/c.json", 900)]  # fmt: skip
    done = purged(db, noon(END + 100 * DAY), POLICY, tmp_path)
    assert number(done, "mail in files") == 1
    assert number(done, "log files") == 1
    assert not [path for path in gone if path.exists()]
    assert all(path.exists() for path in kept)


def test_copies_and_exports_that_a_killed_process_left_are_deleted(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    """A drill unpacks a whole database there, and a download of sealed details their boxes."""
    gone = [old_file(tmp_path, ".copy-abc/.copy-def/dear-congress.db", 30.1),
            old_file(tmp_path, ".export-abc/contacts.jsonl", 30.1)]  # fmt: skip
    kept = [old_file(tmp_path, ".copy-ghi/dear-congress.db", 1),
            old_file(tmp_path, ".dear-congress.db-litestream/a.ltx", 31)]  # fmt: skip
    now = noon(END + 100 * DAY)
    late = "1 copies that a killed process left are older than 30 days."
    assert late in prove(tmp_path / "site.db", now + 2 * DAY, POLICY, instance=tmp_path).problems
    done = purged(db, now, POLICY, tmp_path)
    assert number(done, "copies that a killed process left") == 1
    assert number(done, "exports that a killed process left") == 1
    assert not [path for path in gone if path.exists()]
    assert all(path.exists() for path in kept)


def test_what_was_purged_is_in_the_trail_even_if_its_traces_cannot_be_erased_yet(
    db: sqlite3.Connection, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_db: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    fill(db, pair[0], 2)
    monkeypatch.setattr(retention, "blank_what_was_deleted", full)
    with pytest.raises(sqlite3.OperationalError):
        purge(Actor(db, "daily job", noon(END + 100 * DAY)), POLICY, tmp_path)
    assert [event.after["rows"] for event in every(db, TrailFilter())] == [2]


def test_retention_periods_are_settings(db: sqlite3.Connection, pair: Pair) -> None:
    fill(db, pair[0], 2)
    audit_event(db, "2027-01-01T00:00:00Z")
    short = Policy(sealed=1, audit=1, ends={CAMPAIGN: END})
    done = purged(db, noon(END + 2 * DAY), short)
    assert number(done, "sealed details") == 2
    assert number(done, "audit events") == 1


# Raw bytes


def heads(db: sqlite3.Connection) -> set[str]:
    return {row[0].lower() for row in db.execute("SELECT hex(substr(box, 1, 40)) FROM sealed")}


def test_purged_boxes_are_not_in_the_raw_bytes_of_the_database_or_wal(
    tmp_path: Path, db: sqlite3.Connection, pair: Pair
) -> None:
    fill(db, pair[0], 120)
    before = heads(db)
    assert set(scan_files(tmp_path / "site.db")["heads"]) == before
    purged(db, noon(END + 100 * DAY), POLICY)
    found = scan_files(tmp_path / "site.db")
    assert found["heads"] == []
    assert found["unclean"] == 0


def test_a_withdrawn_box_is_not_in_the_raw_bytes_after_the_next_purge(
    tmp_path: Path, db: sqlite3.Connection, pair: Pair
) -> None:
    fill(db, pair[0], 20)
    signature, receipt = signed(db, 99)
    seal_details(db, signature, "packet", DETAILS, pair[0], day=date(2026, 11, 1))
    withdraw(db, receipt)
    purged(db, noon(date(2026, 11, 25)), POLICY)
    assert set(scan_files(tmp_path / "site.db")["heads"]) == heads(db)
    assert len(heads(db)) == 20


@pytest.fixture
def careless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A site whose connections do not overwrite what they delete."""
    settings = tuple(s.replace("secure_delete=ON", "secure_delete=OFF") for s in database.SETTINGS)
    monkeypatch.setattr(database, "SETTINGS", settings)


@pytest.mark.usefixtures("careless")
def test_purging_removes_traces_left_by_earlier_deletions(tmp_path: Path, pair: Pair) -> None:
    path = tmp_path / "careless.db"
    with closing(open_database(path)) as db:
        fill(db, pair[0], 60)
        db.execute("DELETE FROM sealed WHERE signature % 2 = 0")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        before = scan_files(path)
        assert len(before["heads"]) > 30
        assert before["unclean"] > 0
        purged(db, noon(date(2026, 11, 25)), POLICY)
        after = scan_files(path)
        assert set(after["heads"]) == heads(db)
        assert after["unclean"] == 0


# The proof


def test_a_purged_site_passes_the_retention_proof(
    tmp_path: Path, db: sqlite3.Connection, pair: Pair
) -> None:
    fill(db, pair[0])
    assert prove(tmp_path / "site.db", noon(END), POLICY, instance=tmp_path).problems == ()
    day = noon(END + 91 * DAY)
    purged(db, day, POLICY, tmp_path)
    proof = prove(tmp_path / "site.db", day, POLICY, instance=tmp_path)
    assert proof.problems == ()


def test_an_overdue_purge_fails_the_proof(
    tmp_path: Path, db: sqlite3.Connection, pair: Pair
) -> None:
    fill(db, pair[0])
    old_file(tmp_path, "outbox/a.eml", 8.5)
    path = tmp_path / "site.db"
    assert not prove(path, noon(END + 90 * DAY), POLICY).problems
    proof = prove(path, noon(END + 100 * DAY), POLICY, instance=tmp_path)
    assert proof.problems == (
        "30 sealed details are older than 90 days.",
        "1 mail in files are older than 7 days.",
    )


@pytest.mark.usefixtures("careless")
def test_a_trace_in_the_raw_file_fails_the_proof(tmp_path: Path, pair: Pair) -> None:
    path = tmp_path / "careless.db"
    with closing(open_database(path)) as db:
        fill(db, pair[0], 60)
        db.execute("DELETE FROM sealed")
    problems = " ".join(prove(path, noon(END), POLICY).problems)
    assert "sealed boxes that belong to no row" in problems
    assert "free pages of the database file are not blank" in problems
    assert "Deleted rows can still be read in scratch.db" in problems


@pytest.mark.usefixtures("careless")
def test_the_rehearsal_fails_if_sqlite_does_not_blank_deleted_data(tmp_path: Path) -> None:
    assert rehearse(tmp_path, noon(END)) != []


def test_the_rehearsal_leaves_nothing_behind(tmp_path: Path) -> None:
    assert rehearse(tmp_path, noon(END)) == []
    assert list(tmp_path.iterdir()) == []


def test_the_rehearsal_covers_every_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any kind that leaves rows behind is named."""
    whole = retention.delete_old_rows
    for left in KINDS:
        kept = tuple(k for k in KINDS if k is not left)

        def partly(
            *args: Any, kept: tuple[retention.ExpiringRows, ...] = kept
        ) -> list[retention.Purged]:
            with monkeypatch.context() as less:
                less.setattr(retention, "KINDS", kept)
                return whole(*args)

        monkeypatch.setattr(retention, "delete_old_rows", partly)
        assert rehearse(tmp_path, noon(END)) == ["Deleted rows can still be read in scratch.db."], (
            left.name
        )


def test_a_long_read_that_blocks_truncating_the_wal_is_reported(
    tmp_path: Path, db: sqlite3.Connection, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing.empty_log, "__defaults__", (0.05,))  # instead of ten seconds
    monkeypatch.setattr(retention, "traces", lambda db, path: [])
    fill(db, pair[0], 3)
    with closing(open_database(tmp_path / "site.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sealed").fetchone()
        signed(db, 50)
        problems = prove(tmp_path / "site.db", noon(END), POLICY).problems
    assert problems == ("A long read keeps the write-ahead log from being emptied.",)
