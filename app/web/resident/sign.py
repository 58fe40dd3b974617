"""Signing: one person's act, stored once, durably.

A request that looks automated or comes from a crowded network must press the button again; none
is refused or dropped. The signature is then *held* until an organizer has looked at it. If the
operator turned on confirmation, a link is mailed, and the signature counts once the button behind
it is pressed; that message contains nothing that anyone typed.
"""

from __future__ import annotations

import dataclasses
import logging
import re
from typing import Any, cast, get_args

from app.campaign.compose import body_text
from app.campaign.entities import Letter
from app.congress.model import Found
from app.documents.letter import Addressed
from app.errors import NotStoredError
from app.records.acts import HeldReason, LetterRow, SignatureRequest, Signed, Status
from app.records.keys import KeyFolderError, first_key
from app.records.persons import person_of
from app.records.sealing import TooLargeToSealError
from app.records.signing import question, question_token, sign
from app.site.i18n import gettext as _
from app.site.i18n import language
from app.site.services import Services
from app.text import Email, read_email
from app.web import practice
from app.web.error_pages import signature_not_stored_words
from app.web.limits import SecondStep, Wait, ask, too_much_mail, wait_words
from app.web.pages import Page
from app.web.proof import proves
from app.web.resident import consent
from app.web.resident.draft import Draft, identity_of, token_of
from app.web.resident.journey import Data, SignatureStored, ready, review_page
from app.web.resident.letters import (
    Letters,
    changed_since_shown,
    office_of,
    template_of,
    writer_of,
)
from app.web.resident.receipts import mail_question, texts

log = logging.getLogger("dear_congress")

TOWN = re.compile(r"[^\W\d_]+(?:[ '’-][^\W\d_]+)*")
"""Words made of letters only: a comma or a bracket could introduce something else."""


def sign_letters(data: Data, site: Services) -> Page | SignatureStored:
    """Store the act, once, durably, after checking everything again.

    If anything prevents that, the page is shown again with everything that was typed.
    """
    checked = ready(data, site, fresh=True)
    if isinstance(checked, Page):
        return checked
    draft = checked.draft
    if over := practice.expired_words(draft.test, site):
        return _back(checked, over, 409)
    if errors := consent.tick_errors(draft, site):
        return review_page(checked, errors=errors, status=422)
    answer = ask("sign", site)
    if isinstance(answer, Wait):
        return _back(checked, wait_words(answer), 429)
    reason = reason_to_hold(draft, site, answer)
    if reason and not draft.again:
        words = second_step_words(reason)
        again = dataclasses.replace(checked, draft=dataclasses.replace(draft, again=reason))
        return review_page(again, errors=[("", words)], press_again=words, status=422)
    mailbox = _mailbox(draft, site)
    if mailbox and (wait := _too_much_mail(mailbox, draft, site)):
        return _back(checked, wait, 429)
    letters = checked.every()
    if changed := changed_since_shown(draft, letters):
        return _back(checked, changed, 409)
    try:
        request = signature(checked, letters, reason=reason, mailbox=mailbox)
        request = practice.as_test(request, draft.test, site)
        signed = sign(site.db(), request, site.settings.secret_key)
    except (KeyFolderError, TooLargeToSealError, OSError) as error:
        log.error("details could not be sealed: %s", type(error).__name__)
        words = _(
            "We could not save what you checked, so nothing was signed. Press the button again "
            "in a minute, or clear the boxes first."
        )  # fmt: skip
        return _back(checked, words, 503)
    except NotStoredError as error:
        return _back(checked, signature_not_stored_words(error), 503)
    if signed.confirm and (problem := _ask_owner(signed, mailbox, site)):
        return _back(checked, *problem)
    return SignatureStored(signed.receipt)


def _back(checked: Letters, words: str, status: int) -> Page:
    """The review page again, with an error and everything that was typed."""
    return review_page(checked, errors=[("", words)], status=status)


