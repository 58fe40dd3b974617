"""The pages where organizers decide on held signatures and see where the keys are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from app.errors import NotStoredError
from app.records import holding
from app.records.acts import HeldReason
from app.records.audit import TrailFilter, every
from app.records.holding import held_page
from app.records.keys import first_key, make_key
from app.records.organizers import Role
from app.records.signing import sign
from tests.organizers.browser import Browser
from tests.organizers.conftest import Clock, Office
from tests.safety.people import CAMPAIGN, SECRET, TODAY, request


@pytest.fixture
def browser(app: Flask, clock: Clock) -> Browser:
    return Browser(app, clock)


def hold(staff: Office, *reasons: HeldReason) -> None:
    for number, reason in enumerate(reasons, start=1):
        sign(staff.db, replace(request(number, status="held"), held_for=reason), SECRET)


def statuses(staff: Office) -> list[str]:
    return [row[0] for row in staff.db.execute("SELECT status FROM signatures ORDER BY id")]


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_an_editor_sees_what_is_held_and_why(browser: Browser, staff: Office, prefix: str) -> None:
    hold(staff, "too fast", "crowd")
    browser.log_in(staff.add(), prefix=prefix)
    browser.get(f"{prefix}/organize/")
    held = "2 signatures are held" if not prefix else "2 firmas están en revisión"
    assert held in browser.words
    browser.get(f"{prefix}/organize/held/")
    assert ("signed within seconds" if not prefix else "en segundos") in browser.words
    assert ("25 de noviembre de 2026" if prefix else "November 25, 2026") in browser.words
    assert "CA" in browser.words


def test_a_one_seat_state_is_shown_as_at_large_not_district_zero(
    browser: Browser, staff: Office
) -> None:
    late = replace(request(1, status="held"), held_for="crowd", state="VT", district=0)
    sign(staff.db, late, SECRET)
    sign(staff.db, replace(request(2, status="held"), held_for="crowd"), SECRET)
    browser.log_in(staff.add())
    browser.get("/organize/held/")
    cells = ["".join(cell.itertext()) for cell in browser.page.all("td")]
    assert "VT at large" in cells
    assert "CA-12" in cells
    assert "0" not in cells


def test_checked_signatures_are_released_and_can_be_held_again(
    browser: Browser, staff: Office
) -> None:
    hold(staff, "crowd", "crowd", "too fast")
    browser.log_in(staff.add())
    browser.get("/organize/held/")
    path, form = browser.form("/held/")
    form.pop("row", None)
    browser.post(path, {**form, "row": ["1", "3"], "do": "release"})
    assert "2 signatures were moved" in browser.words
    assert statuses(staff) == ["counted", "held", "counted"]
    browser.get("/organize/held/?show=released")
    path, form = browser.form("/held/")
    browser.post(path, {**form, "row": ["3"], "do": "hold again"})
    assert statuses(staff) == ["counted", "held", "held"]
    trail = [(e.what.value, e.who, e.after["numbers"]) for e in every(staff.db, TrailFilter())
             if "signatures" in e.what.value]  # fmt: skip
    assert trail == [
        ("held signatures released", "Rosa", "1, 3"),
        ("signatures held again", "Rosa", "3"),
    ]


def test_one_button_sets_aside_everything_on_the_page(browser: Browser, staff: Office) -> None:
    hold(staff, "crowd", "crowd", "crowd", "crowd", "crowd")
    browser.log_in(staff.add())
    browser.get("/organize/held/")
    path, form = browser.form("/held/")
    form.pop("row", None)
    form["shown"] = [str(n) for n in range(1, 6)]
    browser.post(path, {**form, "do": "set aside/all"})
    assert statuses(staff) == ["held"] * 5
    assert held_page(staff.db, CAMPAIGN).numbers["set aside"] == 5
    browser.get("/organize/held/")
    assert "list is empty" in browser.words


@pytest.mark.parametrize(
    "data",
    [
        {}, {"do": "release"}, {"do": "delete", "row": ["1"]}, {"row": ["1"]},
        {"do": "release", "row": ["x", "-1", "1e3", "9" * 30, "\x00"]},
        {"do": "release/all", "row": ["1"]},
    ],
)  # fmt: skip
def test_an_empty_selection_or_unknown_button_changes_nothing(
    browser: Browser, staff: Office, data: dict[str, object]
) -> None:
    hold(staff, "crowd")
    browser.log_in(staff.add())
    browser.get("/organize/held/")
    path, form = browser.form("/held/")
    browser.post(path, {"token": form["token"], **data})
    assert browser.status == 422
    assert statuses(staff) == ["held"]


def test_checkmarks_survive_a_busy_database(
    browser: Browser, staff: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> int:
        raise NotStoredError("busy")

    hold(staff, "crowd", "crowd", "crowd")
    browser.log_in(staff.add())
    browser.get("/organize/held/")
    path, form = browser.form("/held/")
    monkeypatch.setattr(holding, "decide", busy)
    browser.post(path, {**form, "row": ["1", "3"], "do": "release"})
    assert browser.status == 503
    ticks = [tick for tick in browser.page.all("input") if tick.get("name") == "row"]
    assert [tick.get("value") for tick in ticks if tick.get("checked") is not None] == ["1", "3"]


@pytest.mark.parametrize(("role", "status"), [("editor", 200), ("admin", 200), ("exporter", 403)])
def test_only_editors_and_admins_see_held_signatures(
    browser: Browser, staff: Office, role: Role, status: int
) -> None:
    browser.log_in(staff.add("Someone", role))
    assert browser.get("/organize/held/").status == status


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_the_overview_nags_until_the_private_key_is_moved(
    app: Flask, browser: Browser, staff: Office, prefix: str
) -> None:
    folder = app.extensions["dear_congress"].settings.keys
    key = first_key(folder, today=TODAY)
    browser.log_in(staff.add("Ada", "admin"), prefix=prefix)
    browser.get(f"{prefix}/organize/")
    move = "Lleve la clave privada" if prefix else "Move the private key"
    assert move in browser.words
    browser.get(f"{prefix}/organize/keys/")
    assert key.printed in browser.words
    assert ("passphrase beside it" if not prefix else "contraseña al lado") in browser.words
    secret = (folder / f"{key.id}.passphrase").read_text().strip()
    assert secret not in browser.page.text
    assert str(folder) not in browser.page.text
    for name in ("private.json", "passphrase"):
        (folder / f"{key.id}.{name}").unlink()
    browser.get(f"{prefix}/organize/")
    assert move not in browser.words
    browser.get(f"{prefix}/organize/keys/")
    assert ("not on this server" if not prefix else "no está en este servidor") in browser.words


def test_the_overview_nags_about_a_key_with_its_own_passphrase_too(
    app: Flask, browser: Browser, staff: Office
) -> None:
    folder = app.extensions["dear_congress"].settings.keys
    make_key(folder, "four random words here", today=TODAY, strength="interactive")
    browser.log_in(staff.add("Ada", "admin"))
    browser.get("/organize/")
    assert "Move the private key to your own computer" in browser.words


def test_a_broken_key_folder_breaks_no_page(app: Flask, browser: Browser, staff: Office) -> None:
    folder = app.extensions["dear_congress"].settings.keys
    key = first_key(folder, today=TODAY)
    (folder / f"{key.id}.public.json").write_text("{}")
    browser.log_in(staff.add("Ada", "admin"))
    for path in ("/organize/", "/organize/keys/"):
        assert browser.get(path).status == 200


def test_only_admins_see_the_keys(browser: Browser, staff: Office) -> None:
    browser.log_in(staff.add())
    assert browser.get("/organize/keys/").status == 403
