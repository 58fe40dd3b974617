"""The audit trail: exact, immutable, paged, and exportable."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

import pytest

from app.records import audit
from app.records.audit import Actor, TrailFilter, What
from app.records.database import writing
from tests.organizers.conftest import Office


def write(office: Office, times: int, who: str = "Rosa") -> None:
    with writing(office.db):
        for n in range(times):
            Actor(office.db, who, office.clock.at + timedelta(seconds=n)).record(
                What.ROLE_CHANGED, f"Subject {n}", before={"role": "editor"},
                after={"role": "admin"},
            )  # fmt: skip


@pytest.mark.parametrize("what", list(What))
def test_every_kind_of_event_has_an_exact_schema(office: Office, what: What) -> None:
    before, after = (dict.fromkeys(keys, "x") for keys in (what.before, what.after))
    office.by("R").record(what, "S", before=before, after=after)
    for side in ("before", "after"):
        facts = {"before": dict(before), "after": dict(after)}
        facts[side]["another"] = "x"
        with pytest.raises(ValueError, match=side):
            office.by("R").record(what, "S", **facts)
    for side, keys in (("before", before), ("after", after)):
        for key in keys:
            facts = {"before": dict(before), "after": dict(after)}
            del facts[side][key]
            with pytest.raises(ValueError, match=side):
                office.by("R").record(what, "S", **facts)
    assert len(list(audit.every(office.db, TrailFilter()))) == 1


def test_an_event_reads_back_as_written(office: Office) -> None:
    with writing(office.db):
        office.by("Núria").record(
            What.AUDIT_EXPORTED, "=1+1",
            after={"who": "", "what": "", "from": "ñ", "to": None, "rows": 12},
        )  # fmt: skip
    (event,) = audit.every(office.db, TrailFilter())
    assert event.at == office.clock.at
    assert event.subject == "=1+1"
    assert event.before == {}
    assert event.after == {"who": "", "what": "", "from": "ñ", "to": None, "rows": 12}


def test_values_that_are_not_plain_are_refused(office: Office) -> None:
    with pytest.raises(ValueError, match="no text"):
        office.by("R").record(
            What.ROLE_CHANGED, "S",
            before={"role": 1.5}, after={"role": "admin"},  # type: ignore[dict-item]
        )  # fmt: skip


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        audit.stamp(datetime(2026, 11, 25, 12))  # noqa: DTZ001


def test_an_event_is_never_altered(office: Office) -> None:
    write(office, 1)
    with pytest.raises(sqlite3.IntegrityError, match="never altered"):
        office.db.execute("UPDATE audit_events SET who = 'Somebody'")


def test_an_event_rolls_back_with_the_change_it_records(office: Office) -> None:
    def fails() -> None:
        with writing(office.db):
            office.by("R").record(What.LOGGED_OUT, "R")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert list(audit.every(office.db, TrailFilter())) == []


def test_paging_back_and_forth_skips_no_event(office: Office) -> None:
    write(office, 120)
    first = audit.page(office.db, TrailFilter())
    assert [len(first.events), first.total, first.newer] == [50, 120, None]
    second = audit.page(office.db, TrailFilter(), below=first.older)
    third = audit.page(office.db, TrailFilter(), below=second.older)
    assert len(third.events) == 20
    assert third.older is None
    numbers = [e.number for page in (first, second, third) for e in page.events]
    assert numbers == list(range(120, 0, -1))
    write(office, 3)
    assert audit.page(office.db, TrailFilter(), above=third.newer).events == second.events
    assert audit.page(office.db, TrailFilter(), above=second.newer).events[-1].number == 71


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (TrailFilter(), 5),
        (TrailFilter(who="Ana"), 2),
        (TrailFilter(who="ana"), 0),
        (TrailFilter(what="role changed"), 5),
        (TrailFilter(what="no such thing"), 0),
        (TrailFilter(since="2026-11-26"), 2),
        (TrailFilter(until="2026-11-25"), 3),
        (TrailFilter(since="2026-11-25", until="2026-11-26"), 5),
        (TrailFilter(who="' OR 1=1 --"), 0),
    ],
)
def test_the_filter_applies_to_page_and_export_alike(
    office: Office, wanted: TrailFilter, expected: int
) -> None:
    write(office, 3)
    office.clock.forward(days=1)
    write(office, 2, who="Ana")
    assert audit.page(office.db, wanted).total == expected
    assert len(list(audit.every(office.db, wanted))) == expected


def test_each_actor_is_listed_once(office: Office) -> None:
    write(office, 3)
    write(office, 2, who="Ana")
    write(office, 1, who="")
    assert audit.actors(office.db) == ("Ana", "Rosa")
