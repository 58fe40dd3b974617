"""The whole journey in a real browser: from the ZIP to the printed letter and the receipt."""

from __future__ import annotations

import io
import itertools

import pytest
from playwright.sync_api import Browser, Request, expect
from pypdf import PdfReader

from tests.bench.servers import Server
from tests.browser.conftest import LOOKS, Visitor, visit

pytestmark = pytest.mark.browser

numbers = itertools.count(1)
STORY = (
    "My neighbor’s son was stopped twice on the way to school last fall, & nobody told us why.\n\n"
    "I would like our deputies to be people whom we can call."
)


def write(someone: Visitor, **changes: str) -> None:
    """Fill in the story, name and address, as a different person each time."""
    fields = {
        "first": "Siobhán",
        "last": f"O’Dell {next(numbers)}",
        "street": "12 Larkspur Ct",
        "city": "Gloucester",
        "story": STORY,
        **changes,
    }
    someone.write(fields.pop("story"), **fields)


def public_counts(someone: Visitor) -> tuple[int, int]:
    """People and letters, from the public counts."""
    counts = someone.context.request.get(f"{someone.address}/counts.json").json()
    return counts["signatures"], counts["letters"]


def test_from_zip_to_receipt_at_320_pixels(visitor: Visitor) -> None:
    page = visitor.page
    people, letters = public_counts(visitor)
    visitor.goto("/")
    visitor.judge()
    page.get_by_label("Your home ZIP code").fill("01930")
    visitor.press("Start my letter")
    visitor.judge()
    write(visitor)
    visitor.judge()
    visitor.press("Review my letters")
    expect(page.locator("article.sheet")).to_have_count(3)
    visitor.judge()
    assert "Siobhán O’Dell" in page.locator("article.sheet").first.inner_text()
    visitor.press("Sign my 3 letters")
    expect(page.locator("h1")).to_contain_text("You have signed")
    visitor.judge()
    page.get_by_text("All letters at once").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all as one PDF").click()
    with open(download.value.path(), "rb") as file:  # noqa: PTH123
        pdf = PdfReader(io.BytesIO(file.read()))
    assert len(pdf.pages) >= 3
    printed = " ".join(" ".join(sheet.extract_text() for sheet in pdf.pages).split())
    assert printed.count("deputies to be people whom we can call") == 3
    visitor.press("Print all")
    visitor.judge()
    visitor.press("Back to my letters")
    expect(page.locator("h1")).to_contain_text("You have signed")
    page.get_by_role("button", name="Go to my receipt").click()
    expect(page.locator("h1")).to_have_text("Thank you")
    visitor.judge()
    assert public_counts(visitor) == (people + 1, letters + 3)


def test_reloading_and_going_back_count_once_and_lose_nothing(visitor: Visitor) -> None:
    page = visitor.page
    before = public_counts(visitor)
    visitor.find("59601")
    long_story = "Word by word. " * 428
    write(visitor, city="Helena", story=long_story)
    visitor.press("Review my letters")
    page.reload()
    expect(page.locator("article.sheet")).to_have_count(3)
    visitor.press("My story")
    assert page.locator("#story").input_value().split() == long_story.split()
    visitor.forward()
    visitor.press("Review my letters")
    visitor.press("Sign my 3 letters")
    page.reload()
    expect(page.locator("h1")).to_contain_text("You have signed")
    page.go_back()
    expect(page.locator("article.sheet")).to_have_count(3)
    assert "Word by word." in page.locator("article.sheet").first.inner_text()
    visitor.press("Sign my 3 letters")
    expect(page.locator("h1")).to_contain_text("You have signed")
    after = public_counts(visitor)
    assert after == (before[0] + 1, before[1] + 3)


def test_a_resident_chooses_a_district_signs_and_withdraws(visitor: Visitor) -> None:
    page = visitor.page
    visitor.find("60647")
    expect(page.locator("h1")).to_have_text("Which district do you live in?")
    visitor.judge()
    visitor.press("I live in District 3 (IL-3)")
    write(visitor, city="Chicago")
    visitor.press("Review my letters")
    visitor.press("Sign my 3 letters")
    page.get_by_role("button", name="Go to my receipt").click()
    receipt = page.url
    people, letters = public_counts(visitor)
    page.goto(receipt)
    page.get_by_text("Withdraw my signature", exact=True).click()
    visitor.press("Yes, withdraw my signature")
    expect(page.locator("h1")).to_have_text("This signature is withdrawn")
    visitor.judge()
    assert public_counts(visitor) == (people - 1, letters - 3)


def test_an_error_is_shown_at_its_field_and_takes_the_focus(visitor: Visitor) -> None:
    page = visitor.page
    visitor.goto("/find")
    page.keyboard.press("Tab")
    page.locator("#zip").focus()
    page.keyboard.type("abc")
    visitor.enter()
    assert page.title().startswith("Error")
    field = page.locator("#zip")
    assert field.get_attribute("aria-invalid") == "true"
    assert field.input_value() == "abc"
    described = (field.get_attribute("aria-describedby") or "").split()
    assert any("ZIP" in page.locator(f"#{name}").inner_text() for name in described)
    focused = page.evaluate("document.activeElement.textContent")
    assert "ZIP" in focused
    visitor.judge()


