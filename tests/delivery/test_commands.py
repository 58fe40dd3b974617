"""The commands, as an operator meets them."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from app.cli.delivery import deliver_command, mail_group, worker_command, xml_command
from app.cli.doctor import CHECKS, Site
from app.delivery.addresses import Address
from app.delivery.mail import Mail
from app.delivery.post import Queued
from app.documents.cwc import schema_errors
from app.records import open_database, receipt_token, set_status, sign, withdraw
from app.settings import load_settings
from app.web.mail import mail_queue
from tests.records.build import SECRET, signature

from . import cwc_server, mail_server
from .mail_server import until

HEADER = "first,last,street,city,state,zip,email,prefix,district,story\n"
GOOD = "Ana,Li,88 Heron St,Oakland,CA,94612,ana@example.org,Ms.,,My neighbor stopped calling.\n"


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An instance folder with the delivery agent's details in it."""
    for name in list(os.environ):
        if name.startswith("DEAR_CONGRESS_") or name == "REDIS_URL":
            monkeypatch.delenv(name)
    instance = tmp_path / "instance"
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(instance))
    monkeypatch.setenv("DEAR_CONGRESS_TODAY", "2026-11-25")
    instance.mkdir()
    (instance / "settings.toml").write_text(
        'cwc_agent = "Example Letters, Inc."\ncwc_ack_email = "cwc@letters.example"\n'
        'cwc_contact_name = "Robin Example"\ncwc_contact_email = "robin@letters.example"\n'
        'cwc_contact_phone = "202-555-0147"\n',
        encoding="utf-8",
    )
    return instance


def run(command: Any, *arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(a) for a in arguments])


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def people(tmp_path: Path, *rows: str, header: str = HEADER) -> Path:
    file = tmp_path / "people.csv"
    file.write_text("\ufeff" + header + "".join(rows), encoding="utf-8")
    return file


# --- the offices' format -----------------------------------------------------------


def test_a_row_becomes_one_valid_file_for_each_office(tmp_path: Path) -> None:
    result = run(xml_command, people(tmp_path, GOOD), "--out", tmp_path / "xml")
    assert result.exit_code == 0, result.output
    assert "1 rows, 3 messages" in result.output
    assert "Nothing was sent" in result.output
    index = table(tmp_path / "xml" / "index.csv")
    assert [row["office"] for row in index] == ["HCA12", "SCA01", "SCA03"]
    for row in index:
        xml = (tmp_path / "xml" / row["file"]).read_bytes()
        assert schema_errors(xml) == ()
        root = etree.fromstring(xml)
        assert root.findtext(".//ConstituentMessage") == "My neighbor stopped calling."
        assert root.findtext(".//DeliveryId") == row["delivery_id"]
        assert (tmp_path / "xml" / row["file"]).stat().st_mode & 0o077 == 0
    assert table(tmp_path / "xml" / "problems.csv") == []


def test_a_second_run_makes_the_same_delivery_ids(tmp_path: Path) -> None:
    file = people(tmp_path, GOOD)
    for out in ("one", "two"):
        run(xml_command, file, "--out", tmp_path / out)
    ids = [[r["delivery_id"] for r in table(tmp_path / o / "index.csv")] for o in ("one", "two")]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 3


@pytest.mark.parametrize(
    ("row", "field", "words"),
    [
        (GOOD.replace("Ms.", ""), "prefix", "title"),
        (GOOD.replace("94612", "60647").replace("CA", "IL"), "district", "IL-3, IL-5"),
        (GOOD.replace("94612", "30165"), "state", "GA"),
        (GOOD.replace("94612", "0213"), "zip", "five or nine"),
        (GOOD.replace("CA,", "=1+1,"), "state", "two-letter"),
        (GOOD.replace("94612", "09012").replace("CA", "AE"), "zip", "home_zip"),
        (GOOD.replace("ana@example.org", ""), "email", "e-mail"),
        (GOOD.replace("My neighbor", "I am Ana Li. My neighbor"), "own words", "full name"),
        (GOOD.replace(",Ms.,,", ",Ms.,twelve,"), "district", "number"),
        (GOOD.strip() + ",too,many\n", "row", "more cells"),
    ],
)
def test_a_row_with_a_problem_is_named_by_its_own_number(
    tmp_path: Path, row: str, field: str, words: str
) -> None:
    result = run(xml_command, people(tmp_path, GOOD, row), "--out", tmp_path / "xml")
    assert result.exit_code == 1, result.output
    problems = table(tmp_path / "xml" / "problems.csv")
    assert {(p["row"], p["field"]) for p in problems} == {("3", field)}
    assert words in problems[0]["message"]
    assert len(table(tmp_path / "xml" / "index.csv")) == 3
    assert "Ana" not in (tmp_path / "xml" / "problems.csv").read_text(encoding="utf-8")


