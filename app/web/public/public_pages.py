"""The public pages, as they follow from the campaign and the date, and the files that crawlers and
monitors look for."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, jsonify, request, send_from_directory, url_for
from flask_babel import format_decimal
from werkzeug.wrappers import Response

from app.campaign.compose import compose
from app.campaign.entities import Letter, Writer
from app.campaign.page_words import congress_gov, page_words
from app.campaign.stance import stage_of, stance_of
from app.campaign.words import ordinal, said
from app.congress.model import congress_years
from app.delivery.wordings import absolute_link
from app.errors import NotStoredError
from app.records.counts import Totals, totals
from app.site.assets import STATIC
from app.site.i18n import LANGUAGES, language, long_date, ngettext, page_url
from app.site.i18n import gettext as _
from app.site.outgoing import offices_of
from app.site.services import Services, services
from app.site.watching import is_question, unready
from app.web.access import access
from app.web.forms import queried
from app.web.headers import public_page, shared
from app.web.pages import Page, contact_url, show
from app.web.public.counter import state_rows
from app.web.resident.consent import kept_until, offer
from app.web.resident.copies import mailing
from app.web.resident.draft import CopyForm
from app.web.resident.people import state_name
from app.web.resident.sharing import prefilled

public = Blueprint("public", __name__)
well_known = Blueprint("well_known", __name__)
"""Files at addresses that standards prescribe, the same in every language."""

SHOWN_FROM = 25
"""How many signatures it takes for the start page to show the count; fewer mean little to a
visitor."""
INDEXED = ("public.home", "public.bill", "resident.start")
"""The pages in the sitemap: they describe the site and contain nothing personal."""
DAY_SECONDS = 86_400


@public.get("/")
@access("anyone")
def home() -> Response:
    """The start page, with the counts of people and letters if they are available."""
    if not queried():  # a link may say where a person lives, which must not be cached
        public_page()
    site = services()
    if site.standing.state == "ended":
        return archive(site)
    counted, states = _counts(site)
    words = _counted_words(counted) if counted.signatures >= SHOWN_FROM else ""
    return _show(
        "home", **_bill(site), link=prefilled(queried(), site), days_left=_days_left(site),
        counted=words, states=states,
    )  # fmt: skip


def _show(template: str, **context: Any) -> Response:
    return show(Page(f"public/{template}.html", {"public_page": True, **context}))


def archive(site: Services, story: str = "") -> Response:
    """The page of a campaign that has ended: its counts and its letters.

    ``story`` is what a resident had written when it ended, with the letters they had edited, so
    that they can copy it.
    """
    counted, states = _counts(site)
    ended = site.standing.ended_at
    on = next((one for one in site.campaigns if one.state == "open"), None)
    outside = request.script_root.removesuffix(site.standing.prefix)
    home = page_url("public.home").removeprefix(request.script_root)
    return _show(
        "archive",
        **_bill(site),
        ended=ended.astimezone(ZoneInfo(site.campaign.timezone)).date() if ended else None,
        counted=counted,
        states=states,
        letters=_letters_as_sent(site),
        story=story,
        next_title=said(site.lives.of(on.slug).now(site.db()), "title", language()) if on else "",
        next_url=f"{outside}{on.prefix}{home}" if on else "",
    )  # fmt: skip


def _counts(site: Services) -> tuple[Totals, list[tuple[str, str, int]]]:
    try:
        return totals(site.db(), site.slug), state_rows(site)
    except NotStoredError:
        return Totals(0, 0), []


def _letters_as_sent(site: Services) -> list[tuple[str, Letter]]:
    """Each letter with its title, as someone without a story would have sent it to the first
    representative who had done nothing on the bill, when the campaign or its Congress ended,
    whichever was first. Empty if no list says who sat then."""
    campaign = site.campaign
    last = campaign.ends - timedelta(seconds=1)
    site = site.at(min(site.standing.ended_at or last, last))
    house = [h for h in site.tables.holders if h.member and h.seat.chamber == "house"]
    if not house:
        return []
    holder = next(
        (h for h in house if h.member and stance_of(campaign, h.member).name == "none"), house[0]
    )
    there = site.tables.delegation(holder.seat.state, holder.seat.district or 0)
    assert there is not None
    return [
        (
            said(template, "title", language()),
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
    """The days left in this Congress, shown next to the button; empty if there are none."""
    campaign = site.campaign
    left = site.days_left()
    if left < 1 or stage_of(campaign, site.writing_day()) in ("expired", "enacted"):
        return ""
    return ngettext("%(num)d day left", "%(num)d days left", left)


@public.get("/about-the-bill")
@access("anyone")
def bill() -> Response:
    """The bill in more detail."""
    public_page()
    return _show("bill", **_bill(services()))


@public.get("/districts")
@access("anyone")
def districts() -> Response:
    """Which district lines apply in each state, since when, and by what source."""
    public_page()
    tables = services().tables
    plans = [
        (state_name(plan.state), plan, _("new lines") if plan.congress == tables.last_known
         else _("lines as before"))
        for plan in tables.plans.values()
    ]  # fmt: skip
    years = congress_years(tables.last_known)
    return _show(
        "districts", congress=ordinal(tables.last_known, language()),
        ended=date(years[1], 1, 3) if tables.congress > tables.last_known else None,
        plans=plans, as_of=tables.plans_as_of, members_as_of=tables.as_of,
        noon=long_date(date(years[0], 1, 3)),
        in_force=tables.congress >= tables.last_known, awaited=len(tables.awaited()),
    )  # fmt: skip


@public.get("/privacy")
@access("anyone")
def privacy() -> Response:
    """What the site keeps and what it does not."""
    public_page()
    site = services()
    settings = site.settings
    return _show(
        "privacy", street_lookup=settings.street_lookup, confirm_email=site.confirm_email,
        offer=offer(site), mail=mailing(CopyForm(), site), keep_mail_days=settings.keep_mail_days,
        keep_backup_days=settings.keep_backup_days, agent=settings.cwc_agent,
        official=offices_of(settings) is not None,
        texts_until=kept_until(site, settings.keep_letters_days),
    )  # fmt: skip


@public.get("/terms")
@access("anyone")
def terms() -> Response:
    """The terms of use, and who runs the site, if the operator names them."""
    public_page()
    settings = services().settings
    return _show("terms", legal_name=settings.legal_name, postal_address=settings.postal_address)


@public.get("/accessibility")
@access("anyone")
def accessibility() -> Response:
    """How accessible the site is, its known problems, and whom to tell."""
    public_page()
    return _show("accessibility")


def _bill(site: Services) -> dict[str, Any]:
    campaign = site.campaign
    return {
        "is_open": site.standing.state == "open",
        "stage": stage_of(campaign, site.writing_day()),
        "words": page_words(campaign, site.writing_day(), language()),
        "time_words": time_words(site),
        "bill_url": congress_gov(campaign.main_bill),
        "bill_number": campaign.main_bill.number,
        "facts": list({(f.source, f.url): f for f in campaign.facts.values()}.values()),
    }


def time_words(site: Services) -> tuple[str, ...]:
    """How much time is left in this Congress, in words that suit any bill."""
    campaign, left = site.campaign, site.days_left()
    ends, stage = long_date(campaign.ends.date()), stage_of(campaign, site.writing_day())
    if stage == "enacted":
        return (_("It has become law."),)
    if stage == "expired":
        return ()
    time_left = ngettext(
        "This Congress ends at noon on %(ends)s, one day from today. What has not passed by then "
        "expires.",
        "This Congress ends at noon on %(ends)s, %(num)d days from today. What has not passed by "
        "then expires.",
        left, ends=ends,
    )  # fmt: skip
    if not left:
        time_left = _(
            "This Congress ends today at noon, Washington time. What has not passed by then "
            "expires."
        )
    if stage != "last_weeks" or site.standing.state == "ended":
        return (time_left,)
    return time_left, _("A vote is unlikely now. A letter still counts: each name is a head start "
                        "for the next try.")  # fmt: skip


# --- well-known addresses ---


@well_known.get("/favicon.ico")
@access("anyone")
def favicon() -> Response:
    shared(DAY_SECONDS)
    return send_from_directory(STATIC, "favicon.ico", mimetype="image/x-icon")


@well_known.get("/robots.txt")
@access("anyone")
def robots() -> Response:
    """Allow everything: pages carry their own noindex, which a barred robot would never see."""
    shared(DAY_SECONDS)
    site = services().settings.site_url
    lines = ["User-agent: *", "Allow: /"]
    if site:
        lines.append(f"Sitemap: {absolute_link(site, url_for('well_known.sitemap'))}")
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


@well_known.get("/sitemap.xml")
@access("anyone")
def sitemap() -> Response:
    site = services().settings.site_url or abort(404)
    shared(DAY_SECONDS)
    return Response(_sitemap(site), mimetype="application/xml")


def _sitemap(site: str) -> str:
    """The indexed pages, each with its address in every language. A sitemap needs absolute URLs."""
    entries = []
    shown = [one for one in services().campaigns if one.state != "preparing"]
    for one, endpoint in product(shown, INDEXED):
        paths = {
            lang: url_for(f"es_{endpoint}" if lang == "es" else endpoint).removeprefix(
                request.script_root
            )
            for lang in LANGUAGES
        }
        addresses = {
            lang: escape(absolute_link(site, one.prefix + path)) for lang, path in paths.items()
        }
        links = "".join(
            f'<xhtml:link rel="alternate" hreflang="{lang}" href="{address}"/>'
            for lang, address in addresses.items()
        )
        entries += [f"<url><loc>{address}</loc>{links}</url>" for address in addresses.values()]
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:xhtml="http://www.w3.org/1999/xhtml">' + "".join(entries) + "</urlset>\n"
    )


@well_known.get("/healthz")
@access("anyone")
def alive() -> Response:
    """Liveness, for a monitor.

    The doctor, which proves itself by a word from the instance folder, learns which forwarded
    addresses of its own making arrived, and how many proxies this process trusts.
    """
    settings, word = services().settings, queried().get("asked", "")
    if word and is_question(settings.instance, word):
        return jsonify(
            forwarded=request.headers.get("X-Forwarded-For", ""), trusted=settings.trusted_proxies
        )
    return Response("alive\n", mimetype="text/plain")


@well_known.get("/readyz")
@access("anyone")
def ready() -> Response:
    """Readiness to take a signature, for a monitor; 503 and the reason if it is not ready."""
    reason = unready(services().settings)
    if reason:
        return Response(f"not ready: {reason}\n", 503, mimetype="text/plain")
    return Response("ready\n", mimetype="text/plain")


@well_known.get("/.well-known/security.txt")
@access("anyone")
def security() -> Response:
    """Where to report a vulnerability (RFC 9116), if the operator has given a contact."""
    site = services()
    contact = contact_url(site.settings.contact) or abort(404)
    shared(DAY_SECONDS)
    until = (site.now() + timedelta(days=180)).strftime("%Y-%m-%dT00:00:00Z")
    lines = [f"Contact: {contact}", f"Expires: {until}", "Preferred-Languages: en, es"]
    if site.settings.site_url:
        path = url_for("well_known.security")
        lines.append(f"Canonical: {absolute_link(site.settings.site_url, path)}")
    return Response("\n".join(lines) + "\n", mimetype="text/plain")
