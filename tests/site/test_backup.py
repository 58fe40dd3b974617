"""The backup commands, as an operator who lost a machine runs them."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nacl.pwhash import argon2id
from sqlite_utils import Database

from app.files import locked, wrong_owner
from app.records import migrations
from app.records.audit import TrailFilter, What, every
from app.records.backup import copies, note, notes
from app.records.counts import totals
from app.records.database import open_database
from app.records.health import adopt_site, check_site
from app.records.identity import NotItselfError
from app.records.keys import STRENGTH, first_key
from app.records.signing import sign, withdraw
from app.site.backups import fingerprint_of_keys, open_keys, stream_file
from app.site.daily import copy_if_due
from app.site.settings import Settings, load_settings
from tests.commands import flask
from tests.records.build import signature

PASSPHRASE = "correct horse battery staple"

NOON = datetime(2026, 11, 25, 17, tzinfo=UTC)


class Machine:
    """A site, and folders elsewhere for its copies and keys."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.patch = folder, monkeypatch
        self.copies, self.stick = folder / "copies", folder / "stick"
        (folder / "words").write_text(PASSPHRASE + "\n")
        self.start("site")

    def start(self, name: str) -> None:
        self.instance = self.folder / name
        self.patch.setenv("DEAR_CONGRESS_INSTANCE", str(self.instance))

    @property
    def settings(self) -> Settings:
        return load_settings()

    def run(self, *arguments: object, fails: bool = False) -> str:
        done = flask("backup", *arguments)
        assert done.exit_code == (1 if fails else 0), done.output
        return done.output

    def sign(self, *names: str) -> list[str]:
        with closing(open_database(self.settings.database)) as db:
            key = self.settings.secret_key
            return [sign(db, signature(name), key).receipt for name in names]

    def count(self) -> int:
        with closing(open_database(self.settings.database)) as db:
            return totals(db, None).signatures

    def copy(self) -> Path:
        """Make a copy and a sealed copy of the keys; returns the first."""
        words = ("--keys", self.stick, "--passphrase-file", self.folder / "words")
        self.run("now", self.copies, *words)
        return copies(self.copies)[-1].path

    def sealed(self) -> tuple[object, ...]:
        return ("--keys", next(self.stick.iterdir()), "--passphrase-file", self.folder / "words")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path, monkeypatch)
    made.settings.instance.joinpath("settings.toml").write_text(
        'group_name = "Neighbors"  # ours\nmail_password = "hush-hush"\n'
    )
    least = (argon2id.OPSLIMIT_MIN, argon2id.MEMLIMIT_MIN)
    monkeypatch.setitem(STRENGTH, "moderate", least)  # the strength is tested elsewhere
    open_database(made.settings.database).close()
    first_key(made.settings.keys, today=NOON.date())
    return made


def test_a_lost_site_is_restored_on_another_machine(machine: Machine) -> None:
    machine.sign("one", "two")
    file, prints = machine.copy(), fingerprint_of_keys(machine.settings)
    shutil.rmtree(machine.instance)
    machine.start("elsewhere")
    refused = machine.run("restore", "--yes", file, fails=True)
    assert "used with a different secret.key and person.key" in refused
    assert not (machine.instance / "dear-congress.db").exists()
    said = machine.run("restore", "--yes", file, *machine.sealed())
    assert "2 people, 6 letters" in said
    assert "cannot be read" in said
    assert machine.count() == 2
    check_site(machine.settings.database, machine.settings.own_keys)
    assert fingerprint_of_keys(machine.settings) == prints
    assert machine.settings.mail_password == "hush-hush"
    machine.sign("one")
    assert machine.count() == 2, "who signed is still known"


def test_restoring_reports_what_is_lost_and_keeps_withdrawals(machine: Machine) -> None:
    one, _ = machine.sign("one", "two")
    file = machine.copy()
    with closing(open_database(machine.settings.database)) as db:
        withdraw(db, one)
    machine.sign("three")
    said = machine.run("restore", "--yes", file)
    assert "1 counted signature, with 3 letters (2026-11-24)" in said
    assert "withdrawn again" in said
    assert machine.count() == 1
    [moved] = (machine.instance / "aside").glob("*-before-restore")
    assert (moved / "dear-congress.db").exists()
    with closing(open_database(machine.settings.database)) as db:
        [event] = [e for e in every(db, TrailFilter()) if e.what == What.COPY_RESTORED]
    assert event.after == {"withdrawn again": 1}


