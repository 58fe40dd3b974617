"""Packets: the letters that people asked a group to deliver by hand, office by office, as PDFs.

The opened rows are read once and sorted by office and town; only what sorting needs stays in
memory, and the rest is spilled to disk, encrypted, until its letter is composed. The PDFs go into
a folder, readable by anyone who has it, so it belongs on the computer that opened the sealed
details. Or they are streamed as one ZIP file, for a server that must not keep them; then nothing
readable reaches the disk.
"""

from __future__ import annotations

import io
import json
import os
import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from nacl.secret import SecretBox
from nacl.utils import random

from app.campaign.asks import ask_for
from app.campaign.entities import Campaign, LetterTemplate
from app.congress.lookup import find_delegation
from app.congress.model import STATES, Delegation, Found, Holder, day_in_washington, ordinal
from app.congress.places import Zip, parse_zip
from app.congress.tables import Tables
from app.delivery.writer_rows import NO_DISTRICT, BadRow, LeftOut, WriterRow, zip_words
from app.documents.letter import Addressed
from app.documents.pdf import CHUNK, Cover, NumberedLetter, cover_pdf, letters_data, typeset_letters
from app.files import drafted
from app.records.tabular import csv_line, csv_text
from app.text import plain, slug

# --- a private temporary file --------------------------------------------------------------------


class Spill:
    """JSON rows in an encrypted temporary file, addressed by offset."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by ``close``
        self._box = SecretBox(random(SecretBox.KEY_SIZE))

    def add(self, row: Any) -> int:
        """Store a row; returns the offset to pass to ``get``."""
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


# --- from rows to letters -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """A letter that has yet to be composed."""

    town: str
    """``Chicago, IL``"""
    order: tuple[str, str, str]
    place: int
    day: date


@dataclass
class Pile:
    """All letters to one office."""

    holder: Holder
    letters: list[Waiting] = field(default_factory=list)

    @property
    def towns(self) -> tuple[tuple[str, int], ...]:
        """The towns in the order of the letters; different spellings of a town count as one."""
        counts: dict[str, list[Any]] = {}
        for letter in self.letters:
            counts.setdefault(letter.order[0], [letter.town, 0])[1] += 1
        return tuple((name, count) for name, count in counts.values())


class PacketLetters:
    """The piles of letters of one campaign. Close it when the packets are made.

    ``now`` is the moment of delivery, an aware datetime; a plain date means noon in Washington.
    The letters go to the members in office then. Rows are spilled to an unnamed file in
    ``folder``, by default the system's folder for temporary files.
    """

    def __init__(
        self, campaign: Campaign, tables: Tables, *, now: date, template: str,
        folder: Path | None = None,
    ) -> None:  # fmt: skip
        self.campaign = campaign
        self._tables = tables.at(now)
        self._now = now
        self._template = template
        self._spill = Spill(folder)
        self._piles: dict[str, Pile] = {}
        self._delegations: dict[tuple[str, int], Delegation] = {}

    def __enter__(self) -> PacketLetters:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Discard the spilled rows. Idempotent."""
        self._spill.close()

    def read(self, rows: Iterable[WriterRow]) -> Iterator[WriterRow | BadRow]:
        """Sort each row's letters into the piles; yields the row, or every problem with it."""
        for row in rows:
            troubles = list(self._take(row))
            yield from troubles
            if not troubles:
                yield row

    def piles(self) -> list[Pile]:
        """The piles in order: by state, the House before the Senate; each sorted by town."""
        for pile in self._piles.values():
            pile.letters.sort(key=lambda letter: letter.order)
        return sorted(self._piles.values(), key=lambda pile: _seat_order(pile.holder))

    def letter(self, pile: Pile, waiting: Waiting) -> Addressed:
        """Compose a letter of a pile, in the words that its writer approved."""
        values, own, (state, district) = self._spill.get(waiting.place)
        row = WriterRow(0, values, own)
        template = self._template_of(row)
        assert template is not None
        # A Congress ends at noon, so on the day of delivery the exact moment matters.
        when = self._now if waiting.day == day_in_washington(self._now) else waiting.day
        letter = row.letter_to(
            pile.holder, campaign=self.campaign, template=template,
            district_place=self._delegations[state, district], today=when,
        )  # fmt: skip
        return Addressed(letter, row.writer)

    def _take(self, row: WriterRow) -> Iterator[BadRow]:
        delegation = self._delegation(row)
        if isinstance(delegation, str):
            yield BadRow(row.number, delegation)
            return
        if self._template_of(row) is None:
            named = row.get("template")
            yield BadRow(row.number, f"The campaign has no letter named {named!r}.")
            return
        home = delegation.state, delegation.district
        self._delegations[home] = delegation
        place = self._spill.add((row.values, row.letters, home))
        city = row.get("city")
        city = city.title() if city.isupper() else city
        town = ", ".join(part for part in (city, row.get("state")) if part)
        order = (_folded(town), _folded(row.get("last")), _folded(row.get("first")))
        for holder in row.recipients(delegation, self._tables):
            if isinstance(holder, LeftOut):
                yield BadRow(row.number, holder.message)
                continue
            pile = self._piles.setdefault(holder.seat.id, Pile(holder))
            pile.letters.append(
                Waiting(town, order, place, row.day or day_in_washington(self._now))
            )

    def _template_of(self, row: WriterRow) -> LetterTemplate | None:
        campaign, usual = self.campaign, self._template
        return row.template_in(campaign, usual) or campaign.template(row.get("template") or usual)

    def _delegation(self, row: WriterRow) -> Delegation | str:
        """The writer's delegation, or what to do about a row that does not determine it."""
        state = row.home_state
        district, congress = row.district
        if congress is not None and congress < self._tables.congress:
            return (
                f"This was signed in the {ordinal(congress)} Congress, which has ended, so its "
                "letters to the members of that Congress are left out."
            )
        if row.get("district") and (district is None or state in STATES):
            known = None if district is None else self._tables.delegation(state, district)
            return known or NO_DISTRICT
        zip_code = parse_zip(row.home_zip)
        if isinstance(zip_code, Zip):
            found = find_delegation(
                zip_code.five, state or None, now=self._now, tables=self._tables
            )
            if isinstance(found, Found):
                return found.delegation
        elif zip_code.kind != "missing":
            return zip_words(zip_code)
        return "The line does not name the writer's district. Add district."


