"""The sheet that an organizer takes to a meeting at an office: one seat, one page.

It says how many of the seat's constituents signed, how many letters they wrote, when and from
where, what the member has done on the bill and what is asked. Offices read English, so the
printed sheet is in English; the organizers' page says the same in their language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from app.campaign.asks import ask_for
from app.campaign.entities import Campaign, Stance
from app.campaign.stance import bill_names, stance_of
from app.campaign.values import bill_name
from app.campaign.words import Language, date_words, said
from app.congress.model import STATES, Holder
from app.congress.names import seat_name
from app.documents.typesetting import typeset
from app.text import clean_line

CHUNK = 20
"""How many sheets one run of Typst sets, at about two megabytes each."""
WEEKS = 10
"""How many weeks a sheet lists; all earlier ones are one line."""
MOST_THEMES = 5
MOST_TOWNS = 8
LONG_ASK = 600
"""An ask of more characters may need a closer setting. To find out takes five times as long."""
LEAST_PEOPLE = 5
"""Themes and towns of fewer people than this are not named."""


@dataclass(frozen=True, slots=True)
class OfficeNumbers:
    """What was counted for one seat. People and letters are separate numbers."""

    signatures: int = 0
    """Constituents: people of the district, or of the state for a senator."""
    letters: int = 0
    """Letters to the member who holds the seat now."""
    own_words: int = 0
    """The signatures whose letters are at least a tenth in the person's own words."""
    weeks: tuple[tuple[date, int], ...] = ()
    """The Monday of each week in which anyone signed, and how many did; oldest first."""
    themes: tuple[tuple[str, int], ...] = ()
    """The letters that people started from and how many used each, largest first; only those with
    ``LEAST_PEOPLE`` or more."""
    towns: tuple[tuple[str, int], ...] | None = None
    """The same for towns; None if the campaign does not keep towns."""
    earlier: int = 0
    """People who signed in the district of this number under other lines; not in ``signatures``."""


@dataclass(frozen=True, slots=True)
class Week:
    """A line of the sheet. ``first`` is None in the line for all earlier weeks."""

    first: date | None
    last: date
    signatures: int


@dataclass(frozen=True, slots=True)
class DaySheet:
    """The content of one sheet; ``bill``, ``others`` and ``ask`` are in one language."""

    holder: Holder
    numbers: OfficeNumbers
    weeks: tuple[Week, ...]
    stance: Stance | None
    """None for a vacant seat."""
    bill: str
    """``H.R. 1234, the Safe Streets Act``, or only the title if no number is known."""
    others: tuple[str, ...]
    """The stance's earlier or opposite bills: ``S. 567 (117th Congress)``."""
    ask: str
    """In the words of the letters; empty for a vacant seat."""

    @property
    def own_percent(self) -> int:
        """The percentage of signatures with a personal story, rounded; 0 if there are none."""
        numbers = self.numbers
        return round(100 * numbers.own_words / numbers.signatures) if numbers.signatures else 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What every sheet of one printing states at its foot and on the cover."""

    group: str
    title: str
    today: date
    zone: str
    members_as_of: date
    list_as_of: date
    definitions: tuple[tuple[str, str], ...]
    """Term and meaning, in English."""


def day_sheet(
    campaign: Campaign, holder: Holder, numbers: OfficeNumbers, *, today: date,
    language: Language = "en",
) -> DaySheet:  # fmt: skip
    """The sheet of one seat on ``today``, a day in the campaign's time zone."""
    bill = campaign.bill_for(holder.seat.chamber)
    number = bill.number or campaign.main_bill.number
    stance = stance_of(campaign, holder.member) if holder.member else None
    asked = ask_for(campaign, holder, today) if holder.member else None
    return DaySheet(
        holder=holder,
        numbers=numbers,
        weeks=_lines(numbers.weeks, today),
        stance=stance,
        bill=bill_name(number, bill.title, number, language),
        others=bill_names(campaign, stance, language) if stance else (),
        ask=said(asked, "text", language) if asked else "",
    )


def monday(day: date) -> date:
    """The Monday of the week of ``day``."""
    return day - timedelta(days=day.weekday())


