"""Held signatures: the queue for review, decided in bulk and always reversibly.

Nothing on the page names anyone: it shows what is counted of each signature, and why it is held.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from werkzeug.wrappers import Response
from wtforms import SelectMultipleField

from app.errors import NotStoredError
from app.records import holding
from app.records.holding import HOLD_AGAIN, PAGE, RELEASE, SET_ASIDE, VIEWS, View, held_page
from app.site.i18n import gettext as _
from app.site.services import services
from app.web.access import access
from app.web.error_pages import not_stored_words
from app.web.forms import SiteForm, entries, queried, sent
from app.web.organizer.counts_read import letter_name
from app.web.organizer.gate import acting
from app.web.organizer.show import area, district_code, go_to, page

held = area("organizer_held", "/held")

NUMBER = re.compile(r"[0-9]{1,18}")
DECISIONS = {"release": RELEASE, "set aside": SET_ASIDE, "hold again": HOLD_AGAIN}


@held.get("/")
@access("editor")
def index(
    view: View | None = None, problem: str = "", status: int = 200, ticked: Sequence[int] = ()
) -> Response:
    """The oldest hundred signatures of one view: waiting, set aside, or released."""
    site = services()
    view = view or _list(queried().get("show", ""))
    done = queried().get("done", "")
    return page(
        "held/index", status, problem=problem, field="held-list", view=view,
        letter_name=lambda slug: letter_name(slug, site), district_code=district_code,
        found=held_page(site.db(), site.slug, view), most=PAGE, ticked=ticked,
        done=int(done) if re.fullmatch(r"[0-9]{1,3}", done) else None,
    )  # fmt: skip


def _list(wanted: str) -> View:
    """The view with this name; ``waiting`` for any other name."""
    return next((view for view in VIEWS if view == wanted), "waiting")


def _numbers(typed: Sequence[str]) -> list[int]:
    return [int(text) for text in typed if NUMBER.fullmatch(text)][:PAGE]


class DecisionForm(SiteForm):
    """The decision (``release/ticked``, ``release/all``) and the rows that it is for."""

    show, do = entries(2)
    row = SelectMultipleField(validate_choice=False, default=())
    shown = SelectMultipleField(validate_choice=False, default=())


@held.post("/")
@access("editor")
def decide() -> Response:
    """Release, set aside or hold again the ticked signatures, or all that the page showed."""
    form = sent(DecisionForm)
    view = _list(form.show.data)
    action, _slash, scope = form.do.data.partition("/")
    ticked = _numbers(form.row.data)
    numbers = _numbers(form.shown.data) if scope == "all" else ticked
    decision = DECISIONS.get(action)
    if decision is None or not numbers:
        words = _("Check at least one signature, or use a button for all.")
        return index(view, words, 422, ticked)
    try:
        done = holding.decide(acting(), services().slug, numbers, decision)
    except NotStoredError as error:
        return index(view, not_stored_words(error), 503, ticked)
    return go_to("organizer_held.index", show=view, done=done)
