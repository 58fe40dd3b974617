"""The site's campaigns: listing, opening and ending them, choosing the one on the start page, and
beginning the next from a bill's official record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import abort, redirect, request
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from werkzeug.wrappers import Response
from wtforms import BooleanField, SelectMultipleField

from app.campaign.backing_lists import read_list, write_list
from app.campaign.entities import Campaign
from app.campaign.letter_file import read_template
from app.campaign.new_campaign import (
    LETTERS,
    AskKind,
    NewCampaign,
    initial_files,
    letters_for,
    library,
)
from app.campaign.problems import CampaignError
from app.campaign.stance import Backing
from app.campaign.supporter_files import MOST_BYTES, Unusable, read_bill_status
from app.campaign.words import KINDS, bill_key, bill_noun, ordinal, printed_bill, said
from app.records.counts import totals
from app.records.site_campaigns import SLUG, SiteCampaign, begin, move, put_on_start_page
from app.site.i18n import gettext as _
from app.site.i18n import language, ngettext, page_url
from app.site.live_supporters import live_lists
from app.site.services import Services, services
from app.text import clean_line, read_day
from app.web.access import access
from app.web.forms import SiteForm, entries, entry, sent, uploaded
from app.web.organizer.campaign_check import check_files, read
from app.web.organizer.gate import acting
from app.web.organizer.show import area, known, page
from app.web.problem_words import problem_words

campaigns = area("organizer_campaigns", "/campaigns")


def title_of(site: Services, slug: str) -> str:
    """A campaign's title; its slug if its texts cannot be read."""
    try:
        found: Campaign = site.lives.of(slug).now(site.db())
    except CampaignError:
        return slug
    return said(found, "title", language())


@campaigns.get("/")
@access("editor")
def index(problem: str = "", status: int = 200) -> Response:
    """Every campaign of the site, the one on the start page first."""
    site = services()
    first = next(one for one in site.campaigns if one.starts)
    moves_to = _url_in(replace(first, starts=False), "public.home")
    return page("campaigns/index", status, problem=problem, here=site.slug, moves_to=moves_to,
                lines=[
        {
            "standing": one, "title": title_of(site, one.slug),
            "counted": totals(site.db(), one.slug), "home": _url_in(one, "public.home"),
            "office": _url_in(one, "organizer.index"),
        }
        for one in site.campaigns
    ])  # fmt: skip


def _url_in(one: SiteCampaign, endpoint: str, **values: str) -> str:
    """The URL of a page in another campaign."""
    outside = request.script_root.removesuffix(services().standing.prefix)
    return outside + one.prefix + page_url(endpoint, **values).removeprefix(request.script_root)


@campaigns.post("/open")
@access("admin")
def open_() -> Response:
    """Open this address's campaign to everyone, if its check finds nothing that must be fixed."""
    site = services()
    if must := check_files(site, site.live.files(site.db()).files).must:
        words = ngettext(
            "The check found one thing to fix before anyone can sign. It is below the text of its "
            "letter or of the campaign.",
            "The check found %(num)d things to fix before anyone can sign. They are below the "
            "text of each letter and of the campaign.",
            len(must),
        )
        return index(words, 422)
    return _redirect_to_list(move(acting(), site.slug, "open", first=site.settings.campaign))


@campaigns.post("/end")
@access("admin")
def end() -> Response:
    """End this address's campaign: it becomes an archive and takes no signatures."""
    site = services()
    return _redirect_to_list(move(acting(), site.slug, "ended", first=site.settings.campaign))


@campaigns.post("/start-page")
@access("admin")
def start_page() -> Response:
    """Put this address's campaign on the start page."""
    site = services()
    return _redirect_to_list(put_on_start_page(acting(), site.slug, first=site.settings.campaign))


def _redirect_to_list(done: SiteCampaign | None) -> Response:
    return redirect(_url_in(known(done), "organizer_campaigns.index", done="changed"), 303)


# --- beginning the next one -----------------------------------------------------------------

ASK_CHOICES: dict[AskKind, LazyString] = {
    "thank": _l("Thank who backs it, and who backed an earlier version"),
    "cosponsor": _l("Ask the others of its chamber to cosponsor it"),
    "companion": _l("Ask the other chamber for a companion"),
    "oversight": _l("Ask its committee for a hearing"),
    "oppose": _l("Ask everyone not to back it"),
}
_YEAR = re.compile(r" of (19|20)\d\d$")


