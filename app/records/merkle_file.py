"""A Merkle tree in a file, made in the same small memory however many leaves it has.

The file holds the entries in ascending order, then the rows of the tree over them from the leaf
hashes up to the root (``merkle.levels``), all joined. Entries are sorted by way of 256 files, one
for each first byte, of which one at a time is read: they are hashes, so all are about as long.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from app.records.merkle import EMPTY_ROOT, SIZE, above, leaf_hash

PIECE = 4096 * 2 * SIZE
"""Bytes that are read at once: whole pairs of hashes."""


def write_tree(entries: Iterable[bytes], path: Path) -> tuple[int, bytes]:
    """Write the tree over entries of ``SIZE`` bytes each; returns their number and the root.

    Works in a folder beside ``path``, which is gone afterwards. Raises ``OSError``.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".tree-", dir=path.parent) as name:
        files: dict[int, BinaryIO] = {}
        with ExitStack() as stack:
            for entry in entries:
                file = files.get(entry[0])
                if file is None:
                    part = Path(name, f"{entry[0]:02x}")
                    file = files[entry[0]] = stack.enter_context(part.open("wb"))
                file.write(entry)
        leaves = Path(name, "leaves")
        size = 0
        with path.open("w+b") as tree:
            with leaves.open("wb") as out:
                for first in sorted(files):
                    some = Path(name, f"{first:02x}").read_bytes()
                    ordered = sorted(some[n : n + SIZE] for n in range(0, len(some), SIZE))
                    tree.writelines(ordered)
                    out.writelines(map(leaf_hash, ordered))
                    size += len(ordered)
            with leaves.open("rb") as found:
                shutil.copyfileobj(found, tree, PIECE)
            return size, _grow(tree, size)


def _grow(tree: BinaryIO, count: int) -> bytes:
    """Append the rows above the last ``count`` hashes; returns the root."""
    if count == 0:
        return EMPTY_ROOT
    start = tree.tell() - count * SIZE
    while count > 1:
        end = start + count * SIZE
        read, write = start, end
        while read < end:
            tree.seek(read)
            row = tree.read(min(PIECE, end - read))
            read += len(row)
            tree.seek(write)
            write += tree.write(b"".join(above(row)))
        start, count = end, (count + 1) // 2
    tree.seek(start)
    return tree.read(SIZE)
