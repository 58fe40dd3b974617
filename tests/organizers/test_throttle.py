"""Guessing is slowed down, and no one is locked out by someone else's guesses."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from app.records import credentials, logins, organizers, throttle
from app.records.database import open_database
from app.records.throttle import Client, Wait
from tests.organizers.conftest import PASSWORD, SECRET, Office, wrong_code

ATTACKER = Client("192.0.2.66")
CLIENTS = [Client(f"203.0.{n // 200}.{n % 200 + 1}") for n in range(400)]


def guess(office: Office, name: str, client: Client = ATTACKER) -> logins.LoginRefused | Wait:
    answer = office.password(name, "a guess of someone", client)
    assert isinstance(answer, logins.LoginRefused | Wait)
    return answer


def flood(office: Office, name: str, times: int) -> None:
    """Many guesses, each from a different address."""
    for client in CLIENTS[:times]:
        guess(office, name, client)


@pytest.mark.parametrize("name", ["Rosa", "Nobody"])
def test_waits_for_one_account_from_one_address_double_up_to_five_minutes(
    office: Office, name: str
) -> None:
    office.add("Rosa")
    waits = []
    for _ in range(5):
        assert guess(office, name) == logins.LoginRefused()
    for _ in range(7):
        answer = guess(office, name)
        assert isinstance(answer, Wait)
        waits.append(answer.seconds)
        office.clock.forward(seconds=answer.seconds)
        assert guess(office, name) == logins.LoginRefused()
    assert waits == [15, 30, 60, 120, 240, 300, 300]


def test_an_early_try_is_not_checked_and_does_not_lengthen_the_wait(
    office: Office,
) -> None:
    office.add("Rosa")
    for _ in range(5):
        guess(office, "Rosa")
    for _ in range(20):
        assert isinstance(office.password("Rosa", PASSWORD, ATTACKER), Wait)
    office.clock.forward(seconds=15)
    assert isinstance(office.password("Rosa", PASSWORD, ATTACKER), organizers.OpenedSession)


def test_failures_are_forgotten_after_an_hour(office: Office) -> None:
    office.add("Rosa")
    for _ in range(5):
        guess(office, "Rosa")
    office.clock.forward(hours=1)
    assert guess(office, "Rosa") == logins.LoginRefused()
    (kept,) = office.db.execute("SELECT count(*) FROM login_failures").fetchone()
    assert kept == 1


def test_failures_under_a_clock_that_was_ahead_lock_no_one_out(office: Office) -> None:
    office.add("Rosa")
    office.clock.forward(days=400)
    flood(office, "Rosa", 30)
    for _ in range(6):
        guess(office, "Rosa")
    office.clock.forward(days=-400)
    assert isinstance(office.password("Rosa", PASSWORD, ATTACKER), organizers.OpenedSession)


def test_a_wait_under_a_clock_that_was_ahead_starts_again(office: Office) -> None:
    office.add("Rosa")
    office.clock.forward(days=400)
    flood(office, "Rosa", 30)
    assert isinstance(guess(office, "Rosa"), Wait)
    office.clock.forward(days=-400)
    flood(office, "Rosa", 30)
    answer = office.password("Rosa", PASSWORD, ATTACKER)
    assert isinstance(answer, Wait)
    assert answer.seconds <= 60


def test_one_address_guessing_for_many_names_is_slowed_down(office: Office) -> None:
    names = (f"Name {n}" for n in count())
    for _ in range(20):
        assert guess(office, next(names)) == logins.LoginRefused()
    assert isinstance(guess(office, next(names)), Wait)
    assert guess(office, next(names), CLIENTS[0]) == logins.LoginRefused()


def test_addresses_in_one_ipv6_network_count_as_one(office: Office) -> None:
    for n in range(5):
        guess(office, "Rosa", Client(f"2001:db8:1:2::{n:x}"))
    assert isinstance(guess(office, "Rosa", Client("2001:db8:1:2:ffff::1")), Wait)
    assert guess(office, "Rosa", Client("2001:db8:1:3::1")) == logins.LoginRefused()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("not an address", "unknown"),
        ("1.2.3.4, 5.6.7.8", "unknown"),
    ],
)
def test_an_address_is_reduced_to_one_subscribers_network(address: str, network: str) -> None:
    assert throttle.network(address) == network


def test_a_known_address_can_log_in_while_the_account_is_under_attack(
    office: Office,
) -> None:
    rosa = office.add("Rosa")
    flood(office, "Rosa", 100)
    assert isinstance(office.log_in(rosa), organizers.OpenedSession)


def test_a_known_browser_can_log_in_even_from_the_attackers_address(
    office: Office,
) -> None:
    rosa = office.add("Rosa")
    laptop = Client("198.51.100.7", "the mark of a laptop")
    office.log_in(rosa, laptop)
    cafe = Client(ATTACKER.address, laptop.device)
    for _ in range(12):
        answer = guess(office, "Rosa")
        if isinstance(answer, Wait):
            office.clock.forward(seconds=answer.seconds)
    while not isinstance(answer := guess(office, "Rosa"), Wait):
        pass
    assert answer.seconds > 100
    assert isinstance(office.log_in(rosa, cafe), organizers.OpenedSession)


def test_a_newcomer_waits_once_and_gets_in_during_an_attack(office: Office) -> None:
    rosa = office.add("Rosa")
    office.clock.forward(days=8)
    flood(office, "Rosa", 60)
    newcomer = Client("192.0.2.200")
    first = office.password("Rosa", client=newcomer)
    assert isinstance(first, Wait)
    assert first.seconds <= 60
    for n in range(60):
        guess(office, "Rosa", CLIENTS[100 + n])
    second = office.password("Rosa", client=newcomer)
    while isinstance(second, Wait):
        assert second.seconds <= 60
        office.clock.forward(seconds=second.seconds)
        second = office.password("Rosa", client=newcomer)
    assert isinstance(second, organizers.OpenedSession)
    third = office.code(second.session, rosa.code(office.clock.at), newcomer)
    if isinstance(third, Wait):
        office.clock.forward(seconds=third.seconds)
        third = office.code(second.session, rosa.code(office.clock.at), newcomer)
    assert isinstance(third, organizers.OpenedSession)


def test_an_attack_from_many_addresses_gets_few_guesses(office: Office) -> None:
    office.add("Rosa")
    checked = 0
    for second in range(0, 600, 2):
        office.clock.forward(seconds=2)
        checked += isinstance(guess(office, "Rosa", CLIENTS[second % 40]), logins.LoginRefused)
    assert checked < 150


def test_an_attack_on_one_account_does_not_slow_another(office: Office) -> None:
    office.add("Rosa")
    office.add("Ana")
    flood(office, "Rosa", 60)
    assert guess(office, "Ana", Client("192.0.2.200")) == logins.LoginRefused()


def test_the_password_alone_does_not_clear_earlier_failures(office: Office) -> None:
    rosa = office.add("Rosa")
    for _ in range(4):
        guess(office, "Rosa")
    half = office.password("Rosa", PASSWORD, ATTACKER)
    assert isinstance(half, organizers.OpenedSession)
    wrong = wrong_code(rosa.totp, office.clock.at)
    assert office.code(half.session, wrong, ATTACKER) == logins.LoginRefused()
    assert isinstance(office.code(half.session, wrong, ATTACKER), Wait)


def test_after_many_wrong_codes_a_stranger_needs_a_recovery_code(office: Office) -> None:
    rosa = office.add("Rosa")
    office.clock.forward(days=8)
    halves = [(c, office.password("Rosa", client=c)) for c in CLIENTS[:40]]
    for client, half in halves:
        assert isinstance(half, organizers.OpenedSession)
        while isinstance(
            office.code(half.session, wrong_code(rosa.totp, office.clock.at), client), Wait
        ):
            office.clock.forward(seconds=10)
    newcomer = Client("192.0.2.200")

    def retried(step: Callable[[], object]) -> object:
        answer = step()
        while isinstance(answer, Wait):
            office.clock.forward(seconds=answer.seconds)
            answer = step()
        return answer

    mine = retried(lambda: office.password("Rosa", client=newcomer))
    assert isinstance(mine, organizers.OpenedSession)
    session = mine.session
    right = retried(lambda: office.code(session, rosa.code(office.clock.at), newcomer))
    assert right == logins.NeedsRecoveryCode()
    paper = retried(lambda: office.code(session, rosa.codes[0], newcomer))
    assert isinstance(paper, organizers.OpenedSession)


def test_a_reset_forgets_known_browsers(office: Office) -> None:
    rosa = office.add("Rosa")
    laptop = Client("198.51.100.7", "the mark of a laptop")
    office.log_in(rosa, laptop)
    organizers.reset_organizer(office.by("Boss"), SECRET, "Rosa")
    (known,) = office.db.execute("SELECT count(*) FROM login_sources").fetchone()
    assert known == 0


def test_addresses_are_remembered_for_a_week_and_browsers_for_six_months(office: Office) -> None:
    rosa = office.add("Rosa")
    office.log_in(rosa, Client("198.51.100.99", "the mark of a laptop"))
    for days, left in ((6, 3), (2, 1), (171, 1), (2, 0)):
        office.clock.forward(days=days)
        guess(office, "Someone")
        (known,) = office.db.execute("SELECT count(*) FROM login_sources").fetchone()
        assert known == left


def test_no_address_name_or_browser_mark_is_stored_readably(office: Office, tmp_path: Path) -> None:
    rosa = office.add("Rosa")
    office.log_in(rosa, Client("198.51.100.99", "the mark of a laptop"))
    office.password("An Unknown Name", client=Client("198.51.100.98"))
    office.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    stored = (tmp_path / "site.db").read_bytes()
    for text in (b"198.51.100", b"the mark of a laptop", b"unknown name\x00", b"An Unknown"):
        assert text not in stored


def test_concurrent_tries_are_counted_one_by_one(tmp_path: Path) -> None:
    open_database(tmp_path / "site.db").close()
    at = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
    answers: list[object] = []

    def one() -> None:
        db = open_database(tmp_path / "site.db")
        answers.append(throttle.begin_try(db, SECRET, "rosa", ATTACKER, step="password", at=at))
        db.close()

    threads = [threading.Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([a for a in answers if isinstance(a, throttle.Try)]) == 5
    assert len([a for a in answers if isinstance(a, Wait)]) == 15


def test_a_flood_of_logins_is_turned_away_without_holding_threads(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.add("Rosa")
    monkeypatch.setattr(credentials, "PATIENCE", 0.01)
    with credentials._HASH_SLOTS, credentials._HASH_SLOTS:
        for _ in range(10):
            assert office.password("Rosa") == Wait(logins.BUSY_SECONDS)
    assert isinstance(office.password("Rosa"), organizers.OpenedSession)
