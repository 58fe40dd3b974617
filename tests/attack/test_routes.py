"""Every route: its headers, its methods, guessed addresses, forged hosts, redirects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.records.signing import receipt_token
from app.site.services import services
from app.web.headers import HEADERS, OPEN_DATA
from app.web.organizer.gate import EXTENSION
from tests.attack.surface import paths
from tests.organizers.browser import Browser
from tests.organizers.conftest import LOGIN, Office, Someone
from tests.safety.web import Site, site

HTTPS = "https://letters.example.org"
PERSONAL = re.compile(r"/(es/)?(find|write|review|sign|take|print|receipt|confirm|copy|organize)")
FOR_OTHER_SITES = frozenset({
    "Content-Security-Policy", "X-Frame-Options", "Cross-Origin-Resource-Policy",
})  # fmt: skip
"""The headers in which the public counter may differ, because other sites may embed it."""
VERBS = ("PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "HEAD", "CONNECT", "PROPFIND", "GETT")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, limits=False, site_url=HTTPS) as made:
        made.app.extensions[EXTENSION] = LOGIN
        made.app.testing = False  # failures become pages, as on a running site
        yield made


def rows(here: Site) -> list[tuple[str, int]]:
    names = [r[0] for r in here.db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
    quiet = [n for n in sorted(names) if "throttle" not in n and "sessions" not in n]
    return [(n, here.db.execute(f"SELECT count(*) FROM {n}").fetchone()[0]) for n in quiet]


def test_every_route_sends_every_security_header(here: Site) -> None:
    visited = 0
    for endpoint, pattern, methods in paths(here.app):
        path = "/static/site.css" if endpoint == "static" else pattern
        for method in sorted(methods & {"GET", "POST"}):
            answer = here.client.flask.open(path, method=method, base_url=HTTPS, buffered=True)
            what = f"{method} {path}: {answer.status}"
            assert answer.status_code < 500, what
            for_others = "counter_pages." in endpoint or endpoint.removeprefix("es_") in OPEN_DATA
            for name, value in HEADERS.items():
                if not (for_others and name in FOR_OTHER_SITES):
                    assert answer.headers.get(name) == value, f"{what}: {name}"
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy, what
            assert "unsafe" not in policy, what
            if "counter_pages." in endpoint:  # numbers only: nothing can be typed or pressed
                assert "<form" not in answer.text, what
                assert "<input" not in answer.text, what
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000", what
            kept = answer.headers["Cache-Control"]
            assert kept == "no-store" if PERSONAL.match(path) else kept, what
            # The form that asks for the ZIP contains nothing personal until it is sent.
            empty = method == "GET" and endpoint.removeprefix("es_") == "resident.start"
            if PERSONAL.match(path) and not empty:
                assert answer.headers["X-Robots-Tag"] == "noindex", what
            for cookie in answer.headers.getlist("Set-Cookie"):
                assert cookie.startswith("__Host-"), what
                for part in ("Secure", "HttpOnly", "SameSite=", "Path=/"):
                    assert part in cookie, f"{what}: {cookie}"
                assert "Domain" not in cookie
                assert "/organize" in path, f"{what}: a resident gets no cookie"
            visited += 1
    assert visited > 150


@pytest.mark.parametrize("verb", VERBS)
def test_no_undeclared_method_has_an_effect_on_any_route(here: Site, verb: str) -> None:
    here.sign(here.form_at(HTTPS))
    before = rows(here)
    allowed: dict[str, set[str]] = {}
    english = []
    for endpoint, path, methods in sorted(paths(here.app), key=lambda p: p[0].startswith("es_")):
        if endpoint.startswith("es_"):  # the same view, which takes the same verbs
            assert (endpoint.removeprefix("es_"), methods) in english
        else:
            english.append((endpoint, methods))
            allowed.setdefault(path, set()).update(methods)
    for path, methods in allowed.items():
        answer = here.client.flask.open(path, method=verb, base_url=HTTPS, data={"zip": "01930"})
        answer.close()  # a file that nobody reads
        assert answer.status_code < 500, f"{verb} {path}"
        if verb not in methods:
            assert answer.status_code in (302, 308, 403, 404, 405), f"{verb} {path}"
        override = here.client.flask.post(
            path, base_url=HTTPS, headers={"X-HTTP-Method-Override": verb}
        )
        assert override.status_code < 500
    assert [r for r in rows(here) if r[0] != "audit_events"] == [
        r for r in before if r[0] != "audit_events"
    ]


@pytest.mark.parametrize(
    "host",
    ["evil.example", "letters.example.org.evil.example", "letters.example.org@evil.example",
     "localhost", "127.0.0.1", "letters.example.org:8000@x", "[::1]", "x" * 300, ""],
)  # fmt: skip
def test_a_forged_host_is_refused_and_never_echoed(here: Site, host: str) -> None:
    for path in ("/", "/find", "/es/privacy", "/organize/login", "/nowhere"):
        answer = here.client.flask.get(path, base_url=HTTPS, headers={"Host": host})
        assert answer.status_code == 400, path
        assert "evil.example" not in answer.text + str(answer.headers)


def test_a_forwarded_host_is_ignored_without_a_trusted_proxy(here: Site) -> None:
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http",
               "X-Original-URL": "/organize/", "X-Rewrite-URL": "/organize/"}  # fmt: skip
    answer = here.client.flask.get("/", base_url=HTTPS, headers=headers)
    assert answer.status_code == 200
    assert "evil.example" not in answer.text


def test_no_guessed_receipt_token_works(here: Site) -> None:
    taken = here.sign(here.form_at(HTTPS))
    real = here.resident().receipt_path(taken).rpartition("/")[2]
    near = [real[:-1] + c for c in "ABCDEFGHIJ" if c != real[-1]]
    near += [real[:42], real + "A", real.lower(), real.upper(), "1", "2", "0", "-1", "null",
             "%2e%2e", "%00" + real, real + "%00", real + "/", "*", "%25", "' OR 1--"]  # fmt: skip
    near += [receipt_token(b"another secret of another site..", f"form-{n}") for n in range(5)]
    unknown = set()
    for guess in near:
        for end in ("", "/withdraw", "/forget"):
            method = "POST" if end else "GET"
            answer = here.client.flask.open(f"/receipt/{guess}{end}", method=method, base_url=HTTPS)
            assert answer.status_code in (404, 405, 308), f"{guess}{end}"
            if answer.status_code == 404:
                unknown.add(re.sub(r'href="[^"]*"', "", answer.text))
    assert len(unknown) <= 2  # that no receipt is there, or no such page: nothing else
    assert here.statuses() == ["counted"]


NEXT = (
    "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "https:evil",
    "/organize/../../evil", "javascript:alert(1)", "/organize\r\nX-Bad: 1", "/organize@evil.ex",
    "/organize//evil.example", "http:/evil.example", "/%2f%2fevil.example", "/\tevil.example",
    "data:text/html,x", "/organize/%0d%0aX-Bad:1", "///evil.example", "/find", "/es//evil.example",
)  # fmt: skip


def office(here: Site) -> tuple[Office, Browser]:
    made = Office(here.db)
    made.clock.at = here.clock.now

    class Moving:
        """The browser's clock moves the site's."""

        @property
        def at(self) -> object:
            return here.clock.now

        def forward(self, **how: float) -> object:
            here.clock.forward(**how)
            made.clock.at = here.clock.now
            return here.clock.now

    return made, Browser(here.app, Moving(), base=HTTPS)  # type: ignore[arg-type]


@pytest.mark.parametrize("target", NEXT)
def test_no_redirect_leads_to_another_site(here: Site, target: str) -> None:
    made, browser = office(here)
    who = made.add()
    browser.get("/organize/login")
    path, form = browser.form("/login")
    here.clock.forward(minutes=1)
    for address in (path, "/organize/code", "/organize/confirm", "/organize/logout"):
        form = {**form, "next": target, "name": who.name, "password": "correct horse battery"}
        browser.post(address, form, follow=False)
        check_location(browser)
    for query in ("/organize/login", "/organize/code", "/organize/confirm"):
        answer = here.client.flask.get(query, query_string={"next": target}, base_url=HTTPS)
        location = answer.headers.get("Location", "/organize")
        assert re.match(r"/(?![/\\])(es/)?organize", location), location
        assert f'href="{target}"' not in answer.text
        assert f'value="{target}"' not in answer.text or target == "/find"


def check_location(browser: Browser) -> None:
    location = browser.last.headers.get("Location")
    assert location is None or re.match(r"/(?![/\\])(es/)?organize", location), location
    assert "X-Bad" not in browser.last.headers


def test_a_planted_session_cookie_is_useless(here: Site) -> None:
    made, browser = office(here)
    who: Someone = made.add()
    names = {"__Host-organizer", "__Host-visitor"}
    for name in names:
        browser.client.set_cookie(name, "planted-by-somebody-else", domain="letters.example.org")
    browser.log_in(who)
    given = browser.client.get_cookie("__Host-organizer", domain="letters.example.org")
    assert given
    assert "planted" not in given.value
    thief = Browser(here.app, browser.clock, base=HTTPS)
    for name in names:
        thief.client.set_cookie(name, "planted-by-somebody-else", domain="letters.example.org")
    thief.get("/organize/", follow=False)
    assert thief.status == 302
    assert "/login" in thief.last.headers["Location"]


def test_only_an_admin_with_a_fresh_password_can_add_an_organizer(here: Site) -> None:
    makers = [f for f in Path("app/web").rglob("*.py") if "add_organizer" in f.read_text()]
    assert [f.name for f in makers] == ["accounts.py"]
    assert makers[0].read_text().count("add_organizer(") == 1
    view = here.app.view_functions["organizer.invite"]
    assert (view.__dict__["access"], view.__dict__["fresh"]) == ("admin", True)


def test_each_of_two_sites_uses_its_own_services(here: Site, tmp_path: Path) -> None:
    folder = tmp_path / "second"
    folder.mkdir()
    with site(folder, site_url="https://second.example.org") as second:
        for one in (here, second, here):
            with one.app.test_request_context("/", base_url=one.settings.site_url):
                assert services().settings is one.settings
        here.sign(here.form_at(HTTPS))
        signed = [db.execute("SELECT count(*) FROM signatures").fetchone()[0]
                  for db in (here.db, second.db)]  # fmt: skip
        assert signed == [1, 0]
