"""Limits hold across all workers, store no addresses, and let a whole library sign."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits.storage import storage_from_string

from app.records import limiting
from app.records.limiting import (
    LIMITS,
    Allowed,
    FileCounters,
    LimitsError,
    check,
    client_key,
    network_key,
    networks,
    open_counters,
)
from app.records.throttle import Wait

from .conftest import answers
from .people import SECRET

IP = "203.0.113.7"


class Clock:
    """A clock that stands still until a test moves it."""

    now = 1_800_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("app.records.limiting.time.time", clock.time)
    return clock


@pytest.fixture
def counters(tmp_path: Path) -> Iterator[FileCounters]:
    storage = open_counters(tmp_path / "limits.db")
    assert isinstance(storage, FileCounters)
    yield storage
    storage.close()


# Who is who


def test_a_visitor_is_an_ipv4_address_or_64_bits_of_ipv6() -> None:
    assert client_key(SECRET, IP) != client_key(SECRET, "203.0.113.8")
    assert network_key(SECRET, IP) == network_key(SECRET, "203.0.113.8")
    assert network_key(SECRET, IP) != network_key(SECRET, "203.0.114.7")
    assert client_key(SECRET, "2001:db8:1:2::1") == client_key(SECRET, "2001:db8:1:2:ffff::9")
    assert client_key(SECRET, "2001:db8:1:2::1") != client_key(SECRET, "2001:db8:1:3::1")
    assert network_key(SECRET, "2001:db8:1:2::1") == network_key(SECRET, "2001:db8:1:3::1")
    assert network_key(SECRET, "2001:db8:1::1") != network_key(SECRET, "2001:db8:2::1")


def test_spellings_of_one_ip_address_are_one_visitor() -> None:
    assert client_key(SECRET, "::ffff:203.0.113.7") == client_key(SECRET, IP)
    assert client_key(SECRET, "fe80::1%eth0") == client_key(SECRET, "fe80::1")
    assert client_key(SECRET, "2001:DB8::1") == client_key(SECRET, "2001:0db8:0::1")


@given(st.text(max_size=60))
def test_any_text_as_an_address_gets_a_key_that_does_not_reveal_it(ip: str) -> None:
    for key in (client_key(SECRET, ip), network_key(SECRET, ip)):
        assert len(key) == 22
        assert len(ip) < 4 or ip not in key


def test_without_a_secret_no_address_is_hashed() -> None:
    with pytest.raises(ValueError, match="empty"):
        client_key(b"", IP)


def test_no_address_is_in_the_counter_file(counters: FileCounters, tmp_path: Path) -> None:
    for name in LIMITS:
        check(counters, name, IP, secret=SECRET, about="marked-person@example.org")
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("limits.db*"))
    assert b"sign/c/" in raw
    for what in (b"203.0", b"marked", b"example", bytes([203, 0, 113, 7])):
        assert what not in raw
    assert stat.S_IMODE((tmp_path / "limits.db").stat().st_mode) == 0o600


# What is allowed


@pytest.mark.usefixtures("small", "clock")
def test_a_visitor_above_the_limit_waits_and_others_do_not(counters: FileCounters) -> None:
    assert answers(counters, "find", IP, 8) == ["Allowed"] * 6 + ["Wait"] * 2
    assert answers(counters, "find", "203.0.113.8", 1) == ["Allowed"]
    assert answers(counters, "street", IP, 1) == ["Allowed"]


@pytest.mark.usefixtures("small", "clock")
def test_a_network_waits_above_its_own_limit(counters: FileCounters) -> None:
    asked = [answers(counters, "find", f"203.0.113.{n}", 1)[0] for n in range(1, 13)]
    assert asked == ["Allowed"] * 10 + ["Wait"] * 2
    assert answers(counters, "find", "203.0.114.1", 1) == ["Allowed"]


@pytest.mark.usefixtures("small", "clock")
def test_a_crowd_signing_gets_a_second_step_before_a_wait(
    counters: FileCounters,
) -> None:
    assert answers(counters, "sign", IP, 7) == ["Allowed"] * 2 + ["SecondStep"] * 4 + ["Wait"]
    others = [answers(counters, "sign", f"198.51.100.{n}", 1)[0] for n in range(1, 12)]
    assert others == ["Allowed"] * 4 + ["SecondStep"] * 6 + ["Wait"]


@pytest.mark.usefixtures("small", "clock")
def test_a_raised_network_has_twenty_times_the_limit(
    counters: FileCounters,
) -> None:
    library = networks(["203.0.113.0/24", "2001:db8::/32"])
    assert answers(counters, "sign", IP, 40, raised=library) == ["Allowed"] * 40
    assert answers(counters, "sign", "2001:db8::1", 40, raised=library) == ["Allowed"] * 40
    assert "Wait" in answers(counters, "sign", "198.51.100.1", 40, raised=library)


def test_an_invalid_raised_network_is_named_in_the_error() -> None:
    with pytest.raises(LimitsError, match="'library' is not a network"):
        networks(["library"])


@pytest.mark.usefixtures("small", "clock")
def test_mail_to_one_recipient_is_limited_across_all_visitors(counters: FileCounters) -> None:
    asked = [
        answers(counters, "email", f"198.51.{n}.1", 1, about=about)[0]
        for n, about in enumerate(["a@example.org", "A@EXAMPLE.org ", "a@example.org"])
    ]
    assert asked == ["Allowed", "Allowed", "Wait"]
    assert answers(counters, "email", "198.51.9.1", 1, about="b@example.org") == ["Allowed"]


def test_two_hundred_people_at_one_library_can_sign_in_an_hour(
    counters: FileCounters, clock: Clock
) -> None:
    """They share one address: no one is refused, and the first thirty are counted at once."""
    found = answers(counters, "sign", IP, 200)
    assert found.count("Wait") == 0
    assert found[:30] == ["Allowed"] * 30


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("start", [0.0, 123.4, 599.0])
def test_waiting_the_stated_time_is_enough_and_half_of_it_is_not(
    counters: FileCounters, clock: Clock, start: float
) -> None:
    clock.now += start
    answers(counters, "find", IP, 6)
    for _ in range(3):
        answer = check(counters, "find", IP, secret=SECRET)
        assert isinstance(answer, Wait)
        assert 1 <= answer.seconds <= 1200
        clock.now += answer.seconds / 2 - 0.51
        assert isinstance(check(counters, "find", IP, secret=SECRET), Wait)
        clock.now += answer.seconds / 2 + 0.52
        assert check(counters, "find", IP, secret=SECRET) == Allowed()


@pytest.mark.usefixtures("small")
def test_the_limit_slides_across_window_boundaries(counters: FileCounters, clock: Clock) -> None:
    clock.now = 1_800_000_000 // 600 * 600 + 590
    answers(counters, "find", IP, 6)
    clock.now += 20
    assert answers(counters, "find", IP, 3) == ["Allowed", "Wait", "Wait"]


# Where counters are kept


def test_the_file_counters_agree_with_the_librarys_memory_storage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr("limits.storage.memory.time.time", clock.time)
    memory: Any = storage_from_string("memory://")
    ours: Any = open_counters(tmp_path / "limits.db")
    for step in range(400):
        clock.now += (step * 7919) % 23 + 0.4142  # never exactly at a whole count
        same = [s.acquire_sliding_window_entry("k", 5, 60) for s in (memory, ours)]
        assert same[0] == same[1], step
    ours.close()


def hammer(path: Path, rounds: int, results: multiprocessing.Queue[int]) -> None:
    storage: Any = open_counters(path)
    results.put(sum(storage.acquire_sliding_window_entry("key", 500, 86400) for _ in range(rounds)))
    for _ in range(rounds):
        storage.acquire_sliding_window_entry("plain", 10_000, 86400)
    storage.close()


@pytest.mark.slow
@pytest.mark.usefixtures("clock")
def test_four_processes_never_exceed_the_limit_or_lose_a_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiting, "BUSY_SECONDS", 60.0)
    fork = multiprocessing.get_context("fork")
    results = fork.Queue()
    workers = [
        fork.Process(target=hammer, args=(tmp_path / "limits.db", 300, results)) for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    allowed = sum(results.get(timeout=60) for _ in workers)
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert allowed == 500
    storage: Any = open_counters(tmp_path / "limits.db")
    assert storage.get_sliding_window("plain", 86400)[2] == 1200
    storage.close()


@pytest.mark.usefixtures("clock")
def test_a_connection_does_not_cross_a_fork(counters: FileCounters) -> None:
    counters.acquire_sliding_window_entry("key", 10, 86400)
    ours = counters._connection()
    child = os.fork()
    if child == 0:
        counters.acquire_sliding_window_entry("key", 10, 86400)
        good = counted(counters) == 2 and counters._connection() is not ours
        os._exit(0 if good else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    counters.acquire_sliding_window_entry("key", 10, 86400)
    assert counted(counters) == 3


def counted(counters: FileCounters) -> int:
    return counters.get_sliding_window("key", 86400)[2]


@pytest.mark.usefixtures("small")
def test_expired_counters_are_deleted_as_others_are_written(
    counters: FileCounters, clock: Clock, tmp_path: Path
) -> None:
    for n in range(50):
        check(counters, "find", f"198.51.{n}.1", secret=SECRET)
    clock.now += 1300
    check(counters, "find", IP, secret=SECRET)
    with sqlite3.connect(tmp_path / "limits.db") as db:
        assert db.execute("SELECT count(*) FROM counters").fetchone() == (2,)
    db.close()


def test_no_counter_lives_longer_than_a_day(counters: FileCounters, tmp_path: Path) -> None:
    for name in LIMITS:
        check(counters, name, IP, secret=SECRET, about="somebody")
    with sqlite3.connect(tmp_path / "limits.db") as db:
        (last,) = db.execute("SELECT max(expires) FROM counters").fetchone()
    db.close()
    assert last <= time.time() + 86400


def test_a_damaged_counter_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "limits.db"
    path.write_bytes(b"this is no database at all" * 400)
    storage: Any = open_counters(path)
    assert check(storage, "sign", IP, secret=SECRET) == Allowed()
    assert storage.check()
    storage.close()


def test_without_counters_only_email_waits(tmp_path: Path) -> None:
    storage: Any = open_counters(tmp_path / "no such folder" / "limits.db")
    for name in LIMITS:
        if name == "email":
            continue
        assert check(storage, name, IP, secret=SECRET) == Allowed()
    assert isinstance(check(storage, "email", IP, secret=SECRET), Wait)
    assert not storage.check()


@pytest.mark.parametrize("url", ["redis://:hunter2@localhost:6379", "floppy://hunter2", "nowhere"])
def test_the_error_for_bad_counter_storage_hides_the_url(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)  # as if it were not installed
    with pytest.raises(LimitsError) as caught:
        open_counters(url)
    assert "hunter2" not in str(caught.value)


def test_signing_continues_while_redis_is_down() -> None:
    storage = open_counters("redis://127.0.0.1:1")
    assert check(storage, "sign", IP, secret=SECRET) == Allowed()
    assert isinstance(check(storage, "email", IP, secret=SECRET), Wait)
    assert not storage.check()


def test_the_limits_hold_a_signature_before_they_make_it_wait() -> None:
    for limit in LIMITS.values():
        assert limit.network >= limit.client
        if limit.held_above:
            assert limit.held_above[0] < limit.client
            assert limit.held_above[1] < limit.network
    assert LIMITS["sign"].held_above
    assert limiting.RAISED >= 10
