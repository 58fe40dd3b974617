"""Packets as files: PDFs by office, by state or by size for a printer, and an index.

What is written here can be read by whoever has the folder: it belongs on the computer that
opened the sealed details, and to the printer.
"""

from __future__ import annotations

import csv
import os
import re
import secrets
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

from app.campaign import ask_for
from app.congress.model import Holder
from app.delivery.packet_letters import PacketLetters, Pile
from app.documents.joining import join
from app.documents.pdf import CHUNK, Cover, Numbered, cover_pdf, letters_data, set_letters
from app.records.csv_files import BOM, safe_csv

MOST_LETTERS = 1_000
"""Letters in one file at most: so memory stays the same, and no printer chokes."""
INDEX = "index.csv"
COLUMNS = ("file", "seat", "member", "number", "of", "town", "last", "first", "letter date")


@dataclass(frozen=True, slots=True)
class Split:
    """How the letters are parted into files."""

    by: str = "office"
    """``office``, ``state`` or ``size``."""
    letters: int = MOST_LETTERS
    """The most letters in one file, at least 1."""
    bytes: int | None = None
    """About the most bytes in one file."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who brings the packets, and when they were made."""

    group: str
    contact: str
    day: date


@dataclass(frozen=True, slots=True)
class Step:
    """How far the work is: after each chunk."""

    letters: int
    files: int


def parse_split(text: str) -> Split | None:
    """``office``, ``state``, a number of letters (``500``) or a size (``20MB``); else None."""
    if text in ("office", "state"):
        return Split(text)
    found = re.fullmatch(r"([1-9][0-9]{0,6})\s*(MB)?", text.strip(), re.IGNORECASE)
    if found is None:
        return None
    if found[2]:
        return Split("size", bytes=int(found[1]) * 1_000_000)
    return Split("size", letters=min(int(found[1]), MOST_LETTERS))


@dataclass
class _File:
    """One PDF that is being filled, and the lines of the index that wait for its name."""

    group: str
    parts: list[Future[bytes]]
    """In order; the last one may still be in the making."""
    lines: list[tuple[str, ...]]

    @property
    def letters(self) -> int:
        return len(self.lines)

    @property
    def bytes(self) -> int:
        return sum(len(part.result()) for part in self.parts)


