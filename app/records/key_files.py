"""One key file: how it is written, read and opened.

Public and private key files are JSON, with a kind and a version. The private one holds 32
bytes in a libsodium secret box whose key is argon2id of the passphrase; the costs are
written in the file, so that they can grow.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from nacl import pwhash
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey
from nacl.secret import SecretBox

VERSION = 1
PUBLIC_KIND = "dear-congress public key"
PRIVATE_KIND = "dear-congress private key"
Strength = Literal["interactive", "moderate"]
STRENGTH: dict[Strength, tuple[int, int]] = {
    "interactive": (pwhash.argon2id.OPSLIMIT_INTERACTIVE, pwhash.argon2id.MEMLIMIT_INTERACTIVE),
    "moderate": (pwhash.argon2id.OPSLIMIT_MODERATE, pwhash.argon2id.MEMLIMIT_MODERATE),
}
_LEAST_MEMORY = pwhash.argon2id.MEMLIMIT_MIN
_MOST_MEMORY = 2**30
_MOST_PASSES = 16


class KeyFolderError(Exception):
    """The key folder cannot be used; the message says what to do. Not for wrong passphrases."""


@dataclass(frozen=True, slots=True)
class CampaignKey:
    """A public key. ``id`` is its fingerprint: 20 hex digits of SHA-256 over the 32 bytes."""

    id: str
    public: bytes
    made: date
    retired: date | None = None

    @property
    def printed(self) -> str:
        """The fingerprint in groups of four, to read out on the telephone."""
        return " ".join(self.id[i : i + 4] for i in range(0, len(self.id), 4))


@dataclass(frozen=True, slots=True)
class OpenKey:
    """A private key in memory. It never shows itself in a log or a traceback."""

    id: str
    private: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class WrongPassphrase:
    """The passphrase does not open this file."""


@dataclass(frozen=True, slots=True)
class NotAKey:
    """The file is no private key, or is damaged; ``reason`` is a sentence."""

    reason: str


def fingerprint(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:20]


def write_atomically(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write ``text`` so that ``path`` is always either the old or the whole new file, on disk."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _secret_box(passphrase: str, salt: bytes, passes: int, memory: int) -> SecretBox:
    # NFC: the same words typed on another system must give the same key.
    words = unicodedata.normalize("NFC", passphrase).encode()
    return SecretBox(pwhash.argon2id.kdf(SecretBox.KEY_SIZE, words, salt, passes, memory))


def private_text(key: CampaignKey, private: bytes, passphrase: str, strength: Strength) -> str:
    salt = secrets.token_bytes(pwhash.argon2id.SALTBYTES)
    passes, memory = STRENGTH[strength]
    box = _secret_box(passphrase, salt, passes, memory).encrypt(private)
    content = {
        "kind": PRIVATE_KIND,
        "version": VERSION,
        "id": key.id,
        "public": _b64(key.public),
        "made": key.made.isoformat(),
        "kdf": {"name": "argon2id", "passes": passes, "memory": memory, "salt": _b64(salt)},
        "box": _b64(box),
    }
    return json.dumps(content, indent=2) + "\n"


def public_text(key: CampaignKey) -> str:
    """The content of a public key file."""
    content = {
        "kind": PUBLIC_KIND,
        "version": VERSION,
        "id": key.id,
        "public": _b64(key.public),
        "made": key.made.isoformat(),
        "retired": key.retired.isoformat() if key.retired else None,
    }
    return json.dumps(content, indent=2) + "\n"


def read_public(path: Path) -> CampaignKey:
    """The public key in a file. Raises ``KeyFolderError`` when it is none, or was altered."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        public = base64.b64decode(content["public"], validate=True)
        retired = content.get("retired")
        key = CampaignKey(
            id=content["id"],
            public=public,
            made=date.fromisoformat(content["made"]),
            retired=date.fromisoformat(retired) if retired else None,
        )
        good = content["kind"] == PUBLIC_KIND and content["version"] == VERSION
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise KeyFolderError(
            f"{path.name} is not a public key of this site. Restore it from a backup, or take "
            "the one that lies beside the private key."
        ) from None
    if not good or len(public) != 32 or fingerprint(public) != key.id:
        raise KeyFolderError(f"{path.name} does not match its own fingerprint. Do not use it.")
    return key


def unlock(private_file: Path, passphrase: str) -> OpenKey | WrongPassphrase | NotAKey:
    """Open a private key file. Takes about a second, on purpose."""
    try:
        content: dict[str, Any] = json.loads(private_file.read_text(encoding="utf-8"))
        kdf = content["kdf"]
        salt = base64.b64decode(kdf["salt"], validate=True)
        box = base64.b64decode(content["box"], validate=True)
        passes, memory, name = int(kdf["passes"]), int(kdf["memory"]), str(kdf["name"])
        kind, version, key_id = content["kind"], content["version"], str(content["id"])
    except OSError as error:
        return NotAKey(f"{private_file} cannot be read: {error.strerror}.")
    except (ValueError, KeyError, TypeError):
        return NotAKey(f"{private_file} is not a private key file, or it is cut off.")
    if kind != PRIVATE_KIND or version != VERSION or name != "argon2id":
        return NotAKey(f"{private_file} is not a private key that this version can read.")
    reasonable = 1 <= passes <= _MOST_PASSES and _LEAST_MEMORY <= memory <= _MOST_MEMORY
    if not reasonable or len(salt) != pwhash.argon2id.SALTBYTES:
        return NotAKey(f"{private_file} asks for an unreasonable amount of work; it is damaged.")
    try:
        private = _secret_box(passphrase, salt, passes, memory).decrypt(box)
    except CryptoError:
        return WrongPassphrase()
    except (ValueError, TypeError):
        return NotAKey(f"{private_file} is damaged.")
    if len(private) != 32 or fingerprint(bytes(PrivateKey(private).public_key)) != key_id:
        return NotAKey(f"{private_file} holds another key than it says.")
    return OpenKey(key_id, private)


def passphrase_beside(private_file: Path) -> str | None:
    """The passphrase of a first-start key that still lies beside it."""
    try:
        name = private_file.name.removesuffix(".private.json") + ".passphrase"
        return private_file.with_name(name).read_text(encoding="utf-8").strip()
    except OSError:
        return None