def test_the_senates_stricter_rules_do_not_cost_the_houses_letter(tmp_path: Path) -> None:
    result = run(
        xml_command, people(tmp_path, GOOD.replace("Ms.", "Mx.")), "--out", tmp_path / "xml"
    )
    assert result.exit_code == 1
    assert [r["office"] for r in table(tmp_path / "xml" / "index.csv")] == ["HCA12"]
    assert [p["seat"] for p in table(tmp_path / "xml" / "problems.csv")] == ["CA-S1", "CA-S3"]


def test_other_programs_column_names_and_a_home_address_are_understood(tmp_path: Path) -> None:
    header = (
        "First Name,Last Name,Address,City,State,Postal Code,E-mail,Title,home_state,home_zip\n"
    )
    row = "Ana,Li,PSC 88 Box 1203,APO,AE,09012,ana@example.org,Ms.,CA,94612\n"
    run(xml_command, people(tmp_path, row, header=header), "--out", tmp_path / "xml")
    problems = table(tmp_path / "xml" / "problems.csv")
    assert {p["field"] for p in problems} == {"state"}
    assert "military" in problems[0]["message"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"first,last\nA,B\n", "no column street"), (b"\xff\xfe\x00", "UTF-8"),
        (b"", "no column first"),
        (b"first,first,last,street,city,state,zip,email\n", "first twice"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(content)
    result = run(xml_command, file, "--out", tmp_path / "xml")
    assert result.exit_code == 1
    assert words in result.output


def opened(tmp_path: Path, **changes: Any) -> Path:
    details = {
        "first": "Ana", "last": "Li", "street": "88 Heron St", "city": "Oakland", "state": "CA",
        "zip": "94612", "email": "ana@example.org", "prefix": "Ms.", "district": 12,
        "story": "My neighbor.", "letters": {"CA-S3": "All of it is mine.\n\nReally."},
    }  # fmt: skip
    lines = [
        {"signature": 1, "purpose": "packet", "day": "2026-11-25", "details": details},
        {"signature": 1, "purpose": "contact", "day": "2026-11-25", "details": details},
    ]
    file = tmp_path / "opened.jsonl"
    file.write_text("".join(json.dumps(x | changes) + "\n" for x in lines), encoding="utf-8")
    return file


def test_an_opened_sealed_export_gives_the_persons_final_words(tmp_path: Path) -> None:
    result = run(xml_command, opened(tmp_path), "--out", tmp_path / "xml")
    assert result.exit_code == 0, result.output
    (row,) = table(tmp_path / "xml" / "index.csv")  # one row: "contact" gave us no letter
    root = etree.parse(tmp_path / "xml" / row["file"])
    assert root.findtext(".//MemberOffice") == "SCA03"
    assert root.findtext(".//ConstituentMessage") == "All of it is mine.\n\nReally."
    assert root.findtext(".//OrganizationStatement") is None


def test_a_line_that_is_no_opened_row_is_named(tmp_path: Path) -> None:
    file = tmp_path / "opened.jsonl"
    file.write_text('not json\n{"details": 7}\n[]\n', encoding="utf-8")
    assert run(xml_command, file, "--out", tmp_path / "xml").exit_code == 1
    assert [p["row"] for p in table(tmp_path / "xml" / "problems.csv")] == ["1", "2", "3"]


def test_without_the_agents_details_nothing_is_written(tmp_path: Path, site: Path) -> None:
    (site / "settings.toml").write_text("", encoding="utf-8")
    result = run(xml_command, people(tmp_path, GOOD), "--out", tmp_path / "xml")
    assert result.exit_code == 1
    assert "cwc_agent" in result.output
    assert not (tmp_path / "xml").exists()


@pytest.mark.parametrize("command", [xml_command, deliver_command, worker_command])
def test_help_shows_an_example(command: Any) -> None:
    assert "Example:" in run(command, "--help").output


# --- handing over ------------------------------------------------------------------


@pytest.fixture
def offices(site: Path) -> Iterator[cwc_server.CwcServer]:
    with cwc_server.running() as server:
        server.offices = ["SCA01"]
        with (site / "settings.toml").open("a", encoding="utf-8") as file:
            for chamber in ("house", "senate"):
                file.write(f'cwc_{chamber}_key = "{server.key}"\n')
                file.write(f'cwc_{chamber}_url = "{server.url}"\n')
        yield server


def test_a_folder_is_handed_over_once_and_its_results_are_kept(
    tmp_path: Path, offices: cwc_server.CwcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.delivery.cwc_client.maintenance_ends", lambda *_: None)
    run(xml_command, people(tmp_path, GOOD), "--out", tmp_path / "xml")
    off = run(deliver_command, tmp_path / "xml")
    assert off.exit_code == 1
    assert "off" in off.output
    monkeypatch.setenv("DEAR_CONGRESS_CWC_MODE", "production")
    offices.script.append(cwc_server.Scripted("/v2/validate", 503))
    first = run(deliver_command, tmp_path / "xml")
    assert first.exit_code == 1
    assert "try later" in first.output
    results = table(tmp_path / "xml" / "results.csv")
    assert [r["result"] for r in results] == ["try later", "accepted", "not attempted"]
    second = run(deliver_command, tmp_path / "xml")
    results = table(tmp_path / "xml" / "results.csv")[3:]
    assert [r["result"] for r in results] == ["accepted", "not attempted"]
    assert "settled" in second.output
    assert len(offices.taken) == 2
    assert offices.key not in second.output + first.output


def test_a_system_that_asks_to_try_later_is_not_asked_again_in_the_same_run(
    tmp_path: Path, offices: cwc_server.CwcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.delivery.cwc_client.maintenance_ends", lambda *_: None)
    monkeypatch.setenv("DEAR_CONGRESS_CWC_MODE", "production")
    other = GOOD.replace("ana@", "bea@")
    run(xml_command, people(tmp_path, GOOD, other), "--out", tmp_path / "xml", "--chamber", "house")
    offices.script.append(cwc_server.Scripted("/v2/validate", 429))
    run(deliver_command, tmp_path / "xml")
    assert [r["result"] for r in table(tmp_path / "xml" / "results.csv")] == ["try later"] * 2
    assert len(offices.requests) == 1


def on_the_site(site: Path, tmp_path: Path, **changes: Any) -> Path:
    """A folder of messages that belong to the letters of a signature of this site."""
    with closing(open_database(site / "dear-congress.db")) as db:
        sign(db, signature("one", **changes), SECRET)
    letters = {"letters": dict.fromkeys(("CA-12", "CA-S1", "CA-S3"), "All mine.\n\nReally.")}
    file = opened(tmp_path)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[0]["details"] |= letters
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    run(xml_command, file, "--out", tmp_path / "xml")
    return tmp_path / "xml"


def states(site: Path) -> dict[str, tuple[str, str]]:
    with closing(open_database(site / "dear-congress.db")) as db:
        rows = db.execute("SELECT seat, state, cause FROM letters").fetchall()
    return {seat: (state, cause) for seat, state, cause in rows}


def test_each_answer_is_noted_with_its_letter_while_a_folder_is_handed_over(
    site: Path, tmp_path: Path, offices: cwc_server.CwcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.delivery.cwc_client.maintenance_ends", lambda *_: None)
    monkeypatch.setenv("DEAR_CONGRESS_CWC_MODE", "production")
    folder = on_the_site(site, tmp_path)
    offices.offices = ["SCA01", "SCA03"]
    no = "<E><Error>Zip</Error></E>"
    offices.script.append(cwc_server.Scripted("/v2/validate", 400, no, {"kind": "text/xml"}))
    offices.script.append(cwc_server.Scripted("/api/production-messages/", 302))
    result = run(deliver_command, folder)
    by = "office system"
    assert states(site) == {
        "CA-12": ("refused", by), "CA-S1": ("unknown", by),
        "CA-S3": ("accepted by the office's system", by),
    }  # fmt: skip
    assert "3  letters of this site say so now" in result.output
    run(deliver_command, folder)
    assert states(site)["CA-S1"] == ("accepted by the office's system", by)


def test_a_letter_whose_words_changed_goes_out_once_in_its_new_words(
    tmp_path: Path, offices: cwc_server.CwcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.delivery.cwc_client.maintenance_ends", lambda *_: None)
    monkeypatch.setenv("DEAR_CONGRESS_CWC_MODE", "production")
    folder = tmp_path / "xml"
    run(xml_command, people(tmp_path, GOOD), "--out", folder, "--chamber", "house")
    (old,) = folder.glob("H*/*.xml")
    before = old.read_bytes()
    changed = GOOD.replace("stopped calling", "calls again")
    run(xml_command, people(tmp_path, changed), "--out", folder, "--chamber", "house")
    (new,) = folder.glob("H*/*.xml")
    assert new != old
    old.write_bytes(before)  # as a run that was broken off leaves it
    run(deliver_command, folder)
    (sent,) = offices.taken.values()
    assert b"calls again" in sent


@pytest.mark.parametrize("how", ["withdrawn", "held", "unconfirmed", "test"])
def test_letters_of_signatures_that_do_not_stand_stay_here(
    site: Path, tmp_path: Path, offices: cwc_server.CwcServer, how: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("DEAR_CONGRESS_CWC_MODE", "production")
    folder = on_the_site(site, tmp_path)
    with closing(open_database(site / "dear-congress.db")) as db:
        if how == "withdrawn":
            withdraw(db, receipt_token(SECRET, "one"))
        elif how == "test":
            db.execute("UPDATE signatures SET status = 'test', person = NULL")
        else:
            set_status(db, [1], how)  # type: ignore[arg-type]
    result = run(deliver_command, folder)
    assert result.exit_code == 1
    assert "withdrawn, or does not count yet" in result.output
    assert offices.requests == []


def test_another_computers_folder_is_noted_only_where_it_belongs(
    site: Path, tmp_path: Path, offices: cwc_server.CwcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.delivery.cwc_client.maintenance_ends", lambda *_: None)
    monkeypatch.setenv("DEAR_CONGRESS_CWC_MODE", "production")
    folder = on_the_site(site, tmp_path)
    run(deliver_command, folder, "--elsewhere")
    assert {state for state, _cause in states(site).values()} == {"written"}
    assert len(offices.taken) == 2
    (folder / "index.csv").unlink()
    assert run(deliver_command, folder).exit_code == 1  # one office takes no part; no note fails
    assert {state for state, _cause in states(site).values()} == {"written"}


def test_a_yes_of_the_test_system_is_never_called_accepted_by_an_office(
    tmp_path: Path, offices: cwc_server.CwcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.delivery.cwc_client.maintenance_ends", lambda *_: None)
    monkeypatch.setenv("DEAR_CONGRESS_CWC_MODE", "test")
    run(xml_command, people(tmp_path, GOOD), "--out", tmp_path / "xml")
    result = run(deliver_command, tmp_path / "xml")
    assert result.exit_code == 1
    assert {r["result"] for r in table(tmp_path / "xml" / "results.csv")} == {
        "accepted by the test system"
    }


# --- mail --------------------------------------------------------------------------


def put(wish: str) -> str:
    post = mail_queue(load_settings()).post
    found = post.enqueue(Mail("copy", Address("ana@example.org"), "Letters", "Hello"), wish=wish)
    assert isinstance(found, Queued)
    return found.row.id


def test_mail_status_counts_and_names_what_does_not_move(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "No messages." in run(mail_group, "status").output
    message_id = put("a")
    result = run(mail_group, "status")
    assert result.exit_code == 0
    assert "1  queued" in result.output
    monkeypatch.setattr("app.cli.delivery.STUCK", timedelta(minutes=-1))
    stuck = run(mail_group, "status")
    assert stuck.exit_code == 1
    assert message_id in stuck.output
    assert "ana@" not in stuck.output


def test_a_test_message_says_what_came_of_it(site: Path) -> None:
    result = run(mail_group, "test", "me@example.org")
    assert result.output == "accepted: written to the outbox\n"
    assert len(list((site / "outbox").glob("*.eml"))) == 1
    assert run(mail_group, "test", "me@").exit_code == 1


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ('mail_server = "mail.example"', "mail_from"),
        ('mail_server = "mail.example"\nmail_from = "x"', "whole e-mail"),
        ('mail_server = "mail.example"\nmail_from = "l@c.example"\nmail_tls = "none"', "another"),
        ('mail_server = "m.example"\nmail_from = "l@c.example"\nmail_tls = "ssl"', "starttls"),
        ('mail_server = "m.example"\nmail_from = "l@c.example"\nmail_port = 0', "587"),
        ('mail_server = "m.example"\nmail_from = "l@c.example"\nmail_timeout = 99', "30"),
        ("mail_per_address_a_day = 0", "1 or more"),
        ('redis_url = "nonsense://x"', "REDIS_URL"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(site: Path, setting: str, words: str) -> None:
    (site / "settings.toml").write_text(setting, encoding="utf-8")
    result = run(mail_group, "status")
    assert result.exit_code == 1
    assert words in result.output
    assert "Traceback" not in result.output


# --- the doctor --------------------------------------------------------------------


def examined(name: str, *, hours: int = 0) -> tuple[str, str]:
    finding = CHECKS[name](Site(load_settings(), datetime.now(UTC) + timedelta(hours=hours)))
    return finding.level, finding.sentence


def test_the_doctor_says_when_mail_does_not_move(site: Path) -> None:
    level, sentence = examined("mail")
    assert level == "ok"
    assert "outbox" in sentence
    message_id = put("a")
    assert examined("mail")[0] == "ok"
    level, sentence = examined("mail", hours=2)
    assert level == "fail"
    assert "flask worker" in sentence
    post = mail_queue(load_settings()).post
    post.deliver(message_id)
    assert examined("mail", hours=2)[0] == "ok"
    (site / "outbox").rename(site / "away")
    (site / "outbox").write_text("in the way", encoding="utf-8")
    (site / "settings.toml").write_text('mail_server = "mail.example"', encoding="utf-8")
    assert examined("mail") == (
        "fail",
        "mail_server is set, but mail_from is not. Set it to an address of your own domain.",
    )


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({}, "ok", "off"), ({"CWC_MODE": "on"}, "fail", "cwc_mode"),
        ({"CWC_MODE": "production"}, "fail", "key"),
        ({"CWC_MODE": "test", "CWC_HOUSE_KEY": "k"}, "warn", "reaches nobody"),
        ({"CWC_MODE": "production", "CWC_HOUSE_KEY": "k"}, "warn", "confirm_email"),
        ({"CWC_MODE": "production", "CWC_HOUSE_KEY": "k", "CONFIRM_EMAIL": "1"}, "ok", "set up"),
        ({"CWC_MODE": "production", "CWC_HOUSE_KEY": "k", "CWC_AGENT": ""}, "fail", "name"),
        ({"CWC_MODE": "production", "CWC_HOUSE_KEY": "k", "CWC_PER_MINUTE": "0"}, "fail", "pace"),
        (
            {"CWC_MODE": "production", "CWC_SENATE_KEY": "k", "CWC_SENATE_URL": "http://x.example"},
            "warn", "https",
        ),
    ],
)  # fmt: skip
def test_the_doctor_says_whether_official_delivery_is_whole(
    changes: dict[str, str], level: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in changes.items():
        monkeypatch.setenv(f"DEAR_CONGRESS_{name}", value)
    found = examined("official delivery")
    assert found[0] == level
    assert words in found[1]


# --- a real worker -----------------------------------------------------------------

WORKER = "from app.cli.delivery import worker_command; worker_command()"


def start_worker() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-W", "error", "-c", WORKER], stderr=subprocess.PIPE)


def stop(worker: subprocess.Popen[bytes], how: signal.Signals) -> str:
    worker.send_signal(how)
    _, errors = worker.communicate(timeout=20)
    return errors.decode()


@pytest.mark.slow
def test_a_worker_empties_the_queue_and_stops_when_told(site: Path) -> None:
    before = put("before it starts")
    worker = start_worker()
    mailbox = mail_queue(load_settings()).post.mailbox
    try:
        until(lambda: mailbox.numbers() == {"accepted": 1}, 20)
        put("while it runs")
        until(lambda: mailbox.numbers() == {"accepted": 2}, 20)
    finally:
        errors = stop(worker, signal.SIGTERM)
    assert "The worker is running" in errors
    assert "Traceback" not in errors
    assert "ana@" not in errors
    assert any(before in f.name for f in (site / "outbox").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("where", ["before it leaves", "after it left"])
def test_a_killed_worker_loses_no_message_and_doubles_none(
    site: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server.running() as server:
        if where == "after it left":
            server.data = ["take and hang"]
        else:
            server.refused["ana@example.org"] = "hang"
        (site / "settings.toml").write_text(
            f'mail_server = "127.0.0.1"\nmail_port = {server.port}\nmail_tls = "none"\n'
            'mail_from = "letters@campaign.example"\n', encoding="utf-8",
        )  # fmt: skip
        message_id = put("form-1")
        post = mail_queue(load_settings()).post
        expected = "handing over" if where == "after it left" else "sending"

        def state() -> str:
            row = post.mailbox.row(message_id)
            assert row is not None
            return row.state

        worker = start_worker()
        until(lambda: state() == expected, 20)
        if where == "after it left":
            until(lambda: len(server.taken) == 1)
        stop(worker, signal.SIGKILL)
        server.refused.clear()
        monkeypatch.setattr(post, "notify", lambda _id: None)
        assert post.sweep().due == ()
        later = mail_queue(load_settings(), clock=_in_an_hour).post
        monkeypatch.setattr(later, "notify", lambda _id: None)
        for due in later.sweep().due:
            later.deliver(due)
        assert state() == ("unknown" if where == "after it left" else "accepted")
        assert server.recipients == ["ana@example.org"]


def _in_an_hour() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)
