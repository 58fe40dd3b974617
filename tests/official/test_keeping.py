"""The text of letters at a receipt's address: only if the person asked to keep it."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import NotStoredError
from app.records.database import open_database
from app.records.keyed import unlock
from app.records.raw_scan import MARK
from app.records.retention import Policy, delete_old_rows, prove
from app.records.sealing import (
    KEPT,
    TooLargeToSealError,
    drop_letters,
    keep_letters,
    kept_letters,
)
from app.records.signing import sign, withdraw
from app.web.resident import receipts
from tests.records.build import CAMPAIGN, SECRET, set_status, signature
from tests.web.lint import Html

from .conftest import NOON, Make, Site

DAY = date(2026, 11, 25)
STORY = "Last spring a neighbor was afraid to report a break-in."
LETTERS = {"CA-12": "Dear Representative Simon:\n\nPlease.", "CA-S3": "Dear Senator Padilla:"}


def kept(site: Site, **changes: str) -> tuple[str, Html]:
    """The receipt's path after the button was pressed, and the page with the letters."""
    taken = site.signed(**changes)
    page = site.send(site.resident.url("/keep"), taken.form(site.resident.url("/keep")))
    return site.path(page), page


def test_the_button_keeps_every_letter_with_the_receipt(site: Site) -> None:
    path, page = kept(site)
    assert "/keep" not in page.text.split("keep-title")[1]
    receipt = site.client.get(path)
    assert receipt.text.count("<details") >= 3
    assert receipt.words.count(STORY) == 3
    assert receipt.words.count("Parks & trails < roads.") == 3
    assert receipt.words.count("Siobhán O'Dell") == 3
    assert "Larkspur" not in receipt.words  # the own address is not kept
    for name in ("Moulton", "Warren", "Markey"):
        assert f"Dear Representative {name}:" in receipt.words or (
            f"Dear Senator {name}:" in receipt.words
        )


def test_without_the_button_nothing_is_kept_and_the_receipt_says_so(make: Make) -> None:
    site = make()
    taken = site.signed()
    receipt = site.client.get(site.path(taken))
    assert "we do not keep their words" in receipt.words
    assert "a button to keep them with this receipt" in receipt.words
    assert "/drop" not in receipt.text
    with closing(open_database(site.settings.database)) as db:
        assert db.execute("SELECT count(*) FROM kept_letters").fetchone() == (0,)


def test_only_the_receipts_token_opens_kept_letters(make: Make) -> None:
    """Neither the disk nor the site's own secrets, which a thief of the disk may have too."""
    site = make()
    path, _page = kept(site)
    token = path.rpartition("/")[2]
    raw = b"".join(p.read_bytes() for p in site.settings.instance.rglob("*") if p.is_file())
    for text in (b"neighbor was afraid", b"Larkspur", b"O'Dell", token.encode()):
        assert text not in raw
    digest = hashlib.sha256(token.encode()).digest()
    assert digest in raw
    with closing(open_database(site.settings.database)) as db:
        ((box,),) = db.execute("SELECT box FROM kept_letters").fetchall()
    keys = [path.read_bytes() for path in site.settings.instance.rglob("*.key")]
    ours = [site.settings.secret_key, site.settings.person_key, *keys]
    assert not any(unlock(box[len(MARK) :], key, KEPT)
                   for key in (*ours, digest, *(key.strip() for key in keys)))  # fmt: skip
    assert unlock(box[len(MARK) :], token.encode(), KEPT)


def test_changed_words_are_offered_to_be_kept_instead(make: Make) -> None:
    site = make()
    path, page = kept(site)
    form = page.form("/copy") | {"words-MA-6": ["These words are all mine."]}
    again = site.client.post("/take", form)
    assert "as they were before you changed them" in again.words
    site.send("/keep", again.form("/keep"))
    receipt = site.client.get(path)
    assert "These words are all mine." in receipt.words
    assert receipt.words.count(STORY) == 2


def test_dropping_kept_letters_leaves_the_signature(site: Site) -> None:
    path, _page = kept(site)
    for _ in range(2):
        answer = site.client.flask.post(f"{path}/drop")
        assert answer.status_code == 303
    receipt = site.client.get(path)
    assert STORY not in receipt.words
    assert not site.kept_at(path).withdrawn
    other = path[:-3] + ("xxx" if path[-3:] != "xxx" else "yyy")
    assert site.client.flask.post(f"{other}/drop").status_code == 404


def test_withdrawing_deletes_kept_letters_and_none_can_be_kept_after(make: Make) -> None:
    site = make()
    path, page = kept(site)
    site.client.flask.post(f"{path}/withdraw")
    assert STORY not in site.client.get(path).words
    with closing(open_database(site.settings.database)) as db:
        assert db.execute("SELECT count(*) FROM kept_letters").fetchone() == (0,)
        assert not keep_letters(db, path.rpartition("/")[2], LETTERS, day=DAY)
    site.client.post("/keep", page.form("/copy"), 409)


