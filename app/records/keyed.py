"""What only a secret can make again: codes that stand for something, and locked bytes.

The secret is the site's own, or a token that only its owner has. A code or a lock made for one
purpose says nothing about another, so one secret serves them all.
"""

from __future__ import annotations

import base64
import hmac
import json

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox


def keyed_code(secret: bytes, purpose: str, *parts: str) -> bytes:
    """32 bytes (HMAC-SHA256) that stand for ``parts``, also where these could be guessed.

    Raises ``ValueError`` if the secret is empty: anybody could make the codes.
    """
    if not secret:
        raise ValueError(f"The secret for codes of this purpose is empty: {purpose}.")
    # As JSON no two lists of parts run into one another; lone surrogates are data like others.
    message = f"[{', '.join(map(_as_json, (purpose, *parts)))}]"
    return hmac.digest(secret, message.encode("ascii"), "sha256")


_as_json = json.encoder.encode_basestring_ascii  # of one text


def keyed_token(secret: bytes, purpose: str, *parts: str) -> str:
    """A code as 43 URL-safe characters, for a link."""
    code = keyed_code(secret, purpose, *parts)
    return base64.urlsafe_b64encode(code).rstrip(b"=").decode("ascii")


def _box(secret: bytes, purpose: str) -> SecretBox:
    return SecretBox(keyed_code(secret, f"lock {purpose}"))


def lock(plain: bytes, secret: bytes, purpose: str) -> bytes:
    """Bytes, encrypted for one purpose; 40 longer than before."""
    return bytes(_box(secret, purpose).encrypt(plain))


def unlock(locked: bytes, secret: bytes, purpose: str) -> bytes | None:
    """The bytes again; None where secret or purpose does not fit, or something was changed."""
    try:
        return bytes(_box(secret, purpose).decrypt(locked))
    except (CryptoError, ValueError):  # a ValueError: too short to be one
        return None
