"""Queuing letters to the offices' own systems from the page with the letters."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from lxml import etree

from app.congress.model import change_of
from app.congress.tables import load_tables
from app.cwc.message import schema_errors
from app.errors import NotStoredError
from app.records.accounting import ACCEPTED
from app.records.database import local_database
from app.records.keys import passphrase_beside, unlock
from app.records.outbound import Outbound
from app.records.sealing import unpack, unseal
from app.records.signing import withdraw
from app.site.outgoing import offices_of
from app.site.services import EXTENSION
from app.web.practice import make_marker
from tests.web.lint import Html, words

from .conftest import Make, Site, bodies, fields, messages

STORY = "Last spring a neighbor was afraid to report a break-in."


def test_a_letter_goes_from_the_button_to_the_offices_acceptance(site: Site) -> None:
    taken = site.signed()
    ask = site.look(taken)
    assert set(site.states(taken).values()) == {"written"}
    check = site.fill(ask)
    assert set(site.states(taken).values()) == {"written"}
    page = site.press(check, step="go")
    assert set(site.states(page).values()) == {"queued"}
    assert site.server.requests == []  # no page waits for an office
    site.work()
    found = site.kept(page).letters
    assert {row.state for row in found} == {ACCEPTED}
    assert {row.cause for row in found} == {"office system"}
    assert {row.at for row in found} == {site.clock().replace(second=0)}
    assert set(messages(site)) == {"HMA06", "SMA01", "SMA02"}
    receipt = site.client.get(site.path(page))
    accepted = {
        "en": "Accepted by the office’s own system",
        "es": "Aceptada por el sistema de la oficina",
    }
    assert receipt.words.count(accepted[site.resident.lang]) == 3


def test_the_page_shows_exactly_what_the_offices_get(make: Make) -> None:
    site = make()
    check = site.fill(site.look(site.signed()), d_phone="(202) 555-0199")
    words = " ".join(check.words.split())
    site.press(check, step="go")
    site.work()
    shown = {"DeliveryDate", "DeliveryId", "CWCVersion", "DeliveryAgentAckEmailAddress",
             "DeliveryAgentContactName", "DeliveryAgentContactEmail", "ProOrCon",
             "DeliveryAgentContactPhone", "CampaignId", "MemberOffice", "IsResponseRequested",
             "NewsletterOptIn", "BillTypeAbbreviation"}  # fmt: skip
    for root in messages(site).values():
        assert schema_errors(etree.tostring(root)) == ()
        for leaf in root.iter():
            if not len(leaf) and leaf.tag not in shown:
                assert " ".join(str(leaf.text).split()) in words, leaf.tag
        assert root.findtext(".//IsResponseRequested") == "Y"
        assert root.findtext(".//NewsletterOptIn") == "N"
        body = (
            f"{root.findtext('.//OrganizationStatement')} {root.findtext('.//ConstituentMessage')}"
        )
        assert "O'Dell" not in body
        assert "Larkspur" not in body
        assert STORY in str(root.findtext(".//ConstituentMessage"))
        assert STORY not in str(root.findtext(".//OrganizationStatement"))


def test_only_fields_the_chamber_still_needs_are_asked(make: Make) -> None:
    site = make()
    taken = site.signed(email="siobhan@example.org")
    house = site.look(taken, "MA-6")
    assert fields(house) == {"d_prefix"}
    both = site.look(taken)
    asked = {m.seat.id for m in load_tables().holders if m.member and m.member.form.asks_phone}
    assert bool({"MA-S1", "MA-S2"} & asked) == ("d_phone" in fields(both))
    assert fields(both) <= {"d_prefix", "d_phone"}


def test_a_field_not_yet_filled_in_is_not_an_error(make: Make) -> None:
    site = make()
    ask = site.look(site.signed())
    assert "aria-invalid" not in ask.text
    again = site.fill(ask, 422, d_prefix="", d_email="")
    assert "aria-invalid" in again.text


@pytest.mark.parametrize(
    ("field", "value"),
    [("d_prefix", "Mx."), ("d_prefix", "Reverend"), ("d_prefix", ""), ("d_email", "no address"),
     ("d_email", ""), ("d_phone", "12345"), ("d_phone", "x" * 300), ("d_email", "a@b@c.de " * 90),
     ("d_prefix", "<script>alert(1)</script>"), ("d_phone", "\x00\u2028{{ 7*7 }}")],
)  # fmt: skip
def test_an_error_is_shown_at_its_field_and_nothing_is_lost(
    site: Site, field: str, value: str
) -> None:
    ask = site.look(site.signed())
    page = site.fill(ask, 422, **{field: value})
    wrong = page.by_id(field)
    assert wrong.get("aria-invalid") == "true"
    assert words(page.by_id(f"{field}-error"))
    kept = {"d_email": "siobhan@example.org"}
    for name, text in kept.items():
        if name != field:
            assert page.by_id(name).get("value") == text
    assert any(STORY in str(e.get("value")) for e in page.all("input"))
    assert site.server.requests == []
    done = site.press(site.fill(page), step="go")
    assert set(site.states(done).values()) == {"queued"}


def test_pressing_twice_or_reloading_sends_once(make: Make) -> None:
    site = make()
    check = site.fill(site.look(site.signed()))
    first = site.press(check, step="go")
    site.press(check, step="go")
    site.client.post("/take", first.form("/keep"))
    site.work()
    site.press(check, step="go")
    site.work(hours=1)
    assert len(site.server.taken) == 3
    sent = [path for method, path, _kind in site.server.requests if method == "POST"]
    assert sorted(sent) == ["/api/production-messages/"] * 2 + ["/v2/message", "/v2/validate"]


def test_nothing_is_sent_that_differs_from_what_was_shown(make: Make) -> None:
    site = make()
    check = site.fill(site.look(site.signed()))
    path = "/deliver"
    form = check.form(path) | {"step": ["go"]}
    others: list[dict[str, list[str]]] = [
        {"seen": ["0" * 32]}, {"seen": []}, {"d_prefix": ["Dr."]},
        {"words-MA-6": ["Other words now."]},
    ]  # fmt: skip
    for changes in others:
        page = site.client.post(path, form | changes, 409)
        assert "A letter changed since you looked" in page.words
    assert set(site.states(check_again(site, form)).values()) == {"written"}


def check_again(site: Site, form: dict[str, list[str]]) -> Html:
    return site.client.post("/take", {k: v for k, v in form.items() if k != "step"})


def test_enter_and_switching_language_never_send(site: Site) -> None:
    check = site.fill(site.look(site.signed()))
    form = check.form(site.resident.url("/deliver"))
    for path in ("/deliver", "/es/deliver"):
        page = site.client.post(path, form)
        assert page.by_id("about-you") is not None
    assert set(site.states(site.client.post("/take", form)).values()) == {"written"}


def test_without_setup_nothing_about_delivery_is_shown(make: Make) -> None:
    for wanting in (
        {"cwc_mode": "off"}, {"cwc_house_key": "", "cwc_senate_key": ""}, {"cwc_agent": ""},
    ):  # fmt: skip
        site = make(**wanting, group_name=f"Group {wanting}"[:40])
        taken = site.signed(first=f"Ann{len(str(wanting))}")
        assert "own system" not in taken.text
        assert "/deliver" not in taken.text
        page = site.send("/deliver", {**taken.form("/keep"), "only": [""], "step": ["go"]})
        assert page.by_id("receipt-title") is not None
        assert set(site.states(taken).values()) == {"written"}
        assert "offices’ own systems" not in site.client.get("/privacy").words
    assert site.server.requests == []


def test_only_a_chamber_with_a_key_is_offered(make: Make) -> None:
    site = make(cwc_senate_key="")
    taken = site.signed()
    assert taken.text.count('formaction="/deliver"') == 1
    check = site.fill(site.look(taken))
    page = site.press(check, step="go")
    states = site.states(page)
    assert states.pop("MA-6") == "queued"
    assert set(states.values()) == {"written"}


def test_a_letter_of_the_last_congress_is_not_offered_to_its_office(make: Make) -> None:
    site = make()
    page = site.signed()
    site.clock.now = change_of(120) + timedelta(days=1)
    again = site.client.post("/take", page.form("/keep"))
    assert "ended at noon in Washington" in again.words
    assert "/deliver" not in again.text


def test_a_receipt_cannot_send_letters_in_another_name(make: Make) -> None:
    site = make()
    taken = site.signed()
    other = taken.form("/keep") | {"first": ["Somebody"], "last": ["Else"]}
    page = site.send("/deliver", {**other, "only": [""]}, 409)
    assert "These letters are not signed yet" in page.words
    assert bodies(site) == []


def test_a_home_address_is_asked_for_where_mail_goes_elsewhere(make: Make) -> None:
    site = make()
    taken = site.signed(
        elsewhere="1", street="PSC 88 Box 1203", city="APO", mail_state="AE", mail_zip="09012",
        email="siobhan@example.org",
    )  # fmt: skip
    ask = site.look(taken)
    assert {"d_street", "d_city", "d_zip"} <= fields(ask)
    assert ask.by_id("d_zip").get("value") == "01930"
    assert "Your home in Massachusetts" in ask.words
    site.fill(ask, 422, d_street="", d_city="")
    check = site.fill(ask, d_street="9 Rocky Neck Ave", d_city="Gloucester", d_zip="01930")
    site.press(check, step="go")
    site.work()
    for root in messages(site).values():
        assert root.findtext(".//Address1") == "9 Rocky Neck Ave"
        assert root.findtext(".//StateAbbreviation") == "MA"


def test_words_containing_ones_name_are_flagged_with_a_way_to_edit(make: Make) -> None:
    site = make()
    taken = site.signed(story="My name is Siobhán O'Dell and I live here.")
    page = site.fill(site.look(taken))
    assert page.words.count("out of your own words") == 3
    assert 'value="go"' not in page.text
    assert 'formaction="/review"' in page.text


def test_the_test_system_is_named_everywhere_and_never_called_an_office(make: Make) -> None:
    site = make(cwc_mode="test")
    taken = site.signed()
    ask = site.look(taken)
    check = site.fill(ask)
    for page in (taken, ask, check):
        assert "Nothing reaches an office" in page.words
    page = site.press(check, step="go")
    site.work()
    assert set(site.states(page).values()) == {"not attempted"}
    receipt = site.client.get(site.path(page)).words
    assert "no office has it" in receipt
    assert "Accepted" not in receipt


def test_a_test_journey_is_not_offered_delivery_and_never_sent(make: Make) -> None:
    site = make()
    app = site.client.flask.application
    with app.test_request_context("/"):
        marker = make_marker(app.extensions[EXTENSION], 1)
    taken = site.signed(test=marker)
    assert "/deliver" not in taken.text
    form = taken.form("/keep") | {
        "only": [""], "step": ["filled"], "d_prefix": ["Ms."], "d_email": ["a@b.example"],
        "d_phone": [""],
    }  # fmt: skip
    for step in ("filled", "go"):
        marked = site.client.flask.post("/deliver", data=form | {"step": [step]})
        assert 'value="go"' not in marked.text
        # Without the marker it is not an act that anyone signed.
        site.send("/deliver", form | {"step": [step], "test": [""]}, 409)
        assert bodies(site) == []


def test_queued_letters_are_encrypted_and_erased_when_done(make: Make) -> None:
    site = make()
    site.queued()
    secrets = (b"Larkspur", b"Siobh", b"siobhan@example", b"neighbor was afraid")
    raw = raw_bytes(site)
    assert not [secret for secret in secrets if secret in raw]
    assert len(bodies(site)) == 3
    site.work()
    assert set(bodies(site)) == {None}


def raw_bytes(site: Site) -> bytes:
    return b"".join(p.read_bytes() for p in site.settings.instance.rglob("*") if p.is_file())


def test_a_busy_database_is_reported_and_nothing_is_lost(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make()
    check = site.fill(site.look(site.signed()))

    def busy(*_args: object, **_more: object) -> None:
        raise NotStoredError("busy")

    with monkeypatch.context() as broken:
        broken.setattr(Outbound, "put_letter", busy)
        page = site.press(check, 503, step="go")
    assert "Nothing was lost" in page.words
    done = site.press(page, step="go")
    assert set(site.states(done).values()) == {"queued"}


def test_unsigned_or_withdrawn_letters_are_refused(make: Make) -> None:
    site = make()
    form = site.resident.reviewing("01930").form()
    page = site.client.post("/deliver", form, 409)
    assert "not signed yet" in page.words
    site.client.get("/deliver")
    taken = site.signed()
    withdraw(local_database(site.settings.database), site.path(taken).rpartition("/")[2])
    site.client.post("/deliver", taken.form("/keep"), 409)


@pytest.mark.parametrize("zip_code", ["20001", "96910", "99501", "96799", "00901"])
def test_delegates_and_at_large_seats_have_their_own_office_codes(
    make: Make, zip_code: str
) -> None:
    site = make()
    site.server.offices = ["SAK02", "SAK03"]
    states = {"20001": "DC", "96910": "GU", "99501": "AK", "96799": "AS", "00901": "PR"}
    codes = {"DC": "HDC00", "GU": "HGU00", "AK": "HAK00", "AS": "HAQ00", "PR": "HPR00"}
    state = states[zip_code]
    taken = site.signed(zip_code, state, city="Anytown", mail_state=state, mail_zip=zip_code)
    site.press(site.fill(site.look(taken)), step="go")
    site.work()
    assert codes[state] in messages(site)


def test_the_office_client_exists_only_where_it_is_set_up(make: Make) -> None:
    assert offices_of(make(cwc_mode="off").settings) is None
    assert offices_of(make().settings) is not None


def test_the_privacy_page_names_the_agent_and_how_long_letters_wait(site: Site) -> None:
    words = site.client.get(site.resident.url("/privacy")).words
    assert "Example Letters, Inc." in words
    assert re.search(r"five days|cinco días", words)


def test_a_title_is_asked_only_where_office_systems_are_used(make: Make) -> None:
    off = make(cwc_mode="off", cwc_agent="")
    assert 'name="prefix"' not in off.resident.reviewing("01930").text
    site = make(cwc_mode="off")  # letters may go out by another way, from the sealed export
    review = site.resident.reviewing("01930", email="siobhan@example.org")
    form = review.form() | {"packet": ["1"], "prefix": ["Dr."]}
    again = site.client.post("/review", form)
    assert [o.text for o in again.by_id("prefix") if o.get("selected") is not None] == ["Dr."]
    site.resident.sign(again.form())
    assert opened(site)["prefix"] == "Dr."


def test_an_unknown_title_is_not_sealed(make: Make) -> None:
    site = make(cwc_mode="off")
    form = site.resident.reviewing("01930").form() | {"packet": ["1"], "prefix": ["<b>Mx</b>"]}
    site.resident.sign(form)
    assert opened(site)["prefix"] == ""


def test_a_given_title_is_not_asked_for_again(make: Make) -> None:
    site = make(cwc_senate_key="")
    form = site.resident.reviewing("01930", email="siobhan@example.org").form()
    taken = site.resident.sign(form | {"prefix": ["Dr."]})
    check = site.look(taken)
    assert "Dr. Siobhán O'Dell" in check.words


def opened(site: Site) -> dict[str, str]:
    """The details of the last sealed box."""
    (private,) = site.settings.keys.glob("*.private.json")
    key = unlock(private, passphrase_beside(private) or "")
    db = local_database(site.settings.database)
    number, box = db.execute(
        "SELECT signature, box FROM sealed ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return unpack(unseal(key, box), number, "packet")
