"""Key files: made once, opened only with the passphrase, and never lost by accident."""

from __future__ import annotations

import json
import multiprocessing
import stat
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.records import keys
from app.records.keys import (
    KeyFolderError,
    WrongPassphraseError,
    fingerprint,
    read_public,
    unlock,
)

from .people import PASSPHRASE, TODAY


def make(folder: Path, passphrase: str = PASSPHRASE, out: Path | None = None) -> keys.CampaignKey:
    return keys.make_key(folder, passphrase, today=TODAY, out=out, strength="interactive")


def test_a_private_key_opens_only_with_its_passphrase(tmp_path: Path) -> None:
    key = make(tmp_path)
    file = tmp_path / f"{key.id}.private.json"
    opened = unlock(file, PASSPHRASE)
    assert opened.id == key.id == fingerprint(key.public)
    with pytest.raises(WrongPassphraseError):
        unlock(file, PASSPHRASE + " ")
    with pytest.raises(WrongPassphraseError):
        unlock(file, "")


def test_a_passphrase_matches_in_any_unicode_normalization(tmp_path: Path) -> None:
    key = make(tmp_path, "contraseña número uno")
    file = tmp_path / f"{key.id}.private.json"
    assert unlock(file, "contrasen\u0303a nu\u0301mero uno")


def test_a_short_passphrase_makes_no_key(tmp_path: Path) -> None:
    with pytest.raises(KeyFolderError, match="at least 12"):
        make(tmp_path, "hunter2")
    assert keys.current_key(tmp_path) is None


def test_the_repr_of_an_open_key_hides_it(tmp_path: Path) -> None:
    key = make(tmp_path)
    opened = unlock(tmp_path / f"{key.id}.private.json", PASSPHRASE)
    assert repr(opened.private) not in repr(opened)
    assert opened.private.hex() not in repr(opened)


def test_a_private_key_file_is_encrypted_and_readable_only_by_its_owner(tmp_path: Path) -> None:
    key = make(tmp_path)
    file = tmp_path / f"{key.id}.private.json"
    opened = unlock(file, PASSPHRASE)
    assert opened.private not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_each_passphrase_guess_costs_256_mib_of_memory(tmp_path: Path) -> None:
    key = keys.make_key(tmp_path, PASSPHRASE, today=TODAY)
    kdf = json.loads((tmp_path / f"{key.id}.private.json").read_text())["kdf"]
    assert kdf["name"] == "argon2id"
    assert kdf["memory"] >= 256 * 2**20
    assert kdf["passes"] >= 3


@pytest.mark.parametrize("keep", [0, 1, 40, 200, 300])
def test_a_truncated_private_key_file_is_refused(tmp_path: Path, keep: int) -> None:
    key = make(tmp_path)
    file = tmp_path / f"{key.id}.private.json"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(KeyFolderError):
        unlock(file, PASSPHRASE)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("kind", "dear-congress public key"), ("version", 2), ("id", "0" * 20), ("box", "AAAA"),
        ("box", "not base64!"), ("kdf", None), ("kdf", {}), ("kdf", []),
    ],
)  # fmt: skip
def test_an_altered_private_key_file_never_opens(tmp_path: Path, part: str, value: object) -> None:
    key = make(tmp_path)
    file = tmp_path / f"{key.id}.private.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), part: value}))
    with pytest.raises(KeyFolderError):
        unlock(file, PASSPHRASE)


@pytest.mark.parametrize(
    "cost", [{"memory": 2**40}, {"passes": 10**9}, {"passes": 0}, {"memory": 1}, {"salt": "AAAA"}]
)
def test_a_key_file_cannot_ask_for_unreasonable_work(
    tmp_path: Path, cost: dict[str, object]
) -> None:
    key = make(tmp_path)
    file = tmp_path / f"{key.id}.private.json"
    content = json.loads(file.read_text())
    content["kdf"].update(cost)
    file.write_text(json.dumps(content))
    with pytest.raises(KeyFolderError):
        unlock(file, PASSPHRASE)


