"""The Merkle tree: its root is RFC 6962's, and its proofs prove inclusion and nothing else."""

from __future__ import annotations

import hashlib
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records.merkle import EMPTY_ROOT, leaf_hash, node_hash, proves, write_tree
from tests.attest.trees import inclusion_path, root_of

ENTRIES = st.lists(st.binary(max_size=40), min_size=1, max_size=70)


def joined(entries: list[bytes]) -> bytes:
    return b"".join(map(leaf_hash, entries))


def by_definition(entries: list[bytes]) -> bytes:
    """The root as RFC 6962, section 2.1, defines it."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    half = 1
    while half * 2 < len(entries):
        half *= 2
    left, right = by_definition(entries[:half]), by_definition(entries[half:])
    return hashlib.sha256(b"\x01" + left + right).digest()


# The test vectors of Certificate Transparency: eight entries, in hexadecimal.
VECTORS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
           "606162636465666768696a6b6c6d6e6f")  # fmt: skip
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.mark.parametrize("size", ROOTS)
def test_the_root_matches_the_published_examples(size: int) -> None:
    entries = [bytes.fromhex(text) for text in VECTORS[:size]]
    assert root_of(joined(entries)).hex() == ROOTS[size]


@given(ENTRIES)
def test_the_root_matches_the_definition_for_any_list(entries: list[bytes]) -> None:
    assert root_of(joined(entries)) == by_definition(entries)


def test_an_empty_list_has_the_empty_root() -> None:
    assert root_of(b"") == EMPTY_ROOT == by_definition([])


@given(ENTRIES, st.data())
def test_every_entry_has_a_proof(entries: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(entries) - 1))
    leaves = joined(entries)
    path = inclusion_path(leaves, index)
    assert proves(root_of(leaves), entries[index], index, len(entries), path)
    assert len(path) <= (len(entries) - 1).bit_length()


@given(ENTRIES, st.data())
def test_no_other_entry_index_size_root_or_path_passes(
    entries: list[bytes], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(entries) - 1))
    leaves, size = joined(entries), len(entries)
    root, path = root_of(leaves), inclusion_path(leaves, index)
    other = data.draw(st.binary(max_size=80).filter(lambda entry: entry != entries[index]))
    assert not proves(root, other, index, size, path)
    assert not proves(hashlib.sha256(root).digest(), entries[index], index, size, path)
    assert not proves(root, entries[index], -1, size, path)
    assert not proves(root, entries[index], size, size, path)
    assert not proves(root, entries[index], index, 0, path)
    assert not proves(root, entries[index], index, size, (*path, root))
    if path:
        assert not proves(root, entries[index], index, size, path[:-1])
        place = data.draw(st.integers(0, len(path) - 1))
        bit = bytes([path[place][0] ^ 1]) + path[place][1:]
        assert not proves(
            root, entries[index], index, size, (*path[:place], bit, *path[place + 1 :])
        )
        assert not proves(root, entries[index], index, size, (*path[:place], b"", *path[place:]))


@given(ENTRIES.filter(lambda entries: len(entries) > 1))
def test_a_node_cannot_pass_for_an_entry(entries: list[bytes]) -> None:
    """A list of two inner nodes has another root than the list of their entries."""
    half = 1
    while half * 2 < len(entries):
        half *= 2
    left, right = root_of(joined(entries[:half])), root_of(joined(entries[half:]))
    root = root_of(joined(entries))
    assert root == node_hash(left, right)
    assert root != leaf_hash(left + right)
    assert not proves(root, left, 0, 2, (right,))


def test_writing_a_large_tree_holds_no_list_of_hashes_in_memory() -> None:
    many = 20_000
    entries = sorted(hashlib.sha256(str(number).encode()).digest() for number in range(many))
    with Path(os.devnull).open("wb") as file:
        tracemalloc.start()
        write_tree(iter(entries), file)
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 64 * many, "a hash has 32 bytes, and 70 in a list"
