"""Tables as CSV, JSON, XLSX and SQLite: complete, harmless, true to their rows."""

# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import csv
import io
import json
import os
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from app.records.tabular import (
    Column,
    Memo,
    Row,
    Table,
    clean,
    csv_lines,
    csv_metadata,
    file_name,
    in_chunks,
    json_lines,
    metadata_path,
    safe_csv,
    sheet_name,
    table_name,
    write_sqlite,
    write_text,
    write_xlsx,
)

PEOPLE = (
    Column("name", "text", "A name."),
    Column("zip", "text", "A ZIP."),
    Column("day", "day", "A day."),
    Column("signed_at", "time", "A time.", "America/Chicago"),
    Column("letters", "number", "How many."),
    Column("edited", "yes/no", "Whether."),
)
ROWS: tuple[Row, ...] = (
    ("Zoë Nuñez", "02138", "2026-03-08", "2026-03-08 21:30", 3, 1),
    ("=1+1", "00926", "2026-03-09", "2026-03-09 00:00", 1, 0),
    ("-Ann", "07054-1234", "2026-03-10", "2026-03-10 12:00", 2, 0),
    (None, "10013", None, None, None, None),
)


def table(
    rows: Iterable[Row] = ROWS, columns: tuple[Column, ...] = PEOPLE, title: str = "People"
) -> Table:
    return Table(
        title, columns, in_chunks(rows), {"campaign": "é=1", "time zone": "America/Chicago"}
    )


def as_csv(rows: Iterable[Row] = ROWS, columns: tuple[Column, ...] = PEOPLE) -> bytes:
    return "".join(csv_lines(table(rows, columns))).encode()


def one_column(cells: Iterable[str], header: str = "text") -> list[str]:
    """The cells after a round trip through CSV, header first."""
    written = as_csv([(cell,) for cell in cells], (Column(header, "text", ""),))
    return [row[0] for row in csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""))]


DANGEROUS = [
    "=1+1", "@SUM(1)", "\t=1+1", "\uff1d1+1", " =1+1", "\r=1+1", "\n=1+1", "\x00=1+1", "\u200b=1+1",
    "\ufeff=1+1", "\u00a0=1+1", "+1+1", "-1+1", "-2-3", "+A1", "-A1*2", "=cmd|' /C calc'!A0",
    "+cmd|' /C calc'!A0", "-cmd|' /C calc'!A0", "@A1", "＠SUM(1)", "＋1+1", "－1+1",
    "﹦1+1", "﹢A1",
    '=HYPERLINK("https://example.org","x")', "-HYPERLINK(A1)", "+1 202+555", "%0A=1", "|calc",
    "+1-202-555-0147", "--1", "+-1", "-(1)", "=", "  \t @x",
]  # fmt: skip
READABLE = [
    "+1 202 555 0147", "+1 (202) 555-0147", "+12025550147", "+44 20 7946 0958", "-Ann", "-Ann Lee",
    "- Ann", "-Ann-Marie", "-O’Neil", "+Zoë", "-5", "+5.5", "Ann", "02138", "0", "a=b", "1+1=2",
    "O'Neil", "St. Paul", ".", "#4", "李娜", "שרה", "Ann -Lee", "it = this", "", " ", "é",
    " -Ann ",
]  # fmt: skip


@pytest.mark.parametrize("text", DANGEROUS)
def test_text_that_could_be_a_formula_gets_a_safe_first_character(text: str) -> None:
    """EX01"""
    for cell in one_column([text], header=text):
        assert cell[0] in "'\ufffd"
        assert cell.endswith(clean(text)[1:])


@pytest.mark.parametrize("text", READABLE)
def test_ordinary_text_is_unchanged_in_csv(text: str) -> None:
    """EX01"""
    assert safe_csv(text) == text


