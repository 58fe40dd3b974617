"""Handing messages to the offices' own delivery systems, House and Senate.

Both require an agreement, a key and a known IP address, so this is off until an operator
configures it. A message is checked against our own schema, then by the House's ``validate``, and
goes out under a delivery id that is the same at every try: the system answers 409 to an id that it
has already accepted.

Facts: Communicating With Congress, as its implementers describe it (2026-09). Maintenance: House
daily 00:00 to 06:00, Senate Sundays 00:00 to 06:00 and Wednesdays 05:00 to 07:00, Washington
time. Rate: at most five to ten messages a second.
"""

from __future__ import annotations

import email.utils
import http.client
import json
import re
import time as clocks
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from threading import Lock
from typing import Literal
from urllib.parse import urlencode, urlsplit

from lxml import etree

from app.congress.model import WASHINGTON, Chamber
from app.cwc.message import CwcMessage, schema_errors

# --- results ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Accepted:
    """The office's system accepted the message, which does not mean that a person read it.

    ``production`` is False in the test system, where no one receives anything. ``earlier`` is True
    if the system already knew this delivery id.
    """

    production: bool
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The office's system examined the message and refused it, with reasons."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TryLater:
    """Nothing was accepted. Try the same message and delivery id again from ``after`` on."""

    after: datetime
    """Aware, UTC."""
    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The message was sent and got no clear answer. It can safely be sent again with the same
    delivery id."""

    reason: str


NOT_PARTICIPATING = "This senator's office does not participate in the system."
"""The one reason of ``NotAttempted`` that pages explain in their own words."""


@dataclass(frozen=True, slots=True)
class NotAttempted:
    """Nothing was handed over: not configured, invalid by our schema, or no such recipient."""

    reason: str


CwcResult = Accepted | Refused | TryLater | Unknown | NotAttempted


# --- when the systems may be called -------------------------------------------------------------

_WEDNESDAY, _SUNDAY = 2, 6
_MINUTE = 60.0


def maintenance_ends(chamber: Chamber, now: datetime) -> datetime | None:
    """When the maintenance in progress at ``now`` (aware) ends, in UTC; None if there is none."""
    local = now.astimezone(WASHINGTON)
    windows: list[tuple[time, time]] = []
    if chamber == "house" or local.weekday() == _SUNDAY:
        windows.append((time(0), time(6)))
    elif local.weekday() == _WEDNESDAY:
        windows.append((time(5), time(7)))
    for start, end in windows:
        if start <= local.time() < end:
            return datetime.combine(local.date(), end, WASHINGTON).astimezone(UTC)
    return None


class RateLimiter:
    """Limits the calls in any minute, in total and per office.

    ``monotonic`` returns seconds; ``sleep`` waits for a number of seconds. Thread-safe.
    """

    def __init__(
        self,
        per_minute: int,
        per_office_per_minute: int,
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        if per_minute < 1 or per_office_per_minute < 1:
            raise ValueError("A pace needs at least one message a minute.")
        self._limits = (per_minute, per_office_per_minute)
        self._all: deque[float] = deque()
        self._by_office: dict[str, deque[float]] = defaultdict(deque)
        self._monotonic, self._sleep = monotonic, sleep
        self._lock = Lock()

    def wait(self, office: str) -> None:
        """Block until one more message may go to ``office``, and count it."""
        while True:
            with self._lock:
                now = self._monotonic()
                delay = max(
                    self._delay(self._all, self._limits[0], now),
                    self._delay(self._by_office[office], self._limits[1], now),
                )
                if delay <= 0:
                    self._all.append(now)
                    self._by_office[office].append(now)
                    return
            self._sleep(delay)

    @staticmethod
    def _delay(calls: deque[float], limit: int, now: float) -> float:
        """Seconds until the oldest call of a full minute drops out of it; at most 0 for none."""
        while calls and now - calls[0] >= _MINUTE:
            calls.popleft()
        return calls[0] + _MINUTE - now if len(calls) >= limit else 0.0


def later(now: datetime, seconds: float) -> datetime:
    """The time in UTC, ``seconds`` after ``now``."""
    return now.astimezone(UTC) + timedelta(seconds=seconds)


# --- the client ---------------------------------------------------------------------------------

Mode = Literal["off", "test", "production"]

HOUSE = {"test": "https://uat-cwc.house.gov", "production": "https://cwc.house.gov"}
SENATE = "https://soapbox.senate.gov"
SENATE_PATHS = {"test": "/api/testing-messages/", "production": "/api/production-messages/"}

OFFICES_FRESH = timedelta(hours=6)
"""How long the Senate's list is reused: participation is voluntary, and the list changes."""
MAX_REPLY = 64 * 1024
MAX_WAIT = 24 * 3600.0
RETRY = {429: 60.0, 503: 900.0}
"""Seconds to wait if the system names no time; after any other server error, 300."""


