"""The first page, oneself (account, sessions, confirming, a new password), and the organizers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from flask import redirect, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.records import logins, organizers, totals
from app.records.organizers import ROLES, Organizer, all_organizers, organizer_by_id
from app.records.throttle import TooSoon
from app.site.i18n import page_url
from app.site.services import Services, services
from app.web.access import access
from app.web.organizer.cookies import client
from app.web.organizer.entering import MISMATCH, password_words, show_recovery_codes, wait_words
from app.web.organizer.gate import (
    KEPT_FIELD,
    clock,
    confirm_page,
    current,
    door,
    forget,
    go_on,
    log_in_page,
    organizer,
    safe_next,
)
from app.web.organizer.nav import Notice, warnings_for
from app.web.organizer.show import page

FEW_CODES = 3


@organizer.get("/", endpoint="index")
@access("organizer")
def show_index() -> Response:
    """The first page: how many signed, warnings, and where to go."""
    site = services()
    return page("index", notices=warnings_for(site, current().organizer),
        whole=totals(site.db(), site.campaign.slug)
    )  # fmt: skip


def few_recovery_codes(site: Services, me: Organizer) -> Iterable[Notice]:
    """Warn before the last recovery codes are gone."""
    left = logins.recovery_codes_left(site.db(), me)
    if left <= FEW_CODES:
        count = ngettext(
            "You have one recovery code left.", "You have %(num)d recovery codes left.", left
        )
        advice = _("Make new ones before you need them.")
        yield Notice(f"{count} {advice}", "organizer.my_account", _("Your account"))


def only_one_admin(site: Services, me: Organizer) -> Iterable[Notice]:
    """Warn an admin who is alone: a lost phone would leave nobody."""
    admins = [o for o in all_organizers(site.db()) if o.role == "admin" and not o.disabled]
    if me.role == "admin" and len(admins) == 1:
        text = _("You are the only admin. If you lose your phone, nobody here can help you: make "
                 "somebody you trust an admin too.")  # fmt: skip
        yield Notice(text, "organizer.all_people", _("Organizers"))


@organizer.get("/account", endpoint="my_account")
@access("organizer")
def show_account() -> Response:
    """Name, role, second factor, and what can be changed."""
    me = current().organizer
    return page("account", done=request.args.get("done", ""),
        codes_left=logins.recovery_codes_left(services().db(), me)
    )  # fmt: skip


@organizer.get("/account/password", endpoint="new_password")
@access("organizer", fresh=True)
def show_password(problem: str = "", status: int = 200) -> Response:
    """The page for another password."""
    return page("new_password", status, problem=problem, field="password")


@organizer.post("/account/password", endpoint="new_password_post")
@access("organizer", fresh=True)
def take_new_password() -> Response:
    """Set another password; sessions elsewhere end."""
    password = request.form.get("password", "")
    if password != request.form.get("again", ""):
        return show_password(password_words(MISMATCH), 422)
    answer = logins.change_password(services().db(), door(), current(), password, clock())
    if isinstance(answer, organizers.BadPassword):
        return show_password(password_words(answer.why), 422)
    return redirect(page_url("organizer.my_account", done="password"), 303)


@organizer.post("/account/recovery-codes", endpoint="new_recovery_codes")
@access("organizer", fresh=True)
def make_codes() -> Response:
    """Make new recovery codes and show them."""
    return show_recovery_codes(
        logins.make_recovery_codes(services().db(), door(), current(), clock())
    )


@organizer.get("/sessions", endpoint="my_sessions")
@access("organizer")
def show_sessions() -> Response:
    """Where one is logged in."""
    mine = organizers.live_sessions(services().db(), current().organizer, clock())
    return page("sessions", sessions=mine, here=current().id)


@organizer.post("/sessions/<row:number>/end", endpoint="end_session")
@access("organizer")
def end_one(number: int) -> Response:
    """End one of one's own sessions; somebody else's is not found."""
    me = current().organizer
    found = organizers.revoke_session(services().db(), me, number, by=me.name, at=clock())
    if not found:
        return page("no_such", 404)
    return redirect(page_url("organizer.my_sessions"), 303)


@organizer.post("/sessions/end-others", endpoint="end_other_sessions")
@access("organizer")
def end_others() -> Response:
    """End all of one's sessions but this one."""
    me, here = current().organizer, current().id
    organizers.revoke_all(services().db(), me, by=me.name, at=clock(), but=here)
    return redirect(page_url("organizer.my_sessions"), 303)


@organizer.post("/logout", endpoint="logout")
@access("organizer")
def log_out() -> Response:
    """End this session."""
    organizers.end_session(services().db(), current(), clock())
    forget()
    return redirect(page_url("organizer.login", why="out"), 303)


@organizer.get("/confirm", endpoint="confirm")
@access("organizer")
def show_confirm() -> Response:
    """Ask for the password once more."""
    return confirm_page(target=safe_next(request.args.get("next", "")))


@organizer.post("/confirm", endpoint="confirm_post")
@access("organizer")
def take_confirm() -> Response:
    """Check the password and go on with what needed it."""
    kept, target = request.form.get(KEPT_FIELD, ""), request.form.get("next", "")
    answer = logins.confirm_password(
        services().db(), door(), current(), request.form.get("password", ""),
        client=client(), at=clock(),
    )  # fmt: skip
    again = partial(confirm_page, kept=kept, target=safe_next(target))
    if isinstance(answer, TooSoon):
        shown = again(problem=wait_words(answer.seconds), status=429)
        shown.headers["Retry-After"] = str(answer.seconds)
        return shown
    if isinstance(answer, logins.Refused) and answer.ended:
        forget()
        return log_in_page(kept=kept, target=safe_next(target), why="tries", status=422)
    if isinstance(answer, logins.Refused):
        problem = _("That is not your password. Try again.")
        return again(problem=problem, status=422)
    return go_on(target, kept)


# --- For admins: the list of organizers, roles, switching accounts off ---


@organizer.get("/people", endpoint="all_people")
@access("admin")
def show_people() -> Response:
    """Every organizer."""
    return page("people", people=all_organizers(services().db()))


@organizer.get("/people/<row:number>", endpoint="person")
@access("admin")
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


@organizer.post("/people/<row:number>/role", endpoint="role")
@access("admin", fresh=True)
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


@organizer.post("/people/<row:number>/end-sessions", endpoint="end_sessions_of")
@access("admin")
def end_all_sessions(number: int) -> Response:
    """End all sessions of one organizer, but never the admin's own one in use."""
    found: Organizer | None = organizer_by_id(services().db(), number)
    if found is None:
        return page("no_such", 404)
    me, here = current().organizer.name, current().id
    organizers.revoke_all(services().db(), found, by=me, at=clock(), but=here)
    return redirect(page_url("organizer.person", number=number), 303)


@organizer.post("/people/<row:number>/disable")
@access("admin", fresh=True)
def disable(number: int) -> Response:
    """Switch an account off."""
    return switch(number, disabled=True)


@organizer.post("/people/<row:number>/enable")
@access("admin", fresh=True)
def enable(number: int) -> Response:
    """Switch an account on again."""
    return switch(number, disabled=False)
