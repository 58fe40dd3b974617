"""Signed statements of the count: their form and key, how they are made and published, and how
anyone can check one and find their own receipt in it.

A file contains the statement, the public key and the Ed25519 signature over the statement's
canonical JSON; a file that proves one receipt contains a proof as well. Checking never reads the
database.

``folder`` is where a campaign's statements are kept (``statements_of``): ``latest.json``, a copy
named after its time, the openings of its sealed counts next to that, and one file of hashes from
which proofs are read.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import mmap
import re
import shutil
import sqlite3
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from app.files import write_file
from app.records.counts import STEP, count, rounded, totals
from app.records.database import reading
from app.records.definitions import PUBLISHED
from app.records.keyed import keyed_code
from app.records.keys import KeyFolderError, fingerprint, in_fours
from app.records.merkle import SIZE, path_places, proves, write_tree

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
    """Proof that one commitment is among those of a statement."""

    commitment: bytes
    index: int
    size: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with a valid signature. ``content`` is what was signed."""

    content: Mapping[str, Any]
    public_key: bytes
    signature: bytes
    proof: InclusionProof | None = None

    @property
    def root(self) -> bytes:
        return bytes.fromhex(self.content["root"])


def commitment(campaign: str, state: str, district: int | str, digest: bytes) -> bytes:
    """What represents one receipt in a statement: 32 bytes that reveal nothing by themselves.

    ``digest`` is the SHA-256 of the receipt's token. The token is a 256-bit secret that only the
    person has, so no one else can test a guess of the campaign, the district or the person
    against the commitment, and two commitments of one person cannot be linked.
    """
    parts = (_COMMITMENT, campaign.encode(), f"{state}-{district}".encode(), digest)
    return hashlib.sha256(b"\x00".join(parts)).digest()


def commitment_of(campaign: str, state: str, district: int | str, token: str) -> bytes:
    """The commitment from the token in the receipt's URL."""
    return commitment(campaign, state, district, hashlib.sha256(token.encode()).digest())


def sealed_count(campaign: str, at: str, district: str, count: int, salt: bytes) -> str:
    """A commitment to an exact count that reveals nothing until count and salt are shown."""
    parts = (campaign.encode(), at.encode(), district.encode(), str(count).encode(), salt)
    return hashlib.sha256(b"\x00".join((_COUNT, *parts))).hexdigest()


def salt_for(key: SigningKey, campaign: str, at: str, district: str) -> bytes:
    """The salt of one district's count, which only the signing key can reproduce."""
    return keyed_code(bytes(key), "salt of a count", campaign, at, district)[:16]


def signing_key(folder: Path) -> SigningKey:
    """The key that signs statements, created on first use; it opens nothing that is sealed.

    Raises ``KeyFolderError`` if its file is damaged.
    """
    path = folder / PRIVATE
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = {
            "kind": "dear-congress signing key",
            "seed": SigningKey.generate().encode().hex(),
        }
        with suppress(FileExistsError):  # another process was first: its key is used
            write_file(path, json.dumps(content) + "\n", new=True)
    try:
        key = SigningKey(bytes.fromhex(json.loads(path.read_text("utf-8"))["seed"]))
    except (ValueError, KeyError, TypeError):
        raise KeyFolderError(
            f"{path} is damaged. Restore it from a backup. Statements signed with another key "
            "could not be compared with the earlier ones."
        ) from None
    public = bytes(key.verify_key).hex() + "\n"
    if not (folder / PUBLIC).exists() or (folder / PUBLIC).read_text("ascii") != public:
        write_file(folder / PUBLIC, public, mode=0o644)
    return key


def printed_key(public: bytes) -> str:
    """The public key's fingerprint in groups of four, to read out over the telephone."""
    return in_fours(fingerprint(public))


