"""The one place that enforces the access rule of every page.

Before each request it checks the rule of the view: whether someone is logged in, whether their
role suffices, whether the form was made for this session, and whether the password was entered
recently. A request that fails is answered here, its view never runs, and what was typed is kept.

Organizers have three cookies, residents none. All are HttpOnly and SameSite=Strict. On a site with
HTTPS their names begin with ``__Host-``, so that no sibling subdomain can set one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Literal, cast
from zoneinfo import ZoneInfo

from flask import Flask, abort, after_this_request, current_app, g, redirect, request
from flask_babel import format_date, format_time
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response

from app.errors import NotStoredError
from app.records import organizers
from app.records.audit import Actor
from app.records.credentials import DEFAULT_COST, new_token
from app.records.logins import LoginConfig
from app.records.organizers import Need, NoSession, Session
from app.records.throttle import Client
from app.site.i18n import other_language, page_url
from app.site.services import services
from app.site.tokens import Binding, sign, unsign
from app.web.forms import posted
from app.web.organizer.show import area, menu_for, page, visible

organizer = area("organizer")
"""The pages of ``accounts``, ``overview`` and ``trail``. ``row`` in a route is the id of a
database row, at most SQLite's largest integer."""

EXTENSION = "dear_congress_login"
ROLES = frozenset({"organizer", "editor", "exporter", "admin"})
CSRF_FIELD = "token"
KEPT_FIELD = "kept"
UNKEPT = frozenset({CSRF_FIELD, KEPT_FIELD, "password", "passphrase", "again", "code", "next"})
"""Fields that are never sent back to the browser."""
_PATH = re.compile(r"/(?:es/)?organize(?:/[A-Za-z0-9._~-]+)*/?(?:\?[A-Za-z0-9._~=&%+-]*)?")


def login_config() -> LoginConfig:
    """The site's secret and password hashing cost."""
    return cast(LoginConfig, current_app.extensions[EXTENSION])


def clock() -> datetime:
    """The real time, even while the site rehearses another day: sessions must still expire."""
    return services().clock()


def current() -> Session:
    """This request's session. Only for pages that require a log-in."""
    return cast(Session, g.organizer_session)


def acting() -> Actor:
    """The logged-in organizer as the actor of a change made now."""
    return Actor(services().db(), current().organizer.name, clock())


def _session() -> Session | NoSession:
    """The session that the cookie names, looked up once per request."""
    if "organizer_session" not in g:
        token = read_cookie("organizer")
        db = services().db()
        g.organizer_session = organizers.find_session(db, token, clock()) if token else "none"
    return cast("Session | NoSession", g.organizer_session)


def set_session(opened: organizers.OpenedSession) -> None:
    """Set the session cookie, and the session for the rest of this request."""
    set_cookie("organizer", opened.token)
    g.organizer_session = opened.session


def clear_session() -> None:
    """Clear the session cookie, and the session for the rest of this request."""
    set_cookie("organizer", "")
    g.organizer_session = "ended"


def binding() -> Binding:
    """Whom the forms on this page are bound to: the session, or a visitor's browser."""
    found = _session()
    if isinstance(found, Session) and not g.get("visitor_page"):
        return Binding(found.organizer.id, str(found.id))
    return Binding.of_visitor(visitor_nonce())


def form_token() -> str:
    """The CSRF token for the forms on this page."""
    return binding().token(login_config().secret)


def posted_token() -> str:
    return posted().get(CSRF_FIELD, "")


def current_path() -> str:
    """This request's path, with its query if it is a GET; empty if ``safe_next`` refuses it."""
    path = request.full_path.rstrip("?") if request.method in ("GET", "HEAD") else request.path
    return safe_next(path)


def safe_next(wanted: str) -> str:
    """``wanted`` if it is a path of the organizers' pages to redirect to; otherwise empty.

    Only plain characters are allowed, which rules out another host (``//evil.example``,
    ``/\\evil``), a scheme and a line break; ``.`` and ``..`` are refused, because they would lead
    to other pages.
    """
    path = wanted.partition("?")[0]
    if len(wanted) > 500 or not _PATH.fullmatch(wanted) or {".", ".."} & set(path.split("/")):
        return ""
    return wanted


KeptWork = tuple[int, str, list[tuple[str, str]]]
"""A submitted form, carried through the pages while its sender logs in again: the id of its
organizer, its path, and its fields."""


