"""Making a statement of the count, publishing it, and finding one's own receipt in it.

``folder`` is where a campaign's statements lie (``statements_of``): ``latest.json``, the same
under its moment, what opens its sealed counts beside it, and one file of hashes from which
proofs are read.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import shutil
import sqlite3
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from nacl.signing import SigningKey

from app.records.counts import count, totals
from app.records.database import reading
from app.records.definitions import definitions_for
from app.records.keys import write_atomically
from app.records.merkle import SIZE, path_places, write_tree
from app.records.public_counts import STEP, rounded
from app.records.statements import (
    KIND,
    VERSION,
    InclusionProof,
    NotAStatement,
    Statement,
    commitment,
    read_statement,
    salt_for,
    sealed_count,
    sign_statement,
    statement_text,
)

LATEST = "latest.json"

# A further receipt of somebody who had signed is in the list like any other; else the list
# would tell whoever signs in another's name that this person had signed. It is left out while
# a first one would be: while it waits for an organizer or for a click in an e-mail.
_RECEIPTS = (
    "SELECT receipt, state,"
    " district || CASE congress WHEN 119 THEN '' ELSE '/' || congress END"
    " FROM signatures s WHERE campaign = ? AND (status = 'counted'"
    " OR (status = 'repeated' AND withdrawn = 0"
    " AND NOT EXISTS (SELECT 1 FROM confirmations WHERE signature = s.id AND confirmed IS NULL)"
    " AND NOT EXISTS (SELECT 1 FROM held WHERE signature = s.id AND decision <> 'released')))"
)


@dataclass(frozen=True, slots=True)
class Made:
    """A statement with what stands behind it."""

    statement: Statement
    tree: Path
    """The file with all commitments and the tree over them, as ``merkle_file`` writes it."""
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
    commitments is written to ``tree``, for ``publish`` or to be deleted: memory stays the same
    however many people signed. Raises ``OSError``.
    """
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with reading(db):
        whole = totals(db, campaign)
        by_district = {row.group: row.signatures for row in count(db, campaign, "district")}
        found = (
            commitment(campaign, state, district, digest)
            for digest, state, district in db.execute(_RECEIPTS, (campaign,))
        )
        receipts, root = write_tree(found, tree)
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
            **{definition.term: definition.meaning for definition in definitions_for("all")},
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
    write_atomically(openings_of(kept), openings_text(made))
    write_atomically(kept, text, mode=0o644)
    write_atomically(folder / LATEST, text, mode=0o644)
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


class _Hashes(Sequence[bytes]):
    """Joined hashes in a file, one after the other, without reading all of it."""

    def __init__(self, data: mmap.mmap, size: int) -> None:
        self.data, self.size = data, size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, place: int) -> bytes:  # type: ignore[override]
        return self.data[place * SIZE : (place + 1) * SIZE]


def _look_up(path: Path, wanted: bytes, size: int) -> InclusionProof | None:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        hashes = _Hashes(data, size)
        index = bisect_left(hashes, wanted)
        if index == size or hashes[index] != wanted:
            return None
        steps = tuple(hashes[size + place] for place in path_places(index, size))
    return InclusionProof(wanted, index, size, steps)


def _tree_name(statement: Statement) -> str:
    content = statement.content
    text = json.dumps([content["root"], content["at"]])
    return f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.tree"
