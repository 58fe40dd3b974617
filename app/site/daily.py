"""The purge that a running site does by itself, once a day, whoever of its workers comes first."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from contextlib import closing
from datetime import UTC, date, datetime

import click

from app.campaign import CampaignError
from app.records.database import NotStoredError, open_database
from app.records.paper import paper_lock, undo_interrupted
from app.records.retention import Policy, purge_and_note
from app.site.live import live_campaign
from app.site.settings import Settings

log = logging.getLogger("dear_congress")

DAILY = "daily job"
"""Who acted, in the audit trail."""
EVERY = 24 * 3600
LOOK_EVERY = 3600.0
"""Seconds between two looks whether a day has passed."""


def policy_of(settings: Settings) -> Policy:
    """How long this site keeps things, with the end of each campaign that it has.

    Raises ``ClickException`` when a campaign cannot be read: a typing mistake in a file must
    not make details end early.
    """
    ends: dict[str, date] = {}
    for file in sorted(settings.letters.glob("*/campaign.toml")):
        try:
            campaign = live_campaign(settings, file.parent.name)
        except CampaignError as error:
            raise click.ClickException(
                f"{error}\nUntil this is put right, nothing is purged, because it is not known "
                "when the campaign ends."
            ) from None
        ends[campaign.slug] = campaign.ends.date()
    return Policy(
        sealed=settings.keep_sealed_days,
        letters=settings.keep_letters_days,
        audit=settings.keep_audit_days,
        mail=settings.keep_mail_days,
        logs=settings.keep_log_days,
        ends=ends,
    )


def purge_if_due(settings: Settings, now: datetime) -> bool:
    """Purge unless that was done within the last day; True when it was done now.

    The time of the last purge is the time of the file ``instance/purged``. Workers that look
    at the same moment wait for each other, and only the first purges. What goes wrong is
    logged in a sentence and tried again at the next look.
    """
    path = settings.instance / "purged"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        last = os.fstat(descriptor)
        if last.st_size and now.timestamp() - last.st_mtime < EVERY:
            return False
        with closing(open_database(settings.database)) as db:
            policy = policy_of(settings)
            purge_and_note(db, now, policy, who=DAILY, instance=settings.instance)
        os.pwrite(descriptor, b"The time of this file is the time of the last purge.\n", 0)
        os.utime(path, (now.timestamp(), now.timestamp()))
        return True
    except (click.ClickException, NotStoredError, OSError) as error:
        log.error("The daily purge did not run: %s", getattr(error, "message", error))
        return False
    finally:
        os.close(descriptor)


def undo_killed_import(settings: Settings) -> int:
    """Remove what an import of paper signatures left when it was killed; returns how many."""
    try:
        with closing(open_database(settings.database)) as db:
            removed = undo_interrupted(db, paper_lock(settings.instance))
    except (NotStoredError, OSError) as error:
        log.error("An unfinished import could not be removed: %s", type(error).__name__)
        return 0
    if removed:
        log.warning("An import of paper signatures was broken off; %d were removed.", removed)
    return removed


def start_purging(settings: Settings) -> threading.Thread:
    """Look every hour, in a thread of this process that ends with it."""

    def look() -> None:
        pause = threading.Event()
        while True:
            purge_if_due(settings, datetime.now(UTC))
            undo_killed_import(settings)
            pause.wait(LOOK_EVERY)

    thread = threading.Thread(target=look, name="daily purge", daemon=True)
    thread.start()
    return thread