def keep_work(secret: bytes, owner: int, path: str, fields: Iterable[tuple[str, str]]) -> str:
    """A form's contents as a signed text, without tokens and passwords."""
    pairs = [pair for pair in fields if pair[0] not in UNKEPT]
    return sign(secret, "kept work", json.dumps([owner, path, pairs]))


def kept_work(secret: bytes, signed: str) -> KeptWork | None:
    """What ``keep_work`` signed; None if the text is empty or its signature is wrong."""
    text = unsign(secret, "kept work", signed)
    if text is None:
        return None
    owner, path, pairs = json.loads(text)
    return owner, path, [(name, value) for name, value in pairs]


def _keep_form(owner: int) -> str:
    """The submitted form, kept for the organizer with the id ``owner``."""
    return keep_work(login_config().secret, owner, request.path, posted().items(multi=True))


def guard() -> Response | None:
    """The response to a request that fails its view's access rule; None lets it through."""
    view = current_app.view_functions.get(request.endpoint or "")
    who, fresh = getattr(view, "access", "anyone"), getattr(view, "fresh", False)
    if who == "anyone":
        return None
    if who == "visitor":
        return _check_visitor()
    found = _session()
    if not isinstance(found, Session):
        return _require_login(who, found)
    if who == "half" or found.stage == "password":
        return _check_half(who, found)
    if who not in ROLES:
        abort(403)
    if not found.organizer.may(cast(Need, who)):
        return page("refused", 403, need=who, role=found.organizer.role)
    answer = _check_form(found) or (_check_fresh(found) if fresh else None)
    if answer is None:
        with suppress(NotStoredError):
            organizers.touch(services().db(), found, clock())
    return answer


def _check_visitor() -> Response | None:
    g.visitor_page = True
    if request.method != "POST":
        return None
    good = binding().judge(login_config().secret, posted_token()) == "good"
    return None if good else resend_page(request.path, posted().items(multi=True))


def _check_half(who: str, found: Session) -> Response | None:
    if found.stage == "full":
        return redirect(page_url("organizer.index"))
    if who != "half":
        endpoint = "code" if found.organizer.has_second_factor else "second_factor"
        return redirect(page_url(f"organizer.{endpoint}", next=current_path() or None))
    return _check_form(found)


def _check_form(found: Session) -> Response | None:
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return None
    state = binding().judge(login_config().secret, posted_token())
    if state == "good":
        return None
    if state == "ours" and found.stage == "full":
        return resend_page(request.path, posted().items(multi=True))
    return page("foreign", 400)


def _check_fresh(found: Session) -> Response | None:
    if found.is_fresh(clock()):
        return None
    if request.method == "POST":
        return confirm_page(kept=_keep_form(found.organizer.id), status=401)
    return redirect(page_url("organizer.confirm", next=current_path() or None))


def _require_login(who: str, found: NoSession) -> Response:
    """Show or redirect to the log-in page. An organizer's form is carried along."""
    if request.method == "POST" and who == "half":
        kept, target = posted().get(KEPT_FIELD, ""), posted().get("next", "")
        return log_in_page(kept=kept, target=safe_next(target), why="idle", status=401)
    made_for = (
        Binding.read(login_config().secret, posted_token()) if request.method == "POST" else None
    )
    if made_for is not None and made_for.owner:
        return log_in_page(kept=_keep_form(made_for.owner), why="kept", status=401)
    why = "idle" if found == "idle" else None
    target = current_path() if request.method in ("GET", "HEAD") else ""
    return redirect(page_url("organizer.login", next=target or None, why=why))


