"""The three cookies that organizers have, and none that residents have.

All are HttpOnly and SameSite=Strict. On a site with HTTPS their names begin with ``__Host-``,
so that no neighbouring subdomain can plant one.
"""

from __future__ import annotations

import re
from typing import Literal

from flask import after_this_request, g, request
from werkzeug.wrappers import Response

from app.records.credentials import new_token
from app.records.throttle import Client
from app.site.services import services

Kind = Literal["organizer", "organizer-form", "organizer-device"]
DEVICE_SECONDS = 180 * 24 * 3600
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")

BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"),
            ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))  # fmt: skip
SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
           ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"))  # fmt: skip


def is_secure() -> bool:
    """Whether browsers reach this site by HTTPS, as the settings or the request say."""
    return request.is_secure or services().settings.site_url.startswith("https://")


def cookie_name(kind: Kind) -> str:
    """``__Host-organizer`` on a site with HTTPS, ``organizer`` on a laptop."""
    return f"__Host-{kind}" if is_secure() else kind


def read_cookie(kind: Kind) -> str:
    """The token in a cookie; empty when there is none or it is not one of ours in form."""
    value = request.cookies.get(cookie_name(kind), "")
    return value if TOKEN.fullmatch(value) else ""


def set_cookie(kind: Kind, value: str, seconds: int | None = None) -> None:
    """Set a cookie on the response to the present request; empty takes it away."""
    name, secure = cookie_name(kind), is_secure()

    @after_this_request
    def add(response: Response) -> Response:
        if value:
            response.set_cookie(
                name, value, max_age=seconds, path="/", secure=secure, httponly=True,
                samesite="Strict",
            )  # fmt: skip
        else:
            response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="Strict")
        return response


def visitor_nonce() -> str:
    """The random value that binds a visitor's log-in form to their browser."""
    if "visitor_nonce" not in g:
        g.visitor_nonce = read_cookie("organizer-form")
        if not g.visitor_nonce:
            g.visitor_nonce = new_token()
            set_cookie("organizer-form", g.visitor_nonce)
    return str(g.visitor_nonce)


def device_label(agent: str) -> str:
    """``Firefox on Linux``: enough to tell one's own sessions apart, and no more."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return " on ".join(part for part in (browser, system) if part)


def client() -> Client:
    """Where the present request comes from. A browser without a mark is given one to carry,
    which counts for nothing until it has logged in."""
    if "client" not in g:
        device = read_cookie("organizer-device") or new_token()
        set_cookie("organizer-device", device, DEVICE_SECONDS)
        label = device_label(request.headers.get("User-Agent", ""))
        g.client = Client(request.remote_addr or "", device, label)
    return g.client  # type: ignore[no-any-return]
