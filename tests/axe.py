"""What axe, the list of rules for accessible pages, objects to in a page of a real browser."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SCRIPT = Axe().axe_script
RUN = """without => axe.run({
  resultTypes: ['violations'], iframes: false,
  rules: Object.fromEntries(without.map(rule => [rule, {enabled: false}])),
}).then(found => found.violations.map(v => [v.id, v.nodes.slice(0, 3).map(n => n.html)]))"""


def objections(page: Page, *, without: tuple[str, ...] = ()) -> list[tuple[str, list[str]]]:
    """The rules that a page breaks, each with the first elements that break it; ``without`` names
    rules to leave out. What stands in a frame is a page of its own.

    To read axe takes as long as to ask it: a context that was judged once has it in each of its
    later pages, and only what axe objects to leaves the browser.
    """
    if not page.evaluate("'axe' in window"):
        page.context.add_init_script(f"if (self === top) {{ {SCRIPT} }}")
        page.evaluate(SCRIPT)
    return [(rule, shown) for rule, shown in page.evaluate(RUN, list(without))]
