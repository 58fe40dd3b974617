"""What an import of paper signatures would do, as a value: shown first, then carried out as it is.

A plan says of every row what becomes of it: counted, counted already, there twice, perhaps of
somebody who stands already, wrong in a cell, odd, hidden, left out. The page, the command and
the import all go by the same plan, so what was announced is what is done. Nothing is stored
here, and of a row that counts nothing is kept but the person's code.
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
from app.congress.places import Zip, parse_district, parse_zip, read_state, street_alone
from app.congress.tables import Tables
from app.records import paper
from app.records.comparing import bare, words_of
from app.records.paper import Good
from app.records.paper_columns import (
    Columns,
    SheetRow,
    assign,
    person_row,
    plain_header,
    told,
)
from app.records.paper_files import HeldFile
from app.records.persons import AlikeBy, Lookalikes, Person, person_of
from app.text import Email, has_letter, read_email, says_something

# --- what an organizer said ----------------------------------------------------------

Hidden = Literal["", "count", "leave"]


@dataclass(frozen=True, slots=True)
class Choices:
    """What an organizer said about a file. Rows go by their keys (``SheetRow.key``)."""

    columns: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """By sheet: the role of each column."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The role of each column with such a plain header, on whatever sheet."""
    hidden: Hidden = ""
    """What becomes of rows that the sheet hides or crosses out; empty until it is said."""
    edits: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    """What was typed into cells, by row and column."""
    located: Mapping[str, str] = field(default_factory=dict)
    """Rows whose street was looked up, with the seat that it lies in."""
    out: frozenset[str] = frozenset()
    """Rows to leave out."""
    keep: frozenset[str] = frozenset()
    """Odd rows to count all the same."""
    same: frozenset[str] = frozenset()
    """Rows of which it was said that they are of somebody who stands already (``Likely``)."""
    zeros: bool = False
    """Put back the zeros that ZIP codes lost."""

    def with_what(self, said: Said) -> Choices:
        """These, and what was said afterwards."""
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
class Said:
    """What one form says of a file."""

    more: Choices = Choices()
    others: frozenset[str] = frozenset()
    """Rows of which it says that they are not of somebody who stands already."""
    restore: bool = False
    """Take back in what was left out, and leave out again what is odd."""


SAMPLE = 50
"""Rows by whose cells a column is judged."""


def said_columns(plan: ImportPlan) -> dict[str, str]:
    """What an organizer said of columns that would not have been taken for it."""
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


# --- what becomes of a row -----------------------------------------------------------

Why = Literal[
    "missing", "two_people", "zip_missing", "zip_zeros", "zip_form", "zip_unknown", "zip_date",
    "zip_outside", "state_unknown", "state_differs", "state_needed", "district_needed",
    "district_form", "district_none", "district_differs", "email_form", "date", "formula",
    "error", "long", "out_of_date",
]  # fmt: skip
"""What can be wrong with a cell; the pages and the command have the words."""
WhyOdd = Literal["no_letter", "filler", "no_letter_street", "filler_street"]


@dataclass(frozen=True, slots=True)
class CellProblem:
    """One cell that needs attention."""

    column: str
    why: Why
    choices: tuple[str, ...] = ()
    """What can be meant: a ZIP with its zeros, states, districts (``IL-5``)."""
    candidates: tuple[Candidate, ...] = ()
    """For a district: who sits in each, and its share of the ZIP."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row that cannot, with every cell that is wrong."""

    key: str
    values: Mapping[str, str] = field(repr=False)
    problems: tuple[CellProblem, ...] = ()

    def problem(self, column: str) -> CellProblem | None:
        return next((p for p in self.problems if p.column == column), None)

    @property
    def is_split(self) -> bool:
        """Whether only the district is open, and a street could settle it."""
        open_only = all(p.why == "district_needed" for p in self.problems)
        return open_only and bool(self.values.get("street"))


@dataclass(frozen=True, slots=True)
class Odd:
    """A row that is hardly a person's: it is left out unless an organizer counts it."""

    key: str
    values: Mapping[str, str] = field(repr=False)
    why: WhyOdd = "filler"


