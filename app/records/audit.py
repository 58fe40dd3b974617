"""The audit trail: who changed what, from what, to what.

Each kind of event has an exact schema: the keys that its ``before`` and ``after`` carry.
An event that does not fit is a mistake in the program and is refused at once, so that a
reader of the export can rely on every row. Events are written in the transaction of the
change they tell of, are never altered, and hold no password, token, code or address.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

COMMAND_LINE = "command line"
"""Who acted, when it was the operator at a terminal."""

PAGE = 50

Value = str | int | bool | None
Facts = Mapping[str, Value]


class What(StrEnum):
    """Every kind of event. The value is what is stored and exported: never rename one."""

    ORGANIZER_ADDED = "organizer added"
    ROLE_CHANGED = "role changed"
    ORGANIZER_DISABLED = "organizer disabled"
    ORGANIZER_ENABLED = "organizer enabled"
    PASSWORD_LINK_MADE = "password link made"  # noqa: S105
    PASSWORD_SET = "password set"  # noqa: S105
    SECOND_FACTOR_SET_UP = "second factor set up"
    SECOND_FACTOR_REMOVED = "second factor removed"
    PASSKEY_ADDED = "passkey added"
    PASSKEY_REMOVED = "passkey removed"
    RECOVERY_CODES_MADE = "recovery codes made"
    RECOVERY_CODE_USED = "recovery code used"
    LOGGED_IN = "logged in"
    LOGIN_REFUSED = "log-in refused"
    CONFIRMED = "identity confirmed"
    LOGGED_OUT = "logged out"
    SESSIONS_REVOKED = "sessions revoked"
    AUDIT_EXPORTED = "audit exported"
    SEALED_EXPORTED = "sealed details exported"
    COUNTS_EXPORTED = "counts exported"
    KEY_MADE = "campaign key made"
    KEY_USED = "campaign key taken into use"
    KEY_MOVED = "private key moved away"
    KEYS_ROTATED = "sealed details moved to another key"
    KEY_RETIRED = "campaign key retired"
    PURGED = "purged"
    DRAFT_SAVED = "draft saved"
    DRAFT_DISCARDED = "draft discarded"
    TEXT_RESTORED = "version restored as a draft"
    TEXT_PUBLISHED = "text published"
    TEXT_RETIRED = "text retired"
    TEXT_BROUGHT_BACK = "text brought back"
    PAPER_ADDED = "paper signatures added"
    PAPER_WITHDRAWN = "paper signature taken back"
    PAPER_UNDONE = "paper import undone"
    COSPONSORS_CHANGED = "cosponsors changed"
    TEST_STARTED = "test journey started"
    CAMPAIGN_BEGUN = "campaign begun"
    CAMPAIGN_MOVED = "campaign opened or ended"
    CAMPAIGN_TAKEN_AWAY = "campaign taken away"
    START_PAGE_CHANGED = "start page changed"
    SIGNATURES_RELEASED = "held signatures released"
    SIGNATURES_SET_ASIDE = "held signatures set aside"
    SIGNATURES_HELD_AGAIN = "signatures held again"
    COPY_RESTORED = "copy restored"


_NOTHING: frozenset[str] = frozenset()

SCHEMA: dict[What, tuple[frozenset[str], frozenset[str]]] = {
    What.ORGANIZER_ADDED: (_NOTHING, frozenset({"role"})),
    What.ROLE_CHANGED: (frozenset({"role"}), frozenset({"role"})),
    What.ORGANIZER_DISABLED: (frozenset({"disabled"}), frozenset({"disabled"})),
    What.ORGANIZER_ENABLED: (frozenset({"disabled"}), frozenset({"disabled"})),
    What.PASSWORD_LINK_MADE: (_NOTHING, frozenset({"expires"})),
    What.PASSWORD_SET: (_NOTHING, _NOTHING),
    What.SECOND_FACTOR_SET_UP: (_NOTHING, _NOTHING),
    What.SECOND_FACTOR_REMOVED: (_NOTHING, _NOTHING),
    What.PASSKEY_ADDED: (_NOTHING, frozenset({"device"})),
    What.PASSKEY_REMOVED: (frozenset({"device"}), _NOTHING),
    What.RECOVERY_CODES_MADE: (_NOTHING, frozenset({"codes"})),
    What.RECOVERY_CODE_USED: (frozenset({"codes left"}), frozenset({"codes left"})),
    What.LOGGED_IN: (_NOTHING, frozenset({"device"})),
    What.LOGIN_REFUSED: (_NOTHING, frozenset({"step"})),
    What.CONFIRMED: (_NOTHING, _NOTHING),
    What.LOGGED_OUT: (_NOTHING, _NOTHING),
    What.SESSIONS_REVOKED: (frozenset({"sessions"}), frozenset({"sessions"})),
    What.AUDIT_EXPORTED: (_NOTHING, frozenset({"who", "what", "from", "to", "rows"})),
    What.COUNTS_EXPORTED: (_NOTHING, frozenset({"shape", "format", "filter", "rows"})),
    What.SEALED_EXPORTED: (_NOTHING, frozenset({"campaign", "purpose", "rows", "keys"})),
    What.KEY_MADE: (_NOTHING, frozenset({"key", "private half on this server"})),
    What.KEY_USED: (_NOTHING, frozenset({"key"})),
    What.KEY_MOVED: (_NOTHING, frozenset({"key"})),
    What.KEYS_ROTATED: (frozenset({"key"}), frozenset({"key", "rows", "unreadable"})),
    What.KEY_RETIRED: (_NOTHING, frozenset({"key"})),
    What.PURGED: (_NOTHING, frozenset({"kind", "days", "rows"})),
    What.DRAFT_SAVED: (frozenset({"version"}), frozenset({"version"})),
    What.DRAFT_DISCARDED: (frozenset({"version"}), _NOTHING),
    What.TEXT_RESTORED: (frozenset({"version"}), frozenset({"version"})),
    What.TEXT_PUBLISHED: (frozenset({"version"}), frozenset({"version"})),
    What.TEXT_RETIRED: (frozenset({"version"}), _NOTHING),
    What.TEXT_BROUGHT_BACK: (_NOTHING, frozenset({"version"})),
    What.PAPER_ADDED: (
        _NOTHING,
        frozenset({"added", "signed before", "source", "language", "way"}),
    ),
    What.PAPER_WITHDRAWN: (_NOTHING, frozenset({"signatures"})),
    What.PAPER_UNDONE: (frozenset({"signatures", "source"}), _NOTHING),
    What.COSPONSORS_CHANGED: (
        frozenset({"people", "as of"}),
        frozenset({"people", "as of", "joined", "left"}),
    ),
    What.TEST_STARTED: (_NOTHING, frozenset({"expires"})),
    What.CAMPAIGN_BEGUN: (_NOTHING, _NOTHING),
    What.CAMPAIGN_TAKEN_AWAY: (_NOTHING, _NOTHING),
    What.CAMPAIGN_MOVED: (frozenset({"state"}), frozenset({"state"})),
    What.START_PAGE_CHANGED: (frozenset({"campaign"}), frozenset({"campaign"})),
    What.SIGNATURES_RELEASED: (_NOTHING, frozenset({"rows", "numbers"})),
    What.SIGNATURES_SET_ASIDE: (_NOTHING, frozenset({"rows", "numbers"})),
    What.SIGNATURES_HELD_AGAIN: (_NOTHING, frozenset({"rows", "numbers"})),
    What.COPY_RESTORED: (_NOTHING, frozenset({"withdrawn again"})),
}
"""The keys of ``before`` and of ``after``, by kind. A new kind adds its line here."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the trail."""

    number: int
    at: datetime
    """Aware, UTC, whole seconds."""
    who: str
    """An organizer's name, or ``command line``; empty when nobody was logged in."""
    what: What
    subject: str
    """Whom or what it is about: an organizer's name, a letter, a file."""
    before: dict[str, Value]
    after: dict[str, Value]


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """Which events are wanted; an empty field means all. Days are UTC, ``until`` included."""

    who: str = ""
    what: str = ""
    since: str = ""
    """``YYYY-MM-DD``."""
    until: str = ""


