"""The pages about paper, as an editor uses them."""

from __future__ import annotations

import io
import re
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app.campaign.load import read_files
from app.congress.model import Located, NoMatch, StreetAnswer
from app.records import paper_sheets
from app.records.counts import totals
from app.records.site_campaigns import begin, move
from app.site.settings import ROOT
from app.web.organizer import paper_entry
from tests.organizers.browser import Browser
from tests.organizers.conftest import Clock, Office
from tests.web.lint import words

from .conftest import ANA, BO, HEADER, SPLIT, ZEROS, csv_file, saved, upload, workbook

PERSON: dict[str, Any] = dict(
    zip(("first", "last", "street", "city", "state", "zip"), ANA[:6], strict=True)
)


def signatures(staff: Office) -> int:
    return totals(staff.db, "protect-immigration-act").signatures


BUTTONS = ("add", "columns", "look", "restore", "zeros")


def send(browser: Browser, button: str = "", **typed: str) -> Browser:
    """Submit the page with the sheet's rows, pressing one button and ticking no box."""
    path, form = browser.form("/paper/check")
    kept = {n: v for n, v in form.items() if n not in BUTTONS and not n.startswith("out-")}
    kept |= {n: form[n] for n in form if n.startswith("out-") and f"odd-{n[4:]}" in form}
    return browser.post(path, {**kept, **({button: "1"} if button else {}), **typed})


def test_exporters_can_print_but_not_enter_paper(app: Flask, staff: Office, clock: Clock) -> None:
    exporter = Browser(app, clock).enter(staff.add("Eve", "exporter"))
    exporter.get("/organize/paper/")
    assert exporter.status == 200
    assert "Type them in" not in exporter.words
    for path in ("enter", "upload", "back"):
        assert exporter.get(f"/organize/paper/{path}").status == 403
    stranger = Browser(app, clock)
    assert "/login" in stranger.get("/organize/paper/").path


def test_entering_people_keeps_the_town_and_counts_each(editor: Browser, staff: Office) -> None:
    editor.get("/organize/paper/enter")
    editor.send("/enter", **PERSON, source="fair", language="es")
    assert editor.status == 200
    assert "Added. One signature in this sitting." in editor.words
    _path, form = editor.form("/enter")
    assert (form["first"], form["street"], form["city"], form["zip"], form["source"]) == (
        "", "", "Stowe", "05672", "fair",
    )  # fmt: skip
    assert editor.page.by_id("first").get("autofocus") is not None
    editor.send("/enter", **{**PERSON, "first": "Bo"})
    assert "2 signatures in this sitting." in editor.words
    assert signatures(staff) == 2


def test_entering_the_same_person_again_adds_nothing(editor: Browser, staff: Office) -> None:
    for _ in range(2):
        editor.get("/organize/paper/enter")
        editor.send("/enter", **PERSON)
    assert "already signed, so nothing was added" in editor.words
    assert signatures(staff) == 1


def test_a_split_zip_asks_for_the_district_in_the_same_form(editor: Browser, staff: Office) -> None:
    editor.get("/organize/paper/enter")
    split: dict[str, Any] = dict(
        zip(("first", "last", "street", "city", "state", "zip"), SPLIT[:6], strict=True)
    )
    editor.send("/enter", **split)
    assert editor.status == 422
    choices = [text for o in editor.page.all("option") if (text := o.text or "")[:3] == "IL-"]
    assert [text.partition(":")[0] for text in choices][:2] == ["IL-3", "IL-5"]
    assert all("% of this ZIP code" in text for text in choices)
    path, form = editor.form("/enter")
    form.pop("look")
    editor.post(path, {**form, "district": "IL-5"})
    assert "Added." in editor.words
    assert signatures(staff) == 1


def test_an_invalid_field_keeps_the_input(editor: Browser, staff: Office) -> None:
    editor.get("/organize/paper/enter")
    editor.send("/enter", **{**PERSON, "zip": "567", "first": "<img src=x>"})
    assert editor.status == 422
    assert editor.form("/enter")[1]["first"] == "<img src=x>"
    assert signatures(staff) == 0


