"""The commands as an operator runs them: fast to list, complete, and never a traceback."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask.cli import ScriptInfo

from app.cli import COMMANDS, LAZY_SUBCOMMANDS, LazyCommand, command_app
from app.records.database import open_database
from app.site.settings import ROOT, load_settings
from tests.commands import flask as invoked
from tests.records.test_identity import earlier_backup, leave_a_log

HEAVY = ("typst", "wtforms", "lxml", "huey", "redis", "openpyxl", "nacl", "flask_babel",
         "app.web", "app.records", "app.congress", "app.campaign")  # fmt: skip


def flask(instance: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flask", *arguments],
        cwd=ROOT,
        env={**os.environ, "DEAR_CONGRESS_INSTANCE": str(instance), **environment},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "place", "sentence"),
    [(n, *one) for table in (COMMANDS, *LAZY_SUBCOMMANDS.values()) for n, one in table.items()],
)
def test_every_lazy_command_loads_under_its_name(name: str, place: str, sentence: str) -> None:
    command = LazyCommand(name, place, sentence).load()
    assert command.name == name
    assert command.help


@pytest.mark.parametrize(
    "command",
    ["letters labels", "letters packets", "signatures attest", "signatures sheets", "keys make"],
)
def test_an_empty_name_to_write_to_is_refused(command: str) -> None:
    """What ``--out "$OUT"`` gives where ``OUT`` is not set; it would be the current folder."""
    done = invoked(command, "--out", "")
    assert (done.exit_code, "The name is empty" in done.output) == (2, True)


def test_a_closed_pipe_prints_no_error(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "flask", "settings"], cwd=ROOT, check=False, text=True,
        env={**os.environ, "DEAR_CONGRESS_INSTANCE": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=writer, stderr=subprocess.PIPE,
    )  # fmt: skip
    os.close(writer)
    assert done.stderr == ""


def test_asking_for_a_passphrase_without_a_terminal_fails_cleanly(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "keys", "make"], cwd=ROOT, check=False, text=True,
        env={**os.environ, "DEAR_CONGRESS_INSTANCE": str(tmp_path)}, start_new_session=True,
        stdin=subprocess.DEVNULL, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: There is no terminal to type")
    assert "GetPassWarning" not in done.stderr


def test_a_passphrase_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "words"
    file.write_bytes(b"p\xe4ssphrase for a key")
    done = invoked("keys make", "--passphrase-file", file)
    assert done.exit_code == 1
    assert f"{file} is not UTF-8 text" in done.output


@pytest.mark.parametrize("group", LAZY_SUBCOMMANDS)
def test_a_subcommand_defined_outside_its_group_is_found(group: str) -> None:
    for name in LAZY_SUBCOMMANDS[group]:
        result = invoked(group, name, "--help")
        assert result.exit_code == 0, result.output
        assert f"{group} {name}" in result.output


def all_commands(
    group: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name."""
    group = group.load() if isinstance(group, LazyCommand) else group
    if isinstance(group, click.Group):
        for name, command in group.commands.items():
            yield from all_commands(command, (*path, name))
    else:
        yield " ".join(path), group


def documented_commands() -> Iterator[tuple[str, str]]:
    """Every command line in the documents and help texts, with its place."""
    names = "|".join(COMMANDS)
    own = re.compile(rf"(?:\bflask(?: --app wsgi)?|^letters) ((?:{names})\b[^`\n);]*)")
    for file in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "deploy").iterdir()):
        for line in file.read_text(encoding="utf-8").splitlines():
            for found in own.findall(line):
                yield file.name, found
    for name, command in all_commands(command_app().cli):
        for line in (command.help or "").splitlines():
            for found in own.findall(line):
                yield f"flask {name} --help", found


def test_every_documented_command_exists_with_its_options() -> None:
    commands = dict(all_commands(command_app().cli))
    assert not [name for name, command in commands.items() if "``" in (command.help or "")]
    groups = {name.split()[0] for name in commands if " " in name}
    seen = set()
    for place, text in documented_commands():
        words = text.split()
        name = next((n for i in (3, 2, 1) if (n := " ".join(words[:i])) in commands), None)
        if name is None:
            assert len(words) == 1 or words[0] in groups, f"{place}: flask {text}"
            continue
        seen.add(name)
        known = {option for param in commands[name].params for option in param.opts}
        for option in re.findall(r"(?<!\S)(--[a-z-]+)", text):
            assert option in {*known, "--help"}, f"{place}: flask {text}"
    assert len(seen) > 40


