"""From the page for the story to the review of each letter: nothing is lost."""

from __future__ import annotations

import re

import pytest

from app.site.settings import Settings
from tests.web.lint import Client, Html, words
from tests.web.resident import GLOUCESTER, Form, Resident, form_with, sheets
from tests.web.stored import counts, rows

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


def test_a_vacant_seat_is_recorded_and_gets_no_letter(anyone: Resident, settings: Settings) -> None:
    """LK13"""
    review = anyone.reviewing("94541", "CA", 14)
    assert len(sheets(review)) == 2
    anyone.sign(review.form())
    assert counts(settings) == (1, 2)
    letters = {r["seat"]: (r["bioguide"], r["state"]) for r in rows(settings, "letters")}
    assert letters["CA-14"] == (None, "not attempted")


def test_only_chosen_recipients_get_letters(resident: Resident, settings: Settings) -> None:
    review = resident.reviewing(*GLOUCESTER, to=["", "MA-S1"])
    assert len(sheets(review)) == 1
    resident.sign(review.form())
    assert counts(settings) == (1, 1)


def test_choosing_no_recipient_is_an_error(anyone: Resident) -> None:
    form = anyone.filled(anyone.writing(*GLOUCESTER), to=[""])
    page = anyone.review(form, 422)
    assert page.title.startswith("Error:")
    assert page.form()["to"] == [""]
    assert page.form()["story"] == form["story"]


def test_a_sole_recipient_is_not_described_as_all_of_several(anyone: Resident) -> None:
    page = anyone.review(anyone.filled(anyone.writing("20009", "DC"), to=[""]), 422)
    page.by_id("to")
    assert not [s for s in page.all("summary") if "1" in "".join(s.itertext())]


def test_how_the_district_was_matched_is_recorded(resident: Resident, settings: Settings) -> None:
    resident.signed("60647", "IL", 7)
    assert rows(settings)[0]["match"] == "chosen"


def test_the_links_source_tag_is_recorded(resident: Resident, settings: Settings) -> None:
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
def test_a_story_is_never_interpreted(resident: Resident, settings: Settings, story: str) -> None:
    """TP02, TP07, NM01, EM12"""
    review = resident.reviewing(*GLOUCESTER, story=story)
    assert all(story in letter for letter in sheets(review))
    area = review.by_id("words-MA-6")
    assert story in "".join(area.itertext())
    taken = resident.sign(review.form())
    text = "".join(taken.by_id("text-MA-6").itertext())
    straight = str.maketrans("“”‘’", "\"\"''")  # a form's text has typographic quotes
    assert story.translate(straight) in text.translate(straight)
    assert taken.form()["story"] == [story]
    printed = resident.client.post("/print", taken.form())
    assert all(story in letter for letter in sheets(printed))
    page = resident.client.post("/write", taken.form())
    assert "".join(page.by_id("story").itertext()).strip("\n") == story


@pytest.mark.parametrize("story", [".", "…", "---", "N/A", "none", "Ninguna."])
def test_a_story_that_says_nothing_is_not_in_the_letter(resident: Resident, story: str) -> None:
    """EM12: people fill a box that they take for required."""
    without = sheets(resident.reviewing(*GLOUCESTER, story=""))
    page = resident.reviewing(*GLOUCESTER, story=story)
    assert sheets(page) == without
    assert page.form()["story"] == [story]


@pytest.mark.parametrize("typed", [".", "…", "N/A", "---"])
def test_an_edited_letter_that_says_nothing_is_the_letter_as_it_was(
    resident: Resident, typed: str
) -> None:
    """EM12"""
    page = resident.reviewing(*GLOUCESTER)
    again = resident.review({**page.form(), "words-MA-6": [typed]})
    assert sheets(again) == sheets(page)
    assert again.by_id("words-MA-6").text == page.by_id("words-MA-6").text


PASTED = "Dear Representative Moulton,\n\nI was there.\n\nSincerely,\nSiobhán O'Dell"


