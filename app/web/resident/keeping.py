"""The words of a person's letters behind the address of their receipt, if they ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.documents import Addressed, postal
from app.records import NotStoredError
from app.records.kept import drop_letters, keep_letters, kept_letters
from app.records.sealing import TooLargeToSealError
from app.site.i18n import gettext as _
from app.site.services import Services
from app.web.pages import Page
from app.web.resident.journey import Data
from app.web.resident.letters import addressed
from app.web.resident.signed import ready_and_signed, token_of


@dataclass(frozen=True, slots=True)
class Keeping:
    """What the page with the letters says about keeping them."""

    until: date
    """The last day on which they may still be here."""
    kept: bool
    """These very words are kept."""
    others: bool
    """Other words are kept, from before the letters were changed."""


def keeping(receipt: str, items: Sequence[Addressed], site: Services) -> Keeping:
    """Whether these letters are kept behind the receipt."""
    there = kept_letters(site.db(), receipt)
    same = there == texts(items)
    return Keeping(until(site), same, bool(there) and not same)


def until(site: Services) -> date:
    """The last day on which kept letters may still be here."""
    return site.campaign.ends.date() + timedelta(days=site.settings.keep_letters_days)


def texts(items: Sequence[Addressed]) -> dict[str, str]:
    """By seat: each letter as it is kept, from its date to the name, without the own address."""
    found = {}
    for item in items:
        page = postal(item.letter, item.writer, item.office)
        parts = (
            page.date, "\n".join(page.inside_address), page.subject, page.salutation,
            *page.paragraphs, page.closing, page.name,
        )  # fmt: skip
        found[item.letter.holder.seat.id] = "\n\n".join(part for part in parts if part)
    return found


def keep(data: Data, site: Services) -> Page | None:
    """Keep the letters of this form behind its receipt. A page where something is in the way."""
    checked = ready_and_signed(data, site)
    if isinstance(checked, Page):
        return checked
    ready, _signed = checked
    items = addressed(ready.draft, ready.found, ready.site)
    try:
        keep_letters(site.db(), token_of(data, site), texts(items), day=site.today())
    except (NotStoredError, TooLargeToSealError):
        return _not_now(
            _("Your letters could not be kept just now"),
            _("Nothing was lost. Please go back and press the button again in a minute."),
        )
    return None


def drop(token: str, site: Services) -> Page | None:
    """Delete what is kept behind a receipt; harmless a second time."""
    try:
        drop_letters(site.db(), token)
    except NotStoredError:
        return _not_now(
            _("Your letters could not be removed just now"),
            _("Nothing was changed. Please go back and press the button again in a minute."),
        )
    return None


def _not_now(heading: str, text: str) -> Page:
    return Page("error.html", {"status": 503, "heading": heading, "text": text}, 503)
