"""A page as a value: its template, status and context. Views only render it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import Flask, render_template, request, url_for
from werkzeug.wrappers import Response

from app import __version__
from app.congress.model import TablesError
from app.delivery.wordings import absolute_link
from app.site.assets import asset, card_name
from app.site.i18n import LANGUAGES, language, other_language, page_url
from app.site.i18n import gettext as _
from app.site.services import Services, services
from app.web.forms import queried


@dataclass(frozen=True, slots=True)
class Page:
    """The result of a request. ``status`` is 4xx if the person must change something."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


def show(page: Page) -> Response:
    """The page rendered in the language of the request."""
    return Response(
        render_template(page.template, **page.context), page.status, mimetype="text/html"
    )


LINKED = ("zip", "letter", "source", "utm_source", "test")
"""Query parameters of a link to this site that a change of language must keep."""


def _elsewhere_url() -> str:
    """This page's address in the other language; for a posted page, the address of its start."""
    endpoint = (request.endpoint or "").removeprefix("es_")
    lang = other_language()
    blueprint, _dot, view = endpoint.partition(".")
    if blueprint in ("", "static", "well_known"):
        return page_url("public.home", lang)
    if blueprint == "resident" and (request.method == "POST" or view == "resume"):
        of_receipt = request.path.partition("/receipt/")[1] and request.view_args
        return page_url("resident.receipt" if of_receipt else "resident.start", lang,
                        **(of_receipt or {}))  # fmt: skip
    linked = {name: queried()[name][:200] for name in LINKED if name in queried()}
    return page_url(f"{blueprint}.{view}", lang, **{**linked, **(request.view_args or {})})


def social(whole: str) -> dict[str, Any]:
    """What other sites and chats show with a link to this page. It contains nothing personal.

    URLs are absolute only if the operator set the site's address (``whole``), because the host in
    a request cannot be trusted. They leave out the query, which may have a source tag.
    """
    endpoint = (request.endpoint or "public.home").removeprefix("es_")

    def address(lang: str) -> str:
        path = url_for(f"es_{endpoint}" if lang == "es" else endpoint, **(request.view_args or {}))
        return absolute_link(whole, path) if whole else path

    return {
        "description": _(
            "Write an honest letter, in your own words, to the people who represent you in "
            "Congress. Five minutes, no account. We keep nothing personal unless you ask."
        ),
        "locale": "es_US" if language() == "es" else "en_US",
        "url": absolute_link(whole, request.script_root + request.path) if whole else "",
        "picture": absolute_link(whole, asset(card_name(language()))) if whole else "",
        "picture_words": _("An envelope, and the words: A letter from you, to the people who "
                           "represent you in Congress."),
        "address": address(language()),
        "languages": {lang: address(lang) for lang in LANGUAGES},
    }  # fmt: skip


def contact_url(contact: str) -> str:
    """A link to the operator's contact; empty if it is neither an email nor a web address."""
    if contact.startswith(("https://", "http://", "mailto:")):
        return contact
    return f"mailto:{contact}" if "@" in contact and " " not in contact else ""


def _date_of_members(site: Services) -> date | None:
    """The date of the list of members; None if it is unreadable, so that the page can say so."""
    try:
        return site.tables.as_of
    except TablesError:
        return None


def _shared_context() -> dict[str, Any]:
    """What every template may use. Jinja is strict here: an undefined name is an error."""
    site = services()
    return {
        "software_version": __version__,
        "group_name": site.settings.group_name,
        "imprint": ", ".join(
            filter(None, (site.settings.legal_name, site.settings.postal_address))
        ),
        "paid_for_by": site.settings.paid_for_by,
        "contact": site.settings.contact,
        "contact_url": contact_url(site.settings.contact),
        "data_date": _date_of_members(site),
        "cosponsor_date": site.campaign.as_of,
        "elsewhere_url": _elsewhere_url(),
        "public_page": False,
        "keep_towns": site.settings.keep_towns,
        "social": lambda: social(site.settings.site_url),
        "errors": (),
        "switch": "",
        "switch_args": {},
        "enter": "",
        "draft_page": "",
    }


def set_up_pages(app: Flask) -> None:
    """Register what every template may use."""
    app.context_processor(_shared_context)
    app.jinja_env.globals["asset"] = asset
