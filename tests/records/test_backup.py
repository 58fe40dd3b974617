"""Backup copies: complete, thinned out, and never undoing a withdrawal."""

from __future__ import annotations

import errno
import itertools
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import NotStoredError
from app.files import rename_noreplace
from app.records import migrations
from app.records.backup import (
    MANIFEST,
    CopyError,
    SinceCopy,
    before_upgrades,
    cancel_pending,
    copies,
    missing,
    of_another_site,
    readable,
    reapply,
    replace_database,
    rows_of,
    take,
    thin,
    unpacked,
)
from app.records.counts import recount, totals
from app.records.database import copy_to, open_database, writing
from app.records.identity import NotItselfError
from app.records.keys import first_key
from app.records.migrations import applied_steps
from app.records.running import serve_from, stopped
from app.records.sealing import seal_details
from app.records.signing import confirm, sign, withdraw
from app.site.settings import ROOT
from tests.records.build import SECRET, person, signature

FIRST = migrations.STEPS[0].__name__
NOW = datetime(2026, 11, 29, 9, 30, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    return tmp_path / "site" / "dear-congress.db"


@pytest.fixture
def db(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(path)) as found:
        yield found


def people(db: sqlite3.Connection, *names: str) -> list[str]:
    return [sign(db, signature(name), SECRET).receipt for name in names]


def begin_import(db: sqlite3.Connection) -> None:
    with writing(db):
        db.execute(
            "INSERT INTO paper_imports (campaign, at, who, source, state)"
            " VALUES ('c', '', '', '', 'done')"
        )


def copied(path: Path, folder: Path, at: datetime = NOW) -> Path:
    return take(path, folder, at=at, program="1", extra={"letters/a.txt": b"Dear"}).path


def test_a_backup_contains_every_row_and_its_files(
    path: Path, db: sqlite3.Connection, tmp_path: Path
) -> None:
    people(db, "one", "two", "three")
    file = copied(path, tmp_path / "copies")
    assert file.name == "dear-congress-20261129-093000.zip"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [c.path for c in copies(file.parent)] == [file]
    with unpacked(file, tmp_path) as copy, closing(open_database(copy.database)) as again:
        assert rows_of(again) == rows_of(db)
        assert totals(again, None) == totals(db, None)
        assert not recount(again)
        assert copy.files == {"letters/a.txt": b"Dear"}
        assert (copy.at, copy.differences) == (NOW, 0)
    assert sorted(p.name for p in file.parent.iterdir()) == [file.name], "no draft is left over"


@pytest.mark.parametrize("why", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_backups_work_without_hard_links_and_overwrite_nothing(
    path: Path, db: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: int
) -> None:
    def refused(*_: object) -> None:
        raise OSError(why, "no links here")

    monkeypatch.setattr("os.link", refused)
    people(db, "one")
    file = copied(path, tmp_path / "stick")
    assert [p.name for p in file.parent.iterdir()] == [file.name]
    with unpacked(file, tmp_path) as copy:
        assert copy.at == NOW
    before = file.read_bytes()
    (tmp_path / "draft").write_text("another")
    with pytest.raises(FileExistsError):
        rename_noreplace(tmp_path / "draft", file)
    assert file.read_bytes() == before


def test_people_can_sign_while_a_backup_is_made(
    path: Path, db: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(db, "before")

    def slow(source: sqlite3.Connection, target: Path) -> None:
        copy_to(source, target)
        people(db, "meanwhile")

    monkeypatch.setattr("app.records.backup.copy_to", slow)
    file = copied(path, tmp_path / "copies")
    with unpacked(file, tmp_path) as copy:
        assert copy.rows["signatures"] == 1
    assert totals(db, None).signatures == 2


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_backup_with_one_changed_byte_never_restores_altered_data(
    path: Path, tmp_path: Path, place: float, flip: int
) -> None:
    changed = tmp_path / "changed.zip"
    if not (tmp_path / "good.zip").exists():
        with closing(open_database(path)) as db:
            people(db, "one")
        copied(path, tmp_path).rename(tmp_path / "good.zip")
    content = bytearray((tmp_path / "good.zip").read_bytes())
    content[int(place * len(content))] ^= flip
    changed.write_bytes(content)
    try:
        with unpacked(changed, tmp_path) as copy, closing(open_database(copy.database)) as again:
            assert totals(again, None).signatures == 1
            assert copy.files == {"letters/a.txt": b"Dear"}
    except CopyError:
        return


@pytest.mark.parametrize("share", [0, 1, 1000, -1])
def test_a_truncated_backup_is_reported_and_refused(
    path: Path, db: sqlite3.Connection, tmp_path: Path, share: int
) -> None:
    file = copied(path, tmp_path / "copies")
    file.write_bytes(file.read_bytes()[:share])
    assert copies(file.parent)[0].problem
    with pytest.raises(CopyError, match="damaged or not a copy"), unpacked(file, tmp_path):
        pass


def test_a_damaged_database_is_not_backed_up(path: Path, tmp_path: Path) -> None:
    with closing(open_database(path)) as db:
        people(db, *(f"p{n}" for n in range(30)))
        root = db.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'signatures_by_place'"
        ).fetchone()[0]
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096 + 8)
        file.write(b"\xff" * 600)
    with pytest.raises(CopyError, match="damaged"):
        copied(path, tmp_path / "copies")
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_backup_without_enough_disk_space_leaves_nothing_behind(
    path: Path, db: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100_000))
    with pytest.raises(CopyError, match="has 0 MB free"):
        copied(path, tmp_path / "copies")
    assert list((tmp_path / "copies").iterdir()) == []


