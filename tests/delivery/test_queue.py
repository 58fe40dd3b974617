"""The queue between web and worker: Huey may lose everything, and no message is lost."""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from fakeredis import TcpFakeServer

from app.delivery.channel import Result
from app.delivery.mail import Address, Mail
from app.delivery.post import PostOffice, PostSettings
from app.delivery.queue import MailQueue, QueueError, make_huey
from app.records.database import local_database

from .letters import FakeTime
from .test_post import SECRET, SENDER


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    server = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"redis://127.0.0.1:{server.server_address[1]}/0"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture(params=["sqlite", "redis"])
def queue(request: pytest.FixtureRequest, tmp_path: Path, time: FakeTime) -> Iterator[MailQueue]:
    url = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    settings = PostSettings(SENDER, tmp_path / "outbox")
    post = PostOffice(tmp_path / "site.db", settings, SECRET, clock=time.clock)
    huey = make_huey(tmp_path / "queue.db", url)
    huey.storage.flush_all()
    yield MailQueue(huey, post)
    huey.storage.flush_all()
    if url:
        huey.storage.conn.close()
        huey.storage.conn.connection_pool.disconnect()
    else:
        huey.storage.close()


def put(queue: MailQueue, key: str = "a") -> str:
    mail = Mail("copy", Address("ana.lopez@example.org"), "About Ana", "I am Ana.")
    found = queue.post.enqueue(mail, idempotency_key=key)
    assert found is not None
    return found.id


def work(queue: MailQueue) -> int:
    """Run the queued tasks as a worker does; returns how many there were."""
    done = 0
    while (task := queue.huey.dequeue()) is not None:
        queue.huey.execute(task)
        done += 1
    return done


def state(queue: MailQueue, message_id: str) -> str:
    row = queue.post.outbound.row(message_id)
    assert row is not None
    return row.state


def test_enqueued_messages_reach_the_worker(queue: MailQueue) -> None:
    first, second = put(queue), put(queue, "b")
    assert work(queue) >= 2
    assert (state(queue, first), state(queue, second)) == ("accepted", "accepted")


def test_claiming_a_message_reads_no_table_in_full(queue: MailQueue) -> None:
    """Claims hold the write lock, for which people who sign wait."""
    message_id, outbound = put(queue), queue.post.outbound
    db, asked = local_database(queue.post.settings.outbox.parent / "site.db"), list[str]()
    db.set_trace_callback(asked.append)
    assert outbound.claim(message_id, queue.post.clock()) is not None
    db.set_trace_callback(None)
    queries = [query for query in asked if "outbound" in query]
    assert queries
    for query in queries:
        plan = db.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
        assert not [step for *_ids, step in plan if step.startswith("SCAN")]


def test_the_queue_contains_nothing_of_a_message(queue: MailQueue) -> None:
    put(queue)
    waiting = b"".join(bytes(item) for item in queue.huey.storage.enqueued_items())
    assert waiting
    assert b"lopez" not in waiting
    assert b"Ana" not in waiting


def test_the_sweep_refills_a_lost_queue(queue: MailQueue) -> None:
    message_id = put(queue)
    queue.huey.storage.flush_all()
    assert work(queue) == 0
    queue.notify()
    queue.notify()  # the second finds nothing more to do
    assert work(queue) >= 2
    assert state(queue, message_id) == "accepted"
    assert len(list(queue.post.settings.outbox.iterdir())) == 1


def test_the_sweep_is_a_periodic_task(queue: MailQueue) -> None:
    queue.huey.storage.flush_all()
    put(queue)
    queue.huey.storage.flush_all()
    (sweep,) = queue.huey.read_periodic(datetime.now(UTC))
    queue.huey.enqueue(sweep)
    assert work(queue) >= 1
    work(queue)
    assert queue.post.outbound.numbers() == {"accepted": 1}


def test_an_unreachable_queue_loses_no_message_and_logs_nothing_personal(
    queue: MailQueue, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_args: Any, **_named: Any) -> None:
        raise OSError("ana.lopez@example.org")

    with monkeypatch.context() as patch:
        patch.setattr(queue.huey.storage, "enqueue", broken)
        caplog.set_level(logging.DEBUG)
        message_id = put(queue)
    assert "cannot be reached (OSError)" in caplog.text
    assert "lopez" not in caplog.text
    assert state(queue, message_id) == "queued"
    (sweep,) = queue.huey.read_periodic(datetime.now(UTC))
    queue.huey.enqueue(sweep)
    work(queue)
    assert state(queue, message_id) == "accepted"


def test_a_server_that_asks_for_time_is_left_alone_until_then(
    queue: MailQueue, time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[datetime] = []

    def later(*_args: object) -> Result:
        asked.append(time.clock())
        return Result("deferred", "later", after=asked[-1] + timedelta(minutes=30))

    monkeypatch.setattr(queue.post, "send", later)
    for key in ("a", "b", "c"):
        put(queue, key)
    work(queue)
    assert len(asked) == 1
    time.sleep(31 * 60)
    queue.notify()
    work(queue)
    assert len(asked) == 2


def test_the_queue_file_is_private(tmp_path: Path) -> None:
    make_huey(tmp_path / "queue.db").storage.close()
    assert stat.S_IMODE((tmp_path / "queue.db").stat().st_mode) == 0o600


def test_an_invalid_redis_url_names_its_setting(tmp_path: Path) -> None:
    with pytest.raises(QueueError, match="redis_url"):
        make_huey(tmp_path / "queue.db", "nonsense://x")
