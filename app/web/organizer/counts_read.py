"""Reading a filter from the query string, and the counts that it selects: the dashboard's numbers,
the lines of a breakdown, all members.

All numbers come from ``records.counts``, in one snapshot. This module adds names that people
understand, shares, and lines for the groups without signatures.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

from flask_babel import format_date, format_percent
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import Field, ValidationError

from app.campaign.entities import Campaign
from app.campaign.stance import stance_of
from app.campaign.words import said
from app.congress.model import FIRST_CONGRESS, STATES, Holder, Listed, change_of, district_key
from app.congress.tables import Tables
from app.records.acts import STATUSES, State, Status
from app.records.counts import (
    CountRow,
    Filter,
    Totals,
    breakdowns,
    count,
    natural,
    signed_campaigns,
    ways_of,
)
from app.records.database import Connection, reading
from app.records.definitions import BY_TERM, DEFINITIONS, Definition
from app.records.signing import source_tag
from app.site.i18n import LANGUAGES, language, long_date
from app.site.i18n import gettext as _
from app.site.services import Services
from app.text import plain
from app.web.forms import DayField, SiteForm, entries, entry, from_query
from app.web.organizer.campaign_list import title_of
from app.web.organizer.show import area, in_congress, past_seat, visible, zone_name
from app.web.resident.people import state_name

counts_area = area("organizer_counts", "/counts")
"""The pages of ``counts_pages`` and ``counts_export``."""

FIELDS = ("campaign", "since", "until", "state", "letter", "source", "language", "status")
"""Names in the query string. They never change, because people keep links."""

ALL_CAMPAIGNS = "(all)"
NO_SOURCE = "(none)"
EVERY_STATUS = "every"
"""Values in parentheses cannot be mistaken for a slug or a tag."""

Problem = tuple[str, str]
Choice = tuple[str, str]
"""A value in the query string, and its words on the page."""


@dataclass(frozen=True, slots=True)
class CountsQuery:
    """The filter that a query string asks for."""

    chosen: Filter
    query: dict[str, str]
    """The shortest query string for the same filter, without defaults and unreadable values."""
    form: FilterForm
    """The form as it was typed, to show it again."""
    errors: list[Problem]
    """Fields that could not be read, with what to do; they do not filter."""

    @property
    def narrowed(self) -> bool:
        """Whether it is anything but the default filter."""
        return bool(self.query)


def _normalized(text: str) -> str:
    """A typed text as it is validated and shown again."""
    return visible(text).strip()[:100]


class FilterForm(SiteForm):
    """The filter's fields. An invalid field does not filter, and its error says what to do."""

    campaign = entry(_normalized)
    since, until = DayField(), DayField()
    state = entry(_normalized, str.upper)
    letter, source, language, status = entries(4, _normalized)

    def __init__(self, args: MultiDict[str, str], *, site: Services) -> None:
        super().__init__(args)
        self.site = site

    def value(self, name: str) -> Any:
        """The field's value; None if it is empty or invalid."""
        return None if self[name].errors else self[name].data or None

    def validate_campaign(self, field: Field) -> None:
        known = {self.site.campaign.slug, ALL_CAMPAIGNS, *signed_campaigns(self.site.db())}
        _one_of(field, known)

    def validate_status(self, field: Field) -> None:
        _one_of(field, (*STATUSES, EVERY_STATUS))

    def validate_state(self, field: Field) -> None:
        _one_of(field, STATES)

    def validate_source(self, field: Field) -> None:
        _one_of(field, (NO_SOURCE, field.data if source_tag(field.data) else ""))
        if field.data != NO_SOURCE:
            field.data = source_tag(field.data)

    def validate_letter(self, field: Field) -> None:
        if field.data:  # otherwise the tallies need not be read
            campaign = self.value("campaign") or self.site.campaign.slug
            _one_of(field, _letters(self.site, campaign))

    def validate_language(self, field: Field) -> None:
        _one_of(field, LANGUAGES)

    def validate_until(self, field: Field) -> None:
        if self.since.data and field.data and self.since.data > field.data:
            self.since.data = None  # both together would select nothing
            raise ValidationError(_("The last day is before the first."))


