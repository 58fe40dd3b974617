"""A private place for rows that are needed again later, which nobody else can read.

Each row is encrypted with a key that only this process's memory holds, in a file that has no
name; when the process ends, however it ends, nothing readable is left.
"""

from __future__ import annotations

import json
import tempfile
from typing import Any

from nacl.secret import SecretBox
from nacl.utils import random


class Spill:
    """Rows that JSON can hold, kept on the disk by where they begin."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by ``close``
        self._box = SecretBox(random(SecretBox.KEY_SIZE))

    def add(self, row: Any) -> int:
        """Keep a row; returns the place to ask ``get`` for."""
        sealed = self._box.encrypt(json.dumps(row).encode("ascii"))
        place = self._file.seek(0, 2)
        self._file.write(len(sealed).to_bytes(4, "big") + sealed)
        return place

    def get(self, place: int) -> Any:
        self._file.seek(place)
        size = int.from_bytes(self._file.read(4), "big")
        return json.loads(self._box.decrypt(self._file.read(size)))

    def close(self) -> None:
        self._file.close()
