"""Rate limits per visitor and per network, without knowing who they are.

Addresses are stored only as keyed hashes, for at most twice the window: two hours, or a day for an
email's recipient. A visitor is an IPv4 address or 64 bits of IPv6; a network is a /24 or a /48.
The limits are generous, because a library, a campus or a phone carrier makes a whole crowd look
like one visitor. Signing has two thresholds: above the first, a signature is accepted but *held*,
and the person sees that an organizer will look at it; only far above that is anyone asked to wait.
An operator can also name networks (``raised``), such as a library or an event, that get twenty
times the limits.

Counters are in ``instance/limits.db``, shared by all workers, or in Redis if there is a URL.
"""

from __future__ import annotations

import ipaddress
import math
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, cast

from app.errors import ExplainedError
from app.records.database import make_private, use_wal
from app.records.keyed import keyed_token
from app.records.throttle import Wait, address_of, network
from app.text import normalized

Name = Literal["find", "street", "sign", "email", "login"]
RAISED = 20
"""Multiplier of the limits for networks that an operator named."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Limit:
    """How often one kind of action is allowed within ``seconds``, per visitor and per network."""

    seconds: int
    client: int
    network: int
    held_above: tuple[int, int] | None = None
    """(visitor, network): above these counts the action is allowed, with a second step."""
    about: tuple[int, int] | None = None
    """(count, seconds) per subject of the action: an email's recipient, an account."""
    open_when_broken: bool = True
    """Whether the action is allowed if counters do not work: yes, except for email."""


MINUTE, HOUR = 60, 3600
AWAY_SECONDS = 5.0
"""How long a Redis that did not answer is not asked again."""
T = TypeVar("T")

LIMITS: dict[Name, Limit] = {
    "find": Limit(10 * MINUTE, 300, 3000),
    "street": Limit(10 * MINUTE, 40, 400),
    "sign": Limit(HOUR, 600, 6000, held_above=(30, 300)),
    "email": Limit(HOUR, 100, 600, about=(3, 12 * HOUR), open_when_broken=False),
    "login": Limit(10 * MINUTE, 60, 600, about=(30, 10 * MINUTE)),
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """Within the limits."""


@dataclass(frozen=True, slots=True)
class SecondStep:
    """Unusually many came from here: accept it, but hold it, and say so on the page."""


class LimitsError(ExplainedError):
    """Limits are misconfigured: their storage, or a network. A sentence for the operator."""


_BROKEN = (sqlite3.Error, OSError)
"""What counters raise when their storage does not work."""


class Counters(Protocol):
    """The part of a ``limits`` package storage that is used here."""

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int) -> bool: ...

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]: ...

    def check(self) -> bool: ...


def open_counters(where: Path | str) -> Counters:
    """Counters in a SQLite file (a path), or at a URL (``redis://localhost``).

    Raises ``LimitsError`` if the URL is not supported or its client package is not installed.
    """
    if isinstance(where, Path):
        return FileCounters(where)
    try:
        return RedisCounters(where)
    except (ImportError, ValueError):
        # Neither the URL nor the error is repeated: they may hold a password.
        scheme = where.partition(":")[0]
        raise LimitsError(
            f"Limits cannot be counted in {scheme!r}. Check the URL and that its package is "
            "installed, or leave the setting empty to count in a file."
        ) from None


class RedisCounters:
    """Counters in Redis, through the ``limits`` package, which is loaded only here.

    If Redis does not answer, it is not asked again for ``AWAY_SECONDS``, so that one visitor waits
    for it (half a second) instead of every visitor.
    """

    def __init__(self, url: str) -> None:
        from limits.errors import ConfigurationError, StorageError
        from limits.storage import storage_from_string
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        patience: dict[str, Any] = {
            "socket_timeout": 0.5, "socket_connect_timeout": 0.5, "retry": Retry(NoBackoff(), 0),
        }  # fmt: skip
        try:
            found = storage_from_string(url, wrap_exceptions=True, **patience)
        except ConfigurationError as error:
            raise ValueError from error
        self._counters, self._until = cast(Counters, found), 0.0
        self._trouble = StorageError

    def _ask(self, work: Callable[[], T]) -> T:
        if time.monotonic() < self._until:
            raise ConnectionError("it did not answer a moment ago")
        try:
            return work()
        except self._trouble as error:
            self._until = time.monotonic() + AWAY_SECONDS
            raise ConnectionError from error

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int) -> bool:
        return self._ask(lambda: self._counters.acquire_sliding_window_entry(key, limit, expiry))

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        return self._ask(lambda: self._counters.get_sliding_window(key, expiry))

    def check(self) -> bool:
        return self._counters.check()


