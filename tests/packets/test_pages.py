"""Packets from the organizers' page: streamed while they are made, and stored nowhere."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.documents.pdf import CHUNK
from app.records.audit import What
from app.records.keys import first_key, make_key, move_private, unlock
from app.records.paper import Batch, CountableRow, PaperLetters, add_one
from app.records.paper_columns import SheetRow
from app.records.paper_plan import ImportPlace, judge
from app.records.sealing import seal_details
from app.site.services import services
from app.web.organizer import sealed_pages
from tests.organizers.browser import Browser
from tests.organizers.conftest import (  # noqa: F401 - fixtures
    Clock,
    Office,
    app,
    clock,
    site_url,
    staff,
)

from .conftest import DAY, PASSPHRASE, campaign, pages, person, tables

HERE = "/organize/packets/"
STORY = "My own words about the clinic."
Ask = Callable[..., None]


@pytest.fixture
def admin(app: Flask, staff: Office, clock: Clock) -> Browser:  # noqa: F811
    browser = Browser(app, clock)
    browser.enter(staff.add("Ada", "admin"))
    return browser


@pytest.fixture
def ask(app: Flask, staff: Office) -> Ask:  # noqa: F811
    """Let people ask for delivery by hand."""
    place = ImportPlace(campaign().slug, tables(), DAY, b"p" * 32, b"s" * 32)

    def asked(*people: dict[str, Any]) -> None:
        with app.app_context():
            site = services()
            key = first_key(site.settings.keys, today=DAY)
            for number, details in enumerate(people):
                values = {name: str(details[name]) for name in ("first", "last", "city", "state",
                                                                "zip", "district")}  # fmt: skip
                good = judge(SheetRow(2, {**values, "street": f"{number} Elm St"}), place)
                assert isinstance(good, CountableRow), good
                batch = Batch(campaign().slug, DAY, site.now(), "en", "", "test", "form")
                add_one(site.db(), good, batch, letters=PaperLetters(campaign(), DAY),
                          secret=b"s" * 32)  # fmt: skip
                last = site.db().execute("SELECT max(id) FROM signatures").fetchone()[0]
                assert seal_details(site.db(), last, "packet", details, key, day=DAY)

    return asked


def made(browser: Browser, **typed: str) -> zipfile.ZipFile:
    browser.get(HERE)
    browser.send("/packets.zip", follow=True, number=0, **typed)
    assert browser.status == 200, browser.words
    return zipfile.ZipFile(io.BytesIO(browser.last.data))


def everything_under(folder: Path) -> Iterator[bytes]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.read_bytes()


def test_an_admin_gets_one_pdf_for_each_office(admin: Browser, ask: Ask) -> None:
    ask(person(), person(first="Bo", words=STORY))
    with made(admin) as packets:
        assert packets.testzip() is None
        assert packets.namelist() == [
            "IL-5-quigley.pdf", "IL-S2-durbin.pdf", "IL-S3-duckworth.pdf", "index.csv",
        ]  # fmt: skip
        texts = pages(packets.read("IL-5-quigley.pdf"))
        assert "2" in texts[0]
        assert "constituents wrote to" in " ".join(texts[0].split())
        assert STORY in texts[1] + texts[2]
        assert "No. 2 of 2" in texts[2]
        index = packets.read("index.csv").decode("utf-8-sig").splitlines()
        assert len(index) == 7
    assert admin.last.headers["Content-Type"] == "application/zip"
    assert (
        "packets-protect-immigration-act-2026-11-25.zip"
        in (admin.last.headers["Content-Disposition"])
    )
    assert "no-store" in admin.last.headers["Cache-Control"]


def test_no_plaintext_is_written_to_disk(
    admin: Browser, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(*(person(first=f"Zebedee{n}", words=STORY) for n in range(3)))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "temp").mkdir()
    written: list[bytes] = []
    real = os.open

    def watched(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR):
            written.append(os.fsencode(path))
        return real(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", watched)
    admin.get(HERE)
    path, form = admin.form("/packets.zip")
    response = admin.client.post(path, data=form, buffered=False, **admin._environ())
    got = b""
    for piece in response.response:
        assert isinstance(piece, bytes)
        got += piece
        # Every file that exists while the packets are made, at every step.
        assert not any(b"Zebedee" in content or STORY.encode() in content
                       for content in everything_under(tmp_path))  # fmt: skip
    response.close()
    assert zipfile.ZipFile(io.BytesIO(got)).testzip() is None
    assert not list((tmp_path / "temp").iterdir())
    assert not [name for name in written if name.endswith((b".pdf", b".csv"))]


def test_spilled_letters_do_not_use_the_temporary_folder(
    admin: Browser, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(person())
    admin.get(HERE)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "full"))
    admin.send("/packets.zip")
    assert admin.last.mimetype == "application/zip"


def test_packets_are_streamed_as_they_are_made(
    admin: Browser, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(*(person(letters={"IL-5": f"Mine is {n}."}) for n in range(5)))
    monkeypatch.setattr("app.delivery.packets.CHUNK", 2)
    assert CHUNK > 2
    admin.get(HERE)
    path, form = admin.form("/packets.zip")
    response = admin.client.post(path, data={**form, "split": "250"}, buffered=False,
                                 **admin._environ())  # fmt: skip
    assert "Content-Length" not in response.headers
    assert len(list(response.response)) == 5  # three chunks, the last file, the index
    response.close()


@pytest.mark.parametrize(
    ("split", "names"),
    [
        ("office", {"IL-5-quigley.pdf", "IL-S2-durbin.pdf", "IL-S3-duckworth.pdf"}),
        ("state", {"IL.pdf"}),
        ("250", {"packet.pdf"}),
        ("20MB", {"packet.pdf"}),
    ],
)
def test_the_letters_are_split_as_chosen(
    admin: Browser, ask: Ask, split: str, names: set[str]
) -> None:
    ask(person())
    assert set(made(admin, split=split).namelist()) == {*names, "index.csv"}


def test_the_passphrase_is_asked_for_if_it_is_not_stored_with_the_key(
    admin: Browser, ask: Ask, tmp_path: Path
) -> None:
    ask(person())
    keys = tmp_path / "keys"
    key = first_key(keys, today=DAY)
    beside = keys / f"{key.id}.passphrase"
    passphrase = beside.read_text(encoding="utf-8").strip()
    beside.unlink()
    admin.get(HERE)
    admin.send("/packets.zip", passphrase="")
    assert admin.status == 422
    assert "Enter the passphrase" in admin.words
    admin.send("/packets.zip", passphrase="not the right one at all")
    assert admin.status == 422
    assert "does not open the key" in admin.words
    assert "not the right one" not in admin.last.text
    assert "index.csv" in made(admin, passphrase=passphrase).namelist()


def test_a_typed_passphrase_leaves_out_no_key_whose_own_is_stored_here(
    admin: Browser,
    ask: Ask,
    tmp_path: Path,
    staff: Office,  # noqa: F811
) -> None:
    ask(person())
    make_key(tmp_path / "keys", PASSPHRASE, today=DAY, strength="interactive")
    ask(person(first="Bo", words=STORY))

    def exported() -> Any:
        (facts,) = staff.db.execute(
            "SELECT after FROM audit_events WHERE what = ? ORDER BY number DESC LIMIT 1",
            (What.SEALED_EXPORTED.value,),
        ).fetchone()
        return json.loads(facts)

    both = made(admin, passphrase=PASSPHRASE)
    assert "No. 2 of 2" in pages(both.read("IL-5-quigley.pdf"))[2]
    assert (exported()["rows"], len(exported()["keys"].split(", "))) == (2, 2)
    made(admin, passphrase="")
    assert (exported()["rows"], len(exported()["keys"].split(", "))) == (1, 1)


def test_with_the_key_elsewhere_only_the_sealed_export_is_offered(
    admin: Browser, ask: Ask, tmp_path: Path
) -> None:
    ask(person())
    key = first_key(tmp_path / "keys", today=DAY)
    passphrase = (tmp_path / "keys" / f"{key.id}.passphrase").read_text(encoding="utf-8").strip()
    (tmp_path / "usb").mkdir()
    opened = unlock(tmp_path / "keys" / f"{key.id}.private.json", passphrase)
    move_private(tmp_path / "keys", key, opened, PASSPHRASE, tmp_path / "usb")
    admin.get(HERE)
    assert "The private key is not on this server. That is right." in admin.words
    assert not [f for f in admin.page.all("form") if "packets.zip" in (f.get("action") or "")]
    _path, form = admin.form("/sealed")
    assert admin.post("/organize/packets/packets.zip", form).status == 409
    admin.get(HERE)
    admin.send("/sealed")
    assert admin.status == 200
    lines = [json.loads(line) for line in admin.last.text.splitlines()]
    assert lines[0]["kind"] == "dear-congress sealed export"
    assert lines[-1] == {"end": True, "rows": 1}
    assert "12 Main St" not in admin.last.text  # a short name may occur in sealed bytes by chance


def test_both_downloads_are_audited(
    admin: Browser, ask: Ask, staff: Office  # noqa: F811
) -> None:  # fmt: skip
    ask(person())
    made(admin)
    admin.get(HERE)
    admin.send("/sealed")
    found = staff.db.execute(
        "SELECT who, subject, after FROM audit_events WHERE what = 'sealed details exported'"
    ).fetchall()
    assert [who for who, _subject, _after in found] == ["Ada", "Ada"]
    assert [json.loads(after)["rows"] for *_rest, after in found] == [1, 1]


def test_a_letter_that_cannot_be_made_is_listed_without_a_name(admin: Browser, ask: Ask) -> None:
    ask(person(), person(first="Bo", template="no-such"))
    with made(admin) as packets:
        problems = packets.read("problems.csv").decode("utf-8-sig")
        assert problems.splitlines()[1].startswith("2,")
        assert "no-such" in problems
        assert "Bo" not in problems


@pytest.mark.parametrize("role", ["editor", "exporter"])
def test_only_an_admin_has_access(
    app: Flask, staff: Office, clock: Clock, role: Any  # noqa: F811
) -> None:  # fmt: skip
    browser = Browser(app, clock)
    browser.enter(staff.add("Eve", role))
    assert browser.get(HERE).status == 403
    assert "Packets" not in browser.get("/organize/").words


def test_an_old_login_is_confirmed_again_and_no_passphrase_is_carried(
    admin: Browser, ask: Ask, clock: Clock  # noqa: F811
) -> None:  # fmt: skip
    ask(person())
    admin.get(HERE)
    clock.forward(minutes=20)
    admin.send("/packets.zip", passphrase="a passphrase typed early")
    assert admin.status == 401
    assert "a passphrase typed early" not in admin.last.text


def test_without_any_requests_the_page_says_so(admin: Browser) -> None:
    admin.get(HERE)
    assert "No one has asked for delivery by hand yet." in admin.words
    assert not [f for f in admin.page.all("form") if "packets.zip" in (f.get("action") or "")]
    admin.get("/es/organize/packets/")
    assert "Nadie ha pedido todavía la entrega en mano." in admin.words


def test_a_busy_database_is_reported_and_makes_no_packets(
    admin: Browser, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.errors import NotStoredError

    ask(person())
    admin.get(HERE)

    def busy(*_given: object, **_named: object) -> None:
        raise NotStoredError from sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(sealed_pages, "record_export", busy)
    admin.send("/packets.zip")
    assert admin.status == 503
    assert "Nothing was saved or changed" in admin.words
