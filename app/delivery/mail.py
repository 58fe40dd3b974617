"""Email: addresses, and building messages that are safe from header injection.

The header lines are written here, each encoded as a whole: line breaks in a name or a subject are
how headers are injected, and folding is where long or accented subjects lose their spaces. The
parts below are MIME as the standard library makes it.
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
        """The part after the @ in wire form (``xn--…`` for an internationalized domain)."""
        return self.wire.rsplit("@", 1)[1]

    @property
    def wire(self) -> str:
        """The address as sent to a mail server. Raises ``ValueError`` for a text that
        ``parse_address`` refuses."""
        found = read_email(self.email)
        if isinstance(found, BadEmail):
            raise ValueError("not an email address")
        return found.wire


def parse_address(email: str, name: str = "") -> Address | None:
    """The address in a text, as ``app.text.read_email`` reads it, with the name on one line; None
    if it has no complete one."""
    found = read_email(email)
    return Address(found.text, clean_line(name)) if isinstance(found, Email) else None


def header_text(name: str, text: str) -> str:
    """A text header's value, encoded and folded so that every client decodes it to ``text``.

    A long or non-ASCII text is encoded as a whole, so no client can lose a space at a fold.
    """
    line = clean_line(text)
    if line.isascii() and len(line) + len(name) < 74 and "=?" not in line:
        return line
    return Header(line, "utf-8", maxlinelen=75, header_name=name).encode(linesep="\r\n")


def header_address(name: str, address: Address) -> str:
    """An address header's value: the encoded name, and the address in angle brackets.

    Plain words of a name stay plain, and only what lies between them is encoded, in one piece if
    it fits, because some clients show a space at every seam between encoded pieces.
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
    """A file attached to a message."""

    filename: str
    content: bytes = field(repr=False)
    mimetype: str = "application/pdf"


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to one address, not yet built. The sender is always the site's own address."""

    kind: MailKind
    to: Address = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadyMail:
    """A built message with its envelope: what is queued and what a server receives."""

    sender: str
    recipient: str
    raw: bytes = field(repr=False)

    def packed(self) -> bytes:
        """The message and its envelope as bytes, to be encrypted while queued."""
        head = {"sender": self.sender, "recipient": self.recipient}
        return json.dumps(head).encode() + b"\n" + self.raw

    @classmethod
    def unpacked(cls, plain: bytes) -> ReadyMail:
        """The reverse of ``packed``."""
        head, _, raw = plain.partition(b"\n")
        return cls(raw=raw, **json.loads(head))


class CampaignMessage(flask_mail.Message):
    """Flask-Mail's message with our own serialization.

    ``Message.__init__`` is not called: it looks up this machine's full name for an id that we do
    not use, and where no name server answers, that takes ten seconds a message.
    """

    def __init__(self, mail: Mail, sender: Address, *, now: datetime, message_id: str) -> None:
        self.sender_address, self.to_address = sender, mail.to
        self.sender, self.recipients = sender.wire, [mail.to.wire]
        self.subject, self.body = clean_line(mail.subject), mail.text
        self.date, self.message_id = now.timestamp(), f"<{message_id}@{sender.domain}>"
        self.attachments = [
            flask_mail.Attachment(clean_line(a.filename), a.mimetype, a.content)
            for a in mail.attachments
        ]

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

    Using the same id at every try lets a mailbox that gets a message twice show it once.
    """
    message = CampaignMessage(mail, sender, now=now, message_id=message_id)
    return ReadyMail(sender.wire, mail.to.wire, message.as_bytes())


def _lines(text: str) -> str:
    """The text with ``\\n`` line ends and one at its end, without what mail cannot carry."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    return unified.encode("utf-8", "ignore").decode("utf-8").rstrip("\n") + "\n"
