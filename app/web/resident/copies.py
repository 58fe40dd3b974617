"""Mail that a resident asks for: a copy of the letters, or only the link to the receipt.

A copy holds the person's own words, so it waits, encrypted, until somebody presses the
button behind a link that was mailed to the same address. Nobody can use the site to send
their words to strangers. The receipt's link goes out at once: that message holds nothing
that anybody typed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.campaign.words import Language
from app.delivery.mail import Address, MailKind
from app.delivery.post import PostOffice, TooMany
from app.delivery.wordings import (
    absolute_link,
    confirmation_mail,
    copy_mail,
    receipt_mail,
)
from app.documents.letter import Addressed, to_text
from app.documents.pdf import to_pdf
from app.documents.typesetting import PdfError
from app.errors import NotStoredError
from app.records.signing import receipt
from app.site.i18n import gettext as _
from app.site.i18n import language, moment_words, page_url
from app.site.outgoing import offices_of, post_of
from app.site.services import Services
from app.web.error_pages import not_stored_page, not_stored_words
from app.web.limits import too_much_mail
from app.web.pages import Page
from app.web.resident.claims import mail_words, state_words
from app.web.resident.draft import CopyForm
from app.web.resident.people import title_name

TOKEN = re.compile(r"[0-9a-f]{64}")
DONE_BADLY = ("failed", "unknown")
"""Ends of a message after which it is sent once more to whoever asks again."""


@dataclass(frozen=True, slots=True)
class Mailing:
    """The form on the page with the letters, and what came of it."""

    offered: bool
    file_days: int
    """How long a message may lie here as a file; 0 where a mail server takes it."""
    form: CopyForm
    said: str = ""
    status: int = 200

    def refused(self, words: str, status: int) -> Mailing:
        """The same with what is in the way, beside the address."""
        self.form.copy_to.errors = [words]
        return replace(self, status=status)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be mailed: these letters, of this form, with this receipt."""

    items: Sequence[Addressed]
    nonce: str
    receipt: str

    @property
    def words(self) -> str:
        """The form and the words of its letters, so that changed letters are another copy."""
        texts = [to_text(x.letter, x.writer, x.office, x.translation) for x in self.items]
        return f"{self.nonce} {hashlib.sha256(chr(0).join(texts).encode()).hexdigest()[:16]}"

    @property
    def seats(self) -> tuple[str, ...]:
        return tuple(x.letter.holder.seat.id for x in self.items)


def mailing(form: CopyForm, site: Services) -> Mailing:
    """The form before anything was asked."""
    post = post_of(site.settings)
    # The purge runs once a day.
    days = site.settings.keep_mail_days + 1 if post is not None and post.writes_files else 0
    return Mailing(post is not None, days, form)


def mailed(wish: Wish, form: CopyForm, site: Services) -> Mailing:
    """The form after its button: the mail is on its way, or what is in the way of it."""
    post, asked = post_of(site.settings), mailing(form, site)
    if post is None:
        return asked
    if not form.validate():
        return replace(asked, status=422)
    to, send = Address(form.copy_to.data), _send_link if form.only_link.data else _send_copy
    try:
        return send(post, wish, to, asked, site)
    except PdfError:
        words = _("We could not make the PDF, so no copy was sent. Use the print view.")
        return asked.refused(words, 500)
    except NotStoredError as error:
        busy = _("We could not send the email. Press the button again in a minute.")  # fmt: skip
        return asked.refused(not_stored_words(error, busy), 503)


def _send_link(
    post: PostOffice, wish: Wish, to: Address, asked: Mailing, site: Services
) -> Mailing:
    mail = receipt_mail(
        to,
        language=_language(),
        group=site.settings.group_name,
        link=_receipt_link(wish, site),
        recipients=[title_name(x.letter.holder) for x in wish.items],
        official=offices_of(site.settings) is not None,
    )
    known = post.known("receipt", to, wish=wish.nonce)
    if known is None and (wait := too_much_mail(to.wire, site)):
        return asked.refused(wait, 429)
    again = known is not None and known.state in DONE_BADLY
    put = post.enqueue(mail, wish=wish.nonce, receipt=wish.receipt, again=again)
    if isinstance(put, TooMany):
        return asked.refused(_address_has_enough(), 429)
    said = (
        _to_a_file()
        if post.writes_files
        else _("The message with the link to your receipt is on its way.")
    )
    return replace(asked, said=said)


