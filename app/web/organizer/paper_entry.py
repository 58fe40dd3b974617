"""Entering what people signed by hand, and withdrawing it.

Signatures are typed one by one or uploaded as a sheet. The page first shows a sheet's plan
(``records.paper_plan``) with the rows that need attention, and then carries out that same plan.
A sheet is read, judged and added in a subprocess (``records.paper_sheets``) with limits on memory
and time, so that not even the worst one slows down signing. Nothing of an upload is kept on the
server: it is only in memory, only during the request. Between pages it travels in the form itself.

A large sheet takes a while, so the response is streamed and reports its progress; that needs no
script and no file. Closing the page before the end stops the work, and nothing is added.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

from flask import request
from werkzeug.wrappers import Response
from wtforms import BooleanField

from app.congress.model import StreetAnswer
from app.congress.names import STREET_REASONS
from app.congress.places import read_state
from app.errors import NotStoredError
from app.records.organizers import Session, find_session
from app.records.paper import (
    Added,
    Batch,
    ImportRunningError,
    NotUndoneError,
    PaperLetters,
    add_one,
    dry_run_one,
    paper_lock,
    undo_import,
    undo_interrupted,
    withdraw_paper,
)
from app.records.paper_columns import COLUMNS, ROLES, SheetRow
from app.records.paper_files import LONGEST_CELL, SheetError, TooManyRowsError
from app.records.paper_plan import (
    Answers,
    CellProblem,
    Choices,
    ImportPlace,
    Odd,
    Wrong,
    judge,
    person_in,
    seat_of_street,
)
from app.records.paper_sheets import (
    STREETS,
    ImportRequest,
    PlanSummary,
    SheetSite,
    Step,
    process_sheet,
)
from app.site.i18n import gettext as _
from app.site.i18n import ngettext
from app.site.paper_words import (
    cell_words,
    column_name,
    district_words,
    header_name,
    likely_words,
    odd_words,
    question_words,
    row_name,
    row_names,
    sheet_words,
    signature_words,
    unread_words,
)
from app.site.quiet import where
from app.site.rooms import LARGEST_FILE, Subprocess, SubprocessEndedError
from app.site.services import Services, services
from app.text import capital, clean_line
from app.web.access import access
from app.web.error_pages import not_stored_words
from app.web.forms import RowField, Several, SiteForm, entries, entry, sent, uploaded
from app.web.limits import in_room
from app.web.organizer.gate import acting, clock, current, read_cookie
from app.web.organizer.paper_printing import bad_tag_words, index, paper
from app.web.organizer.show import Steps, in_steps, page, visible

log = logging.getLogger("dear_congress")

FIELDS = ("first", "last", "street", "city", "state", "zip", "email", "district")
EMPTY = dict.fromkeys(FIELDS, "")
SHARED_FIELDS = ("city", "state", "zip")
"""Fields that the next person on the same sheet probably shares."""

MOST_ROWS = 50_000
PROGRESS_SECONDS = 1.0
"""How long between two progress reports."""
READ_SUBPROCESS = Subprocess(memory=1 << 30, seconds=600)
"""Limits for reading and judging a sheet. The worst accepted sheet that was tried took 0.7 GB and a
minute of processor time, and 49,000 ordinary rows a tenth of both."""
ADD_SUBPROCESS = Subprocess(nice=0, memory=1 << 30, seconds=1800)
"""Limits for adding it, at normal priority: every other writer waits for its write lock."""


# --- shared by all of the pages --------------------------------------------------------


def _place() -> ImportPlace:
    """What rows are judged against: the campaign, the tables, the time and the site's keys."""
    site, settings = services(), services().settings
    return ImportPlace(
        site.slug, site.tables, site.now(), settings.person_key, settings.secret_key
    )  # fmt: skip