def test_a_drill_names_only_what_the_copy_lacks(machine: Machine) -> None:
    machine.sign("one")
    file = machine.copy()
    with closing(open_database(machine.settings.database)) as db:
        held = signature("two", status="held", held_for="by hand")
        sign(db, held, machine.settings.secret_key)
    said = machine.run("drill", file)
    assert "lacks what the current database has: 1 pending signature.\n" in said


def test_withdrawals_before_a_move_survive_restoring_the_old_site(machine: Machine) -> None:
    one, _ = machine.sign("one", "two")
    machine.run("now", machine.copies)
    [file] = copies(machine.copies)
    with closing(open_database(machine.settings.database)) as db:
        withdraw(db, one)
    words = ("--keys", machine.stick, "--passphrase-file", machine.folder / "words")
    machine.run("now", machine.folder / "carried", *words, "--moving")
    said = machine.run("restore", "--yes", file.path)
    assert "has no later signatures" in said
    assert "withdrawn again" in said
    assert machine.count() == 1


def test_withdrawals_are_taken_from_a_newer_backup_in_the_folder(machine: Machine) -> None:
    [one, _] = machine.sign("one", "two")
    file = machine.copy()
    with closing(open_database(machine.settings.database)) as db:
        withdraw(db, one)
    shutil.copy(file, machine.folder / "first.zip")
    file.unlink()
    shutil.move(machine.folder / "first.zip", machine.copies / "dear-congress-20200101-000000.zip")
    machine.run("now", machine.copies)
    machine.settings.database.write_bytes(b"gone to dust")
    for end in ("-wal", "-shm"):
        Path(f"{machine.settings.database}{end}").unlink(missing_ok=True)
    said = machine.run("restore", "--yes", machine.copies / "dear-congress-20200101-000000.zip")
    assert "unknown" in said
    assert machine.count() == 1


def copy_dated(machine: Machine, days: int) -> Path:
    """Make a copy while the machine's clock is so many days ahead."""
    before = set(machine.copies.glob("*"))
    machine.run("now", machine.copies)
    [file] = set(machine.copies.glob("*")) - before
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    other = file.with_name(f"dear-congress-{at:%Y%m%d-%H%M%S}.zip")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "manifest.json":
                content = json.dumps({**json.loads(content), "at": at.isoformat()}).encode()
            new.writestr(name, content)
    file.unlink()
    return other


@pytest.mark.parametrize("restored", [-3, 9])
@pytest.mark.parametrize(("earlier", "later"), [(8, -1), (-2, 8), (7, 8), (-2, -1)])
def test_withdrawals_in_a_later_backup_are_found_whatever_its_clock_was(
    machine: Machine, restored: int, earlier: int, later: int
) -> None:
    one, _ = machine.sign("one", "two")
    file = copy_dated(machine, restored)
    copy_dated(machine, earlier)
    with closing(open_database(machine.settings.database)) as db:
        withdraw(db, one)
    copy_dated(machine, later)
    machine.settings.database.write_bytes(b"gone to dust")
    for end in ("-wal", "-shm"):
        Path(f"{machine.settings.database}{end}").unlink(missing_ok=True)
    said = machine.run("restore", "--yes", file)
    assert ("in the future" in said) == (restored > 0)
    assert machine.count() == 1


def test_nothing_is_restored_without_confirmation(machine: Machine) -> None:
    machine.sign("one")
    file = machine.copy()
    machine.sign("two")
    assert "Restore this copy?" in machine.run("restore", file, fails=True)
    assert machine.count() == 2


def test_a_backup_of_another_site_is_refused(machine: Machine) -> None:
    machine.sign("one")
    file = machine.copy()
    machine.start("another")
    machine.sign("two", "three")
    said = machine.run("restore", "--yes", file, *machine.sealed(), fails=True)
    assert "another site" in said
    assert machine.count() == 2


def test_a_drill_reports_and_records_whether_a_backup_restores(machine: Machine) -> None:
    machine.sign("one")
    file = machine.copy()
    machine.sign("two")
    said = machine.run("drill", file, *machine.sealed())
    assert "1 person, 3 letters. It is complete" in said
    assert "1 counted signature" in said
    assert notes(machine.instance)["drill"]["problem"] == ""
    assert machine.count() == 2, "nothing was changed"
    assert not list(machine.instance.glob(".copy-*"))
    file.write_bytes(file.read_bytes()[:-100])
    assert "damaged" in machine.run("drill", file, fails=True)
    assert "damaged" in notes(machine.instance)["drill"]["problem"]


def test_a_drill_that_fails_before_reading_a_backup_records_nothing(machine: Machine) -> None:
    file = machine.copy()
    machine.run("drill", file, *machine.sealed())
    machine.folder.joinpath("other words").write_text("not the passphrase")
    assert "stream_to" in machine.run("drill", "--stream", fails=True)
    wrong = [*machine.sealed()[:-1], machine.folder / "other words"]
    assert "does not open" in machine.run("drill", file, *wrong, fails=True)
    assert notes(machine.instance)["drill"]["problem"] == ""


