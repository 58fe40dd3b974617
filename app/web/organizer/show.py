"""An organizer's page as a response."""

from __future__ import annotations

from flask import current_app, render_template, request
from werkzeug.wrappers import Response

from app.site.i18n import other_language, page_url
from app.text import NO_TEXT


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
