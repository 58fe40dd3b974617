"""The numbers as a person reads them: the dashboard's, one breakdown's lines, all members.

Everything comes from the one place that counts (``records.counts``), in one moment; here are the
names that a person understands, the shares, and the lines without a gap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import format_percent

from app.campaign.entities import Campaign
from app.campaign.stance import stance_of
from app.campaign.words import ordinal
from app.congress.model import FIRST_CONGRESS, STATES, Holder, district_key
from app.congress.tables import Tables
from app.records.acts import State, Status
from app.records.counts import CountRow, Filter, Totals, breakdowns, natural, ways_of
from app.records.database import Connection, reading
from app.site.i18n import gettext as _
from app.site.i18n import language
from app.site.services import Services
from app.text import plain
from app.web.organizer.counts_filter import letter_name, source_name

SHOWN = ("day", "state", "district", "template", "version", "source", "language", "match",
         "edited", "own_share")  # fmt: skip
"""What the dashboard breaks down by."""

SHORTEST_CURVE = 14
"""Days."""

EARLIEST = date(2000, 1, 1)
"""A filter may name an earlier day; a curve does not begin there."""


@dataclass(frozen=True, slots=True)
class Survey:
    """The numbers for one filter at one moment."""

    total: Totals
    today: Totals
    week: Totals
    """Today and the six days before."""
    statuses: Mapping[Status, Totals]
    by: Mapping[str, list[CountRow]]
    """By each of ``SHOWN``."""
    ways: Mapping[State, int]
    """Letters by what is known of their way."""
    days: tuple[tuple[date, Totals], ...]
    """Every day from the first to the last, none left out, oldest first; two weeks at least."""


def survey(db: Connection, chosen: Filter, today: date) -> Survey:
    """Read the numbers. Without a finer filter no signature is read, however many there are."""
    with reading(db):
        read = breakdowns(db, chosen, SHOWN)
        ways = ways_of(db, chosen)
    signed = {
        date.fromisoformat(row.group): Totals(row.signatures, row.letters) for row in read.by["day"]
    }
    week = [number for day, number in signed.items() if 0 <= (today - day).days < 7]
    return Survey(
        total=added(list(signed.values())),
        today=signed.get(today, Totals(0, 0)),
        week=added(week),
        statuses=read.statuses,
        by=read.by,
        ways=ways,
        days=every_day(signed, chosen, today),
    )


def added(parts: list[Totals]) -> Totals:
    """Totals added up, people and letters apart."""
    return Totals(sum(p.signatures for p in parts), sum(p.letters for p in parts))


def every_day(
    signed: Mapping[date, Totals], chosen: Filter, today: date
) -> tuple[tuple[date, Totals], ...]:
    """A row for every day of the calendar, those on which nobody signed too.

    From the first signature to today, or to the last one where that is later, as far as the
    filter reaches. Counted in days of the calendar: a day of 23 or 25 hours is a day.
    """
    last = max([today, *signed])
    if chosen.until:
        last = max([min(chosen.until, last), EARLIEST, *signed])
    first = min([last - timedelta(SHORTEST_CURVE - 1), *signed])
    days = (first + timedelta(n) for n in range((last - first).days + 1))
    return tuple((day, signed.get(day, Totals(0, 0))) for day in days)


# --- One breakdown as lines of a table ---


NOTHING = Totals(0, 0)


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of a table that compares: places, days, letters, sources, steps."""

    name: str
    detail: str
    total: Totals
    share: str
    key: str = ""
    """The group itself, such as ``CA-12``, where the line can be led to."""


def share(part: int, whole: int) -> str:
    """``12%``, in the reader's way of writing it."""
    return str(format_percent(part / whole, "#,##0.#%")) if whole else "–"


def lines(by: str, rows: Sequence[CountRow], chosen: Filter, site: Services) -> list[Compared]:
    """All lines of a breakdown in its natural order: places, days and steps without a gap,
    else the most frequent first.
    """
    totals = {row.group: Totals(row.signatures, row.letters) for row in rows}
    whole = sum(total.signatures for total in totals.values())
    if by in _COMPLETE:
        found = _COMPLETE[by](totals, chosen, site)
    else:
        ordered = sorted(totals.items(), key=lambda item: (-item[1].signatures, natural(item[0])))
        found = [(group, *_words(by, group, site), total) for group, total in ordered]
    return [
        Compared(name, detail, total, share(total.signatures, whole), group)
        for group, name, detail, total in found
    ]


Line = tuple[str, str, str, Totals]
"""Group, name, detail, total."""
Found = dict[str, Totals]


def _states(totals: Found, chosen: Filter, _site: Services) -> list[Line]:
    names = {s: n for s, n in sorted(STATES.items()) if chosen.state in (None, s)}
    # Nothing is hidden: what is on no present list is still counted.
    names |= {group: "" for group in totals if group not in names}
    return [(group, group, name, totals.get(group, NOTHING)) for group, name in names.items()]


