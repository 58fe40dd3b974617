"""The post office: a web request puts a message in; a worker hands it over.

Putting in writes one encrypted row and returns; no request ever waits for a mail server.
Each message ends in exactly one of accepted, failed and unknown, or is deferred and tried
again, with growing pauses and a last time.

Duplicates: a message that may have left is never sent again by itself, not even after a
crash between the server's yes and our note of it. The one way to a duplicate is a person
who asks again (``again=True``) after ``unknown`` or ``failed``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.delivery.mail import Address, Mail, MailKind, Ready, build
from app.delivery.smtp import NotOursAnymoreError, Result, SmtpSettings, hand_over, write_eml
from app.records import local_database, mark
from app.records.keyed import keyed_code, lock, unlock
from app.records.mailbox import Claimed, Mailbox, MessageRow, NewMessage, Swept
from app.records.model import token_digest

PAUSES = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 720, 1440))
"""After each try that was deferred; one try more than pauses, then it has failed."""
LEASE = timedelta(minutes=15)
"""Longer than any try can last; afterwards its worker is taken for dead."""
_PURPOSE = "waiting mail"
HOLD = timedelta(days=2)
"""How long a message waits for the person's own click before it is dropped."""


@dataclass(frozen=True, slots=True)
class PostSettings:
    """``server`` None writes files into ``outbox`` instead of sending."""

    sender: Address
    outbox: Path
    server: SmtpSettings | None = None
    per_address_a_day: int = 10
    pauses: tuple[timedelta, ...] = PAUSES
    lease: timedelta = LEASE
    hold: timedelta = HOLD


@dataclass(frozen=True, slots=True)
class Queued:
    """The message is on its way (or was already). ``row.state`` says where it is."""

    row: MessageRow