def _lines(weeks: Sequence[tuple[date, int]], today: date) -> tuple[Week, ...]:
    """The latest weeks without gaps, the current one last, preceded by a line for the rest."""
    if not weeks:
        return ()
    by_week = dict(weeks)
    newest, oldest = max(monday(today), weeks[-1][0]), weeks[0][0]
    first = max(oldest, newest - timedelta(weeks=WEEKS - 1))
    lines = []
    if oldest < first:
        before = sum(number for week, number in weeks if week < first)
        lines.append(Week(None, first - timedelta(days=1), before))
    while first <= newest:
        lines.append(Week(first, first + timedelta(days=6), by_week.get(first, 0)))
        first += timedelta(weeks=1)
    return tuple(lines)


# --- in words --------------------------------------------------------------------------------


def short_day(day: date) -> str:
    """``Nov 25``"""
    return f"{day:%b} {day.day}"


def stance_words(sheet: DaySheet, list_as_of: date) -> str:
    """What the member has done on the bill, with the date of the list."""
    stance = sheet.stance
    if stance is None:
        return ""
    since = f" since {date_words(stance.since)}" if stance.since else ""
    bills = _joined(sheet.others)
    words = {
        "sponsor": f"Sponsor of {sheet.bill},{since}.",
        "cosponsor": f"Cosponsor of {sheet.bill},{since}.",
        "earlier": f"{'Sponsored' if stance.led else 'Cosponsored'} an earlier version: {bills}. "
        "Not on the list of the present one.",
        "opposes": f"{'Sponsor' if stance.led else 'Cosponsor'} of an opposing bill: {bills}.",
        "none": f"Not on our lists as sponsor or cosponsor of {sheet.bill}.",
    }[stance.name]
    return f"{words.replace(',.', '.')} As of {date_words(list_as_of)}."