@dataclass(frozen=True, slots=True)
class CwcSettings:
    """The operator's settings. A chamber without a key is off, whatever the mode."""

    mode: Mode = "off"
    house_key: str = field(default="", repr=False)
    senate_key: str = field(default="", repr=False)
    house_url: str = ""
    """A base URL without a path, to use instead of the House's."""
    senate_url: str = ""
    timeout: float = 20.0
    """Seconds for connecting, and for each read of a reply."""
    per_minute: int = 300
    per_office_per_minute: int = 30


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: bytes
    retry_after: str
    is_html: bool


class CwcClient:
    """Hands over one message at a time. ``clock`` returns an aware datetime."""

    def __init__(
        self,
        settings: CwcSettings,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = clocks.monotonic,
        sleep: Callable[[float], None] = clocks.sleep,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._offices: tuple[datetime, frozenset[str]] | None = None
        self._limiters = {
            chamber: RateLimiter(
                settings.per_minute,
                settings.per_office_per_minute,
                monotonic=monotonic,
                sleep=sleep,
            )
            for chamber in ("house", "senate")
        }

    def send(self, message: CwcMessage) -> CwcResult:
        """Check a message and hand it to its office's system.

        Waits for the rate limit. Never raises for anything the network or the system does, and
        never puts a key or a writer's details into its own reasons.
        """
        chamber = message.chamber
        if self.settings.mode == "off" or not self._key(chamber):
            return NotAttempted("Delivery to the offices' own systems is not set up.")
        errors = schema_errors(message.xml)
        if errors:
            return NotAttempted(f"The message fails our own check: {errors[0]}")
        end = maintenance_ends(chamber, self._clock())
        if end is not None:
            return TryLater(end, "The chamber's system is down for its regular maintenance.")
        if chamber == "house":
            self._limiters[chamber].wait(message.office)
            checked = self._post(chamber, "/v2/validate", message.xml)
            if not isinstance(checked, _Reply):
                return (
                    checked if isinstance(checked, TryLater) else self._later(300, checked.reason)
                )
            if checked.status == 409:
                return Accepted(self.settings.mode == "production", earlier=True)
            verdict = self._verdict(checked, accepted=200)
            if not isinstance(verdict, Accepted):
                # Validation stores nothing, so it is always safe to repeat.
                return self._later(300, verdict.reason) if isinstance(verdict, Unknown) else verdict
        elif self.settings.mode == "production":
            offices = self._participating()
            if not isinstance(offices, frozenset):
                return offices
            if message.office not in offices:
                return NotAttempted(NOT_PARTICIPATING)
        self._limiters[chamber].wait(message.office)
        path = "/v2/message" if chamber == "house" else SENATE_PATHS[self.settings.mode]
        reply = self._post(chamber, path, message.xml)
        if not isinstance(reply, _Reply):
            return reply
        return self._verdict(reply, accepted=200 if chamber == "house" else 201)

    def active_senate_offices(self) -> frozenset[str] | TryLater | NotAttempted:
        """The codes of the participating Senate offices, which only the Senate's system knows."""
        if self.settings.mode == "off" or not self._key("senate"):
            return NotAttempted("Delivery to the Senate's system is not set up.")
        reply = self._request("senate", "GET", "/api/active_offices/", None)
        if not isinstance(reply, _Reply):
            return reply if isinstance(reply, TryLater) else self._later(300, reply.reason)
        try:
            rows = json.loads(reply.body) if reply.status == 200 else None
            codes = frozenset(str(row["office_code"]) for row in rows or ())
        except (ValueError, TypeError, KeyError):
            codes = frozenset()
        if codes:
            return codes
        return self._later(3600, f"The Senate's system returned no list (status {reply.status}).")

    def _participating(self) -> frozenset[str] | TryLater | NotAttempted:
        """The Senate's list, fetched again once it is older than ``OFFICES_FRESH``."""
        now = self._clock()
        if self._offices is None or now - self._offices[0] > OFFICES_FRESH:
            found = self.active_senate_offices()
            if not isinstance(found, frozenset):
                return found
            self._offices = (now, found)
        return self._offices[1]

    def _key(self, chamber: Chamber) -> str:
        return self.settings.house_key if chamber == "house" else self.settings.senate_key

    def _later(self, seconds: float, reason: str) -> TryLater:
        return TryLater(later(self._clock(), min(max(seconds, 1.0), MAX_WAIT)), reason)

    def _post(self, chamber: Chamber, path: str, xml: bytes) -> _Reply | TryLater | Unknown:
        return self._request(chamber, "POST", path, xml)

    def _request(
        self, chamber: Chamber, method: str, path: str, body: bytes | None
    ) -> _Reply | TryLater | Unknown:
        """One HTTP exchange. Nothing is logged and no redirect is followed.

        A failure before the request is sent is ``TryLater``; after that it is ``Unknown``.
        """
        own = self.settings.house_url if chamber == "house" else self.settings.senate_url
        default = HOUSE[self.settings.mode] if chamber == "house" else SENATE
        url = urlsplit(own or default)
        local = url.hostname in ("localhost", "127.0.0.1", "::1")
        if not url.hostname or (url.scheme != "https" and not (url.scheme == "http" and local)):
            return self._later(3600, "The address of the system is not an https address.")
        https = url.scheme == "https"
        connect = http.client.HTTPSConnection if https else http.client.HTTPConnection
        connection = connect(url.hostname, url.port, timeout=self.settings.timeout)
        target = f"{url.path.rstrip('/')}{path}?{urlencode({'apikey': self._key(chamber)})}"
        headers = {"Accept": "application/xml, application/json;q=0.9"}
        if body is not None:
            headers["Content-Type"] = "application/xml"
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            return self._later(300, f"The system cannot be reached ({type(error).__name__}).")
        try:
            connection.request(method, target, body=body, headers=headers)
            response = connection.getresponse()
            content = response.read(MAX_REPLY)
        except (OSError, http.client.HTTPException) as error:
            return Unknown(f"The system did not answer ({type(error).__name__}).")
        finally:
            connection.close()
        kind = response.headers.get_content_type()
        html = kind == "text/html" or content.lstrip()[:9].lower().startswith(
            (b"<!doctype", b"<html")
        )
        return _Reply(response.status, content, response.headers.get("Retry-After", ""), html)

    def _verdict(self, reply: _Reply, *, accepted: int) -> Accepted | Refused | TryLater | Unknown:
        """What a status and a body mean."""
        production = self.settings.mode == "production"
        reasons = () if reply.is_html else error_texts(reply.body)
        status = reply.status
        if status == accepted and not reply.is_html and not reasons:
            return Accepted(production)
        if status == 409:
            return Accepted(production, earlier=True)
        if status == 400 or (status == accepted and reasons):
            return Refused(reasons or ("The system refused the message and gave no reason.",))
        if status == 415:
            return Refused(("The system does not accept the message's content type.",))
        if status in (401, 403, 404, 405):
            return self._later(3600, f"The system denied access (status {status}). Check the "
                                     "key, the address and the permitted IP address.")  # fmt: skip
        if status == 504:
            return Unknown("The system answered too late (status 504).")
        if status == 429 or status >= 500:
            wait = self._retry_after(reply.retry_after) or RETRY.get(status, 300.0)
            return self._later(wait, f"The system asks us to try again later (status {status}).")
        return Unknown(f"The system gave an unknown response (status {status}).")

    def _retry_after(self, value: str) -> float | None:
        """Seconds from a Retry-After header with a number or a date; None if it is neither."""
        if re.fullmatch(r"[0-9]{1,9}", value.strip()):
            return float(value)
        try:
            moment = email.utils.parsedate_to_datetime(value)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return (moment - self._clock()).total_seconds()


def error_texts(body: bytes) -> tuple[str, ...]:
    """The texts of all ``<Error>`` elements of a reply, at most 20 of at most 300 characters."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return ()
    texts = (" ".join("".join(map(str, e.itertext())).split()) for e in root.iter("{*}Error"))
    return tuple(text[:300] for text in dict.fromkeys(texts) if text)[:20]
