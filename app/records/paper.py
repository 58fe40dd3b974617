"""Signatures given on paper: counted like the others, and imported a whole sheet or nothing.

Only keyed codes of a person are kept. The receipt of a paper signature is derived from that
code, so importing the same sheet twice adds nothing, not even for people who have withdrawn
their signature in the meantime.

One transaction of 50,000 signatures would block every other writer for seconds. An import
therefore commits a few hundred rows at a time and records in the same transaction which
signatures it added. If an error or a power cut interrupts it, those signatures are removed:
immediately, by the site within the hour, or before the next import starts. The same records let
an organizer undo a whole import later.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from app.campaign.asks import ask_for
from app.campaign.entities import Campaign
from app.congress.model import Delegation, Holder, Match
from app.files import locked
from app.records.acts import LetterRow, minute, token_digest
from app.records.audit import Actor, What
from app.records.database import reading, writing
from app.records.erasing import codes_of, erase
from app.records.migrations import migrate
from app.records.persons import (
    MOST_AT_MAILBOX,
    AlikeBy,
    Person,
    likely,
    people_at_mailbox,
    standing,
)
from app.records.signing import FORGET, delete_rows, receipt_token, source_tag
from app.records.site_campaigns import require_open

TEMPLATE = "paper"
"""Stored as the template: the words were those on the sheet."""
VERSION = "sheet"
USUAL_SOURCE = "paper"

CHUNK = 400
PAUSE = 0.03
"""Seconds between two chunks, so that other writers get their turn."""

_INSERT = (
    "INSERT INTO signatures (receipt, campaign, status, day, at, state, district, congress,"
    " template, version, length, language, match, source, edited, own_share, letters, by_email,"
    " by_address, near, alike)"
    " VALUES (?, ?, 'counted', ?, ?, ?, ?, ?, ?, ?, 'full', ?, ?, ?, 0, 0, ?, ?, ?, ?, ?)"
)
_INSERT_LETTER = (
    "INSERT INTO letters (signature, seat, bioguide, ask, state, state_at)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True)
class CountableRow:
    """A row that can be counted: the person's codes and who represents them."""

    key: str
    """Identifies the row in its file (``SheetRow.key``)."""
    person: Person
    delegation: Delegation
    match: Match


@dataclass(frozen=True, slots=True)
class Batch:
    """What all signatures entered together have in common."""

    campaign: str
    day: date
    """The day of entry, in the campaign's time zone."""
    at: datetime
    language: str
    """The language of the sheet that was signed."""
    source: str
    who: str
    """The organizer, or ``command line``."""
    way: str
    """``form``, ``sheet`` or ``file``."""

    @property
    def tag(self) -> str:
        """The source tag as it is stored."""
        return source_tag(self.source) or USUAL_SOURCE


@dataclass(frozen=True, slots=True)
class Added:
    """The result of a batch."""

    signatures: int
    letters: int
    before: int
    """People who had already signed, on paper or online; nothing was added for them."""
    number: int = 0
    """The import's number, needed to undo it."""

    def __add__(self, more: Added) -> Added:
        return Added(
            self.signatures + more.signatures, self.letters + more.letters,
            self.before + more.before, self.number,
        )  # fmt: skip


class PaperLetters:
    """The letters that a paper signature yields, by delegation; each seat's ask is chosen once."""

    def __init__(self, campaign: Campaign, today: date) -> None:
        self._campaign, self._today = campaign, today
        self._known: dict[str, LetterRow] = {}

    def to(self, delegation: Delegation) -> tuple[LetterRow, ...]:
        """One row per seat; a vacant seat's row records that no letter could be written."""
        return tuple(map(self._letter, delegation.holders))

    def _letter(self, holder: Holder) -> LetterRow:
        seat = holder.seat.id
        if seat not in self._known:
            if holder.member is None:
                self._known[seat] = LetterRow(seat, None, "", "not attempted")
            else:
                ask = ask_for(self._campaign, holder, self._today).id
                self._known[seat] = LetterRow(seat, holder.member.bioguide, ask)
        return self._known[seat]


# --- one signature ---------------------------------------------------------------------


def add_one(
    db: sqlite3.Connection, row: CountableRow, batch: Batch, *, letters: PaperLetters, secret: bytes
) -> Added:
    """Store one signature and its audit event. Raises ``NotStoredError``."""
    with writing(db):
        require_open(db, batch.campaign)
        stored = _store(db, row, batch, letters.to(row.delegation), secret)
        added = stored.added
        _note_batch(db, batch, added)
    return added


