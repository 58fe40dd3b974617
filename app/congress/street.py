"""Asking a geocoder for the district of a street address.

The address leaves this machine only here, and only if the person asked for it. Any failure
outside becomes an answer of a named type; nothing is kept, cached or logged.
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
from app.congress.places import address_alone
from app.congress.tables import Tables
from app.text import clean_line, fold_digits

CENSUS_URL = "https://geocoding.geo.census.gov/geocoder/geographies/onelineaddress"

_LAYER = re.compile(r"(\d+)(?:st|nd|rd|th) Congressional Districts")
_PO_BOX = re.compile(
    r"\s*(?:(?:p\.?\s*o\.?|post office)\s*box(?![a-z])|p\.?o\.?b\.?\s*#?\d|box\s*#?\d"
    r"|apartado\b|apdo\b|general delivery\b|entrega general\b)",
    re.IGNORECASE,
)
_FRACTIONS = {"½": " 1/2", "¼": " 1/4", "¾": " 3/4"}
_MOST_LOOKUPS = threading.BoundedSemaphore(8)
"""Bounds the requests in flight in this process, including those that timed out for the caller."""
_log = logging.getLogger("dear_congress.geocoder")


@dataclass(frozen=True, slots=True)
class GeocoderSettings:
    """Which geocoder to ask, and how.

    ``vintages`` maps each Congress to the Bureau's vintage that has its lines. The Bureau's
    default vintage changes without notice, so one is always named, and the reply is still
    checked.
    """

    provider: str = "census"
    """A provider name of the ``geocoder`` package; this project registers ``census``. Any other
    provider is asked only for the point, and the Bureau for the district of that point."""
    url: str = CENSUS_URL
    vintages: Mapping[int, str] = field(
        default_factory=lambda: {119: "ACS2025_Current", 120: "ACS2026_Current"}
    )
    benchmark: str = "Public_AR_Current"
    timeout: float = 5.0
    """How long the person waits for an answer, in seconds, for all tries together."""
    tries: int = 2
    """The second starts once the first has failed or has used half of the time."""

    def layer(self, state: str | None, tables: Tables) -> tuple[int, str]:
        """The Congress whose lines to ask for in ``state`` (None: any state), and the vintage."""
        wanted = tables.lines_of(state) if state else tables.congress
        congress = wanted if wanted in self.vintages else max(self.vintages)
        return congress, self.vintages[congress]


def one_line(street: str, city: str, state: str | None, zip5: str) -> str:
    """``12 Larkspur Ct, Brooklyn, NY 11201``; a missing part leaves no stray comma, and a town
    after the street is not repeated."""
    for sign, digits in _FRACTIONS.items():
        street = street.replace(sign, digits)
    street, _, city = address_alone(fold_digits(clean_line(street)), "", city, state or "")
    parts = (" ".join(part.split()) for part in (street, city, f"{state or ''} {zip5}"))
    return ", ".join(part for part in parts if part)[:300]


def read_districts(
    geographies: Any, accepted: Callable[[str], Container[int]]
) -> Located | WrongCongress | LookupFailed:
    """The district in one match's ``geographies`` (records by layer name).

    ``accepted`` returns the Congresses with the lines now in force in a state; layers of others
    are refused. The district is the last two characters of ``GEOID``, because one of
    the vintages omits ``CD119``; ``STATE`` must agree with ``GEOID``, and ``CDSESSN`` with the
    layer's name.
    """
    if not isinstance(geographies, dict):
        return _unknown_layout("no geographies")
    layers = {int(m[1]): name for name in geographies if (m := _LAYER.fullmatch(str(name)))}
    if not layers:
        return _unknown_layout("no layer of districts")
    answers = [
        _read_layer(congress, geographies[layers[congress]], accepted)
        for congress in sorted(layers)
    ]
    located = [answer for answer in answers if isinstance(answer, Located)]
    return located[0] if located else answers[-1]


def _read_layer(
    congress: int, records: Any, accepted: Callable[[str], Container[int]]
) -> Located | WrongCongress | LookupFailed:
    if not isinstance(records, list):
        return _unknown_layout("a layer that is not a list")
    if not records:
        return LookupFailed("no_district")
    record = records[0]
    if len(records) > 1 or not isinstance(record, dict):
        return _unknown_layout("several records in a layer")
    session, geoid = str(record.get("CDSESSN")), str(record.get("GEOID"))
    if not (session.isascii() and session.isdigit()) or not re.fullmatch(r"\d\d[0-9Z]{2}", geoid):
        return _unknown_layout("no CDSESSN or GEOID in a known form")
    if int(session) != congress:
        return WrongCongress(int(session))
    state, district = FIPS.get(geoid[:2]), district_of_code(geoid[2:])
    if state is None or record.get("STATE") != geoid[:2]:
        return _unknown_layout("a STATE that differs from GEOID")
    if congress not in accepted(state):
        return WrongCongress(congress)
    return LookupFailed("no_district") if district is None else Located(state, district)


def _unknown_layout(what: str) -> LookupFailed:
    """Log, without quoting it, that the reply has an unknown layout."""
    _log.warning("The address lookup's reply has an unknown layout: %s.", what)
    return LookupFailed("bad_reply")


def _combine(
    answers: list[Located | WrongCongress | LookupFailed], state: str | None
) -> StreetAnswer:
    """One answer from those of all matches, for the state that the person named."""
    if not answers:
        return NoMatch()
    located = list(dict.fromkeys(answer for answer in answers if isinstance(answer, Located)))
    if not located:
        return answers[0]
    here = [place for place in located if not state or place.state == state]
    if not here:
        return OtherState(located[0].state)
    return here[0] if len(here) == 1 else SeveralDistricts(tuple(here))


def _is_elsewhere(answer: object, there: str, zip5: str, tables: Tables) -> bool:
    """Whether a match is of a like-named street in another town: it has another ZIP code, and a
    district of which this one has no part. Where only one of the two differs, the lists do."""
    if not isinstance(answer, Located) or there in ("", zip5):
        return False
    here = [part for part in tables.zips.get(zip5, ()) if part.state == answer.state]
    return bool(here) and answer.district not in [c.district for c in here[0].candidates]


def _ask_once(
    address: str,
    state: str | None,
    settings: GeocoderSettings,
    tables: Tables,
    wait: float,
    *,
    zip5: str,
) -> StreetAnswer:
    """One try, taking at most about ``wait`` seconds."""
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
            matches = [(result.geographies, result.zip5) for result in reply]
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
                matches += [(one.geographies, "") for one in found]
    answers = [(read_districts(match, tables.equivalent_lines), there) for match, there in matches]
    return _combine([a for a, at in answers if not _is_elsewhere(a, at, zip5, tables)], state)


def _failure(reply: Any, began: float, wait: float) -> LookupFailed | None:
    """Why a query failed; None if it was answered properly.

    ``reply.status`` and ``reply.error`` contain the address and are never shown or kept.
    """
    if not reply.error:
        return None
    if time.monotonic() - began >= wait * 0.95:
        return LookupFailed("timeout")
    code = reply.status_code
    return LookupFailed("bad_reply" if isinstance(code, int) and code < 500 else "unreachable")


def _safely(ask: Callable[[], StreetAnswer]) -> StreetAnswer:
    """Run one try; an exception becomes an answer, because its text may contain the address."""
    import requests

    try:
        return ask()
    except (requests.RequestException, OSError):
        return LookupFailed("unreachable")
    except ValueError as error:
        # The package's messages for a provider that it does not have or that is not set up.
        known = str(error) in ("Invalid provider", "Invalid method", "Provide API Key")
        return LookupFailed("provider" if known else "bad_reply")
    except Exception:  # noqa: BLE001 - any provider class may raise anything
        return LookupFailed("bad_reply")


def _start(ask: Callable[[], StreetAnswer], answers: queue.SimpleQueue[StreetAnswer]) -> None:
    """Run one try in its own thread, so that a slow provider cannot hold up the page."""
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
    """Whether another try is pointless; the Bureau's replies can change from minute to minute."""
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
    """The district of this address, according to the configured geocoder.

    ``tables``, as of now, say whose lines are in force in each state.

    Returns within about ``geocoder.timeout`` seconds, whatever the server does: ``Located``;
    ``SeveralDistricts`` if the address matches places in different districts; ``NoMatch``;
    ``OtherState`` if it was found only outside ``state``; ``WrongCongress`` if the lines in the
    reply are not in force in that state now; ``LookupFailed`` with a reason (immediately
    ``busy`` if too many requests are in flight). Never raises, keeps nothing, and logs no word of
    the address or the reply.
    """
    if not street.strip() or _PO_BOX.match(street):
        return NoMatch()  # a box is on no map, so the address need not leave this machine
    address = one_line(street, city, state, zip5)
    home = state if state in STATES else None
    return _locate(partial(_ask_once, address, home, geocoder, tables, zip5=zip5), geocoder)


def _locate(ask: Callable[[float], StreetAnswer], geocoder: GeocoderSettings) -> StreetAnswer:
    """The first final answer of up to ``geocoder.tries`` calls of ``ask``, which is passed its
    seconds; else the last answer."""
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
