"""Sentences about a sheet of paper signatures: what is in it, what is wrong, what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.congress.model import Candidate
from app.records.fillers import WhyOdd
from app.records.paper import Earlier
from app.records.paper_columns import Question
from app.records.paper_files import SheetError, Unread
from app.records.paper_plan import CellProblem, ImportPlan, Likely
from app.records.persons import AlikeBy
from app.site.i18n import gettext as _
from app.site.i18n import long_date


def column_name(column: str) -> str:
    """The column's name on a page."""
    return {
        "first": _("First name"), "last": _("Last name"), "street": _("Street"),
        "city": _("City"), "state": _("State"), "zip": _("ZIP code"),
        "district": _("District"), "email": _("Email"), "name": _("Full name"),
        "second": _("Second last name"), "suffix": _("Jr., Sr., III"), "house": _("House number"),
        "before": _("North, South (before the street)"), "street_type": _("Street, Avenue, Road"),
        "after": _("North, South (after the street)"), "unit_type": _("Kind of unit (Apt)"),
        "unit": _("Apartment or second line"), "plus4": _("The four digits after the ZIP code"),
        "place": _("City, state and ZIP in one"),
    }[column]  # fmt: skip


def row_name(plan: ImportPlan, key: str) -> str:
    """A row by its spreadsheet's numbering: ``row 7``, ``row 7 of “Page 2”``."""
    number, sheet = plan.name(key)
    if sheet:
        return _("row %(number)s of “%(sheet)s”", number=number, sheet=sheet)
    return _("row %(number)s", number=number)


def row_names(plan: ImportPlan, keys: Sequence[str], most: int = 15) -> str:
    """Several rows, naming the first ``most``; the page about a sheet sets it."""
    names = ", ".join(row_name(plan, key) for key in keys[:most])
    return f"{names} …" if len(keys) > most else names


def header_name(headers: tuple[str, ...], place: int) -> str:
    """A column's header; of one without, the letters that a spreadsheet program shows."""
    before, last = divmod(place, 26)
    letters = (chr(64 + before) if before else "") + chr(65 + last)
    return headers[place] or _("Column %(letters)s", letters=letters)


def question_words(question: Question, headers: tuple[str, ...]) -> str:
    """What is unclear about the columns."""
    named = ", ".join(f"“{header_name(headers, place)}”" for place in question.places)
    return {
        "doubled": lambda: _(
            "Several columns may be “%(column)s”: %(headers)s. Say which one is read.",
            column=column_name(question.role), headers=named,
        ),
        "no_zip": lambda: (
            _("No column is named as the ZIP code. Is it %(headers)s?", headers=named)
            if named else _("No column is named as the ZIP code. Say which one it is.")
        ),
        "no_name": lambda: _("No column is named as the name. Say which one it is."),
        "house": lambda: _(
            "The streets have no house number. Is it in %(headers)s?", headers=named
        ),
    }[question.why]()  # fmt: skip


def unread_words(name: str, why: Unread) -> str:
    """A sheet that was not read, and why."""
    if why == "hidden":
        return _("“%(sheet)s”: it is hidden", sheet=name)
    if why == "no_rows":
        return _("“%(sheet)s”: it is empty", sheet=name)
    return _("“%(sheet)s”: no row names the columns", sheet=name)


def likely_words(plan: ImportPlan, likely: Likely) -> list[str]:
    """Whom a row may repeat, and why: one sentence each, without the period."""
    return [
        _("%(row)s (%(person)s): %(why)s", row=row_name(plan, key), why=alike_words(by),
          person=person_words(values))
        for key, by, values in likely.rows
    ] + [signature_words(earlier, by) for earlier, by in likely.signatures]  # fmt: skip


def person_words(values: Mapping[str, str]) -> str:
    """A row's person, in enough detail to judge whether two are the same."""
    return ", ".join(filter(None, map(values.get, ("first", "last", "street", "zip", "email"))))


def signature_words(earlier: Earlier, by: AlikeBy) -> str:
    """A signature that may be the same person's, and why. It names no one."""
    values = {"day": long_date(earlier.day), "source": earlier.source, "why": alike_words(by)}
    if earlier.on_paper:
        return _("a signature on paper of %(day)s (%(source)s): %(why)s", **values)
    if earlier.source:
        return _("a signature on this site of %(day)s (%(source)s): %(why)s", **values)
    return _("a signature on this site of %(day)s: %(why)s", **values)


def alike_words(by: AlikeBy) -> str:
    """Why two people may be the same."""
    return {
        "name": lambda: _("the same name in the same ZIP code"),
        "mailbox": lambda: _("the same email address, except for its dots or what follows a plus"),
        "house": lambda: _("a similar name at the same address"),
    }[by]()


