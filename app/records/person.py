"""One person, one signature: a code that recognises a person and names nobody.

The code is keyed (HMAC-SHA256) with a secret of the site, so that a copy of the database
without the secret cannot be tried against a list of addresses.

Who is the same person:

- With an e-mail address, the address and the first name decide. Spaces around the address,
  capital letters, the way an accent is encoded and the way an international domain is written
  make no difference. ``ana+2@…`` is somebody else, but *alike*: see below. So two people who
  share an address can both sign.
- Without one, first name, last name, street and five-digit ZIP decide. Capital letters,
  punctuation and spaces make no difference; ``St`` and ``Street`` do.

A name that was mistyped and is given again gets another code; that it is the same person's is
found by ``likeness``, and ``same`` says what follows.

A code is 32 bytes in two halves. The first 16 say who this person is *like* within one
campaign (the address without its ``+tag``, and without the dots that Gmail ignores; or the name
without its accents and the ZIP), so that lookalikes stand side by side in the index and an
organizer can be shown them; nobody is dropped for being alike. The last 16 say exactly who this
is, and are the same in every campaign of the site, so that people can be counted across campaigns.
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
    exact: tuple[str, ...]
    like: tuple[str, ...]
    given, family = cleaned_words(first), cleaned_words(last)
    scope = scope_of(email=email, street=street, zip5=zip5)
    if scope[0] == "email":
        # Without any name it is the code that every name at an address once had.
        exact = (*scope, given or family) if given or family else scope
        like = ("email", *_untagged(*scope[1:]))
    else:
        if not given and not family:
            raise ValueError("A person without an e-mail address and without a name has no code.")
        exact = ("name", given, family, *scope[1:])
        words = sorted(bare(word) for word in (*given.split(), *family.split()))
        like = ("name", *words, scope[2])
    return _code(secret, "like", campaign, *like) + _code(secret, "exact", *exact)


def scope_of(*, email: str, street: str, zip5: str) -> tuple[str, str, str]:
    """What a person is looked for at: their e-mail address, or else their street and ZIP."""
    address = _compact(email)
    if address:
        return ("email", *_address(address))
    return ("name", cleaned_words(street), cleaned_words(zip5))


def _code(secret: bytes, *parts: str) -> bytes:
    # No part holds NUL (they are cleaned, and a campaign is a folder's name), so the parts
    # cannot run into each other. Lone surrogates are data like any other here.
    message = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hmac.digest(secret, message, "sha256")[:LIKE_BYTES]


def _compact(text: str) -> str:
    """Without spaces and invisible characters, which come along when text is pasted."""
    if text.isascii() and text.isprintable() and " " not in text:
        return text
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) not in _HIDDEN)


_HIDDEN = frozenset({"Cc", "Cf"})


def _address(address: str) -> tuple[str, str]:
    local, _, domain = address.rpartition("@")
    domain = domain.rstrip(".")
    if domain.isascii():  # then the rules below change capitals only, or refuse it
        return _folded(local), domain.lower()
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
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFD", text).casefold()
    return unicodedata.normalize("NFC", decomposed)


def cleaned_words(text: str) -> str:
    """The letters, digits and marks of a text, folded, with one space between the words."""
    if text.isascii():  # the same as below, for most people
        return " ".join(text.translate(_ASCII).lower().split()) or _folded(_compact(text))
    kept = "".join(
        c if unicodedata.category(c)[0] in "LNM" else "" if c in _APOSTROPHES else " "
        for c in unicodedata.normalize("NFKC", text)
        if unicodedata.category(c) not in _HIDDEN
    )
    return " ".join(_folded(kept).split()) or _folded(_compact(text))


def bare(text: str) -> str:
    """Without the accents on Latin letters; in other scripts a mark is part of the letter."""
    if text.isascii():
        return text
    kept: list[str] = []
    latin = False
    for c in unicodedata.normalize("NFD", text):
        if unicodedata.category(c) == "Mn":
            if latin:
                continue
        else:
            latin = c < "\u0250"
        kept.append(_LETTERS.get(c, c))
    return unicodedata.normalize("NFC", "".join(kept))


_LETTERS = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
_APOSTROPHES = frozenset("'’‘ʼ`´")
_ASCII = {
    n: None if chr(n) in _APOSTROPHES or n < 32 or n == 127
    else chr(n) if chr(n).isalnum() else " "
    for n in range(128)
}  # fmt: skip
