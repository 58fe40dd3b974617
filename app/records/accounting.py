"""Where every letter is, since when, and why: the one state machine for letters.

A letter begins as ``written`` (or, for a vacant seat, as ``not attempted``, which is final). After
that, four causes can move it: the person, by reporting what they did or asking to have it
delivered; a mail server that accepted a copy to themselves; an office's own system; and a
withdrawal, which takes the letter out of the queue. ``MOVES`` says what each may do. Nothing else
in the program writes a letter's state, except ``undo``, which reverts the person's last report.
Only an office's system makes a letter *accepted*, and that is final.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.records.acts import Cause, LetterRow, State, minute, token_digest
from app.records.database import reading, writing

BEGUN: frozenset[State] = frozenset({"downloaded", "copied", "printed", "line busy", "call later"})
"""The person's own reports that they began handing the letter over."""
HANDED: frozenset[State] = frozenset({"pasted", "mailed", "spoke by phone", "left a voicemail"})
"""The person's own reports that they handed the letter over, or said what it says by phone."""
OWN = BEGUN | HANDED
MAILED: State = "mailed to self"
ACCEPTED: State = "accepted by the office's system"
QUEUED: State = "queued"
IN_OUTBOX = "written to the outbox"
"""The cause of ``accepted`` for a message that was written to a file instead of sent."""
OFFICE: frozenset[State] = frozenset({ACCEPTED, "refused", "unknown", "not attempted"})
AT_OFFICE: frozenset[State] = frozenset({QUEUED, ACCEPTED, "unknown"})
"""States of a letter that an office has, may have, or is being given."""
_NOT_HANDED: frozenset[State] = frozenset({"written", MAILED, "refused", "not attempted", *BEGUN})
_OPEN = _NOT_HANDED | HANDED


@dataclass(frozen=True, slots=True)
class Moves:
    """From any of these states to any of those."""

    start: frozenset[State]
    to: frozenset[State]


MOVES: Mapping[Cause, tuple[Moves, ...]] = {
    "person": (
        # The last report wins, and a refused letter can still be handed over by hand. Printing
        # another copy does not undo a report of having handed the letter over.
        Moves(_NOT_HANDED | {"unknown"}, OWN),
        Moves(HANDED, HANDED),
        # A letter that an office may have is never queued again.
        Moves(_OPEN, frozenset({QUEUED})),
    ),
    # A copy to oneself says less than a report of having pasted or printed the letter.
    "mail server": (Moves(frozenset({"written", "downloaded", MAILED}), frozenset({MAILED})),),
    "office system": (Moves(_OPEN | {QUEUED, "unknown"}, OFFICE),),
    "withdrawn": (Moves(frozenset({QUEUED}), frozenset({"not attempted"})),),
}
BEGINNINGS: Mapping[Cause, frozenset[State]] = {
    "signed": frozenset({"written"}),
    "vacant seat": frozenset({"not attempted", "written"}),
}
"""The first state of a letter's row. A vacant seat's row is not a letter, whatever its state."""

QUIET = timedelta(days=14)
"""After this long, a report that a letter was handed over is no longer expected."""
STUCK = timedelta(days=2)
"""How long a letter may wait that is queued for an office's system, or was not accepted by it."""


def allowed(cause: Cause, now: State, then: State) -> bool:
    """Whether ``cause`` may move a letter from one state to another, or confirm it there."""
    return any(now in moves.start and then in moves.to for moves in MOVES.get(cause, ()))


def first_cause(row: LetterRow) -> Cause:
    """Why a new row is in its state."""
    if row.bioguide is None:
        return "vacant seat"
    return "signed" if row.state == "written" else cause_of(row.state)


def cause_of(state: State) -> Cause:
    """The only cause that can have led to a state other than a first one."""
    if state in OWN or state == QUEUED:
        return "person"
    return "mail server" if state == MAILED else "office system"


def mark(
    db: sqlite3.Connection, token: str, seat: str, state: State, *, at: datetime | None = None
) -> bool:
    """Record what the person did with one letter, or that a copy was mailed to them.

    False, with nothing changed, if the move is not allowed, there is no such receipt or seat, the
    seat is vacant or the signature is withdrawn. ``at`` defaults to now. Raises
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
    """Revert the person's last report about one letter to the state from before it.

    False, with nothing changed, if there is no such report or something else has moved the letter
    since. Raises ``NotStoredError``.
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
    """Record an office's own system's answer to a letter of a signature, by number.

    Like ``mark``; also False if the signature belongs to another campaign, if the letter waits in
    the queue, or if the person has handed it over since, or reported anything since an earlier such
    answer. An acceptance is recorded in any case, and takes the letter out of the queue.
    """
    with writing(db):
        found = db.execute(
            "SELECT l.state, l.before_report, l.cause = 'person' AND l.state_at > ?"
            " FROM signatures s JOIN letters l ON l.signature = s.id AND l.seat = ?"
            " WHERE s.id = ? AND s.campaign = ? AND s.withdrawn = 0",
            (minute(at or datetime.now(UTC)), seat, signature, campaign),
        ).fetchone()
        if found is None:
            return False
        now, before, is_newer = found
        if state != ACCEPTED and (
            now == QUEUED or (is_newer and (now in HANDED or before in OFFICE))
        ):
            return False
        if now == QUEUED:
            db.execute(
                "DELETE FROM outbound WHERE receipt = (SELECT receipt FROM signatures WHERE id = ?)"
                " AND kind IN ('house', 'senate') AND seats ->> 0 = ?"
                " AND state IN ('queued', 'deferred')",
                (signature, seat),
            )
        return move(db, signature, seat, (state, "office system"), at)


