"""E-mail addresses: what one is, and how name and address stand in a header."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.header import Header

import idna

_LOCAL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
    r"(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+)*"
)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_UNSEEN = re.compile(
    "[\x00-\x20\x7f-\xa0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064"
    "\u2066-\u206f\u3000\ufeff\ufff9-\uffff\ud800-\udfff]"
)
"""Spaces, control characters and marks that are not seen: none belongs in an address."""

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
        return _wire_domain(self.email.rsplit("@", 1)[1])

    @property
    def wire(self) -> str:
        """The address as the mail server hears it."""
        return f"{self.email.rsplit('@', 1)[0]}@{self.domain}"

    @property
    def needs_utf8(self) -> bool:
        """Whether only a server that knows SMTPUTF8 can take the part before the @."""
        return not self.email.rsplit("@", 1)[0].isascii()


@dataclass(frozen=True, slots=True)
class BadAddress:
    """Not a whole e-mail address: ``message`` says what to look at, for a place in a form."""

    message: str = "This is not a whole e-mail address. It looks like name@example.org."


def parse_address(email: str, name: str = "") -> Address | BadAddress:
    """Check an address as typed; spaces around it are dropped, nothing else is changed.

    Unusual but valid addresses pass unchanged (``o'dell+parks.2026@example.museum``). Line
    breaks and control characters in the name become spaces, so that none reaches a header.
    """
    text = email.strip()
    local, at, domain = text.rpartition("@")
    if not at or len(text) > 254 or not 1 <= len(local.encode("utf-8", "replace")) <= 64:
        return BadAddress()
    if _UNSEEN.search(text) or not _LOCAL.fullmatch(local):
        return BadAddress()
    try:
        labels = _wire_domain(domain).split(".")
    except UnicodeError:
        return BadAddress()
    if len(labels) < 2 or len(".".join(labels)) > 253 or labels[-1].isdigit():
        return BadAddress()
    if not all(_LABEL.fullmatch(label) for label in labels):
        return BadAddress()
    return Address(text, one_line(name))


def _wire_domain(domain: str) -> str:
    """A domain as the wire has it; ``straße.example`` is not ``strasse.example``.

    The newer rules first, because the older ones lead to another domain there; the older ones
    for what the newer ones leave out, such as a heart. Raises ``UnicodeError``.
    """
    if domain.isascii():
        return domain.encode("idna").decode("ascii")
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return domain.encode("idna").decode("ascii")


def one_line(text: str) -> str:
    """A text without line breaks, control characters or lone surrogates, single-spaced."""
    spaced = re.sub("[\x00-\x20\x7f-\x9f\u2028\u2029]", " ", text)
    return " ".join(re.sub("[\ud800-\udfff]", "", spaced).split())


def header_text(name: str, text: str) -> str:
    """One text header's value, encoded and folded, that every reader decodes to ``text``.

    A long text, or one with other letters, is encoded as a whole: then no reader can lose a
    space where a line was folded.
    """
    line = one_line(text)
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
