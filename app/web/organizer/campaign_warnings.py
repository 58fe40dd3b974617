"""What the organizers' first page warns of: facts that have grown old."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from app.campaign.stance import CURRENT, has_ended
from app.campaign.words import ordinal
from app.congress.refresh import Refreshed, refreshed
from app.records.organizers import Organizer
from app.site.alerts import OLD_LIST_DAYS
from app.site.i18n import gettext as _
from app.site.i18n import language, long_date, ngettext
from app.site.live_supporters import live_lists
from app.site.services import Services
from app.web.organizer.nav import Notice

COUNTDOWN_FROM = 12
"""From the first day of this month on, what is ready for the next Congress is shown."""
CHANGED_DAYS = 14
"""So long it is told what changed in the list of members."""
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
    yield from _list_changed(site)


def _old_list(site: Services) -> Iterable[Notice]:
    age = (site.today() - site.campaign.as_of).days
    if age > OLD_LIST_DAYS:
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
                 "past. Once it comes back with a number, begin the next campaign.",
                 day=long_date(end))  # fmt: skip
        yield Notice(text, "organizer_campaigns.new", _("Begin a campaign"))
    elif today >= date(end.year - 1, COUNTDOWN_FROM, 1):
        yield _countdown(site, end)


def _countdown(site: Services, end: date) -> Notice:
    """What is ready for the next Congress, what is missing, and what to do before the noon."""
    days, tables = (end - site.today()).days, site.tables
    text = ngettext(
        "This Congress ends in one day, at noon in Washington on %(day)s.",
        "This Congress ends in %(num)d days, at noon in Washington on %(day)s.",
        days, day=long_date(end),
    ) if days else _("This Congress ends today, at noon in Washington.")  # fmt: skip
    congress = ordinal(tables.congress + 1, "es" if language() == "es" else "en")
    return Notice(text, "organizer_campaign.once", _("Bill and dates"), {"name": "bill"}, steps=(
        _("Ready: the districts of the %(congress)s Congress are here and take over at that noon.",
          congress=congress)
        if tables.last_known > tables.congress else
        _("Missing: the districts of the %(congress)s Congress. Without them nobody is looked up "
          "from then on. Ask the person who runs this site to install them.", congress=congress),
        _("Ready: the site fetches the list of members every day. A new member can be written to "
          "once the list has the name.")
        if site.settings.congress_refresh else
        _("To do: ask the person who runs this site to refresh the list of members on that day "
          "and on the days after, or to have the site do it daily. Until then nobody new can be "
          "written to."),
        _("To do: enter signatures on paper and bring printed letters before that noon. What is "
          "entered later counts for the next Congress, and letters to this one are not printed."),
        _("Afterwards: this bill is over. Letters speak of it in the past. When it comes back with "
          "another number, begin the next campaign."),
    ))  # fmt: skip


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


def _list_changed(site: Services) -> Iterable[Notice]:
    """What the last refresh of the list of members came to."""
    last = refreshed(site.settings.instance)
    if last is None:
        return
    if last.problem:
        yield Notice(_(
            "The list of members was looked at on %(day)s and could not be taken, so the one of "
            "%(known)s still holds. Ask the person who runs this site.",
            day=long_date(last.at.date()), known=long_date(site.tables.as_of),
        ))  # fmt: skip
    if last.changed and (site.today() - last.changed).days <= CHANGED_DAYS:
        text = _("The list of members changed on %(day)s.", day=long_date(last.changed))
        yield Notice(text, steps=tuple(_changes(last)))


def _changes(last: Refreshed) -> Iterable[str]:
    for lines, words in (
        (last.joined, _("Joined: %(names)s")),
        (last.left, _("Left: %(names)s")),
        (last.moved, _("In another seat: %(names)s")),
        (last.offices, _("Another address, telephone or form: %(names)s")),
    ):
        if lines:
            shown = ", ".join(lines[:NAMED]) + (" …" if len(lines) > NAMED else "")
            yield words % {"names": shown}
