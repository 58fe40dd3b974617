"""Cosponsors are listed, found, added, removed and imported; changes are shown before applied."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
import requests
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import stream_encode_multipart

from app.campaign import edit
from app.campaign.stance import Backing
from app.records import audit
from app.records.audit import TrailFilter
from app.records.workshop import live_files, save_draft, state_of
from app.site.services import services
from tests.campaign.conftest import SHARED
from tests.campaign_page.conftest import files_of, person_xml, status_xml
from tests.commands import flask
from tests.organizers.browser import Browser
from tests.organizers.conftest import Clock, Office

SLUG = "protect-immigration-act"
LIEU = Backing("L000582", "Ted Lieu", "current", "cosponsor", date(2026, 10, 2))


@pytest.fixture
def browser(app: Flask, clock: Clock, staff: Office) -> Browser:
    return Browser(app, clock).enter(staff.add("Rosa"))


def live(staff: Office) -> dict[str, str]:
    return live_files(staff.db, SLUG, files_of()).files


def upload(browser: Browser, data: bytes, name: str = "BILLSTATUS-119hr6890.xml") -> Browser:
    path, fields = browser.get("/organize/cosponsors/import").form("/cosponsors/import")
    fields["file"] = FileStorage(BytesIO(data), filename=name)
    # Built in memory, because the test client would leave a temporary file open for a large one.
    body, _length, boundary = stream_encode_multipart(fields, threshold=20_000_000)
    kind = f'multipart/form-data; boundary="{boundary}"'
    return browser.post(path, body.read(), content_type=kind)


def test_the_table_shows_backers_with_their_stance(browser: Browser) -> None:
    browser.get("/organize/cosponsors/")
    assert "Mike Quigley" in browser.words
    assert "thanked as sponsor" in browser.words
    assert "thanked for an earlier version" in browser.words
    assert "known for the opposite" in browser.words
    assert "243 days old" in browser.words
    assert len(browser.last.data) < 60_000


def test_the_official_file_is_previewed_then_applied_with_its_date(
    app: Flask, browser: Browser, staff: Office, shipped: tuple[Backing, ...]
) -> None:
    frost = next(b for b in shipped if b.bioguide == "F000476")
    without = [b for b in shipped if b != frost]
    upload(browser, status_xml([*without, LIEU], extra=person_xml(frost, "2026-11-12")))
    assert browser.title == "What this changes"
    assert "1 joined, 1 left." in browser.words
    assert "Ted Lieu" in browser.words
    assert live(staff)["cosponsors.csv"] == files_of()["cosponsors.csv"]
    assert browser.page.by_id("as_of").get("value") == "2026-11-20"
    browser.send("/cosponsors/apply")
    assert "The list is live" in browser.words
    now = live(staff)
    assert "L000582,Ted Lieu,current,cosponsor,2026-10-02" in now["cosponsors.csv"]
    assert "F000476" not in now["cosponsors.csv"]
    assert "as_of = 2026-11-20  " in now["campaign.toml"]
    assert now["opposing.csv"] == files_of()["opposing.csv"]
    with app.test_request_context("/"):
        assert services().campaign.stances["L000582"].name == "cosponsor"
        assert services().campaign.as_of == date(2026, 11, 20)
    (event,) = [
        e for e in audit.page(staff.db, TrailFilter()).events if e.what == "cosponsors changed"
    ]
    assert event.before["as of"] == "2026-03-27"
    assert (event.after["joined"], event.after["left"]) == ("Ted Lieu", "Maxwell Frost")


def test_both_files_go_live_in_one_change(
    browser: Browser, staff: Office, shipped: tuple[Backing, ...]
) -> None:
    before = live_files(staff.db, SLUG, files_of()).counter
    upload(browser, status_xml([*shipped, LIEU])).send("/cosponsors/apply")
    assert live_files(staff.db, SLUG, files_of()).counter == before + 1


def test_a_member_who_withdrew_is_named_and_not_listed(
    browser: Browser, staff: Office, shipped: tuple[Backing, ...]
) -> None:
    upload(browser, status_xml(shipped, extra=person_xml(LIEU, "2026-10-20")))
    assert "Withdrew" in browser.words
    assert "Ted Lieu, on October 20, 2026" in browser.words
    browser.send("/cosponsors/apply")
    assert "L000582" not in live(staff)["cosponsors.csv"]


def test_after_noon_a_cosponsor_is_shown_with_the_earlier_seat_and_congress(
    app: Flask, staff: Office, clock: Clock, shipped: tuple[Backing, ...]
) -> None:
    browser = Browser(app, clock).enter(staff.add("Rosa"))
    gone = browser.get("/organize/cosponsors/").words.count("not in our list of members")
    clock.at = datetime(2027, 1, 4, 18, tzinfo=UTC)
    browser = Browser(app, clock).enter(staff.add("Ana"))
    browser.get("/organize/cosponsors/")
    assert "IL-5 (119th Congress)" in browser.words, "Mike Quigley, the sponsor"
    assert browser.words.count("not in our list of members") == gone, "backers of 2019 and before"
    browser.get("/es/organize/cosponsors/")
    assert "IL-5 (119.º Congreso)" in browser.words
    # Someone who is no longer known to sit can still be added.
    browser.get("/organize/cosponsors/?q=lieu")
    assert "Ted Lieu" in browser.words
    browser.get("/organize/cosponsors/add/L000582")
    assert "CA-36 (119th Congress)" in browser.words
    # An official file from that time names them by id, and a list by name.
    upload(browser, status_xml([*shipped, LIEU], updated="2027-01-02T00:00:00Z"))
    assert "Not in our list of members" not in browser.words
    assert "CA-36 (119th Congress)" in browser.words


def test_an_unknown_id_is_called_unknown_and_not_former(
    browser: Browser, shipped: tuple[Backing, ...]
) -> None:
    gone = Backing("X000999", "Gone Person", "current", "cosponsor", date(2026, 5, 1))
    upload(browser, status_xml([*shipped, gone]))
    assert "Not in our list of members 1 Gone Person" in browser.words
    assert "an id may be wrong" in browser.words
    browser.send("/cosponsors/apply")
    assert "not in our list of members" in browser.words


def test_no_one_leaves_because_a_file_omits_them_n18(
    browser: Browser, staff: Office, shipped: tuple[Backing, ...]
) -> None:
    upload(browser, status_xml(shipped[:1], updated="2026-11-27T00:00:00Z"))
    assert "No one joined and no one left." in browser.words
    assert "Missing from the file (18)" in browser.words
    assert "fewer people than the list has: 0 instead of 18" in browser.words
    browser.send("/cosponsors/apply")
    assert "The list is live" in browser.words
    assert live(staff)["cosponsors.csv"] == files_of()["cosponsors.csv"]


def test_a_file_without_the_sponsor_says_so(
    browser: Browser, staff: Office, shipped: tuple[Backing, ...]
) -> None:
    upload(browser, status_xml(shipped[1:]))
    assert "This file does not name the sponsor." in browser.words
    assert "Missing from the file (1)" in browser.words
    browser.send("/cosponsors/apply")
    assert "Q000023" in live(staff)["cosponsors.csv"]


def test_a_second_sponsor_from_a_file_is_pointed_out(
    browser: Browser, shipped: tuple[Backing, ...]
) -> None:
    """N18"""
    sponsor = replace(LIEU, role="sponsor", day=date(2025, 12, 18))
    upload(browser, status_xml([sponsor, *shipped[1:]]))
    assert "the list will have several: Ted Lieu, Mike Quigley." in browser.words
    upload(browser, status_xml(shipped))
    assert "the list will have several" not in browser.words


def test_an_official_file_in_utf_16_is_read(browser: Browser, shipped: tuple[Backing, ...]) -> None:
    """N30"""
    upload(browser, status_xml([*shipped, LIEU]).decode().encode("utf-16"))
    assert "1 joined, 0 left." in browser.words


def test_an_answer_without_any_cosponsor_takes_no_one_off(browser: Browser) -> None:
    """N18"""
    bill = {"billNumber": "6890", "billType": "hr", "congress": "119"}
    upload(browser, json.dumps({"cosponsors": [], "request": bill}).encode())
    assert "Missing from the file (19)" in browser.words


def test_a_missing_member_leaves_only_when_checked(
    browser: Browser, staff: Office, shipped: tuple[Backing, ...]
) -> None:
    without = [b for b in shipped if b.bioguide != "F000476"]
    upload(browser, status_xml(without)).send("/cosponsors/apply", off="F000476 current", as_of="x")
    assert browser.status == 422
    assert browser.page.by_id("off-1").get("checked") is not None
    browser.send("/cosponsors/apply", off="F000476 current", as_of="2026-11-20")
    assert "F000476" not in live(staff)["cosponsors.csv"]


def test_a_withdrawal_in_the_file_is_applied_and_dated_n31(
    browser: Browser, staff: Office, shipped: tuple[Backing, ...]
) -> None:
    lee = Backing("L000602", "Summer L. Lee", "current", "cosponsor", date(2026, 11, 20))
    upload(browser, status_xml([*shipped, lee])).send("/cosponsors/apply")
    assert "L000602" in live(staff)["cosponsors.csv"]
    upload(browser, status_xml(shipped, extra=person_xml(lee, "2026-11-25")))
    assert "on November 25, 2026" in browser.words
    assert "0 joined, 1 left." in browser.words
    browser.send("/cosponsors/apply")
    assert "L000602" not in live(staff)["cosponsors.csv"]


@pytest.mark.parametrize("name", ["BILLSTATUS-117hr4350", "DEV-BILLSTATUS-115hr367"])
def test_real_files_of_any_size_are_read_n20(browser: Browser, name: str) -> None:
    path = SHARED / "data" / "billstatus" / f"{name}.xml.gz"
    upload(browser, gzip.decompress(path.read_bytes()))
    assert browser.status == 422
    assert "This file is about H.R." in browser.words


def test_the_stated_file_size_limit_is_enforced_n20(browser: Browser, staff: Office) -> None:
    assert "At most 5 MB." in browser.get("/organize/cosponsors/import").words
    upload(browser, b"<a>" + b"x" * 5_000_000)
    assert browser.status == 422
    assert "The file has 5,000,001 bytes. The most is 5,000,000." in browser.words
    assert browser.page.by_id("file").get("aria-invalid") == "true"
    assert live(staff) == files_of()


@pytest.mark.parametrize(
    "which",
    [("6891", "119", "HR"), ("6890", "118", "HR"), ("6890", "119", "S"), ("6890", "119", "HRES")],
)
def test_another_bills_file_is_refused_with_its_reason(
    browser: Browser, shipped: tuple[Backing, ...], which: tuple[str, str, str]
) -> None:
    number, congress, kind = which
    upload(browser, status_xml(shipped, number=number, congress=congress, kind=kind))
    assert browser.status == 422
    assert "but this campaign is about H.R. 6890 (119)" in browser.words
    assert "aria-invalid" in browser.last.get_data(as_text=True)


BOMB = (b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">'
        b'<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><billStatus>&b;</billStatus>')  # fmt: skip


def test_an_earlier_list_is_previewed_and_restored(
    browser: Browser, staff: Office, shipped: tuple[Backing, ...]
) -> None:
    assert "Nothing has changed yet" in browser.get("/organize/cosponsors/versions").words
    upload(browser, status_xml([*shipped, LIEU])).send("/cosponsors/apply")
    browser.get("/organize/cosponsors/versions")
    assert "cosponsors: 1 joined, 0 left" in browser.words
    (form,) = [f for f in browser.page.all("form") if "/versions/" in (f.get("action") or "")]
    browser.send(form.get("action") or "")
    assert "0 joined, 1 left." in browser.words
    browser.send("/cosponsors/apply")
    assert live(staff)["cosponsors.csv"] == files_of()["cosponsors.csv"].replace("\r\n", "\n")
    token = browser.form("/logout")[1]["token"]
    assert browser.post("/organize/cosponsors/versions/999", {"token": token}).status == 404


@pytest.mark.parametrize(("data", "words"), [
    (b"", "not empty"), (b" \n", "not empty"), (BOMB, "document type"),
    (b"<html></html>", "another kind"), (b"<billStatus><bill>", "damaged"),
    (b"\xff\xfe<\x00", "damaged"),
    (b"PK\x03\x04\xff\xff", "is packed"), (b"a,b\n1,2\n", "must name these columns"),
])  # fmt: skip
def test_hostile_files_are_refused_with_a_reason(
    browser: Browser, staff: Office, data: bytes, words: str
) -> None:
    upload(browser, data)
    assert browser.status == 422
    assert words in browser.words
    assert live(staff) == files_of()


def test_a_residents_form_that_is_too_large_mentions_characters(browser: Browser) -> None:
    answer = browser.client.post("/find", data={"story": "x" * 1_000_000})
    assert answer.status_code == 413
    assert "10,000 characters" in answer.get_data(as_text=True)


def test_csv_errors_are_shown_in_their_cells(browser: Browser, staff: Office) -> None:
    text = ("bioguide,name,bill,role,date\nF000476,Frost,current,cosponsor,tomorrow\n"
            "X999999,=1+1,current,fan,2026-01-01\n")  # fmt: skip
    upload(browser, text.encode(), "list.csv")
    assert browser.status == 422
    table = browser.page.one("table", **{"class": "cells"})
    wrong = ["".join(e.itertext()) for e in table.iter() if e.get("class") == "wrong-cell"]
    assert wrong == [
        "tomorrowWrite a day like 2025-12-18 or 12/18/2025.",
        "=1+1A name does not begin with this sign.",
        "fanWrite sponsor or cosponsor.",
    ]


def test_a_csv_changes_only_the_bills_it_names(browser: Browser, staff: Office) -> None:
    upload(browser, b"bioguide,date\nF000476,12/18/2025\nL000582,10/2/2026\n", "list.csv")
    browser.send("/cosponsors/apply", as_of="11/24/2026")
    text = live(staff)["cosponsors.csv"]
    assert text.count(",current,") == 20
    assert text.count("hr2805-117") == files_of()["cosponsors.csv"].count("hr2805-117")
    assert "as_of = 2026-11-24" in live(staff)["campaign.toml"]


@pytest.mark.parametrize(("query", "words"), [
    ("lieu", "Add Ted Lieu"), ("L000582", "Add Ted Lieu"), ("l000582", "Add Ted Lieu"),
    ("Ted LIEU", "Add Ted Lieu"), ("wyoming", "Add Harriet"), ("WY", "Add Harriet"),
    ("garcia", "García"), ("GARCÍA", "Sylvia"), ("zzzz", "No one in Congress matches"),
    ("CA-36", "Add Ted Lieu"), ("<>", "0 members found"),
])  # fmt: skip
def test_members_are_found_by_name_state_and_id(browser: Browser, query: str, words: str) -> None:
    browser.get(f"/organize/cosponsors/?q={query}")
    assert browser.status == 200
    assert words in browser.words


@pytest.mark.parametrize(("day", "status", "words"), [
    ("2026-11-20", 409, "Something was published since you looked."),
    ("", 422, "Enter the date of the list"),
])  # fmt: skip
def test_two_organizers_changes_to_the_list_are_both_kept(
    browser: Browser, ana: Browser, staff: Office, *, day: str, status: int, words: str
) -> None:
    for someone, who in ((browser, "L000582"), (ana, "R000606")):
        someone.get(f"/organize/cosponsors/add/{who}").send(
            f"/add/{who}", date="2026-11-20", role="cosponsor", bill="current"
        )
    ana.send("/apply")
    browser.send("/apply", as_of=day)
    assert browser.status == status
    assert words in browser.words
    browser.send("/apply", as_of="2026-11-20")
    assert "The list is live" in browser.words
    lists = live(staff)["cosponsors.csv"]
    assert [who in lists for who in ("L000582", "R000606")] == [True, True]
    assert lists.index("L000582") < lists.index("hr1236-115")


def test_a_companion_has_its_own_sponsor(browser: Browser, staff: Office) -> None:
    browser.get("/organize/campaign/bill").send(
        "/campaign/bill", True, 0, **{"bills-senate-number": "S. 567"}
    )
    browser.get("/organize/campaign/publish").send("/campaign/publish")
    browser.get("/organize/cosponsors/add/B001288").send(
        "/add/B001288", date="2026-11-20", role="sponsor", bill="current"
    )
    browser.send("/apply")
    assert "B001288,Cory A. Booker,current,sponsor,2026-11-20" in live(staff)["cosponsors.csv"]
    browser.get("/organize/cosponsors/add/P000145").send(
        "/add/P000145", date="2026-11-20", role="sponsor", bill="current"
    )
    assert "There is a sponsor already." in browser.words
    both = "bioguide,role,date\nQ000023,sponsor,2025-12-18\nB001288,sponsor,2026-11-20\n"
    upload(browser, both.encode(), "list.csv")
    assert browser.status == 200
    upload(browser, f"{both}P000145,sponsor,2026-11-20\n".encode(), "list.csv")
    assert browser.status == 422


def test_a_member_is_added_and_removed_after_a_preview(browser: Browser, staff: Office) -> None:
    browser.get("/organize/cosponsors/add/L000582").send("/add/L000582", date="2026-11-30")
    assert browser.status == 422
    assert "cannot be in the future" in browser.words
    browser.send("/add/L000582", date="11/20/2026", role="cosponsor", bill="current")
    assert "1 joined, 0 left." in browser.words
    browser.send("/cosponsors/apply", as_of="2026-11-25")
    assert "L000582" in live(staff)["cosponsors.csv"]
    path, data = browser.form("/cosponsors/off")
    browser.post(path, {"token": data["token"], "off": "L000582 current"})
    assert "0 joined, 1 left." in browser.words
    browser.send("/cosponsors/apply")
    assert live(staff)["cosponsors.csv"] == files_of()["cosponsors.csv"].replace("\r\n", "\n")
    browser.post(path, {"token": data["token"], "off": "L000582 current"})
    assert browser.status == 409


def test_a_backer_of_the_opposing_bill_goes_to_the_opposing_list(
    browser: Browser, staff: Office
) -> None:
    browser.get("/organize/cosponsors/add/H001096").send(
        "/add/H001096", date="2025-05-01", role="cosponsor", bill="hr756-119"
    )
    browser.send("/cosponsors/apply")
    assert "H001096" in live(staff)["opposing.csv"]
    assert live(staff)["cosponsors.csv"] == files_of()["cosponsors.csv"]


def test_a_second_sponsor_is_refused(browser: Browser) -> None:
    browser.get("/organize/cosponsors/add/L000582").send(
        "/add/L000582", date="2026-11-20", role="sponsor", bill="current"
    )
    assert browser.status == 422
    assert "There is a sponsor already." in browser.words


def test_the_lists_date_must_not_be_in_the_future(
    browser: Browser, staff: Office, shipped: tuple[Backing, ...]
) -> None:
    upload(browser, status_xml(shipped))
    for typed in ("", "soon", "2026-11-26"):
        browser.send("/cosponsors/apply", as_of=typed)
        assert browser.status == 422
        assert browser.page.by_id("as_of").get("aria-invalid") == "true"
    assert live(staff) == files_of()


def test_a_list_previewed_before_another_change_is_shown_again(
    browser: Browser, ana: Browser, staff: Office, shipped: tuple[Backing, ...]
) -> None:
    upload(browser, status_xml([*shipped, LIEU]))
    late = person_xml(shipped[18], "2026-11-12")
    upload(ana, status_xml(shipped[:18], extra=late)).send("/cosponsors/apply")
    browser.send("/cosponsors/apply")
    assert browser.status == 409
    assert "1 joined, 0 left." in browser.words
    browser.send("/cosponsors/apply")
    assert "The list is live" in browser.words
    assert shipped[18].bioguide not in live(staff)["cosponsors.csv"], "that was Ana’s change"


def test_a_campaign_draft_is_kept_and_gets_the_new_date(
    browser: Browser, staff: Office, shipped: tuple[Backing, ...]
) -> None:
    text = edit.set_fields(files_of()["campaign.toml"], {"title": "In the making"})
    assert isinstance(text, str)
    save_draft(staff.by("Ana"), SLUG, "campaign.toml", text, base=0)
    upload(browser, status_xml([*shipped, LIEU])).send("/cosponsors/apply")
    draft = state_of(staff.db, SLUG, "campaign.toml").draft
    assert draft
    assert 'title = "In the making"' in draft.source
    assert "as_of = 2026-11-20" in draft.source
    assert "In the making" not in live(staff)["campaign.toml"]


HEAD = "bioguide,name,bill,role,date\n"


@pytest.mark.parametrize(
    "carried", ["", "x", f"{HEAD}x,,,,\n", f"{HEAD}F000476,A,nope,sponsor,2026-01-01"]
)
def test_a_list_that_was_tampered_with_is_refused(
    browser: Browser, staff: Office, shipped: tuple[Backing, ...], carried: str
) -> None:
    upload(browser, status_xml(shipped)).send("/cosponsors/apply", list=carried)
    assert browser.status == 422
    assert live(staff) == files_of()


def test_only_editors_have_access(app: Flask, staff: Office, clock: Clock) -> None:
    browser = Browser(app, clock).enter(staff.add("Eve", "exporter"))
    for path in ("", "import", "add/L000582"):
        assert browser.get(f"/organize/cosponsors/{path}").status == 403
    assert browser.get("/organize/").status == 200
    assert "Cosponsors" not in browser.words


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_every_page_opens_in_both_languages(
    app: Flask, staff: Office, clock: Clock, prefix: str
) -> None:
    browser = Browser(app, clock).log_in(staff.add("Eva"), prefix=prefix)
    for path in ("", "?q=garcia", "import", "add/L000582"):
        browser.get(f"{prefix}/organize/cosponsors/{path}")
        assert browser.status == 200
    assert ("(119th Congress)" if not prefix else "(119.º Congreso)") in browser.words
    clock.at += timedelta(seconds=1)
    path, fields = browser.get(f"{prefix}/organize/cosponsors/import").form("/import")
    fields["file"] = (BytesIO(b"bioguide,date\nx,y\n"), "a.csv")
    assert browser.post(path, fields).status == 422


# --- the command ---------------------------------------------------------------------------

REFRESH = "campaign cosponsors refresh"


def test_the_command_previews_then_applies_a_file(
    app: Flask, staff: Office, shipped: tuple[Backing, ...], tmp_path: Path
) -> None:
    path = tmp_path / "status.xml"
    path.write_bytes(status_xml([*shipped[1:], LIEU]))
    dry = flask(REFRESH, "--from", path, "--dry-run", site=app)
    assert dry.exit_code == 0, dry.output
    assert "joined: Ted Lieu (L000582)" in dry.output
    assert "missing from the file; stays on the list: Mike Quigley" in dry.output
    assert live(staff) == files_of()
    done = flask(REFRESH, "--from", path, "--yes", site=app)
    assert "is live." in done.output
    assert "L000582" in live(staff)["cosponsors.csv"]
    assert "Q000023" in live(staff)["cosponsors.csv"]
    again = flask(REFRESH, "--from", path, "--yes", site=app)
    assert "The list is up to date." in again.output


def test_the_command_names_the_unusable_cells_of_a_list(
    app: Flask, staff: Office, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("bioguide,name,date\nL000582,Ted Lieu,someday\n")
    done = flask(REFRESH, "--from", path, site=app)
    assert done.exit_code == 1
    assert "row 2, date someday: Write a day like" in done.output
    assert done.output.count("Nothing ") == done.output.count("Nothing was changed.") == 1
    assert live(staff) == files_of()


def test_the_command_downloads_the_bills_official_file(
    app: Flask, staff: Office, shipped: tuple[Backing, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    class Answer:
        status_code = 200

        def __init__(self, url: str) -> None:
            self.url, self.headers = url, dict[str, str]()

        def __enter__(self) -> Answer:
            return self

        def __exit__(self, *_about: object) -> None: ...

        def iter_content(self, _size: int) -> list[bytes]:
            return [status_xml([*shipped, LIEU])]

    def get(address: str, **_options: object) -> Answer:
        asked.append(address)
        return Answer(address)

    monkeypatch.setattr("requests.get", get)
    done = flask(REFRESH, "--yes", site=app)
    assert done.exit_code == 0, done.output
    assert asked == ["https://www.govinfo.gov/bulkdata/BILLSTATUS/119/hr/BILLSTATUS-119hr6890.xml"]
    assert "L000582" in live(staff)["cosponsors.csv"]


@pytest.mark.parametrize("status", [None, 404])
def test_a_failed_download_changes_nothing_and_says_what_to_do(
    app: Flask, staff: Office, monkeypatch: pytest.MonkeyPatch, status: int | None
) -> None:
    def fail(address: str, **_options: object) -> requests.Response:
        if status is None:
            raise requests.ConnectionError
        answer = requests.Response()
        answer.status_code, answer.url, answer.raw = status, address, BytesIO()
        return answer

    monkeypatch.setattr("requests.get", fail)
    done = flask(REFRESH, "--yes", site=app)
    assert done.exit_code == 1
    assert ("the server answered 404" if status else "could not be fetched") in done.output
    assert "--from" in done.output
    assert live(staff) == files_of()
