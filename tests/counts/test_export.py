"""Exporting counts: the page, the file in every format, and the audit event."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import openpyxl  # type: ignore[import-untyped]
import pytest
from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st

from app.records import audit, exports
from app.records.acts import LetterRow
from app.records.audit import What
from app.records.database import open_database
from app.records.definitions import DEFINITIONS
from app.site.services import services
from app.web.organizer import counts_export
from app.web.organizer.counts_export import FORMATS, zipped
from app.web.organizer.counts_read import FIELDS
from app.web.organizer.show import download
from tests.counts.conftest import Add
from tests.organizers.browser import Browser
from tests.organizers.conftest import PASSWORD, Clock, Office
from tests.records.build import letters_of

FILE = "/organize/counts/export/file"
HEADERS = {
    "counts": ["state", "signatures", "letters"],
    "signatures": [
        "signature", "campaign", "status", "day", "signed_at (America/New_York)", "state",
        "district", "template", "version", "length", "language", "match", "source", "edited",
        "own_share", "letters", "congress",
    ],
    "letters": [
        "signature", "campaign", "status", "day", "state", "district", "seat", "recipient", "name",
        "ask", "handed_over", "handed_over_at (America/New_York)", "handed_over_cause",
        "congress",
    ],
}  # fmt: skip
"""The order is stable: new columns go at the end."""


def take(browser: Browser, query: str) -> bytes:
    browser.get(f"{FILE}?{query}")
    assert browser.status == 200, browser.last.text[:1000]
    return bytes(browser.last.data)


def csv_rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


@pytest.mark.usefixtures("some")
def test_counts_are_the_same_in_every_format(browser: Browser, tmp_path: Path) -> None:
    rows = csv_rows(take(browser, "by=state"))
    assert rows == [["state", "signatures", "letters"], ["CA", "12", "36"], ["DC", "3", "3"]]
    document = json.loads(take(browser, "by=state&format=json"))
    assert [list(row.values()) for row in document["rows"]] == [["CA", 12, 36], ["DC", 3, 3]]
    book = openpyxl.load_workbook(io.BytesIO(take(browser, "by=state&format=xlsx")))
    assert [[c.value for c in row] for row in book.worksheets[0].iter_rows()] == [
        ["state", "signatures", "letters"], ["CA", 12, 36], ["DC", 3, 3],
    ]  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(take(browser, "by=state&format=sqlite"))) as archive:
        assert archive.testzip() is None
        database, metadata = sorted(archive.namelist())
        archive.extractall(tmp_path)
    assert metadata == database.replace(".db", ".metadata.json")
    with closing(sqlite3.connect(tmp_path / database)) as db:
        assert list(db.execute("SELECT * FROM counts_by_state")) == [("CA", 12, 36), ("DC", 3, 3)]
    assert "counts_by_state" in (tmp_path / metadata).read_text()
    with zipfile.ZipFile(io.BytesIO(take(browser, "by=state&format=csv-zip"))) as archive:
        table, about = archive.namelist()
        assert csv_rows(archive.read(table)) == rows
        assert json.loads(archive.read(about))["url"] == table


@pytest.mark.parametrize("shape", HEADERS)
def test_an_empty_campaign_exports_only_the_headers(browser: Browser, shape: str) -> None:
    data = take(browser, f"shape={shape}")
    assert data.startswith(b"\xef\xbb\xbf")
    assert csv_rows(data) == [HEADERS[shape]]


@pytest.mark.usefixtures("some")
def test_exported_rows_follow_the_urls_filter(browser: Browser) -> None:
    def count(query: str) -> int:
        return len(csv_rows(take(browser, query))) - 1

    assert count("shape=signatures") == 15
    assert count("shape=signatures&status=every") == 20
    assert count("shape=signatures&state=DC&language=es") == 3
    assert count("shape=signatures&source=(none)") == 9
    assert count("shape=letters") == 39
    assert count("shape=letters&until=2026-11-24") == 33
    assert count("by=day&since=2026-11-20") == 6
    # Held, unconfirmed and test signatures are exported on request, labeled as such.
    held = list(csv.DictReader(io.StringIO(
        take(browser, "shape=signatures&status=held").decode("utf-8-sig"))))  # fmt: skip
    assert [row["status"] for row in held] == ["held"]


def test_grouping_by_status_lists_every_status(browser: Browser, add: Add) -> None:
    add(status="held")
    rows = {row[0]: row[1:] for row in csv_rows(take(browser, "by=status"))}
    assert rows["held"] == ["1", "3"]
    assert rows["counted"] == ["0", "0"]


@pytest.mark.usefixtures("some")
def test_a_file_describes_itself(browser: Browser) -> None:
    about: dict[str, Any] = json.loads(take(browser, "format=json&state=DC&source=(none)"))["about"]
    assert about["campaign"] == "protect-immigration-act"
    assert about["state"] == "DC"
    assert about["source"] == "no source"
    assert about["time zone"] == "America/New_York"
    assert about["made at"] == "2026-11-25 07:01"
    assert about["data: members of Congress"] == "2026-06-15"
    assert about["definition: signatures"] == DEFINITIONS[0].meaning
    assert about["total signatures"] == 3
    assert browser.last.headers["Content-Type"] == "application/json"
    name = browser.last.headers["Content-Disposition"]
    assert 'filename="protect-immigration-act-counts-by-state-2026-11-25-DC-no-source.json"' in name


def test_exported_times_are_local_on_days_the_clocks_change(browser: Browser, add: Add) -> None:
    """EX06, TZ01: half past nine in the evening is 8 March, though it is the 9th in UTC."""
    add(day=date(2026, 3, 8), at=datetime(2026, 3, 9, 1, 30, tzinfo=UTC))
    add(day=date(2026, 11, 1), at=datetime(2026, 11, 1, 5, 30, tzinfo=UTC))
    add(day=date(2026, 11, 1), at=datetime(2026, 11, 1, 6, 30, tzinfo=UTC))
    rows = csv_rows(take(browser, "shape=signatures"))
    assert [row[3:5] for row in rows[1:]] == [
        ["2026-03-08", "2026-03-08 21:30"],
        ["2026-11-01", "2026-11-01 01:30"],
        ["2026-11-01", "2026-11-01 01:30"],
    ]
    book = openpyxl.load_workbook(io.BytesIO(take(browser, "shape=signatures&format=xlsx")))
    cells = next(iter(book.worksheets[0].iter_rows(min_row=2, max_row=2)))
    assert cells[3].value == datetime(2026, 3, 8)  # noqa: DTZ001 - a day has no zone
    assert cells[4].value == datetime(2026, 3, 8, 21, 30)  # noqa: DTZ001 - the header names it
    assert cells[4].is_date


@pytest.mark.parametrize("form", FORMATS)
def test_a_letters_name_is_never_a_formula_and_breaks_no_file(
    browser: Browser, add: Add, form: str
) -> None:
    add(template="=1+1", version="\x00\x0b\ud800".encode("utf-8", "replace").decode(), match="@x")
    add(template="-Ann", version="\r\n,\"'")
    data = take(browser, f"shape=signatures&format={form}")
    if form == "csv":
        rows = csv_rows(data)
        assert [row[7] for row in rows[1:]] == ["'=1+1", "-Ann"]
        assert rows[1][11] == "'@x"
    elif form == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
        assert sheet["H2"].value == "=1+1"
        assert sheet["H2"].data_type == "s"
    elif form == "json":
        assert json.loads(data)["rows"][0]["template"] == "=1+1"


def test_one_person_in_two_campaigns_counts_once_per_campaign(browser: Browser, add: Add) -> None:
    """EX13: each campaign has 1; all together are 2 rows and 1 person."""
    from tests.records.build import person

    add(person=person("imani"))
    add(person=person("imani"), campaign="another")
    for campaign in ("", "another"):
        assert len(csv_rows(take(browser, f"shape=signatures&campaign={campaign}"))) == 2
    assert len(csv_rows(take(browser, "shape=signatures&campaign=(all)"))) == 3
    about = json.loads(take(browser, "format=json&campaign=(all)"))["about"]
    assert about["people in all campaigns"] == 1
    for narrowed in ("state=DC", "status=held"):  # the people of all states are none of its numbers
        about = json.loads(take(browser, f"format=json&campaign=(all)&{narrowed}"))["about"]
        assert about["total signatures"] == 0
        assert "people in all campaigns" not in about
    browser.get("/organize/counts/export?campaign=(all)")
    assert "2 signatures" in browser.words


@pytest.mark.usefixtures("some")
def test_an_export_is_audited_and_viewing_is_not(browser: Browser, staff: Office) -> None:
    before = audit.page(staff.db, audit.TrailFilter()).total
    browser.get("/organize/counts")
    browser.get("/organize/counts/export?state=CA")
    browser.client.head(f"{FILE}?format=xlsx")
    assert audit.page(staff.db, audit.TrailFilter()).total == before
    take(browser, "shape=letters&state=CA&format=xlsx")
    event = audit.page(staff.db, audit.TrailFilter()).events[0]
    assert event.what is What.COUNTS_EXPORTED
    assert event.who == "Boss"
    assert event.after == {
        "shape": "letters", "format": "xlsx", "rows": 36, "filter": '{"state": "CA"}',
    }  # fmt: skip


def test_the_audited_rows_are_those_of_the_file(browser: Browser, staff: Office, add: Add) -> None:
    add(letters=(LetterRow("CA-12", None, "vacant"), *letters_of("CA", 12)[1:]))
    rows = csv_rows(take(browser, "shape=letters"))[1:]
    assert audit.page(staff.db, audit.TrailFilter()).events[0].after["rows"] == len(rows) == 3


def test_an_export_asks_for_the_password_and_then_downloads(browser: Browser, clock: Clock) -> None:
    clock.forward(minutes=10)
    browser.get(f"{FILE}?shape=signatures&state=DC")
    assert browser.title == "Enter your password again"
    browser.send("/confirm", password=PASSWORD)
    assert browser.status == 200
    assert browser.last.mimetype == "text/csv"
    assert csv_rows(browser.last.data) == [HEADERS["signatures"]]


@pytest.mark.parametrize(
    "query", ["shape=all", "by=name", "format=exe", "since=x", "by=%00", "format=../csv"]
)
def test_an_invalid_export_request_returns_the_page_and_no_file(
    browser: Browser, staff: Office, query: str
) -> None:
    before = audit.page(staff.db, audit.TrailFilter()).total
    browser.get(f"{FILE}?{query}")
    assert browser.status == 422
    assert browser.title == "Export counts"
    assert audit.page(staff.db, audit.TrailFilter()).total == before


@pytest.mark.usefixtures("some")
@pytest.mark.parametrize("form", ["xlsx", "sqlite"])
def test_no_export_file_is_left_behind(app: Flask, browser: Browser, form: str) -> None:
    take(browser, f"format={form}")
    browser.last.close()
    with app.app_context():
        folder = services().settings.instance
    assert not list(folder.glob(".export-*"))


def test_an_export_is_a_snapshot_and_does_not_block_signing(
    app: Flask, browser: Browser, add: Add
) -> None:
    for _ in range(600):
        add()
    response = browser.client.get(f"{FILE}?shape=signatures", buffered=False)
    pieces = cast("Iterator[bytes]", iter(response.response))
    first = next(pieces)
    add()
    with app.app_context(), closing(open_database(services().settings.database)) as db:
        assert db.execute("SELECT count(*) FROM signatures").fetchone() == (601,)
    assert len(csv_rows(first + b"".join(pieces))) == 601, "a header and the 600 of before"
    response.close()


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("campaign-2026.csv", "campaign-2026.csv"),
        ("acción-2026.csv", "accion-2026.csv"),
        ("الحملة-2026.csv", "2026.csv"),
        ("行动.csv", "export.csv"),
    ],
)
def test_file_names_are_sent_in_ascii_and_utf_8(name: str, plain: str) -> None:
    header = download(b"", "text/csv", name).headers["Content-Disposition"]
    header.encode("ascii")
    assert f'filename="{plain}"' in header
    from urllib.parse import unquote

    assert name.isascii() or unquote(header.partition("filename*=UTF-8''")[2]) == name


def test_a_zip_file_is_streamed() -> None:
    taken = []

    def pieces() -> Any:
        for number in range(400):
            taken.append(number)
            yield f"{number}\n" * 200

    stream = zipped([("a.csv", pieces())])
    first = next(stream)
    assert len(taken) < 400
    with zipfile.ZipFile(io.BytesIO(first + b"".join(stream))) as archive:
        assert archive.testzip() is None
        assert archive.read("a.csv").count(b"\n") == 80_000


@pytest.mark.usefixtures("some")
def test_the_export_page_keeps_the_choices_of_its_url(browser: Browser) -> None:
    page = browser.get(
        "/organize/counts/export?shape=letters&format=json&by=day&state=CA&source=mail"
    ).page
    _path, sent = browser.form("/export/file")
    assert sent["shape"] == "letters"
    assert sent["format"] == "json"
    assert "6 signatures, 18 letters." in browser.words
    chosen = {
        s.get("name"): o.get("value")
        for s in page.all("select") for o in s.iter() if o.get("selected") is not None
    }  # fmt: skip
    assert chosen["state"] == "CA"
    assert chosen["source"] == "mail"
    assert chosen["by"] == "day"


ZONES = (
    "America/New_York", "America/Chicago", "America/Phoenix", "America/St_Johns",
    "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Honolulu", "UTC",
)  # fmt: skip


@given(
    at=st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001
    zone=st.sampled_from(ZONES),
)
@example(at=datetime(2026, 3, 8, 6, 59), zone="America/New_York")  # noqa: DTZ001
@example(at=datetime(2026, 3, 8, 7, 0), zone="America/New_York")  # noqa: DTZ001
@example(at=datetime(2026, 11, 1, 6, 30), zone="America/New_York")  # noqa: DTZ001
@example(at=datetime(2026, 4, 4, 15, 15), zone="Australia/Lord_Howe")  # noqa: DTZ001
def test_a_stored_minute_is_shown_in_local_time_in_every_zone(at: datetime, zone: str) -> None:
    stored = at.strftime("%Y-%m-%dT%H:%MZ")
    there = at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    shown = there.strftime("%Y-%m-%d %H:%M")
    assert exports._local_times(zone)([stored]) == [shown]
    # Together with other times, in hours with and without a full-hour offset.
    others = ["2026-04-04T15:15Z", "2026-01-01T00:00Z"]
    assert exports._local_times(zone)([*others, stored])[2] == shown


@pytest.mark.usefixtures("some")
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("shape", ["shape=counts&by=state", "shape=signatures", "shape=letters"])
def test_every_file_but_plain_csv_has_filter_time_and_definitions(
    browser: Browser, tmp_path: Path, form: str, shape: str
) -> None:
    data = take(browser, f"{shape}&format={form}&state=CA")
    if form in ("csv-zip", "sqlite"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            texts = [archive.read(name) for name in archive.namelist() if ".json" in name]
            text = b"".join(texts).decode()
    elif form == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(data))["About"]
        text = "\n".join(f"{row[0].value}: {row[1].value}" for row in sheet)
    else:
        text = data.decode("utf-8-sig")
    if form == "csv":  # the table alone, as its name on the page says
        assert "definition" not in text
        return
    text = text.replace('""', '"').replace("\\u2019", "’")
    for words in (
        "protect-immigration-act", "America/New_York", "2026-11-25 07:01", "2026-06-15",
        "data: cosponsors", *(found.meaning for found in DEFINITIONS),
    ):  # fmt: skip
        assert words in text, words


def test_the_page_defaults_to_a_self_describing_file(browser: Browser) -> None:
    browser.get("/organize/counts/export")
    _path, sent = browser.form("/export/file")
    assert sent["format"] == "csv-zip"
    # A URL without a format still returns the plain table.
    assert take(browser, "by=state").startswith(b"\xef\xbb\xbfstate,")


@pytest.mark.usefixtures("some")
def test_notes_precede_the_table_and_an_empty_line(browser: Browser) -> None:
    text = take(browser, "by=state&format=csv-notes").decode("utf-8-sig")
    notes, _, below = text.partition("\r\n\r\n")
    assert below == "state,signatures,letters\r\nCA,12,36\r\nDC,3,3\r\n"
    assert all(len(row) == 2 for row in csv.reader(io.StringIO(notes)))
    assert ".csv" in browser.last.headers["Content-Disposition"]


def test_columns_and_groupings_are_documented() -> None:
    text = Path("docs/exports.md").read_text("utf-8")
    for shape in ("signatures", "letters"):
        line = next(row for row in text.splitlines() if row.startswith(f"| {shape} | `"))
        assert re.findall("`([^`]+)`", line) == [name.split(" ")[0] for name in HEADERS[shape]]
    for by in exports.GROUPINGS:
        assert f"`{by}`" in text
    for field in FIELDS:
        assert f"`{field}`" in text


@pytest.mark.usefixtures("some")
@pytest.mark.parametrize("what", ["shape=letters&format=csv", "by=state&format=sqlite"])
def test_a_large_file_made_in_a_separate_process_is_the_same(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def content(file: bytes) -> object:
        if "csv" in what:
            return file
        with zipfile.ZipFile(io.BytesIO(file)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    here = take(browser, what)
    started: list[int] = []
    for name in ("in_subprocess", "pieces_from_subprocess"):
        start = getattr(counts_export, name)

        def counted(*given: object, start: Any = start) -> object:
            started.append(1)
            return start(*given)

        monkeypatch.setattr(counts_export, name, counted)
    monkeypatch.setattr(counts_export, "SUBPROCESS_ROWS", 0)
    assert content(take(browser, what)) == content(here)
    assert len(started) == 1
