"""What happens to a request before any view: cross-site posts, oversized requests, encodings.

A request that cannot be read is the client's error, and is answered with a page that says so,
never with a server error.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO
from typing import IO, Any, cast
from urllib.parse import unquote_to_bytes, urlsplit

from flask import Flask, Request, Response, abort, current_app, g, request
from flask.sessions import NullSession, SessionInterface, SessionMixin
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.exceptions import BadRequest, SecurityError
from werkzeug.formparser import FormDataParser

from app.site import watching
from app.site.rooms import LARGEST_FILE
from app.site.services import services
from app.text import decode
from app.web.headers import SiteResponse

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 5000
"""Per form; our largest, a sheet of paper signatures, has a few hundred."""
LONGEST_ADDRESS = 2000
MOST_HEADERS = 60

Parsed = tuple[IO[bytes], MultiDict[str, Any], MultiDict[str, Any]]


class _FormParser(FormDataParser):
    """Decodes a form in whatever encoding it arrived.

    A browser sends UTF-8, as our pages request. A value from an old program, or one assembled by
    hand, must not become ``Zo%E8`` in a letter.
    """

    def parse(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str] | None = None,
    ) -> Parsed:
        if mimetype != FORM:
            return super().parse(stream, mimetype, content_length, options)
        body = stream.read()
        if body.count(b"&") > MOST_FIELDS:  # parsing 200,000 fields takes a second
            abort(413)
        body = body.replace(b"+", b" ")
        pairs = (pair.partition(b"=") for pair in body.split(b"&") if pair)
        values = ((_text(name), _text(value)) for name, _, value in pairs)
        return stream, self.cls(values), self.cls()


def _text(quoted: bytes) -> str:
    return decode(unquote_to_bytes(quoted) if b"%" in quoted else quoted)


class SiteRequest(Request):
    form_data_parser_class = _FormParser

    def _get_file_stream(self, *_about: Any, **_more: Any) -> IO[bytes]:
        """Keep an uploaded file in memory. Werkzeug calls this for the stream, and its default
        writes a large file, such as a sheet of names, to disk."""
        return BytesIO()


def same_site(origin: str, scheme: str, host: str) -> bool:
    """Whether an ``Origin`` header names a site: its scheme, its host and its port.

    ``host`` is the request's, with its port unless that is the scheme's default. Raises
    ``ValueError`` for a malformed origin.
    """
    there, here = urlsplit(origin), urlsplit(f"{scheme}://{host}")
    usual = {"http": 80, "https": 443}
    return (there.scheme, there.hostname, there.port or usual.get(there.scheme)) == (
        here.scheme, here.hostname, here.port or usual.get(here.scheme)
    )  # fmt: skip


def _refuse_other_sites() -> None:
    """Refuse a POST that another site's page caused.

    Browsers report where a request comes from in ``Sec-Fetch-Site``, older ones only in
    ``Origin``. Our pages send no referrer, which turns ``Origin`` into ``null`` even on our own
    forms, so ``null`` alone proves nothing.
    """
    if request.method != "POST":
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in ("same-origin", "none"):
            abort(403)
        return
    origin = request.headers.get("Origin")
    if not origin or origin == "null":
        return
    try:
        if not same_site(origin, _scheme(), request.host):
            abort(403)
    except ValueError:
        raise BadRequest from None


def _refuse_oversized() -> None:
    """Refuse an address or a set of headers that none of our pages makes a browser send."""
    if len(request.environ.get("REQUEST_URI", "")) > LONGEST_ADDRESS:
        abort(414)
    environ = request.environ
    # It has more entries than there are headers, so this cheap check comes first.
    if len(environ) > MOST_HEADERS and (
        sum(name.startswith("HTTP_") for name in environ) > MOST_HEADERS
    ):
        abort(431)


def _scheme() -> str:
    """The scheme that visitors use; a proxy may reach us by plain HTTP."""
    site_url = services().settings.site_url
    return urlsplit(site_url).scheme if site_url else request.scheme


def forget_form() -> None:
    """Treat a form that could not be parsed as empty, so that a page can still be rendered."""
    request.__dict__["form"] = ImmutableMultiDict()


def part_of_site(endpoint: str | None) -> str:
    """Which of ``watching.PARTS`` a view belongs to."""
    blueprint, _, view = (endpoint or "").removeprefix("es_").partition(".")
    if blueprint == "resident":
        return "signing" if view == "sign" and request.method == "POST" else "resident"
    if blueprint in ("public", "counter_pages", "verify_pages", "well_known"):
        return "public"
    if blueprint.startswith("organizer"):
        return "organizer"
    return "static" if endpoint == "static" else "other"


def _begin() -> None:
    if watching.meters:
        g.began = time.perf_counter()


def _answer_monitors() -> Response | None:
    """Answer health checks under any host name: a local monitor does not know the site's."""
    view = {"/healthz": "well_known.alive", "/readyz": "well_known.ready"}.get(request.path)
    if view and isinstance(request.routing_exception, SecurityError):
        return cast(Response, current_app.view_functions[view]())
    return None


def _count(response: Response) -> Response:
    """Record the response in the operator's metrics, if they are on."""
    if watching.meters and "began" in g:
        watching.meters.note(part_of_site(request.endpoint), response.status_code, g.began)
    return response


class SessionlessInterface(SessionInterface):
    """Disables Flask's session, so that no page can store anything in a signed cookie.

    Residents have no cookie at all, and organizers' sessions are in the database. Writing to
    ``flask.session`` raises Flask's own error.
    """

    def open_session(self, _app: Flask, _request: Request) -> SessionMixin | None:
        return NullSession()

    def save_session(self, _app: Flask, _session: SessionMixin, _response: Response) -> None:
        """Nothing to save."""


class SiteFlask(Flask):
    """A Flask application with the request, response and session classes of this site."""

    request_class = SiteRequest
    response_class = SiteResponse
    session_interface = SessionlessInterface()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """``func`` itself. No view is asynchronous, and Flask would check on every call."""
        return func


def set_up_requests(app: Flask) -> None:
    """Register all of this with an application."""
    app.jinja_env.globals["largest_file"] = LARGEST_FILE
    app.before_request(_begin)
    app.before_request(_answer_monitors)
    app.after_request(_count)
    app.before_request(_refuse_oversized)
    app.before_request(_refuse_other_sites)
