"""Logging in (password, second factor), an organizer's own account, and managing organizers."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from functools import partial
from urllib.parse import urlsplit

from flask import abort, g, request
from werkzeug.wrappers import Response

from app.delivery.mail import parse_address
from app.delivery.wordings import absolute_link
from app.records import logins, organizers, passkeys
from app.records.credentials import PASSWORD_MIN, totp_uri
from app.records.keys import in_fours
from app.records.organizers import ROLES, all_organizers, organizer_by_id
from app.records.passkeys import RelyingParty
from app.site.i18n import gettext as _
from app.site.i18n import how_long, language, page_url
from app.site.services import services
from app.web.access import access
from app.web.forms import SiteForm, entries, entry, queried, sent
from app.web.limits import Wait, ask, retry_after
from app.web.organizer.gate import (
    acting,
    clear_session,
    client,
    clock,
    confirm_page,
    current,
    log_in_page,
    login_config,
    organizer,
    read_cookie,
    resume,
    safe_next,
    set_session,
)
from app.web.organizer.show import go_to, known, page, qr_picture, visible


class EntryForm(SiteForm):
    """Every field of the log-in and account pages; a field that was not sent is empty. Passwords
    are taken exactly as typed, spaces included."""

    name, password, again, code, credential, role, lost, kept, next = entries(9)
    email = entry(str.strip)


def typed() -> EntryForm:
    """The submitted form."""
    return sent(EntryForm)


def _target() -> str:
    return safe_next(typed().next.data or queried().get("next", ""))


def login_flow() -> logins.LoginFlow:
    """The log-in steps for the sender of this request."""
    return logins.LoginFlow(services().db(), login_config(), client(), clock())


@organizer.get("/login")
@access("visitor")
def login() -> Response:
    """The log-in page; an organizer who is already logged in is redirected."""
    token = read_cookie("organizer")
    found = organizers.find_session(services().db(), token, clock())
    if isinstance(found, organizers.Session) and found.stage == "full":
        return resume(_target(), "", 302)
    return log_in_page(target=_target(), why=queried().get("why", ""))


@organizer.post("/login")
@access("visitor")
def login_post() -> Response:
    """Check the name and password, the first half of logging in."""
    name, password = typed().name.data, typed().password.data
    kept, target = typed().kept.data, _target()
    again = partial(log_in_page, kept=kept, target=target, name=name)
    if not name.strip() or not password:
        return again(problem=_("Enter your name and password."), status=422)
    asked = ask("login", services())  # limits a whole network, besides the throttle per account
    if isinstance(asked, Wait):
        return again(problem=_too_soon_words(asked.seconds), status=429)
    answer = login_flow().enter_password(name, password)
    if isinstance(answer, Wait):
        return again(problem=_too_soon_words(answer.seconds), status=429)
    if isinstance(answer, logins.LoginRefused):
        problem = _(
            "That name and password do not match. Try again. Forgot your password? Ask an admin "
            "for a new link."
        )
        return again(problem=problem, status=422)
    set_session(answer)
    g.visitor_page = False
    if kept and answer.session.organizer.has_second_factor:
        return code()
    return _to_second_half(answer, target)


def _to_second_half(opened: organizers.OpenedSession, target: str = "") -> Response:
    """Redirect to the second half of logging in: a code, or setting up an authenticator first."""
    if opened.session.organizer.has_second_factor:
        return go_to("organizer.code", next=target or None)
    return go_to("organizer.second_factor")


@organizer.get("/code")
@access("half")
def code(problem: str = "", status: int = 200) -> Response:
    """The page that asks for a code."""
    kept, target, site = typed().kept.data, _target(), relying_party()
    asked = site and passkeys.request_options(
        services().db(), login_config().secret, current().organizer, read_cookie("organizer"), site
    )
    return page("code", status, problem=problem, field="code", kept=kept, next=target,
        passkey=asked or "",
    )  # fmt: skip


def relying_party() -> RelyingParty | None:
    """The site as passkeys identify it: by its configured address, else by the request's host.

    None where browsers support no passkeys: at an IP address, or without HTTPS.
    """
    settings = services().settings
    parts = urlsplit(settings.site_url or request.host_url)
    host = parts.hostname or ""
    with suppress(ValueError):
        ipaddress.ip_address(host)
        return None
    if parts.scheme != "https" and host != "localhost":
        return None
    return RelyingParty(host, f"{parts.scheme}://{parts.netloc}", settings.group_name)


@organizer.post("/code/passkey")
@access("half")
def code_passkey() -> Response:
    """Check a passkey, which replaces the code in the second half of logging in."""
    site = relying_party()
    if site is None:
        return code(_wrong_passkey(), 422)
    answer = login_flow().enter_passkey(
        current(), read_cookie("organizer"), typed().credential.data, site
    )
    if isinstance(answer, Wait):
        return code(_too_soon_words(answer.seconds), 429)
    if isinstance(answer, logins.LoginRefused):
        return _start_over() if answer.ended else code(_wrong_passkey(), 422)
    set_session(answer)
    return resume(_target(), typed().kept.data)


@organizer.post("/code")
@access("half")
def code_post() -> Response:
    """Check a code, the second half of logging in."""
    given = typed().code.data
    if not given.strip():
        return code(_("Enter the six digits from your authenticator app."), 422)
    answer = login_flow().enter_code(current(), given[:200])
    if isinstance(answer, Wait):
        return code(_too_soon_words(answer.seconds), 429)
    if isinstance(answer, logins.NeedsRecoveryCode):
        return code(
            _(
                "Someone tried many codes for this account. For an hour, new places can log in "
                "only with a recovery code."
            ), 422,
        )  # fmt: skip
    if isinstance(answer, logins.LoginRefused):
        return _start_over() if answer.ended else code(_wrong_code(), 422)
    set_session(answer)
    return resume(_target(), typed().kept.data)


def _start_over() -> Response:
    clear_session()
    return log_in_page(kept=typed().kept.data, target=_target(), why="tries", status=422)


@organizer.get("/set-password/<token>")
@access("visitor")
def set_password(token: str, problem: str = "", status: int = 200) -> Response:
    """The page for setting a password. Showing it does not use up the link."""
    owner = organizers.link_owner(services().db(), token, clock())
    if isinstance(owner, organizers.DeadLink):
        return page("dead_link", 410 if owner.why != "unknown" else 404, why=owner.why)
    return page("set_password", status, owner=owner, link=token, problem=problem, field="password")


@organizer.post("/set-password/<token>")
@access("visitor")
def set_password_post(token: str) -> Response:
    """Set the password and continue with the second factor."""
    if typed().password.data != typed().again.data:
        return set_password(token, _password_words(MISMATCH), 422)
    answer = organizers.use_link(
        services().db(), login_config().cost, token, typed().password.data,
        device=client().label, at=clock(),
    )  # fmt: skip
    if isinstance(answer, organizers.BadPassword):
        return set_password(token, _password_words(answer.why), 422)
    if isinstance(answer, organizers.DeadLink):
        return set_password(token)
    set_session(answer)
    return _to_second_half(answer)


@organizer.get("/second-factor")
@access("half")
def second_factor(problem: str = "", status: int = 200) -> Response:
    """The QR code for a new authenticator, and its secret as text."""
    me = current().organizer
    if current().stage == "password" and me.has_second_factor:
        return go_to("organizer.code")
    secret = logins.offered_totp_secret(login_config(), read_cookie("organizer"))
    uri = totp_uri(secret, me.name, services().settings.group_name)
    return page("second_factor", status, problem=problem, field="code", uri=uri,
        picture=qr_picture(uri, _("QR code for your authenticator app")),
        secret=in_fours(secret),
        action=request.script_root + request.path,
    )  # fmt: skip


@organizer.post("/second-factor")
@access("half")
def second_factor_post() -> Response:
    """Register the new authenticator and show the recovery codes, this once."""
    answer = login_flow().set_second_factor(
        current(), read_cookie("organizer"), typed().code.data[:200]
    )
    if isinstance(answer, Wait):
        return second_factor(_too_soon_words(answer.seconds), 429)
    if isinstance(answer, logins.LoginRefused):
        return _start_over() if answer.ended else second_factor(_wrong_code(), 422)
    set_session(answer.opened)
    return _codes_page(answer.codes)


def _codes_page(codes: tuple[str, ...]) -> Response:
    """The recovery codes, which are never shown again."""
    return page("recovery_codes", codes=codes)


# --- Error messages ---


MISMATCH = "mismatch"


def _password_words(why: str) -> str:
    """What is wrong with a new password and what to do."""
    return {
        "long": _("That password is too long. Use at most 500 characters."),
        "simple": _("That password repeats a few characters. Three or four unrelated words are "
                    "better."),
        "name": _("That password is little more than your name. Choose something else."),
        MISMATCH: _("The two passwords are not the same. Type the new password twice."),
    }.get(why) or _("Use at least %(number)d characters. Three or four unrelated words are good.",
                    number=PASSWORD_MIN)  # fmt: skip


def _too_soon_words(seconds: int) -> str:
    """How long to wait before the next try; also sets the response's ``Retry-After``."""
    retry_after(seconds)
    return _(
        "Too many tries. Wait %(time)s, then try again. Your other devices stay logged in.",
        time=how_long(seconds),
    )


