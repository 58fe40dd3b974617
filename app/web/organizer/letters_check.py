"""Checking a letter for the whole Congress, and what that says to an organizer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from werkzeug.wrappers import Response

from app.campaign import (
    Campaign,
    CampaignError,
    LetterTemplate,
    Problem,
    check_campaign,
    read_campaign,
)
from app.campaign.campaign_file import FILE
from app.campaign.check import MOMENTS, AskGroup, Moment, survey
from app.campaign.letter_file import split_source
from app.campaign.problems import Level, Message
from app.congress import Tables
from app.site.services import services
from app.web.access import access
from app.web.organizer.letters_shelf import Shelf, ShelvedLetter, Text, letters, shelf
from app.web.organizer.show import page

LEVELS: tuple[Level, ...] = ("must", "should", "nice")


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check of one letter's drafts found. ``campaign`` is None if it cannot be read."""

    campaign: Campaign | None
    problems: tuple[Problem, ...]
    seats: int = 0
    letters: int = 0

    @property
    def must(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.level == "must")

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

    def templates(self, letter_id: str) -> tuple[LetterTemplate, ...]:
        """The letter in its lengths; empty if it cannot be read."""
        every = self.campaign.templates.values() if self.campaign else ()
        return tuple(t for t in every if t.id == letter_id)


def check_letter(slug: str, files: Mapping[str, str], letter_id: str) -> Checked:
    """Read a campaign's texts and compose one letter of it for every seat at every moment."""
    return _check(slug, tuple(sorted(files.items())), letter_id, services().tables)


def read(slug: str, files: Mapping[str, str]) -> Checked:
    """Read a campaign's texts without composing anything."""
    return _read(slug, tuple(sorted(files.items())))


@lru_cache(maxsize=8)
def _read(slug: str, files: tuple[tuple[str, str], ...]) -> Checked:
    try:
        return Checked(read_campaign(slug, dict(files)), ())
    except CampaignError as error:
        return Checked(None, error.problems)


@lru_cache(maxsize=16)
def _check(
    slug: str, files: tuple[tuple[str, str], ...], letter_id: str, tables: Tables
) -> Checked:
    found = _read(slug, files)
    if found.campaign is None:
        return found
    templates = found.templates(letter_id)
    if not templates:
        missing = Problem(f"{letter_id}.txt", 0, Message.of("no-english-text"))
        return Checked(found.campaign, (missing,))
    report = check_campaign(found.campaign, tables, templates=templates)
    return Checked(found.campaign, report.problems, report.seats, report.letters)


@lru_cache(maxsize=16)
def _survey(
    slug: str,
    files: tuple[tuple[str, str], ...],
    live: tuple[tuple[str, str], ...],
    key: tuple[str, str],
    tables: Tables,
) -> tuple[AskGroup, ...]:
    after, now = _read(slug, files), _read(slug, live)
    template = next((t for t in after.templates(key[0]) if t.length == key[1]), None)
    before = next((t for t in now.templates(key[0]) if t.length == key[1]), None)
    if after.campaign is None or template is None:
        return ()
    pair = (now.campaign, before) if now.campaign is not None and before is not None else None
    return survey(after.campaign, template, tables, before=pair)


@dataclass(frozen=True, slots=True)
class Group:
    """The seats that get one ask at one moment, for a page."""

    moment: Moment
    groups: list[AskGroup]

    @property
    def seats(self) -> int:
        return sum(group.seats for group in self.groups)

    @property
    def changed(self) -> int:
        return sum(group.changed for group in self.groups)


def by_ask(slug: str, books: Shelf, letter: ShelvedLetter, length: str) -> list[Group]:
    """What the letter says to the whole Congress, by moment and ask, and what changes."""
    files, live = (tuple(sorted(f.items())) for f in (books.with_drafts(letter), books.files))
    found: dict[Moment, list[AskGroup]] = defaultdict(list)
    for group in _survey(slug, files, live, (letter.id, length), services().tables):
        found[group.moment].append(group)
    return [Group(moment, found[moment]) for moment in MOMENTS if found[moment]]


def lengths(letter: ShelvedLetter) -> list[Text]:
    """The English texts that exist."""
    return [t for t in letter.texts.values() if not t.spanish and t.newest is not None]


def first_lines(letter: ShelvedLetter) -> dict[str, int]:
    """The line on which the words of each text begin, by file name: editors count from there."""
    parts = ((t.name, split_source(t.newest or "")) for t in letter.texts.values())
    return {name: found.words_line for name, found in parts if found is not None}


@letters.get("/<letter_id>/check")
@access("editor")
def check(letter_id: str) -> Response:
    """The check of a letter with its drafts."""
    site = services()
    books = shelf(site)
    letter = books.letter(letter_id)
    if letter is None:
        return page("no_such", 404)
    checked = check_letter(site.live.slug, books.with_drafts(letter), letter.id)
    asks = [
        (text, by_ask(site.live.slug, books, letter, text.length))
        for text in (lengths(letter) if checked.campaign else ())
    ]
    return page(
        "letters/check", letter=letter, checked=checked, asks=asks, starts=first_lines(letter)
    )