def _one_of(field: Field, allowed: Container[str]) -> None:
    if field.data and field.data not in allowed:
        raise ValidationError(
            _("“%(name)s” is not known here. Choose from the list.", name=field.data)
        )


def read_filter(site: Services) -> CountsQuery:
    """The filter from this request's query string."""
    form = from_query(FilterForm, site=site)
    form.validate()
    usual = {"campaign": site.campaign.slug, "status": "counted"}
    given = {name: value for name in FIELDS if (value := form.value(name))}
    query = {name: str(value) for name, value in given.items() if value != usual.get(name)}
    found = {**usual, **given}
    source = found.get("source")
    chosen = Filter(
        campaign=None if found["campaign"] == ALL_CAMPAIGNS else found["campaign"],
        status=None if found["status"] == EVERY_STATUS else cast(Status, found["status"]),
        state=found.get("state"), since=found.get("since"), until=found.get("until"),
        template=found.get("letter"), source="" if source == NO_SOURCE else source,
        language=found.get("language"),
    )  # fmt: skip
    errors = [(name, str(words[0])) for name, words in form.errors.items()]
    return CountsQuery(chosen, query, form, errors)


def _letters(site: Services, campaign: str) -> set[str]:
    """The letters that the campaign has, or that anyone has signed."""
    everywhere = None if campaign == ALL_CAMPAIGNS else campaign
    signed = {row.group for row in count(site.db(), Filter(everywhere, None), "template")}
    return signed | {slug for slug, _length in site.campaign.templates}


def choices(asked: CountsQuery, site: Services) -> dict[str, list[Choice]]:
    """The options of each of the filter's lists; they always include the chosen value."""
    db, chosen = site.db(), asked.chosen
    slugs = {site.campaign.slug, *signed_campaigns(db)}
    found: dict[str, list[Choice]] = {
        "campaign": [(slug, title_of(site, slug)) for slug in sorted(slugs)],
        "state": [(code, f"{code} · {state_name(code)}") for code in sorted(STATES)],
        "letter": _frequent(db, chosen, "template", lambda slug: letter_name(slug, site)),
        "source": _frequent(db, chosen, "source", source_name),
        "language": list(LANGUAGES.items()),
        "status": [(status, status_name(status)) for status in STATUSES],
    }
    found["status"].append((EVERY_STATUS, status_name(None)))
    found["campaign"].append((ALL_CAMPAIGNS, _("all campaigns together")))
    for name, kept in (("letter", chosen.template), ("source", chosen.source)):
        value = NO_SOURCE if kept == "" else kept
        if value and value not in [choice for choice, _words in found[name]]:
            found[name].append((value, value))
    return found


def _frequent(db: Connection, chosen: Filter, by: str, words: Callable[[str], str]) -> list[Choice]:
    """The values that signatures have, most frequent first, at most 200."""
    rows = sorted(count(db, chosen.campaign, by), key=lambda row: -row.signatures)[:200]
    return [(row.group or NO_SOURCE, words(row.group)) for row in rows]


def letter_name(slug: str, site: Services) -> str:
    """A letter's title; its slug if the campaign no longer has it."""
    templates = site.campaign.templates
    letter = templates.get((slug, "full")) or templates.get((slug, "short"))
    return said(letter, "title", language()) or letter.title if letter else slug


def source_name(tag: str) -> str:
    """A source tag in words."""
    return tag or _("no tag")


STATUS_NAMES = {
    "counted": _l("counted"), "held": _l("held"), "unconfirmed": _l("unconfirmed"),
    "withdrawn": _l("withdrawn"), "repeated": _l("repeated"), "test": _l("test"),
}  # fmt: skip


def status_name(status: str | None) -> str:
    """A signature's status in the reader's language; None means all statuses together."""
    return str(STATUS_NAMES.get(status, status)) if status else _("every status, added up")


# --- Common to every page about counts ---


def meanings() -> Mapping[str, Definition]:
    """Every definition in the reader's language, by its English term."""
    return {term: found.words(_) for term, found in BY_TERM.items()}