def write_packets(
    letters: PacketLetters, out: Path, sender: Sender, split: Split | None = None
) -> Iterator[Step]:
    """Write every pile into ``out`` and yield after each chunk of letters.

    A file gets its name when it is whole. ``index.csv`` says where each letter is. Everything
    is readable only by its owner. Raises ``FileExistsError`` if ``out`` holds an index already.
    """
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(out / INDEX, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as index:
        index.write(BOM)
        rows = csv.writer(index)
        rows.writerow(COLUMNS)
        yield from bind_packets(letters, sender, split, save=partial(_save, out),
                                write=rows.writerow)  # fmt: skip


def _save(out: Path, name: str, parts: Iterable[bytes]) -> None:
    draft = out / f".{secrets.token_hex(6)}"
    try:
        draft.touch(mode=0o600, exist_ok=False)
        join(parts, draft)
        draft.replace(out / name)
    finally:
        draft.unlink(missing_ok=True)


def bind_packets(
    letters: PacketLetters,
    sender: Sender,
    split: Split | None,
    *,
    save: Callable[[str, Iterable[bytes]], object],
    write: Callable[[tuple[str, ...]], object],
) -> Iterator[Step]:
    """Make the packets and yield after each chunk; where they go is the caller's.

    ``save`` gets each file's name and the PDFs to join in it; ``write``, each line of the index.
    """
    # One thread sets a chunk while this one composes the next.
    with ThreadPoolExecutor(1) as setter:
        binder = _Binder(split or Split(), save, write, setter)
        done = 0
        for pile in letters.piles():
            for made in _pile(letters, pile, sender, binder):
                done += made
                yield Step(done, binder.files)
        binder.close()
        yield Step(done, binder.files)


class _Binder:
    """Puts sheets into files and starts a new file where the split says so."""

    def __init__(
        self, split: Split, save: Callable[[str, Iterable[bytes]], object],
        write: Callable[[tuple[str, ...]], object], setter: ThreadPoolExecutor,
    ) -> None:  # fmt: skip
        self._split, self._save, self._write, self._setter = split, save, write, setter
        self._file: _File | None = None
        self._parts: Counter[str] = Counter()
        self.files = 0

    def room_for(self, holder: Holder) -> int:
        """Letters that still go into the present file; 0 when this office needs a new one."""
        file = self._file
        full = self._split.bytes is not None and file and file.bytes >= self._split.bytes
        if file is None or full or file.group != self._group(holder):
            return 0
        return self._split.letters - file.letters

    def start(self, holder: Holder) -> int:
        """Begin a new file; returns how many letters it takes."""
        self.close()
        self._file = _File(self._group(holder), [], [])
        return self._split.letters

    def add(self, make: Callable[[], bytes], lines: list[tuple[str, ...]]) -> None:
        """Add what ``make`` makes, in the other thread, after what is there already."""
        assert self._file is not None
        if self._file.parts:
            self._file.parts[-1].result()  # one at a time waits, so memory stays the same
        self._file.parts.append(self._setter.submit(make))
        self._file.lines += lines

    def _group(self, holder: Holder) -> str:
        if self._split.by == "office":
            assert holder.member is not None
            return f"{holder.seat.id}-{_slug(holder.member.last)}"
        return holder.seat.state if self._split.by == "state" else "packet"

    def close(self) -> None:
        """Write the present file, if any, and its lines of the index."""
        file, self._file = self._file, None
        if file is None or not file.lines:
            return
        self._parts[file.group] += 1
        part = self._parts[file.group]
        name = f"{file.group}.pdf" if part == 1 else f"{file.group}-part-{part}.pdf"
        self._save(name, (part.result() for part in file.parts))
        for line in file.lines:
            self._write((name, *line))
        self.files += 1


def _pile(letters: PacketLetters, pile: Pile, sender: Sender, binder: _Binder) -> Iterator[int]:
    """Put one office's cover and letters into files; yields the letters of each chunk."""
    total = len(pile.letters)
    cover = _cover(letters, pile, sender)
    at = 0
    while at < total:
        room = binder.room_for(pile.holder)
        begins = room == 0
        if begins:
            room = binder.start(pile.holder)
        if begins or at == 0:
            binder.add(partial(cover_pdf, replace(cover, first=at + 1)), [])
        size = min(CHUNK, room, total - at)
        chunk = pile.letters[at : at + size]
        numbered, lines = [], []
        for number, waiting in enumerate(chunk, start=at + 1):
            item = letters.letter(pile, waiting)
            numbered.append(Numbered(item, number, total))
            lines.append(_line(pile.holder, numbered[-1], waiting.town))
        binder.add(partial(set_letters, letters_data(numbered)), lines)
        at += size
        yield size


def _cover(letters: PacketLetters, pile: Pile, sender: Sender) -> Cover:
    """The cover sheet; what is asked is what each letter asks, as of its own day."""
    days = Counter(waiting.day for waiting in pile.letters)
    asks: Counter[str] = Counter()
    for day, count in days.items():
        asks[ask_for(letters.campaign, pile.holder, day).summary] += count
    first = letters.letter(pile, pile.letters[0])
    return Cover(
        holder=pile.holder,
        people=len(pile.letters),
        asks=tuple(asks.most_common()),
        towns=pile.towns,
        subject=first.letter.subject,
        day=sender.day,
        group=sender.group,
        contact=sender.contact,
    )


def _line(holder: Holder, numbered: Numbered, town: str) -> tuple[str, ...]:
    """A line of the index, after the file's name."""
    assert holder.member is not None
    writer, letter = numbered.item.writer, numbered.item.letter
    return (
        holder.seat.id, safe_csv(holder.member.full_name), str(numbered.number), str(numbered.of),
        safe_csv(town), safe_csv(writer.last), safe_csv(writer.first),
        letter.written_on.isoformat(),
    )  # fmt: skip


def _slug(name: str) -> str:
    """A surname as a part of a file's name: ``Hernández Rivera`` becomes ``hernandez-rivera``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "office"
