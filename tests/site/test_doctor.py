"""Many ways to break a site. The doctor reports each, with what to do."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from nacl.pwhash import argon2id

from app.cli import doctor
from app.cli.diagnosis import STATUS
from app.cli.doctor import look
from app.cli.doctor_asks import TRIES
from app.congress.tables import FOLDER
from app.records.backup import note, notes, take
from app.records.database import open_database
from app.records.health import check_site
from app.records.identity import note_moved
from app.records.keys import STRENGTH, current_key, make_key
from app.records.sealing import seal_details
from app.records.signing import sign
from app.site.backups import seal_keys
from app.site.settings import load_settings
from tests.commands import flask
from tests.records.build import signature
from tests.records.test_identity import earlier_backup, leave_a_log

NOW = datetime(2026, 9, 1, 18, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site in use without any problem."""
    folder = tmp_path_factory.mktemp("doctor")
    site = folder / "site"
    settings = load_settings({}, instance=site)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(STRENGTH, "moderate", (argon2id.OPSLIMIT_MIN, argon2id.MEMLIMIT_MIN))
        make_key(settings.keys, "a long passphrase", today=NOW.date(), out=folder / "private")
        seal_keys(settings, folder / "stick", "a long passphrase", NOW)
    key = current_key(settings.keys)
    assert key is not None
    check_site(settings.database, settings.own_keys)
    with closing(open_database(settings.database)) as db:
        for name in ("one", "two", "three"):
            sign(db, signature(name, at=NOW, day=NOW.date()), settings.secret_key)
        seal_details(db, 1, "packet", {"first": "Imani"}, key, day=NOW.date())
    done = take(settings.database, folder / "copies", at=NOW, program="1", extra={})
    note(site, "copy", {"at": NOW.isoformat(), "file": str(done.path)})
    note(site, "drill", {"at": NOW.isoformat(), "file": str(done.path), "problem": ""})
    (site / "purged").write_text("done")
    os.utime(site / "purged", (NOW.timestamp(), NOW.timestamp()))
    return site


@dataclass
class Patient:
    instance: Path
    patch: pytest.MonkeyPatch
    later: timedelta = timedelta(0)
    tries: tuple[str, ...] = ()
    stay: list[Any] = field(default_factory=list)

    @property
    def database(self) -> Path:
        return self.instance / "dear-congress.db"

    def set(self, **values: object) -> None:
        for name, value in values.items():
            self.patch.setenv(f"DEAR_CONGRESS_{name.upper()}", str(value))

    def file(self, text: str) -> None:
        (self.instance / "settings.toml").write_text(text)
        (self.instance / "settings.toml").chmod(0o600)

    @contextmanager
    def raw(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.database, isolation_level=None)) as db:
            yield db

    def sql(self, *statements: str) -> None:
        with self.raw() as db:
            for statement in statements:
                db.execute(statement)

    def note(self, what: str, days: int, **facts: object) -> None:
        note(self.instance, what, {"at": (NOW - timedelta(days=days)).isoformat(), **facts})


Break = Callable[[Patient], None]
WAYS: list[tuple[str, str, str, Break]] = []
"""The check, its level, words of its sentence, and how to cause it."""


def way(check: str, level: str, words: str) -> Callable[[Break], Break]:
    def put(function: Break) -> Break:
        WAYS.append((check, level, words, function))
        return function

    return put


def setting(check: str, level: str, words: str, text: str) -> None:
    def break_it(p: Patient) -> None:
        p.file(text)

    break_it.__name__ = re.sub(r"\W+", "_", text)[:40]
    WAYS.append((check, level, words, break_it))


