"""The campaigns of the site: which there are, which is on the start page, ending one."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from app.campaign import Campaign, CampaignError
from app.records import Totals, totals
from app.records.campaigns import SiteCampaign, move, put_on_start_page
from app.site.i18n import gettext as _
from app.site.i18n import language, page_url
from app.site.paper_links import title_in
from app.site.services import Services, services
from app.web.access import access
from app.web.organizer.campaign_check import check_files
from app.web.organizer.gate import clock, current
from app.web.organizer.show import page

campaigns = Blueprint("organizer_campaigns", __name__)


@dataclass(frozen=True, slots=True)
class Line:
    """One campaign on the page."""

    standing: SiteCampaign
    title: str
    counted: Totals
    home: str
    """Where residents find it."""
    office: str
    """Its own pages for organizers."""


def lines(site: Services) -> list[Line]:
    """Every campaign of the site, that of the start page first."""
    found = []
    for one in site.campaigns:
        outside = request.script_root.removesuffix(site.standing.prefix)
        found.append(Line(
            one, title_of(site, one.slug), totals(site.db(), one.slug),
            *(f"{outside}{one.prefix}{page_url(endpoint).removeprefix(request.script_root)}"
              for endpoint in ("public.home", "organizer.index")),
        ))  # fmt: skip
    return found


def title_of(site: Services, slug: str) -> str:
    """What a campaign is called; its short name where its texts cannot be read."""
    try:
        found: Campaign = site.lives.of(slug).now(site.db())
    except CampaignError:
        return slug
    return title_in(found, "es" if language() == "es" else "en")


@campaigns.get("/")
@access("editor")
def index() -> Response:
    return _index()


def _index(problem: str = "", status: int = 200) -> Response:
    site = services()
    return page(
        "campaigns/index", status, problem=problem, lines=lines(site), here=site.slug,
        done=request.args.get("done", ""),
    )  # fmt: skip


@campaigns.post("/open")
@access("admin")
def open_() -> Response:
    """Open the campaign of this address to everybody, once its check finds nothing to fix."""
    site = services()
    live = site.live.files(site.db())
    if must := check_files(site, live.files).must:
        words = _(
            "The check found %(number)d things to fix before anybody can sign. They stand below "
            "the words of each letter and of the campaign.", number=len(must),
        )  # fmt: skip
        return _index(words, 422)
    return _moved(move(
        site.db(), site.slug, "open", first=site.settings.campaign, by=current().organizer.name,
        at=clock(),
    ))  # fmt: skip


@campaigns.post("/end")
@access("admin")
def end() -> Response:
    """End the campaign of this address: it becomes an archive and takes no signatures."""
    site = services()
    return _moved(move(
        site.db(), site.slug, "ended", first=site.settings.campaign, by=current().organizer.name,
        at=clock(),
    ))  # fmt: skip


@campaigns.post("/start-page")
@access("admin")
def start_page() -> Response:
    """Put the campaign of this address on the start page."""
    site = services()
    done = put_on_start_page(
        site.db(), site.slug, first=site.settings.campaign, by=current().organizer.name, at=clock()
    )
    return _moved(done)


def _moved(done: SiteCampaign | None) -> Response:
    if done is None:
        return page("no_such", 404)
    outside = request.script_root.removesuffix(services().standing.prefix)
    path = page_url("organizer_campaigns.index", done="changed").removeprefix(request.script_root)
    return redirect(f"{outside}{done.prefix}{path}", 303)
