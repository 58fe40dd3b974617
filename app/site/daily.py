"""A running site's daily jobs, each done by the first worker to find it due.

These are the purge, a copy to the operator's backup folder, and fetching the list of members where
that is turned on. The same loop sends alerts to organizers.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from app.campaign.problems import CampaignError
from app.congress.refresh import RefreshError, fetch_and_refresh
from app.errors import ExplainedError, NotStoredError
from app.files import locked
from app.records.audit import Actor
from app.records.database import local_database, open_database
from app.records.paper import paper_lock, undo_interrupted
from app.records.retention import Policy, purge
from app.records.site_campaigns import campaigns_here
from app.records.workshop import states
from app.site.alerts import send_alerts
from app.site.backups import take_copy
from app.site.live import live_campaign
from app.site.quiet import where
from app.site.settings import Settings

log = logging.getLogger("dear_congress")

DAILY = "daily job"
"""The actor in the audit trail."""
DAY_SECONDS = 24 * 3600
LOOK_SECONDS = 3600.0
"""How often to check whether a day has passed."""


def policy_of(settings: Settings) -> Policy:
    """The site's retention times, with the end of each of its campaigns.

    Raises ``ExplainedError`` if a campaign cannot be read: a typo in a file must not delete
    details early.
    """
    ends: dict[str, date] = {}
    slugs = {file.parent.name for file in settings.letters.glob("*/campaign.toml")}
    if settings.database.is_file():
        db = local_database(settings.database)
        here = {one.slug for one in campaigns_here(db, settings.campaign)}
        # campaigns_here always has the start page's, even without any file or row of it.
        slugs |= here if states(db, settings.campaign) else here - {settings.campaign}
    for slug in sorted(slugs):
        try:
            campaign = live_campaign(settings, slug)
        except CampaignError as error:
            raise ExplainedError(
                f"{error}\nUntil this is fixed nothing is purged, because the end of the "
                "campaign is unknown."
            ) from None
        ends[campaign.slug] = campaign.ends.date()
    return Policy(
        sealed=settings.keep_sealed_days,
        letters=settings.keep_letters_days,
        audit=settings.keep_audit_days,
        mail=settings.keep_mail_days,
        logs=settings.keep_log_days,
        copies=settings.keep_backup_days,
        ends=ends,
    )


def purge_if_due(settings: Settings, now: datetime) -> bool:
    """Purge unless that was done within the last day; True if it was done now."""

    def work() -> None:
        with closing(open_database(settings.database)) as db:
            purge(Actor(db, DAILY, now), policy_of(settings), settings.instance)

    return _once_a_day(settings.instance / "purged", now, work, "The daily purge did not run: %s")


def _once_a_day(path: Path, now: datetime, work: Callable[[], None], wrong: str) -> bool:
    """Do ``work`` unless it was done within the last day; True if it was done now.

    The modification time of ``path`` is when it was last done. Concurrent workers wait for each
    other, and only the first does the work. A failure is logged (``wrong``) and retried at the
    next look.
    """
    try:
        with locked(path) as descriptor:
            last = os.fstat(descriptor)
            # A time far in the future was recorded by a clock that was ahead.
            if last.st_size and abs(now.timestamp() - last.st_mtime) < DAY_SECONDS:
                return False
            work()
            os.pwrite(descriptor, b"The modification time of this file is when this last ran.\n", 0)
            os.utime(path, (now.timestamp(), now.timestamp()))
            return True
    except (ExplainedError, OSError) as error:
        log.error(wrong, error)
        return False


Fetch = Callable[[str, str, Path, datetime], None]


def refresh_if_due(settings: Settings, now: datetime, fetch: Fetch | None = None) -> bool:
    """Fetch the list of members once a day, where the operator turned that on.

    True if it was tried now. A list that was rejected or unreachable is fetched again the next
    day; the reason is in the note that ``congress.refresh.refreshed`` reads.
    """
    if not settings.congress_refresh:
        return False
    work = fetch or _fetch_in_subprocess

    def refresh() -> None:
        work(settings.congress_source, settings.lines_source, settings.instance, now)

    wrong = "The list of members was not fetched: %s"
    return _once_a_day(settings.instance / "members-fetched", now, refresh, wrong)


def fetch_members(source: str, lines: str, instance: Path, now: datetime) -> None:
    """Fetch and install the list of members and newer lines; logs what is rejected."""
    try:
        changes = fetch_and_refresh(source, instance, now=now, lines=lines)
    except RefreshError as error:
        log.warning("The list of members was not changed. %s", error)
        return
    if not changes.nothing:
        log.info("The list of members is now of %s.", changes.after)


def _fetch_in_subprocess(source: str, lines: str, instance: Path, now: datetime) -> None:
    """``fetch_members`` in a subprocess, since reading the lists takes seconds of CPU time."""
    process = multiprocessing.get_context("spawn").Process(
        target=fetch_members, args=(source, lines, instance, now), name="members"
    )
    process.start()
    process.join()


def copy_if_due(settings: Settings, now: datetime) -> bool:
    """Take a copy once a day if the operator named a folder; True if it was taken now."""
    if not settings.backup_folder:
        return False

    def copy() -> None:
        take_copy(settings, Path(settings.backup_folder).expanduser(), now)

    return _once_a_day(settings.instance / "copied", now, copy, "No copy was made today: %s")


def undo_killed_import(settings: Settings) -> int:
    """Remove what a killed import of paper signatures left; returns how many signatures."""
    try:
        with closing(open_database(settings.database)) as db:
            removed = undo_interrupted(db, paper_lock(settings.instance))
    except (NotStoredError, OSError) as error:
        log.error("An unfinished import could not be removed: %s", type(error).__name__)
        return 0
    if removed:
        log.warning(
            "An import of paper signatures was interrupted; its %d signatures were removed.",
            removed,
        )
    return removed


def start_daily_jobs(settings: Settings) -> threading.Thread:
    """Run the daily jobs from a daemon thread that looks every hour."""

    def look() -> None:
        pause = threading.Event()
        while True:
            now = datetime.now(UTC)
            for job in (
                partial(purge_if_due, settings, now),
                partial(copy_if_due, settings, now),
                partial(undo_killed_import, settings),
                partial(refresh_if_due, settings, now),
                partial(send_alerts, settings, now),
            ):
                try:
                    job()
                except Exception as error:  # noqa: BLE001 - the thread must live on
                    log.error("A daily job failed and will be tried again: %s", where(error))
            pause.wait(LOOK_SECONDS)

    thread = threading.Thread(target=look, name="daily purge", daemon=True)
    thread.start()
    return thread
