"""Recognizes the same person by keyed codes that name no one.

    >>> one = person_of(b"secret", first="Ana", last="Ruiz", street="12 N Elm St", zip5="05672")
    >>> other = person_of(b"secret", first="ana", last="Ruíz", street="12 North Elm Street",
    ...                   street2="Apt 4", zip5="05672", email="ana@example.org")
    >>> one.is_at_the_address_of(other.by_address)
    True

A person has up to two codes, and a match on either one means that they have signed:

- ``by_email``: the email address with the first name, because a household may share one address;
- ``by_address``: the whole name with the street address and the ZIP. The address is normalized as
  the Postal Service writes it (``postal_words.txt``): Street and St, North and N, Fifth and 5th,
  Apt 4, Unit 4 and #4 are the same. If only one of two addresses has a unit, they match.

Junior and senior are two people. At one email address, a name *near* that of a standing signature
is the same person's: a typo, an initial, an added middle name (``_Marks``). What cannot be decided
is counted, and shown to organizers (``lookalikes``, ``likely``).

Every code is keyed (HMAC) with a secret of the site, so a copy of the database without the secret
cannot be tested against a list of addresses. A code begins with a code of the place alone, so that
all people at one place are adjacent in an index.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Generic, Literal, TypeVar

from app.records.comparing import (
    address_of,
    bare,
    compact,
    folded,
    initials_of,
    joined,
    name_of,
    words_of,
)
from app.records.keyed import keyed_code
from app.text import Email, read_email

PLACE = 8
"""Bytes of the place, which both codes begin with."""
NAME = 16
"""Bytes of the place and the name together."""
PART = 4
"""Bytes of each of the last two parts of ``by_address``: the name's accents, and the unit."""
NOT_GIVEN = bytes(PART)
"""No accents, or no unit: matches any."""
MARK = 4
"""Bytes of a mark. Marks are compared only with the few at the same email address."""
ALIKE = 8
"""Bytes of each code for lookalikes."""
MOST_AT_MAILBOX = 4
"""People per email address. A household needs a few; a forger would want many."""
MOST_ALIKE = 5
"""People kept per code of likeness."""
LONGEST = 24
"""Letters of a first name; a longer one is not checked for typos."""

STANDING = "status IN ('counted', 'held', 'unconfirmed')"
"""Which signatures stand for a person; the same condition as in the unique indexes."""


@dataclass(frozen=True, slots=True)
class Person:
    """The codes of one person, without any words. At least one of the first two is present."""

    by_email: bytes | None
    """16 bytes: the address, and the first name at it."""
    by_address: bytes | None
    """24 bytes: the house, the name in it without accents, its accents, and the unit."""
    alike: bytes = b""
    """Codes of 8 bytes: name and ZIP; the mailbox, if there is one; then the house with parts of
    the name. Two people who share one of them may be the same: see ``lookalikes``."""
    marks: _Marks | None = field(default=None, repr=False, compare=False)
    """For finding near names: at the email address, or in the house if there is none."""

    @property
    def near(self) -> bytes:
        """What is stored of the name's spelling, to compare with later names."""
        return self.marks.have if self.marks is not None else b""

    @property
    def code(self) -> bytes:
        """One of the codes; the same words always give the same one."""
        code = self.by_address or self.by_email
        assert code is not None
        return code

    def is_at_the_address_of(self, by_address: bytes | None) -> bool:
        """Whether a code is of the same name in the same house, with no different unit."""
        mine = self.by_address
        if mine is None or by_address is None or mine[:NAME] != by_address[:NAME]:
            return False
        pairs = ((mine[at : at + PART], by_address[at : at + PART]) for at in (NAME, NAME + PART))
        return all(one == other or NOT_GIVEN in (one, other) for one, other in pairs)

    def is_at_the_mailbox_of(self, by_email: bytes | None, near: bytes | None) -> bool:
        """Whether a code is of the same or a near name at the same email address."""
        if self.by_email is None or by_email is None or self.by_email[:PLACE] != by_email[:PLACE]:
            return False
        return self.by_email == by_email or self.is_near(near)

    def has_signed_as(
        self, by_email: bytes | None, by_address: bytes | None, near: bytes | None
    ) -> bool:
        """Whether codes are this person's, by either one."""
        return self.is_at_the_address_of(by_address) or self.is_at_the_mailbox_of(by_email, near)

    def is_near(self, near: bytes | None) -> bool:
        """Whether marks are of a name near this one, at the same place."""
        return bool(self.marks and near and self.marks.is_near(near))

    def mark_on(self, form: str) -> bytes:
        """A mark of the whole name on one form, whatever address the person gives."""
        return self.marks.on_form(form) if self.marks is not None else b""

    def has_mark(self, near: bytes | None, form: str) -> bool:
        """Whether marks include that of the same whole name on the same form."""
        mark = self.mark_on(form)
        return bool(mark and near) and mark in _pieces(near, MARK)

    def shares_a_house_and_first_name(self, by_address: bytes | None, alike: bytes | None) -> bool:
        """Whether codes are of the same first name and last initial in the same house."""
        if self.by_address is None or by_address is None:
            return False
        return (
            self.by_address[:PLACE] == by_address[:PLACE]
            and self.alike[-ALIKE:] == (alike or b"")[-ALIKE:]
        )


