"""The commands for keys, sealed files, the purge and the doctor, as typed in a terminal."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from app.cli import doctor
from app.cli.diagnosis import Diagnosis, Site
from app.cli.doctor import examine
from app.records import keys
from app.records.audit import TrailFilter, every
from app.records.database import open_database
from app.records.sealing import seal_details, sealed_counts
from app.site.settings import Settings, load_settings
from tests.commands import flask

from .people import DETAILS, PASSPHRASE, TODAY, signed

NEW = "another quite long passphrase"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A site in its own folder, with a first key and the details of three people."""
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(tmp_path / "instance"))
    # A passphrase takes a second and 256 MB on purpose; too much for the many tries here.
    monkeypatch.setitem(keys.STRENGTH, "moderate", keys.STRENGTH["interactive"])
    monkeypatch.setattr(doctor, "MOUNTS", tmp_path / "none")  # this machine's disks do not matter
    settings = load_settings()
    key = keys.first_key(settings.keys, today=TODAY)
    with closing(open_database(settings.database)) as db:
        for number in (1, 2, 3):
            signature, _ = signed(db, number)
            seal_details(db, signature, "packet", DETAILS, key, day=TODAY)
    return settings


@pytest.fixture
def words(tmp_path: Path) -> Path:
    file = tmp_path / "words"
    file.write_text(PASSPHRASE + "\n")
    return file


def fine(command: str, *arguments: object, text: str | None = None) -> str:
    result = flask(command, *arguments, answer=text)
    assert result.exit_code == 0, result.output
    return result.output


def counts(settings: Settings) -> dict[str, int]:
    with closing(open_database(settings.database)) as db:
        return sealed_counts(db)


def trail(settings: Settings) -> list[tuple[str, dict[str, object]]]:
    with closing(open_database(settings.database)) as db:
        return [(event.what.value, dict(event.after)) for event in every(db, TrailFilter())]


def current(settings: Settings) -> keys.CampaignKey:
    key = keys.current_key(settings.keys)
    assert key is not None
    return key


# Keys


def test_show_says_where_each_private_key_is_and_how_many_rows_need_it(site: Settings) -> None:
    output = fine("keys", "show")
    assert current(site).printed in output
    assert "in use, 3 sealed rows" in output
    assert "ON THIS SERVER with its passphrase next to it" in output


def test_make_asks_twice_and_writes_the_private_key_to_the_given_file(
    site: Settings, tmp_path: Path
) -> None:
    old, stick = current(site), tmp_path / "stick.json"
    output = fine("keys", "make", "--out", stick, text=f"{NEW}\n{NEW}\n")
    assert NEW not in output
    new = current(site)
    assert new != old
    assert keys.unlock(stick, NEW)
    assert "not on this server" in fine("keys", "show")
    assert trail(site)[-1] == (
        "campaign key made", {"key": new.id, "private half on this server": False}
    )  # fmt: skip


def test_make_with_a_short_passphrase_makes_nothing(site: Settings) -> None:
    old = current(site)
    result = flask("keys", "make", answer="short\nshort\n")
    assert result.exit_code == 1
    assert "at least 12" in result.output
    assert current(site) == old
    assert trail(site) == []


def test_move_takes_the_first_key_off_the_server(site: Settings, tmp_path: Path) -> None:
    away = tmp_path / "away.json"
    fine("keys", "move", "--out", away, text=f"{NEW}\n{NEW}\n")
    assert keys.unlock(away, NEW)
    assert list(site.keys.glob("*.private.json")) == []
    assert list(site.keys.glob("*.passphrase")) == []
    assert counts(site) == {current(site).id: 3}
    again = flask("keys", "move", "--out", tmp_path)
    assert again.exit_code == 1
    assert "Passphrase" not in again.output, "it asks for no passphrase if there is no key"


def test_use_takes_a_public_key_from_another_computer(site: Settings, tmp_path: Path) -> None:
    other = keys.make_key(tmp_path / "laptop", NEW, today=TODAY, strength="interactive")
    output = fine("keys", "use", tmp_path / "laptop" / f"{other.id}.public.json")
    assert other.printed in output
    assert current(site) == other


