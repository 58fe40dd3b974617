"""The states of letters: which moves are allowed to whom, and no others."""

from __future__ import annotations

import itertools
import sqlite3
import typing
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.records.accounting import (
    ACCEPTED,
    HANDED,
    MAILED,
    MOVES,
    OFFICE,
    OWN,
    QUIET,
    allowed,
    mark,
    note_office,
    undo,
)
from app.records.acts import Cause, LetterRow, State
from app.records.counts import Filter, recount, totals, ways_of
from app.records.database import open_database
from app.records.signing import receipt, sign, withdraw
from tests.records.build import CAMPAIGN, SECRET, letters_of, set_status, signature

STATES: tuple[State, ...] = typing.get_args(State)
CAUSES: tuple[Cause, ...] = typing.get_args(Cause)
NOON = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)

SETTLED = (ACCEPTED, "queued", "unknown")
ALLOWED: dict[str, set[tuple[State, State]]] = {
    "person": {
        (a, b)
        for a in STATES
        if a not in (ACCEPTED, "queued")
        for b in OWN
        if b in HANDED or a not in HANDED
    }
    | {(a, "queued") for a in STATES if a not in SETTLED},
    "mail server": {(a, MAILED) for a in ("written", "downloaded", MAILED)},
    "office system": {(a, b) for a in STATES if a != ACCEPTED for b in OFFICE},
    "signed": set(),
    "vacant seat": set(),
    "withdrawn": {("queued", "not attempted")},
}
"""Deliberately written out again, independently of the code."""


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(tmp_path / "site.db")) as connection:
        yield connection


def now(db: sqlite3.Connection, seat: str = "CA-12", signed: int = 1) -> tuple[str, str, str]:
    row: tuple[str, str, str] = db.execute(
        "SELECT state, state_at, cause FROM letters WHERE signature = ? AND seat = ?",
        (signed, seat),
    ).fetchone()
    return row


def test_only_the_listed_moves_are_allowed() -> None:
    for cause, before, after in itertools.product(CAUSES, STATES, STATES):
        expected = (before, after) in ALLOWED[cause]
        assert allowed(cause, before, after) == expected, (cause, before, after)


@pytest.mark.parametrize("before", STATES)
def test_reports_and_mail_make_only_allowed_moves(db: sqlite3.Connection, before: State) -> None:
    for number, after in enumerate(STATES, 1):
        letters = letters_of("CA", 12, before)
        token = sign(db, signature(str(number), letters=letters), SECRET).receipt
        first = now(db, signed=number)
        moved = mark(db, token, "CA-12", after, at=NOON)
        by: Cause = "mail server" if after == MAILED else "person"
        assert moved == (after in {*OWN, MAILED} and (before, after) in ALLOWED[by]), after
        expected = (after, "2026-11-25T18:00Z", by) if moved else first
        assert now(db, signed=number) == expected, after
        assert now(db, "CA-S1", signed=number)[0] == before


@pytest.mark.parametrize("before", STATES)
def test_an_office_system_makes_only_allowed_moves(db: sqlite3.Connection, before: State) -> None:
    for number, after in enumerate(STATES, 1):
        sign(db, signature(str(number), letters=letters_of("CA", 12, before)), SECRET)
        first = now(db, signed=number)
        moved = note_office(db, number, "CA-12", after, campaign=CAMPAIGN, at=NOON)
        # A letter in the queue gets the answer to its own message.
        outside = before != "queued" or after == ACCEPTED
        assert moved == (outside and (before, after) in ALLOWED["office system"]), after
        expected = (after, "2026-11-25T18:00Z", "office system") if moved else first
        assert now(db, signed=number) == expected, after


def test_a_late_mailed_copy_does_not_overwrite_a_persons_report(db: sqlite3.Connection) -> None:
    token = sign(db, signature("one"), SECRET).receipt
    assert mark(db, token, "CA-12", "copied")
    assert not mark(db, token, "CA-12", MAILED)
    assert now(db)[0] == "copied"
    assert mark(db, token, "CA-S1", MAILED)


@pytest.mark.parametrize("before", ["written", "copied", "refused", "not attempted", "unknown"])
@pytest.mark.parametrize("report", sorted(OWN))
def test_a_report_can_be_undone_once(db: sqlite3.Connection, before: State, report: State) -> None:
    token = sign(db, signature("one", letters=letters_of("CA", 12, before)), SECRET).receipt
    _, _, cause = now(db)
    assert not undo(db, token, "CA-12")
    assert mark(db, token, "CA-12", report)
    assert mark(db, token, "CA-12", report)  # a second press is the same report
    assert undo(db, token, "CA-12", at=NOON) == (report != before)
    if report != before:
        assert now(db) == (before, "2026-11-25T18:00Z", cause)
    assert not undo(db, token, "CA-12")
    assert recount(db) == []