def test_another_sites_database_is_not_backed_up(path: Path, tmp_path: Path) -> None:
    open_database(path).close()
    open_database(tmp_path / "other.db").close()
    shutil.copy(tmp_path / "other.db", path)
    with pytest.raises(NotItselfError):
        copied(path, tmp_path / "copies")


def test_thinning_keeps_one_backup_a_day_until_the_limit(
    path: Path, db: sqlite3.Connection, tmp_path: Path
) -> None:
    made = {copied(path, tmp_path / "c", NOW - timedelta(hours=h)): h for h in range(0, 24 * 12, 8)}
    gone = thin(tmp_path / "c", NOW, 7)
    left = {made[file] for file in made if file.exists()}
    assert {made[file] for file in gone} == set(made.values()) - left
    assert {h for h in made.values() if h <= 48} <= left, "all copies of the last two days"
    later = [(NOW - timedelta(hours=h)).date() for h in left if h > 48]
    assert len(later) == len(set(later)) >= 4
    assert all(h <= 24 * 7 for h in left)


def test_thinning_always_keeps_the_newest_backup(
    path: Path, db: sqlite3.Connection, tmp_path: Path
) -> None:
    files = [copied(path, tmp_path / "c", NOW - timedelta(days=d)) for d in (400, 300)]
    (tmp_path / "c" / "dear-congress-mine.zip").write_text("not ours")
    assert thin(tmp_path / "c", NOW, 30) == files[:1]
    assert files[1].exists()
    assert (tmp_path / "c" / "dear-congress-mine.zip").exists()


def test_a_backup_dated_by_a_clock_far_ahead_does_not_outlive_its_time(
    path: Path, db: sqlite3.Connection, tmp_path: Path
) -> None:
    now, ahead, soon = (copied(path, tmp_path / "c", NOW + timedelta(days=d)) for d in (0, 400, 1))
    assert thin(tmp_path / "c", NOW, 30) == [ahead]
    assert now.exists()
    assert soon.exists(), "a clock a little ahead is no reason"


def test_signatures_made_after_a_backup_are_counted(
    path: Path, db: sqlite3.Connection, tmp_path: Path
) -> None:
    people(db, "before")
    file = copied(path, tmp_path / "c")
    people(db, "after one", "after two")
    sign(db, signature("waits", status="held", held_for="by hand"), SECRET)
    with unpacked(file, tmp_path) as copy:
        found = missing(copy.database, path)
    assert found == SinceCopy(2, 6, 1, "2026-11-24", "2026-11-24", 0)


def test_withdrawals_after_a_backup_are_reapplied_to_it(
    path: Path, db: sqlite3.Connection, tmp_path: Path
) -> None:
    stays, goes, drops = people(db, "stays", "goes", "drops")
    key = first_key(tmp_path / "keys", today=NOW.date())
    for number in (1, 2, 3):
        seal_details(db, number, "packet", {"first": "Imani"}, key, day=NOW.date())
    file = copied(path, tmp_path / "c")
    withdraw(db, goes)
    with writing(db):
        db.execute("DELETE FROM sealed WHERE signature = 3")
    people(db, "later")
    with unpacked(file, tmp_path) as copy:
        with closing(open_database(copy.database)) as old:
            codes = old.execute("SELECT by_email FROM signatures WHERE id = 2").fetchone()[0]
        assert reapply(copy.database, path) == 1
        with closing(open_database(copy.database)) as old:
            assert totals(old, None).signatures == 2
            assert old.execute("SELECT signature FROM sealed").fetchall() == [(1,)]
            assert not recount(old)
        assert codes not in copy.database.read_bytes(), "not even its traces come back"
    assert stays
    assert drops


