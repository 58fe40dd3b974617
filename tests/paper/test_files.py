"""Reading sheets: every program's CSV, Excel's habits, and files that are none."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.records.paper_files import SheetError, SheetRow, read_sheet

from .conftest import ANA, BO, HEADER, csv_file, rows_of, saved, workbook


def values(content: bytes) -> list[tuple[int, str, str]]:
    return [
        (r.number, r.values.get("first", ""), r.values.get("zip", "")) for r in rows_of(content)
    ]


GOOD = [(2, "Ana", "05672"), (3, "Bo", "05672")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_every_programs_csv_is_read(delimiter: str, encoding: str) -> None:
    assert values(csv_file(ANA, BO, delimiter=delimiter, encoding=encoding)) == GOOD


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_read(ending: str) -> None:
    assert values(csv_file(ANA, BO).replace(b"\r\n", ending.encode())) == GOOD


def test_accents_survive_and_a_guess_is_said() -> None:
    row = ("Zoë", "Nuñez", *ANA[2:])
    for encoding, guessed in (("utf-8", False), ("utf-8-sig", False), ("cp1252", True)):
        sheet = read_sheet(io.BytesIO(csv_file(row, encoding=encoding)))
        assert sheet.guessed_encoding is guessed, encoding
        assert [(r.values["first"], r.values["last"]) for r in sheet.rows] == [("Zoë", "Nuñez")]


def test_row_numbers_are_the_sheets_own_across_titles_blanks_and_long_cells() -> None:
    text = (
        'Fair at the library,,,\n\n"First name",Last name,Street,ZIP\n'
        'Ana,Li,"12 Main St\nApt 4",05672\n,,,\n\nBo,Ng,9 Elm,05672\n'
    )
    rows = rows_of(text.encode())
    assert [r.number for r in rows] == [4, 7]
    assert rows[0].values["street"] == "12 Main St Apt 4"


def test_a_merged_header_above_the_names_is_passed_over() -> None:
    book = workbook(("Ana", "Li", "1 St", "VT", "05672"),
                    header=("First name", "Last name", "Street", "State", "ZIP"))  # fmt: skip
    book.active.insert_rows(1, 2)
    book.active["A1"] = "People who signed"
    book.active.merge_cells("A1:E1")
    book.active["A2"], book.active["C2"] = "Name", "Address"
    book.active.merge_cells("A2:B2")
    book.active.merge_cells("C2:E2")
    assert values(saved(book)) == [(4, "Ana", "05672")]


@pytest.mark.parametrize(
    "header",
    [
        ("FIRST NAME", "last_name", "Street Address", "City/Town", "ST", "Zip Code", "CD", "Email"),
        ("Nombre", "Apellidos", "Dirección", "Ciudad", "Estado", "Código postal", "Distrito",
         "Correo electrónico"),
        ("First name ", " Last  name", "Address Line 1", "Town", "State", "ZIP (5 digits)",
         "Congressional District", "E-Mail Address"),
        ("FIRST_NAME", "LAST_NAME", "STREET_ADDRESS", "CITY", "ST", "ZIP5", "DISTRICT", "EMAIL"),
        ("fname", "lname", "addr", "municipality", "State/Province", "zipcode", "cd", "mail"),
        ("Your first name*", "Your surname*", "Street address 1:", "Town:", "State:", "ZIP:",
         "U.S. House district:", "Your e-mail:"),
        ("NOMBRE(S)", "Primer apellido", "Calle y número", "Población", "Estado", "C.P.",
         "Distrito congresional", "Correo-e"),
        ("Su nombre", "Su apellido", "Dirección postal", "Pueblo", "Estado o territorio",
         "Código ZIP", "Distrito electoral", "Dirección de correo electrónico"),
    ],
)  # fmt: skip
def test_headers_are_known_in_many_spellings(header: tuple[str, ...]) -> None:
    (row,) = rows_of(saved(workbook(ANA, header=header)))
    assert row.values["last"] == "Li"
    assert set(row.values) == {"first", "last", "street", "city", "state", "zip", "district",
                               "email"}  # fmt: skip


def test_a_full_name_is_taken_apart_to_recognise_the_person() -> None:
    text = "Name,Street,ZIP\nAna Maria Li,1 St,05672\nMadonna,2 St,05672\n"
    names = [(r.values["first"], r.values["last"]) for r in rows_of(text.encode())]
    assert names == [("Ana Maria", "Li"), ("Madonna", "")]


def test_columns_that_are_not_used_are_named() -> None:
    sheet = read_sheet(io.BytesIO(b"Name,ZIP,Phone,Notes\nAna Li,05672,1,2\n"))
    assert sheet.ignored == ("Phone", "Notes")


def cells(*row: Any, **formats: str) -> SheetRow:
    """The one row of a workbook, with number formats by cell."""
    book = workbook(row)
    for place, number_format in formats.items():
        book.active[place].number_format = number_format
    (found,) = rows_of(saved(book))
    return found


@pytest.mark.parametrize(
    ("cell", "number_format", "text"),
    [
        (2138, "General", "2138"),
        (2138.0, "General", "2138"),
        (2138, "00000", "02138"),
        (926, "00000", "00926"),
        (21381234, "00000-0000", "02138-1234"),
        (21381234, "00000\\-0000", "02138-1234"),
        ("02138", "@", "02138"),
        (60618, "General", "60618"),
    ],
)
def test_a_zip_in_a_workbook_is_what_its_sheet_shows(
    cell: Any, number_format: str, text: str
) -> None:
    assert cells(*ANA[:5], cell, F2=number_format).values["zip"] == text


def test_a_date_in_a_zips_place_is_marked_not_guessed() -> None:
    for cell in (date(2138, 1, 1), datetime(2026, 3, 8, 21, 30)):  # noqa: DTZ001 - as sheets have
        assert cells(*ANA[:5], cell).flags == {"zip": "date"}


def test_a_formula_counts_with_its_result_and_is_marked_without_one() -> None:
    row = cells("=A1", *ANA[1:])  # a library writes formulas without results
    assert row.flags == {"first": "formula"}
    content = saved(workbook(("=A1", *ANA[1:])))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                data = data.replace(b'<c r="A2"><f>A1</f><v /></c>',
                                    b'<c r="A2" t="str"><f>A1</f><v>Ana</v></c>')  # fmt: skip
                data = data.replace(b'<c r="A2"><f>A1</f><v></v></c>',
                                    b'<c r="A2" t="str"><f>A1</f><v>Ana</v></c>')  # fmt: skip
            new.writestr(name, data)
    (found,) = rows_of(out.getvalue())
    assert (found.values["first"], found.flags) == ("Ana", {})


def test_a_text_that_looks_like_a_formula_is_only_a_name() -> None:
    (row,) = rows_of(csv_file(("=1+1", "@SUM(1)", *ANA[2:])))
    assert (row.values["first"], row.values["last"], row.flags) == ("=1+1", "@SUM(1)", {})


def test_an_error_of_the_spreadsheet_is_marked() -> None:
    book = workbook(ANA)
    book.active["B2"].value, book.active["B2"].data_type = "#REF!", "e"
    (row,) = rows_of(saved(book))
    assert row.flags == {"last": "error"}


def test_the_first_visible_sheet_is_read() -> None:
    book = workbook(ANA)
    hidden = book.create_sheet("old", 0)
    hidden.append(HEADER)
    hidden.append(BO)
    hidden.sheet_state = "hidden"
    assert values(saved(book)) == [(2, "Ana", "05672")]


def test_blank_rows_in_a_workbook_keep_the_numbers() -> None:
    book = workbook(ANA)
    for column, value in enumerate(BO, start=1):
        book.active.cell(7, column, value)
    assert values(saved(book)) == [(2, "Ana", "05672"), (7, "Bo", "05672")]


def test_an_endless_cell_is_cut_and_marked() -> None:
    (row,) = rows_of(csv_file(("A" * 10_000, *ANA[1:])))
    assert len(row.values["first"]) == 500
    assert row.flags == {"first": "long"}


def ods() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("content.xml", "<x/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty"),
        (b"\n\n,,\n", "empty"),
        (b"Ana,Li,05672\n", "no_header"),
        (b"First,Last,Street\nAna,Li,1\n", "no_header"),
        (b"ZIP,Zip code,Name\n1,2,3\n", "doubled"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "old_excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "locked"),
        (b"PK\x03\x04 no zip", "not_a_sheet"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"abc\0" * 40, "not_a_sheet"),
        (b'Name,ZIP\n"Ana,05672\n' + b"x" * 200_000, "quote"),
    ],
)
def test_a_file_that_is_none_is_named(content: bytes, kind: str) -> None:
    with pytest.raises(SheetError) as caught:
        rows_of(content)
    assert caught.value.kind == kind


def test_an_opendocument_file_and_a_damaged_workbook_are_named() -> None:
    with pytest.raises(SheetError) as caught:
        rows_of(ods())
    assert caught.value.kind == "ods"
    whole = saved(workbook(ANA))
    for cut in (100, len(whole) // 2, len(whole) - 30):
        with pytest.raises(SheetError):
            rows_of(whole[:cut])


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.records.paper_files.LARGEST_UNPACKED", 1000)
    with pytest.raises(SheetError) as caught:
        rows_of(saved(workbook(ANA)))
    assert caught.value.kind == "too_big"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_no_file_at_all_makes_it_stumble(content: bytes) -> None:
    try:
        rows_of(content)
        rows_of(b"Name,ZIP\n" + content)
    except SheetError:
        pass
