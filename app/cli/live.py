"""The campaign as residents see it, for commands: what organizers published goes before files."""

from __future__ import annotations

from app.campaign import Campaign, CampaignError, read_campaign, read_files
from app.campaign.problems import Problem
from app.records import NotStoredError, local_database
from app.records.workshop import live_files
from app.settings import Settings


def live_campaign(settings: Settings, slug: str = "") -> Campaign:
    """The campaign ``slug``, or the site's own, with its live texts.

    Where the site has no database yet, that is what the files of its folder say. Raises
    ``CampaignError`` when the texts cannot be read, also because the database cannot.
    """
    slug = slug or settings.campaign
    files = read_files(settings.letters / slug)
    if settings.database.is_file():
        try:
            files = live_files(local_database(settings.database), slug, files).files
        except NotStoredError as error:
            raise CampaignError([Problem(settings.database.name, 0, str(error))]) from error
    return read_campaign(slug, files)
