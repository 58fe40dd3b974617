"""What the public can learn about a state: steps of five, renewed together, however compared."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.records.counts import STEP, count, milestones, public_states, totals
from app.records.database import open_database
from app.records.signing import remove, withdraw
from tests.public_counts.conftest import People
from tests.records.build import CAMPAIGN, set_status


def shown(db: sqlite3.Connection) -> dict[str, int]:
    return {row.state: row.at_least for row in public_states(db, CAMPAIGN)}


def exact(db: sqlite3.Connection) -> dict[str, int]:
    return {row.group: row.signatures for row in count(db, CAMPAIGN, "state")}


def test_a_state_with_fewer_than_five_is_not_shown(db: sqlite3.Connection, people: People) -> None:
    people.sign("WY", 4)
    people.sign("CA", 13)
    assert shown(db) == {"CA": 10}
    assert list(shown(db)) == ["CA"]


def test_the_table_changes_only_after_five_changes(db: sqlite3.Connection, people: People) -> None:
    people.sign("CA", 9)
    people.sign("WY", 4)
    assert shown(db) == {"CA": 5}
    people.sign("WY")  # WY has five, but showing it now would tell who signed last
    people.sign("CA", 3)
    assert shown(db) == {"CA": 5}
    people.sign("TX")
    assert shown(db) == {"CA": 10, "WY": 5}


def test_signatures_and_withdrawals_both_count_as_changes(
    db: sqlite3.Connection, people: People
) -> None:
    """As many sign in one state as withdraw in another: the total stays, the table does not."""
    tokens = people.sign("CA", 10)
    assert shown(db) == {"CA": 10}
    for token in tokens[:3]:
        withdraw(db, token)
    people.sign("TX", 3)
    assert totals(db, CAMPAIGN).signatures == 10
    assert shown(db) == {"CA": 5}


def test_uncounted_signatures_are_not_shown(db: sqlite3.Connection, people: People) -> None:
    """EX11, EX12: held, unconfirmed, test and removed signatures are in no public number."""
    people.sign("CA", 12)
    people.sign("CA", 9, status="unconfirmed")
    people.sign("CA", 9, status="test")
    set_status(db, [1, 2], "held")
    remove(db, [3])
    assert shown(db) == {"CA": 5}
    assert totals(db, CAMPAIGN).signatures == 9


def test_the_last_numbers_are_shown_without_waiting_for_a_writer(
    db: sqlite3.Connection, people: People
) -> None:
    people.sign("CA", 5)
    assert shown(db) == {"CA": 5}
    people.sign("CA", 5)
    (name,) = (row[2] for row in db.execute("PRAGMA database_list") if row[1] == "main")
    db.execute("PRAGMA busy_timeout=60000")
    with closing(sqlite3.connect(name, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert shown(db) == {"CA": 5}
        other.execute("ROLLBACK")
    assert shown(db) == {"CA": 10}


def test_each_campaign_has_its_own_table(db: sqlite3.Connection, people: People) -> None:
    """EX13"""
    people.sign("CA", 5)
    people.sign("CA", 20, campaign="another")
    assert shown(db) == {"CA": 5}
    assert [r.at_least for r in public_states(db, "another")] == [20]


ACTS = st.lists(
    st.tuples(st.sampled_from(["sign", "sign", "sign", "withdraw", "fetch"]),
              st.sampled_from(["CA", "WY", "TX"]), st.integers(1, 4)),
    max_size=30,
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(acts=ACTS, watched=st.booleans())
def test_no_two_fetches_differ_by_fewer_than_five(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, str, int]], watched: bool
) -> None:
    """Fetching now and then, or after every act, reveals no group smaller than five."""
    db = open_database(tmp_path_factory.mktemp("rule") / "x.db")
    people, tokens = People(db), {"CA": [], "WY": [], "TX": []}  # type: ignore[var-annotated]
    seen: list[dict[str, int]] = [shown(db)]
    changes: list[dict[str, int]] = [exact(db)]
    try:
        for act, state, number in acts:
            if act == "sign":
                tokens[state] += people.sign(state, number)
            elif act == "withdraw":
                for token in tokens[state][:number]:
                    withdraw(db, token)
                tokens[state] = tokens[state][number:]
            if act == "fetch" or watched:
                now = shown(db)
                if now != seen[-1]:
                    changes.append(exact(db))
                seen.append(now)
        for fetched in seen:
            assert all(value >= STEP and value % STEP == 0 for value in fetched.values())
            for other in seen:
                for state in {*fetched, *other}:
                    difference = abs(fetched.get(state, 0) - other.get(state, 0))
                    assert difference == 0 or difference >= STEP
        # Between any two changes of the table, at least five people signed or withdrew.
        for before, after in pairwise(changes):
            assert sum(abs(after.get(s, 0) - before.get(s, 0)) for s in {*before, *after}) >= STEP
    finally:
        db.close()


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(["CA", "WY", "TX", "DC"]), st.integers(0, 14)))
def test_the_exact_total_does_not_reveal_a_hidden_state(counts: dict[str, int]) -> None:
    """The total minus what is shown may come from any state: none must have one to four."""
    rest = sum(counts.values()) - sum(n // STEP * STEP for n in counts.values())
    for state in ("WY", "DC"):
        others = 55 * (STEP - 1)  # every other state may be up to four too low
        least, most = max(0, rest - others), min(STEP - 1, rest)
        assert least == 0
        assert (most == 0) == (rest == 0), state


def test_the_last_table_stays_while_nothing_can_be_stored(
    db: sqlite3.Connection, people: People, tmp_path: Path
) -> None:
    people.sign("CA", 5)
    assert shown(db) == {"CA": 5}
    people.sign("CA", 5)
    db.execute("PRAGMA query_only = 1")
    assert shown(db) == {"CA": 5}
    db.execute("PRAGMA query_only = 0")
    assert shown(db) == {"CA": 10}


def test_all_workers_show_the_same_table(
    db: sqlite3.Connection, people: People, tmp_path: Path
) -> None:
    other = open_database(tmp_path / "dear-congress.db")
    people.sign("CA", 7)
    assert shown(db) == shown(other) == {"CA": 5}
    people.sign("CA", 4)
    assert shown(other) == shown(db) == {"CA": 5}
    other.close()


def test_milestones_have_the_day_they_were_reached(db: sqlite3.Connection, people: People) -> None:
    assert milestones(db, CAMPAIGN) == ()
    people.sign("CA", 99, day=date(2026, 11, 1))
    assert milestones(db, CAMPAIGN) == ()
    tokens = people.sign("CA", 160, day=date(2026, 11, 3))
    found = [(m.signatures, m.day) for m in milestones(db, CAMPAIGN)]
    assert found == [(100, date(2026, 11, 3)), (250, date(2026, 11, 3))]
    for token in tokens[:10]:
        withdraw(db, token)
    assert [m.signatures for m in milestones(db, CAMPAIGN)] == [100]
