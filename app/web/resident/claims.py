"""The sentences about an act, its letters and its mail, each derived from the current database.

A sentence about the act has a mark, which the page carries as ``data-claim``, so that a test can
compare it with the row. Each is just as true, in the same words, for someone who had signed
before, so a receipt tells a stranger nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l

from app.cwc.client import NOT_PARTICIPATING
from app.cwc.office_post import OLD_LIST, TEST_SYSTEM
from app.records.accounting import ACCEPTED, AT_OFFICE, IN_OUTBOX, QUEUED
from app.records.acts import Cause, LetterRow, Receipt, State
from app.records.database import Connection
from app.records.erasing import waits_to_be_erased
from app.records.outbound import CHANGED, OutboundRow, letters_of, mail_of
from app.site.i18n import gettext as _
from app.site.i18n import moment_words
from app.site.outgoing import post_of
from app.site.services import Services

IN_PROGRESS = ("sending", "handing over")
"""States of a message that a worker is sending or handing over now."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence. ``attention``: the person may need to act on it."""

    mark: str
    words: str
    attention: bool = False


def claims_of(
    token: str, found: Receipt, mails: Sequence[OutboundRow], site: Services
) -> list[Claim]:
    """The sentences about a receipt's act. ``mails`` are its messages, oldest first."""
    db, zone = site.db(), site.campaign.timezone
    posted = letters_of(db, token)
    if found.withdrawn:
        return [_withdrawn(), _deleted((*mails, *posted.values()), db)]
    claims = [_status(found, mails, site)]
    if found.changed is not None:
        words = _("You changed this signature on %(when)s. It is now as you sent it last, and so "
                  "are its letters.", when=moment_words(found.changed, zone))  # fmt: skip
        if any(_at_office_by(found.changed, x, posted.get(x.seat)) for x in found.letters):
            words += " " + _(
                "A letter that an office’s own system already had stays there as it was."
            )
        claims.append(Claim("changed", words))
        if waits_to_be_erased(db):
            claims.append(_deleted(mails, db))
    return claims


def confirmation_failed(found: Receipt, mails: Sequence[OutboundRow]) -> bool:
    """Whether the act waits for a confirmation whose email was never sent or delivered."""
    mail = _confirmation_mail(mails)
    return found.waits_for == "confirmation" and (mail is None or mail.state == "failed")


def _at_office_by(changed: datetime, letter: LetterRow, row: OutboundRow | None) -> bool:
    """Whether an office has, or may have, the letter as it was before the change. The answer of
    its system can be later than the change."""
    given = letter.at if row is None else row.queued_at
    return letter.state in AT_OFFICE and given is not None and given < changed


def _status(found: Receipt, mails: Sequence[OutboundRow], site: Services) -> Claim:
    if found.test:
        return Claim("test", _("This is a test. It is counted nowhere."))
    if found.waits_for == "confirmation":
        return _unconfirmed(_confirmation_mail(mails), site)
    if found.waits_for == "organizer":
        words = _(
            "Not counted yet. An organizer decides whether your signature counts. You do not have "
            "to do anything. Your letters are ready."
        )  # fmt: skip
        return Claim("held", words, attention=True)
    words = _(
        "This signature is counted, unless you signed another time or gave an email address that "
        "four others signed with. Each person counts once."
    )  # fmt: skip
    return Claim("counted", words)


def _confirmation_mail(mails: Sequence[OutboundRow]) -> OutboundRow | None:
    """The newest message that asks the signer to confirm the address."""
    found = [row for row in mails if row.kind == "signing"]
    return found[-1] if found else None


