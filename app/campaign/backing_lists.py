"""Who backs which bill: the short lists next to ``campaign.toml``, and what a new list changes.

No one is dropped from a list because a file omits them. ``renew`` removes those whom a record
reports as withdrawn; those merely missing stay, and are named so that an organizer can decide.
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
    """The valid lines of a list, and what is wrong with the others.

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
    """A list in the campaign's format: ``bioguide,name,bill,role,date``."""
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
    """Those in ``lines`` whom the file omits without reporting that they withdrew."""


def renew(
    now: Iterable[Backing],
    new: Iterable[Backing],
    bills: Collection[str],
    *,
    withdrew: Collection[tuple[str, str]] = (),
    others: Collection[str] = (),
) -> Renewed:
    """``now`` with the lines of ``bills`` updated from ``new``.

    ``withdrew`` has the id and bill of everyone known to have withdrawn; they are removed. Those
    on the list who are neither named nor withdrawn stay and are ``missing``, except ``others``, the
    ids of those whom the file cannot name because it covers only one chamber. The lines of a bill
    stay together at the position of the first; lines of other bills keep their order.
    """
    old, fresh = tuple(now), tuple(new)
    named = {(b.bioguide, b.bill) for b in fresh}
    order = dict.fromkeys([*(b.bill for b in old), *(b.bill for b in fresh)])
    lines: list[Backing] = []
    missing: list[Backing] = []
    for bill in order:
        listed = [b for b in old if b.bill == bill]
        if bill not in bills:
            lines += listed
            continue
        gone = {(b.bioguide, bill) for b in listed} & set(withdrew)
        kept = [b for b in listed if (b.bioguide, bill) not in named | gone]
        lines += [b for b in fresh if b.bill == bill] + kept
        missing += [b for b in kept if b.bioguide not in others]
    return Renewed(tuple(lines), tuple(missing))


def rebase(
    mine: Iterable[Backing], base: Iterable[Backing], newest: Iterable[Backing]
) -> tuple[Backing, ...]:
    """The newest list with what ``mine`` changes in ``base``. The lines of a bill stay together."""
    before = {(b.bioguide, b.bill): b for b in base}
    after = {(b.bioguide, b.bill): b for b in mine}
    changed = {key: b for key, b in after.items() if before.get(key) != b}
    lines = {(b.bioguide, b.bill): b for b in newest} | changed
    order = [*dict.fromkeys(bill for _who, bill in lines)]
    kept = [b for key, b in lines.items() if key in after or key not in before]
    return tuple(sorted(kept, key=lambda b: order.index(b.bill)))


def sponsorship(bill: str, bioguide: str, senators: Collection[str]) -> tuple[str, bool]:
    """What only one person can sponsor: a bill, or the current one's companion in the Senate.

    ``senators`` has the ids of all senators if there is a companion; otherwise it is empty.
    """
    return bill, bill == CURRENT and bioguide in senators


@dataclass(frozen=True, slots=True)
class Redated:
    """A person who stays on the list with a different day or role."""

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
    """Those in ``after`` who back the current bill but are not known members."""

    @property
    def empty(self) -> bool:
        """Whether nothing changed."""
        return not (self.joined or self.left or self.redated)


def compare(
    before: Iterable[Backing], after: Iterable[Backing], *, known: Collection[str]
) -> ListChange:
    """The difference between two lists. ``known`` has the ids of all members whom we know."""
    old, new = tuple(before), tuple(after)
    old_lines = {(b.bioguide, b.bill): b for b in old}
    new_lines = {(b.bioguide, b.bill): b for b in new}
    return ListChange(
        before=old,
        after=new,
        joined=tuple(b for key, b in new_lines.items() if key not in old_lines),
        left=tuple(b for key, b in old_lines.items() if key not in new_lines),
        redated=tuple(
            Redated(a, b)
            for key, b in new_lines.items()
            if (a := old_lines.get(key)) and (a.day, a.role) != (b.day, b.role)
        ),
        unknown=tuple(b for b in new if b.bill == CURRENT and b.bioguide not in known),
    )
