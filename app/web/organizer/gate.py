"""The one place where the access rule of every page is enforced.

Before each request the rule of its view is read and weighed: is somebody logged in, does
their role suffice, was the form made for this session, was the password typed lately. A page
that fails on the way is answered here and its view never runs. What was typed is kept.

Organizers have three cookies, residents none. All are HttpOnly and SameSite=Strict; on a site with
HTTPS their names begin with ``__Host-``, so that no neighbouring subdomain can plant one.
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
"""The pages of ``accounts``, ``overview`` and ``trail``. ``row`` in an address is the number of a
row in the database: never larger than SQLite's."""

EXTENSION = "dear_congress_door"
ROLES = frozenset({"organizer", "editor", "exporter", "admin"})
CSRF_FIELD = "token"
KEPT_FIELD = "kept"
UNKEPT = frozenset({CSRF_FIELD, KEPT_FIELD, "password", "passphrase", "again", "code", "next"})
"""Fields that are never sent back to the browser."""
_OURS = re.compile(r"/(?:es/)?organize(?:/[A-Za-z0-9._~-]+)*/?(?:\?[A-Za-z0-9._~=&%+-]*)?")


def door() -> LoginConfig:
    """What checking a password needs."""
    return cast(LoginConfig, current_app.extensions[EXTENSION])


def clock() -> datetime:
    """The real time, also while the site rehearses another day: sessions must still end."""
    return services().clock()


def current() -> Session:
    """The session of the present request, on a page that only organizers reach."""
    return cast(Session, g.organizer_session)


def acting() -> Actor:
    """Whoever is logged in, as the one who changes something now."""
    return Actor(services().db(), current().organizer.name, clock())


def _found() -> Session | NoSession:
    """The session that the cookie names, looked up once per request."""
    if "organizer_session" not in g:
        token = read_cookie("organizer")
        db = services().db()
        g.organizer_session = (
            organizers.find_session(db, token, clock()) if token else NoSession("none")
        )
    return cast("Session | NoSession", g.organizer_session)


def begin(opened: organizers.OpenedSession) -> None:
    """Put a new session into the cookie and into the rest of this request."""
    set_cookie("organizer", opened.token)
    g.organizer_session = opened.session


def forget() -> None:
    """Take the session out of the cookie and the rest of this request."""
    set_cookie("organizer", "")
    g.organizer_session = NoSession("ended")


def binding() -> Binding:
    """For whom a form on the present page is made."""
    found = _found()
    if isinstance(found, Session) and not g.get("visitor_page"):
        return Binding(found.organizer.id, str(found.id))
    return Binding.of_visitor(visitor_nonce())


def form_token() -> str:
    """The token for a form on the present page."""
    return binding().token(door().secret)


def typed_token() -> str:
    return posted().get(CSRF_FIELD, "")


def here() -> str:
    """The address of the present page, as far as it may be returned to."""
    path = request.full_path.rstrip("?") if request.method in ("GET", "HEAD") else request.path
    return safe_next(path)


def safe_next(wanted: str) -> str:
    """A path of the organizers' pages to go on to; empty for anything else.

    Only plain characters are taken, so neither another host (``//evil.example``, ``/\\evil``),
    nor a scheme, nor a line break can hide in it; and no ``.`` or ``..``, which would lead out.
    """
    path = wanted.partition("?")[0]
    if len(wanted) > 500 or not _OURS.fullmatch(wanted) or {".", ".."} & set(path.split("/")):
        return ""
    return wanted


KeptWork = tuple[int, str, list[tuple[str, str]]]
"""A form's contents, kept in the pages themselves while its sender logs in again: whose they are,
the form's address, and its fields."""


def keep_work(secret: bytes, owner: int, path: str, fields: Iterable[tuple[str, str]]) -> str:
    """A form's contents, signed, without tokens and passwords."""
    pairs = [pair for pair in fields if pair[0] not in UNKEPT]
    return sign(secret, "kept work", json.dumps([owner, path, pairs]))


def kept_work(secret: bytes, signed: str) -> KeptWork | None:
    """What ``keep_work`` signed; None for nothing or anything else."""
    text = unsign(secret, "kept work", signed)
    if text is None:
        return None
    owner, path, pairs = json.loads(text)
    return owner, path, [(name, value) for name, value in pairs]


def _keep(owner: int) -> str:
    """The present form, kept for somebody."""
    return keep_work(door().secret, owner, request.path, posted().items(multi=True))


def guard() -> Response | None:
    """Answer the request here if its view's rule is not met; None lets it through."""
    view = current_app.view_functions.get(request.endpoint or "")
    who, fresh = getattr(view, "access", "anyone"), getattr(view, "fresh", False)
    if who == "anyone":
        return None
    if who == "visitor":
        return _check_visitor()
    found = _found()
    if isinstance(found, NoSession):
        return _log_in_first(who, found)
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
    good = binding().judge(door().secret, typed_token()) == "good"
    return None if good else send_again(request.path, posted().items(multi=True))


