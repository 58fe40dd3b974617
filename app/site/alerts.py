"""Mail to organizers who want it: what waits for them, without a word about anyone.

The post office sends the same wish to the same address once. So each alert's wish names what it
is about: the week, the list's day, the goal; nobody is told the same twice.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta

from app.campaign import Campaign, CampaignError
from app.delivery.mail import Address, Mail, parse_address
from app.delivery.wordings import absolute_link
from app.records import Connection, NotStoredError, totals
from app.records.database import open_database
from app.records.holding import held_waiting
from app.records.organizers import alert_addresses
from app.site.live import live_campaign
from app.site.outgoing import post_of
from app.site.settings import Settings

log = logging.getLogger("dear_congress")

OLD_LIST_DAYS = 14
"""A list of cosponsors older than this is looked at again."""
COPY_EVERY = timedelta(days=2)
"""A copy older than this is overdue."""
WORDS = {
    "en": {
        "subject": "{group}: something needs you",
        "held": "{number} signatures are held for review.",
        "list": "The list of cosponsors is {number} days old.",
        "goal": "{number} people have signed: the goal is reached.",
        "copy": "No copy of the database was made in the last two days.",
        "end": "Open the overview: {link}\n\nYou asked for these alerts. To end them, open "
               "Your account.",
    },
    "es": {
        "subject": "{group}: algo requiere su atención",
        "held": "Hay {number} firmas retenidas para revisar.",
        "list": "La lista de copatrocinadores tiene {number} días.",
        "goal": "Han firmado {number} personas: se alcanzó la meta.",
        "copy": "No se hizo ninguna copia de la base de datos en los últimos dos días.",
        "end": "Abra el resumen: {link}\n\nUsted pidió estos avisos. Para terminarlos, abra "
               "Su cuenta.",
    },
}  # fmt: skip


def copied_lately(settings: Settings, now: datetime) -> bool:
    """Whether the daily job made a copy of the database in the last two days."""
    try:
        last = (settings.instance / "copied").stat().st_mtime
    except OSError:
        return False
    return now.timestamp() - last < COPY_EVERY.total_seconds()


def alerts(
    settings: Settings, db: Connection, campaign: Campaign, now: datetime
) -> Iterator[tuple[str, str, int]]:
    """What organizers should know now: kind, what makes it another one, and a number."""
    week = "{}-W{}".format(*now.isocalendar()[:2])
    if number := held_waiting(db, campaign.slug):
        yield "held", week, number
    age = (now.date() - campaign.as_of).days
    if age > OLD_LIST_DAYS and now < campaign.ends:
        yield "list", campaign.as_of.isoformat(), age
    signed = totals(db, campaign.slug).signatures
    if campaign.goal and signed >= campaign.goal:
        yield "goal", str(campaign.goal), signed
    if (settings.instance / "copied").exists() and not copied_lately(settings, now):
        yield "copy", week, 0


def send_alerts(settings: Settings, now: datetime) -> int:
    """Put the alerts of this moment into the post; how many there are. Logs what goes wrong."""
    try:
        with closing(open_database(settings.database)) as db:
            people = alert_addresses(db, settings.secret_key)
            post = post_of(settings) if people else None
            if post is None:
                return 0
            found = list(alerts(settings, db, live_campaign(settings), now))
        for email, language in people:
            to = parse_address(email)
            for kind, what, number in found if isinstance(to, Address) else ():
                assert isinstance(to, Address)
                post.enqueue(_mail(settings, to, language, kind, number),
                             wish=f"alert {settings.campaign} {kind} {what}")  # fmt: skip
    except (CampaignError, NotStoredError, OSError) as error:
        log.error("Alerts were not sent: %s", error)
        return 0
    return len(found)


def _mail(settings: Settings, to: Address, language: str, kind: str, number: int) -> Mail:
    words = WORDS[language]
    link = absolute_link(settings.site_url, "/es/organize/" if language == "es" else "/organize/")
    text = f"{words[kind]}\n\n{words['end']}\n".replace("{number}", f"{number:,}")
    subject = words["subject"].replace("{group}", settings.group_name)
    return Mail(kind="other", to=to, subject=subject, text=text.replace("{link}", link))
