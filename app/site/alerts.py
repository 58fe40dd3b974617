"""Alerts by mail to organizers who want them, without personal data.

The post office sends one idempotency key to an address only once. Each alert's key contains the
week, the list's day or the goal, so no one gets the same alert twice.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.campaign.entities import Campaign
from app.campaign.problems import CampaignError
from app.campaign.stance import stage_of
from app.congress.model import day_in_washington
from app.delivery.mail import Address, Mail, parse_address
from app.delivery.wordings import absolute_link
from app.errors import NotStoredError
from app.records.backup import notes
from app.records.counts import totals
from app.records.database import Connection, open_database
from app.records.holding import held_waiting
from app.records.organizers import alert_addresses
from app.records.site_campaigns import campaigns_here
from app.site.live import live_campaign
from app.site.outgoing import post_of
from app.site.settings import Settings

log = logging.getLogger("dear_congress")

OLD_LIST_DAYS = 14
"""A list of cosponsors older than this is due for an update."""
COPY_EVERY = timedelta(days=2)
"""A copy older than this is overdue."""
WORDS = {
    "en": {
        "subject": "{group}: something needs your attention",
        "held": "{number} signatures are held for review.",
        "list": "The list of cosponsors is {number} days old.",
        "goal": "{number} people have signed: the goal has been reached.",
        "copy": "No copy of the database was made in the last two days.",
        "doctor": "The daily check of the site found a problem that must be fixed. Tell your "
                  "site operator. The command “flask doctor” says what it is.",
        "end": "Open the overview: {link}\n\nYou asked for these alerts. To stop them, open "
               "Your account.",
    },
    "es": {
        "subject": "{group}: algo requiere su atención",
        "held": "Hay {number} firmas en revisión.",
        "list": "La lista de copatrocinio es de hace {number} días.",
        "goal": "{number} personas han firmado: se alcanzó la meta.",
        "copy": "No se hizo ninguna copia de la base de datos en los últimos dos días.",
        "doctor": "La revisión diaria del sitio encontró algo que hay que corregir. Avise a quien "
                  "opera el sitio. El comando “flask doctor” dice qué es.",
        "end": "Abra el resumen: {link}\n\nUsted pidió estos avisos. Para terminarlos, abra "
               "“Su cuenta”.",
    },
}  # fmt: skip


def copied_lately(settings: Settings, now: datetime) -> bool:
    """Whether the site copies its database daily, and a copy was made in the last two days."""
    at = notes(settings.instance).get("copy", {}).get("at", "")
    return bool(settings.backup_folder and at) and now - datetime.fromisoformat(at) < COPY_EVERY


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that organizers should know now."""

    slug: str
    kind: str
    what: str
    """What makes it a new alert: the week, the list's day, the goal."""
    number: int = 0
    prefix: str = ""
    """The prefix of its campaign's addresses."""
    titles: tuple[str, str] = ("", "")
    """The campaign's titles, in English and Spanish, where the site has several."""


def alerts(
    db: Connection, campaign: Campaign, now: datetime, *, over: bool = False
) -> Iterator[Alert]:
    """What organizers of one campaign should know now. An ended campaign (``over``) has no list
    or goal to watch."""
    if number := held_waiting(db, campaign.slug):
        yield Alert(campaign.slug, "held", _week(now), number)
    if not over and (age := days_too_old(campaign, now)):
        yield Alert(campaign.slug, "list", campaign.as_of.isoformat(), age)
    signed = totals(db, campaign.slug).signatures
    if campaign.goal and signed >= campaign.goal and not over:
        yield Alert(campaign.slug, "goal", str(campaign.goal), signed)


def days_too_old(campaign: Campaign, now: datetime) -> int:
    """The age of the list of cosponsors in days; 0 while it is recent enough, and once the bill is
    law or its Congress has ended, when no one can join or leave it."""
    age = (day_in_washington(now) - campaign.as_of).days
    is_over = stage_of(campaign, now) in ("expired", "enacted")
    return age if age > OLD_LIST_DAYS and not is_over else 0


def _week(now: datetime) -> str:
    return "{}-W{}".format(*now.isocalendar()[:2])


def every_alert(settings: Settings, db: Connection, now: datetime) -> Iterator[Alert]:
    """The alerts of every open or ended campaign of the site, and of the site itself.

    A campaign that cannot be read is logged and skipped.
    """
    here = [c for c in campaigns_here(db, settings.campaign) if c.state != "preparing"]
    for one in here:
        try:
            campaign = live_campaign(settings, one.slug)
        except CampaignError as error:
            log.error("Alerts for %s were not sent: %s", one.slug, error)
            continue
        titles = (campaign.title, campaign.title_es) if len(here) > 1 else ("", "")
        for alert in alerts(db, campaign, now, over=one.state == "ended"):
            yield replace(alert, prefix=one.prefix, titles=titles)
    if settings.backup_folder and not copied_lately(settings, now):
        yield Alert(settings.campaign, "copy", _week(now))
    if broken := notes(settings.instance).get("doctor", {}).get("broken"):
        yield Alert(settings.campaign, "doctor", f"{_week(now)} {broken}")


def send_alerts(settings: Settings, now: datetime) -> int:
    """Queue the current alerts as mail; returns how many there are. Logs failures."""
    try:
        with closing(open_database(settings.database)) as db:
            people = alert_addresses(db, settings.secret_key)
            post = post_of(settings) if people else None
            if post is None:
                return 0
            found = list(every_alert(settings, db, now))
        for email, language in people:
            to = parse_address(email)
            if to is None:
                continue
            for alert in found:
                post.enqueue(
                    _mail(settings, to, language, alert),
                    idempotency_key=f"alert {alert.slug} {alert.kind} {alert.what}",
                )
    except (NotStoredError, OSError) as error:
        log.error("Alerts were not sent: %s", error)
        return 0
    return len(found)


def _mail(settings: Settings, to: Address, language: str, alert: Alert) -> Mail:
    words, spanish = WORDS[language], language == "es"
    path = f"{alert.prefix}{'/es' if spanish else ''}/organize/"
    title = alert.titles[spanish] or alert.titles[0]
    about = f"{title}\n\n" if title else ""
    values = {
        "{number}": f"{alert.number:,}", "{link}": absolute_link(settings.address, path),
        "{group}": settings.group_name,
    }  # fmt: skip
    subject, text = words["subject"], f"{words[alert.kind]}\n\n{words['end']}\n"
    for name, value in values.items():
        subject, text = subject.replace(name, value), text.replace(name, value)
    return Mail(kind="other", to=to, subject=subject, text=about + text)
