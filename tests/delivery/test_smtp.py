"""The result of one try at a real mail server, however it behaves."""

from __future__ import annotations

import email
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from email import policy
from pathlib import Path
from threading import Event, Thread, Timer
from typing import Any

import pytest

from app.delivery.channel import Outcome, TakenOverError
from app.delivery.mail import Address, Mail, ReadyMail, build
from app.delivery.smtp import SmtpSettings, hand_over

from .letters import NOON
from .mail_server import MailServer, running

SENDER = Address("letters@campaign.example", "Neighbors")
TO = "ana@example.org"


def message(to: str = TO, text: str = "Hello.\n.\n..\nEnd") -> ReadyMail:
    return build(
        Mail("copy", Address(to), "Your letters — sus cartas", text),
        SENDER, now=NOON, message_id="abc",
    )  # fmt: skip


@pytest.fixture
def server() -> Iterator[MailServer]:
    with running() as state:
        yield state


def settings(server: MailServer, **changes: Any) -> SmtpSettings:
    values: dict[str, Any] = {
        "host": "127.0.0.1", "port": server.port, "tls": "none", "timeout": 30.0,
        "data_timeout": 30.0, "local_name": "localhost",
    }  # fmt: skip
    return SmtpSettings(**{**values, **changes})


def outcome(
    server: MailServer, made: ReadyMail | None = None, **changes: Any
) -> tuple[Outcome, str]:
    left: list[bool] = []
    result = hand_over(made or message(), settings(server, **changes), lambda: left.append(True))
    if result.outcome in ("accepted", "unknown"):
        assert left, "It left without a note that it was leaving."
    assert TO not in result.cause
    return result.outcome, result.cause


def test_an_accepted_message_arrives_unchanged_with_our_envelope(server: MailServer) -> None:
    assert outcome(server) == ("accepted", "accepted: 250")
    (envelope,) = server.taken
    assert envelope.mail_from == "letters@campaign.example"
    assert envelope.rcpt_tos == [TO]
    assert isinstance(envelope.content, bytes)
    assert envelope.content == message().raw
    read = email.message_from_bytes(envelope.content, policy=policy.default)
    assert read["Subject"] == "Your letters — sus cartas"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("451 4.7.1 greylisted", ("deferred", "message: 451 4.7.1")),
        ("452 full", ("deferred", "message: 452")),
        ("550 5.7.1 <ana@example.org> looks like spam", ("failed", "message: 550 5.7.1")),
        ("554 no", ("failed", "message: 554")),
        ("250 2.0.0 queued as 12", ("accepted", "accepted: 250 2.0.0")),
        ("354 what", ("unknown", "message: 354")),
    ],
)
def test_the_servers_answer_to_the_message_decides_the_outcome(
    server: MailServer, answer: str, expected: tuple[str, str]
) -> None:
    server.data = [answer]
    assert outcome(server) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("550 5.1.1 no such user", ("failed", "recipient: 550 5.1.1")),
        ("450 4.2.1 busy", ("deferred", "recipient: 450 4.2.1")),
        ("530 5.7.0 log in first", ("deferred", "recipient: 530 5.7.0")),
    ],
)
def test_a_refused_recipient_gets_nothing(
    server: MailServer, answer: str, expected: tuple[str, str]
) -> None:
    server.refused[TO] = answer
    assert outcome(server) == expected
    assert server.tried == 0


def test_a_refused_sender_is_distinguished_from_a_refused_recipient(server: MailServer) -> None:
    server.senders[SENDER.email] = "553 5.7.1 not yours"
    assert outcome(server) == ("failed", "sender: 553 5.7.1")
    server.senders[SENDER.email] = "421 4.3.2 later"
    assert outcome(server)[0] == "deferred"


def test_silence_after_sending_the_message_is_unknown(server: MailServer) -> None:
    server.data = [Event()]
    start = time.monotonic()
    assert outcome(server, data_timeout=0.3)[0] == "unknown"
    assert time.monotonic() - start < 20


def test_a_slow_server_is_waited_for(server: MailServer) -> None:
    at_last = Event()
    server.data = [at_last]
    Timer(0.5, at_last.set).start()
    assert outcome(server)[0] == "accepted"


