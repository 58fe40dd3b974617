"""Readiness, the doctor's check by way of the public address, and metrics for a monitor.

Every process counts into its own files in ``instance/metrics/``; one process adds them up and
serves them at a separate address, for the operator. No label names a person, a place or a path: a
page is one of a few ``PARTS``. Where ``metrics`` is not set, nothing is counted and the library is
not loaded.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from app.congress.model import TablesError
from app.congress.tables import load_tables
from app.errors import NotStoredError
from app.files import write_file
from app.records.counts import totals
from app.records.database import local_database
from app.records.health import try_to_write
from app.records.outbound import Outbound
from app.site import rooms
from app.site.live import chosen_campaign
from app.site.services import moment_of_site
from app.site.settings import KEY_FILES, Settings

if TYPE_CHECKING:
    from prometheus_client import Counter, Histogram
    from prometheus_client.metrics_core import Metric

log = logging.getLogger("dear_congress")

PARTS = ("signing", "resident", "public", "organizer", "static", "other")
"""Parts of the site, as labels. ``signing`` is the press of the Sign button."""
LEAST_FREE = 32 * 1024 * 1024
"""Free bytes on disk below which a signature may no longer fit."""
LOCK_SECONDS = 1.0
"""How long a readiness check waits for the write lock."""


# --- Ready -------------------------------------------------------------------------------------


def unready(settings: Settings) -> str:
    """Why no signature can be taken now, in a word or two; empty if one can.

    Tries a write and rolls it back.
    """
    try:
        if shutil.disk_usage(settings.instance).free < LEAST_FREE:
            return "disk full"
        try_to_write(local_database(settings.database), wait=LOCK_SECONDS)
        load_tables(settings.instance, moment_of_site(settings))
    except (NotStoredError, OSError):
        return "database"
    except TablesError:
        return "tables of members"
    return ""


# --- Asked through the public address ----------------------------------------------------------


_WORD = re.compile(r"[A-Za-z0-9_-]{22}")


@contextmanager
def question(instance: Path) -> Iterator[str]:
    """A random word that only the running site of this folder recognizes, and only within the
    block: ``is_question`` looks for a file there with that name. Several can ask at once."""
    word = secrets.token_urlsafe(16)
    file = instance / f"asked-{word}"
    write_file(file, "")
    try:
        yield word
    finally:
        file.unlink(missing_ok=True)


def is_question(instance: Path, word: str) -> bool:
    """Whether ``word`` comes from a ``question`` about this site's folder that is open now."""
    return bool(_WORD.fullmatch(word)) and (instance / f"asked-{word}").is_file()


# --- Numbers -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Meters:
    """The metrics that each process counts."""

    answers: Counter
    seconds: Histogram
    full: Counter

    def note(self, part: str, status: int, began: float) -> None:
        """Count a response of ``part`` to a request that began at ``began`` (``perf_counter``)."""
        self.answers.labels(part, f"{status // 100}xx").inc()
        self.seconds.labels(part).observe(time.perf_counter() - began)


meters: Meters | None = None
"""None where nothing is counted."""


def begin_counting(settings: Settings) -> None:
    """Start counting in this process and its children. Call before forking."""
    global meters  # noqa: PLW0603 - one for each process
    folder = settings.instance / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    from prometheus_client import Counter, Histogram

    made = Meters(
        Counter("dear_congress_answers", "Responses, by part of the site.", ("part", "status")),
        Histogram(
            "dear_congress_answer_seconds", "How long responses took.", ("part",),
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
        ),
        Counter("dear_congress_rooms_full", "Requests that found a room full.", ("room",)),
    )  # fmt: skip
    rooms.full_at = lambda name: made.full.labels(name).inc()
    meters = made


def serve_numbers(settings: Settings) -> None:
    """Serve the metrics of all processes at the address in ``metrics``, forever."""
    from prometheus_client import CollectorRegistry, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(_SiteGauges(settings))
    host, _, port = settings.metrics.rpartition(":")
    start_http_server(int(port), host.strip("[]"), registry)
    log.info("Metrics for Prometheus are served at http://%s/metrics", settings.metrics)
    threading.Event().wait()


class _SiteGauges:
    """Gauges read from the site at each scrape."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        def one(name: str, meaning: str, value: float) -> Metric:
            return GaugeMetricFamily(f"dear_congress_{name}", meaning, value=value)

        settings, database = self._settings, self._settings.database
        yield one("ready", "Whether the site can accept a signature.", not unready(settings))
        free = shutil.disk_usage(settings.instance).free
        yield one("disk_free_bytes", "Free space on the disk of the database.", free)
        for name, path in (("database", database), ("log", Path(f"{database}-wal"))):
            size = path.stat().st_size if path.exists() else 0
            yield one(f"{name}_bytes", f"Size of the {name}.", size)
        keys = sum((settings.instance / name).exists() for name in KEY_FILES)
        yield one("keys", "Key files present; a complete site has two.", keys)
        try:
            counted = totals(local_database(database), chosen_campaign(settings))
            queue = Outbound(database, settings.secret_key)
            waiting = queue.numbers()
            stuck = queue.stuck(datetime.now(UTC), longer_than=timedelta(hours=1))
        except NotStoredError:
            return
        said = "Counted signatures of the campaign on the start page."
        yield one("signatures", said, counted.signatures)
        yield one("letters", "Their letters.", counted.letters)
        for state in ("queued", "deferred", "failed"):
            yield one(f"mail_{state}", f"Messages that are {state}.", waiting.get(state, 0))
        yield one("mail_stuck", "Messages that have been stuck for an hour.", len(stuck))