def person_of(
    secret: bytes,
    *,
    first: str,
    last: str,
    zip5: str,
    street: str = "",
    street2: str = "",
    email: str = "",
) -> Person:
    """The codes of the person with this name and address.

    A whole name may be in either field. Any text has codes, including an invalid email address.
    Raises ``ValueError`` if there is neither a name nor an email address, because all such people
    would share a code, and if the secret is empty.
    """
    if not secret:
        raise ValueError("The secret that people are recognized by is empty.")
    given, family, junior = name_of(first, last)
    plain = first.isascii() and last.isascii()
    accented = (given, family) if plain else name_of(first, last, accents=True)[:2]
    mailbox = _mailbox(email)
    if not given and not family and not mailbox:
        raise ValueError("A person without an email address and without a name has no code.")
    name = _ring(given, family)
    zip5 = words_of(zip5)
    words = sorted((*given.split(), *family.split()))
    alike = [_code(secret, ALIKE, "alike", *(words or [mailbox]), zip5)]
    by_email = by_address = None
    house, unit = address_of(street, street2)
    place = ("mailbox", mailbox) if mailbox else ("house", house, zip5)
    key = keyed_code(secret, "near", *place, junior)
    whole = keyed_code(secret, "form", name, junior)
    marks = _Marks(key, whole, accented[0] or accented[1], joined(family) if given else "")
    if mailbox:
        known = marks.spelling
        by_email = mailbox_code(secret, mailbox) + _code(
            secret, NAME - PLACE, "first name", mailbox, known, junior
        )
        alike.append(_code(secret, ALIKE, "base mailbox", _base_of(mailbox)))
    if (given or family) and (house or not mailbox):
        at = (house, zip5)
        own = _ring(*accented)
        by_address = b"".join((
            _code(secret, PLACE, "house", *at),
            _code(secret, NAME - PLACE, "whole name", *at, name, junior),
            NOT_GIVEN if own == name else _code(secret, PART, "accents", *at, own),
            _code(secret, PART, "unit", *at, unit) if unit else NOT_GIVEN,
        ))  # fmt: skip
        for initial in initials_of(given):
            alike.append(_code(secret, ALIKE, "first initial", *at, initial, family))
        _, _, second = given.rpartition(" ")
        if second != given:  # J. Robert is also Robert, and Pastor Bo is Bo
            alike.append(_code(secret, ALIKE, "last initial", *at, second, family[:1]))
        alike.append(_code(secret, ALIKE, "last initial", *at, given, family[:1]))
    return Person(by_email, by_address, b"".join(alike), marks)


def _ring(given: str, family: str) -> str:
    """The letters of a whole name, regardless of where it is split and which end comes first.

    ``Ana Pérez`` ``Soto``, ``Ana`` ``Pérez Soto`` and ``Pérez Soto`` ``Ana`` have the same ring:
    the lexicographically smallest rotation of their letters.
    """
    letters = joined(given + family)
    return min((letters[at:] + letters[:at] for at in range(len(letters))), default="")


