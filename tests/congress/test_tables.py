"""The committed tables: complete, small, quick to load."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from app.congress.model import (
    STATES,
    TablesError,
    all_seats,
    congress_years,
    district_of_code,
    ordinal,
)
from app.congress.tables import FOLDER, Tables, read_tables


def test_there_are_541_distinct_seats(tables: Tables) -> None:
    assert [h.seat for h in tables.holders] == list(all_seats())
    assert len({h.seat.id for h in tables.holders}) == 541
    kinds = Counter((h.seat.chamber, h.seat.is_delegate) for h in tables.holders)
    assert kinds == {("house", False): 435, ("house", True): 6, ("senate", False): 100}
    assert all(len(tables.senators(state)) in (0, 2) for state in STATES)


def test_vacancies_are_seats_without_a_member(tables: Tables) -> None:
    assert [seat.id for seat in tables.vacancies()] == ["CA-14", "FL-20", "GA-13", "TX-23"]
    assert tables.holder("CA-14") is not None
    assert tables.delegation("CA", 14) is not None


def test_tables_carry_their_date_and_congress(tables: Tables) -> None:
    assert (tables.congress, tables.begins, tables.ends) == (
        119,
        date(2025, 1, 3),
        date(2027, 1, 3),
    )
    assert tables.as_of == date(2026, 6, 15)
    assert tables.sources["zips"]


def test_looking_up_what_does_not_exist_returns_nothing(tables: Tables) -> None:
    assert tables.holder("CA-99") is None
    assert tables.holder("MT-0") is None
    assert tables.member("X000000") is None
    assert tables.delegation("MT", 0) is None
    assert tables.districts("XX") == ()
    assert tables.candidates("XX") == ()
    assert tables.senators("XX") == ()
    assert tables.town_districts("CA", "Nowhere") == ()


def test_members_are_found_by_bioguide(tables: Tables) -> None:
    holder = tables.holder_of("P000145")
    assert holder is not None
    assert holder.seat.id == "CA-S3"
    assert holder.member is tables.member("P000145")


def test_early_term_ends_are_expected_and_puerto_rico_has_four_years(tables: Tables) -> None:
    ends = {h.seat.id: h.member.term_end for h in tables.holders if h.member}
    expected = [h.seat.id for h in tables.holders if h.member and h.member.term_end_is_expected]
    assert expected == ["FL-S3", "OH-S3"]
    assert ends["PR-0"] == date(2029, 1, 3)
    assert ends["GU-0"] == date(2027, 1, 3)


def test_independents_have_their_caucus(tables: Tables) -> None:
    caucus = {h.seat.id: h.member.caucus for h in tables.holders if h.member and h.member.caucus}
    assert caucus == {"CA-3": "Republican", "ME-S1": "Democrat", "VT-S1": "Democrat"}


def test_committees_and_leadership_are_current(tables: Tables) -> None:
    judiciary = [
        h
        for h in tables.holders
        if h.member and "HSJU" in {c.committee for c in h.member.committees}
    ]
    assert len(judiciary) > 30
    assert tables.committee_names["HSJU"] == "House Committee on the Judiciary"
    speakers = [
        h.seat.id
        for h in tables.holders
        if h.member and "Speaker of the House" in h.member.leadership
    ]
    assert speakers == ["LA-4"]


def test_senate_forms_list_what_they_ask(tables: Tables) -> None:
    forms = {h.seat.id: h.member.form for h in tables.holders if h.member}
    assert sum(form.known for form in forms.values()) == 99
    limits = [form.max_characters for form in forms.values() if form.max_characters]
    assert min(limits) == 500
    assert not any(forms[f"{state}-0"].known for state in ("DC", "PR"))
    oklahoma = forms["OK-S2"]
    assert oklahoma.asks_prefix
    assert oklahoma.asks_phone


@pytest.mark.parametrize(
    ("state", "town", "districts"),
    [
        ("CO", "Canon City", {3, 7}),
        ("CO", "Cañon City", {3, 7}),
        ("MN", "Saint Paul", {4}),
        ("MN", "St. Paul", {4}),
        ("ID", "Coeur D Alene", {1}),
        ("TN", "Nashville", {5, 6, 7}),
        ("UT", "Salt Lake City", None),
        ("IN", "INDIANAPOLIS", None),
    ],
)
def test_towns_are_found_in_any_spelling(
    state: str, town: str, districts: set[int] | None, tables: Tables
) -> None:
    found = tables.town_districts(state, town)
    assert found
    assert districts is None or set(found) <= districts


def test_the_tables_are_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 2_500_000


def test_loading_is_quick_and_imports_no_network_library() -> None:
    script = (
        "import sys, time\n"
        "import app.congress.lookup, app.congress.street\n"
        "def once():\n"
        "    began = time.process_time()\n"
        "    app.congress.tables.read_tables(app.congress.tables.FOLDER)\n"
        "    return time.process_time() - began\n"
        "print(min(once() for _ in range(3)), 'requests' in sys.modules, 'yaml' in sys.modules)\n"
    )
    root = Path(__file__).resolve().parents[2]
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    seconds, requests, yaml = run.stdout.split()
    assert float(seconds) < 1  # CPU seconds; about 0.08 on an ordinary machine
    assert (requests, yaml) == ("False", "False")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for path in FOLDER.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def test_missing_tables_are_named_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(TablesError, match=r"tables.json is missing.*flask congress refresh"):
        read_tables(tmp_path)


@pytest.mark.parametrize("name", ["zips.csv", "members.json", "towns.csv", "new_zips.csv"])
def test_a_truncated_or_missing_table_is_named(name: str, copied: Path) -> None:
    path = copied / name
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-3]), encoding="utf-8")  # at the end of a line
    with pytest.raises(TablesError, match=rf"{name} was cut short or changed after it was built"):
        read_tables(copied)
    path.unlink()
    with pytest.raises(TablesError, match=f"{name} is missing"):
        read_tables(copied)


def test_an_invalid_index_is_refused(copied: Path) -> None:
    for text in ("", "[]", "{}", '{"files": {}}'):
        (copied / "tables.json").write_text(text)
        with pytest.raises(TablesError, match="cannot be read"):
            read_tables(copied)


def test_census_codes_and_congress_numbers() -> None:
    assert [district_of_code(c) for c in ("00", "98", "12", "07", "ZZ")] == [0, 0, 12, 7, None]
    words = [ordinal(n) for n in (111, 112, 113, 119, 120, 121, 122, 123)]
    assert words == ["111th", "112th", "113th", "119th", "120th", "121st", "122nd", "123rd"]
    assert congress_years(119) == (2025, 2027)
