"""The dashboard in three pages: how many and when, where, and how they compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from flask import request
from flask_babel import format_date
from markupsafe import Markup
from werkzeug.wrappers import Response

from app.records.counts import breakdowns
from app.records.database import reading
from app.records.definitions import WAYS
from app.site.i18n import gettext as _
from app.site.i18n import language
from app.site.services import services
from app.web.charts import Bar, bars, day_curve
from app.web.headers import framing
from app.web.organizer import counts_map
from app.web.organizer.counts_data import Survey, survey
from app.web.organizer.counts_filter import read_filter
from app.web.organizer.counts_lines import Compared, lines, share
from app.web.organizer.counts_words import common
from app.web.organizer.show import page

MOST = 6
"""Lines of a table and bars of a picture beside others; the table's own page has all."""
DAYS = 10
"""Days in the table below the curve, which has all; so has the table's own page."""


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


def show_places() -> Response:
    """Where: the map with its table, of the country or of one state."""
    site = services()
    asked = read_filter(request.args, site)
    state = asked.chosen.state
    with reading(site.db()):
        rows = breakdowns(site.db(), asked.chosen, ("state", "district", "match")).by
    by_state = request.args.get("map") == "states" and not state
    framing()
    return page(
        "counts/places", 422 if asked.errors else 200, **common(asked, site),
        by_state=by_state, map_here=counts_map.is_here(),
        legend=counts_map.legend_of(rows["state" if by_state else "district"], site.tables, state),
        places=lines("district" if state else "state", rows["district" if state else "state"],
                     asked.chosen, site),
        matched=lines("match", rows["match"], asked.chosen, site),
    )  # fmt: skip


COMPARED = ("template", "version", "source", "own_share", "language", "edited")


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
    return bars(shown, f"{name}. {_('The table has each number.')}")


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
