"""The tables of organizers, their sessions, the audit trail and the log-in throttle.

Times are whole seconds since 1970 where the program compares them, and text in UTC in the
audit trail, which people read.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlite_utils import Database


def organizers_001_accounts(db: Database) -> None:
    """Organizers, their one-time links and recovery codes.

    ``name_key`` is the name with case and spaces levelled: two organizers whose names look
    alike cannot exist. ``totp`` is sealed; ``totp_step`` is the step of the last code that
    was accepted, so that none works twice. An organizer is never deleted, because the audit
    trail names them.
    """
    db.execute(
        """
        CREATE TABLE organizers (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            name_key TEXT NOT NULL UNIQUE,
            role TEXT NOT NULL CHECK (role IN ('editor', 'exporter', 'admin')),
            password TEXT,
            totp BLOB,
            totp_step INTEGER NOT NULL DEFAULT 0,
            created INTEGER NOT NULL,
            disabled INTEGER,
            logged_in INTEGER
        ) STRICT
        """
    )
    db.execute(
        """
        CREATE TABLE organizer_links (
            hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
            organizer INTEGER NOT NULL REFERENCES organizers (id),
            expires INTEGER NOT NULL,
            used INTEGER
        ) STRICT, WITHOUT ROWID
        """
    )
    db.execute(
        """
        CREATE TABLE organizer_recovery_codes (
            organizer INTEGER NOT NULL REFERENCES organizers (id),
            hash BLOB NOT NULL CHECK (length(hash) = 32),
            PRIMARY KEY (organizer, hash)
        ) STRICT, WITHOUT ROWID
        """
    )


def organizers_002_sessions(db: Database) -> None:
    """Sessions. ``id`` is never used again and may be shown; the token is kept as a hash.

    ``stage`` is ``password`` after the first half of logging in and ``full`` after both.
    """
    db.execute(
        """
        CREATE TABLE organizer_sessions (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
            organizer INTEGER NOT NULL REFERENCES organizers (id),
            stage TEXT NOT NULL CHECK (stage IN ('password', 'full')),
            device TEXT NOT NULL,
            created INTEGER NOT NULL,
            seen INTEGER NOT NULL,
            confirmed INTEGER NOT NULL,
            wrong INTEGER NOT NULL DEFAULT 0,
            passed INTEGER,
            ended INTEGER
        ) STRICT
        """
    )
    db.execute("CREATE INDEX organizer_sessions_of ON organizer_sessions (organizer, ended)")


def organizers_003_audit(db: Database) -> None:
    """The audit trail. A row is never altered; old rows may be purged, never rewritten."""
    db.execute(
        """
        CREATE TABLE audit_events (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            at TEXT NOT NULL
                CHECK (at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T*Z'),
            who TEXT NOT NULL,
            what TEXT NOT NULL,
            subject TEXT NOT NULL,
            before TEXT NOT NULL CHECK (json_type(before) = 'object'),
            after TEXT NOT NULL CHECK (json_type(after) = 'object')
        ) STRICT
        """
    )
    db.execute("CREATE INDEX audit_events_who ON audit_events (who, number)")
    db.execute("CREATE INDEX audit_events_what ON audit_events (what, number)")
    db.execute(
        "CREATE TRIGGER audit_events_stay BEFORE UPDATE ON audit_events"
        " BEGIN SELECT RAISE(ABORT, 'an audit event is never altered'); END"
    )


def organizers_004_throttle(db: Database) -> None:
    """Failed log-ins of the last hours, and where an account logged in successfully.

    ``account`` and ``source`` are keyed hashes: neither a name that somebody typed nor an
    internet address can be read back. Both tables are swept as they are used.
    """
    db.execute(
        """
        CREATE TABLE login_failures (
            account BLOB NOT NULL,
            source BLOB NOT NULL,
            address BLOB NOT NULL,
            step TEXT NOT NULL,
            at INTEGER NOT NULL
        ) STRICT
        """
    )
    db.execute("CREATE INDEX login_failures_account ON login_failures (account, at)")
    db.execute("CREATE INDEX login_failures_address ON login_failures (address, at)")
    db.execute("CREATE INDEX login_failures_at ON login_failures (at)")
    db.execute(
        """
        CREATE TABLE login_waits (
            account BLOB NOT NULL,
            source BLOB NOT NULL,
            since INTEGER NOT NULL,
            PRIMARY KEY (account, source)
        ) STRICT, WITHOUT ROWID
        """
    )
    db.execute("CREATE INDEX login_waits_since ON login_waits (since)")
    db.execute(
        """
        CREATE TABLE login_sources (
            account BLOB NOT NULL,
            source BLOB NOT NULL,
            until INTEGER NOT NULL,
            PRIMARY KEY (account, source)
        ) STRICT, WITHOUT ROWID
        """
    )


ORGANIZER_STEPS: tuple[Callable[[Database], None], ...] = (
    organizers_001_accounts,
    organizers_002_sessions,
    organizers_003_audit,
    organizers_004_throttle,
)
"""In order. A step is never changed after a release; add one at the end."""