@given(text=st.text())
def test_no_csv_cell_starts_a_formula_and_no_text_is_lost(text: str) -> None:
    (cell,) = one_column([text])[1:] or [""]
    # Spreadsheet programs of some countries split cells at semicolons, so check each piece.
    for part in re.split("[;\n]", cell):
        assert not part.lstrip().startswith(("=", "@", "＝", "＠"))
    assert cell.replace("'", "") == clean(text).replace("'", "")


LINES = st.lists(st.tuples(st.text(), st.text(), st.integers()), max_size=8)
THREE = (Column("a", "text", ""), Column("b", "text", ""), Column("c", "number", ""))


@given(rows=LINES)
def test_any_text_survives_csv_and_json(rows: list[tuple[str, str, int]]) -> None:
    written = list(csv.reader(io.StringIO(as_csv(rows, THREE).decode("utf-8-sig"), newline="")))
    assert len(written) == len(rows) + 1
    assert [row[2] for row in written[1:]] == [str(row[2]) for row in rows]
    document = json.loads("".join(json_lines(table(rows, THREE))))
    assert [list(row.values()) for row in document["rows"]] == [
        [clean(a), clean(b), c] for a, b, c in rows
    ]


@pytest.mark.parametrize("bad", ["\x00", "\x07", "\x1b", "\x7f", "\x9f", "\ud800", "\ufffe"])
def test_a_forbidden_character_is_replaced_in_every_format(tmp_path: Path, bad: str) -> None:
    rows = [(f"a{bad}b", "02138", "2026-03-08", "2026-03-08 21:30", 1, 1)]
    assert as_csv(rows).count(b"a\xef\xbf\xbdb") == 1
    assert json.loads("".join(json_lines(table(rows))))["rows"][0]["name"] == "a\ufffdb"
    write_xlsx([table(rows, title=f"People{bad}")], tmp_path / "a.xlsx")
    assert load_workbook(tmp_path / "a.xlsx").worksheets[0]["A2"].value == "a\ufffdb"
    write_sqlite([table(rows)], tmp_path / "a.db")
    with closing(sqlite3.connect(tmp_path / "a.db")) as db:
        assert db.execute("SELECT name FROM people").fetchone() == ("a\ufffdb",)


def test_every_line_ending_becomes_a_line_feed() -> None:
    assert clean("a\r\nb\rc\u2028d\u0085e\nf\tg") == "a\nb\nc\nd\ne\nf\tg"


def test_memoizing_a_column_of_distinct_values_is_bounded() -> None:
    known = Memo(str)
    for n in range(25_000):
        assert known[n] == str(n)
    assert len(known) <= 10_000


def test_csv_has_a_bom_clean_headers_leading_zeros_and_accents() -> None:
    """EX03, EX04"""
    written = as_csv()
    assert written.startswith(b"\xef\xbb\xbfname,zip,day,signed_at (America/Chicago),")
    rows = list(csv.DictReader(io.StringIO(written.decode("utf-8-sig"), newline="")))
    assert rows[0] == {
        "name": "Zoë Nuñez", "zip": "02138", "day": "2026-03-08",
        "signed_at (America/Chicago)": "2026-03-08 21:30", "letters": "3", "edited": "yes",
    }  # fmt: skip
    assert [row["zip"] for row in rows] == ["02138", "00926", "07054-1234", "10013"]
    assert [row["name"] for row in rows] == ["Zoë Nuñez", "'=1+1", "-Ann", ""]
    assert b",00926," in written
    assert b"None" not in written


def test_csv_for_programs_has_no_bom() -> None:
    assert "".join(csv_lines(table(), bom=False)).startswith("name,zip,")


def test_an_empty_table_is_a_header_row_only(tmp_path: Path) -> None:
    """EX16"""
    assert as_csv([]).decode("utf-8-sig").count("\r\n") == 1
    assert json.loads("".join(json_lines(table([]))))["rows"] == []
    write_xlsx([table([])], tmp_path / "a.xlsx")
    assert load_workbook(tmp_path / "a.xlsx").worksheets[0].max_row == 1
    write_sqlite([table([])], tmp_path / "a.db")
    with closing(sqlite3.connect(tmp_path / "a.db")) as db:
        assert db.execute("SELECT count(*) FROM people").fetchone() == (0,)


