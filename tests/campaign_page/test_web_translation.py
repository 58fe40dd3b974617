"""Editing reading aids next to the English: stale ones are marked, and no office gets one."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.campaign.reading_aids import mark_of, paragraphs, read_marks
from app.records.workshop import retire, save_draft, state_of
from tests.campaign_page.conftest import files_of
from tests.organizers.browser import Browser
from tests.organizers.conftest import Clock, Office

SLUG = "protect-immigration-act"
FULL = "/organize/letters/general/translation/full"


@pytest.fixture
def browser(app: Flask, clock: Clock, staff: Office) -> Browser:
    return Browser(app, clock).enter(staff.add("Rosa"))


def english_draft(staff: Office, old: str, new: str) -> None:
    text = files_of()["general.txt"]
    assert old in text
    save_draft(staff.by("Ana"), SLUG, "general.txt", text.replace(old, new), base=0)


def spanish(staff: Office) -> str:
    found = state_of(staff.db, SLUG, "general.es.txt").draft
    assert found
    return found.source


def send(browser: Browser, **typed: str) -> Browser:
    """Send the form as a browser does, without boxes that are not ticked."""
    path, data = browser.form("/translation/full")
    data = {name: value for name, value in data.items() if not name.startswith("fits-")}
    fields: dict[str, Any] = {name.replace("_", "-"): value for name, value in typed.items()}
    return browser.post(path, {**data, **fields})


def flags(browser: Browser) -> list[str]:
    return ["".join(e.itertext()) for e in browser.page.all("span") if e.get("class") == "flag"]


def test_the_shipped_translation_has_no_flags(browser: Browser) -> None:
    browser.get("/organize/translation")
    assert flags(browser) == []
    browser.get(FULL)
    assert flags(browser) == []
    assert "I am a constituent" in browser.words
    assert "usted me representa" in browser.words


def test_changed_english_makes_one_paragraph_stale(browser: Browser, staff: Office) -> None:
    english_draft(staff, "I am a constituent", "I am one of those you serve")
    assert flags(browser.get("/organize/translation")) == ["one paragraph to look at"]
    assert flags(browser.get(FULL)) == ["the English changed"]
    send(browser, es_1="Hola.")
    assert flags(browser) == ["the English changed"], "another paragraph was saved"
    send(browser, fits_0="1")
    assert flags(browser) == []
    marks = spanish(staff).partition('reading_aid_of = "')[2].partition('"')[0]
    assert len(read_marks(marks)) == 6
    english = files_of()["general.txt"].split("+++")[2]
    first = paragraphs(english)[0].replace("I am a constituent", "I am one of those you serve")
    assert mark_of(first) in marks
    assert "Hola." in spanish(staff)


def test_a_new_english_paragraph_is_flagged_until_translated(
    browser: Browser, staff: Office
) -> None:
    english_draft(staff, "{{ story }}", "{{ story }}\n\nOne more thing.")
    assert flags(browser.get(FULL)) == ["no Spanish yet"]
    send(browser, es_3="Una cosa más.")
    assert flags(browser) == []
    body = spanish(staff).split("+++\n", 2)[2]
    assert paragraphs(body)[3] == "Una cosa más."


def test_an_error_is_shown_at_its_paragraph_and_nothing_is_lost(
    browser: Browser, staff: Office
) -> None:
    browser.get(FULL)
    send(browser, es_0="Uno.\r\n\r\nDos.", es_3="Hola {{ nombre }}")
    assert browser.status == 422
    assert browser.page.by_id("es-3").get("aria-invalid") == "true"
    assert browser.page.by_id("es-0").get("aria-invalid") is None
    assert "Dos." in "".join(browser.page.by_id("es-0").itertext())
    assert state_of(staff.db, SLUG, "general.es.txt").draft is None


def test_conflicting_edits_show_both_texts(browser: Browser, ana: Browser, staff: Office) -> None:
    browser.get(FULL)
    send(ana.get(FULL), es_0="Suyo.")
    send(browser, es_0="Mío.")
    assert browser.status == 409
    assert "Ana saved this reading aid while you were working" in browser.words
    assert "Suyo." in browser.words
    assert "Mío." in "".join(browser.page.by_id("es-0").itertext())
    send(browser)
    assert "Mío." in spanish(staff)


def test_a_translation_is_saved_although_its_letter_was_retired_meanwhile(
    browser: Browser, staff: Office
) -> None:
    browser.get(FULL)
    files = files_of()
    names = [name for name in files if name.startswith("general.")]
    retire(staff.by("Ana"), SLUG, names, folder=files, seen=0)
    send(browser, es_1="Hola.")
    assert browser.status == 200
    assert "Hola." in spanish(staff)


def test_edits_of_different_paragraphs_are_both_kept(
    browser: Browser, ana: Browser, staff: Office
) -> None:
    browser.get(FULL)
    send(ana.get(FULL), es_0="Suyo uno.\n\nSuyo dos.", es_3="Suyo tres.")
    send(browser, es_2="{{ story }} Mío.")
    assert "Saved as a draft" in browser.words
    for words in ("Suyo uno.\n\nSuyo dos.", "Mío.", "Suyo tres."):
        assert words in spanish(staff)


def test_a_clash_shows_all_that_was_saved_meanwhile(
    browser: Browser, ana: Browser, staff: Office
) -> None:
    last = len(list(browser.get(FULL).page.all("textarea"))) - 1
    send(ana.get(FULL), es_0="Suyo uno.\n\nSuyo dos.", **{f"es_{last}": "Suyo fin."})
    send(browser, es_0="Mío.")
    assert browser.status == 409
    assert [word in browser.words for word in ("Suyo uno.", "Suyo dos.")] == [True, True]
    send(browser)
    assert "Mío." in spanish(staff)
    assert "Suyo fin." in spanish(staff)


def test_no_paragraph_of_a_long_letter_is_dropped(
    app: Flask, browser: Browser, staff: Office
) -> None:
    many = "\n\n".join(f"Párrafo {number}." for number in range(60))
    send(browser.get(FULL), es_0=many)
    send(browser.get(FULL), es_0="Otro.")
    assert "Párrafo 59." in spanish(staff)


def test_saving_without_a_change_makes_no_draft(browser: Browser, staff: Office) -> None:
    send(browser.get(FULL))
    assert state_of(staff.db, SLUG, "general.es.txt").draft is None


@pytest.mark.parametrize("path", ["nobody/translation/full", "general/translation/long",
                                  "GENERAL/translation/full", "x.es/translation/full",
                                  "general.es/translation/full"])  # fmt: skip
def test_unknown_pages_are_not_found(browser: Browser, path: str) -> None:
    assert browser.get(f"/organize/letters/{path}").status == 404


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_the_pages_open_in_both_languages(
    app: Flask, staff: Office, clock: Clock, prefix: str
) -> None:
    browser = Browser(app, clock).log_in(staff.add("Eva"), prefix=prefix)
    for path in ("translation", "letters/general/translation/full", "test",
                 "letters/general/translation/short"):  # fmt: skip
        assert browser.get(f"{prefix}/organize/{path}").status == 200
