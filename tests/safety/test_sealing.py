"""What is sealed stays sealed: on disk, in copies, through rotation and after withdrawal."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import random
import signal
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.records.audit import Actor
from app.records.database import open_database
from app.records.erasing import waits_to_be_erased
from app.records.keys import CampaignKey, OpenKey, make_key, unlock
from app.records.raw_scan import MARK
from app.records.sealing import (
    CannotOpenError,
    OpenedRow,
    Resealed,
    TooLargeToSealError,
    Unopened,
    export_sealed,
    forget_details,
    open_sealed_file,
    pack,
    reseal,
    seal,
    seal_details,
    sealed_counts,
    unpack,
    unseal,
)
from app.records.signing import sign, withdraw

from .people import CAMPAIGN, DETAILS, MARKS, PASSPHRASE, SECRET, TODAY, request, signed, traces

Pair = tuple[CampaignKey, OpenKey]
NOW = datetime(2026, 11, 25, 18, tzinfo=UTC)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def another_key(folder: Path) -> Pair:
    key = make_key(folder, PASSPHRASE, today=TODAY, strength="interactive")
    opened = unlock(folder / f"{key.id}.private.json", PASSPHRASE)
    return key, opened


def export(db: sqlite3.Connection, path: Path, **kind: Any) -> int:
    return export_sealed(Actor(db, "Rosa", NOW), path, campaign=CAMPAIGN, **kind)


# One box


@given(st.dictionaries(st.text(st.characters()), json_values, max_size=6))
@settings(max_examples=150, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_any_details_survive_sealing_and_opening(pair: Pair, details: dict[str, Any]) -> None:
    key, opened = pair
    box = seal(key.public, pack(7, "packet", details))
    assert unpack(unseal(opened, box), 7, "packet") == details


@given(st.binary(max_size=5000))
@settings(max_examples=100, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_any_bytes_survive_sealing_and_the_box_is_padded_to_a_size_class(
    pair: Pair, plain: bytes
) -> None:
    key, opened = pair
    box = seal(key.public, plain)
    assert unseal(opened, box) == plain
    assert len(box) - 56 in (1024, 2048, 4096, 8192)


def test_sealing_the_same_details_twice_gives_different_boxes(pair: Pair) -> None:
    assert seal(pair[0].public, b"the same") != seal(pair[0].public, b"the same")


def test_more_than_a_mebibyte_cannot_be_sealed(pair: Pair) -> None:
    assert len(seal(pair[0].public, b"x" * ((1 << 20) - 1))) == (1 << 20) + 56
    with pytest.raises(TooLargeToSealError):
        seal(pair[0].public, b"x" * (1 << 20))


@pytest.mark.parametrize("keep", [0, 7, 8, 40, 55, 56, 57, 600, 1079])
def test_a_truncated_box_does_not_open(pair: Pair, keep: int) -> None:
    box = seal(pair[0].public, b"words")
    with pytest.raises(CannotOpenError):
        unseal(pair[1], box[:keep])


@given(st.integers(0, 1079), st.integers(1, 255))
@settings(max_examples=60, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_a_box_with_one_changed_byte_does_not_open(pair: Pair, at: int, by: int) -> None:
    box = bytearray(seal(pair[0].public, b"words"))
    box[at] ^= by
    with pytest.raises(CannotOpenError):
        unseal(pair[1], bytes(box))


def test_another_key_does_not_open_a_box(pair: Pair, tmp_path: Path) -> None:
    _, other = another_key(tmp_path / "other")
    with pytest.raises(CannotOpenError):
        unseal(other, seal(pair[0].public, b"words"))


def test_a_box_moved_to_another_row_or_purpose_is_detected(pair: Pair) -> None:
    key, opened = pair
    plain = unseal(opened, seal(key.public, pack(7, "packet", DETAILS)))
    for signature, purpose in ((8, "packet"), (7, "contact")):
        with pytest.raises(CannotOpenError, match="moved"):
            unpack(plain, signature, purpose)


# Stored


def test_sealed_details_are_not_readable_in_any_file_of_the_site(
    tmp_path: Path, pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """Database, WAL, shared-memory file, key files and export, both while open and when closed."""
    caplog.set_level(logging.DEBUG)
    db = open_database(tmp_path / "marked.db")
    for number in range(1, 30):
        signature, receipt = signed(db, number)
        assert seal_details(db, signature, "packet", DETAILS, pair[0], day=TODAY)
        assert seal_details(db, signature, "contact", DETAILS, pair[0], day=TODAY)
        if number % 3 == 0:
            withdraw(db, receipt)
    export(db, tmp_path / "export.jsonl")
    assert (tmp_path / "marked.db-wal").stat().st_size > 0
    assert traces(tmp_path) == []
    db.close()
    assert traces(tmp_path) == []
    assert not [mark for mark in MARKS if mark in caplog.text]


def test_the_search_for_traces_finds_one(tmp_path: Path, db: sqlite3.Connection) -> None:
    db.execute("CREATE TABLE careless (text TEXT)")
    db.execute("INSERT INTO careless VALUES (?)", (str(DETAILS),))
    assert len(traces(tmp_path)) >= len(MARKS)


def test_a_failure_to_open_a_box_does_not_reveal_its_content(pair: Pair, tmp_path: Path) -> None:
    opened = pair[1]
    with pytest.raises(CannotOpenError) as caught:
        unseal(opened, MARK + b"Quillfeather" * 10)
    assert "Quillfeather" not in str(caught.value)
    assert opened.private.hex() not in repr(opened)


def test_sealing_again_replaces_the_earlier_details(db: sqlite3.Connection, pair: Pair) -> None:
    signature, _ = signed(db)
    for last in ("Quilfeather", "Quillfeather"):
        assert seal_details(db, signature, "packet", {"last": last}, pair[0], day=TODAY)
    ((box,),) = db.execute("SELECT box FROM sealed").fetchall()
    assert unpack(unseal(pair[1], box), signature, "packet") == {"last": "Quillfeather"}


@pytest.mark.parametrize("status", ["counted", "held", "unconfirmed"])
def test_withdrawing_removes_sealed_details_for_good(
    db: sqlite3.Connection, pair: Pair, status: str
) -> None:
    signature, receipt = signed(db, status=status)
    seal_details(db, signature, "packet", DETAILS, pair[0], day=TODAY)
    seal_details(db, signature, "contact", DETAILS, pair[0], day=TODAY)
    withdraw(db, receipt)
    assert sealed_counts(db) == {}
    assert not seal_details(db, signature, "packet", DETAILS, pair[0], day=TODAY)
    assert sealed_counts(db) == {}


def test_withdrawing_a_repeat_signature_removes_its_sealed_details(
    db: sqlite3.Connection, pair: Pair
) -> None:
    signature, receipt = signed(db, status="repeated")
    seal_details(db, signature, "contact", DETAILS, pair[0], day=TODAY)
    withdraw(db, receipt)
    assert sealed_counts(db) == {}


def test_withdrawing_leaves_other_peoples_details_sealed(
    db: sqlite3.Connection, pair: Pair
) -> None:
    first, receipt = signed(db, 1)
    second, _ = signed(db, 2)
    for signature in (first, second):
        seal_details(db, signature, "packet", DETAILS, pair[0], day=TODAY)
    withdraw(db, receipt)
    assert db.execute("SELECT signature FROM sealed").fetchall() == [(second,)]


def test_details_are_sealed_and_the_signature_stored_or_neither(
    db: sqlite3.Connection, pair: Pair
) -> None:
    signed(db, 1)
    ticked = replace(request(2), keep={"contact": DETAILS}, seal_to=pair[0])
    receipt = sign(db, ticked, SECRET).receipt
    assert db.execute("SELECT signature, purpose FROM sealed").fetchall() == [(2, "contact")]
    too_much = replace(request(3), keep={"packet": {"story": "x" * (1 << 20)}}, seal_to=pair[0])
    with pytest.raises(TooLargeToSealError):
        sign(db, too_much, SECRET)
    assert db.execute("SELECT count(*) FROM signatures").fetchone() == (2,)
    for nobody in ("", "x" * 43, receipt[:-1], "\ud800"):
        assert not forget_details(db, nobody)
    assert forget_details(db, receipt)
    assert db.execute("SELECT count(*) FROM sealed").fetchone() == (0,)


# As a file


def test_an_exported_file_opens_on_another_computer(
    db: sqlite3.Connection, pair: Pair, tmp_path: Path
) -> None:
    numbers = [signed(db, number)[0] for number in (1, 2, 3)]
    for number in numbers:
        seal_details(db, number, "packet", {**DETAILS, "n": number}, pair[0], day=TODAY)
    assert export(db, tmp_path / "out.jsonl") == 3
    assert f'"keys": "{pair[0].id}"' in db.execute("SELECT after FROM audit_events").fetchone()[0]
    assert stat.S_IMODE((tmp_path / "out.jsonl").stat().st_mode) == 0o600
    rows = list(open_sealed_file(tmp_path / "out.jsonl", [pair[1]]))
    assert rows == [OpenedRow(n, "packet", TODAY, {**DETAILS, "n": n}) for n in numbers]


def test_only_counted_signatures_of_the_campaign_and_purpose_are_exported(
    db: sqlite3.Connection, pair: Pair, tmp_path: Path
) -> None:
    wanted = [signed(db, 1)[0]]
    others = [
        signed(db, number, **kind)[0]
        for number, kind in enumerate(
            (
                {"status": "held"},
                {"status": "unconfirmed"},
                {"status": "repeated"},
                {"campaign": "another"},
            ),
            start=2,
        )
    ]
    for number in wanted + others:
        seal_details(db, number, "packet", DETAILS, pair[0], day=TODAY)
        seal_details(db, number, "contact", DETAILS, pair[0], day=TODAY)
    export(db, tmp_path / "out.jsonl", purpose="contact")
    rows = list(open_sealed_file(tmp_path / "out.jsonl", [pair[1]]))
    assert rows == [OpenedRow(wanted[0], "contact", TODAY, DETAILS)]


def test_no_export_exists_without_its_audit_event(
    db: sqlite3.Connection, pair: Pair, tmp_path: Path
) -> None:
    signature, _ = signed(db)
    seal_details(db, signature, "packet", DETAILS, pair[0], day=TODAY)
    path = tmp_path / "out.jsonl"

    db.execute(
        "CREATE TEMP TRIGGER full BEFORE INSERT ON audit_events"
        " BEGIN SELECT raise(ABORT, 'the audit trail cannot be written'); END"
    )
    with pytest.raises(sqlite3.IntegrityError, match="audit trail"):
        export(db, path)
    assert not path.exists()
    assert [file.name for file in tmp_path.glob("*out.jsonl*")] == []


def test_an_export_overwrites_no_file(db: sqlite3.Connection, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("dear")
    with pytest.raises(FileExistsError):
        export(db, tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text() == "dear"


@pytest.fixture
def exported(db: sqlite3.Connection, pair: Pair, tmp_path: Path) -> Path:
    for number in (1, 2, 3):
        signature, _ = signed(db, number)
        seal_details(db, signature, "packet", {"n": number}, pair[0], day=TODAY)
    export(db, tmp_path / "out.jsonl")
    return tmp_path / "out.jsonl"


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.999])
def test_a_truncated_export_yields_its_whole_rows_and_says_it_is_cut_off(
    exported: Path, pair: Pair, share: float
) -> None:
    content = exported.read_bytes()
    exported.write_bytes(content[: int(len(content) * share)])
    rows = list(open_sealed_file(exported, [pair[1]]))
    assert isinstance(rows[-1], Unopened)
    assert "incomplete" in rows[-1].reason
    assert all(isinstance(row, OpenedRow) for row in rows[:-2])


def test_a_line_removed_from_an_export_is_detected(exported: Path, pair: Pair) -> None:
    lines = exported.read_text().splitlines(keepends=True)
    exported.write_text("".join(lines[:2] + lines[3:]))
    rows = list(open_sealed_file(exported, [pair[1]]))
    assert rows[-1] == Unopened(4, "The file should have 3 rows but has 2.")


def test_opening_an_export_with_the_wrong_key_names_the_right_one(
    exported: Path, pair: Pair, tmp_path: Path
) -> None:
    _, other = another_key(tmp_path / "other")
    rows = list(open_sealed_file(exported, [other]))
    assert len(rows) == 3
    for row in rows:
        assert isinstance(row, Unopened)
        assert pair[0].id in row.reason


def test_boxes_swapped_between_two_lines_are_detected(exported: Path, pair: Pair) -> None:
    lines = [json.loads(line) for line in exported.read_text().splitlines()]
    lines[1]["box"], lines[2]["box"] = lines[2]["box"], lines[1]["box"]
    exported.write_text("".join(json.dumps(line) + "\n" for line in lines))
    answers = [type(row) for row in open_sealed_file(exported, [pair[1]])]
    assert answers == [Unopened, Unopened, OpenedRow]


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_other_file_opens_no_rows(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(content)
    assert all(isinstance(row, Unopened) for row in open_sealed_file(path, []))


# Rotation


def fill(db: sqlite3.Connection, key: CampaignKey, rows: int) -> None:
    for number in range(1, rows + 1):
        signature, _ = signed(db, number)
        seal_details(db, signature, "packet", {"n": signature}, key, day=TODAY)


def everything(db: sqlite3.Connection, opened: OpenKey) -> list[int]:
    return [
        unpack(unseal(opened, box), signature, "packet")["n"]
        for signature, box in db.execute("SELECT signature, box FROM sealed ORDER BY id")
    ]


def test_rotation_moves_every_row_and_reports_progress(
    db: sqlite3.Connection, pair: Pair, tmp_path: Path
) -> None:
    fill(db, pair[0], 25)
    new, opened = another_key(tmp_path / "keys")
    seen: list[int] = []
    done = reseal(db, pair[1], new, batch=10, progress=seen.append)
    assert (done.moved, done.unreadable) == (25, ())
    assert seen == [10, 20, 25]
    assert sealed_counts(db) == {new.id: 25}
    assert everything(db, opened) == list(range(1, 26))


def test_rotation_leaves_no_box_of_the_old_key_in_the_raw_files(tmp_path: Path, pair: Pair) -> None:
    db = open_database(tmp_path / "rotated.db")
    fill(db, pair[0], 40)
    old = [box[8:40] for (box,) in db.execute("SELECT box FROM sealed")]
    new, _ = another_key(tmp_path / "keys")
    reseal(db, pair[1], new)
    raw = b"".join(file.read_bytes() for file in tmp_path.glob("rotated.db*"))
    db.close()
    assert [start for start in old if start in raw] == []


def test_rotation_skips_a_damaged_row_and_continues(
    db: sqlite3.Connection, pair: Pair, tmp_path: Path
) -> None:
    fill(db, pair[0], 5)
    db.execute("UPDATE sealed SET box = ? WHERE signature = 3", (MARK + b"x" * 1072,))
    new, _ = another_key(tmp_path / "keys")
    done = reseal(db, pair[1], new, batch=2)
    assert (done.moved, done.unreadable) == (4, (3,))
    assert sealed_counts(db) == {pair[0].id: 1, new.id: 4}


def test_rotation_with_the_wrong_private_key_changes_nothing(
    db: sqlite3.Connection, pair: Pair, tmp_path: Path
) -> None:
    fill(db, pair[0], 3)
    new, _ = another_key(tmp_path / "keys")
    _, stranger = another_key(tmp_path / "stranger")
    pretender = OpenKey(pair[1].id, stranger.private)
    assert reseal(db, pretender, new).moved == 0
    assert sealed_counts(db) == {pair[0].id: 3}


def rotate_in_another_process(path: Path, old: OpenKey, new: CampaignKey) -> None:
    """Stops at some point after the first forty rows, as if the power had been cut."""

    def step(done: int) -> None:
        if done >= 40 and not signal.getitimer(signal.ITIMER_REAL)[0]:
            signal.setitimer(signal.ITIMER_REAL, random.uniform(0.0001, 0.002))

    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    reseal(open_database(path), old, new, batch=5, progress=step)
    os._exit(0)


@pytest.mark.slow
def test_a_killed_rotation_can_be_resumed_and_loses_nothing(tmp_path: Path, pair: Pair) -> None:
    path = tmp_path / "killed.db"
    db = open_database(path)
    fill(db, pair[0], 200)
    new, opened = another_key(tmp_path / "keys")
    fork = multiprocessing.get_context("fork")
    kills = 0
    while sealed_counts(db).get(pair[0].id):
        worker = fork.Process(target=rotate_in_another_process, args=(path, pair[1], new))
        worker.start()
        worker.join()
        kills += worker.exitcode == -signal.SIGALRM
        counts = sealed_counts(db)
        assert sum(counts.values()) == 200
    assert kills >= 2
    assert sealed_counts(db) == {new.id: 200}
    assert sorted(everything(db, opened)) == list(range(1, 201))
    db.close()


def test_a_withdrawal_during_rotation_stays_withdrawn(
    db: sqlite3.Connection, pair: Pair, tmp_path: Path
) -> None:
    fill(db, pair[0], 4)
    _, receipt = signed(db, 99)
    new, _ = another_key(tmp_path / "keys")
    seal_details(db, 5, "packet", {"n": 5}, pair[0], day=TODAY)
    other = open_database(tmp_path / "site.db")
    done = reseal(db, pair[1], new, batch=2, progress=lambda n: withdraw(other, receipt))
    other.close()
    assert done.moved == 4
    assert sealed_counts(db) == {new.id: 4}


@pytest.mark.parametrize("to", ["the old key", "the new key", "nobody"])
def test_a_change_made_during_rotation_is_not_overwritten(
    db: sqlite3.Connection, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    """A person corrects or withdraws after their box was read and before it is stored."""
    fill(db, pair[0], 3)
    new, opened = another_key(tmp_path / "keys")
    keys = {"the old key": (pair[0], pair[1]), "the new key": (new, opened)}

    def unseal_slowly(key: OpenKey, box: bytes) -> bytes:
        plain = unseal(key, box)
        if unpack(plain, json.loads(plain)["signature"], "packet") == {"n": 2}:
            with closing(open_database(tmp_path / "site.db")) as other:
                if to == "nobody":
                    withdraw(other, sign(other, request(2), SECRET).receipt)
                else:
                    seal_details(other, 2, "packet", {"n": "as last"}, keys[to][0], day=TODAY)
        return plain

    monkeypatch.setattr("app.records.sealing.unseal", unseal_slowly)
    assert reseal(db, pair[1], new) == Resealed(2, ())
    left = dict(db.execute("SELECT signature, box FROM sealed").fetchall())
    if to == "nobody":
        assert sorted(left) == [1, 3]
    else:
        assert unpack(unseal(keys[to][1], left.pop(2)), 2, "packet") == {"n": "as last"}
    assert [unpack(unseal(opened, left[n]), n, "packet") for n in (1, 3)] == [{"n": 1}, {"n": 3}]
    monkeypatch.undo()
    assert reseal(db, pair[1], new).moved == (to == "the old key")  # what is left to do


def test_rotation_records_traces_left_by_a_concurrent_read(
    db: sqlite3.Connection, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.records.erasing.READER_SECONDS", 0.01)
    fill(db, pair[0], 3)
    new, _ = another_key(tmp_path / "keys")
    with closing(open_database(tmp_path / "site.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sealed").fetchone()
        reseal(db, pair[1], new)
        assert waits_to_be_erased(db)
