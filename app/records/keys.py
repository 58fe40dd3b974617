"""The campaign's key pairs: files, fingerprints, and where each private key is.

A site needs only the public key. The private key belongs on an organizer's own computer; its file
is protected by a passphrase (argon2id, then libsodium's secret box), so that a copy of the file
alone opens nothing. All files are in one folder, ``instance/keys``:

``<id>.public.json``   the public key, when it was made, whether it is retired
``<id>.private.json``  the private key under its passphrase, while it is still on the server
``<id>.passphrase``    only for the pair made at first start; anyone with both files can read
``current``            the id of the key to which new details are sealed

Key files are JSON, with a kind and a version. The private one holds 32 bytes in a libsodium
secret box whose key is argon2id of the passphrase; the costs are stored in the file, so that they
can be raised later.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from nacl import pwhash
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey
from nacl.secret import SecretBox

from app.errors import ExplainedError
from app.files import locked, write_file

# --- One key file ---


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


class KeyFolderError(ExplainedError):
    """A key or the key folder cannot be used; the message says why or what to do."""


class WrongPassphraseError(KeyFolderError):
    """The passphrase does not open this file."""


@dataclass(frozen=True, slots=True)
class CampaignKey:
    """A public key. ``id`` is its fingerprint: 20 hex digits of SHA-256 over the 32 bytes."""

    id: str
    public: bytes
    made: date
    retired: date | None = None

    @property
    def printed(self) -> str:
        """The fingerprint in groups of four, for reading out on the phone."""
        return in_fours(self.id)


@dataclass(frozen=True, slots=True)
class OpenKey:
    """A private key in memory. Its repr, as in logs and tracebacks, never contains the key."""

    id: str
    private: bytes = field(repr=False)


def in_fours(text: str) -> str:
    """Groups of four characters, for reading aloud: ``1a2b 3c4d``."""
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def fingerprint(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:20]


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _secret_box(passphrase: str, salt: bytes, passes: int, memory: int) -> SecretBox:
    # NFC, so that the same words typed on another system give the same key.
    words = unicodedata.normalize("NFC", passphrase).encode()
    return SecretBox(pwhash.argon2id.kdf(SecretBox.KEY_SIZE, words, salt, passes, memory))


def sealed_text(
    kind: str, about: Mapping[str, str], content: bytes, passphrase: str, strength: Strength
) -> str:
    """The text of a JSON file with ``content`` encrypted under a passphrase; ``about`` is plain."""
    salt = secrets.token_bytes(pwhash.argon2id.SALTBYTES)
    passes, memory = STRENGTH[strength]
    box = _secret_box(passphrase, salt, passes, memory).encrypt(content)
    fields = {
        "kind": kind,
        "version": VERSION,
        **about,
        "kdf": {"name": "argon2id", "passes": passes, "memory": memory, "salt": _b64(salt)},
        "box": _b64(box),
    }
    return json.dumps(fields, indent=2) + "\n"


def open_sealed(path: Path, kind: str, what: str, passphrase: str) -> tuple[dict[str, Any], bytes]:
    """The fields of a ``sealed_text`` file, and its decrypted content.

    Takes about a second, on purpose. ``what`` is what error messages call the file. Raises
    ``KeyFolderError``, and its subclass ``WrongPassphraseError`` for a wrong passphrase.
    """
    try:
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        kdf = fields["kdf"]
        salt = base64.b64decode(kdf["salt"], validate=True)
        box = base64.b64decode(fields["box"], validate=True)
        passes, memory, name = int(kdf["passes"]), int(kdf["memory"]), str(kdf["name"])
        found, version = fields["kind"], fields["version"]
    except OSError as error:
        raise KeyFolderError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError):
        raise KeyFolderError(f"{path} is not a {what} file, or it is incomplete.") from None
    if found != kind or version != VERSION or name != "argon2id":
        raise KeyFolderError(f"{path} is not a {what} that this version can read.")
    reasonable = 1 <= passes <= _MOST_PASSES and _LEAST_MEMORY <= memory <= _MOST_MEMORY
    if not reasonable or len(salt) != pwhash.argon2id.SALTBYTES:
        raise KeyFolderError(
            f"{path} is damaged: opening it would take an unreasonable amount of work."
        )
    try:
        return fields, _secret_box(passphrase, salt, passes, memory).decrypt(box)
    except CryptoError:
        raise WrongPassphraseError(
            f"This passphrase does not open {path}. Nothing was changed."
        ) from None
    except (ValueError, TypeError):
        raise KeyFolderError(f"{path} is damaged.") from None


def private_text(key: CampaignKey, private: bytes, passphrase: str, strength: Strength) -> str:
    about = {"id": key.id, "public": _b64(key.public), "made": key.made.isoformat()}
    return sealed_text(PRIVATE_KIND, about, private, passphrase, strength)


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
    """The public key in a file. Raises ``KeyFolderError`` if it is not one, or was altered."""
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
            f"{path.name} is not a public key of this site. Restore it from a backup, or use the "
            "one next to the private key."
        ) from None
    if not good or len(public) != 32 or fingerprint(public) != key.id:
        raise KeyFolderError(f"{path.name} does not match its own fingerprint. Do not use it.")
    return key


def unlock(private_file: Path, passphrase: str) -> OpenKey:
    """Open a private key file; see ``open_sealed``."""
    fields, private = open_sealed(private_file, PRIVATE_KIND, "private key", passphrase)
    key_id = str(fields.get("id"))
    if len(private) != 32 or fingerprint(bytes(PrivateKey(private).public_key)) != key_id:
        raise KeyFolderError(f"{private_file} does not hold the key that it names.")
    return OpenKey(key_id, private)


def passphrase_beside(private_file: Path) -> str | None:
    """The passphrase of a first-start key, if it is still next to the key."""
    try:
        name = private_file.name.removesuffix(".private.json") + ".passphrase"
        return private_file.with_name(name).read_text(encoding="utf-8").strip()
    except OSError:
        return None


# --- The folder of key pairs ---


SHORTEST_PASSPHRASE = 12
"""In characters. Four random words are longer; anything shorter can be guessed offline."""


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """One key, for the dashboard, ``flask keys show`` and ``flask doctor``."""

    key: CampaignKey
    current: bool
    private: Path | None
    """Where the private key is on this server, or None if it is not here."""
    passphrase_beside: bool
    """The passphrase is next to it (as at first start), so this server can read what it seals."""
    sealed: int
    """Number of rows sealed to it."""

    @property
    def readable_here(self) -> bool:
        return self.private is not None and self.passphrase_beside


@contextmanager
def _locked_folder(folder: Path) -> Iterator[None]:
    """Lets one process at a time change the key folder."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(folder / ".lock"):
        yield