@pytest.mark.parametrize("rows", [999, 1000, 1001, 2500])
def test_the_last_row_is_always_written(rows: int) -> None:
    """EX15"""
    lines = as_csv(((f"n{n}",) for n in range(rows)), PEOPLE[:1]).decode().splitlines()
    assert lines[-1] == f"n{rows - 1}"
    assert len(lines) == rows + 1


def test_rows_are_streamed_and_not_collected() -> None:
    taken = 0

    def rows() -> Iterable[Row]:
        nonlocal taken
        for n in range(100_000):
            taken = n
            yield (f"n{n}",)

    next(iter(csv_lines(table(rows(), PEOPLE[:1]))))
    assert taken < 2000


def test_json_describes_its_columns() -> None:
    document = json.loads("".join(json_lines(table())))
    assert document["title"] == "People"
    assert document["about"] == {"campaign": "é=1", "time zone": "America/Chicago"}
    assert document["columns"][3] == {
        "name": "signed_at", "kind": "time", "meaning": "A time.", "zone": "America/Chicago",
    }  # fmt: skip
    assert document["rows"][1] == {
        "name": "=1+1", "zip": "00926", "day": "2026-03-09", "signed_at": "2026-03-09 00:00",
        "letters": 1, "edited": False,
    }  # fmt: skip
    assert set(document["rows"][3].values()) == {None, "10013"}


def test_csv_metadata_describes_the_file_and_its_columns() -> None:
    described = json.loads("".join(csv_metadata(table(), "people.csv")))
    assert described["url"] == "people.csv"
    assert described["notes"] == [{"campaign": "é=1", "time zone": "America/Chicago"}]
    assert [column["titles"] for column in described["tableSchema"]["columns"]] == [
        column.header for column in PEOPLE
    ]


def test_xlsx_has_real_dates_numbers_and_text_cells(tmp_path: Path) -> None:
    """EX03, EX06"""
    write_xlsx([table()], tmp_path / "a.xlsx")
    sheet = load_workbook(tmp_path / "a.xlsx").worksheets[0]
    assert [cell.value for cell in sheet[1]] == [column.header for column in PEOPLE]
    assert sheet["D1"].value == "signed_at (America/Chicago)"
    assert [sheet.cell(2, n).value for n in range(1, 7)] == [
        "Zoë Nuñez", "02138", datetime(2026, 3, 8), datetime(2026, 3, 8, 21, 30), 3, "yes",  # noqa: DTZ001
    ]  # fmt: skip
    assert sheet["D2"].is_date
    assert [sheet.cell(n, 2).value for n in range(2, 6)] == [
        "02138",
        "00926",
        "07054-1234",
        "10013",
    ]
    for place in ("A1", "A3", "B2", "B4"):
        assert sheet[place].number_format == "@"
        assert sheet[place].data_type == "s"
    assert sheet["A3"].value == "=1+1"
    assert sheet["A5"].value is None


