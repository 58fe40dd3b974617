"""What is wrong with a sheet of paper signatures or one of its cells, and what to do."""

from __future__ import annotations

from app.records.paper_check import CellProblem
from app.records.paper_files import SheetError
from app.site.i18n import gettext as _


def column_name(column: str) -> str:
    """The column as a page names it."""
    return {
        "first": _("First name"), "last": _("Last name"), "street": _("Street"),
        "city": _("City"), "state": _("State"), "zip": _("ZIP code"),
        "district": _("District"), "email": _("E-mail"),
    }[column]  # fmt: skip


def problem_words(problem: CellProblem) -> str:
    """One sentence: what is wrong with the cell and what to type instead."""
    choices = ", ".join(problem.choices)
    return {
        "missing": lambda: _("Fill this in."),
        "zip_missing": lambda: _("Enter the ZIP code."),
        "zip_zeros": lambda: _("The spreadsheet lost a zero at the front: %(zip)s?", zip=choices),
        "zip_form": lambda: (
            _("A ZIP code has five digits, or nine. Did they mean %(zip)s?", zip=choices)
            if choices else _("A ZIP code has five digits, or nine.")
        ),
        "zip_unknown": lambda: _("There is no such ZIP code."),
        "zip_date": lambda: _("The spreadsheet made a date of this. Enter the ZIP code."),
        "zip_outside": lambda: _(
            "A military or foreign address: enter the ZIP code and state of their home here."
        ),
        "state_unknown": lambda: _("Enter the two letters of a state, such as IL."),
        "state_differs": lambda: _(
            "The ZIP code and the state do not belong together. Correct one of them."
        ),
        "state_needed": lambda: _(
            "This ZIP code lies in several states: %(states)s.", states=choices
        ),
        "district_needed": lambda: _(
            "This ZIP code may lie in several districts. Choose the one where they live: "
            "%(districts)s.", districts=_some(problem.choices),
        ),
        "district_form": lambda: _("Enter a district like IL-5, in the same state."),
        "district_none": lambda: _(
            "There is no such district. Possible: %(districts)s.",
            districts=_some(problem.choices),
        ),
        "email_form": lambda: _("This is no e-mail address. Correct it, or leave it empty."),
        "date": lambda: _("The spreadsheet made a date of this. Type what is on the paper."),
        "formula": lambda: _("This cell holds a formula without a result. Type the value."),
        "error": lambda: _("This cell holds an error of the spreadsheet. Type the value."),
        "long": lambda: _("This is too long. Type what is on the paper."),
        "out_of_date": lambda: _(
            "Our list of members describes a Congress that has ended. Nothing can be entered "
            "until it is brought up to date."
        ),
    }[problem.why]()  # fmt: skip


def _some(choices: tuple[str, ...]) -> str:
    shown = ", ".join(choices[:8])
    return f"{shown} …" if len(choices) > 8 else shown


def sheet_words(error: SheetError) -> str:
    """Why a file as a whole cannot be read, and what to do."""
    return {
        "empty": lambda: _("The file is empty."),
        "no_header": lambda: _(
            "The file has no row with the names of the columns. One of the first rows must name "
            "ZIP, and First name, Last name or E-mail; Street, City and State help."
        ),
        "doubled": lambda: _(
            "The file has two columns for “%(column)s”. Rename or delete one of them.",
            column=column_name(error.detail) if error.detail != "name" else _("Name"),
        ),
        "old_excel": lambda: _(
            "This is an Excel file of the old kind (.xls). Save it as .xlsx or CSV."
        ),
        "locked": lambda: _("This file has a password. Save a copy without one."),
        "ods": lambda: _("This is an OpenDocument file. Save it as .xlsx or CSV."),
        "not_a_sheet": lambda: _(
            "This is not a CSV or Excel file, or it is damaged. Save it again and try once more."
        ),
        "too_big": lambda: _("This workbook is too large. Save the one sheet as CSV."),
        "quote": lambda: _(
            "The file cannot be read after row %(row)s: a quotation mark is not closed there.",
            row=error.detail,
        ),
    }[error.kind]()  # fmt: skip
