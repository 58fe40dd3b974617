"""The receipt: whom a person wrote to, and the way to withdraw. It names nobody."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.congress import Holder
from app.congress.model import district_key
from app.records import LetterRow, NotStoredError, Receipt, receipt, withdraw
from app.records.deliveries import Deliveries
from app.records.kept import kept_letters
from app.records.sealing import PURPOSES, drop_for_receipt
from app.records.statements import commitment_of
from app.site.i18n import gettext as _
from app.site.i18n import moment_words, page_url
from app.site.services import Services
from app.web.pages import Page
from app.web.resident import keeping
from app.web.resident.consent import offer
from app.web.resident.copies import mail_lines
from app.web.resident.people import role, title_name
from app.web.resident.sharing import sharing
from app.web.resident.states import delivery_words, state_words


@dataclass(frozen=True, slots=True)
class Line:
    """One recipient on the receipt."""

    title_name: str
    role: str
    state_words: str
    since: str
    more: str = ""
    """What more is known of its way to the office's own system."""
    text: tuple[str, ...] = ()
    """The letter's paragraphs, where they are kept behind this receipt."""


def receipt_page(token: str, site: Services) -> Page:
    """The receipt with this token, or a page that says that there is none (404)."""
    found = receipt(site.db(), token)
    if found is None:
        return _unknown()
    return _page(token, found, site)


def withdraw_signature(token: str, site: Services) -> bool:
    """Withdraw; harmless a second time. False when there is no such receipt."""
    return withdraw(site.db(), token) is not None


def withdrawn_or_unknown(token: str, site: Services) -> Page | str:
    """After the button: the address of the receipt, or the page for an unknown token."""
    try:
        return (
            page_url("resident.receipt", token=token)
            if withdraw_signature(token, site)
            else _unknown()
        )
    except NotStoredError:
        context = {
            "status": 503,
            "heading": _("Your signature could not be withdrawn just now"),
            "text": _(
                "Nothing was changed. Please go back and press the button again in a minute."
            ),
        }
        return Page("error.html", context, 503)


def forgotten_or_unknown(token: str, site: Services) -> Page | str:
    """After the button that removes what is sealed and lets the signature stand."""
    try:
        if receipt(site.db(), token) is None:
            return _unknown()
        for purpose in PURPOSES:
            drop_for_receipt(site.db(), token, purpose)
    except NotStoredError:
        context = {
            "status": 503,
            "heading": _("The sealed copy could not be removed just now"),
            "text": _(
                "Nothing was changed. Please go back and press the button again in a minute."
            ),
        }
        return Page("error.html", context, 503)
    return page_url("resident.receipt", token=token)


def dropped_or_unknown(token: str, site: Services) -> Page | str:
    """After the button that removes the kept letters and lets the signature stand."""
    if receipt(site.db(), token) is None:
        return _unknown()
    return keeping.drop(token, site) or page_url("resident.receipt", token=token)


def _unknown() -> Page:
    context = {
        "status": 404,
        "heading": _("There is no receipt at this address"),
        "text": _(
            "Please check that you copied the whole address. Receipts cannot be searched for, "
            "because they do not say whose they are."
        ),
    }
    return Page("error.html", context, 404)


def _page(token: str, found: Receipt, site: Services) -> Page:
    kept = kept_letters(site.db(), token)
    rows = Deliveries(site.settings.database).of_receipt(token)
    letters = [
        replace(
            _line(row, site),
            more=delivery_words(rows.get(row.seat)),
            text=tuple(kept[row.seat].split("\n\n")) if row.seat in kept else (),
        )
        for row in found.letters
    ]
    context = {
        "receipt_token": token,
        "commitment": commitment_of(
            found.campaign, found.state, district_key(str(found.district), found.congress), token
        ).hex(),
        "withdrawn": found.withdrawn,
        "day": found.day,
        "count": sum(row.bioguide is not None for row in found.letters),
        "letters": letters,
        "own_reports": all(
            row.cause != "office system" and row.state != "queued" for row in found.letters
        ),
        "mails": mail_lines(token, site),
        "waits_for": found.waits_for,
        "kept": found.kept,
        "until": offer(site).until,
        "has_texts": bool(kept),
        "texts_until": keeping.until(site),
        "share": sharing(site),
        "draft_page": "receipt",
    }
    return Page("resident/receipt.html", context)


def _line(row: LetterRow, site: Services) -> Line:
    """The recipient of a letter, who may have left Congress since."""
    holder = site.tables.holder(row.seat)
    if row.bioguide is None or holder is None:
        words = state_words("not attempted")
        return Line(_("No letter"), role(holder) if holder else row.seat, words, "")
    words = state_words(row.state, row.cause)
    since = moment_words(row.at, site.campaign.timezone) if row.at else ""
    if holder.member is None or holder.member.bioguide != row.bioguide:
        then = site.tables.at(site.tables.as_of)  # who was listed, whatever has begun since
        member = site.tables.member(row.bioguide) or then.member(row.bioguide)
        holder = Holder(holder.seat, member)
        name = title_name(holder) if member else _("The member who held this seat then")
        return Line(name, role(holder), words, since)
    return Line(title_name(holder), role(holder), words, since)
