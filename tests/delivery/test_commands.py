"""The commands for mail and its worker, as an operator uses them."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.cli.diagnosis import Site
from app.cli.doctor import CHECKS
from app.delivery.mail import Address, Mail
from app.site.outgoing import mail_queue
from app.site.settings import load_settings
from tests.commands import flask

from . import mail_server
from .mail_server import until
from .operator_site import site

__all__ = ["site"]


@pytest.mark.parametrize("command", ["letters xml", "letters deliver", "worker"])
def test_help_shows_an_example(command: Any) -> None:
    assert "Example:" in flask(command, "--help").output


# --- mail --------------------------------------------------------------------------


def put(key: str) -> str:
    post = mail_queue(load_settings()).post
    found = post.enqueue(
        Mail("copy", Address("ana@example.org"), "Letters", "Hello"),
        idempotency_key=key,
    )
    assert found is not None
    return found.id


def test_mail_status_counts_messages_and_names_stuck_ones(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "No messages." in flask("mail", "status").output
    message_id = put("a")
    result = flask("mail", "status")
    assert result.exit_code == 0
    assert "1  queued" in result.output
    monkeypatch.setattr("app.cli.delivery.STUCK", timedelta(minutes=-1))
    stuck = flask("mail", "status")
    assert stuck.exit_code == 1
    assert message_id in stuck.output
    assert "ana@" not in stuck.output


def test_a_test_message_reports_its_result(site: Path) -> None:
    result = flask("mail", "test", "me@example.org")
    assert result.output == "accepted: written to the outbox\n"
    assert len(list((site / "outbox").glob("*.eml"))) == 1
    assert flask("mail", "test", "me@").exit_code == 1


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ('mail_server = "mail.example"', "mail_from"),
        ('mail_server = "mail.example"\nmail_from = "x"', "one email address"),
        ('mail_server = "mail.example"\nmail_from = "l@c.example"\nmail_tls = "none"', "another"),
        ('mail_server = "m.example"\nmail_from = "l@c.example"\nmail_tls = "ssl"', "starttls"),
        ('mail_server = "m.example"\nmail_from = "l@c.example"\nmail_port = 0', "65535"),
        ('mail_server = "m.example"\nmail_from = "l@c.example"\nmail_timeout = 99', "30"),
        ("mail_per_address_a_day = 0", "from 1 to"),
        ('redis_url = "nonsense://x"', "redis://"),
    ],
)
def test_an_invalid_setting_is_named(site: Path, setting: str, words: str) -> None:
    (site / "settings.toml").write_text(setting, encoding="utf-8")
    result = flask("mail", "status")
    assert result.exit_code == 1
    assert words in result.output
    assert "Traceback" not in result.output


# --- the doctor --------------------------------------------------------------------


def examined(name: str, *, hours: int = 0) -> tuple[str, str]:
    finding = CHECKS[name](Site(load_settings(), datetime.now(UTC) + timedelta(hours=hours)))
    return finding.level, finding.sentence


def test_the_doctor_reports_stuck_mail(site: Path) -> None:
    level, sentence = examined("mail")
    assert level == "ok"
    assert "outbox" in sentence
    message_id = put("a")
    assert examined("mail")[0] == "ok"
    level, sentence = examined("mail", hours=2)
    assert level == "fail"
    assert "flask worker" in sentence
    mail_queue(load_settings()).worker.deliver(message_id)
    assert examined("mail", hours=2)[0] == "ok"
    (site / "outbox").rename(site / "away")
    (site / "outbox").write_text("in the way", encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({}, "ok", "off"),
        ({"CWC_MODE": "production"}, "fail", "key"),
        ({"CWC_MODE": "test", "CWC_HOUSE_KEY": "k"}, "warn", "reaches an office"),
        ({"CWC_MODE": "production", "CWC_HOUSE_KEY": "k"}, "warn", "confirm_email"),
        ({"CWC_MODE": "production", "CWC_HOUSE_KEY": "k", "CONFIRM_EMAIL": "1"}, "ok", "set up"),
        ({"CWC_MODE": "production", "CWC_HOUSE_KEY": "k", "CWC_AGENT": ""}, "fail", "name"),
    ],
)  # fmt: skip
def test_the_doctor_checks_the_settings_of_official_delivery(
    changes: dict[str, str], level: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in changes.items():
        monkeypatch.setenv(f"DEAR_CONGRESS_{name}", value)
    found = examined("official delivery")
    assert found[0] == level
    assert words in found[1]


# --- a real worker -----------------------------------------------------------------

WORKER = "from app.cli.worker import worker_command; worker_command()"


def start_worker() -> subprocess.Popen[bytes]:
    # 3.12 before 3.12.4 takes ?1 for a name, and warns.
    strict = ("-W", "error", "-W", "ignore:Binding:DeprecationWarning")
    return subprocess.Popen([sys.executable, *strict, "-c", WORKER], stderr=subprocess.PIPE)


def stop(worker: subprocess.Popen[bytes], how: signal.Signals) -> str:
    worker.send_signal(how)
    _, errors = worker.communicate(timeout=120)
    return errors.decode()


@pytest.mark.slow
def test_a_worker_empties_the_queue_and_stops_on_sigterm(site: Path) -> None:
    before = put("before it starts")
    worker = start_worker()
    outbound = mail_queue(load_settings()).post.outbound
    try:
        until(lambda: outbound.numbers() == {"accepted": 1})
        put("while it runs")
        until(lambda: outbound.numbers() == {"accepted": 2})
    finally:
        errors = stop(worker, signal.SIGTERM)
    assert "The worker is running" in errors
    assert "Traceback" not in errors
    assert "ana@" not in errors
    assert any(before in f.name for f in (site / "outbox").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("where", ["before it leaves", "after it left"])
def test_a_killed_worker_loses_and_duplicates_no_message(site: Path, where: str) -> None:
    with mail_server.running() as server:
        if where == "after it left":
            server.data = ["take and hang"]
        else:
            server.refused["ana@example.org"] = "hang"
        (site / "settings.toml").write_text(
            f'mail_server = "127.0.0.1"\nmail_port = {server.port}\nmail_tls = "none"\n'
            'mail_from = "letters@campaign.example"\nsite_url = "https://campaign.example"\n',
            encoding="utf-8",
        )  # fmt: skip
        message_id = put("form-1")
        queue = mail_queue(load_settings())
        expected = "handing over" if where == "after it left" else "sending"

        def state() -> str:
            row = queue.post.outbound.row(message_id)
            assert row is not None
            return row.state

        worker = start_worker()
        until(lambda: state() == expected)
        if where == "after it left":
            until(lambda: len(server.taken) == 1)
        stop(worker, signal.SIGKILL)
        server.refused.clear()
        queue.worker.sweep()
        assert queue.worker.work() == 0
        later = mail_queue(load_settings(), clock=_in_an_hour).worker
        later.sweep()
        later.work()
        assert state() == ("unknown" if where == "after it left" else "accepted")
        assert server.recipients == ["ana@example.org"]


def _in_an_hour() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)
