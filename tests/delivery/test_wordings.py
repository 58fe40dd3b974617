"""The site's own messages: both languages, no free text to unconfirmed addresses."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from app.campaign.words import Language
from app.congress.model import Seat
from app.congress.tables import load_tables
from app.delivery.mail import Address, Mail, build, parse_address
from app.delivery.wordings import (
    _WORDS,
    _words,
    absolute_link,
    confirmation_mail,
    copy_mail,
    receipt_mail,
)
from app.documents.letter import Addressed, to_text
from app.site.settings import Settings

from .letters import NOON, STORY, letter, writer

SPAM = "WIN 5000 USD http://bad.example"
LINK = "https://letters.example.org/receipt/token"
LANGUAGES: tuple[Language, ...] = get_args(Language)


def stranger() -> Address:
    found = parse_address("stranger@example.net", SPAM)
    assert isinstance(found, Address)
    return found


def unconfirmed(language: Language) -> list[Mail]:
    named = {"language": language, "group": "Neighbors", "link": LINK}
    return [
        confirmation_mail(stranger(), **named),  # type: ignore[arg-type]
        receipt_mail(stranger(), **named, recipients=["Senator Alex Padilla"]),  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_mail_to_an_unconfirmed_address_contains_nothing_the_signer_typed(
    language: Language,
) -> None:
    for mail in unconfirmed(language):
        raw = build(mail, Address("l@c.example", "N"), now=NOON, message_id="1").raw.decode()
        assert "WIN" not in raw
        assert "bad.example" not in raw
        assert LINK in mail.text
        assert "{" not in mail.text
        assert "Neighbors" in mail.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_copy_has_every_letter_as_text_and_the_pdfs(language: Language) -> None:
    seat = Seat("CA", "senate", senate_class=3)
    holder = load_tables().holder(seat.id)
    assert holder is not None
    item = Addressed(letter(seat, holder=holder), writer(first="{{ config }}"), None)
    mail = copy_mail(
        stranger(), language=language, group="Neighbors", link=LINK,
        letters=[item, item], pdfs=[("letters.pdf", b"%PDF")],
        states=[("Senator Padilla", "Printed (noon)"), ("Senator Schiff", "Queued")],
    )  # fmt: skip
    assert mail.text.count(STORY) == 2
    assert mail.text.count(to_text(item.letter, item.writer).strip()) == 2
    assert "{{ config }}" in mail.text
    assert "None" not in mail.text
    assert LINK in mail.text
    first, second = mail.text.index("Senator Padilla"), mail.text.index("Senator Schiff")
    assert first < mail.text.index("Printed (noon)") < mail.text.index(STORY) < second
    assert [a.filename for a in mail.attachments] == ["letters.pdf"]


def test_both_languages_have_the_same_texts_and_fields() -> None:
    assert {k: set(re.findall(r"\{\w+\}", v)) for k, v in _WORDS["en"].items()} == {
        k: set(re.findall(r"\{\w+\}", v)) for k, v in _WORDS["es"].items()
    }
    assert all(_WORDS["en"][key] != _WORDS["es"][key] for key in _WORDS["en"])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["receipt", "copy"])
@pytest.mark.parametrize("official", [False, True])
def test_no_message_claims_that_letters_were_sent(
    language: Language, kind: str, official: bool
) -> None:
    text = _words(kind, language, official=official)
    by_hand = {"en": "We have not sent your letters", "es": "No hemos enviado sus cartas"}
    pressed = {"en": "only the letters for which you pressed", "es": "solo las cartas para las que"}
    assert (by_hand[language] in text) is not official
    assert (pressed[language] in text) is official
    assert "{handing over}" not in text


@pytest.mark.parametrize(
    ("site", "path", "link"),
    [
        ("https://letters.example.org", "/receipt/x", "https://letters.example.org/receipt/x"),
        ("https://example.org/letters/", "/es/r/x", "https://example.org/letters/es/r/x"),
        (Settings(port=8123).address, "/receipt/x", "http://localhost:8123/receipt/x"),
    ],
)
def test_links_use_the_configured_address(site: str, path: str, link: str) -> None:
    assert absolute_link(site, path) == link


@pytest.mark.parametrize(
    "path", ["//evil.example/x", "https://evil.example", "x", "", "/\\evil.example", "/a\nb"]
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="link"):
        absolute_link("https://letters.example.org", path)