def mailbox_code(secret: bytes, mailbox: str) -> bytes:
    """The first 8 bytes of ``by_email``, the same for all people at one mailbox."""
    return _code(secret, PLACE, "mailbox", _mailbox(mailbox))


def _code(secret: bytes, size: int, purpose: str, *parts: str) -> bytes:
    return keyed_code(secret, purpose, *parts)[:size]


def _message(*parts: str) -> bytes:
    # Each part is free of NUL, or contains it on purpose under a label of its own. Lone surrogates
    # are treated like any other data.
    return "\0".join(parts).encode("utf-8", "surrogatepass")


# --- Email addresses -------------------------------------------------------------------------

_GMAIL = frozenset({"gmail.com", "googlemail.com"})


_PLAIN_EMAIL = re.compile(r"[\w.+'-]+@[\w-]+(\.[\w-]+)*\.[a-z]+", re.ASCII | re.IGNORECASE)


def _mailbox(email: str) -> str:
    if _PLAIN_EMAIL.fullmatch(email):  # a full parse would give the same
        return email.lower()
    found = read_email(email) if email else None
    return folded(found.wire if isinstance(found, Email) else compact(email)).rstrip(".")


def _base_of(mailbox: str) -> str:
    """The mailbox without its ``+tag``; for Gmail also without dots, and under one domain."""
    local, _, domain = mailbox.rpartition("@")
    base = local.partition("+")[0] or local
    if domain in _GMAIL:
        return (base.replace(".", "") or base) + "@gmail.com"
    return f"{base}@{domain}"


# --- Near names at one place --------------------------------------------------------

_Mark = tuple[tuple[str, ...], str | None, tuple[str, ...]]
"""What is encoded, the kind under which this name stores it (None: not stored), and the kinds
under which a near name stores it."""
_ACCENTED = "accented"
_SHARED_NAMES = frozenset({
    "md", "mohd", "mohamad", "mohamed", "mohammad", "mohammed", "muhamed", "muhammad", "muhammed",
    "syed", "mst",
})  # fmt: skip
"""Names of honor, which all brothers or sisters of a family may have before their own."""


@dataclass(frozen=True)
class _Marks:
    """Marks of a name, keyed with its place, that reveal whether another name is near.

    These are near: the same name with other capitals, spaces or hyphens, or without its accents
    (but not with other accents); first and last name swapped; the first name with and without a
    second one; an initial, if the last names are the same; and two first names of four or more
    letters that differ by one inner letter, unless both are common names. A different last name
    alone does not make a different person.
    """

    key: bytes
    whole: bytes
    """A code of the whole name, from which its mark on a form is made; never stored."""
    first: str
    family: str

    @property
    def spelling(self) -> str:
        """The first name, with the last one if brothers and sisters may share it: K. Ravi and K.
        Meena, Md. Rahim and Md. Karim are two people."""
        words = self.first.split()
        return "".join(words) + (self.family if all(map(_may_be_shared, words)) else "")

    def on_form(self, form: str) -> bytes:
        """The whole name's mark on one form."""
        return blake2b(_message("form", form), key=self.whole, digest_size=MARK).digest()

    @cached_property
    def have(self) -> bytes:
        """What is stored of this name. Sorted, so the order is the same in every process and
        reveals nothing."""
        codes = {self._code(mark, kind) for mark, kind, _ in self._all() if kind is not None}
        return b"".join(sorted(codes))

    def is_near(self, have: bytes) -> bool:
        """Whether the name with this ``have``, at the same place, may be the same person's."""
        codes = set(_pieces(have, MARK))
        (spelling, _, _), (plain, accents, _), *_ = marks = tuple(self._all())
        if self._code(spelling) in codes:
            return True
        if accents == _ACCENTED and self._code(plain, _ACCENTED) in codes:
            return False
        return any(self._code(mark, kind) in codes for mark, _, kinds in marks for kind in kinds)

    def _code(self, mark: tuple[str, ...], kind: str = "") -> bytes:
        return blake2b(_message(*mark, kind), key=self.key, digest_size=MARK).digest()

    def _all(self) -> Iterator[_Mark]:
        words, spelling = self.first.split(), self.spelling
        joined, plain, family = "".join(words), bare("".join(words)), self.family
        yield ("spelling", spelling), "", ()
        accents, other = ("bare", _ACCENTED) if joined == plain else (_ACCENTED, "bare")
        yield ("plain", bare(spelling)), accents, (other,)
        if plain and family:
            yield ("both", plain, family), "", ()
            yield ("both", family, plain), None, ("",)
        if words:
            kind, other = ("one", "several") if len(words) == 1 else ("several", "one")
            shared = family if _may_be_shared(words[0]) else ""
            yield ("word", bare(words[0]) + shared), kind, (other,)
        if plain and family:
            kind, other = ("only", "full") if len(plain) == 1 else ("full", "only")
            yield ("initial", plain[0], family), kind, (other,)
        usual = plain in _given_names() or spelling != joined
        kinds = ("slip",) if usual else ("slip", "usual")
        for rest in _without_a_letter(plain):
            yield ("letters", rest), "usual" if usual else "slip", kinds


