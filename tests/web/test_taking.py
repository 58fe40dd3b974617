"""After signing: every way of handing a letter over, and the receipt."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from io import BytesIO
from xml.etree import ElementTree

import pytest
from pypdf import PdfReader

from app.errors import NotStoredError
from app.site.settings import Settings
from app.web.public import public_pages
from app.web.resident import handover
from tests.web.conftest import Clock
from tests.web.lint import Client, Html, values, words
from tests.web.resident import BOSTON_TO, GLOUCESTER, Resident, form_with, sheets
from tests.web.stored import counts, rows

BOSTON_TO_ES = [f"{seat}+es" for seat in BOSTON_TO]

# --- handing over ----------------------------------------------------------------------------


def test_each_letter_can_be_handed_over_in_every_way(anyone: Resident) -> None:
    taken = anyone.signed(*GLOUCESTER)
    for seat in BOSTON_TO:
        text = "".join(taken.by_id(f"text-{seat}").itertext())
        assert "Last spring" in text
        assert "O'Dell" not in text
        assert "12 Larkspur" not in text
        assert '"' not in text
    tels = [a.get("href") for a in taken.all("a") if (a.get("href") or "").startswith("tel:")]
    assert len(tels) == 3
    outside = [a for a in taken.all("a") if (a.get("href") or "").startswith("http")]
    assert len(outside) == 3
    for a in outside:
        assert "noreferrer" in (a.get("rel") or "")
        assert a.get("target") == "_blank"
        assert ("new tab" if anyone.lang == "en" else "otra pestaña") in words(a)


def pdf_text(data: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(data)).pages]


def test_letters_can_be_downloaded_together_or_singly(anyone: Resident) -> None:
    form = anyone.signed(*GLOUCESTER).form()
    response = anyone.client.flask.post(anyone.url("/letters.pdf"), data={**form, "only": ""})
    assert response.mimetype == "application/pdf"
    assert response.headers["Content-Disposition"] == 'attachment; filename="letters.pdf"'
    assert response.headers["Cache-Control"] == "no-store"
    assert len(pdf_text(response.data)) == 3
    one = anyone.client.flask.post(anyone.url("/letters.pdf"), data={**form, "only": "MA-S2"})
    text = pdf_text(one.data)
    assert len(text) == 1
    assert "Siobhán" in text[0]


def test_a_spanish_translation_can_be_added_after_the_english_letter(
    client: Client,
) -> None:
    someone = Resident(client, "es")
    taken = someone.signed(*GLOUCESTER)
    values = [b.get("value") for b in taken.buttons() if b.get("name") == "only"]
    assert "+es" in values
    assert [f"{seat}+es" for seat in BOSTON_TO if f"{seat}+es" in values] == BOSTON_TO_ES
    form = taken.form()
    both = client.flask.post("/es/letters.pdf", data={**form, "only": "MA-6+es"})
    english, spanish = pdf_text(both.data)
    assert "Dear Representative Moulton" in english
    assert "Traducción" not in english
    assert "Traducción al español · Spanish translation of this letter" in spanish
    assert "Last spring" in spanish
    assert "acuerdos 287(g)" in spanish
    assert "Page 2" in spanish
    assert len(pdf_text(client.flask.post("/es/letters.pdf", data={**form, "only": ""}).data)) == 3
    assert (
        len(pdf_text(client.flask.post("/es/letters.pdf", data={**form, "only": "+es"}).data)) == 6
    )
    page = client.post("/es/print", {**form, "only": ["MA-6+es"]})
    assert [e.get("lang") for e in page.all("article")] == ["en", "es"]


def test_a_letter_edited_by_hand_has_no_translation(client: Client) -> None:
    someone = Resident(client, "es")
    form = someone.reviewing(*GLOUCESTER).form()
    form["words-MA-6"] = ["These are all words of my own.\n\nPlease vote for it."]
    taken = someone.sign(someone.review(form).form())
    values = [b.get("value") for b in taken.buttons() if b.get("name") == "only"]
    assert "MA-6+es" not in values
    assert "MA-S1+es" in values
    both = client.flask.post("/es/letters.pdf", data={**taken.form(), "only": "MA-6+es"})
    assert len(pdf_text(both.data)) == 1


def test_a_letter_to_puerto_ricos_office_can_be_in_spanish_alone(
    anyone: Resident, settings: Settings
) -> None:
    def post(page: Html, **button: str) -> Html:
        return anyone.client.post(*form_with(page, **button))

    place = {"city": "San Juan", "packet": "1", "mail_state": "PR", "mail_zip": "00901"}
    offered = anyone.reviewing("00901", **place)
    assert "without an English version" not in offered.words
    page = post(offered, in_language="es")
    says = {"en": "without an English version", "es": "sin versión en inglés"}
    assert says[anyone.lang] in page.words
    assert [e.get("lang") for e in page.all("article")] == ["es"]
    (sheet,) = sheets(page)
    assert "25 de noviembre de 2026" in sheet
    assert "Asunto: " in sheet
    assert "Honorable Pablo José Hernández: Vivo en San Juan" in sheet
    assert "Atentamente, Siobhán O'Dell" in sheet
    english = post(page, in_language="en")
    assert "Dear Resident Commissioner Hernández" in sheets(english)[0]
    taken = anyone.sign(post(english, in_language="es").form())
    assert "Vivo en San Juan" in "".join(taken.by_id("text-PR-0").itertext())
    assert not [b for b in taken.buttons() if "+es" in (b.get("value") or "")]
    (paper,) = pdf_text(
        anyone.client.flask.post(anyone.url("/letters.pdf"), data=taken.form()).data
    )
    assert "Honorable Pablo" in paper
    assert not rows(settings)[0]["edited"]


def test_a_change_of_language_is_a_correction_that_can_be_withdrawn(
    resident: Resident, settings: Settings
) -> None:
    def post(page: Html, **button: str) -> Html:
        return resident.client.post(*form_with(page, **button))

    english = resident.reviewing("00901", city="San Juan", mail_state="PR", mail_zip="00901")
    taken = resident.sign(english.form())
    spanish = post(resident.review(english.form()), in_language="es")
    kept = resident.client.flask.post("/keep", data=resident.sign(spanish.form()).form())
    assert kept.status_code == 307
    (row,) = rows(settings)
    assert row["changed"]
    assert (counts(settings), row["edited"]) == ((1, 1), 0)
    path = resident.receipt_path(taken)
    receipt = resident.client.get(path)
    assert "Honorable Pablo José Hernández" in receipt.words
    assert [e.get("lang") for e in receipt.all("div") if e.get("class") == "sheet"] == ["es"]
    resident.client.flask.post(f"{path}/withdraw")
    assert counts(settings) == (0, 0)


def test_a_change_of_language_asks_about_words_edited_by_hand(
    resident: Resident, settings: Settings
) -> None:
    form = resident.reviewing("00901", city="San Juan", mail_state="PR", mail_zip="00901").form()
    page = resident.review({**form, "words-PR-0": ["Vote for it.\n\nThank you."]})
    asked = resident.client.post(*form_with(page, in_language="es"))
    assert [e for e in asked.all("div") if e.get("id") == "choose-PR-0"]
    assert "Vote for it." in sheets(asked)[-1]
    resident.sign(asked.form(), 409)
    assert counts(settings) == (0, 0)
    anew = resident.client.post(*form_with(asked, undo="PR-0"))
    assert "Honorable Pablo" in sheets(anew)[0]
    assert "Vote for it." not in sheets(anew)[0]
    kept = resident.client.post(*form_with(asked, keep="PR-0"))
    resident.sign(kept.form())
    assert counts(settings) == (1, 1)
    # Under the same words another greeting is another letter.
    english = resident.client.post(*form_with(kept, in_language="en"))
    resident.sign(resident.client.post(*form_with(english, keep="PR-0")).form())
    (row,) = rows(settings)
    assert row["changed"]
    assert counts(settings) == (1, 1)


def test_no_other_office_gets_a_letter_in_spanish_alone(resident: Resident) -> None:
    page = resident.reviewing(*GLOUCESTER)
    assert not [b for b in page.buttons() if b.get("name") == "in_language"]
    form = {**page.form(), "in_language": ["es"]}
    assert all("Dear " in sheet for sheet in sheets(resident.review(form)))


def test_english_pages_offer_no_translation(resident: Resident) -> None:
    taken = resident.signed(*GLOUCESTER)
    assert not [b for b in taken.buttons() if "+es" in (b.get("value") or "")]


def test_the_receipt_shows_what_the_resident_did(anyone: Resident, settings: Settings) -> None:
    taken = anyone.signed(*GLOUCESTER)
    form = taken.form()
    anyone.client.flask.post(anyone.url("/letters.pdf"), data={**form, "only": "MA-6"})
    anyone.client.post(anyone.url("/print"), {**form, "only": "MA-S1"})
    again = anyone.client.post(anyone.url("/take"), {**form, "did": "MA-S2=pasted"})
    states = {r["seat"]: r["state"] for r in rows(settings, "letters")}
    assert states == {"MA-6": "downloaded", "MA-S1": "printed", "MA-S2": "pasted"}
    assert [p for p in again.all("span") if p.get("class") == "done-mark"]
    receipt = anyone.client.get(anyone.receipt_path(taken))
    downloaded = "You downloaded it" if anyone.lang == "en" else "Usted la descargó"
    assert downloaded in receipt.words
    assert counts(settings) == (1, 3)


def test_a_copy_button_reports_with_the_token_alone(resident: Resident, settings: Settings) -> None:
    form = resident.signed(*GLOUCESTER).form()
    data = {"token": form["token"][0], "did": "MA-6=copied"}
    assert resident.client.flask.post("/mark", data=data).status_code == 204
    assert rows(settings, "letters")[0]["state"] == "copied"
    for odd in (
        {}, {"token": "x", "did": "MA-S1=copied"}, {**data, "did": "' OR 1=1"},
        *({**data, "did": did} for did in ("MA-S1", "MA-S1=", "MA-S1=queued", "MA-S1=refused")),
        {**data, "did": "MA-S1=accepted by the office's system"}, {**data, "did": "CA-12=pasted"},
    ):  # fmt: skip
        assert resident.client.flask.post("/mark", data=odd).status_code == 204
    assert [r["state"] for r in rows(settings, "letters")] == ["copied", "written", "written"]


def test_the_outcome_of_a_call_becomes_the_letters_state(
    anyone: Resident, settings: Settings
) -> None:
    taken = anyone.signed(*GLOUCESTER)

    def told(page: Html, did: str) -> Html:
        return anyone.client.post(*form_with(page, did=did))

    def opened(page: Html) -> list[str]:
        offices = [d for d in page.all("details") if d.get("name") == "office"]
        return [s for d, s in zip(offices, BOSTON_TO, strict=True) if d.get("open") is not None]

    def states() -> list[str]:
        return [str(r["state"]) for r in rows(settings, "letters")]

    assert opened(taken) == ["MA-6"]
    page = told(taken, "MA-6=line busy")
    assert opened(page) == ["MA-S1"]
    page = told(page, "MA-S1=left a voicemail")
    page = told(page, "MA-S2=spoke by phone")
    assert states() == ["line busy", "left a voicemail", "spoke by phone"]
    assert ("2 of 3 handed over" if anyone.lang == "en" else "2 de 3 entregadas") in page.words
    assert opened(page) == ["MA-6"]  # put off, not forgotten
    assert page.by_id("way-call-MA-6").get("checked") is not None
    page = told(page, "MA-S2=undo")
    assert states() == ["line busy", "left a voicemail", "written"]
    assert opened(page) == ["MA-S2"]
    receipt = anyone.client.get(anyone.receipt_path(taken))
    said = "You called and left a voicemail" if anyone.lang == "en" else "dejó un mensaje de voz"
    assert said in receipt.words
    assert counts(settings) == (1, 3)


def test_printing_a_mailed_letter_leaves_it_mailed(resident: Resident, settings: Settings) -> None:
    taken = resident.signed(*GLOUCESTER)
    resident.client.post(*form_with(taken, did="MA-6=mailed"))
    resident.client.post("/print", {**taken.form(), "only": "MA-6"})
    assert rows(settings, "letters")[0]["state"] == "mailed"


def test_a_report_that_cannot_be_stored_says_so(
    anyone: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = anyone.signed(*GLOUCESTER)

    def full(*_args: object, **_named: object) -> bool:
        raise NotStoredError("full")

    monkeypatch.setattr(handover, "mark", full)
    page = anyone.client.post(*form_with(taken, did="MA-6=mailed"))
    said = "We could not save this" if anyone.lang == "en" else "No pudimos guardar esto"
    assert said in page.words


def test_print_view_shows_each_letter_on_its_own_sheet(anyone: Resident) -> None:
    form = anyone.signed(*GLOUCESTER).form()
    page = anyone.client.post(anyone.url("/print"), form)
    assert len(sheets(page)) == 3
    assert len(sheets(anyone.client.post(anyone.url("/print"), {**form, "only": "MA-6"}))) == 1


def test_a_letter_has_the_date_and_the_words_of_the_day_it_was_signed(
    anyone: Resident, clock: Clock
) -> None:
    """Offices and the kept text see one letter, whenever it is printed."""
    clock.now = datetime(2026, 11, 4, 3, 30, tzinfo=UTC)  # the evening of November 3
    taken = anyone.signed(*GLOUCESTER)
    form = taken.form()
    assert anyone.client.flask.post(anyone.url("/keep"), data=form).status_code == 307
    for _again in range(2):
        printed = sheets(anyone.client.post(anyone.url("/print"), form))
        pdf = anyone.client.flask.post(anyone.url("/letters.pdf"), data={**form, "only": ""}).data
        receipt = anyone.client.get(anyone.receipt_path(taken)).words
        for text in (*printed, *pdf_text(pdf), receipt):
            assert "November 3, 2026" in text
            assert "only weeks left" not in " ".join(text.split())
        page = anyone.client.post(anyone.url("/take"), form)
        assert ("We keep your letters" if anyone.lang == "en" else "Guardamos sus cartas") in (
            page.words
        )
        clock.forward(days=17)
    form["story"] = ["I read it again."]
    corrected = anyone.sign(anyone.sign(form, 400).form())  # the form had expired
    assert "December 7, 2026" in sheets(anyone.client.post("/print", corrected.form()))[0]


def test_a_correction_has_the_day_on_which_it_was_made(
    resident: Resident, clock: Clock, settings: Settings
) -> None:
    clock.now = datetime(2026, 11, 4, 4, 50, tzinfo=UTC)  # just before midnight in Washington
    review = resident.reviewing(*GLOUCESTER)
    resident.sign(review.form())
    clock.forward(minutes=20)
    writing = resident.client.post("/address", review.form())
    again = resident.review(resident.filled(writing, story="I read it again."))
    corrected = resident.sign(again.form())
    assert len(rows(settings)) == 1
    assert "November 4, 2026" in sheets(resident.client.post("/print", corrected.form()))[0]


def test_a_print_view_loaded_again_shows_and_reports_the_same_letter(
    anyone: Resident, settings: Settings
) -> None:
    form = anyone.signed(*GLOUCESTER).form()
    page = anyone.client.post(anyone.url("/print"), {**form, "only": "MA-6"})
    assert len(sheets(anyone.client.post(anyone.url("/print"), page.form()))) == 1
    states = {r["seat"]: r["state"] for r in rows(settings, "letters")}
    assert states == {"MA-6": "printed", "MA-S1": "written", "MA-S2": "written"}


def test_a_character_missing_from_every_font_gives_a_warning(resident: Resident) -> None:
    """PD02"""
    assert "We cannot print" not in resident.reviewing(*GLOUCESTER, first="ليلى", last="حداد").words
    assert "We cannot print" in resident.reviewing(*GLOUCESTER, first="\U00013000").words


# --- the receipt -----------------------------------------------------------------------------


def test_a_receipt_names_no_one(anyone: Resident) -> None:
    """PR04"""
    taken = anyone.signed(*GLOUCESTER, email="imani@example.org")
    path = anyone.receipt_path(taken)
    receipt = anyone.client.get(path)
    shown = receipt.text.replace(path.rpartition("/")[2], "")
    for personal in ("Siobhán", "Dell", "Larkspur", "Springfield", "01930", "imani", "Last spring"):
        assert personal not in shown
    assert receipt.one("meta", name="robots").get("content") == "noindex"


def test_viewing_a_receipt_changes_nothing(anyone: Resident, settings: Settings) -> None:
    """EM10"""
    path = anyone.receipt_path(anyone.signed(*GLOUCESTER))
    before = [rows(settings), rows(settings, "letters")]
    for _ in range(3):
        anyone.client.get(path)
        assert anyone.client.flask.head(path).status_code == 200
    assert anyone.client.flask.get(f"{path}/withdraw").status_code == 405
    assert anyone.client.flask.head(f"{path}/withdraw").status_code == 405
    assert [rows(settings), rows(settings, "letters")] == before


def test_withdrawing_lowers_every_count_and_can_be_repeated(
    anyone: Resident, settings: Settings
) -> None:
    """EM10, PR05"""
    path = anyone.receipt_path(anyone.signed(*GLOUCESTER))
    for _ in range(2):
        response = anyone.client.flask.post(f"{path}/withdraw")
        assert response.status_code == 303
        assert response.headers["Location"] == path
        assert counts(settings) == (0, 0)
    page = anyone.client.get(path)
    assert ("withdrawn" if anyone.lang == "en" else "retirada") in page.h1
    assert not [b for b in page.buttons() if "danger" in (b.get("class") or "")]


def test_the_envelopes_address_names_the_member(anyone: Resident) -> None:
    taken = anyone.signed(*GLOUCESTER)
    envelope = "On the envelope: " if anyone.lang == "en" else "En el sobre: "
    assert f"{envelope}The Honorable Seth Moulton, U.S. House of Representatives" in taken.words


def test_a_receipt_shows_its_own_link_to_copy(anyone: Resident, settings: Settings) -> None:
    path = anyone.receipt_path(anyone.signed(*GLOUCESTER))
    assert anyone.client.get(path).by_id("link").get("value") == settings.address + path


def test_a_withdrawn_receipt_says_that_nothing_stays(anyone: Resident) -> None:
    path = anyone.receipt_path(anyone.signed(*GLOUCESTER))
    stays, kept = (
        ("Your signature stays", "you asked us to keep")
        if anyone.lang == "en"
        else ("Su firma sigue", "nos pidió guardar")
    )
    page = anyone.client.get(path)
    assert stays in page.words
    assert kept in page.words
    anyone.client.flask.post(f"{path}/withdraw")
    page = anyone.client.get(path)
    assert stays not in page.words
    assert kept not in page.words
    assert not [e for e in page.all("input") if e.get("id") == "link"]


def test_a_receipt_cannot_be_guessed(anyone: Resident, settings: Settings) -> None:
    """PR02"""
    path = anyone.receipt_path(anyone.signed(*GLOUCESTER))
    base, _, token = path.rpartition("/")
    wrong = token[:-2] + ("aa" if token[-2:] != "aa" else "bb")
    for guess in ("1", "0", "x" * 43, wrong, token.lower(), "%00", "None" * 3):
        response = anyone.client.flask.get(f"{base}/{guess}")
        assert response.status_code == 404, guess
        assert anyone.client.flask.post(f"{base}/{guess}/withdraw").status_code == 404
    assert counts(settings) == (1, 3)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)


def test_the_start_page_shows_the_count_from_25_people_on(
    anyone: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EX12"""
    anyone.signed(*GLOUCESTER)
    said = "1 people signed" if anyone.lang == "en" else "1 personas firmaron"
    assert public_pages.SHOWN_FROM == 25
    assert said not in anyone.client.get(anyone.url("/")).words
    monkeypatch.setattr(public_pages, "SHOWN_FROM", 1)
    assert said in anyone.client.get(anyone.url("/")).words


