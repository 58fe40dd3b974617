"""What an import would do: representation, the problem in each cell, repeats."""

from __future__ import annotations

import base64
from contextlib import closing
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.styles import Font  # type: ignore[import-untyped]

from app.records.counts import totals
from app.records.database import Connection, open_database
from app.records.fillers import WhyOdd
from app.records.paper import Added, CountableRow, PaperLetters
from app.records.paper_columns import COLUMNS, SheetRow
from app.records.paper_plan import (
    Choices,
    Hidden,
    ImportPlan,
    Odd,
    Wrong,
    judge,
    make_plan,
    person_in,
    with_zeros,
)
from app.records.paper_sheets import pack, unpack
from app.records.persons import person_of
from app.site.paper_words import odd_words
from tests.packets.conftest import campaign, tables

from .conftest import (
    ANA,
    BO,
    HEADER,
    SECRET,
    SPLIT,
    TODAY,
    ZEROS,
    batch,
    csv_file,
    place,
    planned,
    run,
    saved,
    workbook,
)

BASE = {"first": "Ana", "last": "Li", "street": "12 Main St", "city": "Stowe", "state": "VT",
        "zip": "05672", "district": "", "email": ""}  # fmt: skip


def row(**changes: str) -> CountableRow | Wrong | Odd:
    return judge(SheetRow(7, {**BASE, **changes}), place())


def problems(**changes: str) -> dict[str, str]:
    result = row(**changes)
    assert isinstance(result, Wrong), result
    return {p.column: p.why for p in result.problems}


def test_a_good_row_finds_its_delegation() -> None:
    result = row()
    assert isinstance(result, CountableRow)
    assert (result.key, result.delegation.house.seat.id, result.match) == ("7", "VT-0", "zip")


