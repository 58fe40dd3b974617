"""What the site signs and gives to a browser, to know it again when it comes back.

One signer (itsdangerous) with a purpose for each use, so that nothing signed for one is good
for another: the token of a resident's form, the token of an organizer's form, a form's contents
that are kept while an organizer logs in again, and the marker of a test journey.

A resident's form token holds a random nonce and the time at which the form was made. The nonce
is also the idempotency key of the signature: whatever is pressed twice, reloaded or sent again
after a wait carries the same nonce and counts once. The time only says how long ago the form
was shown; a form that waited too long comes back filled in, with a fresh time and the same
nonce. No cookie and no session is involved.

An organizer's form token names the organizer and the session for which the form was made (for a
visitor, their browser's nonce). It is good in that session only. One that was made for the same
organizer in an earlier session proves that the form was ours: nothing is done, but what was
typed is shown again and one press sends it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from itsdangerous import BadSignature, Signer
from wtforms.csrf.core import CSRF
from wtforms.validators import ValidationError

Purpose = Literal["form", "organizer's form", "kept work", "test journey"]


@lru_cache(maxsize=16)
def _signer(secret: bytes, purpose: Purpose) -> Signer:
    return Signer(secret, salt=purpose, digest_method=hashlib.sha256)


def sign(secret: bytes, purpose: Purpose, text: str) -> str:
    """An ASCII text, a dot, and the signature that makes it good for one purpose."""
    return _signer(secret, purpose).sign(text).decode("ascii")


def unsign(secret: bytes, purpose: Purpose, signed: str) -> str | None:
    """The text that ``sign`` was given; None for whatever this site did not sign for this."""
    if not signed:
        return None
    try:
        return _signer(secret, purpose).unsign(signed).decode("ascii")
    except (BadSignature, ValueError):  # a ValueError: text that no encoding holds
        return None


LONGEST = 200
"""Characters; a form's token has fewer than 100."""
TokenState = Literal["fresh", "expired", "forged"]


@dataclass(frozen=True, slots=True)
class Token:
    """What a submitted token says. ``nonce`` is empty for a forged or missing one."""

    state: TokenState
    nonce: str = ""
    age: int = 0
    """Seconds since the nonce was made: since the first form of this draft, not the last."""


@lru_cache(maxsize=1024)
def _verified(secret: bytes, token: str) -> tuple[str, int] | None:
    # Every step of one request asks for the same token.
    nonce, _, signed_at = (unsign(secret, "form", token) or "").partition(".")
    return (nonce, int(signed_at)) if nonce else None


@dataclass(frozen=True, slots=True)
class FormTokens:
    """Makes and reads the tokens of residents' forms with the site's secret."""

    secret: bytes
    minutes: int
    seconds: Callable[[], float]
    """A timer whose readings can be compared between the site's processes and never jump: not
    the time of day, which an administrator or a time server may set back or forward."""

    def issue(self, nonce: str = "") -> str:
        """A token of now, for ``nonce`` or for a new one."""
        now = int(self.seconds())
        nonce = nonce or f"{now:08x}{secrets.token_urlsafe(16)}"
        return sign(self.secret, "form", f"{nonce}.{now}")

    def _age(self, nonce: str) -> int:
        age = int(self.seconds()) - int(nonce[:8], 16)
        # The timer began anew since, so how long ago it was is not known; not just now.
        return age if age >= 0 else self.minutes * 60

    def read(self, token: str) -> Token:
        """What ``token`` says; never raises."""
        # The length is looked at before the cache, so that no hostile length is ever kept.
        found = _verified(self.secret, token) if len(token) <= LONGEST else None
        if found is None:
            return Token("forged")
        nonce, signed_at = found
        waited = int(self.seconds()) - signed_at
        # A reading that has not come yet is from before the timer began anew. We signed it, so
        # nobody is kept waiting for that.
        state: TokenState = "fresh" if waited <= self.minutes * 60 else "expired"
        return Token(state, nonce, self._age(nonce))

    def renew(self, token: str) -> str:
        """A fresh token with the nonce of ``token``; a new nonce if there is none to trust."""
        return self.issue(self.read(token).nonce)


class FormToken(CSRF):  # type: ignore[misc]
    """WTForms' protection against forged requests, by a ``FormTokens`` in ``csrf_context``."""

    def setup_form(self, form: Any) -> Any:
        self.tokens: FormTokens = form.meta.csrf_context
        return super().setup_form(form)

    def generate_csrf_token(self, csrf_token_field: Any) -> str:
        # The pages renew and write the token themselves, so none is signed for the field.
        return str(csrf_token_field.data or "")

    def validate_csrf_token(self, _form: Any, field: Any) -> None:
        state = self.tokens.read(field.data or "").state
        if state != "fresh":
            raise ValidationError(state)


@dataclass(frozen=True, slots=True)
class Binding:
    """For whom an organizer's form is made: their number and session, or 0 and a nonce's hash."""

    owner: int
    session: str

    @classmethod
    def of_visitor(cls, nonce: str) -> Binding:
        """The binding of somebody who is not logged in."""
        return cls(0, hashlib.sha256(nonce.encode()).hexdigest()[:32])

    @classmethod
    def read(cls, secret: bytes, token: str) -> Binding | None:
        """For whom a token was made; None when it is not one of ours."""
        owner, _, session = (unsign(secret, "organizer's form", token) or "").partition(".")
        return cls(int(owner), session) if owner else None

    def token(self, secret: bytes) -> str:
        """The token for a form."""
        return sign(secret, "organizer's form", f"{self.owner}.{self.session}")

    def judge(self, secret: bytes, token: str) -> Literal["good", "ours", "foreign"]:
        """Whether a token is good here and now, was this organizer's once, or is foreign."""
        made_for = self.read(secret, token)
        if made_for is None or made_for.owner != self.owner:
            return "foreign"
        return "good" if made_for == self else "ours"
