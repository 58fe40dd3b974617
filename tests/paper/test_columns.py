"""Which role each column of a sheet gets, and what a row then says."""

from __future__ import annotations

import pytest

from app.records.database import Connection
from app.records.paper import remember_columns
from app.records.paper_columns import split_name
from app.records.paper_plan import Choices, corrected_columns

from .conftest import csv_file, planned, rows_of, saved, workbook

TOOLS = {
    "NationBuilder": ("nationbuilder_id", "first_name", "last_name", "email", "primary_address1",
                      "primary_address2", "primary_city", "primary_state", "primary_zip",
                      "billing_address1", "billing_city", "billing_state", "billing_zip"),
    "EveryAction": ("VANID", "FirstName", "LastName", "PreferredEmail", "mAddress", "mAddress2",
                    "mCity", "mState", "mZip5", "mZip4", "HomePhone", "Employer", "Occupation"),
    "Salesforce": ("Contact ID", "First Name", "Last Name", "Email", "Mailing Street",
                   "Mailing Street 2", "Mailing City", "Mailing State/Province",
                   "Mailing Zip/Postal Code", "Mailing Country", "Phone", "Account", "Owner"),
    "ActBlue": ("Receipt ID", "Donor First Name", "Donor Last Name", "Donor Email", "Donor Addr1",
                "Donor Addr2", "Donor City", "Donor State", "Donor ZIP", "Donor Country",
                "Donor Occupation", "Donor Employer", "Employer City"),
    "Action Network": ("uuid", "first_name", "last_name", "email", "can2_user_address",
                       "can2_user_address_2", "can2_user_city", "can2_state_abbreviated",
                       "zip_code", "country", "can2_phone", "can2_user_tags", "language"),
}  # fmt: skip


OTHERS = {
    "Salesforce report": ("", "Contact: First Name", "Contact: Last Name", "Contact: Email",
                          "Contact: Mailing Street", "Unit", "Contact: Mailing City",
                          "Contact: Mailing State/Province (text only)",
                          "Contact: Mailing Zip/Postal Code"),
    "L2": ("LALVOTERID", "Voters_FirstName", "Voters_LastName", "Email",
           "Residence_Addresses_AddressLine", "Residence_Addresses_ExtraAddressLine",
           "Residence_Addresses_City", "Residence_Addresses_State", "Residence_Addresses_Zip"),
    "Google Contacts": ("", "First Name", "Last Name", "E-mail 1 - Value", "Address 1 - Street",
                        "Address 1 - Extended Address", "Address 1 - City", "Address 1 - Region",
                        "Address 1 - Postal Code"),
    "questions": ("Timestamp", "What is your first name?", "And your last name?", "Your e-mail",
                  "What is your street address?", "Unit", "City", "What is your state?",
                  "Please enter your ZIP code", "Spouse's first name", "County", "Work ZIP"),
    "Gravity Forms": ("Entry Id", "Name (First)", "Name (Last)", "Email",
                      "Address (Street Address)", "Address (Address Line 2)", "Address (City)",
                      "Address (State / Province)", "Address (ZIP / Postal Code)"),
    "renamed fields": ("Entry Id", "Your Name (First)", "Your Name (Last)", "Email",
                       "Home Address (Street Address)", "Home Address (Address Line 2)",
                       "Home Address (City)", "Home Address (State / Province)",
                       "Home Address (ZIP / Postal Code)"),
    "Constant Contact": ("", "First name", "Last name", "Email address - Home",
                         "Street address line 1 - Home", "Street address line 2 - Home",
                         "City - Home", "State/Province - Home", "Zip/Postal Code - Home"),
    "Raiser's Edge": ("", "CnBio_First_Name", "CnBio_Last_Name", "CnPh_Email",
                      "CnAdrPrf_Addrline1", "CnAdrPrf_Addrline2", "CnAdrPrf_City",
                      "CnAdrPrf_State", "CnAdrPrf_ZIP"),
    "address book": ("", "First", "Last", "E-mail 1", "Street 1", "Unit", "City 1", "State 1",
                     "ZIP 1"),
    "petition": ("", "First name", "Last name", "Email", "Residence Address Street and Number",
                 "Apartment Num", "City or Town", "State", "ZIP"),
}  # fmt: skip


