"""Addressing and greeting members, and their data in the tables (cases LK15, NM06, NM08)."""

from __future__ import annotations

import re
import unicodedata

import pytest

from app.congress.model import Holder, Seat
from app.congress.names import inside_address, salutation, seat_name
from app.congress.tables import Tables


def of(tables: Tables, seat: str) -> Holder:
    holder = tables.holder(seat)
    assert holder is not None
    return holder


@pytest.mark.parametrize(
    ("seat", "lines", "greeting"),
    [
        (
            "CA-S3",
            (
                "The Honorable Alex Padilla",
                "United States Senate",
                "331 Hart Senate Office Building",
                "Washington, DC 20510",
            ),
            "Dear Senator Padilla:",
        ),
        (
            "LA-4",
            (
                "The Honorable Mike Johnson",
                "U.S. House of Representatives",
                "521 Cannon House Office Building",
                "Washington, DC 20515-1804",
            ),
            "Dear Representative Johnson:",
        ),
        (
            "PR-0",
            (
                "The Honorable Pablo José Hernández",
                "Resident Commissioner of Puerto Rico",
                "U.S. House of Representatives",
                "1419 Longworth House Office Building",
                "Washington, DC 20515-5401",
            ),
            "Dear Resident Commissioner Hernández:",
        ),
        (
            "CA-1",
            (
                "The Honorable James Gallagher",
                "U.S. House of Representatives",
                "Washington, DC 20515",
            ),
            "Dear Representative Gallagher:",
        ),
    ],
)
def test_inside_addresses_and_salutations(
    seat: str, lines: tuple[str, ...], greeting: str, tables: Tables
) -> None:
    holder = of(tables, seat)
    room = re.compile(r"^\d+")
    shown = inside_address(holder)
    # Rooms change with every Congress, so only the form of the line is tested.
    assert [room.sub("#", line) for line in shown] == [room.sub("#", line) for line in lines]
    assert salutation(holder) == greeting


@pytest.mark.parametrize(
    ("seat", "greeting"),
    [
        ("DC-0", "Dear Delegate Norton:"),
        ("GU-0", "Dear Delegate Moylan:"),
        ("MP-0", "Dear Delegate King-Hinds:"),
        ("FL-25", "Dear Representative Wasserman Schultz:"),
        ("MD-S1", "Dear Senator Alsobrooks:"),
        ("MD-S3", "Dear Senator Van Hollen:"),
        ("IA-S3", "Dear Senator Grassley:"),
        ("IL-4", "Dear Representative García:"),
        ("NJ-11", "Dear Representative Mejia:"),
        ("NY-10", "Dear Representative Goldman:"),
    ],
)
def test_nm06_titles_and_whole_surnames(seat: str, greeting: str, tables: Tables) -> None:
    assert salutation(of(tables, seat)) == greeting


def test_lk15_a_name_is_built_from_its_parts_without_an_official_one(tables: Tables) -> None:
    for seat, name in (("NJ-11", "Analilia Mejia"), ("CA-1", "James Gallagher")):
        member = of(tables, seat).member
        assert member is not None
        assert member.full_name == name
        assert "official_full" in member.missing


def test_the_official_name_is_used_unchanged(tables: Tables) -> None:
    for seat, name in (
        ("GA-2", "Sanford D. Bishop, Jr."),
        ("AR-1", 'Eric A. "Rick" Crawford'),
        ("MO-5", "Emanuel Cleaver"),
        ("RI-S2", "Jack Reed"),
    ):
        member = of(tables, seat).member
        assert member is not None
        assert member.full_name == name


def test_no_line_of_any_address_is_empty_or_none(tables: Tables) -> None:
    for holder in tables.holders:
        if holder.member is None:
            continue
        for office in (None, *holder.member.local_offices):
            lines = inside_address(holder, office)
            chamber = "House" if holder.seat.chamber == "house" else "Senate"
            assert lines[0] == f"The Honorable {holder.member.full_name}"
            assert any(chamber in line for line in lines[1:])
            assert re.search(r", [A-Z]{2} \d{5}(-\d{4})?$", lines[-1])
            assert 3 <= len(lines) <= 7
            for line in lines:
                assert line == line.strip() != ""
                assert "None" not in line
                assert unicodedata.is_normalized("NFC", line)
        assert "None" not in salutation(holder)


def test_a_member_without_an_address_falls_back_to_the_chamber(tables: Tables) -> None:
    for holder in tables.holders:
        if holder.member and "address" in holder.member.missing:
            lines = holder.member.washington.lines
            assert lines == ("U.S. House of Representatives", "Washington, DC 20515")
            break
    else:
        pytest.fail("the tables have no such member; use a made-up one")


def test_local_offices_are_complete_and_suites_are_named(tables: Tables) -> None:
    offices = [
        office
        for holder in tables.holders
        if holder.member
        for office in holder.member.local_offices
    ]
    assert 1200 < len(offices) < 1400
    lines = {line for office in offices for line in office.lines}
    assert any(line.endswith(", Suite 247") for line in lines)
    assert not any(re.fullmatch(r"#?\d+[A-Z]?", line) for line in lines)
    assert not any("Suite Suite" in line for line in lines)


@pytest.mark.parametrize("bioguide", ["J000305", "M001222", "S001231", "G000607"])
def test_members_without_a_complete_local_office_have_washington_only(
    bioguide: str, tables: Tables
) -> None:
    member = tables.member(bioguide)
    assert member is not None
    assert member.local_offices == ()
    assert "local_offices" in member.missing


def test_every_link_is_on_an_official_https_site(tables: Tables) -> None:
    for holder in tables.holders:
        for link in (holder.member.url, holder.member.contact_form) if holder.member else ():
            if link:
                assert re.match(r"https://[\w.-]+\.(house|senate)\.gov(/|$|\?)", link), link
    fine = of(tables, "FL-6").member
    assert fine is not None
    assert fine.contact_form is None  # the source has "hhttps://"
    assert fine.contact_url == "https://fine.house.gov"


def test_a_vacant_seat_cannot_be_addressed(tables: Tables) -> None:
    holder = of(tables, "CA-14")
    for make in (inside_address, salutation):
        with pytest.raises(ValueError, match="CA-14 is vacant"):
            make(holder)


@pytest.mark.parametrize(
    ("seat", "words"),
    [
        (Seat("CA", "house", district=12), "California’s 12th district"),
        (Seat("NY", "house", district=21), "New York’s 21st district"),
        (Seat("VT", "house", district=0), "Vermont, at large"),
        (Seat("GU", "house", district=0), "Guam"),
        (Seat("OH", "senate", senate_class=3), "Ohio"),
    ],
)
def test_seats_are_named_in_words(seat: Seat, words: str) -> None:
    assert seat_name(Holder(seat, None)) == words
