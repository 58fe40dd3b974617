"""Where each of the campaign's keys is. No page shows or takes a secret."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.records.keys import KeyFolderError, KeyStatus, key_status
from app.records.organizers import Organizer
from app.records.sealing import sealed_counts
from app.site.services import Services, services
from app.web.access import access
from app.web.organizer.nav import Notice
from app.web.organizer.show import page

keys = Blueprint("organizer_keys", __name__)


def _status(site: Services) -> tuple[KeyStatus, ...] | str:
    """Every key, or a sentence on why the folder cannot be read."""
    try:
        return key_status(site.settings.keys, sealed_counts(site.db()))
    except KeyFolderError as error:
        return str(error)


@keys.get("/")
@access("admin")
def index() -> Response:
    """Fingerprint, date, where the private half is, and how much needs it."""
    found = _status(services())
    lines = () if isinstance(found, str) else found
    known = {line.key.id for line in lines}
    counts = sealed_counts(services().db())
    return page(
        "keys/index", lines=lines, broken=found if isinstance(found, str) else "",
        stray=sum(number for key, number in counts.items() if key not in known),
    )  # fmt: skip


def private_key_here(site: Services, me: Organizer) -> Iterable[Notice]:
    """Nag while a private key lies on the server. Only an admin gets the link."""
    found = _status(site)
    endpoint, link = ("organizer_keys.index", _("Keys")) if me.role == "admin" else ("", "")
    if isinstance(found, str):
        yield Notice(_("The campaign’s keys cannot be read, so nobody can leave details."),
                     endpoint, link)  # fmt: skip
        return
    here = [line for line in found if line.private is not None]
    if any(line.passphrase_beside for line in here):
        text = _("The private key lies on this server with its passphrase beside it, so whoever "
                 "controls the server can read what people asked us to seal. Move it to your own "
                 "computer: flask keys move --out …")  # fmt: skip
        yield Notice(text, endpoint, link)
    elif here:
        text = ngettext(
            "A private key lies on this server. Only its passphrase protects what is sealed: move "
            "it to your own computer.",
            "%(num)d private keys lie on this server. Only their passphrases protect what is "
            "sealed: move them to your own computer.",
            len(here),
        )
        yield Notice(text, endpoint, link)
