"""The worker: one loop that tries whatever is due, and Huey, which wakes it.

The queue itself lives in the database (``records.outbound``). Huey's file, or Redis, only signals
that there is something to do; it may lose everything, because a worker checks every minute.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from huey import Huey, RedisHuey, SqliteHuey, crontab
from huey.exceptions import ConfigurationError

from app.delivery.channel import Channel, Result, TakenOverError
from app.delivery.post import PostOffice
from app.errors import ExplainedError
from app.records.outbound import Claimed, Outbound

log = logging.getLogger("dear_congress.mail")
NAME = "dear-congress"
STUCK = timedelta(hours=1)
"""A message that has not changed state for this long is stuck."""
PASS_SECONDS = 50.0
"""Roughly how long one pass runs; the next pass takes what is left."""


class Worker:
    """Tries whatever is due. Safe to share between threads and to run in several processes."""

    def __init__(
        self, outbound: Outbound, channels: Sequence[Channel], clock: Callable[[], datetime]
    ) -> None:
        self._outbound, self._channels, self._clock = outbound, channels, clock
        self._channel_by_kind = {kind: channel for channel in channels for kind in channel.kinds}
        self._rests_until: dict[str, datetime] = {}
        """By kind: until when its server asked for no messages."""

    def work(self, seconds: float = PASS_SECONDS) -> int:
        """Try everything due, for roughly ``seconds``; returns how many were tried.

        A channel that another thread holds (``Channel.turn``) is skipped. A kind whose server is
        down for maintenance, or asks to try later, is left alone until then.
        """
        end = time.monotonic() + seconds
        channels = [c for c in self._channels if c.turn is None or c.turn.acquire(blocking=False)]
        try:
            return self._work(channels, end)
        finally:
            for channel in channels:
                if channel.turn is not None:
                    channel.turn.release()

    def _work(self, channels: Sequence[Channel], end: float) -> int:
        now = self._clock()
        kinds = {kind for c in channels for kind in set(c.kinds) - c.closed(now)
                 if self._rests_until.get(kind, now) <= now}  # fmt: skip
        tried = 0
        for row, kind in self._outbound.due(now, kinds):
            if time.monotonic() > end or not kinds:
                break
            if kind not in kinds:
                continue
            result = self.deliver(row)
            tried += result is not None
            if result is not None and result.after is not None:
                kinds.discard(kind)
                self._rests_until[kind] = result.after
        return tried

    def deliver(self, row: str) -> Result | None:
        """Try this row now; None if it is not due, must not leave, or another worker has it."""
        claimed = self._outbound.claim(row, self._clock())
        if claimed is None:
            return None
        channel = self._channel_by_kind[claimed.kind]

        def leaving() -> None:
            if not self._outbound.leaving(claimed, self._clock()):
                raise TakenOverError

        if claimed.payload is None:
            why = "it was encrypted with another secret"
            result = Result(channel.never_left, why, by_server=False)
        elif channel.tries is not None and claimed.attempt > channel.tries:
            why = "given up: the worker stopped at every try"
            result = Result(channel.never_left, why, by_server=False)
        else:
            try:
                result = channel.send(claimed, leaving)
            except TakenOverError:
                return None
        return self._note(channel, claimed, result)

    def _note(self, channel: Channel, claimed: Claimed, result: Result) -> Result:
        now, outcome, attempt = self._clock(), result.outcome, claimed.attempt
        if outcome == "unknown" and channel.repeatable:
            outcome = "deferred"
        if outcome == "deferred":
            if channel.tries is None or attempt < channel.tries:
                until = now + channel.pauses[min(attempt, len(channel.pauses)) - 1]
                until = max(until, result.after or until)
                maybe = result.outcome == "unknown"
                self._outbound.defer(claimed, result.cause, now, until, maybe=maybe)
                return result
            cause = f"given up after {attempt} tries; the last: {result.cause}"
            outcome = channel.never_left
            result = Result(outcome, cause, result.by_server)
        if outcome == "not attempted" and claimed.maybe and not result.by_server:
            outcome = "unknown"  # this try did not leave, but an earlier one may have arrived
            result = replace(result, outcome=outcome)
        letters = channel.letters(result)
        self._outbound.finish(claimed, outcome, result.cause, now, letters=letters)
        return result

    def sweep(self) -> None:
        """Recover what killed workers left, and drop what has waited too long or must not go."""
        now = self._clock()
        for channel in self._channels:
            channel.sweep(now)
        self._outbound.sweep(now)


class QueueError(ExplainedError):
    """The queue cannot be set up; the message says what to do."""


def make_huey(file: Path, redis_url: str = "") -> Huey:
    """The queue in ``file``, or in Redis if its URL is given. Results are never stored."""
    if redis_url:
        try:
            return RedisHuey(NAME, url=redis_url, results=False)
        except (ConfigurationError, ValueError) as error:
            raise QueueError(
                f"The queue in Redis cannot be used ({type(error).__name__}). Check redis_url, or "
                "leave it empty."
            ) from None
    huey = SqliteHuey(NAME, filename=str(file), results=False, timeout=5)
    # Creating the tables opened a connection, which a forked process must not inherit.
    huey.storage.close()
    file.chmod(0o600)
    return huey


class MailQueue:
    """Connects the channels to Huey: the web process notifies, and the worker sends.

    ``offices`` is the channel to the offices' own systems, if that is set up.
    """

    def __init__(self, huey: Huey, post: PostOffice, offices: Channel | None = None) -> None:
        self.huey, self.post, self.offices = huey, post, offices
        channels: tuple[Channel, ...] = (post,) if offices is None else (post, offices)
        self.worker = Worker(post.outbound, channels, post.clock)
        self._threads = 1
        self._wake: Any = huey.task(name="work")(self._work)
        huey.periodic_task(crontab(minute="*"), name="sweep")(self._sweep)
        for channel in channels:
            channel.notify = self.notify

    def notify(self) -> None:
        """Wake a worker; if Huey cannot be reached, the next sweep will."""
        try:
            self._wake()
        except Exception as error:  # noqa: BLE001 - SQLite's or Redis's own; never the visitor's
            log.warning("The mail queue cannot be reached (%s).", type(error).__name__)

    def _work(self) -> None:
        if self.worker.work():
            self.notify()  # more may be left, or have arrived meanwhile

    def _sweep(self) -> None:
        self.worker.sweep()
        for _ in range(self._threads):
            self.notify()

    def run(self, workers: int) -> None:
        """Work until the process is told to stop (SIGINT or SIGTERM)."""
        self._threads = workers
        self._sweep()
        consumer = self.huey.create_consumer(workers=workers, periodic=True, backoff=1.15)
        consumer.run()