def log_in_page(
    *,
    kept: str = "",
    why: str = "",
    name: str = "",
    target: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    """The log-in page, with a sentence that says why it is shown or what was wrong."""
    g.visitor_page = True
    return page(
        "login", status, problem=problem, field="name", kept=kept, why=why,
        name=visible(name),
        next=target, elsewhere_url=page_url("organizer.login", other_language()),
    )  # fmt: skip


def confirm_page(
    *, kept: str = "", target: str = "", problem: str = "", status: int = 200
) -> Response:
    """The page that asks for the password once more."""
    return page(
        "confirm", status, problem=problem, field="password", kept=kept, next=target,
        elsewhere_url=page_url("organizer.confirm", other_language()),
    )  # fmt: skip


def resend_page(path: str, fields: Iterable[tuple[str, str]], status: int = 409) -> Response:
    """A page that says nothing was done yet and can resend the same form with one click."""
    shown = [(name, visible(value)) for name, value in fields if name not in UNKEPT]
    return page("again", status, path=path, fields=shown)


def resume(target: str, kept: str, status: int = 303) -> Response:
    """After logging in or confirming: the kept form, else the target, else the first page."""
    work = kept_work(login_config().secret, kept)
    if work is not None and work[0] == current().organizer.id:
        return resend_page(*work[1:], 200)
    path = safe_next(target)
    return redirect(request.script_root + path if path else page_url("organizer.index"), status)


def _menu_context() -> dict[str, object]:
    """Template variables for every organizers' page."""
    found = g.get("organizer_session")
    if not isinstance(found, Session) or found.stage != "full":
        return {"me": None}
    site = services()
    return {
        "me": found.organizer, "menu": menu_for(found.organizer),
        "several": len(site.campaigns) > 1, "campaign_state": site.standing.state,
    }  # fmt: skip


def moment(at: datetime) -> str:
    """A date and time in words, in the page's language and the campaign's time zone."""
    there = at.astimezone(ZoneInfo(services().campaign.timezone))
    day = format_date(there, "medium", rebase=False)
    return f"{day}, {format_time(there, 'short', rebase=False)}"


class RowConverter(IntegerConverter):
    """The id of a database row; a number that SQLite cannot hold does not match the route."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=2**63 - 1)


def set_login_config(app: Flask, secret: bytes) -> None:
    """Give the site the secret for log-ins, with the default password hashing cost."""
    app.extensions[EXTENSION] = LoginConfig(secret, DEFAULT_COST)


def set_up_gate(app: Flask) -> None:
    """Enforce the rules on every route of a site."""
    app.url_map.converters["row"] = RowConverter
    app.before_request(guard)
    app.context_processor(_menu_context)
    app.jinja_env.globals["form_token"] = form_token
    app.jinja_env.filters["moment"] = moment


# --- cookies ---

Kind = Literal["organizer", "organizer-form", "organizer-device"]
DEVICE_SECONDS = 180 * 24 * 3600
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")

BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"),
            ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))  # fmt: skip
SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
           ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"))  # fmt: skip


def _cookie(kind: Kind) -> tuple[str, bool]:
    """The cookie's name (``__Host-organizer`` on a site with HTTPS, ``organizer`` on a laptop), and
    whether browsers use HTTPS, according to the settings or the request."""
    secure = request.is_secure or services().settings.site_url.startswith("https://")
    return f"__Host-{kind}" if secure else kind, secure


def read_cookie(kind: Kind) -> str:
    """The token in a cookie; empty if it is missing or malformed."""
    value = request.cookies.get(_cookie(kind)[0], "")
    return value if TOKEN.fullmatch(value) else ""


def set_cookie(kind: Kind, value: str, seconds: int | None = None) -> None:
    """Set a cookie on the response to this request; an empty value deletes it."""
    name, secure = _cookie(kind)

    @after_this_request
    def add(response: Response) -> Response:
        response.set_cookie(
            name, value, max_age=seconds if value else 0, expires=None if value else 0, path="/",
            secure=secure, httponly=True, samesite="Strict",
        )  # fmt: skip
        return response


def visitor_nonce() -> str:
    """The nonce that binds a visitor's log-in form to their browser."""
    if "visitor_nonce" not in g:
        g.visitor_nonce = read_cookie("organizer-form")
        if not g.visitor_nonce:
            g.visitor_nonce = new_token()
            set_cookie("organizer-form", g.visitor_nonce)
    return str(g.visitor_nonce)


def device_label(agent: str) -> str:
    """``Firefox on Linux``: just enough for organizers to tell their own sessions apart."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return " on ".join(part for part in (browser, system) if part)


def client() -> Client:
    """Where this request comes from. A browser without a device cookie gets one, which counts for
    nothing until someone has logged in with it."""
    if "client" not in g:
        device = read_cookie("organizer-device") or new_token()
        set_cookie("organizer-device", device, DEVICE_SECONDS)
        label = device_label(request.headers.get("User-Agent", ""))
        g.client = Client(request.remote_addr or "", device, label)
    return g.client  # type: ignore[no-any-return]
