"""A resident writing on the morning of 3 January 2027: nothing is lost at noon."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask

from app.campaign.stance import has_ended
from app.congress.model import TablesError
from app.records.database import local_database
from app.site.services import services
from app.site.settings import Settings
from app.web.public.public_pages import time_words
from tests.congress.rehearsal import another_sits, had_another_id
from tests.web.conftest import Clock
from tests.web.resident import Resident, form_with
from tests.web.test_find import recipients

BEFORE = datetime(2027, 1, 3, 16, 50, tzinfo=UTC)
AFTER = datetime(2027, 1, 3, 17, 5, tzinfo=UTC)


def test_a_request_that_spans_noon_keeps_its_tables(app: Flask, clock: Clock) -> None:
    clock.now = BEFORE
    with app.test_request_context("/"):
        assert services().tables.congress == 119
        clock.now = AFTER
        assert services().now() == BEFORE
    with app.test_request_context("/"):
        assert services().tables.congress == 120


@pytest.mark.parametrize("zone", ["Pacific/Guam", "America/New_York", "Pacific/Pago_Pago"])
def test_a_campaign_in_any_time_zone_ends_at_noon_in_washington(
    app: Flask, clock: Clock, zone: str
) -> None:
    """In Guam it is the next day then."""
    for clock.now, ended in ((BEFORE, False), (AFTER, True)):
        with app.test_request_context("/"):
            site = services()
            vars(site)["campaign"] = replace(site.campaign, timezone=zone)
            assert has_ended(site.campaign, site.writing_day()) == ended


@pytest.mark.parametrize("zone", ["Pacific/Guam", "America/New_York", "Pacific/Pago_Pago"])
def test_the_last_morning_is_the_last_day_in_any_time_zone(
    app: Flask, clock: Clock, zone: str
) -> None:
    """In Guam the next day begins before that noon."""
    clock.now = BEFORE
    with app.test_request_context("/"):
        site = services()
        vars(site)["campaign"] = replace(site.campaign, timezone=zone)
        assert time_words(site)[0].startswith("This Congress ends today at noon, Washington time.")


def test_letters_signed_before_noon_can_be_fetched_after_it(anyone: Resident, clock: Clock) -> None:
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


def test_a_report_has_the_sites_time(resident: Resident, clock: Clock) -> None:
    """A rehearsal of January in November shows nothing before it was signed."""
    clock.now = BEFORE
    taken = resident.signed("38103", "TN")
    clock.now = AFTER
    for did, state in (("mailed", "You mailed it"), ("undo", "Written, not yet handed over")):
        resident.client.post("/take", {**taken.form(), "did": f"TN-9={did}"})
        receipt = resident.client.get(resident.receipt_path(taken)).words
        assert f"{state} (January 3, 2027, 12:05 PM EST)" in receipt


def test_lines_of_a_congress_that_ended_are_not_presented_as_current(
    anyone: Resident, clock: Clock
) -> None:
    said = {
        "en": ("lines of the 120th Congress, which ended on January 3, 2029", "some may have"),
        "es": ("los límites del 120.º Congreso, que terminó el 3 de enero de 2029", "pueden haber"),
    }[anyone.lang]
    clock.now = datetime(2029, 1, 3, 16, 59, tzinfo=UTC)
    assert said[0] not in anyone.client.get(anyone.url("/districts")).words
    clock.now = datetime(2029, 1, 3, 17, tzinfo=UTC)
    assert said[0] in anyone.client.get(anyone.url("/districts")).words
    assert said[1] in anyone.find("01930", "MA").words


def test_the_handover_page_says_when_the_congress_written_to_has_ended(
    anyone: Resident, clock: Clock
) -> None:
    clock.now = BEFORE
    taken = anyone.signed("38103", "TN")
    said = {
        "en": "The 119th Congress, to whose members you wrote, ended at noon",
        "es": "El 119.º Congreso, a cuyos miembros usted escribió, terminó al mediodía",
    }
    assert said[anyone.lang] not in taken.words
    clock.now = AFTER
    again = anyone.client.post(anyone.url("/take"), taken.form())
    assert said[anyone.lang] in again.words


@pytest.mark.parametrize("name", ["Nora New", ""])
def test_a_letter_to_a_member_who_left_is_not_readdressed_to_the_successor(
    anyone: Resident, clock: Clock, settings: Settings, name: str
) -> None:
    clock.now = datetime(2026, 11, 25, 18, tzinfo=UTC)
    taken = anyone.signed("38103", "TN")
    receipt = anyone.receipt_path(taken)
    another_sits(settings.instance, "TN-9", date(2026, 11, 28), name=name)
    clock.now = datetime(2026, 11, 29, 18, tzinfo=UTC)
    again = anyone.client.post(anyone.url("/take"), taken.form())
    assert "Representative Cohen:" in again.words
    assert "Nora New" not in again.words
    said = {
        "en": "Representative Steve Cohen has left the seat that you wrote to",
        "es": "Steve Cohen (Cámara) ya no ocupa el escaño al que usted escribió",
    }
    assert said[anyone.lang] in again.words
    assert "Steve Cohen" in anyone.client.get(receipt).words
    # A letter begun now goes to the current members.
    assert ("Nora New" in anyone.find("38103", "TN").words) == bool(name)


@pytest.mark.parametrize(
    ("seat", "salutation"), [("TN-9", "Representative Cohen:"), ("TN-S2", "Senator Hagerty:")]
)
def test_a_letter_signed_before_the_list_showed_a_successor_keeps_its_member(
    anyone: Resident, clock: Clock, settings: Settings, seat: str, salutation: str
) -> None:
    clock.now = datetime(2026, 11, 29, 18, tzinfo=UTC)
    taken = anyone.signed("38103", "TN")
    another_sits(settings.instance, seat, date(2026, 11, 28))
    clock.now = datetime(2026, 11, 30, 18, tzinfo=UTC)
    again = anyone.client.post(anyone.url("/take"), taken.form())
    printed = anyone.client.post(anyone.url("/print"), taken.form())
    for page in (again, printed):
        assert salutation in page.words
        assert "Nora New" not in page.words


def give_another_id(settings: Settings) -> None:
    """Let letters to TN-9 have been signed under an id that its member no longer has."""
    db = local_database(settings.database)
    db.execute("UPDATE letters SET bioguide = 'govtrack-990001' WHERE seat = 'TN-9'")
    had_another_id(settings.instance, "TN-9", date(2026, 11, 28), "govtrack-990001")


def test_a_signed_letter_stays_with_a_member_who_has_a_new_id(
    anyone: Resident, clock: Clock, settings: Settings
) -> None:
    taken = anyone.signed("38103", "TN")
    give_another_id(settings)
    clock.now = datetime(2026, 11, 29, 18, tzinfo=UTC)
    again = anyone.client.post(anyone.url("/take"), taken.form())
    assert "Representative Cohen:" in again.words


def test_a_correction_keeps_what_was_reported_of_a_member_with_a_new_id(
    anyone: Resident, clock: Clock, settings: Settings
) -> None:
    review = anyone.reviewing("38103", "TN")
    form = anyone.sign(review.form()).form()
    anyone.client.post(anyone.url("/take"), {**form, "did": "TN-9=pasted"})
    give_another_id(settings)
    clock.now = datetime(2026, 11, 29, 18, tzinfo=UTC)
    writing = anyone.client.post(anyone.url("/address"), review.form())
    taken = anyone.sign(anyone.review(anyone.filled(writing, story="Another story.")).form())
    receipt = anyone.client.get(anyone.receipt_path(taken)).text
    assert 'data-claim="changed"' in receipt
    assert 'data-claim="letter:TN-9:pasted"' in receipt


def test_a_draft_begun_before_noon_comes_back_with_what_changed(
    anyone: Resident, clock: Clock
) -> None:
    clock.now = BEFORE
    form = anyone.filled(anyone.writing("38103", "TN"), story="A story of my own.")
    clock.now = AFTER
    page = anyone.review(form, 409)
    assert "A story of my own." in page.text
    said = {"en": "The 120th Congress began at noon on January 3, 2027",
            "es": "El 120.º Congreso comenzó al mediodía del 3 de enero de 2027"}  # fmt: skip
    assert said[anyone.lang] in page.words
    assert recipients(page) == ["TN-S1"]
    review = anyone.review(anyone.filled(page, story="A story of my own."))
    assert "Blackburn" in review.words
    assert "Cohen" not in review.words


@pytest.mark.parametrize(
    ("place", "to"),
    [(("38103", "TN"), ["TN-S1"]), (("84101", "UT"), ["UT-S1", "UT-S3"]),
     (("78701", "TX", 10), ["TX-S1"]), (("90210", "CA", 36), ["CA-S1", "CA-S3"]),
     (("35203", "AL"), ["AL-S3"]), (("33101", "FL"), ["FL-S1"]),
     (("70112", "LA"), ["LA-S3"]), (("27601", "NC"), ["NC-S3"]),
     (("43215", "OH", 3), ["OH-S1"]), (("64108", "MO"), ["MO-S1", "MO-S3"]),
     (("01930", "MA"), ["MA-S1"]), (("00926", "PR"), ["PR-0"])],
)  # fmt: skip
def test_until_a_new_list_only_members_with_continuing_terms_get_letters(
    resident: Resident, clock: Clock, place: tuple[Any, ...], to: list[str]
) -> None:
    clock.now = AFTER
    telling = resident.telling(*place)
    assert ("does not say who holds this seat now" in telling.words) == ("PR" not in place)
    writing = resident.next(telling)
    assert recipients(writing) == to
    taken = resident.sign(resident.review(resident.filled(writing)).form())
    receipt = resident.client.get(resident.receipt_path(taken))
    assert [claim for claim in re.findall(r'data-claim="letter:([^:"]+):written"', receipt.text)
            if claim in to] == to  # fmt: skip


@pytest.mark.parametrize(("zip5", "state"), [("20009", "DC"), ("96910", "GU")])
def test_with_no_one_to_write_to_the_page_says_so_and_keeps_the_draft(
    anyone: Resident, clock: Clock, zip5: str, state: str
) -> None:
    clock.now = BEFORE
    form = anyone.filled(anyone.writing(zip5, state), story="A story of my own.")
    clock.now = AFTER
    said = {"en": "There is no one to write to right now",
            "es": "Por ahora no hay a quién escribir"}[anyone.lang]  # fmt: skip
    for page in (anyone.find(zip5, state), anyone.review(form)):
        assert said in page.words
        assert "3, 2027" in page.words or "3 de enero de 2027" in page.words
    assert "A story of my own." in page.text


def test_a_seat_from_elsewhere_is_not_explained_by_a_changed_list(
    anyone: Resident,
) -> None:
    form = anyone.filled(anyone.writing("38103", "TN"), to=["TN-S1", "CA-S1"], story="My own.")
    page = anyone.review(form, 409)
    assert recipients(page) == ["TN-S1"]
    assert "My own." in page.text
    said = {
        "en": "a seat that has no one to write to where you live. Our list is dated June 15, 2026",
        "es": "no hay a quién escribir donde usted vive",
    }
    changed = {"en": "has changed since you began", "es": "cambiaron desde que usted empezó"}
    assert said[anyone.lang] in page.words
    assert changed[anyone.lang] not in page.words


def test_a_district_chosen_before_noon_is_asked_for_again_where_lines_changed(
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


def test_a_zips_sliver_is_offered_below_its_district_and_the_choice_is_kept(
    anyone: Resident,
) -> None:
    page = anyone.find("84101", "UT")
    said = {"en": "A small part of the land of 84101 is in UT-1.",
            "es": "Una parte pequeña del área de 84101 está en UT-1."}  # fmt: skip
    assert said[anyone.lang] in page.words
    for district in ("2", "1"):
        action, form = form_with(page, district=district)
        writing = anyone.client.post(action, form)
        assert recipients(writing)[0] == f"UT-{district}"
        review = anyone.review(anyone.filled(writing))
        again = anyone.client.post(anyone.url("/write"), review.form())
        assert recipients(again)[0] == f"UT-{district}"


@pytest.mark.parametrize(("hour", "ended"), [(16, False), (17, True)])
def test_the_start_page_changes_stage_at_noon_too(
    anyone: Resident, clock: Clock, hour: int, ended: bool
) -> None:
    clock.now = datetime(2027, 1, 3, hour, 59 * (hour == 16), tzinfo=UTC)
    page = anyone.client.get(anyone.url("/"))
    said = {
        "en": "It expired with the Congress in which it was introduced. Letters now speak of it",
        "es": "Venció con el Congreso en el que se presentó. Las cartas hablan ahora de él",
    }
    assert (said[anyone.lang] in page.words) == ended


def test_the_districts_page_lists_plans_with_sources_and_dates(
    anyone: Resident, clock: Clock
) -> None:
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


def test_broken_tables_give_an_error_page_without_file_names(
    anyone: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise TablesError("zips.csv is not as it was built.")

    monkeypatch.setattr("app.site.services.load_tables", broken)
    page = anyone.client.post(anyone.url("/find"), {"zip": "94110"}, 503)
    assert ("who represents you" if anyone.lang == "en" else "quién le representa") in page.words
    assert "zips.csv" not in page.text
