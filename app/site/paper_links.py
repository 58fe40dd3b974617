"""What the codes on posters and sheets open, and a district as people write it."""

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
    """The first step with a source tag, ``usual`` where ``tag`` is none.

    ``prefix`` is where the campaign's addresses begin (``SiteCampaign.prefix``). None where the
    site has no address of its own yet.
    """
    if not site_url:
        return None
    base = site_url.rstrip("/") + prefix
    shown = base.removeprefix(f"{urlsplit(base).scheme}://")
    first = f"{base}/es/find" if language == "es" else f"{base}/find"
    return Link(f"{first}?source={source_tag(tag) or usual}", shown)


def find_district(tables: Tables, text: str) -> Delegation | None:
    """The delegation of ``IL-5``, ``VT at large`` or ``VT``; None when there is none."""
    state, number = parse_district(text) or (read_state(text) or "", 0)
    return tables.delegation(state, number)