@pytest.mark.parametrize(
    "typed",
    [PASTED, "Hola, vi algo.", "I was there.\n\nRespectfully,\nSiobhán", "Atentamente,",
     "Aloha, I was there.", "Buenos días, senador:\nVi algo.", "I was there.\nMahalo,\nKai",
     "Vi algo.\nDios los bendiga,\nAna"],
)  # fmt: skip
def test_a_second_greeting_or_sign_off_is_pointed_out(anyone: Resident, typed: str) -> None:
    """NM08: the letter of a chatbot or of another site, pasted whole."""
    said = "begin with a greeting" if anyone.lang == "en" else "empiezan con un saludo"
    page = anyone.reviewing(*GLOUCESTER, story=typed)
    assert said in page.words
    for story in (
        "Dear to my heart is my grandmother, who was afraid to call.",
        "Dear friends of mine were afraid to call.",
        "Aloha means more here than hello.\nLove, not fear, keeps us safe.",
        "Attention to detail, my mother said, saves lives.",
    ):
        plain = anyone.reviewing(*GLOUCESTER, story=story)
        assert said not in plain.words
    assert said in anyone.review({**plain.form(), "words-MA-S1": [typed]}).words


@pytest.mark.parametrize("story", ["🐢", "No one is free.", "9"])
def test_a_short_story_is_in_the_letter(resident: Resident, story: str) -> None:
    assert f" {story} " in sheets(resident.reviewing(*GLOUCESTER, story=story))[0]


def sender(page: Html) -> list[str]:
    """The lines of the writer's address at the top of the first letter."""
    return [words(e) for e in next(e for e in page.all("address") if e.get("class") == "from")]


def test_no_name_is_a_town(resident: Resident) -> None:
    page = resident.reviewing("81601", "CO", 3, city="No Name")
    assert sender(page)[-1] == "No Name, CO 81601"
    resident.review(resident.filled(resident.writing("81601", "CO", 3), city="N/A"), 422)


def test_blank_address_lines_leave_no_trace(resident: Resident) -> None:
    """AD02, AD04"""
    for second, city in (("   ", "St. Paul"), (".", "St. Paul"), ("", "St. Paul")):
        page = resident.reviewing(*GLOUCESTER, street2=second, city=city)
        assert sender(page) == ["12 Larkspur Ct", "St. Paul, MA 01930"]


@pytest.mark.parametrize(
    ("street", "second", "city"),
    [
        ("12 Larkspur Ct, Gloucester, MA 01930, USA", "", "Gloucester"),
        ("12 Larkspur Ct, Gloucester MA 01930", "", "Gloucester"),
        ("12 Larkspur Ct Gloucester MA 01930-1234", "", "Gloucester"),
        ("12 Larkspur Ct", "Gloucester, MA 01930", "Gloucester"),
        ("12 Larkspur Ct", "12 Larkspur Ct, Gloucester, MA 01930", "Gloucester"),
        ("12 Larkspur Ct", "USA", "Gloucester, Massachusetts, United States"),
        ("12 Larkspur Ct", "EE. UU.", "Gloucester, MA, EE. UU."),
        ("12 Larkspur Ct", "", "Gloucester, MA, Estados Unidos"),
        ("12 Larkspur Ct", "", "Gloucester M.A."),
        ("12 Larkspur Ct", "", "Gloucester Massachusetts"),
        ("12 Larkspur Ct Gloucester Massachusetts 01930", "", "Gloucester"),
    ],
)
def test_an_address_pasted_whole_is_printed_once(
    resident: Resident, street: str, second: str, city: str
) -> None:
    """AD02, AD04: maps and browsers fill in whole addresses."""
    page = resident.reviewing(*GLOUCESTER, street=street, street2=second, city=city)
    assert sender(page) == ["12 Larkspur Ct", "Gloucester, MA 01930"]