def _key(secret: bytes, kind: str, value: str) -> str:
    return keyed_token(secret, f"limit of a {kind}", value)[:22]


def client_key(secret: bytes, ip: str) -> str:
    """A visitor's key, 22 characters, from an IPv4 address or 64 bits of IPv6."""
    return _key(secret, "client", network(ip))


def network_key(secret: bytes, ip: str) -> str:
    """The key of the network around a visitor: /24, or /48 in IPv6."""
    return _key(secret, "network", network(ip, 24, 48))


def about_key(secret: bytes, what: str) -> str:
    """The key of an email address or account name, regardless of case."""
    text = normalized("NFC", what).casefold().strip()
    return _key(secret, "about", text)


def networks(names: Sequence[str]) -> tuple[Network, ...]:
    """Parses networks as an operator writes them (``192.0.2.0/24``). Raises ``LimitsError``."""
    found: list[Network] = []
    for name in names:
        try:
            found.append(ipaddress.ip_network(name.strip(), strict=False))
        except ValueError:
            raise LimitsError(
                f"{name!r} is not a network. Write it like 192.0.2.0/24 or 2001:db8::/48."
            ) from None
    return tuple(found)


def _is_in(ip: str, raised: Sequence[Network]) -> bool:
    address = address_of(ip)
    return address is not None and any(address in one for one in raised)


def check(
    counters: Counters,
    name: Name,
    ip: str,
    *,
    secret: bytes,
    about: str = "",
    raised: Sequence[Network] = (),
) -> Allowed | SecondStep | Wait:
    """Count one action and decide whether it is allowed. The limit that refuses does not count it.

    ``ip`` must come from the connection or from a trusted proxy, never from a header that anyone
    can send. ``about`` is the recipient's address or the account's name, if the limit has a number
    for it; ``raised`` are networks with twenty times the limits. ``SecondStep`` is returned only
    for ``sign``.
    """
    limit = LIMITS[name]
    factor = RAISED if _is_in(ip, raised) else 1
    client, around = client_key(secret, ip), network_key(secret, ip)
    windows = [
        (f"{name}/c/{client}", limit.client * factor, limit.seconds),
        (f"{name}/n/{around}", limit.network * factor, limit.seconds),
    ]
    if limit.about and about:
        windows.append((f"{name}/a/{about_key(secret, about)}", *limit.about))
    try:
        for key, most, seconds in windows:
            if not counters.acquire_sliding_window_entry(key, most, seconds):
                return Wait(_until_free(counters, key, most, seconds))
        if limit.held_above:
            for (key, _, seconds), soft in zip(windows, limit.held_above, strict=False):
                if _count(counters, key, seconds) > soft * factor:
                    return SecondStep()
    except _BROKEN:
        return Allowed() if limit.open_when_broken else Wait(MINUTE)
    return Allowed()


def _count(counters: Counters, key: str, seconds: int) -> int:
    before, left, now, _ = counters.get_sliding_window(key, seconds)
    return math.floor(before * left / seconds + now)


def _until_free(counters: Counters, key: str, most: int, seconds: int) -> int:
    """Whole seconds until one more fits, at least 1.

    The count is this window's plus a share of the previous one's, which falls to zero as this
    window runs. If this window alone is full, part of the next one must pass too.
    """
    before, left, now, lifetime = counters.get_sliding_window(key, seconds)
    # ``lifetime`` ends with the next window; some storages start a window at the first entry.
    rest = left if before else max(0.0, lifetime - seconds)
    if now < most:
        wait = left - (most - now) * seconds / before if before else 0.0
    else:
        wait = rest + seconds * (1 - most / now)
    return min(max(1, math.floor(wait) + 1), 2 * seconds)


