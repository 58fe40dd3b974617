"""Messages that wait are encrypted with the site's own key.

A copy of the database, or of its backup, then shows no address and no text; only who also
has the instance's secret can read what is on its way at that moment.
"""

from __future__ import annotations

import json
from hashlib import blake2b

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from app.delivery.mail import Ready


def _key(secret: bytes, purpose: bytes) -> bytes:
    return blake2b(secret, digest_size=32, person=purpose).digest()


def lock(plain: bytes, secret: bytes, purpose: bytes) -> bytes:
    """Bytes, encrypted for one purpose (at most 16 bytes) with the instance's secret."""
    return bytes(SecretBox(_key(secret, purpose)).encrypt(plain))


def unlock(payload: bytes, secret: bytes, purpose: bytes) -> bytes | None:
    """The bytes again, or None where secret or purpose does not fit."""
    try:
        return bytes(SecretBox(_key(secret, purpose)).decrypt(payload))
    except (CryptoError, ValueError):
        return None


def seal(message: Ready, secret: bytes) -> bytes:
    """The message and its envelope, encrypted. ``secret`` is the instance's, any length."""
    head = {
        "sender": message.sender,
        "recipient": message.recipient,
        "after": dict(message.after),
    }
    return lock(json.dumps(head).encode() + b"\n" + message.raw, secret, b"waiting mail")


def unseal(payload: bytes, secret: bytes) -> Ready | None:
    """The message again, or None where this secret does not fit."""
    plain = unlock(payload, secret, b"waiting mail")
    if plain is None:
        return None
    head, _, raw = plain.partition(b"\n")
    values = json.loads(head)
    return Ready(values["sender"], values["recipient"], raw, after=values["after"])


def code(secret: bytes, purpose: str, *parts: str) -> bytes:
    """32 bytes that stand for ``parts`` and can be made only with the site's secret."""
    text = json.dumps([purpose, *parts]).encode("utf-8")
    return blake2b(text, key=_key(secret, b"mail codes"), digest_size=32).digest()
