"""An organizer's page as a response."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator

from flask import current_app, render_template, request, stream_with_context
from markupsafe import Markup
from werkzeug.wrappers import Response

from app.site.i18n import gettext as _
from app.site.i18n import other_language, page_url
from app.text import NO_TEXT

log = logging.getLogger("dear_congress")
WORK, PAGE = "<!--work-->", "<!--page-->"
"""Where the words of progress go, and where the part of a page begins that is its own."""
WORKED = '<div class="worked"></div>'
"""After it what was in work is no longer shown."""


def visible(text: str) -> str:
    """A text without what HTML has no place for, and otherwise as it was typed."""
    return NO_TEXT.sub("", text)


def page(
    template: str, status: int = 200, *, problem: str = "", field: str = "", **context: object
) -> Response:
    """The page ``organizer/<template>.html``.

    ``problem`` is what went wrong and ``field`` the id of the field that it is about; both
    stand in a summary at the top and beside the field.
    """
    if not current_app.url_map.bind("localhost").test(request.path, "GET"):
        # The other language cannot be asked for by the address of a form.
        context.setdefault("elsewhere_url", page_url("organizer.index", other_language()))
    errors = [(field, problem)] if problem else []
    context = {"errors": errors, "problem": problem, "problem_field": field, **context}
    return Response(
        render_template(f"organizer/{template}.html", **context), status, mimetype="text/html"
    )


def working(title: str, steps: Generator[str, None, Response]) -> Response:
    """A page that says how far the work is, as ``steps`` give it, and at its end the page that
    they return. Whoever leaves it ends the work.
    """
    frame = page("working", title=title).get_data(as_text=True)
    head, _mark, tail = frame.partition(WORK)

    def pieces() -> Iterator[str]:
        yield head
        try:
            end = yield from _as_lines(steps)
            rest = end.get_data(as_text=True).partition(PAGE)[2]
        except Exception as error:  # noqa: BLE001 - the page has begun, so it must say so itself
            log.error("Work for a page failed: %s", type(error).__name__)
            words = _("Something went wrong on this site, and nothing was changed. Try again.")
            rest = str(Markup("<h1>{}</h1><p>{}</p>").format(title, words))
            rest += tail.partition(WORKED)[2]
        yield f"</div>\n{WORKED}{rest}"

    response = Response(stream_with_context(pieces()), mimetype="text/html")
    response.headers["X-Accel-Buffering"] = "no"  # a proxy must pass each piece on
    return response


def in_steps(title: str, steps: Generator[str, None, Response]) -> Response:
    """The page that ``steps`` return: by itself where that is there before they have anything to
    say, else with the work before it."""
    try:
        first = next(steps)
    except StopIteration as stop:
        end: Response = stop.value
        return end
    return working(title, _again(first, steps))


def _again(first: str, steps: Generator[str, None, Response]) -> Generator[str, None, Response]:
    try:
        yield first
        return (yield from steps)
    finally:
        steps.close()


def _as_lines(steps: Generator[str, None, Response]) -> Generator[str, None, Response]:
    try:
        while True:
            try:
                words = next(steps)
            except StopIteration as stop:
                end: Response = stop.value
                return end
            yield Markup('<p class="step">{}</p>\n').format(words)
    finally:
        steps.close()
