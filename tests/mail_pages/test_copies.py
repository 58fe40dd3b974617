"""A copy of the letters by mail: only to those who asked for it, with every state reported."""

from __future__ import annotations

import io
import threading
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from pypdf import PdfReader

from app.documents.letter import TRANSLATION
from app.records.counts import totals
from app.records.database import local_database
from app.records.limiting import LIMITS
from app.records.signing import remove
from tests.delivery.mail_server import MailServer, until

from .conftest import Make, Site, parse, text_of

ME = "me@example.org"
STRANGER = "stranger@example.net"
SPAM = "WIN 5000 USD http://bad.example"
BY_HAND = "words-MA-S1"


def test_a_confirmed_copy_has_every_letter_as_text_and_pdf(site: Site) -> None:
    """EM12"""
    story = "“It’s ours” — 40° 🐢.\n\nSecond paragraph, à la carte."
    taken = site.signed(story=story, first="Zoë")
    site.ask(taken, ME)
    site.work()
    (question,) = site.files()
    page = site.client.get(site.link(question))
    site.client.post(site.link(question), page.form(site.link(question)))
    site.work()
    (copy,) = site.files("copy")
    text = text_of(copy)
    assert text.count("“It’s ours” — 40° 🐢.") == 3
    assert text.count("Second paragraph, à la carte.") == 3
    assert text.count("Zoë O'Dell") == 3
    assert copy["To"] == ME
    assert site.resident.receipt_path(taken) in text
    pdfs = list(copy.iter_attachments())
    assert [p.get_filename() for p in pdfs] == [
        "letter-MA-6.pdf", "letter-MA-S1.pdf", "letter-MA-S2.pdf",
    ]  # fmt: skip
    for pdf in pdfs:
        words = PdfReader(io.BytesIO(pdf.get_content())).pages[0].extract_text()
        assert "Second paragraph" in words


@pytest.mark.parametrize("mangled", ["{}.", "<{}>", "{}=%0A"])
def test_a_link_to_a_copy_with_what_a_mail_program_added_leads_to_its_button(
    make: Make, mangled: str
) -> None:
    site = make()
    site.ask(site.signed(), ME)
    site.work()
    link = site.link(site.files()[0])
    folder, _, token = link.rpartition("/")
    answer = site.client.flask.get(f"{folder}/{mangled.format(token)}")
    assert (answer.status_code, answer.headers.get("Location")) == (302, link)


def test_an_emailed_copy_has_each_letters_state_and_the_receipt_link(
    make: Make,
) -> None:
    site = make()
    taken = site.signed()
    site.client.post("/take", {**taken.form("/copy"), "did": ["MA-S1=pasted"]})
    site.ask(taken, ME)
    site.work()
    (question,) = site.files()
    page = site.client.get(site.link(question))
    site.client.post(site.link(question), page.form(site.link(question)))
    site.work()
    text = text_of(site.files("copy")[0])
    heads = [line for line in text.splitlines() if "When you asked for this copy" in line]
    assert [line.split(".")[0] for line in heads] == [
        "To Representative Seth Moulton", "To Senator Elizabeth Warren",
        "To Senator Edward J",
    ]  # fmt: skip
    assert "Written, not yet handed over (" in heads[0]
    assert "You pasted it into the web form (" in heads[1]
    assert site.resident.receipt_path(taken) in text


def test_an_emailed_copy_can_include_the_spanish(make: Make) -> None:
    site = make(lang="es")
    taken = site.signed()
    site.ask(taken, ME, both="1")
    site.work()
    (question,) = site.files()
    page = site.client.get(site.link(question))
    site.client.post(site.link(question), page.form(site.link(question)))
    site.work()
    (copy,) = site.files("copy")
    assert text_of(copy).count(TRANSLATION) == 3
    for pdf in copy.iter_attachments():
        pages = PdfReader(io.BytesIO(pdf.get_content())).pages
        assert TRANSLATION in pages[-1].extract_text()


def test_a_site_without_a_mail_server_says_so_and_marks_nothing(make: Make) -> None:
    site = make()
    taken = site.signed()
    assert "becomes a file on the site’s computer" in taken.words
    site.ask(taken, ME)
    site.work()
    link = site.link(site.files()[0])
    assert "becomes a file on the site’s computer" in site.client.get(link).words
    for _press in range(2):
        released = site.client.post(link).words
        assert "file on the site’s computer" in released
        assert "on their way" not in released
    site.work()
    words = site.states(taken)
    assert words.count("Saved as a file on the site’s computer") == 2
    assert words.count("Written, not yet handed over") == 3
    assert "A copy was emailed to you" not in words