def test_a_voter_file_keeps_the_suffix_and_the_whole_address() -> None:
    """N11"""
    header = ("voter_reg_num", "last_name", "first_name", "middle_name", "name_suffix_lbl",
              "res_street_address", "residential_secondary_addr", "res_city_desc", "state_cd",
              "zip_code")  # fmt: skip
    row = ("7", "Li", "Ana", "Q", "JR", "12 Main St", "Apt 4", "Stowe", "VT", "05672")
    (read,) = rows_of(csv_file(row, header=header))
    assert read.values == {
        "first": "Ana", "last": "Li JR", "street": "12 Main St Apt 4", "city": "Stowe",
        "state": "VT", "zip": "05672",
    }  # fmt: skip


def test_the_physical_address_comes_before_the_mailing_address() -> None:
    header = ("First", "Last", "Mailing Address", "Physical Address", "City", "State", "Zip")
    row = ("Ana", "Li", "PO Box 9", "12 Main St", "Stowe", "VT", "05672")
    assert rows_of(csv_file(row, header=header))[0].values["street"] == "12 Main St"


def test_a_unit_without_a_street_is_no_address(db: Connection) -> None:
    header = ("First", "Last", "Strasse", "APT", "Address 3", "City", "State", "ZIP")
    units = [("Ana", "Li", "x", "Apt 4", ""), ("Bo", "Ng", "x", "", "12 Main St")]
    rows = [(*row, "Stowe", "VT", "05672") for row in units]
    plan = planned(csv_file(*rows, header=header), db)
    assert [(p.column, p.why) for row in plan.wrong for p in row.problems] == [
        ("street", "missing")
    ]
    assert [row.key for row in plan.new] == ["3"]


@pytest.mark.parametrize("header", ["City/ZIP", "Town & Zip Code", "Ciudad y código postal"])
@pytest.mark.parametrize(
    ("place", "city", "state"),
    [("Stowe 05672", "Stowe", ""), ("St. Albans, 05478", "St. Albans", ""),
     ("Washington 20009", "Washington", ""), ("Stowe, VT 05672", "Stowe", "VT")],
)  # fmt: skip
def test_a_town_and_its_zip_can_share_a_cell(
    header: str, place: str, city: str, state: str
) -> None:
    """N12"""
    book = workbook(("Al Beck", "1 A St", place), header=("Name", "Street", header))
    (row,) = rows_of(saved(book))
    assert (row.values["city"], row.values["state"]) == (city, state)
    assert row.values["zip"] == place[-5:]


def test_a_state_and_its_zip_can_share_a_cell() -> None:
    """N12"""
    header = ("Name", "Street", "City", "State/ZIP")
    (row,) = rows_of(saved(workbook(("Al", "1 A St", "Stowe", "Vermont 05672"), header=header)))
    assert (row.values["state"], row.values["zip"]) == ("Vermont", "05672")


@pytest.mark.parametrize("kind", OTHERS)
def test_a_header_is_matched_by_its_ending_if_nothing_matches_better(kind: str) -> None:
    row = ("7", "Ana", "Li", "ana@example.org", "12 Main St", "Apt 4", "Stowe", "VT", "05672",
           "Bo", "Lamoille", "02108")  # fmt: skip
    (read,) = rows_of(csv_file(row, header=OTHERS[kind]))
    assert read.values == {
        "first": "Ana", "last": "Li", "email": "ana@example.org", "street": "12 Main St Apt 4",
        "city": "Stowe", "state": "VT", "zip": "05672",
    }  # fmt: skip


@pytest.mark.parametrize(
    "header", ["State House District", "Voting District", "School District", "House District"]
)
def test_columns_of_other_districts_are_ignored(header: str) -> None:
    names = ("First", "Last", "Street", "City", "State", "ZIP", header)
    (read,) = rows_of(
        csv_file(("Ana", "Li", "1 A St", "Chicago", "IL", "60647", "5"), header=names)
    )
    assert "district" not in read.values


@pytest.mark.parametrize("name", ["Bo", "Bo Ng", '"Ng, Bo"'])
def test_a_name_column_next_to_last_names_holds_first_names(name: str) -> None:
    header = ("Name", "Last name", "Res Address", "Res Zip")
    (read,) = rows_of(csv_file((name, "Ng", "1 A St", "05672"), header=header))
    assert (read.values["first"], read.values["last"]) == ("Bo", "Ng")


