"""The table of messages on their way, as a migration makes it."""

from __future__ import annotations

from collections.abc import Callable

from sqlite_utils import Database


def mail_001_messages(db: Database) -> None:
    """One row for each message to one address.

    ``payload`` is the message itself, encrypted with the site's own key, and is there only
    while the message still has a way to go: the constraint sees to it. ``once`` makes the
    same wish the same message. ``recipient`` is a keyed code of the address, for the daily
    limit, and is erased after a day. ``held`` waits for the person's own click.
    ``sending`` has been claimed by a worker, ``handing over`` is past the point from which
    the other server may have taken it. Times are seconds since 1970.
    """
    db.execute(
        """
        CREATE TABLE messages (
            id TEXT PRIMARY KEY CHECK (length(id) = 32),
            once BLOB NOT NULL UNIQUE CHECK (length(once) = 32),
            kind TEXT NOT NULL,
            receipt BLOB CHECK (length(receipt) = 32),
            recipient BLOB CHECK (length(recipient) = 32),
            release BLOB UNIQUE CHECK (length(release) = 32),
            state TEXT NOT NULL CHECK (state IN ('held', 'queued', 'sending', 'handing over',
                'accepted', 'deferred', 'failed', 'unknown')),
            attempts INTEGER NOT NULL DEFAULT 0,
            cause TEXT NOT NULL DEFAULT '',
            queued_at INTEGER NOT NULL,
            state_at INTEGER NOT NULL,
            next_at INTEGER NOT NULL,
            payload BLOB,
            CHECK ((payload IS NULL) = (state IN ('accepted', 'failed', 'unknown')))
        ) STRICT
        """
    )
    db.execute(
        "CREATE INDEX messages_on_their_way ON messages (state, next_at) WHERE payload IS NOT NULL"
    )
    db.execute(
        "CREATE INDEX messages_by_recipient ON messages (recipient, queued_at)"
        " WHERE recipient IS NOT NULL"
    )
    db.execute("CREATE INDEX messages_by_receipt ON messages (receipt) WHERE receipt IS NOT NULL")


MAIL_STEPS: tuple[Callable[[Database], None], ...] = (mail_001_messages,)
"""In order. A step is never changed after a release; add one at the end."""