@pytest.mark.parametrize("way", ["withdraw", "change", "remove"])
def test_a_copy_in_the_outbox_is_deleted_with_its_letters(make: Make, way: str) -> None:
    site = make()
    other = site.signed(first="Ben")
    site.ask(other, "ben@example.org")
    site.work()
    taken = site.signed()
    site.ask(taken, ME)
    site.work()
    [question] = [found for found in site.files() if found["To"] == ME]
    page = site.client.get(site.link(question))
    site.client.post(site.link(question), page.form(site.link(question)))
    site.work()
    assert len(site.files("copy")) == 1
    assert "In any case we delete it within 8 days" in taken.words
    receipt = site.resident.receipt_path(taken)
    db = local_database(site.settings.database)
    if way == "withdraw":
        assert site.client.flask.post(f"{receipt}/withdraw").status_code == 303
    elif way == "change":
        review = site.client.post("/review", {**taken.form("/copy"), "story": ["Another story."]})
        site.resident.sign(review.form())
    else:
        (number,) = db.execute("SELECT max(id) FROM signatures").fetchone()
        remove(db, [number])
    assert site.files("copy") == []
    left = [found["To"] for found in site.files()]
    # The question contains nothing of the letters, and after an edit it asks the same mailbox.
    assert sorted(left) == ["ben@example.org", *([ME] if way == "change" else [])]


def test_nothing_typed_reaches_an_unconfirmed_address(make: Make) -> None:
    """EM09"""
    site = make()
    for number, field in enumerate(2 * ["first", "last", "street", "city", "story"]):
        taken = site.signed(**{field: SPAM, "last": f"{number} {SPAM}"})
        status = 200 if number < site.settings.mail_per_address_a_day // 2 else 429
        page = site.ask(taken, STRANGER, status)
        if status == 429:
            assert "reached today’s limit for email from us" in page.words
        if number % 3 == 0:
            site.work()
    site.work()
    messages = site.files()
    assert len(messages) <= site.settings.mail_per_address_a_day
    for message in messages:
        everything = " ".join([text_of(message), *message.keys(), *map(str, message.values())])
        assert "WIN 5" not in everything  # a link can contain "WIN" by chance
        assert "bad.example" not in everything


