"""Reading the official files, fact by fact."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.congress.build import source_date
from app.congress.model import BuildError, all_seats
from app.congress.places import place_name, town_key, town_keys
from app.congress.sources.lines import read_land, read_lines, read_town_districts
from app.congress.sources.members import (
    local_office,
    official_url,
    phone_of,
    suite_line,
    term_end,
    washington_lines,
)
from tests.congress.relationship import PLACE_HEADER, ZIP_HEADER, relationship

# --- the Census Bureau's relationship files ----------------------------------------------


def test_shares_are_computed_from_land_areas(tmp_path: Path) -> None:
    relationship(
        tmp_path / "tab20_cd11920_zcta520_natl.txt",
        ZIP_HEADER,
        [
            ("1703", "60647", "ZCTA5 60647", 8_100),
            ("1705", "60647", "ZCTA5 60647", 1_820),
            ("1707", "60647", "ZCTA5 60647", 80),
            ("17ZZ", "60647", "ZCTA5 60647", 900_000),  # open water
            ("1703", "", "", 77),  # no ZIP there
            ("1198", "20009", "ZCTA5 20009", 50),
            ("5000", "05602", "ZCTA5 05602", 50),
            ("6098", "96799", "ZCTA5 96799", 50),
            ("1314", "30165", "ZCTA5 30165", 9_950),
            ("0103", "30165", "ZCTA5 30165", 50),
            ("0612", "94720", "ZCTA5 94720", 0),  # no land at all
        ],
    )
    zips = read_land(tmp_path / "tab20_cd11920_zcta520_natl.txt", 119)
    assert zips["60647"] == {"IL": [(3, 0.81, True), (5, 0.182, True), (7, 0.008, True)]}
    assert zips["20009"] == {"DC": [(0, 1.0, True)]}
    assert zips["05602"] == {"VT": [(0, 1.0, True)]}
    assert zips["96799"] == {"AS": [(0, 1.0, True)]}
    assert zips["94720"] == {"CA": [(12, 1.0, True)]}
    assert zips["30165"] == {"GA": [(14, 0.995, True)], "AL": [(3, 0.005, True)]}


def test_a_byte_order_mark_is_not_part_of_the_first_column(tmp_path: Path) -> None:
    text = "\ufeffzip,state,district,land_share\n94110,CA,11,1\n"
    compact = tmp_path / "zip_districts_119.csv"
    compact.write_text(text, encoding="utf-8")
    assert read_land(compact, 119) == {"94110": {"CA": [(11, 1.0, True)]}}
    first = ZIP_HEADER.replace("OID_CD119_20|GEOID_CD119_20", "GEOID_CD119_20|OID_CD119_20")
    whole = tmp_path / "tab20_cd11920_zcta520_natl.txt"
    whole.write_text(f"\ufeff{first}\n0611|1|x|9|0|G|N|2|94110|x|9|0|G|B|S|5|0\n", encoding="utf-8")
    assert read_land(whole, 119) == {"94110": {"CA": [(11, 1.0, True)]}}


# --- people decide, or land if they are not counted ---------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one ZIP per district, to which a test adds divided ones."""
    house = [seat for seat in all_seats() if seat.chamber == "house"]
    rows = [f"{number:05},{seat.state},{seat.district},1" for number, seat in enumerate(house)]
    rows += ["90001,NY,1,0.99", "90002,NY,1,0.6", "90002,NY,2,0.4", "90003,NY,3,0.5",
             "90003,NY,4,0.5", "90004,CA,1,0.99"]  # fmt: skip
    (tmp_path / "zip_districts_119.csv").write_text(
        "\n".join(["zip,state,district,land_share", *rows]) + "\n"
    )
    (tmp_path / "lines").mkdir()
    (tmp_path / "lines" / "zip_slivers_119.csv").write_text(
        "zip,state,district\n90001,NY,2\n90004,CA,2\n"
    )
    return tmp_path


PEOPLE = "zip,state,district,people_share\n90002,NY,1,0.04\n90002,NY,2,0.96\n"


