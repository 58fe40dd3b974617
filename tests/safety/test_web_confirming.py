"""A signature counts once the owner of its email address has pressed a button."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.records import limiting
from app.records.limiting import Limit
from app.site.outgoing import mail_queue
from app.site.settings import ROOT
from app.web.resident import receipts

from .web import PLACE, Site, site

ADDRESS = "stranger@mail.example.net"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, confirm_email=True, limits=False) as made:
        yield made


def mails(here: Site) -> list[EmailMessage]:
    """The messages that the worker writes, as files."""
    mail_queue(here.settings).worker.work()
    files = sorted((here.settings.instance / "outbox").glob("*.eml"))
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


def link_in(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    [link] = re.findall(r"http://localhost:8000\S*/confirm/\S+", body.get_content())
    return urlsplit(str(link)).path


@pytest.mark.parametrize("lang", ["en", "es"])
def test_pr05_a_signature_counts_only_after_the_owner_of_its_address_confirms(
    here: Site, lang: str
) -> None:
    taken = here.sign(here.form(lang, email=ADDRESS), lang=lang)
    assert here.statuses() == ["unconfirmed"]
    assert ("Not counted yet" if lang == "en" else "Todavía no se cuenta") in taken.words
    [mail] = mails(here)
    assert mail["To"] == ADDRESS
    path = link_in(mail)
    for _ in range(3):  # EM10: mail clients and scanners open links
        here.client.get(path)
        assert here.client.flask.head(path).status_code == 200
    assert here.statuses() == ["unconfirmed"]
    for _ in range(2):
        assert here.client.flask.post(path).status_code == 303
    assert here.statuses() == ["counted"]
    assert not here.client.get(path).all("form")
    receipt = here.client.get(here.resident(lang).receipt_path(taken))
    assert ("Not counted yet" if lang == "en" else "Todavía no se cuenta") not in receipt.words


def test_em09_nothing_the_signer_typed_is_in_the_mail(here: Site) -> None:
    here.sign(here.form(email=ADDRESS, first="WIN 5000 USD http://bad.example", story="Buy now"))
    [mail] = mails(here)
    raw = mail.as_bytes()
    body = mail.get_body(("plain",))
    assert body is not None
    for word in ("WIN 5", "bad.example", "Buy now"):  # a link may contain "WIN" by chance
        assert word.encode() not in raw
        assert word not in body.get_content()


def test_pressing_the_button_twice_sends_one_message(here: Site) -> None:
    form = here.form(email=ADDRESS)
    for _ in range(3):
        here.sign(form)
    assert len(mails(here)) == 1
    assert here.statuses() == ["unconfirmed"]


def test_one_address_is_asked_to_confirm_at_most_three_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limiting.LIMITS, "sign", Limit(3600, 600, 6000))
    monkeypatch.setattr("app.records.limiting.time.time", lambda: 1_800_000_000.0)
    with site(tmp_path, confirm_email=True) as here:
        for _ in range(3):
            here.sign(here.form(email=ADDRESS))
        page = here.sign(here.form(email=ADDRESS), 429)
        assert "Too many emails to this address" in page.words
        assert len(mails_of(here)) == 3


def mails_of(here: Site) -> list[Path]:
    mails(here)
    return list((here.settings.instance / "outbox").glob("*.eml"))


@pytest.mark.parametrize(("site_says", "campaign_says", "asked"), [
    (False, "true", True), (True, "false", False), (True, "", True), (False, "", False),
])  # fmt: skip
def test_a_campaigns_confirmation_setting_overrides_the_sites(
    tmp_path: Path, site_says: bool, campaign_says: str, asked: bool
) -> None:
    letters = tmp_path / "letters"
    shutil.copytree(ROOT / "letters", letters)
    if campaign_says:
        file = letters / "protect-immigration-act" / "campaign.toml"
        text = file.read_text(encoding="utf-8")
        file.write_text(f"confirm_email = {campaign_says}\n{text}", encoding="utf-8")
    instance = tmp_path / "instance"
    instance.mkdir()
    with site(instance, confirm_email=site_says, limits=False, letters=letters) as here:
        assert ("We send nothing to it" in here.resident().writing(*PLACE).words) is not asked
        privacy = here.client.get("/privacy").words
        here.sign(here.form(email=ADDRESS))
        assert here.statuses() == ["unconfirmed" if asked else "counted"]
        assert len(mails(here)) == asked
        assert ("confirm" in privacy) is asked


def test_a_signature_without_an_email_is_held_for_an_organizer(here: Site) -> None:
    taken = here.sign(here.form(email=""))
    assert here.statuses() == ["held"]
    assert "An organizer decides whether your signature counts" in taken.words


def test_an_undeliverable_address_is_refused_before_anything_is_stored(here: Site) -> None:
    form = {**here.form(email=ADDRESS), "email": ["a..b@mail.example.net"]}
    page = here.sign(form, 422)
    assert "Enter an email address" in page.words
    assert here.statuses() == []


def test_a_bounced_confirmation_is_reported_and_its_address_can_be_corrected(here: Site) -> None:
    """The receipt says where the message is, and has a field for correcting the address."""
    taken = here.sign(here.form(email="refused@mail.example.net"))
    path = here.resident().receipt_path(taken)
    assert "This site sends no email" in here.client.get(path).words, "before it is a file, too"
    here.db.execute("UPDATE outbound SET state = 'failed', payload = NULL, cause = '550'")
    page = here.client.get(path)
    assert 'data-claim="unconfirmed:failed"' in page.text
    assert "Unless you confirm it, we delete this signature" in page.words
    assert page.by_id("address").get("open") is not None
    assert "could not be delivered" in here.client.post("/take", taken.form()).words
    wrong = here.client.post(f"{path}/address", {"email": "a..b@x.example"}, 422)
    assert "Enter an email address" in wrong.words
    assert here.client.flask.post(f"{path}/address", data={"email": ADDRESS}).status_code == 303
    assert 'data-claim="unconfirmed:queued"' in here.client.get(path).text
    [mail] = mails(here)
    assert mail["To"] == ADDRESS
    here.client.flask.post(link_in(mail))
    assert here.statuses() == ["counted"]
    # Once confirmed, the question cannot be moved to another address.
    here.client.flask.post(f"{path}/address", data={"email": "other@mail.example.net"})
    assert here.statuses() == ["counted"]
    assert len(mails(here)) == 1


def test_each_signature_from_one_form_has_its_own_confirmation_link(here: Site) -> None:
    form = here.form(email=ADDRESS)
    here.sign(form)
    other = {"first": ["Ben"], "last": ["Ortiz"], "email": ["ben@mail.example.net"]}
    here.sign({**form, **other})
    links = {mail["To"]: link_in(mail) for mail in mails(here)}
    assert len(set(links.values())) == 2
    here.client.flask.post(links["ben@mail.example.net"])
    assert here.statuses() == ["unconfirmed", "counted"]
    here.client.flask.post(links[ADDRESS])
    assert here.statuses() == ["counted", "counted"]


def test_a_queue_failure_is_reported_and_a_retry_sends_the_mail(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = here.form(email=ADDRESS)
    with monkeypatch.context() as broken:
        broken.setattr(receipts, "post_of", lambda _settings: None)
        page = here.sign(form, 503)
        assert "could not email you" in page.words
    here.sign(page.form())
    assert len(mails(here)) == 1
    assert here.statuses() == ["unconfirmed"]


def test_an_address_at_its_daily_mail_limit_can_be_asked_the_next_day(
    tmp_path: Path,
) -> None:
    with site(tmp_path, confirm_email=True, limits=False, mail_per_address_a_day=1) as here:
        here.sign(here.form(email=ADDRESS))
        page = here.sign(here.form(email=ADDRESS, first="Ben"), 429)
        assert "You have signed" in page.words
        assert "Press the button again tomorrow" in page.words
        assert len(mails(here)) == 1
        here.db.execute("UPDATE outbound SET queued_at = queued_at - 86401")  # a day later
        here.sign(page.form())
        assert len(mails(here)) == 2
        assert here.statuses() == ["unconfirmed", "unconfirmed"]


@pytest.mark.parametrize("token", ["x", "A" * 43, "%00", "..%2f..%2fetc"])
def test_an_unknown_confirmation_link_is_not_found_and_changes_nothing(
    here: Site, token: str
) -> None:
    here.sign(here.form(email=ADDRESS))
    here.client.get(f"/confirm/{token}", 404)
    here.client.post(f"/confirm/{token}", status=404)
    assert here.statuses() == ["unconfirmed"]


def test_a_forged_host_header_does_not_reach_the_confirmation_mail(tmp_path: Path) -> None:
    with site(tmp_path, confirm_email=True, limits=False) as here:
        form = here.form(email=ADDRESS)
        response = here.client.flask.post("/sign", data=form, base_url="http://evil.example")
        assert response.status_code == 307
        [mail] = mails(here)
        assert b"evil.example" not in mail.as_bytes()


def test_with_confirmation_off_no_mail_is_sent_and_the_page_says_so(tmp_path: Path) -> None:
    with site(tmp_path, limits=False) as here:
        assert "We send nothing to it" in here.resident().writing("01930", "MA").words
        here.sign(here.form(email=ADDRESS))
        assert here.statuses() == ["counted"]
        assert mails(here) == []