def test_both_surnames_in_a_spanish_sheet_form_the_last_name() -> None:
    header = ("Nombre(s)", "Apellido paterno", "Apellido materno", "Calle y No.", "Apto.",
              "Ciudad", "Edo.", "C.P.")  # fmt: skip
    (read,) = rows_of(csv_file(("Ana", "Pérez", "Soto", "12 Main St", "4", "Stowe", "Vermont",
                                "05672"), header=header))  # fmt: skip
    assert read.values == {"first": "Ana", "last": "Pérez Soto", "street": "12 Main St #4",
                           "city": "Stowe", "state": "Vermont", "zip": "05672"}  # fmt: skip


@pytest.mark.parametrize(
    "header",
    [("¿Cuál es su nombre?", "¿Cuál es su apellido?", "¿Cuál es su dirección?",
      "¿Cuál es su código postal?"),
     ("Signer’s first name", "Signer’s last name", "Signer’s full address", "Signer’s ZIP")],
)  # fmt: skip
def test_headers_phrased_as_questions_are_read(header: tuple[str, ...]) -> None:
    (read,) = rows_of(csv_file(("Ana", "Li", "1 A St", "05672"), header=header))
    assert read.values == {"first": "Ana", "last": "Li", "street": "1 A St", "zip": "05672"}


def test_a_suffix_column_after_the_street_belongs_to_the_street() -> None:
    header = ("First", "Last", "House #", "Dir", "Street Name", "Suffix", "ZIP")
    (read,) = rows_of(csv_file(("Ana", "Li", "12", "N", "Main", "St", "05672"), header=header))
    assert (read.values["last"], read.values["street"]) == ("Li", "12 N Main St")


@pytest.mark.parametrize(
    ("whole", "names"),
    [("O'Neil, Jr., Cy", ("Cy", "O'Neil Jr.")), ("Li, Ana, Jr.", ("Ana", "Li Jr."))],
)
def test_a_suffix_between_last_and_first_name_belongs_to_the_last_name(
    whole: str, names: tuple[str, str]
) -> None:
    assert split_name(whole) == names


@pytest.mark.parametrize("tool", TOOLS)
def test_exports_of_common_organizing_tools_are_read_unchanged(tool: str) -> None:
    """N11"""
    row = ("7", "Ana", "Li", "ana@example.org", "12 Main St", "Apt 4", "Stowe", "VT", "05672",
           "9 Other St", "Boston", "MA", "02108")  # fmt: skip
    (read,) = rows_of(csv_file(row, header=TOOLS[tool]))
    assert read.values == {
        "first": "Ana", "last": "Li", "email": "ana@example.org", "street": "12 Main St Apt 4",
        "city": "Stowe", "state": "VT", "zip": "05672",
    }  # fmt: skip


@pytest.mark.parametrize(
    "header",
    [
        ("House Number", "Street Name"),
        ("StreetNo", "StreetName"),
        ("Street Number", "Street"),
        ("Numero de casa", "Calle"),
    ],
)
def test_namesakes_at_two_house_numbers_count_as_two(
    db: Connection, header: tuple[str, str]
) -> None:
    """N05"""
    people = [("John", "Smith", house, "Main St", "Stowe", "VT", "05672") for house in ("12", "90")]
    content = csv_file(*people, header=("First", "Last", *header, "City", "State", "ZIP"))
    assert [row.values["street"] for row in rows_of(content)] == ["12 Main St", "90 Main St"]
    assert len(planned(content, db).new) == 2


def test_a_possible_house_number_column_is_questioned(db: Connection) -> None:
    """N05"""
    people = [("John", "Smith", house, "Main St", "Stowe", "VT", "05672") for house in ("12", "90")]
    content = csv_file(*people, header=("First", "Last", "Nr.", "Street", "City", "State", "ZIP"))
    plan = planned(content, db)
    assert [(q.why, q.places) for q in plan.columns[0].questions] == [("house", (2,))]
    assert not plan.ready
    roles = ("first", "last", "house", "street", "city", "state", "zip")
    said = planned(content, db, Choices(columns={0: roles}))
    assert (said.ready, len(said.new)) == (True, 2)
    aside = planned(content, db, Choices(columns={0: (*roles[:2], "", *roles[3:])}))
    assert (aside.ready, len(aside.new), aside.twice) == (True, 1, (("3", "2"),))


