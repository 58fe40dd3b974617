"""One breakdown as lines of a table: names that a person understands, totals, share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import format_percent

from app.congress import STATES
from app.records import CountRow, Totals
from app.records.counts import Filter, natural
from app.site.i18n import gettext as _
from app.site.services import Services
from app.web.organizer.counts_data import every_day
from app.web.organizer.counts_filter import letter_name, source_name

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
    names = {seat: member_of(seat, site) for seat in seats}
    names |= {group: "" for group in totals if group not in names}
    return [(group, group, name, totals.get(group, NOTHING)) for group, name in names.items()]


def member_of(seat: str, site: Services) -> str:
    """Who sits there now; ``vacant`` for nobody."""
    holder = site.tables.holder(seat)
    return holder.member.full_name if holder and holder.member else _("vacant")


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
