"""Handing one message to a mail server, and knowing as exactly as possible what happened.

This uses Flask-Mail's connection, with timeouts and with TLS that is never silently skipped, but
runs the dialogue itself: until the message's last line is sent, nothing can have been accepted;
after it, silence means that the outcome is unknown. Until a server is configured, ``write_eml``
writes files instead.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import flask_mail

from app.delivery.channel import Outcome, Result
from app.delivery.mail import ReadyMail
from app.files import write_file
from app.records.accounting import IN_OUTBOX

# --- a mail server -----------------------------------------------------------------------------

Tls = Literal["none", "starttls", "tls"]

OPERATORS_CODES = frozenset({530, 534, 535, 538})
"""Replies about greeting, TLS and log-in that are caused by the configuration, not the message."""


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The mail server. ``starttls`` and ``tls`` verify the server's certificate."""

    host: str
    port: int = 587
    tls: Tls = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 15.0
    """Seconds for connecting and for each reply before the message is sent."""
    data_timeout: float = 120.0
    """Seconds for the last reply: servers scan a message before they accept it."""
    local_name: str = ""
    """The name to greet the server with; empty for the machine's own."""


_OUTCOMES: dict[int, Outcome] = {2: "accepted", 4: "deferred", 5: "failed"}


class _Refusal(Exception):  # noqa: N818 - it carries an ordinary outcome out of the dialogue
    def __init__(self, result: Result) -> None:
        self.result = result


class CarefulConnection(flask_mail.Connection):
    """Flask-Mail's connection with timeouts, and with TLS that is verified and never optional."""

    def __init__(self, settings: SmtpSettings) -> None:
        state = flask_mail.Mail().init_mail(
            {
                "MAIL_SERVER": settings.host,
                "MAIL_PORT": settings.port,
                "MAIL_USERNAME": settings.username or None,
                "MAIL_PASSWORD": settings.password or None,
                "MAIL_USE_TLS": settings.tls == "starttls",
                "MAIL_USE_SSL": settings.tls == "tls",
            }
        )
        super().__init__(state)  # type: ignore[arg-type]  # only the state's fields are read
        self.settings = settings

    def configure_host(self) -> smtplib.SMTP:
        """Connect, then start TLS and log in if configured. Raises what smtplib raises."""
        wanted = self.settings
        context = ssl.create_default_context()
        name = wanted.local_name or None
        if self.mail.use_ssl:
            host: smtplib.SMTP = smtplib.SMTP_SSL(
                wanted.host, wanted.port, name, timeout=wanted.timeout, context=context
            )
        else:
            host = smtplib.SMTP(wanted.host, wanted.port, name, timeout=wanted.timeout)
        try:
            if self.mail.use_tls:
                code, _ = host.starttls(context=context)
                if code != 220:
                    raise smtplib.SMTPNotSupportedError
            if self.mail.username and self.mail.password:
                host.login(self.mail.username, self.mail.password)
            host.ehlo_or_helo_if_needed()
        except BaseException:
            host.close()
            raise
        return host

    def __exit__(self, *_exc: object) -> None:
        """Quit politely if the connection is still open; the outcome is already decided."""
        if self.host is not None:
            try:
                self.host.quit()
            except (OSError, smtplib.SMTPException):
                self.host.close()


def hand_over(message: ReadyMail, settings: SmtpSettings, leaving: Callable[[], None]) -> Result:
    """Try once to hand ``message`` to the server.

    ``leaving`` is called when the server is ready for the message, before its first line is sent;
    if it raises, the exception propagates and nothing has been sent.
    """
    return _connected(settings, lambda host: _dialogue(host, message, settings, leaving))


def greet(settings: SmtpSettings) -> str:
    """Connect, secure the connection and log in, but send nothing; returns why that failed, or an
    empty string."""
    answer = _connected(settings, lambda _: Result("accepted", ""))
    return answer.cause


def _connected(settings: SmtpSettings, work: Callable[[smtplib.SMTP], Result]) -> Result:
    try:
        with CarefulConnection(settings) as connection:
            host = connection.host
            assert host is not None
            return work(host)
    except _Refusal as refusal:
        return refusal.result
    except smtplib.SMTPAuthenticationError as error:
        return Result("deferred", _said("log-in refused", error.smtp_code, error.smtp_error))
    except smtplib.SMTPNotSupportedError:
        return Result("deferred", "the server does not offer the TLS or login that is required")
    except smtplib.SMTPResponseException as error:
        return Result("deferred", _said("greeting", error.smtp_code, error.smtp_error))
    except ssl.SSLError:
        return Result("deferred", "the server's certificate or TLS is not valid")
    except (OSError, smtplib.SMTPException) as error:
        return Result("deferred", f"no connection ({type(error).__name__})")


def _dialogue(
    host: smtplib.SMTP, message: ReadyMail, settings: SmtpSettings, leaving: Callable[[], None]
) -> Result:
    _ask("sender", host.mail(message.sender))
    _ask("recipient", host.rcpt(message.recipient))
    _ask("message", host.docmd("DATA"), good=354)
    try:
        leaving()
    except BaseException:
        host.close()  # the server expects the message, so a QUIT would become its text
        raise
    text = re.sub(rb"(?m)^\.", b"..", message.raw)
    text = text if text.endswith(b"\r\n") else text + b"\r\n"
    try:
        assert host.sock is not None
        host.sock.settimeout(settings.data_timeout)
        host.sock.sendall(text)
        host.putcmd(".")
    except (OSError, smtplib.SMTPException) as error:
        # The final dot was not sent, so no server can have accepted the message.
        host.close()
        return Result(
            "deferred", f"connection lost while sending the message ({type(error).__name__})"
        )
    try:
        code, reply = host.getreply()
    except (OSError, smtplib.SMTPException) as error:
        host.close()
        return Result("unknown", f"no response after the message was sent ({type(error).__name__})")
    outcome = _OUTCOMES.get(code // 100, "unknown")
    return Result(outcome, _said("accepted" if outcome == "accepted" else "message", code, reply))


def _ask(what: str, answer: tuple[int, bytes], *, good: int = 250) -> None:
    """Go on if the server agrees; otherwise raise what its reply means."""
    code, reply = answer
    if code == good or (good == 250 and code == 251):
        return
    final = 500 <= code < 600 and code not in OPERATORS_CODES
    raise _Refusal(Result("failed" if final else "deferred", _said(what, code, reply)))


def _said(what: str, code: int, reply: bytes | str) -> str:
    """``recipient: 550 5.1.1``: our own word and the server's codes, never its text."""
    text = reply.decode("ascii", "replace") if isinstance(reply, bytes) else reply
    extended = re.match(r"\s*([245]\.\d{1,3}\.\d{1,3})\b", text)
    return f"{what}: {code}{f' {extended[1]}' if extended else ''}"


# --- files -------------------------------------------------------------------------------------


def write_eml(
    message: ReadyMail, folder: Path, *, kind: str, message_id: str, now: datetime
) -> Result:
    """Write a message as ``<time>-<kind>-<id>.eml`` (mode 0600), atomically.

    The name contains the message's id, so a second try replaces the first.
    """
    name = re.sub(r"[^a-z]+", "-", kind)
    moment = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for earlier in folder.glob(f"*-{message_id}.eml"):
            earlier.unlink()
        write_file(folder / f"{moment}-{name}-{message_id}.eml", message.raw)
    except OSError as error:
        return Result("deferred", f"the outbox cannot be written ({type(error).__name__})", False)
    return Result("accepted", IN_OUTBOX, False)
