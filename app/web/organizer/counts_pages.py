"""The pages of the counts: how many and when, where, how letters compare, and full tables.

Tables are sorted, searched and paged through the query string, so they work without JavaScript and
a page stays small however many lines there are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask import abort, render_template
from flask_babel import format_decimal
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.wrappers import Response

from app.campaign.words import ordinal
from app.congress.maps import DistrictMap, load_map
from app.congress.model import STATES, TablesError, district_key
from app.congress.tables import FOLDER, Tables, tables_folder
from app.records.counts import CountRow, breakdowns, count, count_recipients, natural
from app.records.database import reading
from app.records.definitions import WAYS
from app.site.i18n import gettext as _
from app.site.i18n import language, long_date, ngettext, page_url
from app.site.services import Services, services
from app.text import plain
from app.web.access import access
from app.web.charts import bars, day_curve
from app.web.forms import queried
from app.web.headers import framed, framing
from app.web.organizer.counts_read import (
    CountLine,
    CountsQuery,
    MemberLine,
    Survey,
    common,
    counts_area,
    lines,
    member_lines,
    member_of,
    read_filter,
    share,
    survey,
    tables_counted_in,
)
from app.web.organizer.show import page, visible
from app.web.resident.people import state_name

SUMMARY_ROWS = 6
"""Lines of a table, and bars of a chart, on a page with several; each table's page has all."""
SUMMARY_DAYS = 10
"""Days in the table below the curve. The curve and the table's own page have all."""


def _page(template: str, asked: CountsQuery, site: Services, **shown: Any) -> Response:
    return page(f"counts/{template}", 422 if asked.errors else 200, **common(asked, site), **shown)


@counts_area.get("")
@access("organizer")
def index() -> Response:
    """How many people signed, when, and how far their letters have come."""
    site = services()
    asked = read_filter(site)
    found = survey(site.db(), asked.chosen, site.today())
    return _page(
        "index", asked, site, found=found, curve=_curve(found), ways=_way_lines(found),
        most_days=SUMMARY_DAYS,
        days=lines("day", found.by["day"], asked.chosen, site),
    )  # fmt: skip


@counts_area.get("/places")
@access("organizer")
def places() -> Response:
    """Where people signed: a map and a table of the country or of one state."""
    site = services()
    asked = read_filter(site)
    state = asked.chosen.state
    with reading(site.db()):
        rows = breakdowns(site.db(), asked.chosen, ("state", "district", "match")).by
    by_state = queried().get("map") == "states" and not state
    tables = tables_counted_in(rows["district"], site.tables)
    shapes = load_shapes(site, tables)
    framing()
    return _page(
        "places", asked, site, by_state=by_state, map_here=shapes is not None,
        others=shapes is not None and not by_state and shapes.congress != tables.congress,
        outlines=ordinal(shapes.congress, language()) if shapes else "",
        ended="" if tables is site.tables else ordinal(tables.congress, language()),
        congress=ordinal(tables.congress, language()),
        whole=[state_name(s) for s in unmapped_states(shapes, tables) if state in (None, s)],
        legend=legend_of(
            rows["state" if by_state else "district"], shapes, tables, state,
            by_state=by_state,
        ),
        places=lines("district" if state else "state", rows["district" if state else "state"],
                     asked.chosen, site),
        matched=lines("match", rows["match"], asked.chosen, site),
    )  # fmt: skip


COMPARED = ("template", "version", "source", "own_share", "language", "edited")


@counts_area.get("/compare")
@access("organizer")
def compare() -> Response:
    """Letters, sources and own words compared."""
    site = services()
    asked = read_filter(site)
    with reading(site.db()):
        rows = breakdowns(site.db(), asked.chosen, COMPARED).by
    found = {by: lines(by, rows[by], asked.chosen, site) for by in COMPARED}
    return _page(
        "compare", asked, site, found=found, most=SUMMARY_ROWS,
        letters_picture=_bars(found["template"][:SUMMARY_ROWS], _("Signatures by letter")),
        sources_picture=_bars(found["source"][:SUMMARY_ROWS], _("Signatures by source tag")),
        shares_picture=_bars(found["own_share"], _("Signatures by the share of their own words")),
        others=[(TABLES[by][0], by, found[by]) for by in ("language", "edited")],
    )  # fmt: skip


