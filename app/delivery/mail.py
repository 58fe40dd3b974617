"""Building a message so that no reader and no attacker can make another one of it.

The header lines are written here, each encoded as a whole, because a line break in a name
or a subject is how headers are injected, and folding is where long or accented subjects
lose their spaces. The parts below them are MIME as the standard library makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

import flask_mail

from app.delivery.addresses import Address, header_address, header_text
from app.text import clean_line

MailKind = Literal["copy", "receipt", "confirmation", "to office", "other"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to go with a message."""

    filename: str
    content: bytes = field(repr=False)
    mimetype: str = "application/pdf"


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to one address, not yet built.

    ``reply_to`` is for mail that the writer sends themselves; then it holds the writer. The
    sender is never theirs: it is the campaign's own, so that strict senders' rules hold.
    """

    kind: MailKind
    to: Address = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(default="", repr=False)
    attachments: tuple[Attachment, ...] = ()
    reply_to: Address | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Ready:
    """A built message with its envelope: what is queued, and what a server receives."""

    sender: str
    recipient: str
    raw: bytes = field(repr=False)
    after: Mapping[str, object] = field(default_factory=dict, repr=False)
    """What to do once it is accepted: a receipt's token and its seats."""


class CampaignMessage(flask_mail.Message):
    """Flask-Mail's message with our own way to turn it into bytes."""

    sender_address: Address
    to_address: Address
    reply_address: Address | None = None
    message_id: str = ""

    def as_bytes(self) -> bytes:
        body = EmailMessage(policy=policy.SMTP)
        body.set_content(_lines(self.body or ""), charset="utf-8", cte="quoted-printable")
        if self.html:
            body.add_alternative(
                _lines(self.html), subtype="html", charset="utf-8", cte="quoted-printable"
            )
        for attachment in self.attachments:
            maintype, _, subtype = attachment.content_type.partition("/")
            content = attachment.data
            body.add_attachment(
                content.encode() if isinstance(content, str) else content,
                maintype=maintype,
                subtype=subtype,
                filename=attachment.filename,
            )
        headers = [
            ("From", header_address("From", self.sender_address)),
            ("To", header_address("To", self.to_address)),
            ("Subject", header_text("Subject", self.subject)),
            ("Date", format_datetime(datetime.fromtimestamp(self.date or 0).astimezone())),
            ("Message-ID", self.message_id),
            ("Auto-Submitted", "auto-generated"),
        ]
        if self.reply_address is not None:
            headers.append(("Reply-To", header_address("Reply-To", self.reply_address)))
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return head.encode("utf-8") + body.as_bytes()

    def as_string(self) -> str:
        return self.as_bytes().decode("utf-8")


def build(mail: Mail, sender: Address, *, now: datetime, message_id: str) -> Ready:
    """The message as bytes, with its envelope. ``message_id`` is the part before the @.

    The same id at every try lets a mailbox that gets a message twice show it once.
    """
    message = CampaignMessage(
        subject=clean_line(mail.subject),
        recipients=[mail.to.wire],
        body=mail.text,
        html=mail.html or None,
        sender=sender.wire,
        reply_to=mail.reply_to.wire if mail.reply_to else None,
        date=now.timestamp(),
        attachments=[
            flask_mail.Attachment(clean_line(a.filename), a.mimetype, a.content)
            for a in mail.attachments
        ],
    )
    message.sender_address, message.to_address = sender, mail.to
    message.reply_address = mail.reply_to
    message.message_id = f"<{message_id}@{sender.domain}>"
    return Ready(sender.wire, mail.to.wire, message.as_bytes())


def _lines(text: str) -> str:
    """Text with plain line ends and one at its end, without what no mail can carry."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    return unified.encode("utf-8", "ignore").decode("utf-8").rstrip("\n") + "\n"
