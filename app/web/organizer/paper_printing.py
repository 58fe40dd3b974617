"""The page about paper, links with a source tag, and what is printed with a QR code of one."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response

from app.campaign.words import Language, said
from app.delivery.wordings import absolute_link
from app.documents.printables import blank_letters_pdf, may_be_signed, poster_pdf, signup_pdf
from app.records.counts import count
from app.records.paper import list_imports
from app.records.signing import source_tag
from app.site.i18n import gettext as _
from app.site.i18n import page_url
from app.site.paper_links import find_district, link_for
from app.site.services import services
from app.web.access import access
from app.web.forms import queried
from app.web.organizer.counts_read import letter_name
from app.web.organizer.gate import current
from app.web.organizer.show import area, download, page, qr_picture, visible

paper = area("organizer_paper")

DEFAULT_TAGS = {"poster": "poster", "signup": "table", "blank": "blank-letter"}


@paper.get("/paper/")
@access("organizer")
def index(problem: str = "", field: str = "", status: int = 200, done: str = "") -> Response:
    """Everything about paper at a glance, with the forms for printing."""
    site = services()
    editor = current().organizer.may("editor")
    return page(
        "paper/index", status, problem=problem, field=field, done=done,
        has_address=bool(site.settings.site_url),
        to_sign=may_be_signed(site.campaign, site.now()),
        typed={name: visible(queried().get(name, ""))[:60] for name in ("source", "district")},
        asked=request.view_args.get("kind", "") if request.view_args else "",
        wanted=_print_language(),
        imports=list_imports(site.db(), site.slug) if editor else (),
    )  # fmt: skip


def _print_language() -> Language:
    given = queried().get("language", "")
    return "es" if given == "es" or (given != "en" and request.path.startswith("/es/")) else "en"


@paper.get("/links")
@access("organizer")
def links() -> Response:
    """A link with a source and a letter, as text, QR code and poster; and the counter's embed
    code."""
    site, lang = services(), _print_language()
    tag, letter = queried().get("source", ""), queried().get("letter", "")
    problem = bad_tag_words(tag)
    titles = {
        slug: letter_name(slug, site) for slug, size in site.campaign.templates if size == "full"
    }
    wanted = {"source": source_tag(tag), "letter": letter if letter in titles else ""}
    chosen = {name: value for name, value in wanted.items() if value}
    link = absolute_link(site.settings.address, page_url("public.home", lang, **chosen))
    counter = absolute_link(site.settings.address, page_url("counter_pages.counter", lang))
    by_source = count(site.db(), site.slug, "source")
    title = said(site.campaign, "title", lang)
    return page(
        "paper/links", 422 if problem else 200, problem=problem, field="source", link=link,
        typed=visible(tag)[:60], letter=wanted["letter"], titles=titles, wanted=lang, chosen=chosen,
        code=qr_picture(link, _("QR code of the link")), has_address=bool(site.settings.site_url),
        embed=EMBED.format(address=counter, title=title.replace('"', ""),
                           height=HEIGHT_WITH_GOAL if site.campaign.goal_public else HEIGHT),
        sources=sorted(by_source, key=lambda row: -row.signatures)[:8],
    )  # fmt: skip


EMBED = (
    '<iframe src="{address}" title="{title}" width="100%" height="{height}"'
    ' style="border:0;max-width:30rem" loading="lazy"></iframe>'
)
HEIGHT, HEIGHT_WITH_GOAL = 255, 290
"""In pixels. Measured: nothing is cut off in a 300-pixel column, in either language, with eight
digits."""


@paper.get("/paper/<any(poster, signup, blank):kind>.pdf")
@access("organizer")
def printed(kind: str) -> Response:
    """The requested PDF, or the page that says what is missing."""
    site, lang = services(), _print_language()
    tag = queried().get("source", "")
    link = link_for(site.settings.site_url, tag, lang, DEFAULT_TAGS[kind], site.standing.prefix)
    if link is None or site.standing.state == "ended":
        return index(status=409)  # the page then says why and shows no forms
    if kind == "signup" and not may_be_signed(site.campaign, site.now()):
        return index(status=409)  # likewise
    if bad := bad_tag_words(tag):
        return index(bad, f"source-{kind}", 422)
    title, group = said(site.campaign, "title", lang), site.settings.group_name
    if kind == "poster":
        pdf = poster_pdf(title=title, group=group, link=link, language=lang)
    elif kind == "signup":
        pdf = signup_pdf(site.campaign, group=group, link=link, when=site.now(), language=lang)
    else:
        delegation = find_district(site.tables, queried().get("district", ""))
        template = site.campaign.template("general") or next(iter(site.campaign.templates.values()))
        if delegation is None:
            return index(_("Enter a district like IL-5, or a state with one, like VT."),
                          "district", 422)  # fmt: skip
        if not delegation.recipients:
            return index(_("Our list of members has no one for this district now, so there is no "
                           "letter to print."), "district", 422)  # fmt: skip
        pdf = blank_letters_pdf(site.campaign, template, delegation, today=site.today(), link=link,
                                language=lang)  # fmt: skip
    return download(pdf, "application/pdf", f"{kind}-{lang}.pdf", "inline")


def bad_tag_words(tag: str) -> str:
    """What is wrong with a typed source tag; empty if it is fine."""
    if not tag.strip() or source_tag(tag):
        return ""
    return _("A source tag has up to 32 lowercase letters, digits, dots and hyphens, no spaces.")
