"""The pages of the counts: how many and when, where, how they compare, and tables of their own.

Tables are sorted, searched and turned over by the address, so they work without a program in the
browser and a page stays small however many lines there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, Literal, TypeVar

from flask import abort, request
from flask_babel import format_date
from markupsafe import Markup
from werkzeug.wrappers import Response

from app.campaign.words import ordinal
from app.congress import STATES
from app.congress.maps import DistrictMap
from app.records import CountRow
from app.records.counts import breakdowns, count, natural
from app.records.database import reading
from app.records.definitions import WAYS
from app.site.i18n import gettext as _
from app.site.i18n import language
from app.site.services import Services, services
from app.web.access import access
from app.web.charts import Bar, bars, day_curve
from app.web.headers import framing
from app.web.organizer import counts_map
from app.web.organizer.counts_export import send_export, show_export
from app.web.organizer.counts_filter import common, read_filter
from app.web.organizer.counts_lines import (
    NUMBERS,
    ORDERS,
    Compared,
    Survey,
    chosen_lines,
    level,
    lines,
    member_lines,
    share,
    survey,
)
from app.web.organizer.show import area, page, visible

counts_blueprint = area("organizer_counts", "/counts")
for rule, endpoint, view in (
    ("/map.svg", "picture", access("organizer")(counts_map.show_map)),
    ("/export", "export", access("exporter")(show_export)),
    ("/export/file", "export_file", access("exporter", fresh=True)(send_export)),
):
    counts_blueprint.add_url_rule(rule, endpoint, view)

MOST = 6
"""Lines of a table and bars of a picture beside others; the table's own page has all."""
DAYS = 10
"""Days in the table below the curve, which has all; so has the table's own page."""


@counts_blueprint.get("", endpoint="index")
@access("organizer")
def show_dashboard() -> Response:
    """How many, when, and what became of them."""
    site = services()
    asked = read_filter(request.args, site)
    found = survey(site.db(), asked.chosen, site.today())
    return page(
        "counts/index", 422 if asked.errors else 200, **common(asked, site),
        found=found, curve=_curve(found), ways=_ways(found), most_days=DAYS,
        days=lines("day", found.by["day"], asked.chosen, site),
    )  # fmt: skip


