"""A signed statement of the count: what it says, who can check it, and what it hides."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey

from app.records.counts import totals
from app.records.database import open_database
from app.records.keys import KeyFolderError
from app.records.merkle import leaf_hash, write_tree
from app.records.signing import sign, withdraw
from app.records.statements import (
    InclusionProof,
    NewStatement,
    Statement,
    commitment_of,
    find_proof,
    includes,
    latest,
    make_statement,
    opens_to,
    publish,
    read_commitment,
    read_statement,
    signing_key,
    statement_text,
)
from app.site.settings import ROOT
from tests.attest.trees import levels, root_of
from tests.commands import flask
from tests.records.build import CAMPAIGN, SECRET, person, set_status, signature

AT = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
KEY = SigningKey(b"k" * 32)
DISTRICTS = ("CA-11", "CA-12", "DC-0", "WY-0")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_database(tmp_path / "dear-congress.db")
    yield connection
    connection.close()


def signed(db: sqlite3.Connection, key: str, **changes: object) -> str:
    return sign(db, signature(key, **changes), SECRET).receipt


def mine(token: str, state: str = "CA", district: int = 12) -> bytes:
    return commitment_of(CAMPAIGN, state, district, token)


def database_file(db: sqlite3.Connection) -> Path:
    return Path(db.execute("PRAGMA database_list").fetchone()[2])


def made(db: sqlite3.Connection, at: datetime = AT, key: SigningKey = KEY) -> NewStatement:
    return make_statement(
        db, CAMPAIGN, "The Act", key, at=at, zone="America/New_York", districts=DISTRICTS,
        tree=database_file(db).with_suffix(".tree"),
    )  # fmt: skip


def published(db: sqlite3.Connection, folder: Path, at: datetime = AT) -> Statement:
    result = made(db, at)
    publish(folder, result)
    return result.statement


def proof_of(folder: Path, wanted: bytes) -> InclusionProof | None:
    """The proof that the latest statement includes a commitment."""
    found = find_proof(folder, wanted)
    assert found
    return found.proof


def test_every_counted_receipt_has_a_proof(db: sqlite3.Connection, tmp_path: Path) -> None:
    tokens = [signed(db, f"k{n}") for n in range(23)]
    published(db, tmp_path / "s")
    for token in tokens:
        found = find_proof(tmp_path / "s", mine(token))
        assert found
        assert found.proof
        again = read_statement(statement_text(found))
        assert isinstance(again, Statement)
        assert includes(again, mine(token))
        assert not includes(again, mine(tokens[0] + "x"))
        assert again.content["signatures"] == totals(db, CAMPAIGN).signatures == 23


def test_a_withdrawn_signature_is_absent_from_later_statements(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    tokens = [signed(db, f"k{n}") for n in range(5)]
    before = published(db, tmp_path / "s")
    withdraw(db, tokens[2])
    after = published(db, tmp_path / "s", AT.replace(hour=19))
    assert (before.content["signatures"], after.content["signatures"]) == (5, 4)
    assert before.root != after.root
    assert proof_of(tmp_path / "s", mine(tokens[2])) is None
    assert proof_of(tmp_path / "s", mine(tokens[1]))
    # No file of the folder still contains its commitment.
    for file in (tmp_path / "s").iterdir():
        data = file.read_bytes()
        assert mine(tokens[2]) not in data
        assert mine(tokens[2]).hex().encode() not in data
    assert any(mine(tokens[1]) in file.read_bytes() for file in (tmp_path / "s").iterdir())


@pytest.mark.parametrize("status", ["held", "unconfirmed", "test"])
def test_uncounted_signatures_are_not_in_the_list(
    db: sqlite3.Connection, tmp_path: Path, status: str
) -> None:
    token = signed(db, "a", status=status)
    other = signed(db, "b")
    assert published(db, tmp_path / "s").content["receipts"] == 1
    assert proof_of(tmp_path / "s", mine(token)) is None
    assert proof_of(tmp_path / "s", mine(other))
    set_status(db, [1], "counted")
    published(db, tmp_path / "s", AT.replace(hour=19))
    assert (proof_of(tmp_path / "s", mine(token)) is None) == (status == "test")


def test_a_forged_signature_does_not_reveal_who_had_signed(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    """Signing in her name gives a receipt that looks the same whether or not she had signed."""
    signed(db, "hers", person=person("Ana"))
    published(db, tmp_path / "s")
    forged = signed(db, "forged", person=person("Ana"))
    fresh = signed(db, "fresh", person=person("nobody before"))
    for token in (forged, fresh):
        assert proof_of(tmp_path / "s", mine(token)) is None
    statement = published(db, tmp_path / "s", AT.replace(hour=19))
    for token in (forged, fresh):
        assert proof_of(tmp_path / "s", mine(token))
    assert (statement.content["signatures"], statement.content["receipts"]) == (2, 3)


def test_a_statement_covers_only_its_campaign(db: sqlite3.Connection, tmp_path: Path) -> None:
    """EX13: a person who signs two campaigns counts once in each."""
    here = signed(db, "a", person=person("Imani"))
    there = signed(db, "b", person=person("Imani"), campaign="another")
    statement = published(db, tmp_path / "s")
    assert statement.content["signatures"] == statement.content["receipts"] == 1
    assert proof_of(tmp_path / "s", mine(here))
    gone = find_proof(tmp_path / "s", commitment_of("another", "CA", 12, there))
    assert gone
    assert gone.proof is None


def test_district_counts_are_bounds_until_opened(
    db: sqlite3.Connection,
) -> None:
    for n in range(13):
        signed(db, f"a{n}")
    for n in range(4):
        signed(db, f"b{n}", state="WY", district=0)
    result = made(db)
    lines = {row["district"]: row for row in result.statement.content["districts"]}
    assert list(lines) == list(DISTRICTS)
    assert {name: row["at_least"] for name, row in lines.items()} == {
        "CA-11": 0, "CA-12": 10, "DC-0": 0, "WY-0": 0,
    }  # fmt: skip
    for name, number in {"CA-12": 13, "WY-0": 4, "DC-0": 0}.items():
        opening = result.openings[name]
        salt = bytes.fromhex(str(opening["salt"]))
        assert opening["signatures"] == number
        assert opens_to(result.statement, name, number, salt)
        assert not opens_to(result.statement, name, number + 1, salt)
        assert not opens_to(result.statement, name, number, bytes(16))
        assert not opens_to(result.statement, "CA-11", number, salt)
    # Two districts with the same count have nothing in common.
    assert lines["CA-11"]["sealed"] != lines["DC-0"]["sealed"]
    assert not opens_to(result.statement, "ZZ-1", 0, bytes(16))


def test_a_statement_names_no_person_and_no_receipt(db: sqlite3.Connection) -> None:
    """PR04: what is published contains no commitment, code, token or source tag."""
    token = signed(db, "k", source="st-marys", person=person("Ana"))
    text = statement_text(made(db).statement)
    digest = hashlib.sha256(token.encode())
    ana = person("Ana").code.hex()
    for secret in (
        token,
        digest.hexdigest(),
        mine(token).hex(),
        ana,
        "st-marys",
    ):
        assert secret not in text


@given(st.text(max_size=20), st.integers(0, 99), st.binary(min_size=1, max_size=9).map(bytes.hex))
def test_commitments_differ_by_receipt_place_and_campaign(
    campaign: str, district: int, token: str
) -> None:
    base = commitment_of(campaign, "CA", district, token)
    assert len(base) == 32
    assert base != commitment_of(campaign, "CA", district, token + "0")
    assert base != commitment_of(campaign, "CA", district + 1, token)
    assert base != commitment_of(campaign, "WA", district, token)
    assert base != commitment_of(campaign + "x", "CA", district, token)
    assert base != hashlib.sha256(token.encode()).digest()


# --- a statement is accepted only as it was signed ---------------------------------------


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(data=st.data())
def test_a_changed_statement_is_rejected(db: sqlite3.Connection, data: st.DataObject) -> None:
    text = statement_text(made(db).statement)
    content = json.loads(text)["statement"]
    name = data.draw(st.sampled_from(sorted(content)))
    other = data.draw(
        st.one_of(st.integers(), st.text(max_size=5), st.none(), st.lists(st.none(), max_size=2))
        .filter(lambda value: value != content[name])
    )  # fmt: skip
    envelope = json.loads(text)
    envelope["statement"][name] = other
    assert isinstance(read_statement(json.dumps(envelope)), str)


@given(st.one_of(st.text(), st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["statement", "public_key", "signature", "proof"]), inner),
    max_leaves=8,
).map(json.dumps)))  # fmt: skip
def test_text_that_is_not_a_statement_is_rejected_with_a_reason(text: str) -> None:
    found = read_statement(text)
    assert isinstance(found, str)
    assert found.endswith(".")


def test_a_replaced_public_key_is_rejected(db: sqlite3.Connection) -> None:
    text = json.loads(statement_text(made(db).statement))
    text["public_key"] = bytes(SigningKey(b"o" * 32).verify_key).hex()
    assert isinstance(read_statement(json.dumps(text)), str)


def test_a_proof_for_another_statement_does_not_pass(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    token = signed(db, "a")
    signed(db, "b")
    published(db, tmp_path / "s")
    found = find_proof(tmp_path / "s", mine(token))
    assert found
    assert found.proof
    signed(db, "c")
    later = made(db, AT.replace(hour=19)).statement
    assert not includes(replace(later, proof=found.proof), mine(token))
    assert not includes(later, mine(token))


def test_a_proof_from_a_list_of_another_length_does_not_pass(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    """The first of four has the same path as the first of three, so the length must be the signed
    one."""
    tokens = [signed(db, f"k{n}") for n in range(4)]
    published(db, tmp_path / "s")
    first = min(map(mine, tokens))
    found = find_proof(tmp_path / "s", first)
    assert found
    assert found.proof
    assert includes(found, first)
    shorter = replace(found.proof, size=3)
    assert not includes(replace(found, proof=shorter), first)


# --- the key and the files ---------------------------------------------------------------


def test_the_signing_key_is_created_once_private_and_damage_is_reported(tmp_path: Path) -> None:
    first = signing_key(tmp_path / "keys")
    assert bytes(signing_key(tmp_path / "keys")) == bytes(first)
    private = tmp_path / "keys" / "statements.private.json"
    assert private.stat().st_mode & 0o077 == 0
    public = (tmp_path / "keys" / "statements.public.txt").read_text().strip()
    assert public == bytes(first.verify_key).hex()
    private.write_text("{}")
    with pytest.raises(KeyFolderError, match="Restore it from a backup"):
        signing_key(tmp_path / "keys")


def test_a_missing_or_damaged_statement_counts_as_none(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    assert latest(tmp_path / "s") is None
    assert find_proof(tmp_path / "s", bytes(32)) is None
    published(db, tmp_path / "s")  # nobody has signed
    assert proof_of(tmp_path / "s", bytes(32)) is None
    (tmp_path / "s" / "latest.json").write_text("{")
    assert latest(tmp_path / "s") is None


@pytest.mark.parametrize("text", ["", "abc", "g" * 64, "0" * 63, "0" * 65])
def test_text_that_is_not_a_commitment_is_rejected(text: str) -> None:
    assert read_commitment(text) is None


def test_a_commitment_can_be_pasted_with_spaces_and_capitals() -> None:
    plain = bytes(range(32))
    spaced = " ".join(plain.hex().upper()[i : i + 8] for i in range(0, 64, 8))
    assert read_commitment(f"\n {spaced}\t") == plain


# --- the command line --------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(tmp_path))
    for name in ("SECRET_KEY", "PERSON_KEY"):  # a database is there before any command runs
        monkeypatch.setenv(f"DEAR_CONGRESS_{name}", "0123456789abcdef" * 2)


@pytest.mark.usefixtures("site")
def test_the_commands_publish_and_verify_a_statement(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    token = signed(db, "a")
    out, openings = tmp_path / "out.json", tmp_path / "openings.json"
    done = flask("signatures attest", "--out", out, "--openings", openings)
    assert done.exit_code == 0, done.output
    assert "signatures (people): 1" in done.output
    assert openings.stat().st_mode & 0o077 == 0
    assert len(json.loads(openings.read_text())) == 441
    opening = json.loads(openings.read_text())["CA-12"]
    key = (tmp_path / "keys" / "statements.public.txt").read_text().strip()
    good = flask("signatures verify", out, "--public-key", key, "--district", "ca-12",
                 "--count", "1", "--salt", opening["salt"])  # fmt: skip
    assert good.exit_code == 0, good.output
    found = find_proof(tmp_path / "statements" / CAMPAIGN, mine(token))
    assert found
    assert found.proof
    proof = tmp_path / "proof.json"
    proof.write_text(statement_text(found))
    receipt = flask("signatures verify", proof, "--commitment", mine(token).hex())
    assert receipt.exit_code == 0, receipt.output
    assert "ok: this receipt is in its list." in receipt.output


@pytest.mark.usefixtures("site")
def test_every_published_statement_can_be_opened(db: sqlite3.Connection, tmp_path: Path) -> None:
    """Each published statement keeps its own counts and salts, whether or not a copy was asked
    for, and two statements in the same second do not mix them up."""
    out = tmp_path / "out.json"
    promised: list[tuple[Statement, Path, int]] = []
    for number, options in enumerate([["--openings", str(tmp_path / "copy.json")], []], 1):
        signed(db, str(number))
        done = flask("signatures attest", "--out", out, *options)
        assert done.exit_code == 0, done.output
        kept = Path(done.output.split("exact count and salt: ")[1].strip())
        assert kept not in [earlier for _, earlier, _ in promised]
        assert kept.stat().st_mode & 0o077 == 0
        statement = read_statement(out.read_text())
        assert isinstance(statement, Statement)
        promised.append((statement, kept, number))
    for statement, kept, number in promised:
        opening = json.loads(kept.read_text())["CA-12"]
        assert opening["signatures"] == number
        assert opens_to(statement, "CA-12", number, bytes.fromhex(opening["salt"]))


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--commitment", "12"], "64 characters"),
        (["--commitment", "0" * 64], "no proof for a receipt"),
        (["--public-key", "0" * 64], "different key"),
        (["--district", "CA-12"], "--count and --salt"),
        (["--district", "CA-12", "--count", "1", "--salt", "x"], "32 characters"),
        (["--district", "CA-12", "--count", "2", "--salt", "0" * 32], "does not commit to"),
    ],
)
def test_a_failed_verification_says_why_and_exits_with_one(
    db: sqlite3.Connection, tmp_path: Path, options: list[str], words: str
) -> None:
    out = tmp_path / "out.json"
    out.write_text(statement_text(made(db).statement))
    result = flask("signatures verify", out, *options)
    assert result.exit_code == 1
    assert words in result.output
    assert "ok:" not in result.output


@pytest.mark.usefixtures("site")
def test_being_listed_reveals_nothing_in_a_new_congress(
    db: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A district of the new Congress is listed whether or not someone there has signed."""
    monkeypatch.setenv("DEAR_CONGRESS_TODAY", "2027-02-01")
    listed = []
    for more in (False, True):
        if more:
            signed(db, "a", congress=120)
        done = flask("signatures attest", "--out", tmp_path / "x.json", "--no-publish")
        assert done.exit_code == 0, done.output
        statement = read_statement((tmp_path / "x.json").read_text())
        assert isinstance(statement, Statement)
        listed.append({row["district"] for row in statement.content["districts"]})
    assert listed[0] == listed[1]
    assert {"CA-12", "CA-12/120", "WY-0/120"} <= listed[0]


