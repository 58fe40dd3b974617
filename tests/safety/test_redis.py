"""Limits in a real Redis: the same answers as from a file, shared by all workers."""

from __future__ import annotations

import http.client
import multiprocessing
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from app.cli.diagnosis import Site
from app.cli.doctor import limits_are_kept
from app.records.limiting import LIMITS, Allowed, check, open_counters
from app.records.throttle import Wait
from app.site.settings import load_settings
from tests.bench.servers import free_port, serving

from .conftest import answers
from .people import SECRET
from .redis_server import running_redis

pytestmark = pytest.mark.slow

IP = "203.0.113.7"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as found:
        yield found


@pytest.fixture
def counters(url: str) -> Any:
    with redis.Redis.from_url(url) as client:
        client.flushall()
    return open_counters(url)


@pytest.mark.usefixtures("small")
def test_every_limit_answers_as_the_file_counters_do(
    counters: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = SimpleNamespace(time=lambda: 1_800_000_000.0, monotonic=time.monotonic)
    monkeypatch.setattr("app.records.limiting.time", still)  # a file's windows follow the clock
    file: Any = open_counters(tmp_path / "limits.db")
    mail = {"about": "a@example.org"}
    for place in (counters, file):
        assert answers(place, "find", IP, 8) == ["Allowed"] * 6 + ["Wait"] * 2
        assert answers(place, "find", "203.0.113.8", 6) == ["Allowed"] * 4 + ["Wait"] * 2
        assert answers(place, "sign", IP, 7) == ["Allowed"] * 2 + ["SecondStep"] * 4 + ["Wait"]
        assert answers(place, "email", IP, 3, **mail) == ["Allowed"] * 2 + ["Wait"]
        assert answers(place, "email", "198.51.100.1", 1, **mail) == ["Wait"]
        assert place.check()
    file.close()


def forward(url: str, seconds: float) -> None:
    """Let time pass for every counter: Redis has no clock to set, so shorten each key's TTL."""
    with redis.Redis.from_url(url) as client:
        for key in client.scan_iter():
            left = int(client.pttl(key)) - round(seconds * 1000)
            client.pexpire(key, max(left, 0))  # 0 expires it at once


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("start", [0, 123, 599])
def test_waiting_the_stated_time_is_enough_and_half_of_it_is_not(
    counters: Any, url: str, start: int
) -> None:
    check(counters, "find", IP, secret=SECRET)  # starts the window
    forward(url, start)
    while check(counters, "find", IP, secret=SECRET) == Allowed():
        pass
    for _ in range(3):
        answer = check(counters, "find", IP, secret=SECRET)
        assert isinstance(answer, Wait)
        assert 1 <= answer.seconds <= 1200
        forward(url, answer.seconds / 2)
        assert isinstance(check(counters, "find", IP, secret=SECRET), Wait)
        forward(url, answer.seconds / 2)
        assert check(counters, "find", IP, secret=SECRET) == Allowed()


def test_no_address_is_in_redis_and_every_counter_expires_within_a_day(
    counters: Any, url: str
) -> None:
    for name in LIMITS:
        check(counters, name, IP, secret=SECRET, about="marked-person@example.org")
    with redis.Redis.from_url(url) as client:
        keys: Any = list(client.scan_iter())
        assert len(keys) >= len(LIMITS) * 2
        for key in keys:
            assert not any(what in key for what in (b"203.0", b"marked", b"example"))
            assert 0 < int(client.pttl(key)) <= 86_400_000


def hammer(url: str, rounds: int, results: multiprocessing.Queue[int]) -> None:
    storage: Any = open_counters(url)
    results.put(sum(storage.acquire_sliding_window_entry("key", 500, 86400) for _ in range(rounds)))


@pytest.mark.usefixtures("counters")
def test_four_processes_never_exceed_the_limit(url: str) -> None:
    fork = multiprocessing.get_context("fork")
    results = fork.Queue()
    workers = [fork.Process(target=hammer, args=(url, 300, results)) for _ in range(4)]
    for worker in workers:
        worker.start()
    allowed = sum(results.get(timeout=60) for _ in workers)
    for worker in workers:
        worker.join()
    assert allowed == 500


def ask(port: int) -> tuple[int, str | None]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/find", b"zip=01930&state=MA", headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("Retry-After")


def test_workers_share_limits_in_redis_and_survive_its_shutdown(tmp_path: Path) -> None:
    port = free_port()
    folder = tmp_path / "redis"
    folder.mkdir()
    settings = {
        "DEAR_CONGRESS_LIMITS": "on",
        "DEAR_CONGRESS_LIMITS_URL": f"redis://127.0.0.1:{port}",
    }
    with (
        running_redis(folder, port) as url,
        serving("wsgi:app", tmp_path, workers=3, **settings) as here,
    ):
        found = [ask(here.port) for _ in range(310)]
        taken = [status for status, _ in found].count(200)
        assert LIMITS["find"].client <= taken <= LIMITS["find"].client + 5  # the window slides
        assert found[-1][0] == 429
        assert int(found[-1][1] or 0) >= 1
        site = Site(load_settings({}, instance=tmp_path, limits_url=url), datetime.now(UTC))
        assert limits_are_kept(site).level == "ok"
        with redis.Redis.from_url(url) as client:
            client.shutdown(nosave=True)
        before = time.monotonic()
        assert ask(here.port)[0] == 200  # letters do not need counters
        assert time.monotonic() - before < 20
        assert limits_are_kept(site).level == "fail"
        with running_redis(folder, port):
            assert ask(here.port)[0] == 200
        assert not (tmp_path / "limits.db").exists()


def test_a_redis_that_accepts_connections_and_never_answers_blocks_no_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        storage = open_counters(f"redis://127.0.0.1:{silent.getsockname()[1]}")
        before = time.monotonic()
        assert check(storage, "sign", IP, secret=SECRET) == Allowed()
        assert isinstance(check(storage, "email", IP, secret=SECRET), Wait)
        assert not storage.check()
        assert time.monotonic() - before < 20
