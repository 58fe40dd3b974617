"""The headers and the compression of every response."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from app.site.i18n import LANGUAGES
from app.site.services import services
from app.web.forms import posted, queried

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), "
    "interest-cohort=(), browsing-topics=()",
}
_HEADERS = tuple((name.lower(), (name, value)) for name, value in HEADERS.items())
FOREVER = "public, max-age=31536000, immutable"


def public_page() -> None:
    """Declare that this page contains nothing personal: it may be cached and indexed."""
    g.public_page = g.listed = True


def listed() -> None:
    """Declare that this page may be indexed, though no browser should cache it."""
    g.listed = True


def shared(seconds: int, *, policy: str = "") -> None:
    """Declare that shared caches may keep this response for ``seconds``, as it is about no one.

    ``policy`` replaces the Content-Security-Policy, for a page that other sites may frame.
    """
    g.shared_seconds, g.own_policy = seconds, policy


def framing() -> None:
    """Declare that this page shows another page of this site in a frame."""
    g.own_policy = f"{POLICY}; frame-src 'self'"


def framed() -> None:
    """Declare that this site's own pages, and no others, may frame this response."""
    g.own_policy = POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")


OPEN_DATA = frozenset({
    "counter_pages.counts_json", "counter_pages.schema", "counter_pages.feed",
    "verify_pages.statement",
})  # fmt: skip
"""Published files that scripts of other sites may read. Their redirects, errors and preflights
need the same headers, or a browser hides the answer from the script."""
_OPEN = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD", "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
}  # fmt: skip

LANDING_PAGES = frozenset({"public.home", "public.bill", "public.privacy", "resident.start"})
"""English pages where people arrive by a link, which chose the language for them."""


def offers_spanish() -> bool:
    """Whether to offer Spanish on this page: it is an English landing page, and the browser
    prefers Spanish."""
    if request.endpoint not in LANDING_PAGES:
        return False
    g.by_language = True
    return request.accept_languages.best_match(list(LANGUAGES)) == "es"


def _cached_for_back(response: Response) -> bool:
    """Whether this is a resident's page for a browser without JavaScript, as the form says.

    *Back* can show such a page again, with what was typed, only if the browser may cache it;
    otherwise the browser shows an error. With JavaScript the tab itself keeps the draft.
    """
    if response.mimetype != "text/html" or request.method != "POST":
        return False
    if not (request.endpoint or "").removeprefix("es_").startswith("resident."):
        return False
    try:
        return "plain" in posted()
    except HTTPException:  # too large to parse, as the page says
        return False


class SiteResponse(Response):
    """A response with ``HEADERS``, except those that it sets itself.

    They are appended as one list at the end, because setting each of them takes longer than all
    of a page's own headers.
    """

    def get_wsgi_response(
        self, environ: WSGIEnvironment
    ) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        body, status, own = super().get_wsgi_response(environ)
        present = {name.lower() for name, _value in own}
        if "frame-ancestors 'none'" not in self.headers.get("Content-Security-Policy", POLICY):
            present.add("x-frame-options")  # its DENY would win in browsers without frame-ancestors
        return body, status, own + [pair for low, pair in _HEADERS if low not in present]


def _add_headers(response: Response) -> Response:
    if (request.endpoint or "").removeprefix("es_") in OPEN_DATA:
        response.headers.update(_OPEN)
        if request.method == "OPTIONS":
            response.headers.update(_PREFLIGHT)
    if g.get("own_policy"):
        response.headers["Content-Security-Policy"] = g.own_policy
    if g.get("by_language"):
        response.vary.add("Accept-Language")
    if request.is_secure or services().settings.site_url.startswith("https://"):
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint == "static" and response.status_code in (200, 206, 304):
        response.headers["Cache-Control"] = FOREVER if "v" in queried() else "no-cache"
    elif "shared_seconds" in g and response.status_code in (200, 304):
        response.headers["Cache-Control"] = f"public, max-age={g.shared_seconds}"
    elif g.get("public_page") and request.method in ("GET", "HEAD"):
        response.headers["Cache-Control"] = "no-cache"
    else:
        if request.method == "GET" and "forget" in queried():
            response.headers["Clear-Site-Data"] = '"cache"'  # the pages cached for Back
        kept = "private, no-cache" if _cached_for_back(response) else "no-store"
        response.headers["Cache-Control"] = kept
        if not g.get("listed"):
            response.headers["X-Robots-Tag"] = "noindex"
    return response


def set_up_headers(app: Flask) -> None:
    """Register the headers and the compression."""
    app.after_request(_add_headers)
    app.after_request(_compress)  # Flask runs the last one first
    app.jinja_env.globals["offers_spanish"] = offers_spanish


# --- compression, for slow connections where no proxy does it ---

SMALLEST = 1024
"""Bytes. A smaller response takes the same number of packets either way."""
COMPRESSED_TYPES = frozenset({
    "text/html", "text/css", "text/javascript", "text/plain", "text/xml", "application/javascript",
    "application/json", "application/schema+json", "application/xml", "application/atom+xml",
    "image/svg+xml",
})  # fmt: skip


def _compress(response: Response) -> Response:
    """Compress text that is complete and large enough, if the browser accepts gzip.

    Except for static files, a request with a cookie gets no compression. Only organizers have a
    cookie, and if one of their pages contains a secret next to text from its URL, its compressed
    length reveals when the text matches the secret (BREACH). Residents send no credential that
    another site could make their browser attach.
    """
    static = request.endpoint == "static"
    if (
        response.mimetype not in COMPRESSED_TYPES
        or response.status_code not in (200, 400, 404, 409, 422)
        or (response.is_streamed and not static)
        or "Content-Encoding" in response.headers
    ):
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings.quality("gzip") <= 0 or (request.cookies and not static):
        return response
    response.direct_passthrough = False
    plain = response.get_data()
    if len(plain) < SMALLEST or request.method == "HEAD":
        return response
    response.set_data(gzip.compress(plain, 6, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    response.headers.pop("Accept-Ranges", None)
    tag, weak = response.get_etag()
    if tag and not weak:  # a strong tag must not name different bytes
        response.set_etag(tag, weak=True)
    return response
