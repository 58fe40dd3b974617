"""The morning of 3 January 2027 on a resident's way: nothing is lost at noon."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.congress import TablesError
from tests.web.conftest import Clock
from tests.web.resident import Resident, form_with
from tests.web.test_find import recipients

BEFORE = datetime(2027, 1, 3, 16, 50, tzinfo=UTC)
AFTER = datetime(2027, 1, 3, 17, 5, tzinfo=UTC)


def test_what_was_signed_before_noon_is_fetched_after_it(anyone: Resident, clock: Clock) -> None:
    clock.now = BEFORE
    taken = anyone.signed("38103", "TN")
    assert "Cohen" in taken.text
    clock.now = AFTER
    form = taken.form()
    again = anyone.client.post(anyone.url("/take"), form)
    assert "Steve Cohen" in again.text
    printed = anyone.client.post(anyone.url("/print"), form)
    assert "The Honorable Steve Cohen" in printed.text
    pdf = anyone.client.flask.post(anyone.url("/letters.pdf"), data=form)
    assert pdf.data.startswith(b"%PDF")


def test_a_draft_begun_before_noon_is_kept_and_shown_with_what_changed(
    anyone: Resident, clock: Clock
) -> None:
    clock.now = BEFORE
    form = anyone.filled(anyone.writing("38103", "TN"), story="A story of my own.")
    clock.now = AFTER
    page = anyone.review(form, 409)
    assert "A story of my own." in page.text
    said = {"en": "the 120th Congress sits since noon on January 3, 2027",
            "es": "Congreso sesiona desde el mediodía del 3 de enero de 2027"}  # fmt: skip
    assert said[anyone.lang] in page.words
    assert recipients(page) == ["TN-S1"]
    review = anyone.review(anyone.filled(page, story="A story of my own."))
    assert "Blackburn" in review.words
    assert "Cohen" not in review.words


def test_a_district_chosen_before_noon_is_asked_again_where_the_lines_changed(
    anyone: Resident, clock: Clock
) -> None:
    clock.now = BEFORE
    action, form = form_with(anyone.find("90210", "CA"), district="32")
    form_of_writing = anyone.filled(anyone.client.post(action, form), story="My own words.")
    assert form_of_writing["district"] == ["32"]
    clock.now = AFTER
    page = anyone.review(form_of_writing)
    said = {"en": "The district lines of California changed at noon on January 3, 2027",
            "es": "Los límites de los distritos de California cambiaron"}  # fmt: skip
    assert said[anyone.lang] in page.words
    action, form = form_with(page, district="36")
    assert "My own words." in anyone.client.post(action, form).text


@pytest.mark.parametrize(("hour", "ended"), [(16, False), (17, True)])
def test_the_start_page_goes_by_the_same_clock(
    anyone: Resident, clock: Clock, hour: int, ended: bool
) -> None:
    clock.now = datetime(2027, 1, 3, hour, 59 * (hour == 16), tzinfo=UTC)
    page = anyone.client.get(anyone.url("/"))
    said = {"en": "has ended, and so has the bill", "es": "terminó, y con él el proyecto"}
    assert (said[anyone.lang] in page.words) == ended


def test_the_plans_are_on_a_page_with_their_source_and_day(anyone: Resident, clock: Clock) -> None:
    clock.now = BEFORE
    page = anyone.client.get(anyone.url("/districts"))
    for act in ("Proposition 50, AB 604 map", "S.L. 2025-95", "People Not Politicians v. Onder"):
        assert act in page.words
    assert (
        "September 25, 2026" if anyone.lang == "en" else "25 de septiembre de 2026"
    ) in page.words
    first = {
        "en": "Until noon on January 3, 2027",
        "es": "Hasta el mediodía del 3 de enero de 2027",
    }
    assert first[anyone.lang] in page.words
    clock.now = AFTER
    page = anyone.client.get(anyone.url("/districts"))
    first = {
        "en": "Since noon on January 3, 2027",
        "es": "Desde el mediodía del 3 de enero de 2027",
    }
    assert first[anyone.lang] in page.words


def test_tables_that_are_broken_are_said_and_nothing_is_guessed(
    anyone: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise TablesError("zips.csv is not as it was built.")

    monkeypatch.setattr("app.site.services.load_tables", broken)
    page = anyone.client.post(anyone.url("/find"), {"zip": "94110"}, 503)
    assert ("who represents you" if anyone.lang == "en" else "quién le representa") in page.words
    assert "zips.csv" not in page.text