def _check_half(who: str, found: Session) -> Response | None:
    if found.stage == "full":
        return redirect(page_url("organizer.index"))
    if who != "half":
        endpoint = "code" if found.organizer.has_second_factor else "second_factor"
        return redirect(page_url(f"organizer.{endpoint}", next=here() or None))
    return _check_form(found)


def _check_form(found: Session) -> Response | None:
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return None
    state = binding().judge(door().secret, typed_token())
    if state == "good":
        return None
    if state == "ours" and found.stage == "full":
        return send_again(request.path, posted().items(multi=True))
    return page("foreign", 400)


def _check_fresh(found: Session) -> Response | None:
    if found.is_fresh(clock()):
        return None
    if request.method == "POST":
        return confirm_page(kept=_keep(found.organizer.id), status=401)
    return redirect(page_url("organizer.confirm", next=here() or None))


def _log_in_first(who: str, found: NoSession) -> Response:
    """Lead to the log-in page. A form that was ours comes along and is not lost."""
    if request.method == "POST" and who == "half":
        kept, target = posted().get(KEPT_FIELD, ""), posted().get("next", "")
        return log_in_page(kept=kept, target=safe_next(target), why="idle", status=401)
    made_for = Binding.read(door().secret, typed_token()) if request.method == "POST" else None
    if made_for is not None and made_for.owner:
        return log_in_page(kept=_keep(made_for.owner), why="kept", status=401)
    why = "idle" if found.why == "idle" else None
    target = here() if request.method in ("GET", "HEAD") else ""
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
    """The log-in page, with a sentence on why one is there or what was wrong."""
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


def send_again(path: str, fields: Iterable[tuple[str, str]], status: int = 409) -> Response:
    """Show that nothing was done yet, with all that was typed, to be sent with one press."""
    shown = [(name, visible(value)) for name, value in fields if name not in UNKEPT]
    return page("again", status, path=path, fields=shown)


def go_on(target: str, kept: str, status: int = 303) -> Response:
    """After logging in or confirming: back to what was being done, else to the first page."""
    work = kept_work(door().secret, kept)
    if work is not None and work[0] == current().organizer.id:
        return send_again(*work[1:], 200)
    path = safe_next(target)
    return redirect(request.script_root + path if path else page_url("organizer.index"), status)


def _menu() -> dict[str, object]:
    """What every organizer's page may use."""
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
    """The number of a row in the database; a larger number is no address of ours."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=2**63 - 1)


def hang_door(app: Flask, secret: bytes) -> None:
    """Let organizers in who hold a session of the site with this secret."""
    app.extensions[EXTENSION] = LoginConfig(secret, DEFAULT_COST)


def set_up_gate(app: Flask) -> None:
    """Enforce the rules on every route of a site."""
    app.url_map.converters["row"] = RowConverter
    app.before_request(guard)
    app.context_processor(_menu)
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
    """``__Host-organizer`` on a site with HTTPS, ``organizer`` on a laptop; and whether browsers
    reach it by HTTPS, as the settings or the request say."""
    secure = request.is_secure or services().settings.site_url.startswith("https://")
    return f"__Host-{kind}" if secure else kind, secure


def read_cookie(kind: Kind) -> str:
    """The token in a cookie; empty when there is none or it is not one of ours in form."""
    value = request.cookies.get(_cookie(kind)[0], "")
    return value if TOKEN.fullmatch(value) else ""


def set_cookie(kind: Kind, value: str, seconds: int | None = None) -> None:
    """Set a cookie on the response to the present request; empty takes it away."""
    name, secure = _cookie(kind)

    @after_this_request
    def add(response: Response) -> Response:
        response.set_cookie(
            name, value, max_age=seconds if value else 0, expires=None if value else 0, path="/",
            secure=secure, httponly=True, samesite="Strict",
        )  # fmt: skip
        return response


def visitor_nonce() -> str:
    """The random value that binds a visitor's log-in form to their browser."""
    if "visitor_nonce" not in g:
        g.visitor_nonce = read_cookie("organizer-form")
        if not g.visitor_nonce:
            g.visitor_nonce = new_token()
            set_cookie("organizer-form", g.visitor_nonce)
    return str(g.visitor_nonce)


def device_label(agent: str) -> str:
    """``Firefox on Linux``: enough to tell one's own sessions apart, and no more."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return " on ".join(part for part in (browser, system) if part)


def client() -> Client:
    """Where the present request comes from. A browser without a mark is given one to carry,
    which counts for nothing until it has logged in."""
    if "client" not in g:
        device = read_cookie("organizer-device") or new_token()
        set_cookie("organizer-device", device, DEVICE_SECONDS)
        label = device_label(request.headers.get("User-Agent", ""))
        g.client = Client(request.remote_addr or "", device, label)
    return g.client  # type: ignore[no-any-return]
