"""The web site: pages in English and Spanish, as thin views over the packages below."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from jinja2 import FileSystemBytecodeCache, StrictUndefined
from jinja2.bccache import Bucket
from werkzeug.middleware.proxy_fix import ProxyFix

from app.records.identity import require_files
from app.site.i18n import set_up_languages
from app.site.services import EXTENSION, Services, open_services
from app.site.settings import KEY_FILES, ROOT, Settings, SettingsError, load_settings
from app.web.access import access_rules
from app.web.addresses import mount, set_up_addresses
from app.web.error_pages import set_up_errors
from app.web.headers import set_up_headers
from app.web.limits import set_up_limits
from app.web.organizer import set_up_organizers
from app.web.organizer.gate import set_login_config
from app.web.pages import set_up_pages
from app.web.practice import banner
from app.web.public import counter_pages, public, verify_pages, well_known
from app.web.requests import SiteFlask, set_up_requests
from app.web.resident import resident

LARGEST_FORM = 512 * 1024
"""The largest form accepted, in bytes. A story of 10,000 Chinese characters takes 90 KB in a form,
and each of three letters edited by hand contains it again."""

__all__ = ["Services", "create_app"]


def create_app(settings: Settings | None = None, **overrides: Any) -> Flask:
    """The Flask application, ready to serve.

    ``settings`` are read from ``instance/settings.toml`` and the environment unless given.
    ``overrides`` are passed to ``Services``; a test passes ``clock``, which returns an aware time
    in UTC. Raises ``SettingsError`` or ``CampaignError`` with a sentence for the operator, and
    ``AccessRuleMissingError`` if a view has no access rule.
    """
    app = unopened_site()
    open_site(app, settings or load_settings(), **overrides)
    return app


def unopened_site() -> Flask:
    """The application with all its pages but no site yet; ``open_site`` attaches one."""
    app = SiteFlask(__name__, template_folder=str(ROOT / "templates"))
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_FORM, MAX_FORM_MEMORY_SIZE=LARGEST_FORM, MAX_FORM_PARTS=200
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.bytecode_cache = template_cache(
        Path(__file__).parent / "__pycache__" / "templates"
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    logging.getLogger("dear_congress").setLevel(logging.INFO)
    set_up_requests(app)
    set_up_headers(app)
    set_up_languages(app)
    set_up_pages(app)
    set_up_errors(app)
    for blueprint in (public, counter_pages, verify_pages, resident):
        app.register_blueprint(blueprint)
        app.register_blueprint(blueprint, name=f"es_{blueprint.name}", url_prefix="/es")
    app.register_blueprint(well_known)
    app.context_processor(lambda: {"test_banner": banner()})
    set_up_organizers(app)
    set_up_addresses(app)
    access_rules(app)
    return app


class _TemplateCache(FileSystemBytecodeCache):
    """A cache that cannot fail a page when its disk is full."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)


def template_cache(folder: Path) -> FileSystemBytecodeCache | None:
    """A cache of compiled templates in a folder, so that a restart recompiles none. None if
    Python may not write bytecode or the folder cannot be made. Jinja detects a changed template
    by a checksum of its source."""
    if sys.dont_write_bytecode:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return _TemplateCache(str(folder))


def open_site(app: Flask, settings: Settings, **overrides: Any) -> None:
    """Make an application serve the site of these settings, in place of any earlier one.

    Raises what ``create_app`` raises.
    """
    if not settings.secret_key or not settings.person_key:
        raise SettingsError("The site's secrets are empty; load_settings makes them.")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        TRUSTED_HOSTS=[urlsplit(settings.site_url).hostname] if settings.site_url else None,
    )
    key_files = (settings.instance / name for name in KEY_FILES)
    require_files(settings.database, tuple(path for path in key_files if path.exists()))
    site = app.extensions[EXTENSION] = open_services(settings, **overrides)
    set_up_limits(app, settings)
    set_login_config(app, settings.secret_key)
    n = settings.trusted_proxies
    # Wrap the class's own method: the instance may already have the wrapper of an earlier site.
    wsgi = mount(app.__class__.wsgi_app.__get__(app), site)
    app.wsgi_app = ProxyFix(wsgi, x_for=n, x_proto=n, x_host=n) if n else wsgi  # type: ignore
