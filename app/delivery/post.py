"""The post office: the site's own mail, enqueued by a web request and handed over by a worker.

Enqueuing writes one encrypted row and returns; no request ever waits for a mail server. Each
message ends in exactly one of accepted, failed and unknown, or is deferred and tried again, with
growing pauses and a limited number of tries.

Duplicates: a message that may have left is never resent automatically, not even after a crash
between the server's acceptance and our record of it. The only way to a duplicate is a person who
asks again (``again=True``) after ``unknown`` or ``failed``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import get_args

from app.delivery.channel import Channel, Result
from app.delivery.mail import Address, Mail, MailKind, ReadyMail, build
from app.delivery.smtp import SmtpSettings, hand_over, write_eml
from app.records.accounting import MAILED
from app.records.acts import State, token_digest
from app.records.keyed import keyed_code
from app.records.outbound import Claimed, NewMail, OutboundRow

PAUSES = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 720, 1440))
"""The pause after each deferred try; after one more try than pauses, the message has failed."""
HOLD = timedelta(days=2)
"""How long a message waits for the person's click before it is dropped."""


@dataclass(frozen=True, slots=True)
class PostSettings:
    """Without a ``server``, files are written into ``outbox`` instead of sending."""

    sender: Address
    outbox: Path
    server: SmtpSettings | None = None
    per_address_a_day: int = 10
    pauses: tuple[timedelta, ...] = PAUSES


@dataclass(frozen=True, slots=True)
class Held:
    """The message waits for the person's click. ``token`` goes into the confirmation's link; only
    its hash is stored."""

    row: OutboundRow
    token: str = field(repr=False)


class PostOffice(Channel):
    """One site's outgoing mail."""

    kinds = get_args(MailKind)

    def __init__(
        self,
        database: Path,
        settings: PostSettings,
        secret: bytes,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__(database, secret, clock)
        self.settings, self._secret = settings, secret
        self.pauses = settings.pauses
        self.tries = len(settings.pauses) + 1

    @property
    def writes_files(self) -> bool:
        """Whether mail is written as files to the outbox, which pages must mention."""
        return self.settings.server is None

    def enqueue(
        self,
        mail: Mail,
        *,
        idempotency_key: str,
        receipt: str = "",
        seats: tuple[str, ...] = (),
        again: bool = False,
    ) -> OutboundRow | None:
        """Enqueue a message, once for each key (such as the form's), address and kind.

        Returns its row, which may be an earlier one, or None if the address has reached its daily
        limit; then nothing is stored.
        With a ``receipt`` token and ``seats``, the letters to these seats are marked as mailed to
        self once a server has accepted the message. Raises ``NotStoredError``.
        """
        row = self._put(mail, idempotency_key, receipt, seats, again=again)
        if row is not None and row.state == "queued":
            self.notify()
        return row

    def hold(
        self, mail: Mail, *, idempotency_key: str, receipt: str = "", seats: tuple[str, ...] = ()
    ) -> Held | None:
        """Enqueue a message that leaves only once ``release`` is called with the token.

        For free text to an unconfirmed address: send a confirmation (which contains none) with the
        token in its link, and release this after the click. None as for ``enqueue``.
        """
        token = keyed_code(self._secret, "release", idempotency_key, mail.kind, mail.to.wire).hex()
        row = self._put(mail, idempotency_key, receipt, seats, release=token_digest(token))
        return None if row is None else Held(row, token)

    def known(self, kind: MailKind, to: Address, *, idempotency_key: str) -> OutboundRow | None:
        """The row already enqueued with this key, so that asking twice counts once; or None."""
        return self.outbound.by_once(self._once(kind, to, idempotency_key))

    def is_held(self, token: str) -> bool:
        """Whether a message waits for this token. Changes nothing, so a GET may ask."""
        return self.outbound.is_held(token_digest(token))

    def release(self, token: str) -> bool:
        """Release the message; False if none waits for this token, or no longer. For a POST."""
        released = self.outbound.release_held(token_digest(token), self.clock())
        if released:
            self.notify()
        return bool(released)

    def _put(
        self,
        mail: Mail,
        idempotency_key: str,
        receipt: str,
        seats: tuple[str, ...],
        *,
        release: bytes | None = None,
        again: bool = False,
    ) -> OutboundRow | None:
        now = self.clock()
        once = self._once(mail.kind, mail.to, idempotency_key)
        # The id in the header is derived again, since ``once`` must not be visible outside.
        name = keyed_code(self._secret, "message id", once.hex()).hex()[:32]
        message = NewMail(
            once=once,
            kind=mail.kind,
            recipient=keyed_code(self._secret, "recipient", mail.to.wire.casefold()),
            payload=build(mail, self.settings.sender, now=now, message_id=name).packed(),
            receipt=receipt,
            seats=seats,
        )
        return self.outbound.put_mail(
            message,
            now,
            limit=self.settings.per_address_a_day,
            release=release,
            until=now + HOLD if release else None,
            again=again,
        )

    def _once(self, kind: MailKind, to: Address, idempotency_key: str) -> bytes:
        return keyed_code(self._secret, "once", idempotency_key, kind, to.wire)

    # --- called by the worker ---

    def send(self, claimed: Claimed, leaving: Callable[[], None]) -> Result:
        """Try once: to the server, or into a file."""
        assert claimed.payload is not None
        message = ReadyMail.unpacked(claimed.payload)
        if self.settings.server is not None:
            return hand_over(message, self.settings.server, leaving)
        return write_eml(
            message,
            self.settings.outbox,
            kind=claimed.kind,
            message_id=claimed.id,
            now=self.clock(),
        )

    def letters(self, result: Result) -> State | None:
        """Letters count as mailed to self only after a server has accepted the message."""
        return MAILED if result.outcome == "accepted" and result.by_server else None
