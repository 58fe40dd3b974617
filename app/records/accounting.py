"""Where every letter is, since when, and why: one state machine for everything that moves one.

A letter begins as ``written`` (or, to a vacant seat, as ``not attempted`` for good). After
that four can move it: the person by their own report or by their wish to have it delivered, a
mail server that took a copy to themselves, an office's own system, and a withdrawal, which
takes a letter out of the queue. ``MOVES`` says what each may do; nothing else in the program
writes a letter's state, but for ``undo``, which takes back the person's last report. Only an
office's system makes *accepted*, and that is an end.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.records.acts import Cause, LetterRow, State, minute, token_digest
from app.records.database import reading, writing

BEGUN: frozenset[State] = frozenset({"downloaded", "copied", "printed", "line busy", "call later"})
"""The person's own reports of a way that they began."""
HANDED: frozenset[State] = frozenset({"pasted", "mailed", "spoke by phone", "left a voicemail"})
"""Their own reports of having handed the letter over, or said what it says."""
OWN = BEGUN | HANDED
MAILED: State = "mailed to self"
ACCEPTED: State = "accepted by the office's system"
QUEUED: State = "queued"
OFFICE: frozenset[State] = frozenset({ACCEPTED, "refused", "unknown", "not attempted"})
_UNTOLD: frozenset[State] = frozenset({"written", MAILED, "refused", "not attempted", *BEGUN})
_OPEN = _UNTOLD | HANDED


@dataclass(frozen=True, slots=True)
class Moves:
    """From any of these states to any of those."""

    start: frozenset[State]
    to: frozenset[State]


MOVES: Mapping[Cause, tuple[Moves, ...]] = {
    "person": (
        # The last report stands, and whoever was refused can still hand over by hand. Who
        # prints one more copy of what they handed over has handed it over all the same.
        Moves(_UNTOLD | {"unknown"}, OWN),
        Moves(HANDED, HANDED),
        # A letter that an office may have is never queued once more.
        Moves(_OPEN, frozenset({QUEUED})),
    ),
    # A copy to oneself says less than a report of having pasted or printed.
    "mail server": (Moves(frozenset({"written", "downloaded", MAILED}), frozenset({MAILED})),),
    "office system": (Moves(_OPEN | {QUEUED, "unknown"}, OFFICE),),
    "withdrawn": (Moves(frozenset({QUEUED}), frozenset({"not attempted"})),),
}
BEGINNINGS: Mapping[Cause, frozenset[State]] = {
    "signed": frozenset({"written"}),
    "vacant seat": frozenset({"not attempted", "written"}),
}
"""How a letter's row may begin. A vacant seat's row is no letter, whatever its state."""

QUIET = timedelta(days=14)
"""After so long nobody is expected to report any more that they handed a letter over."""
STUCK = timedelta(days=2)
"""So long a letter may wait that an office's system refused or could not be given."""


def allowed(cause: Cause, now: State, then: State) -> bool:
    """Whether ``cause`` may bring a letter from one state to another, or confirm it there."""
    return any(now in moves.start and then in moves.to for moves in MOVES.get(cause, ()))


def first_cause(row: LetterRow) -> Cause:
    """Why a new row is in its state."""
    if row.bioguide is None:
        return "vacant seat"
    return "signed" if row.state == "written" else cause_of(row.state)


def cause_of(state: State) -> Cause:
    """Who alone can have made a state that is not a beginning."""
    if state in OWN or state == QUEUED:
        return "person"
    return "mail server" if state == MAILED else "office system"


def mark(
    db: sqlite3.Connection,
    token: str,
    seat: str,
    state: State,
    *,
    at: datetime | None = None,
) -> bool:
    """Note what the person did with one letter, or that a copy was mailed to them.

    True when it now says so. False changes nothing: a move that is not allowed, no such
    receipt or seat, a vacant seat, a withdrawn signature. ``at`` is now unless given. Raises
    ``NotStoredError``.
    """
    if state not in OWN and state != MAILED:
        return False
    with writing(db):
        found = db.execute(
            "SELECT id FROM signatures WHERE receipt = ? AND withdrawn = 0", (token_digest(token),)
        ).fetchone()
        return found is not None and move(db, found[0], seat, (state, cause_of(state)), at)


def undo(db: sqlite3.Connection, token: str, seat: str, *, at: datetime | None = None) -> bool:
    """Take back the last report of what the person did with one letter.

    True when the letter is again in the state from before it. False changes nothing: there is
    no such report, or something else has moved the letter since. Raises ``NotStoredError``.
    """
    with writing(db):
        row = db.execute(
            "SELECT s.id, l.before_report FROM letters l JOIN signatures s ON s.id = l.signature"
            " WHERE s.receipt = ? AND s.withdrawn = 0 AND l.seat = ? AND l.cause = 'person'"
            " AND l.before_report IS NOT NULL",
            (token_digest(token), seat),
        ).fetchone()
        if row is None:
            return False
        signature, before = row
        cause: Cause = "signed" if before == "written" else cause_of(before)
        _write(db, signature, seat, (before, cause), at)
    return True


