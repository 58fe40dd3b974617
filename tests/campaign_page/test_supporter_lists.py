"""Reading a CSV list and reporting every error in its cell."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.campaign.backing_lists import compare, read_list, rebase, renew, write_list
from app.campaign.problems import Message
from app.campaign.stance import Backing
from app.campaign.supporter_files import (
    MOST_BYTES,
    MOST_ROWS,
    CsvList,
    Knowledge,
    Unusable,
    match_member,
    read_cosponsor_csv,
    read_supporters,
)

HEAD = "bioguide,name,bill,role,date\n"


def good(text: str | bytes, known: Knowledge) -> CsvList:
    result = read_cosponsor_csv(text if isinstance(text, bytes) else text.encode(), known)
    assert isinstance(result, CsvList), result
    return result


def bad(text: str | bytes, known: Knowledge) -> Unusable:
    result = read_cosponsor_csv(text if isinstance(text, bytes) else text.encode(), known)
    assert isinstance(result, Unusable), result
    return result


def test_the_campaigns_list_round_trips(
    files: dict[str, str], shipped: tuple[Backing, ...], known: Knowledge
) -> None:
    bills = {b.bill: b.bill for b in shipped}
    whole = Knowledge(known.today, bills, known.members, known.introduced)
    found = good(files["cosponsors.csv"], whole)
    assert found.backings == shipped
    assert write_list(found.backings) == files["cosponsors.csv"].replace("\r\n", "\n")
    assert found.bills == set(bills)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("head", ["bioguide,date", "Date,Bioguide", "date,notes,BIOGUIDE"])
def test_columns_may_be_in_any_order_with_any_usual_separator(
    mark: str, head: str, known: Knowledge
) -> None:
    cells = {"bioguide": "F000476", "date": "3/26/2026", "notes": "met her"}
    line = ",".join(cells[name.lower()] for name in head.split(","))
    text = "\ufeff" + f"{head}\r\n{line}\r\n".replace(",", mark)
    found = good(text, known)
    assert found.backings == (
        Backing("F000476", "Maxwell Frost", "current", "cosponsor", date(2026, 3, 26)),
    )
    assert found.ignored == (("notes",) if "notes" in head else ())


def test_the_official_name_replaces_the_files(known: Knowledge) -> None:
    (one,) = good(HEAD + "J000288,Hank JOHNSON,current,cosponsor,2025-12-18\n", known).backings
    assert one.name == 'Henry C. "Hank" Johnson, Jr.'


def test_withdrawn_members_are_listed_separately(known: Knowledge) -> None:
    text = "bioguide,date,withdrawn\nF000476,2026-03-26,2026-05-01\nQ000023,2025-12-18,\n"
    found = good(text, known)
    assert [b.bioguide for b in found.backings] == ["Q000023"]
    assert [b.bioguide for b in found.withdrawn] == ["F000476"]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_member_who_withdrew_and_joined_again_is_only_on_the_list(
    known: Knowledge, backwards: bool
) -> None:
    rows = ["F000476,2026-03-26,2026-05-01", "F000476,2026-06-02,"]
    found = good("\n".join(["bioguide,date,withdrawn", *rows[:: -1 if backwards else 1]]), known)
    assert [one.day for one in found.backings] == [date(2026, 6, 2)]
    assert not found.withdrawn


CELLS = {
    "F00476,Frost,current,cosponsor,2026-03-26": ("bioguide", "bioguide"),
    ",Nobody Atall,current,cosponsor,2026-03-26": ("name", "nobody"),
    ",Scott,current,cosponsor,2026-03-26": ("name", "several"),
    "F000476,Pramila Jayapal,current,cosponsor,2026-03-26": ("bioguide", "other_person"),
    "X999999,,current,cosponsor,2026-03-26": ("name", "missing"),
    "X999999,=1+1,current,cosponsor,2026-03-26": ("name", "formula"),
    "X999999,＝1+1,current,cosponsor,2026-03-26": ("name", "formula"),
    "X999999, @SUM(1),current,cosponsor,2026-03-26": ("name", "formula"),
    "X999999,\t=1+1,current,cosponsor,2026-03-26": ("name", "formula"),
    "F000476,Frost,hr1-119,cosponsor,2026-03-26": ("bill", "bill"),
    "F000476,Frost,current,fan,2026-03-26": ("role", "role"),
    "F000476,Frost,current,cosponsor,26.33.2026": ("date", "day"),
    "F000476,Frost,current,cosponsor,2026-02-30": ("date", "day"),
    "F000476,Frost,current,cosponsor,20260326": ("date", "day"),
    "F000476,Frost,current,cosponsor,": ("date", "missing"),
    "F000476,Frost,current,cosponsor,2026-11-26": ("date", "future"),
    "F000476,Frost,current,cosponsor,2025-12-17": ("date", "early"),
    "F000476,Frost,current,cosponsor,2026-03-26,more": ("date", "extra"),
    f"F000476,Frost {'x' * 300},current,cosponsor,2026-03-26": ("name", "long"),
}


@pytest.mark.parametrize("line", CELLS)
def test_an_error_is_reported_in_its_cell(line: str, known: Knowledge) -> None:
    trouble = bad(f"{HEAD}Q000023,,current,sponsor,2025-12-18\n{line}\n", known)
    assert trouble.what.code == "csv-cells"
    (row,) = trouble.rows
    assert row.line == 3
    cells = zip(trouble.columns, row.cells, strict=True)
    wrong = [(name, cell.what.code) for name, cell in cells if cell.what]
    column, why = CELLS[line]
    assert wrong == [(column, f"cell-{why}")]


def test_duplicates_and_second_sponsors_are_errors(known: Knowledge) -> None:
    text = HEAD + "Q000023,,current,sponsor,2025-12-18\n" * 2
    wrong = {c.what.code for row in bad(text, known).rows for c in row.cells if c.what}
    assert wrong == {"cell-twice", "cell-two_sponsors"}


FILES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty"),
    "only a heading": (HEAD.encode(), "empty"),
    "no columns of ours": (b"state,party\nFL,D\n", "columns"),
    "no date": (b"bioguide,name\nF000476,Frost\n", "columns"),
    "a column twice": (b"bioguide,date,date\nF000476,2026-03-26,2026-03-26\n", "columns"),
    "an open quotation mark": (HEAD.encode() + b'"F000476,Frost', "quotes"),
    "latin-1": (HEAD.encode() + "F000476,José\n".encode("latin-1"), "encoding"),
    "a null": (HEAD.encode() + b"F000476,\0,current\n", "encoding"),
    "too large": (HEAD.encode() + b"x" * MOST_BYTES, "large"),
    "too many rows": (HEAD.encode() + b"F000476,,,,2026-03-26\n" * (MOST_ROWS + 2), "rows"),
    "a spreadsheet file": (b"PK\x03\x04\x14\x00\xffxl/workbook.xml", "encoding"),
    "a huge cell": (HEAD.encode() + b"F" * 200_000 + b",a,b,c,d\n", "quotes"),
}


@pytest.mark.parametrize(
    ("data", "code", "where"),
    [
        (gzip.compress(b"<billStatus/>", mtime=0), "status-packed", ""),
        (b"PK\x03\x04\x14\x00\xffBILLSTATUS-119hr6890.xml", "status-packed", ""),
        (b"%PDF-1.7\n\xe2\xe3", "status-other", "PDF"),
        (b"<!DOCTYPE html><html></html>", "status-other", "html"),
        (b'<?xml version="1.0"?><!DOCTYPE bill PUBLIC "x" "bill.dtd"><bill/>',
         "status-other", "bill"),
    ],
)  # fmt: skip
def test_what_people_save_in_place_of_the_file_is_named(
    data: bytes, code: str, where: str, known: Knowledge
) -> None:
    """N20"""
    found = read_supporters(data, known)
    assert isinstance(found, Unusable)
    assert (found.what.code, dict(found.what.values)["where"]) == (code, where)


def test_a_list_in_utf_16_is_read(known: Knowledge) -> None:
    text = "name\tdate\nTed Lieu\t2026-10-02\n"
    found = read_supporters(text.encode("utf-16"), known)
    assert isinstance(found, CsvList)
    assert [b.bioguide for b in found.backings] == ["L000582"]


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_a_list_is_refused_with_its_reason(name: str, known: Knowledge) -> None:
    data, why = FILES[name]
    assert bad(data, known).what.code == f"csv-{why}"


def test_a_row_with_a_name_in_two_parts_shows_its_errors_at_the_whole_name(
    known: Knowledge,
) -> None:
    trouble = bad("first name,last name,street,zip\nAna,Lopez,12 Main St,01930\n", known)
    ((cell,),) = [row.cells for row in trouble.rows]
    assert (trouble.columns, cell.value) == (("name",), "Ana Lopez")
    assert cell.what


def test_all_failing_rows_are_counted_and_fifty_shown(known: Knowledge) -> None:
    trouble = bad(HEAD + "x,,,,\n" * 300, known)
    assert (trouble.failing, len(trouble.rows)) == (300, 50)


@given(st.sampled_from([HEAD, "name\n", "last\n", "last,date\n"]), st.text(max_size=200))
def test_no_text_breaks_the_reader(head: str, text: str) -> None:
    world = Knowledge(date(2026, 11, 25), {"current": "current"}, {}, {})
    data = (head + text).encode("utf-8", "surrogatepass")
    assert isinstance(read_cosponsor_csv(data, world), CsvList | Unusable)


NAME = st.text(st.characters(categories=["L", "Zs", "P"]), min_size=1, max_size=20)


@given(st.lists(st.tuples(st.integers(0, 999), NAME, st.dates()), unique_by=lambda t: t[0]))
def test_a_written_list_reads_back_the_same(people: list[tuple[int, str, date]]) -> None:
    lines = [
        Backing(f"X{number:06}", f"A {' '.join(name.split())} B", "current", "cosponsor", day)
        for number, name, day in people
    ]
    found, problems = read_list("cosponsors.csv", write_list(lines), ())
    assert (list(found), problems) == (lines, ())


def test_a_comparison_says_who_joined_left_and_is_unknown(shipped: tuple[Backing, ...]) -> None:
    new = Backing("X999999", "Somebody", "current", "cosponsor", date(2026, 5, 1))
    current = [b for b in shipped if b.bill == "current"]
    last = {(current[-1].bioguide, "current")}
    after = renew(shipped, [*current[:-1], new], {"current"}, withdrew=last).lines
    sitting = {b.bioguide for b in shipped}
    change = compare(shipped, after, known=sitting)
    assert change.joined == change.unknown == (new,)
    assert change.left == (current[-1],)
    assert [b for b in after if b.bill != "current"] == [b for b in shipped if b.bill != "current"]
    assert compare(shipped, shipped, known=sitting).empty


def test_lines_of_the_other_chamber_stay(shipped: tuple[Backing, ...]) -> None:
    senator = Backing("B001288", "Cory A. Booker", "current", "sponsor", date(2026, 5, 1))
    both = (*shipped, senator)
    renewed = renew(both, shipped[:19], {"current"}, others={"B001288"})
    assert senator in renewed.lines
    assert renewed.missing == ()


def test_no_one_leaves_because_a_file_omits_them(shipped: tuple[Backing, ...]) -> None:
    for kept in ((), shipped[:1], shipped[6:19]):
        renewed = renew(shipped, kept, {"current"})
        assert set(renewed.lines) == set(shipped)
        assert set(renewed.missing) == set(shipped[:19]) - set(kept)


NAMES = {
    "Maxwell Frost": ("F000476", ""),
    "Frost, Maxwell": ("F000476", ""),
    "Rep. Frost, Maxwell [D-FL-10]": ("F000476", ""),
    "Frost": ("F000476", "Maxwell Frost"),
    "Rep. Scott, Austin [R-GA-8]*": ("S001189", ""),
}


NAMES |= {
    "Robert Garcia (CA-42)": ("G000598", ""), "Rep. McBride (DE)": ("M001238", ""),
    "Sarah McBride, DE-AL": ("M001238", ""), "Omar (MN-05)": ("O000173", ""),
    "Congresswoman Omar": ("O000173", "Ilhan Omar"),
    "The Honorable Dan Goldman (NY-10)": ("G000599", ""),
    "Pablo Jose Hernandez": ("H001103", ""), "Rochester, Lisa Blunt": ("B001303", ""),
    "Resident Commissioner Hernández, Pablo José [D-PR-At Large]": ("H001103", ""),
}  # fmt: skip


@pytest.mark.parametrize("typed", ["Johnson", "Congressman Goldman", "Rep. Garcia"])
def test_a_last_name_of_several_members_is_never_guessed(typed: str, known: Knowledge) -> None:
    several = match_member(typed, known)
    assert isinstance(several, Message)
    assert several.code == "cell-several"


@pytest.mark.parametrize("typed", NAMES)
def test_a_name_is_matched_with_any_doubt_noted(typed: str, known: Knowledge) -> None:
    assert match_member(typed, known) == NAMES[typed]


def test_a_name_matching_several_or_no_members_is_an_error(known: Knowledge) -> None:
    several, nobody = match_member("Scott", known), match_member("Nobody Atall", known)
    assert isinstance(several, Message)
    assert several.code == "cell-several"
    assert "Austin Scott" in str(several)
    assert nobody == Message.of("cell-nobody", more="")


def test_official_column_names_are_recognized(known: Knowledge) -> None:
    head = "bioguideId,fullName,sponsorshipDate,sponsorshipWithdrawnDate,isOriginalCosponsor\n"
    found = good(f'{head}F000476,"Rep. Frost, Maxwell [D-FL-10]",2026-03-26,,False\n', known)
    assert found.backings[0].bioguide == "F000476"
    assert found.ignored == ("isoriginalcosponsor",)
    again = good(f"{head}F000476,Frost,2026-03-26,2026-11-01,False\n", known)
    assert [b.bioguide for b in again.withdrawn] == ["F000476"]


def test_a_list_of_names_needs_no_dates_for_known_cosponsors(known: Knowledge) -> None:
    days = {("F000476", "current"): date(2026, 3, 26)}
    listed = replace(known, days=days)
    found = good("First name,Last name\nMaxwell,Frost\n", listed)
    assert found.backings[0].day == date(2026, 3, 26)
    assert bad("name\nTed Lieu\n", listed).rows[0].cells[0].what == Message.of(
        "cell-missing", more=""
    )


def test_a_name_matches_a_current_member_before_a_former_one(known: Knowledge) -> None:
    before = {
        "O000001": ("Austin Scott", "Scott"), "O000002": ("Orla Oldham", "Oldham"),
        "O000003": ("Maxwell Z. Frost", "Frost"),
    }  # fmt: skip
    both = replace(known, members={**before, **known.members})
    assert match_member("Austin Scott", both) == ("S001189", "")
    assert match_member("Frost", both) == match_member("Frost", known)
    assert match_member("Orla Oldham", both) == ("O000002", "")


def test_only_the_campaigns_own_bill_has_a_sponsor_in_each_chamber(known: Knowledge) -> None:
    both = "F000476,,{0},sponsor,2025-12-20\nB001288,,{0},sponsor,2025-12-20\n"
    world = replace(known, senators={"B001288"})
    assert len(good(HEAD + both.format("current"), world).backings) == 2
    found = bad(HEAD + both.format("hr2805-117"), world)
    assert [row.line for row in found.rows] == [3]


def test_a_change_of_one_list_is_made_to_a_newer_one(shipped: tuple[Backing, ...]) -> None:
    _gone, redated, left, *_others = shipped
    mine = (replace(redated, day=date(2026, 1, 2)), *shipped[2:])
    added = replace(left, bioguide="X999999")
    newest = (*shipped[:2], *shipped[3:], added)
    lines = rebase(mine, shipped, newest)
    assert sorted(lines, key=repr) == sorted((mine[0], *shipped[3:], added), key=repr)
    assert lines.index(added) < len(lines) - 1, "next to the others of its bill"
