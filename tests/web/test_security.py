"""What every response guarantees, and what is refused on every page."""

from __future__ import annotations

import gzip
import logging
import re
import shutil
import sqlite3
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from app.main import create_app
from app.site.settings import Settings
from app.web import template_cache
from app.web.access import AccessRuleMissingError, access_rules
from tests.sites import Sites
from tests.web.conftest import Clock
from tests.web.lint import Client, Html, lint
from tests.web.resident import GLOUCESTER, Resident

POSTS = (
    "/find", "/write", "/address", "/review", "/sign", "/take", "/print", "/letters.pdf", "/mark",
)  # fmt: skip
GETS = ("/", "/find", "/about-the-bill", "/privacy", "/terms", "/accessibility")


def changed(settings: Settings, **changes: Any) -> Settings:
    return Settings(**{**{f.name: getattr(settings, f.name) for f in fields(settings)}, **changes})


def test_every_route_has_an_access_rule(app: Flask) -> None:
    rules = access_rules(app)
    assert rules["resident.sign"] == "anyone"
    assert rules["es_resident.sign"] == "anyone"


def test_a_route_without_an_access_rule_stops_the_start(settings: Settings) -> None:
    app = create_app(settings)
    stray = Blueprint("stray", __name__)
    stray.add_url_rule("/stray", "view", lambda: "")
    app.register_blueprint(stray)
    with pytest.raises(AccessRuleMissingError, match=r"stray\.view"):
        access_rules(app)


@pytest.mark.parametrize("path", GETS)
@pytest.mark.parametrize("prefix", ["", "/es"])
def test_every_page_passes_the_lint_and_is_small(client: Client, prefix: str, path: str) -> None:
    page = client.get(f"{prefix}{path}")
    assert len(page.text.encode()) < 45_000


@pytest.mark.parametrize("path", ["/", "/about-the-bill", "/find", "/privacy", "/accessibility"])
@pytest.mark.parametrize("lang", ["", "/es"])
def test_public_pages_describe_themselves_and_hold_no_ones_token(
    client: Client, path: str, lang: str
) -> None:
    """What Lighthouse requires of a page for search engines, checked without Lighthouse."""
    page = client.get(lang + path)
    assert len(str(page.one("meta", name="description").get("content"))) in range(50, 200)
    assert page.one("meta", name="viewport").get("content") == "width=device-width, initial-scale=1"
    assert page.one("html").get("lang") == ("es" if lang else "en")
    assert not [e for e in page.all("input") if e.get("name") == "token" and e.get("value")]


def test_every_page_has_a_distinct_title(client: Client) -> None:
    resident = Resident(client)
    pages = [*(client.get(path) for path in GETS), resident.find("60647"), resident.find("30165"),
             resident.find("94110", "NY"), resident.find("09012"), resident.find("00001"),
             resident.writing("01930"), resident.reviewing("01930"),
             resident.signed("01930")]  # fmt: skip
    titles = [page.title for page in pages]
    assert len(set(titles)) == len(titles)
    assert all(title.endswith(" · Dear Congress") for title in titles)


def test_only_public_pages_may_be_indexed(client: Client) -> None:
    for path in ("/", "/about-the-bill", "/privacy", "/find"):
        assert "noindex" not in client.get(path).text
    link = client.get("/find?zip=01930")
    for page in (link, Resident(client).find("01930"), Resident(client).find("", status=422)):
        assert page.one("meta", name="robots").get("content") == "noindex"


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
        {"Origin": "https://bad.example"},
        {"Origin": "http://localhost.bad.example"},
        {"Origin": "http://localhost:8080"},
        {"Origin": "https://localhost"},
        {"Origin": "ftp://localhost"},
        {"Origin": "localhost"},
        {"Origin": "http://localhost@bad.example"},
    ],
)
def test_forms_from_other_sites_are_refused(
    client: Client, path: str, headers: dict[str, str]
) -> None:
    client.post(path, {"zip": "01930"}, 403, headers=headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost"},
        {"Origin": "http://localhost:80"},
        {"Origin": "http://LOCALHOST"},
        {"Origin": "null"},
        {},
    ],
)
def test_the_sites_own_forms_are_accepted(client: Client, headers: dict[str, str]) -> None:
    """Our pages send no referrer, so browsers send ``Origin: null`` on our own forms too."""
    client.post("/find", {"zip": "01930"}, headers=headers)


@pytest.mark.parametrize("origin", ["http://[::1", "http://[", "http://x:99999", "http://x:a",
                                    "//[v1.x"])  # fmt: skip
