"""Every outcome of the lookup has its own page, in both languages, with a next step."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.site.settings import Settings
from app.text import plain
from tests.sites import Sites
from tests.web.conftest import Clock, Geocoder
from tests.web.lint import Client, Html, values, words
from tests.web.resident import Resident, form_with


def names(page: Html) -> list[str]:
    """The people offered as recipients on the page for the story."""
    return [words(b) for label in page.all("label") for b in label if b.tag == "b"]


def recipients(page: Html) -> list[str]:
    return page.form()["to"][1:]


# --- split ZIPs, states ------------------------------------------------------------------


def test_a_split_zip_offers_each_district_with_its_member_and_share(anyone: Resident) -> None:
    """LK01"""
    page = anyone.find("60647")
    cards = [words(li) for li in page.all("li") if "card" in (li.get("class") or "")]
    assert len(cards) == 3  # a few people of this ZIP live in a third one
    assert "IL-3" in cards[0]
    assert "Ramirez" in cards[0]
    assert "84%" in cards[0]
    assert "IL-5" in cards[1]
    assert "Quigley" in cards[1]
    assert "15%" in cards[1]
    assert "Durbin" in page.words
    assert "Duckworth" in page.words
    assert "to" not in page.form()


def test_spanish_state_names_are_listed_alphabetically(client: Client) -> None:
    options = Resident(client, "es").find("", "", 422).by_id("state").iter()
    names = [words(o) for o in options if len(o.get("value") or "") == 2][:56]
    assert names.index("Míchigan (MI)") < names.index("Minnesota (MN)")
    assert "Distrito de Columbia (DC)" in names
    assert names == sorted(names, key=plain)


def test_a_chosen_district_leads_to_its_member(anyone: Resident) -> None:
    action, form = form_with(anyone.find("60647"), district="5")
    page = anyone.client.post(action, form)
    assert recipients(page) == ["IL-5", "IL-S2", "IL-S3"]


def test_any_district_of_the_state_can_be_picked_manually(anyone: Resident) -> None:
    page = anyone.writing("60647", "IL", 7)
    assert recipients(page) == ["IL-7", "IL-S2", "IL-S3"]


def test_the_manual_list_has_every_district_under_its_number(anyone: Resident) -> None:
    options = [o for o in anyone.find("60647").by_id("by-hand-district").iter() if o.get("value")]
    assert [o.get("value") for o in options] == [str(n) for n in range(1, 18)]
    assert all(f"(IL-{o.get('value')})" in words(o) for o in options)


def test_submitting_the_manual_list_untouched_chooses_no_district(
    anyone: Resident,
) -> None:
    page = anyone.find("60647")
    form = next(
        f for f in page.all("form") if any(e.get("id") == "by-hand-district" for e in f.iter())
    )
    sent = values(form)
    assert sent["district"] == [""]
    again = anyone.client.post(form.get("action") or "", sent, 422)
    select = again.by_id("by-hand-district")
    assert select.get("aria-invalid") == "true"
    assert again.by_id(select.get("aria-describedby") or "") is not None
    assert any(a.get("href") == "#by-hand-district" for a in again.all("a"))
    assert again.title.startswith("Error")


@pytest.mark.parametrize("district", ["99", "0", "-1", "3.5", "x", "٣"])
def test_a_district_that_does_not_exist_is_asked_for_again(anyone: Resident, district: str) -> None:
    data = {"zip": "60647", "state": "IL", "district": district}
    page = anyone.client.post(anyone.url("/write"), data)
    assert "IL-3" in page.words
    assert "to" not in page.form()


def test_a_zip_in_two_states_asks_for_the_state(anyone: Resident) -> None:
    """LK03"""
    page = anyone.find("30165")
    assert "Georgia" in page.words
    assert "Alabama" in page.words
    action, form = form_with(page, state="GA")
    assert recipients(anyone.client.post(action, form)) == ["GA-14", "GA-S2", "GA-S3"]


@pytest.mark.parametrize(
    ("zip_code", "state", "districts"),
    [("10506", "CT", 5), ("35958", "GA", 14)],
)
def test_an_offered_state_is_not_questioned_afterwards(
    anyone: Resident, zip_code: str, state: str, districts: int
) -> None:
    """LK03, LK06: sources other than the ZIP's own row put a part of it in this state."""
    action, form = form_with(anyone.find(zip_code), state=state)
    page = anyone.client.post(action, form)
    options = [o.get("value") for o in page.by_id("by-hand-district").iter() if o.get("value")]
    assert len(options) == districts
    for doubt in ("listed in another.", "figura en otr"):
        assert doubt not in page.words


