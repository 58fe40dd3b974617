"""One person, one signature: a code that recognises a person and names nobody.

The code is keyed (HMAC-SHA256) with a secret of the site, so that a copy of the database
without the secret cannot be tried against a list of addresses.

Who is the same person:

- With an e-mail address, the address alone decides. Spaces around it, capital letters, the
  way an accent is encoded and the way an international domain is written make no difference.
  ``ana+2@…`` is somebody else, but *alike*: see below.
- Without one, first name, last name, street and five-digit ZIP decide. Capital letters,
  punctuation and spaces make no difference; ``St`` and ``Street`` do, as do accents.

So two people who share one e-mail address can both sign: the second leaves the address
empty. No name is part of the code of an address, so correcting a name changes nothing.

A code is 32 bytes in two halves. The first 16 say who this person is *like* within one
campaign (the address without its ``+tag``, and without the dots that Gmail ignores; or the
name and ZIP without the street), so that lookalikes stand side by side in the index and
an organizer can be shown them; nobody is dropped for being alike. The last 16 say exactly who
this is, and are the same in every campaign of the site, so that people can be counted across
campaigns.
"""

from __future__ import annotations

import hmac
import unicodedata

import idna

LIKE_BYTES = 16
"""How many bytes at the start of a code say whom the person is like."""

_GMAIL = frozenset({"gmail.com", "googlemail.com"})


def person_key(
    secret: bytes, campaign: str, *, email: str, first: str, last: str, street: str, zip5: str
) -> bytes:
    """The 32-byte code of a person in a campaign.

    Raises ``ValueError`` if ``secret`` is empty, or if neither an address nor a name is given:
    a code of nothing would be shared by everybody.
    """
    if not secret:
        raise ValueError("The secret that people are recognised by is empty.")
    address = _compact(email)
    exact: tuple[str, ...]
    like: tuple[str, ...]
    if address:
        local, domain = _address(address)
        exact = ("email", local, domain)
        like = ("email", *_untagged(local, domain))
    else:
        name, place = (_words(first), _words(last)), (_words(street), _words(zip5))
        if not any(name):
            raise ValueError("A person without an e-mail address and without a name has no code.")
        exact = ("name", *name, *place)
        like = ("name", *name, place[1])
    return _code(secret, "like", campaign, *like) + _code(secret, "exact", *exact)


def _code(secret: bytes, *parts: str) -> bytes:
    # No part holds NUL (they are cleaned, and a campaign is a folder's name), so the parts
    # cannot run into each other. Lone surrogates are data like any other here.
    message = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hmac.digest(secret, message, "sha256")[:LIKE_BYTES]


def _compact(text: str) -> str:
    """Without spaces and invisible characters, which come along when text is pasted."""
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) not in _HIDDEN)


_HIDDEN = frozenset({"Cc", "Cf"})


def _address(address: str) -> tuple[str, str]:
    local, _, domain = address.rpartition("@")
    domain = domain.rstrip(".")
    try:
        domain = idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        domain = _folded(domain)  # not a domain that can exist; still always the same text
    return _folded(local), domain.lower()


def _untagged(local: str, domain: str) -> tuple[str, str]:
    base = local.partition("+")[0] or local
    if domain in _GMAIL:  # one mailbox, two domains, and dots make no difference
        return base.replace(".", "") or base, "gmail.com"
    return base, domain


def _folded(text: str) -> str:
    """NFC and case-folded, whichever of several equal spellings came in."""
    decomposed = unicodedata.normalize("NFD", text).casefold()
    return unicodedata.normalize("NFC", decomposed)


def _words(text: str) -> str:
    """The letters, digits and marks of a text, folded, with one space between the words."""
    if text.isascii() and text.replace(" ", "").isalnum():
        return " ".join(text.lower().split())  # the same as below, for most people
    kept = "".join(
        c if unicodedata.category(c)[0] in "LNM" else "" if c in _APOSTROPHES else " "
        for c in unicodedata.normalize("NFKC", text)
        if unicodedata.category(c) not in _HIDDEN
    )
    return " ".join(_folded(kept).split()) or _folded(_compact(text))


_APOSTROPHES = frozenset("'’‘ʼ`´")