class PaperForm(SiteForm):
    """The fields of every paper form: a sheet's language and source, one person, and decisions."""

    language = entry(lambda typed: "es" if typed == "es" else "en")
    source, located, look, rows, shown = entries(5)
    skip, keep, apart, add = (BooleanField() for _field in range(4))
    count = RowField()

    def person(self) -> dict[str, str]:
        return {name: self[name].data for name in FIELDS}


for _name in FIELDS:
    setattr(PaperForm, _name, entry(lambda typed: clean_line(typed)[:LONGEST_CELL]))
_COLUMN_FIELD = re.compile(r"(\d{1,3})-(\d{1,3})")
HIDDEN_CHOICES: tuple[Literal["count", "leave"], ...] = ("count", "leave")
"""The answers to the question about hidden rows."""


def _batch(way: str) -> Batch:
    """A batch for what this organizer enters now."""
    site, form = services(), sent(PaperForm)
    return Batch(site.slug, site.today(), clock(), form.language.data, form.source.data,
                 current().organizer.name, way)  # fmt: skip


def _letters() -> PaperLetters:
    return PaperLetters(services().campaign, services().writing_day())


def _running_words() -> str:
    return _(
        "Another sheet is being added right now. Wait until it is done, then press the button "
        "again. Nothing of this one was added."
    )


# --- undoing an import -------------------------------------------------------------------


@paper.post("/paper/undo/<row:number>")
@access("editor")
def undo(number: int) -> Response:
    """Undo an entire import."""
    site = services()
    try:
        removed = undo_import(acting(), number, site.slug, lock=paper_lock(site.settings.instance))
    except NotUndoneError as error:
        if not error.taken_up:
            return index(_("This import is no longer here."), "", 404)
        words = ngettext(
            "This import stays: one of its people has since continued online. Withdraw single "
            "signatures instead.",
            "This import stays: %(num)d of its people have since continued online. Withdraw "
            "single signatures instead.", error.taken_up,
        )  # fmt: skip
        return index(words, "", 409)
    except ImportRunningError:
        return index(_running_words(), "", 409)
    except NotStoredError as error:
        return index(not_stored_words(error), "", 503)
    done = ngettext("The import was undone: one signature was removed.",
                    "The import was undone: %(num)d signatures were removed.", removed)  # fmt: skip
    return index(done=done)


# --- one by one --------------------------------------------------------------------------


@paper.get("/paper/enter")
@access("editor")
def enter(
    values: Mapping[str, str] = EMPTY, wrong: Wrong | None = None, *, done: str = "",
    count: int = 0, problem: tuple[str, str] | None = None, odd: str = "",
    alike: Sequence[str] = (), located: str = "", status: int = 200,
) -> Response:  # fmt: skip
    """The form for one person, with the problems of the last entry."""
    if request.method == "GET" and services().standing.state != "open":
        return index(status=409)  # the page then says why not, and when
    problems = {p.column: cell_words(p) for p in wrong.problems} if wrong else {}
    errors = [(c, f"{column_name(c)}: {words}") for c, words in problems.items()]
    if problem:
        errors.append(problem)
        problems.setdefault(*problem)
    split = wrong.problem("district") if wrong else None
    form = sent(PaperForm)
    return page(
        "paper/enter", status, values=values, problems=problems, errors=errors, done=done,
        count=count, odd=odd, alike=alike, located=located, source=visible(form.source.data)[:60],
        districts=_offered(split) if split else (), language_now=form.language.data,
        street_lookup=services().settings.street_lookup,
        tag_problem=problem[1] if problem and problem[0] == "source" else "",
    )  # fmt: skip


def _offered(problem: Any) -> list[tuple[str, str]]:
    """The districts to choose from, each with its member and its share of the people."""
    return [(c.holder.seat.id, district_words(c)) for c in problem.candidates]