@dataclass(frozen=True, slots=True)
class Likely:
    """A row whose person may be somebody who stands already, and no code decides it.

    Both are counted, as they are online, unless an organizer says that they are one person.
    """

    key: str
    values: Mapping[str, str] = field(repr=False)
    rows: tuple[tuple[str, AlikeBy, Mapping[str, str]], ...] = field(repr=False)
    """Earlier rows of the file, why they are alike, and what they say."""
    signatures: tuple[tuple[paper.Earlier, AlikeBy], ...]
    """Signatures that stand, on paper or online."""


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do with a file, as somebody may be shown it."""

    file: HeldFile
    choices: Choices
    columns: tuple[Columns, ...]
    first_rows: tuple[SheetRow, ...]
    """How the first rows were understood."""
    rows: int
    new: tuple[Good, ...]
    """Exactly these are counted."""
    wrong: tuple[Wrong, ...]
    odd: tuple[Odd, ...]
    twice: tuple[tuple[str, str], ...]
    """Rows of a person who stands in an earlier row, and that row."""
    before: tuple[str, ...]
    """Rows of people who signed before, on paper or online."""
    full: tuple[str, ...]
    """Rows whose e-mail address has as many people as one may have."""
    likely: tuple[Likely, ...]
    """Rows that may be of somebody who stands already; counted unless ``choices.same``."""
    hidden: tuple[str, ...]
    """Rows that the sheet hides, filters away or crosses out."""
    left_out: int
    """Rows that an organizer left out."""

    @property
    def questions(self) -> bool:
        """Whether it must first be said what a column is."""
        return any(columns.questions for columns in self.columns)

    @property
    def ready(self) -> bool:
        """Whether it can be carried out: nothing is wrong and nothing is undecided."""
        return not (self.wrong or self.questions or (self.hidden and not self.choices.hidden))

    @property
    def same(self) -> tuple[str, ...]:
        """Rows that are not counted, because they were said to be of somebody who stands."""
        return tuple(row.key for row in self.likely if row.key in self.choices.same)

    @property
    def digest(self) -> str:
        """Tells two plans apart that would count other people."""
        made = hashlib.blake2b(digest_size=16)
        for row in self.new:
            made.update(row.person.code + row.delegation.house.seat.id.encode())
            made.update(str(row.delegation.congress).encode())
        return made.hexdigest()

    def name(self, key: str) -> tuple[str, str]:
        """A row's number and the name of its sheet, which is empty where there is only one."""
        sheet, dot, number = key.rpartition(".")
        sheets = self.file.sheets
        return number, sheets[int(sheet) - 1 if dot else 0].name if len(sheets) > 1 else ""


@dataclass(frozen=True, slots=True)
class ImportPlace:
    """What rows are judged against."""

    campaign: str
    tables: Tables
    now: date
    """The moment of entering: it decides who represents a row's person, and with it the Congress
    under which they are counted. A sheet does not say when each person signed."""
    person_key: bytes = field(repr=False)
    """The key that people are recognised by."""
    secret: bytes = field(repr=False)
    """The one that receipts are made with."""


# --- making a plan -------------------------------------------------------------------


def plan_steps(
    file: HeldFile,
    choices: Choices,
    place: ImportPlace,
    db: sqlite3.Connection,
) -> Iterator[int | ImportPlan]:
    """Judge every row of a file. Yields how many rows are done, and at last the plan.

    Raises ``NotStoredError`` where the database cannot be asked.
    """
    remembered = {**paper.remembered_columns(db), **choices.headers}
    columns = tuple(
        told(sheet.header, choices.columns[at], sheet.rows[:SAMPLE])
        if at in choices.columns
        else assign(sheet.header, sheet.rows[:SAMPLE], remembered)
        for at, sheet in enumerate(file.sheets)
    )
    new: list[Good] = []
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
    with paper.Rehearsal(db, place.campaign, place.secret) as rehearsal:
        for row in _rows(file, columns):
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
                stands, first = rehearsal.ask(judged)
                if stands == "full":
                    full.append(judged.key)
                elif first:
                    twice.append((judged.key, first))
                elif stands:
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
    file: HeldFile,
    choices: Choices,
    place: ImportPlace,
    db: sqlite3.Connection,
    *,
    progress: Callable[[int], object] = lambda _done: None,
) -> ImportPlan:
    """All of ``plan_steps`` at once; ``progress`` is told how many rows are done."""
    for step in plan_steps(file, choices, place, db):
        if isinstance(step, ImportPlan):
            plan = step
        else:
            progress(step)
    return plan