def _folded(text: str) -> str:
    """Without case, accents and punctuation, so that sorting matches what people expect."""
    return " ".join("".join(c if c.isalnum() else " " for c in plain(text)).split())


def _seat_order(holder: Holder) -> tuple[str, bool, int]:
    seat = holder.seat
    return seat.state, seat.chamber == "senate", seat.district or seat.senate_class or 0


# --- files by office, by state or by size ------------------------------------------------------

MOST_LETTERS = 1_000
"""Limit on the letters in one file, so that memory stays bounded and no printer chokes."""
INDEX = "index.csv"
COLUMNS = ("file", "seat", "member", "number", "of", "town", "last", "first", "letter date")


@dataclass(frozen=True, slots=True)
class Split:
    """How the letters are split into files."""

    by: str = "office"
    """``office``, ``state`` or ``size``."""
    letters: int = MOST_LETTERS
    """The most letters in one file, at least 1."""
    bytes: int | None = None
    """The approximate most bytes in one file."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who delivers the packets, and when they were made."""

    group: str
    contact: str
    day: date


@dataclass(frozen=True, slots=True)
class PacketStep:
    """Progress after each chunk."""

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
    """One PDF being filled, and the index lines that still need its name."""

    group: str
    parts: list[Future[bytes]]
    """In order; the last one may still be in progress."""
    lines: list[tuple[str, ...]]

    @property
    def letters(self) -> int:
        return len(self.lines)

    @property
    def bytes(self) -> int:
        return sum(len(part.result()) for part in self.parts)