def _unconfirmed(mail: OutboundRow | None, site: Services) -> Claim:
    """That the signature must be confirmed by email, and where that email is."""
    state = "none" if mail is None else mail.state
    when = moment_words(mail.state_at, site.campaign.timezone) if mail is not None else ""
    post = post_of(site.settings)
    to_a_file = mail is not None and (
        mail.cause == IN_OUTBOX
        or (state in ("queued", *IN_PROGRESS) and post is not None and post.writes_files)
    )
    if state == "failed":
        words = _(
            "Not counted yet. The email with the link could not be delivered to the address you "
            "gave."
        )  # fmt: skip
    elif state == "none":
        words = _("Not counted yet. We could not send you the email with the link.")
    elif to_a_file:
        words = _(
            "Not counted yet. This site sends no email. The message with the link is a file on "
            "its computer."
        )  # fmt: skip
    elif state == "accepted":
        words = _(
            "Not counted yet. The mail server accepted an email with a link on %(when)s. Open it "
            "and press the button there.",
            when=when,
        )
    elif state == "deferred":
        words = _("Not counted yet. The mail server did not accept the email with the link on "
            "%(when)s. We will try again.", when=when)  # fmt: skip
    elif state == "unknown":
        words = _(
            "Not counted yet. An email with a link went out on %(when)s with no answer, so it "
            "may have arrived. Open it and press the button there.",
            when=when,
        )
    else:
        words = _(
            "Not counted yet. An email with a link is on its way to you. Open it and press the "
            "button there."
        )  # fmt: skip
    end = _("Unless you confirm it, we delete this signature within two days.")
    return Claim(f"unconfirmed:{state}", f"{words} {end}", attention=True)


def _withdrawn() -> Claim:
    words = _(
        "This signature is not counted. If you signed another time, that signature has its own "
        "receipt, and this one does not withdraw it. Letters you already sent or pasted are with "
        "the offices. We cannot call them back."
    )  # fmt: skip
    return Claim("withdrawn", words)


def _deleted(rows: Sequence[OutboundRow], db: Connection) -> Claim:
    """Whether the deleted data is gone from the files, or when it will be. ``rows`` are the
    messages and letters that the withdrawal left in the queue."""
    if any(row.state in (*IN_PROGRESS, "deferred") for row in rows):
        words = _(
            "We deleted what we kept for it. A message going out at this moment is erased here "
            "as soon as it has left."
        )  # fmt: skip
        return Claim("deleting", words)
    if waits_to_be_erased(db):
        words = _(
            "We deleted what we kept for it. The database is being read right now. The last "
            "traces leave the site’s files when that ends, at the latest at the daily purge."
        )  # fmt: skip
        return Claim("deleting", words)
    return Claim("deleted", _("We deleted what we kept for it, from the site’s files too."))


# --- A letter on its way ---


def state_words(state: State, cause: Cause = "vacant seat") -> str:
    """A letter's state in a short sentence. Only an office's own system makes it *accepted*."""
    if state == "not attempted" and cause == "office system":
        return _("Not given to the office’s own system")
    if state == "not attempted" and cause == "withdrawn":
        return _("Not given to the office’s own system, because you withdrew")
    return {
        "written": _("Written, not yet handed over"),
        "downloaded": _("You downloaded it"),
        "copied": _("You copied it for the web form"),
        "printed": _("You opened it to print"),
        "mailed to self": _("A copy was emailed to you"),
        "line busy": _("You called and could not get through"),
        "call later": _("You will call later"),
        "pasted": _("You pasted it into the web form"),
        "mailed": _("You mailed it"),
        "spoke by phone": _("You called and spoke with the office"),
        "left a voicemail": _("You called and left a voicemail"),
        "queued": _("Waiting to go to the office’s own system"),
        "unknown": _("It may have reached the office’s own system. We have no answer"),
        "accepted by the office's system": _("Accepted by the office’s own system"),
        "refused": _("Refused by the office’s own system"),
        "not attempted": _("No letter: our list had no one in this seat"),
    }[state]


FIELD_NAMES = {
    "Prefix": _l("title"), "FirstName": _l("first name"), "LastName": _l("last name"),
    "Address1": _l("street"), "City": _l("city"), "StateAbbreviation": _l("state"),
    "Zip": _l("ZIP code"), "Phone": _l("phone number"), "Email": _l("email address"),
}  # fmt: skip


def deliveries(token: str, found: Receipt, site: Services) -> dict[str, str]:
    """By seat, details of each letter's way to its office's own system; empty if there are none.

    What can still be done depends also on the current list of members.
    """
    if found.withdrawn:
        return {}
    rows = letters_of(site.db(), token)
    return {x.seat: _delivery_words(x, rows.get(x.seat), found, site) for x in found.letters}


