"""The organizers' menu in its four groups, and the warnings on their first page: lists that pages
add to.

A page that belongs in the menu says so where it is defined::

    add_entry(Entry("organizer_letters.index", _l("Letters"), "editor", 10))
    add_warnings(stale_cosponsors)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from app.records.organizers import Need, Organizer
from app.site.services import Services

GROUPS = ((30, _l("Words")), (50, _l("People")), (60, _l("Offices")), (100, _l("Site")))
"""Below which ``order`` an entry stands in which group."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu. Only those who may open the page see it."""

    endpoint: str
    """Without the language prefix, such as ``organizer.people``."""
    label: LazyString
    need: Need
    order: int
    """The words below 30, people below 50, offices below 60, the site itself below 100."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that an organizer should know or do now."""

    text: str
    endpoint: str = ""
    """Where it can be put right, or empty."""
    link: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    """What its address needs."""
    steps: tuple[str, ...] = ()
    """Lines below it: what is ready, what to do, what changed."""


Source = Callable[[Services, Organizer], Iterable[Notice]]

_entries: dict[str, Entry] = {}
_sources: list[Source] = []


def add_entry(entry: Entry) -> None:
    """Put a page into the menu. A second entry for the same page replaces the first."""
    _entries[entry.endpoint] = entry


def add_warnings(source: Source) -> None:
    """Ask ``source`` for warnings whenever the first page is shown."""
    if source not in _sources:
        _sources.append(source)


def menu_for(organizer: Organizer) -> list[tuple[LazyString, list[Entry]]]:
    """The menu of one organizer: each group with its pages, in order; none that is empty."""
    allowed = sorted(
        (entry for entry in _entries.values() if organizer.may(entry.need)),
        key=lambda entry: (entry.order, entry.endpoint),
    )
    found: list[tuple[LazyString, list[Entry]]] = []
    first = 0
    for last, name in GROUPS:
        inside = [entry for entry in allowed if first <= entry.order < last]
        if inside:
            found.append((name, inside))
        first = last
    return found


def warnings_for(site: Services, organizer: Organizer) -> list[Notice]:
    """All warnings for one organizer."""
    return [warning for source in _sources for warning in source(site, organizer)]
