"""The table of all members: who got how many letters, searched and sorted by the address."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.campaign import Campaign, stance_of
from app.congress import STATES, Holder, Tables
from app.records import CountRow
from app.records.counts import natural
from app.site.i18n import gettext as _

ORDERS = ("name", "seat", "letters", "constituents", "stance")
"""What the table can be sorted by, in the order of its columns."""
NUMBERS = frozenset({"letters", "constituents"})
"""These begin with the largest."""


@dataclass(frozen=True, slots=True)
class Line:
    """One member, one vacant seat, or somebody who sits in no seat any more."""

    bioguide: str
    name: str
    seat: str
    """``CA-12`` or ``CA-S3``; empty for somebody who sits in none."""
    state: str
    stance: str
    """What the member has done on the bill, in words."""
    letters: int
    constituents: int | None
    """People of the seat's state or district who signed; None for somebody who sits in none."""

    @property
    def words(self) -> str:
        """Everything that a search looks through."""
        return " ".join(
            (self.name, self.seat, STATES.get(self.state, ""), self.bioguide, self.stance)
        )


def lines(
    tables: Tables,
    campaign: Campaign,
    letters: list[CountRow],
    people: Mapping[str, int],
    state: str | None,
) -> list[Line]:
    """A line for each of the 541 seats, and one for every other recipient of a letter.

    ``people`` are those who signed, by state (``CA``) and by district (``CA-12``). With
    ``state``, only its seats; other recipients stay, since nobody knows for which seat they sat.
    """
    left = {row.group: row.letters for row in letters}
    found = []
    for holder in tables.holders:
        number = left.pop(holder.member.bioguide, 0) if holder.member else 0
        seat = holder.seat
        if state is None or seat.state == state:
            place = seat.state if seat.chamber == "senate" else seat.id
            found.append(_line(holder, campaign, number, people.get(place, 0)))
    former = _("no longer in Congress")
    found += [Line(who, f"{who} ({former})", "", "", "", n, None) for who, n in left.items()]
    return found


def _line(holder: Holder, campaign: Campaign, letters: int, people: int) -> Line:
    member, seat = holder.member, holder.seat
    if member is None:
        return Line("", _("vacant"), seat.id, seat.state, "", letters, people)
    stance = stance_name(stance_of(campaign, member).name)
    return Line(member.bioguide, member.full_name, seat.id, seat.state, stance, letters, people)


def stance_name(name: str) -> str:
    """What a member has done on the bill, in the reader's language; empty for nothing."""
    return {
        "sponsor": _("sponsor"),
        "cosponsor": _("cosponsor"),
        "earlier": _("backed an earlier bill"),
        "opposes": _("backs the opposite bill"),
    }.get(name, "")


def chosen_lines(found: list[Line], search: str, order: str, *, backwards: bool) -> list[Line]:
    """The lines in which every word of ``search`` occurs, in the order asked for."""
    words = level(search).split()
    kept = [line for line in found if all(word in level(line.words) for word in words)]
    keys: dict[str, Callable[[Line], Any]] = {
        "name": lambda line: level(line.name),
        "seat": lambda line: (not line.seat, natural(line.seat)),
        "letters": lambda line: line.letters,
        "constituents": lambda line: -1 if line.constituents is None else line.constituents,
        "stance": lambda line: (not line.stance, line.stance),
    }
    kept.sort(key=lambda line: (level(line.name), natural(line.seat)))
    kept.sort(key=keys[order], reverse=backwards)
    return kept


def level(text: str) -> str:
    """A text without accents and case: ``Hernández`` is found by ``hernandez``."""
    apart = unicodedata.normalize("NFKD", text.replace("’", "'"))
    return "".join(ch for ch in apart if not unicodedata.combining(ch)).casefold()