setting("settings", "fail", "Did you mean group_name", 'groupname = "Us"')
setting("settings", "fail", "Write a whole number from 5", "form_minutes = 0")
setting("settings", "fail", "cannot be read. Write one setting", "site_url = https://x.org")
setting("settings", "fail", "mail_from is not", 'mail_server = "mail.example.org"')
setting("settings", "fail", "too short or too simple", 'secret_key = "hunter2"')
setting("settings", "fail", "cannot have sections", "[mail]\nserver = 1")
setting("settings", "fail", "unencrypted", 'site_url = "http://letters.example.org"')
setting("settings", "warn", "cannot reach you", 'site_url = "https://letters.example.org"')
setting("settings", "warn", "Remove today", 'today = "2026-12-01"')
setting("proxy", "fail", "limits = true", "limits = false")
setting("proxy", "warn", "trusted_proxies = 1", 'site_url = "https://letters.example.org"')
setting("limits", "fail", "limits_url", 'limits_url = "redis://127.0.0.1:1"')
setting("mail", "fail", "redis_url does not answer", 'redis_url = "redis://127.0.0.1:1"')
setting("official delivery", "fail", "", 'cwc_mode = "production"')
setting("letters' texts", "fail", "flask letters check", 'campaign = "no-such-campaign"')
setting("tables", "warn", "refresh is on but has not run", "congress_refresh = true")
setting("stream", "fail", "Nothing was streamed", 'stream_to = "s3://bucket/x"')


@way("settings", "fail", "-r deploy/redis.lock")
def nothing_that_speaks_with_redis(p: Patient) -> None:
    p.patch.setattr("app.site.settings.find_spec", lambda _: None)
    p.set(limits_url="redis://127.0.0.1:6379/0")


@way("settings", "fail", "Save it as UTF-8")
def other_encoding(p: Patient) -> None:
    (p.instance / "settings.toml").write_bytes('group_name = "Señas"'.encode("latin-1"))


@way("settings", "warn", "cannot reach you")
def saved_by_an_editor_of_windows(p: Patient) -> None:
    p.file('\ufeffsite_url = "https://letters.example.org"\r\n')


@way("settings", "fail", "There is no site in")
def another_folder(p: Patient) -> None:
    p.set(instance=p.instance.parent / "elsewhere")


@way("settings", "fail", "this runs as root: run it as 4242 (sudo -u '#4242'")
def run_by_root(p: Patient) -> None:
    p.patch.setattr("os.geteuid", lambda: 0)
    theirs = os.stat_result((0o700, 0, 0, 1, *[4242] * 6))
    p.patch.setattr("app.files.Path.stat", lambda _, **_how: theirs)


@way("settings", "fail", "sudo chown -R 4242 /")
def put_back_by_root(p: Patient) -> None:
    def loads(_: str) -> None:
        raise PermissionError(13, "Permission denied", str(p.instance / "settings.toml"))

    p.file("")
    p.patch.setattr("os.geteuid", lambda: 4242)
    p.patch.setattr("tomllib.loads", loads)


@way("settings", "fail", "secret.key is missing next to the database")
def secret_key_lost(p: Patient) -> None:
    (p.instance / "secret.key").unlink()


@way("settings", "fail", "person.key is missing next to the database")
def person_key_lost(p: Patient) -> None:
    (p.instance / "person.key").unlink()


@way("settings", "fail", "too short to be a secret")
def key_cut(p: Patient) -> None:
    (p.instance / "secret.key").write_text("abc")


@way("identity", "fail", "used with a different secret.key")
def secret_key_changed(p: Patient) -> None:
    (p.instance / "secret.key").write_text("0123456789abcdef" * 4)


@way("identity", "fail", "used with a different person.key")
def person_key_changed(p: Patient) -> None:
    (p.instance / "person.key").write_text("0123456789abcdef" * 4)


@way("identity", "fail", "is missing")
def database_lost(p: Patient) -> None:
    p.database.unlink()


@way("stream", "fail", "dear-congress.db is missing")
def database_lost_while_streaming(p: Patient) -> None:
    p.set(stream_to=p.instance.parent / "stream")
    p.database.unlink()