def _districts(totals: Found, chosen: Filter, site: Services) -> list[Line]:
    states = [chosen.state] if chosen.state else sorted(STATES)
    seats = [f"{state}-{n}" for state in states for n in site.tables.districts(state)]
    congress = site.tables.congress
    names = {district_key(seat, congress): member_of(seat, site.tables) for seat in seats}
    # A district of another Congress is a line of its own, without a member of this one.
    names |= {group: "" for group in totals if group not in names}
    mixed = any(_congress_of(group) != congress for group in totals)
    return [
        (group, _district_words(group) if mixed else group.partition("/")[0], name,
         totals.get(group, NOTHING))
        for group, name in names.items()
    ]  # fmt: skip


def _congress_of(group: str) -> int:
    return int(group.partition("/")[2] or FIRST_CONGRESS)


def _district_words(group: str) -> str:
    """``TX-10 (120th Congress)``, where districts of two Congresses stand together."""
    congress = ordinal(_congress_of(group), language())
    return _("%(seat)s (%(congress)s Congress)", seat=group.partition("/")[0], congress=congress)


def nobody(holder: Holder | None) -> str:
    """What stands in the place of a name that the list of members does not have."""
    return _("name not listed yet") if holder and holder.awaited else _("vacant")


def member_of(seat: str, tables: Tables) -> str:
    """Who sits there now; ``vacant`` for nobody."""
    holder = tables.holder(seat)
    return holder.member.full_name if holder and holder.member else nobody(holder)


def _days(totals: Found, chosen: Filter, site: Services) -> list[Line]:
    signed = {date.fromisoformat(group): total for group, total in totals.items()}
    days = [(day.isoformat(), total) for day, total in every_day(signed, chosen, site.today())]
    return [(day, day, "", total) for day, total in reversed(days)]


def _shares(totals: Found, _chosen: Filter, _site: Services) -> list[Line]:
    """All ten steps, from those who changed little to those who wrote all themselves."""
    return [
        (f"{step:02}", f"{step}–{step + 9}%" if step < 90 else "90–100%", "",
         totals.get(f"{step:02}", NOTHING))
        for step in range(0, 100, 10)
    ]  # fmt: skip


_COMPLETE: dict[str, Callable[[Found, Filter, Services], list[Line]]] = {
    "state": _states, "district": _districts, "day": _days, "own_share": _shares,
}  # fmt: skip


def _words(by: str, group: str, site: Services) -> tuple[str, str]:
    """Name and detail of a group."""
    if by == "template":
        return letter_name(group, site), ""
    if by == "version":
        template, length, version = (*group.split(" "), "", "")[:3]
        known = {"full": _("full"), "short": _("short")}
        return letter_name(template, site), f"{known.get(length, length)}, {version[:6]}"
    if by == "source":
        return source_name(group), ""
    names = {
        "language": {"en": _("English"), "es": _("Spanish")},
        "match": {"zip": _("by ZIP code"), "street": _("by street"), "chosen": _("by hand")},
        "edited": {"yes": _("yes"), "no": _("no")},
    }
    return names.get(by, {}).get(group, group), ""


# --- The table of all members ---


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One member, one vacant seat, or somebody who sits in no seat any more."""

    bioguide: str
    name: str
    seat: str
    """``CA-12`` or ``CA-S3``; empty for somebody who sits in none."""
    state: str
    stance: str
    """What the member has done on the bill, in words."""
    letters: int
    constituents: int | None
    """People of the seat's state or district who signed; None for somebody who sits in none."""

    @property
    def words(self) -> str:
        """Everything that a search looks through."""
        return " ".join(
            (self.name, self.seat, STATES.get(self.state, ""), self.bioguide, self.stance)
        )


def member_lines(
    tables: Tables,
    campaign: Campaign,
    letters: list[CountRow],
    people: Mapping[str, int],
    state: str | None,
) -> list[MemberLine]:
    """A line for each of the 541 seats, and one for every other recipient of a letter, by name.

    ``people`` are those who signed, by state (``CA``) and by district (``CA-12``). With
    ``state``, only its seats; other recipients stay, since nobody knows for which seat they sat.
    """
    left = {row.group: row.letters for row in letters}
    found = []
    for holder in tables.holders:
        number = left.pop(holder.member.bioguide, 0) if holder.member else 0
        seat = holder.seat
        if state is None or seat.state == state:
            house = district_key(seat.id, tables.congress)
            place = seat.state if seat.chamber == "senate" else house
            found.append(_member_line(holder, campaign, number, people.get(place, 0)))
    former = _("no longer in Congress")
    found += [MemberLine(who, f"{who} ({former})", "", "", "", n, None) for who, n in left.items()]
    return sorted(found, key=lambda line: (plain(line.name), natural(line.seat)))


def _member_line(holder: Holder, campaign: Campaign, letters: int, people: int) -> MemberLine:
    member, seat = holder.member, holder.seat
    if member is None:
        return MemberLine("", nobody(holder), seat.id, seat.state, "", letters, people)
    stance = stance_name(stance_of(campaign, member).name)
    return MemberLine(
        member.bioguide, member.full_name, seat.id, seat.state, stance, letters, people
    )


def stance_name(name: str) -> str:
    """What a member has done on the bill, in the reader's language; empty for nothing."""
    return {
        "sponsor": _("sponsor"),
        "cosponsor": _("cosponsor"),
        "earlier": _("backed an earlier bill"),
        "opposes": _("backs the opposite bill"),
    }.get(name, "")
