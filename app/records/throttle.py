"""Slows down password guessing without locking out the account's owner.

A *source* is where an attempt comes from: the browser, if it carries the mark of an earlier
successful log-in to this account, or else the network address. Three waits apply:

* per pair of account and source: after five failures, growing to five minutes at most;
* per address over all accounts, against one guess at each of many names;
* per account over all sources, against one guess from each of many addresses. Here a new source
  waits once, for a minute at most, and is then let through, however many others are trying.

A source from which the account has logged in before is exempt from the second and third. No one is
ever locked out. A name that no organizer has is treated the same, so the waits do not reveal who
exists.

Only keyed hashes are stored: failures for an hour, addresses of successful log-ins for a week,
browsers for half a year.
"""

from __future__ import annotations

import ipaddress
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.records.database import writing
from app.records.keyed import keyed_code

HOUR = 3600
ADDRESS_KEPT = 7 * 24 * HOUR
DEVICE_KEPT = 180 * 24 * HOUR

PAIR_FREE = 5
ADDRESS_FREE = 20
ACCOUNT_FREE = 20
CODE_FREE = 30
"""Wrong codes for an account in an hour, above which a new source needs a recovery code: an
attacker with the password and many addresses could guess six digits, but not 49 random bits."""

FIRST_WAIT = 15
LONGEST_WAIT = 300
LONGEST_ACCOUNT_WAIT = 60

Step = Literal["password", "code"]


@dataclass(frozen=True, slots=True)
class Client:
    """Where a log-in request comes from."""

    address: str
    """The network address. Stored only as a keyed hash, for an hour or a week."""
    device: str = ""
    """The random mark of this browser, or empty."""
    label: str = ""
    """For the list of sessions, such as ``Firefox on Linux``."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: nothing was done. It may be tried again after ``seconds``, at least 1, for
    ``Retry-After`` and for the page."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Try:
    """An attempt that may be checked. It counts as a failure until it is settled."""

    row: int
    account: bytes
    source: bytes
    known: bool
    """Whether the account has logged in from this source before."""


def address_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Parses a network address; None for a local socket or an invalid one."""
    try:
        ip = ipaddress.ip_address(text.partition("%")[0].strip())
    except ValueError:
        return None
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return mapped or ip


def network(text: str, four: int = 32, six: int = 64) -> str:
    """The network around an address, with a prefix of ``four`` or ``six`` bits (IPv4, IPv6); by
    default, what one subscriber controls. ``unknown`` for anything that is not an address."""
    ip = address_of(text)
    if ip is None:
        return "unknown"
    found = ipaddress.ip_network((ip, four if ip.version == 4 else six), strict=False)
    return str(found) if found.num_addresses > 1 else str(ip)


def _sources(secret: bytes, client: Client) -> tuple[bytes, bytes | None]:
    """The keyed hashes of the address and of the browser's mark."""
    address = keyed_code(secret, "log-in address", network(client.address))
    device = keyed_code(secret, "log-in device", client.device) if client.device else None
    return address, device


def _account(secret: bytes, name_key: str) -> bytes:
    return keyed_code(secret, "log-in account", name_key)