def _add(folder: Path, key: CampaignKey, *, current: bool) -> None:
    write_file(folder / f"{key.id}.public.json", public_text(key), mode=0o644)
    if current:
        write_file(folder / "current", key.id + "\n", mode=0o644)


def _new_pair(
    folder: Path, passphrase: str, today: date, strength: Strength, out: Path | None
) -> CampaignKey:
    pair = PrivateKey.generate()
    public = bytes(pair.public_key)
    key = CampaignKey(fingerprint(public), public, today)
    path = _private_path(folder if out is None else out, key)
    # The private key is on disk before anything can be sealed to its public half.
    write_file(path, private_text(key, bytes(pair), passphrase, strength))
    return key


def _private_path(out: Path, key: CampaignKey) -> Path:
    """Where to write a private key: ``out``, or a file named after it if ``out`` is a folder.

    Raises ``KeyFolderError`` if the file exists.
    """
    path = out / f"{key.id}.private.json" if out.is_dir() else out
    if path.exists():
        raise KeyFolderError(
            f"{path} already exists, and keys are never overwritten. Choose another file."
        )
    return path


def require_long(passphrase: str) -> None:
    """Raises ``KeyFolderError`` for a passphrase of fewer than 12 characters."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise KeyFolderError(
            f"A passphrase needs at least {SHORTEST_PASSPHRASE} characters. Four or more random "
            "words work well."
        )


def make_key(
    folder: Path,
    passphrase: str,
    *,
    today: date,
    out: Path | None = None,
    strength: Strength = "moderate",
) -> CampaignKey:
    """Make a pair, and seal to it from now on. ``out`` is where the private key goes.

    Without ``out`` the private key stays in ``folder``, and the site nags. Raises
    ``KeyFolderError`` if the passphrase is shorter than 12 characters or the file exists.
    """
    require_long(passphrase)
    with _locked_folder(folder):
        key = _new_pair(folder, passphrase, today, strength, out)
        _add(folder, key, current=True)
    return key


def use_key(folder: Path, public_file: Path) -> CampaignKey:
    """From now on, seal to a public key that was made on another computer."""
    key = read_public(public_file)
    if key.retired:
        raise KeyFolderError(f"Key {key.printed} is retired. Make a new one.")
    with _locked_folder(folder):
        _add(folder, key, current=True)
    return key


def public_keys(folder: Path) -> tuple[CampaignKey, ...]:
    """All keys that this site knows, oldest first."""
    found = [read_public(path) for path in folder.glob("*.public.json")]
    return tuple(sorted(found, key=lambda key: (key.made, key.id)))


def current_key(folder: Path) -> CampaignKey | None:
    """The key to which new details are sealed; None on a site that has never started.

    Read from disk on every call (two small files), so that every worker seals to a new key as
    soon as it is made.
    """
    try:
        name = (folder / "current").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    key = read_public(folder / f"{Path(name).name}.public.json")
    if key.id != name:
        raise KeyFolderError(f"{name}.public.json holds a different key. Do not use it.")
    return key


def first_key(folder: Path, *, today: date) -> CampaignKey:
    """The current key, created if the site has none, so that a new site works at once.

    The passphrase of such a first key is next to it (mode 0600): until the private key is moved
    away, this server could read what is sealed to it, and ``key_status`` says so. Several workers
    may call this at once; all get the same key.
    """
    key = current_key(folder)
    if key is not None:
        return key
    with _locked_folder(folder):
        key = current_key(folder)
        if key is not None:
            return key
        known = [key for key in public_keys(folder) if key.retired is None]
        if known:  # the start was interrupted, or ``current`` was lost: use what is there
            key = known[-1]
        else:
            passphrase = secrets.token_urlsafe(24)
            # 192 random bits cannot be guessed, so the fast setting is enough.
            key = _new_pair(folder, passphrase, today, "interactive", None)
            write_file(folder / f"{key.id}.passphrase", passphrase + "\n")
        _add(folder, key, current=True)
    return key


def move_private(
    folder: Path, key: CampaignKey, opened: OpenKey, passphrase: str, out: Path
) -> Path:
    """Write the private key to ``out`` under a new passphrase, check it, and remove it here.

    Returns the file written. Removing it is all that software can do: an old backup or the disk's
    spare blocks may keep a copy, so a key made elsewhere is safer still.
    """
    if opened.id != key.id:
        raise KeyFolderError("That file holds the private key of a different key.")
    require_long(passphrase)
    path = _private_path(out, key)
    with _locked_folder(folder):
        write_file(path, private_text(key, opened.private, passphrase, "moderate"))
        same = False
        with suppress(KeyFolderError):
            same = unlock(path, passphrase) == opened
        if not same:
            path.unlink()
            raise KeyFolderError(f"{path} was not written correctly. Nothing was moved.")
        for old in (f"{key.id}.passphrase", f"{key.id}.private.json"):
            (folder / old).unlink(missing_ok=True)
    return path


def retire_key(folder: Path, key: CampaignKey, *, sealed: int, today: date) -> CampaignKey:
    """Mark a key as no longer used.

    Raises ``KeyFolderError`` while the key is current, or while ``sealed``, the number of rows
    sealed to it, is not zero.
    """
    if sealed:
        raise KeyFolderError(
            f"{sealed} sealed rows can only be read with key {key.printed}. "
            "Run `flask keys rotate` first, or wait until they are purged."
        )
    with _locked_folder(folder):
        current = current_key(folder)
        if current is not None and current.id == key.id:
            raise KeyFolderError("This key is in use. Make another key first: `flask keys make`.")
        retired = replace(key, retired=today)
        _add(folder, retired, current=False)
    return retired


def key_status(folder: Path, sealed: Mapping[str, int]) -> tuple[KeyStatus, ...]:
    """Every key, where its private half is, and how many rows need it.

    ``sealed`` maps key ids to numbers of rows (``sealing.sealed_counts``).
    """
    current = current_key(folder)
    lines = []
    for key in public_keys(folder):
        private = folder / f"{key.id}.private.json"
        lines.append(
            KeyStatus(
                key=key,
                current=current is not None and current.id == key.id,
                private=private if private.exists() else None,
                passphrase_beside=(folder / f"{key.id}.passphrase").exists(),
                sealed=sealed.get(key.id, 0),
            )
        )
    return tuple(lines)
