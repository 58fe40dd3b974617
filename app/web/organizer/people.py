"""What the pages for admins do: the list of organizers, roles, switching accounts off."""

from __future__ import annotations

from flask import redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.records import organizers
from app.records.organizers import ROLES, Organizer, all_organizers, organizer_by_id
from app.site.i18n import page_url
from app.site.services import services
from app.web.organizer.gate import clock, current, door
from app.web.organizer.show import page


def show_people() -> Response:
    """Every organizer."""
    return page("people", people=all_organizers(services().db()))


def show_person(number: int, problem: str = "", status: int = 200) -> Response:
    """One organizer, with what an admin may change."""
    found = organizer_by_id(services().db(), number)
    if found is None:
        return page("no_such", 404)
    live = organizers.live_sessions(services().db(), found, clock())
    return page("person", status, person=found, sessions=live, problem=problem, field="role"
    )  # fmt: skip


def _after(number: int, answer: object) -> Response:
    if isinstance(answer, organizers.NoSuchOrganizer):
        return page("no_such", 404)
    if isinstance(answer, organizers.LastAdmin):
        problem = _(
            "%(name)s is the only admin, so this was not done. Make somebody else an admin first.",
            name=answer.organizer.name,
        )
        return show_person(number, problem, 409)
    return redirect(page_url("organizer.person", number=number), 303)


def take_role(number: int) -> Response:
    """Give an organizer another role."""
    role = request.form.get("role", "")
    if role not in ROLES:
        return show_person(number, _("Choose one of the roles."), 422)
    me = current().organizer.name
    return _after(
        number,
        organizers.set_role(services().db(), number, role, by=me, at=clock()),
    )


def switch(number: int, disabled: bool) -> Response:
    """Switch an account off or on."""
    me = current().organizer.name
    answer = organizers.set_disabled(
        services().db(), door().secret, number, disabled, by=me, at=clock()
    )
    return _after(number, answer)


def end_all_sessions(number: int) -> Response:
    """End all sessions of one organizer, but never the admin's own one in use."""
    found: Organizer | None = organizer_by_id(services().db(), number)
    if found is None:
        return page("no_such", 404)
    me, here = current().organizer.name, current().id
    organizers.revoke_all(services().db(), found, by=me, at=clock(), but=here)
    return redirect(page_url("organizer.person", number=number), 303)
