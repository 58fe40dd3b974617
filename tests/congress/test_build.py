"""Building the tables from the official files, in both of their formats."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.congress.build import STEPS, build_tables
from app.congress.model import BuildError, all_seats
from app.congress.sources.lines import Pieces, read_land
from app.congress.tables import FOLDER, read_tables
from tests.congress.relationship import ZIP_HEADER, relationship
from tests.congress.test_blocks import take_apart, with_towns


@pytest.fixture(scope="module")
def built(official_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("tables")
    build_tables(official_files, target)
    return target


@pytest.mark.slow
def test_the_committed_tables_match_a_build_from_the_official_files(built: Path) -> None:
    names = sorted(path.name for path in FOLDER.iterdir())
    assert sorted(path.name for path in built.iterdir()) == names
    for name in names:
        assert (built / name).read_bytes() == (FOLDER / name).read_bytes(), name


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A complete folder without members, in which each district has one made-up ZIP."""
    folder = tmp_path / "small"
    folder.mkdir()
    for name in ("legislators-current", "legislators-district-offices", "committees-current"):
        (folder / f"{name}.yaml").write_text("[]")
    (folder / "committee-membership-current.yaml").write_text("{}")
    house = [seat for seat in all_seats() if seat.chamber == "house"]
    zips = [f"{number:05},{seat.state},{seat.district},1" for number, seat in enumerate(house)]
    (folder / "zip_districts_119.csv").write_text(
        "\n".join(["zip,state,district,land_share", *zips]) + "\n"
    )
    (folder / "town_districts_119.csv").write_text("town,state,district\nsalem,OR,5\n")
    return folder


def test_building_reports_its_steps_and_its_size(small: Path, tmp_path: Path) -> None:
    steps: list[str] = []
    target = tmp_path / "tables"
    result = build_tables(small, target, as_of=date(2026, 7, 1), progress=steps.append)
    assert len(steps) == STEPS
    assert (result.members, result.zips, result.towns) == (0, 441, 1)
    assert result.size == sum(path.stat().st_size for path in target.iterdir())
    tables = read_tables(target)
    assert tables.as_of == date(2026, 7, 1)
    assert len(tables.awaited()) == 541


def test_without_form_facts_the_previous_ones_are_kept(small: Path, tmp_path: Path) -> None:
    target = tmp_path / "tables"
    forms = target / "senate_forms.csv"
    assert build_tables(small, target).forms_kept
    assert len(forms.read_text().splitlines()) == 1
    shutil.copy(FOLDER / "senate_forms.csv", target)
    assert build_tables(small, target).forms_kept
    assert forms.read_bytes() == (FOLDER / "senate_forms.csv").read_bytes()


# --- what can be wrong with a folder -----------------------------------------------------


def test_a_missing_folder_or_file_is_named(small: Path, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="is not a folder"):
        build_tables(tmp_path / "nowhere", tmp_path)
    (small / "zip_districts_119.csv").unlink()
    with pytest.raises(BuildError, match=r"neither tab20_cd11920_zcta520_natl\.txt"):
        build_tables(small, tmp_path / "out")
    (small / "legislators-current.yaml").unlink()
    with pytest.raises(BuildError, match=r"has no legislators-current\.yaml"):
        build_tables(small, tmp_path / "out")
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
        ([member("A000001", district=3)], "A000001 holds VT-3, which is not a seat"),
        ([member("A000001", start="soon")], r"the entry of Ana Ruiz \(VT-0\) cannot be used"),
        ([{"id": {"bioguide": "A000001"}}], "the entry of A000001 cannot be used"),
        ([member("A1")], r"the entry of Ana Ruiz \(VT-0\) cannot be used: A1 is no bioguide id"),
        (["odd"], "the entry of someone without a name cannot be used"),
        (
            [member("", party="") | {"id": {"govtrack": 1}, "name": {"last": "Ruiz"}}],
            r"the entry of Ruiz \(VT-0\) cannot be used: it has no “first”. Download it again",
        ),
        (
            [member("A000001"), member("A000001", state="AK")],
            "two people have the id A000001",
        ),
        (
            [member(f"A00000{n}", state="NY", district=n, start="2023-01-03") for n in range(1, 8)]
            + [member(f"B00000{n}", state="OH", district=n) for n in range(1, 8)],
            "mixes House terms: 7 of the 118th Congress, 7 of the 119th Congress",
        ),
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


