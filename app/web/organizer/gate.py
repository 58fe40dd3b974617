"""The one place where the access rule of every page is enforced.

Before each request the rule of its view is read and weighed: is somebody logged in, does
their role suffice, was the form made for this session, was the password typed lately. A page
that fails on the way is answered here and its view never runs. What was typed is kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from flask import Flask, abort, current_app, g, redirect, request
from flask_babel import format_date, format_time
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response

from app.records import organizers
from app.records.audit import Actor
from app.records.credentials import OUR_COST, warm_up
from app.records.database import NotStoredError
from app.records.logins import Door
from app.records.organizers import Need, NoSession, Session
from app.site.i18n import other_language, page_url
from app.site.services import services
from app.site.tokens import Binding, sign, unsign
from app.web.organizer.cookies import read_cookie, set_cookie, visitor_nonce
from app.web.organizer.show import area, menu_for, page, visible

organizer = area("organizer")
"""The pages of ``entering``, ``account`` and ``trail``. ``row`` in an address is the number of a
row in the database: never larger than SQLite's."""

EXTENSION = "dear_congress_door"
ROLES = frozenset({"organizer", "editor", "exporter", "admin"})
CSRF_FIELD = "token"
KEPT_FIELD = "kept"
UNKEPT = frozenset({CSRF_FIELD, KEPT_FIELD, "password", "passphrase", "again", "code", "next"})
"""Fields that are never sent back to the browser."""
_OURS = re.compile(r"/(?:es/)?organize(?:/[A-Za-z0-9._~-]+)*/?(?:\?[A-Za-z0-9._~=&%+-]*)?")


@dataclass(frozen=True, slots=True)
class AccessRule:
    """What one view asks for."""

    who: str
    fresh: bool


def door() -> Door:
    """What checking a password needs."""
    return cast(Door, current_app.extensions[EXTENSION])


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
    return request.form.get(CSRF_FIELD, "")


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


@dataclass(frozen=True, slots=True)
class KeptWork:
    """A form's contents, kept in the pages themselves while its sender logs in again."""

    owner: int
    path: str
    fields: tuple[tuple[str, str], ...]


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
    return KeptWork(owner, path, tuple((name, value) for name, value in pairs))


def guard() -> Response | None:
    """Answer the request here if its view's rule is not met; None lets it through."""
    view = current_app.view_functions.get(request.endpoint or "")
    rule = AccessRule(getattr(view, "access", "anyone"), getattr(view, "fresh", False))
    if rule.who == "anyone":
        return None
    if rule.who == "visitor":
        return _check_visitor()
    found = _found()
    if isinstance(found, NoSession):
        return _log_in_first(rule, found)
    if rule.who == "half" or found.stage == "password":
        return _check_half(rule, found)
    if rule.who not in ROLES:
        abort(403)
    if not found.organizer.may(cast(Need, rule.who)):
        return _refuse(found, rule.who)
    answer = _check_form(found) or _check_fresh(rule, found)
    if answer is None:
        with suppress(NotStoredError):
            organizers.touch(services().db(), found, clock())
    return answer


def _check_visitor() -> Response | None:
    g.visitor_page = True
    if request.method != "POST":
        return None
    bound = Binding.of_visitor(visitor_nonce())
    if bound.judge(door().secret, typed_token()) == "good":
        return None
    return send_again(request.path, list(request.form.items(multi=True)))


def _check_half(rule: AccessRule, found: Session) -> Response | None:
    if found.stage == "full":
        return redirect(page_url("organizer.index"))
    if rule.who != "half":
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
        return send_again(request.path, list(request.form.items(multi=True)))
    return page("foreign", 400)


def _check_fresh(rule: AccessRule, found: Session) -> Response | None:
    if not rule.fresh or found.is_fresh(clock()):
        return None
    if request.method == "POST":
        fields = list(request.form.items(multi=True))
        kept = keep_work(door().secret, found.organizer.id, request.path, fields)
        return confirm_page(kept=kept, status=401)
    return redirect(page_url("organizer.confirm", next=here() or None))


def _log_in_first(rule: AccessRule, found: NoSession) -> Response:
    """Lead to the log-in page. A form that was ours comes along and is not lost."""
    secret = door().secret
    if request.method == "POST" and rule.who == "half":
        kept, target = request.form.get(KEPT_FIELD, ""), request.form.get("next", "")
        return log_in_page(kept=kept, target=safe_next(target), why="idle", status=401)
    made_for = Binding.read(secret, typed_token()) if request.method == "POST" else None
    if made_for is not None and made_for.owner:
        fields = list(request.form.items(multi=True))
        kept = keep_work(secret, made_for.owner, request.path, fields)
        return log_in_page(kept=kept, why="kept", status=401)
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
    field: str = "name",
    status: int = 200,
) -> Response:
    """The log-in page, with a sentence on why one is there or what was wrong."""
    g.visitor_page = True
    return page(
        "login", status, problem=problem, field=field, kept=kept, why=why, name=visible(name),
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


def send_again(path: str, fields: list[tuple[str, str]], status: int = 409) -> Response:
    """Show that nothing was done yet, with all that was typed, to be sent with one press."""
    shown = [(name, visible(value)) for name, value in fields if name not in UNKEPT]
    return page("again", status, path=path, fields=shown)


def go_on(target: str, kept: str, status: int = 303) -> Response:
    """After logging in or confirming: back to what was being done, else to the first page."""
    work = kept_work(door().secret, kept)
    if work is not None and work.owner == current().organizer.id:
        return send_again(work.path, list(work.fields), 200)
    path = safe_next(target)
    return redirect(request.script_root + path if path else page_url("organizer.index"), status)


def _refuse(found: Session, who: str) -> Response:
    return page("refused", 403, need=who, role=found.organizer.role)


def _menu() -> dict[str, object]:
    """What every organizer's page may use."""
    found = g.get("organizer_session")
    known = isinstance(found, Session) and found.stage == "full"
    me = found.organizer if isinstance(found, Session) and known else None
    several = me is not None and len(services().campaigns) > 1
    return {"me": me, "menu": menu_for(me) if me else [], "several": several}


def moment(at: datetime) -> str:
    """A date and time in words, in the page's language and the campaign's time zone."""
    zone = ZoneInfo(services().campaign.timezone)
    there = at.astimezone(zone)
    return (
        f"{format_date(there, 'medium', rebase=False)}, {format_time(there, 'short', rebase=False)}"
    )


class RowConverter(IntegerConverter):
    """The number of a row in the database; a larger number is no address of ours."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=2**63 - 1)


def hang_door(app: Flask, secret: bytes) -> None:
    """Let organizers in who hold a session of the site with this secret."""
    app.extensions[EXTENSION] = Door(secret, OUR_COST)


def set_up_gate(app: Flask) -> None:
    """Enforce the rules on every route of a site."""
    warm_up(OUR_COST)
    app.url_map.converters["row"] = RowConverter
    app.before_request(guard)
    app.context_processor(_menu)
    app.jinja_env.globals["form_token"] = form_token
    app.jinja_env.filters["moment"] = moment