def test_ordinal_streets_have_no_house_number(db: Connection) -> None:
    """N05"""
    people = [("John", "Smith", house, "5th Ave", "Stowe", "VT", "05672") for house in ("12", "90")]
    content = csv_file(*people, header=("First", "Last", "Nr.", "Street", "City", "State", "ZIP"))
    assert [q.why for q in planned(content, db).columns[0].questions] == ["house"]


@pytest.mark.parametrize(("house", "street"), [("12", "12 Main St"), ("12.0", "Main St")])
def test_a_house_number_is_read_once_and_without_decimals(house: str, street: str) -> None:
    """N05"""
    header = ("First", "Last", "House Number", "Address", "ZIP")
    (row,) = rows_of(csv_file(("John", "Smith", house, street, "05672"), header=header))
    assert row.values["street"] == "12 Main St"


def test_a_zip_suffix_is_no_part_of_a_name() -> None:
    header = ("First Name", "Last Name", "Address Line 1", "Zip Code", "Zip Code Suffix")
    (row,) = rows_of(csv_file(("Ana", "Li", "12 Main St", "05672", "1234"), header=header))
    assert (row.values["last"], row.values["zip"]) == ("Li", "05672")


def test_one_column_with_addresses_is_enough_beside_a_name() -> None:
    header = ("#", "Printed Name of Signer", "Residential Address (Street, City, ZIP)", "Date")
    row = ("1", "Ana Li", '"12 Main St, Stowe, VT 05672"', "1/1")
    (read,) = rows_of(csv_file(row, header=header))
    assert (read.values["last"], read.values["street"], read.values["zip"]) == (
        "Li", "12 Main St", "05672",
    )  # fmt: skip


def test_a_row_number_is_not_joined_to_the_street() -> None:
    content = csv_file(
        ("1", "Ana Li", "12 Main St", "05672"), header=("No.", "Name", "Street", "ZIP")
    )
    assert rows_of(content)[0].values["street"] == "12 Main St"


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        (("Printed Name", "Address", "City, State, ZIP"), ("1 A St", "Stowe, VT 05672")),
        (("Printed Name", "Address", "ZIP"), ("1 A St", "Stowe, Vermont 05672")),
        (("Printed Name", "Address", "City/State/ZIP"), ("1 A St", "Stowe Vermont 05672-1234")),
        (("Name", "Address", "City"), ("1 A St", "Stowe, V.T. 05672")),
        (("Name", "Address", "Ciudad, estado y ZIP"), ("1 A St", "Stowe, vt, 05672, USA")),
        *[
            (("Name", "Address", "City, State, ZIP"), ("1 A St", place))
            for place in (
                "05672 Stowe VT",
                "Stowe (VT) 05672",
                "Stowe - VT - 05672",
                "Stowe VT05672",
                "Stowe; VT; 05672",
                "Stowe/VT/05672",
                "Stowe, VT 05672 U.S.A.",
                "Stowe VT 056721234",
                "Stowe, VT, zip 05672",
                "Stowe, VT 05672 (Lamoille County)",
            )
        ],
        (("Name", "Full residence address incl. ZIP", "Note"), ("1 A St, Stowe, VT 05672", "")),
    ],
)
def test_city_state_and_zip_in_one_cell_are_split(
    header: tuple[str, ...], cells: tuple[str, str]
) -> None:
    """N12"""
    book = workbook(("Al Beck", *cells), header=header)
    (row,) = rows_of(saved(book))
    assert (row.values["street"], row.values["city"]) == ("1 A St", "Stowe")
    assert row.values["zip"].startswith("05672")
    assert row.values["state"].upper().replace(".", "") in ("VT", "VERMONT")


@pytest.mark.parametrize(
    "address",
    ["Street Address: 1 A St\nCity: Stowe\nState / Province: VT\nPostal / Zip Code: 05672",
     "1 A St\nStowe, VT 05672", "1 A St\r\nStowe VT\r\n05672", "1 A St; Stowe; VT; 05672",
     "1 A St  Stowe  VT  05672  US", "1 A St, Stowe, VT 05672, Lamoille County"],
)  # fmt: skip
def test_a_street_ends_at_its_line_or_semicolon(address: str) -> None:
    """N12"""
    (row,) = rows_of(saved(workbook(("Al Beck", address), header=("Name", "Address"))))
    assert [row.values[c] for c in ("street", "city", "state", "zip")] == [
        "1 A St", "Stowe", "VT", "05672",
    ]  # fmt: skip


