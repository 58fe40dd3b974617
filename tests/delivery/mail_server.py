"""A real mail server for the tests, which can be told to misbehave."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.bench.servers import free_port

USER, PASSWORD = b"letters", b"s3cret"


class MailServer:
    """What the server has taken, and how it answers the next messages."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.tried = 0
        self.refused: dict[str, str] = {}
        """Answers to RCPT, by address."""
        self.senders: dict[str, str] = {}
        """Answers to MAIL, by address."""
        self.data: list[str | threading.Event] = []
        """For each coming message: an answer, an event to wait for before taking it, or one of
        ``drop``, ``take and drop`` and ``take and hang``."""
        self.port = 0
        self.authority: Path | None = None

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.senders:
            return self.senders[address]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refused.get(address) == "hang":
            await asyncio.sleep(60)
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.tried += 1
        what = self.data.pop(0) if self.data else "250 OK"
        if isinstance(what, threading.Event):
            while not what.is_set():
                await asyncio.sleep(0.01)
            what = "250 OK, at last"
        if what in ("250 OK", "250 OK, at last", "take and drop", "take and hang"):
            self.taken.append(envelope)
        if what == "take and hang":
            await asyncio.sleep(60)
        if what in ("drop", "take and drop"):
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return "421 gone"
        return what

    @property
    def recipients(self) -> list[str]:
        return [address for envelope in self.taken for address in envelope.rcpt_tos]


def log_in(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    assert isinstance(data, LoginPassword)
    good = data.login == USER and data.password == PASSWORD
    return AuthResult(success=good, handled=False)


@contextmanager
def running(folder: Path | None = None, **options: Any) -> Iterator[MailServer]:
    """A server on a free port; with ``folder`` and ``tls`` it has a certificate for localhost."""
    state = MailServer()
    tls = options.pop("tls", "")
    if tls:
        assert folder is not None
        authority = trustme.CA()
        state.authority = folder / "ca.pem"
        authority.cert_pem.write_to_path(str(state.authority))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        options["ssl_context" if tls == "tls" else "tls_context"] = context
    if options.get("auth_required"):
        options["authenticator"] = log_in
    state.port = free_port()
    controller = Controller(
        state, hostname="127.0.0.1", port=state.port,
        server_hostname="localhost",  # looking up the machine's own name may take many seconds
        ready_timeout=60, **options,
    )  # fmt: skip
    controller.start()
    try:
        yield state
    finally:
        controller.stop()


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until the condition holds; fail if it never does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "It did not happen in time."
        time.sleep(0.01)
