"""When the offices' systems may be called: maintenance windows and pace.

Facts: Communicating With Congress, as its implementers describe it (2026-09): House daily
00:00 to 06:00, Senate Sundays 00:00 to 06:00 and Wednesdays 05:00 to 07:00, Washington
time; five to ten messages a second at most.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from threading import Lock
from zoneinfo import ZoneInfo

from app.congress.model import Chamber

WASHINGTON = ZoneInfo("America/New_York")
_WEDNESDAY, _SUNDAY = 2, 6
_MINUTE = 60.0


def maintenance_ends(chamber: Chamber, now: datetime) -> datetime | None:
    """When the maintenance that is going on at ``now`` (aware) ends, in UTC; None if none is."""
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


class Pace:
    """Holds calls back so that no minute has too many, in all and for one office.

    ``monotonic`` gives seconds; ``sleep`` waits for that many. Safe to use from threads.
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
        """Return when one more message may go to ``office``, and count it."""
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
        """Seconds until the oldest call that fills the minute is a minute old."""
        while calls and now - calls[0] >= _MINUTE:
            calls.popleft()
        return calls[0] + _MINUTE - now if len(calls) >= limit else 0.0


def later(now: datetime, seconds: float) -> datetime:
    """A moment in UTC, so many seconds from ``now``."""
    return now.astimezone(UTC) + timedelta(seconds=seconds)
