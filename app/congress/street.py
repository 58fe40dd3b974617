"""Asking a geocoder in which district a street address lies.

The address leaves this machine only here, and only when the person asked for it. Whatever
goes wrong outside becomes an answer of a named type; nothing is kept, cached or logged.
"""

from __future__ import annotations

import logging
import queue
import re
import threading
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from app.congress.model import (
    FIPS,
    STATES,
    Located,
    LookupFailed,
    NoMatch,
    OtherState,
    SeveralDistricts,
    StreetAnswer,
    WrongCongress,
    district_of_code,
)
from app.congress.tables import Tables

CENSUS_URL = "https://geocoding.geo.census.gov/geocoder/geographies/onelineaddress"

_LAYER = re.compile(r"(\d+)(?:st|nd|rd|th) Congressional Districts")
_PO_BOX = re.compile(r"\s*(?:p\.?\s*o\.?|post office)\s*box\b", re.IGNORECASE)
_MOST_LOOKUPS = threading.BoundedSemaphore(8)
"""Requests under way in this process, those included that nobody waits for any more."""
_log = logging.getLogger("dear_congress.geocoder")


@dataclass(frozen=True, slots=True)
class GeocoderSettings:
    """Which geocoder to ask, and how.

    ``vintages`` says which of the Bureau's vintages answers with the lines of which Congress.
    Its default vintage changes without notice, so one is always named, and the reply is
    checked all the same.
    """

    provider: str = "census"
    """A provider name of the ``geocoder`` package; ``census`` is registered by this project.
    Another one is asked for the place only, and the Bureau for the district of that point."""
    url: str = CENSUS_URL
    vintages: Mapping[int, str] = field(
        default_factory=lambda: {119: "ACS2025_Current", 120: "ACS2026_Current"}
    )
    benchmark: str = "Public_AR_Current"
    timeout: float = 5.0
    """Seconds until the person gets an answer, all tries together."""
    tries: int = 2
    """The second starts when the first has failed or has taken its half of the time."""

    def layer(self, state: str | None, tables: Tables) -> tuple[int, str]:
        """The Congress whose lines to ask for in ``state`` (or in any), and the vintage."""
        wanted = tables.lines_of(state) if state else tables.congress
        known = wanted if wanted in self.vintages else max(self.vintages)
        return known, self.vintages[known]


def one_line(street: str, city: str, state: str | None, zip5: str) -> str:
    """``12 Larkspur Ct, Brooklyn, NY 11201``; what is missing leaves no comma behind."""
    parts = (" ".join(part.split()) for part in (street, city, f"{state or ''} {zip5}"))
    return ", ".join(part for part in parts if part)[:300]


def read_districts(
    geographies: Any, good: Callable[[str], Container[int]]
) -> Located | WrongCongress | LookupFailed:
    """The district in one match's ``geographies`` (layer name to records).

    ``good`` gives for a state the Congresses whose lines hold there now; a layer of another
    one is refused. The district is the last two characters of ``GEOID``, since one of the
    vintages leaves ``CD119`` out; ``STATE`` and ``CDSESSN`` must agree with it and with the
    layer's name.
    """
    if not isinstance(geographies, dict):
        return _odd("no geographies")
    layers = {int(m[1]): name for name in geographies if (m := _LAYER.fullmatch(str(name)))}
    if not layers:
        return _odd("no layer of districts")
    answers = [
        _of_layer(congress, geographies[layers[congress]], good) for congress in sorted(layers)
    ]
    fine = [answer for answer in answers if isinstance(answer, Located)]
    return fine[0] if fine else answers[-1]


def _of_layer(
    congress: int, records: Any, good: Callable[[str], Container[int]]
) -> Located | WrongCongress | LookupFailed:
    if not isinstance(records, list):
        return _odd("a layer that is no list")
    if not records:
        return LookupFailed("no_district")
    record = records[0]
    if len(records) > 1 or not isinstance(record, dict):
        return _odd("several records in a layer")
    session, geoid = str(record.get("CDSESSN")), str(record.get("GEOID"))
    if not (session.isascii() and session.isdigit()) or not re.fullmatch(r"\d\d[0-9Z]{2}", geoid):
        return _odd("no CDSESSN or GEOID as known")
    if int(session) != congress:
        return WrongCongress(int(session))
    state, district = FIPS.get(geoid[:2]), district_of_code(geoid[2:])
    if state is None or record.get("STATE") != geoid[:2]:
        return _odd("a STATE that differs from GEOID")
    if congress not in good(state):
        return WrongCongress(congress)
    return LookupFailed("no_district") if district is None else Located(state, district)


def _odd(what: str) -> LookupFailed:
    """Log that the reply is not laid out as known, in our own words: none of its own."""
    _log.warning("The address lookup's reply has a layout that is not known: %s.", what)
    return LookupFailed("bad_reply")


def _judge(
    answers: list[Located | WrongCongress | LookupFailed], state: str | None
) -> StreetAnswer:
    """One answer from those of all matches, in the state that the person gave."""
    if not answers:
        return NoMatch()
    located = list(dict.fromkeys(answer for answer in answers if isinstance(answer, Located)))
    if not located:
        return answers[0]
    here = [place for place in located if not state or place.state == state]
    if not here:
        return OtherState(located[0].state)
    return here[0] if len(here) == 1 else SeveralDistricts(tuple(here))


