"""Which signature a form belongs to, for the pages after signing."""

from __future__ import annotations

from app.records import Receipt, person_key, receipt, receipt_token
from app.site.i18n import gettext as _
from app.site.services import Services
from app.web.pages import Page
from app.web.resident.draft import Draft, who
from app.web.resident.journey import Data, Ready, ready, review_page


def token_of(data: Data, site: Services) -> str:
    """The receipt's token for this form; empty when the form's own token is not ours."""
    nonce = site.tokens.read(data.get("token", "")).nonce
    return receipt_token(site.settings.secret_key, nonce) if nonce else ""


def signed_of(data: Data, site: Services) -> Receipt | None:
    """The receipt of this form's signature, withdrawn or not; None when it was never signed."""
    token = token_of(data, site)
    return receipt(site.db(), token) if token else None


def ready_and_signed(data: Data, site: Services) -> tuple[Ready, Receipt] | Page:
    """The draft with its receipt, or the page that says what is in the way."""
    checked = ready(data, site, fresh=False)
    if isinstance(checked, Page):
        return checked
    signed = signed_of(data, site)
    if signed is None or signed.withdrawn:
        words = _(
            "These letters are not signed yet. Please read them and press the button to sign."
        )
        return review_page(checked.draft, checked.found, site, errors=[("", words)], status=409)
    return checked, signed


def person_of(draft: Draft, site: Services) -> bytes:
    """The keyed code of the person whom a draft names, as signing makes it."""
    return person_key(site.settings.person_key, site.campaign.slug, **who(draft))
