"""Normalizing and parsing what people type and paste: characters, names, digits, addresses."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.congress.places import Zip, parse_zip
from app.text import (
    BadEmail,
    Email,
    _is_ignorable,
    clean_line,
    clean_text,
    decode,
    fold_digits,
    has_letter,
    read_email,
    suggest_email,
    undoubled,
)

ODD = "ab \n\t\r\v\f\x00\x1c\x85\xa0\xad\u0301\u0323\u034f\u0590\u05d0\u0645\u200b\u200c\u200d"
ODD += "\u200e\u200f\u2028\u2029\u202e\u2060\u2067\u3000\u3164\ufe0f\ufeff\ufffc\ufffe\ud800\u094d"
ODD += "\u0915\U0001f469\U0001f467\u2764\U000e0061e1"
texts = st.one_of(st.text(), st.text(st.sampled_from(ODD)))


@given(texts)
@example("e\u0301\u0301\u0301\u0301\u05b0\u200d")
@example("e\u200d\u0301")
def test_cleaning_is_idempotent(text: str) -> None:
    clean = clean_text(text)
    assert clean_text(clean) == clean
    assert clean_line(clean_line(text)) == clean_line(text) == clean_line(clean)
    assert clean == unicodedata.normalize("NFC", clean)
    assert not any(map(_is_ignorable, clean))


@given(texts)
def test_cleaning_loses_nothing_visible(text: str) -> None:
    def seen(text: str) -> str:
        plain = unicodedata.normalize("NFD", text)
        return "".join(c for c in plain if unicodedata.category(c)[0] not in "MZC")

    visible = "".join(c for c in text if not _is_ignorable(c))
    assert seen(clean_text(text)) == seen(visible)


@given(texts)
def test_a_clean_line_has_no_break_and_a_text_only_line_feeds(text: str) -> None:
    assert len(clean_line(text).splitlines()) <= 1
    assert clean_text(text).splitlines() == clean_text(text).split("\n") or not clean_text(text)


@pytest.mark.parametrize("mark", ["\n", "\r\n", "\r", "\v", "\f", "\x85", "\u2028"])
def test_any_line_break_is_a_line_feed_in_a_text_and_a_space_in_a_line(mark: str) -> None:
    assert clean_text(f"line one{mark}line two") == "line one\nline two"
    assert clean_line(f"line one{mark}line two") == "line one line two"


def test_a_paragraph_separator_starts_a_paragraph() -> None:
    assert clean_text("one\u2029two") == "one\n\ntwo"


@pytest.mark.parametrize(
    "hidden",
    ["\u200b", "\u2060", "\u3164", "\ufffe", "\uffff", "\ufeff", "\u00ad", "\u202e", "\u2066",
     "\ud83d", "\u115f", "\u034f", "\u2800", "\U000e0041", "\x07", "\x1b", "\u200d", "\u200e",
     "\ufe0f"],
)  # fmt: skip
def test_ignorable_characters_are_removed_anywhere(hidden: str) -> None:
    assert clean_line(f"{hidden}An{hidden}a{hidden}") == "Ana"
    assert not has_letter(clean_line(hidden * 3))


@pytest.mark.parametrize(
    "text",
    ["می‌خواهم", "क्‍ष", "👩‍👩‍👧", "❤️‍🔥", "1️⃣", "שירה\u200f לוי", "陳美玲", "🐢 Lee",
     "Parks & Trails <3", "DeShawn van der Berg III", "a\xa0b", "“It’s ours” — 40°"],
)  # fmt: skip
def test_scripts_and_emoji_keep_their_joiners(text: str) -> None:
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("a\x00b\x07c", "abc"),
        ("a\tb", "a b"),
        ("two  blanks", "two blanks"),
        ("soft\u00adhyphen", "softhyphen"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("over\u202eride\u2066", "override"),
        ("hidden\U000e0041\U000e0042", "hidden"),
        ("bad\ud800half", "badhalf"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # a joiner that spelling needs
        ("👩\u200d👧 ❤\ufe0f", "👩\u200d👧 ❤\ufe0f"),
        ("“It’s ours” — 40° 🐢.", "“It’s ours” — 40° 🐢."),  # EM12
        ("Z" + "\u0351" * 50, "Z" + "\u0351" * 4),
        ("e\u200b\u0301", "é"),
        ("a\u2028b\x85c\vd", "a\nb\nc\nd"),
    ],
)
def test_hidden_characters_are_removed_and_visible_ones_kept(typed: str, clean: str) -> None:
    assert clean_text(typed) == clean


def test_a_name_needs_a_letter_of_some_script() -> None:
    for name in ("Suharni", "陳", "ليلى", "Ж", "Ō", "שי", "ꯃ"):
        assert has_letter(name)
    for name in ("", "...", "12", "\u200b", "ㅤ", "🐢", "-", "²", "\u0301"):
        assert not has_letter(name)


def test_digits_of_every_keyboard_are_folded_and_no_other_signs() -> None:
    assert fold_digits("０２１３８－１２３４") == "02138-1234"
    assert fold_digits("٩٤٦٠١ ९४६०१") == "94601 94601"
    assert fold_digits("²²²²² ①② 𝟗½") == "²²²²² ①② 𝟗½"


@pytest.mark.parametrize("typed", ["²²²²²", "⑨④⑥⓪①", "𝟗𝟒𝟔𝟎𝟏", "9460¹", "½½½½½"])
def test_digit_lookalikes_do_not_make_a_zip(typed: str) -> None:
    assert not isinstance(parse_zip(typed), Zip)


@pytest.mark.parametrize("typed", ["０２１３８", "٠٢١٣٨", "021\u200b38", "0\u202e2138"])
def test_a_zip_is_read_from_any_keyboard(typed: str) -> None:
    assert parse_zip(typed) == Zip("02138")


def test_bytes_in_a_legacy_encoding_are_decoded() -> None:
    assert decode(b"Zo\xe8") == decode("Zoè".encode()) == "Zoè"
    assert decode(b"\x93ours\x94") == "“ours”"


@given(st.binary(max_size=40))
def test_any_bytes_can_be_decoded(raw: bytes) -> None:
    assert isinstance(decode(raw), str)


@pytest.mark.parametrize(
    "typed",
    ["ana@example.org", " ana@example.org ", "mailto:ana@example.org", "MAILTO:ana@example.org",
     "<ana@example.org>", "Ana Li <ana@example.org>", "<mailto:ana@example.org>,",
     "ana@example.org,", "ana@example.org;", "ana@example.org.", "'ana@example.org'",
     "ana\u200b@example.org", "\ufeffana@example.org", "ana＠example.org",
     "mailto:ana@example.org?subject=Hello", "mailto://ana@example.org", "ana@example.org/",
     "Email: ana@example.org", "Correo: ana@example.org", "`ana@example.org`",
     "*ana@example.org*"],
)  # fmt: skip
def test_text_pasted_around_an_email_address_is_stripped(typed: str) -> None:
    assert read_email(typed) == Email("ana@example.org", "ana@example.org")


@pytest.mark.parametrize(
    "typed",
    ["", "ana", "@example.org", "ana@", "ana@example", ".ana@example.org", "ana..li@example.org",
     "ana.@example.org", "imani@-example.org", "imani@example-.org", "a na@example.org",
     "ana@example.123", "ana@[127.0.0.1]", "a@b@example.org", f"{'a' * 65}@example.org",
     f"a@{'b' * 64}.org", "ana@example.org, bo@example.org", "ana@localhost", "ana@\x00"],
)  # fmt: skip
def test_an_undeliverable_address_is_refused(typed: str) -> None:
    assert read_email(typed) == BadEmail("form")


def test_a_curly_apostrophe_in_an_address_is_read_as_a_straight_one() -> None:
    assert read_email("o’dell@example.org") == read_email("o'dell@example.org")


def test_non_ascii_letters_before_the_at_sign_are_refused() -> None:
    assert read_email("jörg@example.org") == BadEmail("letters")


@pytest.mark.parametrize(
    "typed", ["o'dell+parks.2026@example.museum", "x@sub.example.photography", "Ana.Li@Example.ORG",
              "ana@bücher.example"],
)  # fmt: skip
def test_unusual_addresses_pass_unchanged(typed: str) -> None:
    found = read_email(typed)
    assert isinstance(found, Email)
    assert found.text == typed
    assert found.wire.isascii()


@given(texts | st.emails())
def test_reading_an_address_is_idempotent(typed: str) -> None:
    found = read_email(typed)
    if isinstance(found, Email):
        assert read_email(found.text) == found


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("gmail.con", "gmail.com"), ("gmial.com", "gmail.com"), ("hotmial.com", "hotmail.com"),
     ("yaho.com", "yahoo.com"), ("gmai.com", "gmail.com"), ("GMAIL.CON", "gmail.com"),
     ("aol.con", "aol.com"), ("comcast.ney", "comcast.net"), ("gmial.con", "gmail.com"),
     ("parks.example.con", "parks.example.com"), ("town.ogr", "town.org"),
     ("icould.com", "icloud.com"), ("gmail.com.com", "gmail.com"), ("gmail.net", "gmail.com"),
     ("comcast.com", "comcast.net"), ("school.eud", "school.edu"), ("parks.ort", "parks.org")],
)  # fmt: skip
def test_a_typo_in_a_well_known_domain_gets_a_suggestion(typed: str, meant: str) -> None:
    """N25"""
    assert suggest_email(f"ana.li@{typed}") == f"ana.li@{meant}"


@pytest.mark.parametrize(
    "domain", ["gmail.com", "gmail.co", "mailo.com", "mail.com", "gmx.com", "ymail.com", "love.com",
               "yahoo.fr", "hotmail.co.uk", "example.org", "aon.com", "bol.com", "outlook.es"],
)  # fmt: skip
def test_an_existing_domain_gets_no_suggestion(domain: str) -> None:
    assert suggest_email(f"ana@{domain}") == ""


UNDEFINED = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
"""Bytes without a character in Windows-1252."""


@pytest.mark.parametrize(
    ("right", "encoding"),
    [
        *((name, "cp1252") for name in (
            "José Núñez", "Álvarez Íñigo", "Nguyễn Thị Hương", "Đặng", "Wałęsa", "“Ana”", "陳美玲",
            "ليلى", "Kaʻiulani",
        )),
        ("José Núñez", "mac_roman"), ("D’Arcy", "mac_roman"), ("Álvarez", "latin-1"),
    ],
)  # fmt: skip
def test_utf8_read_in_an_older_encoding_is_put_back(right: str, encoding: str) -> None:
    lost = UNDEFINED if encoding == "cp1252" else ()
    wrong = "".join(
        bytes([byte]).decode("latin-1" if byte in lost else encoding) for byte in right.encode()
    )
    assert undoubled(wrong) == right
    assert undoubled(right) == right


@pytest.mark.parametrize(
    "right",
    ["JOÃO", "São Tomé", "Âm", "√2 ≈ 1,4", "TRẦN VĂN Â", "José GarcÃ­a", "JOSÉ’S", "“PERÚ”", "À–Z"],
)
def test_other_text_is_not_put_back(right: str) -> None:
    assert undoubled(right) == right
