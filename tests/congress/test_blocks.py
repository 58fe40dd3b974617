"""Counting people from block files: a table split into blocks yields the same table."""

from __future__ import annotations

import tracemalloc
import zipfile
from pathlib import Path

import pytest

from app.congress.model import DELEGATE_AREAS, FIPS, BuildError
from app.congress.sources.blocks import (
    BLOCK_TO_ZIP,
    count_blocks,
    differences,
    write_people,
    write_towns,
)
from app.congress.sources.lines import Pieces, read_people

CODES = {state: fips for fips, state in FIPS.items()}


def take_apart(table: Pieces, folder: Path, congress: int = 120) -> None:
    """Write the Bureau's three lists so that joining them yields ``table``, with one block per
    piece, which has its share of a million people."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        (state, code, district, share)
        for code, states in table.items()
        for state, pieces in states.items()
        for district, share, _ in pieces
    ]
    rows.sort(key=lambda row: (CODES[row[0]], row[1], row[2]))
    districts, zips, people = (
        ["GEOID,CDFP"],
        ["OID|GEOID_ZCTA5_20|GEOID_TABBLOCK_20|AREALAND_PART"],
        [],
    )
    for number, (state, code, district, share) in enumerate(rows):
        block = f"{CODES[state]}{number:013}"
        code_of = "98" if state in DELEGATE_AREAS else f"{district:02}"
        districts.append(f"{block},{code_of}")
        zips.append(f"1|{code}|{block}|5")
        cells = [""] * 97
        cells[2], cells[9], cells[90] = "750", block, str(round((share or 0) * 1_000_000))
        people.append("|".join(cells))
    last = f"78{len(rows):013}"
    districts.append(f"{last},ZZ")  # open water
    zips.append(f"1||{last}|0")
    with zipfile.ZipFile(folder / f"cd{congress}.zip", "w") as archive:
        archive.writestr(f"NationalCD{congress}.txt", "\n".join(districts) + "\n")
    (folder / BLOCK_TO_ZIP).write_text("\ufeff" + "\n".join(zips) + "\n", encoding="utf-8")
    (folder / "usgeo2020.pl").write_text("\n".join(people) + "\n")


SMALL: Pieces = {
    "78701": {"TX": [(10, 0.8, False), (37, 0.2, False)]},
    "30165": {"GA": [(14, 1.0, False)], "AL": [(3, 1.0, False)]},
    "20009": {"DC": [(0, 1.0, False)]},
    "99501": {"AK": [(0, None, False)]},
}


def test_a_small_table_survives_the_round_trip_through_blocks(tmp_path: Path) -> None:
    take_apart(SMALL, tmp_path)
    steps: list[str] = []
    assert count_blocks(tmp_path, 120, steps.append).zips == {
        code: SMALL[code] for code in sorted(SMALL)
    }
    assert steps == ["NationalCD120.txt", "usgeo2020.pl"]


def test_the_table_of_the_nine_states_survives_the_round_trip_through_blocks(
    official_files: Path, tmp_path: Path
) -> None:
    known = official_files / "lines" / "zip_people_120.csv"
    table = read_people(known)
    take_apart(table, tmp_path / "bureau")
    tracemalloc.start()
    made = count_blocks(tmp_path / "bureau", 120).zips
    assert tracemalloc.get_traced_memory()[1] < 60_000_000
    tracemalloc.stop()
    assert differences(made, known) == []
    write_people(made, tmp_path / "zip_people_120.csv")
    assert differences(read_people(tmp_path / "zip_people_120.csv"), known) == []


def test_a_difference_is_listed(tmp_path: Path) -> None:
    take_apart(SMALL, tmp_path)
    other = tmp_path / "others.csv"
    other.write_text(
        "zip,state,district,people_share\n78701,TX,10,0.7\n78701,TX,37,0.3\n30165,GA,14,1\n"
    )
    assert differences(count_blocks(tmp_path, 120).zips, other) == [
        "78701 TX: 10 80.0%, 37 20.0% here, 10 70.0%, 37 30.0% there"
    ]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        (BLOCK_TO_ZIP, "A|B\n1|2\n", "has no columns GEOID_ZCTA5_20"),
        (BLOCK_TO_ZIP, "GEOID_ZCTA5_20|GEOID_TABBLOCK_20\n78701|48\n78701", "cut short|no list"),
        ("usgeo2020.pl", "nothing\n", "has no population data"),
        ("cd120.zip", "nothing\n", "not a ZIP archive"),
    ],
)
def test_a_broken_list_is_named(name: str, text: str, why: str, tmp_path: Path) -> None:
    take_apart(SMALL, tmp_path)
    (tmp_path / name).write_text(text)
    with pytest.raises(BuildError, match=why):
        count_blocks(tmp_path, 120)
    (tmp_path / name).unlink()
    with pytest.raises(BuildError):
        count_blocks(tmp_path, 120)


def test_blocks_out_of_order_are_refused(tmp_path: Path) -> None:
    take_apart(SMALL, tmp_path)
    with zipfile.ZipFile(tmp_path / "cd120.zip", "w") as archive:
        archive.writestr(
            "NationalCD120.txt", "GEOID,CDFP\n480000000000002,10\n480000000000001,10\n"
        )
    with pytest.raises(BuildError, match="not in order"):
        count_blocks(tmp_path, 120)


def with_towns(folder: Path, towns: dict[str, dict[str, str]]) -> None:
    """Write the states' block assignments from each ZIP's town by state."""
    table = (folder / BLOCK_TO_ZIP).read_text(encoding="utf-8-sig").splitlines()[1:]
    zip_of = {row.split("|")[2]: row.split("|")[1] for row in table}
    header = (folder / "usgeo2020.pl").open("a", encoding="latin-1")
    with header:
        for state, names in towns.items():
            fips, places = CODES[state], {}
            for number, name in enumerate(sorted(set(names.values()))):
                places[name] = f"{number:05}"
                cells = [""] * 97
                cells[2], cells[9], cells[87], cells[90] = "160", fips + places[name], name, "9"
                header.write("|".join(cells) + "\n")
            rows = [
                f"{block}|{places.get(names.get(code, ''), '')}"
                for block, code in zip_of.items()
                if block.startswith(fips)
            ]
            with zipfile.ZipFile(folder / f"BlockAssign_ST{fips}_{state}.zip", "w") as archive:
                stem = f"BlockAssign_ST{fips}_{state}"
                text = "\n".join(["BLOCKID|PLACEFP", *rows]) + "\n"
                archive.writestr(f"{stem}_INCPLACE_CDP.txt", text)
                archive.writestr(f"{stem}_VTD.txt", "BLOCKID|COUNTYFP|DISTRICT\n")


TOWNS: Pieces = {
    "81212": {"CO": [(7, 1.0, False)]},
    "81226": {"CO": [(3, 0.3, False), (7, 0.7, False)]},
    "80201": {"CO": [(3, 1.0, False)]},
    "00926": {"PR": [(0, 1.0, False)]},
}


def test_town_districts_are_ordered_by_people_from_the_block_assignment(tmp_path: Path) -> None:
    take_apart(TOWNS, tmp_path)
    names = {"81212": "Cañon City city", "81226": "Cañon City city"}
    with_towns(tmp_path, {"CO": names, "PR": {"00926": "San Juan zona urbana"}})
    towns = count_blocks(tmp_path, 120).towns
    assert towns == [("Cañon City", "CO", [7, 3]), ("San Juan", "PR", [0])]
    write_towns(towns, tmp_path / "town_districts_120.csv")
    assert (tmp_path / "town_districts_120.csv").read_text("utf-8").splitlines() == [
        "town,state,district", "Cañon City,CO,7", "Cañon City,CO,3", "San Juan,PR,0",
    ]  # fmt: skip
    (path,) = tmp_path.glob("BlockAssign_ST08_CO.zip")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("BlockAssign_ST08_CO_INCPLACE_CDP.txt", "BLOCKID|PLACEFP\n0812")
    with pytest.raises(BuildError, match="line 2: cut short"):
        count_blocks(tmp_path, 120)
