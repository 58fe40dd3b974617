"""Text in fewer bytes, for people on slow lines, without a proxy's help."""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

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


def set_up_compression(app: Flask) -> None:
    """Add it to a site."""
    app.after_request(_compress)