def test_population_decides_where_it_was_counted(folder: Path) -> None:
    (folder / "lines" / "zip_people_119.csv").write_text(PEOPLE)
    zips = read_lines(folder).zips
    assert zips["90001"] == {"NY": [(1, 1.0, False)]}  # no one lives in the sliver
    assert zips["90002"] == {"NY": [(2, 0.96, False), (1, 0.04, False)]}
    assert zips["90003"] == {
        "NY": [(3, 0.5, True), (4, 0.5, True)]
    }  # all in one district, but which one is not known
    assert zips["90004"] == {"CA": [(1, 0.99, True), (2, 0.0, True)]}  # not counted: every piece


def test_without_population_every_piece_of_land_counts(folder: Path) -> None:
    zips = read_lines(folder).zips
    assert zips["90001"] == {"NY": [(1, 0.99, True), (2, 0.0, True)]}
    assert zips["90002"] == {"NY": [(1, 0.6, True), (2, 0.4, True)]}


@pytest.mark.parametrize(
    ("people", "message"),
    [
        (PEOPLE.replace("0.96", "0.9"), "shares of 90002 in NY do not add up to 1"),
        (PEOPLE.replace("0.96", "x"), "line 3: 'x' is not a number"),
        (PEOPLE.replace(",NY,2,", ",NY,99,"), "do not agree on NY-99"),
    ],
)
def test_broken_shares_are_named(people: str, message: str, folder: Path) -> None:
    (folder / "lines" / "zip_people_119.csv").write_text(people)
    with pytest.raises(BuildError, match=message):
        read_lines(folder)


def test_places_are_read_with_their_largest_district_first(tmp_path: Path) -> None:
    relationship(
        tmp_path / "tab20_cd11920_place20_natl.txt",
        PLACE_HEADER,
        [
            ("0807", "0811810", "Cañon City city", 10),
            ("0803", "0811810", "Cañon City city", 90),
            ("4705", "4752006", "Nashville-Davidson metropolitan government (balance)", 5),
            ("4798", "4752006", "Nashville-Davidson metropolitan government (balance)", 0),
            ("2501", "2501000", 'Odd "Quoted" town', 5),
            ("06ZZ", "0600001", "Wet CDP", 5),
        ],
    )
    towns = read_town_districts(tmp_path, 119)
    assert towns["CO", "canoncity"] == [3, 7]
    assert towns["TN", "nashville"] == towns["TN", "nashvilledavidson"] == [5]
    assert towns["MA", "oddquoted"] == [1]
    assert ("CA", "wet") not in towns


@pytest.mark.parametrize(
    ("namelsad", "name"),
    [
        ("Cañon City city", "Cañon City"),
        ("Aaronsburg CDP", "Aaronsburg"),
        ("Juneau city and borough", "Juneau"),
        ("Adjuntas zona urbana", "Adjuntas"),
        ("Carson City", "Carson City"),
    ],
)
def test_the_legal_status_is_stripped_from_a_place_name_once(namelsad: str, name: str) -> None:
    assert place_name(namelsad) == name


def test_town_keys_fold_spelling_variants() -> None:
    assert town_key("Saint Louis") == town_key("ST. LOUIS") == "stlouis"
    assert town_key("Coeur d’Alene") == town_key("Coeur D Alene")
    assert town_key("Mc Intosh") == town_key("McIntosh")
    assert town_key("Fort Worth") == town_key("Ft Worth")
    assert town_key("陳") == ""
    assert "athens" in town_keys("athens-clarke county unified government (balance)")
    assert "bath" in town_keys("bath (berkeley springs)")


# --- single facts ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        (
            "479a Russell Senate Office Building Washington DC 20510",
            ("479a Russell Senate Office Building", "Washington, DC 20510"),
        ),
        (
            "G12 Dirksen Senate Office Building Washington DC 20510",
            ("G12 Dirksen Senate Office Building", "Washington, DC 20510"),
        ),
        ("Rayburn House Office Building", None),
        ("", None),
        (None, None),
    ],
)
def test_a_washington_address_is_complete_or_none(
    address: str | None, lines: tuple[str, ...] | None
) -> None:
    assert washington_lines(address) == lines