@counts_blueprint.get("/places", endpoint="places")
@access("organizer")
def show_places() -> Response:
    """Where: the map with its table, of the country or of one state."""
    site = services()
    asked = read_filter(request.args, site)
    state = asked.chosen.state
    with reading(site.db()):
        rows = breakdowns(site.db(), asked.chosen, ("state", "district", "match")).by
    by_state = request.args.get("map") == "states" and not state
    shapes = counts_map.shapes_of(site)
    framing()
    return page(
        "counts/places", 422 if asked.errors else 200, **common(asked, site),
        by_state=by_state, map_here=shapes is not None,
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
    tongue: Literal["en", "es"] = "es" if language() == "es" else "en"
    whole = [s for s in counts_map.redrawn(shapes, tables) if state in (None, s)]
    said = _(
        "The outlines on this map are the districts of the %(outlines)s Congress; the numbers are "
        "those of the %(congress)s, which sits now. What was signed before stands in the table.",
        outlines=ordinal(shapes.congress, tongue), congress=ordinal(tables.congress, tongue),
    )  # fmt: skip
    if whole:
        more = _("These states have new lines, of which this site has no outlines, so each is "
                 "counted as a whole: %(states)s.",
                 states=", ".join(STATES[s] for s in whole))  # fmt: skip
        said = f"{said} {more}"
    return said


COMPARED = ("template", "version", "source", "own_share", "language", "edited")


@counts_blueprint.get("/compare", endpoint="compare")
@access("organizer")
def show_compared() -> Response:
    """Which letters, from where, in whose words."""
    site = services()
    asked = read_filter(request.args, site)
    with reading(site.db()):
        rows = breakdowns(site.db(), asked.chosen, COMPARED).by
    found = {by: lines(by, rows[by], asked.chosen, site) for by in COMPARED}
    return page(
        "counts/compare", 422 if asked.errors else 200, **common(asked, site),
        found=found, most=MOST,
        letters_picture=_bars(found["template"], _("Signatures by letter")),
        sources_picture=_bars(found["source"], _("Signatures by source tag")),
        shares_picture=_share_bars(found["own_share"]),
        others=[(title, by, found[by]) for title, by in _others().items()],
    )  # fmt: skip


def _curve(found: Survey) -> Markup:
    days = [(day, total.signatures) for day, total in found.days]
    return day_curve(days, _("Signatures by day, %(first)s to %(last)s. The table has each number.",
                             first=_day(days[0][0]), last=_day(days[-1][0])))  # fmt: skip


def _day(day: date) -> str:
    return str(format_date(day, "long"))


def _share_bars(rows: Sequence[Compared]) -> Markup:
    shown = [Bar(row.name, row.total.signatures) for row in rows]
    return bars(shown, _("Signatures by the share of their own words. The table has each number."))


def _bars(rows: Sequence[Compared], name: str) -> Markup:
    if not rows:
        return Markup("")
    shown = [Bar(row.name, row.total.signatures) for row in rows[:MOST]]
    table = _("The table has each number.")
    return bars(shown, f"{name}. {table}")


def _ways(found: Survey) -> list[tuple[str, str, int, str]]:
    """Every state of a letter in the order of its way: name, meaning, letters, share."""
    every: Mapping[str, int] = {str(state): number for state, number in found.ways.items()}
    words = [(way.term, way.words(language())) for way in WAYS]
    return [
        (known.term, known.meaning, every.get(state, 0),
         share(every.get(state, 0), found.total.letters))
        for state, known in words
    ]  # fmt: skip


def _others() -> dict[str, str]:
    """Title and breakdown of what has too few values for a picture."""
    return {
        _("Language of the pages"): "language",
        _("Changed the letter’s own words"): "edited",
    }


# --- Tables with a page of their own ---


LINES = 100
"""Lines on one page."""

TABLES = (
    "day", "state", "district", "template", "version", "source", "language", "match", "edited",
    "own_share",
)  # fmt: skip
"""Breakdowns that have a page; recipients have the page of members."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Leaf(Generic[T]):
    """One page of a table."""

    lines: Sequence[T]
    number: int
    """From 1."""
    pages: int
    first: int
    """The number of its first line, from 1; 0 where there is none."""
    last: int
    every: int


def leaf(found: Sequence[T], wanted: str) -> Leaf[T]:
    """The page that an address asks for, or the nearest that there is."""
    pages = max(1, -(-len(found) // LINES))
    asked = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 6 else 1
    number = min(max(asked, 1), pages)
    start = (number - 1) * LINES
    shown = found[start : start + LINES]
    return Leaf(shown, number, pages, min(start + 1, len(found)), start + len(shown), len(found))


@dataclass(frozen=True, slots=True)
class TableOrder:
    """What a table is searched for and sorted by."""

    search: str
    key: str
    down: bool


def read_order(keys: Sequence[str], first: str, numbers: frozenset[str]) -> TableOrder:
    """Search and order from the address; numbers begin with the largest."""
    key = request.args.get("sort", first)
    key = key if key in keys else first
    down = request.args.get("order", "down" if key in numbers else "up") == "down"
    return TableOrder(visible(request.args.get("q", "")).strip()[:100], key, down)


@counts_blueprint.get("/members", endpoint="members")
@access("organizer")
def show_members() -> Response:
    """All members with their letters."""
    site = services()
    asked = read_filter(request.args, site)
    order = read_order(ORDERS, "letters", NUMBERS)
    db, chosen = site.db(), asked.chosen
    with reading(db):
        letters = count(db, chosen, "recipient")
        people = _by(count(db, chosen, "state")) | _by(count(db, chosen, "district"))
    every = member_lines(site.tables, site.campaign, letters, people, chosen.state)
    found = chosen_lines(every, order.search, order.key, backwards=order.down)
    return page(
        "counts/members", 422 if asked.errors else 200, **common(asked, site),
        leaf=leaf(found, request.args.get("page", "")), every=len(every), order=order,
        numbers=NUMBERS,
    )  # fmt: skip


def _by(rows: Sequence[CountRow]) -> dict[str, int]:
    return {row.group: row.signatures for row in rows}


@counts_blueprint.get("/by/<by>", endpoint="table")
@access("organizer")
def show_table(by: str) -> Response:
    """One breakdown with all its lines."""
    if by not in TABLES:
        abort(404)
    site = services()
    asked = read_filter(request.args, site)
    order = read_order(("", *SORTED), "", frozenset({"signatures", "letters"}))
    found = lines(by, count(site.db(), asked.chosen, by), asked.chosen, site)
    every = len(found)
    words = level(order.search).split()
    found = [x for x in found if all(w in level(f"{x.name} {x.detail}") for w in words)]
    if order.key:
        found.sort(key=SORTED[order.key], reverse=order.down)
    return page(
        "counts/table", 422 if asked.errors else 200, **common(asked, site),
        by=by, titles=titles(), heads=heads(), leaf=leaf(found, request.args.get("page", "")),
        every=every, order=order,
    )  # fmt: skip


SORTED: Mapping[str, Callable[[Compared], Any]] = {
    "name": lambda line: natural(level(line.name)),
    "signatures": lambda line: line.total.signatures,
    "letters": lambda line: line.total.letters,
}


def titles() -> dict[str, str]:
    """The title of each table's page."""
    return {
        "day": _("Day by day"),
        "state": _("States and territories"),
        "district": _("All districts"),
        "template": _("Letters compared"),
        "version": _("Letters and versions compared"),
        "source": _("Source tags compared"),
        "language": _("Language of the pages"),
        "match": _("How the district was found"),
        "edited": _("Changed the letter’s own words"),
        "own_share": _("In their own words"),
    }


def heads() -> dict[str, tuple[str, str]]:
    """What stands above names and details."""
    return {
        "day": (_("Day"), ""),
        "state": (_("State"), _("Name")),
        "district": (_("District"), _("Representative")),
        "template": (_("Letter"), ""),
        "version": (_("Letter"), _("Length and version")),
        "source": (_("Source tag"), ""),
        "own_share": (_("Own words"), ""),
    }