@way("copies", "ok", "The last copy was made")
def database_lost_with_a_copy(p: Patient) -> None:
    (p.instance.parent / "x.zip").write_text("")
    p.note("copy", 0, file=str(p.instance.parent / "x.zip"))
    p.database.unlink()


@way("identity", "fail", "is not this site's database")
def another_database(p: Patient) -> None:
    open_database(p.instance.parent / "other.db").close()
    shutil.copy(p.instance.parent / "other.db", p.database)


@way("identity", "fail", "-wal does not belong to the database")
def log_of_another(p: Patient) -> None:
    backup = earlier_backup(p.database)
    leave_a_log(p.database)
    shutil.copyfile(backup, p.database)


@way("identity", "fail", "is not this site's database")
def emptied(p: Patient) -> None:
    p.database.write_bytes(b"")


@way("identity", "fail", "moved to another machine on 2026-09-01")
def started_again_after_it_moved(p: Patient) -> None:
    note_moved(p.database, "2026-09-01")


@way("identity", "fail", "newer version of this program")
def newer_program(p: Patient) -> None:
    p.sql("INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('dear-congress', 'x')")


@way("database", "fail", "is damaged")
def page_overwritten(p: Patient) -> None:
    with p.raw() as db:
        root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'letters'").fetchone()[0]
    with p.database.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(os.urandom(4096))


@way("database", "fail", "malformed. Stop the site")
def half_of_it_copied(p: Patient) -> None:
    os.truncate(p.database, 200_000)


@way("database", "fail", "points at a missing row")
def letters_without_signature(p: Patient) -> None:
    p.sql("PRAGMA foreign_keys=OFF", "INSERT INTO held VALUES (99, 'by hand', '')")


@way("schema", "fail", "trigger tally_letter_insert")
def trigger_dropped(p: Patient) -> None:
    p.sql("DROP TRIGGER tally_letter_insert")


@way("schema", "fail", "index one_signature_per_house_and_name")
def index_dropped(p: Patient) -> None:
    p.sql("DROP INDEX one_signature_per_house_and_name")


@way("schema", "fail", "table mine")
def table_added(p: Patient) -> None:
    p.sql("CREATE TABLE mine (x)")


@way("schema", "fail", "breakdown all in")
def breakdowns_emptied_and_their_tallies(p: Patient) -> None:
    p.sql("DELETE FROM breakdowns", "DELETE FROM tallies WHERE dimension <> 'recipient'")


@way("log", "warn", "a long read")
def log_grown(p: Patient) -> None:
    held = open_database(p.database)
    p.stay.append(held)
    p.patch.setattr(doctor, "LARGE_LOG", -1)


@way("log", "warn", "signatures purge --now")
def traces_left(p: Patient) -> None:
    p.sql("INSERT INTO unerased VALUES (1)")


@way("counts", "fail", "flask signatures recount")
def count_drifted(p: Patient) -> None:
    p.sql("UPDATE tallies SET signatures = 99 WHERE dimension = 'state'")


@way("secrets", "fail", "chmod 600")
def key_open_to_all(p: Patient) -> None:
    (p.instance / "person.key").chmod(0o644)


@way("secrets", "fail", "settings.toml")
def settings_open_to_all(p: Patient) -> None:
    p.file("")
    (p.instance / "settings.toml").chmod(0o644)


@way("secrets", "fail", "sudo chown -R --reference")
def written_by_root(p: Patient) -> None:
    if os.geteuid():  # who cannot give a file away can only say so
        p.patch.setattr(doctor, "_owner_of", lambda f: 0 if f.name == "purged" else os.geteuid())
    else:
        os.chown(p.instance / "purged", 4242, 4242)


@way("secrets", "warn", "chmod 700")
def folder_open_to_all(p: Patient) -> None:
    p.instance.chmod(0o755)


@way("private key", "warn", "flask keys make")
def no_campaign_key(p: Patient) -> None:
    p.sql("DELETE FROM sealed")
    shutil.rmtree(p.instance / "keys")


