"""Sheets in the separate process in which a running site reads them: the worst ones get their
sender an explanation and cost no one else anything."""

from __future__ import annotations

import os
import signal
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from app.records import paper
from app.records.paper_sheets import Step, process_sheet
from app.site.rooms import Place, Subprocess
from app.web.organizer import paper_entry
from tests.organizers.browser import Browser
from tests.organizers.conftest import Office

from .conftest import ANA, BO, HEADER, SPLIT, csv_file, saved, upload, workbook
from .test_large import WAIT, begun, pending, people
from .test_pages import send, signatures

READ_SUBPROCESS, ADD_SUBPROCESS = paper_entry.READ_SUBPROCESS, paper_entry.ADD_SUBPROCESS
GIVEN_UP = "took too long or too much memory"


@pytest.fixture(autouse=True)
def same_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use a separate process, as a running site does."""
    monkeypatch.setattr(paper_entry, "READ_SUBPROCESS", READ_SUBPROCESS)
    monkeypatch.setattr(paper_entry, "ADD_SUBPROCESS", ADD_SUBPROCESS)


def die(*_given: Any) -> Iterator[Any]:
    os.kill(os.getpid(), signal.SIGKILL)
    yield


def die_half_way(*given: Any) -> Iterator[Any]:
    """Add four signatures, then get killed."""
    paper.CHUNK = 2
    for piece in process_sheet(*given):
        if isinstance(piece, Step) and piece.what == "signatures" and piece.done == 4:
            os.kill(os.getpid(), signal.SIGKILL)
        yield piece


def linger(*_given: Any) -> Iterator[Any]:
    signal.pause()
    yield


def bomb(size: int) -> bytes:
    """A workbook of a few hundred kilobytes with one cell of ``size`` bytes."""
    row = b'<row r="3"><c r="A3" t="inlineStr"><is><t>' + b"A" * size + b"</t></is></c></row>"
    out = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(saved(workbook(ANA)))) as book,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made,
    ):
        for name in book.namelist():
            content = book.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = content.replace(b"</sheetData>", row + b"</sheetData>")
            made.writestr(name, content)
    return out.getvalue()


def test_a_sheet_is_previewed_corrected_and_added(editor: Browser, staff: Office) -> None:
    upload(editor, saved(workbook(ANA, BO, SPLIT)), "s.xlsx", source="fair")
    assert editor.status == 422
    assert WAIT not in editor.words
    assert "2 signatures can be added." in editor.words
    assert "Row 4, District" in editor.words
    send(editor, **{"cell-4-district": "IL-5"})
    send(editor, "add")
    assert "3 signatures were added." in editor.words
    assert signatures(staff) == 3


def test_an_unreadable_file_is_explained_from_the_reader_process(editor: Browser) -> None:
    upload(editor, b"Ana,Li\n")
    assert editor.status == 422
    assert "no row with the names of the columns" in editor.words


def test_a_zip_bomb_is_refused_with_an_error_at_its_field(
    editor: Browser, staff: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bomb(200 << 20)
    assert len(content) < 1 << 20
    monkeypatch.setattr(paper_entry, "READ_SUBPROCESS", Subprocess(memory=400 << 20, seconds=60))
    upload(editor, content, "s.xlsx", source="fair")
    assert GIVEN_UP in editor.words or "or it is damaged" in editor.words
    assert editor.page.by_id("file").get("aria-invalid") == "true"
    assert editor.page.by_id("source").get("value") == "fair"
    assert signatures(staff) == 0


def test_a_million_cells_are_read_while_the_page_shows_progress(editor: Browser) -> None:
    wide = ("x",) * 192
    rows = [(*ANA, *wide), *[(f"P{n}", *ANA[1:], *wide) for n in range(5_000)]]
    upload(editor, csv_file(*rows, header=(*HEADER, *(f"Note {n}" for n in range(192)))))
    assert WAIT in editor.words
    assert "The file is being read." in editor.words
    assert "5001 signatures can be added." in editor.words


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_an_upload_while_another_is_read_is_refused_at_once(
    editor: Browser, tmp_path: Path, prefix: str
) -> None:
    words = "se está leyendo otra hoja de firmas" if prefix else "Another sheet of signatures is"
    with Place(tmp_path, "uploads"):
        upload(editor, csv_file(ANA), prefix=prefix)
        assert editor.status == 503
        assert words in editor.words
        assert editor.last.headers["Retry-After"] == "120"
    upload(editor, csv_file(ANA), prefix=prefix)
    assert editor.status == 200


@pytest.mark.parametrize(
    ("work", "bounds"), [(die, READ_SUBPROCESS), (linger, Subprocess(seconds=1))]
)
def test_a_dead_reader_process_is_reported_and_the_form_kept(
    editor: Browser, monkeypatch: pytest.MonkeyPatch, work: Any, bounds: Subprocess
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(paper_entry, "process_sheet", work)
        patched.setattr(paper_entry, "READ_SUBPROCESS", bounds)
        upload(editor, csv_file(ANA), source="fair")
        assert editor.status == 503
        assert GIVEN_UP in editor.words
        assert editor.page.by_id("file").get("aria-describedby") == "file-error"
        assert editor.page.by_id("source").get("value") == "fair"
    upload(editor, csv_file(ANA))  # its place is free again
    assert editor.status == 200


def test_an_import_killed_halfway_leaves_nothing(
    editor: Browser, staff: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(editor, csv_file(*people(9)))
    with monkeypatch.context() as patched:
        patched.setattr(paper_entry, "process_sheet", die_half_way)
        send(editor, "add")
    assert GIVEN_UP in editor.words
    assert (signatures(staff), pending(staff)) == (0, 0)
    upload(editor, csv_file(*people(9)))
    send(editor, "add")
    assert signatures(staff) == 9


def test_closing_the_page_stops_the_import_and_adds_nothing(
    editor: Browser, staff: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper_entry, "PROGRESS_SECONDS", 0.0)
    upload(editor, csv_file(*people(900)))
    response = begun(editor)
    for piece in response.response:
        if b"signatures are in" in (piece if isinstance(piece, bytes) else piece.encode()):
            break
    assert signatures(staff) >= paper.CHUNK
    response.close()
    assert (signatures(staff), pending(staff)) == (0, 0)