def _may_be_shared(word: str) -> bool:
    """Whether a first name is an initial or a name of honor."""
    return len(word) == 1 or word in _SHARED_NAMES


def _without_a_letter(word: str) -> Iterator[str]:
    """A word of four or more letters, and its variants with one inner letter removed."""
    if 4 <= len(word) <= LONGEST:
        yield word
        yield from {word[:at] + word[at + 1 :] for at in range(1, len(word) - 1)}


@cache
def _given_names() -> frozenset[str]:
    lines = Path(__file__).with_name("given_names.txt").read_text("utf-8").splitlines()
    return frozenset(word for line in lines if line[0] != "#" for word in line.split())


# --- In the database -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """The same person's signature stands; ``number`` is None if the email address has as many
    people as allowed."""

    number: int | None
    same_house: bool = False
    """It came from the same house: evidence that the same person is signing again."""


def standing(
    db: sqlite3.Connection, campaign: str, person: Person, *, ignoring: Collection[int] = ()
) -> Standing | None:
    """The standing signature of a person; None if they have not signed.

    Runs inside the caller's transaction and skips the signatures in ``ignoring``. A merely *likely*
    match (``likely``) is not a signature of theirs.
    """
    at_mailbox = 0
    for number, by_email, by_address, near, status in _rows_like(db, campaign, person):
        if number in ignoring:
            continue
        if person.has_signed_as(by_email, by_address, near):
            mine = person.by_address
            same = bool(mine and by_address and mine[:PLACE] == by_address[:PLACE])
            return Standing(number, same)
        at_mailbox += _shares_mailbox(person, by_email, status)
    return Standing(None) if at_mailbox >= MOST_AT_MAILBOX else None


def people_at_mailbox(db: sqlite3.Connection, campaign: str, person: Person) -> int:
    """How many people a person's email address has, out of ``MOST_AT_MAILBOX``."""
    rows = _rows_like(db, campaign, person)
    return sum(_shares_mailbox(person, by_email, status) for _, by_email, _, _, status in rows)


def _shares_mailbox(person: Person, by_email: bytes | None, status: str) -> bool:
    """Whether a signature takes one of the places at the person's email address."""
    if by_email is None or person.by_email is None or status == "unconfirmed":
        return False
    return by_email[:PLACE] == person.by_email[:PLACE]


_LIKE = tuple(
    f"FROM signatures WHERE campaign = ?1 AND {STANDING} AND {between}"
    for between in ("by_email BETWEEN ?2 AND ?3", "by_address BETWEEN ?4 AND ?5")
)
"""Standing signatures at a person's mailbox, and of their name in their house; an index serves
each. The parameters are ``like_values``."""
ANYONE_LIKE = " OR ".join(f"EXISTS (SELECT 1 {where})" for where in _LIKE)
"""Whether there is any such signature. Nearly always not, and then ``standing`` finds none."""
_EVERYONE_LIKE = " UNION ".join(
    f"SELECT id, by_email, by_address, near, status {where}" for where in _LIKE
)