def canonical(content: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: JSON with sorted keys, without spaces, ASCII only."""
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


def read_statement(text: str) -> Statement | str:
    """Read a file and check its signature against the public key that it names. Returns a sentence
    if it is not a statement or was changed after signing.

    The caller must check that the key is the campaign's own.
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
        return "The signature does not match: the statement was changed after it was signed."
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "This is not a statement of a count, or part of it is missing."
    if not known or not complete:
        return "This version of the program cannot read this kind of statement."
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
    """Whether the statement's proof shows that this commitment is among its receipts."""
    proof = statement.proof
    return (
        proof is not None
        and hmac.compare_digest(proof.commitment, wanted)
        and proof.size == statement.content["receipts"]
        and proves(statement.root, wanted, proof.index, proof.size, proof.path)
    )


def opens_to(statement: Statement, district: str, count: int, salt: bytes) -> bool:
    """Whether a district's exact count and salt match what the statement committed to."""
    content = statement.content
    for row in content["districts"]:
        if row["district"] == district:
            promised = sealed_count(content["campaign"], content["at"], district, count, salt)
            return hmac.compare_digest(promised, str(row["sealed"]))
    return False


def read_commitment(text: str) -> bytes | None:
    """A commitment as someone pasted it, with spaces or capitals; None if it is not one."""
    plain = "".join(text.split()).lower()
    return bytes.fromhex(plain) if _HASH.fullmatch(plain) else None


# --- Making, publishing, finding -------------------------------------------------------------

LATEST = "latest.json"

# A repeat signature's receipt is listed like any other; otherwise the list would tell anyone who
# signs in another person's name that this person has signed. It is left out for as long as a first
# signature would be: while it waits for an organizer or for a click in an email.
_COMMITMENTS = (
    "SELECT commitment(campaign, state,"
    " district || CASE congress WHEN 119 THEN '' ELSE '/' || congress END, receipt)"
    " FROM signatures s WHERE campaign = ? AND (status = 'counted'"
    " OR (status = 'repeated' AND withdrawn = 0"
    " AND NOT EXISTS (SELECT 1 FROM confirmations WHERE signature = s.id AND confirmed IS NULL)"
    " AND NOT EXISTS (SELECT 1 FROM held WHERE signature = s.id AND decision <> 'released')))"
    " ORDER BY 1"
)


@dataclass(frozen=True, slots=True)
class NewStatement:
    """A signed statement with the data behind it, not yet published."""

    statement: Statement
    tree: Path
    """The file with all commitments and the tree over them, as ``write_tree`` writes it."""
    openings: dict[str, dict[str, int | str]]
    """Each district's exact count and salt, to be shown to its office."""


def statements_of(instance: Path, campaign: str) -> Path:
    """The folder of one campaign's statements within the instance folder."""
    return instance / "statements" / campaign


def make_statement(
    db: sqlite3.Connection,
    campaign: str,
    title: str,
    key: SigningKey,
    *,
    at: datetime,
    zone: str,
    districts: Sequence[str],
    tree: Path,
) -> NewStatement:
    """Make a signed statement of the current count, from one snapshot; signing goes on meanwhile.

    ``districts`` has the key of every House district in each Congress in which people may have
    signed, so that being listed reveals nothing. The list of commitments is written to ``tree``, to
    be passed to ``publish`` or deleted. Raises ``OSError``.
    """
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    db.create_function("commitment", 4, commitment, deterministic=True)
    tree.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with reading(db):
        whole = totals(db, campaign)
        by_district = {row.group: row.signatures for row in count(db, campaign, "district")}
        found = db.execute(_COMMITMENTS, (campaign,))
        with tree.open("wb") as file:
            receipts, root = write_tree((entry for (entry,) in found), file)
    openings: dict[str, dict[str, int | str]] = {}
    lines = []
    for name in dict.fromkeys([*districts, *sorted(by_district)]):
        number, salt = by_district.get(name, 0), salt_for(key, campaign, moment, name)
        openings[name] = {"signatures": number, "salt": salt.hex()}
        lines.append({
            "district": name,
            "at_least": rounded(number),
            "sealed": sealed_count(campaign, moment, name, number, salt),
        })  # fmt: skip
    content = {
        "kind": KIND,
        "version": VERSION,
        "campaign": campaign,
        "title": title,
        "at": moment,
        "time_zone": zone,
        "signatures": whole.signatures,
        "letters": whole.letters,
        "receipts": receipts,
        "root": root.hex(),
        "step": STEP,
        "districts": lines,
        "definitions": {
            **PUBLISHED,
            "receipts": (
                "Receipts in the list below the root: one for each counted signature, and further "
                "receipts of people who signed more than once, who are counted once."
            ),
            "at_least": f"Signatures of the district, rounded down to a multiple of {STEP}.",
        },
    }
    return NewStatement(sign_statement(content, key), tree, openings)


def publish(folder: Path, made: NewStatement) -> Path:
    """Put a statement where the site shows it; returns the file named after its time.

    The openings of its sealed counts are on disk (``openings_of``) before the statement becomes
    visible, so every published commitment can be opened. Only the latest list of commitments is
    kept, so a withdrawn signature is in none.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    text, name = statement_text(made.statement), _tree_name(made.statement)
    tree = folder / name
    shutil.move(made.tree, tree)
    kept = _free_name(folder, str(made.statement.content["at"]).replace(":", ""))
    write_file(openings_of(kept), openings_text(made))
    write_file(kept, text, mode=0o644)
    write_file(folder / LATEST, text, mode=0o644)
    for old in folder.glob("*.tree"):
        if old != tree:
            old.unlink(missing_ok=True)
    return kept


def _free_name(folder: Path, moment: str) -> Path:
    """``<moment>.json``, or with a number if that second already has a statement."""
    kept, number = folder / f"{moment}.json", 2
    while kept.exists():
        kept, number = folder / f"{moment}-{number}.json", number + 1
    return kept


def openings_of(kept: Path) -> Path:
    """The file with a published statement's exact counts and salts, readable only by its owner."""
    return kept.with_suffix(".openings.json")


def openings_text(made: NewStatement) -> str:
    """Each district's exact count and salt, as a file."""
    return json.dumps(made.openings, indent=1) + "\n"


def latest(folder: Path) -> Statement | None:
    """The latest published statement, with its signature checked; None if there is none."""
    try:
        found = read_statement((folder / LATEST).read_text("utf-8"))
    except OSError:
        return None
    return None if isinstance(found, str) else found


def find_proof(folder: Path, wanted: bytes) -> Statement | None:
    """The latest statement, with a proof if it includes this commitment. It does not if the
    signature is newer, withdrawn or waiting. Reads a few hundred bytes of the list."""
    for _ in range(2):
        statement = latest(folder)
        if statement is None or statement.content["receipts"] == 0:
            return statement
        try:
            proof = _look_up(folder / _tree_name(statement), wanted, statement.content["receipts"])
        except FileNotFoundError:  # a newer statement was published in between
            continue
        return replace(statement, proof=proof)
    return None


def _look_up(path: Path, wanted: bytes, size: int) -> InclusionProof | None:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:

        def at(place: int) -> bytes:
            return data[place * SIZE : (place + 1) * SIZE]

        index = bisect_left(range(size), wanted, key=at)
        if index == size or at(index) != wanted:
            return None
        steps = tuple(at(size + place) for place in path_places(index, size))
    return InclusionProof(wanted, index, size, steps)


def _tree_name(statement: Statement) -> str:
    content = statement.content
    text = json.dumps([content["root"], content["at"]])
    return f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.tree"
