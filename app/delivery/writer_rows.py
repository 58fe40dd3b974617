"""The people of a batch, row by row, with their file's row numbers and their letters.

Two kinds of file: CSV with a header line, and JSON lines as printed by ``flask keys open`` (the
opened sealed export). No row is kept once the next one is read. Labels, packets and the offices'
own format are all made from these rows.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from app.campaign.compose import compose, office_language
from app.campaign.entities import Campaign, Length, Letter, LetterTemplate, Writer
from app.congress.model import Delegation, Holder, as_moment, congress_at
from app.congress.places import (
    Zip,
    ZipProblem,
    address_alone,
    parse_district,
    parse_zip,
    read_state,
)
from app.congress.tables import Tables
from app.errors import ExplainedError
from app.records.fillers import is_unreadable
from app.text import undoubled

NEEDED = ("first", "last", "street", "city", "state", "zip", "email")
OPTIONAL = (
    "prefix", "street2", "phone", "district", "congress", "home_state", "home_zip", "template",
    "length", "story", "body", "tongue",
)  # fmt: skip
ALIASES = {
    "first_name": "first", "last_name": "last", "address": "street", "address1": "street",
    "address_1": "street", "address2": "street2", "address_2": "street2", "zip_code": "zip",
    "address_line_1": "street", "address_line_2": "street2", "street_address": "street",
    "unit": "street2", "apt": "street2", "apartment": "street2", "surname": "last",
    "zipcode": "zip", "postal_code": "zip", "e_mail": "email", "email_address": "email",
    "title": "prefix", "phone_number": "phone", "message": "story", "comment": "story",
}  # fmt: skip
"""Other programs' usual names for these columns, in lower case with ``_`` for spaces."""


NO_DISTRICT = (
    "This is not a district of that state and Congress. Write it like TX-10, 10 or at large, and "
    "the Congress as a number."
)


class WriterFileError(ExplainedError):
    """The file as a whole cannot be read; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A letter of a row that cannot go to anyone, and why."""

    seat: str
    """As the row has it."""
    message: str


