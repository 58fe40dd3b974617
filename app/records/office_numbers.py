"""What was counted for one member of Congress, or for all of them at once.

The numbers at the top come from the tallies, so they agree with every other count; weeks,
stories, themes and towns are read from an index (``signatures_by_place``), for one or all states.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from app.campaign.entities import Campaign
from app.campaign.words import Language, said
from app.congress.model import FIRST_CONGRESS, STATES, Holder, district_key
from app.congress.places import town_key
from app.congress.tables import Tables
from app.documents.day_sheet import (
    LEAST_PEOPLE,
    MOST_THEMES,
    MOST_TOWNS,
    DaySheet,
    Facts,
    OfficeNumbers,
    day_sheet,
    monday,
)
from app.records.counts import count, count_recipients
from app.records.database import reading
from app.records.definitions import BY_TERM

STORY = 10
"""From this percentage of a person's own words on, their letters contain a personal story."""

# A district is a number of a Congress (``district_key``).
_NUMBER = "district || CASE congress WHEN 119 THEN '' ELSE '/' || congress END"
# A range, so that one state can be read through the index; '' to 'ZZ' is every state.
_WHERE = " FROM signatures WHERE campaign = ?1 AND status = 'counted' AND state BETWEEN ?2 AND ?3"
_BY = " GROUP BY 1, 2, 3"
_DAYS = f"SELECT state, {_NUMBER}, day, count(*), sum(own_share >= ?4){_WHERE}{_BY}"
_LETTERS = f"SELECT state, {_NUMBER}, template, count(*){_WHERE}{_BY}"
_TOWNS = f"SELECT state, {_NUMBER}, town, count(*){_WHERE} AND town IS NOT NULL{_BY}"


@dataclass
class _PlaceNumbers:
    """The running numbers of one district or state."""

    own_words: int = 0
    weeks: Counter[date] = field(default_factory=Counter)
    letters: Counter[str] = field(default_factory=Counter)
    towns: Counter[str] = field(default_factory=Counter)


def office_numbers(
    db: sqlite3.Connection,
    campaign: str,
    holders: Iterable[Holder],
    *,
    tables: Tables,
    towns: bool = False,
) -> list[OfficeNumbers]:
    """The numbers of each holder, in the holders' order, from one snapshot.

    A district's numbers cover the people who live in it by the lines in force at the moment of
    ``tables``, whenever they signed; for those who signed under other lines that is not known.

    Reads one state if all holders are from it, else every state. ``towns`` says whether the
    campaign keeps towns; if it no longer does, those kept earlier are not shown.
    """
    wanted = list(holders)
    states = {holder.seat.state for holder in wanted}
    only = next(iter(states)) if len(states) == 1 else ""
    with reading(db):
        signatures = {
            row.group: row.signatures
            for by in ("district", "state")
            for row in count(db, campaign, by)
        }
        recipients = count_recipients(db, campaign, tables.current_ids())
        letters = {row.group: row.letters for row in recipients}
        places = _tallies(db, campaign, only, towns=towns)
    return [
        _numbers(
            _sum([places[key] for key in keys if key in places]),
            signatures=sum(signatures.get(key, 0) for key in keys),
            earlier=sum(
                signatures.get(key, 0)
                for congress in range(FIRST_CONGRESS, tables.congress + 1)
                if (key := district_key(holder.seat.id, congress)) not in keys
            ),
            letters=letters.get(holder.member.bioguide, 0) if holder.member else 0,
            towns=towns,
        )
        for holder in wanted
        for keys in [tables.counted_as(holder.seat)]
    ]


def _sum(places: list[_PlaceNumbers]) -> _PlaceNumbers:
    """The sum of several places' numbers."""
    whole = _PlaceNumbers()
    for place in places:
        whole.own_words += place.own_words
        whole.weeks += place.weeks
        whole.letters += place.letters
        whole.towns += place.towns
    return whole


