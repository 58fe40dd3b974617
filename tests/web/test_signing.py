"""One press by one person counts once, and nothing else is stored."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from app.records.database import local_database
from app.site.services import EXTENSION, Services
from app.site.settings import Settings
from tests.web.conftest import Clock
from tests.web.lint import Client
from tests.web.resident import GLOUCESTER, Resident, sheets
from tests.web.stored import counts, rows

# --- signing ---------------------------------------------------------------------------------


def test_signing_the_same_form_twice_counts_once(anyone: Resident, settings: Settings) -> None:
    """CC02, CC03"""
    form = anyone.reviewing(*GLOUCESTER).form()
    first, second = anyone.sign(form), anyone.sign(form)
    assert counts(settings) == (1, 3)
    assert anyone.receipt_path(first) == anyone.receipt_path(second)
    assert first.h1 == second.h1


def test_concurrent_presses_count_once(app: Flask, settings: Settings) -> None:
    """CC02"""
    form = Resident(Client(app.test_client())).reviewing(*GLOUCESTER).form()

    def press(_number: int) -> int:
        return app.test_client().post("/sign", data=form).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(press, range(16))) == {307}
    assert counts(settings) == (1, 3)


def test_signing_redirects_to_a_page_that_counts_nothing(
    resident: Resident, settings: Settings
) -> None:
    """CC03: the page after signing has an address where nothing is counted."""
    form = resident.reviewing(*GLOUCESTER).form()
    response = resident.client.flask.post("/sign", data=form)
    assert response.status_code == 307
    assert response.headers["Location"] == "/take"
    assert response.data == b"", "it leaves in one piece"
    for _ in range(3):
        resident.client.post("/take", form)
    assert counts(settings) == (1, 3)


def test_going_back_and_signing_again_counts_once(resident: Resident, settings: Settings) -> None:
    """CC03"""
    review = resident.reviewing(*GLOUCESTER)
    resident.sign(review.form())
    changed = resident.client.post("/write", review.form())
    resident.sign(resident.review(resident.filled(changed, story="Changed.")).form())
    assert counts(settings) == (1, 3)


def test_a_repeat_signature_looks_like_a_first_one(anyone: Resident, settings: Settings) -> None:
    """DI01, PR05"""
    first = anyone.signed(*GLOUCESTER, email="imani@example.org")
    second = anyone.signed(*GLOUCESTER, email="IMANI@example.org", first="Siobhan", last="Y")
    assert counts(settings) == (1, 3)
    assert first.h1 == second.h1
    assert anyone.receipt_path(first) != anyone.receipt_path(second)


def test_letters_cannot_be_taken_before_signing(resident: Resident, settings: Settings) -> None:
    form = resident.reviewing(*GLOUCESTER).form()
    page = resident.client.post("/take", form, 409)
    assert sheets(page)
    assert counts(settings) == (0, 0)


def test_an_expired_form_comes_back_filled_in(
    anyone: Resident, clock: Clock, settings: Settings
) -> None:
    """CC06"""
    form = anyone.filled(anyone.writing(*GLOUCESTER), story="w" * 3000)
    clock.forward(minutes=70)
    page = anyone.review(form, 400)
    assert ("60 minutes" if anyone.lang == "en" else "60 minutos") in page.words
    assert page.form()["story"] == ["w" * 3000]
    assert page.form()["token"] != form["token"]
    nonce = form["token"][0].split(".")[0]
    assert page.form()["token"][0].split(".")[0] == nonce
    review = anyone.review(page.form())
    clock.forward(minutes=70)
    late = anyone.sign(review.form(), 400)
    assert sheets(late) == sheets(review)
    assert counts(settings) == (0, 0)
    anyone.sign(late.form())
    assert counts(settings) == (1, 3)


@pytest.mark.parametrize("step", [{"seconds": -30}, {"minutes": -10}, {"hours": -5}])
def test_a_clock_set_back_keeps_no_one_waiting(
    anyone: Resident, clock: Clock, settings: Settings, step: dict[str, float]
) -> None:
    form = anyone.filled(anyone.writing(*GLOUCESTER))
    clock.forward(seconds=20)
    clock.forward(**step)
    review = anyone.review(form)
    anyone.sign(review.form())
    assert counts(settings) == (1, 3)


def test_a_forms_age_does_not_depend_on_the_wall_clock(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Setting the clock forward by hours does not change how long a page was open."""
    site: Services = app.extensions[EXTENSION]
    real = Services(site.settings, site.lives)
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    token = real.tokens.issue()
    with monkeypatch.context() as there:
        there.setattr("time.time", lambda: 4e9)
        now += 59 * 60
        assert real.tokens.read(token).state == "fresh"
        assert real.tokens.read(token).age == 59 * 60
        now += 2 * 60
        assert real.tokens.read(token).state == "expired"
    now = 3.0  # after a reboot the timer starts over, and the form is still valid
    assert real.tokens.read(token).state == "fresh"
    assert real.tokens.read(token).age > 600


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "…", "a" * 5000, "x.awcpTQ.AAAA"])
def test_a_forged_or_missing_token_counts_nothing_and_loses_nothing(
    anyone: Resident, settings: Settings, token: str
) -> None:
    review = anyone.reviewing(*GLOUCESTER)
    form = {**review.form(), "token": [token]}
    page = anyone.sign(form, 400)
    assert counts(settings) == (0, 0)
    assert sheets(page) == sheets(review)
    anyone.sign(page.form())
    assert counts(settings) == (1, 3)