def test_rotate_moves_all_rows_to_a_new_key_so_the_old_one_can_be_retired(
    site: Settings, words: Path, tmp_path: Path
) -> None:
    old = current(site)
    refused = flask("keys", "retire", old.id)
    assert refused.exit_code == 1
    assert "3 sealed rows" in refused.output
    stick = tmp_path / "stick.json"
    output = fine("keys", "rotate", "--new-passphrase-file", words, "--out", stick)
    new = current(site)
    assert new != old
    assert "3 rows are now sealed to key" in output
    assert counts(site) == {new.id: 3}
    fine("keys", "retire", old.printed[:9])
    assert "retired" in fine("keys", "show")
    assert [what for what, _ in trail(site)] == [
        "campaign key made", "sealed details moved to another key", "campaign key retired",
    ]  # fmt: skip


def test_running_rotate_again_makes_no_third_key(site: Settings, words: Path) -> None:
    fine("keys", "rotate", "--new-passphrase-file", words)
    new = current(site)
    old = next(key for key in keys.public_keys(site.keys) if key != new)
    with closing(open_database(site.database)) as db:  # a slow worker sealed to the old key
        signature, _ = signed(db, 4)
        seal_details(db, signature, "packet", DETAILS, old, day=TODAY)
    fine("keys", "rotate")
    assert current(site) == new
    assert counts(site) == {new.id: 4}


def test_rotate_with_a_wrong_passphrase_changes_nothing(site: Settings, words: Path) -> None:
    old = current(site)
    result = flask("keys", "rotate", "--passphrase-file", words)
    assert result.exit_code == 1
    assert "This passphrase does not open" in result.output
    assert current(site) == old
    assert counts(site) == {old.id: 3}


@pytest.mark.parametrize(
    "arguments", [["show"], ["rotate"], ["retire", "abc"], ["move", "--out", "x"]]
)
def test_key_command_errors_are_sentences(site: Settings, arguments: list[str]) -> None:
    for path in site.keys.glob("*.public.json"):
        path.write_text("damaged")
    result = flask("keys", *arguments)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert "Traceback" not in result.output


# Sealed files


def export(site: Settings, tmp_path: Path) -> tuple[Path, Path]:
    file = tmp_path / "sealed.jsonl"
    fine("keys", "export", file)
    return file, site.keys / f"{current(site).id}.private.json"


def test_an_export_opens_with_the_key_and_is_in_the_audit_trail(
    site: Settings, tmp_path: Path
) -> None:
    file, private = export(site, tmp_path)
    result = flask("signatures open", file, "--key", private)
    assert result.exit_code == 0
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["details"] for row in rows] == [DETAILS] * 3
    assert "3 rows opened, 0 did not open." in result.stderr
    assert trail(site)[-1] == (
        "sealed details exported",
        {"campaign": site.campaign, "purpose": "all", "rows": 3, "keys": current(site).id},
    )


def test_opening_an_export_needs_no_database(
    site: Settings, tmp_path: Path, words: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine("keys", "rotate", "--new-passphrase-file", words)
    file, private = export(site, tmp_path)
    away = tmp_path / "laptop"
    away.mkdir()
    file, private = file.rename(away / file.name), private.rename(away / private.name)
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(tmp_path / "nothing" / "here"))
    out = away / "open.jsonl"
    fine("signatures open", file, "--key", private, "--out", out, text=f"{PASSPHRASE}\n")
    assert len(out.read_text().splitlines()) == 3
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert not (tmp_path / "nothing").exists()


def test_opening_a_truncated_export_prints_its_whole_rows_and_fails(
    site: Settings, tmp_path: Path
) -> None:
    file, private = export(site, tmp_path)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) * 2 // 3])
    result = flask("signatures open", file, "--key", private)
    assert result.exit_code == 1
    assert "incomplete" in result.stderr
    assert len(result.stdout.splitlines()) >= 1


def test_opening_never_overwrites_a_file(site: Settings, tmp_path: Path) -> None:
    file, private = export(site, tmp_path)
    (tmp_path / "dear").write_text("dear")
    result = flask("signatures open", file, "--key", private, "--out", tmp_path / "dear")
    assert result.exit_code == 1
    assert (tmp_path / "dear").read_text() == "dear"


