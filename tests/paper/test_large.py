"""A large sheet on the page: it reports progress, and all is added or nothing."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.records import paper_sheets
from app.records.counts import totals
from app.records.database import open_database
from app.records.paper import CHUNK, paper_lock, undo_interrupted
from app.site.daily import undo_killed_import
from app.site.settings import Settings
from app.web.organizer import paper_entry
from tests.organizers.browser import Browser
from tests.organizers.conftest import Office

from .conftest import ANA, SPLIT, countable, csv_file, lock_of, run, upload
from .test_pages import send, signatures

WAIT = "Keep this page open"


def people(count: int) -> list[tuple[str, ...]]:
    return [(f"P{n}", "Example", f"{n} Elm St", *ANA[3:7], "") for n in range(count)]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Report progress after every other row."""
    monkeypatch.setattr(paper_sheets, "PROGRESS_ROWS", 2)
    monkeypatch.setattr(paper_entry, "PROGRESS_SECONDS", 0.0)


def begun(editor: Browser) -> TestResponse:
    """Press “Add”, and read nothing yet."""
    path, form = editor.form("/paper/check")
    kept = {name: value for name, value in form.items() if not name.startswith("out-")}
    sent: TestResponse = editor.client.post(
        path, data={**kept, "add": "1"}, buffered=False, **editor._environ()
    )
    return sent


def pending(staff: Office) -> int:
    return int(
        staff.db.execute("SELECT count(*) FROM paper_imports WHERE state <> 'done'").fetchone()[0]
    )


def test_the_page_shows_progress_and_the_result(editor: Browser, staff: Office) -> None:
    upload(editor, csv_file(*people(7)), source="fair")
    assert editor.status == 200
    assert WAIT in editor.words
    assert "4 of 7 rows were looked at." in editor.words
    assert "7 signatures can be added." in editor.words
    assert len(editor.page.all("h1")) == 1
    send(editor, "add")
    assert "7 of 7 signatures are in." in editor.words
    assert "7 signatures were added." in editor.words
    assert signatures(staff) == 7
    assert staff.db.execute("SELECT DISTINCT source FROM signatures").fetchall() == [("fair",)]
    assert pending(staff) == 0


def test_the_page_starts_before_the_work_is_done(editor: Browser, staff: Office) -> None:
    upload(editor, csv_file(*people(7)))
    response = begun(editor)
    pieces = iter(response.response)
    first = next(pieces)
    assert WAIT in str(first, "utf-8") if isinstance(first, bytes) else WAIT in first
    assert signatures(staff) == 0
    assert "Content-Length" not in response.headers
    assert response.headers["X-Accel-Buffering"] == "no"
    response.close()


def test_closing_the_page_halfway_adds_nothing(
    editor: Browser, staff: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.records.paper.CHUNK", 2)
    upload(editor, csv_file(*people(9)))
    response = begun(editor)
    for piece in response.response:
        if b"4 of 9 signatures are in" in (piece if isinstance(piece, bytes) else piece.encode()):
            break
    assert signatures(staff) == 4  # counts grow while it works
    response.close()
    assert (signatures(staff), pending(staff)) == (0, 0)
    send(editor, "add")
    assert signatures(staff) == 9


def test_rows_with_a_problem_are_corrected_on_the_page(editor: Browser, staff: Office) -> None:
    upload(editor, csv_file(*people(6), SPLIT))
    assert "One row has a problem." in editor.words
    assert "Row 8, District" in editor.words
    send(editor, "add")
    assert signatures(staff) == 0
    path, form = editor.form("/paper/check")
    form.pop("out-8", None)
    editor.post(path, {**form, "cell-8-district": "IL-5"})
    assert "7 signatures can be added." in editor.words
    send(editor, "add")
    assert signatures(staff) == 7


def test_uploading_a_large_sheet_again_adds_nothing(editor: Browser, staff: Office) -> None:
    for _ in range(2):
        upload(editor, csv_file(*people(6)))
        if editor.page.all("button") and "Add 6 signatures" in editor.words:
            send(editor, "add")
    assert "Nothing on this sheet is left to add" in editor.words
    assert signatures(staff) == 6


def test_a_second_sheet_at_the_same_time_is_refused(
    editor: Browser, staff: Office, tmp_path: Path
) -> None:
    import fcntl

    upload(editor, csv_file(*people(6)))
    with paper_lock(tmp_path).open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        send(editor, "add")
    assert "Another sheet is being added right now." in editor.words
    assert signatures(staff) == 0
    send(editor, "add")  # the rows are still on the page
    assert signatures(staff) == 6


def test_an_error_during_an_import_is_reported_and_logs_no_name(
    editor: Browser, staff: Office, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    upload(editor, csv_file(*people(6)))

    def broken(*_given: Any, **_named: Any) -> Any:
        raise RuntimeError("Zebedee, 12 Main St")

    monkeypatch.setattr(paper_sheets, "import_steps", broken)
    with caplog.at_level(logging.DEBUG):
        send(editor, "add")
    assert "Something went wrong on this site, and nothing was changed." in editor.words
    assert "Zebedee" not in caplog.text
    assert "RuntimeError" in caplog.text
    assert signatures(staff) == 0


def test_the_progress_page_is_in_spanish(editor: Browser) -> None:
    import io

    from werkzeug.datastructures import FileStorage
    from werkzeug.test import encode_multipart

    editor.get("/es/organize/paper/upload")
    path, data = editor.form("/paper/upload")
    fields = {**data, "file": FileStorage(io.BytesIO(csv_file(*people(6))), filename="s.csv")}
    boundary, body = encode_multipart(fields)
    sent = editor.client.post(path, data=body, **editor._environ(),
                              content_type=f"multipart/form-data; boundary={boundary}")  # fmt: skip
    assert "Deje abierta esta página" in sent.text
    assert "Se revisaron 4 de 6 filas." in sent.text


def _die(path: Path) -> None:
    def die(_done: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    run(open_database(path), countable(CHUNK + 1), progress=die)


def test_a_killed_import_is_undone_automatically(tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path, secret_key=b"s" * 32, person_key=b"p" * 32)
    open_database(settings.database).close()
    child = multiprocessing.get_context("spawn").Process(target=_die, args=(settings.database,))
    child.start()
    child.join()
    db = sqlite3.connect(settings.database)
    assert db.execute("SELECT count(*) FROM paper_rows").fetchone() == (CHUNK,)
    assert undo_killed_import(settings) == CHUNK
    assert undo_killed_import(settings) == 0
    assert totals(db, "protect-immigration-act").signatures == 0
    db.close()


def test_a_running_import_is_not_undone(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    db = open_database(path)
    told: list[int] = []

    def look(_done: int) -> None:
        told.append(undo_interrupted(db, lock_of(db)))

    assert run(db, countable(3), progress=look).signatures == 3
    assert told == [0]
    db.close()