def test_a_malformed_origin_gets_an_error_page(client: Client, origin: str) -> None:
    client.flask.application.testing = False
    page = client.post("/find", {"zip": "01930"}, 400, headers={"Origin": origin})
    assert "We could not read that" in page.words


HEADERS = ("Origin", "Host", "Referer", "Accept", "Accept-Language", "Accept-Encoding", "Cookie",
           "Content-Type", "Content-Length", "If-None-Match", "If-Modified-Since", "Range",
           "If-Range", "Authorization", "Cache-Control", "X-Forwarded-For", "X-Forwarded-Proto",
           "X-Forwarded-Host", "Forwarded", "Sec-Fetch-Site", "Date", "Transfer-Encoding",
           "User-Agent", "Expect")  # fmt: skip
ODD_VALUES = st.one_of(
    st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=60),
    st.text(st.sampled_from("[]:/@%;,=*\"' .0199abhtp?#-_q<>\\()"), max_size=40),
    st.sampled_from(["http://[::1", "[", "bytes=9-1", "bytes=" + "0-1," * 500, "1" * 5000, "-1"]),
)


@examples(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(HEADERS), ODD_VALUES, st.sampled_from(["/", "/find", "/es/"]))
def test_no_header_causes_a_server_error(client: Client, name: str, value: str, path: str) -> None:
    client.flask.application.testing = False
    key = name.upper().replace("-", "_")
    odd = {key if key.startswith("CONTENT") else f"HTTP_{key}": value}
    for method, data in (("GET", None), ("POST", {"zip": "01930"})):
        answer = client.flask.open(path, method=method, data=data, environ_overrides=odd)
        assert answer.status_code < 500, (name, value)


@pytest.mark.parametrize("path", ["/write", "/review", "/sign", "/take", "/print"])
def test_a_form_page_opened_without_its_form_says_what_to_do(client: Client, path: str) -> None:
    assert "from the beginning" in client.get(path).words
    assert "desde el principio" in client.get(f"/es{path}").words
    assert client.flask.head(path).status_code == 200


@pytest.mark.parametrize("path", ["/letters.pdf", "/mark"])
def test_endpoints_that_are_not_pages_accept_only_post(client: Client, path: str) -> None:
    assert "from the beginning" in client.get(path, 405).words


def test_a_missing_page_uses_the_language_of_its_address(client: Client) -> None:
    assert "Page not found" in client.get("/nowhere", 404).words
    assert "Esta página no existe" in client.get("/es/nowhere", 404).words
    assert "Page not found" in client.get("/especially", 404).words


def test_a_form_that_is_too_large_gets_an_error_page(client: Client) -> None:
    page = client.post("/review", {"zip": "01930", "story": "x" * 1_000_000}, 413)
    assert "10,000 characters" in page.words
    client.post("/es/find", {f"n{i}": "" for i in range(100_000)}, 413)


