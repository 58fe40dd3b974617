"""``flask organizers``: each command, its output, and its events in the audit trail."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from click.testing import Result
from flask import Flask

from app.errors import NotStoredError
from app.records import audit, organizers
from app.records.organizers import organizer_by_name
from app.site.services import Services, services
from tests.commands import flask
from tests.organizers.browser import Browser
from tests.organizers.conftest import PASSWORD, Clock, Office

LINK = re.compile(r"https?://\S+/organize/set-password/\S{43}$", re.MULTILINE)


def run(app: Flask, *args: str) -> Result:
    return flask("organizers", *args, site=app)


def link(result: Result) -> str:
    (found,) = LINK.findall(result.output)
    return str(found)


def test_adding_prints_a_link_that_sets_a_password(app: Flask, clock: Clock) -> None:
    result = run(app, "add", "Rosa Delgado", "--role", "admin")
    assert result.exit_code == 0
    assert "Added Rosa Delgado as admin." in result.output
    assert "2026-11-27 12:00 UTC" in result.output
    path = link(result).removeprefix("http://localhost:8000")
    browser = Browser(app, clock).get(path)
    assert "Rosa Delgado" in browser.words
    browser.send(path, password=PASSWORD, again=PASSWORD)
    assert browser.path == "/organize/second-factor"


def test_the_link_has_the_port_of_the_running_site(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        monkeypatch.setattr(services(), "settings", replace(services().settings, port=8123))
    assert link(run(app, "add", "Rosa", "--role", "editor")).startswith("http://localhost:8123/")


@pytest.mark.parametrize("site_url", ["https://letters.example.org"])
def test_the_link_has_the_public_address(app: Flask) -> None:
    found = link(run(app, "add", "Rosa", "--role", "editor"))
    assert found.startswith("https://letters.example.org/organize/set-password/")


def test_an_existing_name_is_not_added_again(app: Flask) -> None:
    run(app, "add", "Rosa", "--role", "editor")
    result = run(app, "add", "ROSA", "--role", "admin")
    assert result.exit_code == 1
    assert "'Rosa' already exists" in result.output
    assert not LINK.search(result.output)


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\u202eb", "command line"])
def test_an_unusable_name_is_refused(app: Flask, name: str) -> None:
    result = run(app, "add", name, "--role", "editor")
    assert result.exit_code == 1
    assert "No one was added" in result.output


def test_a_role_is_needed_and_must_exist(app: Flask) -> None:
    assert run(app, "add", "Rosa").exit_code == 2
    assert run(app, "add", "Rosa", "--role", "owner").exit_code == 2


def test_the_list_says_who_is_ready(app: Flask, staff: Office) -> None:
    assert "There are no organizers yet" in run(app, "list").output
    staff.add("Rosa", "admin")
    run(app, "add", "Ana", "--role", "editor")
    lines = run(app, "list").output.splitlines()
    assert re.fullmatch(r"name +role +ready +last login \(UTC\)", lines[0])
    assert re.fullmatch(r"Ana +editor +no password yet +never", lines[1])
    assert re.fullmatch(r"Rosa +admin +yes +2026-11-25 12:00", lines[2])


def test_a_reset_ends_sessions_and_keeps_the_second_factor(app: Flask, staff: Office) -> None:
    rosa = staff.add("Rosa")
    result = run(app, "reset", "rosa")
    assert "password removed, all sessions ended" in result.output
    assert "authenticator app as before" in result.output
    assert LINK.search(result.output)
    assert staff.session(rosa.token) == "ended"


def test_a_reset_can_remove_the_second_factor(app: Flask, staff: Office) -> None:
    staff.add("Rosa")
    result = run(app, "reset", "Rosa", "--second-factor")
    assert "set up an authenticator app" in result.output
    found = organizer_by_name(staff.db, "Rosa")
    assert found is not None
    assert not found.has_second_factor


def test_disabling_ends_sessions_and_enabling_restores_the_account(
    app: Flask, staff: Office
) -> None:
    rosa = staff.add("Rosa", "admin")
    run(app, "add", "Invited", "--role", "admin")
    result = run(app, "disable", "Rosa")
    assert "disabled and logged out everywhere" in result.output
    assert "No admin can log in now" in result.output
    assert staff.session(rosa.token) == "ended"
    assert "is already disabled" in run(app, "disable", "Rosa").output
    assert "enable" in run(app, "reset", "Rosa").output
    assert "Rosa is enabled." in run(app, "enable", "Rosa").output


def test_revoking_sessions_keeps_the_password(app: Flask, staff: Office) -> None:
    rosa = staff.add("Rosa")
    staff.log_in(rosa)
    assert run(app, "revoke-sessions", "Rosa").output == "Rosa: 2 sessions ended.\n"
    assert run(app, "revoke-sessions", "Rosa").output == "Rosa: 0 sessions ended.\n"
    assert isinstance(staff.password("Rosa"), organizers.OpenedSession)


@pytest.mark.parametrize("command", ["reset", "disable", "enable", "revoke-sessions"])
def test_an_unknown_name_is_explained(app: Flask, command: str) -> None:
    assert "There are no organizers yet" in run(app, command, "Rosa").output
    run(app, "add", "Ana", "--role", "editor")
    result = run(app, command, "Rosa")
    assert result.exit_code == 1
    assert "There is no organizer named 'Rosa'. These exist: Ana." in result.output


def test_every_change_is_in_the_trail_under_the_command_line(app: Flask, staff: Office) -> None:
    run(app, "add", "Rosa", "--role", "editor")
    run(app, "reset", "Rosa")
    run(app, "disable", "Rosa")
    run(app, "enable", "Rosa")
    events = list(audit.every(staff.db, audit.TrailFilter()))
    assert {e.who for e in events} == {"command line"}
    assert [e.what.value for e in events] == [
        "organizer added", "password link made", "password link made", "organizer disabled",
        "organizer enabled",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "command", ["add", "list", "reset", "disable", "enable", "revoke-sessions"]
)
def test_help_has_an_example_for_each_command(app: Flask, command: str) -> None:
    text = run(app, command, "--help").output
    assert f"flask organizers {command}" in text
    assert f"flask organizers {command}" in run(app, "--help").output or command != "add"


def test_an_unusable_database_gives_a_one_sentence_error(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Services) -> None:
        raise NotStoredError("Cannot open the database.")

    monkeypatch.setattr(Services, "db", refuse)
    result = run(app, "add", "Rosa", "--role", "editor")
    assert result.exit_code == 1
    assert result.output == "Error: Cannot open the database.\n"