@pytest.mark.parametrize(
    ("suite", "line"),
    [
        (2002, "Suite 2002"),
        ("247", "Suite 247"),
        ("100A", "Suite 100A"),
        ("B", "Suite B"),
        ("B-128", "Suite B-128"),
        ("H (2nd Floor)", "Suite H (2nd Floor)"),
        ("Suite 104", "Suite 104"),
        ("#100", "#100"),
        ("10th Floor", "10th Floor"),
        ("Rm 107", "Rm 107"),
        ("P.O. Box 1548", "P.O. Box 1548"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_bare_suite_number_gets_the_word_suite(suite: object, line: str) -> None:
    assert suite_line(suite) == line


OFFICE = {"id": "X-a", "address": "1 Main St.", "city": "Salem", "state": "OR", "zip": "97301"}


@pytest.mark.parametrize(
    "change",
    [
        {"address": ""},
        {"address": None},
        {"zip": ""},
        {"zip": None},
        {"city": " "},
        {"state": "XX"},
        {"address": "Salem, OR 97301"},
    ],
)
def test_an_office_without_a_complete_address_is_dropped(change: dict[str, Any]) -> None:
    assert local_office(OFFICE) is not None
    assert local_office(OFFICE | change) is None


def test_an_offices_lines_fit_a_window_and_repeat_nothing() -> None:
    full = local_office(OFFICE | {"suite": 3, "building": "City Hall", "phone": "503-555-0100"})
    assert full is not None
    assert full["lines"] == ["City Hall", "1 Main St., Suite 3", "Salem, OR 97301"]
    assert full["phone"] == "503-555-0100"
    long = local_office(
        OFFICE | {"address": "12345 Northwest Long Boulevard", "suite": "Suite 39, x" * 2}
    )
    assert long is not None
    assert long["lines"][1] == "12345 Northwest Long Boulevard"
    named = local_office(OFFICE | {"address": "City Hall, 1 Main St.", "building": "City Hall"})
    assert named is not None
    assert named["lines"] == ["City Hall, 1 Main St.", "Salem, OR 97301"]


@pytest.mark.parametrize(
    ("url", "is_official"),
    [
        ("https://fine.house.gov", True),
        ("https://www.king.senate.gov/contact", True),
        ("hhttps://fine.house.gov/form", False),
        ("http://fine.house.gov", False),
        ("https://fine.house.gov.example.com/", False),
        ("https://example.com/.house.gov", False),
        ("https://a@fine.house.gov/", False),
        ("https://[bad", False),
        ("javascript:alert(1)", False),
        (None, False),
    ],
)
def test_only_official_https_links_are_kept(url: str | None, is_official: bool) -> None:
    assert official_url(url) == (url if is_official else None)


@pytest.mark.parametrize(
    ("seat", "start", "end", "real_end"),
    [
        ("GU-0", "2025-01-03", "2027-01-03", date(2027, 1, 3)),
        ("PR-0", "2025-01-03", "2027-01-03", date(2029, 1, 3)),
        ("PR-0", "2026-05-01", "2027-01-03", date(2029, 1, 3)),
        ("PR-0", "2029-01-03", "2033-01-03", date(2033, 1, 3)),
        ("OH-S3", "2025-01-21", "2026-11-03", date(2026, 11, 3)),
    ],
)
def test_only_puerto_ricos_listed_term_end_is_corrected(
    seat: str, start: str, end: str, real_end: date
) -> None:
    assert term_end({"start": start, "end": end}, seat) == real_end


def test_phone_numbers_have_one_format_or_are_dropped() -> None:
    assert phone_of("202-224-3121") == "202-224-3121"
    assert phone_of("call us") is None
    assert phone_of(None) is None


def test_a_files_date_comes_from_the_readme_or_its_mtime(tmp_path: Path) -> None:
    import os

    path = tmp_path / "legislators-current.yaml"
    path.write_text("[]")
    os.utime(path, (1_780_000_000, 1_780_000_000))
    assert source_date(tmp_path, path.name) == date(2026, 5, 28)
    (tmp_path / "README.md").write_text("| `legislators-current.yaml` | x | 2026-06-15 | y |\n")
    assert source_date(tmp_path, path.name) == date(2026, 6, 15)
