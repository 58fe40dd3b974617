"""What the pages about oneself do: account, sessions, confirming, a new password."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from flask import redirect, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.records import logins, organizers, totals
from app.records.organizers import Organizer, all_organizers
from app.records.throttle import TooSoon
from app.site.i18n import page_url
from app.site.services import Services, services
from app.web.organizer import tokens
from app.web.organizer.cookies import client
from app.web.organizer.entering import show_recovery_codes
from app.web.organizer.forms import MISMATCH, password_words, wait_words
from app.web.organizer.gate import clock, confirm_page, current, door, forget, go_on, log_in_page
from app.web.organizer.nav import Notice, warnings_for
from app.web.organizer.show import page

FEW_CODES = 3


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
        text = f"{count} {_('Make new ones before you need them.')}"
        yield Notice(text, "organizer.my_account", _("Your account"))


def only_one_admin(site: Services, me: Organizer) -> Iterable[Notice]:
    """Warn an admin who is alone: a lost phone would leave nobody."""
    admins = [o for o in all_organizers(site.db()) if o.role == "admin" and not o.disabled]
    if me.role == "admin" and len(admins) == 1:
        text = _("You are the only admin. If you lose your phone, nobody here can help you: make "
                 "somebody you trust an admin too.")  # fmt: skip
        yield Notice(text, "organizer.all_people", _("Organizers"))


def show_account() -> Response:
    """Name, role, second factor, and what can be changed."""
    me = current().organizer
    return page("account", done=request.args.get("done", ""),
        codes_left=logins.recovery_codes_left(services().db(), me)
    )  # fmt: skip


def show_password(problem: str = "", status: int = 200) -> Response:
    """The page for another password."""
    return page("new_password", status, problem=problem, field="password")


def take_new_password() -> Response:
    """Set another password; sessions elsewhere end."""
    password = request.form.get("password", "")
    if password != request.form.get("again", ""):
        return show_password(password_words(MISMATCH), 422)
    answer = logins.change_password(services().db(), door(), current(), password, clock())
    if isinstance(answer, organizers.BadPassword):
        return show_password(password_words(answer.why), 422)
    return redirect(page_url("organizer.my_account", done="password"), 303)


def make_codes() -> Response:
    """Make new recovery codes and show them."""
    return show_recovery_codes(
        logins.make_recovery_codes(services().db(), door(), current(), clock())
    )


def show_sessions() -> Response:
    """Where one is logged in."""
    mine = organizers.live_sessions(services().db(), current().organizer, clock())
    return page("sessions", sessions=mine, here=current().id)


def end_one(number: int) -> Response:
    """End one of one's own sessions; somebody else's is not found."""
    me = current().organizer
    found = organizers.revoke_session(services().db(), me, number, by=me.name, at=clock())
    if not found:
        return page("no_such", 404)
    return redirect(page_url("organizer.my_sessions"), 303)


def end_others() -> Response:
    """End all of one's sessions but this one."""
    me, here = current().organizer, current().id
    organizers.revoke_all(services().db(), me, by=me.name, at=clock(), but=here)
    return redirect(page_url("organizer.my_sessions"), 303)


def log_out() -> Response:
    """End this session."""
    organizers.end_session(services().db(), current(), clock())
    forget()
    return redirect(page_url("organizer.login", why="out"), 303)


def show_confirm() -> Response:
    """Ask for the password once more."""
    return confirm_page(target=tokens.safe_next(request.args.get("next", "")))


def take_confirm() -> Response:
    """Check the password and go on with what needed it."""
    kept, target = request.form.get(tokens.CARRY, ""), request.form.get("next", "")
    answer = logins.confirm_password(
        services().db(), door(), current(), request.form.get("password", ""),
        client=client(), at=clock(),
    )  # fmt: skip
    again = partial(confirm_page, kept=kept, target=tokens.safe_next(target))
    if isinstance(answer, TooSoon):
        shown = again(problem=wait_words(answer.seconds), status=429)
        shown.headers["Retry-After"] = str(answer.seconds)
        return shown
    if isinstance(answer, logins.Refused) and answer.ended:
        forget()
        return log_in_page(kept=kept, target=tokens.safe_next(target), why="tries", status=422)
    if isinstance(answer, logins.Refused):
        problem = _("That is not your password. Try again.")
        return again(problem=problem, status=422)
    return go_on(target, kept)
