"""What a person asks us to keep, by purpose, sealed in the same request.

Both boxes start unticked. The transaction that stores the signature also stores the details,
sealed to the campaign's public key, so that this site cannot read them back.
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
    """What the text next to the boxes says about this site."""

    until: date
    """The last day on which sealed details may still be here."""
    is_open: bool
    """Whether the boxes are offered, which they are not if details would be deleted at once."""
    readable_here: bool
    """Whether the private key and its passphrase are on this server too, so that it can read the
    details."""
    contact: tuple[str, str]
    """The label of the box for being contacted, and the hint below it."""
    asks_title: bool = False
    """Whether letters of the packet may go to the offices' own systems, which need a title."""


def offer(site: Services) -> ConsentOffer:
    """How long the details of someone who signs now are kept, and whether this server could read
    them now."""
    days = site.settings.keep_sealed_days
    try:
        keys = [line for line in key_status(site.settings.keys, {}) if line.current]
    except KeyFolderError:
        keys = []
    # A new site makes its first key when it is first needed, on this server.
    readable = all(line.readable_here for line in keys)
    return ConsentOffer(
        kept_until(site, days), may_be_kept(site, days), readable, contact_words(),
        asks_title=bool(site.settings.cwc_agent),
    )  # fmt: skip


def kept_until(site: Services, days: int, signed: date | None = None) -> date:
    """The last day on which what is kept for ``days`` days after the Congress, or after signing if
    that is later, may still be here; ``signed`` defaults to the last day to sign a form of now."""
    signed = signed or site.today() + timedelta(days=1)
    return max(site.campaign.ends.date(), signed) + timedelta(days=max(days, 1))


def may_be_kept(site: Services, days: int, signed: date | None = None) -> bool:
    """Whether keeping for ``days`` days is offered to someone who signed on a day, or signs today.
    If not, the next purge would delete what is kept."""
    today = site.today()
    return today < max(site.campaign.ends.date(), signed or today) + timedelta(days=days)


def contact_words() -> tuple[str, str]:
    """What a person agrees to by ticking the contact box; it is sealed with their details."""
    return (
        _("You may contact me about this campaign, by email"),
        _(
            "To contact you we keep, encrypted: your name, email address and ZIP code. Nothing "
            "else."
        ),
    )


def ticked(draft: Draft, site: Services) -> tuple[Purpose, ...]:
    """The purposes whose boxes were ticked; none once the boxes are no longer offered."""
    if not may_be_kept(site, site.settings.keep_sealed_days):
        return ()
    return tuple(purpose for purpose in PURPOSES if getattr(draft, purpose))


def tick_errors(draft: Draft, site: Services) -> list[tuple[str, str]]:
    """What a ticked box requires and the draft lacks, as errors next to the box."""
    if "contact" not in ticked(draft, site) or draft.email:
        return []
    words = _("Add your email address so that we can contact you, or clear this box.")  # fmt: skip
    return [("contact", words)]


def details(
    purpose: Purpose, draft: Draft, found: Found, letters: Sequence[Letter]
) -> dict[str, Any]:
    """What is sealed for a purpose. ``flask letters xml`` reads these keys."""
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