def test_a_state_code_after_a_town_needs_no_comma() -> None:
    header = ("Name", "Address", "City/State", "ZIP")
    (row,) = rows_of(csv_file(("Al Beck", "1 A St", "St. Johnsbury VT", "05819"), header=header))
    assert (row.values["city"], row.values["state"]) == ("St. Johnsbury", "VT")


def test_a_whole_address_in_one_cell_is_split(db: Connection) -> None:
    """N12"""
    book = workbook(
        ("Al Beck", "1 A St, Apt 2, Stowe, VT 05672"),
        ("Bo Ng", "nowhere"),
        header=("Name", "Address"),
    )
    first, second = rows_of(saved(book))
    assert (first.values["street"], first.values["city"]) == ("1 A St, Apt 2", "Stowe")
    plan = planned(saved(book), db)
    assert [row.key for row in plan.new] == ["2"]
    assert [(p.column, p.why) for row in plan.wrong for p in row.problems] == [
        ("zip", "zip_missing")
    ]
    assert second.values["street"] == "nowhere"


@pytest.mark.parametrize(
    ("header", "cells"),
    [(("ZIP", "ZIP4"), ("05672", "1234")), (("Zip5", "Plus 4"), ("05672", "1234")),
     (("ZIP+4", "Note"), ("05672-1234", ""))],
)  # fmt: skip
def test_the_zip_plus_four_digits_can_be_in_a_separate_column(
    header: tuple[str, str], cells: tuple[str, str]
) -> None:
    (row,) = rows_of(csv_file(("Ana Li", "1 St", *cells), header=("Name", "Street", *header)))
    assert row.values["zip"].startswith("05672")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Ana Maria Li", ("Ana Maria", "Li")),
        ("Li, Ana Maria", ("Ana Maria", "Li")),
        ("Madonna", ("Madonna", "")),
        ("Smith, J.D.", ("J.D.", "Smith")),
        ("Rahim, Md, Jr.", ("Md", "Rahim Jr.")),
        ("Ana Smith, J.D.", ("Ana", "Smith J.D.")),
        ("Bo Ng, Jr.", ("Bo", "Ng Jr.")),
        ("Bo Ng III", ("Bo", "Ng III")),
        ("", ("", "")),
        (",", (",", "")),
        ("V, V", ("V", "V")),
        ("Md, Abdul, Md", ("Abdul", "Md Md")),
        ("Ana Li, Ph.D.", ("Ana", "Li Ph.D.")),
        ("Ana Li, RN, MSN", ("Ana", "Li RN MSN")),
        ("Bo Ng 2nd", ("Bo", "Ng 2nd")),
        ("Nguyen, Do", ("Do", "Nguyen")),
    ],
)
def test_a_full_name_is_split(name: str, parts: tuple[str, str]) -> None:
    assert split_name(name) == parts


def test_names_differing_in_suffix_are_two_people(db: Connection) -> None:
    content = csv_file(
        ("Bo", "Ng", "Jr.", "1 A St", "05672"), ("Bo", "Ng", "Sr.", "1 A St", "05672"),
        header=("First", "Last", "Suffix", "Street", "ZIP"),
    )  # fmt: skip
    assert len(planned(content, db).new) == 2


@pytest.mark.parametrize("unit", ["4", "#4", "Apt 4", "apt. 4", "No. 4"])
def test_an_apartment_number_matches_with_or_without_its_word(db: Connection, unit: str) -> None:
    header = ("First", "Last", "Street", "Unit", "ZIP")
    content = csv_file(
        ("Bo", "Ng", "9 Elm St", "4", "05672"), ("Bo", "Ng", "9 Elm St", unit, "05672"),
        ("Bo", "Ng", "9 Elm St", "5", "05672"), ("Bo", "Ng", "9 Elm St", "Rear", "05672"),
        header=header,
    )  # fmt: skip
    assert [row.key for row in planned(content, db).new] == ["2", "4", "5"]


def test_two_columns_for_one_field_are_questioned(db: Connection) -> None:
    content = csv_file(("Ana Li", "1 A St", "05672", "05673"),
                       header=("Name", "Street", "ZIP", "Zip code"))  # fmt: skip
    plan = planned(content, db)
    assert [(q.why, q.places) for q in plan.columns[0].questions] == [("doubled", (2, 3))]
    roles = ("name", "street", "zip", "")
    assert planned(content, db, Choices(columns={0: roles})).ready


