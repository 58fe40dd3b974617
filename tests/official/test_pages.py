"""Delivering letters to the offices' own systems from the page with the letters."""

from __future__ import annotations

import json
import re
from contextlib import closing
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from lxml import etree

from app.congress.model import CHAMBERS, change_of
from app.congress.tables import load_tables
from app.cwc.message import schema_errors
from app.cwc.office_post import OLD_LIST
from app.errors import NotStoredError
from app.records.backup import cancel_pending
from app.records.database import local_database, open_database
from app.records.keyed import unlock as unlock_payload
from app.records.keys import passphrase_beside, unlock
from app.records.outbound import LETTER, Claimed, Outbound
from app.records.retention import Policy, delete_old_rows
from app.records.sealing import unpack, unseal
from app.records.signing import withdraw
from app.site.outgoing import offices_of
from app.site.services import EXTENSION
from app.web.practice import make_marker
from app.web.resident import official
from tests.congress.rehearsal import another_sits
from tests.delivery.cwc_server import Scripted
from tests.records.build import set_status
from tests.web.lint import Html, words

from .conftest import GLOUCESTER, Make, Site

ACCEPTED = "accepted by the office's system"
STORY = "Last spring a neighbor was afraid to report a break-in."


def messages(site: Site) -> dict[str, etree._Element]:
    """The messages that the systems have, by office."""
    roots = [etree.fromstring(xml) for xml in site.server.taken.values()]
    return {root.findtext(".//MemberOffice") or "": root for root in roots}


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


def fields(page: Html) -> set[str]:
    return {str(e.get("name")) for e in page.all("input", "select")
            if str(e.get("name")).startswith("d_") and e.get("type") != "hidden"}  # fmt: skip


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


def test_a_refusal_says_which_field_was_refused_and_can_be_corrected(make: Make) -> None:
    site = make()
    page = site.queued("MA-6")
    (first,) = delivery_ids(site)
    said = "<Errors><Error>Phone: O'Dell, 12 Larkspur Ct is required</Error></Errors>"
    site.server.script.append(Scripted("/v2/message", 400, said, {"kind": "application/xml"}))
    site.work()
    assert site.states(page)["MA-6"] == "refused"
    receipt = site.client.get(site.path(page))
    assert "It did not accept: phone number" in receipt.words
    assert "Larkspur" not in receipt.words  # the system's own words are not kept
    again = site.look(site.client.post("/take", page.form("/keep")), "MA-6")
    assert "d_phone" in fields(again)
    site.fill(again, 422, d_prefix="Ms.", d_phone="")
    done = site.press(site.fill(again, d_prefix="Ms.", d_phone="202-555-0199"), step="go")
    (second,) = delivery_ids(site)
    assert first != second  # else the system could take it for the one that it refused
    site.work(minutes=5)
    assert site.states(done)["MA-6"] == ACCEPTED
    (root,) = messages(site).values()
    assert root.findtext(".//Phone") == "202-555-0199"


def test_the_receipt_still_says_why_after_the_purge_and_a_new_try_has_a_new_id(make: Make) -> None:
    site = make()
    page = site.queued("MA-6")
    (first,) = delivery_ids(site)
    site.server.script.append(Scripted("/v2/validate", 400, "<E><Error>no</Error></E>"))
    site.work()
    receipt = site.client.get(site.path(page)).words
    assert "Hand the letter over another way." in receipt
    delete_old_rows(
        local_database(site.settings.database), site.clock() + timedelta(days=30), Policy()
    )
    assert site.client.get(site.path(page)).words == receipt
    again = site.look(site.client.post("/take", page.form("/keep")), "MA-6")
    site.press(site.fill(again), step="go")
    assert delivery_ids(site) != [first]


def delivery_ids(site: Site) -> list[str]:
    """The delivery ids of the waiting letters."""
    plain = [unlock_payload(body, site.settings.secret_key, "waiting to leave") or b"{}"
             for body in bodies(site)]  # fmt: skip
    return [json.loads(text.partition(b"\n")[0])["id"] for text in plain]


def bodies(site: Site) -> list[bytes]:
    with closing(open_database(site.settings.database)) as db:
        return [row[0] for row in db.execute("SELECT payload FROM outbound")]


def test_a_refused_letter_can_be_sent_at_most_five_times(make: Make) -> None:
    site = make()
    page = site.queued("MA-6")
    for _ in range(5):
        site.server.script.append(Scripted("/v2/validate", 400, "<E><Error>no</Error></E>"))
        site.work(minutes=1)
        assert site.states(page)["MA-6"] == "refused"
        page = site.client.post("/take", page.form("/keep"))
        look = site.look(page, "MA-6")
        if not fields(look):
            break
        page = site.press(site.fill(look), step="go")
    assert len([p for _m, p, _k in site.server.requests if p == "/v2/validate"]) == 5
    assert 'value="MA-6">Look' not in page.text