@dataclass(frozen=True, slots=True)
class TrailPage:
    """One page of the trail, newest first. ``older`` and ``newer`` are numbers to go on from."""

    events: tuple[Event, ...]
    total: int
    older: int | None
    newer: int | None


def stamp(at: datetime) -> str:
    """``2026-11-25T02:37:13Z``; raises ``ValueError`` for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError("a time in the audit trail needs a zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def record(
    db: sqlite3.Connection,
    *,
    at: datetime,
    who: str,
    what: What,
    subject: str,
    before: Facts | None = None,
    after: Facts | None = None,
) -> int:
    """Write one event inside the caller's transaction; returns its number.

    Raises ``ValueError`` when ``before`` or ``after`` does not have exactly the keys of the
    kind's schema, or a value is not text, a whole number, a truth value or nothing.
    """
    for name, facts, keys in zip(("before", "after"), (before, after), SCHEMA[what], strict=True):
        found = dict(facts or {})
        if set(found) != set(keys):
            raise ValueError(f"'{what}' needs {name} {sorted(keys)}, got {sorted(found)}")
        if not all(value is None or isinstance(value, str | int) for value in found.values()):
            raise ValueError(f"'{what}' has a value in {name} that is not text or a whole number")
    number = db.execute(
        "INSERT INTO audit_events (at, who, what, subject, before, after) VALUES (?,?,?,?,?,?)",
        (stamp(at), who, what.value, subject, _json(before), _json(after)),
    ).lastrowid
    assert number is not None
    return number


def _json(facts: Facts | None) -> str:
    return json.dumps(dict(facts or {}), ensure_ascii=False, sort_keys=True)


def _where(wanted: TrailFilter) -> tuple[str, list[str | int]]:
    """Conditions and values for a filter, over constant column names only."""
    parts, values = ["1"], list[str | int]()
    for column, value in (("who = ?", wanted.who), ("what = ?", wanted.what)):
        if value:
            parts.append(column)
            values.append(value)
    for column, value in (("substr(at, 1, 10) >= ?", wanted.since),
                          ("substr(at, 1, 10) <= ?", wanted.until)):  # fmt: skip
        if value:
            parts.append(column)
            values.append(value)
    return " AND ".join(parts), values


_COLUMNS = "number, at, who, what, subject, before, after"


def _event(row: tuple[Any, ...]) -> Event:
    number, at, who, what, subject, before, after = row
    moment = datetime.fromisoformat(at)
    return Event(number, moment, who, What(what), subject, json.loads(before), json.loads(after))


def page(
    db: sqlite3.Connection,
    wanted: TrailFilter,
    *,
    below: int | None = None,
    above: int | None = None,
) -> TrailPage:
    """Fifty events, newest first: the latest, or those below or above a number.

    Pages go on from a number rather than an offset, so they do not shift while events arrive.
    """
    where, values = _where(wanted)
    sql = f"SELECT {_COLUMNS} FROM audit_events WHERE {where}"  # noqa: S608 - constant parts
    count = f"SELECT count(*) FROM audit_events WHERE {where}"  # noqa: S608
    (total,) = db.execute(count, values).fetchone()
    if above is not None:
        found = db.execute(f"{sql} AND number > ? ORDER BY number LIMIT {PAGE}", [*values, above])
        rows = list(reversed(found.fetchall()))
    else:
        ceiling = below if below is not None else 2**62
        rows = db.execute(
            f"{sql} AND number < ? ORDER BY number DESC LIMIT {PAGE}", [*values, ceiling]
        ).fetchall()
    events = tuple(_event(row) for row in rows)
    if not events:
        return TrailPage((), total, None, None)
    first, last = events[0].number, events[-1].number
    (more,) = db.execute(f"{count} AND number < ?", [*values, last]).fetchone()
    (fresh,) = db.execute(f"{count} AND number > ?", [*values, first]).fetchone()
    return TrailPage(events, total, last if more else None, first if fresh else None)


def every(
    db: sqlite3.Connection, wanted: TrailFilter, *, below: int | None = None
) -> Iterator[Event]:
    """All events that fit, oldest first, read a few at a time; only those below a number."""
    where, values = _where(wanted)
    sql = f"SELECT {_COLUMNS} FROM audit_events WHERE {where}"  # noqa: S608
    ceiling = below if below is not None else 2**62
    for row in db.execute(f"{sql} AND number < ? ORDER BY number", [*values, ceiling]):
        yield _event(row)


def actors(db: sqlite3.Connection) -> tuple[str, ...]:
    """The names of all who appear in the trail, for the filter."""
    rows = db.execute("SELECT DISTINCT who FROM audit_events WHERE who <> '' ORDER BY who")
    return tuple(row[0] for row in rows)