def test_xlsx_holds_no_formula_and_no_link(tmp_path: Path) -> None:
    rows = [(text,) for text in [*DANGEROUS, "https://example.org", "mailto:a@example.org"]]
    write_xlsx([table(rows, PEOPLE[:1])], tmp_path / "a.xlsx")
    with ZipFile(tmp_path / "a.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert not [name for name in book.namelist() if "worksheets/_rels" in name]
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet.lower().replace("hyperlink(", "")


def test_xlsx_has_an_about_sheet(tmp_path: Path) -> None:
    write_xlsx([table(), table([], title="About")], tmp_path / "a.xlsx")
    book = load_workbook(tmp_path / "a.xlsx")
    assert book.sheetnames == ["People", "About", "About 2"]
    lines = {(row[0].value, row[1].value) for row in book["About 2"]}
    assert ("campaign", "é=1") in lines
    assert ("signed_at (America/Chicago)", "A time.") in lines


def test_xlsx_continues_on_another_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.records.tabular.MOST_ROWS", 4)
    write_xlsx([table(((f"n{n}",) for n in range(7)), PEOPLE[:1])], tmp_path / "a.xlsx")
    book = load_workbook(tmp_path / "a.xlsx")
    values = [[cell.value for cell in sheet["A"]] for sheet in book.worksheets[:-1]]
    assert values == [
        ["name", "n0", "n1", "n2"], ["name", "n3", "n4", "n5"], ["name", "n6"],
    ]  # fmt: skip
    assert book.sheetnames[:3] == ["People", "People 2", "People 3"]


def test_xlsx_truncates_text_too_long_for_a_cell(tmp_path: Path) -> None:
    write_xlsx([table([("😀" * 40_000,)], PEOPLE[:1])], tmp_path / "a.xlsx")
    value = load_workbook(tmp_path / "a.xlsx").worksheets[0]["A2"].value
    assert value == "😀" * 16_383


@pytest.mark.parametrize(
    ("title", "name"),
    [("'Ann's'", "Ann's"), ("History", "History 2"), ("history", "history 2"), ("", "Sheet"),
     ("[a]:b*c?d/e\\f", "a b c d e f"), ("x" * 40, "x" * 31), ("手紙", "手紙")],
)  # fmt: skip
def test_a_title_becomes_a_legal_sheet_name(title: str, name: str) -> None:
    assert sheet_name(title) == name


@given(title=st.text(), other=st.text())
def test_sheet_names_are_legal_and_distinct(title: str, other: str) -> None:
    first = sheet_name(title)
    second = sheet_name(other, [first])
    assert first.lower() != second.lower()
    for name in (first, second):
        assert 0 < len(name.encode("utf-16-le")) // 2 <= 31
        assert not set(name) & set("[]:*?/\\\n\x00")
        assert name.lower() != "history"
        assert not name.startswith("'")
        assert not name.endswith("'")


def test_sqlite_opens_in_datasette_with_its_descriptions(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    path.write_text("an older file")
    write_sqlite([table(), table([], title="Counts by state")], path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT zip, letters, edited FROM people").fetchall() == [
            ("02138", 3, 1), ("00926", 1, 0), ("07054-1234", 2, 0), ("10013", None, None),
        ]  # fmt: skip
        assert db.execute("SELECT count(*) FROM counts_by_state").fetchone() == (0,)
    metadata = json.loads(metadata_path(path).read_text(encoding="utf-8"))
    described = metadata["databases"]["people"]["tables"]
    assert set(described) == {"people", "counts_by_state"}
    assert "campaign: é=1" in described["people"]["description"]
    assert described["people"]["columns"]["signed_at"] == "A time. Time zone: America/Chicago."


@given(title=st.text())
def test_table_names_need_no_quotes(title: str) -> None:
    assert '"' not in table_name(title)
    assert table_name(title)


@pytest.mark.parametrize(
    ("parts", "name"),
    [(("protect", "counts", "2026-11-25"), "protect-counts-2026-11-25.csv"),
     (("../../etc/passwd",), "etc-passwd.csv"), (("a/b\\c:d",), "a-b-c-d.csv"),
     (("CON",), "export-CON.csv"), (("lpt1.txt",), "export-lpt1.txt.csv"),
     (("", ".."), "export.csv"),
     (("手紙", "الرسالة"), "手紙-الرسالة.csv"), (("a\x00b\nc",), "a-b-c.csv"), (("=x",), "x.csv"),
     (("a" * 99, "b"), "a" * 99 + ".csv")],
)  # fmt: skip
def test_file_names_are_safe_in_every_language(parts: tuple[str, ...], name: str) -> None:
    assert file_name(*parts, ending="csv") == name


@given(parts=st.lists(st.text(), max_size=3))
def test_any_words_make_a_valid_file_name(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str]
) -> None:
    name = file_name(*parts, ending="csv")
    assert len(name.encode()) <= 120
    assert not name.startswith((".", "-"))
    folder = tmp_path_factory.getbasetemp()
    (folder / name).write_text("")
    (folder / name).unlink()


def test_a_write_that_fails_halfway_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")

    def pieces() -> Iterable[str]:
        yield "new"
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_text(pieces(), path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.csv"]  # noqa: PTH208


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("fine; =1+1", "fine; '=1+1"), ("x;=1+1;", "x;'=1+1;"), ("x;\t@SUM(1)", "x;\t'@SUM(1)"),
        ("Dear all,\n=1+1;", "Dear all,\n'=1+1;"), ("a;＝1+1", "a;'＝1+1"),
        ("a;+cmd|' /C calc'!A0", "a;'+cmd|' /C calc'!A0"), ("a; -2+3", "a; '-2+3"),
        ("a;=1;=2", "a;'=1;'=2"), ("a;\u200b=1", "a;\u200b'=1"), ("a;-SUM(A1)", "a;'-SUM(A1)"),
        # Ordinary text is not changed.
        ("Ann; -Ann", "Ann; -Ann"),
        ("Call +1 202 555 0147; thanks", "Call +1 202 555 0147; thanks"),
        ("We ask:\n- a vote\n- a hearing (soon)", "We ask:\n- a vote\n- a hearing (soon)"),
        ("a;b", "a;b"), ("1;2", "1;2"), ("a = b; c", "a = b; c"),
    ],
)  # fmt: skip
def test_no_part_of_a_cell_becomes_a_formula_where_semicolons_separate_cells(
    text: str, written: str
) -> None:
    """EX01: in many countries, spreadsheet programs treat ; as the end of a cell."""
    assert safe_csv(text) == written