def test_a_zips_sliver_across_a_state_line_leads_to_its_district(
    anyone: Resident,
) -> None:
    action, form = form_with(anyone.find("30165"), state="AL")
    assert recipients(anyone.client.post(action, form)) == ["AL-3", "AL-S2", "AL-S3"]


@pytest.mark.parametrize("typed", ["01862", "Zip: 01862", "C.P. 01862"])
def test_a_district_with_few_of_the_zips_people_is_a_sentence_below_the_main_one(
    anyone: Resident, typed: str
) -> None:
    page = anyone.find(typed)
    cards = [words(li) for li in page.all("li") if "card" in (li.get("class") or "")]
    assert len(cards) == 1
    assert "MA-3" in cards[0]
    few = {"en": "About 2 in 100 people of 01862 live in MA-6.",
           "es": "Cerca de 2 de cada 100 personas de 01862 viven en MA-6."}  # fmt: skip
    assert few[anyone.lang] in page.words
    action, form = form_with(page, district="6")
    assert recipients(anyone.client.post(action, form))[0] == "MA-6"


def test_an_unknown_zip_names_the_states_senators_and_lists_its_districts(anyone: Resident) -> None:
    page = anyone.find("99999", "MA")
    assert "Elizabeth Warren" in page.words
    assert "Edward J. Markey" in page.words
    action, form = form_with(page, confirmed="1")
    assert 'value="9"' in anyone.client.post(action, form).text


@pytest.mark.parametrize(
    ("zip_code", "state", "seats"),
    [
        ("30165", "GA", ["GA-14", "GA-S2", "GA-S3"]),
        ("42223", "TN", ["TN-7", "TN-S1", "TN-S2"]),
        ("86515", "AZ", ["AZ-2", "AZ-S1", "AZ-S3"]),
        ("01930", "", ["MA-6", "MA-S1", "MA-S2"]),
        ("59801", "", ["MT-1", "MT-S1", "MT-S2"]),
        ("59601", "", ["MT-2", "MT-S1", "MT-S2"]),
    ],
)
def test_the_state_a_resident_gives_decides(
    anyone: Resident, zip_code: str, state: str, seats: list[str]
) -> None:
    """LK03, LK06, LK11, LK23"""
    assert recipients(anyone.find(zip_code, state)) == seats


def test_a_split_zip_in_a_two_district_state_offers_both(anyone: Resident) -> None:
    """LK11"""
    page = anyone.find("59715")
    assert "MT-1" in page.words
    assert "MT-2" in page.words


def test_a_state_outside_the_zip_is_questioned_before_any_lookup(
    anyone: Resident, geocoder: Geocoder
) -> None:
    """LK19"""
    page = anyone.find("94110", "NY", street="12 Larkspur Ct", city="Brooklyn", lookup="street")
    assert "94110" in page.words
    assert "California" in page.words
    assert ("New York" if anyone.lang == "en" else "Nueva York") in page.words
    assert "to" not in page.form()
    assert geocoder.asked == []
    action, form = form_with(page, state="CA")
    assert "CA-11" in anyone.client.post(action, form).text


def test_a_resident_can_confirm_a_state_that_was_questioned(anyone: Resident) -> None:
    action, form = form_with(anyone.find("94110", "NY"), confirmed="1")
    page = anyone.client.post(action, form)
    assert ("New York" if anyone.lang == "en" else "Nueva York") in page.words
    assert "to" not in page.form()
    assert 'value="26"' in page.text


def test_confirming_one_state_does_not_confirm_the_next_place(anyone: Resident) -> None:
    stood = {"zip": "94110", "state": "NY", "confirmed": "1"}
    there = {"mail_zip": "60647", "mail_state": "CA", "elsewhere": "1", "relocate": "1"}
    page = anyone.client.post(anyone.url("/find"), {**stood, **there})
    assert "60647" in page.words
    assert "Illinois" in page.words
    assert "to" not in page.form()
    assert 'name="district"' not in page.text


