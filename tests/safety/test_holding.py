"""Signatures that wait for an organizer, or for a click by the address's owner."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.records.acts import SignatureRequest
from app.records.audit import Actor, TrailFilter, every
from app.records.counts import recount
from app.records.holding import (
    HOLD_AGAIN,
    RELEASE,
    SET_ASIDE,
    VIEWS,
    View,
    decide,
    held_page,
)
from app.records.persons import person_of
from app.records.retention import Policy, delete_old_rows
from app.records.signing import confirm, question, receipt, sign, withdraw

from .people import CAMPAIGN, SECRET, request

NOW = datetime(2026, 11, 25, 18, tzinfo=UTC)


def held(number: int) -> SignatureRequest:
    return replace(request(number, status="held"), held_for="crowd")


def asked(number: int, person: int | None = None) -> SignatureRequest:
    made = request(number, status="unconfirmed")
    who = made.person if person is None else request(person).person
    return replace(made, person=who, mailbox=f"imani{person or number}@example.org")


def statuses(db: sqlite3.Connection) -> list[str]:
    return [row[0] for row in db.execute("SELECT status FROM signatures ORDER BY id")]


def test_held_signatures_are_listed_with_their_reason_and_not_counted(
    db: sqlite3.Connection,
) -> None:
    sign(db, request(1), SECRET)
    sign(db, held(2), SECRET)
    page = held_page(db, CAMPAIGN)
    assert [(row.state, row.district, row.reason) for row in page.rows] == [("CA", 12, "crowd")]
    assert page.numbers == {"waiting": 1, "set aside": 0, "released": 0}


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_of_held_signatures_does_not_read_the_whole_campaign(
    db: sqlite3.Connection, view: View
) -> None:
    asked: list[str] = []
    db.set_trace_callback(asked.append)
    held_page(db, CAMPAIGN, view)
    db.set_trace_callback(None)
    assert any("signatures" in query for query in asked)
    for query in asked:
        for *_ids, step in db.execute(f"EXPLAIN QUERY PLAN {query}").fetchall():
            assert not step.startswith("SCAN s")
            assert "(campaign=?)" not in step


def test_every_decision_is_bulk_reversible_and_in_the_trail(db: sqlite3.Connection) -> None:
    for number in (1, 2, 3):
        sign(db, held(number), SECRET)
    numbers = [row.number for row in held_page(db, CAMPAIGN).rows]
    assert decide(Actor(db, "Rosa", NOW), CAMPAIGN, numbers[:2], RELEASE) == 2
    assert decide(Actor(db, "Rosa", NOW), CAMPAIGN, numbers, SET_ASIDE) == 1
    assert statuses(db) == ["counted", "counted", "held"]
    assert held_page(db, CAMPAIGN).rows == ()
    assert decide(Actor(db, "Rosa", NOW), CAMPAIGN, numbers, HOLD_AGAIN) == 3
    assert statuses(db) == ["held"] * 3
    assert held_page(db, CAMPAIGN).numbers["waiting"] == 3
    trail = [(e.what.value, e.who, e.after["rows"]) for e in every(db, TrailFilter())]
    assert trail == [
        ("held signatures released", "Rosa", 2),
        ("held signatures set aside", "Rosa", 1),
        ("signatures held again", "Rosa", 3),
    ]
    assert not recount(db)


def test_decisions_leave_counted_withdrawn_and_other_campaigns_signatures_alone(
    db: sqlite3.Connection,
) -> None:
    sign(db, request(1), SECRET)
    taken_back = sign(db, held(2), SECRET).receipt
    withdraw(db, taken_back)
    sign(db, replace(held(3), campaign="another"), SECRET)
    everything = [1, 2, 3, 99]
    assert decide(Actor(db, "Rosa", NOW), CAMPAIGN, everything, RELEASE) == 0
    assert decide(Actor(db, "Rosa", NOW), CAMPAIGN, everything, SET_ASIDE) == 0
    assert decide(Actor(db, "Rosa", NOW), CAMPAIGN, everything, HOLD_AGAIN) == 0
    assert statuses(db) == ["counted", "withdrawn", "held"]
    assert list(every(db, TrailFilter())) == []


def test_em10_viewing_a_confirmation_changes_nothing_and_confirming_is_idempotent(
    db: sqlite3.Connection,
) -> None:
    signed = sign(db, asked(1), SECRET)
    link, token = signed.receipt, signed.confirm
    for _ in range(3):
        assert question(db, token) == "open"
    assert statuses(db) == ["unconfirmed"]
    found = receipt(db, link)
    assert found is not None
    assert found.waits_for == "confirmation"
    assert confirm(db, token, at=NOW)
    assert confirm(db, token, at=NOW)
    assert statuses(db) == ["counted"]
    assert question(db, token) == "answered"
    assert not recount(db)


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "é" * 43, "A" * 44])
def test_a_wrong_token_confirms_nothing(db: sqlite3.Connection, token: str) -> None:
    sign(db, asked(1), SECRET)
    assert question(db, token) == "unknown"
    assert not confirm(db, token, at=NOW)
    assert statuses(db) == ["unconfirmed"]


def test_a_suspicious_signature_is_held_after_it_is_confirmed(db: sqlite3.Connection) -> None:
    signed = sign(db, replace(asked(1), held_for="too fast"), SECRET)
    link, token = signed.receipt, signed.confirm
    assert held_page(db, CAMPAIGN).rows == ()
    confirm(db, token, at=NOW)
    assert statuses(db) == ["held"]
    found = receipt(db, link)
    assert found is not None
    assert found.waits_for == "organizer"


def test_a_repeat_signature_is_held_and_released_like_any_other(db: sqlite3.Connection) -> None:
    """Otherwise a receipt that waits forever would tell a stranger who has signed."""
    sign(db, request(1), SECRET)
    again = replace(held(2), person=request(1).person)
    link = sign(db, again, SECRET).receipt
    [row] = held_page(db, CAMPAIGN).rows
    assert decide(Actor(db, "Rosa", NOW), CAMPAIGN, [row.number], RELEASE) == 1
    found = receipt(db, link)
    assert found is not None
    assert found.waits_for == ""
    assert statuses(db) == ["counted", "repeated"]
    assert held_page(db, CAMPAIGN).numbers == {"waiting": 0, "set aside": 0, "released": 1}
    assert decide(Actor(db, "Rosa", NOW), CAMPAIGN, [row.number], HOLD_AGAIN) == 1
    assert not recount(db)


def test_a_signature_without_an_email_does_not_block_one_with_an_email(
    db: sqlite3.Connection,
) -> None:
    home = {"first": "Imani", "last": "Okoye", "street": "12 Elm St", "zip5": "94601"}
    stranger = replace(held(1), held_for="no address", person=person_of(SECRET, **home))
    owner = person_of(SECRET, **home, email="imani@example.org")
    sign(db, stranger, SECRET)
    signed = sign(db, replace(asked(2), person=owner, mailbox="imani@example.org"), SECRET)
    assert statuses(db) == ["held", "repeated"]
    assert confirm(db, signed.confirm, at=NOW)
    assert statuses(db) == ["repeated", "counted"]
    assert not recount(db)


def test_using_an_address_first_does_not_block_its_owner(db: sqlite3.Connection) -> None:
    sign(db, asked(1, person=7), SECRET)
    owner = sign(db, asked(2, person=7), SECRET)
    assert statuses(db) == ["unconfirmed", "repeated"]
    assert confirm(db, owner.confirm, at=NOW)
    assert statuses(db) == ["repeated", "counted"]
    assert not recount(db)


def test_confirming_twice_from_one_mailbox_counts_once(db: sqlite3.Connection) -> None:
    first, second = (sign(db, asked(n, person=7), SECRET).confirm for n in (1, 2))
    for token in (first, second, first, second):
        assert confirm(db, token, at=NOW)
    assert sorted(statuses(db)) == ["counted", "repeated"]


def test_an_unconfirmed_signature_is_deleted_within_two_days(db: sqlite3.Connection) -> None:
    for number in (1, 2):
        sign(db, asked(number, person=7), SECRET)
    confirm(db, sign(db, asked(3), SECRET).confirm, at=NOW)
    delete_old_rows(db, NOW + timedelta(hours=23), Policy())
    assert statuses(db) == ["unconfirmed", "repeated", "counted"]
    delete_old_rows(db, NOW + timedelta(hours=25), Policy())
    # The repeated one ends too: otherwise its receipt would reveal that the person had signed.
    assert statuses(db) == ["counted"]
    assert db.execute("SELECT count(*) FROM confirmations").fetchone() == (0,)
    assert not recount(db)


def test_withdrawing_deletes_the_confirmation_and_the_hold(db: sqlite3.Connection) -> None:
    signed = sign(db, replace(asked(1), held_for="crowd"), SECRET)
    withdraw(db, signed.receipt)
    assert not confirm(db, signed.confirm, at=NOW)
    assert statuses(db) == ["withdrawn"]
    for table in ("confirmations", "held"):
        assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_an_unconfirmed_repeat_has_the_same_receipt_as_the_first(db: sqlite3.Connection) -> None:
    pages = [receipt(db, sign(db, asked(n, person=7), SECRET).receipt) for n in (1, 2)]
    assert pages[0] == pages[1]


def test_only_the_hash_of_a_links_token_is_stored(db: sqlite3.Connection) -> None:
    token = sign(db, asked(1), SECRET).confirm
    [row] = db.execute("SELECT token FROM confirmations").fetchall()
    assert row[0] == hashlib.sha256(token.encode()).digest()
    with suppress(sqlite3.Error):
        assert token not in "\n".join(db.iterdump())