def test_a_zip_file_for_another_map_is_refused(small: Path, tmp_path: Path) -> None:
    path = small / "zip_districts_119.csv"
    lines = [line for line in path.read_text().splitlines() if ",MT,2," not in line]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(BuildError, match="do not agree on MT-2"):
        build_tables(small, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("zip,state\n", "has no column district, land_share"),
        ("zip,state,district,land_share\n94110,CA,1,x\n", "line 2: 'x' is not a number"),
        ("zip,state,district,land_share\n4110,CA,1,1\n", "line 2: 4110, CA, 1"),
        ("zip,state,district,land_share\n94110,XX,1,1\n", "line 2: 94110, XX, 1"),
    ],
)
def test_a_broken_zip_file_is_named_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "zip_districts_119.csv"
    path.write_text(text)
    with pytest.raises(BuildError, match=message):
        read_land(path, 119)


@pytest.mark.slow
def test_the_relationship_file_builds_the_same_zip_table_as_the_csv(
    official_files: Path, tmp_path: Path, built: Path
) -> None:
    """The compact CSV, converted back into pieces of land, builds the same ZIP table."""
    from app.congress.model import FIPS

    codes = {state: fips for fips, state in FIPS.items()}
    pieces = []
    land = read_land(official_files / "zip_districts_119.csv", 119)
    for code, states in land.items():
        found = [(state, n, s or 0) for state, p in states.items() for n, s, _ in p]
        total = sum(share for _, _, share in found)
        for state, number, share in found:
            cd = "98" if state in ("DC", "PR", "GU", "VI", "AS", "MP") else f"{number:02}"
            pieces.append((codes[state] + cd, code, "x", round(share / total * 1_000_000)))
    for path in official_files.iterdir():
        if path.suffix in (".yaml", ".csv") or path.name == "lines":
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
        assert all(abs((mine[k] or 0) - (theirs[k] or 0)) <= 0.021 for k in mine), one[0]


# --- members and lines of one Congress ---------------------------------------------------


def people(folder: Path, members: list[Any]) -> None:
    (folder / "legislators-current.yaml").write_text(json.dumps(members))


def test_members_of_the_next_congress_need_its_lines(small: Path, tmp_path: Path) -> None:
    people(small, [member("A000001", start="2027-01-03", end="2029-01-03")])
    with pytest.raises(
        BuildError, match=r"members of the 120th.*districts of the 119th.*plans_120"
    ):
        build_tables(small, tmp_path / "out")
    lines = small / "lines"
    lines.mkdir()
    (lines / "plans_120.csv").write_text(
        'state,plan_of,act_or_order,decided,note\nMO,119,"Stayed, all of it",2026-09-25,\n'
    )
    build_tables(small, tmp_path / "out")
    tables = read_tables(tmp_path / "out")
    vermont = tables.at(date(2027, 1, 4)).holder("VT-0")
    assert vermont is not None
    assert vermont.member is not None
    assert tables.at(date(2027, 1, 2)).holder("VT-0").member is None  # type: ignore[union-attr]