def test_a_server_error_shows_a_page_and_logs_nothing_from_the_form(
    settings: Settings, sites: Sites, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from app.web.resident import journey

    app = sites.open(settings)

    def fail(*_args: object) -> None:
        raise ValueError("88 Heron St")

    monkeypatch.setattr(journey, "look_up", fail)
    client = Client(app.test_client())
    with caplog.at_level(logging.DEBUG):
        page = client.post("/find", {"zip": "01930", "street": "88 Heron St"}, 500)
    assert "Something went wrong" in page.words
    assert "Heron" not in page.text
    assert "Heron" not in caplog.text
    assert "ValueError at app/web/resident/journey.py:" in caplog.text


def test_a_database_error_shows_a_page(
    settings: Settings, sites: Sites, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.web.public import public_pages

    def fail(*_args: object) -> None:
        raise sqlite3.OperationalError("no")

    monkeypatch.setattr(public_pages, "totals", fail)
    page = Client(sites.open(settings).test_client()).get("/es/", 500)
    assert "Algo falló" in page.words


@pytest.fixture
def public_app(settings: Settings, sites: Sites) -> Flask:
    return sites.open(changed(settings, site_url="https://letters.example.org", trusted_proxies=1))


def test_requests_for_another_host_are_refused(public_app: Flask) -> None:
    client = public_app.test_client()
    assert client.get("/privacy", base_url="https://letters.example.org").status_code == 200
    refused = client.get("/privacy", base_url="https://bad.example")
    assert refused.status_code == 400
    assert "bad.example" not in refused.text


def test_hsts_is_sent_only_over_https(public_app: Flask, client: Client) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "letters.example.org"}
    behind = public_app.test_client().get("/privacy", headers=headers)
    assert "max-age" in behind.headers["Strict-Transport-Security"]
    direct = client.flask.get("/privacy", headers=headers)
    assert "Strict-Transport-Security" not in direct.headers


def test_static_files_are_cached_forever_under_a_content_hash(client: Client) -> None:
    page = client.get("/")
    own = ("canonical", "alternate")
    links = [e.get("href") or "" for e in page.all("link") if e.get("rel") not in own]
    links += [e.get("src") or "" for e in page.all("script")]
    assert len(links) == 4, "with the page itself five of the six requests of a first visit"
    size = len(gzip.compress(page.text.encode()))
    for link in links:
        assert "?v=" in link
        with client.flask.get(link, headers={"Accept-Encoding": "gzip"}) as response:
            assert response.status_code == 200
            assert "immutable" in response.headers["Cache-Control"]
            size += len(response.data)
        with client.flask.get(link.partition("?")[0]) as plain:
            assert plain.headers["Cache-Control"] == "no-cache"
    assert size < 60_000


def test_pages_preload_the_typeface_the_stylesheet_uses(client: Client) -> None:
    page = client.get("/find")
    typeface = page.one("link", rel="preload").get("href") or ""
    style = page.one("link", rel="stylesheet").get("href") or ""
    with client.flask.get(style) as response:
        assert f'url("{typeface.removeprefix("/static/")}")'.encode() in response.data
    with client.flask.get(typeface) as response:
        assert len(response.data) < 30_000


def test_only_responses_without_secrets_are_compressed(
    client: Client,
) -> None:
    ask = {"Accept-Encoding": "br, gzip;q=0.8"}
    style = client.get("/find").one("link", rel="stylesheet").get("href") or ""
    for path in ("/", "/es/privacy", "/find", style):
        with client.flask.get(path) as plain, client.flask.get(path, headers=ask) as small:
            assert "Content-Encoding" not in plain.headers
            assert "Accept-Encoding" in str(plain.vary)
            assert "Accept-Encoding" in str(small.vary)
            assert small.headers["Content-Encoding"] == "gzip"
            assert len(small.data) < len(plain.data) / 2
            assert _without_tokens(gzip.decompress(small.data)) == _without_tokens(plain.data)
    # The response to a request with a cookie may contain a secret next to text from the URL.
    client.flask.set_cookie("session", "x")
    with client.flask.get("/find", headers=ask) as guarded:
        assert "Content-Encoding" not in guarded.headers
    client.flask.delete_cookie("session")
    for small_answer in ("/robots.txt", "/favicon.ico"):
        with client.flask.get(small_answer, headers=ask) as response:
            assert "Content-Encoding" not in response.headers
    with client.flask.get(style, headers=ask) as first:
        tag = first.headers["ETag"]
    with client.flask.get(style, headers={**ask, "If-None-Match": tag}) as again:
        assert again.status_code == 304


def _without_tokens(page: bytes) -> bytes:
    return re.sub(rb'name="token" value="[^"]*"', b"", page)


def test_search_engines_may_index_public_pages_and_nothing_personal(
    settings: Settings, sites: Sites
) -> None:
    base = "https://letters.example.org"
    contact = "mailto:press@letters.example.org"
    site = sites.open(changed(settings, site_url=base, contact=contact))
    get = partial(site.test_client().get, base_url=base)
    assert f"Sitemap: {base}/sitemap.xml" in get("/robots.txt").text
    listed = re.findall(r"<loc>([^<]+)</loc>", get("/sitemap.xml").text)
    assert listed == [f"{base}{p}" for p in (
        "/", "/es/", "/about-the-bill", "/es/about-the-bill", "/find", "/es/find",
    )]  # fmt: skip
    for address in listed:
        response = get(address.removeprefix(base))
        page = lint(response, address.removeprefix(base))
        assert "X-Robots-Tag" not in response.headers
        assert not [e for e in page.all("meta") if e.get("name") == "robots"]
        assert page.one("link", rel="canonical").get("href") == address
        others = {e.get("hreflang"): e.get("href") for e in page.all("link") if e.get("hreflang")}
        assert set(others) == {"en", "es"}
        assert address in others.values()
    for private in ("/?zip=01930", "/find?zip=01930", "/review", "/receipt/nothing", "/verify"):
        assert get(private).headers["X-Robots-Tag"] == "noindex", private
    told = get("/.well-known/security.txt").text
    assert "Contact: mailto:press@letters.example.org\n" in told
    assert re.search(r"^Expires: \d{4}-\d\d-\d\dT00:00:00Z$", told, re.M)


def test_a_site_without_a_public_address_has_no_sitemap(client: Client) -> None:
    assert client.flask.get("/sitemap.xml").status_code == 404
    assert "Sitemap" not in client.flask.get("/robots.txt").text


def test_head_succeeds_wherever_get_does(client: Client) -> None:
    for path in GETS:
        response = client.flask.head(path)
        assert response.status_code == 200
        assert not response.data


def test_no_cookie_is_ever_set(client: Client, clock: Clock) -> None:
    """The lint checks every page; this checks the client's cookie jar at the end of a journey."""
    Resident(client).signed("01930")
    assert not client.flask._cookies


def test_the_operator_is_named_only_where_configured(settings: Settings, sites: Sites) -> None:
    nobody = sites.open(settings)
    plain = Client(nobody.test_client()).get("/terms").text
    assert "Who runs this site" not in plain
    assert "Paid for by" not in plain
    named = sites.open(changed(
        settings, legal_name="Letters Inc.", postal_address="1 Main St, Salem, MA 01970",
        paid_for_by="Friends of <Letters>",
    ))  # fmt: skip
    client = Client(named.test_client())
    terms = client.get("/terms")
    assert terms.text.count("1 Main St, Salem, MA 01970") == 2, "in the page and at its foot"
    assert "Who runs this site" in terms.words
    home = client.get("/es/").text
    assert "Letters Inc., 1 Main St, Salem, MA 01970" in home
    assert "Pagado por Friends of &lt;Letters&gt;<" in home


def test_form_pages_may_be_stored_only_by_browsers_without_javascript(
    client: Client,
) -> None:
    form = Resident(client).reviewing(*GLOUCESTER).form()
    # Inside noscript: a browser with JavaScript has no such field.
    assert form.pop("plain") == ["1"]
    for path in ("/find", "/write", "/address", "/review", "/take"):
        for lang in ("", "/es"):
            kept = client.flask.post(lang + path, data=form).headers["Cache-Control"]
            assert kept == "no-store", path
            plain = client.flask.post(lang + path, data={**form, "plain": "1"})
            assert plain.headers["Cache-Control"] == "private, no-cache", path
    for path in ("/letters.pdf", "/organize/login", "/nowhere"):
        answer = client.flask.post(path, data={**form, "plain": "1"})
        assert answer.headers["Cache-Control"] == "no-store", path


def test_only_the_forget_link_clears_the_browser_cache(
    resident: Resident,
) -> None:
    client, path = resident.client, resident.receipt_path(resident.signed(*GLOUCESTER))
    shown = client.post(path, resident.reviewing(*GLOUCESTER).form())
    links = [a.get("href") or "" for a in shown.all("a") if a.get("data-forget") is not None]
    assert links
    for link in links:
        forgotten = client.flask.get(link)
        assert forgotten.headers["Clear-Site-Data"] == '"cache"', link
        assert "Clear-Site-Data" not in client.flask.get(link.partition("?")[0]).headers


def test_later_resident_pages_load_no_new_styles_or_scripts(resident: Resident) -> None:
    def asked(page: Html) -> set[str]:
        links = [e.get("href") or "" for e in page.all("link") if e.get("rel") == "stylesheet"]
        return {*links, *(e.get("src") or "" for e in page.all("script"))}

    first = asked(resident.client.get("/"))
    review = resident.reviewing(*GLOUCESTER)
    pages = [resident.telling(*GLOUCESTER), resident.writing(*GLOUCESTER), review]
    pages += [resident.sign(review.form()), resident.client.get("/about-the-bill")]
    assert all(asked(page) == first for page in pages)


def test_templates_are_cached_compiled_and_a_full_disk_breaks_no_page(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    folder = tmp_path / "__pycache__" / "templates"
    pages = app.jinja_env
    monkeypatch.setattr(pages, "bytecode_cache", template_cache(folder))
    for _ in range(2):
        pages.cache.clear()  # type: ignore[union-attr]
        pages.get_template("error.html")
        monkeypatch.setattr(pages, "compile", None)  # and none is compiled a second time
    monkeypatch.undo()
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    assert template_cache(folder) is None
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    monkeypatch.setattr(pages, "bytecode_cache", template_cache(folder))
    shutil.rmtree(folder)
    pages.cache.clear()  # type: ignore[union-attr]
    pages.get_template("error.html")
