"""A test client that judges every page it fetches, as a careful reader of HTML would."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from itertools import pairwise
from typing import Any, cast
from urllib.parse import urlsplit
from xml.etree import ElementTree

import html5lib
import lxml.html
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

NS = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"
FIELDS = ("input", "select", "textarea")
PUBLIC = ("/", "/about-the-bill", "/districts", "/privacy", "/terms", "/accessibility")
POLICY = (
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)


class Html:
    """A parsed page with the questions that tests ask of it.

    The tree is libxml2's, which reads what is free of mistakes as a browser does, twenty times
    faster than the parser that finds the mistakes.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        parser = lxml.html.HTMLParser(remove_comments=True)
        tree = lxml.html.document_fromstring(text, parser=parser)
        self.root = cast(ElementTree.Element, tree)
        for e in self.root.iter():
            e.tag = f"{NS}{e.tag}"
        for svg in (*self.root.iter(f"{NS}svg"),):
            for e in (*svg.iter(),):
                e.tag = e.tag.replace(NS, SVG)
        for area in self.root.iter(f"{NS}textarea"):
            area.text = (area.text or "").removeprefix("\n")

    def all(self, *names: str) -> list[ElementTree.Element]:
        return [e for e in self.root.iter() if str(e.tag).removeprefix(NS) in names]

    def one(self, tag: str, /, **attributes: str) -> ElementTree.Element:
        found = [e for e in self.all(tag) if all(e.get(k) == v for k, v in attributes.items())]
        assert len(found) == 1, f"{len(found)} of <{tag} {attributes}>"
        return found[0]

    def by_id(self, name: str) -> ElementTree.Element:
        return next(e for e in self.root.iter() if e.get("id") == name)

    @property
    def title(self) -> str:
        return words(self.one("title"))

    @property
    def h1(self) -> str:
        return words(self.all("h1")[0])

    @property
    def words(self) -> str:
        """The page's visible words on one line."""
        return words(self.all("main")[0])

    def form(self, action_end: str = "", form_id: str = "page-form") -> dict[str, list[str]]:
        """The values that a form would send, by name, without any button."""
        forms = [
            f for f in self.all("form")
            if (f.get("action") or "").partition("#")[0].endswith(action_end)
            and (action_end or f.get("id") == form_id)
        ]  # fmt: skip
        assert forms, f"no form to {action_end or form_id}"
        return values(forms[0])

    def buttons(self) -> list[ElementTree.Element]:
        return [b for b in self.all("button") if b.get("type") != "button"]


_VALUE = re.compile(r'="[^"&]*"')
_WORDS = re.compile(r">[^<>&]*[^<>&\s][^<>&]*<")
_SOUND: set[str] = set()
"""Pages in which no mistake was found, without their words."""