def _growing(failures: int, free: int, each: int, longest: int) -> int:
    """Seconds to wait after so many failures; zero for fewer than ``free``. Doubles after every
    ``each`` further failures, up to ``longest``."""
    if failures < free:
        return 0
    return int(min(FIRST_WAIT * 2 ** min((failures - free) // each, 10), longest))


def begin_try(
    db: sqlite3.Connection,
    secret: bytes,
    name_key: str,
    client: Client,
    *,
    step: Step,
    at: datetime,
) -> Try | Wait:
    """Decide whether an attempt may be checked, and count it as failed until it is settled.

    Because it is counted first, a hundred concurrent attempts are a hundred failures, not one.
    """
    now = int(at.timestamp())
    account = _account(secret, name_key)
    address, device = _sources(secret, client)
    with writing(db):
        _sweep(db, now)
        device_known = device is not None and _is_known(db, account, device, now)
        source = device if device is not None and device_known else address
        known = device_known or _is_known(db, account, address, now)
        wait = _wait(db, now, {"account": account, "source": source}, PAIR_FREE, 1)
        if not known:
            wait = max(
                wait,
                _wait(db, now, {"address": address}, ADDRESS_FREE, 5),
                _account_wait(db, account, source, now),
            )
        if wait > 0:
            return Wait(wait)
        db.execute("DELETE FROM login_waits WHERE account = ? AND source = ?", (account, source))
        row = db.execute(
            "INSERT INTO login_failures (account, source, address, step, at) VALUES (?,?,?,?,?)",
            (account, source, address, step, now),
        ).lastrowid
        assert row is not None
        return Try(row, account, source, known)


def _sweep(db: sqlite3.Connection, now: int) -> None:
    valid = (now - HOUR + 1, now + LONGEST_WAIT)  # a clock that was ahead recorded later ones
    db.execute("DELETE FROM login_failures WHERE at NOT BETWEEN ? AND ?", valid)
    db.execute("DELETE FROM login_waits WHERE since NOT BETWEEN ? AND ?", valid)
    db.execute("DELETE FROM login_sources WHERE until <= ?", (now,))


def _is_known(db: sqlite3.Connection, account: bytes, source: bytes, now: int) -> bool:
    row = db.execute(
        "SELECT 1 FROM login_sources WHERE account = ? AND source = ? AND until > ?",
        (account, source, now),
    ).fetchone()
    return row is not None


def _wait(db: sqlite3.Connection, now: int, of: Mapping[str, bytes], free: int, each: int) -> int:
    """Seconds that the failures matching ``of`` still require to wait."""
    failures, last = db.execute(
        "SELECT count(*), max(at) FROM login_failures WHERE "  # noqa: S608 - our own names
        + " AND ".join(f"{column} = ?" for column in of),
        tuple(of.values()),
    ).fetchone()
    wait = _growing(failures, free, each, LONGEST_WAIT)
    return int(last + wait - now) if wait else 0


def _account_wait(db: sqlite3.Connection, account: bytes, source: bytes, now: int) -> int:
    (failures,) = db.execute(
        "SELECT count(*) FROM login_failures WHERE account = ?", (account,)
    ).fetchone()
    wait = _growing(failures, ACCOUNT_FREE, 20, LONGEST_ACCOUNT_WAIT)
    if not wait:
        return 0
    (since,) = db.execute(
        "INSERT INTO login_waits (account, source, since) VALUES (?,?,?)"
        " ON CONFLICT DO UPDATE SET since = login_waits.since RETURNING since",
        (account, source, now),
    ).fetchone()
    return int(since + wait - now)


def settle_half(db: sqlite3.Connection, attempt: Try) -> None:
    """Inside the caller's transaction: the password was right, and the code is still to come.

    This attempt no longer counts as a failure; earlier failures do until the log-in is complete.
    """
    db.execute("DELETE FROM login_failures WHERE rowid = ?", (attempt.row,))


def settle(
    db: sqlite3.Connection, secret: bytes, attempt: Try, client: Client, at: datetime
) -> None:
    """Inside the caller's transaction: the log-in is complete. Forget its source's failures, and
    remember the source."""
    now = int(at.timestamp())
    db.execute(
        "DELETE FROM login_failures WHERE account = ? AND source = ?",
        (attempt.account, attempt.source),
    )
    remember(db, secret, attempt.account, client, now)


def remember(
    db: sqlite3.Connection, secret: bytes, account: bytes, client: Client, now: int
) -> None:
    """Inside the caller's transaction: the account logged in from this browser and address."""
    address, device = _sources(secret, client)
    for source, kept in ((address, ADDRESS_KEPT), (device, DEVICE_KEPT)):
        if source is not None:
            db.execute(
                "INSERT INTO login_sources (account, source, until) VALUES (?,?,?)"
                " ON CONFLICT DO UPDATE SET until = excluded.until",
                (account, source, now + kept),
            )


def forget(db: sqlite3.Connection, secret: bytes, name_key: str) -> None:
    """Inside the caller's transaction: no browser or address is known for this account."""
    db.execute("DELETE FROM login_sources WHERE account = ?", (_account(secret, name_key),))


def needs_recovery_code(db: sqlite3.Connection, attempt: Try) -> bool:
    """Whether this account has had so many wrong codes that a six-digit code is not enough here."""
    if attempt.known:
        return False
    (wrong,) = db.execute(
        "SELECT count(*) FROM login_failures WHERE account = ? AND step = 'code'",
        (attempt.account,),
    ).fetchone()
    return bool(wrong > CODE_FREE)
