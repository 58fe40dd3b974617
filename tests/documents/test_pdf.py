"""The letter as PDF: what it says, how it is tagged, what it does not reveal."""

from __future__ import annotations

import resource
import threading
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdf
import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st

from app.documents import typesetting
from app.documents.pdf import missing_glyphs, to_pdf
from app.documents.typesetting import FAMILIES, FontsMissingError, PdfError, font_folders
from app.site.rooms import in_subprocess
from tests.documents.factory import addressed, writer


def read(data: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(BytesIO(data))


def words(data: bytes) -> str:
    """All text, with each run of white space as one space."""
    return " ".join(" ".join(page.extract_text() for page in read(data).pages).split())


def root(data: bytes) -> Any:
    return read(data).trailer["/Root"]


def xmp(data: bytes) -> str:
    return str(root(data)["/Metadata"].get_object().get_data().decode())


def fonts(reader: pypdf.PdfReader) -> Iterator[Any]:
    for page in reader.pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            for descendant in font.get_object()["/DescendantFonts"]:
                yield descendant.get_object()["/FontDescriptor"].get_object()


def scripts_of_top_line(data: bytes) -> list[str]:
    """The fonts of the first line from left to right, neighbors with the same font as one."""
    page = read(data).pages[0]
    resources: Any = page["/Resources"]
    names = {key: str(font.get_object()["/BaseFont"]) for key, font in resources["/Font"].items()}
    contents = page.get_contents()
    assert contents is not None
    runs: list[tuple[float, float, str]] = []
    x = y = 0.0
    for operands, operator in contents.operations:
        if operator == b"cm":
            x, y = float(operands[4]), float(operands[5])
        elif operator == b"Tf":
            runs.append((-y, x, names[operands[0]]))
    top = sorted(runs)[0][0]
    fonts_ = [
        next(script for script in ("Hebrew", "Arabic", "Serif") if script in name)
        for y_, _, name in sorted(runs)
        if y_ == top
    ]
    return [font for font, before in zip(fonts_, ["", *fonts_], strict=False) if font != before]


def test_the_pdf_has_every_part_of_the_letter_in_order() -> None:
    text = words(to_pdf([addressed()]))
    at = -1
    for part in (
        "12 Larkspur Court Apartment 4 Fremont, CA 94538",
        "November 25, 2026",
        "The Honorable Alex Padilla United States Senate",
        "Washington, DC 20510",
        "Re: Please introduce a Senate companion to the PROTECT Immigration Act",
        "Dear Senator Padilla:",
        "I live in Fremont and I am one of your constituents.",
        "Thank you for your time and for your service.",
        "Sincerely,",
        "Siobhán O'Dell",
    ):
        assert text.find(part) > at, part
        at = text.find(part)


def test_the_page_is_us_letter_and_a_plain_letter_fits_on_one() -> None:
    pages = read(to_pdf([addressed()])).pages
    assert len(pages) == 1
    assert tuple(map(float, pages[0].mediabox)) == (0, 0, 612, 792)


def test_each_letter_starts_on_a_new_page() -> None:
    three = to_pdf(
        [addressed(salutation=f"Dear Senator {name}:") for name in ("One", "Two", "Six")]
    )
    pages = [page.extract_text() for page in read(three).pages]
    assert [name in text for name, text in zip(("One", "Two", "Six"), pages, strict=True)] == [
        True
    ] * 3


def test_the_pdf_is_tagged_and_declares_language_and_standard() -> None:
    data = to_pdf([addressed()])
    assert root(data)["/MarkInfo"]["/Marked"] == True  # noqa: E712
    assert root(data)["/StructTreeRoot"]["/K"]
    assert root(data)["/Lang"] == "en"
    assert root(data)["/ViewerPreferences"]["/DisplayDocTitle"] == True  # noqa: E712
    assert "<pdfuaid:part>1</pdfuaid:part>" in xmp(data)
    spanish = to_pdf([addressed(language="es")])
    assert root(spanish)["/Lang"] == "es"
    assert "Carta al Congreso" in xmp(spanish)


def test_every_font_is_embedded() -> None:
    person = writer(first="陳美玲 שירה ليلى Зоя", last="Ấu 🐢")
    descriptors = list(fonts(read(to_pdf([addressed(person)]))))
    assert len(descriptors) >= 6
    assert all("/FontFile2" in font or "/FontFile3" in font for font in descriptors)


def test_the_metadata_contains_no_name_and_no_time() -> None:
    """PR04."""
    data = to_pdf([addressed()])
    reader = read(data)
    metadata = reader.metadata
    assert metadata is not None
    assert metadata.title == "Letter to Congress"
    assert metadata.author is None
    assert metadata.creation_date is None
    for personal in ("Siobh", "Dell", "Larkspur", "Fremont", "94538", "Padilla", "2026"):
        assert personal not in xmp(data) + str(dict(metadata))
    assert not reader.outline
    assert not reader.attachments


def test_the_same_letter_gives_the_same_bytes() -> None:
    first = to_pdf([addressed()])
    to_pdf([addressed(closing="Respectfully,")])
    assert to_pdf([addressed()]) == first


MARKUP = [
    '#read("/etc/hostname")',
    '#image("letter.typ")',
    '#include "letter.typ"',
    '#import "@preview/cetz:0.2.0"',
    "#sys.inputs $x^2$ *bold* _slanted_ `code` <label> @label \\u{41} // not a comment",
    "= Not a heading",
    "'{{ 7*7 }} {% raise %} %s {0}",
    '<img src="file:///etc/hostname"> & <link rel="attachment" href="http://127.0.0.1/admin">',
    '"}, {"name": "x" \\" \\n',
]


@pytest.mark.parametrize("typed", MARKUP)
def test_markup_in_a_story_or_name_is_printed_as_typed_and_not_run(typed: str) -> None:
    """PD04, TP02."""
    data = to_pdf([addressed(writer(first=typed, last="", street=typed), body=(typed,))])
    text = words(data).replace("\u200b", "").replace(" ", "")
    assert text.count(typed.replace(" ", "")) == 3
    reader = read(data)
    assert not reader.attachments
    assert all("/Annots" not in page and "/AA" not in page for page in reader.pages)
    assert b"/Launch" not in data
    assert b"/URI" not in data


def test_a_template_can_read_only_its_own_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """PD04: the second line of defense, should a template ever read a file named in the data."""
    folder = tmp_path / "typst"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    (folder / "own.txt").write_text("own", encoding="utf-8")
    monkeypatch.setattr(typesetting, "TEMPLATES", folder)
    monkeypatch.setattr(typesetting, "_compiler", cache(typesetting._compiler.__wrapped__))
    (folder / "empty.typ").touch()
    for path in ("../secret.txt", str(tmp_path / "secret.txt"), "/etc/hostname"):
        (folder / "letter.typ").write_text(f'#read("{path}")', encoding="utf-8")
        with pytest.raises(PdfError):
            typesetting.typeset("letter.typ", {})
    (folder / "letter.typ").write_text(
        '#set document(title: "t")\n#read("own.txt")', encoding="utf-8"
    )
    assert typesetting.typeset("letter.typ", {})


def test_the_letter_template_evaluates_and_reads_nothing() -> None:
    """PD04: what people wrote is only ever placed."""
    source = (typesetting.TEMPLATES / "letter.typ").read_text(encoding="utf-8")
    for word in ("eval(", "read(", "include", "import", "plugin(", "image("):
        assert word not in "\n".join(
            line for line in source.splitlines() if not line.startswith("//")
        ).replace("data.", "")


NAMES = [
    "陳美玲", "陈美玲", "山田はなこ", "김민수", "שירה לוי", "ليلى حداد", "مریم می\u200cخواهم",
    "Nguyễn Thị Ánh Tuyết", "Зоя Іваненко", "Ελένη", "🐢 Lee", "👩\u200d👧 ❤\ufe0f 🇺🇸 👍🏽",
    "नमिता",
    "สมชาย", "ស្រីមុំ", "ሰላም", "Հայկ", "ნინო", "ਹਰਪ੍ਰੀਤ", "মিতা", "தமிழ்", "Kaʻiulani Keliʻihoʻomalu",
    "Ǫ́ Łitso", "Ȟeȟáka", "José Ñandú Œuvre ẞ", "Dvořák Ľubomír Őry", "1\ufe0f\u20e3",
    "½ № € £ ™ § → ✓",
    "q\u0323\u0307",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_fonts_cover_the_names_of_people_in_the_us(name: str) -> None:
    """PD02."""
    assert missing_glyphs(name) == ()
    assert "\ufffd" not in words(to_pdf([addressed(writer(first=name, last=""))]))


def test_characters_without_a_font_are_listed_once_and_replaced() -> None:
    name = "𓀀𓀁 Lee \ue000𓀀"
    assert missing_glyphs(name, "Ann", "𒀀") == ("𓀀", "𓀁", "\ue000", "𒀀")
    data = to_pdf([addressed(writer(first=name, last=""))])
    assert words(data).endswith("\ufffd\ufffd Lee \ufffd\ufffd")
    assert "pdfuaid" in xmp(data)


def test_a_replacement_in_one_letter_leaves_the_others_alone() -> None:
    data = to_pdf([addressed(writer(first="𓀀")), addressed(writer(first="Ann", last="Lee"))])
    assert read(data).pages[1].extract_text().rstrip().endswith("Ann Lee")


def test_right_to_left_names_leave_the_rest_of_the_line_in_place() -> None:
    """PD02: in left-to-right order, the number after a Hebrew name stays to its right."""
    for street in ("שירה לוי, 12 Main St.", "ليلى حداد: 12 Main St.", "שירה " * 12 + ", 12 St."):
        data = to_pdf([addressed(writer(street=street, street2="."))])
        scripts = scripts_of_top_line(data)
        assert scripts[0] in ("Hebrew", "Arabic")
        assert scripts[-1] == "Serif"
    scripts = scripts_of_top_line(to_pdf([addressed(writer(street="12 שירה לוי, Apt 3"))]))
    assert scripts[0] == scripts[-1] == "Serif"


def megabytes_more() -> float:
    """How much this process grows when it makes more letters, in MB."""

    def megabytes() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6

    def some(first: int) -> None:
        for number in range(first, first + 3):
            data = [addressed(body=(f"{number}-{i} " * 300,)) for i in range(20)]
            assert to_pdf(data)

    some(0)
    before = megabytes()
    some(100)
    some(200)
    return megabytes() - before


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
def test_memory_does_not_grow_with_the_number_of_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAYON_NUM_THREADS", "2")  # each thread, one a processor, has its own pool
    assert in_subprocess(megabytes_more) < 25


def test_an_empty_list_of_letters_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="no letters"):
        to_pdf([])


def test_letters_can_be_made_in_several_threads() -> None:
    made: dict[int, str] = {}

    def make(number: int) -> None:
        made[number] = words(to_pdf([addressed(salutation=f"Dear Number {number}:")]))

    threads = [threading.Thread(target=make, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(f"Dear Number {i}:" in made[i] for i in range(8))


def test_an_error_contains_nothing_from_the_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_template: str, _payload: str, **how: object) -> bytes:
        if "pdf_tags" in how:
            raise typst.TypstError("Siobhán", "Siobhán")
        return b""

    monkeypatch.setattr(typesetting, "_compile", fail)
    with pytest.raises(PdfError) as caught:
        to_pdf([addressed()])
    assert "Siobh" not in repr(caught.value)
    assert caught.value.__context__ is None


def test_missing_font_packages_are_named_with_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.documents.typesetting.FONT_PACKAGES", ("no_such_fonts",))
    with pytest.raises(FontsMissingError, match=r"no-such-fonts.*pip install -r requirements.txt"):
        font_folders()


def test_every_font_family_used_is_in_the_packages() -> None:
    folders = [str(folder) for folder in font_folders()]
    found = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=folders
    )
    assert set(FAMILIES) <= set(found.families())


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=80), max_size=4), st.text(max_size=30))
def test_any_text_makes_a_letter(body: list[str], name: str) -> None:
    person = writer(first=name, last="", street=name, street2=name)
    data = to_pdf([addressed(person, body=tuple(body), subject=name)])
    assert data.startswith(b"%PDF-")
    assert "Dear Senator Padilla:" in words(data)


@pytest.mark.parametrize(
    "run",
    ["https://www.congress.gov/bill/119th-congress/house-bill/6890/text?from=a-letter-of-mine",
     "x" * 300, "王" * 120, "https://example.org/" + "a%20b/" * 20],
)  # fmt: skip
def test_a_long_run_wraps_and_copies_as_typed(run: str) -> None:
    data = to_pdf([addressed(body=(f"Before {run} after.",))])
    copied = "".join(page.extract_text() for page in read(data).pages)
    assert "\u200b" not in copied
    assert run in copied.replace("\n", "")
    assert len(read(data).pages) == 1


def test_an_endless_run_continues_on_the_next_line_and_page() -> None:
    data = to_pdf([addressed(body=("Q" * 6000,))])
    assert len(read(data).pages) > 1  # one endless line would take one
    assert words(data).replace(" ", "").count("Q") >= 6000