Refusal = Literal["signed", "full"]
"""Why a row is not stored: its person has already signed, or its email address already has the
most people allowed (``persons.MOST_AT_MAILBOX``)."""


@dataclass(frozen=True, slots=True)
class _Stored:
    number: int | None
    """The new signature, or the one the person already has; None if there is none, because it was
    withdrawn or the email address is full."""
    refusal: Refusal | None = None
    """Why nothing new was stored; None if it was."""
    letters: int = 0

    @property
    def added(self) -> Added:
        return Added(1, self.letters, 0) if self.refusal is None else Added(0, 0, 1)


def _store(
    db: sqlite3.Connection, row: CountableRow, batch: Batch, to: Sequence[LetterRow], secret: bytes
) -> _Stored:
    """Store a row inside the caller's transaction, unless its person has already signed."""
    earlier = _find_earlier(db, batch.campaign, row, secret)
    return _insert(db, row, batch, to, secret) if earlier is None else earlier


def _insert(
    db: sqlite3.Connection, row: CountableRow, batch: Batch, to: Sequence[LetterRow], secret: bytes
) -> _Stored:
    at = minute(batch.at)
    count = sum(letter.bioguide is not None for letter in to)
    person = row.person
    number = db.execute(
        _INSERT,
        (
            _receipt_of(secret, batch.campaign, person), batch.campaign, batch.day.isoformat(), at,
            row.delegation.state, row.delegation.district, row.delegation.congress, TEMPLATE,
            VERSION, batch.language, row.match, batch.tag, count, person.by_email,
            person.by_address, person.near, person.alike,
        ),
    ).lastrowid  # fmt: skip
    assert number is not None
    db.executemany(_INSERT_LETTER, [(number, x.seat, x.bioguide, x.ask, x.state, at) for x in to])
    return _Stored(number, letters=count)


def _find_earlier(
    db: sqlite3.Connection, campaign: str, row: CountableRow, secret: bytes
) -> _Stored | None:
    """The reason not to store a row's person again, on paper or online; None for a new person.

    A withdrawn paper signature also keeps its person from being added again.
    """
    before = standing(db, campaign, row.person)
    if before is not None:
        return _Stored(before.number, "signed" if before.number else "full")
    known = db.execute(
        "SELECT 1 FROM signatures WHERE receipt = ?", (_receipt_of(secret, campaign, row.person),)
    ).fetchone()
    return None if known is None else _Stored(None, "signed")