def filter_words(asked: CountsQuery) -> str:
    """The filter in one phrase, for the top of a page and the name of a chart."""
    found = asked.chosen
    parts = [
        state_name(found.state) if found.state else "",
        _("from %(day)s", day=format_date(found.since, "medium")) if found.since else "",
        _("to %(day)s", day=format_date(found.until, "medium")) if found.until else "",
        _("letter “%(name)s”", name=found.template) if found.template else "",
        _("source: %(name)s", name=source_name(found.source)) if found.source is not None else "",
        {"en": _("signed in English"), "es": _("signed in Spanish")}.get(found.language or "", ""),
        status_name(found.status),
    ]
    return ", ".join(part for part in parts if part)


def common(asked: CountsQuery, site: Services) -> dict[str, Any]:
    """Template variables for every page about counts: filter, definitions, time zone."""
    return {
        "asked": asked, "errors": asked.errors, "choices": choices(asked, site),
        "filter_words": filter_words(asked), "meanings": meanings(),
        "glossary": [found.words(_) for found in DEFINITIONS],
        "zone": zone_name(site.campaign.timezone),
        "counted_as": status_name(asked.chosen.status), "status_name": status_name,
        "whole_country": {n: v for n, v in asked.query.items() if n != "state"},
    }  # fmt: skip


# --- The numbers of a filter ---

DASHBOARD = ("day", "state", "district", "template", "version", "source", "language", "match",
         "edited", "own_share")  # fmt: skip
"""The breakdowns that the dashboard shows."""

SHORTEST_CURVE = 14
"""In days."""

EARLIEST = date(2000, 1, 1)
"""A filter may name an earlier day, but no curve starts before this one."""


@dataclass(frozen=True, slots=True)
class Survey:
    """The numbers for one filter, from one snapshot."""

    total: Totals
    today: Totals
    week: Totals
    """Today and the six days before it."""
    statuses: Mapping[Status, Totals]
    by: Mapping[str, list[CountRow]]
    """Rows for each of ``DASHBOARD``."""
    ways: Mapping[State, int]
    """Letters by what is known of their way."""
    days: tuple[tuple[date, Totals], ...]
    """Every day from the first to the last without gaps, oldest first; at least two weeks, unless
    the filter begins later."""


def survey(db: Connection, chosen: Filter, today: date) -> Survey:
    """Read the numbers. A filter that the tallies cover reads no signatures."""
    with reading(db):
        read = breakdowns(db, chosen, DASHBOARD)
        ways = ways_of(db, chosen)
    signed = {
        date.fromisoformat(row.group): Totals(row.signatures, row.letters) for row in read.by["day"]
    }
    week = [number for day, number in signed.items() if 0 <= (today - day).days < 7]
    return Survey(
        total=_sum_totals(list(signed.values())),
        today=signed.get(today, Totals(0, 0)),
        week=_sum_totals(week),
        statuses=read.statuses,
        by=read.by,
        ways=ways,
        days=_every_day(signed, chosen, today),
    )


def _sum_totals(parts: list[Totals]) -> Totals:
    """The sum of totals; people and letters stay separate."""
    return Totals(sum(p.signatures for p in parts), sum(p.letters for p in parts))


def _every_day(
    signed: Mapping[date, Totals], chosen: Filter, today: date
) -> tuple[tuple[date, Totals], ...]:
    """A row for every calendar day, including those on which no one signed.

    From the first signature to today, or to the last signature if that is later, as far as the
    filter reaches. A day of 23 or 25 hours is one day.
    """
    last = max([today, *signed])
    if chosen.until:
        last = max([min(chosen.until, last), EARLIEST, *signed])
    first = min([last - timedelta(SHORTEST_CURVE - 1), *signed])
    if chosen.since:  # on earlier days people may have signed
        first = max(first, min(chosen.since, last))
    days = (first + timedelta(n) for n in range((last - first).days + 1))
    return tuple((day, signed.get(day, Totals(0, 0))) for day in days)


# --- One breakdown as lines of a table ---


ZERO = Totals(0, 0)


@dataclass(frozen=True, slots=True)
class CountLine:
    """One line of a breakdown: a place, day, letter, source tag or step."""

    name: str
    detail: str
    total: Totals
    share: str
    key: str = ""
    """The group itself, such as ``CA-12`` or ``2026-11-25``."""


