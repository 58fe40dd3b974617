"""Packets as one ZIP file that is sent while it is made, for a server that must not keep them.

Nothing readable reaches the disk: each PDF is put together in memory and let go when it is on
its way. What waits for its turn is encrypted (``spill``).
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from app.delivery.packet_letters import PacketLetters, Trouble
from app.delivery.packets import COLUMNS, INDEX, Sender, Split, bind_packets
from app.documents.joining import join
from app.records.csv_files import BOM, safe_csv

PROBLEMS = "problems.csv"


def problems_csv(troubles: Iterable[Trouble]) -> str:
    """The lines without a letter, and why, as a table. It names nobody."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(("line", "problem"))
    table.writerows((trouble.number, safe_csv(trouble.message)) for trouble in troubles)
    return text.getvalue()


def zip_packets(
    letters: PacketLetters, troubles: Sequence[Trouble], sender: Sender, split: Split | None = None
) -> Iterator[bytes]:
    """The packets, ``index.csv`` and, where there are problems, ``problems.csv``, in pieces.

    A ZIP that was broken off does not open, so nobody takes a part for the whole. After each
    chunk of letters comes a piece, sometimes an empty one. Closes ``letters`` in the end.
    """
    outlet = _Outlet()
    index = io.StringIO(newline="")
    rows = csv.writer(index)
    rows.writerow(COLUMNS)
    with letters, zipfile.ZipFile(outlet, "w") as archive:

        def save(name: str, parts: Iterable[bytes]) -> None:
            pdf = io.BytesIO()
            join(parts, pdf)
            archive.writestr(_entry(name, sender.day), pdf.getbuffer())

        for _step in bind_packets(letters, sender, split, save=save, write=rows.writerow):
            yield outlet.take()
        archive.writestr(_entry(INDEX, sender.day, small=True), BOM + index.getvalue())
        if troubles:
            text = BOM + problems_csv(troubles)
            archive.writestr(_entry(PROBLEMS, sender.day, small=True), text)
    yield outlet.take()


def _entry(name: str, day: date, *, small: bool = False) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, (day.year, day.month, day.day, 12, 0, 0))
    entry.external_attr = 0o600 << 16
    if small:
        entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


class _Outlet(io.RawIOBase):
    """Takes what the ZIP writes, in order, until it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, piece: object) -> int:
        content = bytes(piece)  # type: ignore[call-overload]
        self._waiting += content
        return len(content)

    def take(self) -> bytes:
        content = bytes(self._waiting)
        self._waiting.clear()
        return content
