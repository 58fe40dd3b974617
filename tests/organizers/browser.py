"""An organizer's browser: keeps cookies, fills in forms, and lints every page that it gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import pyotp
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.organizers.conftest import PASSWORD, Clock, Someone
from tests.web.lint import Html, lint, words

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass
class Browser:
    """One browser. ``last`` is the last response; ``page`` is the last HTML page."""

    app: Flask
    clock: Clock
    address: str = "198.51.100.7"
    base: str = "http://localhost"
    client: FlaskClient = field(init=False)
    last: TestResponse = field(init=False)
    page: Html = field(init=False)
    path: str = ""
    cookies: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    def _take(self, response: TestResponse, path: str) -> Browser:
        self.last, self.path = response, path
        self.cookies = response.headers.getlist("Set-Cookie")
        if response.mimetype == "text/html" and response.status_code not in (301, 302, 303):
            response.headers.remove("Set-Cookie")
            self.page = lint(response, path)
        return self

    def _environ(self) -> dict[str, Any]:
        return {
            "environ_overrides": {"REMOTE_ADDR": self.address},
            "base_url": self.base,
            "headers": {"User-Agent": AGENT},
        }

    def get(self, path: str, *, follow: bool = True) -> Browser:
        self._take(self.client.get(path, **self._environ()), path)
        return self._follow() if follow else self

    def post(
        self, path: str, data: Any = None, *, follow: bool = True, content_type: str | None = None
    ) -> Browser:
        answer = self.client.post(
            path, data=data or {}, content_type=content_type, **self._environ()
        )
        self._take(answer, path)
        return self._follow() if follow else self

    def _follow(self) -> Browser:
        hops = 0
        while self.last.status_code in (301, 302, 303):
            hops += 1
            assert hops < 6, "a redirect loop"
            target = urlsplit(self.last.headers["Location"])
            assert not target.netloc
            path = target.path + (f"?{target.query}" if target.query else "")
            self._take(self.client.get(path, **self._environ()), path)
        return self

    def form(self, action: str, number: int = 0) -> tuple[str, dict[str, Any]]:
        """The action and the fields of the form whose action ends with ``action``."""
        forms = [f for f in self.page.all("form") if (f.get("action") or "").endswith(action)]
        if not forms:
            buttons = [b for b in self.page.all("button")
                       if (b.get("formaction") or "").endswith(action)]  # fmt: skip
            ids = {button.get("form") for button in buttons}
            forms = [f for f in self.page.all("form") if f.get("id") in ids]
            if forms:
                forms[0].set("action", buttons[0].get("formaction") or "")
        assert forms, f"no form to {action} on {self.path}: {self.page.words[:500]}"
        form = forms[number]
        sent: dict[str, Any] = {}
        for e in form.iter():
            name = e.get("name")
            if not name:
                continue
            if e.get("type") in ("radio", "checkbox") and e.get("checked") is None:
                continue
            if e.tag == "select":
                options = [*e.iter("option")]
                e = next(  # noqa: PLW2901
                    (o for o in options if o.get("selected") is not None), options[0]
                )
            value = e.get("value")
            sent[name] = "".join(e.itertext()) if value is None else value
        return form.get("action") or "", sent

    def send(self, action: str, follow: bool = True, number: int = 0, **typed: str) -> Browser:
        """Fill in a form of the current page and submit it."""
        path, data = self.form(action, number)
        return self.post(path, {**data, **typed}, follow=follow)

    @property
    def status(self) -> int:
        return self.last.status_code

    @property
    def words(self) -> str:
        return self.page.words

    @property
    def title(self) -> str:
        return words(self.page.all("h1")[0])

    def cookie(self, name: str) -> str:
        found = self.client.get_cookie(name)
        return found.value if found else ""

    def set_cookies(self) -> dict[str, str]:
        """The ``Set-Cookie`` lines of the last response, by the cookie's name."""
        found = {}
        for line in self.cookies:
            parsed = SimpleCookie()
            parsed.load(line)
            for name in parsed:
                found[name] = line
        return found

    def enter(self, who: Someone) -> Browser:
        """Log in by setting the session cookie, a minute after the organizer was added."""
        self.clock.forward(minutes=1)
        self.client.set_cookie("organizer", who.token)
        return self

    def log_in(self, who: Someone, password: str = PASSWORD, prefix: str = "") -> Browser:
        """Log in through the pages, a minute later, so that the code is a new one."""
        self.clock.forward(minutes=1)
        self.get(f"{prefix}/organize/login")
        self.send("/login", name=who.name, password=password)
        assert self.status == 200, self.words
        self.send("/code", code=pyotp.TOTP(who.totp).at(self.clock.at))
        assert self.status == 200, self.words
        return self
