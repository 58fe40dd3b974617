"""What happens to a request before any page sees it: forms from elsewhere, floods, encodings.

A request that we cannot read is answered as what it is, somebody else's mistake, with words:
never as a failure of ours.
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
"""In one form; the largest of ours, a sheet of paper signatures, has a few hundred."""
LONGEST_ADDRESS = 2000
MOST_HEADERS = 60

Parsed = tuple[IO[bytes], MultiDict[str, Any], MultiDict[str, Any]]


class _FormReader(FormDataParser):
    """Reads a form in the encoding that it came in.

    A browser sends UTF-8, as our pages ask it to. What comes from an old program, or was
    pasted together, must not become ``Zo%E8`` in somebody's letter.
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
        if body.count(b"&") > MOST_FIELDS:  # taking 200,000 fields apart costs a second
            abort(413)
        body = body.replace(b"+", b" ")
        pairs = (pair.partition(b"=") for pair in body.split(b"&") if pair)
        values = ((_text(name), _text(value)) for name, _, value in pairs)
        return stream, self.cls(values), self.cls()


def _text(quoted: bytes) -> str:
    return decode(unquote_to_bytes(quoted) if b"%" in quoted else quoted)


class SiteRequest(Request):
    form_data_parser_class = _FormReader

    def _get_file_stream(self, *_about: Any, **_more: Any) -> IO[bytes]:
        """Where a file that comes along is put, which Werkzeug leaves to whoever overrides this: in
        memory, where its own way would put a large one, such as a sheet of people, on the disk."""
        return BytesIO()


def same_site(origin: str, scheme: str, host: str) -> bool:
    """Whether an ``Origin`` header names a site: its scheme, its host and its port.

    ``host`` is the request's own, with the port where it is not the scheme's. Raises
    ``ValueError`` for an origin that is none.
    """
    there, here = urlsplit(origin), urlsplit(f"{scheme}://{host}")
    usual = {"http": 80, "https": 443}
    return (there.scheme, there.hostname, there.port or usual.get(there.scheme)) == (
        here.scheme, here.hostname, here.port or usual.get(here.scheme)
    )  # fmt: skip


def _refuse_other_sites() -> None:
    """Refuse a POST that another site's page caused.

    Browsers say where a request comes from in ``Sec-Fetch-Site``; older ones only in
    ``Origin``. Our pages send no referrer, which turns ``Origin`` into ``null`` even on our
    own forms, so ``null`` alone proves nothing.
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


def _refuse_floods() -> None:
    """Refuse what no page of ours makes a browser send."""
    if len(request.environ.get("REQUEST_URI", "")) > LONGEST_ADDRESS:
        abort(414)
    environ = request.environ  # with more than the headers, so it is seldom looked through
    if len(environ) > MOST_HEADERS and (
        sum(name.startswith("HTTP_") for name in environ) > MOST_HEADERS
    ):
        abort(431)


def _scheme() -> str:
    """How visitors reach the site; a proxy in front may have taken the ``s`` off."""
    site_url = services().settings.site_url
    return urlsplit(site_url).scheme if site_url else request.scheme


def forget_form() -> None:
    """Count a form that could not be read as empty, so that a page can be made all the same."""
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
    """By whatever name: a monitor on this machine does not know the site's own."""
    view = {"/healthz": "well_known.alive", "/readyz": "well_known.ready"}.get(request.path)
    if view and isinstance(request.routing_exception, SecurityError):
        return cast(Response, current_app.view_functions[view]())
    return None


def _count(response: Response) -> Response:
    """For the operator's numbers, where there are any."""
    if watching.meters and "began" in g:
        watching.meters.note(part_of_site(request.endpoint), response.status_code, g.began)
    return response


class SessionlessInterface(SessionInterface):
    """Flask's session, taken away: no page can keep anything in a cookie that Flask signs.

    Residents have no cookie at all, and organizers' sessions lie in the database. Using
    ``flask.session`` fails with Flask's own words.
    """

    def open_session(self, _app: Flask, _request: Request) -> SessionMixin | None:
        return NullSession()

    def save_session(self, _app: Flask, _session: SessionMixin, _response: Response) -> None:
        """Nothing to save."""


class SiteFlask(Flask):
    """An application whose requests are read as above."""

    request_class = SiteRequest
    response_class = SiteResponse
    session_interface = SessionlessInterface()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """As it is: nothing here is asynchronous, and Flask would look at each call for that."""
        return func


def set_up_requests(app: Flask) -> None:
    """Add all of it to a site."""
    app.jinja_env.globals["largest_file"] = LARGEST_FILE
    app.before_request(_begin)
    app.before_request(_answer_monitors)
    app.after_request(_count)
    app.before_request(_refuse_floods)
    app.before_request(_refuse_other_sites)
