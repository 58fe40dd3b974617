"""What becomes of a letter to an office's own system, and what both pages say of it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest

from app.congress.model import CHAMBERS, change_of
from app.cwc.office_post import OLD_LIST
from app.records.accounting import ACCEPTED
from app.records.backup import cancel_pending
from app.records.database import local_database
from app.records.keyed import unlock as unlock_payload
from app.records.outbound import LETTER, Claimed, Outbound
from app.records.retention import Policy, delete_old_rows
from app.web.resident import official
from tests.congress.rehearsal import another_sits
from tests.delivery.cwc_server import Scripted
from tests.records.build import set_status
from tests.web.lint import Html, words

from .conftest import GLOUCESTER, Make, Site, bodies, fields, messages


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


@pytest.mark.parametrize("again", [True, False])
def test_a_changed_letter_without_an_answer_is_not_given_to_its_office_in_the_earlier_words(
    make: Make, again: bool
) -> None:
    """Its writer may have taken out what should not be there."""
    site = make()
    review = site.resident.reviewing(*GLOUCESTER)
    taken = site.resident.sign(review.form())
    site.press(site.fill(site.look(taken, "MA-6")), step="go")
    outbound, claimed = leaving(site)
    outbound.defer(claimed, "no answer", site.clock(), site.clock(), maybe=True)
    if again:
        outbound, claimed = leaving(site)
    page = changed(site, review)
    if again:
        outbound.defer(claimed, "busy", site.clock(), site.clock(), maybe=True)
    site.work(hours=1)
    assert messages(site) == {}
    assert site.states(page)["MA-6"] == "unknown"
    assert said(site, page) == "Hand the letter over another way."
    assert "It may have reached the office’s own system" in site.client.get(site.path(page)).words


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
