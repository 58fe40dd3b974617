"""Sharing the site: plain links that any phone understands, each with its own source tag.

Nothing is loaded from any other site; a link acts only when it is pressed. Neither the text nor
the link contains anything about the person who shares it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from app.campaign.page_words import page_words
from app.campaign.words import Language
from app.congress.places import Zip, parse_zip
from app.delivery.wordings import absolute_link
from app.records.signing import source_tag
from app.site.i18n import gettext as _
from app.site.i18n import language, page_url
from app.site.services import Services


@dataclass(frozen=True, slots=True)
class Sharing:
    """The text to copy, and the links as label and URL. A link to another site opens a new tab."""

    text: str
    links: tuple[tuple[str, str], ...]


def sharing(site: Services) -> Sharing:
    """What the receipt offers, in the language of the page."""
    spoken: Language = language()
    words = page_words(site.campaign, site.writing_day(), spoken).share
    subject = _("Write to Congress with me")

    def text(tag: str) -> str:
        return quote(f"{words} {site_link(tag, site)}", safe="")

    links = (
        (_("Email"), f"mailto:?subject={quote(subject, safe='')}&body={text('share-email')}"),
        # Android and iOS both accept a question mark followed by an ampersand.
        (_("Text message"), f"sms:?&body={text('share-sms')}"),
        ("WhatsApp", f"https://wa.me/?text={text('share-whatsapp')}"),
        ("Bluesky", f"https://bsky.app/intent/compose?text={text('share-bluesky')}"),
    )
    return Sharing(f"{words} {site_link('share-copy', site)}", links)


@dataclass(frozen=True, slots=True)
class Prefilled:
    """What a link may prefill. Each is empty unless it is valid on this site."""

    zip: str
    letter: str
    source: str


def prefilled(args: Mapping[str, str], site: Services) -> Prefilled:
    """ZIP, letter and source tag of the link that was followed; anything else is ignored.

    Five digits of a ZIP identify no one; the last four of a ZIP+4 can, and are dropped.
    """
    zip_code = parse_zip(args.get("zip", "")[:20])
    letter = args.get("letter", "")
    return Prefilled(
        zip=zip_code.five if isinstance(zip_code, Zip) else "",
        letter=letter if (letter, "full") in site.campaign.templates else "",
        source=source_tag(args.get("source") or args.get("utm_source", "")),
    )


def site_link(tag: str, site: Services) -> str:
    """The start page's absolute URL with a source tag, in the language of the page."""
    return absolute_link(site.settings.address, page_url("public.home", source=tag))


def receipt_link(token: str, site: Services) -> str:
    """The receipt's absolute URL, in the language of the page."""
    return absolute_link(site.settings.address, page_url("resident.receipt", token=token))
