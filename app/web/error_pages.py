"""Error pages in the reader's language, and a log that names no one.

An exception's message may contain what a person typed, so only its type and its place in our code
are logged.
"""

from __future__ import annotations

import logging

from flask import Flask, current_app, render_template, request
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from app.congress.model import TablesError
from app.errors import NotStoredError
from app.records.identity import NotItselfError
from app.records.site_campaigns import NotOpenError
from app.site.i18n import gettext as _
from app.site.quiet import where
from app.site.rooms import RoomFullError
from app.web.limits import retry_after
from app.web.pages import Page
from app.web.requests import forget_form

log = logging.getLogger("dear_congress")

Shown = tuple[str, int] | Response


WORDS = {
    400: (_l("We could not read that"),
          _l("Nothing was saved or sent. Go back and try again.")),
    403: (_l("This form came from another website"),
          _l("For your safety, we accept forms only from our own pages. Start again here.")),
    404: (_l("Page not found"),
          _l("The link may be incomplete. If it is a receipt, copy the whole link again.")),
    405: (_l("Start this page from the beginning"),
          _l(
              "You cannot open it from a link, because we do not keep what you type. Start "
              "again, or go back in your browser."
          )),
    413: (_l("That was too long"),
          _l(
              "Nothing was saved or sent. Go back: your text is still there. A story can have up "
              "to 10,000 characters."
          )),
    414: (_l("That address is too long"),
          _l("It cannot be one of this site’s. Start again here.")),
    500: (_l("Something went wrong on our side"),
          _l(
              "We did not save your text, but your browser still has it. Go back and try again "
              "in a minute."
          )),
    503: (_l("This site cannot find who represents you right now"),
          _l(
              "The people who run it have to fix its list of members. We did not save your text, "
              "but your browser still has it. Go back and try again later."
          )),
}  # fmt: skip
"""The heading and the next step, by status; 400 and 500 also serve for all other statuses."""


def words_for(status: int, *, file_up_to: int = 0) -> tuple[str, str]:
    """The heading and the next step for a status.

    ``file_up_to`` is the page's limit in bytes, if the request uploaded a file.
    """
    if status == 413 and file_up_to:
        return (
            _("That file is too large"),
            _("Nothing was saved. Go back and choose a file of %(most)s or less.",
              most=_in_words(file_up_to)),
        )  # fmt: skip
    status = 414 if status == 431 else status  # 431: too many headers, or too large
    heading, text = WORDS.get(status) or WORDS[400 if status < 500 else 500]
    return str(heading), str(text)


def _in_words(size: int) -> str:
    megabytes, kilobytes = size // 1024**2, size // 1024
    return f"{megabytes} MB" if megabytes else f"{kilobytes} KB"


def not_stored_words(error: NotStoredError, busy: str = "") -> str:
    """Why a form was not stored, and what the person can do. None of it was stored.

    ``busy`` replaces the standard sentence if trying again soon is all that is needed.
    """
    if isinstance(error, NotOpenError):
        return _("This campaign takes no signatures now, so nothing was saved or changed.")
    if isinstance(error, NotItselfError):
        return _(
            "This site cannot save anything right now, and the people who run it have to fix "
            "that. Nothing was saved or changed. Pressing again will not help today."
        )
    return busy or _("Nothing was saved or changed. Try again.")


def trouble(status: int, heading: str, text: str) -> Page:
    """A page that says what went wrong."""
    return Page("error.html", {"status": status, "heading": heading, "text": text}, status)


def not_stored_page(heading: str, error: Exception) -> Page:
    """The page after a button whose result could not be stored: press it again."""
    words = _("Nothing was lost. Go back and press the button again in a minute.")
    if isinstance(error, NotStoredError):
        words = not_stored_words(error, words)
    return trouble(503, heading, words)


def signature_not_stored_words(error: NotStoredError) -> str:
    """``not_stored_words`` for someone who was signing and still has their letters."""
    if isinstance(error, NotOpenError):
        return _(
            "This campaign has just ended and takes no more signatures. Nothing was signed. Your "
            "words are all still on this page. Copy them if you want to keep them."
        )
    if isinstance(error, NotItselfError):
        return _(
            "This site cannot take signatures right now, and the people who run it have to fix "
            "that. Nothing was saved, and nothing you typed is lost. It is all still on this "
            "page. You can copy your letters now and sign another day."
        )
    return _(
        "We could not save your signature. Nothing was lost. Press the button again in a minute."
    )


def _not_stored(error: NotStoredError) -> Shown:
    """For pages that do not handle this error themselves."""
    busy = _(
        "The database is busy. Nothing was saved or changed. Your browser still has what you "
        "typed. Go back and try again in a minute."
    )  # fmt: skip
    heading = _("That is not possible right now")
    return _show(503, (heading, not_stored_words(error, busy)))


def _room_full(error: RoomFullError) -> Shown:
    """Refuse right away, so that heavy requests never occupy the threads of readers and signers."""
    retry_after(120)
    what = {
        "books": _(
            "A PDF book or packet is being made right now, and they are made one at a time."
        ),
        "exports": _("Other count files are being made right now."),
        "uploads": _("Another sheet of signatures is being read right now."),
        "checks": _("Other letters are being checked for the whole Congress right now."),
    }.get(error.room, "")
    then = _("Nothing was changed or lost. Go back and press the button again in two minutes.")
    return _show(503, (_("One moment"), f"{what} {then}"))


def _show(status: int, words: tuple[str, str] | None = None) -> Shown:
    file_up_to = 0
    organizer = request.path.removeprefix("/es").startswith("/organize/")
    if status == 413 and request.mimetype == "multipart/form-data":
        file_up_to = request.max_content_length or 0
    if status in (400, 413):
        # Treat the unreadable form as empty, because rendering the page reads it again.
        forget_form()
    try:
        heading, text = words or words_for(status, file_up_to=file_up_to)
        page = render_template(
            "error.html", status=status, heading=heading, text=text, organizer=organizer
        )
    except Exception as error:  # noqa: BLE001 - the page for errors must not fail itself
        log.error("error page failed: %s", where(error))
        return Response("Something went wrong. Go back and try again.\n", status)
    return page, status


def _http_error(error: HTTPException) -> Shown:
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response(request.environ)
    if error.code >= 500:
        log.error("%s", where(error))
    if isinstance(request.routing_exception, HTTPException) and error.code == 400:
        # The host name itself was refused, so no URL of this site can be built.
        return Response("Bad request.\n", 400, mimetype="text/plain")
    page = _show(error.code)
    if isinstance(page, tuple) and error.code == 405:
        response = Response(page[0], 405, mimetype="text/html")
        response.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        return response
    return page


def _failure(error: Exception) -> Shown:
    if current_app.testing:
        raise error
    log.error("%s", where(error))
    return _show(500)


def _no_tables(error: Exception) -> Shown:
    """The tables of members are missing or damaged, so no page can say who represents anyone."""
    log.error("%s", error)
    return _show(503)


def set_up_errors(app: Flask) -> None:
    """Register the error handlers."""
    app.register_error_handler(NotStoredError, _not_stored)
    app.register_error_handler(RoomFullError, _room_full)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(TablesError, _no_tables)
    app.register_error_handler(Exception, _failure)
