"""A large sheet takes a while: the page comes piece by piece and says how far the work is.

No script and no file is needed for that: the work is done while the page is sent. Whoever
closes the page before its end stops the work, and then nothing is added.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator

from flask import render_template, stream_with_context
from markupsafe import Markup
from werkzeug.wrappers import Response

from app.records import NotStoredError
from app.records.paper import Added, Batch
from app.records.paper_check import PaperLetters
from app.records.paper_files import SheetRow
from app.records.paper_import import ImportRunningError, import_steps, paper_lock
from app.site.i18n import gettext as _
from app.site.services import services
from app.web.organizer.paper_enter import not_stored_words
from app.web.organizer.paper_judge import Judged, judging
from app.web.organizer.show import page

log = logging.getLogger("dear_congress")

MARK = "<!--work-->"
EVERY = 1.0
"""Seconds between two lines about the progress."""

Fragment = Callable[..., str]
"""The page's part about a judged sheet; ``problem`` may say what went wrong."""


def look(rows: list[SheetRow], fragment: Fragment) -> Response:
    """Judge the rows and show what is in the sheet."""

    def work() -> Iterator[str]:
        judged = yield from _judge(rows)
        yield _last(fragment(judged))

    return _page(work())


def add(rows: list[SheetRow], what: Batch, fragment: Fragment) -> Response:
    """Judge the rows and add all of them, or show what is wrong."""

    def work() -> Iterator[str]:
        judged = yield from _judge(rows)
        if judged.wrong:
            yield _last(fragment(judged))
            return
        try:
            added = yield from _store(judged, what)
        except NotStoredError:
            yield _last(fragment(judged, problem=not_stored_words()))
        except ImportRunningError:
            words = _("Another sheet is being added just now. Wait until it is done, then press "
                      "the button again. Nothing of this one was added.")  # fmt: skip
            yield _last(fragment(judged, problem=words))
        else:
            yield _last(render_template("organizer/paper/_done.html", added=added,
                                        twice=len(judged.twice)))  # fmt: skip

    return _page(work())


def _judge(rows: list[SheetRow]) -> Generator[str, None, Judged]:
    steps, due = judging(rows), 0.0
    while True:
        try:
            done = next(steps)
        except StopIteration as end:
            judged: Judged = end.value
            return judged
        if time.monotonic() >= due:
            due = time.monotonic() + EVERY
            yield _step(_("%(done)s of %(all)s rows were looked at.", done=f"{done:,}",
                          all=f"{len(rows):,}"))  # fmt: skip


def _store(judged: Judged, what: Batch) -> Generator[str, None, Added]:
    site, total, due = services(), Added(0, 0, 0), 0.0
    steps = import_steps(
        site.db(), judged.good, what, letters=PaperLetters(site.campaign, site.today()),
        secret=site.settings.secret_key, lock=paper_lock(site.settings.instance),
    )  # fmt: skip
    for total in steps:
        if time.monotonic() >= due:
            due = time.monotonic() + EVERY
            yield _step(_("%(done)s of %(all)s signatures are in.", all=f"{len(judged.good):,}",
                          done=f"{total.signatures + total.before:,}"))  # fmt: skip
    return total


def _step(words: str) -> str:
    return Markup('<p class="step">{}</p>\n').format(words)


def _last(fragment: str) -> str:
    return f'</div>\n<div class="worked">{fragment}'


def _page(work: Iterator[str]) -> Response:
    """The page with what ``work`` yields in its place, sent as it comes."""
    frame = page("paper/working")
    head, _mark, tail = frame.get_data(as_text=True).partition(MARK)

    def pieces() -> Iterator[str]:
        yield head
        try:
            yield from work
        except Exception as error:  # noqa: BLE001 - the page has begun, so it must say so itself
            log.error("A large sheet failed: %s", type(error).__name__)
            words = _("Something went wrong on this site. Nothing of the sheet was added. Choose "
                      "the file again.")  # fmt: skip
            yield _last(Markup("<h1>{}</h1><p>{}</p>").format(_("Nothing was added"), words))
        yield tail

    response = Response(stream_with_context(pieces()), mimetype="text/html")
    response.headers["X-Accel-Buffering"] = "no"  # a proxy must pass each piece on
    return response
