"""Requests that none of our forms makes: other bodies, odd headers, links that are only fetched."""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.web.organizer.gate import EXTENSION
from tests.attack.surface import MARK, PAYLOADS, paths, unescaped
from tests.organizers.conftest import LOGIN
from tests.safety.people import traces
from tests.safety.web import Site, site


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, limits=False) as made:
        made.app.extensions[EXTENSION] = LOGIN
        made.app.testing = False
        yield made


def state(here: Site) -> list[Any]:
    """Everything stored about signatures."""
    tables = ("signatures", "letters", "sealed", "held", "confirmations", "outbound", "tallies")
    return [here.db.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in tables]


def judge(answer: TestResponse, what: str) -> None:
    assert answer.status_code < 500, f"{what}: {answer.status}"
    assert MARK not in str(answer.headers), what
    if answer.mimetype == "text/html":
        assert not unescaped(answer.text), what
        assert "Traceback" not in answer.text


MANY = "&".join(f"a{n}=1" for n in range(20_000))


def kinds() -> dict[str, dict[str, Any]]:
    """A person's details in every other kind of body."""
    fields = {"zip": "01930", "state": "MA", "first": MARK, "story": MARK, "to": ["MA-6"]}
    packed = gzip.compress(b"zip=01930&state=MA&story=" + MARK.encode())
    form = "application/x-www-form-urlencoded"
    return {
        "json": {"data": json.dumps(fields), "content_type": "application/json"},
        "json list": {"data": "[[[[{}]]]]", "content_type": "application/json"},
        "json as a form": {"data": json.dumps(fields), "content_type": form},
        "plain": {"data": f"zip=01930\r\nstory={MARK}", "content_type": "text/plain"},
        "xml": {"data": f"<!DOCTYPE a [<!ENTITY b '{MARK}'>]><a>&b;</a>",
                "content_type": "application/xml"},
        "nothing": {"data": b"", "content_type": ""},
        "a form of no kind": {"data": b"\xff\xfe\x00", "content_type": f"{form}; charset=utf-16"},
        "packed": {"data": packed, "content_type": form, "headers": {"Content-Encoding": "gzip"}},
        "files": {"data": {name: (io.BytesIO(MARK.encode()), f"../../{MARK}.py")
                           for name in ("zip", "story", "first", "token", "file", "words-MA-6")},
                  "content_type": "multipart/form-data"},
        "parts": {"data": {f"field{n}": "x" for n in range(900)},
                  "content_type": "multipart/form-data"},
        "no boundary": {"data": b"--x\r\n\r\n", "content_type": "multipart/form-data"},
        "cut off": {"data": b'--x\r\nContent-Disposition: form-data; name="story"\r\n\r\nAAAA',
                    "content_type": "multipart/form-data; boundary=x"},
        "brackets": {"data": "story[]=1&story[a][b]=2&zip.__class__=3&__proto__[x]=4&to[$gt]=",
                     "content_type": form},
        "many": {"data": MANY, "content_type": form},
    }  # fmt: skip


@pytest.mark.parametrize("kind", list(kinds()))
def test_no_other_body_type_causes_an_error_or_a_change(here: Site, kind: str) -> None:
    here.sign(here.form())
    before = state(here)
    for endpoint, path, methods in paths(here.app):
        # An address in Spanish is the same view.
        if "POST" in methods and (kind == "files" or not endpoint.startswith("es_")):
            how = kinds()[kind]  # made anew: a file is read once
            answer = here.client.flask.post(path, **how)
            judge(answer, f"{kind} to {path}")
            assert kind != "many" or answer.status_code == 413
    assert state(here) == before
    assert traces(here.settings.instance, (MARK,)) == []