def _send_copy(
    post: PostOffice, wish: Wish, to: Address, asked: Mailing, site: Services
) -> Mailing:
    known = post.known("copy", to, wish=wish.words)
    if known is None and (wait := too_much_mail(to.wire, site)):
        return asked.refused(wait, 429)
    if known is not None and known.state not in ("held", *DONE_BADLY):
        return replace(asked, said=mail_words(known, site))
    mail = copy_mail(
        to,
        language=_language(),
        group=site.settings.group_name,
        link=_receipt_link(wish, site),
        letters=wish.items,
        states=_states(wish, site),
        official=offices_of(site.settings) is not None,
        pdfs=[(f"letter-{x.letter.holder.seat.id}.pdf", to_pdf([x])) for x in wish.items],
    )
    if known is not None and known.state in DONE_BADLY:
        # The button behind the link was pressed before: the address is its owner's.
        put = post.enqueue(
            mail, wish=wish.words, receipt=wish.receipt, seats=wish.seats, again=True
        )
        enough = isinstance(put, TooMany)
        said = _to_a_file() if post.writes_files else _("Your letters are on their way again.")
    else:
        held = post.hold(mail, wish=wish.words, receipt=wish.receipt, seats=wish.seats)
        enough = isinstance(held, TooMany) or not ask_owner(
            post, to, "confirmation", page_url("resident.copy_link", token=held.token),
            wish=f"copy {wish.words}", receipt=wish.receipt, site=site,
        )  # fmt: skip
        said = _held_as_file() if post.writes_files else _(
            "We emailed you a link. Open it and press the button there, and your letters follow. "
            "Otherwise we send nothing more and delete the copy within two days."
        )  # fmt: skip
    if enough:
        return asked.refused(_address_has_enough(), 429)
    return replace(asked, said=said)


def _to_a_file() -> str:
    return _("Nothing was emailed: the message is a file on the site’s computer.")


def _held_as_file() -> str:
    return _(
        "Nothing was emailed: the message with a link is a file on the site’s computer. When the "
        "button behind that link is pressed, your letters become a file there too. Otherwise we "
        "delete the copy within two days."
    )


def _states(wish: Wish, site: Services) -> list[tuple[str, str]]:
    """Each letter's recipient, and what is known of its way now and since when."""
    found = receipt(site.db(), wish.receipt)
    rows = {row.seat: row for row in found.letters} if found else {}
    lines = []
    for item in wish.items:
        row = rows.get(item.letter.holder.seat.id)
        words = state_words(row.state, row.cause) if row else state_words("written")
        since = moment_words(row.at, site.campaign.timezone) if row and row.at else ""
        lines.append((title_name(item.letter.holder), f"{words} ({since})" if since else words))
    return lines


def ask_owner(
    post: PostOffice, to: Address, kind: MailKind, path: str, *, wish: str, receipt: str,
    site: Services,
) -> bool:  # fmt: skip
    """Mail the link with the button, once. False: the address has had its share."""
    link = absolute_link(site.settings.address, path)
    mail = confirmation_mail(to, language=_language(), group=site.settings.group_name, link=link)
    known = post.known(kind, to, wish=wish)
    again = known is not None and known.state in DONE_BADLY
    put = post.enqueue(replace(mail, kind=kind), wish=wish, receipt=receipt, again=again)
    return not isinstance(put, TooMany)


def _receipt_link(wish: Wish, site: Services) -> str:
    path = page_url("resident.receipt", token=wish.receipt)
    return absolute_link(site.settings.address, path)


def _language() -> Language:
    return language()


def _address_has_enough() -> str:
    return _(
        "This address has reached today’s limit for email from us. Try again tomorrow, or use "
        "your letters from this page."
    )


def link_page(token: str, site: Services) -> Page:
    """The page behind the mailed link. Looking at it changes nothing."""
    post = post_of(site.settings)
    waits = post is not None and bool(TOKEN.fullmatch(token)) and post.is_held(token)
    return _copy_page("ask" if waits else "nothing", token, site)


def release(token: str, site: Services) -> Page:
    """The button was pressed: the copy goes out, once. Harmless a second time."""
    post = post_of(site.settings)
    try:
        sent = post is not None and bool(TOKEN.fullmatch(token)) and post.release(token)
    except NotStoredError as error:
        return not_stored_page(_("We could not email your letters"), error)
    return _copy_page("sent" if sent else "nothing", token, site)


def _copy_page(state: str, token: str, site: Services) -> Page:
    days = mailing(CopyForm(), site).file_days
    return Page("resident/copy.html", {"state": state, "token": token, "file_days": days})