def test_going_back_after_a_wrong_zip_code_shows_the_page_that_said_so(visitor: Visitor) -> None:
    page = visitor.page
    for zip_code, right in (("0193", "01930"), ("09012", "01930"), ("00001", "01930")):
        visitor.find(zip_code, "/find?forget=1")
        heading = page.locator("h1").inner_text()
        page.locator("#zip").fill(right)
        visitor.enter()
        expect(page.locator("h1")).to_have_text("What should they know?")
        page.go_back()
        expect(page.locator("h1")).to_have_text(heading)


def test_a_page_that_asks_for_a_home_is_no_error_when_it_is_loaded_again(
    visitor: Visitor,
) -> None:
    page = visitor.page
    visitor.find("09012")
    heading = page.locator("h1").inner_text()
    page.reload()
    expect(page.locator("#zip")).to_have_value("")
    expect(page.locator("h1")).to_have_text(heading)
    expect(page.locator(".summary")).to_have_count(0)
    page.reload()
    visitor.press("Find my representatives")
    expect(page.locator(".summary")).to_contain_text("Enter your five-digit ZIP code.")
    expect(page.locator("h1")).to_have_text(heading)


def test_a_link_of_the_error_summary_shows_the_field_with_its_label_and_error(
    visitor: Visitor,
) -> None:
    page = visitor.page
    visitor.find(path="/")
    visitor.forward()
    visitor.forward()
    for field in ("city", "first", "street"):
        page.locator(f".summary a[href='#{field}']").click()
        expect(page.locator(f"#{field}")).to_be_in_viewport(ratio=1)
        expect(page.locator(f"#{field}-error")).to_be_in_viewport(ratio=1)
        expect(page.locator(f"label[for={field}]")).to_be_in_viewport(ratio=1)


def test_a_first_letter_takes_at_most_twelve_tabs_to_sign(visitor: Visitor) -> None:
    page, tabs = visitor.page, 0
    page.set_viewport_size({"width": 390, "height": 844})

    def tab_to(wanted: str) -> None:
        nonlocal tabs
        here = ""
        while wanted != here:
            assert tabs < 12, f"{wanted} is out of reach"
            page.keyboard.press("Tab")
            tabs += 1
            here = page.evaluate("document.activeElement.id || document.activeElement.innerText")

    def enter() -> None:
        visitor.enter()
        # Tab goes on from the heading once a frame is drawn there; a picture waits for one.
        expect(page.locator(":target")).to_be_attached()
        page.screenshot()

    visitor.goto("/")
    tab_to("Skip to main content")
    page.keyboard.press("Enter")
    tab_to("zip")
    page.keyboard.type("01930")
    enter()
    tab_to("story")
    page.keyboard.type("We know our deputies by name.")
    tab_to("Next: your name")
    enter()
    for name, text in {"first": "Suharni", "street": "88 Heron St", "city": "Gloucester"}.items():
        tab_to(name)
        page.keyboard.type(f"{text} {next(numbers)}")
    enter()
    expect(page.locator("article.sheet")).to_have_count(3)
    tab_to("Skip to signing")
    page.keyboard.press("Enter")
    expect(page.locator("#sign")).to_be_focused()
    visitor.enter()
    expect(page.locator("h1")).to_contain_text("You have signed")


def test_going_back_restores_every_page_as_it_was_left(visitor: Visitor) -> None:
    page = visitor.page
    visitor.find(path="/")
    write(visitor, last="Whitlock")
    visitor.forward()
    visitor.forward()
    expect(page.locator("h1")).to_contain_text("You have signed")
    page.go_back()
    expect(page.locator("#sign")).to_be_visible()
    page.go_back()
    expect(page.locator("#last")).to_have_value("Whitlock")
    expect(page.locator("#street")).to_have_value("12 Larkspur Ct")
    page.locator("#street").fill("9 Oak St")
    page.go_back()
    expect(page.locator("#story")).to_have_value(STORY)
    expect(page.locator("input[name=template]:checked")).to_have_value("general")
    page.go_back()
    expect(page.locator("#zip")).to_be_visible()
    assert "?" not in page.url
    assert visitor.context.cookies() == []


def test_the_preview_follows_the_typed_story_and_the_chosen_letter(
    chromium: Browser, site: Server
) -> None:
    someone = visit(chromium, site, width=1280)
    page = someone.page
    someone.find()
    expect(page.locator(".grown:visible")).to_contain_text("Your story goes here.")
    page.locator("#story").fill("We know our deputies.")
    page.get_by_label("Public safety").check()
    expect(page.locator(".grown:visible")).to_have_count(1)
    expect(page.locator(".grown:visible")).to_contain_text("63 police chiefs")
    expect(page.locator(".grown:visible mark")).to_have_text("We know our deputies.")
    someone.judge()
    someone.context.close()


