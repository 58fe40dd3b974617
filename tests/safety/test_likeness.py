"""Which names at one address can be one person's, from keyed codes alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records.given_names import GIVEN_NAMES
from app.records.likeness import CODE, Likeness, likeness_of

from .people import CAMPAIGN, SECRET


def codes(first: str, last: str = "Okoye", **where: str) -> Likeness:
    values = {"email": "home@example.org", "street": "88 Heron St", "zip5": "02138", **where}
    return likeness_of(SECRET, CAMPAIGN, first=first, last=last, **values)


def near(one: Likeness, other: Likeness) -> bool:
    """Both ways alike: it must not matter who signed first."""
    assert one.near(other.have) == other.near(one.have)
    return one.near(other.have)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Imani", "imani"), ("Imani", " IMANI "), ("Mary Ann", "Mary-Ann"), ("Mary Ann", "Maryann"),
        ("D'Arcy", "D’arcy"), ("José", "Jose"), ("José", "Jose\u0301"), ("Łukasz", "Lukasz"),
        ("Ngọc", "Ngoc"), ("Ana", "Ana María"), ("Ana Maria", "Ana"), ("J.", "Jane"), ("Jane", "j"),
        ("Jhon", "John"), ("Imni", "Imani"), ("Imanni", "Imani"), ("Imoni", "Imani"),
        ("Elizbeth", "Elizabeth"), ("Guadaulpe", "Guadalupe"), ("Xiomarra", "Xiomara"),
    ],
)  # fmt: skip
def test_one_name_typed_twice_is_near(one: str, other: str) -> None:
    assert near(codes(one), codes(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ana", "Luis"), ("Mario", "Maria"), ("Maria", "Marta"), ("Joan", "John"), ("Jon", "John"),
        ("Daniel", "Daniela"), ("Ana", "Anna"), ("Dana", "Dina"), ("Mary", "Gary"), ("Tim", "Jim"),
        ("José Luis", "José Antonio"), ("Hà", "Hạ"), ("Ngọc", "Ngóc"), ("हरि", "हरी"),
        ("李娜", "李明"), ("Paul", "Paula"), ("Ann", "Ian"), ("J", "K"), ("Erik", "Erika"),
    ],
)  # fmt: skip
def test_two_names_of_one_house_are_not(one: str, other: str) -> None:
    assert not near(codes(one), codes(other))


def test_the_last_name_makes_nobody_somebody_else() -> None:
    assert near(codes("Imani", "Okoye"), codes("Imani", "Quillfeather"))
    assert near(codes("Okoye", "Imani"), codes("Imani", "Okoye"))
    # An initial may be anybody's of that family, but of no other.
    assert not near(codes("J", "Doe"), codes("Jane", "Okoye"))
    assert near(codes("Suharto", ""), codes("", "Suharto"))


def test_where_somebody_lives_says_only_whether_it_can_replace() -> None:
    here = codes("Imani")
    for same in ({"street": "88 heron street"}, {"street": "88, Heron"}):
        assert codes("Imani", **same).place == here.place
    for moved in ({"street": "89 Heron St"}, {"zip5": "02139"}, {"street": "Heron"}):
        assert near(codes("Imani", **moved), here)
        assert codes("Imani", **moved).place != here.place


def test_at_another_address_nothing_is_near_and_no_code_is_the_same() -> None:
    """So the codes of two mailboxes tell nothing about each other."""
    here = codes("Imani")
    for where in ({"email": "home+2@example.org"}, {"email": "away@example.org"}, {"email": ""}):
        other = codes("Imani", **where)
        assert not near(here, other)
        pieces = [
            {x.have[at : at + CODE] for at in range(0, len(x.have), CODE)} for x in (here, other)
        ]
        assert not pieces[0] & pieces[1]
    other_campaign = likeness_of(
        SECRET, "another", email="home@example.org", first="Imani", last="Okoye",
        street="88 Heron St", zip5="02138",
    )  # fmt: skip
    assert not other_campaign.near(here.have)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("José", "Núñez"), ("Jose", "Nunez"), True),
        (("Imani", "Okoye"), ("Okoye", "Imani"), True),
        (("Imani", "Okoye"), ("IMANI", "okoye."), True),
        (("Imani", "Okoye"), ("Imni", "Okoye"), False),
        (("Imani", "Okoye"), ("Imani", "Doe"), False),
        (("Hà", "Lê"), ("Hạ", "Lê"), False),
    ],
)
def test_without_an_e_mail_address_the_street_stands_for_it(
    one: tuple[str, str], other: tuple[str, str], same: bool
) -> None:
    assert near(codes(*one, email=""), codes(*other, email="")) is same
    assert not near(codes(*one, email=""), codes(*one, email="", street="1 Elm St"))


def test_without_a_secret_there_is_no_code() -> None:
    with pytest.raises(ValueError, match="secret"):
        likeness_of(b"", CAMPAIGN, email="a@b.cc", first="A", last="", street="", zip5="")


TEXT = st.text(max_size=12)
NAME = st.text(st.sampled_from("abcdefgimnoruz"), min_size=4, max_size=12)


@given(first=TEXT, last=TEXT, email=st.sampled_from(["", "a@b.cc"]), street=TEXT)
def test_any_text_has_codes_is_near_itself_and_shows_no_letter_of_it(
    first: str, last: str, email: str, street: str
) -> None:
    one = codes(first, last, email=email, street=street)
    assert near(one, codes(first, last, email=email, street=street))
    assert len(one.have) % CODE == 0
    assert len(one.have) <= CODE * 40
    for word in (first, last, street):
        assert len(word) < 4 or word.encode("utf-8", "surrogatepass") not in one.have + one.place
    assert first == "" or len(first) < 4 or repr(first) not in repr(one)


@given(name=NAME, at=st.integers(1, 99), what=st.sampled_from(["drop", "double", "swap", "other"]))
def test_a_slip_inside_a_name_is_near_unless_it_makes_another_usual_name(
    name: str, at: int, what: str
) -> None:
    at = 1 + at % (len(name) - 2)
    wrong = {
        "drop": name[:at] + name[at + 1 :],
        "double": name[:at] + name[at] + name[at:],
        "swap": name[: at - 1] + name[at] + name[at - 1] + name[at + 1 :] if at > 1 else name,
        "other": name[:at] + "x" + name[at + 1 :],
    }[what]
    short = min(len(name), len(wrong)) < 4
    both = {name, wrong} <= GIVEN_NAMES
    assert near(codes(name), codes(wrong)) is not ((short or both) and name != wrong)


def test_usual_names_are_written_as_they_are_compared() -> None:
    assert all(name.isascii() and name.islower() and name.isalpha() for name in GIVEN_NAMES)
    assert len(GIVEN_NAMES) > 900
