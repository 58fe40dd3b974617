"""The button at the end of the way: one person is counted, once, durably."""

from __future__ import annotations

import dataclasses
import re
from typing import cast

from app.campaign import Letter
from app.congress import Found
from app.records import LetterRow, NotStoredError, SignatureRequest, likeness_of, person_key, sign
from app.records.model import HeldReason, Status
from app.site.i18n import language
from app.site.services import Services
from app.web import practice
from app.web.errors import not_stored_words
from app.web.limits import Wait, ask, wait_words
from app.web.pages import Page
from app.web.resident import confirming, consent, held
from app.web.resident.draft import Draft, who
from app.web.resident.journey import Counted, Data, ready, review_page
from app.web.resident.letters import changed_since_shown, make_letters, template_of

TOWN = re.compile(r"[^\W\d_]+(?:[ '’-][^\W\d_]+)*")
"""Words of letters only: a comma or a bracket could bring something else along."""


def sign_letters(data: Data, site: Services) -> Page | Counted:
    """Count the person, once, durably. Everything is checked again first.

    Whatever is in the way, the page comes back with all that was typed.
    """
    checked = ready(data, site, fresh=True)
    if isinstance(checked, Page):
        return checked
    draft, found = checked.draft, checked.found
    if over := practice.in_the_way(draft.test, site):
        return _back(draft, found, site, over, 409)
    if errors := consent.lacking(draft):
        return review_page(draft, found, site, errors=errors, status=422)
    answer = ask("sign", site)
    if isinstance(answer, Wait):
        return _back(draft, found, site, wait_words(answer), 429)
    reason = held.doubt(draft, site, answer)
    if reason and not draft.again:
        words, draft = held.second_step_words(reason), dataclasses.replace(draft, again=reason)
        return review_page(draft, found, site, errors=[("", words)], press_again=words, status=422)
    if problem := confirming.in_the_way(draft, site):
        return _back(draft, found, site, *problem)
    letters = make_letters(draft, found, site)
    if changed := changed_since_shown(draft, letters):
        return _back(draft, found, site, changed, 409)
    request = signature(draft, found, letters, site, reason)
    request = practice.marked(request, draft.test, site)
    try:
        signed = sign(site.db(), request, site.settings.secret_key)
    except NotStoredError as error:
        return _back(draft, found, site, not_stored_words(error), 503)
    if request.status == "test":
        return Counted(signed.receipt)
    words = consent.keep(signed, draft, found, letters, site)
    words = words or (confirming.send(draft, site) if request.confirm else "")
    return _back(draft, found, site, words, 503) if words else Counted(signed.receipt)


def _back(draft: Draft, found: Found, site: Services, words: str, status: int) -> Page:
    """The same page, with what to do and everything that was typed."""
    return review_page(draft, found, site, errors=[("", words)], status=status)


def town(draft: Draft, found: Found, site: Services) -> str | None:
    """The town of the address, where this site keeps towns and the state knows such a town.

    Anything else that somebody typed into the field is not kept.
    """
    state = found.delegation.state
    if not site.settings.keep_towns or draft.elsewhere or draft.mail_state not in ("", state):
        return None
    name = " ".join(word.capitalize() for word in draft.city.replace(".", " ").split())
    plain = TOWN.fullmatch(name) and site.tables.town_districts(state, name)
    return name if plain else None


def signature(
    draft: Draft,
    found: Found,
    letters: tuple[Letter, ...],
    site: Services,
    reason: HeldReason | None = None,
) -> SignatureRequest:
    """What is kept of a signature: no name, street, e-mail or word of it."""
    template = template_of(draft, site)
    secret, campaign = site.settings.person_key, site.campaign.slug
    named = who(draft)
    vacant = [h for h in found.delegation.holders if h.vacant]
    question = confirming.question_of(draft, site)
    if site.confirm_email and not question:
        reason = reason or "no address"
    status = "unconfirmed" if question else "held" if reason else "counted"
    return SignatureRequest(
        key=site.tokens.read(draft.token).nonce,
        person=person_key(secret, campaign, **named),
        campaign=campaign,
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
        status=cast(Status, status),
        town=town(draft, found, site),
        held_for=reason,
        likeness=likeness_of(secret, campaign, **named),
        confirm=question,
    )  # fmt: skip
