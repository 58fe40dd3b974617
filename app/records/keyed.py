"""Keyed codes and encryption with a secret.

The secret is the site's own, or a token that only its owner has. The purpose is part of every code
and key, so one secret serves all purposes.
"""

from __future__ import annotations

import base64
import hmac
import json

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox


def keyed_code(secret: bytes, purpose: str, *parts: str) -> bytes:
    """An HMAC-SHA256 (32 bytes) of ``parts``, safe to store even if those could be guessed.

    Raises ``ValueError`` if the secret is empty: anyone could compute the codes.
    """
    if not secret:
        raise ValueError(f"The secret for codes of this purpose is empty: {purpose}.")
    # JSON keeps the boundaries between parts, and accepts lone surrogates like any other data.
    message = f"[{', '.join(map(_as_json, (purpose, *parts)))}]"
    return hmac.digest(secret, message.encode("ascii"), "sha256")


_as_json = json.encoder.encode_basestring_ascii  # one string


def keyed_token(secret: bytes, purpose: str, *parts: str) -> str:
    """A code as 43 URL-safe characters, for a link."""
    code = keyed_code(secret, purpose, *parts)
    return base64.urlsafe_b64encode(code).rstrip(b"=").decode("ascii")


def _box(secret: bytes, purpose: str) -> SecretBox:
    return SecretBox(keyed_code(secret, f"lock {purpose}"))


def lock(plain: bytes, secret: bytes, purpose: str) -> bytes:
    """Encrypt bytes for one purpose. The result is 40 bytes longer."""
    return bytes(_box(secret, purpose).encrypt(plain))


def unlock(locked: bytes, secret: bytes, purpose: str) -> bytes | None:
    """Decrypt what ``lock`` returned; None for another secret or purpose, or altered bytes."""
    try:
        return bytes(_box(secret, purpose).decrypt(locked))
    except (CryptoError, ValueError):  # ValueError: shorter than a nonce
        return None
