"""Start page, the bill, what is kept, and the files that crawlers and researchers look for."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from xml.sax.saxutils import escape

from flask import Blueprint, abort, request, send_from_directory, url_for
from werkzeug.wrappers import Response

from app.delivery.wordings import absolute_link
from app.site.assets import STATIC
from app.site.i18n import LANGUAGES
from app.site.services import services
from app.site.watching import unready
from app.web.access import access
from app.web.headers import public_page, shared
from app.web.pages import contact_url, show
from app.web.public import content

public = Blueprint("public", __name__)
well_known = Blueprint("well_known", __name__)
"""Files at addresses that others have fixed; they are in no language."""

INDEXED = ("public.home", "public.bill", "resident.start")
"""The pages that search engines may list: they say what the site is, and nothing of anyone."""
A_DAY = 86_400


@public.get("/")
@access("anyone")
def home() -> Response:
    if not request.args:  # a link may say where somebody lives, which no cache needs to know
        public_page()
    return show(content.home(request.args, services()))


@public.get("/about-the-bill")
@access("anyone")
def bill() -> Response:
    public_page()
    return show(content.bill(services()))


@public.get("/districts")
@access("anyone")
def districts() -> Response:
    public_page()
    return show(content.districts(services()))


@public.get("/privacy")
@access("anyone")
def privacy() -> Response:
    public_page()
    return show(content.privacy(services()))


@public.get("/terms")
@access("anyone")
def terms() -> Response:
    public_page()
    return show(content.terms(services()))


@public.get("/accessibility")
@access("anyone")
def accessibility() -> Response:
    public_page()
    return show(content.accessibility())


@well_known.get("/favicon.ico")
@access("anyone")
def favicon() -> Response:
    shared(A_DAY)
    return send_from_directory(STATIC, "favicon.ico", mimetype="image/x-icon")


@well_known.get("/robots.txt")
@access("anyone")
def robots() -> Response:
    """Pages say themselves that they are not to be listed, which a barred robot would not read."""
    shared(A_DAY)
    site = services().settings.site_url
    lines = ["User-agent: *", "Allow: /"]
    if site:
        lines.append(f"Sitemap: {absolute_link(site, url_for('well_known.sitemap'))}")
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


@well_known.get("/sitemap.xml")
@access("anyone")
def sitemap() -> Response:
    site = services().settings.site_url or abort(404)
    shared(A_DAY)
    return Response(_sitemap(site), mimetype="application/xml")


def _sitemap(site: str) -> str:
    """The listed pages, each with its address in every language; whole addresses are required."""
    entries = []
    shown = [one for one in services().campaigns if one.state != "preparing"]
    for one, endpoint in product(shown, INDEXED):
        paths = {
            lang: url_for(f"es_{endpoint}" if lang == "es" else endpoint).removeprefix(
                request.script_root
            )
            for lang in LANGUAGES
        }
        addresses = {
            lang: escape(absolute_link(site, one.prefix + path)) for lang, path in paths.items()
        }
        links = "".join(
            f'<xhtml:link rel="alternate" hreflang="{lang}" href="{address}"/>'
            for lang, address in addresses.items()
        )
        entries += [f"<url><loc>{address}</loc>{links}</url>" for address in addresses.values()]
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:xhtml="http://www.w3.org/1999/xhtml">' + "".join(entries) + "</urlset>\n"
    )


@well_known.get("/healthz")
@access("anyone")
def alive() -> Response:
    """Whether a process answers at all, for a monitor."""
    return Response("alive\n", mimetype="text/plain")


@well_known.get("/readyz")
@access("anyone")
def ready() -> Response:
    """Whether a signature can be taken, for a monitor; 503 and the reason where not."""
    reason = unready(services().settings)
    if reason:
        return Response(f"not ready: {reason}\n", 503, mimetype="text/plain")
    return Response("ready\n", mimetype="text/plain")


@well_known.get("/.well-known/security.txt")
@access("anyone")
def security() -> Response:
    """Whom to tell of a weakness (RFC 9116), where the operator has given an address."""
    site = services()
    contact = contact_url(site.settings.contact) or abort(404)
    shared(A_DAY)
    until = (site.now() + timedelta(days=180)).strftime("%Y-%m-%dT00:00:00Z")
    lines = [f"Contact: {contact}", f"Expires: {until}", "Preferred-Languages: en, es"]
    if site.settings.site_url:
        path = url_for("well_known.security")
        lines.append(f"Canonical: {absolute_link(site.settings.site_url, path)}")
    return Response("\n".join(lines) + "\n", mimetype="text/plain")