@pytest.mark.parametrize(
    ("street", "second"),
    [
        ("12 Gloucester", ""),
        ("12 Calle Gloucester MA", ""),
        ("12 Larkspur Ct", "Apt MA"),
        ("12 Larkspur Ct", "🏠"),
    ],
)
def test_a_line_that_only_looks_like_a_place_is_kept(
    resident: Resident, street: str, second: str
) -> None:
    """AD04"""
    page = resident.reviewing(*GLOUCESTER, street=street, street2=second, city="Gloucester")
    assert sender(page) == [
        street, *([second] if second else []), "Gloucester, MA 01930",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "street", [".", "—", "12", "N/A", "none", "no address", "s/n", "ana@example.org"]
)
def test_a_street_that_says_nothing_is_asked_for_again(anyone: Resident, street: str) -> None:
    """AD02: it would leave the letter without the line to which an office answers."""
    page = anyone.review(anyone.filled(anyone.writing(*GLOUCESTER), street=street), 422)
    message = words(page.by_id("street-error"))
    assert "General Delivery" in message
    assert page.one("input", id="street").get("value") == street


@pytest.mark.parametrize(
    "street",
    ["General Delivery", "PO Box 12", "HC 1 Box 2", "شارع 5", "200 First", "1200 X", "200 S D"],
)
def test_any_place_that_gets_mail_is_an_address(resident: Resident, street: str) -> None:
    page = resident.reviewing(*GLOUCESTER, street=street)
    assert sheets(page)[0].startswith(f"{street} Springfield, MA 01930")


@pytest.mark.parametrize("filler", ["N/A", "n/a", "unknown", "sin nombre", "ana@example.org"])
def test_a_last_name_that_says_there_is_none_is_to_be_left_empty(
    anyone: Resident, filler: str
) -> None:
    """NM02: the letter would be signed with it."""
    page = anyone.review(anyone.filled(anyone.writing(*GLOUCESTER), last=filler), 422)
    message = words(page.by_id("last-error"))
    assert ("or leave it empty" if anyone.lang == "en" else "deje el espacio vacío") in message


@pytest.mark.parametrize("name", ["N. A.", "S N", "Na", "Ditto", "O", "李", "Null", "Test"])
def test_short_and_unusual_names_are_names(resident: Resident, name: str) -> None:
    """NM02"""
    for first, last in ((name, "Patel"), ("Beth", name)):
        page = resident.reviewing(*GLOUCESTER, first=first, last=last)
        assert sheets(page)[0].endswith(f"{first} {last}")


@pytest.mark.parametrize(
    ("field", "typed", "other"),
    [
        ("street", "12 Main St, Hackensack, NJ 07601", "07601"),
        ("street", "12 Main St, Hackensack NJ 07601-1234, USA", "07601"),
        ("street", "12 Main St Concord New Hampshire 03301", "03301"),
        ("city", "Hackensack, NJ", "NJ"), ("city", "Hackensack, New Jersey 07601", "NJ"),
    ],
)  # fmt: skip
def test_an_address_pasted_from_elsewhere_is_questioned(
    anyone: Resident, field: str, typed: str, other: str
) -> None:
    """AD07, LK19"""
    page = anyone.review(anyone.filled(anyone.writing(*GLOUCESTER), **{field: typed}), 422)
    assert other in words(page.by_id(f"{field}-error"))
    assert page.one("input", id=field).get("value") == typed.replace("Jersey 07601", "Jersey")


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("street", "12 Main St, NE"), ("street", "12345 Route 20, Box 54321"),
        ("street", "12 Main St, Rockport, MA 01930"), ("city", "Gloucester, Mass."),
        ("city", "Nevada"), ("city", "Manchester, by the Sea"),
    ],
)  # fmt: skip
def test_an_address_that_agrees_is_not_questioned(
    resident: Resident, field: str, typed: str
) -> None:
    """AD07"""
    assert len(sheets(resident.reviewing(*GLOUCESTER, **{field: typed}))) == 3


@pytest.mark.parametrize(
    ("state", "zip_code", "words_there"),
    [
        ("AE", "10013", "New York"), ("AE", "34001", "AA"), ("NJ", "94110", "California"),
        ("NY", "09012", "AE"), ("GA", "38326", "Tennessee or Mississippi"),
    ],
)  # fmt: skip
def test_a_mailing_address_must_agree_with_itself(
    resident: Resident, state: str, zip_code: str, words_there: str
) -> None:
    """LK19, LK21: an office could not answer to it."""
    form = resident.filled(
        resident.writing(*GLOUCESTER), elsewhere="1", street="PSC 88 Box 1203", city="APO",
        mail_state=state, mail_zip=zip_code,
    )  # fmt: skip
    page = resident.review(form, 422)
    assert f"ZIP code {zip_code} is in {words_there}" in words(page.by_id("mail_zip-error"))
    assert "Look up this address" not in page.words


