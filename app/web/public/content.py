"""What the public pages say, computed from the campaign and today's date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal
from zoneinfo import ZoneInfo

from flask import request
from flask_babel import format_decimal

from app.campaign.compose import compose
from app.campaign.entities import Letter, Writer
from app.campaign.page_words import PageWords, congress_gov, page_words
from app.campaign.stance import stage_of, stance_of
from app.congress.model import congress_years
from app.records.counts import Totals, totals
from app.records.database import NotStoredError
from app.site.i18n import gettext as _
from app.site.i18n import language, long_date, ngettext, page_url
from app.site.outgoing import offices_of
from app.site.paper_links import title_in
from app.site.services import Services
from app.web.pages import Page
from app.web.public.counter import StateRow, state_rows
from app.web.resident.consent import offer
from app.web.resident.copies import mailing
from app.web.resident.draft import CopyForm
from app.web.resident.people import state_name
from app.web.resident.receipts import letters_until
from app.web.resident.sharing import prefilled

SHOWN_FROM = 25
"""People from whom on the start page says how many signed: fewer tell a newcomer nothing."""


def home(args: Mapping[str, str], site: Services) -> Page:
    """The start page with the counts of people and letters, where they can be had."""
    if site.standing.state == "ended":
        return archive(site)
    counted, states = _counts(site)
    shown = counted.signatures >= SHOWN_FROM
    return Page(
        "public/home.html",
        {
            **_bill(site),
            "link": prefilled(args, site),
            "days_left": _days_left(site),
            "counted": _counted_words(counted) if shown else "",
            "states": states,
        },
    )


def archive(site: Services, story: str = "") -> Page:
    """What stays of a campaign that has ended: its counts and its words.

    ``story`` is what somebody had typed when it ended, so that they can take it along.
    """
    counted, states = _counts(site)
    ended = site.standing.ended_at
    on = next((one for one in site.campaigns if one.state == "open"), None)
    outside = request.script_root.removesuffix(site.standing.prefix)
    home = page_url("public.home").removeprefix(request.script_root)
    context = {
        **_bill(site),
        "ended": ended.astimezone(ZoneInfo(site.campaign.timezone)).date() if ended else None,
        "counted": counted,
        "states": states,
        "letters": _letters_as_sent(site),
        "story": story,
        "next_title": title_in(site.lives.of(on.slug).now(site.db()), _language()) if on else "",
        "next_url": f"{outside}{on.prefix}{home}" if on else "",
    }  # fmt: skip
    return Page("public/archive.html", context)


def _counts(site: Services) -> tuple[Totals, list[StateRow]]:
    try:
        return totals(site.db(), site.slug), state_rows(site)
    except NotStoredError:
        return Totals(0, 0), []


def _letters_as_sent(site: Services) -> list[tuple[str, Letter]]:
    """Each letter with its title, as somebody without a story of their own would have sent it to
    the first representative who had done nothing on the bill."""
    campaign = site.campaign
    house = [h for h in site.tables.holders if h.member and h.seat.chamber == "house"]
    holder = next(
        (h for h in house if h.member and stance_of(campaign, h.member).name == "none"), house[0]
    )
    there = site.tables.delegation(holder.seat.state, holder.seat.district or 0)
    assert there is not None
    return [
        (
            template.title_es if language() == "es" else template.title,
            compose(campaign, template, holder, writer=Writer(first=""), district_place=there,
                    story="", today=site.writing_day()),
        )
        for (_id, length), template in sorted(campaign.templates.items()) if length == "full"
    ]  # fmt: skip


def _counted_words(counted: Totals) -> str:
    return _(
        "%(people)s people signed and wrote %(letters)s letters.",
        people=format_decimal(counted.signatures), letters=format_decimal(counted.letters),
    )  # fmt: skip


def _days_left(site: Services) -> str:
    """The time left in this Congress, for beside the button; empty where it is over."""
    campaign = site.campaign
    left = (campaign.ends.date() - site.today()).days
    if left < 1 or stage_of(campaign, site.writing_day()) in ("expired", "enacted"):
        return ""
    return ngettext("%(num)d day left", "%(num)d days left", left)


def accessibility() -> Page:
    """Who can use this site, what is known not to work, and whom to tell."""
    return Page("public/accessibility.html", {"public_page": True})


def terms(site: Services) -> Page:
    """What using the site means, and who answers for it where they say so."""
    settings = site.settings
    context = {
        "public_page": True,
        "legal_name": settings.legal_name,
        "postal_address": settings.postal_address,
    }
    return Page("public/terms.html", context)


def bill(site: Services) -> Page:
    """The bill in more detail."""
    return Page("public/bill.html", _bill(site))


def districts(site: Services) -> Page:
    """Whose district lines hold in which state, from when, and who says so."""
    tables = site.tables
    noon = long_date(date(congress_years(tables.last_known)[0], 1, 3))
    plans = [
        (state_name(plan.state), plan, _("new lines") if plan.congress == tables.last_known
         else _("lines as before"))
        for plan in tables.plans.values()
    ]  # fmt: skip
    context = {
        "public_page": True,
        "plans": plans,
        "noon": noon,
        "as_of": tables.plans_as_of,
        "in_force": tables.congress >= tables.last_known,
        "members_as_of": tables.as_of,
        "awaited": len(tables.awaited()),
    }
    return Page("public/districts.html", context)


def privacy(site: Services) -> Page:
    """What is kept and what is not."""
    context = {
        "public_page": True,
        "street_lookup": site.settings.street_lookup,
        "confirm_email": site.confirm_email,
        "offer": offer(site),
        "mail": mailing(CopyForm(), site),
        "keep_mail_days": site.settings.keep_mail_days,
        "keep_backup_days": site.settings.keep_backup_days,
        "official": offices_of(site.settings) is not None,
        "agent": site.settings.cwc_agent,
        "texts_until": letters_until(site),
    }
    return Page("public/privacy.html", context)


def words_of(site: Services) -> PageWords:
    """What the campaign says of its bill today, in the language of the page."""
    return page_words(site.campaign, site.writing_day(), _language())


def _language() -> Literal["en", "es"]:
    return "es" if language() == "es" else "en"


def _bill(site: Services) -> dict[str, Any]:
    campaign = site.campaign
    return {
        "public_page": True,
        "is_open": site.standing.state == "open",
        "stage": stage_of(campaign, site.writing_day()),
        "words": words_of(site),
        "time_words": time_words(site),
        "bill_url": congress_gov(campaign.bill_for("house")),
        "bill_number": campaign.bill_for("house").number,
        "sources": list({(s.words, s.url): s for s in campaign.sources.values()}.values()),
    }


def time_words(site: Services) -> tuple[str, ...]:
    """How much time is left in this Congress: true of any bill."""
    campaign, today = site.campaign, site.today()
    ends, stage = long_date(campaign.ends.date()), stage_of(campaign, site.writing_day())
    if stage == "enacted":
        return (_("The bill has become law."),)
    if stage == "expired":
        return ()
    left = (campaign.ends.date() - today).days
    time_left = ngettext(
        "This Congress ends at noon on %(ends)s, one day from today. Bills not passed by then "
        "expire.",
        "This Congress ends at noon on %(ends)s, %(num)d days from today. Bills not passed by "
        "then expire.",
        left, ends=ends,
    )  # fmt: skip
    if not left:
        time_left = _("This Congress ends today at noon, Washington time. A bill that has not "
                      "passed by then ends with it.")  # fmt: skip
    words = [
        time_left,
    ]  # fmt: skip
    if stage == "last_weeks":
        words.append(
            _("A vote is unlikely now. A letter still counts: each name is a head start for the "
              "next try.")
        )  # fmt: skip
    return tuple(words)
