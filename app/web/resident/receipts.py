"""The receipt: whom a person wrote to, the state of their act, and how to withdraw it.

It names no one and is found only by its token. For the pages after signing, ``token_of`` finds it
by the form and its person. If the person asks for it, the letters' text is kept with the receipt.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from app.congress.model import Holder, district_key
from app.delivery.mail import Address
from app.documents.letter import Addressed, postal
from app.errors import NotStoredError
from app.records.accounting import QUEUED
from app.records.acts import LetterRow, Receipt, Signed, State
from app.records.outbound import mail_of
from app.records.sealing import (
    TooLargeToSealError,
    drop_letters,
    forget_details,
    keep_letters,
    kept_letters,
)
from app.records.signing import change_address, confirm, question, receipt, withdraw
from app.records.statements import commitment_of
from app.site.i18n import gettext as _
from app.site.i18n import moment_words, page_url
from app.site.outgoing import post_of
from app.site.services import Services
from app.web.error_pages import not_stored_page, not_stored_words, trouble
from app.web.forms import sent
from app.web.limits import too_much_mail
from app.web.pages import Page
from app.web.resident.claims import (
    claims_of,
    confirmation_failed,
    deliveries,
    mail_lines,
    state_words,
)
from app.web.resident.consent import kept_until, may_be_kept
from app.web.resident.copies import ask_owner
from app.web.resident.draft import MailboxForm, token_of
from app.web.resident.journey import Data, ready, review_page
from app.web.resident.letters import Letters
from app.web.resident.people import role, title_name
from app.web.resident.sharing import receipt_link, sharing

log = logging.getLogger("dear_congress")


# --- Which act a form belongs to -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Act:
    """A form that was signed, with its receipt."""

    checked: Letters
    token: str
    signed: Receipt


def act_of(data: Data, site: Services) -> Act | Page:
    """The act of a form, or the page that says why there is none."""
    checked = ready(data, site, fresh=False)
    if isinstance(checked, Page):
        return checked
    token = token_of(checked.draft, site)
    signed = receipt(site.db(), token) if token else None
    if signed is None:
        words = _("These letters are not signed yet. Read them and press the button to sign.")
        return review_page(checked, errors=[("", words)], status=409)
    return Act(checked, token, signed)


# --- The page --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One recipient on the receipt."""

    seat: str
    title_name: str
    role: str
    state: State
    state_words: str
    since: str
    more: str = ""
    """Details of its way to the office's own system."""
    text: tuple[str, ...] = ()
    """The letter's paragraphs, if they are kept with this receipt."""


def receipt_page(token: str, site: Services, form: MailboxForm | None = None) -> Page:
    """The receipt with this token, or a page that says there is none (404).

    ``form``, with its errors, is the one that names another address for the confirmation email.
    """
    found = receipt(site.db(), token)
    if found is None:
        return _unknown_receipt()
    kept = kept_letters(site.db(), token)
    mails, ways = mail_of(site.db(), token), deliveries(token, found, site)
    days = site.settings.keep_letters_days
    letters = [
        replace(
            _line(row, site, withdrawn=found.withdrawn),
            more=ways.get(row.seat, ""),
            text=tuple(kept[row.seat].split("\n\n")) if row.seat in kept else (),
        )
        for row in found.letters
    ]
    context = {
        "receipt_token": token,
        "link": receipt_link(token, site),
        "commitment": commitment_of(
            found.campaign, found.state, district_key(str(found.district), found.congress), token
        ).hex(),
        "withdrawn": found.withdrawn,
        "claims": claims_of(token, found, mails, site),
        "day": found.day,
        "count": sum(row.bioguide is not None for row in found.letters),
        "letters": letters,
        "own_reports": all(
            row.cause not in ("office system", "withdrawn") and row.state != QUEUED
            for row in found.letters
        ),
        "mails": mail_lines(token, site),
        "address": form or (found.waits_for == "confirmation" and MailboxForm()),
        "address_open": form is not None or confirmation_failed(found, mails),
        "errors": [("email", words) for words in form.email.errors] if form else (),
        "kept": found.kept,
        "until": kept_until(site, site.settings.keep_sealed_days, found.day),
        "has_texts": bool(kept),
        "texts_until": kept_until(site, days, found.day),
        "texts_open": may_be_kept(site, days, found.day),
        "share": None if site.standing.state == "ended" else sharing(site),
        "draft_page": "receipt",
    }
    return Page("resident/receipt.html", context, 422 if form else 200)


def _line(row: LetterRow, site: Services, *, withdrawn: bool) -> ReceiptLine:
    """The recipient of a letter, even if that member has left the seat since."""
    holder = site.tables.holder(row.seat)
    if row.bioguide is None or holder is None:
        where = role(holder) if holder else row.seat
        words = state_words("not attempted")
        return ReceiptLine(row.seat, _("No letter"), where, "not attempted", words, "")
    # A withdrawal leaves in the queue only what may have left.
    words = state_words("unknown" if withdrawn and row.state == QUEUED else row.state, row.cause)
    since = moment_words(row.at, site.campaign.timezone) if row.at else ""
    name = title_name(holder)
    if holder.member is None or holder.member.bioguide != row.bioguide:
        person = site.tables.people.get(row.bioguide)
        holder = Holder(holder.seat, person.member if person else None)
        name = title_name(holder) if person else _("The member who held this seat then")
    return ReceiptLine(row.seat, name, role(holder), row.state, words, since)