def test_a_person_on_paper_gets_the_same_codes_as_online() -> None:
    result = row(email="Ana@Example.org")
    assert isinstance(result, CountableRow)
    assert result.person == person_of(
        b"p" * 32,
        email="ana@example.org",
        **{name: BASE[name] for name in ("first", "last", "street")},
        zip5="05672",
    )
    assert person_in({**BASE, "zip": "05672-1234"}, place()) == person_in(BASE, place())
    pasted = {**BASE, "street": "12 Main St, Stowe", "city": "Stowe, VT"}
    assert person_in(pasted, place()) == person_in(BASE, place())


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"zip": "2138", "state": "MA"}, {"zip": "zip_zeros"}),
        ({"zip": "926", "state": "PR"}, {"zip": "zip_zeros"}),
        ({"zip": ""}, {"zip": "zip_missing"}),
        ({"zip": "K1A 0B1"}, {"zip": "zip_form"}),
        ({"zip": "0567"}, {"zip": "zip_form"}),
        ({"zip": "00000"}, {"zip": "zip_unknown"}),
        ({"zip": "1/2/2026"}, {"zip": "zip_date"}),
        ({"zip": "2-Mar"}, {"zip": "zip_date"}),
        ({"zip": "Mar-38"}, {"zip": "zip_date"}),
        ({"zip": "2026-11-25"}, {"zip": "zip_date"}),
        ({"zip": "09012", "state": "AE"}, {"zip": "zip_outside"}),
        ({"zip": "60647", "state": "IL"}, {"district": "district_needed"}),
        ({"zip": "60647", "state": "IL", "district": "IL-99"}, {"district": "district_none"}),
        ({"zip": "60647", "state": "IL", "district": "CA-5"}, {"district": "district_form"}),
        ({"zip": "60647", "state": "IL", "district": "north"}, {"district": "district_form"}),
        ({"zip": "60647", "state": "IL", "district": "9"},
         {"district": "district_differs", "zip": "district_differs"}),
        ({"zip": "01930", "state": "MA", "district": "MA-5"},
         {"district": "district_differs", "zip": "district_differs"}),
        ({"state": "Vermontt"}, {"state": "state_unknown"}),
        ({"state": "CA"}, {"state": "state_differs", "zip": "state_differs"}),
        ({"zip": "30165", "state": ""}, {"state": "state_needed"}),
        ({"first": "", "last": ""}, {"first": "missing"}),
        ({"first": "Ana and Luis", "last": "Reyes"}, {"first": "two_people"}),
        ({"first": "Ana & Luis"}, {"first": "two_people"}),
        ({"first": "Ana +", "last": "Luis Reyes"}, {"first": "two_people"}),
        ({"first": "Mr. and Mrs."}, {"first": "two_people"}),
        ({"first": "Ana y Luis"}, {"first": "two_people"}),
        ({"first": "Ana e Inés"}, {"first": "two_people"}),
        ({"first": "Ana / Luis"}, {"first": "two_people"}),
        ({"first": "Ana o Luis"}, {"first": "two_people"}),
        ({"first": "Ana Li; Luis"}, {"first": "two_people"}),
        ({"first": "Ana Li or Luis"}, {"first": "two_people"}),
        ({"first": "Ana w/ Luis"}, {"first": "two_people"}),
        ({"last": "Li x2"}, {"last": "two_people"}),
        ({"first": "Luis Li", "last": "Ana Li"}, {"first": "two_people"}),
        ({"first": "ANA Y LUIS"}, {"first": "two_people"}),
        ({"first": "Ana y", "last": "Luis"}, {"first": "two_people"}),
        ({"first": "Ana", "last": "Reyes and Luis Gómez"}, {"last": "two_people"}),
        ({"first": "The Reyes", "last": "Family"}, {"last": "two_people"}),
        ({"first": "La familia", "last": "Reyes"}, {"first": "two_people"}),
        ({"street": ""}, {"street": "missing"}),
        ({"email": "ana at example.org"}, {"email": "email_form"}),
        ({"email": "ana at", "zip": "", "first": "", "last": ""},
         {"email": "email_form", "zip": "zip_missing", "first": "missing"}),
    ],
)  # fmt: skip
def test_each_problem_is_reported_in_its_cell(
    changes: dict[str, str], found: dict[str, str]
) -> None:
    assert problems(**changes) == found


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "vermont"},
        {"first": "MARY Y", "last": "SMITH"},
        {"zip": "58501", "state": "Dakota del Norte"},
        {"state": "Vt."},
        {"state": ""},
        {"zip": "05672-1234"},
        {"zip": " 05672 "},
        {"zip": "05672.0"},
        {"last": ""},
        {"first": "Santiago", "last": "Ramón y Cajal"},
        {"first": "José Ortega y", "last": "Gasset"},
        {"first": "maria e", "last": "lopez"},
        {"first": "Muthu a/l", "last": "Samy"},
        {"first": "Maria Y", "last": "Lopez"},
        {"first": "MARIA Y.", "last": "LOPEZ"},
        {"first": "Alejandro", "last": "Andrade"},
        {"first": "", "last": "Madonna"},
        {"street": "", "email": "o'dell+parks.2026@example.museum"},
        {"zip": "60647", "state": "IL", "district": "5"},
        {"zip": "60647", "state": "IL", "district": "il 05"},
        {"zip": "60647", "state": "", "district": "IL-5"},
        {"zip": "60647", "state": "Illinois", "district": "5th"},
        {"zip": "60647", "state": "Ill.", "district": "CD 5"},
        {"district": "VT-AL"},
        {"email": "no email"},
        {"district": "VT-0"},
        {"district": "at large"},
        {"first": "=1+1", "last": "<script>"},
        {"first": "Jennifer", "last": "Null"},
        {"first": "Ana", "last": "Familia"},
        {"first": "Ana", "last": "Santa Ana"},
        {"first": "Nada", "last": "Ivić"},
        {"last": "Test"},
        {"street": "", "email": "ana@example.org"},
        {"email": "n/a"},
        {"district": "none"},
    ],
)
def test_unambiguous_values_are_accepted(changes: dict[str, str]) -> None:
    assert isinstance(row(**changes), CountableRow)


def test_an_organizers_district_overrides_the_zip() -> None:
    values = {**BASE, "zip": "01930", "state": "MA", "district": "MA-5"}
    told = Choices(edits={"2": {"district": "MA-5"}})
    assert isinstance(judge(SheetRow(2, values), place(), told), CountableRow)


def test_no_one_is_assigned_to_one_of_two_districts() -> None:
    result = row(zip="60647", state="IL")
    assert isinstance(result, Wrong)
    assert result.problems[0].choices[:2] == ("IL-3", "IL-5")
    chosen = row(zip="60647", state="IL", district="IL-5")
    assert isinstance(chosen, CountableRow)
    assert chosen.match == "chosen"