def _wrong_passkey() -> str:
    return _("That passkey was not accepted. Try again, or type a code instead.")


def _wrong_code() -> str:
    return _(
        "That code is wrong or already used. Wait for the next one. If that fails too, set your "
        "phone’s clock to automatic."
    )


@organizer.get("/account/second-factor")
@access("organizer", fresh=True)
def new_second_factor() -> Response:
    """The same page for an organizer who is logged in and wants another authenticator."""
    return second_factor()


@organizer.post("/account/second-factor")
@access("organizer", fresh=True)
def new_second_factor_post() -> Response:
    """Register another authenticator."""
    return second_factor_post()


# --- An organizer's own account ---


@organizer.get("/account")
@access("organizer")
def my_account(problem: str = "", status: int = 200, field: str = "passkeys") -> Response:
    """Name, role, second factor, and what can be changed."""
    me, db, site = current().organizer, services().db(), relying_party()
    offered = (
        passkeys.creation_options(db, login_config().secret, me, read_cookie("organizer"), site)
        if site
        else ""
    )
    return page(
        "account", status, problem=problem, field=field, offered=offered,
        alerts=next(iter(organizers.alert_addresses(db, login_config().secret, me)), ("", ""))[0],
        sends_mail=bool(services().settings.mail_server),
        keys=passkeys.passkeys_of(db, me), codes_left=logins.recovery_codes_left(db, me),
    )  # fmt: skip


