"""Oneself (account, sessions, confirming, a new password), and the organizers."""

from __future__ import annotations

from functools import partial

from flask import abort, request
from werkzeug.wrappers import Response

from app.delivery.mail import BadAddress, parse_address
from app.delivery.wordings import absolute_link
from app.records import logins, organizers, passkeys
from app.records.organizers import (
    ROLES,
    NoSuchOrganizer,
    all_organizers,
    organizer_by_id,
)
from app.records.throttle import TooSoon
from app.site.i18n import gettext as _
from app.site.i18n import language, page_url
from app.site.services import services
from app.web.access import access
from app.web.organizer.entering import (
    MISMATCH,
    desk,
    party,
    password_words,
    show_recovery_codes,
    slow_down,
    typed,
)
from app.web.organizer.gate import (
    acting,
    client,
    clock,
    confirm_page,
    current,
    door,
    forget,
    go_on,
    log_in_page,
    organizer,
    read_cookie,
    safe_next,
)
from app.web.organizer.show import go_to, known, page, visible


@organizer.get("/account")
@access("organizer")
def my_account(problem: str = "", status: int = 200, field: str = "passkeys") -> Response:
    """Name, role, second factor, and what can be changed."""
    me, db, site = current().organizer, services().db(), party()
    offered = passkeys.offer(db, door().secret, me, read_cookie("organizer"), site) if site else ""
    return page(
        "account", status, problem=problem, field=field, offered=offered,
        alerts=next(iter(organizers.alert_addresses(db, door().secret, me)), ("", ""))[0],
        sends_mail=bool(services().settings.mail_server),
        keys=passkeys.passkeys_of(db, me), codes_left=logins.recovery_codes_left(db, me),
    )  # fmt: skip


@organizer.post("/account/alerts")
@access("organizer")
def set_alerts() -> Response:
    """Keep the address for alerts, or end them."""
    email = typed().email.data
    found = parse_address(email) if email else None
    if isinstance(found, BadAddress):
        words = _("Enter a whole e-mail address, or leave the field empty.")
        return my_account(words, 422, "email")
    organizers.set_alerts(
        services().db(), door().secret, current().organizer, found.email if found else "",
        language(),
    )  # fmt: skip
    return go_to("organizer.my_account", done="alerts")


@organizer.post("/account/passkeys")
@access("organizer", fresh=True)
def add_passkey() -> Response:
    """Take a passkey into use that the browser made."""
    site = party()
    added = site is not None and passkeys.add_passkey(
        services().db(), door().secret, current(), read_cookie("organizer"),
        typed().credential.data, party=site, device=client().label, at=clock(),
    )  # fmt: skip
    if not added:
        return my_account(_("That passkey could not be added. Nothing changed. Try again."), 422)
    return go_to("organizer.my_account", done="passkey")


@organizer.post("/account/passkeys/<row:number>/remove")
@access("organizer", fresh=True)
def remove_passkey(number: int) -> Response:
    """Remove one of one's own passkeys; somebody else's is not found."""
    if not passkeys.remove_passkey(services().db(), current().organizer, number, clock()):
        abort(404)
    return go_to("organizer.my_account", done="passkey removed")


@organizer.get("/account/password")
@access("organizer", fresh=True)
def new_password(problem: str = "", status: int = 200) -> Response:
    """The page for another password."""
    return page("new_password", status, problem=problem, field="password")


@organizer.post("/account/password")
@access("organizer", fresh=True)
def new_password_post() -> Response:
    """Set another password; sessions elsewhere end."""
    password = typed().password.data
    if password != typed().again.data:
        return new_password(password_words(MISMATCH), 422)
    answer = logins.change_password(services().db(), door(), current(), password, clock())
    if isinstance(answer, organizers.BadPassword):
        return new_password(password_words(answer.why), 422)
    return go_to("organizer.my_account", done="password")


@organizer.post("/account/recovery-codes")
@access("organizer", fresh=True)
def new_recovery_codes() -> Response:
    """Make new recovery codes and show them."""
    return show_recovery_codes(
        logins.make_recovery_codes(services().db(), door(), current(), clock())
    )


@organizer.get("/sessions")
@access("organizer")
def my_sessions() -> Response:
    """Where one is logged in."""
    mine = organizers.live_sessions(services().db(), current().organizer, clock())
    return page("sessions", sessions=mine, here=current().id)


@organizer.post("/sessions/<row:number>/end")
@access("organizer")
def end_session(number: int) -> Response:
    """End one of one's own sessions; somebody else's is not found."""
    me = current().organizer
    if not organizers.revoke_session(acting(), me, number):
        abort(404)
    return go_to("organizer.my_sessions")


@organizer.post("/sessions/end-others")
@access("organizer")
def end_other_sessions() -> Response:
    """End all of one's sessions but this one."""
    me, here = current().organizer, current().id
    organizers.revoke_all(acting(), me, but=here)
    return go_to("organizer.my_sessions")


