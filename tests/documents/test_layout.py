"""The look of the printed letter: where ink may be, and what stays together."""

from __future__ import annotations

import itertools
import json
from io import BytesIO

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.documents.layout import BREAK, HARD_BREAK, is_rtl, isolated, template_data, with_breaks
from app.documents.letter import Addressed, postal
from app.documents.pdf import to_pdf
from app.documents.typesetting import draw, unprintable
from tests.documents.factory import addressed, letter, writer

INCH = 72
WIDTH, HEIGHT = 612, 792


def ink(letters: list[Addressed]) -> list[tuple[int, int, int, int]]:
    """The bounding box of each nonblank page's ink, in points from the top left."""
    data = [template_data(postal(item.letter, item.writer, item.office)) for item in letters]
    content = {"language": "en", "letters": data}
    without = {ord(char): "\ufffd" for char in unprintable("letter.typ", content)}
    content = json.loads(json.dumps(content, ensure_ascii=False).translate(without))
    made = draw("letter.typ", content, ppi=72)
    boxes = []
    for png in made:
        assert isinstance(png, bytes)
        page = Image.open(BytesIO(png)).convert("RGBA")
        paper = Image.new("RGBA", page.size, "white")
        gray = Image.alpha_composite(paper, page).convert("L")
        assert gray.size == (WIDTH, HEIGHT)
        box = gray.point(lambda value: 255 if value < 200 else 0).getbbox()
        if box:
            boxes.append(box)
    return boxes


def assert_inside_the_margins(letters: list[Addressed]) -> None:
    for left, top, right, bottom in ink(letters):
        assert left >= INCH
        assert top >= INCH
        assert right <= WIDTH - INCH
        assert bottom <= HEIGHT - INCH


WITHOUT_A_PLACE_TO_BREAK = [
    "https://example.org/" + "a" * 3000,
    "W" * 6000,
    "é" * 3000,
    "Щ" * 2000,
    "( " * 1500,
    "! " * 1500,
    "— " * 900,
    "-1" * 2000,
    "1,2" * 1500,
    "a\u00a0" * 2000,
    "non-" * 1000,
    "⸻" * 100,
    "﷽" * 60,
    "🐢" * 300,
    "🇺🇸" * 200,
    "👩\u200d" * 300,
    "שלום" * 700,
    "سلام" * 700,
    "漢" * 1500,
    "q\u0323\u0307" * 900,
    "்" * 500,
    "…" * 1000,
    "$" * 2000,
    "_" * 2000,
    "“" * 1500,
    "ÆŒ@%" * 500,
    "m" * 29 + " " + "W" * 29 + " " + "M" * 31,
]


@pytest.mark.parametrize("story", WITHOUT_A_PLACE_TO_BREAK, ids=lambda s: f"{s[:6]!r}")
def test_an_unbreakable_story_stays_inside_the_margins(story: str) -> None:
    assert_inside_the_margins([addressed(body=(story,))])


@pytest.mark.parametrize("text", ["W" * 300, "שלום" * 60, "🐢" * 80, "漢" * 100, "a. " * 100])
def test_every_other_line_of_the_letter_stays_inside_the_margins(text: str) -> None:
    person = writer(first=text, last=text, street=text, street2=text, city=text)
    assert_inside_the_margins(
        [addressed(person, subject=text, salutation=f"Dear {text}:", closing=text)]
    )


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.text(min_size=1, max_size=6)
            | st.sampled_from(
                ["W", "( ", " !", "—", "\u00a0", "-", "/", "1,", "🐢", "ﷺ", "ש", "م"]
            ),
            st.integers(1, 150),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_no_story_at_all_puts_ink_in_the_margins(parts: list[tuple[str, int]]) -> None:
    story = "".join(piece * times for piece, times in parts)
    assert_inside_the_margins([addressed(body=(story, "Thank you."))])


def test_a_plain_letter_fills_the_text_area() -> None:
    ((left, top, right, _),) = ink([addressed()])
    assert left - INCH < 6
    assert top - INCH < 12
    assert WIDTH - INCH - right < 40


def test_the_inside_address_is_in_the_envelopes_window() -> None:
    """A sheet folded in thirds in a No. 10 envelope: about 2.04 to 3.17 inches from the top."""
    for street2 in ("", "Apartment 4"):
        page = pypdf.PdfReader(BytesIO(to_pdf([addressed(writer(street2=street2))]))).pages[0]
        at: dict[str, float] = {}

        def note(
            text: str, cm: list[float], _tm: object, _font: object, _size: object,
            at: dict[str, float] = at,
        ) -> None:  # fmt: skip
            at.setdefault(text.strip(), (HEIGHT - cm[5]) / INCH)

        page.extract_text(visitor_text=note)
        assert at["The Honorable Alex Padilla"] - 11 / INCH > 2.04
        assert at["Washington, DC 20510"] < 3.17


SENTENCE = "Local officers should answer to the town that they serve and pay for every day. "


