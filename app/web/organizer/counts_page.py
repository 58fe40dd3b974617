"""The dashboard and the table of members: numbers, pictures, and the words beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import request
from flask_babel import format_date, format_percent
from markupsafe import Markup
from werkzeug.wrappers import Response

from app.congress import STATES, TablesError
from app.congress.map import load_map
from app.records import DEFINITIONS, CountRow, Definition, Status, Totals
from app.records.database import reading
from app.records.filtered import counts
from app.web.charts import Bar, bars, day_curve
from app.web.i18n import gettext as _
from app.web.i18n import language
from app.web.organizer import counts_map, counts_members
from app.web.organizer.counts_data import Survey, survey
from app.web.organizer.counts_filter import (
    Asked,
    choices,
    letter_name,
    read_filter,
    source_name,
    status_name,
)
from app.web.organizer.show import page, visible
from app.web.services import Services, services

MOST_BARS = 12
"""A picture shows the longest bars; its table has all."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of a table that compares: letters, sources, steps."""

    name: str
    detail: str
    total: Totals
    share: str


def meanings() -> dict[str, tuple[str, str]]:
    """Term and meaning of each definition in the reader's language, by the English term."""
    spanish = language() == "es"

    def words(found: Definition) -> tuple[str, str]:
        return (found.term_es, found.meaning_es) if spanish else (found.term, found.meaning)

    return {found.term: words(found) for found in DEFINITIONS}


def share(part: int, whole: int) -> str:
    """``12%``, in the reader's way of writing it."""
    return str(format_percent(part / whole, "#,##0.#%")) if whole else "–"


def filter_words(asked: Asked) -> str:
    """The filter in one sentence, for the top of a page and a picture's name."""
    found = asked.chosen
    parts = [
        STATES[found.state] if found.state else "",
        _("from %(day)s", day=format_date(found.since, "medium")) if found.since else "",
        _("to %(day)s", day=format_date(found.until, "medium")) if found.until else "",
        _("letter “%(name)s”", name=found.template) if found.template else "",
        _("source: %(name)s", name=source_name(found.source)) if found.source is not None else "",
        {"en": _("signed in English"), "es": _("signed in Spanish")}.get(found.language or "", ""),
        standing_words(found.status),
    ]
    return ", ".join(part for part in parts if part)


def standing_words(status: Status | None) -> str:
    """``counted``; or that every standing is added up."""
    return status_name(status) if status else _("every standing, added up")


def show_dashboard() -> Response:
    """The dashboard for the filter in the address."""
    site = services()
    asked = read_filter(request.args, site)
    found = survey(site.db(), asked.chosen, site.today())
    by_state = request.args.get("map") == "states" and not asked.chosen.state
    return page(
        "counts/index",
        422 if asked.errors else 200,
        **common(asked, site),
        found=found,
        curve=_curve(found),
        by_state=by_state,
        picture=_picture(found, asked, site, by_state=by_state),
        places=_places(found, asked, site, by_state=by_state),
        letters=_letters(found, site),
        letters_picture=_bars(_by_template(found, site), _("Signatures by letter")),
        sources=_sources(found),
        sources_picture=_bars(_sources(found), _("Signatures by source tag")),
        shares=_shares(found),
        shares_picture=_share_bars(found),
        others=_others(found),
    )


def common(asked: Asked, site: Services) -> dict[str, Any]:
    """What every page about counts shows: the filter, the definitions, the dates of the data."""
    return {
        "asked": asked,
        "errors": asked.errors,
        "choices": choices(asked, site),
        "filter_words": filter_words(asked),
        "meanings": meanings(),
        "zone": site.campaign.timezone,
        "counted_as": standing_words(asked.chosen.status),
        "status_name": status_name,
        "whole_country": {n: v for n, v in asked.query.items() if n != "state"},
    }


def _curve(found: Survey) -> Markup:
    days = [(day, total.signatures) for day, total in found.days]
    return day_curve(days, _("Signatures by day, %(first)s to %(last)s. The table has each number.",
                             first=_day(days[0][0]), last=_day(days[-1][0])))  # fmt: skip


def _day(day: date) -> str:
    return str(format_date(day, "long"))


def _by(rows: Sequence[CountRow]) -> dict[str, int]:
    return {row.group: row.signatures for row in rows}


def _picture(
    found: Survey, asked: Asked, site: Services, *, by_state: bool
) -> counts_map.Picture | None:
    """The map; None where the site has none, which is no reason to show no numbers."""
    try:
        shapes = load_map()
    except TablesError:
        return None
    if by_state:
        return counts_map.picture_of_states(shapes, _by(found.by["state"]), site.tables)
    state = asked.chosen.state
    return counts_map.picture(shapes, _by(found.by["district"]), site.tables, state=state)