def test_unsigned_letters_are_not_kept(make: Make) -> None:
    site = make()
    form = site.resident.reviewing("01930").form()
    site.client.post("/keep", form, 409)
    with closing(open_database(site.settings.database)) as db:
        assert db.execute("SELECT count(*) FROM kept_letters").fetchone() == (0,)


def test_another_receipt_shows_no_kept_letters(make: Make) -> None:
    site = make()
    kept(site)
    other = site.client.get(site.path(site.signed(first="Ana", street="9 Elm St")))
    assert STORY not in other.words


# --- the store ---------------------------------------------------------------------


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(tmp_path / "site.db")) as connection:
        yield connection


@given(letters=st.dictionaries(st.text(), st.text(), min_size=1, max_size=8))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_kept_letters_read_back_unchanged(db: sqlite3.Connection, letters: dict[str, str]) -> None:
    token = sign(db, signature("one"), SECRET).receipt
    assert keep_letters(db, token, letters, day=DAY)
    assert kept_letters(db, token) == letters


def test_a_moved_or_damaged_box_does_not_open(db: sqlite3.Connection) -> None:
    one, two = (sign(db, signature(name), SECRET).receipt for name in ("one", "two"))
    keep_letters(db, one, LETTERS, day=DAY)
    keep_letters(db, two, {"CA-12": "Mine."}, day=DAY)
    db.execute("UPDATE kept_letters SET box = (SELECT box FROM kept_letters WHERE signature = 1)")
    assert kept_letters(db, two) == {}
    db.execute("UPDATE kept_letters SET box = substr(box, 1, 100)")
    assert kept_letters(db, one) == {}


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "é" * 43, "x" * 44])
def test_an_unknown_token_keeps_and_opens_nothing(db: sqlite3.Connection, token: str) -> None:
    sign(db, signature("one"), SECRET)
    assert not keep_letters(db, token, LETTERS, day=DAY)
    assert kept_letters(db, token) == {}
    assert not drop_letters(db, token)


def test_kept_letters_are_padded_and_limited_to_a_megabyte(db: sqlite3.Connection) -> None:
    token = sign(db, signature("one"), SECRET).receipt
    sizes = set()
    for number in (1, 200, 700):
        keep_letters(db, token, {"CA-12": "x" * number}, day=DAY)
        sizes.add(db.execute("SELECT length(box) FROM kept_letters").fetchone()[0])
    assert len(sizes) == 1
    with pytest.raises(TooLargeToSealError):
        keep_letters(db, token, {"CA-12": "x" * (1 << 20)}, day=DAY)


def test_holding_leaves_kept_letters_and_withdrawing_deletes_them(db: sqlite3.Connection) -> None:
    token = sign(db, signature("one"), SECRET).receipt
    keep_letters(db, token, LETTERS, day=DAY)
    set_status(db, [1], "held")
    assert kept_letters(db, token) == LETTERS
    withdraw(db, token)
    assert kept_letters(db, token) == {}


def test_the_purge_deletes_kept_letters_on_schedule_and_the_proof_checks_it(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    token = sign(db, signature("one"), SECRET).receipt
    keep_letters(db, token, LETTERS, day=DAY)
    ends = date(2027, 1, 3)
    policy = Policy(letters=10, ends={CAMPAIGN: ends})
    last = NOON.replace(year=2027, month=1, day=13)  # as the receipt says
    assert not gone(db, policy, last - timedelta(days=1))
    assert prove(tmp_path / "site.db", last, policy).problems == ()
    late = prove(tmp_path / "site.db", last + timedelta(days=3), policy)
    assert [p for p in late.problems if "letters kept with a receipt" in p]
    assert "letters kept with a receipt" in late.checked
    assert gone(db, policy, last)
    db.close()
    assert prove(tmp_path / "site.db", last + timedelta(days=3), policy).problems == ()


def gone(db: sqlite3.Connection, policy: Policy, at: datetime) -> bool:
    delete_old_rows(db, at, policy)
    return bool(db.execute("SELECT count(*) FROM kept_letters").fetchone() == (0,))


def test_a_busy_database_is_reported_and_changes_nothing(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_args: object, **_named: object) -> bool:
        raise NotStoredError("busy")

    site = make()
    path, page = kept(site)
    with monkeypatch.context() as broken:
        broken.setattr(receipts, "keep_letters", busy)
        broken.setattr(receipts, "drop_letters", busy)
        words = site.client.post("/keep", page.form("/copy"), 503).words
        assert "Nothing was lost" in words
        assert "Nothing was lost" in site.client.post(f"{path}/drop", {}, 503).words
    assert site.client.get(path).words.count(STORY) == 3