def _joined(names: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def heading(holder: Holder) -> str:
    """``Senator Alex Padilla``, or ``Vacant seat``."""
    member = holder.member
    return f"{holder.seat.title} {member.full_name}" if member else _no_name(holder)


def _no_name(holder: Holder) -> str:
    """What is printed in place of a name that the list does not have."""
    return "Name not listed yet" if holder.awaited else "Vacant seat"


def earlier_words(people: int) -> str:
    """How many people signed under lines that may not be this district's; empty for none."""
    if not people:
        return ""
    if people == 1:
        return (
            "One person who signed in an earlier Congress is not counted here: we do not know "
            "whether they live in this district now."
        )
    return (
        f"{people:,} people who signed in an earlier Congress are not counted here: we do not know "
        "who of them live in this district now."
    )


def _seat_line(holder: Holder) -> str:
    house = (
        "United States Senate" if holder.seat.chamber == "senate" else "House of Representatives"
    )
    return f"{house} · {seat_name(holder)}"


def _data(sheet: DaySheet, facts: Facts) -> dict[str, Any]:
    """One sheet's data for the template: finished words and plain numbers."""
    numbers, holder = sheet.numbers, sheet.holder
    most = max((week.signatures for week in sheet.weeks), default=0)
    return {
        "id": holder.seat.id,
        "heading": heading(holder),
        "seat": _seat_line(holder),
        "vacant": holder.vacant,
        "awaited": holder.awaited,
        "where": f"of {seat_name(holder)}",
        "signatures": f"{numbers.signatures:,}",
        "earlier": earlier_words(numbers.earlier),
        "letters": f"{numbers.letters:,}",
        "own": f"{sheet.own_percent} %" if numbers.signatures else "–",
        "own_people": f"{numbers.own_words:,}",
        "weeks": [
            {
                "label": f"{short_day(week.first)} – {short_day(week.last)}"
                if week.first
                else f"until {short_day(week.last)}",
                "signatures": f"{week.signatures:,}",
                "share": week.signatures / most if most else 0,
            }
            for week in sheet.weeks
        ],
        "themes": [[clean_line(tag), f"{number:,}"] for tag, number in numbers.themes],
        "towns": None
        if numbers.towns is None
        else [[clean_line(town), f"{number:,}"] for town, number in numbers.towns],
        "stance": stance_words(sheet, facts.list_as_of),
        "wordy": len(sheet.ask) > LONG_ASK,
        "ask": sheet.ask,
        "state": STATES[holder.seat.state],
    }


# --- as PDF ----------------------------------------------------------------------------------


def sheets_pdf(sheets: Sequence[DaySheet], facts: Facts) -> bytes:
    """The sheets of a member or a delegation: one page each, tagged for screen readers.

    For many sheets use ``book_pdf``. Contains no names except those of members of Congress. Raises
    ``ValueError`` for no sheets, and ``PdfError``.
    """
    if not sheets:
        raise ValueError("no sheets to print")
    title = heading(sheets[0].holder) if len(sheets) == 1 else STATES[sheets[0].holder.seat.state]
    return _typeset_part(facts, f"{clean_line(facts.title)}: {title}", sheets=sheets)


def book_pdf(
    sheets: Sequence[DaySheet], facts: Facts, *, progress: Callable[[int], None] | None = None
) -> bytes:
    """The sheets of all offices after a cover with an index by state.

    Set in parts to limit memory; ``progress`` receives how many sheets are done. Raises
    ``ValueError`` for no sheets, and ``PdfError``.
    """
    if not sheets:
        raise ValueError("no sheets to print")
    from app.documents.joining import join_tagged, page_count

    title, covers = "Day sheets for all offices", 1
    while True:
        cover = _typeset_part(
            facts, title, cover=title, index=_index(sheets, covers), count=len(sheets)
        )
        if (needed := page_count(cover)) == covers:
            break
        covers = needed

    def parts() -> Iterator[bytes]:
        yield cover
        for start in range(0, len(sheets), CHUNK):
            chunk = sheets[start : start + CHUNK]
            yield _typeset_part(facts, title, sheets=chunk, first_page=covers + start + 1)
            if progress:
                progress(start + len(chunk))

    numbered = list(enumerate(sheets, start=covers))
    return join_tagged(
        parts(),
        bookmarks={
            state: [(heading(sheet.holder), page) for page, sheet in group]
            for state, group in groupby(numbered, lambda item: STATES[item[1].holder.seat.state])
        },
        links={_link(sheet): page for page, sheet in numbered},
    )


def _link(sheet: DaySheet) -> str:
    """A placeholder URI for the sheet's page in the index, until the parts are joined."""
    return f"page:{sheet.holder.seat.id}"


def _index(sheets: Sequence[DaySheet], covers: int) -> list[dict[str, Any]]:
    lines = [
        {
            "id": sheet.holder.seat.id,
            "heading": sheet.holder.member.full_name
            if sheet.holder.member
            else _no_name(sheet.holder),
            "signatures": f"{sheet.numbers.signatures:,}",
            "link": _link(sheet),
            "page": page,
            "state": STATES[sheet.holder.seat.state],
        }
        for page, sheet in enumerate(sheets, start=covers + 1)
    ]
    return [
        {"state": state, "seats": list(group)}
        for state, group in groupby(lines, lambda line: line["state"])
    ]


def _typeset_part(
    facts: Facts,
    document: str,
    *,
    sheets: Sequence[DaySheet] = (),
    cover: str = "",
    index: Sequence[dict[str, Any]] = (),
    count: int = 0,
    first_page: int = 1,
) -> bytes:
    """One run of Typst: a cover with its index, or some sheets."""
    return typeset("day_sheet.typ", {
        "part": "cover" if cover else "sheets",
        "document": document,
        "cover": cover,
        "index": list(index),
        "count": count,
        "numbered": bool(cover) or first_page > 1,
        "first_page": first_page,
        "group": clean_line(facts.group),
        "title": clean_line(facts.title),
        "today": date_words(facts.today),
        "zone": facts.zone,
        "members_as_of": date_words(facts.members_as_of),
        "list_as_of": date_words(facts.list_as_of),
        "definitions": facts.definitions,
        "sheets": [_data(sheet, facts) for sheet in sheets],
    })  # fmt: skip