@dataclass(frozen=True, slots=True)
class Held:
    """The message waits for the person's click. ``token`` goes into the link of the
    confirmation; only its hash is stored."""

    row: MessageRow
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TooMany:
    """This address had its share of mail for a day. Nothing was stored."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _nobody(_message_id: str) -> None:
    """Nobody to tell: the sweep finds the message."""


class PostOffice:
    """One site's outgoing mail. Safe to share between threads.

    ``notify`` is told the id of each message that can be tried now; losing that is harmless,
    because the sweep finds every message that is due.
    """

    def __init__(
        self,
        database: Path,
        settings: PostSettings,
        secret: bytes,
        *,
        clock: Callable[[], datetime] = _utc_now,
        notify: Callable[[str], None] = _nobody,
    ) -> None:
        self.mailbox = Mailbox(database)
        self.settings = settings
        self.notify = notify
        self._database, self._secret, self._clock = database, secret, clock

    @property
    def writes_files(self) -> bool:
        """True when mail becomes files in the outbox, which the pages must say."""
        return self.settings.server is None

    def enqueue(
        self,
        mail: Mail,
        *,
        wish: str,
        receipt: str = "",
        seats: tuple[str, ...] = (),
        again: bool = False,
    ) -> Queued | TooMany:
        """Put a message in. The same ``wish`` for the same address and kind goes out once.

        ``wish`` is what the person pressed, such as the form's idempotency key. With a
        ``receipt`` token and ``seats``, the letters to these seats are marked as mailed to
        self once a server has accepted the message. Raises ``NotStoredError``.
        """
        row = self._put(mail, wish, receipt, seats, again=again)
        if row is None:
            return TooMany()
        if row.state == "queued":
            self.notify(row.id)
        return Queued(row)

    def hold(
        self, mail: Mail, *, wish: str, receipt: str = "", seats: tuple[str, ...] = ()
    ) -> Held | TooMany:
        """Put a message in that leaves only once ``release`` is called with the token.

        For free text to an address that nobody has confirmed: send a confirmation (which
        has none) with the token in its link, and this after the click.
        """
        token = keyed_code(self._secret, "release", wish, mail.kind, mail.to.wire).hex()
        row = self._put(mail, wish, receipt, seats, release=token_digest(token))
        return TooMany() if row is None else Held(row, token)

    def known(self, kind: MailKind, to: Address, *, wish: str) -> MessageRow | None:
        """Where the message of this wish is, so that asking twice counts once; None: nowhere."""
        return self.mailbox.of_wish(self._once(kind, to, wish))

    def is_held(self, token: str) -> bool:
        """Whether a message waits for this token. Changes nothing, so a GET may ask."""
        return self.mailbox.is_held(token_digest(token))

    def release(self, token: str) -> bool:
        """Let the message go, once; False when none waits (any more). For a POST only."""
        ids = self.mailbox.let_go(token_digest(token), self._clock())
        for message_id in ids:
            self.notify(message_id)
        return bool(ids)

    def _put(
        self,
        mail: Mail,
        wish: str,
        receipt: str,
        seats: tuple[str, ...],
        *,
        release: bytes | None = None,
        again: bool = False,
    ) -> MessageRow | None:
        now = self._clock()
        once = self._once(mail.kind, mail.to, wish)
        # The id in the header is not the wish's code itself, which nobody outside should see.
        name = keyed_code(self._secret, "message id", once.hex()).hex()[:32]
        after: Mapping[str, object] = (
            {"receipt": receipt, "seats": list(seats)} if receipt and seats else {}
        )
        made = replace(build(mail, self.settings.sender, now=now, message_id=name), after=after)
        message = NewMessage(
            once=once,
            kind=mail.kind,
            recipient=keyed_code(self._secret, "recipient", mail.to.wire.casefold()),
            payload=lock(made.packed(), self._secret, _PURPOSE),
            receipt=token_digest(receipt) if receipt else None,
        )
        limit = self.settings.per_address_a_day
        return self.mailbox.put(message, now, limit=limit, release=release, again=again)

    def _once(self, kind: MailKind, to: Address, wish: str) -> bytes:
        return keyed_code(self._secret, "once", wish, kind, to.wire)

    def deliver(self, message_id: str) -> Result | None:
        """Try one message, in a worker; None when it is not due or another worker has it."""
        claimed = self.mailbox.claim(message_id, self._clock())
        if claimed is None:
            return None
        plain = unlock(claimed.payload, self._secret, _PURPOSE)
        message = None if plain is None else Ready.unpacked(plain)
        if message is None:
            result = Result("failed", "it was encrypted with another secret", by_server=False)
        elif claimed.attempt > len(self.settings.pauses) + 1:
            result = Result("failed", "given up: the worker stopped at every try", by_server=False)
        else:
            try:
                result = self._try(claimed, message)
            except NotOursAnymoreError:
                return None
        return self._note(claimed, message, result)

    def _try(self, claimed: Claimed, message: Ready) -> Result:
        def leaving() -> None:
            if not self.mailbox.handing_over(claimed, self._clock()):
                raise NotOursAnymoreError

        if self.settings.server is not None:
            return hand_over(message, self.settings.server, leaving)
        return write_eml(
            message,
            self.settings.outbox,
            kind=claimed.kind,
            message_id=claimed.id,
            now=self._clock(),
        )

    def _note(self, claimed: Claimed, message: Ready | None, result: Result) -> Result:
        now = self._clock()
        pauses = self.settings.pauses
        if result.outcome == "deferred":
            if claimed.attempt <= len(pauses):
                self.mailbox.defer(claimed, result.cause, now, now + pauses[claimed.attempt - 1])
                return result
            cause = f"given up after {claimed.attempt} tries; the last: {result.cause}"
            result = Result("failed", cause, result.by_server)
        assert result.outcome != "deferred"
        noted = self.mailbox.finish(claimed, result.outcome, result.cause, now)
        if noted and message and result.outcome == "accepted" and result.by_server:
            self._mark_letters(message, now)
        return result

    def _mark_letters(self, message: Ready, now: datetime) -> None:
        receipt, seats = message.after.get("receipt"), message.after.get("seats")
        if isinstance(receipt, str) and isinstance(seats, list):
            db = local_database(self._database)
            for seat in seats:
                mark(db, receipt, str(seat), "mailed to self", at=now)

    def sweep(self) -> Swept:
        """Put right what killed workers left, and tell the queue of everything that is due."""
        settings = self.settings
        swept = self.mailbox.sweep(self._clock(), lease=settings.lease, hold=settings.hold)
        for message_id in swept.due:
            self.notify(message_id)
        return swept
