"""Responses for organizers: a page with the menu, a page with progress, a download."""

from __future__ import annotations

import logging
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import segno
from flask import (
    Blueprint,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    stream_with_context,
)
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from markupsafe import Markup
from werkzeug.wrappers import Response

from app.campaign.words import ordinal
from app.congress.model import Listed
from app.congress.tables import Tables
from app.records.organizers import Need, Organizer
from app.site.i18n import gettext as _
from app.site.i18n import language, other_language, page_url
from app.site.services import services
from app.text import NO_TEXT

PIECE_BYTES = 64 * 1024
"""How many bytes of a finished file are read at a time."""
log = logging.getLogger("dear_congress")
T = TypeVar("T")

MENU: tuple[tuple[LazyString, tuple[tuple[str, LazyString, Need], ...]], ...] = (
    (_l("Words"), (
        ("organizer_letters.index", _l("Letters"), "editor"),
        ("organizer_campaign.index", _l("Campaign"), "editor"),
        ("organizer_cosponsors.index", _l("Cosponsors"), "editor"),
        ("organizer_campaign.translations", _l("Translation"), "editor"),
        ("organizer_campaigns.index", _l("Campaigns"), "editor"),
    )),
    (_l("People"), (
        ("organizer_counts.index", _l("Counts"), "organizer"),
        ("organizer_held.index", _l("Held for review"), "editor"),
        ("organizer_paper.index", _l("Paper"), "organizer"),
        ("organizer_packets.contacts", _l("Contacts"), "admin"),
        ("organizer_paper.links", _l("Links"), "organizer"),
    )),
    (_l("Offices"), (
        ("organizer_offices.index", _l("Offices"), "organizer"),
        ("organizer_packets.index", _l("Packets"), "admin"),
    )),
    (_l("Site"), (
        ("organizer.all_people", _l("Organizers"), "admin"),
        ("organizer_keys.index", _l("Keys"), "admin"),
        ("organizer.audit", _l("Audit trail"), "admin"),
        ("organizer_campaign.test", _l("Test run"), "editor"),
    )),
)  # fmt: skip
"""The menu's groups: each page's endpoint without the language prefix, its name, and the role it
requires."""
WORK, PAGE = "<!--work-->", "<!--page-->"
"""Where a page's progress lines go, and where the content that differs by page begins."""
WORK_ENDED = '<div class="worked"></div>'
"""Hides the progress lines before it."""


def menu_for(me: Organizer) -> list[tuple[LazyString, list[tuple[str, LazyString]]]]:
    """An organizer's menu: the groups with the pages that they may open, without empty groups."""
    groups = [
        (group, [(endpoint, label) for endpoint, label, need in pages if me.may(need)])
        for group, pages in MENU
    ]
    return [(group, pages) for group, pages in groups if pages]


def visible(text: str) -> str:
    """A text without the characters that HTML does not allow, and otherwise unchanged."""
    return NO_TEXT.sub("", text)


def page(
    template: str, status: int = 200, *, problem: str = "", field: str = "", **context: object
) -> Response:
    """The page ``organizer/<template>.html``.

    ``problem`` is what went wrong and ``field`` the id of the field with the problem; it is shown
    in a summary at the top and next to the field.
    """
    if not current_app.url_map.bind("localhost").test(request.path, "GET"):
        # This URL accepts only POST, so the link to the other language needs another page.
        context.setdefault("elsewhere_url", page_url("organizer.index", other_language()))
    errors = [(field, problem)] if problem else []
    context = {"errors": errors, "problem": problem, "problem_field": field, **context}
    return Response(
        render_template(f"organizer/{template}.html", **context), status, mimetype="text/html"
    )


def zone_name(zone: str) -> str:
    """``New York``: the familiar name of a time zone."""
    return zone.rpartition("/")[2].replace("_", " ")


def known(found: T | None) -> T:
    """``found``; aborts with 404 if it is None."""
    if found is None:
        abort(404)
    return found


def district_code(state: str, number: int) -> str:
    """``CA-12``, ``VT at large``."""
    return f"{state}-{number}" if number else _("%(state)s at large", state=state)


