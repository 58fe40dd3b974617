"""Passwords, one-time codes and tokens: how each is made, stored and checked.

Nothing here reads the clock or the database. A password is stored as an argon2id hash, the
second factor's secret is encrypted with a key derived from the site's secret, and random values
that are too long to guess are stored as a plain or keyed hash.
"""

from __future__ import annotations

import hmac
import re
import secrets
import threading
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.records.keyed import keyed_code, lock, unlock
from app.text import fold_digits, normalized

PASSWORD_MIN = 12
PASSWORD_MAX = 512
RECOVERY_CODES = 10
STEP = 30
"""The time step of one code of the second factor, in seconds (RFC 6238)."""
WINDOW = 1
"""Steps accepted before and after the current one: a phone's clock may be half a minute off."""

ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""Letters and digits that no one mistakes for one another on paper."""


@dataclass(frozen=True, slots=True)
class HashCost:
    """The cost of one argon2id hash. ``memory`` is in KiB."""

    time: int = 2
    memory: int = 46 * 1024
    lanes: int = 1

    # RFC 9106 §4 asks for as much as the machine can afford. Two cores also serve residents, so
    # about 70 ms and 46 MiB, and never more than two at once in a process.


DEFAULT_COST = HashCost()


_HASH_SLOTS = threading.BoundedSemaphore(2)
PATIENCE = 0.25
"""How long a log-in waits for a hashing slot, in seconds. If it were longer, a flood of log-ins
would tie up the threads that residents need."""


class BusyError(Exception):
    """Too many passwords are being checked right now. Nothing was checked."""


@lru_cache(maxsize=8)
def _hasher(cost: HashCost) -> PasswordHasher:
    return PasswordHasher(time_cost=cost.time, memory_cost=cost.memory, parallelism=cost.lanes)


@lru_cache(maxsize=8)
def _dummy(cost: HashCost) -> str:
    """A well-formed hash of no password; checking against it takes as long as against any other."""
    salt, digest = (b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
    return f"$argon2id$v=19$m={cost.memory},t={cost.time},p={cost.lanes}${salt}${digest}"


def _canonical(password: str) -> str:
    """Normalize to NFC, so a password is the same from any keyboard (RFC 8265 §4.2)."""
    return normalized("NFC", password)


def _raw(password: str) -> bytes:
    return _canonical(password).encode("utf-8", "surrogatepass")


def hash_password(password: str, cost: HashCost) -> str:
    """The argon2id hash in its standard text form, with its parameters and salt."""
    with _HASH_SLOTS:
        return _hasher(cost).hash(_raw(password))


def check_password(kept: str | None, password: str, cost: HashCost) -> bool:
    """Whether ``password`` matches the stored hash ``kept``.

    With ``kept`` None (no such organizer, no password yet, disabled) a hash is computed anyway
    and the answer is False, so the time taken reveals nothing. Raises ``BusyError``.
    """
    if not _HASH_SLOTS.acquire(timeout=PATIENCE):
        raise BusyError
    try:
        _hasher(cost).verify(_dummy(cost) if kept is None else kept, _raw(password))
    except (VerificationError, InvalidHashError):
        return False
    finally:
        _HASH_SLOTS.release()
    return kept is not None


def needs_rehash(kept: str, cost: HashCost) -> bool:
    """Whether a hash was made with parameters other than the current ones."""
    return _hasher(cost).check_needs_rehash(kept)


def password_problem(password: str, name: str) -> str | None:
    """Which rule a new password breaks: ``short``, ``long``, ``simple`` or ``name``; else None.

    Length matters and little else does (NIST SP 800-63B §3.1.1): at least 12 characters, not a
    handful of characters repeated, not the person's own name.
    """
    text = _canonical(password)
    folded = text.casefold()
    if len(text) < PASSWORD_MIN:
        return "short"
    if len(text) > PASSWORD_MAX:
        return "long"
    if len(set(folded)) < 6:
        return "simple"
    rest = folded.replace(name.casefold(), "") if name else folded
    return "name" if len(rest) < 8 else None


def new_token() -> str:
    """32 random bytes as URL-safe text, for a session, a device or a one-time link."""
    return secrets.token_urlsafe(32)


def totp_uri(totp_secret: str, name: str, issuer: str) -> str:
    """The ``otpauth://`` URI to put in a QR code. Colons are dropped from both texts, because one
    separates the issuer from the name."""
    account, by = (text.replace(":", "") for text in (name, issuer))
    return pyotp.TOTP(totp_secret).provisioning_uri(name=account, issuer_name=by)


def seal_totp(secret: bytes, totp_secret: str) -> bytes:
    """The second factor's secret, encrypted with the site's secret."""
    return lock(totp_secret.encode("ascii"), secret, "second factor")


def open_totp(secret: bytes, sealed: bytes) -> str | None:
    """The second factor's secret; None if it was sealed with another site secret."""
    opened = unlock(sealed, secret, "second factor")
    return None if opened is None else opened.decode("ascii")


def totp_step(totp_secret: str, code: str, at: datetime) -> int | None:
    """The time step of a six-digit code, or None if it is not valid at ``at``.

    The caller stores the step of the last accepted code and refuses that step and earlier ones,
    so no code works twice (RFC 6238 §5.2).
    """
    digits = re.sub(r"[\s.-]", "", fold_digits(code))  # as some apps and keyboards write it
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    totp = pyotp.TOTP(totp_secret)
    now = int(at.timestamp()) // STEP
    found = None
    for step in range(now - WINDOW, now + WINDOW + 1):
        if hmac.compare_digest(totp.at(step * STEP), digits):
            found = step
    return found


def new_recovery_codes() -> tuple[str, ...]:
    """Ten codes such as ``7KQ2D-M9XTB`` (49 bits each), each good for one log-in."""
    codes = ("".join(secrets.choice(ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES))
    return tuple(f"{code[:5]}-{code[5:]}" for code in codes)


def recovery_hash(secret: bytes, code: str) -> bytes:
    """The stored form of a recovery code; case, spaces and hyphens are ignored."""
    bare = "".join(ch for ch in code.upper() if ch.isalnum())
    return keyed_code(secret, "recovery code", bare)


def looks_like_recovery_code(code: str) -> bool:
    """Whether a typed code is a recovery code rather than six digits."""
    return len("".join(ch for ch in code if ch.isalnum())) == 10
