"""Whether two names at one address are one person's, without keeping a name.

Of a name that signs, a handful of keyed codes is kept: of its spelling, of its spelling
without accents, of its first word, and of what is left of it when one letter inside is taken
out. Two names are *near* when what one looks for is among what the other has. Every code is
also keyed with the e-mail address (or, where none is given, with street and ZIP), so that the
codes of two addresses have nothing in common and tell nothing about each other.

Near are, at one e-mail address:

- the same name, however its capitals, spaces, hyphens and punctuation are typed;
- a name with its accents and the same without any; but not two that are accented differently;
- first and last name exchanged;
- the first name and the first name with a second one (``Ana``, ``Ana María``); but not two
  different second names;
- an initial and a first name that begins with it, where the last names are the same;
- two first names of four letters or more that differ by one letter inside (missing, added,
  another, or moved), unless both are usual names (``given_names``): a slip, not another person.

A last name alone makes nobody somebody else. Without an e-mail address the street is part of
it, and only the first three of these are near.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

from app.records.given_names import GIVEN_NAMES
from app.records.person import bare, cleaned_words, scope_of

CODE = 4
"""Bytes of a code. Codes are only ever compared with the few at the same address."""
LONGEST = 24
"""Letters of a first name that are looked at for a slip."""


Mark = tuple[tuple[str, ...], str | None, tuple[str, ...]]
"""What is coded, which kind of it this name has (None: it has none), and of which kind another
name has it that is near."""
MARKED = "marked"


@dataclass(frozen=True, slots=True)
class Likeness:
    """Codes of one signing. ``have`` and ``place`` are kept; the rest is not."""

    have: bytes
    """What this name has; the first code is the address's own."""
    place: bytes
    """A code of ZIP and house number: evidence that it is the same person who signs again."""
    key: bytes = field(repr=False)
    marks: tuple[Mark, ...] = field(repr=False)
    """What the codes are made from. Looked at only where somebody else is at the address."""

    def near(self, have: bytes) -> bool:
        """Whether the name whose ``have`` this is can be the same person's."""
        if not self.same_address(have):
            return False
        codes = {have[at : at + CODE] for at in range(CODE, len(have), CODE)}
        (spelling, _, _), (plain, accents, _), *_ = self.marks
        if _code(self.key, spelling) in codes:
            return True
        if accents == MARKED and _code(self.key, plain, MARKED) in codes:
            return False
        return any(
            _code(self.key, mark, kind) in codes for mark, _, kinds in self.marks for kind in kinds
        )

    def same_address(self, have: bytes) -> bool:
        """Whether that name is at the same address."""
        return have[:CODE] == self.have[:CODE]


def likeness_of(
    secret: bytes, campaign: str, *, email: str, first: str, last: str, street: str, zip5: str
) -> Likeness:
    """The codes of a person's name at an address; takes the same as ``person_key``.

    Raises ``ValueError`` if ``secret`` is empty.
    """
    if not secret:
        raise ValueError("The secret that people are recognised by is empty.")
    scope = scope_of(email=email, street=street, zip5=zip5)
    key = hmac.digest(secret, _message("near", campaign, *scope), "sha256")
    names = cleaned_words(first), cleaned_words(last)
    marks = tuple(_address_marks(*names) if scope[0] == "email" else _name_marks(*names))
    have = dict.fromkeys(_code(key, mark, kind) for mark, kind, _ in marks if kind is not None)
    words = cleaned_words(street).split()
    house = next((word for word in words if any(c.isdigit() for c in word)), " ".join(words))
    return Likeness(
        have=_code(key, ("address",)) + b"".join(have),
        place=_code(key, ("place", cleaned_words(zip5), house)),
        key=key,
        marks=marks,
    )


def _code(key: bytes, mark: tuple[str, ...], kind: str = "") -> bytes:
    return blake2b(_message(*mark, kind), key=key, digest_size=CODE).digest()


def _address_marks(first: str, family: str) -> Iterator[Mark]:
    name = first or family
    words = name.split()
    joined, plain = "".join(words), bare("".join(words))
    yield ("spelling", joined), "", ()
    yield _accents(joined, plain)
    if first and family:
        yield ("both", name, family), "", ()
        yield ("both", family, name), None, ("",)
    if words:
        kind, other = ("one", "several") if len(words) == 1 else ("several", "one")
        yield ("word", bare(words[0])), kind, (other,)
    if plain and family:
        kind, other = ("only", "full") if len(plain) == 1 else ("full", "only")
        yield ("initial", plain[0], bare(family)), kind, (other,)
    usual = plain in GIVEN_NAMES
    kinds = ("slip",) if usual else ("slip", "usual")
    for rest in _without_a_letter(plain):
        yield ("letters", rest), "usual" if usual else "slip", kinds


def _name_marks(first: str, last: str) -> Iterator[Mark]:
    words = sorted((*first.split(), *last.split()))
    joined, plain = " ".join(words), " ".join(sorted(bare(word) for word in words))
    yield ("spelling", joined), "", ()
    yield _accents(joined, plain)


def _accents(text: str, plain: str) -> Mark:
    kind, other = ("bare", MARKED) if text == plain else (MARKED, "bare")
    return ("plain", plain), kind, (other,)


def _without_a_letter(word: str) -> Iterator[str]:
    """A word of four letters or more, and it without each letter but its first and last."""
    if not 4 <= len(word) <= LONGEST:
        return
    yield word
    yield from {word[:at] + word[at + 1 :] for at in range(1, len(word) - 1)}


def _message(*parts: str) -> bytes:
    # No part holds NUL: they are cleaned, and a campaign is a folder's name.
    return "\0".join(parts).encode("utf-8", "surrogatepass")