def letters_form(page: Html) -> ElementTree.Element:
    return next(form for form in page.all("form") if form.get("id") == "page-form")


def test_the_receipt_returns_the_letters_until_the_resident_leaves_them(
    resident: Resident, settings: Settings
) -> None:
    taken = resident.signed(*GLOUCESTER, story="These very words.")
    path = resident.receipt_path(taken)
    end = next(form for form in taken.all("form") if form.get("action") == path)
    receipt = resident.client.post(path, values(end))
    assert "?" not in path
    back = letters_form(receipt)
    assert back.get("hidden") is None
    again = resident.client.post(back.get("action") or "", values(back))
    assert again.words.count("These very words.") == taken.words.count("These very words.") > 0
    assert counts(settings) == (1, 3)
    spanish = resident.client.post(f"/es{path}", values(end))
    assert "Volver a mis cartas" in spanish.words
    assert values(letters_form(spanish))["story"] == ["These very words."]
    # Opened by its bare address, which is how a browser forgets the letters, the page has none.
    forgotten = resident.client.get(path)
    assert letters_form(forgotten).get("hidden") is not None
    assert "These very words." not in forgotten.text
    assert values(letters_form(forgotten)) == {}


def test_no_page_calls_a_letter_mailed_that_was_not(resident: Resident) -> None:
    taken = resident.signed(*GLOUCESTER)
    path = resident.receipt_path(taken)
    pages = [taken]
    for letter, report in (("MA-S1", "pasted"), ("MA-6", "spoke by phone")):
        pages.append(resident.client.post("/take", {**taken.form(), "did": [f"{letter}={report}"]}))
    pages += [resident.client.get(path), resident.client.get(path + "?forget=1")]
    for page in pages:
        assert not [words(e) for e in page.all("span") + page.all("p") if
                    re.search(r"[Yy]ou mailed|was emailed", words(e))]  # fmt: skip
    mailed = resident.client.post("/take", {**taken.form(), "did": ["MA-S2=mailed"]})
    assert "You mailed" in mailed.words
