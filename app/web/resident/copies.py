"""Mail that a resident asks for: a copy of the letters, or only the link to the receipt.

A copy contains the person's own words, so it is held, encrypted, until someone presses the button
behind a link that was mailed to the same address. No one can use the site to send their words to
strangers. The receipt's link goes out immediately, because that message contains nothing that
anyone typed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.delivery.mail import Address, MailKind
from app.delivery.post import PostOffice
from app.delivery.wordings import absolute_link, confirmation_mail, copy_mail, receipt_mail
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
from app.web.resident.sharing import receipt_link

TOKEN = re.compile(r"[0-9a-f]{64}")
RESENDABLE = ("failed", "unknown")
"""Final states of a message after which asking again sends it again."""


@dataclass(frozen=True, slots=True)
class Mailing:
    """The copy form on the page with the letters, and its result."""

    offered: bool
    file_days: int
    """For how many days a message may stay here as a file; 0 if it goes to a mail server."""
    form: CopyForm
    said: str = ""
    status: int = 200

    def refused(self, words: str, status: int) -> Mailing:
        """The same with an error next to the address."""
        self.form.copy_to.errors = [words]
        return replace(self, status=status)


@dataclass(frozen=True, slots=True)
class CopyRequest:
    """What to mail: these letters, of this form, with this receipt."""

    items: Sequence[Addressed]
    nonce: str
    receipt: str

    @property
    def key(self) -> str:
        """An idempotency key of the form and its letters' text, so that edited letters are a new
        copy."""
        texts = [to_text(x.letter, x.writer, x.office, x.translation) for x in self.items]
        return f"{self.nonce} {hashlib.sha256(chr(0).join(texts).encode()).hexdigest()[:16]}"

    @property
    def seats(self) -> tuple[str, ...]:
        return tuple(x.letter.holder.seat.id for x in self.items)


def mailing(form: CopyForm, site: Services) -> Mailing:
    """The form before its button was pressed."""
    post = post_of(site.settings)
    # The purge runs once a day.
    days = site.settings.keep_mail_days + 1 if post is not None and post.writes_files else 0
    return Mailing(post is not None, days, form)


def mailed(wanted: CopyRequest, form: CopyForm, site: Services) -> Mailing:
    """The form after its button was pressed: the mail is queued, or the error that prevented it."""
    post, shown = post_of(site.settings), mailing(form, site)
    if post is None:
        return shown
    if not form.validate():
        return replace(shown, status=422)
    to, send = Address(form.copy_to.data), _send_link if form.only_link.data else _send_copy
    try:
        return send(post, wanted, to, shown, site)
    except PdfError:
        words = _("We could not make the PDF, so no copy was sent. Use the print view.")
        return shown.refused(words, 500)
    except NotStoredError as error:
        busy = _("We could not send the email. Press the button again in a minute.")  # fmt: skip
        return shown.refused(not_stored_words(error, busy), 503)


def _send_link(
    post: PostOffice, wanted: CopyRequest, to: Address, shown: Mailing, site: Services
) -> Mailing:
    mail = receipt_mail(
        to,
        language=language(),
        group=site.settings.group_name,
        link=receipt_link(wanted.receipt, site),
        recipients=[title_name(x.letter.holder) for x in wanted.items],
        official=offices_of(site.settings) is not None,
    )
    known = post.known("receipt", to, idempotency_key=wanted.nonce)
    if known is None and (wait := too_much_mail(to.wire, site)):
        return shown.refused(wait, 429)
    put = post.enqueue(mail, idempotency_key=wanted.nonce, receipt=wanted.receipt, again=True)
    if put is None:
        return shown.refused(_address_limit_words(), 429)
    said = (
        _written_to_file_words()
        if post.writes_files
        else _("The message with the link to your receipt is on its way.")
    )
    return replace(shown, said=said)


def _send_copy(
    post: PostOffice, wanted: CopyRequest, to: Address, shown: Mailing, site: Services
) -> Mailing:
    known = post.known("copy", to, idempotency_key=wanted.key)
    if known is None and (wait := too_much_mail(to.wire, site)):
        return shown.refused(wait, 429)
    if known is not None and known.state not in ("held", *RESENDABLE):
        return replace(shown, said=mail_words(known, site))
    mail = copy_mail(
        to,
        language=language(),
        group=site.settings.group_name,
        link=receipt_link(wanted.receipt, site),
        letters=wanted.items,
        states=_states(wanted, site),
        official=offices_of(site.settings) is not None,
        pdfs=[(f"letter-{x.letter.holder.seat.id}.pdf", to_pdf([x])) for x in wanted.items],
    )
    if known is not None and known.state in RESENDABLE:
        # The button behind the link was already pressed, so the address's owner has agreed.
        put = post.enqueue(
            mail, idempotency_key=wanted.key, receipt=wanted.receipt, seats=wanted.seats, again=True
        )
        limited = put is None
        said = (
            _written_to_file_words()
            if post.writes_files
            else _("Your letters are on their way again.")
        )
    else:
        held = post.hold(
            mail, idempotency_key=wanted.key, receipt=wanted.receipt, seats=wanted.seats
        )
        limited = held is None or not ask_owner(
            post, to, "confirmation", page_url("resident.copy_link", token=held.token),
            idempotency_key=f"copy {wanted.key}", receipt=wanted.receipt, site=site,
        )  # fmt: skip
        said = _held_as_file_words() if post.writes_files else _(
            "We emailed you a link. Open it and press the button there, and your letters follow. "
            "Otherwise we send nothing more and delete the copy within two days."
        )  # fmt: skip
    if limited:
        return shown.refused(_address_limit_words(), 429)
    return replace(shown, said=said)


def _written_to_file_words() -> str:
    return _("Nothing was emailed: the message is a file on the site’s computer.")


def _held_as_file_words() -> str:
    return _(
        "Nothing was emailed: the message with a link is a file on the site’s computer. When the "
        "button behind that link is pressed, your letters become a file there too. Otherwise we "
        "delete the copy within two days."
    )


def _states(wanted: CopyRequest, site: Services) -> list[tuple[str, str]]:
    """Each letter's recipient, and its state with the time of its last change."""
    found = receipt(site.db(), wanted.receipt)
    rows = {row.seat: row for row in found.letters} if found else {}
    lines = []
    for item in wanted.items:
        row = rows.get(item.letter.holder.seat.id)
        words = state_words(row.state, row.cause) if row else state_words("written")
        since = moment_words(row.at, site.campaign.timezone) if row and row.at else ""
        lines.append((title_name(item.letter.holder), f"{words} ({since})" if since else words))
    return lines


