"""A folder of messages: writing it from a batch of people, handing it over, recording the results.

For groups that have another vendor hand the files over, and for manual runs. There is one folder
per office and one file per message; file names contain no person's name. A second run over the
same rows makes the same delivery ids, so the office notices a message that is handed over twice.
Every result is written to ``results.csv`` as soon as it is known, so a run can be interrupted and
resumed: it skips what was accepted or refused, and tries the rest again.
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
    Standing,
    chamber_of,
    day_in_washington,
    ordinal,
)
from app.congress.places import Zip, parse_zip
from app.congress.tables import Tables
from app.cwc.client import Accepted, CwcClient, CwcResult, NotAttempted, Refused, TryLater, Unknown
from app.cwc.message import (
    CwcMessage,
    DeliveryAgent,
    NotReady,
    message_parts,
    schema_errors,
    to_message,
)
from app.delivery.writer_rows import NO_DISTRICT, BadRow, LeftOut, WriterRow, zip_words
from app.errors import ExplainedError
from app.files import typed
from app.records.accounting import ACCEPTED, QUEUED, note_office
from app.records.database import Connection
from app.records.keyed import keyed_code
from app.records.outbound import LETTER, Addressee, sendable


@dataclass(frozen=True, slots=True)
class FolderOrder:
    """How to make messages from the rows."""

    campaign: Campaign
    tables: Tables
    agent: DeliveryAgent
    now: date
    """When the letters go out: an aware datetime; a plain date means noon in Washington."""
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
    member: str
    """The bioguide id of the member to whom it was written."""
    message: CwcMessage


@dataclass(frozen=True, slots=True)
class Failed:
    """One problem with a row or with one of its letters."""

    row: int
    seat: str
    """Empty if no letter of the row could be written."""
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The totals of a batch."""

    rows: int
    messages: int
    rows_with_problems: int


def messages_for(row: WriterRow, order: FolderOrder) -> Iterator[Written | Failed]:
    """Every message of one person, and every problem that prevents one."""
    delegation = _delegation(row, order)
    if isinstance(delegation, Failed):
        yield delegation
        return
    template = row.template_in(order.campaign, order.template, order.length)
    if template is None:
        yield Failed(row.number, "", "template", "The campaign has no letter with this name.")
        return
    for holder in row.recipients(delegation, order.tables):
        if isinstance(holder, LeftOut):
            if chamber_of(holder.seat) in order.chambers:
                yield Failed(row.number, holder.seat, "letters", holder.message)
        elif holder.seat.chamber in order.chambers:
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
    assert letter.holder.member is not None
    yield Written(row.number, seat, letter.holder.member.bioguide, made)


def delivery_id(
    letter: Letter, writer: Writer, campaign: str, secret: bytes, *, round_: int = 0
) -> str:
    """An id that is the same for the same person, office and words, and cannot be traced back.

    ``round_`` counts the earlier messages that the office's system refused, so that a corrected
    message is not taken for one of them.
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
        return Failed(row.number, "", "zip", zip_words(zip_code))
    district, congress = row.district
    if row.get("district") and district is None:
        return Failed(row.number, "", "district", NO_DISTRICT)
    if congress is not None and congress != order.tables.at(order.now).congress:
        return Failed(row.number, "", "congress", _other_congress(congress))
    state = row.home_state
    if state and state not in STATES.keys() | MILITARY_STATES:
        return Failed(row.number, "", "state", "A state has its two-letter postal code.")
    found = find_delegation(
        zip_code.five, state or None, now=order.now, district=district, tables=order.tables
    )
    if isinstance(found, Found):
        return found.delegation
    return Failed(row.number, "", *_why(found))


def _other_congress(congress: int) -> str:
    return (
        f"This letter is to the {ordinal(congress)} Congress, not the current one, and a "
        "district with the same number may have other people. Write the letter again."
    )


def _why(outcome: Outcome) -> tuple[str, str]:
    """The field to check and what to do, for a row whose district is undetermined."""
    if isinstance(outcome, Choose):
        seats = ", ".join(c.holder.seat.id for c in outcome.candidates[:12])
        return "district", f"The ZIP code may cover several districts ({seats}). Add the right one."
    if isinstance(outcome, Disagree):
        states = ", ".join(outcome.zip_states)
        return "state", f"The ZIP code is in {states}, not in {outcome.state}. Correct one of them."
    if isinstance(outcome, ChooseState):
        return "state", (
            f"The ZIP code covers several states ({', '.join(outcome.states)}). Add the state."
        )
    if isinstance(outcome, Outside):
        return "zip", ("The ZIP code is military, foreign, or in an area without a seat in "
                       "Congress. For military mail, add home_state and home_zip.")  # fmt: skip
    if isinstance(outcome, OutOfDate):
        return "today", (
            "The tables are for a Congress that has ended. Update them: flask congress refresh"
        )
    return "zip", "The ZIP code is unknown. Correct it, or add home_zip."


_MESSAGE_FILE = re.compile(r"[HS][A-Z]{2}\d\d/[A-Za-z0-9]{32}\.xml")

INDEX = ("row", "seat", "office", "delivery_id", "file", "signature", "member")
"""The columns of ``index.csv``. ``signature`` is empty for people from the group's own file."""


