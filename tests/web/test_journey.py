"""From the page to write on to the receipt: nothing is lost, nothing counts twice."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from flask import Flask
from pypdf import PdfReader

from app.records import local_database, totals
from app.settings import Settings
from tests.web.conftest import Clock
from tests.web.lint import Client, Html, words
from tests.web.resident import Form, Resident, form_with

CAMPAIGN = "protect-immigration-act"
GLOUCESTER = ("01930", "MA")
BOSTON_TO = ["MA-6", "MA-S1", "MA-S2"]


@pytest.fixture(params=("en", "es"))
def anyone(request: pytest.FixtureRequest, client: Client) -> Resident:
    return Resident(client, request.param)


@pytest.fixture
def resident(client: Client) -> Resident:
    return Resident(client)


def counts(settings: Settings) -> tuple[int, int]:
    found = totals(local_database(settings.database), CAMPAIGN)
    return found.signatures, found.letters


def rows(settings: Settings, table: str = "signatures") -> list[dict[str, object]]:
    db = local_database(settings.database)
    cursor = db.execute(f"SELECT * FROM {table}")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def sheets(page: Html) -> list[str]:
    return [words(e) for e in page.all("article") if e.get("class") == "sheet"]


# --- the whole way ---------------------------------------------------------------------------


def test_a_resident_writes_three_letters_and_is_counted_once(
    anyone: Resident, settings: Settings
) -> None:
    """NM08, EX10"""
    review = anyone.reviewing(*GLOUCESTER)
    letters = sheets(review)
    assert len(letters) == 3
    assert "Dear Representative Moulton:" in letters[0]
    assert "Dear Senator Warren:" in "".join(letters)
    assert "Dear Senator Markey:" in "".join(letters)
    assert all("Last spring a neighbor" in letter for letter in letters)
    assert counts(settings) == (0, 0)
    taken = anyone.sign(review.form())
    assert counts(settings) == (1, 3)
    row = rows(settings)[0]
    assert (row["state"], row["district"], row["language"]) == ("MA", 6, anyone.lang)
    assert row["match"] == "zip"
    receipt = anyone.client.get(anyone.receipt_path(taken))
    for name in ("Moulton", "Warren", "Markey"):
        assert name in receipt.words


def test_one_delegate_gets_one_letter(anyone: Resident, settings: Settings) -> None:
    """LK09"""
    anyone.signed("20009")
    assert counts(settings) == (1, 1)
    assert [r["seat"] for r in rows(settings, "letters")] == ["DC-0"]


def test_a_vacant_seat_is_recorded_and_makes_no_letter(
    anyone: Resident, settings: Settings
) -> None:
    """LK13"""
    review = anyone.reviewing("94541", "CA", 14)
    assert len(sheets(review)) == 2
    anyone.sign(review.form())
    assert counts(settings) == (1, 2)
    letters = {r["seat"]: (r["bioguide"], r["state"]) for r in rows(settings, "letters")}
    assert letters["CA-14"] == (None, "not attempted")


def test_only_the_chosen_recipients_are_written_to(resident: Resident, settings: Settings) -> None:
    review = resident.reviewing(*GLOUCESTER, to=["", "MA-S1"])
    assert len(sheets(review)) == 1
    resident.sign(review.form())
    assert counts(settings) == (1, 1)


def test_choosing_nobody_is_pointed_out(anyone: Resident) -> None:
    form = anyone.filled(anyone.writing(*GLOUCESTER), to=[""])
    page = anyone.review(form, 422)
    assert page.title.startswith("Error:")
    assert page.form()["to"] == [""]
    assert page.form()["story"] == form["story"]


def test_the_way_that_a_match_was_made_is_kept(resident: Resident, settings: Settings) -> None:
    resident.signed("60647", "IL", 7)
    assert rows(settings)[0]["match"] == "chosen"


def test_a_source_tag_of_the_link_is_kept(resident: Resident, settings: Settings) -> None:
    page = resident.client.get("/find?source=parish-2")
    form = {**page.form(), "zip": ["01930"]}
    page = resident.client.post("/find", form)
    resident.sign(resident.review(resident.filled(page)).form())
    assert rows(settings)[0]["source"] == "parish-2"


# --- names, addresses, words ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "signed"),
    [
        ("Siobhán", "O'Dell", "Siobhán O'Dell"),
        ("Suharni", "", "Suharni"),
        ("DeShawn", "van der Berg III", "DeShawn van der Berg III"),
        ("Renée", "O'Neill-McDonald", "Renée O'Neill-McDonald"),
        ("{{ config }}", "", "{{ config }}"),
        ("<img src=x onerror=alert(1)>", "", "<img src=x onerror=alert(1)>"),
        ("陳美玲", "", "陳美玲"),
        ("שירה", "לוי", "שירה לוי"),
        ("None", "Null", "None Null"),
    ],
)
def test_a_name_is_signed_as_it_was_typed(
    resident: Resident, first: str, last: str, signed: str
) -> None:
    """NM01, NM02, NM04, TP02, TP07, PD02"""
    form = resident.filled(resident.writing(*GLOUCESTER), first=first, last=last)
    if first == "None":  # the lint refuses the word, which is this person's name
        response = resident.client.flask.post("/review", data=form)
        assert response.status_code == 200
        assert signed in response.text
        return
    page = resident.review(form)
    assert all(letter.endswith(signed) for letter in sheets(page))
    names = [words(e) for e in page.all("span") if e.get("class") == "lines"]
    assert signed in names
    assert not page.all("img")


@pytest.mark.parametrize(
    "story",
    [
        "Our motto is {{ 7*7 }} and {% raise %}",
        "</textarea><script>alert(2)</script>",
        "Parks & trails < roads. “It’s ours” — 40° 🐢",
        "{# comment #} {{ ''.__class__ }} {{ request.environ }}",
        '"><svg onload=alert(3)>',
    ],
)
def test_a_story_is_data_everywhere(resident: Resident, settings: Settings, story: str) -> None:
    """TP02, TP07, NM01, EM12"""
    review = resident.reviewing(*GLOUCESTER, story=story)
    assert all(story in letter for letter in sheets(review))
    area = review.by_id("words-MA-6")
    assert story in "".join(area.itertext())
    taken = resident.sign(review.form())
    text = "".join(taken.by_id("text-MA-6").itertext())
    assert story.replace('"', "”").strip("”") in text or "49" not in text
    assert taken.form()["story"] == [story]
    printed = resident.client.post("/print", taken.form())
    assert all(story in letter for letter in sheets(printed))
    page = resident.client.post("/write", taken.form())
    assert "".join(page.by_id("story").itertext()).strip("\n") == story


def test_blank_and_odd_address_lines_leave_no_trace(resident: Resident) -> None:
    """AD02, AD04"""
    for second, city in (("   ", "St. Paul"), (".", "St. Paul"), ("", "St. Paul")):
        page = resident.reviewing(*GLOUCESTER, street2=second, city=city)
        address = next(e for e in page.all("address") if e.get("class") == "from")
        lines = [words(e) for e in address]
        assert lines == ["12 Larkspur Ct", "St. Paul, MA 01930"]


def test_a_zip_with_a_leading_zero_survives(resident: Resident) -> None:
    """ZP01"""
    page = resident.reviewing("01930-1234", "MA")
    assert "Springfield, MA 01930-1234" in sheets(page)[0]


@pytest.mark.parametrize("email", ["o'dell+parks.2026@example.museum", "x@sub.example.photography"])
def test_valid_addresses_are_taken(resident: Resident, email: str) -> None:
    """EM05"""
    assert len(sheets(resident.reviewing(*GLOUCESTER, email=email))) == 3


@pytest.mark.parametrize("email", ["x", "a b@example.org", "@example.org", "a@b", "a@@b.org"])
def test_an_impossible_address_is_pointed_out(anyone: Resident, email: str) -> None:
    page = anyone.review(anyone.filled(anyone.writing(*GLOUCESTER), email=email), 422)
    assert page.one("input", id="email").get("aria-invalid") == "true"
    assert page.one("input", id="email").get("value") == email


def test_every_missing_field_is_named_and_everything_stays(anyone: Resident) -> None:
    """AC01"""
    blank = {"first": "", "street": " ", "city": "", "mail_state": "", "mail_zip": "abc"}
    form = anyone.filled(anyone.writing(*GLOUCESTER), **blank, last="Okafor")
    page = anyone.review(form, 422)
    assert page.title.startswith("Error:")
    summary = next(d for d in page.all("div") if d.get("class") == "summary")
    assert summary.get("autofocus") is not None
    links = [a.get("href") for a in summary.iter() if a.tag.endswith("}a")]
    assert links == ["#first", "#street", "#city", "#mail_state", "#mail_zip"]
    for target in links:
        field = page.by_id(str(target)[1:])
        assert field.get("aria-invalid") == "true"
        assert field.get("aria-describedby")
    assert page.form()["last"] == ["Okafor"]
    assert page.form()["story"] == [form["story"][0]]


def test_a_story_that_is_too_long_is_kept_whole(anyone: Resident) -> None:
    story = "x" * 10_001
    page = anyone.review(anyone.filled(anyone.writing(*GLOUCESTER), story=story), 422)
    assert page.form()["story"] == [story]
    assert "10001" in page.words
    assert len(sheets(anyone.reviewing(*GLOUCESTER, story="x" * 10_000))) == 3


# --- the return address ----------------------------------------------------------------------


def test_an_address_elsewhere_is_refused_with_two_ways_on(anyone: Resident) -> None:
    """AD07"""
    page = anyone.writing("10013", "NY", 10)
    form = anyone.filled(page, mail_zip="07601", mail_state="NJ", city="Hackensack")
    refused = anyone.review(form, 422)
    assert refused.one("input", id="mail_zip").get("aria-invalid") == "true"
    assert not sheets(refused)
    action, again = form_with(refused, relocate="1")
    moved = anyone.client.post(action, again)
    assert "NJ-5" in moved.text
    assert "NY-10" not in str(moved.form().get("to"))
    assert moved.form()["story"] == form["story"]
    ticked = anyone.review({**refused.form(), "elsewhere": ["1"]})
    assert "Hackensack, NJ 07601" in sheets(ticked)[0]
    assert "Goldman" in sheets(ticked)[0]


def test_a_letter_does_not_name_the_town_of_a_mailbox_as_home(resident: Resident) -> None:
    """AD07: mail that comes to Boston says nothing about where in the state a person lives."""
    mailbox = {"city": "Boston", "street": "P.O. Box 12", "mail_zip": "02138", "elsewhere": "1"}
    review = resident.reviewing(*GLOUCESTER, **mailbox)
    assert "I am your constituent in Massachusetts." in sheets(review)[0]
    assert "P.O. Box 12 Boston, MA 02138" in sheets(review)[0]
    taken = resident.sign(review.form())
    assert "I live in Massachusetts, ZIP code 01930, and I am a constituent" in taken.words
    assert "in Boston" not in taken.words


def test_letters_and_row_agree_after_moving(resident: Resident, settings: Settings) -> None:
    """AD07"""
    page = resident.writing("10013", "NY", 10)
    form = resident.filled(page, mail_zip="07601", mail_state="NJ", city="Hackensack")
    _action, again = form_with(resident.review(form, 422), relocate="1")
    moved = resident.client.post("/find", again)
    if "to" not in moved.form():
        moved = resident.client.post(*_pair(form_with(moved, district="5")))
    resident.sign(resident.review(moved.form()).form())
    row = rows(settings)[0]
    assert (row["state"], row["district"]) == ("NJ", 5)
    seats = {r["seat"] for r in rows(settings, "letters")}
    assert seats == {"NJ-5", "NJ-S1", "NJ-S2"}


def _pair(pressed: tuple[str, Form]) -> tuple[str, Form]:
    return pressed


def test_a_form_cannot_claim_a_delegation(resident: Resident) -> None:
    page = resident.writing(*GLOUCESTER)
    form = resident.filled(page, to=["", "NY-12", "CA-S1"])
    assert resident.review(form, 422).title.startswith("Error:")
    form = resident.filled(page, district=["12"], state=["MA"])
    again = resident.review(form)
    assert "MA-6" in again.text
    assert not sheets(again)


# --- going back and forth --------------------------------------------------------------------


def test_going_back_to_change_something_keeps_everything(anyone: Resident) -> None:
    review = anyone.reviewing(*GLOUCESTER, email="a@example.org", to=["", "MA-6", "MA-S2"])
    back = anyone.client.post(anyone.url("/write"), review.form())
    form = back.form()
    for name, value in anyone.person.items():
        assert form[name] == [value], name
    assert form["to"] == ["", "MA-6", "MA-S2"]
    assert form["email"] == ["a@example.org"]


def test_the_words_of_one_letter_can_be_changed(anyone: Resident, settings: Settings) -> None:
    review = anyone.reviewing(*GLOUCESTER)
    form = review.form()
    form["words-MA-6"] = ["I write as a nurse.\r\n\r\nPlease act <now>."]
    changed = anyone.review(form)
    first, *others = sheets(changed)
    assert "I write as a nurse. Please act <now>." in first
    assert "Last spring" not in first
    assert all("Last spring" in letter for letter in others)
    back = anyone.client.post(anyone.url("/write"), changed.form())
    assert back.form()["words-MA-6"] == ["I write as a nurse.\n\nPlease act <now>."]
    again = anyone.review(anyone.filled(back, story="A new story."))
    first, *others = sheets(again)
    assert "I write as a nurse." in first
    assert all("A new story." in letter for letter in others)
    action, form = form_with(again, undo="MA-6")
    undone = anyone.client.post(action, form)
    assert "A new story." in sheets(undone)[0]
    anyone.sign(again.form())
    assert rows(settings)[0]["edited"] == 1


def test_looking_at_the_words_changes_nothing(resident: Resident, settings: Settings) -> None:
    form = resident.reviewing(*GLOUCESTER).form()
    for name in [n for n in form if n.startswith("words-")]:
        form[name] = [form[name][0].replace("\n", "\r\n") + "\r\n "]
    resident.sign(resident.review(form).form())
    assert rows(settings)[0]["edited"] == 0


def test_a_letter_edited_beyond_all_bounds_is_pointed_out(anyone: Resident) -> None:
    form = anyone.reviewing(*GLOUCESTER).form()
    form["words-MA-6"] = ["y" * 15_001]
    page = anyone.review(form, 422)
    assert page.by_id("words-MA-6").get("aria-invalid") == "true"
    assert page.form()["words-MA-6"] == ["y" * 15_001]


def test_a_local_office_can_be_chosen(anyone: Resident) -> None:
    review = anyone.reviewing(*GLOUCESTER)
    options = [o for o in review.by_id("office-MA-6").iter() if o.get("value")]
    assert options[0].get("value") == "washington"
    assert len(options) > 1
    form = {**review.form(), "office-MA-6": [str(options[1].get("value"))]}
    changed = anyone.review(form)
    assert "Washington, DC" not in sheets(changed)[0]
    assert "Washington, DC" in sheets(changed)[1]
    taken = anyone.sign(changed.form())
    printed = anyone.client.post(anyone.url("/print"), taken.form())
    assert sheets(printed)[0] == sheets(changed)[0]


def test_switching_the_language_keeps_the_draft(resident: Resident) -> None:
    pages = {
        "/write": resident.writing(*GLOUCESTER),
        "/review": resident.reviewing(*GLOUCESTER),
        "/take": resident.signed(*GLOUCESTER),
        "/find": resident.find("60647"),
    }
    for path, page in pages.items():
        button = next(b for b in page.buttons() if b.get("class") == "language")
        assert button.get("formaction") == f"/es{path}"
        spanish = resident.client.post(f"/es{path}", page.form())
        back = next(b for b in spanish.buttons() if b.get("class") == "language")
        assert back.get("formaction") == path
        if path != "/find":
            assert spanish.form()["zip"] == ["01930"]


def test_a_reading_aid_stands_beside_the_english(client: Client) -> None:
    page = Resident(client, "es").reviewing(*GLOUCESTER)
    aids = [d for d in page.all("div") if d.get("class") == "sheet aid"]
    assert len(aids) == 3
    assert all(d.get("lang") == "es" for d in aids)
    assert all(a.get("lang") == "en" for a in page.all("article"))
    assert not [d for d in Resident(client).reviewing(*GLOUCESTER).all("div")
                if d.get("class") == "sheet aid"]  # fmt: skip


def test_the_nudge_for_own_words_comes_once_at_most(resident: Resident) -> None:
    nudge = "One or two sentences of your own"
    assert resident.reviewing(*GLOUCESTER, story="").words.count(nudge) == 1
    assert nudge not in resident.reviewing(*GLOUCESTER, story="My own words. " * 60).words


def test_a_limit_of_an_office_is_shown_and_never_enforced_by_cutting(resident: Resident) -> None:
    long = "These are words of my own. " * 300
    for zip_code, state, district in (("01930", "MA", None), ("43215", "OH", 3)):
        page = resident.reviewing(zip_code, state, district, story=long)
        assert all(long.strip() in letter for letter in sheets(page))


# --- signing ---------------------------------------------------------------------------------


def test_the_same_form_twice_counts_once(anyone: Resident, settings: Settings) -> None:
    """CC02, CC03"""
    form = anyone.reviewing(*GLOUCESTER).form()
    first, second = anyone.sign(form), anyone.sign(form)
    assert counts(settings) == (1, 3)
    assert anyone.receipt_path(first) == anyone.receipt_path(second)
    assert first.h1 == second.h1


def test_two_presses_at_the_same_moment_count_once(app: Flask, settings: Settings) -> None:
    """CC02"""
    form = Resident(Client(app.test_client())).reviewing(*GLOUCESTER).form()

    def press(_number: int) -> int:
        return app.test_client().post("/sign", data=form).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(press, range(16))) == {307}
    assert counts(settings) == (1, 3)


def test_signing_sends_the_form_on(resident: Resident, settings: Settings) -> None:
    """CC03: the address of the page after signing is one that counts nothing."""
    form = resident.reviewing(*GLOUCESTER).form()
    response = resident.client.flask.post("/sign", data=form)
    assert response.status_code == 307
    assert response.headers["Location"] == "/take"
    for _ in range(3):
        resident.client.post("/take", form)
    assert counts(settings) == (1, 3)


def test_back_and_sign_again_counts_once(resident: Resident, settings: Settings) -> None:
    """CC03"""
    review = resident.reviewing(*GLOUCESTER)
    resident.sign(review.form())
    changed = resident.client.post("/write", review.form())
    resident.sign(resident.review(resident.filled(changed, story="Changed.")).form())
    assert counts(settings) == (1, 3)


def test_signing_again_looks_the_same_to_a_stranger(anyone: Resident, settings: Settings) -> None:
    """DI01, PR05"""
    first = anyone.signed(*GLOUCESTER, email="imani@example.org")
    second = anyone.signed(*GLOUCESTER, email="IMANI@example.org", first="Siobhan", last="Y")
    assert counts(settings) == (1, 3)
    assert first.h1 == second.h1
    assert anyone.receipt_path(first) != anyone.receipt_path(second)


def test_taking_away_needs_a_signature(resident: Resident, settings: Settings) -> None:
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


def test_a_program_that_fills_in_everything_is_asked_to_press_again(
    anyone: Resident, settings: Settings
) -> None:
    """SP02: a visible second step, never a silent drop; what stays odd is held."""
    review = anyone.reviewing(*GLOUCESTER)
    filled = {**review.form(), "website": ["http://bad.example"]}
    page = anyone.sign(filled, 422)
    assert counts(settings) == (0, 0)
    anyone.sign(page.form())
    assert counts(settings) == (0, 0)
    assert rows(settings)[0]["status"] == "held"


def test_a_form_without_the_unseen_field_is_asked_to_press_again(
    anyone: Resident, settings: Settings
) -> None:
    """SP02"""
    form = anyone.reviewing(*GLOUCESTER).form()
    del form["website"]
    page = anyone.sign(form, 422)
    anyone.sign(page.form())
    assert counts(settings) == (0, 0)
    assert rows(settings)[0]["status"] == "held"


def test_a_full_disk_is_said_and_loses_nothing(
    anyone: Resident, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.records import NotStoredError
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


# --- taking away -----------------------------------------------------------------------------


def test_each_letter_has_every_way_of_handing_over(anyone: Resident) -> None:
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


def test_letters_can_be_downloaded_together_or_alone(anyone: Resident) -> None:
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


def test_what_a_person_did_is_on_their_receipt(anyone: Resident, settings: Settings) -> None:
    taken = anyone.signed(*GLOUCESTER)
    form = taken.form()
    anyone.client.flask.post(anyone.url("/letters.pdf"), data={**form, "only": "MA-6"})
    anyone.client.post(anyone.url("/print"), {**form, "only": "MA-S1"})
    again = anyone.client.post(anyone.url("/take"), {**form, "pasted": "MA-S2"})
    states = {r["seat"]: r["state"] for r in rows(settings, "letters")}
    assert states == {"MA-6": "downloaded", "MA-S1": "printed", "MA-S2": "copied"}
    assert [p for p in again.all("p") if p.get("class") == "done-mark"]
    receipt = anyone.client.get(anyone.receipt_path(taken))
    downloaded = "You downloaded it" if anyone.lang == "en" else "Usted la descargó"
    assert downloaded in receipt.words
    assert counts(settings) == (1, 3)


def test_a_copy_button_reports_with_the_token_alone(resident: Resident, settings: Settings) -> None:
    form = resident.signed(*GLOUCESTER).form()
    data = {"token": form["token"][0], "pasted": "MA-6"}
    assert resident.client.flask.post("/mark", data=data).status_code == 204
    assert rows(settings, "letters")[0]["state"] == "copied"
    for odd in ({}, {"token": "x", "pasted": "MA-S1"}, {**data, "pasted": "' OR 1=1"}):
        assert resident.client.flask.post("/mark", data=odd).status_code == 204
    assert [r["state"] for r in rows(settings, "letters")] == ["copied", "written", "written"]


def test_print_view_shows_each_letter_on_its_own_sheet(anyone: Resident) -> None:
    form = anyone.signed(*GLOUCESTER).form()
    page = anyone.client.post(anyone.url("/print"), form)
    assert len(sheets(page)) == 3
    assert len(sheets(anyone.client.post(anyone.url("/print"), {**form, "only": "MA-6"}))) == 1


def test_a_character_that_no_font_has_is_warned_about(resident: Resident) -> None:
    """PD02"""
    assert "cannot show" not in resident.reviewing(*GLOUCESTER, first="ليلى", last="حداد").words
    assert "cannot show" in resident.reviewing(*GLOUCESTER, first="\U00013000").words


# --- the receipt -----------------------------------------------------------------------------


def test_a_receipt_names_nobody(anyone: Resident) -> None:
    """PR04"""
    taken = anyone.signed(*GLOUCESTER, email="imani@example.org")
    receipt = anyone.client.get(anyone.receipt_path(taken))
    for personal in ("Siobhán", "Dell", "Larkspur", "Springfield", "01930", "imani", "Last spring"):
        assert personal not in receipt.text
    assert receipt.one("meta", name="robots").get("content") == "noindex"


def test_looking_at_a_receipt_changes_nothing(anyone: Resident, settings: Settings) -> None:
    """EM10"""
    path = anyone.receipt_path(anyone.signed(*GLOUCESTER))
    before = [rows(settings), rows(settings, "letters")]
    for _ in range(3):
        anyone.client.get(path)
        assert anyone.client.flask.head(path).status_code == 200
    assert anyone.client.flask.get(f"{path}/withdraw").status_code == 405
    assert anyone.client.flask.head(f"{path}/withdraw").status_code == 405
    assert [rows(settings), rows(settings, "letters")] == before


def test_withdrawing_lowers_every_count_and_is_harmless_twice(
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


def test_the_start_page_counts_people_and_letters(anyone: Resident) -> None:
    """EX12"""
    anyone.signed(*GLOUCESTER)
    page = anyone.client.get(anyone.url("/"))
    numbers = [words(e) for e in page.all("dd") if e.get("class") == "big"]
    assert numbers == ["1", "3"]


# --- what is kept ------------------------------------------------------------------------------


def test_nothing_personal_is_kept(resident: Resident, settings: Settings) -> None:
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


def test_no_address_carries_anything_personal(
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
