"""A signed letter keeps its words, whatever the campaign publishes a minute later."""

from __future__ import annotations

import shutil
from pathlib import Path

from flask import Flask

from app.site.settings import ROOT
from tests.commands import flask
from tests.organizers.browser import Browser
from tests.organizers.conftest import Clock
from tests.web.lint import Client
from tests.web.resident import Resident
from tests.workshop.test_pages import NEW, OLD, changed, save

LETTERS = ROOT / "letters" / "protect-immigration-act"


def publish_other_words(rosa: Browser) -> None:
    save(rosa, changed(rosa))
    rosa.get("/organize/letters/general/publish").send("/publish")


def test_signed_letters_keep_their_words_when_new_ones_are_published(
    app: Flask, rosa: Browser, clock: Clock
) -> None:
    resident = Resident(Client(app.test_client()))
    review = resident.reviewing("98101", "WA")
    clock.forward(minutes=2)
    taken = resident.sign(review.form())
    publish_other_words(rosa)
    reloaded = resident.client.post("/take", review.form())
    again = resident.client.post("/take", taken.form("/copy"))
    printed = resident.client.post("/print", reloaded.form("/copy"))
    for page in (reloaded, again, printed):
        assert page.words.count(OLD) >= 3, page.title
        assert NEW not in page.words


def test_signed_letters_stay_available_when_their_letter_is_retired(
    app: Flask, rosa: Browser, clock: Clock
) -> None:
    resident = Resident(Client(app.test_client()))
    review = resident.reviewing("98101", "WA", template="local-budget")
    clock.forward(minutes=2)
    taken = resident.sign(review.form())
    rosa.get("/organize/letters/local-budget/").send("/retire")
    again = resident.client.post("/take", taken.form("/copy"))
    assert again.words.count("to local needs") == taken.words.count("to local needs") > 0
    resident.client.post("/print", again.form("/copy"))
    assert "Choose the reason" in resident.client.post("/review", taken.form("/copy"), 422).words


def test_letters_edited_by_hand_keep_their_words_too(
    app: Flask, rosa: Browser, clock: Clock
) -> None:
    resident = Resident(Client(app.test_client()))
    form = resident.reviewing("98101", "WA").form()
    form["words-WA-S1"] = ["These words are all mine."]
    clock.forward(minutes=2)
    taken = resident.sign(form)
    publish_other_words(rosa)
    again = resident.client.post("/take", taken.form("/copy"))
    assert "These words are all mine." in again.words
    assert again.words.count(OLD) == taken.words.count(OLD) > 0
    assert NEW not in again.words


def test_a_letter_changed_after_signing_starts_from_the_new_words(
    app: Flask, rosa: Browser, clock: Clock
) -> None:
    resident = Resident(Client(app.test_client()))
    form = resident.reviewing("98101", "WA").form()
    clock.forward(minutes=2)
    taken = resident.sign(form)
    publish_other_words(rosa)
    review = resident.client.post("/review", taken.form("/copy"))
    assert NEW in review.words
    assert OLD not in review.words


def sign_once(app: Flask, clock: Clock) -> None:
    resident = Resident(Client(app.test_client()))
    form = resident.reviewing("98101", "WA").form()
    clock.forward(minutes=2)
    resident.sign(form)


def test_the_bill_is_fixed_once_someone_has_signed(app: Flask, rosa: Browser, clock: Clock) -> None:
    page = "/organize/campaign/bill"
    rosa.get(page).send(page, True, 0, **{"bills-house-number": "HR 6891"})
    assert "Saved as a draft" in rosa.words
    rosa.get(page).send(page, True, 0, **{"bills-house-number": "h.r. 6890"})
    sign_once(app, clock)
    for field, typed in (("bills-house-number", "HR 6891"), ("congress", "120")):
        rosa.get(page).send(page, True, 0, **{field: typed})
        assert rosa.status == 422
        assert "Another bill or resolution is another campaign." in rosa.words
        assert rosa.page.by_id(field).get("aria-invalid") == "true"
    rosa.get(page).send(page, True, 0, **{"bills-senate-number": "s 4321"})
    assert "Saved as a draft" in rosa.words


def test_a_draft_from_before_the_first_signature_cannot_change_the_bill(
    app: Flask, rosa: Browser, clock: Clock
) -> None:
    page = "/organize/campaign/bill"
    rosa.get(page).send(page, True, 0, **{"bills-house-number": "HR 6891"})
    sign_once(app, clock)
    rosa.get("/organize/campaign/publish").send("/campaign/publish")
    assert rosa.status == 422
    assert "Another bill or resolution is another campaign." in rosa.words


def test_the_folder_of_another_campaign_is_not_imported(
    app: Flask, clock: Clock, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(LETTERS, tmp_path / "other"))
    text = (folder / "campaign.toml").read_text(encoding="utf-8")
    (folder / "campaign.toml").write_text(text.replace("H.R. 6890", "H.R. 6891"), encoding="utf-8")
    sign_once(app, clock)
    result = flask("letters import", folder, "--yes", site=app)
    assert result.exit_code == 1
    assert "This folder is about H.R. 6891 of Congress 119" in result.output
    assert "Begin another campaign" in result.output