def test_a_nonparticipating_office_is_named_and_not_retried(make: Make) -> None:
    site = make()
    site.server.offices = ["SMA01"]
    page = site.queued()
    site.work()
    assert site.states(page)["MA-S2"] == "not attempted"
    assert site.states(page)["MA-S1"] == ACCEPTED
    taken = site.client.post("/take", page.form("/keep"))
    assert "This office does not use the system" in taken.words
    assert "/deliver" not in taken.text


def test_a_letter_changed_while_it_waits_does_not_go_and_the_receipt_says_so(site: Site) -> None:
    review = site.resident.reviewing(*GLOUCESTER)
    taken = site.resident.sign(review.form())
    site.press(site.fill(site.look(taken, "MA-6")), step="go")
    (first,) = delivery_ids(site)
    page = changed(site, review)
    assert bodies(site) == [None]
    assert (site.states(page)["MA-6"], site.path(page)) == ("not attempted", site.path(taken))
    expected = {
        "en": "You changed your letters while this one waited, so it did not go.",
        "es": "Usted cambió sus cartas mientras esta esperaba, así que no salió.",
    }
    for again in (page, site.client.get(site.path(page))):
        assert again.words.count(expected[site.resident.lang]) == 1
    site.press(site.fill(site.look(page, "MA-6")), step="go")
    assert delivery_ids(site) != [first]
    site.work()
    assert site.states(page)["MA-6"] == ACCEPTED


def changed(site: Site, review: Html, story: str = "Another story.") -> Html:
    """Sign again with another story, a minute later."""
    site.clock.forward(minutes=1)
    writing = site.client.post(site.resident.url("/address"), review.form())
    form = site.resident.filled(writing, story=story)
    return site.resident.sign(site.resident.review(form).form())


def test_a_letter_that_an_office_has_is_not_said_to_be_changed(site: Site) -> None:
    review = site.resident.reviewing(*GLOUCESTER)
    site.resident.sign(review.form())
    page = changed(site, review)
    site.press(site.fill(site.look(page, "MA-6")), step="go")
    site.work()
    expected = {"en": "already had stays there as it was", "es": "ya tenía queda allí como estaba"}
    assert expected[site.resident.lang] not in site.client.get(site.path(page)).words
    page = changed(site, review, "A third story.")
    assert expected[site.resident.lang] in site.client.get(site.path(page)).words


def test_a_letter_that_was_leaving_is_not_said_to_be_changed_once_it_is_accepted(
    make: Make,
) -> None:
    site = make()
    review = site.resident.reviewing(*GLOUCESTER)
    taken = site.resident.sign(review.form())
    site.press(site.fill(site.look(taken, "MA-6")), step="go")
    outbound, claimed = leaving(site)
    page = changed(site, review)
    site.clock.forward(minutes=1)
    outbound.finish(claimed, "accepted", "", site.clock(), letters=LETTER["accepted"])
    receipt = site.client.get(site.path(page)).words
    assert "Accepted by the office’s own system" in receipt
    assert "already had stays there as it was" in receipt


def test_a_letter_changed_while_it_leaves_is_not_tried_again_with_the_earlier_words(
    make: Make,
) -> None:
    site = make()
    review = site.resident.reviewing(*GLOUCESTER)
    taken = site.resident.sign(review.form())
    site.press(site.fill(site.look(taken, "MA-6")), step="go")
    outbound, claimed = leaving(site)
    page = changed(site, review)
    outbound.defer(claimed, "busy", site.clock(), site.clock())
    site.work(minutes=5)
    assert site.states(page)["MA-6"] == "not attempted"
    assert messages(site) == {}
    site.press(site.fill(site.look(page, "MA-6")), step="go")
    site.work()
    assert site.states(page)["MA-6"] == ACCEPTED


def leaving(site: Site) -> tuple[Outbound, Claimed]:
    """The only letter in the queue, as a worker hands it over."""
    outbound = Outbound(site.settings.database, site.settings.secret_key)
    ((row, _kind),) = outbound.due(site.clock(), CHAMBERS)
    claimed = outbound.claim(row, site.clock())
    assert claimed
    assert outbound.leaving(claimed, site.clock())
    return outbound, claimed


def said(site: Site, page: Html) -> str:
    """What the receipt says of the letter to the House; the page with the letters says it too."""
    (card,) = [
        words(card)
        for card in site.client.get(site.path(page)).all("li")
        if 'data-claim="letter:MA-6:' in ElementTree.tostring(card, "unicode")
    ]
    more = card.partition("EST) ")[2] or card.partition("EST)")[2]
    taken = site.client.post(site.resident.url("/take"), page.form(site.resident.url("/keep")))
    assert more in taken.words
    return more