@paper.post("/paper/enter")
@access("editor")
def enter_post() -> Response:
    """Add one person's signature and show the form for the next one."""
    form = sent(PaperForm)
    values, count = form.person(), max(form.count.data, 0)
    if form.skip.data:
        return _next(values, _("Nothing was added for the same person."), count)
    if bad := bad_tag_words(form.source.data):
        return enter(values, problem=("source", bad), count=count, status=422)
    settled = form.located.data
    located = {"1": settled} if settled and settled == values["district"] else {}
    keep = frozenset({"1"} if form.keep.data or form.look.data else ())
    if form.look.data:
        values["district"] = ""
    choices = Choices(located=located, keep=keep, edits={"1": values})
    result = judge(SheetRow(1, values), _place(), choices)
    if isinstance(result, Odd):
        return enter(values, odd=odd_words(result.why), count=count, status=422,
                      problem=("keep", odd_words(result.why)))  # fmt: skip
    if isinstance(result, Wrong):
        if not form.look.data or not result.is_split:
            return enter(values, result, count=count, status=422)
        seats, notes = _look_up_streets([result])
        if notes:
            return enter(values, result, problem=("district", notes["1"]), count=count,
                          status=422)  # fmt: skip
        values["district"] = seats.get("1", "")
        done = _("The street is in %(seat)s. Check it, then add the signature.",
                 seat=values["district"])  # fmt: skip
        return enter(values, result, done=done, count=count, located=values["district"])
    if form.look.data:  # the button adds nothing
        done = _("This ZIP code is in one district. Check what you typed, then add the signature.")
        return enter(values, done=done, count=count)
    site, batch = services(), _batch("form")
    secret = site.settings.secret_key
    refusal, alike = dry_run_one(site.db(), batch.campaign, result, secret)
    if refusal == "full":
        words = _(
            "Four people have signed with this email address, and no more can count with it. "
            "Nothing was added."
        )  # fmt: skip
        return enter(values, problem=("email", words), count=count, status=422)
    if alike and not form.apart.data:
        words = _("This may be someone who is already counted. If it is someone else, say so.")
        return enter(values, problem=("apart", words), count=count, status=422,
                      alike=tuple(signature_words(*one) for one in alike))  # fmt: skip
    try:
        added = add_one(site.db(), result, batch, letters=_letters(), secret=secret)
    except NotStoredError as error:
        return enter(values, problem=("", not_stored_words(error)), count=count, status=503)
    done = _("Added.") if added.signatures else _(
        "This person has already signed, so nothing was added."
    )  # fmt: skip
    return _next(values, done, count + added.signatures)


def _next(values: Mapping[str, str], done: str, count: int) -> Response:
    """The form for the next person on the same sheet."""
    kept = {name: values[name] if name in SHARED_FIELDS else "" for name in FIELDS}
    return enter(kept, done=done, count=count)


@paper.get("/paper/back")
@access("editor")
def back(
    values: Mapping[str, str] = EMPTY, problem: tuple[str, str] | None = None, done: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    """The form for withdrawing a paper signature."""
    errors = [problem] if problem else []
    return page("paper/back", status, values=values, errors=errors, done=done)


@paper.post("/paper/back")
@access("editor")
def back_post() -> Response:
    """Withdraw a paper signature at its owner's request."""
    values = sent(PaperForm).person()
    row = SheetRow(1, {**values, "district": ""})
    result = judge(row, _place(), Choices(keep=frozenset("1")))
    wrong = result.problems if isinstance(result, Wrong) else ()
    needed = [p for p in wrong if p.why in ("missing", "email_form", "zip_missing", "zip_form",
                                            "zip_zeros")]  # fmt: skip
    if needed:
        words = f"{column_name(needed[0].column)}: {cell_words(needed[0])}"
        return back(values, (needed[0].column, words), status=422)
    site = services()
    try:
        found = withdraw_paper(
            acting(), person_in(values, _place()), site.settings.secret_key, campaign=site.slug
        )  # fmt: skip
    except NotStoredError as error:
        return back(values, ("", not_stored_words(error)), status=503)
    if not found:
        words = _(
            "No paper signature has exactly these details. Check the spelling on the sheet. "
            "Online signatures are withdrawn with their own receipt."
        )
        return back(values, ("first", words), status=404)
    return back(done=_("Signature withdrawn. Every count went down."))


# --- looking a street up -----------------------------------------------------------------


def _locate(values: Mapping[str, str], site: Services) -> StreetAnswer:
    """The district of a street. The address leaves this machine only here, and only when someone
    presses the button that says so."""
    return site.locate_street(
        values.get("street", ""), values.get("city", ""), read_state(values.get("state", "")),
        values.get("zip", "")[:5],
    )  # fmt: skip


def _look_up_streets(rows: Sequence[Wrong]) -> tuple[dict[str, str], dict[str, str]]:
    """The seats of these rows' streets, and the reasons why the others have none, by row key."""
    site, seats, notes = services(), {}, {}
    if not site.settings.street_lookup:
        return {}, {}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda row: _locate(row.values, site), rows))
    for row, answer in zip(rows, answers, strict=True):
        seat, reason = seat_of_street(row.values, answer, _place())
        if seat:
            seats[row.key] = seat
        elif reason == "several":
            notes[row.key] = _("This street matches places in several districts.")
        else:
            notes[row.key] = _(STREET_REASONS[reason])
    return seats, notes


