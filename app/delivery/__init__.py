"""What leaves the site: its own mail with a queue, and the offices' own delivery systems.

The usual way through, in a web request::

    queue = mail_queue(settings)            # app.site.outgoing, once at start
    to = parse_address(form_email, name)
    queue.post.enqueue(receipt_mail(to, …), wish=nonce, receipt=token)
    held = queue.post.hold(copy_mail(to, …), wish=nonce, receipt=token, seats=seats)

and ``flask worker`` does the rest. For an office's own system: ``documents.cwc`` writes a
message, ``CwcClient.send`` hands it over.
"""

from app.delivery.addresses import Address, BadAddress, parse_address
from app.delivery.cwc_client import CwcClient, CwcSettings
from app.delivery.cwc_results import (
    Accepted,
    CwcResult,
    NotAttempted,
    Refused,
    TryLater,
    Unknown,
    letter_state,
)
from app.delivery.mail import Attachment, Mail
from app.delivery.office_post import OfficePost, Posted
from app.delivery.post import Held, PostOffice, PostSettings, Queued, TooMany
from app.delivery.queue import MailQueue, QueueError, make_huey
from app.delivery.results import Result
from app.delivery.setup import DeliverySettingsError
from app.delivery.smtp import SmtpSettings
from app.delivery.wordings import absolute_link, confirmation_mail, copy_mail, receipt_mail

__all__ = [
    "Accepted",
    "Address",
    "Attachment",
    "BadAddress",
    "CwcClient",
    "CwcResult",
    "CwcSettings",
    "DeliverySettingsError",
    "Held",
    "Mail",
    "MailQueue",
    "NotAttempted",
    "OfficePost",
    "PostOffice",
    "PostSettings",
    "Posted",
    "QueueError",
    "Queued",
    "Refused",
    "Result",
    "SmtpSettings",
    "TooMany",
    "TryLater",
    "Unknown",
    "absolute_link",
    "confirmation_mail",
    "copy_mail",
    "letter_state",
    "make_huey",
    "parse_address",
    "receipt_mail",
]  # fmt: skip
