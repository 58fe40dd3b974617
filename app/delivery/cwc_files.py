"""From the people of a batch to files in the offices' own format, with a list of what failed.

For groups that have another vendor hand the files over. One folder per office, one file
per message; nobody's name is in a file's name. A second run over the same rows makes the
same delivery ids, so that a message which is handed over twice is noticed by the office.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from app.campaign import Campaign, Letter, Writer, compose
from app.congress import (
    Choose,
    ChooseState,
    Delegation,
    Disagree,
    Found,
    Outcome,
    OutOfDate,
    Outside,
    Tables,
    Zip,
    find_delegation,
    parse_zip,
)
from app.congress.model import STATES, Chamber
from app.delivery.sealing import code
from app.delivery.writer_rows import BadRow, WriterRow
from app.documents.cwc import (
    CwcMessage,
    DeliveryAgent,
    NotReady,
    message_parts,
    schema_errors,
    to_message,
)


@dataclass(frozen=True, slots=True)
class Order:
    """What is made of each row."""

    campaign: Campaign
    tables: Tables
    agent: DeliveryAgent
    today: date
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


def messages_for(row: WriterRow, order: Order) -> Iterator[Written | Failed]:
    """Every message of one person, and everything that stands in the way of one."""
    delegation = _delegation(row, order)
    if isinstance(delegation, Failed):
        yield delegation
        return
    length = row.get("length") or order.length
    template = order.campaign.template(
        row.get("template") or order.template, "short" if length == "short" else "full"
    )
    if template is None:
        yield Failed(row.number, "", "template", "The campaign has no letter of this name.")
        return
    writer = Writer(
        first=row.get("first"), last=row.get("last"), street=row.get("street"),
        street2=row.get("street2"), city=row.get("city"), state=row.get("state").upper(),
        zip=row.get("zip"), prefix=row.get("prefix"), phone=row.get("phone"),
        email=row.get("email"),
    )  # fmt: skip
    for holder in delegation.recipients:
        seat = holder.seat
        wanted = row.letters is None or seat.id in row.letters
        if seat.chamber not in order.chambers or not wanted:
            continue
        words = row.letters[seat.id] if row.letters else row.get("body") or None
        letter = compose(
            order.campaign, template, holder, writer=writer, district_place=delegation,
            story=row.get("story"), today=order.today, body_override=words,
        )  # fmt: skip
        yield from _message(row, letter, writer, order)


def _message(
    row: WriterRow, letter: Letter, writer: Writer, order: Order
) -> Iterator[Written | Failed]:
    seat = letter.holder.seat.id
    made: CwcMessage | NotReady
    parts = message_parts(order.campaign, letter, today=order.today)
    if isinstance(parts, NotReady):
        made = parts
    else:
        made = to_message(
            parts, writer, order.agent,
            delivery_id=delivery_id(letter, writer, order.campaign.slug, order.secret),
            today=order.today,
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
    return code(secret, "delivery id", *parts).hex()[:32]


def _delegation(row: WriterRow, order: Order) -> Delegation | Failed:
    zip_code = parse_zip(row.get("home_zip") or row.get("zip"))
    if not isinstance(zip_code, Zip):
        return Failed(row.number, "", "zip", "A ZIP code has five or nine digits.")
    district = row.get("district").rpartition("-")[2]
    if district and not district.isdecimal():
        return Failed(row.number, "", "district", "A district is a number; 0 where at large.")
    state = (row.get("home_state") or row.get("state")).upper()
    if state not in STATES and state not in ("", "AA", "AE", "AP"):
        return Failed(row.number, "", "state", "A state has its two-letter postal code.")
    found = find_delegation(
        zip_code.five,
        state or None,
        today=order.today,
        district=int(district) if district else None,
        tables=order.tables,
    )
    if isinstance(found, Found):
        return found.delegation
    return Failed(row.number, "", *_why(found))


def _why(outcome: Outcome) -> tuple[str, str]:
    """The field to look at, and what to do, for a row whose district is not settled."""
    if isinstance(outcome, Choose):
        seats = ", ".join(c.holder.seat.id for c in outcome.candidates[:12])
        return "district", f"The ZIP may lie in several districts ({seats}): add the right one."
    if isinstance(outcome, Disagree):
        states = ", ".join(outcome.zip_states)
        return "state", f"The ZIP lies in {states}, not in {outcome.state}. Correct one of them."
    if isinstance(outcome, ChooseState):
        return "state", f"The ZIP lies in several states ({', '.join(outcome.states)}): add one."
    if isinstance(outcome, Outside):
        return "zip", ("The ZIP is military, foreign, or of an area without a seat in Congress. "
                       "For military mail add home_state and home_zip.")  # fmt: skip
    if isinstance(outcome, OutOfDate):
        return "today", "The tables describe a Congress that has ended: bring them up to date."
    return "zip", "The ZIP is not known. Correct it, or add home_zip."


_OURS = re.compile(r"[HS][A-Z]{2}\d\d/[A-Za-z0-9]{32}\.xml")

INDEX = ("row", "seat", "office", "delivery_id", "file", "signature")
"""The columns of ``index.csv``. ``signature`` is empty for people from a file of one's own."""


def write_batch(rows: Iterable[WriterRow | BadRow], order: Order, out: Path) -> Iterator[Summary]:
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
        closing(_Table(out / "index.csv", INDEX)) as index,
        closing(_Table(out / "problems.csv", ("row", "seat", "field", "message"))) as problems,
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
                    problems.add(result.row, result.seat, result.field, result.message)
                else:
                    messages += 1
                    file = _write(result.message, out)
                    stale.discard(file)
                    made = result.message
                    number = row.signature if isinstance(row, WriterRow) else None
                    index.add(
                        result.row, result.seat, made.office, made.delivery_id, file,
                        "" if number is None else number,
                    )  # fmt: skip
            bad += failed
            yield Summary(rows_read, messages, bad)
    for file in stale:
        (out / file).unlink(missing_ok=True)


def listed_files(folder: Path) -> set[str]:
    """The files that a folder's ``index.csv`` names, as ``HCA12/<delivery id>.xml``.

    Empty where there is no index. Only names of our own kind, so that none leads elsewhere.
    """
    try:
        with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
            names = {str(row.get("file")) for row in csv.DictReader(file)}
    except FileNotFoundError:
        return set()
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


class _Table:
    """A CSV file that is written line by line."""

    def __init__(self, path: Path, header: tuple[str, ...]) -> None:
        self._file = os.fdopen(_private(path), "w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(header)

    def add(self, *cells: object) -> None:
        self._writer.writerow(cells)

    def close(self) -> None:
        self._file.close()