# --- a whole sheet -----------------------------------------------------------------------


@paper.url_value_preprocessor
def raise_limits(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Raise the request size limit for a sheet, but only for editors who are logged in."""
    if request.method != "POST" or (endpoint or "").rpartition(".")[2] not in (
        "upload_post", "check",
    ):  # fmt: skip
        return
    token = read_cookie("organizer")
    if not token:
        return
    try:
        found = find_session(services().db(), token, clock())
    except NotStoredError:
        return
    if isinstance(found, Session) and found.stage == "full" and found.organizer.may("editor"):
        request.max_content_length = request.max_form_memory_size = LARGEST_FILE
        request.max_form_parts = 5_000


@paper.get("/paper/upload")
@access("editor")
def upload(problem: str = "", field: str = "file", status: int = 200) -> Response:
    """The form for uploading a sheet."""
    if request.method == "GET" and services().standing.state != "open":
        return index(status=409)  # the page then says why not, and when
    form = sent(PaperForm)
    return page("paper/upload", status, problem=problem, field=field, most=MOST_ROWS,
                source=visible(form.source.data)[:60], language_now=form.language.data)  # fmt: skip


@paper.post("/paper/upload")
@access("editor")
@in_room("uploads")
def upload_post() -> Response:
    """Read the uploaded sheet and show its plan."""
    name, content = uploaded()
    if bad := bad_tag_words(sent(PaperForm).source.data):
        return upload(bad, "source", 422)
    if not name:
        return upload(_("Choose a file."), "file", 422)
    return in_steps(_("Paper sheet"), _steps(content, Answers()))


@paper.post("/paper/check")
@access("editor")
@in_room("uploads")
def check() -> Response:
    """Apply corrections and decisions to the plan; add everything if that button was pressed."""
    form = sent(SheetForm)
    return in_steps(_("Paper sheet"), _steps(form.rows.data, form.answers(), adding=form.add.data))


class SheetForm(PaperForm):
    """The corrections and decisions about a sheet that was shown. Cells are named by row and column
    (``cell-7-zip``), columns by sheet and index (``column-0-3``), and ``was`` has each one's
    previous value."""

    cell, column, was, out, odd, likely, same = (Several() for _field in range(7))
    hidden, columns, zeros, restore = entries(4)

    def answers(self) -> Answers:
        """The corrections and decisions as the records take them."""
        was, out, likely, same = (x.data for x in (self.was, self.out, self.likely, self.same))
        edits: dict[str, dict[str, str]] = {}
        for name, typed in self.cell.data.items():
            key, _dash, column = name.partition("-")
            words = clean_line(typed)[:LONGEST_CELL]
            if column in COLUMNS and words != was.get(f"cell-{name}"):
                edits.setdefault(key, {})[column] = words
        columns: dict[int, dict[int, str]] = {}
        changed = set[int]()
        for name, role in self.column.data.items():
            if found := _COLUMN_FIELD.fullmatch(name):
                at = int(found[1])
                columns.setdefault(at, {})[int(found[2])] = role
                if self.columns.data or was.get(f"column-{name}") != role:
                    changed.add(at)
        choices = Choices(
            columns={at: tuple(columns[at].get(n, "") for n in range(max(columns[at]) + 1))
                     for at in changed},
            hidden=next((x for x in HIDDEN_CHOICES if x == self.hidden.data), ""),
            edits=edits, out=frozenset(out), keep=frozenset(self.odd.data) - out.keys(),
            same=frozenset(likely) & same.keys(), zeros=bool(self.zeros.data),
        )  # fmt: skip
        return Answers(choices, frozenset(likely) - same.keys(), bool(self.restore.data))


def _steps(sheet: bytes | str, answers: Answers, *, adding: bool = False) -> Steps:
    """Judge a sheet and, with ``adding``, add it: the progress, then the page."""
    yield (yield from _judge_sheet(sheet, answers, adding=adding))


def _judge_sheet(
    sheet: bytes | str, answers: Answers, *, adding: bool
) -> Generator[str, None, Response]:
    notes: dict[str, str] = {}
    try:
        summary, added, trouble = yield from _in_subprocess(
            sheet, answers, _import_request() if adding else None
        )
        if (wanted := sent(PaperForm).look.data) and summary.packed:
            rows = [row for row in summary.streets if wanted == "all"]
            rows += [row for row in summary.plan.wrong if row.key == wanted and row.is_split]
            located, notes = _look_up_streets(rows)
            more = Answers(Choices(located=located))
            summary, added, trouble = yield from _in_subprocess(summary.packed, more)
    except SheetError as error:
        return upload(sheet_words(error), "file", 422)
    except TooManyRowsError:
        words = _(
            "This page takes up to %(number)d rows. Save the sheet as several files, or ask your "
            "site operator: the import command takes any number.", number=MOST_ROWS,
        )  # fmt: skip
        return upload(words, "file", 422)
    except (SubprocessEndedError, MemoryError) as error:
        log.warning("Reading a sheet of signatures failed: %s", where(error))
        return upload(_too_much_words(), "file", 503)
    if added is not None:
        return page("paper/result", part="_done", added=added, outline=summary)
    if isinstance(trouble, NotStoredError):
        return _plan_page(summary, problem=not_stored_words(trouble), status=503)
    if trouble is not None:
        return _plan_page(summary, problem=_running_words(), status=409)
    if adding and summary.plan.ready:
        words = _(
            "Something changed since these numbers were made: someone signed, or you changed "
            "something. Look at them again, then add."
        )  # fmt: skip
        return _plan_page(summary, problem=words)
    return _plan_page(summary, notes=notes)


def _too_much_words() -> str:
    return _(
        "Reading this file took too long or too much memory. We gave up, and nothing was added. "
        "Save only the columns you need as CSV, in several files if there are many rows, and "
        "choose one of them. Or try this one again in a few minutes."
    )


_SheetResult = tuple[PlanSummary, Added | None, NotStoredError | ImportRunningError | None]
"""The plan's summary; what was added; why it could not be added."""


def _in_subprocess(
    sheet: bytes | str, answers: Answers, adding: ImportRequest | None = None
) -> Generator[str, None, _SheetResult]:
    """``process_sheet`` in a separate process. If it does not finish, nothing is added."""
    settings = services().settings
    site = SheetSite(
        settings.instance, settings.database, services().slug, services().now(),
        settings.person_key, settings.secret_key,
    )  # fmt: skip
    summary, added = None, None
    due = time.monotonic() + PROGRESS_SECONDS
    pieces = (ADD_SUBPROCESS if adding else READ_SUBPROCESS).pieces(
        process_sheet, sheet, answers, site, MOST_ROWS, adding
    )
    try:
        for piece in pieces:
            if isinstance(piece, PlanSummary):
                summary = piece
            elif isinstance(piece, Added):
                added = piece
            elif piece.what == "reading" or time.monotonic() >= due:
                due = time.monotonic() + PROGRESS_SECONDS
                yield _step_words(piece)
    except (NotStoredError, ImportRunningError) as trouble:
        if summary is None:
            raise
        return summary, None, trouble
    finally:
        pieces.close()  # ends the subprocess, which frees the import's lock
        if adding and added is None:
            with suppress(NotStoredError):  # otherwise the site does it within the hour
                undo_interrupted(services().db(), paper_lock(settings.instance))
    if summary is None:
        raise SubprocessEndedError("a sheet was judged and nothing said of it")
    return summary, added, None


def _import_request() -> ImportRequest:
    site = services()
    campaign = replace(site.campaign)  # with an empty memo
    return ImportRequest(_batch("sheet"), campaign, site.writing_day(), sent(PaperForm).shown.data)


def _step_words(step: Step) -> str:
    done, every = f"{step.done:,}", f"{step.all:,}"
    if step.what == "reading":
        return _("The file is being read.")
    if step.what == "rows":
        return _("%(done)s of %(all)s rows were looked at.", done=done, all=every)
    return _("%(done)s of %(all)s signatures are in.", done=done, all=every)


def _plan_page(
    summary: PlanSummary,
    *,
    problem: str = "",
    notes: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    """The page about a plan."""
    plan, form = summary.plan, sent(PaperForm)
    lost_zeros = ""
    if summary.zeros > 1 or (summary.zeros and summary.wrong > 1):
        lost_zeros = ngettext("One ZIP code lost its first zero in the spreadsheet.",
            "%(num)d ZIP codes lost their first zero in the spreadsheet.",
            summary.zeros)  # fmt: skip
    errors = [
        (f"cell-{row.key}-{p.column}",
         _("%(row)s, %(column)s: %(words)s", row=capital(row_name(plan, row.key)),
           column=column_name(p.column), words=_cell_words(p)))
        for row in plan.wrong for p in row.problems if not (lost_zeros and p.why == "zip_zeros")
    ]  # fmt: skip
    if lost_zeros:
        errors.insert(0, ("zeros", lost_zeros))  # one button restores them all
    for at, columns in enumerate(plan.columns):
        first = next((place for place, header in enumerate(columns.headers) if header), 0)
        errors += [
            (
                f"column-{at}-{q.places[0] if q.places else first}",
                question_words(q, columns.headers),
            )
            for q in columns.questions
        ]
    if problem:
        errors.insert(0, ("", problem))
    return page(
        "paper/result", 422 if status == 200 and (plan.wrong or plan.questions) else status,
        part="_check", outline=summary, plan=plan, errors=errors, roles=ROLES,
        columns=[c for c in COLUMNS if any(c in r.values or r.problem(c) for r in plan.wrong)],
        street_lookup=services().settings.street_lookup, notes=notes or {}, streets=STREETS,
        lost_zeros=lost_zeros,
        language_now=form.language.data, source=visible(form.source.data)[:60],
        column_name=column_name, header_name=header_name, cell_words=_cell_words,
        odd_words=odd_words,
        district_words=district_words, row_name=row_name, row_names=row_names,
        likely_words=likely_words, question_words=question_words, capital=capital,
        unread="; ".join(unread_words(name, why) for name, why in plan.file.unread),
    )  # fmt: skip


def _cell_words(problem: CellProblem) -> str:
    """What is wrong in a cell. If a ZIP has several districts, they are offered next to it."""
    if problem.candidates and problem.why == "district_needed":
        return _("Choose the district where they live.")
    return cell_words(problem)