@pytest.mark.parametrize("gone", ["unconfirmed", "repeated", "undone import"])
def test_details_deleted_after_a_backup_stay_deleted_where_signatures_are_gone_too(
    path: Path, db: sqlite3.Connection, tmp_path: Path, gone: str
) -> None:
    """Such as one that was never confirmed, or that of a person who had signed before."""
    people(db, "one", "on paper")
    key = first_key(tmp_path / "keys", today=NOW.date())
    seal_details(db, 1, "packet", {"first": "Imani"}, key, day=NOW.date())
    if gone == "undone import":
        begin_import(db)
        with writing(db):
            db.execute("INSERT INTO paper_rows VALUES (2, 1)")
    else:
        who = {"person": person("one")} if gone == "repeated" else {}
        sign(db, signature("asked", status="unconfirmed", mailbox="a@example.org", **who), SECRET)
    file = copied(path, tmp_path / "c")
    with writing(db):
        db.execute("DELETE FROM signatures WHERE id IN (SELECT signature FROM paper_rows)")
        db.execute("DELETE FROM paper_imports")
        db.execute("DELETE FROM confirmations")
        db.execute("DELETE FROM sealed")
    with unpacked(file, tmp_path) as copy:
        assert reapply(copy.database, path) == 0
        with closing(open_database(copy.database)) as old:
            assert old.execute("SELECT count(*) FROM sealed").fetchone() == (0,)


@pytest.mark.parametrize("since", ["signed", "confirmed", "imported", "import went on"])
def test_reapplying_from_a_diverged_database_removes_nothing(
    path: Path, db: sqlite3.Connection, tmp_path: Path, since: str
) -> None:
    """The operator restored too old a copy, and now restores a newer one."""
    people(db, "one")
    if since == "import went on":
        begin_import(db)
    older = copied(path, tmp_path / "c")
    if since == "confirmed":
        asked = signature("two", status="unconfirmed", mailbox="a@example.org")
        assert confirm(db, sign(db, asked, SECRET).confirm, at=NOW)
    else:
        people(db, "two")
    if since == "imported":
        begin_import(db)
    if "import" in since:
        with writing(db):
            db.execute("INSERT INTO paper_rows VALUES (2, 1)")
    key = first_key(tmp_path / "keys", today=NOW.date())
    seal_details(db, 1, "packet", {"first": "Imani"}, key, day=NOW.date())
    newer = copied(path, tmp_path / "c", NOW + timedelta(hours=1))
    with unpacked(older, tmp_path) as wrong, unpacked(newer, tmp_path) as right:
        assert reapply(right.database, wrong.database) == 0
        with closing(open_database(right.database)) as again:
            assert totals(again, None).signatures == 2
            assert again.execute("SELECT count(*) FROM sealed").fetchone() == (1,)


def test_restoring_cancels_pending_deliveries(
    path: Path, db: sqlite3.Connection, tmp_path: Path
) -> None:
    [receipt] = people(db, "one")
    rows = (("other", "queued"), ("other", "held"), ("other", "handing over"), ("house", "queued"))
    with writing(db):
        for number, (kind, state) in enumerate(rows):
            db.execute(
                "INSERT INTO outbound (id, once, kind, state, queued_at, state_at, next_at, until,"
                " payload, receipt, seats) VALUES (?, ?, ?, ?, 1, 1, 1, 9, x'00',"
                " (SELECT receipt FROM signatures), '[\"CA-12\"]')",
                (f"{number:032}", bytes([number]) * 32, kind, state),
            )
        db.execute("UPDATE letters SET state = 'queued', cause = 'person' WHERE seat = 'CA-12'")
    file = copied(path, tmp_path / "c")
    with unpacked(file, tmp_path) as copy:
        assert cancel_pending(copy.database, NOW) == (2, 1)
        with closing(open_database(copy.database)) as again:
            found = again.execute("SELECT state, count(*) FROM outbound GROUP BY state")
            assert dict(found.fetchall()) == {"held": 1, "unknown": 3}
            states = again.execute("SELECT state FROM letters WHERE seat = 'CA-12'").fetchall()
            assert states == [("unknown",)]
            assert not recount(again)
    assert receipt


