"""What an import of paper signatures would do, as a value: shown first, then carried out as shown.

A plan says what happens to every row: counted, already counted, a repeat within the file,
possibly a repeat, wrong in a cell, odd, hidden, or left out. The page, the command and the import
all follow the same plan, so what was shown is what is done. Nothing is stored here, and a row
that counts is reduced to its person's code.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Literal

from app.congress.lookup import find_delegation
from app.congress.model import (
    Candidate,
    Choose,
    ChooseState,
    Disagree,
    Found,
    Located,
    Outcome,
    OutOfDate,
    Outside,
    StreetAnswer,
    Unavailable,
)
from app.congress.places import (
    Zip,
    address_alone,
    parse_district,
    parse_zip,
    read_state,
    town_at_end,
)
from app.congress.tables import Tables
from app.records import paper
from app.records.comparing import has_street
from app.records.fillers import WhyOdd, unless_filler, why_odd
from app.records.paper import CountableRow
from app.records.paper_columns import (
    Columns,
    SheetRow,
    assign,
    columns_as_told,
    person_row,
    plain_header,
)
from app.records.paper_files import ParsedFile
from app.records.persons import AlikeBy, Lookalikes, Person, person_of
from app.text import Email, read_email

# --- an organizer's decisions --------------------------------------------------------

Hidden = Literal["", "count", "leave"]


@dataclass(frozen=True, slots=True)
class Choices:
    """An organizer's decisions about a file. Rows are identified by key (``SheetRow.key``)."""

    columns: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """By sheet: the role of each column."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By plain header: the role of such a column on any sheet."""
    hidden: Hidden = ""
    """What to do with rows that the sheet hides or crosses out; empty until decided."""
    edits: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    """What was typed into cells, by row and column."""
    located: Mapping[str, str] = field(default_factory=dict)
    """By row: the seat that a street look-up found."""
    out: frozenset[str] = frozenset()
    """Rows to leave out."""
    keep: frozenset[str] = frozenset()
    """Odd rows to count anyway."""
    same: frozenset[str] = frozenset()
    """Rows declared to repeat an earlier row or signature (``Likely``)."""
    zeros: bool = False
    """Restore the leading zeros that ZIP codes lost."""

    def updated_with(self, said: Answers) -> Choices:
        """These choices, updated with later answers."""
        more = said.more
        edits = {key: dict(typed) for key, typed in self.edits.items()}
        for key, typed in more.edits.items():
            edits.setdefault(key, {}).update(typed)
        nothing = frozenset[str]()
        return Choices(
            columns={**self.columns, **more.columns}, headers={**self.headers, **more.headers},
            hidden=more.hidden or self.hidden, edits=edits,
            located={**self.located, **more.located},
            out=nothing if said.restore else self.out | more.out,
            keep=nothing if said.restore else self.keep | more.keep,
            same=(self.same - said.others) | more.same, zeros=self.zeros or more.zeros,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answers:
    """What one form says about a file."""

    more: Choices = Choices()
    others: frozenset[str] = frozenset()
    """Rows declared not to be repeats."""
    restore: bool = False
    """Restore the rows that were left out, and leave out the odd ones again."""


SAMPLE = 50
"""How many rows are sampled to judge a column."""


def corrected_columns(plan: ImportPlan) -> dict[str, str]:
    """The roles that an organizer chose differently from ``assign``, by plain header."""
    said = {}
    for at, sheet in enumerate(plan.file.sheets):
        if at not in plan.choices.columns:
            continue
        usual = assign(sheet.header, sheet.rows[:SAMPLE], {})
        asked = {place for question in usual.questions for place in question.places}
        for place, (header, role) in enumerate(
            zip(plan.columns[at].headers, plan.columns[at].roles, strict=True)
        ):
            if header and (role != usual.roles[place] or place in asked):
                said[plain_header(header)] = role
    return said


# --- results for a row ---------------------------------------------------------------

Why = Literal[
    "missing", "two_people", "zip_missing", "zip_zeros", "zip_form", "zip_unknown", "zip_date",
    "zip_outside", "state_unknown", "state_differs", "state_needed", "district_needed",
    "district_form", "district_none", "district_differs", "email_form", "date", "formula",
    "error", "long", "out_of_date",
]  # fmt: skip
"""What can be wrong with a cell; pages and the command put it into words."""


@dataclass(frozen=True, slots=True)
class CellProblem:
    """One cell that needs attention."""

    column: str
    why: Why
    choices: tuple[str, ...] = ()
    """The possible values: a ZIP with its zeros, states, districts (``IL-5``)."""
    candidates: tuple[Candidate, ...] = ()
    """For a district: each district's holder and its share of the ZIP."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row that cannot be counted, with every cell that is wrong."""

    key: str
    values: Mapping[str, str] = field(repr=False)
    problems: tuple[CellProblem, ...] = ()

    def problem(self, column: str) -> CellProblem | None:
        return next((p for p in self.problems if p.column == column), None)

    @property
    def is_split(self) -> bool:
        """Whether only the district is undecided and a street could settle it."""
        open_only = all(p.why == "district_needed" for p in self.problems)
        return open_only and bool(self.values.get("street"))


@dataclass(frozen=True, slots=True)
class Odd:
    """A row that hardly describes a person: left out unless an organizer counts it."""

    key: str
    values: Mapping[str, str] = field(repr=False)
    why: WhyOdd = "filler"


@dataclass(frozen=True, slots=True)
class Likely:
    """A row that may repeat an earlier row or signature, without a code that proves it.

    Both are counted, as they are online, unless an organizer says that they are one person.
    """

    key: str
    values: Mapping[str, str] = field(repr=False)
    rows: tuple[tuple[str, AlikeBy, Mapping[str, str]], ...] = field(repr=False)
    """Similar earlier rows of the file: key, what makes them similar, and their values."""
    signatures: tuple[tuple[paper.Earlier, AlikeBy], ...]
    """Similar existing signatures, on paper or online."""


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do with a file."""

    file: ParsedFile
    choices: Choices
    columns: tuple[Columns, ...]
    first_rows: tuple[SheetRow, ...]
    """The first rows as they were parsed."""
    rows: int
    new: tuple[CountableRow, ...]
    """Exactly these will be counted."""
    wrong: tuple[Wrong, ...]
    odd: tuple[Odd, ...]
    twice: tuple[tuple[str, str], ...]
    """Rows that repeat a person from an earlier row, and that row."""
    before: tuple[str, ...]
    """Rows of people who have already signed, on paper or online."""
    full: tuple[str, ...]
    """Rows whose email address already has the most people allowed."""
    likely: tuple[Likely, ...]
    """Rows that may be repeats; counted unless in ``choices.same``."""
    hidden: tuple[str, ...]
    """Rows that the sheet hides, filters out or crosses out."""
    left_out: int
    """Rows that an organizer left out."""

    @property
    def questions(self) -> bool:
        """Whether an organizer must first answer what a column is."""
        return any(columns.questions for columns in self.columns)

    @property
    def ready(self) -> bool:
        """Whether the plan can be carried out: nothing is wrong and nothing is undecided."""
        return not (self.wrong or self.questions or (self.hidden and not self.choices.hidden))

    @property
    def same(self) -> tuple[str, ...]:
        """Likely repeats that are not counted because an organizer said so."""
        return tuple(row.key for row in self.likely if row.key in self.choices.same)

    @property
    def digest(self) -> str:
        """A digest of the people that the plan counts; it differs between plans that differ."""
        made = hashlib.blake2b(digest_size=16)
        for row in self.new:
            made.update(row.person.code + row.delegation.house.seat.id.encode())
            made.update(str(row.delegation.congress).encode())
        return made.hexdigest()

    def name(self, key: str) -> tuple[str, str]:
        """A row's number and its sheet's name, which is empty if there is only one sheet."""
        sheet, dot, number = key.rpartition(".")
        sheets = self.file.sheets
        return number, sheets[int(sheet) - 1 if dot else 0].name if len(sheets) > 1 else ""


@dataclass(frozen=True, slots=True)
class ImportPlace:
    """What rows are judged against."""

    campaign: str
    tables: Tables
    now: date
    """The moment of entry. It decides who represents a row's person, and so the Congress under
    which they are counted. A sheet does not say when each person signed."""
    person_key: bytes = field(repr=False)
    """The key of the codes that identify people."""
    secret: bytes = field(repr=False)
    """The key that receipts are made with."""


# --- making a plan -------------------------------------------------------------------


def plan_steps(
    file: ParsedFile, choices: Choices, place: ImportPlace, db: sqlite3.Connection
) -> Iterator[int | ImportPlan]:
    """Judge every row of a file. Yields how many rows are done, and finally the plan.

    Raises ``NotStoredError`` if the database cannot be read.
    """
    remembered = {**paper.remembered_columns(db), **choices.headers}
    columns = tuple(
        columns_as_told(sheet.header, choices.columns[at], sheet.rows[:SAMPLE])
        if at in choices.columns
        else assign(sheet.header, sheet.rows[:SAMPLE], remembered)
        for at, sheet in enumerate(file.sheets)
    )
    new: list[CountableRow] = []
    wrong: list[Wrong] = []
    odd: list[Odd] = []
    twice: list[tuple[str, str]] = []
    before: list[str] = []
    full: list[str] = []
    hidden: list[str] = []
    first_rows: list[SheetRow] = []
    values: dict[str, Mapping[str, str]] = {}
    people, alike = Lookalikes[str](), list[dict[str, AlikeBy]]()
    rows = left_out = 0
    with paper.DryRun(db, place.campaign, place.secret) as dry_run:
        for row in _person_rows(file, columns):
            rows += 1
            yield rows
            if len(first_rows) < 3:
                first_rows.append(row)
            if row.hidden:
                hidden.append(row.key)
            if row.key in choices.out:
                left_out += 1
                continue
            if row.hidden and choices.hidden != "count":
                continue
            row = corrected(row, choices)  # noqa: PLW2901
            judged = judge(row, place, choices)
            if isinstance(judged, Odd):
                odd.append(judged)
            elif isinstance(judged, Wrong):
                wrong.append(judged)
            else:
                refusal, first = dry_run.check(judged)
                if refusal == "full":
                    full.append(judged.key)
                elif first:
                    twice.append((judged.key, first))
                elif refusal:
                    before.append(judged.key)
                else:
                    new.append(judged)
                    alike.append(people.of(judged.person))
                people.add(row.key, judged.person)
                values[row.key] = row.values
    signed = paper.likely_signatures(db, place.campaign, [row.person for row in new])
    perhaps = tuple(
        Likely(
            row.key,
            values[row.key],
            tuple((key, by, values[key]) for key, by in earlier.items()),
            found,
        )
        for row, earlier, found in zip(new, alike, signed, strict=True)
        if earlier or found
    )
    same = choices.same.intersection(row.key for row in perhaps)
    yield ImportPlan(
        file, choices, columns, tuple(first_rows), rows,
        tuple(row for row in new if row.key not in same), tuple(wrong), tuple(odd), tuple(twice),
        tuple(before), tuple(full), perhaps, tuple(hidden), left_out,
    )  # fmt: skip


def make_plan(
    file: ParsedFile,
    choices: Choices,
    place: ImportPlace,
    db: sqlite3.Connection,
    *,
    progress: Callable[[int], object] = lambda _done: None,
) -> ImportPlan:
    """Run ``plan_steps`` to its end; ``progress`` receives how many rows are done."""
    for step in plan_steps(file, choices, place, db):
        if isinstance(step, ImportPlan):
            plan = step
        else:
            progress(step)
    return plan


def _person_rows(file: ParsedFile, columns: Sequence[Columns]) -> Iterable[SheetRow]:
    for at, (sheet, known) in enumerate(zip(file.sheets, columns, strict=True)):
        for raw in sheet.rows:
            row = person_row(raw, known, at, _town_at_end)
            if row is not None:
                yield row


def _town_at_end(address: str, state: str, zip_code: str, city: str) -> str:
    town = city if city and address.endswith(f" {city}") else ""
    town = town or town_at_end(address, read_state(state) or "", _zip5(zip_code))
    return town if has_street(address.removesuffix(town)) else ""


def corrected(row: SheetRow, choices: Choices) -> SheetRow:
    """A row with an organizer's edits."""
    typed = choices.edits.get(row.key, {})
    values = {**row.values, **typed}
    # A cell that was retyped is no longer what the spreadsheet made of it.
    flags = {
        c: f for c, f in row.flags.items() if typed.get(c, given := row.values.get(c, "")) == given
    }
    row = replace(row, values=values, flags=flags)
    return replace(row, values=with_zeros(values)) if choices.zeros else row


_DATE = re.compile(
    r"\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4}|\d{1,2}[ -][A-Za-z]{3,9}\.?([ -]\d{2,4})?"
    r"|[A-Za-z]{3,9}[ -]\d{2,4}"
)
_PLUS4 = re.compile(r"\d{5}-\d{4}|\d{4}-\d{4}")


def judge(
    row: SheetRow, place: ImportPlace, choices: Choices | None = None
) -> CountableRow | Wrong | Odd:
    """Judge one row without regard to the others."""
    choices = choices or Choices()
    values = row.values
    # A form has one row, with nothing above it.
    why = None if row.key in choices.keep else why_odd(values, below_another=row.number > 1)
    if why:
        return Odd(row.key, values, why)
    problems = [
        CellProblem(column, "zip_date" if (column, flag) == ("zip", "date") else flag)
        for column, flag in row.flags.items()
    ]
    given = {problem.column for problem in problems}
    if not values.get("first") and not values.get("last") and not {"first", "last"} & given:
        problems.append(CellProblem("first", "missing"))
    elif two := _two_people(values):
        problems.append(CellProblem(two, "two_people"))
    email = unless_filler(values.get("email", ""))
    if email and not isinstance(read_email(email), Email):
        problems.append(CellProblem("email", "email_form"))
    if not email and not values.get("street") and "street" not in given:
        problems.append(CellProblem("street", "missing"))
    seat = choices.located.get(row.key, "")
    told = "district" in choices.edits.get(row.key, {})  # by an organizer, not by the file
    found: Found | CellProblem = CellProblem("zip", "zip_date")
    if "zip" not in given:
        found = _lookup(values, place, seat, told=told)
    if isinstance(found, CellProblem):
        if found.column not in given:
            problems.append(found)
        if found.why in ("state_differs", "district_differs"):
            problems.append(CellProblem("zip", found.why))
    elif not problems:
        return CountableRow(
            row.key, person_in(values, place), found.delegation, found.match,
        )  # fmt: skip
    return Wrong(row.key, values, tuple(problems))


def person_in(values: Mapping[str, str], place: ImportPlace) -> Person:
    """The codes of a row's person. Raises ``ValueError`` if there is no name and no email."""
    street, city, state = (values.get(name, "") for name in ("street", "city", "state"))
    street, _, _ = address_alone(street, "", city, read_state(state) or "")
    return person_of(
        place.person_key, first=values.get("first", ""), last=values.get("last", ""),
        street=street,
        email=_email(values.get("email", "")), zip5=_zip5(values.get("zip", "")),
    )  # fmt: skip


def _email(text: str) -> str:
    """An email address in the site's usual form, without ``mailto:`` and the like."""
    found = read_email(text) if unless_filler(text) else None
    return found.text if isinstance(found, Email) else ""


def _zip5(text: str) -> str:
    found = parse_zip(text)
    return found.five if isinstance(found, Zip) else ""


def _lookup(
    values: Mapping[str, str], place: ImportPlace, seat: str, *, told: bool
) -> Found | CellProblem:
    """Who represents the row's person, or the one cell that needs attention.

    A file's district that its ZIP does not touch is questioned: many columns of that name hold
    other numbers, or districts of older lines.
    """
    text = values.get("zip", "")
    zip_code = parse_zip(text)
    if not isinstance(zip_code, Zip):
        return _zip_problem(text, zip_code.kind, zip_code.suggestion)
    state = unless_filler(values.get("state", ""))
    district: int | None = None
    typed = seat or unless_filler(values.get("district", ""))
    if typed:
        read = parse_district(typed, state)
        if read is None:
            return CellProblem("district", "district_form")
        state, district = read
    known = read_state(state)
    if state and known is None:
        return CellProblem("state", "state_unknown")
    street = Located(known, district) if seat and known and district is not None else None
    look = partial(
        find_delegation, zip_code.five, known, now=place.now, city=values.get("city", ""),
        tables=place.tables,
    )  # fmt: skip
    found = look(district=None if street else district, street=street)
    why: Why = "district_needed"
    if isinstance(found, Choose) and found.notice == "invalid_district":
        why = "district_none"
    elif (
        isinstance(found, Found) and found.match == "chosen" and not told
        and (other := _other_districts(look(), found.delegation.district))
    ):  # fmt: skip
        found, why = other, "district_differs"
    if isinstance(found, Found):
        return found
    if isinstance(found, Choose):
        offered = _offered(found)
        seats = tuple(candidate.holder.seat.id for candidate in offered)
        return CellProblem("district", why, seats, offered)
    if isinstance(found, ChooseState):
        return CellProblem("state", "state_needed", found.states)
    if isinstance(found, Disagree):
        return CellProblem("state", "state_differs", found.zip_states)
    if isinstance(found, Outside):
        return CellProblem("zip", "zip_outside")
    if isinstance(found, OutOfDate):
        return CellProblem("zip", "out_of_date")
    return CellProblem("zip", "zip_unknown")


def _other_districts(by_zip: Outcome, district: int) -> Choose | None:
    """The districts of a ZIP, if this district is not one of them."""
    choice = by_zip.as_choice() if isinstance(by_zip, Found) else by_zip
    if isinstance(choice, Choose) and district not in [c.district for c in _offered(choice)]:
        return choice
    return None


def _offered(choice: Choose) -> tuple[Candidate, ...]:
    return (*choice.candidates, *choice.slivers)


def seat_of_street(
    values: Mapping[str, str], answer: StreetAnswer, place: ImportPlace
) -> tuple[str, str]:
    """The seat that a street look-up found and an empty string, or an empty string and why not.

    The reason is a key of ``STREET_REASONS``, or ``several``.
    """
    found = find_delegation(
        _zip5(values.get("zip", "")), read_state(values.get("state", "")), now=place.now,
        street=answer, city=values.get("city", ""), tables=place.tables,
    )  # fmt: skip
    if isinstance(found, Found):
        return found.delegation.house.seat.id, ""
    return "", found.reason if isinstance(found, Unavailable) else "several"


def _zip_problem(text: str, kind: str, suggestion: str | None) -> CellProblem:
    if kind == "missing":
        return CellProblem("zip", "zip_missing")
    if _DATE.fullmatch(text) and not _PLUS4.fullmatch(text):
        return CellProblem("zip", "zip_date")
    choices = (suggestion,) if suggestion else ()
    lost = kind == "four_digits" or (suggestion or "").startswith("00")
    return CellProblem("zip", "zip_zeros" if lost else "zip_form", choices)


def with_zeros(values: Mapping[str, str]) -> dict[str, str]:
    """The row with its ZIP's leading zeros restored, if it plainly lost any."""
    found = parse_zip(values.get("zip", ""))
    if isinstance(found, Zip) or not found.suggestion:
        return dict(values)
    if _zip_problem(values["zip"], found.kind, found.suggestion).why != "zip_zeros":
        return dict(values)
    return {**values, "zip": found.suggestion}


# --- rows of two people --------------------------------------------------------------

_AND = re.compile(
    r"[^\W\d_][^\w&+]*[&+]|\band\b|\s/\s|;|\bw/|\b[x×]\s?[2-9]\b|(?-i:\sor\s)", re.IGNORECASE
)
_SPANISH_AND = re.compile(r"\S\s+(?:[yo]|e(?=\s+[Hh]?[IiÍí]))\s+\S|^\S+\s+y$")
_SPANISH_CAPITAL_AND = re.compile(r"\S\s+Y\s+\S")
"""Matches between first names or after a single one; last names are not searched, because of
*Ramón y Cajal* and *Ortega y Gasset*. A capital Y is an initial, unless everything is in capitals
and a name follows. *E* is *y* before an i: *Ana e Inés*."""


_FAMILY = re.compile(r"(?:(?:the|la) )?famil(?:y|ia)\b", re.IGNORECASE)
"""Begins a first name; as a last name, *Familia* is one."""


def _two_people(values: Mapping[str, str]) -> str:
    """The column that names two people (``Ana and Luis``) or a family, or an empty string."""
    first, last = values.get("first", ""), values.get("last", "")
    if _AND.search(last) or last.lower() == "family":
        return "last"
    one, other = first.casefold().split(), last.casefold().split()
    both = min(len(one), len(other)) > 1 and one[-1] == other[-1] and one != other
    if both or _FAMILY.match(first):  # “Ana Reyes, Luis Reyes” is last and first name
        return "first"
    in_spanish = (_SPANISH_CAPITAL_AND if first.isupper() else _SPANISH_AND).search(first)
    return "first" if _AND.search(first) or in_spanish else ""
