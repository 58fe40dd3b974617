"""The site's mail and official delivery, built from its settings, for pages and commands.

``app.cwc`` is imported lazily: the mail worker, which always runs, needs it only on the few sites
that have official delivery.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, cast

from app.congress.model import Standing, TablesError
from app.congress.tables import load_tables
from app.delivery.mail import parse_address
from app.delivery.post import PostOffice, PostSettings
from app.delivery.queue import MailQueue, QueueError, make_huey
from app.delivery.smtp import SmtpSettings
from app.records.outbound import Addressee
from app.site.services import moment_of_site
from app.site.settings import Settings

if TYPE_CHECKING:
    from app.cwc.client import CwcClient
    from app.cwc.message import DeliveryAgent
    from app.cwc.office_post import OfficePost

log = logging.getLogger("dear_congress")
NOWHERE = "letters@dear-congress.example.org"
"""The sender of mail that is only written to files."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


def post_settings(settings: Settings) -> PostSettings:
    """The settings of the site's mail."""
    sender = parse_address(settings.mail_from or NOWHERE, settings.group_name)
    assert sender is not None  # the settings accept nothing else
    server = SmtpSettings(
        host=settings.mail_server,
        port=settings.mail_port,
        tls=settings.mail_tls,
        username=settings.mail_username,
        password=settings.mail_password,
        timeout=settings.mail_timeout,
        data_timeout=settings.mail_data_timeout,
        local_name=sender.domain,
    )
    return PostSettings(
        sender=sender,
        outbox=settings.instance / "outbox",
        server=server if settings.mail_server else None,
        per_address_a_day=settings.mail_per_address_a_day,
    )


def mail_queue(settings: Settings, *, clock: Callable[[], datetime] = _utc_now) -> MailQueue:
    """The queue with its post office (``.post``), used by both web and worker.

    Raises ``QueueError`` with a message for the operator.
    """
    post = PostOffice(settings.database, post_settings(settings), settings.secret_key, clock=clock)
    huey = make_huey(settings.instance / "queue.db", settings.redis_url)
    return MailQueue(huey, post, office_post(settings, clock=clock))


def office_post(
    settings: Settings, *, clock: Callable[[], datetime] = _utc_now
) -> OfficePost | None:
    """The connection to the offices' own systems; None unless fully configured.

    An incomplete configuration is off: the log and ``flask doctor`` say what is missing.
    """
    if settings.cwc_mode == "off":
        return None
    from app.cwc.message import check_agent
    from app.cwc.office_post import OfficePost

    if faults := check_agent(delivery_agent(settings)):
        log.error("Official delivery is off: %s", faults[0].message)
        return None
    if not settings.cwc_house_key and not settings.cwc_senate_key:
        log.error("Official delivery is off: no key is set.")
        return None
    return OfficePost(
        settings.database, cwc_client(settings, clock=clock), settings.secret_key, clock=clock,
        standing=partial(standing_now, settings, clock=clock),
    )  # fmt: skip


def standing_now(
    settings: Settings, addressee: Addressee, *, clock: Callable[[], datetime] = _utc_now
) -> Standing:
    """Whether the member to whom a letter was written sits; ``unsure`` without readable tables."""
    try:
        tables = load_tables(settings.instance, moment_of_site(settings, clock))
    except TablesError as error:
        log.error("Letters to offices wait: %s", error)
        return "unsure"
    return tables.standing_in(*addressee)


@lru_cache(maxsize=4)
def _queue_of(settings: Settings) -> MailQueue | None:
    try:
        return mail_queue(settings)
    except QueueError as error:
        log.error("Mail is off: %s", error)
        return None


def post_of(settings: Settings) -> PostOffice | None:
    """This process's post office, opened on first use.

    None if the mail settings cannot be used: pages then offer no mail, and the log and
    ``flask doctor`` say why.
    """
    queue = _queue_of(settings)
    return None if queue is None else queue.post


def offices_of(settings: Settings) -> OfficePost | None:
    """This process's queue to the offices' own systems; None if official delivery is off."""
    if settings.cwc_mode == "off":
        return None
    queue = _queue_of(settings)
    return None if queue is None else cast("OfficePost | None", queue.offices)


def delivery_agent(settings: Settings) -> DeliveryAgent:
    """The delivery agent for the offices' systems, as the operator entered it."""
    from app.cwc.message import DeliveryAgent

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
    """The client for the offices' systems."""
    from app.cwc.client import CwcClient, CwcSettings

    return CwcClient(
        CwcSettings(
            mode=settings.cwc_mode,
            house_key=settings.cwc_house_key,
            senate_key=settings.cwc_senate_key,
            house_url=settings.cwc_house_url,
            senate_url=settings.cwc_senate_url,
            per_minute=settings.cwc_per_minute,
            per_office_per_minute=settings.cwc_per_office_per_minute,
        ),
        clock=clock,
    )