def test_a_good_sheet_is_previewed_and_then_added(editor: Browser, staff: Office) -> None:
    upload(editor, csv_file(ANA, BO), source="fair", language="es")
    assert editor.status == 200
    assert "2 rows were read." in editor.words
    assert signatures(staff) == 0
    send(editor, "add")
    assert "2 signatures were added." in editor.words
    assert "6 letters" in editor.words
    row = staff.db.execute("SELECT source, language, template FROM signatures").fetchone()
    assert row == ("fair", "es", "paper")


def test_uploading_a_sheet_again_adds_nothing(editor: Browser, staff: Office) -> None:
    for _ in range(2):
        upload(editor, csv_file(ANA, BO))
        if "add" in str([b.get("name") for b in editor.page.buttons()]):
            send(editor, "add")
    assert "Nothing on this sheet is left to add" in editor.words
    assert "row 2, row 3" in editor.words
    assert signatures(staff) == 2


def test_a_second_press_adds_nothing(editor: Browser, staff: Office) -> None:
    upload(editor, csv_file(ANA))
    path, form = editor.form("/paper/check")
    editor.post(path, {**form, "add": "1"})
    editor.post(path, {**form, "add": "1"})
    assert "Nothing on this sheet is left to add" in editor.words
    assert signatures(staff) == 1


def test_a_row_left_out_is_not_reported_as_already_signed(
    editor: Browser,
) -> None:
    upload(editor, csv_file(("Ana", "Li", "12 Main St", "Stowe", "VT", "no", "", "")))
    path, form = editor.form("/paper/check")
    editor.post(path, {**form, "out-2": "1"})
    assert "You left one row out." in editor.words
    assert "Nothing on this sheet is left to add" in editor.words
    assert "already signed" not in editor.words


def test_only_failing_rows_are_shown_with_the_error_in_the_cell(editor: Browser) -> None:
    upload(editor, csv_file(ANA, SPLIT, ("", "", "5 St", "Stowe", "VT", "05672", "", ""), BO))
    assert editor.status == 422
    rows = re.findall(r'<h3 id="row-(\d+)">', editor.last.get_data(as_text=True))
    assert rows == ["3", "4"]
    assert editor.page.by_id("cell-3-district").get("aria-describedby") == "cell-3-district-error"
    assert "Row 4, First name: Fill this in." in editor.words
    assert "Elm St" not in editor.words


def test_rows_are_corrected_on_the_page_and_all_are_added(editor: Browser, staff: Office) -> None:
    upload(editor, csv_file(ANA, SPLIT, ("", "", "5 St", "Stowe", "VT", "05672", "", "")))
    send(editor, **{"cell-3-district": "IL-5"})
    assert editor.status == 422
    assert signatures(staff) == 0
    send(editor, **{"cell-4-first": "Mononym"})
    assert editor.status == 200
    send(editor, "add")
    assert "3 signatures were added." in editor.words
    assert signatures(staff) == 3


def test_add_does_nothing_while_a_row_is_wrong(editor: Browser, staff: Office) -> None:
    upload(editor, csv_file(ANA, SPLIT))
    send(editor, "add")
    assert editor.status == 422
    assert signatures(staff) == 0


def test_a_row_can_be_left_out(editor: Browser, staff: Office) -> None:
    upload(editor, csv_file(ANA, SPLIT))
    path, form = editor.form("/paper/check")
    form.pop("look", None)
    editor.post(path, {**form, "out-3": "1"})
    assert "You left one row out." in editor.words
    send(editor, "add")
    assert signatures(staff) == 1


