"""A folder of messages: written from a batch of people, handed over, and its results noted.

For groups that have another vendor hand the files over, and for a run by hand. One folder per
office, one file per message; nobody's name is in a file's name. A second run over the same rows
makes the same delivery ids, so that a message which is handed over twice is noticed by the
office. Every result is a line in ``results.csv`` the moment it is known, so a run can stop and go
on: it leaves alone what was accepted or refused, and tries the rest again.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from app.campaign.entities import Campaign, Letter, Writer
from app.congress.lookup import find_delegation
from app.congress.model import (
    MILITARY_STATES,
    STATES,
    Chamber,
    Choose,
    ChooseState,
    Delegation,
    Disagree,
    Found,
    Outcome,
    OutOfDate,
    Outside,
    day_in_washington,
    ordinal,
)
from app.congress.places import Zip, parse_zip
from app.congress.tables import Tables
from app.cwc.client import (
    Accepted,
    CwcClient,
    CwcResult,
    NotAttempted,
    Refused,
    TryLater,
    Unknown,
)
from app.cwc.message import (
    CwcMessage,
    DeliveryAgent,
    NotReady,
    message_parts,
    schema_errors,
    to_message,
)
from app.delivery.writer_rows import NO_DISTRICT, BadRow, WriterRow, successor_words
from app.errors import ExplainedError
from app.files import typed
from app.records.accounting import note_office
from app.records.database import Connection
from app.records.keyed import keyed_code
from app.records.outbound import LETTER, sendable


@dataclass(frozen=True, slots=True)
class FolderOrder:
    """What is made of each row."""

    campaign: Campaign
    tables: Tables
    agent: DeliveryAgent
    now: date
    """When the letters go out: an aware datetime; a plain day stands for its noon in Washington."""
    secret: bytes
    template: str
    length: Literal["full", "short"] = "full"
    chambers: tuple[Chamber, ...] = ("house", "senate")
    phone_needed: bool = False
    names_in_own_words: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """One message was written."""

    row: int
    seat: str
    message: CwcMessage


@dataclass(frozen=True, slots=True)
class Failed:
    """One thing that stands in the way of one row, or of one of its letters."""

    row: int
    seat: str
    """Empty where no letter of the row could be written."""
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What a batch came to."""

    rows: int
    messages: int
    rows_with_problems: int


def messages_for(row: WriterRow, order: FolderOrder) -> Iterator[Written | Failed]:
    """Every message of one person, and everything that stands in the way of one."""
    delegation = _delegation(row, order)
    if isinstance(delegation, Failed):
        yield delegation
        return
    template = row.template_in(order.campaign, order.template, order.length)
    if template is None:
        yield Failed(row.number, "", "template", "The campaign has no letter of this name.")
        return
    for holder in delegation.recipients:
        seat = holder.seat
        if seat.chamber in order.chambers and (row.letters is None or seat.id in row.letters):
            if row.wrote_to_another(holder, order.tables):
                yield Failed(row.number, seat.id, "letters", successor_words(holder))
                continue
            letter = row.letter_to(
                holder, campaign=order.campaign, template=template, district_place=delegation,
                today=order.now,
            )  # fmt: skip
            yield from _message(row, letter, order)


def _message(row: WriterRow, letter: Letter, order: FolderOrder) -> Iterator[Written | Failed]:
    seat, writer = letter.holder.seat.id, row.writer
    made: CwcMessage | NotReady
    parts = message_parts(order.campaign, letter, today=order.now)
    if isinstance(parts, NotReady):
        made = parts
    else:
        made = to_message(
            parts, writer, order.agent,
            delivery_id=delivery_id(letter, writer, order.campaign.slug, order.secret),
            today=day_in_washington(order.now),
            phone_needed=order.phone_needed, names_in_own_words=order.names_in_own_words,
        )  # fmt: skip
    if isinstance(made, NotReady):
        for reason in made.reasons:
            yield Failed(row.number, seat, reason.field, reason.message)
        return
    errors = schema_errors(made.xml)
    if errors:
        yield Failed(row.number, seat, "message", errors[0])
        return
    yield Written(row.number, seat, made)