# --- Counters in a separate small SQLite file, shared by all workers ---


SWEEP_EVERY = 60.0
"""Seconds between deletions of expired counters, in each process."""
BUSY_SECONDS = 2.0

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS counters (key TEXT PRIMARY KEY, count INTEGER NOT NULL,"
    " expires REAL NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS counters_expire ON counters (expires)",
)
_WINDOWS = "SELECT key, count FROM counters WHERE key IN (:before, :key)"
# One statement, so that no other worker can count in between.
_ACQUIRE = (
    "INSERT INTO counters (key, count, expires) SELECT :key, 1, :expires"
    " FROM (SELECT coalesce(sum(iif(key = :key, count, count * :share)), 0) AS used"
    " FROM counters WHERE key IN (:before, :key)) WHERE CAST(used AS INTEGER) < :most"
    " ON CONFLICT (key) DO UPDATE SET count = count + 1 RETURNING count"
)


class FileCounters:
    """Works like the package's storages: this window's count plus a falling share of the previous
    one's. Windows start at fixed times, and each has its own row.

    Each thread of each process has its own connection.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._next_sweep = 0.0

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int) -> bool:
        now = time.time()
        if now >= self._next_sweep:
            self._next_sweep = now + SWEEP_EVERY
            self._sweep(now)
        values = {
            **_keys(key, expiry, now), "most": limit, "share": 1 - now % expiry / expiry,
            # At the end of the next window, for which this one is the previous one.
            "expires": (now // expiry + 2) * expiry,
        }  # fmt: skip
        return bool(self._do(_ACQUIRE, values))

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        now = time.time()
        names = _keys(key, expiry, now)
        found = dict(self._do(_WINDOWS, names))
        before, count = found.get(names["before"], 0), found.get(names["key"], 0)
        left = expiry - now % expiry
        return before, left if before else 0.0, count, left + expiry if count else 0.0

    def check(self) -> bool:
        """Whether counters can be written."""
        try:
            self._sweep(time.time())
        except _BROKEN:
            return False
        return True

    def _sweep(self, now: float) -> None:
        self._do("DELETE FROM counters WHERE expires <= :now", {"now": now})

    def _do(self, sql: str, values: Mapping[str, object]) -> list[Any]:
        """All rows of a statement. A damaged file is deleted, and the statement retried once."""
        try:
            return self._connection().execute(sql, values).fetchall()
        except sqlite3.OperationalError:
            raise  # busy, or disk full: the file itself is sound
        except sqlite3.DatabaseError:
            self.close()
            for end in ("", "-wal", "-shm"):
                Path(f"{self.path}{end}").unlink(missing_ok=True)
            return self._connection().execute(sql, values).fetchall()

    def _connection(self) -> sqlite3.Connection:
        kept: tuple[int, sqlite3.Connection] | None = getattr(self._local, "kept", None)
        if kept is None or kept[0] != os.getpid():  # a connection never crosses a fork
            self._local.kept = kept = (os.getpid(), self._open())
        return kept[1]

    def _open(self) -> sqlite3.Connection:
        make_private(self.path)
        db = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            use_wal(db, BUSY_SECONDS)
            db.execute("PRAGMA synchronous=OFF")
            db.execute("PRAGMA secure_delete=ON")
            db.execute("PRAGMA journal_size_limit=1048576")
            for statement in _SCHEMA:
                db.execute(statement)
        except BaseException:
            db.close()
            raise
        return db

    def close(self) -> None:
        """Close this thread's connection, if it has one."""
        kept: tuple[int, sqlite3.Connection] | None = getattr(self._local, "kept", None)
        if kept is not None and kept[0] == os.getpid():
            kept[1].close()
        self._local.kept = None


def _keys(key: str, expiry: int, now: float) -> dict[str, str]:
    """The keys of this window's row and of the previous one's."""
    number = int(now // expiry)
    return {"key": f"{key}/{number}", "before": f"{key}/{number - 1}"}