class DryRun:
    """Tells, row by row, whether a row would be stored, by the same rule that stores it.

    The site's database is only read. The people on the sheet go into a separate in-memory
    database, so a repeat within the sheet is found the same way as a repeat on the site.
    """

    def __init__(self, db: sqlite3.Connection, campaign: str, secret: bytes) -> None:
        self._db, self._secret = db, secret
        never = datetime(2026, 1, 1, tzinfo=UTC)
        self._batch = Batch(campaign, never.date(), never, "en", "", "", "")
        self._keys: dict[int, str] = {}

    def __enter__(self) -> DryRun:
        self._memory = sqlite3.connect(":memory:", isolation_level=None)
        migrate(self._memory)
        # Nothing is counted there, so the tally triggers would only cost time.
        triggers = self._memory.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            self._memory.execute(f'DROP TRIGGER "{name}"')
        return self

    def __exit__(self, *_error: object) -> None:
        self._memory.close()

    def check(self, row: CountableRow) -> tuple[Refusal | None, str]:
        """Why the row would not be stored, and the key of the same person's earlier row in the
        file, or an empty string. ``(None, "")`` for a row that would be stored.
        """
        campaign = self._batch.campaign
        before = _find_earlier(self._db, campaign, row, self._secret)
        if before is not None and before.refusal == "signed":
            return "signed", ""
        earlier = _find_earlier(self._memory, campaign, row, self._secret)
        if earlier is not None and earlier.number:
            return "signed", self._keys[earlier.number]
        # One limit per email address covers the people on the site and those in the file.
        if row.person.by_email:
            counts = (
                people_at_mailbox(db, campaign, row.person) for db in (self._db, self._memory)
            )
            if sum(counts) >= MOST_AT_MAILBOX:
                return "full", ""
        stored = _insert(self._memory, row, self._batch, (), self._secret)
        assert stored.number is not None
        self._keys[stored.number] = row.key
        return None, ""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an organizer may learn about an existing signature; nothing identifies the person."""

    day: date
    source: str
    on_paper: bool


def likely_signatures(
    db: sqlite3.Connection, campaign: str, persons: Sequence[Person]
) -> list[tuple[tuple[Earlier, AlikeBy], ...]]:
    """For each person without a matching signature, the ones that may still be theirs."""
    with reading(db):
        found = likely(db, campaign, persons)
        rows = db.execute(
            "SELECT id, day, source, template FROM signatures"
            " WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted({number for one in found for number in one})),),
        ).fetchall()
    known = {
        number: Earlier(date.fromisoformat(day), source, template == TEMPLATE)
        for number, day, source, template in rows
    }
    return [tuple((known[number], by) for number, by in one.items()) for one in found]


def dry_run_one(
    db: sqlite3.Connection, campaign: str, row: CountableRow, secret: bytes
) -> tuple[Refusal | None, tuple[tuple[Earlier, AlikeBy], ...]]:
    """Why one signature would not be stored; if it would be, the signatures it may repeat."""
    before = _find_earlier(db, campaign, row, secret)
    if before is not None:
        return before.refusal, ()
    return None, likely_signatures(db, campaign, [row.person])[0]


def _note_batch(db: sqlite3.Connection, batch: Batch, total: Added) -> None:
    """Record a batch's audit event inside the caller's transaction."""
    Actor(db, batch.who, batch.at).record(
        What.PAPER_ADDED, batch.campaign,
        after={"added": total.signatures, "signed before": total.before, "source": batch.tag,
               "language": batch.language, "way": batch.way},
    )  # fmt: skip


def withdraw_paper(by: Actor, person: Person, secret: bytes, *, campaign: str) -> bool:
    """Withdraw a paper signature at its owner's request: every count goes down.

    True if it counted until now. False means that nothing changed: there is no such paper
    signature, or it was already withdrawn. An online signature is withdrawn through its own
    receipt. Raises ``NotStoredError``.
    """
    db, theirs = by.db, [_receipt_of(secret, campaign, person), campaign]
    with writing(db):
        gone = codes_of(db, "s.receipt = ? AND s.campaign = ?", theirs)
        changed = db.execute(
            f"UPDATE signatures SET withdrawn = 1, {FORGET}, status = 'withdrawn'"  # noqa: S608
            " WHERE receipt = ? AND campaign = ? AND withdrawn = 0",
            theirs,
        ).rowcount
        if changed:
            by.record(What.PAPER_WITHDRAWN, campaign, after={"signatures": changed})
    if changed:
        erase(db, gone)
    return changed == 1


def _receipt_of(secret: bytes, campaign: str, person: Person) -> bytes:
    """The receipt digest of a person's paper signature in one campaign."""
    return token_digest(receipt_token(secret, f"paper {campaign} {person.code.hex()}"))


# --- a whole sheet ---------------------------------------------------------------------


class ImportRunningError(Exception):
    """Another import is running; nothing was stored."""


def paper_lock(instance: Path) -> Path:
    """The lock file in a site's folder that allows one import at a time."""
    return instance / "paper-import.lock"


def import_steps(
    db: sqlite3.Connection,
    rows: Sequence[CountableRow],
    batch: Batch,
    *,
    letters: PaperLetters,
    secret: bytes,
    lock: Path,
) -> Iterator[Added]:
    """Store the rows of a plan and one audit event, or nothing.

    Yields the total so far. Everything is stored once the iterator is exhausted; closing it
    earlier stops the import and removes what was stored. The counts grow while it runs. ``lock``
    is the file that allows one import at a time; a second one raises ``ImportRunningError``.
    Raises ``NotStoredError``.
    """
    with _only_import(lock):
        undo_unfinished(db)
        with writing(db):
            require_open(db, batch.campaign)
            number = db.execute(
                "INSERT INTO paper_imports (campaign, at, who, source, state)"
                " VALUES (?, ?, ?, ?, 'working')",
                (batch.campaign, minute(batch.at), batch.who, batch.tag),
            ).lastrowid
        assert number is not None
        total = Added(0, 0, 0, number)
        try:
            for start in range(0, len(rows), CHUNK):
                with writing(db):
                    require_open(db, batch.campaign)
                    for row in rows[start : start + CHUNK]:
                        stored = _store(db, row, batch, letters.to(row.delegation), secret)
                        if stored.added.signatures:
                            db.execute(
                                "INSERT INTO paper_rows (signature, import) VALUES (?, ?)",
                                (stored.number, number),
                            )
                        total += stored.added
                yield total
                time.sleep(PAUSE)
            with writing(db):
                db.execute("UPDATE paper_imports SET state = 'done' WHERE id = ?", (number,))
                _note_batch(db, batch, total)
        except BaseException:
            undo_unfinished(db)
            raise


