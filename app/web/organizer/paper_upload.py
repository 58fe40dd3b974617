"""A sheet of paper signatures: only the rows with a problem are shown, to be put right here.

Nothing of an upload is kept on the server: it is read in the request, in memory alone, and gone
at its end, whatever happens. Between the pages the rows travel in the form itself.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from io import BytesIO
from itertools import islice
from typing import Any

from flask import render_template, request
from werkzeug.wrappers import Response

from app.records import NotStoredError
from app.records.organizers import Session, find_session
from app.records.paper_check import with_zeros
from app.records.paper_files import COLUMNS, LONGEST_CELL, SheetError, SheetRow, read_sheet
from app.site.i18n import gettext as _
from app.site.paper_words import column_name, problem_words, sheet_words
from app.site.services import services
from app.web.organizer import paper_large
from app.web.organizer.cookies import read_cookie
from app.web.organizer.gate import clock
from app.web.organizer.paper_enter import (
    bad_tag_words,
    batch,
    not_stored_words,
    sheet_language,
    store,
)
from app.web.organizer.paper_judge import Judged, judge
from app.web.organizer.show import page, visible

MOST_ROWS = 50_000
QUICK = 2_000
"""Up to so many rows are done before anybody wonders; with more, the page shows how far it is."""
LARGEST = 12 * 1024 * 1024
LARGEST_PACKED = 32 * 1024 * 1024
SHOWN = 40
"""Rows with problems on one page."""
FLAGS = ("date", "formula", "error", "long")


def raise_limits(endpoint: str | None) -> None:
    """Let somebody who is logged in send a whole sheet; everybody else keeps the usual limit."""
    if request.method != "POST" or (endpoint or "").rpartition(".")[2] not in (
        "upload_post", "check",
    ):  # fmt: skip
        return
    # The usual way would put a large part of a form into a file.
    request.__dict__["_get_file_stream"] = _in_memory
    token = read_cookie("organizer")
    if not token:
        return
    try:
        found = find_session(services().db(), token, clock())
    except NotStoredError:
        return
    if isinstance(found, Session) and found.stage == "full" and found.organizer.may("editor"):
        request.max_content_length = LARGEST
        request.max_form_memory_size = LARGEST
        request.max_form_parts = SHOWN * (len(COLUMNS) + 1) + 50


def _in_memory(**_about: Any) -> BytesIO:
    return BytesIO()


def show_upload(problem: str = "", field: str = "file", status: int = 200) -> Response:
    """The form for a file."""
    return page(
        "paper/upload", status, problem=problem, field=field, most=MOST_ROWS,
        source=visible(request.form.get("source", ""))[:60], language_now=sheet_language(),
    )  # fmt: skip


def take_upload() -> Response:
    """Read the file and show what needs attention."""
    given = request.files.get("file")
    if bad := bad_tag_words():
        return show_upload(bad, "source", 422)
    if given is None or not given.filename:
        return show_upload(_("Choose a file."), "file", 422)
    try:
        sheet = read_sheet(given.stream)
        rows = list(islice(sheet.rows, MOST_ROWS + 1))
    except SheetError as error:
        return show_upload(sheet_words(error), "file", 422)
    finally:
        given.close()
    if len(rows) > MOST_ROWS:
        words = _(
            "This page takes up to %(number)d rows. For more, the person who runs this site "
            "uses: flask signatures import FILE", number=MOST_ROWS,
        )  # fmt: skip
        return show_upload(words, "file", 422)
    if not rows:
        return show_upload(_("There is no row below the names of the columns."), "file", 422)
    about: dict[str, Any] = {"ignored": sheet.ignored[:20], "guessed": sheet.guessed_encoding}
    if len(rows) > QUICK:
        return paper_large.look(rows, partial(_fragment, **about))
    return _checked(judge(rows), **about)


def take_check() -> Response:
    """Take what was put right; add everything if nothing is wrong and the button was pressed."""
    rows = _unpack(request.form.get("rows", ""))
    if rows is None:
        return show_upload(_("The rows got lost on the way. Choose the file again."), "file", 422)
    rows, adding = _corrected(rows), bool(request.form.get("add"))
    if len(rows) > QUICK:
        what = batch(sheet_language(), request.form.get("source", ""), "sheet")
        return (paper_large.add(rows, what, _fragment) if adding
                else paper_large.look(rows, _fragment))  # fmt: skip
    judged = judge(rows)
    if judged.wrong or not adding:
        return _checked(judged)
    added = store(judged.good, batch(sheet_language(), request.form.get("source", ""), "sheet"))
    if isinstance(added, NotStoredError):
        return _checked(judged, problem=not_stored_words(), status=503)
    return page("paper/done", added=added, twice=len(judged.twice))


def _corrected(rows: Iterable[SheetRow]) -> list[SheetRow]:
    """The rows with what was typed into their cells, without those that were left out."""
    form = request.form
    corrected = []
    for row in rows:
        if form.get(f"out-{row.number}"):
            continue
        typed = {
            column: " ".join(visible(form[name]).split())[:LONGEST_CELL]
            for column in COLUMNS
            if (name := f"cell-{row.number}-{column}") in form
        }
        values = {**row.values, **typed}
        if form.get("zeros"):
            values = with_zeros(values)
        # A cell that somebody typed anew is no longer what the spreadsheet made of it.
        flags = {c: f for c, f in row.flags.items() if typed.get(c, "") in ("", row.values.get(c))}
        corrected.append(replace(row, values=values, flags=flags))
    return corrected


def _checked(judged: Judged, *, status: int | None = None, **about: Any) -> Response:
    return page("paper/check", status or (422 if judged.wrong else 200), **_facts(judged, **about))


def _fragment(judged: Judged, **about: Any) -> str:
    return render_template("organizer/paper/_check.html", **_facts(judged, **about))


def _facts(
    judged: Judged, *, ignored: tuple[str, ...] = (), guessed: bool = False, problem: str = ""
) -> dict[str, Any]:
    """What the page about a judged sheet shows."""
    shown = judged.wrong[:SHOWN]
    errors = [
        (f"cell-{row.number}-{p.column}",
         _("Row %(row)d, %(column)s: %(words)s", row=row.number, column=column_name(p.column),
           words=problem_words(p)))
        for row in shown for p in row.problems
    ]  # fmt: skip
    if problem:
        errors.insert(0, ("", problem))
    return {
        "judged": judged, "shown": shown, "errors": errors,
        "columns": [c for c in COLUMNS if any(c in r.values or r.problem(c) for r in shown)],
        "column_name": column_name, "problem_words": problem_words, "rows": _pack(judged.rows),
        "zeros": sum(1 for r in judged.wrong if any(p.why == "zip_zeros" for p in r.problems)),
        "ignored": ignored, "guessed": guessed, "language_now": sheet_language(),
        "source": visible(request.form.get("source", ""))[:60],
    }  # fmt: skip


def _pack(rows: Sequence[SheetRow]) -> str:
    """The rows as one hidden field."""
    used = [c for c in COLUMNS if any(c in row.values for row in rows)]
    plain = [[row.number, [row.values.get(c, "") for c in used], row.flags] for row in rows]
    text = json.dumps([used, plain], ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("utf-8", "surrogatepass"))).decode("ascii")


def _unpack(text: str) -> list[SheetRow] | None:
    """What ``_pack`` made, read as carefully as anything that a browser sends."""
    try:
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(base64.b64decode(text, validate=True), LARGEST_PACKED)
        used, plain = json.loads(content.decode("utf-8", "surrogatepass"))
        rows = [
            SheetRow(
                int(number),
                {
                    c: str(v)[:LONGEST_CELL]
                    for c, v in zip(used, values, strict=True)
                    if c in COLUMNS
                },
                {c: f for c, f in flags.items() if c in COLUMNS and f in FLAGS},
            )
            for number, values, flags in plain
        ]
    except (ValueError, TypeError, AttributeError, zlib.error):
        return None
    return rows if len(rows) <= MOST_ROWS else None
