"""Judging the rows of a sheet: who is represented by whom, what is wrong, who is there twice.

Nothing is stored here, and nothing of a row is kept but the person's code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from app.campaign import Campaign, ask_for
from app.congress import Tables, Zip, find_delegation, parse_zip
from app.congress.model import (
    STATES,
    Choose,
    ChooseState,
    Delegation,
    Disagree,
    Found,
    Holder,
    Match,
    OutOfDate,
    Outside,
)
from app.records.model import LetterRow
from app.records.paper_files import Flag, SheetRow
from app.records.persons import PLACE, Person, person_of

Why = Literal[
    "missing", "zip_missing", "zip_zeros", "zip_form", "zip_unknown", "zip_date", "zip_outside",
    "state_unknown", "state_differs", "state_needed", "district_needed", "district_form",
    "district_none", "email_form", "date", "formula", "error", "long", "out_of_date",
]  # fmt: skip
"""What can be wrong with a cell; the pages and the command have the words."""


@dataclass(frozen=True, slots=True)
class CellProblem:
    """One cell that needs attention."""

    column: str
    why: Why
    choices: tuple[str, ...] = ()
    """What can be meant: a ZIP with its zeros, states, districts (``IL-5``)."""


@dataclass(frozen=True, slots=True)
class Good:
    """A row that can be counted."""

    number: int
    person: Person
    delegation: Delegation
    match: Match


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row that cannot, with every cell that is wrong."""

    number: int
    values: dict[str, str] = field(repr=False)
    problems: tuple[CellProblem, ...] = ()

    def problem(self, column: str) -> CellProblem | None:
        return next((p for p in self.problems if p.column == column), None)


@dataclass(frozen=True, slots=True)
class Twice:
    """The same person as in an earlier row of this sheet."""

    number: int
    first: int


Checked = Good | Wrong | Twice

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_DATE = re.compile(
    r"\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4}|\d{1,2}[ -][A-Za-z]{3,9}\.?([ -]\d{2,4})?"
    r"|[A-Za-z]{3,9}[ -]\d{2,4}"
)
_PLUS4 = re.compile(r"\d{5}-\d{4}|\d{4}-\d{4}")


@dataclass(frozen=True, slots=True)
class Place:
    """What rows are judged against."""

    campaign: Campaign
    tables: Tables
    today: date
    secret: bytes = field(repr=False)
    """The key that people are recognised by."""


def check_rows(rows: Iterable[SheetRow], place: Place) -> Iterator[Checked]:
    """Judge each row, in order; the same person twice is counted once, from the first row."""
    seen: dict[bytes, list[Good]] = {}
    for row in rows:
        result: Checked = check_row(row, place)
        if isinstance(result, Good):
            person = result.person
            codes = [code[:PLACE] for code in (person.by_email, person.by_address) if code]
            before = [one for code in codes for one in seen.get(code, ()) if _is(one, person)]
            if before:
                result = Twice(result.number, min(one.number for one in before))
            else:
                for code in codes:
                    seen.setdefault(code, []).append(result)
        yield result


def _is(one: Good, person: Person) -> bool:
    return person.has_signed_as(one.person.by_email, one.person.by_address, one.person.near)


def check_row(row: SheetRow, place: Place) -> Good | Wrong:
    """Judge one row by itself."""
    values = row.values
    problems = list(_flagged(row.flags))
    given = {problem.column for problem in problems}
    if not values.get("first") and not values.get("last") and not {"first", "last"} & given:
        problems.append(CellProblem("first", "missing"))
    email = values.get("email", "")
    if email and not _EMAIL.fullmatch(email):
        problems.append(CellProblem("email", "email_form"))
    if not email and not values.get("street") and "street" not in given:
        problems.append(CellProblem("street", "missing"))
    found = _lookup(values, place) if "zip" not in given else CellProblem("zip", "zip_date")
    if isinstance(found, CellProblem):
        if found.column not in given:
            problems.append(found)
        if found.why == "state_differs":
            problems.append(CellProblem("zip", "state_differs"))
    elif not problems:
        return Good(
            row.number, person_in(values, place), found.delegation, found.match,
        )  # fmt: skip
    return Wrong(row.number, values, tuple(problems))


def person_in(values: dict[str, str], place: Place) -> Person:
    """The codes of a row's person. Raises ``ValueError`` where there is no name and no e-mail."""
    return person_of(place.secret, **_writing(values))


def _writing(values: dict[str, str]) -> dict[str, str]:
    return {
        **{name: values.get(name, "") for name in ("email", "first", "last", "street")},
        "zip5": _five(values.get("zip", "")),
    }


