"""Each campaign at its own address: ``/c/<name>/…`` is the whole site for that campaign.

The prefix is stripped before routing, as a server strips the path where an application is
mounted, so each route is declared once and every URL that a page builds has the prefix. The
campaign on the start page has no prefix.

A form and a receipt stay with their campaign after another one has taken the start page: the form
names its campaign, the receipt's token leads to its own, and both are redirected there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from flask import Flask, abort, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.campaign.words import said
from app.errors import NotStoredError
from app.records.site_campaigns import SLUG, SiteCampaign, campaign_of_link, campaigns_here
from app.site.i18n import language
from app.site.services import ADDRESSED, Services, measure, services
from app.web import practice
from app.web.forms import posted
from app.web.headers import public_page
from app.web.public.public_pages import archive
from app.web.resident.draft import read_draft

FIELD = "of_campaign"
"""The field of every form that names the campaign for which it was made."""
_PREFIX = re.compile(rf"/c/({SLUG.pattern})(/.*)?", re.DOTALL)
TOKEN_VIEWS = frozenset({
    "receipt", "receipt_with_letters", "withdraw", "forget", "drop_letters", "ask_elsewhere",
    "confirm", "confirmed",
})  # fmt: skip
"""Views of residents whose ``token`` identifies their campaign."""
SIGNING_VIEWS = frozenset({"start", "find", "write", "address", "review", "sign"})

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def mount(wsgi: Wsgi, site: Services) -> Wsgi:
    """The WSGI application that strips the prefix of a campaign that the site has."""

    def enter(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        found = _PREFIX.fullmatch(environ.get("PATH_INFO", ""))
        if found and any(one.slug == found[1] for one in _campaigns(site)):
            environ[ADDRESSED] = found[1]
            environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}/c/{found[1]}"
            environ["PATH_INFO"] = found[2] or "/"
        return wsgi(environ, start_response)

    return enter


def _campaigns(site: Services) -> tuple[SiteCampaign, ...]:
    try:
        return campaigns_here(site.db(), site.settings.campaign)
    except NotStoredError:
        return ()


def _send_to_campaign() -> Response | None:
    """What answers a request in place of its view; None if it is where it belongs."""
    site = services()
    answer = _repair_link() or _redirect_to_campaign(site)
    if answer is None:
        _hide_unopened(site)
        answer = _show_archive(site)
    return answer


def _redirect_to_campaign(site: Services) -> Response | None:
    """A redirect to the address of the request's campaign; None if it is there already."""
    if request.method == "OPTIONS":  # a browser's preflight must not be redirected
        return None
    here = site.standing
    wanted = _own_campaign(site) or here.slug
    there = next((one for one in site.campaigns if one.slug == wanted), here)
    if there.prefix == (f"/c/{request.environ[ADDRESSED]}" if ADDRESSED in request.environ else ""):
        return None
    outside = request.script_root.removesuffix(f"/c/{request.environ.get(ADDRESSED, '')}")
    # Exactly one slash: two, or a backslash, would redirect to another site.
    path = "/" + quote(request.path.lstrip("/\\"))
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    return redirect(outside + there.prefix + path + query, 307)


_NOT_IN_A_TOKEN = re.compile(r"&.*|[^A-Za-z0-9_-]+", re.DOTALL)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}|[0-9a-f]{64}")


def _repair_link() -> Response | None:
    """A redirect to a private link without what mail programs put around or into it: a period, a
    bracket, a line break, a non-breaking space."""
    token = (request.view_args or {}).get("token")
    if token is None or "\0" in token or request.method not in ("GET", "HEAD"):
        return None
    plain = _NOT_IN_A_TOKEN.sub("", token)
    if plain == token or not _TOKEN.fullmatch(plain):
        return None
    return redirect(url_for(str(request.endpoint), token=plain), 302)


def _own_campaign(site: Services) -> str:
    """The campaign that the request's link or form names; empty if neither does."""
    view = (request.endpoint or "").removeprefix("es_")
    if view.startswith("resident.") and view.removeprefix("resident.") in TOKEN_VIEWS:
        return campaign_of_link(site.db(), str((request.view_args or {}).get("token", "")))
    return posted().get(FIELD, "") if request.method == "POST" else ""


def _hide_unopened(site: Services) -> None:
    """Answer 404 for a campaign in preparation, except to organizers and their test journeys."""
    area = (request.blueprint or request.endpoint or "").removeprefix("es_").partition("_")[0]
    if site.standing.state != "preparing" or area in ("static", "well", "organizer"):
        return
    if practice.state_of(practice.marker(), site) != "on" and not practice.is_test_receipt(site):
        abort(404)


def _show_archive(site: Services) -> Response | None:
    """The archive of an ended campaign, in place of every page that leads to signing."""
    view = (request.endpoint or "").removeprefix("es_").removeprefix("resident.")
    if view not in SIGNING_VIEWS or site.standing.state != "ended":
        return None
    draft = read_draft(posted() if request.method == "POST" else MultiDict())
    public_page()
    return archive(site, "\n\n".join(filter(None, (draft.story, *draft.words.values()))))


def set_up_addresses(app: Flask) -> None:
    """Send every request to its campaign. Call this after everything that refuses requests."""
    app.before_request(_send_to_campaign)
    app.jinja_env.globals["of_campaign"] = lambda: services().slug
    app.jinja_env.globals["campaign_title"] = _title
    app.jinja_env.globals["bill_noun"] = measure


def _title() -> str:
    return said(services().campaign, "title", language())