def write_batch(
    rows: Iterable[WriterRow | BadRow], order: FolderOrder, out: Path
) -> Iterator[Summary]:
    """Write every row's messages under ``out``, yielding the totals so far after each row.

    ``index.csv`` lists the files and ``problems.csv`` the problems, by row number. Everything is
    readable only by its owner, and only one row is in memory. Files of an earlier run that this
    one does not rewrite are removed, so that no letter goes out in its old words along with the
    new ones.
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
                        "" if number is None else number, result.member,
                    ))  # fmt: skip
            bad += failed
            yield Summary(rows_read, messages, bad)
    for file in stale:
        (out / file).unlink(missing_ok=True)


def listed_files(folder: Path) -> set[str]:
    """The files named in a folder's ``index.csv``, as ``HCA12/<delivery id>.xml``.

    Empty if there is no index. Other names are ignored, so none can point outside the folder.
    """
    index = folder / "index.csv"
    names = {str(row.get("file")) for row in _rows(index)} if index.exists() else set()
    return {name for name in names if _MESSAGE_FILE.fullmatch(name)}


def _write(message: CwcMessage, out: Path) -> str:
    name = f"{message.office}/{message.delivery_id}.xml"
    (out / message.office).mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(_private(out / name), "wb") as file:
        file.write(message.xml)
    return name


def _private(path: Path) -> int:
    """A descriptor of a truncated file that only its owner can read."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