def test_zeros_are_restored_only_where_they_were_lost() -> None:
    assert with_zeros({"zip": "2138"})["zip"] == "02138"
    assert with_zeros({"zip": "2138.0"})["zip"] == "02138"
    assert with_zeros({"zip": "926"})["zip"] == "00926"
    for untouched in ("02138", "K1A 0B1", "", "60618-12", "6O618", "1/2/2026"):
        assert with_zeros({"zip": untouched})["zip"] == untouched


def test_a_person_listed_twice_counts_once_from_the_first_row(db: Connection) -> None:
    twin = ("ANA", "Li.", "12  main st.", *ANA[3:])
    again = ("BO.", "Else", *BO[2:7], "BO@example.org ")
    plan = planned(csv_file(ANA, BO, twin, again), db)
    assert [row.key for row in plan.new] == ["2", "3"]
    assert plan.twice == (("4", "2"), ("5", "3"))


def test_a_whole_address_in_the_street_matches_the_same_house(db: Connection) -> None:
    whole = (*ANA[:2], f'"{ANA[2]}, {ANA[3]}, Vermont {ANA[5]}"', *ANA[3:])
    assert planned(csv_file(ANA, whole), db).twice == (("3", "2"),)


def test_file_flags_become_problems_of_their_cells() -> None:
    flagged = SheetRow(2, {**BASE, "zip": "2138-01-01"}, {"zip": "date", "first": "formula"})
    result = judge(flagged, place())
    assert isinstance(result, Wrong)
    assert {p.column: p.why for p in result.problems} == {"zip": "zip_date", "first": "formula"}


def test_after_the_congress_no_former_member_gets_a_letter() -> None:
    later = replace(place(), now=tables().ends)
    result = judge(SheetRow(2, BASE), later)
    assert isinstance(result, CountableRow)
    house, *senators = PaperLetters(campaign(), later.now).to(result.delegation)
    assert (house.bioguide, house.state) == (None, "not attempted")
    assert any(letter.bioguide for letter in senators)


def test_each_seat_gets_a_letter_with_an_ask_unless_vacant() -> None:
    letters = PaperLetters(campaign(), TODAY)
    vacant = next(h for h in tables().holders if h.vacant and h.seat.chamber == "house")
    delegation = tables().delegation(vacant.seat.state, vacant.seat.district or 0)
    assert delegation
    rows = letters.to(delegation)
    assert (rows[0].seat, rows[0].bioguide, rows[0].state) == (
        vacant.seat.id, None, "not attempted",
    )  # fmt: skip
    assert all(r.ask and r.bioguide for r in rows[1:])


@settings(max_examples=150, deadline=None)
@given(st.fixed_dictionaries({c: st.text(max_size=20) for c in COLUMNS}))
def test_no_row_crashes_the_plan(values: dict[str, str]) -> None:
    result = judge(SheetRow(2, values), place())
    assert isinstance(result, CountableRow | Wrong | Odd)


# --- rows that hardly describe a person ----------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "street"),
    [
        ("???", "???", "???"),
        ("N/A", "N/A", "N/A"),
        ("illegible", "", "illegible"),
        ("Test", "Test", "1 Test St"),
        ("Ana", "illegible", "1 A St"),
        ("-", "", "1 A St"),
        ("12", "34", "1 A St"),
        ("none", "none", "1 A St"),
        ("xxx", "", "1 A St"),
        ("ilegible", "", "1 A St"),
        ("ninguno", "ninguno", "1 A St"),
        ("Prueba", "", "Calle 1"),
        ("Desconocida", "", "Calle 1"),
        ("Ana", "Li", "???"),
        ("Ana", "Li", "1420"),
        ("Ana", "Li", "n/a"),
        ("Ana", "Li", "s/n"),
        ("Ana", "Li", "ditto"),
        ("Jane", "???", "12 Main St"),
        ("?", "Li", "12 Main St"),
        ("Can't", "read", "12 Main St"),
        ("Jane (illegible)", "Smith", "12 Main St"),
        ("firma ilegible", "", "Calle 1"),
        ("VOID", "", "12 Main St"),
        ("Ana", "ana@example.org", "12 Main St"),
        ("Tachado", "", "Calle 1"),
        ("Test", "User", "12 Main St"),
        ("Total", "12", "12 Main St"),
        ("Ana", "Li", "illegible St"),
        ("Ana", "Li", "?? Main St"),
        ("Subtotal", "", "12 Main St"),
        ("Witness: Ana", "Li", "12 Main St"),
        ("Entered by", "Ana", "12 Main St"),
        ("Ana", "Li - duplicate", "12 Main St"),
        ("Ana", "802-555-0101", "12 Main St"),
        ("Ana", "ditto", "12 Main St"),
        ("Ana", "Li", "same address"),
        ("Ditto", "Li", "12 Main St"),
        ("Bo", '"', "12 Main St"),
        ("Bo", "''", "12 Main St"),
        ("Bo", "〃", "12 Main St"),
        ("Bo", "Ídem", "12 Main St"),
        ("Bo", "same", "12 Main St"),
        ("Bo", "Li", "12 Main St ditto"),
        ("Bo", "Li", "12 ”"),
    ],
)
def test_doubtful_names_are_left_out_until_an_organizer_counts_them(
    db: Connection, first: str, last: str, street: str
) -> None:
    """N08"""
    content = saved(workbook(ANA, (first, last, street, *ANA[3:])))
    plan = planned(content, db)
    assert [row.key for row in plan.new] == ["2"]
    assert [row.key for row in plan.odd] == ["3"]
    assert plan.ready
    kept = planned(content, db, Choices(keep=frozenset({"3"})))
    assert [row.key for row in kept.new] == ["2", "3"]


