"""What other sites and chats show with a link to a public page. Nothing in it is anyone's."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request, url_for

from app.delivery.wordings import absolute_link
from app.site.assets import asset, card_name
from app.site.i18n import LANGUAGES, language
from app.site.i18n import gettext as _
from app.site.settings import Settings


@dataclass(frozen=True, slots=True)
class Social:
    """The words of the preview. ``url`` and ``picture`` are whole addresses, or empty."""

    description: str
    locale: str
    url: str
    picture: str
    picture_words: str
    address: str
    """The page's one address, whatever a link to it said besides."""
    languages: dict[str, str]
    """By language: the address of the page in it."""


def social(settings: Settings) -> Social:
    """The preview of the present page.

    A whole address is given only where the operator has set one: what a request says about
    the host is not to be believed. The path goes without its query, which may have a source.
    """
    whole = settings.site_url
    endpoint = (request.endpoint or "public.home").removeprefix("es_")

    def address(lang: str) -> str:
        path = url_for(f"es_{endpoint}" if lang == "es" else endpoint, **(request.view_args or {}))
        return absolute_link(whole, path) if whole else path

    return Social(
        description=_(
            "Write an honest letter, in your own words, to the people who represent you in "
            "Congress. Five minutes, no account, nothing personal kept."
        ),
        locale="es_US" if language() == "es" else "en_US",
        url=absolute_link(whole, request.script_root + request.path) if whole else "",
        picture=absolute_link(whole, asset(card_name(language()))) if whole else "",
        picture_words=_("An envelope, and the words: A letter from you, to the people who "
                        "represent you in Congress."),
        address=address(language()),
        languages={lang: address(lang) for lang in LANGUAGES},
    )  # fmt: skip