# --- places with one delegate, vacancies, stale data -----------------------------------------


@pytest.mark.parametrize(
    ("zip_code", "seat"),
    [
        ("00802", "VI-0"), ("96910", "GU-0"), ("96799", "AS-0"), ("96950", "MP-0"),
        ("20009", "DC-0"), ("20500", "DC-0"), ("00926", "PR-0"),
    ],
)  # fmt: skip
def test_a_place_with_only_a_delegate_says_it_has_no_senators(
    anyone: Resident, zip_code: str, seat: str
) -> None:
    """LK08, LK09"""
    page = anyone.find(zip_code)
    assert recipients(page) == [seat]
    assert ("no senators" if anyone.lang == "en" else "ninguno en el Senado") in page.words


@pytest.mark.parametrize("zip_code", ["94541", "33313", "30250", "78840", "94588"])
def test_a_vacant_seat_is_reported_and_the_senators_get_letters(
    anyone: Resident, zip_code: str
) -> None:
    """LK13"""
    page = anyone.find(zip_code)
    if zip_code == "94588":  # in two districts, one of them vacant
        assert "to" not in page.form()
        assert ("vacant" if anyone.lang == "en" else "vacante") in page.words
        action, form = form_with(page, district="14")
        page = anyone.client.post(action, form)
    assert ("vacant" if anyone.lang == "en" else "vacante") in page.words
    assert len(recipients(page)) == 2
    assert all("-S" in seat for seat in recipients(page))


@pytest.mark.parametrize(
    ("zip_code", "state", "district", "name"),
    [("96001", "CA", 1, "James Gallagher"), ("07054", "NJ", 11, "Analilia Mejia")],
)
def test_a_member_with_an_incomplete_record_has_a_name(
    anyone: Resident, zip_code: str, state: str, district: int, name: str
) -> None:
    """LK15; the lint refuses any None"""
    page = anyone.writing(zip_code, state, district)
    assert name in page.words


@pytest.mark.parametrize(("zip_code", "state"), [("43215", "OH"), ("33101", "FL")])
def test_an_ended_term_is_shown_with_a_note(anyone: Resident, zip_code: str, state: str) -> None:
    """LK16"""
    page = anyone.telling(zip_code, state, 3 if state == "OH" else 27)
    assert len(recipients(page)) == 3
    note = "Their listed term ended on" if anyone.lang == "en" else "el mandato terminó el"
    assert page.words.count(note) == 1
    assert ("June 15, 2026" if anyone.lang == "en" else "15 de junio de 2026") in page.words


def test_lk17_after_the_last_known_lines_no_one_is_written_to(
    anyone: Resident, clock: Clock
) -> None:
    clock.now = datetime(2029, 1, 4, 18, tzinfo=UTC)
    page = anyone.find("75001")
    assert "TX-" not in page.text
    out = "out of date" if anyone.lang == "en" else "ya no está al día"
    assert out in page.words
    assert not [n for n in page.all("input") if n.get("name") == "to"]


def test_a_clock_before_the_first_congress_is_called_wrong(anyone: Resident, clock: Clock) -> None:
    """LK17: a machine that lost its clock starts in another year."""
    clock.now = datetime(2024, 12, 1, 18, tzinfo=UTC)
    page = anyone.find("75001")
    there = "It says December 1, 2024" if anyone.lang == "en" else "1 de diciembre de 2024"
    assert there in page.words
    assert "2029" not in page.words
    assert "TX-" not in page.text


def test_after_noon_an_unlisted_house_seat_says_which_senators_remain(
    anyone: Resident, clock: Clock
) -> None:
    write = "You can write to" if anyone.lang == "en" else "Puede escribir a"
    clock.now = datetime(2027, 1, 4, 18, tzinfo=UTC)
    one = "Senator Ted Cruz." if anyone.lang == "en" else "Ted Cruz (Senado)."
    assert f"{write} {one}" in anyone.find("78701", "TX").words
    both = "your senators." if anyone.lang == "en" else "quienes le representan en el Senado."
    assert f"{write} {both}" in anyone.find("90210", "CA").words