@pytest.mark.parametrize(
    ("cell", "street", "city"),
    [
        ("12 Elm St Springfield MA 01101", "12 Elm St", "Springfield"),
        ("12 Elm St Spfld Massachusetts 01101-1234 USA", "12 Elm St", "Spfld"),
        ("12 Elm St, Apt 4 Springfield MA 01103", "12 Elm St, Apt 4", "Springfield"),
        ("12 Elm St #4 Springfield, MA 01103", "12 Elm St #4", "Springfield"),
        ("12 Elm St West Springfield MA 01089", "12 Elm St", "West Springfield"),
        ("12 Main St St. Johnsbury VT 05819", "12 Main St", "St. Johnsbury"),
        ("12 Springfield Ave Springfield MA 01103", "12 Springfield Ave", "Springfield"),
        ("400 W 20th St New York New York 10011", "400 W 20th St", "New York"),
        ("12 Broadway Springfield MA 01103", "12 Broadway", "Springfield"),
        ("Calle Luna 12 San Juan PR 00901", "Calle Luna 12", "San Juan"),
        ("PO Box 12 Stowe VT 05672", "PO Box 12", "Stowe"),
        # Streets named like a town, or of a town that the ZIP code does not have.
        ("12 Springfield Ave MA 01103", "12 Springfield Ave", ""),
        ("12 Springfield MA 01103", "12 Springfield", ""),
        ("12 Old Springfield MA 01103", "12 Old Springfield", ""),
        ("12 Lake Forest IL 60045", "12 Lake Forest", ""),
        ("12 Lake Springfield MA 01103", "12 Lake Springfield", ""),
        ("12 Main St Johnsbury VT 05819", "12 Main St Johnsbury", ""),
        ("12 Main St West Springfield MA 01103", "12 Main St West Springfield", ""),
        ("9 Glebe Road South VA 22204", "9 Glebe Road South", ""),
        ("12 Southern Boulevard NY 10459", "12 Southern Boulevard", ""),
    ],
)
def test_a_town_after_a_street_without_a_comma_is_found_by_its_zip(
    db: Connection, cell: str, street: str, city: str
) -> None:
    for header in ("Address", "City State ZIP"):
        sheet = saved(workbook(("Ana", "Li", cell), header=("First", "Last", header)))
        values = planned(sheet, db).first_rows[0].values
        if header == "Address" or city:
            assert (values["street"], values["city"]) == (street, city)
        else:
            assert not values.get("street")


@pytest.mark.parametrize(
    ("cell", "street", "city"),
    [
        ("12 Main St, Stowe", "12 Main St", "Stowe"),
        ("12 Main St, Apt 4, Stowe", "12 Main St, Apt 4", "Stowe"),
        ("12 Main St, Apt 4", "12 Main St, Apt 4", None),
        ("12 Main St, Burlington", "12 Main St, Burlington", None),
        ("12 Main St Stowe", "12 Main St Stowe", None),
        ("Heron Hall, Stowe", "Heron Hall, Stowe", None),
    ],
)
def test_a_town_after_a_comma_is_that_of_the_zips_own_cell(
    db: Connection, cell: str, street: str, city: str | None
) -> None:
    sheet = workbook(("Ana", "Li", cell, "05672"), header=("First", "Last", "Address", "ZIP"))
    values = planned(saved(sheet), db).first_rows[0].values
    assert (values["street"], values.get("city")) == (street, city)