def note_office(
    db: sqlite3.Connection,
    signature: int,
    seat: str,
    state: State,
    *,
    campaign: str,
    at: datetime | None = None,
) -> bool:
    """Note what an office's own system said to the letter of a signature, by its number.

    Like ``mark``; also False where the signature belongs to another campaign.
    """
    with writing(db):
        found = db.execute(
            "SELECT id FROM signatures WHERE id = ? AND campaign = ? AND withdrawn = 0",
            (signature, campaign),
        ).fetchone()
        return found is not None and move(db, signature, seat, (state, "office system"), at)


def move(
    db: sqlite3.Connection,
    signature: int,
    seat: str,
    to: tuple[State, Cause],
    at: datetime | None,
) -> bool:
    """Bring one letter into a state, inside a transaction of the caller's; False: not allowed."""
    state, cause = to
    row = db.execute(
        "SELECT state FROM letters WHERE signature = ? AND seat = ? AND bioguide IS NOT NULL",
        (signature, seat),
    ).fetchone()
    if row is None or not allowed(cause, row[0], state):
        return False
    _write(db, signature, seat, to, at, replaces=row[0] if state in OWN else None)
    return True


def _write(
    db: sqlite3.Connection,
    signature: int,
    seat: str,
    to: tuple[State, Cause],
    at: datetime | None,
    *,
    replaces: State | None = None,
) -> None:
    """``replaces``: the state that a report takes the place of; the same again keeps the first."""
    state, cause = to
    db.execute(
        "UPDATE letters SET state = ?1, state_at = ?2, cause = ?3,"
        " before_report = CASE WHEN state = ?1 AND ?4 IS NOT NULL THEN before_report ELSE ?4 END"
        " WHERE signature = ?5 AND seat = ?6",
        (state, minute(at or datetime.now(UTC)), cause, replaces, signature, seat),
    )


@dataclass(frozen=True, slots=True)
class LetterSweep:
    """What a look at every letter found. All but ``quiet`` are for somebody to act on."""

    stuck: int
    """Refused by an office's system, or not taken, or waiting for it, for more than two days;
    the person has reported no other way since."""
    since: datetime | None
    """Since when the longest of these waits."""
    unnoted: int
    """Still ``written``, although a mail server took the copy more than an hour ago."""
    wrong: int
    """In a state that no allowed move leads to."""
    quiet: int
    """``written`` for more than two weeks: nobody told us of handing them over."""


def sweep_letters(db: sqlite3.Connection, now: datetime) -> LetterSweep:
    """Look at every letter that was not withdrawn, in one snapshot. Changes nothing."""
    with reading(db):
        stuck, since = db.execute(
            f"SELECT count(*), min(l.state_at) {_LETTERS} AND (l.cause = 'office system'"
            " AND l.state <> ? OR l.state = 'queued') AND l.state_at < ?",
            (ACCEPTED, minute(now - STUCK)),
        ).fetchone()
        (quiet,) = db.execute(
            f"SELECT count(*) {_LETTERS} AND l.state = 'written' AND l.state_at < ?",
            (minute(now - QUIET),),
        ).fetchone()
        (unnoted,) = db.execute(
            f"SELECT count(*) {_LETTERS} AND l.state = 'written' AND s.receipt IN"  # noqa: S608
            " (SELECT receipt FROM outbound WHERE kind = 'copy' AND state = 'accepted'"
            " AND cause <> 'written to the outbox' AND state_at < ?)",
            (int((now - timedelta(hours=1)).timestamp()),),
        ).fetchone()
        pairs = db.execute(f"SELECT l.state, l.cause, count(*) {_LETTERS} GROUP BY 1, 2")
        wrong = sum(number for state, cause, number in pairs if state not in _made_by(cause))
    return LetterSweep(
        stuck, datetime.fromisoformat(since) if since else None, unnoted, wrong, quiet
    )


_LETTERS = (
    "FROM letters l JOIN signatures s ON s.id = l.signature"
    " WHERE l.bioguide IS NOT NULL AND s.withdrawn = 0"
)


def _made_by(cause: Cause) -> frozenset[State]:
    """The states of a letter, not of a vacant seat, that a cause can have made."""
    if cause in MOVES:
        return frozenset().union(*(moves.to for moves in MOVES[cause]))
    return BEGINNINGS["signed"] if cause == "signed" else frozenset()
