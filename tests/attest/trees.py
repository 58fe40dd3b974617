"""The whole tree in memory, built by the same steps as the one on disk, for comparison."""

from __future__ import annotations

from collections.abc import Iterator

from app.records.merkle import EMPTY_ROOT, SIZE, above, path_places


def levels(leaves: bytes) -> Iterator[bytes]:
    """The levels from the joined leaf hashes up to the root; empty for no leaves."""
    row = leaves
    while row:
        yield row
        if len(row) == SIZE:
            return
        row = b"".join(above(row))


def root_of(leaves: bytes) -> bytes:
    root = EMPTY_ROOT
    for row in levels(leaves):
        root = row
    return root[:SIZE]


def inclusion_path(leaves: bytes, index: int) -> tuple[bytes, ...]:
    rows = b"".join(levels(leaves))
    places = path_places(index, len(leaves) // SIZE)
    return tuple(rows[place * SIZE : (place + 1) * SIZE] for place in places)