@way("private key", "fail", "sealed to keys that are missing")
def campaign_key_lost(p: Patient) -> None:
    shutil.rmtree(p.instance / "keys")


@way("private key", "fail", "does not match its own fingerprint")
def campaign_key_swapped(p: Patient) -> None:
    [file] = (p.instance / "keys").glob("*.public.json")
    said = json.loads(file.read_text())
    file.write_text(json.dumps({**said, "public": "A" * 43 + "="}))


@way("private key", "warn", "flask keys move")
def private_key_here(p: Patient) -> None:
    [file] = (p.instance / "keys").glob("*.public.json")
    shutil.copy(p.instance.parent / "private", str(file).replace("public", "private"))


@way("retention", "fail", "flask signatures purge --now")
def details_kept_too_long(p: Patient) -> None:
    p.sql("UPDATE signatures SET day = '2020-01-01', campaign = 'old'")


@way("retention", "fail", "mail in files are older")
def mail_kept_too_long(p: Patient) -> None:
    (p.instance / "outbox").mkdir()
    (p.instance / "outbox" / "a.eml").write_text("")
    os.utime(p.instance / "outbox" / "a.eml", (1, 1))


@way("retention", "fail", "copies set aside are older")
def old_databases_put_aside(p: Patient) -> None:
    (p.instance / "aside").mkdir()
    (p.instance / "aside" / "x-before-upgrade.db").write_text("")
    os.utime(p.instance / "aside" / "x-before-upgrade.db", (1, 1))


@way("retention", "fail", "that belong to no row")
def deleted_without_care(p: Patient) -> None:
    p.sql("PRAGMA secure_delete=OFF", "DELETE FROM sealed")


@way("tables", "fail", "cut short or changed")
def tables_cut(p: Patient) -> None:
    tables = p.instance / "congress" / "made"
    shutil.copytree(FOLDER, tables)
    (p.instance / "congress" / "current").symlink_to("made")
    (tables / "zips.csv").write_bytes((tables / "zips.csv").read_bytes()[:-5000])


@way("tables", "fail", "is missing from the tables")
def a_table_lost(p: Patient) -> None:
    tables = p.instance / "congress" / "made"
    shutil.copytree(FOLDER, tables)
    (p.instance / "congress" / "current").symlink_to("made")
    (tables / "members.json").unlink()


@way("tables", "warn", "flask congress refresh")
def tables_grown_old(p: Patient) -> None:
    p.later = timedelta(days=60)


@way("tables", "warn", "has no names")
def new_congress(p: Patient) -> None:
    p.later = datetime(2027, 1, 4, tzinfo=UTC) - NOW


@way("tables", "fail", "no one can look up")
def congress_after_next(p: Patient) -> None:
    p.later = datetime(2029, 1, 4, tzinfo=UTC) - NOW


@way("disk", "fail", "what takes the space: sudo du")
def disk_full(p: Patient) -> None:
    usage = shutil.disk_usage(p.instance)._replace(free=10**6)
    p.patch.setattr("app.cli.doctor.shutil.disk_usage", lambda _: usage)


@way("disk", "fail", "a network disk (nfs4)")
def network_disk(p: Patient) -> None:
    file = p.instance.parent / "mounts"
    there = p.instance.parent.resolve()
    file.write_text(
        f"/dev/sda / ext4 rw 0 0\nauto {there} autofs rw 0 0\nnas:/x {there} nfs4 rw 0 0\n"
    )
    p.patch.setattr(doctor, "MOUNTS", file)


@way("mail", "fail", "flask worker")
def mail_stands_still(p: Patient) -> None:
    p.sql(
        "INSERT INTO outbound (id, once, kind, state, queued_at, state_at, next_at, payload)"
        f" VALUES ('{'a' * 32}', randomblob(32), 'other', 'queued', 1, 1, 1, x'00')"
    )