def signature(
    checked: Letters, letters: tuple[Letter, ...], *, reason: HeldReason | None, mailbox: str
) -> SignatureRequest:
    """What is stored of an act: no name, street, email address or letter text, except sealed, for
    the boxes that were ticked. Raises ``KeyFolderError`` or ``OSError`` if it cannot be sealed."""
    draft, found, site = checked.draft, checked.found, checked.site
    template = template_of(draft, site)
    vacant = [h for h in found.delegation.holders if h.vacant]
    if site.confirm_email and not mailbox:
        reason = reason or "no address"
    keep = {p: consent.details(p, draft, found, letters) for p in consent.ticked(draft, site)}
    status = "unconfirmed" if mailbox else "held" if reason else "counted"
    return SignatureRequest(
        key=site.tokens.read(draft.token).nonce,
        person=person_of(site.settings.person_key, **identity_of(draft)),
        campaign=site.campaign.slug,
        day=site.today(),
        at=site.now(),
        state=found.delegation.state,
        district=found.delegation.district,
        congress=site.tables.congress,
        template=template.id,
        version=template.version,
        length=template.length,
        language=language(),
        match=found.match,
        source=draft.via,
        edited=any(x.edited for x in letters),
        own_share=round(100 * sum(x.own_share for x in letters) / len(letters)),
        letters=(
            *(LetterRow(x.holder.seat.id, x.holder.member.bioguide, x.ask.id)
              for x in letters if x.holder.member),
            *(LetterRow(h.seat.id, None, "", "not attempted") for h in vacant),
        ),
        current_ids={former: x.holder.member.bioguide for x in letters if x.holder.member
                     for former in x.holder.member.former_ids},
        status=cast(Status, status),
        town=town(draft, found, site),
        held_for=reason,
        mailbox=mailbox,
        keep=keep,
        seal_to=first_key(site.settings.keys, today=site.today()) if keep else None,
        words=tuple(f"{x.salutation}\n{body_text(x)}" for x in letters),
        texts=lambda: texts([
            Addressed(x, writer_of(draft), office_of(draft, x.holder)) for x in letters
        ]),
    )  # fmt: skip


def town(draft: Draft, found: Found, site: Services) -> str | None:
    """The town of the address, if this site keeps towns and the state has such a town.

    Anything else typed into the field is not stored.
    """
    state = found.delegation.state
    if not site.settings.keep_towns or draft.elsewhere or draft.mail_state not in ("", state):
        return None
    name = " ".join(word.capitalize() for word in draft.city.replace(".", " ").split())
    plain = TOWN.fullmatch(name) and site.tables.town_districts(state, name)
    return name if plain else None


# --- A second step ---------------------------------------------------------------------------


def reason_to_hold(draft: Draft, site: Services, answer: object) -> HeldReason | None:
    """Why an organizer should look at this signature; None for nearly everyone.

    ``answer`` is the result of the limit. The reason of the first press travels in the form, so
    waiting a moment before the second press does not clear it.
    """
    if draft.website:
        return "field filled in"
    if not draft.trap_present:
        return "field missing"
    token = site.tokens.read(draft.token)
    if token.age < site.settings.form_seconds:
        return "too fast"
    bits = site.settings.proof_of_work
    if bits and not proves(token.nonce, draft.proof, bits):
        return "no proof"
    if isinstance(answer, SecondStep):
        return "crowd"
    # A proof of work may arrive with the second press; every other reason persists.
    lasting = (reason for reason in get_args(HeldReason) if reason != "no proof")
    return next((reason for reason in lasting if reason == draft.again), None)


def second_step_words(reason: HeldReason) -> str:
    """Why a second press is needed, and what it means."""
    if reason == "crowd":
        why = _("Unusually many people on your network signed within the hour.")
    elif reason == "too fast":
        why = _("That was unusually fast.")
    elif reason == "no proof":
        why = _(
            "Your browser did not run this site’s bot check, which needs JavaScript. You can "
            "continue without it."
        )  # fmt: skip
    else:
        why = _("Your browser sent this form in an unusual way.")
    what = _(
        "Press the button again to continue. An organizer will look at your signature before it "
        "counts. Your letters will be ready."
    )
    return f"{why} {what}"


# --- Confirmation by email -------------------------------------------------------------------


def _mailbox(draft: Draft, site: Services) -> str:
    """The address to which the confirmation link is mailed; empty if none is."""
    address: Any = read_email(draft.email) if site.confirm_email and draft.email else None
    return address.wire if isinstance(address, Email) else ""


def _too_much_mail(mailbox: str, draft: Draft, site: Services) -> str:
    """Why no message can go to the address now; empty if one can, or already did."""
    token = token_of(draft, site)
    if token and question(site.db(), question_token(token, mailbox)) != "unknown":
        return ""  # a second press: the message goes out once, so it is counted once
    return too_much_mail(mailbox, site)


def _ask_owner(signed: Signed, mailbox: str, site: Services) -> tuple[str, int] | None:
    """Mail the confirmation link, once. A message and a status if that failed."""
    if question(site.db(), signed.confirm) != "open":
        return None
    mailed = mail_question(signed, mailbox, site)
    if mailed == "queued":
        return None
    if mailed == "enough":
        words = _(
            "You have signed, but your email address has reached today’s limit for email from "
            "us. Press the button again tomorrow, and we will email you to confirm. You will not "
            "be counted twice."
        )  # fmt: skip
        return words, 429
    words = _(
        "You have signed, but we could not email you to confirm. Press the button again later. "
        "You will not be counted twice."
    )  # fmt: skip
    return words, 503