@pytest.mark.parametrize(
    ("city", "state", "zip_code"),
    [("Springfield", "MA", "01103"), ("", "", "01103"), ("", "", ""), ("Springfield", "", "")],
)
def test_a_whole_address_in_the_streets_cell_adds_nothing_to_the_street(
    db: Connection, city: str, state: str, zip_code: str
) -> None:
    cell = "12 Elm St Springfield MA 01103"
    plan = planned(saved(workbook(("Ana", "Li", cell, city, state, zip_code, "", ""))), db)
    [found] = plan.new
    assert found.person == person_of(
        b"p" * 32, first="Ana", last="Li", street="12 Elm St", zip5="01103"
    )


@pytest.mark.parametrize(
    "email", ["none@none.com", "No-Email@gmail.com", "na@na.com", "x@x.com", "sincorreo@correo.com"]
)
def test_an_invented_email_address_identifies_no_one(db: Connection, email: str) -> None:
    rows = [("Ana", "Li", f"{n} Main St", *ANA[3:7], email) for n in range(6)]
    plan = planned(csv_file(*rows, ("Bo", "Ng", "", *ANA[3:7], email)), db)
    assert (len(plan.new), plan.twice, plan.full) == (6, (), ())
    assert [(p.column, p.why) for row in plan.wrong for p in row.problems] == [
        ("street", "missing")
    ]


@pytest.mark.parametrize("state", ["-", "n/a", "ditto", '"'])
def test_a_filler_for_the_state_leaves_it_to_the_zip(state: str) -> None:
    assert isinstance(row(state=state), CountableRow)
    assert problems(state=state, zip="30165") == {"state": "state_needed"}


@pytest.mark.parametrize("street", ["12 Ditto Ln", "9 Same St", '12 O\'Neil "B" St'])
def test_a_word_for_the_row_above_may_be_part_of_a_street(db: Connection, street: str) -> None:
    plan = planned(saved(workbook(ANA, ("Bo", "Ng", street, *ANA[3:]))), db)
    assert [row.key for row in plan.new] == ["2", "3"]


@pytest.mark.parametrize("why", get_args(WhyOdd))
def test_each_reason_to_doubt_a_row_has_a_sentence(why: WhyOdd) -> None:
    assert odd_words(why).endswith(".")


def test_a_person_named_ditto_is_not_asked_about_where_no_row_is_above() -> None:
    assert isinstance(judge(SheetRow(1, {**BASE, "last": "Ditto"}), place()), CountableRow)


@pytest.mark.parametrize("last", ["Li 3rd", "Li 2do", "Li 3ro", "Li 2º"])
def test_a_son_with_his_fathers_name_is_not_doubted(last: str) -> None:
    assert isinstance(judge(SheetRow(2, {**BASE, "last": last}), place()), CountableRow)


# --- whole files ---------------------------------------------------------------------------


def carried_out(plan: ImportPlan, db: Connection) -> Added:
    return run(db, plan.new, what=batch(way="file"))


@pytest.mark.parametrize(
    "names", [("Ng, Bo", "Bo Ng"), ("Gia Reed", "Reed, Gia"), ("Bo Ng, Jr.", "bo ng jr")]
)
def test_preview_and_import_report_the_same_numbers(db: Connection, names: tuple[str, str]) -> None:
    """N07"""
    rows = "".join(f'"{name}",9 Elm St,Stowe,VT,05672\n' for name in names)
    content = f"Name,Street,City,State,ZIP\n{rows}Cy Roe,1 A St,Stowe,VT,05672\n".encode()
    plan = planned(content, db)
    assert ([row.key for row in plan.new], plan.twice) == (["2", "4"], (("3", "2"),))
    added = carried_out(plan, db)
    assert (added.signatures, added.before) == (len(plan.new), 0)
    again = planned(content, db)
    assert (again.new, again.before) == ((), ("2", "3", "4"))


people = st.tuples(
    st.sampled_from(["Ana", "ana", "Ana María", "Bo", "Cy", "Jhon", "John", "Á", "N/A", ""]),
    st.sampled_from(["Li", "li", "Ng", "Jr", ""]),
    st.sampled_from(["12 Main St", "12 main street", "9 Elm", ""]),
    st.just("Stowe"),
    st.just("VT"),
    st.sampled_from(["05672", "5672", "05672-1234", "60647", ""]),
    st.just(""),
    st.sampled_from(["", "a@example.org", "A@example.org", "a+b@example.org", "b@example.org"]),
)


