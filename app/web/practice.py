"""A test journey: an organizer goes through the resident's pages, and nothing of it ever counts.

The marker is a signed time that travels in the draft. Only an organizer's page makes one, and it
works for two hours. It cannot be forged: a value that the site did not sign is ignored, and the
journey counts like any other. With an expired marker, signing is refused, so that no test gets
into the counts.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

from flask import request

from app.records.acts import SignatureRequest
from app.records.signing import receipt
from app.site.i18n import gettext as _
from app.site.services import Services, services
from app.site.tokens import sign, unsign
from app.web.forms import posted, queried

FIELD = "test"
MINUTES = 120
MOST_CHARACTERS = 200
State = Literal["none", "on", "over"]


def make_marker(site: Services, organizer: int) -> str:
    """A marker that an organizer makes now."""
    made = f"o{organizer}.{int(site.clock().timestamp())}"
    return sign(site.settings.secret_key, "test journey", made)


def state_of(marker: str, site: Services) -> State:
    """Whether a journey with this marker is a test, an expired test, or none. Never raises."""
    made = unsign(site.settings.secret_key, "test journey", marker[:MOST_CHARACTERS])
    if made is None:
        return "none"
    age = site.clock().timestamp() - int(made.rpartition(".")[2])
    return "on" if 0 <= age <= MINUTES * 60 else "over"


def genuine(marker: str, site: Services) -> str:
    """The marker if this site signed it, expired or not; otherwise empty."""
    return marker if state_of(marker, site) != "none" else ""


def expired_words(marker: str, site: Services) -> str:
    """Why a test journey can no longer be signed; empty if it can."""
    if state_of(marker, site) != "over":
        return ""
    return _(
        "This test run is over after two hours. Nothing was signed or counted. Start a new one "
        "from the organizers’ pages."
    )  # fmt: skip


def as_test(signature: SignatureRequest, marker: str, site: Services) -> SignatureRequest:
    """The signature, turned into a test if the journey is one: never counted, held or mailed."""
    if state_of(marker, site) == "none":
        return signature
    return dataclasses.replace(signature, status="test", held_for=None, mailbox="", source="")


def is_test_receipt(site: Services) -> bool:
    """Whether this request is for the receipt of a test journey."""
    found = receipt(site.db(), str((request.view_args or {}).get("token", "")))
    return found is not None and found.test


def marker() -> str:
    """The marker that this request carries, unchecked."""
    return (posted().get(FIELD) or queried().get(FIELD, "")).strip()


def banner() -> State:
    """Which test banner this page shows at the top."""
    site = services()
    endpoint = (request.endpoint or "").removeprefix("es_")
    if endpoint == "resident.receipt" and request.view_args:
        return "on" if is_test_receipt(site) else "none"
    if not endpoint.startswith("resident."):
        return "none"
    return state_of(marker(), site)