def test_restoring_sets_aside_the_old_database_with_its_wal(path: Path, tmp_path: Path) -> None:
    with closing(open_database(path)) as db:
        people(db, "one")
        file = copied(path, tmp_path / "c")
        people(db, "two")
        for end in ("", "-wal", "-shm"):
            shutil.copy(f"{path}{end}", tmp_path / f"left{end}")
    for end in ("", "-wal", "-shm"):  # as a power cut leaves them
        shutil.copy(tmp_path / f"left{end}", f"{path}{end}")
    with stopped(path), unpacked(file, path.parent) as copy:
        moved = replace_database(copy, path)
    assert moved is not None
    assert {p.name for p in moved.iterdir()} == {f"{path.name}{e}" for e in ("", "-wal", "-shm")}
    assert not Path(f"{path}-wal").exists()
    with closing(open_database(path)) as db:
        assert totals(db, None).signatures == 1
        people(db, "three")
    with closing(sqlite3.connect(moved / path.name)) as db:
        assert db.execute("SELECT count(*) FROM signatures").fetchone() == (2,)


@pytest.mark.parametrize("moves", range(6))
def test_a_killed_restore_never_leaves_a_half_restored_site(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    with closing(open_database(path)) as db:
        people(db, "one")
        file = copied(path, tmp_path / "c")
        people(db, "two")
        for end in ("", "-wal", "-shm"):
            shutil.copy(f"{path}{end}", tmp_path / f"left{end}")
    for end in ("", "-wal", "-shm"):
        shutil.copy(tmp_path / f"left{end}", f"{path}{end}")
    real = Path.replace
    done: list[Path] = []

    def killed(self: Path, target: Path) -> Path:
        if len(done) == moves:
            raise KeyboardInterrupt
        done.append(target)
        return real(self, target)

    monkeypatch.setattr(Path, "replace", killed)
    try:
        with stopped(path), unpacked(file, path.parent) as copy:
            replace_database(copy, path)
    except KeyboardInterrupt:
        monkeypatch.undo()
        if moves == 0:
            assert readable(path)
        else:
            with pytest.raises(NotItselfError, match="is missing"):
                open_database(path)
        with stopped(path), unpacked(file, path.parent) as copy:
            replace_database(copy, path)
    monkeypatch.undo()
    with closing(open_database(path)) as db:
        assert totals(db, None).signatures == 1


def test_a_backup_of_another_site_is_recognized(path: Path, tmp_path: Path) -> None:
    open_database(path).close()
    other = tmp_path / "other" / "dear-congress.db"
    other.parent.mkdir()
    open_database(other).close()
    file = copied(other, tmp_path / "c")
    with unpacked(file, tmp_path) as copy:
        assert of_another_site(copy, path)
        assert not of_another_site(copy, other)
        assert not of_another_site(copy, tmp_path / "new" / "dear-congress.db")


HOLD = """
import sys, sqlite3
from pathlib import Path
path = Path(sys.argv[2])
if sys.argv[1] == "serve":
    from app.records.running import serve_from
    serve_from(path)
else:
    held = sqlite3.connect(path); held.execute("SELECT count(*) FROM site").fetchone()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["serve", "open"])
def test_restoring_is_refused_while_the_site_runs(path: Path, how: str) -> None:
    open_database(path).close()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, how, str(path)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        if how == "serve":  # even if its database was deleted while it was running
            path.rename(path.with_suffix(".gone"))
        with (
            pytest.raises(NotStoredError, match="The site or its mail worker is running"),
            stopped(path),
        ):
            pass
        other.communicate()
    with stopped(path), pytest.raises(NotStoredError, match="being restored"):
        serve_from(path)


# --- Upgrades --------------------------------------------------------------------------------


def version_2(db: object) -> None:
    db.execute("ALTER TABLE signatures ADD COLUMN colour TEXT")  # type: ignore[attr-defined]


def harmful(db: object) -> None:
    db.execute("PRAGMA defer_foreign_keys=ON")  # type: ignore[attr-defined]
    db.execute("INSERT INTO held VALUES (99, 'by hand', '')")  # type: ignore[attr-defined]


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(migrations, "STEPS", [*migrations.STEPS, version_2])
    return monkeypatch


def test_an_upgrade_makes_a_backup_that_can_be_restored(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with closing(open_database(path)) as db:
        people(db, "one", "two")
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "STEPS", [*migrations.STEPS, version_2])
        with closing(open_database(path)) as db:
            assert applied_steps(db) == (FIRST, "version_2")
            assert totals(db, None).signatures == 2
            assert not recount(db)
            people(db, "three")
        with closing(open_database(path)):
            pass
    [before] = before_upgrades(path)
    with pytest.raises(NotStoredError, match="newer version"):
        open_database(path)
    assert readable(path), "so it can still be reported what was signed since"
    with stopped(path), unpacked(before, path.parent) as copy:
        assert missing(copy.database, path).people == 1
        replace_database(copy, path)
    with closing(open_database(path)) as db:
        assert totals(db, None).signatures == 2


def test_an_upgrade_that_would_cause_damage_is_rolled_back(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_database(path)) as db:
        people(db, "one")
    monkeypatch.setattr(migrations, "STEPS", [*migrations.STEPS, harmful])
    with pytest.raises(NotStoredError, match="would have damaged it"):
        open_database(path)
    monkeypatch.undo()
    with closing(open_database(path)) as db:
        assert totals(db, None).signatures == 1


def test_an_upgrade_interrupted_during_its_backup_changes_nothing_and_can_be_rerun(
    path: Path, newer: pytest.MonkeyPatch
) -> None:
    with newer.context() as patch:
        patch.setattr(migrations, "STEPS", migrations.STEPS[:1])
        with closing(open_database(path)) as db:
            people(db, "one")
    with newer.context() as patch:

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr("app.records.database.copy_to", killed)
        with pytest.raises(KeyboardInterrupt):
            open_database(path)
        with closing(sqlite3.connect(path)) as raw:
            assert applied_steps(raw) == (FIRST,)
    with closing(open_database(path)) as db:
        assert applied_steps(db) == (FIRST, "version_2")
        assert totals(db, None).signatures == 1


def _upgrade_until(path: Path, number: int) -> NoReturn:
    """Upgrade in a separate process that is killed at the given statement."""
    status = 1
    try:
        left = itertools.count(number - 1, -1)

        def count(_statement: str) -> None:
            if not next(left):
                os.kill(os.getpid(), signal.SIGKILL)

        db = sqlite3.connect(path, isolation_level=None)
        db.set_trace_callback(count)
        migrations.migrate(db)
        status = 0
    finally:
        os._exit(status)


@pytest.mark.parametrize("begun", [False, True], ids=["new", "upgraded"])
def test_an_upgrade_killed_at_any_statement_completes_on_the_next_start(
    tmp_path: Path, newer: pytest.MonkeyPatch, begun: bool
) -> None:
    for number in itertools.count(1, 1 if begun else 4):  # making all takes 128
        path = tmp_path / f"{number}.db"
        if begun:
            with newer.context() as patch:
                patch.setattr(migrations, "STEPS", migrations.STEPS[:1])
                with closing(open_database(path)) as db:
                    people(db, "one")
        child = os.fork()
        if not child:
            _upgrade_until(path, number)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with closing(sqlite3.connect(path)) as raw:
            assert applied_steps(raw) in ((FIRST,) if begun else (), (FIRST, "version_2"))
        with closing(open_database(path)) as db:
            assert applied_steps(db) == (FIRST, "version_2")
            assert not migrations.damage(db)
            assert totals(db, None).signatures == begun
        if ended != -signal.SIGKILL:
            break
    assert ended == 0
    assert number > 10


def test_upgrading_is_refused_while_the_site_runs(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_database(path).close()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, "serve", str(path)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        monkeypatch.setattr(migrations, "STEPS", [*migrations.STEPS, version_2])
        with pytest.raises(NotStoredError, match="Stop the site and start it again"):
            open_database(path)
        other.communicate()
    open_database(path).close()


def test_a_backup_contains_no_keys(path: Path, db: sqlite3.Connection, tmp_path: Path) -> None:
    file = copied(path, tmp_path / "c")
    with zipfile.ZipFile(file) as archive:
        assert not [n for n in archive.namelist() if n.endswith(".key") or "private" in n]


def test_a_backup_whose_row_counts_do_not_match_is_refused(path: Path, tmp_path: Path) -> None:
    """Its files match their digests, so only counting the rows reveals it."""
    with closing(open_database(path)) as db:
        people(db, "one")
    file = copied(path, tmp_path / "copies")
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    said = json.loads(parts[MANIFEST])
    said["rows"]["signatures"] += 1
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in (parts | {MANIFEST: json.dumps(said).encode()}).items():
            archive.writestr(name, content)
    with (
        pytest.raises(CopyError, match="does not have the rows that were counted"),
        unpacked(file, tmp_path),
    ):
        pass


def test_a_backup_with_an_added_file_is_refused(path: Path, tmp_path: Path) -> None:
    with closing(open_database(path)) as db:
        people(db, "one")
    file = copied(path, tmp_path / "copies")
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("settings.toml", "site_url = 'https://bad.example'")
    with pytest.raises(CopyError, match="damaged or not a copy"), unpacked(file, tmp_path):
        pass