def test_mail_is_limited_per_connection_and_per_address(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EM09"""
    monkeypatch.setitem(LIMITS, "email", replace(LIMITS["email"], client=12))
    monkeypatch.setattr("app.records.limiting.time.time", lambda: 1_800_000_000.0)
    site = make(limits=True)
    taken = site.signed()
    for number in range(3):
        assert site.ask(taken, STRANGER, 200, **{BY_HAND: f"Other words {number}"}).h1
    page = site.ask(taken, STRANGER, 429, **{BY_HAND: "Other words again"})
    assert "Too many emails" in page.words
    assert "Try again in 5 hours. Nothing was lost." in page.words
    assert STRANGER in [e.get("value") for e in page.all("input")]
    answers = [
        site.client.flask.post(
            "/copy", data={**taken.form("/copy"), "copy_to": f"a{n}@example.org"}
        ).status_code
        for n in range(14)
    ]
    assert set(answers) == {200, 429}
    assert answers.count(200) <= 12 - 3
    assert answers[-1] == 429


def test_opening_the_link_changes_nothing_and_the_button_works_once(site: Site) -> None:
    """EM10"""
    site.ask(site.signed(), ME)
    site.work()
    link = site.link(site.files()[0])
    for _ in range(3):
        assert site.client.flask.head(link).status_code == 200
        page = site.client.get(link)
        assert len([b for b in page.buttons() if "enter" not in (b.get("class") or "")]) == 1
        site.work()
    assert len(site.files()) == 1
    first = site.client.post(link)
    site.work()
    second = site.client.post(link)
    site.work()
    assert len(site.files("copy")) == 1
    assert first.h1 != second.h1
    assert site.client.get(link).h1 == second.h1
    assert not second.all("form")


@pytest.mark.parametrize("token", ["a" * 64, "A" * 64, "x", "..", "a" * 63 + "\n", "’"])
def test_a_forged_link_finds_nothing(make: Make, token: str) -> None:
    site = make()
    assert site.client.get(f"/copy/{token}").h1 == "Nothing is waiting here"
    assert site.client.post(f"/copy/{token}").h1 == "Nothing is waiting here"


def test_an_unconfirmed_copy_is_deleted_after_two_days(make: Make) -> None:
    site = make()
    site.ask(site.signed(story="A secret of mine."), STRANGER)
    site.work()
    link = site.link(site.files()[0])
    site.work(timedelta(days=2, minutes=1))
    assert site.client.get(link).h1 == "Nothing is waiting here"
    assert site.client.post(link).h1 == "Nothing is waiting here"
    site.work()
    assert not site.files("copy")
    db = local_database(site.settings.database)
    assert db.execute("SELECT count(*) FROM outbound WHERE payload IS NOT NULL").fetchone() == (0,)


def test_pressing_again_sends_no_second_message_unless_the_words_changed(make: Make) -> None:
    site = make()
    taken = site.signed()
    for _ in range(3):
        site.ask(taken, ME)
    site.work()
    assert len(site.files()) == 1
    site.ask(taken, ME, 200, **{BY_HAND: "I thought of something else to say."})
    site.work()
    assert len(site.files()) == 2
    assert totals(local_database(site.settings.database), site.settings.campaign).signatures == 1


@pytest.mark.parametrize(
    "address",
    ["o'dell+parks.2026@example.museum", "x@sub.example.photography", "ana@münchen.example"],
)  # fmt: skip
def test_unusual_email_addresses_are_used_unchanged(make: Make, address: str) -> None:
    """EM05"""
    site = make()
    page = site.ask(site.signed(), f" {address} ")
    assert page.by_id("copy_to").get("value") == address
    site.work()
    (path,) = (site.settings.instance / "outbox").glob("*.eml")
    assert f"To: {address.partition('@')[0]}@" in path.read_text("utf-8")


NO_ADDRESSES = (
    "", "me", "me@", "@example.org", "me@example", "me@example.org, you@example.org",
    "me@example.org\r\nBcc: you@example.org", "jörg@example.org", "me@exa mple.org", "?\ud800",
)  # fmt: skip


def test_an_invalid_email_address_is_an_error_at_its_field(site: Site) -> None:
    taken = site.signed()
    for address in NO_ADDRESSES:
        page = site.ask(taken, address.encode("utf-8", "replace").decode(), 422)
        assert page.by_id("copy_to").get("aria-invalid") == "true", address
        assert page.by_id("copy_to-error") is not None, address
        assert page.title.startswith("Error"), address
    site.work()
    assert not site.files()


def test_a_receipt_link_is_sent_at_once_with_nothing_typed(site: Site) -> None:
    taken = site.signed(story=SPAM, first="WIN", last="5000 USD")
    site.ask(taken, ME, only_link="1")
    site.work()
    (message,) = site.files()
    link = site.link(message)
    assert link == site.resident.receipt_path(taken)
    assert site.client.get(link).h1
    assert "WIN" not in text_of(message).replace(link, "")
    assert "bad.example" not in text_of(message)
    assert str(message["Subject"]).startswith(("Your receipt", "El comprobante"))


def test_from_is_the_campaigns_address_and_links_contain_no_address(
    make: Make, server: MailServer
) -> None:
    """EM04, EM02"""
    site = make(server, "es")
    site.resident.person["last"] = "Ñandú"
    site.ask(site.signed(), "imani@strict-dmarc.example")
    site.work()
    (envelope,) = server.taken
    assert isinstance(envelope.content, bytes)
    message = parse(envelope.content)
    assert envelope.mail_from == "letters@campaign.example"
    assert message["From"].addresses[0].addr_spec == "letters@campaign.example"
    assert message["Reply-To"] is None
    assert message["Subject"] == "Confirme su correo electrónico"
    link = urlsplit(site.link(message))
    assert "imani" not in link.path
    assert not link.query


def released(site: Site, server: MailServer, address: str = ME) -> str:
    """The receipt's words after the copy was requested, confirmed and tried once."""
    taken = site.signed()
    site.ask(taken, address)
    site.work()
    content = server.taken[-1].content
    assert isinstance(content, bytes)
    site.client.post(site.link(parse(content)))
    site.work()
    return site.states(taken)


def test_letters_count_as_emailed_once_a_server_accepts_the_copy(
    make: Make, server: MailServer
) -> None:
    words = released(make(server), server)
    assert words.count("A copy was emailed to you") == 3
    assert words.count("Accepted by the mail server") == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [("550 no", "Could not be delivered. We stopped trying"),
     ("451 later", "Not accepted yet by the mail server"),
     ("take and hang", "with no answer. It may have arrived"),
     ("drop", "with no answer. It may have arrived")],
)  # fmt: skip
def test_every_failure_is_reported_and_no_letter_is_marked(
    make: Make, server: MailServer, answer: str, said: str
) -> None:
    server.data = ["250 OK", answer]
    patience = 1.0 if "hang" in answer else 30.0
    words = released(make(server, mail_data_timeout=patience), server)
    assert said in words
    assert words.count("Written, not yet handed over") == 3