@pytest.mark.parametrize("command", ["move", "make", "rotate"])
def test_a_private_key_is_not_moved_within_the_sites_own_folder(
    site: Settings, command: str
) -> None:
    before = {path.name for path in site.keys.iterdir()}
    out = site.instance / "away.json"
    result = flask("keys", command, "--out", out, answer=f"{NEW}\n{NEW}\n")
    assert result.exit_code == 1
    assert "inside the site's own folder" in result.output
    assert {path.name for path in site.keys.iterdir()} == before
    assert not out.exists()


def test_an_export_names_the_file_that_it_does_not_replace(site: Settings, tmp_path: Path) -> None:
    file = tmp_path / "sealed.jsonl"
    file.write_text("")
    result = flask("keys", "export", file)
    assert result.output == f"Error: {file} already exists. Choose another file.\n"


# Purge


@pytest.fixture
def late(site: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The same site, with unknown campaigns and details that are 200 days old."""
    monkeypatch.setenv("DEAR_CONGRESS_LETTERS", str(site.instance / "no letters"))
    with closing(open_database(site.database)) as db:
        day = (datetime.now(UTC) - timedelta(days=200)).date().isoformat()
        db.execute("UPDATE sealed SET day = ?", (day,))
        db.execute("UPDATE signatures SET day = ?", (day,))
    return load_settings()


def test_purge_dry_run_reports_and_purge_now_deletes(late: Settings) -> None:
    assert "3 sealed details would be deleted (kept 90 days)" in fine(
        "signatures purge", "--dry-run"
    )
    assert sum(counts(late).values()) == 3
    assert "3 sealed details deleted (kept 90 days)" in fine("signatures purge", "--now")
    assert counts(late) == {}
    assert trail(late) == [("purged", {"kind": "sealed details", "days": 90, "rows": 3})]


def test_purge_reports_traces_that_a_long_read_keeps(
    late: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.records.erasing.empty_log.__defaults__", (0.0,))
    with closing(open_database(late.database)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sealed").fetchone()
        result = flask("signatures purge", "--now")
        reader.execute("ROLLBACK")
    assert result.exit_code == 1
    assert "3 sealed details deleted" in result.output
    assert "Traces of deleted data may still be in the files" in result.output
    fine("signatures purge", "--now")


@pytest.mark.parametrize("arguments", [[], ["--dry-run", "--now"]])
def test_purge_without_an_explicit_mode_deletes_nothing(
    late: Settings, arguments: list[str]
) -> None:
    assert flask("signatures purge", *arguments).exit_code == 2
    assert sum(counts(late).values()) == 3


def test_the_retention_period_is_a_setting(late: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEAR_CONGRESS_KEEP_SEALED_DAYS", "300")
    assert "0 sealed details deleted (kept 300 days)" in fine("signatures purge", "--now")
    assert sum(counts(late).values()) == 3


def test_an_unreadable_campaign_stops_the_purge(
    late: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = late.instance / "letters" / "broken"
    folder.mkdir(parents=True)
    (folder / "campaign.toml").write_text("this is [not a campaign")
    monkeypatch.setenv("DEAR_CONGRESS_LETTERS", str(folder.parent))
    result = flask("signatures purge", "--now")
    assert result.exit_code == 1
    assert "nothing is purged" in result.output
    assert sum(counts(late).values()) == 3


def test_the_purge_policy_reads_the_end_of_the_sites_own_campaign(
    site: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.site.daily import policy_of

    assert policy_of(site).ends[site.campaign] == date(2027, 1, 3)


# Doctor


def findings(settings: Settings, now: datetime | None = None) -> dict[str, Diagnosis]:
    return dict(examine(Site(settings, now or datetime.now(UTC))))


def test_a_new_sites_only_finding_is_the_private_key_to_move(
    site: Settings,
) -> None:
    found = findings(site, datetime(2026, 11, 25, 20, tzinfo=UTC))
    assert {name: one.level for name, one in found.items() if one.level == "fail"} == {}
    assert found["private key"].level == "warn"
    assert "flask keys move" in found["private key"].sentence


def test_the_warning_ends_when_the_key_is_moved(site: Settings, tmp_path: Path) -> None:
    fine("keys", "move", "--out", tmp_path / "away.json", text=f"{NEW}\n{NEW}\n")
    assert findings(site)["private key"] == Diagnosis("ok", "No private key is on this server.")


def test_rows_sealed_to_a_missing_key_are_found(site: Settings) -> None:
    keys.make_key(site.keys, NEW, today=TODAY, strength="interactive")
    for file in site.keys.glob("*.public.json"):
        if file.name.startswith(next(iter(counts(site)))):
            file.unlink()
    found = findings(site)["private key"]
    assert found.level == "fail"
    assert "3 rows are sealed to keys that are missing from" in found.sentence


@pytest.mark.parametrize("name", ["secret.key", "person.key", "dear-congress.db"])
def test_a_secret_that_others_can_read_is_found(site: Settings, name: str) -> None:
    (site.instance / name).chmod(0o640)
    assert findings(site)["secrets"] == Diagnosis(
        "fail", f"Other users of this machine can read {name}. Run chmod 600 on each."
    )


def test_an_overdue_purge_is_found_and_purging_fixes_it(late: Settings) -> None:
    found = findings(late)["retention"]
    assert found.level == "fail"
    assert "3 sealed details are older than 90 days" in found.sentence
    fine("signatures purge", "--now")
    assert findings(late)["retention"].level == "ok"


def test_deleted_data_in_free_pages_fails_the_doctor(
    site: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program deleted it without our settings: no row is too old, but bytes are left."""
    monkeypatch.setenv("DEAR_CONGRESS_TODAY", "2026-11-25")
    with closing(open_database(site.database)) as db:
        key = keys.current_key(site.keys)
        assert key is not None
        for number in range(100, 130):
            signature, _ = signed(db, number)
            seal_details(db, signature, "packet", DETAILS, key, day=TODAY)
    with closing(sqlite3.connect(site.database)) as careless:
        careless.execute("PRAGMA secure_delete=OFF")
        careless.execute("DELETE FROM sealed WHERE signature > 3")
        careless.commit()
    result = flask("doctor")
    assert result.exit_code == 2
    assert "sealed boxes that belong to no row" in result.output
    assert "free pages of the database file are not blank" in result.output
    fine("signatures purge", "--now")
    assert flask("doctor").exit_code == 1, "only warnings are left"


def test_a_count_that_drifted_is_found(site: Settings) -> None:
    assert findings(site)["counts"].level == "ok"
    with closing(open_database(site.database)) as db:
        db.execute("UPDATE tallies SET signatures = signatures + 1 WHERE dimension = 'state'")
    assert findings(site)["counts"].level == "fail"


def test_a_damaged_database_is_found_and_the_other_checks_still_run(site: Settings) -> None:
    with closing(open_database(site.database)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        size = db.execute("PRAGMA page_size").fetchone()[0]
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'tallies'").fetchone()
    with site.database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(os.urandom(size))
    found = findings(site)
    assert found["database"].level == "fail"
    assert found["secrets"].level == "ok"
    assert set(found) == set(doctor.CHECKS)


def test_tables_of_a_past_congress_are_found(site: Settings) -> None:
    assert findings(site, datetime(2027, 1, 2, tzinfo=UTC))["tables"].level != "fail"
    # The next lines are known without names; nothing is known of the ones after them.
    assert findings(site, datetime(2027, 1, 4, tzinfo=UTC))["tables"].level == "warn"
    assert findings(site, datetime(2029, 1, 4, tzinfo=UTC))["tables"].level == "fail"


def test_an_invalid_network_is_found(site: Settings) -> None:
    assert findings(site)["limits"].level == "ok"
    unfit = replace(site, raised_networks="192.0.2.0/24, library")
    assert findings(unfit)["limits"].level == "fail"


@pytest.mark.parametrize(("free", "level"), [(50e6, "fail"), (500e6, "warn"), (50e9, "ok")])
def test_low_disk_space_is_found_before_the_disk_is_full(
    site: Settings, monkeypatch: pytest.MonkeyPatch, free: float, level: str
) -> None:
    """N37"""
    usage = type("Usage", (), {"free": free})
    monkeypatch.setattr("app.cli.doctor.shutil.disk_usage", lambda path: usage)
    assert findings(site)["disk"].level == level


def test_doctor_prints_a_line_per_check_and_exits_with_2_on_a_failure(
    site: Settings,
) -> None:
    (site.instance / "secret.key").chmod(0o644)
    started = time.process_time()
    result = flask("doctor")
    assert time.process_time() - started < 10
    assert result.exit_code == 2
    assert len(result.output.splitlines()) == len(doctor.CHECKS)
    assert "FAIL  secrets" in result.output
    assert "None" not in result.output
