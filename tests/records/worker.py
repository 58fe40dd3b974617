"""A process that signs, for tests: ``python -m tests.records.worker DATABASE KEY…``.

Prints ``ready`` when it is running, waits for a line on stdin, opens the database, signs each key
and prints it once the signature is acknowledged. The key ``*PREFIX`` signs forever.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

from app.records.database import open_database
from app.records.signing import sign
from tests.records.build import SECRET, signature


def keys(arguments: list[str]) -> Iterator[str]:
    for argument in arguments:
        if argument.startswith("*"):
            yield from (f"{argument[1:]}-{n}" for n in itertools.count())
        else:
            yield argument


def main() -> None:
    print("ready", flush=True)  # noqa: T201 - this is how it answers
    sys.stdin.readline()
    db = open_database(Path(sys.argv[1]))
    for key in keys(sys.argv[2:]):
        signed = sign(db, signature(key), SECRET)
        print(key, signed.receipt, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
