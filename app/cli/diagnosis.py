"""The input and the result of a ``flask doctor`` check.

Each part of the site is loaded when a check asks for it, so a broken part is one finding and the
other checks still run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal, TypeVar

from app.congress.model import WASHINGTON
from app.records.backup import notes
from app.records.database import Connection, open_database
from app.site.settings import Settings

if TYPE_CHECKING:
    from app.campaign.entities import Campaign
    from app.congress.tables import Tables

Level = Literal["ok", "warn", "fail"]
Answer = TypeVar("Answer")
STATUS: dict[Level, int] = {"ok": 0, "warn": 1, "fail": 2}
"""Exit statuses, as monitors expect them."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """``fail`` means that a promise is broken; ``warn`` that the operator should act."""

    level: Level
    sentence: str


ok, warn, fail = (partial(Diagnosis, level) for level in STATUS)


@dataclass(frozen=True)
class Site:
    """The site under examination."""

    settings: Settings
    now: datetime

    def ask(self, question: Callable[[Connection], Answer]) -> Answer:
        """Run ``question`` on a connection to the database."""
        with closing(open_database(self.settings.database)) as db:
            return question(db)

    @property
    def today(self) -> date:
        """The day in Washington, or the rehearsal day."""
        day = self.settings.today
        return date.fromisoformat(day) if day else self.now.astimezone(WASHINGTON).date()

    @cached_property
    def tables(self) -> Tables:
        from app.congress.tables import load_tables
        from app.site.services import moment_of_site

        moment = moment_of_site(self.settings, lambda: self.now)
        return load_tables(self.settings.instance, moment)

    @cached_property
    def campaign(self) -> Campaign:
        from app.site.live import live_campaign

        return live_campaign(self.settings)

    def noted(self, what: str) -> tuple[datetime, Mapping[str, str]] | None:
        """When ``what`` (a copy, a drill, a copy of keys) was last done, and its noted facts."""
        facts = notes(self.settings.instance).get(what, {})
        try:
            return datetime.fromisoformat(facts["at"]), facts
        except (KeyError, ValueError, TypeError):
            return None


Check = Callable[[Site], Diagnosis]