@settings(max_examples=20, deadline=None)
@given(st.lists(people, min_size=1, max_size=12), st.integers(0, 6))
def test_a_plan_is_carried_out_unchanged_for_any_sheet(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], before: int
) -> None:
    folder = tmp_path_factory.mktemp("plan")
    with closing(open_database(folder / "site.db")) as db:
        first = planned(csv_file(*rows[:before], ANA), db)
        carried_out(first, db)
        plan = planned(csv_file(*rows), db)
        added = carried_out(plan, db)
        assert (added.signatures, added.before) == (len(plan.new), 0)
        after = planned(csv_file(*rows), db)
        assert after.new == ()
        assert after.full == plan.full
        assert len(after.before) == len(plan.new) + len(plan.twice) + len(plan.before)
        assert totals(db, campaign().slug).signatures == len(first.new) + len(plan.new)


def test_hidden_rows_wait_for_a_decision(db: Connection) -> None:
    """N04"""
    book = workbook(ANA, ("Cy", "Struckout", "80 Birch St", *ANA[3:]))
    book.active.row_dimensions[3].hidden = True
    plan = planned(saved(book), db)
    assert (plan.hidden, plan.ready, len(plan.new)) == (("3",), False, 1)
    both: tuple[tuple[Hidden, int], ...] = (("leave", 1), ("count", 2))
    for hidden, count in both:
        plan = planned(saved(book), db, Choices(hidden=hidden))
        assert (plan.hidden, plan.ready, len(plan.new)) == (("3",), True, count)


def test_rows_of_several_sheets_are_compared(db: Connection) -> None:
    """N02"""
    book = workbook(ANA)
    book.active.title = "Page 1"
    second = book.create_sheet("Page 2")
    for line in (HEADER, BO, ANA):
        second.append(line)
    plan = planned(saved(book), db)
    assert [row.key for row in plan.new] == ["2", "2.2"]
    assert plan.twice == (("2.3", "2"),)
    assert plan.name("2.3") == ("3", "Page 2")


def test_edits_and_decisions_travel_with_the_file(db: Connection) -> None:
    choices = Choices(
        columns={0: ("first", "last", "street", "city", "state", "zip", "district", "")},
        hidden="leave", edits={"3": {"district": "IL-5"}}, located={"3": "IL-5"},
        out=frozenset({"4"}), keep=frozenset({"5"}), same=frozenset({"6"}), zeros=True,
    )  # fmt: skip
    plan = planned(csv_file(ANA, SPLIT, BO, ("???", *ANA[1:]), ZEROS), db, choices)
    packed = pack(plan, SECRET)
    travelled = unpack(packed, SECRET, 100)
    assert travelled is not None
    file, said = travelled
    assert [len(sheet.rows) for sheet in file.sheets] == [5]
    again = make_plan(file, said, place(), db)
    assert again.digest == plan.digest
    assert [row.key for row in again.new] == [row.key for row in plan.new]
    assert again.new[1].match == "street"
    assert unpack(packed, SECRET, 4) is None
    assert "Ana" not in base64.b64decode(packed).decode("latin-1")


def test_hidden_and_crossed_out_rows_stay_so_between_two_pages(db: Connection) -> None:
    """N04"""
    book = workbook(*(("", *row) for row in (ANA, BO, ("Cy", *ANA[1:]))), header=("", *HEADER))
    book.active.row_dimensions[3].hidden = True
    for cell in book.active[4][1:3]:
        cell.font = Font(strike=True)
    plan = planned(saved(book), db)
    assert plan.hidden == ("3", "4")
    travelled = unpack(pack(plan, SECRET), SECRET, 100)
    assert travelled is not None
    assert make_plan(*travelled, place(), db).hidden == ("3", "4")


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=st.text(max_size=80) | st.binary(max_size=80).map(lambda b: base64.b64encode(b).decode())
)
def test_a_forged_package_does_not_unpack(text: str) -> None:
    assert unpack(text, SECRET, 100) is None


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_altered_package_or_one_of_another_site_does_not_unpack(
    db: Connection, data: st.DataObject
) -> None:
    plan = planned(csv_file(ANA, BO), db)
    packed = pack(plan, SECRET)
    raw = bytearray(base64.b64decode(packed))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    assert unpack(base64.b64encode(raw).decode(), SECRET, 100) is None
    assert unpack(packed, b"another site's own secret" * 2, 100) is None