class PaperLetters:
    """The letters that a signature on paper stands for, by delegation; each ask chosen once."""

    def __init__(self, campaign: Campaign, today: date) -> None:
        self._campaign, self._today = campaign, today
        self._known: dict[str, LetterRow] = {}

    def to(self, delegation: Delegation) -> tuple[LetterRow, ...]:
        """One row per seat; a vacant one says that no letter could be written."""
        return tuple(map(self._letter, delegation.holders))

    def _letter(self, holder: Holder) -> LetterRow:
        seat = holder.seat.id
        if seat not in self._known:
            if holder.member is None:
                self._known[seat] = LetterRow(seat, None, "", "not attempted")
            else:
                ask = ask_for(self._campaign, holder, self._today).id
                self._known[seat] = LetterRow(seat, holder.member.bioguide, ask)
        return self._known[seat]


def _flagged(flags: dict[str, Flag]) -> Iterator[CellProblem]:
    for column, flag in flags.items():
        yield CellProblem(column, "zip_date" if (column, flag) == ("zip", "date") else flag)


def _five(text: str) -> str:
    found = parse_zip(text.removesuffix(".0"))
    return found.five if isinstance(found, Zip) else ""


def _lookup(values: dict[str, str], place: Place) -> Found | CellProblem:
    """Who represents the row's person, or the one cell to look at."""
    text = values.get("zip", "")
    zip_code = parse_zip(text.removesuffix(".0"))
    if not isinstance(zip_code, Zip):
        return _zip_problem(text, zip_code.kind, zip_code.suggestion)
    state = values.get("state", "")
    district: int | None = None
    if values.get("district"):
        read = _district(values["district"], state)
        if read is None:
            return CellProblem("district", "district_form")
        state, district = read
    known = _state(state)
    if state and known is None:
        return CellProblem("state", "state_unknown")
    found = find_delegation(
        zip_code.five, known, now=place.today, district=district, city=values.get("city", ""),
        tables=place.tables,
    )  # fmt: skip
    if isinstance(found, Found):
        return found
    if isinstance(found, Choose):
        none = found.notice == "invalid_district"
        seats = tuple(candidate.holder.seat.id for candidate in found.candidates)
        return CellProblem("district", "district_none" if none else "district_needed", seats)
    if isinstance(found, ChooseState):
        return CellProblem("state", "state_needed", found.states)
    if isinstance(found, Disagree):
        return CellProblem("state", "state_differs", found.zip_states)
    if isinstance(found, Outside):
        return CellProblem("zip", "zip_outside")
    if isinstance(found, OutOfDate):
        return CellProblem("zip", "out_of_date")
    return CellProblem("zip", "zip_unknown")


def _zip_problem(text: str, kind: str, suggestion: str | None) -> CellProblem:
    if kind == "missing":
        return CellProblem("zip", "zip_missing")
    if _DATE.fullmatch(text) and not _PLUS4.fullmatch(text):
        return CellProblem("zip", "zip_date")
    choices = (suggestion,) if suggestion else ()
    lost = kind == "four_digits" or (suggestion or "").startswith("00")
    return CellProblem("zip", "zip_zeros" if lost else "zip_form", choices)


def _district(text: str, state: str) -> tuple[str, int] | None:
    """``IL-5``, ``5``, ``5th``, ``at large`` as state and number; None for anything else."""
    plain = text.strip().upper()
    if plain in ("AT LARGE", "AT-LARGE", "AL") and state:
        return state, 0
    found = re.fullmatch(r"(?:([A-Z]{2})[ -]*)?0*([0-9]{1,2})(?:ST|ND|RD|TH)?", plain)
    if found is None or (found[1] and state and found[1] != _state(state)):
        return None
    return found[1] or state, int(found[2])


_STATE_NAMES = {name.upper(): code for code, name in STATES.items()}
_MAIL = frozenset({"AA", "AE", "AP", "FM", "MH", "PW"})


def _state(text: str) -> str | None:
    plain = " ".join(text.replace(".", "").split()).upper()
    if plain in STATES or plain in _MAIL:
        return plain
    return _STATE_NAMES.get(plain)


def with_zeros(values: dict[str, str]) -> dict[str, str]:
    """The row with the zeros that its ZIP lost, where it plainly lost any."""
    found = parse_zip(values.get("zip", "").removesuffix(".0"))
    if isinstance(found, Zip) or not found.suggestion:
        return values
    if _zip_problem(values["zip"], found.kind, found.suggestion).why != "zip_zeros":
        return values
    return {**values, "zip": found.suggestion}
