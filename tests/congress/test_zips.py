"""Reading ZIP codes as people type them (cases ZP01, ZP02, LK22 and similar ones)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.congress.places import (
    Zip,
    ZipProblem,
    address_alone,
    parse_district,
    parse_zip,
    read_state,
)
from tests.timing import done_within

HYPHENS = "-‐‑‒–—―−﹘﹣－"
SPACES = ["", " ", "\u00a0", "\t", "\u2009", "\u200b", "\u3000", "\r\n", "\ufeff"]
digits = st.text("0123456789", min_size=5, max_size=5)
four = st.text("0123456789", min_size=4, max_size=4)
space = st.sampled_from(SPACES)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("02138", "02138"),
        (" 02138 ", "02138"),
        ("02138-", "02138"),
        ("02138–", "02138"),
        ("021381234", "02138-1234"),
        ("02138–1234", "02138-1234"),
        ("02138−1234", "02138-1234"),
        ("02138 - 1234", "02138-1234"),
        ("02138 1234", "02138-1234"),
        ("02138+1234", "02138-1234"),
        ("02138\u00a0", "02138"),
        ("０２１３８", "02138"),
        ("０２１３８－１２３４", "02138-1234"),
        ("٠٢١٣٨", "02138"),
        ("02138.", "02138"),
        ("94538.0", "94538"),
        ("00926", "00926"),
        ("0 2 1 3 8", "02138"),
        ("ZIP 02138", "02138"),
        ("zip code: 02138-1234", "02138-1234"),
        ("ZIP#02138", "02138"),
        ("Zip+4 02138-1234", "02138-1234"),
        ("código postal 00926", "00926"),
        ("C.P. 00926", "00926"),
        ("02138, USA", "02138"),
        ("US-02138", "02138"),
        ("02138 EE. UU.", "02138"),
        ("02138, Estados Unidos", "02138"),
        ("<02138>", "02138"),
        ("=02138", "02138"),
        ("'02138'", "02138"),
        ("０２１３８ー１２３４", "02138-1234"),
    ],
)
def test_unambiguous_zips_are_accepted(typed: str, stored: str) -> None:
    parsed = parse_zip(typed)
    assert isinstance(parsed, Zip)
    assert str(parsed) == stored


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("2138", "02138"),
        ("7840", "07840"),
        (" 2138 ", "02138"),
        ("２１３８", "02138"),
        ("2138-1234", "02138-1234"),
        ("21381234", "02138-1234"),
        ("ZIP 2138", "02138"),
        ("MA 2138", "02138"),
        ("Boston, MA 2138", "02138"),
        ("0926", "00926"),
        ("Mass. 2138", "02138"),
        ("5,672", "05672"),
        ("2138.0", "02138"),
    ],
)
def test_a_lost_leading_zero_is_questioned_not_padded(typed: str, suggestion: str) -> None:
    assert parse_zip(typed) == ZipProblem("four_digits", suggestion)


@pytest.mark.parametrize(
    "typed",
    [
        "02138-12",
        "02138-1",
        "02138-123",
        "02138–12",
        "0213812",
        "02138-12345",
        "02138 12",
        "02138 123",
        "02138 1",
        "ZIP 02138-12",
        "02138 02139",
    ],
)
def test_an_incomplete_plus_four_is_an_error(typed: str) -> None:
    assert parse_zip(typed) == ZipProblem("bad_plus4", "02138")


@pytest.mark.parametrize("typed", ["0567", "567", "0567-1234"])
def test_no_zip_is_suggested_that_has_never_existed(typed: str) -> None:
    # Below 00601 there are only the two of Holtsville, New York.
    assert parse_zip(typed) == ZipProblem("malformed")
    assert parse_zip("501") == ZipProblem("malformed", "00501")
    assert parse_zip("0544") == ZipProblem("four_digits", "00544")


@pytest.mark.parametrize("typed", ["", " ", "\u00a0", "\t\n", None])
def test_an_empty_zip_is_missing(typed: str | None) -> None:
    assert parse_zip(typed) == ZipProblem("missing")


@pytest.mark.parametrize(
    "typed",
    [
        "V6B1A1",
        "06600 CDMX",
        "75008 Paris",
        "D-10115",
        "A-1010",
        "SE-111 22",
        "1234 AB",
        "1e5",
        "K1A 0B1",
        "k1a0b1",
        "SW1A 1AA",
        "sw1a1aa",
        "D02 AF30",
        "1011 AB",
        "L-4100",
        "Ｋ１Ａ ０Ｂ１",
    ],
)
def test_another_countrys_postal_code_is_foreign(typed: str) -> None:
    assert parse_zip(typed) == ZipProblem("foreign")


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("CA 94110", "94110"),
        ("02138MA", "02138"),
        ("60647-IL", "60647"),
        ("Springfield, Ill. 62701", "62701"),
        ("00802 USVI", "00802"),
        ("60,647", "60647"),
        ("94110, CA", "94110"),
        ("MA02138", "02138"),
        ("Cambridge, MA 02138", "02138"),
        ("Cambridge, Mass., 02138-1234, USA", "02138-1234"),
        ("Cambridge, MA 02138-1234, USA", "02138-1234"),
        ("10013 New York", "10013"),
        ("San Juan, Puerto Rico 00926", "00926"),
        ("12 Main St, Burlington, Vermont 05401", "05401"),
        ("P.O. Box 12, Boston MA 02138", "02138"),
        ("P.O. Box 12345, Boston MA 02138", "02138"),
        ("APO AE 09012", "09012"),
        ("FPO, AP 96349-1234", "96349-1234"),
        ("MA 02138 or 02139", None),
        ("60647 y 60618", None),
        ("Brooklyn, N.Y. 11201", "11201"),
        ("CA 9454", None),
        ("O2138", "02138"),
        ("\N{CYRILLIC CAPITAL LETTER O}2138", "02138"),
        ("\N{GREEK CAPITAL LETTER OMICRON}2138", "02138"),
        ("94110-OOO1", "94110-0001"),
        ("0213", None),
        ("926", "00926"),
        ("abc", None),
        ("12", None),
        ("1234567890123", None),
        ("02138-1234-5", None),
        ("12-345", None),
        ("½", None),
        ("#", None),
        ("-", None),
        ("9" * 500, None),
    ],
)
def test_other_text_is_malformed_with_a_suggestion_if_possible(
    typed: str, suggestion: str | None
) -> None:
    assert parse_zip(typed) == ZipProblem("malformed", suggestion)


@given(
    five=digits,
    plus4=st.one_of(st.just(""), four),
    before=space,
    after=space,
    hyphen=st.sampled_from(HYPHENS),
    wide=st.booleans(),
)
def test_every_way_to_write_a_zip_parses_the_same(
    *, five: str, plus4: str, before: str, after: str, hyphen: str, wide: bool
) -> None:
    typed = f"{five}{hyphen}{plus4}"
    if wide:
        typed = typed.translate({ord(d): ord(d) - ord("0") + ord("０") for d in "0123456789"})
    assert parse_zip(f"{before}{typed}{after}") == Zip(five, plus4 or None)


@given(st.text(max_size=60))
def test_any_text_is_parsed_and_only_digits_pass(text: str) -> None:
    parsed = parse_zip(text)
    if isinstance(parsed, Zip):
        assert re.fullmatch(r"[0-9]{5}(-[0-9]{4})?", str(parsed))
        assert parse_zip(str(parsed)) == parsed
    elif parsed.suggestion is not None:
        assert isinstance(parse_zip(parsed.suggestion), Zip)


@given(st.text("0123456789-–  ", max_size=14))
def test_digits_are_never_added_changed_or_dropped(text: str) -> None:
    parsed = parse_zip(text)
    if isinstance(parsed, Zip):
        assert str(parsed).replace("-", "") == "".join(c for c in text if c.isdigit())


@pytest.mark.parametrize(
    ("typed", "code"),
    [("Hawaiʻi", "HI"), ("Hawai'i", "HI"), ("Hawai‘i", "HI"), ("State of Hawaii", "HI"),
     ("N. Dakota", "ND"), ("So. Dakota", "SD"), ("West Va.", "WV"), ("NY, USA", "NY"),
     ("Commonwealth of Massachusetts", "MA"), ("N. Mariana Islands", "MP"), ("Guåhan", "GU"),
     ("Nueva York", "NY"), ("Iowa (IA)", "IA"), ("Palau", "PW"), ("USA", None), ("ON", None)],
)  # fmt: skip
def test_a_state_is_read_as_its_people_write_it(typed: str, code: str | None) -> None:
    assert read_state(typed) == code


@pytest.mark.parametrize(
    ("typed", "state", "town"),
    [("Brooklyn New York", "NY", "Brooklyn"), ("New York", "NY", "New York"),
     ("Oklahoma City Oklahoma", "OK", "Oklahoma City"), ("Kansas City", "KS", "Kansas City"),
     ("Washington District of Columbia", "DC", "Washington"), ("Ponce Puerto Rico", "PR", "Ponce"),
     ("West New York", "NJ", "West New York"), ("Virginia Beach", "VA", "Virginia Beach"),
     ("University of Georgia", "GA", "University of Georgia")],
)  # fmt: skip
def test_a_town_is_parted_from_its_states_name(typed: str, state: str, town: str) -> None:
    """AD04"""
    assert address_alone("12 Elm St", "", typed, state)[2] == town


def test_a_long_town_is_searched_for_its_state_in_linear_time() -> None:
    long = "York " * 4_000 + "New York"
    assert done_within(1, lambda: address_alone("12 Elm St", "", long, "CA"))


@pytest.mark.parametrize(
    "typed", ["5", "05", "5th", "5.0", "#5", "CD5", "CD 05", "IL-5", "Illinois 5", "Distrito 5",
              "5º", "IL 5th Congressional District", "Distrito congresional núm. 5"],
)  # fmt: skip
def test_a_district_is_read_as_people_and_files_write_it(typed: str) -> None:
    assert parse_district(typed, "IL") == ("IL", 5)


@pytest.mark.parametrize("typed", ["DC-98", "DC-AL", "DC-0", "98"])
def test_lk12_the_census_code_of_a_delegate_is_at_large(typed: str) -> None:
    assert parse_district(typed, "DC") == ("DC", 0)
    assert parse_district("98", "TX") == ("TX", 98)