def test_a_mistyped_zip_of_a_home_is_not_said_to_be_in_the_state_of_the_home(
    resident: Resident,
) -> None:
    form = resident.filled(resident.writing(*GLOUCESTER), mail_zip="60614")
    page = resident.review(form, 422)
    said = words(page.by_id("mail_zip-error"))
    assert "ZIP code 60614 is in Illinois, not in Massachusetts. Correct the one that" in said


@pytest.mark.parametrize(
    ("state", "zip_code"), [("AL", "30165"), ("NJ", "99999"), ("AE", "09299"), ("KY", "42223")]
)
def test_a_mailing_address_on_a_border_or_with_a_new_zip_is_accepted(
    resident: Resident, state: str, zip_code: str
) -> None:
    """LK03, LK06"""
    page = resident.reviewing(
        *GLOUCESTER, elsewhere="1", city="APO", mail_state=state, mail_zip=zip_code
    )
    assert f"APO, {state} {zip_code}" in sheets(page)[0]


def test_military_mail_needs_its_own_city(anyone: Resident) -> None:
    """LK21"""
    base = {"mail_state": "AE", "mail_zip": "09012", "street": "PSC 88 Box 1203"}
    form = anyone.filled(anyone.writing(*GLOUCESTER), **base, city="Vilseck")
    page = anyone.review(form, 422)
    assert "APO" in words(page.by_id("city-error"))
    anyone.review({**form, "city": ["A.P.O.,"]})
    assert "APO" not in words(anyone.review({**form, "city": [""]}, 422).by_id("city-error"))
    assert "APO, AE 09012" in sheets(anyone.review({**form, "city": ["apo"]}))[0].replace(
        "apo", "APO"
    )


def test_a_zip_with_a_leading_zero_survives(resident: Resident) -> None:
    """ZP01"""
    page = resident.reviewing("01930-1234", "MA")
    assert "Springfield, MA 01930-1234" in sheets(page)[0]


@pytest.mark.parametrize("email", ["o'dell+parks.2026@example.museum", "x@sub.example.photography"])
def test_valid_email_addresses_are_accepted(resident: Resident, email: str) -> None:
    """EM05"""
    assert len(sheets(resident.reviewing(*GLOUCESTER, email=email))) == 3


@pytest.mark.parametrize("email", ["x", "a b@example.org", "@example.org", "a@b", "a@@b.org"])
def test_an_impossible_email_address_is_an_error(anyone: Resident, email: str) -> None:
    page = anyone.review(anyone.filled(anyone.writing(*GLOUCESTER), email=email), 422)
    assert page.one("input", id="email").get("aria-invalid") == "true"
    assert page.one("input", id="email").get("value") == email


def test_every_missing_field_is_listed_and_the_input_is_kept(anyone: Resident) -> None:
    """AC01"""
    blank = {"first": "", "street": " ", "city": "", "mail_state": "", "mail_zip": "abc"}
    form = anyone.filled(anyone.writing(*GLOUCESTER), **blank, last="Okafor")
    page = anyone.review(form, 422)
    assert page.title.startswith("Error:")
    summary = next(d for d in page.all("div") if d.get("class") == "summary")
    assert summary.get("autofocus") is not None
    links = [a.get("href") for a in summary.iter() if a.tag == "a"]
    assert links == ["#first", "#street", "#city", "#mail_state", "#mail_zip"]
    for target in links:
        field = page.by_id(str(target)[1:])
        assert field.get("aria-invalid") == "true"
        assert field.get("aria-describedby")
    assert page.form()["last"] == ["Okafor"]
    assert page.form()["story"] == [form["story"][0]]


