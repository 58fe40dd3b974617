"""A large import: all or nothing, however it ends, while people go on signing."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.records import audit
from app.records.acts import SignatureRequest
from app.records.audit import Actor
from app.records.counts import recount, totals
from app.records.database import open_database, writing
from app.records.erasing import waits_to_be_erased
from app.records.paper import (
    CHUNK,
    Added,
    CountableRow,
    ImportRunningError,
    NotUndoneError,
    PaperLetters,
    list_imports,
    undo_import,
    undo_interrupted,
    undo_unfinished,
    withdraw_paper,
)
from app.records.signing import sign, withdraw
from tests.packets.conftest import campaign
from tests.records.build import set_status

from .conftest import NOW, SECRET, TODAY, countable, lock_of, run
from .test_store import events

COUNT = 3 * CHUNK + 7


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "site.db"


def counted(db: sqlite3.Connection) -> int:
    return totals(db, campaign().slug).signatures


def pending(db: sqlite3.Connection) -> int:
    """Signatures of unfinished imports."""
    return int(db.execute(
        "SELECT count(*) FROM paper_rows r JOIN paper_imports i ON i.id = r.import"
        " WHERE i.state <> 'done'"
    ).fetchone()[0])  # fmt: skip


def test_a_whole_import_is_added_and_nothing_is_pending(db: sqlite3.Connection, path: Path) -> None:
    told: list[int] = []
    assert run(db, countable(COUNT), progress=told.append) == Added(COUNT, 3 * COUNT, 0, 1)
    assert (counted(db), pending(db)) == (COUNT, 0)
    assert told[-1] == COUNT
    assert recount(db) == []
    assert [after["added"] for _who, _what, after in events(db)] == [COUNT]
    assert run(db, countable(COUNT)) == Added(0, 0, COUNT, 2)


def test_an_error_halfway_leaves_nothing(db: sqlite3.Connection, path: Path) -> None:
    def stop(done: int) -> None:
        if done >= 2 * CHUNK:
            raise KeyboardInterrupt

    earlier = countable(5)
    run(db, earlier)
    with pytest.raises(KeyboardInterrupt):
        run(db, countable(COUNT), progress=stop)
    assert (counted(db), pending(db)) == (5, 0)
    assert len(events(db)) == 1
    assert recount(db) == []


def _die_half_way(path: Path) -> None:
    def die(done: int) -> None:
        if done >= 2 * CHUNK:
            os.kill(os.getpid(), signal.SIGKILL)

    run(open_database(path), countable(COUNT), progress=die)


def test_rows_left_by_a_killed_import_are_removed(db: sqlite3.Connection, path: Path) -> None:
    child = multiprocessing.get_context("spawn").Process(target=_die_half_way, args=(path,))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert pending(db) == 2 * CHUNK
    assert undo_unfinished(db) == 2 * CHUNK
    assert (counted(db), pending(db)) == (0, 0)
    assert recount(db) == []
    assert run(db, countable(3)).signatures == 3


def test_two_imports_cannot_run_at_once(db: sqlite3.Connection, path: Path) -> None:
    def second(_done: int) -> None:
        with pytest.raises(ImportRunningError):
            run(db, countable(1))

    assert run(db, countable(CHUNK + 1), progress=second).signatures == CHUNK + 1


def test_people_can_sign_during_an_import(db: sqlite3.Connection, path: Path) -> None:
    """The lock is free after each chunk, so no one waits longer than one chunk takes."""
    run(db, countable(1))
    signed: list[int] = []
    with closing(open_database(path)) as own:

        def someone_signs(done: int) -> None:
            with writing(own, wait=0):
                own.execute("UPDATE signatures SET at = at WHERE id = 1")
            signed.append(done)

        run(db, countable(8 * CHUNK), progress=someone_signs)
    assert len(signed) >= 7


def test_a_failed_import_does_not_remove_earlier_signatures(
    db: sqlite3.Connection, path: Path
) -> None:
    rows = countable(10)
    run(db, rows)
    set_status(db, [1], "held")

    def stop(_done: int) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        run(db, countable(20), progress=stop)
    assert counted(db) == 9


# --- undoing a whole import ----------------------------------------------------------------


def undo(db: sqlite3.Connection, number: int) -> int:
    return undo_import(Actor(db, "Rosa", NOW), number, campaign().slug, lock=lock_of(db))


def test_undoing_an_import_removes_all_of_it_and_no_other(db: sqlite3.Connection) -> None:
    rows = countable(CHUNK + 20)
    first = run(db, rows[:5])
    second = run(db, rows)
    assert [(i.number, i.signatures) for i in list_imports(db, campaign().slug)] == [
        (second.number, CHUNK + 15), (first.number, 5),
    ]  # fmt: skip
    assert undo(db, second.number) == CHUNK + 15
    assert counted(db) == 5
    assert recount(db) == []
    assert [i.number for i in list_imports(db, campaign().slug)] == [first.number]
    event = next(
        e for e in audit.every(db, audit.TrailFilter()) if e.what is audit.What.PAPER_UNDONE
    )
    assert event.before == {"signatures": CHUNK + 15, "source": "fair"}
    with pytest.raises(NotUndoneError):
        undo(db, second.number)
    assert run(db, rows).signatures == CHUNK + 15  # the same sheet can be added again


def test_a_withdrawn_signature_stays_withdrawn_after_an_undo(db: sqlite3.Connection) -> None:
    rows = countable(3)
    added = run(db, rows)
    assert withdraw_paper(Actor(db, "R", NOW), rows[0].person, SECRET, campaign=campaign().slug)
    assert list_imports(db, campaign().slug)[0].signatures == 2
    assert undo(db, added.number) == 2
    assert run(db, rows).signatures == 2


def sign_online(db: sqlite3.Connection, row: CountableRow, key: str = "k") -> str:
    """Returns the receipt's token."""
    request = SignatureRequest(
        key=key, person=row.person, campaign=campaign().slug,
        day=TODAY, at=NOW, state="VT", district=0, template="general", version="v",
        length="full", language="en", match="zip", source="", edited=False, own_share=0,
        letters=PaperLetters(campaign(), TODAY).to(row.delegation),
    )  # fmt: skip
    return sign(db, request, SECRET).receipt