def share(part: int, whole: int) -> str:
    """``12%``, formatted for the reader's language."""
    return str(format_percent(part / whole, "#,##0.#%")) if whole else "–"


def lines(by: str, rows: Sequence[CountRow], chosen: Filter, site: Services) -> list[CountLine]:
    """All lines of a breakdown: places, days and steps in their order and without gaps, anything
    else with the most frequent first.
    """
    totals = {row.group: Totals(row.signatures, row.letters) for row in rows}
    whole = sum(total.signatures for total in totals.values())
    if by in _GAPLESS:
        found = _GAPLESS[by](totals, chosen, site)
    else:
        ordered = sorted(totals.items(), key=lambda item: (-item[1].signatures, natural(item[0])))
        found = [(group, *_group_words(by, group, site), total) for group, total in ordered]
    return [
        CountLine(name, detail, total, share(total.signatures, whole), group)
        for group, name, detail, total in found
    ]


LineParts = tuple[str, str, str, Totals]
"""Group, name, detail, total."""
GroupTotals = dict[str, Totals]


def _states(totals: GroupTotals, chosen: Filter, _site: Services) -> list[LineParts]:
    names = {s: state_name(s) for s in sorted(STATES) if chosen.state in (None, s)}
    # Groups that are not in the current list are counted, so they are shown too.
    names |= {group: "" for group in totals if group not in names}
    return [(group, group, name, totals.get(group, ZERO)) for group, name in names.items()]


def _tables_at_end_of(congress: int, tables: Tables) -> Tables:
    """The tables as of the last second of an earlier Congress; ``tables`` for any other."""
    if not tables.first_known <= congress < tables.congress:
        return tables
    return tables.at(change_of(congress + 1) - timedelta(seconds=1))


def tables_counted_in(districts: Iterable[CountRow], tables: Tables) -> Tables:
    """The tables of the latest Congress in whose districts people signed; the current one if no one
    has."""
    last = max((_congress_of(r.group) for r in districts if r.signatures), default=tables.congress)
    return _tables_at_end_of(last, tables)


def _districts(totals: GroupTotals, chosen: Filter, site: Services) -> list[LineParts]:
    rows = [CountRow(group, total.signatures, total.letters) for group, total in totals.items()]
    tables = tables_counted_in(rows, site.tables)
    states = [chosen.state] if chosen.state else sorted(STATES)
    seats = [f"{state}-{n}" for state in states for n in tables.districts(state)]
    names = {district_key(seat, tables.congress): member_of(seat, tables) for seat in seats}
    # A district of another Congress is a separate line, with the members who sat there then.
    names |= {group: _past_members(group, site.tables) for group in totals if group not in names}
    mixed = any(_congress_of(group) != site.tables.congress for group in totals)
    return [
        (group, _district_words(group) if mixed else group.partition("/")[0], name,
         totals.get(group, ZERO))
        for group, name in names.items()
    ]  # fmt: skip


def _past_members(group: str, tables: Tables) -> str:
    """The names of those who sat for a district in an earlier Congress; empty if none is known."""
    found = tables.members_of(group.partition("/")[0], _congress_of(group))
    return ", ".join(dict.fromkeys(member.full_name for member in found))


def _congress_of(group: str) -> int:
    return int(group.partition("/")[2] or FIRST_CONGRESS)


def _district_words(group: str) -> str:
    """``TX-10 (120th Congress)``, for a table with districts of more than one Congress."""
    return in_congress(group.partition("/")[0], _congress_of(group))


def _missing_name(holder: Holder | None) -> str:
    """The words in place of a name that the list of members does not have."""
    return _("name not listed yet") if holder and holder.awaited else _("vacant")


def member_of(seat: str, tables: Tables) -> str:
    """The name of the seat's current member, or words that say there is none."""
    holder = tables.holder(seat)
    return holder.member.full_name if holder and holder.member else _missing_name(holder)


def _days(totals: GroupTotals, chosen: Filter, site: Services) -> list[LineParts]:
    signed = {date.fromisoformat(group): total for group, total in totals.items()}
    days = reversed(_every_day(signed, chosen, site.today()))
    return [(day.isoformat(), long_date(day), "", total) for day, total in days]


