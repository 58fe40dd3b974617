"""The site: pages in English and Spanish, thin views over the packages below."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from app.congress import load_tables
from app.settings import ROOT, Settings, SettingsError, load_settings
from app.web.access import access_rules
from app.web.errors import set_up_errors
from app.web.headers import set_up_headers
from app.web.i18n import set_up_languages
from app.web.limits import set_up_limits
from app.web.live import LiveCampaign
from app.web.no_session import NoSession
from app.web.organizer import set_up_organizers
from app.web.pages import set_up_pages
from app.web.proof import check_bits
from app.web.public import counter_pages, public, verify_pages
from app.web.resident import resident
from app.web.services import EXTENSION, Services
from app.web.test_mode import set_up_test_mode

LARGEST_FORM = 512 * 1024
"""Bytes. A story of 10,000 Chinese characters has 90 KB in a form, and each of three letters
that were edited by hand holds it again."""

__all__ = ["Services", "create_app"]


def create_app(settings: Settings | None = None, **overrides: Any) -> Flask:
    """The Flask application, ready to serve.

    ``settings`` are read from ``instance/settings.toml`` and the environment unless given.
    ``overrides`` go to ``Services``; a test passes ``clock`` (a function that gives an aware
    time in UTC). Raises ``SettingsError`` or ``CampaignError`` with words for the operator,
    and ``AccessRuleMissingError`` when a view does not say who may use it.
    """
    settings = settings or load_settings()
    if not settings.secret_key or not settings.person_key:
        raise SettingsError("The site's secrets are empty; load_settings makes them.")
    check_bits(settings)
    app = Flask(__name__, template_folder=str(ROOT / "templates"))
    app.session_interface = NoSession()
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        MAX_FORM_PARTS=200,
        TRUSTED_HOSTS=[urlsplit(settings.site_url).hostname] if settings.site_url else None,
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    logging.getLogger("dear_congress").setLevel(logging.INFO)
    app.extensions[EXTENSION] = Services(
        settings=settings,
        live=LiveCampaign(settings.letters / settings.campaign),
        tables=load_tables(),
        **overrides,
    )
    set_up_limits(app, settings)
    set_up_headers(app)
    set_up_languages(app)
    set_up_pages(app)
    set_up_errors(app)
    for blueprint in (public, counter_pages, verify_pages, resident):
        app.register_blueprint(blueprint)
        app.register_blueprint(blueprint, name=f"es_{blueprint.name}", url_prefix="/es")
    set_up_test_mode(app)
    set_up_organizers(app)
    access_rules(app)
    _add_commands(app)
    if settings.trusted_proxies:
        n = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]
    return app


def _add_commands(app: Flask) -> None:
    """The ``flask`` commands. Imported late: they use this package themselves."""
    from app.cli.card import card_command
    from app.cli.congress import congress_cli
    from app.cli.delivery import (
        deliver_command,
        mail_group,
        note_command,
        worker_command,
        xml_command,
    )
    from app.cli.doctor import doctor_command
    from app.cli.letter_files import export_command, import_command
    from app.cli.letters import letters_cli
    from app.cli.organizers import organizers_cli
    from app.cli.packets import packets_command
    from app.cli.paper_sheets import blank_command, labels_command, poster_command, signup_command
    from app.cli.sealed import keys_group
    from app.cli.signatures import signatures

    letters_cli.add_command(xml_command)
    letters_cli.add_command(deliver_command)
    letters_cli.add_command(note_command)
    letters_cli.add_command(card_command)
    letters_cli.add_command(export_command)
    letters_cli.add_command(import_command)
    letters_cli.add_command(packets_command)
    letters_cli.add_command(labels_command)
    letters_cli.add_command(poster_command)
    letters_cli.add_command(signup_command)
    letters_cli.add_command(blank_command)
    for group in (congress_cli, letters_cli, signatures):
        app.cli.add_command(group)
    app.cli.add_command(organizers_cli)
    app.cli.add_command(keys_group)
    app.cli.add_command(doctor_command)
    app.cli.add_command(mail_group)
    app.cli.add_command(worker_command)
