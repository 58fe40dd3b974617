"""Checking a campaign's texts for every member of Congress, with a cache.

Viewing a draft, publishing it and viewing it again need the same check, which takes a second for a
letter and two for a campaign, so each process caches its last results. The check runs in a
subprocess, so other pages are served meanwhile, and the page that waits for it shows its progress.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from flask import request
from werkzeug.wrappers import Response

from app.campaign.asks import AskMove, compare_asks
from app.campaign.campaign_file import FILE
from app.campaign.check import Report, check_in_subprocess
from app.campaign.entities import Campaign, Length, LetterTemplate
from app.campaign.load import read_campaign
from app.campaign.problems import LEVELS, CampaignError, Level, Message, Problem
from app.congress.tables import Tables
from app.site.i18n import gettext as _
from app.site.rooms import Place, pieces_from_subprocess
from app.site.services import Services, services
from app.web.limits import room
from app.web.organizer.show import Steps, progress_page

Texts = tuple[tuple[str, str], ...]
"""The files of a campaign as pairs of name and text, sorted by name: a hashable key."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a check. ``campaign`` is None if the texts cannot be read at all."""

    campaign: Campaign | None
    problems: tuple[Problem, ...]
    seats: int = 0
    letters: int = 0

    @property
    def must(self) -> tuple[Problem, ...]:
        """The problems that prevent publishing."""
        return tuple(p for p in self.problems if p.level == "must")

    @property
    def should(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.level == "should")

    def by_level(self) -> list[tuple[Level, list[Problem], list[Problem]]]:
        """The levels that have problems, worst first, each with those in the letters' files and
        those in the campaign's file, which a letter's writer may not be the one to fix."""
        groups = []
        for level in LEVELS:
            found = [p for p in self.problems if p.level == level]
            if found:
                shared = [p for p in found if p.file == FILE]
                groups.append((level, [p for p in found if p.file != FILE], shared))
        return groups

    def template(self, letter_id: str, length: Length) -> LetterTemplate | None:
        """The letter in this length; None if it does not exist or the campaign is unreadable."""
        return self.campaign.templates.get((letter_id, length)) if self.campaign else None


def check_files(site: Services, files: Mapping[str, str], letter_id: str = "") -> Checked:
    """Read a campaign's texts, and compose each letter for every seat at every moment.

    With ``letter_id`` only that letter is composed. Takes seconds unless the result is cached.
    Raises ``RoomFullError`` if too many checks are running.
    """
    key = (site.live.slug, texts_of(files), letter_id, site.tables)
    checked = _cached(key)
    if checked is not None:
        return checked
    with room("checks"):
        return next(found for found in _run_check(key) if isinstance(found, Checked))


def with_check(
    files: Mapping[str, str], letter_id: str, title: str, then: Callable[[Checked], Response]
) -> Response:
    """The page that ``then`` makes of a check. A GET whose check is not cached streams the check's
    progress first. Raises ``RoomFullError`` like ``check_files``.
    """
    site = services()
    key = (site.live.slug, texts_of(files), letter_id, site.tables)
    checked = _cached(key)
    if checked is not None or request.method != "GET":
        return then(check_files(site, files, letter_id))
    place = room("checks")
    response = progress_page(title, _check_steps(key, place, then))
    response.call_on_close(place.leave)
    return response


def _check_steps(key: _Key, place: Place, then: Callable[[Checked], Response]) -> Steps:
    with place:
        for found in _run_check(key):
            if isinstance(found, Checked):
                place.leave()
                yield then(found)
            else:
                yield _("Read to %(done)d of %(all)d seats.", done=found, all=len(key[3].holders))


def read(slug: str, files: Mapping[str, str]) -> Checked:
    """Read a campaign's texts without composing anything."""
    return _read(slug, texts_of(files))


def texts_of(files: Mapping[str, str]) -> Texts:
    """The files as a hashable key."""
    return tuple(sorted(files.items()))


@lru_cache(maxsize=8)
def _read(slug: str, texts: Texts) -> Checked:
    try:
        return Checked(read_campaign(slug, dict(texts)), ())
    except CampaignError as error:
        return Checked(None, error.problems)


_Key = tuple[str, Texts, str, Tables]
"""Campaign, texts, a letter's id (empty for all letters), members."""
CACHE_SIZE = 16
_cache: dict[_Key, Checked] = {}


def _cached(key: _Key) -> Checked | None:
    """The result if it needs no composing or is cached; otherwise None."""
    slug, texts, letter_id, _tables = key
    found = _read(slug, texts)
    if found.campaign is None:
        return found
    if letter_id and not any(key[0] == letter_id for key in found.campaign.templates):
        missing = Problem(f"{letter_id}.txt", 0, Message.of("no-english-text"))
        return Checked(found.campaign, (missing,))
    return _cache.get(key)


def _run_check(key: _Key) -> Iterator[int | Checked]:
    """Run the check in a subprocess and cache its result. Yields how many seats are done, as it
    goes, and last the result, which another thread may already have dropped from the cache."""
    slug, texts, letter_id, tables = key
    for found in pieces_from_subprocess(
        check_in_subprocess, slug, texts, letter_id, holders=tables.holders
    ):
        if isinstance(found, Report):
            campaign = _read(slug, texts).campaign
            checked = Checked(campaign, found.problems, found.seats, found.letters)
            _cache[key] = checked
            for oldest in list(_cache)[:-CACHE_SIZE]:
                _cache.pop(oldest, None)
            yield checked
        else:
            yield found


def ask_moves(site: Services, checked: Checked) -> tuple[AskMove, ...]:
    """How many members get each ask today, as published and with these texts."""
    if checked.campaign is None:
        return ()
    return compare_asks(site.campaign, checked.campaign, site.tables.holders, site.today())
