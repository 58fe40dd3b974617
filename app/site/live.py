"""The live campaign, current in every worker from its next request.

The files of the campaign's folder are read when the site starts. What organizers publish is in
the database with a counter; when the counter has changed, the whole campaign is reread from one
snapshot of the database. A request sees the same campaign from start to finish.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from app.campaign.entities import Campaign
from app.campaign.letter_file import read_name
from app.campaign.load import read_campaign, read_files
from app.campaign.problems import CampaignError, Message, Problem
from app.errors import NotStoredError
from app.records.database import Connection, local_database
from app.records.site_campaigns import SiteCampaign, campaigns_here
from app.records.workshop import LiveFiles, change_counter, live_files, remember_versions, states
from app.site.settings import Settings

log = logging.getLogger("dear_congress.letters")


class LiveCampaign:
    """What residents see. Raises ``CampaignError`` if the folder itself cannot be read.

    If live texts cannot be read (for example, another version of the program published them),
    the last readable ones stay, and the log says why.
    """

    def __init__(self, folder: Path) -> None:
        self.slug = folder.name
        self.folder = read_files(folder)
        """The texts in the campaign's folder: the first version of each. Empty for a campaign
        made in the browser."""
        self._good = read_campaign(self.slug, self.folder) if self.folder else None
        self._files = LiveFiles(-1, self.folder)
        self.unreadable = False
        """Whether the live texts could not be read and residents see earlier ones."""
        self._lock = threading.Lock()

    @property
    def last_good(self) -> Campaign:
        """The campaign as last read, without a query.

        Raises ``CampaignError`` if it was never readable.
        """
        return self._good or read_campaign(self.slug, self.folder)

    def now(self, db: Connection, changes: int | None = None) -> Campaign:
        """The live campaign. Costs one cheap query if nothing was published, or none if the
        caller passes the counter (``SiteCampaign.changes``)."""
        try:
            if changes is None:
                changes = change_counter(db, self.slug)
            if changes != self._files.counter:
                with self._lock:
                    self._read(db)
        except NotStoredError as error:
            log.error(
                "The live letters could not be looked up; the previous ones stay in use: %s", error
            )
        return self.last_good

    def files(self, db: Connection) -> LiveFiles:
        """The current live texts by name, with their counter."""
        return live_files(db, self.slug, self.folder)

    def with_letter(self, db: Connection, campaign: Campaign, letter: str) -> Campaign:
        """``campaign`` with the texts of a retired letter; unchanged if it has none to use."""
        retired = {
            name: state.current.source
            for name, state in states(db, self.slug).items()
            if state.retired and state.current and (kind := read_name(name)) and kind.id == letter
        }
        with suppress(CampaignError):
            return read_campaign(self.slug, {**self.files(db).files, **retired})
        return campaign

    def _read(self, db: Connection) -> None:
        found = self.files(db)
        if found.counter == self._files.counter:
            return
        try:
            same = found.files == self.folder and self._files.counter == -1
            campaign = self.last_good if same else read_campaign(self.slug, found.files)
        except CampaignError as error:
            log.critical(
                "The live letters cannot be read, so residents still see the last good ones. "
                "Publish corrected texts under /organize/letters/. The problems:\n%s",
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
    """The campaigns of one site, each read on first use. Shared by all threads."""

    def __init__(self, letters: Path) -> None:
        self._letters = letters
        self._known: dict[str, LiveCampaign] = {}
        self._lock = threading.Lock()

    def of(self, slug: str) -> LiveCampaign:
        """The campaign with this name. Raises ``CampaignError``."""
        with self._lock:
            if slug not in self._known:
                self._known[slug] = LiveCampaign(self._letters / slug)
            return self._known[slug]


CHOSEN: ContextVar[str] = ContextVar("the campaign that a command works on", default="")


def chosen_campaign(settings: Settings) -> str:
    """The campaign that a command works on: the named one, otherwise the start page's."""
    return chosen_standing(settings).slug


def chosen_standing(settings: Settings) -> SiteCampaign:
    """The site's entry for that campaign."""
    named, here = CHOSEN.get(), campaigns_of(settings)
    # A campaign that is only a folder, as on an organizer's own computer, has no entry.
    folder_only = SiteCampaign(named, "preparing") if named else here[0]
    return next((one for one in here if one.slug == named), folder_only)


def campaigns_of(settings: Settings) -> tuple[SiteCampaign, ...]:
    """A site's campaigns, the start page's first; only that one if there is no usable database."""
    if settings.database.is_file():
        with suppress(NotStoredError):
            return campaigns_here(local_database(settings.database), settings.campaign)
    return (SiteCampaign(settings.campaign, starts=True),)


@contextmanager
def choosing(slug: str) -> Iterator[None]:
    """Work on this campaign within the block, unless a command has named one."""
    token = CHOSEN.set(CHOSEN.get() or slug)
    try:
        yield
    finally:
        CHOSEN.reset(token)


def live_campaign(settings: Settings, slug: str = "") -> Campaign:
    """The campaign ``slug``, or the one that a command works on, with its live texts.

    Without a database, the texts are those in its folder. Raises ``CampaignError`` if the texts
    or the database cannot be read.
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