def test_a_letter_without_an_answer_may_be_there_while_it_is_tried_and_after(make: Make) -> None:
    site = make()
    page = site.queued("MA-6")
    site.server.script += [Scripted("/v2/validate", 503), Scripted("/v2/message", 0, before="drop")]
    site.work()
    assert said(site, page) == "The system did not accept it yet. We will try again."
    site.work(hours=1)
    assert "It may be there. We will ask again." in said(site, page)
    site.work(days=6)
    assert said(site, page) == "Hand the letter over another way."
    assert "It may have reached the office’s own system" in site.client.get(site.path(page)).words


def test_a_letter_that_waits_for_a_list_may_still_be_there(make: Make) -> None:
    site = make()
    page = site.queued("MA-6")
    for maybe, cause in ((True, "no answer"), (False, OLD_LIST)):
        outbound, claimed = leaving(site)
        outbound.defer(claimed, cause, site.clock(), site.clock(), maybe=maybe)
    assert "It may be there. We will ask again." in said(site, page)


def refuse(site: Site, page: Html, *, times: int = 1) -> None:
    for n in range(times):
        if n:
            taken = site.client.post("/take", page.form("/keep"))
            look = site.look(taken, "MA-6")
            site.press(site.fill(look, d_phone="202-555-0199"), step="go")
        refusal = Scripted("/v2/validate", 400, "<E><Error>Phone</Error></E>")
        site.server.script.append(refusal)
        site.work(minutes=1)
        assert site.states(page)["MA-6"] == "refused"


def test_a_new_try_is_advised_only_while_there_can_be_one(make: Make) -> None:
    site = make()
    page = site.queued("MA-6")
    refuse(site, page)
    assert "Fix that and try again" in said(site, page)
    another_sits(site.settings.instance, "MA-6", date(2026, 11, 26))
    site.clock.forward(days=2)
    assert said(site, page).startswith("This member no longer holds the seat")
    site.clock.now = change_of(120)
    assert said(site, page).startswith("This member no longer holds the seat")


def test_after_the_fifth_refusal_no_other_try_is_advised(make: Make) -> None:
    site = make()
    page = site.queued("MA-6")
    refuse(site, page, times=5)
    assert said(site, page) == "Hand the letter over another way."


def test_a_letter_changed_in_its_last_round_is_not_to_be_delivered_again(make: Make) -> None:
    site = make()
    review = site.resident.reviewing(*GLOUCESTER)
    page = site.resident.sign(review.form())
    site.press(site.fill(site.look(page, "MA-6")), step="go")
    refuse(site, page, times=4)
    taken = site.client.post("/take", page.form("/keep"))
    site.press(site.fill(site.look(taken, "MA-6"), d_phone="202-555-0199"), step="go")
    page = changed(site, review)
    assert site.states(page)["MA-6"] == "not attempted"
    assert said(site, page) == "Hand the letter over another way."


def test_a_refusal_is_not_repeated_once_the_letter_was_handed_over(make: Make) -> None:
    site = make()
    page = site.queued("MA-6")
    refuse(site, page)
    site.client.post("/take", {**page.form("/keep"), "did": ["MA-6=pasted"]})
    assert said(site, page) == ""


