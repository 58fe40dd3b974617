"""The site's mail and official delivery, made from its settings; for pages and commands."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

from app.cwc import CwcClient, CwcSettings, DeliveryAgent, OfficePost, check_agent
from app.delivery.post import PostOffice
from app.delivery.queue import MailQueue, QueueError, make_huey
from app.delivery.setup import DeliverySettingsError, MailValues, cwc_mode, post_settings
from app.site.settings import Settings

log = logging.getLogger("dear_congress")


def _utc_now() -> datetime:
    return datetime.now(UTC)


def mail_values(settings: Settings) -> MailValues:
    """The mail settings as plain values."""
    return MailValues(
        server=settings.mail_server,
        port=settings.mail_port,
        tls=settings.mail_tls,
        username=settings.mail_username,
        password=settings.mail_password,
        sender=settings.mail_from,
        sender_name=settings.group_name,
        timeout=settings.mail_timeout,
        data_timeout=settings.mail_data_timeout,
        per_address_a_day=settings.mail_per_address_a_day,
    )


def mail_queue(settings: Settings, *, clock: Callable[[], datetime] = _utc_now) -> MailQueue:
    """The queue with its post office (``.post``), which both web and worker use.

    Raises ``DeliverySettingsError`` or ``QueueError`` with words for the operator.
    """
    post = PostOffice(
        settings.database,
        post_settings(mail_values(settings), settings.instance / "outbox"),
        settings.secret_key,
        clock=clock,
    )
    huey = make_huey(settings.instance / "queue.db", settings.redis_url)
    return MailQueue(huey, post, office_post(settings, clock=clock))


def office_post(
    settings: Settings, *, clock: Callable[[], datetime] = _utc_now
) -> OfficePost | None:
    """The way to the offices' own systems; None unless an operator set up all that it needs.

    What is set up by half is off too: the log and ``flask doctor`` say what is wanting.
    """
    if settings.cwc_mode == "off":
        return None
    try:
        client = cwc_client(settings, clock=clock)
    except (DeliverySettingsError, ValueError) as error:
        log.error("Official delivery is off: %s", error)
        return None
    if faults := check_agent(delivery_agent(settings)):
        log.error("Official delivery is off: %s", faults[0].message)
        return None
    if not settings.cwc_house_key and not settings.cwc_senate_key:
        log.error("Official delivery is off: there is no key.")
        return None
    return OfficePost(settings.database, client, settings.secret_key, clock=clock)


@lru_cache(maxsize=4)
def _queue_of(settings: Settings) -> MailQueue | None:
    try:
        return mail_queue(settings)
    except (DeliverySettingsError, QueueError) as error:
        log.error("Mail is off: %s", error)
        return None


def post_of(settings: Settings) -> PostOffice | None:
    """This process's way to the mail worker, opened when it is first needed.

    None where the settings of mail cannot be used: pages then offer no mail, and the log and
    ``flask doctor`` say why.
    """
    queue = _queue_of(settings)
    return None if queue is None else queue.post


def offices_of(settings: Settings) -> OfficePost | None:
    """This process's way to the worker for the offices' own systems; None where that is off."""
    if settings.cwc_mode == "off":
        return None
    queue = _queue_of(settings)
    offices = None if queue is None else queue.offices
    assert offices is None or isinstance(offices, OfficePost)
    return offices


def delivery_agent(settings: Settings) -> DeliveryAgent:
    """Who hands letters to the offices' systems, as the operator entered it."""
    return DeliveryAgent(
        name=settings.cwc_agent,
        ack_email=settings.cwc_ack_email,
        contact_name=settings.cwc_contact_name,
        contact_email=settings.cwc_contact_email,
        contact_phone=settings.cwc_contact_phone,
        organization=settings.group_name,
        organization_about=settings.cwc_organization_about,
    )


def cwc_client(settings: Settings, *, clock: Callable[[], datetime] = _utc_now) -> CwcClient:
    """The client of the offices' systems. Raises ``DeliverySettingsError``."""
    return CwcClient(
        CwcSettings(
            mode=cwc_mode(settings.cwc_mode),
            house_key=settings.cwc_house_key,
            senate_key=settings.cwc_senate_key,
            house_url=settings.cwc_house_url,
            senate_url=settings.cwc_senate_url,
            per_minute=settings.cwc_per_minute,
            per_office_per_minute=settings.cwc_per_office_per_minute,
        ),
        clock=clock,
    )
