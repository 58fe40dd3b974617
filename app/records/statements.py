"""A signed statement of the count: its form, its key, and how anybody checks it.

A file holds the statement, the public key and the Ed25519 signature over the statement's
canonical JSON; a file that proves one receipt holds a proof as well. Nothing here reads the
database, so a copy of this module and of ``merkle`` is all that a check needs.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from app.records.keyed import keyed_code
from app.records.keys import KeyFolderError, fingerprint, write_atomically
from app.records.merkle import proves

KIND = "dear-congress statement"
VERSION = 1
PRIVATE = "statements.private.json"
PUBLIC = "statements.public.txt"
_COMMITMENT = b"dear-congress commitment v1"
_COUNT = b"dear-congress count v1"
_SIGNATURE = b"dear-congress statement v1"
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That one commitment is among those of a statement."""

    commitment: bytes
    index: int
    size: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement whose signature is good. ``content`` is what was signed."""

    content: Mapping[str, Any]
    public_key: bytes
    signature: bytes
    proof: InclusionProof | None = None

    @property
    def root(self) -> bytes:
        return bytes.fromhex(self.content["root"])


@dataclass(frozen=True, slots=True)
class NotAStatement:
    """The file is no statement, or not as it was signed; ``reason`` is a sentence."""

    reason: str


def commitment(campaign: str, state: str, district: int | str, digest: bytes) -> bytes:
    """What stands for one receipt in a statement: 32 bytes that say nothing by themselves.

    ``digest`` is the SHA-256 of the receipt's token. The token is a secret of 256 bits that
    only the person has, so nobody else can test a guess of the campaign, the district or the
    person against the commitment, and two commitments of one person have nothing in common.
    """
    parts = (_COMMITMENT, campaign.encode(), f"{state}-{district}".encode(), digest)
    return hashlib.sha256(b"\x00".join(parts)).digest()


def commitment_of(campaign: str, state: str, district: int | str, token: str) -> bytes:
    """The same from the token in the receipt's address."""
    return commitment(campaign, state, district, hashlib.sha256(token.encode()).digest())


def sealed_count(campaign: str, at: str, district: str, count: int, salt: bytes) -> str:
    """A promise of an exact count that tells nothing until the count and the salt are shown."""
    parts = (campaign.encode(), at.encode(), district.encode(), str(count).encode(), salt)
    return hashlib.sha256(b"\x00".join((_COUNT, *parts))).hexdigest()


def salt_for(key: SigningKey, campaign: str, at: str, district: str) -> bytes:
    """The salt of one district's count; the same again for whoever holds the signing key."""
    return keyed_code(bytes(key), "salt of a count", campaign, at, district)[:16]


def signing_key(folder: Path) -> SigningKey:
    """The key that signs statements, made on first use; it opens nothing that is sealed.

    Raises ``KeyFolderError`` when its file is damaged.
    """
    path = folder / PRIVATE
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = folder / f".{PRIVATE}.{os.getpid()}.{secrets.token_hex(4)}"
        content = {
            "kind": "dear-congress signing key",
            "seed": SigningKey.generate().encode().hex(),
        }
        write_atomically(draft, json.dumps(content) + "\n")
        with suppress(FileExistsError):  # another process was first: its key is used
            os.link(draft, path)
        draft.unlink()
    try:
        key = SigningKey(bytes.fromhex(json.loads(path.read_text("utf-8"))["seed"]))
    except (ValueError, KeyError, TypeError):
        raise KeyFolderError(
            f"{path} is damaged. Restore it from a backup; with another key, statements could no "
            "longer be compared with the earlier ones."
        ) from None
    public = bytes(key.verify_key).hex() + "\n"
    if not (folder / PUBLIC).exists() or (folder / PUBLIC).read_text("ascii") != public:
        write_atomically(folder / PUBLIC, public, mode=0o644)
    return key


def printed_key(public: bytes) -> str:
    """The public key's fingerprint in groups of four, to read out on the telephone."""
    text = fingerprint(public)
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def canonical(content: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: JSON with sorted keys, no spaces and ASCII only."""
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode("ascii")


def sign_statement(content: Mapping[str, Any], key: SigningKey) -> Statement:
    """The statement with its signature."""
    signature = key.sign(_SIGNATURE + b"\x00" + canonical(content)).signature
    return Statement(content, bytes(key.verify_key), signature)


def statement_text(statement: Statement) -> str:
    """The statement as a file."""
    content: dict[str, Any] = {
        "statement": statement.content,
        "public_key": statement.public_key.hex(),
        "signature": statement.signature.hex(),
    }
    if statement.proof:
        content["proof"] = {
            "commitment": statement.proof.commitment.hex(),
            "index": statement.proof.index,
            "size": statement.proof.size,
            "path": [step.hex() for step in statement.proof.path],
        }
    return json.dumps(content, indent=1, ensure_ascii=True) + "\n"


def read_statement(text: str) -> Statement | NotAStatement:
    """Read a file and check its signature against the public key that it names.

    That the key is the campaign's own is for the reader to compare.
    """
    try:
        content = json.loads(text)
        statement = Statement(
            dict(content["statement"]),
            bytes.fromhex(content["public_key"]),
            bytes.fromhex(content["signature"]),
            _read_proof(content.get("proof")),
        )
        signed = _SIGNATURE + b"\x00" + canonical(statement.content)
        VerifyKey(statement.public_key).verify(signed, statement.signature)
        known = statement.content["kind"] == KIND and statement.content["version"] == VERSION
        complete = bool(_HASH.fullmatch(statement.content["root"])) and all(
            type(statement.content[name]) is int for name in ("signatures", "letters", "receipts")
        )
    except BadSignatureError:
        return NotAStatement("The signature does not fit: the statement was changed after it.")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return NotAStatement("This is not a statement of a count, or a part of it is missing.")
    if not known or not complete:
        return NotAStatement("This is not a statement of a kind that is known here.")
    return statement


def _read_proof(content: Any) -> InclusionProof | None:
    if content is None:
        return None
    index, size = content["index"], content["size"]
    if type(index) is not int or type(size) is not int:
        raise TypeError
    path = tuple(bytes.fromhex(step) for step in content["path"])
    return InclusionProof(bytes.fromhex(content["commitment"]), index, size, path)


def includes(statement: Statement, wanted: bytes) -> bool:
    """Whether the statement's own proof shows that this commitment is among its receipts."""
    proof = statement.proof
    return (
        proof is not None
        and hmac.compare_digest(proof.commitment, wanted)
        and proof.size == statement.content["receipts"]
        and proves(statement.root, wanted, proof.index, proof.size, proof.path)
    )


def opens_to(statement: Statement, district: str, count: int, salt: bytes) -> bool:
    """Whether the exact count of a district, with its salt, is what the statement promised."""
    content = statement.content
    for row in content["districts"]:
        if row["district"] == district:
            promised = sealed_count(content["campaign"], content["at"], district, count, salt)
            return hmac.compare_digest(promised, str(row["sealed"]))
    return False


def read_commitment(text: str) -> bytes | None:
    """A commitment as somebody pasted it, with blanks or capitals; None when it is none."""
    plain = "".join(text.split()).lower()
    return bytes.fromhex(plain) if _HASH.fullmatch(plain) else None
