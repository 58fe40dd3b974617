"""Screenshots of every resident page and state: two languages, light and dark, three widths.

Drives a served site with the tests' browser and writes PNG files and an index page to
``gallery/``, which git ignores. ``make gallery`` runs it; ``make gallery ONLY=take`` takes only
the pictures whose name contains that word. It asserts nothing: it is for looking.
"""

from __future__ import annotations

import html
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import click

from app.site.outgoing import mail_queue
from app.site.settings import load_settings
from tests.bench.servers import ROOT, Server, serving
from tests.browser.conftest import Visitor, visit
from tests.conftest import open_chromium
from tests.delivery.cwc_server import running
from tests.official.test_browser import AGENT

FOLDER = ROOT / "gallery"
SIZES = (320, 390, 1280)
LIGHTS: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SCREEN = 844
STORY = (
    "I teach fourth grade. In October a mother asked me whether it was safe to report that her car "
    "window had been broken in our parking lot. She never did.\n\nI want the families I teach to "
    "call for help without a second thought, and the deputies I know want that too."
)
PERSON = {
    "story": STORY, "first": "Dana", "last": "Whitlock", "street": "118 Larkspur Court",
    "city": "Gloucester",
}  # fmt: skip
OUTCOMES = {
    "split": "60647", "split-one-large": "01862", "two-states": "30165", "unknown": "99999",
    "military": "09012", "freely-associated": "96941", "no-zip": "", "post-office-box": "94541",
}  # fmt: skip

SMALL = {"small-form": "23220", "delegate": "00802", "puerto-rico": "00901"}
"""Places whose office form takes few characters, or with one letter."""


class Camera:
    """A visitor's browser that takes screenshots of its current page."""

    def __init__(self, someone: Visitor, lang: str, only: str, taken: list[str]) -> None:
        self.someone, self.page, self.lang = someone, someone.page, lang
        self.only, self.taken = only, taken

    def go(self, path: str) -> None:
        self.page.goto("about:blank")  # otherwise the same address would be a reload
        self.someone.goto(("/es" if self.lang == "es" else "") + path)
        self.page.wait_for_load_state("load")

    def shoot(self, name: str) -> None:
        if self.only not in name:
            return
        if name not in self.taken:
            self.taken.append(name)
        for light in LIGHTS:
            self.page.emulate_media(color_scheme=light)
            for width in SIZES:
                self.page.set_viewport_size({"width": width, "height": SCREEN})
                path = FOLDER / picture(name, self.lang, light, width)
                self.page.screenshot(path=path, full_page=True, animations="disabled")
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size({"width": 390, "height": SCREEN})

    def press(self, selector: str) -> None:
        """Press the last match of the selector, and wait for the next page."""
        with self.page.expect_navigation():
            self.page.locator(selector).last.click()
        self.page.wait_for_load_state("load")

    def on(self) -> None:
        """Press the filled button of the form."""
        self.press("#page-form .btn:not(.second, .danger, [hidden]):visible")

    def find(self, zip_code: str) -> None:
        self.go("/find")
        self.page.locator("#zip").fill(zip_code)
        self.on()

    def fill(self, **changes: str) -> None:
        """Fill in the fields that this page has."""
        for name, text in {**PERSON, **changes}.items():
            field = self.page.locator(f"#page-form :is(input, textarea)#{name}:visible")
            if field.count():
                field.fill(text)

    def write(self, name: str = "", **changes: str) -> None:
        """Go from the first writing page to the review, with a picture of each page."""
        for number in range(1, 6):
            if self.page.locator("article.sheet").count():
                return
            if name:
                self.shoot(f"{name}-{number}-empty")
            self.fill(**changes)
            if name:
                self.shoot(f"{name}-{number}-filled")
            self.on()

    def signed(self, zip_code: str = "01930", **changes: str) -> None:
        self.find(zip_code)
        self.write(**changes)
        self.on()