class BillForm(SiteForm):
    """Which bill the next campaign is about."""

    number, congress = entries(2, clean_line)


class BeginForm(SiteForm):
    """The rest of what a new campaign needs. Hidden fields carry what the official file said:
    ``bill`` (``hr4393-120``), ``as_of``, ``committee`` (``HSJU Judiciary Committee``), ``topic``,
    and ``people``, the sponsor and cosponsors in the format of a campaign's list."""

    title, name, name_es, does, does_es = entries(5, clean_line)
    slug, introduced, bill, as_of, committee, topic = entries(6, clean_line)
    people = entry()
    follows = BooleanField()
    asks = SelectMultipleField(choices=list(ASK_CHOICES))
    letters = SelectMultipleField(choices=list(LETTERS))


@campaigns.get("/new")
@access("editor")
def new(problem: str = "", field: str = "number", status: int = 200) -> Response:
    """Ask for the bill: its number, its official file, or both."""
    form = sent(BillForm)
    return page(
        "campaigns/bill", status, problem=problem, field=field, number=form.number.data,
        congress=form.congress.data or services().tables.congress, most=MOST_BYTES // 1_000_000,
    )  # fmt: skip


@campaigns.post("/new")
@access("editor")
def new_post() -> Response:
    """Read the number and the file, and ask for what they do not say."""
    form, (_name, data) = sent(BillForm), uploaded(MOST_BYTES + 1)
    key, typed = bill_key(form.number.data), form.congress.data
    ordinal_typed = re.fullmatch(r"([0-9]{1,3})(st|nd|rd|th)?", typed)
    congress = int(ordinal_typed[1]) if ordinal_typed else 0
    if form.number.data and key is None:
        words = _("Enter the number of a bill or resolution, like H.R. 1234 or S.Res. 56.")
        return new(words, status=422)
    if not data.strip():
        if key is None:
            return new(_("Enter its number, or choose its official file."), status=422)
        if not 119 <= congress <= 200:
            words = _("Enter the number of its Congress, 119 or later.")
            return new(words, "congress", 422)
        kind, number = key
        return _ask_rest(BeginForm(data={"bill": f"{kind}{number}-{congress}",
                                         **_defaults(services(), "", congress)}))  # fmt: skip
    found = read_bill_status(data)
    if isinstance(found, Unusable):
        return new(problem_words(found.what), "file", 422)
    if key is not None and key != (found.kind, found.number):
        words = _("The file is about %(bill)s. Remove the number, or choose the other file.",
                  bill=found.printed)  # fmt: skip
        return new(words, "file", 422)
    title = _YEAR.sub("", found.title)
    return _ask_rest(BeginForm(data={
        "bill": f"{found.kind}{found.number}-{found.congress}",
        "introduced": found.introduced.isoformat() if found.introduced else "",
        "as_of": found.updated.isoformat() if found.updated else "",
        "committee": " ".join(found.committees[0]) if found.committees else "",
        "topic": found.topic,
        "people": write_list(found.backings),
        **_defaults(services(), title, found.congress),
    }))  # fmt: skip


def _defaults(site: Services, title: str, congress: int) -> dict[str, Any]:
    """The form's initial values for the fields that organizers may change."""
    words = re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-")[:50].strip("-")
    before = {_YEAR.sub("", bill.title).casefold() for bill in site.campaign.bills.values()}
    return {
        "title": title, "slug": f"{words}-{congress}" if words else "",
        "follows": title.casefold() in before and congress > site.campaign.congress,
        "asks": ["thank", "cosponsor", "companion"], "letters": list(LETTERS),
    }  # fmt: skip


def _ask_rest(form: BeginForm, faults: dict[str, str] | None = None, status: int = 200) -> Response:
    site, people = services(), read_list("list", form.people.data, ())[0]
    kind, number, congress = _bill_of(form)
    printed = printed_bill(kind, number)
    words = library(printed)
    return page(
        "campaigns/begin", status, form=form, errors=list((faults or {}).items()),
        faults=faults or {},
        bill=printed,
        congress=ordinal(congress, language()),
        choices=ASK_CHOICES,
        letters=[(one, _letter_title(one, words)) for one in letters_for(kind)],
        noun=bill_noun(printed),
        sponsor=_sponsor(site, people), cosponsors=sum(b.role == "cosponsor" for b in people),
        before=_("%(title)s (%(bill)s, %(congress)s Congress)", title=site.campaign.title,
                 bill=site.campaign.main_bill.number or _("number not known"),
                 congress=ordinal(site.campaign.congress, language())),
    )  # fmt: skip


