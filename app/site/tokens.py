"""Signed values that a browser holds and sends back.

One signer (itsdangerous) with a separate salt for each purpose, so that a value signed for one is
invalid for another: a resident's form token, an organizer's form token, the contents of a form
kept while an organizer logs in again, and the marker of a test journey.

A resident's form token contains a random nonce and the time at which the form was made. The nonce
is also the idempotency key of the signature: a double press, a reload and a late retry send the
same nonce and count once. The time only says how old the form is; an expired form comes back
filled in, with a fresh time and the same nonce. No cookie or session is involved.

An organizer's form token names the organizer and the session for which the form was made (for a
visitor, their browser's nonce) and is valid only in that session. One from an earlier session of
the same organizer proves that the form was ours: nothing is done, but what was typed is shown
again and one press sends it.
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
    """``text`` (ASCII), a dot, and a signature valid for one purpose."""
    return _signer(secret, purpose).sign(text).decode("ascii")


def unsign(secret: bytes, purpose: Purpose, signed: str) -> str | None:
    """The text given to ``sign``; None if this site did not sign it for this purpose."""
    if not signed:
        return None
    try:
        return _signer(secret, purpose).unsign(signed).decode("ascii")
    except (BadSignature, ValueError):  # ValueError: text that cannot be encoded
        return None


LONGEST = 200
"""Characters; a form token has fewer than 100."""
TokenState = Literal["fresh", "expired", "forged"]


@dataclass(frozen=True, slots=True)
class Token:
    """What a submitted token says. ``nonce`` is empty for a forged or missing one."""

    state: TokenState
    nonce: str = ""
    age: int = 0
    """Seconds since the nonce was made, which is the first form of this draft, not the last."""


@lru_cache(maxsize=1024)
def _verified(secret: bytes, token: str) -> tuple[str, int] | None:
    # One request reads the same token several times.
    nonce, _, signed_at = (unsign(secret, "form", token) or "").partition(".")
    return (nonce, int(signed_at)) if nonce else None


@dataclass(frozen=True, slots=True)
class FormTokens:
    """Issues and reads the tokens of residents' forms with the site's secret."""

    secret: bytes
    minutes: int
    seconds: Callable[[], float]
    """A monotonic timer that the site's processes share. Not the time of day, which an
    administrator or a time server may change."""

    def issue(self, nonce: str = "") -> str:
        """A token with the current time, for ``nonce`` or a new one."""
        now = int(self.seconds())
        nonce = nonce or f"{now:08x}{secrets.token_urlsafe(16)}"
        return sign(self.secret, "form", f"{nonce}.{now}")

    def _age(self, nonce: str) -> int:
        age = int(self.seconds()) - int(nonce[:8], 16)
        # Negative: the timer restarted since, so the age is unknown, but not zero.
        return age if age >= 0 else self.minutes * 60

    def read(self, token: str) -> Token:
        """Parse ``token``. Never raises."""
        # Check the length before the cache, so that it never holds a huge hostile token.
        found = _verified(self.secret, token) if len(token) <= LONGEST else None
        if found is None:
            return Token("forged")
        nonce, signed_at = found
        waited = int(self.seconds()) - signed_at
        # Negative: signed before the timer restarted. It is ours, so accept it.
        state: TokenState = "fresh" if waited <= self.minutes * 60 else "expired"
        return Token(state, nonce, self._age(nonce))

    def renew(self, token: str) -> str:
        """A fresh token with the nonce of ``token``, or a new nonce if it is forged."""
        return self.issue(self.read(token).nonce)


class FormToken(CSRF):  # type: ignore[misc]
    """WTForms' CSRF protection, with the ``FormTokens`` in ``csrf_context``."""

    def setup_form(self, form: Any) -> Any:
        self.tokens: FormTokens = form.meta.csrf_context
        return super().setup_form(form)

    def generate_csrf_token(self, csrf_token_field: Any) -> str:
        # The pages renew and write the token, so none is signed for the field.
        return str(csrf_token_field.data or "")

    def validate_csrf_token(self, _form: Any, field: Any) -> None:
        state = self.tokens.read(field.data or "").state
        if state != "fresh":
            raise ValidationError(state)


@dataclass(frozen=True, slots=True)
class Binding:
    """Whom an organizer's form is for: their number and session, or 0 and a nonce's hash."""

    owner: int
    session: str

    @classmethod
    def of_visitor(cls, nonce: str) -> Binding:
        """The binding of a visitor who is not logged in."""
        return cls(0, hashlib.sha256(nonce.encode()).hexdigest()[:32])

    @classmethod
    def read(cls, secret: bytes, token: str) -> Binding | None:
        """The binding in a token; None if we did not sign it."""
        owner, _, session = (unsign(secret, "organizer's form", token) or "").partition(".")
        return cls(int(owner), session) if owner else None

    def token(self, secret: bytes) -> str:
        """The token for a form."""
        return sign(secret, "organizer's form", f"{self.owner}.{self.session}")

    def judge(self, secret: bytes, token: str) -> Literal["good", "ours", "foreign"]:
        """Whether a token is valid, from this organizer's earlier session, or foreign."""
        made_for = self.read(secret, token)
        if made_for is None or made_for.owner != self.owner:
            return "foreign"
        return "good" if made_for == self else "ours"
