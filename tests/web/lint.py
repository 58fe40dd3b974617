"""A test client that lints every page it fetches."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from typing import Any, cast
from urllib.parse import urlsplit
from xml.etree import ElementTree

import html5lib
from flask.testing import FlaskClient
from lxml import etree
from werkzeug.test import TestResponse

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
    """A parsed page with the queries that tests need.

    The tree is libxml2's, which parses valid HTML as a browser does, and twenty times faster than
    the parser that finds errors. Only SVG elements have a namespace.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        tree = etree.fromstring(text, etree.HTMLParser(remove_comments=True))
        self.root = cast(ElementTree.Element, tree)
        for svg in (*self.root.iter("svg"),):
            for e in (*svg.iter(),):
                e.tag = f"{SVG}{e.tag}"
        for area in self.root.iter("textarea"):
            area.text = (area.text or "").removeprefix("\n")

    def all(self, *names: str) -> list[ElementTree.Element]:
        return [*cast(Any, self.root).iter(*names)]

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
        """The values that a form would send, by name, without a button's."""
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
_VALID: set[str] = set()
"""Pages without errors, stripped of their text."""


def html_errors(text: str) -> list[tuple[str, object]]:
    """The errors that a strict HTML5 parser finds. It is slow, so pages that differ only in text,
    not in tags, attributes or references, are parsed once."""
    shape = _WORDS.sub(">.<", _VALUE.sub('=""', text))
    if shape in _VALID:
        return []
    parser = html5lib.HTMLParser(strict=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parser.parse(text)
    found = [(code, where) for where, code, _more in parser.errors]
    if not found:
        _VALID.add(shape)
    return found


BLOCKS = frozenset(["p", "h1", "h2", "h3", "li", "dd", "dt", "div", "address", "span"])


def words(element: ElementTree.Element) -> str:
    """The words of an element on one line, with a space around each block."""
    return " ".join(((element.text or "") + _tails(element)).split())


def _tails(element: ElementTree.Element) -> str:
    parts = []
    for child in element:
        gap = " " if child.tag in BLOCKS else ""
        parts += [gap, child.text or "", _tails(child), gap, child.tail or ""]
    return "".join(parts)


def values(form: ElementTree.Element) -> dict[str, list[str]]:
    """What a browser would send for ``form``, without any button."""
    sent: dict[str, list[str]] = {}
    for e in form.iter():
        tag, name = e.tag, e.get("name")
        if not name or e.get("disabled") is not None:
            continue
        if tag == "input":
            if e.get("type") in ("checkbox", "radio") and e.get("checked") is None:
                continue
            sent.setdefault(name, []).append(e.get("value") or "")
        elif tag == "textarea":
            sent.setdefault(name, []).append("".join(e.itertext()))
        elif tag == "select":
            options = [*e.iter("option")]
            chosen = next((o for o in options if o.get("selected") is not None), options[0])
            sent.setdefault(name, []).append(chosen.get("value") or "")
    return sent


class Client:
    """Fetches pages and fails if one breaks a rule that applies to every page."""

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
    """Check a response and its page, and return the page."""
    path = re.sub(r"^/c/[a-z0-9-]+", "", path)  # the same rules hold for another campaign's page
    check_headers(response, path)
    text = response.get_data(as_text=True)
    errors = html_errors(text)
    assert not errors, f"{path}: {errors[:5]}"
    page = Html(text)
    html = page.one("html")
    assert html.get("lang") == ("es" if re.match(r"/es(/|$)", path) else "en")
    assert page.title
    assert len(page.all("h1")) == 1, path
    assert page.h1
    check_elements(page, path)
    for script in page.all("script"):
        assert script.get("src"), f"{path}: inline script"
        assert not (script.text or "").strip()
    assert not page.all("style")
    assert not re.search(r"\bNone\b|\bundefined\b|\bUndefined\b|&amp;(amp|#39|lt|quot);", text), (
        path
    )
    return page


POINTERS = ("aria-describedby", "aria-labelledby", "aria-controls", "form")
LOADED = ("href", "src", "action", "formaction")


def check_elements(page: Html, path: str) -> None:
    """Check every element in one pass: its name, what it refers to, and what it would load."""
    elements = [(e, str(e.tag), dict(e.attrib)) for e in page.root.iter()]
    ids = Counter(has["id"] for _, _, has in elements if has.get("id"))
    assert not [i for i, n in ids.items() if n > 1], f"{path}: repeated ids"
    labelled = {e.get("for") for e in page.all("label")}
    assert labelled <= ids.keys(), f"labels for {labelled - ids.keys()}"
    level = 0
    for e, tag, has in elements:
        if tag in FIELDS and has.get("type") != "hidden":
            assert has.get("id") in labelled, f"no label: {has}"
        elif tag in ("button", "a", "summary"):
            assert words(e) or has.get("aria-label"), f"no name: {tag} {has}"
        elif tag in ("h1", "h2", "h3", "h4"):
            before, level = level, int(tag[-1])
            assert not before or level <= before + 1, f"a heading of level {level} after {before}"
        elif tag == "img":
            assert "alt" in has
        for name, value in has.items():
            assert name != "style", f"{path}: inline style"
            assert not name.lower().startswith("on"), f"{path}: inline script"
            if name in POINTERS:
                for target in value.split():
                    assert target in ids, f"{name} points at {target}, which is not there"
            elif name in LOADED:
                if name == "href" and value.startswith("#"):
                    assert value[1:] in ids, f"{value} leads nowhere"
                if tag != "a" and has.get("rel") not in ("canonical", "alternate"):
                    assert not urlsplit(value).netloc, f"{path}: {value} is on another site"


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
        # This client has no JavaScript, and the residents' forms report that.
        assert headers["Cache-Control"] in ("no-store", "private, no-cache"), path