def last_pages(letters: list[Addressed]) -> list[list[str]]:
    """For each letter the lines of its last page, without the page number."""
    pages = pypdf.PdfReader(BytesIO(to_pdf(letters))).pages
    found: list[list[str]] = []
    for page in pages:
        lines = [line.strip() for line in page.extract_text().splitlines() if line.strip()]
        if "12 Larkspur Court" in lines:
            found.append([])
        found[-1] = [line for line in lines if not line.startswith("Page ")]
    assert len(found) == len(letters)
    return found


def test_the_sign_off_is_never_alone_on_a_page() -> None:
    """Whatever the length, at least two lines of the letter's text precede the sign-off."""
    letters = [
        addressed(body=("Hello. " + SENTENCE * first, SENTENCE * last))
        for first, last in itertools.product((3,), range(12, 42))
    ] + [addressed(body=(SENTENCE * 24, *[SENTENCE * 2] * n)) for n in range(1, 12)]
    pages = last_pages(letters)
    split = 0
    for lines in pages:
        at = lines.index("Sincerely,")
        assert lines[at + 1 :] == ["Siobhán O'Dell"]
        assert at >= 2
        assert all(word in SENTENCE for line in lines[at - 2 : at] for word in line.split())
        split += "12 Larkspur Court" not in lines
    assert split > 10


def test_a_short_last_paragraph_stays_with_the_sign_off() -> None:
    for lines in last_pages(
        [
            addressed(body=("Hello. " + SENTENCE * n, "Thank you for your time.", "Be well."))
            for n in range(18, 40)
        ]
    ):
        at = lines.index("Sincerely,")
        assert lines[at - 2 : at] == ["Thank you for your time.", "Be well."]
        assert at >= 4
        assert all(word in SENTENCE for word in lines[at - 3].split())


def test_later_pages_name_writer_recipient_and_date() -> None:
    reader = pypdf.PdfReader(BytesIO(to_pdf([addressed(body=(SENTENCE * 150,)), addressed()])))
    texts = [page.extract_text() for page in reader.pages]
    assert len(texts) >= 4
    assert "Page" not in texts[0]
    for number, text in enumerate(texts[1:-1], start=2):
        foot = " ".join(text.split()).rpartition("Page ")[2]
        assert foot == f"{number} · November 25, 2026 · Siobhán O'Dell · The Honorable Alex Padilla"
    assert "Page" not in texts[-1], "each letter is numbered for itself"


def test_a_letter_without_text_has_salutation_closing_and_name() -> None:
    text = " ".join(
        pypdf.PdfReader(BytesIO(to_pdf([addressed(body=())]))).pages[0].extract_text().split()
    )
    assert "Dear Senator Padilla: Sincerely, Siobhán O'Dell" in text


@pytest.mark.parametrize(
    ("text", "rtl"),
    [
        ("Hello", False), ("שלום", True), ("مرحبا بكم", True), ("My name is שירה", False),
        ("שמי שירה לוי, Ann", True), ("123", False), ("", False), ("陳美玲", False),
    ],
)  # fmt: skip
def test_a_paragraphs_direction_follows_its_letters(text: str, rtl: bool) -> None:
    assert is_rtl(text) is rtl


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Ann Lee", "Ann Lee"),
        ("Зоя", "Зоя"),
        ("שירה לוי", [{"rtl": "שירה לוי"}]),
        ("שירה לוי, 12 Main St.", [{"rtl": "שירה לוי"}, ", 12 Main St."]),
        ("12 שירה, Apt 3 ليلى!", ["12 ", {"rtl": "שירה"}, ", Apt 3 ", {"rtl": "ليلى"}, "!"]),
        ("א 1 ב x", [{"rtl": "א 1 ב"}, " x"]),
    ],
)
def test_right_to_left_runs_are_isolated(text: str, parts: object) -> None:
    assert isolated(text) == parts


def test_ordinary_text_gets_no_break_points() -> None:
    for text in (*letter().body, "Twenty-eight non-governmental-organizations, https://a.org/b."):
        assert with_breaks(text) == text


@given(st.text())
def test_break_points_change_no_visible_character(text: str) -> None:
    visible = text.replace(BREAK, "").replace(HARD_BREAK, "").replace("\u20e3", "")
    assert with_breaks(visible).replace(BREAK, "").replace(HARD_BREAK, "") == visible
    assert with_breaks("1\ufe0f\u20e3") == "1"


@given(
    st.lists(
        st.sampled_from(["👩", "\u200d", "👧", "e", "\u0301", "🇺", "🇸", "👍", "🏽"]), max_size=80
    )
)
def test_no_break_point_splits_a_combined_character(chars: list[str]) -> None:
    text = with_breaks("".join(chars))
    assert BREAK + "\u0301" not in text.removeprefix(BREAK)
    if chars.count("\u200d") < 8:
        assert BREAK + "\u200d" not in text