def odd_words(why: WhyOdd) -> str:
    """Why a row is probably not a real person."""
    return {
        "ditto": lambda: _(
            "This may mean the row above. If so, write it out in the file and choose it again."
        ),
        "no_letter": lambda: _("The name has no letter."),
        "filler": lambda: _("This does not look like a name."),
        "no_letter_street": lambda: _("The street has no letter."),
        "filler_street": lambda: _("This does not look like a street."),
    }[why]()


def district_words(candidate: Candidate) -> str:
    """``CA-12: Alex Rivera, 18% of this ZIP code``."""
    holder, share = candidate.holder, candidate.share
    name = holder.member.full_name if holder.member else _("the seat is vacant")
    if share is None:
        return f"{holder.seat.id}: {name}"
    if share < 0.01:
        return _("%(seat)s: %(name)s, less than 1%% of this ZIP code",
                 seat=holder.seat.id, name=name)  # fmt: skip
    return _("%(seat)s: %(name)s, %(share)d%% of this ZIP code",
             seat=holder.seat.id, name=name, share=min(99, round(share * 100)))  # fmt: skip


def cell_words(problem: CellProblem) -> str:
    """One sentence: what is wrong with the cell and what to type."""
    choices = ", ".join(problem.choices)
    return {
        "missing": lambda: _("Fill this in."),
        "two_people": lambda: _(
            "Two people seem to be in this row, which counts as one. Leave one name here, and "
            "enter the other person separately."
        ),
        "zip_missing": lambda: _("Enter the ZIP code."),
        "zip_zeros": lambda: _("A leading zero is missing. Is it %(zip)s?", zip=choices),
        "zip_form": lambda: (
            _("A ZIP code has five digits, or nine. Did they mean %(zip)s?", zip=choices)
            if choices else _("A ZIP code has five digits, or nine.")
        ),
        "zip_unknown": lambda: _("This ZIP code does not exist."),
        "zip_date": lambda: _("This is a date. Enter the ZIP code."),
        "zip_outside": lambda: _(
            "A military or foreign address: enter the ZIP code and state of their home here."
        ),
        "state_unknown": lambda: _("Enter the two letters of a state, like IL."),
        "state_differs": lambda: _(
            "The ZIP code and state do not match. Fix one of them."
        ),
        "state_needed": lambda: _(
            "This ZIP code covers several states: %(states)s.", states=choices
        ),
        "district_needed": lambda: _(
            "This ZIP code may cover several districts. Choose the one where they live: "
            "%(districts)s.", districts=_some(tuple(map(district_words, problem.candidates))),
        ),
        "district_form": lambda: _("Enter a district like IL-5, in the same state."),
        "district_none": lambda: _(
            "There is no such district. Possible: %(districts)s.",
            districts=_some(problem.choices),
        ),
        "district_differs": lambda: _(
            "The ZIP code and district do not match. Fix one of them."
        ),
        "email_form": lambda: _("Enter an email address, or leave it empty."),
        "date": lambda: _("The spreadsheet turned this into a date. Type what is on the paper."),
        "formula": lambda: _("This cell holds a formula without a result. Type the value."),
        "error": lambda: _("This cell holds an error of the spreadsheet. Type the value."),
        "long": lambda: _("This is too long. Type what is on the paper."),
        "out_of_date": lambda: _(
            "Our list of members is for a Congress that has ended. Nothing can be entered until "
            "it is updated."
        ),
    }[problem.why]()  # fmt: skip


def _some(choices: tuple[str, ...]) -> str:
    shown = "; ".join(choices[:8])
    return f"{shown} …" if len(choices) > 8 else shown


def sheet_words(error: SheetError) -> str:
    """Why a file as a whole cannot be read, and what to do."""
    return {
        "empty": lambda: _("The file is empty."),
        "no_header": lambda: _(
            "The file has no row with the names of the columns. One of the first rows must name "
            "ZIP, and First name, Last name or Email. Street, City and State help."
        ),
        "locked": lambda: _("This file has a password. Save a copy without one."),
        "no_rows": lambda: _("There is no row below the names of the columns."),
        "not_a_sheet": lambda: _(
            "This is not a CSV, Excel or OpenDocument file, or it is damaged. Save a new copy "
            "and try again."
        ),
        "too_big": lambda: _("This workbook is too large. Save the one sheet as CSV."),
        "too_wide": lambda: _(
            "A cell of this workbook is far away from the others. Delete it, or save the sheet "
            "as CSV."
        ),
        "lost": lambda: _("The upload was cut off. Choose the file again."),
        "quote": lambda: _(
            "We cannot read the file after row %(row)s: a quotation mark there has no partner. "
            "Remove it, or write out what it means.",
            row=error.detail,
        ),
    }[error.kind]()  # fmt: skip