@organizer.post("/logout")
@access("organizer")
def logout() -> Response:
    """End this session."""
    organizers.end_session(services().db(), current(), clock())
    forget()
    return go_to("organizer.login", why="out")


@organizer.get("/confirm")
@access("organizer")
def confirm() -> Response:
    """Ask for the password once more."""
    return confirm_page(target=safe_next(request.args.get("next", "")))


@organizer.post("/confirm")
@access("organizer")
def confirm_post() -> Response:
    """Check the password and go on with what needed it."""
    kept, target = typed().kept.data, typed().next.data
    answer = desk().confirm_password(current(), typed().password.data)
    again = partial(confirm_page, kept=kept, target=safe_next(target))
    if isinstance(answer, TooSoon):
        return again(problem=slow_down(answer.seconds), status=429)
    if isinstance(answer, logins.LoginRefused):
        if answer.ended:
            forget()
            return log_in_page(kept=kept, target=safe_next(target), why="tries", status=422)
        return again(problem=_("That is not your password. Try again."), status=422)
    return go_on(target, kept)


# --- For admins: inviting, roles, new links, taking access away ---


@organizer.get("/people")
@access("admin")
def all_people(problem: str = "", field: str = "name", status: int = 200) -> Response:
    """Every organizer, and the form that invites another."""
    return page(
        "people", status, problem=problem, field=field, people=all_organizers(services().db()),
        typed=visible(typed().name.data), chosen=typed().role.data,
    )  # fmt: skip


@organizer.post("/people")
@access("admin", fresh=True)
def invite() -> Response:
    """Add an organizer and show the one-time link with which they set a password."""
    role = typed().role.data
    if role not in ROLES:
        return all_people(_("Choose one of the roles."), "role", 422)
    answer = organizers.add_organizer(acting(), typed().name.data, role)
    if isinstance(answer, organizers.OneTimeLink):
        return show_link_once(answer)
    return all_people(_name_words(answer), "name", 422)


def _name_words(answer: organizers.NameTaken | organizers.BadName) -> str:
    """Why a name cannot be used, and what to do."""
    if isinstance(answer, organizers.NameTaken):
        return _("%(name)s is in the list already. For a new link, open their page.",
                 name=answer.organizer.name)  # fmt: skip
    if answer.why == "empty":
        return _("Enter a name.")
    if answer.why == "long":
        most = organizers.NAME_MAX
        return _("Enter a name of at most %(most)d characters.", most=most)
    return _("Enter a name of letters, digits, spaces and plain punctuation.")


def show_link_once(link: organizers.OneTimeLink) -> Response:
    """The one-time link, which no page shows again."""
    path = page_url("organizer.set_password", token=link.token)
    address = absolute_link(services().settings.site_url, path)
    return page("one_time_link", link=link, address=address)


@organizer.post("/people/<row:number>/new-link")
@access("admin", fresh=True)
def new_link(number: int) -> Response:
    """Take a password away, also the second factor where the phone is lost, for a new link."""
    found = known(organizer_by_id(services().db(), number))
    if found.id == current().organizer.id:
        problem = _("This is your own account. Change your password under Your account.")
        return person(number, problem, 409)
    answer = organizers.reset_organizer(
        acting(), door().secret, found.name, second_factor=typed().lost.data == "phone"
    )
    return abort(404) if isinstance(answer, NoSuchOrganizer) else show_link_once(answer)


@organizer.get("/people/<row:number>")
@access("admin")
def person(number: int, problem: str = "", status: int = 200) -> Response:
    """One organizer, with what an admin may change."""
    found = known(organizer_by_id(services().db(), number))
    live = organizers.live_sessions(services().db(), found, clock())
    return page("person", status, person=found, sessions=live, problem=problem, field="role")


def _after(number: int, answer: object) -> Response:
    if isinstance(answer, NoSuchOrganizer):
        abort(404)
    if isinstance(answer, organizers.LastAdmin):
        problem = _(
            "%(name)s is the only admin, so this was not done. Make somebody else an admin first.",
            name=answer.organizer.name,
        )
        return person(number, problem, 409)
    return go_to("organizer.person", number=number)


@organizer.post("/people/<row:number>/role")
@access("admin", fresh=True)
def role(number: int) -> Response:
    """Give an organizer another role."""
    role = typed().role.data
    if role not in ROLES:
        return person(number, _("Choose one of the roles."), 422)
    return _after(number, organizers.set_role(acting(), number, role))


@organizer.post("/people/<row:number>/<any(disable, enable):how>")
@access("admin", fresh=True)
def switch(number: int, how: str) -> Response:
    """Switch an account off or on."""
    return _after(
        number,
        organizers.set_disabled(acting(), door().secret, number, how == "disable"),
    )


@organizer.post("/people/<row:number>/end-sessions")
@access("admin")
def end_sessions_of(number: int) -> Response:
    """End all sessions of one organizer, but never the admin's own one in use."""
    found = known(organizer_by_id(services().db(), number))
    organizers.revoke_all(acting(), found, but=current().id)
    return go_to("organizer.person", number=number)