def like_values(campaign: str, person: Person) -> tuple[str | bytes | None, ...]:
    """The campaign, and the lower and upper bounds of both codes; None for a code that the person
    does not have."""
    email, address = person.by_email, person.by_address
    return (
        campaign,
        email and email[:PLACE], email and email[:PLACE] + b"\xff" * NAME,
        address and address[:NAME], address and address[:NAME] + b"\xff" * NAME,
    )  # fmt: skip


_Row = tuple[int, bytes | None, bytes | None, bytes | None, str]


def _rows_like(db: sqlite3.Connection, campaign: str, person: Person) -> list[_Row]:
    """The signatures of ``_LIKE``, oldest first; nearly always none."""
    return db.execute(f"{_EVERYONE_LIKE} ORDER BY id", like_values(campaign, person)).fetchall()


_IN_TWO_CAMPAIGNS = " OR ".join(
    f"{code} IN (SELECT {code} FROM signatures WHERE status = 'counted' AND {code} IS NOT NULL"  # noqa: S608
    " GROUP BY 1 HAVING min(campaign) <> max(campaign))"
    for code in ("by_email", f"substr(by_address, 1, {NAME})")
)
"""Whether a signature's first name at a mailbox, or name in a house, is in two campaigns."""


def people(db: sqlite3.Connection) -> int:
    """How many different people have a counted signature, in all campaigns together.

    As in one campaign, a signature with a code of an earlier one is the same person's; two that
    one campaign counts are two people's. Near names at one mailbox count twice, because only a
    name can be compared with them. Unlike the other counts, this reads every row: about five
    seconds per million.
    """
    [count] = db.execute("SELECT count(*) FROM signatures WHERE status = 'counted'").fetchone()
    known: defaultdict[bytes, list[tuple[Person, set[str]]]] = defaultdict(list)
    for campaign, by_email, by_address in db.execute(
        "SELECT campaign, by_email, by_address FROM signatures"  # noqa: S608
        f" WHERE status = 'counted' AND ({_IN_TWO_CAMPAIGNS}) ORDER BY id"
    ):
        person = Person(by_email, by_address)
        # What is most specific comes first: the mailbox, the unit, the house.
        keys = [by_email] if by_email else []
        if by_address:
            keys += by_address, by_address[:NAME]
        theirs = (
            campaigns
            for key in keys
            for other, campaigns in known[key]
            if campaign not in campaigns
            and person.has_signed_as(other.by_email, other.by_address, None)
        )
        campaigns = next(theirs, set())
        count -= bool(campaigns)
        campaigns.add(campaign)
        for key in keys:
            known[key].append((person, campaigns))
    return int(count)


def lookalikes(db: sqlite3.Connection, campaign: str) -> list[tuple[int, ...]]:
    """Groups of standing signatures that may be the same person's, oldest first in each.

    They share a mailbox, apart from ``+tags`` and the dots that Gmail ignores; or a name and a ZIP;
    or a house and either the last name with a first initial (Bob also has Robert's) or the first
    name. All of them are counted: this is a list for organizers to review, not a verdict. Reads
    every row.
    """
    groups = _Groups()
    for number, alike in db.execute(
        f"SELECT id, alike FROM signatures WHERE campaign = ? AND {STANDING}",  # noqa: S608
        (campaign,),
    ):
        groups.add(number, _pieces(alike, ALIKE))
    return sorted(tuple(sorted(group)) for group in groups.all() if len(group) > 1)


Key = TypeVar("Key")
AlikeBy = Literal["name", "mailbox", "house"]
"""Why two people may be the same: name and ZIP; the mailbox, apart from a ``+tag`` or Gmail's dots;
or the house with the last name and a first initial, or with the first name."""