def delivery_id(
    letter: Letter, writer: Writer, campaign: str, secret: bytes, *, round_: int = 0
) -> str:
    """The same for the same person, office and words; nobody can trace it back to them.

    ``round_`` counts the messages that the office's system refused before: a corrected one
    must not be taken for them.
    """
    parts = (
        campaign, letter.holder.seat.id, letter.subject, *letter.body,
        writer.first, writer.last, writer.street, writer.zip, writer.email,
        *([str(round_)] if round_ else []),
    )  # fmt: skip
    return keyed_code(secret, "delivery id", *parts).hex()[:32]


def _delegation(row: WriterRow, order: FolderOrder) -> Delegation | Failed:
    zip_code = parse_zip(row.home_zip)
    if not isinstance(zip_code, Zip):
        return Failed(row.number, "", "zip", "A ZIP code has five or nine digits.")
    district, congress = row.district
    if row.get("district") and district is None:
        return Failed(row.number, "", "district", NO_DISTRICT)
    if congress is not None and congress != order.tables.at(order.now).congress:
        return Failed(row.number, "", "congress", _other_congress(congress))
    state = row.home_state
    if state and state not in STATES.keys() | MILITARY_STATES:
        return Failed(row.number, "", "state", "A state has its two-letter postal code.")
    found = find_delegation(
        zip_code.five,
        state or None,
        now=order.now,
        district=district,
        tables=order.tables,
    )
    if isinstance(found, Found):
        return found.delegation
    return Failed(row.number, "", *_why(found))


def _other_congress(congress: int) -> str:
    return (
        f"This is a letter to the {ordinal(congress)} Congress, which does not sit now: a district "
        "of the same number may be other people. Write the letter again."
    )


def _why(outcome: Outcome) -> tuple[str, str]:
    """The field to look at, and what to do, for a row whose district is not settled."""
    if isinstance(outcome, Choose):
        seats = ", ".join(c.holder.seat.id for c in outcome.candidates[:12])
        return "district", f"The ZIP may cover several districts ({seats}): add the right one."
    if isinstance(outcome, Disagree):
        states = ", ".join(outcome.zip_states)
        return "state", f"The ZIP is in {states}, not in {outcome.state}. Correct one of them."
    if isinstance(outcome, ChooseState):
        return "state", f"The ZIP covers several states ({', '.join(outcome.states)}): add one."
    if isinstance(outcome, Outside):
        return "zip", ("The ZIP is military, foreign, or of an area without a seat in Congress. "
                       "For military mail add home_state and home_zip.")  # fmt: skip
    if isinstance(outcome, OutOfDate):
        return "today", "The tables describe a Congress that has ended: bring them up to date."
    return "zip", "The ZIP is not known. Correct it, or add home_zip."


_OURS = re.compile(r"[HS][A-Z]{2}\d\d/[A-Za-z0-9]{32}\.xml")

INDEX = ("row", "seat", "office", "delivery_id", "file", "signature")
"""The columns of ``index.csv``. ``signature`` is empty for people from a file of one's own."""


