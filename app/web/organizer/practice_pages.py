"""Where an organizer starts a test journey."""

from __future__ import annotations

from datetime import timedelta

from flask import redirect
from werkzeug.wrappers import Response

from app.records import audit
from app.records.audit import What
from app.records.database import writing
from app.site.i18n import page_url
from app.site.services import services
from app.web import practice
from app.web.organizer.gate import clock, current
from app.web.organizer.show import page


def show_test() -> Response:
    """What a test journey is, and the button that starts one."""
    return page("campaign/test", hours=practice.MINUTES // 60)


def take_test() -> Response:
    """Start one: the resident's first page, with the marker in its form."""
    site, me, at = services(), current().organizer, clock()
    db = site.db()
    with writing(db):
        audit.record(
            db, at=at, who=me.name, what=What.TEST_STARTED, subject=me.name,
            after={"expires": audit.stamp(at + timedelta(minutes=practice.MINUTES))},
        )  # fmt: skip
    return redirect(page_url("resident.start", test=practice.make_marker(site, me.id)), 303)