def move(
    db: sqlite3.Connection, signature: int, seat: str, to: tuple[State, Cause], at: datetime | None
) -> bool:
    """Move one letter, inside the caller's transaction; False if that is not allowed."""
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
    """``replaces`` is the state before a report; repeating a report keeps the first one's."""
    state, cause = to
    db.execute(
        "UPDATE letters SET state = ?1, state_at = ?2, cause = ?3,"
        " before_report = CASE WHEN state = ?1 AND ?4 IS NOT NULL THEN before_report ELSE ?4 END"
        " WHERE signature = ?5 AND seat = ?6",
        (state, minute(at or datetime.now(UTC)), cause, replaces, signature, seat),
    )


@dataclass(frozen=True, slots=True)
class LetterSweep:
    """Numbers of letters that need attention; ``quiet`` ones only for information."""

    stuck: Counter[tuple[str, str, int]]
    """For more than two days refused or not accepted by an office's system, or waiting for it, and
    the person has reported no other way since. By bioguide id, seat and Congress."""
    since: datetime | None
    """When the oldest of these got stuck."""
    undecided: int
    """Waiting for more than two days because no organizer has decided on their signatures."""
    unnoted: int
    """Still ``written``, although a mail server accepted the copy more than an hour ago."""
    wrong: int
    """In a state that no allowed move leads to."""
    quiet: int
    """``written`` for more than two weeks, with no report of being handed over."""


def sweep_letters(db: sqlite3.Connection, now: datetime) -> LetterSweep:
    """Check every letter of signatures that are not withdrawn, in one snapshot. Read-only."""
    with reading(db):
        stuck = db.execute(
            f"SELECT l.bioguide, l.seat, s.congress, count(*), min(l.state_at) {_LETTERS}"  # noqa: S608
            " AND (l.cause = 'office system' AND l.state <> ? OR l.state = 'queued' AND s.id NOT IN"
            " (SELECT signature FROM held WHERE decision <> 'released'"
            " UNION ALL SELECT signature FROM confirmations WHERE confirmed IS NULL))"
            " AND l.state_at < ? GROUP BY 1, 2, 3",
            (ACCEPTED, minute(now - STUCK)),
        ).fetchall()
        (undecided,) = db.execute(
            f"SELECT count(*) {_LETTERS} AND l.state = 'queued' AND l.state_at < ?"  # noqa: S608
            " AND s.id IN (SELECT signature FROM held WHERE decision = '')",
            (minute(now - STUCK),),
        ).fetchone()
        (quiet,) = db.execute(
            f"SELECT count(*) {_LETTERS} AND l.state = 'written' AND l.state_at < ?",
            (minute(now - QUIET),),
        ).fetchone()
        (unnoted,) = db.execute(
            f"SELECT count(*) {_LETTERS} AND l.state = 'written' AND s.receipt IN"  # noqa: S608
            " (SELECT receipt FROM outbound WHERE kind = 'copy' AND state = 'accepted'"
            " AND cause <> ? AND state_at < ?)",
            (IN_OUTBOX, int((now - timedelta(hours=1)).timestamp())),
        ).fetchone()
        pairs = db.execute(f"SELECT l.state, l.cause, count(*) {_LETTERS} GROUP BY 1, 2")
        wrong = sum(number for state, cause, number in pairs if state not in _made_by(cause))
    return LetterSweep(
        Counter({(who, seat, congress): number for who, seat, congress, number, _ in stuck}),
        datetime.fromisoformat(min(row[-1] for row in stuck)) if stuck else None,
        undecided, unnoted, wrong, quiet,
    )  # fmt: skip


_LETTERS = (
    "FROM letters l JOIN signatures s ON s.id = l.signature"
    " WHERE l.bioguide IS NOT NULL AND s.withdrawn = 0"
)


def _made_by(cause: Cause) -> frozenset[State]:
    """The states that a cause can lead to, vacant seats aside."""
    if cause in MOVES:
        return frozenset().union(*(moves.to for moves in MOVES[cause]))
    return BEGINNINGS["signed"] if cause == "signed" else frozenset()