def test_only_the_last_report_can_be_undone(db: sqlite3.Connection) -> None:
    token = sign(db, signature("one"), SECRET).receipt
    mark(db, token, "CA-12", "copied")
    mark(db, token, "CA-12", "pasted")
    assert not undo(db, token, "CA-S1")
    assert not undo(db, "x" * 43, "CA-12")
    assert undo(db, token, "CA-12")
    assert now(db)[0] == "copied"
    assert not undo(db, token, "CA-12")
    mark(db, token, "CA-12", "spoke by phone")
    note_office(db, 1, "CA-12", ACCEPTED, campaign=CAMPAIGN)
    assert not undo(db, token, "CA-12")
    mark(db, token, "CA-S1", "mailed")
    withdraw(db, token)
    assert not undo(db, token, "CA-S1")


@pytest.mark.parametrize(
    ("number", "seat", "campaign"),
    [(2, "CA-12", CAMPAIGN), (1, "CA-13", CAMPAIGN), (1, "CA-S3", CAMPAIGN),
     (1, "CA-12", "another"), (-1, "CA-12", CAMPAIGN)],
)  # fmt: skip
def test_an_office_system_moves_no_unknown_vacant_or_other_campaigns_letter(
    db: sqlite3.Connection, number: int, seat: str, campaign: str
) -> None:
    letters = (*letters_of("CA", 12)[:2], LetterRow("CA-S3", None, "", "not attempted"))
    sign(db, signature("one", letters=letters), SECRET)
    assert not note_office(db, number, seat, ACCEPTED, campaign=campaign)


def test_withdrawn_letters_do_not_move(db: sqlite3.Connection) -> None:
    token = sign(db, signature("one"), SECRET).receipt
    withdraw(db, token)
    assert not mark(db, token, "CA-12", "printed")
    assert not note_office(db, 1, "CA-12", ACCEPTED, campaign=CAMPAIGN)


def test_every_letter_starts_with_a_time_and_a_cause(db: sqlite3.Connection) -> None:
    letters = (*letters_of("CA", 12)[:2], LetterRow("CA-S3", None, "", "not attempted"))
    found = receipt(db, sign(db, signature("one", letters=letters, at=NOON), SECRET).receipt)
    assert found is not None
    assert [(x.seat, x.state, x.cause, x.at) for x in found.letters] == [
        ("CA-12", "written", "signed", NOON),
        ("CA-S1", "written", "signed", NOON),
        ("CA-S3", "not attempted", "vacant seat", NOON),
    ]


STEPS = st.lists(
    st.tuples(st.sampled_from(["mark", "undo", "office", "hold", "count", "withdraw"]),
              st.integers(0, 3), st.sampled_from(["CA-12", "CA-S1", "CA-S3"]),
              st.sampled_from(STATES)),
    max_size=40,
)  # fmt: skip


@given(steps=STEPS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_causes_fit_states_and_ways_add_up_after_any_steps(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, str, State]]
) -> None:
    with closing(open_database(tmp_path_factory.mktemp("moves") / "site.db")) as db:
        tokens = [sign(db, signature(str(n)), SECRET).receipt for n in range(4)]
        for what, who, seat, state in steps:
            if what == "mark":
                mark(db, tokens[who], seat, state)
            elif what == "undo":
                undo(db, tokens[who], seat)
            elif what == "office":
                note_office(db, who + 1, seat, state, campaign=CAMPAIGN)
            elif what == "withdraw":
                withdraw(db, tokens[who])
            else:
                set_status(db, [who + 1], "held" if what == "hold" else "counted")
        for state, cause in db.execute("SELECT state, cause FROM letters"):
            assert (cause == "signed" and state == "written") or any(
                state in moves.to for moves in MOVES[cause]
            )
        assert recount(db) == []
        for status in ("counted", "held", "withdrawn"):
            found = ways_of(db, Filter(CAMPAIGN, status))
            assert sum(found.values()) == totals(db, Filter(CAMPAIGN, status)).letters
            actual = dict(db.execute(
                "SELECT l.state, count(*) FROM letters l JOIN signatures s ON s.id = l.signature"
                " WHERE s.status = ? GROUP BY 1", (status,),
            ))  # fmt: skip
            assert found == actual


def test_ways_exclude_vacant_seats_and_other_campaigns(db: sqlite3.Connection) -> None:
    letters = (*letters_of("CA", 12)[:2], LetterRow("CA-S3", None, "", "not attempted"))
    token = sign(db, signature("one", letters=letters), SECRET).receipt
    sign(db, signature("two", campaign="another"), SECRET)
    mark(db, token, "CA-12", "printed")
    assert ways_of(db, Filter(CAMPAIGN)) == {"printed": 1, "written": 1}
    assert sum(ways_of(db, Filter()).values()) == 5


def test_the_quiet_period_is_longer_than_any_delivery_can_take() -> None:
    assert timedelta(days=4) < QUIET