def test_an_answer_about_a_column_is_remembered(db: Connection) -> None:
    content = csv_file(("Ana Li", "1 A St", "05672"), header=("Name", "Street", "Where"))
    assert [q.why for q in planned(content, db).columns[0].questions] == ["no_zip"]
    plan = planned(content, db, Choices(columns={0: ("name", "street", "zip")}))
    assert corrected_columns(plan) == {"where": "zip"}
    remember_columns(db, corrected_columns(plan))
    assert planned(content, db).ready


def test_a_whole_address_may_be_in_the_column_of_the_place() -> None:
    header = ("Name", "Address / City / State", "ZIP")
    cell = "12 Main St, Stowe VT"
    (row,) = rows_of(saved(workbook(("Al Beck", cell, "05672"), header=header)))
    wanted = {"street": "12 Main St", "city": "Stowe", "state": "VT", "zip": "05672"}
    assert wanted.items() <= row.values.items()


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("Ana Li\nBo Ng", ["two_people"]), ("Ana María Li\r\nBo de la Cruz", ["two_people"]),
        ("Ana María\nLi", []), ("Ana Li\n(Annie)", []), ("Ana María  Li Ruiz", []),
    ],
)  # fmt: skip
def test_two_whole_names_on_two_lines_of_a_cell_are_two_people(
    db: Connection, cell: str, found: list[str]
) -> None:
    sheet = workbook((cell, "1 A St", "05672"), header=("Full\nname", "Street\nAddress", "ZIP"))
    plan = planned(saved(sheet), db)
    assert [problem.why for row in plan.wrong for problem in row.problems] == found
    assert len(plan.new) == (not found)


def test_a_place_may_be_a_zip_alone() -> None:
    header = ("Name", "Street", "Town, ZIP")
    (row,) = rows_of(saved(workbook(("Ana Li", "1 A St", "05672"), header=header)))
    assert (row.values["city"], row.values["zip"]) == ("", "05672")


def test_the_name_of_something_else_is_no_ones_first_name() -> None:
    header = ("LastName", "FirstName", "Address", "Zip5", "Precinct Name")
    (row,) = rows_of(saved(workbook(("Li", "", "1 A St", "05672", "Ward"), header=header)))
    assert (row.values["first"], row.values["last"]) == ("", "Li")


@pytest.mark.parametrize("name", ["1. Ana Li", "12) Ana Li", "#3. Ana Li"])
def test_the_number_of_a_list_is_no_part_of_the_name(name: str) -> None:
    header = ("Name", "Street", "ZIP")
    (row,) = rows_of(saved(workbook((name, "1 A St", "05672"), header=header)))
    assert (row.values["first"], row.values["last"]) == ("Ana", "Li")


@pytest.mark.parametrize(
    ("cell", "city", "state"),
    [
        ("Stowe VT", "Stowe", "VT"), ("Stowe, VT", "Stowe", "VT"), ("Stowe (VT)", "Stowe", "VT"),
        ("Washington D.C.", "Washington", "D.C."), ("Stowe, Vermont", "Stowe", "Vermont"),
        ("Stowe, XX", "Stowe", "XX"),
        # Towns with a state's name.
        ("Port Washington", "Port Washington", ""), ("Nevada", "Nevada", ""),
    ],
)  # fmt: skip
def test_a_state_after_a_town_needs_no_comma(cell: str, city: str, state: str) -> None:
    header = ("Name", "Street", "City, State", "ZIP")
    (row,) = rows_of(saved(workbook(("Al Beck", "1 A St", cell, "05672"), header=header)))
    assert (row.values["city"], row.values["state"]) == (city, state)


def test_a_four_digit_zip_is_found_after_a_state_but_not_after_a_road() -> None:
    place = workbook(("Al Beck", "1 A St", "Acton, MA 1720"), header=("Name", "Street", "CSZ"))
    (row,) = rows_of(saved(place))
    assert [row.values[c] for c in ("city", "state", "zip")] == ["Acton", "MA", "1720"]
    road = workbook(("Al Beck", "County Road CA 1234"), header=("Name", "Address"))
    (row,) = rows_of(saved(road))
    assert row.values["street"] == "County Road CA 1234"
