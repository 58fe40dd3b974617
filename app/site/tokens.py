"""The form token: a signed random nonce with the time at which the form was made.

The nonce is also the idempotency key of the signature: whatever is pressed twice, reloaded
or sent again after a wait carries the same nonce and counts once. The time only says how
long ago the form was shown; a form that waited too long comes back filled in, with a fresh
time and the same nonce. No cookie and no session is involved.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from itsdangerous import BadSignature, TimestampSigner
from wtforms.csrf.core import CSRF
from wtforms.validators import ValidationError

SALT = "form token"
LONGEST = 200
"""Characters; ours have fewer than 100."""
TokenState = Literal["fresh", "expired", "forged"]


@dataclass(frozen=True, slots=True)
class Token:
    """What a submitted token says. ``nonce`` is empty for a forged or missing one."""

    state: TokenState
    nonce: str = ""
    age: int = 0
    """Seconds since the nonce was made: since the first form of this draft, not the last."""


class _Signer(TimestampSigner):
    """A timestamp signer whose clock can be set."""

    def __init__(self, secret: bytes, seconds: Callable[[], float]) -> None:
        super().__init__(secret, salt=SALT, digest_method=hashlib.sha256)
        self._seconds = seconds

    def get_timestamp(self) -> int:
        return int(self._seconds())


def _opened(secret: bytes, token: str) -> tuple[str, int] | None:
    """Nonce and time, in seconds since 1970, of a token that this secret signed."""
    # Before the cache, so that no hostile length is ever kept.
    return _verified(secret, token) if len(token) <= LONGEST else None


@lru_cache(maxsize=1024)
def _verified(secret: bytes, token: str) -> tuple[str, int] | None:
    # Every step of one request asks for the same token.
    signer = TimestampSigner(secret, salt=SALT, digest_method=hashlib.sha256)
    try:
        nonce, signed_at = signer.unsign(token, return_timestamp=True)
        return nonce.decode("ascii"), int(signed_at.timestamp())
    except (BadSignature, ValueError, OverflowError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class FormTokens:
    """Makes and reads form tokens with the site's secret."""

    secret: bytes
    minutes: int
    seconds: Callable[[], float]
    """A timer whose readings can be compared between the site's processes and never jump: not
    the time of day, which an administrator or a time server may set back or forward."""

    def issue(self, nonce: str = "") -> str:
        """A token of now, for ``nonce`` or for a new one."""
        signer = _Signer(self.secret, self.seconds)
        return signer.sign(nonce or self._nonce()).decode("ascii")

    def _nonce(self) -> str:
        return f"{int(self.seconds()):08x}{secrets.token_urlsafe(16)}"

    def _age(self, nonce: str) -> int:
        try:
            age = int(self.seconds()) - int(nonce[:8], 16)
        except ValueError:  # a nonce from before they began with their time
            return self.minutes * 60
        # The timer began anew since, so how long ago it was is not known; not just now.
        return age if age >= 0 else self.minutes * 60

    def read(self, token: str) -> Token:
        """What ``token`` says; never raises."""
        found = _opened(self.secret, token)
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
