"""Building the tables from the official files, in both of their formats."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.congress.build import STEPS, build_tables, source_date
from app.congress.sources.districts import read_town_districts, read_zip_districts
from app.congress.sources.errors import BuildError
from app.congress.sources.members import official_url
from app.congress.sources.offices import local_office, phone_of, suite_line, washington_lines
from app.congress.tables import FOLDER, read_tables
from app.congress.towns import place_name, town_key, town_keys


@pytest.fixture(scope="module")
def built(official_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("tables")
    build_tables(official_files, target)
    return target


@pytest.mark.slow
def test_the_committed_tables_are_what_the_official_files_give(built: Path) -> None:
    names = sorted(path.name for path in FOLDER.iterdir())
    assert sorted(path.name for path in built.iterdir()) == names
    for name in names:
        assert (built / name).read_bytes() == (FOLDER / name).read_bytes(), name


@pytest.mark.slow
def test_building_reports_its_steps_and_its_size(official_files: Path, tmp_path: Path) -> None:
    steps: list[str] = []
    result = build_tables(official_files, tmp_path, as_of=date(2026, 7, 1), progress=steps.append)
    assert len(steps) == STEPS
    assert (result.members, result.zips) == (537, 33791)
    assert result.size == sum(path.stat().st_size for path in tmp_path.iterdir()) < 2_500_000
    assert read_tables(tmp_path).as_of == date(2026, 7, 1)


@pytest.mark.slow
def test_without_form_facts_the_former_ones_are_kept(official_files: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "tables"
    source.mkdir()
    for path in official_files.iterdir():
        if path.is_file() and path.suffix in (".yaml", ".csv") and path.name != "senate_forms.csv":
            (source / path.name).symlink_to(path)
    target.mkdir()
    shutil.copy(FOLDER / "senate_forms.csv", target)
    assert build_tables(source, target).forms_kept
    assert sum(h.member.form.known for h in read_tables(target).holders if h.member) == 99
    (target / "senate_forms.csv").unlink()
    build_tables(source, target)
    assert not any(h.member.form.known for h in read_tables(target).holders if h.member)


# --- what can be wrong with a folder -----------------------------------------------------


def test_a_missing_folder_or_file_is_named(tmp_path: Path, official_files: Path) -> None:
    with pytest.raises(BuildError, match="is not a folder"):
        build_tables(tmp_path / "nowhere", tmp_path)
    with pytest.raises(BuildError, match=r"has no legislators-current\.yaml"):
        build_tables(tmp_path, tmp_path / "out")
    for name in (
        "legislators-current.yaml",
        "legislators-district-offices.yaml",
        "committees-current.yaml",
        "committee-membership-current.yaml",
    ):
        (tmp_path / name).symlink_to(official_files / name)
    with pytest.raises(BuildError, match=r"neither tab20_cd11920_zcta520_natl\.txt"):
        build_tables(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_broken_yaml_file_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "legislators-current.yaml").write_text("- id:\n  - a: [\n")
    with pytest.raises(BuildError, match=r"legislators-current\.yaml, line 3"):
        build_tables(tmp_path, tmp_path / "out")


def member(bioguide: str, **term: Any) -> dict[str, Any]:
    base = {"type": "rep", "state": "VT", "district": 0, "party": "Independent"}
    return {
        "id": {"bioguide": bioguide},
        "name": {"first": "Ana", "last": "Ruiz"},
        "terms": [base | {"start": "2025-01-03", "end": "2027-01-03"} | term],
    }


@pytest.mark.parametrize(
    ("people", "message"),
    [
        ([member("A000001"), member("A000002")], "A000001 and A000002 both hold VT-0"),
        ([member("A000001", district=3)], "A000001 holds VT-3, which is no seat"),
        ([member("A000001", start="soon")], "the entry of A000001 cannot be used"),
        ([{"id": {"bioguide": "A000001"}}], "the entry of A000001 cannot be used"),
        (["odd"], r"the entry of \? cannot be used"),
    ],
)
def test_people_who_cannot_be_seated_stop_the_build(
    people: list[Any], message: str, tmp_path: Path
) -> None:
    files = {
        "legislators-current.yaml": people,
        "legislators-district-offices.yaml": [],
        "committee-membership-current.yaml": {},
    }
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))  # JSON is YAML
    with pytest.raises(BuildError, match=message):
        build_tables(tmp_path, tmp_path / "out")


@pytest.mark.slow
def test_a_zip_file_of_another_map_is_refused(official_files: Path, tmp_path: Path) -> None:
    for path in official_files.iterdir():
        if path.suffix in (".yaml", ".csv"):
            (tmp_path / path.name).symlink_to(path)
    text = (official_files / "zip_districts_119.csv").read_text()
    (tmp_path / "zip_districts_119.csv").unlink()
    lines = [line for line in text.splitlines() if ",MT,2," not in line]
    (tmp_path / "zip_districts_119.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(BuildError, match="do not agree on MT-2"):
        build_tables(tmp_path, tmp_path / "out")
    (tmp_path / "zip_districts_119.csv").write_text("zip,state\n")
    with pytest.raises(BuildError, match="has no column district, land_share"):
        read_zip_districts(tmp_path)
    (tmp_path / "zip_districts_119.csv").write_text("zip,state,district,land_share\n94110,CA,1,x\n")
    with pytest.raises(BuildError, match="line 2: 'x' is not a number"):
        read_zip_districts(tmp_path)


# --- the Census Bureau's relationship files ----------------------------------------------

ZIP_HEADER = (
    "OID_CD119_20|GEOID_CD119_20|NAMELSAD_CD119_20|AREALAND_CD119_20|AREAWATER_CD119_20|"
    "MTFCC_CD119_20|FUNCSTAT_CD119_20|OID_ZCTA5_20|GEOID_ZCTA5_20|NAMELSAD_ZCTA5_20|"
    "AREALAND_ZCTA5_20|AREAWATER_ZCTA5_20|MTFCC_ZCTA5_20|CLASSFP_ZCTA5_20|FUNCSTAT_ZCTA5_20|"
    "AREALAND_PART|AREAWATER_PART"
)
PLACE_HEADER = ZIP_HEADER.replace("ZCTA5", "PLACE")


def relationship(path: Path, header: str, pieces: list[tuple[str, str, str, int]]) -> None:
    """Write a file as the Bureau does; a piece is (district GEOID, GEOID, name, land in m²)."""
    rows = [
        f"1|{cd}|District|9|0|G5200|N|2|{geoid}|{name}|9|0|G6350|B5|S|{land}|5"
        for cd, geoid, name, land in pieces
    ]
    path.write_text("\ufeff" + "\n".join([header, *rows]) + "\n", encoding="utf-8")


def test_shares_are_computed_from_the_pieces_of_land(tmp_path: Path) -> None:
    relationship(
        tmp_path / "tab20_cd11920_zcta520_natl.txt",
        ZIP_HEADER,
        [
            ("1703", "60647", "ZCTA5 60647", 8_100),
            ("1705", "60647", "ZCTA5 60647", 1_820),
            ("1707", "60647", "ZCTA5 60647", 80),  # under 1 %: left out
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
    source = read_zip_districts(tmp_path)
    assert source.congress == 119
    assert source.zips["60647"] == [("IL", 3, 0.81), ("IL", 5, 0.182)]
    assert source.zips["20009"] == [("DC", 0, 1.0)]
    assert source.zips["05602"] == [("VT", 0, 1.0)]
    assert source.zips["96799"] == [("AS", 0, 1.0)]
    assert source.zips["94720"] == [("CA", 12, 1.0)]
    assert source.zips["30165"] == [("GA", 14, 0.995)]
    assert source.slivers == {"30165": {"AL"}}


def test_the_bureaus_own_file_is_preferred_and_the_newest_congress_wins(tmp_path: Path) -> None:
    (tmp_path / "zip_districts_121.csv").write_text("zip,state,district,land_share\n94110,CA,1,1\n")
    header = ZIP_HEADER.replace("CD119", "CD120")
    relationship(tmp_path / "tab20_cd12020_zcta520_natl.txt", header, [("0611", "94110", "x", 1)])
    relationship(
        tmp_path / "tab20_cd11920_zcta520_natl.txt", ZIP_HEADER, [("0612", "94110", "x", 1)]
    )
    source = read_zip_districts(tmp_path)
    assert (source.congress, source.zips) == (120, {"94110": [("CA", 11, 1.0)]})


@pytest.mark.slow
def test_the_relationship_file_gives_the_same_tables_as_the_csv(
    official_files: Path, tmp_path: Path, built: Path
) -> None:
    """The compact CSV turned back into pieces of land builds the same ZIP table."""
    from app.congress.seats import FIPS

    codes = {state: fips for fips, state in FIPS.items()}
    pieces = []
    for code, found in read_zip_districts(official_files).zips.items():
        total = sum(share for _, _, share in found)
        for state, number, share in found:
            cd = "98" if state in ("DC", "PR", "GU", "VI", "AS", "MP") else f"{number:02}"
            pieces.append((codes[state] + cd, code, "x", round(share / total * 1_000_000)))
    for path in official_files.iterdir():
        if path.suffix in (".yaml", ".csv"):
            (tmp_path / path.name).symlink_to(path)
    relationship(tmp_path / "tab20_cd11920_zcta520_natl.txt", ZIP_HEADER, pieces)
    target = tmp_path / "tables"
    build_tables(tmp_path, target)
    assert "tab20_cd11920_zcta520_natl.txt" in read_tables(target).sources["zips"]
    for one, other in zip(
        read_tables(target).zips.items(), read_tables(built).zips.items(), strict=True
    ):
        assert one[0] == other[0]
        mine = {(p.state, c.district): c.share for p in one[1] for c in p.candidates}
        theirs = {(p.state, c.district): c.share for p in other[1] for c in p.candidates}
        assert mine.keys() == theirs.keys()
        assert all(abs((mine[k] or 0) - (theirs[k] or 0)) <= 0.021 for k in mine)


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
    towns = read_town_districts(tmp_path)
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
def test_the_legal_status_is_cut_once(namelsad: str, name: str) -> None:
    assert place_name(namelsad) == name


def test_town_keys_fold_what_people_write_differently() -> None:
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
def test_a_bare_suite_gets_its_word(suite: object, line: str) -> None:
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


def test_phones_are_of_one_form_or_none() -> None:
    assert phone_of("202-224-3121") == "202-224-3121"
    assert phone_of("call us") is None
    assert phone_of(None) is None


def test_a_files_date_is_the_readmes_or_its_own(tmp_path: Path) -> None:
    import os

    path = tmp_path / "legislators-current.yaml"
    path.write_text("[]")
    os.utime(path, (1_780_000_000, 1_780_000_000))
    assert source_date(tmp_path, path.name) == date(2026, 5, 28)
    (tmp_path / "README.md").write_text("| `legislators-current.yaml` | x | 2026-06-15 | y |\n")
    assert source_date(tmp_path, path.name) == date(2026, 6, 15)
