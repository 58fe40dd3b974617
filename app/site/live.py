"""The campaign as it is live now, in every worker, within the next request.

The files of the campaign's folder are read when the site starts. What organizers publish lies
in the database beside a counter; when that has moved, the whole campaign is read anew, from
one moment of the database. A request sees one campaign from its beginning to its end.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from app.campaign.entities import Campaign
from app.campaign.load import read_campaign, read_files
from app.campaign.problems import CampaignError, Message, Problem
from app.errors import NotStoredError
from app.records.database import Connection, local_database
from app.records.site_campaigns import SiteCampaign, campaigns_here
from app.records.workshop import (
    LiveFiles,
    change_counter,
    live_files,
    remember_versions,
)
from app.site.settings import Settings

log = logging.getLogger("dear_congress.letters")


class LiveCampaign:
    """What residents see. Raises ``CampaignError`` when the folder itself cannot be read.

    When live texts cannot be read (they were published by another version of the program, say),
    the last ones that could be stay, and an operator finds out why in the log.
    """

    def __init__(self, folder: Path) -> None:
        self.slug = folder.name
        self.folder = read_files(folder)
        """The texts of the files on the disk: the first version of each. None for a campaign
        that was made in the browser."""
        self._good = read_campaign(self.slug, self.folder) if self.folder else None
        self._files = LiveFiles(-1, self.folder)
        self.unreadable = False
        """Whether the live texts could not be read, so that residents see earlier ones."""
        self._lock = threading.Lock()

    @property
    def last_good(self) -> Campaign:
        """The campaign as it was last read, without a look at the database.

        Raises ``CampaignError`` where it never could be.
        """
        return self._good or read_campaign(self.slug, self.folder)

    def now(self, db: Connection, changes: int | None = None) -> Campaign:
        """The live campaign. One cheap question to the database where nothing was published, or
        none where somebody has asked just now (``changes``, of ``SiteCampaign``)."""
        try:
            if changes is None:
                changes = change_counter(db, self.slug)
            if changes != self._files.counter:
                with self._lock:
                    self._read(db)
        except NotStoredError as error:
            log.error("The live letters could not be looked up; the last ones stay: %s", error)
        return self.last_good

    def files(self, db: Connection) -> LiveFiles:
        """The live texts by name with their counter, at this moment."""
        return live_files(db, self.slug, self.folder)

    def _read(self, db: Connection) -> None:
        found = self.files(db)
        if found.counter == self._files.counter:
            return
        try:
            same = found.files == self.folder and self._files.counter == -1
            campaign = self.last_good if same else read_campaign(self.slug, found.files)
        except CampaignError as error:
            log.critical(
                "The live letters cannot be read, so residents still see the last good ones."
                " Publish corrected texts under /organize/letters/. What is wrong:\n%s",
                error,
            )
            self._files, self.unreadable = found, True
            return
        texts = (
            (t.id, t.length, t.version, found.files[t.source_name])
            for t in campaign.templates.values()
        )
        remember_versions(db, self.slug, texts)
        self._good, self._files, self.unreadable = campaign, found, False


class LiveCampaigns:
    """Those of one site, each read when it is first asked for. Shared by all threads."""

    def __init__(self, letters: Path) -> None:
        self._letters = letters
        self._known: dict[str, LiveCampaign] = {}
        self._lock = threading.Lock()

    def of(self, slug: str) -> LiveCampaign:
        """The campaign of a name that the site has. Raises ``CampaignError``."""
        with self._lock:
            if slug not in self._known:
                self._known[slug] = LiveCampaign(self._letters / slug)
            return self._known[slug]


CHOSEN: ContextVar[str] = ContextVar("the campaign that a command works on", default="")


def chosen_campaign(settings: Settings) -> str:
    """The campaign that a command works on: the one that was named, else the start page's."""
    return chosen_standing(settings).slug


def chosen_standing(settings: Settings) -> SiteCampaign:
    """The same, and where it stands on the site."""
    named, here = CHOSEN.get(), campaigns_of(settings)
    # One that is only a folder here, such as on an organizer's own computer, has no standing.
    beside = SiteCampaign(named, "preparing") if named else here[0]
    return next((one for one in here if one.slug == named), beside)


def campaigns_of(settings: Settings) -> tuple[SiteCampaign, ...]:
    """Those of a site, that of the start page first; it alone where no database can be asked."""
    if settings.database.is_file():
        with suppress(NotStoredError):
            return campaigns_here(local_database(settings.database), settings.campaign)
    return (SiteCampaign(settings.campaign, starts=True),)


@contextmanager
def choosing(slug: str) -> Iterator[None]:
    """Let everything within work on this campaign, unless a command has named one."""
    token = CHOSEN.set(CHOSEN.get() or slug)
    try:
        yield
    finally:
        CHOSEN.reset(token)


def live_campaign(settings: Settings, slug: str = "") -> Campaign:
    """The campaign ``slug``, or the one that a command works on, with its live texts.

    Where the site has no database yet, that is what the files of its folder say. Raises
    ``CampaignError`` when the texts cannot be read, also because the database cannot.
    """
    slug = slug or chosen_campaign(settings)
    files = read_files(settings.letters / slug)
    if settings.database.is_file():
        try:
            files = live_files(local_database(settings.database), slug, files).files
        except NotStoredError as error:
            what = Message.of("database", text=str(error))
            raise CampaignError([Problem(settings.database.name, 0, what)]) from error
    return read_campaign(slug, files)