def test_an_import_cannot_be_undone_once_someone_continued_online(db: sqlite3.Connection) -> None:
    rows = countable(3)
    added = run(db, rows)
    sign_online(db, rows[1])
    assert list_imports(db, campaign().slug)[0].taken_up == 1
    with pytest.raises(NotUndoneError) as caught:
        undo(db, added.number)
    assert caught.value.taken_up == 1
    assert counted(db) == 3


def test_an_interrupted_undo_is_completed(db: sqlite3.Connection) -> None:
    added = run(db, countable(5))
    db.execute("UPDATE paper_imports SET state = 'undoing' WHERE id = ?", (added.number,))
    assert undo_interrupted(db, lock_of(db)) == 5
    assert (counted(db), list_imports(db, campaign().slug)) == (0, [])


def test_who_signs_online_before_an_import_is_removed_still_counts_once(
    db: sqlite3.Connection,
) -> None:
    rows = countable(5)

    def sign_and_stop(_done: int) -> None:
        sign_online(db, rows[1])
        sign_online(db, rows[1], key="another form")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(db, rows, progress=sign_and_stop)
    assert counted(db) == 1
    assert db.execute("SELECT template, status FROM signatures ORDER BY id").fetchall() == [
        ("general", "counted"), ("general", "repeated"),
    ]  # fmt: skip
    assert recount(db) == []
    assert run(db, rows) == Added(4, 12, 1, 2)


def test_who_withdraws_online_before_an_import_is_removed_is_not_counted(
    db: sqlite3.Connection,
) -> None:
    rows = countable(5)

    def withdraw_and_stop(_done: int) -> None:
        withdraw(db, sign_online(db, rows[1]))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(db, rows, progress=withdraw_and_stop)
    assert counted(db) == 0
    assert recount(db) == []


@pytest.mark.parametrize("people", [9, 40])  # fewer and more than are looked for one by one
@pytest.mark.parametrize("way", ["taken back", "undone"])
def test_codes_of_withdrawn_or_undone_people_are_erased_from_files(
    db: sqlite3.Connection, path: Path, way: str, people: int
) -> None:
    """The test only looks: it closes no connection and checkpoints no WAL."""
    rows = countable(people)
    added = run(db, rows)

    def found() -> list[bool]:
        raw = b"".join(file.read_bytes() for file in path.parent.glob("site.db*"))
        return [(row.person.by_address or b"?") in raw for row in rows]

    assert all(found())
    if way == "undone":
        undo(db, added.number)
        assert not any(found())
    else:
        for row in rows[:2]:
            withdraw_paper(Actor(db, "R", NOW), row.person, SECRET, campaign=campaign().slug)
        assert found() == [False] * 2 + [True] * (people - 2)
    assert not waits_to_be_erased(db)
