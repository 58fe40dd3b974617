"""The token in every organizer's form, and work that is kept while somebody logs in again.

A form's token is signed and names the organizer and the session for which the form was made
(for a visitor, their browser's nonce). It is good in that session only. One that was made for
the same organizer in an earlier session proves that the form was ours: nothing is done, but
what was typed is shown again and one press sends it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.url_safe import URLSafeSerializerMixin

FIELD = "token"
CARRY = "kept"
UNKEPT = frozenset({FIELD, CARRY, "password", "passphrase", "again", "code", "next"})
"""Fields that are never sent back to the browser."""

State = Literal["good", "ours", "foreign"]
LOCAL = re.compile(r"/(?:es/)?organize(?:/[A-Za-z0-9._~-]+)*/?(?:\?[A-Za-z0-9._~=&%+-]*)?")


@dataclass(frozen=True, slots=True)
class Binding:
    """For whom a form is made: an organizer's number and session, or 0 and a nonce's hash."""

    owner: int
    session: str


def visitor_binding(nonce: str) -> Binding:
    """The binding of somebody who is not logged in."""
    return Binding(0, hashlib.sha256(nonce.encode()).hexdigest()[:32])


@dataclass(frozen=True, slots=True)
class Kept:
    """A form's contents, kept in the pages themselves while its sender logs in again."""

    owner: int
    path: str
    fields: tuple[tuple[str, str], ...]


def _signer(secret: bytes, purpose: str) -> URLSafeSerializerMixin:
    return URLSafeSerializer(
        secret, salt=f"organizer {purpose}", signer_kwargs={"digest_method": hashlib.sha256}
    )


def issue(secret: bytes, binding: Binding) -> str:
    """The token for a form."""
    token = _signer(secret, "form").dumps([binding.owner, binding.session])
    return token if isinstance(token, str) else token.decode("ascii")


def owner_of(secret: bytes, token: str) -> Binding | None:
    """For whom a token was made; None when it is not one of ours."""
    try:
        owner, session = _signer(secret, "form").loads(token)
    except (BadData, ValueError, TypeError, UnicodeError):
        return None
    return Binding(int(owner), str(session))


def state_of(secret: bytes, token: str, binding: Binding) -> State:
    """Whether a token is good here and now, was ours once, or is foreign."""
    made_for = owner_of(secret, token)
    if made_for is None or made_for.owner != binding.owner:
        return "foreign"
    return "good" if made_for == binding else "ours"


def keep(secret: bytes, owner: int, path: str, fields: Iterable[tuple[str, str]]) -> str:
    """A form's contents, signed, without tokens and passwords."""
    pairs = [[name, value] for name, value in fields if name not in UNKEPT]
    kept = _signer(secret, "kept").dumps([owner, path, pairs])
    return kept if isinstance(kept, str) else kept.decode("ascii")


def kept_work(secret: bytes, signed: str) -> Kept | None:
    """What ``keep`` signed; None for nothing or anything else."""
    try:
        owner, path, pairs = _signer(secret, "kept").loads(signed)
        fields = tuple((str(name), str(value)) for name, value in pairs)
    except (BadData, ValueError, TypeError, UnicodeError):
        return None
    return Kept(int(owner), str(path), fields)


def safe_next(wanted: str) -> str:
    """A path of the organizers' pages to go on to; empty for anything else.

    Only plain characters are taken, so neither another host (``//evil.example``, ``/\\evil``),
    nor a scheme, nor a line break can hide in it; and no ``.`` or ``..``, which would lead out.
    """
    path = wanted.partition("?")[0]
    if len(wanted) > 500 or not LOCAL.fullmatch(wanted) or {".", ".."} & set(path.split("/")):
        return ""
    return wanted
