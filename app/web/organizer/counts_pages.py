"""The pages of the counts: how many and when, where, how they compare, and tables of their own.

Tables are sorted, searched and turned over by the address, so they work without a program in the
browser and a page stays small however many lines there are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from flask import abort, request
from flask_babel import format_date
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.wrappers import Response

from app.campaign.words import ordinal
from app.congress.maps import DistrictMap
from app.congress.model import STATES
from app.records.counts import breakdowns, count, natural
from app.records.database import reading
from app.records.definitions import WAYS
from app.site.i18n import gettext as _
from app.site.i18n import language
from app.site.services import Services, services
from app.text import plain
from app.web.access import access
from app.web.charts import bars, day_curve
from app.web.headers import framing
from app.web.organizer import counts_map
from app.web.organizer.counts_filter import CountsQuery, common, counts_area, read_filter
from app.web.organizer.counts_lines import (
    Compared,
    MemberLine,
    Survey,
    lines,
    member_lines,
    share,
    survey,
)
from app.web.organizer.show import page, visible

MOST = 6
"""Lines of a table and bars of a picture beside others; the table's own page has all."""
DAYS = 10
"""Days in the table below the curve, which has all; so has the table's own page."""


def _page(template: str, asked: CountsQuery, site: Services, **shown: Any) -> Response:
    return page(f"counts/{template}", 422 if asked.errors else 200, **common(asked, site), **shown)


@counts_area.get("")
@access("organizer")
def index() -> Response:
    """How many, when, and what became of them."""
    site = services()
    asked = read_filter(site)
    found = survey(site.db(), asked.chosen, site.today())
    return _page(
        "index", asked, site, found=found, curve=_curve(found), ways=_ways(found), most_days=DAYS,
        days=lines("day", found.by["day"], asked.chosen, site),
    )  # fmt: skip


@counts_area.get("/places")
@access("organizer")
def places() -> Response:
    """Where: the map with its table, of the country or of one state."""
    site = services()
    asked = read_filter(site)
    state = asked.chosen.state
    with reading(site.db()):
        rows = breakdowns(site.db(), asked.chosen, ("state", "district", "match")).by
    by_state = request.args.get("map") == "states" and not state
    shapes = counts_map.shapes_of(site)
    framing()
    return _page(
        "places", asked, site, by_state=by_state, map_here=shapes is not None,
        map_notice="" if by_state else _map_notice(shapes, site, state),
        legend=counts_map.legend_of(
            rows["state" if by_state else "district"], shapes, site.tables, state,
            by_state=by_state,
        ),
        places=lines("district" if state else "state", rows["district" if state else "state"],
                     asked.chosen, site),
        matched=lines("match", rows["match"], asked.chosen, site),
    )  # fmt: skip


def _map_notice(shapes: DistrictMap | None, site: Services, state: str | None) -> str:
    """Whose outlines the map shows, where they are not those of the Congress that sits."""
    tables = site.tables
    if shapes is None or shapes.congress == tables.congress:
        return ""
    whole = [s for s in counts_map.redrawn(shapes, tables) if state in (None, s)]
    said = _(
        "The outlines on this map are the districts of the %(outlines)s Congress; the numbers are "
        "those of the %(congress)s, which sits now. What was signed before stands in the table.",
        outlines=ordinal(shapes.congress, language()),
        congress=ordinal(tables.congress, language()),
    )  # fmt: skip
    if whole:
        more = _("These states have new lines, of which this site has no outlines, so each is "
                 "counted as a whole: %(states)s.",
                 states=", ".join(STATES[s] for s in whole))  # fmt: skip
        said = f"{said} {more}"
    return said


COMPARED = ("template", "version", "source", "own_share", "language", "edited")


@counts_area.get("/compare")
@access("organizer")
def compare() -> Response:
    """Which letters, from where, in whose words."""
    site = services()
    asked = read_filter(site)
    with reading(site.db()):
        rows = breakdowns(site.db(), asked.chosen, COMPARED).by
    found = {by: lines(by, rows[by], asked.chosen, site) for by in COMPARED}
    return _page(
        "compare", asked, site, found=found, most=MOST,
        letters_picture=_bars(found["template"][:MOST], _("Signatures by letter")),
        sources_picture=_bars(found["source"][:MOST], _("Signatures by source tag")),
        shares_picture=_bars(found["own_share"], _("Signatures by the share of their own words")),
        others=[(TABLES[by][0], by, found[by]) for by in ("language", "edited")],
    )  # fmt: skip


def _curve(found: Survey) -> Markup:
    days = [(day, total.signatures) for day, total in found.days]
    return day_curve(days, _("Signatures by day, %(first)s to %(last)s. The table has each number.",
                             first=_day(days[0][0]), last=_day(days[-1][0])))  # fmt: skip


def _day(day: date) -> str:
    return str(format_date(day, "long"))


def _bars(rows: Sequence[Compared], name: str) -> Markup:
    if not rows:
        return Markup("")
    table = _("The table has each number.")
    return bars([(row.name, row.total.signatures) for row in rows], f"{name}. {table}")