@dataclass(frozen=True, slots=True)
class WriterRow:
    """One person. ``number`` is the row's number in its file, as a spreadsheet shows it."""

    number: int
    values: dict[str, str] = field(repr=False)
    letters: dict[str, str] | None = field(default=None, repr=False)
    """The person's final words by seat (``CA-12``), if they differ by recipient."""
    signature: int | None = None
    """The number of the row's signature, in an opened sealed export."""
    day: date | None = None
    """When they signed, if the row says so: the date on their letters."""

    @classmethod
    def opened(
        cls, number: int, details: dict[str, Any], day: date | None = None, signature: object = None
    ) -> WriterRow:
        """A row from sealed details; values that are not text are treated as empty."""
        letters = details.get("letters")
        by_seat = letters.items() if isinstance(letters, dict) else ()
        return cls(
            number,
            {_column(name): _text(value) for name, value in details.items()},
            {str(seat): _text(text) for seat, text in by_seat} or None,
            signature if type(signature) is int else None,
            day,
        )

    def get(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def writer(self) -> Writer:
        """The person and their mailing address, each part of it once."""
        state, last = _state(self.get("state")), self.get("last")
        street, street2, city = address_alone(
            self.get("street"), self.get("street2"), self.get("city"), state
        )
        return Writer(
            first=self.get("first"), last="" if is_unreadable(last) else last, street=street,
            street2=street2, city=city, state=state, zip=_zip(self.get("zip")),
            prefix=self.get("prefix"), phone=self.get("phone"), email=self.get("email"),
        )  # fmt: skip

    @property
    def home_state(self) -> str:
        """Where they vote; their mailing address may be elsewhere, as in the military."""
        return _state(self.get("home_state") or self.get("state"))

    @property
    def home_zip(self) -> str:
        return _zip(self.get("home_zip") or self.get("zip"))

    @property
    def district(self) -> tuple[int | None, int | None]:
        """The district and its Congress: the one that the row names, or else that of its day.

        The district is None if the row has none, or if it or its Congress is invalid
        (``NO_DISTRICT``).
        """
        typed, slash, of = self.get("district").partition("/")  # TX-10/120, as counts have it
        found = parse_district(typed, self.home_state)
        said = of if slash else self.get("congress")
        if said.isdecimal():
            return found[1] if found else None, int(said)
        signed = congress_at(as_moment(self.day)) if self.day is not None else None
        return found[1] if found and not (slash or said) else None, signed

    def template_in(
        self, campaign: Campaign, usual: str, length: Length = "full"
    ) -> LetterTemplate | None:
        """The letter that they chose, or the ``usual`` one; None if the campaign lacks it."""
        chosen = self.get("length") or length
        name = self.get("template") or usual
        return campaign.template(name, "short" if chosen == "short" else "full")

    def recipients(self, delegation: Delegation, tables: Tables) -> Iterator[Holder | LeftOut]:
        """Each member to whom they have a letter, and each letter that cannot go.

        Without final words of their own, they have a letter to every member.
        """
        letters = self.letters or {}
        here = {holder.seat.id for holder in delegation.holders}
        for seat in sorted(letters.keys() - here):
            words = f"{seat} does not represent this writer, so its letter is left out."
            yield LeftOut(seat, words)
        for holder in delegation.holders:
            seat = holder.seat.id
            if letters and seat not in letters:
                continue
            if holder.vacant:
                if seat in letters:
                    yield LeftOut(seat, _no_member_words(holder))
            elif self._wrote_to_another(holder, tables):
                yield LeftOut(seat, _successor_words(holder))
            else:
                yield holder

    def _wrote_to_another(self, holder: Holder, tables: Tables) -> bool:
        """Whether their approved words for this seat were written to a member before ``holder``;
        a letter to a member who has left must not go to the successor."""
        member, seat = holder.member, holder.seat.id
        approved = (self.letters or {}).get(seat)
        if member is None or self.day is None or not approved:
            return False
        then = tables.member_at(seat, self.day)
        return then.bioguide != member.bioguide if then else member.term_start > self.day

    def letter_to(
        self, holder: Holder, *, campaign: Campaign, template: LetterTemplate,
        district_place: Delegation, today: date,
    ) -> Letter:  # fmt: skip
        """Their letter to a member, in the final words that they approved, if there are any."""
        seat = holder.seat
        return compose(
            campaign, template, holder, writer=self.writer, district_place=district_place,
            story=self.get("story"), today=today,
            body_override=(self.letters or {}).get(seat.id) or self.get("body") or None,
            language=office_language(self.get("tongue"), seat.state),
        )  # fmt: skip


def _state(text: str) -> str:
    return read_state(text) or text.upper()


def _zip(text: str) -> str:
    """A ZIP code in its usual form, or else as typed."""
    found = parse_zip(text)
    return str(found) if isinstance(found, Zip) else text


def zip_words(problem: ZipProblem) -> str:
    """What is wrong with a row's ZIP code, and what it may be."""
    if problem.kind == "missing":
        return "The ZIP code is missing."
    asked = f" Did you mean {problem.suggestion}?" if problem.suggestion else ""
    return f"A ZIP code has five or nine digits.{asked}"


def _no_member_words(holder: Holder) -> str:
    """Why a letter to a seat without a member is left out."""
    seat = holder.seat.id
    if holder.awaited:
        return (
            f"The list of members does not show who holds {seat} now, so its letter is left out. "
            "Update the list: flask congress refresh"
        )
    return f"{seat} is vacant now, so its letter is left out."


def _successor_words(holder: Holder) -> str:
    """Why a letter is left out if ``holder`` has succeeded the member it was written to."""
    assert holder.member is not None
    return (
        f"{holder.seat.id} has had a new member since {holder.member.term_start}. The letter was "
        "to the previous one, so it is left out."
    )


def _text(value: object) -> str:
    known = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value).strip() if known else ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read, and why."""

    number: int
    message: str


def read_rows(path: Path, needed: Sequence[str] = NEEDED) -> Iterator[WriterRow | BadRow]:
    """The rows of a ``.csv``, ``.jsonl`` or ``.json`` file; a ``.csv`` must have the ``needed``
    columns. Raises ``WriterFileError``."""
    if path.suffix.lower() in (".jsonl", ".json", ".ndjson"):
        return read_opened(path)
    return _csv_rows(path, needed)


def _column(name: str) -> str:
    plain = "_".join(name.strip().lower().replace("-", "_").split())
    return ALIASES.get(plain, plain)


def _csv_rows(path: Path, needed: Sequence[str]) -> Iterator[WriterRow | BadRow]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = max(",;\t", key=file.readline().count)
            file.seek(0)
            reader = csv.reader(file, strict=True, delimiter=delimiter)
            header = [_column(name) for name in next(reader, [])]
            lacking = [name for name in needed if name not in header]
            if lacking:
                others = [name for name in (*NEEDED, *OPTIONAL) if name not in needed]
                raise WriterFileError(
                    f"{path.name} has no column {', '.join(lacking)}. The first line must name "
                    f"the columns: {', '.join(needed)}; and may name {', '.join(others)}."
                )
            doubled = sorted({name for name in header if name and header.count(name) > 1})
            if doubled:
                raise WriterFileError(f"{path.name} names the column {doubled[0]} twice.")
            for number, cells in enumerate(reader, start=2):
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) > len(header) and any(c.strip() for c in cells[len(header) :]):
                    yield BadRow(number, "The row has more cells than the header.")
                    continue
                pairs = zip(header, cells, strict=False)
                yield WriterRow(number, {k: undoubled(v.strip()) for k, v in pairs if k})
    except UnicodeDecodeError:
        raise WriterFileError(f"{path.name} is not UTF-8. Save it as “CSV UTF-8”.") from None
    except csv.Error as error:
        raise WriterFileError(f"{path.name} is not a CSV file: {error}.") from None


def read_opened(path: Path) -> Iterator[WriterRow | BadRow]:
    """The rows of an opened sealed export that are for delivery."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                content = json.loads(line)
                details = content.get("details", content)
                day = date.fromisoformat(content["day"]) if "day" in content else None
                row = WriterRow.opened(number, details, day, content.get("signature"))
            except (ValueError, TypeError, AttributeError):
                yield BadRow(number, "The line is not an opened row of details.")
                continue
            # People who only agreed to be contacted have not given us a letter to deliver.
            if content.get("purpose", "packet") == "packet":
                yield row
