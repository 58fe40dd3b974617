"""The queue between the web and the worker: Huey, in a SQLite file or in Redis.

Only the ids of messages go through it. It may lose them all: the messages lie in the
database, and a sweep every minute finds whatever is due.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from huey import Huey, RedisHuey, SqliteHuey, crontab
from huey.exceptions import ConfigurationError

from app.delivery.post import PostOffice

log = logging.getLogger("dear_congress.mail")
NAME = "dear-congress"


class OfficeQueue(Protocol):
    """Letters to the offices' own systems, which the same worker hands over."""

    notify: Callable[[], None]

    def work(self) -> object:
        """Hand over what is due, for less than a minute."""

    def sweep(self) -> object:
        """See to what killed workers left."""


class QueueError(Exception):
    """The queue cannot be set up; the message says what to do."""


def make_huey(file: Path, redis_url: str = "") -> Huey:
    """The queue in ``file``, or in Redis where its URL is given. No result is ever kept."""
    if redis_url:
        try:
            return RedisHuey(NAME, url=redis_url, results=False)
        except (ConfigurationError, ImportError, ValueError) as error:
            raise QueueError(
                f"The queue in Redis cannot be used ({type(error).__name__}). Check REDIS_URL, "
                "and that the redis package is installed; or leave REDIS_URL empty."
            ) from None
    huey = SqliteHuey(NAME, filename=str(file), results=False, timeout=5)
    # Making the tables opened a connection; a server that forks must not hand it down.
    huey.storage.close()
    file.chmod(0o600)
    return huey


class MailQueue:
    """Ties a post office to a queue: the web tells it of messages, the worker empties it.

    ``offices`` is the same for letters to the offices' own systems, where that is set up.
    """

    def __init__(self, huey: Huey, post: PostOffice, offices: OfficeQueue | None = None) -> None:
        self.huey, self.post, self.offices = huey, post, offices
        self._deliver: Any = huey.task(name="deliver")(self._deliver_one)
        self._hand_over: Any = huey.task(name="hand over")(self._hand_over_due)
        huey.periodic_task(crontab(minute="*"), name="sweep")(self._sweep)
        post.notify = self.notify
        if offices is not None:
            offices.notify = self.notify_offices

    def notify(self, message_id: str) -> None:
        """Tell a worker; if the queue cannot be reached, the next sweep will."""
        try:
            self._deliver(message_id)
        except Exception as error:  # noqa: BLE001 - SQLite's or Redis's own; never the visitor's
            log.warning("The mail queue cannot be reached (%s).", type(error).__name__)

    def notify_offices(self) -> None:
        """Tell a worker that there are letters to hand over; otherwise the next sweep will."""
        try:
            self._hand_over()
        except Exception as error:  # noqa: BLE001 - SQLite's or Redis's own; never the visitor's
            log.warning("The queue cannot be reached (%s).", type(error).__name__)

    def _hand_over_due(self) -> None:
        if self.offices is not None:
            self.offices.work()

    def _deliver_one(self, message_id: str) -> None:
        self.post.deliver(message_id)

    def _sweep(self) -> None:
        self.post.sweep()
        if self.offices is not None:
            self.offices.sweep()
            self.notify_offices()

    def run(self, workers: int) -> None:
        """Work until the process is told to stop (SIGINT or SIGTERM)."""
        self._sweep()
        consumer = self.huey.create_consumer(workers=workers, periodic=True, backoff=1.15)
        consumer.run()
