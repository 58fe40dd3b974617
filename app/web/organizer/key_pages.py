"""Where each of the campaign's keys is. No page shows or takes a secret."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from app.records.keys import KeyFolderError, KeyStatus, key_status
from app.records.sealing import sealed_counts
from app.site.services import Services, services
from app.web.access import access
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