# --- undoing ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Import:
    """One import that has not been undone."""

    number: int
    campaign: str
    at: datetime
    who: str
    source: str
    signatures: int
    """How many of its signatures remain and have not been withdrawn."""
    taken_up: int
    """How many of its people have since continued online; unless 0, it cannot be undone."""


def list_imports(db: sqlite3.Connection, campaign: str) -> list[Import]:
    """The most recent imports that have not been undone, newest first; at most 20."""
    rows = db.execute(
        "SELECT id, campaign, at, who, source, signatures, taken_up FROM standing_imports"
        " WHERE campaign = ? AND signatures > 0 ORDER BY id DESC LIMIT 20",
        (campaign,),
    )
    return [
        Import(number, slug, datetime.fromisoformat(at), who, source, count, taken)
        for number, slug, at, who, source, count, taken in rows
    ]


class NotUndoneError(Exception):
    """The import cannot be undone, and nothing was changed.

    ``taken_up`` of its people have since continued online; 0 if there is no such import.
    """

    def __init__(self, taken_up: int) -> None:
        super().__init__(taken_up)
        self.taken_up = taken_up


def undo_import(by: Actor, number: int, campaign: str, *, lock: Path) -> int:
    """Undo a whole import: every count goes down. Returns how many signatures were removed.

    Signatures that their owners withdrew stay withdrawn. If the undo is interrupted, the site
    completes it within the hour. Raises ``NotUndoneError``, ``ImportRunningError``,
    ``NotStoredError``.
    """
    db = by.db
    with _only_import(lock):
        with writing(db):
            found = db.execute(
                "SELECT source, signatures, taken_up FROM standing_imports"
                " WHERE id = ? AND campaign = ?", (number, campaign),
            ).fetchone()  # fmt: skip
            if found is None or found[2]:
                raise NotUndoneError(found[2] if found else 0)
            source, removed, _taken = found
            db.execute("UPDATE paper_imports SET state = 'undoing' WHERE id = ?", (number,))
            facts = {"signatures": removed, "source": source}
            by.record(What.PAPER_UNDONE, campaign, before=facts)
        undo_unfinished(db)
    return int(removed)


def undo_interrupted(db: sqlite3.Connection, lock: Path) -> int:
    """Remove what a killed import left; returns how many signatures.

    0 if there is nothing to remove or an import is running. Raises ``NotStoredError``.
    """
    with reading(db):
        if db.execute("SELECT 1 FROM paper_imports WHERE state <> 'done'").fetchone() is None:
            return 0
    try:
        with _only_import(lock):
            return undo_unfinished(db)
    except ImportRunningError:
        return 0


def undo_unfinished(db: sqlite3.Connection) -> int:
    """Remove what unfinished imports stored; returns how many signatures."""
    removed = 0
    gone: list[bytes] = []
    while rows := db.execute(
        "SELECT signature FROM paper_rows WHERE import IN"
        " (SELECT id FROM paper_imports WHERE state <> 'done') LIMIT ?", (CHUNK,),
    ).fetchall():  # fmt: skip
        numbers = [number for (number,) in rows]
        these = f"s.id IN ({', '.join('?' * len(numbers))})"
        gone += codes_of(db, these, numbers)
        with writing(db):
            # A withdrawn signature stays, so that the sheet cannot add it again.
            deletable = db.execute(
                f"SELECT id FROM signatures s WHERE {these} AND withdrawn = 0",  # noqa: S608
                numbers,
            )
            removed += delete_rows(db, [number for (number,) in deletable])
            db.executemany("DELETE FROM paper_rows WHERE signature = ?", rows)
    with writing(db):
        db.execute("DELETE FROM paper_imports WHERE state <> 'done'")
    if removed:
        erase(db, gone)
    return removed


@contextmanager
def _only_import(path: Path) -> Iterator[None]:
    """Hold the import lock; raises ``ImportRunningError`` if another import has it."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(path, wait=False))
        except BlockingIOError:
            raise ImportRunningError from None
        yield


# --- what organizers said about columns ------------------------------------------------


def remembered_columns(db: sqlite3.Connection) -> dict[str, str]:
    """The roles organizers gave to columns, by plain header; empty for “not read”."""
    with reading(db):
        return dict(db.execute("SELECT header, role FROM paper_headers").fetchall())


def remember_columns(db: sqlite3.Connection, said: Mapping[str, str]) -> None:
    """Remember the columns' roles for the next sheet. Raises ``NotStoredError``."""
    with writing(db):
        db.executemany(
            "INSERT INTO paper_headers (header, role) VALUES (?, ?)"
            " ON CONFLICT (header) DO UPDATE SET role = excluded.role",
            list(said.items()),
        )
