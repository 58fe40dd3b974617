"""Drafts, publications and versions in the database, and two people editing one text."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.records import workshop
from app.records.audit import Actor
from app.records.database import open_database
from app.records.workshop import FileVersion, Moved

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
FOLDER = {"a.txt": "first", "campaign.toml": "bill"}
C = "some-campaign"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    db = open_database(tmp_path / "site.db")
    yield db
    db.close()


def save(db: sqlite3.Connection, text: str, base: int, by: str = "Rosa") -> FileVersion | Moved:
    return workshop.save_draft(Actor(db, by, NOW), C, "a.txt", text, base=base)


def saved(db: sqlite3.Connection, text: str, base: int | None = None) -> int:
    revision = workshop.state_of(db, C, "a.txt").revision if base is None else base
    answer = save(db, text, revision)
    assert isinstance(answer, FileVersion)
    return answer.id


def publish(db: sqlite3.Connection, number: int, seen: int | None = None) -> list[FileVersion]:
    answer = workshop.publish(
        Actor(db, "Rosa", NOW), C, {"a.txt": number}, folder=FOLDER,
        seen=workshop.change_counter(db, C) if seen is None else seen,
    )  # fmt: skip
    assert answer is not None, answer
    return answer


def live(db: sqlite3.Connection) -> dict[str, str]:
    return workshop.live_files(db, C, FOLDER).files


def events(db: sqlite3.Connection) -> list[tuple[str, str, dict[str, str], dict[str, str]]]:
    rows = db.execute("SELECT what, subject, before, after FROM audit_events ORDER BY number")
    return [(a, b, json.loads(c), json.loads(d)) for a, b, c, d in rows]


def test_a_draft_changes_nothing_that_residents_see(db: sqlite3.Connection) -> None:
    saved(db, "second")
    assert live(db) == FOLDER
    assert workshop.change_counter(db, C) == 0


def test_publishing_replaces_the_file_and_keeps_its_text_as_version_one(
    db: sqlite3.Connection,
) -> None:
    publish(db, saved(db, "second"))
    assert live(db) == {**FOLDER, "a.txt": "second"}
    assert workshop.change_counter(db, C) == 1
    numbers = {v.number: (v.source, v.status) for v in workshop.history(db, C, "a.txt")}
    assert numbers == {1: ("first", "past"), 2: ("second", "live")}


def test_a_draft_does_not_freeze_the_file(db: sqlite3.Connection) -> None:
    saved(db, "second")
    newer = {**FOLDER, "a.txt": "first, corrected on the disk"}
    assert workshop.live_files(db, C, newer).files == newer


def test_a_save_over_another_organizers_draft_is_refused(
    db: sqlite3.Connection,
) -> None:
    both_had = workshop.state_of(db, C, "a.txt").revision
    first = save(db, "Rosa’s words", both_had)
    assert isinstance(first, FileVersion)
    second = save(db, "Ben’s words", both_had, by="Ben")
    assert isinstance(second, Moved)
    assert second.state.draft is not None
    assert (second.state.draft.source, second.state.draft.author) == ("Rosa’s words", "Rosa")
    again = save(db, "Ben’s words", second.state.revision, by="Ben")
    assert isinstance(again, FileVersion)
    texts = [(v.source, v.status) for v in workshop.history(db, C, "a.txt")]
    assert texts == [("Ben’s words", "draft"), ("Rosa’s words", "saved")]


def test_ones_own_published_draft_is_no_conflict_but_a_later_one_is(
    db: sqlite3.Connection,
) -> None:
    number = saved(db, "second")
    publish(db, number)
    assert isinstance(save(db, "third", number), FileVersion)
    publish(db, workshop.state_of(db, C, "a.txt").revision)
    assert isinstance(save(db, "fourth", number), Moved)


def test_saving_the_same_words_twice_writes_one_row_and_one_event(db: sqlite3.Connection) -> None:
    number = saved(db, "second")
    again = save(db, "second", 0)
    assert isinstance(again, FileVersion)
    assert again.id == number
    assert len(events(db)) == 1


def test_a_discarded_draft_stays_in_the_history(db: sqlite3.Connection) -> None:
    number = saved(db, "second")
    answer = workshop.discard_draft(Actor(db, "Ben", NOW), C, "a.txt", base=number - 1)
    assert isinstance(answer, Moved)
    answer = workshop.discard_draft(Actor(db, "Ben", NOW), C, "a.txt", base=number)
    assert isinstance(answer, FileVersion)
    assert workshop.state_of(db, C, "a.txt").draft is None
    assert [v.source for v in workshop.history(db, C, "a.txt")] == ["second"]


def test_only_the_draft_that_was_checked_is_published(db: sqlite3.Connection) -> None:
    checked = saved(db, "second")
    saved(db, "third")
    answer = workshop.publish(Actor(db, "Rosa", NOW), C, {"a.txt": checked}, folder=FOLDER, seen=0)
    assert answer is None
    assert live(db) == FOLDER


def test_a_draft_checked_against_other_live_texts_is_not_published(db: sqlite3.Connection) -> None:
    number = saved(db, "second")
    toml = workshop.save_draft(Actor(db, "Ben", NOW), C, "campaign.toml", "bill 2", base=0)
    assert isinstance(toml, FileVersion)
    workshop.publish(Actor(db, "Ben", NOW), C, {"campaign.toml": toml.id}, folder=FOLDER, seen=0)
    answer = workshop.publish(Actor(db, "Rosa", NOW), C, {"a.txt": number}, folder=FOLDER, seen=0)
    assert answer is None
    assert live(db) == {**FOLDER, "campaign.toml": "bill 2"}


def test_several_files_go_live_together_or_not_at_all(db: sqlite3.Connection) -> None:
    a = saved(db, "second")
    b = workshop.save_draft(Actor(db, "Rosa", NOW), C, "b.txt", "new", base=0)
    assert isinstance(b, FileVersion)
    wrong = {"a.txt": a, "b.txt": b.id + 1}
    answer = workshop.publish(Actor(db, "Rosa", NOW), C, wrong, folder=FOLDER, seen=0)
    assert answer is None
    assert live(db) == FOLDER
    right = {"a.txt": a, "b.txt": b.id}
    answer = workshop.publish(Actor(db, "Rosa", NOW), C, right, folder=FOLDER, seen=0)
    assert answer is not None
    assert workshop.change_counter(db, C) == 1
    assert live(db) == {**FOLDER, "a.txt": "second", "b.txt": "new"}


def test_a_retired_text_is_not_live_and_comes_back_unchanged(db: sqlite3.Connection) -> None:
    rosa = Actor(db, "Rosa", NOW)
    workshop.retire(rosa, C, ["a.txt"], folder=FOLDER, seen=0)
    assert live(db) == {"campaign.toml": "bill"}
    assert workshop.state_of(db, C, "a.txt").retired
    answer = workshop.bring_back(rosa, C, ["a.txt"], seen=0)
    assert answer is None
    workshop.bring_back(rosa, C, ["a.txt"], seen=1)
    assert live(db) == FOLDER


def test_every_change_is_an_event_with_both_versions_and_no_text(db: sqlite3.Connection) -> None:
    first, second = (workshop.text_version(t)[:12] for t in ("first", "second words"))
    publish(db, saved(db, "second words"))
    workshop.retire(Actor(db, "Rosa", NOW), C, ["a.txt"], folder=FOLDER, seen=1)
    workshop.bring_back(Actor(db, "Rosa", NOW), C, ["a.txt"], seen=2)
    number = saved(db, "third words")
    workshop.discard_draft(Actor(db, "Rosa", NOW), C, "a.txt", base=number)
    third = workshop.text_version("third words")[:12]
    assert events(db) == [
        ("draft saved", f"{C}/a.txt", {"version": ""}, {"version": second}),
        ("text published", f"{C}/a.txt", {"version": first}, {"version": second}),
        ("text retired", f"{C}/a.txt", {"version": second}, {}),
        ("text brought back", f"{C}/a.txt", {}, {"version": second}),
        ("draft saved", f"{C}/a.txt", {"version": second}, {"version": third}),
        ("draft discarded", f"{C}/a.txt", {"version": third}, {}),
    ]


def test_a_version_is_found_only_under_its_own_file(db: sqlite3.Connection) -> None:
    number = saved(db, "second")
    assert workshop.find_version(db, C, "a.txt", number)
    assert workshop.find_version(db, C, "b.txt", number) is None
    assert workshop.find_version(db, "other", "a.txt", number) is None
    assert workshop.find_version(db, C, "a.txt", 2**63 - 1) is None


def test_texts_from_a_folder_go_live_unless_they_are_unchanged(
    db: sqlite3.Connection,
) -> None:
    saved(db, "a draft")
    texts = {"a.txt": "from elsewhere", "campaign.toml": "bill"}
    answer = workshop.publish_texts(Actor(db, "command line", NOW), C, texts, folder=FOLDER, seen=0)
    assert answer is not None
    assert [v.name for v in answer] == ["a.txt"]
    state = workshop.state_of(db, C, "a.txt")
    assert state.draft is not None
    assert state.draft.source == "a draft"
    again = workshop.publish_texts(Actor(db, "command line", NOW), C, texts, folder=FOLDER, seen=1)
    assert again == []


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["save", "stale", "publish", "discard", "retire", "back"]),
        st.sampled_from(["a.txt", "b.txt", "campaign.toml"]),
        st.text(max_size=8),
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_no_sequence_of_actions_loses_a_saved_text(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, str]]
) -> None:
    db = open_database(tmp_path_factory.mktemp("workshop") / "site.db")
    kept: list[tuple[str, str]] = []
    expected = dict(FOLDER)
    try:
        for what, name, text in steps:
            state = workshop.state_of(db, C, name)
            seen = workshop.change_counter(db, C)
            rosa = Actor(db, "Rosa", NOW)
            if what == "save":
                workshop.save_draft(rosa, C, name, text, base=state.revision)
                kept.append((name, text))
            elif what == "stale":
                base = state.revision + 7
                answer = workshop.save_draft(rosa, C, name, text, base=base)
                # Saving the same words again is not a conflict.
                assert isinstance(answer, Moved) or answer == state.draft
            elif what == "publish" and state.draft:
                workshop.publish(
                    rosa, C, {name: state.draft.id}, folder=FOLDER, seen=seen
                )  # fmt: skip
                expected[name] = state.draft.source
            elif what == "discard" and state.draft:
                workshop.discard_draft(rosa, C, name, base=state.draft.id)
            elif what == "retire":
                workshop.retire(rosa, C, [name], folder=FOLDER, seen=seen)
                expected.pop(name, None)
            elif what == "back" and state.retired:
                workshop.bring_back(rosa, C, [name], seen=seen)
                assert state.current is not None
                expected[name] = state.current.source
            assert live(db) == expected
        for name, text in kept:
            assert text in [v.source for v in workshop.history(db, C, name)]
    finally:
        db.close()
