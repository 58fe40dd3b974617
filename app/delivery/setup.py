"""From an operator's plain values to a post office, a queue and a client."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from app.delivery.mail import Address, BadAddress, parse_address
from app.delivery.post import PostSettings
from app.delivery.smtp import SmtpSettings, Tls

NOWHERE = "letters@dear-congress.example.org"
"""The sender of mail that is only written to files."""
HERE = ("localhost", "127.0.0.1", "::1")


class DeliverySettingsError(Exception):
    """A setting of mail or delivery cannot be used; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class MailValues:
    """The settings of mail as an operator writes them."""

    server: str = ""
    port: int = 587
    tls: str = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    sender: str = ""
    sender_name: str = ""
    timeout: float = 15.0
    data_timeout: float = 120.0
    per_address_a_day: int = 10


def post_settings(values: MailValues, outbox: Path) -> PostSettings:
    """Checked settings of the post office. Raises ``DeliverySettingsError``."""
    sender = parse_address(values.sender or NOWHERE, values.sender_name)
    if isinstance(sender, BadAddress):
        raise DeliverySettingsError(f"mail_from is {values.sender!r}. {sender.message}")
    if values.per_address_a_day < 1:
        raise DeliverySettingsError("mail_per_address_a_day must be 1 or more.")
    return PostSettings(
        sender=sender,
        outbox=outbox,
        server=_server(values, sender) if values.server else None,
        per_address_a_day=values.per_address_a_day,
    )


def _server(values: MailValues, sender: Address) -> SmtpSettings:
    if not values.sender:
        raise DeliverySettingsError(
            "mail_server is set, but mail_from is not. Set it to an address of your own domain."
        )
    if values.tls not in ("starttls", "tls", "none"):
        raise DeliverySettingsError(f"mail_tls is {values.tls!r}: use starttls, tls or none.")
    if values.tls == "none" and values.server not in HERE:
        raise DeliverySettingsError(
            "mail_tls is none, but the mail server is another machine: letters would travel "
            "unprotected. Use starttls or tls."
        )
    if not 1 <= values.port <= 65535:
        raise DeliverySettingsError(f"mail_port is {values.port}: use 587, 465 or 25.")
    if not (0 < values.timeout <= 30 and 0 < values.data_timeout <= 300):
        # Together they stay under the lease after which a worker is taken for dead.
        raise DeliverySettingsError(
            "mail_timeout is more than 0 and at most 30 seconds, mail_data_timeout at most 300."
        )
    return SmtpSettings(
        host=values.server,
        port=values.port,
        tls=cast(Tls, values.tls),
        username=values.username,
        password=values.password,
        timeout=values.timeout,
        data_timeout=values.data_timeout,
        local_name=sender.domain,
    )


def cwc_mode(text: str) -> Literal["off", "test", "production"]:
    """The mode of official delivery. Raises ``DeliverySettingsError``."""
    if text not in ("off", "test", "production"):
        raise DeliverySettingsError(f"cwc_mode is {text!r}: use off, test or production.")
    return cast(Literal["off", "test", "production"], text)