@given(text=st.text(alphabet=";\t\n =@+-A1('", max_size=30))
def test_no_cell_starts_with_an_equals_sign_however_a_line_is_split(text: str) -> None:
    for part in re.split("[;\n]", safe_csv(text)):
        assert part.strip()[:1] not in ("=", "@"), repr(text)


def test_notes_are_ordinary_rows_without_formulas(tmp_path: Path) -> None:
    """EX01: a campaign's title or a source tag could be anything."""
    about = {"campaign": "=1+1", "letter": "\t@SUM(1)\x00", "phone": "+1 202 555 0147"}
    made = Table("-Ann", PEOPLE[:2], in_chunks([("=x", "02138")]), about)
    text = "".join(csv_lines(made, notes=True))
    assert text.startswith("\ufefftitle,")
    notes, _, below = text.partition("\r\n\r\n")
    said = dict(csv.reader(io.StringIO(notes.lstrip("\ufeff"))))
    assert said["title"] == "-Ann"
    assert said["campaign"] == "'=1+1"
    assert said["letter"] == "'\t@SUM(1)\ufffd"
    assert said["phone"] == "+1 202 555 0147"
    assert said["column: zip"] == "A ZIP."
    assert list(csv.DictReader(io.StringIO(below))) == [{"name": "'=x", "zip": "02138"}]
    empty = Table("t", PEOPLE[:2], in_chunks([]), about)
    assert "".join(csv_lines(empty, notes=True)).endswith("\r\n\r\nname,zip\r\n")


def test_sqlite_has_an_about_table(tmp_path: Path) -> None:
    write_sqlite([table()], tmp_path / "a.db")
    with closing(sqlite3.connect(tmp_path / "a.db")) as db:
        said = dict(db.execute("SELECT name, value FROM about WHERE table_name = 'people'"))
    assert said["campaign"] == "é=1"
    assert said["column: signed_at (America/Chicago)"] == "A time."
