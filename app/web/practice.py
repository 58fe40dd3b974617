"""A test journey: an organizer walks the resident's way, and nothing of it ever counts.

The marker is a signed time in the draft, beside everything else that was typed. Only an
organizer's page makes one, it works for two hours, and nobody can make one up: whatever the
site has not signed is no marker, and the journey counts like any other. A marker that is too
old counts nothing either: signing is refused, so that no test slips into the counts.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

from flask import Flask, request

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
    """A marker of now, made by an organizer."""
    made = f"o{organizer}.{int(site.clock().timestamp())}"
    return sign(site.settings.secret_key, "test journey", made)


def state_of(marker: str, site: Services) -> State:
    """Whether a journey with this marker is a test, was one, or is none. Never raises."""
    made = unsign(site.settings.secret_key, "test journey", marker[:MOST_CHARACTERS])
    if made is None:
        return "none"
    age = site.clock().timestamp() - int(made.rpartition(".")[2])
    return "on" if 0 <= age <= MINUTES * 60 else "over"


def known(marker: str, site: Services) -> str:
    """The marker if it is one of ours, else nothing."""
    return marker if state_of(marker, site) != "none" else ""


def in_the_way(marker: str, site: Services) -> str:
    """Why a test journey cannot be signed any more; empty where nothing is in the way."""
    if state_of(marker, site) != "over":
        return ""
    return _(
        "This test run is over after two hours. Nothing was signed or counted. Start a new one "
        "from the organizers’ pages."
    )  # fmt: skip


def marked(signature: SignatureRequest, marker: str, site: Services) -> SignatureRequest:
    """The signature as a test, if the journey is one: it never counts and asks nobody anything."""
    if state_of(marker, site) == "none":
        return signature
    return dataclasses.replace(signature, status="test", held_for=None, mailbox="", source="")


def is_test_receipt(site: Services) -> bool:
    """Whether the present request names the receipt of a test journey."""
    found = receipt(site.db(), str((request.view_args or {}).get("token", "")))
    return found is not None and found.test


def marker() -> str:
    """What the present request says to be a marker."""
    return (posted().get(FIELD) or queried().get(FIELD, "")).strip()


def banner() -> State:
    """What the present page says on top of it."""
    site = services()
    endpoint = (request.endpoint or "").removeprefix("es_")
    if endpoint == "resident.receipt" and request.view_args:
        return "on" if is_test_receipt(site) else "none"
    if not endpoint.startswith("resident."):
        return "none"
    return state_of(marker(), site)


def set_up_practice(app: Flask) -> None:
    """Let every page say that it belongs to a test journey."""
    app.context_processor(lambda: {"test_banner": banner()})
