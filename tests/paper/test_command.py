"""``flask signatures import``, as an operator uses it."""

from __future__ import annotations

import csv
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from app.records.counts import totals
from app.records.database import local_database
from app.site.settings import load_settings
from tests.commands import flask

from .conftest import ANA, BO, SPLIT, ZEROS, csv_file, rows_of, saved, workbook


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(os.environ):
        if name.startswith("DEAR_CONGRESS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.setenv("DEAR_CONGRESS_TODAY", "2026-11-25")
    yield
    local_database(load_settings().database).close()


def sheet(folder: Path, *rows: tuple[str, ...], name: str = "fair.csv") -> Path:
    path = folder / name
    path.write_bytes(csv_file(*rows))
    return path


def run(*arguments: str | Path) -> Result:
    return flask("signatures import", *arguments)


def signatures() -> int:
    settings = load_settings()
    return totals(local_database(settings.database), settings.campaign).signatures


def test_importing_a_sheet_again_adds_nothing(tmp_path: Path) -> None:
    path = sheet(tmp_path, ANA, BO)
    first, second = run(path, "--source", "fair"), run(path)
    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert "2 signatures added (6 letters); 0 signed before." in first.output
    assert "0 signatures added (0 letters); 2 signed before." in second.output
    assert signatures() == 2


def test_one_wrong_row_prevents_the_import(tmp_path: Path) -> None:
    result = run(sheet(tmp_path, ANA, SPLIT, ZEROS))
    assert result.exit_code == 1
    assert "Nothing was added" in result.output
    assert signatures() == 0


def test_wrong_rows_come_back_as_a_sheet_to_correct(tmp_path: Path) -> None:
    run(sheet(tmp_path, ANA, SPLIT, ("=1+1", *ZEROS[1:])))
    problems = tmp_path / "fair-problems.csv"
    assert stat.S_IMODE(problems.stat().st_mode) == 0o600
    rows = list(csv.DictReader(io.StringIO(problems.read_text(encoding="utf-8-sig"))))
    assert [row["row"] for row in rows] == ["3", "4"]
    assert "IL-3: " in rows[0]["problem"]
    assert "IL-5: " in rows[0]["problem"]
    assert rows[1]["first"] == "'=1+1"
    assert [r.values["last"] for r in rows_of(problems.read_bytes())] == ["Ortiz", "Cohen"]


def test_leave_out_adds_the_good_rows(tmp_path: Path) -> None:
    result = run(sheet(tmp_path, ANA, SPLIT), "--leave-out")
    assert result.exit_code == 1
    assert signatures() == 1


def test_lost_zeros_are_restored_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "fair.xlsx"
    path.write_bytes(saved(workbook((*ZEROS[:5], 2108, "MA-8", ""))))
    assert run(path).exit_code == 1
    assert "02108" in (tmp_path / "fair-problems.csv").read_text(encoding="utf-8")
    assert run(path, "--restore-zeros").exit_code == 0
    assert signatures() == 1


def test_a_dry_run_adds_nothing(tmp_path: Path) -> None:
    result = run(sheet(tmp_path, ANA, BO, ANA), "--dry-run")
    assert "2 would be added; 0 signed before." in result.output
    assert "row 4 (as row 2)" in result.output
    assert signatures() == 0


def test_a_dry_run_says_when_nothing_would_be_added(tmp_path: Path) -> None:
    path = sheet(tmp_path, ANA, SPLIT)
    result = run(path, "--dry-run")
    assert result.exit_code == 1
    assert "Nothing would be added. Fix the rows, or use --leave-out." in result.output
    assert "1 would be added" not in result.output
    assert "1 would be added" in run(path, "--dry-run", "--leave-out").output


@pytest.mark.parametrize("rows", [(ANA,), (SPLIT,), ()])
def test_the_file_is_deleted_when_asked_even_if_rows_are_wrong(
    tmp_path: Path, rows: tuple[tuple[str, ...], ...]
) -> None:
    path = sheet(tmp_path, *rows)
    run(path, "--delete")
    assert not path.exists()


def test_a_dry_run_deletes_nothing(tmp_path: Path) -> None:
    path = sheet(tmp_path, ANA)
    result = run(path, "--dry-run", "--delete")
    assert result.exit_code == 2
    assert "changes nothing" in result.output
    assert path.exists()


def test_a_broken_file_is_explained_and_deleted_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "fair.csv"
    path.write_bytes(b"Ana,Li\n")
    result = run(path, "--delete")
    assert result.exit_code == 1
    assert "no row with the names of the columns" in result.output
    assert not path.exists()


def test_an_invalid_source_tag_is_refused(tmp_path: Path) -> None:
    result = run(sheet(tmp_path, ANA), "--source", "two words")
    assert result.exit_code == 2
    assert signatures() == 0


def test_hidden_rows_and_uncertain_columns_need_an_option(tmp_path: Path) -> None:
    book = workbook(ANA, BO)
    book.active.row_dimensions[3].hidden = True
    path = tmp_path / "fair.xlsx"
    path.write_bytes(saved(book))
    result = run(path)
    assert result.exit_code == 1
    assert "1 hidden or crossed-out row: row 3" in result.output
    assert signatures() == 0
    assert run(path, "--hidden", "leave").exit_code == 0
    assert signatures() == 1
    path = tmp_path / "codes.csv"
    path.write_bytes(csv_file(BO, header=("First", "Last", "Street", "City", "State", "Where",
                                          "District", "Email")))  # fmt: skip
    result = run(path)
    assert result.exit_code == 1
    assert "Is it “Where”?" in result.output
    assert run(path, "--column", "Where=zip").exit_code == 0
    assert run(path, "--dry-run").exit_code == 0, "it is remembered"
    assert signatures() == 2
    assert run(path, "--column", "Phone=zip").exit_code == 1
    assert run(path, "--column", "Where=postcode").exit_code == 1


def test_odd_rows_are_left_out_unless_requested(tmp_path: Path) -> None:
    path = sheet(tmp_path, ANA, ("N/A", "N/A", "N/A", *ANA[3:]))
    result = run(path)
    assert result.exit_code == 0
    assert "row 3" in result.output
    assert "with problems" not in result.output
    assert signatures() == 1
    assert run(path, "--count-odd").exit_code == 0
    assert signatures() == 2


def test_an_import_is_undone_by_number(tmp_path: Path) -> None:
    assert flask("signatures undo-import").output == "No sheets were imported.\n"
    result = run(sheet(tmp_path, ANA, BO), "--source", "fair")
    assert "flask signatures undo-import 1" in result.output
    assert "1: " in flask("signatures undo-import").output
    assert "2 signatures removed" in flask("signatures undo-import 1").output
    assert signatures() == 0
    assert flask("signatures undo-import 1").exit_code == 1


def test_a_likely_repeat_is_listed_and_needs_an_option(tmp_path: Path) -> None:
    moved = (*ANA[:2], "80 Birch St", *ANA[3:])
    path = sheet(tmp_path, ANA, moved, ("Ana", "Li", "9 Oak Ave", *ANA[3:]))
    for result in (run(path), run(path, "--dry-run")):
        assert result.exit_code == 1
        assert "row 3 (Ana, Li, 80 Birch St, 05672), counted; like row 2 (Ana" in result.output
        assert "the same name in the same ZIP code" in result.output
    assert "Nothing was added. Use --likely count" in run(path).output
    assert "none" in run(sheet(tmp_path, ANA, name="one.csv"), "--same", "2").output
    assert "3, 4" in run(path, "--same", "7").output
    assert "2 would be added" in run(path, "--same", "3", "--dry-run").output
    assert "1 would be added" in run(path, "--likely", "leave", "--dry-run").output
    assert signatures() == 0
    assert run(path, "--same", "3").exit_code == 0
    assert signatures() == 2
    assert run(path, "--likely", "count").exit_code == 0
    assert signatures() == 3