def _places(
    found: Survey, asked: Asked, site: Services, *, by_state: bool
) -> list[tuple[str, str, Totals, str]]:
    """Id, name, totals and share of every state, or of every district: those with none too."""
    rows = {row.group: Totals(row.signatures, row.letters) for row in
            found.by["state" if by_state else "district"]}  # fmt: skip
    if by_state:
        names = dict(sorted(STATES.items()))
    else:
        states = [asked.chosen.state] if asked.chosen.state else sorted(STATES)
        seats = [f"{state}-{n}" for state in states for n in site.tables.districts(state)]
        names = {seat: _member(seat, site) for seat in seats}
    nothing = Totals(0, 0)
    # Nothing is hidden: a district that is on no present map is still counted.
    names |= {group: "" for group in rows if group not in names}
    return [
        (place, name, rows.get(place, nothing),
         share(rows.get(place, nothing).signatures, found.total.signatures))
        for place, name in names.items()
    ]  # fmt: skip


def _member(seat: str, site: Services) -> str:
    holder = site.tables.holder(seat)
    return holder.member.full_name if holder and holder.member else _("vacant")


def _compared(rows: Sequence[CountRow], whole: int) -> list[Compared]:
    ordered = sorted(rows, key=lambda row: -row.signatures)
    return [
        Compared(row.group, "", Totals(row.signatures, row.letters), share(row.signatures, whole))
        for row in ordered
    ]


def _letters(found: Survey, site: Services) -> list[Compared]:
    """Every version of every letter's text."""
    lengths = {"full": _("full"), "short": _("short")}
    lines = []
    for row in _compared(found.by["version"], found.total.signatures):
        template, length, version = (*row.name.split(" "), "", "")[:3]
        detail = f"{lengths.get(length, length)}, {version[:6]}"
        lines.append(Compared(letter_name(template, site), detail, row.total, row.share))
    return lines


def _by_template(found: Survey, site: Services) -> list[Compared]:
    rows = _compared(found.by["template"], found.total.signatures)
    return [Compared(letter_name(row.name, site), "", row.total, row.share) for row in rows]


def _sources(found: Survey) -> list[Compared]:
    rows = _compared(found.by["source"], found.total.signatures)
    return [Compared(source_name(row.name), "", row.total, row.share) for row in rows]


def _shares(found: Survey) -> list[Compared]:
    """All ten steps, from those who changed little to those who wrote all themselves."""
    rows = {row.group: Totals(row.signatures, row.letters) for row in found.by["own_share"]}
    lines = []
    for step in range(0, 100, 10):
        total = rows.get(f"{step:02}", Totals(0, 0))
        name = f"{step}–{step + 9}%" if step < 90 else "90–100%"
        lines.append(Compared(name, "", total, share(total.signatures, found.total.signatures)))
    return lines


def _share_bars(found: Survey) -> Markup:
    rows = [Bar(row.name, row.total.signatures) for row in _shares(found)]
    return bars(rows, _("Signatures by the share of their own words. The table has each number."))


def _bars(rows: Sequence[Compared], name: str) -> Markup:
    if not rows:
        return Markup("")
    shown = [Bar(row.name, row.total.signatures) for row in rows[:MOST_BARS]]
    return bars(shown, f"{name}. {_('The table has each number.')}")


def _others(found: Survey) -> list[tuple[str, list[Compared]]]:
    """Language, match and edited: too few values for a picture."""
    names: dict[str, Mapping[str, str]] = {
        "language": {"en": _("English"), "es": _("Spanish")},
        "match": {"zip": _("by ZIP code"), "street": _("by street"), "chosen": _("by hand")},
        "edited": {"yes": _("yes"), "no": _("no")},
    }
    titles = {
        "language": _("Language of the pages"),
        "match": _("How the district was found"),
        "edited": _("Changed the letter’s own words"),
    }
    return [
        (titles[by], [Compared(known.get(row.name, row.name), "", row.total, row.share)
                      for row in _compared(found.by[by], found.total.signatures)])
        for by, known in names.items()
    ]  # fmt: skip


def show_members() -> Response:
    """All members with their letters, searched and sorted by the address."""
    site = services()
    asked = read_filter(request.args, site)
    search = visible(request.args.get("q", "")).strip()[:100]
    order = request.args.get("sort", "letters")
    order = order if order in counts_members.ORDERS else "letters"
    down = request.args.get("order", "down" if order in counts_members.NUMBERS else "up") == "down"
    db, chosen = site.db(), asked.chosen
    with reading(db):
        letters = counts(db, "recipient", chosen)
        people = _by(counts(db, "state", chosen)) | _by(counts(db, "district", chosen))
    every = counts_members.lines(site.tables, site.campaign, letters, people, chosen.state)
    found = counts_members.chosen_lines(every, search, order, backwards=down)
    return page(
        "counts/members", 422 if asked.errors else 200, **common(asked, site),
        found=found, every=len(every), search=search, order=order, down=down,
        numbers=counts_members.NUMBERS,
    )  # fmt: skip