def picture(name: str, lang: str, light: str, width: int) -> str:
    return f"{name}-{lang}-{light}-{width}.png"


def public(camera: Camera) -> None:
    for name, path in {
        "start": "/", "about": "/about-the-bill", "privacy": "/privacy",
        "accessibility": "/accessibility",
        "counts": "/counter", "districts": "/districts", "check-the-count": "/verify",
        "no-such-page": "/nothing-here", "no-such-receipt": f"/receipt/{'x' * 43}",
        "back-without-script": "/review",
    }.items():  # fmt: skip
        camera.go(path)
        camera.shoot(name)


def finding(camera: Camera) -> None:
    camera.go("/find")
    camera.shoot("find")
    for name, zip_code in OUTCOMES.items():
        camera.find(zip_code)
        camera.shoot(f"find-{name}")


def writing(camera: Camera) -> None:
    camera.find("01930")
    camera.on()
    camera.shoot("write-errors")
    camera.find("01930")
    camera.write("write")
    camera.shoot("review")
    for fold in camera.page.locator("main details").all():
        fold.evaluate("e => { e.open = true }")
    camera.shoot("review-open")
    for name, zip_code in SMALL.items():
        camera.find(zip_code)
        camera.write(city="Springfield")
        camera.shoot(f"review-{name}")


def handing_over(camera: Camera) -> None:
    camera.signed(last="Whitlock Handing")
    camera.shoot("take-form")
    for way in ("call", "post"):
        camera.page.locator(f"details.office[open] .way-{way}").check()
        camera.shoot(f"take-{way}")
    camera.press("details.office[open] button[value$=mailed]")
    camera.shoot("take-one-done")
    for outcome in ("busy", "voicemail"):
        camera.page.locator("details.office[open] .way-call").check()
        camera.press(f"details.office[open] button[value$={outcome}]")
        camera.shoot(f"take-call-{outcome}")
    camera.press("details.office[open] button[value$=phone]")
    camera.shoot("take-all-done")
    camera.page.locator("#copies > summary").click()
    camera.page.locator("#copy_to").fill("no address")
    camera.page.locator("#copy_to").press("Enter")
    camera.page.wait_for_load_state("load")
    camera.shoot("take-copy-error")
    camera.page.locator("#copy_to").fill("dana@example.org")
    camera.page.locator("#copy_to").press("Enter")
    camera.page.wait_for_load_state("load")
    camera.shoot("take-copy-asked")
    camera.press("main form[action*='/receipt/'] button")
    camera.shoot("receipt")
    camera.page.locator("details:has(.danger) > summary").click()
    camera.press(".danger")
    camera.shoot("receipt-withdrawn")


def printing(camera: Camera) -> None:
    camera.signed(last="Whitlock Printing")
    camera.page.locator("details.office:has([formaction$='/print'][value='']) > summary").click()
    camera.press("[formaction$='/print'][value='']")
    camera.shoot("print")


def mailed(camera: Camera, site: Server) -> None:
    """The pages behind the links in email."""
    camera.signed(last="Whitlock Mail", email="dana@example.org")
    camera.shoot("take-unconfirmed")
    link = newest_link(site)
    if link:
        camera.page.goto(camera.someone.address + link)
        camera.shoot("confirm")
        camera.press("main form button")
        camera.shoot("confirm-done")


def newest_link(site: Server) -> str:
    mail_queue(load_settings({}, instance=site.instance)).worker.work()
    paths = sorted((site.instance / "outbox").glob("*.eml"), key=lambda p: p.stat().st_mtime_ns)
    text = re.sub(r"=\r?\n", "", paths[-1].read_text("utf-8")) if paths else ""
    found = re.search(r"https?://[^/\s]+(/(?:es/)?(?:confirm|copy)/[\w-]+)", text)
    return found[1] if found else ""