def write_batch(
    rows: Iterable[WriterRow | BadRow], order: FolderOrder, out: Path
) -> Iterator[Summary]:
    """Write every row's messages under ``out``, yielding the sum so far after each row.

    ``index.csv`` lists the files, ``problems.csv`` what stands in the way, by the rows' own
    numbers. Everything is readable only by its owner, and only one row is in memory. Files of
    an earlier run that this one does not write again are removed, so that nobody's letter goes
    out in its old words beside the new ones.
    """
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    stale = listed_files(out)
    rows_read = messages = bad = 0
    with (
        _table(out / "index.csv", INDEX) as list_file,
        _table(out / "problems.csv", ("row", "seat", "field", "message")) as list_problem,
    ):
        for row in rows:
            rows_read += 1
            failed = False
            results: Iterable[Written | Failed] = (
                [Failed(row.number, "", "row", row.message)]
                if isinstance(row, BadRow)
                else messages_for(row, order)
            )
            for result in results:
                if isinstance(result, Failed):
                    failed = True
                    list_problem((result.row, result.seat, result.field, result.message))
                else:
                    messages += 1
                    file = _write(result.message, out)
                    stale.discard(file)
                    made = result.message
                    number = row.signature if isinstance(row, WriterRow) else None
                    list_file((
                        result.row, result.seat, made.office, made.delivery_id, file,
                        "" if number is None else number,
                    ))  # fmt: skip
            bad += failed
            yield Summary(rows_read, messages, bad)
    for file in stale:
        (out / file).unlink(missing_ok=True)


def listed_files(folder: Path) -> set[str]:
    """The files that a folder's ``index.csv`` names, as ``HCA12/<delivery id>.xml``.

    Empty where there is no index. Only names of our own kind, so that none leads elsewhere.
    """
    index = folder / "index.csv"
    names = {str(row.get("file")) for row in _rows(index)} if index.exists() else set()
    return {name for name in names if _OURS.fullmatch(name)}


def _write(message: CwcMessage, out: Path) -> str:
    name = f"{message.office}/{message.delivery_id}.xml"
    (out / message.office).mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(_private(out / name), "wb") as file:
        file.write(message.xml)
    return name


def _private(path: Path) -> int:
    """A descriptor of a file, made empty, that only its owner can read."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


@contextmanager
def _table(path: Path, header: tuple[str, ...]) -> Iterator[Callable[[tuple[object, ...]], object]]:
    """A CSV file that is written line by line, by the function that it gives."""
    with os.fdopen(_private(path), "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        yield writer.writerow


# --- handing a folder over ----------------------------------------------------------------------

HEADER = ("file", "result", "reason", "at")
SETTLED = ("accepted", "refused")


@dataclass(frozen=True, slots=True)
class Handed:
    """One file and what came of it."""

    file: str
    result: CwcResult


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was settled in an earlier run."""

    file: str


def messages_in(folder: Path) -> list[str]:
    """The message files under a folder, as ``HCA12/<delivery id>.xml``, in a steady order.

    Where the folder has an index, only what that names: a file left from an earlier run, whose
    words were changed since, must not go out.
    """
    there = (p.relative_to(folder).as_posix() for p in folder.glob("*/*.xml"))
    if (folder / "index.csv").exists():
        listed = listed_files(folder)
        there = (name for name in there if name in listed)
    return sorted(there)