def test_a_backup_contains_settings_and_letters_and_no_secret(machine: Machine) -> None:
    file = machine.copy()
    machine.run("now", machine.folder / "more")
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        assert archive.read("settings.toml").decode() == 'group_name = "Neighbors"  # ours\n'
        assert "letters/protect-immigration-act/campaign.toml" in names
        everything = b"".join(archive.read(name) for name in names)
    settings = machine.settings
    for secret in (settings.secret_key, settings.person_key, b"hush-hush"):
        assert secret not in everything
    assert not [n for n in names if "private" in n or "passphrase" in n or n.endswith(".key")]


def test_keys_are_backed_up_sealed_and_away_from_the_database(machine: Machine) -> None:
    machine.copy()
    sealed = next(machine.stick.iterdir())
    assert sealed.stat().st_mode & 0o777 == 0o600
    assert machine.settings.secret_key not in sealed.read_bytes()
    found = open_keys(sealed, PASSPHRASE)
    assert found["person.key"] == machine.settings.person_key
    assert any(name.endswith(".private.json") for name in found)
    said = machine.run("now", machine.copies, "--keys", machine.copies, fails=True)
    assert "apart from the database" in said
    for near in (machine.copies / "keys", machine.copies.parent):
        said = machine.run("now", machine.copies, "--keys", near, fails=True)
        assert "apart from the database" in said
    (machine.folder / "words").write_text("some other words")
    file = copies(machine.copies)[-1].path
    assert "does not open" in machine.run("restore", file, *machine.sealed(), fails=True)


def test_a_site_without_a_database_has_nothing_to_back_up(machine: Machine) -> None:
    machine.start("new")
    assert "nothing to copy" in machine.run("now", machine.copies, fails=True)


def test_a_backup_into_the_sites_own_folder_is_refused(machine: Machine) -> None:
    inside = machine.instance / "copies"
    assert "one accident" in machine.run("now", inside, fails=True)
    assert "one accident" in machine.run("now", machine.copies, "--keys", inside, fails=True)


def test_a_backup_with_a_bad_passphrase_changes_nothing(machine: Machine) -> None:
    machine.sign("one")
    words = machine.folder / "words"
    words.write_text("short")
    for way in ((), ("--passphrase-file", words)):
        said = machine.run(
            "now", machine.copies, "--keys", machine.stick, "--moving", *way, fails=True
        )
        assert "passphrase" in said
        assert not machine.copies.exists()
        assert machine.count() == 1, "it has not moved"


def test_concurrent_notes_are_serialized_by_a_lock(machine: Machine) -> None:
    """A second process waits from the read of the notes to the write."""
    alone = []

    def watched(*_: object) -> dict[str, dict[str, str]]:
        try:
            with locked(machine.instance, wait=False):
                alone.append(False)
        except BlockingIOError:
            alone.append(True)
        return {}

    machine.patch.setattr("app.records.backup.notes", watched)
    machine.patch.setattr("app.records.backup.write_file", watched)
    note(machine.instance, "copy", {})
    assert alone == [True, True]


def test_a_moved_site_accepts_nothing_at_its_old_place(machine: Machine) -> None:
    machine.sign("one")
    words = ("--keys", machine.stick, "--passphrase-file", machine.folder / "words")
    with locked(machine.settings.database.with_suffix(".serving")):
        said = machine.run("now", machine.copies, *words, "--moving", fails=True)
    assert "The site or its mail worker is running" in said
    assert not machine.copies.exists()
    machine.sign("two")
    said = machine.run("now", machine.copies, *words, "--moving")
    assert f"delete {machine.instance}" in said
    for act in (lambda: machine.sign("three"), machine.count):
        with pytest.raises(NotItselfError, match="moved to another machine on 20"):
            act()
    assert "moved to another machine" in machine.run("stream", fails=True)

    [file] = copies(machine.copies)
    machine.start("elsewhere")
    machine.run("restore", "--yes", file.path, *machine.sealed())
    machine.sign("three")
    machine.run("now", machine.folder / "back")
    machine.start("site")
    machine.run("restore", "--yes", copies(machine.folder / "back")[0].path)
    assert machine.count() == 3, "and it may come back"


def test_a_moved_site_can_be_adopted_again_at_its_old_place(machine: Machine) -> None:
    words = ("--keys", machine.stick, "--passphrase-file", machine.folder / "words")
    machine.run("now", machine.copies, *words, "--moving")
    adopt_site(machine.settings.database, machine.settings.own_keys)
    machine.sign("one")
    assert machine.count() == 1