@organizer.post("/account/alerts")
@access("organizer")
def set_alerts() -> Response:
    """Store the address for alerts; an empty one turns them off."""
    email = typed().email.data
    found = parse_address(email) if email else None
    if email and found is None:
        words = _("Enter a full email address, or leave the field empty.")
        return my_account(words, 422, "email")
    organizers.set_alerts(
        services().db(), login_config().secret, current().organizer, found.email if found else "",
        language(),
    )  # fmt: skip
    return go_to("organizer.my_account", done="alerts")


@organizer.post("/account/passkeys")
@access("organizer", fresh=True)
def add_passkey() -> Response:
    """Register a passkey that the browser created."""
    site = relying_party()
    added = site is not None and passkeys.add_passkey(
        services().db(), login_config().secret, current(), read_cookie("organizer"),
        typed().credential.data, party=site, device=client().label, at=clock(),
    )  # fmt: skip
    if not added:
        return my_account(_("That passkey could not be added. Nothing changed. Try again."), 422)
    return go_to("organizer.my_account", done="passkey")


@organizer.post("/account/passkeys/<row:number>/remove")
@access("organizer", fresh=True)
def remove_passkey(number: int) -> Response:
    """Remove one of the organizer's own passkeys; 404 for anyone else's."""
    if not passkeys.remove_passkey(services().db(), current().organizer, number, clock()):
        abort(404)
    return go_to("organizer.my_account", done="passkey removed")


@organizer.get("/account/password")
@access("organizer", fresh=True)
def new_password(problem: str = "", status: int = 200) -> Response:
    """The page for changing the password."""
    return page("new_password", status, problem=problem, field="password")


@organizer.post("/account/password")
@access("organizer", fresh=True)
def new_password_post() -> Response:
    """Change the password, which ends the organizer's other sessions."""
    password = typed().password.data
    if password != typed().again.data:
        return new_password(_password_words(MISMATCH), 422)
    answer = logins.change_password(services().db(), login_config(), current(), password, clock())
    if isinstance(answer, organizers.BadPassword):
        return new_password(_password_words(answer.why), 422)
    return go_to("organizer.my_account", done="password")


@organizer.post("/account/recovery-codes")
@access("organizer", fresh=True)
def new_recovery_codes() -> Response:
    """Make new recovery codes and show them."""
    return _codes_page(
        logins.make_recovery_codes(services().db(), login_config(), current(), clock())
    )


@organizer.get("/sessions")
@access("organizer")
def my_sessions() -> Response:
    """Where the organizer is logged in."""
    mine = organizers.live_sessions(services().db(), current().organizer, clock())
    return page("sessions", sessions=mine, here=current().id)


@organizer.post("/sessions/<row:number>/end")
@access("organizer")
def end_session(number: int) -> Response:
    """End one of the organizer's own sessions; 404 for anyone else's."""
    me = current().organizer
    if not organizers.revoke_session(acting(), me, number):
        abort(404)
    return go_to("organizer.my_sessions")


