"""What the organizers' first page warns of: facts that have grown old."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from app.campaign.stance import CURRENT, has_ended
from app.records.organizers import Organizer
from app.site.i18n import gettext as _
from app.site.i18n import long_date, ngettext
from app.site.services import Services
from app.site.supporters import live_lists
from app.web.organizer.nav import Notice

OLD_DAYS = 14
"""A list of cosponsors older than this is looked at again."""
END_DAYS = 30
"""So long before the end of a Congress it is time to prepare the next one."""
OLD_TABLES_DAYS = 120
"""Tables of members older than this are built anew; the doctor's command says the same."""
NAMED = 5

COSPONSORS = "organizer_cosponsors.index"


def stale_facts(site: Services, me: Organizer) -> Iterable[Notice]:
    """Warnings for whoever can do something about them."""
    if not me.may("editor"):
        return
    yield from _old_list(site)
    yield from _gone(site)
    yield from _end(site)
    yield from _old_tables(site)


def _old_list(site: Services) -> Iterable[Notice]:
    age = (site.today() - site.campaign.as_of).days
    if age > OLD_DAYS:
        text = _(
            "The list of cosponsors is of %(day)s, %(age)d days old. Bring in the official one.",
            day=long_date(site.campaign.as_of), age=age,
        )  # fmt: skip
        yield Notice(text, "organizer_cosponsors.bring", _("Bring in the official list"))


def _gone(site: Services) -> Iterable[Notice]:
    if has_ended(site.campaign, site.now()):
        return  # the bill's supporters are those of its own Congress
    lines = [b for b in live_lists(site).backings if b.bill == CURRENT]
    names = [b.name for b in lines if site.tables.holder_of(b.bioguide) is None]
    if names:
        shown = ", ".join(names[:NAMED]) + (" …" if len(names) > NAMED else "")
        text = ngettext(
            "One person on the list of cosponsors is not in our list of members: %(names)s.",
            "%(num)d people on the list of cosponsors are not in our list of members: %(names)s.",
            len(names), names=shown,
        )  # fmt: skip
        yield Notice(text, COSPONSORS, _("Cosponsors"))


def _end(site: Services) -> Iterable[Notice]:
    end, today = site.campaign.ends.date(), site.today()
    if has_ended(site.campaign, site.now()):
        text = _("The Congress of this campaign ended on %(day)s. Letters speak of the bill in the "
                 "past; enter the new bill once there is one.", day=long_date(end))  # fmt: skip
        yield Notice(text, "organizer_campaign.once", _("Bill and dates"), {"name": "bill"})
    elif end - today <= timedelta(days=END_DAYS):
        text = ngettext(
            "This Congress ends in one day, on %(day)s. After that the bill has no number and "
            "nobody whose term ended is written to.",
            "This Congress ends in %(num)d days, on %(day)s. After that the bill has no number and "
            "nobody whose term ended is written to.",
            (end - today).days, day=long_date(end),
        )  # fmt: skip
        yield Notice(text, "organizer_campaign.once", _("Bill and dates"), {"name": "bill"})


def _old_tables(site: Services) -> Iterable[Notice]:
    tables, today = site.tables, site.today()
    if awaited := len(tables.awaited()):
        text = ngettext(
            "In one seat of the Congress that sits now somebody was sworn in whose name our list "
            "of %(day)s does not have. No letter can be written to it. Ask the person who runs "
            "this site to refresh the list.",
            "In %(num)d seats of the Congress that sits now somebody was sworn in whose name our "
            "list of %(day)s does not have. No letter can be written to them. Ask the person who "
            "runs this site to refresh the list.",
            awaited, day=long_date(tables.as_of),
        )  # fmt: skip
        yield Notice(text)
    elif (today - tables.as_of).days > OLD_TABLES_DAYS:
        text = _(
            "The tables of members are of %(day)s, %(age)d days old. Ask the person who runs this "
            "site to build them anew.",
            day=long_date(tables.as_of), age=(today - tables.as_of).days,
        )  # fmt: skip
        yield Notice(text)