@way("mail", "warn", "In the last 9 days, 1 message failed and 0 messages")
def mail_failed(p: Patient) -> None:
    p.file("keep_mail_days = 9")
    p.sql(
        "INSERT INTO outbound (id, once, kind, state, queued_at, state_at, next_at)"
        f" VALUES ('{'a' * 32}', randomblob(32), 'other', 'failed', 1, 1, 1)"
    )


@way("letters", "fail", "should be impossible")
def letter_in_a_wrong_state(p: Patient) -> None:
    p.sql("UPDATE letters SET state = 'printed' WHERE seat = 'CA-12'")


@way("daily job", "warn", "has not run for")
def daily_job_stopped(p: Patient) -> None:
    p.later = timedelta(days=5)


@way("clock", "fail", "timedatectl")
def clock_set_back(p: Patient) -> None:
    p.later = timedelta(days=-3)


@way("clock", "fail", "but the list of members is from 2026-06-15")
def clock_before_the_list(p: Patient) -> None:
    p.later = timedelta(days=-200)


@way("tables", "fail", "before the first Congress in the tables")
def clock_years_back(p: Patient) -> None:
    p.later = timedelta(days=-700)


@way("program", "fail", "pip install --require-hashes")
def package_missing(p: Patient) -> None:
    def version(name: str) -> str:
        return "0.1" if name == "pynacl" else real(name)

    real = metadata.version
    p.patch.setattr(metadata, "version", version)


@way("copies", "warn", "flask backup now FOLDER")
def never_copied(p: Patient) -> None:
    (p.instance / "copies.json").unlink()


@way("copies", "warn", "9 days old")
def not_copied_for_long(p: Patient) -> None:
    p.note("copy", 9, file=str(p.instance.parent / "copies" / "x.zip"))


@way("copies", "fail", "The last copy is 4 days old")
def daily_copy_fails(p: Patient) -> None:
    p.set(backup_folder=p.instance.parent / "copies")
    p.note("copy", 4, file="x.zip")


@way("copies", "fail", "flask backup now /")
def daily_copy_never_worked(p: Patient) -> None:
    p.set(backup_folder="~/copies")
    (p.instance / "copies.json").write_text("{}")


@way("copies", "fail", "is missing")
def copy_lost(p: Patient) -> None:
    p.set(backup_folder=p.instance.parent / "copies")
    p.note("copy", 0, file=str(p.instance.parent / "nowhere.zip"))


@way("disk", "fail", "/locked cannot be used: Permission denied.")
def folder_locked(p: Patient) -> None:
    def refuse(_folder: Path) -> str:
        raise PermissionError(13, "Permission denied", "/locked")

    p.patch.setattr(doctor, "_file_system_of", refuse)


@way("drill", "warn", "flask backup drill FILE")
def never_tried(p: Patient) -> None:
    (p.instance / "copies.json").write_text("{}")


@way("drill", "warn", "last 61 days")
def not_tried_for_long(p: Patient) -> None:
    p.note("drill", 61, problem="")


@way("drill", "fail", "does not restore: It is cut off.")
def drill_failed(p: Patient) -> None:
    p.note("drill", 1, problem="It is cut off.")


@way("copied keys", "warn", "never copied")
def keys_never_copied(p: Patient) -> None:
    (p.instance / "copies.json").write_text("not even JSON")


@way("copied keys", "warn", "have changed since")
def keys_changed_since(p: Patient) -> None:
    p.file('mail_password = "another"')


@way("stream", "fail", "Nothing was streamed yet")
def folder_of_the_stream_cannot_be_written(p: Patient) -> None:
    p.set(stream_to=p.instance.parent / "nowhere")
    own = p.instance / ".dear-congress.db-litestream" / "ltx" / "0"
    own.mkdir(parents=True)
    (own / "1.ltx").write_text("")


@way("mail server", "fail", "The mail server does not accept us: no connection")
def mail_server_dead(p: Patient) -> None:
    p.tries = ("mail server",)
    p.set(mail_server="127.0.0.1", mail_port=1, mail_tls="none", mail_from="us@example.org",
          site_url="http://localhost:8000")  # fmt: skip