def test_after_noon_a_seat_whose_name_is_not_listed_gets_no_letter(
    anyone: Resident, clock: Clock
) -> None:
    clock.now = datetime(2027, 1, 3, 16, 59, 59, tzinfo=UTC)
    assert recipients(anyone.find("38103", "TN")) == ["TN-9", "TN-S1", "TN-S2"]
    clock.now = datetime(2027, 1, 3, 17, tzinfo=UTC)
    page = anyone.find("38103", "TN")
    assert recipients(page) == ["TN-S1"]
    assert "TN-5" in page.words
    # No one has to be sworn in that day: in 2023 the House took until the 7th.
    said = {"en": "Our list of June 15, 2026 is older than this Congress, which began on "
                  "January 3, 2027. It does not say who holds this seat now.",
            "es": "Nuestra lista del 15 de junio de 2026 es anterior a este Congreso"}  # fmt: skip
    assert page.words.count(said[anyone.lang]) == 2  # the House seat and one senator's
    assert "Cohen" not in page.words


@pytest.mark.parametrize(
    ("zip_code", "english", "spanish"),
    [
        (
            "20009",
            "You live in the District of Columbia.",
            "Usted vive en el Distrito de Columbia.",
        ),
        ("96950", "You live in the Northern Mariana Islands.", "Islas Marianas del Norte"),
        ("70112", "Louisiana", "Luisiana"),
    ],
)
def test_place_names_are_in_the_readers_language(
    anyone: Resident, zip_code: str, english: str, spanish: str
) -> None:
    assert (english if anyone.lang == "en" else spanish) in anyone.find(zip_code).words


# --- places outside the states ---------------------------------------------------------------


def test_a_military_zip_asks_for_the_home_address(anyone: Resident) -> None:
    """LK21"""
    page = anyone.find("09012", "AE", street="PSC 88 Box 1203", city="APO")
    said = "state where you vote" if anyone.lang == "en" else "estado donde usted vota"
    assert said in page.words
    form = page.form()
    form.update(zip=["78501"], state=["TX"])
    page = anyone.client.post(anyone.url("/find"), form)
    assert page.form()["mail_zip"] == ["09012"]
    assert page.form()["mail_state"] == ["AE"]
    assert page.form()["street"] == ["PSC 88 Box 1203"]
    review = anyone.review(anyone.filled(page, street="PSC 88 Box 1203", city="APO"))
    assert "APO, AE 09012" in review.words
    assert "TX-15" in review.text


@pytest.mark.parametrize("zip_code", ["09012", "20521"])
def test_asking_for_a_home_address_survives_a_change_of_language(
    anyone: Resident, zip_code: str
) -> None:
    other = replace(anyone, lang="es" if anyone.lang == "en" else "en")
    page = anyone.find(zip_code, street="PSC 88 Box 1203")
    for typed in ("", "7850"):
        form = {**page.form(), "zip": [typed], "state": ["TX"]}
        (button,) = [b for b in page.buttons() if b.get("lang") == other.lang]
        form[button.get("name") or ""] = [button.get("value") or ""]
        switched = other.client.post(button.get("formaction") or "", form)
        said = "estado donde usted vota" if other.lang == "es" else "state where you vote"
        assert said in switched.words
        assert not [e for e in switched.all("p") if "error" in (e.get("class") or "").split()]
        kept = switched.form()
        assert [kept[name] for name in ("zip", "state", "mail_zip", "street")] == [
            [typed], ["TX"], [zip_code], ["PSC 88 Box 1203"]
        ]  # fmt: skip
        pressed = other.client.post(other.url("/find"), kept, 422)
        assert said in pressed.words
        assert pressed.by_id("zip").get("aria-invalid") == "true"


@pytest.mark.parametrize(("state", "zip_code"), [("AA", "34001"), ("AE", "09012"), ("AP", "96201")])
def test_a_military_region_asks_for_the_home_address(
    anyone: Resident, state: str, zip_code: str
) -> None:
    for typed in (state, ""):
        assert anyone.find(zip_code, typed).form()["mail_state"] == [state]
    assert anyone.find("60647", state).form()["mail_state"] == [state]


