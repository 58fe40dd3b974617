"""Two checkboxes, both off at first; what each keeps, sealed, and how that ends: in the pages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.delivery.writer_rows import NEEDED, WriterRow, read_rows
from app.records.keys import first_key, move_private, unlock
from app.records.retention import Policy, delete_old_rows
from app.site.daily import policy_of
from app.site.services import services
from app.web.resident import consent, sign
from tests.records.build import purged

from .people import TODAY, traces
from .web import Site, site

MARKS = ("Quillfeather", "88 Zebrawood", "quill@marked.example", "Xiomara-Vale")
PERSON: dict[str, Any] = {
    "first": "Imani", "last": "Quillfeather", "street": "88 Zebrawood Lane",
    "email": "quill@marked.example", "story": "My cousin Xiomara-Vale is afraid to call.",
}  # fmt: skip


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, limits=False) as made:
        yield made


@pytest.mark.parametrize("lang", ["en", "es"])
def test_both_boxes_start_unchecked_and_nothing_is_sealed_without_them(
    here: Site, lang: str
) -> None:
    review = here.review(lang, **PERSON)
    for name in ("packet", "contact"):
        assert review.by_id(name).get("checked") is None
    here.sign(review.form(), lang=lang)
    assert here.statuses() == ["counted"]
    assert here.sealed() == {}
    here.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert traces(here.settings.instance, MARKS) == []


@pytest.fixture
def keeps_nothing(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, limits=False, keep_sealed_days=0, keep_letters_days=0) as made:
        yield made


@pytest.mark.parametrize(("day", "offered"), [(2, True), (3, False)])
def test_nothing_is_offered_to_be_kept_once_it_would_be_deleted_at_once(
    keeps_nothing: Site, day: int, offered: bool
) -> None:
    here = keeps_nothing
    here.clock.now = datetime(2027, 1, day, 16, tzinfo=UTC)
    review = here.review(**PERSON)
    assert ("We delete it by January 4, 2027" in review.words) == offered
    assert [box.get("name") for box in review.all("input") if box.get("type") == "checkbox"] == (
        ["packet", "contact"] if offered else []
    )
    taken = here.sign({**review.form(), "packet": ["1"], "contact": ["1"]})
    assert set(here.sealed()) == ({"packet", "contact"} if offered else set())
    assert ("Keep my letter" in taken.words) == offered
    receipt = here.client.get(here.resident().receipt_path(taken)).words
    assert "we do not keep their words with your receipt" in receipt, "but the packet may have them"
    assert ("has a button to keep them" in receipt) == offered


def test_a_box_that_is_no_longer_offered_asks_for_no_email_address(keeps_nothing: Site) -> None:
    here = keeps_nothing
    here.clock.now = datetime(2027, 1, 3, 16, tzinfo=UTC)
    form = here.form(**{**PERSON, "email": ""})
    here.sign({**form, "contact": ["1"]})
    assert here.sealed() == {}


def test_what_is_kept_after_the_congress_stays_as_long_as_its_pages_said(here: Site) -> None:
    here.clock.now = datetime(2027, 6, 1, 16, tzinfo=UTC)
    review = here.review(**PERSON)
    assert "We delete it by August 31, 2027" in review.words  # 90 days after June 2
    taken = here.sign({**review.form(), "packet": ["1"]})
    assert "We delete them by August 30, 2027" in taken.words
    assert here.client.flask.post("/keep", data=taken.form("/keep")).status_code == 307
    path = here.resident().receipt_path(taken)
    for month, day, kept in ((8, 29, True), (8, 30, False)):
        here.clock.now = datetime(2027, month, day, 16, tzinfo=UTC)
        purged(here.db, here.clock(), policy_of(here.settings))
        assert set(here.sealed()) == ({"packet"} if kept else set())
        words = here.client.get(path).words
        assert ("with this receipt, until August 30, 2027" in words) == kept
        assert ("We delete it by August 30, 2027" in words) == kept
        assert "has a button to keep them" not in words  # kept, or too late


def test_the_packet_contains_what_the_delivery_format_reads(here: Site, tmp_path: Path) -> None:
    form = {**here.form(**PERSON, street2="Apt 3"), "packet": ["1"]}
    here.sign(form)
    kept = here.sealed()
    assert set(kept) == {"packet"}
    line = {"signature": 1, "purpose": "packet", "details": kept["packet"]}
    file = tmp_path / "opened.jsonl"
    file.write_text(json.dumps(line) + "\n")
    [row] = read_rows(file)
    assert isinstance(row, WriterRow)
    assert all(row.get(name) for name in NEEDED)
    assert (row.get("street2"), row.get("district"), row.get("home_state")) == ("Apt 3", "6", "MA")
    assert row.letters is not None
    assert set(row.letters) == {"MA-6", "MA-S1", "MA-S2"}
    assert all("Xiomara-Vale" in body for body in row.letters.values())


def test_contact_keeps_only_name_email_zip_and_consent(here: Site) -> None:
    page = here.review(**PERSON)
    here.sign({**here.form(**PERSON), "contact": ["1"]})
    kept = here.sealed()
    agreed = kept["contact"].pop("consent")
    assert all(words in page.words for words in agreed.split(". ")), "exactly as the page said it"
    assert kept["contact"].pop("language") == "en"
    assert (
        kept["contact"].pop("consent_version") == hashlib.sha256(agreed.encode()).hexdigest()[:12]
    )
    assert kept == {
        "contact": {
            "first": "Imani", "last": "Quillfeather", "email": "quill@marked.example",
            "zip": "01930",
        }
    }  # fmt: skip


def test_consented_details_are_nowhere_in_plain_text(here: Site) -> None:
    here.sign({**here.form(**PERSON), "packet": ["1"], "contact": ["1"]})
    assert set(here.sealed()) == {"packet", "contact"}
    assert traces(here.settings.instance, MARKS) == []


@pytest.mark.parametrize("lang", ["en", "es"])
def test_contact_requires_an_email_address_and_marks_its_box_invalid(here: Site, lang: str) -> None:
    form = {**here.form(lang, **{**PERSON, "email": ""}), "contact": ["1"]}
    page = here.sign(form, 422, lang)
    assert page.by_id("contact").get("aria-invalid") == "true"
    assert page.by_id("contact").get("checked") is not None
    assert here.statuses() == []


def test_the_page_says_until_when_details_are_kept_and_who_can_open_them(here: Site) -> None:
    first_key(here.settings.keys, today=TODAY)
    before = here.review().words
    assert "April 3, 2027" in before  # 90 days after the campaign ends on January 3
    assert "anyone who controls it could open it too" in before
    folder = here.settings.keys
    key = first_key(folder, today=TODAY)
    passphrase = (folder / f"{key.id}.passphrase").read_text().strip()
    opened = unlock(folder / f"{key.id}.private.json", passphrase)
    out = here.settings.instance / "elsewhere"
    out.mkdir()
    move_private(folder, key, opened, "Four or more random words", out)
    after = here.review().words
    assert "anyone who controls it could" not in after
    assert "This server cannot open it" in after
    assert "This server cannot open it" in here.client.get("/privacy").words


def test_the_page_says_what_is_kept_when_a_box_is_checked(here: Site) -> None:
    here.client.get("/privacy")
    ticked = here.resident().review({**here.form(**PERSON), "packet": ["1"]})
    assert "Unless you checked a box above" in ticked.words
    taken = here.sign({**ticked.form(), "packet": ["1"]})
    assert "We keep what you checked, encrypted." in taken.words
    plain = here.sign(here.form(**{**PERSON, "email": "other@marked.example"}))
    assert "We keep what you checked" not in plain.words


def test_a_checked_box_survives_going_back_and_forth(here: Site) -> None:
    ticked = {**here.form(**PERSON), "packet": ["1"]}
    back = here.client.post("/write", ticked)
    again = here.resident().review(back.form())
    assert again.by_id("packet").get("checked") is not None
    assert again.by_id("contact").get("checked") is None


def test_a_failed_sealing_signs_nothing_and_a_retry_does_both(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = {**here.form(**PERSON), "packet": ["1"]}
    with monkeypatch.context() as broken:

        def fail(*_args: object, **_more: object) -> bool:
            raise OSError("full")

        broken.setattr(sign, "first_key", fail)
        page = here.sign(form, 503)
    assert "nothing was signed" in page.words
    assert page.by_id("packet").get("checked") is not None
    assert here.statuses() == []
    assert here.sealed() == {}
    here.sign({**page.form()})
    assert here.statuses() == ["counted"]
    assert set(here.sealed()) == {"packet"}


def test_unchecking_the_box_and_resubmitting_removes_what_was_sealed(here: Site) -> None:
    form = here.form(**PERSON)
    here.sign({**form, "packet": ["1"], "contact": ["1"]})
    here.sign({**form, "contact": ["1"]})
    assert set(here.sealed()) == {"contact"}
    assert here.statuses() == ["counted"]


def test_withdrawing_on_the_receipt_removes_what_is_sealed(here: Site) -> None:
    taken = here.sign({**here.form(**PERSON), "packet": ["1"], "contact": ["1"]})
    path = here.resident().receipt_path(taken)
    assert "What we keep for you, encrypted" in here.client.get(path).words
    here.client.flask.post(f"{path}/withdraw")
    assert here.statuses() == ["withdrawn"]
    assert here.db.execute("SELECT count(*) FROM sealed").fetchone() == (0,)


@pytest.mark.parametrize("lang", ["en", "es"])
def test_sealed_details_can_be_removed_without_withdrawing(here: Site, lang: str) -> None:
    taken = here.sign({**here.form(lang, **PERSON), "packet": ["1"]}, lang=lang)
    path = here.resident(lang).receipt_path(taken)
    for _ in range(2):  # it is idempotent
        assert here.client.flask.post(f"{path}/forget").status_code == 303
    assert here.statuses() == ["counted"]
    assert here.db.execute("SELECT count(*) FROM sealed").fetchone() == (0,)
    assert "/forget" not in here.client.get(path).text
    here.client.get(f"{path}/forget", 405)
    here.client.post("/receipt/unknown/forget", status=404)


def test_someone_who_already_signed_gets_the_same_page_with_a_box_checked(here: Site) -> None:
    pages = []
    for _ in range(2):
        form = {**here.form(**PERSON), "packet": ["1"]}
        pages.append(here.sign(form).words)
    assert pages[0] == pages[1]
    assert here.statuses() == ["counted", "repeated"]


def test_sealed_details_are_deleted_by_the_date_the_page_promised(here: Site) -> None:
    here.sign({**here.form(**PERSON), "packet": ["1"]})
    with here.app.test_request_context("/"):
        offered, ends = consent.offer(services()), services().campaign.ends
    policy = Policy(ends={here.settings.campaign: ends.date()})
    last = ends.replace(year=offered.until.year, month=offered.until.month, day=offered.until.day)
    delete_old_rows(here.db, last - timedelta(days=1), policy)
    assert set(here.sealed()) == {"packet"}
    delete_old_rows(here.db, last, policy)
    assert here.db.execute("SELECT count(*) FROM sealed").fetchone() == (0,)
