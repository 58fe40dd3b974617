"""Tables with a page of their own: all members, and each breakdown with all its lines.

Sorted, searched and turned over by the address, so they work without a program in the browser
and a page stays small however many lines there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask import abort, request
from werkzeug.wrappers import Response

from app.records import CountRow
from app.records.counts import counts, natural
from app.records.database import reading
from app.site.i18n import gettext as _
from app.site.services import services
from app.web.organizer import counts_members
from app.web.organizer.counts_filter import read_filter
from app.web.organizer.counts_lines import Compared, lines
from app.web.organizer.counts_members import level
from app.web.organizer.counts_words import common
from app.web.organizer.show import page, visible

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
class Order:
    """What a table is searched for and sorted by."""

    search: str
    key: str
    down: bool


def read_order(keys: Sequence[str], first: str, numbers: frozenset[str]) -> Order:
    """Search and order from the address; numbers begin with the largest."""
    key = request.args.get("sort", first)
    key = key if key in keys else first
    down = request.args.get("order", "down" if key in numbers else "up") == "down"
    return Order(visible(request.args.get("q", "")).strip()[:100], key, down)


def show_members() -> Response:
    """All members with their letters."""
    site = services()
    asked = read_filter(request.args, site)
    order = read_order(counts_members.ORDERS, "letters", counts_members.NUMBERS)
    db, chosen = site.db(), asked.chosen
    with reading(db):
        letters = counts(db, "recipient", chosen)
        people = _by(counts(db, "state", chosen)) | _by(counts(db, "district", chosen))
    every = counts_members.lines(site.tables, site.campaign, letters, people, chosen.state)
    found = counts_members.chosen_lines(every, order.search, order.key, backwards=order.down)
    return page(
        "counts/members", 422 if asked.errors else 200, **common(asked, site),
        leaf=leaf(found, request.args.get("page", "")), every=len(every), order=order,
        numbers=counts_members.NUMBERS,
    )  # fmt: skip


def _by(rows: Sequence[CountRow]) -> dict[str, int]:
    return {row.group: row.signatures for row in rows}


def show_table(by: str) -> Response:
    """One breakdown with all its lines."""
    if by not in TABLES:
        abort(404)
    site = services()
    asked = read_filter(request.args, site)
    order = read_order(("", *SORTED), "", frozenset({"signatures", "letters"}))
    found = lines(by, counts(site.db(), by, asked.chosen), asked.chosen, site)
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
