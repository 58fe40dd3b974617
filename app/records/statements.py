"""A signed statement of the count: its form and key, how it is made and published, and how
anybody checks it and finds their own receipt in it.

A file holds the statement, the public key and the Ed25519 signature over the statement's
canonical JSON; a file that proves one receipt holds a proof as well. Nothing of a check reads the
database.

``folder`` is where a campaign's statements lie (``statements_of``): ``latest.json``, the same
under its moment, what opens its sealed counts beside it, and one file of hashes from which
proofs are read.
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
            f"{path} is damaged. Restore it from a backup; with another key, statements could no "
            "longer be compared with the earlier ones."
        ) from None
    public = bytes(key.verify_key).hex() + "\n"
    if not (folder / PUBLIC).exists() or (folder / PUBLIC).read_text("ascii") != public:
        write_file(folder / PUBLIC, public, mode=0o644)
    return key


def printed_key(public: bytes) -> str:
    """The public key's fingerprint in groups of four, to read out on the telephone."""
    return in_fours(fingerprint(public))


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
        return NotAStatement("The signature does not match: the statement was changed after it.")
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


# --- Making, publishing, finding -------------------------------------------------------------

LATEST = "latest.json"

# A further receipt of somebody who had signed is in the list like any other; else the list
# would tell whoever signs in another's name that this person had signed. It is left out while
# a first one would be: while it waits for an organizer or for a click in an e-mail.
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
class Made:
    """A statement with what stands behind it."""

    statement: Statement
    tree: Path
    """The file with all commitments and the tree over them, as ``write_tree`` writes it."""
    openings: dict[str, dict[str, int | str]]
    """The exact count and the salt of each district: for the office that it is shown to."""


@dataclass(frozen=True, slots=True)
class Included:
    """The commitment is in the latest statement; ``statement.proof`` shows it."""

    statement: Statement


@dataclass(frozen=True, slots=True)
class NotIncluded:
    """It is not in the latest statement: newer, withdrawn, waiting, or mistyped."""

    statement: Statement


@dataclass(frozen=True, slots=True)
class NothingStated:
    """No statement has been published yet."""


def statements_of(instance: Path, campaign: str) -> Path:
    """Where the statements of one campaign lie in a site's own folder."""
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
) -> Made:
    """State the count of this moment, signed. One snapshot; signing goes on meanwhile.

    ``districts`` names every House district, so that being listed says nothing. The list of
    commitments is written to ``tree``, for ``publish`` or to be deleted. Raises ``OSError``.
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
    return Made(sign_statement(content, key), tree, openings)


def publish(folder: Path, made: Made) -> Path:
    """Put a statement where the site shows it; returns the file kept under its moment.

    What opens its sealed counts is on the disk (``openings_of``) before anybody can see the
    statement, so that no published promise is ever left that nobody can keep. Only the latest
    list of commitments stays: a withdrawn signature is in none.
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
    """``<moment>.json``, or with a number where that second has a statement already."""
    kept, number = folder / f"{moment}.json", 2
    while kept.exists():
        kept, number = folder / f"{moment}-{number}.json", number + 1
    return kept


def openings_of(kept: Path) -> Path:
    """Where the exact counts and salts of a published statement lie, for its owner alone."""
    return kept.with_suffix(".openings.json")


def openings_text(made: Made) -> str:
    """The exact count and the salt of each district as a file."""
    return json.dumps(made.openings, indent=1) + "\n"


def latest(folder: Path) -> Statement | NothingStated:
    """The latest published statement, its signature checked."""
    try:
        found = read_statement((folder / LATEST).read_text("utf-8"))
    except OSError:
        return NothingStated()
    return NothingStated() if isinstance(found, NotAStatement) else found


def find_proof(folder: Path, wanted: bytes) -> Included | NotIncluded | NothingStated:
    """Look a commitment up in the latest statement. Reads a few hundred bytes of the list."""
    for _ in range(2):
        statement = latest(folder)
        if isinstance(statement, NothingStated):
            return statement
        if statement.content["receipts"] == 0:
            return NotIncluded(statement)
        try:
            proof = _look_up(folder / _tree_name(statement), wanted, statement.content["receipts"])
        except FileNotFoundError:  # a newer statement came in between
            continue
        return Included(replace(statement, proof=proof)) if proof else NotIncluded(statement)
    return NothingStated()


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