def _rows(file: HeldFile, columns: Sequence[Columns]) -> Iterable[SheetRow]:
    for at, (sheet, known) in enumerate(zip(file.sheets, columns, strict=True)):
        for raw in sheet.rows:
            row = person_row(raw, known, at)
            if row is not None:
                yield row


def corrected(row: SheetRow, choices: Choices) -> SheetRow:
    """A row with what was typed into its cells."""
    typed = choices.edits.get(row.key, {})
    values = {**row.values, **typed}
    # A cell that somebody typed anew is no longer what the spreadsheet made of it.
    flags = {c: f for c, f in row.flags.items() if typed.get(c, "") in ("", row.values.get(c))}
    row = replace(row, values=values, flags=flags)
    return replace(row, values=with_zeros(values)) if choices.zeros else row


_DATE = re.compile(
    r"\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4}|\d{1,2}[ -][A-Za-z]{3,9}\.?([ -]\d{2,4})?"
    r"|[A-Za-z]{3,9}[ -]\d{2,4}"
)
_PLUS4 = re.compile(r"\d{5}-\d{4}|\d{4}-\d{4}")


def judge(row: SheetRow, place: ImportPlace, choices: Choices | None = None) -> Good | Wrong | Odd:
    """Judge one row by itself."""
    choices = choices or Choices()
    values = row.values
    why = None if row.key in choices.keep else _odd(values)
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
    email = _unless_filler(values.get("email", ""))
    if email and not isinstance(read_email(email), Email):
        problems.append(CellProblem("email", "email_form"))
    if not email and not values.get("street") and "street" not in given:
        problems.append(CellProblem("street", "missing"))
    seat = choices.located.get(row.key, "")
    told = "district" in choices.edits.get(row.key, {})  # by an organizer, and not by a file
    found: Found | CellProblem = CellProblem("zip", "zip_date")
    if "zip" not in given:
        found = _lookup(values, place, seat, told=told)
    if isinstance(found, CellProblem):
        if found.column not in given:
            problems.append(found)
        if found.why in ("state_differs", "district_differs"):
            problems.append(CellProblem("zip", found.why))
    elif not problems:
        return Good(
            row.key, person_in(values, place), found.delegation, found.match,
        )  # fmt: skip
    return Wrong(row.key, values, tuple(problems))


def person_in(values: Mapping[str, str], place: ImportPlace) -> Person:
    """The codes of a row's person. Raises ``ValueError`` where there is no name and no e-mail."""
    street, city, state = (values.get(name, "") for name in ("street", "city", "state"))
    return person_of(
        place.person_key, first=values.get("first", ""), last=values.get("last", ""),
        street=street_alone(street, city, read_state(state) or ""),
        email=_email(values.get("email", "")), zip5=_five(values.get("zip", "")),
    )  # fmt: skip


def _email(text: str) -> str:
    """An address as it is read everywhere, without ``mailto:`` and the like."""
    found = read_email(text) if _unless_filler(text) else None
    return found.text if isinstance(found, Email) else ""


def _five(text: str) -> str:
    found = parse_zip(text.removesuffix(".0"))
    return found.five if isinstance(found, Zip) else ""


def _lookup(
    values: Mapping[str, str], place: ImportPlace, seat: str, *, told: bool
) -> Found | CellProblem:
    """Who represents the row's person, or the one cell to look at.

    A file's district that its ZIP does not touch is questioned: many columns called so hold
    numbers of something else, or of older lines.
    """
    text = values.get("zip", "")
    zip_code = parse_zip(text.removesuffix(".0"))
    if not isinstance(zip_code, Zip):
        return _zip_problem(text, zip_code.kind, zip_code.suggestion)
    state = values.get("state", "")
    district: int | None = None
    typed = seat or _unless_filler(values.get("district", ""))
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
        and (other := _elsewhere(look(), found.delegation.district))
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


