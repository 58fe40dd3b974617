"""What every response carries: its headers, and its text in fewer bytes."""

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
    """Say that the present page holds nothing of anyone's: it may be kept and indexed."""
    g.public_page = g.listed = True


def listed() -> None:
    """Say that the present page may be indexed, though a browser should not keep it."""
    g.listed = True


def shared(seconds: int, *, policy: str = "") -> None:
    """Say that anybody may keep the present answer for so long, because it is about nobody.

    With a ``policy`` of its own, which says who may, it may stand in a frame of another site.
    """
    g.shared_seconds, g.own_policy = seconds, policy


def framing() -> None:
    """Say that the present page shows a picture of this site in a frame."""
    g.own_policy = f"{POLICY}; frame-src 'self'"


def framed() -> None:
    """Say that the present answer is such a picture: only our own pages may frame it."""
    g.own_policy = POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")


FIRST_PAGES = frozenset({"public.home", "public.bill", "public.privacy", "resident.start"})
"""Where people arrive by a link, which chose the language for them."""


def offers_spanish() -> bool:
    """Whether to offer Spanish on the present page: it is one where people arrive, it is in
    English, and the browser would rather have Spanish."""
    if request.endpoint not in FIRST_PAGES:
        return False
    g.by_language = True
    return request.accept_languages.best_match(list(LANGUAGES)) == "es"


def _needs_its_page_again(response: Response) -> bool:
    """Whether this is a page of the way for a browser without JavaScript, as its form says.

    Back shows such a page again, with what was typed, only where the browser may keep it; else
    it shows an error page of its own. Where JavaScript runs, the tab itself keeps the draft.
    """
    way = (request.endpoint or "").removeprefix("es_").startswith("resident.")
    if not way or request.method != "POST" or response.mimetype != "text/html":
        return False
    try:
        return "plain" in posted()
    except HTTPException:  # too large to be read, as the page says
        return False


class SiteResponse(Response):
    """A response that leaves with ``HEADERS``, but for those that it has of its own.

    They are joined as the last, because to set each of them takes longer than all of a page's.
    """

    def get_wsgi_response(
        self, environ: WSGIEnvironment
    ) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        body, status, own = super().get_wsgi_response(environ)
        present = {name.lower() for name, _value in own}
        if "frame-ancestors 'none'" not in self.headers.get("Content-Security-Policy", POLICY):
            present.add("x-frame-options")  # older browsers know no finer rule
        return body, status, own + [pair for low, pair in _HEADERS if low not in present]


def _add_headers(response: Response) -> Response:
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
            response.headers["Clear-Site-Data"] = '"cache"'  # what a browser kept for its Back
        kept = "private, no-cache" if _needs_its_page_again(response) else "no-store"
        response.headers["Cache-Control"] = kept
        if not g.get("listed"):
            response.headers["X-Robots-Tag"] = "noindex"
    return response


def set_up_headers(app: Flask) -> None:
    """Add them to a site."""
    app.after_request(_add_headers)
    app.after_request(_compress)  # runs before it
    app.jinja_env.globals["offers_spanish"] = offers_spanish


# --- for people on slow lines, without a proxy's help ---

SMALLEST = 1024
"""Bytes. Below this the packets are the same with and without."""
KINDS = frozenset({
    "text/html", "text/css", "text/javascript", "text/plain", "text/xml", "application/javascript",
    "application/json", "application/schema+json", "application/xml", "application/atom+xml",
    "image/svg+xml",
})  # fmt: skip


def _compress(response: Response) -> Response:
    """Compress what is text, whole and large enough, for browsers that take it.

    Never in answer to a cookie, static files apart: only organizers have one, and a page that
    holds a secret of theirs beside words from its address would show by its length when the
    words guess the secret (BREACH). Residents bring nothing that another site could send along.
    """
    static = request.endpoint == "static"
    if (
        response.mimetype not in KINDS
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
    if tag and not weak:  # these are other bytes under the same tag
        response.set_etag(tag, weak=True)
    return response
