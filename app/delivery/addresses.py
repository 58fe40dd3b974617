"""E-mail addresses: what one is, and how name and address stand in a header."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.header import Header

from app.text import BadEmail, Email, clean_line, read_email

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
            raise ValueError("not an e-mail address")
        return found.wire


@dataclass(frozen=True, slots=True)
class BadAddress:
    """Not a whole e-mail address: ``message`` says what to look at, for a place in a form."""

    message: str = "This is not a whole e-mail address. It looks like name@example.org."


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
