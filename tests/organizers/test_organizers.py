"""Adding organizers, one-time links, roles, and disabling accounts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records import audit, logins, organizers
from app.records.audit import Actor
from app.records.database import open_database
from app.records.organizers import (
    BadName,
    DeadLink,
    NameTaken,
    OneTimeLink,
    Role,
    all_organizers,
    organizer_by_name,
)
from tests.organizers.conftest import CHEAP, LOGIN, PASSWORD, SECRET, Clock, Office


def add(office: Office, name: str = "Rosa", role: Role = "editor") -> OneTimeLink:
    link = organizers.add_organizer(office.by("Boss"), name, role)
    assert isinstance(link, OneTimeLink)
    return link


def use(office: Office, token: str, password: str = PASSWORD) -> object:
    return organizers.use_link(office.db, CHEAP, token, password, device="", at=office.clock.at)


def test_a_new_organizer_has_a_link_and_no_password(office: Office) -> None:
    link = add(office)
    assert not link.organizer.has_password
    assert office.password("Rosa") == logins.LoginRefused()
    assert isinstance(use(office, link.token), organizers.OpenedSession)
    assert isinstance(office.password("Rosa"), organizers.OpenedSession)


def test_opening_a_link_does_not_use_it_up(office: Office) -> None:
    link = add(office)
    for _ in range(3):
        assert organizers.link_owner(office.db, link.token, office.clock.at) == link.organizer
    assert isinstance(use(office, link.token), organizers.OpenedSession)


def test_a_link_works_once(office: Office) -> None:
    link = add(office)
    use(office, link.token)
    assert use(office, link.token, "another horse battery") == DeadLink("used")
    assert isinstance(office.password("Rosa"), organizers.OpenedSession)


def test_a_link_works_for_two_days(office: Office) -> None:
    link = add(office)
    office.clock.forward(hours=48, seconds=-1)
    assert organizers.link_owner(office.db, link.token, office.clock.at) == link.organizer
    office.clock.forward(seconds=1)
    assert use(office, link.token) == DeadLink("expired")


def test_a_bad_password_does_not_use_the_link_up(office: Office) -> None:
    link = add(office)
    assert use(office, link.token, "short") == organizers.BadPassword("short")
    assert isinstance(use(office, link.token), organizers.OpenedSession)


def test_a_new_link_replaces_the_unused_one(office: Office) -> None:
    first = add(office)
    second = organizers.reset_organizer(office.by("Boss"), SECRET, "Rosa")
    assert isinstance(second, OneTimeLink)
    assert use(office, first.token) == DeadLink("unknown")
    assert isinstance(use(office, second.token), organizers.OpenedSession)


@given(st.text(max_size=60))
def test_no_forged_link_works(tmp_path_factory: pytest.TempPathFactory, token: str) -> None:
    db = open_database(tmp_path_factory.getbasetemp() / "links.db")
    assert organizers.link_owner(db, token, Clock().at) == DeadLink("unknown")
    db.close()


def test_only_the_hash_of_a_link_is_stored(office: Office, tmp_path: Path) -> None:
    link = add(office)
    office.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert link.token.encode() not in (tmp_path / "site.db").read_bytes()


def test_a_link_to_a_disabled_account_is_dead(office: Office) -> None:
    link = add(office)
    organizers.set_disabled(office.by("Boss"), SECRET, link.organizer.id, True)
    assert isinstance(use(office, link.token), DeadLink)


def test_a_reset_removes_password_and_sessions_but_keeps_the_second_factor(office: Office) -> None:
    rosa = office.add("Rosa")
    link = organizers.reset_organizer(office.by("Boss"), SECRET, "rosa")
    assert isinstance(link, OneTimeLink)
    assert office.session(rosa.token) == "ended"
    assert office.password("Rosa") == logins.LoginRefused()
    half = use(office, link.token, "another horse battery")
    assert isinstance(half, organizers.OpenedSession)
    assert half.session.organizer.has_second_factor
    office.clock.forward(minutes=1)
    assert isinstance(
        office.code(half.session, rosa.code(office.clock.at)), organizers.OpenedSession
    )


def test_a_reset_of_the_second_factor_removes_recovery_codes_too(office: Office) -> None:
    rosa = office.add("Rosa")
    link = organizers.reset_organizer(office.by("Boss"), SECRET, "Rosa", second_factor=True)
    assert isinstance(link, OneTimeLink)
    half = use(office, link.token)
    assert isinstance(half, organizers.OpenedSession)
    assert not half.session.organizer.has_second_factor
    assert office.code(half.session, rosa.codes[0]) == logins.LoginRefused()
    office.clock.forward(minutes=1)
    assert office.code(half.session, rosa.code(office.clock.at)) == logins.LoginRefused()


@pytest.mark.parametrize(
    "name", ["Rosa Delgado", "rosa delgado", "ROSA  DELGADO ", "Ｒosa Delgado"]
)
def test_two_organizers_cannot_have_confusable_names(office: Office, name: str) -> None:
    add(office, "Rosa Delgado")
    again = organizers.add_organizer(office.by("Boss"), name, "admin")
    assert isinstance(again, NameTaken)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "empty"), ("  ", "empty"), ("x" * 61, "long"), ("a\x00b", "characters"),
        ("Rosa\u200b", "characters"), ("Ro\u202esa", "characters"), ("a\ud800", "characters"),
        ("Command Line", "characters"),
    ],
)  # fmt: skip
def test_an_unreadable_name_is_refused(office: Office, name: str, why: str) -> None:
    answer = organizers.add_organizer(office.by("Boss"), name, "admin")
    assert answer == BadName(why)  # type: ignore[arg-type]
    assert all_organizers(office.db) == []


@pytest.mark.parametrize("name", ["O'Brien", "Núñez-Ortiz", "李雷", "أمل", "-Ann", "Ana (night)"])
def test_names_of_all_kinds_are_accepted(office: Office, name: str) -> None:
    assert add(office, name).organizer.name == name


def test_an_unknown_role_is_a_programming_error(office: Office) -> None:
    with pytest.raises(ValueError, match="owner"):
        organizers.add_organizer(office.by("Boss"), "Rosa", "owner")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="owner"):
        organizers.set_role(office.by("B"), 1, "owner")  # type: ignore[arg-type]


def test_only_admin_includes_the_other_roles(office: Office) -> None:
    editor, exporter = add(office, "E").organizer, add(office, "X", "exporter").organizer
    admin = add(office, "A", "admin").organizer
    assert [editor.may("editor"), editor.may("exporter"), editor.may("admin")] == [1, 0, 0]
    assert [exporter.may("editor"), exporter.may("exporter"), exporter.may("admin")] == [0, 1, 0]
    assert [admin.may("editor"), admin.may("exporter"), admin.may("admin")] == [1, 1, 1]
    assert all(organizer.may("organizer") for organizer in (editor, exporter, admin))


def test_a_change_of_role_is_recorded_with_before_and_after(office: Office) -> None:
    rosa = add(office).organizer
    assert organizers.set_role(office.by("Boss"), rosa.id, "exporter") == "changed"
    changed = organizer_by_name(office.db, "Rosa")
    assert changed
    assert changed.role == "exporter"
    assert organizers.set_role(office.by("Boss"), rosa.id, "exporter") == "nothing to change"
    events = list(audit.every(office.db, audit.TrailFilter(what="role changed")))
    assert [(e.who, e.subject, e.before, e.after) for e in events] == [
        ("Boss", "Rosa", {"role": "editor"}, {"role": "exporter"})
    ]


def test_the_last_admin_who_can_log_in_stays_admin_and_enabled(office: Office) -> None:
    office.add("Boss", "admin")
    boss = organizer_by_name(office.db, "Boss")
    assert boss
    by = office.by("Boss")
    invited = add(office, "Invited", "admin").organizer
    assert organizers.set_role(by, boss.id, "editor") == "last admin"
    assert organizers.set_disabled(by, SECRET, boss.id, True) == "last admin"
    assert organizers.set_role(by, invited.id, "editor") == "changed"
    office.add("Second", "admin")
    assert organizers.set_role(by, boss.id, "editor") == "changed"


def test_the_operator_can_disable_even_the_last_admin(office: Office) -> None:
    boss = add(office, "Boss", "admin").organizer
    done = organizers.set_disabled(office.by("x"), SECRET, boss.id, True, even_last_admin=True)
    assert done == "changed"


@pytest.mark.parametrize("number", [0, -1, 99, 10**12])
def test_an_unknown_organizer_number_changes_nothing(office: Office, number: int) -> None:
    add(office)
    at = office.clock.at
    assert organizers.set_role(Actor(office.db, "B", at), number, "admin") is None
    assert organizers.set_disabled(Actor(office.db, "B", at), SECRET, number, True) is None
    assert organizers.reset_organizer(Actor(office.db, "B", at), SECRET, "Nobody") is None


def test_disabled_accounts_are_listed_last(office: Office) -> None:
    for name in ("Zoe", "Ana", "mia"):
        add(office, name)
    ana = organizer_by_name(office.db, "Ana")
    assert ana is not None
    organizers.set_disabled(office.by("B"), LOGIN.secret, ana.id, True)
    assert [o.name for o in all_organizers(office.db)] == ["mia", "Zoe", "Ana"]


def test_every_change_to_an_organizer_is_in_the_trail(office: Office) -> None:
    rosa = office.add("Rosa")
    office.log_in(rosa)
    found = organizer_by_name(office.db, "Rosa")
    assert found is not None
    at = office.clock.at
    organizers.reset_organizer(Actor(office.db, "Boss", at), SECRET, "Rosa", second_factor=True)
    organizers.set_disabled(Actor(office.db, "Boss", at), SECRET, found.id, True)
    organizers.set_disabled(Actor(office.db, "Boss", at), SECRET, found.id, False)
    assert [e.what.value for e in audit.every(office.db, audit.TrailFilter())] == [
        "organizer added",
        "password link made",
        "password set",
        "second factor set up",
        "recovery codes made",
        "logged in",
        "logged in",
        "second factor removed",
        "sessions revoked",
        "password link made",
        "organizer disabled",
        "organizer enabled",
    ]
