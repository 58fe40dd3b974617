"""A database that is not the site's own any longer is neither written nor recreated."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.errors import NotStoredError
from app.records.database import local_database, open_database, writing
from app.records.health import adopt_site, changed_keys, check_site
from app.records.identity import NotItselfError, id_file, known_id, require_files
from app.records.migrations import damage
from app.records.signing import sign
from app.site.settings import ROOT
from tests.records.build import SECRET, signature

KEYS = {"secret.key": b"s" * 64, "person.key": b"p" * 64}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "site" / "dear-congress.db"


@pytest.fixture
def db(path: Path) -> Iterator[sqlite3.Connection]:
    path.parent.mkdir()
    with closing(open_database(path)) as found:
        yield found


def files(path: Path) -> list[Path]:
    return [found for s in ("", "-wal", "-shm") if (found := Path(f"{path}{s}")).exists()]


def deleted(path: Path) -> None:
    for file in files(path):
        file.unlink()


def deleted_alone(path: Path) -> None:
    path.unlink()


def moved(path: Path) -> None:
    for file in files(path):
        file.rename(path.parent.parent / file.name)


def replaced_by_another(path: Path) -> None:
    with closing(open_database(path.parent.parent / "other.db")) as db:
        sign(db, signature("somebody"), SECRET)
    deleted(path)
    shutil.copy(path.parent.parent / "other.db", path)


def replaced_by_a_copy(path: Path) -> None:
    shutil.copy(path, path.parent / "copy")
    (path.parent / "copy").replace(path)


def log_deleted(path: Path) -> None:
    Path(f"{path}-wal").unlink()


def index_deleted(path: Path) -> None:
    Path(f"{path}-shm").unlink()


def folder_moved(path: Path) -> None:
    path.parent.rename(path.parent.parent / "elsewhere")


ACTS = [deleted, deleted_alone, moved, replaced_by_another, replaced_by_a_copy, log_deleted,
        index_deleted, folder_moved]  # fmt: skip
Act = Callable[[Path], None]


def count(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM signatures").fetchone()[0])


@pytest.mark.parametrize("act", ACTS)
def test_writing_is_refused_once_the_database_is_gone_from_disk(
    act: Act, path: Path, db: sqlite3.Connection
) -> None:
    sign(db, signature("one"), SECRET)
    act(path)
    with pytest.raises(NotItselfError, match="flask doctor"):
        sign(db, signature("two"), SECRET)
    assert count(db) == 1, "the open database can still be read"


@pytest.mark.parametrize("act", ACTS)
def test_a_write_is_not_acknowledged_if_the_database_vanishes_during_it(
    act: Act, path: Path, db: sqlite3.Connection
) -> None:
    def write() -> None:
        with writing(db):
            db.execute("INSERT INTO site VALUES ('a', 'b')")
            act(path)

    with pytest.raises(NotItselfError):
        write()


@pytest.mark.parametrize("act", [deleted, deleted_alone, moved])
def test_a_missing_database_is_not_recreated(act: Act, path: Path, db: sqlite3.Connection) -> None:
    act(path)
    for opened in (open_database, local_database):
        with pytest.raises(NotItselfError, match="is missing"):
            opened(path)
    assert not path.exists()


def test_writing_resumes_when_the_database_comes_back(path: Path, db: sqlite3.Connection) -> None:
    moved(path)
    with pytest.raises(NotItselfError):
        sign(db, signature("one"), SECRET)
    for file in path.parent.parent.glob("dear-congress.db*"):
        file.rename(path.parent / file.name)
    sign(db, signature("one"), SECRET)
    with closing(open_database(path)) as again:
        assert count(again) == 1


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100, None])
def test_a_different_database_in_its_place_is_refused_and_unchanged(
    content: bytes | None, path: Path
) -> None:
    path.parent.mkdir()
    open_database(path).close()
    if content is None:
        replaced_by_another(path)
    else:
        deleted(path)
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(NotStoredError):
        open_database(path)
    assert path.read_bytes() == before


def test_a_backup_of_the_same_database_is_opened(path: Path) -> None:
    path.parent.mkdir()
    with closing(open_database(path)) as db:
        sign(db, signature("one"), SECRET)
        db.execute("VACUUM INTO ?", (str(path.parent / "backup"),))
    deleted(path)
    (path.parent / "backup").rename(path)
    with closing(open_database(path)) as db:
        assert count(db) == 1


def test_a_missing_id_file_is_recreated_from_the_database(path: Path) -> None:
    path.parent.mkdir()
    open_database(path).close()
    known = known_id(path)
    id_file(path).unlink()
    open_database(path).close()
    assert known_id(path) == known != ""


def test_a_missing_key_stops_writes(path: Path, db: sqlite3.Connection) -> None:
    key = path.parent / "person.key"
    key.write_text("x" * 64)
    require_files(path, (key,))
    sign(db, signature("one"), SECRET)
    key.rename(path.parent / "away")
    with pytest.raises(NotItselfError, match=r"person\.key is missing"):
        sign(db, signature("two"), SECRET)
    (path.parent / "away").rename(key)
    sign(db, signature("two"), SECRET)


def test_a_changed_key_is_named_and_accepted_only_by_adopting_it(path: Path) -> None:
    path.parent.mkdir()
    check_site(path, KEYS)
    check_site(path, KEYS)
    other = {**KEYS, "person.key": b"q" * 64}
    with pytest.raises(NotItselfError, match=r"used with a different person\.key,"):
        check_site(path, other)
    adopt_site(path, other)
    check_site(path, other)
    with closing(open_database(path)) as db:
        assert changed_keys(db, KEYS) == ("person.key",)
        kept = str(db.execute("SELECT name, value FROM site").fetchall())
    assert not [key for key in (*KEYS.values(), b"q" * 64) if key.decode() in kept]


def test_a_site_starts_over_only_when_adopted(path: Path) -> None:
    path.parent.mkdir()
    check_site(path, KEYS)
    before = known_id(path)
    deleted(path)
    with pytest.raises(NotItselfError):
        check_site(path, KEYS)
    adopt_site(path, KEYS)
    check_site(path, KEYS)
    assert known_id(path) != before


# --- copied over: the file keeps its inode -------------------------------------------------


def filled(path: Path, rows: int = 3) -> sqlite3.Connection:
    db = open_database(path)
    for _ in range(rows):
        sign(db, signature(f"{path.name} {count(db)}"), SECRET)
    return db


def another(path: Path) -> Path:
    """The database of another site, with the same number of writes."""
    other = path.with_name("other.db")
    filled(other).close()
    return other


def earlier_copy(path: Path) -> Path:
    """An earlier state of the file, after which the site continued."""
    copy = path.with_name("copy")
    filled(path, 1).close()
    shutil.copy(path, copy)
    filled(path, 1).close()
    return copy


def earlier_backup(path: Path) -> Path:
    copy = path.with_name("copy")
    with closing(filled(path, 1)) as db:
        db.execute("VACUUM INTO ?", (str(copy),))
    return copy


COPIES = [another, earlier_copy, earlier_backup]
Copy = Callable[[Path], Path]


def copied_over(copy: Path, path: Path) -> None:
    """What ``cp`` does: the same file with different bytes."""
    inode = path.stat().st_ino
    shutil.copyfile(copy, path)
    assert path.stat().st_ino == inode


@pytest.mark.parametrize("emptied", [True, False], ids=["log emptied", "log full"])
@pytest.mark.parametrize("copy", COPIES)
def test_writing_is_refused_after_the_database_was_copied_over(
    copy: Copy, emptied: bool, path: Path
) -> None:
    path.parent.mkdir()
    source = copy(path)
    with closing(filled(path)) as db:
        if emptied:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            sign(db, signature("after"), SECRET)
        copied_over(source, path)
        log = Path(f"{path}-wal").read_bytes()
        for who in ("one", "two"):
            with pytest.raises(NotItselfError, match="was overwritten"):
                sign(db, signature(who), SECRET)
        assert Path(f"{path}-wal").read_bytes() == log
        assert path.read_bytes() == source.read_bytes(), "the copy is not touched"


def test_opening_a_copied_over_database_fails_without_waiting_for_a_lock(path: Path) -> None:
    path.parent.mkdir()
    source = earlier_backup(path)
    with closing(filled(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        copied_over(source, path)
        with pytest.raises(NotItselfError, match="was overwritten"):
            open_database(path)


@pytest.mark.parametrize("copy", COPIES)
def test_a_leftover_wal_is_not_applied_to_a_restored_copy(copy: Copy, path: Path) -> None:
    path.parent.mkdir()
    source = copy(path)
    left = leave_a_log(path)
    shutil.copyfile(source, path)
    for _ in range(2):
        with pytest.raises(NotItselfError, match=r"-wal does not belong to"):
            open_database(path)
    assert path.read_bytes() == source.read_bytes()
    assert Path(f"{path}-wal").read_bytes() == left
    with closing(sqlite3.connect(source)) as db:
        expected = count(db)
    adopt_site(path, KEYS)
    with closing(open_database(path)) as db:
        assert count(db) == expected
        assert damage(db) == ()
        sign(db, signature("goes on"), SECRET)
    assert Path(f"{path}-wal.aside").read_bytes() == left


def test_a_copy_that_matches_its_wal_loses_nothing(path: Path) -> None:
    """It is byte for byte the file that the WAL belongs to."""
    path.parent.mkdir()
    filled(path).close()
    shutil.copy(path, path.with_name("copy"))
    leave_a_log(path)
    copied_over(path.with_name("copy"), path)
    with closing(open_database(path)) as db:
        assert count(db) == 6
        assert damage(db) == ()


@pytest.mark.parametrize("more", [0, 40])
def test_the_wal_of_a_killed_site_is_recovered(path: Path, more: int) -> None:
    """Even if some or all of it has been checkpointed already."""
    path.parent.mkdir()
    filled(path).close()
    leave_a_log(path, checkpoint="PASSIVE" if more else "", more=more)
    with closing(open_database(path)) as db:
        assert count(db) == 6 + more
        assert damage(db) == ()


def leave_a_log(path: Path, checkpoint: str = "", more: int = 0) -> bytes:
    """Sign three times in a process that exits without closing the database."""
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from tests.records.test_identity import *\n"
        "db = filled(Path(sys.argv[1]))\n"
        "if sys.argv[2]: db.execute(f'PRAGMA wal_checkpoint({sys.argv[2]})').fetchone()\n"
        "for n in range(int(sys.argv[3])): sign(db, signature(f'more {n}'), SECRET)\n"
        "os._exit(0)"
    )
    command = [sys.executable, "-c", code, str(path), checkpoint, str(more)]
    subprocess.run(command, cwd=ROOT, check=True)
    return Path(f"{path}-wal").read_bytes()


def test_many_connections_vacuums_and_checkpoints_never_look_like_another_database(
    path: Path,
) -> None:
    path.parent.mkdir()
    with closing(filled(path)) as db, closing(open_database(path)) as second:
        for turn in range(30):
            sign((db, second)[turn % 2], signature(f"turn {turn}"), SECRET)
            if turn % 10 == 4:
                second.execute("VACUUM")
            if turn % 10 in (6, 7):
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if turn % 10 == 8:
                with closing(open_database(path)) as third:
                    sign(third, signature(f"third {turn}"), SECRET)
        assert count(db) == 36
