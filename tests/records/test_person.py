"""Who is the same person, who is alike, and who is somebody else."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.records import person_key
from app.records.person import LIKE_BYTES
from tests.records.build import CAMPAIGN, SECRET

NAME = {"first": "Imani", "last": "O'Neil", "street": "88 Heron St.", "zip5": "02138"}


def by_email(email: str, **changes: str) -> bytes:
    return person_key(SECRET, CAMPAIGN, email=email, **{**NAME, **changes})


def by_name(**changes: str) -> bytes:
    return person_key(SECRET, CAMPAIGN, email="", **{**NAME, **changes})


def alike(one: bytes, other: bytes) -> bool:
    return one[:LIKE_BYTES] == other[:LIKE_BYTES]


@pytest.mark.parametrize(
    "email",
    ["IMANI@EXAMPLE.ORG", "Imani@Example.org", "  imani@example.org\n", "imani@example.org.",
     "\u200bimani@example.org\ufeff", "imani@example\u3002org", "imani@ＥＸＡＭＰＬＥ.org"],
)  # fmt: skip
def test_ways_of_writing_one_address_are_one_person(email: str) -> None:
    """DI01"""
    assert by_email(email) == by_email("imani@example.org")


@pytest.mark.parametrize(
    ("one", "other"),
    [("josé@example.org", "JOSE\u0301@example.org"), ("ana@münchen.de", "ana@xn--mnchen-3ya.de"),
     ("ana@MÜNCHEN.de", "ana@mu\u0308nchen.de"), ("ΣΑΣ@example.org", "σας@example.org"),
     ("straße@example.org", "STRASSE@example.org")],
)  # fmt: skip
def test_international_addresses_have_one_spelling(one: str, other: str) -> None:
    assert by_email(one) == by_email(other)


@pytest.mark.parametrize(
    "email",
    ["imani+2@example.org", "Imani+anything+else@example.org", "imani+@EXAMPLE.org"],
)
def test_plus_variants_are_somebody_else_but_alike(email: str) -> None:
    """DI01"""
    assert by_email(email) != by_email("imani@example.org")
    assert alike(by_email(email), by_email("imani@example.org"))


def test_the_dots_that_gmail_ignores_are_alike_and_other_dots_are_not() -> None:
    assert by_email("i.mani@gmail.com") != by_email("imani@gmail.com")
    assert alike(by_email("i.mani+x@gmail.com"), by_email("imani@googlemail.com"))
    assert not alike(by_email("i.mani@example.org"), by_email("imani@example.org"))


@pytest.mark.parametrize(
    "email", ["imani@example.com", "imani2@example.org", "+imani@example.org", "amani@example.org"]
)
def test_other_addresses_are_other_people(email: str) -> None:
    assert not alike(by_email(email), by_email("imani@example.org"))


def test_with_an_address_the_first_name_decides_and_nothing_else() -> None:
    here = by_email("imani@example.org")
    for change in ({"last": "Okoye"}, {"street": "1 Elm"}, {"zip5": "10013"}, {"first": "IMANI "}):
        assert by_email("imani@example.org", **change) == here


def test_two_people_with_one_address_are_two_and_alike() -> None:
    one, other = by_email("imani@example.org"), by_email("imani@example.org", first="Joe")
    assert one != other
    assert alike(one, other)


def test_a_person_with_one_name_is_known_by_it_in_either_field() -> None:
    assert by_email("s@example.org", first="", last="Suharto") == by_email(
        "s@example.org", first="Suharto", last=""
    )


@pytest.mark.parametrize(
    "change",
    [{"first": " IMANI "}, {"last": "O’Neil"}, {"last": "ONEIL"}, {"street": "88  heron st"},
     {"street": "88 Heron St,"}, {"first": "Ｉｍａｎｉ"}, {"zip5": " 02138"}],
)  # fmt: skip
def test_ways_of_writing_one_name_and_address_are_one_person(change: dict[str, str]) -> None:
    assert by_name(**change) == by_name()


@pytest.mark.parametrize(
    "change",
    [{"first": "Amani"}, {"last": "Neil"}, {"street": "89 Heron St."}, {"zip5": "02139"},
     {"first": "Imani O", "last": "Neil"}, {"first": "", "last": "Imani O'Neil"}],
)  # fmt: skip
def test_another_name_or_address_is_another_person(change: dict[str, str]) -> None:
    assert by_name(**change) != by_name()


def test_the_same_name_in_the_same_zip_is_alike_whatever_the_street() -> None:
    assert alike(by_name(street="88 Heron Street"), by_name())
    assert not alike(by_name(zip5="10013"), by_name())


def test_people_with_one_name_or_a_name_in_any_script_have_a_code() -> None:
    names = ["Suharto", "李娜", "علی‌رضا", "Ngọc", "שרה", "हरि", "हरी", "...", "!"]
    codes = {by_name(first=name, last="") for name in names}
    assert len(codes) == len(names)


def test_a_code_is_32_bytes_and_the_same_person_is_known_across_campaigns() -> None:
    """EX13: the exact half is the site's, the half for lookalikes is the campaign's own."""
    one, two = (
        person_key(SECRET, campaign, email="imani@example.org", **NAME) for campaign in ("a", "b")
    )
    assert len(one) == 32
    assert one[LIKE_BYTES:] == two[LIKE_BYTES:]
    assert not alike(one, two)


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="secret"):
        person_key(b"", CAMPAIGN, email="imani@example.org", **NAME)


@pytest.mark.parametrize("email", ["", "  ", "\u200b"])
def test_nobody_at_all_has_no_code(email: str) -> None:
    with pytest.raises(ValueError, match="name"):
        person_key(SECRET, CAMPAIGN, email=email, first=" ", last="", street="1 Elm", zip5="02138")


# Addresses as people have them: some letters fold to nothing sensible and are left out.
LOCAL = st.text(st.sampled_from("abcxyzéñüßøçσ0129.-_"), min_size=1, max_size=20)
DOMAIN = st.from_regex(r"[a-z]([a-z0-9]{0,10}[a-z0-9])?\.(org|com|de)", fullmatch=True)


@given(local=LOCAL, domain=DOMAIN, tag=st.text(st.sampled_from("abc019"), max_size=5))
def test_case_encoding_and_space_never_matter_and_a_tag_always_does(
    local: str, domain: str, tag: str
) -> None:
    plain = by_email(f"{local}@{domain}")
    assert by_email(f"{local.upper()}@{domain.upper()}") == plain
    assert by_email(f"\t{unicodedata.normalize('NFD', local)}@{domain} ") == plain
    tagged = by_email(f"{local}+{tag}@{domain}")
    assert tagged != plain
    assert alike(tagged, plain)


@given(one=LOCAL, other=LOCAL, domain=DOMAIN)
def test_different_addresses_never_share_a_code(one: str, other: str, domain: str) -> None:
    assume(one.casefold() != other.casefold())
    assert by_email(f"{one}@{domain}") != by_email(f"{other}@{domain}")


@given(email=st.text(), first=st.text(), last=st.text(), street=st.text(), zip5=st.text())
def test_any_text_has_a_code_or_is_nobody(
    email: str, first: str, last: str, street: str, zip5: str
) -> None:
    try:
        code = person_key(
            SECRET, CAMPAIGN, email=email, first=first, last=last, street=street, zip5=zip5
        )
    except ValueError as error:
        assert "without a name" in str(error)  # noqa: PT017 - both outcomes are right
    else:
        assert len(code) == 32


@given(secret=st.binary(min_size=1))
def test_another_secret_gives_another_code(secret: bytes) -> None:
    assume(secret.rstrip(b"\0") != SECRET)  # a key is padded with zeros
    assert person_key(secret, CAMPAIGN, email="imani@example.org", **NAME) != by_email(
        "imani@example.org"
    )