def official(camera: Camera) -> None:
    camera.signed(last="Whitlock Official")
    camera.shoot("official-take")
    camera.press("section[aria-labelledby=official-title] button")
    camera.shoot("official-asked")
    camera.page.locator("#d_prefix").select_option("Ms.")
    camera.page.locator("#d_email").fill("dana@example.org")
    camera.page.locator("#d_email").press("Enter")
    camera.page.wait_for_load_state("load")
    camera.shoot("official-check")
    camera.press("button[value=go]")
    camera.shoot("official-queued")


def ended(camera: Camera) -> None:
    """After the end of the Congress."""
    for name, path in {"start": "/", "about": "/about-the-bill"}.items():
        camera.go(path)
        camera.shoot(f"ended-{name}")
    camera.find("01930")
    camera.shoot("ended-found")


Walk = Callable[[Camera], None]


@contextmanager
def sites(folder: Path) -> Iterator[list[tuple[Server, list[Walk]]]]:
    """The sites, each with the walks to take through it."""
    with ExitStack() as stack:
        offices = stack.enter_context(running())
        offices.offices = ["SMA01", "SMA02"]

        def serve(name: str, settings: dict[str, str], **environment: str) -> Server:
            (folder / name).mkdir()
            lines = "".join(f'{key} = "{value}"\n' for key, value in settings.items())
            (folder / name / "settings.toml").write_text(lines, encoding="utf-8")
            environment["DEAR_CONGRESS_GEOCODER_URL"] = "http://127.0.0.1:9/nothing"
            return stack.enter_context(serving("wsgi:app", folder / name, workers=1, **environment))

        main = serve("main", {})
        subprocess.run(
            [sys.executable, "-m", "flask", "demo", "--people", "600"], cwd=ROOT, check=True,
            capture_output=True,
            env={"DEAR_CONGRESS_INSTANCE": str(main.instance), "FLASK_APP": "wsgi"},
        )  # fmt: skip
        asking = serve("asking", {}, DEAR_CONGRESS_CONFIRM_EMAIL="true")
        agent = {
            **AGENT, "cwc_house_key": offices.key, "cwc_senate_key": offices.key,
            "cwc_house_url": offices.url, "cwc_senate_url": offices.url,
        }  # fmt: skip
        yield [
            (main, [public, finding, writing, handing_over, printing]),
            (asking, [lambda camera: mailed(camera, asking)]),
            (serve("official", agent), [official]),
            (serve("ended", {}, DEAR_CONGRESS_TODAY="2027-02-01"), [ended]),
        ]


def index(names: list[str]) -> str:
    """The index page, with a row for each page and language."""
    rows = "".join(
        f"<h2>{html.escape(name)}</h2>"
        + "".join(
            f"<p>{lang} {light}</p><div>"
            + "".join(
                f'<a href="{picture(name, lang, light, width)}"><img loading="lazy" '
                f'src="{picture(name, lang, light, width)}" alt="{name}, {lang}, {light}, {width} '
                f'pixels wide" width="{width // 2}"></a>'
                for width in SIZES
            )
            + "</div>"
            for lang in ("en", "es")
            for light in LIGHTS
        )
        for name in names
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Gallery</title><style>'
        "body{font:1rem system-ui;margin:2rem}div{display:flex;gap:1rem;align-items:start;"
        "overflow:auto;max-height:70vh}img{border:1px solid #999}</style>"
        f"<h1>Gallery</h1>{rows}</html>"
    )


def main(only: str = "") -> None:
    FOLDER.mkdir(exist_ok=True)
    taken: list[str] = []
    with (
        TemporaryDirectory() as folder,
        sites(Path(folder)) as walked,
        open_chromium() as chromium,
    ):
        for lang in ("en", "es"):
            for site, walks in walked:
                for walk in walks:
                    someone = visit(chromium, site, width=390)
                    walk(Camera(someone, lang, only, taken))
                    someone.context.close()
    (FOLDER / "index.html").write_text(index(taken), encoding="utf-8")
    click.echo(f"{len(taken) * 2 * len(LIGHTS) * len(SIZES)} pictures: {FOLDER / 'index.html'}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
