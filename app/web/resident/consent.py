"""What a person asks us to keep, purpose by purpose, sealed in the same request.

Both ticks are off until somebody sets them. The details are sealed to the campaign's public
key, so that this site cannot read them back, in the transaction that stores the signature.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.campaign.compose import body_text
from app.campaign.entities import Letter
from app.congress.model import Found
from app.cwc.message import SENATE_PREFIXES
from app.records.acts import PURPOSES, Purpose
from app.records.keys import KeyFolderError, key_status
from app.site.i18n import gettext as _
from app.site.i18n import language
from app.site.services import Services
from app.web.resident.draft import Draft

log = logging.getLogger("dear_congress")


@dataclass(frozen=True, slots=True)
class ConsentOffer:
    """What the words beside the ticks say about this site."""

    until: date
    """The last day on which sealed details may still be here."""
    readable_here: bool
    """The private key and its passphrase lie on this server too, so it is not sealed from it."""
    contact: tuple[str, str]
    """The words beside the tick for being contacted, and the hint below them."""
    asks_title: bool = False
    """Letters of the packet may go to the offices' own systems, which need a title."""


def offer(site: Services) -> ConsentOffer:
    """How long details would be kept, and who could open them as things are now."""
    until = site.campaign.ends.date() + timedelta(days=site.settings.keep_sealed_days)
    try:
        keys = [line for line in key_status(site.settings.keys, {}) if line.current]
    except KeyFolderError:
        keys = []
    # The first key of a new site is made when it is first needed, and lies here.
    readable = all(line.readable_here for line in keys)
    return ConsentOffer(until, readable, contact_words(), asks_title=bool(site.settings.cwc_agent))


def contact_words() -> tuple[str, str]:
    """What a person agrees to who may be contacted; the same is sealed with their details."""
    return (
        _("You may contact me about this campaign, by email"),
        _(
            "To contact you we keep, encrypted: your name, email address and ZIP code. Nothing "
            "else."
        ),
    )


def wanted(draft: Draft) -> tuple[Purpose, ...]:
    """The purposes that were ticked."""
    return tuple(purpose for purpose in PURPOSES if getattr(draft, purpose))


def lacking(draft: Draft) -> list[tuple[str, str]]:
    """What a tick needs and does not have, as errors beside it."""
    if not draft.contact or draft.email:
        return []
    words = _("Add your email address so that we can contact you, or clear this box.")  # fmt: skip
    return [("contact", words)]


def details(
    purpose: Purpose, draft: Draft, found: Found, letters: Sequence[Letter]
) -> dict[str, Any]:
    """What is sealed for a purpose. The names are those that ``flask letters xml`` reads."""
    mail_zip = str(draft.return_zip or draft.mail_zip)
    if purpose == "contact":
        agreed = ". ".join(contact_words())
        return {
            "first": draft.first, "last": draft.last, "email": draft.email, "zip": mail_zip,
            "consent": agreed, "consent_version": hashlib.sha256(agreed.encode()).hexdigest()[:12],
            "language": language(),
        }  # fmt: skip
    title = draft.prefix if draft.prefix in SENATE_PREFIXES else ""
    return {
        "prefix": title, "first": draft.first, "last": draft.last,
        "street": draft.street, "street2": draft.street2, "city": draft.city,
        "state": draft.mail_state, "zip": mail_zip, "email": draft.email, "phone": "",
        "district": str(found.delegation.district),
        "congress": str(found.delegation.congress), "home_state": found.delegation.state,
        "home_zip": str(draft.home_zip or ""),
        "template": draft.template, "length": "full", "story": draft.story,
        "tongue": draft.tongue,
        "letters": {letter.holder.seat.id: body_text(letter) for letter in letters},
    }  # fmt: skip
