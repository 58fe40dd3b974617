"""Searches the raw bytes of a database's files for deleted data.

Run it as a separate program (``python raw_scan.py FILE < marks``, a JSON list of hex strings),
never inside a process that has the database open: closing any handle to the file there would drop
SQLite's locks. Uses only the standard library. Prints one JSON object.
"""

from __future__ import annotations

import json
import mmap
import sys
from collections.abc import Iterator
from pathlib import Path

MARK = b"DCSEAL1\n"
HEAD = 40
"""Bytes that identify a box: the mark and 32 random bytes."""


def files_of(database: Path) -> Iterator[Path]:
    """The database, its WAL, its shared-memory file, and a journal that a crash may have left."""
    for end in ("", "-wal", "-shm", "-journal"):
        path = Path(f"{database}{end}")
        if path.exists() and path.stat().st_size:
            yield path


def find(data: mmap.mmap, what: bytes) -> Iterator[int]:
    at = data.find(what)
    while at >= 0:
        yield at
        at = data.find(what, at + 1)


def unclean_free_pages(data: mmap.mmap) -> int:
    """Number of free pages that are not all zeros (file format, section 1.5)."""
    if data[:16] != b"SQLite format 3\0":
        return 0
    size = int.from_bytes(data[16:18], "big")
    size = 65536 if size == 1 else size
    trunk = int.from_bytes(data[32:36], "big")
    unclean = 0
    seen: set[int] = set()
    while trunk and trunk not in seen and trunk * size <= len(data):
        seen.add(trunk)
        start = (trunk - 1) * size
        count = min(int.from_bytes(data[start + 4 : start + 8], "big"), size // 4 - 2)
        for leaf in range(count):
            at = start + 8 + 4 * leaf
            page = int.from_bytes(data[at : at + 4], "big")
            unclean += any(data[(page - 1) * size : page * size])
        trunk = int.from_bytes(data[start : start + 4], "big")
    return unclean


def scan(database: Path, marks: list[bytes]) -> dict[str, object]:
    """Heads of all boxes, unclean free pages, and which marks were found in which file."""
    heads: set[str] = set()
    found: list[str] = []
    unclean = 0
    for path in files_of(database):
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            heads.update(data[at : at + HEAD].hex() for at in find(data, MARK))
            found += [f"{path.name}: {mark.hex()}" for mark in marks if data.find(mark) >= 0]
            if path == database:
                unclean = unclean_free_pages(data)
    return {"heads": sorted(heads), "unclean": unclean, "marks": found}


if __name__ == "__main__":
    wanted = [bytes.fromhex(mark) for mark in json.load(sys.stdin)]
    json.dump(scan(Path(sys.argv[1]), wanted), sys.stdout)
