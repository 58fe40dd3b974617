"""What was signed stays what was signed, whatever the campaign publishes a minute later."""

from __future__ import annotations

from flask import Flask

from tests.organizers.browser import Browser
from tests.organizers.conftest import Clock
from tests.web.lint import Client
from tests.web.resident import Resident
from tests.workshop.test_pages import changed, save

OLD, NEW = "I would be glad to know what you decide", "I would like to know what you decide"


def publish_other_words(rosa: Browser) -> None:
    save(rosa, changed(rosa))
    rosa.get("/organize/letters/general/publish").send("/publish")


def test_letters_stay_as_signed_when_others_are_published(
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


def test_words_changed_by_hand_stay_too_and_the_others_beside_them(
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