def test_mail_in_a_diplomatic_pouch_keeps_its_address(anyone: Resident) -> None:
    """LK21"""
    form = anyone.find("20521-9000", "DC", street="9000 New Delhi Pl", city="Washington").form()
    assert (form["mail_zip"], form["mail_state"]) == (["20521-9000"], ["DC"])
    page = anyone.next(anyone.client.post(anyone.url("/find"), {**form, "zip": "05672",
                                                                "state": "VT"}))  # fmt: skip
    review = anyone.review(anyone.filled(page, street="9000 New Delhi Pl", city="Washington"))
    assert "Washington, DC 20521-9000" in review.words
    assert "VT-S1" in review.text


@pytest.mark.parametrize("zip_code", ["96941", "96960", "96940"])
def test_associated_states_have_no_seat(anyone: Resident, zip_code: str) -> None:
    page = anyone.find(zip_code)
    assert ("no seat" if anyone.lang == "en" else "no tiene escaño") in page.words


def test_an_unknown_zip_has_its_own_page(anyone: Resident) -> None:
    page = anyone.find("00001")
    assert "00001" in page.words


@pytest.mark.parametrize("zip_code", ["K1A 0B1", "SW1A 1AA", "28013 Madrid"])
def test_a_postal_code_from_outside_the_us_is_refused_at_its_field(
    anyone: Resident, geocoder: Geocoder, zip_code: str
) -> None:
    """LK22"""
    page = anyone.find(zip_code, "", 422, street="1 Rue", city="Ottawa", lookup="street")
    field = page.one("input", id="zip")
    assert field.get("value") == zip_code
    assert field.get("aria-invalid") == "true"
    message = words(page.by_id("zip-error"))
    assert ("Enter a U.S. ZIP code" if anyone.lang == "en" else "código postal de los") in message
    assert page.form()["street"] == ["1 Rue"]
    assert geocoder.asked == []


# --- the ZIP field -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [" 01930 ", "01930-", "019301234", "01930–1234", "01930\u00a0", "ZIP 01930", "Zip: 01930-1234",
     "código postal 01930", "01930, USA"],
)  # fmt: skip
def test_a_zip_is_accepted_with_any_spacing(anyone: Resident, typed: str) -> None:
    """ZP02"""
    page = anyone.find(typed)
    assert recipients(page)[0] == "MA-6"
    expected = "01930-1234" if "1234" in typed else "01930"
    assert page.form()["mail_zip"] == [expected]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("1930", "01930"), ("7840", "07840"), ("Gloucester, MA 01930", "01930"), ("MA01930", "01930"),
     ("O1930", "01930"), ("01930-12", "01930"), ("ZIP 1930", "01930")],
)  # fmt: skip
def test_a_likely_zip_typo_is_questioned_and_never_silently_corrected(
    anyone: Resident, typed: str, meant: str
) -> None:
    """ZP01"""
    page = anyone.find(typed, status=422)
    assert page.one("input", id="zip").get("value") == typed
    assert f"{meant}?" in words(page.by_id("zip-error"))
    action, form = form_with(page, use=meant)
    page = anyone.client.post(action, form)
    assert meant in page.text
    assert "aria-invalid" not in page.text


@pytest.mark.parametrize("typed", ["", "abc", "02138-12", "123456", "12", "0x1234", "<b>", "😀"])
def test_a_bad_zip_comes_back_with_a_focused_error_summary(anyone: Resident, typed: str) -> None:
    """AC01, ZP02"""
    page = anyone.find(typed, status=422)
    assert page.title.startswith("Error:")
    summary = next(d for d in page.all("div") if d.get("class") == "summary")
    assert summary.get("autofocus") is not None
    assert summary.get("tabindex") == "-1"
    assert [a.get("href") for a in summary.iter() if a.tag == "a"] == ["#zip"]
    field = page.one("input", id="zip")
    assert field.get("aria-invalid") == "true"
    assert "zip-error" in (field.get("aria-describedby") or "")
    assert field.get("value") == typed


def test_a_state_that_is_not_on_the_list_is_refused(anyone: Resident) -> None:
    page = anyone.find("01930", "XX", 422)
    assert page.one("select", id="state").get("aria-invalid") == "true"


# --- the street --------------------------------------------------------------------------


