"""Each campaign at its own address: ``/c/<name>/…`` is the whole site for that campaign.

The prefix is taken off before a route is looked for, as a server takes off the path under which
a program is mounted: every route stands once, and every address that a page makes has the prefix
by itself. The campaign on the start page has none.

What belongs to a campaign stays with it also after another one took the start page: a form says
for which campaign it was made, a receipt's token knows its own, and both are led there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from flask import Flask, abort, redirect, request
from werkzeug.wrappers import Response

from app.campaign.words import said
from app.errors import NotStoredError
from app.records.site_campaigns import SLUG, SiteCampaign, campaign_of_link, campaigns_here
from app.site.i18n import language
from app.site.services import ADDRESSED, Services, services
from app.web import practice
from app.web.forms import posted
from app.web.headers import public_page
from app.web.public.public_pages import archive
from app.web.resident.draft import read_draft

FIELD = "of_campaign"
"""In every form: the campaign for which it was made."""
_PREFIX = re.compile(rf"/c/({SLUG.pattern})(/.*)?", re.DOTALL)
BY_LINK = frozenset({
    "receipt", "receipt_with_letters", "withdraw", "forget", "drop_letters", "ask_elsewhere",
    "confirm", "confirmed",
})  # fmt: skip
"""Views of residents whose ``token`` says of which campaign they are."""
TO_SIGN = frozenset({"start", "find", "write", "address", "review", "sign"})

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def mount(way_in: Wsgi, site: Services) -> Wsgi:
    """The way into a site that knows the addresses of its campaigns."""

    def enter(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        found = _PREFIX.fullmatch(environ.get("PATH_INFO", ""))
        if found and any(one.slug == found[1] for one in _here(site)):
            environ[ADDRESSED] = found[1]
            environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}/c/{found[1]}"
            environ["PATH_INFO"] = found[2] or "/"
        return way_in(environ, start_response)

    return enter


def _here(site: Services) -> tuple[SiteCampaign, ...]:
    try:
        return campaigns_here(site.db(), site.settings.campaign)
    except NotStoredError:
        return ()


def _lead() -> Response | None:
    """To the address of the campaign that a request is about; None where it is there already."""
    site = services()
    here = site.standing
    wanted = _own_campaign(site) or here.slug
    there = next((one for one in site.campaigns if one.slug == wanted), here)
    if there.prefix == (f"/c/{request.environ[ADDRESSED]}" if ADDRESSED in request.environ else ""):
        return None
    outside = request.script_root.removesuffix(f"/c/{request.environ.get(ADDRESSED, '')}")
    # One slash only: two, or a backslash, would lead to another site.
    path = "/" + quote(request.path.lstrip("/\\"))
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    return redirect(outside + there.prefix + path + query, 307)


def _own_campaign(site: Services) -> str:
    """The campaign that a form or a link says it belongs to; empty where neither does."""
    view = (request.endpoint or "").removeprefix("es_")
    if view.startswith("resident.") and view.removeprefix("resident.") in BY_LINK:
        return campaign_of_link(site.db(), str((request.view_args or {}).get("token", "")))
    return posted().get(FIELD, "") if request.method == "POST" else ""


def _prepared() -> None:
    """A campaign that is being prepared has pages for organizers only, and for their tests."""
    site = services()
    area = (request.blueprint or request.endpoint or "").removeprefix("es_").partition("_")[0]
    if site.standing.state != "preparing" or area in ("static", "well", "organizer"):
        return
    if practice.state_of(practice.marker(), site) != "on" and not practice.is_test_receipt(site):
        abort(404)


def _over() -> Response | None:
    """What stays of a campaign that has ended, in place of each page that leads to signing."""
    view = (request.endpoint or "").removeprefix("es_").removeprefix("resident.")
    if view not in TO_SIGN or services().standing.state != "ended":
        return None
    story = read_draft(posted()).story if request.method == "POST" else ""
    public_page()
    return archive(services(), story)


def set_up_addresses(app: Flask) -> None:
    """Lead every request to the campaign that it is about. To be called after all that refuses
    requests."""
    app.before_request(_lead)
    app.before_request(_prepared)
    app.before_request(_over)
    app.jinja_env.globals["of_campaign"] = lambda: services().slug
    app.jinja_env.globals["campaign_title"] = _title


def _title() -> str:
    return said(services().campaign, "title", language())
