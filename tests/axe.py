"""Violations that axe, the accessibility checker, finds in a page of a real browser."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SCRIPT = Axe().axe_script
RUN = """without => axe.run({
  resultTypes: ['violations'], iframes: false,
  rules: Object.fromEntries(without.map(rule => [rule, {enabled: false}])),
}).then(found => found.violations.map(v => [v.id, v.nodes.slice(0, 3).map(n => n.html)]))"""


def objections(page: Page, *, without: tuple[str, ...] = ()) -> list[tuple[str, list[str]]]:
    """The rules that a page violates, each with the first elements that do; ``without`` names
    rules to skip. Frames are not checked: each is a separate page.

    Loading axe takes as long as running it, so a context that was checked once preloads it in its
    later pages, and only violations are returned from the browser.
    """
    if not page.evaluate("'axe' in window"):
        page.context.add_init_script(f"if (self === top) {{ {SCRIPT} }}")
        page.evaluate(SCRIPT)
    return [(rule, shown) for rule, shown in page.evaluate(RUN, list(without))]
