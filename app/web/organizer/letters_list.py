"""The list of letters."""

from __future__ import annotations

from collections.abc import Iterable

from flask import request
from werkzeug.wrappers import Response

from app.records.organizers import Organizer
from app.site.i18n import gettext as _
from app.site.services import Services, services
from app.web.organizer.letters_shelf import shelf
from app.web.organizer.nav import Notice
from app.web.organizer.show import page


def show_letters() -> Response:
    """Every letter with where it stands."""
    books = shelf(services())
    return page("letters/index", letters=books.letters, done=request.args.get("done", ""))


def unreadable_letters(site: Services, me: Organizer) -> Iterable[Notice]:
    """Warn when residents see earlier letters because the live ones cannot be read."""
    if site.live.unreadable and me.may("editor"):
        text = _(
            "The letters that are live cannot be read, so residents still see the ones before. "
            "Check them and publish corrected ones."
        )
        yield Notice(text, "organizer_letters.index", _("Letters"))
