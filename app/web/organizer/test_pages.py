"""Where an organizer starts a test journey."""

from __future__ import annotations

from datetime import timedelta

from flask import redirect
from werkzeug.wrappers import Response

from app.records import audit
from app.records.audit import What
from app.records.database import writing
from app.web import test_mode
from app.web.i18n import page_url
from app.web.organizer.gate import clock, current
from app.web.organizer.show import page
from app.web.services import services


def show_test() -> Response:
    """What a test journey is, and the button that starts one."""
    return page("campaign/test", hours=test_mode.MINUTES // 60)


def take_test() -> Response:
    """Start one: the resident's first page, with the marker in its form."""
    site, me, at = services(), current().organizer, clock()
    db = site.db()
    with writing(db):
        audit.record(
            db, at=at, who=me.name, what=What.TEST_STARTED, subject=me.name,
            after={"expires": audit.stamp(at + timedelta(minutes=test_mode.MINUTES))},
        )  # fmt: skip
    return redirect(page_url("resident.start", test=test_mode.make_marker(site, me.id)), 303)
