"""Who backs which bill: the small lists beside ``campaign.toml``, and what a new list changes.

Nobody leaves a list because a file forgot them. ``renew`` takes off whom a record says has
withdrawn; whoever is merely missing stays, and is named so that an organizer can decide.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from app.campaign.problems import Message, Problem
from app.campaign.stance import CURRENT, Backing

COSPONSORS, OPPOSING = "cosponsors.csv", "opposing.csv"
COLUMNS = ("bioguide", "name", "bill", "role", "date")
BIOGUIDE = re.compile(r"[A-Z]\d{6}")


def read_list(
    name: str, text: str, bills: Iterable[str]
) -> tuple[tuple[Backing, ...], tuple[Problem, ...]]:
    """The lines of a list, and what is wrong with the others.

    Columns: ``bioguide,name,bill,role,date``; ``bill`` is ``current`` or the id of a related
    bill (``bills``), ``role`` is ``sponsor`` or ``cosponsor``, ``date`` is ``2025-12-18``.
    """
    known = {CURRENT, *bills}
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    if tuple(reader.fieldnames or ()) != COLUMNS:
        return (), (Problem(name, 1, Message.of("list-heading", columns=",".join(COLUMNS))),)
    backings: list[Backing] = []
    problems: list[Problem] = []
    seen: set[tuple[str, str]] = set()
    for row in reader:
        line = reader.line_num
        result = _read_row(row, known)
        if isinstance(result, Message):
            problems.append(Problem(name, line, result))
        elif (result.bioguide, result.bill) in seen:
            what = Message.of("list-twice", name=result.name, bill=result.bill)
            problems.append(Problem(name, line, what))
        else:
            seen.add((result.bioguide, result.bill))
            backings.append(result)
    return tuple(backings), tuple(problems)


def _read_row(row: dict[str | None, str | None], known: set[str]) -> Backing | Message:
    if None in row or None in row.values():
        return Message.of("list-columns", number=len(COLUMNS), columns=", ".join(COLUMNS))
    cells = {str(key): str(value).strip() for key, value in row.items()}
    if not BIOGUIDE.fullmatch(cells["bioguide"]):
        return Message.of("list-bioguide", value=cells["bioguide"])
    if not cells["name"]:
        return Message.of("list-name")
    if cells["bill"] not in known:
        return Message.of("list-bill", value=cells["bill"], known=", ".join(sorted(known)))
    if cells["role"] not in ("sponsor", "cosponsor"):
        return Message.of("list-role", value=cells["role"])
    try:
        day = date.fromisoformat(cells["date"])
    except ValueError:
        return Message.of("list-day", value=cells["date"])
    role: Literal["sponsor", "cosponsor"] = "sponsor" if cells["role"] == "sponsor" else "cosponsor"
    return Backing(cells["bioguide"], cells["name"], cells["bill"], role, day)


def write_list(backings: Iterable[Backing]) -> str:
    """A list as the campaign keeps it: ``bioguide,name,bill,role,date``."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for b in backings:
        writer.writerow((b.bioguide, b.name, b.bill, b.role, b.day.isoformat()))
    return out.getvalue()


# --- a new list --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Renewed:
    """A list brought up to date by a file."""

    lines: tuple[Backing, ...]
    missing: tuple[Backing, ...]
    """Those of ``lines`` whom the file does not name although nobody says that they withdrew."""


def renew(
    now: Iterable[Backing],
    new: Iterable[Backing],
    bills: Collection[str],
    *,
    withdrew: Collection[tuple[str, str]] = (),
    others: Collection[str] = (),
) -> Renewed:
    """``now`` with the lines of ``bills`` brought up to date by those of ``new``.

    ``withdrew`` has id and bill of everybody who is known to have withdrawn: they leave. Who is
    on the list and neither named nor withdrawn stays and is ``missing``; ``others`` are the ids
    of those whom the file cannot name, because it tells of one chamber only. The lines of a bill
    stay together where the first of them stood; lines of other bills keep their order.
    """
    old, fresh = tuple(now), tuple(new)
    named = {(b.bioguide, b.bill) for b in fresh}
    order = dict.fromkeys([*(b.bill for b in old), *(b.bill for b in fresh)])
    lines: list[Backing] = []
    missing: list[Backing] = []
    for bill in order:
        here = [b for b in old if b.bill == bill]
        if bill not in bills:
            lines += here
            continue
        gone = {(b.bioguide, bill) for b in here} & set(withdrew)
        kept = [b for b in here if (b.bioguide, bill) not in named | gone]
        lines += [b for b in fresh if b.bill == bill] + kept
        missing += [b for b in kept if b.bioguide not in others]
    return Renewed(tuple(lines), tuple(missing))


@dataclass(frozen=True, slots=True)
class Redated:
    """Somebody who stays on the list with another day or role."""

    before: Backing
    after: Backing


@dataclass(frozen=True, slots=True)
class ListChange:
    """The difference between two lists."""

    before: tuple[Backing, ...]
    after: tuple[Backing, ...]
    joined: tuple[Backing, ...]
    left: tuple[Backing, ...]
    redated: tuple[Redated, ...]
    unknown: tuple[Backing, ...]
    """Those of ``after`` who back the present bill and are not among the members known now."""

    @property
    def empty(self) -> bool:
        """Whether the lists say the same."""
        return not (self.joined or self.left or self.redated)


def compare(
    before: Iterable[Backing],
    after: Iterable[Backing],
    *,
    current: str,
    known: Collection[str],
) -> ListChange:
    """The difference between two lists. ``known`` are the ids of all members whom we know."""
    old, new = tuple(before), tuple(after)
    was = {(b.bioguide, b.bill): b for b in old}
    now = {(b.bioguide, b.bill): b for b in new}
    return ListChange(
        before=old,
        after=new,
        joined=tuple(b for key, b in now.items() if key not in was),
        left=tuple(b for key, b in was.items() if key not in now),
        redated=tuple(
            Redated(was[key], b)
            for key, b in now.items()
            if key in was and (was[key].day, was[key].role) != (b.day, b.role)
        ),
        unknown=tuple(b for b in new if b.bill == current and b.bioguide not in known),
    )
