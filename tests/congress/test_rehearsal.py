"""From November to February, and hour by hour around the noon, in three worlds.

In the first, no list is ever refreshed. In the second, the new Congress's list is installed within
the hour after noon. In the third, it arrives late and in two steps: without addresses on the 5th,
complete on the 21st.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from app.congress.lookup import find_delegation
from app.congress.model import DELEGATE_AREAS, Choose, Found, Holder, moment_of
from app.congress.refresh import refresh
from app.congress.tables import Tables, load_tables
from tests.congress.asking import NOON
from tests.congress.rehearsal import real_list

PLACES = (
    ("38103", "TN", 9, 5), ("84101", "UT", 2, 1), ("78701", "TX", 37, 10),
    ("90210", "CA", 32, 36), ("35203", "AL", 7, 7), ("43215", "OH", 15, 3),
    ("33101", "FL", 27, 27), ("70112", "LA", 2, 2), ("27601", "NC", 2, 2),
    ("64108", "MO", 5, 5), ("01930", "MA", 6, 6), ("05602", "VT", 0, 0),
    ("20009", "DC", 0, 0), ("00926", "PR", 0, 0), ("96910", "GU", 0, 0),
)  # fmt: skip
"""ZIP, state, and the first district before and after noon."""

World = Callable[[datetime], Tables]
SOON = ("2025-01-05", NOON + timedelta(minutes=30))
BARE = ("2025-01-03", datetime(2027, 1, 5, 15, tzinfo=UTC))
WHOLE = ("2025-01-21", datetime(2027, 1, 21, 15, tzinfo=UTC))
"""The day of a real list, and the moment at which it is installed, two years later."""
Installed = Callable[[str, datetime], Path]


def moments() -> Iterator[datetime]:
    day = datetime(2026, 11, 29, 15, tzinfo=UTC)
    while day < datetime(2027, 2, 16, tzinfo=UTC):
        yield day
        day += timedelta(days=1)
    for hours in range(-30, 31):
        yield NOON + timedelta(hours=hours)
        yield NOON + timedelta(hours=hours, seconds=-1)


@pytest.fixture(scope="module")
def installed(official_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Sites with an installed list, each made once."""

    @cache
    def install(day: str, at: datetime) -> Path:
        home = tmp_path_factory.mktemp("site")
        lists = real_list(official_files, day, home / "lists", years=2)
        refresh(lists, home, now=at, as_of=at.date())
        return home

    return install


@pytest.fixture(
    params=[(), (SOON,), (BARE, WHOLE)],
    ids=["nobody refreshes", "in time", "late, in two steps"],
)
def world(request: pytest.FixtureRequest, installed: Installed) -> World:
    steps = [(at, installed(day, at)) for day, at in request.param]

    def tables_at(moment: datetime) -> Tables:
        home = next((home for at, home in reversed(steps) if at <= moment), None)
        return load_tables(home, moment)

    return tables_at


@pytest.mark.parametrize(("step", "without_address"), [(BARE, 472), (SOON, 0), (WHOLE, 0)], ids=str)
def test_real_lists_around_a_new_congress_leave_no_seat_awaited(
    installed: Installed, step: tuple[str, datetime], without_address: int
) -> None:
    now = step[1]
    tables = load_tables(installed(*step), now)
    assert tables.awaited() == ()
    assert len(tables.vacancies()) <= 3
    members = [h.member for h in tables.holders if h.member]
    assert sum("address" in m.missing for m in members) == without_address
    for member in members:
        assert member.term_start <= now.date() < member.term_end or member.term_end_is_expected
        assert member.washington.lines[-1].startswith("Washington, DC 205")


def shown(moment: datetime, tables: Tables, zip5: str, state: str) -> tuple[int, list[Holder]]:
    """The first district, and everyone on the page."""
    outcome = find_delegation(zip5, state, now=moment, tables=tables)
    if isinstance(outcome, Found):
        return outcome.delegation.district, list(outcome.delegation.holders)
    assert isinstance(outcome, Choose)
    houses = [c.holder for c in outcome.candidates]
    return outcome.candidates[0].district, [*houses, *outcome.senate]


def test_every_moment_has_the_right_lines_and_no_one_out_of_office(world: World) -> None:
    for moment in moments():
        tables = world(moment)
        for zip5, state, before, after in PLACES:
            district, holders = shown(moment, tables, zip5, state)
            assert district == (before if moment < NOON else after), (moment, zip5)
            if state in DELEGATE_AREAS:
                assert len(holders) == 1
            for holder in holders:
                member = holder.member
                if member is None:
                    assert holder.awaited or moment < NOON or tables.as_of >= date(2027, 1, 3)
                    continue
                assert moment_of(member.term_start) <= moment
                ended = moment_of(member.term_end) <= moment
                assert not ended or (member.term_end_is_expected and moment < NOON)


def test_no_seat_is_awaited_once_the_list_is_installed(world: World) -> None:
    for moment in moments():
        tables = world(moment)
        sitting = sum(holder.member is not None for holder in tables.holders)
        if moment < NOON or tables.as_of >= date(2027, 1, 3):
            assert tables.awaited() == ()
            assert sitting >= 535
        else:
            assert sitting == 66
            assert sum(h.seat.chamber == "senate" for h in tables.holders if h.member) == 65


def test_nothing_changes_at_midnight(world: World) -> None:
    midnight = datetime(2027, 1, 3, 5, tzinfo=UTC)
    assert world(midnight - timedelta(seconds=1)) is world(midnight)
    assert world(midnight) is world(NOON - timedelta(seconds=1))
    assert world(NOON) is not world(midnight)