def test_a_story_that_is_too_long_is_returned_uncut(anyone: Resident) -> None:
    story = "x" * 10_001
    page = anyone.review(anyone.filled(anyone.writing(*GLOUCESTER), story=story), 422)
    assert page.form()["story"] == [story]
    assert "10001" in page.words
    assert len(sheets(anyone.reviewing(*GLOUCESTER, story="x" * 10_000))) == 3


# --- the return address ----------------------------------------------------------------------


def test_an_address_elsewhere_is_refused_with_two_ways_to_continue(anyone: Resident) -> None:
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


def test_a_mailboxs_town_is_not_given_as_home(resident: Resident) -> None:
    """AD07: getting mail in Boston says nothing about where in the state a person lives."""
    mailbox = {"city": "Boston", "street": "P.O. Box 12", "mail_zip": "02138", "elsewhere": "1"}
    review = resident.reviewing(*GLOUCESTER, **mailbox)
    assert "I am a constituent from Massachusetts." in sheets(review)[0]
    assert "P.O. Box 12 Boston, MA 02138" in sheets(review)[0]
    taken = resident.sign(review.form())
    assert "a constituent from Massachusetts, 01930." in taken.words
    assert "in Boston" not in taken.words


def test_letters_and_signature_agree_after_moving(resident: Resident, settings: Settings) -> None:
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


def test_a_form_cannot_claim_another_delegation(resident: Resident) -> None:
    page = resident.writing(*GLOUCESTER)
    form = resident.filled(page, to=["", "NY-12", "CA-S1"])
    assert resident.review(form, 409).title.startswith("Error:")
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
    action, form = form_with(again, keep="MA-6")
    anyone.sign(anyone.client.post(action, form).form())
    assert rows(settings)[0]["edited"] == 1


def test_resubmitting_unchanged_words_is_not_an_edit(
    resident: Resident, settings: Settings
) -> None:
    form = resident.reviewing(*GLOUCESTER).form()
    for name in [n for n in form if n.startswith("words-")]:
        form[name] = [form[name][0].replace("\n", "\r\n") + "\r\n "]
    resident.sign(resident.review(form).form())
    assert rows(settings)[0]["edited"] == 0


def test_an_edited_letter_that_is_too_long_is_returned_uncut(anyone: Resident) -> None:
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
        "/write": resident.telling(*GLOUCESTER),
        "/address": resident.writing(*GLOUCESTER),
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


def test_spanish_pages_show_a_reading_aid_next_to_each_letter(client: Client) -> None:
    page = Resident(client, "es").reviewing(*GLOUCESTER)
    aids = [d for d in page.all("div") if d.get("class") == "sheet aid"]
    assert len(aids) == 3
    assert all(d.get("lang") == "es" for d in aids)
    assert all(a.get("lang") == "en" for a in page.all("article"))
    assert not [d for d in Resident(client).reviewing(*GLOUCESTER).all("div")
                if d.get("class") == "sheet aid"]  # fmt: skip


def test_later_letters_show_where_they_differ_from_the_first(anyone: Resident) -> None:
    page = anyone.reviewing(*GLOUCESTER)
    (differs,) = [e for e in page.all("p") if e.get("class") == "differs"]
    spanish = anyone.lang == "es"
    assert differs.get("lang") == anyone.lang
    assert ("Senado" if spanish else "Senate companion") in words(differs)
    first = words(next(e for e in page.all("section") if e.get("class") == "letter"))
    for sentence in re.split(r"(?<=[.?]) (?=[A-Z])", words(differs).removesuffix(" …")):
        assert sentence not in first
    same = "Palabra por palabra" if spanish else "Word for word the letter to"
    assert same in page.words  # both senators are asked the same
    own = [words(mark) for mark in page.all("mark")]
    assert own.count("Parks & trails < roads.") == (6 if spanish else 3)


def test_a_spanish_page_shows_spanish_first_and_folds_the_english_original(client: Client) -> None:
    page = Resident(client, "es").reviewing(*GLOUCESTER)
    letter = next(e for e in page.all("section") if e.get("class") == "letter")
    texts = [e for e in letter.iter() if (e.get("class") or "").startswith("sheet")]
    assert [e.get("lang") for e in texts] == ["es", "en"]
    folded = next(e for e in page.all("details") if texts[1] in list(e.iter()))
    assert folded.get("open") is None
    assert words(folded).startswith("El original en inglés")


