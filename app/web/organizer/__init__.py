"""The organizers' pages, under ``/organize`` and ``/es/organize``.

Each view declares who may use it, as in ``@access("editor")``; ``gate`` enforces this before the
view runs. Every form includes ``{{ token() }}`` (``organizer/_parts.html``).
"""

from __future__ import annotations

from flask import Flask

from app.web.organizer import (  # these modules only add routes to another module's blueprint
    accounts,  # noqa: F401
    counts_export,  # noqa: F401
    counts_pages,  # noqa: F401
    letters_edit,  # noqa: F401
    letters_preview,  # noqa: F401
    overview,  # noqa: F401
    paper_entry,  # noqa: F401
    translation_pages,  # noqa: F401
)
from app.web.organizer.campaign import campaign
from app.web.organizer.campaign_list import campaigns
from app.web.organizer.cosponsors import allow_large_lists, cosponsors
from app.web.organizer.counts_read import counts_area
from app.web.organizer.day_sheets import offices
from app.web.organizer.gate import organizer, set_up_gate
from app.web.organizer.held import held
from app.web.organizer.letters_shelf import letters
from app.web.organizer.letters_words import set_up_words
from app.web.organizer.paper_printing import paper
from app.web.organizer.sealed_pages import keys, packets
from app.web.organizer.trail import actor_name, event_name, facts

AREAS = (
    organizer, campaign, campaigns, cosponsors, letters, counts_area, held, paper, packets,
    keys, offices,
)  # fmt: skip


def set_up_organizers(app: Flask) -> None:
    """Add the organizers' pages to a site, and the gate that guards every page."""
    app.before_request(allow_large_lists)
    set_up_gate(app)
    for blueprint in AREAS:
        app.register_blueprint(blueprint)
        app.register_blueprint(
            blueprint, url_prefix=f"/es{blueprint.url_prefix}", name=f"es_{blueprint.name}"
        )
    set_up_words(app)
    app.jinja_env.filters.update(actor_name=actor_name, event_name=event_name, facts=facts)
