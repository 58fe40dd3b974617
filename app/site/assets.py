"""Static files and their fingerprinted addresses."""

from __future__ import annotations

import hashlib
from functools import cache

from flask import has_request_context, url_for

from app.site.services import services
from app.site.settings import ROOT

STATIC = ROOT / "app" / "web" / "static"
LARGEST_CARD = 80_000
"""Bytes. Some messengers show nothing larger."""


def card_name(lang: str) -> str:
    """The file name of the preview picture for links to the site."""
    return f"card-{lang}.png"


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a static file, with a fingerprint of its contents.

    It is the same for every campaign, so a browser fetches the file once.
    """
    address = url_for("static", filename=name, v=_fingerprint(name))
    return address.removeprefix(services().standing.prefix) if has_request_context() else address