def _letter_title(letter: str, words: Mapping[str, str]) -> str:
    found = read_template(f"{letter}.txt", words[f"{letter}.txt"], facts=("does",))
    assert not isinstance(found, tuple)
    title, about = (
        (found.title_es, found.about_es) if language() == "es" else (found.title, found.about)
    )
    return f"{title}: {about}"


def _bill_of(form: BeginForm) -> tuple[str, int, int]:
    """Kind, number and Congress of the bill; aborts with 404 if the hidden field was altered."""
    match = re.fullmatch(rf"({'|'.join(KINDS)})(\d{{1,5}})-(\d{{3}})", form.bill.data)
    if match is None:
        abort(404)
    return match[1], int(match[2]), int(match[3])


def _sponsor(site: Services, people: Sequence[Backing]) -> str:
    """The sponsor's name, with the title if they are in the list of members; may be empty."""
    one = next((b for b in people if b.role == "sponsor"), None)
    person = site.tables.people.get(one.bioguide) if one else None
    if one is None or person is None:
        return one.name if one else ""
    return f"{person.holder.seat.title} {person.member.full_name}"


@campaigns.post("/begin")
@access("editor")
def begin_post() -> Response:
    """Create the campaign, visible only to organizers at first, and redirect to it."""
    site, form = services(), sent(BeginForm)
    if faults := _faults_in(form):
        return _ask_rest(form, faults, 422)
    files = _files(form, site)
    if isinstance(files, str):
        return _ask_rest(form, {"title": files}, 422)
    done = begin(acting(), form.slug.data, files, first=site.settings.campaign)
    if not done:
        words = _("The site has a campaign of this name already. Choose another one.")
        return _ask_rest(form, {"slug": words}, 409)
    new = SiteCampaign(form.slug.data, "preparing")
    return redirect(_url_in(new, "organizer_campaigns.index", done="begun"), 303)


def _files(form: BeginForm, site: Services) -> dict[str, str] | str:
    """The new campaign's files, or a sentence that says why they cannot be made."""
    kind, number, congress = _bill_of(form)
    people = read_list("list", form.people.data, ())[0]
    code, _space, committee = form.committee.data.partition(" ")
    last = site.campaign.ends - timedelta(seconds=1)
    new = NewCampaign(
        kind=kind, number=number, congress=congress, title=form.title.data,
        does=form.does.data.rstrip(" ."),  # it is printed inside sentences
        as_of=read_day(form.as_of.data) or site.today(), asks=tuple(form.asks.data),
        letters=tuple(form.letters.data), name=form.name.data, name_es=form.name_es.data,
        does_es=form.does_es.data.rstrip(" ."), introduced=read_day(form.introduced.data),
        sponsor=_sponsor(site, people), committee=(code, committee), backings=people,
        topic=form.topic.data,
        before=site.campaign if form.follows.data else None,
        before_backings=live_lists(site).backings,
        before_chambers={
            who: person.holder.seat.chamber
            for who, person in site.at(min(site.now(), last)).tables.people.items()
        },
    )  # fmt: skip
    try:
        files = initial_files(new)
    except ValueError:
        return _("One of these is too long or has something letters cannot print. Make it plainer.")
    faults = read(form.slug.data, files).problems
    return problem_words(faults[0].what) if faults else files


def _faults_in(form: BeginForm) -> dict[str, str]:
    faults = {}
    if not form.title.data or len(form.title.data) > 120:
        faults["title"] = _("Enter its title, in at most 120 characters.")
    if not form.does.data or re.search(r"[{}]", form.does.data):
        faults["does"] = _("Say what it would do, in plain words.")
    if not SLUG.fullmatch(form.slug.data):
        faults["slug"] = _("Use lowercase letters, digits and hyphens, like safe-streets-120.")
    if form.introduced.data and read_day(form.introduced.data) is None:
        faults["introduced"] = _("Enter the day it was introduced, like 2027-02-11.")
    if "oppose" in form.asks.data and {"cosponsor", "companion"} & set(form.asks.data):
        faults["asks"] = _("Ask members to back it or not to back it, not both.")
    if not form.letters.data:
        faults["letters"] = _("Choose at least one letter.")
    return faults
