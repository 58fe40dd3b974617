"""Confirmation by e-mail, where an operator turned it on: a link, a page, a button.

The message holds nothing that anybody typed. Opening the link changes nothing, because
mail programs and their scanners open links by themselves; only the button does.
"""

from __future__ import annotations

import logging

from app.delivery.mail import Address, BadAddress, parse_address
from app.delivery.post import TooMany
from app.delivery.wordings import absolute_link, confirmation_mail
from app.records import NotStoredError
from app.records.confirming import confirm, confirmation_token, question
from app.records.stamps import token_digest
from app.site.i18n import gettext as _
from app.site.i18n import language, page_url
from app.site.outgoing import post_of
from app.site.services import Services
from app.web.limits import Wait, ask, wait_words
from app.web.pages import Page
from app.web.resident.draft import Draft

log = logging.getLogger("dear_congress")


def _token(draft: Draft, site: Services) -> str:
    return confirmation_token(site.settings.secret_key, site.tokens.read(draft.token).nonce)


def question_of(draft: Draft, site: Services) -> bytes:
    """What is stored of the link that asks for confirmation; empty where none is sent."""
    if not site.confirm_email or not draft.email:
        return b""
    return token_digest(_token(draft, site))


def in_the_way(draft: Draft, site: Services) -> tuple[str, int] | None:
    """Why no message can be sent to the address now, with the status of the page that says so."""
    if not question_of(draft, site):
        return None
    address = parse_address(draft.email)
    if isinstance(address, BadAddress):
        return _("We cannot send mail to this e-mail address. Please go back and correct it, or "
                 "leave it empty."), 422  # fmt: skip
    if question(site.db(), _token(draft, site)) != "unknown":
        return None  # pressed twice: the message goes out once, so it is counted once
    answer = ask("email", site, about=address.wire)
    return (wait_words(answer), 429) if isinstance(answer, Wait) else None


def send(draft: Draft, site: Services) -> str:
    """Put the message into the queue, once; words for the person when that failed."""
    address = parse_address(draft.email)
    assert isinstance(address, Address)
    link = absolute_link(
        site.settings.site_url, page_url("resident.confirm", token=_token(draft, site))
    )
    mail = confirmation_mail(
        address,
        language="es" if language() == "es" else "en",
        group=site.settings.group_name,
        link=link,
    )
    try:
        wish = site.tokens.read(draft.token).nonce
        post = post_of(site.settings)
        answer = TooMany() if post is None else post.enqueue(mail, wish=wish)
    except NotStoredError as error:
        log.error("a confirmation could not be queued: %s", type(error).__name__)
        answer = TooMany()
    if isinstance(answer, TooMany):
        return _(
            "You have signed, but the message that asks you to confirm could not be sent. Please "
            "press the button again later: you are not counted twice."
        )
    return ""


def confirm_page(token: str, site: Services) -> Page:
    """The page behind the link. Looking at it changes nothing."""
    state = question(site.db(), token)
    if state == "unknown":
        return _unknown()
    return Page("resident/confirm.html", {"token": token, "answered": state == "answered"})


def confirmed(token: str, site: Services) -> Page | str:
    """After the button: the address of the same page, which now says that it is done."""
    try:
        if not confirm(site.db(), token, at=site.now()):
            return _unknown()
    except NotStoredError:
        context = {
            "status": 503,
            "heading": _("Your signature could not be confirmed just now"),
            "text": _("Nothing was lost. Please go back and press the button again in a minute."),
        }
        return Page("error.html", context, 503)
    return page_url("resident.confirm", token=token)


def _unknown() -> Page:
    context = {
        "status": 404,
        "heading": _("There is nothing to confirm at this address"),
        "text": _(
            "Please check that you copied the whole address. After about a day a link is no "
            "longer good; then you can sign again."
        ),
    }
    return Page("error.html", context, 404)