def write_packets(
    letters: PacketLetters, out: Path, sender: Sender, split: Split | None = None
) -> Iterator[PacketStep]:
    """Write every pile into ``out`` and yield after each chunk of letters.

    A file appears under its name once it is complete. ``index.csv`` says where each letter is.
    Everything is readable only by its owner. Raises ``FileExistsError`` if ``out`` already has an
    index.
    """
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(out / INDEX, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as index:
        index.write(csv_text([COLUMNS]))
        yield from bind_packets(letters, sender, split, save=partial(_save, out),
                                write=index.write)  # fmt: skip


def _save(out: Path, name: str, parts: Iterable[bytes]) -> None:
    from app.documents.joining import join

    with drafted(out / name) as draft:
        join(parts, draft)


def bind_packets(
    letters: PacketLetters,
    sender: Sender,
    split: Split | None,
    *,
    save: Callable[[str, Iterable[bytes]], object],
    write: Callable[[str], object],
) -> Iterator[PacketStep]:
    """Make the packets and yield after each chunk; the caller decides where they go.

    ``save`` receives each file's name and the PDFs to join into it; ``write`` receives each line
    of the index, as CSV.
    """
    # One thread typesets a chunk while this one composes the next.
    with ThreadPoolExecutor(1) as setter:
        binder = _Binder(split or Split(), save, write, setter)
        done = 0
        for pile in letters.piles():
            for made in _pile(letters, pile, sender, binder):
                done += made
                yield PacketStep(done, binder.files)
        binder.close()
        yield PacketStep(done, binder.files)


class _Binder:
    """Puts sheets into files and starts a new file where the split says so."""

    def __init__(
        self, split: Split, save: Callable[[str, Iterable[bytes]], object],
        write: Callable[[str], object], setter: ThreadPoolExecutor,
    ) -> None:  # fmt: skip
        self._split, self._save, self._write, self._setter = split, save, write, setter
        self._file: _File | None = None
        self._parts: Counter[str] = Counter()
        self.files = 0

    def room_for(self, holder: Holder) -> int:
        """How many letters still fit into the current file; 0 if this office needs a new one."""
        file = self._file
        full = self._split.bytes is not None and file and file.bytes >= self._split.bytes
        if file is None or full or file.group != self._group(holder):
            return 0
        return self._split.letters - file.letters

    def start(self, holder: Holder) -> int:
        """Start a new file; returns how many letters it takes."""
        self.close()
        self._file = _File(self._group(holder), [], [])
        return self._split.letters

    def add(self, make: Callable[[], bytes], lines: list[tuple[str, ...]]) -> None:
        """Append the PDF that ``make`` returns, running it in the other thread."""
        assert self._file is not None
        if self._file.parts:
            self._file.parts[-1].result()  # only one is pending at a time, to bound memory
        self._file.parts.append(self._setter.submit(make))
        self._file.lines += lines

    def _group(self, holder: Holder) -> str:
        if self._split.by == "office":
            assert holder.member is not None
            return f"{holder.seat.id}-{slug(holder.member.last) or 'office'}"
        return holder.seat.state if self._split.by == "state" else "packet"

    def close(self) -> None:
        """Write the current file, if any, and its index lines."""
        file, self._file = self._file, None
        if file is None or not file.lines:
            return
        self._parts[file.group] += 1
        part = self._parts[file.group]
        name = f"{file.group}.pdf" if part == 1 else f"{file.group}-part-{part}.pdf"
        self._save(name, (part.result() for part in file.parts))
        for line in file.lines:
            self._write(csv_line((name, *line)))
        self.files += 1


def _pile(letters: PacketLetters, pile: Pile, sender: Sender, binder: _Binder) -> Iterator[int]:
    """Put one office's cover and letters into files; yields each chunk's number of letters."""
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
            numbered.append(NumberedLetter(item, number, total))
            lines.append(_line(pile.holder, numbered[-1], waiting.town))
        binder.add(partial(typeset_letters, letters_data(numbered)), lines)
        at += size
        yield size


def _cover(letters: PacketLetters, pile: Pile, sender: Sender) -> Cover:
    """The cover sheet. Its asks are those of the letters, each as of the letter's day."""
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


def _line(holder: Holder, numbered: NumberedLetter, town: str) -> tuple[str, ...]:
    """An index line without its first cell, the file's name."""
    assert holder.member is not None
    writer, letter = numbered.item.writer, numbered.item.letter
    return (
        holder.seat.id, holder.member.full_name, str(numbered.number), str(numbered.of),
        town, writer.last, writer.first, letter.written_on.isoformat(),
    )  # fmt: skip


# --- one streamed ZIP file ---------------------------------------------------------------------

PROBLEMS = "problems.csv"


def problems_csv(troubles: Iterable[BadRow]) -> str:
    """The rows without a letter, and why, as CSV. It contains no names."""
    return csv_text([("line", "problem"), *((str(t.number), t.message) for t in troubles)])


def zip_packets(
    letters: PacketLetters, troubles: Sequence[BadRow], sender: Sender, split: Split | None = None
) -> Iterator[bytes]:
    """The packets, ``index.csv`` and, if there are problems, ``problems.csv``, as a ZIP in pieces.

    A truncated ZIP does not open, so no one mistakes a part for the whole. Yields a piece after
    each chunk of letters, sometimes an empty one. Closes ``letters`` at the end.
    """
    buffer = ZipBuffer()
    index = io.StringIO()
    index.write(csv_text([COLUMNS]))
    with letters, zipfile.ZipFile(buffer, "w") as archive:

        def save(name: str, parts: Iterable[bytes]) -> None:
            from app.documents.joining import join

            pdf = io.BytesIO()
            join(parts, pdf)
            archive.writestr(_entry(name, sender.day), pdf.getbuffer())

        for _step in bind_packets(letters, sender, split, save=save, write=index.write):
            yield buffer.take()
        archive.writestr(_entry(INDEX, sender.day, small=True), index.getvalue())
        if troubles:
            archive.writestr(_entry(PROBLEMS, sender.day, small=True), problems_csv(troubles))
    yield buffer.take()


def _entry(name: str, day: date, *, small: bool = False) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, (day.year, day.month, day.day, 12, 0, 0))
    entry.external_attr = 0o600 << 16
    if small:
        entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


class ZipBuffer(io.RawIOBase):
    """Buffers what a ZIP file's writer writes until ``take`` sends it on."""

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
