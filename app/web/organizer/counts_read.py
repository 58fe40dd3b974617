"""Which signatures a page or a file is about, as the address says, and their numbers as a person
reads them: the dashboard's, one breakdown's lines, all members.

Everything comes from the one place that counts (``records.counts``), in one moment; here are the
names that a person understands, the shares, and the lines without a gap.
"""

from __future__ import annotations

from collections import Counter
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
from app.congress.model import FIRST_CONGRESS, STATES, Holder, change_of, district_key
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
"""Where the pages of ``counts_pages`` and the files to take away are."""

FIELDS = ("campaign", "since", "until", "state", "letter", "source", "language", "status")
"""Names in the address; they are promised to whoever keeps one."""

ALL_CAMPAIGNS = "(all)"
NO_SOURCE = "(none)"
EVERY_STATUS = "every"
"""Words with brackets can be no slug and no tag."""

Problem = tuple[str, str]
Choice = tuple[str, str]
"""A value in the address and its words on the page."""


@dataclass(frozen=True, slots=True)
class CountsQuery:
    """What the address asks for."""

    chosen: Filter
    query: dict[str, str]
    """The same as the shortest address: without defaults, without what could not be read."""
    form: FilterForm
    """As it was typed, to be shown again."""
    errors: list[Problem]
    """Fields that could not be read, with what to do; they do not narrow anything."""

    @property
    def narrowed(self) -> bool:
        """Whether it asks for anything but all that count."""
        return bool(self.query)


def _shown(text: str) -> str:
    """What was typed, as it is judged and shown again."""
    return visible(text).strip()[:100]


class FilterForm(SiteForm):
    """The filter as the address has it: each field empty or what it may be, in any order.

    A field that is not narrows nothing, and its words say what to do.
    """

    campaign = entry(_shown)
    since, until = DayField(), DayField()
    state = entry(_shown, str.upper)
    letter, source, language, status = entries(4, _shown)

    def __init__(self, args: MultiDict[str, str], *, site: Services) -> None:
        super().__init__(args)
        self.site = site

    def value(self, name: str) -> Any:
        """What was chosen; None where that is nothing, or cannot be read."""
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
        if field.data:  # only then the tallies are asked
            campaign = self.value("campaign") or self.site.campaign.slug
            _one_of(field, _letters(self.site, campaign))

    def validate_language(self, field: Field) -> None:
        _one_of(field, LANGUAGES)

    def validate_until(self, field: Field) -> None:
        if self.since.data and field.data and self.since.data > field.data:
            self.since.data = None  # the two together make no sense
            raise ValidationError(_("The last day is before the first."))


def _one_of(field: Field, allowed: Container[str]) -> None:
    if field.data and field.data not in allowed:
        raise ValidationError(
            _("“%(name)s” is not known here. Choose from the list.", name=field.data)
        )


def read_filter(site: Services) -> CountsQuery:
    """The filter that the address asks for."""
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
    """The letters that the campaign has, or that anybody has signed."""
    everywhere = None if campaign == ALL_CAMPAIGNS else campaign
    signed = {row.group for row in count(site.db(), Filter(everywhere, None), "template")}
    return signed | {slug for slug, _length in site.campaign.templates}


