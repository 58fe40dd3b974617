"""Provider classes for the ``geocoder`` package that ask the Census Bureau for districts.

The package's own Census provider calls the ``locations`` service, which has no districts; these
call ``geographies``. They are registered with the package under the name ``census``, so
``geocoder.get(address, provider="census")`` works like any other provider, and settings can name
another one instead. Importing this module is slow (it loads ``requests``), so
``app.congress.street`` does it on the first lookup.
"""

from __future__ import annotations

import io
import logging
import time
from typing import Any

import geocoder.api
import requests
from geocoder.uscensus import USCensusQuery, USCensusResult

from app.congress.model import ordinal

PROVIDER = "census"
_LARGEST_REPLY = 1_000_000
"""Bytes; a real reply has about 2,000 per match."""

_LEAKY_LOGGERS = (
    "geocoder", "geocoder.base", "requests", "urllib3", "urllib3.connection",
    "urllib3.connectionpool", "urllib3.poolmanager", "urllib3.util.retry",
)  # fmt: skip
"""Loggers that would write the street address as part of a URL."""


def _drop(record: logging.LogRecord) -> bool:  # noqa: ARG001 - the signature of a filter
    return False


def silence_loggers() -> None:
    """Keep every logger of the HTTP stack from writing an address, at any level.

    A filter on each logger works whatever the root logger's level and handlers are.
    """
    for name in _LEAKY_LOGGERS:
        logger = logging.getLogger(name)
        logger.disabled = True
        if _drop not in logger.filters:
            logger.addFilter(_drop)


def _geographies_params(kwargs: dict[str, Any]) -> dict[str, str]:
    return {
        "benchmark": kwargs["benchmark"],
        "vintage": kwargs["vintage"],
        "layers": f"{ordinal(kwargs['congress'])} Congressional Districts",
        "format": "json",
    }


class CensusDistrictResult(USCensusResult):  # type: ignore[misc]
    """One match, with the geographies that contain it."""

    @property
    def geographies(self) -> Any:
        """Records by layer name, as the Bureau sent them."""
        return self.raw.get("geographies")

    @property
    def zip5(self) -> str:
        """The ZIP code of the match; empty if the Bureau sent none."""
        parts = self.raw.get("addressComponents")
        return str(parts.get("zip", "")) if isinstance(parts, dict) else ""


class _CensusQuery(USCensusQuery):  # type: ignore[misc]
    """Bounds the whole reply to ``timeout`` seconds; the package bounds only each read."""

    provider = PROVIDER
    _RESULT_CLASS = CensusDistrictResult
    session: requests.Session
    error: str | bool

    def _connect(self) -> Any:
        reply = super()._connect()
        if not reply and not self.error:
            self.error = "ERROR - Empty reply"  # the package would call this "no results"
        return reply

    def rate_limited_get(self, url: str, **kwargs: Any) -> requests.Response:
        """GET within ``timeout``, without redirects, which could send the address elsewhere."""
        deadline = time.monotonic() + kwargs["timeout"]
        response = self.session.get(url, stream=True, allow_redirects=False, **kwargs)
        body = bytearray()
        try:
            while chunk := response.raw.read1(65536, decode_content=True):
                body += chunk
                if len(body) > _LARGEST_REPLY:
                    raise requests.exceptions.ContentDecodingError("reply too large")
                if time.monotonic() > deadline:
                    raise requests.exceptions.ReadTimeout("reply too slow")
        finally:
            response.close()
        response.raw = io.BytesIO(body)
        return response


class CensusDistrictQuery(_CensusQuery):
    """Asks for the congressional district of a one-line address.

    Besides the package's usual keywords, it takes ``benchmark``, ``vintage`` and ``congress``.
    """

    method = "geocode"
    _URL = "https://geocoding.geo.census.gov/geocoder/geographies/onelineaddress"

    def _build_params(self, location: str, provider_key: str, **kwargs: Any) -> dict[str, str]:  # noqa: ARG002
        return {"address": location, **_geographies_params(kwargs)}

    def _adapt_results(self, json_response: Any) -> Any:
        return json_response["result"]["addressMatches"]


class CensusPointQuery(_CensusQuery):
    """Asks for the congressional district of a point (latitude, longitude)."""

    method = "reverse"
    _URL = "https://geocoding.geo.census.gov/geocoder/geographies/coordinates"

    def _build_params(
        self,
        location: tuple[float, float],
        provider_key: str,  # noqa: ARG002
        **kwargs: Any,
    ) -> dict[str, str]:
        latitude, longitude = location
        return {"x": str(longitude), "y": str(latitude), **_geographies_params(kwargs)}

    def _adapt_results(self, json_response: Any) -> Any:
        return [json_response["result"]]


def register() -> None:
    """Register ``census`` as a provider of the ``geocoder`` package."""
    geocoder.api.options[PROVIDER] = {"geocode": CensusDistrictQuery, "reverse": CensusPointQuery}


register()