def _curve(found: Survey) -> Markup:
    days = [(day, total.signatures) for day, total in found.days]
    return day_curve(days, _("Signatures by day, %(first)s to %(last)s. The table has each number.",
                             first=long_date(days[0][0]), last=long_date(days[-1][0])))  # fmt: skip


def _bars(rows: Sequence[CountLine], name: str) -> Markup:
    if not rows:
        return Markup("")
    table = _("The table has each number.")
    return bars([(row.name, row.total.signatures) for row in rows], f"{name}. {table}")


def _way_lines(found: Survey) -> list[tuple[str, str, int, str]]:
    """Every state that a letter can be in, in order: name, meaning, letters, share."""
    every: Mapping[str, int] = {str(state): number for state, number in found.ways.items()}
    words = [(way.term, way.words(_)) for way in WAYS]
    return [
        (known.term, known.meaning, every.get(state, 0),
         share(every.get(state, 0), found.total.letters))
        for state, known in words
    ]  # fmt: skip


# --- Tables that have their own page ---


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
"""The breakdowns that have a page: its title, and the headings of names and of details. Recipients
have the page of members."""
PAGE_LINES = 100
"""Lines on one page."""

T = TypeVar("T")
Columns = Mapping[str, Callable[[T], Any]]
"""A table's sort keys, by column."""


@dataclass(frozen=True, slots=True)
class TablePage(Generic[T]):
    """One page of a table, searched and sorted as the query string asks."""

    lines: Sequence[T]
    every: int
    """All lines, before the search."""
    found: int
    first: int
    """The number of the page's first line, from 1; 0 if there is none."""
    last: int
    number: int
    """The page's number, from 1."""
    pages: int
    search: str
    key: str
    down: bool
    numbers: Collection[str]
    """Numeric columns, which are sorted in descending order by default."""