def _ask_once(
    address: str, state: str | None, settings: GeocoderSettings, tables: Tables, wait: float
) -> StreetAnswer:
    """One try, of at most about ``wait`` seconds."""
    import geocoder
    import requests

    from app.congress import geocode

    geocode.silence_loggers()
    began = time.monotonic()
    congress, vintage = settings.layer(state, tables)
    census = {"vintage": vintage, "benchmark": settings.benchmark, "congress": congress}
    with requests.Session() as session:
        session.headers["User-Agent"] = "dear-congress"

        def get(place: Any, provider: str, method: str, **more: Any) -> Any:
            left = max(wait - (time.monotonic() - began), 0.05)
            return geocoder.get(
                place, provider=provider, method=method, session=session, timeout=left, **more
            )

        if settings.provider == geocode.PROVIDER:
            reply = get(address, geocode.PROVIDER, "geocode", url=settings.url, **census)
            if failure := _failure(reply, began, wait):
                return failure
            matches = [result.geographies for result in reply]
        else:
            reply = get(address, settings.provider, "geocode")
            if failure := _failure(reply, began, wait):
                return failure
            matches = []
            for result in list(reply)[:3]:
                point = (float(result.lat), float(result.lng))
                url = settings.url.replace("/onelineaddress", "/coordinates")
                found = get(point, geocode.PROVIDER, "reverse", url=url, **census)
                if failure := _failure(found, began, wait):
                    return failure
                matches += [one.geographies for one in found]
    return _judge([read_districts(match, tables.good_lines) for match in matches], state)


def _failure(reply: Any, began: float, wait: float) -> LookupFailed | None:
    """Why a query has no results that count; None when it was answered properly.

    ``reply.status`` and ``reply.error`` hold the address and are never shown or kept.
    """
    if not reply.error:
        return None
    if time.monotonic() - began >= wait * 0.95:
        return LookupFailed("timeout")
    code = reply.status_code
    return LookupFailed("bad_reply" if isinstance(code, int) and code < 500 else "unreachable")


def _safely(ask: Callable[[], StreetAnswer]) -> StreetAnswer:
    """Run one try; any exception becomes an answer, because its text may hold the address."""
    import requests

    try:
        return ask()
    except (requests.RequestException, OSError):
        return LookupFailed("unreachable")
    except ValueError as error:
        # The package's own words for a provider that it does not have.
        known = str(error) in ("Invalid provider", "Invalid method", "Provide API Key")
        return LookupFailed("provider" if known else "bad_reply")
    except Exception:  # noqa: BLE001 - any provider class may raise anything
        return LookupFailed("bad_reply")


def _start(ask: Callable[[], StreetAnswer], answers: queue.SimpleQueue[StreetAnswer]) -> None:
    """Run one try in its own thread, so that no provider can hold up the person's page."""
    slots = _MOST_LOOKUPS
    if not slots.acquire(blocking=False):
        answers.put(LookupFailed("busy"))
        return

    def run() -> None:
        try:
            answers.put(_safely(ask))
        finally:
            slots.release()

    threading.Thread(target=run, name="street-lookup", daemon=True).start()


def _is_final(answer: StreetAnswer) -> bool:
    """Whether another try could not do better: the Bureau's maps and moods change by the minute."""
    return not isinstance(answer, LookupFailed | WrongCongress) or answer == LookupFailed(
        "provider"
    )


def locate_street(
    street: str,
    city: str,
    state: str | None,
    zip5: str,
    *,
    geocoder: GeocoderSettings,
    tables: Tables,
) -> StreetAnswer:
    """In which district this address lies, according to the configured geocoder.

    ``tables`` as they hold now say whose lines count in each state.

    Returns within about ``geocoder.timeout`` seconds, whatever the other side does:
    ``Located``; ``SeveralDistricts`` when the address fits places in different districts;
    ``NoMatch``; ``OtherState`` when it was found only outside ``state``; ``WrongCongress``
    when its lines do not hold in that state now; ``LookupFailed`` with a reason (``busy`` at
    once when too many requests are under way). Never raises, keeps nothing, and logs no
    word of the address or of the reply.
    """
    if not street.strip() or _PO_BOX.match(street):
        return NoMatch()  # a box has no place on a map, so the address need not leave at all
    address = one_line(street, city, state, zip5)
    home = state if state in STATES else None
    return _locate(partial(_ask_once, address, home, geocoder, tables), geocoder)


def _locate(ask: Callable[[float], StreetAnswer], geocoder: GeocoderSettings) -> StreetAnswer:
    """Up to ``geocoder.tries`` answers of ``ask`` (given its seconds), the first final one."""
    began = time.monotonic()
    deadline = began + geocoder.timeout
    answers: queue.SimpleQueue[StreetAnswer] = queue.SimpleQueue()
    started = pending = 0
    last: StreetAnswer = LookupFailed("timeout")
    while True:
        now = time.monotonic()
        due = began + geocoder.timeout * started / max(geocoder.tries, 1)
        if started < geocoder.tries and (not pending or now >= due):
            _start(partial(ask, max(deadline - now, 0.05)), answers)
            started, pending = started + 1, pending + 1
            continue
        if not pending:
            return last
        until = min(deadline, due) if started < geocoder.tries else deadline
        try:
            answer = answers.get(timeout=max(until - now, 0.001))
        except queue.Empty:
            if time.monotonic() >= deadline:
                return last
            continue
        pending -= 1
        if _is_final(answer):
            return answer
        last = answer
