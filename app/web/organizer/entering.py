"""Getting in: log in, set a password, set up the second factor."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from functools import partial
from urllib.parse import urlsplit

import segno
from flask import g, redirect, request
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup
from werkzeug.wrappers import Response
from wtforms import Form, StringField

from app.records import logins, organizers, passkeys
from app.records.credentials import PASSWORD_MIN, totp_uri
from app.records.keys import in_fours
from app.records.passkeys import Party
from app.records.throttle import TooSoon
from app.site.i18n import page_url
from app.site.services import services
from app.web.access import access
from app.web.limits import Wait, ask
from app.web.organizer.cookies import client, read_cookie
from app.web.organizer.gate import (
    begin,
    clock,
    current,
    door,
    forget,
    go_on,
    log_in_page,
    organizer,
    safe_next,
)
from app.web.organizer.show import page


class EntryForm(Form):  # type: ignore[misc]
    """What people type to get in, and about accounts: each field empty where it is not there.
    A password is judged as it is, spaces and all."""

    name, password, again, code = (StringField(default="") for _field in range(4))
    credential, role, lost = (StringField(default="") for _field in range(3))
    email = StringField(default="", filters=[str.strip])
    kept, next = (StringField(default="") for _field in range(2))


def typed() -> EntryForm:
    """The present form."""
    return EntryForm(request.form)


def _target() -> str:
    return safe_next(request.values.get("next", ""))


def desk() -> logins.Desk:
    """Where whoever made the present request logs in."""
    return logins.Desk(services().db(), door(), client(), clock())


def slow_down(response: Response, answer: TooSoon) -> Response:
    """An answer that says, also to programs, when to try again."""
    response.headers["Retry-After"] = str(answer.seconds)
    return response


@organizer.get("/login", endpoint="login")
@access("visitor")
def show_login() -> Response:
    """The log-in page; whoever is logged in goes on at once."""
    token = read_cookie("organizer")
    found = organizers.find_session(services().db(), token, clock())
    if isinstance(found, organizers.Session) and found.stage == "full":
        return go_on(_target(), "", 302)
    return log_in_page(target=_target(), why=request.args.get("why", ""))


@organizer.post("/login", endpoint="login_post")
@access("visitor")
def take_password() -> Response:
    """The first half of logging in."""
    name, password = typed().name.data, typed().password.data
    kept, target = typed().kept.data, _target()
    again = partial(log_in_page, kept=kept, target=target, name=name)
    if not name.strip() or not password:
        problem = _("Enter your name and your password.")
        return again(problem=problem, status=422)
    asked = ask("login", services())  # beside the throttle of each account: a whole network
    if isinstance(asked, Wait):
        return again(problem=wait_words(asked.seconds), status=429)
    answer = desk().enter_password(name, password)
    if isinstance(answer, TooSoon):
        return slow_down(again(problem=wait_words(answer.seconds), status=429), answer)
    if isinstance(answer, logins.LoginRefused):
        problem = _(
            "That name and password do not fit together. Check both and try again. If you have "
            "forgotten your password, ask an admin for a new link."
        )
        return again(problem=problem, status=422)
    begin(answer)
    g.visitor_page = False
    if kept and answer.session.organizer.has_second_factor:
        return show_code()
    return redirect(_second_half(answer, target), 303)


def _second_half(opened: organizers.OpenedSession, target: str = "") -> str:
    """Where the second half of logging in is done: a code, or first an authenticator."""
    if opened.session.organizer.has_second_factor:
        return page_url("organizer.code", next=target or None)
    return page_url("organizer.second_factor")


@organizer.get("/code", endpoint="code")
@access("half")
def show_code(problem: str = "", status: int = 200) -> Response:
    """The page that asks for a code."""
    kept, target, site = typed().kept.data, _target(), party()
    asked = site and passkeys.ask_for(
        services().db(), door().secret, current().organizer, read_cookie("organizer"), site
    )
    return page("code", status, problem=problem, field="code", kept=kept, next=target,
        passkey=asked or "",
    )  # fmt: skip


def party() -> Party | None:
    """The site as a passkey knows it: its configured address, else the one that was asked for.

    None where browsers know no passkeys: at a bare number, or without HTTPS.
    """
    settings = services().settings
    parts = urlsplit(settings.site_url or request.host_url)
    host = parts.hostname or ""
    with suppress(ValueError):
        ipaddress.ip_address(host)
        return None
    if parts.scheme != "https" and host != "localhost":
        return None
    return Party(host, f"{parts.scheme}://{parts.netloc}", settings.group_name)


@organizer.post("/code/passkey", endpoint="code_passkey")
@access("half")
def take_passkey() -> Response:
    """The second half of logging in, with a passkey in place of a code."""
    site = party()
    if site is None:
        return show_code(wrong_passkey_words(), 422)
    answer = desk().enter_passkey(
        current(), read_cookie("organizer"), typed().credential.data, site
    )
    if isinstance(answer, TooSoon):
        return slow_down(show_code(wait_words(answer.seconds), 429), answer)
    if isinstance(answer, logins.LoginRefused):
        return _start_over() if answer.ended else show_code(wrong_passkey_words(), 422)
    begin(answer)
    return go_on(_target(), typed().kept.data)


@organizer.post("/code", endpoint="code_post")
@access("half")
def take_code() -> Response:
    """The second half of logging in."""
    code = typed().code.data
    if not code.strip():
        return show_code(_("Enter the six digits that your authenticator app shows."), 422)
    answer = desk().enter_code(current(), code[:200])
    if isinstance(answer, TooSoon):
        return slow_down(show_code(wait_words(answer.seconds), 429), answer)
    if isinstance(answer, logins.NeedsRecoveryCode):
        return show_code(
            _("Somebody tried many codes for this account, so for an hour only a recovery code "
              "is taken from a new place."), 422,
        )  # fmt: skip
    if isinstance(answer, logins.LoginRefused):
        return _start_over() if answer.ended else show_code(wrong_code_words(), 422)
    begin(answer)
    return go_on(_target(), typed().kept.data)


def _start_over() -> Response:
    forget()
    return log_in_page(
        kept=typed().kept.data, target=_target(), why="tries", status=422,
    )  # fmt: skip


@organizer.get("/set-password/<token>", endpoint="set_password")
@access("visitor")
def show_link(token: str, problem: str = "", status: int = 200) -> Response:
    """The page on which a password is set. Showing it uses nothing up."""
    owner = organizers.link_owner(services().db(), token, clock())
    if isinstance(owner, organizers.DeadLink):
        return page("dead_link", 410 if owner.why != "unknown" else 404,
                     why=owner.why)  # fmt: skip
    return page("set_password", status, owner=owner, link=token, problem=problem, field="password")


@organizer.post("/set-password/<token>", endpoint="set_password_post")
@access("visitor")
def take_link(token: str) -> Response:
    """Set the password, and go on to the second factor."""
    if typed().password.data != typed().again.data:
        return show_link(token, password_words(MISMATCH), 422)
    answer = organizers.use_link(
        services().db(), door().cost, token, typed().password.data,
        device=client().label, at=clock(),
    )  # fmt: skip
    if isinstance(answer, organizers.BadPassword):
        return show_link(token, password_words(answer.why), 422)
    if isinstance(answer, organizers.DeadLink):
        return show_link(token)
    begin(answer)
    return redirect(_second_half(answer), 303)


@organizer.get("/second-factor", endpoint="second_factor")
@access("half")
def show_second_factor(problem: str = "", status: int = 200) -> Response:
    """The QR code of a new authenticator, and its secret in letters."""
    me = current().organizer
    if current().stage == "password" and me.has_second_factor:
        return redirect(page_url("organizer.code"), 303)
    secret = logins.offered_totp_secret(door(), read_cookie("organizer"))
    uri = totp_uri(secret, me.name, services().settings.group_name)
    return page("second_factor", status, problem=problem, field="code", uri=uri,
        picture=qr_picture(uri, _("QR code for your authenticator app")),
        secret=in_fours(secret),
        action=request.script_root + request.path,
    )  # fmt: skip


def qr_picture(text: str, title: str) -> Markup:
    """A QR code as an SVG element for the page itself: no script, no style, no request."""
    svg = segno.make(text, error="m", micro=False).svg_inline(
        scale=5, border=4, dark="#000", light="#fff", title=title, svgclass="qr", lineclass=None
    )
    return Markup(svg)  # noqa: S704 - made by segno from modules; the title is escaped by it


@organizer.post("/second-factor", endpoint="second_factor_post")
@access("half")
def take_second_factor() -> Response:
    """Take the new authenticator into use and show the recovery codes, once."""
    answer = desk().set_second_factor(current(), read_cookie("organizer"), typed().code.data[:200])
    if isinstance(answer, TooSoon):
        return slow_down(show_second_factor(wait_words(answer.seconds), 429), answer)
    if isinstance(answer, logins.LoginRefused):
        return _start_over() if answer.ended else show_second_factor(wrong_code_words(), 422)
    begin(answer.opened)
    return show_recovery_codes(answer.codes)


def show_recovery_codes(codes: tuple[str, ...]) -> Response:
    """The recovery codes, which are shown this once."""
    return page("recovery_codes", codes=codes
    )  # fmt: skip


# --- What is wrong, and what to do ---


MISMATCH = "mismatch"


def password_words(why: str) -> str:
    """What is wrong with a new password and what to do."""
    if why == "long":
        words = _("That password is too long. Use at most 500 characters.")
    elif why == "simple":
        words = _(
            "That password repeats a few characters. Three or four unrelated words are better."
        )
    elif why == "name":
        words = _("That password is little more than your name. Choose something else.")
    elif why == MISMATCH:
        words = _("The two passwords are not the same. Type the new password twice.")
    else:
        words = _(
            "Use at least %(number)d characters. Three or four unrelated words are good.",
            number=PASSWORD_MIN,
        )
    return str(words)


def wait_words(seconds: int) -> str:
    """How long to wait before the next try."""
    words = ngettext(
        "There were too many tries, so this one was not looked at. Wait one second, then try "
        "again. If you are logged in on another device, that is not affected.",
        "There were too many tries, so this one was not looked at. Wait %(num)d seconds, then try "
        "again. If you are logged in on another device, that is not affected.",
        seconds,
    )
    return str(words)


def wrong_passkey_words() -> str:
    """What to do about a passkey that was not accepted."""
    return str(_("That passkey was not accepted. Try again, or type a code instead."))


def wrong_code_words() -> str:
    """What to do about a code that was not accepted."""
    words = _(
        "That code is not right, or it was used before. Wait for the next one and type it. If it "
        "is refused again, check that the clock of your phone is set automatically."
    )
    return str(words)


@organizer.get("/account/second-factor")
@access("organizer", fresh=True)
def new_second_factor() -> Response:
    """The same for somebody who is logged in: another authenticator."""
    return show_second_factor()


@organizer.post("/account/second-factor")
@access("organizer", fresh=True)
def new_second_factor_post() -> Response:
    """Take another authenticator into use."""
    return take_second_factor()
