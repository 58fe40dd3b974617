"""The organizers' pages, under ``/organize`` and ``/es/organize``.

Other organizer pages plug in with their own blueprint: they mark each view with
``@access("editor")`` or another role, put themselves into the menu with ``add_entry``, and
give every form ``{{ form_token() }}`` (macro ``token`` in ``organizer/_parts.html``). What the
rule asks for is enforced before the view runs.
"""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.web.organizer import (
    account,  # noqa: F401 - its pages join the blueprint
    entering,  # noqa: F401 - its pages join the blueprint
)
from app.web.organizer.campaign import campaign
from app.web.organizer.campaign_warnings import stale_facts
from app.web.organizer.campaigns import campaigns
from app.web.organizer.cosponsors import cosponsors, let_large_lists_in
from app.web.organizer.counts_pages import counts_blueprint as counts
from app.web.organizer.gate import current, organizer, set_up_gate
from app.web.organizer.held import held, waiting_notice
from app.web.organizer.key_pages import keys
from app.web.organizer.letters import unreadable_letters
from app.web.organizer.letters_edit import edit  # noqa: F401 - adds its routes
from app.web.organizer.letters_preview import preview  # noqa: F401 - adds its routes
from app.web.organizer.letters_shelf import letters
from app.web.organizer.letters_words import set_up_words
from app.web.organizer.nav import Entry, Notice, add_entry, add_warnings
from app.web.organizer.offices import offices
from app.web.organizer.overview import few_recovery_codes
from app.web.organizer.packet_pages import packets
from app.web.organizer.paper_pages import paper
from app.web.organizer.trail import event_name, facts
from app.web.organizer.translation_pages import translations  # noqa: F401 - adds its routes

__all__ = ["Entry", "Notice", "add_entry", "add_warnings", "current", "set_up_organizers"]


def set_up_organizers(app: Flask) -> None:
    """Add the organizers' pages to a site, and the gate in front of every page."""
    app.before_request(let_large_lists_in)
    set_up_gate(app)
    app.register_blueprint(organizer, url_prefix="/organize")
    app.register_blueprint(organizer, url_prefix="/es/organize", name="es_organizer")
    app.register_blueprint(campaign, url_prefix="/organize")
    app.register_blueprint(campaign, url_prefix="/es/organize", name="es_organizer_campaign")
    app.register_blueprint(campaigns, url_prefix="/organize/campaigns")
    app.register_blueprint(
        campaigns, url_prefix="/es/organize/campaigns", name="es_organizer_campaigns"
    )
    app.register_blueprint(cosponsors, url_prefix="/organize")
    app.register_blueprint(cosponsors, url_prefix="/es/organize", name="es_organizer_cosponsors")
    app.register_blueprint(letters, url_prefix="/organize/letters")
    app.register_blueprint(letters, url_prefix="/es/organize/letters", name="es_organizer_letters")
    app.register_blueprint(counts, url_prefix="/organize/counts")
    app.register_blueprint(counts, url_prefix="/es/organize/counts", name="es_organizer_counts")
    app.register_blueprint(held, url_prefix="/organize/held")
    app.register_blueprint(held, url_prefix="/es/organize/held", name="es_organizer_held")
    app.register_blueprint(paper, url_prefix="/organize")
    app.register_blueprint(paper, url_prefix="/es/organize", name="es_organizer_paper")
    app.register_blueprint(packets, url_prefix="/organize/packets")
    app.register_blueprint(packets, url_prefix="/es/organize/packets", name="es_organizer_packets")
    app.register_blueprint(keys, url_prefix="/organize/keys")
    app.register_blueprint(keys, url_prefix="/es/organize/keys", name="es_organizer_keys")
    app.register_blueprint(offices, url_prefix="/organize/offices")
    app.register_blueprint(offices, url_prefix="/es/organize/offices", name="es_organizer_offices")
    set_up_words(app)
    app.jinja_env.filters.update(event_name=event_name, facts=facts)


add_entry(Entry("organizer_letters.index", _l("Letters"), "editor", 10))
add_entry(Entry("organizer_campaign.index", _l("Campaign"), "editor", 20))
add_entry(Entry("organizer_cosponsors.index", _l("Cosponsors"), "editor", 21))
add_entry(Entry("organizer_campaign.translations", _l("Translation"), "editor", 22))
add_entry(Entry("organizer_campaigns.index", _l("Campaigns"), "editor", 25))
add_entry(Entry("organizer_counts.index", _l("Counts"), "organizer", 30))
add_entry(Entry("organizer_held.index", _l("Held signatures"), "editor", 31))
add_entry(Entry("organizer_paper.index", _l("Paper"), "organizer", 35))
add_entry(Entry("organizer_paper.links", _l("Links"), "organizer", 37))
add_entry(Entry("organizer_packets.contacts", _l("Contacts"), "admin", 36))
add_entry(Entry("organizer_offices.index", _l("Offices"), "organizer", 50))
add_entry(Entry("organizer_packets.index", _l("Packets"), "admin", 51))
add_entry(Entry("organizer.all_people", _l("Organizers"), "admin", 60))
add_entry(Entry("organizer_keys.index", _l("Keys"), "admin", 61))
add_entry(Entry("organizer.audit", _l("Audit trail"), "admin", 62))
add_entry(Entry("organizer_campaign.test", _l("Test journey"), "editor", 63))
add_warnings(few_recovery_codes)
add_warnings(unreadable_letters)
add_warnings(stale_facts)
add_warnings(waiting_notice)
