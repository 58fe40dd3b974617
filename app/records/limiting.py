"""How often one visitor and one network may do a thing, without knowing who they are.

Addresses are kept only as keyed hashes, for at most twice a window: two hours, or a day
for the recipient of an e-mail. A visitor is
an IPv4 address or 64 bits of IPv6; a network is a /24 or a /48. Numbers are generous, because
a library, a campus or a telephone company shows a whole crowd as one visitor. For signing
there are two steps: above the first a signature is taken but *held*, and the person sees
that an organizer will look at it; only far above is anybody asked to wait. An operator can
also name networks (``raised``) that may do twenty times as much, for a library or an event.

Counters live in ``instance/limits.db``, shared by all workers, or in Redis by its URL.
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string

import app.records.limit_storage  # noqa: F401 - makes the scheme sqlite:// known

Name = Literal["find", "street", "sign", "email", "login"]
RAISED = 20
"""How many times more the networks may do that an operator named."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Limit:
    """Numbers for one kind of act within ``seconds``, for a visitor and for a network."""

    seconds: int
    client: int
    network: int
    held_above: tuple[int, int] | None = None
    """(visitor, network): above these the act is taken, with a second step."""
    about: tuple[int, int] | None = None
    """(number, seconds) for what it is about: an e-mail's recipient, an account."""
    open_when_broken: bool = True
    """Whether the act goes on when counters cannot be kept: yes, except for e-mail."""


MINUTE, HOUR = 60, 3600

LIMITS: dict[Name, Limit] = {
    "find": Limit(10 * MINUTE, 300, 3000),
    "street": Limit(10 * MINUTE, 40, 400),
    "sign": Limit(HOUR, 600, 6000, held_above=(30, 300)),
    "email": Limit(HOUR, 100, 600, about=(3, 12 * HOUR), open_when_broken=False),
    "login": Limit(10 * MINUTE, 60, 600, about=(30, 10 * MINUTE)),
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """Go on."""


@dataclass(frozen=True, slots=True)
class SecondStep:
    """Take it, but hold it, and say so on the page: unusually many came from here."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now; ``seconds`` is for Retry-After and for the page. At least 1."""

    seconds: int


class LimitsError(Exception):
    """The place where counters are kept cannot be used; a sentence for the operator."""


class Counters(Protocol):
    """What is needed of a storage of the ``limits`` package."""

    def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool: ...

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]: ...

    def check(self) -> bool: ...


def open_counters(where: Path | str) -> Counters:
    """Counters in a SQLite file (a path), or in what a URL names (``redis://localhost``).

    Raises ``LimitsError`` when the URL is unknown or its client package is not installed.
    """
    url = f"sqlite://{where.absolute()}" if isinstance(where, Path) else where
    try:
        options = _patience() if url.startswith(("redis://", "rediss://", "redis+unix://")) else {}
        return cast(Counters, storage_from_string(url, wrap_exceptions=True, **options))
    except (ConfigurationError, ImportError, ValueError):
        # Neither the URL nor the error is repeated: they may hold a password.
        scheme = url.partition(":")[0]
        raise LimitsError(
            f"The counters for limits cannot be kept in {scheme!r}. Leave the setting empty to "
            "keep them in a file, or check the URL and that the package for it is installed."
        ) from None


def _patience() -> dict[str, Any]:
    """How long a visitor waits for a Redis that is away or silent: half a second, once."""
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {
        "socket_timeout": 0.5, "socket_connect_timeout": 0.5, "retry": Retry(NoBackoff(), 0),
    }  # fmt: skip


def _address(ip: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(ip.partition("%")[0].strip())
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _key(secret: bytes, kind: str, value: bytes) -> str:
    if not secret:
        raise ValueError("The secret that addresses are hashed with is empty.")
    digest = hmac.digest(secret, kind.encode() + b"\0" + value, "sha256")
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode("ascii")


def _block(ip: str, four: int, six: int) -> bytes:
    address = _address(ip)
    if address is None:  # a local socket, or nonsense: all of these are one visitor
        return b"unknown"
    bits = four if address.version == 4 else six
    return ipaddress.ip_network((address, bits), strict=False).compressed.encode("ascii")


def client_key(secret: bytes, ip: str) -> str:
    """A visitor's key, 22 characters: of an IPv4 address, or of 64 bits of IPv6."""
    return _key(secret, "client", _block(ip, 32, 64))


def network_key(secret: bytes, ip: str) -> str:
    """The key of the network around a visitor: /24, or /48 in IPv6."""
    return _key(secret, "network", _block(ip, 24, 48))


def about_key(secret: bytes, what: str) -> str:
    """The key of an e-mail address or account name, however it is capitalised."""
    text = unicodedata.normalize("NFC", what).casefold().strip()
    return _key(secret, "about", text.encode("utf-8", "surrogatepass"))


def networks(names: Sequence[str]) -> tuple[Network, ...]:
    """Networks as an operator writes them (``192.0.2.0/24``). Raises ``LimitsError``."""
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
    address = _address(ip)
    return address is not None and any(address in network for network in raised)


def check(
    counters: Counters,
    name: Name,
    ip: str,
    *,
    secret: bytes,
    about: str = "",
    raised: Sequence[Network] = (),
) -> Allowed | SecondStep | Wait:
    """Count one act, and say whether it may go on. A limit that refuses does not count the act.

    ``ip`` must come from the connection or from a trusted proxy, never from a header that
    anybody can send. ``about`` is the recipient's address or the account's name, where the
    limit has numbers for it; ``raised`` are networks that may do twenty times as much.
    ``SecondStep`` only ever comes for ``sign``.
    """
    limit = LIMITS[name]
    times = RAISED if _is_in(ip, raised) else 1
    client, around = client_key(secret, ip), network_key(secret, ip)
    places = [
        (f"{name}/c/{client}", limit.client * times, limit.seconds),
        (f"{name}/n/{around}", limit.network * times, limit.seconds),
    ]
    if limit.about and about:
        places.append((f"{name}/a/{about_key(secret, about)}", *limit.about))
    try:
        for key, most, seconds in places:
            if not counters.acquire_sliding_window_entry(key, most, seconds):
                return Wait(_until_free(counters, key, most, seconds))
        if limit.held_above:
            for (key, _, seconds), soft in zip(places, limit.held_above, strict=False):
                if _count(counters, key, seconds) > soft * times:
                    return SecondStep()
    except StorageError:
        return Allowed() if limit.open_when_broken else Wait(MINUTE)
    return Allowed()


def _count(counters: Counters, key: str, seconds: int) -> int:
    before, left, now, _ = counters.get_sliding_window(key, seconds)
    return math.floor(before * left / seconds + now)


def _until_free(counters: Counters, key: str, most: int, seconds: int) -> int:
    """Whole seconds until one more fits, at least 1.

    The count is this window's plus a share of the one before, which falls to nothing while
    this window runs. If this window alone is full, the next must also run for a while.
    """
    before, left, now, lives = counters.get_sliding_window(key, seconds)
    # ``lives`` ends with the next window; some storages start a window at the first entry.
    rest = left if before else max(0.0, lives - seconds)
    if now < most:
        wait = left - (most - now) * seconds / before if before else 0.0
    else:
        wait = rest + seconds * (1 - most / now)
    return min(max(1, math.floor(wait) + 1), 2 * seconds)
