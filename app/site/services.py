"""What a running site works with: settings, campaign, tables, clock and database.

Loaded once at start and shared by all threads, except that each thread has its own database
connection; the campaign is the live one. Views get it from ``services()``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from typing import Any, cast
from zoneinfo import ZoneInfo

from flask import current_app, has_request_context, request
from flask_babel.speaklater import LazyString

from app.campaign.entities import Campaign
from app.campaign.words import bill_noun
from app.congress.model import WASHINGTON, LookupFailed, StreetAnswer, as_moment, day_in_washington
from app.congress.street import GeocoderSettings, locate_street
from app.congress.tables import Tables, load_tables
from app.errors import NotStoredError
from app.records.database import Connection, local_database
from app.records.site_campaigns import SiteCampaign
from app.site.i18n import language
from app.site.live import LiveCampaign, LiveCampaigns, campaigns_of, chosen_standing, live_campaign
from app.site.rooms import Place, RoomFullError
from app.site.settings import Settings, load_settings
from app.site.tokens import FormTokens

EXTENSION = "dear_congress"
SEEN = "dear_congress.seen"
ADDRESSED = "dear_congress.addressed"
"""The campaign that a request's address begins with; unset for the start page's campaign."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@lru_cache(maxsize=16)
def _day(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()


@dataclass
class Services:
    """One site's parts. ``clock`` returns an aware UTC time; tests replace it.

    ``campaign`` and ``tables`` are current at each access.
    """

    settings: Settings
    lives: LiveCampaigns
    clock: Callable[[], datetime] = _utc_now
    then: datetime | None = None
    """The time at which the site is seen: that of a request, or one in the past (``at``). None
    to follow the clock."""
    signed: Campaign | None = None
    """The campaign in place of the live one (``with_letter``)."""

    @property
    def campaigns(self) -> tuple[SiteCampaign, ...]:
        """The site's campaigns, the start page's first."""
        return campaigns_of(self.settings)

    @property
    def standing(self) -> SiteCampaign:
        """The site's entry for the current campaign; here the one that a command was given."""
        return chosen_standing(self.settings)

    @property
    def slug(self) -> str:
        """The name of the current campaign."""
        return self.standing.slug

    @property
    def live(self) -> LiveCampaign:
        """The current campaign's live texts."""
        return self.lives.of(self.slug)

    @property
    def campaign(self) -> Campaign:
        """The live campaign."""
        if self.signed is not None:
            return self.signed
        try:
            standing = self.standing
            return self.lives.of(standing.slug).now(self.db(), standing.changes)
        except NotStoredError:
            # Pages that need no database still work without one.
            return self.live.last_good

    @property
    def tables(self) -> Tables:
        """The tables in force now. Raises ``TablesError``."""
        return load_tables(self.settings.instance, self.now())

    def locate_street(self, street: str, city: str, state: str | None, zip5: str) -> StreetAnswer:
        """``congress.locate_street`` in its room. While a geocoder hangs, later callers get
        ``LookupFailed("busy")`` at once and fall back to the ZIP."""
        try:
            with Place(self.settings.instance, "street"):
                geocoder = geocoder_of(self.settings)
                return locate_street(
                    street, city, state, zip5, geocoder=geocoder, tables=self.tables
                )
        except RoomFullError:
            return LookupFailed("busy")

    @cached_property
    def tokens(self) -> FormTokens:
        return FormTokens(self.settings.secret_key, self.settings.form_minutes, self.timer)

    def timer(self) -> float:
        """Seconds on a monotonic timer, for measuring durations.

        All processes of a machine share it, and setting the clock does not move it. A clock that
        replaces the real one is used instead.
        """
        return time.monotonic() if self.clock is _utc_now else self.clock().timestamp()

    def now(self) -> datetime:
        """The current time, aware UTC; on a rehearsal date, noon of that day in Washington."""
        return self.then or moment_of_site(self.settings, self.clock)

    def at(self, moment: datetime) -> Services:
        """The same site as of ``moment``, to recompose what was signed then."""
        then = copy(self)
        then.then = moment
        then.__dict__.pop("tables", None)
        return then

    def with_letter(self, letter: str) -> Services:
        """The same site with a letter that was retired after people had signed it."""
        then = copy(self)
        then.signed = self.live.with_letter(self.db(), self.campaign, letter)
        then.__dict__.pop("campaign", None)
        return then

    def today(self) -> date:
        """Today in the campaign's time zone, which decides stages, dates and counts."""
        return _day(self.now(), self.campaign.timezone)

    def writing_day(self) -> date:
        """Today, for letters and for what pages say about the bill.

        A Congress ends at noon. On the morning of that day, which may be the next day in the
        campaign's time zone, this returns the day's first minute (a ``datetime``) rather than the
        day, so that letters still address a sitting Congress.
        """
        day, ends = self.today(), self.campaign.ends
        if self.now() < ends <= as_moment(day):
            last = day_in_washington(ends)
            return datetime(last.year, last.month, last.day, tzinfo=WASHINGTON)
        return day

    def days_left(self) -> int:
        """Days in Washington until the campaign's Congress ends; 0 all that day, then negative."""
        return (self.campaign.ends.date() - day_in_washington(self.now())).days

    @property
    def confirm_email(self) -> bool:
        """Whether a signature must be confirmed by email; the campaign overrides the site."""
        own = self.campaign.confirm_email
        return self.settings.confirm_email if own is None else own

    def db(self) -> Connection:
        """This thread's connection; a forked worker never uses its parent's."""
        return local_database(self.settings.database)


@dataclass
class _InRequest(Services):
    """The site as one request sees it, at one point in time. The next request sees what is
    published or refreshed meanwhile."""

    named: str = ""
    """The campaign that the request's address begins with; empty for the start page's."""

    @cached_property
    def campaigns(self) -> tuple[SiteCampaign, ...]:
        return super().campaigns

    @cached_property
    def standing(self) -> SiteCampaign:
        here = self.campaigns
        return next((one for one in here if one.slug == self.named), here[0])

    @cached_property
    def campaign(self) -> Campaign:
        return super().campaign

    @cached_property
    def tables(self) -> Tables:
        return super().tables

    def db(self) -> Connection:
        return self._opened

    @cached_property
    def _opened(self) -> Connection:
        return super().db()


def open_services(settings: Settings, **overrides: Any) -> Services:
    """Load a site's parts from its folders. Raises ``CampaignError``."""
    lives = LiveCampaigns(settings.letters)
    lives.of(settings.campaign)
    return Services(settings=settings, lives=lives, **overrides)


def services() -> Services:
    """The services of the current request, or of a command's site."""
    environ = request.environ if has_request_context() else {}
    seen = environ.get(SEEN)
    if seen is None:
        seen = current_app.extensions.get(EXTENSION)
        if seen is None:  # a command: no site was opened
            seen = current_app.extensions[EXTENSION] = open_services(load_settings())
        if environ:
            seen = environ[SEEN] = _InRequest(
                seen.settings, seen.lives, seen.clock, seen.now(), named=environ.get(ADDRESSED, "")
            )
    return cast(Services, seen)


def measure() -> str:
    """What the campaign is about, in the page's language: a ``bill`` or a ``resolution``."""
    return bill_noun(services().campaign.main_bill.number, language())


MEASURE = LazyString(measure)
"""The same, looked up when a page prints it: for texts that are made before there is a request."""


def geocoder_of(settings: Settings) -> GeocoderSettings:
    """The operator's choice of geocoder, with its vintage for each Congress's lines."""
    return GeocoderSettings(
        provider=settings.geocoder_provider,
        url=settings.geocoder_url,
        vintages={119: settings.geocoder_vintage, 120: settings.geocoder_new_vintage},
        timeout=settings.geocoder_timeout,
    )


def moment_of_site(settings: Settings, clock: Callable[[], datetime] = _utc_now) -> datetime:
    """A site's current time: noon in Washington on its rehearsal day, otherwise now."""
    return as_moment(date.fromisoformat(settings.today)) if settings.today else clock()


def today_of_site(settings: Settings, campaign: Campaign) -> date:
    """Today in the campaign's time zone."""
    return moment_of_site(settings).astimezone(ZoneInfo(campaign.timezone)).date()


def campaign_and_tables(settings: Settings) -> tuple[Campaign, Tables]:
    """The live campaign and the current tables, for a command that opens no site. Raises
    ``CampaignError`` and ``TablesError``."""
    return live_campaign(settings), load_tables(settings.instance, moment_of_site(settings))
