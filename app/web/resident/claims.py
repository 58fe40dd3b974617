"""What a page says of somebody's act: each sentence made from the database as it is just now.

A sentence has a mark, which stands in the page as ``data-claim``, so that a test can compare it
with the row. All of them are true as well for somebody who had signed before, in the same words,
so that a receipt tells a stranger nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.records.acts import Receipt
from app.records.database import Connection
from app.records.erasing import waits_to_be_erased
from app.records.outbound import WRITTEN, OutboundRow
from app.site.i18n import gettext as _
from app.site.i18n import moment_words

LEAVING = ("sending", "handing over")
"""States of a message that a worker is handing over at this moment."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence. ``attention``: the person may want to do something about it."""

    mark: str
    words: str
    attention: bool = False


def claims_of(
    found: Receipt, mails: Sequence[OutboundRow], db: Connection, zone: str
) -> list[Claim]:
    """What is so of the act of a receipt. ``mails`` are its messages, oldest first."""
    if found.withdrawn:
        return [_withdrawn(), _deleted(mails, db)]
    said = [_standing(found, mails, zone)]
    if found.changed is not None:
        words = _("You changed this signature on %(when)s. It is now as you sent it last, and so "
                  "are its letters.", when=moment_words(found.changed, zone))  # fmt: skip
        said.append(Claim("changed", words))
        if waits_to_be_erased(db):
            said.append(_deleted(mails, db))
    return said


def confirmation_failed(found: Receipt, mails: Sequence[OutboundRow]) -> bool:
    """Whether the question by e-mail cannot be answered, because it never arrived."""
    asked = _asked(mails)
    return found.waits_for == "confirmation" and (asked is None or asked.state == "failed")


def _standing(found: Receipt, mails: Sequence[OutboundRow], zone: str) -> Claim:
    if found.test:
        return Claim("test", _("This is a test. It is counted nowhere."))
    if found.waits_for == "confirmation":
        return _unconfirmed(_asked(mails), zone)
    if found.waits_for == "organizer":
        words = _("Not counted yet: your signature waits for an organizer, who looks at it. You "
                  "need not do anything, and your letters are ready all the same.")  # fmt: skip
        return Claim("held", words, attention=True)
    words = _("This signature is counted, unless you signed another time, or four others signed "
              "with your e-mail address: each person is counted once.")  # fmt: skip
    return Claim("counted", words)


def _asked(mails: Sequence[OutboundRow]) -> OutboundRow | None:
    """The newest message that asks whether the address is the signer's."""
    asked = [row for row in mails if row.kind == "signing"]
    return asked[-1] if asked else None


def _unconfirmed(mail: OutboundRow | None, zone: str) -> Claim:
    """That an e-mail has to be answered, and where that e-mail is."""
    state = "none" if mail is None else mail.state
    when = moment_words(mail.state_at, zone) if mail is not None else ""
    to_a_file = mail is not None and mail.cause == WRITTEN
    if state == "failed":
        words = _("Not counted yet: the e-mail with the link could not be delivered to the address "
                  "that you gave.")  # fmt: skip
    elif state == "none":
        words = _("Not counted yet: no e-mail with the link could be sent to you.")
    elif to_a_file:
        words = _("Not counted yet: this site sends no e-mail; the message with the link is a "
                  "file on its computer.")  # fmt: skip
    elif state == "accepted":
        words = _("Not counted yet: an e-mail with a link was accepted by the mail server on "
                  "%(when)s. Open it and press the button there.", when=when)  # fmt: skip
    elif state == "deferred":
        words = _("Not counted yet: the mail server did not take the e-mail with the link on "
                  "%(when)s; we try again.", when=when)  # fmt: skip
    elif state == "unknown":
        words = _("Not counted yet: an e-mail with a link left on %(when)s and no answer came, so "
                  "it may have arrived. Open it and press the button there.",
                  when=when)  # fmt: skip
    else:
        words = _("Not counted yet: an e-mail with a link is on its way to you. Open it and press "
                  "the button there.")  # fmt: skip
    end = _("Without that, this signature is deleted within two days.")
    return Claim(f"unconfirmed:{state}", f"{words} {end}", attention=True)


def _withdrawn() -> Claim:
    words = _("This signature is not counted. If you signed another time, that signature has a "
              "receipt of its own and is not withdrawn by this one. Letters that you already sent "
              "or pasted are with the offices; we cannot call them back.")  # fmt: skip
    return Claim("withdrawn", words)


def _deleted(mails: Sequence[OutboundRow], db: Connection) -> Claim:
    """Whether what was deleted is gone from the files, or until when it is not."""
    if any(row.state in LEAVING for row in mails):
        words = _("What was kept for it is deleted. A message that is leaving at this moment is "
                  "erased here as soon as it has left.")  # fmt: skip
        return Claim("deleting", words)
    if waits_to_be_erased(db):
        words = _("What was kept for it is deleted. The database is being read just now, so its "
                  "last traces stay in the site’s files until that is over, at the longest until "
                  "the daily purge.")  # fmt: skip
        return Claim("deleting", words)
    return Claim("deleted", _("What was kept for it is deleted, from the site’s files too."))