@pytest.mark.parametrize(
    "kind", ["script", "template", "sql", "header", "nul", "surrogate", "path", "number", "digits"]
)
def test_no_payload_in_a_url_causes_an_error_or_becomes_markup(here: Site, kind: str) -> None:
    payload = PAYLOADS[kind].encode("utf-8", "surrogatepass")
    names = (
        "zip", "via", "letter", "state", "district", "test", "v", "view", "page", "q", "code",
        "from", "to", "by", "next", "format", "lang", "template", "source", "status",
    )  # fmt: skip
    found = {
        path
        for endpoint, path, methods in paths(here.app)
        if "GET" in methods and (kind == "script" or not endpoint.startswith("es_"))
    }
    for path in sorted(found):
        query = b"&".join(name.encode() + b"=" + _quoted(payload) for name in names)
        answer = here.client.flask.get(path, query_string=query.decode("ascii"))
        judge(answer, f"{kind} at {path}")
        answer.close()


def _quoted(data: bytes) -> bytes:
    return b"".join(b"%%%02X" % byte for byte in data)


HEADERS = {
    "Accept-Language": [MARK, "es;q=9e999", "*" * 4000, "\u00e9".encode().decode("latin-1")],
    "User-Agent": [f"<script>{MARK}()</script>", "", "A" * 4000],
    "Referer": [f"https://evil.example/?{MARK}", "javascript:x"],
    "Cookie": [f"organizer={MARK}", "=;=;;;", "organizer=" + "A" * 43, "a" * 4000],
    "Range": ["bytes=0-0", "bytes=-1", "bytes=9999999999-", "lines=1-2"],
    "If-None-Match": ['"x"', "*", MARK],
    "If-Modified-Since": ["never", "Thu, 01 Jan 1970 00:00:00 GMT"],
    "Accept": ["*/*;q=nan", MARK, "application/json"],
    "X-HTTP-Method-Override": ["DELETE"],
    "Content-Length": ["0"],
    "Sec-Fetch-Site": ["none", MARK],
    "X-Forwarded-For": ["<b>", "::1%25eth0", "1.2.3.4, evil"],
    "Authorization": ["Basic " + "A" * 300, "Bearer ../../etc/passwd"],
}


@pytest.mark.parametrize("name", list(HEADERS))
def test_no_header_causes_an_error_or_is_echoed(here: Site, name: str) -> None:
    for value in HEADERS[name]:
        for path in ("/", "/es/", "/find", "/privacy", "/static/site.css", "/nowhere",
                     "/organize/login", "/organize/"):  # fmt: skip
            answer = here.client.flask.get(path, headers={name: value})
            judge(answer, f"{name}: {value[:40]} at {path}")
            if answer.mimetype == "text/html":
                assert MARK not in answer.text
            answer.close()
        answer = here.client.flask.post(
            "/find", data={"zip": "01930", "state": "MA"}, headers={name: value}
        )
        judge(answer, f"{name}: {value[:40]}")


LOOKS: tuple[dict[str, str], ...] = (
    {}, {"Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"X-Moz": "prefetch"},
    {"User-Agent": "Mozilla/5.0 SafeLinks"},
)  # fmt: skip


def test_prefetching_a_receipts_links_changes_nothing(here: Site) -> None:
    """Mail programs, scanners and prefetching browsers open every link they find."""
    taken = here.sign({**here.form(email="someone@mail.example.net"), "packet": ["1"]})
    link = here.resident().receipt_path(taken)
    real = link.rpartition("/")[2]
    before = state(here)
    rules = [rule for rule in here.app.url_map.iter_rules() if "token" in rule.arguments]
    assert len(rules) >= 6
    for rule in rules:
        path = re.sub(r"<[^>]*>", real, rule.rule)
        for headers in LOOKS:
            for method in ("GET", "HEAD", "OPTIONS"):
                answer = here.client.flask.open(path, method=method, headers=headers)
                assert answer.status_code < 500, f"{method} {path}"
    # And a post that another site's page causes is refused.
    for rule in rules:
        if "POST" in (rule.methods or ()):
            path = re.sub(r"<[^>]*>", real, rule.rule)
            for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
                answer = here.client.flask.post(path, headers=headers)
                assert answer.status_code == 403, path
    assert state(here) == before
    assert here.client.flask.post(f"{link}/withdraw").status_code == 303
    assert here.statuses() == ["withdrawn"]
