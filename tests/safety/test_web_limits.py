"""Limits, the second step and the held signature, as a visitor meets them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.main import create_app
from app.records import limiting
from app.records.limiting import Limit
from app.site.settings import Settings, SettingsError

from .web import PLACE, Site, site

HOUR = 3600


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as made:
        yield made


def limit(monkeypatch: pytest.MonkeyPatch, name: limiting.Name, to: Limit) -> None:
    """Limit an act, at a moment of its own: six minutes before a window of ten ends."""
    monkeypatch.setattr(limiting, "LIMITS", {**limiting.LIMITS, name: to})
    monkeypatch.setattr("app.records.limiting.time.time", lambda: 1_800_000_240.0)


@pytest.mark.parametrize("lang", ["en", "es"])
def test_too_many_lookups_get_an_explanation_a_wait_time_and_their_form_back(
    here: Site, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    limit(monkeypatch, "find", Limit(600, 2, 100))
    someone = here.resident(lang)
    for _ in range(2):
        someone.find("01930", "MA")
    response = here.client.flask.post(someone.url("/find"), data={"zip": "01930", "state": "MA"})
    assert response.status_code == 429
    assert 1 <= int(response.headers["Retry-After"]) <= 1200
    page = someone.find("01930", "MA", 429)
    assert page.one("input", id="zip").get("value") == "01930"
    assert ("in 7 minutes" if lang == "en" else "otra vez en 7 minutos") in page.words


def test_too_many_signatures_are_asked_to_wait_and_lose_nothing(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, "sign", Limit(HOUR, 1, 100))
    here.sign(here.form(first="Ana"))
    form = here.form(first="Imani")
    response = here.client.flask.post("/sign", data=form)
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) >= 1
    page = here.sign(form, 429)
    assert page.form()["story"] == form["story"]
    assert here.statuses() == ["counted"]


def test_a_forged_forwarding_header_changes_nothing(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, "find", Limit(600, 3, 100))
    statuses = [
        here.client.flask.post(
            "/find",
            data={"zip": "01930", "state": "MA"},
            headers={
                "X-Forwarded-For": f"203.0.113.{n}", "X-Real-IP": f"203.0.113.{n}",
                "Forwarded": f"for=203.0.113.{n}", "True-Client-IP": f"203.0.113.{n}",
            },
        ).status_code
        for n in range(4)
    ]  # fmt: skip
    assert statuses == [200, 200, 200, 429]


def test_behind_a_trusted_proxy_each_visitor_has_their_own_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, "find", Limit(600, 1, 100))
    with site(tmp_path, trusted_proxies=1) as here:

        def ask(forwarded: str) -> int:
            data = {"zip": "01930", "state": "MA"}
            headers = {"X-Forwarded-For": forwarded}
            return here.client.flask.post("/find", data=data, headers=headers).status_code

        assert [ask("203.0.113.1"), ask("203.0.113.2")] == [200, 200]
        # Whatever a visitor puts before the proxy's own entry is ignored.
        assert ask("198.51.100.99, 203.0.113.1") == 429


@pytest.mark.parametrize("lang", ["en", "es"])
def test_a_crowd_gets_a_visible_second_step_and_is_held(
    here: Site, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    limit(monkeypatch, "sign", Limit(HOUR, 600, 6000, held_above=(1, 300)))
    here.sign(here.form(first="Ana"))
    form = here.form(lang, first="Imani")
    step = here.sign(form, 422, lang)
    assert ("Press the button again" if lang == "en" else "Oprima el botón otra vez") in step.words
    assert here.statuses() == ["counted"]
    taken = here.sign(step.form(), lang=lang)
    assert here.statuses() == ["counted", "held"]
    assert ("Not counted yet" if lang == "en" else "Todavía no se cuenta") in taken.words
    assert 'data-claim="counted"' not in taken.text
    for decision in ("", "set aside"):  # it never promises a review that is over
        here.db.execute("UPDATE held SET decision = ?", (decision,))
        receipt = here.client.get(here.resident(lang).receipt_path(taken))
        words = "An organizer decides" if lang == "en" else "Alguien de la campaña decide"
        assert words in receipt.words


def test_people_on_a_raised_network_can_all_sign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, "sign", Limit(HOUR, 600, 6000, held_above=(1, 300)))
    with site(tmp_path, raised_networks="127.0.0.0/24, 192.0.2.0/24") as here:
        for n in range(4):
            here.sign(here.form(first=f"Person{n}"))
        assert here.statuses() == ["counted"] * 4


@pytest.mark.parametrize("lang", ["en", "es"])
def test_sp02_a_form_submitted_a_second_after_it_opened_is_held(here: Site, lang: str) -> None:
    form = here.form(lang, wait=1)
    step = here.sign(form, 422, lang)
    assert here.statuses() == []
    here.clock.forward(seconds=60)  # waiting before the second press does not clear the suspicion
    taken = here.sign(step.form(), lang=lang)
    assert here.statuses() == ["held"]
    assert ("Not counted yet" if lang == "en" else "Todavía no se cuenta") in taken.words
    assert here.db.execute("SELECT reason FROM held").fetchall() == [("too fast",)]


def test_the_time_limit_counts_from_the_first_form_not_the_last_page(here: Site) -> None:
    page = here.resident().writing(*PLACE)
    here.clock.forward(seconds=20)
    review = here.resident().review(here.resident().filled(page))
    here.clock.forward(seconds=1)
    here.sign(review.form())
    assert here.statuses() == ["counted"]


@pytest.mark.parametrize("change", [{"website": ["http://bad.example"]}, {"website": None}])
def test_sp02_a_filled_in_or_missing_honeypot_field_is_held_after_a_second_step(
    here: Site, change: dict[str, list[str] | None]
) -> None:
    form = here.form()
    for name, value in change.items():
        if value is None:
            del form[name]
        else:
            form[name] = value
    step = here.sign(form, 422)
    assert step.all("strong")
    here.sign(step.form())
    assert here.statuses() == ["held"]


def test_a_bot_that_skips_the_second_step_is_still_held(here: Site) -> None:
    here.sign({**here.form(), "website": ["x"], "again": ["1"]})
    assert here.statuses() == ["held"]


@pytest.mark.parametrize("again", ["1", "yes", "by hand or not", "'); DROP TABLE held;--"])
def test_any_value_in_the_second_step_field_is_harmless(here: Site, again: str) -> None:
    here.sign({**here.form(), "again": [again]})
    assert here.statuses() == ["counted"]


def test_no_visitor_address_is_in_the_counter_files(here: Site) -> None:
    here.sign(here.form())
    for end in ("", "-wal"):
        data = (here.settings.instance / f"limits.db{end}").read_bytes()
        assert b"127.0.0" not in data


def test_invalid_counter_storage_or_networks_prevent_startup(tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path, secret_key=b"s" * 32, person_key=b"p" * 32)
    odd: tuple[dict[str, Any], ...] = (
        {"raised_networks": "the library"},
        {"limits_url": "nowhere://x:secret@y"},
    )
    for wrong in odd:
        with pytest.raises(SettingsError) as error:
            create_app(replace(settings, **wrong))
        assert "secret" not in str(error.value)