def test_the_help_of_every_command_shows_an_example() -> None:
    commands = dict(all_commands(command_app().cli))
    assert [name for name, one in commands.items() if "Example" not in (one.help or "")] == []


def test_listing_the_commands_imports_none_of_them(tmp_path: Path) -> None:
    code = (
        "import sys, flask.cli\n"
        "sys.argv = ['flask', '--help']\n"
        "try: flask.cli.main()\n"
        "except SystemExit: pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


def test_the_command_line_application_has_no_routes() -> None:
    app = command_app()
    assert not list(app.url_map.iter_rules())
    info = ScriptInfo(create_app=lambda: app)
    context = click.Context(app.cli, obj=info)
    assert set(app.cli.list_commands(context)) >= set(COMMANDS)


WRONG = "DEAR_CONGRESS_FORM_MINUTES is “0”. Write a whole number from 5 to 1440."


@pytest.mark.parametrize(
    "command",
    ["doctor", "settings", "organizers list", "signatures count", "mail status", "letters check",
     "worker", "keys show"],
)  # fmt: skip
def test_every_command_reports_an_invalid_setting_alike(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(tmp_path))
    monkeypatch.setenv("DEAR_CONGRESS_FORM_MINUTES", "0")
    done = invoked(command)
    assert done.exit_code == (2 if command == "doctor" else 1)
    assert WRONG in done.output
    assert isinstance(done.exception, SystemExit), "said in words and not by Python"


def test_an_invalid_setting_is_reported_without_a_traceback(tmp_path: Path) -> None:
    done = flask(tmp_path, "letters", "check", DEAR_CONGRESS_FORM_MINUTES="0")
    assert done.returncode == 1
    assert WRONG in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def begin(instance: Path) -> None:
    """A site that was started once."""
    open_database(load_settings({}, instance=instance).database).close()


@pytest.mark.slow
def test_the_doctor_reports_a_lost_database_and_adopt_asks_before_replacing_it(
    tmp_path: Path,
) -> None:
    begin(tmp_path)
    today = {"DEAR_CONGRESS_TODAY": "2026-11-25"}
    assert flask(tmp_path, "doctor", **today).returncode == 1, "a new site has warnings"
    for file in tmp_path.glob("dear-congress.db*"):
        file.unlink()
    (tmp_path / "person.key").unlink()
    lost = flask(tmp_path, "doctor")
    assert lost.returncode == 2
    assert "person.key is missing next to the database" in lost.stdout
    assert "flask adopt" in lost.stdout
    assert flask(tmp_path, "adopt").returncode == 1, "it asks first"
    assert not (tmp_path / "person.key").exists()
    done = flask(tmp_path, "adopt", "--yes")
    assert done.returncode == 0, done.stderr
    assert "anyone who signed before can sign again and be counted twice" in done.stdout
    assert flask(tmp_path, "doctor", **today).returncode == 1


@pytest.mark.slow
def test_the_doctor_warns_about_a_rehearsal_day(tmp_path: Path) -> None:
    begin(tmp_path)
    done = flask(tmp_path, "doctor", DEAR_CONGRESS_TODAY="2026-11-25")
    assert "warn  settings" in done.stdout
    assert "treats every day as 2026-11-25" in done.stdout


@pytest.mark.slow
def test_the_doctor_reports_a_wal_of_another_database(tmp_path: Path) -> None:
    begin(tmp_path)
    assert flask(tmp_path, "doctor", DEAR_CONGRESS_TODAY="2026-11-25").returncode == 1
    database = tmp_path / "dear-congress.db"
    backup = earlier_backup(database)
    leave_a_log(database)
    shutil.copyfile(backup, database)
    done = flask(tmp_path, "doctor")
    assert done.returncode == 2
    assert "FAIL  identity" in done.stdout
    assert "-wal does not belong to the database" in done.stdout
    assert database.read_bytes() == backup.read_bytes()
    assert flask(tmp_path, "adopt", "--yes").returncode == 0
    assert "ok    identity" in flask(tmp_path, "doctor").stdout