def test_the_story_page_previews_the_letter_with_the_story(anyone: Resident) -> None:
    page = anyone.telling(*GLOUCESTER)
    grown = [e for e in page.all("div") if e.get("class") == "sheet grown"]
    shown = [e for e in grown if e.get("hidden") is None]
    assert len(grown) == 4
    assert [e.get("data-template") for e in shown] == ["general"]
    assert shown[0].get("lang") == anyone.lang
    form = {**page.form(), "template": ["public-safety"], "story": ["First.\n\nThen."]}
    again = anyone.client.post(anyone.url("/write"), form)
    (shown,) = [[e] for e in again.all("div")
                if e.get("class") == "sheet grown" and e.get("hidden") is None]  # fmt: skip
    assert shown[0].get("data-template") == "public-safety"
    assert "First. Then." in words(shown[0])
    assert [words(mark) for mark in shown[0].iter() if mark.tag == "mark"] == ["First. Then."]


def test_an_error_in_the_story_is_shown_on_the_story_page(anyone: Resident) -> None:
    form = {**anyone.telling(*GLOUCESTER).form(), "story": ["x" * 10_001], "first": ["Zoë"]}
    page = anyone.client.post(anyone.url("/address"), form, 422)
    assert page.by_id("story").get("aria-invalid") == "true"
    assert page.form()["first"] == ["Zoë"]
    assert page.form()["story"] == ["x" * 10_001]


def test_who_agrees_to_contact_without_an_email_is_led_to_its_field_and_back(
    anyone: Resident,
) -> None:
    form = anyone.reviewing(*GLOUCESTER).form()
    refused = anyone.sign({**form, "contact": ["1"], "email": [""]}, 422)
    (button,) = [e for e in refused.buttons() if (e.get("formaction") or "").endswith("#email")]
    page = anyone.client.post((button.get("formaction") or "").partition("#")[0], refused.form())
    assert page.by_id("email").get("value") == ""
    back = anyone.review(anyone.filled(page, email="dana@example.org"))
    assert back.by_id("contact").get("checked") is not None
    anyone.sign(back.form())


def test_the_nudge_for_own_words_appears_at_most_once(resident: Resident) -> None:
    nudge = "the more weight it carries"
    assert resident.reviewing(*GLOUCESTER, story="").words.count(nudge) == 1
    assert nudge not in resident.reviewing(*GLOUCESTER, story="My own words. " * 60).words


def test_an_offices_limit_is_shown_and_never_enforced_by_cutting(resident: Resident) -> None:
    long = "These are words of my own. " * 300
    for zip_code, state, district in (("01930", "MA", None), ("43215", "OH", 3)):
        page = resident.reviewing(zip_code, state, district, story=long)
        assert len(letters := sheets(page)) == 3
        assert all(long.strip() in letter for letter in letters)
    page = resident.reviewing("20190", "VA", story=long)
    limits = re.findall(r"For the web form: ([\d,]+) of ([\d,]+) characters", page.words)
    over = [int(n.replace(",", "")) - int(m.replace(",", "")) for n, m in limits]
    assert max(over) > 0
    taken = resident.sign(page.form())
    for characters in over:
        said = f"Too long for this office’s web form by {characters} characters. We cut nothing."
        assert (said in taken.words) == (characters > 0)
    assert taken.words.count(long.strip()) >= len(sheets(page)) == 3


def test_the_list_of_recipients_says_how_many_of_them_are_chosen(anyone: Resident) -> None:
    page = anyone.writing(*GLOUCESTER)
    said = {"en": ("all 3, or leave some out", "1 of 3"),
            "es": ("a las 3 personas, o quite alguna", "a 1 de 3")}[anyone.lang]  # fmt: skip
    for to, now in ((["MA-6", "MA-S1", "MA-S2"], 0), (["MA-6"], 1)):
        again = anyone.client.post(anyone.url("/address"), anyone.filled(page, to=to))
        (label,) = [words(s) for s in again.all("summary") if "3" in words(s)]
        assert said[now] in label
        assert said[1 - now] not in label