def mistakes(text: str) -> list[tuple[str, object]]:
    """What a strict reader of HTML5 objects to. It is slow, and pages that differ in words only,
    not in tags, attributes or references, are read once."""
    shape = _WORDS.sub(">.<", _VALUE.sub('=""', text))
    if shape in _SOUND:
        return []
    parser = html5lib.HTMLParser(strict=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parser.parse(text)
    found = [(code, where) for where, code, _more in parser.errors]
    if not found:
        _SOUND.add(shape)
    return found


BLOCKS = frozenset(["p", "h1", "h2", "h3", "li", "dd", "dt", "div", "address", "span"])


def words(element: ElementTree.Element) -> str:
    """The words of an element on one line, with a blank where a block begins."""
    return " ".join(((element.text or "") + _tails(element)).split())


def _tails(element: ElementTree.Element) -> str:
    parts = []
    for child in element:
        gap = " " if str(child.tag).removeprefix(NS) in BLOCKS else ""
        parts += [gap, child.text or "", _tails(child), gap, child.tail or ""]
    return "".join(parts)


def values(form: ElementTree.Element) -> dict[str, list[str]]:
    """What a browser would send for ``form`` when Enter is pressed in it."""
    sent: dict[str, list[str]] = {}
    for e in form.iter():
        tag, name = str(e.tag).removeprefix(NS), e.get("name")
        if not name or e.get("disabled") is not None:
            continue
        if tag == "input":
            if e.get("type") in ("checkbox", "radio") and e.get("checked") is None:
                continue
            sent.setdefault(name, []).append(e.get("value") or "")
        elif tag == "textarea":
            sent.setdefault(name, []).append("".join(e.itertext()))
        elif tag == "select":
            options = [o for o in e.iter() if str(o.tag) == f"{NS}option"]
            chosen = next((o for o in options if o.get("selected") is not None), options[0])
            sent.setdefault(name, []).append(chosen.get("value") or "")
    return sent


class Client:
    """Fetches pages and fails when one is not as every page has to be."""

    def __init__(self, client: FlaskClient) -> None:
        self.flask = client
        self.titles: dict[str, str] = {}

    def get(self, path: str, status: int = 200, **kwargs: Any) -> Html:
        return self._page(self.flask.get(path, **kwargs), path, status)

    def post(self, path: str, data: Any = None, status: int = 200, **kwargs: Any) -> Html:
        return self._page(self.flask.post(path, data=data or {}, **kwargs), path, status)

    def _page(self, response: TestResponse, path: str, status: int) -> Html:
        assert response.status_code == status, f"{path}: {response.status}\n{response.text[:3000]}"
        return lint(response, path)


def lint(response: TestResponse, path: str) -> Html:
    """Check the response and its page; returns the page."""
    path = re.sub(r"^/c/[a-z0-9-]+", "", path)  # the same page of another campaign
    check_headers(response, path)
    text = response.get_data(as_text=True)
    wrong = mistakes(text)
    assert not wrong, f"{path}: {wrong[:5]}"
    page = Html(text)
    html = page.one("html")
    assert html.get("lang") == ("es" if re.match(r"/es(/|$)", path) else "en")
    assert page.title
    assert len(page.all("h1")) == 1, path
    assert page.h1
    ids = Counter(e.get("id") for e in page.root.iter() if e.get("id"))
    assert not [i for i, n in ids.items() if n > 1], f"{path}: repeated ids"
    check_labels(page, set(ids))
    for e in page.root.iter():
        assert e.get("style") is None, f"{path}: inline style"
        assert not [a for a in e.attrib if a.lower().startswith("on")], f"{path}: inline script"
        for name in ("href", "src", "action", "formaction"):
            value = e.get(name)
            names_itself = e.get("rel") in ("canonical", "alternate")
            if value is not None and str(e.tag) != f"{NS}a" and not names_itself:
                assert not urlsplit(value).netloc, f"{path}: {value} is on another site"
    for script in page.all("script"):
        assert script.get("src"), f"{path}: inline script"
        assert not (script.text or "").strip()
    assert not page.all("style")
    assert not re.search(r"\bNone\b|\bundefined\b|\bUndefined\b|&amp;(amp|#39|lt|quot);", text), (
        path
    )
    return page


def check_labels(page: Html, ids: set[str | None]) -> None:
    labelled = {e.get("for") for e in page.all("label")}
    for target in labelled:
        assert target in ids, f"label for {target}"
    for e in page.all(*FIELDS):
        if e.get("type") == "hidden":
            continue
        assert e.get("id") in labelled, f"no label: {e.attrib}"
    for e in page.all("button", "a", "summary"):
        assert words(e) or e.get("aria-label"), f"no name: {e.tag} {e.attrib}"
    for e in page.root.iter():
        for name in ("aria-describedby", "aria-labelledby", "aria-controls", "form"):
            for target in (e.get(name) or "").split():
                assert target in ids, f"{name} points at {target}, which is not there"
        href = e.get("href") or ""
        if href.startswith("#"):
            assert href[1:] in ids, f"{href} leads nowhere"
    levels = [int(str(e.tag)[-1]) for e in page.all("h1", "h2", "h3", "h4")]
    for before, after in pairwise(levels):
        assert after <= before + 1, f"a heading of level {after} follows one of level {before}"
    images = page.all("img")
    assert all(e.get("alt") is not None for e in images)


def check_headers(response: TestResponse, path: str) -> None:
    headers = response.headers
    policy = headers["Content-Security-Policy"]
    for part in POLICY:
        assert part in policy
    assert "unsafe" not in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Permissions-Policy" in headers
    assert "Set-Cookie" not in headers
    address = urlsplit(path)
    page = address.path.removeprefix("/es") or "/"
    if page not in PUBLIC or (page == "/" and address.query):
        # A browser without JavaScript, as this client is, says so in the forms of the way.
        assert headers["Cache-Control"] in ("no-store", "private, no-cache"), path
