"""Checking a campaign's texts for the whole Congress, once for the same texts.

Looking at a draft, publishing it and looking again ask the same; the check takes a second for a
letter and two for a campaign, so each process keeps its last answers. It is done apart, so that
pages go on meanwhile, and whoever waits for it sees how far it is.
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
from app.web.organizer.show import Steps, working

Texts = tuple[tuple[str, str], ...]
"""The files of a campaign, by name and in its order: the same texts are the same key."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a campaign of these texts would be like; None where it cannot be read at all."""

    campaign: Campaign | None
    problems: tuple[Problem, ...]
    seats: int = 0
    letters: int = 0

    @property
    def must(self) -> tuple[Problem, ...]:
        """What keeps it from being published."""
        return tuple(p for p in self.problems if p.level == "must")

    @property
    def should(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.level == "should")

    def by_level(self) -> list[tuple[Level, list[Problem], list[Problem]]]:
        """The levels that have any, the worst first: what is in the letter's own texts, and what
        is in the campaign's, which whoever writes a letter may not be the one to fix."""
        groups = []
        for level in LEVELS:
            found = [p for p in self.problems if p.level == level]
            if found:
                shared = [p for p in found if p.file == FILE]
                groups.append((level, [p for p in found if p.file != FILE], shared))
        return groups

    def template(self, letter_id: str, length: Length) -> LetterTemplate | None:
        """The letter in one of its lengths; None if it has none or cannot be read."""
        return self.campaign.templates.get((letter_id, length)) if self.campaign else None


def check_files(site: Services, files: Mapping[str, str], letter_id: str = "") -> Checked:
    """Read a campaign's texts, and compose each letter for every seat at every moment.

    With ``letter_id`` only that letter is composed. Takes seconds; for the same texts once more
    none. Raises ``RoomFullError`` when others are being checked.
    """
    key = (site.live.slug, texts_of(files), letter_id, site.tables)
    known = _known(key)
    if known is None:
        with room("checks"):
            for _done in _checking(key):
                pass
        known = _kept[key]
    return known


def with_check(
    files: Mapping[str, str], letter_id: str, title: str, then: Callable[[Checked], Response]
) -> Response:
    """The page that ``then`` makes of a check. Where a page was asked for and the check is not
    done yet, its progress comes first. Raises ``RoomFullError`` like ``check_files``.
    """
    site = services()
    key = (site.live.slug, texts_of(files), letter_id, site.tables)
    known = _known(key)
    if known is not None or request.method != "GET":
        return then(check_files(site, files, letter_id))
    place = room("checks")
    response = working(title, _told(key, place, then))
    response.call_on_close(place.leave)
    return response


def _told(key: _Key, place: Place, then: Callable[[Checked], Response]) -> Steps:
    with place:
        for done in _checking(key):
            yield _("Read to %(done)d of %(all)d seats.", done=done, all=len(key[3].holders))
    yield then(_kept[key])


def read(slug: str, files: Mapping[str, str]) -> Checked:
    """Read a campaign's texts without composing anything."""
    return _read(slug, texts_of(files))


def texts_of(files: Mapping[str, str]) -> Texts:
    """The files as a key."""
    return tuple(sorted(files.items()))


@lru_cache(maxsize=8)
def _read(slug: str, texts: Texts) -> Checked:
    try:
        return Checked(read_campaign(slug, dict(texts)), ())
    except CampaignError as error:
        return Checked(None, error.problems)


_Key = tuple[str, Texts, str, Tables]
"""Campaign, texts, the letter's id or nothing for all, members."""
KEPT = 16
_kept: dict[_Key, Checked] = {}


def _known(key: _Key) -> Checked | None:
    """What is known of these texts without reading a letter."""
    slug, texts, letter_id, _tables = key
    found = _read(slug, texts)
    if found.campaign is None:
        return found
    if letter_id and not any(key[0] == letter_id for key in found.campaign.templates):
        missing = Problem(f"{letter_id}.txt", 0, Message.of("no-english-text"))
        return Checked(found.campaign, (missing,))
    return _kept.get(key)


def _checking(key: _Key) -> Iterator[int]:
    """Have the check done apart and keep what it found. Gives the seats that were read so far."""
    slug, texts, letter_id, tables = key
    for found in pieces_from_subprocess(
        check_in_subprocess, slug, texts, letter_id, holders=tables.holders
    ):
        if isinstance(found, Report):
            campaign = _read(slug, texts).campaign
            _kept[key] = Checked(campaign, found.problems, found.seats, found.letters)
            while len(_kept) > KEPT:
                _kept.pop(next(iter(_kept)), None)
        else:
            yield found


def ask_moves(site: Services, checked: Checked) -> tuple[AskMove, ...]:
    """How many members are asked what today, as it is and as these texts would have it."""
    if checked.campaign is None:
        return ()
    return compare_asks(site.campaign, checked.campaign, site.tables.holders, site.today())