def test_a_filled_honeypot_asks_for_another_press_and_holds_the_signature(
    anyone: Resident, settings: Settings
) -> None:
    """SP02: a visible second step, never a silent drop; if still suspicious, it is held."""
    review = anyone.reviewing(*GLOUCESTER)
    filled = {**review.form(), "website": ["http://bad.example"]}
    page = anyone.sign(filled, 422)
    assert counts(settings) == (0, 0)
    anyone.sign(page.form())
    assert counts(settings) == (0, 0)
    assert rows(settings)[0]["status"] == "held"


def test_a_missing_honeypot_asks_for_another_press_and_holds_the_signature(
    anyone: Resident, settings: Settings
) -> None:
    """SP02"""
    form = anyone.reviewing(*GLOUCESTER).form()
    del form["website"]
    page = anyone.sign(form, 422)
    anyone.sign(page.form())
    assert counts(settings) == (0, 0)
    assert rows(settings)[0]["status"] == "held"


def test_a_full_disk_is_reported_and_loses_nothing(
    anyone: Resident, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N37"""
    from app.errors import NotStoredError
    from app.web.resident import sign

    def fail(*_args: object) -> None:
        raise NotStoredError("disk full")

    review = anyone.reviewing(*GLOUCESTER)
    with monkeypatch.context() as patch:
        patch.setattr(sign, "sign", fail)
        page = anyone.sign(review.form(), 503)
    assert sheets(page) == sheets(review)
    anyone.sign(page.form())
    assert counts(settings) == (1, 3)


# --- what is kept ------------------------------------------------------------------------------


def test_nothing_personal_is_stored(resident: Resident, settings: Settings) -> None:
    """PR01, DESIGN §5"""
    taken = resident.signed(
        *GLOUCESTER, first="Zyxmarker", last="Qwvmarker", street="77 Markerlane",
        city="Markertown", email="marker@example.org", story="Markerstory happened.",
    )  # fmt: skip
    resident.client.flask.post("/letters.pdf", data=taken.form())
    local_database(settings.database).execute("PRAGMA wal_checkpoint(FULL)")
    for file in settings.instance.rglob("*"):
        if file.is_file():
            assert b"marker" not in file.read_bytes().lower(), file
    kept = json.dumps(rows(settings), default=str)
    assert "01930" not in kept


def test_nothing_personal_is_in_urls_or_logs(
    resident: Resident, caplog: pytest.LogCaptureFixture
) -> None:
    """PR01"""
    caplog.set_level(0)
    page = resident.find("01930", "MA", street="88 Heron St", city="Gloucester")
    review = resident.review(resident.filled(page))
    taken = resident.sign(review.form())
    for p in (page, review, taken):
        links = [e.get(n) or "" for e in p.root.iter() for n in ("href", "action", "formaction")]
        for link in links:
            assert "Heron" not in link
            assert "01930" not in link
            assert "Siobh" not in link
    assert "Heron" not in caplog.text
    assert "Siobh" not in caplog.text