def _shares(totals: GroupTotals, _chosen: Filter, _site: Services) -> list[LineParts]:
    """All ten steps, from letters with few of their writer's own words to those with only them."""
    return [
        (f"{step:02}", f"{step}–{step + 9}%" if step < 90 else "90–100%", "",
         totals.get(f"{step:02}", ZERO))
        for step in range(0, 100, 10)
    ]  # fmt: skip


_GAPLESS: dict[str, Callable[[GroupTotals, Filter, Services], list[LineParts]]] = {
    "state": _states, "district": _districts, "day": _days, "own_share": _shares,
}  # fmt: skip


def _group_words(by: str, group: str, site: Services) -> tuple[str, str]:
    """The name and detail of a group."""
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
    """A member, a vacant seat, or a recipient who is not in the list of members."""

    bioguide: str
    name: str
    seat: str
    """``CA-12`` or ``CA-S3``; a past member's also names the Congress. Empty if unknown."""
    state: str
    stance: str
    """What the member has done on the bill, in words."""
    letters: int
    constituents: int | None
    """People who signed in the seat's state or district, by the lines of its Congress; None if the
    seat is unknown."""

    @property
    def words(self) -> str:
        """The text that a search looks through."""
        return " ".join(
            (
                self.name,
                self.seat,
                self.state and state_name(self.state),
                self.bioguide,
                self.stance,
            )
        )


def member_lines(
    tables: Tables,
    campaign: Campaign,
    letters: list[CountRow],
    people: Mapping[str, int],
    state: str | None,
) -> list[MemberLine]:
    """A line for each of the 541 seats, and one for every other recipient of a letter, by name.

    Where the list is too old to show who holds a seat, its line is that of the last member.
    ``people`` are signatures by state (``CA``) and by district (``CA-12``). With ``state``, only
    its seats and the past members who held one are included, and all unknown recipients.
    """
    written = {row.group: row.letters for row in letters if row.group in tables.people}
    other = _("not in our list of members")
    unknown = [
        MemberLine(row.group, f"{row.group} ({other})", "", "", "", row.letters, None)
        for row in letters
        if row.group not in written
    ]
    last = {p.holder.seat.id: p for p in tables.people.values() if p.standing == "unsure"}
    shown = []
    for holder in tables.holders:
        person = None if holder.member else last.get(holder.seat.id)
        shown.append(_past_line(person, tables) if person else (holder, holder.seat.id, tables))
    in_seats = {holder.member.bioguide for holder, _words, _then in shown if holder.member}
    shown += [_past_line(tables.people[who], tables) for who in written if who not in in_seats]
    found = []
    for holder, words, then in shown:
        member, seat = holder.member, holder.seat
        if state is None or seat.state == state:
            number = written.get(member.bioguide, 0) if member else 0
            here = sum(people.get(key, 0) for key in then.counted_as(seat))
            stance = stance_name(stance_of(campaign, member).name) if member else ""
            found.append(MemberLine(
                member.bioguide if member else "",
                member.full_name if member else _missing_name(holder),
                words, seat.state, stance, number, here,
            ))  # fmt: skip
    return sorted([*found, *unknown], key=lambda line: (plain(line.name), natural(line.seat)))


def _past_line(person: Listed, tables: Tables) -> tuple[Holder, str, Tables]:
    """Someone whom the list does not show in a seat now: their last seat, in words too, and the
    tables by whose lines its constituents are counted."""
    seat, then = person.holder.seat, _tables_at_end_of(person.congress, tables)
    same_lines = then.lines_of(seat.state) == tables.lines_of(seat.state)
    if person.standing == "unsure" and tables.has_lines and same_lines:
        then = tables  # the same district, with those who have signed since
    return person.holder, past_seat(seat.id, person, tables), then


def stance_name(name: str) -> str:
    """A stance in the reader's language; empty for none."""
    return {
        "sponsor": _("sponsor"),
        "cosponsor": _("cosponsor"),
        "earlier": _("backed an earlier one"),
        "opposes": _("backs the opposite"),
    }.get(name, "")
