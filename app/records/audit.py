"""The audit trail: who changed what, from what, to what.

Each kind of event has an exact schema: the keys of its ``before`` and ``after``. An event that does
not fit is a bug and is rejected at once, so that a reader of the export can rely on every row.
Events are written in the transaction of the change they describe, are never altered, and contain
no password, token, code or address.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

from app.text import mark as _mark

COMMAND_LINE = "command line"
"""The ``who`` of an operator at a terminal."""

PAGE = 50

Value = str | int | bool | None
Facts = Mapping[str, Value]


class What(StrEnum):
    """Every kind of event, with the keys of its ``before`` and ``after``, separated by commas. The
    value is stored and exported: never rename one.
    """

    _value_: str
    before: frozenset[str]
    after: frozenset[str]

    def __new__(cls, value: str, before: str = "", after: str = "") -> Self:
        made = str.__new__(cls, value)
        made._value_ = value
        made.before, made.after = (
            frozenset(filter(None, keys.split(", "))) for keys in (before, after)
        )
        return made

    ORGANIZER_ADDED = _mark("organizer added"), "", "role"
    ROLE_CHANGED = _mark("role changed"), "role", "role"
    ORGANIZER_DISABLED = _mark("organizer disabled"), "disabled", "disabled"
    ORGANIZER_ENABLED = _mark("organizer enabled"), "disabled", "disabled"
    PASSWORD_LINK_MADE = _mark("password link made"), "", "expires"
    PASSWORD_SET = _mark("password set")
    SECOND_FACTOR_SET_UP = _mark("second factor set up")
    SECOND_FACTOR_REMOVED = _mark("second factor removed")
    PASSKEY_ADDED = _mark("passkey added"), "", "device"
    PASSKEY_REMOVED = _mark("passkey removed"), "device"
    RECOVERY_CODES_MADE = _mark("recovery codes made"), "", "codes"
    RECOVERY_CODE_USED = _mark("recovery code used"), "codes left", "codes left"
    LOGGED_IN = _mark("logged in"), "", "device"
    LOGIN_REFUSED = _mark("log-in refused"), "", "step"
    CONFIRMED = _mark("identity confirmed")
    LOGGED_OUT = _mark("logged out")
    SESSIONS_REVOKED = _mark("sessions revoked"), "sessions", "sessions"
    AUDIT_EXPORTED = _mark("audit exported"), "", "who, what, from, to, rows"
    SEALED_EXPORTED = _mark("sealed details exported"), "", "campaign, purpose, rows, keys"
    COUNTS_EXPORTED = _mark("counts exported"), "", "shape, format, filter, rows"
    KEY_MADE = _mark("campaign key made"), "", "key, private half on this server"
    KEY_USED = _mark("campaign key taken into use"), "", "key"
    KEY_MOVED = _mark("private key moved away"), "", "key"
    KEYS_ROTATED = _mark("sealed details moved to another key"), "key", "key, rows, unreadable"
    KEY_RETIRED = _mark("campaign key retired"), "", "key"
    PURGED = _mark("purged"), "", "kind, days, rows"
    DRAFT_SAVED = _mark("draft saved"), "version", "version"
    DRAFT_DISCARDED = _mark("draft discarded"), "version"
    TEXT_RESTORED = _mark("version restored as a draft"), "version", "version"
    TEXT_PUBLISHED = _mark("text published"), "version", "version"
    TEXT_RETIRED = _mark("text retired"), "version"
    TEXT_BROUGHT_BACK = _mark("text brought back"), "", "version"
    PAPER_ADDED = _mark("paper signatures added"), "", "added, signed before, source, language, way"
    PAPER_WITHDRAWN = "paper signature taken back", "", "signatures"
    PAPER_UNDONE = _mark("paper import undone"), "signatures, source"
    COSPONSORS_CHANGED = _mark("cosponsors changed"), "people, as of", "people, as of, joined, left"
    TEST_STARTED = "test journey started", "", "expires"
    CAMPAIGN_BEGUN = _mark("campaign begun")
    CAMPAIGN_MOVED = _mark("campaign opened or ended"), "state", "state"
    CAMPAIGN_TAKEN_AWAY = _mark("campaign taken away")
    START_PAGE_CHANGED = "start page changed", "campaign", "campaign"
    SIGNATURES_RELEASED = _mark("held signatures released"), "", "rows, numbers"
    SIGNATURES_SET_ASIDE = "held signatures set aside", "", "rows, numbers"
    SIGNATURES_HELD_AGAIN = _mark("signatures held again"), "", "rows, numbers"
    COPY_RESTORED = "copy restored", "", "withdrawn again"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the trail."""

    number: int
    at: datetime
    """Aware, UTC, whole seconds."""
    who: str
    """An organizer's name, or ``command line``; empty if no one was logged in."""
    what: What
    subject: str
    """What was changed: an organizer's name, a letter, a file."""
    before: dict[str, Value]
    after: dict[str, Value]


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """Which events to show; an empty field means all. Days are UTC, and ``until`` is inclusive."""

    who: str = ""
    what: str = ""
    since: str = ""
    """``YYYY-MM-DD``."""
    until: str = ""