@pytest.mark.usefixtures("site")
def test_an_unpublished_statement_is_not_the_latest(db: sqlite3.Connection, tmp_path: Path) -> None:
    done = flask("signatures attest", "--out", tmp_path / "x.json", "--no-publish")
    assert done.exit_code == 0, done.output
    assert latest(tmp_path / "statements" / CAMPAIGN) is None
    bad = flask("signatures verify", tmp_path / "dear-congress.db")
    assert bad.exit_code == 1
    assert "This is not a statement" in bad.output


def test_the_documented_recipe_accepts_a_proof_and_rejects_a_wrong_one(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    """The few lines in docs/verifying.md need nothing from this program."""
    page = (ROOT / "docs" / "verifying.md").read_text("utf-8")
    recipe = page.split("```python\n")[1].split("```")[0]
    tokens = [signed(db, f"k{n}") for n in range(11)]
    published(db, tmp_path / "s")
    for token in tokens:
        found = find_proof(tmp_path / "s", mine(token))
        assert found
        assert found.proof
        proof = tmp_path / "proof.json"
        proof.write_text(statement_text(found))
        right = subprocess.run([sys.executable, "-I", "-c", recipe], cwd=tmp_path, check=False)
        assert right.returncode == 0
    content = json.loads(proof.read_text())
    content["proof"]["commitment"] = "0" * 64
    proof.write_text(json.dumps(content))
    wrong = subprocess.run(
        [sys.executable, "-I", "-c", recipe], cwd=tmp_path, check=False, capture_output=True
    )
    assert wrong.returncode == 1
    assert b"AssertionError" in wrong.stderr


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 9, 255, 1000])
def test_a_tree_written_to_a_file_matches_the_tree_in_memory(size: int) -> None:
    ordered = sorted(hashlib.sha256(bytes([n % 251, n // 251])).digest() for n in range(size))
    leaves = b"".join(map(leaf_hash, ordered))
    file = io.BytesIO()
    assert write_tree(iter(ordered), file) == (size, root_of(leaves))
    assert file.getvalue() == b"".join(ordered) + b"".join(levels(leaves))
