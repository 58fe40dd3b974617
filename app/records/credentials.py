"""Passwords, one-time codes and tokens: how each is made, kept and checked.

Nothing here reads the clock or the database. A password is kept as an argon2id hash, the
second factor's secret is sealed with a key derived from the site's secret, and everything
that is random and long enough to be guessed by nobody is kept as a plain or keyed hash.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import unicodedata
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.records.keyed import keyed_code, lock, unlock

PASSWORD_MIN = 12
PASSWORD_MAX = 512
RECOVERY_CODES = 10
STEP = 30
"""Seconds for which one code of the second factor stands (RFC 6238)."""
WINDOW = 1
"""Steps before and after now that are accepted: a phone's clock may be half a minute off."""

ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""Letters and digits that nobody mistakes for one another on paper."""


@dataclass(frozen=True, slots=True)
class HashCost:
    """What one argon2id hash costs. ``memory`` is in KiB."""

    time: int = 2
    memory: int = 46 * 1024
    lanes: int = 1

    # RFC 9106 §4 asks for as much as the machine can bear: two cores answer residents too,
    # so about 70 ms and 46 MiB, and never more than two at once in a process.


OUR_COST = HashCost()


_AT_ONCE = threading.BoundedSemaphore(2)
PATIENCE = 0.25
"""Seconds that a log-in waits for its turn. Longer, and a flood of log-ins would keep the
threads that residents need."""


class BusyError(Exception):
    """Too many passwords are being checked at this moment. Nothing was checked."""


@lru_cache(maxsize=8)
def _hasher(cost: HashCost) -> PasswordHasher:
    return PasswordHasher(time_cost=cost.time, memory_cost=cost.memory, parallelism=cost.lanes)


@lru_cache(maxsize=8)
def _dummy(cost: HashCost) -> str:
    """A hash in form, of no password: to compare one with it takes as long as with another."""
    salt, digest = (b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
    return f"$argon2id$v=19$m={cost.memory},t={cost.time},p={cost.lanes}${salt}${digest}"


def _canonical(password: str) -> str:
    """The same password typed on two keyboards is the same text (RFC 8265 §4.2: NFC)."""
    return unicodedata.normalize("NFC", password)


def _raw(password: str) -> bytes:
    return _canonical(password).encode("utf-8", "surrogatepass")


def hash_password(password: str, cost: HashCost) -> str:
    """The argon2id hash in its usual text form, with its parameters and salt."""
    with _AT_ONCE:
        return _hasher(cost).hash(_raw(password))


def check_password(kept: str | None, password: str, cost: HashCost) -> bool:
    """Whether ``password`` is the one whose hash is ``kept``.

    With ``kept`` None (no such organizer, no password yet, disabled) one hash is computed
    all the same and the answer is no: the time taken tells nothing. Raises ``BusyError``.
    """
    if not _AT_ONCE.acquire(timeout=PATIENCE):
        raise BusyError
    try:
        _hasher(cost).verify(_dummy(cost) if kept is None else kept, _raw(password))
    except (VerificationError, InvalidHashError):
        return False
    finally:
        _AT_ONCE.release()
    return kept is not None


def needs_rehash(kept: str, cost: HashCost) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _hasher(cost).check_needs_rehash(kept)


def password_problem(password: str, name: str) -> str | None:
    """Which rule a new password breaks: ``short``, ``long``, ``simple`` or ``name``; else None.

    Length counts and little else does (NIST SP 800-63B §3.1.1): at least 12 characters, not
    a handful of characters repeated, not the person's own name.
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
    """32 random bytes in URL-safe text: for a session, a device or a one-time link."""
    return secrets.token_urlsafe(32)


def totp_uri(totp_secret: str, name: str, issuer: str) -> str:
    """The ``otpauth://`` address that a QR code carries."""
    return pyotp.TOTP(totp_secret).provisioning_uri(name=name, issuer_name=issuer)


def seal_totp(secret: bytes, totp_secret: str) -> bytes:
    """The second factor's secret, unreadable without the site's own secret."""
    return lock(totp_secret.encode("ascii"), secret, "second factor")


def open_totp(secret: bytes, sealed: bytes) -> str | None:
    """The second factor's secret; None when it was sealed with another site secret."""
    opened = unlock(sealed, secret, "second factor")
    return None if opened is None else opened.decode("ascii")


def totp_step(totp_secret: str, code: str, at: datetime) -> int | None:
    """The time step to which a six-digit code belongs, or None when it is wrong now.

    The caller keeps the step of the last accepted code and refuses that step and earlier
    ones, so no code works twice (RFC 6238 §5.2).
    """
    digits = "".join(code.split())
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
    """What is kept of a recovery code; case, spaces and hyphens do not matter."""
    bare = "".join(ch for ch in code.upper() if ch.isalnum())
    return keyed_code(secret, "recovery code", bare)


def looks_like_recovery_code(code: str) -> bool:
    """Whether a typed code is a recovery code rather than six digits."""
    return len("".join(ch for ch in code if ch.isalnum())) == 10