def table_page(
    every: Sequence[T], words: Callable[[T], str], columns: Columns[T], key: str,
    numbers: Collection[str],
) -> TablePage[T]:  # fmt: skip
    """The page of a table that the query string asks for, or the nearest existing one.

    ``words`` gives the text that a search looks through; ``key`` is the default sort column.
    """
    args = queried()
    search = visible(args.get("q", "")).strip()[:100]
    sought = plain(search).split()
    found = [one for one in every if all(word in plain(words(one)) for word in sought)]
    key = args["sort"] if args.get("sort") in columns else key
    down = args.get("order", "down" if key in numbers else "up") == "down"
    if key:
        found.sort(key=columns[key], reverse=down)
    pages = max(1, -(-len(found) // PAGE_LINES))
    typed = args.get("page", "")
    wanted = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 1
    number = min(max(wanted, 1), pages)
    start = (number - 1) * PAGE_LINES
    shown = found[start : start + PAGE_LINES]
    return TablePage(
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
LINE_COLUMNS: Columns[CountLine] = {
    "name": lambda line: natural(plain(line.name)),
    "signatures": lambda line: line.total.signatures,
    "letters": lambda line: line.total.letters,
}


DAY_COLUMNS: Columns[CountLine] = {**LINE_COLUMNS, "name": lambda line: line.key}


@counts_area.get("/members")
@access("organizer")
def members() -> Response:
    """All members with their letters."""
    site = services()
    asked = read_filter(site)
    db, chosen = site.db(), asked.chosen
    with reading(db):
        letters = count_recipients(db, chosen, site.tables.current_ids())
        places = (*count(db, chosen, "state"), *count(db, chosen, "district"))
    people = {row.group: row.signatures for row in places}
    every = member_lines(site.tables, site.campaign, letters, people, chosen.state)
    table = table_page(every, lambda line: line.words, MEMBER_COLUMNS, "letters",
                 ("letters", "constituents"))  # fmt: skip
    awaited = len(site.tables.awaited())
    return _page("members", asked, site, table=table, awaited=awaited)


@counts_area.get("/by/<by>")
@access("organizer")
def table(by: str) -> Response:
    """All lines of one breakdown."""
    if by not in TABLES:
        abort(404)
    site = services()
    asked = read_filter(site)
    every = lines(by, count(site.db(), asked.chosen, by), asked.chosen, site)
    columns = DAY_COLUMNS if by == "day" else LINE_COLUMNS
    shown = table_page(every, lambda line: f"{line.name} {line.detail} {line.key}", columns, "",
                 ("signatures", "letters"))  # fmt: skip
    title, head, detail = TABLES[by]
    return _page("table", asked, site, table=shown, by=by, title=title, head=head, detail=detail)


# --- The map: shapes, their shades and accessible names, and the legend ---

STEPS = 5
"""Shades for one signature or more; step 0 means none."""

WHOLE = STEPS + 1
"""The color of a state whose current districts have no outlines; it represents no number."""

MARGIN = 80
"""Map units of margin around a state that is shown alone."""


Place = tuple[str, str, int, str]
"""One state or district to draw: its key (``CA``, or a district as counted: ``CA-12``,
``MA-6/120``); its accessible name, which includes its number; its step; its path."""
Legend = tuple[tuple[int, str], ...]
"""Steps with their words, lightest first."""


def load_shapes(site: Services, tables: Tables) -> DistrictMap | None:
    """The map of the districts of ``tables``, else the latest map that the site has; None if it has
    none, in which case the page's tables still have all numbers."""
    for folder in (tables_folder(site.settings.instance), FOLDER):
        with suppress(TablesError):
            return load_map(folder, tables.congress)
    return None


def unmapped_states(shapes: DistrictMap | None, tables: Tables) -> tuple[str, ...]:
    """The states whose lines in ``tables`` differ from the map's. Their districts have no outlines,
    so each state is counted as a whole."""
    if shapes is None or shapes.congress == tables.congress:
        return ()
    return tuple(s for s in sorted(STATES) if tables.lines_of(s) != shapes.congress)


@counts_area.get("/map.svg")
@access("organizer")
def picture() -> Response:
    """The map as a separate document, for a frame of the dashboard.

    Each place is a link whose name includes its number, so keyboards and screen readers reach it.
    """
    site = services()
    asked = read_filter(site)
    by_state = queried().get("map") == "states" and not asked.chosen.state
    rows = count(site.db(), asked.chosen, "state" if by_state else "district")
    numbers = {row.group: row.signatures for row in rows}
    tables = site.tables if by_state else tables_counted_in(rows, site.tables)
    shapes = load_shapes(site, tables)
    if shapes is None:
        abort(404)
    state = asked.chosen.state
    if by_state:
        places = _states(shapes, numbers, tables)
    else:
        places = _districts(shapes, numbers, tables, state)
    if state is None:
        view = (0, 0, shapes.width, shapes.height)
        insets = sorted({**shapes.boxes, "PR": shapes.frames["PR"]}.items())
    else:
        insets = []
        left, top, width, height = shapes.frames[state]
        margin = MARGIN if state not in shapes.boxes else max(width, height) // 4
        view = (left - margin, top - margin, width + 2 * margin, height + 2 * margin)
    rest = {name: value for name, value in asked.query.items() if name != "state"}
    links = {s: page_url("organizer_counts.places", **rest, state=s) for s in STATES}
    framed()
    text = render_template(
        "organizer/counts/map.svg", places=places, view=view, links=links, by_state=by_state,
        state=state, lines="" if state else shapes.state_lines,
        labels=[(code, box[0] + box[2] // 2, box[1] - 40) for code, box in insets],
    )  # fmt: skip
    return Response(text, mimetype="image/svg+xml")


def legend_of(
    rows: Sequence[CountRow], shapes: DistrictMap | None, tables: Tables, state: str | None, *,
    by_state: bool,
) -> Legend:  # fmt: skip
    """The map's legend, from the same counts; ``rows`` are by state or by district."""
    numbers = {row.group: row.signatures for row in rows}
    states = [state] if state else list(STATES)
    whole = [] if by_state else [s for s in unmapped_states(shapes, tables) if s in states]
    districts = [
        district_key(f"{s}-{n}", tables.congress)
        for s in states if s not in whole for n in tables.districts(s)
    ]  # fmt: skip
    drawn = {*districts, *(STATES if state is None else ())}
    found = legend(steps([number for place, number in numbers.items() if place in drawn]))
    return (*found, (WHOLE, _("state with new lines, counted as a whole"))) if whole else found


def _districts(
    shapes: DistrictMap, numbers: Mapping[str, int], tables: Tables, state: str | None
) -> list[Place]:
    """The districts of the country, or of one state.

    ``numbers`` are signatures by district as counted (``CA-12``, ``CA-12/120``). The districts of
    the Congress of ``tables`` are drawn. A state whose lines differ from the map's is one place.
    """
    whole = unmapped_states(shapes, tables)
    now = {
        name: numbers.get(district_key(name, tables.congress), 0) for name in shapes.districts
        if state is None or name.startswith(f"{state}-")
    }  # fmt: skip
    breaks = steps([number for name, number in now.items() if name[:2] not in whole])
    places = [
        (district_key(name, tables.congress),
         f"{name}, {member_of(name, tables)}: {signed_words(number)}", step(number, breaks),
         shapes.districts[name])
        for name, number in now.items() if name[:2] not in whole
    ]  # fmt: skip
    for there in whole:
        names = [name for name in now if name.startswith(f"{there}-")]
        if names:
            said = _("%(place)s, counted as a whole", place=state_name(there, in_a_sentence=True))
            people = signed_words(sum(now[name] for name in names))
            path = "".join(shapes.districts[name] for name in names)
            places.append((there, f"{said}: {people}", WHOLE, path))
    return places


def _states(shapes: DistrictMap, numbers: Mapping[str, int], tables: Tables) -> list[Place]:
    """The states and territories. ``numbers`` are signatures by state (``CA``)."""
    found = {state: numbers.get(state, 0) for state in sorted(STATES)}
    breaks = steps(list(found.values()))
    return [
        (state, f"{state_name(state)}: {signed_words(number)}", step(number, breaks),
         "".join(shapes.districts[f"{state}-{n}"] for n in tables.districts(state)))
        for state, number in found.items()
    ]  # fmt: skip


def signed_words(number: int) -> str:
    """``3 people signed``."""
    return ngettext(
        "one person signed", "%(people)s people signed", number, people=format_decimal(number)
    )


def steps(numbers: Sequence[int]) -> tuple[int, ...]:
    """The upper bound of each step, chosen so that all steps have about as many places.

    At most ``STEPS``, ascending; fewer if there are fewer distinct numbers; empty if all are zero.
    """
    some = sorted(number for number in numbers if number > 0)
    if not some:
        return ()
    tops = {some[max(0, -(-len(some) * part // STEPS) - 1)] for part in range(1, STEPS + 1)}
    different = sorted(set(some))
    return tuple(different if len(different) <= STEPS else sorted(tops))


def step(number: int, breaks: Sequence[int]) -> int:
    """The step of a number: 0 for zero, and the darkest for the highest, however few there are."""
    if number <= 0 or not breaks:
        return 0
    place = next(n for n, top in enumerate(breaks, start=1) if number <= top)
    return STEPS - len(breaks) + place


def legend(breaks: Sequence[int]) -> Legend:
    """The steps that the breaks define, each with its range of numbers in words."""
    found = [(0, _("none"))]
    first = 1
    for top in breaks:
        text = f"{_digits(top)}" if first == top else f"{_digits(first)}–{_digits(top)}"
        found.append((step(top, breaks), text))
        first = top + 1
    return tuple(found)


def _digits(number: int) -> str:
    return str(format_decimal(number))