def choices(asked: CountsQuery, site: Services) -> dict[str, list[Choice]]:
    """What each list of the filter offers; what is chosen is always among it."""
    db, chosen = site.db(), asked.chosen
    slugs = {site.campaign.slug, *signed_campaigns(db)}
    found: dict[str, list[Choice]] = {
        "campaign": [(slug, title_of(site, slug)) for slug in sorted(slugs)],
        "state": [(code, f"{code} · {state_name(code)}") for code in sorted(STATES)],
        "letter": _seen(db, chosen, "template", lambda slug: letter_name(slug, site)),
        "source": _seen(db, chosen, "source", source_name),
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


def _seen(db: Connection, chosen: Filter, by: str, words: Callable[[str], str]) -> list[Choice]:
    """The values that signatures have, the most frequent first, at most 200."""
    rows = sorted(count(db, chosen.campaign, by), key=lambda row: -row.signatures)[:200]
    return [(row.group or NO_SOURCE, words(row.group)) for row in rows]


def letter_name(slug: str, site: Services) -> str:
    """A letter's title, where the campaign still has it, else its short name."""
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
    """Where a signature stands, in the reader's language; None for every standing, added up."""
    return str(STATUS_NAMES.get(status, status)) if status else _("every status, added up")


# --- What every page about counts shows ---


def meanings() -> Mapping[str, Definition]:
    """Every definition in the reader's language, by its English term."""
    return {term: found.words(_) for term, found in BY_TERM.items()}


def filter_words(asked: CountsQuery) -> str:
    """The filter in one sentence, for the top of a page and a picture's name."""
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
    """What every page about counts shows: the filter, the definitions, the dates of the data."""
    return {
        "asked": asked, "errors": asked.errors, "choices": choices(asked, site),
        "filter_words": filter_words(asked), "meanings": meanings(),
        "glossary": [found.words(_) for found in DEFINITIONS],
        "zone": zone_name(site.campaign.timezone),
        "counted_as": status_name(asked.chosen.status), "status_name": status_name,
        "whole_country": {n: v for n, v in asked.query.items() if n != "state"},
    }  # fmt: skip


# --- The numbers of a filter ---

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
    """The group itself, such as ``CA-12`` or ``2026-11-25``."""


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
    names = {s: state_name(s) for s in sorted(STATES) if chosen.state in (None, s)}
    # Nothing is hidden: what is on no present list is still counted.
    names |= {group: "" for group in totals if group not in names}
    return [(group, group, name, totals.get(group, NOTHING)) for group, name in names.items()]


def end_of(congress: int, tables: Tables) -> Tables:
    """The tables as they hold at the last moment of an earlier Congress, else now."""
    if not tables.first_known <= congress < tables.congress:
        return tables
    return tables.at(change_of(congress + 1) - timedelta(seconds=1))


def counted_in(districts: Iterable[CountRow], tables: Tables) -> Tables:
    """The tables of the Congress whose districts have the numbers: the present one; until somebody
    has signed in it, the one in which people signed last."""
    last = max((_congress_of(r.group) for r in districts if r.signatures), default=tables.congress)
    return end_of(last, tables)


def _districts(totals: Found, chosen: Filter, site: Services) -> list[Line]:
    rows = [CountRow(group, total.signatures, total.letters) for group, total in totals.items()]
    tables = counted_in(rows, site.tables)
    states = [chosen.state] if chosen.state else sorted(STATES)
    seats = [f"{state}-{n}" for state in states for n in tables.districts(state)]
    names = {district_key(seat, tables.congress): member_of(seat, tables) for seat in seats}
    # A district of another Congress is a line of its own, with who sat there then.
    names |= {group: _sat_in(group, site.tables) for group in totals if group not in names}
    mixed = any(_congress_of(group) != site.tables.congress for group in totals)
    return [
        (group, _district_words(group) if mixed else group.partition("/")[0], name,
         totals.get(group, NOTHING))
        for group, name in names.items()
    ]  # fmt: skip


def _sat_in(group: str, tables: Tables) -> str:
    """Who sat for a district of an earlier Congress, by name; empty where nobody is known."""
    found = tables.members_of(group.partition("/")[0], _congress_of(group))
    return ", ".join(dict.fromkeys(member.full_name for member in found))


def _congress_of(group: str) -> int:
    return int(group.partition("/")[2] or FIRST_CONGRESS)


def _district_words(group: str) -> str:
    """``TX-10 (120th Congress)``, where districts of two Congresses stand together."""
    return in_congress(group.partition("/")[0], _congress_of(group))


def nobody(holder: Holder | None) -> str:
    """What stands in the place of a name that the list of members does not have."""
    return _("name not listed yet") if holder and holder.awaited else _("vacant")


def member_of(seat: str, tables: Tables) -> str:
    """Who sits there now; ``vacant`` for nobody."""
    holder = tables.holder(seat)
    return holder.member.full_name if holder and holder.member else nobody(holder)


def _days(totals: Found, chosen: Filter, site: Services) -> list[Line]:
    signed = {date.fromisoformat(group): total for group, total in totals.items()}
    days = reversed(every_day(signed, chosen, site.today()))
    return [(day.isoformat(), long_date(day), "", total) for day, total in days]


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
    """One member, one vacant seat, or somebody whom the list does not name."""

    bioguide: str
    name: str
    seat: str
    """``CA-12`` or ``CA-S3``, with the Congress of somebody of an earlier one; empty for somebody
    of whom nothing is known."""
    state: str
    stance: str
    """What the member has done on the bill, in words."""
    letters: int
    constituents: int | None
    """People of the seat's state or district, by the lines of then, who signed; None where the seat
    is not known."""

    @property
    def words(self) -> str:
        """Everything that a search looks through."""
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

    ``people`` are those who signed, by state (``CA``) and by district (``CA-12``). With
    ``state``, only its seats and who sat in one; a recipient of whom nothing is known stays.
    """
    written: Counter[str] = Counter()
    unknown = []
    other = _("not in our list of members")
    for row in letters:
        if person := tables.people.get(row.group):
            written[person.member.bioguide] += row.letters
        else:
            name = f"{row.group} ({other})"
            unknown.append(MemberLine(row.group, name, "", "", "", row.letters, None))
    shown = [(holder, holder.seat.id, tables) for holder in tables.holders]
    for who in written:
        person = tables.people[who]
        if person.standing != "sits":
            seat_words = past_seat(person.holder.seat.id, person, tables)
            shown.append((person.holder, seat_words, end_of(person.congress, tables)))
    found = []
    for holder, words, then in shown:
        member, seat = holder.member, holder.seat
        if state is None or seat.state == state:
            number = written[member.bioguide] if member else 0
            here = sum(people.get(key, 0) for key in then.counted_as(seat))
            stance = stance_name(stance_of(campaign, member).name) if member else ""
            found.append(MemberLine(
                member.bioguide if member else "", member.full_name if member else nobody(holder),
                words, seat.state, stance, number, here,
            ))  # fmt: skip
    return sorted([*found, *unknown], key=lambda line: (plain(line.name), natural(line.seat)))


def stance_name(name: str) -> str:
    """What a member has done on the bill, in the reader's language; empty for nothing."""
    return {
        "sponsor": _("sponsor"),
        "cosponsor": _("cosponsor"),
        "earlier": _("backed an earlier bill"),
        "opposes": _("backs the opposite bill"),
    }.get(name, "")
