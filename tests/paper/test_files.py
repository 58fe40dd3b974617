"""Reading sheets: every program's CSV, Excel's habits, and files that are not sheets."""

from __future__ import annotations

import base64
import contextlib
import io
import struct
import zipfile
import zlib
from datetime import date, datetime
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText, TextBlock  # type: ignore[import-untyped]
from openpyxl.cell.text import InlineFont  # type: ignore[import-untyped]
from openpyxl.styles import Font  # type: ignore[import-untyped]

from app.records.paper_columns import SheetRow, assign
from app.records.paper_files import SheetError

from .conftest import ANA, BO, HEADER, csv_file, parsed, rows_of, saved, workbook


def values(content: bytes) -> list[tuple[int, str, str]]:
    return [
        (r.number, r.values.get("first", ""), r.values.get("zip", "")) for r in rows_of(content)
    ]


GOOD = [(2, "Ana", "05672"), (3, "Bo", "05672")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_csv_in_common_delimiters_and_encodings_is_read(delimiter: str, encoding: str) -> None:
    """N28"""
    assert values(csv_file(ANA, BO, delimiter=delimiter, encoding=encoding)) == GOOD


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_read(ending: str) -> None:
    """N28"""
    assert values(csv_file(ANA, BO).replace(b"\r\n", ending.encode())) == GOOD


def test_accents_survive_and_a_guessed_encoding_is_marked() -> None:
    row = ("Zoë", "Nuñez", *ANA[2:])
    for encoding, guessed in (("utf-8", False), ("utf-8-sig", False), ("cp1252", True)):
        content = csv_file(row, encoding=encoding)
        assert parsed(content).guessed_encoding is guessed, encoding
        assert [(r.values["first"], r.values["last"]) for r in rows_of(content)] == [
            ("Zoë", "Nuñez")
        ]


def test_mac_roman_accents_and_line_endings_are_read() -> None:
    """N28"""
    content = csv_file(("Zoë", "Nuñez", *ANA[2:]), encoding="mac_roman").replace(b"\r\n", b"\r")
    assert [row.values["last"] for row in rows_of(content)] == ["Nuñez"]


PENA = "First,Last,Street,ZIP\nJosé,Peña,1 A St,05672\nZoë,Nuñez,2 A St,05672\n"


@pytest.mark.parametrize(
    "content",
    [PENA.encode("mac_roman"), PENA.encode("cp850"), PENA.encode("cp1252"),
     PENA[:45].encode() + PENA[45:].encode("cp1252")],
    ids=["Macintosh", "MS-DOS", "Windows", "mixed"],
)  # fmt: skip
def test_accents_are_guessed_from_the_words_that_they_make(content: bytes) -> None:
    """N28"""
    assert parsed(content).guessed_encoding
    names = [(row.values["first"], row.values["last"]) for row in rows_of(content)]
    assert names == [("José", "Peña"), ("Zoë", "Nuñez")]


@pytest.mark.parametrize("text", ["sep=;\n" + PENA, "\ufeffsep=;\n" + PENA])
def test_a_separator_line_that_is_not_true_is_ignored(text: str) -> None:
    """N28"""
    assert len(rows_of(text.encode())) == 2


@pytest.mark.parametrize(
    "shown", ["#REF!", "#CALC!", "#ERROR!", "#BLOCKED!", "#GETTING_DATA", "Err:502", "Loading..."]
)
def test_an_error_of_a_spreadsheet_in_csv_is_flagged(shown: str) -> None:
    (row,) = rows_of(csv_file((shown, *ANA[1:])))
    assert row.flags == {"first": "error"}


@pytest.mark.parametrize("kept", ["'05672", '"=""05672"""'])
def test_a_zip_marked_as_text_is_read(kept: str) -> None:
    """ZP01, EX03"""
    assert values(csv_file((*ANA[:5], kept, "", ""))) == [(2, "Ana", "05672")]


def test_row_numbers_match_the_sheet_despite_titles_blanks_and_long_cells() -> None:
    text = (
        'Fair at the library,,,\n\n"First name",Last name,Street,ZIP\n'
        'Ana,Li,"12 Main St\nApt 4",05672\n,,,\n\nBo,Ng,9 Elm,05672\n'
    )
    rows = rows_of(text.encode())
    assert [r.number for r in rows] == [4, 7]
    assert rows[0].values["street"] == "12 Main St Apt 4"


def test_a_merged_header_above_the_column_names_is_skipped() -> None:
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
def test_headers_are_recognized_in_many_spellings(header: tuple[str, ...]) -> None:
    (row,) = rows_of(saved(workbook(ANA, header=header)))
    assert row.values["last"] == "Li"
    assert set(row.values) == {"first", "last", "street", "city", "state", "zip", "district",
                               "email"}  # fmt: skip


def test_a_name_column_is_split_into_first_and_last() -> None:
    text = "Name,Street,ZIP\nAna Maria Li,1 St,05672\nMadonna,2 St,05672\n"
    names = [(r.values["first"], r.values["last"]) for r in rows_of(text.encode())]
    assert names == [("Ana Maria", "Li"), ("Madonna", "")]


def test_unused_columns_are_named() -> None:
    (sheet,) = parsed(b"Name,ZIP,Phone,Notes\nAna Li,05672,1,2\n").sheets
    assert assign(sheet.header, sheet.rows, {}).unread == ("Phone", "Notes")


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
def test_a_workbooks_zip_is_read_as_displayed(cell: Any, number_format: str, text: str) -> None:
    assert cells(*ANA[:5], cell, F2=number_format).values["zip"] == text


def test_a_date_in_place_of_a_zip_is_flagged() -> None:
    for cell in (date(2138, 1, 1), datetime(2026, 3, 8, 21, 30)):  # noqa: DTZ001 - as sheets have
        assert cells(*ANA[:5], cell).flags == {"zip": "date"}


def test_a_formula_is_read_by_its_result_and_flagged_without_one() -> None:
    row = cells("=A1", *ANA[1:])  # a library writes formulas without results
    assert row.flags == {"first": "formula"}
    content = changed(
        saved(workbook(("=A1", *ANA[1:]))), b'<c r="A2"><f>A1</f><v></v></c>',
        b'<c r="A2" t="str"><f>A1</f><v>Ana</v></c>',
    )  # fmt: skip
    (found,) = rows_of(content)
    assert (found.values["first"], found.flags) == ("Ana", {})


def test_text_that_looks_like_a_formula_is_only_text() -> None:
    (row,) = rows_of(csv_file(("=1+1", "@SUM(1)", *ANA[2:])))
    assert (row.values["first"], row.values["last"], row.flags) == ("=1+1", "@SUM(1)", {})


def test_a_spreadsheet_error_is_flagged() -> None:
    book = workbook(ANA)
    book.active["B2"].value, book.active["B2"].data_type = "#REF!", "e"
    (row,) = rows_of(saved(book))
    assert row.flags == {"last": "error"}


def test_visible_sheets_with_a_header_are_read_and_others_named() -> None:
    """N02"""
    book = workbook(ANA)
    book.active.title = "Page 1"
    readme = book.create_sheet("Read me", 0)
    for line in (("How to use this workbook",), ("ZIP", "five digits"), ("Name",)):
        readme.append(line)
    second = book.create_sheet("Page 2")
    second.append(("People at the library",))
    second.append(HEADER)
    second.append(BO)
    old = book.create_sheet("Old")
    old.append(HEADER)
    old.append(BO)
    old.sheet_state = "hidden"
    book.create_sheet("Empty")
    book.create_chartsheet("Chart")
    content = saved(book)
    assert [(r.key, r.values["first"]) for r in rows_of(content)] == [("2", "Ana"), ("2.3", "Bo")]
    file = parsed(content)
    assert [sheet.name for sheet in file.sheets] == ["Page 1", "Page 2"]
    assert set(file.unread) == {
        ("Read me", "no_header"), ("Old", "hidden"), ("Empty", "no_rows"),
    }  # fmt: skip


def test_hidden_and_filtered_rows_are_marked() -> None:
    """N04"""
    book = workbook(ANA, BO, ANA)
    book.active.row_dimensions[3].hidden = True
    book.active.row_dimensions[4].hidden = True
    assert [(r.number, r.hidden) for r in rows_of(saved(book))] == [
        (2, False), (3, True), (4, True),
    ]  # fmt: skip


def test_a_crossed_out_row_counts_as_hidden() -> None:
    book = workbook(ANA, BO, ANA)
    for cell in book.active[3]:
        cell.font = Font(strike=True)
    book.active["H4"].font = Font(strike=True)  # an address that was wrong
    book.active["A4"].font = Font(strike=False, bold=True)
    assert [r.hidden for r in rows_of(saved(book))] == [False, True, False]
    assert [r.hidden for r in rows_of(ods(HEADER, ANA, BO, crossed=3))] == [False, True]


def test_a_row_whose_name_is_crossed_out_counts_as_hidden() -> None:
    """N04"""
    book = workbook(ANA, BO, ANA, ANA)
    for cell in book.active[3][:2]:
        cell.font = Font(strike=True)
    struck, plain = InlineFont(strike=True), InlineFont()
    for cell in book.active[4][:2]:
        cell.value = CellRichText(TextBlock(struck, str(cell.value)))
    for cell in book.active[5][:2]:
        cell.value = CellRichText(TextBlock(struck, "Anna"), TextBlock(plain, str(cell.value)))
    assert [r.hidden for r in rows_of(saved(book))] == [False, True, True, False]
    struck_text = '<text:span text:style-name="ce2">Bo</text:span>'
    row = (struck_text, struck_text, *BO[2:])
    assert [r.hidden for r in rows_of(ods(HEADER, ANA, row))] == [False, True]


def test_shared_texts_that_are_struck_through_are_found() -> None:
    """N04"""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet, struck = book.add_worksheet(), book.add_format({"font_strikeout": True})
        for number, row in enumerate((HEADER, ANA, BO)):
            sheet.write_row(number, 0, row)
        for column, text in enumerate(("Ana", "Li")):
            sheet.write_rich_string(1, column, struck, text[:1], struck, text[1:])
    assert [r.hidden for r in rows_of(out.getvalue())] == [True, False]


def test_a_row_without_height_counts_as_hidden() -> None:
    """N04"""
    content = changed(saved(workbook(ANA, BO)), b'<row r="3"', b'<row r="3" ht="0"')
    assert [r.hidden for r in rows_of(content)] == [False, True]


def test_a_workbooks_declared_size_is_not_trusted() -> None:
    content = changed(saved(workbook(ANA, BO)), b'<dimension ref="A1:H3"', b'<dimension ref="A1"')
    assert values(content) == GOOD


def test_a_cell_far_outside_is_refused_as_too_wide() -> None:
    book = workbook(ANA)
    book.active.cell(1_000_000, 300, "x")
    with pytest.raises(SheetError) as caught:
        rows_of(saved(book))
    assert caught.value.kind == "too_wide"


def changed(content: bytes, old: bytes, new: bytes) -> bytes:
    """A workbook with a replacement made in its first sheet."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            data = before.read(name)
            if name == "xl/worksheets/sheet1.xml":
                assert old in data
                data = data.replace(old, new)
            after.writestr(name, data)
    return out.getvalue()


def test_blank_rows_in_a_workbook_keep_row_numbers() -> None:
    book = workbook(ANA)
    for column, value in enumerate(BO, start=1):
        book.active.cell(7, column, value)
    assert values(saved(book)) == [(2, "Ana", "05672"), (7, "Bo", "05672")]


def test_an_overlong_cell_is_cut_and_flagged() -> None:
    (row,) = rows_of(csv_file(("A" * 10_000, *ANA[1:])))
    assert len(row.values["first"]) == 500
    assert row.flags == {"first": "long"}


OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
STYLE = "urn:oasis:names:tc:opendocument:xmlns:style:1.0"
TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"


def ods(*rows: tuple[str, ...], hidden: int = 0, crossed: int = 0) -> bytes:
    """An OpenDocument sheet as LibreOffice writes it; ``hidden`` is a filtered row."""
    struck = ' table:style-name="ce2"'
    filtered = ' table:visibility="filter"'
    body = "".join(
        f"<table:table-row{filtered if number == hidden else ''}>"
        + "".join(
            f"<table:table-cell{struck if number == crossed else ''} "
            f'office:value-type="string"><text:p>{c}</text:p></table:table-cell>'
            for c in row
        )
        + '<table:table-cell table:number-columns-repeated="16376"/></table:table-row>'
        for number, row in enumerate(rows, start=1)
    )
    content = (
        f'<?xml version="1.0"?><office:document-content xmlns:office="{OFFICE}"'
        f' xmlns:table="{TABLE}"'
        f' xmlns:text="{TEXT}" xmlns:style="{STYLE}"><office:automatic-styles>'
        '<style:style style:name="ce1" style:family="table-cell"><style:text-properties'
        ' style:text-line-through-style="none"/></style:style>'
        '<style:style style:name="ce2" style:family="table-cell"><style:text-properties'
        ' style:text-line-through-style="solid"/></style:style></office:automatic-styles>'
        f'<office:body><office:spreadsheet><table:table table:name="S">{body}'
        '<table:table-row table:number-rows-repeated="1048500"><table:table-cell'
        ' table:number-columns-repeated="16384"/></table:table-row>'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            '<?xml version="1.0"?><m:manifest'
            ' xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        archive.writestr("content.xml", content)
    return out.getvalue()


def test_an_opendocument_sheet_is_read_with_its_filtered_rows() -> None:
    rows = rows_of(ods(HEADER, ANA, BO, hidden=3))
    assert [(r.number, r.values["first"], r.hidden) for r in rows] == [
        (2, "Ana", False), (3, "Bo", True),
    ]  # fmt: skip


OLD_EXCEL = zlib.decompress(base64.b85decode(
    "c-rk)O-L0{6h3#}Jl{|He3}Lt$RK28F4BH%qc63TK<$-LAwi8f(Bs*RJO{!SWtqz$YE`rm+_bUU^g}Ib*CH@#5d?"
    "wOvQ<&gLf>@GnLCq~3m=$N%=frw?sx9F_q%WI-^{$4DVv?VUp)uEpcO)pcVbYq$R{wxJdy+~cO1%k*C-|@z(0jp6"
    "bG^>3{Og4MraIayyrlHd+Kwv03R@&fMMvhOha2kv~wSHL49aJE8sSI5>UmxDrb9|?RvI%Ir1snz3jQlwgqEnML*1"
    ">dh7SdS$tfn<+21&yAQd}JN7g}CA^?neDRuaW5dvv%jiRYXF-ix3{!yP)@7JRP9K_u3LL;G_~vK;U%i$3Obh&L>l"
    "c9j?@RrWW&Af36<`dUQ#`>Za6&e#?jlSZ*6@%q57(g#Ii)y2XC^mdYo>nIz+Jdomw8;VeRj?;Y^>Umu}8zib=wF5"
    "^dCs0Z8LS8+ua##p|MHp(KDvjXLFQw&cKqRN04mawY#|q$-WGd4(p6z;%>fEJE&(d7$w@R5!*5`pr<WP#{h2|$tB"
    "xH2`{H&w1ZH}`7&NqNjw<l?|gpUGmuW5WX~8M74CtuiS7Y7aEWSQ<ph_6z-zUhYiwhCnOoh+`D(TmxD@bOm#&nV&"
    "T)>p!liYnvxD&_wRur~3+5+29ePwV@iDa(^V3~(=PRb)rY4~l54b_BPrq?!5DntiO~T`pcNKE;dC#`$w~Z*OBxT<"
    "nd1{uz0*#&=N05x}j_{cx@0H6!$U;6-k*PilBMVC%v5byjogx`8SSR8$(uw+vbYeauow(0PXPwkhmeEmIr&z|jqg"
    "~=N(n<J?bV_|jI&_aND8xwT3oeURr5qkmqqu$lL>vMH2oNAZfB*pktSSUQe7X<ZDnDMjkKGaZU1tGPKKM-X-{LS>"
    "__OiFbU&DQ&B16v^JfEuh1Zr?VIA*#A>kOR=O7CM+>dO*^A}&n#Nz+6;)==DTSA5E=L_lQAJ+c?L}l#>"
))  # fmt: skip
"""What Excel 2003 saved: Ana Li, and Di Cohen whose ZIP is the number 2108."""


def record(number: int, content: bytes = b"") -> bytes:
    """A record of a binary workbook: its number and its length in seven bits a byte."""
    counts = (number, len(content))
    head = b"".join(bytes([n & 127 | 128, n >> 7] if n > 127 else [n]) for n in counts)
    return head + content


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def binary_workbook(*rows: tuple[str, ...]) -> bytes:
    """An ``.xlsb`` file with one sheet."""
    one = struct.pack("<II", 0, 1) + wide("rId1") + wide("S")
    sheet = record(148, struct.pack("<IIII", 0, len(rows) - 1, 0, len(rows[0]) - 1)) + record(145)
    for number, row in enumerate(rows):
        sheet += record(0, struct.pack("<IIHHBI", number, 0, 300, 0, 0, 0))
        for column, text in enumerate(row):
            sheet += record(6, struct.pack("<II", column, 0) + wide(text))
    office = "http://schemas.openxmlformats.org"
    relations = (
        f'<Relationships xmlns="{office}/package/2006/relationships"><Relationship Id="rId1"'
        f' Type="{office}/officeDocument/2006/relationships/worksheet"'
        ' Target="worksheets/sheet1.bin"/></Relationships>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        book.writestr(
            "xl/workbook.bin",
            record(131) + record(143) + record(156, one) + record(144) + record(132),
        )
        book.writestr("xl/worksheets/sheet1.bin", record(129) + sheet + record(146) + record(130))
        book.writestr("xl/_rels/workbook.bin.rels", relations)
    return out.getvalue()


def test_a_binary_workbook_is_read_without_hidden_row_marks() -> None:
    """N04"""
    content = binary_workbook(HEADER, ANA, BO)
    assert values(content) == GOOD
    assert not parsed(content).shows_hidden


def test_an_old_excel_file_is_read_without_hidden_row_marks() -> None:
    assert values(OLD_EXCEL) == [(2, "Ana", "05672"), (3, "Di", "2108")]
    assert not parsed(OLD_EXCEL).shows_hidden
    assert parsed(saved(workbook(ANA))).shows_hidden


@pytest.mark.parametrize("said", ["sep=;\r\n", '"sep=;"\n', "SEP=;\r"])
def test_excels_separator_line_is_honored_and_not_counted(said: str) -> None:
    """N28"""
    content = said.encode() + csv_file(ANA, BO, delimiter=";")
    assert values(content) == GOOD


def test_a_space_after_the_comma_does_not_split_a_quoted_cell() -> None:
    """N09"""
    text = (
        "First name, Last name, Street, City, State, ZIP\n"
        '"Ana", "Li", "12 Main St, Apt 4", "Stowe", "VT", "05672"\n'
    )
    (row,) = rows_of(text.encode())
    assert (row.values["last"], row.values["street"], row.values["zip"]) == (
        "Li", "12 Main St, Apt 4", "05672",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("head", "quotes", "gap"), [(" ", '""', "\xa0"), ("", "“”", ""), ("", "“”", " ")]
)
def test_nonbreaking_spaces_and_curly_quotes_split_no_cell(
    head: str, quotes: str, gap: str
) -> None:
    """N09"""
    cells = ("Ana", "Li", "12 Main St, Apt 4", "05672")
    row = f",{gap}".join(quotes[0] + cell + quotes[1] for cell in cells)
    (read,) = rows_of(f"First,{head}Last,{head}Street,{head}ZIP\n{row}\n".encode())
    assert (read.values["street"], read.values["zip"]) == ("12 Main St, Apt 4", "05672")


def test_a_quote_inside_a_cell_is_left_alone() -> None:
    text = 'Name,Street,ZIP\nAna "Annie" Li,5 "Old" Mill Rd,05672\nBo Ng, 6" Pipe Ln,05672\n'
    assert [r.number for r in rows_of(text.encode())] == [2, 3]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    ("rows", "last"),
    [
        # A ditto in one column of two rows, one mark too many at the end of the table, one open.
        (['Al,Li,5 Elm,Rye,VT,05672', 'Bo,",9 Elm,Stowe,VT,05672', 'Cy,",9 Elm,Stowe,VT,05672'], 2),
        (['Ana,Li,5 Elm St,",VT,05672', 'Bo,Ng,9 Elm St,Stowe,VT,05672'], 1),
        (['Ana,Li,"5 Elm St,Stowe,VT,05672', 'Bo,Ng,9 Elm St,Stowe,VT,05672'], 1),
        (['Ana,Li,5 Elm St,Stowe,VT,"', 'Bo,Ng,9 Elm St,Stowe,VT,"'], 1),
    ],
)  # fmt: skip
def test_a_ditto_mark_swallows_no_row(delimiter: str, rows: list[str], last: int) -> None:
    text = "\n".join(["First,Last,Street,City,State,ZIP", *rows]).replace(",", delimiter)
    with pytest.raises(SheetError) as caught:
        rows_of(text.encode())
    assert (caught.value.kind, caught.value.detail) == ("quote", str(last))


def test_a_two_line_quoted_address_is_one_cell() -> None:
    text = 'Name,Address,Email\nAna Li,"12 Main St, Apt 4\nStowe, VT 05672",ana@example.org\n'
    assert values(text.encode()) == [(2, "Ana", "05672")]


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("Name,Address,Email", 'Ana Li,"12 Main St,Apt 4\nStowe,VT 05672",ana@example.org'),
        ("Name,Email,Address", 'Ana Li,ana@example.org,"12 Main St\nStowe,VT 05672,USA"'),
        ("Name,Address,Email,Note", 'Ana Li,"5 Elm,Apt 4,Rear\nStowe,VT 05672",a@example.org,'),
    ],
)
def test_commas_without_spaces_in_a_two_line_cell_are_left_alone(head: str, row: str) -> None:
    assert values(f"{head}\n{row}\n".encode()) == [(2, "Ana", "05672")]


@pytest.mark.parametrize("last", ['Cy,",05672', "Cy,9 Elm,05672"])
def test_a_ditto_mark_swallows_no_row_of_a_narrow_table(last: str) -> None:
    text = f'Name,Address,ZIP\nAl,5 Elm,05672\nBo,",05672\n{last}\n'
    with pytest.raises(SheetError):
        rows_of(text.encode())


def test_a_two_line_column_name_is_one_cell() -> None:
    text = 'ZIP,"Name\n(first,last)"\n05672,Ana Li\n'
    assert [r.number for r in rows_of(text.encode())] == [2]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty"),
        (b"\n\n,,\n", "empty"),
        (b"Ana,Li,05672\n", "no_header"),
        (b"Name,ZIP\n\n", "no_rows"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "not_a_sheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "locked"),
        (b"PK\x03\x04 no zip", "not_a_sheet"),
        (b"<html><table><tr><td>First Name</td><td>ZIP</td></tr></table>", "not_a_sheet"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"abc\0" * 40, "not_a_sheet"),
        (b"%PDF-1.7\n\xe2\xe3\xcf\xd3\n", "not_a_sheet"),
        (b"\xff\xd8\xff\xe0JFIF, \x81", "not_a_sheet"),
        (b"abcdftypheic, no zeros", "not_a_sheet"),
        (b"{\\rtf1 Name\\tab ZIP}", "not_a_sheet"),
        (b'Name,ZIP\n"Ana,05672\n' + b"x" * 200_000, "quote"),
    ],
)
def test_a_file_that_is_not_a_sheet_is_refused_with_its_kind(content: bytes, kind: str) -> None:
    with pytest.raises(SheetError) as caught:
        rows_of(content)
    assert caught.value.kind == kind


def test_a_damaged_workbook_is_refused() -> None:
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
def test_no_file_crashes_the_reader(content: bytes) -> None:
    for whole in (content, b"Name,ZIP\n" + content, b"PK\x03\x04" + content):
        with contextlib.suppress(SheetError):
            rows_of(whole)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_damaged_workbook_crashes_the_reader(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([saved(workbook(("=A1", *ANA[1:]))), ods(HEADER, ANA)]))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as before, zipfile.ZipFile(out, "w") as after:
        names = before.namelist()
        damaged = data.draw(st.sampled_from(names))
        for name in names:
            part = bytearray(before.read(name))
            if name == damaged and part:
                at = data.draw(st.integers(0, len(part) - 1))
                part[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=8))
            after.writestr(name, bytes(part))
    with contextlib.suppress(SheetError):
        rows_of(out.getvalue())


def test_a_table_far_down_an_empty_page_is_found() -> None:
    book = workbook(ANA)
    book.active.insert_rows(1, 39)
    (sheet,) = parsed(saved(book)).sheets
    assert [row.number for row in (sheet.header, *sheet.rows)] == [40, 41]
    (sheet,) = parsed(b"\r\n" * 39 + csv_file(ANA)).sheets
    assert [row.number for row in (sheet.header, *sheet.rows)] == [40, 41]


def test_rows_below_empty_ones_keep_their_numbers_and_what_is_crossed_out() -> None:
    book = workbook((), HEADER, ANA, BO, header=())
    book.active.row_dimensions[4].hidden = True
    for cell in book.active[5][:2]:
        cell.font = Font(strike=True)
    (sheet,) = parsed(saved(book)).sheets
    assert [(row.number, row.hidden) for row in sheet.rows] == [(4, True), (5, False)]
    assert [row.hidden for row in rows_of(saved(book))] == [True, True]


def test_a_header_over_two_rows_with_merged_cells_is_read_whole() -> None:
    book = workbook(header=("First name", "Last name", "Address", "", "", ""))
    for row in ((None, None, "Street", "City", "State", "ZIP"), ANA[:6]):
        book.active.append(row)
    for cells in ("A1:A2", "B1:B2", "C1:F1"):
        book.active.merge_cells(cells)
    assert rows_of(saved(book))[0].values == {
        "first": "Ana", "last": "Li", "street": "12 Main St", "city": "Stowe", "state": "VT",
        "zip": "05672",
    }  # fmt: skip


def test_an_address_merged_over_a_familys_rows_is_everyones() -> None:
    book = workbook(ANA[:6], ("Bo", "Li", *[None] * 4), (None,) * 6, ("Cy", "Li", *[None] * 4))
    for column in "CDEF":
        book.active.merge_cells(f"{column}2:{column}4")
    read = rows_of(saved(book))
    assert [row.values["street"] for row in read] == ["12 Main St", "12 Main St", ""]
    assert [row.values["zip"] for row in read] == ["05672", "05672", ""]


def test_names_garbled_by_another_program_are_put_back() -> None:
    """N28"""
    wrong = csv_file(("José", "Núñez", *ANA[2:])).decode("cp1252").encode()
    assert rows_of(wrong)[0].values["first"] == "José"
    book = workbook(("JosÃ©", "NÃºÃ±ez", *ANA[2:]), header=("Nombre", "Apellido", "DirecciÃ³n",
                    *HEADER[3:]))  # fmt: skip
    assert rows_of(saved(book))[0].values["last"] == "Núñez"