def ask_owner(
    post: PostOffice, to: Address, kind: MailKind, path: str, *, idempotency_key: str, receipt: str,
    site: Services,
) -> bool:  # fmt: skip
    """Mail a confirmation link, once. False if the address has reached its daily limit."""
    link = absolute_link(site.settings.address, path)
    mail = confirmation_mail(to, language=language(), group=site.settings.group_name, link=link)
    put = post.enqueue(
        replace(mail, kind=kind), idempotency_key=idempotency_key, receipt=receipt, again=True
    )
    return put is not None


def _address_limit_words() -> str:
    return _(
        "This address has reached today’s limit for email from us. Try again tomorrow, or use "
        "your letters from this page."
    )


def link_page(token: str, site: Services) -> Page:
    """The page behind the mailed link. Opening it changes nothing."""
    post = post_of(site.settings)
    waits = post is not None and bool(TOKEN.fullmatch(token)) and post.is_held(token)
    return _copy_page("ask" if waits else "nothing", token, site)


def release(token: str, site: Services) -> Page:
    """Queue the held copy after the button was pressed. Idempotent."""
    post = post_of(site.settings)
    try:
        sent = post is not None and bool(TOKEN.fullmatch(token)) and post.release(token)
    except NotStoredError as error:
        return not_stored_page(_("We could not email your letters"), error)
    return _copy_page("sent" if sent else "nothing", token, site)


def _copy_page(state: str, token: str, site: Services) -> Page:
    days = mailing(CopyForm(), site).file_days
    return Page("resident/copy.html", {"state": state, "token": token, "file_days": days})