@organizer.post("/sessions/end-others")
@access("organizer")
def end_other_sessions() -> Response:
    """End all of the organizer's sessions except this one."""
    me, here = current().organizer, current().id
    organizers.revoke_all(acting(), me, keep=here)
    return go_to("organizer.my_sessions")


@organizer.post("/logout")
@access("organizer")
def logout() -> Response:
    """End this session."""
    organizers.end_session(services().db(), current(), clock())
    clear_session()
    return go_to("organizer.login", why="out")


@organizer.get("/confirm")
@access("organizer")
def confirm() -> Response:
    """The page that asks for the password again."""
    return confirm_page(target=safe_next(queried().get("next", "")))


@organizer.post("/confirm")
@access("organizer")
def confirm_post() -> Response:
    """Check the password and continue with what required it."""
    kept, target = typed().kept.data, typed().next.data
    answer = login_flow().confirm_password(current(), typed().password.data)
    again = partial(confirm_page, kept=kept, target=safe_next(target))
    if isinstance(answer, Wait):
        return again(problem=_too_soon_words(answer.seconds), status=429)
    if isinstance(answer, logins.LoginRefused):
        if answer.ended:
            clear_session()
            return log_in_page(kept=kept, target=safe_next(target), why="tries", status=422)
        return again(problem=_("That is not your password. Try again."), status=422)
    return resume(target, kept)


# --- For admins: inviting organizers, roles, new links, revoking access ---


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
    """Add an organizer and show the one-time link for setting their password."""
    role = typed().role.data
    if role not in ROLES:
        return all_people(_("Choose one of the roles."), "role", 422)
    answer = organizers.add_organizer(acting(), typed().name.data, role)
    if isinstance(answer, organizers.OneTimeLink):
        return _link_page(answer)
    return all_people(_name_words(answer), "name", 422)


def _name_words(answer: organizers.NameTaken | organizers.BadName) -> str:
    """Why a name cannot be used, and what to do."""
    if isinstance(answer, organizers.NameTaken):
        return _("%(name)s is in the list already. For a new link, open their page.",
                 name=answer.organizer.name)  # fmt: skip
    return _(organizers.NAME_PROBLEMS[answer.why], most=organizers.NAME_MAX)


def _link_page(link: organizers.OneTimeLink) -> Response:
    """The one-time link, which is never shown again."""
    path = page_url("organizer.set_password", token=link.token)
    address = absolute_link(services().settings.address, path)
    return page("one_time_link", link=link, address=address)


@organizer.post("/people/<row:number>/new-link")
@access("admin", fresh=True)
def new_link(number: int) -> Response:
    """Replace a password with a new one-time link; remove the second factor too if the phone is
    lost."""
    found = known(organizer_by_id(services().db(), number))
    if found.id == current().organizer.id:
        problem = _("This is your own account. Change your password under Your account.")
        return person(number, problem, 409)
    answer = organizers.reset_organizer(
        acting(), login_config().secret, found.name, second_factor=typed().lost.data == "phone"
    )
    return _link_page(known(answer))


@organizer.get("/people/<row:number>")
@access("admin")
def person(number: int, problem: str = "", status: int = 200) -> Response:
    """One organizer, with what an admin may change."""
    found = known(organizer_by_id(services().db(), number))
    live = organizers.live_sessions(services().db(), found, clock())
    only = organizers.is_last_admin(services().db(), found)
    return page("person", status, person=found, sessions=live, only_admin=only, problem=problem,
                field="" if only else "role")  # fmt: skip


def _person_page(number: int, answer: organizers.Change | None) -> Response:
    if known(answer) == "last admin":
        return person(number, status=409)  # the page then says why
    return go_to("organizer.person", number=number)


@organizer.post("/people/<row:number>/role")
@access("admin", fresh=True)
def role(number: int) -> Response:
    """Give an organizer another role."""
    role = typed().role.data
    if role not in ROLES:
        return person(number, _("Choose one of the roles."), 422)
    return _person_page(number, organizers.set_role(acting(), number, role))


@organizer.post("/people/<row:number>/<any(disable, enable):how>")
@access("admin", fresh=True)
def switch(number: int, how: str) -> Response:
    """Disable or enable an account."""
    return _person_page(
        number, organizers.set_disabled(acting(), login_config().secret, number, how == "disable")
    )


@organizer.post("/people/<row:number>/end-sessions")
@access("admin")
def end_sessions_of(number: int) -> Response:
    """End all sessions of one organizer, except the admin's own current one."""
    found = known(organizer_by_id(services().db(), number))
    organizers.revoke_all(acting(), found, keep=current().id)
    return go_to("organizer.person", number=number)