@contextmanager
def _table(path: Path, header: tuple[str, ...]) -> Iterator[Callable[[tuple[object, ...]], object]]:
    """Open a CSV file and yield a function that writes one line."""
    with os.fdopen(_private(path), "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        yield writer.writerow


# --- handing a folder over ----------------------------------------------------------------------

HEADER = ("file", "result", "reason", "at")
SETTLED = ("accepted", "refused")


def messages_in(folder: Path) -> list[str]:
    """The message files under a folder, as ``HCA12/<delivery id>.xml``, sorted.

    If the folder has an index, only the files it names: a file left from an earlier run, whose
    words have changed since, must not go out.
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
    standing: Callable[[Addressee], Standing],
    book: LetterBook | None = None,
) -> Iterator[CwcResult | None]:
    """Hand over every message of a folder, one at a time; yields each result, or None for one that
    was settled in an earlier run.

    An office's code names its seat, so a letter whose member, by ``standing``, does not sit is held
    back. With a ``book``, messages of this site's signatures are held back if they must not leave,
    and every result is recorded with its letter. Raises ``NotStoredError``.

    If a chamber's system asks to try later, its remaining messages get the same result without a
    call; the other chamber's go on.
    """
    table = folder / "results.csv"
    results = list(_rows(table)) if table.exists() else []
    settled = {row["file"] for row in results if row["result"] in SETTLED}
    unanswered = {row["file"] for row in results if row["result"] == "unknown"}
    addressees = _addressees(folder)
    waiting: dict[Chamber, TryLater] = {}
    is_new = not table.exists()
    descriptor = os.open(table, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(HEADER)
        for name in messages_in(folder):
            if name in settled:
                yield None
                continue
            office, delivery_id = name.removesuffix(".xml").split("/")
            message = CwcMessage(office, delivery_id, (folder / name).read_bytes())
            result: CwcResult
            reason, accepted = book.held_back(name) if book is not None else ("", False)
            if not reason and name in addressees:
                reason = _not_sitting(addressees[name], standing)
            if accepted:
                result = Accepted(production=True, earlier=True)
            elif reason:  # an earlier try may have arrived
                result = (Unknown if name in unanswered else NotAttempted)(reason)
            elif message.chamber in waiting:
                result = waiting[message.chamber]
            else:
                result = client.send(message)
            if isinstance(result, TryLater):
                waiting[message.chamber] = result
            at = clock()
            writer.writerow((name, *result_words(result), at.isoformat(timespec="seconds")))
            file.flush()
            if book is not None:
                book.note(name, result_words(result)[0], at)
            yield result


def _addressees(folder: Path) -> dict[str, Addressee]:
    """By file, to whom its letter was written, as far as the index says so."""
    index = folder / "index.csv"
    return {
        row["file"]: Addressee(row["member"], row["seat"])
        for row in (_rows(index) if index.exists() else ())
        if row.get("member")
    }


def _not_sitting(addressee: Addressee, standing: Callable[[Addressee], Standing]) -> str:
    """Why a letter must not leave, if its member does not sit; empty if they do."""
    return {
        "sits": "",
        "left": f"The member to whom it was written no longer holds {addressee.seat}.",
        "unsure": f"The list of members is too old to show who holds {addressee.seat}. Update it: "
        "flask congress refresh",
    }[standing(addressee)]


def result_words(result: CwcResult) -> tuple[str, str]:
    """A result as a word for the table, and its reason. The test system's acceptance has its own
    word."""
    match result:
        case Accepted(production=True, earlier=earlier):
            return "accepted", "accepted earlier" if earlier else ""
        case Accepted():
            return "accepted by the test system", ""
        case Refused(reasons):
            return "refused", "; ".join(reasons)
        case TryLater(after, reason):
            return "try later", f"{reason} Try again after {after.isoformat(timespec='seconds')}."
        case Unknown(reason):
            return "unknown", reason
        case NotAttempted(reason):
            return "not attempted", reason


# --- recording each result with its letter --------------------------------------------------------
#
# The test system's acceptance and ``try later`` are not recorded, since no office has the letter.


@dataclass(frozen=True, slots=True)
class Noted:
    """How many results were recorded with their letters, and how many could not be."""

    noted: int
    without_signature: int
    """From the group's own file, so there is no signature on this site."""
    unchanged: int
    """Withdrawn, gone, already accepted, queued, or handed over by the writer since."""


class LetterBook:
    """The letters of a folder that belong to signatures of this site.

    For handing a folder over on the site itself: messages that must not leave are held back, and
    every result is recorded as soon as it is known.
    """

    def __init__(self, folder: Path, db: Connection, campaign: str) -> None:
        self._db, self._campaign = db, campaign
        self._signatures = _signatures_by_file(folder)
        self.noted = 0

    def held_back(self, file: str) -> tuple[str, bool]:
        """Why this letter must not leave, empty if there is no known reason; and whether the
        office's system accepted it already, perhaps in other words."""
        found = self._signatures.get(file)
        known = found and sendable(self._db, *found, self._campaign)
        if not known:
            return "", False
        counts, state = known
        if not counts:
            return "Its signature was withdrawn, or does not count yet.", False
        waits = "Its writer gave it to this site to deliver, perhaps in other words. It waits here."
        return waits if state == QUEUED else "", state == ACCEPTED

    def note(self, file: str, result: str, at: datetime) -> None:
        """Record one result with its letter, if it changes it. Raises ``NotStoredError``."""
        found, state = self._signatures.get(file), LETTER.get(result)
        if found is not None and state is not None:
            number, seat = found
            self.noted += note_office(self._db, number, seat, state, campaign=self._campaign, at=at)


class NotesError(ExplainedError):
    """The folder has no results to record; the message says what to do."""


def note_results(folder: Path, db: Connection, campaign: str) -> Noted:
    """Record every result of a folder, oldest first. Idempotent.

    Raises ``NotesError`` and ``NotStoredError``.
    """
    signatures = _signatures_by_file(folder)
    noted: set[str] = set()
    unsigned: set[str] = set()
    unchanged: set[str] = set()
    for row in _rows(folder / "results.csv", ("file", "result", "at")):
        state, file = LETTER.get(row["result"]), row["file"]
        if state is None:
            continue
        if file not in signatures:
            unsigned.add(file)
            continue
        number, seat = signatures[file]
        at = datetime.fromisoformat(row["at"])
        done = note_office(db, number, seat, state, campaign=campaign, at=at)
        (noted if done else unchanged).add(file)
    return Noted(len(noted), len(unsigned), len(unchanged - noted))


def _signatures_by_file(folder: Path) -> dict[str, tuple[int, str]]:
    """The signature and seat of each file that has a signature. Raises ``NotesError``."""
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
            f"There is no {path.name} in {path.parent}. First run: flask letters deliver "
            f"{typed(path.parent)}"
        ) from None
