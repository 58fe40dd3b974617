"""The public count: a table on the start page, a counter for other sites, JSON, and a feed.

It never has a name or a cell below five; ``app.records.counts`` has the rule.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from datetime import UTC, datetime, time
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import format_decimal
from werkzeug.wrappers import Response

from app.campaign.words import said
from app.congress.model import STATES
from app.records.counts import STEP, milestones, public_states, totals
from app.records.definitions import BY_TERM, PUBLISHED
from app.records.schemas import NAMES, schema_text
from app.site.i18n import gettext as _
from app.site.i18n import language, page_url
from app.site.services import Services, services
from app.web.access import access
from app.web.headers import shared
from app.web.resident.people import state_name

counter_pages = Blueprint("counter_pages", __name__)

FRESH = 30
"""How long a response may be cached, in seconds. The counter asks again after 25, so what it
shows is less than 60 seconds old."""
STYLE = (
    "body{margin:0;padding:.75rem 1rem;font:1rem/1.4 system-ui,sans-serif;color-scheme:light dark}"
    "dl{display:flex;flex-wrap:wrap;gap:.25rem 2rem;margin:0 0 .5rem}div{display:flex;"
    "flex-direction:column-reverse}dd{margin:0;font-size:1.75rem;font-weight:600}p{margin:0}"
    "meter{display:block;inline-size:100%;max-inline-size:22rem;block-size:1rem}"
    "small{display:block;font-size:.8rem;opacity:.75}a{display:inline-block;padding:.3rem 0}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
COUNTER_POLICY = "; ".join((
    "default-src 'none'",
    f"style-src 'sha256-{_STYLE_HASH}'",
    "script-src 'self'",
    "connect-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors *",
))  # fmt: skip


def state_rows(site: Services) -> list[tuple[str, str, int]]:
    """The table by state: postal code, name in the reader's language, and a lower bound of
    signatures."""
    rows = public_states(site.db(), site.slug)
    return [(row.state, state_name(row.state), row.at_least) for row in rows]


@counter_pages.get("/counter")
@access("anyone")
def counter() -> Response:
    return _kept(render_template("public/counter.html", **_counter(services())), "text/html",
                 policy=COUNTER_POLICY)  # fmt: skip


@counter_pages.get("/counts.json")
@access("anyone")
def counts_json() -> Response:
    content = _counts(services())
    moment = services().now().strftime("%Y-%m-%dT%H:%MZ")
    text = json.dumps({"as_of": moment, **content}, ensure_ascii=False, indent=1) + "\n"
    # The ETag covers the numbers only: a later time with the same numbers is the same response.
    return _kept(text, "application/json", tag=json.dumps(content))


@counter_pages.get("/schemas/<name>.json")
@access("anyone")
def schema(name: str) -> Response:
    if name not in NAMES:
        abort(404)
    return _kept(schema_text(name), "application/schema+json")


@counter_pages.get("/milestones.atom")
@access("anyone")
def feed() -> Response:
    return _kept(_feed(services()), "application/atom+xml")


def _kept(text: str, kind: str, *, tag: str = "", policy: str = "") -> Response:
    """A response that anyone may cache for ``FRESH`` seconds and revalidate."""
    shared(FRESH, policy=policy)
    response = Response(text, content_type=f"{kind}; charset=utf-8")
    response.set_etag(hashlib.sha256((tag or text).encode()).hexdigest()[:20], weak=True)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response.make_conditional(request)


def _counter(site: Services) -> dict[str, Any]:
    counted = totals(site.db(), site.slug)
    base = _base(site)
    return {
        "style": STYLE,
        "meaning": {t: _(BY_TERM[t].short) for t in ("signatures", "letters")},
        "signatures": counted.signatures,
        "letters": counted.letters,
        "goal": (site.campaign.goal or 0) if site.campaign.goal_public else 0,
        "title": _title(site),
        "home": base + page_url("public.home"),
    }


def _title(site: Services) -> str:
    return said(site.campaign, "title", language())


def _base(site: Services) -> str:
    """The site's base URL, without a trailing slash."""
    return (site.settings.site_url or request.host_url).rstrip("/")


def _counts(site: Services) -> dict[str, Any]:
    """The fields of ``/counts.json`` in the documented order. Never rename or reorder them."""
    counted = totals(site.db(), site.slug)
    return {
        "campaign": site.slug,
        "title": _title(site),
        "time_zone": site.campaign.timezone,
        "signatures": counted.signatures,
        "letters": counted.letters,
        "by_state": [
            {"state": row.state, "name": STATES[row.state], "at_least": row.at_least}
            for row in public_states(site.db(), site.slug)
        ],
        "step": STEP,
        "definitions": PUBLISHED | {"at_least": _rule()},
        "statement": _base(site) + url_for("verify_pages.statement"),
        "schema": _base(site) + url_for("counter_pages.schema", name="counts"),
    }


def _rule() -> str:
    return (
        f"Signatures of the state, rounded down to a multiple of {STEP}; below {STEP} a state is "
        f"not listed. All states are renewed together, each time that at least {STEP} signatures "
        "have been added or removed."
    )


def _feed(site: Services) -> str:
    """The milestones as Atom (RFC 4287), newest first."""
    base, slug = _base(site), site.slug
    zone = ZoneInfo(site.campaign.timezone)
    reached = milestones(site.db(), slug)[::-1]
    moments = [datetime.combine(each.day, time(), zone).astimezone(UTC) for each in reached]
    start = datetime.combine(site.campaign.as_of, time(), zone).astimezone(UTC)
    root = ElementTree.Element("feed", xmlns="http://www.w3.org/2005/Atom")
    root.set("xml:lang", language())
    _add(root, "title", _("%(campaign)s: milestones", campaign=_title(site)))
    _add(root, "id", _urn(slug))
    _add(root, "updated", _stamp(moments[0] if moments else start))
    _add(_add(root, "author"), "name", site.settings.group_name)
    _add(root, "link", rel="self", href=base + page_url("counter_pages.feed"))
    _add(root, "link", rel="alternate", href=base + page_url("public.home"))
    for each, moment in zip(reached, moments, strict=True):
        entry = _add(root, "entry")
        number = format_decimal(each.signatures)
        _add(entry, "title", _("%(number)s people have signed", number=number))
        _add(entry, "id", _urn(slug, each.signatures))
        _add(entry, "updated", _stamp(moment))
        _add(entry, "link", rel="alternate", href=base + page_url("public.home"))
        _add(entry, "summary", _("Each person counts once, no matter how many letters they write."))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, "unicode")


def _add(parent: ElementTree.Element, name: str, words: str = "", **attributes: str) -> (
    ElementTree.Element
):  # fmt: skip
    child = ElementTree.SubElement(parent, name, attributes)
    child.text = "".join(c for c in words if c.isprintable()) or None
    return child


def _urn(slug: str, number: int = 0) -> str:
    """An id that stays the same if the site moves to another address."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"dear-congress/{slug}/milestones/{number}").urn


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
