"""The choropleth: which shape is where, how dark, under which name, and what the colours mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from flask import abort, render_template, request
from flask_babel import format_decimal
from werkzeug.wrappers import Response

from app.congress.maps import DistrictMap, load_map
from app.congress.model import STATES, TablesError, district_key
from app.congress.tables import FOLDER, Tables, tables_folder
from app.records.counts import CountRow, count
from app.site.i18n import gettext as _
from app.site.i18n import ngettext, page_url
from app.site.services import Services, services
from app.web.access import access
from app.web.headers import framed
from app.web.organizer.counts_filter import counts_area, read_filter
from app.web.organizer.counts_lines import member_of

STEPS = 5
"""Colours for one signature and more; step 0 is for none."""

WHOLE = STEPS + 1
"""The color of a state of whose present districts there is no outline; no step of a number."""

MARGIN = 80
"""Map units around a state that is shown alone."""


Place = tuple[str, str, int, str]
"""One state or district to draw: ``CA``, or a district as it is counted (``CA-12``, ``MA-6/120``);
its accessible name, with its number; its step; its path."""
Legend = tuple[tuple[int, str], ...]
"""Step and words, the lightest first."""


def shapes_of(site: Services) -> DistrictMap | None:
    """The map of the present districts, or the one that this site has; None without one: then
    the tables still have all numbers."""
    for folder in (tables_folder(site.settings.instance), FOLDER):
        with suppress(TablesError):
            return load_map(folder, site.tables.congress)
    return None


def redrawn(shapes: DistrictMap | None, tables: Tables) -> tuple[str, ...]:
    """The states that have other lines now than the map: there is no outline of their districts,
    so each is counted as a whole."""
    if shapes is None or shapes.congress == tables.congress:
        return ()
    return tuple(s for s in sorted(STATES) if tables.lines_of(s) != shapes.congress)


@counts_area.get("/map.svg")
@access("organizer")
def picture() -> Response:
    """The map as a document of its own, for a frame of the dashboard.

    Each place is a link with its number as its name, so keys and screen readers reach all.
    """
    site = services()
    asked = read_filter(site)
    by_state = request.args.get("map") == "states" and not asked.chosen.state
    rows = count(site.db(), asked.chosen, "state" if by_state else "district")
    numbers = {row.group: row.signatures for row in rows}
    shapes = shapes_of(site)
    if shapes is None:
        abort(404)
    state = asked.chosen.state
    if by_state:
        places = _states(shapes, numbers, site.tables)
    else:
        places = _districts(shapes, numbers, site.tables, state)
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
    """What the colors of the map mean, from the same numbers. ``rows``: by state or by district."""
    numbers = {row.group: row.signatures for row in rows}
    states = [state] if state else list(STATES)
    whole = [] if by_state else [s for s in redrawn(shapes, tables) if s in states]
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

    ``numbers`` are signatures by district as it is counted (``CA-12``, ``CA-12/120``). Drawn are
    those of the Congress that sits. A state whose lines are not those of the map is one place.
    """
    whole = redrawn(shapes, tables)
    now = {
        name: numbers.get(district_key(name, tables.congress), 0) for name in shapes.districts
        if state is None or name.startswith(f"{state}-")
    }  # fmt: skip
    breaks = steps([number for name, number in now.items() if name[:2] not in whole])
    places = [
        (district_key(name, tables.congress),
         f"{name}, {member_of(name, tables)}: {signed(number)}", step(number, breaks),
         shapes.districts[name])
        for name, number in now.items() if name[:2] not in whole
    ]  # fmt: skip
    for there in whole:
        names = [name for name in now if name.startswith(f"{there}-")]
        if names:
            said = _("%(place)s, counted as a whole", place=STATES[there])
            people = signed(sum(now[name] for name in names))
            path = "".join(shapes.districts[name] for name in names)
            places.append((there, f"{said}: {people}", WHOLE, path))
    return places


def _states(shapes: DistrictMap, numbers: Mapping[str, int], tables: Tables) -> list[Place]:
    """The states and territories. ``numbers`` are signatures by state (``CA``)."""
    found = {state: numbers.get(state, 0) for state in sorted(STATES)}
    breaks = steps(list(found.values()))
    return [
        (state, f"{STATES[state]}: {signed(number)}", step(number, breaks),
         "".join(shapes.districts[f"{state}-{n}"] for n in tables.districts(state)))
        for state, number in found.items()
    ]  # fmt: skip


def signed(number: int) -> str:
    """``3 people signed``."""
    return ngettext(
        "one person signed", "%(people)s people signed", number, people=format_decimal(number)
    )


def steps(numbers: Sequence[int]) -> tuple[int, ...]:
    """The largest number of each step, so that each has about as many places as the others.

    At most ``STEPS``, ascending; fewer where there are fewer different numbers; empty for none.
    """
    some = sorted(number for number in numbers if number > 0)
    if not some:
        return ()
    tops = {some[max(0, -(-len(some) * part // STEPS) - 1)] for part in range(1, STEPS + 1)}
    different = sorted(set(some))
    return tuple(different if len(different) <= STEPS else sorted(tops))


def step(number: int, breaks: Sequence[int]) -> int:
    """The step of a number, 0 for none, spread so that the highest is always the darkest."""
    if number <= 0 or not breaks:
        return 0
    place = next(n for n, top in enumerate(breaks, start=1) if number <= top)
    return STEPS - len(breaks) + place


def legend(breaks: Sequence[int]) -> Legend:
    """What each colour stands for."""
    found = [(0, _("none"))]
    first = 1
    for top in breaks:
        text = f"{_shown(top)}" if first == top else f"{_shown(first)}–{_shown(top)}"
        found.append((step(top, breaks), text))
        first = top + 1
    return tuple(found)


def _shown(number: int) -> str:
    return str(format_decimal(number))