@given(st.binary(max_size=300) | st.recursive(
    st.none() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=3), max_leaves=5
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_other_file_is_refused_as_a_key(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.mktemp("any") / "file.json"
    file.write_bytes(content)
    with pytest.raises(KeyFolderError):
        unlock(file, PASSPHRASE)
    with pytest.raises(KeyFolderError):
        read_public(file)


def test_a_missing_private_key_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(KeyFolderError, match="cannot be read"):
        unlock(tmp_path / "nowhere.json", PASSPHRASE)


def test_a_swapped_public_key_is_detected(tmp_path: Path) -> None:
    key, other = make(tmp_path), make(tmp_path / "other")
    mine = tmp_path / f"{key.id}.public.json"
    theirs = json.loads((tmp_path / "other" / f"{other.id}.public.json").read_text())
    mine.write_text(json.dumps({**json.loads(mine.read_text()), "public": theirs["public"]}))
    with pytest.raises(KeyFolderError, match="fingerprint"):
        keys.current_key(tmp_path)


def test_the_first_start_makes_a_key_reported_as_readable_on_this_server(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    key = keys.first_key(folder, today=TODAY)
    (status,) = keys.key_status(folder, {key.id: 3})
    assert status.current
    assert status.readable_here
    assert status.private == folder / f"{key.id}.private.json"
    assert status.sealed == 3
    words = keys.passphrase_beside(status.private)
    assert words is not None
    assert unlock(status.private, words)
    for file in (status.private, folder / f"{key.id}.passphrase"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def start(folder: Path, barrier: object, answers: multiprocessing.Queue[str]) -> None:
    barrier.wait()  # type: ignore[attr-defined]
    answers.put(keys.first_key(folder, today=TODAY).id)


def test_workers_starting_at_once_share_one_key(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    barrier, answers = fork.Barrier(6), fork.Queue()
    workers = [
        fork.Process(target=start, args=(tmp_path / "keys", barrier, answers)) for _ in range(6)
    ]
    for worker in workers:
        worker.start()
    found = {answers.get(timeout=60) for _ in workers}
    for worker in workers:
        worker.join()
    assert len(found) == 1
    assert len(keys.public_keys(tmp_path / "keys")) == 1
    assert len(list((tmp_path / "keys").glob("*.private.json"))) == 1


def test_an_interrupted_first_start_is_completed_by_the_next(tmp_path: Path) -> None:
    key = keys.first_key(tmp_path, today=TODAY)
    (tmp_path / "current").unlink()
    assert keys.first_key(tmp_path, today=TODAY) == key


def test_a_new_key_is_used_at_once_and_the_old_one_stays_known(tmp_path: Path) -> None:
    old = keys.first_key(tmp_path, today=TODAY)
    new = make(tmp_path)
    assert keys.current_key(tmp_path) == new
    assert set(keys.public_keys(tmp_path)) == {old, new}


def test_a_private_key_can_be_made_outside_the_site(tmp_path: Path) -> None:
    folder, stick = tmp_path / "keys", tmp_path / "stick"
    stick.mkdir()
    key = make(folder, out=stick)
    (status,) = keys.key_status(folder, {})
    assert status.private is None
    assert unlock(stick / f"{key.id}.private.json", PASSPHRASE)


def test_no_private_key_is_ever_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "mine.json"
    out.write_text("something dear")
    with pytest.raises(KeyFolderError, match="already exists"):
        make(tmp_path / "keys", out=out)
    assert out.read_text() == "something dear"


def test_a_public_key_made_on_another_computer_can_be_used(tmp_path: Path) -> None:
    key = make(tmp_path / "laptop")
    server = tmp_path / "server"
    keys.first_key(server, today=TODAY)
    assert keys.use_key(server, tmp_path / "laptop" / f"{key.id}.public.json") == key
    assert keys.current_key(server) == key
    assert not (server / f"{key.id}.private.json").exists()


def test_moving_the_first_key_away_leaves_no_private_key_or_passphrase_here(tmp_path: Path) -> None:
    folder, away = tmp_path / "keys", tmp_path / "away.json"
    key = keys.first_key(folder, today=TODAY)
    file = folder / f"{key.id}.private.json"
    words = keys.passphrase_beside(file)
    assert words is not None
    opened = unlock(file, words)
    keys.move_private(folder, key, opened, PASSPHRASE, away)
    (status,) = keys.key_status(folder, {})
    assert status.private is None
    assert not status.passphrase_beside
    assert unlock(away, PASSPHRASE) == opened
    assert keys.current_key(folder) == key


def test_the_private_half_of_another_key_cannot_be_moved(tmp_path: Path) -> None:
    key, other = make(tmp_path / "a"), make(tmp_path / "b")
    opened = unlock(tmp_path / "b" / f"{other.id}.private.json", PASSPHRASE)
    with pytest.raises(KeyFolderError, match="different key"):
        keys.move_private(tmp_path / "a", key, opened, PASSPHRASE, tmp_path / "out.json")
    assert (tmp_path / "a" / f"{key.id}.private.json").exists()


def test_a_key_with_sealed_rows_cannot_be_retired(tmp_path: Path) -> None:
    old, _ = make(tmp_path), make(tmp_path)
    with pytest.raises(KeyFolderError, match="7 sealed rows"):
        keys.retire_key(tmp_path, old, sealed=7, today=TODAY)
    later = date(2026, 12, 1)
    assert keys.retire_key(tmp_path, old, sealed=0, today=later).retired == later
    assert {key.id: key.retired for key in keys.public_keys(tmp_path)}[old.id] == later


def test_the_key_in_use_cannot_be_retired(tmp_path: Path) -> None:
    key = make(tmp_path)
    with pytest.raises(KeyFolderError, match="in use"):
        keys.retire_key(tmp_path, key, sealed=0, today=TODAY)


def test_a_retired_key_cannot_be_used_again(tmp_path: Path) -> None:
    old, _ = make(tmp_path), make(tmp_path)
    keys.retire_key(tmp_path, old, sealed=0, today=TODAY)
    with pytest.raises(KeyFolderError, match="retired"):
        keys.use_key(tmp_path, tmp_path / f"{old.id}.public.json")