def test_the_list_shows_each_backup_and_each_invalid_file(machine: Machine) -> None:
    assert "To make one" in machine.run("list", machine.folder)
    machine.sign("one")
    ahead = copy_dated(machine, 3)
    machine.run("now", machine.copies)
    [file] = set(machine.copies.glob("*")) - {ahead}
    (machine.copies / "dear-congress-20990101-000000.zip").write_text("no copy")
    said = machine.run("list", machine.copies)
    assert re.search(rf"{file.name}  20\d\d-\d\d-\d\d \d\d:\d\d UTC, 1 signature, 0\.\d MB", said)
    assert "20990101-000000.zip  This is not a copy" in said
    assert re.search(
        rf"{ahead.name}  [-0-9: ]+ UTC \(in the future: a clock was wrong\), 1 sig", said
    )


def version_2(db: Database) -> None:
    db.execute("ALTER TABLE signatures ADD COLUMN colour TEXT")


def test_an_upgrade_reports_its_steps_and_a_backup_to_go_back_to(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.sign("one")
    assert "Nothing to upgrade" in flask("upgrade").output
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "STEPS", [*migrations.STEPS, version_2])
        done = flask("upgrade")
        assert done.exit_code == 0, done.output
        assert "Upgraded: version_2." in done.output
        assert "Nothing to upgrade" in flask("upgrade").output
        machine.sign("two")
    refused = flask("upgrade")
    assert refused.exit_code == 1
    assert "newer version" in refused.output
    before = done.output.rpartition(" ")[2].strip()
    said = machine.run("restore", "--yes", before)
    assert "1 counted signature, with 3 letters" in said
    assert machine.count() == 1


def test_an_upgrade_reports_what_is_wrong_with_the_database(machine: Machine) -> None:
    machine.sign("one")
    with closing(sqlite3.connect(machine.settings.database)) as db, db:
        db.execute("UPDATE tallies SET signatures = 99 WHERE dimension = 'state'")
    done = flask("upgrade")
    assert done.exit_code == 1
    assert "Nothing to upgrade" in done.output
    assert "after the upgrade" not in done.output
    assert "1 count does not match the rows" in done.output
    assert "1 count does not match the rows" in machine.run("drill", machine.copy())


def test_the_daily_job_makes_one_backup_a_day_if_a_folder_is_set(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = NOON
    open_database(machine.settings.database).close()
    assert not copy_if_due(machine.settings, now)
    monkeypatch.setenv("DEAR_CONGRESS_BACKUP_FOLDER", str(machine.copies))
    assert copy_if_due(machine.settings, now)
    assert not copy_if_due(machine.settings, now + timedelta(hours=23))
    assert copy_if_due(machine.settings, now + timedelta(hours=24))
    assert len(copies(machine.copies)) == 2


def test_a_copy_that_fails_still_deletes_those_that_are_too_old(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = NOON
    open_database(machine.settings.database).close()
    monkeypatch.setenv("DEAR_CONGRESS_BACKUP_FOLDER", str(machine.copies))
    for days in (40, 39):
        assert copy_if_due(machine.settings, now - timedelta(days=days))
    full = os.statvfs_result((4096, 4096, 9, 0, 0, 9, 9, 9, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _path: full)
    assert not copy_if_due(machine.settings, now)
    assert len(copies(machine.copies)) == 1, "the newest stays"


def test_litestream_is_configured_from_settings_with_no_secret_in_its_file(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEAR_CONGRESS_STREAM_TO", "s3://letters/site")
    monkeypatch.setenv("DEAR_CONGRESS_STREAM_ENDPOINT", "https://s3.example.org")
    monkeypatch.setenv("DEAR_CONGRESS_STREAM_SECRET", "hush-hush")
    text = stream_file(machine.settings).read_text()
    assert "hush-hush" not in text
    database = f"path: {json.dumps(str(machine.settings.database))}"
    where = ('bucket: "letters"', 'path: "site"', 'endpoint: "https://s3.example.org"')
    for line in (*where, database, "retention: 696h"):
        assert line in text


def test_suggested_commands_quote_folder_names_for_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "Ana’s copies"
    folder.mkdir()
    said = flask("backup", "list", folder).output.rpartition("To make one: ")[2]
    assert shlex.split(said) == ["flask", "backup", "now", str(folder)]
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    said = wrong_owner(folder).rpartition("sudo ")[2]
    assert shlex.split(said) == ["chown", "-R", "4242", str(folder)]