def street(person: Resident, **more: str) -> Html:
    place = {"street": "12 Larkspur Ct", "city": "Chicago", "lookup": "street", **more}
    return person.find("60647", "IL", 200, **place)


def test_a_street_settles_a_split_zip(anyone: Resident, geocoder: Geocoder) -> None:
    geocoder.says(("17", "05"))
    page = street(anyone)
    assert recipients(page)[0] == "IL-5"
    assert len(geocoder.asked) == 1
    form = page.form()
    assert form["street"] == ["12 Larkspur Ct"]
    assert form["how"] == ["street"]


@pytest.mark.parametrize("code", ["98", "00"])
def test_census_codes_for_at_large_districts_map_to_zero(
    anyone: Resident, geocoder: Geocoder, code: str
) -> None:
    """LK12"""
    geocoder.says(("11", code) if code == "98" else ("50", code))
    page = anyone.find(
        "20009" if code == "98" else "05401", "", street="1 Main St", lookup="street"
    )
    assert recipients(page)[0] == ("DC-0" if code == "98" else "VT-0")


def html() -> tuple[int, str, bytes]:
    return 200, "text/html", b"<html>busy</html>"


def error() -> tuple[int, str, bytes]:
    return 500, "text/plain", b"no"


def empty() -> tuple[int, str, bytes]:
    return 200, "application/json", b'{"result": {"addressMatches": []}}'


@pytest.mark.parametrize("reply", [html, error, empty])
def test_a_failed_lookup_falls_back_to_the_zip_and_says_so(
    anyone: Resident, geocoder: Geocoder, reply: object
) -> None:
    """AD05"""
    geocoder.reply = reply  # type: ignore[assignment]
    page = street(anyone, story="My story")
    said = "We used your ZIP code instead" if anyone.lang == "en" else "usamos su código postal"
    assert said in page.words
    assert "IL-3" in page.words
    assert "IL-5" in page.words
    assert page.form()["street"] == ["12 Larkspur Ct"]
    assert page.form()["story"] == ["My story"]


def test_a_failed_lookup_of_an_unsplit_zip_still_leads_to_the_letter(
    anyone: Resident, geocoder: Geocoder
) -> None:
    geocoder.says(("66", "ZZ"))
    page = anyone.find("96910", "", street="1 Marine Dr", lookup="street")
    assert recipients(page) == ["GU-0"]
    said = "We used your ZIP code instead" if anyone.lang == "en" else "usamos su código postal"
    assert said in page.words


def test_matches_in_two_districts_leave_the_choice_to_the_resident(
    anyone: Resident, geocoder: Geocoder
) -> None:
    """AD05 (d)"""
    geocoder.says(("17", "05"), ("17", "03"))
    page = street(anyone)
    assert "IL-3" in page.words
    assert "IL-5" in page.words
    assert "to" not in page.form()


def test_a_lookup_that_hangs_times_out(settings: Settings, clock: Clock, sites: Sites) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        values = {f: getattr(settings, f) for f in Settings.__dataclass_fields__}
        app = sites.open(
            Settings(**{**values, "geocoder_url": url, "geocoder_timeout": 0.6}), clock=clock
        )
        page = street(Resident(Client(app.test_client())))
    assert "timed out" in page.words
    assert "IL-3" in page.words


def test_the_street_button_needs_a_street(anyone: Resident, geocoder: Geocoder) -> None:
    page = anyone.find("60647", "IL", 422, street=" ", lookup="street")
    assert page.one("input", id="street").get("aria-invalid") == "true"
    assert geocoder.asked == []


def test_no_street_is_looked_up_without_the_button(anyone: Resident, geocoder: Geocoder) -> None:
    anyone.find("60647", "IL", street="12 Larkspur Ct", city="Chicago")
    assert geocoder.asked == []


def test_an_operator_can_turn_the_street_lookup_off(
    settings: Settings, clock: Clock, geocoder: Geocoder, sites: Sites
) -> None:
    values = {f: getattr(settings, f) for f in Settings.__dataclass_fields__}
    app = sites.open(Settings(**{**values, "street_lookup": False}), clock=clock)
    page = street(Resident(Client(app.test_client())))
    assert "Census" not in page.words
    assert geocoder.asked == []