def past_seat(seat: str, person: Listed, tables: Tables) -> str:
    """A person's seat, and whether they still hold it: ``CA-12``; ``CA-12, left Congress``; or
    ``CA-12 (119th Congress)`` if the list has them in an earlier Congress."""
    if person.standing == "sits":
        return seat
    if person.standing == "left" and person.congress == tables.congress:
        return _("%(seat)s, left Congress", seat=seat)
    return in_congress(seat, person.congress)


def in_congress(seat: str, congress: int) -> str:
    """``TX-10 (120th Congress)``."""
    return _("%(seat)s (%(congress)s Congress)", seat=seat, congress=ordinal(congress, language()))


def area(name: str, path: str = "") -> Blueprint:
    """A blueprint for pages under ``/organize``, with a page for 404."""
    blueprint = Blueprint(name, __name__, url_prefix=f"/organize{path}")
    blueprint.register_error_handler(404, lambda _error: page("no_such", 404))
    return blueprint


def go_to(endpoint: str, **values: Any) -> Response:
    """Redirect to another page after a POST; with ``done`` the page says what was done."""
    return redirect(page_url(endpoint, **values), 303)


def download(
    body: bytes | Iterable[bytes] | Iterable[str], mimetype: str, name: str, way: str = "attachment"
) -> Response:
    """A file to download, or with ``inline`` to view in the browser. Its name is also sent in
    ASCII, for browsers that do not support other characters."""
    response = Response(body, mimetype=mimetype)
    stem, _dot, ending = name.rpartition(".")
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().strip("-._ ")
    said = f'{way}; filename="{plain or "export"}.{ending}"'
    if not name.isascii():
        said += f"; filename*=UTF-8''{quote(name, safe='')}"
    response.headers["Content-Disposition"] = said
    return response


def qr_picture(text: str, title: str) -> Markup:
    """A QR code as an inline SVG element, which needs no script, style or request."""
    svg = segno.make(text, error="m", micro=False).svg_inline(
        scale=5, border=4, dark="#000", light="#fff", title=title, svgclass="qr", lineclass=None
    )
    return Markup(svg)  # noqa: S704 - made by segno from modules; the title is escaped by it


@contextmanager
def export_folder() -> Iterator[Path]:
    """A folder next to the site's database for a file that is about to be sent; the purge sweeps
    what a killed process left of it."""
    with tempfile.TemporaryDirectory(
        prefix=".export-", dir=services().settings.instance, ignore_cleanup_errors=True
    ) as name:
        yield Path(name)


def pieces_of(path: Path) -> Iterator[bytes]:
    """A finished file in pieces. It is opened at once, so the caller may unlink it right away."""
    pieces = _pieces(path)
    next(pieces)
    return pieces


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield b""
        while piece := file.read(PIECE_BYTES):
            yield piece


Steps = Iterator[str | Response]
"""Work in progress: yields how far it is, in words, and last the page with the result."""


def progress_page(title: str, steps: Steps) -> Response:
    """A streamed page that shows the work's progress and then its result. Leaving the page stops
    the work.
    """
    frame = page("working", title=title).get_data(as_text=True)
    head, _mark, tail = frame.partition(WORK)

    def pieces() -> Iterator[str]:
        yield head
        rest = ""
        try:
            for step in steps:
                if isinstance(step, Response):
                    rest = step.get_data(as_text=True).partition(PAGE)[2]
                else:
                    yield Markup('<p class="step">{}</p>\n').format(step)
        except Exception as error:  # noqa: BLE001 - the page is already being sent
            log.error("Work for a page failed: %s", type(error).__name__)
            words = _("Something went wrong on this site, and nothing was changed. Try again.")
            rest = str(Markup("<h1>{}</h1><p>{}</p>").format(title, words))
            rest += tail.partition(WORK_ENDED)[2]
        yield f"</div>\n{WORK_ENDED}{rest}"

    response = Response(stream_with_context(pieces()), mimetype="text/html")
    response.headers["X-Accel-Buffering"] = "no"  # a proxy must not buffer it
    return response


def in_steps(title: str, steps: Steps) -> Response:
    """The page that ``steps`` end with: alone if it comes before any progress, otherwise as a
    progress page."""
    first = next(steps)
    return first if isinstance(first, Response) else progress_page(title, chain((first,), steps))
