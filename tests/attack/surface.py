"""The attack surface: every route, form and field, and the payloads to send."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin

from flask import Flask

from tests.web.lint import Html

Pairs = list[tuple[str, str]]
MARK = "Quillfeather7c1e"
"""Part of every payload, so that a raw search finds any stored trace of it."""

PAYLOADS = {
    "script": f"<script>{MARK}()</script>",
    "attribute": f"\"'><img src=x onerror={MARK}()>",
    "url": f"javascript:{MARK}()",
    "template": f"{{{{ 7*7 }}}}{{% for x in () %}}{{{{ cycler.__init__.__globals__ }}}}{MARK}",
    "sql": f"'; DROP TABLE signatures;-- {MARK}",
    "header": f"x\r\nSet-Cookie: {MARK}=1\r\nX-{MARK}: 1\r\n\r\n<b>",
    "formula": f"=HYPERLINK(\"http://bad.example/{MARK}\")",
    "typst": f"#read(\"/etc/passwd\") #eval(\"1\") $x$ @a <b> \\ {MARK}",
    "xml": f"<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;]]>{MARK}",
    "nul": f"\x00\x01\x08\x0b\x1f\x7f\x85{MARK}\x00",
    "surrogate": f"\ud800{MARK}\udfff",
    "direction": f"\u202e{MARK}\u2066\ufeff\u200b",
    "path": f"../../../../etc/passwd%00{MARK}",
    "format": f"%s%n%(x)s{{0}}{MARK}",
    "number": "-99999999999999999999999999999999",
    "digits": "٣１²",
    "empty": "",
    "spaces": " \u00a0\u3000\t\n ",
    "long": MARK + "A" * 30_000,
    "lines": f"{MARK}\n" * 2_000,
}  # fmt: skip


def encoded(pairs: Pairs) -> bytes:
    """A form's body, with lone surrogates as the bytes that a broken client sends."""
    return urlencode(pairs, errors="surrogatepass").encode("ascii")


@dataclass(frozen=True)
class Target:
    """One form of a page, as a browser would send it when a button is pressed."""

    name: str
    action: str
    pairs: tuple[tuple[str, str], ...]

    def fields(self) -> list[str]:
        return sorted({name for name, _ in self.pairs})

    def changed(self, field: str, value: str) -> Pairs:
        kept = [(n, v) for n, v in self.pairs if n != field]
        return [*kept, (field, value)]

    def without(self, field: str) -> Pairs:
        return [(n, v) for n, v in self.pairs if n != field]

    def repeated(self, field: str, value: str) -> Pairs:
        return [(field, value), *self.pairs, (field, value)]


def targets(page: Html, name: str, at: str = "") -> Iterator[Target]:
    """Every POST form, once for each address to which one of its buttons sends it.

    Includes all fields, ticked or not, so that each can be attacked. ``at`` is the page's URL,
    the base of relative addresses like ``?look=1``.
    """
    for number, form in enumerate(page.all("form")):
        if (form.get("method") or "get").lower() != "post":
            continue
        pairs: Pairs = []
        addresses = {form.get("action") or ""}
        for e in form.iter():
            tag, field = e.tag, e.get("name")
            if tag == "button":
                addresses.add(e.get("formaction") or form.get("action") or "")
            if not field:
                continue
            if tag == "textarea":
                pairs.append((field, "".join(e.itertext())))
            elif tag == "select":
                options = [*e.iter("option")]
                chosen = next((o for o in options if o.get("selected") is not None), options[0])
                pairs.append((field, chosen.get("value") or ""))
            elif tag in ("input", "button"):
                if e.get("type") == "radio" and e.get("checked") is None:
                    continue
                pairs.append((field, e.get("value") or ""))
        for address in sorted({address.partition("#")[0] for address in addresses}):
            # The name must be the same in every process, but an address may contain a fresh token.
            plain = re.sub(r"[A-Za-z0-9_-]{40,}", "TOKEN", address)
            yield Target(f"{name} {number} {plain}", urljoin(at, address), tuple(pairs))


def paths(app: Flask, value: str = "x", number: int = 1) -> Iterator[tuple[str, str, set[str]]]:
    """Endpoint, path and methods of every route, with ``value`` for every text in it."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule)
        path = re.sub(r"<(?:row|int)[^>]*>", str(number), path)
        path = re.sub(r"<[^>]*>", value, path)
        yield rule.endpoint, path, set(rule.methods or ())


def unescaped(text: str) -> list[str]:
    """Payloads that appear in a page as markup or as the result of a template."""
    found = [f"<script>{MARK}", f"onerror={MARK}()>", f"49{MARK}", f'href="javascript:{MARK}']
    shown = [x for x in found if x in text]
    # Inside a quoted attribute or text the angle brackets are escaped; these would not be.
    return [x for x in shown if x != f"onerror={MARK}()>" or f"<img src=x onerror={MARK}" in text]
