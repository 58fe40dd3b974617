"""One letter, several renderings: all of them say the same."""

from __future__ import annotations

from io import BytesIO

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.documents.call import to_call_script
from app.documents.letter import PostalLetter, postal, to_text, to_web_form, without_links
from app.documents.pdf import to_pdf
from tests.documents.factory import addressed, holder, letter, writer

STRAIGHT = str.maketrans(
    {"“": '"', "”": '"', "″": '"', "‘": "'", "’": "'", "′": "'", "`": "'", "´": "'"}
)


def squeezed(text: str) -> str:
    """The text without white space and break points."""
    return "".join(text.split()).replace("\u200b", "")


def plain(text: str) -> str:
    """The text with all quotation marks made straight."""
    return text.translate(STRAIGHT).replace("''", '"')


def from_text(text: str) -> tuple[str, ...]:
    """The paragraphs between the salutation and the closing of a plain-text letter."""
    parts = text.rstrip("\n").split("\n\n")
    start = parts.index("Dear Senator Padilla:")
    return tuple(parts[start + 1 : parts.index("Sincerely,", start)])


def pdf_text(data: bytes) -> str:
    return "".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(data)).pages)


def parts_in_order(page: PostalLetter) -> list[str]:
    return [
        *page.return_address, page.date, *page.inside_address, page.subject, page.salutation,
        *page.paragraphs, page.closing, page.name,
    ]  # fmt: skip


stories = st.lists(
    st.text(
        alphabet=st.characters(codec="latin-1", exclude_categories=("Cc", "Cf"))
        | st.sampled_from("\n\n–—“”‘’…ẤŁőЩ漢'\""),
        max_size=150,
    )
    | st.sampled_from(
        ["\"It's '90s,\" 5'10\" <b>&amp;</b>", "a\n\nb\nc", "{{ x }} {% y %} $z$ #f()"]
    ),
    max_size=5,
)


@settings(deadline=None, max_examples=60)
@given(stories)
def test_paper_pdf_and_web_form_have_the_same_paragraphs(story: list[str]) -> None:
    chosen = letter(body=("Hello.", *story, "Thank you."))
    page = postal(chosen, writer())
    assert from_text(to_text(chosen, writer())) == page.paragraphs

    printed = squeezed(pdf_text(to_pdf([addressed(body=chosen.body)]))).replace("Page2", "")
    assert squeezed("".join(parts_in_order(page))) == printed

    form = to_web_form(chosen)
    salutation, *paragraphs = form.text.split("\n\n")
    assert salutation == page.salutation
    if all(without_links(text) == text for text in page.paragraphs):
        assert list(map(plain, paragraphs)) == list(map(plain, page.paragraphs))


def test_with_links_the_renderings_differ_only_in_the_links() -> None:
    body = ("See https://www.congress.gov/bill/119 now.", 'It is "here".')
    form = to_web_form(letter(body=body))
    assert form.text.split("\n\n")[1:] == ["See congress dot gov now.", "It is “here”."]
    assert postal(letter(body=body), writer()).paragraphs == body
    assert "https://www.congress.gov/bill/119" in squeezed(pdf_text(to_pdf([addressed(body=body)])))


@pytest.mark.parametrize("last", ["Padilla", "Hernández Rivera", "Wasserman Schultz"])
def test_every_rendering_is_for_the_same_member(last: str) -> None:
    chosen = letter(holder_=holder(last=last, full_name=f"A. {last}"), salutation=f"Dear S {last}:")
    assert f"The Honorable A. {last}\n" in to_text(chosen, writer())
    assert to_web_form(chosen).text.startswith(f"Dear S {last}:")
    assert f"Senator {last}" in to_call_script(chosen, writer()).words.voicemail[0]
    printed = squeezed(pdf_text(to_pdf([addressed(holder_=chosen.holder)])))
    assert squeezed(f"The Honorable A. {last}") in printed
