"""What the public pages say, computed from the campaign and today's date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.campaign import stage_of
from app.campaign.words import ordinal
from app.records import NotStoredError, Totals, totals
from app.site.i18n import gettext as _
from app.site.i18n import language, long_date, ngettext
from app.site.outgoing import offices_of
from app.site.services import Services
from app.web.pages import Page
from app.web.public.counter import state_rows
from app.web.resident import keeping
from app.web.resident.consent import offer
from app.web.resident.copies import empty_form
from app.web.resident.sharing import prefilled


def home(args: Mapping[str, str], site: Services) -> Page:
    """The start page with the counts of people and letters, where they can be had."""
    try:
        counted, states = totals(site.db(), site.campaign.slug), state_rows(site)
    except NotStoredError:
        counted, states = Totals(0, 0), []
    return Page(
        "public/home.html",
        {
            **_bill(site),
            "link": prefilled(args, site),
            "signatures": counted.signatures,
            "letter_count": counted.letters,
            "states": states,
        },
    )


def bill(site: Services) -> Page:
    """The bill in more detail."""
    return Page("public/bill.html", _bill(site))


def privacy(site: Services) -> Page:
    """What is kept and what is not."""
    context = {
        "public_page": True,
        "street_lookup": site.settings.street_lookup,
        "confirm_email": site.confirm_email,
        "offer": offer(site),
        "mail": empty_form("", site),
        "keep_mail_days": site.settings.keep_mail_days,
        "official": offices_of(site.settings) is not None,
        "agent": site.settings.cwc_agent,
        "texts_until": keeping.until(site),
    }
    return Page("public/privacy.html", context)


def _bill(site: Services) -> dict[str, Any]:
    bill = site.campaign.bill_for("house")
    stage = stage_of(site.campaign, site.writing_day())
    return {
        "public_page": True,
        "stage": stage,
        "bill_number": bill.number or bill.title,
        "introduced": bill.introduced,
        "stage_words": stage_words(site),
    }


def stage_words(site: Services) -> list[str]:
    """Where the bill stands today, truthfully: what is known, until when, and the time left."""
    campaign, today = site.campaign, site.today()
    number = campaign.bill_for("house").number or campaign.title
    as_of, ends = long_date(campaign.as_of), long_date(campaign.ends.date())
    names = [stance.name for stance in campaign.stances.values()]
    count = names.count("cosponsor")
    stage = stage_of(campaign, site.writing_day())
    if stage == "enacted":
        return [_("The bill has become law.")]
    if stage == "expired":
        congress = ordinal(campaign.congress, "es" if language() == "es" else "en")
        return [
            _("%(number)s ended with the %(congress)s Congress on %(ends)s. It was before the "
              "House Judiciary Committee and had %(count)d cosponsors as of %(as_of)s. Its "
              "supporters would have to introduce it again.",
              number=number, congress=congress, ends=ends, count=count, as_of=as_of)
        ]  # fmt: skip
    left = (campaign.ends.date() - today).days
    time_left = ngettext(
        "This Congress ends at noon on %(ends)s: one day from today. A bill that has not "
        "passed by then ends with it.",
        "This Congress ends at noon on %(ends)s: %(num)d days from today. A bill that has not "
        "passed by then ends with it.",
        left, ends=ends,
    )  # fmt: skip
    if not left:
        time_left = _("This Congress ends today at noon, Washington time. A bill that has not "
                      "passed by then ends with it.")  # fmt: skip
    words = [
        _("%(number)s is before the House Judiciary Committee. As of %(as_of)s it had %(count)d "
          "cosponsors, and neither a hearing nor a vote. No companion bill in the Senate is known "
          "to us.", number=number, count=count, as_of=as_of),
        time_left,
    ]  # fmt: skip
    if stage == "last_weeks":
        words.append(
            _("So little time is left that a vote is not likely. A letter now still counts: it "
              "shows where support stands when the bill comes back.")
        )  # fmt: skip
    return words