def test_lost_zeros_are_questioned_and_restored_with_one_button(
    editor: Browser, staff: Office
) -> None:
    more = ("El", *ZEROS[1:])
    upload(editor, saved(workbook(ANA, (*ZEROS[:5], 2108), (*more[:5], 2109))), "s.xlsx")
    assert "A leading zero is missing. Is it 02108?" in editor.words
    listed = [words(link) for link in editor.page.by_id("here").iter() if link.tag == "a"]
    assert listed == ["2 ZIP codes lost their first zero in the spreadsheet."]
    path, form = editor.form("/paper/check")
    cells = {k: v for k, v in form.items() if not k.startswith(("out-", "cell-"))}
    editor.post(path, {**cells, "zeros": "1"})
    assert "A leading zero is missing" not in editor.words


def test_a_date_in_place_of_a_zip_can_be_corrected(editor: Browser, staff: Office) -> None:

    upload(editor, saved(workbook((*ANA[:5], date(2026, 5, 6)))), "s.xlsx")
    assert "This is a date" in editor.words
    path, form = editor.form("/paper/check")
    form.pop("out-2", None)
    editor.post(path, {**form, "cell-2-zip": "05672"})
    assert editor.status == 200
    send(editor, "add")
    assert signatures(staff) == 1


def test_an_email_that_the_spreadsheet_broke_can_be_left_empty(
    editor: Browser, staff: Office
) -> None:
    upload(editor, csv_file((*ANA[:7], "#REF!")))
    assert "holds an error of the spreadsheet" in editor.words
    send(editor, **{"cell-2-email": ""})
    assert "One signature can be added." in editor.words
    send(editor, "add")
    assert signatures(staff) == 1


def test_people_who_are_in_the_sheet_twice_are_listed(editor: Browser) -> None:
    upload(editor, csv_file(ANA, BO, ANA))
    assert "row 4 as row 2" in editor.words


@pytest.mark.parametrize(
    "text", ["=1+1", "</textarea><script>alert(2)</script>", '"><svg onload=x']
)
def test_cells_are_shown_as_text(editor: Browser, text: str) -> None:
    quoted = '"' + text.replace('"', '""') + '"'
    upload(editor, csv_file((quoted, "Li", "1 St", "Stowe", "VT", "567", "", "")))
    assert text in editor.page.words
    assert "<script>alert" not in editor.last.get_data(as_text=True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"Ana,Li\n", "no row with the names of the columns"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "or it is damaged"),
        (",".join(HEADER).encode(), "no row below"),
    ],
)
def test_an_unreadable_file_is_explained(editor: Browser, content: bytes, words: str) -> None:
    upload(editor, content)
    assert editor.status == 422
    assert words in editor.words


def test_a_missing_file_and_an_invalid_tag_are_explained(editor: Browser) -> None:
    editor.get("/organize/paper/upload")
    path, data = editor.form("/paper/upload")
    data.pop("file")
    assert "Choose a file." in editor.post(path, data).words
    upload(editor, csv_file(ANA), source="two words")
    assert "A source tag has" in editor.words


def test_the_stated_row_limit_is_enforced(editor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_entry, "MOST_ROWS", 2)
    upload(editor, csv_file(ANA, BO))
    assert editor.status == 200
    upload(editor, csv_file(ANA, BO, SPLIT))
    assert editor.status == 422
    assert "up to 2 rows" in editor.words


def test_a_large_upload_without_a_session_is_refused(app: Flask) -> None:
    boundary, body = encode_multipart(
        {"file": FileStorage(io.BytesIO(b"x" * 600_000), filename="s.csv")}
    )
    response = app.test_client().post(
        "/organize/paper/upload", data=body,
        content_type=f"multipart/form-data; boundary={boundary}",
    )  # fmt: skip
    assert response.status_code == 413


@pytest.mark.parametrize("rows", ["", "x", "eJwDAAAAAAE=", "W10="])
def test_missing_rows_ask_for_the_file_again(editor: Browser, rows: str) -> None:
    upload(editor, csv_file(ANA))
    send(editor, rows=rows)
    assert editor.status == 422
    assert "Choose the file again" in editor.words


