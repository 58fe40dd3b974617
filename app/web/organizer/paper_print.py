"""What the group prints itself: posters, sign-up sheets, blank letters."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response

from app.campaign.words import Language
from app.documents.printables import blank_letters_pdf, poster_pdf, signup_pdf
from app.records import source_tag
from app.site.i18n import gettext as _
from app.site.paper_links import find_district, link_for, title_in
from app.site.services import services
from app.web.organizer.show import page, visible

USUAL = {"poster": "poster", "signup": "table", "blank": "blank-letter"}


def show_index(problem: str = "", field: str = "", status: int = 200) -> Response:
    """Everything about paper at a glance, with the forms of what can be printed."""
    return page(
        "paper/index", status, problem=problem, field=field,
        has_address=bool(services().settings.site_url),
        typed={name: visible(request.args.get(name, ""))[:60] for name in ("source", "district")},
        asked=request.view_args.get("kind", "") if request.view_args else "",
        wanted=_language(),
    )  # fmt: skip


def _language() -> Language:
    given = request.args.get("language", "")
    return "es" if given == "es" or (given != "en" and request.path.startswith("/es/")) else "en"


def printed(kind: str) -> Response:
    """The PDF that was asked for, or the page that says what is missing."""
    site, lang = services(), _language()
    tag = request.args.get("source", "")
    if tag.strip() and not source_tag(tag):
        words = _("A source tag has up to 32 small letters, digits, dots and hyphens, no spaces.")
        return show_index(words, f"source-{kind}", 422)
    link = link_for(site.settings.site_url, tag, lang, USUAL[kind])
    if link is None:
        return show_index(_no_address(), "", 409)
    title, group = title_in(site.campaign, lang), site.settings.group_name
    if kind == "poster":
        pdf = poster_pdf(title=title, group=group, address=link.address, shown=link.shown,
                         language=lang)  # fmt: skip
    elif kind == "signup":
        pdf = signup_pdf(title=title, group=group, link=link, language=lang)
    else:
        delegation = find_district(site.tables, request.args.get("district", ""))
        template = site.campaign.template("general") or next(iter(site.campaign.templates.values()))
        if delegation is None:
            return show_index(_("Enter a district like IL-5, or a state with one, like VT."),
                              "district", 422)  # fmt: skip
        pdf = blank_letters_pdf(site.campaign, template, delegation, today=site.today(), link=link,
                                language=lang)  # fmt: skip
    response = Response(pdf, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{kind}-{lang}.pdf"'
    return response


def _no_address() -> str:
    return _(
        "This site has no public address yet, so a code could lead nowhere. The person who runs "
        "it sets site_url."
    )