@pytest.mark.parametrize("lang", LOOKS)
def test_public_pages_are_accessible_in_both_languages_and_color_schemes(
    chromium: Browser, site: Server, lang: str
) -> None:
    someone = visit(chromium, site)
    for path in ("/", "/find", "/about-the-bill", "/districts", "/privacy", "/terms",
                 "/accessibility"):  # fmt: skip
        someone.goto(lang + path)
        assert someone.page.evaluate("document.documentElement.lang") == (lang[1:] or "en")
        for width, dark in LOOKS[lang]:
            someone.look(width, dark=dark)
            someone.judge()
        # 200 % zoom of a 640 pixel window
        someone.look(640, dark=dark)
        someone.page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert someone.page.evaluate("document.documentElement.scrollWidth") <= 640
    someone.context.close()


def test_the_start_page_with_its_assets_is_small(chromium: Browser, site: Server) -> None:
    someone = visit(chromium, site)
    asked: list[Request] = []
    someone.page.on("response", lambda answer: asked.append(answer.request))
    someone.goto("/")
    someone.page.wait_for_load_state("networkidle")
    assert 1 < len(asked) < 8
    assert sum(a.sizes()["responseBodySize"] for a in asked) < 60_000, "on the wire"
    someone.context.close()


def test_the_draft_survives_a_reload_only_in_its_own_tab(chromium: Browser, site: Server) -> None:
    someone = visit(chromium, site)
    page = someone.page
    someone.find()
    page.locator("#story").fill(STORY)
    page.reload()
    expect(page.locator("#story")).to_have_value(STORY)
    other = someone.context.new_page()
    other.goto(someone.address)
    assert other.evaluate("sessionStorage.length") == 0
    assert other.evaluate("localStorage.length") == 0
    someone.context.close()


def test_no_page_after_a_reload_is_stored_on_the_device(chromium: Browser, site: Server) -> None:
    someone = visit(chromium, site)
    page = someone.page
    someone.find()
    page.locator("#story").fill(STORY)
    page.reload()
    expect(page.locator("#story")).to_have_value(STORY)
    with page.expect_response(lambda answer: answer.url.endswith("/address")) as answer:
        someone.forward()
    assert answer.value.headers["cache-control"] == "no-store"
    someone.context.close()


def test_the_next_person_in_a_tab_does_not_get_what_the_signer_typed(
    chromium: Browser, site: Server
) -> None:
    someone = visit(chromium, site)
    page = someone.page
    someone.find(path="/")
    write(someone)
    someone.forward()
    someone.forward()
    expect(page.locator("h1")).to_contain_text("You have signed")
    someone.find(path="/")
    expect(page.locator("#story")).to_have_value("")
    someone.forward()
    expect(page.locator("#first")).to_have_value("")
    someone.context.close()


def test_a_receipt_with_an_error_still_leads_back_to_the_letters(
    chromium: Browser, site: Server
) -> None:
    someone = visit(chromium, site)
    page = someone.page
    someone.find()
    write(someone)
    someone.forward()
    someone.forward()
    someone.press("Go to my receipt")
    with page.expect_navigation():  # as the form for another email address
        page.evaluate(
            "const form = document.createElement('form'); form.method = 'post';"
            "form.action = location.pathname + '/address'; document.body.append(form);"
            "form.submit()"
        )
    expect(page.locator(".summary")).to_be_visible()
    someone.press("Back to my letters")
    expect(page.locator("h1")).to_contain_text("You have signed")
    someone.context.close()


def test_another_zip_code_keeps_an_address_for_mail_elsewhere(
    chromium: Browser, site: Server
) -> None:
    someone = visit(chromium, site)
    page = someone.page
    someone.find()
    write(someone, street="P.O. Box 12", city="Portland")
    page.locator("#mail_state").select_option("ME")
    page.locator("#mail_zip").fill("04101")
    page.locator("#elsewhere").check()
    someone.find()
    someone.forward()
    expect(page.locator("#street")).to_have_value("P.O. Box 12")
    expect(page.locator("#mail_zip")).to_have_value("04101")
    expect(page.locator("#mail_state")).to_have_value("ME")
    expect(page.locator("#elsewhere")).to_be_checked()
    someone.context.close()


@pytest.mark.parametrize(
    ("zip_code", "link"),
    [("94538", "Use a different ZIP code"),
     ("01930", "Not your district? Look again")],
)  # fmt: skip
def test_starting_again_gives_an_empty_form(visitor: Visitor, zip_code: str, link: str) -> None:
    page = visitor.page
    visitor.find(zip_code)
    with page.expect_navigation():
        page.get_by_role("link", name=link).click()
    page.wait_for_load_state("networkidle")
    expect(page.locator("#zip")).to_have_value("")
