"""Signatures on paper, one by one, and taking one back when its owner asks."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response

from app.campaign.words import Language
from app.records import NotStoredError, source_tag
from app.records.paper import Added, Batch, add_paper, take_back_paper
from app.records.paper_check import Good, PaperLetters, Place, Wrong, check_row, person_in
from app.records.paper_files import LONGEST_CELL, SheetRow
from app.site.i18n import gettext as _
from app.site.paper_words import column_name, problem_words
from app.site.services import services
from app.web.organizer.gate import clock, current
from app.web.organizer.show import page, visible

FIELDS = ("first", "last", "street", "city", "state", "zip", "email", "district")
KEPT = ("city", "state", "zip")
"""What the next person on the same sheet probably shares."""


def place() -> Place:
    """What rows are judged against, today."""
    site = services()
    return Place(site.campaign, site.tables, site.today(), site.settings.person_key)


def batch(language: str, source: str, way: str) -> Batch:
    """What the present organizer enters now."""
    site = services()
    return Batch(site.campaign.slug, site.today(), clock(), language, source,
                 current().organizer.name, way)  # fmt: skip


def store(rows: list[Good], what: Batch) -> Added | NotStoredError:
    """Store all of the rows, or none and the reason."""
    site = services()
    try:
        return add_paper(
            site.db(), rows, what, letters=PaperLetters(site.campaign, site.today()),
            secret=site.settings.secret_key,
        )  # fmt: skip
    except NotStoredError as error:
        return error


def not_stored_words() -> str:
    """What to do when the database could not take anything."""
    return _("Nothing was stored just now, and nothing was lost. Press the button again.")


def sheet_language() -> Language:
    """The language of the sheet, as the form says."""
    given = request.form.get("language", "")
    return "es" if given == "es" else "en"


def bad_tag_words() -> str:
    """What is wrong with a typed source tag; empty where nothing is."""
    tag = request.form.get("source", "")
    if not tag.strip() or source_tag(tag):
        return ""
    return _("A source tag has up to 32 small letters, digits, dots and hyphens, no spaces.")


def _typed() -> dict[str, str]:
    return {name: visible(request.form.get(name, "")).strip()[:LONGEST_CELL] for name in FIELDS}


def show_enter() -> Response:
    """The empty form."""
    return _enter(dict.fromkeys(FIELDS, ""))


def _enter(
    values: dict[str, str], wrong: Wrong | None = None, *, done: str = "", count: int = 0,
    problem: tuple[str, str] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    problems = {p.column: problem_words(p) for p in wrong.problems} if wrong else {}
    choices = {p.column: p.choices for p in wrong.problems} if wrong else {}
    errors = [(c, f"{column_name(c)}: {words}") for c, words in problems.items()]
    return page(
        "paper/enter", status, values=values, problems=problems, errors=errors or (
            [problem] if problem else []),
        districts=choices.get("district", ()), done=done, count=count,
        language_now=sheet_language(), source=visible(request.form.get("source", ""))[:60],
        tag_problem=problem[1] if problem and problem[0] == "source" else "",
    )  # fmt: skip


def take_enter() -> Response:
    """Add one person's signature and offer the form for the next one."""
    values, count = _typed(), _count()
    if bad := bad_tag_words():
        return _enter(values, problem=("source", bad), count=count, status=422)
    result = check_row(SheetRow(1, values), place())
    if isinstance(result, Wrong):
        return _enter(values, result, count=count, status=422)
    added = store([result], batch(sheet_language(), request.form.get("source", ""), "form"))
    if isinstance(added, NotStoredError):
        return _enter(values, problem=("", not_stored_words()), count=count, status=503)
    done = _("Added.") if added.signatures else _(
        "This person had signed already, so nothing was added."
    )  # fmt: skip
    empty = {name: values[name] if name in KEPT else "" for name in FIELDS}
    return _enter(empty, done=done, count=count + added.signatures)


def _count() -> int:
    text = request.form.get("count", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def show_back() -> Response:
    """The form to take a signature back."""
    return _back(dict.fromkeys(FIELDS, ""))


def _back(
    values: dict[str, str], *, problem: tuple[str, str] | None = None, done: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    return page("paper/back", status, values=values, errors=[problem] if problem else [],
                done=done)  # fmt: skip


def take_back() -> Response:
    """Take a signature on paper back, as its owner asked."""
    values = _typed()
    result = check_row(SheetRow(1, {**values, "district": ""}), place())
    wrong = result.problems if isinstance(result, Wrong) else ()
    needed = [p for p in wrong if p.column in ("first", "street", "email")
              or p.why in ("zip_missing", "zip_form", "zip_zeros")]  # fmt: skip
    if needed:
        words = f"{column_name(needed[0].column)}: {problem_words(needed[0])}"
        return _back(values, problem=(needed[0].column, words), status=422)
    site = services()
    person = person_in(values, place())
    try:
        found = take_back_paper(
            site.db(), person, site.settings.secret_key, campaign=site.campaign.slug,
            who=current().organizer.name, at=clock(),
        )  # fmt: skip
    except NotStoredError:
        return _back(values, problem=("", not_stored_words()), status=503)
    if not found:
        words = _(
            "There is no signature on paper under exactly these details. Check the spelling on "
            "the sheet; one that was given online is taken back with its own receipt."
        )
        return _back(values, problem=("first", words), status=404)
    return _back(dict.fromkeys(FIELDS, ""),
                 done=_("The signature was taken back. Every count went down."))  # fmt: skip
