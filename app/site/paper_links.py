"""Links in the codes on posters and sheets, and parsing a district."""

from __future__ import annotations

from urllib.parse import urlsplit

from app.campaign.words import Language
from app.congress.model import Delegation
from app.congress.places import parse_district, read_state
from app.congress.tables import Tables
from app.documents.printables import Link
from app.records.signing import source_tag


def link_for(
    site_url: str, tag: str, language: Language, usual: str, prefix: str = ""
) -> Link | None:
    """The first page with a source tag: ``tag``, or ``usual`` if that is not a valid one.

    ``prefix`` is that of the campaign's addresses (``SiteCampaign.prefix``). None if the site has
    no public address yet.
    """
    if not site_url:
        return None
    base = site_url.rstrip("/") + prefix
    shown = base.removeprefix(f"{urlsplit(base).scheme}://")
    first = f"{base}/es/find" if language == "es" else f"{base}/find"
    return Link(f"{first}?source={source_tag(tag) or usual}", shown)


def find_district(tables: Tables, text: str) -> Delegation | None:
    """The delegation of ``IL-5``, ``VT at large`` or ``VT``; None if there is none."""
    state, number = parse_district(text) or (read_state(text) or "", 0)
    return tables.delegation(state, number)