def _delivery_words(
    letter: LetterRow, row: OutboundRow | None, found: Receipt, site: Services
) -> str:
    if letter.state == QUEUED:
        return _on_its_way(row)
    if letter.cause != "office system" or letter.state == ACCEPTED or letter.bioguide is None:
        return ""
    if site.tables.standing_in(letter.bioguide, letter.seat) == "left":
        return _(
            "This member no longer holds the seat, so we do not try again. Your letter is not for "
            "the next person in the seat."
        )  # fmt: skip
    if found.congress < site.tables.congress:
        return _("The Congress to whose members you wrote has ended, so we do not try again.")
    return _not_accepted(row)


def _on_its_way(row: OutboundRow | None) -> str:
    """What is known of a letter that is still tried."""
    if row is None or row.state != "deferred":
        return ""
    if row.maybe:
        return _("We gave it to the system and got no answer. It may be there. We will ask again.")
    if row.cause == OLD_LIST:
        return _(
            "It waits, because our list does not show yet who holds this seat. It goes only to "
            "the member to whom you wrote."
        )  # fmt: skip
    return _("The system did not accept it yet. We will try again.")


def _not_accepted(row: OutboundRow | None) -> str:
    """Why a letter was not accepted, if the queue knows it, and what the writer can do."""
    if row is None:
        return _("Hand the letter over another way.")
    if row.state == "refused":
        named = [str(words) for name, words in FIELD_NAMES.items() if name in row.cause]
        if named and not row.is_last_round:
            return _(
                "It did not accept: %(fields)s. Fix that and try again, or hand the letter over "
                "another way.",
                fields=", ".join(named),
            )
    if row.cause == TEST_SYSTEM:
        return _(
            "It went to the offices’ test system only, so no office has it. Hand the letter over "
            "another way."
        )  # fmt: skip
    if row.cause.startswith(CHANGED) and row.state != "unknown" and not row.is_last_round:
        return _(
            "You changed your letters while this one waited, so it did not go. Have it delivered "
            "again, or hand it over another way."
        )  # fmt: skip
    if row.cause == NOT_PARTICIPATING:
        return _("This office does not use the system. Hand the letter over another way.")
    return _("Hand the letter over another way.")


# --- A message ---


@dataclass(frozen=True, slots=True)
class MailLine:
    """One message of a receipt, in words."""

    kind: str
    state: str
    what: str
    words: str


def mail_lines(receipt: str, site: Services) -> list[MailLine]:
    """The messages of a receipt, oldest first: what each is, its state, and since when."""
    post = post_of(site.settings)
    rows = mail_of(site.db(), receipt) if post is not None else ()
    return [MailLine(row.kind, row.state, _kind_words(row), mail_words(row, site)) for row in rows]


def _kind_words(row: OutboundRow) -> str:
    return {"copy": _("A copy of your letters"), "receipt": _("The link to this receipt")}.get(
        row.kind, _("The email to confirm your address")
    )


def mail_words(row: OutboundRow, site: Services) -> str:
    """The state of a message and since when. Only a mail server's reply makes it *accepted*."""
    when = moment_words(row.state_at, site.campaign.timezone)
    if row.state == "accepted" and row.cause == IN_OUTBOX:
        return _("Saved as a file on the site’s computer on %(when)s. Not sent.", when=when)
    if row.state == "held":
        return _(
            "Waiting since %(when)s for you to press the button behind the link in our message.",
            when=when,
        )
    if row.state == "accepted":
        return _("Accepted by the mail server on %(when)s.", when=when)
    if row.state == "deferred":
        return _("Not accepted yet by the mail server on %(when)s. We will try again.", when=when)
    if row.state == "failed":
        return _("Could not be delivered. We stopped trying on %(when)s.", when=when)
    if row.state == "unknown":
        return _("Went out on %(when)s with no answer. It may have arrived.", when=when)
    return _("On its way since %(when)s.", when=when)