def hand_over_folder(
    folder: Path,
    client: CwcClient,
    clock: Callable[[], datetime],
    book: LetterBook | None = None,
) -> Iterator[Handed | Skipped]:
    """Hand over every message of a folder, one after the other.

    With a ``book`` what belongs to signatures of this site is held back where it must not
    leave, and every result is noted with its letter. Raises ``NotStoredError``.

    When a chamber's system asks to try later, its other messages get the same answer
    without a call; the other chamber's go on.
    """
    table = folder / "results.csv"
    results = _rows(table) if table.exists() else ()
    settled = {row["file"] for row in results if row["result"] in SETTLED}
    waiting: dict[Chamber, TryLater] = {}
    is_new = not table.exists()
    descriptor = os.open(table, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(HEADER)
        for name in messages_in(folder):
            if name in settled:
                yield Skipped(name)
                continue
            office, delivery_id = name.removesuffix(".xml").split("/")
            chamber: Chamber = "house" if office.startswith("H") else "senate"
            result: CwcResult
            if book is not None and (reason := book.held_back(name)):
                result = NotAttempted(reason)
            elif chamber in waiting:
                result = waiting[chamber]
            else:
                xml = (folder / name).read_bytes()
                result = client.send(CwcMessage(office, delivery_id, xml))
            if isinstance(result, TryLater):
                waiting[chamber] = result
            at = clock()
            writer.writerow((name, *result_words(result), at.isoformat(timespec="seconds")))
            file.flush()
            if book is not None:
                book.note(name, result_words(result)[0], at)
            yield Handed(name, result)


def result_words(result: CwcResult) -> tuple[str, str]:
    """A result as one word for a table and as its reason. A test system's yes is only a test."""
    match result:
        case Accepted(production=True, earlier=earlier):
            return "accepted", "accepted earlier" if earlier else ""
        case Accepted():
            return "accepted by the test system", ""
        case Refused(reasons):
            return "refused", "; ".join(reasons)
        case TryLater(after, reason):
            return "try later", f"{reason} Not before {after.isoformat(timespec='seconds')}."
        case Unknown(reason):
            return "unknown", reason
        case NotAttempted(reason):
            return "not attempted", reason


# --- noting with each letter what its office's system said ----------------------------------------
#
# A test system's yes and ``try later`` make nothing of a letter: no office has heard of it then.


@dataclass(frozen=True, slots=True)
class Noted:
    """How many letters now say so, and how many results could not be noted."""

    noted: int
    of_nobody_here: int
    """From a file of one's own, so that no signature belongs to them."""
    unchanged: int
    """Withdrawn, gone, or accepted before."""


class LetterBook:
    """The letters of a folder that belong to signatures of this site.

    For handing a folder over on the site itself: what may not leave is held back, and every
    result is noted the moment it is known.
    """

    def __init__(self, folder: Path, db: Connection, campaign: str) -> None:
        self._db, self._campaign = db, campaign
        self._belongs = _belonging(folder)
        self.noted = 0

    def held_back(self, file: str) -> str:
        """Why this letter must not leave; empty where nothing is known against it."""
        found = self._belongs.get(file)
        if found is None or sendable(self._db, found[0], self._campaign) is not False:
            return ""
        return "Its signature was withdrawn, or does not count yet."

    def note(self, file: str, result: str, at: datetime) -> None:
        """Note one result with its letter, if it says anything of it. Raises ``NotStoredError``."""
        found, state = self._belongs.get(file), LETTER.get(result)
        if found is not None and state is not None:
            number, seat = found
            self.noted += note_office(self._db, number, seat, state, campaign=self._campaign, at=at)


class NotesError(ExplainedError):
    """The folder has no results to note; the message says what to do."""


def note_results(folder: Path, db: Connection, campaign: str) -> Noted:
    """Note every result of a folder, oldest first; may be run again, which changes nothing.

    Raises ``NotesError`` and ``NotStoredError``.
    """
    belongs = _belonging(folder)
    noted: set[str] = set()
    nobody: set[str] = set()
    unchanged: set[str] = set()
    for row in _rows(folder / "results.csv", ("file", "result", "at")):
        state, file = LETTER.get(row["result"]), row["file"]
        if state is None:
            continue
        if file not in belongs:
            nobody.add(file)
            continue
        number, seat = belongs[file]
        at = datetime.fromisoformat(row["at"])
        done = note_office(db, number, seat, state, campaign=campaign, at=at)
        (noted if done else unchanged).add(file)
    return Noted(len(noted), len(nobody), len(unchanged - noted))


def _belonging(folder: Path) -> dict[str, tuple[int, str]]:
    """Signature and seat of each file that belongs to a signature. Raises ``NotesError``."""
    return {
        row["file"]: (int(row["signature"]), row["seat"])
        for row in _rows(folder / "index.csv", ("file", "seat"))
        if (row.get("signature") or "").isdecimal()
    }


def _rows(path: Path, needed: tuple[str, ...] = ()) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if not set(needed) <= set(reader.fieldnames or ()):
                raise NotesError(f"{path} is not a table that this program wrote.")
            yield from reader
    except FileNotFoundError:
        raise NotesError(
            f"There is no {path.name} in {path.parent}. "
            f"First: flask letters deliver {typed(path.parent)}"
        ) from None
