"""A Merkle tree as in RFC 6962: one short value that commits to a list, and inclusion proofs.

A leaf is hashed with a leading byte 0, a node with a leading byte 1, so that no leaf can pass for
a node. ``above`` builds the tree of RFC 6962, section 2.1, row by row: a node without a sibling
moves up unchanged. Checking a proof follows RFC 9162, section 2.1.3.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

SIZE = 32
"""Bytes of a hash."""
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry of the list."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two siblings."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def above(row: bytes | bytearray) -> Iterator[bytes | bytearray]:
    """The hashes of the row above ``row``, which may be a part of a row that begins at a pair."""
    sha256, pair = hashlib.sha256, 2 * SIZE
    for start in range(0, len(row), pair):
        two = row[start : start + pair]
        yield sha256(b"\x01" + two).digest() if len(two) == pair else two


def row_sizes(size: int) -> list[int]:
    """The number of hashes in each row of a tree with ``size`` leaves, leaves first."""
    sizes = [size] if size else []
    while sizes and sizes[-1] > 1:
        sizes.append((sizes[-1] + 1) // 2)
    return sizes


def path_places(index: int, size: int) -> Iterator[int]:
    """Positions of the hashes of an inclusion proof within the concatenated rows of the tree.

    The proof is for leaf ``index`` (from 0) of ``size``; its hashes come from the leaf upwards.
    """
    start = 0
    for count in row_sizes(size):
        sibling = index ^ 1
        if sibling < count:
            yield start + sibling
        start, index = start + count, index // 2


def proves(root: bytes, entry: bytes, index: int, size: int, path: Sequence[bytes]) -> bool:
    """Whether ``path`` proves that ``entry`` is leaf ``index`` of the ``size`` under ``root``."""
    if not 0 <= index < size or any(len(step) != SIZE for step in path):
        return False
    here, last, found = index, size - 1, leaf_hash(entry)
    for step in path:
        if last == 0:
            return False
        if here & 1 or here == last:
            found = node_hash(step, found)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found = node_hash(found, step)
        here, last = here >> 1, last >> 1
    return last == 0 and found == root


def write_tree(entries: Iterable[bytes], file: BinaryIO) -> tuple[int, bytes]:
    """Write the tree over entries in ascending order; returns their number and the root.

    The entries come first, then the rows of the tree, from the leaf hashes up to the root. Keeps
    about one row in memory at a time.
    """
    row = bytearray()
    for entry in entries:
        file.write(entry)
        row += leaf_hash(entry)
    size = len(row) // SIZE
    file.write(row)
    while len(row) > SIZE:
        below, row = row, bytearray()
        for node in above(below):  # one by one: ``join`` would first build a list of them all
            row += node
        file.write(row)
    return size, bytes(row) or EMPTY_ROOT
