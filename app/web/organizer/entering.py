"""Getting in: log in, set a password, set up the second factor."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from functools import partial
from urllib.parse import urlsplit

import segno
from flask import g, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from app.records import logins, organizers, passkeys
from app.records.credentials import PASSWORD_MIN, totp_uri
from app.records.keys import in_fours
from app.records.passkeys import Party
from app.records.throttle import TooSoon
from app.site.i18n import gettext as _
from app.site.i18n import ngettext
from app.site.services import services
from app.web.access import access
from app.web.forms import SiteForm, entries, entry, sent
from app.web.limits import Wait, ask, retry_after
from app.web.organizer.gate import (
    begin,
    client,
    clock,
    current,
    door,
    forget,
    go_on,
    log_in_page,
    organizer,
    read_cookie,
    safe_next,
)
from app.web.organizer.show import go_to, page


class EntryForm(SiteForm):
    """What people type to get in, and about accounts: each field empty where it is not there.
    A password is judged as it is, spaces and all."""

    name, password, again, code, credential, role, lost, kept, next = entries(9)
    email = entry(str.strip)


def typed() -> EntryForm:
    """The present form."""
    return sent(EntryForm)


def _target() -> str:
    return safe_next(typed().next.data or request.args.get("next", ""))


def desk() -> logins.Desk:
    """Where whoever made the present request logs in."""
    return logins.Desk(services().db(), door(), client(), clock())


@organizer.get("/login")
@access("visitor")
def login() -> Response:
    """The log-in page; whoever is logged in goes on at once."""
    token = read_cookie("organizer")
    found = organizers.find_session(services().db(), token, clock())
    if isinstance(found, organizers.Session) and found.stage == "full":
        return go_on(_target(), "", 302)
    return log_in_page(target=_target(), why=request.args.get("why", ""))


@organizer.post("/login")
@access("visitor")
def login_post() -> Response:
    """The first half of logging in."""
    name, password = typed().name.data, typed().password.data
    kept, target = typed().kept.data, _target()
    again = partial(log_in_page, kept=kept, target=target, name=name)
    if not name.strip() or not password:
        return again(problem=_("Enter your name and your password."), status=422)
    asked = ask("login", services())  # beside the throttle of each account: a whole network
    if isinstance(asked, Wait):
        return again(problem=slow_down(asked.seconds), status=429)
    answer = desk().enter_password(name, password)
    if isinstance(answer, TooSoon):
        return again(problem=slow_down(answer.seconds), status=429)
    if isinstance(answer, logins.LoginRefused):
        problem = _(
            "That name and password do not fit together. Check both and try again. If you have "
            "forgotten your password, ask an admin for a new link."
        )
        return again(problem=problem, status=422)
    begin(answer)
    g.visitor_page = False
    if kept and answer.session.organizer.has_second_factor:
        return code()
    return _second_half(answer, target)


def _second_half(opened: organizers.OpenedSession, target: str = "") -> Response:
    """To the second half of logging in: a code, or first an authenticator."""
    if opened.session.organizer.has_second_factor:
        return go_to("organizer.code", next=target or None)
    return go_to("organizer.second_factor")


@organizer.get("/code")
@access("half")
def code(problem: str = "", status: int = 200) -> Response:
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


@organizer.post("/code/passkey")
@access("half")
def code_passkey() -> Response:
    """The second half of logging in, with a passkey in place of a code."""
    site = party()
    if site is None:
        return code(_wrong_passkey(), 422)
    answer = desk().enter_passkey(
        current(), read_cookie("organizer"), typed().credential.data, site
    )
    if isinstance(answer, TooSoon):
        return code(slow_down(answer.seconds), 429)
    if isinstance(answer, logins.LoginRefused):
        return _start_over() if answer.ended else code(_wrong_passkey(), 422)
    begin(answer)
    return go_on(_target(), typed().kept.data)


@organizer.post("/code")
@access("half")
def code_post() -> Response:
    """The second half of logging in."""
    given = typed().code.data
    if not given.strip():
        return code(_("Enter the six digits that your authenticator app shows."), 422)
    answer = desk().enter_code(current(), given[:200])
    if isinstance(answer, TooSoon):
        return code(slow_down(answer.seconds), 429)
    if isinstance(answer, logins.NeedsRecoveryCode):
        return code(
            _("Somebody tried many codes for this account, so for an hour only a recovery code "
              "is taken from a new place."), 422,
        )  # fmt: skip
    if isinstance(answer, logins.LoginRefused):
        return _start_over() if answer.ended else code(_wrong_code(), 422)
    begin(answer)
    return go_on(_target(), typed().kept.data)


def _start_over() -> Response:
    forget()
    return log_in_page(kept=typed().kept.data, target=_target(), why="tries", status=422)


@organizer.get("/set-password/<token>")
@access("visitor")
def set_password(token: str, problem: str = "", status: int = 200) -> Response:
    """The page on which a password is set. Showing it uses nothing up."""
    owner = organizers.link_owner(services().db(), token, clock())
    if isinstance(owner, organizers.DeadLink):
        return page("dead_link", 410 if owner.why != "unknown" else 404, why=owner.why)
    return page("set_password", status, owner=owner, link=token, problem=problem, field="password")


@organizer.post("/set-password/<token>")
@access("visitor")
def set_password_post(token: str) -> Response:
    """Set the password, and go on to the second factor."""
    if typed().password.data != typed().again.data:
        return set_password(token, password_words(MISMATCH), 422)
    answer = organizers.use_link(
        services().db(), door().cost, token, typed().password.data,
        device=client().label, at=clock(),
    )  # fmt: skip
    if isinstance(answer, organizers.BadPassword):
        return set_password(token, password_words(answer.why), 422)
    if isinstance(answer, organizers.DeadLink):
        return set_password(token)
    begin(answer)
    return _second_half(answer)


@organizer.get("/second-factor")
@access("half")
def second_factor(problem: str = "", status: int = 200) -> Response:
    """The QR code of a new authenticator, and its secret in letters."""
    me = current().organizer
    if current().stage == "password" and me.has_second_factor:
        return go_to("organizer.code")
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


@organizer.post("/second-factor")
@access("half")
def second_factor_post() -> Response:
    """Take the new authenticator into use and show the recovery codes, once."""
    answer = desk().set_second_factor(current(), read_cookie("organizer"), typed().code.data[:200])
    if isinstance(answer, TooSoon):
        return second_factor(slow_down(answer.seconds), 429)
    if isinstance(answer, logins.LoginRefused):
        return _start_over() if answer.ended else second_factor(_wrong_code(), 422)
    begin(answer.opened)
    return show_recovery_codes(answer.codes)


def show_recovery_codes(codes: tuple[str, ...]) -> Response:
    """The recovery codes, which are shown this once."""
    return page("recovery_codes", codes=codes)


# --- What is wrong, and what to do ---


MISMATCH = "mismatch"


def password_words(why: str) -> str:
    """What is wrong with a new password and what to do."""
    return {
        "long": _("That password is too long. Use at most 500 characters."),
        "simple": _("That password repeats a few characters. Three or four unrelated words are "
                    "better."),
        "name": _("That password is little more than your name. Choose something else."),
        MISMATCH: _("The two passwords are not the same. Type the new password twice."),
    }.get(why) or _("Use at least %(number)d characters. Three or four unrelated words are good.",
                    number=PASSWORD_MIN)  # fmt: skip


def slow_down(seconds: int) -> str:
    """How long to wait before the next try, which the answer's headers say too."""
    retry_after(seconds)
    return ngettext(
        "There were too many tries, so this one was not looked at. Wait one second, then try "
        "again. If you are logged in on another device, that is not affected.",
        "There were too many tries, so this one was not looked at. Wait %(num)d seconds, then try "
        "again. If you are logged in on another device, that is not affected.",
        seconds,
    )


def _wrong_passkey() -> str:
    return _("That passkey was not accepted. Try again, or type a code instead.")


def _wrong_code() -> str:
    return _(
        "That code is not right, or it was used before. Wait for the next one and type it. If it "
        "is refused again, check that the clock of your phone is set automatically."
    )


@organizer.get("/account/second-factor")
@access("organizer", fresh=True)
def new_second_factor() -> Response:
    """The same for somebody who is logged in: another authenticator."""
    return second_factor()


@organizer.post("/account/second-factor")
@access("organizer", fresh=True)
def new_second_factor_post() -> Response:
    """Take another authenticator into use."""
    return second_factor_post()