def _ways(found: Survey) -> list[tuple[str, str, int, str]]:
    """Every state of a letter in the order of its way: name, meaning, letters, share."""
    every: Mapping[str, int] = {str(state): number for state, number in found.ways.items()}
    words = [(way.term, way.words(_)) for way in WAYS]
    return [
        (known.term, known.meaning, every.get(state, 0),
         share(every.get(state, 0), found.total.letters))
        for state, known in words
    ]  # fmt: skip


# --- Tables with a page of their own ---


TABLES = {
    "day": (_l("Day by day"), _l("Day"), ""),
    "state": (_l("States and territories"), _l("State"), _l("Name")),
    "district": (_l("All districts"), _l("District"), _l("Representative")),
    "template": (_l("Letters compared"), _l("Letter"), ""),
    "version": (_l("Letters and versions compared"), _l("Letter"), _l("Length and version")),
    "source": (_l("Source tags compared"), _l("Source tag"), ""),
    "language": (_l("Language of the pages"), _l("Language of the pages"), ""),
    "match": (_l("How the district was found"), _l("How the district was found"), ""),
    "edited": (_l("Changed the letter’s own words"), _l("Changed the letter’s own words"), ""),
    "own_share": (_l("In their own words"), _l("Own words"), ""),
}
"""Breakdowns that have a page: its title, and what stands above names and details. Recipients
have the page of members."""
LINES = 100
"""Lines on one page."""

T = TypeVar("T")
Columns = Mapping[str, Callable[[T], Any]]
"""What a table can be sorted by."""


@dataclass(frozen=True, slots=True)
class Turned(Generic[T]):
    """One page of a table, searched and sorted as the address asks for."""

    lines: Sequence[T]
    every: int
    """Lines before anything was searched."""
    found: int
    first: int
    """The number of its first line, from 1; 0 where there is none."""
    last: int
    number: int
    """Of the page, from 1."""
    pages: int
    search: str
    key: str
    down: bool
    numbers: Collection[str]
    """Columns that begin with the largest."""


def turn(
    every: Sequence[T], words: Callable[[T], str], columns: Columns[T], key: str,
    numbers: Collection[str],
) -> Turned[T]:  # fmt: skip
    """The page that the address asks for, or the nearest that there is. ``words`` are what a
    search looks through; sorted by ``key`` where it names no column."""
    args = request.args
    search = visible(args.get("q", "")).strip()[:100]
    sought = plain(search).split()
    found = [one for one in every if all(word in plain(words(one)) for word in sought)]
    key = args["sort"] if args.get("sort") in columns else key
    down = args.get("order", "down" if key in numbers else "up") == "down"
    if key:
        found.sort(key=columns[key], reverse=down)
    pages = max(1, -(-len(found) // LINES))
    typed = args.get("page", "")
    wanted = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 1
    number = min(max(wanted, 1), pages)
    start = (number - 1) * LINES
    shown = found[start : start + LINES]
    return Turned(
        shown, len(every), len(found), min(start + 1, len(found)), start + len(shown), number,
        pages, search, key, down, numbers,
    )  # fmt: skip


MEMBER_COLUMNS: Columns[MemberLine] = {
    "name": lambda line: plain(line.name),
    "seat": lambda line: (not line.seat, natural(line.seat)),
    "letters": lambda line: line.letters,
    "constituents": lambda line: -1 if line.constituents is None else line.constituents,
    "stance": lambda line: (not line.stance, line.stance),
}
LINE_COLUMNS: Columns[Compared] = {
    "name": lambda line: natural(plain(line.name)),
    "signatures": lambda line: line.total.signatures,
    "letters": lambda line: line.total.letters,
}


@counts_area.get("/members")
@access("organizer")
def members() -> Response:
    """All members with their letters."""
    site = services()
    asked = read_filter(site)
    db, chosen = site.db(), asked.chosen
    with reading(db):
        letters = count(db, chosen, "recipient")
        places = (*count(db, chosen, "state"), *count(db, chosen, "district"))
    people = {row.group: row.signatures for row in places}
    every = member_lines(site.tables, site.campaign, letters, people, chosen.state)
    table = turn(every, lambda line: line.words, MEMBER_COLUMNS, "letters",
                 ("letters", "constituents"))  # fmt: skip
    return _page("members", asked, site, table=table)


@counts_area.get("/by/<by>")
@access("organizer")
def table(by: str) -> Response:
    """One breakdown with all its lines."""
    if by not in TABLES:
        abort(404)
    site = services()
    asked = read_filter(site)
    every = lines(by, count(site.db(), asked.chosen, by), asked.chosen, site)
    shown = turn(every, lambda line: f"{line.name} {line.detail}", LINE_COLUMNS, "",
                 ("signatures", "letters"))  # fmt: skip
    title, head, detail = TABLES[by]
    return _page("table", asked, site, table=shown, by=by, title=title, head=head, detail=detail)
