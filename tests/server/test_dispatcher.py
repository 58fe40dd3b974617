"""Those who sign wait for each other, and whoever reads does not wait for them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.site.server import SIGNING, THREADS, Dispatcher

SOON = 20.0
"""Seconds within which something happens that needs none."""


@dataclass
class Request:
    path: str = "/sign"
    command: str = "POST"
    error: object = None


@dataclass
class Visitor:
    """A connection with one request, which is answered when the test lets it."""

    request: Request = field(default_factory=Request)
    goes: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    cancelled: bool = False

    @property
    def requests(self) -> list[Request]:
        return [self.request]

    def service(self) -> None:
        self.begun.set()
        self.goes.wait(SOON)

    def cancel(self) -> None:
        self.cancelled = True


@pytest.fixture
def dispatcher() -> Iterator[Any]:
    made = Dispatcher()
    made.set_thread_count(THREADS)
    yield made
    made.shutdown(timeout=1)


def test_whoever_reads_passes_those_who_wait_to_sign(dispatcher: Any) -> None:
    signers = [Visitor(Request("/c/next/sign")) for _ in range(2 * THREADS)]
    for one in signers:
        dispatcher.add_task(one)
    for one in signers[:SIGNING]:
        assert one.begun.wait(SOON)
    readers = [Visitor(Request("/find")), Visitor(Request("/sign", "GET"))]
    for one in readers:
        dispatcher.add_task(one)
        assert one.begun.wait(SOON)
        one.goes.set()
    assert sum(one.begun.is_set() for one in signers) == SIGNING
    for one in signers:
        one.goes.set()
    assert all(one.begun.wait(SOON) for one in signers)


def test_a_signer_follows_one_whose_answer_failed(dispatcher: Any) -> None:
    class Broken(Visitor):
        def service(self) -> None:
            super().service()
            raise ValueError("broken")

    first = [Broken() for _ in range(SIGNING)]
    second = [Visitor() for _ in range(SIGNING)]
    for one in (*first, *second):
        dispatcher.add_task(one)
    for one in first:
        one.goes.set()
    assert all(one.begun.wait(SOON) for one in second)
    for one in second:
        one.goes.set()


def test_at_the_end_nobody_begins_who_waited(dispatcher: Any) -> None:
    signers = [Visitor() for _ in range(SIGNING + 3)]
    for one in signers:
        dispatcher.add_task(one)
    for one in signers[:SIGNING]:
        assert one.begun.wait(SOON)
        one.goes.set()
    dispatcher.shutdown(timeout=1)
    left = signers[SIGNING:]
    assert all(one.begun.is_set() or one.cancelled for one in left)