def _elsewhere(by_zip: Outcome, district: int) -> Choose | None:
    """The districts of a ZIP where this is none of them."""
    choice = by_zip.as_choice() if isinstance(by_zip, Found) else by_zip
    if isinstance(choice, Choose) and district not in [c.district for c in _offered(choice)]:
        return choice
    return None


def _offered(choice: Choose) -> tuple[Candidate, ...]:
    return (*choice.candidates, *choice.slivers)


def seat_of_street(
    values: Mapping[str, str], answer: StreetAnswer, place: ImportPlace
) -> tuple[str, str]:
    """The seat that a street look-up settled, or else why it did not.

    The reason is a key of ``STREET_REASONS``, or ``several``.
    """
    found = find_delegation(
        _five(values.get("zip", "")), read_state(values.get("state", "")), now=place.now,
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
    """The row with the zeros that its ZIP lost, where it plainly lost any."""
    found = parse_zip(values.get("zip", "").removesuffix(".0"))
    if isinstance(found, Zip) or not found.suggestion:
        return dict(values)
    if _zip_problem(values["zip"], found.kind, found.suggestion).why != "zip_zeros":
        return dict(values)
    return {**values, "zip": found.suggestion}


# --- rows of two people, and rows that are hardly a person's -------------------------

_AND = re.compile(r"[^\W\d_][^\w&+]*[&+]|\band\b", re.IGNORECASE)
_SPANISH_AND = re.compile(r"\S\s+y\s+\S|^\S+\s+y$")
_SPANISH_CAPITAL_AND = re.compile(r"\S\s+Y\s+\S")
"""Between first names, or behind one alone: *Ramón y Cajal* and *Ortega y Gasset* are last names.
A capital Y is an initial, unless all are capitals and a name follows."""


def _two_people(values: Mapping[str, str]) -> str:
    """The cell in which the names of two people stand (``Ana and Luis``); empty for none."""
    first, last = values.get("first", ""), values.get("last", "")
    if _AND.search(last):
        return "last"
    in_spanish = (_SPANISH_CAPITAL_AND if first.isupper() else _SPANISH_AND).search(first)
    return "first" if _AND.search(first) or in_spanish else ""


_UNREADABLE = frozenset("""
    n a|illegible|unreadable|unknown|not legible|no name|no address|same as above|ditto|refused
    ilegible|no legible|desconocido|desconocida|sin nombre|sin direccion|s n|n d|s d|no aplica
    lo mismo|el mismo|la misma|idem|igual que arriba
""".replace("\n", "|").replace("    ", "").split("|")) - {""}  # fmt: skip
"""Nobody is called so, and no street."""
_EMPTY = _UNREADABLE | frozenset("""
    no email|no e mail|no tiene|no tengo|sin correo
    none|null|nil|na|test|testing|blank|same|anonymous|anon|no|tbd|name|first|last|street|address
    first name|last name|example|sample|nadie|ninguno|ninguna|ningun|nada|prueba|ejemplo|vacio
    en blanco|anonimo|anonima|igual|nombre|apellido|calle|direccion|x
""".replace("\n", "|").replace("    ", "").split("|")) - {""}  # fmt: skip
"""What stands in a cell that has nothing to say. Some are called Null or Test, so a name is odd
only where all of it is such."""


def _is_filler(text: str, fillers: frozenset[str]) -> bool:
    plain = bare(words_of(text))
    return plain in fillers or bool(re.fullmatch(r"(x|a|z)\1{2,}", plain))


def _unless_filler(text: str) -> str:
    return "" if text and (not says_something(text) or _is_filler(text, _EMPTY)) else text


def _odd(values: Mapping[str, str]) -> WhyOdd | None:
    """Why a row is hardly a person's; None where it may be."""
    names = [text for column in ("first", "last") if (text := values.get(column, ""))]
    street = values.get("street", "")
    if names and not any(map(has_letter, names)):
        return "no_letter"
    if names and (
        all(_is_filler(text, _EMPTY) or not says_something(text) for text in names)
        or any(_is_filler(text, _UNREADABLE) for text in names)
    ):
        return "filler"
    if street and not has_letter(street):
        return "no_letter_street"
    if street and _is_filler(re.sub(r"^\d+\s+", "", street), _EMPTY | {"test st", "test street"}):
        return "filler_street"
    return None