def test_people_and_towns_are_counted_from_census_blocks_if_the_folder_has_them(
    small: Path, tmp_path: Path
) -> None:
    utah: Pieces = {f"8410{n}": {"UT": [(n, 1.0, False)]} for n in (1, 2, 3, 4)}
    utah["84105"] = {"UT": [(2, 0.75, False), (1, 0.25, False)]}
    take_apart(utah, small)
    with_towns(small, {"UT": {"84101": "Salem city", "84105": "Salem city"}})
    with (small / "zip_districts_119.csv").open("a") as land:
        land.writelines(f"{code},UT,1,1\n" for code in utah)
    (small / "plans_120.csv").write_text(
        "state,plan_of,act_or_order,decided,note\nUT,120,Map 1,2025-11-10,\n"
    )
    (small / "zip_people_120.csv").write_text(
        "zip,state,district,people_share\n84105,UT,2,0.5\n84105,UT,1,0.5\n84101,UT,1,1\n"
    )
    steps: list[str] = []
    built = build_tables(small, tmp_path / "out", as_of=date(2026, 7, 1), detail=steps.append)
    assert "NationalCD120.txt" in steps
    assert built.notices == (
        "zip_people_120.csv differs: 84105 UT: 2 75.0%, 1 25.0% here, 1 50.0%, 2 50.0% there.",
    )
    after = read_tables(tmp_path / "out").at(date(2027, 1, 4))
    (part,) = after.zips["84105"]
    assert [(c.district, c.share) for c in part.candidates] == [(2, 0.75), (1, 0.25)]
    assert after.town_districts("UT", "Salem") == (1, 2)


def test_members_of_a_past_congress_are_refused(small: Path, tmp_path: Path) -> None:
    people(small, [member("A000001", start="2023-01-03", end="2025-01-03")])
    with pytest.raises(BuildError, match=r"members of the 118th.*Download the present"):
        build_tables(small, tmp_path / "out")


def test_towns_of_another_congress_are_refused(small: Path, tmp_path: Path) -> None:
    (small / "town_districts_119.csv").rename(small / "town_districts_118.csv")
    with pytest.raises(BuildError, match="no town file of it"):
        build_tables(small, tmp_path / "out")


def test_new_lines_missing_a_district_are_refused(small: Path, tmp_path: Path) -> None:
    (small / "plans_120.csv").write_text(
        "state,plan_of,act_or_order,decided,note\nUT,120,Map 1,2025-11-10,\n"
    )
    (small / "zip_people_120.csv").write_text(
        "zip,state,district,people_share\n84101,UT,1,1\n84102,UT,2,1\n84103,UT,3,1\n"
    )
    with pytest.raises(BuildError, match=r"zip_people_120.csv.*do not agree on UT-4"):
        build_tables(small, tmp_path / "out")


def test_n14_a_member_without_a_bioguide_id_is_kept_under_another_id(
    small: Path, tmp_path: Path
) -> None:
    new = member("", state="CA", district=14)
    new["id"] = {"govtrack": 456999}
    nobody = member("", state="CA", district=13)
    nobody["id"] = {}
    people(small, [new, nobody, member("A000001")])
    built = build_tables(small, tmp_path / "out", as_of=date(2026, 7, 1))
    assert built.notices == (
        "Ana Ruiz (CA-14) has no bioguide id yet: kept as govtrack-456999.",
        "Ana Ruiz (CA-13) has no id yet and is left out.",
    )
    tables = read_tables(tmp_path / "out")
    holder = tables.holder("CA-14")
    assert holder is not None
    assert holder.member is not None
    assert tables.holder_of("govtrack-456999") == holder
    assert tables.holder("CA-13").member is None  # type: ignore[union-attr]


def test_a_member_changing_seats_holds_the_old_one_until_the_new_term(
    small: Path, tmp_path: Path
) -> None:
    raw = member("A000001", state="NY", district=3)
    later = {"type": "sen", "state": "NY", "class": 1, "party": "Independent"}
    raw["terms"].append(later | {"start": "2027-01-03", "end": "2033-01-03"})
    others = [member(f"B00000{n}", state="OH", district=n) for n in range(1, 8)]
    people(small, [raw, *others])
    build_tables(small, tmp_path / "out", as_of=date(2026, 12, 30))
    tables = read_tables(tmp_path / "out")
    assert tables.at(date(2027, 1, 2)).holder_of("A000001").seat.id == "NY-3"  # type: ignore[union-attr]
    assert tables.at(date(2026, 1, 2)).holder("NY-S1").member is None  # type: ignore[union-attr]