class Lookalikes(Generic[Key]):
    """Finds people among those added who may be the same, but whom the codes do not decide.

    For each code of likeness only the first ``MOST_ALIKE`` people are kept, so that a sheet full of
    one name does not pair every row with every other.
    """

    def __init__(self) -> None:
        self._by_code: defaultdict[bytes, list[tuple[Key, Person]]] = defaultdict(list)

    def add(self, key: Key, person: Person) -> None:
        """Add a person under the caller's key."""
        for code in _pieces(person.alike, ALIKE):
            if len(self._by_code[code]) < MOST_ALIKE:
                self._by_code[code].append((key, person))

    def of(self, person: Person) -> dict[Key, AlikeBy]:
        """The keys of added people who may be this person, and why."""
        near = (
            pair for code in _pieces(person.alike, ALIKE) for pair in self._by_code.get(code, ())
        )
        why = {key: alike_by(person, other) for key, other in near}
        return {key: by for key, by in why.items() if by is not None}


_ALIKE_TO = f"""
SELECT id, by_email, by_address, alike FROM signatures WHERE campaign = ?1 AND {STANDING} AND (
    hex(substr(alike, 1, {ALIKE})) IN (SELECT value FROM json_each(?2))
    OR hex(substr(alike, {ALIKE + 1}, {ALIKE})) IN (SELECT value FROM json_each(?2))
    OR hex(substr(by_address, 1, {PLACE})) IN (SELECT value FROM json_each(?3))
) ORDER BY id
"""  # noqa: S608
"""Standing signatures with one of some names and ZIPs or mailboxes, or in one of some houses."""


def likely(
    db: sqlite3.Connection, campaign: str, persons: Sequence[Person]
) -> list[dict[int, AlikeBy]]:
    """For each person, the standing signatures that may be theirs, and why.

    For people who have not signed according to ``standing``, before they are counted. Reads the
    signatures once, however many people there are, about 0.1 s for 200,000: an index of names and
    mailboxes would slow down everyone who signs.
    """
    codes = {code.hex().upper() for person in persons for code in _pieces(person.alike, ALIKE)}
    houses = {person.by_address[:PLACE].hex().upper() for person in persons if person.by_address}
    known = Lookalikes[int]()
    if codes:
        values = (campaign, json.dumps([*codes]), json.dumps([*houses]))
        for number, *found in db.execute(_ALIKE_TO, values):
            known.add(number, Person(*found))
    return [known.of(person) for person in persons]


def alike_by(one: Person, other: Person) -> AlikeBy | None:
    """Why two people may be the same where no code decides it; ``name`` for identical people.

    None if they are not alike. Two names at one mailbox are two people of a household.
    """
    kinds: tuple[AlikeBy, ...] = ("name", "house", "house", "house", "house")
    if one.by_email:
        kinds = ("name", "mailbox", *kinds[1:])
    household = one.by_email and other.by_email and one.by_email[:PLACE] == other.by_email[:PLACE]
    theirs = set(_pieces(other.alike, ALIKE))
    for kind, code in zip(kinds, _pieces(one.alike, ALIKE), strict=False):
        if code in theirs and not (household and kind == "mailbox"):
            return kind
    return None


def _pieces(codes: bytes | None, size: int) -> Iterator[bytes]:
    """Splits concatenated codes of ``size`` bytes."""
    if codes is not None:
        yield from (codes[at : at + size] for at in range(0, len(codes), size))


class _Groups:
    """Groups of numbers that share a code, directly or through others (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}
        self._first: dict[bytes, int] = {}

    def add(self, number: int, codes: Iterable[bytes]) -> None:
        self._parent.setdefault(number, number)
        for code in codes:
            other = self._root(self._first.setdefault(code, number))
            self._parent[other] = self._root(number)

    def _root(self, number: int) -> int:
        while self._parent[number] != number:
            self._parent[number] = number = self._parent[self._parent[number]]
        return number

    def all(self) -> list[list[int]]:
        found: defaultdict[int, list[int]] = defaultdict(list)
        for number in self._parent:
            found[self._root(number)].append(number)
        return list(found.values())