@way("geocoder", "warn", "unreachable")
def geocoder_dead(p: Patient) -> None:
    p.tries = ("geocoder",)
    p.set(geocoder_url="http://127.0.0.1:1/x")


@way("from outside", "fail", "cannot be reached")
def address_dead(p: Patient) -> None:
    p.tries = ("from outside",)
    p.set(site_url="http://127.0.0.1:1")


@way("from outside", "warn", "Set site_url")
def no_address(p: Patient) -> None:
    p.tries = ("from outside",)


def on_a_large_local_disk(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Whatever the disk of this machine is, the doctor finds nothing wrong with it."""
    usage = shutil.disk_usage(folder)._replace(free=10**11)
    patch.setattr("app.cli.doctor.shutil.disk_usage", lambda _: usage)
    (folder / "local").write_text("/dev/sda / ext4 rw 0 0\n")
    patch.setattr(doctor, "MOUNTS", folder / "local")


@pytest.fixture
def patient(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Patient]:
    shutil.copytree(sound, tmp_path / "site")
    shutil.copy(sound.parent / "private", tmp_path / "private")
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(tmp_path / "site"))
    on_a_large_local_disk(monkeypatch, tmp_path)
    made = Patient(tmp_path / "site", monkeypatch)
    yield made
    for one in made.stay:
        one.close()


def test_a_sound_site_passes_every_check(patient: Patient) -> None:
    (patient.instance / ".notes.json.1.ab").symlink_to("taken-away-meanwhile")
    found = look(NOW)
    assert [(name, f.sentence) for name, f in found if f.level != "ok"] == []
    assert [name for name, _ in found] == list(doctor.CHECKS)


def test_every_check_has_a_way_to_break_it_of_more_than_fifty() -> None:
    assert len(WAYS) > 50
    assert {check for check, *_ in WAYS} == {*doctor.CHECKS, *TRIES}


@pytest.mark.parametrize(
    ("check", "level", "words", "break_it"), WAYS, ids=[w[3].__name__ for w in WAYS]
)
def test_the_doctor_reports_each_problem(
    patient: Patient, check: str, level: str, words: str, break_it: Break
) -> None:
    break_it(patient)
    one = {name: c for name, c in doctor.CHECKS.items() if name == check}
    patient.patch.setattr(doctor, "CHECKS", one)
    answers = look(NOW + patient.later, patient.tries)
    found = [f for name, f in answers if name == check and words in f.sentence]
    assert found, answers
    assert found[0].level == level


def test_json_output_is_one_object_with_an_exit_status(patient: Patient) -> None:
    (patient.instance / "person.key").unlink()
    done = flask("doctor --json")
    said = json.loads(done.output)
    assert done.exit_code == STATUS["fail"] == 2
    assert said["level"] == "fail"
    [found] = said["checks"]
    assert found["check"] == "settings"
    assert "person.key is missing" in found["sentence"]


def test_failed_checks_stay_in_the_sites_alerts_until_they_pass(
    patient: Patient,
) -> None:
    patient.instance.chmod(0o755)  # only a warning
    (patient.instance / "person.key").chmod(0o644)
    assert flask("doctor").exit_code == 2
    assert "doctor" not in notes(patient.instance)
    flask("doctor --alert")
    assert "secrets" in notes(patient.instance)["doctor"]["broken"].split(", ")
    (patient.instance / "person.key").chmod(0o600)
    flask("doctor --alert")
    assert "secrets" not in notes(patient.instance)["doctor"]["broken"]


def test_an_alert_about_a_missing_site_leaves_nothing_in_its_place(patient: Patient) -> None:
    """A file there would keep the site from ever being made."""
    missing = patient.instance.parent / "elsewhere"
    patient.set(instance=missing)
    assert "There is no site in" in flask("doctor --alert").output
    assert not missing.exists()