def _unknown_receipt() -> Page:
    return trouble(
        404,
        _("We cannot find this receipt"),
        _(
            "Copy the whole link. We cannot look up receipts, because they do not say whose they "
            "are."
        ),
    )  # fmt: skip


# --- Withdrawing, and deleting what is kept --------------------------------------------------


def withdraw_signature(token: str, site: Services) -> Page | str:
    """Withdraw the signature. The receipt's address, or the page for an unknown token."""
    heading = _("We could not withdraw your signature")
    return _delete(token, site, heading, lambda: withdraw(site.db(), token))


def forget(token: str, site: Services) -> Page | str:
    """Delete the sealed details but keep the signature. Returns as ``withdraw_signature``."""
    heading = _("We could not remove what we keep for you")
    return _delete(token, site, heading, lambda: forget_details(site.db(), token))


def drop(token: str, site: Services) -> Page | str:
    """Delete the kept letters but not the signature. Returns as ``withdraw_signature``."""
    heading = _("We could not remove your letters")
    return _delete(token, site, heading, lambda: drop_letters(site.db(), token))


def _delete(token: str, site: Services, heading: str, delete: Callable[[], object]) -> Page | str:
    """Call ``delete`` and return the receipt's address. Idempotent."""
    try:
        if receipt(site.db(), token) is None:
            return _unknown_receipt()
        delete()
    except NotStoredError as error:
        return not_stored_page(heading, error)
    return page_url("resident.receipt", token=token)


# --- The letters' text, kept with the receipt -------------------------------------------------


@dataclass(frozen=True, slots=True)
class Keeping:
    """What the page with the letters says about keeping them."""

    until: date
    """The last day on which they may still be here."""
    is_open: bool
    """Whether keeping is offered (see ``may_be_kept``)."""
    kept: bool
    """Whether exactly this text is kept."""
    others: bool
    """Whether another text is kept, from before the letters were edited."""


def keeping(token: str, signed: Receipt, items: Sequence[Addressed], site: Services) -> Keeping:
    """Whether these letters are kept with the receipt."""
    days = site.settings.keep_letters_days
    stored = kept_letters(site.db(), token)
    same = stored == texts(items)
    until = kept_until(site, days, signed.day)
    return Keeping(until, may_be_kept(site, days, signed.day), same, bool(stored) and not same)


def texts(items: Sequence[Addressed]) -> dict[str, str]:
    """By seat: each letter as it is kept, from its date to the name, without the return address."""
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
    """Keep the letters of this form with its receipt. None if they are kept, otherwise a page
    that says why not."""
    act = act_of(data, site)
    if isinstance(act, Page):
        return act
    items = act.checked.addressed()
    try:
        keep_letters(site.db(), act.token, texts(items), day=site.today())
    except (NotStoredError, TooLargeToSealError) as error:
        return not_stored_page(_("We could not save your letters"), error)
    return None


# --- Confirming by email ---------------------------------------------------------------------


def confirm_page(token: str, site: Services) -> Page:
    """The page behind the mailed link. Opening it changes nothing, because mail programs and
    their scanners open links automatically; only its button confirms."""
    state = question(site.db(), token)
    if state == "unknown":
        return _nothing_to_confirm()
    return Page("resident/confirm.html", {"token": token, "answered": state == "answered"})


def confirmed(token: str, site: Services) -> Page | str:
    """Confirm the signature. The address of the same page, which then says so."""
    try:
        if not confirm(site.db(), token, at=site.now()):
            return _nothing_to_confirm()
    except NotStoredError as error:
        return not_stored_page(_("We could not confirm your signature"), error)
    return page_url("resident.confirm", token=token)


def _nothing_to_confirm() -> Page:
    return trouble(
        404,
        _("This confirmation link does not work"),
        _("Copy the whole link. Links stop working after about a day. Then you can sign again."),
    )  # fmt: skip


def ask_elsewhere(token: str, site: Services) -> Page | str:
    """Mail the confirmation link to another address; the old link stops working."""
    form = sent(MailboxForm)
    if not form.validate():
        return receipt_page(token, site, form)
    address = Address(form.email.data)
    if too_much := too_much_mail(address.wire, site):
        form.email.errors = [too_much]
        return receipt_page(token, site, form)
    secret = site.settings.person_key
    words = _("We could not send the email now. Press the button again in a minute.")
    try:
        link = change_address(site.db(), token, address.wire, secret=secret, at=site.now())
        done = link is None or mail_question(Signed(token, link), address.wire, site) == "queued"
    except NotStoredError as error:
        done, words = False, not_stored_words(error, words)
    if not done:
        form.email.errors = [words]
        return receipt_page(token, site, form)
    return page_url("resident.receipt", token=token)


def mail_question(
    signed: Signed, mailbox: str, site: Services
) -> Literal["queued", "enough", "failed"]:
    """Queue the message with the confirmation link, once.

    ``enough``: the address has reached its daily limit of messages.
    """
    post = post_of(site.settings)
    if post is None:
        return "failed"
    try:
        asked = ask_owner(
            post, Address(mailbox), "signing", page_url("resident.confirm", token=signed.confirm),
            idempotency_key=signed.confirm, receipt=signed.receipt, site=site,
        )  # fmt: skip
    except NotStoredError as error:
        log.error("a confirmation could not be queued: %s", type(error).__name__)
        return "failed"
    return "queued" if asked else "enough"