def test_a_copy_that_was_given_up_is_not_called_rejected(make: Make, server: MailServer) -> None:
    site = make(server)
    taken = site.signed()
    server.data = ["451 later"] * 20
    site.ask(taken, ME, only_link="1")
    for _try in range(9):
        site.work(timedelta(days=1))
    words = site.states(taken)
    assert "Could not be delivered. We stopped trying on" in words
    assert "Rejected" not in words


def test_pressing_again_during_a_slow_delivery_sends_nothing_twice(
    make: Make, server: MailServer
) -> None:
    """EM08"""
    site, answering = make(server), threading.Event()
    taken = site.signed()
    site.ask(taken, ME)
    site.work()
    content = server.taken[0].content
    assert isinstance(content, bytes)
    server.data = [answering]
    site.client.post(site.link(parse(content)))
    worker = threading.Thread(target=site.work)
    worker.start()
    until(lambda: server.tried == 2)
    page = site.ask(taken, ME)
    assert "On its way since" in page.words
    assert "On its way since" in site.states(taken)
    answering.set()
    worker.join()
    site.work()
    assert site.states(taken).count("A copy was emailed to you") == 3
    assert server.tried == 2
    assert totals(local_database(site.settings.database), site.settings.campaign).signatures == 1


def test_a_refused_address_can_be_retried_and_does_not_affect_another(
    make: Make, server: MailServer
) -> None:
    """EM14"""
    site = make(server)
    taken = site.signed()
    server.refused = {STRANGER: "550 no such person"}
    site.ask(taken, ME, only_link="1")
    site.ask(taken, STRANGER, only_link="1")
    site.work()
    assert server.recipients == [ME]
    words = site.states(taken)
    assert words.count("Accepted by the mail server") == 1
    assert words.count("Could not be delivered. We stopped trying") == 1
    server.refused = {}
    site.ask(taken, ME, only_link="1")
    site.ask(taken, STRANGER, only_link="1")
    site.work()
    assert server.recipients == [ME, STRANGER]
    assert totals(local_database(site.settings.database), site.settings.campaign).signatures == 1


def test_without_usable_mail_settings_no_email_is_offered(make: Make) -> None:
    site = make(redis_url="nonsense://x")
    taken = site.signed()
    assert "Email me a copy" not in taken.words
    site.client.post("/copy", {**taken.form(), "copy_to": ME})
    assert "Emails you asked for" not in site.states(taken)


def test_unsigned_letters_cannot_be_emailed(make: Make) -> None:
    site = make()
    review = site.resident.reviewing("01930")
    page = site.client.post("/copy", {**review.form(), "copy_to": [ME]}, 409)
    assert "not signed yet" in page.text
    site.work()
    assert not site.files()


def test_the_copy_page_opened_without_its_form_has_links(site: Site) -> None:
    assert site.client.get(site.resident.url("/copy")).all("a")


@pytest.mark.parametrize("only_link", ["", "1"])
def test_a_site_without_mail_does_not_claim_to_have_emailed(make: Make, only_link: str) -> None:
    site = make()
    asked = site.ask(site.signed(), ME, only_link=only_link)
    assert "Nothing was emailed" in asked.words
    assert "We emailed you" not in asked.words
    assert "on its way" not in asked.words


def test_without_a_site_address_links_use_the_port_it_serves_on(make: Make) -> None:
    site = make(port=8123)
    site.ask(site.signed(), ME)
    site.work()
    (question,) = site.files()
    assert "http://localhost:8123/" in text_of(question)