@pytest.mark.parametrize(("how", "taken"), [("drop", 0), ("take and drop", 1)])
def test_a_connection_lost_after_sending_is_unknown_whatever_the_server_did(
    server: MailServer, how: str, taken: int
) -> None:
    server.data = [how]
    assert outcome(server)[0] == "unknown"
    assert len(server.taken) == taken


def test_silence_before_sending_the_message_is_deferred(server: MailServer) -> None:
    server.refused[TO] = "hang"
    start = time.monotonic()
    assert outcome(server, timeout=0.3)[0] == "deferred"
    assert time.monotonic() - start < 20


def test_an_absent_server_is_deferred() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        absent = MailServer()
        absent.port = closed.getsockname()[1]
        assert outcome(absent)[0] == "deferred"


def dialogue(lines: list[bytes]) -> Iterator[int]:
    """A server that greets and answers with fixed lines, then closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with suppress(OSError), connection, connection.makefile("rb") as incoming:
                for line in lines:
                    connection.sendall(line)
                    incoming.readline()

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


@pytest.mark.parametrize(
    "lines",
    [
        [], [b"554 5.3.2 closed today\r\n"], [b"421 busy\r\n"], [b"garbage\r\n"],
        [b"220 hi\r\n"], [b"220 hi\r\n", b"250 me\r\n"],
        [b"220 hi\r\n", b"250 me\r\n", b"250 ok\r\n"],
        [b"220 hi\r\n", b"250 me\r\n", b"250 ok\r\n", b"250 ok\r\n"],
        [b"220 hi\r\n", b"250 me\r\n", b"250 ok\r\n", b"250 ok\r\n", b"451 wait\r\n"],
        [b"220 " + b"x" * 100_000 + b"\r\n"],
    ],
)  # fmt: skip
def test_a_connection_lost_before_sending_is_deferred(lines: list[bytes]) -> None:
    server = MailServer()
    for port in dialogue(lines):
        server.port = port
        assert outcome(server)[0] == "deferred"


def test_a_try_that_lost_its_claim_sends_nothing(server: MailServer) -> None:
    def lost() -> None:
        raise TakenOverError

    with pytest.raises(TakenOverError):
        hand_over(message(), settings(server), lost)
    assert server.tried == 0


# --- TLS and log-in ----------------------------------------------------------------


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_mail_is_sent_over_tls_with_a_valid_certificate(
    tmp_path: Path, tls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = {"require_starttls": True} if tls == "starttls" else {}
    with running(tmp_path, tls=tls, **extra) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
        assert outcome(server, tls=tls, host="localhost")[0] == "accepted"
        assert len(server.taken) == 1


@pytest.mark.parametrize("tls", ["starttls", "tls"])
@pytest.mark.parametrize("fault", ["unknown authority", "another name"])
def test_an_invalid_certificate_stops_the_mail(
    tmp_path: Path, tls: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path, tls=tls) as server:
        if fault == "another name":
            monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
        host = "127.0.0.1" if fault == "another name" else "localhost"
        assert outcome(server, tls=tls, host=host)[0] == "deferred"
        assert server.tried == 0


def test_a_server_that_demands_tls_gets_no_mail_without_it(tmp_path: Path) -> None:
    with running(tmp_path, tls="starttls", require_starttls=True) as server:
        assert outcome(server) == ("deferred", "sender: 530")
        assert server.tried == 0


def test_mail_is_deferred_if_starttls_is_not_offered(server: MailServer) -> None:
    assert outcome(server, tls="starttls")[0] == "deferred"
    assert server.tried == 0


def test_a_server_that_requires_login_gets_mail_only_with_the_right_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path, tls="starttls", auth_required=True) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
        safe: dict[str, Any] = {"tls": "starttls", "host": "localhost"}
        assert outcome(server, **safe)[0] == "deferred"
        wrong = outcome(server, username="letters", password="wrong", **safe)
        assert wrong == ("deferred", "log-in refused: 535 5.7.8")
        assert server.tried == 0
        assert outcome(server, username="letters", password="s3cret", **safe)[0] == "accepted"


def test_the_repr_of_smtp_settings_hides_the_password() -> None:
    assert "s3cret" not in repr(SmtpSettings("mail.example", password="s3cret"))
