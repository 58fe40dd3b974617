"""E-mail: what an address is, and building a message so that nobody can make another one of it.

The header lines are written here, each encoded as a whole, because a line break in a name
or a subject is how headers are injected, and folding is where long or accented subjects
lose their spaces. The parts below them are MIME as the standard library makes it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

import flask_mail

from app.text import BadEmail, Email, clean_line, read_email

# --- addresses ---------------------------------------------------------------------------------

_PLAIN_WORD = re.compile(r"[A-Za-z0-9!#$%&'*+/^_`{|}~-]{1,60}")
"""A word of a name that needs no encoding: an atom without ``=`` and ``?``."""


@dataclass(frozen=True, slots=True)
class Address:
    """A checked address and the name shown with it. Make one with ``parse_address``."""

    email: str
    name: str = ""

    @property
    def domain(self) -> str:
        """The part behind the @, as the wire has it (``xn--…`` for a domain in other letters)."""
        return self.wire.rsplit("@", 1)[1]

    @property
    def wire(self) -> str:
        """The address as the mail server hears it. Raises ``ValueError`` for a text that
        ``parse_address`` refuses."""
        found = read_email(self.email)
        if isinstance(found, BadEmail):
            raise ValueError("not an email address")
        return found.wire


@dataclass(frozen=True, slots=True)
class BadAddress:
    """Not a whole e-mail address: ``message`` says what to look at, for a place in a form."""

    message: str = "Enter a full email address, like name@example.org."


def parse_address(email: str, name: str = "") -> Address | BadAddress:
    """The address in a text, as ``app.text.read_email`` reads it, with the name in one line."""
    found = read_email(email)
    return Address(found.text, clean_line(name)) if isinstance(found, Email) else BadAddress()


def header_text(name: str, text: str) -> str:
    """One text header's value, encoded and folded, that every reader decodes to ``text``.

    A long text, or one with other letters, is encoded as a whole: then no reader can lose a
    space where a line was folded.
    """
    line = clean_line(text)
    if line.isascii() and len(line) + len(name) < 74 and "=?" not in line:
        return line
    return Header(line, "utf-8", maxlinelen=75, header_name=name).encode(linesep="\r\n")


def header_address(name: str, address: Address) -> str:
    """One address header's value: the encoded name, and the address in angle brackets.

    Plain words of a name stay plain, and only what lies between them is encoded, as one
    piece where it fits: some readers make a space of every seam between encoded pieces.
    """
    pieces: list[str] = []
    odd: list[str] = []
    for word in [*address.name.split(), ""]:
        if word and not _PLAIN_WORD.fullmatch(word):
            odd.append(word)
            continue
        if odd:
            encoded = Header(" ".join(odd), "utf-8", maxlinelen=75, header_name=name).encode()
            pieces += encoded.split("\n ")
            odd = []
        pieces += [word] if word else []
    lines = [""]
    for piece in [*pieces, f"<{address.wire}>" if pieces else address.wire]:
        if lines[-1] and len(lines[-1]) + len(piece) > 76 - len(name):
            lines.append("")
        lines[-1] += f" {piece}" if lines[-1] else piece
    return "\r\n ".join(lines)


# --- messages ----------------------------------------------------------------------------------

MailKind = Literal["copy", "receipt", "confirmation", "signing", "other"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to go with a message."""

    filename: str
    content: bytes = field(repr=False)
    mimetype: str = "application/pdf"


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to one address, not yet built. Its sender is the campaign's own."""

    kind: MailKind
    to: Address = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadyMail:
    """A built message with its envelope: what is queued, and what a server receives."""

    sender: str
    recipient: str
    raw: bytes = field(repr=False)

    def packed(self) -> bytes:
        """The message and its envelope in one, to be locked while it waits."""
        head = {"sender": self.sender, "recipient": self.recipient}
        return json.dumps(head).encode() + b"\n" + self.raw

    @classmethod
    def unpacked(cls, plain: bytes) -> ReadyMail:
        """What ``packed`` put together."""
        head, _, raw = plain.partition(b"\n")
        return cls(raw=raw, **json.loads(head))


class CampaignMessage(flask_mail.Message):
    """Flask-Mail's message with our own way to turn it into bytes."""

    sender_address: Address
    to_address: Address
    message_id: str = ""

    def as_bytes(self) -> bytes:
        body = EmailMessage(policy=policy.SMTP)
        body.set_content(_lines(self.body or ""), charset="utf-8", cte="quoted-printable")
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
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return head.encode("utf-8") + body.as_bytes()


def build(mail: Mail, sender: Address, *, now: datetime, message_id: str) -> ReadyMail:
    """The message as bytes, with its envelope. ``message_id`` is the part before the @.

    The same id at every try lets a mailbox that gets a message twice show it once.
    """
    message = CampaignMessage(
        subject=clean_line(mail.subject),
        recipients=[mail.to.wire],
        body=mail.text,
        sender=sender.wire,
        date=now.timestamp(),
        attachments=[
            flask_mail.Attachment(clean_line(a.filename), a.mimetype, a.content)
            for a in mail.attachments
        ],
    )
    message.sender_address, message.to_address = sender, mail.to
    message.message_id = f"<{message_id}@{sender.domain}>"
    return ReadyMail(sender.wire, mail.to.wire, message.as_bytes())


def _lines(text: str) -> str:
    """Text with plain line ends and one at its end, without what no mail can carry."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    return unified.encode("utf-8", "ignore").decode("utf-8").rstrip("\n") + "\n"