@dataclass(frozen=True, slots=True)
class TrailPage:
    """One page of the trail, newest first. ``older`` and ``newer`` are ``below`` and ``above`` of
    the neighboring pages; None if there is no such page."""

    events: tuple[Event, ...]
    total: int
    older: int | None
    newer: int | None


def stamp(at: datetime) -> str:
    """``2026-11-25T02:37:13Z``; raises ``ValueError`` for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError("a time in the audit trail needs a zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change, when, and in which database. Every change records an event."""

    db: sqlite3.Connection = field(repr=False)
    who: str
    """An organizer's name, ``COMMAND_LINE``, or empty if no one is logged in."""
    at: datetime
    """Aware."""

    @property
    def stamp(self) -> str:
        return stamp(self.at)

    @property
    def seconds(self) -> int:
        """``at`` in seconds since 1970."""
        return int(self.at.timestamp())

    def record(
        self, what: What, subject: str, *, before: Facts | None = None, after: Facts | None = None
    ) -> int:
        """Write one event inside the caller's transaction; returns its number.

        Raises ``ValueError`` if ``before`` or ``after`` does not have exactly the keys of the kind,
        or a value is not a string, an integer, a boolean or None.
        """
        for name, facts, keys in (("before", before, what.before), ("after", after, what.after)):
            found = dict(facts or {})
            if set(found) != set(keys):
                raise ValueError(f"'{what}' needs {name} {sorted(keys)}, got {sorted(found)}")
            if not all(value is None or isinstance(value, str | int) for value in found.values()):
                raise ValueError(f"'{what}' has a value in {name} that is no text and no number")
        number = self.db.execute(
            "INSERT INTO audit_events (at, who, what, subject, before, after) VALUES (?,?,?,?,?,?)",
            (self.stamp, self.who, str(what), subject, _json(before), _json(after)),
        ).lastrowid
        assert number is not None
        return number


def _json(facts: Facts | None) -> str:
    return json.dumps(dict(facts or {}), ensure_ascii=False, sort_keys=True)


def _where(wanted: TrailFilter) -> tuple[str, list[str | int]]:
    """Conditions and values for a filter, using only constant column names."""
    conditions = {
        "who = ?": wanted.who, "what = ?": wanted.what,
        "substr(at, 1, 10) >= ?": wanted.since, "substr(at, 1, 10) <= ?": wanted.until,
    }  # fmt: skip
    used = {condition: value for condition, value in conditions.items() if value}
    return " AND ".join(["1", *used]), list(used.values())


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
    """Fifty events, newest first: the latest, or those just below or above a number.

    Pages continue from a number rather than an offset, so they do not shift as events arrive.
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
    """All matching events, oldest first, streamed; with ``below``, only those below that number."""
    where, values = _where(wanted)
    sql = f"SELECT {_COLUMNS} FROM audit_events WHERE {where}"  # noqa: S608
    ceiling = below if below is not None else 2**62
    for row in db.execute(f"{sql} AND number < ? ORDER BY number", [*values, ceiling]):
        yield _event(row)


def actors(db: sqlite3.Connection) -> tuple[str, ...]:
    """Everyone who appears in the trail, for the filter."""
    rows = db.execute("SELECT DISTINCT who FROM audit_events WHERE who <> '' ORDER BY who")
    return tuple(row[0] for row in rows)