def test_an_upload_is_never_written_to_disk(
    editor: Browser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("a file was made")

    for place in ("werkzeug.formparser.SpooledTemporaryFile", "werkzeug.formparser.TemporaryFile"):
        monkeypatch.setattr(place, refuse, raising=False)
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    large = csv_file(*[(f"P{n}", "Secret", f"{n} Street " * 35, *ANA[3:]) for n in range(1500)])
    assert len(large) > 512 * 1024
    upload(editor, large)
    assert editor.status == 200
    upload(editor, b"Secret broken " * 60_000)
    assert "cannot read the file after row" in editor.words
    for path in (p for p in tmp_path.rglob("*") if p.is_file()):
        assert b"Secret" not in path.read_bytes()


def test_a_paper_signature_is_withdrawn_by_its_details(editor: Browser, staff: Office) -> None:
    editor.get("/organize/paper/enter")
    editor.send("/enter", **PERSON)
    details: dict[str, Any] = {name: PERSON[name] for name in ("first", "last", "street", "zip")}
    editor.get("/organize/paper/back")
    for other in ("Bea", "Ana and Luis"):  # a couple may have counted as one before
        editor.send("/back", **{**details, "first": other})
        assert editor.status == 404
    assert signatures(staff) == 1
    editor.send("/back", **details)
    assert "withdrawn" in editor.words
    assert signatures(staff) == 0
    editor.send("/back", **{**details, "zip": ""})
    assert editor.status == 422


def test_name_street_and_zip_decide_which_signature_is_withdrawn(
    editor: Browser, staff: Office
) -> None:
    name: dict[str, Any] = {"first": PERSON["first"], "last": PERSON["last"]}
    where: dict[str, Any] = {"street": PERSON["street"], "zip": PERSON["zip"]}
    email = "ana@example.org"
    editor.get("/organize/paper/enter")
    editor.send("/enter", **{**PERSON, "email": email})
    editor.get("/organize/paper/back")
    assert "The name, street and ZIP code decide." in editor.words
    editor.send("/back", **{**name, "zip": PERSON["zip"], "email": email})
    assert editor.status == 404
    assert signatures(staff) == 1
    editor.send("/back", **{**name, **where})
    assert "withdrawn" in editor.words
    assert signatures(staff) == 0


def test_entering_a_person_puts_nothing_in_the_url(editor: Browser) -> None:
    editor.get("/organize/paper/enter")
    editor.send("/enter", **PERSON)
    assert editor.path == "/organize/paper/enter"


def test_a_campaign_that_has_ended_takes_no_sheet_and_its_page_says_so(
    app: Flask, staff: Office, clock: Clock
) -> None:
    editor = Browser(app, clock).enter(staff.add("Ana", "editor"))
    editor.get("/organize/paper/enter")
    first = "protect-immigration-act"
    move(staff.by("Eve"), first, "ended", first=first)
    editor.send("/enter", **PERSON)
    assert editor.status == 503
    assert "takes no signatures now, so nothing was saved" in editor.words
    assert signatures(staff) == 0
    editor.get("/organize/paper/")
    assert "takes no more signatures, not even from sheets" in editor.words
    assert "Type them in" not in editor.words
    assert "Upload a file" not in editor.words
    assert "Withdraw one" in editor.words


@pytest.mark.parametrize("site_url", ["https://letters.example.org"])
def test_a_campaign_in_preparation_prints_but_says_when_paper_can_be_entered(
    app: Flask, staff: Office, clock: Clock
) -> None:
    first = "protect-immigration-act"
    begin(staff.by("Eve"), "next", read_files(ROOT / "letters" / first), first=first)
    editor = Browser(app, clock, base="https://letters.example.org")
    editor.log_in(staff.add("Ana", "editor"))
    for path in ("", "enter", "upload"):
        editor.get(f"/c/next/organize/paper/{path}")
        assert editor.status == (409 if path else 200)
        assert "You can enter them once this campaign is open to everyone." in editor.words
        for offered in ("Type them in", "Upload a file", "Withdraw one"):
            assert offered not in editor.words
    editor.get("/c/next/organize/paper/signup.pdf")
    assert editor.last.mimetype == "application/pdf"
    move(staff.by("Eve"), "next", "open", first=first)
    assert "Type them in" in editor.get("/c/next/organize/paper/").words
    assert editor.get("/c/next/organize/paper/enter").status == 200


@pytest.mark.parametrize("path", ["", "enter", "upload", "back"])
def test_every_page_has_a_spanish_title(editor: Browser, path: str) -> None:
    english = editor.get(f"/organize/paper/{path}").title
    assert editor.get(f"/es/organize/paper/{path}").title != english


def test_the_menu_links_to_paper(editor: Browser) -> None:
    menus = editor.get("/organize/").page.all("nav")
    links = {words(a): a.get("href") for menu in menus for a in menu.iter("a")}
    assert editor.get(links["Paper"] or "").path == "/organize/paper/"
    assert editor.status == 200


# --- a sheet: decisions made on the page ---------------------------------------------------


def test_hidden_rows_are_counted_only_on_request(editor: Browser, staff: Office) -> None:
    book = workbook(ANA, BO)
    book.active.row_dimensions[3].hidden = True
    upload(editor, saved(book), "s.xlsx")
    assert "They are row 3. Do they count?" in editor.words
    assert "Add" not in [b.text for b in editor.page.buttons()]
    send(editor, "add")
    assert signatures(staff) == 0
    send(editor, hidden="count")
    send(editor, "add")
    assert signatures(staff) == 2


def test_doubtful_names_are_left_out_unless_unchecked(editor: Browser, staff: Office) -> None:
    upload(editor, csv_file(ANA, ("N/A", "N/A", "N/A", *ANA[3:])))
    assert "This does not look like a name." in editor.words
    path, form = editor.form("/paper/check")
    form.pop("out-3")
    editor.post(path, form)
    assert "2 signatures can be added." in editor.words
    send(editor, "add")
    assert signatures(staff) == 2


def test_a_column_is_identified_on_the_page_and_remembered(editor: Browser, staff: Office) -> None:
    header = (*HEADER[:5], "Where", *HEADER[6:])
    upload(editor, csv_file(ANA, header=header))
    assert "Is it “Where”?" in editor.words
    send(editor, "columns", **{"column-0-5": "zip"})
    assert "One signature can be added." in editor.words
    send(editor, "add")
    assert signatures(staff) == 1
    upload(editor, csv_file(BO, header=header))
    assert editor.status == 200


def test_the_columns_after_one_without_a_name_keep_what_an_organizer_says(
    editor: Browser, staff: Office
) -> None:
    header = ("First name", "", "Last name", "ZIP", "Street", "Notes")
    row = ("Ana", "7", "Li", "05672", "12 Main St", "Stowe")
    upload(editor, csv_file(row, header=header))
    send(editor, "columns", **{"column-0-5": "city"})
    assert "First name Ana" in editor.words
    assert "City Stowe" in editor.words
    assert "ZIP code 05672" in editor.words


def test_columns_that_a_large_sheet_leaves_behind_are_not_offered(
    editor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper_sheets, "MOST_CARRIED", 10)
    upload(editor, csv_file((*ANA, "x"), (*BO, "y"), header=(*HEADER[:5], "Notes", *HEADER[5:])))
    _path, form = editor.form("/paper/check")
    assert "column-0-4" in form
    assert "column-0-5" not in form
    send(editor, "columns", **{"column-0-7": ""})
    assert "column-0-6" in editor.form("/paper/check")[1]


def test_a_column_without_a_name_can_be_said_to_hold_the_zip_codes(
    editor: Browser, staff: Office
) -> None:
    upload(editor, csv_file(ANA, header=(*HEADER[:5], "", *HEADER[6:])))
    assert "Is it “Column F”?" in editor.words
    send(editor, "columns", **{"column-0-5": "zip"})
    assert "One signature can be added." in editor.words
    send(editor, "columns")
    assert "One signature can be added." in editor.words
    send(editor, "add")
    assert signatures(staff) == 1


def test_a_question_about_no_column_links_to_the_first_that_has_a_name(editor: Browser) -> None:
    header = ("", *HEADER[1:5], "Where", *HEADER[6:])
    upload(editor, csv_file((*ANA[:5], "", *ANA[6:]), header=header))
    assert "#column-0-1" in [link.get("href") for link in editor.page.all("a")]


def test_a_split_zip_in_a_sheet_offers_districts_or_a_street_lookup(
    editor: Browser, staff: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []

    def locate(*address: object, **_settings: object) -> StreetAnswer:
        asked.append(address)
        return Located("IL", 5) if len(asked) > 1 else NoMatch()

    monkeypatch.setattr("app.site.services.locate_street", locate)
    upload(editor, csv_file(SPLIT))
    texts = [text for o in editor.page.all("option") if (text := o.text or "")[:3] == "IL-"]
    assert texts[0].startswith("IL-3: ")
    assert "% of this ZIP code" in texts[0]
    (link,) = [a for a in editor.page.all("a") if a.get("href") == "#cell-2-district"]
    assert words(link) == "Row 2, District: Choose the district where they live."
    assert asked == []
    send(editor, look="2")
    assert "cannot find this street address" in editor.words
    send(editor, look="2")
    assert asked == [("3 Oak St", "Chicago", "IL", "60647")] * 2
    send(editor, "add")
    row = staff.db.execute("SELECT district, match FROM signatures").fetchone()
    assert row == (5, "street")


def test_a_street_can_be_looked_up_for_one_person(
    editor: Browser, staff: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.site.services.locate_street", lambda *_a, **_k: Located("IL", 5))
    editor.get("/organize/paper/enter")
    split = dict(zip(("first", "last", "street", "city", "state", "zip"), SPLIT[:6], strict=True))
    typed: dict[str, Any] = split
    editor.send("/enter", **typed)
    editor.send("/enter", look="1")
    assert "The street is in IL-5." in editor.words
    assert signatures(staff) == 0
    path, form = editor.form("/enter")
    editor.post(path, form)
    assert "Added." in editor.words
    row = staff.db.execute("SELECT district, match FROM signatures").fetchone()
    assert row == (5, "street")


def test_looking_a_street_up_adds_nothing_even_if_the_corrected_zip_is_not_split(
    editor: Browser, staff: Office
) -> None:
    editor.get("/organize/paper/enter")
    split = dict(zip(("first", "last", "street", "city", "state", "zip"), SPLIT[:6], strict=True))
    typed: dict[str, Any] = split
    editor.send("/enter", **typed)
    editor.send("/enter", **{**PERSON, "first": "N/A"}, look="1")
    assert "This ZIP code is in one district." in editor.words
    assert signatures(staff) == 0
    path, form = editor.form("/enter")
    editor.post(path, form)
    assert "does not look like a name" in editor.words


def test_numbers_are_shown_again_if_someone_signed_meanwhile(
    editor: Browser, staff: Office
) -> None:
    upload(editor, csv_file(ANA, BO))
    path, form = editor.form("/paper/check")
    editor.get("/organize/paper/enter")
    editor.send("/enter", **PERSON)
    editor.post(path, {**form, "add": "1"})
    assert "Something changed since these numbers were made" in editor.words
    assert signatures(staff) == 1
    send(editor, "add")
    assert signatures(staff) == 2


def test_an_import_is_undone_as_a_whole(editor: Browser, staff: Office) -> None:
    upload(editor, csv_file(ANA, BO), source="fair")
    send(editor, "add")
    path, form = editor.form("/paper/undo/1")
    editor.post(path, form)
    assert "2 signatures were removed." in editor.words
    assert signatures(staff) == 0
    editor.post(path, form)
    assert editor.status == 404
    upload(editor, csv_file(ANA, BO), source="fair")
    send(editor, "add")
    editor.get("/organize/paper/")
    path, form = editor.form("/paper/undo/2")
    editor.post(path, form)
    assert signatures(staff) == 0