def _tallies(
    db: sqlite3.Connection, campaign: str, state: str, *, towns: bool
) -> dict[str, _PlaceNumbers]:
    found: dict[str, _PlaceNumbers] = {}
    where = (campaign, state, state or "ZZ")

    def district_and_state(of: str, district: str) -> Iterator[_PlaceNumbers]:
        """The running numbers of the state and of the district; each person counts in both."""
        yield found.setdefault(of, _PlaceNumbers())
        yield found.setdefault(f"{of}-{district}", _PlaceNumbers())

    for of, district, day, people, own in db.execute(_DAYS, (*where, STORY)):
        week = monday(date.fromisoformat(day))
        for place in district_and_state(of, district):
            place.weeks[week] += people
            place.own_words += own
    for of, district, letter, people in db.execute(_LETTERS, where):
        for place in district_and_state(of, district):
            place.letters[letter] += people
    if towns:
        spelled: dict[tuple[str, str], str] = {}
        for of, district, town, people in db.execute(_TOWNS, where):
            name = spelled.setdefault((of, town_key(town)), town)
            for place in district_and_state(of, district):
                place.towns[name] += people
    return found


def _numbers(
    place: _PlaceNumbers, *, signatures: int, earlier: int, letters: int, towns: bool
) -> OfficeNumbers:
    return OfficeNumbers(
        signatures=signatures,
        earlier=earlier,
        letters=letters,
        own_words=place.own_words,
        weeks=tuple(sorted(place.weeks.items())),
        themes=_largest(place.letters, MOST_THEMES),
        towns=_largest(place.towns, MOST_TOWNS) if towns else None,
    )


def _largest(counts: Counter[str], most: int) -> tuple[tuple[str, int], ...]:
    """The largest counts, in a fixed order, without any below ``LEAST_PEOPLE`` people."""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(pair for pair in ordered[:most] if pair[1] >= LEAST_PEOPLE)


def office_sheets(
    db: sqlite3.Connection,
    campaign: Campaign,
    holders: Iterable[Holder],
    *,
    today: date,
    tables: Tables,
    towns: bool = False,
    language: Language = "en",
) -> list[DaySheet]:
    """The day sheet of each holder, ordered by state name, the House before the Senate."""
    ordered = sorted(holders, key=_book_order)
    numbers = office_numbers(db, campaign.slug, ordered, tables=tables, towns=towns)
    return [
        day_sheet(
            campaign,
            holder,
            _with_titles(number, campaign, language),
            today=today,
            language=language,
        )
        for holder, number in zip(ordered, numbers, strict=True)
    ]


def _with_titles(numbers: OfficeNumbers, campaign: Campaign, language: Language) -> OfficeNumbers:
    """The numbers with the letters' titles as themes, where the campaign still has them."""
    titles = {
        name: said(letter, "title", language) or letter.title
        for (name, _size), letter in campaign.templates.items()
    }
    themes = tuple((titles.get(name, name), people) for name, people in numbers.themes)
    return replace(numbers, themes=themes)


def _book_order(holder: Holder) -> tuple[str, str, int, int]:
    seat = holder.seat
    return STATES[seat.state], seat.chamber, seat.district or 0, seat.senate_class or 0


def sheet_facts(campaign: Campaign, *, group: str, today: date, members_as_of: date) -> Facts:
    """What every sheet states at its foot: definitions, date, time zone, the lists' dates."""
    story = (
        f"Signatures in whose letters at least {STORY} per cent of the words are the person’s own."
    )
    themes = (
        "The letters from which people started, by their titles. "
        f"Themes and towns of fewer than {LEAST_PEOPLE} people are not named."
    )
    return Facts(
        group=group,
        title=campaign.title,
        today=today,
        zone=campaign.timezone,
        members_as_of=members_as_of,
        list_as_of=campaign.as_of,
        definitions=(
            ("Signatures", BY_TERM["signatures"].meaning),
            ("Letters", BY_TERM["letters"].meaning),
            ("Counted", BY_TERM["counted"].meaning),
            ("Personal story", story),
            ("Themes", themes),
        ),
    )
