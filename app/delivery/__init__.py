"""What leaves the site: its own mail with a queue, and packets of letters.

The usual way through, in a web request::

    queue = mail_queue(settings)            # app.site.outgoing, once at start
    to = parse_address(form_email, name)
    queue.post.enqueue(receipt_mail(to, …), wish=nonce, receipt=token)
    held = queue.post.hold(copy_mail(to, …), wish=nonce, receipt=token, seats=seats)

and ``flask worker`` does the rest.
"""

from app.delivery.mail import Address, Attachment, BadAddress, Mail, parse_address
from app.delivery.post import Held, PostOffice, PostSettings, Queued, TooMany
from app.delivery.queue import MailQueue, QueueError, make_huey
from app.delivery.setup import DeliverySettingsError
from app.delivery.smtp import Result, SmtpSettings
from app.delivery.wordings import absolute_link, confirmation_mail, copy_mail, receipt_mail

__all__ = [
    "Address",
    "Attachment",
    "BadAddress",
    "DeliverySettingsError",
    "Held",
    "Mail",
    "MailQueue",
    "PostOffice",
    "PostSettings",
    "QueueError",
    "Queued",
    "Result",
    "SmtpSettings",
    "TooMany",
    "absolute_link",
    "confirmation_mail",
    "copy_mail",
    "make_huey",
    "parse_address",
    "receipt_mail",
]