def test_both_pages_say_what_became_of_a_letter_where_delivery_is_off_now(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make()
    page = site.queued("MA-6")
    refuse(site, page)
    before = said(site, page)
    assert "phone number" in before
    monkeypatch.setattr(official, "offices_of", lambda _settings: None)
    assert said(site, page) == before


def test_after_a_copy_is_put_back_a_letter_may_have_arrived(make: Make) -> None:
    site = make()
    page = site.queued("MA-6")
    cancel_pending(site.settings.database, site.clock())
    assert "did not answer" not in site.client.get(site.path(page)).words
    assert "It may have reached the office’s own system" in site.client.get(site.path(page)).words


def test_withdrawn_letters_are_never_sent(make: Make) -> None:
    site = make()
    page = site.queued()
    token = site.path(page).rpartition("/")[2]
    site.client.flask.post(f"/receipt/{token}/withdraw")
    assert bodies(site) == []
    site.work()
    assert site.server.requests == []
    found = site.kept(page).letters
    assert {(row.state, row.cause) for row in found} == {("not attempted", "withdrawn")}
    receipt = site.client.get(site.path(page)).words
    assert "because you withdrew" in receipt
    assert "This is what you told us" not in receipt


def test_a_letter_that_leaves_during_a_withdrawal_is_not_called_deleted(make: Make) -> None:
    site = make()
    page = site.queued("MA-6")
    outbound, claimed = leaving(site)
    site.client.flask.post(f"{site.path(page)}/withdraw")
    receipt = site.client.get(site.path(page))
    assert 'data-claim="deleting"' in receipt.text
    assert "It may have reached the office’s own system" in receipt.words
    assert "Waiting to go" not in receipt.words
    outbound.finish(claimed, "accepted", "", site.clock(), letters=LETTER["accepted"])
    receipt = site.client.get(site.path(page))
    assert 'data-claim="deleted"' in receipt.text
    assert "Accepted by the office’s own system" in receipt.words


@pytest.mark.parametrize("status", ["held", "unconfirmed"])
def test_letters_wait_until_their_signature_counts(make: Make, status: str) -> None:
    site = make()
    page = site.queued()
    db = local_database(site.settings.database)
    set_status(db, [1], status)  # type: ignore[arg-type]
    site.work(minutes=5)
    assert site.server.requests == []
    set_status(db, [1], "counted")
    site.work(minutes=5)
    assert set(site.states(page).values()) == {ACCEPTED}


def test_with_email_confirmation_letters_wait_until_confirmed(make: Make) -> None:
    site = make(confirm_email=True)
    taken = site.signed(email="siobhan@example.org")
    check = site.fill(site.look(taken))
    assert "Your signature is not counted yet" in check.words
    assert "you confirmed it" in check.words
    page = site.press(check, step="go")
    site.work(minutes=5)
    assert site.server.requests == []
    db = local_database(site.settings.database)
    db.execute("UPDATE confirmations SET confirmed = '2026-11-25T17:00:00Z'")
    set_status(db, [1], "counted")
    site.work(minutes=5)
    assert set(site.states(page).values()) == {ACCEPTED}
    assert {r.findtext(".//EmailValidation") for r in messages(site).values()} == {"Y"}


def test_a_repeat_signer_is_treated_the_same(make: Make) -> None:
    site = make()
    first = site.queued("MA-6")
    second = site.queued("MA-6")
    assert site.path(first) != site.path(second)
    site.work()
    assert site.states(first)["MA-6"] == site.states(second)["MA-6"] == ACCEPTED
    assert len(site.server.taken) == 1  # the same words from the same person arrive once


def test_a_letter_to_a_member_who_left_is_not_sent_to_the_successor(make: Make) -> None:
    site = make()
    taken = site.signed()
    another_sits(site.settings.instance, "MA-6", date(2026, 11, 26))
    site.clock.forward(days=2)
    site.press(site.fill(site.look(taken)), step="go")
    site.work()
    assert site.states(taken) == {"MA-6": "written", "MA-S1": ACCEPTED, "MA-S2": ACCEPTED}


def test_a_queued_letter_does_not_go_to_the_successor_and_the_receipt_says_so(site: Site) -> None:
    taken = site.queued()
    another_sits(site.settings.instance, "MA-6", date(2026, 11, 26))
    site.work(days=2)
    assert site.states(taken) == {"MA-6": "not attempted", "MA-S1": ACCEPTED, "MA-S2": ACCEPTED}
    assert set(messages(site)) == {"SMA01", "SMA02"}
    page = site.client.get(site.path(taken)).words
    expected = {
        "en": "This member no longer holds the seat, so we do not try again. Your letter is",
        "es": "Este miembro ya no ocupa el escaño, así que no lo intentamos más. Su carta no es",
    }
    assert page.count(expected[site.resident.lang]) == 1


def test_a_letter_at_noon_on_january_3_waits_for_the_list_of_the_new_congress(make: Make) -> None:
    site = make()
    site.clock.now = change_of(120) - timedelta(hours=1)
    taken = site.signed()
    site.server.script.append(Scripted("/v2/validate", 503))
    site.press(site.fill(site.look(taken, "MA-6"), d_email="siobhan@example.org"), step="go")
    site.work()
    db = local_database(site.settings.database)
    db.execute("UPDATE outbound SET until = until + 864000")  # a campaign of two Congresses
    site.work(hours=2)
    assert site.states(taken)["MA-6"] == "queued"
    assert (
        "our list does not show yet who holds this seat" in site.client.get(site.path(taken)).words
    )
    db.execute("UPDATE outbound SET until = until - 864000")
    site.work(minutes=1)
    assert site.states(taken)["MA-6"] == "not attempted"
    assert "has ended, so we do not try again" in site.client.get(site.path(taken)).words
    assert messages(site) == {}


def test_a_letter_written_in_the_new_congress_goes_until_that_one_ends(make: Make) -> None:
    site = make()
    site.clock.now = change_of(120) + timedelta(days=1)
    page = site.queued()
    site.work()
    assert site.states(page)["MA-S1"] == ACCEPTED


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
